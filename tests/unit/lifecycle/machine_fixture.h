/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests that drive the whole machine share: one pod on one fake node. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_node.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct fake_node node;

/* Entries by letter: i init, s sidecar, m main; named by letter and position: i0, s1, m2. */
static inline void make(enum mp_restart_policy restart, const char *kinds)
{
	static const char names[3][8][3] = {
		{ "i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7" },
		{ "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7" },
		{ "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7" },
	};

	fake_done(&node); /* of an earlier pod in the same test */
	(void)test_pod_init(&pod, restart);
	for (size_t i = 0; kinds[i] != '\0'; i++) {
		const enum mp_container_kind kind = kinds[i] == 'i' ? MP_KIND_INIT :
						    kinds[i] == 's' ? MP_KIND_SIDECAR :
								      MP_KIND_MAIN;

		(void)test_pod_add(&pod, kind, names[kind][i]);
	}
	fake_init(&node, &pod.spec);
}

static inline int done(void **unused)
{
	(void)unused;
	fake_done(&node);
	return 0;
}

static inline void runs(int c, mp_nsec lasts, int code)
{
	node.c[c].n_runs = 1;
	node.c[c].runs[0] = (struct fake_run){ .lasts = lasts, .code = code };
}

static inline enum mp_phase phase(void)
{
	return mp_pod_status(node.pod)->phase;
}

static inline void expect_waiting(int c, const char *reason, const char *message)
{
	const struct mp_container_state *s = &fake_status(&node, c)->state;

	assert_int_equal(s->kind, MP_STATE_WAITING);
	assert_string_equal(s->reason, reason);
	if (message != NULL)
		assert_string_equal(s->message, message);
}

static inline void expect_running(int c)
{
	assert_int_equal(fake_status(&node, c)->state.kind, MP_STATE_RUNNING);
}

static inline void expect_terminated(int c, int code, const char *reason)
{
	const struct mp_container_state *s = &fake_status(&node, c)->state;

	assert_int_equal(s->kind, MP_STATE_TERMINATED);
	assert_int_equal(s->terminated.exit_code, code);
	assert_string_equal(s->terminated.reason, reason);
}

static inline void expect_at(enum mp_action_type type, int c, size_t nth, mp_nsec at)
{
	assert_int_equal(fake_when(&node, type, c, nth), at);
}

static inline void expect_event(const char *reason, const char *message)
{
	assert_non_null(fake_event(&node, reason, message));
}

static inline void answer_to(enum mp_event_type type, int c, const char *reason,
			     const char *message)
{
	fake_post(&node,
		  &(struct mp_event){ .type = type, .container = c, .text = { reason, message } });
}

#define TEST(name) cmocka_unit_test_teardown(name, done)
