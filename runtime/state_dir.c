/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "rootfs/overlay.h"
#include "rootfs/volumes.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"

#define SPARE      "spare" /* both the directory of spares and a layer without an owner */
#define SPARES_MAX 4
#define YOUNG_S    2

#define HOLD_MS      500 /* for so long at most a removed pod stays for those who follow it */
#define HOLD_STEP_MS 50

static int put_path(char *buf, size_t size, struct mp_error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static int put_path(char *buf, size_t size, struct mp_error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= size)
		return mp_fail(err, ENAMETOOLONG, "path %.100s...", buf);
	return 0;
}

int mp_roots_init(const char *root, struct mp_roots *ret, struct mp_error *err)
{
	char here[PATH_MAX] = "";
	int r;

	if (!root || !root[0]) {
		(void)snprintf(ret->run, sizeof(ret->run), "/run/minipod");
		(void)snprintf(ret->lib, sizeof(ret->lib), "/var/lib/minipod");
		(void)snprintf(ret->log, sizeof(ret->log), "/var/log/minipod");
		return 0;
	}
	/* Containers leave this working directory's name behind: make it absolute once. */
	if (root[0] != '/' && !getcwd(here, sizeof(here) - 1))
		return mp_fail(err, errno, "current directory");

	const char *sep = root[0] == '/' ? "" : "/";

	r = put_path(ret->run, sizeof(ret->run), err, "%s%s%s/run", here, sep, root);
	if (r == 0)
		r = put_path(ret->lib, sizeof(ret->lib), err, "%s%s%s/lib", here, sep, root);
	if (r == 0)
		r = put_path(ret->log, sizeof(ret->log), err, "%s%s%s/log", here, sep, root);
	return r;
}

static int open_dir(const char *path, int *ret_fd, struct mp_error *err)
{
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? mp_fail(err, errno, "open %s", path) : 0;
}

/* The last component of @path is made new; its parents may exist. */
static int make_dir(const char *path, mode_t mode, int *ret_fd, struct mp_error *err)
{
	if (mkdir(path, mode) < 0) {
		if (errno == ENOENT) {
			char parent[PATH_MAX];

			(void)snprintf(parent, sizeof(parent), "%s", path);
			*strrchr(parent, '/') = '\0';

			int r = mp_dir_make(AT_FDCWD, parent, 0755, err);

			if (r < 0)
				return r;
			if (mkdir(path, mode) < 0)
				return mp_fail(err, errno, "create %s", path);
		} else {
			return mp_fail(err, errno, "create %s", path);
		}
	}
	return open_dir(path, ret_fd, err);
}

int mp_state_dir_lock(struct mp_state_dir *dir, struct mp_error *err)
{
	/* flock belongs to the description: one of its own, so that run_fd may be used freely. */
	mp_auto_fd fd = openat(dir->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open %s", dir->run_path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return mp_fail_text(err, EAGAIN, "another supervisor holds %s",
					    dir->run_path);
		return mp_fail(err, errno, "lock %s", dir->run_path);
	}
	dir->lock_fd = mp_steal_fd(&fd);
	return 0;
}

bool mp_state_dir_is_locked(const struct mp_state_dir *dir)
{
	mp_auto_fd fd = openat(dir->run_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

bool mp_state_dir_is_unfinished(struct mp_state_dir *dir)
{
	struct stat st;
	struct timespec now;

	return faccessat(dir->run_fd, "pod.json", F_OK, 0) < 0 && errno == ENOENT &&
	       fstat(dir->run_fd, &st) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	       now.tv_sec - st.st_mtim.tv_sec >= YOUNG_S && mp_state_dir_lock(dir, NULL) == 0;
}

void mp_state_dir_reopen(struct mp_state_dir *dir)
{
	mp_closep(&dir->lib_fd);
	mp_closep(&dir->log_fd);
	(void)open_dir(dir->lib_path, &dir->lib_fd, NULL);
	(void)open_dir(dir->log_path, &dir->log_fd, NULL);
}

/*
 * Making and removing a directory on a disk costs up to half a millisecond, and more on a busy one;
 * renaming it a twentieth. So the directories of a pod that ended are kept for the next. Nothing
 * that a container could write to is among them: its "upper" is made anew for each. Which pod they
 * belong to, if any, is told by the name at every moment.
 */
static int spare_path(const struct mp_state_dir *dir, unsigned int number, char *buf, size_t size)
{
	const size_t below = strlen("/pods") + strlen(strrchr(dir->lib_path, '/'));
	const int lib = (int)(strlen(dir->lib_path) - below);

	return number < SPARES_MAX ?
		       put_path(buf, size, NULL, "%.*s/" SPARE "/%u", lib, dir->lib_path, number) :
		       put_path(buf, size, NULL, "%.*s/" SPARE, lib, dir->lib_path);
}

static bool take_spare(const struct mp_state_dir *dir)
{
	char path[PATH_MAX];

	for (unsigned int i = 0; i < SPARES_MAX; i++) {
		if (spare_path(dir, i, path, sizeof(path)) < 0)
			return false;
		if (renameat2(AT_FDCWD, path, AT_FDCWD, dir->lib_path, RENAME_NOREPLACE) == 0)
			return true;
		if (errno != ENOENT)
			return false;
	}
	return false;
}

/* @fd is a directory with one entry, @name. */
static bool holds_only(int fd, const char *name)
{
	char buf[1024] __attribute__((aligned(8)));
	const ssize_t n = getdents64(fd, buf, sizeof(buf));
	size_t found = 0;

	for (ssize_t at = 0; at < n;) {
		const struct dirent64 *e = (const void *)(buf + at);

		if (strcmp(e->d_name, name) == 0)
			found++;
		else if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			return false;
		at += e->d_reclen;
	}
	return found == 1 && getdents64(fd, buf, sizeof(buf)) == 0;
}

static bool keep_as_spare(struct mp_state_dir *dir)
{
	mp_auto_fd fd = -EBADF;
	char path[PATH_MAX];

	if (dir->lib_fd >= 0)
		fd = openat(dir->lib_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !holds_only(fd, SPARE))
		return false;
	for (unsigned int i = 0; i < SPARES_MAX; i++) {
		if (spare_path(dir, i, path, sizeof(path)) < 0)
			return false;

		int r = renameat2(AT_FDCWD, dir->lib_path, AT_FDCWD, path, RENAME_NOREPLACE);

		if (r < 0 && errno == ENOENT) {
			*strrchr(path, '/') = '\0';
			if (mkdir(path, 0750) < 0)
				return false;
			path[strlen(path)] = '/';
			r = renameat2(AT_FDCWD, dir->lib_path, AT_FDCWD, path, RENAME_NOREPLACE);
		}
		if (r == 0) {
			mp_closep(&dir->lib_fd);
			return true;
		}
		if (errno != EEXIST)
			return false;
	}
	return false;
}

int mp_state_dir_data(struct mp_state_dir *dir, struct mp_error *err)
{
	int r;

	if (dir->lib_fd >= 0)
		return 0;
	if (take_spare(dir))
		return open_dir(dir->lib_path, &dir->lib_fd, err);
	r = make_dir(dir->lib_path, 0750, &dir->lib_fd, err);
	return r == -EEXIST ? open_dir(dir->lib_path, &dir->lib_fd, err) : r;
}

int mp_state_dir_logs(struct mp_state_dir *dir, struct mp_error *err)
{
	int r;

	if (dir->log_fd >= 0)
		return 0;
	r = make_dir(dir->log_path, 0755, &dir->log_fd, err);
	return r == -EEXIST ? open_dir(dir->log_path, &dir->log_fd, err) : r;
}

static int fill_paths(const struct mp_roots *roots, const char *name, const char *uid,
		      struct mp_state_dir *ret, struct mp_error *err)
{
	int r = put_path(ret->name, sizeof(ret->name), err, "%s", name);

	if (r == 0)
		r = put_path(ret->run_path, sizeof(ret->run_path), err, "%s/pods/%s", roots->run,
			     name);
	if (r == 0 && uid)
		r = put_path(ret->lib_path, sizeof(ret->lib_path), err, "%s/pods/%s", roots->lib,
			     uid);
	if (r == 0 && uid)
		r = put_path(ret->log_path, sizeof(ret->log_path), err, "%s/pods/%s_%s", roots->log,
			     name, uid);
	return r;
}

static int remove_tree(const char *path, struct mp_error *err)
{
	int r = 0;

	if (!path[0])
		return 0;
	if (rmdir(path) < 0 && errno != ENOENT)
		r = mp_tree_remove(AT_FDCWD, path, err);
	return r;
}

/* The name is taken by what somebody was killed while making or removing it. */
static bool clear_unfinished(const struct mp_state_dir *dir)
{
	struct mp_state_dir old = MP_STATE_DIR_NONE;
	bool is_clear = false;

	if (open_dir(dir->run_path, &old.run_fd, NULL) == 0)
		is_clear =
			mp_state_dir_is_unfinished(&old) && remove_tree(dir->run_path, NULL) == 0;
	mp_state_dir_close(&old);
	return is_clear;
}

int mp_state_dir_create(const struct mp_roots *roots, const struct mp_pod_spec *spec,
			struct mp_state_dir *ret, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	char name[520];
	int r;

	(void)snprintf(name, sizeof(name), "%s_%s", spec->meta.namespace_, spec->meta.name);
	/* The longest name made of it: the directory of the logs. A node's kubelet fails there. */
	if (strlen(name) + 1 + strlen(spec->meta.uid) > NAME_MAX)
		return mp_fail_text(err, ENAMETOOLONG,
				    "metadata.name: %zu characters together with the namespace, of "
				    "which files have room for %zu: choose a shorter name",
				    strlen(name) - 1, NAME_MAX - 2 - strlen(spec->meta.uid));
	r = fill_paths(roots, name, spec->meta.uid, &dir, err);
	if (r < 0)
		return r;
	r = make_dir(dir.run_path, 0700, &dir.run_fd, err);
	if (r == -EEXIST && clear_unfinished(&dir))
		r = make_dir(dir.run_path, 0700, &dir.run_fd, err);
	if (r == -EEXIST)
		return mp_fail_text(err, EEXIST,
				    "pod \"%s\" already exists in namespace \"%s\": delete it "
				    "first with 'minipod delete %s', or run with --replace",
				    spec->meta.name, spec->meta.namespace_, spec->meta.name);
	if (r == 0)
		r = mp_state_dir_lock(&dir, err);
	if (r < 0) {
		(void)mp_state_dir_remove(&dir, NULL);
		mp_state_dir_close(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

int mp_state_dir_open(const struct mp_roots *roots, const char *name, const char *uid,
		      struct mp_state_dir *ret, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r = fill_paths(roots, name, uid, &dir, err);

	if (r == 0)
		r = open_dir(dir.run_path, &dir.run_fd, err);
	if (r == -ENAMETOOLONG) /* no pod can have that name */
		r = -ENOENT;
	if (r == 0 && uid) {
		/* Either may be gone already: the pod ended, or was being removed. */
		(void)open_dir(dir.lib_path, &dir.lib_fd, NULL);
		(void)open_dir(dir.log_path, &dir.log_fd, NULL);
	}
	if (r < 0) {
		mp_state_dir_close(&dir);
		return r;
	}
	*ret = dir;
	return 0;
}

int mp_state_dir_layer(struct mp_state_dir *dir, const char *name, int *ret_fd,
		       struct mp_error *err)
{
	int r = mp_state_dir_data(dir, err);

	if (r < 0)
		return r;
	if (renameat2(dir->lib_fd, SPARE, dir->lib_fd, name, RENAME_NOREPLACE) < 0 &&
	    mkdirat(dir->lib_fd, name, 0750) < 0)
		return mp_fail(err, errno, "create directory %s", name);

	const int fd = openat(dir->lib_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return mp_fail(err, errno, "open %s", name);
	*ret_fd = fd;
	return 0;
}

int mp_state_dir_drop_layer(struct mp_state_dir *dir, const char *name, struct mp_error *err)
{
	mp_auto_fd fd = openat(dir->lib_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && mp_overlay_reset(fd) &&
	    renameat2(dir->lib_fd, name, dir->lib_fd, SPARE, RENAME_NOREPLACE) == 0)
		return 0;
	return mp_volume_remove(dir->lib_fd, name, err);
}

int mp_state_dir_remove_data(struct mp_state_dir *dir, struct mp_error *err)
{
	if (keep_as_spare(dir))
		return 0;
	return remove_tree(dir->lib_path, err);
}

static bool is_run_dir(const struct mp_state_dir *dir, const char *path)
{
	struct stat ours, there;

	return fstat(dir->run_fd, &ours) == 0 && lstat(path, &there) == 0 &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool mp_state_dir_is_named(const struct mp_state_dir *dir)
{
	return is_run_dir(dir, dir->run_path);
}

/* The name beside its own under which a pod's run directory is nobody's any more. */
static bool hidden_path(const struct mp_state_dir *dir, char path[PATH_MAX])
{
	const char *uid = strrchr(dir->lib_path, '/');
	const char *end = strrchr(dir->run_path, '/');

	return uid && end &&
	       put_path(path, PATH_MAX, NULL, "%.*s/.%s_%s", (int)(end - dir->run_path),
			dir->run_path, dir->name, uid + 1) == 0;
}

/*
 * Where the run directory is now: a forced deletion has moved it out of its name's way, and the
 * name may be another pod's. The descriptor does not tell a path any more once its mount namespace
 * has ended.
 */
static void find_again(struct mp_state_dir *dir)
{
	char hidden[PATH_MAX];

	if (dir->run_fd < 0 || is_run_dir(dir, dir->run_path))
		return;
	if (hidden_path(dir, hidden) && is_run_dir(dir, hidden))
		(void)snprintf(dir->run_path, sizeof(dir->run_path), "%s", hidden);
	else
		dir->run_path[0] = '\0'; /* somebody has removed it */
}

/*
 * Whoever looks sees a pod with all its files, or none: not one whose status is removed already.
 * Where it cannot be moved, it is removed where it is. The directory's path from now on.
 */
static const char *hide(const struct mp_state_dir *dir, char hidden[PATH_MAX])
{
	if (dir->run_fd >= 0 && is_run_dir(dir, dir->run_path) && hidden_path(dir, hidden) &&
	    rename(dir->run_path, hidden) == 0)
		return hidden;
	return dir->run_path;
}

int mp_state_dir_hold(const struct mp_roots *roots, const char *name)
{
	char path[PATH_MAX];

	if (put_path(path, sizeof(path), NULL, "%s/pods/%s/pod.json", roots->run, name) < 0)
		return -1;

	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0 ? mp_steal_fd(&fd) : -1;
}

char *mp_state_dir_hidden_name(struct mp_arena *arena, const char *name, const char *uid)
{
	return mp_arena_printf(arena, ".%s_%s", name, uid);
}

void mp_state_dir_let_go(int *fd)
{
	/* Before the descriptor's end, which is what await_holders() is told of. */
	if (*fd >= 0)
		(void)flock(*fd, LOCK_UN);
	mp_closep(fd);
}

/* Gives those who follow the pod the time to read how it ended. */
static void await_holders(const struct mp_state_dir *dir, const char *run_path)
{
	char path[PATH_MAX], events[4096];
	mp_auto_fd fd = openat(dir->run_fd, "pod.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	mp_auto_fd closed = -1;
	const mp_nsec end = mp_clock_read().mono + HOLD_MS * MP_NSEC_PER_MS;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK &&
	       mp_clock_read().mono < end) {
		struct pollfd p = { .events = POLLIN };

		if (closed < 0) {
			closed = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
			if (closed < 0 ||
			    put_path(path, sizeof(path), NULL, "%s/pod.json", run_path) < 0 ||
			    inotify_add_watch(closed, path, IN_CLOSE_NOWRITE) < 0)
				return;
			continue; /* it may have let go before that */
		}
		p.fd = closed;
		/* One that was killed is told of before its lock is gone: look again soon. */
		(void)poll(&p, 1, HOLD_STEP_MS);
		while (read(closed, events, sizeof(events)) > 0)
			;
	}
}

int mp_state_dir_remove(struct mp_state_dir *dir, struct mp_error *err)
{
	char hidden[PATH_MAX];
	struct mp_error second;

	find_again(dir);

	const char *run_path = hide(dir, hidden);
	int r = remove_tree(dir->log_path, err);

	if (run_path == hidden)
		await_holders(dir, run_path);

	int r2 = remove_tree(run_path, r == 0 ? err : &second);

	return r < 0 ? r : r2;
}

void mp_state_dir_close(struct mp_state_dir *dir)
{
	mp_closep(&dir->run_fd);
	mp_closep(&dir->lib_fd);
	mp_closep(&dir->log_fd);
	mp_closep(&dir->lock_fd);
}
