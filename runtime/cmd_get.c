/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_get.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/get_output.h"
#include "runtime/pod_query.h"
#include "runtime/pod_watch.h"

const struct mp_option mp_get_options[] = {
	{ "output", 'o', "FORMAT",
	  "json, yaml, wide, name, jsonpath=TEMPLATE or custom-columns=HEADER:PATH,...", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace", false },
	{ "selector", 'l', "SELECTOR", "only with these labels: app=web,tier in (a,b),!old",
	  false },
	{ "field-selector", 0, "SELECTOR", "only with these fields: status.phase=Running", false },
	{ "watch", 'w', NULL, "go on and print each change", false },
	{ "watch-only", 0, NULL, "print changes only, not what is there now", false },
	{ "output-watch-events", 0, NULL, "with -w, say whether it was added, modified, deleted",
	  false },
	{ "sort-by", 0, "PATH", "in the order of a field: .metadata.name", false },
	{ "show-labels", 0, NULL, "with all labels as the last column", false },
	{ "label-columns", 'L', "KEYS", "with these labels as columns", false },
	{ "no-headers", 0, NULL, "without the line of column names", false },
	{ "ignore-not-found", 0, NULL, "a pod that is not there is no error", false },
	{ NULL, 0, NULL, NULL, false },
};

/* What was printed of an object when it was printed last. */
struct seen {
	char *key;   /* "<namespace>/<name>", owned */
	char *shown; /* owned: compact JSON */
	bool is_seen;
};

struct get {
	const struct mp_args *args;
	struct mp_roots roots;
	struct mp_api_args what;
	struct mp_pod_query query;
	struct mp_get_output out;
	struct mp_arena arena; /* of the command line's own values */
	struct seen *seen;     /* owned */
	size_t n_seen;
};

static int parse(struct get *g, struct mp_error *err)
{
	int r = mp_cli_roots(g->args, &g->roots, err);

	if (r == 0)
		r = mp_api_args_parse(g->args, true, 64, &g->what, err);
	if (r == 0)
		r = mp_pod_query_parse(g->args, &g->what, &g->arena, &g->query, err);
	if (r == 0)
		r = mp_get_output_parse(g->args, g->what.kind, !g->query.namespace_, &g->arena,
					&g->out, err);
	return r;
}

/* ---- loading ------------------------------------------------------------------------------------ */

static bool is_wanted(const struct get *g, const char *name, const struct mp_node *object,
		      bool *named)
{
	for (size_t i = 0; i < g->what.n_names; i++) {
		if (strcmp(g->what.names[i], name) == 0) {
			named[i] = true;
			return true;
		}
	}
	return g->what.n_names == 0 &&
	       mp_selector_matches(&g->query.labels,
				   mp_node_in(object, "metadata", "labels", NULL)) &&
	       mp_field_selector_matches(&g->query.fields, object);
}

/* A named object that was not found: an error for the first of them. */
static int missing(const struct get *g, const bool *named, struct mp_error *err)
{
	for (size_t i = 0; i < g->what.n_names; i++)
		if (!named[i] && !g->query.ignores_missing)
			return mp_fail_text(err, ENOENT, "%ss \"%s\" not found",
					    mp_api_word(g->what.kind), g->what.names[i]);
	return 0;
}

static int load_pods(struct get *g, struct mp_arena *arena, struct mp_get_items *ret,
		     struct mp_error *err)
{
	struct mp_pod_views *views = mp_arena_alloc(arena, 1, sizeof(*views));
	int r;

	if (!views)
		return mp_fail(err, ENOMEM, "get");
	r = mp_pod_query_load(&g->query, &g->roots, arena, views, err);
	if (r < 0 && views->n == 0)
		return r;
	ret->items = mp_arena_alloc(arena, views->n, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < views->n; i++) {
		const struct mp_pod_view *v = &views->items[i];

		ret->items[ret->n++] = (struct mp_get_item){
			.object = v->object, .name = v->name, .namespace_ = v->namespace_, .pod = v
		};
	}
	return r;
}

static int load_events(struct get *g, struct mp_arena *arena, struct mp_get_items *ret,
		       struct mp_error *err)
{
	struct mp_event_rows rows = { .n = 0 };
	struct mp_pod_views pods;
	bool named[64] = { false };
	int r = mp_pod_views_load(arena, &g->roots, g->query.namespace_, &pods, err);

	if (r == 0)
		r = mp_events_load(arena, &g->roots, pods.items, pods.n, NULL, &rows, err);
	if (r < 0)
		return r;
	ret->items = mp_arena_alloc(arena, rows.n, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < rows.n; i++) {
		const struct mp_node *object = mp_event_object(arena, &rows.items[i]);
		const char *name = mp_node_text(object, "metadata", "name", NULL);

		if (object && is_wanted(g, name, object, named))
			ret->items[ret->n++] =
				(struct mp_get_item){ .object = object,
						      .name = name,
						      .namespace_ = rows.items[i].pod->namespace_,
						      .event = &rows.items[i] };
	}
	return missing(g, named, err);
}

static int load_others(struct get *g, struct mp_arena *arena, struct mp_get_items *ret,
		       struct mp_error *err)
{
	struct mp_object_views views = { .n = 0 };
	bool named[64] = { false };
	int r = mp_object_views_load(arena, &g->roots, g->query.namespace_, g->what.kind, &views,
				     err);

	if (r < 0)
		return r;
	ret->items = mp_arena_alloc(arena, views.n, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < views.n; i++) {
		const struct mp_object_view *v = &views.items[i];

		if (is_wanted(g, v->name, v->object, named))
			ret->items[ret->n++] = (struct mp_get_item){ .object = v->object,
								     .name = v->name,
								     .namespace_ = v->namespace_,
								     .other = v };
	}
	return missing(g, named, err);
}

/* What was asked for; a named object that is not there makes -ENOENT, the others are kept. */
static int load(struct get *g, struct mp_arena *arena, struct mp_get_items *ret,
		struct mp_error *err)
{
	*ret = (struct mp_get_items){ .n = 0 };
	switch (g->what.kind) {
	case MP_API_POD:
		return load_pods(g, arena, ret, err);
	case MP_API_EVENT:
		return load_events(g, arena, ret, err);
	case MP_API_CONFIG_MAP:
	case MP_API_SECRET:
		break;
	}
	return load_others(g, arena, ret, err);
}

/* ---- -w ---------------------------------------------------------------------------------------- */

/* What makes an object worth another line: anything of it but its age. */
static char *fingerprint(const struct mp_get_item *item)
{
	char *text = NULL;
	struct mp_json w;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_list_begin(&w);
	mp_json_node(&w, item->object);
	mp_json_bool(&w, !item->pod || item->pod->is_supervised);
	mp_json_list_end(&w);

	const char *json = mp_json_finish(&w, NULL, NULL);

	if (json)
		text = strdup(json);
	mp_json_done(&w);
	return text;
}

static struct seen *find_seen(struct get *g, const char *key)
{
	struct seen *bigger;

	for (size_t i = 0; i < g->n_seen; i++)
		if (strcmp(g->seen[i].key, key) == 0)
			return &g->seen[i];
	bigger = reallocarray(g->seen, g->n_seen + 1, sizeof(*bigger));
	if (!bigger)
		return NULL;
	g->seen = bigger;
	g->seen[g->n_seen] = (struct seen){ .key = strdup(key) };
	return g->seen[g->n_seen].key ? &g->seen[g->n_seen++] : NULL;
}

static bool has_changed(struct get *g, struct mp_arena *arena, struct mp_get_item *item)
{
	char *key = mp_arena_printf(arena, "%s/%s", item->namespace_, item->name);
	struct seen *seen = key ? find_seen(g, key) : NULL;
	char *shown = fingerprint(item);
	bool is_new;

	item->change = seen && seen->shown ? "MODIFIED" : "ADDED";
	if (!seen || !shown) {
		free(shown);
		return true;
	}
	seen->is_seen = true;
	is_new = !seen->shown || strcmp(seen->shown, shown) != 0;
	free(seen->shown);
	seen->shown = shown;
	return is_new;
}

/* The object as it was printed last, for the line that tells its end. */
static bool revive(struct mp_arena *arena, const char *shown, struct mp_get_item *ret)
{
	struct mp_pod_view *v = mp_arena_alloc(arena, 1, sizeof(*v));
	struct mp_document doc;

	if (!v || !shown ||
	    mp_document_parse(arena, "last", shown, strlen(shown), MP_DOCUMENT_JSON, &doc, NULL) <
		    0)
		return false;
	v->object = doc.roots[0]->items[0];
	v->status = mp_node_get(v->object, "status");
	v->name = mp_node_text(v->object, "metadata", "name", NULL);
	v->namespace_ = mp_node_text(v->object, "metadata", "namespace", NULL);
	v->is_deleting = mp_node_in(v->object, "metadata", "deletionTimestamp", NULL) != NULL;
	v->is_supervised = doc.roots[0]->items[1]->boolean;

	const char *phase = mp_node_text(v->status, "phase", NULL);

	v->has_ended = mp_streq(phase, "Succeeded") || mp_streq(phase, "Failed");
	*ret = (struct mp_get_item){ .object = v->object,
				     .name = v->name,
				     .namespace_ = v->namespace_,
				     .pod = v,
				     .change = "DELETED" };
	return true;
}

/* Forgets what is gone; @gone (room for all) gets the pods among it. */
static void forget_gone(struct get *g, struct mp_arena *arena, struct mp_get_items *gone)
{
	for (size_t i = 0; i < g->n_seen;) {
		struct seen *seen = &g->seen[i];

		if (seen->is_seen) {
			seen->is_seen = false;
			i++;
			continue;
		}
		if (gone && g->what.kind == MP_API_POD &&
		    revive(arena, seen->shown, &gone->items[gone->n]))
			gone->n++;
		free(seen->key);
		free(seen->shown);
		*seen = g->seen[--g->n_seen];
	}
}

static int print_changes(struct get *g, struct mp_get_items *changed, struct mp_arena *arena,
			 struct mp_error *err)
{
	int r = 0;

	if (changed->n > 0 && mp_get_output_is_table(&g->out))
		return mp_get_output_print(&g->out, changed, false, arena, err);
	for (size_t i = 0; r == 0 && i < changed->n; i++) {
		struct mp_get_items one = { &changed->items[i], 1 };

		r = mp_get_output_print(&g->out, &one, false, arena, err);
	}
	return r;
}

static int watch_once(struct get *g, bool is_first, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	struct mp_get_items items, changed = { .n = 0 };
	int r = load(g, &arena, &items, err);

	if (r == -ENOENT && !is_first)
		r = 0;
	changed.items = mp_arena_alloc(&arena, items.n + g->n_seen + 1, sizeof(*changed.items));
	if (!changed.items && r == 0)
		r = mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; r == 0 && i < items.n; i++)
		if (has_changed(g, &arena, &items.items[i]))
			changed.items[changed.n++] = items.items[i];
	if (r == 0)
		forget_gone(g, &arena, &changed);
	if (r == 0 && !(is_first && mp_args_has(g->args, "watch-only")))
		r = print_changes(g, &changed, &arena, err);
	(void)fflush(stdout);
	mp_arena_done(&arena);
	return r;
}

static int watch(struct get *g, struct mp_error *err)
{
	struct mp_pod_watch w;
	bool is_first = true;
	int r = mp_pod_watch_open(&w, &g->roots, g->what.kind == MP_API_EVENT, err);

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
	forget_gone(g, NULL, NULL);
	free(g->seen);
	return r;
}

static void say_nothing_found(const struct get *g)
{
	if (g->query.ignores_missing && g->what.n_names > 0)
		return;
	if (g->query.namespace_)
		(void)fprintf(stderr, "No resources found in %s namespace.\n", g->query.namespace_);
	else
		(void)fputs("No resources found\n", stderr);
}

int mp_cmd_get(const struct mp_args *args)
{
	struct get g = { .args = args };
	struct mp_arena arena = { 0 };
	struct mp_get_items items = { .n = 0 };
	struct mp_error err = MP_ERROR_NONE;
	int r = parse(&g, &err), missed = r;

	if (r == 0 && (mp_args_has(args, "watch") || mp_args_has(args, "watch-only"))) {
		missed = watch(&g, &err);
	} else if (r == 0) {
		struct mp_error second = MP_ERROR_NONE;

		missed = load(&g, &arena, &items, &err);
		if (missed == 0 && items.n == 0 && mp_get_output_is_table(&g.out))
			say_nothing_found(&g);
		else if (missed == 0 || items.n > 0)
			r = mp_get_output_print(&g.out, &items, g.what.n_names != 1, &arena,
						&second);
		if (r < 0) {
			missed = r;
			err = second;
		}
	}
	mp_arena_done(&arena);
	mp_arena_done(&g.arena);
	return missed < 0 ? mp_cli_fail(missed, &err) : 0;
}
