/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_completion.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/cli.h"
#include "runtime/complete.h"
#include "runtime/pod_view.h"

static const struct mp_pod_view *find(const struct mp_pod_views *pods, const char *name)
{
	for (size_t i = 0; name && i < pods->n; i++)
		if (strcmp(pods->items[i].name, mp_cli_pod_name(name)) == 0)
			return &pods->items[i];
	return NULL;
}

static void say_containers(const struct mp_pod_view *pod, struct mp_complete_out *out)
{
	static const struct {
		const char *list, *what;
	} kinds[] = { { "containers", "container" },
		      { "initContainers", "init container" },
		      { "ephemeralContainers", "ephemeral container" } };

	for (size_t k = 0; k < MP_ARRAY_SIZE(kinds); k++) {
		const struct mp_node *list = mp_node_in(pod->object, "spec", kinds[k].list, NULL);

		for (size_t i = 0; list && list->kind == MP_NODE_LIST && i < list->count; i++)
			mp_complete_say(out, mp_node_text(list->items[i], "name", NULL),
					kinds[k].what);
	}
}

static void answer(void *ctx, const struct mp_complete_ask *ask, struct mp_complete_out *out)
{
	const struct mp_args *args = ctx;
	struct mp_arena arena = { 0 };
	const bool is_any = ask->kind == MP_COMPLETE_NAMESPACE;
	struct mp_pod_views pods = { 0 };
	const struct mp_pod_view *pod;
	struct mp_roots roots;

	/* Nothing is said when there is nothing to say: an error would end up amid the prompt. */
	if (mp_cli_roots(args, &roots, NULL) == 0)
		(void)mp_pod_views_load(&arena, &roots,
					is_any ? NULL :
						 (ask->namespace_ ? ask->namespace_ : "default"),
					&pods, NULL);
	switch (ask->kind) {
	case MP_COMPLETE_POD:
		for (size_t i = 0; i < pods.n; i++)
			mp_complete_say(out, pods.items[i].name,
					mp_node_text(pods.items[i].status, "phase", NULL));
		break;
	case MP_COMPLETE_CONTAINER:
		pod = find(&pods, ask->pod);
		if (pod)
			say_containers(pod, out);
		break;
	case MP_COMPLETE_NAMESPACE:
		for (size_t i = 0; i < pods.n; i++)
			if (i == 0 ||
			    strcmp(pods.items[i].namespace_, pods.items[i - 1].namespace_) != 0)
				mp_complete_say(out, pods.items[i].namespace_, "");
		break;
	}
	mp_arena_done(&arena);
}

int mp_cmd_complete(const struct mp_args *args)
{
	static const char *const nothing[] = { "" };
	const char *words[256];
	size_t n = 0;

	for (; n < args->n_command && n < MP_ARRAY_SIZE(words); n++)
		words[n] = args->command[n];
	mp_complete(n > 0 ? words : nothing, n > 0 ? n : 1, answer,
		    (void *)(uintptr_t)args, /* it is only read */
		    stdout);
	return 0;
}

int mp_cmd_completion(const struct mp_args *args)
{
	const char *shell = args->positional[0];
	const char *script = mp_complete_script(shell);
	struct mp_error err;

	if (!script)
		return mp_cli_fail(mp_fail_text(&err, EINVAL,
						"'%s' is no shell that minipod knows: bash, zsh or "
						"fish",
						shell),
				   &err);
	(void)fputs(script, stdout);
	return 0;
}
