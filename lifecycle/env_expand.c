/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/env_expand.h"

#include <string.h>

/* The next piece of output: @len bytes, and how much input they stand for. */
struct piece {
	const char *text;
	size_t len;
	size_t used;
};

/* @text starts with '$'. */
static struct piece expand_dollar(const char *text, mp_expand_lookup *lookup, void *ctx)
{
	switch (text[1]) {
	case '\0':
		return (struct piece){ text, 1, 1 };
	case '$':
		return (struct piece){ text, 1, 2 };
	case '(':
		break;
	default:
		return (struct piece){ text, 2, 2 };
	}

	const char *close = strchr(text + 2, ')');

	if (!close)
		return (struct piece){ text, 2, 2 };

	const size_t used = (size_t)(close - text) + 1;
	const char *value = lookup(ctx, text + 2, used - 3);

	if (!value)
		return (struct piece){ text, used, used };
	return (struct piece){ value, strlen(value), used };
}

static struct piece next_piece(const char *text, mp_expand_lookup *lookup, void *ctx)
{
	const size_t plain = strcspn(text, "$");

	if (plain > 0)
		return (struct piece){ text, plain, plain };
	return expand_dollar(text, lookup, ctx);
}

void mp_expand(const char *text, mp_expand_lookup *lookup, void *ctx, struct mp_buf *out)
{
	while (*text) {
		const struct piece p = next_piece(text, lookup, ctx);

		mp_buf_add(out, p.text, p.len);
		text += p.used;
	}
}

char *mp_expand_dup(const char *text, mp_expand_lookup *lookup, void *ctx, struct mp_arena *arena)
{
	size_t size = 1;

	for (const char *at = text; *at;) {
		const struct piece p = next_piece(at, lookup, ctx);

		size += p.len;
		at += p.used;
	}

	struct mp_buf out = { .text = mp_arena_alloc(arena, size, 1), .size = size };

	if (!out.text)
		return NULL;
	mp_expand(text, lookup, ctx, &out);
	return out.text;
}
