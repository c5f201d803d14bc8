/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/orphan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/trace_read.h"

#define STEP_MS   10
#define STEPS_MAX 500
/* The first line of a journal has paths in it, nothing longer. */
#define CGROUP_TEXT_MAX ((size_t)65536)
#define LINE_MAX_BYTES  (16U << 10)

const char *mp_orphan_root(int run_fd, const char *cgroup_root, struct mp_arena *arena)
{
	mp_auto_fd fd = openat(run_fd, "trace.jsonl", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *line = fd < 0 ? NULL : mp_arena_alloc(arena, LINE_MAX_BYTES, 1);
	const ssize_t n = line ? read(fd, line, LINE_MAX_BYTES) : 0;
	const char *end = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
	struct mp_trace_line *start = end ? mp_arena_alloc(arena, 1, sizeof(*start)) : NULL;

	if (start &&
	    mp_trace_line_read(arena, NULL, line, (size_t)(end - line), start, NULL) == 0 &&
	    start->kind == MP_TRACE_START && start->origin.cgroup_root)
		return start->origin.cgroup_root;
	return cgroup_root;
}

static int end_at(struct mp_cgroup_host *host, const char *path, struct mp_error *err)
{
	struct mp_cgroup *cg = NULL;
	enum mp_cgroup_state state = MP_CGROUP_BUSY;
	int r = mp_cgroup_adopt_pod(host, path, &cg, err);

	if (r == -ENOENT)
		return 0;
	for (int i = 0; r == 0 && state == MP_CGROUP_BUSY; i++) {
		r = mp_cgroup_kill(cg, err);
		if (r == 0)
			r = mp_cgroup_remove(cg, &state, err);
		if (r == 0 && state == MP_CGROUP_BUSY && i == STEPS_MAX)
			r = mp_fail_text(err, ETIMEDOUT, "processes in cgroup %s do not die", path);
		if (r == 0 && state == MP_CGROUP_BUSY)
			(void)poll(NULL, 0, STEP_MS);
	}
	mp_cgroup_close(cg);
	return r;
}

static const char *const levels[] = { "", "burstable/", "besteffort/" };

/* Every cgroup of a pod has "pod<uid>" in its path. */
static bool is_of(int proc_fd, const char *pid, const char *word)
{
	struct mp_arena arena = { 0 };
	char path[300];
	char *text = NULL;
	bool is_found;

	(void)snprintf(path, sizeof(path), "%s/cgroup", pid);
	is_found = mp_file_read(proc_fd, path, CGROUP_TEXT_MAX, &arena, &text, NULL, NULL) == 0 &&
		   strstr(text, word) != NULL;
	mp_arena_done(&arena);
	return is_found;
}

bool mp_orphan_is_alive(const char *uid)
{
	DIR *proc = opendir("/proc");
	bool is_alive = !proc;
	char word[64];

	(void)snprintf(word, sizeof(word), "/pod%s", uid);
	for (const struct dirent *e; proc && !is_alive && (e = readdir(proc));)
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			is_alive = is_of(dirfd(proc), e->d_name, word);
	if (proc)
		(void)closedir(proc);
	return is_alive;
}

int mp_orphan_end(const char *uid, const char *cgroup_root, struct mp_error *err)
{
	const struct mp_cgroup_host_config config = { .root = cgroup_root };
	struct mp_cgroup_host *host = NULL;
	int r = mp_cgroup_host_open(&config, &host, err);

	for (size_t i = 0; r == 0 && i < MP_ARRAY_SIZE(levels); i++) {
		char path[256];

		(void)snprintf(path, sizeof(path), "%spod%s", levels[i], uid);
		r = end_at(host, path, err);
	}
	mp_cgroup_host_close(host);
	return r;
}
