/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of a probe or hook: a command in a running container, a sleep, or a network check.
 * It has a deadline, keeps what it printed within a limit, and ends exactly once, through its
 * callback. It never makes the loop wait.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "namespaces/exec.h"
#include "runtime/base/clock.h"
#include "runtime/base/loop.h"

#define MP_ATTEMPT_OUTPUT_MAX ((size_t)10240)

enum mp_attempt_end {
	MP_ATTEMPT_EXITED,    /* the command ran: .code */
	MP_ATTEMPT_NOT_RUN,   /* it could not be started: .error */
	MP_ATTEMPT_TIMED_OUT, /* the deadline passed; the command's group got SIGKILL */
	MP_ATTEMPT_SLEPT,     /* a sleep is over */
};

/** struct mp_attempt_result - valid during the callback. */
struct mp_attempt_result {
	enum mp_attempt_end end;
	int code;        /* exit code, 128 + n for a signal */
	const char *out; /* stdout, then stderr, together at most MP_ATTEMPT_OUTPUT_MAX bytes */
	size_t out_len;
	const char *err; /* stderr alone */
	size_t err_len;
	const char *error; /* why it could not be started */
};

struct mp_attempt;

/** mp_attempt_done - the one end of an attempt, which releases itself: forget it in here. */
typedef void (*mp_attempt_done)(const struct mp_attempt_result *result, void *ctx);

/**
 * mp_attempt_exec() - start a command in a container.
 * @config:   stdio is replaced; borrowed until return.
 * @deadline: monotonic; MP_NSEC_NEVER = none.
 *
 * Return: 0; -errno when not even the join could be begun (no callback then).
 */
int mp_attempt_exec(struct mp_loop *loop, struct mp_exec_config *config, mp_nsec deadline,
		    mp_attempt_done done, void *ctx, struct mp_attempt **ret, struct mp_error *err);

/** mp_attempt_sleep() - ends with MP_ATTEMPT_SLEPT at @deadline. */
int mp_attempt_sleep(mp_nsec deadline, mp_attempt_done done, void *ctx, struct mp_attempt **ret,
		     struct mp_error *err);

/** mp_attempt_deadline() - when mp_attempt_expire() is due. */
mp_nsec mp_attempt_deadline(const struct mp_attempt *attempt);

/** mp_attempt_expire() - the deadline has passed: end it now (the process is reaped later). */
void mp_attempt_expire(struct mp_attempt *attempt);

/**
 * mp_attempt_abandon() - no answer is wanted; a running command goes on until it ends or its
 * container does, and is reaped then. The attempt frees itself.
 */
void mp_attempt_abandon(struct mp_attempt *attempt);

/**
 * mp_attempts_end() - kill and reap what was abandoned or timed out on @loop and still lives; for
 * the end of supervision. Waits for them: their container must have been killed.
 */
void mp_attempts_end(const struct mp_loop *loop);
