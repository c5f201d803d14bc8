/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod machine's memory: private to lifecycle/. One block holds this struct, the per-container
 * states, two sets of published statuses and the outbox; the pointers at its end are the only
 * ones into the block, and mp_pod_relocate() renews them.
 */
#pragma once

#include "lifecycle/conditions.h"
#include "lifecycle/eventlog.h"
#include "lifecycle/outbox.h"
#include "lifecycle/pod.h"
#include "lifecycle/probe.h"
#include "lifecycle/record.h"
#include "lifecycle/restart.h"
#include "lifecycle/statuses.h"
#include "lifecycle/stop.h"

#define MP_FOREIGN_MAX (MP_CONDITIONS_MAX - 6)

/* ---- one container ------------------------------------------------------------------------- */

/** struct mp_kill - the kill of one container, when @is_active. */
struct mp_kill {
	bool is_active;
	struct mp_stop_spec spec;
	struct mp_stop_state state;
};

/** struct mp_hook - a hook of one container; at most one runs at a time. */
struct mp_hook {
	bool is_running; /* asked for, no answer was dealt with yet */
	bool has_answer;
	enum mp_hook_kind kind;
	bool is_ok;
	bool did_fallback;
	char message[MP_MESSAGE_MAX]; /* failure, or the fallback's target */
};

/** struct mp_probing - a probe worker and the answer it has not dealt with yet. */
struct mp_probing {
	struct mp_probe_worker worker;
	bool has_answer;
	enum mp_probe_outcome outcome;
	char output[MP_MESSAGE_MAX];
};

/** struct mp_image - what the last image check or pull found. */
struct mp_image {
	char resolved[MP_IMAGE_MAX], id[MP_IMAGE_MAX];
	char stop_signal[16];
};

/** struct mp_wanted - what the sync in progress decided for one container (section 4). */
struct mp_wanted {
	bool kill, start;
	bool has_finished; /* an exited record existed when the sync began (5.1) */
	mp_nsec finished;
	struct mp_opt_int grace_s; /* of the probe that failed (7.5) */
	char message[192];         /* of the Killing event */
};

/** struct mp_pull_state - the back-off of one image's pulls, and why the last one failed. */
struct mp_pull_state {
	int volume; /* whose image it is; meaningless for a container's own */
	struct mp_backoff backoff;
	char reason[MP_REASON_MAX]; /* "" = it did not */
	char message[MP_MESSAGE_MAX];
};

struct mp_cstate {
	struct mp_record rec[2]; /* newest first */
	int64_t next_count;      /* restart count of the next record; names its log */
	struct mp_start_failure failure;
	struct mp_backoff backoff;
	struct mp_image image;
	struct mp_kill kill;
	struct mp_hook hook;
	struct mp_probing probes[MP_N_PROBES];
	struct mp_wanted wanted;
	bool is_start_untold; /* started by the supervisor before, which died before it was told */
	bool is_carried;      /* section 14: @carried_* hold for record @carried_id */
	bool carried_started, carried_ready;
	char carried_id[MP_CONTAINER_ID_MAX];
	struct mp_pull_state pull;        /* used in the first container that names the image */
	struct mp_pull_state volume_pull; /* in the first that mounts the volume .volume */
};

/* ---- the worker ---------------------------------------------------------------------------- */

enum mp_worker {
	MP_WORKER_IDLE = 0,
	MP_WORKER_SYNCING,
	MP_WORKER_TERMINATING,
	MP_WORKER_TERMINATED, /* tearing down */
	MP_WORKER_FINISHED,
};

enum mp_sync_step {
	MP_SYNC_PREPARE = 0,
	MP_SYNC_VOLUMES,
	MP_SYNC_DECIDE,
	MP_SYNC_KILL_POD,
	MP_SYNC_KILL_EACH,
	MP_SYNC_STOP_SANDBOX,
	MP_SYNC_RESTART_ALL,
	MP_SYNC_CREATE_SANDBOX,
	MP_SYNC_START,
	MP_SYNC_END,
};

/** struct mp_sync - the sync in progress. */
struct mp_sync {
	enum mp_sync_step step;
	bool is_begun; /* the step handed out what it waits for */
	bool kill_pod, create_sandbox, restart_all;
	size_t trigger; /* of restart_all: killed last */
	size_t index;   /* container the step is at */
	bool has_failed;
	mp_nsec crash_expiry;  /* earliest end of a back-off met; MP_NSEC_NEVER */
	mp_nsec give_up_at;    /* waiting for volumes */
	mp_nsec look_again_at; /* a decision that only time holds back; MP_NSEC_NEVER */
};

/** enum mp_progress - how far a step of the worker got. */
enum mp_progress { MP_STEP_WAITS = 0, MP_STEP_GOES_ON, MP_STEP_OK, MP_STEP_FAILED };

/*
 * How far a fresh process is ahead of what waits only for it to run: the container after a sidecar
 * without a startup probe, and postStart. On a node a relist and a create, or an exec, lie between;
 * pods are written for that (a proxy that should listen before the first request, a hook that uses
 * what the entry point makes). Here they would follow within milliseconds.
 */
#define MP_HEAD_START (mp_seconds(3) / 10)

enum mp_start_stage {
	MP_START_IDLE = 0,
	MP_START_CHECK,     /* image looked up */
	MP_START_PULL,      /* image pulled */
	MP_START_CREATE,    /* record made */
	MP_START_RUN,       /* process started */
	MP_START_SETTLE,    /* its process gets a head start on postStart */
	MP_START_HOOK,      /* postStart */
	MP_START_HOOK_KILL, /* postStart failed: it is killed */
};

/** struct mp_start - the start in progress; there is one at a time. */
struct mp_start {
	enum mp_start_stage stage;
	size_t container;
	int volume; /* whose image is asked for, into spec->volumes; -1: the container's own */
	bool has_answer;
	enum mp_event_type answer;
	char reason[MP_REASON_MAX];
	char message[MP_MESSAGE_MAX];
	mp_nsec took, took_waiting;
	int64_t bytes;
};

/** struct mp_request - something asked of the node for the pod as a whole. */
struct mp_request {
	bool is_asked;
	bool has_answer;
	bool is_ok;
	char reason[MP_REASON_MAX];
	char message[MP_MESSAGE_MAX];
};

struct mp_sandbox {
	int attempt;   /* of the newest; -1: there was none */
	bool is_alive; /* READY */
	bool is_gone;  /* stopped for good, or there never was one */
	bool has_died; /* since the request in progress was made */
	struct mp_request create, stop;
	char ip[64], ip6[64];
};

enum mp_end_step {
	MP_END_KILL = 0,
	MP_END_STOP_SANDBOX,
	MP_END_LAST_STATUS,
	MP_END_TEAR_DOWN,
};

struct mp_pod {
	struct mp_pod_config config;
	uint64_t rng;
	struct mp_now last_turn;

	enum mp_worker worker;
	bool is_dirty;    /* something happened that a sync is needed for */
	mp_nsec retry_at; /* idle: the next sync at the latest */
	struct mp_sync sync;
	struct mp_start start;
	struct mp_sandbox sandbox;
	struct mp_request prepare, volumes, tear_down;
	bool is_prepared, are_volumes_ready;
	mp_nsec volumes_retry_at, volumes_delay;
	enum mp_end_step end_step;
	bool is_end_step_begun;
	mp_nsec end_retry_at;
	bool is_stopped; /* the terminating worker is done: no process is left */

	bool is_deleting, is_forced;
	int64_t delete_grace_s;
	int64_t deletion_wall;
	mp_nsec abort_at;    /* a running postStart is abandoned then; MP_NSEC_NEVER */
	bool is_grace_spent; /* ... and was: the kills that follow get the least grace */
	bool is_shortened;   /* a grace period was set that kills in progress must learn */
	bool is_evicted, is_rejected, is_past_deadline;
	bool is_unscheduled; /* waits for room: nothing has begun, nothing begins */
	char unscheduled_message[MP_MESSAGE_MAX];
	mp_nsec exceeded_at;            /* eviction: the kill should have been done by then */
	char end_reason[MP_REASON_MAX]; /* of an eviction or a rejection */
	char end_message[MP_MESSAGE_MAX];
	char reject_message[MP_MESSAGE_MAX]; /* as told, for the event */

	/* computed phase, not delayed (1.3) */
	enum mp_phase phase;
	char reason[MP_REASON_MAX];
	char message[MP_MESSAGE_MAX];
	bool has_started; /* the first status was published */
	mp_nsec start_mono;
	enum mp_restart_all restart_all; /* 4.5 */

	struct mp_condition foreign[MP_FOREIGN_MAX];
	size_t n_foreign;
	bool is_foreign_new; /* one was set and is not shown yet */
	struct mp_eventlog log;
	struct mp_pod_status published, scratch;

	const struct mp_pod_spec *spec; /* borrowed */
	struct mp_cstate *containers;   /* inside the block, as the next two */
	struct mp_outbox *outbox;
	bool *is_running; /* scratch for orders of stopping, as spec->containers */
};

/* ---- small helpers shared by the parts (machine.c) ------------------------------------------- */

/** mp_machine_n() - containers of the pod. */
static inline size_t mp_machine_n(const struct mp_pod *pod)
{
	return mp_spec_n_containers(pod->spec);
}

/** mp_machine_do() - hand out @type for container @index (-1: the pod). */
void mp_machine_do(struct mp_pod *pod, enum mp_action_type type, int index);

/** mp_machine_add() - hand out @action. */
void mp_machine_add(struct mp_pod *pod, const struct mp_action *action);

/** mp_machine_event() - record a Kubernetes event of container @index (-1: the pod). */
void mp_machine_event(struct mp_pod *pod, struct mp_now now, int index, bool is_warning,
		      const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/** mp_machine_note() - the same for a note, which may be of an ephemeral container. */
void mp_machine_note(struct mp_pod *pod, struct mp_now now, int index, const struct mp_event *note);

/** mp_machine_pod_desc() - "<name>_<namespace>(<uid>)" into @buf. */
const char *mp_machine_pod_desc(const struct mp_pod *pod, char *buf, size_t size);

/** mp_machine_is_ending() - deleted, evicted or rejected: nothing new is begun. */
bool mp_machine_is_ending(const struct mp_pod *pod);

/** mp_machine_remove_record() - hand out REMOVE_RECORD for @rec of container @index. */
void mp_machine_remove_record(struct mp_pod *pod, size_t index, const struct mp_record *rec,
			      bool remove_logs);

/** mp_machine_is_sandbox_ready() - alive, with an address unless the network is the host's. */
bool mp_machine_is_sandbox_ready(const struct mp_pod *pod);

/** mp_request_ask() - remember that it was asked for. */
void mp_request_ask(struct mp_request *req);

/** mp_request_answer() - an answer came; ignored unless one is awaited. */
void mp_request_answer(struct mp_request *req, bool is_ok, const char *reason, const char *message);
