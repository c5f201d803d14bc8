/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_label.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/manifest.h"
#include "runtime/meta_patch.h"
#include "runtime/pod_json.h"
#include "runtime/pod_query.h"

#define COMMON_ROWS                                                                             \
	{ "overwrite", 0, NULL, "replace a value that is there already", false },               \
		{ "list", 0, NULL, "print what there is", false },                              \
		{ "all", 0, NULL, "of every pod of the namespace", false },                     \
		{ "selector", 'l', "SELECTOR", "of the pods with these labels", false },        \
		{ "field-selector", 0, "SELECTOR", "of the pods with these fields", false },    \
		{ "namespace", 'n', "NAME", "of this namespace (default)", false },             \
		{ "all-namespaces", 'A', NULL, "of every namespace; with --all or -l", false }, \
		{ NULL, 0, NULL, NULL, false },

const struct mp_option mp_label_options[] = { COMMON_ROWS };
const struct mp_option mp_annotate_options[] = { COMMON_ROWS };

struct run {
	const struct mp_args *args;
	bool is_label;
	struct mp_roots roots;
	struct mp_arena arena;
	struct mp_api_args what;
	const struct mp_node *patch; /* a map: value or null */
	size_t n_set;                /* keys it sets */
};

static bool is_change(const char *word)
{
	const size_t len = strlen(word);

	return strchr(word, '=') || (len > 1 && word[len - 1] == '-');
}

/* key=value and key- to a map; the words before are names. */
static int parse_changes(struct run *x, size_t first, struct mp_error *err)
{
	const size_t n = x->args->n_positional - first;
	struct mp_entry *e = mp_arena_alloc(&x->arena, n, sizeof(*e));

	if (!e)
		return mp_fail(err, ENOMEM, "label");
	for (size_t i = 0; i < n; i++) {
		const char *word = x->args->positional[first + i], *equals = strchr(word, '=');
		const size_t len = equals ? (size_t)(equals - word) : strlen(word) - 1;
		struct mp_node *value = mp_arena_alloc(&x->arena, 1, sizeof(*value));

		if (!is_change(word))
			return mp_fail_text(err, EINVAL,
					    "'%s' is neither KEY=VALUE nor KEY-: names come first",
					    word);
		if (!value)
			return mp_fail(err, ENOMEM, "label");
		*value = (struct mp_node){ .kind = equals ? MP_NODE_STRING : MP_NODE_NULL,
					   .text = equals ? equals + 1 : "null",
					   .text_len = equals ? strlen(equals + 1) : 4 };
		e[i] = (struct mp_entry){ .key = mp_arena_dup(&x->arena, word, len),
					  .value = value };
		x->n_set += equals ? 1 : 0;
		for (size_t k = 0; k < i; k++)
			if (mp_streq(e[k].key, e[i].key))
				return mp_fail_text(err, EINVAL,
						    "can not both modify and remove, or twice "
						    "change, the key '%s'",
						    e[i].key);
	}
	x->patch = mp_node_of_map(&x->arena, e, n);
	return x->patch ? 0 : mp_fail(err, ENOMEM, "label");
}

static int parse(struct run *x, struct mp_pod_query *query, struct mp_error *err)
{
	const bool is_list = mp_args_has(x->args, "list");
	size_t first = 0;
	int r = mp_cli_roots(x->args, &x->roots, err);

	while (first < x->args->n_positional && !is_change(x->args->positional[first]))
		first++;
	if (r == 0)
		r = mp_api_args_parse(x->args, false, first, &x->what, err);
	if (r == 0 && x->what.kind != MP_API_POD)
		r = mp_fail_text(err, EINVAL, "only pods are labelled; a %s is changed by apply",
				 mp_api_word(x->what.kind));
	if (r == 0)
		r = parse_changes(x, first, err);
	if (r == 0 && first == x->args->n_positional && !is_list)
		r = mp_fail_text(err, EINVAL,
				 "at least one %s update is required: KEY=VALUE or "
				 "KEY-",
				 x->is_label ? "label" : "annotation");
	if (r == 0)
		r = mp_pod_query_parse(x->args, &x->what, &x->arena, query, err);
	if (r == 0 && x->what.n_names == 0 && !query->has_selector && !mp_args_has(x->args, "all"))
		r = mp_fail_text(err, EINVAL, "no pod was named: name pods, or use -l or --all");
	return r;
}

static void print_list(const struct run *x, const struct mp_pod_view *v)
{
	const struct mp_node *map =
		mp_node_in(v->object, "metadata", x->is_label ? "labels" : "annotations", NULL);

	for (size_t i = 0; map && i < map->count; i++) {
		mp_print_clean(stdout, map->entries[i].key);
		(void)fputc('=', stdout);
		mp_print_clean(stdout, map->entries[i].value->text);
		(void)fputc('\n', stdout);
	}
}

/* ---- a pod that has ended ------------------------------------------------------------------------ */

static int rewrite(const struct run *x, int dir_fd, const char *text, size_t len, bool *ret_changed,
		   struct mp_error *err)
{
	const struct mp_manifest_options options = { .is_restoring = true };
	const struct mp_meta_patch patch = {
		.labels = x->is_label ? x->patch : NULL,
		.annotations = x->is_label ? NULL : x->patch,
		.may_overwrite = mp_args_has(x->args, "overwrite"),
	};
	struct mp_manifest m = { .n_pods = 0 };
	struct mp_json w;
	const char *out;
	size_t n;
	int r = mp_manifest_load_text(&m, "pod.json", text, len, &options, err);

	if (r == 0 && !m.pods)
		r = mp_fail_text(err, EINVAL, "pod.json has no pod");
	if (r == 0)
		r = mp_meta_patch(&m.arena, &patch, &m.pods->spec.meta, ret_changed, err);
	if (r == 0 && *ret_changed) {
		mp_json_init(&w, MP_JSON_COMPACT);
		mp_pod_json_write(&w, &m.pods->spec, NULL);
		out = mp_json_finish(&w, &n, &r);
		r = out ? mp_file_replace(dir_fd, "pod.json", out, n, 0600, err) :
			  mp_fail(err, -r, "pod.json");
		mp_json_done(&w);
	}
	mp_manifest_done(&m);
	return r;
}

static int patch_ended(const struct run *x, const struct mp_pod_view *v, bool *ret_changed,
		       struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	struct mp_arena arena = { 0 };
	char *text;
	size_t len;
	int r = mp_state_dir_open(&x->roots, v->dir_name, NULL, &dir, err);

	if (r == 0)
		r = mp_state_dir_lock(&dir, err);
	if (r == 0)
		r = mp_file_read(dir.run_fd, "pod.json", MP_DOCUMENT_BYTES_MAX, &arena, &text, &len,
				 err);
	if (r == 0)
		r = rewrite(x, dir.run_fd, text, len, ret_changed, err);
	mp_state_dir_close(&dir);
	mp_arena_done(&arena);
	return r;
}

static int patch_live(const struct run *x, const struct mp_pod_view *v, bool *ret_changed,
		      struct mp_error *err)
{
	const struct mp_node *reply = NULL;
	struct mp_arena arena = { 0 };
	struct mp_json w;
	int r;

	mp_client_begin(&w, "patch");
	mp_json_put_bool(&w, "overwrite", mp_args_has(x->args, "overwrite"));
	mp_json_key(&w, x->is_label ? "labels" : "annotations");
	mp_json_node(&w, x->patch);
	r = mp_client_call(&x->roots, v->namespace_, v->name, &w, NULL, 0, &arena, &reply, err);
	*ret_changed = r == 0 && mp_streq(mp_node_text(reply, "changed", NULL), "true");
	mp_arena_done(&arena);
	return r;
}

static int patch_one(const struct run *x, const struct mp_pod_view *v)
{
	const char *done = x->is_label ? "labeled" : "annotated";
	struct mp_error err = MP_ERROR_NONE;
	bool has_changed = false;
	int r = patch_live(x, v, &has_changed, &err);

	if (r == -ECONNREFUSED)
		r = patch_ended(x, v, &has_changed, &err);
	if (r < 0)
		return mp_cli_fail(r, &err);
	if (x->is_label && !has_changed)
		done = "not labeled";
	else if (x->is_label && x->n_set == 0)
		done = "unlabeled";
	(void)printf("pod/%s %s\n", v->name, done);
	return 0;
}

static int run(const struct mp_args *args, bool is_label)
{
	struct run x = { .args = args, .is_label = is_label };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_pod_views views = { .n = 0 };
	struct mp_pod_query query;
	int code = 0;
	int r = parse(&x, &query, &err);

	if (r == 0)
		r = mp_pod_query_load(&query, &x.roots, &x.arena, &views, &err);
	if (r == 0 && views.n == 0)
		(void)fputs("No resources found\n", stderr);
	for (size_t i = 0; i < views.n; i++) {
		if (x.patch->count > 0)
			code |= patch_one(&x, &views.items[i]);
		else
			print_list(&x, &views.items[i]);
	}
	mp_arena_done(&x.arena);
	return r < 0 ? mp_cli_fail(r, &err) : code;
}

int mp_cmd_label(const struct mp_args *args)
{
	return run(args, true);
}

int mp_cmd_annotate(const struct mp_args *args)
{
	return run(args, false);
}
