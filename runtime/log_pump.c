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

#define OUT_BYTES ((size_t)32768)

struct stream {
	struct mp_log_pump *pump;
	struct mp_source source;
	int fd; /* owned: read end */
	enum mp_cri_stream kind;
	struct mp_cri_splitter splitter;
};

struct mp_log_pump {
	struct mp_log_pump_config config;
	struct stream streams[2];
	char path[512]; /* of the file, below config.dir() */
	int file;       /* owned; -EBADF: not made yet */
	uint64_t inode;
	int slot;
	int64_t wall; /* of the entries being made */
	int64_t rotated_wall;
	uint64_t lost;
	size_t n_out;
	bool has_written, has_failed;
	char out[OUT_BYTES];
};

static int open_file(struct mp_log_pump *pump, int dir_fd, int *ret_fd, uint64_t *ret_inode,
		     struct mp_error *err)
{
	mp_auto_fd fd = openat(dir_fd, pump->path,
			       O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return mp_fail(err, errno, "open log file %s", pump->path);
	*ret_inode = st.st_ino;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static int need_file(struct mp_log_pump *pump, struct mp_error *err)
{
	int dir_fd, r;

	if (pump->file >= 0)
		return 0;
	dir_fd = pump->config.dir(pump->config.ctx, err);
	if (dir_fd < 0)
		return dir_fd;
	if (mkdirat(dir_fd, pump->config.container, 0755) < 0 && errno != EEXIST)
		return mp_fail(err, errno, "create log directory %s", pump->config.container);
	r = open_file(pump, dir_fd, &pump->file, &pump->inode, err);
	if (r == 0 && pump->config.opened)
		pump->config.opened(pump->config.ctx);
	return r;
}

static void flush(struct mp_log_pump *pump)
{
	struct mp_error err = MP_ERROR_NONE;

	if (pump->n_out == 0)
		return;
	if (need_file(pump, &err) < 0 && !pump->has_failed) {
		pump->has_failed = true;
		if (pump->config.failed)
			pump->config.failed(pump->config.ctx, &err);
	}

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

static void rotate(struct mp_log_pump *pump)
{
	const int dir_fd = pump->config.dir(pump->config.ctx, NULL);
	char old[MP_LOG_NAME_MAX];
	int fd = -EBADF;

	/* Rotated files are called by their second. */
	if (dir_fd < 0 || pump->wall / MP_NSEC_PER_S == pump->rotated_wall / MP_NSEC_PER_S ||
	    mp_log_rotate(dir_fd, pump->path, &pump->config.limits, pump->wall,
			  pump->config.zip && pump->config.zip->pidfd >= 0, old, NULL) < 0)
		return;
	if (open_file(pump, dir_fd, &fd, &pump->inode, NULL) < 0) {
		/* No room for a new one: go on with the old. */
		(void)renameat(dir_fd, old, dir_fd, pump->path);
		return;
	}
	pump->rotated_wall = pump->wall;
	mp_closep(&pump->file);
	pump->file = fd;
	if (pump->config.opened)
		pump->config.opened(pump->config.ctx);
	mp_log_zip_begin(pump->config.zip, dir_fd, pump->path, pump->config.limits.max_files);
}

/* The entries of a flight are made: into the file with them, and then it is over. */
static void land(struct stream *s)
{
	struct mp_log_pump *pump = s->pump;

	flush(pump);

	const off_t end = lseek(pump->file, 0, SEEK_END);
	const struct mp_log_file_state file = { .inode = pump->inode,
						.size = end > 0 ? (uint64_t)end : 0 };

	mp_log_area_commit(pump->config.area, pump->slot, s->kind, &s->splitter, file);
	if (pump->config.limits.max_bytes > 0 && end >= pump->config.limits.max_bytes)
		rotate(pump);
}

static void close_stream(struct stream *s)
{
	mp_loop_remove(&s->source);
	mp_closep(&s->fd);
}

/* What is left of a line becomes an entry of its own. */
static void end_stream(struct stream *s)
{
	s->pump->wall = mp_clock_read().wall;
	if (s->splitter.len > 0) {
		mp_log_area_begin_end(s->pump->config.area, s->pump->slot, s->kind, s->pump->wall);
		mp_cri_finish(&s->splitter, add_entry, s);
		land(s);
	}
	close_stream(s);
}

/* One read per stream and turn, so that a flood cannot keep the loop from anything else. */
static size_t read_once(struct stream *s)
{
	struct mp_log_pump *pump = s->pump;
	struct mp_log_flight flight;

	if (s->fd < 0)
		return 0;
	pump->wall = mp_clock_read().wall;
	if (mp_log_area_take(pump->config.area, pump->slot, s->kind, s->fd, pump->wall, &flight) <
	    0) {
		end_stream(s);
		return 0;
	}
	if (flight.n == 0)
		return 0;
	if (pump->config.tap)
		pump->config.tap(pump->config.ctx, s->kind, flight.bytes, flight.n);
	mp_cri_feed(&s->splitter, flight.bytes, flight.n, add_entry, s);
	land(s);
	return flight.n;
}

static void tell(struct mp_log_pump *pump)
{
	if (pump->has_written && pump->config.wrote)
		pump->config.wrote(pump->config.ctx);
	pump->has_written = false;
}

static void ready(struct mp_source *source, uint32_t events)
{
	struct stream *s = mp_container_of(source, struct stream, source);

	(void)events;
	(void)read_once(s);
	tell(s->pump);
}

/* ---- making one ------------------------------------------------------------------------------- */

static int pump_alloc(const struct mp_log_pump_config *config, struct mp_log_pump **ret,
		      struct mp_error *err)
{
	struct mp_log_pump *pump = calloc(1, sizeof(*pump));

	if (!pump)
		return mp_fail(err, ENOMEM, "log");
	pump->config = *config;
	pump->file = -EBADF;
	pump->slot = -1;
	for (int i = 0; i < 2; i++)
		pump->streams[i] = (struct stream){
			.pump = pump, .fd = -EBADF, .kind = i == 0 ? MP_CRI_STDOUT : MP_CRI_STDERR
		};
	(void)snprintf(pump->path, sizeof(pump->path), "%s/%lld.log", config->container,
		       (long long)config->restart_count);
	pump->slot = mp_log_area_slot(config->area, config->tag, err);
	if (pump->slot < 0) {
		const int r = pump->slot;

		mp_log_pump_free(pump);
		return r;
	}
	*ret = pump;
	return 0;
}

static int watch(struct stream *s, int fd, struct mp_error *err)
{
	s->fd = fd;
	s->source = (struct mp_source){ .fd = fd, .events = EPOLLIN, .ready = ready };
	return mp_loop_add(s->pump->config.loop, &s->source, err);
}

int mp_log_pump_new(const struct mp_log_pump_config *config, struct mp_log_pump **ret,
		    int ret_child_fds[2], struct mp_error *err)
{
	struct mp_log_pump *pump = NULL;
	int child[2] = { -EBADF, -EBADF };
	int r = pump_alloc(config, &pump, err);

	for (int i = 0; i < 2 && r == 0 && pump; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0) {
			r = mp_fail(err, errno, "pipe for output");
			break;
		}
		child[i] = ends[1];
		if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
			r = mp_fail(err, errno, "pipe for output");
		if (r == 0)
			r = watch(&pump->streams[i], ends[0], err);
		else
			(void)close(ends[0]);
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

/* Goes on in the file of the dead supervisor, and does again what it may have done in part. */
static int take_over(struct mp_log_pump *pump, struct mp_error *err)
{
	const struct mp_log_file_state file = mp_log_area_file(pump->config.area, pump->slot);
	struct mp_log_flight flight;
	const bool is_interrupted =
		mp_log_area_interrupted(pump->config.area, &flight) && flight.slot == pump->slot;
	struct stat st;
	int r = is_interrupted || file.inode != 0 ? need_file(pump, err) : 0;

	if (r < 0 || !is_interrupted)
		return r;
	/* Entries of the flight, from its first to half of its last. */
	if (fstat(pump->file, &st) == 0) {
		const uint64_t size = file.inode == pump->inode ? file.size : 0;

		if ((uint64_t)st.st_size > size)
			(void)!ftruncate(pump->file, (off_t)size);
	}

	struct stream *s = &pump->streams[flight.stream];

	pump->wall = flight.wall;
	if (flight.is_end)
		mp_cri_finish(&s->splitter, add_entry, s);
	else
		mp_cri_feed(&s->splitter, flight.bytes, flight.n, add_entry, s);
	land(s);
	return 0;
}

int mp_log_pump_adopt(const struct mp_log_pump_config *config, const int fds[2],
		      struct mp_log_pump **ret, struct mp_error *err)
{
	struct mp_log_pump *pump = NULL;
	int r = pump_alloc(config, &pump, err);

	for (int i = 0; i < 2; i++) {
		if (fds[i] < 0)
			continue;
		if (r == 0 && pump)
			r = watch(&pump->streams[i], fds[i], err);
		else
			(void)close(fds[i]);
	}
	for (int i = 0; i < 2 && r == 0 && pump; i++)
		mp_log_area_load(config->area, pump->slot, pump->streams[i].kind,
				 &pump->streams[i].splitter);
	if (r == 0 && pump)
		r = take_over(pump, err);
	if (r < 0) {
		mp_log_pump_free(pump);
		return r;
	}
	*ret = pump;
	return 0;
}

void mp_log_pump_pipes(const struct mp_log_pump *pump, int ret_fds[2])
{
	ret_fds[0] = pump->streams[0].fd;
	ret_fds[1] = pump->streams[1].fd;
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
	for (int i = 0; i < 2; i++)
		end_stream(&pump->streams[i]);
	tell(pump);
}

void mp_log_pump_free(struct mp_log_pump *pump)
{
	if (!pump)
		return;
	close_stream(&pump->streams[0]);
	close_stream(&pump->streams[1]);
	if (pump->slot >= 0)
		mp_log_area_release(pump->config.area, pump->slot);
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
	struct stat st;
	size_t n_out = 0;

	buf[0] = '\0';
	if (fstat(fd, &st) < 0)
		return 0;

	mp_auto_free char *text = malloc(window);

	if (!text)
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
