/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is checked about a document's bytes before a parser sees them: encoding, control
 * characters, and for JSON where each value ends and whether brackets match. For document.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"

/** struct mp_place - a position in a text, both from 1; columns count characters. */
struct mp_place {
	uint32_t line, column;
};

/** mp_scan_advance() - @place is that of byte @from; make it that of byte @to, not before it. */
void mp_scan_advance(struct mp_place *place, const char *text, size_t from, size_t to);

/**
 * mp_scan_encoding() - strict UTF-8, no NUL, no control characters but tab, CR and LF.
 *
 * Return: 0 or -EINVAL with "NAME:LINE:COLUMN: …".
 */
int mp_scan_encoding(const char *name, const char *text, size_t len, struct mp_error *err);

/**
 * mp_scan_json() - the end of the JSON value that begins at @start, which is not blank.
 * @ret_end: the byte after it; for a value that is no object or array, @len.
 *
 * Strings are skipped, brackets must match and be closed, and not be too deep; everything else
 * is left to the parser.
 *
 * Return: 0 or -EINVAL with a position.
 */
int mp_scan_json(const char *name, const char *text, size_t len, size_t start, size_t *ret_end,
		 struct mp_error *err);

/**
 * mp_scan_yaml() - refuse text from @start on that would make a YAML parser keep millions of tokens.
 *
 * A flow collection may turn out to be a key, so a parser keeps its tokens to the end of the line
 * or longer. This counts brackets and commas without understanding quotes, so its limits are far
 * beyond what a manifest, or a script inside one, can need.
 *
 * Return: 0 or -EINVAL with a position.
 */
int mp_scan_yaml(const char *name, const char *text, size_t len, size_t start,
		 struct mp_error *err);

/** mp_scan_blank() - the first byte at or after @at that is not JSON white space, or @len. */
size_t mp_scan_blank(const char *text, size_t len, size_t at);
