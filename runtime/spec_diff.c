/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both are written as JSON, the new one with what may change put back to what it was: whatever
 * differs then may not change. No field can be forgotten that way.
 */
#include "runtime/spec_diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/pod_json.h"
#include "runtime/pod_view.h"

static int invalid(const struct mp_pod_spec *old, struct mp_error *err, const char *text)
{
	return mp_fail_text(err, EPERM, "The Pod \"%s\" is invalid: %s", old->meta.name, text);
}

static int check_deadline(const struct mp_pod_spec *old, const struct mp_pod_spec *given,
			  struct mp_error *err)
{
	const struct mp_opt_int a = old->active_deadline_s, b = given->active_deadline_s;

	if (a.is_set && !b.is_set)
		return invalid(old, err,
			       "spec.activeDeadlineSeconds: Invalid value: null: must not update "
			       "from a positive integer to nil value");
	if (a.is_set && b.v > a.v)
		return invalid(old, err,
			       "spec.activeDeadlineSeconds: Invalid value: must be less than or "
			       "equal to previous value");
	return 0;
}

static const struct mp_node *tree_of(struct mp_arena *arena, const struct mp_pod_spec *spec)
{
	struct mp_document doc = { .count = 0 };
	const struct mp_node *root = NULL;
	struct mp_json w;
	const char *text;
	size_t len;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_pod_json_write(&w, spec, NULL);
	text = mp_json_finish(&w, &len, NULL);
	if (text && mp_document_parse(arena, "pod", text, len, MP_DOCUMENT_JSON, &doc, NULL) == 0)
		root = doc.roots[0];
	mp_json_done(&w);
	return root;
}

static bool differ(const struct mp_node *a, const struct mp_node *b, struct mp_buf *path);

static bool maps_differ(const struct mp_node *a, const struct mp_node *b, struct mp_buf *path)
{
	const size_t len = path->len;
	const struct mp_node *maps[] = { a, b };

	for (int k = 0; k < 2; k++) {
		for (size_t i = 0; i < maps[k]->count; i++) {
			const char *key = maps[k]->entries[i].key;

			mp_buf_addf(path, "%s%s", len > 0 ? "." : "", key);
			if (differ(mp_node_get(a, key), mp_node_get(b, key), path))
				return true;
			path->len = len;
			path->text[len] = '\0';
		}
	}
	return false;
}

/* @path is left at the first place where they differ. */
static bool differ(const struct mp_node *a, const struct mp_node *b, struct mp_buf *path)
{
	const size_t len = path->len;

	if (!a || !b || a->kind != b->kind)
		return true;
	if (a->kind == MP_NODE_MAP)
		return maps_differ(a, b, path);
	if (a->kind != MP_NODE_LIST)
		return strcmp(a->text, b->text) != 0;
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		mp_buf_addf(path, "[%zu]", i);
		if (differ(a->items[i], b->items[i], path))
			return true;
		path->len = len;
		path->text[len] = '\0';
	}
	return a->count != b->count;
}

/*
 * What may differ, as it was. A pull policy that is the default of its image's tag was most likely
 * not given: it stays what it became when the pod was created, as on an API server.
 */
static struct mp_container_spec *levelled(const struct mp_pod_spec *old,
					  const struct mp_pod_spec *given, struct mp_arena *arena)
{
	const size_t n = mp_spec_n_containers(given);
	struct mp_container_spec *c = mp_arena_alloc(arena, n, sizeof(*c));

	if (!c)
		return NULL;
	memcpy(c, given->containers, n * sizeof(*c));
	for (size_t i = 0; i < n && i < mp_spec_n_containers(old); i++) {
		if (mp_streq(c[i].pull_policy, mp_spec_default_pull_policy(c[i].image)))
			c[i].pull_policy = old->containers[i].pull_policy;
		c[i].image = old->containers[i].image;
	}
	return c;
}

static const struct mp_node *tolerations_of(struct mp_arena *arena, const struct mp_pod_spec *spec)
{
	return mp_node_in(tree_of(arena, spec), "spec", "tolerations", NULL);
}

/* How long something is tolerated is no part of what is. */
static bool same_toleration(const struct mp_node *a, const struct mp_node *b)
{
	static const char *const fields[] = { "key", "operator", "value", "effect" };

	for (size_t i = 0; i < MP_ARRAY_SIZE(fields); i++)
		if (!mp_streq(mp_or_empty(mp_node_text(a, fields[i], NULL)),
			      mp_or_empty(mp_node_text(b, fields[i], NULL))))
			return false;
	return true;
}

/* Each of the old ones is still there. */
static bool only_adds_tolerations(struct mp_arena *arena, const struct mp_pod_spec *old,
				  const struct mp_pod_spec *given)
{
	const struct mp_node *a = tolerations_of(arena, old);
	const struct mp_node *b = tolerations_of(arena, given);

	for (size_t i = 0; a && i < a->count; i++) {
		bool is_kept = false;

		for (size_t k = 0; b && k < b->count && !is_kept; k++)
			is_kept = same_toleration(a->items[i], b->items[k]);
		if (!is_kept)
			return false;
	}
	return true;
}

/* @raw with the tolerations of @old. */
static struct mp_raw_list with_tolerations_of(struct mp_arena *arena, struct mp_raw_list raw,
					      const struct mp_raw_list *old)
{
	struct mp_raw_field *fields = mp_arena_alloc(arena, raw.n + 1, sizeof(*fields));
	size_t n = 0;

	for (size_t i = 0; fields && i < raw.n; i++)
		if (!mp_streq(raw.fields[i].name, MP_TOLERATIONS))
			fields[n++] = raw.fields[i];
	for (size_t i = 0; fields && i < old->n; i++)
		if (mp_streq(old->fields[i].name, MP_TOLERATIONS))
			fields[n++] = old->fields[i];
	return fields ? (struct mp_raw_list){ fields, n } : raw;
}

int mp_spec_check_update(const struct mp_pod_spec *old, const struct mp_pod_spec *given,
			 struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	struct mp_pod_spec level = *given;
	const struct mp_node *a, *b;
	char where[512] = "";
	struct mp_buf path = MP_BUF(where);
	int r = check_deadline(old, given, err);

	if (r == 0 && !only_adds_tolerations(&arena, old, given))
		r = invalid(old, err,
			    "spec.tolerations: Forbidden: existing toleration can not be modified "
			    "except its tolerationSeconds");
	if (r < 0) {
		mp_arena_done(&arena);
		return r;
	}
	level.meta = old->meta;
	level.active_deadline_s = old->active_deadline_s;
	/* What is applied says what is wanted, not where the pod came to be. */
	if (mp_is_empty(given->node_name))
		level.node_name = old->node_name;
	level.raw = with_tolerations_of(&arena, given->raw, &old->raw);
	level.containers = levelled(old, given, &arena);
	a = tree_of(&arena, old);
	b = level.containers ? tree_of(&arena, &level) : NULL;
	if (!a || !b)
		r = mp_fail(err, ENOMEM, "compare manifests");
	else if (differ(a, b, &path))
		r = mp_fail_text(
			err, EPERM,
			"The Pod \"%s\" is invalid: spec: Forbidden: pod updates may not "
			"change fields other than `spec.containers[*].image`,`spec."
			"initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
			"(only additions to existing tolerations),"
			"`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
			"previously negative): %s differs (to change it: minipod run --replace)",
			old->meta.name, where);
	mp_arena_done(&arena);
	return r;
}
