/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/volume_files.h"

#include <errno.h>
#include <string.h>

#include "runtime/providers.h"

#define DEFAULT_MODE 0644
#define TOKEN_MODE   0600 /* as soon as it is somebody's in particular */

struct collect {
	const struct mp_pod_spec *spec;
	const struct mp_env_facts *facts;
	struct mp_volume_files *files;
};

bool mp_volume_is_generated(enum mp_volume_kind kind)
{
	switch (kind) {
	case MP_VOLUME_CONFIG_MAP:
	case MP_VOLUME_SECRET:
	case MP_VOLUME_DOWNWARD:
	case MP_VOLUME_PROJECTED:
		return true;
	case MP_VOLUME_NONE:
	case MP_VOLUME_EMPTY_DIR:
	case MP_VOLUME_HOST_PATH:
	case MP_VOLUME_PVC:
	case MP_VOLUME_IMAGE:
		break;
	}
	return false;
}

/* Room for @n more files. */
static int make_room(struct collect *c, size_t n, struct mp_error *err)
{
	struct mp_volume_files *files = c->files;
	struct mp_volume_file *list =
		mp_arena_alloc(&files->arena, files->n + n + 1, sizeof(*list));

	if (!list)
		return mp_fail(err, ENOMEM, "collect the volume's files");
	if (files->n > 0)
		memcpy(list, files->list, files->n * sizeof(*list));
	files->list = list;
	return 0;
}

static struct mp_volume_file *add_file(struct collect *c, const char *path, const void *data,
				       size_t size, mode_t mode)
{
	struct mp_volume_file *file = &c->files->list[c->files->n++];

	*file = (struct mp_volume_file){ .path = path, .data = data, .size = size, .mode = mode };
	return file;
}

static mode_t mode_of(struct mp_opt_int own, struct mp_opt_int all)
{
	return (mode_t)(own.is_set ? own.v : all.is_set ? all.v : DEFAULT_MODE);
}

static int add_object(struct collect *c, const struct mp_object_volume *source,
		      enum mp_object_kind kind, struct mp_opt_int mode, struct mp_error *err)
{
	const bool is_map = kind == MP_OBJECT_CONFIG_MAP;
	const struct mp_object *object =
		mp_objects_find(c->facts->objects, kind, c->spec->meta.namespace_, source->name);
	const struct mp_opt_int none = { 0 };
	int r;

	if (!object && source->is_optional)
		return 0;
	if (!object)
		return mp_fail_text(err, ENOENT, "%s \"%s\" not found",
				    is_map ? "configmap" : "secret", source->name);
	r = make_room(c, source->n_items > 0 ? source->n_items : object->n_entries, err);
	for (size_t i = 0; i < object->n_entries && source->n_items == 0 && r == 0; i++)
		(void)add_file(c, object->entries[i].key, object->entries[i].bytes,
			       object->entries[i].len, mode_of(none, mode));
	for (size_t i = 0; i < source->n_items && r == 0; i++) {
		const struct mp_key_item *item = &source->items[i];
		const struct mp_object_entry *entry = mp_object_key(object, item->key);

		if (entry)
			(void)add_file(c, item->path, entry->bytes, entry->len,
				       mode_of(item->mode, mode));
		else if (!source->is_optional)
			r = mp_fail_text(err, ENOENT, "%sreferences non-existent %s key: %s",
					 is_map ? "configmap " : "", is_map ? "config" : "secret",
					 item->key);
	}
	return r;
}

static int add_downward(struct collect *c, const struct mp_downward_volume *source,
			struct mp_opt_int mode, struct mp_error *err)
{
	struct mp_arena *arena = &c->files->arena;
	int r = make_room(c, source->n_items, err);

	for (size_t i = 0; i < source->n_items && r == 0; i++) {
		const struct mp_downward_item *item = &source->items[i];
		const char *text =
			item->field.is_set ?
				mp_field_value(c->spec, item->field.path, true, c->facts, arena) :
				mp_resource_value(c->spec, 0, &item->resource, true, c->facts,
						  arena);

		if (!text)
			return mp_fail_text(err, EINVAL, "%s cannot be resolved",
					    item->field.is_set ? item->field.path :
								 item->resource.resource);
		(void)add_file(c, item->path, text, strlen(text), mode_of(item->mode, mode));
	}
	return r;
}

/* The one user that every container runs as, if the manifest says so of all of them. */
static bool find_only_user(const struct mp_pod_spec *spec, uid_t *ret)
{
	struct mp_opt_int user = { 0 };

	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_opt_int own = spec->containers[i].security.run_as_user;
		const struct mp_opt_int at = own.is_set ? own : spec->security.run_as_user;

		if (!at.is_set || (user.is_set && user.v != at.v))
			return false;
		user = at;
	}
	*ret = (uid_t)user.v;
	return user.is_set;
}

static int add_token(struct collect *c, const char *path, struct mp_opt_int mode, bool is_optional,
		     struct mp_error *err)
{
	const char *account = mp_service_account(c->spec);
	const struct mp_object_entry *token =
		mp_objects_token(c->facts->objects, c->spec->meta.namespace_, account);
	struct mp_volume_file *file;
	int r = make_room(c, 1, err);

	if (r < 0)
		return r;
	if (!token && is_optional)
		return 0;
	if (!token)
		return mp_fail_text(err, ENOENT,
				    "failed to fetch token: serviceaccounts \"%s\" not found",
				    account);
	file = add_file(c, path, token->bytes, token->len, mode_of(mode, mode));
	if (find_only_user(c->spec, &file->uid) || c->spec->security.fs_group.is_set)
		file->mode = TOKEN_MODE;
	return 0;
}

static int add_projected(struct collect *c, const struct mp_volume *v, struct mp_error *err)
{
	const struct mp_opt_int mode = v->projected.default_mode;
	/* A cluster's part of it may be missing here: there is none. */
	const bool is_lenient = mp_volume_is_api_access(v);
	int r = 0;

	for (size_t i = 0; i < v->projected.n_sources && r == 0; i++) {
		const struct mp_projected_source *s = &v->projected.sources[i];
		struct mp_object_volume map = s->config_map;

		map.is_optional = map.is_optional || is_lenient;
		if (s->has_config_map)
			r = add_object(c, &map, MP_OBJECT_CONFIG_MAP, mode, err);
		else if (s->has_secret)
			r = add_object(c, &s->secret, MP_OBJECT_SECRET, mode, err);
		else if (s->has_downward)
			r = add_downward(c, &s->downward, mode, err);
		else if (s->has_token)
			r = add_token(c, s->token.path, mode, is_lenient, err);
	}
	return r;
}

int mp_volume_files_collect(const struct mp_pod_spec *spec, const struct mp_volume *v,
			    const struct mp_env_facts *facts, struct mp_volume_files *ret,
			    struct mp_error *err)
{
	struct collect c = { spec, facts, ret };

	switch (v->kind) {
	case MP_VOLUME_CONFIG_MAP:
		return add_object(&c, &v->config_map, MP_OBJECT_CONFIG_MAP,
				  v->config_map.default_mode, err);
	case MP_VOLUME_SECRET:
		return add_object(&c, &v->secret, MP_OBJECT_SECRET, v->secret.default_mode, err);
	case MP_VOLUME_DOWNWARD:
		return add_downward(&c, &v->downward, v->downward.default_mode, err);
	case MP_VOLUME_PROJECTED:
		return add_projected(&c, v, err);
	case MP_VOLUME_NONE:
	case MP_VOLUME_EMPTY_DIR:
	case MP_VOLUME_HOST_PATH:
	case MP_VOLUME_PVC:
	case MP_VOLUME_IMAGE:
		break;
	}
	return 0;
}
