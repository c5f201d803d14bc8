/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether and when a container is started again: restart policies, restart rules and the
 * back-off of restarts and of image pulls, as values.
 * Source: pkg/api/v1/pod/util.go, kuberuntime_manager.go (doBackOff), client-go
 * flowcontrol/backoff.go; pod-semantics reference sections 1.1, 5.1, 5.2.
 */
#pragma once

#include "lifecycle/spec.h"

/**
 * mp_restart_rule_match() - action of the first rule that decides for @code.
 *
 * Return: MP_RULE_RESTART, MP_RULE_RESTART_ALL, or MP_RULE_INVALID when the policy decides.
 */
enum mp_rule_action mp_restart_rule_match(const struct mp_container_spec *c, int code);

/** mp_should_restart() - would container @c be started again after exit code @code? */
bool mp_should_restart(const struct mp_pod_spec *pod, const struct mp_container_spec *c, int code);

/** mp_restart_policy_of() - the container's own policy, else the pod's. */
enum mp_restart_policy mp_restart_policy_of(const struct mp_pod_spec *pod,
					    const struct mp_container_spec *c);

#define MP_BACKOFF_INITIAL mp_seconds(10)
#define MP_BACKOFF_MAX     mp_seconds(300)
#define MP_BACKOFF_IDLE    mp_seconds(600)

/** struct mp_backoff - one entry; all zero: there is none. */
struct mp_backoff {
	bool is_set;
	mp_nsec delay;
	mp_nsec last_update;
};

/**
 * mp_backoff_until() - end of the window in which nothing is tried.
 * @at:   the moment that is compared with the entry's last update: an entry left alone for more
 *        than MP_BACKOFF_IDLE has expired.
 * @from: the moment the delay is counted from.
 *
 * Return: a moment; not in back-off once now has reached it. INT64_MIN without a live entry.
 */
mp_nsec mp_backoff_until(const struct mp_backoff *b, mp_nsec at, mp_nsec from);

/** mp_backoff_advance() - the entry after one more attempt at @now. @cap: longest delay. */
struct mp_backoff mp_backoff_advance(struct mp_backoff b, mp_nsec at, mp_nsec now, mp_nsec cap);

/** mp_jitter() - @span * (1 + random * 0.5), deterministic: @rng is advanced. */
mp_nsec mp_jitter(mp_nsec span, uint64_t *rng);

/** mp_random_part() - @span * random in [0, 1); @rng is advanced. */
mp_nsec mp_random_part(mp_nsec span, uint64_t *rng);
