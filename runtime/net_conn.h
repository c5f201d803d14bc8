/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a check as a loop source: dialling, TLS when asked for, bytes out and in.
 * It never blocks, takes at most one bufferful from the peer per turn, and keeps nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/loop.h"

struct mp_supervisor;
struct mp_tls;
struct mp_net_conn;

enum mp_net_conn_state {
	MP_NET_CONN_CLOSED = 0,
	MP_NET_CONN_DIALLING,
	MP_NET_CONN_SHAKING, /* TLS handshake */
	MP_NET_CONN_OPEN,
};

enum mp_net_conn_end {
	MP_NET_CONN_UNREACHABLE, /* no connection: "dial tcp 10.0.0.5:80: connect: ..." */
	MP_NET_CONN_EOF,         /* the peer is done */
	MP_NET_CONN_FAILED,      /* "read tcp ...: read: connection reset by peer", "tls: ..." */
	MP_NET_CONN_NOT_TLS,     /* the peer speaks plain HTTP */
};

/**
 * struct mp_net_conn_user - what the owner does with it. Each may close or open the connection
 * again; only after() may free the memory it is in.
 */
struct mp_net_conn_user {
	void (*open)(struct mp_net_conn *conn); /* it stands, and nothing was sent yet */
	/* What to send next, put into @buf; 0: nothing for now. */
	size_t (*pull)(struct mp_net_conn *conn, char *buf, size_t size);
	void (*data)(struct mp_net_conn *conn, const char *bytes, size_t len);
	/* It has ended and is closed; @text for UNREACHABLE, FAILED and NOT_TLS. */
	void (*end)(struct mp_net_conn *conn, enum mp_net_conn_end end, const char *text);
	void (*after)(struct mp_net_conn *conn); /* last thing in a turn that touched it */
};

/** struct mp_net_conn - embed it, zeroed, with @user set and @fd -EBADF. */
struct mp_net_conn {
	const struct mp_net_conn_user *user;
	enum mp_net_conn_state state;
	unsigned int generation; /* counts connections: a callback may have begun another */
	struct mp_source source;
	int fd;             /* owned */
	struct mp_tls *tls; /* owned; NULL: plain */
	size_t n_first;     /* bytes in @first: what the peer of a TLS connection began with */
	char first[5];
	bool is_shaking_timed; /* for the owner: the handshake has its deadline */
	bool is_mute;          /* the peer takes nothing more; what it said may still be read */
	char target[300];      /* "10.88.0.5:80" */
	size_t out_len, out_sent;
	char out[16384];
};

/**
 * mp_net_conn_begin() - dial. Failures that are known at once are told by end(), from in here,
 * without after().
 * @target: @host and @port as messages show them.
 * @is_tls: with @host as SNI, unless it is an address.
 */
void mp_net_conn_begin(struct mp_net_conn *conn, struct mp_supervisor *sv, const char *host,
		       int port, const char *target, bool is_tls);

/** mp_net_conn_close() - end it without a callback; one that is closed is left alone. */
void mp_net_conn_close(struct mp_net_conn *conn);
