/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of the image store, for the files that fill it. Internal to rootfs/.
 *
 *   images/refs/<domain>/<path>/:<tag>      -> ../../<id>/record   (as many ../ as it takes)
 *   images/refs/<domain>/<path>/@<digest>   -> the same
 *   images/<id>/record config.json manifest.json
 *   images/<id>/pulled                      -> record: where names from a registry point to
 *   layers/.new-<diff id>                   -> the boot it was unpacked in: not synced yet
 *   images/.lock                            held (flock) by whoever adds or removes
 *   layers/<diff id>/                       the unpacked tree
 *   layers/.tmp-*                           unfinished; locked (flock) by whoever works on it, else
 *                                           removed by the next who changes the store
 *
 * A layer appears by rename, a record is written last and its references after it: whatever is
 * found by following a reference is complete.
 */
#pragma once

#include "rootfs/image.h"
#include "rootfs/image_list.h"
#include "rootfs/image_record.h"
#include "rootfs/image_ref.h"
#include "rootfs/sha256.h"

struct mp_image_store {
	char *dir;                                /* owned: absolute path of the state directory */
	const struct mp_image_embedded *embedded; /* borrowed, may be NULL */
};

/** struct mp_image_lock - the right to change the store. Zero is not a valid one: use _take. */
struct mp_image_lock {
	int lock_fd;   /* owned */
	int images_fd; /* owned: images/ */
	int layers_fd; /* owned: layers/ */
};

/**
 * mp_image_lock_take() - make the store's directories if need be, wait for the lock, remove what
 * somebody left unfinished in layers/ and does not work on any more.
 * @ret: mp_image_lock_drop() it. It is held for moments only, never while a layer is unpacked.
 *
 * Return: 0 or -errno.
 */
int mp_image_lock_take(struct mp_image_store *store, struct mp_image_lock *ret,
		       struct mp_error *err);

/** mp_image_lock_release() - give the lock away for a time, keep the descriptors. */
void mp_image_lock_release(struct mp_image_lock *lock);

/** mp_image_lock_acquire() - wait for it again. 0 or -errno. */
int mp_image_lock_acquire(struct mp_image_lock *lock, struct mp_error *err);

/** mp_image_lock_drop() - release for good; a second time is fine. */
void mp_image_lock_drop(struct mp_image_lock *lock);

/**
 * mp_image_publish() - write the record of an image whose layers are there.
 * @config, @manifest: JSON texts kept beside it.
 *
 * Return: 0 or -errno.
 */
int mp_image_publish(struct mp_image_lock *lock, const struct mp_image_record *record,
		     const char *config, size_t config_len, const char *manifest,
		     size_t manifest_len, struct mp_error *err);

/**
 * mp_image_refer() - let @ref (with its tag or digest) name the image @id.
 * @is_pulled: a registry said so, and would have to be asked whether it still is.
 * Return: 0 or -errno.
 */
int mp_image_refer(struct mp_image_lock *lock, const struct mp_image_ref *ref, const char *id,
		   bool is_pulled, struct mp_error *err);

/**
 * mp_image_find() - follow a reference, nothing else.
 *
 * Return: 0 with *@ret_found; -errno when the store cannot be read.
 */
int mp_image_find(struct mp_image_store *store, const struct mp_image_ref *ref,
		  struct mp_arena *arena, enum mp_image_found *ret_found,
		  struct mp_image_record *ret, struct mp_error *err);

/**
 * MP_IMAGE_EMBEDDED_LAYOUT - to be counted up whenever the tree of the embedded image changes: it is
 * part of the layer's digest, and of what a store's record is compared with.
 */
#define MP_IMAGE_EMBEDDED_LAYOUT "2"

/** mp_image_unpack_embedded() - put the embedded image into the store. 0 or -errno. */
int mp_image_unpack_embedded(struct mp_image_store *store, struct mp_error *err);

/** mp_image_read_entries() - as mp_image_list(), without unpacking anything. */
int mp_image_read_entries(struct mp_image_store *store, struct mp_arena *arena,
			  struct mp_image_entries *ret, struct mp_error *err);

/** mp_image_unrefer() - remove a name in full, as in mp_image_entry. Absent is fine. 0 or -errno. */
int mp_image_unrefer(struct mp_image_lock *lock, const char *name, struct mp_error *err);

/** mp_image_has() - the image with this id is there. */
bool mp_image_has(const struct mp_image_lock *lock, const char *id);
