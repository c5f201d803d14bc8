/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

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
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	mp_auto_fd fd = openat(dir->run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			       0600);
	char pid[16];

	if (fd < 0)
		return mp_fail(err, errno, "open %s/lock", dir->run_path);
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return mp_fail_text(err, EAGAIN, "another supervisor holds %s",
					    dir->run_path);
		return mp_fail(err, errno, "lock %s", dir->run_path);
	}

	int n = snprintf(pid, sizeof(pid), "%d\n", getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) != n)
		return mp_fail(err, errno ? errno : EIO, "write %s/lock", dir->run_path);
	dir->lock_fd = mp_steal_fd(&fd);
	return 0;
}

bool mp_state_dir_is_locked(const struct mp_state_dir *dir, int *ret_pid)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	mp_auto_fd fd = openat(dir->run_fd, "lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	char text[16];

	*ret_pid = 0;
	if (fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return false;

	const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n > 0) {
		text[n] = '\0';
		*ret_pid = atoi(text); /* NOLINT(cert-err34-c): our own file; 0 means unknown */
	}
	return true;
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
		r = put_path(ret->log_path, sizeof(ret->log_path), err, "%s/pods/%s_%s",
			     roots->log, name, uid);
	return r;
}

int mp_state_dir_create(const struct mp_roots *roots, const struct mp_pod_spec *spec,
			struct mp_state_dir *ret, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	char name[520];
	int r;

	(void)snprintf(name, sizeof(name), "%s_%s", spec->meta.namespace_, spec->meta.name);
	r = fill_paths(roots, name, spec->meta.uid, &dir, err);
	if (r < 0)
		return r;
	r = make_dir(dir.run_path, 0700, &dir.run_fd, err);
	if (r == -EEXIST)
		return mp_fail_text(err, EEXIST,
				    "pod \"%s\" already exists in namespace \"%s\": delete it "
				    "first with 'minipod delete %s', or run with --replace",
				    spec->meta.name, spec->meta.namespace_, spec->meta.name);
	if (r == 0)
		r = mp_state_dir_lock(&dir, err);
	if (r == 0)
		r = make_dir(dir.lib_path, 0750, &dir.lib_fd, err);
	if (r == 0)
		r = make_dir(dir.log_path, 0755, &dir.log_fd, err);
	if (r < 0) {
		(void)mp_state_dir_remove_data(&dir, NULL);
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

/* Removes the parents that held nothing else, so that an unused root is left empty. */
static void remove_parents(const char *path, int levels)
{
	char parent[PATH_MAX];

	(void)snprintf(parent, sizeof(parent), "%s", path);
	for (int i = 0; i < levels; i++) {
		char *slash = strrchr(parent, '/');

		if (!slash || slash == parent)
			return;
		*slash = '\0';
		if (rmdir(parent) < 0)
			return;
	}
}

static int remove_tree(const char *path, int levels, struct mp_error *err)
{
	int r = 0;

	if (!path[0])
		return 0;
	if (rmdir(path) < 0 && errno != ENOENT)
		r = mp_tree_remove(AT_FDCWD, path, err);
	if (r == 0)
		remove_parents(path, levels);
	return r;
}

int mp_state_dir_remove_data(struct mp_state_dir *dir, struct mp_error *err)
{
	return remove_tree(dir->lib_path, 1, err);
}

int mp_state_dir_remove(struct mp_state_dir *dir, struct mp_error *err)
{
	int r = remove_tree(dir->log_path, 2, err);
	struct mp_error second;
	int r2 = remove_tree(dir->run_path, 2, r == 0 ? err : &second);

	return r < 0 ? r : r2;
}

void mp_state_dir_close(struct mp_state_dir *dir)
{
	mp_closep(&dir->run_fd);
	mp_closep(&dir->lib_fd);
	mp_closep(&dir->log_fd);
	mp_closep(&dir->lock_fd);
}
