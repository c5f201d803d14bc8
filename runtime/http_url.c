/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http_url.h"

#include <stdlib.h>
#include <string.h>

/* A reference taken apart; the pieces point into the text. */
struct parts {
	const char *scheme;
	size_t scheme_len;
	bool is_opaque; /* "mailto:somebody" */
	bool has_authority;
	const char *host;
	size_t host_len;
	const char *port; /* NULL: none */
	size_t port_len;
	const char *path;
	size_t path_len;
	bool has_query;
	const char *query;
	size_t query_len;
};

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void authority_text(const struct mp_http_url *url, bool with_port, struct mp_buf *out)
{
	const bool is_v6 = strchr(url->host, ':') != NULL;

	mp_buf_addf(out, "%s%s%s", is_v6 ? "[" : "", url->host, is_v6 ? "]" : "");
	if (with_port)
		mp_buf_addf(out, ":%d", url->port);
}

void mp_http_authority_text(const struct mp_http_url *url, struct mp_buf *out)
{
	authority_text(url, url->has_port, out);
}

void mp_http_target_text(const struct mp_http_url *url, struct mp_buf *out)
{
	authority_text(url, true, out);
}

void mp_http_url_text(const struct mp_http_url *url, struct mp_buf *out)
{
	mp_buf_adds(out, url->is_https ? "https://" : "http://");
	mp_http_authority_text(url, out);
	mp_buf_adds(out, url->path);
}

/* ---- taking apart ------------------------------------------------------------------------- */

/* The place of a '%' without two hexadecimal digits behind it, or NULL. */
static const char *bad_escape(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] != '%')
			continue;
		if (i + 2 >= len || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
			return text + i;
		i += 2;
	}
	return NULL;
}

static bool check_escapes(const char *text, size_t len, struct mp_buf *why)
{
	const char *at = bad_escape(text, len);

	if (!at)
		return true;

	const size_t left = len - (size_t)(at - text);

	mp_buf_adds(why, "invalid URL escape ");
	mp_buf_addq(why, at, left < 3 ? left : 3);
	return false;
}

static bool check_port(const char *port, size_t len, struct mp_buf *why)
{
	bool is_ok = len == 0 || port[0] == ':';

	for (size_t i = 1; is_ok && i < len; i++)
		is_ok = is_digit(port[i]);
	if (is_ok)
		return true;
	mp_buf_adds(why, "invalid port ");
	mp_buf_addq(why, port, len);
	mp_buf_adds(why, " after host");
	return false;
}

/* "host", "host:port", "[v6]:port"; what stands before an '@' is dropped. */
static bool take_authority(const char *text, size_t len, struct parts *ret, struct mp_buf *why)
{
	const char *end = text + len;
	const char *at = memrchr(text, '@', len);
	const char *port = end;

	if (at)
		text = at + 1;
	ret->has_authority = true;
	ret->host = text;
	ret->host_len = (size_t)(end - text);
	if (text < end && *text == '[') {
		const char *close = memrchr(text, ']', (size_t)(end - text));

		if (!close) {
			mp_buf_adds(why, "missing ']' in host");
			return false;
		}
		port = close + 1;
		ret->host = text + 1;
		ret->host_len = (size_t)(close - ret->host);
	} else {
		const char *colon = memrchr(text, ':', (size_t)(end - text));

		if (colon) {
			port = colon;
			ret->host_len = (size_t)(colon - text);
		}
	}
	if (!check_port(port, (size_t)(end - port), why))
		return false;
	if (port + 1 < end) {
		ret->port = port + 1;
		ret->port_len = (size_t)(end - ret->port);
	}
	for (size_t i = 0; i < ret->host_len; i++) {
		const char c = ret->host[i];

		if (c == '%')
			return check_escapes(ret->host + i, 1, why);
		if (strchr(" \\^`{|}/?#@", c)) {
			mp_buf_adds(why, "invalid character ");
			mp_buf_addq(why, &c, 1);
			mp_buf_adds(why, " in host name");
			return false;
		}
	}
	return true;
}

/* "scheme:", or nothing; "missing protocol scheme" when it begins with the colon. */
static bool take_scheme(const char **text, size_t *len, struct parts *ret, struct mp_buf *why)
{
	for (size_t i = 0; i < *len; i++) {
		const char c = (*text)[i];

		if (is_alpha(c) || (i > 0 && (is_digit(c) || strchr("+-.", c))))
			continue;
		if (c != ':')
			return true;
		if (i == 0) {
			mp_buf_adds(why, "missing protocol scheme");
			return false;
		}
		ret->scheme = *text;
		ret->scheme_len = i;
		*text += i + 1;
		*len -= i + 1;
		return true;
	}
	return true;
}

static bool take_path(const char *text, size_t len, struct parts *ret, struct mp_buf *why)
{
	if (len == 0 || text[0] != '/') {
		const char *slash = memchr(text, '/', len);
		const size_t first = slash ? (size_t)(slash - text) : len;

		if (ret->scheme) {
			ret->is_opaque = true;
			return true;
		}
		/* "cache_object:foo" is more likely a broken scheme than a path. */
		if (memchr(text, ':', first)) {
			mp_buf_adds(why, "first path segment in URL cannot contain colon");
			return false;
		}
	} else if (len >= 2 && text[1] == '/' && (ret->scheme || len < 3 || text[2] != '/')) {
		const char *slash;

		text += 2;
		len -= 2;
		slash = memchr(text, '/', len);

		const size_t host_len = slash ? (size_t)(slash - text) : len;

		if (!take_authority(text, host_len, ret, why))
			return false;
		text += host_len;
		len -= host_len;
	}
	ret->path = text;
	ret->path_len = len;
	return check_escapes(text, len, why);
}

static bool take_apart(const char *text, struct parts *ret, struct mp_buf *why)
{
	size_t len = strcspn(text, "#");

	*ret = (struct parts){ .path = "" };
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < 0x20U || text[i] == 0x7f) {
			mp_buf_adds(why, "net/url: invalid control character in URL");
			return false;
		}
	}
	if (!take_scheme(&text, &len, ret, why))
		return false;

	const char *mark = memchr(text, '?', len);

	if (mark) {
		ret->has_query = true;
		ret->query = mark + 1;
		ret->query_len = len - (size_t)(mark + 1 - text);
		len = (size_t)(mark - text);
	}
	return take_path(text, len, ret, why);
}

/* ---- putting together --------------------------------------------------------------------- */

static bool is_unreserved(char c)
{
	return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("-_.~", c));
}

/* May stand in a path that its writer has escaped already. */
static bool is_path_char(char c)
{
	return is_unreserved(c) || (c != '\0' && strchr("$&+,/:;=@!'()*[]%", c));
}

static void add_escaped(struct mp_buf *out, char c)
{
	if (is_unreserved(c) || (c != '\0' && strchr("$&+,/:;=@", c)))
		mp_buf_add(out, &c, 1);
	else
		mp_buf_addf(out, "%%%02X", (unsigned char)c);
}

/*
 * A path whose every byte may stand there is kept; any other is unescaped and escaped again from
 * its start. @is_text: '%' is a character like any other.
 */
static void add_path(struct mp_buf *out, const char *path, size_t len, bool is_text)
{
	bool is_valid = !is_text;

	for (size_t i = 0; is_valid && i < len; i++)
		is_valid = is_path_char(path[i]);
	if (is_valid) {
		mp_buf_add(out, path, len);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		char c = path[i];

		if (c == '%' && !is_text) {
			c = (char)(hex_value(path[i + 1]) * 16 + hex_value(path[i + 2]));
			i += 2;
		}
		add_escaped(out, c);
	}
}

/* A query is kept as it is, but for the blanks, which would break the request line. */
static void add_query(struct mp_buf *out, const struct parts *p)
{
	if (!p->has_query)
		return;
	mp_buf_adds(out, "?");
	for (size_t i = 0; i < p->query_len; i++) {
		if (p->query[i] == ' ')
			mp_buf_adds(out, "%20");
		else
			mp_buf_add(out, p->query + i, 1);
	}
}

bool mp_http_url_set_path(struct mp_http_url *url, const char *path)
{
	struct mp_buf out = MP_BUF(url->path);
	char why_text[256] = "";
	struct mp_buf why = MP_BUF(why_text);
	struct parts p;

	url->path[0] = '\0';
	if (!take_apart(path, &p, &why) || p.is_opaque) {
		mp_buf_adds(&out, path[0] == '/' ? "" : "/");
		add_path(&out, path, strlen(path), true);
	} else {
		mp_buf_adds(&out, p.path_len > 0 && p.path[0] == '/' ? "" : "/");
		add_path(&out, p.path, p.path_len, false);
		add_query(&out, &p);
	}
	return !out.is_cut;
}

/* Remove "." and ".." from the path in @out, which begins with '/'. RFC 3986, 5.2.4. */
static void remove_dots(struct mp_buf *out)
{
	char *const base = out->text;
	char *to = base;
	const char *from = base;

	while (*from) {
		const char *end = from + 1 + strcspn(from + 1, "/");
		const size_t n = (size_t)(end - from);
		const bool is_dot = n == 2 && from[1] == '.';
		const bool is_dots = n == 3 && from[1] == '.' && from[2] == '.';

		if (is_dots)
			while (to > base && *--to != '/')
				;
		if (!is_dot && !is_dots) {
			memmove(to, from, n);
			to += n;
		} else if (!*end) {
			*to++ = '/';
		}
		from = end;
	}
	if (to == base)
		*to++ = '/';
	*to = '\0';
	out->len = (size_t)(to - base);
}

static void set_path(struct mp_http_url *url, const struct mp_http_url *base, const struct parts *p,
		     struct mp_buf *out)
{
	const size_t base_path = strcspn(base->path, "?");
	size_t keep = base_path;

	url->path[0] = '\0';
	if (!p->has_authority && p->path_len == 0) {
		mp_buf_add(out, base->path, base_path);
		if (!p->has_query)
			mp_buf_adds(out, base->path + base_path);
	} else if (!p->has_authority && p->path[0] != '/') {
		while (keep > 0 && base->path[keep - 1] != '/')
			keep--;
		mp_buf_add(out, base->path, keep);
	}
	if (out->len == 0 && (p->path_len == 0 || p->path[0] != '/'))
		mp_buf_adds(out, "/");
	add_path(out, p->path, p->path_len, false);
	if (p->path_len > 0 || p->has_authority)
		remove_dots(out);
	add_query(out, p);
}

static bool set_authority(struct mp_http_url *url, const struct parts *p, struct mp_buf *why)
{
	unsigned long port = 0;

	if (p->host_len >= sizeof(url->host)) {
		mp_buf_adds(why, "host name is too long");
		return false;
	}
	memcpy(url->host, p->host_len > 0 ? p->host : "", p->host_len);
	url->host[p->host_len] = '\0';
	url->has_port = p->port_len > 0;
	url->port = url->is_https ? 443 : 80;
	if (!url->has_port)
		return true;
	for (size_t i = 0; i < p->port_len && port <= 65535; i++)
		port = port * 10 + (unsigned long)(p->port[i] - '0');
	if (port < 1 || port > 65535) {
		mp_buf_adds(why, "invalid port ");
		mp_buf_addq(why, p->port, p->port_len);
		return false;
	}
	url->port = (int)port;
	return true;
}

static void set_scheme(struct mp_http_location *l, const struct mp_http_url *base,
		       const struct parts *p)
{
	struct mp_buf out = MP_BUF(l->scheme);

	if (!p->scheme) {
		mp_buf_adds(&out, base->is_https ? "https" : "http");
		return;
	}
	l->is_absolute = true;
	for (size_t i = 0; i < p->scheme_len; i++) {
		const char c = p->scheme[i];
		const char lower = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;

		mp_buf_add(&out, &lower, 1);
	}
	l->url.is_https = strcmp(l->scheme, "https") == 0;
}

bool mp_http_url_resolve(const struct mp_http_url *base, const char *location,
			 struct mp_http_location *ret, struct mp_buf *why)
{
	struct mp_http_location l = { .url = *base };
	struct mp_buf path = MP_BUF(l.url.path);
	char text[512] = "";
	struct mp_buf reason = MP_BUF(text);
	struct parts p;
	bool is_ok = take_apart(location, &p, &reason);

	if (is_ok) {
		set_scheme(&l, base, &p);
		if (p.scheme || p.has_authority)
			is_ok = set_authority(&l.url, &p, &reason);
	}
	if (is_ok && !p.is_opaque) {
		/* A scheme of its own: nothing of the base is used any more. */
		p.has_authority = p.has_authority || p.scheme;
		set_path(&l.url, base, &p, &path);
		is_ok = !path.is_cut;
		if (!is_ok)
			mp_buf_adds(&reason, "URL is too long");
	}
	if (!is_ok) {
		mp_buf_adds(why, "parse ");
		mp_buf_addq(why, location, strlen(location));
		mp_buf_addf(why, ": %s", text);
		return false;
	}
	*ret = l;
	return true;
}
