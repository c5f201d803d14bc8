/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published PodStatus as values: what `status` of the Pod shows. Only the machine in
 * lifecycle/ writes it; runtime/ turns it into JSON and tables.
 * Source: pod-semantics reference sections 1-3.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lifecycle/spec.h"

enum mp_phase { MP_PHASE_PENDING = 0, MP_PHASE_RUNNING, MP_PHASE_SUCCEEDED, MP_PHASE_FAILED };

/** mp_phase_text() - "Pending", "Running", "Succeeded", "Failed". */
const char *mp_phase_text(enum mp_phase phase);

#define MP_CONTAINER_ID_MAX 80 /* "minipod://" and 64 hex digits */
#define MP_REASON_MAX       64
#define MP_MESSAGE_MAX      1024 /* waiting and condition messages; longer ones are cut */
#define MP_TERMINATION_MAX  4096 /* termination messages */
#define MP_IMAGE_MAX        512

enum mp_state_kind { MP_STATE_NONE = 0, MP_STATE_WAITING, MP_STATE_RUNNING, MP_STATE_TERMINATED };

struct mp_terminated {
	int exit_code;
	int signal;
	char reason[MP_REASON_MAX];
	char message[MP_TERMINATION_MAX + 1];
	int64_t started_wall;  /* 0 = 1970-01-01T00:00:00Z (StartError); -1 = absent */
	int64_t finished_wall; /* -1 = absent */
	char container_id[MP_CONTAINER_ID_MAX]; /* "minipod://..." or "" */
};

struct mp_container_state {
	enum mp_state_kind kind;
	char reason[MP_REASON_MAX];   /* waiting; "" = no reason */
	char message[MP_MESSAGE_MAX]; /* waiting */
	int64_t started_wall;         /* running */
	struct mp_terminated terminated;
};

struct mp_container_status {
	bool is_present; /* false: no status for this container (rejected pods) */
	struct mp_container_state state;
	bool has_last; /* lastState.terminated is set (lastState is never anything else) */
	struct mp_terminated last;
	bool is_ready;
	bool is_started;
	bool has_started; /* "started" is shown at all */
	int64_t restart_count;
	char image[MP_IMAGE_MAX];
	char image_id[MP_IMAGE_MAX];
	char container_id[MP_CONTAINER_ID_MAX];
	bool has_user;
	int64_t uid, gid;
	int64_t groups[32];
	size_t n_groups;
	char stop_signal[16]; /* "" = not shown */
};

enum mp_truth { MP_COND_FALSE = 0, MP_COND_TRUE, MP_COND_UNKNOWN };

struct mp_condition {
	char type[128];
	enum mp_truth status;
	char reason[MP_REASON_MAX];
	char message[MP_MESSAGE_MAX];
	int64_t transition_wall;
};

#define MP_CONDITIONS_MAX 24 /* foreign ones first, then the kubelet's own */

struct mp_pod_status {
	enum mp_phase phase;
	char reason[MP_REASON_MAX];
	char message[MP_MESSAGE_MAX];
	int64_t start_wall;    /* status.startTime; 0 until first published */
	int64_t deletion_wall; /* metadata.deletionTimestamp; 0 = not being deleted */
	struct mp_opt_int deletion_grace_s;
	char pod_ip[64];
	char pod_ip6[64];
	struct mp_condition conditions[MP_CONDITIONS_MAX];
	size_t n_conditions;
	size_t n_containers; /* as spec->containers, same order */
	struct mp_container_status *containers;
};
