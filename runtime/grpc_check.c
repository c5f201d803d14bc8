/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc: a health check over plaintext HTTP/2. As grpc-go does it when told to block, a connection
 * counts once the server has said its settings; until then every failure is tried again, later
 * and later, up to the timeout, so that a refused connection ends as a timeout. Outputs are those
 * of pkg/probe/grpc/grpc.go; pod-semantics reference section 7.4.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock_io.h"
#include "runtime/grpc_health.h"
#include "runtime/grpc_message.h"
#include "runtime/net_check_parts.h"

/* grpc/doc/connection-backoff.md, without the jitter: there is one client. */
#define BACKOFF_FIRST MP_NSEC_PER_S
#define BACKOFF_MAX   (120 * MP_NSEC_PER_S)

struct mp_grpc_check {
	struct mp_grpc_call *call; /* owned; NULL between attempts */
	bool is_calling;
	mp_nsec started; /* the attempt, from which the next one's time is counted */
	mp_nsec backoff;
};

static void fail(struct mp_net_check *c, const char *what)
{
	mp_check_set_result(c, MP_PROBE_FAILURE, what);
}

static void try_now(struct mp_net_check *c)
{
	struct mp_grpc_check *g = c->grpc;
	struct mp_error err = MP_ERROR_NONE;
	char text[sizeof(c->target) + MP_ERROR_MSG_MAX + 64];
	struct mp_buf target = MP_BUF(c->target);
	int r;

	c->target[0] = '\0';
	mp_http_target_text(&c->url, &target);
	g->started = mp_clock_read().mono;
	r = mp_grpc_call_new(c->target, "kube-probe/1.36",
			     c->handler->grpc.service ? c->handler->grpc.service : "", &g->call,
			     &err);
	if (r < 0) {
		(void)snprintf(text, sizeof(text), "error: failed to connect service at \"%s\": %s",
			       c->target, err.msg);
		fail(c, text);
		return;
	}
	mp_check_dial(c);
}

/* No connection: the next attempt is at its time, or never. */
static void try_later(struct mp_net_check *c)
{
	struct mp_grpc_check *g = c->grpc;
	const mp_nsec at = mp_nsec_add(g->started, g->backoff);

	mp_net_conn_close(&c->conn);
	mp_grpc_call_free(g->call);
	g->call = NULL;
	g->backoff = mp_nsec_min(g->backoff / 5 * 8, BACKOFF_MAX);
	c->deadline = mp_nsec_min(c->limit, at);
}

static void finish(struct mp_net_check *c)
{
	const struct mp_grpc_result *result = mp_grpc_call_result(c->grpc->call);
	char number[24], span[MP_TIME_TEXT_MAX], text[sizeof(result->message) + 256];
	enum mp_probe_outcome outcome = MP_PROBE_FAILURE;

	if (result->code == MP_GRPC_OK && result->serving == 1) {
		(void)snprintf(text, sizeof(text), "service healthy");
		outcome = MP_PROBE_SUCCESS;
	} else if (result->code == MP_GRPC_OK) {
		(void)snprintf(text, sizeof(text), "service unhealthy (responded with \"%s\")",
			       mp_grpc_serving_text(result->serving, number));
	} else if (result->code == MP_GRPC_UNIMPLEMENTED) {
		(void)snprintf(text, sizeof(text),
			       "error: this server does not implement the grpc health protocol "
			       "(grpc.health.v1.Health): %s",
			       result->message);
	} else if (result->code == MP_GRPC_DEADLINE) {
		(void)snprintf(text, sizeof(text), "timeout: health rpc did not complete within %s",
			       mp_duration_text(c->timeout, span));
	} else {
		(void)snprintf(text, sizeof(text),
			       "error: health rpc probe failed: rpc error: code = %s desc = %s",
			       mp_grpc_code_text(result->code, number), result->message);
	}
	mp_check_set_result(c, outcome, text);
}

/* What the call has come to, after anything happened to it. */
static void judge(struct mp_net_check *c)
{
	switch (mp_grpc_call_state(c->grpc->call)) {
	case MP_GRPC_WAITING:
		break;
	case MP_GRPC_CALLING:
		c->grpc->is_calling = true;
		break;
	case MP_GRPC_DONE:
		finish(c);
		break;
	case MP_GRPC_NOT_HTTP2:
		try_later(c);
		break;
	}
}

static void grpc_open(struct mp_net_conn *conn)
{
	(void)conn;
}

static size_t grpc_pull(struct mp_net_conn *conn, char *buf, size_t size)
{
	return mp_grpc_call_pull(mp_check_of(conn)->grpc->call, buf, size);
}

static void grpc_data(struct mp_net_conn *conn, const char *bytes, size_t len)
{
	struct mp_net_check *c = mp_check_of(conn);
	const mp_nsec left =
		c->limit == MP_NSEC_NEVER ? MP_NSEC_NEVER : c->limit - mp_clock_read().mono;

	mp_grpc_call_feed(c->grpc->call, bytes, len, left);
	judge(c);
}

static void grpc_end(struct mp_net_conn *conn, enum mp_net_conn_end how, const char *text)
{
	struct mp_net_check *c = mp_check_of(conn);

	if (how == MP_NET_CONN_UNREACHABLE) {
		try_later(c);
		return;
	}
	mp_grpc_call_end(c->grpc->call, how == MP_NET_CONN_EOF ? "EOF" : text);
	judge(c);
}

static void grpc_after(struct mp_net_conn *conn)
{
	struct mp_net_check *c = mp_check_of(conn);

	/* Sending may have ended the call too. */
	if (!c->has_result && c->grpc->call && conn->state == MP_NET_CONN_OPEN)
		judge(c);
	mp_check_after(conn);
}

static void grpc_expire(struct mp_net_check *c, mp_nsec now)
{
	char span[MP_TIME_TEXT_MAX], text[sizeof(c->target) + 160];

	if (now < c->limit) {
		if (c->grpc->call)
			try_later(c); /* dialling took too long */
		else
			try_now(c);
		return;
	}
	(void)mp_duration_text(c->timeout, span);
	if (c->grpc->is_calling)
		(void)snprintf(text, sizeof(text), "timeout: health rpc did not complete within %s",
			       span);
	else
		(void)snprintf(text, sizeof(text),
			       "timeout: failed to connect service \"%s\" within %s: context "
			       "deadline exceeded",
			       c->target, span);
	fail(c, text);
}

static int grpc_prepare(struct mp_net_check *c, struct mp_error *err)
{
	const int64_t port = c->handler->grpc.port.v;

	if (port < 1 || port > 65535)
		return mp_fail_text(err, EINVAL, "invalid port number: %lld", (long long)port);
	c->grpc = calloc(1, sizeof(*c->grpc));
	if (!c->grpc)
		return mp_fail(err, ENOMEM, "check");
	c->grpc->backoff = BACKOFF_FIRST;
	c->url.port = (int)port;
	return mp_check_set_host(c, NULL, err);
}

static void grpc_release(struct mp_net_check *c)
{
	if (c->grpc)
		mp_grpc_call_free(c->grpc->call);
	free(c->grpc);
	c->grpc = NULL;
}

const struct mp_check_kind mp_grpc_check_kind = {
	.user = { grpc_open, grpc_pull, grpc_data, grpc_end, grpc_after },
	.prepare = grpc_prepare,
	.start = try_now,
	.expire = grpc_expire,
	.release = grpc_release,
};
