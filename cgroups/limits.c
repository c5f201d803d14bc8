/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formulas of pod-semantics 10.4. They are the kubelet's and the OCI runtimes' to the digit,
 * because a pod must get the same share here as it would get there.
 */
#include "cgroups/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/host.h"

#define SHARES_MIN 2U
#define SHARES_MAX 262144U
#define WEIGHT_MAX 10000U
#define PERIOD_US  100000U /* the kubelet's and the kernel's default */
#define QUOTA_MIN  1000U   /* the kernel refuses less */

const char *mp_cgroup_controller_name(enum mp_cgroup_controller controller)
{
	switch (controller) {
	case MP_CGROUP_UNIFIED:
		return "";
	case MP_CGROUP_MEMORY:
		return "memory";
	case MP_CGROUP_PIDS:
		return "pids";
	case MP_CGROUP_HUGETLB:
		return "hugetlb";
	case MP_CGROUP_DEVICES:
		return "devices";
	case MP_CGROUP_FREEZER:
		return "freezer";
	case MP_CGROUP_CPUACCT:
		return "cpuacct";
	case MP_CGROUP_CPU:
		return "cpu";
	}
	return "";
}

uint64_t mp_limits_cpu_shares(uint64_t milli)
{
	uint64_t shares;

	if (__builtin_mul_overflow(milli, 1024U, &shares))
		return SHARES_MAX;
	shares /= 1000;
	if (shares < SHARES_MIN)
		return SHARES_MIN;
	return shares > SHARES_MAX ? SHARES_MAX : shares;
}

uint64_t mp_limits_cpu_quota_us(uint64_t milli, uint64_t period_us)
{
	uint64_t quota;

	if (milli == 0)
		return 0;
	if (__builtin_mul_overflow(milli, period_us, &quota))
		quota = INT64_MAX;
	quota /= 1000;
	return quota < QUOTA_MIN ? QUOTA_MIN : quota;
}

uint64_t mp_limits_weight_linear(uint64_t shares)
{
	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	return 1 + (shares - SHARES_MIN) * (WEIGHT_MAX - 1) / (SHARES_MAX - SHARES_MIN);
}

/*
 * log2 of 2..262144 by repeated squaring: each squaring of the mantissa yields one more binary
 * digit. Written out because nothing else here needs libm, and a library costs at each exec.
 */
static double log2_of(uint64_t v)
{
	int whole = 63 - __builtin_clzll(v);
	double mantissa = (double)v / (double)(UINT64_C(1) << whole); /* 1 <= mantissa < 2 */
	double digit = 0.5;
	double r = whole;

	for (int i = 0; i < 48; i++) {
		mantissa *= mantissa;
		if (mantissa >= 2) {
			mantissa /= 2;
			r += digit;
		}
		digit /= 2;
	}
	return r;
}

/* 10 to the power of 0..4, by its power series: 40 terms are exact to the last bits. */
static double pow10_of(double v)
{
	double whole = 1;
	double term = 1;
	double sum = 1;

	for (int i = (int)v; i > 0; i--)
		whole *= 10;
	v -= (int)v;
	v *= 2.302585092994045684;
	for (int i = 1; i < 40; i++) {
		term *= v / i;
		sum += term;
	}
	return whole * sum;
}

uint64_t mp_limits_weight_container(uint64_t shares)
{
	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;

	double l = log2_of(shares);
	double weight = pow10_of((l * l + 125 * l) / 612 - 7.0 / 34);
	uint64_t whole =
		(uint64_t)(weight + 1e-9); /* 1024 shares are exactly 100: no rounding noise */

	return (double)whole + 1e-9 < weight ? whole + 1 : whole;
}

uint64_t mp_limits_effective_shares(const struct mp_cgroup_limits *limits)
{
	switch (limits->level) {
	case MP_CGROUP_LEVEL_POD:
		return mp_limits_cpu_shares(limits->has_cpu_request ? limits->cpu_request_milli :
								      0);
	case MP_CGROUP_LEVEL_CONTAINER:
		return mp_limits_cpu_shares(limits->has_cpu_request ? limits->cpu_request_milli :
								      limits->cpu_limit_milli);
	}
	return SHARES_MIN;
}

const char *mp_limits_huge_name(uint64_t page_bytes, char buf[MP_CGROUP_HUGE_NAME_MAX])
{
	/* mem_fmt() in the kernel's mm/hugetlb_cgroup.c. */
	if (page_bytes >= UINT64_C(1) << 30)
		(void)snprintf(buf, MP_CGROUP_HUGE_NAME_MAX, "%" PRIu64 "GB", page_bytes >> 30);
	else if (page_bytes >= UINT64_C(1) << 20)
		(void)snprintf(buf, MP_CGROUP_HUGE_NAME_MAX, "%" PRIu64 "MB", page_bytes >> 20);
	else
		(void)snprintf(buf, MP_CGROUP_HUGE_NAME_MAX, "%" PRIu64 "KB", page_bytes >> 10);
	return buf;
}

struct list {
	struct mp_cgroup_setting *at;
	size_t n;
};

static struct mp_cgroup_setting *add(struct list *list, enum mp_cgroup_controller controller,
				     const char *file, bool is_optional)
{
	assert(list->n < MP_CGROUP_SETTINGS_MAX);

	struct mp_cgroup_setting *s = &list->at[list->n++];

	*s = (struct mp_cgroup_setting){ .controller = controller, .is_optional = is_optional };
	(void)snprintf(s->file, sizeof(s->file), "%s", file);
	return s;
}

static void add_number(struct list *list, enum mp_cgroup_controller controller, const char *file,
		       uint64_t value, bool is_optional)
{
	struct mp_cgroup_setting *s = add(list, controller, file, is_optional);

	(void)snprintf(s->value, sizeof(s->value), "%" PRIu64, value);
}

static void add_text(struct list *list, enum mp_cgroup_controller controller, const char *file,
		     const char *value, bool is_optional)
{
	struct mp_cgroup_setting *s = add(list, controller, file, is_optional);

	(void)snprintf(s->value, sizeof(s->value), "%s", value);
}

static void add_cpu_v2(struct list *list, const struct mp_cgroup_limits *limits, bool is_fresh)
{
	uint64_t shares = mp_limits_effective_shares(limits);
	uint64_t period = limits->cpu_period_us ? limits->cpu_period_us : PERIOD_US;
	uint64_t quota = mp_limits_cpu_quota_us(limits->cpu_limit_milli, period);
	uint64_t weight = 0;

	switch (limits->level) {
	case MP_CGROUP_LEVEL_POD:
		weight = mp_limits_weight_linear(shares);
		break;
	case MP_CGROUP_LEVEL_CONTAINER:
		weight = mp_limits_weight_container(shares);
		break;
	}
	add_number(list, MP_CGROUP_CPU, "cpu.weight", weight, true);
	if (quota == 0 && is_fresh)
		return;

	struct mp_cgroup_setting *s = add(list, MP_CGROUP_CPU, "cpu.max", quota == 0);

	if (quota == 0)
		(void)snprintf(s->value, sizeof(s->value), "max %" PRIu64, period);
	else
		(void)snprintf(s->value, sizeof(s->value), "%" PRIu64 " %" PRIu64, quota, period);
}

static void add_cpu_v1(struct list *list, const struct mp_cgroup_limits *limits, bool is_fresh)
{
	uint64_t period = limits->cpu_period_us ? limits->cpu_period_us : PERIOD_US;
	uint64_t quota = mp_limits_cpu_quota_us(limits->cpu_limit_milli, period);

	add_number(list, MP_CGROUP_CPU, "cpu.shares", mp_limits_effective_shares(limits), true);
	if (quota == 0) {
		if (!is_fresh)
			add_text(list, MP_CGROUP_CPU, "cpu.cfs_quota_us", "-1", true);
		return;
	}
	/*
	 * The pair is not written at once: on an existing cgroup lifting the quota first keeps both
	 * orders of a shrinking or growing period legal.
	 */
	if (!is_fresh)
		add_text(list, MP_CGROUP_CPU, "cpu.cfs_quota_us", "-1", false);
	if (!is_fresh || period != PERIOD_US)
		add_number(list, MP_CGROUP_CPU, "cpu.cfs_period_us", period, false);
	add_number(list, MP_CGROUP_CPU, "cpu.cfs_quota_us", quota, false);
}

static void add_memory_v2(struct list *list, const struct mp_cgroup_limits *limits, bool is_fresh)
{
	if (limits->memory_max_bytes)
		add_number(list, MP_CGROUP_MEMORY, "memory.max", limits->memory_max_bytes, false);
	else if (!is_fresh)
		add_text(list, MP_CGROUP_MEMORY, "memory.max", "max", true);
	if (limits->has_swap_max)
		add_number(list, MP_CGROUP_MEMORY, "memory.swap.max", limits->swap_max_bytes, true);
	else if (!is_fresh)
		add_text(list, MP_CGROUP_MEMORY, "memory.swap.max", "max", true);
	if (limits->is_oom_group || !is_fresh)
		add_number(list, MP_CGROUP_MEMORY, "memory.oom.group", limits->is_oom_group, true);
}

/* v1 limits memory and swap together (memsw), which must never be below memory alone. */
static void add_memory_v1(struct list *list, const struct mp_cgroup_limits *limits, bool is_fresh)
{
	uint64_t both;

	if (!limits->memory_max_bytes) {
		if (!is_fresh) {
			add_text(list, MP_CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "-1", true);
			add_text(list, MP_CGROUP_MEMORY, "memory.limit_in_bytes", "-1", true);
		}
		return;
	}
	if (!is_fresh)
		add_text(list, MP_CGROUP_MEMORY, "memory.memsw.limit_in_bytes", "-1", true);
	add_number(list, MP_CGROUP_MEMORY, "memory.limit_in_bytes", limits->memory_max_bytes,
		   false);
	if (limits->has_swap_max &&
	    !__builtin_add_overflow(limits->memory_max_bytes, limits->swap_max_bytes, &both))
		add_number(list, MP_CGROUP_MEMORY, "memory.memsw.limit_in_bytes", both, true);
}

static void add_hugetlb(struct list *list, const struct mp_cgroup_limits *limits,
			const char *suffix)
{
	static const char *const kinds[] = { "", ".rsvd" };

	for (size_t i = 0; i < limits->n_hugetlb && i < MP_CGROUP_HUGE_MAX; i++) {
		const struct mp_cgroup_hugetlb *h = &limits->hugetlb[i];
		char name[MP_CGROUP_HUGE_NAME_MAX];

		/* rsvd counts at mmap() and gives ENOMEM; without it the excess is a SIGBUS later. */
		for (size_t k = 0; k < 2; k++) {
			char file[64];

			(void)snprintf(file, sizeof(file), "hugetlb.%s%s.%s",
				       mp_limits_huge_name(h->page_bytes, name), kinds[k], suffix);
			add_number(list, MP_CGROUP_HUGETLB, file, h->max_bytes,
				   k == 1 || h->max_bytes == 0);
		}
	}
}

size_t mp_limits_settings(const struct mp_cgroup_limits *limits, enum mp_cgroup_version version,
			  bool is_fresh, struct mp_cgroup_setting ret[MP_CGROUP_SETTINGS_MAX])
{
	struct list list = { .at = ret };

	switch (version) {
	case MP_CGROUP_FILES_V1:
		add_memory_v1(&list, limits, is_fresh);
		break;
	case MP_CGROUP_FILES_V2:
		add_memory_v2(&list, limits, is_fresh);
		break;
	}
	if (limits->pids_max)
		add_number(&list, MP_CGROUP_PIDS, "pids.max", limits->pids_max, false);
	else if (!is_fresh)
		add_text(&list, MP_CGROUP_PIDS, "pids.max", "max", true);
	switch (version) {
	case MP_CGROUP_FILES_V1:
		add_hugetlb(&list, limits, "limit_in_bytes");
		add_cpu_v1(&list, limits, is_fresh);
		break;
	case MP_CGROUP_FILES_V2:
		add_hugetlb(&list, limits, "max");
		add_cpu_v2(&list, limits, is_fresh);
		break;
	}
	return list.n;
}
