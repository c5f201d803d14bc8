/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_delete.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/object_delete.h"
#include "runtime/pod_files.h"
#include "runtime/pod_query.h"

const struct mp_option mp_delete_options_table[] = {
	{ "filename", 'f', "FILE", "the pods of a manifest; may be given again; - is stdin",
	  false },
	{ "selector", 'l', "SELECTOR", "the pods with these labels", false },
	{ "field-selector", 0, "SELECTOR", "the pods with these fields", false },
	{ "all", 0, NULL, "every pod of the namespace", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace; with --all or a selector", false },
	{ "grace-period", 0, "SECONDS", "instead of the pod's own; 0 only with --force", false },
	{ "now", 0, NULL, "the same as --grace-period=1", false },
	{ "force", 0, NULL, "grace period 0, the name is free at once; does not wait", false },
	{ "wait", 0, "BOOL", "wait until the pod is gone (true)", false },
	{ "timeout", 0, "DURATION", "wait no longer than that", false },
	{ "output", 'o', "FORMAT", "name; or json, yaml: the pod as it ended", false },
	{ "ignore-not-found", 0, NULL, "a pod that is not there is no error", false },
	{ NULL, 0, NULL, NULL, false },
};

struct run {
	const struct mp_args *args;
	struct mp_roots roots;
	struct mp_delete_options options;
	bool waits;
	mp_nsec deadline;
	const char *output; /* NULL: sentences */
	struct mp_arena arena;
	enum mp_api_kind kind;
	struct mp_pod_names pods;      /* or objects of another kind */
	struct mp_deletion *deletions; /* owned; one for each pod */
	int code;
};

static int parse_waiting(struct run *d, struct mp_error *err)
{
	const char *wait = mp_args_get(d->args, "wait"), *timeout = mp_args_get(d->args, "timeout");
	mp_nsec span = 0;
	int r = 0;

	if (wait && !mp_streq(wait, "true") && !mp_streq(wait, "false"))
		return mp_fail_text(err, EINVAL, "--wait: must be true or false");
	d->waits = !mp_streq(wait, "false");
	if (mp_args_has(d->args, "force"))
		d->waits = mp_streq(wait, "true");
	if (d->options.wants_object) {
		if (mp_streq(wait, "false"))
			return mp_fail_text(err, EINVAL,
					    "-o %s shows the pod as it ended: it goes with waiting",
					    d->output);
		d->waits = true;
	}
	d->deadline = MP_NSEC_NEVER;
	if (timeout)
		r = mp_duration_parse("--timeout", timeout, &span, err);
	if (r == 0 && span > 0)
		d->deadline = mp_nsec_add(mp_clock_read().mono, span);
	return r;
}

static int parse_grace(struct run *d, struct mp_error *err)
{
	long long grace = -1;
	int r = mp_args_int(d->args, "grace-period", -1, 1 << 30, &grace, err);

	if (r < 0)
		return r;
	if (mp_args_has(d->args, "now")) {
		if (grace != -1)
			return mp_fail_text(
				err, EINVAL,
				"--now and --grace-period cannot be specified together");
		grace = 1;
	}
	if (mp_args_has(d->args, "force")) {
		if (grace > 0)
			return mp_fail_text(err, EINVAL,
					    "--force and --grace-period greater than 0 "
					    "cannot be specified together");
		(void)fputs("Warning: Immediate deletion does not wait for confirmation that the "
			    "running resource has been terminated.\n",
			    stderr);
		grace = 0;
		d->options.is_forced = true;
	} else if (grace == 0) {
		grace = 1; /* as kubectl does without --force */
	}
	if (grace >= 0)
		d->options.grace_s = (struct mp_opt_int){ .v = grace, .is_set = true };
	return 0;
}

static int take_views(struct run *d, const struct mp_pod_query *query, struct mp_error *err)
{
	struct mp_pod_views views;
	int r = mp_pod_query_load(query, &d->roots, &d->arena, &views, err);

	if (r < 0)
		return r;
	d->pods.items = mp_arena_alloc(&d->arena, views.n, sizeof(*d->pods.items));
	for (size_t i = 0; d->pods.items && i < views.n; i++)
		d->pods.items[d->pods.n++] =
			(struct mp_pod_ref){ views.items[i].namespace_, views.items[i].name };
	if (views.n == 0)
		(void)fputs("No resources found\n", stderr);
	return 0;
}

static int take_names(struct run *d, const struct mp_api_args *what, struct mp_error *err)
{
	d->pods.items = mp_arena_alloc(&d->arena, what->n_names, sizeof(*d->pods.items));
	if (!d->pods.items)
		return mp_fail(err, ENOMEM, "delete");
	for (size_t i = 0; i < what->n_names; i++)
		d->pods.items[d->pods.n++] =
			(struct mp_pod_ref){ mp_cli_namespace(d->args), what->names[i] };
	return 0;
}

static int take_files(struct run *d, struct mp_error *err)
{
	int r = mp_pod_files_read(d->args, &d->arena, &d->pods, err);

	for (size_t i = 0; r == 0 && i < d->pods.n; i++)
		if (!d->pods.items[i].namespace_[0])
			d->pods.items[i].namespace_ = mp_cli_namespace(d->args);
	return r;
}

static int choose_objects(struct run *d, const struct mp_api_args *what, struct mp_error *err)
{
	static const char *const others[] = { "filename", "selector", "field-selector", "all",
					      "all-namespaces" };
	const char *word = mp_api_word(what->kind);

	if (what->kind == MP_API_EVENT)
		return mp_fail_text(err, EINVAL,
				    "an event cannot be deleted: it goes with its pod");
	for (size_t i = 0; i < MP_ARRAY_SIZE(others); i++)
		if (mp_args_has(d->args, others[i]))
			return mp_fail_text(err, EINVAL, "--%s does not go with %ss: name them",
					    others[i], word);
	if (d->options.wants_object)
		return mp_fail_text(err, EINVAL, "delete: -o takes name for %ss, not '%s'", word,
				    d->output);
	if (what->n_names == 0)
		return mp_fail_text(err, EINVAL,
				    "resource(s) were provided, but no name was specified");
	return take_names(d, what, err);
}

static int choose(struct run *d, struct mp_error *err)
{
	const bool is_all = mp_args_has(d->args, "all");
	struct mp_api_args what;
	struct mp_pod_query query;
	int r = mp_api_args_parse(d->args, false, 64, &what, err);

	if (r < 0)
		return r;
	d->kind = what.kind;
	if (what.kind != MP_API_POD)
		return choose_objects(d, &what, err);
	if (mp_args_has(d->args, "filename")) {
		if (what.n_names > 0 || is_all || mp_args_has(d->args, "selector"))
			return mp_fail_text(err, EINVAL,
					    "names, --all and selectors do not go with -f");
		return take_files(d, err);
	}
	r = mp_pod_query_parse(d->args, &what, &d->arena, &query, err);
	if (r < 0)
		return r;
	if (is_all && query.has_selector && mp_args_has(d->args, "selector"))
		return mp_fail_text(err, EINVAL,
				    "setting 'all' parameter but found a non empty selector");
	if (is_all && what.n_names > 0)
		return mp_fail_text(err, EINVAL, "names do not go with --all");
	if (is_all || query.has_selector)
		return take_views(d, &query, err);
	if (what.n_names == 0)
		return mp_fail_text(err, EINVAL,
				    "resource(s) were provided, but no name was specified: name "
				    "pods, or use -l, --all or -f");
	return take_names(d, &what, err);
}

static void say_deleted(const struct run *d, const struct mp_pod_ref *pod)
{
	if (d->options.wants_object)
		return;
	if (d->output)
		(void)printf("%s/%s\n", mp_api_word(d->kind), pod->name);
	else
		(void)printf("%s \"%s\" %s from %s namespace\n", mp_api_word(d->kind), pod->name,
			     d->options.is_forced ? "force deleted" : "deleted", pod->namespace_);
	(void)fflush(stdout);
}

/* As kubectl: all begin to end, then all are waited for. */
static void begin_all(struct run *d)
{
	for (size_t i = 0; i < d->pods.n; i++) {
		const struct mp_pod_ref *pod = &d->pods.items[i];
		struct mp_error err = MP_ERROR_NONE;
		const int r = mp_deletion_begin(&d->roots, pod->namespace_, pod->name, &d->options,
						&d->deletions[i], &err);

		if (r == 0)
			say_deleted(d, pod);
		else if (r != -ENOENT || !mp_args_has(d->args, "ignore-not-found"))
			d->code = mp_cli_fail(r, &err);
		if (r < 0)
			mp_deletion_done(&d->deletions[i]);
	}
}

static void delete_objects(struct run *d)
{
	for (size_t i = 0; i < d->pods.n; i++) {
		const struct mp_pod_ref *o = &d->pods.items[i];
		struct mp_error err = MP_ERROR_NONE;
		const int r = mp_object_delete(&d->roots, d->kind, o->namespace_, o->name, &err);

		if (r == 0)
			say_deleted(d, o);
		else if (r != -ENOENT || !mp_args_has(d->args, "ignore-not-found"))
			d->code = mp_cli_fail(r, &err);
	}
}

static void wait_all(struct run *d)
{
	for (size_t i = 0; i < d->pods.n; i++) {
		struct mp_error err = MP_ERROR_NONE;
		const int r = mp_deletion_wait(&d->deletions[i], d->deadline, &err);

		if (r == -ETIMEDOUT)
			(void)mp_fail_text(&err, ETIMEDOUT,
					   "timed out waiting for the condition on pods/%s",
					   d->pods.items[i].name);
		if (r < 0)
			d->code = mp_cli_fail(r, &err);
	}
}

/* The pod as it ended; several in a List. */
static int print_objects(const struct run *d, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	const struct mp_node **nodes =
		mp_arena_alloc(&arena, d->pods.n + 1, sizeof(struct mp_node *));
	const struct mp_node *object = NULL;
	struct mp_json w;
	size_t n = 0;
	int r = nodes ? 0 : mp_fail(err, ENOMEM, "delete");

	for (size_t i = 0; r == 0 && i < d->pods.n; i++)
		if (d->deletions[i].object)
			nodes[n++] = d->deletions[i].object;
	if (r == 0 && n > 0)
		object = d->pods.n == 1 ? nodes[0] : mp_node_of_list(&arena, nodes, n);
	if (object) {
		const char *text;

		mp_json_init(&w, mp_streq(d->output, "yaml") ? MP_JSON_YAML : MP_JSON_INDENTED);
		mp_json_node(&w, object);
		text = mp_json_finish(&w, NULL, &r);
		if (text)
			(void)fputs(text, stdout);
		else
			r = mp_fail(err, -r, "delete");
		mp_json_done(&w);
	}
	mp_arena_done(&arena);
	return r;
}

static int parse(struct run *d, struct mp_error *err)
{
	const char *output = mp_args_get(d->args, "output");
	int r = mp_cli_roots(d->args, &d->roots, err);

	if (r == 0 && output && !mp_streq(output, "name") && !mp_streq(output, "json") &&
	    !mp_streq(output, "yaml"))
		r = mp_fail_text(err, EINVAL, "delete: -o takes name, json or yaml, not '%s'",
				 output);
	d->output = output;
	d->options.wants_object = output && !mp_streq(output, "name");
	d->options.cgroup_root = mp_cli_option(d->args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL);
	if (r == 0)
		r = parse_grace(d, err);
	if (r == 0)
		r = parse_waiting(d, err);
	return r;
}

int mp_cmd_delete(const struct mp_args *args)
{
	struct run d = { .args = args };
	struct mp_error err = MP_ERROR_NONE;
	int r = parse(&d, &err);

	if (r == 0)
		r = choose(&d, &err);
	if (r == 0 && d.kind != MP_API_POD) {
		delete_objects(&d);
	} else if (r == 0) {
		d.deletions = calloc(d.pods.n + 1, sizeof(*d.deletions));
		for (size_t i = 0; d.deletions && i < d.pods.n; i++)
			d.deletions[i].reader.fd = -EBADF;
		r = d.deletions ? 0 : mp_fail(&err, ENOMEM, "delete");
	}
	if (r == 0 && d.deletions) {
		begin_all(&d);
		if (d.waits)
			wait_all(&d);
		if (d.options.wants_object)
			r = print_objects(&d, &err);
	}
	for (size_t i = 0; d.deletions && i < d.pods.n; i++)
		mp_deletion_done(&d.deletions[i]);
	free(d.deletions);
	mp_arena_done(&d.arena);
	return r < 0 ? mp_cli_fail(r, &err) : d.code;
}
