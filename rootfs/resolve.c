/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a path walks it one component at a time, because the kernel has no "mkdir -p in root".
 * The part already walked is kept as text without symbolic links, and every look-up of it starts
 * at the root again with RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS: whoever renames or links
 * something under us meanwhile gets an error or another place inside the root, never one outside.
 */
#include "rootfs/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/raw.h"
#include "runtime/base/sys.h"

#define LINKS_MAX 40 /* path_resolution(7) */

int mp_resolve_open(int root_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	return mp_sys_openat2(root_fd, path, flags | O_CLOEXEC, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve);
}

/* @rest holds what is still to be walked at its end, from @at; @done what was walked. */
struct walk {
	char done[PATH_MAX];
	size_t done_len;
	char rest[PATH_MAX];
	size_t at;
};

static int walk_init(struct walk *w, const char *path)
{
	const size_t len = strlen(path);

	if (len >= sizeof(w->rest))
		return -ENAMETOOLONG;
	w->at = sizeof(w->rest) - 1 - len;
	memcpy(w->rest + w->at, path, len + 1);
	w->done[0] = '\0';
	w->done_len = 0;
	return 0;
}

static void pop(struct walk *w)
{
	while (w->done_len > 0 && w->done[w->done_len - 1] != '/')
		w->done_len--;
	if (w->done_len > 0)
		w->done_len--;
	w->done[w->done_len] = '\0';
}

/* Moves the next component from rest to the end of done; 1 = moved, 0 = nothing left. */
static int push_next(struct walk *w)
{
	for (;;) {
		while (w->rest[w->at] == '/')
			w->at++;

		const char *name = w->rest + w->at;
		const char *end = strchr(name, '/');
		const size_t len = end ? (size_t)(end - name) : strlen(name);

		if (len == 0)
			return 0;
		w->at += len;
		if (len == 1 && name[0] == '.')
			continue;
		if (len == 2 && name[0] == '.' && name[1] == '.') {
			pop(w);
			continue;
		}
		if (w->done_len + 1 + len >= sizeof(w->done))
			return -ENAMETOOLONG;
		w->done[w->done_len++] = '/';
		memcpy(w->done + w->done_len, name, len);
		w->done_len += len;
		w->done[w->done_len] = '\0';
		return 1;
	}
}

static bool is_last(const struct walk *w)
{
	size_t at = w->at;

	while (w->rest[at] == '/')
		at++;
	return w->rest[at] == '\0';
}

/* Replaces the symbolic link @fd at the end of done by its target in front of rest. */
static int follow(struct walk *w, int fd)
{
	if (w->at < 2)
		return -ENAMETOOLONG;

	const long n = mp_raw_readlinkat(fd, "", w->rest, w->at - 1);

	if (n < 0)
		return (int)n;
	if (n == 0)
		return -ENOENT;
	if ((size_t)n >= w->at - 1)
		return -ENAMETOOLONG;

	const bool is_absolute = w->rest[0] == '/';

	memmove(w->rest + w->at - 1 - (size_t)n, w->rest, (size_t)n);
	w->rest[w->at - 1] = '/';
	w->at -= 1 + (size_t)n;
	if (is_absolute) {
		w->done_len = 0;
		w->done[0] = '\0';
	} else {
		pop(w);
	}
	return 0;
}

static int open_done(int root_fd, const struct walk *w, uint64_t flags)
{
	return mp_resolve_open(root_fd, w->done_len > 0 ? w->done : "/", flags,
			       RESOLVE_NO_SYMLINKS);
}

static int create(int root_fd, struct walk *w, bool is_dir, mode_t mode)
{
	char *slash = strrchr(w->done, '/');
	const char *name = slash + 1;

	*slash = '\0';

	const int parent = mp_resolve_open(root_fd, slash == w->done ? "/" : w->done,
					   O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);

	*slash = '/';
	if (parent < 0)
		return parent;

	int fd, r;

	if (is_dir) {
		r = mp_raw_mkdirat(parent, name, mode);
		fd = r < 0 ? r :
			     mp_raw_openat(parent, name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	} else {
		fd = mp_raw_openat(parent, name,
				   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				   mode & 0666U);
	}
	r = fd;
	if (fd >= 0) {
		/* Through the descriptor: a path could be a symbolic link by now. */
		r = mp_raw_fchmod(fd, is_dir ? mode : mode & 0666U);
		mp_raw_close(fd);
	}
	mp_raw_close(parent);
	return r == -EEXIST ? 0 : r; /* somebody else was faster: it is looked at like any other */
}

int mp_resolve_make(int root_fd, const char *path, enum mp_resolve_make make, mode_t mode,
		    bool is_nofollow)
{
	int fd = mp_resolve_open(root_fd, path, O_PATH, is_nofollow ? RESOLVE_NO_SYMLINKS : 0);

	if (fd != -ENOENT)
		return fd;

	struct walk w;
	int links = 0;
	int r = walk_init(&w, path);

	if (r < 0)
		return r;
	while ((r = push_next(&w)) > 0) {
		fd = open_done(root_fd, &w, O_PATH | O_NOFOLLOW);
		if (fd == -ENOENT) {
			r = create(root_fd, &w, make == MP_RESOLVE_MAKE_DIR || !is_last(&w), mode);
			if (r < 0)
				return r;
			fd = open_done(root_fd, &w, O_PATH | O_NOFOLLOW);
		}
		if (fd < 0)
			return fd;

		struct stat st = { .st_mode = 0 };

		r = mp_raw_fstat(fd, &st);
		if (r == 0 && S_ISLNK(st.st_mode))
			r = is_nofollow || ++links > LINKS_MAX ? -ELOOP : follow(&w, fd);
		else if (r == 0 && !S_ISDIR(st.st_mode) && !is_last(&w))
			r = -ENOTDIR;
		mp_raw_close(fd);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : open_done(root_fd, &w, O_PATH);
}
