/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects beside a pod: decoded, and ConfigMaps and Secrets validated as the API server does
 * it on creation.
 * Source: core/v1 types; pkg/apis/core/validation ValidateConfigMap, ValidateSecret.
 */
#include "runtime/manifest_objects.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lifecycle/names.h"

#define DATA_BYTES_MAX ((size_t)1024 * 1024) /* MaxSecretSize; ConfigMaps have the same */

struct entries {
	struct mp_object_entry *items;
	size_t n;
};

/* An object while it is being read: Secret.stringData and ConfigMap.binaryData are @more. */
struct beside {
	struct mp_object_meta meta;
	struct entries data, more;
	bool is_immutable;
	const char *type;
	struct mp_service service;
	struct mp_claim claim;
	struct mp_pv pv;
};

/* ---- codecs ------------------------------------------------------------------------------- */

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/*
 * Standard alphabet with padding; line breaks are skipped wherever they stand, as Go's decoder
 * does. @out has room for 3 bytes per 4 of @text.
 */
static bool base64_decode(const char *text, size_t len, char *out, size_t *ret_len)
{
	uint32_t bits = 0;
	size_t n = 0, n_chars = 0, n_pad = 0;

	for (size_t i = 0; i < len; i++) {
		int v;

		if (text[i] == '\n' || text[i] == '\r')
			continue;
		n_chars++;
		if (text[i] == '=') {
			n_pad++;
			continue;
		}
		v = sextet(text[i]);
		if (v < 0 || n_pad > 0)
			return false;
		bits = bits << 6 | (uint32_t)v;
		if (n_chars % 4 == 0) {
			out[n++] = (char)(bits >> 16);
			out[n++] = (char)(bits >> 8);
			out[n++] = (char)bits;
			bits = 0;
		}
	}
	if (n_chars % 4 != 0 || n_pad > 2)
		return false;
	if (n_pad == 2) {
		out[n++] = (char)(bits >> 4);
	} else if (n_pad == 1) {
		out[n++] = (char)(bits >> 10);
		out[n++] = (char)(bits >> 2);
	}
	*ret_len = n;
	return true;
}

static void read_text(struct mp_decoder *d, const struct mp_node *node, struct mp_object_entry *e)
{
	if (node->kind == MP_NODE_STRING) {
		e->bytes = node->text;
		e->len = node->text_len;
	} else {
		mp_decode_expect(d, node, "a string");
	}
}

static void read_base64(struct mp_decoder *d, const struct mp_node *node, struct mp_object_entry *e)
{
	char *bytes;

	if (node->kind != MP_NODE_STRING) {
		mp_decode_expect(d, node, "a string");
		return;
	}
	bytes = mp_decode_alloc(d, node->text_len / 4 * 3 + 4, 1);
	if (!bytes)
		return;
	/* The value is not shown: it may be a secret that was not encoded. */
	if (base64_decode(node->text, node->text_len, bytes, &e->len))
		e->bytes = bytes;
	else
		mp_decode_error(d, mp_node_place(node),
				"Invalid value: must be base64 with padding; plain text goes into "
				"%s",
				d->at && d->at->up && mp_streq(d->at->up->name, "binaryData") ?
					"data" :
					"stringData");
}

static void read_entries(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			 void *object,
			 void (*read)(struct mp_decoder *, const struct mp_node *,
				      struct mp_object_entry *))
{
	struct entries *slot = mp_slot(object, f);
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
		const struct mp_name_faults faults = mp_name_config_key(entry->key);
		struct mp_step step = { .up = up, .name = entry->key, .is_key = true };

		d->at = &step;
		for (size_t j = 0; j < faults.n; j++)
			mp_decode_error(d, (struct mp_place){ entry->line, entry->column },
					"Invalid value: \"%.300s\": %s", entry->key,
					faults.text[j]);
		slot->items[i] = (struct mp_object_entry){ .key = entry->key, .bytes = "" };
		if (entry->value->kind != MP_NODE_NULL)
			read(d, entry->value, &slot->items[i]);
		d->at = up;
	}
}

static void decode_text(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	read_entries(d, f, node, object, read_text);
}

static void decode_base64(struct mp_decoder *d, const struct mp_field *f,
			  const struct mp_node *node, void *object)
{
	read_entries(d, f, node, object, read_base64);
}

/* These objects are written back from their own text, not from the decoded form. */
static void encode_nothing(struct mp_json *w, const struct mp_field *f, const void *object)
{
	(void)w;
	(void)f;
	(void)object;
}

static const struct mp_codec mp_codec_text = { "an object with strings", decode_text,
					       encode_nothing };
static const struct mp_codec mp_codec_base64 = { "an object with base64 strings", decode_base64,
						 encode_nothing };

/* ---- tables ------------------------------------------------------------------------------------ */

#define T struct beside
static const struct mp_field config_map_fields[] = {
	MP_INLINE("apiVersion", skip), MP_F("binaryData", base64, more),
	MP_F("data", text, data),      MP_F("immutable", bool, is_immutable),
	MP_INLINE("kind", skip),       MP_F("metadata", object, meta, .type = &mp_type_meta),
};
const struct mp_type mp_type_config_map = MP_TYPE("ConfigMap", config_map_fields, T);

static const struct mp_field secret_fields[] = {
	MP_INLINE("apiVersion", skip),
	MP_F("data", base64, data),
	MP_F("immutable", bool, is_immutable),
	MP_INLINE("kind", skip),
	MP_F("metadata", object, meta, .type = &mp_type_meta),
	MP_F("stringData", text, more),
	MP_F("type", string, type),
};
const struct mp_type mp_type_secret = MP_TYPE("Secret", secret_fields, T);

static const struct mp_field claim_fields[] = {
	MP_INLINE("apiVersion", skip),
	MP_INLINE("kind", skip),
	MP_F("metadata", object, meta, .type = &mp_type_meta),
	MP_F("spec", object, claim, .type = &mp_type_claim_spec),
	MP_INLINE("status", skip),
};
const struct mp_type mp_type_claim = MP_TYPE("PersistentVolumeClaim", claim_fields, T);

static const struct mp_field pv_fields[] = {
	MP_INLINE("apiVersion", skip),
	MP_INLINE("kind", skip),
	MP_F("metadata", object, meta, .type = &mp_type_meta),
	MP_F("spec", object, pv, .type = &mp_type_pv_spec),
	MP_INLINE("status", skip),
};
const struct mp_type mp_type_pv = MP_TYPE("PersistentVolume", pv_fields, T);

static const struct mp_field service_fields[] = {
	MP_INLINE("apiVersion", skip),
	MP_INLINE("kind", skip),
	MP_F("metadata", object, meta, .type = &mp_type_meta),
	MP_F("spec", object, service, .type = &mp_type_service_spec),
	MP_INLINE("status", skip),
};
const struct mp_type mp_type_service = MP_TYPE("Service", service_fields, T);
#undef T

static const struct mp_type *type_of(enum mp_object_kind kind)
{
	switch (kind) {
	case MP_OBJECT_CONFIG_MAP:
		return &mp_type_config_map;
	case MP_OBJECT_SECRET:
		return &mp_type_secret;
	case MP_OBJECT_PVC:
		return &mp_type_claim;
	case MP_OBJECT_SERVICE:
		return &mp_type_service;
	case MP_OBJECT_PV:
		return &mp_type_pv;
	}
	return &mp_type_claim;
}

/* ---- validation -------------------------------------------------------------------------------- */

static void fault(struct mp_decoder *d, const struct mp_node *root, const char *path,
		  const char *text)
{
	mp_decode_error(d, mp_node_place(mp_node_at_path(root, path)), "%s: %s", path, text);
}

static void check_meta(struct mp_decoder *d, const struct mp_node *root,
		       const struct mp_object_meta *meta)
{
	struct mp_name_faults faults = { .n = 0 };

	if (!meta->name || !*meta->name)
		fault(d, root, "metadata.name", "Required value: an object is found by its name");
	else
		faults = mp_name_dns_subdomain(meta->name);
	for (size_t i = 0; i < faults.n; i++)
		mp_decode_error(d, mp_node_place(mp_node_at_path(root, "metadata.name")),
				"metadata.name: Invalid value: \"%.300s\": %s", meta->name,
				faults.text[i]);
	faults.n = 0;
	if (meta->namespace_ && *meta->namespace_)
		faults = mp_name_dns_label(meta->namespace_);
	for (size_t i = 0; i < faults.n; i++)
		mp_decode_error(d, mp_node_place(mp_node_at_path(root, "metadata.namespace")),
				"metadata.namespace: Invalid value: \"%.300s\": %s",
				meta->namespace_, faults.text[i]);
}

static const struct mp_object_entry *find_entry(const struct entries *list, const char *key)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].key, key) == 0)
			return &list->items[i];
	return NULL;
}

/* One list of both: in a Secret stringData wins, in a ConfigMap a key must be in one of them. */
static void join_data(struct mp_decoder *d, const struct mp_node *root, enum mp_object_kind kind,
		      const struct beside *from, struct mp_object *object)
{
	size_t n = 0, bytes = 0;

	object->entries = mp_decode_alloc(d, from->data.n + from->more.n, sizeof(*object->entries));
	if (!object->entries)
		return;
	for (size_t i = 0; i < from->data.n; i++) {
		const struct mp_object_entry *e = &from->data.items[i];

		if (!find_entry(&from->more, e->key)) {
			object->entries[n++] = *e;
		} else if (kind == MP_OBJECT_CONFIG_MAP) {
			char path[320];

			(void)snprintf(path, sizeof(path), "data[%.260s]", e->key);
			fault(d, root, path,
			      "Invalid value: duplicate of key present in binaryData");
		}
	}
	for (size_t i = 0; i < from->more.n; i++) {
		object->entries[n] = from->more.items[i];
		object->entries[n++].is_binary = kind == MP_OBJECT_CONFIG_MAP;
	}
	object->n_entries = n;
	for (size_t i = 0; i < n; i++)
		bytes += object->entries[i].len;
	if (bytes > DATA_BYTES_MAX)
		fault(d, root, "data", "Too long: may not be more than 1048576 bytes");
}

/* Whose token a Secret of that type holds; the API server wants the annotation, too. */
static const char *account_of(const struct beside *from)
{
	if (!mp_streq(from->type, "kubernetes.io/service-account-token"))
		return NULL;
	for (size_t i = 0; i < from->meta.n_annotations; i++)
		if (strcmp(from->meta.annotations[i].key, "kubernetes.io/service-account.name") ==
		    0)
			return from->meta.annotations[i].value;
	return NULL;
}

static const char *namespace_of(enum mp_object_kind kind, const struct mp_object_meta *meta)
{
	if (kind == MP_OBJECT_PV)
		return ""; /* in no namespace */
	return meta->namespace_ && *meta->namespace_ ? meta->namespace_ : "default";
}

void mp_decode_beside(struct mp_decoder *d, enum mp_object_kind kind, const struct mp_node *node)
{
	const size_t n_errors = d->m->errors.n;
	const struct mp_object *twin;
	struct beside from = { .type = NULL };
	struct mp_object *object = mp_decode_alloc(d, 1, sizeof(*object));

	if (!object)
		return;
	mp_decode_object(d, type_of(kind), node, &from);
	if (d->m->errors.n > n_errors)
		return;
	check_meta(d, node, &from.meta);
	*object = (struct mp_object){
		.kind = kind,
		.namespace_ = namespace_of(kind, &from.meta),
		.name = from.meta.name,
		.is_immutable = from.is_immutable,
		.service_account = account_of(&from),
		.service = from.service,
		.claim = from.claim,
		.pv = from.pv,
		.raw = mp_decode_raw_text(d, node),
		.file = d->file,
		.line = (int)node->line,
	};
	if (kind == MP_OBJECT_SECRET)
		object->type = from.type && *from.type ? from.type : "Opaque";
	join_data(d, node, kind, &from, object);
	twin = from.meta.name ?
		       mp_objects_find(&d->m->objects, kind, object->namespace_, object->name) :
		       NULL;
	if (twin)
		mp_decode_error(d, mp_node_place(node), "%s \"%s\" is already defined at %s:%d",
				mp_object_kind_text(kind), object->name, twin->file, twin->line);
	if (d->m->errors.n > n_errors || !object->raw || !object->entries)
		return;
	if (kind == MP_OBJECT_SERVICE)
		mp_decode_note(d, mp_node_place(node),
			       "Service \"%s\" only gives containers its environment variables",
			       object->name);
	mp_objects_add(&d->m->objects, object);
}
