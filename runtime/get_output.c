/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/get_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/jsonpath.h"
#include "runtime/pod_row.h"

static int parse_format(const char *text, struct mp_arena *arena, struct mp_get_output *out,
			struct mp_error *err)
{
	static const struct {
		const char *name;
		enum mp_get_format format;
	} formats[] = { { "wide", MP_GET_WIDE },
			{ "name", MP_GET_NAME },
			{ "json", MP_GET_JSON },
			{ "yaml", MP_GET_YAML } };
	static const char paths[] = "jsonpath=", path_file[] = "jsonpath-file=",
			  columns[] = "custom-columns=", column_file[] = "custom-columns-file=";

	if (!text || !text[0])
		return 0;
	for (size_t i = 0; i < MP_ARRAY_SIZE(formats); i++) {
		if (strcmp(text, formats[i].name) == 0) {
			out->format = formats[i].format;
			return 0;
		}
	}
	if (mp_starts_with(text, paths)) {
		out->format = MP_GET_JSONPATH;
		out->template = text + strlen(paths);
		return 0;
	}
	if (mp_starts_with(text, path_file)) {
		char *template = NULL;
		const int r = mp_file_read(AT_FDCWD, text + strlen(path_file), 65536, arena,
					   &template, NULL, err);

		out->format = MP_GET_JSONPATH;
		out->template = template;
		return r < 0 ? mp_wrap(err, r, "jsonpath-file") : 0;
	}
	out->format = MP_GET_COLUMNS;
	if (mp_starts_with(text, columns))
		return mp_columns_parse(arena, text + strlen(columns), &out->columns, err);
	if (mp_starts_with(text, column_file))
		return mp_columns_parse_file(arena, text + strlen(column_file), &out->columns, err);
	return mp_fail_text(err, EINVAL,
			    "unable to match a printer suitable for the output format \"%s\", "
			    "allowed formats are: custom-columns,custom-columns-file,json,jsonpath,"
			    "jsonpath-file,name,wide,yaml",
			    text);
}

int mp_get_output_parse(const struct mp_args *args, bool has_namespace, struct mp_arena *arena,
			struct mp_get_output *ret, struct mp_error *err)
{
	const char *labels = mp_args_get(args, "label-columns");

	*ret = (struct mp_get_output){
		.sort_by = mp_args_get(args, "sort-by"),
		.has_all_labels = mp_args_has(args, "show-labels"),
		.has_change = mp_args_has(args, "output-watch-events"),
		.no_headers = mp_args_has(args, "no-headers"),
		.has_namespace = has_namespace,
	};
	while (labels && *labels && ret->n_labels < MP_ARRAY_SIZE(ret->labels)) {
		const size_t n = strcspn(labels, ",");

		ret->labels[ret->n_labels++] = mp_arena_dup(arena, labels, n);
		labels += n + (labels[n] == ',' ? 1 : 0);
	}
	return parse_format(mp_args_get(args, "output"), arena, ret, err);
}

bool mp_get_output_is_table(const struct mp_get_output *out)
{
	return out->format == MP_GET_TABLE || out->format == MP_GET_WIDE ||
	       out->format == MP_GET_COLUMNS;
}

/* ---- tables ------------------------------------------------------------------------------------ */

/* The columns of each kind: those of -o wide come last, but for events. */
static size_t put_names(const struct mp_get_output *out, enum mp_api_kind kind, const char **cells)
{
	static const char *const pod[] = {
		"NAME", "READY", "STATUS",         "RESTARTS",       "AGE",
		"IP",   "NODE",  "NOMINATED NODE", "READINESS GATES"
	};
	static const char *const event[] = { "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE" };
	static const char *const wide_event[] = { "LAST SEEN", "TYPE",   "REASON",  "OBJECT",
						  "SUBOBJECT", "SOURCE", "MESSAGE", "FIRST SEEN",
						  "COUNT",     "NAME" };
	static const char *const config_map[] = { "NAME", "DATA", "AGE" };
	static const char *const secret[] = { "NAME", "TYPE", "DATA", "AGE" };
	const bool is_wide = out->format == MP_GET_WIDE;
	const char *const *from = pod;
	size_t n = 0;

	switch (kind) {
	case MP_API_POD:
		n = is_wide ? MP_ARRAY_SIZE(pod) : 5;
		break;
	case MP_API_EVENT:
		from = is_wide ? wide_event : event;
		n = is_wide ? MP_ARRAY_SIZE(wide_event) : MP_ARRAY_SIZE(event);
		break;
	case MP_API_CONFIG_MAP:
		from = config_map;
		n = MP_ARRAY_SIZE(config_map);
		break;
	case MP_API_SECRET:
		from = secret;
		n = MP_ARRAY_SIZE(secret);
		break;
	}
	memcpy(cells, from, n * sizeof(*cells));
	return n;
}

static const char *age_of(const char *time, struct mp_arena *arena)
{
	const int64_t wall = mp_time_parse(time, strlen(time));
	char age[MP_TIME_TEXT_MAX];

	return wall < 0 ? "<unknown>" :
			  mp_arena_strdup(arena, mp_human_age(mp_clock_read().wall - wall, age));
}

/* The name, with the kind before it where several are shown. NULL when out of memory. */
static const char *name_cell(const struct mp_get_output *out, const struct mp_get_item *item,
			     struct mp_arena *arena)
{
	return out->has_kind ?
		       mp_arena_printf(arena, "%s/%s", mp_api_word(item->kind), item->name) :
		       item->name;
}

static size_t put_pod(const struct mp_get_output *out, const struct mp_get_item *item,
		      const char **cells, struct mp_arena *arena)
{
	const char *node = mp_node_text(item->object, "spec", "nodeName", NULL);
	struct mp_pod_row *row = mp_arena_alloc(arena, 1, sizeof(*row));

	cells[0] = name_cell(out, item, arena);
	if (!row || !cells[0])
		return 0;
	mp_pod_row(item->pod, mp_clock_read().wall, row);
	cells[1] = row->ready;
	cells[2] = row->status;
	cells[3] = row->restarts;
	cells[4] = row->age;
	cells[5] = row->ip;
	cells[6] = node[0] ? node : "<none>";
	cells[7] = "<none>";
	cells[8] = row->gates;
	return out->format == MP_GET_WIDE ? 9 : 5;
}

static size_t put_event(const struct mp_get_output *out, const struct mp_get_item *item,
			const char **cells, struct mp_arena *arena)
{
	const struct mp_event_row *e = item->event;
	const int64_t wall = mp_clock_read().wall;
	const char *last, *first, *object, *count;
	char age[MP_TIME_TEXT_MAX];

	last = mp_arena_strdup(arena, mp_human_age(wall - e->last_wall, age));
	first = mp_arena_strdup(arena, mp_human_age(wall - e->first_wall, age));
	object = mp_arena_printf(arena, "pod/%s", e->pod->name);
	count = mp_arena_printf(arena, "%lld", (long long)e->count);
	if (!last || !first || !object || !count)
		return 0;
	cells[0] = last;
	cells[1] = e->is_warning ? "Warning" : "Normal";
	cells[2] = e->reason;
	cells[3] = object;
	cells[4] = e->message;
	if (out->format != MP_GET_WIDE)
		return 5;
	cells[4] = e->field_path;
	cells[5] = "minipod";
	cells[6] = e->message;
	cells[7] = first;
	cells[8] = count;
	cells[9] = name_cell(out, item, arena);
	return cells[9] ? 10 : 0;
}

static size_t put_other(const struct mp_get_output *out, const struct mp_get_item *item,
			const char **cells, struct mp_arena *arena)
{
	const char *count = mp_arena_printf(arena, "%zu", item->other->n_keys);
	const char *name = name_cell(out, item, arena);
	const char *age =
		age_of(mp_node_text(item->object, "metadata", "creationTimestamp", NULL), arena);
	size_t n = 0;

	if (!count || !age || !name)
		return 0;
	cells[n++] = name;
	if (item->kind == MP_API_SECRET)
		cells[n++] = item->other->type;
	cells[n++] = count;
	cells[n++] = age;
	return n;
}

static const char *labels_text(const struct mp_node *labels, struct mp_arena *arena)
{
	const char *text = "";

	for (size_t i = 0; labels && i < labels->count && text; i++)
		text = mp_arena_printf(
			arena, "%s%s%s=%s", text, i > 0 ? "," : "", labels->entries[i].key,
			labels->entries[i].value->text ? labels->entries[i].value->text : "");
	return text && text[0] ? text : "<none>";
}

static size_t put_cells(const struct mp_get_output *out, const struct mp_get_item *item,
			const char **cells, struct mp_arena *arena)
{
	switch (item->kind) {
	case MP_API_POD:
		return put_pod(out, item, cells, arena);
	case MP_API_EVENT:
		return put_event(out, item, cells, arena);
	case MP_API_CONFIG_MAP:
	case MP_API_SECRET:
		break;
	}
	return put_other(out, item, cells, arena);
}

static const char *last_part(struct mp_arena *arena, const char *key)
{
	const char *slash = strrchr(key, '/');
	char *name = mp_arena_strdup(arena, slash ? slash + 1 : key);

	for (char *p = name; p && *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return name ? name : "";
}

/* Items of one kind; the header of their kind unless it was the last one printed. */
static int print_table(struct mp_get_output *out, enum mp_api_kind kind,
		       const struct mp_get_items *items, struct mp_arena *arena,
		       struct mp_error *err)
{
	const char *cells[MP_GET_COLUMNS_MAX];
	struct mp_table table = { .arena = arena, .widths = out->widths };
	const bool is_next = out->has_header && out->kind != kind;
	size_t n = 0;

	if (is_next)
		memset(out->widths, 0, sizeof(out->widths));
	if (out->has_change)
		cells[n++] = "EVENT";
	if (out->has_namespace)
		cells[n++] = "NAMESPACE";
	n += put_names(out, kind, cells + n);
	for (size_t i = 0; i < out->n_labels; i++)
		cells[n++] = last_part(arena, out->labels[i]);
	if (out->has_all_labels)
		cells[n++] = "LABELS";
	table.n_columns = n;
	if (is_next && !out->no_headers)
		(void)putchar('\n');
	if (!out->no_headers && (is_next || !out->has_header))
		mp_table_row(&table, cells);
	out->has_header = true;
	out->kind = kind;
	for (size_t i = 0; i < items->n; i++) {
		const struct mp_get_item *item = &items->items[i];
		const struct mp_node *labels = mp_node_in(item->object, "metadata", "labels", NULL);
		size_t n_own;

		n = 0;
		if (out->has_change)
			cells[n++] = item->change ? item->change : "ADDED";
		if (out->has_namespace)
			cells[n++] = item->namespace_;
		n_own = put_cells(out, item, cells + n, arena);
		if (n_own == 0)
			return mp_fail(err, ENOMEM, "get");
		n += n_own;
		for (size_t k = 0; k < out->n_labels; k++)
			cells[n++] = mp_node_text(labels, out->labels[k], NULL);
		if (out->has_all_labels)
			cells[n++] = labels_text(labels, arena);
		mp_table_row(&table, cells);
	}
	mp_table_print(&table, stdout);
	return 0;
}

static int print_columns(struct mp_get_output *out, const struct mp_get_items *items,
			 struct mp_arena *arena, struct mp_error *err)
{
	struct mp_table table = { .arena = arena,
				  .n_columns = out->columns.n,
				  .widths = out->widths };
	int r = 0;

	if (!out->has_header && !out->no_headers)
		mp_table_row(&table, out->columns.headers);
	out->has_header = true;
	for (size_t i = 0; i < items->n && r == 0; i++)
		r = mp_columns_row(&out->columns, items->items[i].object, &table, err);
	if (r == 0)
		mp_table_print(&table, stdout);
	return r;
}

/* ---- objects ----------------------------------------------------------------------------------- */

static int print_node(const struct mp_node *node, enum mp_json_style style, struct mp_error *err)
{
	struct mp_json w;
	int r = 0;

	if (!node)
		return mp_fail(err, ENOMEM, "get");
	mp_json_init(&w, style);
	mp_json_node(&w, node);

	const char *text = mp_json_finish(&w, NULL, &r);

	if (text)
		(void)fputs(text, stdout);
	mp_json_done(&w);
	return text ? 0 : mp_fail(err, -r, "get");
}

/* {"object": ..., "type": "ADDED"} */
static const struct mp_node *as_change(struct mp_arena *arena, const struct mp_get_item *item)
{
	struct mp_entry *e = mp_arena_alloc(arena, 2, sizeof(*e));

	if (!e)
		return NULL;
	e[0] = (struct mp_entry){ .key = "object", .value = item->object };
	e[1] = (struct mp_entry){ .key = "type", .value = mp_node_of_text(arena, item->change) };
	return e[1].value ? mp_node_of_map(arena, e, 2) : NULL;
}

static int print_objects(const struct mp_get_output *out, const struct mp_get_items *items,
			 bool is_list, struct mp_arena *arena, struct mp_error *err)
{
	const struct mp_node **nodes =
		mp_arena_alloc(arena, items->n + 1, sizeof(struct mp_node *));
	const struct mp_node *object;

	if (!nodes)
		return mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; i < items->n; i++)
		nodes[i] = out->has_change && items->items[i].change ?
				   as_change(arena, &items->items[i]) :
				   items->items[i].object;
	if (!is_list && items->n == 0)
		return 0;
	object = is_list ? mp_node_of_list(arena, nodes, items->n) : nodes[0];
	if (out->format == MP_GET_JSONPATH)
		return object ? mp_jsonpath_print(out->template, object, stdout, err) :
				mp_fail(err, ENOMEM, "get");
	/* Several YAML documents one after another, when watching. */
	if (out->format == MP_GET_YAML && !is_list && items->items[0].change)
		(void)fputs("---\n", stdout);
	return print_node(object, out->format == MP_GET_YAML ? MP_JSON_YAML : MP_JSON_INDENTED,
			  err);
}

/* ---- sorting ----------------------------------------------------------------------------------- */

struct sorted {
	struct mp_get_item item;
	const char *text; /* "" for nothing: it goes first */
	double number;
	bool is_number;
	size_t place;
};

static int by_value(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order;

	if (x->is_number && y->is_number)
		order = (x->number > y->number) - (x->number < y->number);
	else
		order = strcmp(x->text, y->text);
	return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static int sort(const char *path, struct mp_get_items *items, struct mp_arena *arena,
		struct mp_error *err)
{
	struct sorted *sorted = mp_arena_alloc(arena, items->n, sizeof(*sorted));

	bool is_any = false;

	if (!sorted)
		return mp_fail(err, ENOMEM, "sort");
	for (size_t i = 0; i < items->n; i++) {
		const struct mp_node **nodes = NULL;
		size_t n = 0;
		const int r = mp_jsonpath_find(path, items->items[i].object, &nodes, &n, err);

		if (r < 0)
			return mp_wrap(err, r, "--sort-by");
		sorted[i] = (struct sorted){ .item = items->items[i], .text = "", .place = i };
		if (n > 0 && nodes[0]->text)
			sorted[i].text = nodes[0]->text;
		if (n > 0)
			sorted[i].is_number = mp_node_double(nodes[0], &sorted[i].number);
		is_any |= n > 0;
		free(nodes);
	}
	if (!is_any)
		return mp_fail_text(
			err, EINVAL,
			"couldn't find any field with path \"%s\" in the list of objects", path);
	qsort(sorted, items->n, sizeof(*sorted), by_value);
	for (size_t i = 0; i < items->n; i++)
		items->items[i] = sorted[i].item;
	return 0;
}

static int print_tables(struct mp_get_output *out, const struct mp_get_items *items,
			struct mp_arena *arena, struct mp_error *err)
{
	int r = 0;

	for (size_t at = 0; at < items->n && r == 0;) {
		struct mp_get_items run = { .items = &items->items[at] };

		while (at + run.n < items->n && run.items[run.n].kind == run.items[0].kind)
			run.n++;
		at += run.n;
		if (out->sort_by)
			r = sort(out->sort_by, &run, arena, err);
		if (r == 0)
			r = print_table(out, run.items[0].kind, &run, arena, err);
	}
	return r;
}

int mp_get_output_print(struct mp_get_output *out, struct mp_get_items *items, bool is_list,
			struct mp_arena *arena, struct mp_error *err)
{
	int r = 0;

	if (mp_get_output_is_table(out) && out->format != MP_GET_COLUMNS)
		return print_tables(out, items, arena, err);
	if (out->sort_by && items->n > 0)
		r = sort(out->sort_by, items, arena, err);
	if (r < 0)
		return r;
	switch (out->format) {
	case MP_GET_COLUMNS:
		return print_columns(out, items, arena, err);
	case MP_GET_NAME:
		for (size_t i = 0; i < items->n; i++)
			(void)printf("%s/%s\n", mp_api_word(items->items[i].kind),
				     items->items[i].name);
		return 0;
	case MP_GET_TABLE:
	case MP_GET_WIDE:
	case MP_GET_JSON:
	case MP_GET_YAML:
	case MP_GET_JSONPATH:
		break;
	}
	return print_objects(out, items, is_list, arena, err);
}
