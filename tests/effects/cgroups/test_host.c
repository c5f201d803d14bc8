/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/backend.h"
#include "tests/effects/cgroups/support.h"

struct answer {
	unsigned seen; /* bits of controllers libcgroup knows where we do */
};

static void compare(const char *controller, const char *mount_point, void *arg)
{
	struct answer *answer = arg;

	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		enum mp_cgroup_controller known = (enum mp_cgroup_controller)c;
		const char *path = mp_cgroup_host_path(host, known);
		struct stat ours;
		struct stat theirs;

		if (!path || c == MP_CGROUP_UNIFIED ||
		    strcmp(controller, mp_cgroup_controller_name(known)) != 0)
			continue;

		char *top = strndup(path, strlen(path) - strlen(root_name) - 1);

		assert_int_equal(stat(top, &ours), 0);
		assert_int_equal(stat(mount_point, &theirs), 0);
		assert_int_equal(ours.st_dev, theirs.st_dev);
		free(top);
		answer->seen |= 1U << c;
	}
}

static void libcgroup_finds_each_controller_where_we_do(void **unused)
{
	(void)unused;
	struct answer answer = { 0 };

	OK(mp_backend_find(compare, &answer, &err));
	for (int c = MP_CGROUP_MEMORY; c < MP_CGROUP_N_CONTROLLERS; c++) {
		if (has((enum mp_cgroup_controller)c) && !(answer.seen & (1U << c)))
			fail_msg("libcgroup does not know %s",
				 mp_cgroup_controller_name((enum mp_cgroup_controller)c));
	}
}

static void looking_creates_nothing_and_closing_frees_all(void **unused)
{
	(void)unused;
	int fds = count_fds();
	struct mp_cgroup_host *other = NULL;

	OK(mp_cgroup_host_open(NULL, &other, &err));
	assert_non_null(strstr(mp_cgroup_host_path(other, MP_CGROUP_MEMORY) ?
				       mp_cgroup_host_path(other, MP_CGROUP_MEMORY) :
				       mp_cgroup_host_path(other, MP_CGROUP_UNIFIED),
			       "/minipod"));
	mp_cgroup_host_close(other);
	mp_cgroup_host_close(NULL);
	assert_int_equal(count_fds(), fds);
}

static void a_root_that_leads_elsewhere_is_refused(void **unused)
{
	(void)unused;
	static const char *const bad[] = { "", "/minipod", "../minipod", "a/..", "a//b", "a/", "." };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct mp_cgroup_host_config config = { .root = bad[i] };
		struct mp_cgroup_host *other = NULL;

		assert_int_equal(mp_cgroup_host_open(&config, &other, &err), -EINVAL);
		assert_null(other);
	}
}

static void a_root_of_several_parts_is_made_and_removed_whole(void **unused)
{
	(void)unused;
	char deep[128];
	const struct mp_cgroup_host_config config = {
		.root = deep,
		.ignore_v2 = mp_cgroup_host_mode(host) == MP_CGROUP_V1,
		.v2_at = mp_cgroup_host_mode(host) == MP_CGROUP_V2 ? v2_place() : NULL,
	};
	struct mp_cgroup_host *kept = host;

	(void)snprintf(deep, sizeof(deep), "%s/ci/job7", root_name);
	OK(mp_cgroup_host_open(&config, &host, &err));

	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL);
	struct mp_cgroup *cg = new_container(pod, "web.0", NULL);

	remove_now(cg);
	remove_now(pod);
	mp_cgroup_host_close(host);
	host = kept;
}

static void a_directory_that_is_no_cgroup_is_no_host(void **unused)
{
	(void)unused;
	const struct mp_cgroup_host_config config = { .v2_at = "/tmp" };
	struct mp_cgroup_host *other = NULL;

	assert_int_equal(mp_cgroup_host_open(&config, &other, &err), -ENODEV);
	assert_non_null(strstr(err.msg, "no cgroup hierarchy"));
}

static void page_sizes_are_those_of_the_kernel(void **unused)
{
	(void)unused;
	uint64_t sizes[MP_CGROUP_HUGE_MAX] = { 0 };
	size_t n = mp_cgroup_host_hugepages(sizes);

	for (size_t i = 0; i < n; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%llukB",
			       (unsigned long long)(sizes[i] >> 10));
		assert_int_equal(access(path, F_OK), 0);
		assert_true(i == 0 || sizes[i - 1] < sizes[i]);
	}
}

static void huge_page_limits_arrive_on_demand_only(void **unused)
{
	(void)unused;
	uint64_t sizes[MP_CGROUP_HUGE_MAX] = { 0 };
	char file[64];
	char name[MP_CGROUP_HUGE_NAME_MAX];

	if (!has(MP_CGROUP_HUGETLB) || mp_cgroup_host_hugepages(sizes) == 0)
		skip();

	const struct mp_cgroup_hugetlb huge = { .page_bytes = sizes[0], .max_bytes = 2 * sizes[0] };
	const struct mp_cgroup_limits limits = { .level = MP_CGROUP_LEVEL_CONTAINER,
						 .hugetlb = &huge,
						 .n_hugetlb = 1 };
	char want[32];
	struct mp_cgroup *pod = new_pod("burstable/pod1", NULL); /* hands hugetlb down later */
	struct mp_cgroup *cg = new_container(pod, "web.0", &limits);

	(void)snprintf(want, sizeof(want), "%llu", (unsigned long long)huge.max_bytes);
	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", mp_limits_huge_name(sizes[0], name),
		       is_v2_file(MP_CGROUP_HUGETLB) ? "max" : "limit_in_bytes");
	assert_string_equal(file_of(cg, MP_CGROUP_HUGETLB, file), want);
	remove_now(cg);
	remove_now(pod);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, nothing_left)
	const struct CMUnitTest tests[] = {
		T(libcgroup_finds_each_controller_where_we_do),
		T(looking_creates_nothing_and_closing_frees_all),
		T(a_root_that_leads_elsewhere_is_refused),
		T(a_root_of_several_parts_is_made_and_removed_whole),
		T(a_directory_that_is_no_cgroup_is_no_host),
		T(page_sizes_are_those_of_the_kernel),
		T(huge_page_limits_arrive_on_demand_only),
	};

	return RUN_IN_ALL_VIEWS(tests);
}
