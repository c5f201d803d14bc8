/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs as the probes of a pod need them: the path of a manifest, and the Location of a hostile
 * answer. They follow Go's net/url, so that a request says what a kubelet's would say. Pure.
 * Source: RFC 3986; net/url parse(), setPath(), ResolveReference().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/str.h"

#define MP_HTTP_HOST_MAX   256
#define MP_HTTP_PATH_MAX   4096
#define MP_HTTP_SCHEME_MAX 16

/** struct mp_http_url - where a request goes. */
struct mp_http_url {
	bool is_https;
	char host[MP_HTTP_HOST_MAX]; /* name or address, without brackets */
	int port;
	bool has_port;               /* shown; false: @port is the scheme's */
	char path[MP_HTTP_PATH_MAX]; /* escaped path and query, as in a request line: "/a?b" */
};

/** struct mp_http_location - what a Location header points at. */
struct mp_http_location {
	struct mp_http_url url;
	bool is_absolute;                /* it names a scheme itself */
	char scheme[MP_HTTP_SCHEME_MAX]; /* lower case; when not http or https, @url.path is unset */
};

/** mp_http_url_text() - "http://10.88.0.5:80/healthz", IPv6 hosts in brackets. */
void mp_http_url_text(const struct mp_http_url *url, struct mp_buf *out);

/** mp_http_authority_text() - "10.88.0.5:80" as the URL has it: no port when it named none. */
void mp_http_authority_text(const struct mp_http_url *url, struct mp_buf *out);

/** mp_http_target_text() - "10.88.0.5:80", always with the port. */
void mp_http_target_text(const struct mp_http_url *url, struct mp_buf *out);

/**
 * mp_http_url_set_path() - the path of a handler, which may have a query. What is no URL
 * reference is taken as a path byte by byte.
 *
 * Return: false when it is longer than MP_HTTP_PATH_MAX allows.
 */
bool mp_http_url_set_path(struct mp_http_url *url, const char *path);

/**
 * mp_http_url_resolve() - follow a Location.
 * @base: the URL whose answer it is.
 * @why:  on failure, Go's words: `parse "http://a:b/": invalid port ":b" after host`.
 *
 * Return: false when it cannot be parsed.
 */
bool mp_http_url_resolve(const struct mp_http_url *base, const char *location,
			 struct mp_http_location *ret, struct mp_buf *why);
