/* SPDX-License-Identifier: Apache-2.0 */
/* Probes, hooks and stop signals: section 11.6, one test per rule. */
#include "tests/unit/lifecycle/spec_fixture.h"

#define P    "spec.containers[0]"
#define PORT "must be between 1 and 65535, inclusive"

/* ---- probes ------------------------------------------------------------------------------ */

FINE(a_probe_of_each_kind_is_fine_11_6, ({
	     c->probes[MP_PROBE_LIVENESS] = tcp_probe();
	     c->probes[MP_PROBE_READINESS] = tcp_probe();
	     c->probes[MP_PROBE_READINESS].success_threshold = 3;
	     c->probes[MP_PROBE_STARTUP] = tcp_probe();
	     c->probes[MP_PROBE_STARTUP].grace_s = (struct mp_opt_int){ 1, true };
     }))
RULE(liveness_and_startup_succeed_at_once_11_6, ({
	     c->probes[MP_PROBE_LIVENESS] = tcp_probe();
	     c->probes[MP_PROBE_LIVENESS].success_threshold = 2;
	     c->probes[MP_PROBE_STARTUP] = tcp_probe();
	     c->probes[MP_PROBE_STARTUP].success_threshold = 3;
     }),
     P ".livenessProbe.successThreshold: Invalid value: 2: must be 1",
     P ".startupProbe.successThreshold: Invalid value: 3: must be 1")
RULE(a_readiness_probe_has_no_grace_period_11_6, ({
	     c->probes[MP_PROBE_READINESS] = tcp_probe();
	     c->probes[MP_PROBE_READINESS].grace_s = (struct mp_opt_int){ 5, true };
     }),
     P ".readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for "
       "readinessProbes")
RULE(a_probe_has_a_handler_11_6, ({ c->probes[MP_PROBE_LIVENESS].is_set = true; }),
     P ".livenessProbe: Required value: must specify a handler type")
RULE(a_probe_has_one_handler_11_6, ({
	     struct mp_probe_spec *p = &c->probes[MP_PROBE_LIVENESS];

	     *p = tcp_probe();
	     STRINGS(p->handler.exec.command, "true");
	     p->handler.has_exec = p->handler.has_http_get = p->handler.has_grpc = true;
	     p->handler.has_sleep = true; /* probes know no sleep */
     }),
     P ".livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
     P ".livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
     P ".livenessProbe.grpc: Forbidden: may not specify more than 1 handler type")
#define NEGATIVE "Invalid value: -1: must be greater than or equal to 0"
RULE(probe_numbers_are_not_negative_11_6, ({
	     struct mp_probe_spec *p = &c->probes[MP_PROBE_READINESS];

	     *p = tcp_probe();
	     p->initial_delay_s = p->timeout_s = p->period_s = -1;
	     p->success_threshold = p->failure_threshold = -1;
     }),
     P ".readinessProbe.initialDelaySeconds: " NEGATIVE,
     P ".readinessProbe.timeoutSeconds: " NEGATIVE, P ".readinessProbe.periodSeconds: " NEGATIVE,
     P ".readinessProbe.successThreshold: " NEGATIVE,
     P ".readinessProbe.failureThreshold: " NEGATIVE)
RULE(a_probes_grace_period_is_positive_11_6, ({
	     c->probes[MP_PROBE_LIVENESS] = tcp_probe();
	     c->probes[MP_PROBE_LIVENESS].grace_s = (struct mp_opt_int){ 0, true };
     }),
     P ".livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0")
RULE(an_exec_probe_has_a_command_11_6, ({
	     c->probes[MP_PROBE_LIVENESS] =
		     (struct mp_probe_spec){ .is_set = true, .handler = { .has_exec = true } };
     }),
     P ".livenessProbe.exec.command: Required value")
RULE(an_http_probe_is_checked_11_6, ({
	     static const struct mp_http_header headers[] = { { "X-Ok", "1" },
							      { "X Bad", "1" },
							      { NULL, "1" } };

	     c->probes[MP_PROBE_LIVENESS] = (struct mp_probe_spec){
		     .is_set = true,
		     .handler = { .has_http_get = true,
				  .http_get = { .port = { NULL, 0, false },
						.scheme_text = "http",
						.headers = headers,
						.n_headers = 3 } },
	     };
     }),
     P ".livenessProbe.httpGet.port: Invalid value: 0: " PORT,
     P ".livenessProbe.httpGet.scheme: Unsupported value: \"http\": supported values: \"HTTP\", "
       "\"HTTPS\"",
     P ".livenessProbe.httpGet.httpHeaders: Invalid value: \"X Bad\": a valid HTTP header must "
       "consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
       "validation is '[-A-Za-z0-9]+')",
     P ".livenessProbe.httpGet.httpHeaders: Invalid value: \"\": a valid HTTP header must consist "
       "of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is "
       "'[-A-Za-z0-9]+')")
RULE(a_probes_port_name_is_checked_11_6, ({
	     c->probes[MP_PROBE_LIVENESS] = tcp_probe();
	     c->probes[MP_PROBE_LIVENESS].handler.tcp_socket.port =
		     (struct mp_int_or_string){ "a--b", 0, true };
     }),
     P ".livenessProbe.tcpSocket.port: Invalid value: \"a--b\": must not contain consecutive "
       "hyphens")
RULE(a_grpc_probes_port_has_a_range_11_6, ({
	     c->probes[MP_PROBE_LIVENESS] = (struct mp_probe_spec){
		     .is_set = true,
		     .handler = { .has_grpc = true, .grpc = { .port = { 65536, true } } },
	     };
     }),
     P ".livenessProbe.grpc.port: Invalid value: 65536: " PORT)

TEST(a_path_of_an_http_probe_is_required_11_6)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.c[0].probes[MP_PROBE_LIVENESS] = (struct mp_probe_spec){
		.is_set = true,
		.handler = { .has_http_get = true, .http_get = { .port = { "web", 0, true } } },
	};
	fixture_default(&f);
	f.c[0].probes[MP_PROBE_LIVENESS].handler.http_get.path = ""; /* after defaulting never */
	mp_spec_validate(&f.spec, &f.out);
	expect_problems(&f.out, (const char *const[]){
					P ".livenessProbe.httpGet.path: Required value", NULL });
	fixture_done(&f);
}

/* ---- hooks ------------------------------------------------------------------------------- */

RULE(hooks_are_checked_like_probes_11_6, ({
	     c->lifecycle.is_set = true;
	     c->lifecycle.has_post_start = c->lifecycle.has_pre_stop = true;
	     c->lifecycle.post_start.has_grpc = true; /* hooks know no grpc */
	     c->lifecycle.pre_stop.has_exec = c->lifecycle.pre_stop.has_sleep = true;
     }),
     P ".lifecycle.postStart: Required value: must specify a handler type",
     P ".lifecycle.preStop.exec.command: Required value",
     P ".lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type")
RULE(a_sleep_fits_the_grace_period_11_6, ({
	     spec->grace_s = (struct mp_opt_int){ 5, true };
	     c->lifecycle.is_set = true;
	     c->lifecycle.has_post_start = c->lifecycle.has_pre_stop = true;
	     c->lifecycle.post_start = (struct mp_handler){ .has_sleep = true, .sleep = { -1 } };
	     c->lifecycle.pre_stop = (struct mp_handler){ .has_sleep = true, .sleep = { 6 } };
     }),
     P ".lifecycle.postStart.sleep: Invalid value: -1: must be non-negative and less than "
       "terminationGracePeriodSeconds (5)",
     P ".lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than "
       "terminationGracePeriodSeconds (5)")
FINE(a_sleep_may_be_zero_or_the_whole_grace_period_11_6, ({
	     c->lifecycle.is_set = true;
	     c->lifecycle.has_post_start = c->lifecycle.has_pre_stop = true;
	     c->lifecycle.post_start = (struct mp_handler){ .has_sleep = true, .sleep = { 0 } };
	     c->lifecycle.pre_stop = (struct mp_handler){ .has_sleep = true, .sleep = { 30 } };
     }))
RULE(a_stop_signal_needs_an_os_11_6, ({
	     c->lifecycle.is_set = true;
	     c->lifecycle.stop_signal = "SIGUSR1";
     }),
     P ".lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`")
FINE(a_stop_signal_with_an_os_is_fine_11_6, ({
	     spec->has_os = true;
	     spec->os_name = "linux";
	     c->lifecycle.is_set = true;
	     c->lifecycle.stop_signal = "SIGRTMIN+3";
     }))

TEST(a_stop_signal_is_a_known_one_11_6)
{
	static const char start[] =
		"Unsupported value: \"USR1\": supported values: \"SIGABRT\", \"SIGALRM\", ";
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.spec.has_os = true;
	f.spec.os_name = "linux";
	f.c[0].lifecycle = (struct mp_lifecycle_spec){ .is_set = true, .stop_signal = "USR1" };
	fixture_default(&f);
	mp_spec_validate(&f.spec, &f.out);
	assert_int_equal(f.out.n, 1);
	assert_string_equal(f.out.first->path, P ".lifecycle.stopSignal");
	assert_memory_equal(f.out.first->text, start, sizeof(start) - 1);
	assert_true(mp_ends_with(f.out.first->text, ", \"SIGXFSZ\""));
	fixture_done(&f);
}

TEST(a_stop_signal_has_its_linux_number_6_4)
{
	(void)state;
	assert_int_equal(mp_spec_signal("SIGTERM"), 15);
	assert_int_equal(mp_spec_signal("SIGUSR1"), 10);
	assert_int_equal(mp_spec_signal("SIGRTMIN"), 34);
	assert_int_equal(mp_spec_signal("SIGRTMIN+15"), 49);
	assert_int_equal(mp_spec_signal("SIGRTMAX-14"), 50);
	assert_int_equal(mp_spec_signal("SIGRTMAX"), 64);
	assert_int_equal(mp_spec_signal("TERM"), -22);
}

int main(void)
{
	return registry_run("spec_validate_handler");
}
