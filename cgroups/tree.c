/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/node.h"
#include "cgroups/parse.h"
#include "runtime/base/auto.h"

/* A pod's cpu request in thousandths, for the sum at its shared parent. */
#define XATTR_REQUEST "trusted.minipod.cpu_milli"

#define ALWAYS (MP_BIT(MP_CGROUP_UNIFIED) | MP_BIT(MP_CGROUP_MEMORY) | MP_BIT(MP_CGROUP_PIDS))
#define TIME   (MP_BIT(MP_CGROUP_CPUACCT) | MP_BIT(MP_CGROUP_CPU))

static bool is_plain_name(const char *name, size_t len)
{
	if (len == 0 || len > NAME_MAX || memchr(name, '\n', len))
		return false;
	return !(name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')));
}

static bool is_plain_path(const char *path)
{
	if (strlen(path) > PATH_MAX / 4)
		return false;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!is_plain_name(path, len))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static unsigned needed(const struct mp_cgroup_limits *limits)
{
	return ALWAYS | (limits->is_idle ? 0 : TIME) |
	       (limits->is_pid_ns || limits->is_idle ? 0 : MP_BIT(MP_CGROUP_FREEZER)) |
	       (limits->n_hugetlb ? MP_BIT(MP_CGROUP_HUGETLB) : 0);
}

/* Take back what a failed open has made; a directory that was there before stays. */
static void undo(struct mp_cgroup *cg)
{
	for (size_t i = 0; i < cg->host->n; i++) {
		if (!(cg->made & MP_BIT(i)))
			continue;
		if (cg->pod) {
			(void)mp_node_rmdir(cg->pod->dir[i], cg->name);
			continue;
		}

		mp_auto_free char *path = NULL;

		if (asprintf(&path, "%s/%s", cg->host->root, cg->path) < 0) {
			path = NULL;
			continue;
		}
		(void)mp_node_rmdir(cg->host->h[i].top_fd, path);
	}
	if (!cg->pod) {
		/* Parents can be ours even where the pod's own directory could not be made. */
		for (size_t i = 0; i < cg->host->n; i++)
			mp_node_prune_parents(cg->host, i, cg->path);
	}
}

/* Best effort: without the xattr a pod counts as if it had asked for nothing. */
static void note_request(const struct mp_cgroup *cg, const struct mp_cgroup_limits *limits)
{
	int at = cg->host->where[MP_CGROUP_CPU];
	char path[PATH_MAX];
	char value[24];

	if (at < 0 || cg->pod || !strchr(cg->path, '/'))
		return;

	uint64_t milli = limits->has_cpu_request ? limits->cpu_request_milli : 0;
	int n = snprintf(path, sizeof(path), "%s/%s", cg->host->h[at].root, cg->path);
	int len = snprintf(value, sizeof(value), "%" PRIu64, milli);

	if (n < (int)sizeof(path))
		(void)setxattr(path, XATTR_REQUEST, value, (size_t)len, 0);
}

/* Hierarchies of v1 that measure time and nothing else: pause is not in them. As controllers. */
static unsigned only_for_containers(const struct mp_cgroup_host *host)
{
	unsigned ret = 0;

	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++)
		if ((TIME & MP_BIT(c)) && host->where[c] >= 0 &&
		    !(host->h[host->where[c]].controllers & ALWAYS))
			ret |= MP_BIT(c);
	return ret;
}

/* @later: controllers that are left for mp_cgroup_complete_pod(). */
static int open_new(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits, unsigned later,
		    struct mp_cgroup **ret, struct mp_error *err)
{
	if (!cg)
		return mp_fail(err, ENOMEM, "create a cgroup");

	int r = mp_node_add(cg, needed(limits) & ~later, err);

	if (r == 0) {
		unsigned has = 0;

		for (size_t i = 0; i < cg->host->n; i++)
			has |= cg->dir[i] >= 0 ? MP_BIT(i) : 0;
		r = mp_node_apply(cg, limits, ~later, cg->made == has, err);
	}
	if (r < 0) {
		undo(cg);
		mp_cgroup_close(cg);
		return r;
	}
	if (later == 0)
		note_request(cg, limits);
	*ret = cg;
	return 0;
}

int mp_cgroup_open_pod(struct mp_cgroup_host *host, const char *path,
		       const struct mp_cgroup_limits *limits, struct mp_cgroup **ret,
		       struct mp_error *err)
{
	if (!is_plain_path(path))
		return mp_fail_text(err, EINVAL, "cgroup '%s': not a plain relative path", path);

	int r = open_new(mp_node_new(host, NULL, path), limits, 0, ret, err);

	return r < 0 ? mp_wrap(err, r, "cgroup of the pod") : 0;
}

int mp_cgroup_begin_pod(struct mp_cgroup_host *host, const char *path,
			const struct mp_cgroup_limits *limits, struct mp_cgroup **ret,
			struct mp_error *err)
{
	if (!is_plain_path(path))
		return mp_fail_text(err, EINVAL, "cgroup '%s': not a plain relative path", path);

	int r = open_new(mp_node_new(host, NULL, path), limits, only_for_containers(host), ret,
			 err);

	return r < 0 ? mp_wrap(err, r, "cgroup of the pod") : 0;
}

int mp_cgroup_complete_pod(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits,
			   struct mp_error *err)
{
	const unsigned later = only_for_containers(cg->host);
	const unsigned before = cg->made;
	bool is_fresh = true;

	if (later == 0)
		return 0;

	int r = mp_node_add(cg, later, err);

	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++)
		if (later & MP_BIT(c))
			is_fresh =
				is_fresh && (cg->made & ~before & MP_BIT(cg->host->where[c])) != 0;
	if (r == 0)
		r = mp_node_apply(cg, limits, later, is_fresh, err);
	if (r < 0) {
		/* What was made goes with the pod; parents without a pod's directory would not. */
		for (size_t i = 0; i < cg->host->n; i++)
			if (cg->dir[i] < 0)
				mp_node_prune_parents(cg->host, i, cg->path);
		return mp_wrap(err, r, "cgroup of the pod");
	}
	note_request(cg, limits);
	return 0;
}

/* "pod/name" as a path; NULL when out of memory or not a plain name. */
static struct mp_cgroup *new_container(struct mp_cgroup *pod, const char *name,
				       struct mp_error *err)
{
	mp_auto_free char *path = NULL;
	struct mp_cgroup *cg = NULL;

	if (!is_plain_name(name, strlen(name)) || strchr(name, '/')) {
		(void)mp_fail_text(err, EINVAL, "cgroup '%s': not a plain name", name);
		return NULL;
	}
	if (asprintf(&path, "%s/%s", pod->path, name) < 0)
		path = NULL;
	else
		cg = mp_node_new(pod->host, pod, path);
	if (!cg)
		(void)mp_fail(err, ENOMEM, "cgroup of container '%s'", name);
	return cg;
}

int mp_cgroup_open_container(struct mp_cgroup *pod, const char *name,
			     const struct mp_cgroup_limits *limits, struct mp_cgroup **ret,
			     struct mp_error *err)
{
	struct mp_error scratch = MP_ERROR_NONE;

	if (!err)
		err = &scratch;

	struct mp_cgroup *cg = new_container(pod, name, err);

	if (!cg)
		return -err->code;

	int r = open_new(cg, limits, 0, ret, err);

	return r < 0 ? mp_wrap(err, r, "cgroup of container '%s'", name) : 0;
}

/* Every hierarchy of the host is looked at: another run may have used more of them than we would. */
static int adopt(struct mp_cgroup *cg, struct mp_cgroup **ret, struct mp_error *err)
{
	bool is_found = false;

	for (size_t i = 0; i < cg->host->n; i++) {
		mp_auto_free char *rel = NULL;

		if (asprintf(&rel, "%s/%s", cg->host->root, cg->path) < 0) {
			rel = NULL;
			return mp_fail(err, ENOMEM, "open cgroup %s", cg->path);
		}
		cg->dir[i] = openat(cg->host->h[i].top_fd, rel, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (cg->dir[i] < 0) {
			if (errno != ENOENT)
				return mp_fail(err, errno, "open %s/%s", cg->host->h[i].root,
					       cg->path);
			continue;
		}
		is_found = true;
		if (!cg->pod || cg->host->h[i].version == MP_CGROUP_FILES_V2)
			continue;
		cg->tasks[i] = openat(cg->dir[i], "tasks", O_WRONLY | O_CLOEXEC);
		if (cg->tasks[i] < 0)
			return mp_fail(err, errno, "open %s/%s/tasks", cg->host->h[i].root,
				       cg->path);
	}
	if (!is_found)
		return mp_fail(err, ENOENT, "open cgroup %s", cg->path);
	*ret = cg;
	return 0;
}

int mp_cgroup_adopt_pod(struct mp_cgroup_host *host, const char *path, struct mp_cgroup **ret,
			struct mp_error *err)
{
	if (!is_plain_path(path))
		return mp_fail_text(err, EINVAL, "cgroup '%s': not a plain relative path", path);

	struct mp_cgroup *cg = mp_node_new(host, NULL, path);

	if (!cg)
		return mp_fail(err, ENOMEM, "open cgroup %s", path);

	int r = adopt(cg, ret, err);

	if (r < 0)
		mp_cgroup_close(cg);
	return r;
}

int mp_cgroup_adopt_container(struct mp_cgroup *pod, const char *name, struct mp_cgroup **ret,
			      struct mp_error *err)
{
	struct mp_error scratch = MP_ERROR_NONE;

	if (!err)
		err = &scratch;

	struct mp_cgroup *cg = new_container(pod, name, err);

	if (!cg)
		return -err->code;

	int r = adopt(cg, ret, err);

	if (r < 0)
		mp_cgroup_close(cg);
	return r;
}

void mp_cgroup_close(struct mp_cgroup *cg)
{
	if (!cg)
		return;
	for (size_t i = 0; i < MP_HIERARCHY_MAX; i++) {
		mp_closep(&cg->dir[i]);
		mp_closep(&cg->tasks[i]);
	}
	free(cg->path);
	free(cg);
}

const char *mp_cgroup_path(const struct mp_cgroup *cg)
{
	return cg->path;
}

int mp_cgroup_dir(const struct mp_cgroup *cg, enum mp_cgroup_controller controller)
{
	return mp_node_dir(cg, controller);
}

int mp_cgroup_update(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits,
		     struct mp_error *err)
{
	int r = mp_node_add(cg, needed(limits), err);

	if (r == 0)
		r = mp_node_apply(cg, limits, ~0U, false, err);
	if (r < 0)
		return mp_wrap(err, r, "limits of cgroup %s", cg->path);
	note_request(cg, limits);
	return 0;
}

struct sum {
	const char *parent; /* path of the shared parent in the file system */
	uint64_t milli;
};

static int add_request(int dir_fd, const char *name, void *arg)
{
	struct sum *sum = arg;
	char path[PATH_MAX];
	char value[24];
	uint64_t milli;

	(void)dir_fd;
	if (snprintf(path, sizeof(path), "%s/%s", sum->parent, name) >= (int)sizeof(path))
		return 0;

	ssize_t n = getxattr(path, XATTR_REQUEST, value, sizeof(value) - 1);

	if (n <= 0)
		return 0;
	value[n] = '\0';
	if (mp_parse_number(value, &milli) &&
	    __builtin_add_overflow(sum->milli, milli, &sum->milli))
		sum->milli = UINT64_MAX;
	return 0;
}

int mp_cgroup_refresh_shared(struct mp_cgroup_host *host, const char *path, struct mp_error *err)
{
	int at = host->where[MP_CGROUP_CPU];
	char parent[PATH_MAX];

	if (!is_plain_path(path))
		return mp_fail_text(err, EINVAL, "cgroup '%s': not a plain relative path", path);
	if (at < 0)
		return 0;
	if (snprintf(parent, sizeof(parent), "%s/%s", host->h[at].root, path) >= PATH_MAX)
		return mp_fail(err, ENAMETOOLONG, "cgroup %s", path);

	struct sum sum = { .parent = parent };
	int r = mp_dir_each(AT_FDCWD, parent, add_request, &sum);

	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0)
		return mp_fail(err, -r, "read %s", parent);

	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_POD,
						 .has_cpu_request = true,
						 .cpu_request_milli = sum.milli };
	struct mp_cgroup_setting settings[MP_CGROUP_SETTINGS_MAX];
	size_t n = mp_limits_settings(&limits, host->h[at].version, true, settings);
	mp_auto_fd fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < n && fd >= 0; i++) {
		if (settings[i].controller != MP_CGROUP_CPU)
			continue;
		r = mp_cgfile_write(fd, settings[i].file, settings[i].value);
		if (r < 0 && r != -ENOENT && r != -ENODEV)
			return mp_fail(err, -r, "set %s to %s in %s", settings[i].file,
				       settings[i].value, parent);
	}
	return 0;
}

int mp_cgroup_remove(struct mp_cgroup *cg, enum mp_cgroup_state *ret_state, struct mp_error *err)
{
	enum mp_cgroup_state state = MP_CGROUP_GONE;
	mp_auto_free char *rel = NULL;

	if (asprintf(&rel, "%s/%s", cg->host->root, cg->path) < 0) {
		rel = NULL;
		return mp_fail(err, ENOMEM, "remove cgroup %s", cg->path);
	}
	for (size_t i = 0; i < cg->host->n; i++) {
		if (cg->dir[i] < 0)
			continue;

		int r = mp_node_rmdir(cg->host->h[i].top_fd, rel);

		if (r == -EBUSY)
			state = MP_CGROUP_BUSY;
		else if (r < 0)
			return mp_fail(err, -r, "remove %s/%s", cg->host->h[i].root, cg->path);
		else if (!cg->pod)
			mp_node_prune_parents(cg->host, i, cg->path);
	}
	*ret_state = state;
	return 0;
}

struct walk {
	char path[PATH_MAX]; /* of the directory being visited */
	size_t len;
	mp_cgroup_visit_fn visit;
	void *arg;
};

static int walk_one(int dir_fd, const char *name, void *arg)
{
	struct walk *walk = arg;
	size_t before = walk->len;
	size_t len = strlen(name);
	int r = 0;

	if (before + len + 2 > sizeof(walk->path))
		return 0; /* nothing of ours is that deep */
	if (before)
		walk->path[walk->len++] = '/';
	memcpy(walk->path + walk->len, name, len + 1);
	walk->len += len;
	r = mp_dir_each(dir_fd, name, walk_one, walk);
	if (r == 0)
		r = walk->visit(walk->path, walk->arg);
	walk->len = before;
	walk->path[before] = '\0';
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

int mp_cgroup_walk(struct mp_cgroup_host *host, mp_cgroup_visit_fn visit, void *arg,
		   struct mp_error *err)
{
	struct walk walk = { .visit = visit, .arg = arg };

	for (size_t i = 0; i < host->n; i++) {
		int r = mp_dir_each(host->h[i].top_fd, host->root, walk_one, &walk);

		if (r == -ENOENT || r == -ENODEV)
			continue;
		if (r < 0)
			return mp_fail(err, -r, "walk %s", host->h[i].root);
		if (r > 0)
			return r;
	}
	return 0;
}
