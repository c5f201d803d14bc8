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
#include "runtime/pod_files.h"
#include "runtime/pod_query.h"
#include "runtime/pod_watch.h"

const struct mp_option mp_wait_options[] = {
	{ "for", 0, "WHAT", "condition=TYPE[=STATUS], delete, create or jsonpath={PATH}[=VALUE]",
	  false },
	{ "timeout", 0, "DURATION", "wait no longer than that (30s); below 0: for ever", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace; with --all or -l", false },
	{ "selector", 'l', "SELECTOR", "for the pods with these labels", false },
	{ "field-selector", 0, "SELECTOR", "for the pods with these fields", false },
	{ "all", 0, NULL, "for every pod of the namespace", false },
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
	if (!text || !text[0])
		return mp_fail_text(err, EINVAL,
				    "--for is missing: --for=condition=Ready, --for=delete, "
				    "--for=jsonpath='{.status.phase}'=Succeeded");
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
	const int len = equals ? (int)(equals - rest) : (int)strlen(rest);

	if (len == 0)
		return mp_fail_text(err, EINVAL, "--for: '%s' names nothing to wait for", text);
	/* As kubectl: "status.phase" and ".status.phase" are "{.status.phase}". */
	if (ret->kind == JSONPATH && rest[0] != '{')
		(void)snprintf(ret->what, sizeof(ret->what), "{%s%.*s}", rest[0] == '.' ? "" : ".",
			       len, rest);
	else
		(void)snprintf(ret->what, sizeof(ret->what), "%.*s", len, rest);
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

/* The pods as they are now; those that come later are not waited for, as with kubectl. */
static int choose(const struct mp_args *args, const struct mp_roots *roots, const struct goal *goal,
		  struct mp_arena *arena, struct mp_pod_names *ret, struct mp_error *err)
{
	struct mp_pod_views views = { .n = 0 };
	struct mp_api_args what;
	struct mp_pod_query query;
	int r = mp_api_args_parse(args, false, 64, &what, err);

	if (r == 0 && what.kind != MP_API_POD)
		r = mp_fail_text(err, EINVAL, "only pods can be waited for");
	if (r == 0)
		r = mp_pod_query_parse(args, &what, arena, &query, err);
	if (r == 0 && what.n_names == 0 && !query.has_selector && !mp_args_has(args, "all"))
		r = mp_fail_text(err, EINVAL,
				 "no pod was named: minipod wait POD --for=..., or -l, or --all");
	if (r == 0 && what.n_names == 0)
		r = mp_pod_query_load(&query, roots, arena, &views, err);
	if (r < 0)
		return r;
	if (what.n_names == 0 && views.n == 0 && goal->kind != DELETE)
		return mp_fail_text(err, EINVAL, "no matching resources found");
	ret->n = what.n_names + views.n;
	ret->items = mp_arena_alloc(arena, ret->n, sizeof(*ret->items));
	if (!ret->items)
		return mp_fail(err, ENOMEM, "wait");
	for (size_t i = 0; i < what.n_names; i++)
		ret->items[i] = (struct mp_pod_ref){ mp_cli_namespace(args), what.names[i] };
	for (size_t i = 0; i < views.n; i++)
		ret->items[i] =
			(struct mp_pod_ref){ views.items[i].namespace_, views.items[i].name };
	return 0;
}

int mp_cmd_wait(const struct mp_args *args)
{
	const char *timeout = mp_cli_option(args, "timeout", NULL, "30s");
	struct mp_pod_names pods = { .n = 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	mp_nsec span = 0, deadline;
	struct mp_roots roots;
	struct goal goal;
	int code = 0;
	int r = mp_cli_roots(args, &roots, &err);

	if (r == 0)
		r = parse_goal(mp_args_get(args, "for"), &goal, &err);
	if (r == 0 && timeout[0] != '-')
		r = mp_duration_parse("--timeout", timeout, &span, &err);
	if (r == 0)
		r = choose(args, &roots, &goal, &arena, &pods, &err);
	deadline = timeout[0] == '-' ? MP_NSEC_NEVER : mp_nsec_add(mp_clock_read().mono, span);
	for (size_t i = 0; r == 0 && i < pods.n; i++) {
		const struct mp_pod_ref *pod = &pods.items[i];
		struct mp_error why = MP_ERROR_NONE;
		const int missed =
			wait_for(&goal, &roots, pod->namespace_, pod->name, deadline, &why);

		if (missed < 0)
			code = mp_cli_fail(missed, &why);
		else
			(void)printf("pod/%s condition met\n", pod->name);
		(void)fflush(stdout);
	}
	mp_arena_done(&arena);
	return r < 0 ? mp_cli_fail(r, &err) : code;
}
