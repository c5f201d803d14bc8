/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/object_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define VIEWS_MAX ((size_t)65536)

void mp_objects_json(struct mp_json *w, const struct mp_objects *objects)
{
	mp_json_list_begin(w);
	for (const struct mp_object *o = objects->first; o; o = o->next)
		mp_json_raw(w, o->raw, strlen(o->raw));
	mp_json_list_end(w);
}

int mp_objects_write(int dir_fd, const struct mp_objects *objects, struct mp_error *err)
{
	struct mp_json w;
	size_t len;
	int r = 0;

	if (objects->n == 0)
		return unlinkat(dir_fd, MP_OBJECTS_NAME, 0) == 0 || errno == ENOENT ?
			       0 :
			       mp_fail(err, errno, "unlink " MP_OBJECTS_NAME);
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "apiVersion", "v1");
	mp_json_put_string(&w, "kind", "List");
	mp_json_key(&w, "items");
	mp_objects_json(&w, objects);
	mp_json_object_end(&w);

	const char *text = mp_json_finish(&w, &len, &r);

	r = text ? mp_file_replace(dir_fd, MP_OBJECTS_NAME, text, len, 0600, err) :
		   mp_fail(err, -r, "write " MP_OBJECTS_NAME);
	mp_json_done(&w);
	return r;
}

int mp_objects_read(int dir_fd, struct mp_manifest *m, struct mp_error *err)
{
	const struct mp_manifest_options options = { .is_restoring = true };
	struct mp_arena arena = { 0 };
	char *text;
	size_t len;
	int r = mp_file_read(dir_fd, MP_OBJECTS_NAME, MP_DOCUMENT_BYTES_MAX, &arena, &text, &len,
			     err);

	if (r == 0) {
		r = mp_manifest_load_text(m, MP_OBJECTS_NAME, text, len, &options, err);
		if (r == -EINVAL && m->errors.first)
			(void)mp_fail_text(err, EINVAL, "%s", m->errors.first->text);
	} else if (r == -ENOENT) {
		r = 0;
	}
	mp_arena_done(&arena);
	return r;
}

/* ---- views ------------------------------------------------------------------------------------ */

/* Strict UTF-8 without NUL: what JSON can carry as a string. */
static bool is_text(const char *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		const unsigned char c = (unsigned char)p[i];
		const size_t n = c < 0x80 ? 1 :
				 c < 0xc2 ? 0 :
				 c < 0xe0 ? 2 :
				 c < 0xf0 ? 3 :
				 c < 0xf5 ? 4 :
					    0;

		if (n == 0 || c == 0 || i + n > len)
			return false;
		for (size_t k = 1; k < n; k++)
			if (((unsigned char)p[i + k] & 0xc0U) != 0x80)
				return false;
		if ((c == 0xe0 && (unsigned char)p[i + 1] < 0xa0) ||
		    (c == 0xed && (unsigned char)p[i + 1] > 0x9f) ||
		    (c == 0xf0 && (unsigned char)p[i + 1] < 0x90) ||
		    (c == 0xf4 && (unsigned char)p[i + 1] > 0x8f))
			return false;
		i += n;
	}
	return true;
}

static void put_base64(struct mp_json *w, const struct mp_object_entry *e, struct mp_arena *arena)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)e->bytes;
	char *out = mp_arena_alloc(arena, e->len / 3 * 4 + 5, 1);
	size_t n = 0;

	for (size_t i = 0; out && i < e->len; i += 3) {
		const uint32_t three = (uint32_t)in[i] << 16 |
				       (i + 1 < e->len ? (uint32_t)in[i + 1] << 8 : 0) |
				       (i + 2 < e->len ? (uint32_t)in[i + 2] : 0);

		out[n++] = digits[three >> 18];
		out[n++] = digits[three >> 12 & 63];
		out[n++] = i + 1 < e->len ? digits[three >> 6 & 63] : '=';
		out[n++] = i + 2 < e->len ? digits[three & 63] : '=';
	}
	mp_json_put_string(w, e->key, out ? out : "");
}

static void put_entries(struct mp_json *w, const struct mp_object *o, bool is_binary,
			struct mp_arena *arena)
{
	bool has_any = false;

	for (size_t i = 0; i < o->n_entries; i++) {
		const struct mp_object_entry *e = &o->entries[i];
		const bool is_secret = o->kind == MP_OBJECT_SECRET;

		if (!is_secret && is_text(e->bytes, e->len) == is_binary)
			continue;
		if (!has_any)
			mp_json_put_object(w, is_binary ? "binaryData" : "data");
		has_any = true;
		if (is_secret || is_binary)
			put_base64(w, e, arena);
		else
			mp_json_put_string(w, e->key, e->bytes);
	}
	if (has_any)
		mp_json_object_end(w);
}

static const struct mp_node *parse(struct mp_arena *arena, const char *text, size_t len)
{
	struct mp_document doc;

	return mp_document_parse(arena, "object", text, len, MP_DOCUMENT_JSON, &doc, NULL) == 0 ?
		       doc.roots[0] :
		       NULL;
}

/* As the API server would give it back: stringData joined into data, the defaults filled in. */
static const struct mp_node *object_of(struct mp_arena *arena, const struct mp_object *o,
				       const struct mp_pod_view *pod)
{
	const struct mp_node *raw = parse(arena, o->raw, strlen(o->raw));
	const struct mp_node *meta = mp_node_get(raw, "metadata"), *object = NULL;
	static const char *const kept[] = { "annotations", "labels" };
	struct mp_json w;
	size_t len;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "apiVersion", "v1");
	if (o->kind == MP_OBJECT_CONFIG_MAP)
		put_entries(&w, o, true, arena);
	put_entries(&w, o, false, arena);
	if (o->is_immutable)
		mp_json_put_bool(&w, "immutable", true);
	mp_json_put_string(&w, "kind", mp_object_kind_text(o->kind));
	mp_json_put_object(&w, "metadata");
	if (mp_node_get(meta, kept[0])) {
		mp_json_key(&w, kept[0]);
		mp_json_node(&w, mp_node_get(meta, kept[0]));
	}
	mp_json_put_string(&w, "creationTimestamp",
			   mp_node_text(pod->object, "metadata", "creationTimestamp", NULL));
	if (mp_node_get(meta, kept[1])) {
		mp_json_key(&w, kept[1]);
		mp_json_node(&w, mp_node_get(meta, kept[1]));
	}
	mp_json_put_string(&w, "name", o->name);
	mp_json_put_string(&w, "namespace", o->namespace_);
	mp_json_object_end(&w);
	if (o->type)
		mp_json_put_string(&w, "type", o->type);
	mp_json_object_end(&w);

	const char *text = mp_json_finish(&w, &len, NULL);

	if (text)
		object = parse(arena, text, len);
	mp_json_done(&w);
	return object;
}

static bool is_younger(const struct mp_node *a, const struct mp_node *b)
{
	return strcmp(mp_node_text(a, "metadata", "creationTimestamp", NULL),
		      mp_node_text(b, "metadata", "creationTimestamp", NULL)) > 0;
}

static int keep(struct mp_arena *arena, struct mp_object_views *views, size_t *size,
		const struct mp_object_view *view)
{
	for (size_t i = 0; i < views->n; i++) {
		if (strcmp(views->items[i].name, view->name) != 0 ||
		    strcmp(views->items[i].namespace_, view->namespace_) != 0)
			continue;
		if (is_younger(view->object, views->items[i].object))
			views->items[i] = *view;
		return 0;
	}
	if (views->n == *size) {
		const size_t bigger = *size * 2 + 16;
		struct mp_object_view *more =
			bigger <= VIEWS_MAX ? mp_arena_alloc(arena, bigger, sizeof(*more)) : NULL;

		if (!more)
			return -ENOMEM;
		if (views->n > 0)
			memcpy(more, views->items, views->n * sizeof(*more));
		views->items = more;
		*size = bigger;
	}
	views->items[views->n++] = *view;
	return 0;
}

static int load_pod(struct mp_arena *arena, const struct mp_roots *roots,
		    const struct mp_pod_view *pod, enum mp_object_kind kind,
		    struct mp_object_views *views, size_t *size, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	struct mp_manifest m = { .n_pods = 0 };
	int r = mp_state_dir_open(roots, pod->dir_name, NULL, &dir, err);

	if (r == 0)
		r = mp_objects_read(dir.run_fd, &m, err);
	for (const struct mp_object *o = m.objects.first; o && r == 0; o = o->next) {
		struct mp_object_view v = { .n_keys = o->n_entries };

		if (o->kind != kind || strcmp(o->namespace_, pod->namespace_) != 0)
			continue;
		v.object = object_of(arena, o, pod);
		v.name = mp_node_text(v.object, "metadata", "name", NULL);
		v.namespace_ = mp_node_text(v.object, "metadata", "namespace", NULL);
		v.type = mp_node_text(v.object, "type", NULL);
		r = v.object ? keep(arena, views, size, &v) : -ENOMEM;
		if (r < 0)
			(void)mp_fail(err, -r, "objects of pod %s", pod->name);
	}
	mp_state_dir_close(&dir);
	mp_manifest_done(&m);
	return r == -ENOENT ? 0 : r; /* a pod that has just gone */
}

static int by_name(const void *a, const void *b)
{
	const struct mp_object_view *x = a, *y = b;
	const int r = strcmp(x->namespace_, y->namespace_);

	return r != 0 ? r : strcmp(x->name, y->name);
}

int mp_object_views_load(struct mp_arena *arena, const struct mp_roots *roots,
			 const char *namespace_, enum mp_api_kind kind, struct mp_object_views *ret,
			 struct mp_error *err)
{
	struct mp_object_views views = { .n = 0 };
	struct mp_pod_views pods;
	size_t size = 0;
	int r = mp_pod_views_load(arena, roots, namespace_, &pods, err);

	for (size_t i = 0; i < pods.n && r == 0; i++)
		r = load_pod(arena, roots, &pods.items[i],
			     kind == MP_API_SECRET ? MP_OBJECT_SECRET : MP_OBJECT_CONFIG_MAP,
			     &views, &size, err);
	if (r < 0)
		return r;
	if (views.n > 0)
		qsort(views.items, views.n, sizeof(*views.items), by_name);
	*ret = views;
	return 0;
}
