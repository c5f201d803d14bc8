/* SPDX-License-Identifier: Apache-2.0 */
/* What one cgroup uses, from two readings a while apart, as text and as an object. */
#pragma once

#include "cgroups/usage.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"

/** struct mp_usage_sample - a pod or a container of it. */
struct mp_usage_sample {
	bool has_first, has_second;
	struct mp_cgroup_usage first, second;
	mp_nsec between; /* the two readings */
	bool has_pressure[3];
	struct mp_cgroup_pressure pressure[3]; /* by enum mp_cgroup_resource */
};

/** mp_usage_read() - one reading into @s; the second also takes the pressure. */
void mp_usage_read(const struct mp_cgroup *cg, struct mp_usage_sample *s, bool is_second);

/** mp_usage_cpu_milli() - thousandths of a cpu between the readings, rounded up. Pure. */
uint64_t mp_usage_cpu_milli(const struct mp_usage_sample *s);

/** mp_usage_throttled_percent() - of the periods between the readings, 0..100; of all if none. Pure. */
uint64_t mp_usage_throttled_percent(const struct mp_usage_sample *s);

#define MP_USAGE_CELLS    9
#define MP_USAGE_CELL_MAX 48

/** mp_usage_headings - CPU(cores), CPU LIMIT, THROTTLED, MEMORY(bytes), ... */
extern const char *const mp_usage_headings[MP_USAGE_CELLS];

/** mp_usage_cells() - the texts under the headings; "-" for what this host cannot tell or is not. */
void mp_usage_cells(const struct mp_usage_sample *s, char cells[MP_USAGE_CELLS][MP_USAGE_CELL_MAX]);

/** mp_usage_json() - members of an open object. */
void mp_usage_json(struct mp_json *w, const struct mp_usage_sample *s);
