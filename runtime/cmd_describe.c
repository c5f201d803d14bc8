/* SPDX-License-Identifier: Apache-2.0 */
/* Source for the shape: k8s.io/kubectl/pkg/describe, describePod. */
#include "runtime/cmd_describe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/describe_text.h"
#include "runtime/events.h"
#include "runtime/object_store.h"
#include "runtime/pod_query.h"

const struct mp_option mp_describe_options[] = {
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "all-namespaces", 'A', NULL, "of every namespace", false },
	{ "selector", 'l', "SELECTOR", "the pods with these labels", false },
	{ "show-events", 0, "BOOL", "with the events (true)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* "Mon, 02 Jan 2006 15:04:05 +0000", as kubectl writes times here. */
static void put_time(int indent, const char *name, const char *text)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	const int64_t wall = mp_time_parse(text, strlen(text));
	const time_t seconds = (time_t)(wall / MP_NSEC_PER_S);
	char shown[64];
	struct tm tm;

	if (wall < 0 || !gmtime_r(&seconds, &tm)) {
		mp_describe_put_if(indent, name, text);
		return;
	}
	(void)snprintf(shown, sizeof(shown), "%s, %02d %s %d %02d:%02d:%02d +0000",
		       days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
		       tm.tm_hour, tm.tm_min, tm.tm_sec);
	mp_describe_put(indent, name, shown);
}

/* Words of a list, one on each line, as kubectl shows commands. */
static void put_words(const char *name, const struct mp_node *list)
{
	if (!list || list->count == 0)
		return;
	(void)printf("    %s:\n", name);
	for (size_t i = 0; i < list->count; i++) {
		(void)fputs("      ", stdout);
		mp_print_clean(stdout, list->items[i]->text ? list->items[i]->text : "");
		(void)putchar('\n');
	}
}

static void put_state(const char *name, const struct mp_node *state)
{
	const struct mp_node *w = mp_node_get(state, "waiting"), *r = mp_node_get(state, "running");
	const struct mp_node *t = mp_node_get(state, "terminated");

	if (r) {
		mp_describe_put(4, name, "Running");
		put_time(6, "Started", mp_node_text(r, "startedAt", NULL));
	} else if (t) {
		mp_describe_put(4, name, "Terminated");
		mp_describe_put_if(6, "Reason", mp_node_text(t, "reason", NULL));
		mp_describe_put_if(6, "Message", mp_node_text(t, "message", NULL));
		mp_describe_put(6, "Exit Code", mp_node_text(t, "exitCode", NULL));
		put_time(6, "Started", mp_node_text(t, "startedAt", NULL));
		put_time(6, "Finished", mp_node_text(t, "finishedAt", NULL));
	} else if (w) {
		mp_describe_put(4, name, "Waiting");
		mp_describe_put_if(6, "Reason", mp_node_text(w, "reason", NULL));
		mp_describe_put_if(6, "Message", mp_node_text(w, "message", NULL));
	}
}

static const char *json_of(const struct mp_node *node, struct mp_arena *arena)
{
	struct mp_json w;
	const char *text;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_node(&w, node);
	text = mp_arena_strdup(arena, mp_json_finish(&w, NULL, NULL));
	mp_json_done(&w);
	return text ? text : "";
}

static void put_pairs(const char *name, const struct mp_node *map)
{
	if (!map || map->count == 0)
		return;
	(void)printf("    %s:\n", name);
	for (size_t i = 0; i < map->count; i++)
		mp_describe_put(6, map->entries[i].key,
				map->entries[i].value->text ? map->entries[i].value->text : "");
}

static void put_env(const struct mp_node *env, struct mp_arena *arena)
{
	if (!env || env->count == 0) {
		(void)puts("    Environment:    <none>");
		return;
	}
	(void)puts("    Environment:");
	for (size_t i = 0; i < env->count; i++) {
		const struct mp_node *from = mp_node_get(env->items[i], "valueFrom");

		mp_describe_put(6, mp_node_text(env->items[i], "name", NULL),
				from ? json_of(from, arena) :
				       mp_node_text(env->items[i], "value", NULL));
	}
}

static void put_mounts(const struct mp_node *mounts)
{
	if (!mounts || mounts->count == 0) {
		(void)puts("    Mounts:         <none>");
		return;
	}
	(void)puts("    Mounts:");
	for (size_t i = 0; i < mounts->count; i++) {
		const struct mp_node *m = mounts->items[i];
		const bool is_read_only = mp_streq(mp_node_text(m, "readOnly", NULL), "true");

		(void)fputs("      ", stdout);
		mp_print_clean(stdout, mp_node_text(m, "mountPath", NULL));
		(void)printf(" from %s (%s)\n", mp_node_text(m, "name", NULL),
			     is_read_only ? "ro" : "rw");
	}
}

static const struct mp_node *status_of(const struct mp_node *list, const char *name)
{
	for (size_t i = 0; list && i < list->count; i++)
		if (mp_streq(mp_node_text(list->items[i], "name", NULL), name))
			return list->items[i];
	return NULL;
}

static void put_container(const struct mp_node *spec, const struct mp_node *status,
			  struct mp_arena *arena)
{
	static const char *const probes[][2] = { { "Liveness", "livenessProbe" },
						 { "Readiness", "readinessProbe" },
						 { "Startup", "startupProbe" } };

	(void)printf("  %s:\n", mp_node_text(spec, "name", NULL));
	mp_describe_put_if(4, "Container ID", mp_node_text(status, "containerID", NULL));
	mp_describe_put(4, "Image", mp_node_text(spec, "image", NULL));
	mp_describe_put_if(4, "Image ID", mp_node_text(status, "imageID", NULL));
	mp_describe_ports(mp_node_get(spec, "ports"), arena);
	put_words("Command", mp_node_get(spec, "command"));
	put_words("Args", mp_node_get(spec, "args"));
	put_state("State", mp_node_get(status, "state"));
	put_state("Last State", mp_node_get(status, "lastState"));
	if (status) {
		mp_describe_put(4, "Ready",
				mp_streq(mp_node_text(status, "ready", NULL), "true") ? "True" :
											"False");
		mp_describe_put(4, "Restart Count", mp_node_text(status, "restartCount", NULL));
	}
	put_pairs("Limits", mp_node_in(spec, "resources", "limits", NULL));
	put_pairs("Requests", mp_node_in(spec, "resources", "requests", NULL));
	for (size_t i = 0; i < MP_ARRAY_SIZE(probes); i++)
		if (mp_node_get(spec, probes[i][1]))
			mp_describe_put(4, probes[i][0],
					mp_describe_probe(mp_node_get(spec, probes[i][1]), arena));
	put_env(mp_node_get(spec, "env"), arena);
	put_mounts(mp_node_get(spec, "volumeMounts"));
}

static void put_containers(const char *title, const struct mp_pod_view *v, const char *specs,
			   const char *statuses, struct mp_arena *arena)
{
	const struct mp_node *list = mp_node_in(v->object, "spec", specs, NULL);
	const struct mp_node *status = mp_node_get(v->status, statuses);

	if (!list || list->count == 0)
		return;
	(void)printf("%s:\n", title);
	for (size_t i = 0; i < list->count; i++)
		put_container(list->items[i],
			      status_of(status, mp_node_text(list->items[i], "name", NULL)), arena);
}

static void put_conditions(const struct mp_node *list)
{
	if (!list || list->count == 0)
		return;
	(void)printf("Conditions:\n  %-28s%s\n", "Type", "Status");
	for (size_t i = 0; i < list->count; i++) {
		const char *reason = mp_node_text(list->items[i], "reason", NULL);
		const char *message = mp_node_text(list->items[i], "message", NULL);

		(void)printf("  %-28s%-*s", mp_node_text(list->items[i], "type", NULL),
			     reason[0] || message[0] ? 8 : 0,
			     mp_node_text(list->items[i], "status", NULL));
		mp_print_clean(stdout, reason);
		(void)fputs(reason[0] && message[0] ? ": " : "", stdout);
		mp_print_clean(stdout, message);
		(void)putchar('\n');
	}
}

/* Source: k8s.io/kubectl/pkg/describe, describeVolumes. */
static const struct {
	const char *key, *type;
} volume_types[] = {
	{ "configMap", "ConfigMap (a volume populated by a ConfigMap)" },
	{ "secret", "Secret (a volume populated by a Secret)" },
	{ "emptyDir", "EmptyDir (a temporary directory that shares a pod's lifetime)" },
	{ "hostPath", "HostPath (bare host directory volume)" },
	{ "downwardAPI", "DownwardAPI (a volume populated by information about the pod)" },
	{ "projected", "Projected (a volume that contains injected data from multiple sources)" },
	{ "persistentVolumeClaim", "PersistentVolumeClaim (a reference to a "
				   "PersistentVolumeClaim in the same namespace)" },
	{ "image", "Image (a container image or OCI artifact)" },
};

static void put_volume(const struct mp_node *volume, struct mp_arena *arena)
{
	for (size_t k = 0; k < volume->count; k++) {
		const struct mp_entry *e = &volume->entries[k];
		size_t i = 0;

		if (strcmp(e->key, "name") == 0)
			continue;
		while (i < MP_ARRAY_SIZE(volume_types) && strcmp(volume_types[i].key, e->key) != 0)
			i++;
		mp_describe_put(4, "Type",
				i < MP_ARRAY_SIZE(volume_types) ? volume_types[i].type : e->key);
		for (size_t m = 0; e->value->kind == MP_NODE_MAP && m < e->value->count; m++) {
			const struct mp_entry *field = &e->value->entries[m];
			char name[64];

			/* defaultMode is shown as kubectl does not: in octal, as chmod wants it. */
			(void)snprintf(name, sizeof(name), "%s", field->key);
			if (name[0] >= 'a' && name[0] <= 'z')
				name[0] = (char)(name[0] - 'a' + 'A');
			if (strcmp(field->key, "defaultMode") == 0)
				mp_describe_put(
					4, name,
					mp_arena_printf(arena, "%04llo",
							strtoull(field->value->text, NULL, 10)));
			else
				mp_describe_put(4, name,
						field->value->text ? field->value->text :
								     json_of(field->value, arena));
		}
	}
}

static void put_volumes(const struct mp_node *list, struct mp_arena *arena)
{
	if (!list || list->count == 0) {
		mp_describe_put(0, "Volumes", "<none>");
		return;
	}
	(void)puts("Volumes:");
	for (size_t i = 0; i < list->count; i++) {
		(void)printf("  %s:\n", mp_node_text(list->items[i], "name", NULL));
		put_volume(list->items[i], arena);
	}
}

static int put_events(const struct mp_roots *roots, const struct mp_pod_view *v,
		      struct mp_arena *arena, struct mp_error *err)
{
	static const char *const names[] = { "  Type", "Reason", "Age", "From", "Message" };
	static const char *const lines[] = { "  ----", "------", "----", "----", "-------" };
	struct mp_table table = { .arena = arena, .n_columns = 5 };
	const int64_t wall = mp_clock_read().wall;
	struct mp_event_rows rows;
	int r = mp_events_load(arena, roots, v, 1, NULL, &rows, err);

	if (r < 0)
		return r;
	if (rows.n == 0) {
		mp_describe_put(0, "Events", "<none>");
		return 0;
	}
	(void)puts("Events:");
	mp_table_row(&table, names);
	mp_table_row(&table, lines);
	for (size_t i = 0; i < rows.n; i++) {
		const struct mp_event_row *e = &rows.items[i];
		char last[MP_TIME_TEXT_MAX], first[MP_TIME_TEXT_MAX], age[128];
		const char *cells[] = { e->is_warning ? "  Warning" : "  Normal", e->reason, age,
					"minipod", e->message };

		mp_human_age(wall - e->last_wall, last);
		mp_human_age(wall - e->first_wall, first);
		if (e->count > 1)
			(void)snprintf(age, sizeof(age), "%s (x%lld over %s)", last,
				       (long long)e->count, first);
		else
			(void)snprintf(age, sizeof(age), "%s", last);
		mp_table_row(&table, cells);
	}
	mp_table_print(&table, stdout);
	return 0;
}

static void put_status(const struct mp_pod_view *v)
{
	const char *deleted = mp_node_text(v->object, "metadata", "deletionTimestamp", NULL);
	const char *phase = mp_node_text(v->status, "phase", NULL);
	char text[128];

	if (deleted[0] && !v->has_ended) {
		(void)snprintf(text, sizeof(text), "Terminating (until %s)", deleted);
		mp_describe_put(0, "Status", text);
		(void)snprintf(text, sizeof(text), "%ss",
			       mp_node_text(v->object, "metadata", "deletionGracePeriodSeconds",
					    NULL));
		mp_describe_put(0, "Grace Period", text);
	} else {
		mp_describe_put(0, "Status", phase[0] ? phase : "Pending");
	}
	mp_describe_put_if(0, "Reason", mp_node_text(v->status, "reason", NULL));
	mp_describe_put_if(0, "Message", mp_node_text(v->status, "message", NULL));
	mp_describe_put(0, "IP", mp_node_text(v->status, "podIP", NULL));

	const struct mp_node *ips = mp_node_get(v->status, "podIPs");

	if (!ips || ips->count == 0) {
		mp_describe_put(0, "IPs", "<none>");
		return;
	}
	(void)puts("IPs:");
	for (size_t i = 0; i < ips->count; i++)
		(void)printf("  IP:           %s\n", mp_node_text(ips->items[i], "ip", NULL));
}

/* "<name>/<address>", as kubectl says it. */
static void put_node(const struct mp_pod_view *v, struct mp_arena *arena)
{
	const char *name = mp_node_text(v->object, "spec", "nodeName", NULL);
	const char *ip = mp_node_text(v->status, "hostIP", NULL);
	const char *both = mp_arena_printf(arena, "%s%s%s", name, *name && *ip ? "/" : "", ip);

	mp_describe_put_if(0, "Node", both ? both : name);
}

static int describe(const struct mp_args *args, const struct mp_roots *roots,
		    const struct mp_pod_view *v, struct mp_arena *arena, struct mp_error *err)
{
	int r = 0;

	mp_describe_put(0, "Name", v->name);
	mp_describe_put(0, "Namespace", v->namespace_);
	mp_describe_put_if(0, "Service Account",
			   mp_node_text(v->object, "spec", "serviceAccountName", NULL));
	put_node(v, arena);
	put_time(0, "Start Time", mp_node_text(v->status, "startTime", NULL));
	mp_describe_map("Labels", mp_node_in(v->object, "metadata", "labels", NULL), "=");
	mp_describe_map("Annotations", mp_node_in(v->object, "metadata", "annotations", NULL),
			": ");
	put_status(v);
	put_containers("Init Containers", v, "initContainers", "initContainerStatuses", arena);
	put_containers("Containers", v, "containers", "containerStatuses", arena);
	put_containers("Ephemeral Containers", v, "ephemeralContainers",
		       "ephemeralContainerStatuses", arena);
	put_conditions(mp_node_get(v->status, "conditions"));
	put_volumes(mp_node_in(v->object, "spec", "volumes", NULL), arena);
	mp_describe_put_if(0, "QoS Class", mp_node_text(v->status, "qosClass", NULL));
	if (!mp_streq(mp_args_get(args, "show-events"), "false"))
		r = put_events(roots, v, arena, err);
	return r;
}

static void say_nothing_found(const struct mp_pod_query *query)
{
	if (query->namespace_)
		(void)fprintf(stderr, "No resources found in %s namespace.\n", query->namespace_);
	else
		(void)fputs("No resources found\n", stderr);
}

static int describe_pods(const struct mp_args *args, const struct mp_roots *roots,
			 const struct mp_pod_query *query, struct mp_arena *arena,
			 struct mp_error *err)
{
	struct mp_error second = MP_ERROR_NONE;
	struct mp_pod_views views = { .n = 0 };
	int r = mp_pod_query_load(query, roots, arena, &views, err);

	if (r == 0 && views.n == 0)
		say_nothing_found(query);
	for (size_t i = 0; i < views.n; i++) {
		(void)fputs(i > 0 ? "\n\n" : "", stdout);
		if (describe(args, roots, &views.items[i], arena, &second) < 0)
			return mp_fail_text(err, second.code, "%s", second.msg);
	}
	return r;
}

static bool is_wanted(const struct mp_pod_query *query, const struct mp_object_view *v)
{
	for (size_t i = 0; i < query->n_names; i++)
		if (strcmp(query->names[i], v->name) == 0)
			return true;
	return query->n_names == 0 &&
	       mp_selector_matches(&query->labels,
				   mp_node_in(v->object, "metadata", "labels", NULL));
}

static int describe_objects(const struct mp_roots *roots, enum mp_api_kind kind,
			    const struct mp_pod_query *query, struct mp_arena *arena,
			    struct mp_error *err)
{
	struct mp_object_views views = { .n = 0 };
	size_t n = 0;
	int r = mp_object_views_load(arena, roots, query->namespace_, kind, &views, err);

	for (size_t i = 0; r == 0 && i < views.n; i++) {
		if (!is_wanted(query, &views.items[i]))
			continue;
		(void)fputs(n++ > 0 ? "\n\n" : "", stdout);
		mp_describe_object(views.items[i].object);
	}
	if (r == 0 && query->n_names == 0 && n == 0)
		say_nothing_found(query);
	for (size_t i = 0; r == 0 && i < query->n_names; i++) {
		bool is_there = false;

		for (size_t k = 0; k < views.n; k++)
			is_there |= strcmp(views.items[k].name, query->names[i]) == 0;
		if (!is_there)
			r = mp_fail_text(err, ENOENT, "%ss \"%s\" not found", mp_api_word(kind),
					 query->names[i]);
	}
	return r;
}

int mp_cmd_describe(const struct mp_args *args)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	struct mp_api_args what;
	struct mp_pod_query query;
	struct mp_roots roots;
	int r = mp_cli_roots(args, &roots, &err);

	if (r == 0)
		r = mp_api_args_parse(args, false, 64, &what, &err);
	if (r == 0 && what.kind == MP_API_EVENT)
		r = mp_fail_text(&err, EINVAL, "events are not described: see 'minipod events'");
	if (r == 0)
		r = mp_pod_query_parse(args, &what, &arena, &query, &err);
	if (r == 0)
		r = what.kind == MP_API_POD ?
			    describe_pods(args, &roots, &query, &arena, &err) :
			    describe_objects(&roots, what.kind, &query, &arena, &err);
	mp_arena_done(&arena);
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
