/* SPDX-License-Identifier: Apache-2.0 */
/* A container's seccomp profile from a file to a program, compiled once per machine. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "namespaces/seccomp.h"
#include "runtime/base/error.h"

/** struct mp_seccomp_source - which profile. Everything is borrowed. */
struct mp_seccomp_source {
	const char *root;      /* directory of profiles */
	const char *name;      /* localhostProfile: relative to it */
	const char *cache_dir; /* finished programs are kept below it, in "seccomp-cache" */
	uint64_t caps;         /* of the container: rules may depend on them */
};

/**
 * mp_seccomp_profile_load() - the finished program.
 * @ret:         released with mp_seccomp_program_free().
 * @ret_unknown: @size bytes: names of system calls that were passed over, with commas; "" if none.
 *
 * The first time a profile of that content is compiled with libseccomp, which takes milliseconds; the
 * program is then kept under the digest of all that it follows from. A cache that cannot be
 * written or read is done without.
 *
 * Return: 0, or -errno with a sentence that names the file.
 */
int mp_seccomp_profile_load(const struct mp_seccomp_source *source, struct mp_seccomp_program **ret,
			    char *ret_unknown, size_t size, struct mp_error *err);
