/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 as probes and hooks need it: building one GET, taking an answer apart as it comes in, and
 * deciding about redirects. Pure; every byte of an answer is hostile and every length bounded.
 * Source: RFC 9112; pod-semantics reference section 7.4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lifecycle/spec.h"
#include "runtime/base/str.h"

#define MP_HTTP_BODY_MAX   10240
#define MP_HTTP_HEADER_MAX 65536 /* of a whole header section; more is a transport error */
#define MP_HTTP_LINE_MAX   8192
#define MP_HTTP_HOST_MAX   256
#define MP_HTTP_PATH_MAX   4096

/** struct mp_http_url - where a request goes. */
struct mp_http_url {
	bool is_https;
	char host[MP_HTTP_HOST_MAX]; /* name or address, without brackets */
	int port;
	char path[MP_HTTP_PATH_MAX]; /* path and query, begins with '/' */
};

/** mp_http_url_text() - "http://10.88.0.5:80/healthz", IPv6 hosts in brackets. */
void mp_http_url_text(const struct mp_http_url *url, struct mp_buf *out);

/** mp_http_target_text() - "10.88.0.5:80", IPv6 hosts in brackets. */
void mp_http_target_text(const struct mp_http_url *url, struct mp_buf *out);

/**
 * mp_http_request() - one GET with the handler's headers.
 * @agent: "kube-probe/1.36"; used unless a header says otherwise.
 */
void mp_http_request(const struct mp_http_url *url, const struct mp_http_header *headers,
		     size_t n_headers, const char *agent, bool has_authorization,
		     struct mp_buf *out);

enum mp_http_state {
	MP_HTTP_STATUS_LINE = 0,
	MP_HTTP_HEADERS,
	MP_HTTP_BODY_LENGTH,  /* a known number of bytes */
	MP_HTTP_BODY_CLOSE,   /* until the connection ends */
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
	int status; /* 0 until known */
	char location[MP_HTTP_PATH_MAX];
	bool is_location_cut;
	bool is_chunked, has_length;
	unsigned long long left; /* of the body or chunk */
	size_t header_bytes;
	size_t line_len;
	char line[MP_HTTP_LINE_MAX];
	size_t body_len;
	char body[MP_HTTP_BODY_MAX + 1]; /* NUL-terminated; excess is read and dropped */
	const char *broken; /* why it is MP_HTTP_BROKEN */
};

/**
 * mp_http_feed() - take the next bytes. DONE is reached at the end of the body or as soon as
 * MP_HTTP_BODY_MAX bytes of it are there.
 */
void mp_http_feed(struct mp_http_answer *a, const char *bytes, size_t len);

/** mp_http_eof() - the connection ended: the body is complete, or the answer broken. */
void mp_http_eof(struct mp_http_answer *a);

/** mp_http_is_redirect() - 301, 302, 303, 307 or 308 with a Location. */
bool mp_http_is_redirect(const struct mp_http_answer *a);

/**
 * mp_http_resolve() - the URL of a Location relative to @base.
 *
 * Return: false when it is not an http(s) URL we can ask.
 */
bool mp_http_resolve(const struct mp_http_url *base, const char *location, struct mp_http_url *ret);
