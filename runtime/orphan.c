/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/orphan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "cgroups/tree.h"
#include "runtime/base/auto.h"

#define STEP_MS   10
#define STEPS_MAX 500

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

int mp_orphan_is_alive(const char *uid, const char *cgroup_root, bool *ret, struct mp_error *err)
{
	const struct mp_cgroup_host_config config = { .root = cgroup_root };
	struct mp_cgroup_host *host = NULL;
	const int r = mp_cgroup_host_open(&config, &host, err);

	*ret = false;
	for (size_t i = 0; r == 0 && i < MP_ARRAY_SIZE(levels); i++) {
		struct mp_cgroup *cg = NULL;
		char path[256];

		(void)snprintf(path, sizeof(path), "%spod%s", levels[i], uid);
		if (mp_cgroup_adopt_pod(host, path, &cg, NULL) == 0)
			*ret = *ret || !mp_cgroup_is_empty(cg);
		mp_cgroup_close(cg);
	}
	mp_cgroup_host_close(host);
	return r;
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
