/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/document_scan.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

#include "runtime/base/document.h"
#include "runtime/base/utf8.h"

void mp_scan_advance(struct mp_place *place, const char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const unsigned char c = (unsigned char)text[i];

		/* A lone CR ends a line too, as YAML has it. */
		if (c == '\n' || (c == '\r' && (i + 1 == to || text[i + 1] != '\n'))) {
			place->line++;
			place->column = 1;
		} else if ((c & 0xc0U) != 0x80U) {
			place->column++;
		}
	}
}

static struct mp_place place_of(const char *text, size_t at)
{
	struct mp_place place = { 1, 1 };

	mp_scan_advance(&place, text, 0, at);
	return place;
}

static int fail_at(struct mp_error *err, const char *name, const char *text, size_t at,
		   const char *what)
{
	const struct mp_place place = place_of(text, at);

	return mp_fail_text(err, EINVAL, "%s:%u:%u: %s", name, place.line, place.column, what);
}

int mp_scan_encoding(const char *name, const char *text, size_t len, struct mp_error *err)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		const size_t n = mp_utf8_length(s + i, len - i);

		if (n == 0)
			return fail_at(err, name, text, i, "not valid UTF-8");
		if (s[i] < 0x20U && s[i] != '\t' && s[i] != '\n' && s[i] != '\r')
			return fail_at(err, name, text, i,
				       s[i] == 0 ? "NUL character in the text" :
						   "control character in the text");
		i += n;
	}
	return 0;
}

size_t mp_scan_blank(const char *text, size_t len, size_t at)
{
	while (at < len &&
	       (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
		at++;
	return at;
}

#define YAML_OPEN_MAX 100000 /* brackets that are never closed, in all */
#define YAML_LINE_MAX 300000 /* brackets and commas in one line */

int mp_scan_yaml(const char *name, const char *text, size_t len, size_t start, struct mp_error *err)
{
	size_t in_line = 0, open = 0;

	for (size_t i = start; i < len; i++) {
		switch (text[i]) {
		case '\n':
			in_line = 0;
			break;
		case '[':
		case '{':
			in_line++;
			if (++open > YAML_OPEN_MAX)
				return fail_at(err, name, text, i,
					       "more than 100000 brackets are not closed");
			break;
		case ']':
		case '}':
			in_line++;
			open -= open > 0 ? 1 : 0;
			break;
		case ',':
			in_line++;
			break;
		default:
			break;
		}
		if (in_line > YAML_LINE_MAX)
			return fail_at(err, name, text, i,
				       "more than 300000 brackets and commas in one line");
	}
	return 0;
}

/* The byte after the string that begins at @at, or 0 when it has no end. */
static size_t skip_string(const char *text, size_t len, size_t at)
{
	for (at++; at < len; at++) {
		if (text[at] == '"')
			return at + 1;
		if (text[at] == '\\')
			at++;
	}
	return 0;
}

int mp_scan_json(const char *name, const char *text, size_t len, size_t start, size_t *ret_end,
		 struct mp_error *err)
{
	size_t open[MP_DOCUMENT_DEPTH_MAX];
	size_t depth = 0;

	if (text[start] != '{' && text[start] != '[') {
		*ret_end = len;
		return 0;
	}
	for (size_t at = start; at < len;) {
		const char c = text[at];

		if (c == '"') {
			const size_t end = skip_string(text, len, at);

			if (end == 0)
				return fail_at(err, name, text, at,
					       "this string has no closing quote");
			at = end;
			continue;
		}
		if (c == '{' || c == '[') {
			if (depth == MP_DOCUMENT_DEPTH_MAX)
				return fail_at(err, name, text, at,
					       "nested too deeply: more than "
					       "48 objects and arrays");
			open[depth++] = at;
		} else if (c == '}' || c == ']') {
			assert(depth > 0); /* the first bracket opens, the last one returns */

			const size_t last = open[--depth];

			if ((c == '}') != (text[last] == '{')) {
				const struct mp_place here = place_of(text, at);
				const struct mp_place there = place_of(text, last);

				return mp_fail_text(err, EINVAL,
						    "%s:%u:%u: '%c' does not close the '%c' of "
						    "line %u, column %u",
						    name, here.line, here.column, c, text[last],
						    there.line, there.column);
			}
			if (depth == 0) {
				*ret_end = at + 1;
				return 0;
			}
		}
		at++;
	}
	assert(depth > 0);
	return fail_at(err, name, text, open[depth - 1],
		       text[open[depth - 1]] == '{' ? "this '{' is never closed" :
						      "this '[' is never closed");
}
_Static_assert(MP_DOCUMENT_DEPTH_MAX == 48, "the message above names the limit");
