/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifecycle/snapshot.h"
#include "runtime/base/auto.h"
#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/trace_past.h"
#include "runtime/trace_state.h"

/* The longest line is an event with a full probe output, each byte escaped. */
#define LINE_BYTES   ((size_t)128 * 1024)
#define BUFFER_BYTES ((size_t)256 * 1024)
#define TEMP_NAME    ".trace.tmp"
/* What a journal that nobody could shorten may have come to. */
#define JOURNAL_BYTES ((size_t)1024 * 1024 * 1024)

struct mp_trace {
	const struct mp_pod_spec *spec;
	int dir_fd; /* borrowed */
	int fd;     /* owned */
	int64_t turn;
	int64_t bytes;         /* of the file, as far as it was flushed */
	int64_t checkpoint_at; /* bytes that make a checkpoint worth its work */
	char *start;           /* owned: our first line, for the files to come */
	size_t start_len;
	size_t n;
	char buffer[BUFFER_BYTES];
	char line[LINE_BYTES];
};

static void begin(struct mp_trace *t, struct mp_json *w, struct mp_now now)
{
	mp_json_init_fixed(w, MP_JSON_COMPACT, t->line, sizeof(t->line));
	mp_json_object_begin(w);
	mp_json_put_int(w, "t", now.mono);
	mp_json_put_int(w, "wall", now.wall);
	mp_json_put_int(w, "turn", t->turn);
}

/* Puts @len bytes and a newline into the buffer. */
static void add(struct mp_trace *t, const char *text, size_t len)
{
	if (t->n + len + 1 > sizeof(t->buffer))
		(void)mp_trace_flush(t);
	memcpy(t->buffer + t->n, text, len);
	t->buffer[t->n + len] = '\n';
	t->n += len + 1;
}

static void end(struct mp_trace *t, struct mp_json *w)
{
	size_t len;

	mp_json_object_end(w);

	const char *text = mp_json_finish(w, &len, NULL);

	if (text)
		add(t, text, len);
}

static void put_origin(struct mp_json *w, const struct mp_trace_origin *origin)
{
	const struct {
		const char *key, *text;
	} texts[] = {
		{ "bootID", origin->boot_id },
		{ "podCIDR", origin->pod_cidr },
		{ "cgroupRoot", origin->cgroup_root },
		{ "seccompRoot", origin->seccomp_root },
		{ "seccompDefault", origin->seccomp_default },
		{ "resultFile", origin->result },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(texts); i++)
		if (texts[i].text)
			mp_json_put_string(w, texts[i].key, texts[i].text);
	if (origin->log_max_files > 0) {
		mp_json_put_int(w, "logMaxBytes", origin->log_max_bytes);
		mp_json_put_int(w, "logMaxFiles", origin->log_max_files);
	}
	if (origin->journal_max_bytes >= 0)
		mp_json_put_int(w, "journalMaxBytes", origin->journal_max_bytes);
}

/* Images and deadline: nothing else that the machine looks at can be changed. */
static void put_spec(struct mp_json *w, const struct mp_pod_spec *spec)
{
	mp_json_put_object(w, "spec");
	if (spec->active_deadline_s.is_set)
		mp_json_put_int(w, "activeDeadlineSeconds", spec->active_deadline_s.v);
	mp_json_put_object(w, "images");
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++)
		mp_json_put_string(w, spec->containers[i].name, spec->containers[i].image);
	mp_json_object_end(w);
	mp_json_object_end(w);
}

static void begin_long(const struct mp_trace *t, struct mp_json *w, struct mp_now now)
{
	mp_json_init(w, MP_JSON_COMPACT);
	mp_json_object_begin(w);
	mp_json_put_int(w, "t", now.mono);
	mp_json_put_int(w, "wall", now.wall);
	mp_json_put_int(w, "turn", t->turn);
}

static int open_file(struct mp_trace *t, struct mp_error *err)
{
	struct stat st;

	t->fd = openat(t->dir_fd, MP_TRACE_NAME,
		       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		return mp_fail(err, errno, "open " MP_TRACE_NAME);
	t->bytes = st.st_size;
	return 0;
}

static int write_start(struct mp_trace *t, const struct mp_pod_config *config,
		       const struct mp_trace_origin *origin, struct mp_now now)
{
	struct mp_json w;
	const char *text;

	begin_long(t, &w, now);
	mp_json_put_int(&w, "version", MP_TRACE_VERSION);
	mp_json_key(&w, "seed");
	mp_json_stringf(&w, "%llu", (unsigned long long)config->seed);
	mp_json_put_int(&w, "started", config->started_at);
	mp_json_put_bool(&w, "cold", config->is_cold_start);
	if (origin)
		put_origin(&w, origin);
	mp_json_object_end(&w);
	text = mp_json_finish(&w, &t->start_len, NULL);
	t->start = text ? strdup(text) : NULL;
	mp_json_done(&w);
	if (!t->start || t->start_len >= sizeof(t->buffer))
		return -ENOMEM;
	add(t, t->start, t->start_len);
	return 0;
}

int mp_trace_open(int dir_fd, const struct mp_pod_spec *spec, const struct mp_pod_config *config,
		  const struct mp_trace_origin *origin, struct mp_now now, struct mp_trace **ret,
		  struct mp_error *err)
{
	struct mp_trace *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return mp_fail(err, ENOMEM, "trace");
	t->spec = spec;
	t->dir_fd = dir_fd;
	r = open_file(t, err);
	if (r == 0 && write_start(t, config, origin, now) < 0)
		r = mp_fail(err, ENOMEM, "trace");
	if (r < 0) {
		mp_trace_close(t);
		return r;
	}
	mp_trace_spec(t, spec, now);
	*ret = t;
	return 0;
}

void mp_trace_spec(struct mp_trace *t, const struct mp_pod_spec *spec, struct mp_now now)
{
	struct mp_json w;

	begin(t, &w, now);
	put_spec(&w, spec);
	end(t, &w);
}

void mp_trace_event(struct mp_trace *t, const struct mp_event *ev, struct mp_now now)
{
	struct mp_json w;

	begin(t, &w, now);
	mp_json_key(&w, "event");
	mp_event_write(&w, t->spec, ev);
	end(t, &w);
}

void mp_trace_turn(struct mp_trace *t, struct mp_now now)
{
	struct mp_json w;

	t->turn++;
	begin(t, &w, now);
	mp_json_put_bool(&w, "plan", true);
	end(t, &w);
}

void mp_trace_action(struct mp_trace *t, const struct mp_action *action, struct mp_now now)
{
	struct mp_json w;

	begin(t, &w, now);
	mp_json_key(&w, "action");
	mp_action_write(&w, t->spec, action);
	end(t, &w);
}

int mp_trace_flush(struct mp_trace *t)
{
	const int r = t->n > 0 ? mp_fd_write_all(t->fd, t->buffer, t->n, NULL) : 0;

	t->bytes += (int64_t)t->n;
	t->n = 0;
	return r;
}

/* ---- checkpoints ---------------------------------------------------------------------------------- */

bool mp_trace_wants_checkpoint(const struct mp_trace *t, int64_t max_bytes)
{
	return max_bytes > 0 && t->bytes >= max_bytes && t->bytes >= t->checkpoint_at;
}

/* The rest of the new file: what may change of the spec, the state, the events. */
static int write_checkpoint(const struct mp_trace *t, struct mp_pod *pod, const char *old,
			    size_t old_len, struct mp_now now, struct mp_trace_lines *out)
{
	struct mp_json w;
	const char *text;
	size_t len;
	int r = mp_trace_lines_add(out, t->start, t->start_len);

	begin_long(t, &w, now);
	put_spec(&w, t->spec);
	mp_json_object_end(&w);
	text = mp_json_finish(&w, &len, NULL);
	if (r == 0)
		r = text ? mp_trace_lines_add(out, text, len) : -ENOMEM;
	mp_json_done(&w);

	begin_long(t, &w, now);
	mp_json_key(&w, "state");
	mp_trace_state_write(&w, pod);
	mp_json_object_end(&w);
	text = mp_json_finish(&w, &len, NULL);
	if (r == 0)
		r = text ? mp_trace_lines_add(out, text, len) : -ENOMEM;
	mp_json_done(&w);
	if (r == 0 && len > MP_DOCUMENT_BYTES_MAX)
		r = -EFBIG; /* nobody could read it */
	return r == 0 ? mp_trace_keep_events(old, old_len, now.wall - MP_TRACE_EVENTS_KEPT, out) :
			r;
}

static int replace(struct mp_trace *t, const struct mp_trace_lines *lines, struct mp_error *err)
{
	mp_auto_fd fd = -EBADF;
	int r;

	(void)unlinkat(t->dir_fd, TEMP_NAME, 0); /* of one who was killed at it */
	fd = openat(t->dir_fd, TEMP_NAME,
		    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return mp_fail(err, errno, "make " TEMP_NAME);
	r = mp_fd_write_all(fd, lines->text, lines->n, err);
	if (r == 0 && renameat(t->dir_fd, TEMP_NAME, t->dir_fd, MP_TRACE_NAME) < 0)
		r = mp_fail(err, errno, "rename " TEMP_NAME);
	if (r < 0) {
		(void)unlinkat(t->dir_fd, TEMP_NAME, 0);
		return r;
	}
	(void)close(t->fd);
	t->fd = mp_steal_fd(&fd);
	t->bytes = (int64_t)lines->n;
	return 0;
}

int mp_trace_checkpoint(struct mp_trace *t, struct mp_pod *pod, struct mp_now now,
			struct mp_error *err)
{
	struct mp_trace_lines lines = { .n = 0 };
	mp_auto_free char *old = NULL;
	size_t old_len = 0;
	int r = t->n > 0 || !mp_pod_may_save(pod) ? mp_fail(err, EBUSY, "checkpoint") : 0;

	t->checkpoint_at = t->bytes + t->bytes / 4;
	if (r == 0)
		r = mp_file_read(t->dir_fd, MP_TRACE_NAME, JOURNAL_BYTES, NULL, &old, &old_len,
				 err);
	if (r == 0) {
		r = write_checkpoint(t, pod, old, old_len, now, &lines);
		if (r < 0)
			(void)mp_fail(err, -r, "checkpoint");
	}
	if (r == 0)
		r = replace(t, &lines, err);
	if (r == 0)
		t->checkpoint_at = 2 * t->bytes;
	free(lines.text);
	return r;
}

void mp_trace_close(struct mp_trace *t)
{
	if (!t)
		return;
	mp_closep(&t->fd);
	free(t->start);
	free(t);
}
