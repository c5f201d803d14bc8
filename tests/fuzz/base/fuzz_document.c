/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, read as JSON, as YAML and as what they look like. What is refused has a sentence of
 * one line; what is accepted can be written in every style, and reads back as the same values.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/document.h"
#include "runtime/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 forgets a flow stack on some errors; it is not ours to free. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\nleak:fy_";
}

static char *write_as(const struct mp_node *root, enum mp_json_style style, size_t *ret_len)
{
	struct mp_json w;

	mp_json_init(&w, style);
	mp_json_node(&w, root);

	const char *text = mp_json_finish(&w, ret_len, NULL);
	char *copy = malloc(*ret_len + 1);

	assert(text && copy);
	memcpy(copy, text, *ret_len + 1);
	mp_json_done(&w);
	return copy;
}

/* JSON's simple keys may be longer than YAML's 1024 characters: then YAML cannot hold them. */
static bool has_long_key(const struct mp_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		if (node->kind == MP_NODE_MAP &&
		    (strlen(node->entries[i].key) > 150 || has_long_key(node->entries[i].value)))
			return true;
		if (node->kind == MP_NODE_LIST && has_long_key(node->items[i]))
			return true;
	}
	return false;
}

static void check_round_trip(const struct mp_node *root, enum mp_json_style style,
			     const char *compact)
{
	struct mp_arena arena = { 0 };
	struct mp_document again;
	struct mp_error err = MP_ERROR_NONE;
	size_t len;
	char *text = write_as(root, style, &len);
	const enum mp_document_format format =
		style == MP_JSON_YAML ? MP_DOCUMENT_YAML : MP_DOCUMENT_JSON;

	/* Aliases written out may be too long to be read again. */
	if (len < MP_DOCUMENT_BYTES_MAX) {
		const int r = mp_document_parse(&arena, "again", text, len, format, &again, &err);

		if (r < 0 || again.count != 1)
			__builtin_trap();

		char *second = write_as(again.roots[0], MP_JSON_COMPACT, &len);

		/* A number beyond all doubles is a string in YAML; kubectl reads it so. */
		if (strcmp(second, compact) != 0 && style != MP_JSON_YAML)
			__builtin_trap();
		free(second);
	}
	free(text);
	mp_arena_done(&arena);
}

static void parse(const uint8_t *data, size_t size, enum mp_document_format format)
{
	struct mp_arena arena = { 0 };
	struct mp_document document;
	struct mp_error err = MP_ERROR_NONE;
	const int r = mp_document_parse(&arena, "fuzz", (const char *)data, size, format, &document,
					&err);

	if (r < 0) {
		assert(err.code == -r && strncmp(err.msg, "fuzz:", 5) == 0);
		assert(!strchr(err.msg, '\n'));
	}
	for (size_t i = 0; r >= 0 && i < document.count; i++) {
		const struct mp_node *root = document.roots[i];
		size_t len;
		char *compact = write_as(root, MP_JSON_COMPACT, &len);

		check_round_trip(root, MP_JSON_COMPACT, compact);
		check_round_trip(root, MP_JSON_INDENTED, compact);
		if (!has_long_key(root))
			check_round_trip(root, MP_JSON_YAML, compact);
		free(compact);
	}
	mp_arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size, MP_DOCUMENT_AUTO);
	parse(data, size, MP_DOCUMENT_JSON);
	parse(data, size, MP_DOCUMENT_YAML);
	return 0;
}
