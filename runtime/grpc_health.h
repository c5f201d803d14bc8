/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of grpc.health.v1.Health/Check over HTTP/2, bytes in and bytes out: no socket, no
 * clock. nghttp2 does the framing and is seen nowhere else.
 * Source: grpc/doc/PROTOCOL-HTTP2.md; grpc-go internal/transport/http2_client.go for what a
 * failure is called.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"

struct mp_grpc_call;

enum mp_grpc_state {
	MP_GRPC_WAITING = 0, /* the server has not said its settings: no connection yet */
	MP_GRPC_CALLING,
	MP_GRPC_DONE,
	MP_GRPC_NOT_HTTP2, /* what came while waiting was something else */
};

#define MP_GRPC_OK            0
#define MP_GRPC_DEADLINE      4
#define MP_GRPC_UNIMPLEMENTED 12

/** struct mp_grpc_result - of a call that is done. */
struct mp_grpc_result {
	int code; /* MP_GRPC_OK: @serving counts; otherwise @message */
	int32_t serving;
	char message[1024];
};

/**
 * mp_grpc_call_new() - prepare a call.
 * @authority: "10.88.0.5:50051".
 * @agent:     the user agent.
 * @service:   "" for the server as a whole.
 * @ret:       on success, owned by the caller: mp_grpc_call_free().
 *
 * Return: 0, -EMSGSIZE for a service name beyond reason, -ENOMEM.
 */
int mp_grpc_call_new(const char *authority, const char *agent, const char *service,
		     struct mp_grpc_call **ret, struct mp_error *err);

/** mp_grpc_call_free() - release it. NULL is fine. */
void mp_grpc_call_free(struct mp_grpc_call *call);

/** mp_grpc_call_feed() - bytes from the server. @timeout: what the server is told is left. */
void mp_grpc_call_feed(struct mp_grpc_call *call, const char *bytes, size_t len, mp_nsec timeout);

/** mp_grpc_call_pull() - bytes for the server. Return: bytes put into @buf; 0: nothing now. */
size_t mp_grpc_call_pull(struct mp_grpc_call *call, char *buf, size_t size);

/** mp_grpc_call_end() - the connection is gone, @text says how: "EOF". */
void mp_grpc_call_end(struct mp_grpc_call *call, const char *text);

/** mp_grpc_call_state() - how far it is. */
enum mp_grpc_state mp_grpc_call_state(const struct mp_grpc_call *call);

/** mp_grpc_call_result() - of a call that is DONE. */
const struct mp_grpc_result *mp_grpc_call_result(const struct mp_grpc_call *call);
