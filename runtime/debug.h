/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ephemeral containers: added to a running pod to look into it, never restarted, and no part of
 * what the pure machine decides on; they end with the sandbox. Their specs and records stand
 * behind those of the manifest, at indices from mp_spec_n_containers() on.
 * Source: core/v1 EphemeralContainer, KEP-277; pod-semantics 4.7.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

#define MP_DEBUG_MAX  16 /* ephemeral containers of a pod */
#define MP_DEBUG_NAME "ephemeral.json"

struct mp_supervisor;
struct mp_record;

/** struct mp_debug - one of them. */
struct mp_debug {
	char target[256];                    /* whose processes it sees; "" = only its own */
	int64_t started_wall, finished_wall; /* 0: not yet */
	int code;
	int signal;
	bool has_failed; /* it could not be started */
};

/** mp_n_records() - containers of the manifest and ephemeral ones. */
size_t mp_n_records(const struct mp_supervisor *sv);

/** struct mp_debug_ask - an ephemeral container that is asked for. Borrowed. */
struct mp_debug_ask {
	const char *name, *image, *target; /* @target "" = none */
	const char *const *command;        /* NULL-terminated; NULL: the image's */
	bool has_stdin, is_tty;
};

/**
 * mp_debug_create() - make its record; mp_debug_start() starts it.
 *
 * Return: 0; -EEXIST when there is a container of that name; -ESRCH when @target does not run;
 * -ENOENT when its image is not there; -errno.
 */
int mp_debug_create(struct mp_supervisor *sv, const struct mp_debug_ask *ask,
		    struct mp_record **ret, struct mp_error *err);

/**
 * mp_debug_recover() - those that the supervisor before us had.
 * @adopt: called for each whose record is there, to take over its process; -ESRCH when it has none.
 */
void mp_debug_recover(struct mp_supervisor *sv,
		      int (*adopt)(struct mp_supervisor *sv, size_t index, const char *id));

int mp_debug_start(struct mp_record *record, struct mp_error *err);

/** mp_debug_target() - the pidfd of the process whose pid namespace @record joins, or -EBADF. */
int mp_debug_target(const struct mp_record *record);

/** mp_debug_exited() - one of them has ended. */
void mp_debug_exited(struct mp_record *record, int code, int signal);

/** mp_debug_statuses() - the member "ephemeralContainerStatuses", when there are any. */
void mp_debug_statuses(struct mp_json *w, const void *sv);
