/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/effects/rootfs/env.h"

#include <sys/ioctl.h>
#include <sys/statvfs.h>

static void container_sees_the_standard_file_systems(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ 0 });
	box_expect(&b,
		   "while read -r a b c d point flags rest; do\n"
		   "  set -- ${rest#*- }; echo \"$point $flags $1\"; done </proc/self/mountinfo | "
		   "grep -Ev '^/proc/.*tmpfs|^/proc/sysrq-trigger ' | sort",
		   "/ rw,relatime overlay\n"
		   "/dev rw,nosuid tmpfs\n"
		   "/dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue\n"
		   "/dev/pts rw,nosuid,noexec,relatime devpts\n"
		   "/dev/shm rw,nosuid,nodev,noexec,relatime tmpfs\n"
		   "/proc rw,nosuid,nodev,noexec,relatime proc\n"
		   "/proc/bus ro,nosuid,nodev,noexec,relatime proc\n"
		   "/proc/fs ro,nosuid,nodev,noexec,relatime proc\n"
		   "/proc/irq ro,nosuid,nodev,noexec,relatime proc\n"
		   "/proc/sys ro,nosuid,nodev,noexec,relatime proc\n"
		   "/sys ro,nosuid,nodev,noexec,relatime sysfs\n"
		   "/sys/firmware ro,nosuid,nodev,noexec,relatime tmpfs\n");
	box_close(&b);
}

static void container_is_alone_in_its_root(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ 0 });
	box_expect(&b, "echo $$; pwd; ls -d /tmp/minipod-rootfs-* 2>/dev/null; ls /",
		   "1\n/\nbin\ndev\netc\n"
		   "home\nmnt\nopt\nproc\nroot\nrun\nsbin\nsys\ntmp\nusr\nvar\n");
	box_close(&b);
}

static void no_descriptor_reaches_the_container(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ 0 });
	box_expect(
		&b,
		"for f in /proc/$$/fd/*; do f=${f##*/}; [ $f -gt 2 ] && [ -e /proc/$$/fd/$f ] && echo $f; done; true",
		"");
	box_close(&b);
}

static void dev_has_the_standard_nodes_and_links(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ 0 });
	box_expect(
		&b,
		"cd /dev; stat -c '%n %a %F %t,%T' null zero full random urandom tty pts shm mqueue;"
		"for l in core fd ptmx stdin stdout stderr; do readlink $l; done;"
		"echo x >null; head -c2 zero | wc -c; echo a | cat stdin; echo x >full",
		"null 666 character special file 1,3\n"
		"zero 666 character special file 1,5\n"
		"full 666 character special file 1,7\n"
		"random 666 character special file 1,8\n"
		"urandom 666 character special file 1,9\n"
		"tty 666 character special file 5,0\n"
		"pts 755 directory 0,0\n"
		"shm 1777 directory 0,0\n"
		"mqueue 1777 directory 0,0\n"
		"/proc/kcore\n/proc/self/fd\npts/ptmx\n/proc/self/fd/0\n/proc/self/fd/1\n"
		"/proc/self/fd/2\n2\na\nsh: write error: No space left on device\n");
	box_close(&b);
}

static void masked_paths_are_empty_and_read_only_paths_are_read_only(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ 0 });
	box_expect(
		&b,
		"for f in kcore keys timer_list interrupts sched_debug latency_stats; do\n"
		"  [ -e /proc/$f ] && wc -c </proc/$f; done | sort -u\n"
		"for d in /proc/acpi /proc/scsi /proc/asound /sys/firmware /sys/devices/virtual/powercap; do\n"
		"  [ -d $d ] && ls -A $d && ! touch $d/x 2>/dev/null || [ ! -e $d ] || echo $d is open; done\n"
		"for f in sys/kernel/core_pattern sysrq-trigger sys/vm/drop_caches; do\n"
		"  if [ -e /proc/$f ] && ( : >/proc/$f ) 2>/dev/null; then echo $f is writable; fi; done\n"
		"( : >/sys/power/state ) 2>/dev/null || echo sys ok",
		"0\nsys ok\n");
	box_close(&b);
}

static void privileged_container_has_no_masks_and_all_devices(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts.is_privileged = true });
	box_run(&b, SIZE_MAX,
		"grep -c . /proc/timer_list; grep -E ' /(sys|proc)[^ ]* ' /proc/mounts;"
		"stat -c '%t,%T' /dev/null; ls /dev | wc -l; ls /dev/pts;"
		"test -c /dev/kmsg");
	assert_string_equal(b.failed_step, "");
	assert_null(strstr(b.text, "ro,"));
	assert_null(strstr(b.text, "/sys/firmware"));
	assert_true(strtol(b.text, NULL, 10) > 0);
	assert_int_equal(b.status, access("/dev/kmsg", F_OK) == 0 ? 0 : 1);
	box_close(&b);
}

static void unmasked_proc_is_writable(void **unused)
{
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts.is_unmasked = true });
	box_expect(
		&b,
		"read v </proc/sys/kernel/domainname; echo $v >/proc/sys/kernel/domainname && echo ok",
		"ok\n");
	box_close(&b);
}

static void read_only_root_keeps_volumes_writable(void **unused)
{
	struct box b;
	const struct mp_bind bind = { .name = "volume 'v'",
				      .target = "/deep/down/v",
				      .source = at("vol"),
				      .source_fd = -EBADF };

	(void)unused;
	MUST(mkdir(at("vol"), 0777));
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b,
		    (struct mp_rootfs_config){
			    .mounts = { .is_root_readonly = true, .binds = &bind, .n_binds = 1 },
			    .cwd = "/new/work/dir" });
	box_expect(
		&b,
		"pwd; touch /x; touch x; echo data >/deep/down/v/file; echo y >/dev/shm/y && echo shm",
		"/new/work/dir\n"
		"touch: /x: Read-only file system\n"
		"touch: x: Read-only file system\n"
		"shm\n");
	expect_file(at("vol/file"), "data\n");
	box_close(&b);
	MUST(mp_tree_remove(AT_FDCWD, at("vol"), NULL));
}

static void read_only_volume_can_hold_a_writable_one(void **unused)
{
	const struct mp_bind binds[] = {
		{ .name = "volume 'inner'",
		  .target = "/v/inner",
		  .source = at("inner"),
		  .source_fd = -EBADF },
		{ .name = "volume 'outer'",
		  .target = "/v",
		  .source = at("outer"),
		  .source_fd = -EBADF,
		  .is_readonly = true },
	};
	struct box b;

	(void)unused;
	MUST(mkdir(at("outer"), 0755));
	MUST(mkdir(at("outer/inner"), 0755));
	MUST(mkdir(at("inner"), 0755));
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = binds, .n_binds = 2 } });
	box_expect(&b, "touch /v/x; touch /v/inner/x && echo inner",
		   "touch: /v/x: Read-only file system\ninner\n");
	box_close(&b);
	MUST(mp_tree_remove(AT_FDCWD, at("outer"), NULL));
	MUST(mp_tree_remove(AT_FDCWD, at("inner"), NULL));
}

static void recursive_read_only_reaches_mounts_below(void **unused)
{
	struct mp_bind bind = { .name = "volume 'v'",
				.target = "/v",
				.source = at("top"),
				.source_fd = -EBADF,
				.is_readonly = true };
	struct box b;

	(void)unused;
	MUST(mkdir(at("top"), 0755));
	MUST(mkdir(at("top/sub"), 0755));
	MUST(mount("tmpfs", at("top/sub"), "tmpfs", 0, NULL));
	box_open(&b, MP_OVERLAY_TMPFS);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	box_expect(&b, "touch /v/sub/x && echo plain", "plain\n");
	mp_rootfs_free(b.rootfs);
	bind.is_recursive_readonly = true;
	mp_closep(&b.root_fd);

	const struct mp_overlay_config cfg = { .layer_dirs = b.image.layer_dirs,
					       .n_layer_dirs = 1,
					       .dir_fd = b.dir_fd,
					       .upper = MP_OVERLAY_TMPFS,
					       .userns_fd = -EBADF };

	MUST(mp_overlay_mount(&cfg, &b.root_fd, NULL));
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	box_expect(&b, "touch /v/sub/x", "touch: /v/sub/x: Read-only file system\n");
	box_close(&b);
	MUST(umount2(at("top/sub"), MNT_DETACH));
	MUST(mp_tree_remove(AT_FDCWD, at("top"), NULL));
}

static void files_are_bound_over_files_and_made_when_missing(void **unused)
{
	const struct mp_bind binds[] = {
		{ .name = "hosts",
		  .target = "/etc/hosts",
		  .source = at("hosts"),
		  .source_fd = -EBADF },
		{ .name = "termination log",
		  .target = "/dev/termination-log",
		  .source = at("log"),
		  .source_fd = -EBADF },
		{ .name = "key",
		  .target = "/opt/app/etc/key",
		  .source = at("hosts"),
		  .source_fd = -EBADF,
		  .is_readonly = true },
	};
	struct box b;

	(void)unused;
	put(at("hosts"), "127.0.0.1 localhost\n");
	put(at("log"), "");
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = binds, .n_binds = 3 } });
	box_expect(
		&b,
		"cat /etc/hosts /opt/app/etc/key; echo bye >/dev/termination-log; echo x >/opt/app/etc/key",
		"127.0.0.1 localhost\n127.0.0.1 localhost\n"
		"sh: can't create /opt/app/etc/key: Read-only file system\n");
	expect_file(at("log"), "bye\n");
	box_close(&b);
	MUST(unlink(at("hosts")));
	MUST(unlink(at("log")));
}

static void an_image_cannot_lead_mounts_out_of_itself(void **unused)
{
	const struct mp_bind binds[] = {
		{ .name = "hosts",
		  .target = "/etc/hosts",
		  .source = at("mine"),
		  .source_fd = -EBADF },
		{ .name = "resolv",
		  .target = "/etc/resolv.conf",
		  .source = at("mine"),
		  .source_fd = -EBADF },
		{ .name = "volume 'v'",
		  .target = "/link/v",
		  .source = at("vol"),
		  .source_fd = -EBADF },
	};
	struct box b;

	(void)unused;
	put(at("mine"), "mine\n");
	put(at("victim"), "host\n");
	MUST(mkdir(at("vol"), 0755));
	box_open(&b, MP_OVERLAY_DISK);
	/* What a hostile image brings: links to the host, absolute, relative and dangling. */
	MUST(unlinkat(b.root_fd, "etc/hosts", 0));
	MUST(symlinkat(at("victim"), b.root_fd, "etc/hosts"));
	MUST(unlinkat(b.root_fd, "etc/resolv.conf", 0));
	MUST(symlinkat("../../../../../run/deep/resolv.conf", b.root_fd, "etc/resolv.conf"));
	MUST(symlinkat("../../..", b.root_fd, "link"));
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = binds, .n_binds = 3 },
						   .cwd = "/link/../../tmp/cwd" });
	box_expect(&b, "cat /etc/hosts /run/deep/resolv.conf; pwd; touch /v/x && echo v",
		   "mine\nmine\n/tmp/cwd\nv\n");
	expect_file(at("victim"), "host\n");
	assert_int_equal(access("/v", F_OK), -1);
	assert_int_equal(access("/tmp/cwd", F_OK), -1);
	assert_int_equal(access("/run/deep", F_OK), -1);
	box_close(&b);
	MUST(unlink(at("mine")));
	MUST(unlink(at("victim")));
	MUST(mp_tree_remove(AT_FDCWD, at("vol"), NULL));
}

static void standard_mount_points_must_not_be_links(void **unused)
{
	static const char *const names[] = { "proc", "sys", "dev" };

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(names); i++) {
		char what[32];
		struct box b;

		box_open(&b, MP_OVERLAY_DISK);
		MUST(unlinkat(b.root_fd, names[i], AT_REMOVEDIR));
		MUST(symlinkat("/tmp", b.root_fd, names[i]));
		box_prepare(&b, (struct mp_rootfs_config){ 0 });
		box_run(&b, SIZE_MAX, "echo started");
		(void)snprintf(what, sizeof(what), "mount /%s", names[i]);
		assert_string_equal(b.failed_step, what);
		assert_int_equal(b.failed_errno, ELOOP);
		box_close(&b);
	}
}

static void working_directory_cannot_be_a_leaked_descriptor(void **unused)
{
	struct box b;
	char cwd[64];
	mp_auto_fd leak = open("/", O_RDONLY | O_DIRECTORY); /* on purpose without CLOEXEC */

	(void)unused;
	(void)snprintf(cwd, sizeof(cwd), "/proc/self/fd/%d", leak);
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .cwd = cwd });
	box_run(&b, SIZE_MAX, "ls");
	assert_string_equal(b.failed_step, "make working directory");
	assert_int_equal(b.failed_errno, ELOOP);
	box_close(&b);
}

static void each_step_that_fails_is_named_and_leaves_nothing(void **unused)
{
	const struct mp_bind bind = {
		.name = "volume 'v'", .target = "/v", .source = at("vol"), .source_fd = -EBADF
	};
	size_t n = 1;

	(void)unused;
	MUST(mkdir(at("vol"), 0755));
	for (size_t i = 0; i <= n; i++) {
		const size_t fds = count_fds(), mounts = count_mounts();
		struct box b;
		const struct mp_rootfs_op *ops;

		box_open(&b, MP_OVERLAY_DISK);
		box_prepare(&b,
			    (struct mp_rootfs_config){ .mounts = { .binds = &bind,
								   .n_binds = 1,
								   .is_root_readonly = true } });
		ops = mp_rootfs_ops(b.rootfs, &n);
		box_run(&b, i, "echo started");
		assert_string_equal(b.failed_step,
				    i < n ? ops[i].what : mp_rootfs_cwd_op(b.rootfs)->what);
		assert_int_equal(b.failed_errno, EUCLEAN);
		assert_string_equal(b.text, "");
		box_close(&b);
		assert_int_equal(count_fds(), fds);
		assert_int_equal(count_mounts(), mounts);
	}
	MUST(rmdir(at("vol")));
}

static void a_missing_source_is_named_and_leaves_nothing(void **unused)
{
	const struct mp_bind bind = {
		.name = "volume 'v'", .target = "/v", .source = "/no/such", .source_fd = -EBADF
	};
	struct mp_error err = MP_ERROR_NONE;
	struct mp_rootfs *rootfs = NULL;
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_DISK);

	const struct mp_rootfs_config cfg = { .root_fd = b.root_fd,
					      .userns_fd = -EBADF,
					      .host_mnt_ns_fd = -EBADF,
					      .mounts = { .binds = &bind, .n_binds = 1 } };

	assert_int_equal(mp_rootfs_prepare(&cfg, &rootfs, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "mount volume 'v' at /v: open /no/such: No such file or directory");
	box_close(&b);
}

static void a_directory_does_not_go_over_a_file(void **unused)
{
	const struct mp_bind bind = { .name = "volume 'v'",
				      .target = "/etc/passwd",
				      .source = env_dir,
				      .source_fd = -EBADF };
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	box_run(&b, SIZE_MAX, "echo started");
	assert_string_equal(b.failed_step, "mount volume 'v' at /etc/passwd");
	assert_int_equal(b.failed_errno, ENOTDIR);
	box_close(&b);
}

static void terminal_is_the_consoles_and_the_first_of_its_own_devpts(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd master = -EBADF;
	mp_auto_fd slave = -EBADF;
	int second_master, second_slave;
	char line[64] = "";
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts.has_tty = true });
	MUST_OK(mp_rootfs_terminal(b.rootfs, 1000, &master, &slave, &err), err);
	assert_int_equal(isatty(slave), 1);
	assert_int_equal(mp_rootfs_terminal(b.rootfs, 0, &second_master, &second_slave, &err),
			 -EINVAL);
	box_expect(&b, "stat -c '%n %u %a' /dev/pts/0 /dev/console; echo hello >/dev/console",
		   "/dev/pts/0 1000 620\n/dev/console 1000 620\n");
	assert_true(read(master, line, sizeof(line) - 1) > 0);
	assert_string_equal(line, "hello\r\n");
	mp_closep(&slave);
	mp_closep(&master);
	box_close(&b);
}

static void what_a_container_mounts_stays_in_it_unless_shared(void **unused)
{
	const struct mp_bind bind = {
		.name = "volume 'v'", .target = "/v", .source = at("vol"), .source_fd = -EBADF
	};
	const size_t mounts = count_mounts();
	struct box b;

	(void)unused;
	MUST(mkdir(at("vol"), 0755));
	MUST(mkdir(at("vol/m"), 0755));
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	box_expect(&b, "mount -t tmpfs tmpfs /v/m && touch /v/m/x && ls /v/m", "x\n");
	assert_int_equal(count_mounts(), mounts);
	assert_int_equal(access(at("vol/m/x"), F_OK), -1);
	box_close(&b);
	MUST(mp_tree_remove(AT_FDCWD, at("vol"), NULL));
}

/* Another process in our mount namespace: mounts once the container is there. */
static pid_t mount_when_started(const char *marker, const char *where)
{
	(void)fflush(NULL);

	const pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (int i = 0; i < 1000 && access(marker, F_OK) < 0; i++)
		(void)usleep(10000);
	if (mount("tmpfs", where, "tmpfs", 0, NULL) < 0)
		_exit(1);
	put(at("host/m/late"), "x");
	_exit(0);
}

static void volume_sees_later_mounts_of_the_host_when_asked(void **unused)
{
	struct mp_bind bind = { .name = "volume 'v'",
				.target = "/v",
				.source = at("host"),
				.source_fd = -EBADF,
				.propagation = MP_PROPAGATION_SLAVE };
	struct box b;
	int ws;

	(void)unused;
	MUST(mkdir(at("host"), 0755));
	MUST(mount("tmpfs", at("host"), "tmpfs", 0, NULL));
	MUST(mount(NULL, at("host"), NULL, MS_SHARED, NULL));
	MUST(mkdir(at("host/m"), 0755));
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });

	const pid_t helper = mount_when_started(at("host/started"), at("host/m"));

	assert_true(helper > 0);
	box_expect(
		&b,
		"touch /v/started; i=0; while [ ! -e /v/m/late ] && [ $i -lt 1000 ]; do "
		"usleep 10000; i=$((i+1)); done; ls /v/m; mkdir /v/back; mount -t tmpfs t /v/back",
		"late\n");
	assert_int_equal(waitpid(helper, &ws, 0), helper);
	assert_int_equal(ws, 0);
	box_close(&b);
	MUST(umount2(at("host/m"), MNT_DETACH));
	assert_int_equal(umount2(at("host/back"), MNT_DETACH), -1); /* nothing comes back */
	MUST(umount2(at("host"), MNT_DETACH));
	MUST(rmdir(at("host")));
}

/* The kernel propagates nothing to a detached mount: the copy must not be made before the start. */
static void a_mount_made_while_the_container_is_prepared_is_not_missed(void **unused)
{
	struct mp_bind bind = { .name = "volume 'v'",
				.target = "/v",
				.source = at("host"),
				.source_fd = -EBADF,
				.is_readonly = true,
				.propagation = MP_PROPAGATION_SLAVE };
	struct box b;

	(void)unused;
	MUST(mkdir(at("host"), 0755));
	MUST(mount("tmpfs", at("host"), "tmpfs", 0, NULL));
	MUST(mount(NULL, at("host"), NULL, MS_SHARED, NULL));
	MUST(mkdir(at("host/m"), 0755));
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	MUST(mount("tmpfs", at("host/m"), "tmpfs", 0, NULL));
	put(at("host/m/late"), "x");
	box_expect(&b, "ls /v/m; touch /v/no 2>/dev/null || echo ro; touch /v/m/yes && echo rw",
		   "late\nro\nrw\n");
	box_close(&b);
	MUST(umount2(at("host"), MNT_DETACH));
	MUST(rmdir(at("host")));
}

/* The path leads somewhere else by the time the container starts. */
static void a_followed_source_that_was_swapped_is_refused(void **unused)
{
	struct mp_bind bind = { .name = "volume 'v'",
				.target = "/v",
				.source = at("host"),
				.source_fd = -EBADF,
				.propagation = MP_PROPAGATION_SLAVE };
	struct box b;

	(void)unused;
	MUST(mkdir(at("host"), 0755));
	MUST(mount("tmpfs", at("host"), "tmpfs", 0, NULL));
	MUST(mount(NULL, at("host"), NULL, MS_SHARED, NULL));
	box_open(&b, MP_OVERLAY_DISK);
	box_prepare(&b, (struct mp_rootfs_config){ .mounts = { .binds = &bind, .n_binds = 1 } });
	MUST(mount("tmpfs", at("host"), "tmpfs", 0, NULL));
	box_run(&b, SIZE_MAX, "true");
	assert_string_equal(b.failed_step, "mount volume 'v' at /v");
	assert_int_equal(b.failed_errno, ESTALE);
	box_close(&b);
	MUST(umount2(at("host"), MNT_DETACH));
	MUST(umount2(at("host"), MNT_DETACH));
	MUST(rmdir(at("host")));
}

static void a_source_that_does_not_propagate_is_named(void **unused)
{
	struct mp_bind bind = { .name = "v",
				.target = "/v",
				.source = at("host"),
				.source_fd = -EBADF,
				.propagation = MP_PROPAGATION_SLAVE };
	struct mp_rootfs_config config = { .userns_fd = -EBADF,
					   .host_mnt_ns_fd = -EBADF,
					   .mounts = { .binds = &bind, .n_binds = 1 } };
	struct mp_error err = MP_ERROR_NONE;
	char expected[256];
	struct box b;

	(void)unused;
	MUST(mkdir(at("host"), 0755));
	MUST(mount("tmpfs", at("host"), "tmpfs", 0, NULL));
	MUST(mount(NULL, at("host"), NULL, MS_PRIVATE, NULL));
	box_open(&b, MP_OVERLAY_DISK);
	config.root_fd = b.root_fd;
	assert_int_equal(mp_rootfs_prepare(&config, &b.rootfs, &err), -EINVAL);
	(void)snprintf(expected, sizeof(expected),
		       "mount v at /v: path \"%s\" is mounted on \"%s\" but it is not a shared or "
		       "slave mount",
		       at("host"), at("host"));
	assert_string_equal(err.msg, expected);
	box_close(&b);
	MUST(umount2(at("host"), MNT_DETACH));
	MUST(rmdir(at("host")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(container_sees_the_standard_file_systems),
		env_test(container_is_alone_in_its_root),
		env_test(no_descriptor_reaches_the_container),
		env_test(dev_has_the_standard_nodes_and_links),
		env_test(masked_paths_are_empty_and_read_only_paths_are_read_only),
		env_test(privileged_container_has_no_masks_and_all_devices),
		env_test(unmasked_proc_is_writable),
		env_test(read_only_root_keeps_volumes_writable),
		env_test(read_only_volume_can_hold_a_writable_one),
		env_test(recursive_read_only_reaches_mounts_below),
		env_test(files_are_bound_over_files_and_made_when_missing),
		env_test(an_image_cannot_lead_mounts_out_of_itself),
		env_test(standard_mount_points_must_not_be_links),
		env_test(working_directory_cannot_be_a_leaked_descriptor),
		env_test(each_step_that_fails_is_named_and_leaves_nothing),
		env_test(a_missing_source_is_named_and_leaves_nothing),
		env_test(a_directory_does_not_go_over_a_file),
		env_test(terminal_is_the_consoles_and_the_first_of_its_own_devpts),
		env_test(what_a_container_mounts_stays_in_it_unless_shared),
		env_test(volume_sees_later_mounts_of_the_host_when_asked),
		env_test(a_mount_made_while_the_container_is_prepared_is_not_missed),
		env_test(a_followed_source_that_was_swapped_is_refused),
		env_test(a_source_that_does_not_propagate_is_named),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
