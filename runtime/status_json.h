/* SPDX-License-Identifier: Apache-2.0 */
/* The published status as a core/v1 PodStatus object. Source: pod-semantics sections 1-3. */
#pragma once

#include "lifecycle/status.h"
#include "runtime/base/json.h"

/** struct mp_status_json - what beside the status itself is shown in it. */
struct mp_status_json {
	const struct mp_pod_spec *spec;
	const struct mp_pod_status *status;
	const char *host_ip; /* "" = unknown */
	/* Writes members of ephemeral containers, who are no part of @status; NULL: there are none. */
	void (*more)(struct mp_json *w, const void *arg);
	const void *more_arg;
};

/** mp_status_json_write() - one JSON object where @w stands; @arg is a struct mp_status_json. */
void mp_status_json_write(struct mp_json *w, const void *arg);
