/* SPDX-License-Identifier: Apache-2.0 */
/* What a cgroup uses right now, and how much it had to wait for it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cgroups/tree.h"
#include "runtime/base/error.h"

/** struct mp_cgroup_usage - one reading. A has_ flag is false where the host cannot tell. */
struct mp_cgroup_usage {
	bool has_cpu;
	uint64_t cpu_us;          /* cpu time used since creation */
	uint64_t cpu_limit_milli; /* the limit in force in this cgroup; 0 = none */
	bool has_throttling;
	uint64_t periods, throttled_periods, throttled_us;
	bool has_memory;
	uint64_t memory_bytes;      /* all memory charged, page cache included */
	uint64_t working_set_bytes; /* without inactive page cache: what the kubelet shows */
	uint64_t memory_max_bytes;  /* the limit in force in this cgroup; 0 = none */
	bool has_pids;
	uint64_t pids;
	uint64_t pids_max; /* 0 = none */
	uint64_t oom_kills;
};

/** mp_cgroup_usage_read() - fill @ret with what is there. Fails only when the cgroup is gone. */
int mp_cgroup_usage_read(const struct mp_cgroup *cg, struct mp_cgroup_usage *ret,
			 struct mp_error *err);

/** struct mp_cgroup_stall - one line of a pressure file. */
struct mp_cgroup_stall {
	uint32_t avg10, avg60, avg300; /* hundredths of a per cent of time stalled: 1.25 % is 125 */
	uint64_t total_us;
};

/** struct mp_cgroup_pressure - pressure stall information of one resource. */
struct mp_cgroup_pressure {
	struct mp_cgroup_stall some; /* at least one task waited */
	struct mp_cgroup_stall full; /* all of them did; zero where the kernel does not say */
};

enum mp_cgroup_resource {
	MP_CGROUP_PRESSURE_CPU,
	MP_CGROUP_PRESSURE_MEMORY,
	MP_CGROUP_PRESSURE_IO
};

/**
 * mp_cgroup_pressure_read() - cpu.pressure, memory.pressure or io.pressure.
 *
 * Return: 0; -EOPNOTSUPP on pure v1 and where the kernel has no PSI; or -errno.
 */
int mp_cgroup_pressure_read(const struct mp_cgroup *cg, enum mp_cgroup_resource resource,
			    struct mp_cgroup_pressure *ret, struct mp_error *err);
