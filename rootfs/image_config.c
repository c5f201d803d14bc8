/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_config.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/str.h"

const char *mp_image_text_at(const struct mp_node *object, const char *key)
{
	const struct mp_node *node = mp_node_get(object, key);

	return node && node->kind == MP_NODE_STRING ? node->text : NULL;
}

const char *mp_image_digest_hex(const char *digest)
{
	const char *hex;

	if (!digest || !mp_starts_with(digest, "sha256:"))
		return NULL;
	hex = digest + strlen("sha256:");
	return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64 ? hex : NULL;
}

static bool suits(const struct mp_node *platform)
{
	return mp_streq(mp_image_text_at(platform, "architecture"), MP_IMAGE_ARCHITECTURE) &&
	       mp_streq(mp_image_text_at(platform, "os"), "linux");
}

const struct mp_node *mp_image_pick(const struct mp_node *index)
{
	const struct mp_node *list = mp_node_get(index, "manifests");
	const struct mp_node *unmarked = NULL;

	if (!list || list->kind != MP_NODE_LIST)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct mp_node *platform = mp_node_get(list->items[i], "platform");

		if (platform && suits(platform))
			return list->items[i];
		if (!platform && !unmarked)
			unmarked = list->items[i];
	}
	return unmarked;
}

/* A list of strings; absent and null are empty. NULL when it is something else. */
static const char *const *strings(struct mp_arena *arena, const struct mp_node *list)
{
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	const char **out;

	if (list && list->kind != MP_NODE_LIST && list->kind != MP_NODE_NULL)
		return NULL;
	out = mp_arena_alloc(arena, n + 1, sizeof(*out));
	for (size_t i = 0; out && i < n; i++) {
		if (list->items[i]->kind != MP_NODE_STRING)
			return NULL;
		out[i] = list->items[i]->text;
	}
	return out;
}

/* Volumes are the keys of an object. */
static const char *const *keys(struct mp_arena *arena, const struct mp_node *map)
{
	const size_t n = map && map->kind == MP_NODE_MAP ? map->count : 0;
	const char **out = mp_arena_alloc(arena, n + 1, sizeof(*out));

	for (size_t i = 0; out && i < n; i++)
		out[i] = map->entries[i].key;
	return out;
}

/* From the bottom up in the text, from the top down for us; a layer used twice counts once. */
static int layers(struct mp_arena *arena, const struct mp_node *rootfs, struct mp_image *ret,
		  struct mp_error *err)
{
	const struct mp_node *ids = mp_node_get(rootfs, "diff_ids");
	const size_t n = ids && ids->kind == MP_NODE_LIST ? ids->count : 0;
	const char **out = mp_arena_alloc(arena, n + 1, sizeof(*out));
	size_t used = 0;

	if (!out)
		return mp_fail(err, ENOMEM, "image configuration");
	if (n == 0)
		return mp_fail_text(err, EINVAL, "image configuration: no layers");
	for (size_t i = n; i-- > 0;) {
		const char *hex = ids->items[i]->kind == MP_NODE_STRING ?
					  mp_image_digest_hex(ids->items[i]->text) :
					  NULL;
		bool is_new = true;

		if (!hex)
			return mp_fail_text(
				err, EINVAL,
				"image configuration: diff_ids[%zu] is no sha256 digest", i);
		for (size_t j = 0; j < used; j++)
			is_new &= strcmp(out[j], hex) != 0;
		if (is_new)
			out[used++] = hex;
	}
	ret->layer_dirs = out;
	ret->n_layer_dirs = used;
	return 0;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int mp_image_config_parse(struct mp_arena *arena, const char *text, size_t len,
			  struct mp_image_record *ret, struct mp_error *err)
{
	struct mp_document doc;
	int r = mp_document_parse(arena, "image configuration", text, len, MP_DOCUMENT_JSON, &doc,
				  err);

	if (r < 0)
		return r;

	const struct mp_node *root = doc.roots[0];
	const struct mp_node *config = mp_node_get(root, "config");
	const char *architecture = or_empty(mp_image_text_at(root, "architecture"));
	const char *os = or_empty(mp_image_text_at(root, "os"));

	if (strcmp(architecture, MP_IMAGE_ARCHITECTURE) != 0 || strcmp(os, "linux") != 0)
		return mp_fail_text(err, ENOEXEC, "the image is for %s/%s, this machine is %s/%s",
				    os[0] ? os : "unknown",
				    architecture[0] ? architecture : "unknown", "linux",
				    MP_IMAGE_ARCHITECTURE);
	ret->architecture = architecture;
	ret->embedded = "";
	ret->image.entrypoint = strings(arena, mp_node_get(config, "Entrypoint"));
	ret->image.cmd = strings(arena, mp_node_get(config, "Cmd"));
	ret->image.env = strings(arena, mp_node_get(config, "Env"));
	ret->image.volumes = keys(arena, mp_node_get(config, "Volumes"));
	if (!ret->image.entrypoint || !ret->image.cmd || !ret->image.env || !ret->image.volumes)
		return mp_fail_text(err, EINVAL,
				    "image configuration: Entrypoint, Cmd and Env must be lists of "
				    "strings");
	ret->image.user = or_empty(mp_image_text_at(config, "User"));
	ret->image.workdir = or_empty(mp_image_text_at(config, "WorkingDir"));
	ret->image.stop_signal = or_empty(mp_image_text_at(config, "StopSignal"));
	return layers(arena, mp_node_get(root, "rootfs"), &ret->image, err);
}
