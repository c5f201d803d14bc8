/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many files a supervisor may have open. What it holds grows with its pod; too low a limit, found
 * while the pod lives, would be an error that is tried again and again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lifecycle/spec.h"
#include "namespaces/process.h"

/** mp_open_files_needed() - descriptors that supervising such a pod takes at most. Pure. */
uint64_t mp_open_files_needed(const struct mp_pod_spec *spec);

/**
 * mp_open_files_allow() - raise RLIMIT_NOFILE, also the hard limit where we may, if it is lower.
 * @needed:     without them it is an error.
 * @wanted:     with clients of the control socket, too: as many as may be had.
 * @ret_before: how it was, for the containers: they get what minipod was started with.
 *
 * Return: 0; -EMFILE with a sentence that says what to do. Source: getrlimit(2).
 */
int mp_open_files_allow(uint64_t needed, uint64_t wanted, struct mp_rlimit *ret_before,
			struct mp_error *err);
