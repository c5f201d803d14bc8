/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream of events, three spellings. YAML is block style with JSON's double-quoted strings
 * where a plain one would be read as something else, and literal blocks for texts of several
 * lines. An empty object or list can only be told from others at its end or its first member,
 * so what opens one is written then.
 */
#include "runtime/base/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/scalar.h"
#include "runtime/base/utf8.h"
#include "runtime/base/yaml_text.h"

static const char spaces[] = "                                                                ";

void mp_json_init(struct mp_json *w, enum mp_json_style style)
{
	*w = (struct mp_json){ .style = style };
}

void mp_json_init_fixed(struct mp_json *w, enum mp_json_style style, char *storage, size_t size)
{
	assert(size > 0);
	*w = (struct mp_json){ .text = storage, .size = size, .style = style, .is_fixed = true };
}

void mp_json_done(struct mp_json *w)
{
	if (!w)
		return;
	if (!w->is_fixed)
		free(w->text);
	w->text = NULL;
	w->size = 0;
	w->len = 0;
}

void mp_json_reset(struct mp_json *w)
{
	w->len = 0;
	w->failed = 0;
	w->depth = 0;
	w->has_key = false;
	w->has_root = false;
	w->is_finished = false;
}

/* Room for @n more bytes and the final NUL. */
static bool reserve(struct mp_json *w, size_t n)
{
	if (w->failed < 0)
		return false;
	if (n < w->size - w->len && w->size > 0)
		return true;
	if (w->is_fixed) {
		w->failed = -ENOBUFS;
		return false;
	}

	size_t size = w->size ? w->size : 1024;

	while (size - w->len <= n && size <= SIZE_MAX / 2)
		size *= 2;

	char *text = size - w->len > n ? realloc(w->text, size) : NULL;

	if (!text) {
		w->failed = -ENOMEM;
		return false;
	}
	w->text = text;
	w->size = size;
	return true;
}

static void add(struct mp_json *w, const char *text, size_t n)
{
	if (!reserve(w, n))
		return;
	memcpy(w->text + w->len, text, n);
	w->len += n;
}

static void adds(struct mp_json *w, const char *text)
{
	add(w, text, strlen(text));
}

static void new_line(struct mp_json *w, size_t indent)
{
	add(w, "\n", 1);
	while (indent > 0) {
		const size_t n = indent < sizeof(spaces) - 1 ? indent : sizeof(spaces) - 1;

		add(w, spaces, n);
		indent -= n;
	}
}

/* ---- strings ----------------------------------------------------------------------------- */

/*
 * How the character of @n bytes at @s is written when it cannot stand as it is; "" when it can.
 * YAML refuses more characters than JSON. U+2028 and U+2029 end lines in some readers of JSON, so
 * Go escapes them, and so do we.
 */
static void escape(const unsigned char *s, size_t n, bool is_yaml, char ret[8])
{
	static const char plain[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
	const char *known = n == 1 && s[0] != 0 ? strchr(plain, s[0]) : NULL;
	const bool is_bad =
		is_yaml ? !mp_utf8_is_shown(s, n) :
			  s[0] < 0x20U || s[0] == 0x7fU || mp_utf8_is_line_separator(s, n);
	unsigned int rune = s[0];

	ret[0] = '\0';
	if (n == 2)
		rune = (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
	else if (n == 3)
		rune = (s[0] & 0x0fU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);
	if (n == 0)
		memcpy(ret, "\xef\xbf\xbd", 4);
	else if (known)
		(void)snprintf(ret, 8, "\\%c", letters[known - plain]);
	else if (is_bad && n < 4)
		(void)snprintf(ret, 8, "\\u%04x", rune & 0xffffU);
}

static void add_quoted(struct mp_json *w, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t from = 0;

	add(w, "\"", 1);
	for (size_t i = 0; i < len;) {
		const size_t n = mp_utf8_length(s + i, len - i);
		char escaped[8];

		escape(s + i, n, w->style == MP_JSON_YAML, escaped);
		if (escaped[0]) {
			add(w, text + from, i - from);
			adds(w, escaped);
			from = i + (n ? n : 1);
		}
		i += n ? n : 1;
	}
	add(w, text + from, len - from);
	add(w, "\"", 1);
}

/* @text has at least one line break; the one after its last line is the next thing's. */
static void add_block(struct mp_json *w, const char *text, size_t len, size_t indent)
{
	const bool ends = text[len - 1] == '\n';

	adds(w, !ends ? "|-" : len > 1 && text[len - 2] == '\n' ? "|+" : "|");
	if (ends)
		len--;
	for (size_t i = 0; i <= len;) {
		const char *end = memchr(text + i, '\n', len - i);
		const size_t n = end ? (size_t)(end - text) - i : len - i;

		new_line(w, n > 0 ? indent : 0);
		add(w, text + i, n);
		i += n + 1;
	}
}

static void add_string(struct mp_json *w, const char *text, size_t len)
{
	const size_t indent = w->depth > 0 ? w->levels[w->depth - 1].indent : 0;

	if (w->style == MP_JSON_YAML && mp_yaml_is_block(text, len))
		add_block(w, text, len, indent + 2);
	else if (w->style == MP_JSON_YAML && mp_yaml_is_plain(text, len))
		add(w, text, len);
	else
		add_quoted(w, text, len);
}

/* ---- structure --------------------------------------------------------------------------- */

/* What stands before a member of the innermost object or list: comma, line break, dash. */
static void begin_member(struct mp_json *w)
{
	const bool is_first = w->levels[w->depth - 1].is_empty;
	const size_t indent = w->levels[w->depth - 1].indent;

	w->levels[w->depth - 1].is_empty = false;
	switch (w->style) {
	case MP_JSON_COMPACT:
		if (!is_first)
			add(w, ",", 1);
		break;
	case MP_JSON_INDENTED:
		if (!is_first)
			add(w, ",", 1);
		new_line(w, (size_t)w->depth * 4);
		break;
	case MP_JSON_YAML:
		if (!is_first || !w->levels[w->depth - 1].is_inline)
			new_line(w, indent);
		if (w->levels[w->depth - 1].is_list)
			add(w, "- ", 2);
		break;
	}
}

/* Everything before a value. In YAML "key:" is followed by a blank only if a value is. */
static void begin_value(struct mp_json *w, bool is_container)
{
	if (w->depth == 0) {
		assert(!w->has_root);
		w->has_root = true;
		return;
	}

	const bool is_list = w->levels[w->depth - 1].is_list;

	assert(is_list || w->has_key);
	if (is_list)
		begin_member(w);
	else if (w->style == MP_JSON_YAML && !is_container)
		add(w, " ", 1);
	w->has_key = false;
}

static void begin_container(struct mp_json *w, bool is_list)
{
	unsigned int indent = 0;
	bool is_inline = true;

	assert(w->depth < MP_JSON_DEPTH_MAX);
	begin_value(w, true);
	if (w->depth > 0) {
		const bool in_list = w->levels[w->depth - 1].is_list;

		/* A list's dashes stand under the key they belong to. */
		indent = w->levels[w->depth - 1].indent + (in_list || !is_list ? 2 : 0);
		is_inline = in_list;
	}
	w->levels[w->depth].is_list = is_list;
	w->levels[w->depth].is_empty = true;
	w->levels[w->depth].is_inline = is_inline;
	w->levels[w->depth].indent = indent;
	w->depth++;
	if (w->style != MP_JSON_YAML)
		add(w, is_list ? "[" : "{", 1);
}

static void end_container(struct mp_json *w, bool is_list)
{
	assert(w->depth > 0 && w->levels[w->depth - 1].is_list == is_list && !w->has_key);

	const bool is_empty = w->levels[w->depth - 1].is_empty;
	const bool is_inline = w->levels[w->depth - 1].is_inline;

	w->depth--;
	switch (w->style) {
	case MP_JSON_INDENTED:
		if (!is_empty)
			new_line(w, (size_t)w->depth * 4);
		add(w, is_list ? "]" : "}", 1);
		break;
	case MP_JSON_COMPACT:
		add(w, is_list ? "]" : "}", 1);
		break;
	case MP_JSON_YAML:
		if (is_empty && !is_inline)
			add(w, " ", 1);
		if (is_empty)
			adds(w, is_list ? "[]" : "{}");
		break;
	}
}

void mp_json_object_begin(struct mp_json *w)
{
	begin_container(w, false);
}

void mp_json_object_end(struct mp_json *w)
{
	end_container(w, false);
}

void mp_json_list_begin(struct mp_json *w)
{
	begin_container(w, true);
}

void mp_json_list_end(struct mp_json *w)
{
	end_container(w, true);
}

void mp_json_key(struct mp_json *w, const char *key)
{
	const size_t len = strlen(key);

	assert(w->depth > 0 && !w->levels[w->depth - 1].is_list && !w->has_key);
	begin_member(w);
	if (w->style == MP_JSON_YAML && mp_yaml_is_plain(key, len))
		add(w, key, len);
	else
		add_quoted(w, key, len);
	adds(w, w->style == MP_JSON_INDENTED ? ": " : ":");
	w->has_key = true;
}

/* ---- values ------------------------------------------------------------------------------ */

void mp_json_raw(struct mp_json *w, const char *text, size_t len)
{
	begin_value(w, false);
	add(w, text, len);
}

void mp_json_string_len(struct mp_json *w, const char *text, size_t len)
{
	begin_value(w, false);
	add_string(w, text, len);
}

void mp_json_string(struct mp_json *w, const char *text)
{
	if (text)
		mp_json_string_len(w, text, strlen(text));
	else
		mp_json_null(w);
}

void mp_json_stringf(struct mp_json *w, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mp_json_string(w, text);
}

void mp_json_int(struct mp_json *w, int64_t value)
{
	char text[24];
	const int n = snprintf(text, sizeof(text), "%" PRId64, value);

	mp_json_raw(w, text, (size_t)n);
}

void mp_json_uint(struct mp_json *w, uint64_t value)
{
	char text[24];
	const int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	mp_json_raw(w, text, (size_t)n);
}

void mp_json_double(struct mp_json *w, double value)
{
	char text[MP_SCALAR_TEXT_MAX];

	if (!isfinite(value)) {
		mp_json_null(w);
		return;
	}
	mp_double_text(value, text);
	mp_json_raw(w, text, strlen(text));
}

void mp_json_bool(struct mp_json *w, bool value)
{
	mp_json_raw(w, value ? "true" : "false", value ? 4 : 5);
}

void mp_json_null(struct mp_json *w)
{
	mp_json_raw(w, "null", 4);
}

/* Recurses as deep as the document is nested: MP_DOCUMENT_DEPTH_MAX at most. */
void mp_json_node(struct mp_json *w, const struct mp_node *node)
{
	switch (node->kind) {
	case MP_NODE_NULL:
	case MP_NODE_BOOL:
	case MP_NODE_NUMBER:
		mp_json_raw(w, node->text, node->text_len);
		break;
	case MP_NODE_STRING:
		mp_json_string_len(w, node->text, node->text_len);
		break;
	case MP_NODE_MAP:
		mp_json_object_begin(w);
		for (size_t i = 0; i < node->count; i++) {
			mp_json_key(w, node->entries[i].key);
			mp_json_node(w, node->entries[i].value);
		}
		mp_json_object_end(w);
		break;
	case MP_NODE_LIST:
		mp_json_list_begin(w);
		for (size_t i = 0; i < node->count; i++)
			mp_json_node(w, node->items[i]);
		mp_json_list_end(w);
		break;
	}
}

void mp_json_put_string(struct mp_json *w, const char *key, const char *text)
{
	mp_json_key(w, key);
	mp_json_string(w, text);
}

void mp_json_put_int(struct mp_json *w, const char *key, int64_t value)
{
	mp_json_key(w, key);
	mp_json_int(w, value);
}

void mp_json_put_bool(struct mp_json *w, const char *key, bool value)
{
	mp_json_key(w, key);
	mp_json_bool(w, value);
}

void mp_json_put_object(struct mp_json *w, const char *key)
{
	mp_json_key(w, key);
	mp_json_object_begin(w);
}

void mp_json_put_list(struct mp_json *w, const char *key)
{
	mp_json_key(w, key);
	mp_json_list_begin(w);
}

const char *mp_json_finish(struct mp_json *w, size_t *ret_len, int *ret_error)
{
	assert(w->depth == 0 && w->has_root && !w->has_key);
	if (w->style != MP_JSON_COMPACT && w->len > 0 && !w->is_finished)
		add(w, "\n", 1);
	w->is_finished = true;
	if (!reserve(w, 0)) {
		if (ret_error)
			*ret_error = w->failed;
		return NULL;
	}
	w->text[w->len] = '\0';
	if (ret_len)
		*ret_len = w->len;
	return w->text;
}
