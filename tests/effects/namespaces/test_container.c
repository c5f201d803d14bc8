/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/container.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "namespaces/process_plan.h"
#include "tests/effects/namespaces/helpers.h"

#define SHELL(text)                               \
	(const char *const[])                     \
	{                                         \
		"busybox", "sh", "-c", text, NULL \
	}

static void a_process_is_what_its_config_says(void **unused)
{
	static const gid_t groups[] = { 2000, 2001 };
	static const struct mp_rlimit limits[] = { { RLIMIT_NOFILE, 100, 200 } };
	struct mp_container_config c = container_config(
		NULL,
		SHELL("grep -E '^(Uid|Gid|Groups|Cap|NoNew|SigBlk|SigIgn|Umask)' /proc/self/status;"
		      "pwd; echo $$ $X; ulimit -n; ulimit -Hn"));
	char out[4096];

	(void)unused;
	(void)signal(SIGPIPE, SIG_IGN);
	c.process.uid = 1234;
	c.process.gid = 5678;
	c.process.groups = groups;
	c.process.n_groups = 2;
	c.process.rlimits = limits;
	c.process.n_rlimits = 1;
	c.process.umask = 0027;
	c.process.cwd = "/usr/bin";
	c.process.has_no_new_privs = true;
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	(void)signal(SIGPIPE, SIG_DFL);
	assert_non_null(strstr(out, "Uid:\t1234\t1234\t1234\t1234\n"));
	assert_non_null(strstr(out, "Gid:\t5678\t5678\t5678\t5678\n"));
	assert_non_null(strstr(out, "Groups:\t2000 2001"));
	assert_non_null(strstr(out, "Umask:\t0027\n"));
	assert_non_null(strstr(out, "NoNewPrivs:\t1\n"));
	assert_non_null(strstr(out, "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(out, "SigIgn:\t0000000000000000\n"));
	assert_non_null(strstr(out, "CapInh:\t0000000000000000\n"));
	assert_non_null(strstr(out, "CapPrm:\t0000000000000000\n")); /* not root: lost in exec */
	assert_non_null(strstr(out, "CapBnd:\t00000000a80425fb\n"));
	assert_non_null(strstr(out, "CapAmb:\t0000000000000000\n"));
	assert_non_null(strstr(out, "/usr/bin\n1 1\n100\n200\n"));
	assert_no_children();
}

static void root_keeps_exactly_the_given_capabilities(void **unused)
{
	struct mp_container_config c =
		container_config(NULL, SHELL("grep -E '^(Cap|Seccomp:|NoNew)' /proc/self/status"));
	struct mp_seccomp_program *program = NULL;
	char out[1024];

	(void)unused;
	assert_int_equal(mp_seccomp_default(mp_caps_default(), &program, NULL), 0);
	for (int with_nnp = 0; with_nnp < 2; with_nnp++) {
		c.process.seccomp = program;
		c.process.has_no_new_privs = with_nnp != 0;
		assert_int_equal(run_container(&c, out, sizeof(out)), 0);
		assert_non_null(strstr(out, "CapPrm:\t00000000a80425fb\n"));
		assert_non_null(strstr(out, "CapEff:\t00000000a80425fb\n"));
		assert_non_null(strstr(out, "CapBnd:\t00000000a80425fb\n"));
		assert_non_null(strstr(out, "Seccomp:\t2\n"));
		assert_non_null(strstr(out, with_nnp ? "NoNewPrivs:\t1\n" : "NoNewPrivs:\t0\n"));
	}
	mp_seccomp_program_free(program);
}

static void ambient_capabilities_survive_for_a_plain_user(void **unused)
{
	const uint64_t bind = UINT64_C(1) << CAP_NET_BIND_SERVICE;
	struct mp_container_config c =
		container_config(NULL, SHELL("grep -E '^Cap(Eff|Amb)' /proc/self/status"));
	char out[1024];

	(void)unused;
	c.process.uid = 1000;
	c.process.caps.inheritable = bind;
	c.process.caps.ambient = bind;
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	assert_string_equal(out, "CapEff:\t0000000000000400\nCapAmb:\t0000000000000400\n");
}

static void nothing_but_standard_files_is_open(void **unused)
{
	struct mp_container_config c = container_config(
		NULL, SHELL("i=0; while [ $i -lt 300 ]; do [ -e /proc/$$/fd/$i ] && echo $i;"
			    " i=$((i + 1)); done; true"));
	int leak = open("/etc", O_RDONLY | O_DIRECTORY); /* deliberately not close-on-exec */
	char out[1024];

	(void)unused;
	assert_true(leak >= 3);
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	(void)close(leak);
	assert_string_equal(out, "0\n1\n2\n");
}

static void working_directory_cannot_be_one_of_our_files(void **unused)
{
	struct mp_container_config c = container_config(NULL, SHELL("pwd"));
	struct mp_container_result result;
	struct mp_error err = MP_ERROR_NONE;
	int leak = open("/", O_RDONLY | O_DIRECTORY); /* CVE-2024-21626 */

	(void)unused;
	for (int fd = 3; fd < 64; fd++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		c.process.cwd = path;
		assert_true(mp_container_start(&c, &result, &err) < 0);
		assert_non_null(strstr(err.msg, "change to working directory"));
	}
	(void)close(leak);
	assert_no_children();
}

static void directory_only_the_user_may_enter_works_as_well_as_one_only_root_may(void **unused)
{
	char dir[] = "/tmp/minipod-test-XXXXXX";
	struct mp_container_config c = container_config(NULL, SHELL("echo in"));
	char out[64];

	(void)unused;
	assert_non_null(mkdtemp(dir)); /* 0700, root's */
	c.process.cwd = dir;
	c.process.uid = 1000;
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void a_plain_user_may_open_its_own_standard_output(void **unused)
{
	struct mp_container_config c = container_config(NULL, SHELL("echo hi > /proc/self/fd/1"));
	char out[64];

	(void)unused;
	c.process.uid = c.process.stdio_owner = 1000;
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	assert_string_equal(out, "hi\n");
}

static void a_missing_program_is_named_as_users_know_it(void **unused)
{
	static const struct {
		const char *name;
		int code;
		const char *text;
	} cases[] = {
		{ "no-such-program", ENOENT,
		  "exec: \"no-such-program\": executable file not found in $PATH" },
		{ "/no/such", ENOENT,
		  "exec: \"/no/such\": stat /no/such: no such file or directory" },
		{ "/etc/passwd", EACCES, "exec: \"/etc/passwd\": permission denied" },
		{ "/etc", EISDIR, "exec: \"/etc\": is a directory" },
	};
	int fds = count_fds();

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		const char *const argv[] = { cases[i].name, NULL };
		struct mp_container_config c = container_config(NULL, argv);
		struct mp_container_result result;
		struct mp_error err = MP_ERROR_NONE;

		assert_int_equal(mp_container_start(&c, &result, &err), -cases[i].code);
		assert_string_equal(err.msg, cases[i].text);
		assert_int_equal(err.code, cases[i].code);
	}
	assert_int_equal(count_fds(), fds);
	assert_no_children();
}

static void a_file_that_is_no_program_says_exec_format_error(void **unused)
{
	char path[] = "/tmp/minipod-test-XXXXXX";
	int fd = mkstemp(path);
	const char *const argv[] = { path, NULL };
	struct mp_container_config c = container_config(NULL, argv);
	struct mp_container_result result;
	struct mp_error err = MP_ERROR_NONE;
	char want[128];

	(void)unused;
	assert_int_equal(write(fd, "\1\2\3", 3), 3);
	assert_int_equal(fchmod(fd, 0755), 0);
	(void)close(fd);
	assert_int_equal(mp_container_start(&c, &result, &err), -ENOEXEC);
	(void)snprintf(want, sizeof(want), "exec %s: exec format error", path);
	assert_string_equal(err.msg, want);
	(void)unlink(path);
}

static int op_broken(const void *arg)
{
	(void)arg;
	return -EXDEV;
}

static int op_suicide(const void *arg)
{
	(void)arg;
	return (int)mp_raw_syscall(__NR_kill, mp_raw_syscall(__NR_getpid, 0, 0, 0, 0, 0, 0),
				   SIGKILL, 0, 0, 0, 0);
}

/* All steps of a process that asks for everything; the @broken-th replaced. */
static int spawn_broken(size_t broken, int (*run)(const void *), enum mp_child_mode mode,
			struct mp_child *child, char *what, size_t *n_ops, struct mp_error *err)
{
	static const struct mp_rlimit limits[] = { { RLIMIT_CORE, 0, 0 } };
	static const char *const argv[] = { "true", NULL };
	static const uint64_t cgroup_ns = CLONE_NEWCGROUP;
	struct mp_seccomp_program *program = NULL;
	struct mp_container_config c = container_config(NULL, argv);
	struct mp_process_plan plan;
	struct mp_child_config spec = { .mode = mode,
					.cgroup_fd = -1,
					.report_fd_slot = &plan.report_fd };
	int r;

	assert_int_equal(mp_seccomp_default(0, &program, NULL), 0);
	c.process.seccomp = program;
	c.process.has_oom_score_adj = true;
	c.process.oom_score_adj = 500;
	c.process.rlimits = limits;
	c.process.n_rlimits = 1;
	assert_int_equal(mp_process_plan_init(&plan, &c.process, 0, NULL), 0);
	mp_process_plan_add_early(&plan);
	mp_process_plan_add_cgroup_ns(&plan, &cgroup_ns);
	mp_process_plan_add_late(&plan);
	*n_ops = plan.n_ops;
	if (broken < plan.n_ops) {
		plan.ops[broken].run = run;
		(void)snprintf(what, MP_CHILD_WHAT_MAX, "%s", plan.ops[broken].what);
	}
	spec.ops = plan.ops;
	spec.n_ops = plan.n_ops;
	r = mp_child_spawn(&spec, child, err);
	mp_process_plan_done(&plan);
	mp_seccomp_program_free(program);
	return r;
}

static void each_step_that_fails_is_named_and_leaves_nothing(void **unused)
{
	size_t n = 1;

	(void)unused;
	for (size_t i = 0; i < n; i++) {
		int fds = count_fds();
		struct mp_child child = MP_CHILD_NONE;
		struct mp_error err = MP_ERROR_NONE;
		char what[MP_CHILD_WHAT_MAX];
		char want[256];

		assert_int_equal(spawn_broken(i, op_broken, MP_CHILD_WAIT, &child, what, &n, &err),
				 -EXDEV);
		(void)snprintf(want, sizeof(want), "%s: %s", what, strerror(EXDEV));
		assert_string_equal(err.msg, want);
		assert_int_equal(child.failed_step, i);
		assert_no_children();
		assert_int_equal(count_fds(), fds);
	}
	assert_true(n > 15);
}

static void each_step_that_fails_in_a_copy_is_reported_through_its_pipe(void **unused)
{
	size_t n = 1;

	(void)unused;
	for (size_t i = 0; i < n; i++) {
		int fds = count_fds();
		struct mp_child child = MP_CHILD_NONE;
		struct mp_error err = MP_ERROR_NONE;
		enum mp_child_state state = MP_CHILD_STARTING;
		char what[MP_CHILD_WHAT_MAX];

		assert_int_equal(spawn_broken(i, op_broken, MP_CHILD_FORK, &child, what, &n, &err),
				 0);
		assert_true(wait_readable(child.report_fd));
		assert_int_equal(mp_child_report_read(&child, &state, &err), 0);
		assert_int_equal(state, MP_CHILD_FAILED);
		assert_int_equal(err.code, EXDEV);
		assert_memory_equal(err.msg, what, strlen(what));
		assert_int_equal(reap(child.pidfd), 127);
		mp_child_done(&child);
		assert_int_equal(count_fds(), fds);
	}
}

static void a_child_killed_on_its_way_names_the_step_it_was_at(void **unused)
{
	struct mp_child child = MP_CHILD_NONE;
	struct mp_error err = MP_ERROR_NONE;
	char what[MP_CHILD_WHAT_MAX];
	char want[256];
	size_t n;

	(void)unused;
	assert_int_equal(spawn_broken(5, op_suicide, MP_CHILD_WAIT, &child, what, &n, &err),
			 -ECHILD);
	(void)snprintf(want, sizeof(want), "%s: killed by signal 9", what);
	assert_string_equal(err.msg, want);
	assert_no_children();
}

static void own_oom_score_is_not_the_supervisors(void **unused)
{
	struct mp_container_config c =
		container_config(NULL, SHELL("cat /proc/self/oom_score_adj"));
	char out[64];
	char ours[2][32];

	(void)unused;
	for (int i = 0; i < 2; i++) {
		int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);

		read_all(fd, ours[i], sizeof(ours[i]));
		(void)close(fd);
		c.process.has_oom_score_adj = true;
		c.process.oom_score_adj = 777;
		assert_int_equal(run_container(&c, out, sizeof(out)), 0);
		assert_string_equal(out, "777\n");
	}
	assert_string_equal(ours[0], ours[1]);
}

/* A container that goes on until it is killed, with a pid namespace of its own. */
static struct mp_container_result start_target(void)
{
	struct mp_container_config c = container_config(NULL, SHELL("sleep 1000"));
	struct mp_container_result result;
	struct mp_error err = MP_ERROR_NONE;

	if (mp_container_start(&c, &result, &err) < 0)
		fail_msg("%s", err.msg);
	return result;
}

static struct mp_container_config last_into(const struct mp_container_result *target,
					    const char *const *argv)
{
	struct mp_container_config c = container_config(NULL, argv);

	c.pid_ns = MP_PID_NS_TARGET;
	c.target_pidfd = target->pidfd;
	c.enters_pid_ns_last = true;
	c.n_enter_root = 0;
	return c;
}

static void a_process_enters_the_pid_namespace_of_others_last(void **unused)
{
	const struct mp_container_result target = start_target();
	struct mp_container_config c =
		last_into(&target, SHELL("echo $$; readlink /proc/self/ns/pid;"
					 " grep -E '^(CapPrm|NSpid)' /proc/self/status"));
	int fds;
	char out[1024];
	char link[64];
	char want[64];
	ssize_t n;

	(void)unused;
	c.process.caps.permitted = c.process.caps.effective = c.process.caps.bounding = 1;
	fds = count_fds();
	assert_int_equal(run_container(&c, out, sizeof(out)), 0);
	(void)snprintf(link, sizeof(link), "/proc/%d/ns/pid", (int)target.pid);
	n = readlink(link, want, sizeof(want) - 1);
	assert_true(n > 0);
	want[n] = '\0';
	/* As it is called in there: 1 is the target. */
	assert_true(strtol(out, NULL, 10) > 1 && strtol(out, NULL, 10) < 20);
	assert_non_null(strstr(out, want));
	assert_non_null(strstr(out, "CapPrm:\t0000000000000001\n"));
	assert_int_equal(count_fds(), fds);
	(void)mp_sys_pidfd_send_signal(target.pidfd, SIGKILL);
	(void)reap(target.pidfd);
	(void)close(target.pidfd);
	assert_no_children();
}

static void what_enters_last_names_the_step_that_failed_and_leaves_nothing(void **unused)
{
	static const struct mp_child_op no_root[] = { { "enter root", op_broken, NULL } };
	static const struct mp_child_op deadly_root[] = { { "enter root", op_suicide, NULL } };
	const struct mp_container_result target = start_target();
	struct mp_container_config c =
		last_into(&target, (const char *const[]){ "no-such-program", NULL });
	struct mp_container_result result;
	struct mp_error err = MP_ERROR_NONE;
	const int fds = count_fds();

	(void)unused;
	assert_int_equal(mp_container_start(&c, &result, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "exec: \"no-such-program\": executable file not found in $PATH");
	c.enter_root = no_root;
	c.n_enter_root = 1;
	assert_int_equal(mp_container_start(&c, &result, &err), -EXDEV);
	assert_memory_equal(err.msg, "enter root", strlen("enter root"));
	c.enter_root = deadly_root;
	assert_int_equal(mp_container_start(&c, &result, &err), -ECHILD);
	assert_string_equal(err.msg, "its process was killed on its way");
	assert_int_equal(count_fds(), fds);
	(void)mp_sys_pidfd_send_signal(target.pidfd, SIGKILL);
	(void)reap(target.pidfd);
	assert_true(mp_container_start(&c, &result, &err) < 0); /* nobody is in there any more */
	assert_int_equal(count_fds(), fds);
	(void)close(target.pidfd);
	assert_no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_what_its_config_says),
		cmocka_unit_test(root_keeps_exactly_the_given_capabilities),
		cmocka_unit_test(ambient_capabilities_survive_for_a_plain_user),
		cmocka_unit_test(nothing_but_standard_files_is_open),
		cmocka_unit_test(working_directory_cannot_be_one_of_our_files),
		cmocka_unit_test(
			directory_only_the_user_may_enter_works_as_well_as_one_only_root_may),
		cmocka_unit_test(a_plain_user_may_open_its_own_standard_output),
		cmocka_unit_test(a_missing_program_is_named_as_users_know_it),
		cmocka_unit_test(a_file_that_is_no_program_says_exec_format_error),
		cmocka_unit_test(each_step_that_fails_is_named_and_leaves_nothing),
		cmocka_unit_test(each_step_that_fails_in_a_copy_is_reported_through_its_pipe),
		cmocka_unit_test(a_child_killed_on_its_way_names_the_step_it_was_at),
		cmocka_unit_test(own_oom_score_is_not_the_supervisors),
		cmocka_unit_test(a_process_enters_the_pid_namespace_of_others_last),
		cmocka_unit_test(what_enters_last_names_the_step_that_failed_and_leaves_nothing),
	};

	need_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
