/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/decide.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/probing.h"

static const struct mp_record *newest(const struct mp_pod *pod, size_t index)
{
	return &pod->containers[index].rec[0];
}

static void want_start(struct mp_pod *pod, size_t index)
{
	pod->containers[index].wanted.start = true;
}

static void want_kill(struct mp_pod *pod, size_t index, const char *fmt, const char *suffix)
{
	struct mp_wanted *wanted = &pod->containers[index].wanted;
	char name[64];

	wanted->kill = true;
	MP_COPY(name, pod->spec->containers[index].name);
	(void)snprintf(wanted->message, sizeof(wanted->message), "%sontainer %s %s%s",
		       pod->spec->containers[index].kind == MP_KIND_MAIN ? "C" : "Init c", name,
		       fmt, suffix);
}

static void want_probe_kill(struct mp_pod *pod, size_t index, enum mp_probe_kind kind,
			    const char *suffix)
{
	pod->containers[index].wanted.grace_s = pod->spec->containers[index].probes[kind].grace_s;
	want_kill(pod, index,
		  kind == MP_PROBE_LIVENESS ? "failed liveness probe" : "failed startup probe",
		  suffix);
}

static void begin(struct mp_pod *pod)
{
	pod->sync.kill_pod = false;
	pod->sync.create_sandbox = false;
	pod->sync.restart_all = false;
	pod->sync.look_again_at = MP_NSEC_NEVER;
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		struct mp_cstate *c = &pod->containers[i];

		memset(&c->wanted, 0, sizeof(c->wanted));
		for (size_t r = 0; r < 2 && !c->wanted.has_finished; r++) {
			if (c->rec[r].state != MP_RECORD_EXITED || c->rec[r].is_pruned)
				continue;
			c->wanted.has_finished = true;
			c->wanted.finished = c->rec[r].finished;
		}
	}
}

static bool has_any_record(const struct mp_pod *pod, size_t from)
{
	for (size_t i = from; i < mp_machine_n(pod); i++) {
		if (newest(pod, i)->state != MP_RECORD_NONE)
			return true;
	}
	return false;
}

/* A new sandbox is needed: is it also wanted? (4.1) */
static void decide_sandbox(struct mp_pod *pod)
{
	const struct mp_pod_spec *spec = pod->spec;
	bool is_any_left = false;

	pod->sync.kill_pod = pod->sandbox.attempt >= 0;
	if (spec->restart == MP_RESTART_NEVER && pod->sandbox.attempt >= 0 &&
	    has_any_record(pod, 0))
		return;
	for (size_t i = spec->n_init; i < mp_machine_n(pod); i++) {
		const struct mp_record *rec = newest(pod, i);
		/* One that a rule restarts after all would keep a pod without a sandbox for ever. */
		const bool is_done =
			mp_restart_policy_of(spec, &spec->containers[i]) == MP_RESTART_ON_FAILURE &&
			rec->state == MP_RECORD_EXITED &&
			!mp_should_restart(spec, &spec->containers[i], rec->exit_code);

		if (is_done)
			continue;
		is_any_left = true;
		if (spec->n_init == 0)
			want_start(pod, i);
	}
	if (!is_any_left && has_any_record(pod, spec->n_init))
		return;
	pod->sync.create_sandbox = true;
	if (spec->n_init > 0)
		want_start(pod, 0);
}

static bool decide_restart_all(struct mp_pod *pod)
{
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		const struct mp_record *rec = newest(pod, i);

		if (rec->state != MP_RECORD_EXITED ||
		    mp_restart_rule_match(&pod->spec->containers[i], rec->exit_code) !=
			    MP_RULE_RESTART_ALL)
			continue;
		pod->sync.restart_all = true;
		pod->sync.trigger = i;
		return true;
	}
	return false;
}

/* A sidecar that runs without a startup probe: may the next container follow already? */
static bool has_head_start(struct mp_pod *pod, size_t i, mp_nsec now)
{
	const mp_nsec started = newest(pod, i)->started;
	const mp_nsec until = mp_nsec_add(started, MP_HEAD_START);

	/* A start after now is of a clock that began anew: the machine was rebooted since. */
	if (now < started || now >= until)
		return true;
	pod->sync.look_again_at = mp_nsec_min(pod->sync.look_again_at, until);
	return false;
}

/* A running sidecar. Returns whether the pod is initialized because of it (it is the last). */
static bool decide_running_sidecar(struct mp_pod *pod, size_t i, bool is_previously, mp_nsec now)
{
	const bool has_probe = pod->spec->containers[i].probes[MP_PROBE_STARTUP].is_set;
	bool is_initialized = false;

	if (has_probe && !(pod->containers[i].is_carried && pod->containers[i].carried_started &&
			   strcmp(pod->containers[i].carried_id, newest(pod, i)->id) == 0)) {
		switch (mp_probing_known(pod, i, MP_PROBE_STARTUP)) {
		case MP_KNOWN_NOTHING:
			return false;
		case MP_KNOWN_FAILURE:
			want_probe_kill(pod, i, MP_PROBE_STARTUP, "");
			want_start(pod, i);
			return false;
		case MP_KNOWN_SUCCESS:
			break;
		}
	}
	if (has_probe || is_previously || has_head_start(pod, i, now)) {
		if (i == pod->spec->n_init - 1)
			is_initialized = true;
		else if (!is_previously)
			want_start(pod, i + 1);
	}
	if (newest(pod, i)->has_old_spec) {
		want_kill(pod, i, "definition changed, will be restarted", "");
		want_start(pod, i);
	} else if (mp_probing_known(pod, i, MP_PROBE_LIVENESS) == MP_KNOWN_FAILURE) {
		want_probe_kill(pod, i, MP_PROBE_LIVENESS, "");
		want_start(pod, i);
	}
	return is_initialized;
}

/* Failed for good: the whole pod is killed and nothing is started. */
static void give_up(struct mp_pod *pod)
{
	pod->sync.kill_pod = true;
	for (size_t i = 0; i < mp_machine_n(pod); i++)
		pod->containers[i].wanted.start = false;
}

static void want_unknown_killed(struct mp_pod *pod, size_t i)
{
	struct mp_wanted *wanted = &pod->containers[i].wanted;

	wanted->kill = true;
	(void)snprintf(wanted->message, sizeof(wanted->message),
		       "%sontainer is in \"unknown\" state, try killing it before restart",
		       pod->spec->containers[i].kind == MP_KIND_MAIN ? "C" : "Init c");
}

/*
 * Section 4.3. From last to first, because records of finished entries may be gone: the last one
 * that has a record tells how far the pod is. Returns whether main containers may be looked at.
 */
static bool decide_init(struct mp_pod *pod, mp_nsec now)
{
	const struct mp_pod_spec *spec = pod->spec;
	bool is_initialized = spec->n_init == 0;
	bool is_previously;

	for (size_t i = spec->n_init; i < mp_machine_n(pod); i++) {
		const enum mp_record_state state = newest(pod, i)->state;

		is_initialized =
			is_initialized || state == MP_RECORD_CREATED || state == MP_RECORD_RUNNING;
	}
	is_previously = is_initialized;

	for (size_t i = spec->n_init; i-- > 0;) {
		const struct mp_record *rec = newest(pod, i);
		const bool is_sidecar = spec->containers[i].kind == MP_KIND_SIDECAR;
		const bool has_failed = rec->exit_code != 0 || rec->is_oom;

		if (rec->state == MP_RECORD_NONE) {
			if (is_previously && is_sidecar)
				want_start(pod, i);
			continue;
		}
		if (is_previously && !is_sidecar)
			continue;
		switch (rec->state) {
		case MP_RECORD_NONE:
			break;
		case MP_RECORD_CREATED:
			want_start(pod, i);
			break;
		case MP_RECORD_RUNNING:
			if (is_sidecar && decide_running_sidecar(pod, i, is_previously, now))
				is_initialized = true;
			break;
		case MP_RECORD_EXITED:
			if (is_sidecar) {
				want_start(pod, i);
			} else if (has_failed) {
				/* An OOM kill is a failure even with exit code 0 (3.3). */
				const int code = rec->exit_code != 0 ? rec->exit_code : 137;

				if (!mp_should_restart(spec, &spec->containers[i], code)) {
					give_up(pod);
					return false;
				}
				want_start(pod, i);
			} else if (i == spec->n_init - 1) {
				is_initialized = true;
			} else {
				want_start(pod, i + 1);
			}
			break;
		case MP_RECORD_UNKNOWN:
			if (!is_sidecar &&
			    mp_restart_policy_of(spec, &spec->containers[i]) == MP_RESTART_NEVER) {
				give_up(pod);
				return false;
			}
			want_unknown_killed(pod, i);
			want_start(pod, i);
			break;
		}
		is_previously = true;
	}
	if (!is_previously)
		want_start(pod, 0);
	return is_initialized;
}

/* A running main container (4.4). Returns whether it is kept. */
static bool decide_running_main(struct mp_pod *pod, size_t i)
{
	const struct mp_container_spec *spec = &pod->spec->containers[i];
	const bool restarts = mp_restart_policy_of(pod->spec, spec) != MP_RESTART_NEVER;
	const char *suffix = restarts ? ", will be restarted" : "";

	if (newest(pod, i)->has_old_spec) {
		want_kill(pod, i, "definition changed, will be restarted", "");
		want_start(pod, i);
		return false;
	}
	if (mp_probing_known(pod, i, MP_PROBE_LIVENESS) == MP_KNOWN_FAILURE)
		want_probe_kill(pod, i, MP_PROBE_LIVENESS, suffix);
	else if (mp_probing_known(pod, i, MP_PROBE_STARTUP) == MP_KNOWN_FAILURE)
		want_probe_kill(pod, i, MP_PROBE_STARTUP, suffix);
	else
		return true;
	if (restarts)
		want_start(pod, i);
	return false;
}

static void decide_main(struct mp_pod *pod)
{
	bool is_any_kept = false, is_any_started = false;

	for (size_t i = pod->spec->n_init; i < mp_machine_n(pod); i++) {
		const struct mp_record *rec = newest(pod, i);

		switch (rec->state) {
		case MP_RECORD_NONE:
		case MP_RECORD_CREATED:
			want_start(pod, i);
			break;
		case MP_RECORD_EXITED:
			if (mp_should_restart(pod->spec, &pod->spec->containers[i], rec->exit_code))
				want_start(pod, i);
			break;
		case MP_RECORD_UNKNOWN:
			want_unknown_killed(pod, i);
			want_start(pod, i);
			break;
		case MP_RECORD_RUNNING:
			is_any_kept = decide_running_main(pod, i) || is_any_kept;
			break;
		}
		is_any_started = is_any_started || pod->containers[i].wanted.start;
	}
	if (!is_any_kept && !is_any_started)
		give_up(pod); /* the pod has ended by itself: sidecars must not keep it alive (4.6) */
}

void mp_decide(struct mp_pod *pod, mp_nsec now)
{
	begin(pod);
	if (!mp_machine_is_sandbox_ready(pod)) {
		decide_sandbox(pod);
		return;
	}
	if (decide_restart_all(pod))
		return;
	if (decide_init(pod, now) && !pod->sync.kill_pod)
		decide_main(pod);
}
