/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/conditions.h"

#include <string.h>

#include "lifecycle/record.h"
#include "runtime/base/str.h"

static const char *const own_types[] = {
	"PodReadyToStartContainers", "Initialized",  "Ready",
	"ContainersReady",           "PodScheduled", "AllContainersRestarting",
};

#define N_OWN (sizeof(own_types) / sizeof(own_types[0]))

const char *mp_truth_text(enum mp_truth truth)
{
	switch (truth) {
	case MP_COND_FALSE:
		return "False";
	case MP_COND_TRUE:
		return "True";
	case MP_COND_UNKNOWN:
		break;
	}
	return "Unknown";
}

bool mp_condition_is_own(const char *type)
{
	for (size_t i = 0; i < N_OWN; i++) {
		if (strcmp(own_types[i], type) == 0)
			return true;
	}
	return false;
}

const struct mp_condition *mp_condition_find(const struct mp_condition *list, size_t n,
					     const char *type)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].type, type) == 0)
			return &list[i];
	}
	return NULL;
}

bool mp_condition_equal(const struct mp_condition *a, const struct mp_condition *b)
{
	return a->status == b->status && a->transition_wall == b->transition_wall &&
	       strcmp(a->type, b->type) == 0 && strcmp(a->reason, b->reason) == 0 &&
	       strcmp(a->message, b->message) == 0;
}

/* A condition under construction; its transition time is settled at the end. */
static void begin(struct mp_condition *c, const char *type, enum mp_truth status,
		  const char *reason)
{
	memset(c, 0, sizeof(*c));
	MP_COPY(c->type, type);
	c->status = status;
	MP_COPY(c->reason, reason);
}

/* A Go list of container names with a title in front, when there are any: "<title>: [a b]". */
struct name_list {
	char text[MP_MESSAGE_MAX];
	struct mp_buf buf;
	bool is_open;
};

static void list_init(struct name_list *list)
{
	list->buf = MP_BUF(list->text);
	list->text[0] = '\0';
	list->is_open = false;
}

static void list_add(struct name_list *list, const char *name)
{
	mp_buf_adds(&list->buf, list->is_open ? " " : "[");
	mp_buf_adds(&list->buf, name);
	list->is_open = true;
}

static void join_lists(struct mp_condition *c, const char *title1, const struct name_list *list1,
		       const char *title2, const struct name_list *list2)
{
	struct mp_buf msg = MP_BUF(c->message);

	if (list1->is_open)
		mp_buf_addf(&msg, "%s: %s]", title1, list1->text);
	if (list1->is_open && list2->is_open)
		mp_buf_adds(&msg, ", ");
	if (list2->is_open)
		mp_buf_addf(&msg, "%s: %s]", title2, list2->text);
}

static bool has_any_status(const struct mp_conditions_seen *seen)
{
	for (size_t i = 0; i < mp_spec_n_containers(seen->spec); i++) {
		if (seen->statuses[i].is_present)
			return true;
	}
	return false;
}

static void initialized(const struct mp_conditions_seen *seen, struct mp_condition *c)
{
	const struct mp_pod_spec *spec = seen->spec;
	const struct mp_condition *before =
		mp_condition_find(seen->previous, seen->n_previous, "Initialized");
	struct name_list unknown, incomplete;
	bool has_main_begun = false;

	begin(c, "Initialized", MP_COND_TRUE, "");
	if (spec->n_init > 0 && !has_any_status(seen)) {
		begin(c, "Initialized", MP_COND_FALSE, "UnknownContainerStatuses");
		return;
	}
	list_init(&unknown);
	list_init(&incomplete);
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_container_spec *entry = &spec->containers[i];
		const struct mp_container_status *s = &seen->statuses[i];

		switch (entry->kind) {
		case MP_KIND_MAIN:
			has_main_begun = has_main_begun ||
					 (s->is_present && (s->state.kind == MP_STATE_RUNNING ||
							    s->state.kind == MP_STATE_TERMINATED));
			break;
		case MP_KIND_INIT:
		case MP_KIND_SIDECAR:
			if (!s->is_present)
				list_add(&unknown, entry->name);
			else if (entry->kind == MP_KIND_INIT ? !s->is_ready : !s->is_started)
				list_add(&incomplete, entry->name);
			break;
		}
	}
	if (seen->phase == MP_PHASE_SUCCEEDED && !unknown.is_open) {
		MP_COPY(c->reason, "PodCompleted");
		return;
	}
	if (has_main_begun || (!unknown.is_open && !incomplete.is_open) ||
	    (before != NULL && before->status == MP_COND_TRUE))
		return; /* once True it stays so */
	begin(c, "Initialized", MP_COND_FALSE, "ContainersNotInitialized");
	join_lists(c, "containers with unknown status", &unknown,
		   "containers with incomplete status", &incomplete);
}

static void containers_ready(const struct mp_conditions_seen *seen, struct mp_condition *c)
{
	const struct mp_pod_spec *spec = seen->spec;
	struct name_list unknown, unready;

	if (!has_any_status(seen)) {
		begin(c, "ContainersReady", MP_COND_FALSE, "UnknownContainerStatuses");
		return;
	}
	list_init(&unknown);
	list_init(&unready);
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_container_spec *entry = &spec->containers[i];

		if (entry->kind == MP_KIND_INIT)
			continue;
		if (!seen->statuses[i].is_present)
			list_add(&unknown, entry->name);
		else if (!seen->statuses[i].is_ready)
			list_add(&unready, entry->name);
	}
	begin(c, "ContainersReady", MP_COND_FALSE, "");
	if (seen->phase == MP_PHASE_SUCCEEDED && !unknown.is_open) {
		MP_COPY(c->reason, "PodCompleted");
	} else if (seen->phase == MP_PHASE_FAILED) {
		MP_COPY(c->reason, "PodFailed");
	} else if (unknown.is_open || unready.is_open) {
		MP_COPY(c->reason, "ContainersNotReady");
		join_lists(c, "containers with unknown status", &unknown,
			   "containers with unready status", &unready);
	} else {
		c->status = MP_COND_TRUE;
	}
}

static void ready(const struct mp_conditions_seen *seen, const struct mp_condition *all, size_t n,
		  const struct mp_condition *containers, struct mp_condition *c)
{
	struct mp_buf msg;

	*c = *containers;
	MP_COPY(c->type, "Ready");
	if (containers->status != MP_COND_TRUE)
		return;
	msg = MP_BUF(c->message);
	for (size_t i = 0; i < seen->spec->n_readiness_gates; i++) {
		const char *type = seen->spec->readiness_gates[i];
		const struct mp_condition *gate = mp_condition_find(all, n, type);

		if (gate != NULL && gate->status == MP_COND_TRUE)
			continue;
		if (msg.len > 0)
			mp_buf_adds(&msg, ", ");
		if (gate == NULL)
			mp_buf_addf(&msg,
				    "corresponding condition of pod readiness gate \"%s\" does not "
				    "exist.",
				    type);
		else
			mp_buf_addf(
				&msg,
				"the status of pod readiness gate \"%s\" is not \"True\", but %s",
				type, mp_truth_text(gate->status));
	}
	if (msg.len == 0)
		return;
	c->status = MP_COND_FALSE;
	MP_COPY(c->reason, "ReadinessGatesNotReady");
}

static void settle_times(const struct mp_conditions_seen *seen, struct mp_condition *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct mp_condition *before =
			mp_condition_find(seen->previous, seen->n_previous, out[i].type);

		if (before != NULL && before->status == out[i].status)
			out[i].transition_wall = before->transition_wall;
		else
			out[i].transition_wall = seen->wall;
	}
}

size_t mp_conditions_of(const struct mp_conditions_seen *seen,
			struct mp_condition out[MP_CONDITIONS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n_foreign && n < MP_CONDITIONS_MAX - N_OWN; i++)
		out[n++] = seen->foreign[i];

	if (!seen->is_rejected && seen->unschedulable == NULL) {
		begin(&out[n++], "PodReadyToStartContainers",
		      seen->is_sandbox_ready ? MP_COND_TRUE : MP_COND_FALSE, "");
		initialized(seen, &out[n++]);
		containers_ready(seen, &out[n + 1]);
		ready(seen, out, n, &out[n + 1], &out[n]);
		n += 2;
	}
	begin(&out[n], "PodScheduled", MP_COND_TRUE, "");
	if (seen->unschedulable != NULL) {
		begin(&out[n], "PodScheduled", MP_COND_FALSE, "Unschedulable");
		MP_COPY(out[n].message, seen->unschedulable);
	}
	n++;
	switch (seen->restart_all) {
	case MP_RESTART_ALL_NEVER:
		break;
	case MP_RESTART_ALL_RUNNING:
		begin(&out[n], "AllContainersRestarting", MP_COND_TRUE,
		      "RestartAllContainersStarted");
		MP_COPY(out[n].message, "container exited with restart policy rule");
		n++;
		break;
	case MP_RESTART_ALL_DONE:
		begin(&out[n++], "AllContainersRestarting", MP_COND_FALSE, "");
		break;
	}
	settle_times(seen, out, n);
	return n;
}
