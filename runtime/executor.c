/* SPDX-License-Identifier: Apache-2.0 */
/* From the machine's fixed list of actions to the effects, and the attempts' deadlines. */
#include <stdio.h>

#include "runtime/attempt.h"
#include "runtime/control.h"
#include "runtime/net_check.h"
#include "runtime/room.h"
#include "runtime/storage_watch.h"
#include "runtime/supervisor.h"

void mp_executor_do(struct mp_supervisor *sv, const struct mp_action *a)
{
	const size_t i = a->container < 0 ? 0 : (size_t)a->container;

	switch (a->type) {
	case MP_DO_PREPARE_POD:
		mp_exec_prepare_pod(sv);
		break;
	case MP_DO_SETUP_VOLUMES:
		mp_exec_setup_volumes(sv);
		break;
	case MP_DO_CREATE_SANDBOX:
		mp_exec_create_sandbox(sv, a->attempt);
		break;
	case MP_DO_STOP_SANDBOX:
		mp_exec_stop_sandbox(sv);
		break;
	case MP_DO_TEAR_DOWN:
		mp_exec_tear_down(sv);
		break;
	case MP_DO_CHECK_IMAGE:
		mp_exec_check_image(sv, i, a->volume);
		break;
	case MP_DO_PULL_IMAGE:
		mp_exec_pull_image(sv, i, a->volume);
		break;
	case MP_DO_CREATE_CONTAINER:
		mp_exec_create_container(sv, i, a->restart_count);
		break;
	case MP_DO_START_CONTAINER:
		mp_exec_start_container(sv, i);
		break;
	case MP_DO_SIGNAL:
		mp_exec_signal(sv, i, a->signal_name);
		break;
	case MP_DO_KILL:
		mp_exec_kill(sv, i);
		break;
	case MP_DO_REMOVE_RECORD:
		mp_exec_remove_record(sv, i, a->record_id, a->remove_logs);
		break;
	case MP_DO_RUN_HOOK:
		mp_exec_run_hook(sv, i, a->hook);
		break;
	case MP_DO_ABANDON_HOOK:
		mp_exec_abandon_hook(sv, i, a->hook);
		break;
	case MP_DO_RUN_PROBE:
		mp_exec_run_probe(sv, i, a->probe);
		break;
	case MP_DO_ABANDON_PROBE:
		mp_exec_abandon_probe(sv, i, a->probe);
		break;
	case MP_DO_RECORD_EVENT:
		mp_report_event(&sv->report, sv->spec, &a->event);
		mp_control_event(sv->control, &a->event);
		break;
	case MP_DO_PUBLISH_STATUS:
		sv->has_new_status = true;
		break;
	case MP_DO_FINISH:
		break;
	}
}

/* Calls @each for every attempt and check of every record. */
static void each_attempt(const struct mp_supervisor *sv,
			 void (*attempt)(struct mp_attempt *a, void *ctx),
			 void (*check)(struct mp_net_check *c, void *ctx), void *ctx)
{
	for (size_t i = 0; i < mp_spec_n_containers(sv->spec); i++) {
		for (struct mp_record *r = sv->records[i]; r; r = r->next) {
			for (size_t k = 0; k < MP_ARRAY_SIZE(r->hooks); k++) {
				if (r->hooks[k])
					attempt(r->hooks[k], ctx);
				if (r->net_hooks[k])
					check(r->net_hooks[k], ctx);
			}
			for (size_t k = 0; k < MP_N_PROBES; k++) {
				if (r->probes[k])
					attempt(r->probes[k], ctx);
				if (r->net_probes[k])
					check(r->net_probes[k], ctx);
			}
		}
	}
}

static void attempt_min(struct mp_attempt *a, void *ctx)
{
	mp_nsec *least = ctx;

	*least = mp_nsec_min(*least, mp_attempt_deadline(a));
}

static void check_min(struct mp_net_check *c, void *ctx)
{
	mp_nsec *least = ctx;

	*least = mp_nsec_min(*least, mp_net_check_deadline(c));
}

mp_nsec mp_executor_deadline(const struct mp_supervisor *sv)
{
	mp_nsec least = mp_nsec_min(sv->tear_down_at, mp_room_deadline(sv->room));

	least = mp_nsec_min(least, mp_storage_watch_deadline(sv->storage));

	each_attempt(sv, attempt_min, check_min, &least);
	return least;
}

static void attempt_expire(struct mp_attempt *a, void *ctx)
{
	const mp_nsec *now = ctx;

	if (mp_attempt_deadline(a) <= *now)
		mp_attempt_expire(a);
}

static void check_expire(struct mp_net_check *c, void *ctx)
{
	const mp_nsec *now = ctx;

	if (mp_net_check_deadline(c) <= *now)
		mp_net_check_expire(c);
}

void mp_executor_expire(struct mp_supervisor *sv, mp_nsec now)
{
	if (mp_executor_deadline(sv) > now)
		return;
	each_attempt(sv, attempt_expire, check_expire, &now);
	mp_room_expire(sv->room, now);
	mp_storage_watch_expire(sv->storage, now);
	if (sv->tear_down_at <= now)
		mp_exec_tear_down(sv);
}
