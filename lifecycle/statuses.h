/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container's published status from its records, its earlier status and what probes found.
 * Source: pkg/kubelet/kubelet_pods.go (convertToAPIContainerStatuses), prober_manager.go
 * (UpdatePodStatus); pod-semantics reference section 3.
 */
#pragma once

#include "lifecycle/record.h"

/** enum mp_known - what a probe said about the running instance. */
enum mp_known { MP_KNOWN_NOTHING = 0, MP_KNOWN_SUCCESS, MP_KNOWN_FAILURE };

/** struct mp_start_failure - why the last start attempt failed (the reason cache). */
struct mp_start_failure {
	bool is_set;
	char reason[MP_REASON_MAX];
	char message[MP_MESSAGE_MAX];
};

struct mp_status_seen {
	const struct mp_pod_spec *spec;
	const struct mp_container_spec *container;
	const struct mp_record *newest, *second;    /* MP_RECORD_NONE when there is none */
	const struct mp_container_status *previous; /* published before */
	const struct mp_start_failure *failure;
	bool is_deleting;     /* the pod is being deleted */
	bool has_main_record; /* some main container has a record: created, running or exited */
	bool has_startup_probe;
	bool has_readiness_probe;
	enum mp_known startup, readiness; /* of the newest record */
	bool is_carried_started; /* after a recovery: holds until a probe says otherwise (14) */
	bool is_carried_ready;
};

/** mp_status_derive() - the rules of section 3.1. @out may not be @seen->previous. */
void mp_status_derive(const struct mp_status_seen *seen, struct mp_container_status *out);

/** mp_status_message_limit() - bytes of each terminated message that are shown (3.5). */
size_t mp_status_message_limit(const struct mp_pod_spec *spec);

/** mp_status_lost() - a terminated state for a container that cannot be found (1.3.8, 3.1.2). */
void mp_status_lost(struct mp_terminated *t, const char *message);

/** mp_status_equal() - nothing that is shown differs. */
bool mp_status_equal(const struct mp_container_status *a, const struct mp_container_status *b);
