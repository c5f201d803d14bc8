/* SPDX-License-Identifier: Apache-2.0 */
/* A child born into another pid namespace, with this process as its parent all the same. */
#pragma once

#include "namespaces/child.h"
#include "runtime/base/error.h"

/**
 * mp_pid_ns_spawn() - mp_child_spawn() in the pid namespace that the process @pidfd is in.
 *
 * A pid namespace can be joined only for one's children (pid_namespaces(7)), so this process points
 * its pid_for_children there and back again: one thread, so nobody is cloned by accident.
 */
int mp_pid_ns_spawn(int pidfd, const struct mp_child_config *config, struct mp_child *ret,
		    struct mp_error *err);
