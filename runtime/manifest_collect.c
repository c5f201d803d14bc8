/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codecs of values that hold others: lists, maps, objects, and fields that are kept as text
 * because they have no effect here. null inside a list or map is the zero value, as in Go.
 */
#include "runtime/manifest_fields.h"

#include <string.h>

/* A pointer and the count that follows it: how spec.h declares every list. */
struct any_list {
	const void *items;
	size_t n;
};

/* ---- strings and string maps ------------------------------------------------------------ */

static void decode_strings(struct mp_decoder *d, const struct mp_field *f,
			   const struct mp_node *node, void *object)
{
	struct mp_strings *slot = mp_slot(object, f);
	const struct mp_step *up = d->at;
	const char **items;

	if (node->kind != MP_NODE_LIST) {
		mp_decode_expect(d, node, f->codec->expects);
		return;
	}
	items = mp_decode_alloc(d, node->count, sizeof(*items));
	if (!items)
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct mp_node *item = node->items[i];
		struct mp_step step = { .up = up, .index = i };

		d->at = &step;
		if (item->kind == MP_NODE_STRING)
			items[i] = item->text;
		else if (item->kind == MP_NODE_NULL)
			items[i] = "";
		else
			mp_decode_expect(d, item, "a string");
		d->at = up;
	}
	*slot = (struct mp_strings){ .items = items, .n = node->count, .is_set = true };
}

static void encode_strings(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_strings *slot = mp_slot_const(object, f);

	if (!slot->is_set)
		return;
	mp_json_put_list(w, f->name);
	for (size_t i = 0; i < slot->n; i++)
		mp_json_string(w, slot->items[i]);
	mp_json_list_end(w);
}

const struct mp_codec mp_codec_strings = { "a list of strings", decode_strings, encode_strings };

static void decode_map(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
		       void *object)
{
	struct any_list *slot = mp_slot(object, f);
	const struct mp_step *up = d->at;
	struct mp_key_value *items;

	if (node->kind != MP_NODE_MAP) {
		mp_decode_expect(d, node, f->codec->expects);
		return;
	}
	items = mp_decode_alloc(d, node->count, sizeof(*items));
	if (!items)
		return;
	for (size_t i = 0; i < node->count; i++) {
		const struct mp_entry *entry = &node->entries[i];
		struct mp_step step = { .up = up, .name = entry->key, .is_key = true };

		d->at = &step;
		items[i] = (struct mp_key_value){ entry->key, "" };
		if (entry->value->kind == MP_NODE_STRING)
			items[i].value = entry->value->text;
		else if (entry->value->kind != MP_NODE_NULL)
			mp_decode_expect(d, entry->value, "a string");
		d->at = up;
	}
	*slot = (struct any_list){ items, node->count };
}

static void encode_map(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct any_list *slot = mp_slot_const(object, f);
	const struct mp_key_value *items = slot->items;

	if (slot->n == 0)
		return;
	mp_json_put_object(w, f->name);
	for (size_t i = 0; i < slot->n; i++)
		mp_json_put_string(w, items[i].key, items[i].value);
	mp_json_object_end(w);
}

const struct mp_codec mp_codec_map = { "an object with strings", decode_map, encode_map };

/* ---- resource lists ------------------------------------------------------------------------ */

static void decode_quantities(struct mp_decoder *d, const struct mp_field *f,
			      const struct mp_node *node, void *object)
{
	struct mp_resource_list *slot = mp_slot(object, f);
	const struct mp_step *up = d->at;

	if (node->kind != MP_NODE_MAP) {
		mp_decode_expect(d, node, f->codec->expects);
		return;
	}
	slot->items = mp_decode_alloc(d, node->count, sizeof(*slot->items));
	if (!slot->items)
		return;
	slot->n = node->count;
	for (size_t i = 0; i < node->count; i++) {
		const struct mp_entry *entry = &node->entries[i];
		struct mp_step step = { .up = up, .name = entry->key, .is_key = true };

		d->at = &step;
		slot->items[i].name = entry->key;
		slot->items[i].quantity.is_set = true;
		if (entry->value->kind != MP_NODE_NULL)
			(void)mp_decode_quantity(d, entry->value, &slot->items[i].quantity);
		d->at = up;
	}
}

static void encode_quantities(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_resource_list *slot = mp_slot_const(object, f);
	char text[MP_QUANTITY_TEXT_MAX];

	if (slot->n == 0)
		return;
	mp_json_put_object(w, f->name);
	for (size_t i = 0; i < slot->n; i++)
		mp_json_put_string(w, slot->items[i].name,
				   mp_quantity_text(&slot->items[i].quantity, text));
	mp_json_object_end(w);
}

const struct mp_codec mp_codec_quantities = { "an object with quantities", decode_quantities,
					      encode_quantities };

/* ---- objects and lists of them --------------------------------------------------------------- */

static void decode_object(struct mp_decoder *d, const struct mp_field *f,
			  const struct mp_node *node, void *object)
{
	mp_decode_object(d, f->type, node, mp_slot(object, f));
}

static void encode_object(struct mp_json *w, const struct mp_field *f, const void *object)
{
	if (f->flag && !f->is_always && !*(const bool *)((const char *)object + f->flag - 1))
		return;
	mp_json_key(w, f->name);
	mp_encode_object(w, f->type, mp_slot_const(object, f));
}

const struct mp_codec mp_codec_object = { "an object", decode_object, encode_object };

bool mp_decode_list(struct mp_decoder *d, const struct mp_type *type, const struct mp_node *node,
		    void **ret_items, size_t *ret_n)
{
	const struct mp_step *up = d->at;
	char *items;

	if (node->kind != MP_NODE_LIST) {
		mp_decode_expect(d, node, mp_codec_list.expects);
		return false;
	}
	items = mp_decode_alloc(d, node->count, type->size);
	if (!items)
		return false;
	for (size_t i = 0; i < node->count; i++) {
		struct mp_step step = { .up = up, .index = i };

		d->at = &step;
		if (node->items[i]->kind != MP_NODE_NULL)
			mp_decode_object(d, type, node->items[i], items + i * type->size);
		d->at = up;
	}
	*ret_items = items;
	*ret_n = node->count;
	return true;
}

void mp_encode_list(struct mp_json *w, const char *name, const struct mp_type *type,
		    const void *items, size_t n)
{
	if (n == 0)
		return;
	mp_json_put_list(w, name);
	for (size_t i = 0; i < n; i++)
		mp_encode_object(w, type, (const char *)items + i * type->size);
	mp_json_list_end(w);
}

static void decode_list(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	struct any_list *slot = mp_slot(object, f);
	void *items;

	if (mp_decode_list(d, f->type, node, &items, &slot->n))
		slot->items = items;
}

static void encode_list(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct any_list *slot = mp_slot_const(object, f);

	mp_encode_list(w, f->name, f->type, slot->items, slot->n);
}

const struct mp_codec mp_codec_list = { "a list of objects", decode_list, encode_list };

static void encode_nothing(struct mp_json *w, const struct mp_field *f, const void *object)
{
	(void)w;
	(void)f;
	(void)object;
}

static void decode_count(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			 void *object)
{
	void *items;

	(void)mp_decode_list(d, f->type, node, &items, mp_slot(object, f));
}

const struct mp_codec mp_codec_count = { "a list of objects", decode_count, encode_nothing };

/* ---- kept as they are ------------------------------------------------------------------------ */

const char *mp_decode_raw_text(struct mp_decoder *d, const struct mp_node *node)
{
	struct mp_json w;
	const char *text;
	char *copy = NULL;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_node(&w, node);
	text = mp_json_finish(&w, NULL, NULL);
	if (text)
		copy = mp_arena_strdup(&d->m->arena, text);
	mp_json_done(&w);
	if (!copy)
		d->is_out_of_memory = true;
	return copy;
}

static void keep_raw(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
		     void *object)
{
	struct mp_raw_list *slot = mp_slot(object, f);
	struct mp_raw_field *fields = mp_decode_alloc(d, slot->n + 1, sizeof(*fields));
	const char *text = mp_decode_raw_text(d, node);

	if (!fields || !text)
		return;
	if (slot->n > 0)
		memcpy(fields, slot->fields, slot->n * sizeof(*fields));
	fields[slot->n] = (struct mp_raw_field){ f->name, text };
	*slot = (struct mp_raw_list){ fields, slot->n + 1 };
}

/* For people to read, kept text is laid out like the rest: only a tree can be. */
static void write_raw(struct mp_json *w, const char *json)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_document document;
	size_t len = strlen(json);

	if (w->style != MP_JSON_COMPACT &&
	    mp_document_parse(&arena, "kept", json, len, MP_DOCUMENT_JSON, &document, NULL) == 0)
		mp_json_node(w, document.roots[0]);
	else
		mp_json_raw(w, json, len);
	mp_arena_done(&arena);
}

static void encode_raw(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_raw_list *slot = mp_slot_const(object, f);

	for (size_t i = 0; i < slot->n; i++)
		if (strcmp(slot->fields[i].name, f->name) == 0) {
			mp_json_key(w, f->name);
			write_raw(w, slot->fields[i].json);
		}
}

static void decode_raw_map(struct mp_decoder *d, const struct mp_field *f,
			   const struct mp_node *node, void *object)
{
	if (node->kind == MP_NODE_MAP)
		keep_raw(d, f, node, object);
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void decode_raw_list(struct mp_decoder *d, const struct mp_field *f,
			    const struct mp_node *node, void *object)
{
	if (node->kind == MP_NODE_LIST)
		keep_raw(d, f, node, object);
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void decode_raw_string(struct mp_decoder *d, const struct mp_field *f,
			      const struct mp_node *node, void *object)
{
	if (node->kind == MP_NODE_STRING)
		keep_raw(d, f, node, object);
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void decode_raw_bool(struct mp_decoder *d, const struct mp_field *f,
			    const struct mp_node *node, void *object)
{
	if (node->kind == MP_NODE_BOOL)
		keep_raw(d, f, node, object);
	else
		mp_decode_expect(d, node, f->codec->expects);
}

static void decode_raw_number(struct mp_decoder *d, const struct mp_field *f,
			      const struct mp_node *node, void *object)
{
	if (node->kind == MP_NODE_NUMBER && node->is_integer)
		keep_raw(d, f, node, object);
	else
		mp_decode_expect(d, node, f->codec->expects);
}

const struct mp_codec mp_codec_raw_map = { "an object", decode_raw_map, encode_raw };
const struct mp_codec mp_codec_raw_list = { "a list", decode_raw_list, encode_raw };
const struct mp_codec mp_codec_raw_string = { "a string", decode_raw_string, encode_raw };
const struct mp_codec mp_codec_raw_bool = { "a boolean", decode_raw_bool, encode_raw };
const struct mp_codec mp_codec_raw_number = { "a whole number", decode_raw_number, encode_raw };

static void decode_nothing(struct mp_decoder *d, const struct mp_field *f,
			   const struct mp_node *node, void *object)
{
	(void)d;
	(void)f;
	(void)node;
	(void)object;
}

const struct mp_codec mp_codec_skip = { "anything", decode_nothing, encode_nothing };
