/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/cli.h"
#include "runtime/jsonpath.h"
#include "runtime/pod_view.h"
#include "runtime/pod_watch.h"

const struct mp_option mp_wait_options[] = {
	{ "for", 0, "WHAT", "condition=TYPE[=STATUS], delete, create or jsonpath={PATH}[=VALUE]",
	  false },
	{ "timeout", 0, "DURATION", "wait no longer than that (30s); below 0: for ever", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

enum kind { CONDITION, DELETE, CREATE, JSONPATH };

struct goal {
	enum kind kind;
	char what[512];    /* condition type or template */
	const char *value; /* NULL: jsonpath: any */
};

static int parse_goal(const char *text, struct goal *ret, struct mp_error *err)
{
	const char *rest = text ? strchr(text, '=') : NULL, *equals;

	ret->value = NULL;
	if (mp_streq(text, "delete") || mp_streq(text, "create")) {
		ret->kind = text[0] == 'd' ? DELETE : CREATE;
		return 0;
	}
	if (!rest)
		return mp_fail_text(err, EINVAL,
				    "--for: '%s' is none of condition=TYPE, delete, "
				    "create, jsonpath={PATH}=VALUE",
				    text ? text : "");
	rest++;
	if (mp_starts_with(text, "condition=")) {
		ret->kind = CONDITION;
		equals = strchr(rest, '=');
		ret->value = equals ? equals + 1 : "True";
	} else if (mp_starts_with(text, "jsonpath=")) {
		const char *brace = strrchr(rest, '}');

		ret->kind = JSONPATH;
		equals = strchr(brace ? brace : rest, '=');
		ret->value = equals ? equals + 1 : NULL;
	} else {
		return mp_fail_text(err, EINVAL, "unrecognized condition: \"%s\"", text);
	}
	(void)snprintf(ret->what, sizeof(ret->what), "%.*s",
		       equals ? (int)(equals - rest) : (int)strlen(rest), rest);
	if (ret->value && ret->value[0] == '\0')
		return mp_fail_text(err, EINVAL, "--for: '%s' has no value", text);
	return 0;
}

static bool has_condition(const struct mp_node *status, const struct goal *goal)
{
	const struct mp_node *list = mp_node_get(status, "conditions");

	for (size_t i = 0; list && i < list->count; i++)
		if (strcasecmp(mp_node_text(list->items[i], "type", NULL), goal->what) == 0)
			return strcasecmp(mp_node_text(list->items[i], "status", NULL),
					  goal->value) == 0;
	return false;
}

/* 0 with the answer, or -errno. */
static int is_reached(const struct goal *goal, const struct mp_roots *roots, const char *namespace_,
		      const char *name, bool *ret, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	struct mp_pod_view view;
	char text[1024];
	int r = mp_pod_view_load(&arena, roots, namespace_, name, &view, err);

	*ret = false;
	if (r == -ENOENT && (goal->kind == DELETE || goal->kind == CREATE)) {
		*ret = goal->kind == DELETE;
		r = 0;
	} else if (r == 0) {
		switch (goal->kind) {
		case CONDITION:
			*ret = has_condition(view.status, goal);
			break;
		case DELETE:
			break;
		case CREATE:
			*ret = true;
			break;
		case JSONPATH:
			r = mp_jsonpath_text(goal->what, view.object, text, sizeof(text), err);
			*ret = r == 0 && (goal->value ? strcmp(text, goal->value) == 0 : text[0]);
			break;
		}
	}
	mp_arena_done(&arena);
	return r;
}

static int wait_for(const struct goal *goal, const struct mp_roots *roots, const char *namespace_,
		    const char *name, mp_nsec deadline, struct mp_error *err)
{
	struct mp_pod_watch watch;
	bool is_done = false;
	int r = mp_pod_watch_open(&watch, roots, false, err);

	while (r == 0) {
		r = mp_pod_watch_arm(&watch, err);
		if (r == 0)
			r = is_reached(goal, roots, namespace_, name, &is_done, err);
		if (r < 0 || is_done)
			break;
		r = mp_pod_watch_wait(&watch, deadline, err);
	}
	mp_pod_watch_close(&watch);
	if (r == -ETIMEDOUT)
		return mp_fail_text(err, ETIMEDOUT,
				    "timed out waiting for the condition on pods/%s", name);
	return r;
}

int mp_cmd_wait(const struct mp_args *args)
{
	const char *timeout = mp_cli_option(args, "timeout", NULL, "30s");
	struct mp_error err = MP_ERROR_NONE;
	mp_nsec span = 0, deadline;
	struct mp_roots roots;
	struct goal goal;
	size_t first = 0;
	int code = 0;
	int r = mp_cli_roots(args, &roots, &err);

	if (r == 0)
		r = parse_goal(mp_args_get(args, "for"), &goal, &err);
	if (r == 0 && timeout[0] != '-')
		r = mp_duration_parse("--timeout", timeout, &span, &err);
	if (mp_streq(args->positional[0], "pod") || mp_streq(args->positional[0], "pods"))
		first = 1;
	if (r == 0 && first == args->n_positional)
		r = mp_fail_text(&err, EINVAL, "no pod was named: minipod wait POD --for=...");
	if (r < 0)
		return mp_cli_fail(r, &err);
	deadline = timeout[0] == '-' ? MP_NSEC_NEVER : mp_nsec_add(mp_clock_read().mono, span);
	for (size_t i = first; i < args->n_positional; i++) {
		const char *name = mp_cli_pod_name(args->positional[i]);

		r = wait_for(&goal, &roots, mp_cli_namespace(args), name, deadline, &err);
		if (r < 0)
			code = mp_cli_fail(r, &err);
		else
			(void)printf("pod/%s condition met\n", name);
	}
	return code;
}
