/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/limits.h"

#define MIB (UINT64_C(1) << 20)

/* All settings as "file=value" lines; a '?' marks the optional ones. */
static const char *settings(const struct mp_cgroup_limits *limits, enum mp_cgroup_version version,
			    bool is_fresh)
{
	static char text[4096];
	struct mp_cgroup_setting s[MP_CGROUP_SETTINGS_MAX];
	size_t n = mp_limits_settings(limits, version, is_fresh, s);
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		int k = snprintf(text + len, sizeof(text) - len, "%s%s=%s\n", s[i].file,
				 s[i].is_optional ? "?" : "", s[i].value);

		assert_true(k > 0 && (size_t)k < sizeof(text) - len);
		len += (size_t)k;
	}
	return text;
}

static void shares_follow_the_request_in_milli_cpu(void **unused)
{
	(void)unused;
	const struct {
		uint64_t milli, shares;
	} rows[] = { { 0, 2 },
		     { 1, 2 },
		     { 2, 2 },
		     { 3, 3 },
		     { 10, 10 },
		     { 100, 102 },
		     { 250, 256 },
		     { 1000, 1024 },
		     { 1500, 1536 },
		     { 255999, 262142 },
		     { 256000, 262144 },
		     { 300000, 262144 },
		     { UINT64_MAX, 262144 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mp_limits_cpu_shares(rows[i].milli), rows[i].shares);
}

static void quota_is_never_below_one_millisecond(void **unused)
{
	(void)unused;
	const struct {
		uint64_t milli, quota;
	} rows[] = { { 0, 0 },       { 1, 1000 },      { 10, 1000 },    { 11, 1100 },
		     { 500, 50000 }, { 1000, 100000 }, { 2500, 250000 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mp_limits_cpu_quota_us(rows[i].milli, 100000), rows[i].quota);
	assert_int_equal(mp_limits_cpu_quota_us(500, 10000), 5000);
	assert_true(mp_limits_cpu_quota_us(UINT64_MAX, 100000) > 0);
}

static void weights_of_pods_lie_on_the_kubelets_line(void **unused)
{
	(void)unused;
	const struct {
		uint64_t shares, weight;
	} rows[] = { { 0, 1 },
		     { 2, 1 },
		     { 28, 1 },
		     { 29, 2 },
		     { 256, 10 },
		     { 1024, 39 },
		     { 10240, 391 },
		     { 131073, 5000 },
		     { 262143, 9999 },
		     { 262144, 10000 },
		     { UINT64_MAX, 10000 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mp_limits_weight_linear(rows[i].shares), rows[i].weight);
}

static void weights_of_containers_lie_on_the_runtimes_curve(void **unused)
{
	(void)unused;
	/* Computed with libm: ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34)), l = log2(shares). */
	const struct {
		uint64_t shares, weight;
	} rows[] = { { 0, 1 },         { 1, 1 },          { 2, 1 },          { 3, 2 },
		     { 4, 2 },         { 8, 3 },          { 16, 5 },         { 64, 12 },
		     { 102, 17 },      { 256, 35 },       { 512, 59 },       { 1024, 100 },
		     { 1025, 101 },    { 2048, 174 },     { 10240, 639 },    { 65536, 3023 },
		     { 131072, 5478 }, { 262143, 10000 }, { 262144, 10000 }, { UINT64_MAX, 10000 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(mp_limits_weight_container(rows[i].shares), rows[i].weight);
	for (uint64_t s = 3; s < 262144; s++) /* more shares never weigh less */
		assert_true(mp_limits_weight_container(s) >= mp_limits_weight_container(s - 1));
}

static void an_absent_request_takes_the_limit_and_a_zero_one_does_not(void **unused)
{
	(void)unused;
	struct mp_cgroup_limits l = { .level = MP_CGROUP_LEVEL_CONTAINER };

	assert_int_equal(mp_limits_effective_shares(&l), 2); /* neither */
	l.cpu_limit_milli = 500;
	assert_int_equal(mp_limits_effective_shares(&l), 512);
	l.has_cpu_request = true;
	assert_int_equal(mp_limits_effective_shares(&l), 2);
	l.cpu_request_milli = 250;
	assert_int_equal(mp_limits_effective_shares(&l), 256);
	l = (struct mp_cgroup_limits){ .level = MP_CGROUP_LEVEL_POD, .cpu_limit_milli = 500 };
	assert_int_equal(mp_limits_effective_shares(&l), 2); /* pods never fall back */
}

/* Appendix B15: cpu request 250m and limit 500m, memory limit 64Mi. */
static const struct mp_cgroup_limits b15 = { .level = MP_CGROUP_LEVEL_CONTAINER,
					     .has_cpu_request = true,
					     .cpu_request_milli = 250,
					     .cpu_limit_milli = 500,
					     .memory_max_bytes = 64 * MIB,
					     .has_swap_max = true,
					     .is_oom_group = true };

static void b15_container_on_v2(void **unused)
{
	(void)unused;
	assert_string_equal(settings(&b15, MP_CGROUP_FILES_V2, true), "memory.max=67108864\n"
								      "memory.swap.max?=0\n"
								      "memory.oom.group?=1\n"
								      "cpu.weight?=35\n"
								      "cpu.max=50000 100000\n");
}

static void b15_pod_on_v2(void **unused)
{
	(void)unused;
	struct mp_cgroup_limits l = b15;

	l.level = MP_CGROUP_LEVEL_POD;
	l.has_swap_max = false;
	l.is_oom_group = false;
	assert_string_equal(settings(&l, MP_CGROUP_FILES_V2, true), "memory.max=67108864\n"
								    "cpu.weight?=10\n"
								    "cpu.max=50000 100000\n");
}

static void b15_container_on_v1(void **unused)
{
	(void)unused;
	assert_string_equal(settings(&b15, MP_CGROUP_FILES_V1, true),
			    "memory.limit_in_bytes=67108864\n"
			    "memory.memsw.limit_in_bytes?=67108864\n"
			    "cpu.shares?=256\n"
			    "cpu.cfs_quota_us=50000\n");
}

static void a_fresh_cgroup_is_not_told_what_it_knows(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits none = { .level = MP_CGROUP_LEVEL_CONTAINER };

	assert_string_equal(settings(&none, MP_CGROUP_FILES_V2, true), "cpu.weight?=1\n");
	assert_string_equal(settings(&none, MP_CGROUP_FILES_V1, true), "cpu.shares?=2\n");
}

static void an_update_without_limits_lifts_them_all(void **unused)
{
	(void)unused;
	const struct mp_cgroup_limits none = { .level = MP_CGROUP_LEVEL_CONTAINER };

	assert_string_equal(settings(&none, MP_CGROUP_FILES_V2, false), "memory.max?=max\n"
									"memory.swap.max?=max\n"
									"memory.oom.group?=0\n"
									"pids.max?=max\n"
									"cpu.weight?=1\n"
									"cpu.max?=max 100000\n");
	assert_string_equal(settings(&none, MP_CGROUP_FILES_V1, false),
			    "memory.memsw.limit_in_bytes?=-1\n"
			    "memory.limit_in_bytes?=-1\n"
			    "pids.max?=max\n"
			    "cpu.shares?=2\n"
			    "cpu.cfs_quota_us?=-1\n");
}

static void an_update_on_v1_never_passes_through_an_illegal_pair(void **unused)
{
	(void)unused;
	struct mp_cgroup_limits l = b15;

	l.pids_max = 10;
	l.cpu_period_us = 50000;
	assert_string_equal(settings(&l, MP_CGROUP_FILES_V1, false),
			    "memory.memsw.limit_in_bytes?=-1\n" /* memsw >= memory at each step */
			    "memory.limit_in_bytes=67108864\n"
			    "memory.memsw.limit_in_bytes?=67108864\n"
			    "pids.max=10\n"
			    "cpu.shares?=256\n"
			    "cpu.cfs_quota_us=-1\n"
			    "cpu.cfs_period_us=50000\n"
			    "cpu.cfs_quota_us=25000\n");
}

static void limited_swap_is_the_sum_on_v1_and_the_part_on_v2(void **unused)
{
	(void)unused;
	struct mp_cgroup_limits l = { .memory_max_bytes = 64 * MIB,
				      .has_swap_max = true,
				      .swap_max_bytes = 16 * MIB };

	assert_non_null(
		strstr(settings(&l, MP_CGROUP_FILES_V2, true), "memory.swap.max?=16777216\n"));
	assert_non_null(strstr(settings(&l, MP_CGROUP_FILES_V1, true),
			       "memory.memsw.limit_in_bytes?=83886080\n"));
	l.swap_max_bytes = UINT64_MAX; /* a sum that does not exist is not written */
	assert_null(strstr(settings(&l, MP_CGROUP_FILES_V1, true), "memsw"));
}

static void huge_pages_are_limited_by_size_when_used_and_when_reserved(void **unused)
{
	(void)unused;
	const struct mp_cgroup_hugetlb huge[] = { { 2 * MIB, 64 * MIB }, { 1024 * MIB, 0 } };
	const struct mp_cgroup_limits l = { .hugetlb = huge, .n_hugetlb = 2 };

	assert_string_equal(settings(&l, MP_CGROUP_FILES_V2, true),
			    "hugetlb.2MB.max=67108864\n"
			    "hugetlb.2MB.rsvd.max?=67108864\n"
			    "hugetlb.1GB.max?=0\n"
			    "hugetlb.1GB.rsvd.max?=0\n"
			    "cpu.weight?=1\n");
	assert_string_equal(settings(&l, MP_CGROUP_FILES_V1, true),
			    "hugetlb.2MB.limit_in_bytes=67108864\n"
			    "hugetlb.2MB.rsvd.limit_in_bytes?=67108864\n"
			    "hugetlb.1GB.limit_in_bytes?=0\n"
			    "hugetlb.1GB.rsvd.limit_in_bytes?=0\n"
			    "cpu.shares?=2\n");
}

static void everything_at_once_fits(void **unused)
{
	(void)unused;
	struct mp_cgroup_hugetlb huge[20];
	struct mp_cgroup_limits l = b15;
	struct mp_cgroup_setting s[MP_CGROUP_SETTINGS_MAX];

	for (size_t i = 0; i < 20; i++)
		huge[i] = (struct mp_cgroup_hugetlb){ UINT64_C(1) << (12 + i), UINT64_MAX };
	l.hugetlb = huge;
	l.n_hugetlb = 20; /* more sizes than any machine has: the first eight count */
	l.memory_max_bytes = l.cpu_limit_milli = l.cpu_request_milli = l.pids_max = UINT64_MAX / 8;
	for (int v1 = 0; v1 < 2; v1++) {
		for (int fresh = 0; fresh < 2; fresh++) {
			size_t n = mp_limits_settings(
				&l, v1 ? MP_CGROUP_FILES_V1 : MP_CGROUP_FILES_V2, fresh, s);

			assert_in_range(n, 20, MP_CGROUP_SETTINGS_MAX);
			for (size_t i = 0; i < n; i++)
				assert_true(strlen(s[i].value) < sizeof(s[i].value) - 1);
		}
	}
}

static void page_sizes_have_the_kernels_names(void **unused)
{
	(void)unused;
	char buf[MP_CGROUP_HUGE_NAME_MAX];

	assert_string_equal(mp_limits_huge_name(65536, buf), "64KB");
	assert_string_equal(mp_limits_huge_name(2 * MIB, buf), "2MB");
	assert_string_equal(mp_limits_huge_name(32 * MIB, buf), "32MB");
	assert_string_equal(mp_limits_huge_name(1024 * MIB, buf), "1GB");
	assert_string_equal(mp_limits_huge_name(16384 * MIB, buf), "16GB");
}

static void every_setting_belongs_to_the_controller_in_its_name(void **unused)
{
	(void)unused;
	struct mp_cgroup_setting s[MP_CGROUP_SETTINGS_MAX];
	const struct mp_cgroup_hugetlb huge = { 2 * MIB, MIB };
	struct mp_cgroup_limits l = b15;

	l.pids_max = 3;
	l.hugetlb = &huge;
	l.n_hugetlb = 1;
	for (int v1 = 0; v1 < 2; v1++) {
		size_t n = mp_limits_settings(&l, v1 ? MP_CGROUP_FILES_V1 : MP_CGROUP_FILES_V2,
					      false, s);

		for (size_t i = 0; i < n; i++) {
			const char *name = mp_cgroup_controller_name(s[i].controller);

			assert_memory_equal(s[i].file, name, strlen(name));
			assert_int_equal(s[i].file[strlen(name)], '.');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_follow_the_request_in_milli_cpu),
		cmocka_unit_test(quota_is_never_below_one_millisecond),
		cmocka_unit_test(weights_of_pods_lie_on_the_kubelets_line),
		cmocka_unit_test(weights_of_containers_lie_on_the_runtimes_curve),
		cmocka_unit_test(an_absent_request_takes_the_limit_and_a_zero_one_does_not),
		cmocka_unit_test(b15_container_on_v2),
		cmocka_unit_test(b15_pod_on_v2),
		cmocka_unit_test(b15_container_on_v1),
		cmocka_unit_test(a_fresh_cgroup_is_not_told_what_it_knows),
		cmocka_unit_test(an_update_without_limits_lifts_them_all),
		cmocka_unit_test(an_update_on_v1_never_passes_through_an_illegal_pair),
		cmocka_unit_test(limited_swap_is_the_sum_on_v1_and_the_part_on_v2),
		cmocka_unit_test(huge_pages_are_limited_by_size_when_used_and_when_reserved),
		cmocka_unit_test(everything_at_once_fits),
		cmocka_unit_test(page_sizes_have_the_kernels_names),
		cmocka_unit_test(every_setting_belongs_to_the_controller_in_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
