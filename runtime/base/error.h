/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error convention: functions return 0 or -errno and put the sentence in a
 * fixed-size record that the caller owns, passed last, NULL allowed. Nothing allocates.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

#define MP_ERROR_MSG_MAX 1024

/** struct mp_error - why something failed, from general to particular. */
struct mp_error {
	int code;                   /* positive errno of the first failure; 0 = none */
	char msg[MP_ERROR_MSG_MAX]; /* "start container 'web': open tasks: Permission denied" */
};

#define MP_ERROR_NONE ((struct mp_error){ .code = 0 })

/**
 * mp_fail() - record a first failure: "<fmt>: <strerror(code)>".
 * @err:  may be NULL.
 * @code: positive errno.
 *
 * Return: -code, so that `return mp_fail(err, errno, "open %s", path);` reads well.
 * Allocates nothing. A text that does not fit is cut on a UTF-8 boundary and ends in "...".
 */
int mp_fail(struct mp_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * mp_fail_text() - like mp_fail(), but the sentence stands alone (no strerror suffix).
 *
 * Return: -code.
 */
int mp_fail_text(struct mp_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * mp_wrap() - put "<fmt>: " before the sentence already in @err.
 * @err: may be NULL.
 * @r:   the negative errno being passed on.
 *
 * Return: @r.
 */
int mp_wrap(struct mp_error *err, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* It looks into one file at a time, and would take a failure for 0: these say that it never is. */
static inline int mp_as_failure(int r)
{
	if (r >= 0)
		__builtin_unreachable();
	return r;
}
#define mp_fail(...)      mp_as_failure((mp_fail)(__VA_ARGS__))
#define mp_fail_text(...) mp_as_failure((mp_fail_text)(__VA_ARGS__))
#endif
