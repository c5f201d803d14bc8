/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/copy_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define DEPTH_MAX 200

struct walk {
	struct mp_copy *copy;
	unsigned int depth;
	struct mp_error *err;
};

/* What an O_PATH descriptor refers to, opened for reading: its type is known by then. */
static int reopen(int path_fd, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	return open(path, flags | O_CLOEXEC);
}

static int copy_bytes(int from, int to, const char *shown, struct mp_error *err)
{
	static char bytes[131072];

	for (;;) {
		const ssize_t n = read(from, bytes, sizeof(bytes));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mp_fail(err, errno, "read %s", shown);
		if (n == 0)
			return 0;
		r = mp_fd_write_all(to, bytes, (size_t)n, err);
		if (r < 0)
			return mp_wrap(err, r, "copy %s", shown);
	}
}

static int open_target(int dir, const char *name, mode_t mode, int *ret_fd)
{
	const int flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat st;
	int fd = openat(dir, name, flags, mode);

	if (fd < 0 && errno == ELOOP && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, flags | O_EXCL, mode);
	if (fd < 0)
		return -errno;
	/* Nothing was written or cut yet: what stood there may be a device. */
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || ftruncate(fd, 0) < 0) {
		(void)close(fd);
		return -EEXIST;
	}
	*ret_fd = fd;
	return 0;
}

static int copy_file(const struct walk *w, int path_fd, const struct stat *st, int dst_dir,
		     const char *name, const char *shown)
{
	mp_auto_fd from = reopen(path_fd, O_RDONLY | O_NONBLOCK);
	mp_auto_fd to = -EBADF;
	int r = from < 0 ? mp_fail(w->err, errno, "open %s", shown) : 0;

	if (r == 0) {
		r = open_target(dst_dir, name, 0666, &to);
		if (r < 0)
			r = mp_fail(w->err, -r, "create the copy of %s", shown);
	}
	if (r == 0)
		r = copy_bytes(from, to, shown, w->err);
	if (r == 0 && w->copy->keeps_modes && fchmod(to, st->st_mode & 0777U) < 0)
		r = mp_fail(w->err, errno, "set the mode of the copy of %s", shown);
	return r;
}

/* What a link leads to, as long as it stays below the directory that it is in. */
static int open_beneath(int dir, const char *name)
{
	return dir < 0 ? -EBADF :
			 mp_sys_openat2(dir, name, O_PATH | O_CLOEXEC, 0,
					RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

static int copy_link(const struct walk *w, int dir, const char *src_name, int path_fd, int dst_dir,
		     const char *dst_name, const char *shown)
{
	char target[PATH_MAX];
	const ssize_t n = readlinkat(path_fd, "", target, sizeof(target) - 1);

	if (n < 0)
		return mp_fail(w->err, errno, "read the link %s", shown);
	target[n] = '\0';
	if (!w->copy->keeps_links) {
		mp_auto_fd file = open_beneath(dir, src_name);
		struct stat st;

		if (file >= 0 && fstat(file, &st) == 0 && S_ISREG(st.st_mode))
			return copy_file(w, file, &st, dst_dir, dst_name, shown);
		w->copy->n_skipped++;
		(void)fprintf(w->copy->warnings, "warning: skipping symlink: \"%s\" -> \"%s\"\n",
			      shown, target);
		return 0;
	}
	if (unlinkat(dst_dir, dst_name, 0) < 0 && errno != ENOENT)
		return mp_fail(w->err, errno, "replace %s", dst_name);
	if (symlinkat(target, dst_dir, dst_name) < 0)
		return mp_fail(w->err, errno, "make the link %s", dst_name);
	return 0;
}

static int copy_opened(struct walk *w, int dir, int path_fd, int dst_dir, const char *name,
		       const char *shown);

static int copy_entries(struct walk *w, int path_fd, int dst, const char *shown)
{
	const int fd = reopen(path_fd, O_RDONLY | O_DIRECTORY);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		r = mp_fail(w->err, errno, "read %s", shown);
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	for (const struct dirent *e = readdir(dir); e && r == 0; e = readdir(dir)) {
		char path[PATH_MAX];
		mp_auto_fd entry = -EBADF;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", shown, e->d_name);
		entry = openat(path_fd, e->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		r = entry < 0 ? mp_fail(w->err, errno, "%s", path) :
				copy_opened(w, path_fd, entry, dst, e->d_name, path);
	}
	(void)closedir(dir);
	return r;
}

static int copy_dir(struct walk *w, int path_fd, const struct stat *st, int dst_dir,
		    const char *name, const char *shown)
{
	mp_auto_fd dst = -EBADF;
	bool is_new = false;
	int r = 0;

	if (++w->depth > DEPTH_MAX)
		return mp_fail_text(w->err, ELOOP, "%s: more than %d directories deep", shown,
				    DEPTH_MAX);
	if (strcmp(name, ".") != 0) {
		is_new = mkdirat(dst_dir, name, 0777) == 0;
		if (!is_new && errno != EEXIST)
			return mp_fail(w->err, errno, "make the directory %s", name);
	}
	dst = openat(dst_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dst < 0)
		return mp_fail(w->err, errno, "open the directory %s", name);
	r = copy_entries(w, path_fd, dst, shown);
	if (r == 0 && is_new && w->copy->keeps_modes && fchmod(dst, st->st_mode & 0777U) < 0)
		r = mp_fail(w->err, errno, "set the mode of %s", name);
	w->depth--;
	return r;
}

/* @dir: where it was found under @name, if it was found in one; else -EBADF. */
static int copy_opened(struct walk *w, int dir, int path_fd, int dst_dir, const char *name,
		       const char *shown)
{
	struct stat st;

	if (fstat(path_fd, &st) < 0)
		return mp_fail(w->err, errno, "%s", shown);
	if (S_ISREG(st.st_mode))
		return copy_file(w, path_fd, &st, dst_dir, name, shown);
	if (S_ISDIR(st.st_mode))
		return copy_dir(w, path_fd, &st, dst_dir, name, shown);
	if (S_ISLNK(st.st_mode))
		return copy_link(w, dir, name, path_fd, dst_dir, name, shown);
	w->copy->n_skipped++;
	(void)fprintf(w->copy->warnings, "warning: skipping \"%s\": not a file or directory\n",
		      shown);
	return 0;
}

int mp_copy_tree(struct mp_copy *copy, int src_fd, int dst_dir, const char *dst_name,
		 const char *shown, struct mp_error *err)
{
	struct walk w = { .copy = copy, .err = err };

	return copy_opened(&w, -EBADF, src_fd, dst_dir, dst_name, shown);
}
