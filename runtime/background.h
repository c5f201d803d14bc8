/* SPDX-License-Identifier: Apache-2.0 */
/* A supervisor in a process of its own: run -d, and recover. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "runtime/startup.h"
#include "runtime/supervisor.h"

/** struct mp_background - a supervisor that was begun and has not told about its start yet. */
struct mp_background {
	pid_t pid;
	int fd; /* owned, until mp_background_wait() */
};

/**
 * mp_background_begin() - fork a supervisor with a session of its own and nobody's terminal.
 * @config: with config->recovery set it is the caller's lock that the child goes on to hold: the
 *          caller must close its own copy.
 * @goal:   when mp_background_wait() shall return.
 */
int mp_background_begin(struct mp_supervisor_config *config, enum mp_start_goal goal,
			struct mp_background *ret, struct mp_error *err);

/** mp_background_wait() - as mp_startup_wait(); a supervisor that failed has ended on return. */
int mp_background_wait(struct mp_background *background, int timeout_ms, int *ret_code, char *text,
		       size_t size);
