/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two questions to the registry: what the name is now, and, unless the store has exactly that, the
 * image itself. skopeo's "dir:" keeps the manifest byte for byte, so that its digest stays what the
 * registry calls the image by; an OCI layout would convert Docker's manifests.
 */
#include "rootfs/image_pull.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/image_config.h"
#include "rootfs/image_layer.h"
#include "rootfs/image_skopeo.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"

struct pull {
	struct mp_image_store *store;
	const struct mp_image_pull_options *options;
	struct mp_arena *arena;
	struct mp_image_ref ref;
	char full[MP_IMAGE_REF_MAX];
	const char *given_digest; /* of what the name leads to: an index, or the image itself */
	const char *digest;       /* of the image for this machine */
	uint64_t total;           /* bytes, 0 = not known */
	int dir_fd;               /* owned: what is downloaded */
};

/* As Docker and containerd have it: this machine's own registry may speak plain HTTP. */
static bool is_loopback(const char *name)
{
	return mp_starts_with(name, "localhost/") || mp_starts_with(name, "localhost:") ||
	       mp_starts_with(name, "127.") || mp_starts_with(name, "[::1]");
}

static const char *tls_option(const struct pull *p, bool is_copy)
{
	if (!p->options->skips_tls_verify && !is_loopback(p->ref.name))
		return is_copy ? "--src-tls-verify" : "--tls-verify";
	return is_copy ? "--src-tls-verify=false" : "--tls-verify=false";
}

static uint64_t sum_sizes(const struct mp_node *manifest)
{
	const struct mp_node *list = mp_node_get(manifest, "layers");
	uint64_t sum = 0;
	int64_t size;

	for (size_t i = 0; list && list->kind == MP_NODE_LIST && i < list->count; i++)
		if (mp_node_int64(mp_node_get(list->items[i], "size"), &size) && size > 0)
			sum += (uint64_t)size;
	return sum;
}

static const char *digest_text(struct mp_arena *arena, const char *text, size_t len)
{
	char hex[MP_SHA256_HEX_MAX];

	return mp_arena_printf(arena, "sha256:%s", mp_sha256_text(text, len, hex));
}

/* What the name is at the registry now. */
static int resolve(struct pull *p, struct mp_error *err)
{
	const char *source = mp_arena_printf(p->arena, "docker://%s", p->full);
	const char *const argv[] = { "inspect", "--raw", tls_option(p, false), source, NULL };
	const struct mp_image_skopeo call = { .argv = argv };
	struct mp_document doc;
	char *text = NULL;
	size_t len = 0;
	int r = source ? mp_image_skopeo_run(&call, p->arena, &text, &len, err) :
			 mp_fail(err, ENOMEM, "pull image");

	if (r < 0)
		return r;
	r = mp_document_parse(p->arena, "manifest", text, len, MP_DOCUMENT_JSON, &doc, err);
	if (r < 0)
		return r;
	p->given_digest = digest_text(p->arena, text, len);
	if (p->ref.digest[0] && !mp_streq(p->given_digest, p->ref.digest) &&
	    mp_starts_with(p->ref.digest, "sha256:"))
		return mp_fail_text(err, EINVAL, "the manifest does not match the digest %s",
				    p->ref.digest);
	p->digest = p->given_digest;
	p->total = sum_sizes(doc.roots[0]);
	if (mp_node_get(doc.roots[0], "manifests")) {
		const struct mp_node *picked = mp_image_pick(doc.roots[0]);

		p->digest = mp_image_text_at(picked, "digest");
		if (!mp_image_digest_hex(p->digest))
			return mp_fail_text(
				err, ENOEXEC,
				"no match for platform in manifest: there is no image for "
				"linux/%s",
				MP_IMAGE_ARCHITECTURE);
	}
	return p->digest ? 0 : mp_fail(err, ENOMEM, "pull image");
}

/* Whether the store has it under its digest; its id then. */
static int find_here(struct pull *p, const char **ret_id, struct mp_error *err)
{
	struct mp_image_record record = { .embedded = "" };
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image_ref ref = p->ref;
	int r;

	(void)snprintf(ref.digest, sizeof(ref.digest), "%s", p->digest);
	r = mp_image_find(p->store, &ref, p->arena, &found, &record, err);
	*ret_id = r == 0 && found == MP_IMAGE_PRESENT ? record.image.id : NULL;
	return r;
}

/* The names lead to @id from now on. 1 = it is gone meanwhile. */
static int refer_again(struct pull *p, const char *id, struct mp_error *err)
{
	const char *const digests[] = { p->digest, p->given_digest };
	struct mp_image_ref ref = p->ref;
	struct mp_image_lock lock;
	int r = mp_image_lock_take(p->store, &lock, err);

	if (r < 0)
		return r;
	if (!mp_image_has(&lock, id)) {
		mp_image_lock_drop(&lock);
		return 1;
	}
	if (ref.tag[0] || !ref.digest[0]) {
		ref.digest[0] = '\0';
		r = mp_image_refer(&lock, &ref, id, true, err);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(digests) && r == 0; i++) {
		(void)snprintf(ref.digest, sizeof(ref.digest), "%s", digests[i]);
		r = mp_image_refer(&lock, &ref, id, true, err);
	}
	mp_image_lock_drop(&lock);
	return r;
}

static void count_download(void *ctx)
{
	const struct pull *p = ctx;
	const int fd = openat(p->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	uint64_t sum = 0;
	struct stat st;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	for (const struct dirent *e; (e = readdir(dir));)
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_size;
	(void)closedir(dir);
	p->options->download(p->options->progress ? p->options->progress->ctx : NULL, sum,
			     p->total);
}

/* Downloads to @dir (below layers/) and loads it from there. */
static int fetch(struct pull *p, const char *dir, struct mp_image_pulled *ret, struct mp_error *err)
{
	const char *path = mp_arena_printf(p->arena, "%s/layers/%s/image", p->store->dir, dir);
	const char *source = mp_arena_printf(p->arena, "docker://%s@%s", p->ref.name, p->digest);
	const char *target = mp_arena_printf(p->arena, "dir:%s", path);
	const char *const argv[] = { "copy", "--quiet", tls_option(p, true), source, target, NULL };
	const struct mp_image_skopeo call = { .argv = argv,
					      .tick = p->options->download ? count_download : NULL,
					      .ctx = p };
	const struct mp_image_load_options options = { .name = p->full,
						       .digest = p->given_digest,
						       .is_pulled = true,
						       .progress = p->options->progress };
	struct mp_image_loaded *loaded = NULL;
	mp_auto_fd fd = -EBADF;
	char *text;
	size_t len;
	int r;

	if (!path || !source || !target)
		return mp_fail(err, ENOMEM, "pull image");
	if (mkdirat(p->dir_fd, "image", 0700) < 0)
		return mp_fail(err, errno, "make a directory to download to");
	fd = openat(p->dir_fd, "image", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return mp_fail(err, errno, "open the directory to download to");
	mp_closep(&p->dir_fd);
	p->dir_fd = mp_steal_fd(&fd);
	r = mp_image_skopeo_run(&call, p->arena, &text, &len, err);
	if (r == 0)
		r = mp_image_load(p->store, path, &options, p->arena, &loaded, err);
	if (r == 0 && loaded)
		*ret = (struct mp_image_pulled){ .name = p->full, .id = loaded->id };
	return r;
}

static int download(struct pull *p, struct mp_image_pulled *ret, struct mp_error *err)
{
	struct mp_image_lock lock;
	mp_auto_fd held = -EBADF;
	char name[64];
	int r = mp_image_lock_take(p->store, &lock, err);

	if (r < 0)
		return r;
	mp_image_lock_release(&lock);
	(void)snprintf(name, sizeof(name), ".tmp-pull-%ld", (long)getpid());
	r = mp_image_scratch_make(&lock, name, &held, err);
	if (r == 0) {
		p->dir_fd = fcntl(held, F_DUPFD_CLOEXEC, 3);
		r = p->dir_fd < 0 ? mp_fail(err, errno, "pull image") : fetch(p, name, ret, err);
		(void)mp_tree_force_remove(lock.layers_fd, name, NULL);
	}
	mp_closep(&p->dir_fd);
	mp_image_lock_drop(&lock);
	return r;
}

int mp_image_pull(struct mp_image_store *store, const char *name,
		  const struct mp_image_pull_options *options, struct mp_arena *arena,
		  struct mp_image_pulled *ret, struct mp_error *err)
{
	struct pull p = { .store = store, .options = options, .arena = arena, .dir_fd = -EBADF };
	struct mp_image_pulled pulled = { .id = "" };
	const char *id = NULL;
	int r = mp_image_ref_parse(name, &p.ref, err);

	if (r < 0)
		return r;
	if (p.ref.digest[0]) {
		/* skopeo takes one or the other; the digest decides. */
		(void)snprintf(p.full, sizeof(p.full), "%s@%s", p.ref.name, p.ref.digest);
	} else {
		(void)mp_image_ref_text(&p.ref, p.full);
	}
	r = resolve(&p, err);
	if (r == 0)
		r = find_here(&p, &id, err);
	if (r == 0 && id) {
		r = refer_again(&p, id, err);
		pulled = (struct mp_image_pulled){ .name = mp_arena_strdup(arena, p.full),
						   .id = id,
						   .was_up_to_date = true };
	}
	if ((r == 0 && !id) || r == 1) {
		r = download(&p, &pulled, err);
		pulled.name = mp_arena_strdup(arena, p.full);
	}
	if (r < 0)
		return mp_wrap(err, r, "failed to pull and unpack image \"%s\"", p.full);
	if (!pulled.name)
		return mp_fail(err, ENOMEM, "pull image");
	*ret = pulled;
	return 0;
}
