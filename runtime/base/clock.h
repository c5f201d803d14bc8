/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time values. Decisions use monotonic nanoseconds with saturating arithmetic; wall-clock
 * time only ever appears in reports. Only clock_io.h reads a clock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** mp_nsec - nanoseconds; a point on the monotonic clock or a span, as the name says. */
typedef int64_t mp_nsec;

#define MP_NSEC_NEVER  INT64_MAX
#define MP_NSEC_PER_MS INT64_C(1000000)
#define MP_NSEC_PER_S  INT64_C(1000000000)

/** struct mp_now - one reading of both clocks, taken once per turn and passed down. */
struct mp_now {
	mp_nsec mono; /* CLOCK_MONOTONIC: what decisions use */
	int64_t wall; /* CLOCK_REALTIME, ns since the epoch: what reports show */
};

/** mp_nsec_add() - a + b, saturating at MP_NSEC_NEVER (which absorbs) and INT64_MIN. */
static inline mp_nsec mp_nsec_add(mp_nsec a, mp_nsec b)
{
	mp_nsec r;

	if (a == MP_NSEC_NEVER || b == MP_NSEC_NEVER)
		return MP_NSEC_NEVER;
	if (__builtin_add_overflow(a, b, &r))
		return b > 0 ? MP_NSEC_NEVER : INT64_MIN;
	return r;
}

/** mp_nsec_min() - the earlier of two. */
static inline mp_nsec mp_nsec_min(mp_nsec a, mp_nsec b)
{
	return a < b ? a : b;
}

/** mp_seconds() - whole seconds as a span, saturating. */
static inline mp_nsec mp_seconds(int64_t s)
{
	mp_nsec r;

	if (__builtin_mul_overflow(s, MP_NSEC_PER_S, &r))
		return s > 0 ? MP_NSEC_NEVER : INT64_MIN;
	return r;
}

#define MP_TIME_TEXT_MAX 40

/**
 * mp_time_rfc3339() - "2024-01-02T03:04:05Z": UTC, whole seconds, sub-second dropped.
 * @wall: ns since the epoch.
 * @buf:  at least MP_TIME_TEXT_MAX bytes.
 *
 * Return: @buf. Pure (own calendar arithmetic, no libc time functions). Source: RFC 3339.
 */
char *mp_time_rfc3339(int64_t wall, char buf[MP_TIME_TEXT_MAX]);

/** mp_time_rfc3339_micro() - as above with exactly six fraction digits (event MicroTime). */
char *mp_time_rfc3339_micro(int64_t wall, char buf[MP_TIME_TEXT_MAX]);

/** mp_time_rfc3339_nano() - as above with exactly nine fraction digits (CRI log lines). */
char *mp_time_rfc3339_nano(int64_t wall, char buf[MP_TIME_TEXT_MAX]);

/**
 * mp_duration_text() - Go's duration format: "0s", "250ms", "1.5s", "1m20s", "1h0m0s".
 * @buf: at least MP_TIME_TEXT_MAX bytes.
 *
 * Return: @buf. Source: pod-semantics reference, "Shared formats".
 */
char *mp_duration_text(mp_nsec span, char buf[MP_TIME_TEXT_MAX]);
