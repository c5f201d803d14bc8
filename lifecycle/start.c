/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/start.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/hook.h"
#include "lifecycle/image_step.h"
#include "lifecycle/killing.h"

#define DESC_MAX 512

static struct mp_cstate *current(struct mp_pod *pod)
{
	return &pod->containers[pod->start.container];
}

static const struct mp_container_spec *current_spec(const struct mp_pod *pod)
{
	return &pod->spec->containers[pod->start.container];
}

static mp_nsec backoff_cap(const struct mp_pod *pod)
{
	return pod->config.backoff_max > 0 ? pod->config.backoff_max : MP_BACKOFF_MAX;
}

static enum mp_progress finish(struct mp_pod *pod, bool is_ok)
{
	pod->start.stage = MP_START_IDLE;
	if (!is_ok)
		return MP_STEP_FAILED;
	current(pod)->failure.is_set = false;
	return MP_STEP_OK;
}

static enum mp_progress fail(struct mp_pod *pod, const char *reason, const char *message)
{
	struct mp_start_failure *failure = &current(pod)->failure;

	failure->is_set = true;
	MP_COPY(failure->reason, reason);
	MP_COPY(failure->message, message);
	return finish(pod, false);
}

/* Every failed step before the process ran also shows as "Error: ...". */
static enum mp_progress fail_step(struct mp_pod *pod, struct mp_now now, const char *reason,
				  const char *message, const char *error)
{
	mp_machine_event(pod, now, (int)pod->start.container, true, "Failed", "Error: %s", error);
	return fail(pod, reason, message);
}

static enum mp_progress ask(struct mp_pod *pod, enum mp_start_stage stage, enum mp_action_type type)
{
	const int volume = pod->start.volume;
	const bool is_image = stage == MP_START_CHECK || stage == MP_START_PULL;
	const struct mp_action action = {
		.type = type,
		.container = (int)pod->start.container,
		.volume = is_image && volume >= 0 ? pod->spec->volumes[volume].name : NULL,
		.restart_count = current(pod)->next_count,
	};

	pod->start.stage = stage;
	pod->start.has_answer = false;
	mp_machine_add(pod, &action);
	return MP_STEP_GOES_ON;
}

/* ---- back-off of restarts (5.1) --------------------------------------------------------------- */

bool mp_start_back_off(struct mp_pod *pod, struct mp_now now, size_t index)
{
	struct mp_cstate *c = &pod->containers[index];
	const char *name = pod->spec->containers[index].name;
	const mp_nsec finished = c->wanted.finished;
	const mp_nsec until = mp_backoff_until(&c->backoff, finished, finished);
	char desc[DESC_MAX], delay[MP_TIME_TEXT_MAX];

	if (!c->wanted.has_finished)
		return false;
	if (now.mono >= until) {
		c->backoff = mp_backoff_advance(c->backoff, finished, now.mono, backoff_cap(pod));
		return false;
	}
	(void)mp_machine_pod_desc(pod, desc, sizeof(desc));
	mp_machine_event(pod, now, (int)index, true, "BackOff",
			 "Back-off restarting failed container %s in pod %s", name, desc);
	c->failure.is_set = true;
	MP_COPY(c->failure.reason, "CrashLoopBackOff");
	(void)snprintf(c->failure.message, sizeof(c->failure.message),
		       "back-off %s restarting failed container=%s pod=%s",
		       mp_duration_text(c->backoff.delay, delay), name, desc);
	pod->sync.crash_expiry = mp_nsec_min(pod->sync.crash_expiry, until);
	return true;
}

/* ---- image (5.2, 9.9) ---------------------------------------------------------------------------- */

/*
 * Image volumes come before the container's own image, as in the reference, where they come before all
 * containers; here, before the first that mounts them.
 */
static int next_image_volume(const struct mp_pod *pod, int after)
{
	const struct mp_container_spec *c = current_spec(pod);

	for (size_t i = (size_t)after + 1; i < pod->spec->n_volumes; i++) {
		if (pod->spec->volumes[i].kind != MP_VOLUME_IMAGE)
			continue;
		for (size_t j = 0; j < c->n_mounts; j++)
			if (mp_streq(c->mounts[j].name, pod->spec->volumes[i].name))
				return (int)i;
	}
	return -1;
}

static const char *current_image(const struct mp_pod *pod)
{
	return pod->start.volume >= 0 ? pod->spec->volumes[pod->start.volume].image.reference :
					current_spec(pod)->image;
}

static const char *current_policy(const struct mp_pod *pod)
{
	const char *policy = pod->start.volume >= 0 ?
				     pod->spec->volumes[pod->start.volume].image.pull_policy :
				     current_spec(pod)->pull_policy;

	return policy == NULL ? "IfNotPresent" : policy;
}

/* What events about the image are about: a volume's is the pod's. */
static int image_owner(const struct mp_pod *pod)
{
	return pod->start.volume >= 0 ? -1 : (int)pod->start.container;
}

static bool mounts(const struct mp_container_spec *c, const char *volume)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (mp_streq(c->mounts[i].name, volume))
			return true;
	return false;
}

static struct mp_pull_state *volume_pull_state(struct mp_pod *pod)
{
	const int volume = pod->start.volume;
	struct mp_pull_state *state;
	size_t i = 0;

	while (i < pod->start.container &&
	       !mounts(&pod->spec->containers[i], pod->spec->volumes[volume].name))
		i++;
	state = &pod->containers[i].volume_pull;
	if (state->volume != volume) {
		memset(state, 0, sizeof(*state));
		state->volume = volume;
	}
	return state;
}

/* Containers with one image share the back-off of its pulls. */
static struct mp_pull_state *pull_state(struct mp_pod *pod)
{
	size_t i = 0;

	if (pod->start.volume >= 0)
		return volume_pull_state(pod);
	while (i < pod->start.container &&
	       !mp_streq(pod->spec->containers[i].image, current_image(pod)))
		i++;
	return &pod->containers[i].pull;
}

static enum mp_progress begin_pull(struct mp_pod *pod, struct mp_now now)
{
	const struct mp_pull_state *pull = pull_state(pod);
	const char *image = current_image(pod);
	char message[2 * MP_MESSAGE_MAX];
	struct mp_buf buf = MP_BUF(message);

	if (now.mono < mp_backoff_until(&pull->backoff, now.mono, pull->backoff.last_update)) {
		mp_machine_event(pod, now, image_owner(pod), false, "BackOff",
				 "Back-off pulling image \"%s\"", image);
		mp_buf_addf(&buf, "Back-off pulling image \"%s\"", image);
		if (pull->reason[0] != '\0')
			mp_buf_addf(&buf, ": %s: %s", pull->reason, pull->message);
		return fail_step(pod, now, "ImagePullBackOff", message, "ImagePullBackOff");
	}
	mp_machine_event(pod, now, image_owner(pod), false, "Pulling", "Pulling image \"%s\"",
			 image);
	return ask(pod, MP_START_PULL, MP_DO_PULL_IMAGE);
}

void mp_start_drop_unstarted(struct mp_pod *pod, size_t index)
{
	struct mp_cstate *c = &pod->containers[index];

	if (c->rec[0].state != MP_RECORD_CREATED || c->rec[0].is_start_asked)
		return;
	mp_machine_remove_record(pod, index, &c->rec[0], true);
	c->next_count = c->rec[0].restart_count; /* its log went with it */
	c->rec[0] = c->rec[1];
	memset(&c->rec[1], 0, sizeof(c->rec[1]));
}

static enum mp_progress create(struct mp_pod *pod)
{
	if (!pod->sandbox.is_alive)
		return finish(pod, false); /* it died meanwhile: the next sync replaces it */
	mp_start_drop_unstarted(pod, pod->start.container);
	return ask(pod, MP_START_CREATE, MP_DO_CREATE_CONTAINER);
}

/* On to the next image that the container needs, or to the container itself. */
static enum mp_progress image_is_there(struct mp_pod *pod)
{
	if (pod->start.volume < 0)
		return create(pod);
	pod->start.volume = next_image_volume(pod, pod->start.volume);
	return ask(pod, MP_START_CHECK, MP_DO_CHECK_IMAGE);
}

static enum mp_progress after_check(struct mp_pod *pod, struct mp_now now)
{
	const char *image = current_image(pod);
	const char *policy = current_policy(pod);
	const int index = image_owner(pod);
	char message[MP_MESSAGE_MAX];
	struct mp_buf buf = MP_BUF(message);

	message[0] = '\0';
	if (pod->start.answer == MP_EV_IMAGE_FAILED) {
		mp_machine_event(pod, now, index, true, "InspectFailed", "%s", pod->start.message);
		return fail_step(pod, now, pod->start.reason, pod->start.message,
				 pod->start.reason);
	}
	switch (mp_image_step(policy, pod->start.answer == MP_EV_IMAGE_PRESENT)) {
	case MP_IMAGE_USE:
		mp_image_say_present(&buf, image);
		mp_machine_event(pod, now, index, false, "Pulled", "%s", message);
		return image_is_there(pod);
	case MP_IMAGE_PULL:
		return begin_pull(pod, now);
	case MP_IMAGE_REFUSE:
		break;
	}
	mp_image_say_never(&buf, image);
	mp_machine_event(pod, now, index, true, "ErrImageNeverPull", "%s", message);
	return fail_step(pod, now, "ErrImageNeverPull", message, "ErrImageNeverPull");
}

static enum mp_progress after_failed_pull(struct mp_pod *pod, struct mp_now now)
{
	const char *reason = pod->start.reason;
	const char *image = current_image(pod);
	const char *why = strcmp(reason, "RegistryUnavailable") == 0 ?
				  "the registry is unavailable" :
			  strcmp(reason, "SignatureValidationFailed") == 0 ?
				  "the signature validation failed" :
				  NULL;
	struct mp_pull_state *pull = pull_state(pod);
	char message[2 * MP_MESSAGE_MAX];

	mp_machine_event(pod, now, image_owner(pod), true, "Failed",
			 "Failed to pull image \"%s\": %s", image, pod->start.message);
	if (why != NULL && !mp_starts_with(pod->start.message, "image pull failed for "))
		(void)snprintf(message, sizeof(message),
			       "image pull failed for %.500s because %s: %s", image, why,
			       pod->start.message);
	else
		MP_COPY(message, pod->start.message);
	MP_COPY(pull->reason, reason);
	MP_COPY(pull->message, message);
	pull->backoff = mp_backoff_advance(pull->backoff, now.mono, now.mono, MP_BACKOFF_MAX);
	return fail_step(pod, now, reason, message, reason);
}

static enum mp_progress after_pull(struct mp_pod *pod, struct mp_now now)
{
	char message[MP_MESSAGE_MAX];
	struct mp_buf buf = MP_BUF(message);

	message[0] = '\0';
	if (pod->start.answer == MP_EV_IMAGE_FAILED)
		return after_failed_pull(pod, now);
	pull_state(pod)->reason[0] = '\0';
	mp_image_say_pulled(&buf, current_image(pod), pod->start.took, pod->start.took_waiting,
			    pod->start.bytes);
	mp_machine_event(pod, now, image_owner(pod), false, "Pulled", "%s", message);
	return image_is_there(pod);
}

/* ---- create, start, postStart --------------------------------------------------------------------- */

static enum mp_progress after_create(struct mp_pod *pod, struct mp_now now)
{
	struct mp_cstate *c = current(pod);

	if (pod->start.answer == MP_EV_CREATE_FAILED)
		return fail_step(pod, now, pod->start.reason, pod->start.message,
				 pod->start.message);
	mp_machine_event(pod, now, (int)pod->start.container, false, "Created",
			 "Container created");
	if (c->rec[0].state != MP_RECORD_CREATED)
		return fail_step(pod, now, "RunContainerError", "container ended before its start",
				 "container ended before its start");
	if (mp_machine_is_ending(pod) || !pod->sandbox.is_alive) {
		mp_start_drop_unstarted(pod, pod->start.container);
		return finish(pod, false);
	}
	c->rec[0].is_start_asked = true;
	return ask(pod, MP_START_RUN, MP_DO_START_CONTAINER);
}

static enum mp_progress after_start(struct mp_pod *pod, struct mp_now now)
{
	struct mp_cstate *c = current(pod);

	if (c->rec[0].is_start_failed)
		return fail_step(pod, now, "RunContainerError", c->rec[0].message,
				 c->rec[0].message);
	mp_machine_event(pod, now, (int)pod->start.container, false, "Started",
			 "Container started");
	if (!current_spec(pod)->lifecycle.has_post_start)
		return finish(pod, true);
	pod->start.stage = MP_START_SETTLE;
	return MP_STEP_GOES_ON;
}

mp_nsec mp_start_settled_at(const struct mp_pod *pod)
{
	return mp_nsec_add(pod->containers[pod->start.container].rec[0].started, MP_HEAD_START);
}

static enum mp_progress at_settle(struct mp_pod *pod, struct mp_now now)
{
	if (!mp_record_is_live(&current(pod)->rec[0]) || mp_machine_is_ending(pod))
		return finish(pod, true);
	if (now.mono < mp_start_settled_at(pod))
		return MP_STEP_WAITS;
	mp_hook_run(pod, pod->start.container, MP_HOOK_POST_START);
	pod->start.stage = MP_START_HOOK;
	return MP_STEP_GOES_ON;
}

static enum mp_progress at_hook(struct mp_pod *pod, struct mp_now now)
{
	struct mp_cstate *c = current(pod);

	if (mp_hook_settle(pod, now, pod->start.container, MP_HOOK_POST_START)) {
		if (c->hook.is_ok)
			return finish(pod, true);
		c->failure.is_set = true;
		MP_COPY(c->failure.reason, "PostStartHookError");
		MP_COPY(c->failure.message, c->hook.message);
		mp_kill_begin(pod, now, pod->start.container, mp_kill_grace(pod, NULL), false,
			      "FailedPostStartHook");
		pod->start.stage = MP_START_HOOK_KILL;
		return MP_STEP_GOES_ON;
	}
	if (now.mono < pod->abort_at)
		return MP_STEP_WAITS;
	/* The reference lets the hook block a deletion for ever; we stop at the grace's end. */
	mp_hook_abandon(pod, pod->start.container);
	pod->is_grace_spent = true;
	return finish(pod, false);
}

enum mp_progress mp_start_begin(struct mp_pod *pod, struct mp_now now, size_t index)
{
	pod->start.container = index;
	pod->start.volume = -1;
	if (mp_start_back_off(pod, now, index))
		return finish(pod, false);
	pod->start.volume = next_image_volume(pod, -1);
	return ask(pod, MP_START_CHECK, MP_DO_CHECK_IMAGE);
}

enum mp_progress mp_start_step(struct mp_pod *pod, struct mp_now now)
{
	struct mp_start *start = &pod->start;

	switch (start->stage) {
	case MP_START_IDLE:
		break;
	case MP_START_CHECK:
	case MP_START_PULL:
		if (mp_machine_is_ending(pod))
			return finish(pod, false); /* a late answer finds nobody waiting */
		if (!start->has_answer)
			return MP_STEP_WAITS;
		return start->stage == MP_START_CHECK ? after_check(pod, now) :
							after_pull(pod, now);
	case MP_START_CREATE:
		return start->has_answer ? after_create(pod, now) : MP_STEP_WAITS;
	case MP_START_RUN:
		/* A process that has ended did start, whether or not that was reported. */
		if (!start->has_answer && current(pod)->rec[0].state != MP_RECORD_EXITED)
			return MP_STEP_WAITS;
		return after_start(pod, now);
	case MP_START_SETTLE:
		return at_settle(pod, now);
	case MP_START_HOOK:
		return at_hook(pod, now);
	case MP_START_HOOK_KILL:
		return current(pod)->kill.is_active ? MP_STEP_WAITS : finish(pod, false);
	}
	return MP_STEP_FAILED;
}

/* ---- answers ------------------------------------------------------------------------------------------ */

static void add_record(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_cstate *c = current(pod);
	struct mp_record *rec = &c->rec[0];
	const size_t max = sizeof(rec->groups) / sizeof(rec->groups[0]);

	if (c->rec[0].state != MP_RECORD_NONE)
		c->rec[1] = c->rec[0];
	memset(rec, 0, sizeof(*rec));
	rec->state = MP_RECORD_CREATED;
	MP_COPY(rec->id, ev->created.id);
	rec->attempt = pod->sandbox.attempt;
	rec->restart_count = c->next_count++;
	MP_COPY(rec->image, c->image.resolved);
	MP_COPY(rec->image_id, c->image.id);
	MP_COPY(rec->stop_signal, c->image.stop_signal);
	rec->uid = ev->created.uid;
	rec->gid = ev->created.gid;
	rec->n_groups = ev->created.n_groups < max ? ev->created.n_groups : max;
	if (rec->n_groups > 0)
		memcpy(rec->groups, ev->created.groups, rec->n_groups * sizeof(rec->groups[0]));
}

static void keep_image(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_image *image = &current(pod)->image;

	if (pod->start.volume < 0) {
		MP_COPY(image->resolved,
			ev->image.resolved != NULL ? ev->image.resolved : current_spec(pod)->image);
		MP_COPY(image->id, ev->image.id);
		MP_COPY(image->stop_signal, ev->image.stop_signal);
	}
	pod->start.took = ev->image.took;
	pod->start.took_waiting = ev->image.took_waiting;
	pod->start.bytes = ev->image.bytes;
}

static bool is_awaited(const struct mp_pod *pod, enum mp_event_type type)
{
	const enum mp_start_stage stage = pod->start.stage;

	if (pod->start.has_answer)
		return false;
	if (type == MP_EV_IMAGE_FAILED)
		return stage == MP_START_CHECK || stage == MP_START_PULL;
	if (type == MP_EV_IMAGE_PRESENT || type == MP_EV_IMAGE_ABSENT)
		return stage == MP_START_CHECK;
	if (type == MP_EV_IMAGE_PULLED)
		return stage == MP_START_PULL;
	if (type == MP_EV_CREATED || type == MP_EV_CREATE_FAILED)
		return stage == MP_START_CREATE;
	return stage == MP_START_RUN; /* STARTED, START_FAILED */
}

void mp_start_answer(struct mp_pod *pod, const struct mp_event *ev, struct mp_now now)
{
	struct mp_start *start = &pod->start;

	if ((size_t)ev->container != start->container || !is_awaited(pod, ev->type))
		return;
	start->has_answer = true;
	start->answer = ev->type;
	MP_COPY(start->reason, ev->text.reason);
	MP_COPY(start->message, ev->text.message);
	if (ev->type == MP_EV_IMAGE_PRESENT || ev->type == MP_EV_IMAGE_PULLED)
		keep_image(pod, ev);
	else if (ev->type == MP_EV_CREATED)
		add_record(pod, ev);
	else if (ev->type == MP_EV_STARTED)
		mp_record_start(&current(pod)->rec[0], now);
	else if (ev->type == MP_EV_START_FAILED)
		mp_record_fail_start(&current(pod)->rec[0], ev->text.message, now);
	pod->is_dirty =
		pod->is_dirty || ev->type == MP_EV_STARTED || ev->type == MP_EV_START_FAILED;
}
