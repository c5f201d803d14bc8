/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image's record on disk: what a container start needs of it, so that no JSON is read then.
 * "key value" pairs, each ended by a NUL, between a first and a last line. Internal to rootfs/.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rootfs/image.h"
#include "runtime/base/str.h"

#define MP_IMAGE_RECORD_MAX ((size_t)1 << 20)

/** struct mp_image_record - an image and what only the store knows of it. */
struct mp_image_record {
	struct mp_image image;    /* layer_dirs are names below layers/ here, topmost first */
	const char *embedded;     /* digest of the embedded image it was made from, or "" */
	const char *architecture; /* as Go calls it: "amd64" */
};

/**
 * mp_image_record_parse() - read a record; strings are borrowed from @text.
 *
 * Return: whether it is whole; a record cut short by a crash is not.
 */
bool mp_image_record_parse(struct mp_arena *arena, const char *text, size_t len,
			   struct mp_image_record *ret);

/** mp_image_record_write() - the text of @record in @buf; look at its is_cut afterwards. */
void mp_image_record_write(const struct mp_image_record *record, struct mp_buf *buf);
