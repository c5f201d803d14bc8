/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits stop the work while it is being done: an alias is charged for everything it stands for
 * before it is taken, so a document that would expand to billions of values is refused early,
 * and nothing here recurses along the nesting of the input.
 */
#include "runtime/base/document_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANCHORS_MAX   1000 /* per document: aliases look them up one by one */
#define DOCUMENTS_MAX 1000 /* per input */

void mp_build_done(struct mp_build *b)
{
	free(b->slots);
	free(b->anchors);
	free(b->roots);
	b->slots = NULL;
	b->anchors = NULL;
	b->roots = NULL;
}

int mp_build_fail(struct mp_build *b, struct mp_place at, const char *fmt, ...)
{
	char text[MP_ERROR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return mp_fail_text(b->err, EINVAL, "%s:%u:%u: %s", b->name, at.line, at.column, text);
}

int mp_build_no_memory(struct mp_build *b)
{
	return mp_fail(b->err, ENOMEM, "%s", b->name);
}

/* Makes room for one more element of @size bytes; NULL when out of memory. */
static void *grow(void *array, size_t size, size_t count, size_t *max)
{
	if (count < *max)
		return array;

	const size_t wanted = *max ? *max * 2 : 64;
	void *bigger = reallocarray(array, wanted, size);

	if (bigger)
		*max = wanted;
	return bigger;
}

#define GROW(array, type, count, max)                                       \
	({                                                                  \
		void *grown = grow((array), sizeof(type), (count), &(max)); \
		if (grown)                                                  \
			(array) = grown;                                    \
		grown != NULL;                                              \
	})

static struct mp_build_frame *top(struct mp_build *b)
{
	return b->n_frames > 0 ? &b->frames[b->n_frames - 1] : NULL;
}

bool mp_build_wants_key(const struct mp_build *b)
{
	return b->n_frames > 0 && b->frames[b->n_frames - 1].is_map &&
	       !b->frames[b->n_frames - 1].has_key;
}

struct mp_place mp_build_place(const struct mp_build *b)
{
	if (b->n_frames == 0)
		return (struct mp_place){ 1, 1 };

	const struct mp_build_frame *f = &b->frames[b->n_frames - 1];

	return f->has_key ? f->key_at : f->at;
}

static int count_nodes(struct mp_build *b, size_t n, struct mp_place at)
{
	if (n > MP_DOCUMENT_NODES_MAX - b->nodes)
		return mp_build_fail(b, at,
				     "too many values: more than %d, aliases counted as often as "
				     "they are used",
				     MP_DOCUMENT_NODES_MAX);
	b->nodes += n;
	return 0;
}

static int too_deep(struct mp_build *b, struct mp_place at)
{
	return mp_build_fail(b, at, "nested too deeply: more than %d objects and arrays",
			     MP_DOCUMENT_DEPTH_MAX);
}

/* Puts a finished node where we are: into the open list or map, or at the top. */
static int add_value(struct mp_build *b, const struct mp_built *value)
{
	struct mp_build_frame *f = top(b);

	if (!f) {
		b->root = value;
		return 0;
	}
	if (!GROW(b->slots, struct mp_build_slot, b->n_slots, b->max_slots))
		return mp_build_no_memory(b);
	b->slots[b->n_slots] = (struct mp_build_slot){
		.key = f->is_map ? f->key : NULL,
		.at = f->key_at,
		.value = value,
		.order = b->n_slots,
		.is_merge = f->is_map && f->is_merge_key,
	};
	b->n_slots++;
	f->has_key = false;
	return 0;
}

int mp_build_anchor(struct mp_build *b, const char *anchor, const struct mp_built *value,
		    struct mp_place at)
{
	if (!anchor)
		return 0;
	if (b->n_anchors == ANCHORS_MAX)
		return mp_build_fail(b, at, "more than %d anchors", ANCHORS_MAX);
	if (!GROW(b->anchors, struct mp_build_anchor, b->n_anchors, b->max_anchors))
		return mp_build_no_memory(b);
	b->anchors[b->n_anchors++] = (struct mp_build_anchor){ anchor, value };
	return 0;
}

int mp_build_key(struct mp_build *b, const char *key, bool is_merge, struct mp_place at)
{
	struct mp_build_frame *f = top(b);

	f->key = key;
	f->key_at = at;
	f->has_key = true;
	f->is_merge_key = is_merge;
	return 0;
}

int mp_build_scalar(struct mp_build *b, const struct mp_node *node, const char *anchor,
		    struct mp_place at)
{
	int r = count_nodes(b, 1, at);

	if (r < 0)
		return r;

	struct mp_built *built = mp_arena_alloc(b->arena, 1, sizeof(*built));

	if (!built)
		return mp_build_no_memory(b);
	built->node = *node;
	built->node.line = at.line;
	built->node.column = at.column;
	built->weight = 1;
	r = mp_build_anchor(b, anchor, built, at);
	return r < 0 ? r : add_value(b, built);
}

int mp_build_alias(struct mp_build *b, const char *anchor, struct mp_place at)
{
	const struct mp_built *value = NULL;

	for (size_t i = 0; i < b->n_frames; i++) {
		if (mp_streq(b->frames[i].anchor, anchor))
			return mp_build_fail(b, at, "alias '*%s' stands inside what it stands for",
					     anchor);
	}
	/* An anchor may be defined again; the latest one counts. */
	for (size_t i = b->n_anchors; i > 0 && !value; i--) {
		if (mp_streq(b->anchors[i - 1].name, anchor))
			value = b->anchors[i - 1].value;
	}
	if (!value)
		return mp_build_fail(b, at, "alias '*%s' without an anchor '&%s' before it", anchor,
				     anchor);
	if (mp_build_wants_key(b)) {
		const enum mp_node_kind kind = value->node.kind;

		if (kind == MP_NODE_MAP || kind == MP_NODE_LIST || kind == MP_NODE_NULL)
			return mp_build_fail(b, at, "a key must be a string");
		return mp_build_key(b, value->node.text, false, at);
	}
	if (b->n_frames + value->height > MP_DOCUMENT_DEPTH_MAX)
		return too_deep(b, at);

	const int r = count_nodes(b, value->weight, at);

	return r < 0 ? r : add_value(b, value);
}

int mp_build_open(struct mp_build *b, bool is_map, const char *anchor, struct mp_place at)
{
	if (b->n_frames == MP_DOCUMENT_DEPTH_MAX)
		return too_deep(b, at);

	const int r = count_nodes(b, 1, at);

	if (r < 0)
		return r;
	b->frames[b->n_frames++] = (struct mp_build_frame){
		.is_map = is_map,
		.at = at,
		.anchor = anchor,
		.first_slot = b->n_slots,
	};
	return 0;
}

static int by_key(const void *left, const void *right)
{
	const struct mp_build_slot *a = left, *b = right;
	const int r = strcmp(a->key, b->key);

	return r != 0 ? r : a->order < b->order ? -1 : 1;
}

static int by_order(const void *left, const void *right)
{
	const struct mp_build_slot *a = left, *b = right;

	return a->order < b->order ? -1 : a->order > b->order;
}

/* Appends the members of @map behind those that are there, as merged ones. */
static int merge_map(struct mp_build *b, const struct mp_built *map, struct mp_place at)
{
	const int r = count_nodes(b, map->weight, at);

	if (r < 0)
		return r;
	for (size_t i = 0; i < map->node.count; i++) {
		const struct mp_entry *entry = &map->node.entries[i];

		if (!GROW(b->slots, struct mp_build_slot, b->n_slots, b->max_slots))
			return mp_build_no_memory(b);
		b->slots[b->n_slots] = (struct mp_build_slot){
			.key = entry->key,
			.at = { entry->line, entry->column },
			.value = (const struct mp_built *)(const void *)entry->value,
			.order = b->n_slots,
			.is_merged = true,
		};
		b->n_slots++;
	}
	return 0;
}

/* "<<: *base" or "<<: [*one, *two]": the map's own keys win, then the first that has the key. */
static int merge(struct mp_build *b, const struct mp_build_slot *slot)
{
	const struct mp_node *node = &slot->value->node;
	const struct mp_place at = slot->at;
	int r = 0;

	if (node->kind == MP_NODE_MAP)
		return merge_map(b, slot->value, at);
	if (node->kind != MP_NODE_LIST)
		return mp_build_fail(b, at, "'<<' takes a map or a list of maps");
	for (size_t i = 0; i < node->count && r >= 0; i++) {
		if (node->items[i]->kind != MP_NODE_MAP)
			return mp_build_fail(b, at, "'<<' takes a map or a list of maps");
		r = merge_map(b, (const struct mp_built *)(const void *)node->items[i], at);
	}
	return r;
}

/* Expands merge keys, refuses duplicates, and leaves the members in the order of the text. */
static int settle_members(struct mp_build *b, size_t first)
{
	const size_t own = b->n_slots;
	bool has_merge = false;
	size_t kept = first;
	int r;

	for (size_t i = first; i < own; i++) {
		if (!b->slots[i].is_merge)
			continue;

		const struct mp_build_slot slot = b->slots[i]; /* merging may move the array */

		has_merge = true;
		r = merge(b, &slot);
		if (r < 0)
			return r;
	}
	if (b->n_slots - first < 2 && !has_merge)
		return 0;
	qsort(b->slots + first, b->n_slots - first, sizeof(*b->slots), by_key);
	for (size_t i = first; i < b->n_slots; i++) {
		const struct mp_build_slot slot = b->slots[i];
		const struct mp_build_slot *before = kept > first ? &b->slots[kept - 1] : NULL;

		if (!before || strcmp(before->key, slot.key) != 0)
			b->slots[kept++] = slot;
		else if (!slot.is_merged)
			return mp_build_fail(b, slot.at,
					     "duplicate key \"%s\", first used in line %u, "
					     "column %u",
					     slot.key, before->at.line, before->at.column);
	}
	b->n_slots = kept;
	qsort(b->slots + first, kept - first, sizeof(*b->slots), by_order);
	if (!has_merge)
		return 0;
	kept = first;
	for (size_t i = first; i < b->n_slots; i++) {
		if (!b->slots[i].is_merge)
			b->slots[kept++] = b->slots[i];
	}
	b->n_slots = kept;
	return 0;
}

static bool take_members(struct mp_build *b, size_t first, bool is_map, struct mp_built *ret)
{
	const size_t n = b->n_slots - first;
	struct mp_entry *entries = NULL;
	const struct mp_node **items = NULL;

	if (is_map)
		entries = mp_arena_alloc(b->arena, n, sizeof(*entries));
	else
		items = mp_arena_alloc(b->arena, n, sizeof(const struct mp_node *));
	if (!entries && !items)
		return false;
	ret->weight = 1;
	for (size_t i = 0; i < n; i++) {
		const struct mp_build_slot *slot = &b->slots[first + i];

		ret->weight += slot->value->weight;
		if (slot->value->height > ret->height)
			ret->height = slot->value->height;
		if (is_map)
			entries[i] = (struct mp_entry){ slot->key, slot->at.line, slot->at.column,
							&slot->value->node };
		else
			items[i] = &slot->value->node;
	}
	ret->height++;
	ret->node.count = n;
	if (is_map)
		ret->node.entries = entries;
	else
		ret->node.items = items;
	return true;
}

int mp_build_close(struct mp_build *b)
{
	const struct mp_build_frame f = *top(b);
	int r = f.is_map ? settle_members(b, f.first_slot) : 0;

	if (r < 0)
		return r;

	struct mp_built *built = mp_arena_alloc(b->arena, 1, sizeof(*built));

	if (!built || !take_members(b, f.first_slot, f.is_map, built))
		return mp_build_no_memory(b);
	built->node.kind = f.is_map ? MP_NODE_MAP : MP_NODE_LIST;
	built->node.line = f.at.line;
	built->node.column = f.at.column;
	b->n_slots = f.first_slot;
	b->n_frames--;
	r = mp_build_anchor(b, f.anchor, built, f.at);
	return r < 0 ? r : add_value(b, built);
}

int mp_build_end(struct mp_build *b, bool is_empty)
{
	const struct mp_built *root = b->root;

	b->root = NULL;
	b->n_anchors = 0;
	if (!root || is_empty)
		return 0;
	if (b->n_roots == DOCUMENTS_MAX)
		return mp_build_fail(b, (struct mp_place){ root->node.line, root->node.column },
				     "more than %d documents", DOCUMENTS_MAX);
	if (!GROW(b->roots, const struct mp_node *, b->n_roots, b->max_roots))
		return mp_build_no_memory(b);
	b->roots[b->n_roots++] = &root->node;
	return 0;
}
