/* SPDX-License-Identifier: Apache-2.0 */
/* Running skopeo. Internal to rootfs/. */
#pragma once

#include <stddef.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

/** struct mp_image_skopeo - one call. */
struct mp_image_skopeo {
	const char *const *argv; /* behind "skopeo", NULL-terminated */
	void (*tick)(void *ctx); /* called now and then while it runs; NULL: not wanted */
	void *ctx;
};

/**
 * mp_image_skopeo_run() - run it and wait for it; it dies with us.
 * @ret_out: its standard output, in @arena.
 *
 * Return: 0; -ENOPKG when it is not installed; -EHOSTUNREACH, -EKEYREJECTED, -EACCES, -ENOENT by what it
 * complained of; else -EIO. The sentence is its last complaint.
 */
int mp_image_skopeo_run(const struct mp_image_skopeo *call, struct mp_arena *arena, char **ret_out,
			size_t *ret_len, struct mp_error *err);

/** mp_image_skopeo_complaint() - the last message in what skopeo wrote to stderr, in @buf. Pure. */
char *mp_image_skopeo_complaint(const char *text, char *buf, size_t size);

/** mp_image_skopeo_errno() - a positive errno for a complaint. Pure. */
int mp_image_skopeo_errno(const char *complaint);
