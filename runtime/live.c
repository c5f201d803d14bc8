/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/object_store.h"
#include "runtime/pod_json.h"
#include "runtime/spec_diff.h"
#include "runtime/supervisor.h"
#include "runtime/trace.h"

void mp_live_init(struct mp_supervisor *sv)
{
	sv->live = (struct mp_live){ .spec = *sv->config.spec };
	sv->spec = &sv->live.spec;
}

void mp_live_done(struct mp_supervisor *sv)
{
	struct mp_live *live = &sv->live;

	free(live->containers);
	mp_arena_done(&live->meta);
	mp_arena_done(&live->images);
	mp_arena_done(&live->raw);
	mp_manifest_done(live->objects);
	free(live->objects);
	live->containers = NULL;
	live->objects = NULL;
}

/* The files say what is true now; a write that fails is told once, as for the status. */
void mp_live_publish(struct mp_supervisor *sv)
{
	struct mp_error err = MP_ERROR_NONE;

	if (mp_supervisor_write_pod(sv, &err) < 0 && !sv->has_noted_disk) {
		sv->has_noted_disk = true;
		mp_report_note(&sv->report,
			       "the pod goes on, but its manifest cannot be written: %s", err.msg);
	}
	mp_record_drop_ahead(sv); /* it has the values of before */
	(void)mp_exec_refresh_volumes(sv);
	sv->has_new_status = true; /* watchers look again */
}

/* ---- metadata ---------------------------------------------------------------------------------- */

static int patch(struct mp_supervisor *sv, const struct mp_meta_patch *patch, bool *ret_changed,
		 struct mp_error *err)
{
	struct mp_object_meta meta = sv->live.spec.meta;
	struct mp_arena arena = { 0 };
	const int r = mp_meta_patch(&arena, patch, &meta, ret_changed, err);

	if (r < 0) {
		mp_arena_done(&arena);
		return r;
	}
	sv->live.spec.meta = meta;
	mp_arena_done(&sv->live.meta);
	sv->live.meta = arena;
	return 0;
}

int mp_live_patch(struct mp_supervisor *sv, const struct mp_meta_patch *p, bool *ret_changed,
		  struct mp_error *err)
{
	const int r = patch(sv, p, ret_changed, err);

	if (r == 0 && *ret_changed)
		mp_live_publish(sv);
	return r;
}

/* ---- objects ----------------------------------------------------------------------------------- */

const char *mp_change_text(enum mp_change change)
{
	switch (change) {
	case MP_CHANGE_UNUSED:
		return "unused";
	case MP_CHANGE_NONE:
		return "unchanged";
	case MP_CHANGE_CREATED:
		return "created";
	case MP_CHANGE_CONFIGURED:
		return "configured";
	}
	return "";
}

static bool names(const struct mp_object_volume *v, bool is_set, const char *name)
{
	return is_set && mp_streq(v->name, name);
}

static bool volume_uses(const struct mp_volume *v, bool is_map, const char *name)
{
	if (v->kind == MP_VOLUME_CONFIG_MAP)
		return is_map && names(&v->config_map, true, name);
	if (v->kind == MP_VOLUME_SECRET)
		return !is_map && names(&v->secret, true, name);
	if (v->kind != MP_VOLUME_PROJECTED)
		return false;
	for (size_t i = 0; i < v->projected.n_sources; i++) {
		const struct mp_projected_source *s = &v->projected.sources[i];

		if (is_map ? names(&s->config_map, s->has_config_map, name) :
			     names(&s->secret, s->has_secret, name))
			return true;
	}
	return false;
}

static bool container_uses(const struct mp_container_spec *c, bool is_map, const char *name)
{
	for (size_t i = 0; i < c->n_env; i++)
		if (mp_streq(is_map ? c->env[i].config_map.name : c->env[i].secret.name, name))
			return true;
	for (size_t i = 0; i < c->n_env_from; i++)
		if (mp_streq(is_map ? c->env_from[i].config_map : c->env_from[i].secret, name))
			return true;
	return false;
}

static bool is_used(const struct mp_supervisor *sv, const struct mp_object *o)
{
	const struct mp_pod_spec *spec = sv->spec;
	const bool is_map = o->kind == MP_OBJECT_CONFIG_MAP;

	if (!is_map && o->kind != MP_OBJECT_SECRET)
		return false;
	if (!mp_streq(o->namespace_, spec->meta.namespace_))
		return false;
	if (mp_objects_find(sv->config.objects, o->kind, o->namespace_, o->name))
		return true;
	for (size_t i = 0; i < spec->n_volumes; i++)
		if (volume_uses(&spec->volumes[i], is_map, o->name))
			return true;
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++)
		if (container_uses(&spec->containers[i], is_map, o->name))
			return true;
	return false;
}

static bool has_same_data(const struct mp_object *a, const struct mp_object *b)
{
	if (a->n_entries != b->n_entries || !mp_streq(a->type, b->type))
		return false;
	for (size_t i = 0; i < a->n_entries; i++)
		if (strcmp(a->entries[i].key, b->entries[i].key) != 0 ||
		    a->entries[i].len != b->entries[i].len ||
		    memcmp(a->entries[i].bytes, b->entries[i].bytes, a->entries[i].len) != 0)
			return false;
	return true;
}

static int decide(const struct mp_supervisor *sv, const struct mp_object *o, enum mp_change *ret,
		  struct mp_error *err)
{
	const struct mp_object *old =
		mp_objects_find(sv->config.objects, o->kind, o->namespace_, o->name);

	*ret = !is_used(sv, o)               ? MP_CHANGE_UNUSED :
	       !old                          ? MP_CHANGE_CREATED :
	       strcmp(old->raw, o->raw) == 0 ? MP_CHANGE_NONE :
					       MP_CHANGE_CONFIGURED;
	if (*ret != MP_CHANGE_CONFIGURED || !old->is_immutable)
		return 0;
	if (!o->is_immutable || !has_same_data(old, o))
		return mp_fail_text(
			err, EPERM,
			"%s \"%s\" is invalid: data: Forbidden: field is immutable when "
			"`immutable` is set",
			mp_object_kind_text(o->kind), o->name);
	return 0;
}

/* struct difference - what becomes of the objects there are. */
struct difference {
	const struct mp_objects *given;  /* they come, or replace others */
	const enum mp_change *changes;   /* one for each of them */
	const struct mp_object *removed; /* NULL: none */
};

/* All the objects there are then, as one document. */
static void write_merged(struct mp_json *w, const struct mp_objects *old,
			 const struct difference *d)
{
	size_t i = 0;

	mp_json_object_begin(w);
	mp_json_put_string(w, "apiVersion", "v1");
	mp_json_put_string(w, "kind", "List");
	mp_json_put_list(w, "items");
	for (const struct mp_object *o = old->first; o; o = o->next)
		if (o != d->removed && !mp_objects_find(d->given, o->kind, o->namespace_, o->name))
			mp_json_raw(w, o->raw, strlen(o->raw));
	for (const struct mp_object *o = d->given->first; o; o = o->next, i++)
		if (d->changes[i] != MP_CHANGE_UNUSED)
			mp_json_raw(w, o->raw, strlen(o->raw));
	mp_json_list_end(w);
	mp_json_object_end(w);
}

static int take_objects(struct mp_supervisor *sv, const struct difference *difference,
			struct mp_error *err)
{
	const struct mp_manifest_options options = { .is_restoring = true };
	struct mp_manifest *m = calloc(1, sizeof(*m));
	struct mp_json w;
	const char *text;
	size_t len;
	int r = 0;

	if (!m)
		return mp_fail(err, ENOMEM, "objects");
	mp_json_init(&w, MP_JSON_COMPACT);
	write_merged(&w, sv->config.objects, difference);
	text = mp_json_finish(&w, &len, &r);
	r = text ? mp_manifest_load_text(m, MP_OBJECTS_NAME, text, len, &options, err) :
		   mp_fail(err, -r, "objects");
	if (r == -EINVAL && m->errors.first)
		(void)mp_fail_text(err, EINVAL, "%s", m->errors.first->text);
	mp_json_done(&w);
	if (r == 0)
		r = mp_objects_write(sv->dir.run_fd, &m->objects, err);
	if (r < 0) {
		mp_manifest_done(m);
		free(m);
		return r;
	}
	mp_manifest_done(sv->live.objects);
	free(sv->live.objects);
	sv->live.objects = m;
	sv->config.objects = &m->objects;
	return 0;
}

int mp_live_apply_objects(struct mp_supervisor *sv, const struct mp_objects *given,
			  enum mp_change *changes, struct mp_error *err)
{
	const struct difference difference = { .given = given, .changes = changes };
	bool has_news = false;
	size_t i = 0;
	int r = 0;

	for (const struct mp_object *o = given->first; o && r == 0; o = o->next, i++) {
		r = decide(sv, o, &changes[i], err);
		has_news = has_news || changes[i] == MP_CHANGE_CREATED ||
			   changes[i] == MP_CHANGE_CONFIGURED;
	}
	if (r == 0 && has_news)
		r = take_objects(sv, &difference, err);
	if (r == 0 && has_news)
		mp_live_publish(sv);
	return r;
}

int mp_live_remove_object(struct mp_supervisor *sv, enum mp_object_kind kind, const char *name,
			  bool *ret_removed, struct mp_error *err)
{
	const struct mp_objects none = { .n = 0 };
	const struct difference difference = {
		.given = &none,
		.removed =
			mp_objects_find(sv->config.objects, kind, sv->spec->meta.namespace_, name),
	};
	int r;

	*ret_removed = difference.removed != NULL;
	if (!difference.removed)
		return 0;
	r = take_objects(sv, &difference, err);
	if (r == 0)
		mp_live_publish(sv);
	return r;
}

/* ---- the pod ----------------------------------------------------------------------------------- */

static const struct mp_node *as_node(struct mp_arena *arena, const struct mp_key_value *list,
				     size_t n)
{
	struct mp_entry *e = mp_arena_alloc(arena, n, sizeof(*e));

	for (size_t i = 0; e && i < n; i++) {
		struct mp_node *value = mp_arena_alloc(arena, 1, sizeof(*value));

		if (!value)
			return NULL;
		*value = (struct mp_node){ .kind = MP_NODE_STRING,
					   .text = list[i].value,
					   .text_len = strlen(list[i].value) };
		e[i] = (struct mp_entry){ .key = list[i].key, .value = value };
	}
	return e ? mp_node_of_map(arena, e, n) : NULL;
}

int mp_live_own_containers(struct mp_supervisor *sv, struct mp_error *err)
{
	const size_t n = mp_spec_n_containers(sv->spec);

	if (sv->live.containers)
		return 0;
	sv->live.containers = calloc(n + MP_DEBUG_MAX, sizeof(*sv->live.containers));
	if (!sv->live.containers)
		return mp_fail(err, ENOMEM, "containers");
	memcpy(sv->live.containers, sv->spec->containers, n * sizeof(*sv->live.containers));
	sv->live.spec.containers = sv->live.containers;
	return 0;
}

/* A container whose image is another one is restarted: the machine decides when. */
static int change_images(struct mp_supervisor *sv, const struct mp_pod_spec *given, bool *changed,
			 struct mp_error *err)
{
	const size_t n = mp_spec_n_containers(sv->spec);
	const char **images = mp_arena_alloc(&sv->live.images, n, sizeof(char *));

	if (!images)
		return mp_fail(err, ENOMEM, "images");
	for (size_t i = 0; i < n; i++) {
		images[i] = mp_arena_strdup(&sv->live.images, given->containers[i].image);
		if (!images[i])
			return mp_fail(err, ENOMEM, "images");
	}
	if (mp_live_own_containers(sv, err) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct mp_container_spec *c = &sv->live.containers[i];

		if (mp_streq(c->image, images[i]))
			continue;
		c->image = images[i];
		*changed = true;
		mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_DEFINITION_CHANGED,
							   .container = (int)i });
	}
	return 0;
}

static const char *tolerations_of(const struct mp_pod_spec *spec)
{
	for (size_t i = 0; i < spec->raw.n; i++)
		if (mp_streq(spec->raw.fields[i].name, MP_TOLERATIONS))
			return spec->raw.fields[i].json;
	return NULL;
}

/* They mean nothing here, but who asks is told what was applied last. */
static int change_tolerations(struct mp_supervisor *sv, const struct mp_pod_spec *given,
			      bool *changed, struct mp_error *err)
{
	const struct mp_raw_list old = sv->live.spec.raw;
	const char *json = tolerations_of(given);
	struct mp_raw_field *fields;
	size_t n = 0;

	if (mp_streq(json, tolerations_of(sv->spec)))
		return 0;
	fields = mp_arena_alloc(&sv->live.raw, old.n + 1, sizeof(*fields));
	json = json ? mp_arena_strdup(&sv->live.raw, json) : NULL;
	if (!fields || !json)
		return mp_fail(err, ENOMEM, "tolerations");
	for (size_t i = 0; i < old.n; i++)
		if (!mp_streq(old.fields[i].name, MP_TOLERATIONS))
			fields[n++] = old.fields[i];
	fields[n++] = (struct mp_raw_field){ .name = MP_TOLERATIONS, .json = json };
	sv->live.spec.raw = (struct mp_raw_list){ fields, n };
	*changed = true;
	return 0;
}

static size_t n_other_images(const struct mp_pod_spec *a, const struct mp_pod_spec *b)
{
	size_t n = 0;

	for (size_t i = 0; i < mp_spec_n_containers(a); i++)
		n += mp_streq(a->containers[i].image, b->containers[i].image) ? 0 : 1;
	return n;
}

int mp_live_apply_spec(struct mp_supervisor *sv, const struct mp_pod_spec *given,
		       enum mp_change *ret_change, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	const struct mp_meta_patch meta = {
		.labels = as_node(&arena, given->meta.labels, given->meta.n_labels),
		.annotations = as_node(&arena, given->meta.annotations, given->meta.n_annotations),
		.may_overwrite = true,
	};
	const struct mp_opt_int deadline = given->active_deadline_s;
	bool has_new_meta = false, has_new_spec = false;
	int r = mp_spec_check_update(sv->spec, given, err);

	/* Each is an event, and the queue of a turn is bounded. */
	if (r == 0 && n_other_images(sv->spec, given) > MP_QUEUE_MAX / 2)
		r = mp_fail_text(err, E2BIG, "more than %d images at a time", MP_QUEUE_MAX / 2);
	if (r == 0)
		r = patch(sv, &meta, &has_new_meta, err);
	if (r == 0 && n_other_images(sv->spec, given) > 0)
		r = change_images(sv, given, &has_new_spec, err);
	if (r == 0)
		r = change_tolerations(sv, given, &has_new_spec, err);
	if (r == 0 && deadline.is_set &&
	    (!sv->spec->active_deadline_s.is_set || sv->spec->active_deadline_s.v != deadline.v)) {
		sv->live.spec.active_deadline_s = deadline;
		has_new_spec = true;
	}
	if (has_new_spec) {
		sv->live.spec.meta.generation++;
		mp_trace_spec(sv->trace, sv->spec, sv->now);
	}
	if (has_new_meta || has_new_spec)
		mp_live_publish(sv);
	mp_arena_done(&arena);
	*ret_change = has_new_meta || has_new_spec ? MP_CHANGE_CONFIGURED : MP_CHANGE_NONE;
	return r;
}
