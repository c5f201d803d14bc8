/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/events.h"
#include "cgroups/usage.h"
#include "tests/effects/cgroups/support.h"

#define MIB (UINT64_C(1) << 20)

/* Writes to @arg MiB of memory; the exit code says that it was let. */
static int eat(void *arg)
{
	const size_t *mib = arg;
	volatile char *p = malloc(*mib * MIB);

	if (!p)
		return 1;
	for (size_t i = 0; i < *mib * MIB; i += 4096)
		p[i] = 1;
	return 0;
}

/* The process that is killed is a grandchild; the one we started lives on and says how it ended. */
static int eat_in_a_child(void *arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(eat(arg));
	if (waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 2;
}

static struct mp_cgroup_limits small(void)
{
	return (struct mp_cgroup_limits){ .level = MP_CGROUP_LEVEL_CONTAINER,
					  .memory_max_bytes = 8 * MIB,
					  .has_swap_max = true };
}

static bool is_ready(const struct mp_cgroup_watch *watch, int timeout_ms)
{
	struct pollfd p = { .fd = watch->fd, .events = (short)watch->events };

	return poll(&p, 1, timeout_ms) == 1;
}

static void an_oom_kill_is_counted_whichever_process_dies(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits limits = small();
	size_t mib = 64;
	uint64_t kills = 99;

	if (!has(MP_CGROUP_MEMORY))
		skip();

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);
	struct mp_cgroup *other = new_container(pod, "log.0", NULL);

	OK(mp_cgroup_oom_kills(cg, &kills, &err));
	assert_int_equal(kills, 0);
	assert_int_equal(exit_code_in(cg, eat_in_a_child, &mib), SIGKILL);
	OK(mp_cgroup_oom_kills(cg, &kills, &err));
	assert_int_equal(kills, 1);
	assert_int_equal(exit_code_in(cg, eat, &mib), 128 + SIGKILL);
	OK(mp_cgroup_oom_kills(cg, &kills, &err));
	assert_int_equal(kills, 2);
	OK(mp_cgroup_oom_kills(other, &kills, &err));
	assert_int_equal(kills, 0);
	remove_now(cg);
	remove_now(other);
	cg = new_container(pod, "web.0", &limits); /* the next attempt begins at zero */
	OK(mp_cgroup_oom_kills(cg, &kills, &err));
	assert_int_equal(kills, 0);
	remove_now(cg);
	remove_now(pod);
}

static void a_kill_for_the_pods_limit_counts_in_the_victims_container(void **unused)
{
	(void)unused;
	struct mp_cgroup_limits limits = small();
	size_t mib = 64;
	uint64_t kills = 99;

	if (!has(MP_CGROUP_MEMORY))
		skip();
	limits.level = MP_CGROUP_LEVEL_POD;

	struct mp_cgroup *pod = new_pod("burstable/pod1", &limits);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

	assert_int_equal(exit_code_in(cg, eat, &mib), 128 + SIGKILL);
	OK(mp_cgroup_oom_kills(cg, &kills, &err));
	assert_int_equal(kills, 1);
	remove_now(cg);
	remove_now(pod);
}

static void an_oom_watch_becomes_ready_and_can_be_drained(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits limits = small();
	struct mp_cgroup_watch watch = MP_CGROUP_WATCH_NONE;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	size_t mib = 64;
	int fds = count_fds();

	if (!has(MP_CGROUP_MEMORY)) {
		assert_int_equal(mp_cgroup_watch_oom(pod, &watch, &err), -EOPNOTSUPP);
		remove_now(pod);
		skip();
	}

	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);

	OK(mp_cgroup_watch_oom(cg, &watch, &err));
	assert_false(is_ready(&watch, 0));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(exit_code_in(cg, eat, &mib), 128 + SIGKILL);
		assert_true(is_ready(&watch, PATIENCE_MS));
		mp_cgroup_watch_drain(&watch);
		assert_false(is_ready(&watch, 0));
	}
	mp_cgroup_watch_done(&watch);
	mp_cgroup_watch_done(&watch);
	remove_now(cg);
	assert_int_equal(count_fds(), fds);
	remove_now(pod);
}

static void a_watch_for_emptiness_becomes_ready_when_the_last_process_dies(void **unused)
{
	(void)unused;
	struct mp_cgroup_watch watch = MP_CGROUP_WATCH_NONE;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

	if (!has(MP_CGROUP_UNIFIED)) {
		assert_int_equal(mp_cgroup_watch_empty(cg, &watch, &err), -EOPNOTSUPP);
		remove_now(cg);
		remove_now(pod);
		skip();
	}

	pid_t pid = sleeper_in(cg);

	OK(mp_cgroup_watch_empty(cg, &watch, &err));
	assert_false(is_ready(&watch, 0));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(is_ready(&watch, PATIENCE_MS));
	mp_cgroup_watch_drain(&watch);
	assert_false(is_ready(&watch, 0));
	assert_true(mp_cgroup_is_empty(cg)); /* a zombie is not life */
	(void)reap(pid);
	mp_cgroup_watch_done(&watch);
	remove_now(cg);
	remove_now(pod);
}

/* Forks until it may not any more; never more than 1000 times, should the limit not work. */
static int fork_bomb(void *arg)
{
	(void)arg;
	for (int i = 0; i < 1000; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return errno == EAGAIN ? 11 : 1;
		if (pid == 0)
			return sleep_for_ever(NULL);
	}
	return 2;
}

static void a_fork_bomb_stops_at_the_limit_and_is_killed_whole(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_CONTAINER,
						 .pids_max = 20 };
	struct mp_cgroup_usage usage;
	size_t n = 0;

	if (!has(MP_CGROUP_PIDS))
		skip();

	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);

	assert_int_equal(exit_code_in(cg, fork_bomb, NULL), 11);
	OK(mp_cgroup_pids(cg, NULL, 0, &n, &err));
	assert_int_equal(n, 19); /* the first one has exited */
	OK(mp_cgroup_usage_read(cg, &usage, &err));
	assert_true(usage.has_pids);
	assert_int_equal(usage.pids, 19);
	assert_int_equal(usage.pids_max, 20);
	OK(mp_cgroup_kill(cg, &err));
	wait_until_empty(cg);
	remove_now(cg);
	remove_now(pod);
}

/* Burns @arg milliseconds of its own cpu time. */
static int burn(void *arg)
{
	const long *ms = arg;
	struct timespec t;

	do {
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	} while (t.tv_sec * 1000 + t.tv_nsec / 1000000 < *ms);
	return 0;
}

static void usage_tells_what_was_used_and_what_was_denied(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits limits = {
		.level = MP_CGROUP_LEVEL_CONTAINER,
		.cpu_limit_milli = has(MP_CGROUP_CPU) ? 100 : 0,
		.memory_max_bytes = has(MP_CGROUP_MEMORY) ? 64 * MIB : 0,
	};
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);
	struct mp_cgroup_usage usage;
	long ms = 30;

	assert_int_equal(exit_code_in(cg, burn, &ms), 0);

	pid_t pid = sleeper_in(cg);

	OK(mp_cgroup_usage_read(cg, &usage, &err));
	assert_true(usage.has_cpu);
	assert_in_range(usage.cpu_us, 25000, 2000000);
	assert_int_equal(usage.has_throttling, has(MP_CGROUP_CPU));
	if (has(MP_CGROUP_CPU)) {
		assert_true(usage.periods > 0); /* 10 ms allowed of each 100 */
		assert_true(usage.throttled_periods > 0);
		assert_true(usage.throttled_us > 0);
	}
	assert_int_equal(usage.has_memory, has(MP_CGROUP_MEMORY));
	if (has(MP_CGROUP_MEMORY)) {
		assert_int_equal(usage.memory_max_bytes, 64 * MIB);
		assert_true(usage.memory_bytes > 0);
		assert_true(usage.working_set_bytes <= usage.memory_bytes);
		assert_int_equal(usage.oom_kills, 0);
	}
	OK(mp_cgroup_kill(cg, &err));
	(void)reap(pid);
	OK(mp_cgroup_usage_read(pod, &usage, &err)); /* the pod's is the sum */
	assert_in_range(usage.cpu_us, 25000, 2000000);
	assert_int_equal(usage.memory_max_bytes, 0);

	enum mp_cgroup_state state;

	OK(mp_cgroup_remove(cg, &state, &err));
	assert_int_equal(mp_cgroup_usage_read(cg, &usage, &err), -ENOENT);
	mp_cgroup_close(cg);
	remove_now(pod);
}

static void pressure_is_read_where_the_kernel_measures_it(void **unused)
{
	(void)unused;
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup_pressure p = { .some.avg10 = 12345678 };
	static const enum mp_cgroup_resource all[] = { MP_CGROUP_PRESSURE_CPU,
						       MP_CGROUP_PRESSURE_MEMORY,
						       MP_CGROUP_PRESSURE_IO };

	for (size_t i = 0; i < 3; i++) {
		int r = mp_cgroup_pressure_read(pod, all[i], &p, &err);

		if (!has(MP_CGROUP_UNIFIED) || access("/proc/pressure/cpu", F_OK) < 0) {
			assert_int_equal(r, -EOPNOTSUPP);
			continue;
		}
		if (r < 0)
			fail_msg("%s", err.msg);
		assert_true(p.some.avg10 <= 10000);
	}
	remove_now(pod);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, nothing_left)
	const struct CMUnitTest tests[] = {
		T(an_oom_kill_is_counted_whichever_process_dies),
		T(a_kill_for_the_pods_limit_counts_in_the_victims_container),
		T(an_oom_watch_becomes_ready_and_can_be_drained),
		T(a_watch_for_emptiness_becomes_ready_when_the_last_process_dies),
		T(a_fork_bomb_stops_at_the_limit_and_is_killed_whole),
		T(usage_tells_what_was_used_and_what_was_denied),
		T(pressure_is_read_where_the_kernel_measures_it),
	};

	return RUN_IN_ALL_VIEWS(tests);
}
