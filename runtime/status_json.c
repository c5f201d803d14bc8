/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/status_json.h"

#include <string.h>

#include "runtime/pod_json.h"

static void put_time(struct mp_json *w, const char *key, int64_t wall)
{
	char text[MP_TIME_TEXT_MAX];

	if (wall >= 0)
		mp_json_put_string(w, key, mp_time_rfc3339(wall, text));
}

static void put_if(struct mp_json *w, const char *key, const char *text)
{
	if (text[0])
		mp_json_put_string(w, key, text);
}

static void put_terminated(struct mp_json *w, const struct mp_terminated *t)
{
	mp_json_put_object(w, "terminated");
	put_if(w, "containerID", t->container_id);
	mp_json_put_int(w, "exitCode", t->exit_code);
	put_time(w, "finishedAt", t->finished_wall);
	put_if(w, "message", t->message);
	put_if(w, "reason", t->reason);
	put_time(w, "startedAt", t->started_wall);
	mp_json_object_end(w);
}

static void put_state(struct mp_json *w, const struct mp_container_state *s)
{
	mp_json_put_object(w, "state");
	switch (s->kind) {
	case MP_STATE_WAITING:
		mp_json_put_object(w, "waiting");
		put_if(w, "message", s->message);
		put_if(w, "reason", s->reason);
		mp_json_object_end(w);
		break;
	case MP_STATE_RUNNING:
		mp_json_put_object(w, "running");
		put_time(w, "startedAt", s->started_wall);
		mp_json_object_end(w);
		break;
	case MP_STATE_TERMINATED:
		put_terminated(w, &s->terminated);
		break;
	case MP_STATE_NONE:
		break;
	}
	mp_json_object_end(w);
}

static void put_resource_list(struct mp_json *w, const char *key,
			      const struct mp_resource_list *list)
{
	char text[MP_QUANTITY_TEXT_MAX];

	if (list->n == 0)
		return;
	mp_json_put_object(w, key);
	for (size_t i = 0; i < list->n; i++)
		mp_json_put_string(w, list->items[i].name,
				   mp_quantity_text(&list->items[i].quantity, text));
	mp_json_object_end(w);
}

static void put_user(struct mp_json *w, const struct mp_container_status *st)
{
	if (!st->has_user)
		return;
	mp_json_put_object(w, "user");
	mp_json_put_object(w, "linux");
	mp_json_put_int(w, "gid", st->gid);
	mp_json_put_list(w, "supplementalGroups");
	for (size_t i = 0; i < st->n_groups; i++)
		mp_json_int(w, st->groups[i]);
	mp_json_list_end(w);
	mp_json_put_int(w, "uid", st->uid);
	mp_json_object_end(w);
	mp_json_object_end(w);
}

static void put_mounts(struct mp_json *w, const struct mp_container_spec *c)
{
	if (c->n_mounts == 0)
		return;
	mp_json_put_list(w, "volumeMounts");
	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct mp_volume_mount *m = &c->mounts[i];
		const bool is_recursive = mp_streq(m->recursive_read_only, "Enabled") ||
					  mp_streq(m->recursive_read_only, "IfPossible");

		mp_json_object_begin(w);
		mp_json_put_string(w, "mountPath", m->mount_path);
		mp_json_put_string(w, "name", m->name);
		if (m->read_only) {
			mp_json_put_bool(w, "readOnly", true);
			mp_json_put_string(w, "recursiveReadOnly",
					   is_recursive ? "Enabled" : "Disabled");
		}
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}

static void put_container(struct mp_json *w, const struct mp_container_spec *c,
			  const struct mp_container_status *st)
{
	mp_json_object_begin(w);
	put_resource_list(w, "allocatedResources", &c->resources.requests);
	put_if(w, "containerID", st->container_id);
	if (!st->container_id[0])
		mp_json_put_string(w, "containerID", "");
	mp_json_put_string(w, "image", st->image);
	mp_json_put_string(w, "imageID", st->image_id);
	mp_json_put_object(w, "lastState");
	if (st->has_last)
		put_terminated(w, &st->last);
	mp_json_object_end(w);
	mp_json_put_string(w, "name", c->name);
	mp_json_put_bool(w, "ready", st->is_ready);
	mp_json_put_object(w, "resources");
	put_resource_list(w, "limits", &c->resources.limits);
	put_resource_list(w, "requests", &c->resources.requests);
	mp_json_object_end(w);
	mp_json_put_int(w, "restartCount", st->restart_count);
	if (st->has_started)
		mp_json_put_bool(w, "started", st->is_started);
	put_state(w, &st->state);
	put_if(w, "stopSignal", st->stop_signal);
	put_user(w, st);
	put_mounts(w, c);
	mp_json_object_end(w);
}

/*
 * Which main container is next by name (byte order) after @after, or the first. The number of
 * containers: none.
 */
static size_t next_by_name(const struct mp_pod_spec *spec, const char *after)
{
	const size_t n = mp_spec_n_containers(spec);
	size_t best = n;

	for (size_t i = spec->n_init; i < n; i++) {
		const char *name = spec->containers[i].name;

		if (after && strcmp(name, after) <= 0)
			continue;
		if (best == n || strcmp(name, spec->containers[best].name) < 0)
			best = i;
	}
	return best;
}

static void put_containers(struct mp_json *w, const struct mp_pod_spec *spec,
			   const struct mp_pod_status *status)
{
	bool has_init = false, has_main = false;

	for (size_t i = next_by_name(spec, NULL); i < mp_spec_n_containers(spec);
	     i = next_by_name(spec, spec->containers[i].name)) {
		if (!status->containers[i].is_present)
			continue;
		if (!has_main)
			mp_json_put_list(w, "containerStatuses");
		has_main = true;
		put_container(w, &spec->containers[i], &status->containers[i]);
	}
	if (has_main)
		mp_json_list_end(w);
	for (size_t i = 0; i < spec->n_init; i++) {
		if (!status->containers[i].is_present)
			continue;
		if (!has_init)
			mp_json_put_list(w, "initContainerStatuses");
		has_init = true;
		put_container(w, &spec->containers[i], &status->containers[i]);
	}
	if (has_init)
		mp_json_list_end(w);
}

static const char *truth_text(enum mp_truth truth)
{
	switch (truth) {
	case MP_COND_FALSE:
		return "False";
	case MP_COND_TRUE:
		return "True";
	case MP_COND_UNKNOWN:
		return "Unknown";
	}
	return "";
}

static void put_conditions(struct mp_json *w, int64_t generation,
			   const struct mp_pod_status *status)
{
	if (status->n_conditions == 0)
		return;
	mp_json_put_list(w, "conditions");
	for (size_t i = 0; i < status->n_conditions; i++) {
		const struct mp_condition *c = &status->conditions[i];

		mp_json_object_begin(w);
		mp_json_key(w, "lastProbeTime");
		mp_json_null(w);
		put_time(w, "lastTransitionTime", c->transition_wall);
		put_if(w, "message", c->message);
		mp_json_put_int(w, "observedGeneration", generation);
		put_if(w, "reason", c->reason);
		mp_json_put_string(w, "status", truth_text(c->status));
		mp_json_put_string(w, "type", c->type);
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}

static void put_ips(struct mp_json *w, const char *one, const char *many, const char *ip,
		    const char *ip6)
{
	const char *first = ip[0] ? ip : ip6;

	if (!first[0])
		return;
	mp_json_put_string(w, one, first);
	mp_json_put_list(w, many);
	mp_json_object_begin(w);
	mp_json_put_string(w, "ip", first);
	mp_json_object_end(w);
	if (ip[0] && ip6[0]) {
		mp_json_object_begin(w);
		mp_json_put_string(w, "ip", ip6);
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}

void mp_status_json_write(struct mp_json *w, const void *arg)
{
	const struct mp_status_json *j = arg;
	const struct mp_pod_status *s = j->status;
	const int64_t generation = mp_pod_json_generation(&j->spec->meta, s->deletion_wall);

	mp_json_object_begin(w);
	put_conditions(w, generation, s);
	put_containers(w, j->spec, s);
	if (j->more)
		j->more(w, j->more_arg);
	/* A pod that waits for room has no host yet; one that was rejected never had one. */
	if (s->n_containers > 0 && s->containers[0].is_present)
		put_ips(w, "hostIP", "hostIPs", j->host_ip, "");
	put_if(w, "message", s->message);
	mp_json_put_int(w, "observedGeneration", generation);
	mp_json_put_string(w, "phase", mp_phase_text(s->phase));
	put_ips(w, "podIP", "podIPs", s->pod_ip, s->pod_ip6);
	mp_json_put_string(w, "qosClass", mp_qos_text(j->spec->qos));
	put_if(w, "reason", s->reason);
	if (s->start_wall > 0)
		put_time(w, "startTime", s->start_wall);
	mp_json_object_end(w);
}
