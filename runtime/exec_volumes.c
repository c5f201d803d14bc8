/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: from the manifest's words to directories, file systems and generated files. Idempotent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/resolve.h"
#include "rootfs/volumes.h"
#include "runtime/assemble.h"
#include "runtime/base/fd.h"
#include "runtime/env_file.h"
#include "runtime/providers.h"
#include "runtime/supervisor.h"
#include "runtime/volume_files.h"

#define FAILURES_MAX ((size_t)MP_QUEUE_MAX / 4) /* told at a time */

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
		break;
	case MP_VOLUME_IMAGE:
		return MP_IMAGE_VOLUME_DIR;
	}
	return NULL;
}

/* What may grow lives on disk; what is mounted, or must not touch one, in the private directory. */
static bool is_on_disk(const struct mp_volume *v)
{
	return v->kind == MP_VOLUME_CONFIG_MAP ||
	       (v->kind == MP_VOLUME_EMPTY_DIR && mp_is_empty(v->empty_dir.medium));
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

static gid_t fs_group(const struct mp_pod_spec *spec)
{
	return spec->security.fs_group.is_set ? (gid_t)spec->security.fs_group.v : (gid_t)-1;
}

/* The path of @target below @base, or NULL; both may have slashes too many. */
static const char *below(const char *target, const char *base)
{
	for (;;) {
		const size_t n = strcspn(base += strspn(base, "/"), "/");

		target += strspn(target, "/");
		if (n == 0)
			return *target ? target : NULL;
		if (strncmp(target, base, n) != 0 || (target[n] != '/' && target[n] != '\0'))
			return NULL;
		base += n;
		target += n;
	}
}

/* Is @target, a mount point below @base, inside another mount that is below @base, too? */
static bool is_deeper(const struct mp_container_spec *c, const char *target, const char *base)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *path = c->mounts[i].mount_path;

		if (below(path, base) && below(target, path))
			return true;
	}
	return false;
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

			if (!mp_streq(c->mounts[j].name, v->name) ||
			    !mp_is_empty(c->mounts[j].sub_path) ||
			    !mp_is_empty(c->mounts[j].sub_path_expr))
				continue;
			for (size_t k = 0; k < c->n_mounts && r == 0; k++) {
				const char *path = below(c->mounts[k].mount_path, base);

				if (path && !is_deeper(c, c->mounts[k].mount_path, base))
					r = mp_volume_subdir(fd, path, err);
			}
		}
	}
	return r;
}

static int setup_files(struct mp_supervisor *sv, const struct mp_volume *v, int parent, int *ret_fd,
		       struct mp_error *err)
{
	const struct mp_env_facts facts = mp_env_facts_now(sv, NULL);
	struct mp_volume_files files = { .n = 0 };
	int r = mp_volume_files_collect(sv->spec, v, &facts, &files, err);

	/* A ConfigMap is no secret: it may live on disk; the others never touch one. */
	if (r == 0)
		r = v->kind == MP_VOLUME_CONFIG_MAP ?
			    mp_volume_dir(parent, v->name, ret_fd, err) :
			    mp_volume_tmpfs(parent, v->name, 0, 01777, ret_fd, err);
	if (r == 0)
		r = mp_volume_write(*ret_fd, files.list, files.n, fs_group(sv->spec), sv->now.wall,
				    NULL, err);
	if (r == 0)
		r = make_nested(sv, v, *ret_fd, err);
	mp_arena_done(&files.arena);
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

static int make_empty_dir(struct mp_supervisor *sv, const struct mp_volume *v, int parent,
			  int *ret_fd, struct mp_error *err)
{
	const char *medium = mp_or_empty(v->empty_dir.medium);
	const char *page_size = NULL;
	int r;

	if (mp_streq(medium, "Memory"))
		return mp_volume_tmpfs(parent, v->name, memory_size(sv, v), 01777, ret_fd, err);
	if (!medium[0])
		return mp_volume_dir(parent, v->name, ret_fd, err);
	r = mp_assemble_page_size(sv->spec, medium, &page_size, err);
	return r < 0 ? r : mp_volume_hugetlbfs(parent, v->name, page_size, ret_fd, err);
}

static int setup_empty_dir(struct mp_supervisor *sv, const struct mp_volume *v, int parent,
			   int *ret_fd, struct mp_error *err)
{
	int r = make_empty_dir(sv, v, parent, ret_fd, err);

	if (r == 0 && sv->spec->security.fs_group.is_set)
		r = mp_volume_set_group(*ret_fd, fs_group(sv->spec), false, MP_GROUP_ALWAYS, err);
	return r;
}

/* ---- claims ------------------------------------------------------------------------------------ */

/* Only a local volume is the claim's own: a hostPath may be anybody's, as in a pod. */
static int setup_claim(struct mp_supervisor *sv, const struct mp_volume *v, int *ret_fd,
		       struct mp_error *err)
{
	const struct mp_pod_security *security = &sv->spec->security;
	const struct mp_object *volume = NULL;
	mp_auto_fd fd = -EBADF;
	int r = mp_claim_find(sv->config.objects, sv->spec->meta.namespace_, v->pvc.claim_name,
			      &volume, err);

	if (r == 0 && volume->pv.has_host_path)
		return mp_volume_host_path(volume->pv.path,
					   mp_assemble_host_path_type(volume->pv.path_type), ret_fd,
					   err);
	if (r < 0)
		return r;
	fd = open(volume->pv.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return mp_fail(err, errno, "open %s", volume->pv.path);
	if (security->fs_group.is_set && !v->pvc.read_only)
		r = mp_volume_set_group(fd, fs_group(sv->spec), false,
					mp_streq(security->fs_group_change_policy,
						 "OnRootMismatch") ?
						MP_GROUP_ON_ROOT_MISMATCH :
						MP_GROUP_ALWAYS,
					err);
	if (r == 0)
		*ret_fd = mp_steal_fd(&fd);
	return r;
}

/* ---- all of them ------------------------------------------------------------------------------- */

/* Does a container want to see, or to show, what is mounted in the volume later on? */
static bool propagates(const struct mp_pod_spec *spec, const struct mp_volume *v)
{
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_container_spec *c = &spec->containers[i];

		for (size_t j = 0; j < c->n_mounts; j++)
			if (mp_streq(c->mounts[j].name, v->name) &&
			    mp_assemble_propagation(&c->mounts[j]) != MP_PROPAGATION_PRIVATE)
				return true;
	}
	return false;
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
	if (v->kind == MP_VOLUME_PVC)
		return setup_claim(sv, v, ret_fd, err);
	if (!plugin_dir(v->kind))
		return mp_fail_text(err, EOPNOTSUPP, "this kind of volume is not supported");
	r = open_plugin_dir(sv, v, &parent, err);
	if (r == 0)
		r = v->kind == MP_VOLUME_EMPTY_DIR ? setup_empty_dir(sv, v, parent, &fd, err) :
						     setup_files(sv, v, parent, &fd, err);
	if (r == 0 && propagates(sv->spec, v))
		r = mp_volume_share(parent, v->name, &fd, err);
	if (r < 0)
		return r;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static bool is_used(const struct mp_pod_spec *spec, const char *name)
{
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_container_spec *c = &spec->containers[i];

		for (size_t j = 0; j < c->n_mounts; j++)
			if (mp_streq(c->mounts[j].name, name))
				return true;
		for (size_t j = 0; j < c->n_env; j++)
			if (c->env[j].file.is_set && mp_streq(c->env[j].file.volume, name))
				return true;
	}
	return false;
}

void mp_exec_reopen_volumes(struct mp_supervisor *sv)
{
	for (size_t i = 0; i < sv->spec->n_volumes; i++) {
		const struct mp_volume *v = &sv->spec->volumes[i];
		struct mp_volume_rt *rt = &sv->volumes[i];

		if (!rt->is_ready && is_used(sv->spec, v->name))
			rt->is_ready = setup(sv, v, &rt->fd, NULL) == 0;
	}
}

void mp_exec_setup_volumes(struct mp_supervisor *sv)
{
	size_t n_failed = 0;

	/* The queue of events has an end: what is not tried now is tried the next time. */
	for (size_t i = 0; i < sv->spec->n_volumes && n_failed < FAILURES_MAX; i++) {
		struct mp_error err = MP_ERROR_NONE;
		const struct mp_volume *v = &sv->spec->volumes[i];
		struct mp_volume_rt *rt = &sv->volumes[i];

		/* Images are mounted when a container that mounts them is created. */
		if (rt->is_ready || v->kind == MP_VOLUME_IMAGE || !is_used(sv->spec, v->name))
			continue;
		if (setup(sv, v, &rt->fd, &err) < 0) {
			mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_VOLUME_FAILED,
								   .container = -1,
								   .volume = { (int)i, err.msg } });
			n_failed++;
			continue;
		}
		rt->is_ready = true;
	}
	if (n_failed == 0)
		mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_VOLUMES_READY,
							   .container = -1 });
}

/* What is shown stays as it was when the new contents cannot be had, as the kubelet does it. */
static void refresh(struct mp_supervisor *sv, const struct mp_volume *v, int fd,
		    unsigned int *n_changed)
{
	const struct mp_env_facts facts = mp_env_facts_now(sv, NULL);
	struct mp_volume_files files = { .n = 0 };
	struct mp_error err = MP_ERROR_NONE;
	bool has_changed = false;
	int r = mp_volume_files_collect(sv->spec, v, &facts, &files, &err);

	if (r == 0)
		r = mp_volume_write(fd, files.list, files.n, fs_group(sv->spec), sv->now.wall,
				    &has_changed, &err);
	if (r < 0 && sv->n_queued < MP_QUEUE_MAX / 2) {
		char text[MP_ERROR_MSG_MAX + 256];

		(void)snprintf(text, sizeof(text),
			       "MountVolume.SetUp failed for volume \"%s\" : %s", v->name, err.msg);
		mp_supervisor_post(
			sv, &(struct mp_event){ .type = MP_EV_NOTE,
						.container = -1,
						.note = { true, "FailedMount", text, NULL } });
	}
	*n_changed += has_changed ? 1 : 0;
	mp_arena_done(&files.arena);
}

unsigned int mp_exec_refresh_volumes(struct mp_supervisor *sv)
{
	unsigned int n_changed = 0;

	for (size_t i = 0; i < sv->spec->n_volumes; i++)
		if (sv->volumes[i].is_ready && mp_volume_is_generated(sv->spec->volumes[i].kind))
			refresh(sv, &sv->spec->volumes[i], sv->volumes[i].fd, &n_changed);
	return n_changed;
}

int mp_volume_fd(const struct mp_supervisor *sv, const char *name)
{
	const int i = mp_spec_volume(sv->spec, name);

	return i >= 0 && sv->volumes[i].is_ready ? sv->volumes[i].fd : -EBADF;
}

int mp_volume_read_file(const void *ctx, const char *volume, const char *path,
			struct mp_arena *arena, char **ret_text, size_t *ret_len)
{
	const int root = mp_volume_fd(ctx, volume);
	char link[32];
	struct stat st;

	if (root < 0)
		return -ENOENT;

	/* Looked at before it is opened: a container may have put a device or a FIFO there. */
	mp_auto_fd found = mp_resolve_open(root, path, O_PATH, 0);

	if (found < 0 || fstat(found, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", found);
	return mp_file_read(AT_FDCWD, link, MP_ENV_FILE_MAX, arena, ret_text, ret_len, NULL) < 0 ?
		       -EINVAL :
		       0;
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
