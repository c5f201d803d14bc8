/* SPDX-License-Identifier: Apache-2.0 */
/* Container records of the supervisor before us: from their notes to what exec and logs need. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "runtime/assemble.h"
#include "runtime/env.h"
#include "runtime/record_note.h"
#include "runtime/supervisor.h"

static int take_env(struct mp_record *record, const char *const *list, struct mp_env *ret)
{
	struct mp_arena *arena = &record->arena;
	int r = 0;

	for (size_t i = 0; list[i] && r == 0; i++) {
		const char *equals = strchr(list[i], '=');
		const char *name =
			equals ? mp_arena_dup(arena, list[i], (size_t)(equals - list[i])) : NULL;

		r = name ? mp_env_set(ret, arena, name, equals + 1) : -EINVAL;
	}
	return r;
}

static int rebuild(struct mp_record *record, const struct mp_record_note *note,
		   struct mp_error *err)
{
	struct mp_env env = { .n = 0 };
	char name[128];
	int r = mp_cgroup_adopt_container(record->sv->pod_cgroup, mp_record_name(record, name),
					  &record->cgroup, err);

	/* Removed, and the machine with the journal stopped: it can tell nothing any more. */
	if (r == -ENOENT) {
		const struct mp_cgroup_limits limits =
			mp_assemble_container_limits(record->sv->spec, record->index);

		r = mp_cgroup_open_container(record->sv->pod_cgroup, name, &limits, &record->cgroup,
					     err);
	}
	if (r == 0 && take_env(record, note->env, &env) < 0)
		r = mp_fail(err, ENOMEM, "environment");
	record->uid = note->uid;
	record->gid = note->gid;
	record->process.cwd = note->cwd;
	record->process.groups = note->groups;
	record->process.n_groups = note->n_groups;
	return r == 0 ? mp_record_refill(record, &env, err) : r;
}

int mp_record_recover(struct mp_supervisor *sv, size_t index, const struct mp_pod_record *kept,
		      bool has_process, struct mp_record **ret, struct mp_error *err)
{
	struct mp_record *record = mp_record_alloc(sv, index, kept->restart_count);
	struct mp_record_note note;
	char dir[16];
	int r;

	if (!record)
		return mp_fail(err, ENOMEM, "container record");
	(void)snprintf(record->id, sizeof(record->id), "%.64s", kept->id);
	record->dir_fd = openat(sv->dir.lib_fd, mp_record_dir_name(record->id, dir),
				O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = mp_record_note_read(sv->private_fd, record->id, &record->arena, &note, err);
	if (r == 0)
		(void)snprintf(record->termination_file, sizeof(record->termination_file), "%s",
			       note.termination_file);
	if (r == 0 && has_process)
		r = rebuild(record, &note, err);
	if (r < 0 && has_process) {
		mp_record_free(record);
		return r;
	}
	*ret = record;
	return 0;
}
