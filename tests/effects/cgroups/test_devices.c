/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/devices.h"
#include "tests/effects/cgroups/support.h"

#include <sys/sysmacros.h>

struct attempt {
	const char *path;
	int flags;
};

/* The errno of opening, 0 when it went well. */
static int try_open(void *arg)
{
	const struct attempt *a = arg;

	return open(a->path, a->flags | O_CLOEXEC) < 0 ? errno : 0;
}

static int opening(struct mp_cgroup *cg, const char *path, int flags)
{
	struct attempt a = { path, flags };

	return exit_code_in(cg, try_open, &a);
}

static int try_mknod(void *arg)
{
	const char *path = arg;
	int r = mknod(path, S_IFCHR | 0600, makedev(1, 11)) < 0 ? errno : 0;

	(void)unlink(path);
	return r;
}

/* A container that is under @policy. */
static struct mp_cgroup *limited(struct mp_cgroup *pod, const struct mp_device_policy *policy)
{
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);
	struct mp_device_program *program = NULL;

	OK(mp_device_program_load(host, policy, &program, &err));
	OK(mp_cgroup_set_devices(cg, program, &err));
	mp_device_program_free(program); /* the container keeps it */
	return cg;
}

static void the_default_policy_allows_the_standard_devices_and_mknod_only(void **unused)
{
	(void)unused;
	static const char *const allowed[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					       "/dev/urandom" };
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = limited(pod, &mp_device_policy_default);
	char node[] = "/tmp/minipod-test-node-XXXXXX";
	int fd = mkstemp(node);

	assert_true(fd >= 0);
	(void)close(fd);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(opening(cg, allowed[i], O_RDONLY), 0);
	assert_int_equal(opening(cg, "/dev/null", O_RDWR), 0);
	(void)unlink(node);
	assert_int_equal(exit_code_in(cg, try_mknod, node), 0); /* making is fine, opening is not */
	assert_int_equal(mknod(node, S_IFCHR | 0600, makedev(10, 237)), 0);
	assert_int_equal(opening(cg, node, O_RDWR), EPERM); /* loop-control */
	(void)unlink(node);
	assert_int_equal(mknod(node, S_IFBLK | 0600, makedev(1, 3)), 0);
	assert_int_equal(opening(cg, node, O_RDONLY),
			 EPERM); /* a block device with null's numbers */
	(void)unlink(node);
	remove_now(cg);
	remove_now(pod);
}

static void a_privileged_policy_forbids_nothing(void **unused)
{
	(void)unused;
	const struct mp_device_policy everything = { .allows_all = true };
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = limited(pod, &everything);

	assert_int_equal(opening(cg, "/dev/full", O_RDWR), 0);
	assert_int_equal(opening(cg, "/dev/null", O_RDWR), 0);
	remove_now(cg);
	remove_now(pod);
}

static void no_rule_means_no_device(void **unused)
{
	(void)unused;
	const struct mp_device_policy nothing = { .n_rules = 0 };
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = limited(pod, &nothing);

	assert_int_equal(opening(cg, "/dev/null", O_RDONLY), EPERM);
	assert_int_equal(opening(cg, "/etc/passwd", O_RDONLY), 0);
	remove_now(cg);
	remove_now(pod);
}

static void access_bits_are_told_apart(void **unused)
{
	(void)unused;
	const struct mp_device_rule rules[] = { { 'c', 1, 3, MP_DEVICE_READ, true } };
	const struct mp_device_policy policy = { .rules = rules, .n_rules = 1 };
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_cgroup *cg = limited(pod, &policy);
	char node[] = "/tmp/minipod-test-node";

	assert_int_equal(opening(cg, "/dev/null", O_RDONLY), 0);
	assert_int_equal(opening(cg, "/dev/null", O_WRONLY), EPERM);
	assert_int_equal(opening(cg, "/dev/null", O_RDWR), EPERM);
	assert_int_equal(opening(cg, "/dev/zero", O_RDONLY), EPERM);
	assert_int_equal(exit_code_in(cg, try_mknod, node), EPERM);
	remove_now(cg);
	remove_now(pod);
}

static void the_last_rule_that_matches_decides(void **unused)
{
	(void)unused;
	const struct mp_device_rule rules[] = {
		{ 'c', 1, MP_DEVICE_ANY_NR, MP_DEVICE_ALL, true },
		{ 'c', 1, 5, MP_DEVICE_WRITE, false },
	};
	const struct mp_device_policy policy = { .rules = rules, .n_rules = 2 };
	struct mp_cgroup *pod = new_pod("pod1", NULL);
	struct mp_device_program *program = NULL;

	if (!has(MP_CGROUP_UNIFIED)) { /* the v1 controller cannot say this, so we must */
		assert_int_equal(mp_device_program_load(host, &policy, &program, &err),
				 -EOPNOTSUPP);
		assert_non_null(strstr(err.msg, "v1 controller"));
		remove_now(pod);
		return;
	}

	struct mp_cgroup *cg = limited(pod, &policy);

	assert_int_equal(opening(cg, "/dev/null", O_RDWR), 0);
	assert_int_equal(opening(cg, "/dev/zero", O_RDONLY), 0);
	assert_int_equal(opening(cg, "/dev/zero", O_WRONLY), EPERM);
	assert_int_equal(opening(cg, "/dev/zero", O_RDWR), EPERM);
	remove_now(cg);
	remove_now(pod);
}

static void a_rule_without_meaning_is_refused(void **unused)
{
	(void)unused;
	const struct mp_device_rule bad[] = {
		{ 'x', 1, 3, MP_DEVICE_ALL, true },
		{ 'c', -2, 3, MP_DEVICE_ALL, true },
		{ 'c', 1, INT64_C(1) << 32, MP_DEVICE_ALL, true },
		{ 'c', 1, 3, 0, true },
		{ 'c', 1, 3, 8, true },
	};

	for (size_t i = 0; i < 5; i++) {
		const struct mp_device_policy policy = { .rules = &bad[i], .n_rules = 1 };
		struct mp_device_program *program = NULL;

		assert_int_equal(mp_device_program_load(host, &policy, &program, &err), -EINVAL);
		assert_null(program);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, nothing_left)
	const struct CMUnitTest tests[] = {
		T(the_default_policy_allows_the_standard_devices_and_mknod_only),
		T(a_privileged_policy_forbids_nothing),
		T(no_rule_means_no_device),
		T(access_bits_are_told_apart),
		T(the_last_rule_that_matches_decides),
		T(a_rule_without_meaning_is_refused),
	};

	return RUN_IN_ALL_VIEWS(tests);
}
