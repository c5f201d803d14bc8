/* SPDX-License-Identifier: Apache-2.0 */
/* One sentence on what the worker waits for, at every place where it can wait. */
#include "lifecycle/machine.h"
#include "tests/unit/lifecycle/machine_fixture.h"

static char text[1000];

static void expect(const char *sentence)
{
	fake_run(&node, node.now);
	assert_string_equal(mp_pod_describe_wait(node.pod, (struct mp_now){ node.now, 1 }, text,
						 sizeof(text)),
			    sentence);
}

static void each_request_of_a_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].pull_policy = "Always";
	pod.containers[0].lifecycle.has_post_start = true;
	pod.containers[0].lifecycle.has_pre_stop = true;
	for (int t = 0; t <= MP_DO_FINISH; t++)
		node.is_manual[t] = true;
	expect("the pod's cgroup and directories are made");
	fake_say(&node, MP_EV_POD_PREPARED, -1);
	expect("the pod's volumes are set up");
	fake_say(&node, MP_EV_VOLUME_FAILED, -1);
	expect("a volume could not be set up and is tried again (at most 500ms more)");
	fake_run(&node, MS(500));
	fake_say(&node, MP_EV_VOLUMES_READY, -1);
	expect("the sandbox is created");
	fake_post(&node, &(struct mp_event){ .type = MP_EV_SANDBOX_READY,
					     .container = -1,
					     .sandbox.ip = "10.0.0.1" });
	expect("the image of container m0 is looked up");
	fake_say(&node, MP_EV_IMAGE_ABSENT, 0);
	expect("the image of container m0 is pulled");
	fake_say(&node, MP_EV_IMAGE_PULLED, 0);
	expect("container m0 is created");
	fake_post(&node, &(struct mp_event){ .type = MP_EV_CREATED, .created.id = "x" });
	expect("the process of container m0 is started");
	node.c[0].is_alive = true;
	fake_say(&node, MP_EV_STARTED, 0);
	expect("container m0 has just started; its postStart hook follows");
	fake_run(&node, node.now + MP_HEAD_START);
	expect("the postStart hook of container m0 runs; nothing else is started until it "
	       "returns");
	fake_post(&node, &(struct mp_event){ .type = MP_EV_HOOK_DONE, .hook.is_ok = false });
	expect("the preStop hook of container m0 runs (at most 30s more)");
	fake_post(&node, &(struct mp_event){ .type = MP_EV_HOOK_DONE,
					     .hook = { .kind = MP_HOOK_PRE_STOP, .is_ok = true } });
	expect("container m0 was sent its stop signal (at most 30s more)");
	fake_run(&node, AT(32));
	expect("container m0 was sent SIGKILL and is not gone yet");
	fake_delete(&node, -1);
	fake_exit(&node, 0, 137);
	expect("the sandbox is stopped");
	answer_to(MP_EV_SANDBOX_STOP_FAILED, -1, NULL, "x");
	fake_run(&node, node.now);
	assert_true(strncmp(mp_pod_describe_wait(node.pod, (struct mp_now){ node.now, 1 }, text,
						 sizeof(text)),
			    "the sandbox could not be stopped and is tried again (at most ",
			    61) == 0);
	fake_run(&node, node.now + AT(16));
	fake_say(&node, MP_EV_SANDBOX_STOPPED, -1);
	expect("volumes, cgroups and directories are removed");
	fake_say(&node, MP_EV_TORN_DOWN, -1);
	expect("the pod is over");
}

static void idle_pods(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mmm");
	runs(0, 0, 1);
	runs(1, 0, 1);
	fake_run(&node, AT(4));
	expect("container m0: CrashLoopBackOff: back-off 10s restarting failed container=m0 "
	       "pod=" POD_DESC "; container m1: CrashLoopBackOff: back-off 10s restarting failed "
	       "container=m1 pod=" POD_DESC "; tried again (at most 6s more)");
	runs(0, FAKE_NEVER, 0);
	runs(1, FAKE_NEVER, 0);
	fake_run(&node, AT(12));
	expect("nothing is to be done until something happens");
}

static void other_failures(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.prepare_error = "x";
	node.good_from = FAKE_NEVER;
	fake_run(&node, 0);
	assert_non_null(
		strstr(mp_pod_describe_wait(node.pod, (struct mp_now){ 0, 1 }, text, sizeof(text)),
		       "the last attempt failed and is tried again (at most 1"));
}

static void sidecar_that_waits_for_its_turn(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "sm");
	node.c[1].term_lasts = AT(5);
	fake_run(&node, AT(1));
	fake_delete(&node, 10);
	expect("sidecar s0 waits for its turn to stop (at most 10s more); container m1 was sent its "
	       "stop signal (at most 10s more)");
	node.is_manual[MP_DO_STOP_SANDBOX] = true;
	fake_run(&node, AT(20));
	expect("the sandbox is stopped");
}

static void sandbox_in_a_sync(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, AT(1));
	node.is_manual[MP_DO_STOP_SANDBOX] = true;
	fake_say(&node, MP_EV_SANDBOX_DIED, -1);
	expect("the sandbox is stopped");
}

static void before_the_first_turn(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	assert_string_equal(mp_pod_describe_wait(node.pod, (struct mp_now){ 0, 1 }, text, 12),
			    "nothing is ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_request_of_a_start), TEST(idle_pods),
		TEST(other_failures),          TEST(sidecar_that_waits_for_its_turn),
		TEST(sandbox_in_a_sync),       TEST(before_the_first_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
