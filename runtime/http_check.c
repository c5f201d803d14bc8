/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpGet: one GET, redirects, and what the answer means. Texts are those of Go's http.Client,
 * which kubelet shows. A probe judges the status and reads the body; a hook is content with any
 * answer's headers. Source: pkg/probe/http/http.go, pkg/kubelet/lifecycle/handlers.go;
 * pod-semantics reference sections 6.3, 7.4.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http.h"
#include "runtime/net_check_parts.h"

/* Requests in all: a redirect in the answer to the tenth is refused. */
#define REQUESTS_MAX 10

struct mp_http_check {
	char first_host[MP_HTTP_HOST_MAX];
	char referer[MP_HTTP_HOST_MAX + MP_HTTP_PATH_MAX + 32];
	int n_requests;
	bool is_host_ignored, is_without_auth, is_without_secrets;
	bool is_fallback; /* HTTPS was answered in plain HTTP; @first_error is kept for the end */
	struct mp_http_url first_url;
	char first_error[sizeof(((struct mp_net_check *)0)->output)];
	size_t request_size, request_len, request_sent;
	char *request; /* owned */
	struct mp_http_answer answer;
};

/* Get "<url>": <what> */
static void fail_at(struct mp_net_check *c, const char *url, const char *what)
{
	struct mp_buf out = MP_BUF(c->output);

	c->output[0] = '\0';
	mp_buf_adds(&out, "Get ");
	mp_buf_addq(&out, url, strlen(url));
	mp_buf_addf(&out, ": %s", what);
	/* A fallback that fails too says what was wrong in the first place. */
	mp_check_set_result(c, MP_PROBE_FAILURE,
			    c->http->is_fallback ? c->http->first_error : NULL);
}

static void fail(struct mp_net_check *c, const char *what)
{
	char text[sizeof(c->http->referer)];
	struct mp_buf url = MP_BUF(text);

	text[0] = '\0';
	mp_http_url_text(&c->url, &url);
	fail_at(c, text, what);
}

static void request_now(struct mp_net_check *c)
{
	struct mp_http_check *h = c->http;
	const struct mp_http_request request = {
		.url = &c->url,
		.headers = c->handler->http_get.headers,
		.n_headers = c->handler->http_get.n_headers,
		.agent = c->purpose == MP_NET_PROBE ? "kube-probe/1.36" : "kube-lifecycle/1.36",
		.referer = h->referer[0] ? h->referer : NULL,
		.is_host_ignored = h->is_host_ignored,
		.is_without_auth = h->is_without_auth,
		.is_without_secrets = h->is_without_secrets,
	};
	struct mp_buf out = { .text = h->request, .size = h->request_size };
	char why_text[512] = "";
	struct mp_buf why = MP_BUF(why_text);

	if (!mp_http_request_check(request.headers, request.n_headers, &why)) {
		fail(c, why_text);
		return;
	}
	mp_http_request_write(&request, &out);
	h->request_len = out.len;
	h->request_sent = 0;
	h->n_requests++;
	memset(&h->answer, 0, sizeof(h->answer));
	mp_check_dial(c);
}

/* Where the answer points: followed, refused, or (false) left to be the answer itself. */
static bool redirect(struct mp_net_check *c)
{
	struct mp_http_check *h = c->http;
	const char *location = h->answer.location;
	char why_text[sizeof(c->output)] = "";
	struct mp_buf why = MP_BUF(why_text);
	struct mp_http_location to;
	struct mp_buf referer = MP_BUF(h->referer);

	if (h->answer.is_location_cut) {
		fail(c, "Location header is too long");
		return true;
	}
	mp_buf_adds(&why, "failed to parse Location header ");
	mp_buf_addq(&why, location, strlen(location));
	mp_buf_adds(&why, ": ");
	if (!mp_http_url_resolve(&c->url, location, &to, &why)) {
		fail(c, why_text);
		return true;
	}
	if (c->purpose == MP_NET_PROBE && strcmp(to.url.host, h->first_host) != 0)
		return false;
	if (h->n_requests >= REQUESTS_MAX) {
		fail_at(c, location, "stopped after 10 redirects");
		return true;
	}
	if (strcmp(to.scheme, "http") != 0 && strcmp(to.scheme, "https") != 0) {
		why.len = 0;
		mp_buf_adds(&why, "unsupported protocol scheme ");
		mp_buf_addq(&why, to.scheme, strlen(to.scheme));
		fail_at(c, location, why_text);
		return true;
	}
	if (!to.url.host[0]) {
		fail_at(c, location, "http: no Host in request URL");
		return true;
	}
	h->is_host_ignored = h->is_host_ignored || to.is_absolute;
	h->is_without_secrets = h->is_without_secrets || strcmp(to.url.host, h->first_host) != 0;
	if (!c->url.is_https || to.url.is_https) {
		h->referer[0] = '\0';
		mp_http_url_text(&c->url, &referer);
	}
	mp_net_conn_close(&c->conn);
	c->url = to.url;
	request_now(c);
	return true;
}

static void finish_hook(struct mp_net_check *c)
{
	struct mp_buf target = MP_BUF(c->target);

	c->is_answered = true;
	c->did_fallback = c->http->is_fallback;
	c->target[0] = '\0';
	mp_http_target_text(&c->http->first_url, &target);
	mp_check_set_result(c, MP_PROBE_SUCCESS, "");
}

static void finish_probe(struct mp_net_check *c)
{
	const struct mp_http_answer *a = &c->http->answer;
	struct mp_buf out = MP_BUF(c->output);

	c->is_answered = true;
	c->output[0] = '\0';
	if (a->status >= 300 && a->status < 400)
		mp_buf_adds(&out, "Probe terminated redirects, Response body: ");
	if (a->status >= 200 && a->status < 400)
		mp_buf_add(&out, a->body, a->body_len);
	else
		mp_buf_addf(&out, "HTTP probe failed with statuscode: %d", a->status);
	mp_check_set_result(c,
			    a->status >= 200 && a->status < 300 ? MP_PROBE_SUCCESS :
			    a->status >= 300 && a->status < 400 ? MP_PROBE_WARNING :
								  MP_PROBE_FAILURE,
			    NULL);
}

/* Something came, or the end did. */
static void judge(struct mp_net_check *c, bool had_head)
{
	const struct mp_http_answer *a = &c->http->answer;

	if (a->has_head && !had_head && mp_http_is_redirect(a) && redirect(c))
		return;
	if (a->has_head && c->purpose == MP_NET_HOOK) {
		finish_hook(c);
	} else if (a->state == MP_HTTP_DONE) {
		finish_probe(c);
	} else if (a->state == MP_HTTP_BROKEN && a->has_head) {
		/* A body that cannot be read answers nothing (7.3). */
		mp_check_set_result(c, MP_PROBE_ERROR_UNREADABLE, a->broken);
	} else if (a->state == MP_HTTP_BROKEN) {
		char text[sizeof(a->broken) + 64];

		(void)snprintf(text, sizeof(text), "%s%s",
			       strcmp(a->broken, "EOF") == 0 ?
				       "" :
				       "net/http: HTTP/1.x transport connection broken: ",
			       a->broken);
		fail(c, text);
	}
}

static void http_open(struct mp_net_conn *conn)
{
	(void)conn;
}

static size_t http_pull(struct mp_net_conn *conn, char *buf, size_t size)
{
	struct mp_http_check *h = mp_check_of(conn)->http;
	const size_t left = h->request_len - h->request_sent;
	const size_t n = left < size ? left : size;

	memcpy(buf, h->request + h->request_sent, n);
	h->request_sent += n;
	return n;
}

static void http_data(struct mp_net_conn *conn, const char *bytes, size_t len)
{
	struct mp_net_check *c = mp_check_of(conn);
	const bool had_head = c->http->answer.has_head;

	mp_http_feed(&c->http->answer, bytes, len);
	judge(c, had_head);
}

static void fall_back(struct mp_net_check *c, const char *text)
{
	struct mp_http_check *h = c->http;

	fail(c, text);
	(void)snprintf(h->first_error, sizeof(h->first_error), "%s", c->output);
	c->has_result = false;
	h->is_fallback = h->is_without_auth = true;
	h->is_host_ignored = h->is_without_secrets = false;
	h->n_requests = 0;
	h->referer[0] = '\0';
	h->first_url.is_https = false;
	c->url = h->first_url;
	request_now(c);
}

static void http_end(struct mp_net_conn *conn, enum mp_net_conn_end how, const char *text)
{
	struct mp_net_check *c = mp_check_of(conn);
	struct mp_http_check *h = c->http;
	const bool had_head = h->answer.has_head;

	switch (how) {
	case MP_NET_CONN_EOF:
		mp_http_eof(&h->answer);
		judge(c, had_head);
		break;
	case MP_NET_CONN_NOT_TLS:
		if (c->purpose == MP_NET_HOOK && !h->is_fallback)
			fall_back(c, text);
		else
			fail(c, text);
		break;
	case MP_NET_CONN_UNREACHABLE:
	case MP_NET_CONN_FAILED:
		if (had_head)
			mp_check_set_result(c, MP_PROBE_ERROR_UNREADABLE, text);
		else
			fail(c, text);
		break;
	}
}

static void http_expire(struct mp_net_check *c, mp_nsec now)
{
	char text[sizeof(c->target) + 32];

	if (now < c->limit && c->conn.state == MP_NET_CONN_SHAKING) {
		fail(c, "net/http: TLS handshake timeout");
	} else if (now < c->limit && c->conn.state == MP_NET_CONN_DIALLING) {
		(void)snprintf(text, sizeof(text), "dial tcp %s: i/o timeout", c->target);
		fail(c, text);
	} else if (c->http->answer.has_head) {
		mp_check_set_result(c, MP_PROBE_ERROR_UNREADABLE,
				    "context deadline exceeded (Client.Timeout or context "
				    "cancellation while reading body)");
	} else {
		fail(c, "context deadline exceeded (Client.Timeout exceeded while awaiting "
			"headers)");
	}
}

static int http_prepare(struct mp_net_check *c, struct mp_error *err)
{
	const struct mp_handler *handler = c->handler;
	struct mp_http_check *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return mp_fail(err, ENOMEM, "check");
	c->http = h;
	r = mp_check_resolve_port(c, &handler->http_get.port, &c->url.port, err);
	if (r == 0)
		r = mp_check_set_host(c, handler->http_get.host, err);
	if (r < 0)
		return r;
	c->url.is_https = handler->http_get.scheme == MP_SCHEME_HTTPS;
	if (!mp_http_url_set_path(&c->url, handler->http_get.path ? handler->http_get.path : ""))
		return mp_fail_text(err, EINVAL, "path is longer than %d bytes",
				    MP_HTTP_PATH_MAX - 1);
	h->first_url = c->url;
	(void)snprintf(h->first_host, sizeof(h->first_host), "%s", c->url.host);

	h->request_size = sizeof(h->referer) + MP_HTTP_PATH_MAX + 1024;
	for (size_t i = 0; i < handler->http_get.n_headers; i++) {
		const struct mp_http_header *header = &handler->http_get.headers[i];

		h->request_size +=
			strlen(header->name) + (header->value ? strlen(header->value) : 0) + 4;
	}
	h->request = malloc(h->request_size);
	return h->request ? 0 : mp_fail(err, ENOMEM, "check");
}

static void http_release(struct mp_net_check *c)
{
	if (c->http)
		free(c->http->request);
	free(c->http);
	c->http = NULL;
}

const struct mp_check_kind mp_http_check_kind = {
	.user = { http_open, http_pull, http_data, http_end, mp_check_after },
	.prepare = http_prepare,
	.start = request_now,
	.expire = http_expire,
	.release = http_release,
};
