/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seccomp profile as a file: the "linux.seccomp" object of an OCI configuration, also with what
 * Docker's own profiles have beside it (archMap, includes, excludes). Pure.
 * Source: opencontainers/runtime-spec config-linux.md; moby profiles/seccomp.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "namespaces/seccomp.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

/** struct mp_seccomp_context - what "includes" and "excludes" are asked about. */
struct mp_seccomp_context {
	uint64_t caps;   /* of the container */
	uint32_t kernel; /* MP_KERNEL() */
};

/**
 * mp_seccomp_parse() - JSON to a profile.
 * @name:  for messages: "path:line:column: ...".
 * @arena: owns the result; the document stays in it.
 *
 * A rule whose includes or excludes do not fit is left out. Unknown fields, kinds and names of
 * actions, comparisons, capabilities and architectures are errors; names of system calls are not
 * looked up.
 *
 * Return: 0, -EINVAL, -ENOTSUP (SCMP_ACT_NOTIFY), -EFBIG or -ENOMEM.
 */
int mp_seccomp_parse(const char *name, const char *bytes, size_t len,
		     const struct mp_seccomp_context *context, struct mp_arena *arena,
		     struct mp_seccomp_profile *ret, struct mp_error *err);
