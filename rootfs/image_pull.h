/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing images into the store from registries, through skopeo. */
#pragma once

#include "rootfs/image_load.h"

/** struct mp_image_pull_options - zero-initialise what is not wanted. */
struct mp_image_pull_options {
	/* Bytes of the image that have been downloaded, of so many; told again and again. */
	void (*download)(void *ctx, uint64_t bytes, uint64_t total);
	const struct mp_image_progress
		*progress;     /* of the unpacking that follows; its ctx is ours, too */
	bool skips_tls_verify; /* also plain HTTP; always so for this machine itself */
};

/** struct mp_image_pulled - what a pull came to; strings in the caller's arena. */
struct mp_image_pulled {
	const char *name; /* in full */
	const char *id;
	bool was_up_to_date; /* the registry has what the store had */
};

/**
 * mp_image_pull() - ask the registry what @name is, and get it unless it is here already.
 *
 * Authentication, mirrors, certificates and signature policies are skopeo's, with its files:
 * containers-auth.json(5), containers-registries.conf(5), containers-policy.json(5). The manifest's
 * digest is verified, by skopeo and once more while loading. A pull that is interrupted leaves nothing
 * but a directory that the next change of the store removes.
 *
 * Return: 0; -EINVAL for what is no reference; -ENOPKG without skopeo; -EHOSTUNREACH when the registry
 * cannot be reached; -EKEYREJECTED when the signature policy refuses the image; -ENOEXEC for another
 * architecture; another -errno.
 */
int mp_image_pull(struct mp_image_store *store, const char *name,
		  const struct mp_image_pull_options *options, struct mp_arena *arena,
		  struct mp_image_pulled *ret, struct mp_error *err);
