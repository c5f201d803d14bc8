/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON texts of an image as what we need of them. Pure. Internal to rootfs/.
 * Source: OCI image-spec config.md, manifest.md, image-index.md; docker save's manifest.json.
 */
#pragma once

#include <stddef.h>

#include "rootfs/image_record.h"
#include "runtime/base/document.h"

/** The architecture that images must have to run here, as Go calls it. */
#if defined(__x86_64__)
#define MP_IMAGE_ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define MP_IMAGE_ARCHITECTURE "arm64"
#endif

/**
 * mp_image_config_parse() - fill the configuration part of a record.
 * @text:     @len bytes; what @ret holds lives in @arena.
 * @ret:      id, sizes and references are left alone; layer_dirs are the hexadecimal diff ids,
 *            topmost first.
 *
 * Return: 0; -EINVAL for what is no configuration; -ENOEXEC for another architecture or system.
 */
int mp_image_config_parse(struct mp_arena *arena, const char *text, size_t len,
			  struct mp_image_record *ret, struct mp_error *err);

/** mp_image_digest_hex() - the 64 digits of "sha256:<64 hex>", or NULL when it is none. */
const char *mp_image_digest_hex(const char *digest);

/** mp_image_text_at() - the string at @key of an object, or NULL. */
const char *mp_image_text_at(const struct mp_node *object, const char *key);

/**
 * mp_image_pick() - the manifest of an index that suits this machine.
 *
 * Return: the descriptor (borrowed), or NULL when there is none.
 */
const struct mp_node *mp_image_pick(const struct mp_node *index);
