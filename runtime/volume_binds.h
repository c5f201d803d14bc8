/* SPDX-License-Identifier: Apache-2.0 */
/* One volumeMount of a container, as what the child mounts. */
#pragma once

#include "rootfs/mounts.h"
#include "runtime/supervisor.h"

/**
 * mp_sub_path() - the path inside its volume that a mount shows.
 * @env:   what "$(VAR)" of subPathExpr may name.
 * @arena: owns the result.
 * @ret:   "" when it shows the whole volume.
 *
 * Return: 0; -EINVAL with the sentence of CreateContainerConfigError: "missing value for A, B" for
 * variables that are unset or empty; "unable to provision SubPath ..." for what leaves the volume;
 * -ENOMEM.
 */
int mp_sub_path(const struct mp_volume_mount *mount, const struct mp_env *env,
		struct mp_arena *arena, const char **ret, struct mp_error *err);

/**
 * mp_volume_bind() - open what a mount shows.
 * @ret:      its strings are in @arena or the spec's.
 * @ret_fd:   on success, a descriptor that the caller owns and keeps open until the child has run;
 *            -EBADF when there is none.
 *
 * Return: 0 or -errno with the sentence of CreateContainerConfigError.
 */
int mp_volume_bind(const struct mp_supervisor *sv, const struct mp_container_spec *c,
		   const struct mp_volume_mount *mount, const struct mp_env *env,
		   struct mp_arena *arena, struct mp_bind *ret, int *ret_fd, struct mp_error *err);
