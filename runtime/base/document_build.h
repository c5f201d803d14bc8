/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building the tree of a document from a stream of events, within its limits: nesting, number
 * of nodes, unique keys, aliases, merge keys. Knows no parser. For document.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/document.h"
#include "runtime/base/document_scan.h"

/* A node and what it costs when an alias repeats it. */
struct mp_built {
	struct mp_node node; /* first: the public part */
	uint32_t weight;     /* nodes in it, itself included, aliases expanded */
	uint32_t height;     /* lists and maps inside one another, itself included */
};

/* A member of an open list or map; @key is NULL in a list. */
struct mp_build_slot {
	const char *key;
	struct mp_place at; /* of the key */
	const struct mp_built *value;
	size_t order;   /* in the text, kept while sorted by key */
	bool is_merge;  /* "<<": stands for the members of its value */
	bool is_merged; /* came in by a merge: gives way to others */
};

/* An open list or map. */
struct mp_build_frame {
	bool is_map;
	bool has_key, is_merge_key; /* map: a key was read, its value is due */
	const char *key;
	struct mp_place key_at, at;
	const char *anchor; /* or NULL */
	size_t first_slot;
};

struct mp_build_anchor {
	const char *name;
	const struct mp_built *value;
};

struct mp_build {
	struct mp_arena *arena; /* borrowed */
	const char *name;       /* borrowed: what messages call the input */
	struct mp_error *err;   /* borrowed */
	struct mp_build_frame frames[MP_DOCUMENT_DEPTH_MAX];
	size_t n_frames;
	struct mp_build_slot *slots; /* owned; members of all open frames */
	size_t n_slots, max_slots;
	struct mp_build_anchor *anchors; /* owned; of this document */
	size_t n_anchors, max_anchors;
	const struct mp_node **roots; /* owned; finished documents */
	size_t n_roots, max_roots;
	const struct mp_built *root; /* of this document, or NULL */
	size_t nodes;
};

/** mp_build_done() - free what is owned; the tree stays in the arena. */
void mp_build_done(struct mp_build *b);

/** mp_build_fail() - "NAME:LINE:COLUMN: …" into the builder's error; returns -EINVAL. */
int mp_build_fail(struct mp_build *b, struct mp_place at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** mp_build_no_memory() - the same for want of memory; returns -ENOMEM. */
int mp_build_no_memory(struct mp_build *b);

/** mp_build_wants_key() - whether the next event is the key of a member. */
bool mp_build_wants_key(const struct mp_build *b);

/** mp_build_place() - where something stands that has no text of its own. */
struct mp_place mp_build_place(const struct mp_build *b);

/* The events. Texts are in the arena; @anchor may be NULL. All return 0 or -errno. */
int mp_build_open(struct mp_build *b, bool is_map, const char *anchor, struct mp_place at);
int mp_build_close(struct mp_build *b);
int mp_build_key(struct mp_build *b, const char *key, bool is_merge, struct mp_place at);
int mp_build_scalar(struct mp_build *b, const struct mp_node *node, const char *anchor,
		    struct mp_place at);
int mp_build_alias(struct mp_build *b, const char *anchor, struct mp_place at);

/** mp_build_anchor() - name the node @value, as aliases will. */
int mp_build_anchor(struct mp_build *b, const char *anchor, const struct mp_built *value,
		    struct mp_place at);

/** mp_build_end() - the document is complete; @is_empty drops it. */
int mp_build_end(struct mp_build *b, bool is_empty);
