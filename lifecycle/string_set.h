/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing set of strings in an arena, for "is this name unique" in large manifests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/str.h"

/** struct mp_string_set - zero-initialise; the arena releases it. */
struct mp_string_set {
	const char **slots; /* open addressing; NULL = free */
	size_t size;        /* slots, a power of two or 0 */
	size_t n;
};

/**
 * mp_string_set_add() - put @text, which is borrowed for the set's life, into the set.
 * @ret_is_new: false when an equal string is there already.
 *
 * Return: 0 or -ENOMEM.
 */
int mp_string_set_add(struct mp_string_set *set, struct mp_arena *arena, const char *text,
		      bool *ret_is_new);

/** mp_string_set_has() - an equal string is in the set. */
bool mp_string_set_has(const struct mp_string_set *set, const char *text);
