/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text, with a variable for every third name: both ways to expand agree, and doubling every
 * dollar of the result and expanding again gives it back.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/env_expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(void *ctx, const char *name, size_t len)
{
	static const char *const values[] = { NULL, "", "value $(A) $$ $" };
	unsigned int sum = 0;

	(void)ctx;
	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)name[i];
	return values[sum % 3];
}

static char *escape(const char *text)
{
	char *escaped = malloc(2 * strlen(text) + 1), *at = escaped;

	assert(escaped);
	for (; *text; text++) {
		if (*text == '$')
			*at++ = '$';
		*at++ = *text;
	}
	*at = '\0';
	return escaped;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct mp_arena arena = { 0 };

	assert(text);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';

	const char *expanded = mp_expand_dup(text, lookup, NULL, &arena);

	assert(expanded);

	const size_t len = strlen(expanded);
	struct mp_buf buf = { .text = malloc(len + 1), .size = len + 1 };

	assert(buf.text);
	buf.text[0] = '\0';
	mp_expand(text, lookup, NULL, &buf);
	assert(!buf.is_cut && strcmp(buf.text, expanded) == 0);

	char *escaped = escape(expanded);

	assert(strcmp(mp_expand_dup(escaped, lookup, NULL, &arena), expanded) == 0);
	free(escaped);
	free(buf.text);
	free(text);
	mp_arena_done(&arena);
	return 0;
}
