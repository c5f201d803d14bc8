/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the control socket: one JSON object each, checked, then posted as an event. */
#include <errno.h>
#include <string.h>

#include "runtime/control_client.h"
#include "runtime/supervisor.h"

const char *mp_client_text(const struct mp_node *request, const char *key)
{
	const struct mp_node *node = mp_node_get(request, key);

	return node && node->kind == MP_NODE_STRING ? node->text : "";
}

const char *const *mp_client_words(const struct mp_node *request, const char *key,
				   struct mp_arena *arena)
{
	const struct mp_node *list = mp_node_get(request, key);
	const char **words;

	if (!list || list->kind != MP_NODE_LIST || list->count == 0)
		return NULL;
	words = mp_arena_alloc(arena, list->count + 1, sizeof(*words));
	for (size_t i = 0; words && i < list->count; i++) {
		if (list->items[i]->kind != MP_NODE_STRING)
			return NULL;
		words[i] = list->items[i]->text;
	}
	return words;
}

static void do_delete(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	const struct mp_node *grace = mp_node_get(request, "graceSeconds");
	const struct mp_node *force = mp_node_get(request, "force");
	const struct mp_node *wants = mp_node_get(request, "wantsObject");
	struct mp_event ev = { .type = MP_EV_DELETE, .container = -1 };

	(void)arena;
	if (grace && grace->kind != MP_NODE_NULL) {
		if (!mp_node_int64(grace, &ev.remove.grace_s.v) || ev.remove.grace_s.v < 0) {
			mp_client_refuse(c, EINVAL,
					 "graceSeconds: must be a whole number, 0 or more");
			return;
		}
		ev.remove.grace_s.is_set = true;
	}
	ev.remove.is_forced = force && force->kind == MP_NODE_BOOL && force->boolean;
	c->wants_object = wants && wants->kind == MP_NODE_BOOL && wants->boolean;
	mp_supervisor_post(c->control->sv, &ev);
	mp_client_ok(c);
}

static bool is_gate(const struct mp_pod_spec *spec, const char *type)
{
	for (size_t i = 0; i < spec->n_readiness_gates; i++)
		if (mp_streq(spec->readiness_gates[i], type))
			return true;
	return false;
}

static void do_condition(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	const char *type = mp_client_text(request, "type");
	const char *status = mp_client_text(request, "status");

	(void)arena;
	if (!is_gate(c->control->sv->spec, type)) {
		mp_client_refuse(c, EINVAL, "type: not one of the pod's readiness gates");
		return;
	}
	if (!mp_streq(status, "True") && !mp_streq(status, "False") &&
	    !mp_streq(status, "Unknown")) {
		mp_client_refuse(c, EINVAL, "status: must be True, False or Unknown");
		return;
	}
	mp_supervisor_post(
		c->control->sv,
		&(struct mp_event){ .type = MP_EV_CONDITION,
				    .container = -1,
				    .condition = { type, status, mp_client_text(request, "reason"),
						   mp_client_text(request, "message") } });
	mp_client_ok(c);
}

static void do_watch(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	(void)request;
	(void)arena;
	c->is_watching = true;
	c->has_news = true; /* the present status follows the answer */
	mp_client_ok(c);
}

static const struct {
	const char *name;
	void (*run)(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena);
} requests[] = {
	{ "delete", do_delete },
	{ "setCondition", do_condition },
	{ "exec", mp_client_exec_start },
	{ "attach", mp_client_attach_start },
	{ "debug", mp_client_debug },
	{ "endInput", mp_client_attach_end_input },
	{ "root", mp_client_root },
	{ "patch", mp_client_patch },
	{ "apply", mp_client_apply },
	{ "forget", mp_client_forget },
	{ "watch", do_watch },
};

void mp_client_request(struct mp_client *c, const char *text, size_t len)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_document doc;
	int64_t version = 0;

	if (mp_document_parse(&arena, "request", text, len, MP_DOCUMENT_JSON, &doc, &err) < 0) {
		mp_client_refuse(c, EINVAL, err.msg);
	} else if (!mp_node_int64(mp_node_get(doc.roots[0], "version"), &version) ||
		   version != MP_CONTROL_VERSION) {
		mp_client_refuse(c, EPROTO, "version: this supervisor speaks version 1");
	} else {
		const char *name = mp_client_text(doc.roots[0], "request");
		size_t i = 0;

		while (i < MP_ARRAY_SIZE(requests) && strcmp(requests[i].name, name) != 0)
			i++;
		if (c->attach && strcmp(name, "endInput") != 0)
			mp_client_refuse(c, EBUSY, "this connection waits for its container");
		else if (i < MP_ARRAY_SIZE(requests))
			requests[i].run(c, doc.roots[0], &arena);
		else
			mp_client_refuse(
				c, ENOSYS,
				"request: none of delete, setCondition, exec, attach, debug, root, patch, apply, forget, watch");
	}
	mp_arena_done(&arena);
}
