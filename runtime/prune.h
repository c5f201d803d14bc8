/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing what belongs to no pod any more: what a kill at an unlucky moment left behind. A pod that
 * lives, has ended, or could be recovered is somebody's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/state_dir.h"

/** struct mp_prune - what to do. Everything is borrowed. */
struct mp_prune {
	const struct mp_roots *roots;
	const char *cgroup_root; /* as --cgroup-root */
	bool is_dry;             /* say what would be removed */
	bool wants_logs;         /* logs of pods nobody knows, too */
	bool wants_ended;        /* pods that have ended, too */
	/* One sentence about each thing; @is_kept: it had to stay. */
	void (*tell)(bool is_kept, const char *text, void *ctx);
	void *ctx;
};

/** mp_prune() - go through run, data and log directories and cgroups. 0, or the first -errno. */
int mp_prune(const struct mp_prune *prune, struct mp_error *err);

/**
 * mp_prune_forced() - only the pods that were deleted by force and whose supervisor died before it
 * was done.
 */
int mp_prune_forced(const struct mp_prune *prune, struct mp_error *err);
