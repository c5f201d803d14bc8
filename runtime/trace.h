/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a pod: every event fed to the machine and every action it handed out, one line
 * of JSON each, appended before the actions are carried out. docs/trace.md describes the format.
 */
#pragma once

#include "lifecycle/action.h"
#include "lifecycle/event.h"
#include "lifecycle/pod.h"
#include "runtime/base/error.h"
#include "runtime/base/json.h"

#define MP_TRACE_VERSION     2
#define MP_TRACE_VERSION_MIN 1 /* still read */

#define MP_TRACE_NAME "trace.jsonl"

/* A day of a probe each second makes nine of them. */
#define MP_JOURNAL_BYTES_DEFAULT ((int64_t)4 * 1024 * 1024)

struct mp_trace;

/** struct mp_trace_origin - what a successor has to know of how the pod is run. NULL: absent. */
struct mp_trace_origin {
	const char *boot_id; /* of the machine's present life */
	const char *pod_cidr;
	const char *cgroup_root;
	const char *seccomp_root;
	const char *seccomp_default;
	const char *result;    /* absolute path of --result-file */
	int64_t log_max_bytes; /* 0: not said */
	int64_t log_max_files;
	int64_t journal_max_bytes; /* 0: no limit; -1: not said */
};

/**
 * mp_trace_open() - append to trace.jsonl in @dir_fd (made 0600); the first line says version,
 * seed, start and @origin, the second what may change of @spec.
 * @dir_fd: borrowed until mp_trace_close().
 */
int mp_trace_open(int dir_fd, const struct mp_pod_spec *spec, const struct mp_pod_config *config,
		  const struct mp_trace_origin *origin, struct mp_now now, struct mp_trace **ret,
		  struct mp_error *err);

/** mp_trace_spec() - what may change of the spec is as follows from here on; only buffered. */
void mp_trace_spec(struct mp_trace *trace, const struct mp_pod_spec *spec, struct mp_now now);

/** mp_trace_event() - one event of this turn; only buffered. */
void mp_trace_event(struct mp_trace *trace, const struct mp_event *ev, struct mp_now now);

/** mp_trace_turn() - the turn planned at @now. */
void mp_trace_turn(struct mp_trace *trace, struct mp_now now);

/** mp_trace_action() - one action of this turn; only buffered. */
void mp_trace_action(struct mp_trace *trace, const struct mp_action *action, struct mp_now now);

/**
 * mp_trace_flush() - hand what was buffered to the kernel.
 *
 * Return: 0 or -errno (a full disk): the lines are dropped, supervision goes on.
 */
int mp_trace_flush(struct mp_trace *trace);

/**
 * mp_trace_wants_checkpoint() - the journal has grown beyond @max_bytes (0: any size is fine), and by
 * as much as the last checkpoint left of it.
 */
bool mp_trace_wants_checkpoint(const struct mp_trace *trace, int64_t max_bytes);

/**
 * mp_trace_checkpoint() - replace the journal by one that begins with the state of @pod and the
 * Kubernetes events of the last hour. At every instant there is the old one or the new one.
 * @pod: everything that was told it is in the journal; see mp_pod_may_save().
 *
 * Return: 0 or -errno: the old one goes on, and is not to be replaced for a while.
 */
int mp_trace_checkpoint(struct mp_trace *trace, struct mp_pod *pod, struct mp_now now,
			struct mp_error *err);

/** mp_trace_close() - release, without the lines that were not flushed; NULL allowed. */
void mp_trace_close(struct mp_trace *trace);

/** mp_event_write() - an event as a JSON object, where @w stands. */
void mp_event_write(struct mp_json *w, const struct mp_pod_spec *spec, const struct mp_event *ev);

/** mp_action_write() - an action as a JSON object, where @w stands. */
void mp_action_write(struct mp_json *w, const struct mp_pod_spec *spec,
		     const struct mp_action *action);

/** mp_event_type_text() - "delete", "sandboxReady", ... */
const char *mp_event_type_text(enum mp_event_type type);

/** mp_action_type_text() - "preparePod", "startContainer", ... */
const char *mp_action_type_text(enum mp_action_type type);
