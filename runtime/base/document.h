/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents: JSON or YAML bytes become a read-only tree whose nodes know where they stand in
 * the text. Scalars mean what kubectl would make of them. Writing documents is json.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

#define MP_DOCUMENT_BYTES_MAX ((size_t)4 * 1024 * 1024) /* longest input */
#define MP_DOCUMENT_DEPTH_MAX 48                        /* lists and maps inside one another */
#define MP_DOCUMENT_NODES_MAX 200000 /* nodes of one input, aliases counted as often as used */

enum mp_node_kind {
	MP_NODE_NULL,
	MP_NODE_BOOL,
	MP_NODE_NUMBER,
	MP_NODE_STRING,
	MP_NODE_MAP,
	MP_NODE_LIST,
};

enum mp_document_format {
	MP_DOCUMENT_AUTO, /* JSON when it begins with '[', or '{' and a '"' or '}', else YAML */
	MP_DOCUMENT_JSON,
	MP_DOCUMENT_YAML,
};

struct mp_entry;

/**
 * struct mp_node - one value of a document. Everything it points to lives in the arena.
 *
 * An alias (YAML) shares the node it stands for, so a node may be reached by several ways and
 * its position is that of the anchor.
 */
struct mp_node {
	enum mp_node_kind kind;
	uint32_t line, column; /* of its first byte, from 1; columns count characters */
	bool boolean;          /* MP_NODE_BOOL */
	bool is_integer;       /* MP_NODE_NUMBER: written without fraction and exponent */
	/*
	 * Scalars; NUL-terminated, never with a NUL inside. String: its value. Number: as JSON
	 * writes it ("420" for YAML's 0644). Bool, null: "true", "false", "null".
	 */
	const char *text;
	size_t text_len;
	const char *source; /* scalars: as written (a quoted string: its value, as in @text) */
	size_t count;       /* map: entries; list: items */
	union {
		const struct mp_entry *entries;     /* map, in the order of the text */
		const struct mp_node *const *items; /* list */
	};
};

/** struct mp_entry - one member of a map. */
struct mp_entry {
	const char *key;
	uint32_t line, column; /* of the key */
	const struct mp_node *value;
};

/** struct mp_document - every document of one input, in order. */
struct mp_document {
	const char *name; /* as given to mp_document_parse(); "pod.json" */
	const struct mp_node *const *roots;
	size_t count; /* at least 1 */
};

/**
 * mp_document_parse() - turn JSON or YAML text into trees.
 * @arena: owns the result. What a failed parse took stays taken.
 * @name:  what to call the input in messages ("pod.json", "standard input"); copied.
 * @bytes: @len bytes, borrowed until return. UTF-8, with or without a byte order mark.
 * @ret:   untouched on failure.
 * @err:   one sentence, "NAME:LINE:COLUMN: what", without a position where none makes sense.
 *
 * JSON is strict (RFC 8259); several values may follow one another. YAML is what kubectl reads:
 * YAML 1.1 scalars (yes/no/on/off are booleans, 0644 is octal), merge keys, aliases, documents
 * between "---"; empty documents are dropped, tags other than the core ones are refused. Both:
 * keys are strings and unique in their map, no NUL characters, the limits above.
 *
 * Return: 0; -EFBIG for too many bytes; -ENOMEM; -EINVAL for everything else.
 * Source: RFC 8259, YAML 1.1 and 1.2, sigs.k8s.io/yaml (goyaml.v2) for the meaning of scalars.
 */
int mp_document_parse(struct mp_arena *arena, const char *name, const char *bytes, size_t len,
		      enum mp_document_format format, struct mp_document *ret,
		      struct mp_error *err);

/** mp_node_get() - the value at @key, or NULL when @map is NULL, no map, or has no such key. */
const struct mp_node *mp_node_get(const struct mp_node *map, const char *key);

/** mp_node_get_entry() - as mp_node_get(), with the key's own position. */
const struct mp_entry *mp_node_get_entry(const struct mp_node *map, const char *key);

/**
 * mp_node_at_path() - follow a Kubernetes field path as far as it exists.
 * @path: "spec.containers[0].resources.limits[cpu]"; a bracket is an index into a list or a key
 *        of a map; a name before the first dot is looked up in @root. "" is @root itself.
 *
 * Return: the deepest node on the path, at least @root (NULL only for NULL). Meant to give a
 * message about a field a position, also when the field itself is missing.
 */
const struct mp_node *mp_node_at_path(const struct mp_node *root, const char *path);

/**
 * mp_node_int64() - a number without fraction and exponent that fits.
 *
 * Return: whether @ret was written.
 */
bool mp_node_int64(const struct mp_node *node, int64_t *ret);

/** mp_node_double() - the nearest double to any number; false when @node is none or overflows. */
bool mp_node_double(const struct mp_node *node, double *ret);

/** mp_node_kind_text() - "null", "bool", "number", "string", "object", "array". */
const char *mp_node_kind_text(enum mp_node_kind kind);
