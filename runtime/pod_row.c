/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pod_row.h"

#include <stdio.h>
#include <string.h>

#include "runtime/cli.h"

/* What is counted while walking over the containers. */
struct sums {
	int64_t restarts, sidecar_restarts, n_ready, n_all;
	int64_t last_restart, sidecar_last_restart; /* -1 = none */
	bool is_initializing;
};

static bool is_true(const struct mp_node *node)
{
	return node && node->kind == MP_NODE_BOOL && node->boolean;
}

static int64_t int_of(const struct mp_node *node)
{
	int64_t v = 0;

	(void)mp_node_int64(node, &v);
	return v;
}

static void latest(int64_t *at, const struct mp_node *status)
{
	const char *text = mp_node_text(status, "lastState", "terminated", "finishedAt", NULL);
	const int64_t wall = mp_time_parse(text, strlen(text));

	if (wall > *at)
		*at = wall;
}

static bool has_condition(const struct mp_node *status, const char *type)
{
	const struct mp_node *list = mp_node_get(status, "conditions");

	for (size_t i = 0; list && i < list->count; i++)
		if (mp_streq(mp_node_text(list->items[i], "type", NULL), type))
			return mp_streq(mp_node_text(list->items[i], "status", NULL), "True");
	return false;
}

static void say_terminated(const struct mp_node *t, const char *prefix, char *out, size_t size)
{
	const char *reason = mp_node_text(t, "reason", NULL);
	const int64_t signal = int_of(mp_node_get(t, "signal"));

	if (reason[0])
		(void)snprintf(out, size, "%s%s", prefix, reason);
	else if (signal != 0)
		(void)snprintf(out, size, "%sSignal:%lld", prefix, (long long)signal);
	else
		(void)snprintf(out, size, "%sExitCode:%lld", prefix,
			       (long long)int_of(mp_node_get(t, "exitCode")));
}

static const struct mp_node *status_of(const struct mp_node *list, const char *name)
{
	for (size_t i = 0; list && i < list->count; i++)
		if (mp_streq(mp_node_text(list->items[i], "name", NULL), name))
			return list->items[i];
	return NULL;
}

static void walk_init(const struct mp_pod_view *v, struct sums *s, char *out, size_t size)
{
	const struct mp_node *specs = mp_node_in(v->object, "spec", "initContainers", NULL);
	const struct mp_node *list = mp_node_get(v->status, "initContainerStatuses");
	bool is_decided = false;

	for (size_t i = 0; specs && i < specs->count; i++) {
		const bool is_sidecar =
			mp_streq(mp_node_text(specs->items[i], "restartPolicy", NULL), "Always");
		const struct mp_node *st =
			status_of(list, mp_node_text(specs->items[i], "name", NULL));
		const struct mp_node *ended = mp_node_in(st, "state", "terminated", NULL);
		const char *waits = mp_node_text(st, "state", "waiting", "reason", NULL);

		s->n_all += is_sidecar ? 1 : 0;
		if (!st)
			continue;
		s->restarts += int_of(mp_node_get(st, "restartCount"));
		latest(&s->last_restart, st);
		if (is_sidecar) {
			s->sidecar_restarts += int_of(mp_node_get(st, "restartCount"));
			latest(&s->sidecar_last_restart, st);
		}
		if (is_decided)
			continue;
		if (ended && int_of(mp_node_get(ended, "exitCode")) == 0)
			continue;
		if (is_sidecar && is_true(mp_node_get(st, "started"))) {
			s->n_ready += is_true(mp_node_get(st, "ready")) ? 1 : 0;
			continue;
		}
		if (ended)
			say_terminated(ended, "Init:", out, size);
		else if (waits[0] && !mp_streq(waits, "PodInitializing"))
			(void)snprintf(out, size, "Init:%s", waits);
		else
			(void)snprintf(out, size, "Init:%zu/%zu", i, specs->count);
		is_decided = true;
		s->is_initializing = true;
	}
}

static void walk_main(const struct mp_pod_view *v, struct sums *s, char *out, size_t size)
{
	const struct mp_node *list = mp_node_get(v->status, "containerStatuses");
	bool has_running = false;

	s->restarts = s->sidecar_restarts;
	s->last_restart = s->sidecar_last_restart;
	for (size_t i = list ? list->count : 0; i > 0; i--) {
		const struct mp_node *st = list->items[i - 1];
		const char *waits = mp_node_text(st, "state", "waiting", "reason", NULL);
		const struct mp_node *ended = mp_node_in(st, "state", "terminated", NULL);

		s->restarts += int_of(mp_node_get(st, "restartCount"));
		latest(&s->last_restart, st);
		if (waits[0]) {
			(void)snprintf(out, size, "%s", waits);
		} else if (ended) {
			say_terminated(ended, "", out, size);
		} else if (is_true(mp_node_get(st, "ready")) &&
			   mp_node_in(st, "state", "running", NULL)) {
			has_running = true;
			s->n_ready++;
		}
	}
	if (strcmp(out, "Completed") == 0 && has_running)
		(void)snprintf(out, size, "%s",
			       has_condition(v->status, "Ready") ? "Running" : "NotReady");
}

static void say_gates(const struct mp_pod_view *v, char out[32])
{
	const struct mp_node *gates = mp_node_in(v->object, "spec", "readinessGates", NULL);
	size_t n = 0;

	for (size_t i = 0; gates && i < gates->count; i++)
		n += has_condition(v->status,
				   mp_node_text(gates->items[i], "conditionType", NULL)) ?
			     1 :
			     0;
	if (gates && gates->count > 0)
		(void)snprintf(out, 32, "%zu/%zu", n, gates->count);
	else
		(void)snprintf(out, 32, "<none>");
}

void mp_pod_row(const struct mp_pod_view *v, int64_t wall, struct mp_pod_row *ret)
{
	const struct mp_node *mains = mp_node_in(v->object, "spec", "containers", NULL);
	const char *created = mp_node_text(v->object, "metadata", "creationTimestamp", NULL);
	const char *reason = mp_node_text(v->status, "reason", NULL);
	const char *phase = mp_node_text(v->status, "phase", NULL);
	const char *ip = mp_node_text(v->status, "podIP", NULL);
	const int64_t born = mp_time_parse(created, strlen(created));
	struct sums s = { .last_restart = -1, .sidecar_last_restart = -1 };
	char age[MP_TIME_TEXT_MAX];

	s.n_all = mains ? (int64_t)mains->count : 0;
	(void)snprintf(ret->status, sizeof(ret->status), "%s",
		       reason[0] ? reason :
		       phase[0]  ? phase :
				   "Pending");
	walk_init(v, &s, ret->status, sizeof(ret->status));
	if (!s.is_initializing || has_condition(v->status, "Initialized"))
		walk_main(v, &s, ret->status, sizeof(ret->status));
	if (!v->is_supervised && !v->has_ended)
		(void)snprintf(ret->status, sizeof(ret->status), "Unknown");
	else if (v->is_deleting && !v->has_ended)
		(void)snprintf(ret->status, sizeof(ret->status), "Terminating");
	(void)snprintf(ret->ready, sizeof(ret->ready), "%lld/%lld", (long long)s.n_ready,
		       (long long)s.n_all);
	if (s.last_restart >= 0 && s.restarts > 0)
		(void)snprintf(ret->restarts, sizeof(ret->restarts), "%lld (%s ago)",
			       (long long)s.restarts, mp_human_age(wall - s.last_restart, age));
	else
		(void)snprintf(ret->restarts, sizeof(ret->restarts), "%lld", (long long)s.restarts);
	(void)snprintf(ret->age, sizeof(ret->age), "%s",
		       born < 0 ? "<unknown>" : mp_human_age(wall - born, age));
	(void)snprintf(ret->ip, sizeof(ret->ip), "%s", ip[0] ? ip : "<none>");
	say_gates(v, ret->gates);
}
