/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager is told, and that it arrives: sd_notify(3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/notify.h"

static struct mp_container_spec specs[2];
static struct mp_pod_spec spec;
static struct mp_container_status containers[2];
static struct mp_pod_status status;
static struct mp_notify notify;

static int set_up(void **unused)
{
	(void)unused;
	memset(specs, 0, sizeof(specs));
	memset(containers, 0, sizeof(containers));
	memset(&notify, 0, sizeof(notify));
	specs[0].name = "init";
	specs[1].name = "web";
	spec = (struct mp_pod_spec){ .containers = specs, .n_init = 1, .n_main = 1 };
	status = (struct mp_pod_status){ .phase = MP_PHASE_PENDING,
					 .n_containers = 2,
					 .containers = containers,
					 .n_conditions = 1 };
	(void)snprintf(status.conditions[0].type, sizeof(status.conditions[0].type), "Ready");
	containers[0].state.kind = MP_STATE_WAITING;
	containers[1].state.kind = MP_STATE_WAITING;
	(void)snprintf(containers[0].state.reason, MP_REASON_MAX, "PodInitializing");
	(void)snprintf(containers[1].state.reason, MP_REASON_MAX, "PodInitializing");
	return 0;
}

static void expect(const char *wanted)
{
	char text[512];
	const size_t n = mp_notify_text(&notify, &spec, &status, text, sizeof(text));

	assert_string_equal(text, wanted);
	assert_int_equal(n, strlen(wanted));
}

static void become_ready(void)
{
	status.phase = MP_PHASE_RUNNING;
	status.conditions[0].status = MP_COND_TRUE;
	containers[0].state.kind = MP_STATE_TERMINATED;
	containers[1].state.kind = MP_STATE_RUNNING;
	containers[1].is_ready = true;
}

static void readiness_is_told_once(void **unused)
{
	(void)unused;
	expect("STATUS=Pending, 0 of 1 containers ready\n");
	expect("");
	become_ready();
	expect("STATUS=Running, 1 of 1 containers ready\nREADY=1\n");
	containers[1].is_ready = false;
	status.conditions[0].status = MP_COND_FALSE;
	containers[1].state.kind = MP_STATE_WAITING;
	(void)snprintf(containers[1].state.reason, MP_REASON_MAX, "CrashLoopBackOff");
	containers[1].restart_count = 1;
	expect("STATUS=Running, 0 of 1 containers ready, 1 restart: container web: "
	       "CrashLoopBackOff\n");
	become_ready();
	expect("STATUS=Running, 1 of 1 containers ready, 1 restart\n");
}

static void pod_that_has_done_its_work_was_ready(void **unused)
{
	(void)unused;
	status.phase = MP_PHASE_SUCCEEDED;
	containers[1].state.kind = MP_STATE_TERMINATED;
	containers[0].state.kind = MP_STATE_TERMINATED;
	expect("STATUS=Succeeded, 0 of 1 containers ready\nREADY=1\n");
}

static void deletion_asks_for_its_grace_period(void **unused)
{
	(void)unused;
	become_ready();
	expect("STATUS=Running, 1 of 1 containers ready\nREADY=1\n");
	status.deletion_wall = 1;
	status.deletion_grace_s = (struct mp_opt_int){ .v = 30, .is_set = true };
	expect("STATUS=Terminating, 1 of 1 containers ready\nSTOPPING=1\n"
	       "EXTEND_TIMEOUT_USEC=35000000\n");
	status.deletion_grace_s.v = 1;
	expect("");
}

static void it_arrives_at_the_socket_of_the_environment(void **unused)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mp_auto_fd server = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[64], text[512] = "";
	ssize_t n;

	(void)unused;
	for (int is_abstract = 0; is_abstract < 2; is_abstract++) {
		mp_auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

		(void)snprintf(name, sizeof(name), "%sminipod-test-%d.sock",
			       is_abstract ? "@" : "/tmp/", (int)getpid());
		memcpy(addr.sun_path, name, strlen(name) + 1);
		if (is_abstract)
			addr.sun_path[0] = '\0';
		assert_int_equal(
			bind(fd, (const struct sockaddr *)&addr,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
			0);
		assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
		(void)set_up(NULL);
		mp_notify_open(&notify);
		assert_null(getenv("NOTIFY_SOCKET")); /* no child shall speak for us */
		become_ready();
		mp_notify_status(&notify, &spec, &status);
		n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
		assert_true(n > 0);
		text[n] = '\0';
		assert_string_equal(text, "STATUS=Running, 1 of 1 containers ready\nREADY=1\n");
		mp_notify_close(&notify);
		if (!is_abstract)
			(void)unlink(name);
	}
}

static void without_a_service_manager_nothing_is_told(void **unused)
{
	(void)unused;
	(void)unsetenv("NOTIFY_SOCKET");
	mp_notify_open(&notify);
	assert_true(notify.fd < 0);
	mp_notify_status(&notify, &spec, &status);
	assert_int_equal(setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1), 0);
	mp_notify_open(&notify);
	assert_true(notify.fd < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(readiness_is_told_once, set_up),
		cmocka_unit_test_setup(pod_that_has_done_its_work_was_ready, set_up),
		cmocka_unit_test_setup(deletion_asks_for_its_grace_period, set_up),
		cmocka_unit_test_setup(it_arrives_at_the_socket_of_the_environment, set_up),
		cmocka_unit_test_setup(without_a_service_manager_nothing_is_told, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
