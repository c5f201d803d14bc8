/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec_command.h"

#include <errno.h>

int mp_exec_command(struct mp_record *record, char **argv, mp_nsec deadline, mp_attempt_done done,
		    void *ctx, struct mp_attempt **ret, struct mp_error *err)
{
	struct mp_exec_config config = {
		.process = record->process,
		.container_pidfd = record->pidfd,
		.has_pid_ns = !record->sv->spec->host_pid,
		.has_user_ns = mp_has_user_ns(record->sv->spec),
	};

	if (!record->is_running)
		return mp_fail_text(err, ESRCH, "container is not running");
	config.process.argv = (const char *const *)argv;
	return mp_attempt_exec(record->sv->loop, &config, deadline, done, ctx, ret, err);
}

void mp_argv_text(const struct mp_strings *command, struct mp_buf *out)
{
	for (size_t i = 0; i < command->n; i++)
		mp_buf_addf(out, "%s%s", i > 0 ? " " : "", command->items[i]);
}
