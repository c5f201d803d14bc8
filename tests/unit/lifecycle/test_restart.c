/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lifecycle/restart.h"

#define AT(s) mp_seconds(s)

static struct mp_pod_spec pod;
static struct mp_container_spec c;

static bool restarts(enum mp_restart_policy of_pod, enum mp_restart_policy own, int code)
{
	pod.restart = of_pod;
	c.restart = own;
	return mp_should_restart(&pod, &c, code);
}

static void pod_policy_decides(void **unused)
{
	(void)unused;
	c.n_rules = 0;
	assert_true(restarts(MP_RESTART_ALWAYS, MP_RESTART_UNSET, 0));
	assert_true(restarts(MP_RESTART_ALWAYS, MP_RESTART_UNSET, 1));
	assert_false(restarts(MP_RESTART_ON_FAILURE, MP_RESTART_UNSET, 0));
	assert_true(restarts(MP_RESTART_ON_FAILURE, MP_RESTART_UNSET, 1));
	assert_false(restarts(MP_RESTART_NEVER, MP_RESTART_UNSET, 0));
	assert_false(restarts(MP_RESTART_NEVER, MP_RESTART_UNSET, 1));
	assert_true(restarts(MP_RESTART_INVALID, MP_RESTART_UNSET, 0)); /* behaves as Always */
	assert_true(restarts(MP_RESTART_UNSET, MP_RESTART_UNSET, 0));
}

static void own_policy_comes_first(void **unused)
{
	(void)unused;
	c.n_rules = 0;
	assert_true(restarts(MP_RESTART_NEVER, MP_RESTART_ALWAYS, 0));
	assert_false(restarts(MP_RESTART_ALWAYS, MP_RESTART_NEVER, 1));
	assert_false(restarts(MP_RESTART_ALWAYS, MP_RESTART_ON_FAILURE, 0));
}

static void rules_decide_before_the_policy(void **unused)
{
	static const int64_t some[] = { 3, 42 };
	const struct mp_restart_rule rules[] = {
		{ .action = MP_RULE_RESTART }, /* without exit codes: never matches */
		{ .action = MP_RULE_RESTART, .has_exit_codes = true }, /* no operator either */
		{ MP_RULE_RESTART, NULL, true, MP_OPERATOR_IN, NULL, some, 2 },
		{ MP_RULE_RESTART_ALL, NULL, true, MP_OPERATOR_NOT_IN, NULL, some, 1 },
	};

	(void)unused;
	c.rules = rules;
	c.n_rules = 4;
	assert_true(restarts(MP_RESTART_NEVER, MP_RESTART_NEVER, 42));
	assert_int_equal(mp_restart_rule_match(&c, 42), MP_RULE_RESTART);
	assert_int_equal(mp_restart_rule_match(&c, 5), MP_RULE_RESTART_ALL);
	assert_true(restarts(MP_RESTART_NEVER, MP_RESTART_NEVER, 5));
	c.n_rules = 3;
	assert_false(restarts(MP_RESTART_NEVER, MP_RESTART_NEVER, 5));
	assert_int_equal(mp_restart_rule_match(&c, 5), MP_RULE_INVALID);
	c.restart = MP_RESTART_UNSET; /* rules need a policy of the container's own */
	assert_int_equal(mp_restart_rule_match(&c, 42), MP_RULE_INVALID);
	c.n_rules = 0;
}

static void unknown_action_goes_on_to_the_policy(void **unused)
{
	static const int64_t some[] = { 3 };
	const struct mp_restart_rule rule = {
		MP_RULE_INVALID, "X", true, MP_OPERATOR_IN, NULL, some, 1
	};

	(void)unused;
	c.rules = &rule;
	c.n_rules = 1;
	assert_false(restarts(MP_RESTART_ALWAYS, MP_RESTART_NEVER, 3));
	c.n_rules = 0;
}

static void delays_double_up_to_the_cap(void **unused)
{
	static const int64_t delays[] = { 10, 20, 40, 80, 160, 300, 300 };
	struct mp_backoff b = { .is_set = false };

	(void)unused;
	assert_true(mp_backoff_until(&b, 0, 0) == INT64_MIN);
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		b = mp_backoff_advance(b, AT(100), AT(100), MP_BACKOFF_MAX);
		assert_true(b.delay == AT(delays[i]));
		assert_true(mp_backoff_until(&b, AT(101), AT(101)) == AT(101 + delays[i]));
	}
	b = mp_backoff_advance((struct mp_backoff){ 0 }, 0, 0, AT(3));
	assert_true(b.delay == AT(3)); /* a cap below the first delay */
}

static void idle_for_more_than_600_s_starts_afresh(void **unused)
{
	const struct mp_backoff b = { true, AT(80), AT(100) };

	(void)unused;
	assert_true(mp_backoff_until(&b, AT(700), AT(700)) == AT(780));
	assert_true(mp_backoff_until(&b, AT(700) + 1, AT(700) + 1) == INT64_MIN);
	assert_true(mp_backoff_advance(b, AT(700), AT(700), MP_BACKOFF_MAX).delay == AT(160));
	assert_true(mp_backoff_advance(b, AT(700) + 1, AT(701), MP_BACKOFF_MAX).delay == AT(10));
}

static void jitter_is_seeded_and_within_half(void **unused)
{
	uint64_t a = 7, b = 7, other = 8;
	bool is_different = false;

	(void)unused;
	for (int i = 0; i < 1000; i++) {
		const mp_nsec x = mp_jitter(AT(10), &a);
		const mp_nsec part = mp_random_part(AT(10), &other);

		assert_true(x >= AT(10) && x < AT(15));
		assert_true(part >= 0 && part < AT(10));
		assert_true(x == mp_jitter(AT(10), &b));
		is_different = is_different || x > AT(14);
	}
	assert_true(is_different);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pod_policy_decides),
		cmocka_unit_test(own_policy_comes_first),
		cmocka_unit_test(rules_decide_before_the_policy),
		cmocka_unit_test(unknown_action_goes_on_to_the_policy),
		cmocka_unit_test(delays_double_up_to_the_cap),
		cmocka_unit_test(idle_for_more_than_600_s_starts_afresh),
		cmocka_unit_test(jitter_is_seeded_and_within_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
