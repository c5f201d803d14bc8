/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes events: aggregation of similar ones, counting of identical ones, rate limit.
 * Source: client-go tools/record/events_cache.go; pod-semantics reference section 12.2.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/clock.h"

#define MP_EVENT_SIMILAR_MAX 10  /* distinct messages of one reason before they are combined */
#define MP_EVENT_BURST       300 /* writes of one type at once; the reference allows more than 25 */
#define MP_EVENT_SERIES_MAX  192
#define MP_EVENT_GROUPS_MAX  48

#define MP_EVENT_COMBINED_PREFIX "(combined from similar events): "

/** struct mp_event_series - one event object: identical events only raise its count. */
struct mp_event_series {
	uint64_t key; /* 0: free */
	int64_t count;
	int64_t first_wall;
	mp_nsec last;
	uint32_t slot;
};

/** struct mp_event_group - events that differ in their message (and container) only. */
struct mp_event_group {
	uint64_t key; /* 0: free */
	mp_nsec last;
	uint64_t messages[MP_EVENT_SIMILAR_MAX - 1];
	unsigned n_messages;
};

/** struct mp_eventlog - zero-initialise with mp_eventlog_init(). Plain data. */
struct mp_eventlog {
	struct mp_event_series series[MP_EVENT_SERIES_MAX];
	struct mp_event_group groups[MP_EVENT_GROUPS_MAX];
	struct {
		int tokens;
		mp_nsec since; /* start of the refill interval in progress */
	} bucket[2];           /* Normal, Warning */
	uint32_t next_slot;
};

/** struct mp_event_counted - what became of one occurrence. */
struct mp_event_counted {
	bool is_combined; /* the message gets MP_EVENT_COMBINED_PREFIX */
	bool is_dropped;  /* counted, but over the rate limit: not to be shown */
	int64_t count;
	int64_t first_wall;
	uint32_t slot;
};

/** mp_eventlog_init() - empty; @first_slot keeps series of an earlier life apart. */
void mp_eventlog_init(struct mp_eventlog *log, mp_nsec now, uint32_t first_slot);

/**
 * mp_eventlog_count() - one more occurrence of an event.
 * @container: fieldPath as an index, -1 for the pod; below that for whatever else has one.
 */
struct mp_event_counted mp_eventlog_count(struct mp_eventlog *log, bool is_warning,
					  const char *reason, const char *message, int container,
					  struct mp_now now);
