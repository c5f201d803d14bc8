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
#include "runtime/orphan.h"
#include "runtime/pod_query.h"
#include "runtime/usage_sample.h"

#define INTERVAL_MAX  mp_seconds(3600)
#define INTERVAL_USED (500 * MP_NSEC_PER_MS)

const struct mp_option mp_top_options[] = {
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace", false },
	{ "selector", 'l', "SELECTOR", "only pods with these labels", false },
	{ "field-selector", 0, "SELECTOR", "only pods with these fields", false },
	{ "containers", 0, NULL, "a row for each container", false },
	{ "sort-by", 0, "WHAT", "cpu or memory: whoever uses most comes first", false },
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

/* The cgroups below one root: each pod was started with its own. */
struct tree {
	const char *root;            /* arena; NULL: the default */
	struct mp_cgroup_host *host; /* owned */
	struct tree *next;
};

struct top {
	const struct mp_args *args;
	struct mp_arena *arena;
	struct mp_roots roots;
	const char *cgroup_root; /* of a pod whose journal does not tell */
	struct tree *trees;      /* arena */
	struct row *rows;        /* owned */
	size_t n;
	bool has_containers, has_namespaces;
};

/* ---- what is looked at -------------------------------------------------------------------------- */

static int find_tree(struct top *top, const struct mp_pod_view *pod, struct mp_cgroup_host **ret,
		     struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	struct mp_cgroup_host_config config = { .root = top->cgroup_root };
	struct tree *tree = top->trees;
	int r = mp_state_dir_open(&top->roots, pod->dir_name, NULL, &dir, NULL);

	if (r == 0)
		config.root = mp_orphan_root(dir.run_fd, top->cgroup_root, top->arena);
	mp_state_dir_close(&dir);
	while (tree && !mp_streq(tree->root, config.root))
		tree = tree->next;
	if (!tree) {
		tree = mp_arena_alloc(top->arena, 1, sizeof(*tree));
		if (!tree)
			return mp_fail(err, ENOMEM, "top");
		*tree = (struct tree){ .root = config.root, .next = top->trees };
		r = mp_cgroup_host_open(&config, &tree->host, err);
		if (r < 0)
			return r;
		top->trees = tree;
	}
	*ret = tree->host;
	return 0;
}

static int add_row(struct top *top, const struct mp_pod_view *pod, struct mp_cgroup_host *host,
		   const char *container, const char *cgroup_name)
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
	if (mp_cgroup_adopt_pod(host, path, &row.pod_cg, NULL) < 0)
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

static int add_containers(struct top *top, const struct mp_pod_view *pod,
			  struct mp_cgroup_host *host, const char *list_name)
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
		r = add_row(top, pod, host, name, cgroup);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_pod(struct top *top, const struct mp_pod_view *pod, struct mp_error *err)
{
	static const char *const lists[] = { "initContainerStatuses", "containerStatuses",
					     "ephemeralContainerStatuses" };
	struct mp_cgroup_host *host = NULL;
	int r;

	if (!pod->status || pod->has_ended)
		return 0;
	r = find_tree(top, pod, &host, err);
	if (r < 0)
		return r;
	if (!top->has_containers)
		r = add_row(top, pod, host, NULL, NULL);
	for (size_t i = 0; top->has_containers && i < MP_ARRAY_SIZE(lists) && r == 0; i++)
		r = add_containers(top, pod, host, lists[i]);
	return r < 0 ? mp_fail(err, -r, "top") : 0;
}

static int find_rows(struct top *top, struct mp_error *err)
{
	const struct mp_args *args = top->args;
	struct mp_api_args what = { .kind = MP_API_POD };
	struct mp_pod_views views;
	struct mp_pod_query query;
	int r = 0;

	/* "top pod web", as kubectl has it; "top web" is ours. */
	for (size_t i = 0; i < args->n_positional; i++)
		if (i > 0 || (!mp_streq(args->positional[i], "pod") &&
			      !mp_streq(args->positional[i], "pods") &&
			      !mp_streq(args->positional[i], "po")))
			what.names[what.n_names++] = mp_cli_pod_name(args->positional[i]);
	r = mp_pod_query_parse(args, &what, top->arena, &query, err);
	if (r == 0)
		r = mp_pod_query_load(&query, &top->roots, top->arena, &views, err);
	for (size_t i = 0; r == 0 && i < views.n; i++)
		r = add_pod(top, &views.items[i], err);
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

/* ---- sorting -------------------------------------------------------------------------------------- */

static int by_use(const void *a, const void *b, void *ctx)
{
	const struct row *x = a, *y = b;
	const bool is_cpu = mp_streq(ctx, "cpu");
	const uint64_t of_x =
		is_cpu ? mp_usage_cpu_milli(&x->use) : x->use.second.working_set_bytes;
	const uint64_t of_y =
		is_cpu ? mp_usage_cpu_milli(&y->use) : y->use.second.working_set_bytes;

	return (of_x < of_y) - (of_x > of_y);
}

static void sort(struct top *top)
{
	char what[16];

	(void)snprintf(what, sizeof(what), "%s", mp_cli_option(top->args, "sort-by", NULL, ""));
	if (what[0] && top->n > 0)
		qsort_r(top->rows, top->n, sizeof(*top->rows), by_use, what);
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
	int r = mp_cli_roots(top->args, &top->roots, err);

	if (r == 0)
		r = find_rows(top, err);
	if (r == 0) {
		sample(top, interval);
		sort(top);
		r = show(top, err);
	}
	for (size_t i = 0; i < top->n; i++) {
		mp_cgroup_close(top->rows[i].own_cg);
		mp_cgroup_close(top->rows[i].pod_cg);
	}
	free(top->rows);
	for (const struct tree *tree = top->trees; tree; tree = tree->next)
		mp_cgroup_host_close(tree->host);
	return r;
}

int mp_cmd_top(const struct mp_args *args)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct top top = { .args = args,
			   .arena = &arena,
			   .cgroup_root =
				   mp_cli_option(args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL),
			   .has_containers = mp_args_has(args, "containers"),
			   .has_namespaces = mp_args_has(args, "all-namespaces") };
	const char *format = mp_args_get(args, "output");
	const char *text = mp_args_get(args, "interval");
	const char *sort_by = mp_args_get(args, "sort-by");
	mp_nsec interval = INTERVAL_USED;
	int r = 0;

	if (format && !mp_streq(format, "json") && !mp_streq(format, "yaml"))
		r = mp_fail_text(&err, EINVAL, "top: -o takes json or yaml");
	if (r == 0 && sort_by && !mp_streq(sort_by, "cpu") && !mp_streq(sort_by, "memory"))
		r = mp_fail_text(&err, EINVAL, "--sort-by accepts only cpu or memory");
	if (r == 0 && text)
		r = mp_duration_parse("--interval", text, &interval, &err);
	if (r == 0 && (interval < 0 || interval > INTERVAL_MAX))
		r = mp_fail_text(&err, EINVAL, "--interval %s: from 0 to 1h", text);
	if (r == 0)
		r = run(&top, interval, &err);
	mp_arena_done(&arena);
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
