/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_get.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/cmd_events.h"
#include "runtime/jsonpath.h"
#include "runtime/pod_row.h"
#include "runtime/pod_watch.h"

#define N_COLUMNS 10

const struct mp_option mp_get_options[] = {
	{ "output", 'o', "FORMAT", "json, yaml, wide, name or jsonpath=TEMPLATE", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace", false },
	{ "watch", 'w', NULL, "go on and print each change", false },
	{ "no-headers", 0, NULL, "without the line of column names", false },
	{ "ignore-not-found", 0, NULL, "a pod that is not there is no error", false },
	{ NULL, 0, NULL, NULL, false },
};

enum format { TABLE, WIDE, NAME, JSON, YAML, JSONPATH };

struct get {
	const struct mp_args *args;
	struct mp_roots roots;
	enum format format;
	const char *template;   /* of jsonpath */
	const char *namespace_; /* NULL: all */
	const char *names[64];
	size_t n_names;
	bool has_header; /* it was printed, or is not wanted */
	size_t widths[N_COLUMNS];
	struct {
		char *key;   /* "<namespace>_<name>", owned */
		char *shown; /* owned: what was printed of it last */
		bool is_seen;
	} * seen; /* owned */
	size_t n_seen;
};

static int parse_format(struct get *g, struct mp_error *err)
{
	static const struct {
		const char *name;
		enum format format;
	} formats[] = { { "wide", WIDE }, { "name", NAME }, { "json", JSON }, { "yaml", YAML } };
	const char *text = mp_args_get(g->args, "output");

	g->format = TABLE;
	for (size_t i = 0; text && i < MP_ARRAY_SIZE(formats); i++) {
		if (strcmp(text, formats[i].name) == 0) {
			g->format = formats[i].format;
			return 0;
		}
	}
	if (text && mp_starts_with(text, "jsonpath=")) {
		g->format = JSONPATH;
		g->template = text + strlen("jsonpath=");
		return 0;
	}
	if (text && text[0])
		return mp_fail_text(err, EINVAL,
				    "unable to match a printer suitable for the output format "
				    "\"%s\", allowed formats are: json,jsonpath,name,wide,yaml",
				    text);
	return 0;
}

static int parse(struct get *g, struct mp_error *err)
{
	const struct mp_args *a = g->args;
	int r = mp_cli_roots(a, &g->roots, err);
	size_t first = 1;

	g->namespace_ = mp_args_has(a, "all-namespaces") ? NULL : mp_cli_namespace(a);
	g->has_header = mp_args_has(a, "no-headers");
	if (r == 0)
		r = parse_format(g, err);
	if (r < 0)
		return r;
	if (strchr(a->positional[0], '/'))
		first = 0;
	else if (!mp_streq(a->positional[0], "pod") && !mp_streq(a->positional[0], "pods") &&
		 !mp_streq(a->positional[0], "po"))
		return mp_fail_text(err, EINVAL,
				    "the server doesn't have a resource type \"%s\": pods and "
				    "events are what there is",
				    a->positional[0]);
	for (size_t i = first; i < a->n_positional; i++)
		g->names[g->n_names++] = mp_cli_pod_name(a->positional[i]);
	if (g->n_names > 0 && !g->namespace_)
		return mp_fail_text(err, EINVAL,
				    "a resource cannot be retrieved by name across all "
				    "namespaces");
	return 0;
}

/* Loads what was asked for; a named pod that is not there makes -ENOENT, the others are kept. */
static int load(const struct get *g, struct mp_arena *arena, struct mp_pod_views *ret,
		struct mp_error *err)
{
	struct mp_pod_view *items;
	int missing = 0;

	if (g->n_names == 0)
		return mp_pod_views_load(arena, &g->roots, g->namespace_, ret, err);
	items = mp_arena_alloc(arena, g->n_names, sizeof(*items));
	*ret = (struct mp_pod_views){ items, 0 };
	if (!items)
		return mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; i < g->n_names; i++) {
		struct mp_error why = MP_ERROR_NONE;
		const int r = mp_pod_view_load(arena, &g->roots, g->namespace_, g->names[i],
					       &items[ret->n], &why);

		if (r == 0)
			ret->n++;
		else if (r == -ENOENT && mp_args_has(g->args, "ignore-not-found"))
			continue;
		else if (missing == 0) {
			missing = r;
			*err = why;
		}
	}
	return missing;
}

static void add_row(const struct get *g, const struct mp_pod_view *v, struct mp_table *table)
{
	const char *node = mp_node_text(v->object, "spec", "nodeName", NULL);
	const char *cells[N_COLUMNS];
	struct mp_pod_row row;
	size_t n = 0;

	mp_pod_row(v, mp_clock_read().wall, &row);
	if (!g->namespace_)
		cells[n++] = v->namespace_;
	cells[n++] = v->name;
	cells[n++] = row.ready;
	cells[n++] = row.status;
	cells[n++] = row.restarts;
	cells[n++] = row.age;
	if (g->format == WIDE) {
		cells[n++] = row.ip;
		cells[n++] = node[0] ? node : "<none>";
		cells[n++] = "<none>";
		cells[n++] = row.gates;
	}
	mp_table_row(table, cells);
}

static void print_table(struct get *g, const struct mp_pod_views *views, struct mp_arena *arena)
{
	static const char *const names[N_COLUMNS] = {
		"NAMESPACE", "NAME", "READY", "STATUS",         "RESTARTS",
		"AGE",       "IP",   "NODE",  "NOMINATED NODE", "READINESS GATES",
	};
	const size_t skip = g->namespace_ ? 1 : 0;
	struct mp_table table = { .arena = arena,
				  .n_columns = (g->format == WIDE ? 10 : 6) - skip,
				  .widths = g->widths };

	if (!g->has_header)
		mp_table_row(&table, names + skip);
	g->has_header = true;
	for (size_t i = 0; i < views->n; i++)
		add_row(g, &views->items[i], &table);
	mp_table_print(&table, stdout);
}

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

static int print(struct get *g, const struct mp_pod_views *views, struct mp_arena *arena,
		 bool is_list, struct mp_error *err)
{
	const struct mp_node *object = NULL;
	int r = 0;

	if (g->format == TABLE || g->format == WIDE) {
		print_table(g, views, arena);
		return 0;
	}
	if (g->format == NAME) {
		for (size_t i = 0; i < views->n; i++)
			(void)printf("pod/%s\n", views->items[i].name);
		return 0;
	}
	if (!is_list && views->n > 0) {
		object = views->items[0].object;
	} else if (is_list) {
		const struct mp_node **items = mp_arena_alloc(arena, views->n + 1, sizeof(*items));

		for (size_t i = 0; items && i < views->n; i++)
			items[i] = views->items[i].object;
		object = items ? mp_node_of_list(arena, items, views->n) : NULL;
	} else {
		return 0;
	}
	switch (g->format) {
	case JSON:
		r = print_node(object, MP_JSON_INDENTED, err);
		break;
	case YAML:
		r = print_node(object, MP_JSON_YAML, err);
		break;
	case JSONPATH:
		r = mp_jsonpath_print(g->template, object, stdout, err);
		break;
	case TABLE:
	case WIDE:
	case NAME:
		break;
	}
	return r;
}

/* ---- -w ---------------------------------------------------------------------------------------- */

/* What makes a pod worth another line: anything of it but its age. */
static char *fingerprint(const struct mp_pod_view *v)
{
	char *text = NULL;
	struct mp_json w;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_list_begin(&w);
	mp_json_node(&w, v->object);
	mp_json_bool(&w, v->is_supervised);
	mp_json_list_end(&w);

	const char *json = mp_json_finish(&w, NULL, NULL);

	if (json)
		text = strdup(json);
	mp_json_done(&w);
	return text;
}

static bool has_changed(struct get *g, const struct mp_pod_view *v)
{
	char *shown = fingerprint(v);
	size_t i = 0;

	while (i < g->n_seen && strcmp(g->seen[i].key, v->dir_name) != 0)
		i++;
	if (i == g->n_seen) {
		void *bigger = reallocarray(g->seen, g->n_seen + 1, sizeof(*g->seen));

		if (!bigger || !shown) {
			free(shown);
			return true;
		}
		g->seen = bigger;
		g->seen[g->n_seen].key = strdup(v->dir_name);
		g->seen[g->n_seen].shown = NULL;
		if (!g->seen[g->n_seen].key) {
			free(shown);
			return true;
		}
		g->n_seen++;
	}
	g->seen[i].is_seen = true;

	const bool is_new = !g->seen[i].shown || !shown || strcmp(g->seen[i].shown, shown) != 0;

	free(g->seen[i].shown);
	g->seen[i].shown = shown;
	return is_new;
}

static void forget_gone(struct get *g)
{
	for (size_t i = 0; i < g->n_seen;) {
		if (g->seen[i].is_seen) {
			g->seen[i++].is_seen = false;
			continue;
		}
		free(g->seen[i].key);
		free(g->seen[i].shown);
		g->seen[i] = g->seen[--g->n_seen];
	}
}

static int watch_once(struct get *g, bool is_first, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	struct mp_pod_views views = { .n = 0 }, changed = { .n = 0 };
	int r = load(g, &arena, &views, err);

	if (r == -ENOENT && !is_first)
		r = 0;
	changed.items = mp_arena_alloc(&arena, views.n, sizeof(*changed.items));
	for (size_t i = 0; r == 0 && changed.items && i < views.n; i++)
		if (has_changed(g, &views.items[i]))
			changed.items[changed.n++] = views.items[i];
	forget_gone(g);
	if (r == 0 && (g->format == TABLE || g->format == WIDE) && changed.n > 0)
		r = print(g, &changed, &arena, false, err);
	else
		for (size_t i = 0; r == 0 && i < changed.n; i++) {
			struct mp_pod_views one = { &changed.items[i], 1 };

			r = print(g, &one, &arena, false, err);
		}
	(void)fflush(stdout);
	mp_arena_done(&arena);
	return r;
}

static int watch(struct get *g, struct mp_error *err)
{
	struct mp_pod_watch w;
	bool is_first = true;
	int r = mp_pod_watch_open(&w, &g->roots, false, err);

	while (r == 0) {
		r = mp_pod_watch_arm(&w, err);
		if (r == 0)
			r = watch_once(g, is_first, err);
		is_first = false;
		if (r == 0 && ferror(stdout))
			break;
		if (r == 0)
			r = mp_pod_watch_wait(&w, MP_NSEC_NEVER, err);
	}
	mp_pod_watch_close(&w);
	for (size_t i = 0; i < g->n_seen; i++)
		g->seen[i].is_seen = false;
	forget_gone(g);
	free(g->seen);
	return r;
}

int mp_cmd_get(const struct mp_args *args)
{
	struct get g = { .args = args };
	struct mp_arena arena = { 0 };
	struct mp_pod_views views = { .n = 0 };
	struct mp_error err = MP_ERROR_NONE;
	int r, missing;

	if (mp_streq(args->positional[0], "events") || mp_streq(args->positional[0], "event") ||
	    mp_streq(args->positional[0], "ev"))
		return mp_cmd_events(args);
	r = parse(&g, &err);
	if (r == 0 && mp_args_has(args, "watch")) {
		r = watch(&g, &err);
		return r < 0 ? mp_cli_fail(r, &err) : 0;
	}
	missing = r == 0 ? load(&g, &arena, &views, &err) : r;
	if (r == 0 && missing == 0 && views.n == 0 && g.n_names == 0 &&
	    (g.format == TABLE || g.format == WIDE)) {
		if (g.namespace_)
			(void)fprintf(stderr, "No resources found in %s namespace.\n",
				      g.namespace_);
		else
			(void)fprintf(stderr, "No resources found\n");
	} else if (r == 0 && (missing == 0 || views.n > 0)) {
		r = print(&g, &views, &arena, g.n_names != 1, &err);
	}
	mp_arena_done(&arena);
	if (r == 0)
		r = missing;
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
