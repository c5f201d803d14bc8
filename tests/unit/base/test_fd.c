/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A directory of its own for each test: name and open descriptor. */
static char dir_name[64];
static int dir_fd = -EBADF;

static int open_directory(void **unused)
{
	(void)unused;
	(void)snprintf(dir_name, sizeof(dir_name), "/tmp/minipod-test-fd-XXXXXX");
	if (!mkdtemp(dir_name))
		return -1;
	dir_fd = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

/* Removing what a test made is itself what mp_tree_remove() is for. */
static int remove_directory(void **unused)
{
	(void)unused;
	mp_closep(&dir_fd);
	return mp_tree_remove(AT_FDCWD, dir_name, NULL);
}

static size_t count_open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			n++;
	}
	return n;
}

static bool exists(const char *name)
{
	return faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void write_file(const char *name, const char *text)
{
	mp_auto_fd fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(mp_fd_write_all(fd, text, strlen(text), NULL), 0);
}

static void assert_content(const char *name, const char *expected)
{
	mp_auto_free char *text = NULL;
	size_t len = 99;

	assert_int_equal(mp_file_read(dir_fd, name, 1000, NULL, &text, &len, NULL), 0);
	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
}

static void a_file_is_read_whole_up_to_the_limit(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_free char *text = NULL;

	write_file("f", "0123456789");
	for (size_t max = 0; max < 10; max++) {
		assert_int_equal(mp_file_read(dir_fd, "f", max, NULL, &text, NULL, &err), -EFBIG);
		assert_null(text);
	}
	assert_string_equal(err.msg, "f: more than 9 bytes");
	assert_int_equal(mp_file_read(dir_fd, "f", 10, NULL, &text, NULL, &err), 0);
	assert_string_equal(text, "0123456789");
	write_file("empty", "");
	assert_content("empty", "");
}

static void a_file_can_be_read_into_an_arena(void **unused)
{
	(void)unused;
	struct mp_arena arena = { 0 };
	char *text = NULL;
	size_t len = 0;

	write_file("f", "text");
	assert_int_equal(mp_file_read(dir_fd, "f", 100, &arena, &text, &len, NULL), 0);
	assert_string_equal(text, "text");
	assert_int_equal(len, 4);
	mp_arena_done(&arena);
}

static void a_missing_file_is_named(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	char *text = NULL;

	assert_int_equal(mp_file_read(dir_fd, "none", 100, NULL, &text, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, "open none: No such file or directory");
	assert_int_equal(mp_file_read(dir_fd, ".", 100, NULL, &text, NULL, &err), -EISDIR);
	assert_string_equal(err.msg, ".: read: Is a directory");
}

/* Their size is 0 or unknown until they have been read. */
static void pipes_and_proc_files_are_read_to_their_end(void **unused)
{
	(void)unused;
	enum { BYTES = 50000 };
	mp_auto_free char *text = NULL;
	mp_auto_free char *proc = NULL;
	size_t len = 0;
	int ends[2];
	static char bytes[BYTES];

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(mp_fd_write_all(ends[1], bytes, sizeof(bytes), NULL), 0);
	mp_closep(&ends[1]);
	assert_int_equal(mp_fd_read_all(ends[0], BYTES, NULL, &text, &len, NULL), 0);
	assert_int_equal(len, BYTES);
	assert_int_equal(strlen(text), BYTES);
	mp_closep(&ends[0]);
	assert_int_equal(
		mp_file_read(AT_FDCWD, "/proc/self/status", 65536, NULL, &proc, &len, NULL), 0);
	assert_non_null(strstr(proc, "Pid:"));
}

static void one_write_reaches_an_existing_file_only(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	write_file("f", "");
	assert_int_equal(mp_file_write(dir_fd, "f", "42", 2, &err), 0);
	assert_content("f", "42");
	assert_int_equal(mp_file_write(dir_fd, "none", "42", 2, &err), -ENOENT);
	assert_string_equal(err.msg, "open none: No such file or directory");
	assert_false(exists("none"));
}

static void replacing_a_file_sets_content_and_mode(void **unused)
{
	(void)unused;
	struct stat st;
	const mode_t mask = umask(0077);

	assert_int_equal(mp_file_replace(dir_fd, "f", "one", 3, 0644, NULL), 0);
	assert_content("f", "one");
	assert_int_equal(mp_file_replace(dir_fd, "f", "two!", 4, 0600, NULL), 0);
	(void)umask(mask);
	assert_content("f", "two!");
	assert_int_equal(fstatat(dir_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlinkat(dir_fd, "f", 0), 0);
	assert_int_equal(rmdir(dir_name), 0); /* nothing else was left behind */
	assert_int_equal(mkdir(dir_name, 0700), 0);
}

static void a_failed_replacement_leaves_the_old_file_and_no_other(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mkdirat(dir_fd, "d", 0755), 0);
	assert_int_equal(mp_file_replace(dir_fd, "d", "x", 1, 0644, &err), -EISDIR);
	assert_string_equal(err.msg, "replace d: rename: Is a directory");
	assert_int_equal(unlinkat(dir_fd, "d", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(dir_name), 0);
	assert_int_equal(mkdir(dir_name, 0700), 0);
}

static void a_reader_keeps_the_old_content_while_it_is_replaced(void **unused)
{
	(void)unused;
	char bytes[8] = "";

	write_file("f", "old");

	mp_auto_fd reader = openat(dir_fd, "f", O_RDONLY | O_CLOEXEC);

	assert_int_equal(mp_file_replace(dir_fd, "f", "new", 3, 0644, NULL), 0);
	assert_int_equal(read(reader, bytes, sizeof(bytes) - 1), 3);
	assert_string_equal(bytes, "old");
	assert_content("f", "new");
}

static void directories_are_made_with_their_parents(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	struct stat st;
	char absolute[128];

	assert_int_equal(mp_dir_make(dir_fd, "a/b/c", 0750, NULL), 0);
	assert_int_equal(fstatat(dir_fd, "a/b/c", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(mp_dir_make(dir_fd, "a/b/c", 0700, NULL), 0); /* is there: fine */
	assert_int_equal(mp_dir_make(dir_fd, "a//b/d/", 0700, NULL), 0);
	assert_true(exists("a/b/d"));
	(void)snprintf(absolute, sizeof(absolute), "%s/x/y", dir_name);
	assert_int_equal(mp_dir_make(AT_FDCWD, absolute, 0700, NULL), 0);
	assert_true(exists("x/y"));
	write_file("f", "");
	assert_int_equal(mp_dir_make(dir_fd, "f", 0700, &err), -ENOTDIR);
	assert_string_equal(err.msg, "make directory f: Not a directory");
	assert_int_equal(mp_dir_make(dir_fd, "f/g", 0700, &err), -ENOTDIR);
	assert_int_equal(mp_dir_make(dir_fd, "", 0700, &err), -ENOENT);
}

static void a_tree_is_removed_and_links_are_not_followed(void **unused)
{
	(void)unused;
	write_file("kept", "kept");
	assert_int_equal(mp_dir_make(dir_fd, "t/a/b", 0700, NULL), 0);
	assert_int_equal(mp_dir_make(dir_fd, "keep/inner", 0700, NULL), 0);
	write_file("t/a/f", "x");
	write_file("t/a/b/.hidden", "x");
	assert_int_equal(symlinkat("../../keep", dir_fd, "t/a/link"), 0);
	assert_int_equal(symlinkat("/nowhere", dir_fd, "t/dangling"), 0);
	assert_int_equal(symlinkat("keep", dir_fd, "outer"), 0);
	assert_int_equal(mkfifoat(dir_fd, "t/fifo", 0600), 0);

	const size_t fds = count_open_fds();

	assert_int_equal(mp_tree_remove(dir_fd, "t", NULL), 0);
	assert_int_equal(mp_tree_remove(dir_fd, "outer", NULL), 0); /* the link, not its target */
	assert_int_equal(mp_tree_remove(dir_fd, "kept", NULL), 0);
	assert_int_equal(count_open_fds(), fds);
	assert_false(exists("t"));
	assert_false(exists("outer"));
	assert_false(exists("kept"));
	assert_true(exists("keep/inner"));
	assert_int_equal(mp_tree_remove(dir_fd, "t", NULL), 0); /* gone already */
	assert_int_equal(mp_tree_remove(dir_fd, "no/such/path", NULL), 0);
	assert_int_equal(mp_tree_remove(dir_fd, "keep/inner", NULL), 0);
	assert_true(exists("keep"));
}

static void names_that_mean_other_directories_are_refused(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_tree_remove(dir_fd, "..", &err), -EINVAL);
	assert_string_equal(err.msg, "remove ..: Invalid argument");
	assert_int_equal(mp_tree_remove(dir_fd, ".", NULL), -EINVAL);
	assert_int_equal(mp_tree_remove(dir_fd, "", NULL), -EINVAL);
	assert_int_equal(mp_tree_remove(dir_fd, "a/", NULL), -EINVAL);
	assert_int_equal(mp_tree_remove(dir_fd, "a/..", NULL), -EINVAL);
}

/* Its path would be longer than PATH_MAX, and it is deeper than what is kept open at a time. */
static void a_tree_deeper_than_any_path_is_removed(void **unused)
{
	(void)unused;
	static const char name[] = "a-directory-with-quite-a-long-name";
	mp_auto_fd at = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);

	for (int i = 0; i < 200; i++) {
		assert_int_equal(mkdirat(at, name, 0700), 0);

		const int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		assert_true(next >= 0);
		mp_closep(&at);
		at = next;
	}
	mp_closep(&at);

	const size_t fds = count_open_fds();

	assert_int_equal(mp_tree_remove(dir_fd, name, NULL), 0);
	assert_int_equal(count_open_fds(), fds);
	assert_false(exists(name));
}

static void a_wide_tree_is_removed(void **unused)
{
	(void)unused;
	char name[32];

	assert_int_equal(mp_dir_make(dir_fd, "w", 0700, NULL), 0);
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "w/%d", i);
		if (i % 3 == 0)
			assert_int_equal(mkdirat(dir_fd, name, 0700), 0);
		else
			write_file(name, "");
	}
	assert_int_equal(mp_tree_remove(dir_fd, "w", NULL), 0);
	assert_false(exists("w"));
}

static void a_memory_file_cannot_be_changed(void **unused)
{
	(void)unused;
	mp_auto_fd fd = -EBADF;
	mp_auto_free char *text = NULL;

	assert_int_equal(mp_memfd_new("test", "#!/bin/true", 11, true, &fd, NULL), 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(mp_fd_read_all(fd, 100, NULL, &text, NULL, NULL), 0);
	assert_string_equal(text, "#!/bin/true");
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

static void descriptors_travel_over_a_socket(void **unused)
{
	(void)unused;
	int ends[2], pipe_ends[2], got[4];
	char bytes[16] = "";
	size_t len = 0, n = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(pipe2(pipe_ends, O_CLOEXEC), 0);
	assert_int_equal(mp_fds_send(ends[0], "hello", 5, pipe_ends, 2, NULL), 0);
	assert_int_equal(mp_fds_recv(ends[1], bytes, sizeof(bytes), got, 4, &len, &n, NULL), 0);
	assert_int_equal(len, 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(n, 2);
	assert_true((fcntl(got[0], F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(got[2], -EBADF);
	assert_int_equal(write(got[1], "x", 1), 1);
	assert_int_equal(read(pipe_ends[0], bytes, 1), 1);
	mp_closep(&got[0]);
	mp_closep(&got[1]);
	assert_int_equal(mp_fds_send(ends[0], "x", 1, NULL, 0, NULL), 0);
	assert_int_equal(mp_fds_recv(ends[1], bytes, sizeof(bytes), NULL, 0, &len, &n, NULL), 0);
	assert_int_equal(n, 0);
	mp_closep(&ends[0]);
	assert_int_equal(mp_fds_recv(ends[1], bytes, sizeof(bytes), NULL, 0, &len, &n, NULL), 0);
	assert_int_equal(len, 0); /* the end */
	mp_closep(&ends[1]);
	mp_closep(&pipe_ends[0]);
	mp_closep(&pipe_ends[1]);
}

static void what_does_not_fit_is_closed_and_refused(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	int ends[2], got[1];
	const int send[3] = { 0, 1, 2 };
	char bytes[4];
	size_t len = 0, n = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);

	const size_t fds = count_open_fds();

	assert_int_equal(mp_fds_send(ends[0], "x", 1, send, 3, NULL), 0);
	assert_int_equal(mp_fds_recv(ends[1], bytes, sizeof(bytes), got, 1, &len, &n, &err),
			 -EMSGSIZE);
	assert_string_equal(err.msg, "receive: Message too long");
	assert_int_equal(mp_fds_send(ends[0], "12345", 5, send, 1, NULL), 0);
	assert_int_equal(mp_fds_recv(ends[1], bytes, sizeof(bytes), got, 1, &len, &n, &err),
			 -EMSGSIZE);
	assert_int_equal(count_open_fds(), fds);
	mp_closep(&ends[1]);
	assert_int_equal(mp_fds_send(ends[0], "x", 1, NULL, 0, &err), -EPIPE); /* and no signal */
	mp_closep(&ends[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_directory, remove_directory)
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_read_whole_up_to_the_limit),
		TEST(a_file_can_be_read_into_an_arena),
		TEST(a_missing_file_is_named),
		TEST(pipes_and_proc_files_are_read_to_their_end),
		TEST(one_write_reaches_an_existing_file_only),
		TEST(replacing_a_file_sets_content_and_mode),
		TEST(a_failed_replacement_leaves_the_old_file_and_no_other),
		TEST(a_reader_keeps_the_old_content_while_it_is_replaced),
		TEST(directories_are_made_with_their_parents),
		TEST(a_tree_is_removed_and_links_are_not_followed),
		TEST(names_that_mean_other_directories_are_refused),
		TEST(a_tree_deeper_than_any_path_is_removed),
		TEST(a_wide_tree_is_removed),
		TEST(a_memory_file_cannot_be_changed),
		TEST(descriptors_travel_over_a_socket),
		TEST(what_does_not_fit_is_closed_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
