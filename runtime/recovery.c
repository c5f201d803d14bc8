/* SPDX-License-Identifier: Apache-2.0 */
/* What a dead supervisor left on disk: reading it, and leaving it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/object_store.h"
#include "runtime/recover.h"

#define POD_BYTES     ((size_t)16 * 1024 * 1024)
#define JOURNAL_BYTES ((size_t)1024 * 1024 * 1024)

const char *mp_recovery_boot_id(char buf[40])
{
	struct mp_arena arena = { .head = NULL };
	char *text = NULL;

	buf[0] = '\0';
	if (mp_file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 256, &arena, &text, NULL,
			 NULL) == 0) {
		text[strcspn(text, "\n")] = '\0';
		(void)snprintf(buf, 40, "%s", text);
	}
	mp_arena_done(&arena);
	return buf;
}

/* ---- the pod ---------------------------------------------------------------------------------- */

static int load_pod(struct mp_recovery *recovery, const struct mp_state_dir *dir,
		    struct mp_error *err)
{
	const struct mp_manifest_options options = { .is_restoring = true };
	struct mp_manifest *m = &recovery->manifest;
	char *text = NULL;
	size_t len = 0;
	int r = mp_file_read(dir->run_fd, "pod.json", POD_BYTES, &m->arena, &text, &len, NULL);

	if (r == -ENOENT)
		return mp_fail_text(err, ENODATA,
				    "the pod's start had not begun: there is nothing to recover "
				    "('minipod prune' removes what is left)");
	if (r < 0)
		return mp_fail(err, -r, "read pod.json in %s", dir->run_path);
	r = mp_manifest_load_text(m, "pod.json", text, len, &options, err);
	if (r == -EINVAL && m->errors.first)
		return mp_fail_text(err, EINVAL, "%s", m->errors.first->text);
	return r < 0 ? r : mp_manifest_only_pod(m, &recovery->spec, err);
}

static int load_journal(struct mp_recovery *recovery, int run_fd, struct mp_error *err)
{
	char boot_id[40];
	char *text = NULL;
	size_t len = 0;
	int r = mp_file_read(run_fd, "trace.jsonl", JOURNAL_BYTES, NULL, &text, &len, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	recovery->pod_mem = calloc(1, mp_pod_size(recovery->spec));
	r = recovery->pod_mem ? mp_trace_revive(recovery->spec, text, len, recovery->pod_mem,
						&recovery->arena, &recovery->revival, err) :
				mp_fail(err, ENOMEM, "pod state");
	free(text);
	if (r < 0)
		return mp_wrap(err, r, "trace.jsonl");
	recovery->is_same_boot =
		mp_streq(recovery->revival.origin.boot_id, mp_recovery_boot_id(boot_id));
	return 0;
}

static int open_result(struct mp_recovery *recovery)
{
	const char *path = recovery->revival.origin.result;
	const char *slash = path ? strrchr(path, '/') : NULL;
	char *dir;

	recovery->result_dir_fd = -EBADF;
	if (!slash)
		return 0;
	dir = mp_arena_dup(&recovery->arena, path, (size_t)(slash - path) + 1);
	if (!dir)
		return -ENOMEM;
	/* A directory that is gone meanwhile is no reason to leave the pod alone. */
	recovery->result_dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	recovery->result_name = recovery->result_dir_fd >= 0 ? slash + 1 : NULL;
	return 0;
}

int mp_recovery_open(const struct mp_roots *roots, const char *dir_name, struct mp_recovery *ret,
		     struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r = mp_state_dir_open(roots, dir_name, NULL, &dir, err);

	ret->dir = MP_STATE_DIR_NONE;
	ret->result_dir_fd = -EBADF;
	if (r == 0)
		r = mp_state_dir_lock(&dir, err);
	if (r == 0)
		r = load_pod(ret, &dir, err);
	if (r == 0)
		r = mp_objects_read(dir.run_fd, &ret->objects, err);
	if (r == 0)
		r = load_journal(ret, dir.run_fd, err);
	if (r == 0 && ret->revival.pod && mp_pod_is_finished(ret->revival.pod) &&
	    !mp_pod_is_deleting(ret->revival.pod))
		r = mp_fail_text(err, ENODATA, "the pod has ended: there is nothing to recover");
	if (r == 0)
		r = mp_state_dir_open(roots, dir_name, ret->spec->meta.uid, &ret->dir, err);
	if (r == 0) {
		ret->dir.lock_fd = mp_steal_fd(&dir.lock_fd);
		r = open_result(ret);
	}
	mp_state_dir_close(&dir);
	if (r < 0)
		mp_recovery_done(ret);
	return r;
}

void mp_recovery_config(struct mp_recovery *recovery, struct mp_supervisor_config *config)
{
	const struct mp_trace_origin *origin = &recovery->revival.origin;

	config->spec = recovery->spec;
	config->objects = &recovery->objects.objects;
	config->recovery = recovery;
	config->result_dir_fd = recovery->result_dir_fd;
	config->result_name = recovery->result_name;
	if (origin->pod_cidr)
		config->pod_cidr = origin->pod_cidr;
	if (origin->cgroup_root)
		config->cgroup_root = origin->cgroup_root;
	config->seccomp_default = origin->seccomp_default;
	if (origin->seccomp_root)
		config->seccomp_root = origin->seccomp_root;
	if (recovery->revival.pod && origin->journal_max_bytes >= 0)
		config->journal_max_bytes = origin->journal_max_bytes;
	if (origin->log_max_files > 0)
		config->log_limits =
			(struct mp_log_limits){ .max_bytes = origin->log_max_bytes,
						.max_files = (int)origin->log_max_files };
}

void mp_recovery_done(struct mp_recovery *recovery)
{
	for (size_t i = 0; i < recovery->n_kept; i++)
		mp_closep(&recovery->kept[i].fd);
	free(recovery->kept);
	recovery->kept = NULL;
	recovery->n_kept = 0;
	free(recovery->pod_mem);
	recovery->pod_mem = NULL;
	free(recovery->revival.missing);
	recovery->revival.missing = NULL;
	mp_closep(&recovery->result_dir_fd);
	mp_state_dir_close(&recovery->dir);
	mp_arena_done(&recovery->arena);
	mp_manifest_done(&recovery->objects);
	mp_manifest_done(&recovery->manifest);
}
