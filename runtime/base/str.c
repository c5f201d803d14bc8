/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/str.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16384)

struct mp_arena_block {
	struct mp_arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

void *mp_arena_alloc(struct mp_arena *arena, size_t count, size_t size)
{
	const size_t align = alignof(max_align_t);
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + align - 1) / align * align;

	struct mp_arena_block *block = arena->head;

	if (!block || block->size - block->used < bytes) {
		const size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

		/* calloc: fresh pages from the kernel are zero already, so this is free. */
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->size = room;
		block->next = arena->head;
		arena->head = block;
	}

	void *p = block->bytes + block->used;

	block->used += bytes;
	arena->used_total += bytes;
	return p;
}

char *mp_arena_dup(struct mp_arena *arena, const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? mp_arena_alloc(arena, len + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *mp_arena_strdup(struct mp_arena *arena, const char *text)
{
	return text ? mp_arena_dup(arena, text, strlen(text)) : NULL;
}

char *mp_arena_printf(struct mp_arena *arena, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;

	char *text = mp_arena_alloc(arena, (size_t)n + 1, 1);

	if (!text)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

void mp_arena_done(struct mp_arena *arena)
{
	if (!arena)
		return;
	while (arena->head) {
		struct mp_arena_block *next = arena->head->next;

		free(arena->head);
		arena->head = next;
	}
	arena->used_total = 0;
}

void mp_buf_add(struct mp_buf *buf, const char *text, size_t len)
{
	const size_t room = buf->size - 1 - buf->len;

	if (len > room) {
		len = room;
		buf->is_cut = true;
	}
	if (len > 0)
		memcpy(buf->text + buf->len, text, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

void mp_buf_adds(struct mp_buf *buf, const char *text)
{
	mp_buf_add(buf, text, strlen(text));
}

void mp_buf_addf(struct mp_buf *buf, const char *fmt, ...)
{
	const size_t room = buf->size - buf->len;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(buf->text + buf->len, room, fmt, ap);
	va_end(ap);
	if (n < 0) {
		buf->text[buf->len] = '\0';
		return;
	}
	if ((size_t)n >= room) {
		buf->is_cut = true;
		buf->len = buf->size - 1;
	} else {
		buf->len += (size_t)n;
	}
}

/* Decodes one UTF-8 sequence; returns its length, or 0 when it is not valid. */
static size_t utf8_decode(const unsigned char *s, size_t len, uint32_t *ret_rune)
{
	if (s[0] < 0x80U) {
		*ret_rune = s[0];
		return 1;
	}

	size_t n = s[0] >= 0xf0U ? 4 : s[0] >= 0xe0U ? 3 : 2;
	static const uint32_t least[] = { 0, 0, 0x80U, 0x800U, 0x10000U };
	uint32_t rune = s[0] & (0x7fU >> n);

	if (s[0] < 0xc2U || s[0] > 0xf4U || n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0U) != 0x80U)
			return 0;
		rune = rune << 6 | (s[i] & 0x3fU);
	}
	if (rune < least[n] || rune > 0x10ffffU || (rune >= 0xd800U && rune <= 0xdfffU))
		return 0;
	*ret_rune = rune;
	return n;
}

/* Go's IsPrint, as far as it matters here: letters, marks, symbols and the ASCII space. */
static bool is_print(uint32_t rune)
{
	if (rune < 0x7fU)
		return rune >= 0x20U;
	if (rune < 0xa1U || rune == 0xadU)
		return false;
	if ((rune >= 0x2000U && rune <= 0x200fU) || (rune >= 0x2028U && rune <= 0x202fU) ||
	    (rune >= 0x205fU && rune <= 0x206fU))
		return false;
	if (rune == 0x1680U || rune == 0x3000U || rune == 0xfeffU)
		return false;
	return !(rune >= 0xe000U && rune <= 0xf8ffU) && rune < 0xf0000U;
}

void mp_buf_addq(struct mp_buf *buf, const char *text, size_t len)
{
	static const char plain[] = "\a\b\f\n\r\t\v\\\"";
	static const char letter[] = "abfnrtv\\\"";
	const unsigned char *s = (const unsigned char *)text;

	mp_buf_add(buf, "\"", 1);
	for (size_t i = 0; i < len;) {
		uint32_t rune = 0;
		size_t n = utf8_decode(s + i, len - i, &rune);
		const char *esc = n == 1 && rune != 0 ? strchr(plain, (int)rune) : NULL;

		if (n == 0) {
			mp_buf_addf(buf, "\\x%02x", s[i]);
			n = 1;
		} else if (esc) {
			mp_buf_addf(buf, "\\%c", letter[esc - plain]);
		} else if (is_print(rune)) {
			mp_buf_add(buf, text + i, n);
		} else if (rune < 0x80U) {
			mp_buf_addf(buf, "\\x%02x", (unsigned int)rune);
		} else if (rune < 0x10000U) {
			mp_buf_addf(buf, "\\u%04x", (unsigned int)rune);
		} else {
			mp_buf_addf(buf, "\\U%08x", (unsigned int)rune);
		}
		i += n;
	}
	mp_buf_add(buf, "\"", 1);
}

bool mp_streq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool mp_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool mp_ends_with(const char *text, const char *suffix)
{
	const size_t n = strlen(text), m = strlen(suffix);

	return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

#define WORD_MAX 64

/*
 * Edits between two words with case folded, two swapped neighbours being one edit (optimal
 * string alignment): that is how people mistype. Words longer than WORD_MAX never match.
 */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1]; /* this row and the two before it, by turns */
	const size_t n = strlen(a), m = strlen(b);

	if (n > WORD_MAX || m > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		const size_t *above2 = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			const bool same = lower(a[i - 1]) == lower(b[j - 1]);
			size_t best = above[j - 1] + (same ? 0 : 1);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && above2[j - 2] + 1 < best)
				best = above2[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[n % 3][m];
}

const char *mp_closest(const char *word, const char *const *words, size_t n)
{
	const size_t len = strlen(word);
	size_t best = len / 3 > 0 ? len / 3 + 1 : 2;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!words[i])
			continue;

		const size_t d = distance(word, words[i]);

		if (d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
