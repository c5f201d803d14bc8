/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe worker as a value: when it runs a round, and what a round's answer means.
 * Source: pkg/kubelet/prober/worker.go; pod-semantics reference section 7.2.
 */
#pragma once

#include "lifecycle/event.h"
#include "lifecycle/statuses.h"

#define MP_PROBE_TRIES 3 /* executions of one round while they return a probe error */

/** struct mp_probe_worker - zero-initialised: there is no worker. */
struct mp_probe_worker {
	bool exists;
	bool is_ended;
	bool is_dormant;   /* ticks have no effect until something changes: no wake-up is armed */
	bool is_triggered; /* an immediate round is wanted (readiness) */
	bool is_on_hold;   /* until the container ID changes */
	bool has_run;      /* @run and @was_success mean something */
	bool was_success;
	int64_t run; /* equal answers in a row; survives restarts of the container */
	int tries;   /* executions begun in this round; 0: no round is under way */
	mp_nsec next_tick;
	bool has_result; /* @result belongs to container @id */
	enum mp_known result;
	char id[MP_CONTAINER_ID_MAX]; /* as published; "" none seen yet */
};

/** struct mp_probe_seen - facts a round looks at: the *published* status. */
struct mp_probe_seen {
	bool has_status;
	bool is_phase_final;
	const char *id; /* containerID of the container's status; "" when there is none */
	bool is_running;
	bool is_gone_for_good; /* terminated, and not to be restarted */
	bool is_started;
	bool is_deleting; /* the pod is being deleted */
	bool is_carried;  /* a recovery found it running: no initial result (14) */
	mp_nsec started_at;
};

enum mp_probe_todo { MP_PROBE_DO_NOTHING = 0, MP_PROBE_DO_EXECUTE };

struct mp_probe_step {
	struct mp_probe_worker worker;
	enum mp_probe_todo todo;
	bool is_changed; /* the round changed the worker or executes: it was not idle */
};

/** mp_probe_new() - a worker whose first round is due at @first. */
struct mp_probe_worker mp_probe_new(mp_nsec first);

/** mp_probe_round() - steps 1-8: begin a round at @now. */
struct mp_probe_step mp_probe_round(const struct mp_probe_spec *spec, enum mp_probe_kind kind,
				    struct mp_probe_worker w, const struct mp_probe_seen *seen,
				    mp_nsec now);

/** mp_probe_answer() - steps 10-13: the round ended with Success or Failure. */
struct mp_probe_worker mp_probe_answer(const struct mp_probe_spec *spec, enum mp_probe_kind kind,
				       struct mp_probe_worker w, bool is_success);

/** mp_probe_is_due() - a round is to begin at @now. */
bool mp_probe_is_due(const struct mp_probe_worker *w, mp_nsec now);

/** mp_probe_tick() - the ticker after a round that began at @now was or was not a tick. */
struct mp_probe_worker mp_probe_tick(const struct mp_probe_spec *spec, struct mp_probe_worker w,
				     mp_nsec now);

/** mp_probe_doze() - at the end of a turn: @ret_wake is the next moment that has an effect. */
struct mp_probe_worker mp_probe_doze(const struct mp_probe_spec *spec, enum mp_probe_kind kind,
				     struct mp_probe_worker w, const struct mp_probe_seen *seen,
				     mp_nsec *ret_wake);

/** mp_probe_resume() - at the beginning of a turn: ticks that had no effect have passed. */
struct mp_probe_worker mp_probe_resume(const struct mp_probe_spec *spec, struct mp_probe_worker w,
				       mp_nsec now);

/** mp_probe_known() - the cached result for container @id. */
enum mp_known mp_probe_known(const struct mp_probe_worker *w, const char *id);

/** mp_probe_kind_text() - "Startup", "Readiness", "Liveness". */
const char *mp_probe_kind_text(enum mp_probe_kind kind);
