/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field tables: one row for each field of the 1.36 Pod API. The decoder, the encoder and the
 * support page are all driven by them, so that no field can be known to one and not the others.
 * Rows are sorted by name: that is how they are found, and how kubectl prints objects.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/spec.h"
#include "runtime/base/auto.h"
#include "runtime/base/document.h"
#include "runtime/base/json.h"
#include "runtime/manifest.h"

/** enum mp_support - what minipod does with a field. */
enum mp_support {
	MP_SUPPORT_DONE = 0,
	MP_SUPPORT_HARMLESS, /* kept and shown again, has no effect: one note */
	MP_SUPPORT_OURS,     /* minipod sets it; read back only from its own pod.json */
	MP_SUPPORT_PARTLY,   /* mp_spec_refuse_later() refuses some of its values */
	MP_SUPPORT_LATER,    /* decoded and validated, then refused whatever its value */
	MP_SUPPORT_REFUSED,  /* an error as soon as it is written */
};

/** struct mp_step - one step of a field path; lives on the decoder's stack. */
struct mp_step {
	const struct mp_step *up; /* NULL: the root of the object */
	const char *name;         /* NULL: an index */
	bool is_key;              /* @name is the key of a string map: printed as [name] */
	size_t index;
};

/** struct mp_decoder - one object being decoded. */
struct mp_decoder {
	struct mp_manifest *m; /* errors, notes and the arena */
	const char *file;
	const struct mp_step *at;
	bool is_restoring;
	bool is_out_of_memory;
};

struct mp_field;

/**
 * struct mp_codec - one shape of value: how it is read into and written from a struct.
 * @decode: @node is never null. @object is the struct that @f->offset counts from. Adds to the
 *          decoder's errors; when it has added one, the value is left at its zero.
 * @encode: writes key and value, or nothing when the value is absent.
 */
struct mp_codec {
	const char *expects; /* "a string" */
	void (*decode)(struct mp_decoder *d, const struct mp_field *f, const struct mp_node *node,
		       void *object);
	void (*encode)(struct mp_json *w, const struct mp_field *f, const void *object);
};

/** struct mp_type - an object of the API. */
struct mp_type {
	const char *name;              /* "Probe" */
	const struct mp_field *fields; /* sorted by name */
	size_t n_fields;
	size_t size; /* of the struct it decodes into */
};

/** struct mp_name - one word of an enumeration. */
struct mp_name {
	const char *text;
	int value;
};

#define MP_FLAG(type, member) (offsetof(type, member) + 1)

#define MP_TYPE(name_, fields_, struct_)                                                  \
	{                                                                                 \
		.name = (name_), .fields = (fields_), .n_fields = MP_ARRAY_SIZE(fields_), \
		.size = sizeof(struct_)                                                   \
	}

/** struct mp_field - one row. */
struct mp_field {
	const char *name;
	const struct mp_codec *codec;
	size_t offset;               /* of the value in its struct */
	size_t flag;                 /* 1 + offset of a bool set when written; 0: none */
	const struct mp_type *type;  /* of an object or of a list's items */
	const struct mp_name *names; /* enumerations: @n_names words */
	size_t n_names;
	size_t text;    /* enumerations: offset of the word as written */
	int value;      /* enumerations: what any other word becomes; volume sources: the kind */
	bool is_always; /* written by the encoder even when empty */
	enum mp_support support;
	const char *note; /* the sentence for anything but DONE; when refused late, lifecycle's own */
};

/** MP_F() - a row whose value is the member @member of T, the struct of the table. */
#define MP_F(name_, codec_, member, ...)                                                     \
	{                                                                                    \
		.name = (name_), .codec = &mp_codec_##codec_, .offset = offsetof(T, member), \
		__VA_ARGS__                                                                  \
	}

/** MP_INLINE() - a row whose own fields are members of T itself. */
#define MP_INLINE(name_, codec_, ...)                                     \
	{                                                                 \
		.name = (name_), .codec = &mp_codec_##codec_, __VA_ARGS__ \
	}

/** MP_REFUSE() - a row for a field that minipod does not have; @why ends with the way out. */
#define MP_REFUSE(name_, why)                                                            \
	{                                                                                \
		.name = (name_), .codec = &mp_codec_skip, .support = MP_SUPPORT_REFUSED, \
		.note = (why)                                                            \
	}

/* Values: manifest_codec.c. Numbers are int64_t in memory whatever their range in the API. */
extern const struct mp_codec mp_codec_string;    /* const char * */
extern const struct mp_codec mp_codec_alias;     /* const char *, only if that is still NULL */
extern const struct mp_codec mp_codec_bool;      /* bool */
extern const struct mp_codec mp_codec_opt_bool;  /* enum mp_opt_bool */
extern const struct mp_codec mp_codec_int32;     /* int64_t */
extern const struct mp_codec mp_codec_int64;     /* int64_t */
extern const struct mp_codec mp_codec_opt_int32; /* struct mp_opt_int */
extern const struct mp_codec mp_codec_opt_int64; /* struct mp_opt_int */
extern const struct mp_codec mp_codec_int32s;    /* const int64_t *, size_t */
extern const struct mp_codec mp_codec_int64s;    /* const int64_t *, size_t */
extern const struct mp_codec mp_codec_enum;      /* an enum, and the text at @text */
extern const struct mp_codec mp_codec_quantity;  /* struct mp_quantity */
extern const struct mp_codec mp_codec_port;      /* struct mp_int_or_string */
extern const struct mp_codec mp_codec_time;      /* int64_t, ns since the epoch */

/* Collections: manifest_collect.c. */
extern const struct mp_codec mp_codec_strings;    /* struct mp_strings */
extern const struct mp_codec mp_codec_map;        /* const struct mp_key_value *, size_t */
extern const struct mp_codec mp_codec_quantities; /* struct mp_resource_list */
extern const struct mp_codec mp_codec_object;     /* a struct, inline */
extern const struct mp_codec mp_codec_list;       /* a pointer to structs, size_t */
extern const struct mp_codec mp_codec_count;      /* size_t: the items are checked, not kept */
extern const struct mp_codec mp_codec_raw_map;    /* struct mp_raw_list: an object */
extern const struct mp_codec mp_codec_raw_list;   /* struct mp_raw_list: a list */
extern const struct mp_codec mp_codec_raw_string; /* struct mp_raw_list: a string */
extern const struct mp_codec mp_codec_raw_bool;   /* struct mp_raw_list: a boolean */
extern const struct mp_codec mp_codec_raw_number; /* struct mp_raw_list: a whole number */
extern const struct mp_codec mp_codec_skip;       /* nothing: looked at elsewhere, or discarded */

/* The pod's own: manifest_pod_codec.c. */
extern const struct mp_codec mp_codec_main;      /* spec.containers into mp_pod_spec */
extern const struct mp_codec mp_codec_init;      /* spec.initContainers into mp_pod_spec */
extern const struct mp_codec mp_codec_ephemeral; /* bool: there are ephemeral containers */
extern const struct mp_codec mp_codec_source;    /* one source of a struct mp_volume */

#define MP_N_RESTART_NAMES 3
extern const struct mp_name mp_restart_names[MP_N_RESTART_NAMES]; /* Always, OnFailure, Never */

extern const struct mp_type mp_type_pod;       /* mp_pod_spec: manifest_pod_fields.c */
extern const struct mp_type mp_type_meta;      /* mp_object_meta: the same */
extern const struct mp_type mp_type_container; /* mp_container_spec: manifest_container_fields.c */
extern const struct mp_type mp_type_resources; /* mp_resources: the same */
extern const struct mp_type mp_type_volume;    /* mp_volume: manifest_volume_fields.c */
extern const struct mp_type mp_type_field_ref; /* mp_field_ref: the same */
extern const struct mp_type mp_type_resource_ref; /* mp_resource_ref: the same */
extern const struct mp_type mp_type_security;     /* mp_security: manifest_security_fields.c */
extern const struct mp_type mp_type_pod_security; /* mp_pod_security: the same */
extern const struct mp_type mp_type_config_map;   /* manifest_objects.c */
extern const struct mp_type mp_type_secret;       /* the same */

/* The engine: manifest_decode.c. */

/**
 * mp_decode_object() - read the fields of @node, an object, into @object.
 *
 * Unknown fields, wrong kinds and refused fields become errors; null is absent.
 */
void mp_decode_object(struct mp_decoder *d, const struct mp_type *type, const struct mp_node *node,
		      void *object);

/** struct mp_place - where in the text something stands. */
struct mp_place {
	uint32_t line, column;
};

/**
 * mp_decode_error() - "<file>:<line>:<col>: <path>: <text>" into the manifest's errors; the path
 * is the decoder's present one.
 */
void mp_decode_error(struct mp_decoder *d, struct mp_place place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** mp_decode_note() - the same into the notes: "<file>:<line>:<col>: note: <path>: <text>". */
void mp_decode_note(struct mp_decoder *d, struct mp_place place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** mp_decode_warning() - the same into the warnings. */
void mp_decode_warning(struct mp_decoder *d, struct mp_place place, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** mp_decode_plain_error() - an error that is already a whole sentence. */
void mp_decode_plain_error(struct mp_decoder *d, const char *text);

/** mp_node_place() - of its first byte. */
static inline struct mp_place mp_node_place(const struct mp_node *node)
{
	return (struct mp_place){ node->line, node->column };
}

/**
 * mp_decode_expect() - the value has the wrong kind: Invalid value: 8080: must be a string, not a
 * number: put it in quotes: "8080".
 * @expects: "a string".
 */
void mp_decode_expect(struct mp_decoder *d, const struct mp_node *node, const char *expects);

/** mp_decode_list() - the items of @node, decoded as @type; false: an error was added. */
bool mp_decode_list(struct mp_decoder *d, const struct mp_type *type, const struct mp_node *node,
		    void **ret_items, size_t *ret_n);

/** mp_decode_quantity() - a string or a number; false: an error was added. */
bool mp_decode_quantity(struct mp_decoder *d, const struct mp_node *node, struct mp_quantity *ret);

/** mp_decode_raw_text() - @node as compact JSON in the arena; NULL is remembered. */
const char *mp_decode_raw_text(struct mp_decoder *d, const struct mp_node *node);

/** mp_encode_list() - key and list, or nothing when @n is 0. */
void mp_encode_list(struct mp_json *w, const char *name, const struct mp_type *type,
		    const void *items, size_t n);

/** mp_decode_alloc() - from the arena; NULL is remembered in the decoder. */
void *mp_decode_alloc(struct mp_decoder *d, size_t count, size_t size);

/** mp_encode_object() - '{', the fields that are present, '}'. */
void mp_encode_object(struct mp_json *w, const struct mp_type *type, const void *object);

/** mp_path_text() - "spec.containers[1].livenessProbe"; "" at the root. Cut to fit @buf. */
void mp_path_text(const struct mp_step *at, struct mp_buf *buf);

/** mp_slot() - where the value of @f is in @object. */
static inline void *mp_slot(void *object, const struct mp_field *f)
{
	return (char *)object + f->offset;
}

/** mp_slot_const() - the same, for reading. */
static inline const void *mp_slot_const(const void *object, const struct mp_field *f)
{
	return (const char *)object + f->offset;
}

/** mp_field_find() - the row called @name, or NULL. */
const struct mp_field *mp_field_find(const struct mp_type *type, const char *name);
