/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/effects/rootfs/env.h"

#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

static char layer_paths[512][128];
static const char *layers[512];
static int map_by = -EBADF; /* user namespace of the next configuration */

/* layer<i>/only<i> and layer<i>/common, topmost first. */
static void make_layers(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char file[160], text[24];

		(void)snprintf(layer_paths[i], sizeof(layer_paths[i]), "%s", at("layer%zu", i));
		layers[i] = layer_paths[i];
		MUST(mkdir(layers[i], 0755));
		(void)snprintf(text, sizeof(text), "%zu", i);
		(void)snprintf(file, sizeof(file), "%s/common", layers[i]);
		put(file, text);
		(void)snprintf(file, sizeof(file), "%s/only%zu", layers[i], i);
		put(file, text);
	}
}

static struct mp_overlay_config config(size_t n, int dir_fd, enum mp_overlay_upper upper)
{
	return (struct mp_overlay_config){ .layer_dirs = layers,
					   .n_layer_dirs = n,
					   .dir_fd = dir_fd,
					   .upper = upper,
					   .userns_fd = map_by };
}

static void expect_at(int root_fd, const char *name, const char *want)
{
	struct mp_error err = MP_ERROR_NONE;
	char *text = NULL;

	MUST_OK(mp_file_read(root_fd, name, 4096, NULL, &text, NULL, &err), err);
	assert_string_equal(text, want);
	free(text);
}

static void upper_layers_hide_lower_ones_and_writes_stay_above(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd root = -EBADF;

	(void)unused;
	make_layers(3);
	MUST(chmod(layers[0], 0751));
	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	const struct mp_overlay_config cfg = config(3, dir, MP_OVERLAY_DISK);
	struct stat st;

	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	expect_at(root, "common", "0");
	expect_at(root, "only2", "2");
	MUST(fstat(root, &st));
	assert_int_equal(st.st_mode & 07777, 0751);
	MUST(unlinkat(root, "only1", 0));
	MUST(mkdirat(root, "new", 0700));
	assert_int_equal(access(at("layer1/only1"), F_OK), 0);
	assert_int_equal(access(at("c/upper/new"), F_OK), 0);
	mp_closep(&root);
	MUST_OK(mp_overlay_remove(dir, &err), err);
	MUST_OK(mp_overlay_remove(dir, &err), err); /* nothing there is fine */
	MUST(rmdir(at("c")));
}

static void tmpfs_upper_leaves_nothing_to_remove(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd root = -EBADF;

	(void)unused;
	make_layers(1);
	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	struct mp_overlay_config cfg = config(1, dir, MP_OVERLAY_TMPFS);
	char page[65536] = "";
	ssize_t n;

	cfg.tmpfs_bytes = 1 << 20;
	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	expect_at(root, "common", "0");

	mp_auto_fd file = openat(root, "big", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	MUST(file);
	for (int i = 0; i < 64 && (n = write(file, page, sizeof(page))) > 0; i++)
		;
	assert_int_equal(n < 0 ? errno : 0, ENOSPC);
	mp_closep(&file);
	mp_closep(&root);
	MUST(rmdir(at("c")));
}

static void what_an_earlier_life_left_is_gone(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd root = -EBADF;

	(void)unused;
	make_layers(1);
	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	const struct mp_overlay_config cfg = config(1, dir, MP_OVERLAY_DISK);

	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	MUST(mkdirat(root, "old", 0700));
	mp_closep(&root);
	assert_int_equal(access(at("c/work/work/incompat/volatile"), F_OK),
			 0); /* the kernel's promise */
	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	assert_int_equal(faccessat(root, "old", F_OK, 0), -1);
	expect_at(root, "common", "0");
	mp_closep(&root);
	MUST_OK(mp_overlay_remove(dir, &err), err);
}

static void a_reset_work_directory_serves_the_next_mount(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd root = -EBADF;
	struct stat before, after;

	(void)unused;
	make_layers(1);
	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	const struct mp_overlay_config cfg = config(1, dir, MP_OVERLAY_DISK);

	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	MUST(mkdirat(root, "old", 0700));
	mp_closep(&root);
	assert_true(mp_overlay_reset(dir));
	assert_int_equal(access(at("c/upper"), F_OK), -1);
	MUST(stat(at("c/work"), &before));
	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	MUST(stat(at("c/work"), &after));
	assert_true(before.st_ino == after.st_ino);
	assert_int_equal(faccessat(root, "old", F_OK, 0), -1);
	expect_at(root, "common", "0");
	mp_closep(&root);
	MUST_OK(mp_overlay_remove(dir, &err), err);
}

static void a_work_directory_with_more_than_the_kernels_own_is_not_kept(void **unused)
{
	(void)unused;
	MUST(mkdir(at("c"), 0755));
	MUST(mkdir(at("c/work"), 0755));
	MUST(mkdir(at("c/work/work"), 0755));
	MUST(mkdir(at("c/work/work/incompat"), 0755));

	mp_auto_fd dir = open_dir(at("c"));

	assert_true(mp_overlay_reset(dir));
	put(at("c/work/work/incompat/more"), "x");
	assert_false(mp_overlay_reset(dir));
	MUST(unlink(at("c/work/work/incompat/more")));
	put(at("c/work/work/#1"), "half of a copy");
	assert_false(mp_overlay_reset(dir));
	assert_int_equal(mp_overlay_remove(dir, NULL), 0);
	assert_true(mp_overlay_reset(dir)); /* nothing at all will do as well */
}

static void files_marked_immutable_are_removed_all_the_same(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	int flags = FS_IMMUTABLE_FL;

	(void)unused;
	MUST(mkdir(at("c"), 0755));
	MUST(mkdir(at("c/upper"), 0755));
	MUST(mkdir(at("c/upper/a"), 0755));
	MUST(mkdir(at("c/upper/a/b"), 0755));
	put(at("c/upper/a/b/file"), "x");

	const char *const marked[] = { at("c/upper/a/b/file"), at("c/upper/a/b"), at("c/upper/a") };

	for (size_t i = 0; i < MP_ARRAY_SIZE(marked); i++) {
		mp_auto_fd fd = open(marked[i], O_RDONLY | O_CLOEXEC);

		MUST(fd);
		if (ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0)
			skip(); /* a file system without marks */
	}

	mp_auto_fd dir = open_dir(at("c"));

	MUST_OK(mp_overlay_remove(dir, &err), err);
	MUST(rmdir(at("c")));
}

static void more_layers_than_a_page_of_names_can_be_stacked(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd root = -EBADF;
	const size_t n = 300;

	(void)unused;
	make_layers(n);
	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	const struct mp_overlay_config cfg = config(n, dir, MP_OVERLAY_DISK);

	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	expect_at(root, "common", "0");
	expect_at(root, "only299", "299");
	mp_closep(&root);
	MUST_OK(mp_overlay_remove(dir, &err), err);
}

static void refusals_name_what_is_wrong_and_leave_nothing(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	char want[256];
	int root = -EBADF;

	(void)unused;
	make_layers(1);
	layers[1] = "/no/such/layer";
	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	struct mp_overlay_config cfg = config(2, dir, MP_OVERLAY_DISK);

	assert_int_equal(mp_overlay_mount(&cfg, &root, &err), -ENOENT);
	(void)snprintf(want, sizeof(want), "layer %s: No such file or directory", layers[1]);
	assert_string_equal(err.msg, want);
	cfg.n_layer_dirs = 0;
	assert_int_equal(mp_overlay_mount(&cfg, &root, &err), -EINVAL);
	cfg.n_layer_dirs = 501;
	assert_int_equal(mp_overlay_mount(&cfg, &root, &err), -E2BIG);
	assert_int_equal(root, -EBADF);
	MUST(rmdir(at("c")));
}

/* Makes this process live on a kernel that knows no layers by descriptor. */
static void forget_layers_by_fd(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsconfig, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FSCONFIG_SET_FD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = { MP_ARRAY_SIZE(code), code };

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

/* The mount of an image volume; takes away what it needed in @dir. */
static void expect_for_reading(int root, int dir)
{
	struct statvfs vfs;

	assert_int_equal(mkdirat(root, "new", 0700), -1);
	assert_int_equal(errno, EROFS);
	MUST(fstatvfs(root, &vfs));
	assert_int_equal(vfs.f_flag & (ST_RDONLY | ST_NOEXEC | ST_NOSUID | ST_NODEV),
			 ST_RDONLY | ST_NOEXEC | ST_NOSUID | ST_NODEV);
	MUST(unlinkat(dir, "empty", AT_REMOVEDIR));
}

static void an_image_can_be_mounted_for_reading_alone(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	make_layers(20);
	for (size_t n = 1; n <= 20; n += 19) {
		MUST(mkdir(at("c"), 0755));

		mp_auto_fd root = -EBADF;
		mp_auto_fd dir = open_dir(at("c"));
		const struct mp_overlay_config cfg = config(n, dir, MP_OVERLAY_NONE);

		MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
		expect_at(root, "common", "0");
		expect_at(root, "only0", "0");
		expect_for_reading(root, dir);
		MUST(rmdir(at("c")));
	}
}

static void old_way(enum mp_overlay_upper upper, size_t n, bool is_broken)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd root = -EBADF;
	mp_auto_fd dir = open_dir(at("c"));
	const struct mp_overlay_config cfg = config(n, dir, upper);
	const size_t mounts = count_mounts();
	char last[32], text[16], here[512], now[512];

	assert_non_null(getcwd(here, sizeof(here)));
	forget_layers_by_fd();
	if (is_broken) {
		assert_int_equal(mp_overlay_mount(&cfg, &root, &err), -ENOENT);
	} else {
		MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
		(void)snprintf(last, sizeof(last), "only%zu", n - 1);
		(void)snprintf(text, sizeof(text), "%zu", n - 1);
		expect_at(root, "common", "0");
		expect_at(root, last, text);
		if (upper == MP_OVERLAY_NONE)
			expect_for_reading(root, dir);
		else
			MUST(mkdirat(root, "new", 0700));
		mp_closep(&root);
	}
	assert_int_equal(count_mounts(), mounts);
	assert_string_equal(getcwd(now, sizeof(now)), here);
	MUST_OK(mp_overlay_remove(dir, &err), err);
	MUST(rmdir(at("c")));
}

static void in_a_child(enum mp_overlay_upper upper, size_t n, bool is_broken)
{
	int ws;

	(void)fflush(NULL);

	const pid_t pid = fork();

	if (pid == 0) {
		old_way(upper, n,
			is_broken); /* a failure ends the child by cmocka's longjmp or exit */
		_exit(42);
	}
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	assert_true(WIFEXITED(ws) && WEXITSTATUS(ws) == 42);
}

static void old_kernels_get_the_same_by_paths(void **unused)
{
	(void)unused;
	make_layers(300);
	MUST(mkdir(at("c"), 0755));
	in_a_child(MP_OVERLAY_DISK, 1, false);
	MUST(mkdir(at("c"), 0755));
	in_a_child(MP_OVERLAY_TMPFS, 2, false);
	MUST(mkdir(at("c"), 0755));
	in_a_child(MP_OVERLAY_DISK, 300, false);
	MUST(mkdir(at("c"), 0755));
	in_a_child(MP_OVERLAY_NONE, 1, false);
	MUST(mkdir(at("c"), 0755));
	in_a_child(MP_OVERLAY_NONE, 300, false);
	layers[1] = "/no/such/layer";
	MUST(mkdir(at("c"), 0755));
	in_a_child(MP_OVERLAY_TMPFS, 2, true);
}

static void ids_of_layers_can_be_mapped(void **unused)
{
	static const enum mp_overlay_upper uppers[] = { MP_OVERLAY_DISK, MP_OVERLAY_TMPFS };
	mp_auto_fd userns = make_userns();

	(void)unused;
	make_layers(2);
	MUST(chown(at("layer1/only1"), 5, 6));
	MUST(mkdir(at("c"), 0755));
	map_by = userns;
	in_a_child(MP_OVERLAY_DISK, 2, false);
	MUST(mkdir(at("c"), 0755));
	for (size_t i = 0; i < MP_ARRAY_SIZE(uppers); i++) {
		struct mp_error err = MP_ERROR_NONE;
		mp_auto_fd root = -EBADF;
		mp_auto_fd dir = open_dir(at("c"));
		const struct mp_overlay_config cfg = config(2, dir, uppers[i]);
		struct stat st;

		MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
		MUST(fstatat(root, "only1", &st, 0));
		assert_int_equal(st.st_uid, 100005);
		assert_int_equal(st.st_gid, 100006);
		MUST(fstatat(root, ".", &st, 0));
		assert_int_equal(st.st_uid, 100000);
		MUST(fchownat(root, "only1", 100007, 100008, 0)); /* copied up */
		if (uppers[i] == MP_OVERLAY_DISK) {
			MUST(stat(at("c/upper/only1"), &st));
			assert_int_equal(st.st_uid, 100007);
		}
		MUST(fstatat(root, "only1", &st, 0));
		assert_int_equal(st.st_uid, 100007);
		MUST(stat(at("layer1/only1"), &st));
		assert_int_equal(st.st_uid, 5);
		mp_closep(&root);
		MUST_OK(mp_overlay_remove(dir, &err), err);
	}
	map_by = -EBADF;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(upper_layers_hide_lower_ones_and_writes_stay_above),
		env_test(tmpfs_upper_leaves_nothing_to_remove),
		env_test(what_an_earlier_life_left_is_gone),
		env_test(a_reset_work_directory_serves_the_next_mount),
		env_test(a_work_directory_with_more_than_the_kernels_own_is_not_kept),
		env_test(files_marked_immutable_are_removed_all_the_same),
		env_test(more_layers_than_a_page_of_names_can_be_stacked),
		env_test(refusals_name_what_is_wrong_and_leave_nothing),
		env_test(an_image_can_be_mounted_for_reading_alone),
		env_test(old_kernels_get_the_same_by_paths),
		env_test(ids_of_layers_can_be_mapped),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
