/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_condition.h"

#include <errno.h>
#include <string.h>

#include "runtime/cli.h"
#include "runtime/client.h"

const struct mp_option mp_condition_options[] = {
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "reason", 0, "WORD", "why, as one word", false },
	{ "message", 0, "TEXT", "why, as a sentence", false },
	{ NULL, 0, NULL, NULL, false },
};

int mp_cmd_condition(const struct mp_args *args)
{
	const char *name = mp_cli_pod_name(args->positional[0]);
	const char *pair = args->positional[1], *equals = strchr(pair, '=');
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	struct mp_roots roots;
	struct mp_json w;
	int r = mp_cli_roots(args, &roots, &err);

	if (r == 0 && !equals)
		r = mp_fail_text(&err, EINVAL,
				 "'%s' is not TYPE=STATUS: write example.com/gate=True", pair);
	if (r == 0) {
		mp_client_begin(&w, "setCondition");
		mp_json_put_string(&w, "type", mp_arena_dup(&arena, pair, (size_t)(equals - pair)));
		mp_json_put_string(&w, "status", equals + 1);
		mp_json_put_string(&w, "reason", mp_cli_option(args, "reason", NULL, ""));
		mp_json_put_string(&w, "message", mp_cli_option(args, "message", NULL, ""));
		r = mp_client_call(&roots, mp_cli_namespace(args), name, &w, NULL, 0, &arena, NULL,
				   &err);
	}
	mp_arena_done(&arena);
	if (r < 0)
		return mp_cli_fail(r, &err);
	(void)printf("pod/%s condition %s\n", name, pair);
	return 0;
}
