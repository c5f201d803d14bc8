/* SPDX-License-Identifier: Apache-2.0 */
/* Supervisors that do not know of each other make and remove the parents they share. */
#include "tests/effects/cgroups/support.h"

#define N_PROCESSES 4
#define N_ROUNDS    60

/* Pods come and go, so that "burstable" and the root vanish under the others again and again. */
static int come_and_go(int id)
{
	uint64_t sizes[MP_CGROUP_HUGE_MAX] = { 0 };
	size_t n_sizes = mp_cgroup_host_hugepages(sizes);
	/* On v2 this has to be handed down by each parent, however often it was made anew. */
	const struct mp_cgroup_hugetlb huge = { .page_bytes = sizes[0], .max_bytes = sizes[0] };
	const size_t n_huge = n_sizes && has(MP_CGROUP_HUGETLB);
	const struct mp_cgroup_limits pod_limits = { .level = MP_CGROUP_LEVEL_POD,
						     .hugetlb = &huge,
						     .n_hugetlb = n_huge,
						     .pids_max = has(MP_CGROUP_PIDS) ? 50 : 0 };
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_CONTAINER,
						 .hugetlb = &huge,
						 .n_hugetlb = n_huge,
						 .memory_max_bytes =
							 has(MP_CGROUP_MEMORY) ? 1 << 26 : 0 };
	char path[64];

	(void)snprintf(path, sizeof(path), "burstable/pod%d", id);
	for (int i = 0; i < N_ROUNDS; i++) {
		struct mp_cgroup *pod = NULL;
		struct mp_cgroup *cg = NULL;
		enum mp_cgroup_state state = MP_CGROUP_BUSY;

		err = MP_ERROR_NONE;
		if (mp_cgroup_open_pod(host, path, &pod_limits, &pod, &err) < 0 ||
		    mp_cgroup_open_container(pod, "web.0", &limits, &cg, &err) < 0 ||
		    mp_cgroup_refresh_shared(host, "burstable", &err) < 0 ||
		    mp_cgroup_remove(cg, &state, &err) < 0 || state != MP_CGROUP_GONE ||
		    mp_cgroup_remove(pod, &state, &err) < 0 || state != MP_CGROUP_GONE) {
			(void)fprintf(stderr, "process %d, round %d: %s\n", id, i,
				      err.code ? err.msg : "busy");
			return 1;
		}
		mp_cgroup_close(cg);
		mp_cgroup_close(pod);
	}
	return 0;
}

static void many_supervisors_share_parents_without_a_lock(void **unused)
{
	(void)unused;
	pid_t pids[N_PROCESSES];
	int failed = 0;

	for (int i = 0; i < N_PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(come_and_go(i));
		assert_true(pids[i] > 0);
	}
	for (int i = 0; i < N_PROCESSES; i++)
		failed += reap(pids[i]) != 0;
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(many_supervisors_share_parents_without_a_lock,
					  nothing_left),
	};

	return RUN_IN_ALL_VIEWS(tests);
}
