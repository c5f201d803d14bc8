/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/fake_node.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EPOCH (INT64_C(1700000000) * MP_NSEC_PER_S)

static struct mp_now now_of(const struct fake_node *node)
{
	return (struct mp_now){ .mono = node->now, .wall = EPOCH + node->now };
}

void fake_init_with(struct fake_node *node, const struct mp_pod_spec *spec,
		    const struct mp_pod_config *config)
{
	memset(node, 0, sizeof(*node));
	assert_true(mp_spec_n_containers(spec) <= FAKE_CONTAINERS);
	node->spec = spec;
	node->ip = "10.1.0.7";
	node->mem = calloc(1, mp_pod_size(spec));
	assert_non_null(node->mem);
	node->pod = mp_pod_init(node->mem, spec, config);
}

void fake_init(struct fake_node *node, const struct mp_pod_spec *spec)
{
	fake_init_with(node, spec, &(struct mp_pod_config){ .seed = 1, .is_cold_start = true });
}

void fake_done(struct fake_node *node)
{
	free(node->mem);
	node->mem = NULL;
}

/* ---- the queue of what will happen ------------------------------------------------------------- */

static struct fake_queued *enqueue(struct fake_node *node, mp_nsec at, const struct mp_event *ev)
{
	struct fake_queued *q = &node->queue[node->n_queue++];

	assert_true(node->n_queue <= FAKE_QUEUE);
	*q = (struct fake_queued){ .at = at, .seq = node->seq++, .ev = *ev };
	return q;
}

void fake_post_at(struct fake_node *node, mp_nsec at, const struct mp_event *ev)
{
	(void)enqueue(node, at, ev);
}

void fake_post(struct fake_node *node, const struct mp_event *ev)
{
	(void)enqueue(node, node->now, ev);
}

void fake_say(struct fake_node *node, enum mp_event_type type, int container)
{
	fake_post(node, &(struct mp_event){ .type = type, .container = container });
}

void fake_delete(struct fake_node *node, int64_t grace_s)
{
	fake_post(node, &(struct mp_event){
				.type = MP_EV_DELETE,
				.container = -1,
				.remove.grace_s = { grace_s < 0 ? 0 : grace_s, grace_s >= 0 },
			});
}

static void exit_at(struct fake_node *node, int c, mp_nsec at, int code, bool is_oom)
{
	struct fake_queued *q;

	if (at == FAKE_NEVER)
		return;
	q = enqueue(node, at,
		    &(struct mp_event){
			    .type = MP_EV_EXITED,
			    .container = c,
			    .exited = { .code = code,
					.signal = code > 128 ? code - 128 : 0,
					.is_oom = is_oom,
					.message = "" },
		    });
	q->life = node->c[c].life;
}

void fake_exit(struct fake_node *node, int c, int code)
{
	exit_at(node, c, node->now, code, false);
}

static int64_t next_index(const struct fake_node *node)
{
	int64_t best = -1;

	for (size_t i = 0; i < node->n_queue; i++) {
		const struct fake_queued *q = &node->queue[i];
		const struct fake_queued *b = best < 0 ? NULL : &node->queue[best];

		if (b == NULL || q->at < b->at ||
		    (q->at == b->at && (node->is_reversed ? q->seq > b->seq : q->seq < b->seq)))
			best = (int64_t)i;
	}
	return best;
}

static void apply_due(struct fake_node *node)
{
	int64_t i;

	while ((i = next_index(node)) >= 0 && node->queue[i].at <= node->now) {
		struct fake_queued q = node->queue[i];

		node->queue[i] = node->queue[--node->n_queue];
		if (q.ev.type == MP_EV_EXITED) {
			struct fake_container *c = &node->c[q.ev.container];

			if (q.life != c->life || !c->is_alive)
				continue;
			c->is_alive = false;
		}
		if (q.ev.type == MP_EV_CREATED)
			q.ev.created.id = q.id[0] != 0 ? q.id : q.ev.created.id;
		mp_pod_apply(node->pod, &q.ev, now_of(node));
	}
}

/* ---- carrying out actions ------------------------------------------------------------------------- */

static struct mp_event answer(enum mp_event_type type, int container)
{
	return (struct mp_event){ .type = type, .container = container };
}

static bool is_good(const struct fake_node *node, const char *error)
{
	return error == NULL || node->now >= node->good_from;
}

static void do_pod(struct fake_node *node, const struct mp_action *a)
{
	struct mp_event ev = answer(MP_EV_POD_PREPARED, -1);

	if (a->type == MP_DO_SETUP_VOLUMES) {
		ev.type = is_good(node, node->volume_error) ? MP_EV_VOLUMES_READY :
							      MP_EV_VOLUME_FAILED;
		ev.volume.message = node->volume_error;
	} else if (a->type == MP_DO_CREATE_SANDBOX) {
		ev.type = is_good(node, node->sandbox_error) ? MP_EV_SANDBOX_READY :
							       MP_EV_SANDBOX_FAILED;
		ev.sandbox.ip = node->ip;
		ev.text.message = node->sandbox_error;
		node->is_sandbox_up = ev.type == MP_EV_SANDBOX_READY;
	} else if (a->type == MP_DO_STOP_SANDBOX) {
		ev.type = is_good(node, node->stop_error) ? MP_EV_SANDBOX_STOPPED :
							    MP_EV_SANDBOX_STOP_FAILED;
		ev.text.message = node->stop_error;
		node->is_sandbox_up = false;
	} else if (a->type == MP_DO_TEAR_DOWN) {
		ev.type = MP_EV_TORN_DOWN;
	} else if (!is_good(node, node->prepare_error)) {
		ev.type = MP_EV_POD_PREPARE_FAILED;
		ev.text.reason = "FailedCreatePodContainer";
		ev.text.message = node->prepare_error;
	}
	fake_post(node, &ev);
}

static void do_image(struct fake_node *node, const struct mp_action *a)
{
	static const struct fake_container all_is_there;
	const struct fake_container *c = &node->c[a->container];
	struct mp_event ev = answer(MP_EV_IMAGE_PRESENT, a->container);
	mp_nsec at = node->now;

	if (c->is_about_volume != (a->volume != NULL))
		c = &all_is_there;
	if (a->type == MP_DO_CHECK_IMAGE) {
		ev.type = c->is_absent ? MP_EV_IMAGE_ABSENT : MP_EV_IMAGE_PRESENT;
		if (c->image_answer == MP_EV_IMAGE_FAILED) {
			ev.type = MP_EV_IMAGE_FAILED;
			ev.text.reason = c->pull_reason;
			ev.text.message = c->pull_error;
		}
	} else {
		at = mp_nsec_add(at, c->pull_lasts);
		ev.type = MP_EV_IMAGE_PULLED;
		ev.image.took = c->pull_lasts;
		ev.image.took_waiting = c->pull_lasts;
		ev.image.bytes = 4096;
		if (c->pull_error != NULL && node->now < c->pull_good_from) {
			ev.type = MP_EV_IMAGE_FAILED;
			ev.text.reason = c->pull_reason;
			ev.text.message = c->pull_error;
		}
	}
	ev.image.resolved = a->volume ? "docker.io/library/v:1" : "docker.io/library/i:1";
	ev.image.id =
		a->volume ? "docker.io/library/v@sha256:5678" : "docker.io/library/i@sha256:1234";
	if (at != FAKE_NEVER)
		fake_post_at(node, at, &ev);
}

static void do_create(struct fake_node *node, const struct mp_action *a)
{
	struct fake_container *c = &node->c[a->container];
	struct mp_event ev = answer(MP_EV_CREATED, a->container);
	struct fake_queued *q;

	if (c->create_error != NULL && node->now < c->create_good_from) {
		ev.type = MP_EV_CREATE_FAILED;
		ev.text.reason = c->create_reason;
		ev.text.message = c->create_error;
		fake_post(node, &ev);
		return;
	}
	assert_true(node->is_sandbox_up);
	c->n_created++;
	(void)snprintf(c->id, sizeof(c->id), "%02d%030zu%032d", a->container, c->n_created, 7);
	q = enqueue(node, node->now, &ev);
	(void)snprintf(q->id, sizeof(q->id), "%s", c->id);
}

static void do_start(struct fake_node *node, const struct mp_action *a)
{
	struct fake_container *c = &node->c[a->container];
	struct mp_event ev = answer(MP_EV_STARTED, a->container);
	const struct fake_run *run;

	assert_false(mp_pod_is_terminating(node->pod) && !node->is_manual[MP_DO_START_CONTAINER]);
	if (c->start_error != NULL) {
		ev.type = MP_EV_START_FAILED;
		ev.text.message = c->start_error;
		fake_post(node, &ev);
		return;
	}
	assert_false(c->is_alive);
	c->is_alive = true;
	c->life++;
	c->n_term_of_life = 0;
	c->started_at = node->now;
	fake_post(node, &ev);
	if (c->n_runs > 0) {
		run = &c->runs[c->n_started < c->n_runs ? c->n_started : c->n_runs - 1];
		exit_at(node, a->container, mp_nsec_add(node->now, run->lasts), run->code,
			run->is_oom);
	}
	c->n_started++;
}

static void do_stop(struct fake_node *node, const struct mp_action *a)
{
	struct fake_container *c = &node->c[a->container];

	if (a->type == MP_DO_KILL) {
		c->n_kill++;
		if (!c->is_kill_deaf)
			exit_at(node, a->container, node->now, 137, false);
		return;
	}
	c->n_term++;
	assert_int_equal(c->n_term_of_life++, 0); /* the stop signal is sent once */
	if (!c->ignores_term)
		exit_at(node, a->container, mp_nsec_add(node->now, c->term_lasts),
			c->term_code < 0 ? 143 : c->term_code, false);
}

static void do_hook(struct fake_node *node, const struct mp_action *a)
{
	const struct fake_hook *hook = a->hook == MP_HOOK_POST_START ?
					       &node->c[a->container].post_start :
					       &node->c[a->container].pre_stop;
	struct mp_event ev = answer(MP_EV_HOOK_DONE, a->container);

	assert_true(node->c[a->container].is_alive);
	ev.hook.kind = a->hook;
	ev.hook.is_ok = hook->error == NULL;
	ev.hook.message = hook->error;
	ev.hook.did_http_fallback = hook->fallback != NULL;
	ev.hook.fallback_target = hook->fallback;
	if (hook->lasts != FAKE_NEVER)
		fake_post_at(node, node->now + hook->lasts, &ev);
}

static void do_probe(struct fake_node *node, const struct mp_action *a)
{
	const struct fake_container *c = &node->c[a->container];
	const struct fake_probe *probe = &c->probes[a->probe];
	const mp_nsec t = probe->is_since_start ? node->now - c->started_at : node->now;
	struct mp_event ev = answer(MP_EV_PROBE_DONE, a->container);

	assert_true(c->is_alive);
	ev.probe.kind = a->probe;
	ev.probe.output = probe->output == NULL ? "" : probe->output;
	if (t >= probe->good_from && (probe->good_until == 0 || t < probe->good_until))
		ev.probe.outcome = probe->good;
	else
		ev.probe.outcome = probe->bad == MP_PROBE_SUCCESS ? MP_PROBE_FAILURE : probe->bad;
	if (probe->lasts != FAKE_NEVER)
		fake_post_at(node, node->now + probe->lasts, &ev);
}

static void do_event(struct fake_node *node, const struct mp_k8s_event *e)
{
	struct fake_event_seen *seen = NULL;

	for (size_t i = 0; i < node->n_events && seen == NULL; i++) {
		if (node->events[i].slot == e->slot && node->events[i].first_wall == e->first_wall)
			seen = &node->events[i];
	}
	if (seen == NULL) {
		seen = &node->events[node->n_events++];
		assert_true(node->n_events <= FAKE_EVENTS);
		*seen = (struct fake_event_seen){ .at = node->now,
						  .is_warning = e->is_warning,
						  .container = e->container,
						  .slot = e->slot,
						  .first_wall = e->first_wall };
		assert_int_equal(e->count, 1);
	}
	assert_true(e->count > seen->count);
	seen->count = e->count;
	(void)snprintf(seen->reason, sizeof(seen->reason), "%s", e->reason);
	(void)snprintf(seen->message, sizeof(seen->message), "%s", e->message);
}

static void log_action(struct fake_node *node, const struct mp_action *a)
{
	struct fake_logged *l = &node->log[node->n_log++];

	assert_true(node->n_log <= FAKE_LOG);
	*l = (struct fake_logged){ .at = node->now, .type = a->type, .container = a->container };
	if (a->type == MP_DO_CREATE_SANDBOX)
		l->number = a->attempt;
	else if (a->type == MP_DO_CREATE_CONTAINER)
		l->number = a->restart_count;
	else if (a->type == MP_DO_SIGNAL)
		(void)snprintf(l->text, sizeof(l->text), "%s", a->signal_name);
	else if (a->type == MP_DO_REMOVE_RECORD)
		(void)snprintf(l->text, sizeof(l->text), "%s", a->record_id);
	else if (a->type == MP_DO_RUN_HOOK || a->type == MP_DO_ABANDON_HOOK)
		l->kind = (int)a->hook;
	else if (a->type == MP_DO_RUN_PROBE || a->type == MP_DO_ABANDON_PROBE)
		l->kind = (int)a->probe;
	if (a->type == MP_DO_REMOVE_RECORD)
		l->number = a->remove_logs;
}

static void do_action(struct fake_node *node, const struct mp_action *a)
{
	log_action(node, a);
	if (a->type == MP_DO_RECORD_EVENT) {
		do_event(node, &a->event);
		return;
	}
	if (a->type == MP_DO_PUBLISH_STATUS) {
		node->n_published++;
		return;
	}
	assert_false(node->is_finished);
	if (node->is_manual[a->type])
		return;
	switch (a->type) {
	case MP_DO_PREPARE_POD:
	case MP_DO_SETUP_VOLUMES:
	case MP_DO_CREATE_SANDBOX:
	case MP_DO_STOP_SANDBOX:
	case MP_DO_TEAR_DOWN:
		do_pod(node, a);
		break;
	case MP_DO_CHECK_IMAGE:
	case MP_DO_PULL_IMAGE:
		do_image(node, a);
		break;
	case MP_DO_CREATE_CONTAINER:
		do_create(node, a);
		break;
	case MP_DO_START_CONTAINER:
		do_start(node, a);
		break;
	case MP_DO_SIGNAL:
	case MP_DO_KILL:
		do_stop(node, a);
		break;
	case MP_DO_RUN_HOOK:
		do_hook(node, a);
		break;
	case MP_DO_RUN_PROBE:
		do_probe(node, a);
		break;
	case MP_DO_FINISH:
		node->is_finished = true;
		break;
	case MP_DO_REMOVE_RECORD:
	case MP_DO_ABANDON_HOOK:
	case MP_DO_ABANDON_PROBE:
	case MP_DO_RECORD_EVENT:
	case MP_DO_PUBLISH_STATUS:
		break;
	}
}

/* ---- what always holds ---------------------------------------------------------------------------- */

static bool is_final(enum mp_phase phase)
{
	return phase == MP_PHASE_SUCCEEDED || phase == MP_PHASE_FAILED;
}

static void check_always(struct fake_node *node)
{
	const struct mp_pod_status *s = mp_pod_status(node->pod);
	const struct mp_condition *ready = fake_condition(node, "Ready");
	const struct mp_condition *containers = fake_condition(node, "ContainersReady");
	int n_init_alive = 0;

	if (is_final(node->last_phase))
		assert_int_equal(s->phase, node->last_phase);
	node->last_phase = s->phase;
	for (size_t i = 0; i < mp_spec_n_containers(node->spec); i++) {
		const struct fake_container *c = &node->c[i];

		if (is_final(s->phase))
			assert_false(c->is_alive);
		if (c->is_alive && node->spec->containers[i].kind == MP_KIND_INIT)
			n_init_alive++;
		if (s->containers[i].is_present)
			assert_true(s->containers[i].restart_count >= node->last_restarts[i]);
		node->last_restarts[i] = s->containers[i].restart_count;
	}
	assert_true(n_init_alive <= 1);
	if (ready != NULL && ready->status == MP_COND_TRUE)
		assert_int_equal(containers->status, MP_COND_TRUE);
}

/* ---- time ---------------------------------------------------------------------------------------------- */

/* One turn; returns whether something is to be done at this very instant still. */
static bool turn(struct fake_node *node)
{
	struct mp_action actions[FAKE_ACTIONS];
	struct mp_plan plan = { .actions = actions,
				.size = node->plan_size != 0 ? node->plan_size : FAKE_ACTIONS };
	struct mp_plan again = { .actions = actions, .size = FAKE_ACTIONS };

	apply_due(node);
	mp_pod_plan(node->pod, now_of(node), &plan);
	node->n_turns++;
	for (size_t i = 0; i < plan.n; i++)
		do_action(node, &actions[i]);
	node->wake_at = plan.wake_at;
	check_always(node);
	if (plan.wake_at > node->now) { /* planning twice hands out nothing new */
		mp_pod_plan(node->pod, now_of(node), &again);
		assert_int_equal(again.n, 0);
		assert_true(again.wake_at == plan.wake_at);
	}
	return plan.wake_at <= node->now ||
	       (node->n_queue > 0 && node->queue[next_index(node)].at <= node->now);
}

void fake_run(struct fake_node *node, mp_nsec until)
{
	for (;;) {
		mp_nsec next;
		int64_t i;
		size_t guard = 0;

		while (turn(node))
			assert_true(++guard < 1000);
		i = next_index(node);
		next = i < 0 ? FAKE_NEVER : node->queue[i].at;
		next = mp_nsec_min(next, node->wake_at);
		if (next > until)
			break;
		node->now = next;
	}
	if (until != FAKE_NEVER)
		node->now = until;
}

void fake_run_to_end(struct fake_node *node, mp_nsec limit)
{
	while (!node->is_finished && node->now < limit) {
		const int64_t i = next_index(node);
		mp_nsec next;

		fake_run(node, node->now);
		next = next_index(node) < 0 ? FAKE_NEVER : node->queue[next_index(node)].at;
		next = mp_nsec_min(next, node->wake_at);
		(void)i;
		if (node->is_finished || next == FAKE_NEVER)
			break;
		node->now = next;
	}
	assert_true(node->is_finished);
	assert_true(mp_pod_is_finished(node->pod));
}

void fake_recover(struct fake_node *node)
{
	size_t kept = 0;

	/* Answers to the dead supervisor are lost; exits are not: they are told by recovery. */
	for (size_t i = 0; i < node->n_queue; i++) {
		if (node->queue[i].ev.type == MP_EV_EXITED && node->queue[i].at > node->now)
			node->queue[kept++] = node->queue[i];
	}
	node->n_queue = kept;
	for (size_t i = 0; i < mp_spec_n_containers(node->spec); i++) {
		struct mp_event ev = answer(MP_EV_RECOVERED_CONTAINER, (int)i);

		ev.recovered.is_running = node->c[i].is_alive;
		mp_pod_apply(node->pod, &ev, now_of(node));
	}
	mp_pod_apply(node->pod,
		     &(struct mp_event){
			     .type = MP_EV_RECOVERED,
			     .container = -1,
			     .sandbox = { .is_alive = node->is_sandbox_up, .ip = node->ip } },
		     now_of(node));
}

/* ---- looking --------------------------------------------------------------------------------------------- */

const struct mp_container_status *fake_status(const struct fake_node *node, int c)
{
	return &mp_pod_status(node->pod)->containers[c];
}

const struct mp_condition *fake_condition(const struct fake_node *node, const char *type)
{
	const struct mp_pod_status *s = mp_pod_status(node->pod);

	for (size_t i = 0; i < s->n_conditions; i++) {
		if (strcmp(s->conditions[i].type, type) == 0)
			return &s->conditions[i];
	}
	return NULL;
}

const struct fake_event_seen *fake_event(const struct fake_node *node, const char *reason,
					 const char *message)
{
	for (size_t i = 0; i < node->n_events; i++) {
		if (strcmp(node->events[i].reason, reason) == 0 &&
		    (message == NULL || strcmp(node->events[i].message, message) == 0))
			return &node->events[i];
	}
	return NULL;
}

int64_t fake_n_events(const struct fake_node *node, const char *reason)
{
	int64_t n = 0;

	for (size_t i = 0; i < node->n_events; i++) {
		if (strcmp(node->events[i].reason, reason) == 0)
			n += node->events[i].count;
	}
	return n;
}

size_t fake_n(const struct fake_node *node, enum mp_action_type type, int container)
{
	size_t n = 0;

	for (size_t i = 0; i < node->n_log; i++)
		n += node->log[i].type == type &&
		     (container == -2 || node->log[i].container == container);
	return n;
}

mp_nsec fake_when(const struct fake_node *node, enum mp_action_type type, int container, size_t nth)
{
	for (size_t i = 0; i < node->n_log; i++) {
		if (node->log[i].type == type &&
		    (container == -2 || node->log[i].container == container) && nth-- == 0)
			return node->log[i].at;
	}
	return FAKE_NEVER;
}

const char *fake_event_order(const struct fake_node *node, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < node->n_events && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", i > 0 ? " " : "",
					node->events[i].reason);
	return buf;
}
