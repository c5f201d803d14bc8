/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a log that is rotated meanwhile: at the end of one file, which is the next? However far
 * behind a reader is, it gets every line that is still there, compressed ones included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

#define MP_LOG_FOLLOW_NAME_MAX 64

/** struct mp_log_follow - where a reader is. Zero-initialise. */
struct mp_log_follow {
	char path[4096 + 600];                /* of the live file */
	char rotated[MP_LOG_FOLLOW_NAME_MAX]; /* name of the file being read; "": the live one */
	pid_t unzip;                          /* the process it is read from; 0: none */
};

/**
 * mp_log_follow_after() - the rotated file that comes after another. Pure.
 * @names: @n names of the directory, sorted by bytes.
 * @base:  "0.log".
 * @name:  of the file that was read; need not be there.
 *
 * Return: one of @names, or NULL when the live file comes next.
 */
const char *mp_log_follow_after(const char *const *names, size_t n, const char *base,
				const char *name);

/**
 * mp_log_follow_begin() - there is no live file yet: begin with what comes after the files that are
 * there now, live or rotated by then. mp_log_follow_next() finds it.
 * @follow: whose @path is set.
 */
void mp_log_follow_begin(struct mp_log_follow *follow);

/**
 * mp_log_follow_next() - the end of @fd was reached: go on with the next file, if there is one.
 * @fd:        replaced by the next one's; negative: nothing was read yet.
 * @last_wall: time of the last entry that was read, 0: none.
 *
 * Return: 1 when there is more to read; 0 when this is still the live file, or there is none; -errno.
 */
int mp_log_follow_next(struct mp_log_follow *follow, int *fd, int64_t last_wall,
		       struct mp_error *err);

/** mp_log_follow_done() - wait for what unpacks. */
void mp_log_follow_done(struct mp_log_follow *follow);
