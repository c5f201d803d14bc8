/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log_pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/cri_log.h"

/* One read per stream and turn, so that a flood cannot keep the loop from anything else. */
#define READ_BYTES ((size_t)65536)
#define OUT_BYTES  ((size_t)32768)

struct stream {
	struct mp_log_pump *pump;
	struct mp_source source;
	int fd; /* owned: read end */
	enum mp_cri_stream kind;
	struct mp_cri_splitter splitter;
};

struct mp_log_pump {
	struct stream streams[2];
	int file; /* owned */
	void (*wrote)(void *ctx);
	void (*tap)(void *ctx, enum mp_cri_stream stream, const char *bytes, size_t n);
	void *ctx;
	struct mp_loop *loop;
	int64_t wall; /* of the read being split */
	uint64_t lost;
	size_t n_out;
	bool has_written;
	char out[OUT_BYTES];
};

static void flush(struct mp_log_pump *pump)
{
	if (pump->n_out == 0)
		return;

	const off_t end = lseek(pump->file, 0, SEEK_END);

	if (mp_fd_write_all(pump->file, pump->out, pump->n_out, NULL) < 0) {
		/* Half an entry must not stay: what follows would be glued to it. */
		if (end >= 0)
			(void)!ftruncate(pump->file, end);
		pump->lost += pump->n_out;
	}
	pump->n_out = 0;
	pump->has_written = true;
}

static void add_entry(void *ctx, bool is_partial, const char *text, size_t len)
{
	struct stream *s = ctx;
	struct mp_log_pump *pump = s->pump;
	char header[MP_CRI_HEADER_MAX];
	const size_t n = mp_cri_header(header, pump->wall, s->kind, is_partial);

	if (pump->n_out + n + len + 1 > sizeof(pump->out))
		flush(pump);
	memcpy(pump->out + pump->n_out, header, n);
	memcpy(pump->out + pump->n_out + n, text, len);
	pump->out[pump->n_out + n + len] = '\n';
	pump->n_out += n + len + 1;
}

static void close_stream(struct stream *s)
{
	mp_loop_remove(&s->source);
	mp_closep(&s->fd);
}

/* Returns the bytes read; 0 when there is nothing now or the stream is closed. */
static size_t read_once(struct stream *s)
{
	static char bytes[READ_BYTES]; /* one thread, never recursive */

	if (s->fd < 0)
		return 0;

	const ssize_t n = read(s->fd, bytes, sizeof(bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	s->pump->wall = mp_clock_read().wall;
	if (n <= 0) {
		mp_cri_finish(&s->splitter, add_entry, s);
		close_stream(s);
		return 0;
	}
	if (s->pump->tap)
		s->pump->tap(s->pump->ctx, s->kind, bytes, (size_t)n);
	mp_cri_feed(&s->splitter, bytes, (size_t)n, add_entry, s);
	return (size_t)n;
}

static void tell(struct mp_log_pump *pump)
{
	flush(pump);
	if (pump->has_written && pump->wrote)
		pump->wrote(pump->ctx);
	pump->has_written = false;
}

static void ready(struct mp_source *source, uint32_t events)
{
	struct stream *s = mp_container_of(source, struct stream, source);

	(void)events;
	(void)read_once(s);
	tell(s->pump);
}

static int open_file(const struct mp_log_pump_config *config, int *ret_fd, struct mp_error *err)
{
	char name[512];

	if (mkdirat(config->dir_fd, config->container, 0755) < 0 && errno != EEXIST)
		return mp_fail(err, errno, "create log directory %s", config->container);
	(void)snprintf(name, sizeof(name), "%s/%lld.log", config->container,
		       (long long)config->restart_count);
	*ret_fd = openat(config->dir_fd, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
			 0640);
	return *ret_fd < 0 ? mp_fail(err, errno, "open log file %s", name) : 0;
}

int mp_log_pump_new(const struct mp_log_pump_config *config, struct mp_log_pump **ret,
		    int ret_child_fds[2], struct mp_error *err)
{
	struct mp_log_pump *pump = calloc(1, sizeof(*pump));
	int child[2] = { -EBADF, -EBADF };
	int r = pump ? 0 : mp_fail(err, ENOMEM, "log");

	if (r < 0)
		return r;
	pump->file = -EBADF;
	pump->wrote = config->wrote;
	pump->tap = config->tap;
	pump->ctx = config->ctx;
	pump->loop = config->loop;
	for (int i = 0; i < 2; i++)
		pump->streams[i] = (struct stream){
			.pump = pump, .fd = -EBADF, .kind = i == 0 ? MP_CRI_STDOUT : MP_CRI_STDERR
		};
	r = open_file(config, &pump->file, err);
	for (int i = 0; i < 2 && r == 0; i++) {
		struct stream *s = &pump->streams[i];
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0) {
			r = mp_fail(err, errno, "pipe for output");
			break;
		}
		s->fd = ends[0];
		child[i] = ends[1];
		if (fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
			r = mp_fail(err, errno, "pipe for output");
		s->source = (struct mp_source){ .fd = s->fd, .events = EPOLLIN, .ready = ready };
		if (r == 0)
			r = mp_loop_add(config->loop, &s->source, err);
	}
	if (r < 0) {
		mp_closep(&child[0]);
		mp_closep(&child[1]);
		mp_log_pump_free(pump);
		return r;
	}
	ret_child_fds[0] = child[0];
	ret_child_fds[1] = child[1];
	*ret = pump;
	return 0;
}

int mp_log_pump_fd(const struct mp_log_pump *pump)
{
	return pump->file;
}

void mp_log_pump_drain(struct mp_log_pump *pump)
{
	/* A pipe holds 64 KiB unless its owner enlarged it: bounded, whoever still writes. */
	for (int i = 0; i < 2; i++)
		for (int turns = 0; turns < 16 && read_once(&pump->streams[i]) > 0; turns++)
			;
	tell(pump);
}

uint64_t mp_log_pump_lost(const struct mp_log_pump *pump)
{
	return pump->lost;
}

void mp_log_pump_finish(struct mp_log_pump *pump)
{
	mp_log_pump_drain(pump);
	for (int i = 0; i < 2; i++) {
		pump->wall = mp_clock_read().wall;
		mp_cri_finish(&pump->streams[i].splitter, add_entry, &pump->streams[i]);
		close_stream(&pump->streams[i]);
	}
	tell(pump);
}

void mp_log_pump_free(struct mp_log_pump *pump)
{
	if (!pump)
		return;
	close_stream(&pump->streams[0]);
	close_stream(&pump->streams[1]);
	mp_closep(&pump->file);
	free(pump);
}

/* The start of the last @max_lines lines of text[0 .. len). */
static size_t last_lines(const char *text, size_t len, size_t max_lines)
{
	size_t lines = 0;
	size_t at = len > 0 && text[len - 1] == '\n' ? len - 1 : len;

	while (at > 0) {
		if (text[at - 1] == '\n' && ++lines == max_lines)
			return at;
		at--;
	}
	return 0;
}

size_t mp_log_tail(int fd, size_t max_lines, size_t max_bytes, char *buf)
{
	/* Enough for the bytes wanted and every header, even of one-byte entries. */
	const size_t window = max_bytes + max_lines * (MP_CRI_HEADER_MAX + 1) + MP_CRI_LINE_MAX;
	mp_auto_free char *text = malloc(window);
	struct stat st;
	size_t n_out = 0;

	buf[0] = '\0';
	if (!text || fstat(fd, &st) < 0)
		return 0;

	const off_t from = st.st_size > (off_t)window ? st.st_size - (off_t)window : 0;
	const ssize_t got = pread(fd, text, window, from);

	if (got <= 0)
		return 0;

	const char *at = text + last_lines(text, (size_t)got, max_lines);
	const char *end = text + got;

	/* Collect into the front of the same buffer: contents are never longer than entries. */
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		struct mp_cri_entry entry;

		if (mp_cri_parse(at, (size_t)(stop - at), &entry)) {
			memmove(text + n_out, entry.text, entry.len);
			n_out += entry.len;
			if (!entry.is_partial)
				text[n_out++] = '\n';
		}
		at = stop + 1;
	}

	const size_t skip = n_out > max_bytes ? n_out - max_bytes : 0;

	memcpy(buf, text + skip, n_out - skip);
	buf[n_out - skip] = '\0';
	return n_out - skip;
}
