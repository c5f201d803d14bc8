/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects that stand beside the pod in a manifest: ConfigMaps and Secrets, decoded, and
 * others that are only kept. Values in memory; env and volumes look keys up here.
 * Source: core/v1 ConfigMap, Secret; pod-semantics reference sections 9.2 and 9.8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/str.h"

enum mp_object_kind {
	MP_OBJECT_CONFIG_MAP = 0,
	MP_OBJECT_SECRET,
	MP_OBJECT_PVC,
	MP_OBJECT_SERVICE,
};

/** struct mp_object_entry - one key; @bytes is followed by a NUL that is not counted. */
struct mp_object_entry {
	const char *key;
	const char *bytes;
	size_t len;
};

struct mp_object {
	enum mp_object_kind kind;
	const char *namespace_; /* "default" when the manifest had none */
	const char *name;
	const char *type; /* Secret: "Opaque" when absent; others NULL */
	bool is_immutable;
	struct mp_object_entry *entries; /* sorted by key, byte order */
	size_t n_entries;
	const char *raw;  /* the object as compact JSON */
	const char *file; /* where it stands: as given on the command line, "<stdin>" for "-" */
	int line;
	struct mp_object *next;
};

/** struct mp_objects - a set; zero-initialise. Entries live in the arena they were added with. */
struct mp_objects {
	struct mp_object *first, *last;
	size_t n;
};

/** mp_object_kind_text() - "ConfigMap", "Secret", "PersistentVolumeClaim", "Service". */
const char *mp_object_kind_text(enum mp_object_kind kind);

/** mp_objects_add() - take @object (arena memory) into the set; sorts its entries. */
void mp_objects_add(struct mp_objects *set, struct mp_object *object);

/** mp_objects_find() - the object, or NULL. */
const struct mp_object *mp_objects_find(const struct mp_objects *set, enum mp_object_kind kind,
					const char *namespace_, const char *name);

/** mp_object_key() - the entry of @object called @key, or NULL. */
const struct mp_object_entry *mp_object_key(const struct mp_object *object, const char *key);
