/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image store: which images are there, and what is in them. Images are named as Docker
 * names them; each is a list of unpacked layers and a few words of configuration. The image
 * "busybox" comes with the binary and is unpacked when it is first asked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

#define MP_IMAGE_ID_MAX (sizeof("sha256:") + 64) /* with the NUL */

/** struct mp_image - one image; every string lives in the arena given to mp_image_lookup(). */
struct mp_image {
	const char *name; /* normalised: "docker.io/library/busybox:latest" */
	const char *id;   /* digest of the configuration: "sha256:<64 hex>" */
	const char *ref;  /* for status.imageID: "docker.io/library/busybox@sha256:<64 hex>" */
	uint64_t size_bytes;
	const char *const *layer_dirs; /* absolute, topmost first: what overlay calls lowerdir */
	size_t n_layer_dirs;
	const char *const *entrypoint; /* NULL-terminated, never NULL itself */
	const char *const *cmd;        /* likewise */
	const char *const *env;        /* "NAME=value", likewise */
	const char *const *volumes;    /* paths, likewise */
	const char *user;              /* "" when unset */
	const char *workdir;           /* "" when unset */
	const char *stop_signal;       /* "" when unset, else as written: "SIGQUIT", "3" */
};

enum mp_image_found {
	MP_IMAGE_ABSENT,
	MP_IMAGE_PRESENT,
};

/** struct mp_image_embedded - an image made of one static multi-call binary. All borrowed. */
struct mp_image_embedded {
	const char *const *names; /* normalised names it answers to, NULL-terminated */
	const char *digest;       /* a word that changes whenever its tree does */
	const unsigned char *exe; /* the binary, installed as /bin/busybox */
	size_t exe_size;
	const char *applets; /* one path a line, relative to /: "bin/sh\n" */
	size_t applets_size;
};

/**
 * mp_image_busybox() - the busybox that was embedded when this program was built.
 *
 * Return: a static record.
 */
const struct mp_image_embedded *mp_image_busybox(void);

struct mp_image_store;

/**
 * mp_image_store_open() - open the store below @state_dir, creating nothing.
 * @state_dir: absolute path (/var/lib/minipod); images/ and layers/ are made when first needed.
 * @embedded:  borrowed for the store's life; NULL = no embedded image.
 * @ret:       on success, owned by the caller: mp_image_store_close().
 *
 * Return: 0 or -errno.
 */
int mp_image_store_open(const char *state_dir, const struct mp_image_embedded *embedded,
			struct mp_image_store **ret, struct mp_error *err);

/** mp_image_store_close() - release; NULL is fine. */
void mp_image_store_close(struct mp_image_store *store);

/**
 * mp_image_lookup() - find an image by any name that resolves to it.
 * @name:      as the manifest has it; a tag, a digest, both or neither ("latest" then).
 * @arena:     receives the strings of @ret_image.
 * @ret_found: on success.
 * @ret_image: filled when present, untouched otherwise.
 *
 * An image that is there costs three system calls. The embedded image is unpacked on the
 * first lookup (some milliseconds, once per machine); several processes may do so at the same
 * time, and one that dies on the way leaves nothing that counts.
 *
 * Return: 0 (also when absent); -EINVAL when @name is no reference (mp_image_ref_parse()'s
 * sentence); another -errno when the store cannot be read or written.
 */
int mp_image_lookup(struct mp_image_store *store, const char *name, struct mp_arena *arena,
		    enum mp_image_found *ret_found, struct mp_image *ret_image,
		    struct mp_error *err);

/**
 * mp_image_is_pulled() - the store has @name from a registry, not from a file or from us.
 *
 * Return: 0 or -errno; *@ret is false for a name that is not there.
 */
int mp_image_is_pulled(struct mp_image_store *store, const char *name, bool *ret,
		       struct mp_error *err);
