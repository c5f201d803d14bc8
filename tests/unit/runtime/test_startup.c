/* SPDX-License-Identifier: Apache-2.0 */
/* When `run -d` has its answer: one row per state of a pod with an init and a main container. */
#include "runtime/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

#define WAITS(why)                                        \
	{                                                 \
		.kind = MP_STATE_WAITING, .reason = (why) \
	}
#define RUNS                             \
	{                                \
		.kind = MP_STATE_RUNNING \
	}
#define ENDED(code, why)                                                                           \
	{                                                                                          \
		.kind = MP_STATE_TERMINATED, .terminated = {.exit_code = (code), .reason = (why) } \
	}

struct row {
	enum mp_phase phase;
	struct mp_container_state init, main;
	const char *last; /* reason of the main container's last end; NULL = none */
	bool is_ready;
	enum mp_start_state started, ready;
};

static enum mp_start_state decide(const struct row *row, enum mp_start_goal goal, char *text,
				  size_t size)
{
	struct mp_container_spec specs[2] = { { .name = "i" }, { .name = "m" } };
	struct mp_pod_spec spec = { .containers = specs, .n_init = 1, .n_main = 1 };
	struct mp_container_status containers[2] = { { .state = row->init },
						     { .state = row->main } };
	struct mp_pod_status status = {
		.phase = row->phase, .n_containers = 2, .containers = containers, .n_conditions = 1
	};

	(void)strcpy(status.conditions[0].type, "Ready"); /* NOLINT: it fits */
	status.conditions[0].status = row->is_ready ? MP_COND_TRUE : MP_COND_FALSE;
	if (row->last) {
		containers[1].has_last = true;
		(void)snprintf(containers[1].last.reason, sizeof(containers[1].last.reason), "%s",
			       row->last);
	}
	return mp_startup_decide(&spec, &status, goal, text, size);
}

static void each_state_of_a_pod_has_its_answer(void **unused)
{
	const enum mp_start_state no = MP_STARTUP_UNDECIDED, yes = MP_STARTUP_REACHED,
				  bad = MP_STARTUP_FAILED;
	const struct row rows[] = {
		{ MP_PHASE_PENDING, WAITS("PodInitializing"), WAITS("PodInitializing"), NULL, false,
		  no, no },
		{ MP_PHASE_PENDING, RUNS, WAITS("PodInitializing"), NULL, false, no, no },
		{ MP_PHASE_PENDING, WAITS("CrashLoopBackOff"), WAITS("PodInitializing"), NULL,
		  false, bad, bad },
		{ MP_PHASE_PENDING, ENDED(0, "Completed"), WAITS("ErrImagePull"), NULL, false, bad,
		  bad },
		{ MP_PHASE_PENDING, ENDED(0, "Completed"), WAITS("ContainerCreating"), NULL, false,
		  no, no },
		{ MP_PHASE_RUNNING, ENDED(0, "Completed"), RUNS, NULL, false, yes, no },
		{ MP_PHASE_RUNNING, ENDED(0, "Completed"), RUNS, NULL, true, yes, yes },
		/* It has run once: started, but on its way to ready it crashes. */
		{ MP_PHASE_RUNNING, ENDED(0, "Completed"), WAITS("CrashLoopBackOff"), "Error",
		  false, yes, bad },
		/* It has never run. */
		{ MP_PHASE_RUNNING, ENDED(0, "Completed"), WAITS("CrashLoopBackOff"), "StartError",
		  false, bad, bad },
		{ MP_PHASE_FAILED, ENDED(0, "Completed"), ENDED(128, "StartError"), NULL, false,
		  bad, bad },
		{ MP_PHASE_FAILED, ENDED(0, "Completed"), ENDED(3, "Error"), NULL, false, yes,
		  bad },
		{ MP_PHASE_FAILED, ENDED(3, "Error"), WAITS("PodInitializing"), NULL, false, bad,
		  bad },
		{ MP_PHASE_SUCCEEDED, ENDED(0, "Completed"), ENDED(0, "Completed"), NULL, false,
		  yes, yes },
	};
	char text[256];

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		assert_int_equal(decide(&rows[i], MP_START_STARTED, text, sizeof(text)),
				 rows[i].started);
		assert_int_equal(text[0] != '\0', rows[i].started == bad);
		assert_int_equal(decide(&rows[i], MP_START_READY, text, sizeof(text)),
				 rows[i].ready);
		assert_int_equal(text[0] != '\0', rows[i].ready == bad);
		assert_int_equal(decide(&rows[i], MP_START_NONE, text, sizeof(text)), yes);
	}
}

static void answer_arrives_with_code_and_sentence(void **unused)
{
	char text[256];
	int ends[2], code = -1;

	(void)unused;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);

	struct mp_startup startup = { .fd = ends[1], .goal = MP_START_STARTED };

	assert_int_equal(mp_startup_wait(ends[0], 0, &code, text, sizeof(text)), -ETIMEDOUT);
	mp_startup_tell(&startup, 125, "no such thing");
	assert_int_equal(startup.fd, -EBADF);
	mp_startup_tell(&startup, 0, "told once only");
	assert_int_equal(mp_startup_wait(ends[0], -1, &code, text, sizeof(text)), 0);
	assert_int_equal(code, 125);
	assert_string_equal(text, "no such thing");
	/* The stream is over and there is nothing: the supervisor died. */
	assert_int_equal(mp_startup_wait(ends[0], -1, &code, text, sizeof(text)), -EPIPE);
	(void)close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_of_a_pod_has_its_answer),
		cmocka_unit_test(answer_arrives_with_code_and_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
