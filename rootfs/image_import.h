/* SPDX-License-Identifier: Apache-2.0 */
/* Making an image of one layer out of a root file system. */
#pragma once

#include "rootfs/image_load.h"

/** struct mp_image_import_options - zero-initialise what is not wanted. */
struct mp_image_import_options {
	const char *name;   /* of the new image */
	const char *config; /* JSON, an image configuration or its "config" object; NULL: empty */
	size_t config_len;
	bool keeps_devices; /* make device nodes instead of refusing them */
	const struct mp_image_progress *progress;
};

/**
 * mp_image_import() - a tar (plain or compressed) or a directory becomes an image.
 *
 * A directory is read by tar(1), without leaving its file system. Return: 0; -EINVAL with a sentence
 * for what is no archive, no configuration or wants to break out; -ENOEXEC for a configuration of
 * another architecture; another -errno.
 */
int mp_image_import(struct mp_image_store *store, const char *path,
		    const struct mp_image_import_options *options, struct mp_arena *arena,
		    struct mp_image_loaded **ret, struct mp_error *err);
