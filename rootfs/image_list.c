/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/image_store.h"
#include "runtime/base/auto.h"
#include "runtime/base/document.h"
#include "runtime/base/fd.h"

#define DEPTH_MAX 130 /* a name of 255 characters has 128 components at most */

/* A name and the directory of the image it leads to. */
struct found {
	char *name;
	char hex[MP_SHA256_HEX_MAX];
};

struct names {
	struct found *items; /* owned; the names are the arena's */
	size_t n, size;
	struct mp_arena *arena;
};

static int keep(struct names *names, const char *prefix, const char *leaf, const char *target)
{
	const char *end = strrchr(target, '/');

	/* ".../<64 hex>/record" */
	if (!end || end - target < 64 || prefix[0] == '\0')
		return 0;
	if (names->n == names->size) {
		const size_t size = names->size > 0 ? 2 * names->size : 64;
		void *bigger = reallocarray(names->items, size, sizeof(*names->items));

		if (!bigger)
			return -ENOMEM;
		names->items = bigger;
		names->size = size;
	}

	struct found *f = &names->items[names->n];

	f->name = mp_arena_printf(names->arena, "%s%s", prefix, leaf);
	memcpy(f->hex, end - 64, 64);
	f->hex[64] = '\0';
	if (!f->name)
		return -ENOMEM;
	names->n++;
	return 0;
}

static int walk_names(int parent, const char *dir_name, const char *prefix, int depth,
		      struct names *names)
{
	const int fd = openat(parent, dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return r == -ENOENT ? 0 : r;
	}
	for (const struct dirent *e; r == 0 && (e = readdir(dir));) {
		const char *name = e->d_name;
		char target[PATH_MAX];

		if (name[0] == '.')
			continue;
		if (name[0] == ':' || name[0] == '@') {
			const ssize_t n = readlinkat(fd, name, target, sizeof(target) - 1);

			if (n > 0) {
				target[n] = '\0';
				r = keep(names, prefix, name, target);
			}
		} else if (depth < DEPTH_MAX) {
			struct mp_arena scratch = { .head = NULL };
			const char *path = mp_arena_printf(&scratch, "%s%s%s", prefix,
							   prefix[0] ? "/" : "", name);

			r = path ? walk_names(fd, name, path, depth + 1, names) : -ENOMEM;
			mp_arena_done(&scratch);
		}
	}
	(void)closedir(dir);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static int by_first_tag(const void *a, const void *b)
{
	const struct mp_image *x = &((const struct mp_image_entry *)a)->image;
	const struct mp_image *y = &((const struct mp_image_entry *)b)->image;

	/* Those without a name come last. */
	if (!x->name[0] != !y->name[0])
		return x->name[0] ? -1 : 1;
	return x->name[0] ? strcmp(x->name, y->name) : strcmp(x->id, y->id);
}

static bool is_digest_name(const char *name)
{
	return strchr(name, '@') != NULL;
}

static int collect_names(const struct names *names, const char *hex, struct mp_image_entry *e)
{
	const char **tags = mp_arena_alloc(names->arena, names->n + 1, sizeof(*tags));
	const char **digests = mp_arena_alloc(names->arena, names->n + 1, sizeof(*digests));
	size_t n_tags = 0, n_digests = 0;

	if (!tags || !digests)
		return -ENOMEM;
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->items[i].hex, hex) != 0)
			continue;
		if (is_digest_name(names->items[i].name))
			digests[n_digests++] = names->items[i].name;
		else
			tags[n_tags++] = names->items[i].name;
	}
	e->tags = tags;
	e->digests = digests;
	e->image.name = n_tags > 0 ? tags[0] : "";
	return 0;
}

static int read_entry(struct mp_image_store *store, const struct names *names, int images_fd,
		      const char *hex, struct mp_image_entries *ret, struct mp_error *err)
{
	struct mp_image_entry *e = &ret->items[ret->n];
	struct mp_arena *arena = names->arena;
	struct mp_image_record record;
	char *text = NULL;
	size_t len = 0;
	const char *path = mp_arena_printf(arena, "%s/record", hex);
	const char **dirs;
	int r = path ? mp_file_read(images_fd, path, MP_IMAGE_RECORD_MAX, arena, &text, &len, err) :
		       mp_fail(err, ENOMEM, "list images");

	if (r == -ENOENT)
		return 0; /* removed meanwhile, or never finished */
	if (r < 0)
		return r;
	if (!mp_image_record_parse(arena, text, len, &record))
		return 0;
	e->image = record.image;
	e->architecture = record.architecture;
	e->is_embedded = record.embedded[0] != '\0';
	dirs = mp_arena_alloc(arena, record.image.n_layer_dirs + 1, sizeof(*dirs));
	for (size_t i = 0; dirs && i < record.image.n_layer_dirs; i++)
		dirs[i] = mp_arena_printf(arena, "%s/layers/%s", store->dir,
					  record.image.layer_dirs[i]);
	e->image.layer_dirs = dirs;
	if (!dirs || collect_names(names, hex, e) < 0)
		return mp_fail(err, ENOMEM, "list images");
	ret->n++;
	return 0;
}

static bool is_image_dir(const char *name)
{
	return strlen(name) == 64 && strspn(name, "0123456789abcdef") == 64;
}

static int read_entries(struct mp_image_store *store, struct names *names, int images_fd,
			struct mp_image_entries *ret, struct mp_error *err)
{
	const int fd = openat(images_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	size_t n = 0;
	int r = 0;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return mp_fail(err, errno, "read images");
	}
	for (const struct dirent *e; (e = readdir(dir));)
		n += is_image_dir(e->d_name) ? 1 : 0;
	rewinddir(dir);
	ret->items = mp_arena_alloc(names->arena, n + 1, sizeof(*ret->items));
	if (!ret->items)
		r = mp_fail(err, ENOMEM, "list images");
	for (const struct dirent *e; r == 0 && ret->n < n && (e = readdir(dir));)
		if (is_image_dir(e->d_name))
			r = read_entry(store, names, images_fd, e->d_name, ret, err);
	(void)closedir(dir);
	return r;
}

int mp_image_read_entries(struct mp_image_store *store, struct mp_arena *arena,
			  struct mp_image_entries *ret, struct mp_error *err)
{
	struct names names = { .arena = arena };
	struct mp_image_entries list = { .n = 0 };
	const char *path = mp_arena_printf(arena, "%s/images", store->dir);
	int r;

	if (!path)
		return mp_fail(err, ENOMEM, "list images");

	mp_auto_fd images = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (images < 0) {
		r = errno == ENOENT ? 0 : mp_fail(err, errno, "open %s", path);
		if (r == 0)
			*ret = list;
		return r;
	}
	r = walk_names(images, "refs", "", 0, &names);
	if (r < 0)
		r = mp_fail(err, -r, "read the names of images");
	if (r == 0 && names.n > 0)
		qsort(names.items, names.n, sizeof(*names.items), by_name);
	if (r == 0)
		r = read_entries(store, &names, images, &list, err);
	free(names.items);
	if (r == 0) {
		if (list.n > 0)
			qsort(list.items, list.n, sizeof(*list.items), by_first_tag);
		*ret = list;
	}
	return r;
}

int mp_image_list(struct mp_image_store *store, struct mp_arena *arena,
		  struct mp_image_entries *ret, struct mp_error *err)
{
	enum mp_image_found found;
	struct mp_image image;
	int r = 0;

	if (store->embedded && store->embedded->names[0])
		r = mp_image_lookup(store, store->embedded->names[0], arena, &found, &image, err);
	return r < 0 ? r : mp_image_read_entries(store, arena, ret, err);
}

static const char *in_list(const char *const *list, const char *text)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return NULL;
}

static bool looks_like_id(const char *word)
{
	const size_t n = strlen(word);

	return n >= 3 && n <= 64 && strspn(word, "0123456789abcdef") == n;
}

static int find_by_id(const struct mp_image_entries *entries, const char *word, const char *hex,
		      const struct mp_image_entry **ret, struct mp_error *err)
{
	const struct mp_image_entry *match = NULL;

	for (size_t i = 0; i < entries->n; i++) {
		const char *id = strchr(entries->items[i].image.id, ':');

		if (!id || !mp_starts_with(id + 1, hex))
			continue;
		if (match)
			return mp_fail_text(err, EINVAL,
					    "%s is the beginning of several images' ids", word);
		match = &entries->items[i];
	}
	if (!match)
		return -ENOENT;
	*ret = match;
	return 0;
}

int mp_image_entry_find(const struct mp_image_entries *entries, const char *word,
			const struct mp_image_entry **ret, const char **ret_name,
			struct mp_error *err)
{
	const bool has_prefix = mp_starts_with(word, "sha256:");
	const char *hex = has_prefix ? word + strlen("sha256:") : word;
	char full[MP_IMAGE_REF_MAX];
	struct mp_image_ref ref;
	int r = has_prefix || strlen(word) == 64 ? 0 : mp_image_ref_parse(word, &ref, err);

	if (r < 0)
		return r;
	if (!has_prefix && strlen(word) != 64) {
		if (ref.digest[0])
			ref.tag[0] = '\0'; /* a digest decides over a tag */
		(void)mp_image_ref_text(&ref, full);
		for (size_t i = 0; i < entries->n; i++) {
			const struct mp_image_entry *e = &entries->items[i];
			const char *name = in_list(ref.digest[0] ? e->digests : e->tags, full);

			if (!name)
				continue;
			*ret = e;
			if (ret_name)
				*ret_name = name;
			return 0;
		}
	}
	r = looks_like_id(hex) ? find_by_id(entries, word, hex, ret, err) : -ENOENT;
	if (r == -ENOENT)
		return mp_fail_text(err, ENOENT, "image \"%s\" not found", word);
	if (r == 0 && ret_name)
		*ret_name = NULL;
	return r;
}

int mp_image_texts(struct mp_image_store *store, const struct mp_image_entry *entry,
		   struct mp_arena *arena, const char **ret_config, const char **ret_manifest,
		   struct mp_error *err)
{
	const char *colon = strchr(entry->image.id, ':');
	const char *dir = mp_arena_printf(arena, "%s/images/%s", store->dir,
					  colon ? colon + 1 : entry->image.id);
	const char *config_path = mp_arena_printf(arena, "%s/config.json", dir);
	const char *manifest_path = mp_arena_printf(arena, "%s/manifest.json", dir);
	char *config = NULL, *manifest = NULL;
	int r;

	if (!dir || !config_path || !manifest_path)
		return mp_fail(err, ENOMEM, "read image");
	r = mp_file_read(AT_FDCWD, config_path, MP_DOCUMENT_BYTES_MAX, arena, &config, NULL, err);
	if (r == 0)
		r = mp_file_read(AT_FDCWD, manifest_path, MP_DOCUMENT_BYTES_MAX, arena, &manifest,
				 NULL, err);
	if (r < 0)
		return r;
	*ret_config = config;
	*ret_manifest = manifest;
	return 0;
}
