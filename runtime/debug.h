/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ephemeral containers: added to a running pod to look into it, never restarted, and no part of
 * what the pure machine decides on; they end with the sandbox. Their specs and records stand
 * behind those of the manifest, at indices from mp_spec_n_containers() on.
 * Source: core/v1 EphemeralContainer, KEP-277; pod-semantics 4.7.
 */
#pragma once

#include "lifecycle/event.h"
#include "lifecycle/spec.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

#define MP_DEBUG_MAX  16 /* ephemeral containers of a pod */
#define MP_DEBUG_NAME "ephemeral.json"

struct mp_supervisor;
struct mp_record;

/** struct mp_debug - one of them. Texts are of the supervisor's arena for images. */
struct mp_debug {
	bool is_void;     /* it could not be made: its place is free */
	char target[256]; /* whose processes it sees; "" = only its own */
	bool is_pulling;
	const char *image, *image_id;        /* as resolved; "" = not yet */
	int64_t started_wall, finished_wall; /* 0: not yet */
	int code;
	int signal;
	const char *reason;  /* of its end: "Completed", "Error", "StartError", "OOMKilled" */
	const char *message; /* of its end, or "" */
};

/** mp_n_records() - containers of the manifest and ephemeral ones. */
size_t mp_n_records(const struct mp_supervisor *sv);

/** struct mp_debug_ask - an ephemeral container that is asked for. Borrowed. */
struct mp_debug_ask {
	const char *name, *image, *target; /* @target "" = none */
	const char *pull_policy;           /* "" = by the image's tag */
	const char *const *command;        /* NULL-terminated; NULL: the image's */
	const char *const *args;           /* the same */
	const char *const *env;            /* "NAME=VALUE", NULL-terminated; NULL: none */
	bool has_stdin, is_tty;
	bool is_stdin_once; /* its input ends when its client leaves */
};

/**
 * mp_debug_create() - make it part of the pod; mp_debug_start() starts it.
 * @ret_index: of its record and spec.
 *
 * Return: 0; -EEXIST when there is a container of that name; -ESRCH when @target does not run;
 * -errno.
 */
int mp_debug_create(struct mp_supervisor *sv, const struct mp_debug_ask *ask, size_t *ret_index,
		    struct mp_error *err);

/**
 * mp_debug_start() - look for its image, pull it as its policy says, start it; with the events of
 * any other container. Answers now or later, by mp_control_debug_made() and
 * mp_control_debug_done(). One whose start fails before there is a process is no part of the pod any more;
 * it is not tried again.
 */
void mp_debug_start(struct mp_supervisor *sv, size_t index);

/** mp_debug_image() - what came of looking for its image, or of pulling it. */
void mp_debug_image(struct mp_supervisor *sv, const struct mp_event *ev);

/**
 * mp_debug_recover() - those that the supervisor before us had.
 * @adopt: called for each whose record is there, to take over its process; -ESRCH when it has none.
 */
void mp_debug_recover(struct mp_supervisor *sv,
		      int (*adopt)(struct mp_supervisor *sv, size_t index, const char *id));

/** mp_debug_target() - the pidfd of the process whose pid namespace @record joins, or -EBADF. */
int mp_debug_target(const struct mp_record *record);

/** mp_debug_exited() - one of them has ended; @ev: an MP_EV_EXITED. */
void mp_debug_exited(struct mp_record *record, const struct mp_event *ev);

/** mp_debug_statuses() - the member "ephemeralContainerStatuses", when there are any. */
void mp_debug_statuses(struct mp_json *w, const void *sv);
