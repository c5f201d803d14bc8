/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods a command line means: by name, by label, by field, of one namespace or of all. */
#pragma once

#include "runtime/api_kind.h"
#include "runtime/pod_view.h"
#include "runtime/selector.h"

/** struct mp_pod_query - borrowed from the command line and the arena it was parsed into. */
struct mp_pod_query {
	const char *namespace_; /* NULL: all */
	const char *const *names;
	size_t n_names; /* 0: every one that the selectors match */
	struct mp_selector labels, fields;
	bool has_selector;
	bool ignores_missing;
};

/**
 * mp_pod_query_parse() - from -n, -A, -l, --field-selector, --ignore-not-found.
 * @names: borrowed; may be empty.
 *
 * Return: 0, or -EINVAL with kubectl's sentence: a name together with a selector or with -A.
 */
int mp_pod_query_parse(const struct mp_args *args, const struct mp_api_args *names,
		       struct mp_arena *arena, struct mp_pod_query *ret, struct mp_error *err);

/**
 * mp_pod_query_load() - the pods that match, sorted unless they were named.
 *
 * Return: 0; -ENOENT for the first named pod that is not there, the others are in @ret; -errno.
 */
int mp_pod_query_load(const struct mp_pod_query *query, const struct mp_roots *roots,
		      struct mp_arena *arena, struct mp_pod_views *ret, struct mp_error *err);
