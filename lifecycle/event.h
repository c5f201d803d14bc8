/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened: everything the pod machine ever learns from outside. Each event is plain data,
 * is written to the trace, and can be fed again to get the same decisions. Strings are borrowed
 * for the duration of mp_pod_apply(), which copies what it keeps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lifecycle/spec.h"

enum mp_event_type {
	/* asked for by the user */
	MP_EV_DELETE,        /* delete the pod: .remove */
	MP_EV_CONDITION,     /* set a foreign condition (readiness gates): .condition */
	MP_EV_EVICT,         /* resource use over its limit: .text.message (section 10.8) */
	MP_EV_REJECT,        /* admission refused the pod: .text.reason, .text.message (1.3.5) */
	MP_EV_UNSCHEDULABLE, /* no room for its requests yet: .text.message; it waits */
	MP_EV_SCHEDULED,     /* there is room now: what UNSCHEDULABLE held up begins */
	MP_EV_NOTE,          /* the node wants an event recorded (DNSConfigForming, ...): .note */

	/* the pod's environment */
	MP_EV_POD_PREPARED,        /* cgroup and directories exist */
	MP_EV_POD_PREPARE_FAILED,  /* .text.reason FailedCreatePodContainer or Failed, message */
	MP_EV_VOLUMES_READY,       /* every volume in use is set up */
	MP_EV_VOLUME_FAILED,       /* .volume */
	MP_EV_SANDBOX_READY,       /* .sandbox */
	MP_EV_SANDBOX_FAILED,      /* .text.message */
	MP_EV_SANDBOX_DIED,        /* pause is gone without having been asked */
	MP_EV_SANDBOX_STOPPED,     /* answer to MP_DO_STOP_SANDBOX: nothing of it runs any more */
	MP_EV_SANDBOX_STOP_FAILED, /* .text.message: FailedKillPod, will be tried again */
	MP_EV_TORN_DOWN,           /* volumes, cgroups, directories removed: MP_DO_TEAR_DOWN done */

	/* one container; .container is set */
	MP_EV_IMAGE_PRESENT, /* the local store has it: .image */
	MP_EV_IMAGE_ABSENT,  /* the local store does not */
	MP_EV_IMAGE_PULLED,  /* .image, with times and size */
	MP_EV_IMAGE_FAILED,  /* .text.reason (ErrImagePull, InvalidImageName, ...), message */
	MP_EV_CREATED,       /* a record exists: .created */
	MP_EV_CREATE_FAILED, /* .text.reason CreateContainerConfigError or CreateContainerError */
	MP_EV_STARTED,       /* its process runs the container's program */
	MP_EV_START_FAILED,  /* .text.message; the record is dead with StartError/128 */
	MP_EV_EXITED,        /* .exited */
	MP_EV_HOOK_DONE,     /* .hook */
	MP_EV_PROBE_DONE,    /* .probe */
	MP_EV_DEFINITION_CHANGED, /* image in the manifest changed and spec was updated */

	/* a new supervisor took the pod over; one per container, then one for the pod (14) */
	MP_EV_RECOVERED_CONTAINER, /* .recovered */
	MP_EV_RECOVERED,           /* .sandbox.is_alive: supervision goes on from here */
};

enum mp_hook_kind { MP_HOOK_POST_START = 0, MP_HOOK_PRE_STOP };

enum mp_probe_outcome {
	MP_PROBE_SUCCESS = 0,
	MP_PROBE_WARNING, /* success with something to tell (an unfollowed redirect) */
	MP_PROBE_FAILURE,
	MP_PROBE_ERROR,            /* could not be asked: neither success nor failure (7.3) */
	MP_PROBE_ERROR_UNREADABLE, /* the same, shown as "failure state" (unreadable HTTP body) */
};

struct mp_event {
	enum mp_event_type type;
	int container; /* index into spec->containers; -1: the pod */
	struct {
		const char *reason;
		const char *message;
	} text;
	struct {
		struct mp_opt_int grace_s; /* absent: the spec's value */
		bool is_forced;            /* the object disappears at once (8.4) */
	} remove;
	struct {
		const char *type;
		const char *status; /* "True", "False", "Unknown" */
		const char *reason, *message;
	} condition;
	struct {
		bool is_warning;
		const char *reason, *message;
		const char *ephemeral; /* of this ephemeral container; NULL: see @container */
	} note;
	struct {
		int index; /* into spec->volumes; -1 when no single volume is to blame */
		const char *message;
	} volume;
	struct {
		const char *ip;  /* "" with host network and no address */
		const char *ip6; /* NULL or "" when there is none */
		bool is_alive;   /* MP_EV_RECOVERED only */
	} sandbox;
	struct {
		const char *resolved;    /* full reference, shown as status.image */
		const char *id;          /* shown as imageID */
		const char *stop_signal; /* of the image config, or NULL */
		mp_nsec took;            /* pull: without waiting */
		mp_nsec took_waiting;    /* pull: including waiting */
		int64_t bytes;           /* pull: size */
	} image;
	struct {
		const char *id; /* 64 hex digits, without "minipod://" */
		int64_t uid, gid;
		const int64_t *groups;
		size_t n_groups;
	} created;
	struct {
		int code;        /* exit code, 128 + n for signal n */
		int signal;      /* 0 when it exited by itself */
		bool is_oom;     /* an OOM kill happened in its cgroup since it was created */
		bool is_unknown; /* the exit status could not be learnt: ContainerStatusUnknown/137 */
		const char *message; /* termination message, already read by its rules; or "" */
	} exited;
	struct {
		enum mp_hook_kind kind;
		bool is_ok;
		const char *message; /* failure: the hook message of section 6.3 */
		bool did_http_fallback;
		const char *fallback_target; /* "host:port" */
	} hook;
	struct {
		enum mp_probe_kind kind;
		enum mp_probe_outcome outcome;
		const char *output;
	} probe;
	struct {
		bool is_running;
		bool is_known;      /* not running: .exited says how it ended */
		bool has_not_begun; /* not running: it never did, its start was not carried out */
	} recovered;
};
