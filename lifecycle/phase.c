/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/phase.h"

#include <string.h>

#include "lifecycle/restart.h"

struct counts {
	int pending_init, init_failed, pending_sidecar;
	int unknown, running, waiting, stopped, stopped_for_good, succeeded;
};

const char *mp_phase_text(enum mp_phase phase)
{
	switch (phase) {
	case MP_PHASE_PENDING:
		return "Pending";
	case MP_PHASE_RUNNING:
		return "Running";
	case MP_PHASE_SUCCEEDED:
		return "Succeeded";
	case MP_PHASE_FAILED:
		break;
	}
	return "Failed";
}

bool mp_phase_is_final(enum mp_phase phase)
{
	return phase == MP_PHASE_SUCCEEDED || phase == MP_PHASE_FAILED;
}

static enum mp_state_kind kind_of(const struct mp_container_status *s)
{
	return s->is_present ? s->state.kind : MP_STATE_NONE;
}

/* An init container that was OOM killed has failed, whatever its exit code (3.3). */
static int failure_code(const struct mp_terminated *t)
{
	return t->exit_code == 0 && strcmp(t->reason, "OOMKilled") == 0 ? 137 : t->exit_code;
}

/* Its record was removed so that the whole pod starts over: it has not ended for good (4.5). */
static bool starts_over(const struct mp_container_status *s)
{
	return s->has_last && strcmp(s->last.reason, "RestartingAllContainers") == 0;
}

static void count_init(struct counts *n, const struct mp_pod_spec *spec,
		       const struct mp_container_spec *c, const struct mp_container_status *s)
{
	int code = 0;

	switch (kind_of(s)) {
	case MP_STATE_TERMINATED:
		code = failure_code(&s->state.terminated);
		break;
	case MP_STATE_WAITING:
		if (s->has_last && !starts_over(s)) {
			code = failure_code(&s->last);
			break;
		}
		n->pending_init++;
		return;
	case MP_STATE_NONE:
	case MP_STATE_RUNNING:
		n->pending_init++;
		return;
	}
	if (code != 0 && !mp_should_restart(spec, c, code))
		n->init_failed++;
}

static void count_sidecar(struct counts *n, const struct mp_container_status *s)
{
	switch (kind_of(s)) {
	case MP_STATE_RUNNING:
		n->running++;
		if (!s->is_started)
			n->pending_sidecar++;
		break;
	case MP_STATE_TERMINATED:
		break;
	case MP_STATE_WAITING:
		if (!s->has_last) {
			n->pending_sidecar++;
			n->waiting++;
		}
		break;
	case MP_STATE_NONE:
		n->unknown++;
		if (s->is_present)
			n->pending_sidecar++;
		break;
	}
}

static void count_main(struct counts *n, const struct mp_pod_spec *spec,
		       const struct mp_container_spec *c, const struct mp_container_status *s)
{
	switch (kind_of(s)) {
	case MP_STATE_RUNNING:
		n->running++;
		break;
	case MP_STATE_TERMINATED:
		n->stopped++;
		if (s->state.terminated.exit_code == 0)
			n->succeeded++;
		if (!mp_should_restart(spec, c, s->state.terminated.exit_code))
			n->stopped_for_good++;
		break;
	case MP_STATE_WAITING:
		if (!s->has_last) {
			n->waiting++;
			break;
		}
		n->stopped++;
		if (!starts_over(s) && !mp_should_restart(spec, c, s->last.exit_code))
			n->stopped_for_good++;
		break;
	case MP_STATE_NONE:
		n->unknown++;
		break;
	}
}

enum mp_phase mp_phase_of(const struct mp_phase_seen *seen)
{
	struct counts n = { 0 };

	for (size_t i = 0; i < mp_spec_n_containers(seen->spec); i++) {
		const struct mp_container_spec *c = &seen->spec->containers[i];
		const struct mp_container_status *s = &seen->statuses[i];

		switch (c->kind) {
		case MP_KIND_INIT:
			count_init(&n, seen->spec, c, s);
			break;
		case MP_KIND_SIDECAR:
			count_sidecar(&n, s);
			break;
		case MP_KIND_MAIN:
			count_main(&n, seen->spec, c, s);
			break;
		}
	}

	if (n.init_failed > 0)
		return MP_PHASE_FAILED;
	if (n.pending_init > 0 || (n.pending_sidecar > 0 && !seen->is_initialized))
		return MP_PHASE_PENDING;
	if (n.waiting > 0)
		return MP_PHASE_PENDING;
	if (n.unknown > 0)
		return MP_PHASE_PENDING;
	if (n.running > 0)
		return MP_PHASE_RUNNING;
	if (n.stopped == 0)
		return MP_PHASE_PENDING;
	if (!seen->is_terminal && n.stopped != n.stopped_for_good)
		return MP_PHASE_RUNNING; /* something will restart */
	return n.stopped == n.succeeded ? MP_PHASE_SUCCEEDED : MP_PHASE_FAILED;
}
