/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_prune.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/cli.h"
#include "runtime/prune.h"

const struct mp_option mp_prune_options[] = {
	{ "ended", 0, NULL, "also pods that have ended", false },
	{ "logs", 0, NULL, "also logs of pods that nobody knows", false },
	{ "dry-run", 0, NULL, "only say what would be removed", false },
	{ NULL, 0, NULL, NULL, false },
};

struct counts {
	size_t n_removed;
	bool is_dry;
};

static void tell(bool is_kept, const char *text, void *ctx)
{
	struct counts *counts = ctx;

	if (is_kept) {
		(void)fprintf(stderr, "kept: %s\n", text);
		return;
	}
	counts->n_removed++;
	(void)printf("%s %s\n", counts->is_dry ? "would remove" : "removed", text);
	(void)fflush(stdout);
}

int mp_cmd_prune(const struct mp_args *args)
{
	struct counts counts = { .is_dry = mp_args_has(args, "dry-run") };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_roots roots;
	const struct mp_prune prune = {
		.roots = &roots,
		.cgroup_root = mp_cli_option(args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL),
		.is_dry = counts.is_dry,
		.wants_logs = mp_args_has(args, "logs"),
		.wants_ended = mp_args_has(args, "ended"),
		.tell = tell,
		.ctx = &counts,
	};
	int r = mp_cli_roots(args, &roots, &err);

	if (r == 0 && geteuid() != 0)
		r = mp_fail_text(&err, EPERM, "pruning needs root: try 'sudo minipod prune'");
	if (r == 0)
		r = mp_prune(&prune, &err);
	if (r < 0)
		return mp_cli_fail(r, &err);
	if (counts.n_removed == 0)
		(void)puts("nothing to remove");
	return 0;
}
