/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/events.h"
#include "runtime/pod_watch.h"

const struct mp_option mp_events_options[] = {
	{ "for", 0, "pod/NAME", "only of this pod", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace", false },
	{ "watch", 'w', NULL, "go on and print each new one", false },
	{ "types", 0, "TYPES", "only Normal or only Warning ones", false },
	{ "output", 'o', "FORMAT", "json or yaml", false },
	{ "no-headers", 0, NULL, "without the line of column names", false },
	{ NULL, 0, NULL, NULL, false },
};

struct events {
	const struct mp_args *args;
	struct mp_roots roots;
	const char *namespace_, *pod; /* NULL: all */
	bool has_header;
	size_t widths[6];
	struct mp_event_marks marks; /* with -w: what was printed already */
	const char *types;           /* NULL: all */
};

static void only_types(const struct events *e, struct mp_event_rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++) {
		const char *type = rows->items[i].is_warning ? "Warning" : "Normal";

		if (!e->types || strcasestr(e->types, type))
			rows->items[n++] = rows->items[i];
	}
	rows->n = n;
}

static int load(struct events *e, bool is_watch, struct mp_arena *arena, struct mp_event_rows *ret,
		struct mp_error *err)
{
	struct mp_pod_views views = { .n = 0 };
	struct mp_pod_view one;
	int r;

	if (e->pod) {
		r = mp_pod_view_load(arena, &e->roots, e->namespace_, e->pod, &one, err);
		views = (struct mp_pod_views){ mp_arena_alloc(arena, 1, sizeof(one)), 1 };
		if (r == 0 && !views.items)
			r = mp_fail(err, ENOMEM, "events");
		if (r == 0)
			views.items[0] = one;
	} else {
		r = mp_pod_views_load(arena, &e->roots, e->namespace_, &views, err);
	}
	if (r == 0)
		r = mp_events_load(arena, &e->roots, views.items, views.n,
				   is_watch ? &e->marks : NULL, ret, err);
	if (r == 0)
		only_types(e, ret);
	return r;
}

static void add_row(const struct events *e, const struct mp_event_row *row, struct mp_table *table)
{
	const int64_t wall = mp_clock_read().wall;
	char last[MP_TIME_TEXT_MAX], first[MP_TIME_TEXT_MAX], seen[128], object[300];
	const char *cells[6];
	size_t n = 0;

	mp_human_age(wall - row->last_wall, last);
	mp_human_age(wall - row->first_wall, first);
	if (row->count > 1)
		(void)snprintf(seen, sizeof(seen), "%s (x%lld over %s)", last,
			       (long long)row->count, first);
	else
		(void)snprintf(seen, sizeof(seen), "%s", last);
	(void)snprintf(object, sizeof(object), "Pod/%s", row->pod->name);
	if (!e->namespace_)
		cells[n++] = row->pod->namespace_;
	cells[n++] = seen;
	cells[n++] = row->is_warning ? "Warning" : "Normal";
	cells[n++] = row->reason;
	cells[n++] = object;
	cells[n++] = row->message;
	mp_table_row(table, cells);
}

static int print_objects(const struct mp_event_rows *rows, const char *format,
			 struct mp_arena *arena, struct mp_error *err)
{
	const struct mp_node **items = mp_arena_alloc(arena, rows->n + 1, sizeof(struct mp_node *));
	const struct mp_node *list = NULL;
	struct mp_json w;
	bool is_complete = items != NULL;

	for (size_t i = 0; is_complete && i < rows->n; i++) {
		items[i] = mp_event_object(arena, &rows->items[i]);
		is_complete = items[i] != NULL;
	}
	if (is_complete)
		list = mp_node_of_list(arena, items, rows->n);
	if (!list)
		return mp_fail(err, ENOMEM, "events");
	mp_json_init(&w, mp_streq(format, "yaml") ? MP_JSON_YAML : MP_JSON_INDENTED);
	mp_json_node(&w, list);

	const char *text = mp_json_finish(&w, NULL, NULL);

	(void)fputs(text ? text : "", stdout);
	mp_json_done(&w);
	return 0;
}

static void print_rows(struct events *e, const struct mp_event_rows *rows, struct mp_arena *arena)
{
	static const char *const names[] = { "NAMESPACE", "LAST SEEN", "TYPE",
					     "REASON",    "OBJECT",    "MESSAGE" };
	const size_t skip = e->namespace_ ? 1 : 0;
	struct mp_table table = { .arena = arena, .n_columns = 6 - skip, .widths = e->widths };

	if (rows->n == 0)
		return;
	if (!e->has_header)
		mp_table_row(&table, names + skip);
	e->has_header = true;
	for (size_t i = 0; i < rows->n; i++)
		add_row(e, &rows->items[i], &table);
	mp_table_print(&table, stdout);
}

static int watch(struct events *e, struct mp_error *err)
{
	struct mp_pod_watch w;
	bool is_first = true;
	int r = mp_pod_watch_open(&w, &e->roots, true, err);

	while (r == 0 && !ferror(stdout)) {
		struct mp_arena arena = { 0 };
		struct mp_event_rows rows = { .n = 0 };

		r = mp_pod_watch_arm(&w, err);
		if (r == 0)
			r = load(e, true, &arena, &rows, err);
		if (r == -ENOENT && !is_first)
			r = 0;
		is_first = false;
		print_rows(e, &rows, &arena);
		(void)fflush(stdout);
		mp_arena_done(&arena);
		if (r == 0)
			r = mp_pod_watch_wait(&w, MP_NSEC_NEVER, err);
	}
	mp_pod_watch_close(&w);
	mp_event_marks_done(&e->marks);
	return r;
}

int mp_cmd_events(const struct mp_args *args)
{
	const char *format = mp_args_get(args, "output");
	struct events e = { .args = args };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	struct mp_event_rows rows = { .n = 0 };
	int r = mp_cli_roots(args, &e.roots, &err);

	e.namespace_ = mp_args_has(args, "all-namespaces") ? NULL : mp_cli_namespace(args);
	e.has_header = mp_args_has(args, "no-headers");
	if (mp_args_get(args, "for")) {
		e.pod = mp_cli_pod_name(mp_args_get(args, "for"));
		e.namespace_ = mp_cli_namespace(args);
	}
	e.types = mp_args_get(args, "types");
	if (r == 0 && e.types && !mp_streq(e.types, "Normal") && !mp_streq(e.types, "Warning") &&
	    !mp_streq(e.types, "Normal,Warning") && !mp_streq(e.types, "Warning,Normal"))
		r = mp_fail_text(&err, EINVAL, "valid --types are Normal or Warning");
	if (r == 0 && format && !mp_streq(format, "json") && !mp_streq(format, "yaml"))
		r = mp_fail_text(&err, EINVAL, "events: -o takes json or yaml");
	if (r == 0 && mp_args_has(args, "watch"))
		r = watch(&e, &err);
	else if (r == 0)
		r = load(&e, false, &arena, &rows, &err);
	if (r == 0 && format)
		r = print_objects(&rows, format, &arena, &err);
	else if (r == 0 && rows.n > 0)
		print_rows(&e, &rows, &arena);
	else if (r == 0 && e.namespace_)
		(void)fprintf(stderr, "No events found in %s namespace.\n", e.namespace_);
	else if (r == 0)
		(void)fputs("No events found.\n", stderr);
	mp_arena_done(&arena);
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
