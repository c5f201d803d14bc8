/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Candidates are listed before the pods are: a pod's run directory is there before anything else of
 * it, so whatever has no run directory afterwards had lost its pod already. A cgroup is empty for a
 * moment while a pod of another root starts; one that is still empty a second later is not that.
 */
#include "runtime/prune.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/tree.h"
#include "runtime/base/fd.h"
#include "runtime/orphan.h"
#include "runtime/pod_view.h"
#include "runtime/room.h"

#define UID_LEN   36
#define SETTLE_MS 1000

struct names {
	struct mp_arena *arena;
	const char **items;
	size_t n, size;
};

struct job {
	const struct mp_prune *prune;
	struct mp_arena arena;
	struct names data, logs, cgroups, known;
	bool is_blind; /* a pod's uid could not be read: what belongs to it is not known */
};

static int add(struct job *job, struct names *list, const char *name)
{
	if (list->n == list->size) {
		const size_t size = list->size * 2 + 64;
		const char **more = mp_arena_alloc(&job->arena, size, sizeof(*more));

		if (!more)
			return -ENOMEM;
		if (list->n > 0)
			memcpy(more, list->items, list->n * sizeof(*more));
		list->items = more;
		list->size = size;
	}
	list->items[list->n] = mp_arena_strdup(&job->arena, name);
	return list->items[list->n] ? (int)(list->n++, 0) : -ENOMEM;
}

static bool is_known(const struct job *job, const char *uid)
{
	for (size_t i = 0; i < job->known.n; i++)
		if (strcmp(job->known.items[i], uid) == 0)
			return true;
	return false;
}

static void tell(const struct job *job, bool is_kept, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void tell(const struct job *job, bool is_kept, const char *fmt, ...)
{
	char text[PATH_MAX + 512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	job->prune->tell(is_kept, text, job->prune->ctx);
}

/* The uid at the end of a name, or NULL. */
static const char *uid_of(const char *name)
{
	const size_t n = strlen(name);

	return n >= UID_LEN && strspn(name + n - UID_LEN, "0123456789abcdef-") == UID_LEN ?
		       name + n - UID_LEN :
		       NULL;
}

/* ---- listing ------------------------------------------------------------------------------------ */

static int list_dir(struct job *job, struct names *list, const char *root)
{
	char path[PATH_MAX + 8];
	int r = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/pods", root);
	d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e && r == 0; e = readdir(d))
		if (uid_of(e->d_name))
			r = add(job, list, e->d_name);
	if (d)
		(void)closedir(d);
	return r;
}

static int visit(const char *path, void *arg)
{
	struct job *job = arg;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!mp_starts_with(name, "pod") || strlen(name) != 3 + UID_LEN || !uid_of(name))
		return 0;
	for (size_t i = 0; i < job->cgroups.n; i++)
		if (strcmp(job->cgroups.items[i], path) == 0)
			return 0;
	return add(job, &job->cgroups, path);
}

/* ---- pods ------------------------------------------------------------------------------------------ */

static int remove_path(const struct job *job, const char *path, const char *what,
		       struct mp_error *err)
{
	int r = 0;

	if (!job->prune->is_dry)
		r = mp_tree_remove(AT_FDCWD, path, err);
	if (r == 0)
		tell(job, false, "%s: %s", what, path);
	return r;
}

/* All of a pod whose directory is locked by us. */
static int remove_pod(const struct job *job, struct mp_state_dir *dir, const char *uid,
		      const char *what, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	int r = 0;

	if (!job->prune->is_dry) {
		r = mp_orphan_end(uid, mp_orphan_root(dir->run_fd, job->prune->cgroup_root, &arena),
				  err);
		mp_arena_done(&arena);
		if (r == 0)
			mp_room_forget(job->prune->roots->run, uid);
		if (r == 0)
			r = mp_state_dir_remove_data(dir, err);
		if (r == 0)
			r = mp_state_dir_remove(dir, err);
	}
	if (r == 0)
		tell(job, false, "%s: %s", what, dir->run_path);
	return r;
}

/* ".<namespace>_<name>_<uid>": deleted by force; its supervisor died before it was done. */
static int look_at_hidden(struct job *job, const char *name, struct mp_error *err)
{
	const char *uid = uid_of(name);
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r = uid ? mp_state_dir_open(job->prune->roots, name, uid, &dir, NULL) : -ENOENT;

	if (r < 0)
		return 0;
	if (mp_state_dir_lock(&dir, NULL) < 0) {
		r = add(job, &job->known, uid);
	} else {
		/* Its logs are still called by the pod's name alone. */
		const int n = snprintf(dir.log_path, sizeof(dir.log_path), "%s/pods/%s",
				       job->prune->roots->log, name + 1);

		if (n < 0 || (size_t)n >= sizeof(dir.log_path))
			dir.log_path[0] = '\0';
		r = remove_pod(job, &dir, uid, "pod that was deleted by force", err);
	}
	mp_state_dir_close(&dir);
	return r;
}

static int look_at_nameless(struct job *job, const char *name, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r = mp_state_dir_open(job->prune->roots, name, NULL, &dir, NULL);

	if (r < 0)
		return 0;
	if (faccessat(dir.run_fd, "pod.json", F_OK, 0) == 0) {
		job->is_blind = true;
		tell(job, true, "%s: its pod.json cannot be read", dir.run_path);
	} else if (mp_state_dir_is_unfinished(&dir)) {
		r = remove_path(job, dir.run_path, "pod whose start had not begun", err);
	}
	mp_state_dir_close(&dir);
	return r;
}

static int look_at_pod(struct job *job, const struct mp_pod_view *view, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r;

	if (!view->has_ended || view->is_supervised || !job->prune->wants_ended)
		return add(job, &job->known, view->uid);
	r = mp_state_dir_open(job->prune->roots, view->dir_name, view->uid, &dir, err);
	if (r == 0)
		r = mp_state_dir_lock(&dir, NULL) == 0 ?
			    remove_pod(job, &dir, view->uid, "pod that has ended", err) :
			    add(job, &job->known, view->uid);
	mp_state_dir_close(&dir);
	return r;
}

static int look_at_pods(struct job *job, struct mp_error *err)
{
	char path[PATH_MAX + 8];
	struct mp_pod_views views;
	int r = mp_pod_views_load(&job->arena, job->prune->roots, NULL, &views, err);
	DIR *d;

	for (size_t i = 0; r == 0 && i < views.n; i++)
		r = look_at_pod(job, &views.items[i], err);
	(void)snprintf(path, sizeof(path), "%s/pods", job->prune->roots->run);
	d = r == 0 ? opendir(path) : NULL;
	for (struct dirent *e = d ? readdir(d) : NULL; e && r == 0; e = readdir(d)) {
		bool is_listed = false;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		for (size_t i = 0; i < views.n && !is_listed; i++)
			is_listed = strcmp(views.items[i].dir_name, e->d_name) == 0;
		if (e->d_name[0] == '.')
			r = look_at_hidden(job, e->d_name, err);
		else if (!is_listed)
			r = look_at_nameless(job, e->d_name, err);
	}
	if (d)
		(void)closedir(d);
	return r;
}

/* ---- what is left over ------------------------------------------------------------------------------ */

static int remove_files(const struct job *job, const struct names *list, const char *root,
			const char *what, struct mp_error *err)
{
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++) {
		const char *uid = uid_of(list->items[i]);
		char path[PATH_MAX + 600];

		(void)snprintf(path, sizeof(path), "%s/pods/%s", root, list->items[i]);
		if (is_known(job, uid) || access(path, F_OK) < 0)
			continue;
		if (mp_orphan_is_alive(uid))
			tell(job, true, "%s: processes of pod %s still run", path, uid);
		else
			r = remove_path(job, path, what, err);
	}
	return r;
}

static int remove_cgroup(const struct job *job, struct mp_cgroup_host *host, const char *path,
			 struct mp_error *err)
{
	struct mp_cgroup *cg = NULL;
	enum mp_cgroup_state state = MP_CGROUP_GONE;
	int r = mp_cgroup_adopt_pod(host, path, &cg, NULL);

	if (r < 0)
		return 0; /* gone meanwhile */
	if (!mp_cgroup_is_empty(cg))
		tell(job, true, "cgroup %s: processes still run in it, of another --root perhaps",
		     path);
	else if (!job->prune->is_dry)
		r = mp_cgroup_remove(cg, &state, err);
	if (r == 0 && mp_cgroup_is_empty(cg) && state == MP_CGROUP_GONE)
		tell(job, false, "cgroup of no pod: %s", path);
	mp_cgroup_close(cg);
	return r;
}

static int remove_cgroups(struct job *job, struct mp_cgroup_host *host, struct mp_error *err)
{
	bool is_any = false;
	int r = 0;

	for (size_t i = 0; i < job->cgroups.n; i++)
		is_any = is_any || !is_known(job, uid_of(job->cgroups.items[i]));
	if (is_any)
		(void)poll(NULL, 0, SETTLE_MS);
	for (size_t i = 0; i < job->cgroups.n && r == 0; i++)
		if (!is_known(job, uid_of(job->cgroups.items[i])))
			r = remove_cgroup(job, host, job->cgroups.items[i], err);
	return r;
}

int mp_prune(const struct mp_prune *prune, struct mp_error *err)
{
	const struct mp_cgroup_host_config config = { .root = prune->cgroup_root };
	struct mp_cgroup_host *host = NULL;
	struct job job = { .prune = prune };
	int r = mp_cgroup_host_open(&config, &host, err);

	if (r == 0)
		r = mp_cgroup_walk(host, visit, &job, err);
	if (r == 0)
		r = list_dir(&job, &job.data, prune->roots->lib);
	if (r == 0 && prune->wants_logs)
		r = list_dir(&job, &job.logs, prune->roots->log);
	if (r == 0)
		r = look_at_pods(&job, err);
	if (r == 0 && !job.is_blind)
		r = remove_files(&job, &job.data, prune->roots->lib, "data of no pod", err);
	if (r == 0 && !job.is_blind)
		r = remove_files(&job, &job.logs, prune->roots->log, "logs of no pod", err);
	if (r == 0 && !job.is_blind)
		r = remove_cgroups(&job, host, err);
	mp_cgroup_host_close(host);
	mp_arena_done(&job.arena);
	return r;
}

int mp_prune_forced(const struct mp_prune *prune, struct mp_error *err)
{
	struct job job = { .prune = prune };
	char path[PATH_MAX + 8];
	int r = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/pods", prune->roots->run);
	d = opendir(path);
	for (struct dirent *e = d ? readdir(d) : NULL; e && r == 0; e = readdir(d))
		if (e->d_name[0] == '.' && uid_of(e->d_name))
			r = look_at_hidden(&job, e->d_name, err);
	if (d)
		(void)closedir(d);
	mp_arena_done(&job.arena);
	return r;
}
