/* SPDX-License-Identifier: Apache-2.0 */
/* The pods that manifests name, for verbs that only need to know which ones: -f of delete, get. */
#pragma once

#include "runtime/base/str.h"
#include "runtime/options.h"

/** struct mp_pod_names - namespaces ("" where a manifest has none) and names; arena memory. */
struct mp_pod_names {
	struct mp_pod_ref {
		const char *namespace_, *name;
	} * items;
	size_t n;
};

/**
 * mp_pod_files_read() - the pods of every -f of the command line.
 *
 * Only kind, name and namespace count: what else is wrong with a manifest does not matter here.
 * Return: 0; -EINVAL when there is no pod in them, or one without a name; -errno.
 */
int mp_pod_files_read(const struct mp_args *args, struct mp_arena *arena, struct mp_pod_names *ret,
		      struct mp_error *err);
