/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 as probes and hooks need it: writing one GET, and taking an answer apart as it comes
 * in. Pure; every byte of an answer is hostile and every length bounded.
 * Source: RFC 9112; Go's net/http for what is let pass and for the words of a refusal;
 * pod-semantics reference section 7.4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lifecycle/spec.h"
#include "runtime/base/str.h"
#include "runtime/http_url.h"

#define MP_HTTP_BODY_MAX   10240
#define MP_HTTP_HEADER_MAX 1048576 /* of everything but the body; more is a transport error */
#define MP_HTTP_LINE_MAX   8192    /* what is kept of a line */
#define MP_HTTP_1XX_MAX    5       /* provisional answers before the real one */

/** struct mp_http_request - one GET. */
struct mp_http_request {
	const struct mp_http_url *url;
	const struct mp_http_header *headers; /* of the handler; repeats are sent repeatedly */
	size_t n_headers;
	const char *agent;       /* User-Agent, unless a header says otherwise */
	const char *referer;     /* the URL that redirected here, or NULL */
	bool is_host_ignored;    /* the Host header was meant for another place */
	bool is_without_auth;    /* Authorization is not for everybody */
	bool is_without_secrets; /* nor are cookies */
};

/**
 * mp_http_request_check() - may these headers be sent?
 * @why: on failure, `net/http: invalid header field value for "X-Token"`.
 */
bool mp_http_request_check(const struct mp_http_header *headers, size_t n_headers,
			   struct mp_buf *why);

/** mp_http_request_write() - the request's bytes. The headers have been checked. */
void mp_http_request_write(const struct mp_http_request *request, struct mp_buf *out);

enum mp_http_state {
	MP_HTTP_STATUS_LINE = 0,
	MP_HTTP_HEADERS,
	MP_HTTP_BODY_LENGTH, /* a known number of bytes */
	MP_HTTP_BODY_CLOSE,  /* until the connection ends */
	MP_HTTP_CHUNK_SIZE,
	MP_HTTP_CHUNK_DATA,
	MP_HTTP_CHUNK_END,
	MP_HTTP_TRAILERS,
	MP_HTTP_DONE,
	MP_HTTP_BROKEN,
};

/** struct mp_http_answer - an answer as far as it has come. Zero-initialise. */
struct mp_http_answer {
	enum mp_http_state state;
	int status;    /* 0 until known */
	bool has_head; /* the final answer's headers are complete: @status counts */
	bool has_bytes;
	bool has_location;
	bool is_location_cut;
	char location[MP_HTTP_PATH_MAX];
	bool is_http_1_0;
	bool is_chunked, has_length;
	unsigned long long length; /* as declared */
	unsigned long long left;   /* of the body or chunk */
	size_t header_bytes;
	int n_provisional;
	bool has_header; /* one was seen in this header section */
	bool is_line_cut;
	size_t line_len;
	char line[MP_HTTP_LINE_MAX];
	size_t body_len;
	char body[MP_HTTP_BODY_MAX + 1]; /* NUL-terminated */
	char broken[512];                /* why it is MP_HTTP_BROKEN */
};

/**
 * mp_http_feed() - take the next bytes. DONE is reached at the end of the body or as soon as
 * MP_HTTP_BODY_MAX bytes of it are there; the excess is not waited for.
 */
void mp_http_feed(struct mp_http_answer *a, const char *bytes, size_t len);

/** mp_http_eof() - the connection ended: the body is complete, or the answer broken. */
void mp_http_eof(struct mp_http_answer *a);

/** mp_http_is_redirect() - 301, 302, 303, 307 or 308 with a Location. */
bool mp_http_is_redirect(const struct mp_http_answer *a);
