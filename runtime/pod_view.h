/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods as the verbs see them: what a supervisor wrote into its pod's directory, put together to
 * the core/v1 object that kubectl would show.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/document.h"
#include "runtime/state_dir.h"

/** struct mp_pod_view - one pod. Everything lives in the arena it was loaded into. */
struct mp_pod_view {
	const struct mp_node *object; /* the merged Pod */
	const struct mp_node *status; /* its status; NULL: none published yet */
	const char *name, *namespace_, *uid;
	const char *dir_name; /* "<namespace>_<name>" */
	bool is_deleting;     /* deletionTimestamp is set */
	bool has_ended;       /* Succeeded or Failed: nobody needs to supervise it */
	bool is_supervised;   /* its supervisor lives */
};

/** struct mp_pod_views - several, sorted by namespace and name. */
struct mp_pod_views {
	struct mp_pod_view *items; /* arena memory */
	size_t n;
};

/**
 * mp_pod_object() - the Pod object out of its parts.
 * @pod:      pod.json, parsed.
 * @status:   status.json, parsed; NULL: without.
 * @deletion: deletion.json, parsed: members for the metadata; NULL: not being deleted.
 *
 * Members are in alphabetical order, as kubectl prints them; parts are shared, not copied.
 * Return: arena memory, or NULL when out of memory.
 */
const struct mp_node *mp_pod_object(struct mp_arena *arena, const struct mp_node *pod,
				    const struct mp_node *status, const struct mp_node *deletion);

/**
 * mp_pod_object_parse() - the same from texts; NULL for an absent part.
 *
 * Return: 0 or -errno with a sentence.
 */
int mp_pod_object_parse(struct mp_arena *arena, const char *pod, const char *status,
			const char *deletion, const struct mp_node **ret, struct mp_error *err);

/**
 * mp_pod_view_load() - read one pod.
 *
 * Return: 0; -ENOENT with kubectl's sentence when there is no such pod; -errno.
 */
int mp_pod_view_load(struct mp_arena *arena, const struct mp_roots *roots, const char *namespace_,
		     const char *name, struct mp_pod_view *ret, struct mp_error *err);

/**
 * mp_pod_view_load_gone() - read one that is being removed, as it was at its end.
 *
 * Return: 0; -ENOENT: it is removed already, unless mp_state_dir_hold() holds it; -errno.
 */
int mp_pod_view_load_gone(struct mp_arena *arena, const struct mp_roots *roots,
			  const char *namespace_, const char *name, const char *uid,
			  struct mp_pod_view *ret, struct mp_error *err);

/** mp_pod_not_found() - kubectl's sentence: -ENOENT, or -EINVAL for a "deploy/web". */
int mp_pod_not_found(const char *name, struct mp_error *err);

/**
 * mp_pod_views_load() - read all pods of a namespace.
 * @namespace_: NULL: of all.
 *
 * A pod that vanishes meanwhile, or whose directory was only just made, is left out.
 */
int mp_pod_views_load(struct mp_arena *arena, const struct mp_roots *roots, const char *namespace_,
		      struct mp_pod_views *ret, struct mp_error *err);

/** mp_node_text() - the text at a path of keys, or "" ("metadata", "name", NULL). */
const char *mp_node_text(const struct mp_node *node, ...) __attribute__((sentinel));

/** mp_node_in() - the node at a path of keys, or NULL. */
const struct mp_node *mp_node_in(const struct mp_node *node, ...) __attribute__((sentinel));

/** mp_node_of_map() - a map of @n entries that are borrowed; NULL when out of memory. */
struct mp_node *mp_node_of_map(struct mp_arena *arena, const struct mp_entry *entries, size_t n);

/** mp_node_of_text() - a string; borrowed. */
struct mp_node *mp_node_of_text(struct mp_arena *arena, const char *text);

/** mp_node_of_int() - a number. */
struct mp_node *mp_node_of_int(struct mp_arena *arena, int64_t value);

/** mp_node_of_list() - {"apiVersion": "v1", "items": [...], "kind": "List", ...} of @n nodes. */
struct mp_node *mp_node_of_list(struct mp_arena *arena, const struct mp_node *const *items,
				size_t n);

/** mp_time_parse() - RFC 3339 in UTC ("...Z", with or without fraction) to ns; -1 = not a time. */
int64_t mp_time_parse(const char *text, size_t len);
