/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/trace_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/trace.h"

/* ---- one line ----------------------------------------------------------------------------------- */

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
	if (!mp_node_get(root, "version"))
		return mp_fail_text(err, EINVAL, "a line of no known kind");
	if (int_at(root, "version") != MP_TRACE_VERSION)
		return mp_fail_text(err, EPROTO, "version %lld of the format, not %d",
				    (long long)int_at(root, "version"), MP_TRACE_VERSION);
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
	};
	return 0;
}

/* ---- living it again -------------------------------------------------------------------------------- */

struct life {
	const struct mp_pod_spec *spec;
	void *mem;
	struct mp_pod *pod;
	struct mp_plan plan;
	size_t next; /* action of @plan that the next action line must show */
	struct mp_now now;
	int64_t turn;
	struct mp_json json;
	struct mp_replay *ret;
	bool is_lenient;             /* a difference is noted, and life goes on */
	struct mp_trace_line *start; /* the last one; NULL: not wanted */
	struct mp_arena *arena;      /* of its strings */
};

static const char *action_text(struct life *life, const struct mp_action *action, size_t *len)
{
	struct mp_json *w = &life->json;

	mp_json_reset(w);
	mp_json_object_begin(w);
	mp_json_put_int(w, "t", life->now.mono);
	mp_json_put_int(w, "wall", life->now.wall);
	mp_json_put_int(w, "turn", life->turn);
	mp_json_key(w, "action");
	mp_action_write(w, life->spec, action);
	mp_json_object_end(w);
	return mp_json_finish(w, len, NULL);
}

static void differ(struct life *life, const char *wanted, size_t wanted_len, const char *got)
{
	if (life->ret->is_different)
		return;

	struct mp_buf a = MP_BUF(life->ret->wanted), b = MP_BUF(life->ret->got);

	life->ret->is_different = true;
	life->ret->line = life->ret->n_lines;
	mp_buf_add(&a, wanted, wanted_len);
	mp_buf_adds(&b, got);
}

/* Every action of the last turn must have been recorded. */
static void end_turn(struct life *life)
{
	size_t len;

	if (life->next < life->plan.n)
		differ(life, "", 0, action_text(life, &life->plan.actions[life->next], &len));
}

static void see_action(struct life *life, const char *text, size_t len)
{
	const char *got = "";
	size_t got_len = 0;

	if (life->next < life->plan.n)
		got = action_text(life, &life->plan.actions[life->next++], &got_len);
	life->ret->n_actions++;
	if (!got || got_len != len || memcmp(got, text, len) != 0)
		differ(life, text, len, got ? got : "");
}

static void begin(struct life *life, const struct mp_trace_line *line)
{
	const struct mp_pod_config config = {
		.seed = line->seed,
		.started_at = line->started,
		.is_cold_start = line->is_cold,
	};

	/* A later supervisor goes on with the machine of the one before it. */
	if (!life->pod)
		life->pod = mp_pod_init(life->mem, life->spec, &config);
}

static int see_line(struct life *life, struct mp_arena *arena, const char *text, size_t len,
		    struct mp_error *err)
{
	struct mp_trace_line line;
	const int r = mp_trace_line_read(arena, life->spec, text, len, &line, err);

	if (r < 0)
		return r;
	if (line.kind != MP_TRACE_ACTION)
		end_turn(life);
	if (line.kind == MP_TRACE_START && life->start &&
	    mp_trace_line_read(life->arena, life->spec, text, len, life->start, err) < 0)
		return -ENOMEM;
	if (line.kind == MP_TRACE_START) {
		life->plan.n = 0;
		life->next = 0;
		begin(life, &line);
		return 0;
	}
	if (!life->pod)
		return mp_fail_text(err, EINVAL, "the journal does not begin with its start");
	life->now = line.now;
	life->turn = line.turn;
	if (line.kind == MP_TRACE_EVENT) {
		life->plan.n = 0;
		life->next = 0;
		mp_pod_apply(life->pod, &line.ev, line.now);
	} else if (line.kind == MP_TRACE_PLAN) {
		life->next = 0;
		life->ret->n_turns++;
		mp_pod_plan(life->pod, line.now, &life->plan);
	} else {
		see_action(life, text, len);
	}
	return 0;
}

static int live(struct life *life, const char *text, size_t len, struct mp_error *err)
{
	const char *end = text + len;

	while (text < end && (life->is_lenient || !life->ret->is_different)) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct mp_arena arena = { 0 };
		int r;

		if (!newline)
			return 0; /* cut by the end of its supervisor */
		life->ret->n_lines++;
		r = see_line(life, &arena, text, (size_t)(newline - text), err);
		mp_arena_done(&arena);
		if (r < 0)
			return mp_wrap(err, r, "line %zu", life->ret->n_lines);
		text = newline + 1;
	}
	return 0;
}

static int live_all(struct life *life, void *mem, const char *text, size_t len,
		    struct mp_error *err)
{
	/* As the supervisor has it: what is cut off there must be cut off here. */
	const size_t size = MP_PLAN_MIN + 16 * mp_spec_n_containers(life->spec);

	life->mem = mem;
	life->plan.actions = calloc(size, sizeof(*life->plan.actions));
	life->plan.size = size;
	if (!life->mem || !life->plan.actions)
		return mp_fail(err, ENOMEM, "replay");
	return live(life, text, len, err);
}

int mp_trace_replay(const struct mp_pod_spec *spec, const char *text, size_t len,
		    struct mp_replay *ret, struct mp_error *err)
{
	struct life life = { .spec = spec, .ret = ret };
	mp_auto_free void *mem = malloc(mp_pod_size(spec));
	int r;

	memset(ret, 0, sizeof(*ret));
	mp_json_init(&life.json, MP_JSON_COMPACT);
	r = live_all(&life, mem, text, len, err);
	mp_json_done(&life.json);
	free(life.plan.actions);
	return r;
}

/* The actions that were decided and not recorded, as lines. */
static int collect_missing(struct life *life, struct mp_revival *ret)
{
	for (; life->next < life->plan.n; life->next++) {
		size_t len;
		const char *line = action_text(life, &life->plan.actions[life->next], &len);
		char *more = line ? realloc(ret->missing, ret->missing_len + len + 1) : NULL;

		if (!more)
			return -ENOMEM;
		memcpy(more + ret->missing_len, line, len);
		more[ret->missing_len + len] = '\n';
		ret->missing = more;
		ret->missing_len += len + 1;
	}
	return 0;
}

int mp_trace_revive(const struct mp_pod_spec *spec, const char *text, size_t len, void *mem,
		    struct mp_arena *arena, struct mp_revival *ret, struct mp_error *err)
{
	const char *last = len > 0 ? memrchr(text, '\n', len) : NULL;
	static struct mp_replay replay;
	static struct mp_trace_line start; /* large; one thread */
	struct life life = {
		.spec = spec, .ret = &replay, .is_lenient = true, .start = &start, .arena = arena
	};
	int r;

	memset(&replay, 0, sizeof(replay));
	memset(&start, 0, sizeof(start));
	*ret = (struct mp_revival){ .whole = last ? (size_t)(last + 1 - text) : 0 };
	mp_json_init(&life.json, MP_JSON_COMPACT);
	r = live_all(&life, mem, text, ret->whole, err);
	if (r == 0 && collect_missing(&life, ret) < 0)
		r = mp_fail(err, ENOMEM, "journal");
	mp_json_done(&life.json);
	free(life.plan.actions);
	if (r < 0) {
		free(ret->missing);
		ret->missing = NULL;
		return r;
	}
	ret->pod = life.pod;
	ret->origin = start.origin;
	ret->seed = start.seed;
	ret->is_different = replay.is_different;
	return 0;
}
