/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod machine's whole memory, member by member, for a copy that another build can go on with: a
 * checkpoint in the journal. Names, not offsets, so members may be added; what is zero is not told.
 */
#pragma once

#include "lifecycle/pod.h"

/* Raised when a member or an enumerator comes to mean something else. */
#define MP_SNAPSHOT_LAYOUT 1

/**
 * struct mp_snapshot_io - where members go to when saving, and come from when loading. Names are valid
 * for the call.
 */
struct mp_snapshot_io {
	/* What follows up to the matching end() belongs to member @name. */
	void (*begin)(void *ctx, const char *name);
	void (*end)(void *ctx);
	/* Saving: look at @value. Loading: set it, or leave it: 0. */
	void (*number)(void *ctx, const char *name, int64_t *value);
	/* The same with @text, a string in @size bytes. */
	void (*text)(void *ctx, const char *name, char *text, size_t size);
	void *ctx;
};

/** mp_pod_may_save() - everything that was decided has been handed out. */
bool mp_pod_may_save(const struct mp_pod *pod);

/** mp_pod_save() - tell @io everything; @pod is not changed. Only while mp_pod_may_save(). */
void mp_pod_save(struct mp_pod *pod, const struct mp_snapshot_io *io);

/**
 * mp_pod_load() - make a machine of what was saved.
 * @mem, @spec: as for mp_pod_init(); the spec has the containers and volumes it had.
 * @ret_bad: the first member with an impossible value, a static string; NULL: none.
 *
 * Return: the machine, or NULL.
 */
struct mp_pod *mp_pod_load(void *mem, const struct mp_pod_spec *spec,
			   const struct mp_snapshot_io *io, const char **ret_bad);
