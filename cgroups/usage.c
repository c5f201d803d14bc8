/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/usage.h"

#include <errno.h>
#include <string.h>

#include "cgroups/events.h"
#include "cgroups/file.h"
#include "cgroups/node.h"
#include "cgroups/parse.h"

#define STAT_MAX 8192 /* memory.stat has some 60 lines */

static bool read_number(int dir_fd, const char *file, uint64_t *ret)
{
	char text[64];

	return mp_cgfile_read(dir_fd, file, text, sizeof(text)) >= 0 && mp_parse_number(text, ret);
}

/* A limit: "max" on v2, a number beyond any memory on v1, both "none". */
static uint64_t read_limit(int dir_fd, const char *file)
{
	uint64_t v;

	return read_number(dir_fd, file, &v) && v < (uint64_t)INT64_MAX / 4096 * 4096 ? v : 0;
}

/* "50000 100000" or "max 100000" on v2, two files on v1, where -1 is none. */
static uint64_t read_cpu_limit(const struct mp_cgroup *cg, int fd)
{
	char text[64];
	uint64_t quota = UINT64_MAX, period = 0;

	if (mp_node_version(cg->host, MP_CGROUP_CPU) == MP_CGROUP_FILES_V1) {
		if (!read_number(fd, "cpu.cfs_quota_us", &quota) ||
		    !read_number(fd, "cpu.cfs_period_us", &period))
			return 0;
	} else if (mp_cgfile_read(fd, "cpu.max", text, sizeof(text)) < 0 ||
		   !mp_parse_number(text, &quota) || !strchr(text, ' ') ||
		   !mp_parse_number(strchr(text, ' ') + 1, &period)) {
		return 0;
	}
	return period > 0 && quota < UINT64_MAX / 1000 ? quota * 1000 / period : 0;
}

static void read_cpu(const struct mp_cgroup *cg, struct mp_cgroup_usage *u)
{
	int unified = mp_node_dir(cg, MP_CGROUP_UNIFIED);
	int cpuacct = mp_node_dir(cg, MP_CGROUP_CPUACCT);
	int cpu = mp_node_dir(cg, MP_CGROUP_CPU);
	char text[STAT_MAX];
	uint64_t ns;

	/* Every v2 cgroup has usage_usec, with or without the controller. */
	if (unified >= 0 && mp_cgfile_read(unified, "cpu.stat", text, sizeof(text)) >= 0)
		u->has_cpu = mp_parse_keyed(text, "usage_usec", &u->cpu_us);
	else if (cpuacct >= 0 && read_number(cpuacct, "cpuacct.usage", &ns)) {
		u->has_cpu = true;
		u->cpu_us = ns / 1000;
	}
	if (cpu < 0)
		return;
	u->cpu_limit_milli = read_cpu_limit(cg, cpu);
	if (mp_cgfile_read(cpu, "cpu.stat", text, sizeof(text)) < 0)
		return;
	u->has_throttling = mp_parse_keyed(text, "nr_periods", &u->periods) &&
			    mp_parse_keyed(text, "nr_throttled", &u->throttled_periods);
	if (mp_parse_keyed(text, "throttled_time", &ns))
		u->throttled_us = ns / 1000;
	else
		(void)mp_parse_keyed(text, "throttled_usec", &u->throttled_us);
}

static void read_memory(const struct mp_cgroup *cg, struct mp_cgroup_usage *u)
{
	int fd = mp_node_dir(cg, MP_CGROUP_MEMORY);
	char text[STAT_MAX];
	uint64_t inactive = 0;

	if (fd < 0)
		return;

	bool is_v2 = mp_node_version(cg->host, MP_CGROUP_MEMORY) == MP_CGROUP_FILES_V2;

	u->has_memory = read_number(fd, is_v2 ? "memory.current" : "memory.usage_in_bytes",
				    &u->memory_bytes);
	u->memory_max_bytes = read_limit(fd, is_v2 ? "memory.max" : "memory.limit_in_bytes");
	if (mp_cgfile_read(fd, "memory.stat", text, sizeof(text)) >= 0)
		(void)mp_parse_keyed(text, is_v2 ? "inactive_file" : "total_inactive_file",
				     &inactive);
	/* The two files are not read at one instant: never below zero (cAdvisor does the same). */
	u->working_set_bytes = inactive < u->memory_bytes ? u->memory_bytes - inactive : 0;
	if (mp_cgroup_oom_kills(cg, &u->oom_kills, NULL) < 0)
		u->oom_kills = 0;
}

int mp_cgroup_usage_read(const struct mp_cgroup *cg, struct mp_cgroup_usage *ret,
			 struct mp_error *err)
{
	struct mp_cgroup_usage u = { .has_cpu = false };
	int pids = mp_node_dir(cg, MP_CGROUP_PIDS);

	read_cpu(cg, &u);
	read_memory(cg, &u);
	if (pids >= 0) {
		u.has_pids = read_number(pids, "pids.current", &u.pids);
		u.pids_max = read_limit(pids, "pids.max");
	}
	if (!u.has_cpu && !u.has_memory && !u.has_pids)
		return mp_fail(err, ENOENT, "read the usage of cgroup %s", cg->path);
	*ret = u;
	return 0;
}

static const char *pressure_file(enum mp_cgroup_resource resource)
{
	switch (resource) {
	case MP_CGROUP_PRESSURE_CPU:
		return "cpu.pressure";
	case MP_CGROUP_PRESSURE_MEMORY:
		return "memory.pressure";
	case MP_CGROUP_PRESSURE_IO:
		return "io.pressure";
	}
	return "";
}

static struct mp_cgroup_stall to_stall(const struct mp_parsed_stall *s)
{
	return (struct mp_cgroup_stall){
		.avg10 = s->avg10, .avg60 = s->avg60, .avg300 = s->avg300, .total_us = s->total_us
	};
}

int mp_cgroup_pressure_read(const struct mp_cgroup *cg, enum mp_cgroup_resource resource,
			    struct mp_cgroup_pressure *ret, struct mp_error *err)
{
	const char *file = pressure_file(resource);
	int fd = mp_node_dir(cg, MP_CGROUP_UNIFIED);
	struct mp_parsed_stall some;
	struct mp_parsed_stall full = { .total_us = 0 };
	char text[512];
	int r = fd < 0 ? -EOPNOTSUPP : mp_cgfile_read(fd, file, text, sizeof(text));

	if (r == -ENOENT)
		r = -EOPNOTSUPP; /* a kernel without PSI, or with cgroup.pressure off */
	if (r >= 0 && !mp_parse_pressure(text, "some", &some))
		r = -EBADMSG;
	if (r < 0)
		return mp_fail(err, -r, "read %s of cgroup %s", file, cg->path);
	(void)mp_parse_pressure(text, "full", &full);
	ret->some = to_stall(&some);
	ret->full = to_stall(&full);
	return 0;
}
