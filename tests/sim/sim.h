/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulation testing of the pod machine: random pods with random scripts live on a simulated
 * node, and after every step what must always hold is checked.
 */
#pragma once

#include "runtime/sim_node.h"

#define SIM_CONTAINERS 6
#define SIM_RULES      2
#define SIM_CODES      2
#define SIM_DOS        10
#define SIM_SERIES     512

/** struct sim_case - one pod and its script, in one copyable piece. sim_case_link() after a copy. */
struct sim_case {
	uint64_t seed;
	struct mp_pod_spec spec;
	struct mp_container_spec containers[SIM_CONTAINERS];
	struct mp_restart_rule rules[SIM_CONTAINERS][SIM_RULES];
	int64_t codes[SIM_CONTAINERS][SIM_RULES][SIM_CODES];
	const char *gates[1];
	struct mp_sim_container behave[SIM_CONTAINERS];
	struct mp_sim_do dos[SIM_DOS];
	struct mp_sim_script script;
};

/** sim_case_make() - the case of @seed. */
void sim_case_make(struct sim_case *c, uint64_t seed);

/** sim_case_link() - renew the pointers into the case itself. */
void sim_case_link(struct sim_case *c);

/** sim_case_remove() - without container @index; false when it cannot be missed. */
bool sim_case_remove(struct sim_case *c, size_t index);

/** sim_case_print() - as a manifest and a script that `minipod simulate` reads. */
void sim_case_print(const struct sim_case *c, const char *manifest_path, const char *script_path);

/** struct sim_grace - bounds of one kill. */
struct sim_kill {
	bool is_begun, is_ordered, is_exact, is_hook_run, is_terminated, is_killed;
	mp_nsec began, term_at, killed_at;
	mp_nsec earliest;   /* SIGKILL not before */
	mp_nsec latest;     /* and by then */
	mp_nsec turn_until; /* a sidecar's wait for its turn is over then */
	int64_t grace_s;
};

/** struct sim_mind - what the checker remembers of one container. */
struct sim_mind {
	struct sim_kill kill;
	int64_t n_created, n_started, n_ended, last_count, id_count;
	char count_id[65];
	bool has_newest_ended;
	bool is_dropped;            /* the newest instance was removed before its start */
	bool is_forgotten;          /* ... after its end: it starts over */
	bool is_record, is_running; /* a record is there; STARTED was told and no end */
	bool has_main_record;
	bool is_init_done, was_started; /* of this sandbox */
	bool is_post_start_due;
	bool has_probe_failure; /* a liveness or startup probe failed: 5.1 becomes ambiguous */
	bool was_killed;        /* the machine stopped the newest instance */
	bool is_exit_known, is_old_spec;
	int exit_code;
	mp_nsec started_at, ended_at, ended_before;
	bool has_end, has_end_before;
	struct { /* back-off, 5.1 */
		bool is_set, is_unsure;
		mp_nsec delay, last_update;
	} back_off;
	int64_t asked_instance[MP_N_PROBES]; /* whom a probe last asked */
	mp_nsec errored_at[MP_N_PROBES];     /* an execution is tried up to three times */
	int64_t run[MP_N_PROBES];            /* answers of one kind in a row */
	bool run_success[MP_N_PROBES];
	bool is_asked_again;      /* the newest instance lived through a recovery */
	bool has_startup_success; /* of the newest instance */
	/* events told; see sim_check_event() */
	int64_t n_event_started, n_event_created, n_event_unhealthy;
	bool has_event_back_off, has_event_failed, has_event_post_start;
	int64_t n_bad_answers; /* of probes */
	int64_t last_restarts, published_created;
};

struct sim_series {
	uint32_t slot;
	int64_t first_wall, count;
};

/** struct sim_check - the invariants' memory over one case. */
struct sim_check {
	const struct sim_case *c;
	bool is_failed;
	char why[512];
	uint64_t hash; /* of all actions: the same seed gives the same life */
	struct sim_mind minds[SIM_CONTAINERS];
	int attempt;
	bool is_deleting, is_evicted, is_rejected, is_ended; /* nothing may be started any more */
	bool was_cut; /* the turn before handed out a part only */
	bool is_restarting_all, has_restarted_all, has_recovered;
	mp_nsec delete_grace_until, deleted_at, recovered_at;
	int64_t worker_grace_s; /* smallest override so far; INT64_MAX: none */
	bool is_published, has_deadline_event, has_evicted_event, has_sandbox_event;
	bool are_volumes_bad, is_evict_told;
	int64_t n_events[2]; /* Normal, Warning */
	enum mp_phase last_phase;
	struct mp_condition conditions[MP_CONDITIONS_MAX];
	size_t n_conditions;
	bool was_initialized;
	bool is_grace_unsure;
	int64_t start_wall, restart_all_wall;
	mp_nsec first_published;
	bool last_started[SIM_CONTAINERS];
	struct sim_series series[SIM_SERIES];
	size_t n_series;
	int64_t n_finish, n_told;
};

/** sim_check_init() - nothing has happened; @watch gets the callbacks. */
void sim_check_init(struct sim_check *k, const struct sim_case *c, struct mp_sim_watch *watch);

/** sim_fail() - remember the first broken invariant. */
void sim_fail(struct sim_check *k, const struct mp_sim *sim, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** sim_restarts() - section 1.1, written anew. */
bool sim_restarts(const struct mp_pod_spec *spec, const struct mp_container_spec *c, int code);

/** sim_phase() - the table of section 1.2, written anew. */
enum mp_phase sim_phase(const struct mp_pod_spec *spec, const struct mp_container_status *statuses,
			const bool *is_started, bool is_terminal, bool is_initialized);

/** sim_check_status() - what must hold of a published status. */
void sim_check_status(struct sim_check *k, struct mp_sim *sim);

/** sim_check_kill() - SIGNAL, KILL and preStop. */
void sim_check_kill(struct sim_check *k, struct mp_sim *sim, const struct mp_action *a);

/** sim_check_kill_event() - a Killing event told that the kill of @index has begun. */
void sim_check_kill_event(struct sim_check *k, struct mp_sim *sim, int index, const char *message);

/** sim_check_shorten() - a deletion or an eviction limits the kills in progress. */
void sim_check_shorten(struct sim_check *k, struct mp_sim *sim, int64_t grace_s);

/** sim_check_end() - from now on nothing may be started. */
void sim_check_end(struct sim_check *k, const struct mp_sim *sim);

/** sim_check_stops() - no stop signal and no SIGKILL is overdue. */
void sim_check_stops(struct sim_check *k, struct mp_sim *sim);

/** sim_check_event() - an event agrees with what happened. */
void sim_check_event(struct sim_check *k, struct mp_sim *sim, const struct mp_k8s_event *e);

/** sim_check_told() - what the status shows was told as an event too. */
void sim_check_told(struct sim_check *k, struct mp_sim *sim);

/** sim_check_rest() - a pod at rest shows the truth, and rests no longer than it may. */
void sim_check_rest(struct sim_check *k, struct mp_sim *sim, const struct mp_plan *plan);

/** sim_go_on_from_checkpoint() - with a machine that was saved and loaded, where it may be saved. */
void sim_go_on_from_checkpoint(struct mp_sim *sim);

struct sim_result {
	bool is_failed;
	char why[512];
	uint64_t n_turns, hash;
	mp_nsec span;
};

/**
 * sim_case_run() - live the case to its end.
 * @has_checkpoints: after each turn with a machine that was saved and loaded.
 */
void sim_case_run(const struct sim_case *c, bool has_checkpoints, struct sim_result *ret);

/** sim_case_shrink() - the smallest case found that still fails in the same way. */
void sim_case_shrink(struct sim_case *c, struct sim_result *result);
