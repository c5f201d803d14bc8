/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar is unpacked into a temporary directory first, so that both kinds of source are read the
 * same way: files below a directory descriptor, never outside of it.
 */
#include "rootfs/image_load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "rootfs/image_config.h"
#include "rootfs/image_helper.h"
#include "rootfs/image_store.h"
#include "rootfs/resolve.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define INDEX_DEPTH_MAX 4

/* What stays the same while one source is loaded. */
struct load {
	struct mp_image_store *store;
	struct mp_image_lock lock;
	int source_fd; /* the layout's directory */
	const char *name;
	struct mp_arena *arena;
	struct mp_image_loaded **tail;
};

/* One image as its manifest describes it, bottom layer first. */
struct parts {
	const char *config_path;
	const char *config_digest; /* NULL: not given */
	const char **layer_paths;
	const char **layer_digests; /* NULL entries: not given */
	size_t n_layers;
	const char *manifest;
	size_t manifest_len;
	const char *manifest_digest; /* NULL: none */
	const char **names;
	size_t n_names;
};

static int open_file(const struct load *l, const char *path, struct mp_error *err)
{
	mp_auto_fd fd = mp_resolve_open(l->source_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return mp_fail(err, -fd, "open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return mp_fail_text(err, EINVAL, "%s is not a regular file", path);
	return mp_steal_fd(&fd);
}

/* Reads and checks against @digest, if there is one. */
static int read_text(const struct load *l, const char *path, const char *digest, char **ret,
		     size_t *ret_len, struct mp_error *err)
{
	char hex[MP_SHA256_HEX_MAX];
	mp_auto_fd fd = open_file(l, path, err);
	int r;

	if (fd < 0)
		return fd;
	r = mp_fd_read_all(fd, MP_DOCUMENT_BYTES_MAX, l->arena, ret, ret_len, err);
	if (r < 0)
		return mp_wrap(err, r, "read %s", path);
	if (digest && strcmp(mp_sha256_text(*ret, *ret_len, hex), digest + 7) != 0)
		return mp_fail_text(err, EINVAL, "%s does not match its digest %s", path, digest);
	return 0;
}

static int read_json(const struct load *l, const char *path, const char *digest, char **ret_text,
		     size_t *ret_len, const struct mp_node **ret, struct mp_error *err)
{
	struct mp_document doc;
	int r = read_text(l, path, digest, ret_text, ret_len, err);

	if (r == 0)
		r = mp_document_parse(l->arena, path, *ret_text, *ret_len, MP_DOCUMENT_JSON, &doc,
				      err);
	if (r == 0)
		*ret = doc.roots[0];
	return r;
}

/* The path of the blob a descriptor names, NULL if it names none we can check. */
static const char *blob_path(struct mp_arena *arena, const struct mp_node *descriptor)
{
	const char *hex = mp_image_digest_hex(mp_image_text_at(descriptor, "digest"));

	return hex ? mp_arena_printf(arena, "blobs/sha256/%s", hex) : NULL;
}

/* Opaque marks need a capability the helper has not; what it names is looked for beneath. */
static int mark_opaque(int layer_fd, const struct mp_image_unpacked *u, struct mp_error *err)
{
	for (const char *at = u->opaque; at < u->opaque + u->opaque_len; at += strlen(at) + 1) {
		mp_auto_fd fd = mp_sys_openat2(layer_fd, at, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
					       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

		if (fd < 0)
			return mp_fail(err, -fd, "opaque directory %s", at);
		if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
			return mp_fail(err, errno, "opaque directory %s", at);
	}
	return 0;
}

static int check_layer(const struct mp_image_unpacked *u, const char *hex, const char *digest,
		       struct mp_error *err)
{
	if (digest && strcmp(u->blob_hex, mp_image_digest_hex(digest)) != 0)
		return mp_fail_text(err, EINVAL, "does not match its digest %s: it is sha256:%s",
				    digest, u->blob_hex);
	if (strcmp(u->diff_hex, hex) != 0)
		return mp_fail_text(err, EINVAL,
				    "does not match its diff id sha256:%s: it is sha256:%s", hex,
				    u->diff_hex);
	return 0;
}

static int unpack_into(const struct load *l, int blob_fd, const char *temporary, const char *hex,
		       const char *digest, struct mp_error *err)
{
	struct mp_image_unpacked u = { .opaque = NULL };
	mp_auto_fd dir = -EBADF;
	int r;

	if (mkdirat(l->lock.layers_fd, temporary, 0755) < 0)
		return mp_fail(err, errno, "make layer");
	dir = openat(l->lock.layers_fd, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return mp_fail(err, errno, "open layer");
	r = mp_image_helper_run(MP_IMAGE_HELPER_LAYER, blob_fd, dir, &u, err);
	if (r < 0)
		return r;
	r = check_layer(&u, hex, digest, err);
	if (r == 0)
		r = mark_opaque(dir, &u, err);
	free(u.opaque);
	/* Before the name: a layer that is there is whole, also after a power failure. */
	if (r == 0 && syncfs(dir) < 0)
		r = mp_fail(err, errno, "sync layer");
	if (r == 0 && renameat(l->lock.layers_fd, temporary, l->lock.layers_fd, hex) < 0)
		r = mp_fail(err, errno, "name layer");
	return r;
}

static int load_layer(const struct load *l, const char *path, const char *hex, const char *digest,
		      uint64_t *bytes, struct mp_error *err)
{
	char temporary[64];
	struct stat st;
	int r;
	mp_auto_fd blob = open_file(l, path, err);

	if (blob < 0)
		return blob;
	if (fstat(blob, &st) == 0)
		*bytes += (uint64_t)st.st_size;
	if (faccessat(l->lock.layers_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* shared with another image */
	(void)snprintf(temporary, sizeof(temporary), ".tmp-layer-%ld", (long)getpid());
	r = unpack_into(l, blob, temporary, hex, digest, err);
	if (r < 0) {
		(void)mp_tree_force_remove(l->lock.layers_fd, temporary, NULL);
		return mp_wrap(err, r, "layer %s", path);
	}
	return 0;
}

static int load_layers(const struct load *l, const struct parts *p, const char *config,
		       size_t config_len, uint64_t *bytes, struct mp_error *err)
{
	struct mp_document doc;
	int r = mp_document_parse(l->arena, "image configuration", config, config_len,
				  MP_DOCUMENT_JSON, &doc, err);

	if (r < 0)
		return r;

	const struct mp_node *ids = mp_node_get(mp_node_get(doc.roots[0], "rootfs"), "diff_ids");

	if (ids->count != p->n_layers)
		return mp_fail_text(err, EINVAL,
				    "the manifest has %zu layers, the image configuration %zu",
				    p->n_layers, ids->count);
	for (size_t i = 0; i < p->n_layers && r == 0; i++)
		r = load_layer(l, p->layer_paths[i], mp_image_digest_hex(ids->items[i]->text),
			       p->layer_digests[i], bytes, err);
	return r;
}

static int remember(struct load *l, const char *name, const char *id, struct mp_error *err)
{
	struct mp_image_loaded *loaded = mp_arena_alloc(l->arena, 1, sizeof(*loaded));

	if (!loaded)
		return mp_fail(err, ENOMEM, "load image");
	loaded->name = name;
	loaded->id = id;
	*l->tail = loaded;
	l->tail = &loaded->next;
	return 0;
}

/* Parses all names before any is written. */
static int load_image(struct load *l, const struct parts *p, struct mp_error *err)
{
	struct mp_image_record record = { .embedded = "" };
	struct mp_image_ref *refs = mp_arena_alloc(l->arena, p->n_names + 1, sizeof(*refs));
	char hex[MP_SHA256_HEX_MAX], full[MP_IMAGE_REF_MAX] = "";
	char *config = NULL;
	size_t config_len = 0;
	int r = read_text(l, p->config_path, p->config_digest, &config, &config_len, err);

	if (r == 0)
		r = mp_image_config_parse(l->arena, config, config_len, &record, err);
	for (size_t i = 0; i < p->n_names && r == 0; i++)
		r = mp_image_ref_parse(p->names[i], &refs[i], err);
	if (r == 0)
		r = load_layers(l, p, config, config_len, &record.image.size_bytes, err);
	if (r < 0)
		return r;

	record.image.id =
		mp_arena_printf(l->arena, "sha256:%s", mp_sha256_text(config, config_len, hex));
	record.image.ref = record.image.id;
	if (p->n_names > 0) {
		(void)mp_image_ref_text(&refs[0], full);
		if (p->manifest_digest)
			record.image.ref = mp_arena_printf(l->arena, "%s@%s", refs[0].name,
							   p->manifest_digest);
	}
	r = mp_image_publish(&l->lock, &record, config, config_len, p->manifest, p->manifest_len,
			     err);
	for (size_t i = 0; i < p->n_names && r == 0; i++) {
		r = mp_image_refer(&l->lock, &refs[i], record.image.id, err);
		if (r == 0 && p->manifest_digest) {
			struct mp_image_ref by_digest = refs[i];

			(void)snprintf(by_digest.digest, sizeof(by_digest.digest), "%s",
				       p->manifest_digest);
			r = mp_image_refer(&l->lock, &by_digest, record.image.id, err);
		}
	}
	if (r == 0)
		r = remember(l, mp_arena_strdup(l->arena, full), record.image.id, err);
	return r;
}

static int make_lists(struct mp_arena *arena, struct parts *p, size_t layers, size_t names,
		      struct mp_error *err)
{
	p->layer_paths = mp_arena_alloc(arena, layers + 1, sizeof(*p->layer_paths));
	p->layer_digests = mp_arena_alloc(arena, layers + 1, sizeof(*p->layer_digests));
	p->names = mp_arena_alloc(arena, names + 1, sizeof(*p->names));
	if (!p->layer_paths || !p->layer_digests || !p->names)
		return mp_fail(err, ENOMEM, "load image");
	return 0;
}

/* containerd writes a whole name, skopeo and umoci whatever they were given, often a tag alone. */
static const char *oci_name(const struct load *l, const struct mp_node *descriptor)
{
	const struct mp_node *notes = mp_node_get(descriptor, "annotations");
	const char *whole = mp_image_text_at(notes, "io.containerd.image.name");
	const char *ref = mp_image_text_at(notes, "org.opencontainers.image.ref.name");

	if (whole)
		return whole;
	if (ref && strpbrk(ref, "/:"))
		return ref;
	if (!l->name)
		return NULL;
	if (ref && !strchr(l->name, '@') && !strchr(strrchr(l->name, '/') ?: l->name, ':'))
		return mp_arena_printf(l->arena, "%s:%s", l->name, ref);
	return l->name;
}

static int load_oci_manifest(struct load *l, const struct mp_node *descriptor, const char *name,
			     int depth, struct mp_error *err)
{
	const char *digest = mp_image_text_at(descriptor, "digest");
	const char *path = blob_path(l->arena, descriptor);
	const struct mp_node *root = NULL;
	struct parts p = { .manifest_digest = digest };
	char *text = NULL;
	int r;

	if (!path)
		return mp_fail_text(err, EINVAL, "index.json: a manifest without sha256 digest");
	r = read_json(l, path, digest, &text, &p.manifest_len, &root, err);
	if (r < 0)
		return r;
	p.manifest = text;
	if (mp_node_get(root, "manifests")) {
		const struct mp_node *picked = mp_image_pick(root);

		if (!picked || depth == INDEX_DEPTH_MAX)
			return mp_fail_text(err, ENOEXEC, "%s: no image for linux/%s", path,
					    MP_IMAGE_ARCHITECTURE);
		return load_oci_manifest(l, picked, name, depth + 1, err);
	}

	const struct mp_node *config = mp_node_get(root, "config");
	const struct mp_node *list = mp_node_get(root, "layers");
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;

	p.config_path = blob_path(l->arena, config);
	p.config_digest = mp_image_text_at(config, "digest");
	if (!p.config_path)
		return mp_fail_text(err, EINVAL, "%s: no config", path);
	r = make_lists(l->arena, &p, n, 1, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		p.layer_paths[i] = blob_path(l->arena, list->items[i]);
		p.layer_digests[i] = mp_image_text_at(list->items[i], "digest");
		if (!p.layer_paths[i])
			return mp_fail_text(err, EINVAL, "%s: a layer without sha256 digest", path);
	}
	p.n_layers = n;
	if (name)
		p.names[p.n_names++] = name;
	return load_image(l, &p, err);
}

static int load_oci(struct load *l, struct mp_error *err)
{
	const struct mp_node *root = NULL;
	char *text = NULL;
	size_t len = 0;
	int r = read_json(l, "index.json", NULL, &text, &len, &root, err);
	const struct mp_node *list = r == 0 ? mp_node_get(root, "manifests") : NULL;

	if (r < 0)
		return r;
	if (!list || list->kind != MP_NODE_LIST || list->count == 0)
		return mp_fail_text(err, EINVAL, "index.json: no manifests");
	/* One image for several platforms, or several images: names tell. */
	if (!oci_name(l, list->items[0]) || list->count == 1) {
		const struct mp_node *picked = mp_image_pick(root);

		if (!picked)
			return mp_fail_text(err, ENOEXEC, "index.json: no image for linux/%s",
					    MP_IMAGE_ARCHITECTURE);
		return load_oci_manifest(l, picked, oci_name(l, picked), 0, err);
	}
	for (size_t i = 0; i < list->count && r == 0; i++)
		r = load_oci_manifest(l, list->items[i], oci_name(l, list->items[i]), 0, err);
	return r;
}

static int load_docker_image(struct load *l, const struct mp_node *entry, const char *text,
			     size_t len, struct mp_error *err)
{
	const struct mp_node *list = mp_node_get(entry, "Layers");
	const struct mp_node *tags = mp_node_get(entry, "RepoTags");
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	const size_t n_tags = tags && tags->kind == MP_NODE_LIST ? tags->count : 0;
	struct parts p = { .config_path = mp_image_text_at(entry, "Config"),
			   .manifest = text,
			   .manifest_len = len,
			   .n_layers = n };
	int r = make_lists(l->arena, &p, n, n_tags + 1, err);

	if (r < 0)
		return r;
	if (!p.config_path)
		return mp_fail_text(err, EINVAL, "manifest.json: an image without Config");
	for (size_t i = 0; i < n; i++) {
		if (list->items[i]->kind != MP_NODE_STRING)
			return mp_fail_text(err, EINVAL, "manifest.json: Layers[%zu] is no path",
					    i);
		p.layer_paths[i] = list->items[i]->text;
	}
	for (size_t i = 0; i < n_tags; i++)
		if (tags->items[i]->kind == MP_NODE_STRING)
			p.names[p.n_names++] = tags->items[i]->text;
	if (p.n_names == 0 && l->name)
		p.names[p.n_names++] = l->name;
	return load_image(l, &p, err);
}

static int load_docker(struct load *l, struct mp_error *err)
{
	const struct mp_node *root = NULL;
	char *text = NULL;
	size_t len = 0;
	int r = read_json(l, "manifest.json", NULL, &text, &len, &root, err);

	if (r < 0)
		return r;
	if (!root || root->kind != MP_NODE_LIST || root->count == 0)
		return mp_fail_text(err, EINVAL, "manifest.json: no images");
	for (size_t i = 0; i < root->count && r == 0; i++)
		r = load_docker_image(l, root->items[i], text, len, err);
	return r;
}

static int load_source(struct load *l, struct mp_error *err)
{
	if (faccessat(l->source_fd, "index.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return load_oci(l, err);
	if (faccessat(l->source_fd, "manifest.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return load_docker(l, err);
	return mp_fail_text(err, EINVAL, "neither an OCI layout nor what docker save writes");
}

static int unpack_source(struct load *l, int tar_fd, const char *temporary, struct mp_error *err)
{
	struct mp_image_unpacked u = { .opaque = NULL };
	int r;

	if (mkdirat(l->lock.layers_fd, temporary, 0700) < 0)
		return mp_fail(err, errno, "make temporary directory");
	l->source_fd = openat(l->lock.layers_fd, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->source_fd < 0)
		return mp_fail(err, errno, "open temporary directory");
	r = mp_image_helper_run(MP_IMAGE_HELPER_ARCHIVE, tar_fd, l->source_fd, &u, err);
	free(u.opaque);
	return r < 0 ? r : load_source(l, err);
}

static int load_any(struct load *l, int fd, struct mp_error *err)
{
	char temporary[64];
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return mp_fail(err, errno, "look at it");
	if (S_ISDIR(st.st_mode)) {
		l->source_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return l->source_fd < 0 ? mp_fail(err, errno, "open it") : load_source(l, err);
	}
	(void)snprintf(temporary, sizeof(temporary), ".tmp-load-%ld", (long)getpid());
	r = unpack_source(l, fd, temporary, err);
	(void)mp_tree_force_remove(l->lock.layers_fd, temporary, NULL);
	return r;
}

int mp_image_load(struct mp_image_store *store, const char *path, const char *name,
		  struct mp_arena *arena, struct mp_image_loaded **ret, struct mp_error *err)
{
	struct mp_image_loaded *list = NULL;
	struct load l = {
		.store = store, .source_fd = -EBADF, .name = name, .arena = arena, .tail = &list
	};
	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return mp_fail(err, errno, "load %s", path);
	r = mp_image_lock_take(store, &l.lock, err);
	if (r < 0)
		return mp_wrap(err, r, "load %s", path);
	r = load_any(&l, fd, err);
	mp_closep(&l.source_fd);
	mp_image_lock_drop(&l.lock);
	*ret = list;
	return r < 0 ? mp_wrap(err, r, "load %s", path) : 0;
}
