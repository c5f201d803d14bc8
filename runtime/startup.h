/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the start-up of a background pod is decided, and telling the one who waits for it: `run -d`
 * returns when its pod has started, has become ready, or cannot.
 */
#pragma once

#include <stddef.h>

#include "lifecycle/spec.h"
#include "lifecycle/status.h"
#include "runtime/base/error.h"

/** enum mp_start_goal - what `run -d --wait-for` waits for. */
enum mp_start_goal {
	MP_START_NONE,    /* the supervisor supervises */
	MP_START_STARTED, /* every main container has been started once, or the pod has ended */
	MP_START_READY,   /* the pod is Ready, or has succeeded */
};

enum mp_start_state { MP_STARTUP_UNDECIDED, MP_STARTUP_REACHED, MP_STARTUP_FAILED };

/** struct mp_startup - who waits. */
struct mp_startup {
	int fd; /* owned: the pipe's end, -EBADF once told */
	enum mp_start_goal goal;
};

/** mp_start_goal_parse() - "started", "ready" or "none"; -EINVAL for anything else. */
int mp_start_goal_parse(const char *text, enum mp_start_goal *ret, struct mp_error *err);

/**
 * mp_startup_decide() - has @status reached @goal? Pure.
 * @text: @size bytes; says why when the answer is MP_STARTUP_FAILED, else "".
 *
 * An image that cannot be had or a container that cannot be made is a failure, although the pod
 * goes on trying: somebody has to look.
 */
enum mp_start_state mp_startup_decide(const struct mp_pod_spec *spec,
				      const struct mp_pod_status *status, enum mp_start_goal goal,
				      char *text, size_t size);

/** mp_startup_check() - tell the waiting caller once it is decided. @startup may be NULL. */
void mp_startup_check(struct mp_startup *startup, const struct mp_pod_spec *spec,
		      const struct mp_pod_status *status);

/** mp_startup_tell() - the caller shall exit with @code after printing @text. */
void mp_startup_tell(struct mp_startup *startup, int code, const char *text);

/**
 * mp_startup_wait() - the caller's side: wait for the answer.
 * @fd:         the pipe's other end; borrowed.
 * @timeout_ms: -1 = as long as it takes.
 * @ret_code:   the exit code.
 * @text:       @size bytes for the sentence.
 *
 * Return: 0; -ETIMEDOUT; -EPIPE when the supervisor died without an answer; -errno.
 */
int mp_startup_wait(int fd, int timeout_ms, int *ret_code, char *text, size_t size);
