/* SPDX-License-Identifier: Apache-2.0 */
/* From requests and limits to a cgroup's numbers: sections 10.3 to 10.6. */
#include "runtime/assemble.h"

#include "tests/unit/lifecycle/spec_fixture.h"

#define MI      (UINT64_C(1) << 20)
#define TWO_MI  (2 * MI)
#define ONE_GI  (UINT64_C(1) << 30)
#define MACHINE (INT64_C(8) << 30)

static struct fixture f;

static struct mp_container_spec *begin(void)
{
	mp_arena_done(&f.arena); /* of an earlier test */
	fixture_init(&f);
	return &f.c[0];
}

static void limit(struct mp_resources *r, const char *name, const char *text)
{
	fixture_add_resource(&f, &r->limits, name, text);
	fixture_add_resource(&f, &r->requests, name, text);
	r->is_set = true;
}

static void request(struct mp_resources *r, const char *name, const char *text)
{
	fixture_add_resource(&f, &r->requests, name, text);
	r->is_set = true;
}

TEST(each_page_size_is_limited_to_what_was_asked_for_10_4)
{
	static const uint64_t pages[] = { TWO_MI, ONE_GI };
	struct mp_cgroup_hugetlb got[2];
	struct mp_container_spec *c = begin();

	(void)state;
	assert_false(mp_assemble_wants_hugepages(&f.spec));
	limit(&c->resources, "hugepages-2Mi", "4Mi");
	limit(&fixture_add_main(&f, "other")->resources, "hugepages-2048Ki", "6Mi");
	assert_true(mp_assemble_wants_hugepages(&f.spec));
	mp_assemble_hugetlb(&f.spec, 0, pages, 2, got);
	assert_true(got[0].page_bytes == TWO_MI && got[0].max_bytes == 4 * MI);
	assert_true(got[1].page_bytes == ONE_GI && got[1].max_bytes == 0);
	mp_assemble_hugetlb(&f.spec, -1, pages, 1, got);
	assert_true(got[0].max_bytes >= 4 * MI);
}

TEST(a_containers_swap_is_off_with_and_without_a_memory_limit_10_4)
{
	struct mp_cgroup_limits limits;

	(void)state;
	(void)begin();
	limits = mp_assemble_container_limits(&f.spec, 0);
	assert_true(limits.has_swap_max && limits.swap_max_bytes == 0);
	assert_true(limits.is_oom_group);
	assert_true(limits.memory_max_bytes == 0 && limits.cpu_limit_milli == 0);
	assert_false(limits.has_cpu_request);
}

TEST(a_burstable_pod_is_limited_only_where_all_containers_are_10_5)
{
	struct mp_container_spec *c = begin();
	struct mp_cgroup_limits limits;

	(void)state;
	limit(&c->resources, "cpu", "500m");
	limit(&c->resources, "memory", "64Mi");
	limit(&fixture_add_main(&f, "other")->resources, "memory", "32Mi");
	f.spec.qos = mp_spec_qos(&f.spec);
	assert_int_equal(f.spec.qos, MP_QOS_BURSTABLE);
	limits = mp_assemble_pod_limits(&f.spec);
	assert_true(limits.cpu_limit_milli == 0);
	assert_true(limits.cpu_request_milli == 500);
	assert_true(limits.memory_max_bytes == 96 * MI);
}

TEST(oom_scores_follow_class_request_and_role_10_5)
{
	struct mp_container_spec *c = begin();
	struct mp_container_spec *sidecar;

	(void)state;
	f.spec.qos = MP_QOS_BEST_EFFORT;
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), 1000);
	f.spec.qos = MP_QOS_GUARANTEED;
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), -997);
	f.spec.qos = MP_QOS_BURSTABLE;
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), 999);
	request(&c->resources, "memory", "4Gi");
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), 500);
	sidecar = fixture_add_init(&f, "side", MP_KIND_SIDECAR);
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), 500); /* as the main one */
	request(&sidecar->resources, "memory", "7Gi");
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), 125);
	f.spec.priority_class = "system-node-critical";
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, MACHINE), -997);
	f.spec.priority_class = NULL;
	assert_int_equal(mp_assemble_oom_score_adj(&f.spec, 0, INT64_C(7) << 30), 3);
}

int main(void)
{
	const int r = registry_run("assemble");

	mp_arena_done(&f.arena);
	return r;
}
