/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk serves both ways, so that nothing can be saved and not loaded. The sizes below are there to
 * be wrong when a struct gets a member: it belongs into the walk, too.
 */
#include "lifecycle/snapshot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lifecycle/machine.h"

struct walk {
	const struct mp_snapshot_io *io;
	bool is_loading;
	const char *bad; /* first member with an impossible value */
};

/* ---- one member ----------------------------------------------------------------------------------- */

static int64_t get(const void *at, size_t size)
{
	bool truth;
	int32_t narrow;
	int64_t wide;

	if (size == sizeof(truth)) {
		memcpy(&truth, at, size);
		return truth;
	}
	if (size == sizeof(narrow)) {
		memcpy(&narrow, at, size);
		return narrow;
	}
	memcpy(&wide, at, size);
	return wide;
}

static void put(void *at, size_t size, int64_t value)
{
	const bool truth = value != 0;
	const int32_t narrow = (int32_t)value;

	if (size == sizeof(truth))
		memcpy(at, &truth, size);
	else if (size == sizeof(narrow))
		memcpy(at, &narrow, size);
	else
		memcpy(at, &value, size);
}

static void number(struct walk *w, const char *name, void *at, size_t size, int64_t low,
		   int64_t high)
{
	int64_t value = w->is_loading ? 0 : get(at, size);

	assert(size == sizeof(bool) || size == sizeof(int32_t) || size == sizeof(int64_t));
	w->io->number(w->io->ctx, name, &value);
	if (!w->is_loading)
		return;
	if (value < low || value > high ||
	    (size == sizeof(int32_t) && (value < INT32_MIN || value > INT32_MAX))) {
		w->bad = w->bad ? w->bad : name;
		return;
	}
	put(at, size, value);
}

static void text(struct walk *w, const char *name, char *at, size_t size)
{
	w->io->text(w->io->ctx, name, at, size);
	if (w->is_loading)
		at[size - 1] = '\0';
}

static void begin(struct walk *w, const char *name)
{
	w->io->begin(w->io->ctx, name);
}

static void end(struct walk *w)
{
	w->io->end(w->io->ctx);
}

static void begin_nth(struct walk *w, size_t index)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "%zu", index);
	begin(w, name);
}

#define RANGE(member, low, high) \
	number(w, #member, &x->member, sizeof(x->member), (int64_t)(low), (int64_t)(high))
#define NUMBER(member)    RANGE(member, INT64_MIN, INT64_MAX)
#define TRUTH(member)     RANGE(member, 0, 1)
#define UP_TO(member, to) RANGE(member, 0, to)
#define TEXT(member)      text(w, #member, x->member, sizeof(x->member))
#define PART(walk_it, member)           \
	do {                            \
		begin(w, #member);      \
		walk_it(w, &x->member); \
		end(w);                 \
	} while (0)
#define HAS_SIZE(type, bytes)                          \
	_Static_assert(sizeof(struct type) == (bytes), \
		       "a member of struct " #type " is not saved yet")

static void integers(struct walk *w, const char *name, int64_t *list, size_t n)
{
	begin(w, name);
	for (size_t i = 0; i < n; i++) {
		char index[24];

		(void)snprintf(index, sizeof(index), "%zu", i);
		number(w, index, &list[i], sizeof(list[i]), INT64_MIN, INT64_MAX);
	}
	end(w);
}

/* ---- small values --------------------------------------------------------------------------------- */

static void opt_int(struct walk *w, struct mp_opt_int *x)
{
	NUMBER(v);
	TRUTH(is_set);
}

static void now(struct walk *w, struct mp_now *x)
{
	NUMBER(mono);
	NUMBER(wall);
}

static void backoff(struct walk *w, struct mp_backoff *x)
{
	TRUTH(is_set);
	NUMBER(delay);
	NUMBER(last_update);
}

static void request(struct walk *w, struct mp_request *x)
{
	TRUTH(is_asked);
	TRUTH(has_answer);
	TRUTH(is_ok);
	TEXT(reason);
	TEXT(message);
}

static void condition(struct walk *w, struct mp_condition *x)
{
	TEXT(type);
	UP_TO(status, MP_COND_UNKNOWN);
	TEXT(reason);
	TEXT(message);
	NUMBER(transition_wall);
}

HAS_SIZE(mp_opt_int, 16);
HAS_SIZE(mp_now, 16);
HAS_SIZE(mp_backoff, 24);
HAS_SIZE(mp_request, 1091);
HAS_SIZE(mp_condition, 1232);

/* ---- one container -------------------------------------------------------------------------------- */

static void record(struct walk *w, struct mp_record *x)
{
	UP_TO(state, MP_RECORD_UNKNOWN);
	TRUTH(is_pruned);
	TRUTH(is_start_asked);
	TRUTH(is_start_failed);
	TRUTH(has_old_spec);
	TRUTH(is_oom);
	TEXT(id);
	NUMBER(attempt);
	NUMBER(restart_count);
	NUMBER(started);
	NUMBER(finished);
	NUMBER(started_wall);
	NUMBER(finished_wall);
	NUMBER(exit_code);
	NUMBER(signal);
	TEXT(reason);
	TEXT(message);
	TEXT(image);
	TEXT(image_id);
	TEXT(stop_signal);
	NUMBER(uid);
	NUMBER(gid);
	integers(w, "groups", x->groups, sizeof(x->groups) / sizeof(x->groups[0]));
	UP_TO(n_groups, sizeof(x->groups) / sizeof(x->groups[0]));
}

static void failure(struct walk *w, struct mp_start_failure *x)
{
	TRUTH(is_set);
	TEXT(reason);
	TEXT(message);
}

static void image(struct walk *w, struct mp_image *x)
{
	TEXT(resolved);
	TEXT(id);
	TEXT(stop_signal);
}

static void stop_spec(struct walk *w, struct mp_stop_spec *x)
{
	NUMBER(grace_s);
	TRUTH(has_pre_stop);
	TRUTH(is_ordered);
}

static void stop_state(struct walk *w, struct mp_stop_state *x)
{
	UP_TO(phase, MP_STOP_DONE);
	NUMBER(grace_s);
	NUMBER(since);
	NUMBER(deadline);
}

static void kill(struct walk *w, struct mp_kill *x)
{
	TRUTH(is_active);
	PART(stop_spec, spec);
	PART(stop_state, state);
}

static void hook(struct walk *w, struct mp_hook *x)
{
	TRUTH(is_running);
	TRUTH(has_answer);
	UP_TO(kind, MP_HOOK_PRE_STOP);
	TRUTH(is_ok);
	TRUTH(did_fallback);
	TEXT(message);
}

static void worker(struct walk *w, struct mp_probe_worker *x)
{
	TRUTH(exists);
	TRUTH(is_ended);
	TRUTH(is_dormant);
	TRUTH(is_triggered);
	TRUTH(is_on_hold);
	TRUTH(has_run);
	TRUTH(was_success);
	NUMBER(run);
	NUMBER(tries);
	NUMBER(next_tick);
	TRUTH(has_result);
	UP_TO(result, MP_KNOWN_FAILURE);
	TEXT(id);
}

static void probing(struct walk *w, struct mp_probing *x)
{
	PART(worker, worker);
	TRUTH(has_answer);
	UP_TO(outcome, MP_PROBE_ERROR_UNREADABLE);
	TEXT(output);
}

static void wanted(struct walk *w, struct mp_wanted *x)
{
	TRUTH(kill);
	TRUTH(start);
	TRUTH(has_finished);
	NUMBER(finished);
	PART(opt_int, grace_s);
	TEXT(message);
}

static void pull(struct walk *w, struct mp_pull_state *x)
{
	NUMBER(volume);
	PART(backoff, backoff);
	TEXT(reason);
	TEXT(message);
}

static void container(struct walk *w, struct mp_cstate *x)
{
	PART(record, rec[0]);
	PART(record, rec[1]);
	NUMBER(next_count);
	PART(failure, failure);
	PART(backoff, backoff);
	PART(image, image);
	PART(kill, kill);
	PART(hook, hook);
	PART(probing, probes[MP_PROBE_STARTUP]);
	PART(probing, probes[MP_PROBE_READINESS]);
	PART(probing, probes[MP_PROBE_LIVENESS]);
	PART(wanted, wanted);
	TRUTH(is_start_untold);
	TRUTH(is_carried);
	TRUTH(carried_started);
	TRUTH(carried_ready);
	TEXT(carried_id);
	PART(pull, pull);
	PART(pull, volume_pull);
}

HAS_SIZE(mp_record, 5632);
HAS_SIZE(mp_start_failure, 1089);
HAS_SIZE(mp_image, 1040);
HAS_SIZE(mp_stop_spec, 16);
HAS_SIZE(mp_stop_state, 32);
HAS_SIZE(mp_kill, 56);
HAS_SIZE(mp_hook, 1036);
HAS_SIZE(mp_probe_worker, 120);
HAS_SIZE(mp_probing, 1152);
HAS_SIZE(mp_wanted, 224);
HAS_SIZE(mp_pull_state, 1120);
HAS_SIZE(mp_cstate, 20536);
_Static_assert(MP_N_PROBES == 3, "a kind of probe is not saved yet");

/* ---- what was published --------------------------------------------------------------------------- */

static void terminated(struct walk *w, struct mp_terminated *x)
{
	NUMBER(exit_code);
	NUMBER(signal);
	TEXT(reason);
	TEXT(message);
	NUMBER(started_wall);
	NUMBER(finished_wall);
	TEXT(container_id);
}

static void state(struct walk *w, struct mp_container_state *x)
{
	UP_TO(kind, MP_STATE_TERMINATED);
	TEXT(reason);
	TEXT(message);
	NUMBER(started_wall);
	PART(terminated, terminated);
}

static void container_status(struct walk *w, struct mp_container_status *x)
{
	TRUTH(is_present);
	PART(state, state);
	TRUTH(has_last);
	PART(terminated, last);
	TRUTH(is_ready);
	TRUTH(is_started);
	TRUTH(has_started);
	NUMBER(restart_count);
	TEXT(image);
	TEXT(image_id);
	TEXT(container_id);
	TRUTH(has_user);
	NUMBER(uid);
	NUMBER(gid);
	integers(w, "groups", x->groups, sizeof(x->groups) / sizeof(x->groups[0]));
	UP_TO(n_groups, sizeof(x->groups) / sizeof(x->groups[0]));
	TEXT(stop_signal);
}

/* Without the containers, which stand with the machine's own. */
static void status(struct walk *w, struct mp_pod_status *x)
{
	UP_TO(phase, MP_PHASE_FAILED);
	TEXT(reason);
	TEXT(message);
	NUMBER(start_wall);
	NUMBER(deletion_wall);
	PART(opt_int, deletion_grace_s);
	TEXT(pod_ip);
	TEXT(pod_ip6);
	UP_TO(n_conditions, MP_CONDITIONS_MAX);
	for (size_t i = 0; i < MP_CONDITIONS_MAX; i++) {
		begin_nth(w, i);
		condition(w, &x->conditions[i]);
		end(w);
	}
}

HAS_SIZE(mp_terminated, 4272);
HAS_SIZE(mp_container_state, 5376);
HAS_SIZE(mp_container_status, 11088);
HAS_SIZE(mp_pod_status, 30848);

/* ---- the pod -------------------------------------------------------------------------------------- */

static void config(struct walk *w, struct mp_pod_config *x)
{
	NUMBER(seed);
	NUMBER(started_at);
	NUMBER(backoff_max);
	TRUTH(is_cold_start);
}

static void sync(struct walk *w, struct mp_sync *x, size_t n)
{
	UP_TO(step, MP_SYNC_END);
	TRUTH(is_begun);
	TRUTH(kill_pod);
	TRUTH(create_sandbox);
	TRUTH(restart_all);
	UP_TO(trigger, n - 1);
	UP_TO(index, n);
	TRUTH(has_failed);
	NUMBER(crash_expiry);
	NUMBER(give_up_at);
	NUMBER(look_again_at);
}

static void start(struct walk *w, struct mp_start *x, size_t n, size_t n_volumes)
{
	UP_TO(stage, MP_START_HOOK_KILL);
	UP_TO(container, n - 1);
	RANGE(volume, -1, n_volumes);
	TRUTH(has_answer);
	UP_TO(answer, MP_EV_RECOVERED);
	TEXT(reason);
	TEXT(message);
	NUMBER(took);
	NUMBER(took_waiting);
	NUMBER(bytes);
}

static void sandbox(struct walk *w, struct mp_sandbox *x)
{
	NUMBER(attempt);
	TRUTH(is_alive);
	TRUTH(is_gone);
	TRUTH(has_died);
	PART(request, create);
	PART(request, stop);
	TEXT(ip);
	TEXT(ip6);
}

static void series(struct walk *w, struct mp_event_series *x)
{
	NUMBER(key);
	NUMBER(count);
	NUMBER(first_wall);
	NUMBER(last);
	NUMBER(slot);
}

static void group(struct walk *w, struct mp_event_group *x)
{
	NUMBER(key);
	NUMBER(last);
	for (size_t i = 0; i < MP_EVENT_SIMILAR_MAX - 1; i++) {
		char index[24];

		(void)snprintf(index, sizeof(index), "%zu", i);
		number(w, index, &x->messages[i], sizeof(x->messages[i]), INT64_MIN, INT64_MAX);
	}
	UP_TO(n_messages, MP_EVENT_SIMILAR_MAX - 1);
}

static void event_log(struct walk *w, struct mp_eventlog *x)
{
	begin(w, "series");
	for (size_t i = 0; i < MP_EVENT_SERIES_MAX; i++) {
		begin_nth(w, i);
		series(w, &x->series[i]);
		end(w);
	}
	end(w);
	begin(w, "groups");
	for (size_t i = 0; i < MP_EVENT_GROUPS_MAX; i++) {
		begin_nth(w, i);
		group(w, &x->groups[i]);
		end(w);
	}
	end(w);
	NUMBER(bucket[0].tokens);
	NUMBER(bucket[0].since);
	NUMBER(bucket[1].tokens);
	NUMBER(bucket[1].since);
	NUMBER(next_slot);
}

HAS_SIZE(mp_pod_config, 32);
HAS_SIZE(mp_sync, 56);
HAS_SIZE(mp_start, 1144);
HAS_SIZE(mp_sandbox, 2320);
HAS_SIZE(mp_event_series, 40);
HAS_SIZE(mp_event_group, 96);
HAS_SIZE(mp_eventlog, 12328);
HAS_SIZE(mp_pod, 107448);
_Static_assert(MP_EV_RECOVERED == 30, "an answer may mean something else: raise the layout");

static void ending(struct walk *w, struct mp_pod *x)
{
	UP_TO(end_step, MP_END_TEAR_DOWN);
	TRUTH(is_end_step_begun);
	NUMBER(end_retry_at);
	TRUTH(is_stopped);
	TRUTH(is_deleting);
	TRUTH(is_forced);
	NUMBER(delete_grace_s);
	NUMBER(deletion_wall);
	NUMBER(abort_at);
	TRUTH(is_grace_spent);
	TRUTH(is_shortened);
	TRUTH(is_evicted);
	TRUTH(is_rejected);
	TRUTH(is_past_deadline);
	TRUTH(is_unscheduled);
	TEXT(unscheduled_message);
	NUMBER(exceeded_at);
	TEXT(end_reason);
	TEXT(end_message);
	TEXT(reject_message);
}

static void pod(struct walk *w, struct mp_pod *x)
{
	const size_t n = mp_machine_n(x);

	PART(config, config);
	NUMBER(rng);
	PART(now, last_turn);
	UP_TO(worker, MP_WORKER_FINISHED);
	TRUTH(is_dirty);
	NUMBER(retry_at);
	begin(w, "sync");
	sync(w, &x->sync, n);
	end(w);
	begin(w, "start");
	start(w, &x->start, n, x->spec->n_volumes);
	end(w);
	PART(sandbox, sandbox);
	PART(request, prepare);
	PART(request, volumes);
	PART(request, tear_down);
	TRUTH(is_prepared);
	TRUTH(are_volumes_ready);
	NUMBER(volumes_retry_at);
	NUMBER(volumes_delay);
	ending(w, x);
	UP_TO(phase, MP_PHASE_FAILED);
	TEXT(reason);
	TEXT(message);
	TRUTH(has_started);
	NUMBER(start_mono);
	UP_TO(restart_all, MP_RESTART_ALL_DONE);
	begin(w, "foreign");
	for (size_t i = 0; i < MP_FOREIGN_MAX; i++) {
		begin_nth(w, i);
		condition(w, &x->foreign[i]);
		end(w);
	}
	end(w);
	UP_TO(n_foreign, MP_FOREIGN_MAX);
	TRUTH(is_foreign_new);
	PART(event_log, log);
	PART(status, published);
	begin(w, "containers");
	for (size_t i = 0; i < n; i++) {
		begin(w, x->spec->containers[i].name);
		container(w, &x->containers[i]);
		PART(container_status, published.containers[i]);
		end(w);
	}
	end(w);
}

/* ---- both ways ------------------------------------------------------------------------------------ */

bool mp_pod_may_save(const struct mp_pod *pod)
{
	return pod->outbox->n == 0;
}

void mp_pod_save(struct mp_pod *x, const struct mp_snapshot_io *io)
{
	struct walk w = { .io = io };

	assert(mp_pod_may_save(x));
	pod(&w, x);
}

struct mp_pod *mp_pod_load(void *mem, const struct mp_pod_spec *spec,
			   const struct mp_snapshot_io *io, const char **ret_bad)
{
	struct walk w = { .io = io, .is_loading = true };
	struct mp_pod *x = mp_pod_init(mem, spec, &(struct mp_pod_config){ .seed = 0 });

	pod(&w, x);
	*ret_bad = w.bad;
	return w.bad ? NULL : x;
}
