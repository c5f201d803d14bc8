/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated node in virtual time: it carries out the pod machine's actions as a script says.
 * Deterministic: the same spec and script give the same life. No effect on the real machine.
 */
#pragma once

#include "lifecycle/pod.h"
#include "runtime/sim_script.h"

#define MP_SIM_QUEUE_MAX 256
#define MP_SIM_PLAN_MAX  64
#define MP_SIM_EPOCH     (INT64_C(1700000000) * MP_NSEC_PER_S) /* wall time at 0 */

enum mp_sim_life {
	MP_SIM_ABSENT = 0,
	MP_SIM_CREATING,
	MP_SIM_CREATED,
	MP_SIM_STARTING,
	MP_SIM_ALIVE,
	MP_SIM_DEAD,
};

/** struct mp_sim_proc - the truth about one container. */
struct mp_sim_proc {
	enum mp_sim_life life;
	char id[65];
	uint64_t number; /* of the instance: tells a late end of an earlier one apart */
	const struct mp_sim_run *run;
	size_t n_creates, n_pulls, n_hooks[2], n_probes[MP_N_PROBES];
	bool is_hook_running[2], is_probe_running[MP_N_PROBES];
	bool is_end_unseen; /* it ended while no supervisor lived */
	struct mp_event end;
};

struct mp_sim_queued {
	mp_nsec at;
	uint64_t order;               /* within one instant */
	uint64_t number;              /* EXITED: the instance; else 0 */
	const struct mp_sim_do *todo; /* a step of the script instead of an event */
	struct mp_event ev;
	char id[65];
};

struct mp_sim;

/** struct mp_sim_watch - who looks on; members may be NULL. */
struct mp_sim_watch {
	void *arg;
	void (*on_event)(struct mp_sim *sim, const struct mp_event *ev, void *arg);
	void (*on_action)(struct mp_sim *sim, const struct mp_action *action, void *arg);
	void (*on_turn)(struct mp_sim *sim, const struct mp_plan *plan, void *arg);
	void (*on_do)(struct mp_sim *sim, const struct mp_sim_do *todo, void *arg);
};

/** struct mp_sim - the node. Readable by everybody; written by sim_node.c. */
struct mp_sim {
	const struct mp_pod_spec *spec;
	const struct mp_sim_script *script;
	struct mp_sim_watch watch;
	void *mem; /* owned */
	size_t mem_size;
	struct mp_pod *pod;
	struct mp_sim_proc *procs; /* owned; as spec->containers */
	struct mp_now now;
	mp_nsec wake_at;
	bool is_sandbox_up, is_finished;
	bool is_down; /* between two supervisors */
	const struct mp_sim_do *down_by;
	mp_nsec up_at;       /* the new supervisor comes then */
	int64_t n_failed[5]; /* prepare, volumes, sandbox, stop, tear down */
	struct mp_sim_queued queue[MP_SIM_QUEUE_MAX];
	size_t n_queue;
	uint64_t order, rng;
	uint64_t n_turns;
};

/** mp_sim_config() - what the machine is told about this node. */
struct mp_pod_config mp_sim_config(const struct mp_sim_script *script);

/**
 * mp_sim_init() - a node at time 0 with an empty pod; everything is borrowed.
 * @sim: zeroed, or used before: its memory is used again.
 *
 * Return: 0 or -ENOMEM. mp_sim_done() releases.
 */
int mp_sim_init(struct mp_sim *sim, const struct mp_pod_spec *spec,
		const struct mp_sim_script *script, const struct mp_sim_watch *watch);

void mp_sim_done(struct mp_sim *sim);

/**
 * mp_sim_turn() - what is due now happens, the machine plans, the actions are carried out, and
 * time moves on to what comes next.
 *
 * Return: whether anything comes next; false also when the machine has finished.
 */
bool mp_sim_turn(struct mp_sim *sim);

/** mp_sim_run() - turns until nothing comes, or what comes next is after @until. */
void mp_sim_run(struct mp_sim *sim, mp_nsec until);
