/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cgroup in all its hierarchies: making and removing its directories.
 *
 * The parents of a pod ("minipod", "minipod/burstable") are shared by supervisors that do not know
 * of each other: each makes what is missing and removes what is empty. There is no lock. A pod's
 * directory keeps its parents alive once it exists; until then a parent may vanish between two
 * calls, which shows as ENOENT, and we start over. On v2 a re-made parent has handed down no
 * controllers, which shows as ENOENT when the pod wants to hand them on.
 */
#include "cgroups/node.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/parse.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define TRIES_MAX     1000 /* a lost race each; two processes lose a handful in a row at most */
#define SUPERVISOR    "minipod.supervisor"
#define DEPTH_PER_TRY 4096

struct mp_cgroup *mp_node_new(struct mp_cgroup_host *host, struct mp_cgroup *pod, const char *path)
{
	struct mp_cgroup *cg = calloc(1, sizeof(*cg));

	if (!cg)
		return NULL;
	for (size_t i = 0; i < MP_HIERARCHY_MAX; i++) {
		cg->dir[i] = -EBADF;
		cg->tasks[i] = -EBADF;
	}
	cg->host = host;
	cg->pod = pod;
	cg->path = strdup(path);
	if (!cg->path) {
		free(cg);
		return NULL;
	}

	const char *slash = strrchr(cg->path, '/');

	cg->name = slash ? slash + 1 : cg->path;
	return cg;
}

int mp_node_dir(const struct mp_cgroup *cg, enum mp_cgroup_controller controller)
{
	int at = cg->host->where[controller];

	return at < 0 ? -EBADF : cg->dir[at];
}

enum mp_cgroup_version mp_node_version(const struct mp_cgroup_host *host,
				       enum mp_cgroup_controller controller)
{
	assert(host->where[controller] >= 0);
	return host->h[host->where[controller]].version;
}

/* "minipod/burstable/pod1", relative to the top of each hierarchy. */
static int path_below_top(const struct mp_cgroup_host *host, const char *path, char buf[PATH_MAX])
{
	int n = snprintf(buf, PATH_MAX, "%s/%s", host->root, path);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int enable_in(int dir_fd, unsigned controllers)
{
	char text[128];
	struct mp_buf buf = MP_BUF(text);

	text[0] = '\0';
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		if (controllers & MP_BIT(c))
			mp_buf_addf(&buf, "%s+%s", buf.len ? " " : "",
				    mp_cgroup_controller_name((enum mp_cgroup_controller)c));
	}
	return buf.len ? mp_cgfile_write(dir_fd, "cgroup.subtree_control", text) : 0;
}

static bool is_in(int dir_fd)
{
	mp_auto_free char *text = NULL;
	int pid;

	if (mp_cgfile_read_all(dir_fd, "cgroup.procs", 16UL << 20, &text) < 0)
		return false;
	for (const char *at = text; mp_parse_pid(&at, &pid);) {
		if (pid == getpid())
			return true;
	}
	return false;
}

/* Processes in the top, but for the root of the hierarchy, which may hand down all the same. */
static bool is_inhabited(int dir_fd)
{
	char text[32];

	return faccessat(dir_fd, "cgroup.type", F_OK, 0) == 0 &&
	       mp_cgfile_read(dir_fd, "cgroup.procs", text, sizeof(text)) > 0;
}

/*
 * The top hands down controllers only if no process lives in it (cgroups(7), "no internal
 * processes"). In a delegated unit and in a container that process is usually ourselves alone:
 * step aside into a leaf. If somebody else is there too we go back, it is not ours to move him.
 *
 * The kernel refuses only memory and the like (EBUSY). It lets an inhabited top hand down cpu and
 * pids, and makes it the root of a threaded subtree in which no pod can live: so we look ourselves.
 */
static int step_aside(struct mp_hierarchy *h, unsigned controllers, struct mp_error *err)
{
	static const char why[] =
		"cgroup %s has processes of its own, so it cannot hand down limits: "
		"move them into a child of it, or name a cgroup without any "
		"with --cgroup-root";
	bool is_made;
	int r;

	if (!is_in(h->top_fd))
		return mp_fail_text(err, EBUSY, why, h->top);
	is_made = mkdirat(h->top_fd, SUPERVISOR, 0755) == 0;
	if (!is_made && errno != EEXIST)
		return mp_fail(err, errno, "create %s/" SUPERVISOR, h->top);
	r = mp_cgfile_write(h->top_fd, SUPERVISOR "/cgroup.procs", "0");
	if (r < 0)
		return mp_fail(err, -r, "move ourselves to %s/" SUPERVISOR, h->top);
	r = is_inhabited(h->top_fd) ? -EBUSY : enable_in(h->top_fd, controllers);
	if (r == 0)
		return 0;
	(void)mp_cgfile_write(h->top_fd, "cgroup.procs", "0");
	if (is_made)
		(void)unlinkat(h->top_fd, SUPERVISOR, AT_REMOVEDIR);
	if (r == -EBUSY)
		return mp_fail_text(err, EBUSY, why, h->top);
	return mp_fail(err, -r, "hand down controllers from %s", h->top);
}

/* Hand @controllers down from the top to the parent of @rel. -ENOENT: lost a race. */
static int enable_parents(struct mp_hierarchy *h, const char *rel, unsigned controllers,
			  struct mp_error *err)
{
	char prefix[PATH_MAX];
	int r = is_inhabited(h->top_fd) ? -EBUSY : enable_in(h->top_fd, controllers);

	if (r == -EBUSY)
		r = step_aside(h, controllers, err);
	else if (r < 0)
		(void)mp_fail(err, -r, "hand down controllers from %s", h->top);
	for (const char *slash = strchr(rel, '/'); slash && r == 0;
	     slash = strchr(slash + 1, '/')) {
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - rel), rel);

		mp_auto_fd fd = openat(h->top_fd, prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);

		r = fd < 0 ? -errno : enable_in(fd, controllers);
		if (r < 0)
			(void)mp_fail(err, -r, "hand down controllers from %s/%s", h->top, prefix);
	}
	return r;
}

/* Make the parents of @rel that are missing. 0 also when one has vanished again: try the child. */
static int make_parents(const struct mp_hierarchy *h, const char *rel, struct mp_error *err)
{
	char prefix[PATH_MAX];

	for (const char *slash = strchr(rel, '/'); slash; slash = strchr(slash + 1, '/')) {
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - rel), rel);
		if (mkdirat(h->top_fd, prefix, 0755) < 0 && errno != EEXIST && errno != ENOENT)
			return mp_fail(err, errno, "create %s/%s", h->top, prefix);
	}
	return 0;
}

/* v2 controllers that a pod hands down; hugetlb only on demand, it has a page counter per size. */
static unsigned to_enable(const struct mp_hierarchy *h, unsigned controllers)
{
	const unsigned always =
		MP_BIT(MP_CGROUP_MEMORY) | MP_BIT(MP_CGROUP_PIDS) | MP_BIT(MP_CGROUP_CPU);
	const unsigned never = MP_BIT(MP_CGROUP_UNIFIED);

	if (h->version == MP_CGROUP_FILES_V1)
		return 0;
	return h->controllers & (always | controllers) & ~never;
}

/* One attempt to make or take over the pod's directory. -EAGAIN: a parent vanished meanwhile. */
static int try_pod_dir(struct mp_cgroup *cg, size_t at, const char *rel, unsigned enable,
		       struct mp_error *err)
{
	struct mp_hierarchy *h = &cg->host->h[at];

	if (mkdirat(h->top_fd, rel, 0755) == 0) {
		cg->made |= MP_BIT(at);
	} else if (errno == ENOENT) {
		int r = make_parents(h, rel, err);

		return r < 0 ? r : -EAGAIN;
	} else if (errno != EEXIST) {
		return mp_fail(err, errno, "create %s/%s", h->top, rel);
	}

	mp_auto_fd fd = openat(h->top_fd, rel, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		if (errno == ENOENT)
			return -EAGAIN;
		return mp_fail(err, errno, "open %s/%s", h->top, rel);
	}

	int r = enable_in(fd, enable);

	if (r == -ENOENT) {
		r = enable_parents(h, rel, enable, err);
		if (r == -ENOENT)
			return -EAGAIN;
		if (r < 0)
			return r;
		r = enable_in(fd, enable);
	}
	if (r == -ENOENT || r == -ENODEV)
		return -EAGAIN;
	if (r < 0)
		return mp_fail(err, -r, "hand down controllers from %s/%s", h->top, rel);
	cg->enabled |= enable;
	cg->dir[at] = mp_steal_fd(&fd);
	return 0;
}

static int make_pod_dir(struct mp_cgroup *cg, size_t at, unsigned controllers, struct mp_error *err)
{
	const struct mp_hierarchy *h = &cg->host->h[at];
	unsigned enable = to_enable(h, controllers);
	char rel[PATH_MAX];
	int r = path_below_top(cg->host, cg->path, rel);

	if (r < 0)
		return mp_fail(err, -r, "cgroup %s", cg->path);
	for (int i = 0; i < TRIES_MAX; i++) {
		r = try_pod_dir(cg, at, rel, enable, err);
		if (r != -EAGAIN)
			return r;
	}
	return mp_fail_text(err, EAGAIN, "create %s/%s: its parents keep vanishing", h->top, rel);
}

/* A pod that exists already hands down more than before. */
static int enable_more(struct mp_cgroup *pod, size_t at, unsigned controllers, struct mp_error *err)
{
	unsigned missing = to_enable(&pod->host->h[at], controllers) & ~pod->enabled;
	char rel[PATH_MAX];

	if (!missing)
		return 0;

	int r = path_below_top(pod->host, pod->path, rel);

	if (r == 0)
		r = enable_parents(&pod->host->h[at], rel, missing, err);
	if (r == 0) {
		r = enable_in(pod->dir[at], missing);
		if (r < 0)
			(void)mp_fail(err, -r, "hand down controllers from %s", pod->path);
	}
	if (r == 0)
		pod->enabled |= missing;
	return r;
}

static int make_container_dir(struct mp_cgroup *cg, size_t at, struct mp_error *err)
{
	const struct mp_hierarchy *h = &cg->host->h[at];
	int pod_dir = cg->pod->dir[at];
	int r = mkdirat(pod_dir, cg->name, 0755) < 0 ? -errno : 0;

	if (r == -EEXIST) {
		/* Its counters are an earlier container's; ours begin at zero. */
		r = mp_node_rmdir(pod_dir, cg->name);
		if (r < 0)
			return mp_fail(err, -r, "replace the old cgroup %s/%s", h->root, cg->path);
		r = mkdirat(pod_dir, cg->name, 0755) < 0 ? -errno : 0;
	}
	if (r < 0)
		return mp_fail(err, -r, "create %s/%s", h->root, cg->path);
	cg->made |= MP_BIT(at);
	cg->dir[at] = openat(pod_dir, cg->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cg->dir[at] < 0)
		return mp_fail(err, errno, "open %s/%s", h->root, cg->path);
	if (h->version == MP_CGROUP_FILES_V2)
		return 0;
	cg->tasks[at] = openat(cg->dir[at], "tasks", O_WRONLY | O_CLOEXEC);
	if (cg->tasks[at] < 0)
		return mp_fail(err, errno, "open %s/%s/tasks", h->root, cg->path);
	return 0;
}

int mp_node_add(struct mp_cgroup *cg, unsigned controllers, struct mp_error *err)
{
	unsigned hierarchies = 0;

	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		if ((controllers & MP_BIT(c)) && cg->host->where[c] >= 0)
			hierarchies |= MP_BIT(cg->host->where[c]);
	}
	for (size_t i = 0; i < cg->host->n; i++) {
		int r = 0;

		if (!(hierarchies & MP_BIT(i)))
			continue;
		if (cg->pod) {
			if (cg->pod->dir[i] < 0)
				r = make_pod_dir(cg->pod, i, controllers, err);
			else
				r = enable_more(cg->pod, i, controllers, err);
			if (r == 0 && cg->dir[i] < 0)
				r = make_container_dir(cg, i, err);
		} else if (cg->dir[i] < 0) {
			r = make_pod_dir(cg, i, controllers, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_one(struct mp_cgroup *cg, const struct mp_cgroup_setting *s, struct mp_error *err)
{
	int at = cg->host->where[s->controller];
	int dir_fd = at < 0 ? -EBADF : cg->dir[at];

	if (dir_fd < 0) {
		if (s->is_optional)
			return 0;
		return mp_fail_text(err, EOPNOTSUPP,
				    "set %s to %s: this host has no %s cgroup controller", s->file,
				    s->value, mp_cgroup_controller_name(s->controller));
	}

	int r = mp_cgfile_write(dir_fd, s->file, s->value);

	if (r == 0 || (s->is_optional && (r == -ENOENT || r == -EOPNOTSUPP)))
		return 0;
	if (r == -ENOENT)
		return mp_fail_text(err, EOPNOTSUPP, "set %s to %s: this kernel has no such limit",
				    s->file, s->value);
	return mp_fail(err, -r, "set %s to %s in %s/%s", s->file, s->value, cg->host->h[at].root,
		       cg->path);
}

int mp_node_apply(struct mp_cgroup *cg, const struct mp_cgroup_limits *limits, unsigned controllers,
		  bool is_fresh, struct mp_error *err)
{
	static const enum mp_cgroup_version versions[] = { MP_CGROUP_FILES_V2, MP_CGROUP_FILES_V1 };
	/* A host without a controller has no files either: complain in the words of v2, once. */
	struct mp_cgroup_setting settings[MP_CGROUP_SETTINGS_MAX];

	for (size_t v = 0; v < MP_ARRAY_SIZE(versions); v++) {
		size_t n = mp_limits_settings(limits, versions[v], is_fresh, settings);

		for (size_t i = 0; i < n; i++) {
			int at = cg->host->where[settings[i].controller];

			if (!(controllers & MP_BIT(settings[i].controller)))
				continue;
			if (at < 0 ? versions[v] != MP_CGROUP_FILES_V2 :
				     cg->host->h[at].version != versions[v])
				continue;

			int r = apply_one(cg, &settings[i], err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int copy_name(int dir_fd, const char *name, void *arg)
{
	char *buf = arg;

	(void)dir_fd;
	(void)snprintf(buf, NAME_MAX + 1, "%s", name);
	return 1;
}

/*
 * Remove one leaf at or below @name of @dir_fd. Walks down with two descriptors however deep it
 * is: what is below a container's cgroup was made by the container.
 */
static int remove_leaf(int dir_fd, const char *name)
{
	char here[NAME_MAX + 1];
	char child[NAME_MAX + 1];
	mp_auto_fd parent = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);

	if (parent < 0)
		return -errno;
	(void)snprintf(here, sizeof(here), "%s", name);
	for (;;) {
		int r = mp_dir_each(parent, here, copy_name, child);

		if (r < 0)
			return r;
		if (r == 0)
			break;

		int next = openat(parent, here, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (next < 0)
			return -errno;
		mp_closep(&parent);
		parent = next;
		memcpy(here, child, sizeof(here));
	}
	return unlinkat(parent, here, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int mp_node_rmdir(int dir_fd, const char *name)
{
	for (int i = 0; i < DEPTH_PER_TRY; i++) {
		if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;

		int r = remove_leaf(dir_fd, name);

		if (r < 0 && r != -ENOENT && r != -ENODEV)
			return r;
	}
	return -EBUSY;
}

void mp_node_prune_parents(struct mp_cgroup_host *host, size_t at, const char *path)
{
	char rel[PATH_MAX];
	char *slash;

	if (path_below_top(host, path, rel) < 0)
		return;
	while ((slash = strrchr(rel, '/'))) {
		*slash = '\0';
		/* Busy or gone: somebody else lives there, or was faster. */
		if (unlinkat(host->h[at].top_fd, rel, AT_REMOVEDIR) < 0 && errno != ENOENT)
			return;
	}
}
