/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/string_set.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* FNV-1a, 64 bit: public domain by its authors; good enough for names. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

/* The slot that holds @text, or the free one where it belongs. */
static size_t slot_of(const char *const *slots, size_t size, const char *text)
{
	size_t i = (size_t)hash(text) & (size - 1);

	while (slots[i] && strcmp(slots[i], text) != 0)
		i = (i + 1) & (size - 1);
	return i;
}

static int grow(struct mp_string_set *set, struct mp_arena *arena)
{
	const size_t size = set->size > 0 ? set->size * 2 : 16;
	const char **slots = mp_arena_alloc(arena, size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++) {
		if (set->slots[i])
			slots[slot_of(slots, size, set->slots[i])] = set->slots[i];
	}
	set->slots = slots;
	set->size = size;
	return 0;
}

int mp_string_set_add(struct mp_string_set *set, struct mp_arena *arena, const char *text,
		      bool *ret_is_new)
{
	if ((set->n + 1) * 2 > set->size) {
		const int r = grow(set, arena);

		if (r < 0)
			return r;
	}

	const size_t i = slot_of(set->slots, set->size, text);

	*ret_is_new = !set->slots[i];
	if (*ret_is_new) {
		set->slots[i] = text;
		set->n++;
	}
	return 0;
}

bool mp_string_set_has(const struct mp_string_set *set, const char *text)
{
	return set->size > 0 && set->slots[slot_of(set->slots, set->size, text)];
}
