/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/restart.h"

static bool rule_matches(const struct mp_restart_rule *rule, int code)
{
	bool is_listed = false;

	if (!rule->has_exit_codes)
		return false;
	for (size_t i = 0; i < rule->n_values; i++)
		is_listed = is_listed || rule->values[i] == code;
	switch (rule->operator_) {
	case MP_OPERATOR_IN:
		return is_listed;
	case MP_OPERATOR_NOT_IN:
		return !is_listed;
	case MP_OPERATOR_INVALID:
		break;
	}
	return false;
}

enum mp_rule_action mp_restart_rule_match(const struct mp_container_spec *c, int code)
{
	if (c->restart == MP_RESTART_UNSET)
		return MP_RULE_INVALID;
	for (size_t i = 0; i < c->n_rules; i++) {
		if (rule_matches(&c->rules[i], code))
			return c->rules[i].action;
	}
	return MP_RULE_INVALID;
}

enum mp_restart_policy mp_restart_policy_of(const struct mp_pod_spec *pod,
					    const struct mp_container_spec *c)
{
	return c->restart == MP_RESTART_UNSET ? pod->restart : c->restart;
}

bool mp_should_restart(const struct mp_pod_spec *pod, const struct mp_container_spec *c, int code)
{
	if (mp_restart_rule_match(c, code) != MP_RULE_INVALID)
		return true;
	switch (mp_restart_policy_of(pod, c)) {
	case MP_RESTART_ON_FAILURE:
		return code != 0;
	case MP_RESTART_NEVER:
		return false;
	case MP_RESTART_ALWAYS:
	case MP_RESTART_UNSET:
	case MP_RESTART_INVALID:
		break;
	}
	return true;
}

static bool is_live(const struct mp_backoff *b, mp_nsec at)
{
	return b->is_set && at - b->last_update <= MP_BACKOFF_IDLE;
}

mp_nsec mp_backoff_until(const struct mp_backoff *b, mp_nsec at, mp_nsec from)
{
	return is_live(b, at) ? mp_nsec_add(from, b->delay) : INT64_MIN;
}

struct mp_backoff mp_backoff_advance(struct mp_backoff b, mp_nsec at, mp_nsec now, mp_nsec cap)
{
	const mp_nsec delay = is_live(&b, at) ? 2 * b.delay : MP_BACKOFF_INITIAL;

	return (struct mp_backoff){ .is_set = true,
				    .delay = mp_nsec_min(delay, cap),
				    .last_update = now };
}

/* splitmix64: small, seedable, good enough for jitter. */
static uint64_t next_random(uint64_t *rng)
{
	uint64_t z = (*rng += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

mp_nsec mp_random_part(mp_nsec span, uint64_t *rng)
{
	const __int128 part = (__int128)span * (int64_t)(next_random(rng) >> 32);

	return (mp_nsec)(part >> 32);
}

mp_nsec mp_jitter(mp_nsec span, uint64_t *rng)
{
	return mp_nsec_add(span, mp_random_part(span / 2, rng));
}
