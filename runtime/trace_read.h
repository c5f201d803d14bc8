/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the journal of a pod (docs/trace.md) and living it again: the recorded events go
 * through the pod machine, and what it asks for is compared with what was recorded.
 */
#pragma once

#include "lifecycle/event.h"
#include "runtime/base/clock.h"
#include "runtime/base/document.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"
#include "runtime/trace.h"

#define MP_TRACE_GROUPS_MAX 32

enum mp_trace_line_kind {
	MP_TRACE_START,
	MP_TRACE_SPEC,
	MP_TRACE_STATE,
	MP_TRACE_EVENT,
	MP_TRACE_PLAN,
	MP_TRACE_ACTION,
	MP_TRACE_PAST,
};

/** struct mp_trace_line - one line. Strings are in the arena it was read into. */
struct mp_trace_line {
	enum mp_trace_line_kind kind;
	struct mp_now now;
	int64_t turn;
	uint64_t seed;                 /* START */
	mp_nsec started;               /* START */
	bool is_cold;                  /* START */
	struct mp_trace_origin origin; /* START */
	const struct mp_node *spec;    /* SPEC */
	const struct mp_node *state;   /* STATE */
	struct mp_event ev;            /* EVENT */
	int64_t groups[MP_TRACE_GROUPS_MAX];
};

/**
 * mp_trace_line_read() - one line, without its newline.
 * @ret: must not move afterwards: @ret->ev may point into it.
 *
 * Return: 0; -EINVAL with what is wrong; -EPROTO for another version of the format; -ENOMEM.
 */
int mp_trace_line_read(struct mp_arena *arena, const struct mp_pod_spec *spec, const char *text,
		       size_t len, struct mp_trace_line *ret, struct mp_error *err);

/** struct mp_replay - what living a trace again came to. */
struct mp_replay {
	size_t n_lines, n_turns, n_actions;
	bool is_different;
	size_t line;      /* of the first difference, from 1 */
	char wanted[512]; /* as recorded; cut */
	char got[512];    /* as the machine has it now; cut; "" = nothing */
};

/**
 * mp_trace_replay() - live @text (a whole journal of @len bytes) again.
 * @spec: the pod of the pod.json beside it; what has been changed of it since is in the journal.
 *
 * A last line that is cut, as a dying supervisor leaves it, is ignored.
 *
 * Return: 0, also when there is a difference; -EINVAL with "line N: what" for a broken journal.
 */
int mp_trace_replay(const struct mp_pod_spec *spec, const char *text, size_t len,
		    struct mp_replay *ret, struct mp_error *err);

/** struct mp_revival - a dead supervisor's machine. */
struct mp_revival {
	struct mp_pod *pod;            /* in the memory given; NULL: the journal has no start */
	struct mp_trace_origin origin; /* of the last start; strings in the arena given */
	uint64_t seed;
	bool *is_other_image; /* of each container: not the one that the machine was told last; in
			       * the arena given */
	size_t whole;         /* bytes of the journal that are whole lines */
	char *missing;        /* heap; lines of the last turn's actions that did not get into it */
	size_t missing_len;
	bool is_different; /* another build wrote it: its machine decides otherwise */
};

/**
 * mp_trace_revive() - live a journal again up to its end, to go on from there.
 * @mem: mp_pod_size() bytes.
 *
 * Return: 0; -EINVAL with "line N: what" for a broken journal; -ENOMEM.
 */
int mp_trace_revive(const struct mp_pod_spec *spec, const char *text, size_t len, void *mem,
		    struct mp_arena *arena, struct mp_revival *ret, struct mp_error *err);
