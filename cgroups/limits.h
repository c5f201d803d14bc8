/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources as files and values: what has to be written where for a pod's or a container's
 * limits, on v1 and on v2. Pure: no file is touched here.
 * Source: pod-semantics 10.4; Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum mp_cgroup_controller - the controllers we know. The order is the order of joining: cpu last. */
enum mp_cgroup_controller {
	MP_CGROUP_UNIFIED, /* no controller: the v2 hierarchy itself (kill, events, pressure) */
	MP_CGROUP_MEMORY,
	MP_CGROUP_PIDS,
	MP_CGROUP_HUGETLB,
	MP_CGROUP_DEVICES, /* v1 only; v2 attaches a BPF program */
	MP_CGROUP_FREEZER, /* v1 only, where there is no cgroup.kill */
	MP_CGROUP_CPUACCT, /* v1 only, where there is no cpu.stat of a v2 hierarchy */
	MP_CGROUP_CPU,
};

#define MP_CGROUP_N_CONTROLLERS 8

/** mp_cgroup_controller_name() - "memory", "pids", ...; "" for MP_CGROUP_UNIFIED. */
const char *mp_cgroup_controller_name(enum mp_cgroup_controller controller);

/** enum mp_cgroup_version - whose file names and value formats are meant. */
enum mp_cgroup_version { MP_CGROUP_FILES_V1, MP_CGROUP_FILES_V2 };

/** enum mp_cgroup_level - decides the shares-to-weight curve: siblings always use the same one. */
enum mp_cgroup_level {
	MP_CGROUP_LEVEL_POD, /* pods and what is above them: linear */
	MP_CGROUP_LEVEL_CONTAINER, /* containers: quadratic in log2(shares); request falls back to limit */
};

struct mp_cgroup_hugetlb {
	uint64_t page_bytes; /* 2097152, 1073741824, ... */
	uint64_t max_bytes;  /* 0 forbids the size */
};

/** struct mp_cgroup_limits - one cgroup's share of the machine. All zero: no limit, 2 shares. */
struct mp_cgroup_limits {
	enum mp_cgroup_level level;
	bool has_cpu_request;       /* absent is not zero: an absent request takes the limit */
	uint64_t cpu_request_milli; /* thousandths of a cpu */
	uint64_t cpu_limit_milli;   /* 0 = none */
	uint64_t cpu_period_us;     /* 0 = 100000 */
	uint64_t memory_max_bytes;  /* 0 = none */
	bool has_swap_max;
	uint64_t swap_max_bytes;                 /* 0 with has_swap_max: no swap at all */
	uint64_t pids_max;                       /* 0 = none */
	bool is_oom_group;                       /* an OOM kill takes the whole cgroup; v2 only */
	const struct mp_cgroup_hugetlb *hugetlb; /* borrowed */
	size_t n_hugetlb;
	/* What spares a hierarchy of v1, each of which costs 0.1 ms and more: */
	bool is_pid_ns; /* all in it die with their pid namespace: nothing has to be frozen to be killed */
	bool is_idle; /* nothing ever runs in it: its cpu time is neither limited nor counted */
};

/** struct mp_cgroup_setting - one write. */
struct mp_cgroup_setting {
	enum mp_cgroup_controller controller;
	char file[64];  /* "cpu.max" */
	char value[48]; /* "50000 100000" */
	/*
	 * false: a limit that somebody asked for; without the controller or the file the cgroup must
	 * not be used. true: skipped where the kernel does not know it (weights, swap, oom.group).
	 */
	bool is_optional;
};

#define MP_CGROUP_SETTINGS_MAX 32

/**
 * mp_limits_settings() - the writes for @limits, in the order in which the kernel takes them.
 * @limits:   borrowed.
 * @version:  file names of v1 or v2.
 * @is_fresh: the cgroup was just created: values that are the kernel's defaults are left out.
 *            Otherwise ("set these limits now") they are in, so that a limit can also be lifted.
 * @ret:      room for MP_CGROUP_SETTINGS_MAX.
 *
 * Return: how many settings were stored. At most MP_CGROUP_HUGE_MAX huge page sizes count.
 * Source: pod-semantics 10.4.
 */
size_t mp_limits_settings(const struct mp_cgroup_limits *limits, enum mp_cgroup_version version,
			  bool is_fresh, struct mp_cgroup_setting ret[MP_CGROUP_SETTINGS_MAX]);

/** mp_limits_cpu_shares() - thousandths of a cpu to v1 shares: 0 -> 2, 250 -> 256; 2..262144. 10.4 */
uint64_t mp_limits_cpu_shares(uint64_t milli);

/** mp_limits_cpu_quota_us() - a cpu limit per @period_us, at least 1000; 0 (no limit) for 0. 10.4 */
uint64_t mp_limits_cpu_quota_us(uint64_t milli, uint64_t period_us);

/** mp_limits_weight_linear() - shares to cpu.weight as the kubelet does for pods and above. 10.4 */
uint64_t mp_limits_weight_linear(uint64_t shares);

/** mp_limits_weight_container() - shares to cpu.weight as runc >= 1.3.2 and crun >= 1.23 do. 10.4 */
uint64_t mp_limits_weight_container(uint64_t shares);

/** mp_limits_effective_shares() - the shares of @limits, with the fall-backs of its level. 10.4 */
uint64_t mp_limits_effective_shares(const struct mp_cgroup_limits *limits);

#define MP_CGROUP_HUGE_NAME_MAX 24

/** mp_limits_huge_name() - the kernel's name of a page size: 2097152 -> "2MB". Returns @buf. */
const char *mp_limits_huge_name(uint64_t page_bytes, char buf[MP_CGROUP_HUGE_NAME_MAX]);
