/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_replay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/base/log.h"
#include "runtime/cli.h"
#include "runtime/manifest.h"
#include "runtime/trace_read.h"

#define TRACE_BYTES_MAX ((size_t)1024 * 1024 * 1024)

/* The pod.json in the directory of @trace. */
static int load_pod(struct mp_manifest *m, struct mp_arena *arena, const char *trace,
		    const struct mp_pod_spec **spec, struct mp_error *err)
{
	const struct mp_manifest_options options = { .is_restoring = true };
	const char *slash = strrchr(trace, '/');
	const char *path =
		mp_arena_printf(arena, "%.*spod.json", slash ? (int)(slash + 1 - trace) : 0, trace);
	int r;

	if (!path)
		return mp_fail(err, ENOMEM, "replay");
	if (access(path, F_OK) < 0)
		return mp_fail_text(err, ENOENT, "the pod's %s must lie beside the journal: %s",
				    path, strerror(errno));
	r = mp_manifest_load(m, &path, 1, &options, err);
	for (const struct mp_line *l = m->errors.first; l; l = l->next)
		mp_log(MP_LOG_ERROR, "%s", l->text);
	return r < 0 ? r : mp_manifest_only_pod(m, spec, err);
}

int mp_cmd_replay(const struct mp_args *args)
{
	const char *path = args->positional[0];
	struct mp_manifest m = { .n_pods = 0 };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_pod_spec *spec = NULL;
	struct mp_arena arena = { 0 };
	struct mp_replay replay = { .n_lines = 0 };
	char *text = NULL;
	size_t len = 0;
	int r = load_pod(&m, &arena, path, &spec, &err);

	if (r == 0)
		r = mp_file_read(AT_FDCWD, path, TRACE_BYTES_MAX, &arena, &text, &len, &err);
	if (r == 0)
		r = mp_trace_replay(spec, text, len, &replay, &err);
	if (r == 0 && replay.is_different)
		(void)printf("line %zu differs\nrecorded: %s\nnow:      %s\n", replay.line,
			     replay.wanted[0] ? replay.wanted : "nothing",
			     replay.got[0] ? replay.got : "nothing");
	else if (r == 0)
		(void)printf("%zu turns, %zu actions: the same\n", replay.n_turns,
			     replay.n_actions);
	if (r < 0 && err.code != 0)
		mp_log(MP_LOG_ERROR, "%s: %s", path, err.msg);
	mp_arena_done(&arena);
	mp_manifest_done(&m);
	return r < 0 ? MP_EXIT_OURS : replay.is_different ? MP_EXIT_ERROR : 0;
}
