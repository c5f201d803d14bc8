/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/mounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

struct plan {
	struct mp_arena arena;
	const struct mp_mount_step *steps;
	size_t n;
};

static struct plan plan_of(const struct mp_mounts_config *cfg)
{
	struct plan p = { .steps = NULL };
	struct mp_error err = MP_ERROR_NONE;

	if (mp_mounts_plan(cfg, &p.arena, &p.steps, &p.n, &err) != 0)
		fail_msg("%s", err.msg);
	return p;
}

static size_t index_of(const struct plan *p, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->steps[i].target, target) == 0)
			return i;
	return SIZE_MAX;
}

static const struct mp_mount_step *step_at(const struct plan *p, const char *target)
{
	const size_t i = index_of(p, target);

	if (i == SIZE_MAX)
		fail_msg("no step for %s", target);
	return &p->steps[i];
}

static void plain_container_gets_the_standard_mounts(void **unused)
{
	static const char *const targets[] = { "/proc",    "/dev",     "/sys",
					       "/dev/pts", "/dev/shm", "/dev/mqueue" };
	struct plan p = plan_of(&(const struct mp_mounts_config){ 0 });

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(targets); i++) {
		assert_string_equal(p.steps[i].target, targets[i]);
		assert_true(p.steps[i].is_nofollow);
		assert_true((p.steps[i].attrs & MOUNT_ATTR_NOSUID) != 0);
	}
	assert_true((step_at(&p, "/sys")->attrs & MOUNT_ATTR_RDONLY) != 0);
	assert_true((step_at(&p, "/proc")->attrs & MOUNT_ATTR_RDONLY) == 0);
	assert_true((step_at(&p, "/dev")->attrs & MOUNT_ATTR_NODEV) == 0);
	assert_int_equal(index_of(&p, "/dev/console"), SIZE_MAX);
	assert_int_equal(index_of(&p, "/sys/fs/cgroup"), SIZE_MAX);
	mp_arena_done(&p.arena);
}

static void masks_and_read_only_paths_come_last(void **unused)
{
	static const char *const more[] = { "/sys/devices/system/cpu/cpu0/thermal_throttle" };
	const struct mp_bind bind = { .name = "volume 'v'", .target = "/a/b/c/d/e/f" };
	struct plan p = plan_of(&(const struct mp_mounts_config){
		.binds = &bind, .n_binds = 1, .more_masks = more, .n_more_masks = 1 });
	bool seen_mask = false;
	size_t masks = 0, readonly = 0;

	(void)unused;
	for (size_t i = 0; i < p.n; i++) {
		const bool is_late =
			p.steps[i].kind == MP_MOUNT_MASK || p.steps[i].kind == MP_MOUNT_READONLY;

		assert_true(is_late || !seen_mask);
		seen_mask |= is_late;
		masks += p.steps[i].kind == MP_MOUNT_MASK ? 1 : 0;
		readonly += p.steps[i].kind == MP_MOUNT_READONLY ? 1 : 0;
	}
	assert_int_equal(masks, 13);
	assert_int_equal(readonly, 5);
	assert_int_equal(step_at(&p, "/proc/kcore")->kind, MP_MOUNT_MASK);
	assert_int_equal(step_at(&p, more[0])->kind, MP_MOUNT_MASK);
	assert_int_equal(step_at(&p, "/proc/sys")->kind, MP_MOUNT_READONLY);
	mp_arena_done(&p.arena);
}

static void unmasked_or_privileged_hides_nothing(void **unused)
{
	struct plan p = plan_of(&(const struct mp_mounts_config){ .is_unmasked = true });

	(void)unused;
	assert_int_equal(p.n, 6);
	assert_true((step_at(&p, "/sys")->attrs & MOUNT_ATTR_RDONLY) != 0);
	mp_arena_done(&p.arena);

	p = plan_of(&(const struct mp_mounts_config){ .is_privileged = true });
	assert_int_equal(p.n, 6);
	assert_true((step_at(&p, "/sys")->attrs & MOUNT_ATTR_RDONLY) == 0);
	mp_arena_done(&p.arena);
}

static void volumes_are_ordered_by_components_and_otherwise_as_given(void **unused)
{
	static const struct mp_bind binds[] = {
		{ .name = "d", .target = "/a/b/c" }, { .name = "b", .target = "/zzzzzzzz" },
		{ .name = "c", .target = "/a/b" },   { .name = "a", .target = "/a" },
		{ .name = "e", .target = "/a/x" },
	};
	struct plan p = plan_of(&(const struct mp_mounts_config){ .binds = binds, .n_binds = 5 });

	(void)unused;
	assert_true(index_of(&p, "/zzzzzzzz") < index_of(&p, "/a"));
	assert_true(index_of(&p, "/sys") < index_of(&p, "/zzzzzzzz"));
	assert_true(index_of(&p, "/a") < index_of(&p, "/a/b"));
	assert_true(index_of(&p, "/a/b") < index_of(&p, "/a/x"));
	assert_true(index_of(&p, "/a/x") < index_of(&p, "/a/b/c"));
	assert_string_equal(step_at(&p, "/a/b")->what, "mount c at /a/b");
	assert_int_equal(step_at(&p, "/a/b")->index, 2);
	assert_false(step_at(&p, "/a/b")->is_nofollow);
	mp_arena_done(&p.arena);
}

static void directories_to_keep_are_bound_when_the_root_is_read_only(void **unused)
{
	static const char *const kept[] = { "/data/deep", "/data//", "/own", "/" };
	const struct mp_bind own = { .name = "own", .target = "/own", .source_fd = 3 };
	struct mp_mounts_config cfg = { .kept = kept, .n_kept = 4, .binds = &own, .n_binds = 1 };
	struct plan p = plan_of(&cfg);

	(void)unused;
	for (size_t i = 0; i < p.n; i++)
		assert_int_not_equal(p.steps[i].kind, MP_MOUNT_KEPT);
	mp_arena_done(&p.arena);
	cfg.is_root_readonly = true;
	p = plan_of(&cfg);
	assert_int_equal(step_at(&p, "/data")->kind, MP_MOUNT_KEPT);
	assert_int_equal(step_at(&p, "/data/deep")->kind, MP_MOUNT_KEPT);
	assert_true(index_of(&p, "/data") < index_of(&p, "/data/deep"));
	assert_int_equal(step_at(&p, "/own")->kind, MP_MOUNT_BIND);
	mp_arena_done(&p.arena);
}

static void targets_are_cleaned(void **unused)
{
	static const struct {
		const char *given, *cleaned;
	} paths[] = {
		{ "/data/", "/data" },     { "//data", "/data" },        { "data", "/data" },
		{ "/a/./b", "/a/b" },      { "/a/../b", "/b" },          { "/../../b", "/b" },
		{ "/a/b/../..//c", "/c" }, { "/a..b/...", "/a..b/..." },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(paths); i++) {
		const struct mp_bind bind = { .name = "v", .target = paths[i].given };
		struct plan p =
			plan_of(&(const struct mp_mounts_config){ .binds = &bind, .n_binds = 1 });

		assert_int_equal(step_at(&p, paths[i].cleaned)->kind, MP_MOUNT_BIND);
		mp_arena_done(&p.arena);
	}
}

static void the_root_is_no_mount_point(void **unused)
{
	static const char *const roots[] = { "/", "", "/a/..", "//." };

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(roots); i++) {
		const struct mp_bind bind = { .name = "volume 'v'", .target = roots[i] };
		const struct mp_mounts_config cfg = { .binds = &bind, .n_binds = 1 };
		struct mp_arena arena = { .head = NULL };
		struct mp_error err = MP_ERROR_NONE;
		const struct mp_mount_step *steps;
		size_t n;

		assert_int_equal(mp_mounts_plan(&cfg, &arena, &steps, &n, &err), -22);
		assert_non_null(strstr(err.msg, "mount volume 'v' at"));
		mp_arena_done(&arena);
	}
}

static void a_volume_replaces_a_standard_mount(void **unused)
{
	static const struct mp_bind binds[] = {
		{ .name = "pod shm", .target = "/dev/shm" },
		{ .name = "volume 'cache'", .target = "/dev/shm/" },
		{ .name = "volume 'sys'", .target = "/sys" },
	};
	struct plan p = plan_of(&(const struct mp_mounts_config){
		.binds = binds, .n_binds = 3, .cgroup_view = MP_CGROUP_VIEW_UNIFIED });
	size_t shm = 0;

	(void)unused;
	for (size_t i = 0; i < p.n; i++)
		shm += strcmp(p.steps[i].target, "/dev/shm") == 0 ? 1 : 0;
	assert_int_equal(shm, 1);
	assert_int_equal(step_at(&p, "/dev/shm")->index, 1);
	assert_int_equal(step_at(&p, "/sys")->kind, MP_MOUNT_BIND);
	assert_true(index_of(&p, "/sys") < index_of(&p, "/sys/fs/cgroup"));
	mp_arena_done(&p.arena);
}

static void a_volume_at_dev_replaces_all_of_dev(void **unused)
{
	static const struct mp_bind binds[] = {
		{ .name = "termination log", .target = "/dev/termination-log" },
		{ .name = "volume 'dev'", .target = "/dev" },
	};
	struct plan p = plan_of(
		&(const struct mp_mounts_config){ .binds = binds, .n_binds = 2, .has_tty = true });

	(void)unused;
	assert_int_equal(step_at(&p, "/dev")->kind, MP_MOUNT_BIND);
	assert_int_equal(index_of(&p, "/dev/pts"), SIZE_MAX);
	assert_int_equal(index_of(&p, "/dev/shm"), SIZE_MAX);
	assert_int_equal(index_of(&p, "/dev/console"), SIZE_MAX);
	assert_true(index_of(&p, "/dev") < index_of(&p, "/dev/termination-log"));
	mp_arena_done(&p.arena);
}

static void cgroups_are_seen_as_the_host_has_them(void **unused)
{
	static const struct mp_cgroup_mount split[] = { { "cpu,cpuacct", 5 }, { "memory", 6 } };
	struct mp_mounts_config cfg = { .cgroup_view = MP_CGROUP_VIEW_SPLIT,
					.cgroups = split,
					.n_cgroups = 2 };
	struct plan p = plan_of(&cfg);

	(void)unused;
	assert_int_equal(step_at(&p, "/sys/fs/cgroup")->kind, MP_MOUNT_CGROUP_ROOT);
	assert_int_equal(step_at(&p, "/sys/fs/cgroup/memory")->index, 1);
	assert_true((step_at(&p, "/sys/fs/cgroup/memory")->attrs & MOUNT_ATTR_RDONLY) != 0);
	assert_true(index_of(&p, "/sys/fs/cgroup") < index_of(&p, "/sys/fs/cgroup/memory"));
	mp_arena_done(&p.arena);

	cfg.is_privileged = true;
	p = plan_of(&cfg);
	assert_true((step_at(&p, "/sys/fs/cgroup/memory")->attrs & MOUNT_ATTR_RDONLY) == 0);
	mp_arena_done(&p.arena);
}

static void attributes_of_a_volume_become_those_of_its_mount(void **unused)
{
	static const struct mp_bind binds[] = {
		{ .name = "a", .target = "/a", .is_readonly = true },
		{ .name = "b",
		  .target = "/b",
		  .is_nosuid = true,
		  .is_nodev = true,
		  .is_noexec = true },
		{ .name = "c", .target = "/c" },
	};
	struct plan p = plan_of(&(const struct mp_mounts_config){ .binds = binds, .n_binds = 3 });

	(void)unused;
	assert_int_equal(step_at(&p, "/a")->attrs, MOUNT_ATTR_RDONLY);
	assert_int_equal(step_at(&p, "/b")->attrs,
			 MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	assert_int_equal(step_at(&p, "/c")->attrs, 0);
	mp_arena_done(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_container_gets_the_standard_mounts),
		cmocka_unit_test(masks_and_read_only_paths_come_last),
		cmocka_unit_test(unmasked_or_privileged_hides_nothing),
		cmocka_unit_test(volumes_are_ordered_by_components_and_otherwise_as_given),
		cmocka_unit_test(directories_to_keep_are_bound_when_the_root_is_read_only),
		cmocka_unit_test(targets_are_cleaned),
		cmocka_unit_test(the_root_is_no_mount_point),
		cmocka_unit_test(a_volume_replaces_a_standard_mount),
		cmocka_unit_test(a_volume_at_dev_replaces_all_of_dev),
		cmocka_unit_test(cgroups_are_seen_as_the_host_has_them),
		cmocka_unit_test(attributes_of_a_volume_become_those_of_its_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
