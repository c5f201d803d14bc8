/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/echo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/cri_log.h"
#include "runtime/report.h"

/*
 * A pipe that polls writable takes PIPE_BUF bytes without blocking, and stdout cannot be made
 * non-blocking: the description is shared with whoever gave it to us. pipe(7), poll(2)
 */
#define WRITE_BYTES ((size_t)4096)
#define READ_BYTES  ((size_t)65536)
#define OUT_BYTES   ((size_t)2 * 65536)

/* Files that stdout is behind with: rotated ones, and those of instances that have ended. */
#define FILES_MAX 8

struct follower {
	int files[FILES_MAX]; /* owned; the first is being read */
	size_t n_files;
	off_t at;            /* of the next entry in it */
	bool is_inside_line; /* the last entry shown was partial */
	bool has_more;
};

struct mp_echo {
	const struct mp_pod_spec *spec;
	struct mp_loop *loop;
	struct mp_source source;
	int fd;
	bool is_pollable; /* pipes and terminals; regular files never block */
	bool is_closed;   /* the reader is gone: nothing is written any more */
	bool has_prefix, has_color;
	size_t width;
	size_t n_out, n_written;
	char out[OUT_BYTES];
	char in[READ_BYTES];
	struct follower followers[];
};

static void add(struct mp_echo *e, const char *text, size_t len)
{
	memcpy(e->out + e->n_out, text, len);
	e->n_out += len;
}

static void add_prefix(struct mp_echo *e, size_t index)
{
	char text[160];
	int n;

	if (!e->has_prefix)
		return;
	if (e->has_color)
		n = snprintf(text, sizeof(text), "\033[%dm%-*s |\033[0m ", mp_prefix_color(index),
			     (int)e->width, e->spec->containers[index].name);
	else
		n = snprintf(text, sizeof(text), "%-*s | ", (int)e->width,
			     e->spec->containers[index].name);
	add(e, text, n > 0 ? (size_t)n : 0);
}

/* Room for one more entry of the longest kind with its prefix. */
static bool has_room(const struct mp_echo *e)
{
	return sizeof(e->out) - e->n_out >= MP_CRI_LINE_MAX + 256;
}

static void add_entry(struct mp_echo *e, size_t index, const struct mp_cri_entry *entry)
{
	struct follower *f = &e->followers[index];

	if (!f->is_inside_line)
		add_prefix(e, index);
	add(e, entry->text, entry->len);
	f->is_inside_line = entry->is_partial;
	if (!entry->is_partial)
		add(e, "\n", 1);
}

static void next_file(struct follower *f)
{
	(void)close(f->files[0]);
	f->n_files--;
	memmove(f->files, f->files + 1, f->n_files * sizeof(f->files[0]));
	f->at = 0;
}

/* Fills @out from the followers' files. */
static void fill(struct mp_echo *e)
{
	for (size_t i = 0; i < mp_spec_n_containers(e->spec); i++) {
		struct follower *f = &e->followers[i];

		while (f->n_files > 0 && f->has_more && has_room(e)) {
			const ssize_t n = pread(f->files[0], e->in, sizeof(e->in), f->at);
			const char *at = e->in;
			const char *end = e->in + (n > 0 ? n : 0);
			const char *newline = NULL;

			while (has_room(e) &&
			       (newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
				struct mp_cri_entry entry;

				if (mp_cri_parse(at, (size_t)(newline - at), &entry))
					add_entry(e, i, &entry);
				at = newline + 1;
			}
			f->at += at - e->in;
			if (newline || (at > e->in && n == (ssize_t)sizeof(e->in)))
				continue;
			f->has_more = f->n_files > 1;
			if (f->has_more)
				next_file(f);
		}
	}
}

static void watch(struct mp_echo *e, bool wanted)
{
	if (!e->is_pollable || e->is_closed)
		return;
	if (wanted && !e->source.loop)
		(void)mp_loop_add(e->loop, &e->source, NULL);
	else if (!wanted && e->source.loop)
		mp_loop_remove(&e->source);
}

/* One write of at most what cannot block; false when nothing is left to write. */
static bool write_some(struct mp_echo *e)
{
	if (e->n_written == e->n_out) {
		e->n_written = e->n_out = 0;
		fill(e);
	}

	const size_t left = e->n_out - e->n_written;

	if (left == 0 || e->is_closed) {
		e->n_written = e->n_out = 0;
		return false;
	}

	const size_t most = e->is_pollable && left > WRITE_BYTES ? WRITE_BYTES : left;
	const ssize_t n = write(e->fd, e->out + e->n_written, most);

	if (n > 0)
		e->n_written += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		e->is_closed = true;
	return true;
}

static void writable(struct mp_source *source, uint32_t events)
{
	struct mp_echo *e = mp_container_of(source, struct mp_echo, source);

	(void)events;
	if (!write_some(e))
		watch(e, false);
	if (e->is_closed && e->source.loop)
		mp_loop_remove(&e->source);
}

static void go_on(struct mp_echo *e)
{
	if (e->is_pollable) {
		watch(e, true);
		return;
	}
	while (write_some(e))
		;
}

int mp_echo_new(struct mp_loop *loop, const struct mp_pod_spec *spec, int fd, bool has_prefix,
		bool has_color, struct mp_echo **ret, struct mp_error *err)
{
	const size_t n = mp_spec_n_containers(spec);
	struct mp_echo *e = calloc(1, sizeof(*e) + n * sizeof(e->followers[0]));
	struct stat st;

	if (!e)
		return mp_fail(err, ENOMEM, "echo of output");
	e->spec = spec;
	e->loop = loop;
	e->fd = fd;
	e->has_prefix = has_prefix;
	e->has_color = has_color;
	e->is_closed = fstat(fd, &st) < 0;
	e->is_pollable = !e->is_closed && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
	e->source = (struct mp_source){ .fd = fd, .events = EPOLLOUT, .ready = writable };
	for (size_t i = 0; i < n; i++) {
		const size_t len = strlen(spec->containers[i].name);

		e->width = len > e->width ? len : e->width;
	}
	/* /dev/null and some devices can be written but not watched. */
	if (e->is_pollable) {
		if (mp_loop_add(loop, &e->source, NULL) < 0)
			e->is_pollable = false;
		else
			mp_loop_remove(&e->source);
	}
	*ret = e;
	return 0;
}

void mp_echo_open(struct mp_echo *e, size_t index, int file)
{
	struct follower *f = &e->followers[index];
	const int copy = fcntl(file, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return;
	/* A stopped terminal must not keep every rotated file on the disk. */
	if (f->n_files == FILES_MAX)
		next_file(f);
	f->files[f->n_files++] = copy;
	f->has_more = true;
	go_on(e);
}

void mp_echo_more(struct mp_echo *e, size_t index)
{
	e->followers[index].has_more = true;
	go_on(e);
}

void mp_echo_flush(struct mp_echo *e)
{
	struct pollfd p = { .fd = e->fd, .events = POLLOUT };

	for (;;) {
		if (e->is_pollable && !e->is_closed && poll(&p, 1, -1) < 0 && errno != EINTR)
			break;
		if (!write_some(e))
			break;
	}
	watch(e, false);
}

void mp_echo_free(struct mp_echo *e)
{
	if (!e)
		return;
	mp_loop_remove(&e->source);
	for (size_t i = 0; i < mp_spec_n_containers(e->spec); i++)
		while (e->followers[i].n_files > 0)
			next_file(&e->followers[i]);
	free(e);
}
