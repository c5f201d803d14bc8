/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to do: the fixed list of effects the pod machine can ask for. Each is remembered in the
 * machine's state when handed out; whether it worked arrives as the event named beside it. No
 * action waits: an effect that takes time answers later. Strings are borrowed from the machine
 * and valid until it is next applied to or planned.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lifecycle/event.h"

enum mp_action_type {
	MP_DO_PREPARE_POD,    /* pod cgroup, directories → POD_PREPARED / POD_PREPARE_FAILED */
	MP_DO_SETUP_VOLUMES,  /* → VOLUMES_READY / VOLUME_FAILED; asked again after a failure */
	MP_DO_CREATE_SANDBOX, /* .attempt → SANDBOX_READY / SANDBOX_FAILED */
	MP_DO_STOP_SANDBOX, /* SIGKILL leftovers, tear down network, kill pause → SANDBOX_STOPPED
	                         (also when there is none any more) */
	MP_DO_TEAR_DOWN,    /* unmount and remove volumes, cgroups, directories → TORN_DOWN */

	MP_DO_CHECK_IMAGE, /* .container, .volume: local store only → IMAGE_PRESENT / ABSENT / FAILED */
	MP_DO_PULL_IMAGE,       /* .container, .volume → IMAGE_PULLED / IMAGE_FAILED */
	MP_DO_CREATE_CONTAINER, /* .container, .restart_count → CREATED / CREATE_FAILED */
	MP_DO_START_CONTAINER,  /* .container → STARTED / START_FAILED, later EXITED */
	MP_DO_SIGNAL,           /* .container, .signal_name: to its PID 1 only */
	MP_DO_KILL,             /* .container: SIGKILL to everything in it → EXITED */
	MP_DO_REMOVE_RECORD,    /* .container, .record_id: dead record's files; .remove_logs */

	MP_DO_RUN_HOOK,      /* .container, .hook → HOOK_DONE */
	MP_DO_ABANDON_HOOK,  /* .container, .hook: no answer is wanted any more */
	MP_DO_RUN_PROBE,     /* .container, .probe → PROBE_DONE (one execution, no retry) */
	MP_DO_ABANDON_PROBE, /* .container, .probe: cancel a running execution, no answer */

	MP_DO_RECORD_EVENT,   /* .event: a Kubernetes event was counted (section 12) */
	MP_DO_PUBLISH_STATUS, /* mp_pod_status() changed: write and show it */
	MP_DO_FINISH,         /* the machine is in its last state: nothing is left to be done */
};

/** struct mp_k8s_event - one Kubernetes event after aggregation and counting. */
struct mp_k8s_event {
	bool is_warning;
	const char *reason;
	const char *message;
	int container;         /* fieldPath: index, or -1 for the pod itself */
	const char *ephemeral; /* fieldPath: an ephemeral container's name; else NULL */
	int64_t count;         /* 1 when new */
	int64_t first_wall;    /* ns since the epoch */
	int64_t last_wall;
	uint32_t slot; /* identity of the series: same slot and first_wall, same event object */
};

struct mp_action {
	enum mp_action_type type;
	int container;         /* index into spec->containers; -1: the pod */
	int attempt;           /* CREATE_SANDBOX: 0, 1, ... */
	const char *volume;    /* CHECK_IMAGE, PULL_IMAGE: of this volume; NULL: the container's */
	int64_t restart_count; /* CREATE_CONTAINER: of the new record; names its log file */
	const char *record_id; /* REMOVE_RECORD */
	bool remove_logs;      /* REMOVE_RECORD: with its log file */
	const char *signal_name;   /* SIGNAL: "SIGTERM", "SIGRTMIN+3" */
	enum mp_hook_kind hook;    /* RUN_HOOK, ABANDON_HOOK */
	enum mp_probe_kind probe;  /* RUN_PROBE, ABANDON_PROBE */
	struct mp_k8s_event event; /* RECORD_EVENT */
};

/** struct mp_plan - what one turn asks for. The caller owns the storage. */
struct mp_plan {
	struct mp_action *actions; /* borrowed array of @size entries */
	size_t size;               /* at least MP_PLAN_MIN */
	size_t n;                  /* filled in */
	mp_nsec wake_at; /* latest moment (monotonic) to plan again; MP_NSEC_NEVER; <= now when the
	                    array was too small for everything and planning goes on at once */
};

#define MP_PLAN_MIN 16
