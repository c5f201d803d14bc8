/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for the C library's calloc(), which is where arenas get their blocks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool calloc_fails;
static size_t calloc_blocks_left; /* calls that succeed although it fails */

void *calloc(size_t n, size_t size)
{
	size_t bytes;

	if (calloc_fails && calloc_blocks_left == 0)
		return NULL;
	if (calloc_fails)
		calloc_blocks_left--;
	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;

	/* volatile: a compiler may turn malloc and memset into a call of calloc, that is, of us. */
	void *(*volatile allocate)(size_t) = malloc;
	void *p = allocate(bytes);

	if (p)
		memset(p, 0, bytes);
	return p;
}
