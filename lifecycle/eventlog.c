/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/eventlog.h"

#include <stddef.h>
#include <string.h>

/* An idle group starts afresh after this long; the table of the reference says 600 s. */
#define GROUP_IDLE mp_seconds(600)
#define REFILL     mp_seconds(10)

static uint64_t hash_bytes(uint64_t h, const void *data, size_t n)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
	return h;
}

static uint64_t hash_text(uint64_t h, const char *text)
{
	return hash_bytes(h, text, strlen(text) + 1);
}

static uint64_t group_key(bool is_warning, const char *reason)
{
	const unsigned char type = is_warning ? 'W' : 'N';

	return hash_text(hash_bytes(UINT64_C(0xcbf29ce484222325), &type, 1), reason) | 1;
}

void mp_eventlog_init(struct mp_eventlog *log, mp_nsec now, uint32_t first_slot)
{
	memset(log, 0, sizeof(*log));
	for (size_t i = 0; i < 2; i++) {
		log->bucket[i].tokens = MP_EVENT_BURST;
		log->bucket[i].since = now;
	}
	log->next_slot = first_slot;
}

static struct mp_event_group *find_group(struct mp_eventlog *log, uint64_t key, mp_nsec now)
{
	struct mp_event_group *victim = &log->groups[0];

	for (size_t i = 0; i < MP_EVENT_GROUPS_MAX; i++) {
		struct mp_event_group *g = &log->groups[i];

		if (g->key == key) {
			if (now - g->last > GROUP_IDLE)
				g->n_messages = 0;
			return g;
		}
		if (victim->key != 0 && (g->key == 0 || g->last < victim->last))
			victim = g;
	}
	*victim = (struct mp_event_group){ .key = key, .last = now };
	return victim;
}

/* The tenth distinct message is combined; the nine before it stay known by themselves. */
static bool is_combined(struct mp_event_group *g, uint64_t message, mp_nsec now)
{
	g->last = now;
	for (unsigned i = 0; i < g->n_messages; i++) {
		if (g->messages[i] == message)
			return false;
	}
	if (g->n_messages == MP_EVENT_SIMILAR_MAX - 1)
		return true;
	g->messages[g->n_messages++] = message;
	return false;
}

static struct mp_event_series *find_series(struct mp_eventlog *log, uint64_t key, struct mp_now now)
{
	struct mp_event_series *victim = &log->series[0];

	for (size_t i = 0; i < MP_EVENT_SERIES_MAX; i++) {
		struct mp_event_series *s = &log->series[i];

		if (s->key == key)
			return s;
		if (victim->key != 0 && (s->key == 0 || s->last < victim->last))
			victim = s;
	}
	*victim = (struct mp_event_series){
		.key = key,
		.first_wall = now.wall,
		.slot = log->next_slot++,
	};
	return victim;
}

static bool take_token(struct mp_eventlog *log, bool is_warning, mp_nsec now)
{
	const size_t which = is_warning ? 1 : 0;
	const int64_t refills = (now - log->bucket[which].since) / REFILL;

	if (refills > 0) {
		const int64_t tokens = log->bucket[which].tokens + refills;

		log->bucket[which].tokens = tokens > MP_EVENT_BURST ? MP_EVENT_BURST : (int)tokens;
		log->bucket[which].since += refills * REFILL;
	}
	if (log->bucket[which].tokens == 0)
		return false;
	log->bucket[which].tokens--;
	return true;
}

struct mp_event_counted mp_eventlog_count(struct mp_eventlog *log, bool is_warning,
					  const char *reason, const char *message, int container,
					  struct mp_now now)
{
	const uint64_t group = group_key(is_warning, reason);
	const uint64_t text = hash_text(group, message);
	const bool combined = is_combined(find_group(log, group, now.mono), text, now.mono);
	const uint64_t key = combined ? group : hash_bytes(text, &container, sizeof(container));
	struct mp_event_series *s = find_series(log, key == 0 ? 1 : key, now);

	s->count++;
	s->last = now.mono;
	return (struct mp_event_counted){
		.is_combined = combined,
		.is_dropped = !take_token(log, is_warning, now.mono),
		.count = s->count,
		.first_wall = s->first_wall,
		.slot = s->slot,
	};
}
