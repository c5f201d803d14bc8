/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside lifecycle/spec_*.c only: where a field is, and the API server's ways to object to it.
 * A path is a chain of nodes on the stack, so that a spec without errors formats nothing.
 * Source: section 11.2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/names.h"
#include "lifecycle/spec.h"

/** struct mp_at - one step of a field path: a field, an index, or a key in brackets. */
struct mp_at {
	const struct mp_at *up; /* NULL at the root */
	const char *field;      /* NULL: an index or a key */
	const char *key;        /* NULL: an index */
	size_t index;
};

/* Nodes live until the end of the enclosing block. */
#define MP_AT(parent, name)    (&(const struct mp_at){ .up = (parent), .field = (name) })
#define MP_AT_INDEX(parent, i) (&(const struct mp_at){ .up = (parent), .index = (i) })
#define MP_AT_KEY(parent, k)   (&(const struct mp_at){ .up = (parent), .key = (k) })

/** mp_at_text() - "spec.containers[0].limits[cpu]" in @arena; NULL when out of memory. */
char *mp_at_text(const struct mp_at *at, struct mp_arena *arena);

/** mp_check_required() - "Required value[: detail]"; @detail may be "". */
void mp_check_required(struct mp_problems *out, const struct mp_at *at, const char *detail);

/** mp_check_forbidden() - "Forbidden: detail". */
void mp_check_forbidden(struct mp_problems *out, const struct mp_at *at, const char *detail);

/** mp_check_invalid() - "Invalid value: "value": detail"; NULL counts as "". */
void mp_check_invalid(struct mp_problems *out, const struct mp_at *at, const char *value,
		      const char *detail);

/** mp_check_invalid_int() - "Invalid value: 7: detail". */
void mp_check_invalid_int(struct mp_problems *out, const struct mp_at *at, int64_t value,
			  const char *detail);

/** mp_check_invalid_json() - "Invalid value: {...}: detail"; @json is shown as it is. */
void mp_check_invalid_json(struct mp_problems *out, const struct mp_at *at, const char *json,
			   const char *detail);

/** mp_check_duplicate() - "Duplicate value: "value"". */
void mp_check_duplicate(struct mp_problems *out, const struct mp_at *at, const char *value);

/** mp_check_not_found() - "Not found: "value"". */
void mp_check_not_found(struct mp_problems *out, const struct mp_at *at, const char *value);

/** mp_check_too_many() - "Too many: n: must have at most max items". */
void mp_check_too_many(struct mp_problems *out, const struct mp_at *at, size_t n, size_t max);

/** mp_check_too_long() - "Too long: may not be more than max bytes". */
void mp_check_too_long(struct mp_problems *out, const struct mp_at *at, size_t max);

/** mp_check_unsupported() - "Unsupported value: "value": supported values: ..." in given order. */
void mp_check_unsupported(struct mp_problems *out, const struct mp_at *at, const char *value,
			  const char *const *supported, size_t n);

/** mp_check_one_of() - mp_check_unsupported() unless @value is in the list. */
void mp_check_one_of(struct mp_problems *out, const struct mp_at *at, const char *value,
		     const char *const *supported, size_t n);

/** mp_check_faults() - one mp_check_invalid() per fault of the name @value. */
void mp_check_faults(struct mp_problems *out, const struct mp_at *at, const char *value,
		     struct mp_name_faults faults);

/** mp_check_int_faults() - the same for a number. */
void mp_check_int_faults(struct mp_problems *out, const struct mp_at *at, int64_t value,
			 struct mp_name_faults faults);

/** mp_check_opt_int() - mp_check_int_faults() if the number was written. */
void mp_check_opt_int(struct mp_problems *out, const struct mp_at *at, struct mp_opt_int value,
		      struct mp_name_faults (*rule)(int64_t));

/** mp_check_unique() - false after "Duplicate value" when @value is in @seen; else adds it. */
bool mp_check_unique(struct mp_problems *out, const struct mp_at *at, struct mp_string_set *seen,
		     const char *value);

/** mp_check_text() - formatted in the problems' arena; "" and is_out_of_memory on failure. */
const char *mp_check_text(struct mp_problems *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** mp_check_quote() - @text as Go's %q, in the problems' arena. NULL counts as "". */
const char *mp_check_quote(struct mp_problems *out, const char *text);

/** mp_check_json_list() - ["a","b"]. */
const char *mp_check_json_list(struct mp_problems *out, const struct mp_strings *list);

/* For mp_check_one_of(): the list of string literals and its length. */
#define MP_ONE_OF(...)                          \
	((const char *const[]){ __VA_ARGS__ }), \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)

/* ---- the parts of mp_spec_validate(), one file each ----------------------------------------- */

/** mp_check_meta() - metadata (section 11.4, 11.5). */
void mp_check_meta(const struct mp_object_meta *meta, struct mp_problems *out);

/**
 * mp_check_volumes() - spec.volumes (section 11.7).
 * @valid: set to the names of the volumes that exist for volumeMounts.
 */
void mp_check_volumes(const struct mp_pod_spec *spec, const struct mp_at *at,
		      struct mp_string_set *valid, struct mp_problems *out);

/** mp_check_containers() - both container lists (section 11.6). */
void mp_check_containers(const struct mp_pod_spec *spec, const struct mp_at *at,
			 const struct mp_string_set *volumes, struct mp_problems *out);

/** mp_check_env() - P.env, then P.envFrom. */
void mp_check_env(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
		  const struct mp_at *at, struct mp_problems *out);

/** mp_check_field_ref() - fieldRef at @at; @for_volume chooses the paths that are allowed. */
void mp_check_field_ref(const struct mp_field_ref *ref, const struct mp_at *at, bool for_volume,
			struct mp_problems *out);

/** mp_check_resource_ref() - resourceFieldRef at @at; volumes must name the container. */
void mp_check_resource_ref(const struct mp_resource_ref *ref, const struct mp_at *at,
			   bool for_volume, struct mp_problems *out);

/** mp_check_handlers() - lifecycle and probes of a main container or sidecar. */
void mp_check_handlers(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
		       const struct mp_at *at, struct mp_problems *out);

/** mp_check_resources() - requests and limits of a container. */
void mp_check_resources(const struct mp_resources *r, const struct mp_at *at,
			struct mp_problems *out);

/** mp_check_pod_resources() - spec.resources (section 10.6). */
void mp_check_pod_resources(const struct mp_pod_spec *spec, const struct mp_at *at,
			    struct mp_problems *out);

/** mp_check_overhead() - spec.overhead. */
void mp_check_overhead(const struct mp_resource_list *overhead, const struct mp_at *at,
		       struct mp_problems *out);

/** mp_check_security() - securityContext of a container. */
void mp_check_security(const struct mp_pod_spec *spec, const struct mp_security *s,
		       const struct mp_at *at, struct mp_problems *out);

/** mp_check_pod_security() - spec.securityContext, with the host namespaces it goes with. */
void mp_check_pod_security(const struct mp_pod_spec *spec, const struct mp_at *at,
			   struct mp_problems *out);

/** mp_check_no_backsteps() - no ".." element. */
void mp_check_no_backsteps(struct mp_problems *out, const struct mp_at *at, const char *path);

/** mp_check_relative() - a relative path without ".." elements. */
void mp_check_relative(struct mp_problems *out, const struct mp_at *at, const char *path);
