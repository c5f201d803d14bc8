/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/usage.h"
#include "tests/effects/cgroups/support.h"

#define MIB (UINT64_C(1) << 20)

static void limits_arrive_in_the_kernel(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits pod_limits = { .level = MP_CGROUP_LEVEL_POD,
						     .has_cpu_request = true,
						     .cpu_request_milli = 250,
						     .cpu_limit_milli =
							     has(MP_CGROUP_CPU) ? 500 : 0,
						     .memory_max_bytes =
							     has(MP_CGROUP_MEMORY) ? 64 * MIB : 0,
						     .pids_max = has(MP_CGROUP_PIDS) ? 100 : 0 };
	struct mp_cgroup_limits limits = pod_limits;

	limits.level = MP_CGROUP_LEVEL_CONTAINER;
	limits.has_swap_max = true;
	limits.is_oom_group = true;
	limits.pids_max = has(MP_CGROUP_PIDS) ? 50 : 0;

	struct mp_cgroup *pod = new_pod("burstable/pod1", &pod_limits);
	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);

	if (has(MP_CGROUP_CPU) && is_v2_file(MP_CGROUP_CPU)) {
		assert_string_equal(file_of(pod, MP_CGROUP_CPU, "cpu.weight"), "10");
		assert_string_equal(file_of(cg, MP_CGROUP_CPU, "cpu.weight"), "35");
		assert_string_equal(file_of(cg, MP_CGROUP_CPU, "cpu.max"), "50000 100000");
	} else if (has(MP_CGROUP_CPU)) {
		assert_string_equal(file_of(pod, MP_CGROUP_CPU, "cpu.shares"), "256");
		assert_string_equal(file_of(cg, MP_CGROUP_CPU, "cpu.shares"), "256");
		assert_string_equal(file_of(cg, MP_CGROUP_CPU, "cpu.cfs_quota_us"), "50000");
		assert_string_equal(file_of(cg, MP_CGROUP_CPU, "cpu.cfs_period_us"), "100000");
	}
	if (has(MP_CGROUP_MEMORY) && is_v2_file(MP_CGROUP_MEMORY)) {
		assert_string_equal(file_of(pod, MP_CGROUP_MEMORY, "memory.max"), "67108864");
		assert_string_equal(file_of(cg, MP_CGROUP_MEMORY, "memory.max"), "67108864");
		assert_string_equal(file_of(cg, MP_CGROUP_MEMORY, "memory.oom.group"), "1");
	} else if (has(MP_CGROUP_MEMORY)) {
		assert_string_equal(file_of(cg, MP_CGROUP_MEMORY, "memory.limit_in_bytes"),
				    "67108864");
	}
	if (has(MP_CGROUP_PIDS)) {
		assert_string_equal(file_of(pod, MP_CGROUP_PIDS, "pids.max"), "100");
		assert_string_equal(file_of(cg, MP_CGROUP_PIDS, "pids.max"), "50");
	}
	remove_now(cg);
	remove_now(pod);
}

static void a_pod_begun_is_complete_before_its_first_container(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_POD,
						 .has_cpu_request = true,
						 .cpu_request_milli = 250,
						 .cpu_limit_milli = has(MP_CGROUP_CPU) ? 500 : 0 };
	const struct mp_cgroup_limits bad = { .cpu_limit_milli = 500, .cpu_period_us = 10 };
	const bool is_later = has(MP_CGROUP_CPU) && !is_v2_file(MP_CGROUP_CPU);
	const char *const quota = is_later ? "cpu.cfs_quota_us" : "cpu.max";
	const char *const want = is_later ? "50000" : "50000 100000";
	struct mp_cgroup *pod = NULL;

	OK(mp_cgroup_begin_pod(host, "burstable/pod1", &limits, &pod, &err));
	assert_int_equal(mp_cgroup_dir(pod, MP_CGROUP_CPU) >= 0, has(MP_CGROUP_CPU) && !is_later);
	OK(mp_cgroup_complete_pod(pod, &limits, &err));
	if (has(MP_CGROUP_CPU))
		assert_string_equal(file_of(pod, MP_CGROUP_CPU, quota), want);
	OK(mp_cgroup_complete_pod(pod, &limits, &err));
	if (has(MP_CGROUP_CPU))
		assert_string_equal(file_of(pod, MP_CGROUP_CPU, quota), want);

	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

	remove_now(cg);
	remove_now(pod);

	/* One that cannot be completed leaves nothing once it is removed. */
	if (!is_later)
		return;
	OK(mp_cgroup_begin_pod(host, "burstable/pod1", &bad, &pod, &err));
	assert_int_equal(mp_cgroup_complete_pod(pod, &bad, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cgroup of the pod: set cpu."));
	remove_now(pod);
	check_nothing_left();
}

static void update_moves_limits_both_ways_and_lifts_them(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);
	const uint64_t memory[] = { 64 * MIB, 256 * MIB, 32 * MIB, 0 };
	const uint64_t cpu[] = { 500, 1500, 100, 0 };

	for (size_t i = 0; i < 4; i++) {
		const struct mp_cgroup_limits limits = {
			.level = MP_CGROUP_LEVEL_CONTAINER,
			.cpu_limit_milli = has(MP_CGROUP_CPU) ? cpu[i] : 0,
			.memory_max_bytes = has(MP_CGROUP_MEMORY) ? memory[i] : 0,
			.has_swap_max = memory[i] != 0,
		};
		char want[64];

		OK(mp_cgroup_update(cg, &limits, &err));
		if (has(MP_CGROUP_MEMORY)) {
			bool is_v2 = is_v2_file(MP_CGROUP_MEMORY);
			const char *none = is_v2 ? "max" : "9223372036854771712";

			(void)snprintf(want, sizeof(want), "%llu", (unsigned long long)memory[i]);
			assert_string_equal(file_of(cg, MP_CGROUP_MEMORY,
						    is_v2 ? "memory.max" : "memory.limit_in_bytes"),
					    memory[i] ? want : none);
		}
		if (has(MP_CGROUP_CPU)) {
			bool is_v2 = is_v2_file(MP_CGROUP_CPU);
			const char *none = is_v2 ? "max 100000" : "-1";

			(void)snprintf(want, sizeof(want), is_v2 ? "%llu 100000" : "%llu",
				       (unsigned long long)cpu[i] * 100);
			assert_string_equal(file_of(cg, MP_CGROUP_CPU,
						    is_v2 ? "cpu.max" : "cpu.cfs_quota_us"),
					    cpu[i] ? want : none);
		}
	}
	remove_now(cg);
	remove_now(pod);
}

static void a_limit_without_its_controller_is_refused_and_leaves_nothing(void **unused)
{
	(void)unused;
	const struct {
		enum mp_cgroup_controller controller;
		struct mp_cgroup_limits limits;
		const char *says;
	} rows[] = {
		{ MP_CGROUP_MEMORY, { .memory_max_bytes = MIB }, "no memory cgroup controller" },
		{ MP_CGROUP_PIDS, { .pids_max = 5 }, "no pids cgroup controller" },
		{ MP_CGROUP_CPU, { .cpu_limit_milli = 5 }, "no cpu cgroup controller" },
	};

	for (size_t i = 0; i < 3; i++) {
		struct mp_cgroup *pod = NULL;

		if (has(rows[i].controller))
			continue;
		assert_int_equal(mp_cgroup_open_pod(host, "burstable/pod1", &rows[i].limits, &pod,
						    &err),
				 -EOPNOTSUPP);
		assert_non_null(strstr(err.msg, rows[i].says));
		assert_null(pod);
		check_nothing_left();
	}
}

static void a_half_built_pod_is_taken_back(void **unused)
{
	(void)unused;
	/* The cpu controller comes last and refuses a period below 1 ms; all the rest is built by then. */
	const struct mp_cgroup_limits bad = { .cpu_limit_milli = 500, .cpu_period_us = 10 };
	struct mp_cgroup *cg = NULL;
	int fds = count_fds();

	if (!has(MP_CGROUP_CPU))
		skip();
	assert_int_equal(mp_cgroup_open_pod(host, "burstable/pod1", &bad, &cg, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cgroup of the pod: set cpu."));
	check_nothing_left();
	assert_int_equal(count_fds(), fds);

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	char path[PATH_MAX];

	assert_int_equal(mp_cgroup_open_container(pod, "web.0", &bad, &cg, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cgroup of container 'web.0': set cpu."));
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		if (!has((enum mp_cgroup_controller)c))
			continue;
		(void)snprintf(path, sizeof(path), "%s/burstable/pod1/web.0",
			       mp_cgroup_host_path(host, (enum mp_cgroup_controller)c));
		assert_int_equal(access(path, F_OK), -1);
	}
	remove_now(pod);
	assert_int_equal(count_fds(), fds);
}

static void a_failed_open_leaves_a_pod_that_was_there_alone(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits bad = { .cpu_limit_milli = 500, .cpu_period_us = 10 };
	struct mp_cgroup *second = NULL;

	if (!has(MP_CGROUP_CPU))
		skip();

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);

	assert_int_equal(mp_cgroup_open_pod(host, "burstable/pod1", &bad, &second, NULL), -EINVAL);
	OK(mp_cgroup_adopt_pod(host, "burstable/pod1", &second, &err));
	mp_cgroup_close(second);
	remove_now(pod);
}

static void a_child_is_in_every_hierarchy_after_joining(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);
	pid_t pid = sleeper_in(cg);
	char want[PATH_MAX];
	char proc[64];
	char text[8192];

	(void)snprintf(proc, sizeof(proc), "/proc/%d/cgroup", (int)pid);
	(void)snprintf(want, sizeof(want), "%s/burstable/pod1/web.0", root_name);

	mp_auto_fd fd = open(proc, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	size_t joined = 0;
	size_t expected = 0;

	assert_true(n > 0);
	text[n] = '\0';
	for (char *at = text; (at = strstr(at, want)); at++)
		joined++;
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		const char *path = mp_cgroup_host_path(host, (enum mp_cgroup_controller)c);
		bool is_used = c != MP_CGROUP_HUGETLB && c != MP_CGROUP_DEVICES;

		/* Controllers that share a hierarchy share a line. */
		for (int k = 0; k < c && path; k++) {
			const char *other = mp_cgroup_host_path(host, (enum mp_cgroup_controller)k);

			if (other && strcmp(other, path) == 0)
				is_used = false;
		}
		expected += path && is_used;
	}
	assert_int_equal(joined, expected);
	OK(mp_cgroup_kill(cg, &err));
	(void)reap(pid);
	remove_now(cg);
	remove_now(pod);
}

static int ignore_signals_and_fork(void *arg)
{
	const int *fd = arg;

	for (int sig = 1; sig < 32; sig++)
		(void)signal(sig, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < 20; i++) {
		if (fork() == 0) {
			(void)setsid();
			(void)!write(*fd, "x", 1);
			return sleep_for_ever(NULL);
		}
	}
	return sleep_for_ever(NULL);
}

static void killing_reaches_everybody_and_removal_follows(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);
	pid_t pids[32];
	size_t n = 0;
	int fds[2];
	char c;

	assert_true(mp_cgroup_is_empty(cg));
	OK(mp_cgroup_kill(cg,
			  &err)); /* nobody there: nothing happens, and it can still be joined */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);

	pid_t pid = spawn_in(cg, ignore_signals_and_fork, &fds[1]);

	for (int i = 0; i < 20; i++)
		assert_int_equal(read(fds[0], &c, 1), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
	OK(mp_cgroup_pids(pod, pids, 32, &n, &err));
	assert_int_equal(n, 21);
	OK(mp_cgroup_pids(cg, pids, 3, &n, &err)); /* says how many, stores what fits */
	assert_int_equal(n, 21);
	assert_false(mp_cgroup_is_empty(cg));
	assert_false(mp_cgroup_is_empty(pod));

	OK(mp_cgroup_kill(cg, &err));

	int status = reap(pid);

	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	wait_until_empty(cg);
	OK(mp_cgroup_kill(cg, &err)); /* nobody there: fine */
	remove_now(cg);
	remove_now(pod);
}

/* Two hundred processes under a fifth of a processor took minutes to die. */
static void the_dying_are_not_held_up_by_a_cpu_limit(void **unused)
{
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_CONTAINER,
						 .cpu_limit_milli = 100 };
	struct mp_cgroup_usage usage;
	int fds[2];
	char c;

	(void)unused;
	if (!has(MP_CGROUP_CPU))
		skip();

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);

	const pid_t pid = spawn_in(cg, ignore_signals_and_fork, &fds[1]);

	for (int i = 0; i < 20; i++)
		assert_int_equal(read(fds[0], &c, 1), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
	OK(mp_cgroup_kill(cg, &err));
	OK(mp_cgroup_usage_read(cg, &usage, &err));
	assert_int_equal(usage.cpu_limit_milli, 0);
	(void)reap(pid);
	wait_until_empty(cg);
	remove_now(cg);
	remove_now(pod);
}

static int exit_seven(void *arg)
{
	(void)arg;
	return 7;
}

/* Some kernels (6.18) kill at birth what CLONE_INTO_CGROUP puts into a cgroup that was killed. */
static void the_successor_of_a_killed_container_starts_unharmed(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", NULL);

	for (int i = 0; i < 3; i++) {
		struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

		assert_int_equal(exit_code_in(cg, exit_seven, NULL), 7);

		pid_t pid = sleeper_in(cg);

		OK(mp_cgroup_kill(i == 1 ? pod : cg, &err));
		(void)reap(pid);
		mp_cgroup_close(cg); /* left behind: the next one replaces it */
	}
	remove_now(pod);
}

static void a_frozen_container_can_still_be_killed(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);
	pid_t pid = sleeper_in(cg);

	OK(mp_cgroup_freeze(cg, true, &err));
	OK(mp_cgroup_kill(cg, &err));
	assert_int_equal(WTERMSIG(reap(pid)), SIGKILL);
	remove_now(cg);
	remove_now(pod);
}

/* Which matters on pure v1 only: elsewhere there is one directory, or no such hierarchy. */
static void a_hierarchy_that_is_not_needed_is_not_used(void **unused)
{
	const struct mp_cgroup_limits of_pod = { .level = MP_CGROUP_LEVEL_POD, .is_pid_ns = true };
	const struct mp_cgroup_limits of_web = { .level = MP_CGROUP_LEVEL_CONTAINER,
						 .is_pid_ns = true };
	const struct mp_cgroup_limits of_pause = { .level = MP_CGROUP_LEVEL_CONTAINER,
						   .is_idle = true };

	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", &of_pod);
	struct mp_cgroup *web = new_container(pod, "web.0", &of_web);
	struct mp_cgroup *pause = new_container(pod, "pause", &of_pause);

	if (mp_cgroup_host_mode(host) != MP_CGROUP_V2) {
		assert_int_equal(mp_cgroup_dir(pod, MP_CGROUP_FREEZER), -EBADF);
		assert_int_equal(mp_cgroup_dir(web, MP_CGROUP_FREEZER), -EBADF);
		assert_int_equal(mp_cgroup_dir(pause, MP_CGROUP_CPU), -EBADF);
		assert_true(mp_cgroup_dir(web, MP_CGROUP_CPU) >= 0);
	}
	assert_int_equal(mp_cgroup_dir(pause, MP_CGROUP_MEMORY) >= 0,
			 mp_cgroup_host_has(host, MP_CGROUP_MEMORY));

	/* A neighbour in the freezer does not hide those who are not. */
	struct mp_cgroup *host_pid = new_container(pod, "tool.0", NULL);
	const pid_t pids[] = { sleeper_in(web), sleeper_in(host_pid), sleeper_in(pause) };

	assert_false(mp_cgroup_is_empty(web));
	OK(mp_cgroup_kill(pod, &err));
	for (size_t i = 0; i < MP_ARRAY_SIZE(pids); i++)
		assert_int_equal(WTERMSIG(reap(pids[i])), SIGKILL);
	remove_now(web);
	remove_now(host_pid);
	remove_now(pause);
	remove_now(pod);
}

static void removing_a_busy_tree_says_busy_and_harms_nobody(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);
	pid_t pid = sleeper_in(cg);
	enum mp_cgroup_state state = MP_CGROUP_GONE;

	OK(mp_cgroup_remove(cg, &state, &err));
	assert_int_equal(state, MP_CGROUP_BUSY);
	OK(mp_cgroup_remove(pod, &state, &err));
	assert_int_equal(state, MP_CGROUP_BUSY);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	OK(mp_cgroup_kill(pod, &err)); /* the pod's kill reaches its containers */
	(void)reap(pid);
	OK(mp_cgroup_remove(pod, &state, &err)); /* and so does its removal */
	assert_int_equal(state, MP_CGROUP_GONE);
	OK(mp_cgroup_remove(pod, &state, &err));
	assert_int_equal(state, MP_CGROUP_GONE);
	remove_now(cg);
	mp_cgroup_close(pod);
}

static void what_a_container_made_inside_goes_too(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		const char *top = mp_cgroup_host_path(host, (enum mp_cgroup_controller)c);
		char path[PATH_MAX];

		if (!top || c == MP_CGROUP_HUGETLB || c == MP_CGROUP_DEVICES)
			continue;

		int n = snprintf(path, sizeof(path), "%s/%s", top, mp_cgroup_path(cg));

		for (int depth = 0; depth < 30; depth++) {
			n += snprintf(path + n, sizeof(path) - (size_t)n, "/d");
			if (mkdir(path, 0755) < 0 && errno != EEXIST)
				fail_msg("mkdir %s: %s", path, strerror(errno));
		}
	}

	enum mp_cgroup_state state = MP_CGROUP_BUSY;

	OK(mp_cgroup_remove(cg, &state, &err));
	assert_int_equal(state, MP_CGROUP_GONE);
	remove_now(cg);
	remove_now(pod);
}

static void a_pod_left_behind_is_taken_over(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits limits = { .pids_max = has(MP_CGROUP_PIDS) ? 7 : 0 };

	mp_cgroup_close(new_pod("burstable/pod1", &limits)); /* a supervisor died here */

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);

	if (has(MP_CGROUP_PIDS))
		assert_string_equal(file_of(pod, MP_CGROUP_PIDS, "pids.max"), "max");
	remove_now(pod);
}

static void a_container_left_behind_is_replaced_only_when_it_is_empty(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *old = new_container(pod, "web.0", NULL);
	struct mp_cgroup *cg = NULL;
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_CONTAINER };
	pid_t pid = sleeper_in(old);

	assert_int_equal(mp_cgroup_open_container(pod, "web.0", &limits, &cg, &err), -EBUSY);
	assert_non_null(strstr(err.msg, "replace the old cgroup"));
	OK(mp_cgroup_kill(old, &err));
	(void)reap(pid);
	mp_cgroup_close(old);
	remove_now(new_container(pod, "web.0", NULL));
	remove_now(pod);
}

static void adopting_finds_what_is_there_and_nothing_else(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = NULL;
	struct mp_cgroup *cg = NULL;

	assert_int_equal(mp_cgroup_adopt_pod(host, "burstable/pod1", &pod, &err), -ENOENT);
	mp_cgroup_close(new_pod("burstable/pod1", NULL));
	OK(mp_cgroup_adopt_pod(host, "burstable/pod1", &pod, &err));
	assert_int_equal(mp_cgroup_adopt_container(pod, "web.0", &cg, &err), -ENOENT);
	mp_cgroup_close(new_container(pod, "web.0", NULL));
	OK(mp_cgroup_adopt_container(pod, "web.0", &cg, &err));
	assert_string_equal(mp_cgroup_path(cg), "burstable/pod1/web.0");

	pid_t pid = sleeper_in(cg); /* an adopted container can be joined (exec) and killed */

	assert_false(mp_cgroup_is_empty(cg));
	OK(mp_cgroup_kill(cg, &err));
	(void)reap(pid);
	remove_now(cg);
	remove_now(pod);
}

static void shared_parents_go_with_the_last_pod(void **unused)
{
	(void)unused;
	struct mp_cgroup *a = new_pod("burstable/podA", NULL);
	struct mp_cgroup *b = new_pod("burstable/podB", NULL);
	struct mp_cgroup *c = new_pod("podC", NULL);

	remove_now(a);
	mp_cgroup_close(new_pod("burstable/podB", NULL)); /* still there */
	remove_now(b);

	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/burstable",
		       mp_cgroup_host_path(host, mp_cgroup_host_has(host, MP_CGROUP_CPU) ?
							 MP_CGROUP_CPU :
							 MP_CGROUP_UNIFIED));
	assert_int_equal(access(path, F_OK), -1);
	remove_now(c);
	check_nothing_left();
}

static void a_shared_parent_weighs_as_much_as_its_pods_ask_for(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits quarter = { .has_cpu_request = true,
						  .cpu_request_milli = 250 };
	const struct mp_cgroup_limits whole = { .has_cpu_request = true,
						.cpu_request_milli = 1000 };
	char path[PATH_MAX];
	char text[32] = "";

	if (!has(MP_CGROUP_CPU))
		skip();

	bool is_v2 = is_v2_file(MP_CGROUP_CPU);
	struct mp_cgroup *a = new_pod("burstable/podA", &quarter);
	struct mp_cgroup *b = new_pod("burstable/podB", &whole);
	struct mp_cgroup *left = new_pod("besteffort/podC", NULL);
	const struct {
		const char *parent, *v1, *v2;
	} rows[] = { { "burstable", "1280\n", "49\n" }, { "besteffort", "2\n", "1\n" } };

	for (size_t i = 0; i < 2; i++) {
		OK(mp_cgroup_refresh_shared(host, rows[i].parent, &err));
		(void)snprintf(path, sizeof(path), "%s/%s/%s",
			       mp_cgroup_host_path(host, MP_CGROUP_CPU), rows[i].parent,
			       is_v2 ? "cpu.weight" : "cpu.shares");

		mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

		memset(text, 0, sizeof(text));
		assert_true(read(fd, text, sizeof(text) - 1) > 0);
		assert_string_equal(text, is_v2 ? rows[i].v2 : rows[i].v1);
	}
	remove_now(a);
	remove_now(b);
	remove_now(left);
	OK(mp_cgroup_refresh_shared(host, "burstable", &err)); /* gone: fine */
}

struct visits {
	char seen[16][64];
	size_t n;
};

static int note_visit(const char *path, void *arg)
{
	struct visits *v = arg;

	for (size_t i = 0; i < v->n; i++) {
		if (strcmp(v->seen[i], path) == 0)
			return 0;
	}
	if (v->n < 16)
		(void)snprintf(v->seen[v->n++], sizeof(v->seen[0]), "%s", path);
	return 0;
}

static void walking_visits_children_before_parents(void **unused)
{
	(void)unused;
	struct visits v = { .n = 0 };

	OK(mp_cgroup_walk(host, note_visit, &v, &err)); /* nothing there: fine */
	assert_int_equal(v.n, 0);

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

	OK(mp_cgroup_walk(host, note_visit, &v, &err));
	assert_int_equal(v.n, 3);
	assert_string_equal(v.seen[0], "burstable/pod1/web.0");
	assert_string_equal(v.seen[1], "burstable/pod1");
	assert_string_equal(v.seen[2], "burstable");
	remove_now(cg);
	remove_now(pod);
}

static void names_that_lead_elsewhere_are_refused(void **unused)
{
	(void)unused;
	static const char *const bad[] = {
		"", "/", "/pod", "..", "a/../b", "a//b", "a/", ".", "a/."
	};
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_POD };
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = NULL;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(mp_cgroup_open_pod(host, bad[i], &limits, &cg, NULL), -EINVAL);
		assert_int_equal(mp_cgroup_adopt_pod(host, bad[i], &cg, NULL), -EINVAL);
		assert_int_equal(mp_cgroup_open_container(pod, bad[i], &limits, &cg, NULL),
				 -EINVAL);
	}
	assert_int_equal(mp_cgroup_open_container(pod, "a/b", &limits, &cg, NULL), -EINVAL);
	remove_now(pod);
}

static void nothing_is_held_open_after_closing(void **unused)
{
	(void)unused;
	int fds = count_fds();

	for (int i = 0; i < 3; i++) {
		struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
		struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

		remove_now(cg);
		remove_now(pod);
	}
	mp_cgroup_close(NULL);
	assert_int_equal(count_fds(), fds);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, nothing_left)
	const struct CMUnitTest tests[] = {
		T(limits_arrive_in_the_kernel),
		T(a_pod_begun_is_complete_before_its_first_container),
		T(update_moves_limits_both_ways_and_lifts_them),
		T(a_limit_without_its_controller_is_refused_and_leaves_nothing),
		T(a_half_built_pod_is_taken_back),
		T(a_failed_open_leaves_a_pod_that_was_there_alone),
		T(a_child_is_in_every_hierarchy_after_joining),
		T(killing_reaches_everybody_and_removal_follows),
		T(the_dying_are_not_held_up_by_a_cpu_limit),
		T(the_successor_of_a_killed_container_starts_unharmed),
		T(a_frozen_container_can_still_be_killed),
		T(a_hierarchy_that_is_not_needed_is_not_used),
		T(removing_a_busy_tree_says_busy_and_harms_nobody),
		T(what_a_container_made_inside_goes_too),
		T(a_pod_left_behind_is_taken_over),
		T(a_container_left_behind_is_replaced_only_when_it_is_empty),
		T(adopting_finds_what_is_there_and_nothing_else),
		T(shared_parents_go_with_the_last_pod),
		T(a_shared_parent_weighs_as_much_as_its_pods_ask_for),
		T(walking_visits_children_before_parents),
		T(names_that_lead_elsewhere_are_refused),
		T(nothing_is_held_open_after_closing),
	};

	return RUN_IN_ALL_VIEWS(tests);
}
