/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of configMap, secret, downwardAPI and projected volumes, as the objects and the pod are
 * at this moment. Source: pod-semantics reference sections 9.2 and 9.8.
 */
#pragma once

#include "rootfs/volumes.h"
#include "runtime/env.h"

/** struct mp_volume_files - zero-initialise; everything lives in @arena: mp_arena_done(). */
struct mp_volume_files {
	struct mp_arena arena;
	struct mp_volume_file *list;
	size_t n;
};

/** mp_volume_is_generated() - its contents are such files: read-only, and refreshed. */
bool mp_volume_is_generated(enum mp_volume_kind kind);

/**
 * mp_volume_files_collect() - the files of one volume.
 * @facts: with the objects to look up.
 *
 * Return: 0; -ENOENT for an object or a key that is missing, with Kubernetes' sentence; -ENOMEM.
 */
int mp_volume_files_collect(const struct mp_pod_spec *spec, const struct mp_volume *v,
			    const struct mp_env_facts *facts, struct mp_volume_files *ret,
			    struct mp_error *err);
