/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoding engine: walks an object in the order of the text, finds each member's row and
 * lets the row's codec read it. Errors are collected, never fatal, so that one run names all of
 * them; a value that was refused is left at zero, and nothing looks at it because a manifest
 * with errors is not defaulted or validated.
 */
#include "runtime/manifest_fields.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
#define NAMES_MAX      64 /* rows of the largest table, for "did you mean" */
#define EXCERPT_MAX    80 /* bytes of a value shown in a message */

void *mp_decode_alloc(struct mp_decoder *d, size_t count, size_t size)
{
	void *p = mp_arena_alloc(&d->m->arena, count, size);

	if (!p)
		d->is_out_of_memory = true;
	return p;
}

void mp_path_text(const struct mp_step *at, struct mp_buf *buf)
{
	if (!at)
		return;
	mp_path_text(at->up, buf);
	if (!at->name)
		mp_buf_addf(buf, "[%zu]", at->index);
	else if (at->is_key)
		mp_buf_addf(buf, "[%s]", at->name);
	else
		mp_buf_addf(buf, "%s%s", at->up ? "." : "", at->name);
}

static void add_line(struct mp_decoder *d, struct mp_lines *lines, const char *text)
{
	struct mp_line *line = mp_decode_alloc(d, 1, sizeof(*line));
	char *copy = mp_arena_strdup(&d->m->arena, text);

	if (!line || !copy) {
		d->is_out_of_memory = true;
		return;
	}
	/* Keys and file names are the user's: nothing in them may drive a terminal. */
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	line->text = copy;
	if (lines->last)
		lines->last->next = line;
	else
		lines->first = line;
	lines->last = line;
	lines->n++;
}

__attribute__((format(printf, 5, 0))) static void add_at(struct mp_decoder *d,
							 struct mp_lines *lines,
							 struct mp_place place, const char *word,
							 const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES];
	char detail[LINE_MAX_BYTES / 2];
	struct mp_buf buf = MP_BUF(text);

	mp_buf_addf(&buf, "%s:%u:%u: %s", d->file, place.line, place.column, word);
	if (d->at) {
		mp_path_text(d->at, &buf);
		mp_buf_adds(&buf, ": ");
	}
	(void)vsnprintf(detail, sizeof(detail), fmt, ap);
	mp_buf_adds(&buf, detail);
	add_line(d, lines, text);
}

void mp_decode_error(struct mp_decoder *d, struct mp_place place, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_at(d, &d->m->errors, place, "", fmt, ap);
	va_end(ap);
}

void mp_decode_note(struct mp_decoder *d, struct mp_place place, const char *fmt, ...)
{
	va_list ap;

	if (d->is_restoring)
		return;
	va_start(ap, fmt);
	add_at(d, &d->m->notes, place, "note: ", fmt, ap);
	va_end(ap);
}

void mp_decode_warning(struct mp_decoder *d, struct mp_place place, const char *fmt, ...)
{
	va_list ap;

	if (d->is_restoring)
		return;
	va_start(ap, fmt);
	add_at(d, &d->m->warnings, place, "warning: ", fmt, ap);
	va_end(ap);
}

void mp_decode_plain_error(struct mp_decoder *d, const char *text)
{
	add_line(d, &d->m->errors, text);
}

/* What the user wrote, short enough for a message. */
static void excerpt(const struct mp_node *node, struct mp_buf *buf)
{
	const char *text = node->source ? node->source : node->text;
	size_t len;

	switch (node->kind) {
	case MP_NODE_STRING:
		len = node->text_len > EXCERPT_MAX ? EXCERPT_MAX : node->text_len;
		mp_buf_addq(buf, node->text, len);
		break;
	case MP_NODE_NULL:
	case MP_NODE_BOOL:
	case MP_NODE_NUMBER:
		len = strlen(text);
		mp_buf_add(buf, text, len > EXCERPT_MAX ? EXCERPT_MAX : len);
		break;
	case MP_NODE_MAP:
		mp_buf_adds(buf, node->count ? "{...}" : "{}");
		break;
	case MP_NODE_LIST:
		mp_buf_adds(buf, node->count ? "[...]" : "[]");
		break;
	}
}

static const char *kind_with_article(enum mp_node_kind kind)
{
	switch (kind) {
	case MP_NODE_NULL:
		return "null";
	case MP_NODE_BOOL:
		return "a boolean";
	case MP_NODE_NUMBER:
		return "a number";
	case MP_NODE_STRING:
		return "a string";
	case MP_NODE_MAP:
		return "an object";
	case MP_NODE_LIST:
		return "a list";
	}
	return "something else";
}

void mp_decode_expect(struct mp_decoder *d, const struct mp_node *node, const char *expects)
{
	char value[4 * EXCERPT_MAX + 16];
	struct mp_buf buf = MP_BUF(value);
	bool is_plain = node->kind == MP_NODE_BOOL || node->kind == MP_NODE_NUMBER;
	bool wants_string = strstr(expects, "a string") != NULL;

	excerpt(node, &buf);
	if (is_plain && mp_streq(expects, "a string"))
		mp_decode_error(d, mp_node_place(node),
				"Invalid value: %s: must be %s, not %s: put it in quotes: \"%s\"",
				value, expects, kind_with_article(node->kind), value);
	else if (node->kind == MP_NODE_STRING && !wants_string && node->text_len > 0 &&
		 (strspn(node->text, "0123456789") == node->text_len ||
		  mp_streq(node->text, "true") || mp_streq(node->text, "false")))
		mp_decode_error(d, mp_node_place(node),
				"Invalid value: %s: must be %s, not a string: remove the quotes",
				value, expects);
	else
		mp_decode_error(d, mp_node_place(node), "Invalid value: %s: must be %s, not %s",
				value, expects, kind_with_article(node->kind));
}

const struct mp_field *mp_field_find(const struct mp_type *type, const char *name)
{
	size_t low = 0, high = type->n_fields;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, type->fields[middle].name);

		if (order == 0)
			return &type->fields[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void refuse_unknown(struct mp_decoder *d, const struct mp_type *type,
			   const struct mp_entry *entry)
{
	const char *names[NAMES_MAX];
	const char *near;
	char quoted[4 * EXCERPT_MAX + 16];
	struct mp_buf buf = MP_BUF(quoted);
	size_t len = strlen(entry->key);

	assert(type->n_fields <= NAMES_MAX);
	for (size_t i = 0; i < type->n_fields; i++)
		names[i] = type->fields[i].name;
	mp_buf_addq(&buf, entry->key, len > EXCERPT_MAX ? EXCERPT_MAX : len);
	near = len > EXCERPT_MAX ? NULL : mp_closest(entry->key, names, type->n_fields);
	if (near)
		mp_decode_error(d, (struct mp_place){ entry->line, entry->column },
				"unknown field %s, did you mean \"%s\"?", quoted, near);
	else
		mp_decode_error(d, (struct mp_place){ entry->line, entry->column },
				"unknown field %s in %s", quoted, type->name);
}

/* A list or object without anything in it has no effect in a cluster either. */
static bool says_something(const struct mp_node *node)
{
	return (node->kind != MP_NODE_MAP && node->kind != MP_NODE_LIST) || node->count > 0;
}

static void decode_field(struct mp_decoder *d, const struct mp_field *f,
			 const struct mp_entry *entry, void *object)
{
	struct mp_place key = { entry->line, entry->column };

	switch (f->support) {
	case MP_SUPPORT_REFUSED:
		/* An empty list is none; an empty object is a choice ("emptyDir: {}"). */
		if (entry->value->kind != MP_NODE_LIST || entry->value->count > 0)
			mp_decode_error(d, key, "Forbidden: %s", f->note);
		return;
	case MP_SUPPORT_OURS:
		if (!d->is_restoring) {
			mp_decode_note(d, key, "%s", f->note);
			return;
		}
		break;
	case MP_SUPPORT_HARMLESS:
		if (says_something(entry->value))
			mp_decode_note(d, key, "%s", f->note);
		break;
	case MP_SUPPORT_DONE:
	case MP_SUPPORT_PARTLY:
	case MP_SUPPORT_LATER:
		break;
	}
	f->codec->decode(d, f, entry->value, object);
	if (f->flag)
		*(bool *)((char *)object + f->flag - 1) = true;
}

void mp_decode_object(struct mp_decoder *d, const struct mp_type *type, const struct mp_node *node,
		      void *object)
{
	const struct mp_step *up = d->at;

	if (node->kind != MP_NODE_MAP) {
		mp_decode_expect(d, node, "an object");
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct mp_entry *entry = &node->entries[i];
		const struct mp_field *f = mp_field_find(type, entry->key);
		struct mp_step step = { .up = up, .name = entry->key };

		d->at = &step;
		if (!f)
			refuse_unknown(d, type, entry);
		else if (entry->value->kind != MP_NODE_NULL)
			decode_field(d, f, entry, object);
		d->at = up;
	}
}

void mp_encode_object(struct mp_json *w, const struct mp_type *type, const void *object)
{
	mp_json_object_begin(w);
	for (size_t i = 0; i < type->n_fields; i++)
		type->fields[i].codec->encode(w, &type->fields[i], object);
	mp_json_object_end(w);
}
