/* SPDX-License-Identifier: Apache-2.0 */
/* One container's start: sections 5, 6.1, 9.9 and 12.1; appendix C 1 and 6. */
#include "lifecycle/machine.h"
#include "tests/unit/lifecycle/machine_fixture.h"

static void image_present_needs_no_pull(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_run(&node, 0);
	expect_event("Pulled", "Container image \"i:1\" already present on machine and can be "
			       "accessed by the pod");
	assert_int_equal(fake_n(&node, MP_DO_PULL_IMAGE, 0), 0);
	assert_string_equal(fake_status(&node, 0)->image, "docker.io/library/i:1");
	assert_string_equal(fake_status(&node, 0)->image_id, "docker.io/library/i@sha256:1234");
}

static void policy_always_pulls_what_is_present(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].pull_policy = "Always";
	node.c[0].pull_lasts = MS(1500);
	fake_run(&node, AT(2));
	expect_event("Pulling", "Pulling image \"i:1\"");
	expect_event("Pulled",
		     "Successfully pulled image \"i:1\" in 1.5s (1.5s including waiting). "
		     "Image size: 4096 bytes.");
	expect_running(0);
	fake_exit(&node, 0, 0);
	fake_run(&node, AT(3));
	assert_int_equal(fake_n(&node, MP_DO_PULL_IMAGE, 0), 2); /* every start */
}

static void policy_never_and_absent(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].pull_policy = "Never";
	node.c[0].is_absent = true;
	fake_run(&node, AT(1));
	expect_waiting(0, "ErrImageNeverPull",
		       "Container image \"i:1\" is not present with pull policy of Never");
	expect_event("ErrImageNeverPull",
		     "Container image \"i:1\" is not present with pull policy of Never");
	expect_event("Failed", "Error: ErrImageNeverPull");
	assert_int_equal(phase(), MP_PHASE_PENDING);
	node.c[0].is_absent = false;
	fake_run(&node, AT(20));
	expect_running(0);
}

static void policy_may_be_unset(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].pull_policy = NULL;
	fake_run(&node, AT(1));
	expect_running(0);
}

static void bad_image_name(void **unused)
{
	static const char message[] =
		"Failed to apply default image tag \"A\": couldn't parse image "
		"name \"A\": invalid reference format";

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].image_answer = MP_EV_IMAGE_FAILED;
	node.c[0].pull_reason = "InvalidImageName";
	node.c[0].pull_error = message;
	fake_run(&node, AT(1));
	expect_waiting(0, "InvalidImageName", message);
	expect_event("InspectFailed", message);
	expect_event("Failed", "Error: InvalidImageName");
}

static void failed_pull_backs_off(void **unused)
{
	mp_nsec at[3];

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].is_absent = true;
	node.c[0].pull_error = "not found";
	node.c[0].pull_reason = "ErrImagePull";
	node.c[0].pull_good_from = AT(100);
	fake_run(&node, AT(1));
	expect_waiting(0, "ErrImagePull", "not found");
	expect_event("Failed", "Failed to pull image \"i:1\": not found");
	expect_event("Failed", "Error: ErrImagePull");
	/* retried after 10 to 15 s, which is outside the first window of 10 s but then inside */
	fake_run(&node, AT(31));
	expect_waiting(0, "ImagePullBackOff",
		       "Back-off pulling image \"i:1\": ErrImagePull: not found");
	expect_event("BackOff", "Back-off pulling image \"i:1\"");
	assert_false(fake_event(&node, "BackOff", NULL)->is_warning);
	expect_event("Failed", "Error: ImagePullBackOff");
	fake_run(&node, AT(300));
	expect_running(0);
	assert_int_equal(fake_status(&node, 0)->restart_count, 0);
	for (size_t i = 0; i < 3; i++)
		at[i] = fake_when(&node, MP_DO_PULL_IMAGE, 0, i);
	assert_true(at[1] - at[0] >= AT(10) && at[1] - at[0] <= AT(15));
	assert_true(at[2] - at[1] >= AT(20));
}

static void containers_share_the_back_off_of_their_image(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mmm");
	pod.containers[1].image = "other";
	for (int i = 0; i < 3; i++) {
		node.c[i].is_absent = true;
		node.c[i].pull_error = "boom";
		node.c[i].pull_reason = "ErrImagePull";
		node.c[i].pull_good_from = AT(1000);
	}
	fake_run(&node, AT(1));
	expect_waiting(0, "ErrImagePull", "boom");
	expect_waiting(1, "ErrImagePull", "boom");
	expect_waiting(2, "ImagePullBackOff", NULL);
	assert_int_equal(fake_n(&node, MP_DO_PULL_IMAGE, 2), 0);
}

static struct mp_volume_mount image_mounts[2];

/* Volumes v0 and v1, mounted by the first container in this order. */
static void mount_image_volumes(size_t n)
{
	static const char *const names[] = { "v0", "v1" };

	for (size_t i = 0; i < n; i++) {
		pod.volumes[i] = (struct mp_volume){ .name = names[i], .kind = MP_VOLUME_IMAGE };
		pod.volumes[i].image.reference = "v:1";
		pod.volumes[i].image.pull_policy = "IfNotPresent";
		image_mounts[i] = (struct mp_volume_mount){ .name = names[i] };
	}
	pod.spec.n_volumes = n;
	pod.containers[0].mounts = image_mounts;
	pod.containers[0].n_mounts = n;
}

static void images_of_volumes_come_before_the_containers_own(void **unused)
{
	static const char present[] = "Container image \"v:1\" already present on machine and can "
				      "be accessed by the pod";

	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	mount_image_volumes(2);
	fake_run(&node, AT(1));
	expect_running(0);
	expect_running(1);
	assert_int_equal(fake_n(&node, MP_DO_CHECK_IMAGE, 0), 3);
	assert_int_equal(fake_n(&node, MP_DO_CHECK_IMAGE, 1), 1);
	expect_event("Pulled", present);
	assert_int_equal(fake_event(&node, "Pulled", present)->container, -1);
	assert_string_equal(fake_status(&node, 0)->image, "docker.io/library/i:1");
	assert_string_equal(fake_status(&node, 0)->image_id, "docker.io/library/i@sha256:1234");
}

static void a_volumes_image_that_cannot_be_pulled_holds_up_who_mounts_it(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	mount_image_volumes(1);
	node.c[0].is_about_volume = true;
	node.c[0].is_absent = true;
	node.c[0].pull_error = "not found";
	node.c[0].pull_reason = "ErrImagePull";
	node.c[0].pull_good_from = AT(100);
	fake_run(&node, AT(1));
	expect_running(1);
	expect_event("Failed", "Failed to pull image \"v:1\": not found");
	expect_event("Failed", "Error: ErrImagePull");
	expect_waiting(0, "ImagePullBackOff",
		       "Back-off pulling image \"v:1\": ErrImagePull: not found");
	fake_run(&node, AT(300));
	expect_running(0);
}

static void classes_of_pull_errors_have_sentences(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	pod.containers[1].image = "other";
	for (int i = 0; i < 2; i++) {
		node.c[i].is_absent = true;
		node.c[i].pull_error = "connection refused";
		node.c[i].pull_reason =
			i == 0 ? "RegistryUnavailable" : "SignatureValidationFailed";
		node.c[i].pull_good_from = AT(1000);
	}
	fake_run(&node, AT(1));
	expect_waiting(0, "RegistryUnavailable",
		       "image pull failed for i:1 because the registry is unavailable: connection "
		       "refused");
	expect_waiting(1, "SignatureValidationFailed",
		       "image pull failed for other because the signature validation failed: "
		       "connection refused");
}

static void exit_0_backs_off_like_any_other(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	runs(0, AT(1), 0);
	fake_run(&node, AT(5));
	expect_waiting(0, "CrashLoopBackOff",
		       "back-off 10s restarting failed container=m0 pod=" POD_DESC);
	/* starts at 0, 1, then 10 s after the exit at 2 */
	fake_run(&node, AT(13));
	expect_at(MP_DO_START_CONTAINER, 0, 2, AT(12));
}

static void nine_minutes_do_not_reset_the_back_off_eleven_do(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].n_runs = 6;
	node.c[0].runs[0] = (struct fake_run){ .lasts = 0 };
	node.c[0].runs[1] = (struct fake_run){ .lasts = 0 };
	node.c[0].runs[2] = (struct fake_run){ .lasts = AT(540) }; /* from 10 to 550: waits 20 */
	node.c[0].runs[3] = (struct fake_run){ .lasts = AT(660) }; /* from 570 to 1230: at once */
	node.c[0].runs[4] = (struct fake_run){ .lasts = 0 };
	node.c[0].runs[5] = (struct fake_run){ .lasts = FAKE_NEVER };
	fake_run(&node, AT(2000));
	expect_at(MP_DO_START_CONTAINER, 0, 2, AT(10));
	expect_at(MP_DO_START_CONTAINER, 0, 3, AT(570));
	expect_at(MP_DO_START_CONTAINER, 0, 4, AT(1230));
	expect_at(MP_DO_START_CONTAINER, 0, 5, AT(1240));
}

static void cap_is_configurable(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	fake_done(&node);
	fake_init_with(&node, &pod.spec,
		       &(struct mp_pod_config){ .is_cold_start = true, .backoff_max = AT(3) });
	runs(0, 0, 1);
	fake_run(&node, AT(9));
	assert_int_equal(node.c[0].n_started, 5); /* 0, 0, 3, 6, 9 */
}

static void other_image_starts_the_back_off_afresh(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].n_runs = 3;
	node.c[0].runs[2] = (struct fake_run){ .lasts = FAKE_NEVER };
	fake_run(&node, AT(5));
	assert_int_equal(node.c[0].n_started, 2);
	fake_say(&node, MP_EV_DEFINITION_CHANGED, 0);
	fake_run(&node, AT(6));
	assert_int_equal(node.c[0].n_started, 3);
	assert_null(fake_event(&node, "Killing", NULL)); /* nothing ran */
}

static void post_start_blocks_what_comes_after(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	pod.containers[0].lifecycle.has_post_start = true;
	(void)test_pod_probe(&pod.containers[0], MP_PROBE_READINESS);
	node.c[0].post_start.lasts = AT(60);
	fake_run(&node, AT(59));
	expect_waiting(0, "ContainerCreating", "");
	assert_int_equal(node.c[1].n_created, 0);
	assert_int_equal(fake_n(&node, MP_DO_RUN_PROBE, 0), 0);
	expect_event("Started", "Container started"); /* before postStart */
	fake_run(&node, AT(61));
	expect_running(0);
	expect_running(1);
	assert_true(fake_status(&node, 0)->is_ready);
}

static void post_start_over_plain_http_is_told(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	node.c[0].post_start.fallback = "10.1.0.7:8443";
	fake_run(&node, AT(1));
	expect_event("LifecycleHTTPFallback", "request to HTTPS lifecycle hook 10.1.0.7:8443 got "
					      "HTTP response, retry with HTTP succeeded");
	expect_running(0);
}

static void failed_post_start_runs_pre_stop(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].post_start.error = "bad hook";
	node.c[0].pre_stop.lasts = AT(2);
	node.c[0].term_code = 5;
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(2) + MP_HEAD_START);
	expect_terminated(0, 5, "Error"); /* Never: the exit code decides */
	assert_int_equal(phase(), MP_PHASE_FAILED);
}

static void container_that_died_gets_no_hooks(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	pod.containers[0].lifecycle.has_pre_stop = true;
	runs(0, 0, 0);
	fake_run_to_end(&node, AT(10));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 0);
	assert_int_equal(phase(), MP_PHASE_SUCCEEDED);
}

static void container_that_dies_during_post_start_is_not_killed(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	pod.containers[0].lifecycle.has_pre_stop = true;
	node.c[0].post_start.lasts = AT(3);
	node.c[0].post_start.error = "container not running";
	runs(0, AT(1), 1);
	fake_run_to_end(&node, AT(10));
	expect_event("FailedPostStartHook", NULL);
	assert_null(fake_event(&node, "Killing", NULL));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 1);
}

static void deletion_waits_for_post_start_until_the_grace_is_over(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	node.c[0].post_start.lasts = FAKE_NEVER;
	node.c[0].ignores_term = true;
	fake_run(&node, AT(5));
	fake_delete(&node, 10);
	fake_run(&node, AT(15) - 1);
	assert_int_equal(fake_n(&node, MP_DO_SIGNAL, 0), 0);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_ABANDON_HOOK, 0, 0, AT(15));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(15));
	expect_at(MP_DO_KILL, 0, 0, AT(17));
}

static void post_start_that_ends_in_time_lets_the_deletion_go_on(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "mm");
	pod.containers[0].lifecycle.has_post_start = true;
	node.c[0].post_start.lasts = AT(8);
	fake_run(&node, AT(5));
	fake_delete(&node, 10);
	fake_run_to_end(&node, AT(60));
	expect_at(MP_DO_SIGNAL, 0, 0, AT(8) + MP_HEAD_START);
	assert_int_equal(node.c[1].n_created, 0);
}

/* On a node an exec lies between; hooks use what the entry point has just made. */
static void post_start_gives_the_entry_point_a_head_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "mm");
	pod.containers[0].lifecycle.has_post_start = true;
	fake_run(&node, AT(1));
	expect_at(MP_DO_START_CONTAINER, 0, 0, 0);
	expect_at(MP_DO_RUN_HOOK, 0, 0, MP_HEAD_START);
	expect_at(MP_DO_START_CONTAINER, 1, 0, MP_HEAD_START);
}

static void deletion_within_the_head_start_needs_no_post_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	fake_run(&node, MP_HEAD_START / 2);
	fake_delete(&node, 10);
	fake_run_to_end(&node, AT(60));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 0);
	expect_at(MP_DO_SIGNAL, 0, 0, MP_HEAD_START / 2);
}

static void deletion_abandons_a_pull(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.c[0].is_absent = true;
	node.c[0].pull_lasts = AT(100);
	fake_run(&node, AT(5));
	fake_delete(&node, -1);
	fake_run_to_end(&node, AT(6));
	expect_at(MP_DO_TEAR_DOWN, -1, 0, AT(5));
	/* the pull ends later all the same */
	fake_run(&node, AT(200));
	assert_int_equal(node.c[0].n_created, 0);
	assert_int_equal(phase(), MP_PHASE_FAILED);
	expect_terminated(0, 137, "ContainerStatusUnknown");
	assert_string_equal(fake_status(&node, 0)->state.terminated.message,
			    "The container could not be located when the pod was terminated");
}

static void deletion_waits_for_a_create_and_starts_nothing(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_CREATE_CONTAINER] = true;
	fake_run(&node, 0);
	fake_delete(&node, -1);
	fake_run(&node, AT(1));
	assert_int_equal(fake_n(&node, MP_DO_STOP_SANDBOX, -1), 0);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_CREATED, .created.id = "x" });
	fake_run_to_end(&node, AT(2));
	assert_int_equal(fake_n(&node, MP_DO_START_CONTAINER, 0), 0);
}

static void deletion_waits_for_a_start_and_stops_it(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	pod.containers[0].lifecycle.has_post_start = true;
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_run(&node, 0);
	fake_delete(&node, -1);
	fake_run(&node, AT(1));
	node.c[0].is_alive = true;
	fake_say(&node, MP_EV_STARTED, 0);
	fake_run_to_end(&node, AT(2));
	assert_int_equal(fake_n(&node, MP_DO_RUN_HOOK, 0), 0);
	assert_int_equal(fake_n(&node, MP_DO_SIGNAL, 0), 1);
}

static void exit_and_start_of_one_turn_in_any_order(void **unused)
{
	(void)unused;
	for (int order = 0; order < 2; order++) {
		make(MP_RESTART_NEVER, "m");
		node.is_manual[MP_DO_START_CONTAINER] = true;
		fake_run(&node, 0);
		node.c[0].is_alive = true;
		if (order == 0)
			fake_say(&node, MP_EV_STARTED, 0);
		fake_exit(&node, 0, 3);
		if (order == 1)
			fake_say(&node, MP_EV_STARTED, 0);
		fake_run_to_end(&node, AT(5));
		expect_terminated(0, 3, "Error");
		expect_event("Started", NULL);
		if (order == 0)
			fake_done(&node);
	}
}

static void exit_and_failed_start_of_one_turn_in_any_order(void **unused)
{
	(void)unused;
	for (int order = 0; order < 2; order++) {
		make(MP_RESTART_NEVER, "m");
		node.is_manual[MP_DO_START_CONTAINER] = true;
		fake_run(&node, 0);
		node.c[0].is_alive = true;
		if (order == 0)
			answer_to(MP_EV_START_FAILED, 0, NULL, "no such file");
		fake_exit(&node, 0, 127);
		if (order == 1)
			answer_to(MP_EV_START_FAILED, 0, NULL, "no such file");
		fake_run_to_end(&node, AT(5));
		expect_terminated(0, 128, "StartError");
		assert_null(fake_event(&node, "Started", NULL));
		if (order == 0)
			fake_done(&node);
	}
}

static void container_that_ends_before_its_start(void **unused)
{
	(void)unused;
	make(MP_RESTART_NEVER, "m");
	node.is_manual[MP_DO_CREATE_CONTAINER] = true;
	fake_run(&node, 0);
	node.c[0].is_alive = true;
	fake_post(&node, &(struct mp_event){ .type = MP_EV_CREATED, .created.id = "x" });
	fake_exit(&node, 0, 9);
	fake_run(&node, 0);
	fake_run_to_end(&node, AT(5));
	expect_event("Failed", "Error: container ended before its start");
	assert_int_equal(fake_n(&node, MP_DO_START_CONTAINER, 0), 0);
}

static void container_id_in_an_error_becomes_its_name(void **unused)
{
	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_START_CONTAINER] = true;
	fake_run(&node, 0);
	char message[200];

	(void)snprintf(message, sizeof(message), "task %s failed", node.c[0].id);
	answer_to(MP_EV_START_FAILED, 0, NULL, message);
	fake_run(&node, 0);
	expect_event("Failed", "Error: task m0 failed");
}

static void supplementary_groups_are_bounded(void **unused)
{
	static int64_t groups[40];

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	node.is_manual[MP_DO_CREATE_CONTAINER] = true;
	fake_run(&node, 0);
	fake_post(&node, &(struct mp_event){ .type = MP_EV_CREATED,
					     .created = { "x", 1000, 1001, groups, 40 } });
	fake_run(&node, AT(1));
	assert_true(fake_status(&node, 0)->has_user);
	assert_int_equal(fake_status(&node, 0)->uid, 1000);
	assert_int_equal(fake_status(&node, 0)->n_groups, 32);
}

static void notes_of_two_ephemeral_containers_are_two_events(void **unused)
{
	struct mp_event ev = { .type = MP_EV_NOTE,
			       .container = -1,
			       .note = { false, "Started", "Container started", "one" } };

	(void)unused;
	make(MP_RESTART_ALWAYS, "m");
	mp_pod_apply(node.pod, &ev, (struct mp_now){ 0, 1 });
	ev.note.ephemeral = "two";
	mp_pod_apply(node.pod, &ev, (struct mp_now){ 0, 1 });
	fake_run(&node, 0);
	size_t n = 0;

	for (size_t i = 0; i < node.n_events; i++)
		n += strcmp(node.events[i].reason, "Started") == 0;
	assert_int_equal(n, 3); /* and that of the pod's own container */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(image_present_needs_no_pull),
		TEST(policy_always_pulls_what_is_present),
		TEST(policy_never_and_absent),
		TEST(policy_may_be_unset),
		TEST(bad_image_name),
		TEST(failed_pull_backs_off),
		TEST(containers_share_the_back_off_of_their_image),
		TEST(images_of_volumes_come_before_the_containers_own),
		TEST(a_volumes_image_that_cannot_be_pulled_holds_up_who_mounts_it),
		TEST(classes_of_pull_errors_have_sentences),
		TEST(exit_0_backs_off_like_any_other),
		TEST(nine_minutes_do_not_reset_the_back_off_eleven_do),
		TEST(cap_is_configurable),
		TEST(other_image_starts_the_back_off_afresh),
		TEST(post_start_blocks_what_comes_after),
		TEST(post_start_over_plain_http_is_told),
		TEST(failed_post_start_runs_pre_stop),
		TEST(container_that_died_gets_no_hooks),
		TEST(container_that_dies_during_post_start_is_not_killed),
		TEST(deletion_waits_for_post_start_until_the_grace_is_over),
		TEST(post_start_that_ends_in_time_lets_the_deletion_go_on),
		TEST(post_start_gives_the_entry_point_a_head_start),
		TEST(deletion_within_the_head_start_needs_no_post_start),
		TEST(deletion_abandons_a_pull),
		TEST(deletion_waits_for_a_create_and_starts_nothing),
		TEST(deletion_waits_for_a_start_and_stops_it),
		TEST(exit_and_start_of_one_turn_in_any_order),
		TEST(exit_and_failed_start_of_one_turn_in_any_order),
		TEST(container_that_ends_before_its_start),
		TEST(container_id_in_an_error_becomes_its_name),
		TEST(supplementary_groups_are_bounded),
		TEST(notes_of_two_ephemeral_containers_are_two_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
