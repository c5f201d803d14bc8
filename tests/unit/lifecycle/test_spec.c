/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups, names of values, the list of problems, the rejection, and running out of memory. */
#include <errno.h>

#include "lifecycle/spec_check.h"
#include "tests/unit/lifecycle/failing_calloc.h"
#include "tests/unit/lifecycle/spec_fixture.h"

TEST(a_container_is_found_by_name)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_add_init(&f, "setup", MP_KIND_INIT);
	assert_int_equal(mp_spec_container(&f.spec, "setup"), 0);
	assert_int_equal(mp_spec_container(&f.spec, "main"), 1);
	assert_int_equal(mp_spec_container(&f.spec, "other"), -ENOENT);
	fixture_done(&f);
}

TEST(a_volume_is_found_by_name)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR);
	fixture_add_volume(&f, "b", MP_VOLUME_EMPTY_DIR);
	assert_int_equal(mp_spec_volume(&f.spec, "b"), 1);
	assert_int_equal(mp_spec_volume(&f.spec, "c"), -ENOENT);
	fixture_done(&f);
}

TEST(values_have_the_apis_names)
{
	(void)state;
	assert_string_equal(mp_restart_policy_text(MP_RESTART_ALWAYS), "Always");
	assert_string_equal(mp_restart_policy_text(MP_RESTART_ON_FAILURE), "OnFailure");
	assert_string_equal(mp_restart_policy_text(MP_RESTART_NEVER), "Never");
	assert_string_equal(mp_restart_policy_text(MP_RESTART_UNSET), "");
	assert_string_equal(mp_restart_policy_text(MP_RESTART_INVALID), "");
	assert_string_equal(mp_qos_text(MP_QOS_BEST_EFFORT), "BestEffort");
	assert_string_equal(mp_qos_text(MP_QOS_BURSTABLE), "Burstable");
	assert_string_equal(mp_qos_text(MP_QOS_GUARANTEED), "Guaranteed");
}

TEST(a_containers_own_restart_policy_wins)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.spec.restart = MP_RESTART_NEVER;
	assert_int_equal(mp_container_restart(&f.spec, &f.c[0]), MP_RESTART_NEVER);
	f.c[0].restart = MP_RESTART_ON_FAILURE;
	assert_int_equal(mp_container_restart(&f.spec, &f.c[0]), MP_RESTART_ON_FAILURE);
	fixture_done(&f);
}

/* ---- problems: 11.1 --------------------------------------------------------------------- */

TEST(problems_keep_their_order_and_lose_duplicates_11_1)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	mp_problems_add(&f.out, "b", "no %d", 1);
	mp_problems_add(&f.out, "a", "no %d", 1);
	mp_problems_add(&f.out, "b", "no %d", 1);
	mp_problems_add(&f.out, "b", "no %d", 2);
	assert_int_equal(f.out.n, 3);
	assert_int_equal(f.out.n_reported, 4);
	expect_problems(&f.out, (const char *const[]){ "b: no 1", "a: no 1", "b: no 2", NULL });
	fixture_done(&f);
}

TEST(many_problems_are_kept)
{
	struct fixture f;
	size_t n = 0;

	(void)state;
	fixture_init(&f);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++)
			mp_problems_add(&f.out, "p", "%d", i);
	}
	for (const struct mp_problem *p = f.out.first; p; p = p->next)
		n++;
	assert_int_equal(n, 1000);
	fixture_done(&f);
}

TEST(one_problem_is_rejected_without_brackets_11_1)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	mp_problems_add(&f.out, "spec.containers", "Required value");
	assert_string_equal(mp_spec_format_rejection(&f.spec, &f.out, &f.arena),
			    "Pod \"web\" is invalid: spec.containers: Required value");
	fixture_done(&f);
}

TEST(several_problems_are_rejected_in_brackets_11_1)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.spec.meta.name = "a\"b";
	mp_problems_add(&f.out, "metadata.name", "Invalid value");
	mp_problems_add(&f.out, "", "a problem of the whole");
	mp_problems_add(&f.out, "spec.containers", "Required value");
	assert_string_equal(mp_spec_format_rejection(&f.spec, &f.out, &f.arena),
			    "Pod \"a\\\"b\" is invalid: [metadata.name: Invalid value, a problem "
			    "of the whole, spec.containers: Required value]");
	fixture_done(&f);
}

TEST(a_pod_without_a_name_is_rejected_with_an_empty_one_11_1)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.spec.meta.name = NULL;
	mp_problems_add(&f.out, "x", "y");
	assert_string_equal(mp_spec_format_rejection(&f.spec, &f.out, &f.arena),
			    "Pod \"\" is invalid: x: y");
	fixture_done(&f);
}

TEST(values_in_errors_are_quoted_as_go_does_11_2)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	mp_check_invalid(&f.out, MP_AT(NULL, "x"), "a\"\\\n\t\x01\xff\xc3\xa4", "d");
	mp_check_invalid(&f.out, MP_AT_KEY(MP_AT_INDEX(MP_AT(NULL, "y"), 12), "k"), NULL, "d");
	expect_problems(
		&f.out,
		(const char *const[]){ "x: Invalid value: \"a\\\"\\\\\\n\\t\\x01\\xff\xc3\xa4\": d",
				       "y[12][k]: Invalid value: \"\": d", NULL });
	fixture_done(&f);
}

/* ---- string set -------------------------------------------------------------------------- */

TEST(a_string_set_tells_new_from_known)
{
	struct mp_arena arena = { 0 };
	struct mp_string_set set = { .n = 0 };
	char names[300][8];
	bool is_new;

	(void)state;
	assert_false(mp_string_set_has(&set, "x"));
	for (size_t i = 0; i < 300; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "n%zu", i);
		assert_int_equal(mp_string_set_add(&set, &arena, names[i], &is_new), 0);
		assert_true(is_new);
	}
	for (size_t i = 0; i < 300; i++) {
		assert_true(mp_string_set_has(&set, names[i]));
		assert_int_equal(mp_string_set_add(&set, &arena, names[i], &is_new), 0);
		assert_false(is_new);
	}
	assert_int_equal(set.n, 300);
	assert_false(mp_string_set_has(&set, "n300"));
	assert_false(mp_string_set_has(&set, ""));
	mp_arena_done(&arena);
}

/* ---- out of memory ------------------------------------------------------------------------ */

#define BLOCK ((size_t)16384) /* of an arena: only its next block can fail */

/* A pod with something for every function that allocates. */
static void make_large(struct fixture *f)
{
	static const struct mp_downward_item items[] = {
		{ .path = "p", .field = { true, NULL, "metadata.labels['a b']" } },
		{ .path = "p", .field = { true, NULL, "metadata.annotations['A b']" } },
		{ .path = "..", .field = { true, NULL, "spec.nope" } },
		{ .path = "q", .resource = { .is_set = true, .container = "c", .resource = "x" } },
	};
	struct mp_container_spec *init, *c;
	struct mp_volume *v;

	fixture_init(f);
	f->spec.meta.name = NULL;
	f->spec.meta.generate_name = "Web-";
	f->spec.grace_s = (struct mp_opt_int){ -1, true };
	f->spec.security.seccomp = (struct mp_profile){ true, "x", "y" };
	LIST(&f->spec.security, sysctls, struct mp_key_value, { "a.b", "1" }, { "a.b", "2" });
	STRINGS(f->spec.dns.nameservers, "a", "b", "c", "d");
	STRINGS(f->spec.dns.searches, "B.");
	f->spec.dns.is_set = true;
	fixture_add_resource(f, &f->spec.resources.limits, "cpu", "1");
	f->spec.resources.is_set = true;

	init = fixture_add_init(f, "main", MP_KIND_INIT);
	fixture_add_resource(f, &init->resources.limits, "hugepages-3Mi", "4Mi");
	c = &f->c[1];
	LIST(c, ports, struct mp_port, { .name = "a", .container_port = 1, .host_port = 80 },
	     { .name = "a", .container_port = 0, .host_port = 80 });
	LIST(c, env, struct mp_env_var,
	     { .name = "A", .has_value_from = true, .field = { true, "v2", "x" } },
	     { .name = "A", .value = "x" });
	LIST(c, mounts, struct mp_volume_mount, { .name = "nope", .mount_path = "/a" },
	     { .name = "down", .mount_path = "/a" });
	fixture_add_resource(f, &c->resources.limits, "example.com/x", "1500m");
	fixture_add_resource(f, &c->resources.limits, "cpu", "2");
	fixture_add_resource(f, &c->resources.requests, "memory", "500m");
	c->security = (struct mp_security){ .is_set = true,
					    .privileged = MP_TRUE,
					    .allow_privilege_escalation = MP_FALSE,
					    .has_capabilities = true,
					    .run_as_user = { -1, true } };
	STRINGS(c->security.cap_add, "CAP_SYS_ADMIN");
	c->restart = MP_RESTART_INVALID;
	c->lifecycle.is_set = c->lifecycle.has_pre_stop = true;
	c->lifecycle.pre_stop = (struct mp_handler){ .has_sleep = true, .sleep = { 99 } };

	v = fixture_add_volume(f, "down", MP_VOLUME_DOWNWARD);
	v->downward.items = items;
	v->downward.n_items = 4;
	v = fixture_add_volume(f, "proj", MP_VOLUME_PROJECTED);
	LIST(&v->projected, sources, struct mp_projected_source,
	     { .has_downward = true, .downward = { .items = items, .n_items = 3 } },
	     { .has_token = true });
	fixture_add_volume(f, "img", MP_VOLUME_IMAGE);
}

/* Leaves @room bytes in the arena's newest block. */
static void fill_arena(struct mp_arena *arena, size_t room)
{
	assert_non_null(mp_arena_alloc(arena, BLOCK, 1));
	assert_non_null(mp_arena_alloc(arena, BLOCK - room, 1));
}

TEST(defaulting_says_when_memory_ran_out)
{
	size_t failures = 0;

	(void)state;
	for (size_t room = 0; room < BLOCK; room += 16) {
		struct fixture f;

		make_large(&f);
		fill_arena(&f.arena, room);
		calloc_fails = true;
		const int r = mp_spec_default(&f.spec, &fixture_seed, &f.arena);
		calloc_fails = false;
		assert_true(r == 0 || r == -ENOMEM);
		failures += r == -ENOMEM;
		fixture_done(&f);
	}
	assert_true(failures > 100);
	assert_true(failures < BLOCK / 16);
}

/* Each place that allocates while validating or warning comes to fail once. */
TEST(validation_says_when_memory_ran_out)
{
	size_t complete = 0;

	(void)state;
	for (size_t room = 0; room < 8 * BLOCK; room += 16) {
		struct fixture f;

		make_large(&f);
		fixture_default(&f);
		fill_arena(&f.arena, room % BLOCK);
		calloc_blocks_left = room / BLOCK;
		calloc_fails = true;
		mp_spec_validate(&f.spec, &f.out);
		mp_spec_warnings(&f.spec, &f.out);
		mp_spec_refuse_later(&f.spec, &f.out);
		calloc_fails = false;
		calloc_blocks_left = 0;
		complete += !f.out.is_out_of_memory;
		fixture_done(&f);
	}
	assert_true(complete > 0);
	assert_true(complete < 8 * BLOCK / 16);
}

TEST(a_rejection_says_when_memory_ran_out)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	mp_problems_add(&f.out, "x", "y");
	fill_arena(&f.arena, 0);
	calloc_fails = true;
	assert_null(mp_spec_format_rejection(&f.spec, &f.out, &f.arena));
	calloc_fails = false;
	fixture_done(&f);
}

int main(void)
{
	return registry_run("spec");
}
