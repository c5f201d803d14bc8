/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/net_conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/net_socket.h"
#include "runtime/supervisor.h"
#include "runtime/tls_client.h"

#define TEXT_BYTES 512

void mp_net_conn_close(struct mp_net_conn *conn)
{
	mp_loop_remove(&conn->source);
	mp_net_close(&conn->fd);
	mp_tls_free(conn->tls);
	conn->tls = NULL;
	conn->state = MP_NET_CONN_CLOSED;
	conn->generation++;
}

static void end(struct mp_net_conn *conn, enum mp_net_conn_end how, const char *text)
{
	mp_net_conn_close(conn);
	conn->user->end(conn, how, text);
}

static void end_dialling(struct mp_net_conn *conn, const char *call, int code)
{
	char cause[MP_NET_ERROR_TEXT_MAX], text[TEXT_BYTES];

	(void)snprintf(text, sizeof(text), "dial tcp %s: %s: %s", conn->target, call,
		       mp_net_error_text(code, cause));
	end(conn, MP_NET_CONN_UNREACHABLE, text);
}

static void end_reading(struct mp_net_conn *conn, int code)
{
	char cause[MP_NET_ERROR_TEXT_MAX], from[MP_NET_ERROR_TEXT_MAX], text[TEXT_BYTES];

	(void)snprintf(text, sizeof(text), "read tcp %s->%s: read: %s",
		       mp_net_source_text(conn->fd, from), conn->target,
		       mp_net_error_text(code, cause));
	end(conn, MP_NET_CONN_FAILED, text);
}

static void end_tls(struct mp_net_conn *conn)
{
	char text[TEXT_BYTES];

	(void)snprintf(text, sizeof(text), "%s", mp_tls_broken(conn->tls));
	end(conn, MP_NET_CONN_FAILED, text);
}

/* The next bytes for the socket, ciphertext with TLS. */
static size_t fill(struct mp_net_conn *conn)
{
	char plain[4096];
	size_t n;

	if (!conn->tls)
		return conn->user->pull(conn, conn->out, sizeof(conn->out));
	n = mp_tls_pull(conn->tls, conn->out, sizeof(conn->out));
	if (n > 0 || conn->state != MP_NET_CONN_OPEN)
		return n;
	n = conn->user->pull(conn, plain, sizeof(plain));
	mp_tls_write(conn->tls, plain, n);
	return mp_tls_pull(conn->tls, conn->out, sizeof(conn->out));
}

static void flush(struct mp_net_conn *conn)
{
	bool is_full = false;

	while (!conn->is_mute && !is_full) {
		ssize_t n;

		if (conn->out_sent == conn->out_len) {
			conn->out_sent = 0;
			conn->out_len = fill(conn);
			if (conn->out_len == 0)
				break;
		}
		n = send(conn->fd, conn->out + conn->out_sent, conn->out_len - conn->out_sent,
			 MSG_NOSIGNAL);
		if (n >= 0)
			conn->out_sent += (size_t)n;
		else if (errno == EAGAIN)
			is_full = true;
		else if (errno != EINTR)
			conn->is_mute = true;
	}
	/* Under TLS what comes in may ask for bytes to go out: one that takes none is not heard. */
	(void)mp_loop_change(&conn->source,
			     !is_full  ? EPOLLIN :
			     conn->tls ? EPOLLOUT :
					 EPOLLIN | EPOLLOUT,
			     NULL);
}

static void open_now(struct mp_net_conn *conn)
{
	conn->state = MP_NET_CONN_OPEN;
	conn->user->open(conn);
}

static void take_tls(struct mp_net_conn *conn, const char *bytes, size_t len)
{
	const unsigned int generation = conn->generation;
	static char plain[16384];
	size_t n;

	for (size_t i = 0; i < len && conn->n_first < sizeof(conn->first); i++)
		conn->first[conn->n_first++] = bytes[i];
	if (conn->n_first == sizeof(conn->first) && memcmp(conn->first, "HTTP/", 5) == 0) {
		end(conn, MP_NET_CONN_NOT_TLS, "http: server gave HTTP response to HTTPS client");
		return;
	}
	mp_tls_feed(conn->tls, bytes, len);
	if (conn->state == MP_NET_CONN_SHAKING && mp_tls_state(conn->tls) == MP_TLS_OPEN)
		open_now(conn);
	while (conn->generation == generation &&
	       (n = mp_tls_read(conn->tls, plain, sizeof(plain))) > 0)
		conn->user->data(conn, plain, n);
	if (conn->generation != generation)
		return;
	if (mp_tls_state(conn->tls) == MP_TLS_BROKEN)
		end_tls(conn);
	else if (mp_tls_state(conn->tls) == MP_TLS_CLOSED)
		end(conn, MP_NET_CONN_EOF, NULL);
}

static void receive(struct mp_net_conn *conn)
{
	static char bytes[16384];
	const ssize_t n = recv(conn->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		end_reading(conn, errno);
	else if (n == 0)
		end(conn, MP_NET_CONN_EOF, NULL);
	else if (n > 0 && conn->tls)
		take_tls(conn, bytes, (size_t)n);
	else if (n > 0)
		conn->user->data(conn, bytes, (size_t)n);
}

static void dialled(struct mp_net_conn *conn)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	if (code != 0)
		end_dialling(conn, "connect", code);
	else if (conn->tls)
		conn->state = MP_NET_CONN_SHAKING;
	else
		open_now(conn);
}

static void ready(struct mp_source *source, uint32_t events)
{
	struct mp_net_conn *conn = mp_container_of(source, struct mp_net_conn, source);
	const unsigned int generation = conn->generation;

	if (conn->state == MP_NET_CONN_DIALLING)
		dialled(conn);
	else if (events & ~(uint32_t)EPOLLOUT)
		receive(conn);
	if (conn->generation == generation)
		flush(conn);
	conn->user->after(conn);
}

static bool is_address(const char *host)
{
	struct in6_addr any;

	return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

void mp_net_conn_begin(struct mp_net_conn *conn, struct mp_supervisor *sv, const char *host,
		       int port, const char *target, bool is_tls)
{
	struct mp_error err = MP_ERROR_NONE;
	char text[TEXT_BYTES];
	int r;

	mp_net_conn_close(conn);
	(void)snprintf(conn->target, sizeof(conn->target), "%s", target);
	conn->is_mute = conn->is_shaking_timed = false;
	conn->n_first = 0;
	conn->out_len = conn->out_sent = 0;
	if (is_tls) {
		r = mp_tls_new(is_address(host) ? NULL : host, &conn->tls, &err);
		if (r < 0) {
			end(conn, MP_NET_CONN_FAILED, err.msg);
			return;
		}
	}
	r = mp_net_connect(sv, host, port, &conn->fd, &err);
	if (r == -ENOENT || r == -ENOTCONN) {
		(void)snprintf(text, sizeof(text), "dial tcp: %.400s", err.msg);
		end(conn, MP_NET_CONN_UNREACHABLE, text);
		return;
	}
	if (r < 0) {
		end_dialling(conn, "connect", -r);
		return;
	}
	conn->source = (struct mp_source){ .fd = conn->fd, .events = EPOLLOUT, .ready = ready };
	r = mp_loop_add(sv->loop, &conn->source, &err);
	if (r < 0) {
		end_dialling(conn, "epoll", -r);
		return;
	}
	conn->state = MP_NET_CONN_DIALLING;
}
