/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depth first with an explicit stack. A directory is read once, its subdirectories' names are
 * kept, and its descriptor is closed when the walk is far below it. The way back up is then
 * "..", which is believed only if it leads to the directory we came from; otherwise somebody
 * moved things about, and what was left to do in between is given up.
 */
#include "rootfs/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define FDS_MAX 48

struct frame {
	int fd; /* owned; -EBADF while the walk is far below */
	dev_t dev;
	ino_t ino;
	char *names; /* owned: subdirectories still to visit, each ended by a NUL */
	size_t len, at, size;
};

struct stack {
	struct frame *frames; /* owned */
	size_t n, size;
};

static void frame_done(struct frame *f)
{
	mp_closep(&f->fd);
	free(f->names);
	f->names = NULL;
}

static void stack_done(struct stack *s)
{
	while (s->n > 0)
		frame_done(&s->frames[--s->n]);
	free(s->frames);
}

static int remember(struct frame *f, const char *name)
{
	const size_t len = strlen(name) + 1;

	if (f->size - f->len < len) {
		const size_t size = (f->size + len) * 2;
		char *names = realloc(f->names, size);

		if (!names)
			return -ENOMEM;
		f->names = names;
		f->size = size;
	}
	memcpy(f->names + f->len, name, len);
	f->len += len;
	return 0;
}

static int read_entries(struct frame *f,
			int (*visit)(void *ctx, int dir_fd, const char *name,
				     const struct stat *st),
			void *ctx)
{
	const int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	for (;;) {
		struct stat st;

		errno = 0;

		const struct dirent *e = readdir(dir);

		if (!e) {
			r = -errno;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(f->fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				continue;
			r = -errno;
			break;
		}
		/* A mount point below us is another file system's root: not ours. */
		if (S_ISDIR(st.st_mode) && st.st_dev != f->dev)
			continue;
		r = visit(ctx, f->fd, e->d_name, &st);
		if (r == 0 && S_ISDIR(st.st_mode))
			r = remember(f, e->d_name);
		if (r < 0)
			break;
	}
	(void)closedir(dir);
	return r;
}

/* Takes @fd over. */
static int push(struct stack *s, int fd,
		int (*visit)(void *ctx, int dir_fd, const char *name, const struct stat *st),
		void *ctx)
{
	struct stat st;

	if (s->n == s->size) {
		const size_t size = s->size * 2 + 16;
		struct frame *frames = reallocarray(s->frames, size, sizeof(*frames));

		if (!frames) {
			(void)close(fd);
			return -ENOMEM;
		}
		s->frames = frames;
		s->size = size;
	}
	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		return -errno;
	}
	s->frames[s->n++] = (struct frame){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino };
	if (s->n > FDS_MAX)
		mp_closep(&s->frames[s->n - 1 - FDS_MAX].fd);
	return read_entries(&s->frames[s->n - 1], visit, ctx);
}

static void pop(struct stack *s)
{
	struct frame *f = &s->frames[s->n - 1];

	if (s->n > 1 && s->frames[s->n - 2].fd < 0) {
		struct frame *parent = &s->frames[s->n - 2];
		struct stat st;
		int up = openat(f->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (up >= 0 &&
		    (fstat(up, &st) < 0 || st.st_dev != parent->dev || st.st_ino != parent->ino))
			mp_closep(&up);
		parent->fd = up < 0 ? -EBADF : up;
	}
	frame_done(f);
	s->n--;
	/* Lost: unwind to a directory we still hold. */
	while (s->n > 0 && s->frames[s->n - 1].fd < 0)
		frame_done(&s->frames[--s->n]);
}

int mp_walk(int dir_fd,
	    int (*visit)(void *ctx, int dir_fd, const char *name, const struct stat *st), void *ctx)
{
	struct stack s = { .frames = NULL };
	const int root = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (root < 0)
		return -errno;
	if (fstat(root, &st) < 0)
		r = -errno;
	if (r == 0)
		r = visit(ctx, root, ".", &st);
	if (r < 0) {
		(void)close(root);
		return r;
	}
	r = push(&s, root, visit, ctx);
	while (r == 0 && s.n > 0) {
		struct frame *f = &s.frames[s.n - 1];

		if (f->at == f->len) {
			pop(&s);
			continue;
		}

		const char *name = f->names + f->at;
		const int fd =
			mp_sys_openat2(f->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				       0, RESOLVE_BENEATH | RESOLVE_NO_XDEV);

		f->at += strlen(name) + 1;
		if (fd >= 0)
			r = push(&s, fd, visit, ctx);
		else if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP && fd != -EXDEV)
			r = fd;
	}
	stack_done(&s);
	return r;
}
