/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a live pod, served by its supervisor's loop. docs/control.md describes the
 * protocol. A client, however slow or hostile, costs the pod nothing but a bounded amount of memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lifecycle/action.h"
#include "runtime/base/error.h"
#include "runtime/cri_log.h"

#define MP_CONTROL_VERSION     1
#define MP_CONTROL_MESSAGE_MAX ((size_t)65536) /* bytes of a request, with its newline */
#define MP_CONTROL_NAME        "control.sock"

struct mp_supervisor;
struct mp_record;
struct mp_control;

/**
 * mp_control_open() - listen on control.sock in the pod's run directory.
 *
 * Return: 0 or -errno. Source: unix(7).
 */
int mp_control_open(struct mp_supervisor *sv, struct mp_control **ret, struct mp_error *err);

/**
 * mp_control_is_watched() - a client wants to know about changes, or waits for what it asked for to
 * show. NULL: nobody does.
 */
bool mp_control_is_watched(const struct mp_control *control);

/**
 * mp_control_settle() - the status shows what clients asked for: their answers may go. Who was told
 * "ok" and looks at the pod sees it (the API server answers after it has stored the change, too).
 */
void mp_control_settle(struct mp_control *control);

/** mp_control_status() - the status has changed: watchers get it as soon as they can take it. */
void mp_control_status(struct mp_control *control);

/** mp_control_event() - a Kubernetes event was recorded: watchers get it. NULL is fine. */
void mp_control_event(struct mp_control *control, const struct mp_k8s_event *ev);

/** mp_control_output() - a container has written: attached clients get it. NULL is fine. */
void mp_control_output(struct mp_control *control, const struct mp_record *record,
		       enum mp_cri_stream stream, const char *bytes, size_t n);

/** mp_control_record_ended() - a container has ended: attached clients get its exit code. */
void mp_control_record_ended(struct mp_control *control, const struct mp_record *record, int code);

/** mp_control_debug_made() - an ephemeral container is about to start: clients see its output. */
void mp_control_debug_made(struct mp_control *control, size_t index,
			   const struct mp_record *record);

/**
 * mp_control_debug_done() - it runs (@record), or could not be started (NULL, and @err says why).
 *
 * Return: a client is attached to it.
 */
bool mp_control_debug_done(struct mp_control *control, size_t index, const struct mp_record *record,
			   const struct mp_error *err);

/** mp_control_wants_object() - a client waits for the pod as it ended. NULL: nobody does. */
bool mp_control_wants_object(const struct mp_control *control);

/** mp_control_object() - the pod has ended: @text (one JSON object) for those who wait for it. */
void mp_control_object(struct mp_control *control, const char *text);

/** mp_control_end_execs() - kill and reap what clients run in containers; for the very end. */
void mp_control_end_execs(struct mp_control *control);

/** mp_control_free() - remove the socket and hang up on everybody; NULL is fine. */
void mp_control_free(struct mp_control *control);
