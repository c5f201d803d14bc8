/* SPDX-License-Identifier: Apache-2.0 */
/* Changing the labels and annotations of an object, as kubectl label and annotate do. Pure. */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/document.h"

/** struct mp_meta_patch - maps of strings to set; null takes a key away. NULL: nothing of it. */
struct mp_meta_patch {
	const struct mp_node *labels, *annotations;
	bool may_overwrite;
};

/**
 * mp_meta_patch() - @meta with the patch.
 * @meta:        its lists are replaced by new ones in @arena, which takes copies of every string.
 * @ret_changed: whether anything differs.
 *
 * Return: 0; -EEXIST when a key has another value already and may not be overwritten; -EINVAL for
 * a key or value that cannot be; -ENOMEM. @meta is untouched then.
 */
int mp_meta_patch(struct mp_arena *arena, const struct mp_meta_patch *patch,
		  struct mp_object_meta *meta, bool *ret_changed, struct mp_error *err);
