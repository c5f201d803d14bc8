/* SPDX-License-Identifier: Apache-2.0 */
/* Network checks against real sockets on 127.0.0.1: what good and hostile servers make of them. */
#include "runtime/net_check.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "runtime/base/clock_io.h"
#include "runtime/supervisor.h"
#include "tests/effects/runtime/net_servers.h"

static struct {
	struct mp_supervisor sv;
	struct mp_pod_spec spec;
	struct mp_container_spec container;
	struct mp_port ports[1];
	struct mp_record record;
	struct net_server http, grpc;
	/* of the last check */
	bool is_done;
	enum mp_probe_outcome outcome;
	bool is_answered, did_fallback;
	char output[16384], target[300];
	mp_nsec took;
} t;

static void done(const struct mp_net_result *result, void *ctx)
{
	assert_ptr_equal(ctx, &t.record);
	assert_false(t.is_done);
	t.is_done = true;
	t.outcome = result->outcome;
	t.is_answered = result->is_answered;
	t.did_fallback = result->did_fallback;
	(void)snprintf(t.output, sizeof(t.output), "%s", result->output);
	(void)snprintf(t.target, sizeof(t.target), "%s", result->target);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Begin a check and turn the loop until it has ended. */
static void check(const struct mp_handler *h, enum mp_net_purpose purpose, int64_t timeout_ms)
{
	const int fds = open_fds();
	struct mp_error err = MP_ERROR_NONE;
	struct mp_net_check *c = NULL;
	mp_nsec begun;

	t.sv.now = mp_clock_read();
	begun = t.sv.now.mono;
	t.is_done = false;
	t.output[0] = '\0';
	assert_int_equal(mp_net_check_begin(&t.record, h, purpose,
					    timeout_ms == 0 ? MP_NSEC_NEVER :
							      begun + timeout_ms * MP_NSEC_PER_MS,
					    done, &c, &err),
			 0);
	assert_false(t.is_done);
	while (!t.is_done) {
		mp_loop_arm(t.sv.loop, mp_net_check_deadline(c));
		assert_true(mp_loop_turn(t.sv.loop, &err) >= 0);
		t.sv.now = mp_clock_read();
		assert_true(t.sv.now.mono - begun < 20 * MP_NSEC_PER_S);
		if (!t.is_done && mp_net_check_deadline(c) <= t.sv.now.mono)
			mp_net_check_expire(c);
	}
	t.took = mp_clock_read().mono - begun;
	assert_int_equal(open_fds(), fds);
}

static struct mp_handler http_handler(const char *path)
{
	return (struct mp_handler){
		.has_http_get = true,
		.http_get = { .path = path, .port = { .number = t.http.port, .is_set = true } }
	};
}

static void http(const char *path)
{
	const struct mp_handler h = http_handler(path);

	check(&h, MP_NET_PROBE, 3000);
}

static void http_hook(const char *path)
{
	const struct mp_handler h = http_handler(path);

	check(&h, MP_NET_HOOK, 0);
}

static void assert_output(enum mp_probe_outcome outcome, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_string_equal(t.output, text);
	assert_int_equal(t.outcome, outcome);
}

static int unused_port(void)
{
	int port;

	(void)close(listen_any(&port));
	return port;
}

/* ---- tcpSocket ---------------------------------------------------------------------------- */

static struct mp_handler tcp_handler(int port)
{
	return (struct mp_handler){ .has_tcp_socket = true,
				    .tcp_socket = { .port = { .number = port, .is_set = true } } };
}

static void tcp_connects_and_closes(void **unused)
{
	const struct mp_handler h = tcp_handler(t.http.port);

	(void)unused;
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_SUCCESS, "");
}

static void tcp_refused_names_the_address(void **unused)
{
	const int port = unused_port();
	const struct mp_handler h = tcp_handler(port);

	(void)unused;
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_FAILURE, "dial tcp 127.0.0.1:%d: connect: connection refused", port);
}

/* A listener whose queue is full answers no more: the connection neither stands nor fails. */
static int deaf_listener(int *ret_port, int *fillers, size_t n)
{
	const int fd = listen_any(ret_port);
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)*ret_port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	assert_int_equal(listen(fd, 0), 0);
	for (size_t i = 0; i < n; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fillers[i], (struct sockaddr *)(void *)&address, sizeof(address));
	}
	pause_ms(20);
	return fd;
}

static void tcp_times_out_when_nobody_answers(void **unused)
{
	int port, fillers[8];
	const int fd = deaf_listener(&port, fillers, 8);
	const struct mp_handler h = tcp_handler(port);

	(void)unused;
	check(&h, MP_NET_PROBE, 300);
	assert_output(MP_PROBE_FAILURE, "dial tcp 127.0.0.1:%d: i/o timeout", port);
	assert_true(t.took >= 300 * MP_NSEC_PER_MS);
	for (size_t i = 0; i < 8; i++)
		(void)close(fillers[i]);
	(void)close(fd);
}

static void ports_have_names_numbers_and_numbers_as_text(void **unused)
{
	struct mp_handler h = tcp_handler(0);
	struct mp_error err = MP_ERROR_NONE;
	struct mp_net_check *c = NULL;
	char text[16];

	(void)unused;
	h.tcp_socket.port.name = "web";
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_SUCCESS, "");
	(void)snprintf(text, sizeof(text), "%d", t.http.port);
	h.tcp_socket.port.name = text;
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_SUCCESS, "");
	h.tcp_socket.port.name = "wbe";
	assert_int_equal(mp_net_check_begin(&t.record, &h, MP_NET_PROBE, MP_NSEC_NEVER, done, &c,
					    &err),
			 -EINVAL);
	assert_string_equal(err.msg, "strconv.Atoi: parsing \"wbe\": invalid syntax");
	h.tcp_socket.port.name = "70000";
	assert_int_equal(mp_net_check_begin(&t.record, &h, MP_NET_PROBE, MP_NSEC_NEVER, done, &c,
					    &err),
			 -EINVAL);
	assert_string_equal(err.msg, "invalid port number: 70000");
}

/* ---- httpGet ------------------------------------------------------------------------------ */

static void http_statuses_decide(void **unused)
{
	(void)unused;
	http("/ok");
	assert_output(MP_PROBE_SUCCESS, "hello");
	http("/status/204");
	assert_output(MP_PROBE_SUCCESS, "");
	http("/status/399");
	assert_output(MP_PROBE_WARNING, "Probe terminated redirects, Response body: body");
	http("/status/400");
	assert_output(MP_PROBE_FAILURE, "HTTP probe failed with statuscode: 400");
	http("/status/503");
	assert_output(MP_PROBE_FAILURE, "HTTP probe failed with statuscode: 503");
	http("/status/101");
	assert_output(MP_PROBE_FAILURE, "HTTP probe failed with statuscode: 101");
	http("/chunked");
	assert_output(MP_PROBE_SUCCESS, "hello world");
	http("/longline");
	assert_output(MP_PROBE_SUCCESS, "ok");
	http("/big");
	assert_int_equal(t.outcome, MP_PROBE_SUCCESS);
	assert_int_equal(strlen(t.output), 10240);
}

static void http_says_what_a_kubelet_says(void **unused)
{
	static const struct mp_http_header headers[] = { { "x-tWO-words", " v " },
							 { "X-Two-Words", "w" },
							 { "host", "example.com:1" },
							 { "Authorization", "Basic eA==" } };
	struct mp_handler h = http_handler("/echo?a=b c");

	(void)unused;
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_SUCCESS,
		      "GET /echo?a=b%%20c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
		      "User-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		      t.http.port);
	h.http_get.headers = headers;
	h.http_get.n_headers = 4;
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_SUCCESS,
		      "GET /echo?a=b%%20c HTTP/1.1\r\nHost: example.com:1\r\n"
		      "User-Agent: kube-probe/1.36\r\nAccept: */*\r\nX-Two-Words: v\r\n"
		      "X-Two-Words: w\r\nAuthorization: Basic eA==\r\nConnection: close\r\n\r\n");
}

static void http_transport_errors_are_failures_in_go_s_words(void **unused)
{
	const int port = unused_port();
	struct mp_handler h = http_handler("/a b");
	char url[128];

	(void)unused;
	h.http_get.port.number = port;
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_FAILURE,
		      "Get \"http://127.0.0.1:%d/a%%20b\": dial tcp 127.0.0.1:%d: connect: "
		      "connection refused",
		      port, port);
	http("/nothing");
	assert_output(MP_PROBE_FAILURE, "Get \"http://127.0.0.1:%d/nothing\": EOF", t.http.port);
	http("/garbage");
	assert_output(
		MP_PROBE_FAILURE,
		"Get \"http://127.0.0.1:%d/garbage\": net/http: HTTP/1.x transport connection "
		"broken: malformed HTTP response \"SSH-2.0-OpenSSH_9.2\"",
		t.http.port);
	http("/reset");
	(void)snprintf(url, sizeof(url),
		       "Get \"http://127.0.0.1:%d/reset\": read tcp 127.0.0.1:", t.http.port);
	assert_memory_equal(t.output, url, strlen(url));
	(void)snprintf(url, sizeof(url), "->127.0.0.1:%d: read: connection reset by peer",
		       t.http.port);
	assert_non_null(strstr(t.output, url));
	h = http_handler("/");
	h.http_get.host = "no.such.host.invalid";
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_FAILURE,
		      "Get \"http://no.such.host.invalid:%d/\": dial tcp: lookup "
		      "no.such.host.invalid: no such host",
		      t.http.port);
}

static void http_waits_no_longer_than_the_timeout(void **unused)
{
	static const char *const paths[] = { "/silent", "/drip" };
	struct mp_handler h;

	(void)unused;
	for (size_t i = 0; i < 2; i++) {
		h = http_handler(paths[i]);
		check(&h, MP_NET_PROBE, 400);
		assert_output(MP_PROBE_FAILURE,
			      "Get \"http://127.0.0.1:%d%s\": context deadline exceeded "
			      "(Client.Timeout exceeded while awaiting headers)",
			      t.http.port, paths[i]);
		assert_true(t.took >= 400 * MP_NSEC_PER_MS && t.took < 3 * MP_NSEC_PER_S);
	}
}

static void http_unreadable_body_is_an_error_of_the_probe(void **unused)
{
	struct mp_handler h = http_handler("/dripbody");

	(void)unused;
	check(&h, MP_NET_PROBE, 400);
	assert_output(MP_PROBE_ERROR_UNREADABLE,
		      "context deadline exceeded (Client.Timeout or context cancellation while "
		      "reading body)");
	http("/short");
	assert_output(MP_PROBE_ERROR_UNREADABLE, "unexpected EOF");
	http("/chunkgarbage");
	assert_output(MP_PROBE_ERROR_UNREADABLE, "invalid byte in chunk length");
}

static void http_floods_end_soon_and_cost_no_memory(void **unused)
{
	static const char *const paths[] = { "/endless", "/oneline", "/provisional" };
	struct rusage before, after;

	(void)unused;
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	for (size_t i = 0; i < 3; i++) {
		http(paths[i]);
		assert_int_equal(t.outcome, MP_PROBE_FAILURE);
		assert_non_null(strstr(t.output, i < 2 ? "net/http: server response headers "
							 "exceeded 1048576 bytes; aborted" :
							 "too many 1xx informational responses"));
	}
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
}

static void http_follows_redirects_on_the_same_host(void **unused)
{
	(void)unused;
	http("/hops/9");
	assert_output(MP_PROBE_SUCCESS, "arrived");
	http("/hops/10");
	assert_output(MP_PROBE_FAILURE,
		      "Get \"http://127.0.0.1:%d/hops/0\": stopped after 10 redirects",
		      t.http.port);
	http("/loop");
	assert_int_equal(t.outcome, MP_PROBE_FAILURE);
	assert_non_null(strstr(t.output, "\": stopped after 10 redirects"));
	http("/away");
	assert_output(MP_PROBE_WARNING, "Probe terminated redirects, Response body: far away");
	http("/badloc");
	assert_output(MP_PROBE_FAILURE,
		      "Get \"http://127.0.0.1:%d/badloc\": failed to parse Location header "
		      "\"http://a:b/\": parse \"http://a:b/\": invalid port \":b\" after host",
		      t.http.port);
}

/* ---- hooks -------------------------------------------------------------------------------- */

static void hook_is_content_with_any_answer(void **unused)
{
	(void)unused;
	http_hook("/status/500");
	assert_true(t.is_answered);
	http_hook("/dripbody");
	assert_true(t.is_answered);
	http_hook("/hops/2");
	assert_true(t.is_answered);
	assert_false(t.did_fallback);
	http_hook("/garbage");
	assert_false(t.is_answered);
	http_hook("/loop");
	assert_false(t.is_answered);
	assert_non_null(strstr(t.output, "stopped after 10 redirects"));
}

static void hook_over_https_falls_back_to_http(void **unused)
{
	static const struct mp_http_header headers[] = { { "Authorization", "Basic eA==" } };
	struct mp_handler h = http_handler("/ok");
	char target[64];

	(void)unused;
	h.http_get.scheme = MP_SCHEME_HTTPS;
	h.http_get.headers = headers;
	h.http_get.n_headers = 1;
	check(&h, MP_NET_HOOK, 0);
	assert_true(t.is_answered);
	assert_true(t.did_fallback);
	(void)snprintf(target, sizeof(target), "127.0.0.1:%d", t.http.port);
	assert_string_equal(t.target, target);
	/* When HTTP fails too, the first error is the one to tell. */
	h.http_get.path = "/garbage";
	check(&h, MP_NET_HOOK, 0);
	assert_false(t.is_answered);
	assert_false(t.did_fallback);
	assert_output(MP_PROBE_FAILURE,
		      "Get \"https://127.0.0.1:%d/garbage\": http: server gave HTTP response to "
		      "HTTPS client",
		      t.http.port);
	/* A probe does not fall back. */
	check(&h, MP_NET_PROBE, 3000);
	assert_output(MP_PROBE_FAILURE,
		      "Get \"https://127.0.0.1:%d/garbage\": http: server gave HTTP response to "
		      "HTTPS client",
		      t.http.port);
}

/* ---- HTTPS -------------------------------------------------------------------------------- */

static struct net_server openssl_server(char *dir)
{
	struct net_server s = { 0 };
	char command[1024];

	(void)close(listen_any(&s.port));
	(void)snprintf(command, sizeof(command),
		       "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
		       "-subj /CN=nobody -days 1 -keyout %s/key -out %s/cert >/dev/null 2>&1",
		       dir, dir);
	if (system(command) != 0) /* NOLINT(cert-env33-c): a fixed command of this test */
		return s;
	(void)snprintf(command, sizeof(command),
		       "exec openssl s_server -accept 127.0.0.1:%d -key %s/key -cert %s/cert -www "
		       ">/dev/null 2>&1",
		       s.port, dir, dir);
	s.pid = fork();
	if (s.pid == 0) {
		die_with_parent();
		(void)execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	return s;
}

static void https_needs_no_valid_certificate(void **unused)
{
	char dir[] = "/tmp/minipod-net-XXXXXX", command[64];
	struct mp_handler h = http_handler("/");
	struct net_server s;

	(void)unused;
	assert_non_null(mkdtemp(dir));
	s = openssl_server(dir);
	h.http_get.scheme = MP_SCHEME_HTTPS;
	h.http_get.port.number = s.port;
	h.http_get.host = "localhost";
	t.outcome = MP_PROBE_FAILURE;
	for (int i = 0; s.pid > 0 && t.outcome != MP_PROBE_SUCCESS && i < 200; i++) {
		check(&h, MP_NET_PROBE, 5000);
		if (t.outcome != MP_PROBE_SUCCESS)
			pause_ms(20); /* it does not listen yet */
	}
	stop_server(&s);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	(void)!system(command); /* NOLINT(cert-env33-c): a fixed command of this test */
	if (s.port == 0 || access("/usr/bin/openssl", X_OK) != 0)
		skip();
	assert_non_null(strstr(t.output, "s_server"));
	assert_int_equal(t.outcome, MP_PROBE_SUCCESS);
}

static void https_hangs_no_longer_than_the_timeout(void **unused)
{
	struct net_server s = start_server(serve_nothing);
	struct mp_handler h = http_handler("/");

	(void)unused;
	h.http_get.scheme = MP_SCHEME_HTTPS;
	h.http_get.port.number = s.port;
	check(&h, MP_NET_PROBE, 300);
	assert_output(MP_PROBE_FAILURE,
		      "Get \"https://127.0.0.1:%d/\": context deadline exceeded (Client.Timeout "
		      "exceeded while awaiting headers)",
		      s.port);
	stop_server(&s);
	s = start_server(serve_close);
	h.http_get.port.number = s.port;
	check(&h, MP_NET_PROBE, 3000);
	assert_int_equal(t.outcome, MP_PROBE_FAILURE);
	stop_server(&s);
}

/* ---- grpc --------------------------------------------------------------------------------- */

static void grpc(int port, const char *service, int64_t timeout_ms)
{
	const struct mp_handler h = { .has_grpc = true,
				      .grpc = { .port = { .v = port, .is_set = true },
						.service = service } };

	check(&h, MP_NET_PROBE, timeout_ms);
}

static void grpc_tells_how_the_service_is(void **unused)
{
	const int port = t.grpc.port;

	(void)unused;
	grpc(port, "", 3000);
	assert_output(MP_PROBE_SUCCESS, "service healthy");
	grpc(port, "down", 3000);
	assert_output(MP_PROBE_FAILURE, "service unhealthy (responded with \"NOT_SERVING\")");
	grpc(port, "odd", 3000);
	assert_output(MP_PROBE_FAILURE, "service unhealthy (responded with \"9\")");
	grpc(port, "missing", 3000);
	assert_output(MP_PROBE_FAILURE,
		      "error: health rpc probe failed: rpc error: code = NotFound "
		      "desc = no such service");
	grpc(port, "unimplemented", 3000);
	assert_output(MP_PROBE_FAILURE,
		      "error: this server does not implement the grpc health protocol "
		      "(grpc.health.v1.Health): no such service");
	grpc(port, "web", 3000);
	assert_output(MP_PROBE_FAILURE,
		      "error: this server does not implement the grpc health protocol "
		      "(grpc.health.v1.Health): unexpected HTTP status code received from server: "
		      "404 (Not Found); transport: received unexpected content-type \"text/html\"");
}

static void grpc_broken_answers_are_failures(void **unused)
{
	const int port = t.grpc.port;

	(void)unused;
	grpc(port, "reset", 3000);
	assert_output(MP_PROBE_FAILURE,
		      "error: health rpc probe failed: rpc error: code = Unavailable desc = stream "
		      "terminated by RST_STREAM with error code: REFUSED_STREAM");
	grpc(port, "close", 3000);
	assert_output(MP_PROBE_FAILURE, "error: health rpc probe failed: rpc error: code = "
					"Unavailable desc = error reading from server: EOF");
	grpc(port, "no-trailers", 3000);
	assert_output(MP_PROBE_FAILURE,
		      "error: health rpc probe failed: rpc error: code = Internal desc = server "
		      "closed the stream without sending trailers");
	grpc(port, "bad-message", 3000);
	assert_output(MP_PROBE_FAILURE,
		      "error: health rpc probe failed: rpc error: code = Internal desc = grpc: "
		      "failed to unmarshal the received message: proto: cannot parse invalid "
		      "wire-format data");
	grpc(port, "large", 3000);
	assert_int_equal(t.outcome, MP_PROBE_FAILURE);
	assert_non_null(strstr(t.output, "code = ResourceExhausted desc = grpc: received message "
					 "larger than max"));
}

static void grpc_times_out_connecting_or_calling(void **unused)
{
	const int port = unused_port();
	struct net_server s;

	(void)unused;
	grpc(port, "", 1000);
	assert_output(MP_PROBE_FAILURE,
		      "timeout: failed to connect service \"127.0.0.1:%d\" within 1s: context "
		      "deadline exceeded",
		      port);
	assert_true(t.took >= MP_NSEC_PER_S);
	/* Another protocol, or none: no connection either. */
	grpc(t.http.port, "", 300);
	assert_int_equal(t.outcome, MP_PROBE_FAILURE);
	assert_non_null(strstr(t.output, "timeout: failed to connect service"));
	s = start_server(serve_nothing);
	grpc(s.port, "", 300);
	assert_output(MP_PROBE_FAILURE,
		      "timeout: failed to connect service \"127.0.0.1:%d\" within 300ms: context "
		      "deadline exceeded",
		      s.port);
	stop_server(&s);
	grpc(t.grpc.port, "silent", 300);
	assert_output(MP_PROBE_FAILURE, "timeout: health rpc did not complete within 300ms");
}

/* The server comes up while the probe waits: it is asked again after a second. */
static void grpc_connects_when_the_server_comes_up(void **unused)
{
	struct net_server s = { 0 };
	int port;
	const int fd = listen_any(&port);
	const pid_t later = fork();

	(void)unused;
	assert_true(later >= 0);
	if (later == 0) {
		int conn = accept(fd, NULL, NULL);

		die_with_parent();
		(void)close(conn); /* too early */
		conn = accept(fd, NULL, NULL);
		serve_grpc(conn);
	}
	(void)close(fd);
	s.pid = later;
	grpc(port, "", 8000);
	assert_output(MP_PROBE_SUCCESS, "service healthy");
	assert_true(t.took >= MP_NSEC_PER_S);
	stop_server(&s);
}

static void grpc_ping_flood_cannot_hold_us(void **unused)
{
	struct net_server s = start_server(serve_ping_flood);
	struct rusage before, after;

	(void)unused;
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	grpc(s.port, "", 1000);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	assert_int_equal(t.outcome, MP_PROBE_FAILURE);
	assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
	stop_server(&s);
}

static void a_dropped_check_is_gone(void **unused)
{
	const struct mp_handler h = http_handler("/silent");
	const int fds = open_fds();
	struct mp_error err = MP_ERROR_NONE;
	struct mp_net_check *c = NULL;

	(void)unused;
	t.is_done = false;
	assert_int_equal(
		mp_net_check_begin(&t.record, &h, MP_NET_HOOK, MP_NSEC_NEVER, done, &c, &err), 0);
	assert_true(mp_loop_turn(t.sv.loop, &err) >= 0);
	mp_net_check_cancel(c);
	mp_net_check_cancel(NULL);
	assert_false(t.is_done);
	assert_int_equal(open_fds(), fds);
}

static int set_up(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	t.http = start_server(serve_http);
	t.grpc = start_server(serve_grpc);
	t.ports[0] = (struct mp_port){ .name = "web", .container_port = t.http.port };
	t.container = (struct mp_container_spec){ .name = "c", .ports = t.ports, .n_ports = 1 };
	t.spec = (struct mp_pod_spec){ .host_network = true,
				       .containers = &t.container,
				       .n_main = 1 };
	t.sv.spec = &t.spec;
	(void)snprintf(t.sv.ip, sizeof(t.sv.ip), "127.0.0.1");
	t.record = (struct mp_record){ .sv = &t.sv, .is_running = true };
	return mp_loop_new(&t.sv.loop, &err);
}

static int tear_down(void **unused)
{
	(void)unused;
	stop_server(&t.http);
	stop_server(&t.grpc);
	mp_loop_free(t.sv.loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_connects_and_closes),
		cmocka_unit_test(tcp_refused_names_the_address),
		cmocka_unit_test(tcp_times_out_when_nobody_answers),
		cmocka_unit_test(ports_have_names_numbers_and_numbers_as_text),
		cmocka_unit_test(http_statuses_decide),
		cmocka_unit_test(http_says_what_a_kubelet_says),
		cmocka_unit_test(http_transport_errors_are_failures_in_go_s_words),
		cmocka_unit_test(http_waits_no_longer_than_the_timeout),
		cmocka_unit_test(http_unreadable_body_is_an_error_of_the_probe),
		cmocka_unit_test(http_floods_end_soon_and_cost_no_memory),
		cmocka_unit_test(http_follows_redirects_on_the_same_host),
		cmocka_unit_test(hook_is_content_with_any_answer),
		cmocka_unit_test(hook_over_https_falls_back_to_http),
		cmocka_unit_test(https_needs_no_valid_certificate),
		cmocka_unit_test(https_hangs_no_longer_than_the_timeout),
		cmocka_unit_test(grpc_tells_how_the_service_is),
		cmocka_unit_test(grpc_broken_answers_are_failures),
		cmocka_unit_test(grpc_times_out_connecting_or_calling),
		cmocka_unit_test(grpc_connects_when_the_server_comes_up),
		cmocka_unit_test(grpc_ping_flood_cannot_hold_us),
		cmocka_unit_test(a_dropped_check_is_gone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
