/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a pod's requests fit beside those of the pods that are there. One machine is the whole
 * cluster, so the rule is the scheduler's; a pod that names its node has passed the scheduler by,
 * and the rule is the kubelet's. Pure. Source: section 10.3; pkg/scheduler NodeResourcesFit;
 * pkg/kubelet/lifecycle InsufficientResourceError.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/spec.h"

#define MP_AMOUNTS_MAX     12
#define MP_AMOUNT_NAME_MAX 48

/** struct mp_amount - so much of one resource: cpu in thousandths, everything else in bytes. */
struct mp_amount {
	char name[MP_AMOUNT_NAME_MAX]; /* "cpu", "memory", "ephemeral-storage", "hugepages-2Mi" */
	int64_t value;
};

struct mp_amounts {
	struct mp_amount at[MP_AMOUNTS_MAX];
	size_t n;
};

/** mp_amounts_get() - 0 for what is not in @list. */
int64_t mp_amounts_get(const struct mp_amounts *list, const char *name);

/** mp_amounts_add() - @value more of @name, at most INT64_MAX. What does not fit in is left out. */
void mp_amounts_add(struct mp_amounts *list, const char *name, int64_t value);

/** mp_schedule_wants() - the pod's effective requests (10.3) that are more than nothing. */
void mp_schedule_wants(const struct mp_pod_spec *spec, struct mp_amounts *ret);

enum mp_fit {
	MP_FIT_YES,
	MP_FIT_NO_ROOM,  /* stays Pending: condition PodScheduled False, reason Unschedulable */
	MP_FIT_REJECTED, /* it names its node: Failed with reason OutOf<resource> */
};

/**
 * mp_schedule_decide() - do @wants fit into what @used leaves of @capacity?
 * @names_node: spec.nodeName is set.
 * @reason:     the reason of a refusal. MP_REASON_MAX bytes.
 * @message:    the message of a refusal. MP_MESSAGE_MAX bytes.
 */
enum mp_fit mp_schedule_decide(const struct mp_amounts *wants, const struct mp_amounts *capacity,
			       const struct mp_amounts *used, bool names_node, char *reason,
			       char *message);
