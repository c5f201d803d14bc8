/* SPDX-License-Identifier: Apache-2.0 */
/* What hooks and probes share: running a command in a container as the container itself runs. */
#pragma once

#include "runtime/attempt.h"
#include "runtime/supervisor.h"

/**
 * mp_exec_command() - start @argv in the running container of @record.
 * @argv:     NULL-terminated; borrowed until return.
 * @deadline: monotonic; MP_NSEC_NEVER = none.
 *
 * Return: 0; -ESRCH when the container does not run; -errno.
 */
int mp_exec_command(struct mp_record *record, char **argv, mp_nsec deadline, mp_attempt_done done,
		    void *ctx, struct mp_attempt **ret, struct mp_error *err);

/** mp_argv_text() - the words joined by single blanks, as messages show them. */
void mp_argv_text(const struct mp_strings *command, struct mp_buf *out);
