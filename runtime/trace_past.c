/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal of megabytes is gone through between two turns, so nothing is parsed: the lines are our
 * own, their first and last members have their places, and a quote inside a text is escaped.
 */
#include "runtime/trace_past.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"

#define ACTION "\"action\":{\"type\":\"recordEvent\","
#define PAST   "\"past\":{\"type\":\"recordEvent\","
#define WALL   "\"wall\":"
#define SLOT   "\"slot\":"
#define FIRST  "\"first\":"

struct event {
	const char *line;
	const char *object; /* ACTION or PAST in it */
	size_t len;
	int64_t slot, first;
};

struct events {
	struct event *items;
	size_t n, size;
};

static int add_bytes(struct mp_trace_lines *lines, const char *bytes, size_t len)
{
	if (lines->n + len > lines->size) {
		const size_t size = (lines->n + len) * 2;
		char *more = realloc(lines->text, size);

		if (!more)
			return -ENOMEM;
		lines->text = more;
		lines->size = size;
	}
	memcpy(lines->text + lines->n, bytes, len);
	lines->n += len;
	return 0;
}

int mp_trace_lines_add(struct mp_trace_lines *lines, const char *text, size_t len)
{
	const int r = add_bytes(lines, text, len);

	return r == 0 ? add_bytes(lines, "\n", 1) : r;
}

/* The number behind the last @key of a line, which ends with a newline. */
static int64_t last_number(const char *line, size_t len, const char *key)
{
	const size_t n = strlen(key);

	for (const char *at = line + len - n; len >= n && at >= line; at--)
		if (memcmp(at, key, n) == 0)
			return strtoll(at + n, NULL, 10);
	return -1;
}

static bool read_event(const char *line, size_t len, int64_t since, struct event *ret)
{
	const char *wall = memmem(line, len, WALL, strlen(WALL));
	const char *object = memmem(line, len, ACTION, strlen(ACTION));

	if (!object)
		object = memmem(line, len, PAST, strlen(PAST));
	/* Before the first text: so it is no part of one. */
	if (!wall || !object || wall > object || memchr(wall, '{', (size_t)(object - wall)) ||
	    strtoll(wall + strlen(WALL), NULL, 10) < since)
		return false;
	*ret = (struct event){ .line = line,
			       .object = object,
			       .len = len,
			       .slot = last_number(line, len, SLOT),
			       .first = last_number(line, len, FIRST) };
	return true;
}

static int add(struct events *events, const struct event *event)
{
	if (events->n == events->size) {
		const size_t size = events->size * 2 + 64;
		struct event *more = reallocarray(events->items, size, sizeof(*more));

		if (!more)
			return -ENOMEM;
		events->items = more;
		events->size = size;
	}
	events->items[events->n++] = *event;
	return 0;
}

static int by_identity(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static int by_place(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

/* Of each series the last line alone. */
static void drop_earlier(struct events *events)
{
	size_t n = 0;

	if (events->n == 0)
		return;
	qsort(events->items, events->n, sizeof(*events->items), by_identity);
	for (size_t i = 0; i < events->n; i++) {
		const struct event *next = &events->items[i + 1];

		if (i + 1 == events->n || next->slot != events->items[i].slot ||
		    next->first != events->items[i].first)
			events->items[n++] = events->items[i];
	}
	events->n = n;
	qsort(events->items, events->n, sizeof(*events->items), by_place);
}

static int write_past(const struct event *e, struct mp_trace_lines *out)
{
	static const char past[] = "\"past\"";
	const size_t before = (size_t)(e->object - e->line);
	const char *rest = memchr(e->object, ':', e->len - before);
	int r = add_bytes(out, e->line, before);

	if (r == 0)
		r = add_bytes(out, past, sizeof(past) - 1);
	return r == 0 ? mp_trace_lines_add(out, rest, e->len - (size_t)(rest - e->line)) : r;
}

int mp_trace_keep_events(const char *text, size_t len, int64_t since, struct mp_trace_lines *out)
{
	const char *end = text + len;
	struct events events = { .n = 0 };
	int r = 0;

	for (const char *next; text < end && r == 0; text = next + 1) {
		struct event event;

		next = memchr(text, '\n', (size_t)(end - text));
		if (!next)
			break;
		if (read_event(text, (size_t)(next - text), since, &event))
			r = add(&events, &event);
	}
	drop_earlier(&events);
	for (size_t i = 0; i < events.n && r == 0; i++)
		r = write_past(&events.items[i], out);
	free(events.items);
	return r;
}
