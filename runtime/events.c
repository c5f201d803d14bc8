/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/trace.h"

static int64_t int_of(const struct mp_node *node, const char *key)
{
	int64_t v = 0;

	(void)mp_node_int64(mp_node_get(node, key), &v);
	return v;
}

static const char *path_of(struct mp_arena *arena, const struct mp_pod_view *pod,
			   const struct mp_node *action)
{
	static const char *const lists[] = { "initContainers", "containers" };
	const char *name = mp_node_text(action, "container", NULL);
	const char *ephemeral = mp_node_text(action, "ephemeral", NULL);

	if (ephemeral[0]) {
		const char *path =
			mp_arena_printf(arena, "spec.ephemeralContainers{%s}", ephemeral);

		return path ? path : "";
	}

	for (size_t k = 0; name[0] && k < MP_ARRAY_SIZE(lists); k++) {
		const struct mp_node *list = mp_node_in(pod->object, "spec", lists[k], NULL);

		for (size_t i = 0; list && i < list->count; i++) {
			if (mp_streq(mp_node_text(list->items[i], "name", NULL), name)) {
				const char *path =
					mp_arena_printf(arena, "spec.%s{%s}", lists[k], name);

				return path ? path : "";
			}
		}
	}
	return "";
}

/* A later state of a series takes the place of the earlier one. */
static int keep(struct mp_arena *arena, struct mp_event_rows *rows, size_t *size,
		const struct mp_event_row *row)
{
	for (size_t i = rows->n; i > 0; i--) {
		struct mp_event_row *old = &rows->items[i - 1];

		if (old->pod == row->pod && old->slot == row->slot &&
		    old->first_wall == row->first_wall) {
			const bool is_new = old->is_new;

			*old = *row;
			old->is_new = is_new;
			return 0;
		}
	}
	if (rows->n == *size) {
		struct mp_event_row *more = mp_arena_alloc(arena, *size * 2 + 32, sizeof(*more));

		if (!more)
			return -ENOMEM;
		if (rows->n > 0)
			memcpy(more, rows->items, rows->n * sizeof(*more));
		rows->items = more;
		*size = *size * 2 + 32;
	}
	rows->items[rows->n++] = *row;
	return 0;
}

/* @after: what is not newer was told already. @newest: raised. */
static int take_line(struct mp_arena *arena, const struct mp_pod_view *pod, const char *line,
		     size_t len, int64_t after, int64_t *newest, struct mp_event_rows *rows,
		     size_t *size)
{
	struct mp_document doc;

	/* Most lines are something else: they are not worth parsing. */
	if (!memmem(line, len, "\"recordEvent\"", strlen("\"recordEvent\"")))
		return 0;
	/* The last line of a supervisor that was killed may be torn. */
	if (mp_document_parse(arena, "trace.jsonl", line, len, MP_DOCUMENT_JSON, &doc, NULL) < 0)
		return 0;

	const struct mp_node *a = mp_node_get(doc.roots[0], "action");

	if (!a)
		a = mp_node_get(doc.roots[0], "past"); /* before the journal was shortened */

	if (!mp_streq(mp_node_text(a, "type", NULL), "recordEvent"))
		return 0;

	const struct mp_event_row row = {
		.pod = pod,
		.is_warning = mp_streq(mp_node_text(a, "eventType", NULL), "Warning"),
		.reason = mp_node_text(a, "reason", NULL),
		.message = mp_node_text(a, "message", NULL),
		.field_path = path_of(arena, pod, a),
		.count = int_of(a, "count"),
		.first_wall = int_of(a, "first"),
		.last_wall = int_of(doc.roots[0], "wall"),
		.slot = int_of(a, "slot"),
		.is_new = int_of(a, "count") <= 1,
	};

	if (row.last_wall <= after)
		return 0;
	*newest = row.last_wall > *newest ? row.last_wall : *newest;
	return keep(arena, rows, size, &row);
}

/* ---- how far the journals were read ------------------------------------------------------------- */

struct mp_event_mark {
	char uid[64];
	off_t offset;    /* behind the last whole line ... */
	ino_t file;      /* ... of this file: a shortened journal is another one */
	int64_t told_to; /* wall time of the last event */
};

void mp_event_marks_done(struct mp_event_marks *marks)
{
	free(marks->items);
	*marks = (struct mp_event_marks){ .n = 0 };
}

static struct mp_event_mark *mark_of(struct mp_event_marks *marks, const char *uid)
{
	struct mp_event_mark *bigger;

	for (size_t i = 0; i < marks->n; i++)
		if (strcmp(marks->items[i].uid, uid) == 0)
			return &marks->items[i];
	bigger = reallocarray(marks->items, marks->n + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	marks->items = bigger;
	bigger[marks->n] = (struct mp_event_mark){ .offset = 0 };
	(void)snprintf(bigger[marks->n].uid, sizeof(bigger->uid), "%s", uid);
	return &bigger[marks->n++];
}

/* Where to go on. In another file, with what is newer than all that was told. */
static int seek(FILE *in, struct mp_event_mark *mark, int64_t *ret_after)
{
	struct stat st;

	*ret_after = INT64_MIN;
	if (!mark)
		return 0;
	if (fstat(fileno(in), &st) < 0)
		return -errno;
	if (mark->file != st.st_ino || mark->offset > st.st_size) {
		if (mark->file != 0)
			*ret_after = mark->told_to;
		mark->file = st.st_ino;
		mark->offset = 0;
	}
	return fseeko(in, mark->offset, SEEK_SET) < 0 ? -errno : 0;
}

static int load_pod(struct mp_arena *arena, const struct mp_roots *roots,
		    const struct mp_pod_view *pod, struct mp_event_mark *mark,
		    struct mp_event_rows *rows, size_t *size)
{
	char path[PATH_MAX + 300];
	char *line = NULL;
	size_t room = 0;
	int64_t after = 0, newest = mark ? mark->told_to : 0;
	ssize_t n;
	int r;

	(void)snprintf(path, sizeof(path), "%s/pods/%s/" MP_TRACE_NAME, roots->run, pod->dir_name);

	FILE *in = fopen(path, "re");

	if (!in)
		return errno == ENOENT ? 0 : -errno;
	r = seek(in, mark, &after);
	while (r == 0 && (n = getline(&line, &room, in)) > 0) {
		/* What is only half there is read again when it is whole. */
		if (mark && line[n - 1] != '\n')
			break;
		if (mark)
			mark->offset += n;
		r = take_line(arena, pod, line, (size_t)n, after, &newest, rows, size);
	}
	if (mark)
		mark->told_to = newest;
	free(line);
	(void)fclose(in);
	return r;
}

static int by_time(const void *a, const void *b)
{
	const struct mp_event_row *x = a, *y = b;

	if (x->last_wall != y->last_wall)
		return x->last_wall < y->last_wall ? -1 : 1;
	return (x->slot > y->slot) - (x->slot < y->slot);
}

int mp_events_load(struct mp_arena *arena, const struct mp_roots *roots,
		   const struct mp_pod_view *pods, size_t n_pods, struct mp_event_marks *marks,
		   struct mp_event_rows *ret, struct mp_error *err)
{
	struct mp_event_rows rows = { .n = 0 };
	size_t size = 0;

	for (size_t i = 0; i < n_pods; i++) {
		struct mp_event_mark *mark = marks ? mark_of(marks, pods[i].uid) : NULL;
		const int r = marks && !mark ? -ENOMEM :
					       load_pod(arena, roots, &pods[i], mark, &rows, &size);

		if (r < 0)
			return mp_fail(err, -r, "events of pod %s", pods[i].name);
	}
	if (rows.n > 0)
		qsort(rows.items, rows.n, sizeof(*rows.items), by_time);
	*ret = rows;
	return 0;
}

static void put_time(struct mp_json *w, const char *key, int64_t wall)
{
	char time[MP_TIME_TEXT_MAX];

	mp_json_put_string(w, key, mp_time_rfc3339(wall, time));
}

const struct mp_node *mp_event_object(struct mp_arena *arena, const struct mp_event_row *e)
{
	struct mp_document doc = { .count = 0 };
	struct mp_json w;
	size_t len;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "apiVersion", "v1");
	mp_json_put_int(&w, "count", e->count);
	put_time(&w, "firstTimestamp", e->first_wall);
	mp_json_put_object(&w, "involvedObject");
	mp_json_put_string(&w, "apiVersion", "v1");
	if (e->field_path[0])
		mp_json_put_string(&w, "fieldPath", e->field_path);
	mp_json_put_string(&w, "kind", "Pod");
	mp_json_put_string(&w, "name", e->pod->name);
	mp_json_put_string(&w, "namespace", e->pod->namespace_);
	mp_json_put_string(&w, "uid", e->pod->uid);
	mp_json_object_end(&w);
	mp_json_put_string(&w, "kind", "Event");
	put_time(&w, "lastTimestamp", e->last_wall);
	mp_json_put_string(&w, "message", e->message);
	mp_json_put_object(&w, "metadata");
	put_time(&w, "creationTimestamp", e->first_wall);
	mp_json_key(&w, "name");
	mp_json_stringf(&w, "%s.%llx", e->pod->name,
			(unsigned long long)e->first_wall + (unsigned long long)e->slot);
	mp_json_put_string(&w, "namespace", e->pod->namespace_);
	mp_json_object_end(&w);
	mp_json_put_string(&w, "reason", e->reason);
	mp_json_put_object(&w, "source");
	mp_json_put_string(&w, "component", "minipod");
	mp_json_object_end(&w);
	mp_json_put_string(&w, "type", e->is_warning ? "Warning" : "Normal");
	mp_json_object_end(&w);

	const char *text = mp_json_finish(&w, &len, NULL);

	if (text)
		(void)mp_document_parse(arena, "event", text, len, MP_DOCUMENT_JSON, &doc, NULL);
	mp_json_done(&w);
	return doc.count > 0 ? doc.roots[0] : NULL;
}
