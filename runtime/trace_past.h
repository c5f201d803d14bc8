/* SPDX-License-Identifier: Apache-2.0 */
/* The Kubernetes events of a journal that is about to be replaced (docs/trace.md). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"

/* As an API server keeps them: from the last time one was counted. */
#define MP_TRACE_EVENTS_KEPT mp_seconds(3600)

/** struct mp_trace_lines - lines on the heap; the caller frees @text. */
struct mp_trace_lines {
	char *text;
	size_t n, size;
};

/** mp_trace_lines_add() - one line of @len bytes, without its newline. Return: 0 or -ENOMEM. */
int mp_trace_lines_add(struct mp_trace_lines *lines, const char *text, size_t len);

/**
 * mp_trace_keep_events() - add to @out, as lines "past", the last state of each event of @text (a whole
 * journal of @len bytes) that was counted since @since (wall ns), oldest first.
 *
 * Return: 0 or -ENOMEM.
 */
int mp_trace_keep_events(const char *text, size_t len, int64_t since, struct mp_trace_lines *out);
