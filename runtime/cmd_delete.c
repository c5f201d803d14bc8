/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_delete.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/pod_view.h"

const struct mp_option mp_delete_options_table[] = {
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "grace-period", 0, "SECONDS", "instead of the pod's own; 0 only with --force", false },
	{ "now", 0, NULL, "the same as --grace-period=1", false },
	{ "force", 0, NULL, "grace period 0, and do not wait", false },
	{ "wait", 0, "BOOL", "wait until the pod is gone (true)", false },
	{ "timeout", 0, "DURATION", "wait no longer than that", false },
	{ "all", 0, NULL, "every pod of the namespace", false },
	{ "ignore-not-found", 0, NULL, "a pod that is not there is no error", false },
	{ NULL, 0, NULL, NULL, false },
};

const struct mp_option mp_condition_options[] = {
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "reason", 0, "WORD", "why, as one word", false },
	{ "message", 0, "TEXT", "why, as a sentence", false },
	{ NULL, 0, NULL, NULL, false },
};

static int parse(const struct mp_args *args, struct mp_delete_options *o, struct mp_error *err)
{
	const char *wait = mp_args_get(args, "wait"), *timeout = mp_args_get(args, "timeout");
	long long grace = -1;
	mp_nsec span = 0;
	int r = mp_args_int(args, "grace-period", -1, 1 << 30, &grace, err);

	*o = (struct mp_delete_options){ .waits = !mp_streq(wait, "false"),
					 .deadline = MP_NSEC_NEVER };
	if (r == 0 && wait && !mp_streq(wait, "true") && !mp_streq(wait, "false"))
		r = mp_fail_text(err, EINVAL, "--wait: must be true or false");
	if (r == 0 && timeout)
		r = mp_duration_parse("--timeout", timeout, &span, err);
	if (r < 0)
		return r;
	if (span > 0)
		o->deadline = mp_nsec_add(mp_clock_read().mono, span);
	if (mp_args_has(args, "now")) {
		if (grace != -1)
			return mp_fail_text(
				err, EINVAL,
				"--now and --grace-period cannot be specified together");
		grace = 1;
	}
	if (mp_args_has(args, "force")) {
		if (grace > 0)
			return mp_fail_text(err, EINVAL,
					    "--force and --grace-period greater than 0 "
					    "cannot be specified together");
		(void)fputs("Warning: Immediate deletion does not wait for confirmation that the "
			    "running resource has been terminated.\n",
			    stderr);
		grace = 0;
		o->is_forced = true;
		o->waits = mp_streq(wait, "true");
	} else if (grace == 0) {
		grace = 1; /* as kubectl does without --force */
	}
	if (grace >= 0)
		o->grace_s = (struct mp_opt_int){ .v = grace, .is_set = true };
	return 0;
}

static int delete_one(const struct mp_args *args, const struct mp_roots *roots, const char *name,
		      const struct mp_delete_options *o)
{
	const char *namespace_ = mp_cli_namespace(args);
	struct mp_error err = MP_ERROR_NONE;
	struct mp_delete_options ask = *o;
	int r;

	/* As kubectl: it says so at once, then waits. */
	ask.waits = false;
	r = mp_client_delete(roots, namespace_, name, &ask, &err);
	if (r == -ENOENT && mp_args_has(args, "ignore-not-found"))
		return 0;
	if (r == 0) {
		(void)printf("pod \"%s\" %s from %s namespace\n", name,
			     o->is_forced ? "force deleted" : "deleted", namespace_);
		(void)fflush(stdout);
	}
	if (r == 0 && o->waits) {
		ask.waits = true;
		r = mp_client_delete(roots, namespace_, name, &ask, &err);
		r = r == -ENOENT ? 0 : r;
	}
	if (r == -ETIMEDOUT)
		(void)mp_fail_text(&err, ETIMEDOUT,
				   "timed out waiting for the condition on pods/%s", name);
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}

static int delete_all(const struct mp_args *args, const struct mp_roots *roots,
		      const struct mp_delete_options *o)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_pod_views views;
	int code = 0;
	int r = mp_pod_views_load(&arena, roots, mp_cli_namespace(args), &views, &err);

	if (r < 0)
		code = mp_cli_fail(r, &err);
	else if (views.n == 0)
		(void)puts("No resources found");
	for (size_t i = 0; r == 0 && i < views.n; i++) {
		/* All begin to end now; the last round below waits. */
		struct mp_delete_options ask = *o;

		ask.waits = false;
		code |= delete_one(args, roots, views.items[i].name, &ask);
	}
	for (size_t i = 0; r == 0 && o->waits && i < views.n; i++) {
		const int gone = mp_client_delete(roots, mp_cli_namespace(args),
						  views.items[i].name, o, &err);

		if (gone < 0 && gone != -ENOENT)
			code = mp_cli_fail(gone, &err);
	}
	mp_arena_done(&arena);
	return code;
}

int mp_cmd_delete(const struct mp_args *args)
{
	struct mp_delete_options options;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_roots roots;
	size_t first = 0;
	int code = 0;
	int r = parse(args, &options, &err);

	if (r == 0)
		r = mp_cli_roots(args, &roots, &err);
	if (args->n_positional > 0 &&
	    (mp_streq(args->positional[0], "pod") || mp_streq(args->positional[0], "pods") ||
	     mp_streq(args->positional[0], "po")))
		first = 1;
	if (r == 0 && first == args->n_positional && !mp_args_has(args, "all"))
		r = mp_fail_text(&err, EINVAL,
				 "resource(s) were provided, but no name was specified");
	if (r < 0)
		return mp_cli_fail(r, &err);
	if (mp_args_has(args, "all"))
		return delete_all(args, &roots, &options);
	for (size_t i = first; i < args->n_positional; i++)
		code |= delete_one(args, &roots, mp_cli_pod_name(args->positional[i]), &options);
	return code;
}

int mp_cmd_condition(const struct mp_args *args)
{
	const char *name = mp_cli_pod_name(args->positional[0]);
	const char *pair = args->positional[1], *equals = strchr(pair, '=');
	struct mp_message_reader reader = { .fd = -EBADF };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	const struct mp_node *reply;
	struct mp_roots roots;
	struct mp_json w;
	mp_auto_fd fd = -EBADF;
	int r = mp_cli_roots(args, &roots, &err);

	if (r == 0 && !equals)
		r = mp_fail_text(&err, EINVAL, "'%s' is not TYPE=STATUS", pair);
	if (r == 0)
		r = mp_client_connect(&roots, mp_cli_namespace(args), name, &fd, &err);
	if (r == 0) {
		mp_client_begin(&w, "setCondition");
		mp_json_put_string(&w, "type", mp_arena_dup(&arena, pair, (size_t)(equals - pair)));
		mp_json_put_string(&w, "status", equals + 1);
		mp_json_put_string(&w, "reason", mp_cli_option(args, "reason", NULL, ""));
		mp_json_put_string(&w, "message", mp_cli_option(args, "message", NULL, ""));
		r = mp_client_post(fd, &w, NULL, 0, &err);
	}
	reader.fd = fd;
	if (r == 0)
		r = mp_message_read(&reader, &arena,
				    mp_nsec_add(mp_clock_read().mono, mp_seconds(30)), &reply,
				    &err);
	if (r == 0)
		r = mp_client_check(reply, &err);
	mp_message_reader_done(&reader);
	mp_arena_done(&arena);
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
