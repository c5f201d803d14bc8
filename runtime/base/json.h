/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing documents: a stream of begin/key/value/end calls becomes compact JSON, indented JSON
 * or YAML. Errors are kept until mp_json_finish(), so that callers write straight on.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/document.h"

#define MP_JSON_DEPTH_MAX 64

enum mp_json_style {
	MP_JSON_COMPACT,  /* one line, no blanks, no newline at the end */
	MP_JSON_INDENTED, /* kubectl's -o json: four spaces, newline at the end */
	MP_JSON_YAML, /* kubectl's -o yaml: two spaces, lists not indented, newline at the end */
};

/** struct mp_json - a writer. Fields are private; initialise with mp_json_init*(). */
struct mp_json {
	char *text;
	size_t len, size;
	enum mp_json_style style;
	bool is_fixed;    /* @text is the caller's and does not grow */
	bool has_key;     /* a key was written, its value is due */
	bool has_root;    /* the one top-level value was begun */
	bool is_finished; /* the last newline is there */
	int failed;       /* first error, negative errno */
	unsigned int depth;
	struct {
		bool is_list;
		bool is_empty;
		bool is_inline;      /* YAML: its first member goes on the line of its dash */
		unsigned int indent; /* YAML: column of its members */
	} levels[MP_JSON_DEPTH_MAX];
};

/** mp_json_init() - a writer whose buffer grows; release with mp_json_done(). */
void mp_json_init(struct mp_json *w, enum mp_json_style style);

/**
 * mp_json_init_fixed() - a writer into caller's storage of @size bytes, at least 1; it never
 * allocates. Text that does not fit makes mp_json_finish() fail with -ENOBUFS.
 */
void mp_json_init_fixed(struct mp_json *w, enum mp_json_style style, char *storage, size_t size);

/** mp_json_done() - free the buffer; may be called again, and on NULL. */
void mp_json_done(struct mp_json *w);

/** mp_json_reset() - start a new document in the same buffer. */
void mp_json_reset(struct mp_json *w);

void mp_json_object_begin(struct mp_json *w);
void mp_json_object_end(struct mp_json *w);
void mp_json_list_begin(struct mp_json *w);
void mp_json_list_end(struct mp_json *w);

/** mp_json_key() - the name of the next value; only directly inside an object. */
void mp_json_key(struct mp_json *w, const char *key);

/** mp_json_string() - NULL writes null. Bytes that are not UTF-8 become U+FFFD. */
void mp_json_string(struct mp_json *w, const char *text);

/** mp_json_string_len() - @len bytes, which may contain NUL. */
void mp_json_string_len(struct mp_json *w, const char *text, size_t len);

/** mp_json_stringf() - a formatted string, cut at 4096 bytes. */
void mp_json_stringf(struct mp_json *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void mp_json_int(struct mp_json *w, int64_t value);
void mp_json_uint(struct mp_json *w, uint64_t value);

/** mp_json_double() - shortest text that reads back the same; not finite writes null. */
void mp_json_double(struct mp_json *w, double value);

void mp_json_bool(struct mp_json *w, bool value);
void mp_json_null(struct mp_json *w);

/** mp_json_raw() - @text is one finished JSON value without newlines, trusted as it is. */
void mp_json_raw(struct mp_json *w, const char *text, size_t len);

/** mp_json_node() - a parsed tree, in its own order; numbers keep their text. */
void mp_json_node(struct mp_json *w, const struct mp_node *node);

/* One member of an object: the key, then its value. */
void mp_json_put_string(struct mp_json *w, const char *key, const char *text);
void mp_json_put_int(struct mp_json *w, const char *key, int64_t value);
void mp_json_put_bool(struct mp_json *w, const char *key, bool value);
void mp_json_put_object(struct mp_json *w, const char *key); /* begins it */
void mp_json_put_list(struct mp_json *w, const char *key);   /* begins it */

/**
 * mp_json_finish() - the finished text.
 * @ret_len: may be NULL.
 *
 * Every begin must have met its end and exactly one value must stand at the top: asserted.
 *
 * Return: NUL-terminated text owned by the writer, good until the next call on it; NULL with
 * @ret_error (may be NULL) set to -ENOMEM or -ENOBUFS.
 */
const char *mp_json_finish(struct mp_json *w, size_t *ret_len, int *ret_error);
