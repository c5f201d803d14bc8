/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void mp_http_target_text(const struct mp_http_url *url, struct mp_buf *out)
{
	const bool is_v6 = strchr(url->host, ':') != NULL;

	mp_buf_addf(out, "%s%s%s:%d", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "", url->port);
}

void mp_http_url_text(const struct mp_http_url *url, struct mp_buf *out)
{
	mp_buf_adds(out, url->is_https ? "https://" : "http://");
	mp_http_target_text(url, out);
	mp_buf_adds(out, url->path);
}

/* A header value from the manifest must not be able to start a header of its own. */
static void add_clean(struct mp_buf *out, const char *text)
{
	for (; *text; text++)
		mp_buf_add(out, *text == '\r' || *text == '\n' ? " " : text, 1);
}

/* Bytes that may not stand in a request line are escaped, as Go's URL.RequestURI() does. */
static void add_path(struct mp_buf *out, const char *path)
{
	for (const unsigned char *at = (const unsigned char *)path; *at && *at != '#'; at++) {
		if (*at <= 0x20U || *at >= 0x7fU || strchr("\"<>\\^`{|}", *at))
			mp_buf_addf(out, "%%%02X", *at);
		else
			mp_buf_add(out, (const char *)at, 1);
	}
}

static const struct mp_http_header *find(const struct mp_http_header *headers, size_t n,
					 const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(headers[i].name, name) == 0)
			return &headers[i];
	return NULL;
}

void mp_http_request(const struct mp_http_url *url, const struct mp_http_header *headers,
		     size_t n_headers, const char *agent, bool has_authorization,
		     struct mp_buf *out)
{
	const struct mp_http_header *host = find(headers, n_headers, "Host");
	const struct mp_http_header *accept = find(headers, n_headers, "Accept");

	mp_buf_adds(out, "GET ");
	add_path(out, url->path);
	mp_buf_adds(out, " HTTP/1.1\r\nHost: ");
	if (host && host->value && host->value[0])
		add_clean(out, host->value);
	else
		mp_http_target_text(url, out);
	mp_buf_adds(out, "\r\n");
	if (!find(headers, n_headers, "User-Agent"))
		mp_buf_addf(out, "User-Agent: %s\r\n", agent);
	if (!accept)
		mp_buf_adds(out, "Accept: */*\r\n");
	for (size_t i = 0; i < n_headers; i++) {
		const struct mp_http_header *h = &headers[i];
		const bool is_empty = !h->value || !h->value[0];

		if (strcasecmp(h->name, "Host") == 0 || strcasecmp(h->name, "Connection") == 0)
			continue;
		/* An empty Accept or User-Agent asks for there being none. */
		if (is_empty && (strcasecmp(h->name, "Accept") == 0 ||
				 strcasecmp(h->name, "User-Agent") == 0))
			continue;
		if (!has_authorization && strcasecmp(h->name, "Authorization") == 0)
			continue;
		mp_buf_addf(out, "%s: ", h->name);
		add_clean(out, h->value ? h->value : "");
		mp_buf_adds(out, "\r\n");
	}
	mp_buf_adds(out, "Connection: close\r\n\r\n");
}

/* ---- answers -------------------------------------------------------------------------------- */

static void broken(struct mp_http_answer *a, const char *why)
{
	a->state = MP_HTTP_BROKEN;
	a->broken = why;
}

/* "HTTP/1.x NNN ..." */
static void take_status(struct mp_http_answer *a)
{
	const char *l = a->line;

	if (a->line_len < 12 || memcmp(l, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)l[7]) ||
	    l[8] != ' ') {
		broken(a, "malformed HTTP response");
		return;
	}
	a->status = 0;
	for (int i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)l[i])) {
			broken(a, "malformed HTTP status code");
			return;
		}
		a->status = a->status * 10 + (l[i] - '0');
	}
	if (a->line_len > 12 && l[12] != ' ') {
		broken(a, "malformed HTTP status code");
		return;
	}
	a->state = MP_HTTP_HEADERS;
}

static void take_header(struct mp_http_answer *a)
{
	char *colon = memchr(a->line, ':', a->line_len);
	char *value = colon ? colon + 1 : NULL;

	if (!colon || colon == a->line) {
		broken(a, "malformed MIME header line");
		return;
	}
	*colon = '\0';
	value += strspn(value, " \t");
	for (size_t n = strlen(value); n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
		value[n - 1] = '\0';
	if (strcasecmp(a->line, "Location") == 0) {
		struct mp_buf location = MP_BUF(a->location);

		a->location[0] = '\0';
		mp_buf_adds(&location, value);
		a->is_location_cut = location.is_cut;
	} else if (strcasecmp(a->line, "Transfer-Encoding") == 0) {
		a->is_chunked = strcasecmp(value, "chunked") == 0;
	} else if (strcasecmp(a->line, "Content-Length") == 0) {
		char *end;

		a->left = strtoull(value, &end, 10);
		a->has_length = isdigit((unsigned char)value[0]) && *end == '\0';
		if (!a->has_length)
			broken(a, "bad Content-Length");
	}
}

static void end_headers(struct mp_http_answer *a)
{
	if (a->status >= 100 && a->status < 200) {
		/* Provisional: the real answer follows. 101 is none we asked for. */
		a->state = MP_HTTP_STATUS_LINE;
		a->has_length = a->is_chunked = false;
	} else if (a->status == 204 || a->status == 304) {
		a->state = MP_HTTP_DONE;
	} else if (a->is_chunked) {
		a->state = MP_HTTP_CHUNK_SIZE;
	} else if (a->has_length) {
		a->state = a->left > 0 ? MP_HTTP_BODY_LENGTH : MP_HTTP_DONE;
	} else {
		a->state = MP_HTTP_BODY_CLOSE;
	}
}

static void take_chunk_size(struct mp_http_answer *a)
{
	char *end;

	if (!isxdigit((unsigned char)a->line[0]) || a->line_len > 64) {
		broken(a, "malformed chunked encoding");
		return;
	}
	a->left = strtoull(a->line, &end, 16);
	end += strspn(end, " \t");
	if (*end != '\0' && *end != ';')
		broken(a, "malformed chunked encoding");
	else
		a->state = a->left > 0 ? MP_HTTP_CHUNK_DATA : MP_HTTP_TRAILERS;
}

/* One whole line without its end, NUL-terminated, in a->line. */
static void take_line(struct mp_http_answer *a)
{
	if (a->line_len > 0 && a->line[a->line_len - 1] == '\r')
		a->line_len--;
	a->line[a->line_len] = '\0';
	if (memchr(a->line, '\0', a->line_len)) {
		broken(a, "malformed HTTP response");
		return;
	}
	switch (a->state) {
	case MP_HTTP_STATUS_LINE:
		take_status(a);
		break;
	case MP_HTTP_HEADERS:
		if (a->line_len == 0)
			end_headers(a);
		else if (a->line[0] != ' ' && a->line[0] != '\t') /* a folded line is skipped */
			take_header(a);
		break;
	case MP_HTTP_CHUNK_SIZE:
		take_chunk_size(a);
		break;
	case MP_HTTP_CHUNK_END:
		a->state = MP_HTTP_CHUNK_SIZE;
		if (a->line_len > 0)
			broken(a, "malformed chunked encoding");
		break;
	case MP_HTTP_TRAILERS:
		if (a->line_len == 0)
			a->state = MP_HTTP_DONE;
		break;
	case MP_HTTP_BODY_LENGTH:
	case MP_HTTP_BODY_CLOSE:
	case MP_HTTP_CHUNK_DATA:
	case MP_HTTP_DONE:
	case MP_HTTP_BROKEN:
		break;
	}
	a->line_len = 0;
}

static void take_body(struct mp_http_answer *a, const char *bytes, size_t len)
{
	const size_t room = MP_HTTP_BODY_MAX - a->body_len;
	const size_t n = len < room ? len : room;

	memcpy(a->body + a->body_len, bytes, n);
	a->body_len += n;
	a->body[a->body_len] = '\0';
	/* Enough is known; the rest is not waited for. */
	if (a->body_len == MP_HTTP_BODY_MAX)
		a->state = MP_HTTP_DONE;
}

static void take_line_byte(struct mp_http_answer *a, char c)
{
	if (++a->header_bytes > MP_HTTP_HEADER_MAX || a->line_len + 1 >= sizeof(a->line)) {
		broken(a, "server response headers exceeded the limit");
		return;
	}
	if (c == '\n')
		take_line(a);
	else
		a->line[a->line_len++] = c;
}

void mp_http_feed(struct mp_http_answer *a, const char *bytes, size_t len)
{
	while (len > 0 && a->state != MP_HTTP_DONE && a->state != MP_HTTP_BROKEN) {
		size_t n = 1;

		if (a->state == MP_HTTP_BODY_CLOSE) {
			n = len;
			take_body(a, bytes, n);
		} else if (a->state == MP_HTTP_BODY_LENGTH || a->state == MP_HTTP_CHUNK_DATA) {
			n = len < a->left ? len : (size_t)a->left;
			a->left -= n;
			take_body(a, bytes, n);
			if (a->left == 0 && a->state == MP_HTTP_BODY_LENGTH)
				a->state = MP_HTTP_DONE;
			else if (a->left == 0 && a->state == MP_HTTP_CHUNK_DATA)
				a->state = MP_HTTP_CHUNK_END;
		} else {
			take_line_byte(a, *bytes);
		}
		bytes += n;
		len -= n;
	}
}

void mp_http_eof(struct mp_http_answer *a)
{
	if (a->state == MP_HTTP_BODY_CLOSE)
		a->state = MP_HTTP_DONE;
	else if (a->state != MP_HTTP_DONE && a->state != MP_HTTP_BROKEN)
		broken(a, a->status > 0 && a->state != MP_HTTP_HEADERS ? "unexpected EOF" : "EOF");
}

/* ---- redirects -------------------------------------------------------------------------------- */

bool mp_http_is_redirect(const struct mp_http_answer *a)
{
	switch (a->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return a->location[0] != '\0' && !a->is_location_cut;
	default:
		return false;
	}
}

/* "host", "host:port", "[v6]:port" up to the path. */
static bool parse_authority(const char *text, size_t len, struct mp_http_url *ret)
{
	const char *end = text + len;
	const char *at = memrchr(text, '@', len);
	const char *close, *port;

	if (at)
		text = at + 1;
	close = *text == '[' ? memchr(text, ']', (size_t)(end - text)) : NULL;
	if (*text == '[' && !close)
		return false;

	const char *from = close ? close + 1 : text;

	port = memrchr(from, ':', (size_t)(end - from));

	const char *host = close ? text + 1 : text;
	const char *host_end = close ? close : port ? port : end;
	const size_t n = (size_t)(host_end - host);

	if (n == 0 || n >= sizeof(ret->host))
		return false;
	memcpy(ret->host, host, n);
	ret->host[n] = '\0';
	ret->port = ret->is_https ? 443 : 80;
	if (port && port + 1 < end) {
		char *stop;
		const long v = strtol(port + 1, &stop, 10);

		if (stop != end || v < 1 || v > 65535)
			return false;
		ret->port = (int)v;
	}
	return true;
}

bool mp_http_resolve(const struct mp_http_url *base, const char *location, struct mp_http_url *ret)
{
	struct mp_http_url url = *base;
	const char *rest = location;
	struct mp_buf path = MP_BUF(url.path);
	bool has_authority = false;

	if (strncasecmp(rest, "http://", 7) == 0) {
		url.is_https = false;
		rest += 7;
		has_authority = true;
	} else if (strncasecmp(rest, "https://", 8) == 0) {
		url.is_https = true;
		rest += 8;
		has_authority = true;
	} else if (rest[0] == '/' && rest[1] == '/') {
		rest += 2;
		has_authority = true;
	} else if (strcspn(rest, ":/?#") < strlen(rest) && rest[strcspn(rest, ":/?#")] == ':') {
		return false; /* another scheme */
	}
	if (has_authority) {
		const size_t len = strcspn(rest, "/?#");

		if (!parse_authority(rest, len, &url))
			return false;
		rest += len;
		url.path[0] = '\0';
		mp_buf_addf(&path, "%s%s", rest[0] == '/' ? "" : "/", rest);
	} else if (rest[0] == '/') {
		url.path[0] = '\0';
		mp_buf_adds(&path, rest);
	} else if (rest[0] != '\0') {
		/* Relative to the directory of the base path, or its query replaced. */
		size_t keep = strcspn(base->path, "?#");

		while (rest[0] != '?' && keep > 0 && base->path[keep - 1] != '/')
			keep--;
		path.len = keep;
		url.path[keep] = '\0';
		mp_buf_adds(&path, rest);
	}
	if (path.is_cut)
		return false;
	*ret = url;
	return true;
}
