/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Living a journal again. What may change of the spec changes as it did then, in a copy: the pod.json
 * beside the journal is that of today.
 */
#include "runtime/trace_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/trace.h"
#include "runtime/trace_state.h"

struct life {
	struct mp_pod_spec spec; /* a copy, with containers of its own */
	struct mp_container_spec *containers;
	struct mp_arena images; /* those that the journal told */
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
	mp_action_write(w, &life->spec, action);
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
		life->pod = mp_pod_init(life->mem, &life->spec, &config);
}

/* An image of a container that is not named is left as it is. */
static int change_spec(struct life *life, const struct mp_node *told, struct mp_error *err)
{
	const struct mp_node *deadline = mp_node_get(told, "activeDeadlineSeconds");
	const struct mp_node *images = mp_node_get(told, "images");

	life->spec.active_deadline_s = (struct mp_opt_int){ .is_set = deadline != NULL };
	(void)mp_node_int64(deadline, &life->spec.active_deadline_s.v);
	for (size_t i = 0; i < mp_spec_n_containers(&life->spec); i++) {
		struct mp_container_spec *c = &life->containers[i];
		const struct mp_node *image =
			images && images->kind == MP_NODE_MAP ? mp_node_get(images, c->name) : NULL;

		if (!image || image->kind != MP_NODE_STRING || mp_streq(image->text, c->image))
			continue;
		c->image = mp_arena_strdup(&life->images, image->text);
		if (!c->image)
			return mp_fail(err, ENOMEM, "spec");
	}
	return 0;
}

static int load_state(struct life *life, const struct mp_node *state, struct mp_error *err)
{
	life->pod = NULL;
	return mp_trace_state_read(state, &life->spec, life->mem, &life->pod, err);
}

static int see_line(struct life *life, struct mp_arena *arena, const char *text, size_t len,
		    struct mp_error *err)
{
	struct mp_trace_line line;
	const int r = mp_trace_line_read(arena, &life->spec, text, len, &line, err);

	if (r < 0)
		return r;
	if (line.kind == MP_TRACE_PAST)
		return 0;
	if (line.kind != MP_TRACE_ACTION)
		end_turn(life);
	if (line.kind == MP_TRACE_START && life->start &&
	    mp_trace_line_read(life->arena, &life->spec, text, len, life->start, err) < 0)
		return -ENOMEM;
	if (line.kind == MP_TRACE_START) {
		life->plan.n = 0;
		life->next = 0;
		begin(life, &line);
		return 0;
	}
	if (!life->pod)
		return mp_fail_text(err, EINVAL, "the journal does not begin with its start");
	if (line.kind == MP_TRACE_SPEC || line.kind == MP_TRACE_STATE) {
		life->plan.n = 0;
		life->next = 0;
		return line.kind == MP_TRACE_SPEC ? change_spec(life, line.spec, err) :
						    load_state(life, line.state, err);
	}
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

static int live_all(struct life *life, const struct mp_pod_spec *spec, void *mem, const char *text,
		    size_t len, struct mp_error *err)
{
	const size_t n = mp_spec_n_containers(spec);
	/* As the supervisor has it: what is cut off there must be cut off here. */
	const size_t size = MP_PLAN_MIN + 16 * n;

	mp_json_init(&life->json, MP_JSON_COMPACT);
	life->mem = mem;
	life->spec = *spec;
	life->containers = calloc(n + 1, sizeof(*life->containers));
	life->plan.actions = calloc(size, sizeof(*life->plan.actions));
	life->plan.size = size;
	if (!life->mem || !life->plan.actions || !life->containers)
		return mp_fail(err, ENOMEM, "replay");
	memcpy(life->containers, spec->containers, n * sizeof(*life->containers));
	life->spec.containers = life->containers;
	return live(life, text, len, err);
}

static void life_done(struct life *life)
{
	mp_json_done(&life->json);
	mp_arena_done(&life->images);
	free(life->plan.actions);
	free(life->containers);
}

int mp_trace_replay(const struct mp_pod_spec *spec, const char *text, size_t len,
		    struct mp_replay *ret, struct mp_error *err)
{
	struct life life = { .ret = ret };
	mp_auto_free void *mem = malloc(mp_pod_size(spec));
	int r;

	memset(ret, 0, sizeof(*ret));
	r = live_all(&life, spec, mem, text, len, err);
	life_done(&life);
	return r;
}

/* What was applied to the pod.json, and its supervisor died before it told the machine. */
static int find_other_images(const struct life *life, const struct mp_pod_spec *spec,
			     struct mp_arena *arena, struct mp_revival *ret)
{
	const size_t n = mp_spec_n_containers(spec);

	ret->is_other_image = mp_arena_alloc(arena, n + 1, sizeof(*ret->is_other_image));
	if (!ret->is_other_image)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ret->is_other_image[i] =
			!mp_streq(life->containers[i].image, spec->containers[i].image);
	return 0;
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
	struct life life = { .ret = &replay, .is_lenient = true, .start = &start, .arena = arena };
	int r;

	memset(&replay, 0, sizeof(replay));
	memset(&start, 0, sizeof(start));
	*ret = (struct mp_revival){ .whole = last ? (size_t)(last + 1 - text) : 0 };
	r = live_all(&life, spec, mem, text, ret->whole, err);
	if (r == 0 &&
	    (collect_missing(&life, ret) < 0 || find_other_images(&life, spec, arena, ret) < 0))
		r = mp_fail(err, ENOMEM, "journal");
	/* From here on with the spec of today. */
	ret->pod = r == 0 && life.pod ? mp_pod_relocate(mem, spec) : NULL;
	life_done(&life);
	if (r < 0) {
		free(ret->missing);
		ret->missing = NULL;
		return r;
	}
	ret->origin = start.origin;
	ret->seed = start.seed;
	ret->is_different = replay.is_different;
	return 0;
}
