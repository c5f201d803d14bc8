/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/clock_io.h"

/* An owner with an eventfd that is ready from the start. */
struct owner {
	struct mp_source source;
	struct owner *victim; /* removed, and freed, by the callback */
	int called;
	uint32_t events;
};

static struct mp_loop *loop;

static int open_loop(void **unused)
{
	(void)unused;
	return mp_loop_new(&loop, NULL);
}

static int close_loop(void **unused)
{
	(void)unused;
	mp_loop_free(loop);
	return 0;
}

static void destroy(struct owner *owner)
{
	mp_loop_remove(&owner->source);
	mp_closep(&owner->source.fd);
	free(owner);
}

static void on_ready(struct mp_source *source, uint32_t events)
{
	struct owner *owner = mp_container_of(source, struct owner, source);

	owner->called++;
	owner->events = events;
	if (owner->victim) {
		struct owner *victim = owner->victim;

		owner->victim = NULL;
		destroy(victim);
	}
}

static struct owner *new_owner(bool is_ready)
{
	struct owner *owner = calloc(1, sizeof(*owner));

	assert_non_null(owner);
	owner->source.fd = eventfd(is_ready ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
	owner->source.events = EPOLLIN;
	owner->source.ready = on_ready;
	assert_true(owner->source.fd >= 0);
	assert_int_equal(mp_loop_add(loop, &owner->source, NULL), 0);
	return owner;
}

static void one_turn_calls_every_ready_source_once(void **unused)
{
	(void)unused;
	struct owner *ready[20];
	struct owner *idle = new_owner(false);

	for (size_t i = 0; i < MP_ARRAY_SIZE(ready); i++)
		ready[i] = new_owner(true);
	assert_int_equal(mp_loop_turn(loop, NULL), 20);
	for (size_t i = 0; i < MP_ARRAY_SIZE(ready); i++) {
		assert_int_equal(ready[i]->called, 1);
		assert_int_equal(ready[i]->events, EPOLLIN);
	}
	assert_int_equal(idle->called, 0);
	for (size_t i = 0; i < MP_ARRAY_SIZE(ready); i++)
		destroy(ready[i]);
	assert_int_equal(mp_loop_poll(loop, NULL), 0);
	destroy(idle);
}

/* Whichever of the two is called first removes and frees the other. */
static void a_source_removed_by_another_is_not_called_any_more(void **unused)
{
	(void)unused;
	struct owner *a = new_owner(true), *b = new_owner(true);

	a->victim = b;
	assert_true(mp_loop_turn(loop, NULL) >= 1);
	/* If b was called first, that was before its removal; a has been called in any case. */
	assert_int_equal(a->called, 1);
	destroy(a);

	struct owner *many[10];
	int calls = 0;

	for (size_t i = 0; i < MP_ARRAY_SIZE(many); i++)
		many[i] = new_owner(true);
	for (size_t i = 0; i < MP_ARRAY_SIZE(many); i += 2) {
		many[i]->victim = many[i + 1];
		many[i + 1]->victim = NULL;
	}
	calls = mp_loop_turn(loop, NULL);
	assert_in_range(calls, 5, 10);
	for (size_t i = 0; i < MP_ARRAY_SIZE(many); i += 2) {
		assert_int_equal(many[i]->called, 1);
		destroy(many[i]);
	}
}

static void on_ready_destroy_self(struct mp_source *source, uint32_t events)
{
	(void)events;
	destroy(mp_container_of(source, struct owner, source));
}

static void a_source_may_remove_itself(void **unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++)
		new_owner(true)->source.ready = on_ready_destroy_self;
	assert_int_equal(mp_loop_turn(loop, NULL), 5);
	assert_int_equal(mp_loop_poll(loop, NULL), 0);
}

static struct owner *replacement;

static void on_ready_replace(struct mp_source *source, uint32_t events)
{
	(void)events;
	/* The kernel gives the new eventfd the number that has just become free. */
	destroy(mp_container_of(source, struct owner, source));
	replacement = new_owner(true);
}

static void a_descriptor_that_reuses_a_number_is_called_in_the_next_turn(void **unused)
{
	(void)unused;
	struct owner *old = new_owner(true);
	const int number = old->source.fd;

	old->source.ready = on_ready_replace;
	assert_int_equal(mp_loop_turn(loop, NULL), 1);
	assert_int_equal(replacement->source.fd, number);
	assert_int_equal(replacement->called, 0);
	assert_int_equal(mp_loop_turn(loop, NULL), 1);
	assert_int_equal(replacement->called, 1);
	destroy(replacement);
}

static struct owner *silenced;

static void on_ready_silence(struct mp_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	assert_int_equal(mp_loop_change(&silenced->source, 0, NULL), 0);
}

static void events_no_longer_wanted_are_not_delivered(void **unused)
{
	(void)unused;
	struct owner *first = new_owner(true);

	first->source.ready = on_ready_silence;
	silenced = new_owner(true);
	(void)mp_loop_turn(loop, NULL);
	silenced->called = 0;
	assert_int_equal(mp_loop_turn(loop, NULL), 1); /* only the first one */
	assert_int_equal(silenced->called, 0);
	assert_int_equal(mp_loop_change(&silenced->source, EPOLLIN, NULL), 0);
	destroy(first);
	assert_int_equal(mp_loop_turn(loop, NULL), 1);
	assert_int_equal(silenced->called, 1);
	destroy(silenced);
}

static void removing_what_was_not_added_does_nothing(void **unused)
{
	(void)unused;
	struct owner *owner = new_owner(false);

	mp_loop_remove(&owner->source);
	mp_loop_remove(&owner->source);
	destroy(owner);
}

static void a_hang_up_is_always_told(void **unused)
{
	(void)unused;
	int ends[2];
	struct owner owner = { .source = { .ready = on_ready } };

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	owner.source.fd = ends[0];
	assert_int_equal(mp_loop_add(loop, &owner.source, NULL), 0);
	mp_closep(&ends[1]);
	assert_int_equal(mp_loop_turn(loop, NULL), 1);
	assert_int_equal(owner.events, EPOLLHUP);
	mp_loop_remove(&owner.source);
	mp_closep(&ends[0]);
}

static void a_regular_file_cannot_be_watched(void **unused)
{
	(void)unused;
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct mp_source source = { .fd = fd, .events = EPOLLIN, .ready = on_ready };
	char expected[64];

	assert_int_equal(mp_loop_add(loop, &source, &err), -EPERM);
	(void)snprintf(expected, sizeof(expected), "watch descriptor %d: Operation not permitted",
		       fd);
	assert_string_equal(err.msg, expected);
	mp_loop_remove(&source); /* was never added */
}

static void a_deadline_ends_the_turn_and_is_then_forgotten(void **unused)
{
	(void)unused;
	const mp_nsec deadline = mp_clock_read().mono + 3 * MP_NSEC_PER_MS;

	mp_loop_arm(loop, deadline);
	assert_int_equal(mp_loop_turn(loop, NULL), 0);
	assert_true(mp_clock_read().mono >= deadline);

	/* Were it not forgotten, the same deadline would be "unchanged" and never end a turn. */
	mp_loop_arm(loop, deadline);
	assert_int_equal(mp_loop_turn(loop, NULL), 0);
}

static void past_and_zero_deadlines_end_the_turn_at_once(void **unused)
{
	(void)unused;
	static const mp_nsec past[] = { 0, 1, -1, INT64_MIN };

	for (size_t i = 0; i < MP_ARRAY_SIZE(past); i++) {
		mp_loop_arm(loop, past[i]);
		assert_int_equal(mp_loop_turn(loop, NULL), 0);
	}
}

static void a_disarmed_deadline_wakes_nobody(void **unused)
{
	(void)unused;
	struct owner *owner = new_owner(true);

	mp_loop_arm(loop, 1);
	mp_loop_arm(loop, MP_NSEC_NEVER);
	assert_int_equal(mp_loop_turn(loop, NULL), 1); /* the source, not the timer */
	destroy(owner);
	assert_int_equal(mp_loop_poll(loop, NULL), 0);
}

static void on_ready_arm(struct mp_source *source, uint32_t events)
{
	(void)source;
	(void)events;
	mp_loop_arm(loop, MP_NSEC_PER_S * 1000000);
}

static void a_deadline_set_during_the_turn_survives_the_old_one(void **unused)
{
	(void)unused;
	struct owner *owner = new_owner(true);

	owner->source.ready = on_ready_arm;
	mp_loop_arm(loop, 1);
	assert_int_equal(mp_loop_turn(loop, NULL), 1);
	owner->source.ready = on_ready;
	/* Whichever came first in the batch, it is 11 days away now: nothing but the source. */
	assert_int_equal(mp_loop_turn(loop, NULL), 1);
	destroy(owner);
	assert_int_equal(mp_loop_poll(loop, NULL), 0);
}

/* In a child: masks and dispositions are those of the whole process. */
static void in_child(void (*run)(void))
{
	int status = 0;
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define CHECK(condition)                           \
	do {                                       \
		if (!(condition))                  \
			_exit(__LINE__ % 250 + 1); \
	} while (0)

static void receive_signals(void)
{
	static const int wanted[] = { SIGTERM, SIGCHLD };
	struct signalfd_siginfo info = { 0 };
	struct sigaction action;
	sigset_t before, now;
	int fd = -EBADF, ends[2];

	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	CHECK(mp_signals_open(wanted, 2, &before, &fd, NULL) == 0);
	CHECK(sigismember(&before, SIGTERM) == 0);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGTERM) == 1);
	CHECK(sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
	CHECK(!mp_signals_read(fd, &info));
	CHECK(kill(getpid(), SIGTERM) == 0 && kill(getpid(), SIGTERM) == 0);
	CHECK(mp_signals_read(fd, &info) && info.ssi_signo == SIGTERM);
	CHECK(!mp_signals_read(fd, &info)); /* they coalesce */

	/* A closed pipe is an error, not the end of us. */
	CHECK(pipe2(ends, O_CLOEXEC) == 0 && close(ends[0]) == 0);
	CHECK(write(ends[1], "x", 1) == -1 && errno == EPIPE);
	(void)close(ends[1]);
	(void)close(fd);
}

static void signals_arrive_by_descriptor(void **unused)
{
	(void)unused;
	in_child(receive_signals);
}

static void refuse_signals(void)
{
	static const int wanted[] = { SIGTERM, 4711 };
	struct mp_error err = MP_ERROR_NONE;
	sigset_t now;
	int fd = -EBADF;

	CHECK(mp_signals_open(wanted, 2, NULL, &fd, &err) == -EINVAL);
	CHECK(strcmp(err.msg, "receive signal 4711: Invalid argument") == 0);
	CHECK(fd == -EBADF);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGTERM) == 0);
}

static void a_refused_signal_changes_nothing(void **unused)
{
	(void)unused;
	in_child(refuse_signals);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)
	const struct CMUnitTest tests[] = {
		TEST(one_turn_calls_every_ready_source_once),
		TEST(a_source_removed_by_another_is_not_called_any_more),
		TEST(a_source_may_remove_itself),
		TEST(a_descriptor_that_reuses_a_number_is_called_in_the_next_turn),
		TEST(events_no_longer_wanted_are_not_delivered),
		TEST(removing_what_was_not_added_does_nothing),
		TEST(a_hang_up_is_always_told),
		TEST(a_regular_file_cannot_be_watched),
		TEST(a_deadline_ends_the_turn_and_is_then_forgotten),
		TEST(past_and_zero_deadlines_end_the_turn_at_once),
		TEST(a_disarmed_deadline_wakes_nobody),
		TEST(a_deadline_set_during_the_turn_survives_the_old_one),
		TEST(signals_arrive_by_descriptor),
		TEST(a_refused_signal_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
