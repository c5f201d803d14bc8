/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* tchar of RFC 9110. */
static bool is_token_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_value_char(char c)
{
	return c == '\t' || ((unsigned char)c >= 0x20U && c != 0x7f);
}

/* ---- requests ----------------------------------------------------------------------------- */

static const struct mp_http_header *find(const struct mp_http_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (strcasecmp(r->headers[i].name, name) == 0)
			return &r->headers[i];
	return NULL;
}

/* "x-token" becomes "X-Token", the form in which Go sends every header. */
static void add_name(struct mp_buf *out, const char *name)
{
	bool is_upper = true;

	for (; *name; name++) {
		char c = *name;

		if (is_upper && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!is_upper && c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		mp_buf_add(out, &c, 1);
		is_upper = c == '-';
	}
}

static void add_header(struct mp_buf *out, const char *name, const char *value)
{
	size_t len;

	value += strspn(value, " \t");
	len = strlen(value);
	while (len > 0 && strchr(" \t", value[len - 1]))
		len--;
	add_name(out, name);
	mp_buf_adds(out, ": ");
	mp_buf_add(out, value, len);
	mp_buf_adds(out, "\r\n");
}

bool mp_http_request_check(const struct mp_http_header *headers, size_t n_headers,
			   struct mp_buf *why)
{
	for (size_t i = 0; i < n_headers; i++) {
		const char *name = headers[i].name;
		const char *value = headers[i].value ? headers[i].value : "";
		bool is_name_ok = name[0] != '\0';

		for (const char *at = name; *at && is_name_ok; at++)
			is_name_ok = is_token_char(*at);
		while (*value && is_value_char(*value))
			value++;
		if (is_name_ok && !*value)
			continue;

		char shown_text[256] = "";
		struct mp_buf shown = MP_BUF(shown_text);

		add_name(&shown, name);
		mp_buf_adds(why, is_name_ok ? "net/http: invalid header field value for " :
					      "net/http: invalid header field name ");
		mp_buf_addq(why, shown.text, shown.len);
		return false;
	}
	return true;
}

/* A Host that cannot be one is sent empty. */
static void add_host(struct mp_buf *out, const struct mp_http_request *r)
{
	const struct mp_http_header *host = r->is_host_ignored ? NULL : find(r, "Host");
	const char *value = host && host->value ? host->value : "";

	mp_buf_adds(out, "Host: ");
	if (!*value) {
		mp_http_authority_text(r->url, out);
	} else {
		const char *at = value;

		while (*at && (is_token_char(*at) || strchr("(),:;=[]", *at)) &&
		       !strchr("#^`|", *at))
			at++;
		if (!*at)
			mp_buf_adds(out, value);
	}
	mp_buf_adds(out, "\r\n");
}

static bool has_word(const char *list, const char *word)
{
	const size_t n = strlen(word);

	while (*list) {
		list += strspn(list, " \t,");

		const size_t len = strcspn(list, " \t,");

		if (len == n && strncasecmp(list, word, n) == 0)
			return true;
		list += len;
	}
	return false;
}

static bool is_any(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcasecmp(name, *names) == 0)
			return true;
	return false;
}

static bool is_sent(const struct mp_http_request *r, const char *name)
{
	static const char *const elsewhere[] = { "Host",           "User-Agent",
						 "Content-Length", "Transfer-Encoding",
						 "Trailer",        NULL };
	static const char *const secrets[] = {
		"Www-Authenticate",   "Cookie", "Cookie2", "Proxy-Authorization",
		"Proxy-Authenticate", NULL
	};

	if (is_any(name, elsewhere))
		return false;
	if ((r->is_without_auth || r->is_without_secrets) && strcasecmp(name, "Authorization") == 0)
		return false;
	return !(r->is_without_secrets && is_any(name, secrets));
}

void mp_http_request_write(const struct mp_http_request *r, struct mp_buf *out)
{
	const struct mp_http_header *agent = find(r, "User-Agent");
	const struct mp_http_header *accept = find(r, "Accept");
	const struct mp_http_header *upgrade = find(r, "Upgrade");
	const bool has_accept = !accept || (accept->value && accept->value[0]);
	bool is_closing = false, is_switching = false;

	mp_buf_addf(out, "GET %s HTTP/1.1\r\n", r->url->path);
	add_host(out, r);
	if (!agent)
		add_header(out, "User-Agent", r->agent);
	else if (agent->value && agent->value[0]) /* an empty one asks for none */
		add_header(out, "User-Agent", agent->value);
	if (!accept)
		add_header(out, "Accept", "*/*");
	if (r->referer && !find(r, "Referer"))
		add_header(out, "Referer", r->referer);
	for (size_t i = 0; i < r->n_headers; i++) {
		const char *name = r->headers[i].name;
		const char *value = r->headers[i].value ? r->headers[i].value : "";

		if (!is_sent(r, name) || (!has_accept && strcasecmp(name, "Accept") == 0))
			continue;
		if (strcasecmp(name, "Connection") == 0) {
			is_closing = is_closing || has_word(value, "close");
			is_switching = is_switching || (upgrade && has_word(value, "upgrade"));
		}
		add_header(out, name, value);
	}
	if (!is_closing && !is_switching)
		add_header(out, "Connection", "close");
	mp_buf_adds(out, "\r\n");
}

/* ---- answers ------------------------------------------------------------------------------ */

static struct mp_buf begin_broken(struct mp_http_answer *a, const char *why)
{
	struct mp_buf out = MP_BUF(a->broken);

	a->state = MP_HTTP_BROKEN;
	a->broken[0] = '\0';
	mp_buf_adds(&out, why);
	return out;
}

static void broken(struct mp_http_answer *a, const char *why)
{
	(void)begin_broken(a, why);
}

/* What the answer said is quoted, as far as it helps. */
static void broken_quoted(struct mp_http_answer *a, const char *why, const char *text, size_t len)
{
	struct mp_buf out = begin_broken(a, why);

	mp_buf_adds(&out, " ");
	mp_buf_addq(&out, text, len < 80 ? len : 80);
}

static void broken_header(struct mp_http_answer *a)
{
	struct mp_buf out = begin_broken(a, "malformed MIME header line: ");

	mp_buf_add(&out, a->line, a->line_len < 80 ? a->line_len : 80);
}

/* "HTTP/1.x NNN ..." */
static void take_status(struct mp_http_answer *a)
{
	const char *l = a->line;
	const char *blank = strchr(l, ' ');
	const char *code;
	size_t n;

	if (!blank || memchr(l, '\0', a->line_len)) {
		broken_quoted(a, "malformed HTTP response", l, a->line_len);
		return;
	}
	code = blank + strspn(blank, " ");
	n = strcspn(code, " ");
	if (n != 3 || !is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2])) {
		broken_quoted(a, "malformed HTTP status code", code, n);
		return;
	}
	if (blank - l != 8 || memcmp(l, "HTTP/", 5) != 0 || !is_digit(l[5]) || l[6] != '.' ||
	    !is_digit(l[7])) {
		broken_quoted(a, "malformed HTTP version", l, (size_t)(blank - l));
		return;
	}
	a->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
	a->is_http_1_0 = l[5] == '0' || (l[5] == '1' && l[7] == '0');
	a->has_header = a->has_length = a->is_chunked = false;
	a->state = MP_HTTP_HEADERS;
}

static void take_length(struct mp_http_answer *a, const char *value)
{
	unsigned long long length = 0;
	const char *at = value;

	if (!*value) {
		broken(a, "invalid empty Content-Length");
		return;
	}
	for (; is_digit(*at) && length < (1ULL << 58); at++)
		length = length * 10 + (unsigned long long)(*at - '0');
	if (*at)
		broken_quoted(a, "bad Content-Length", value, strlen(value));
	else if (a->has_length && a->length != length)
		broken(a, "http: message cannot contain multiple Content-Length headers");
	a->has_length = true;
	a->length = length;
}

static void take_encoding(struct mp_http_answer *a, const char *value)
{
	if (a->is_http_1_0)
		return;
	if (a->is_chunked) {
		broken(a, "too many transfer encodings");
	} else if (strcasecmp(value, "chunked") != 0) {
		broken_quoted(a, "unsupported transfer encoding:", value, strlen(value));
	}
	a->is_chunked = true;
}

static void take_header(struct mp_http_answer *a)
{
	char *colon = memchr(a->line, ':', a->line_len);
	size_t len = a->line_len;
	char *value;

	if (!a->has_header && (a->line[0] == ' ' || a->line[0] == '\t')) {
		broken_header(a);
		return;
	}
	a->has_header = true;
	/* A folded line goes on with a value that is none of those we read. */
	if (a->line[0] == ' ' || a->line[0] == '\t')
		return;
	if (!colon) {
		broken_quoted(a, "malformed MIME header: missing colon:", a->line, len);
		return;
	}
	for (const char *at = a->line; at < colon; at++) {
		if (!is_token_char(*at) && *at != ' ') {
			broken_header(a);
			return;
		}
	}
	for (const char *at = colon + 1; at < a->line + len; at++) {
		if (!is_value_char(*at)) {
			broken_header(a);
			return;
		}
	}
	if (colon == a->line) {
		broken_header(a);
		return;
	}
	while (strchr(" \t", a->line[len - 1]))
		a->line[--len] = '\0';
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	if (strcasecmp(a->line, "Location") == 0 && !a->has_location) {
		struct mp_buf location = MP_BUF(a->location);

		a->location[0] = '\0';
		mp_buf_adds(&location, value);
		a->has_location = value[0] != '\0';
		a->is_location_cut = location.is_cut || a->is_line_cut;
	} else if (strcasecmp(a->line, "Transfer-Encoding") == 0) {
		take_encoding(a, value);
	} else if (strcasecmp(a->line, "Content-Length") == 0) {
		take_length(a, value);
	}
}

static void end_headers(struct mp_http_answer *a)
{
	if (a->status >= 100 && a->status < 200 && a->status != 101) {
		/* Provisional: the real answer follows. */
		a->state = MP_HTTP_STATUS_LINE;
		a->has_location = false;
		if (++a->n_provisional > MP_HTTP_1XX_MAX)
			broken(a, "net/http: too many 1xx informational responses");
		return;
	}
	a->has_head = true;
	a->left = a->length;
	if (a->status < 200 || a->status == 204 || a->status == 304)
		a->state = MP_HTTP_DONE;
	else if (a->is_chunked)
		a->state = MP_HTTP_CHUNK_SIZE;
	else if (a->has_length)
		a->state = a->left > 0 ? MP_HTTP_BODY_LENGTH : MP_HTTP_DONE;
	else
		a->state = MP_HTTP_BODY_CLOSE;
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

static void take_chunk_size(struct mp_http_answer *a)
{
	size_t len = strcspn(a->line, ";");

	while (len > 0 && strchr(" \t", a->line[len - 1]))
		len--;
	if (len == 0) {
		broken(a, "empty hex number for chunk length");
		return;
	}
	if (len > 15) {
		broken(a, "http chunk length too large");
		return;
	}
	a->left = 0;
	for (size_t i = 0; i < len; i++) {
		const int v = hex_value(a->line[i]);

		if (v < 0) {
			broken(a, "invalid byte in chunk length");
			return;
		}
		a->left = a->left * 16 + (unsigned long long)v;
	}
	a->state = a->left > 0 ? MP_HTTP_CHUNK_DATA : MP_HTTP_TRAILERS;
}

/* One whole line without its end, NUL-terminated, in a->line. */
static void take_line(struct mp_http_answer *a)
{
	const bool has_cr = a->line_len > 0 && a->line[a->line_len - 1] == '\r';

	if (has_cr)
		a->line_len--;
	a->line[a->line_len] = '\0';
	switch (a->state) {
	case MP_HTTP_STATUS_LINE:
		take_status(a);
		break;
	case MP_HTTP_HEADERS:
		if (a->line_len == 0)
			end_headers(a);
		else
			take_header(a);
		break;
	case MP_HTTP_CHUNK_SIZE:
		if (a->is_line_cut)
			broken(a, "header line too long");
		else if (!has_cr)
			broken(a, "chunked line ends with bare LF");
		else
			take_chunk_size(a);
		break;
	case MP_HTTP_CHUNK_END:
		if (a->line_len > 0 || !has_cr)
			broken(a, "malformed chunked encoding");
		else
			a->state = MP_HTTP_CHUNK_SIZE;
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
	a->is_line_cut = false;
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
	if (++a->header_bytes > MP_HTTP_HEADER_MAX) {
		struct mp_buf out = begin_broken(a, "net/http: server response headers exceeded ");

		mp_buf_addf(&out, "%d bytes; aborted", MP_HTTP_HEADER_MAX);
		return;
	}
	if (c == '\n')
		take_line(a);
	else if (a->state == MP_HTTP_CHUNK_END && a->line_len == 1)
		broken(a, "malformed chunked encoding");
	else if (a->line_len + 1 < sizeof(a->line))
		a->line[a->line_len++] = c;
	else
		a->is_line_cut = true;
}

void mp_http_feed(struct mp_http_answer *a, const char *bytes, size_t len)
{
	a->has_bytes = a->has_bytes || len > 0;
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
	if (a->state == MP_HTTP_DONE || a->state == MP_HTTP_BROKEN)
		return;
	if (a->state == MP_HTTP_BODY_CLOSE) {
		a->state = MP_HTTP_DONE;
		return;
	}
	if (!a->has_bytes) {
		broken(a, "EOF");
		return;
	}
	/* What is no answer is shown, line or not: perhaps it is another protocol. */
	if (a->state == MP_HTTP_STATUS_LINE && a->line_len > 0)
		take_line(a);
	if (a->state != MP_HTTP_BROKEN)
		broken(a, "unexpected EOF");
}

bool mp_http_is_redirect(const struct mp_http_answer *a)
{
	switch (a->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return a->has_location;
	default:
		return false;
	}
}
