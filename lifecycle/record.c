/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/record.h"

#include <stdio.h>
#include <string.h>

#define GONE_MESSAGE "The container could not be located when the pod was terminated"

void mp_copy(char *dst, size_t size, const char *src)
{
	const size_t len = src == NULL ? 0 : strnlen(src, size - 1);

	if (len > 0)
		memmove(dst, src, len);
	dst[len] = '\0';
}

bool mp_record_is_live(const struct mp_record *rec)
{
	return rec->state == MP_RECORD_RUNNING ||
	       (rec->state == MP_RECORD_CREATED && rec->is_start_asked);
}

void mp_record_start(struct mp_record *rec, struct mp_now now)
{
	rec->started = now.mono;
	rec->started_wall = now.wall;
	if (rec->state == MP_RECORD_CREATED)
		rec->state = MP_RECORD_RUNNING;
}

static void finish(struct mp_record *rec, int code, const char *reason, struct mp_now now)
{
	rec->state = MP_RECORD_EXITED;
	rec->finished = now.mono;
	rec->finished_wall = now.wall;
	rec->exit_code = code;
	MP_COPY(rec->reason, reason);
}

void mp_record_exit(struct mp_record *rec, const struct mp_event *ev, struct mp_now now)
{
	const int code = ev->exited.code;
	const bool was_started = rec->state == MP_RECORD_RUNNING;

	if (ev->exited.is_unknown) {
		mp_record_lose(rec, now);
		return;
	}
	finish(rec, code, ev->exited.is_oom ? "OOMKilled" : code == 0 ? "Completed" : "Error", now);
	if (!was_started) { /* its STARTED is still under way in the same turn */
		rec->started = now.mono;
		rec->started_wall = now.wall;
	}
	rec->signal = ev->exited.signal;
	rec->is_oom = ev->exited.is_oom;
	MP_COPY(rec->message, ev->exited.message);
}

void mp_record_fail_start(struct mp_record *rec, const char *message, struct mp_now now)
{
	finish(rec, 128, "StartError", now);
	rec->is_start_failed = true;
	rec->signal = 0;
	rec->is_oom = false;
	rec->started = now.mono;
	rec->started_wall = 0;
	MP_COPY(rec->message, message);
}

void mp_record_lose(struct mp_record *rec, struct mp_now now)
{
	finish(rec, 137, "ContainerStatusUnknown", now);
	MP_COPY(rec->message, GONE_MESSAGE);
	rec->signal = 0;
	rec->is_oom = false;
}
