/* SPDX-License-Identifier: Apache-2.0 */
/* One line of a journal, from its JSON. */
#include "runtime/trace_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/trace.h"

static const char *text_at(const struct mp_node *map, const char *key)
{
	const struct mp_node *n = mp_node_get(map, key);

	return n && n->kind == MP_NODE_STRING ? n->text : NULL;
}

static int64_t int_at(const struct mp_node *map, const char *key)
{
	int64_t v = 0;

	(void)mp_node_int64(mp_node_get(map, key), &v);
	return v;
}

static bool bool_at(const struct mp_node *map, const char *key)
{
	const struct mp_node *n = mp_node_get(map, key);

	return n && n->kind == MP_NODE_BOOL && n->boolean;
}

/* The position of @text in @texts, or -1. */
static int index_of(const char *text, const char *const *texts, size_t n)
{
	for (size_t i = 0; text && i < n; i++) {
		if (strcmp(text, texts[i]) == 0)
			return (int)i;
	}
	return -1;
}

static void read_exited(const struct mp_node *n, struct mp_event *ev)
{
	ev->exited.code = (int)int_at(n, "code");
	ev->exited.signal = (int)int_at(n, "signal");
	ev->exited.is_oom = bool_at(n, "oom");
	ev->exited.is_unknown = bool_at(n, "unknown");
	ev->exited.message = text_at(n, "terminationMessage");
}

static void read_created(const struct mp_node *n, struct mp_trace_line *line)
{
	const struct mp_node *groups = mp_node_get(n, "groups");
	struct mp_event *ev = &line->ev;

	ev->created.id = text_at(n, "id");
	ev->created.uid = int_at(n, "uid");
	ev->created.gid = int_at(n, "gid");
	ev->created.groups = line->groups;
	for (size_t i = 0; groups && groups->kind == MP_NODE_LIST && i < groups->count &&
			   i < MP_ARRAY_SIZE(line->groups);
	     i++) {
		if (mp_node_int64(groups->items[i], &line->groups[i]))
			ev->created.n_groups++;
	}
}

static bool read_hook(const struct mp_node *n, struct mp_event *ev)
{
	static const char *const hooks[] = { "postStart", "preStop" };
	const int kind = index_of(text_at(n, "hook"), hooks, MP_ARRAY_SIZE(hooks));

	ev->hook.kind = kind == 1 ? MP_HOOK_PRE_STOP : MP_HOOK_POST_START;
	ev->hook.is_ok = bool_at(n, "ok");
	ev->hook.message = text_at(n, "message");
	ev->hook.fallback_target = text_at(n, "fallback");
	ev->hook.did_http_fallback = ev->hook.fallback_target != NULL;
	return kind >= 0;
}

static bool read_probe(const struct mp_node *n, struct mp_event *ev)
{
	static const char *const kinds[] = { "startup", "readiness", "liveness" };
	static const char *const outcomes[] = { "success", "warning", "failure", "error",
						"unreadable" };
	const int kind = index_of(text_at(n, "probe"), kinds, MP_ARRAY_SIZE(kinds));
	const int outcome = index_of(text_at(n, "outcome"), outcomes, MP_ARRAY_SIZE(outcomes));

	if (kind < 0 || outcome < 0)
		return false;
	ev->probe.kind = (enum mp_probe_kind)kind;
	ev->probe.outcome = (enum mp_probe_outcome)outcome;
	ev->probe.output = text_at(n, "output");
	return true;
}

/* Fields are called the same wherever they occur, so each kind only reads its own. */
static bool read_details(const struct mp_node *n, const struct mp_pod_spec *spec,
			 struct mp_trace_line *line)
{
	struct mp_event *ev = &line->ev;

	switch (ev->type) {
	case MP_EV_DELETE:
		ev->remove.grace_s.is_set = mp_node_get(n, "graceSeconds") != NULL;
		ev->remove.grace_s.v = int_at(n, "graceSeconds");
		ev->remove.is_forced = bool_at(n, "force");
		break;
	case MP_EV_CONDITION:
		ev->condition.type = text_at(n, "condition");
		ev->condition.status = text_at(n, "status");
		ev->condition.reason = text_at(n, "reason");
		ev->condition.message = text_at(n, "message");
		break;
	case MP_EV_NOTE:
		ev->note.is_warning = bool_at(n, "warning");
		ev->note.reason = text_at(n, "reason");
		ev->note.message = text_at(n, "message");
		ev->note.ephemeral = text_at(n, "ephemeral");
		return ev->note.reason != NULL;
	case MP_EV_VOLUME_FAILED:
		ev->volume.index =
			text_at(n, "volume") ? mp_spec_volume(spec, text_at(n, "volume")) : -1;
		ev->volume.message = text_at(n, "message");
		break;
	case MP_EV_SANDBOX_READY:
	case MP_EV_RECOVERED:
		ev->sandbox.ip = text_at(n, "ip");
		ev->sandbox.ip6 = text_at(n, "ip6");
		ev->sandbox.is_alive = bool_at(n, "alive");
		break;
	case MP_EV_IMAGE_PRESENT:
	case MP_EV_IMAGE_PULLED:
		ev->image.resolved = text_at(n, "resolved");
		ev->image.id = text_at(n, "imageID");
		ev->image.stop_signal = text_at(n, "stopSignal");
		ev->image.took = int_at(n, "took");
		ev->image.took_waiting = int_at(n, "tookWaiting");
		ev->image.bytes = int_at(n, "bytes");
		break;
	case MP_EV_CREATED:
		read_created(n, line);
		break;
	case MP_EV_EXITED:
		read_exited(n, ev);
		break;
	case MP_EV_HOOK_DONE:
		return read_hook(n, ev);
	case MP_EV_PROBE_DONE:
		return read_probe(n, ev);
	case MP_EV_RECOVERED_CONTAINER:
		ev->recovered.is_running = bool_at(n, "running");
		ev->recovered.is_known = bool_at(n, "known");
		ev->recovered.has_not_begun = bool_at(n, "notBegun");
		read_exited(n, ev);
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
		ev->text.reason = text_at(n, "reason");
		ev->text.message = text_at(n, "message");
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
	return true;
}

static bool is_of_container(enum mp_event_type type)
{
	return type >= MP_EV_IMAGE_PRESENT && type != MP_EV_RECOVERED;
}

static int read_event(const struct mp_node *n, const struct mp_pod_spec *spec,
		      struct mp_trace_line *line, struct mp_error *err)
{
	const char *type = text_at(n, "type"), *name = text_at(n, "container");
	int t = 0;

	while (t <= (int)MP_EV_RECOVERED &&
	       !mp_streq(mp_event_type_text((enum mp_event_type)t), type))
		t++;
	if (t > (int)MP_EV_RECOVERED)
		return mp_fail_text(err, EINVAL, "an unknown event \"%s\"", type ? type : "");
	line->ev.type = (enum mp_event_type)t;
	line->ev.container = name ? mp_spec_container(spec, name) : -1;
	if ((name || is_of_container(line->ev.type)) && line->ev.container < 0)
		return mp_fail_text(err, EINVAL, "the pod has no container \"%s\"",
				    name ? name : "");
	if (!read_details(n, spec, line))
		return mp_fail_text(err, EINVAL, "an incomplete event \"%s\"", type);
	return 0;
}

static int read_start(const struct mp_node *root, struct mp_trace_line *ret, struct mp_error *err)
{
	const int64_t version = int_at(root, "version");

	if (!mp_node_get(root, "version"))
		return mp_fail_text(err, EINVAL, "a line of no known kind");
	if (version < MP_TRACE_VERSION_MIN || version > MP_TRACE_VERSION)
		return mp_fail_text(err, EPROTO, "version %lld of the format, not %d to %d",
				    (long long)version, MP_TRACE_VERSION_MIN, MP_TRACE_VERSION);
	ret->kind = MP_TRACE_START;
	ret->seed = strtoull(text_at(root, "seed") ? text_at(root, "seed") : "0", NULL, 10);
	ret->started = int_at(root, "started");
	ret->is_cold = bool_at(root, "cold");
	ret->origin = (struct mp_trace_origin){
		.boot_id = text_at(root, "bootID"),
		.pod_cidr = text_at(root, "podCIDR"),
		.cgroup_root = text_at(root, "cgroupRoot"),
		.seccomp_root = text_at(root, "seccompRoot"),
		.seccomp_default = text_at(root, "seccompDefault"),
		.result = text_at(root, "resultFile"),
		.log_max_bytes = int_at(root, "logMaxBytes"),
		.log_max_files = int_at(root, "logMaxFiles"),
		.journal_max_bytes =
			mp_node_get(root, "journalMaxBytes") ? int_at(root, "journalMaxBytes") : -1,
	};
	return 0;
}

int mp_trace_line_read(struct mp_arena *arena, const struct mp_pod_spec *spec, const char *text,
		       size_t len, struct mp_trace_line *ret, struct mp_error *err)
{
	struct mp_document doc;
	const struct mp_node *root, *event;
	int r = mp_document_parse(arena, "trace", text, len, MP_DOCUMENT_JSON, &doc, err);

	if (r < 0)
		return r;
	root = doc.roots[0];
	memset(ret, 0, sizeof(*ret));
	ret->now.mono = int_at(root, "t");
	ret->now.wall = int_at(root, "wall");
	ret->turn = int_at(root, "turn");
	event = mp_node_get(root, "event");
	if (event) {
		ret->kind = MP_TRACE_EVENT;
		return read_event(event, spec, ret, err);
	}
	if (mp_node_get(root, "plan")) {
		ret->kind = MP_TRACE_PLAN;
		return 0;
	}
	if (mp_node_get(root, "action")) {
		ret->kind = MP_TRACE_ACTION;
		return 0;
	}
	if (mp_node_get(root, "past")) {
		ret->kind = MP_TRACE_PAST;
		return 0;
	}
	ret->spec = mp_node_get(root, "spec");
	ret->state = mp_node_get(root, "state");
	if (ret->spec || ret->state) {
		ret->kind = ret->spec ? MP_TRACE_SPEC : MP_TRACE_STATE;
		return 0;
	}
	return read_start(root, ret, err);
}
