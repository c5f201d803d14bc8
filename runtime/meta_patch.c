/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/meta_patch.h"

#include <errno.h>
#include <string.h>

#include "lifecycle/names.h"

#define ANNOTATIONS_MAX ((size_t)256 * 1024) /* bytes of keys and values: apimachinery validation */

struct list {
	struct mp_key_value *items;
	size_t n;
};

static int check(const char *key, const struct mp_node *value, bool is_label, struct mp_error *err)
{
	struct mp_name_faults faults =
		is_label ? mp_name_qualified(key) : mp_name_annotation_key(key);

	if (faults.n > 0)
		return mp_fail_text(err, EINVAL, "metadata.%s: Invalid value: \"%s\": %s",
				    is_label ? "labels" : "annotations", key, faults.text[0]);
	if (value->kind == MP_NODE_NULL)
		return 0;
	if (value->kind != MP_NODE_STRING)
		return mp_fail_text(err, EINVAL, "metadata.%s[%s]: must be a string or null",
				    is_label ? "labels" : "annotations", key);
	if (is_label)
		faults = mp_name_label_value(value->text);
	if (is_label && faults.n > 0)
		return mp_fail_text(err, EINVAL, "metadata.labels: Invalid value: \"%s\": %s",
				    value->text, faults.text[0]);
	return 0;
}

static int set_one(struct mp_arena *arena, struct list *list, const struct mp_entry *e,
		   bool may_overwrite, bool *changed, struct mp_error *err)
{
	const bool is_removal = e->value->kind == MP_NODE_NULL;
	size_t i = 0;

	while (i < list->n && strcmp(list->items[i].key, e->key) != 0)
		i++;
	if (is_removal) {
		if (i == list->n)
			return 0;
		for (list->n--; i < list->n; i++)
			list->items[i] = list->items[i + 1];
		*changed = true;
		return 0;
	}
	if (i < list->n && strcmp(list->items[i].value, e->value->text) == 0)
		return 0;
	if (i < list->n && !may_overwrite)
		return mp_fail_text(err, EEXIST,
				    "'%s' already has a value (%s), and --overwrite is false",
				    e->key, list->items[i].value);
	list->items[i].key = mp_arena_strdup(arena, e->key);
	list->items[i].value = mp_arena_strdup(arena, e->value->text);
	if (!list->items[i].key || !list->items[i].value)
		return mp_fail(err, ENOMEM, "metadata");
	list->n += i == list->n ? 1 : 0;
	*changed = true;
	return 0;
}

static int patch_list(struct mp_arena *arena, const struct mp_node *map, bool is_label,
		      bool may_overwrite, struct list *list, bool *changed, struct mp_error *err)
{
	const size_t more = map && map->kind == MP_NODE_MAP ? map->count : 0;
	const struct mp_key_value *old = list->items;
	int r = 0;

	list->items = mp_arena_alloc(arena, list->n + more, sizeof(*list->items));
	if (!list->items)
		return mp_fail(err, ENOMEM, "metadata");
	for (size_t i = 0; i < list->n; i++) {
		list->items[i].key = mp_arena_strdup(arena, old[i].key);
		list->items[i].value = mp_arena_strdup(arena, old[i].value);
		if (!list->items[i].key || !list->items[i].value)
			return mp_fail(err, ENOMEM, "metadata");
	}
	for (size_t i = 0; i < more && r == 0; i++) {
		r = check(map->entries[i].key, map->entries[i].value, is_label, err);
		if (r == 0)
			r = set_one(arena, list, &map->entries[i], may_overwrite, changed, err);
	}
	return r;
}

static size_t bytes_of(const struct list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		n += strlen(list->items[i].key) + strlen(list->items[i].value);
	return n;
}

int mp_meta_patch(struct mp_arena *arena, const struct mp_meta_patch *patch,
		  struct mp_object_meta *meta, bool *ret_changed, struct mp_error *err)
{
	union {
		const struct mp_key_value *in;
		struct mp_key_value *out;
	} labels = { meta->labels }, annotations = { meta->annotations };
	struct list l = { labels.out, meta->n_labels };
	struct list a = { annotations.out, meta->n_annotations };
	bool changed = false;
	int r = patch_list(arena, patch->labels, true, patch->may_overwrite, &l, &changed, err);

	if (r == 0)
		r = patch_list(arena, patch->annotations, false, patch->may_overwrite, &a, &changed,
			       err);
	if (r == 0 && bytes_of(&a) > ANNOTATIONS_MAX)
		r = mp_fail_text(err, EINVAL,
				 "metadata.annotations: Too long: may not be more than 262144 "
				 "bytes");
	if (r < 0)
		return r;
	meta->labels = l.items;
	meta->n_labels = l.n;
	meta->annotations = a.items;
	meta->n_annotations = a.n;
	*ret_changed = changed;
	return 0;
}
