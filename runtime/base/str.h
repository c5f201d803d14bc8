/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings without surprises: an arena that owns everything loaded from a manifest, a text
 * buffer over caller's storage that never overflows, and small comparisons.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct mp_arena - memory that is released all at once. Zero-initialise; mp_arena_done()
 * frees. Not thread safe. What it hands out is zeroed and aligned for any type.
 */
struct mp_arena {
	struct mp_arena_block *head; /* owned */
	size_t used_total;           /* bytes handed out so far */
};

/**
 * mp_arena_alloc() - @count * @size zeroed bytes.
 *
 * Return: memory owned by the arena, or NULL when out of memory or on overflow. A count of 0
 * returns a valid pointer to nothing.
 */
void *mp_arena_alloc(struct mp_arena *arena, size_t count, size_t size);

/** mp_arena_dup() - NUL-terminated copy of the @len bytes at @text; NULL when out of memory. */
char *mp_arena_dup(struct mp_arena *arena, const char *text, size_t len);

/** mp_arena_strdup() - NUL-terminated copy of @text; NULL in, NULL out. */
char *mp_arena_strdup(struct mp_arena *arena, const char *text);

/** mp_arena_printf() - formatted copy; NULL when out of memory. */
char *mp_arena_printf(struct mp_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** mp_arena_done() - release everything; may be called again, and on NULL. */
void mp_arena_done(struct mp_arena *arena);

/**
 * struct mp_buf - text appended to caller's storage. Always NUL-terminated; what does not fit
 * is dropped and remembered in @is_cut. Use MP_BUF() on a char array.
 */
struct mp_buf {
	char *text;  /* borrowed */
	size_t size; /* bytes of storage, at least 1 */
	size_t len;  /* bytes used, without the NUL */
	bool is_cut;
};

#define MP_BUF(array) ((struct mp_buf){ .text = (array), .size = sizeof(array) })

/** mp_buf_add() - append @len raw bytes. */
void mp_buf_add(struct mp_buf *buf, const char *text, size_t len);

/** mp_buf_adds() - append a string. */
void mp_buf_adds(struct mp_buf *buf, const char *text);

/** mp_buf_addf() - append formatted text. */
void mp_buf_addf(struct mp_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * mp_buf_addq() - append @len bytes quoted as Go's %q does: double quotes, \" \\ \n \t \r \a \b
 * \f \v, \xNN for invalid UTF-8 bytes and ASCII controls, \uNNNN for other non-printables.
 */
void mp_buf_addq(struct mp_buf *buf, const char *text, size_t len);

/** mp_streq() - both NULL, or equal strings. */
bool mp_streq(const char *a, const char *b);

/** mp_is_empty() - absent or "". */
static inline bool mp_is_empty(const char *text)
{
	return !text || *text == '\0';
}

/** mp_or_empty() - the string, never NULL. */
static inline const char *mp_or_empty(const char *text)
{
	return text ? text : "";
}

/** mp_starts_with() - @text begins with @prefix. */
bool mp_starts_with(const char *text, const char *prefix);

/** mp_ends_with() - @text ends with @suffix. */
bool mp_ends_with(const char *text, const char *suffix);

/**
 * mp_closest() - the candidate with the smallest edit distance to @word, for "did you mean".
 * @words: @n candidates; NULL entries are skipped.
 *
 * Return: a borrowed pointer out of @words, or NULL when none is near (distance above a third
 * of the word, at least 1). Case differences alone always count as near.
 */
const char *mp_closest(const char *word, const char *const *words, size_t n);
