/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May this pod run on this node at all? Asked once, before anything is started. A refused pod is
 * Failed for good; see MP_EV_REJECT. Sections 1.3.5 and 9.6.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/spec.h"
#include "runtime/base/error.h"

/** struct mp_admit_node - what the node offers and allows. */
struct mp_admit_node {
	/* Beyond the safe ones: "kernel.sem", "net.core.*"; each passed mp_sysctl_pattern_check(). */
	const char *const *unsafe_sysctls;
	size_t n_unsafe_sysctls;
	uint32_t kernel; /* MP_KERNEL(6, 1): some sysctls are safe since some version only */
	bool has_apparmor;
	bool has_selinux; /* and it is minipod that cannot label processes and files */
};

#define MP_KERNEL(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))

/** struct mp_admission - the answer. */
struct mp_admission {
	bool is_refused;
	const char *reason; /* "SysctlForbidden"; static */
	char message[512];
};

/** mp_admit() - judge @spec, which is valid. Pure. */
void mp_admit(const struct mp_pod_spec *spec, const struct mp_admit_node *node,
	      struct mp_admission *ret);

/**
 * mp_sysctl_pattern_check() - is this a name or "prefix*" that may be allowed?
 *
 * Return: 0, or -EINVAL with a sentence: what no namespace separates from the host is never allowed.
 */
int mp_sysctl_pattern_check(const char *pattern, struct mp_error *err);
