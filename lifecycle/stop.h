/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Killing one container: preStop, its turn, stop signal, SIGKILL, in one grace period.
 * Source: kuberuntime_container.go (killContainer), kuberuntime_termination_order.go;
 * pod-semantics reference sections 8.2, 8.3.
 */
#pragma once

#include "lifecycle/spec.h"

#define MP_STOP_FLOOR_S 2             /* least seconds between the stop signal and SIGKILL */
#define MP_STOP_AGAIN   mp_seconds(2) /* SIGKILL is asked for again after this long */

enum mp_stop_phase {
	MP_STOP_IDLE = 0,
	MP_STOP_HOOK, /* preStop runs */
	MP_STOP_TURN, /* a sidecar waits until it may stop */
	MP_STOP_TERM, /* the stop signal was sent */
	MP_STOP_KILL, /* SIGKILL was asked for */
	MP_STOP_DONE, /* it is gone */
};

enum mp_stop_todo {
	MP_STOP_DO_NOTHING = 0,
	MP_STOP_DO_RUN_HOOK,
	MP_STOP_DO_ABANDON_HOOK,
	MP_STOP_DO_SIGNAL,
	MP_STOP_DO_KILL,
};

struct mp_stop_spec {
	int64_t grace_s;
	bool has_pre_stop;
	bool is_ordered; /* a sidecar in a pod-level kill: waits for its turn */
};

struct mp_stop_seen {
	bool is_running;      /* its process may be alive */
	bool is_hook_running; /* preStop was asked for and has not answered */
	bool may_stop;        /* its turn has come */
};

struct mp_stop_state {
	enum mp_stop_phase phase;
	int64_t grace_s;  /* left when the phase began */
	mp_nsec since;    /* the phase began */
	mp_nsec deadline; /* it ends */
};

struct mp_stop_step {
	struct mp_stop_state state;
	enum mp_stop_todo todo;
	mp_nsec wake_at;
};

/**
 * mp_stop_next() - one step. Ask again with the new state while there is something to do or
 * the phase changed.
 */
struct mp_stop_step mp_stop_next(const struct mp_stop_spec *spec, const struct mp_stop_seen *seen,
				 struct mp_stop_state state, mp_nsec now);

/** mp_stop_shorten() - the grace period ends at the latest @grace_s seconds from @now. */
struct mp_stop_state mp_stop_shorten(struct mp_stop_state state, int64_t grace_s, mp_nsec now);

/**
 * mp_stop_may_stop() - has the turn of container @index come? (8.3)
 * @is_running: as spec->containers.
 */
bool mp_stop_may_stop(const struct mp_pod_spec *spec, const bool *is_running, size_t index);
