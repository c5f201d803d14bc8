/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/recover.h"

#include <string.h>

#include "lifecycle/terminate.h"
#include "runtime/base/str.h"

#define ID_PREFIX "minipod://"
#define CARRY_AGE mp_seconds(10) /* younger containers are probed from the start */

static void shift(mp_nsec *at, mp_nsec by)
{
	if (*at != MP_NSEC_NEVER)
		*at = mp_nsec_add(*at, by);
}

/*
 * The monotonic clock starts over when the machine does; only the wall clock tells how long that
 * took. Moments of the earlier life are put where they would be on the new clock.
 */
static void notice_reboot(struct mp_pod *pod, struct mp_now now)
{
	const mp_nsec by = now.mono - (now.wall - pod->last_turn.wall) - pod->last_turn.mono;

	if (now.mono >= pod->last_turn.mono)
		return;
	pod->last_turn = now;
	shift(&pod->start_mono, by);
	shift(&pod->abort_at, by);
	shift(&pod->exceeded_at, by);
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		for (size_t r = 0; r < 2; r++) {
			shift(&pod->containers[i].rec[r].started, by);
			shift(&pod->containers[i].rec[r].finished, by);
		}
	}
}

void mp_recover_container(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_record *rec = &pod->containers[ev->container].rec[0];

	notice_reboot(pod, now);
	if (!mp_record_is_live(rec))
		return;
	if (ev->recovered.has_not_begun && rec->state == MP_RECORD_CREATED) {
		/* As if it had not been asked for: the next start replaces the record. */
		rec->is_start_asked = false;
		return;
	}
	pod->containers[ev->container].is_start_untold =
		rec->state == MP_RECORD_CREATED &&
		(ev->recovered.is_running || ev->recovered.is_known);
	if (ev->recovered.is_running) {
		if (rec->state == MP_RECORD_CREATED)
			mp_record_start(rec, now);
	} else if (ev->recovered.is_known) {
		mp_record_exit(rec, ev, now);
	} else {
		mp_record_lose(rec, now);
	}
}

static bool was_ready(const struct mp_pod *pod)
{
	const struct mp_condition *c =
		mp_condition_find(pod->published.conditions, pod->published.n_conditions, "Ready");

	return c != NULL && c->status == MP_COND_TRUE;
}

static void recover_container_state(struct mp_pod *pod, size_t i, struct mp_now now)
{
	struct mp_cstate *c = &pod->containers[i];
	const struct mp_record *rec = &c->rec[0];
	/* What was published may tell of the instance before: its postStart hook held the sync. */
	const char *shown = pod->published.containers[i].container_id;
	const bool is_shown =
		mp_starts_with(shown, ID_PREFIX) && strcmp(shown + strlen(ID_PREFIX), rec->id) == 0;
	const bool is_old =
		is_shown && rec->state == MP_RECORD_RUNNING && now.mono - rec->started >= CARRY_AGE;

	c->is_carried = is_old;
	c->carried_started = is_old && pod->published.containers[i].is_started;
	c->carried_ready = is_old && was_ready(pod);
	MP_COPY(c->carried_id, rec->id);

	memset(&c->failure, 0, sizeof(c->failure));
	memset(&c->backoff, 0, sizeof(c->backoff));
	memset(&c->pull, 0, sizeof(c->pull));
	memset(&c->volume_pull, 0, sizeof(c->volume_pull));
	memset(&c->kill, 0, sizeof(c->kill));
	memset(&c->hook, 0, sizeof(c->hook));
	memset(&c->wanted, 0, sizeof(c->wanted));
	memset(c->probes, 0, sizeof(c->probes));
}

static void recover_sandbox(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_sandbox *sandbox = &pod->sandbox;
	const bool was_in_the_making = sandbox->create.is_asked;

	if (was_in_the_making && ev->sandbox.is_alive) {
		sandbox->attempt++;
		MP_COPY(sandbox->ip, ev->sandbox.ip);
		MP_COPY(sandbox->ip6, ev->sandbox.ip6);
	}
	sandbox->is_alive = ev->sandbox.is_alive;
	sandbox->is_gone = !ev->sandbox.is_alive && sandbox->is_gone;
	sandbox->has_died = false;
	memset(&sandbox->create, 0, sizeof(sandbox->create));
	memset(&sandbox->stop, 0, sizeof(sandbox->stop));
	if (!sandbox->is_alive) { /* the machine may have been restarted: set up again */
		pod->is_prepared = false;
		pod->are_volumes_ready = false;
	}
}

void mp_recover_pod(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	const uint32_t next_slot = pod->log.next_slot;

	notice_reboot(pod, now);
	pod->config.started_at = now.mono;
	pod->config.is_cold_start = false;
	for (size_t i = 0; i < mp_machine_n(pod); i++)
		recover_container_state(pod, i, now);
	recover_sandbox(pod, ev);
	mp_eventlog_init(&pod->log, now.mono, next_slot);
	memset(&pod->sync, 0, sizeof(pod->sync));
	memset(&pod->start, 0, sizeof(pod->start));
	memset(&pod->prepare, 0, sizeof(pod->prepare));
	memset(&pod->volumes, 0, sizeof(pod->volumes));
	memset(&pod->tear_down, 0, sizeof(pod->tear_down));
	pod->volumes_delay = 0;
	pod->volumes_retry_at = now.mono;
	pod->retry_at = MP_NSEC_NEVER;
	pod->end_retry_at = MP_NSEC_NEVER;
	pod->is_end_step_begun = false;
	pod->is_dirty = true;
	mp_outbox_drop_requests(pod->outbox);
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		if (pod->containers[i].is_start_untold)
			mp_machine_event(pod, now, (int)i, false, "Started", "Container started");
		pod->containers[i].is_start_untold = false;
	}
	/* Whether the last status was written before the supervisor died is not known. */
	mp_machine_do(pod, MP_DO_PUBLISH_STATUS, -1);

	switch (pod->worker) {
	case MP_WORKER_IDLE:
	case MP_WORKER_SYNCING:
	case MP_WORKER_TERMINATING: /* resumed from its beginning, with the recorded grace */
		pod->worker = MP_WORKER_IDLE;
		break;
	case MP_WORKER_TERMINATED:
	case MP_WORKER_FINISHED:
		break;
	}
}
