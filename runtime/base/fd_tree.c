/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing a tree that somebody hostile may have built. Each directory is opened from its parent
 * by name, without following links and without leaving the mount. Open directories are bounded:
 * one that lies deeper is moved up into the directory we started from, which is read again until
 * nothing was moved any more. So depth costs time, not descriptors, and ".." is never trusted.
 */
#include "runtime/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/sys.h"

#define OPEN_MAX_DIRS 32

struct level {
	DIR *dir; /* owned */
	char name[NAME_MAX + 1];
};

struct removal {
	int base_fd; /* borrowed: holds the outermost directory */
	struct level levels[OPEN_MAX_DIRS];
	size_t depth;
	size_t moved; /* directories moved up since the outermost was last read from its start */
	unsigned long serial;
	int failed; /* first error, negative */
	char failed_name[NAME_MAX + 1];
};

static void note_failure(struct removal *rm, int code, const char *name)
{
	if (rm->failed < 0 || code == ENOENT)
		return;
	rm->failed = -code;
	(void)snprintf(rm->failed_name, sizeof(rm->failed_name), "%.255s", name);
}

/* Opens the directory @name in @parent and makes it the innermost one. */
static int push(struct removal *rm, int parent, const char *name)
{
	struct level *level = &rm->levels[rm->depth];
	mp_auto_fd fd =
		mp_sys_openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0,
			       RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);

	if (fd < 0)
		return fd;
	level->dir = fdopendir(fd);
	if (!level->dir)
		return -errno;
	(void)mp_steal_fd(&fd);
	(void)snprintf(level->name, sizeof(level->name), "%.255s", name);
	rm->depth++;
	return 0;
}

/* The innermost directory has been read to its end. */
static void pop(struct removal *rm)
{
	struct level *level = &rm->levels[rm->depth - 1];

	if (rm->depth == 1 && rm->moved > 0) {
		rm->moved = 0;
		rewinddir(level->dir);
		return;
	}
	(void)closedir(level->dir);
	rm->depth--;

	const int parent = rm->depth > 0 ? dirfd(rm->levels[rm->depth - 1].dir) : rm->base_fd;

	if (unlinkat(parent, level->name, AT_REMOVEDIR) < 0)
		note_failure(rm, errno, level->name);
}

/* Moves the directory @name out of the innermost one into the outermost. */
static int move_up(struct removal *rm, int parent, const char *name)
{
	const int outermost = dirfd(rm->levels[0].dir);
	char unique[48];

	for (int tries = 0; tries < 1000; tries++) {
		(void)snprintf(unique, sizeof(unique), ".removing-%ld-%lu", (long)getpid(),
			       rm->serial++);
		if (renameat2(parent, name, outermost, unique, RENAME_NOREPLACE) == 0) {
			rm->moved++;
			return 0;
		}
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static void remove_entry(struct removal *rm, const struct dirent *entry)
{
	const int parent = dirfd(rm->levels[rm->depth - 1].dir);
	const char *name = entry->d_name;
	int r;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (entry->d_type != DT_DIR) {
		if (unlinkat(parent, name, 0) == 0)
			return;
		/* The type may be unknown, or have changed meanwhile. */
		if (errno != EISDIR) {
			note_failure(rm, errno, name);
			return;
		}
	}
	r = rm->depth < OPEN_MAX_DIRS ? push(rm, parent, name) : move_up(rm, parent, name);
	if (r < 0)
		note_failure(rm, -r, name);
}

static int remove_below(struct removal *rm, const char *name, struct mp_error *err)
{
	int r = push(rm, rm->base_fd, name);

	if (r < 0)
		return r == -ENOENT ? 0 : mp_fail(err, -r, "open");
	while (rm->depth > 0) {
		errno = 0;

		const struct dirent *entry = readdir(rm->levels[rm->depth - 1].dir);

		if (entry) {
			remove_entry(rm, entry);
			continue;
		}
		if (errno != 0)
			note_failure(rm, errno, rm->levels[rm->depth - 1].name);
		pop(rm);
	}
	return rm->failed < 0 ? mp_fail(err, -rm->failed, "'%s'", rm->failed_name) : 0;
}

static int remove_name(int parent, const char *name, struct mp_error *err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR)
		return mp_fail(err, errno, "unlink");

	struct removal rm = { .base_fd = parent };

	return remove_below(&rm, name, err);
}

int mp_tree_remove(int dirfd, const char *path, struct mp_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	mp_auto_fd parent = -EBADF;
	int r;

	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strlen(name) > NAME_MAX)
		return mp_fail(err, EINVAL, "remove %s", path);
	if (slash) {
		char text[PATH_MAX];

		if (snprintf(text, sizeof(text), "%.*s", (int)(slash - path) + 1, path) >=
		    (int)sizeof(text))
			return mp_fail(err, ENAMETOOLONG, "remove %s", path);
		parent = openat(dirfd, text, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0)
			return errno == ENOENT ? 0 : mp_fail(err, errno, "remove %s", path);
	}
	r = remove_name(slash ? parent : dirfd, name, err);
	return r < 0 ? mp_wrap(err, r, "remove %s", path) : 0;
}
