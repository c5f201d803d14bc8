/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/volumes.h"

#include "tests/effects/rootfs/env.h"

#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define TMPFS_MAGIC 0x01021994
#define WALL        (INT64_C(1700000000) * 1000000000)
#define NO_GID      ((gid_t)-1)

static void empty_directory_is_open_to_all_and_survives_reopening(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	struct stat st;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "data", &fd, &err), err);
	MUST(fstat(fd, &st));
	assert_int_equal(st.st_mode & 07777, 0777);
	put(at("data/x"), "x");
	MUST(fchmod(fd, 02770));
	mp_closep(&fd);
	MUST_OK(mp_volume_dir(base, "data", &fd, &err), err);
	MUST(fstat(fd, &st));
	assert_int_equal(st.st_mode & 07777, 02770);
	expect_file(at("data/x"), "x");
	MUST_OK(mp_volume_remove(base, "data", &err), err);
	MUST_OK(mp_volume_remove(base, "data", &err), err);
	assert_int_equal(access(at("data"), F_OK), -1);
}

static void a_link_in_the_place_of_a_volume_is_refused(void **unused)
{
	mp_auto_fd base = open_dir(env_dir);
	int fd = -EBADF;

	(void)unused;
	MUST(symlink("/etc", at("data")));
	assert_true(mp_volume_dir(base, "data", &fd, NULL) < 0);
	assert_true(mp_volume_tmpfs(base, "data", 0, 0777, &fd, NULL) < 0);
	assert_int_equal(fd, -EBADF);
}

static void memory_volume_has_its_size_and_is_mounted_once(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	const size_t mounts = count_mounts();
	struct statfs fs;
	struct stat st;

	(void)unused;
	MUST_OK(mp_volume_tmpfs(base, "mem", 8 << 20, 0777, &fd, &err), err);
	MUST(fstatfs(fd, &fs));
	assert_int_equal(fs.f_type, TMPFS_MAGIC);
	assert_int_equal((uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize, 8 << 20);
	MUST(fstat(fd, &st));
	assert_int_equal(st.st_mode & 07777, 0777);
	put(at("mem/x"), "kept");
	mp_closep(&fd);
	MUST_OK(mp_volume_tmpfs(base, "mem", 8 << 20, 0777, &fd, &err), err);
	expect_file(at("mem/x"), "kept");
	assert_int_equal(count_mounts(), mounts + 1);
	mp_closep(&fd);
	MUST_OK(mp_volume_remove(base, "mem", &err), err);
	assert_int_equal(count_mounts(), mounts);
	assert_int_equal(access(at("mem"), F_OK), -1);
}

static void check(const char *path, enum mp_host_path_type type, const char *want)
{
	struct mp_error err = MP_ERROR_NONE;
	char text[600];
	int fd = -EBADF;
	const int r = mp_volume_host_path(path, type, &fd, &err);

	if (!want) {
		if (r < 0)
			fail_msg("%s", err.msg);
		assert_true(fd >= 0);
		(void)close(fd);
		return;
	}
	assert_true(r < 0);
	assert_int_equal(fd, -EBADF);
	(void)snprintf(text, sizeof(text), "hostPath type check failed: %s is not %s", path, want);
	assert_string_equal(err.msg, text);
}

static void host_paths_are_checked_by_type(void **unused)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mp_auto_fd sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)unused;
	MUST(mkdir(at("dir"), 0755));
	put(at("file"), "x");
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", at("sock"));
	MUST(bind(sock, (const struct sockaddr *)(const void *)&addr, sizeof(addr)));
	MUST(mknod(at("blk"), S_IFBLK | 0600, makedev(7, 200)));
	MUST(symlink("dir", at("link")));

	check(at("dir"), MP_HOST_PATH_ANY, NULL);
	check(at("file"), MP_HOST_PATH_ANY, NULL);
	check(at("dir"), MP_HOST_PATH_DIRECTORY, NULL);
	check(at("link"), MP_HOST_PATH_DIRECTORY, NULL);
	check(at("file"), MP_HOST_PATH_FILE, NULL);
	check(at("sock"), MP_HOST_PATH_SOCKET, NULL);
	check("/dev/null", MP_HOST_PATH_CHAR_DEVICE, NULL);
	check(at("blk"), MP_HOST_PATH_BLOCK_DEVICE, NULL);
	check(at("file"), MP_HOST_PATH_DIRECTORY, "a directory");
	check(at("file"), MP_HOST_PATH_DIRECTORY_OR_CREATE, "a directory");
	check(at("none"), MP_HOST_PATH_DIRECTORY, "a directory");
	check(at("dir"), MP_HOST_PATH_FILE, "a file");
	check(at("dir"), MP_HOST_PATH_FILE_OR_CREATE, "a file");
	check(at("none"), MP_HOST_PATH_FILE, "a file");
	check(at("file"), MP_HOST_PATH_SOCKET, "a socket file");
	check(at("blk"), MP_HOST_PATH_CHAR_DEVICE, "a character device");
	check("/dev/null", MP_HOST_PATH_BLOCK_DEVICE, "a block device");
	assert_int_equal(access(at("none"), F_OK), -1);
}

static void missing_host_paths_are_made_where_the_type_says_so(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	struct stat st;
	int fd = -EBADF;

	(void)unused;
	check(at("a/b"), MP_HOST_PATH_ANY, NULL);
	check(at("c/d"), MP_HOST_PATH_DIRECTORY_OR_CREATE, NULL);
	check(at("c/file"), MP_HOST_PATH_FILE_OR_CREATE, NULL);
	MUST(stat(at("a/b"), &st));
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 07777U) == 0755);
	MUST(stat(at("c/d"), &st));
	assert_true(S_ISDIR(st.st_mode) && (st.st_mode & 07777U) == 0755);
	MUST(stat(at("c/file"), &st));
	assert_true(S_ISREG(st.st_mode) && (st.st_mode & 07777U) == 0644 && st.st_size == 0);
	assert_int_equal(mp_volume_host_path(at("no/parent"), MP_HOST_PATH_FILE_OR_CREATE, &fd,
					     &err),
			 -ENOENT);
}

static size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 ? 1 : 0;
	(void)closedir(dir);
	return n;
}

static void read_data_link(const char *volume, char *ret, size_t size)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/..data", volume);

	const ssize_t n = readlink(path, ret, size - 1);

	MUST(n);
	ret[n] = '\0';
}

static void generated_files_have_the_atomic_layout(void **unused)
{
	static const struct mp_volume_file files[] = {
		{ "key", "old", 3, 0644, 0 },
		{ "dir/a", "A", 1, 0400, 0 },
		{ "dir/b", "", 0, 0600, 0 },
		{ "key", "value\0bin", 9, 0640, 0 },
	};
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	char data[256], link[64];
	bool changed = false;
	struct stat st;

	(void)unused;
	(void)umask(077); /* modes are exact whatever it is */
	MUST_OK(mp_volume_dir(base, "cm", &fd, &err), err);
	MUST_OK(mp_volume_write(fd, files, 4, NO_GID, WALL, &changed, &err), err);
	(void)umask(022);
	assert_true(changed);
	read_data_link(at("cm"), data, sizeof(data));
	assert_memory_equal(data, "..2023_11_14_22_13_20.", 22);
	assert_int_equal(count_entries(at("cm")), 4); /* version, ..data, key, dir */
	MUST(readlink(at("cm/key"), link, sizeof(link)));
	assert_memory_equal(link, "..data/key", 10);
	MUST(readlink(at("cm/dir"), link, sizeof(link)));
	assert_memory_equal(link, "..data/dir", 10);
	MUST(stat(at("cm/key"), &st));
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_size, 9);
	MUST(stat(at("cm/dir/a"), &st));
	assert_int_equal(st.st_mode & 07777, 0400);
	MUST(stat(at("cm/dir"), &st));
	assert_int_equal(st.st_mode & 07777, 0755);
	MUST(stat(at("cm/..data"), &st));
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void unchanged_files_are_not_written_again(void **unused)
{
	struct mp_volume_file files[] = { { "a", "1", 1, 0644, 0 }, { "b/c", "2", 1, 0644, 0 } };
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	char before[256], after[256];
	bool changed = true;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "cm", &fd, &err), err);
	MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL, NULL, &err), err);
	read_data_link(at("cm"), before, sizeof(before));
	MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL + 1, &changed, &err), err);
	assert_false(changed);
	read_data_link(at("cm"), after, sizeof(after));
	assert_string_equal(before, after);

	files[1].mode = 0600;
	MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL + 1, &changed, &err), err);
	assert_true(changed);
	files[0].data = "3";
	MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL + 1, &changed, &err), err);
	assert_true(changed);
	expect_file(at("cm/a"), "3");
	MUST_OK(mp_volume_write(fd, files, 1, NO_GID, WALL + 1, &changed, &err), err);
	assert_true(changed);
	assert_int_equal(access(at("cm/b"), F_OK), -1);
	assert_int_equal(count_entries(at("cm")), 3);
	MUST_OK(mp_volume_write(fd, NULL, 0, NO_GID, WALL + 1, &changed, &err), err);
	assert_true(changed);
	assert_int_equal(count_entries(at("cm")), 2);
	MUST_OK(mp_volume_write(fd, NULL, 0, NO_GID, WALL + 1, &changed, &err), err);
	assert_false(changed);
}

static void an_interrupted_write_is_cleared_and_nested_mount_points_stay(void **unused)
{
	static const struct mp_volume_file file = { "a", "1", 1, 0644, 0 };
	static const struct mp_volume_file other = { "z", "2", 1, 0644, 0 };
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "cm", &fd, &err), err);
	MUST_OK(mp_volume_subdir(fd, "nested/mount", &err), err);
	MUST_OK(mp_volume_write(fd, &file, 1, NO_GID, WALL, NULL, &err), err);
	MUST(mkdir(at("cm/..2020_01_01_00_00_00.1"), 0755));
	put(at("cm/..2020_01_01_00_00_00.1/half"), "x");
	MUST(symlink("..2020_01_01_00_00_00.1", at("cm/..data_tmp")));
	MUST_OK(mp_volume_write(fd, &other, 1, NO_GID, WALL, NULL, &err), err);
	assert_int_equal(count_entries(at("cm")), 4); /* version, ..data, z, nested */
	assert_int_equal(access(at("cm/nested/mount"), F_OK), 0);
	expect_file(at("cm/z"), "2");
}

static void bad_paths_write_nothing(void **unused)
{
	static const struct mp_volume_file files[] = { { "good", "1", 1, 0644, 0 },
						       { "../bad", "1", 1, 0644, 0 } };
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "cm", &fd, &err), err);
	assert_int_equal(mp_volume_write(fd, files, 2, NO_GID, WALL, NULL, &err), -EINVAL);
	assert_string_equal(err.msg, "invalid path: must not contain '..': ../bad");
	assert_int_equal(count_entries(at("cm")), 0);
}

static void group_of_generated_files_may_read_them(void **unused)
{
	static const struct mp_volume_file files[] = { { "d/key", "1", 1, 0600, 0 } };
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	bool changed = true;
	struct stat st;

	(void)unused;
	MUST_OK(mp_volume_tmpfs(base, "secret", 0, 01777, &fd, &err), err);
	MUST_OK(mp_volume_write(fd, files, 1, 2000, WALL, NULL, &err), err);
	MUST(stat(at("secret/d/key"), &st));
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(st.st_mode & 07777, 0640);
	MUST(stat(at("secret/d"), &st));
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(st.st_mode & 07777, 02755);
	MUST(lstat(at("secret/d"), &st));
	assert_int_equal(st.st_gid, 2000);
	MUST(stat(at("secret"), &st));
	assert_int_equal(st.st_gid, 2000);
	assert_int_equal(st.st_mode & 07777, 03777);
	MUST_OK(mp_volume_write(fd, files, 1, 2000, WALL, &changed, &err), err);
	assert_false(changed);
	mp_closep(&fd);
	MUST_OK(mp_volume_remove(base, "secret", &err), err);
}

static void group_is_given_to_the_whole_tree_but_not_through_links(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	struct stat st;

	(void)unused;
	MUST(mkdir(at("v"), 0755));
	MUST(mkdir(at("v/d"), 0700));
	put(at("v/d/f"), "x");
	MUST(chmod(at("v/d/f"), 0600));
	put(at("outside"), "x");
	MUST(chmod(at("outside"), 0600));
	MUST(symlink(at("outside"), at("v/link")));
	MUST(mkdir(at("v/mnt"), 0755));
	MUST(mount("tmpfs", at("v/mnt"), "tmpfs", 0, "mode=700"));

	mp_auto_fd fd = open_dir(at("v"));

	MUST_OK(mp_volume_set_group(fd, 3000, false, MP_GROUP_ALWAYS, &err), err);
	MUST(stat(at("v"), &st));
	assert_int_equal(st.st_gid, 3000);
	assert_int_equal(st.st_mode & 07777, 02775);
	MUST(stat(at("v/d"), &st));
	assert_int_equal(st.st_mode & 07777, 02770);
	MUST(stat(at("v/d/f"), &st));
	assert_int_equal(st.st_gid, 3000);
	assert_int_equal(st.st_mode & 07777, 0660);
	MUST(lstat(at("v/link"), &st));
	assert_int_equal(st.st_gid, 3000);
	MUST(stat(at("outside"), &st));
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	MUST(stat(at("v/mnt"), &st));
	assert_int_equal(st.st_mode & 07777, 0700);

	MUST(chmod(at("v/d/f"), 0600));
	MUST_OK(mp_volume_set_group(fd, 3000, false, MP_GROUP_ON_ROOT_MISMATCH, &err), err);
	MUST(stat(at("v/d/f"), &st));
	assert_int_equal(st.st_mode & 07777, 0600); /* the root is as it should be: not walked */
	MUST(chmod(at("v"), 0755));
	MUST_OK(mp_volume_set_group(fd, 3000, false, MP_GROUP_ON_ROOT_MISMATCH, &err), err);
	MUST(stat(at("v/d/f"), &st));
	assert_int_equal(st.st_mode & 07777, 0660);
	MUST(umount2(at("v/mnt"), MNT_DETACH));
}

/* @depth directories, one in the other. */
static void dig(int dir_fd, int depth)
{
	int at_fd = dup(dir_fd);

	for (int i = 0; i < depth; i++) {
		MUST(mkdirat(at_fd, "deep", 0755));

		const int next = openat(at_fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		MUST(next);
		(void)close(at_fd);
		at_fd = next;
	}
	(void)close(at_fd);
}

static void deep_and_wide_trees_are_walked_measured_and_removed(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	uint64_t before = 0, after = 0;
	char name[32], block[65536] = "x";

	(void)unused;
	MUST_OK(mp_volume_dir(base, "v", &fd, &err), err);
	dig(fd, 3000);
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "wide%d", i);
		MUST(mkdirat(fd, name, 0755));
	}
	MUST_OK(mp_volume_usage(fd, &before, &err), err);

	mp_auto_fd file = openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	MUST(file);
	for (int i = 0; i < 16; i++)
		assert_int_equal(write(file, block, sizeof(block)), sizeof(block));
	MUST(fsync(file));
	for (int i = 0; i < 300; i++) {
		(void)snprintf(name, sizeof(name), "link%d", i);
		MUST(linkat(fd, "file", fd, name, 0));
	}
	MUST_OK(mp_volume_usage(fd, &after, &err), err);
	assert_true(after - before >= sizeof(block) * 16);
	assert_true(after - before < sizeof(block) * 24); /* counted once, not 301 times */
	MUST_OK(mp_volume_set_group(fd, 4000, false, MP_GROUP_ALWAYS, &err), err);
	mp_closep(&fd);
	MUST_OK(mp_volume_remove(base, "v", &err), err);
	assert_int_equal(access(at("v"), F_OK), -1);
}

static void removal_does_not_follow_links(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);

	(void)unused;
	MUST(mkdir(at("keep"), 0755));
	put(at("keep/file"), "x");
	MUST(mkdir(at("v"), 0755));
	MUST(symlink("../keep", at("v/link")));
	MUST(symlink("v", at("alias")));
	MUST_OK(mp_volume_remove(base, "alias", &err), err);
	assert_int_equal(access(at("v"), F_OK), 0);
	MUST_OK(mp_volume_remove(base, "v", &err), err);
	expect_file(at("keep/file"), "x");
}

/* 0: both of one version, which goes to @x; 1: gone in between; 2: a mixture. */
static int look_at_pair(int volume, char x[8])
{
	mp_auto_fd version = openat(volume, "..data", O_PATH | O_DIRECTORY | O_CLOEXEC);
	mp_auto_fd a = version < 0 ? -1 : openat(version, "a", O_RDONLY | O_CLOEXEC);
	mp_auto_fd b = version < 0 ? -1 : openat(version, "d/b", O_RDONLY | O_CLOEXEC);
	char y[8] = "";

	memset(x, 0, 8);
	if (a < 0 || b < 0)
		return 1;
	if (read(a, x, 8) < 0 || read(b, y, 8) < 0)
		return 2;
	return x[0] && memcmp(x, y, 8) == 0 ? 0 : 2;
}

/* Ends well when it has seen many versions, each of them whole. */
_Noreturn static void read_versions(int volume)
{
	char last[8] = "", now[8];
	int n = 0;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (n < 100) {
		const int seen = look_at_pair(volume, now);

		if (seen == 2)
			_exit(1);
		if (seen == 0 && memcmp(last, now, 8) != 0) {
			memcpy(last, now, 8);
			n++;
		}
	}
	_exit(0);
}

static void a_reader_never_sees_a_mixture_of_versions(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	int ws = -1;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "v", &fd, &err), err);
	(void)fflush(NULL);

	const pid_t pid = fork();

	if (pid == 0)
		read_versions(fd);
	assert_true(pid > 0);
	for (unsigned int i = 0; waitpid(pid, &ws, WNOHANG) == 0; i++) {
		char text[8];
		const int n = snprintf(text, sizeof(text), "%06u", i % 1000000);
		const struct mp_volume_file files[] = { { "a", text, (size_t)n, 0644, 0 },
							{ "d/b", text, (size_t)n, 0644, 0 } };

		MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL, NULL, &err), err);
	}
	assert_int_equal(ws, 0);
	mp_closep(&fd);
	MUST_OK(mp_volume_remove(base, "v", &err), err);
}

static void a_shared_volume_is_one_mount_and_keeps_what_is_in_it(void **unused)
{
	static const char *const kinds[] = { "disk", "mem" };
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		const size_t mounts = count_mounts();
		char path[32];
		int fd = -EBADF, copy;

		if (i == 0)
			MUST_OK(mp_volume_dir(base, kinds[i], &fd, &err), err);
		else
			MUST_OK(mp_volume_tmpfs(base, kinds[i], 0, 01777, &fd, &err), err);
		(void)snprintf(path, sizeof(path), "%s/in", kinds[i]);
		MUST(mkdirat(base, path, 0755));
		MUST_OK(mp_volume_share(base, kinds[i], &fd, &err), err);
		MUST_OK(mp_volume_share(base, kinds[i], &fd, &err), err);
		assert_int_equal(count_mounts(), mounts + 1);
		MUST(faccessat(fd, "in", F_OK, 0));
		/* A peer of it, attached elsewhere, sees what is mounted in it later. */
		copy = mp_sys_open_tree(fd, "",
					OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
		MUST(copy);
		MUST(mkdir(at("peer"), 0755));
		assert_int_equal(mp_sys_move_mount(copy, "", AT_FDCWD, at("peer"),
						   MOVE_MOUNT_F_EMPTY_PATH),
				 0);
		MUST(mount("tmpfs", at("peer/in"), "tmpfs", 0, NULL));
		put(at("peer/in/f"), "x");
		expect_file(at("%s/in/f", kinds[i]), "x");
		(void)close(copy);
		(void)close(fd);
		MUST(umount2(at("peer"), MNT_DETACH));
		MUST(rmdir(at("peer")));
		MUST_OK(mp_volume_remove(base, kinds[i], &err), err);
		assert_int_equal(count_mounts(), mounts);
	}
}

static void huge_pages_that_the_machine_has_not_are_said(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	int fd = -EBADF;

	(void)unused;
	assert_true(mp_volume_hugetlbfs(base, "h", "3Mi", &fd, &err) < 0);
	assert_string_equal(err.msg, "this machine has no huge pages of 3Mi");
	MUST_OK(mp_volume_remove(base, "h", &err), err);
}

static void later_files_win_and_have_their_owner(void **unused)
{
	static const struct mp_volume_file files[] = { { "a", "1", 1, 0644, 0 },
						       { "a", "2", 1, 0600, 1234 } };
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd base = open_dir(env_dir);
	mp_auto_fd fd = -EBADF;
	bool has_changed = false;
	struct stat st;

	(void)unused;
	MUST_OK(mp_volume_dir(base, "v", &fd, &err), err);
	MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL, &has_changed, &err), err);
	assert_true(has_changed);
	expect_file(at("v/a"), "2");
	MUST(stat(at("v/a"), &st));
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_mode & 07777, 0600);
	MUST_OK(mp_volume_write(fd, files, 2, NO_GID, WALL, &has_changed, &err), err);
	assert_false(has_changed);
	mp_closep(&fd);
	MUST_OK(mp_volume_remove(base, "v", &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(empty_directory_is_open_to_all_and_survives_reopening),
		env_test(a_link_in_the_place_of_a_volume_is_refused),
		env_test(memory_volume_has_its_size_and_is_mounted_once),
		env_test(host_paths_are_checked_by_type),
		env_test(missing_host_paths_are_made_where_the_type_says_so),
		env_test(generated_files_have_the_atomic_layout),
		env_test(unchanged_files_are_not_written_again),
		env_test(an_interrupted_write_is_cleared_and_nested_mount_points_stay),
		env_test(bad_paths_write_nothing),
		env_test(group_of_generated_files_may_read_them),
		env_test(group_is_given_to_the_whole_tree_but_not_through_links),
		env_test(deep_and_wide_trees_are_walked_measured_and_removed),
		env_test(removal_does_not_follow_links),
		env_test(a_reader_never_sees_a_mixture_of_versions),
		env_test(a_shared_volume_is_one_mount_and_keeps_what_is_in_it),
		env_test(huge_pages_that_the_machine_has_not_are_said),
		env_test(later_files_win_and_have_their_owner),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
