/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $(VAR) expansion of command, args, env values and subPathExpr: one pass from left to right,
 * results are not scanned again. Source: pod-semantics reference section 9.1.
 */
#pragma once

#include <stddef.h>

#include "runtime/base/str.h"

/**
 * mp_expand_lookup - value of the variable whose name is the @len bytes at @name.
 *
 * Return: a borrowed string, or NULL when there is no such variable.
 */
typedef const char *mp_expand_lookup(void *ctx, const char *name, size_t len);

/**
 * mp_expand() - append the expansion of @text to @out (cut when it does not fit).
 *
 * @lookup is asked once per reference, in order.
 */
void mp_expand(const char *text, mp_expand_lookup *lookup, void *ctx, struct mp_buf *out);

/**
 * mp_expand_dup() - the expansion of @text as a string in @arena.
 *
 * @lookup is asked twice per reference (length first) and must answer the same both times.
 * Return: the string, or NULL when out of memory.
 */
char *mp_expand_dup(const char *text, mp_expand_lookup *lookup, void *ctx, struct mp_arena *arena);
