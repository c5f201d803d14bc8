/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a process's steps, as data: what must come before what, and why it matters. */
#include "namespaces/process_plan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"

static const char *const argv[] = { "prog", NULL };
static const char *const envp[] = { "A=b", "PATH=/x:/y", NULL };
static const struct mp_seccomp_program program;

static struct mp_process_config config(void)
{
	struct mp_process_config c = MP_PROCESS_NONE;

	c.argv = argv;
	c.envp = envp;
	c.caps = mp_caps_sets(mp_caps_default(), ~UINT64_C(0));
	return c;
}

static void build(struct mp_process_plan *plan, const struct mp_process_config *c,
		  bool has_cgroup_ns)
{
	static const uint64_t flags;

	assert_int_equal(mp_process_plan_init(plan, c, 0, NULL), 0);
	mp_process_plan_add_early(plan);
	if (has_cgroup_ns)
		mp_process_plan_add_cgroup_ns(plan, &flags);
	mp_process_plan_add_late(plan);
}

/* The n-th step with this name, counted from 0; -1: there is none. */
static int nth(const struct mp_process_plan *plan, const char *what, int n)
{
	for (size_t i = 0; i < plan->n_ops; i++)
		if (mp_streq(plan->ops[i].what, what) && n-- == 0)
			return (int)i;
	return -1;
}

static int at(const struct mp_process_plan *plan, const char *what)
{
	int i = nth(plan, what, 0);

	if (i < 0)
		fail_msg("no step \"%s\"", what);
	return i;
}

static void groups_come_before_ids_and_ids_before_the_last_capabilities(void **unused)
{
	const struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	build(&plan, &c, false);
	assert_true(at(&plan, "limit the capability bounding set") <
		    at(&plan, "set supplementary groups"));
	assert_true(at(&plan, "set supplementary groups") < at(&plan, "set group id"));
	assert_true(at(&plan, "set group id") < at(&plan, "set user id"));
	assert_true(at(&plan, "set user id") < at(&plan, "set capabilities"));
	assert_int_equal(at(&plan, "execute the program"), (int)plan.n_ops - 1);
	mp_process_plan_done(&plan);
}

static void files_are_closed_before_any_path_of_the_container_is_followed(void **unused)
{
	const struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	build(&plan, &c, false);
	assert_true(at(&plan, "open standard files") < at(&plan, "close other files"));
	assert_true(at(&plan, "close other files") <
		    at(&plan, "change to working directory \"/\""));
	assert_true(at(&plan, "close other files") < at(&plan, "find the program"));
	mp_process_plan_done(&plan);
}

static void working_directory_is_tried_before_and_after_the_ids(void **unused)
{
	const struct mp_process_config c = config();
	const char *what = "change to working directory \"/\"";
	struct mp_process_plan plan;

	(void)unused;
	build(&plan, &c, false);
	assert_true(nth(&plan, what, 0) < at(&plan, "set user id"));
	assert_true(nth(&plan, what, 1) > at(&plan, "set capabilities"));
	mp_process_plan_done(&plan);
}

static void filter_is_last_when_privileges_cannot_grow(void **unused)
{
	struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	c.seccomp = &program;
	c.has_no_new_privs = true;
	build(&plan, &c, false);
	assert_int_equal(at(&plan, "load the seccomp filter"), (int)plan.n_ops - 2);
	assert_int_equal(nth(&plan, "set capabilities", 1), -1);
	assert_true(plan.first_caps.effective == c.caps.effective);
	mp_process_plan_done(&plan);
}

static void filter_is_loaded_while_sys_admin_is_still_held_otherwise(void **unused)
{
	struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	c.seccomp = &program;
	build(&plan, &c, false);
	assert_true(nth(&plan, "set capabilities", 0) < at(&plan, "load the seccomp filter"));
	assert_true(nth(&plan, "set capabilities", 1) > at(&plan, "load the seccomp filter"));
	assert_true(plan.first_caps.effective & (UINT64_C(1) << CAP_SYS_ADMIN));
	assert_false(c.caps.effective & (UINT64_C(1) << CAP_SYS_ADMIN));
	mp_process_plan_done(&plan);
}

static void one_capset_is_enough_when_sys_admin_stays(void **unused)
{
	struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	c.seccomp = &program;
	c.caps = mp_caps_sets(~UINT64_C(0), ~UINT64_C(0));
	build(&plan, &c, false);
	assert_int_equal(nth(&plan, "set capabilities", 1), -1);
	mp_process_plan_done(&plan);
}

static void the_cpu_cgroup_is_joined_once_and_before_the_namespace(void **unused)
{
	static const int tasks[] = { 10, 11 };
	struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	c.cgroup_tasks_fds = tasks;
	c.n_cgroup_tasks_fds = 2;
	c.cpu_tasks_fd = 12;
	build(&plan, &c, true);
	assert_true(at(&plan, "join cgroups") < at(&plan, "join the cpu cgroup"));
	assert_true(at(&plan, "join the cpu cgroup") < at(&plan, "create a cgroup namespace"));
	assert_int_equal(nth(&plan, "join the cpu cgroup", 1), -1);
	mp_process_plan_done(&plan);
	build(&plan, &c, false);
	assert_true(at(&plan, "join the cpu cgroup") > at(&plan, "open standard files"));
	assert_true(at(&plan, "join the cpu cgroup") < at(&plan, "close other files"));
	mp_process_plan_done(&plan);
}

static void what_is_not_asked_for_is_no_step(void **unused)
{
	const struct mp_process_config c = config();
	struct mp_process_plan plan;

	(void)unused;
	build(&plan, &c, false);
	assert_int_equal(nth(&plan, "join cgroups", 0), -1);
	assert_int_equal(nth(&plan, "set oom_score_adj", 0), -1);
	assert_int_equal(nth(&plan, "set no_new_privs", 0), -1);
	assert_int_equal(nth(&plan, "load the seccomp filter", 0), -1);
	assert_int_equal(nth(&plan, "set resource limits", 0), -1);
	assert_string_equal(plan.find.path, "/x:/y");
	mp_process_plan_done(&plan);
}

static void a_failure_to_find_or_execute_reads_as_in_other_runtimes(void **unused)
{
	static const struct {
		const char *name;
		bool is_exec;
		int code;
		const char *text;
	} cases[] = {
		{ "foo", false, ENOENT, "exec: \"foo\": executable file not found in $PATH" },
		{ "/x", false, ENOENT, "exec: \"/x\": stat /x: no such file or directory" },
		{ "/x", false, EACCES, "exec: \"/x\": permission denied" },
		{ "/x", false, EISDIR, "exec: \"/x\": is a directory" },
		{ "/x", true, ENOEXEC, "exec /x: exec format error" },
		{ "/x", true, ENOENT, "exec /x: no such file or directory" },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		struct mp_error err = MP_ERROR_NONE;

		mp_process_explain(cases[i].name, 5, 5, cases[i].is_exec, cases[i].code, &err);
		assert_string_equal(err.msg, cases[i].text);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void another_step_keeps_its_own_sentence(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	(void)mp_fail(&err, EPERM, "set user id");
	mp_process_explain("/x", 4, 5, false, EPERM, &err);
	assert_non_null(strstr(err.msg, "set user id"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_come_before_ids_and_ids_before_the_last_capabilities),
		cmocka_unit_test(files_are_closed_before_any_path_of_the_container_is_followed),
		cmocka_unit_test(working_directory_is_tried_before_and_after_the_ids),
		cmocka_unit_test(filter_is_last_when_privileges_cannot_grow),
		cmocka_unit_test(filter_is_loaded_while_sys_admin_is_still_held_otherwise),
		cmocka_unit_test(one_capset_is_enough_when_sys_admin_stays),
		cmocka_unit_test(the_cpu_cgroup_is_joined_once_and_before_the_namespace),
		cmocka_unit_test(what_is_not_asked_for_is_no_step),
		cmocka_unit_test(a_failure_to_find_or_execute_reads_as_in_other_runtimes),
		cmocka_unit_test(another_step_keeps_its_own_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
