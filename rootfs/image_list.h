/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the image store, and taking things out of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rootfs/image.h"

/** struct mp_image_entry - an image with all its names. Everything lives in the caller's arena. */
struct mp_image_entry {
	struct mp_image image;    /* its name is the first of @tags, or "" */
	const char *architecture; /* as Go calls it */
	const char *const *tags;  /* "docker.io/library/busybox:latest", sorted, NULL-terminated */
	const char *const *digests; /* "docker.io/library/busybox@sha256:...", likewise */
	bool is_embedded;
};

/** struct mp_image_entries - all images, sorted by name. */
struct mp_image_entries {
	struct mp_image_entry *items;
	size_t n;
};

/**
 * mp_image_list() - every image. The embedded one is unpacked if it is not there yet.
 *
 * What is removed meanwhile by somebody else is left out. Return: 0 or -errno.
 */
int mp_image_list(struct mp_image_store *store, struct mp_arena *arena,
		  struct mp_image_entries *ret, struct mp_error *err);

/**
 * mp_image_entry_find() - what @word means: a reference in any spelling, or an id ("sha256:" may
 * be left out, and digits from the end, as long as one image has it).
 * @ret_name: the element of tags or digests that @word names; NULL: it was an id. May be NULL.
 *
 * Return: 0; -ENOENT; -EINVAL for what is neither, or an id that several images have.
 */
int mp_image_entry_find(const struct mp_image_entries *entries, const char *word,
			const struct mp_image_entry **ret, const char **ret_name,
			struct mp_error *err);

/**
 * mp_image_texts() - the image's configuration and manifest, as they were written.
 *
 * Return: 0; -ENOENT when it has been removed; -errno.
 */
int mp_image_texts(struct mp_image_store *store, const struct mp_image_entry *entry,
		   struct mp_arena *arena, const char **ret_config, const char **ret_manifest,
		   struct mp_error *err);

/** mp_image_tag() - let @name name the image with this @id as well. 0 or -errno. */
int mp_image_tag(struct mp_image_store *store, const char *id, const char *name,
		 struct mp_error *err);

/**
 * struct mp_image_users - who uses images; the store cannot know.
 *
 * It is asked after the image's names are gone, so that whoever starts to use it either does not
 * find it any more or is seen.
 */
struct mp_image_users {
	/* Names a user in @who ("pod default/web") and returns true, or returns false. */
	bool (*is_used)(void *ctx, const struct mp_image_entry *entry, char *who, size_t size);
	void *ctx;
};

/** struct mp_image_removed - what went; strings in the arena. */
struct mp_image_removed {
	const char *const *untagged; /* NULL-terminated */
	const char *id;              /* "" when only names went */
};

/**
 * mp_image_remove() - remove a name, and with its last name the image with the layers that no
 * other image has.
 * @word:  as for mp_image_entry_find().
 * @force: also when an id has several names: all of them.
 *
 * Return: 0; -ENOENT; -EBUSY when somebody uses it (everything is as before); -EEXIST for an id
 * with several names; another -errno.
 */
int mp_image_remove(struct mp_image_store *store, const char *word, bool force,
		    const struct mp_image_users *users, struct mp_arena *arena,
		    struct mp_image_removed *ret, struct mp_error *err);

/** struct mp_image_pruned - what mp_image_prune() removed. */
struct mp_image_pruned {
	const char *const *ids; /* arena; NULL-terminated */
	size_t n_layers;
};

/**
 * mp_image_prune() - remove the images without a tag (@all: all that nobody uses) and layers that
 * belong to no image. Return: 0 or -errno.
 */
int mp_image_prune(struct mp_image_store *store, bool all, const struct mp_image_users *users,
		   struct mp_arena *arena, struct mp_image_pruned *ret, struct mp_error *err);
