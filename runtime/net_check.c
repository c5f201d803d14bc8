/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One check, from its begin to its one end. What is known at once is still told later, through
 * the deadline, so that the callback never runs inside mp_net_check_begin(). A tcpSocket check
 * is small enough to be here whole.
 */
#include "runtime/net_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock_io.h"
#include "runtime/net_check_parts.h"
#include "runtime/supervisor.h"

#define AT_ONCE INT64_MIN

/* Without a timeout of its own, a hook still gives up on these, as Go's transport does. */
#define DIAL_SECONDS      30
#define HANDSHAKE_SECONDS 10

static void release(struct mp_net_check *c)
{
	mp_net_conn_close(&c->conn);
	c->kind->release(c);
	free(c);
}

static void tell(struct mp_net_check *c)
{
	const struct mp_net_result result = { .outcome = c->outcome,
					      .output = c->output,
					      .is_answered = c->is_answered,
					      .did_fallback = c->did_fallback,
					      .target = c->target };

	mp_net_conn_close(&c->conn);
	c->done(&result, c->record);
	release(c);
}

void mp_check_set_result(struct mp_net_check *c, enum mp_probe_outcome outcome, const char *output)
{
	mp_net_conn_close(&c->conn);
	if (output)
		(void)snprintf(c->output, sizeof(c->output), "%s", output);
	c->outcome = outcome;
	c->has_result = true;
	c->deadline = AT_ONCE;
}

/* What may take how long from now on. */
static void set_deadline(struct mp_net_check *c, int64_t seconds)
{
	const mp_nsec now = mp_clock_read().mono;

	if (!c->has_result)
		c->deadline = mp_nsec_min(c->limit, mp_nsec_add(now, mp_seconds(seconds)));
}

void mp_check_dial(struct mp_net_check *c)
{
	struct mp_buf target = MP_BUF(c->target);

	c->target[0] = '\0';
	mp_http_target_text(&c->url, &target);
	mp_net_conn_begin(&c->conn, c->record->sv, c->url.host, c->url.port, c->target,
			  c->url.is_https);
	if (c->conn.state == MP_NET_CONN_DIALLING)
		set_deadline(c, DIAL_SECONDS);
}

void mp_check_after(struct mp_net_conn *conn)
{
	struct mp_net_check *c = mp_check_of(conn);

	if (c->has_result)
		tell(c);
	else if (conn->state == MP_NET_CONN_SHAKING && !conn->is_shaking_timed) {
		conn->is_shaking_timed = true;
		set_deadline(c, HANDSHAKE_SECONDS);
	} else if (conn->state == MP_NET_CONN_OPEN) {
		c->deadline = c->limit;
	}
}

/* ---- tcpSocket ---------------------------------------------------------------------------- */

static void tcp_open(struct mp_net_conn *conn)
{
	mp_check_set_result(mp_check_of(conn), MP_PROBE_SUCCESS, "");
}

static size_t tcp_pull(struct mp_net_conn *conn, char *buf, size_t size)
{
	(void)conn;
	(void)buf;
	(void)size;
	return 0;
}

static void tcp_data(struct mp_net_conn *conn, const char *bytes, size_t len)
{
	(void)conn;
	(void)bytes;
	(void)len;
}

static void tcp_end(struct mp_net_conn *conn, enum mp_net_conn_end how, const char *text)
{
	(void)how;
	mp_check_set_result(mp_check_of(conn), MP_PROBE_FAILURE, text ? text : "EOF");
}

static void tcp_expire(struct mp_net_check *c, mp_nsec now)
{
	char text[sizeof(c->target) + 32];

	(void)now;
	(void)snprintf(text, sizeof(text), "dial tcp %s: i/o timeout", c->target);
	mp_check_set_result(c, MP_PROBE_FAILURE, text);
}

static int tcp_prepare(struct mp_net_check *c, struct mp_error *err)
{
	int r = mp_check_resolve_port(c, &c->handler->tcp_socket.port, &c->url.port, err);

	return r < 0 ? r : mp_check_set_host(c, c->handler->tcp_socket.host, err);
}

static void tcp_release(struct mp_net_check *c)
{
	(void)c;
}

static const struct mp_check_kind tcp_kind = {
	.user = { tcp_open, tcp_pull, tcp_data, tcp_end, mp_check_after },
	.prepare = tcp_prepare,
	.start = mp_check_dial,
	.expire = tcp_expire,
	.release = tcp_release,
};

/* ---- every kind --------------------------------------------------------------------------- */

int mp_check_resolve_port(const struct mp_net_check *c, const struct mp_int_or_string *port,
			  int *ret, struct mp_error *err)
{
	const struct mp_container_spec *spec = &c->record->sv->spec->containers[c->record->index];
	long long number = port->number;

	if (port->name) {
		char *end;

		for (size_t i = 0; i < spec->n_ports; i++) {
			if (mp_streq(spec->ports[i].name, port->name)) {
				*ret = (int)spec->ports[i].container_port;
				return 0;
			}
		}
		number = strtoll(port->name, &end, 10);
		if (end == port->name || *end != '\0')
			return mp_fail_text(err, EINVAL,
					    "strconv.Atoi: parsing \"%s\": invalid syntax",
					    port->name);
	}
	if (number < 1 || number > 65535)
		return mp_fail_text(err, EINVAL, "invalid port number: %lld", number);
	*ret = (int)number;
	return 0;
}

int mp_check_set_host(struct mp_net_check *c, const char *host, struct mp_error *err)
{
	if (!host || !host[0])
		host = c->record->sv->ip;
	/* Too long for a name that could be found; cut, it would be another one. */
	if (strlen(host) >= sizeof(c->url.host))
		return mp_fail_text(err, EINVAL, "host is longer than %d bytes",
				    MP_HTTP_HOST_MAX - 1);
	(void)snprintf(c->url.host, sizeof(c->url.host), "%s", host);
	c->url.has_port = true;
	return 0;
}

static const struct mp_check_kind *kind_of(const struct mp_handler *handler)
{
	if (handler->has_http_get)
		return &mp_http_check_kind;
	return handler->has_grpc ? &mp_grpc_check_kind : &tcp_kind;
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
	c->kind = kind_of(handler);
	c->record = record;
	c->handler = handler;
	c->purpose = purpose;
	c->limit = c->deadline = deadline;
	c->timeout = deadline == MP_NSEC_NEVER ? MP_NSEC_NEVER : deadline - record->sv->now.mono;
	c->done = done;
	c->conn.user = &c->kind->user;
	c->conn.fd = -EBADF;
	r = c->kind->prepare(c, err);
	if (r < 0) {
		release(c);
		return r;
	}
	c->kind->start(c);
	*ret = c;
	return 0;
}

mp_nsec mp_net_check_deadline(const struct mp_net_check *check)
{
	return check->deadline;
}

void mp_net_check_expire(struct mp_net_check *c)
{
	if (!c->has_result)
		c->kind->expire(c, mp_clock_read().mono);
	if (c->has_result)
		tell(c);
}

void mp_net_check_cancel(struct mp_net_check *check)
{
	if (check)
		release(check);
}
