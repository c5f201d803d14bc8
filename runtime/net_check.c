/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One check: a connection, perhaps a request, one answer. What is known at once is still told
 * later, through the deadline, so that the callback never runs inside mp_net_check_begin().
 */
#include "runtime/net_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/http.h"
#include "runtime/net_socket.h"
#include "runtime/supervisor.h"

#define REDIRECTS_MAX  10
#define REQUEST_BYTES  ((size_t)65536)
#define OUTPUT_BYTES   ((size_t)12288)
#define AT_ONCE        INT64_MIN

enum kind { KIND_HTTP, KIND_TCP };

struct mp_net_check {
	struct mp_record *record;
	enum kind kind;
	enum mp_net_purpose purpose;
	const struct mp_handler *handler;
	mp_nsec deadline;
	mp_net_done done;
	struct mp_source source;
	int fd; /* owned */
	bool is_connected;
	struct mp_http_url url;
	char first_host[MP_HTTP_HOST_MAX];
	int redirects;
	size_t request_len, request_sent;
	char *request; /* owned; REQUEST_BYTES */
	struct mp_http_answer answer;
	bool has_result; /* known already: told at the deadline, which is now */
	enum mp_probe_outcome outcome;
	bool is_answered;
	char output[OUTPUT_BYTES];
	char target[MP_HTTP_HOST_MAX + 16];
};

static void close_connection(struct mp_net_check *c)
{
	mp_loop_remove(&c->source);
	mp_closep(&c->fd);
}

static void release(struct mp_net_check *c)
{
	close_connection(c);
	free(c->request);
	free(c);
}

static void tell(struct mp_net_check *c)
{
	const struct mp_net_result result = { .outcome = c->outcome,
					      .output = c->output,
					      .is_answered = c->is_answered,
					      .target = c->target };

	close_connection(c);
	c->done(&result, c->record);
	release(c);
}

static void set_result(struct mp_net_check *c, enum mp_probe_outcome outcome)
{
	close_connection(c);
	c->outcome = outcome;
	c->has_result = true;
	c->deadline = AT_ONCE;
}

/* "dial tcp <target>: connect: connection refused", for HTTP behind Get "<url>": */
static void fail(struct mp_net_check *c, bool is_dialling, const char *what)
{
	struct mp_buf out = MP_BUF(c->output);

	if (c->kind == KIND_HTTP) {
		mp_buf_adds(&out, "Get \"");
		mp_http_url_text(&c->url, &out);
		mp_buf_adds(&out, "\": ");
	}
	if (is_dialling)
		mp_buf_addf(&out, "dial tcp %s: ", c->target);
	mp_buf_adds(&out, what);
	set_result(c, MP_PROBE_FAILURE);
}

static void fail_errno(struct mp_net_check *c, bool is_dialling, const char *call, int code)
{
	char text[64], what[128];

	(void)snprintf(what, sizeof(what), "%s%s%s", call, *call ? ": " : "",
		       mp_net_error_text(code, text));
	fail(c, is_dialling, what);
}

static void set_target(struct mp_net_check *c)
{
	struct mp_buf target = MP_BUF(c->target);

	c->target[0] = '\0';
	mp_http_target_text(&c->url, &target);
}

static void connect_now(struct mp_net_check *c);

/* ---- HTTP ------------------------------------------------------------------------------------- */

static void finish_http(struct mp_net_check *c)
{
	const struct mp_http_answer *a = &c->answer;
	struct mp_buf out = MP_BUF(c->output);
	struct mp_http_url next;
	bool is_unfollowed = false;

	c->is_answered = true;
	if (mp_http_is_redirect(a) && mp_http_resolve(&c->url, a->location, &next)) {
		if (strcasecmp(next.host, c->first_host) != 0) {
			is_unfollowed = true;
		} else if (++c->redirects > REDIRECTS_MAX) {
			c->is_answered = c->purpose == MP_NET_HOOK;
			fail(c, false, "stopped after 10 redirects");
			return;
		} else {
			close_connection(c);
			c->url = next;
			connect_now(c);
			return;
		}
	}
	c->output[0] = '\0';
	if (is_unfollowed)
		mp_buf_adds(&out, "Probe terminated redirects, Response body: ");
	if (a->status >= 200 && a->status < 400) {
		mp_buf_add(&out, a->body, a->body_len);
		set_result(c, a->status >= 300 ? MP_PROBE_WARNING : MP_PROBE_SUCCESS);
		return;
	}
	out.len = 0;
	mp_buf_addf(&out, "HTTP probe failed with statuscode: %d", a->status);
	set_result(c, MP_PROBE_FAILURE);
}

static void send_request(struct mp_net_check *c)
{
	while (c->request_sent < c->request_len) {
		const ssize_t n = send(c->fd, c->request + c->request_sent,
				       c->request_len - c->request_sent, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* The answer may be there already, whatever became of the rest of the request. */
		if (n < 0)
			break;
		c->request_sent += (size_t)n;
	}
	(void)mp_loop_change(&c->source, EPOLLIN, NULL);
}

static void receive(struct mp_net_check *c)
{
	static char bytes[16384];
	const ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		char text[64], what[384];

		(void)snprintf(what, sizeof(what), "read tcp %s: read: %s", c->target,
			       mp_net_error_text(errno, text));
		fail(c, false, what);
		return;
	}
	if (n == 0)
		mp_http_eof(&c->answer);
	else
		mp_http_feed(&c->answer, bytes, (size_t)n);
	if (c->answer.state == MP_HTTP_DONE) {
		finish_http(c);
	} else if (c->answer.state == MP_HTTP_BROKEN && c->answer.status > 0 &&
		   c->answer.state != MP_HTTP_HEADERS && c->answer.body_len > 0 &&
		   c->purpose == MP_NET_PROBE) {
		/* A body that cannot be read is no answer to the question (7.3). */
		(void)snprintf(c->output, sizeof(c->output), "%s", c->answer.broken);
		set_result(c, MP_PROBE_ERROR_UNREADABLE);
	} else if (c->answer.state == MP_HTTP_BROKEN) {
		char what[128];

		(void)snprintf(what, sizeof(what), "%s%s",
			       strcmp(c->answer.broken, "EOF") == 0
				       ? ""
				       : "net/http: HTTP/1.x transport connection broken: ",
			       c->answer.broken);
		fail(c, false, what);
	}
}

static void build_request(struct mp_net_check *c)
{
	struct mp_buf out = { .text = c->request, .size = REQUEST_BYTES };

	mp_http_request(&c->url, c->handler->http_get.headers, c->handler->http_get.n_headers,
			c->purpose == MP_NET_PROBE ? "kube-probe/1.36" : "kube-lifecycle/1.36", true,
			&out);
	c->request_len = out.len;
	c->request_sent = 0;
	memset(&c->answer, 0, sizeof(c->answer));
}

/* ---- connection --------------------------------------------------------------------------------- */

static void ready(struct mp_source *source, uint32_t events)
{
	struct mp_net_check *c = mp_container_of(source, struct mp_net_check, source);

	if (!c->is_connected) {
		int code = 0;
		socklen_t len = sizeof(code);

		if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
			code = errno;
		if (code != 0)
			fail_errno(c, true, "connect", code);
		else if (c->kind == KIND_TCP)
			set_result(c, MP_PROBE_SUCCESS);
		else
			c->is_connected = true;
		if (c->has_result) {
			tell(c);
			return;
		}
	}
	if (events & EPOLLOUT)
		send_request(c);
	else
		receive(c);
	if (c->has_result)
		tell(c);
}

static void connect_now(struct mp_net_check *c)
{
	struct mp_error err = MP_ERROR_NONE;
	int r;

	set_target(c);
	if (c->kind == KIND_HTTP)
		build_request(c);
	c->is_connected = false;
	r = mp_net_connect(c->record->sv, c->url.host, c->url.port, &c->fd, &err);
	if (r < 0) {
		if (r == -EINVAL)
			fail(c, true, err.msg);
		else
			fail_errno(c, true, "connect", -r);
		return;
	}
	c->source = (struct mp_source){ .fd = c->fd, .events = EPOLLOUT, .ready = ready };
	r = mp_loop_add(c->record->sv->loop, &c->source, &err);
	if (r < 0)
		fail_errno(c, true, "epoll", -r);
}

/* A number, a name of the container's own ports, or a decimal string that is no name (7.4). */
static int resolve_port(const struct mp_container_spec *c, const struct mp_int_or_string *port,
			int *ret, struct mp_error *err)
{
	long long number = port->number;

	if (port->name) {
		char *end;

		for (size_t i = 0; i < c->n_ports; i++) {
			if (mp_streq(c->ports[i].name, port->name)) {
				*ret = (int)c->ports[i].container_port;
				return 0;
			}
		}
		number = strtoll(port->name, &end, 10);
		if (end == port->name || *end != '\0')
			return mp_fail_text(err, EINVAL, "couldn't find port: %s for container: %s",
					    port->name, c->name);
	}
	if (number < 1 || number > 65535)
		return mp_fail_text(err, EINVAL, "invalid port number: %lld", number);
	*ret = (int)number;
	return 0;
}

static int fill_url(struct mp_net_check *c, const struct mp_handler *h, struct mp_error *err)
{
	const struct mp_supervisor *sv = c->record->sv;
	const struct mp_container_spec *spec = &sv->spec->containers[c->record->index];
	const char *host = h->has_http_get ? h->http_get.host : h->tcp_socket.host;
	struct mp_buf path = MP_BUF(c->url.path);
	int r = resolve_port(spec, h->has_http_get ? &h->http_get.port : &h->tcp_socket.port,
			     &c->url.port, err);

	if (r < 0)
		return r;
	(void)snprintf(c->url.host, sizeof(c->url.host), "%s", host && host[0] ? host : sv->ip);
	c->url.is_https = h->has_http_get && h->http_get.scheme == MP_SCHEME_HTTPS;
	c->url.path[0] = '\0';
	if (h->has_http_get)
		mp_buf_addf(&path, "%s%s", h->http_get.path && h->http_get.path[0] == '/' ? "" : "/",
			    h->http_get.path ? h->http_get.path : "");
	(void)snprintf(c->first_host, sizeof(c->first_host), "%s", c->url.host);
	return path.is_cut ? mp_fail_text(err, EINVAL, "path is longer than %d bytes",
					  MP_HTTP_PATH_MAX)
			   : 0;
}

int mp_net_check_begin(struct mp_record *record, const struct mp_handler *handler,
		       enum mp_net_purpose purpose, mp_nsec deadline, mp_net_done done,
		       struct mp_net_check **ret, struct mp_error *err)
{
	struct mp_net_check *c;
	int r;

	if (!record->is_running)
		return mp_fail_text(err, ESRCH, "container is not running");
	c = calloc(1, sizeof(*c));
	if (!c)
		return mp_fail(err, ENOMEM, "check");
	c->record = record;
	c->kind = handler->has_http_get ? KIND_HTTP : KIND_TCP;
	c->purpose = purpose;
	c->handler = handler;
	c->deadline = deadline;
	c->done = done;
	c->fd = -EBADF;
	c->request = c->kind == KIND_HTTP ? malloc(REQUEST_BYTES) : NULL;
	r = c->kind == KIND_HTTP && !c->request ? mp_fail(err, ENOMEM, "check")
						: fill_url(c, handler, err);
	if (r < 0) {
		release(c);
		return r;
	}
	connect_now(c);
	*ret = c;
	return 0;
}

mp_nsec mp_net_check_deadline(const struct mp_net_check *check)
{
	return check->deadline;
}

void mp_net_check_expire(struct mp_net_check *c)
{
	if (!c->has_result) {
		if (c->kind == KIND_TCP)
			fail(c, true, "i/o timeout");
		else
			fail(c, false, "context deadline exceeded (Client.Timeout exceeded while "
				       "awaiting headers)");
	}
	tell(c);
}

void mp_net_check_cancel(struct mp_net_check *check)
{
	if (check)
		release(check);
}
