/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/outbox.h"

static struct mp_outbox *box;
static struct mp_action actions[200];
static struct mp_plan plan;

static int setup(void **unused)
{
	(void)unused;
	box = calloc(1, mp_outbox_size(1));
	assert_non_null(box);
	mp_outbox_init(box, 1);
	plan = (struct mp_plan){ .actions = actions, .size = 200 };
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	free(box);
	return 0;
}

static void add_event(const char *message)
{
	mp_outbox_add_event(
		box, &(struct mp_k8s_event){
			     .reason = "R", .message = message, .container = -1, .count = 1 });
}

static void event_of_an_ephemeral_container_carries_a_copy_of_its_name(void **unused)
{
	char name[] = "probe";

	(void)unused;
	mp_outbox_add_event(box, &(struct mp_k8s_event){ .reason = "R",
							 .message = "m",
							 .container = -1,
							 .ephemeral = name,
							 .count = 1 });
	name[0] = 'X';
	add_event("hello");
	assert_true(mp_outbox_take(box, &plan));
	assert_string_equal(actions[0].event.ephemeral, "probe");
	assert_null(actions[1].event.ephemeral);
}

static void handed_out_in_order_with_their_texts(void **unused)
{
	char name[] = "SIGUSR1";

	(void)unused;
	mp_outbox_add(box, &(struct mp_action){ .type = MP_DO_SIGNAL, .signal_name = name });
	name[0] = 'X'; /* texts are copied */
	add_event("hello");
	mp_outbox_add(box, &(struct mp_action){ .type = MP_DO_REMOVE_RECORD, .record_id = "id" });
	mp_outbox_add(box, &(struct mp_action){ .type = MP_DO_REMOVE_RECORD });
	assert_true(mp_outbox_has(box, MP_DO_SIGNAL));
	assert_false(mp_outbox_has(box, MP_DO_KILL));
	assert_true(mp_outbox_take(box, &plan));
	assert_int_equal(plan.n, 4);
	assert_string_equal(actions[0].signal_name, "SIGUSR1");
	assert_string_equal(actions[1].event.reason, "R");
	assert_string_equal(actions[1].event.message, "hello");
	assert_string_equal(actions[2].record_id, "id");
	assert_string_equal(actions[3].record_id, "");
	assert_null(actions[0].record_id);
	assert_false(mp_outbox_has(box, MP_DO_SIGNAL));
}

static void small_plan_leaves_the_rest(void **unused)
{
	(void)unused;
	plan.size = 2;
	for (int i = 0; i < 3; i++)
		mp_outbox_add(box, &(struct mp_action){ .type = MP_DO_KILL, .container = i });
	assert_false(mp_outbox_take(box, &plan));
	mp_outbox_begin(box); /* not empty: texts stay */
	plan.n = 0;
	assert_true(mp_outbox_take(box, &plan));
	assert_int_equal(plan.n, 1);
	assert_int_equal(actions[0].container, 2);
}

static void too_many_events_are_dropped_but_no_action_is(void **unused)
{
	size_t n_events = 0;

	(void)unused;
	for (int i = 0; i < 1000; i++)
		add_event("x");
	for (size_t i = 0; i < box->reserve; i++)
		mp_outbox_add(box, &(struct mp_action){ .type = MP_DO_KILL });
	assert_true(mp_outbox_take(box, &plan));
	for (size_t i = 0; i < plan.n; i++)
		n_events += actions[i].type == MP_DO_RECORD_EVENT;
	assert_int_equal(n_events, 64);
	assert_int_equal(plan.n, 64 + box->reserve);
}

static void long_texts_leave_room_for_short_ones(void **unused)
{
	static char text[4001];

	(void)unused;
	memset(text, 'x', 4000);
	for (int i = 0; i < 20; i++)
		add_event(text);
	mp_outbox_add(box, &(struct mp_action){ .type = MP_DO_SIGNAL, .signal_name = "SIGTERM" });
	assert_true(mp_outbox_take(box, &plan));
	assert_int_equal(plan.n, 7);
	mp_outbox_begin(box);
	add_event(text);
	assert_true(mp_outbox_has(box, MP_DO_RECORD_EVENT));
}

static void impossible_text_is_dropped(void **unused)
{
	static char text[MP_OUTBOX_TEXT];

	(void)unused;
	memset(text, 'x', sizeof(text) - 1);
	add_event(text);
	assert_false(mp_outbox_has(box, MP_DO_RECORD_EVENT));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(event_of_an_ephemeral_container_carries_a_copy_of_its_name),
		TEST(handed_out_in_order_with_their_texts),
		TEST(small_plan_leaves_the_rest),
		TEST(too_many_events_are_dropped_but_no_action_is),
		TEST(long_texts_leave_room_for_short_ones),
		TEST(impossible_text_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
