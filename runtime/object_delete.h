/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a ConfigMap or Secret away from the running pods that have it. */
#pragma once

#include "runtime/api_kind.h"
#include "runtime/state_dir.h"

/**
 * mp_object_delete() - take one object away from every running pod of its namespace.
 * @kind: MP_API_CONFIG_MAP or MP_API_SECRET.
 *
 * Volumes for which it is optional lose its files at once; others keep what they show, and a
 * container that starts later finds it missing. What has ended keeps what it had.
 *
 * Return: 0; -ENOENT when no running pod has it; -errno.
 */
int mp_object_delete(const struct mp_roots *roots, enum mp_api_kind kind, const char *namespace_,
		     const char *name, struct mp_error *err);
