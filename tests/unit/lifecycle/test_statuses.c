/* SPDX-License-Identifier: Apache-2.0 */
/* Container statuses: every row of the tables in section 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lifecycle/statuses.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct mp_record newest, second;
static struct mp_container_status previous, out;
static struct mp_start_failure failure;
static struct mp_status_seen seen;

static struct mp_container_spec *make(enum mp_restart_policy restart, enum mp_container_kind kind)
{
	struct mp_container_spec *c;

	(void)test_pod_init(&pod, restart);
	c = test_pod_add(&pod, kind, "c");
	if (kind != MP_KIND_MAIN)
		(void)test_pod_add(&pod, MP_KIND_MAIN, "m");
	memset(&newest, 0, sizeof(newest));
	memset(&second, 0, sizeof(second));
	memset(&previous, 0, sizeof(previous));
	memset(&failure, 0, sizeof(failure));
	seen = (struct mp_status_seen){
		.spec = &pod.spec,
		.container = c,
		.newest = &newest,
		.second = &second,
		.previous = &previous,
		.failure = &failure,
	};
	return c;
}

static void record(struct mp_record *rec, enum mp_record_state state, int code)
{
	rec->state = state;
	rec->exit_code = code;
	strcpy(rec->id, "0123");
	strcpy(rec->image, "resolved");
	strcpy(rec->image_id, "digest");
	strcpy(rec->reason, code == 0 ? "Completed" : "Error");
	rec->started_wall = 11;
	rec->finished_wall = 22;
}

static void fails_to_start(const char *reason)
{
	failure.is_set = true;
	strcpy(failure.reason, reason);
	strcpy(failure.message, "why");
}

static void expect_waiting(const char *reason, const char *message)
{
	mp_status_derive(&seen, &out);
	assert_true(out.is_present);
	assert_int_equal(out.state.kind, MP_STATE_WAITING);
	assert_string_equal(out.state.reason, reason);
	assert_string_equal(out.state.message, message);
}

static void expect_terminated(int code, const char *reason)
{
	mp_status_derive(&seen, &out);
	assert_int_equal(out.state.kind, MP_STATE_TERMINATED);
	assert_int_equal(out.state.terminated.exit_code, code);
	assert_string_equal(out.state.terminated.reason, reason);
}

static void default_before_any_record(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	expect_waiting("ContainerCreating", "");
	assert_string_equal(out.image, "i:1");
	assert_string_equal(out.container_id, "");
	(void)make(MP_RESTART_ALWAYS, MP_KIND_INIT);
	expect_waiting("PodInitializing", "");
	previous.is_present = true;
	previous.state.kind = MP_STATE_WAITING;
	previous.restart_count = 4;
	previous.has_last = true;
	previous.last.exit_code = 9;
	expect_waiting("PodInitializing", "");
	assert_int_equal(out.restart_count, 4);
	assert_int_equal(out.last.exit_code, 9);
}

static void default_keeps_a_terminated_status(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_INIT);
	previous.is_present = true;
	previous.state.kind = MP_STATE_TERMINATED;
	strcpy(previous.state.terminated.reason, "Completed");
	strcpy(previous.image, "old");
	expect_terminated(0, "Completed");
	assert_string_equal(out.image, "old");
}

static void lost_record_of_a_running_container(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	previous.is_present = true;
	previous.state.kind = MP_STATE_RUNNING;
	previous.restart_count = 2;
	expect_waiting("ContainerCreating", "");
	assert_true(out.has_last);
	assert_int_equal(out.last.exit_code, 137);
	assert_string_equal(out.last.reason, "ContainerStatusUnknown");
	assert_string_equal(out.last.message,
			    "The container could not be located when the pod was deleted.  The "
			    "container used to be Running");
	assert_int_equal(out.restart_count, 3);
	seen.is_deleting = true;
	expect_waiting("ContainerCreating", "");
	assert_int_equal(out.restart_count, 2);
	previous.has_last = true;
	previous.last.exit_code = 1;
	expect_waiting("ContainerCreating", "");
	assert_int_equal(out.last.exit_code, 1);
}

static void records_give_the_state(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	record(&newest, MP_RECORD_CREATED, 0);
	newest.restart_count = 3;
	newest.n_groups = 1;
	newest.groups[0] = 44;
	newest.uid = 7;
	expect_waiting("", "");
	assert_int_equal(out.restart_count, 3);
	assert_string_equal(out.container_id, "minipod://0123");
	assert_string_equal(out.image, "resolved");
	assert_string_equal(out.image_id, "digest");
	assert_true(out.has_user && out.uid == 7 && out.n_groups == 1 && out.groups[0] == 44);
	newest.state = MP_RECORD_RUNNING;
	mp_status_derive(&seen, &out);
	assert_int_equal(out.state.kind, MP_STATE_RUNNING);
	assert_true(out.state.started_wall == 11);
	record(&newest, MP_RECORD_EXITED, 5);
	newest.signal = 3;
	strcpy(newest.message, "bye");
	expect_terminated(5, "Error");
	assert_int_equal(out.state.terminated.signal, 3);
	assert_true(out.state.terminated.started_wall == 11);
	assert_true(out.state.terminated.finished_wall == 22);
	assert_string_equal(out.state.terminated.message, "bye");
	assert_string_equal(out.state.terminated.container_id, "minipod://0123");
	assert_false(out.has_last);
	record(&second, MP_RECORD_EXITED, 6);
	expect_terminated(5, "Error");
	assert_true(out.has_last && out.last.exit_code == 6);
}

static void unknown_record(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_NEVER, MP_KIND_MAIN);
	record(&newest, MP_RECORD_UNKNOWN, 0);
	expect_waiting("", "");
	previous.is_present = true;
	previous.state.kind = MP_STATE_RUNNING;
	previous.restart_count = 1;
	expect_terminated(137, "ContainerStatusUnknown");
	assert_string_equal(out.state.terminated.message,
			    "The container could not be located when the pod was terminated");
	assert_int_equal(out.restart_count, 2);
	fails_to_start("CrashLoopBackOff"); /* always due to be started */
	expect_waiting("CrashLoopBackOff", "why");
}

static void restart_count_never_falls(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	record(&newest, MP_RECORD_RUNNING, 0);
	previous.restart_count = 5;
	mp_status_derive(&seen, &out);
	assert_int_equal(out.restart_count, 5);
	newest.restart_count = 8;
	mp_status_derive(&seen, &out);
	assert_int_equal(out.restart_count, 8);
}

static void failed_start_is_shown(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	fails_to_start("ErrImagePull");
	expect_waiting("ErrImagePull", "why");
	assert_false(out.has_last);
	record(&newest, MP_RECORD_CREATED, 0);
	expect_waiting("ErrImagePull", "why");
	record(&newest, MP_RECORD_EXITED, 4);
	expect_waiting("ErrImagePull", "why");
	assert_true(out.has_last && out.last.exit_code == 4);
	newest.state = MP_RECORD_RUNNING;
	mp_status_derive(&seen, &out);
	assert_int_equal(out.state.kind, MP_STATE_RUNNING);
	record(&newest, MP_RECORD_EXITED, 4);
	seen.is_deleting = true;
	expect_terminated(4, "Error");
	seen.is_deleting = false;
	pod.spec.restart = MP_RESTART_NEVER;
	expect_terminated(4, "Error"); /* it will not be started again */
}

static void finished_init_entries_stay_terminated(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_INIT);
	fails_to_start("CrashLoopBackOff");
	record(&newest, MP_RECORD_EXITED, 0);
	expect_terminated(0, "Completed");
	record(&newest, MP_RECORD_EXITED, 1);
	expect_waiting("CrashLoopBackOff", "why");
	(void)make(MP_RESTART_ALWAYS, MP_KIND_SIDECAR);
	fails_to_start("CrashLoopBackOff");
	record(&newest, MP_RECORD_EXITED, 0);
	expect_terminated(0, "Completed");
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	fails_to_start("CrashLoopBackOff");
	record(&newest, MP_RECORD_EXITED, 0);
	expect_waiting("CrashLoopBackOff", "why");
}

static void init_container_without_a_record_beside_mains_is_done(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_INIT);
	seen.has_main_record = true;
	expect_terminated(0, "Completed");
	assert_string_equal(out.state.terminated.message,
			    "Unable to get init container status from container runtime and pod "
			    "has been initialized, treat it as exited normally");
	assert_true(out.is_ready);
	(void)make(MP_RESTART_ALWAYS, MP_KIND_SIDECAR);
	seen.has_main_record = true;
	expect_waiting("PodInitializing", "");
}

static void ready_and_started_of_init_containers(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_INIT);
	record(&newest, MP_RECORD_RUNNING, 0);
	mp_status_derive(&seen, &out);
	assert_true(out.has_started && out.is_started && !out.is_ready);
	record(&newest, MP_RECORD_EXITED, 0);
	mp_status_derive(&seen, &out);
	assert_true(!out.is_started && out.is_ready);
	record(&newest, MP_RECORD_EXITED, 1);
	mp_status_derive(&seen, &out);
	assert_false(out.is_ready);
}

static void expect_flags(bool started, bool ready)
{
	mp_status_derive(&seen, &out);
	assert_int_equal(out.is_started, started);
	assert_int_equal(out.is_ready, ready);
}

static void ready_and_started_of_others(void **unused)
{
	static const enum mp_container_kind kinds[] = { MP_KIND_MAIN, MP_KIND_SIDECAR };

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		(void)make(MP_RESTART_ALWAYS, kinds[i]);
		expect_flags(false, false);
		record(&newest, MP_RECORD_RUNNING, 0);
		expect_flags(true, true); /* no probes */
		seen.has_readiness_probe = true;
		expect_flags(true, false);
		seen.readiness = MP_KNOWN_FAILURE;
		expect_flags(true, false);
		seen.readiness = MP_KNOWN_SUCCESS;
		expect_flags(true, true);
		seen.has_startup_probe = true;
		expect_flags(false, false); /* no result yet */
		seen.startup = MP_KNOWN_FAILURE;
		expect_flags(false, false);
		seen.startup = MP_KNOWN_SUCCESS;
		expect_flags(true, true);
		record(&newest, MP_RECORD_EXITED, 0);
		expect_flags(false, false);
	}
}

static void recovery_carries_flags_over(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_ALWAYS, MP_KIND_MAIN);
	record(&newest, MP_RECORD_RUNNING, 0);
	seen.has_startup_probe = seen.has_readiness_probe = true;
	expect_flags(false, false);
	seen.is_carried_started = true;
	expect_flags(true, false);
	seen.is_carried_ready = true;
	expect_flags(true, true);
	seen.readiness = MP_KNOWN_FAILURE;
	expect_flags(true, false);
}

static void stop_signal_is_the_effective_one(void **unused)
{
	struct mp_container_spec *c = make(MP_RESTART_ALWAYS, MP_KIND_MAIN);

	(void)unused;
	record(&newest, MP_RECORD_RUNNING, 0);
	mp_status_derive(&seen, &out);
	assert_string_equal(out.stop_signal, "");
	strcpy(newest.stop_signal, "SIGQUIT");
	mp_status_derive(&seen, &out);
	assert_string_equal(out.stop_signal, "SIGQUIT");
	c->lifecycle.stop_signal = "SIGRTMAX-14";
	mp_status_derive(&seen, &out);
	assert_string_equal(out.stop_signal, "SIGRTMAX-14");
}

static void messages_share_12_kib(void **unused)
{
	(void)unused;
	(void)make(MP_RESTART_NEVER, MP_KIND_MAIN);
	assert_int_equal(mp_status_message_limit(&pod.spec), 12288);
	record(&newest, MP_RECORD_EXITED, 1);
	record(&second, MP_RECORD_EXITED, 1);
	memset(newest.message, 'x', MP_TERMINATION_MAX);
	memset(second.message, 'y', MP_TERMINATION_MAX);
	mp_status_derive(&seen, &out);
	assert_int_equal(strlen(out.state.terminated.message), 4096);
	for (int i = 0; i < 6; i++)
		(void)test_pod_add(&pod, MP_KIND_MAIN, "x");
	assert_int_equal(mp_status_message_limit(&pod.spec), 1755);
	mp_status_derive(&seen, &out);
	assert_int_equal(strlen(out.state.terminated.message), 1755);
	assert_int_equal(strlen(out.last.message), 1755);
}

static void exits_give_reasons(void **unused)
{
	struct mp_event ev = { .type = MP_EV_EXITED };
	const struct mp_now now = { 5, 50 };

	(void)unused;
	newest = (struct mp_record){ .state = MP_RECORD_RUNNING };
	mp_record_exit(&newest, &ev, now);
	assert_string_equal(newest.reason, "Completed");
	assert_true(newest.finished == 5 && newest.finished_wall == 50);
	newest.state = MP_RECORD_RUNNING;
	ev.exited.code = 139;
	ev.exited.signal = 11;
	ev.exited.message = "core";
	mp_record_exit(&newest, &ev, now);
	assert_string_equal(newest.reason, "Error");
	assert_int_equal(newest.signal, 11);
	assert_string_equal(newest.message, "core");
	newest.state = MP_RECORD_RUNNING;
	ev.exited.code = 0;
	ev.exited.is_oom = true; /* whatever PID 1 returned */
	mp_record_exit(&newest, &ev, now);
	assert_string_equal(newest.reason, "OOMKilled");
	newest.state = MP_RECORD_RUNNING;
	ev.exited.is_unknown = true;
	mp_record_exit(&newest, &ev, now);
	assert_string_equal(newest.reason, "ContainerStatusUnknown");
	assert_int_equal(newest.exit_code, 137);
	newest.state = MP_RECORD_CREATED;
	mp_record_fail_start(&newest, "no", now);
	assert_string_equal(newest.reason, "StartError");
	assert_int_equal(newest.exit_code, 128);
	assert_true(newest.started_wall == 0);
	assert_false(mp_record_is_live(&newest));
}

static void differences_are_seen(void **unused)
{
	struct mp_container_status a, b;

	(void)unused;
	memset(&a, 0, sizeof(a));
	b = a;
	assert_true(mp_status_equal(&a, &b));
	b.has_last = true;
	assert_false(mp_status_equal(&a, &b));
	a.has_last = true;
	assert_true(mp_status_equal(&a, &b));
	b.last.exit_code = 1;
	assert_false(mp_status_equal(&a, &b));
	b = a;
	a.state.kind = b.state.kind = MP_STATE_RUNNING;
	assert_true(mp_status_equal(&a, &b));
	b.state.started_wall = 1;
	assert_false(mp_status_equal(&a, &b));
	b.state.kind = MP_STATE_WAITING;
	assert_false(mp_status_equal(&a, &b));
	a.state.kind = MP_STATE_WAITING;
	assert_true(mp_status_equal(&a, &b));
	b.state.message[0] = 'x';
	assert_false(mp_status_equal(&a, &b));
	b.state.message[0] = 0;
	b.state.reason[0] = 'x';
	assert_false(mp_status_equal(&a, &b));
	b = a;
	a.state.kind = b.state.kind = MP_STATE_TERMINATED;
	assert_true(mp_status_equal(&a, &b));
	b.state.terminated.message[3] = 0;
	b.state.terminated.message[0] = 'x';
	assert_false(mp_status_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_before_any_record),
		cmocka_unit_test(default_keeps_a_terminated_status),
		cmocka_unit_test(lost_record_of_a_running_container),
		cmocka_unit_test(records_give_the_state),
		cmocka_unit_test(unknown_record),
		cmocka_unit_test(restart_count_never_falls),
		cmocka_unit_test(failed_start_is_shown),
		cmocka_unit_test(finished_init_entries_stay_terminated),
		cmocka_unit_test(init_container_without_a_record_beside_mains_is_done),
		cmocka_unit_test(ready_and_started_of_init_containers),
		cmocka_unit_test(ready_and_started_of_others),
		cmocka_unit_test(recovery_carries_flags_over),
		cmocka_unit_test(stop_signal_is_the_effective_one),
		cmocka_unit_test(messages_share_12_kib),
		cmocka_unit_test(exits_give_reasons),
		cmocka_unit_test(differences_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
