/* SPDX-License-Identifier: Apache-2.0 */
/* Making our own program file unreachable for those we let out into containers. */
#pragma once

#include "runtime/base/error.h"

/**
 * mp_seal_self() - go on as the same program, but one whose /proc/<pid>/exe cannot be written to.
 * @argv: as main() got it; it starts again from there.
 *
 * A process on its way into a container still runs our program, and what it executes there may lead
 * back to it ("#!/proc/self/exe"): CVE-2019-5736. So what supervises pods executes itself again from
 * a read-only mount that nobody can reach, or from a sealed copy in memory where that cannot be had.
 *
 * Return: 0 when nothing had to be done; otherwise it does not return, or with -errno.
 */
int mp_seal_self(char **argv, struct mp_error *err);
