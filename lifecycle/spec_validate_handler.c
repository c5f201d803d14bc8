/* SPDX-License-Identifier: Apache-2.0 */
/* Probes, hooks and the stop signal: sections 11.6 and 6.4. */
#include <errno.h>
#include <string.h>

#include "lifecycle/spec_check.h"

/* Numbers of x86-64, arm64 and most others; the C library keeps the first two real-time ones. */
static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "SIGABRT", 6 },      { "SIGALRM", 14 },     { "SIGBUS", 7 },       { "SIGCHLD", 17 },
	{ "SIGCLD", 17 },      { "SIGCONT", 18 },     { "SIGFPE", 8 },       { "SIGHUP", 1 },
	{ "SIGILL", 4 },       { "SIGINT", 2 },       { "SIGIO", 29 },       { "SIGIOT", 6 },
	{ "SIGKILL", 9 },      { "SIGPIPE", 13 },     { "SIGPOLL", 29 },     { "SIGPROF", 27 },
	{ "SIGPWR", 30 },      { "SIGQUIT", 3 },      { "SIGRTMAX", 64 },    { "SIGRTMAX-1", 63 },
	{ "SIGRTMAX-10", 54 }, { "SIGRTMAX-11", 53 }, { "SIGRTMAX-12", 52 }, { "SIGRTMAX-13", 51 },
	{ "SIGRTMAX-14", 50 }, { "SIGRTMAX-2", 62 },  { "SIGRTMAX-3", 61 },  { "SIGRTMAX-4", 60 },
	{ "SIGRTMAX-5", 59 },  { "SIGRTMAX-6", 58 },  { "SIGRTMAX-7", 57 },  { "SIGRTMAX-8", 56 },
	{ "SIGRTMAX-9", 55 },  { "SIGRTMIN", 34 },    { "SIGRTMIN+1", 35 },  { "SIGRTMIN+10", 44 },
	{ "SIGRTMIN+11", 45 }, { "SIGRTMIN+12", 46 }, { "SIGRTMIN+13", 47 }, { "SIGRTMIN+14", 48 },
	{ "SIGRTMIN+15", 49 }, { "SIGRTMIN+2", 36 },  { "SIGRTMIN+3", 37 },  { "SIGRTMIN+4", 38 },
	{ "SIGRTMIN+5", 39 },  { "SIGRTMIN+6", 40 },  { "SIGRTMIN+7", 41 },  { "SIGRTMIN+8", 42 },
	{ "SIGRTMIN+9", 43 },  { "SIGSEGV", 11 },     { "SIGSTKFLT", 16 },   { "SIGSTOP", 19 },
	{ "SIGSYS", 31 },      { "SIGTERM", 15 },     { "SIGTRAP", 5 },      { "SIGTSTP", 20 },
	{ "SIGTTIN", 21 },     { "SIGTTOU", 22 },     { "SIGURG", 23 },      { "SIGUSR1", 10 },
	{ "SIGUSR2", 12 },     { "SIGVTALRM", 26 },   { "SIGWINCH", 28 },    { "SIGXCPU", 24 },
	{ "SIGXFSZ", 25 },
};

#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

int mp_spec_signal(const char *name)
{
	for (size_t i = 0; i < N_SIGNALS; i++) {
		if (mp_streq(signals[i].name, name))
			return signals[i].number;
	}
	return -EINVAL;
}

static void check_port(const struct mp_int_or_string *port, const struct mp_at *at,
		       struct mp_problems *out)
{
	if (port->name)
		mp_check_faults(out, at, port->name, mp_name_port(port->name));
	else
		mp_check_int_faults(out, at, port->number, mp_name_port_number(port->number));
}

static void check_http_get(const struct mp_handler *h, const struct mp_at *at,
			   struct mp_problems *out)
{
	if (mp_is_empty(h->http_get.path))
		mp_check_required(out, MP_AT(at, "path"), "");
	check_port(&h->http_get.port, MP_AT(at, "port"), out);
	mp_check_one_of(out, MP_AT(at, "scheme"), h->http_get.scheme_text,
			MP_ONE_OF("HTTP", "HTTPS"));
	for (size_t i = 0; i < h->http_get.n_headers; i++) {
		const char *name = mp_or_empty(h->http_get.headers[i].name);

		mp_check_faults(out, MP_AT(at, "httpHeaders"), name, mp_name_http_header(name));
	}
}

static void check_sleep(const struct mp_pod_spec *spec, const struct mp_handler *h,
			const struct mp_at *at, struct mp_problems *out)
{
	if (h->sleep.seconds < 0 || h->sleep.seconds > spec->grace_s.v)
		mp_check_invalid_int(out, at, h->sleep.seconds,
				     mp_check_text(out,
						   "must be non-negative and less than "
						   "terminationGracePeriodSeconds (%lld)",
						   (long long)spec->grace_s.v));
}

/* True when this kind was written and is the first one; a later one is a complaint. */
static bool is_first(bool is_written, int *n, const struct mp_at *at, struct mp_problems *out)
{
	if (!is_written)
		return false;
	if ((*n)++ == 0)
		return true;
	mp_check_forbidden(out, at, "may not specify more than 1 handler type");
	return false;
}

/* Probes know no sleep and hooks no grpc. */
static void check_handler(const struct mp_pod_spec *spec, const struct mp_handler *h, bool is_probe,
			  const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_at *exec = MP_AT(at, "exec"), *http = MP_AT(at, "httpGet");
	const struct mp_at *tcp = MP_AT(at, "tcpSocket"), *grpc = MP_AT(at, "grpc");
	const struct mp_at *sleep = MP_AT(at, "sleep");
	int n = 0;

	if (is_first(h->has_exec, &n, exec, out) && h->exec.command.n == 0)
		mp_check_required(out, MP_AT(exec, "command"), "");
	if (is_first(h->has_http_get, &n, http, out))
		check_http_get(h, http, out);
	if (is_first(h->has_tcp_socket, &n, tcp, out))
		check_port(&h->tcp_socket.port, MP_AT(tcp, "port"), out);
	if (is_first(is_probe && h->has_grpc, &n, grpc, out))
		mp_check_int_faults(out, MP_AT(grpc, "port"), h->grpc.port.v,
				    mp_name_port_number(h->grpc.port.v));
	if (is_first(!is_probe && h->has_sleep, &n, sleep, out))
		check_sleep(spec, h, sleep, out);
	if (n == 0)
		mp_check_required(out, at, "must specify a handler type");
}

static void check_count(int64_t value, const struct mp_at *at, struct mp_problems *out)
{
	if (value < 0)
		mp_check_invalid_int(out, at, value, "must be greater than or equal to 0");
}

static void check_probe(const struct mp_pod_spec *spec, const struct mp_probe_spec *p,
			enum mp_probe_kind kind, const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_at *grace = MP_AT(at, "terminationGracePeriodSeconds");

	if (!p->is_set)
		return;
	check_handler(spec, &p->handler, true, at, out);
	check_count(p->initial_delay_s, MP_AT(at, "initialDelaySeconds"), out);
	check_count(p->timeout_s, MP_AT(at, "timeoutSeconds"), out);
	check_count(p->period_s, MP_AT(at, "periodSeconds"), out);
	check_count(p->success_threshold, MP_AT(at, "successThreshold"), out);
	check_count(p->failure_threshold, MP_AT(at, "failureThreshold"), out);
	if (p->grace_s.is_set && p->grace_s.v <= 0)
		mp_check_invalid_int(out, grace, p->grace_s.v, "must be greater than 0");
	if (kind == MP_PROBE_READINESS) {
		if (p->grace_s.is_set)
			mp_check_invalid_int(out, grace, p->grace_s.v,
					     "must not be set for readinessProbes");
	} else if (p->success_threshold != 1) {
		mp_check_invalid_int(out, MP_AT(at, "successThreshold"), p->success_threshold,
				     "must be 1");
	}
}

static void check_stop_signal(const struct mp_pod_spec *spec, const char *signal,
			      const struct mp_at *at, struct mp_problems *out)
{
	const char *names[N_SIGNALS];

	if (mp_is_empty(spec->os_name)) {
		mp_check_forbidden(out, at,
				   "may not be set for containers with empty `spec.os.name`");
		return;
	}
	for (size_t i = 0; i < N_SIGNALS; i++)
		names[i] = signals[i].name;
	mp_check_one_of(out, at, signal, names, N_SIGNALS);
}

void mp_check_handlers(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
		       const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_lifecycle_spec *l = &c->lifecycle;
	const struct mp_at *l_at = MP_AT(at, "lifecycle");

	if (l->has_post_start)
		check_handler(spec, &l->post_start, false, MP_AT(l_at, "postStart"), out);
	if (l->has_pre_stop)
		check_handler(spec, &l->pre_stop, false, MP_AT(l_at, "preStop"), out);
	if (l->stop_signal)
		check_stop_signal(spec, l->stop_signal, MP_AT(l_at, "stopSignal"), out);
	check_probe(spec, &c->probes[MP_PROBE_LIVENESS], MP_PROBE_LIVENESS,
		    MP_AT(at, "livenessProbe"), out);
	check_probe(spec, &c->probes[MP_PROBE_READINESS], MP_PROBE_READINESS,
		    MP_AT(at, "readinessProbe"), out);
	check_probe(spec, &c->probes[MP_PROBE_STARTUP], MP_PROBE_STARTUP, MP_AT(at, "startupProbe"),
		    out);
}
