/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_top.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/cli.h"
#include "runtime/pod_view.h"
#include "runtime/usage_sample.h"

#define INTERVAL_MAX  mp_seconds(3600)
#define INTERVAL_USED (500 * MP_NSEC_PER_MS)

const struct mp_option mp_top_options[] = {
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace", false },
	{ "containers", 0, NULL, "a row for each container", false },
	{ "interval", 0, "DURATION", "how long cpu use is measured (500ms); 0: not at all", false },
	{ "output", 'o', "FORMAT", "json or yaml", false },
	{ "no-headers", 0, NULL, "without the line of column names", false },
	{ NULL, 0, NULL, NULL, false },
};

/* A cgroup that is looked at twice. */
struct row {
	const struct mp_pod_view *pod;
	const char *container;    /* NULL: the pod as a whole */
	struct mp_cgroup *pod_cg; /* owned */
	struct mp_cgroup *own_cg; /* owned; NULL for the pod */
	struct mp_usage_sample use;
};

struct top {
	const struct mp_args *args;
	struct mp_arena *arena;
	struct mp_cgroup_host *host;
	struct row *rows; /* owned */
	size_t n;
	bool has_containers, has_namespaces;
};

/* ---- what is looked at -------------------------------------------------------------------------- */

static int add_row(struct top *top, const struct mp_pod_view *pod, const char *container,
		   const char *cgroup_name)
{
	const char *qos = mp_node_text(pod->status, "qosClass", NULL);
	struct row row = { .pod = pod, .container = container };
	char path[256];
	void *bigger;

	(void)snprintf(path, sizeof(path), "%spod%s",
		       mp_streq(qos, "Burstable")  ? "burstable/" :
		       mp_streq(qos, "BestEffort") ? "besteffort/" :
						     "",
		       pod->uid);
	if (mp_cgroup_adopt_pod(top->host, path, &row.pod_cg, NULL) < 0)
		return 0; /* it has ended */
	if (container &&
	    mp_cgroup_adopt_container(row.pod_cg, cgroup_name, &row.own_cg, NULL) < 0) {
		mp_cgroup_close(row.pod_cg);
		return 0;
	}
	bigger = reallocarray(top->rows, top->n + 1, sizeof(row));
	if (!bigger) {
		mp_cgroup_close(row.own_cg);
		mp_cgroup_close(row.pod_cg);
		return -ENOMEM;
	}
	top->rows = bigger;
	top->rows[top->n++] = row;
	return 0;
}

static int add_containers(struct top *top, const struct mp_pod_view *pod, const char *list_name)
{
	const struct mp_node *list = mp_node_in(pod->status, list_name, NULL);

	for (size_t i = 0; list && list->kind == MP_NODE_LIST && i < list->count; i++) {
		const struct mp_node *c = list->items[i];
		const struct mp_node *restarts = mp_node_in(c, "restartCount", NULL);
		const char *name = mp_node_text(c, "name", NULL);
		int64_t count = 0;
		char cgroup[512];
		int r;

		if (!mp_node_in(c, "state", "running", NULL))
			continue;
		(void)(restarts && mp_node_int64(restarts, &count));
		(void)snprintf(cgroup, sizeof(cgroup), "%s.%lld", name, (long long)count);
		r = add_row(top, pod, name, cgroup);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_pod(struct top *top, const struct mp_pod_view *pod)
{
	int r = 0;

	if (!pod->status || pod->has_ended)
		return 0;
	if (!top->has_containers)
		return add_row(top, pod, NULL, NULL);
	r = add_containers(top, pod, "initContainerStatuses");
	return r < 0 ? r : add_containers(top, pod, "containerStatuses");
}

static int find_rows(struct top *top, const struct mp_roots *roots, struct mp_error *err)
{
	const char *namespace_ = top->has_namespaces ? NULL : mp_cli_namespace(top->args);
	struct mp_pod_views views = { .n = 0 };
	const char *const *names = top->args->positional;
	size_t n = top->args->n_positional;
	int r = 0;

	/* "top pod web", as kubectl has it. */
	if (n > 0 && (mp_streq(names[0], "pod") || mp_streq(names[0], "pods"))) {
		names++;
		n--;
	}
	if (n == 0) {
		r = mp_pod_views_load(top->arena, roots, namespace_, &views, err);
	} else {
		views.items = mp_arena_alloc(top->arena, n, sizeof(*views.items));
		if (!views.items)
			return mp_fail(err, ENOMEM, "top");
		for (; views.n < n && r == 0; views.n++)
			r = mp_pod_view_load(top->arena, roots, mp_cli_namespace(top->args),
					     mp_cli_pod_name(names[views.n]), &views.items[views.n],
					     err);
	}
	for (size_t i = 0; i < views.n && r == 0; i++) {
		r = add_pod(top, &views.items[i]);
		if (r < 0)
			(void)mp_fail(err, -r, "top");
	}
	return r;
}

/* ---- looking -------------------------------------------------------------------------------------- */

static void read_all(struct top *top, bool is_second)
{
	for (size_t i = 0; i < top->n; i++) {
		const struct row *row = &top->rows[i];

		mp_usage_read(row->own_cg ? row->own_cg : row->pod_cg, &top->rows[i].use,
			      is_second);
	}
}

static void sample(struct top *top, mp_nsec interval)
{
	const mp_nsec began = mp_clock_read().mono;
	mp_nsec between = 0;

	if (interval > 0) {
		read_all(top, false);
		/* It is the time itself that is waited for. */
		(void)poll(NULL, 0, (int)(interval / MP_NSEC_PER_MS));
		between = mp_clock_read().mono - began;
	}
	for (size_t i = 0; i < top->n; i++)
		top->rows[i].use.between = between;
	read_all(top, true);
}

/* ---- showing -------------------------------------------------------------------------------------- */

static void print_table(const struct top *top)
{
	const size_t skip = (top->has_namespaces ? 1U : 0U) + (top->has_containers ? 1U : 0U) + 1;
	struct mp_table table = { .arena = top->arena, .n_columns = skip + MP_USAGE_CELLS };
	const char *cells[3 + MP_USAGE_CELLS];
	char texts[MP_USAGE_CELLS][MP_USAGE_CELL_MAX];
	size_t n = 0;

	if (top->has_namespaces)
		cells[n++] = "NAMESPACE";
	cells[n++] = top->has_containers ? "POD" : "NAME";
	if (top->has_containers)
		cells[n++] = "NAME";
	memcpy(cells + n, mp_usage_headings, sizeof(mp_usage_headings));
	if (!mp_args_has(top->args, "no-headers"))
		mp_table_row(&table, cells);
	for (size_t i = 0; i < top->n; i++) {
		const struct row *row = &top->rows[i];

		if (!row->use.has_second)
			continue; /* it ended meanwhile */
		n = 0;
		if (top->has_namespaces)
			cells[n++] = row->pod->namespace_;
		cells[n++] = row->pod->name;
		if (top->has_containers)
			cells[n++] = row->container;
		mp_usage_cells(&row->use, texts);
		for (size_t k = 0; k < MP_USAGE_CELLS; k++)
			cells[n++] = texts[k];
		mp_table_row(&table, cells);
	}
	mp_table_print(&table, stdout);
}

static void put_row(struct mp_json *w, const struct row *row, mp_nsec interval)
{
	mp_json_object_begin(w);
	if (row->container)
		mp_json_put_string(w, "container", row->container);
	mp_json_put_int(w, "intervalMilliseconds", interval / MP_NSEC_PER_MS);
	mp_json_put_string(w, "name", row->pod->name);
	mp_json_put_string(w, "namespace", row->pod->namespace_);
	mp_json_put_string(w, "uid", row->pod->uid);
	mp_usage_json(w, &row->use);
	mp_json_object_end(w);
}

static int print_objects(const struct top *top, const char *format, struct mp_error *err)
{
	struct mp_json w;
	int r = 0;

	mp_json_init(&w, mp_streq(format, "yaml") ? MP_JSON_YAML : MP_JSON_INDENTED);
	mp_json_object_begin(&w);
	mp_json_put_list(&w, "items");
	for (size_t i = 0; i < top->n; i++)
		if (top->rows[i].use.has_second)
			put_row(&w, &top->rows[i], top->rows[i].use.between);
	mp_json_list_end(&w);
	mp_json_object_end(&w);

	const char *text = mp_json_finish(&w, NULL, &r);

	(void)fputs(text ? text : "", stdout);
	mp_json_done(&w);
	return text ? 0 : mp_fail(err, -r, "top");
}

static int show(const struct top *top, struct mp_error *err)
{
	const char *format = mp_args_get(top->args, "output");

	if (format)
		return print_objects(top, format, err);
	if (top->n > 0)
		print_table(top);
	else if (top->has_namespaces)
		(void)fputs("No resources found\n", stderr);
	else
		(void)fprintf(stderr, "No resources found in %s namespace.\n",
			      mp_cli_namespace(top->args));
	return 0;
}

static int run(struct top *top, mp_nsec interval, struct mp_error *err)
{
	struct mp_cgroup_host_config config = {
		.root = mp_cli_option(top->args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL)
	};
	struct mp_roots roots;
	int r = mp_cli_roots(top->args, &roots, err);

	if (r == 0)
		r = mp_cgroup_host_open(&config, &top->host, err);
	if (r == 0)
		r = find_rows(top, &roots, err);
	if (r == 0) {
		sample(top, interval);
		r = show(top, err);
	}
	for (size_t i = 0; i < top->n; i++) {
		mp_cgroup_close(top->rows[i].own_cg);
		mp_cgroup_close(top->rows[i].pod_cg);
	}
	free(top->rows);
	mp_cgroup_host_close(top->host);
	return r;
}

int mp_cmd_top(const struct mp_args *args)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct top top = { .args = args,
			   .arena = &arena,
			   .has_containers = mp_args_has(args, "containers"),
			   .has_namespaces = mp_args_has(args, "all-namespaces") };
	const char *format = mp_args_get(args, "output");
	const char *text = mp_args_get(args, "interval");
	mp_nsec interval = INTERVAL_USED;
	int r = 0;

	if (format && !mp_streq(format, "json") && !mp_streq(format, "yaml"))
		r = mp_fail_text(&err, EINVAL, "top: -o takes json or yaml");
	if (r == 0 && text)
		r = mp_duration_parse("--interval", text, &interval, &err);
	if (r == 0 && (interval < 0 || interval > INTERVAL_MAX))
		r = mp_fail_text(&err, EINVAL, "--interval %s: from 0 to 1h", text);
	if (r == 0)
		r = run(&top, interval, &err);
	mp_arena_done(&arena);
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
