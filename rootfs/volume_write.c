/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One version of a volume's files is one directory; the link "..data" names the current one and
 * is replaced by rename, so a reader that opens through it sees one version whole.
 * Source: pkg/volume/util/atomic_writer.go of Kubernetes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "rootfs/tree.h"
#include "rootfs/volume_path.h"
#include "rootfs/volumes.h"
#include "rootfs/walk.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define DATA     "..data"
#define DATA_TMP "..data_tmp"
#define NO_GID   ((gid_t)-1)

struct write {
	int dir_fd;
	const struct mp_volume_file *files;
	size_t n;
	gid_t gid;
};

/* A path given twice: the later counts. */
static bool is_overridden(const struct write *w, size_t i)
{
	for (size_t j = i + 1; j < w->n; j++)
		if (strcmp(w->files[i].path, w->files[j].path) == 0)
			return true;
	return false;
}

static mode_t mode_of(const struct write *w, const struct mp_volume_file *file)
{
	return (file->mode & 07777U) | (w->gid != NO_GID ? 0440U : 0U);
}

static int open_plain(int dir_fd, const char *path, uint64_t flags)
{
	return mp_sys_openat2(dir_fd, path, flags | O_CLOEXEC, 0,
			      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

static bool is_same_file(const struct write *w, int version_fd, const struct mp_volume_file *file)
{
	mp_auto_fd fd = open_plain(version_fd, file->path, O_RDONLY | O_NOFOLLOW);
	mp_auto_free char *text = NULL;
	size_t len = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (st.st_mode & 07777U) != mode_of(w, file) ||
	    (w->gid != NO_GID && st.st_gid != w->gid) || st.st_uid != file->uid ||
	    (size_t)st.st_size != file->size)
		return false;
	if (mp_fd_read_all(fd, file->size, NULL, &text, &len, NULL) < 0)
		return false;
	return len == file->size && (len == 0 || memcmp(text, file->data, len) == 0);
}

static int count_file(void *ctx, int dir_fd, const char *name, const struct stat *st)
{
	size_t *n = ctx;

	(void)dir_fd;
	(void)name;
	*n += S_ISDIR(st->st_mode) ? 0 : 1;
	return 0;
}

static bool has_link(int dir_fd, const char *name, const char *target)
{
	char text[PATH_MAX];
	const ssize_t n = readlinkat(dir_fd, name, text, sizeof(text) - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return strcmp(text, target) == 0;
}

static bool is_current(const struct write *w, const char *version)
{
	mp_auto_fd fd =
		version[0] ? open_plain(w->dir_fd, version, O_RDONLY | O_DIRECTORY) : -ENOENT;
	size_t have = 0, want = 0;
	char top[NAME_MAX + 1], target[NAME_MAX + sizeof(DATA) + 1];

	if (fd < 0 || mp_walk(fd, count_file, &have) < 0)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		if (is_overridden(w, i))
			continue;
		mp_volume_path_top(w->files[i].path, top);
		(void)snprintf(target, sizeof(target), DATA "/%s", top);
		if (!is_same_file(w, fd, &w->files[i]) || !has_link(w->dir_fd, top, target))
			return false;
		want++;
	}
	return have == want;
}

static int write_file(const struct write *w, int version_fd, const struct mp_volume_file *file,
		      struct mp_error *err)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(file->path, '/');
	int r = 0;

	if (slash) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - file->path), file->path);
		r = mp_dir_make(version_fd, dir, 0755, err);
	}
	if (r < 0)
		return r;

	mp_auto_fd fd = openat(version_fd, file->path,
			       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return mp_fail(err, errno, "create %s", file->path);
	r = mp_fd_write_all(fd, file->data, file->size, err);
	if (r < 0)
		return mp_wrap(err, r, "write %s", file->path);
	if ((w->gid != NO_GID || file->uid != 0) && fchown(fd, file->uid, w->gid) < 0)
		return mp_fail(err, errno, "set the owner of %s", file->path);
	if (fchmod(fd, mode_of(w, file)) < 0)
		return mp_fail(err, errno, "set the mode of %s", file->path);
	return 0;
}

static int fix_dir(void *ctx, int dir_fd, const char *name, const struct stat *st)
{
	const struct write *w = ctx;
	const bool has_group = w->gid != NO_GID;

	if (!S_ISDIR(st->st_mode))
		return 0;
	if (has_group && fchownat(dir_fd, name, (uid_t)-1, w->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return fchmodat(dir_fd, name, 0755U | (has_group ? S_ISGID : 0U), 0) < 0 ? -errno : 0;
}

/* A new directory with all the files; its name goes to @version. */
static int write_version(struct write *w, int64_t wall, char version[NAME_MAX + 1],
			 struct mp_error *err)
{
	char time[MP_TIME_TEXT_MAX];
	uint32_t nonce = 0;
	mp_auto_fd fd = -EBADF;
	int r = 0;

	(void)mp_time_rfc3339(wall, time); /* 2024-01-02T03:04:05Z */
	for (char *c = time; *c; c++) {
		if (*c == '-' || *c == 'T' || *c == ':')
			*c = '_';
		else if (*c == 'Z')
			*c = '\0';
	}
	do {
		if (getrandom(&nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
			return mp_fail(err, errno, "name the new version");
		(void)snprintf(version, NAME_MAX + 1, "..%s.%u", time, nonce);
		r = mkdirat(w->dir_fd, version, 0700);
	} while (r < 0 && errno == EEXIST);
	if (r < 0)
		return mp_fail(err, errno, "make the new version's directory");
	fd = openat(w->dir_fd, version, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return mp_fail(err, errno, "open the new version's directory");
	for (size_t i = 0; i < w->n && r == 0; i++)
		if (!is_overridden(w, i))
			r = write_file(w, fd, &w->files[i], err);
	if (r == 0) {
		r = mp_walk(fd, fix_dir, w);
		if (r < 0)
			r = mp_fail(err, -r, "set modes of the new version");
	}
	return r;
}

static int set_link(const struct write *w, const char *name, const char *target,
		    struct mp_error *err)
{
	if (has_link(w->dir_fd, name, target))
		return 0;
	if (symlinkat(target, w->dir_fd, name) < 0)
		return mp_fail(err, errno, "link %s", name);
	if (w->gid != NO_GID &&
	    fchownat(w->dir_fd, name, (uid_t)-1, w->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return mp_fail(err, errno, "set the group of %s", name);
	return 0;
}

static int switch_version(const struct write *w, const char *version, struct mp_error *err)
{
	char top[NAME_MAX + 1], target[NAME_MAX + sizeof(DATA) + 1];
	int r;

	(void)unlinkat(w->dir_fd, DATA_TMP, 0);
	r = set_link(w, DATA_TMP, version, err);
	if (r < 0)
		return r;
	if (renameat(w->dir_fd, DATA_TMP, w->dir_fd, DATA) < 0)
		return mp_fail(err, errno, "switch to the new version");
	for (size_t i = 0; i < w->n && r == 0; i++) {
		mp_volume_path_top(w->files[i].path, top);
		(void)snprintf(target, sizeof(target), DATA "/%s", top);
		r = set_link(w, top, target, err);
	}
	return r;
}

static bool is_wanted(const struct write *w, const char *name)
{
	char top[NAME_MAX + 1];

	for (size_t i = 0; i < w->n; i++) {
		mp_volume_path_top(w->files[i].path, top);
		if (strcmp(top, name) == 0)
			return true;
	}
	return false;
}

/* Links of names that are gone, other versions, and what an interrupted write left. */
static int remove_stale(const struct write *w, const char *version, struct mp_error *err)
{
	const int fd = openat(w->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		r = mp_fail(err, errno, "read the volume");
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	for (const struct dirent *e; r == 0 && (e = readdir(dir));) {
		const char *name = e->d_name;
		char target[NAME_MAX + sizeof(DATA) + 1];

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, DATA) == 0)
			continue;
		if (strncmp(name, "..", 2) == 0) {
			if (strcmp(name, version) != 0)
				r = mp_tree_force_remove(w->dir_fd, name, err);
			continue;
		}
		(void)snprintf(target, sizeof(target), DATA "/%s", name);
		if (!is_wanted(w, name) && has_link(w->dir_fd, name, target) &&
		    unlinkat(w->dir_fd, name, 0) < 0)
			r = mp_fail(err, errno, "remove %s", name);
	}
	(void)closedir(dir);
	return r;
}

static int set_root_group(const struct write *w, struct mp_error *err)
{
	struct stat st;

	if (w->gid == NO_GID)
		return 0;
	if (fstat(w->dir_fd, &st) < 0)
		return mp_fail(err, errno, "look at the volume");
	if (st.st_gid != w->gid && fchown(w->dir_fd, (uid_t)-1, w->gid) < 0)
		return mp_fail(err, errno, "set the group of the volume");
	if (fchmod(w->dir_fd, (st.st_mode & 07777U) | 0550U | S_ISGID) < 0)
		return mp_fail(err, errno, "set the mode of the volume");
	return 0;
}

int mp_volume_write(int dir_fd, const struct mp_volume_file *files, size_t n, gid_t gid,
		    int64_t wall, bool *ret_changed, struct mp_error *err)
{
	struct write w = { dir_fd, files, n, gid };
	char version[NAME_MAX + 1] = "";
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = mp_volume_path_check(files[i].path, err);
	if (r < 0)
		return r;

	const ssize_t len = readlinkat(dir_fd, DATA, version, sizeof(version) - 1);

	version[len > 0 ? len : 0] = '\0';
	if (is_current(&w, version)) {
		if (ret_changed)
			*ret_changed = false;
		return 0;
	}
	r = write_version(&w, wall, version, err);
	if (r == 0)
		r = switch_version(&w, version, err);
	else
		(void)mp_tree_force_remove(dir_fd, version, NULL);
	if (r == 0)
		r = remove_stale(&w, version, err);
	if (r == 0)
		r = set_root_group(&w, err);
	if (r == 0 && ret_changed)
		*ret_changed = true;
	return r;
}
