/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two messages of grpc.health.v1.Health/Check and their length prefix. Pure; the answer is
 * hostile. Source: grpc/doc/PROTOCOL-HTTP2.md, grpc/health/v1/health.proto, the protobuf
 * encoding.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/str.h"

#define MP_GRPC_MESSAGE_MAX 16384 /* of an answer; a health answer has two bytes */

/**
 * mp_grpc_request() - HealthCheckRequest{service} with its prefix.
 *
 * Return: bytes put into @buf, or 0 when it does not fit.
 */
size_t mp_grpc_request(const char *service, unsigned char *buf, size_t size);

/** struct mp_grpc_reader - one answer as far as it has come. Zero-initialise. */
struct mp_grpc_reader {
	size_t n_head;
	unsigned char head[5];
	uint32_t len; /* once the head is complete */
	size_t have;
	unsigned char body[MP_GRPC_MESSAGE_MAX];
	bool has_message; /* a whole message is there */
	bool has_more;    /* and bytes behind it */
	bool is_too_large;
	bool is_compressed;
};

/** mp_grpc_reader_feed() - take the next bytes of the stream's data. */
void mp_grpc_reader_feed(struct mp_grpc_reader *reader, const unsigned char *bytes, size_t len);

/**
 * mp_grpc_decode() - the status of a HealthCheckResponse; 0 (UNKNOWN) when absent.
 *
 * Return: false when it is not valid protobuf.
 */
bool mp_grpc_decode(const unsigned char *bytes, size_t len, int32_t *ret_status);

/** mp_grpc_serving_text() - "SERVING", "NOT_SERVING"…, or the number. @buf: 16 bytes. */
const char *mp_grpc_serving_text(int32_t status, char buf[16]);

/** mp_grpc_code_text() - "Unavailable", "Code(42)". @buf: 24 bytes. */
const char *mp_grpc_code_text(int code, char buf[24]);

/** mp_grpc_message_text() - a percent-encoded grpc-message, decoded. */
void mp_grpc_message_text(const char *text, size_t len, struct mp_buf *out);
