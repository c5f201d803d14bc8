/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order makes it safe: names go first, then users are asked for, then the record goes, then
 * the layers, each renamed before it is emptied. Stopped at any point, what is left is either a
 * whole image or something that prune removes.
 */
#include "rootfs/image_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "rootfs/image_store.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define WHO_MAX 600

/* What one removal works with. */
struct removal {
	struct mp_image_store *store;
	struct mp_image_lock lock;
	struct mp_image_entries entries;
	const struct mp_image_users *users;
	struct mp_arena *arena;
};

static int begin(struct removal *r, struct mp_error *err)
{
	int code = mp_image_lock_take(r->store, &r->lock, err);

	if (code < 0)
		return code;
	code = mp_image_read_entries(r->store, r->arena, &r->entries, err);
	if (code < 0)
		mp_image_lock_drop(&r->lock);
	return code;
}

static int set_names(struct removal *r, const char *const *names, const char *id, bool are_there,
		     struct mp_error *err)
{
	struct mp_image_ref ref;
	int code = 0;

	for (; *names && code == 0; names++) {
		code = mp_image_ref_parse(*names, &ref, err);
		if (code == 0 && are_there)
			code = mp_image_refer(&r->lock, &ref, id, false, err);
		else if (code == 0)
			code = mp_image_unrefer(&r->lock, *names, err);
	}
	return code;
}

static bool is_used(const struct removal *r, const struct mp_image_entry *e, char *who)
{
	return r->users && r->users->is_used(r->users->ctx, e, who, WHO_MAX);
}

static int remove_record(struct removal *r, const struct mp_image_entry *e, struct mp_error *err)
{
	const char *hex = strchr(e->image.id, ':') + 1;
	const char *record = mp_arena_printf(r->arena, "%s/record", hex);

	if (!record)
		return mp_fail(err, ENOMEM, "remove image");
	if (unlinkat(r->lock.images_fd, record, 0) < 0 && errno != ENOENT)
		return mp_fail(err, errno, "remove image %s", e->image.id);
	return mp_tree_remove(r->lock.images_fd, hex, err);
}

static bool is_wanted(const struct mp_image_entries *entries, const char *layer)
{
	for (size_t i = 0; i < entries->n; i++) {
		const struct mp_image *image = &entries->items[i].image;

		for (size_t j = 0; j < image->n_layer_dirs; j++)
			if (mp_ends_with(image->layer_dirs[j], layer))
				return true;
	}
	return false;
}

/* A layer that a load counts on is locked by it: mp_image_layer_get(). */
static int remove_layer(struct removal *r, const char *name, size_t *n, struct mp_error *err)
{
	mp_auto_fd fd = openat(r->lock.layers_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *doomed = mp_arena_printf(r->arena, ".tmp-rm-%s", name);
	const char *mark = mp_arena_printf(r->arena, ".new-%s", name);

	if (fd < 0 || !doomed || !mark)
		return mp_fail(err, fd < 0 ? errno : ENOMEM, "remove layer %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	if (renameat(r->lock.layers_fd, name, r->lock.layers_fd, doomed) < 0)
		return mp_fail(err, errno, "remove layer %s", name);
	(void)unlinkat(r->lock.layers_fd, mark, 0);
	(*n)++;
	return mp_tree_force_remove(r->lock.layers_fd, doomed, err);
}

/* Removes every layer that no image of the store has. */
static int remove_layers(struct removal *r, size_t *ret_n, struct mp_error *err)
{
	struct mp_image_entries left = { .n = 0 };
	int code = mp_image_read_entries(r->store, r->arena, &left, err);
	const int fd = openat(r->lock.layers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (code == 0 && !dir)
		code = mp_fail(err, errno, "read layers");
	if (!dir && fd >= 0)
		(void)close(fd);
	for (const struct dirent *e; code == 0 && dir && (e = readdir(dir));)
		if (e->d_name[0] != '.' && !is_wanted(&left, e->d_name))
			code = remove_layer(r, e->d_name, ret_n, err);
	if (dir)
		(void)closedir(dir);
	return code;
}

/* All names, then the image. -EBUSY, with the names back in their place, when it is used. */
static int remove_image(struct removal *r, const struct mp_image_entry *e, struct mp_error *err)
{
	char who[WHO_MAX];
	int code = set_names(r, e->tags, e->image.id, false, err);

	if (code == 0)
		code = set_names(r, e->digests, e->image.id, false, err);
	if (code < 0)
		return code;
	if (is_used(r, e, who)) {
		code = set_names(r, e->tags, e->image.id, true, err);
		if (code == 0)
			code = set_names(r, e->digests, e->image.id, true, err);
		return code < 0 ? code :
				  mp_fail_text(err, EBUSY, "image %s is used by %s",
					       e->image.name[0] ? e->image.name : e->image.id, who);
	}
	return remove_record(r, e, err);
}

static size_t count(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

static int remove_found(struct removal *r, const char *word, bool force,
			const struct mp_image_entry *e, const char *name,
			struct mp_image_removed *ret, struct mp_error *err)
{
	const char **one = mp_arena_alloc(r->arena, 2, sizeof(*one));
	const size_t n_tags = count(e->tags);
	size_t n_layers = 0;
	char who[WHO_MAX];
	int code;

	if (!one)
		return mp_fail(err, ENOMEM, "remove image");
	if (name && strchr(name, '@'))
		name = NULL; /* a digest means the image, as an id does */
	if (!name && n_tags > 1 && !force)
		return mp_fail_text(err, EEXIST,
				    "image %s has %zu names: remove them by name, or all with "
				    "--force",
				    word, n_tags);
	if (name && n_tags > 1) {
		one[0] = name;
		if (is_used(r, e, who))
			return mp_fail_text(err, EBUSY, "image %s is used by %s", name, who);
		*ret = (struct mp_image_removed){ .untagged = one, .id = "" };
		return set_names(r, one, e->image.id, false, err);
	}
	code = remove_image(r, e, err);
	if (code == 0)
		code = remove_layers(r, &n_layers, err);
	if (code == 0)
		*ret = (struct mp_image_removed){ .untagged = e->tags, .id = e->image.id };
	return code;
}

int mp_image_remove(struct mp_image_store *store, const char *word, bool force,
		    const struct mp_image_users *users, struct mp_arena *arena,
		    struct mp_image_removed *ret, struct mp_error *err)
{
	struct removal r = { .store = store, .users = users, .arena = arena };
	const struct mp_image_entry *entry = NULL;
	const char *name = NULL;
	int code = begin(&r, err);

	if (code < 0)
		return code;
	code = mp_image_entry_find(&r.entries, word, &entry, &name, err);
	if (code == 0)
		code = remove_found(&r, word, force, entry, name, ret, err);
	mp_image_lock_drop(&r.lock);
	return code;
}

int mp_image_prune(struct mp_image_store *store, bool all, const struct mp_image_users *users,
		   struct mp_arena *arena, struct mp_image_pruned *ret, struct mp_error *err)
{
	struct removal r = { .store = store, .users = users, .arena = arena };
	const char **ids;
	size_t n = 0;
	int code = begin(&r, err);

	if (code < 0)
		return code;
	ids = mp_arena_alloc(arena, r.entries.n + 1, sizeof(*ids));
	if (!ids) {
		mp_image_lock_drop(&r.lock);
		return mp_fail(err, ENOMEM, "prune images");
	}
	*ret = (struct mp_image_pruned){ .ids = ids };
	for (size_t i = 0; i < r.entries.n && code == 0; i++) {
		const struct mp_image_entry *e = &r.entries.items[i];

		if (e->tags[0] && !all)
			continue;
		code = remove_image(&r, e, err);
		if (code == 0)
			ids[n++] = e->image.id;
		else if (code == -EBUSY)
			code = 0;
	}
	if (code == 0)
		code = remove_layers(&r, &ret->n_layers, err);
	mp_image_lock_drop(&r.lock);
	return code;
}

/* The digest is known below the new name, too, as far as there is one. */
static int tag_digest(struct mp_image_store *store, struct mp_image_lock *lock,
		      struct mp_image_ref *ref, struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_image_record record = { .embedded = "" };
	enum mp_image_found found;
	int r = mp_image_find(store, ref, &arena, &found, &record, err);
	const char *at = r == 0 && found == MP_IMAGE_PRESENT ? strchr(record.image.ref, '@') : NULL;

	if (at) {
		(void)snprintf(ref->digest, sizeof(ref->digest), "%s", at + 1);
		r = mp_image_refer(lock, ref, record.image.id, false, err);
	}
	mp_arena_done(&arena);
	return r;
}

int mp_image_tag(struct mp_image_store *store, const char *id, const char *name,
		 struct mp_error *err)
{
	struct mp_image_lock lock;
	struct mp_image_ref ref;
	int r = mp_image_ref_parse(name, &ref, err);

	if (r == 0 && ref.digest[0])
		return mp_fail_text(err, EINVAL, "%s: a digest cannot be given to an image", name);
	if (r == 0)
		r = mp_image_lock_take(store, &lock, err);
	if (r < 0)
		return r;
	if (mp_image_has(&lock, id))
		r = mp_image_refer(&lock, &ref, id, false, err);
	else
		r = mp_fail_text(err, ENOENT, "image \"%s\" not found", id);
	if (r == 0)
		r = tag_digest(store, &lock, &ref, err);
	mp_image_lock_drop(&lock);
	return r;
}
