/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/open_files.h"

#include <errno.h>
#include <sys/resource.h>

#include "runtime/base/error.h"

/*
 * A pod with one container that is being started has some 95 open, cgroup v1; each further one has
 * 12, and more while a probe and a hook of it run.
 */
#define OF_POD       96
#define OF_CONTAINER 16
#define OF_VOLUME    2

uint64_t mp_open_files_needed(const struct mp_pod_spec *spec)
{
	return OF_POD + OF_CONTAINER * (uint64_t)mp_spec_n_containers(spec) +
	       OF_VOLUME * (uint64_t)spec->n_volumes;
}

int mp_open_files_allow(uint64_t needed, uint64_t wanted, struct mp_rlimit *ret_before,
			struct mp_error *err)
{
	struct rlimit64 limit;

	if (getrlimit64(RLIMIT_NOFILE, &limit) < 0)
		return mp_fail(err, errno, "limit of open files");
	*ret_before = (struct mp_rlimit){ .resource = RLIMIT_NOFILE,
					  .soft = limit.rlim_cur,
					  .hard = limit.rlim_max };
	if (limit.rlim_cur >= wanted)
		return 0;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit64(RLIMIT_NOFILE, &limit) == 0)
		return 0;
	/* Nobody may have more than the hard limit without CAP_SYS_RESOURCE. */
	limit.rlim_cur = limit.rlim_max = ret_before->hard;
	if (ret_before->soft < ret_before->hard)
		(void)setrlimit64(RLIMIT_NOFILE, &limit);
	if (ret_before->hard >= needed)
		return 0;
	return mp_fail_text(
		err, EMFILE,
		"supervising this pod takes up to %llu open files, and the limit is %llu: "
		"raise it ('ulimit -n %llu', LimitNOFILE= of a service)",
		(unsigned long long)needed, (unsigned long long)ret_before->hard,
		(unsigned long long)wanted);
}
