/* SPDX-License-Identifier: Apache-2.0 */
/* Events and actions as JSON. Strings that are absent are left out. */
#include "runtime/trace.h"

const char *mp_event_type_text(enum mp_event_type type)
{
	switch (type) {
	case MP_EV_DELETE:
		return "delete";
	case MP_EV_CONDITION:
		return "condition";
	case MP_EV_EVICT:
		return "evict";
	case MP_EV_REJECT:
		return "reject";
	case MP_EV_UNSCHEDULABLE:
		return "unschedulable";
	case MP_EV_SCHEDULED:
		return "scheduled";
	case MP_EV_NOTE:
		return "note";
	case MP_EV_POD_PREPARED:
		return "podPrepared";
	case MP_EV_POD_PREPARE_FAILED:
		return "podPrepareFailed";
	case MP_EV_VOLUMES_READY:
		return "volumesReady";
	case MP_EV_VOLUME_FAILED:
		return "volumeFailed";
	case MP_EV_SANDBOX_READY:
		return "sandboxReady";
	case MP_EV_SANDBOX_FAILED:
		return "sandboxFailed";
	case MP_EV_SANDBOX_DIED:
		return "sandboxDied";
	case MP_EV_SANDBOX_STOPPED:
		return "sandboxStopped";
	case MP_EV_SANDBOX_STOP_FAILED:
		return "sandboxStopFailed";
	case MP_EV_TORN_DOWN:
		return "tornDown";
	case MP_EV_IMAGE_PRESENT:
		return "imagePresent";
	case MP_EV_IMAGE_ABSENT:
		return "imageAbsent";
	case MP_EV_IMAGE_PULLED:
		return "imagePulled";
	case MP_EV_IMAGE_FAILED:
		return "imageFailed";
	case MP_EV_CREATED:
		return "created";
	case MP_EV_CREATE_FAILED:
		return "createFailed";
	case MP_EV_STARTED:
		return "started";
	case MP_EV_START_FAILED:
		return "startFailed";
	case MP_EV_EXITED:
		return "exited";
	case MP_EV_HOOK_DONE:
		return "hookDone";
	case MP_EV_PROBE_DONE:
		return "probeDone";
	case MP_EV_DEFINITION_CHANGED:
		return "definitionChanged";
	case MP_EV_RECOVERED_CONTAINER:
		return "recoveredContainer";
	case MP_EV_RECOVERED:
		return "recovered";
	}
	return "";
}

const char *mp_action_type_text(enum mp_action_type type)
{
	switch (type) {
	case MP_DO_PREPARE_POD:
		return "preparePod";
	case MP_DO_SETUP_VOLUMES:
		return "setupVolumes";
	case MP_DO_CREATE_SANDBOX:
		return "createSandbox";
	case MP_DO_STOP_SANDBOX:
		return "stopSandbox";
	case MP_DO_TEAR_DOWN:
		return "tearDown";
	case MP_DO_CHECK_IMAGE:
		return "checkImage";
	case MP_DO_PULL_IMAGE:
		return "pullImage";
	case MP_DO_CREATE_CONTAINER:
		return "createContainer";
	case MP_DO_START_CONTAINER:
		return "startContainer";
	case MP_DO_SIGNAL:
		return "signal";
	case MP_DO_KILL:
		return "kill";
	case MP_DO_REMOVE_RECORD:
		return "removeRecord";
	case MP_DO_RUN_HOOK:
		return "runHook";
	case MP_DO_ABANDON_HOOK:
		return "abandonHook";
	case MP_DO_RUN_PROBE:
		return "runProbe";
	case MP_DO_ABANDON_PROBE:
		return "abandonProbe";
	case MP_DO_RECORD_EVENT:
		return "recordEvent";
	case MP_DO_PUBLISH_STATUS:
		return "publishStatus";
	case MP_DO_FINISH:
		return "finish";
	}
	return "";
}

static void put(struct mp_json *w, const char *key, const char *text)
{
	if (text)
		mp_json_put_string(w, key, text);
}

static void put_container(struct mp_json *w, const struct mp_pod_spec *spec, int container)
{
	if (container >= 0)
		mp_json_put_string(w, "container", spec->containers[container].name);
}

static const char *probe_text(enum mp_probe_kind kind)
{
	switch (kind) {
	case MP_PROBE_STARTUP:
		return "startup";
	case MP_PROBE_READINESS:
		return "readiness";
	case MP_PROBE_LIVENESS:
		return "liveness";
	}
	return "";
}

static const char *hook_text(enum mp_hook_kind kind)
{
	return kind == MP_HOOK_POST_START ? "postStart" : "preStop";
}

static const char *outcome_text(enum mp_probe_outcome outcome)
{
	switch (outcome) {
	case MP_PROBE_SUCCESS:
		return "success";
	case MP_PROBE_WARNING:
		return "warning";
	case MP_PROBE_FAILURE:
		return "failure";
	case MP_PROBE_ERROR:
		return "error";
	case MP_PROBE_ERROR_UNREADABLE:
		return "unreadable";
	}
	return "";
}

static void put_exited(struct mp_json *w, const struct mp_event *ev)
{
	mp_json_put_int(w, "code", ev->exited.code);
	if (ev->exited.signal)
		mp_json_put_int(w, "signal", ev->exited.signal);
	if (ev->exited.is_oom)
		mp_json_put_bool(w, "oom", true);
	if (ev->exited.is_unknown)
		mp_json_put_bool(w, "unknown", true);
	put(w, "terminationMessage", ev->exited.message);
}

static void put_image(struct mp_json *w, const struct mp_event *ev)
{
	put(w, "resolved", ev->image.resolved);
	put(w, "imageID", ev->image.id);
	put(w, "stopSignal", ev->image.stop_signal);
	mp_json_put_int(w, "took", ev->image.took);
	mp_json_put_int(w, "tookWaiting", ev->image.took_waiting);
	mp_json_put_int(w, "bytes", ev->image.bytes);
}

static void put_created(struct mp_json *w, const struct mp_event *ev)
{
	put(w, "id", ev->created.id);
	mp_json_put_int(w, "uid", ev->created.uid);
	mp_json_put_int(w, "gid", ev->created.gid);
	mp_json_put_list(w, "groups");
	for (size_t i = 0; i < ev->created.n_groups; i++)
		mp_json_int(w, ev->created.groups[i]);
	mp_json_list_end(w);
}

static void put_details(struct mp_json *w, const struct mp_pod_spec *spec,
			const struct mp_event *ev)
{
	switch (ev->type) {
	case MP_EV_DELETE:
		if (ev->remove.grace_s.is_set)
			mp_json_put_int(w, "graceSeconds", ev->remove.grace_s.v);
		mp_json_put_bool(w, "force", ev->remove.is_forced);
		break;
	case MP_EV_CONDITION:
		put(w, "condition", ev->condition.type);
		put(w, "status", ev->condition.status);
		put(w, "reason", ev->condition.reason);
		put(w, "message", ev->condition.message);
		break;
	case MP_EV_NOTE:
		mp_json_put_bool(w, "warning", ev->note.is_warning);
		put(w, "reason", ev->note.reason);
		put(w, "message", ev->note.message);
		put(w, "ephemeral", ev->note.ephemeral);
		break;
	case MP_EV_VOLUME_FAILED:
		if (ev->volume.index >= 0)
			put(w, "volume", spec->volumes[ev->volume.index].name);
		put(w, "message", ev->volume.message);
		break;
	case MP_EV_SANDBOX_READY:
	case MP_EV_RECOVERED:
		put(w, "ip", ev->sandbox.ip);
		put(w, "ip6", ev->sandbox.ip6);
		mp_json_put_bool(w, "alive", ev->sandbox.is_alive);
		break;
	case MP_EV_IMAGE_PRESENT:
	case MP_EV_IMAGE_PULLED:
		put_image(w, ev);
		break;
	case MP_EV_CREATED:
		put_created(w, ev);
		break;
	case MP_EV_EXITED:
		put_exited(w, ev);
		break;
	case MP_EV_HOOK_DONE:
		put(w, "hook", hook_text(ev->hook.kind));
		mp_json_put_bool(w, "ok", ev->hook.is_ok);
		put(w, "message", ev->hook.message);
		if (ev->hook.did_http_fallback)
			put(w, "fallback", ev->hook.fallback_target);
		break;
	case MP_EV_PROBE_DONE:
		put(w, "probe", probe_text(ev->probe.kind));
		put(w, "outcome", outcome_text(ev->probe.outcome));
		put(w, "output", ev->probe.output);
		break;
	case MP_EV_RECOVERED_CONTAINER:
		mp_json_put_bool(w, "running", ev->recovered.is_running);
		mp_json_put_bool(w, "known", ev->recovered.is_known);
		if (ev->recovered.has_not_begun)
			mp_json_put_bool(w, "notBegun", true);
		put_exited(w, ev);
		break;
	case MP_EV_EVICT:
	case MP_EV_REJECT:
	case MP_EV_UNSCHEDULABLE:
	case MP_EV_POD_PREPARE_FAILED:
	case MP_EV_SANDBOX_FAILED:
	case MP_EV_SANDBOX_STOP_FAILED:
	case MP_EV_IMAGE_FAILED:
	case MP_EV_CREATE_FAILED:
	case MP_EV_START_FAILED:
		put(w, "reason", ev->text.reason);
		put(w, "message", ev->text.message);
		break;
	case MP_EV_SCHEDULED:
	case MP_EV_POD_PREPARED:
	case MP_EV_VOLUMES_READY:
	case MP_EV_SANDBOX_DIED:
	case MP_EV_SANDBOX_STOPPED:
	case MP_EV_TORN_DOWN:
	case MP_EV_IMAGE_ABSENT:
	case MP_EV_STARTED:
	case MP_EV_DEFINITION_CHANGED:
		break;
	}
}

void mp_event_write(struct mp_json *w, const struct mp_pod_spec *spec, const struct mp_event *ev)
{
	mp_json_object_begin(w);
	mp_json_put_string(w, "type", mp_event_type_text(ev->type));
	put_container(w, spec, ev->container);
	put_details(w, spec, ev);
	mp_json_object_end(w);
}

void mp_action_write(struct mp_json *w, const struct mp_pod_spec *spec, const struct mp_action *a)
{
	mp_json_object_begin(w);
	mp_json_put_string(w, "type", mp_action_type_text(a->type));
	put_container(w, spec, a->type == MP_DO_RECORD_EVENT ? a->event.container : a->container);
	switch (a->type) {
	case MP_DO_CREATE_SANDBOX:
		mp_json_put_int(w, "attempt", a->attempt);
		break;
	case MP_DO_CREATE_CONTAINER:
		mp_json_put_int(w, "restartCount", a->restart_count);
		break;
	case MP_DO_REMOVE_RECORD:
		put(w, "record", a->record_id);
		mp_json_put_bool(w, "logs", a->remove_logs);
		break;
	case MP_DO_SIGNAL:
		put(w, "signal", a->signal_name);
		break;
	case MP_DO_RUN_HOOK:
	case MP_DO_ABANDON_HOOK:
		put(w, "hook", hook_text(a->hook));
		break;
	case MP_DO_RUN_PROBE:
	case MP_DO_ABANDON_PROBE:
		put(w, "probe", probe_text(a->probe));
		break;
	case MP_DO_RECORD_EVENT:
		put(w, "eventType", a->event.is_warning ? "Warning" : "Normal");
		put(w, "reason", a->event.reason);
		put(w, "message", a->event.message);
		put(w, "ephemeral", a->event.ephemeral);
		mp_json_put_int(w, "count", a->event.count);
		mp_json_put_int(w, "slot", a->event.slot);
		mp_json_put_int(w, "first", a->event.first_wall);
		break;
	case MP_DO_CHECK_IMAGE:
	case MP_DO_PULL_IMAGE:
		put(w, "volume", a->volume);
		break;
	case MP_DO_PREPARE_POD:
	case MP_DO_SETUP_VOLUMES:
	case MP_DO_STOP_SANDBOX:
	case MP_DO_TEAR_DOWN:
	case MP_DO_START_CONTAINER:
	case MP_DO_KILL:
	case MP_DO_PUBLISH_STATUS:
	case MP_DO_FINISH:
		break;
	}
	mp_json_object_end(w);
}
