/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a container's security that depend on the node: profiles, and ids it has. */
#pragma once

#include "runtime/assemble.h"
#include "runtime/supervisor.h"

/**
 * mp_exec_check_ids() - every id of the process exists in the pod's user namespace, if it has one.
 *
 * Return: 0, or -EINVAL with the sentence of CreateContainerError.
 */
int mp_exec_check_ids(const struct mp_record *record, struct mp_error *err);

/**
 * mp_exec_set_seccomp() - the filter of @record's process.
 *
 * Return: 0; -ENOENT for a profile that is not there; -EINVAL for one that means nothing; -errno.
 */
int mp_exec_set_seccomp(struct mp_record *record, const struct mp_identity *identity,
			struct mp_error *err);

/**
 * mp_exec_set_apparmor() - the AppArmor profile of @record's process.
 *
 * Return: 0, or -ENOENT for a profile that is not loaded.
 */
int mp_exec_set_apparmor(struct mp_record *record, const struct mp_identity *identity,
			 struct mp_error *err);
