/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/statuses.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/restart.h"

#define MESSAGE_BUDGET 12288 /* bytes of termination messages per pod */

#define LOST_RUNNING                                                     \
	"The container could not be located when the pod was deleted.  " \
	"The container used to be Running"
#define LOST_UNKNOWN "The container could not be located when the pod was terminated"
#define ASSUMED_DONE                                                                                \
	"Unable to get init container status from container runtime and pod has been initialized, " \
	"treat it as exited normally"

size_t mp_status_message_limit(const struct mp_pod_spec *spec)
{
	return MESSAGE_BUDGET / mp_spec_n_containers(spec);
}

void mp_status_lost(struct mp_terminated *t, const char *message)
{
	memset(t, 0, sizeof(*t));
	t->exit_code = 137;
	t->started_wall = -1;
	t->finished_wall = -1;
	MP_COPY(t->reason, "ContainerStatusUnknown");
	MP_COPY(t->message, message);
}

static void set_waiting(struct mp_container_status *s, const char *reason, const char *message)
{
	s->state.kind = MP_STATE_WAITING;
	MP_COPY(s->state.reason, reason);
	MP_COPY(s->state.message, message);
}

static void full_id(char *buf, const char *id)
{
	(void)snprintf(buf, MP_CONTAINER_ID_MAX, "minipod://%.64s", id);
}

static void terminated_from(struct mp_terminated *t, const struct mp_record *rec, size_t limit)
{
	memset(t, 0, sizeof(*t));
	t->exit_code = rec->exit_code;
	t->signal = rec->signal;
	t->started_wall = rec->started_wall;
	t->finished_wall = rec->finished_wall;
	MP_COPY(t->reason, rec->reason);
	mp_copy(t->message, limit + 1 < sizeof(t->message) ? limit + 1 : sizeof(t->message),
		rec->message);
	if (rec->id[0] != '\0')
		full_id(t->container_id, rec->id);
}

/* Its record was removed so that the whole pod starts over (4.5). */
static bool starts_over(const struct mp_record *rec)
{
	return rec->state == MP_RECORD_EXITED &&
	       strcmp(rec->reason, "RestartingAllContainers") == 0;
}

/* Step 1 and 2: what is shown while there is no record. */
static void derive_default(const struct mp_status_seen *seen, struct mp_container_status *out)
{
	const struct mp_container_status *prev = seen->previous;

	if (starts_over(seen->second)) {
		const int64_t count = seen->second->restart_count + 1;

		set_waiting(out, seen->spec->n_init > 0 ? "PodInitializing" : "ContainerCreating",
			    "");
		MP_COPY(out->image, seen->container->image);
		out->restart_count = count > prev->restart_count ? count : prev->restart_count;
		return;
	}
	if (prev->is_present && prev->state.kind == MP_STATE_TERMINATED) {
		*out = *prev;
		return;
	}
	set_waiting(out, seen->spec->n_init > 0 ? "PodInitializing" : "ContainerCreating", "");
	MP_COPY(out->image, seen->container->image);
	out->restart_count = prev->restart_count;
	out->has_last = prev->has_last;
	if (prev->has_last)
		out->last = prev->last;
	if (prev->is_present && prev->state.kind == MP_STATE_RUNNING && !prev->has_last &&
	    seen->newest->state == MP_RECORD_NONE) {
		out->has_last = true;
		mp_status_lost(&out->last, LOST_RUNNING);
		if (!seen->is_deleting)
			out->restart_count++;
	}
}

/* Step 3: the newest record is the state. */
static void derive_from_record(const struct mp_status_seen *seen, struct mp_container_status *out)
{
	const struct mp_record *rec = seen->newest;
	const struct mp_container_status *prev = seen->previous;
	const size_t limit = mp_status_message_limit(seen->spec);
	const char *stop_signal = seen->container->lifecycle.stop_signal;

	memset(out, 0, sizeof(*out));
	out->restart_count = rec->restart_count;
	switch (rec->state) {
	case MP_RECORD_NONE:
	case MP_RECORD_CREATED:
		set_waiting(out, "", "");
		break;
	case MP_RECORD_RUNNING:
		out->state.kind = MP_STATE_RUNNING;
		out->state.started_wall = rec->started_wall;
		break;
	case MP_RECORD_EXITED:
		out->state.kind = MP_STATE_TERMINATED;
		terminated_from(&out->state.terminated, rec, limit);
		break;
	case MP_RECORD_UNKNOWN:
		if (prev->is_present && prev->state.kind == MP_STATE_RUNNING) {
			out->state.kind = MP_STATE_TERMINATED;
			mp_status_lost(&out->state.terminated, LOST_UNKNOWN);
			out->restart_count = prev->restart_count + 1;
		} else {
			set_waiting(out, "", "");
		}
		break;
	}
	if (out->restart_count < prev->restart_count)
		out->restart_count = prev->restart_count;

	full_id(out->container_id, rec->id);
	MP_COPY(out->image, rec->image);
	MP_COPY(out->image_id, rec->image_id);
	MP_COPY(out->stop_signal, stop_signal != NULL ? stop_signal : rec->stop_signal);
	out->has_user = true;
	out->uid = rec->uid;
	out->gid = rec->gid;
	out->n_groups = rec->n_groups;
	memcpy(out->groups, rec->groups, sizeof(out->groups));
}

static bool is_start_due(const struct mp_status_seen *seen)
{
	switch (seen->newest->state) {
	case MP_RECORD_NONE:
	case MP_RECORD_CREATED:
	case MP_RECORD_UNKNOWN:
		return true;
	case MP_RECORD_RUNNING:
		return false;
	case MP_RECORD_EXITED:
		break;
	}
	return mp_should_restart(seen->spec, seen->container, seen->newest->exit_code);
}

/* Step 4: a start that failed is the better explanation. */
static void derive_failure(const struct mp_status_seen *seen, struct mp_container_status *out)
{
	const bool is_init_entry = seen->container->kind != MP_KIND_MAIN;

	if (is_init_entry && seen->newest->state == MP_RECORD_EXITED &&
	    seen->newest->exit_code == 0)
		return;
	if (seen->container->kind == MP_KIND_INIT && seen->newest->state == MP_RECORD_NONE &&
	    seen->has_main_record && out->state.kind == MP_STATE_WAITING) {
		out->state.kind = MP_STATE_TERMINATED;
		mp_status_lost(&out->state.terminated, ASSUMED_DONE);
		out->state.terminated.exit_code = 0;
		MP_COPY(out->state.terminated.reason, "Completed");
		return;
	}
	if (seen->is_deleting || !seen->failure->is_set || !is_start_due(seen))
		return;
	if (out->state.kind == MP_STATE_TERMINATED) {
		out->has_last = true;
		out->last = out->state.terminated;
	}
	set_waiting(out, seen->failure->reason, seen->failure->message);
}

/* Step 5. */
static void derive_ready(const struct mp_status_seen *seen, struct mp_container_status *out)
{
	const bool is_running = out->state.kind == MP_STATE_RUNNING;

	out->has_started = true;
	if (seen->container->kind == MP_KIND_INIT) {
		out->is_started = is_running;
		out->is_ready = out->state.kind == MP_STATE_TERMINATED &&
				out->state.terminated.exit_code == 0;
		return;
	}
	if (!is_running)
		out->is_started = false;
	else if (seen->startup != MP_KNOWN_NOTHING)
		out->is_started = seen->startup == MP_KNOWN_SUCCESS;
	else
		out->is_started = !seen->has_startup_probe || seen->is_carried_started;

	if (!out->is_started)
		out->is_ready = false;
	else if (seen->readiness != MP_KNOWN_NOTHING)
		out->is_ready = seen->readiness == MP_KNOWN_SUCCESS;
	else
		out->is_ready = !seen->has_readiness_probe || seen->is_carried_ready;
}

void mp_status_derive(const struct mp_status_seen *seen, struct mp_container_status *out)
{
	memset(out, 0, sizeof(*out));
	if (seen->newest->state == MP_RECORD_NONE)
		derive_default(seen, out);
	else
		derive_from_record(seen, out);
	if (seen->second->state == MP_RECORD_EXITED) {
		out->has_last = true;
		terminated_from(&out->last, seen->second, mp_status_message_limit(seen->spec));
	}
	derive_failure(seen, out);
	derive_ready(seen, out);
	out->is_present = true;
}

static bool terminated_equal(const struct mp_terminated *a, const struct mp_terminated *b)
{
	return a->exit_code == b->exit_code && a->signal == b->signal &&
	       a->started_wall == b->started_wall && a->finished_wall == b->finished_wall &&
	       strcmp(a->reason, b->reason) == 0 && strcmp(a->message, b->message) == 0 &&
	       strcmp(a->container_id, b->container_id) == 0;
}

static bool state_equal(const struct mp_container_state *a, const struct mp_container_state *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case MP_STATE_WAITING:
		return strcmp(a->reason, b->reason) == 0 && strcmp(a->message, b->message) == 0;
	case MP_STATE_RUNNING:
		return a->started_wall == b->started_wall;
	case MP_STATE_TERMINATED:
		return terminated_equal(&a->terminated, &b->terminated);
	case MP_STATE_NONE:
		break;
	}
	return true;
}

bool mp_status_equal(const struct mp_container_status *a, const struct mp_container_status *b)
{
	return a->is_present == b->is_present && state_equal(&a->state, &b->state) &&
	       a->has_last == b->has_last &&
	       (!a->has_last || terminated_equal(&a->last, &b->last)) &&
	       a->is_ready == b->is_ready && a->is_started == b->is_started &&
	       a->has_started == b->has_started && a->restart_count == b->restart_count &&
	       strcmp(a->image, b->image) == 0 && strcmp(a->image_id, b->image_id) == 0 &&
	       strcmp(a->container_id, b->container_id) == 0 &&
	       strcmp(a->stop_signal, b->stop_signal) == 0 && a->has_user == b->has_user &&
	       a->uid == b->uid && a->gid == b->gid && a->n_groups == b->n_groups &&
	       memcmp(a->groups, b->groups, sizeof(a->groups[0]) * a->n_groups) == 0;
}
