/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_use.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rootfs/image_ref.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/pod_view.h"

#define TEXT_MAX ((size_t)256 << 20)

static bool names(const struct mp_image_entry *entry, const char *text)
{
	char full[MP_IMAGE_REF_MAX];
	struct mp_image_ref ref;

	if (!text || !text[0] || mp_image_ref_parse(text, &ref, NULL) < 0)
		return false;
	if (ref.digest[0])
		ref.tag[0] = '\0'; /* a digest decides over a tag */
	(void)mp_image_ref_text(&ref, full);
	for (const char *const *n = ref.digest[0] ? entry->digests : entry->tags; *n; n++)
		if (strcmp(*n, full) == 0)
			return true;
	return false;
}

static bool in_containers(const struct mp_image_entry *entry, const struct mp_node *list)
{
	for (size_t i = 0; list && list->kind == MP_NODE_LIST && i < list->count; i++)
		if (names(entry, mp_node_text(list->items[i], "image", NULL)))
			return true;
	return false;
}

static bool in_spec(const struct mp_image_entry *entry, const struct mp_node *spec)
{
	const struct mp_node *volumes = mp_node_in(spec, "volumes", NULL);

	for (size_t i = 0; volumes && volumes->kind == MP_NODE_LIST && i < volumes->count; i++)
		if (names(entry, mp_node_text(volumes->items[i], "image", "reference", NULL)))
			return true;
	return in_containers(entry, mp_node_in(spec, "initContainers", NULL)) ||
	       in_containers(entry, mp_node_in(spec, "containers", NULL)) ||
	       in_containers(entry, mp_node_in(spec, "ephemeralContainers", NULL));
}

/* The names are gone already: the list has them still. Digits alone, wherever they stand. */
static bool tells_of(const struct mp_image_entry *entry, const char *text)
{
	const char *id = strchr(entry->image.id, ':');

	if (id && strstr(text, id + 1))
		return true;
	for (const char *const *n = entry->digests; *n; n++) {
		const char *at = strrchr(*n, ':');

		if (at && strstr(text, at + 1))
			return true;
	}
	return false;
}

static bool uses(int pods_fd, const char *dir, const struct mp_image_entry *entry)
{
	static const char *const files[] = { "status.json", "trace.jsonl" };
	struct mp_arena arena = { .head = NULL };
	struct mp_document doc;
	char *text = NULL;
	size_t len = 0;
	char path[600];
	bool is_used = false;
	int r;

	(void)snprintf(path, sizeof(path), "%s/pod.json", dir);
	r = mp_file_read(pods_fd, path, MP_DOCUMENT_BYTES_MAX, &arena, &text, &len, NULL);
	if (r == 0)
		r = mp_document_parse(&arena, path, text, len, MP_DOCUMENT_JSON, &doc, NULL);
	/* Without a manifest it has not got as far as looking for an image. */
	if (r == 0)
		is_used = in_spec(entry, mp_node_in(doc.roots[0], "spec", NULL));
	else
		is_used = r != -ENOENT && r != -ENOTDIR;
	mp_arena_done(&arena);
	for (size_t i = 0; i < MP_ARRAY_SIZE(files) && !is_used; i++) {
		mp_auto_free char *whole = NULL;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		r = mp_file_read(pods_fd, path, TEXT_MAX, NULL, &whole, NULL, NULL);
		is_used = r == 0 ? tells_of(entry, whole) : r != -ENOENT && r != -ENOTDIR;
	}
	return is_used;
}

bool mp_image_used(void *ctx, const struct mp_image_entry *entry, char *who, size_t size)
{
	const struct mp_roots *roots = ctx;
	struct mp_arena arena = { .head = NULL };
	const char *path = mp_arena_printf(&arena, "%s/pods", roots->run);
	DIR *dir = path ? opendir(path) : NULL;
	bool is_used = !dir && errno != ENOENT;

	(void)snprintf(who, size, "pods that cannot be read");
	for (const struct dirent *e; dir && !is_used && (e = readdir(dir));) {
		const char *split = strchr(e->d_name, '_');

		if (e->d_name[0] == '.' || !split || !uses(dirfd(dir), e->d_name, entry))
			continue;
		(void)snprintf(who, size, "pod %.*s/%s", (int)(split - e->d_name), e->d_name,
			       split + 1);
		is_used = true;
	}
	if (dir)
		(void)closedir(dir);
	mp_arena_done(&arena);
	return is_used;
}
