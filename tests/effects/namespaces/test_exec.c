/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/exec.h"

#include <sys/socket.h>

#include "tests/effects/namespaces/helpers.h"

#define SHELL(text)                               \
	(const char *const[])                     \
	{                                         \
		"busybox", "sh", "-c", text, NULL \
	}

/* A pod with one container that sleeps. */
struct pod {
	struct mp_infra *infra;
	struct mp_container_result container;
	bool has_user_ns;
};

static void pod_start(struct pod *pod, enum mp_pid_ns pid_ns, bool has_user_ns)
{
	static const char *const argv[] = { "sleep", "1000", NULL };
	struct mp_infra_config config = pod_config();
	struct mp_container_config c;
	struct mp_error err = MP_ERROR_NONE;

	if (pid_ns == MP_PID_NS_POD)
		config.unshare |= CLONE_NEWPID;
	if (has_user_ns) {
		config.unshare |= CLONE_NEWUSER;
		config.ids = (struct mp_idmap_range){ 0, 65536 * 8, 65536 };
	}
	pod->has_user_ns = has_user_ns;
	pod->infra = start_pod(&config);
	c = container_config(pod->infra, argv);
	c.pid_ns = pid_ns;
	if (has_user_ns)
		c.join |= CLONE_NEWUSER;
	if (mp_container_start(&c, &pod->container, &err) < 0)
		fail_msg("%s", err.msg);
}

static void pod_end(struct pod *pod)
{
	(void)mp_sys_pidfd_send_signal(pod->container.pidfd, SIGKILL);
	(void)reap(pod->container.pidfd);
	(void)close(pod->container.pidfd);
	end_pod(pod->infra);
	assert_no_children();
}

static struct mp_exec_config exec_config(const struct pod *pod, const char *const *argv)
{
	struct mp_exec_config c = { .process = MP_PROCESS_NONE,
				    .container_pidfd = pod->container.pidfd,
				    .has_pid_ns = true,
				    .has_user_ns = pod->has_user_ns };

	c.process.argv = argv;
	c.process.envp = plain_env;
	c.process.caps = mp_caps_sets(mp_caps_default(), mp_caps_available());
	return c;
}

/* The exit code of the process itself: a go-between may have to be reaped first. */
static int reap_exec(struct mp_exec *exec)
{
	const int code = reap(exec->child.pidfd);

	return mp_child_follow(&exec->child) ? reap(exec->child.pidfd) : code;
}

static enum mp_child_state wait_report(struct mp_exec *exec, struct mp_error *err)
{
	enum mp_child_state state = MP_CHILD_STARTING;

	while (state == MP_CHILD_STARTING) {
		assert_true(wait_readable(exec->child.report_fd));
		assert_int_equal(mp_exec_report_read(exec, &state, err), 0);
	}
	return state;
}

static int run_exec(struct mp_exec_config *c, char *out, size_t size)
{
	struct mp_exec exec = MP_EXEC_NONE;
	struct mp_error err = MP_ERROR_NONE;
	int fds[2];
	int code;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	c->process.stdio[1] = fds[1];
	c->process.stdio[2] = fds[1];
	if (mp_exec_spawn(c, &exec, &err) < 0)
		fail_msg("%s", err.msg);
	(void)close(fds[1]);
	if (wait_report(&exec, &err) != MP_CHILD_EXECED)
		fail_msg("%s", err.msg);
	read_all(fds[0], out, size);
	(void)close(fds[0]);
	code = reap_exec(&exec);
	mp_exec_done(&exec);
	return code;
}

static void a_joined_process_is_in_every_namespace_of_its_container(void **unused)
{
	static const struct {
		enum mp_pid_ns pid_ns;
		bool has_user_ns;
	} kinds[] = { { MP_PID_NS_OWN, false },
		      { MP_PID_NS_POD, false },
		      { MP_PID_NS_OWN, true },
		      { MP_PID_NS_POD, true } };

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(kinds); i++) {
		struct pod pod;
		struct mp_exec_config c;
		struct mp_ns_ids theirs;
		char out[4096];

		pod_start(&pod, kinds[i].pid_ns, kinds[i].has_user_ns);
		c = exec_config(&pod, SHELL("for n in cgroup ipc mnt net pid user uts; do "
					    "readlink /proc/self/ns/$n; done; exit 5"));
		assert_int_equal(run_exec(&c, out, sizeof(out)), 5);
		assert_int_equal(mp_ns_ids_read(pod.container.pid, &theirs, NULL), 0);
		for (size_t k = 0; k < MP_NS_KINDS; k++) {
			char want[64];

			if (mp_ns_kinds[k].flag == CLONE_NEWTIME)
				continue;
			(void)snprintf(want, sizeof(want), "%s:[%llu]\n", mp_ns_kinds[k].name,
				       (unsigned long long)theirs.ids[k]);
			assert_non_null(strstr(out, want));
		}
		pod_end(&pod);
	}
}

static void a_joined_process_has_the_given_identity_and_nothing_of_ours(void **unused)
{
	struct mp_seccomp_program *program = NULL;
	struct mp_exec_config c;
	struct pod pod;
	char out[4096];
	int leak = open("/etc", O_RDONLY | O_DIRECTORY); /* deliberately not close-on-exec */

	(void)unused;
	assert_int_equal(mp_seccomp_default(mp_caps_default(), &program, NULL), 0);
	pod_start(&pod, MP_PID_NS_OWN, false);
	c = exec_config(&pod, SHELL("grep -E '^(Uid|CapBnd|NoNew|Seccomp:)' /proc/self/status;"
				    "i=3; while [ $i -lt 300 ]; do "
				    "[ -e /proc/$$/fd/$i ] && echo leaked $i; i=$((i + 1)); done;"
				    "pwd"));
	c.process.uid = 1000;
	c.process.cwd = "/usr";
	c.process.seccomp = program;
	c.process.has_no_new_privs = true;
	assert_int_equal(run_exec(&c, out, sizeof(out)), 0);
	assert_string_equal(out, "Uid:\t1000\t1000\t1000\t1000\nCapBnd:\t00000000a80425fb\n"
				 "NoNewPrivs:\t1\nSeccomp:\t2\n/usr\n");
	mp_seccomp_program_free(program);
	(void)close(leak);
	pod_end(&pod);
}

static void later_children_are_in_our_own_pid_namespace_again(void **unused)
{
	struct mp_ns_ids before;
	struct mp_ns_ids after;
	struct mp_exec_config c;
	struct pod pod;
	char out[64];
	pid_t pid;

	(void)unused;
	pod_start(&pod, MP_PID_NS_OWN, false);
	assert_int_equal(mp_ns_ids_read(0, &before, NULL), 0);
	c = exec_config(&pod, SHELL("true"));
	assert_int_equal(run_exec(&c, out, sizeof(out)), 0);
	pid = fork();
	if (pid == 0) {
		bool is_same = mp_ns_ids_read(0, &after, NULL) == 0 &&
			       memcmp(&before, &after, sizeof(before)) == 0;

		_exit(is_same ? 0 : 1);
	}
	{
		int status = -1;

		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	pod_end(&pod);
}

static void spawning_does_not_wait_for_a_container_that_hangs(void **unused)
{
	static const char *const argv[] = { "cat", NULL };
	struct mp_exec exec = MP_EXEC_NONE;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_exec_config c;
	struct pod pod;
	int gate[2];

	(void)unused;
	/* A v1-style join of a "cgroup" that blocks: a full pipe stands for the tasks file. */
	assert_int_equal(pipe2(gate, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(gate[1], "x", 1) == 1)
		continue;
	assert_int_equal(fcntl(gate[1], F_SETFL, 0), 0);
	pod_start(&pod, MP_PID_NS_OWN, false);
	c = exec_config(&pod, argv);
	c.process.cgroup_tasks_fds = &gate[1];
	c.process.n_cgroup_tasks_fds = 1;
	assert_int_equal(mp_exec_spawn(&c, &exec, &err), 0);
	{
		enum mp_child_state state = MP_CHILD_EXECED;

		assert_int_equal(mp_exec_report_read(&exec, &state, &err), 0);
		assert_int_equal(state, MP_CHILD_STARTING);
	}
	assert_int_equal(mp_sys_pidfd_send_signal(exec.child.pidfd, SIGKILL), 0);
	assert_int_equal(reap_exec(&exec), 1000 + SIGKILL);
	mp_exec_done(&exec);
	(void)close(gate[0]);
	(void)close(gate[1]);
	pod_end(&pod);
}

static void a_whole_group_dies_at_once(void **unused)
{
	struct mp_exec exec = MP_EXEC_NONE;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_exec_config c;
	struct pod pod;
	int fds[2];
	char out[64];

	(void)unused;
	pod_start(&pod, MP_PID_NS_OWN, false);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	c = exec_config(&pod, SHELL("sleep 1000 & sleep 1000 & echo up; wait"));
	c.process.stdio[1] = fds[1];
	assert_int_equal(mp_exec_spawn(&c, &exec, &err), 0);
	(void)close(fds[1]);
	assert_int_equal(wait_report(&exec, &err), MP_CHILD_EXECED);
	assert_true(wait_readable(fds[0]));
	assert_int_equal(read(fds[0], out, sizeof(out)), 3);
	assert_int_equal(mp_child_kill(&exec.child, SIGKILL), 0);
	assert_int_equal(reap_exec(&exec), 1000 + SIGKILL);
	/* End of file: no member of the group holds the pipe any more. */
	assert_true(wait_readable(fds[0]));
	assert_int_equal(read(fds[0], out, sizeof(out)), 0);
	(void)close(fds[0]);
	mp_exec_done(&exec);
	pod_end(&pod);
}

static void a_missing_program_is_reported_as_for_containers(void **unused)
{
	static const char *const argv[] = { "no-such-program", NULL };
	struct mp_exec exec = MP_EXEC_NONE;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_exec_config c;
	struct pod pod;
	int fds = count_fds();

	(void)unused;
	pod_start(&pod, MP_PID_NS_OWN, false);
	c = exec_config(&pod, argv);
	assert_int_equal(mp_exec_spawn(&c, &exec, &err), 0);
	assert_int_equal(wait_report(&exec, &err), MP_CHILD_FAILED);
	assert_string_equal(err.msg,
			    "exec: \"no-such-program\": executable file not found in $PATH");
	assert_int_equal(reap_exec(&exec), 127);
	mp_exec_done(&exec);
	mp_exec_done(&exec);
	pod_end(&pod);
	assert_int_equal(count_fds(), fds);
}

static void a_container_that_has_ended_cannot_be_joined(void **unused)
{
	static const char *const argv[] = { "true", NULL };
	struct mp_exec exec = MP_EXEC_NONE;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_exec_config c;
	struct pod pod;

	(void)unused;
	pod_start(&pod, MP_PID_NS_OWN, false);
	assert_int_equal(mp_sys_pidfd_send_signal(pod.container.pidfd, SIGKILL), 0);
	(void)reap(pod.container.pidfd);
	c = exec_config(&pod, argv);
	assert_int_equal(mp_exec_spawn(&c, &exec, &err), -ESRCH);
	(void)close(pod.container.pidfd);
	end_pod(pod.infra);
	assert_no_children();
}

static void the_joining_process_is_not_there_for_those_inside_while_it_has_privileges(void **unused)
{
	struct mp_exec exec = MP_EXEC_NONE;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_exec_config c;
	struct pod pod;
	char path[64];
	char comm[64];
	struct mp_exec_config spy;
	char out[1024];
	int gate[2];
	int fd;

	(void)unused;
	/* Held while it still is what we are. */
	assert_int_equal(pipe2(gate, O_CLOEXEC | O_NONBLOCK), 0);
	while (write(gate[1], "x", 1) == 1)
		continue;
	assert_int_equal(fcntl(gate[1], F_SETFL, 0), 0);
	pod_start(&pod, MP_PID_NS_OWN, false);
	c = exec_config(&pod, SHELL("true"));
	c.process.cgroup_tasks_fds = &gate[1];
	c.process.n_cgroup_tasks_fds = 1;
	assert_int_equal(mp_exec_spawn(&c, &exec, &err), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)exec.child.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_all(fd, comm, sizeof(comm));
	(void)close(fd);
	spy = exec_config(
		&pod,
		SHELL("for p in /proc/[0-9]*; do "
		      "[ ${p#/proc/} = 1 -o ${p#/proc/} = $$ ] && continue;"
		      "echo seen; ls $p/root/ $p/cwd/ 2>&1 >/dev/null | "
		      "grep -c -i denied; "
		      "readlink $p/exe; readlink $p/fd/0; cat $p/environ; done 2>/dev/null; true"));
	assert_int_equal(run_exec(&spy, out, sizeof(out)), 0);
	assert_string_equal(out, "");
	assert_int_equal(mp_sys_pidfd_send_signal(exec.child.pidfd, SIGKILL), 0);
	(void)reap_exec(&exec);
	mp_exec_done(&exec);
	(void)close(gate[0]);
	(void)close(gate[1]);
	pod_end(&pod);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_joined_process_is_in_every_namespace_of_its_container),
		cmocka_unit_test(a_joined_process_has_the_given_identity_and_nothing_of_ours),
		cmocka_unit_test(later_children_are_in_our_own_pid_namespace_again),
		cmocka_unit_test(spawning_does_not_wait_for_a_container_that_hangs),
		cmocka_unit_test(a_whole_group_dies_at_once),
		cmocka_unit_test(a_missing_program_is_reported_as_for_containers),
		cmocka_unit_test(a_container_that_has_ended_cannot_be_joined),
		cmocka_unit_test(
			the_joining_process_is_not_there_for_those_inside_while_it_has_privileges),
	};

	need_root();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
