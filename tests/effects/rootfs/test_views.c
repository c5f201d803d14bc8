/* SPDX-License-Identifier: Apache-2.0 */
/* Containers in a user namespace, and the cgroups a container sees. */
#include "tests/effects/rootfs/env.h"

#include "rootfs/subpath.h"
#include "rootfs/volumes.h"

static void container_in_a_user_namespace_owns_its_root_and_mapped_volumes(void **unused)
{
	struct mp_bind binds[] = {
		{ .name = "volume 'v'",
		  .target = "/v",
		  .source = at("vol"),
		  .source_fd = -EBADF,
		  .is_idmapped = true },
		{ .name = "hosts",
		  .target = "/etc/hosts",
		  .source = at("hosts"),
		  .source_fd = -EBADF,
		  .is_idmapped = true },
		{ .name = "volume 'plain'",
		  .target = "/plain",
		  .source = at("plain"),
		  .source_fd = -EBADF },
	};
	struct stat st;
	struct box b;

	(void)unused;
	MUST(mkdir(at("vol"), 0755));
	MUST(mkdir(at("plain"), 0755));
	put(at("hosts"), "h\n");
	box_open_mapped(&b, MP_OVERLAY_DISK, true);
	box_prepare(&b,
		    (struct mp_rootfs_config){
			    .mounts = { .binds = binds, .n_binds = 3, .is_root_readonly = true },
			    .root_uid = 100000,
			    .root_gid = 100000,
			    .cwd = "/made" });
	box_expect(
		&b,
		"id -u; read a b c </proc/self/uid_map; echo $a $b $c; pwd\n"
		"stat -c '%n %u %g' / /bin/sh /made /v /etc/hosts /dev /dev/null /dev/pts /dev/shm /plain\n"
		"touch /v/mine && echo x >/dev/null && touch /dev/shm/x && cat /etc/hosts\n"
		"touch /dev/new && touch /plain/x; touch /x; mknod /dev/disk b 8 0; cat /proc/interrupts | wc -c\n"
		"mount -o remount,rw /; true",
		"0\n0 100000 65536\n/made\n"
		"/ 0 0\n/bin/sh 0 0\n/made 0 0\n/v 0 0\n/etc/hosts 0 0\n/dev 0 0\n/dev/null 0 0\n"
		"/dev/pts 65534 65534\n/dev/shm 0 0\n/plain 65534 65534\nh\n"
		"touch: /plain/x: Permission denied\n"
		"touch: /x: Read-only file system\n"
		"mknod: /dev/disk: Operation not permitted\n0\n"
		"mount: permission denied (are you root?)\n");
	MUST(stat(at("vol/mine"), &st));
	assert_int_equal(st.st_uid, 0);
	box_close(&b);
}

/* A cgroup directory below wherever the hierarchy @name is mounted, or NULL. */
static const char *cgroup_base(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", name);
	if (access(path, F_OK) == 0)
		return path;
	return NULL;
}

static int make_cgroup(const char *base, char *path, size_t size)
{
	(void)snprintf(path, size, "%s/minipod-test-%ld", base, (long)getpid());
	MUST(mkdir(path, 0755));
	return open_dir(path);
}

static void split_cgroups_are_the_containers_own_and_read_only(void **unused)
{
	const char *base = cgroup_base("memory");
	char path[256];
	struct box b;

	(void)unused;
	if (!base)
		skip(); /* a host without v1 hierarchies */

	mp_auto_fd dir = make_cgroup(base, path, sizeof(path));
	const struct mp_cgroup_mount cgroups[] = { { "memory", dir }, { "cpu,cpuacct", dir } };

	MUST(mkdirat(dir, "inner", 0755));
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .cgroup_view = MP_CGROUP_VIEW_SPLIT,
							       .cgroups = cgroups,
							       .n_cgroups = 2 } });
	box_expect(
		&b,
		"cd /sys/fs/cgroup; ls -1; ls -d memory/inner cpu/inner; mkdir memory/x; mkdir y;"
		"echo 0 >memory/tasks",
		"cpu\ncpu,cpuacct\ncpuacct\nmemory\ncpu/inner\nmemory/inner\n"
		"mkdir: can't create directory 'memory/x': Read-only file system\n"
		"mkdir: can't create directory 'y': Read-only file system\n"
		"sh: can't create memory/tasks: Read-only file system\n");
	box_close(&b);
	MUST(unlinkat(dir, "inner", AT_REMOVEDIR));
	MUST(rmdir(path));
}

static void unified_cgroup_of_a_privileged_container_is_writable(void **unused)
{
	const char *base = cgroup_base("unified");
	char path[256];
	struct box b;

	(void)unused;
	if (!base && access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0)
		skip();

	mp_auto_fd dir = make_cgroup(base ? base : "/sys/fs/cgroup", path, sizeof(path));
	const struct mp_cgroup_mount cgroup = { "unified", dir };

	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b,
		    (struct mp_rootfs_config){ .mounts = { .is_privileged = true,
							   .cgroup_view = MP_CGROUP_VIEW_UNIFIED,
							   .cgroups = &cgroup,
							   .n_cgroups = 1 } });
	box_expect(
		&b,
		"cd /sys/fs/cgroup && test -f cgroup.procs && mkdir x && rmdir x && ls -d ../cgroup",
		"../cgroup\n");
	box_close(&b);
	MUST(rmdir(path));
}

static void sub_path_of_a_volume_is_what_was_checked(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd volume = -EBADF;
	mp_auto_fd sub = -EBADF;
	struct box b;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "v", &volume, &err), err);
	MUST_OK(mp_subpath_open(volume, "a/b", "v", "c", &sub, &err), err);
	/* Swapped between the check and the mount. */
	MUST(renameat(volume, "a/b", volume, "moved"));
	MUST(symlinkat("/etc", volume, "a/b"));

	const struct mp_bind bind = { .name = "volume 'v'", .target = "/data", .source_fd = sub };

	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	box_expect(&b, "touch /data/x; ls /data", "x\n");
	assert_int_equal(access(at("v/moved/x"), F_OK), 0);
	box_close(&b);
}

static void a_detached_mount_can_be_a_volume_of_several_containers(void **unused)
{
	struct box image, b;

	(void)unused;
	box_open(&image, MP_OVERLAY_TMPFS); /* an image volume */
	MUST(rename(at("box"), at("image")));

	const struct mp_bind bind = { .name = "image 'i'",
				      .target = "/image",
				      .source_fd = image.root_fd,
				      .is_readonly = true,
				      .is_noexec = true };

	/* Before Linux 6.15 it is moved instead of copied, so that the first one keeps it. */
	mp_auto_fd copy = mp_mount_clone(image.root_fd, 0);

	for (int i = 0; i < (copy < 0 ? 1 : 2); i++) {
		box_open(&b, MP_OVERLAY_TMPFS);
		box_prepare(&b, (struct mp_rootfs_config){
					.mounts = { .binds = &bind, .n_binds = 1 } });
		box_expect(
			&b,
			"test -f /image/etc/passwd && echo there; touch /image/x; /image/bin/true",
			"there\ntouch: /image/x: Read-only file system\nsh: /image/bin/true: Permission denied\n");
		box_close(&b);
	}
	MUST(rename(at("image"), at("box")));
	box_close(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(container_in_a_user_namespace_owns_its_root_and_mapped_volumes),
		env_test(split_cgroups_are_the_containers_own_and_read_only),
		env_test(unified_cgroup_of_a_privileged_container_is_writable),
		env_test(sub_path_of_a_volume_is_what_was_checked),
		env_test(a_detached_mount_can_be_a_volume_of_several_containers),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
