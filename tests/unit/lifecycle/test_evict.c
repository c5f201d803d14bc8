/* SPDX-License-Identifier: Apache-2.0 */
/* Storage limits: section 10.8. */
#include "lifecycle/evict.h"

#include "lifecycle/status.h"
#include "tests/unit/lifecycle/spec_fixture.h"

#define MI (INT64_C(1) << 20)

static struct fixture f;
static char message[MP_MESSAGE_MAX];
static int64_t volumes[4], containers[6];

static struct mp_storage_use use(void)
{
	return (struct mp_storage_use){ .volumes = volumes, .containers = containers };
}

static void begin(void)
{
	mp_arena_done(&f.arena); /* of an earlier test */
	fixture_init(&f);
	memset(volumes, 0, sizeof(volumes));
	memset(containers, 0, sizeof(containers));
}

static void add_empty_dir(const char *name, const char *medium, const char *limit)
{
	struct mp_volume *v = &f.v[f.spec.n_volumes++];

	*v = (struct mp_volume){ .name = name, .kind = MP_VOLUME_EMPTY_DIR };
	v->empty_dir.medium = medium;
	if (limit)
		assert_int_equal(mp_quantity_parse(limit, &v->empty_dir.size_limit, NULL), 0);
}

static void add_limit(struct mp_container_spec *c, const char *text)
{
	fixture_add_resource(&f, &c->resources.limits, "ephemeral-storage", text);
}

TEST(a_pod_without_limits_has_nothing_to_measure)
{
	(void)state;
	begin();
	add_empty_dir("v", "", NULL);
	add_empty_dir("zero", "", "0");
	assert_false(mp_evict_has_limits(&f.spec));
	volumes[0] = volumes[1] = INT64_MAX / 4;
	containers[0] = INT64_MAX / 4;

	const struct mp_storage_use u = use();

	assert_false(mp_evict_decide(&f.spec, &u, message));
	assert_string_equal(message, "");
}

TEST(a_volume_may_use_all_of_its_limit_and_no_byte_more)
{
	(void)state;
	begin();
	add_empty_dir("first", "", "1Mi");
	add_empty_dir("second", "Memory", "2Mi");
	assert_true(mp_evict_has_limits(&f.spec));
	volumes[0] = MI;
	volumes[1] = 2 * MI;

	const struct mp_storage_use u = use();

	assert_false(mp_evict_decide(&f.spec, &u, message));
	volumes[1]++;
	assert_true(mp_evict_decide(&f.spec, &u, message));
	assert_string_equal(message,
			    "Usage of EmptyDir volume \"second\" exceeds the limit \"2Mi\". ");
}

TEST(the_pods_sum_has_layers_logs_and_volumes_on_disk)
{
	(void)state;
	begin();
	add_limit(&f.c[0], "10Mi");
	add_empty_dir("disk", "", NULL);
	add_empty_dir("memory", "Memory", NULL);
	assert_true(mp_evict_has_limits(&f.spec));
	containers[0] = 6 * MI;
	volumes[0] = 4 * MI;
	volumes[1] = 100 * MI;

	struct mp_storage_use u = use();

	assert_false(mp_evict_decide(&f.spec, &u, message));
	u.other = 1;
	assert_true(mp_evict_decide(&f.spec, &u, message));
	assert_string_equal(message, "Pod ephemeral local storage usage exceeds the total limit of "
				     "containers 10Mi. ");
}

TEST(one_container_may_not_live_on_anothers_limit)
{
	struct mp_container_spec *second;

	(void)state;
	begin();
	second = fixture_add_main(&f, "second");
	add_limit(&f.c[0], "100Mi");
	add_limit(second, "1Mi");
	containers[1] = 2 * MI;

	const struct mp_storage_use u = use();

	assert_true(mp_evict_decide(&f.spec, &u, message));
	assert_string_equal(message, "Container second exceeded its local ephemeral storage limit "
				     "\"1Mi\". ");
}

TEST(init_containers_have_no_check_of_their_own)
{
	struct mp_container_spec *init;

	(void)state;
	begin();
	add_limit(&f.c[0], "100Mi");
	init = fixture_add_init(&f, "init", MP_KIND_INIT);
	add_limit(init, "1Mi");
	containers[0] = 2 * MI;

	const struct mp_storage_use u = use();

	assert_false(mp_evict_decide(&f.spec, &u, message));
}

int main(void)
{
	const int r = registry_run("evict");

	mp_arena_done(&f.arena);
	return r;
}
