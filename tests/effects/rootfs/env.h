/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place of its own for root tests of rootfs/: a mount namespace that nobody else sees, a
 * directory below /tmp, and after each test the proof that descriptors and mounts are as before.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rootfs/enter.h"
#include "rootfs/fsctx.h"
#include "rootfs/image.h"
#include "rootfs/overlay.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "tests/support/strict.h"

static char env_base[64]; /* /tmp/minipod-rootfs-<pid> */
static char env_dir[80];  /* the running test's directory below it */
static unsigned int env_turn;
static size_t env_fds, env_mounts;

#define MUST(x)                                                                             \
	do {                                                                                \
		if ((x) < 0)                                                                \
			fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #x, strerror(errno)); \
	} while (0)

#define MUST_OK(x, err)                                                               \
	do {                                                                          \
		if ((x) < 0)                                                          \
			fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #x, (err).msg); \
	} while (0)

static inline size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

static inline size_t count_mounts(void)
{
	char *text = NULL;
	size_t n = 0;

	assert_int_equal(mp_file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, NULL, &text, NULL,
				      NULL),
			 0);
	for (const char *p = text; *p; p++)
		n += *p == '\n' ? 1 : 0;
	free(text);
	return n;
}

static inline int env_open(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		puts("needs root");
		exit(tests_are_strict() ? 1 : 77);
	}
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -1;
	(void)umask(022);
	(void)snprintf(env_base, sizeof(env_base), "/tmp/minipod-rootfs-%ld", (long)getpid());
	return mkdir(env_base, 0755);
}

static inline int env_close(void **state)
{
	(void)state;
	return mp_tree_remove(AT_FDCWD, env_base, NULL);
}

static inline int env_before(void **state)
{
	(void)state;
	env_fds = count_fds();
	env_mounts = count_mounts();
	(void)snprintf(env_dir, sizeof(env_dir), "%s/%u", env_base, env_turn++);
	return mkdir(env_dir, 0755);
}

static inline int env_after(void **state)
{
	(void)state;
	if (count_fds() != env_fds || count_mounts() != env_mounts) {
		printf("left behind: %zd descriptors, %zd mounts\n",
		       (ssize_t)(count_fds() - env_fds), (ssize_t)(count_mounts() - env_mounts));
		return -1;
	}
	return mp_tree_remove(AT_FDCWD, env_dir, NULL);
}

#define env_test(f) cmocka_unit_test_setup_teardown(f, env_before, env_after)

/* Path below the test's directory; sixty-four may be in use at a time. */
static inline const char *at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline const char *at(const char *fmt, ...)
{
	static char paths[64][512];
	static unsigned int turn;
	char *path = paths[turn++ % 64];
	const int n = snprintf(path, sizeof(paths[0]), "%s/", env_dir);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(path + n, sizeof(paths[0]) - (size_t)n, fmt, ap);
	va_end(ap);
	return path;
}

static inline void put(const char *path, const char *text)
{
	mp_auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	MUST(fd);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static inline void expect_file(const char *path, const char *want)
{
	char *text = NULL;
	struct mp_error err = MP_ERROR_NONE;

	MUST_OK(mp_file_read(AT_FDCWD, path, 1 << 20, NULL, &text, NULL, &err), err);
	assert_string_equal(text, want);
	free(text);
}

/* Runs a program of the host in the test's directory; its output goes to @out, if given. */
static inline void run_tool(const char *const *argv, const char *out)
{
	int ws;

	(void)fflush(NULL);

	const pid_t pid = fork();

	if (pid == 0) {
		const int fd = out ? open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;

		if (fd >= 0)
			(void)dup2(fd, 1);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	assert_int_equal(ws, 0);
}

static inline int open_dir(const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(fd);
	return fd;
}

#define USERNS_MAP "0 100000 65536"

/* The test's directories are on a tmpfs, whose ids Linux can map since 6.3 only. */
static inline void need_idmapped_mounts(int userns_fd)
{
	mp_auto_fd copy = mp_sys_open_tree(AT_FDCWD, "/tmp", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	MUST(copy);
	if (mp_mount_idmap(copy, userns_fd) != -EINVAL)
		return;
	(void)close(userns_fd);
	mp_closep(&copy);
	skip();
}

/* A user namespace whose ids 0… are 100000… outside. */
static inline int make_userns(void)
{
	const struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	char path[64];

	(void)fflush(NULL);

	const pid_t pid = mp_sys_clone3(&args);

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	assert_true(pid > 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	put(path, USERNS_MAP);
	(void)snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	put(path, USERNS_MAP);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);

	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	MUST(fd);
	MUST(kill(pid, SIGKILL));
	MUST(waitpid(pid, NULL, 0));
	need_idmapped_mounts(fd);
	return fd;
}

/* A container in the making: image, directory, root. */
struct box {
	struct mp_arena arena;
	struct mp_image image;
	int dir_fd, root_fd;
	int userns_fd;  /* owned; >= 0: it runs in a user namespace with the same map */
	uint64_t flags; /* of clone3, besides the usual */
	struct mp_rootfs *rootfs;
	char text[65536]; /* what it printed */
	int status;       /* its exit status, -1 when a step failed */
	int failed_errno;
	char failed_step[128];
};

static inline void box_open_mapped(struct box *b, enum mp_overlay_upper upper, bool is_mapped)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_store *store = NULL;
	enum mp_image_found found = MP_IMAGE_ABSENT;

	*b = (struct box){ .dir_fd = -EBADF, .root_fd = -EBADF, .userns_fd = -EBADF };
	if (is_mapped) {
		b->userns_fd = make_userns();
		b->flags = CLONE_NEWUSER | CLONE_NEWNET;
	}
	char state_dir[80];

	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", env_base);
	MUST_OK(mp_image_store_open(state_dir, mp_image_busybox(), &store, &err), err);
	MUST_OK(mp_image_lookup(store, "busybox", &b->arena, &found, &b->image, &err), err);
	assert_int_equal(found, MP_IMAGE_PRESENT);
	mp_image_store_close(store);
	MUST(mkdir(at("box"), 0755));
	b->dir_fd = open_dir(at("box"));

	const struct mp_overlay_config cfg = { .layer_dirs = b->image.layer_dirs,
					       .n_layer_dirs = b->image.n_layer_dirs,
					       .dir_fd = b->dir_fd,
					       .upper = upper,
					       .userns_fd = b->userns_fd };

	MUST_OK(mp_overlay_mount(&cfg, &b->root_fd, &err), err);
}

static inline void box_open(struct box *b, enum mp_overlay_upper upper)
{
	box_open_mapped(b, upper, false);
}

static inline void box_prepare(struct box *b, struct mp_rootfs_config cfg)
{
	struct mp_error err = MP_ERROR_NONE;

	cfg.root_fd = b->root_fd;
	cfg.userns_fd = b->userns_fd;
	cfg.host_mnt_ns_fd = -EBADF;
	MUST_OK(mp_rootfs_prepare(&cfg, &b->rootfs, &err), err);
}

struct box_report {
	int step, code;
};

_Noreturn static inline void box_child(const struct box *b, size_t broken, const char *script,
				       int report_fd, int go_fd)
{
	char go;
	size_t n;

	if (b->userns_fd >= 0 &&
	    (read(go_fd, &go, 1) != 1 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		_exit(125);

	const struct mp_rootfs_op *ops = mp_rootfs_ops(b->rootfs, &n);

	for (size_t i = 0; i <= n; i++) {
		const struct mp_rootfs_op *op = i < n ? &ops[i] : mp_rootfs_cwd_op(b->rootfs);
		const int r = i == broken ? -EUCLEAN : op->run(op->arg);

		if (r < 0) {
			const struct box_report report = { (int)i, -r };

			(void)!write(report_fd, &report, sizeof(report));
			_exit(127);
		}
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/bin/sh", "sh", "-c", script, (char *)NULL);
	_exit(126);
}

/* Once for each box: runs the steps in a child, then @script in the new root. @broken: step to fail, or SIZE_MAX. */
static inline void box_run(struct box *b, size_t broken, const char *script)
{
	const struct clone_args args = { .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
						  b->flags,
					 .exit_signal = SIGCHLD };
	struct box_report report = { -1, 0 };
	size_t len = 0, n;
	int out[2], notes[2], go[2], ws;
	char path[64];

	MUST(pipe2(out, O_CLOEXEC));
	MUST(pipe2(notes, O_CLOEXEC));
	MUST(pipe2(go, O_CLOEXEC));
	(void)fflush(NULL);

	const pid_t pid = mp_sys_clone3(&args);

	if (pid == 0) {
		(void)dup2(out[1], 1);
		(void)dup2(out[1], 2);
		(void)mp_sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		box_child(b, broken, script, notes[1], go[0]);
	}
	assert_true(pid > 0);
	if (b->userns_fd >= 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
		put(path, USERNS_MAP);
		(void)snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
		put(path, USERNS_MAP);
	}
	assert_int_equal(write(go[1], "", 1), 1);
	(void)close(go[0]);
	(void)close(go[1]);
	(void)close(out[1]);
	(void)close(notes[1]);
	for (ssize_t r; (r = read(out[0], b->text + len, sizeof(b->text) - 1 - len)) > 0;)
		len += (size_t)r;
	b->text[len] = '\0';
	if (read(notes[0], &report, sizeof(report)) != (ssize_t)sizeof(report))
		report.step = -1;
	(void)close(out[0]);
	(void)close(notes[0]);
	assert_int_equal(waitpid(pid, &ws, 0), pid);
	b->status = report.step < 0 && WIFEXITED(ws) ? WEXITSTATUS(ws) : -1;
	b->failed_errno = report.code;
	b->failed_step[0] = '\0';
	if (report.step >= 0) {
		const struct mp_rootfs_op *ops = mp_rootfs_ops(b->rootfs, &n);

		(void)snprintf(b->failed_step, sizeof(b->failed_step), "%s",
			       (size_t)report.step < n ? ops[report.step].what :
							 mp_rootfs_cwd_op(b->rootfs)->what);
	}
}

static inline void box_expect(struct box *b, const char *script, const char *want)
{
	box_run(b, SIZE_MAX, script);
	if (b->failed_step[0])
		fail_msg("step '%s': %s", b->failed_step, strerror(b->failed_errno));
	assert_string_equal(b->text, want);
}

static inline void box_close(struct box *b)
{
	struct mp_error err = MP_ERROR_NONE;

	mp_rootfs_free(b->rootfs);
	b->rootfs = NULL;
	mp_closep(&b->root_fd);
	mp_closep(&b->userns_fd);
	MUST_OK(mp_overlay_remove(b->dir_fd, &err), err);
	mp_closep(&b->dir_fd);
	mp_arena_done(&b->arena);
	/* Nothing but the directory itself may be left. */
	MUST(rmdir(at("box")));
}
