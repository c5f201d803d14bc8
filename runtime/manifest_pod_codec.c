/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codecs that only the Pod needs: the two container lists, which become one array ordered init
 * before main, ephemeral containers, and the sources of a volume, of which there may be one.
 */
#include "runtime/manifest_fields.h"

#include <string.h>

/* The lists may come in either order: the one that comes second makes the joined array. */
static void place_containers(struct mp_decoder *d, struct mp_pod_spec *spec,
			     struct mp_container_spec *items, size_t n, bool is_init)
{
	size_t n_old = is_init ? spec->n_main : spec->n_init;
	struct mp_container_spec *all = items;

	if (n_old > 0) {
		all = mp_decode_alloc(d, n + n_old, sizeof(*all));
		if (!all)
			return;
		memcpy(is_init ? all : all + n_old, items, n * sizeof(*all));
		memcpy(is_init ? all + n : all, spec->containers, n_old * sizeof(*all));
	}
	spec->containers = all;
	if (is_init)
		spec->n_init = n;
	else
		spec->n_main = n;
}

static void decode_containers(struct mp_decoder *d, const struct mp_field *f,
			      const struct mp_node *node, void *object, bool is_init)
{
	struct mp_container_spec *items;
	void *list;
	size_t n;

	if (!mp_decode_list(d, f->type, node, &list, &n))
		return;
	items = list;
	for (size_t i = 0; i < n; i++) {
		if (!is_init)
			items[i].kind = MP_KIND_MAIN;
		else if (items[i].restart == MP_RESTART_ALWAYS)
			items[i].kind = MP_KIND_SIDECAR;
		else
			items[i].kind = MP_KIND_INIT;
	}
	place_containers(d, object, items, n, is_init);
}

static void decode_main(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	decode_containers(d, f, node, object, false);
}

static void decode_init(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
			void *object)
{
	decode_containers(d, f, node, object, true);
}

static void encode_main(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_pod_spec *spec = object;

	if (spec->n_main > 0)
		mp_encode_list(w, f->name, f->type, spec->containers + spec->n_init, spec->n_main);
}

static void encode_init(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_pod_spec *spec = object;

	mp_encode_list(w, f->name, f->type, spec->containers, spec->n_init);
}

const struct mp_codec mp_codec_main = { "a list of objects", decode_main, encode_main };
const struct mp_codec mp_codec_init = { "a list of objects", decode_init, encode_init };

/* Their contents do not matter: a pod cannot be created with them, which validation says. */
static void decode_ephemeral(struct mp_decoder *d, const struct mp_field *f,
			     const struct mp_node *node, void *object)
{
	bool *slot = mp_slot(object, f);

	if (node->kind != MP_NODE_LIST)
		mp_decode_expect(d, node, f->codec->expects);
	else
		*slot = node->count > 0;
}

static void encode_ephemeral(struct mp_json *w, const struct mp_field *f, const void *object)
{
	(void)w;
	(void)f;
	(void)object;
}

const struct mp_codec mp_codec_ephemeral = { "a list of objects", decode_ephemeral,
					     encode_ephemeral };

/* @kind is the first source in API order, whatever the order of the text. */
static void decode_source(struct mp_decoder *d, const struct mp_field *f,
			  const struct mp_node *node, void *object)
{
	struct mp_volume *volume = object;
	enum mp_volume_kind kind = (enum mp_volume_kind)f->value;

	if (volume->kind == MP_VOLUME_NONE) {
		volume->kind = kind;
	} else if (kind < volume->kind) {
		volume->second = volume->kind;
		volume->kind = kind;
	} else if (volume->second == MP_VOLUME_NONE || kind < volume->second) {
		volume->second = kind;
	}
	mp_decode_object(d, f->type, node, mp_slot(object, f));
}

static void encode_source(struct mp_json *w, const struct mp_field *f, const void *object)
{
	const struct mp_volume *volume = object;

	if (volume->kind != (enum mp_volume_kind)f->value)
		return;
	mp_json_key(w, f->name);
	mp_encode_object(w, f->type, mp_slot_const(object, f));
}

const struct mp_codec mp_codec_source = { "an object", decode_source, encode_source };
