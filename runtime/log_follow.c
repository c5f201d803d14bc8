/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log_follow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/str.h"

#define STAMP_LEN 15 /* YYYYMMDD-hhmmss */
#define TRIES     16

/* The length of "<base>.<stamp>" when @name is that, compressed or not; else 0. */
static size_t rotated_len(const char *name, const char *base)
{
	const size_t n = strlen(base);
	const char *rest = name + n + 1 + STAMP_LEN;

	if (strncmp(name, base, n) != 0 || name[n] != '.' || strlen(name) < n + 1 + STAMP_LEN ||
	    strspn(name + n + 1, "0123456789-") != STAMP_LEN ||
	    (*rest != '\0' && strcmp(rest, ".gz") != 0))
		return 0;
	return n + 1 + STAMP_LEN;
}

const char *mp_log_follow_after(const char *const *names, size_t n, const char *base,
				const char *name)
{
	const size_t len = strlen(base) + 1 + STAMP_LEN;

	for (size_t i = 0; i < n; i++)
		if (rotated_len(names[i], base) > 0 && strncmp(names[i], name, len) > 0)
			return names[i];
	return NULL;
}

struct listing {
	char dir[4096 + 600];
	const char *base;
	struct dirent **entries;
	const char *names[512];
	size_t n;
};

static int list(const struct mp_log_follow *f, struct listing *l)
{
	const char *slash = strrchr(f->path, '/');
	int n;

	(void)snprintf(l->dir, sizeof(l->dir), "%.*s", (int)(slash - f->path), f->path);
	l->base = slash + 1;
	l->n = 0;
	l->entries = NULL;
	n = scandir(l->dir, &l->entries, NULL, NULL);
	if (n < 0 || !l->entries)
		return n < 0 ? -errno : 0;
	for (int i = 0; i < n; i++) {
		if (l->n < MP_ARRAY_SIZE(l->names) && rotated_len(l->entries[i]->d_name, l->base))
			l->names[l->n++] = l->entries[i]->d_name;
	}
	for (size_t i = 1; i < l->n; i++)
		for (size_t k = i; k > 0 && strcmp(l->names[k - 1], l->names[k]) > 0; k--) {
			const char *other = l->names[k];

			l->names[k] = l->names[k - 1];
			l->names[k - 1] = other;
		}
	return n;
}

static void listing_done(struct listing *l, int n)
{
	for (int i = 0; l->entries && i < n; i++)
		free(l->entries[i]);
	free(l->entries);
}

/* What the file that was live is called now; when it is gone, a name before its successors'. */
static void find_name(struct mp_log_follow *f, const struct listing *l, int fd, int64_t last_wall)
{
	char time[MP_TIME_TEXT_MAX];
	struct stat ours, st;

	for (size_t i = 0; i < l->n && fstat(fd, &ours) == 0; i++) {
		char path[sizeof(l->dir) + 300];

		(void)snprintf(path, sizeof(path), "%s/%s", l->dir, l->names[i]);
		if (stat(path, &st) == 0 && st.st_ino == ours.st_ino && st.st_dev == ours.st_dev) {
			(void)snprintf(f->rotated, sizeof(f->rotated), "%.60s", l->names[i]);
			return;
		}
	}
	/* It was rotated no earlier than its last entry was written. */
	mp_time_rfc3339(last_wall > 0 ? last_wall - 1 : 0, time);
	(void)snprintf(f->rotated, sizeof(f->rotated), "%.30s.%.4s%.2s%.2s-%.2s%.2s%.2s", l->base,
		       time, time + 5, time + 8, time + 11, time + 14, time + 17);
	/* One of that very second may be its successor, as it is not there itself. */
	f->rotated[strlen(f->rotated) - 1]--;
}

static int unzip(const char *path, pid_t *ret_pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	(void)fflush(NULL);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		const int in = open(path, O_RDONLY | O_CLOEXEC);

		if (in >= 0 && dup2(in, 0) == 0 && dup2(ends[1], 1) == 1)
			(void)execlp("gzip", "gzip", "-dc", (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	if (*ret_pid < 0) {
		(void)close(ends[0]);
		*ret_pid = 0;
		return -EAGAIN;
	}
	return ends[0];
}

void mp_log_follow_done(struct mp_log_follow *f)
{
	if (f->unzip > 0)
		(void)waitpid(f->unzip, NULL, 0);
	f->unzip = 0;
}

static int open_next(struct mp_log_follow *f, const struct listing *l, const char *name)
{
	char path[sizeof(l->dir) + 300];
	const size_t len = strlen(name);

	if (!name[0])
		return open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	(void)snprintf(path, sizeof(path), "%s/%s", l->dir, name);
	if (len > 3 && strcmp(name + len - 3, ".gz") == 0)
		return access(path, R_OK) == 0 ? unzip(path, &f->unzip) : -1;
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_live(const struct mp_log_follow *f, int fd)
{
	struct stat ours, live;

	/* Between renaming the file and making the new one there is none. */
	return f->rotated[0] == '\0' &&
	       (stat(f->path, &live) < 0 || (fstat(fd, &ours) == 0 && ours.st_ino == live.st_ino &&
					     ours.st_dev == live.st_dev));
}

static struct listing l; /* large; one thread */

void mp_log_follow_begin(struct mp_log_follow *f)
{
	const int n = list(f, &l);

	if (n >= 0 && l.n > 0)
		(void)snprintf(f->rotated, sizeof(f->rotated), "%.60s", l.names[l.n - 1]);
	else /* before any that may come */
		(void)snprintf(f->rotated, sizeof(f->rotated), "%.30s.00000000-000000",
			       strrchr(f->path, '/') + 1);
	listing_done(&l, n);
}

int mp_log_follow_next(struct mp_log_follow *f, int *fd, int64_t last_wall, struct mp_error *err)
{
	if (is_live(f, *fd))
		return 0;
	/* A file may be compressed or removed between being listed and opened. */
	for (int i = 0; i < TRIES; i++) {
		const int n = list(f, &l);
		const char *next;
		int next_fd;

		if (n == -ENOENT && *fd < 0)
			return 0;
		if (n < 0)
			return mp_fail(err, -n, "read %s", l.dir);
		if (f->rotated[0] == '\0')
			find_name(f, &l, *fd, last_wall);
		next = mp_log_follow_after(l.names, l.n, l.base, f->rotated);
		mp_log_follow_done(f);
		next_fd = open_next(f, &l, next ? next : "");
		if (next_fd >= 0) {
			(void)snprintf(f->rotated, sizeof(f->rotated), "%.60s", next ? next : "");
			mp_closep(fd);
			*fd = next_fd;
			listing_done(&l, n);
			return 1;
		}
		listing_done(&l, n);
	}
	return 0;
}
