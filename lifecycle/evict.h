/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a pod uses more storage than it may and has to be evicted. Pure. Source: section 10.8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/spec.h"

/** How often it is looked at, and so how long an excess may last. */
#define MP_EVICT_PERIOD_S 10

/** struct mp_storage_use - one measurement, in bytes. Both arrays are borrowed. */
struct mp_storage_use {
	const int64_t *volumes;    /* as spec->volumes; 0 for what is no emptyDir */
	const int64_t *containers; /* as spec->containers: writable layer and logs */
	int64_t other;             /* /etc/hosts and the like */
};

/** mp_evict_has_limits() - there is something to measure at all. */
bool mp_evict_has_limits(const struct mp_pod_spec *spec);

/**
 * mp_evict_decide() - must the pod go?
 * @message: MP_MESSAGE_MAX bytes: of the first check that fails. Each ends with a blank, as there.
 */
bool mp_evict_decide(const struct mp_pod_spec *spec, const struct mp_storage_use *use,
		     char *message);
