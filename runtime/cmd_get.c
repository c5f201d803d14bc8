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
	{ "ignore-not-found", 0, NULL, "what is not there is no error", false },
	{ NULL, 0, NULL, NULL, false },
};

/* What was printed of an object when it was printed last. */
struct seen {
	char *key;   /* "<namespace>/<name>", owned */
	char *shown; /* owned: compact JSON */
	char *uid;   /* owned: of the pod; NULL: no pod */
	int hold_fd; /* owned: keeps the pod to be read at its end; -1: nothing does */
	bool is_seen;
};

struct get {
	const struct mp_args *args;
	struct mp_roots roots;
	struct mp_api_groups what;
	struct mp_pod_query *queries; /* arena; one for each group */
	struct mp_get_output out;
	struct mp_arena arena;       /* of the command line's own values */
	struct mp_event_marks marks; /* with -w: how far events were read */
	struct seen *seen;           /* owned */
	size_t n_seen;
};

static bool is_watch(const struct get *g)
{
	return mp_args_has(g->args, "watch") || mp_args_has(g->args, "watch-only");
}

static int parse(struct get *g, struct mp_error *err)
{
	int r = mp_cli_roots(g->args, &g->roots, err);

	if (r == 0)
		r = mp_api_groups_parse(g->args, &g->arena, &g->what, err);
	if (r == 0)
		g->queries = mp_arena_alloc(&g->arena, g->what.n, sizeof(*g->queries));
	if (r == 0 && !g->queries)
		r = mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; r == 0 && i < g->what.n; i++)
		r = mp_pod_query_parse(g->args, &g->what.items[i], &g->arena, &g->queries[i], err);
	if (r == 0)
		r = mp_get_output_parse(g->args, !g->queries[0].namespace_, &g->arena, &g->out,
					err);
	if (r == 0 && g->what.n > 1 && is_watch(g))
		r = mp_fail_text(err, EINVAL, "you may only specify a single resource type");
	return r;
}

/* Exactly one object was named: it is shown as itself, several are in a List. */
static bool is_single(const struct get *g)
{
	return g->what.n == 1 && g->what.items[0].n_names == 1;
}

/* ---- loading ------------------------------------------------------------------------------------ */

/* What was found, and what was named but is not there. */
struct found {
	struct mp_get_items items;
	const char **missing; /* arena: sentences */
	size_t n_missing;
};

static void miss(struct mp_arena *arena, enum mp_api_kind kind, const char *name,
		 struct found *found)
{
	found->missing[found->n_missing++] =
		mp_arena_printf(arena, "%ss \"%s\" not found", mp_api_word(kind), name);
}

/* Takes of @all what the group wants: by name, in the order of the names, or by selectors. */
static int pick(const struct mp_pod_query *query, enum mp_api_kind kind,
		const struct mp_get_items *all, struct mp_arena *arena, struct found *found,
		struct mp_error *err)
{
	const size_t room = all->n + query->n_names;
	struct mp_get_items *ret = &found->items;

	ret->items = mp_arena_alloc(arena, room, sizeof(*ret->items));
	if (!ret->items)
		return mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; i < query->n_names; i++) {
		size_t k = 0;

		while (k < all->n && strcmp(all->items[k].name, query->names[i]) != 0)
			k++;
		if (k < all->n)
			ret->items[ret->n++] = all->items[k];
		else if (!query->ignores_missing)
			miss(arena, kind, query->names[i], found);
	}
	for (size_t i = 0; query->n_names == 0 && i < all->n; i++) {
		const struct mp_node *object = all->items[i].object;

		if (mp_selector_matches(&query->labels,
					mp_node_in(object, "metadata", "labels", NULL)) &&
		    mp_field_selector_matches(&query->fields, object))
			ret->items[ret->n++] = all->items[i];
	}
	return 0;
}

/* Named pods are looked at alone: others may be many. */
static int load_views(const struct get *g, const struct mp_pod_query *query, struct mp_arena *arena,
		      struct mp_pod_views *ret, struct mp_error *err)
{
	int r = 0;

	if (query->n_names == 0)
		return mp_pod_views_load(arena, &g->roots, query->namespace_, ret, err);
	*ret = (struct mp_pod_views){ .items = mp_arena_alloc(arena, query->n_names,
							      sizeof(*ret->items)) };
	if (!ret->items)
		return mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; r == 0 && i < query->n_names; i++) {
		r = mp_pod_view_load(arena, &g->roots, query->namespace_, query->names[i],
				     &ret->items[ret->n], err);
		ret->n += r == 0 ? 1 : 0;
		if (r == -ENOENT) {
			*err = MP_ERROR_NONE;
			r = 0;
		}
	}
	return r;
}

static int load_pods(const struct get *g, const struct mp_pod_query *query, struct mp_arena *arena,
		     struct mp_get_items *ret, struct mp_error *err)
{
	struct mp_pod_views views;
	int r = load_views(g, query, arena, &views, err);

	if (r < 0)
		return r;
	ret->items = mp_arena_alloc(arena, views.n, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < views.n; i++) {
		const struct mp_pod_view *v = &views.items[i];

		ret->items[ret->n++] = (struct mp_get_item){ .kind = MP_API_POD,
							     .object = v->object,
							     .name = v->name,
							     .namespace_ = v->namespace_,
							     .pod = v };
	}
	return 0;
}

/* With -w only what came since the last time: journals are long. */
static int load_events(struct get *g, const struct mp_pod_query *query, struct mp_arena *arena,
		       struct mp_get_items *ret, struct mp_error *err)
{
	struct mp_event_rows rows = { .n = 0 };
	struct mp_pod_views *pods = mp_arena_alloc(arena, 1, sizeof(*pods));
	int r;

	if (!pods)
		return mp_fail(err, ENOMEM, "get");
	r = mp_pod_views_load(arena, &g->roots, query->namespace_, pods, err);
	if (r == 0)
		r = mp_events_load(arena, &g->roots, pods->items, pods->n,
				   is_watch(g) ? &g->marks : NULL, &rows, err);
	if (r < 0)
		return r;
	ret->items = mp_arena_alloc(arena, rows.n, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < rows.n; i++) {
		const struct mp_event_row *row = &rows.items[i];
		const struct mp_node *object = mp_event_object(arena, row);

		if (object)
			ret->items[ret->n++] = (struct mp_get_item){
				.kind = MP_API_EVENT,
				.object = object,
				.name = mp_node_text(object, "metadata", "name", NULL),
				.namespace_ = row->pod->namespace_,
				.event = row,
				.change = !is_watch(g) ? NULL :
					  row->is_new  ? "ADDED" :
							 "MODIFIED",
			};
	}
	return 0;
}

static int load_others(const struct get *g, const struct mp_pod_query *query, enum mp_api_kind kind,
		       struct mp_arena *arena, struct mp_get_items *ret, struct mp_error *err)
{
	struct mp_object_views views = { .n = 0 };
	int r = mp_object_views_load(arena, &g->roots, query->namespace_, kind, &views, err);

	if (r < 0)
		return r;
	ret->items = mp_arena_alloc(arena, views.n, sizeof(*ret->items));
	for (size_t i = 0; ret->items && i < views.n; i++) {
		const struct mp_object_view *v = &views.items[i];

		ret->items[ret->n++] = (struct mp_get_item){ .kind = kind,
							     .object = v->object,
							     .name = v->name,
							     .namespace_ = v->namespace_,
							     .other = v };
	}
	return 0;
}

/* The objects of one group. */
static int load(struct get *g, size_t group, struct mp_arena *arena, struct found *ret,
		struct mp_error *err)
{
	const struct mp_pod_query *query = &g->queries[group];
	const enum mp_api_kind kind = g->what.items[group].kind;
	struct mp_get_items all = { .n = 0 };
	int r = 0;

	*ret = (struct found){ .missing = mp_arena_alloc(arena, query->n_names + 1,
							 sizeof(*ret->missing)) };
	if (!ret->missing)
		return mp_fail(err, ENOMEM, "get");
	switch (kind) {
	case MP_API_POD:
		r = load_pods(g, query, arena, &all, err);
		break;
	case MP_API_EVENT:
		r = load_events(g, query, arena, &all, err);
		break;
	case MP_API_CONFIG_MAP:
	case MP_API_SECRET:
		r = load_others(g, query, kind, arena, &all, err);
		break;
	}
	return r < 0 ? r : pick(query, kind, &all, arena, ret, err);
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
	g->seen[g->n_seen] = (struct seen){ .key = strdup(key), .hold_fd = -1 };
	return g->seen[g->n_seen].key ? &g->seen[g->n_seen++] : NULL;
}

static void let_go(struct seen *seen)
{
	mp_state_dir_let_go(&seen->hold_fd);
	free(seen->uid);
	seen->uid = NULL;
}

static void hold(struct get *g, struct seen *seen, const struct mp_pod_view *pod)
{
	if (seen->uid && strcmp(seen->uid, pod->uid) != 0)
		let_go(seen);
	if (!seen->uid)
		seen->uid = strdup(pod->uid);
	if (seen->uid && seen->hold_fd < 0)
		seen->hold_fd = mp_state_dir_hold(&g->roots, pod->dir_name);
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
	if (item->pod)
		hold(g, seen, item->pod);
	/* Half removed: what is told of its end is how it was last. */
	if (seen->shown && item->pod && !item->pod->status) {
		free(shown);
		return false;
	}
	is_new = !seen->shown || strcmp(seen->shown, shown) != 0;
	free(seen->shown);
	seen->shown = shown;
	return is_new;
}

/* The pod as it was printed last. */
static bool parse_shown(struct mp_arena *arena, const char *shown, struct mp_pod_view *v)
{
	struct mp_document doc;

	if (mp_document_parse(arena, "last", shown, strlen(shown), MP_DOCUMENT_JSON, &doc, NULL) <
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
	return true;
}

/* The pod as it ended, or else as it was printed last, for the line that tells its end. */
static bool revive(struct get *g, struct mp_arena *arena, const struct seen *seen,
		   struct mp_get_item *ret)
{
	struct mp_pod_view last, *v = mp_arena_alloc(arena, 1, sizeof(*v));

	if (!v || !seen->shown || !parse_shown(arena, seen->shown, v))
		return false;
	if (seen->uid && mp_pod_view_load_gone(arena, &g->roots, v->namespace_, v->name, seen->uid,
					       &last, NULL) == 0)
		*v = last;
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
	size_t n_kept = 0;

	for (size_t i = 0; i < g->n_seen; i++) {
		struct seen *seen = &g->seen[i];

		if (seen->is_seen) {
			seen->is_seen = false;
			g->seen[n_kept++] = *seen;
			continue;
		}
		if (gone && g->what.items[0].kind == MP_API_POD &&
		    revive(g, arena, seen, &gone->items[gone->n]))
			gone->n++;
		let_go(seen);
		free(seen->key);
		free(seen->shown);
	}
	g->n_seen = n_kept;
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

/* Of events only news are loaded; of other objects all, and what changed is found by comparing. */
static int find_changes(struct get *g, struct mp_arena *arena, struct mp_get_items *items,
			struct mp_get_items *ret, struct mp_error *err)
{
	ret->items = mp_arena_alloc(arena, items->n + g->n_seen + 1, sizeof(*ret->items));
	if (!ret->items)
		return mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; i < items->n; i++)
		if (items->items[i].event || has_changed(g, arena, &items->items[i]))
			ret->items[ret->n++] = items->items[i];
	forget_gone(g, arena, ret);
	return 0;
}

static int watch_once(struct get *g, bool is_first, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	struct mp_get_items changed = { .n = 0 };
	struct found found;
	int r = load(g, 0, &arena, &found, err);

	if (r == 0 && is_first && found.n_missing > 0)
		r = mp_fail_text(err, ENOENT, "%s", found.missing[0]);
	if (r == 0)
		r = find_changes(g, &arena, &found.items, &changed, err);
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
	int r = mp_pod_watch_open(&w, &g->roots, g->what.items[0].kind == MP_API_EVENT, err);

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
	mp_event_marks_done(&g->marks);
	return r;
}

/* ---- once --------------------------------------------------------------------------------------- */

static void say_nothing_found(const struct get *g)
{
	if (g->queries[0].namespace_)
		(void)fprintf(stderr, "No resources found in %s namespace.\n",
			      g->queries[0].namespace_);
	else
		(void)fputs("No resources found\n", stderr);
}

/* Lists count also when they are empty, named objects when they are there. */
static bool has_several_kinds(const struct get *g, const struct found *found)
{
	bool has_any = false;
	enum mp_api_kind kind = MP_API_POD;

	for (size_t i = 0; i < g->what.n; i++) {
		if (g->what.items[i].n_names > 0 && found[i].items.n == 0)
			continue;
		if (has_any && kind != g->what.items[i].kind)
			return true;
		has_any = true;
		kind = g->what.items[i].kind;
	}
	return g->what.is_all;
}

static int join(const struct get *g, const struct found *found, struct mp_arena *arena,
		struct mp_get_items *ret, struct mp_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < g->what.n; i++)
		n += found[i].items.n;
	ret->items = mp_arena_alloc(arena, n + 1, sizeof(*ret->items));
	if (!ret->items)
		return mp_fail(err, ENOMEM, "get");
	for (size_t i = 0; i < g->what.n; i++)
		for (size_t k = 0; k < found[i].items.n; k++)
			ret->items[ret->n++] = found[i].items.items[k];
	return 0;
}

/* What is there is shown, what is not is told behind it. Returns the exit code. */
static int show_once(struct get *g, struct mp_arena *arena)
{
	struct found *found = mp_arena_alloc(arena, g->what.n, sizeof(*found));
	struct mp_get_items items = { .n = 0 };
	struct mp_error err = MP_ERROR_NONE;
	size_t n_missing = 0;
	int r = found ? 0 : mp_fail(&err, ENOMEM, "get");

	for (size_t i = 0; r == 0 && i < g->what.n; i++) {
		r = load(g, i, arena, &found[i], &err);
		n_missing += r == 0 ? found[i].n_missing : 0;
	}
	if (r == 0)
		r = join(g, found, arena, &items, &err);
	if (r < 0)
		return mp_cli_fail(r, &err);
	g->out.has_kind = has_several_kinds(g, found);
	if (items.n > 0 || (n_missing == 0 && !mp_get_output_is_table(&g->out) &&
			    !(g->queries[0].ignores_missing && is_single(g))))
		r = mp_get_output_print(&g->out, &items, !is_single(g), arena, &err);
	else if (n_missing == 0 && !g->queries[0].ignores_missing)
		say_nothing_found(g);
	if (r < 0)
		return mp_cli_fail(r, &err);
	(void)fflush(stdout);
	for (size_t i = 0; i < g->what.n; i++) {
		for (size_t k = 0; k < found[i].n_missing; k++) {
			(void)mp_fail_text(&err, ENOENT, "%s", found[i].missing[k]);
			(void)mp_cli_fail(-ENOENT, &err);
		}
	}
	return n_missing > 0 ? MP_EXIT_ERROR : 0;
}

int mp_cmd_get(const struct mp_args *args)
{
	struct get g = { .args = args };
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	int code = 0, r = parse(&g, &err);

	if (r == 0 && is_watch(&g))
		r = watch(&g, &err);
	else if (r == 0)
		code = show_once(&g, &arena);
	mp_arena_done(&arena);
	mp_arena_done(&g.arena);
	return r < 0 ? mp_cli_fail(r, &err) : code;
}
