/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CRI log format: output bytes of a container to log entries, and back. Pure.
 * Source: pod-semantics reference section 13.2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define MP_CRI_LINE_MAX   16384 /* longer lines are split into P entries of this size */
#define MP_CRI_HEADER_MAX 64    /* "<timestamp> <stream> <tag> " never needs more */

enum mp_cri_stream { MP_CRI_STDOUT = 0, MP_CRI_STDERR };

/** struct mp_cri_splitter - the unfinished line of one stream. Zero-initialise. */
struct mp_cri_splitter {
	size_t len;
	char line[MP_CRI_LINE_MAX];
};

/** mp_cri_sink - receives one entry's content, without its newline. */
typedef void (*mp_cri_sink)(void *ctx, bool is_partial, const char *text, size_t len);

/**
 * mp_cri_feed() - split @bytes into entries: F for a finished line, P for each full 16384 bytes of
 * a longer one. What is left waits in @s.
 */
void mp_cri_feed(struct mp_cri_splitter *s, const char *bytes, size_t len, mp_cri_sink sink,
		 void *ctx);

/** mp_cri_finish() - the stream ended: what is left without newline becomes one P entry. */
void mp_cri_finish(struct mp_cri_splitter *s, mp_cri_sink sink, void *ctx);

/** mp_cri_header() - "<timestamp> <stdout|stderr> <P|F> ". Returns its length. */
size_t mp_cri_header(char buf[MP_CRI_HEADER_MAX], int64_t wall, enum mp_cri_stream stream,
		     bool is_partial);

/** struct mp_cri_entry - one parsed entry; @text is borrowed from the line. */
struct mp_cri_entry {
	const char *time; /* RFC 3339, @time_len bytes */
	size_t time_len;
	enum mp_cri_stream stream;
	bool is_partial;
	const char *text;
	size_t len;
};

/**
 * mp_cri_parse() - one line without its newline.
 *
 * Return: true, or false when the line is not in the format.
 */
bool mp_cri_parse(const char *line, size_t len, struct mp_cri_entry *ret);
