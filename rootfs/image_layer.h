/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer on its way into the store. Internal to rootfs/.
 *
 * Who unpacks a layer holds a lock (flock) on its unfinished directory, layers/.tmp-<diff id>; others
 * who want the same layer wait for that lock instead of unpacking it as well. Who counts on a
 * finished layer that no image may have yet holds a shared lock on it, so that nobody removes it.
 * The kernel drops locks with their holder: an unfinished directory without a lock is rubbish.
 *
 * A layer is named before it is safe on the disk: one sync for all of an image's layers has to do, since
 * it writes out everybody's files. Until then layers/.new-<diff id> links to the boot that it was
 * unpacked in; in any other, the layer is not believed.
 */
#pragma once

#include "rootfs/image_helper.h"
#include "rootfs/image_store.h"

/** struct mp_image_claim - a layer that is there, or is ours to unpack. */
struct mp_image_claim {
	int dir_fd;                  /* owned: the layer, locked; -EBADF: none */
	bool is_mine;                /* unfinished: mp_image_claim_finish() or _drop() it */
	char hex[MP_SHA256_HEX_MAX]; /* diff id */
};

#define MP_IMAGE_CLAIM_NONE ((struct mp_image_claim){ .dir_fd = -EBADF })

/**
 * mp_image_claim_take() - find the layer @hex, or become the one who unpacks it. Waits while
 * somebody else does. @lock must be released; it is taken for moments.
 *
 * Return: 0 or -errno.
 */
int mp_image_claim_take(struct mp_image_lock *lock, const char *hex, struct mp_image_claim *ret,
			struct mp_error *err);

/** mp_image_claim_finish() - ours is unpacked: give it its name. 0 or -errno. */
int mp_image_claim_finish(struct mp_image_lock *lock, struct mp_image_claim *claim,
			  struct mp_error *err);

/**
 * mp_image_claims_sync() - put @n layers safely on the disk, whoever unpacked them; the store is
 * locked. 0 or -errno.
 */
int mp_image_claims_sync(struct mp_image_lock *lock, const struct mp_image_claim *claims, size_t n,
			 struct mp_error *err);

/** mp_image_claim_drop() - release; what is unfinished is removed. Again is fine. */
void mp_image_claim_drop(struct mp_image_lock *lock, struct mp_image_claim *claim);

/**
 * mp_image_scratch_make() - a temporary directory layers/<@name>, opened and locked. Name it
 * ".tmp-...". 0 or -errno.
 */
int mp_image_scratch_make(struct mp_image_lock *lock, const char *name, int *ret_fd,
			  struct mp_error *err);

/** mp_image_mark_opaque() - the directories that the helper found to be opaque. 0 or -errno. */
int mp_image_mark_opaque(int layer_fd, const struct mp_image_unpacked *u, struct mp_error *err);
