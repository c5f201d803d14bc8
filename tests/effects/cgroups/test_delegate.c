/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A supervisor that itself lives in the cgroup it was given, as in a unit with Delegate=yes or in
 * a container: "no internal processes" says it must step aside before it can hand down limits.
 */
#include "tests/effects/cgroups/support.h"
#include "tests/support/strict.h"

#include <sys/xattr.h>

static char unit[PATH_MAX]; /* the cgroup that was given to us */
static char handed_down_before[512];

static void write_to(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);

	mp_auto_fd fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail_msg("%s: %s", path, strerror(errno));
}

static const char *read_from(const char *dir, const char *file)
{
	static char text[512];
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);

	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		fail_msg("%s: %s", path, strerror(errno));
	text[n] = '\0';
	return text;
}

/* Any controller that this kernel can hand down and that we know: each shows the rule. */
static const char *some_controller(void)
{
	static const char *const known[] = { "pids", "memory", "hugetlb" };
	const char *offered = read_from(v2_place(), "cgroup.controllers");

	for (size_t i = 0; i < 3; i++) {
		if (strstr(offered, known[i]))
			return known[i];
	}
	return NULL;
}

static int make_unit(void **unused)
{
	(void)unused;
	char text[64];
	const char *controller = some_controller();

	name_root();
	(void)snprintf(unit, sizeof(unit), "%s/%s", v2_place(), root_name);
	(void)snprintf(handed_down_before, sizeof(handed_down_before), "%s",
		       read_from(v2_place(), "cgroup.subtree_control"));
	if (controller) {
		(void)snprintf(text, sizeof(text), "+%s", controller);
		write_to(v2_place(), "cgroup.subtree_control", text);
	}
	assert_int_equal(mkdir(unit, 0755), 0);
	return 0;
}

static int remove_unit(void **unused)
{
	(void)unused;
	char path[PATH_MAX + 64];
	char text[64];
	const char *controller = some_controller();

	(void)snprintf(path, sizeof(path), "%s/minipod.supervisor", unit);
	(void)rmdir(path); /* stays for as long as a supervisor's unit does */
	if (rmdir(unit) < 0)
		fail_msg("%s is left behind: %s", unit, strerror(errno));
	if (controller && !strstr(handed_down_before, controller)) {
		(void)snprintf(text, sizeof(text), "-%s", controller);
		write_to(v2_place(), "cgroup.subtree_control", text);
	}
	return 0;
}

static void run_in_unit(int (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		write_to(unit, "cgroup.procs", "0");
		_exit(fn());
	}

	int status = reap(pid);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Which step went wrong is the exit code; the sentence goes to stderr. */
static int check(int step, bool is_good)
{
	if (!is_good)
		(void)fprintf(stderr, "step %d: %s\n", step, err.msg);
	return is_good ? 0 : step;
}

static const struct mp_cgroup_hugetlb some_huge = { .page_bytes = 2 << 20, .max_bytes = 2 << 20 };

/* Limits for which the controller of some_controller() has to be handed down. */
static struct mp_cgroup_limits some_limits(void)
{
	struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_POD };

	if (strcmp(some_controller(), "hugetlb") == 0) {
		limits.hugetlb = &some_huge;
		limits.n_hugetlb = 1;
	} else if (strcmp(some_controller(), "pids") == 0) {
		limits.pids_max = 7;
	} else {
		limits.memory_max_bytes = 1 << 26;
	}
	return limits;
}

static int make_and_remove_a_pod(const struct mp_cgroup_host_config *config)
{
	const struct mp_cgroup_limits limits = some_limits();
	enum mp_cgroup_state state = MP_CGROUP_BUSY;
	struct mp_cgroup *pod = NULL;
	int r = check(1, mp_cgroup_host_open(config, &host, &err) == 0);

	if (r == 0)
		r = check(2, strncmp(mp_cgroup_host_path(host, MP_CGROUP_UNIFIED), unit,
				     strlen(unit)) == 0);
	if (r == 0)
		r = check(3, mp_cgroup_open_pod(host, "burstable/pod1", &limits, &pod, &err) == 0);
	if (r == 0)
		r = check(4, mp_cgroup_remove(pod, &state, &err) == 0 && state == MP_CGROUP_GONE);
	mp_cgroup_close(pod);
	return r;
}

static int given_by_path(void)
{
	const struct mp_cgroup_host_config config = { .v2_at = unit, .root = "minipod" };
	char own[64];
	int r = make_and_remove_a_pod(&config);

	(void)snprintf(own, sizeof(own), "%d\n", (int)getpid());
	return r ? r :
		   check(5, strcmp(read_from(unit, "minipod.supervisor/cgroup.procs"), own) == 0);
}

static void a_supervisor_alone_in_its_cgroup_steps_aside(void **unused)
{
	(void)unused;
	if (!some_controller())
		skip();
	run_in_unit(given_by_path);
}

static int delegated(void)
{
	const struct mp_cgroup_host_config config = { .v2_at = v2_place() };

	return make_and_remove_a_pod(&config);
}

static void pods_stay_below_a_cgroup_that_was_delegated(void **unused)
{
	(void)unused;
	if (!some_controller())
		skip();
	assert_int_equal(setxattr(unit, "user.delegate", "1", 1, 0), 0);
	run_in_unit(delegated);
}

static int not_delegated(void)
{
	const struct mp_cgroup_host_config config = { .v2_at = v2_place() };
	char want[PATH_MAX];
	int r = check(1, mp_cgroup_host_open(&config, &host, &err) == 0);

	(void)snprintf(want, sizeof(want), "%s/minipod", v2_place());
	return r ? r : check(2, strcmp(mp_cgroup_host_path(host, MP_CGROUP_UNIFIED), want) == 0);
}

static void a_cgroup_that_was_not_delegated_is_left_alone(void **unused)
{
	(void)unused;
	run_in_unit(not_delegated);
}

static int with_company(void)
{
	const struct mp_cgroup_host_config config = { .v2_at = unit, .root = "minipod" };
	const struct mp_cgroup_limits limits = some_limits();
	struct mp_cgroup *pod = NULL;
	char path[PATH_MAX + 64];
	pid_t other = fork(); /* somebody else in our cgroup */

	if (other == 0)
		return sleep_for_ever(NULL);

	int r = check(1, mp_cgroup_host_open(&config, &host, &err) == 0);

	if (r == 0)
		r = check(2, mp_cgroup_open_pod(host, "pod1", &limits, &pod, &err) == -EBUSY &&
				     strstr(err.msg, "has processes of its own"));
	(void)snprintf(path, sizeof(path), "%s/minipod.supervisor", unit);
	if (r == 0)
		r = check(3, access(path, F_OK) < 0); /* we are back, and so is everything */
	(void)snprintf(path, sizeof(path), "%s/minipod", unit);
	if (r == 0)
		r = check(4, access(path, F_OK) < 0);
	(void)kill(other, SIGKILL);
	(void)reap(other);
	return r;
}

static void company_in_the_cgroup_is_refused_with_a_way_out(void **unused)
{
	(void)unused;
	if (!some_controller())
		skip();
	run_in_unit(with_company);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_unit, remove_unit)
	const struct CMUnitTest tests[] = {
		T(a_supervisor_alone_in_its_cgroup_steps_aside),
		T(pods_stay_below_a_cgroup_that_was_delegated),
		T(a_cgroup_that_was_not_delegated_is_left_alone),
		T(company_in_the_cgroup_is_refused_with_a_way_out),
	};
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", v2_place());
	if (geteuid() != 0 || access(path, F_OK) < 0) {
		(void)fprintf(stderr, "skipped: needs root and a cgroup2 mount\n");
		return tests_are_strict() ? 1 : 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
