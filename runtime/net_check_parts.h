/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a network check share: net_check.c, http_check.c, grpc_check.c. */
#pragma once

#include "runtime/http_url.h"
#include "runtime/net_check.h"
#include "runtime/net_conn.h"

struct mp_http_check;
struct mp_grpc_check;

/** struct mp_check_kind - one kind of check. */
struct mp_check_kind {
	struct mp_net_conn_user user; /* after() is mp_check_after() */
	int (*prepare)(struct mp_net_check *c, struct mp_error *err); /* memory, url */
	void (*start)(struct mp_net_check *c);
	/* Its deadline has passed: set the result, or go on with another deadline. */
	void (*expire)(struct mp_net_check *c, mp_nsec now);
	void (*release)(struct mp_net_check *c);
};

extern const struct mp_check_kind mp_http_check_kind;
extern const struct mp_check_kind mp_grpc_check_kind;

struct mp_net_check {
	struct mp_net_conn conn;
	const struct mp_check_kind *kind;
	struct mp_record *record; /* borrowed, as @handler */
	const struct mp_handler *handler;
	enum mp_net_purpose purpose;
	mp_nsec limit;    /* of the whole; MP_NSEC_NEVER: none */
	mp_nsec timeout;  /* @limit as a span */
	mp_nsec deadline; /* of what it waits for now; never behind @limit */
	mp_net_done done;
	struct mp_http_url url;
	struct mp_http_check *http; /* owned */
	struct mp_grpc_check *grpc; /* owned */
	bool has_result;            /* known already: told at the deadline, which is now */
	enum mp_probe_outcome outcome;
	bool is_answered, did_fallback;
	char output[12288];
	char target[MP_HTTP_HOST_MAX + 16];
};

/** mp_check_of() - the check a connection belongs to. */
static inline struct mp_net_check *mp_check_of(struct mp_net_conn *conn)
{
	return mp_container_of(conn, struct mp_net_check, conn);
}

/** mp_check_dial() - connect to @url; deadlines and failures follow. */
void mp_check_dial(struct mp_net_check *c);

/** mp_check_set_result() - it is over; @output, unless NULL, replaces the text in c->output. */
void mp_check_set_result(struct mp_net_check *c, enum mp_probe_outcome outcome, const char *output);

/** mp_check_after() - the end of every turn that touched the connection. */
void mp_check_after(struct mp_net_conn *conn);

/** mp_check_resolve_port() - a number, a name of the container's ports, or a number as a string. */
int mp_check_resolve_port(const struct mp_net_check *c, const struct mp_int_or_string *port,
			  int *ret, struct mp_error *err);

/** mp_check_set_host() - @host, or the pod's address when it is empty. */
int mp_check_set_host(struct mp_net_check *c, const char *host, struct mp_error *err);
