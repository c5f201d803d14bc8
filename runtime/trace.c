/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

/* The longest line is an event with a full probe output, each byte escaped. */
#define LINE_BYTES   ((size_t)128 * 1024)
#define BUFFER_BYTES ((size_t)256 * 1024)

struct mp_trace {
	const struct mp_pod_spec *spec;
	int fd;
	int64_t turn;
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

static void end(struct mp_trace *t, struct mp_json *w)
{
	size_t len;

	mp_json_object_end(w);

	const char *text = mp_json_finish(w, &len, NULL);

	if (!text)
		return;
	if (t->n + len + 1 > sizeof(t->buffer))
		(void)mp_trace_flush(t);
	memcpy(t->buffer + t->n, text, len);
	t->buffer[t->n + len] = '\n';
	t->n += len + 1;
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
}

int mp_trace_open(int dir_fd, const struct mp_pod_spec *spec, const struct mp_pod_config *config,
		  const struct mp_trace_origin *origin, struct mp_now now, struct mp_trace **ret,
		  struct mp_error *err)
{
	struct mp_trace *t = calloc(1, sizeof(*t));
	struct mp_json w;

	if (!t)
		return mp_fail(err, ENOMEM, "trace");
	t->spec = spec;
	t->fd = openat(dir_fd, "trace.jsonl",
		       O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (t->fd < 0) {
		free(t);
		return mp_fail(err, errno, "open trace.jsonl");
	}
	begin(t, &w, now);
	mp_json_put_int(&w, "version", MP_TRACE_VERSION);
	mp_json_key(&w, "seed");
	mp_json_stringf(&w, "%llu", (unsigned long long)config->seed);
	mp_json_put_int(&w, "started", config->started_at);
	mp_json_put_bool(&w, "cold", config->is_cold_start);
	if (origin)
		put_origin(&w, origin);
	end(t, &w);
	*ret = t;
	return 0;
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

	t->n = 0;
	return r;
}

void mp_trace_close(struct mp_trace *t)
{
	if (!t)
		return;
	(void)close(t->fd);
	free(t);
}
