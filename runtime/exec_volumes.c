/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes: from the manifest's words to directories, tmpfs and generated files. Idempotent. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/volumes.h"
#include "runtime/assemble.h"
#include "runtime/base/fd.h"
#include "runtime/supervisor.h"

#define DEFAULT_MODE 0644
#define FILES_MAX    1024

/** struct files - generated files of one volume while they are collected. */
struct files {
	struct mp_supervisor *sv;
	struct mp_arena *arena;
	struct mp_env_facts facts;
	struct mp_volume_file list[FILES_MAX];
	size_t n;
};

static const char *plugin_dir(enum mp_volume_kind kind)
{
	switch (kind) {
	case MP_VOLUME_EMPTY_DIR:
		return "kubernetes.io~empty-dir";
	case MP_VOLUME_CONFIG_MAP:
		return "kubernetes.io~configmap";
	case MP_VOLUME_SECRET:
		return "kubernetes.io~secret";
	case MP_VOLUME_DOWNWARD:
		return "kubernetes.io~downward-api";
	case MP_VOLUME_PROJECTED:
		return "kubernetes.io~projected";
	case MP_VOLUME_NONE:
	case MP_VOLUME_HOST_PATH:
	case MP_VOLUME_PVC:
	case MP_VOLUME_IMAGE:
		break;
	}
	return NULL;
}

/* What may grow lives on disk; what is mounted, or must not touch one, in the private directory. */
static bool is_on_disk(const struct mp_volume *v)
{
	return v->kind == MP_VOLUME_CONFIG_MAP ||
	       (v->kind == MP_VOLUME_EMPTY_DIR && !mp_streq(v->empty_dir.medium, "Memory"));
}

static int open_plugin_dir(struct mp_supervisor *sv, const struct mp_volume *v, int *ret_fd,
			   struct mp_error *err)
{
	char path[64];
	int r = is_on_disk(v) ? mp_state_dir_data(&sv->dir, err) : 0;
	const int base = is_on_disk(v) ? sv->dir.lib_fd : sv->private_fd;

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "volumes/%s", plugin_dir(v->kind));
	r = mp_dir_make(base, path, 0750, err);
	if (r < 0)
		return r;
	*ret_fd = openat(base, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? mp_fail(err, errno, "open %s", path) : 0;
}

/* ---- generated files ------------------------------------------------------------------------ */

static int add_file(struct files *f, const char *path, const void *data, size_t size, mode_t mode,
		    struct mp_error *err)
{
	if (f->n == FILES_MAX)
		return mp_fail_text(err, E2BIG, "more than %d files", FILES_MAX);
	f->list[f->n++] =
		(struct mp_volume_file){ .path = path, .data = data, .size = size, .mode = mode };
	return 0;
}

static mode_t mode_of(struct mp_opt_int own, struct mp_opt_int all)
{
	return (mode_t)(own.is_set ? own.v : all.is_set ? all.v : DEFAULT_MODE);
}

static int add_object(struct files *f, const struct mp_object_volume *source,
		      enum mp_object_kind kind, struct mp_opt_int mode, struct mp_error *err)
{
	const char *ns = f->sv->spec->meta.namespace_;
	const bool is_map = kind == MP_OBJECT_CONFIG_MAP;
	const struct mp_object *object =
		mp_objects_find(f->sv->config.objects, kind, ns, source->name);
	const struct mp_opt_int none = { 0 };
	int r = 0;

	if (!object) {
		if (source->is_optional)
			return 0;
		return mp_fail_text(err, ENOENT, "%s \"%s\" not found",
				    is_map ? "configmap" : "secret", source->name);
	}
	for (size_t i = 0; i < object->n_entries && !source->has_items && r == 0; i++)
		r = add_file(f, object->entries[i].key, object->entries[i].bytes,
			     object->entries[i].len, mode_of(none, mode), err);
	for (size_t i = 0; i < source->n_items && r == 0; i++) {
		const struct mp_key_item *item = &source->items[i];
		const struct mp_object_entry *entry = mp_object_key(object, item->key);

		if (entry)
			r = add_file(f, item->path, entry->bytes, entry->len,
				     mode_of(item->mode, mode), err);
		else if (!source->is_optional)
			r = mp_fail_text(err, ENOENT, "%sreferences non-existent %s key: %s",
					 is_map ? "configmap " : "", is_map ? "config" : "secret",
					 item->key);
	}
	return r;
}

static int add_downward(struct files *f, const struct mp_downward_volume *source,
			struct mp_opt_int mode, struct mp_error *err)
{
	const struct mp_pod_spec *spec = f->sv->spec;
	int r = 0;

	for (size_t i = 0; i < source->n_items && r == 0; i++) {
		const struct mp_downward_item *item = &source->items[i];
		const char *text =
			item->field.is_set ?
				mp_field_value(spec, item->field.path, true, &f->facts, f->arena) :
				mp_resource_value(spec, 0, &item->resource, true, &f->facts,
						  f->arena);

		if (!text)
			return mp_fail_text(err, EINVAL, "%s cannot be resolved",
					    item->field.is_set ? item->field.path :
								 item->resource.resource);
		r = add_file(f, item->path, text, strlen(text), mode_of(item->mode, mode), err);
	}
	return r;
}

static int add_projected(struct files *f, const struct mp_volume *v, struct mp_error *err)
{
	const struct mp_opt_int mode = v->projected.default_mode;
	int r = 0;

	for (size_t i = 0; i < v->projected.n_sources && r == 0; i++) {
		const struct mp_projected_source *s = &v->projected.sources[i];

		if (s->has_config_map)
			r = add_object(f, &s->config_map, MP_OBJECT_CONFIG_MAP, mode, err);
		else if (s->has_secret)
			r = add_object(f, &s->secret, MP_OBJECT_SECRET, mode, err);
		else if (s->has_downward)
			r = add_downward(f, &s->downward, mode, err);
	}
	return r;
}

static int collect(struct files *f, const struct mp_volume *v, struct mp_error *err)
{
	switch (v->kind) {
	case MP_VOLUME_CONFIG_MAP:
		return add_object(f, &v->config_map, MP_OBJECT_CONFIG_MAP,
				  v->config_map.default_mode, err);
	case MP_VOLUME_SECRET:
		return add_object(f, &v->secret, MP_OBJECT_SECRET, v->secret.default_mode, err);
	case MP_VOLUME_DOWNWARD:
		return add_downward(f, &v->downward, v->downward.default_mode, err);
	case MP_VOLUME_PROJECTED:
		return add_projected(f, v, err);
	case MP_VOLUME_NONE:
	case MP_VOLUME_EMPTY_DIR:
	case MP_VOLUME_HOST_PATH:
	case MP_VOLUME_PVC:
	case MP_VOLUME_IMAGE:
		break;
	}
	return 0;
}

static gid_t fs_group(const struct mp_pod_spec *spec)
{
	return spec->security.fs_group.is_set ? (gid_t)spec->security.fs_group.v : (gid_t)-1;
}

/* Other volumes mounted below a read-only one need their mount point in it (9.7). */
static int make_nested(const struct mp_supervisor *sv, const struct mp_volume *v, int fd,
		       struct mp_error *err)
{
	int r = 0;

	for (size_t i = 0; i < mp_spec_n_containers(sv->spec); i++) {
		const struct mp_container_spec *c = &sv->spec->containers[i];

		for (size_t j = 0; j < c->n_mounts && r == 0; j++) {
			const char *base = c->mounts[j].mount_path;
			const size_t len = strlen(base);

			if (!mp_streq(c->mounts[j].name, v->name) || c->mounts[j].sub_path)
				continue;
			for (size_t k = 0; k < c->n_mounts && r == 0; k++) {
				const char *path = c->mounts[k].mount_path;

				if (k != j && strncmp(path, base, len) == 0 && path[len] == '/' &&
				    path[len + 1] != '\0')
					r = mp_volume_subdir(fd, path + len + 1, err);
			}
		}
	}
	return r;
}

static int setup_files(struct mp_supervisor *sv, const struct mp_volume *v, int parent, int *ret_fd,
		       struct mp_error *err)
{
	static struct files f; /* one thread; large */
	struct mp_arena arena = { .head = NULL };
	int r;

	f.sv = sv;
	f.arena = &arena;
	f.facts = mp_env_facts_now(sv, NULL);
	f.n = 0;
	r = collect(&f, v, err);
	/* A ConfigMap is no secret: it may live on disk; the others never touch one. */
	if (r == 0)
		r = v->kind == MP_VOLUME_CONFIG_MAP ?
			    mp_volume_dir(parent, v->name, ret_fd, err) :
			    mp_volume_tmpfs(parent, v->name, 0, 0777, ret_fd, err);
	if (r == 0)
		r = mp_volume_write(*ret_fd, f.list, f.n, fs_group(sv->spec), sv->now.wall, NULL,
				    err);
	if (r == 0)
		r = make_nested(sv, v, *ret_fd, err);
	mp_arena_done(&arena);
	return r;
}

/* ---- emptyDir ---------------------------------------------------------------------------------- */

/* The smallest of machine memory, the pod's limit and sizeLimit, each if there is one (9.8). */
static uint64_t memory_size(const struct mp_supervisor *sv, const struct mp_volume *v)
{
	const struct mp_cgroup_limits pod = mp_assemble_pod_limits(sv->spec);
	const int64_t limit = mp_quantity_value(&v->empty_dir.size_limit);
	uint64_t size = (uint64_t)sv->node.memory_bytes;

	if (pod.memory_max_bytes > 0 && pod.memory_max_bytes < size)
		size = pod.memory_max_bytes;
	if (limit > 0 && (uint64_t)limit < size)
		size = (uint64_t)limit;
	return size;
}

static int setup_empty_dir(struct mp_supervisor *sv, const struct mp_volume *v, int parent,
			   int *ret_fd, struct mp_error *err)
{
	int r = mp_streq(v->empty_dir.medium, "Memory") ?
			mp_volume_tmpfs(parent, v->name, memory_size(sv, v), 0777, ret_fd, err) :
			mp_volume_dir(parent, v->name, ret_fd, err);

	if (r == 0 && sv->spec->security.fs_group.is_set)
		r = mp_volume_set_group(*ret_fd, fs_group(sv->spec), false, MP_GROUP_ALWAYS, err);
	return r;
}

static int setup(struct mp_supervisor *sv, const struct mp_volume *v, int *ret_fd,
		 struct mp_error *err)
{
	mp_auto_fd parent = -EBADF;
	mp_auto_fd fd = -EBADF;
	int r;

	if (v->kind == MP_VOLUME_HOST_PATH)
		return mp_volume_host_path(v->host_path.path,
					   mp_assemble_host_path_type(v->host_path.type), ret_fd,
					   err);
	if (!plugin_dir(v->kind))
		return mp_fail_text(err, EOPNOTSUPP, "this kind of volume is not supported");
	r = open_plugin_dir(sv, v, &parent, err);
	if (r == 0)
		r = v->kind == MP_VOLUME_EMPTY_DIR ? setup_empty_dir(sv, v, parent, &fd, err) :
						     setup_files(sv, v, parent, &fd, err);
	if (r < 0)
		return r;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static bool is_mounted(const struct mp_pod_spec *spec, const char *name)
{
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++)
		for (size_t j = 0; j < spec->containers[i].n_mounts; j++)
			if (mp_streq(spec->containers[i].mounts[j].name, name))
				return true;
	return false;
}

void mp_exec_setup_volumes(struct mp_supervisor *sv)
{
	struct mp_error err = MP_ERROR_NONE;
	bool is_complete = true;

	for (size_t i = 0; i < sv->spec->n_volumes; i++) {
		const struct mp_volume *v = &sv->spec->volumes[i];
		struct mp_volume_rt *rt = &sv->volumes[i];

		if (rt->is_ready || !is_mounted(sv->spec, v->name))
			continue;
		if (setup(sv, v, &rt->fd, &err) < 0) {
			mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_VOLUME_FAILED,
								   .container = -1,
								   .volume = { (int)i, err.msg } });
			is_complete = false;
			continue;
		}
		rt->is_ready = true;
	}
	if (is_complete)
		mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_VOLUMES_READY,
							   .container = -1 });
}

int mp_volume_fd(const struct mp_supervisor *sv, const char *name)
{
	const int i = mp_spec_volume(sv->spec, name);

	return i >= 0 && sv->volumes[i].is_ready ? sv->volumes[i].fd : -EBADF;
}

void mp_exec_remove_volumes(struct mp_supervisor *sv)
{
	for (size_t i = 0; i < sv->spec->n_volumes; i++) {
		const struct mp_volume *v = &sv->spec->volumes[i];
		const int base = is_on_disk(v) ? sv->dir.lib_fd : sv->private_fd;
		mp_auto_fd parent = -EBADF;
		char path[64];

		if (!plugin_dir(v->kind) || base < 0)
			continue;
		(void)snprintf(path, sizeof(path), "volumes/%s", plugin_dir(v->kind));
		parent = openat(base, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (parent >= 0)
			(void)mp_volume_remove(parent, v->name, NULL);
	}
}
