/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated life as the directory of a real pod: pod.json and trace.jsonl, for
 * `minipod replay` and for comparison with the journal of a real run.
 */
#pragma once

#include "runtime/sim_node.h"
#include "runtime/trace.h"

struct mp_sim_trace {
	struct mp_trace *trace; /* owned; NULL: nothing is written */
	bool is_turn_told;      /* the line of the turn in progress is there */
	int r;                  /* first failure to write; 0 */
};

/**
 * mp_sim_trace_open() - begin in @path, a directory that is made or holds no pod yet.
 * @spec, @script: as for mp_sim_init(), which comes next.
 *
 * Return: 0 or -errno. mp_sim_trace_close() releases.
 */
int mp_sim_trace_open(struct mp_sim_trace *t, const char *path, const struct mp_pod_spec *spec,
		      const struct mp_sim_script *script, struct mp_error *err);

/** mp_sim_trace_event(), _action(), _turn() - from the callbacks of struct mp_sim_watch. */
void mp_sim_trace_event(struct mp_sim_trace *t, const struct mp_sim *sim,
			const struct mp_event *ev);
void mp_sim_trace_action(struct mp_sim_trace *t, const struct mp_sim *sim,
			 const struct mp_action *action);
void mp_sim_trace_turn(struct mp_sim_trace *t, const struct mp_sim *sim);

/** mp_sim_trace_close() - all is written. Return: 0, or -errno when a line could not be. */
int mp_sim_trace_close(struct mp_sim_trace *t, struct mp_error *err);
