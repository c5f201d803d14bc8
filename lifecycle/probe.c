/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kubelet's worker is a goroutine on a ticker that looks at the world on every tick. Here a
 * tick that would change nothing is not waited for: the cadence is remembered, and the worker
 * dozes until an event. So the observable rounds fall on the same instants, without wake-ups.
 */
#include "lifecycle/probe.h"

#include <string.h>

const char *mp_probe_kind_text(enum mp_probe_kind kind)
{
	switch (kind) {
	case MP_PROBE_STARTUP:
		return "Startup";
	case MP_PROBE_READINESS:
		return "Readiness";
	case MP_PROBE_LIVENESS:
		break;
	}
	return "Liveness";
}

static mp_nsec period_of(const struct mp_probe_spec *spec)
{
	return mp_seconds(spec->period_s > 0 ? spec->period_s : 10);
}

/* First point of the worker's cadence that is not before @t. */
static mp_nsec tick_from(const struct mp_probe_spec *spec, const struct mp_probe_worker *w,
			 mp_nsec t)
{
	const mp_nsec period = period_of(spec);
	mp_nsec behind;

	if (w->next_tick >= t)
		return w->next_tick;
	behind = t - w->next_tick;
	return mp_nsec_add(w->next_tick, (behind + period - 1) / period * period);
}

struct mp_probe_worker mp_probe_new(mp_nsec first)
{
	return (struct mp_probe_worker){ .exists = true, .next_tick = first };
}

bool mp_probe_is_due(const struct mp_probe_worker *w, mp_nsec now)
{
	return w->exists && !w->is_ended && w->tries == 0 &&
	       (w->is_triggered || w->next_tick <= now);
}

struct mp_probe_worker mp_probe_tick(const struct mp_probe_spec *spec, struct mp_probe_worker w,
				     mp_nsec now)
{
	if (w.is_triggered)
		w.next_tick = mp_nsec_add(now, period_of(spec)); /* a trigger restarts the period */
	else
		w.next_tick = tick_from(spec, &w, now + 1);
	w.is_triggered = false;
	return w;
}

/* Returns whether anything changed. */
static bool store(struct mp_probe_worker *w, enum mp_known result)
{
	if (w->has_result && w->result == result)
		return false;
	w->has_result = true;
	w->result = result;
	return true;
}

static enum mp_known initial_result(enum mp_probe_kind kind)
{
	switch (kind) {
	case MP_PROBE_STARTUP:
		return MP_KNOWN_NOTHING;
	case MP_PROBE_READINESS:
		return MP_KNOWN_FAILURE;
	case MP_PROBE_LIVENESS:
		break;
	}
	return MP_KNOWN_SUCCESS;
}

struct mp_probe_step mp_probe_round(const struct mp_probe_spec *spec, enum mp_probe_kind kind,
				    struct mp_probe_worker w, const struct mp_probe_seen *seen,
				    mp_nsec now)
{
	struct mp_probe_step step = { .worker = w };
	struct mp_probe_worker *next = &step.worker;

	if (!seen->has_status)
		return step;
	if (seen->is_phase_final) {
		next->is_ended = true;
		step.is_changed = true;
		return step;
	}
	if (seen->id[0] == '\0')
		return step;
	if (strcmp(w.id, seen->id) != 0) {
		MP_COPY(next->id, seen->id);
		next->is_on_hold = false;
		next->has_result = false;
		if (!seen->is_carried)
			(void)store(next, initial_result(kind));
		step.is_changed = true;
	}
	if (next->is_on_hold)
		return step;
	if (!seen->is_running) {
		if (store(next, MP_KNOWN_FAILURE))
			step.is_changed = true;
		if (seen->is_gone_for_good) {
			next->is_ended = true;
			step.is_changed = true;
		}
		return step;
	}
	if (seen->is_deleting && kind != MP_PROBE_READINESS) {
		/*
		 * Nothing is to be killed for it any more. What startup found stays: a container
		 * does not become started by being deleted.
		 */
		if (kind == MP_PROBE_LIVENESS)
			(void)store(next, MP_KNOWN_SUCCESS);
		next->is_ended = true;
		step.is_changed = true;
		return step;
	}
	if (now < mp_nsec_add(seen->started_at, mp_seconds(spec->initial_delay_s)))
		return step;
	if (seen->is_started == (kind == MP_PROBE_STARTUP))
		return step; /* the startup gate */
	step.todo = MP_PROBE_DO_EXECUTE;
	step.is_changed = true;
	next->tries = 1;
	return step;
}

struct mp_probe_worker mp_probe_answer(const struct mp_probe_spec *spec, enum mp_probe_kind kind,
				       struct mp_probe_worker w, bool is_success)
{
	const int64_t threshold = is_success ? spec->success_threshold : spec->failure_threshold;

	w.tries = 0;
	w.run = w.has_run && w.was_success == is_success ? w.run + 1 : 1;
	w.has_run = true;
	w.was_success = is_success;
	if (w.run < threshold)
		return w;
	(void)store(&w, is_success ? MP_KNOWN_SUCCESS : MP_KNOWN_FAILURE);
	if (kind == MP_PROBE_STARTUP || (kind == MP_PROBE_LIVENESS && !is_success)) {
		w.is_on_hold = true;
		w.run = 0;
	}
	return w;
}

struct mp_probe_worker mp_probe_doze(const struct mp_probe_spec *spec, enum mp_probe_kind kind,
				     struct mp_probe_worker w, const struct mp_probe_seen *seen,
				     mp_nsec *ret_wake)
{
	mp_nsec when = w.next_tick;

	*ret_wake = MP_NSEC_NEVER;
	w.is_dormant = false;
	if (!w.exists || w.is_ended || w.tries > 0)
		return w;
	if (seen->is_running)
		when = tick_from(spec, &w,
				 mp_nsec_add(seen->started_at, mp_seconds(spec->initial_delay_s)));
	/* The tick before the delay is over matters too when it sees a new container. */
	if (mp_probe_round(spec, kind, w, seen, w.next_tick).is_changed)
		*ret_wake = w.next_tick;
	else if (mp_probe_round(spec, kind, w, seen, when).is_changed)
		*ret_wake = when;
	w.is_dormant = *ret_wake != w.next_tick;
	return w;
}

struct mp_probe_worker mp_probe_resume(const struct mp_probe_spec *spec, struct mp_probe_worker w,
				       mp_nsec now)
{
	if (w.is_dormant)
		w.next_tick = tick_from(spec, &w, now);
	w.is_dormant = false;
	return w;
}

enum mp_known mp_probe_known(const struct mp_probe_worker *w, const char *id)
{
	return w->exists && w->has_result && strcmp(w->id, id) == 0 ? w->result : MP_KNOWN_NOTHING;
}
