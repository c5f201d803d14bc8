/* SPDX-License-Identifier: Apache-2.0 */
/* Sums, classes and the rules for requests and limits: sections 10.2-10.6 and 11.6. */
#include "tests/unit/lifecycle/spec_fixture.h"

#define P "spec.containers[0].resources"
#define LIMIT(container, name, text) \
	fixture_add_resource(&f, &(container)->resources.limits, name, text)
#define REQUEST(container, name, text) \
	fixture_add_resource(&f, &(container)->resources.requests, name, text)
#define POD_LIMIT(name, text)                                                  \
	do {                                                                   \
		spec->resources.is_set = true;                                 \
		fixture_add_resource(&f, &spec->resources.limits, name, text); \
	} while (0)
#define POD_REQUEST(name, text)                                                  \
	do {                                                                     \
		spec->resources.is_set = true;                                   \
		fixture_add_resource(&f, &spec->resources.requests, name, text); \
	} while (0)

/* ---- rules: 11.6 ------------------------------------------------------------------------ */

FINE(standard_resources_are_fine_11_6, ({
	     LIMIT(c, "cpu", "1");
	     LIMIT(c, "memory", "1Gi");
	     LIMIT(c, "ephemeral-storage", "1Gi");
	     LIMIT(c, "hugepages-2Mi", "4Mi");
	     LIMIT(c, "example.com/gpu", "2");
     }))
RULE(an_unknown_plain_name_is_two_errors_11_6, ({ LIMIT(c, "gpu", "1"); }),
     P ".limits[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified",
     P ".limits[gpu]: Invalid value: \"gpu\": must be a standard resource for containers",
     P ".requests[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully "
       "qualified",
     P ".requests[gpu]: Invalid value: \"gpu\": must be a standard resource for containers")
RULE(a_standard_name_of_quotas_is_not_for_containers_11_6, ({ REQUEST(c, "pods", "1"); }),
     P ".requests[pods]: Invalid value: \"pods\": must be a standard resource for containers")
RULE(an_extended_name_has_no_requests_prefix_11_6, ({ LIMIT(c, "requests.example.com/x", "1"); }),
     P ".limits[requests.example.com/x]: Invalid value: \"requests.example.com/x\": doesn't follow "
       "extended resource name standard",
     P ".requests[requests.example.com/x]: Invalid value: \"requests.example.com/x\": doesn't "
       "follow extended resource name standard")
FINE(a_name_in_the_projects_own_domain_is_not_extended_11_6,
     ({ REQUEST(c, "kubernetes.io/x", "500m"); }))
RULE(a_resource_name_is_qualified_11_6, ({ REQUEST(c, "a b", "1"); }),
     P ".requests[a b]: Invalid value: \"a b\": name part must consist of alphanumeric characters, "
       "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
       "'my.name',  or '123-abc', regex used for validation is "
       "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
     P ".requests[a b]: Invalid value: \"a b\": must be a standard resource for containers")
RULE(a_resource_is_not_negative_11_6, ({ REQUEST(c, "cpu", "-1"); }),
     P ".requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0")
RULE(an_extended_resource_is_an_integer_11_6, ({ LIMIT(c, "example.com/gpu", "500m"); }),
     P ".limits[example.com/gpu]: Invalid value: \"500m\": must be an integer",
     P ".requests[example.com/gpu]: Invalid value: \"500m\": must be an integer")
RULE(a_request_is_at_most_its_limit_11_6, ({
	     LIMIT(c, "cpu", "1");
	     REQUEST(c, "cpu", "2");
     }),
     P ".requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1")
FINE(a_request_may_be_less_than_its_limit_11_6, ({
	     LIMIT(c, "cpu", "1");
	     REQUEST(c, "cpu", "100m");
     }))
RULE(hugepages_are_not_overcommitted_11_6, ({
	     LIMIT(c, "cpu", "1");
	     LIMIT(c, "hugepages-2Mi", "4Mi");
	     REQUEST(c, "hugepages-2Mi", "2Mi");
     }),
     P ".requests: Invalid value: \"2Mi\": must be equal to hugepages-2Mi limit of 4Mi")
RULE(hugepages_have_a_limit_11_6, ({
	     REQUEST(c, "cpu", "1");
	     REQUEST(c, "hugepages-2Mi", "2Mi");
     }),
     P ".limits: Required value: Limit must be set for non overcommitable resources")
RULE(extended_resources_have_a_limit_11_6, ({ REQUEST(c, "example.com/gpu", "1"); }),
     P ".limits: Required value: Limit must be set for non overcommitable resources")
RULE(hugepages_need_cpu_or_memory_11_6, ({ LIMIT(c, "hugepages-2Mi", "2Mi"); }),
     P ": Forbidden: HugePages require cpu or memory")
RULE(hugepages_are_whole_pages_11_6, ({
	     LIMIT(c, "memory", "1Gi");
	     LIMIT(c, "hugepages-2Mi", "3Mi");
	     LIMIT(c, "hugepages-x", "1Gi");
	     LIMIT(c, "hugepages-0", "1Gi");
	     LIMIT(c, "hugepages-1500m", "1Gi");
     }),
     P ".limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of "
       "hugepages-2Mi",
     P ".limits[hugepages-x]: Invalid value: \"1Gi\": 1Gi is not positive integer multiple of "
       "hugepages-x",
     P ".limits[hugepages-0]: Invalid value: \"1Gi\": 1Gi is not positive integer multiple of "
       "hugepages-0",
     P ".limits[hugepages-1500m]: Invalid value: \"1Gi\": 1Gi is not positive integer multiple of "
       "hugepages-1500m",
     P ".requests[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of "
       "hugepages-2Mi",
     P ".requests[hugepages-x]: Invalid value: \"1Gi\": 1Gi is not positive integer multiple of "
       "hugepages-x",
     P ".requests[hugepages-0]: Invalid value: \"1Gi\": 1Gi is not positive integer multiple of "
       "hugepages-0",
     P ".requests[hugepages-1500m]: Invalid value: \"1Gi\": 1Gi is not positive integer multiple "
       "of hugepages-1500m")
RULE(overhead_is_checked_as_limits_11_5,
     ({ fixture_add_resource(&f, &spec->overhead, "cpu", "-1"); }),
     "spec.overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0")

/* ---- pod level: 10.6 -------------------------------------------------------------------- */

RULE(pod_level_resources_are_cpu_memory_and_hugepages_10_6, ({
	     POD_REQUEST("ephemeral-storage", "1Gi");
	     POD_REQUEST("gpu", "1");
     }),
     "spec.resources.requests[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": "
     "supported values: \"cpu\", \"hugepages-\", \"memory\"",
     "spec.resources.requests[gpu]: Invalid value: \"gpu\": must be a standard resource type or "
     "fully qualified")
RULE(pod_level_requests_cover_the_containers_10_6, ({
	     POD_REQUEST("cpu", "1");
	     REQUEST(c, "cpu", "800m");
	     c = fixture_add_main(&f, "other");
	     REQUEST(c, "cpu", "700m");
	     REQUEST(c, "memory", "1Gi");
	     REQUEST(c, "ephemeral-storage", "1Gi");
     }),
     "spec.resources.requests[cpu]: Invalid value: \"1\": must be greater than or equal to "
     "aggregate container requests of 1500m",
     "spec.resources.requests[memory]: Invalid value: \"0\": must be greater than or equal to "
     "aggregate container requests of 1Gi")
RULE(a_container_limit_is_at_most_the_pods_10_6, ({
	     POD_LIMIT("cpu", "1");
	     LIMIT(c, "cpu", "2");
	     LIMIT(c, "memory", "1Gi");
	     REQUEST(c, "cpu", "1");
     }),
     "spec.resources.containers[0][cpu].limits: Invalid value: \"2\": must be less than or equal "
     "to pod limits of 1")
FINE(pod_level_resources_may_be_enough_10_6, ({
	     POD_LIMIT("cpu", "2");
	     POD_LIMIT("memory", "2Gi");
	     LIMIT(c, "cpu", "2");
	     REQUEST(c, "memory", "1Gi");
     }))

/* ---- sums: 10.3 ------------------------------------------------------------------------- */

static void assert_quantity(struct mp_quantity q, const char *expected)
{
	char text[MP_QUANTITY_TEXT_MAX];

	if (!expected) {
		assert_false(q.is_set);
		return;
	}
	assert_true(q.is_set);
	assert_string_equal(mp_quantity_text(&q, text), expected);
}

/* SUM(a_sentence, ({ edit }), requests, limits): effective cpu after defaulting. */
#define SUM(sentence, edit, requests, limits)                                           \
	TEST(sentence)                                                                  \
	{                                                                               \
		struct fixture f;                                                       \
		struct mp_pod_spec *spec = &f.spec;                                     \
		struct mp_container_spec *c = &f.c[0];                                  \
                                                                                        \
		(void)state;                                                            \
		fixture_init(&f);                                                       \
		edit;                                                                   \
		(void)c;                                                                \
		fixture_default(&f);                                                    \
		assert_quantity(mp_spec_effective(spec, "cpu", MP_REQUESTS), requests); \
		assert_quantity(mp_spec_effective(spec, "cpu", MP_LIMITS), limits);     \
		fixture_done(&f);                                                       \
	}

SUM(nothing_asked_is_nothing_10_3, ({}), NULL, NULL)
SUM(mains_add_up_10_3, ({
	    REQUEST(c, "cpu", "1");
	    REQUEST(fixture_add_main(&f, "b"), "cpu", "500m");
    }),
    "1500m", NULL)
SUM(sidecars_add_to_mains_10_3, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(fixture_add_init(&f, "s", MP_KIND_SIDECAR), "cpu", "2");
    }),
    "3", "3")
SUM(a_large_init_container_decides_10_3, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(fixture_add_init(&f, "i", MP_KIND_INIT), "cpu", "5");
	    LIMIT(fixture_add_init(&f, "j", MP_KIND_INIT), "cpu", "4");
    }),
    "5", "5")
SUM(an_init_container_runs_beside_earlier_sidecars_10_3, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(fixture_add_init(&f, "s", MP_KIND_SIDECAR), "cpu", "2");
	    LIMIT(fixture_add_init(&f, "i", MP_KIND_INIT), "cpu", "5");
	    LIMIT(fixture_add_init(&f, "t", MP_KIND_SIDECAR), "cpu", "1");
    }),
    "7", "7")
SUM(an_init_container_is_gone_before_later_sidecars_10_3, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(fixture_add_init(&f, "i", MP_KIND_INIT), "cpu", "5");
	    LIMIT(fixture_add_init(&f, "s", MP_KIND_SIDECAR), "cpu", "3");
	    LIMIT(fixture_add_init(&f, "t", MP_KIND_SIDECAR), "cpu", "3");
    }),
    "7", "7")
SUM(pod_level_values_replace_the_sum_10_3, ({
	    REQUEST(c, "cpu", "1");
	    POD_LIMIT("cpu", "4");
	    POD_REQUEST("cpu", "2");
    }),
    "2", "4")
SUM(overhead_comes_on_top_10_3, ({
	    REQUEST(c, "cpu", "1");
	    LIMIT(c, "cpu", "2");
	    fixture_add_resource(&f, &spec->overhead, "cpu", "250m");
    }),
    "1250m", "2250m")
SUM(overhead_leaves_an_unlimited_pod_unlimited_10_3, ({
	    REQUEST(c, "cpu", "1");
	    fixture_add_resource(&f, &spec->overhead, "cpu", "250m");
    }),
    "1250m", NULL)
SUM(overhead_alone_is_a_request_10_3,
    ({ fixture_add_resource(&f, &spec->overhead, "cpu", "250m"); }), "250m", NULL)

TEST(ephemeral_storage_has_no_pod_level_10_3)
{
	struct fixture f;
	struct mp_pod_spec *spec = &f.spec;

	(void)state;
	fixture_init(&f);
	REQUEST(&f.c[0], "ephemeral-storage", "1Gi");
	POD_REQUEST("ephemeral-storage", "5Gi");
	assert_quantity(mp_spec_effective(spec, "ephemeral-storage", MP_REQUESTS), "1Gi");
	assert_quantity(mp_spec_aggregate(spec, "ephemeral-storage", MP_REQUESTS), "1Gi");
	fixture_done(&f);
}

TEST(a_container_without_a_limit_has_the_pods_10_6)
{
	struct fixture f;
	struct mp_pod_spec *spec = &f.spec;

	(void)state;
	fixture_init(&f);
	assert_quantity(mp_spec_container_limit(spec, &f.c[0], "cpu"), NULL);
	POD_LIMIT("cpu", "4");
	POD_LIMIT("hugepages-2Mi", "4Mi");
	assert_quantity(mp_spec_container_limit(spec, &f.c[0], "cpu"), "4");
	assert_quantity(mp_spec_container_limit(spec, &f.c[0], "memory"), NULL);
	assert_quantity(mp_spec_container_limit(spec, &f.c[0], "hugepages-2Mi"), NULL);
	LIMIT(&f.c[0], "cpu", "1");
	assert_quantity(mp_spec_container_limit(spec, &f.c[0], "cpu"), "1");
	fixture_done(&f);
}

TEST(a_pod_is_limited_when_every_container_is_10_5)
{
	struct fixture f;
	struct mp_pod_spec *spec = &f.spec;

	(void)state;
	fixture_init(&f);
	LIMIT(&f.c[0], "cpu", "1");
	assert_true(mp_spec_pod_is_limited(spec, "cpu"));
	assert_false(mp_spec_pod_is_limited(spec, "memory"));
	fixture_add_init(&f, "setup", MP_KIND_INIT);
	assert_false(mp_spec_pod_is_limited(spec, "cpu"));
	POD_LIMIT("cpu", "4");
	assert_true(mp_spec_pod_is_limited(spec, "cpu"));
	assert_false(mp_spec_pod_is_limited(spec, "ephemeral-storage"));
	spec->n_init = spec->n_main = 0;
	assert_false(mp_spec_pod_is_limited(spec, "memory"));
	fixture_done(&f);
}

/* ---- class: 10.2 ------------------------------------------------------------------------ */

/* QOS(a_sentence, ({ edit }), class): after defaulting. */
#define QOS(sentence, edit, expected)                                  \
	TEST(sentence)                                                 \
	{                                                              \
		struct fixture f;                                      \
		struct mp_pod_spec *spec = &f.spec;                    \
		struct mp_container_spec *c = &f.c[0];                 \
                                                                       \
		(void)state;                                           \
		fixture_init(&f);                                      \
		edit;                                                  \
		(void)c;                                               \
		fixture_default(&f);                                   \
		assert_string_equal(mp_qos_text(spec->qos), expected); \
		fixture_done(&f);                                      \
	}

QOS(nothing_is_best_effort_10_2, ({}), "BestEffort")
QOS(zero_counts_as_nothing_10_2, ({
	    LIMIT(c, "cpu", "0");
	    REQUEST(c, "memory", "0");
    }),
    "BestEffort")
QOS(other_resources_count_as_nothing_10_2, ({ LIMIT(c, "ephemeral-storage", "1Gi"); }),
    "BestEffort")
QOS(limits_of_both_are_guaranteed_10_2, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(c, "memory", "1Gi");
    }),
    "Guaranteed")
QOS(equal_sums_are_guaranteed_10_2, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(c, "memory", "1Gi");
	    REQUEST(c, "cpu", "1000m");
	    c = fixture_add_main(&f, "b");
	    LIMIT(c, "cpu", "2");
	    LIMIT(c, "memory", "1Gi");
    }),
    "Guaranteed")
QOS(a_smaller_request_is_burstable_10_2, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(c, "memory", "1Gi");
	    REQUEST(c, "cpu", "500m");
    }),
    "Burstable")
QOS(one_resource_is_burstable_10_2, ({ LIMIT(c, "cpu", "1"); }), "Burstable")
QOS(a_request_alone_is_burstable_10_2, ({ REQUEST(c, "memory", "1Gi"); }), "Burstable")
QOS(an_init_container_without_limits_makes_burstable_10_2, ({
	    LIMIT(c, "cpu", "1");
	    LIMIT(c, "memory", "1Gi");
	    fixture_add_init(&f, "setup", MP_KIND_INIT);
    }),
    "Burstable")
QOS(pod_level_values_decide_alone_10_2, ({
	    POD_LIMIT("cpu", "1");
	    POD_LIMIT("memory", "1Gi");
    }),
    "Guaranteed")
QOS(a_pod_level_request_is_burstable_10_2, ({ POD_REQUEST("cpu", "1"); }), "Burstable")
QOS(an_empty_pod_level_object_is_best_effort_10_2, ({
	    spec->resources.is_set = true;
	    LIMIT(c, "cpu", "1");
    }),
    "BestEffort")

int main(void)
{
	return registry_run("spec_resources");
}
