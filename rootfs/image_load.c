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
#include <unistd.h>

#include "rootfs/image_config.h"
#include "rootfs/image_helper.h"
#include "rootfs/image_layer.h"
#include "rootfs/image_store.h"
#include "rootfs/resolve.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define INDEX_DEPTH_MAX 4
#define LAYERS_MAX      500 /* what overlay takes; mp_overlay_mount() says so again */

/* What stays the same while one source is loaded. */
struct load {
	struct mp_image_store *store;
	struct mp_image_lock lock;
	int source_fd; /* the layout's directory */
	bool is_flat;  /* blobs lie beside the manifest, as in skopeo's "dir:" */
	const struct mp_image_load_options *options;
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
static const char *blob_path(const struct load *l, const struct mp_node *descriptor)
{
	const char *hex = mp_image_digest_hex(mp_image_text_at(descriptor, "digest"));

	return hex ? mp_arena_printf(l->arena, "%s%s", l->is_flat ? "" : "blobs/sha256/", hex) :
		     NULL;
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

/* One layer, for whoever wants to know how far it is. */
struct at_layer {
	const struct load *l;
	size_t index, n;
	const char *hex;
	uint64_t total;
};

static void tell(const struct at_layer *at, enum mp_image_layer_state state, uint64_t bytes)
{
	const struct mp_image_progress *p = at->l->options->progress;

	if (p)
		p->layer(p->ctx, at->index, at->n, at->hex, state, bytes, at->total);
}

static void tell_bytes(void *ctx, uint64_t bytes)
{
	tell(ctx, MP_IMAGE_LAYER_UNPACKING, bytes);
}

static int unpack(const struct load *l, int blob_fd, int dir_fd, struct at_layer *at,
		  const char *digest, struct mp_error *err)
{
	const struct mp_image_helper_job job = {
		.task = MP_IMAGE_HELPER_LAYER,
		.keeps_devices = l->options->keeps_devices,
		.progress = l->options->progress ? tell_bytes : NULL,
		.ctx = at,
	};
	struct mp_image_unpacked u = { .opaque = NULL };
	int r = mp_image_helper_run(&job, blob_fd, dir_fd, &u, err);

	if (r < 0)
		return r;
	r = check_layer(&u, at->hex, digest, err);
	if (r == 0)
		r = mp_image_mark_opaque(dir_fd, &u, err);
	free(u.opaque);
	return r;
}

/* The layer is there, or is unpacked now; the claim keeps it there. */
static int load_layer(struct load *l, const char *path, struct at_layer *at, const char *digest,
		      struct mp_image_claim *claim, struct mp_error *err)
{
	mp_auto_fd blob = open_file(l, path, err);
	struct stat st;
	int r;

	if (blob < 0)
		return mp_wrap(err, blob, "layer %s", path);
	if (fstat(blob, &st) == 0)
		at->total = (uint64_t)st.st_size;
	r = mp_image_claim_take(&l->lock, at->hex, claim, err);
	if (r == 0 && !claim->is_mine) {
		tell(at, MP_IMAGE_LAYER_PRESENT, at->total);
	} else if (r == 0) {
		r = unpack(l, blob, claim->dir_fd, at, digest, err);
		if (r == 0)
			r = mp_image_claim_finish(&l->lock, claim, err);
		if (r == 0)
			tell(at, MP_IMAGE_LAYER_DONE, at->total);
	}
	return r < 0 ? mp_wrap(err, r, "layer %s", path) : 0;
}

/* @claims has as many entries as there are layers, with nothing in them. */
static int load_layers(struct load *l, const struct parts *p, const char *config, size_t config_len,
		       struct mp_image_claim *claims, uint64_t *bytes, struct mp_error *err)
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
	for (size_t i = 0; i < p->n_layers && r == 0; i++) {
		struct at_layer at = { .l = l,
				       .index = i,
				       .n = p->n_layers,
				       .hex = mp_image_digest_hex(ids->items[i]->text) };

		r = load_layer(l, p->layer_paths[i], &at, p->layer_digests[i], &claims[i], err);
		*bytes += at.total;
	}
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

/* By its tag, and by the digests that have been verified: what else a name says is not believed. */
static int name_it(struct load *l, struct mp_image_ref ref, const char *manifest_digest,
		   const char *id, struct mp_error *err)
{
	const char *const digests[] = { manifest_digest, l->options->digest };
	const bool is_pulled = l->options->is_pulled;
	int r = 0;

	if (ref.tag[0] || !ref.digest[0]) {
		ref.digest[0] = '\0';
		r = mp_image_refer(&l->lock, &ref, id, is_pulled, err);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(digests) && r == 0; i++) {
		if (!digests[i])
			continue;
		(void)snprintf(ref.digest, sizeof(ref.digest), "%s", digests[i]);
		r = mp_image_refer(&l->lock, &ref, id, is_pulled, err);
	}
	return r;
}

/* Its layers are there; the store is locked. */
static int publish(struct load *l, const struct parts *p, const struct mp_image_record *record,
		   const struct mp_image_ref *refs, const char *config, size_t config_len,
		   struct mp_error *err)
{
	int r = mp_image_publish(&l->lock, record, config, config_len, p->manifest, p->manifest_len,
				 err);

	for (size_t i = 0; i < p->n_names && r == 0; i++)
		r = name_it(l, refs[i], p->manifest_digest, record->image.id, err);
	return r;
}

static int load_and_publish(struct load *l, const struct parts *p, struct mp_image_record *record,
			    const struct mp_image_ref *refs, const char *config, size_t config_len,
			    struct mp_error *err)
{
	struct mp_image_claim *claims = mp_arena_alloc(l->arena, p->n_layers + 1, sizeof(*claims));
	int r = claims ? 0 : mp_fail(err, ENOMEM, "load image");

	for (size_t i = 0; r == 0 && i < p->n_layers; i++)
		claims[i] = MP_IMAGE_CLAIM_NONE;
	if (r == 0)
		r = load_layers(l, p, config, config_len, claims, &record->image.size_bytes, err);
	if (r == 0)
		r = mp_image_lock_acquire(&l->lock, err);
	if (r == 0) {
		/* Before the record: what has a name is whole, also after a power failure. */
		r = mp_image_claims_sync(&l->lock, claims, p->n_layers, err);
		if (r == 0)
			r = publish(l, p, record, refs, config, config_len, err);
		mp_image_lock_release(&l->lock);
	}
	for (size_t i = 0; claims && i < p->n_layers; i++)
		mp_image_claim_drop(&l->lock, &claims[i]);
	return r;
}

/* Parses all names before any is written. */
static int load_image(struct load *l, const struct parts *p, struct mp_error *err)
{
	struct mp_image_record record = { .embedded = "" };
	struct mp_image_ref *refs = mp_arena_alloc(l->arena, p->n_names + 1, sizeof(*refs));
	char hex[MP_SHA256_HEX_MAX], full[MP_IMAGE_REF_MAX] = "";
	char *config = NULL;
	size_t config_len = 0;
	int r;

	if (!refs)
		return mp_fail(err, ENOMEM, "load image");
	r = read_text(l, p->config_path, p->config_digest, &config, &config_len, err);
	if (r == 0)
		r = mp_image_config_parse(l->arena, config, config_len, &record, err);
	for (size_t i = 0; i < p->n_names && r == 0; i++)
		r = mp_image_ref_parse(p->names[i], &refs[i], err);
	if (r < 0)
		return r;
	if (p->n_layers > LAYERS_MAX)
		return mp_fail_text(err, E2BIG,
				    "the image has %zu layers, more than the %d that can be "
				    "stacked",
				    p->n_layers, LAYERS_MAX);
	record.image.id =
		mp_arena_printf(l->arena, "sha256:%s", mp_sha256_text(config, config_len, hex));
	record.image.ref = record.image.id;
	if (p->n_names > 0) {
		(void)mp_image_ref_text(&refs[0], full);
		if (p->manifest_digest)
			record.image.ref = mp_arena_printf(l->arena, "%s@%s", refs[0].name,
							   p->manifest_digest);
	}
	if (!record.image.id || !record.image.ref)
		return mp_fail(err, ENOMEM, "load image");
	r = load_and_publish(l, p, &record, refs, config, config_len, err);
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
	if (!l->options->name)
		return NULL;
	if (ref && !strchr(l->options->name, '@') &&
	    !strchr(strrchr(l->options->name, '/') ?: l->options->name, ':'))
		return mp_arena_printf(l->arena, "%s:%s", l->options->name, ref);
	return l->options->name;
}

/* @p has the manifest's text and digest; @path is what messages call it. */
static int load_parsed(struct load *l, const struct mp_node *root, const char *path,
		       const char *name, struct parts *p, struct mp_error *err)
{
	const struct mp_node *config = mp_node_get(root, "config");
	const struct mp_node *list = mp_node_get(root, "layers");
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;

	p->config_path = blob_path(l, config);
	p->config_digest = mp_image_text_at(config, "digest");
	if (!p->config_path)
		return mp_fail_text(err, EINVAL, "%s: no config", path);
	if (make_lists(l->arena, p, n, 1, err) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		p->layer_paths[i] = blob_path(l, list->items[i]);
		p->layer_digests[i] = mp_image_text_at(list->items[i], "digest");
		if (!p->layer_paths[i])
			return mp_fail_text(err, EINVAL, "%s: a layer without sha256 digest", path);
	}
	p->n_layers = n;
	if (name)
		p->names[p->n_names++] = name;
	return load_image(l, p, err);
}

static int load_oci_manifest(struct load *l, const struct mp_node *descriptor, const char *name,
			     int depth, struct mp_error *err)
{
	const char *digest = mp_image_text_at(descriptor, "digest");
	const char *path = blob_path(l, descriptor);
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
	return load_parsed(l, root, path, name, &p, err);
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
	if (p.n_names == 0 && l->options->name)
		p.names[p.n_names++] = l->options->name;
	return load_image(l, &p, err);
}

/* What skopeo copies to "dir:": one manifest, with everything beside it. */
static int load_flat(struct load *l, const struct mp_node *root, const char *text, size_t len,
		     struct mp_error *err)
{
	char hex[MP_SHA256_HEX_MAX];
	struct parts p = { .manifest = text,
			   .manifest_len = len,
			   .manifest_digest = mp_arena_printf(l->arena, "sha256:%s",
							      mp_sha256_text(text, len, hex)) };

	if (!p.manifest_digest)
		return mp_fail(err, ENOMEM, "load image");
	l->is_flat = true;
	return load_parsed(l, root, "manifest.json", l->options->name, &p, err);
}

static int load_docker(struct load *l, struct mp_error *err)
{
	const struct mp_node *root = NULL;
	char *text = NULL;
	size_t len = 0;
	int r = read_json(l, "manifest.json", NULL, &text, &len, &root, err);

	if (r < 0)
		return r;
	if (root && root->kind == MP_NODE_MAP)
		return load_flat(l, root, text, len, err);
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

/* What a tar holds goes into a directory of ours, and is loaded from there. */
static int load_tar(struct load *l, int tar_fd, struct mp_error *err)
{
	const struct mp_image_helper_job job = { .task = MP_IMAGE_HELPER_ARCHIVE };
	struct mp_image_unpacked u = { .opaque = NULL };
	char name[64];
	int r;

	(void)snprintf(name, sizeof(name), ".tmp-load-%ld", (long)getpid());
	r = mp_image_scratch_make(&l->lock, name, &l->source_fd, err);
	if (r < 0)
		return r;
	r = mp_image_helper_run(&job, tar_fd, l->source_fd, &u, err);
	free(u.opaque);
	if (r == 0)
		r = load_source(l, err);
	(void)mp_tree_force_remove(l->lock.layers_fd, name, NULL);
	return r;
}

static int load_any(struct load *l, int fd, struct mp_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return mp_fail(err, errno, "look at it");
	if (S_ISDIR(st.st_mode)) {
		l->source_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return l->source_fd < 0 ? mp_fail(err, errno, "open it") : load_source(l, err);
	}
	return load_tar(l, fd, err);
}

int mp_image_load(struct mp_image_store *store, const char *path,
		  const struct mp_image_load_options *options, struct mp_arena *arena,
		  struct mp_image_loaded **ret, struct mp_error *err)
{
	struct mp_image_loaded *list = NULL;
	struct load l = { .store = store,
			  .source_fd = -EBADF,
			  .options = options,
			  .arena = arena,
			  .tail = &list };
	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return mp_fail(err, errno, "load %s", path);
	r = mp_image_lock_take(store, &l.lock, err);
	if (r < 0)
		return mp_wrap(err, r, "load %s", path);
	mp_image_lock_release(&l.lock);
	r = load_any(&l, fd, err);
	mp_closep(&l.source_fd);
	mp_image_lock_drop(&l.lock);
	*ret = list;
	return r < 0 ? mp_wrap(err, r, "load %s", path) : 0;
}
