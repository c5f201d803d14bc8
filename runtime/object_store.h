/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ConfigMaps, Secrets, claims and Services of a pod as a file in its run directory (objects.json, 0600, on the
 * tmpfs that /run is): what `get configmap` shows, what `apply` changes, what a recovered
 * supervisor goes on with.
 */
#pragma once

#include "runtime/api_kind.h"
#include "runtime/base/json.h"
#include "runtime/manifest.h"
#include "runtime/pod_view.h"

#define MP_OBJECTS_NAME "objects.json"

/** mp_objects_write() - replace the file in @dir_fd; an empty set has none. */
int mp_objects_write(int dir_fd, const struct mp_objects *objects, struct mp_error *err);

/**
 * mp_objects_read() - load the file into @m (zeroed; mp_manifest_done()). No file: no objects.
 *
 * Return: 0 or -errno with a sentence.
 */
int mp_objects_read(int dir_fd, struct mp_manifest *m, struct mp_error *err);

/** mp_objects_json() - "[{...},{...}]" into @w. */
void mp_objects_json(struct mp_json *w, const struct mp_objects *objects);

/** struct mp_object_view - one ConfigMap or Secret as kubectl would show it; arena memory. */
struct mp_object_view {
	const struct mp_node *object;
	const char *name, *namespace_;
	const char *type; /* of a Secret, else "" */
	size_t n_keys;
};

struct mp_object_views {
	struct mp_object_view *items; /* sorted by namespace and name */
	size_t n;
};

/**
 * mp_object_views_load() - the objects of one kind that the pods of a namespace brought along.
 * @namespace_: NULL: of all.
 *
 * Objects of the same name are shown once, as the youngest pod has it.
 */
int mp_object_views_load(struct mp_arena *arena, const struct mp_roots *roots,
			 const char *namespace_, enum mp_api_kind kind, struct mp_object_views *ret,
			 struct mp_error *err);
