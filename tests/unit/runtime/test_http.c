/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers of HTTP checks; URLs are in test_http_url.c. */
#include "runtime/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- requests ----------------------------------------------------------------------------- */

static struct mp_http_url url_of(const char *host, int port, const char *path)
{
	struct mp_http_url url = { .port = port, .has_port = true };
	struct mp_buf out = MP_BUF(url.host);

	mp_buf_adds(&out, host);
	assert_true(mp_http_url_set_path(&url, path));
	return url;
}

static const char *written(const struct mp_http_request *r)
{
	static char text[4096];
	struct mp_buf out = MP_BUF(text);

	text[0] = '\0';
	mp_http_request_write(r, &out);
	assert_false(out.is_cut);
	return text;
}

#define REQUEST(...)                                                                        \
	written(&(struct mp_http_request){ .url = &url,                                     \
					   .agent = "kube-probe/1.36",                      \
					   .headers = headers,                              \
					   .n_headers = sizeof(headers) / sizeof(*headers), \
					   ##__VA_ARGS__ })

static void a_plain_request_has_four_headers(void **unused)
{
	const struct mp_http_url url = url_of("10.88.0.5", 8080, "/healthz");
	const struct mp_http_url v6 = url_of("fd00::5", 80, "/");

	(void)unused;
	assert_string_equal(written(&(struct mp_http_request){ .url = &url, .agent = "a/1" }),
			    "GET /healthz HTTP/1.1\r\nHost: 10.88.0.5:8080\r\nUser-Agent: a/1\r\n"
			    "Accept: */*\r\nConnection: close\r\n\r\n");
	assert_string_equal(written(&(struct mp_http_request){ .url = &v6, .agent = "a/1" }),
			    "GET / HTTP/1.1\r\nHost: [fd00::5]:80\r\nUser-Agent: a/1\r\n"
			    "Accept: */*\r\nConnection: close\r\n\r\n");
}

static void headers_are_canonical_trimmed_and_repeated(void **unused)
{
	const struct mp_http_url url = url_of("h", 1, "/");
	const struct mp_http_header headers[] = {
		{ "x-a-bC", " 1\t" }, { "X-A-BC", "2" }, { "x-empty", "" }, { "X-None", NULL }
	};

	(void)unused;
	assert_string_equal(REQUEST(),
			    "GET / HTTP/1.1\r\nHost: h:1\r\nUser-Agent: kube-probe/1.36\r\n"
			    "Accept: */*\r\nX-A-Bc: 1\r\nX-A-Bc: 2\r\nX-Empty: \r\n"
			    "X-None: \r\nConnection: close\r\n\r\n");
}

static void agent_and_accept_may_be_replaced_or_emptied(void **unused)
{
	const struct mp_http_url url = url_of("h", 1, "/");

	(void)unused;
	{
		const struct mp_http_header headers[] = { { "user-agent", "curl" },
							  { "accept", "text/plain" },
							  { "User-Agent", "second" } };

		assert_string_equal(REQUEST(), "GET / HTTP/1.1\r\nHost: h:1\r\nUser-Agent: curl\r\n"
					       "Accept: text/plain\r\nConnection: close\r\n\r\n");
	}
	{
		const struct mp_http_header headers[] = { { "User-Agent", "" }, { "Accept", "" } };

		assert_string_equal(REQUEST(),
				    "GET / HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n\r\n");
	}
}

static void a_host_header_is_the_host_of_the_request(void **unused)
{
	const struct mp_http_url url = url_of("h", 1, "/");
	const struct mp_http_header headers[] = { { "host", "example.com" }, { "Host", "b" } };

	(void)unused;
	assert_non_null(strstr(REQUEST(), "\r\nHost: example.com\r\n"));
	assert_null(strstr(REQUEST(), "Host: b"));
	assert_non_null(strstr(REQUEST(.is_host_ignored = true), "\r\nHost: h:1\r\n"));
	{
		const struct mp_http_header bad[] = { { "Host", "a/b c" } };

		assert_non_null(
			strstr(written(&(struct mp_http_request){
				       .url = &url, .agent = "a", .headers = bad, .n_headers = 1 }),
			       "\r\nHost: \r\n"));
	}
}

static void framing_headers_are_not_for_the_manifest_to_set(void **unused)
{
	const struct mp_http_url url = url_of("h", 1, "/");
	const struct mp_http_header headers[] = { { "Content-Length", "5" },
						  { "transfer-encoding", "chunked" },
						  { "Trailer", "X" },
						  { "Connection", "keep-alive, Close" } };

	(void)unused;
	assert_string_equal(REQUEST(),
			    "GET / HTTP/1.1\r\nHost: h:1\r\nUser-Agent: kube-probe/1.36\r\n"
			    "Accept: */*\r\nConnection: keep-alive, Close\r\n\r\n");
}

static void an_upgrade_keeps_its_connection_header(void **unused)
{
	const struct mp_http_url url = url_of("h", 1, "/");
	const struct mp_http_header headers[] = { { "Connection", "Upgrade" },
						  { "Upgrade", "websocket" } };

	(void)unused;
	assert_null(strstr(REQUEST(), "close"));
}

static void secrets_stay_at_home(void **unused)
{
	const struct mp_http_url url = url_of("h", 1, "/");
	const struct mp_http_header headers[] = { { "authorization", "Basic eA==" },
						  { "Cookie", "c=1" },
						  { "X-Other", "o" } };

	(void)unused;
	assert_non_null(strstr(REQUEST(), "Authorization: Basic eA==\r\n"));
	assert_null(strstr(REQUEST(.is_without_auth = true), "Authorization"));
	assert_non_null(strstr(REQUEST(.is_without_auth = true), "Cookie: c=1\r\n"));
	assert_null(strstr(REQUEST(.is_without_secrets = true), "Authorization"));
	assert_null(strstr(REQUEST(.is_without_secrets = true), "Cookie"));
	assert_non_null(strstr(REQUEST(.is_without_secrets = true), "X-Other: o\r\n"));
	assert_non_null(strstr(REQUEST(.referer = "http://h:1/"), "Referer: http://h:1/\r\n"));
}

static void a_value_cannot_start_a_header_of_its_own(void **unused)
{
	static const struct {
		struct mp_http_header header;
		const char *why; /* NULL: fine */
	} rows[] = {
		{ { "x-a", "plain \t\xc3\xa9" }, NULL },
		{ { "x-a", NULL }, NULL },
		{ { "x-a", "1\r\nEvil: 2" }, "net/http: invalid header field value for \"X-A\"" },
		{ { "X-A", "1\n" }, "net/http: invalid header field value for \"X-A\"" },
		{ { "X-A", "\x7f" }, "net/http: invalid header field value for \"X-A\"" },
		{ { "x a", "" }, "net/http: invalid header field name \"X a\"" },
		{ { "", "" }, "net/http: invalid header field name \"\"" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[256] = "";
		struct mp_buf why = MP_BUF(text);

		assert_int_equal(mp_http_request_check(&rows[i].header, 1, &why),
				 rows[i].why == NULL);
		assert_string_equal(text, rows[i].why ? rows[i].why : "");
	}
}

/* ---- answers ------------------------------------------------------------------------------ */

/* Fed whole and byte by byte, an answer must come out the same. */
static struct mp_http_answer *answer_of(const char *text, size_t len, bool is_ended)
{
	static struct mp_http_answer whole, bytes;

	memset(&whole, 0, sizeof(whole));
	memset(&bytes, 0, sizeof(bytes));
	mp_http_feed(&whole, text, len);
	for (size_t i = 0; i < len; i++)
		mp_http_feed(&bytes, text + i, 1);
	if (is_ended) {
		mp_http_eof(&whole);
		mp_http_eof(&bytes);
	}
	assert_int_equal(whole.state, bytes.state);
	assert_int_equal(whole.status, bytes.status);
	assert_int_equal(whole.has_head, bytes.has_head);
	assert_int_equal(whole.body_len, bytes.body_len);
	assert_string_equal(whole.broken, bytes.broken);
	assert_memory_equal(whole.body, bytes.body, sizeof(whole.body));
	return &whole;
}

#define ANSWER(text) answer_of(text, sizeof(text) - 1, false)
#define ENDED(text)  answer_of(text, sizeof(text) - 1, true)

static void assert_body(const struct mp_http_answer *a, int status, const char *body)
{
	assert_string_equal(a->broken, "");
	assert_int_equal(a->state, MP_HTTP_DONE);
	assert_true(a->has_head);
	assert_int_equal(a->status, status);
	assert_string_equal(a->body, body);
}

static void bodies_end_by_length_chunk_or_close(void **unused)
{
	(void)unused;
	assert_body(ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello world"), 200,
		    "hello");
	assert_body(ANSWER("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), 200, "");
	assert_body(ANSWER("HTTP/1.0 200\nContent-Length:2\n\nhi"), 200, "hi");
	assert_body(ENDED("HTTP/1.1 500 Bad\r\n\r\nuntil the end"), 500, "until the end");
	assert_body(ANSWER("HTTP/1.1 204 None\r\nContent-Length: 9\r\n\r\n"), 204, "");
	assert_body(ANSWER("HTTP/1.1 304 Same\r\n\r\n"), 304, "");
	assert_body(ANSWER("HTTP/1.1 101 Switch\r\n\r\n"), 101, "");
	assert_body(ANSWER("HTTP/1.1 099 Low\r\n\r\n"), 99, "");
	assert_body(ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
			   "4\r\nabcd\r\n02 ;x=y\r\nef\r\n0\r\nT: 1\r\n\r\n"),
		    200, "abcdef");
	assert_body(
		ANSWER("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
		       "A\r\n0123456789\r\n0\r\n\r\n"),
		200, "0123456789");
	/* HTTP/1.0 knows no chunks. */
	assert_body(ENDED("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 200,
		    "0\r\n\r\n");
	assert_int_equal(ANSWER("HTTP/1.1 200 OK\r\n\r\nmore to come")->state, MP_HTTP_BODY_CLOSE);
}

static void provisional_answers_are_passed_over(void **unused)
{
	(void)unused;
	assert_body(ANSWER("HTTP/1.1 100 Continue\r\nContent-Length: 7\r\nLocation: /x\r\n\r\n"
			   "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"
			   "HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nok"),
		    302, "ok");
	assert_false(
		mp_http_is_redirect(ANSWER("HTTP/1.1 103 Hints\r\nLocation: /x\r\n\r\n"
					   "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")));
	assert_string_equal(
		ANSWER("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
		       "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n")
			->broken,
		"net/http: too many 1xx informational responses");
}

static void what_is_no_answer_is_told_in_go_s_words(void **unused)
{
	static const struct {
		const char *text, *broken;
	} rows[] = {
		{ "", "EOF" },
		{ "\r\n", "malformed HTTP response \"\"" },
		{ "hello\r\n", "malformed HTTP response \"hello\"" },
		{ "hello", "malformed HTTP response \"hello\"" },
		{ "\x15\x03\x01", "malformed HTTP response \"\\x15\\x03\\x01\"" },
		{ "HTTP/1.1\r\n", "malformed HTTP response \"HTTP/1.1\"" },
		{ "HTTP/1.1 20 OK\r\n", "malformed HTTP status code \"20\"" },
		{ "HTTP/1.1 2000 OK\r\n", "malformed HTTP status code \"2000\"" },
		{ "HTTP/1.1 2x0 OK\r\n", "malformed HTTP status code \"2x0\"" },
		{ "HTTP/1.1 -20 OK\r\n", "malformed HTTP status code \"-20\"" },
		{ "HTTP/11 200 OK\r\n", "malformed HTTP version \"HTTP/11\"" },
		{ "ICY 200 OK\r\n", "malformed HTTP version \"ICY\"" },
		{ "HTTP/1.1 200 OK", "unexpected EOF" },
		{ "HTTP/1.1 200 OK\r\nA: b\r\n", "unexpected EOF" },
		{ "HTTP/1.1 200 OK\r\n A: b\r\n", "malformed MIME header line:  A: b" },
		{ "HTTP/1.1 200 OK\r\nabc\r\n", "malformed MIME header: missing colon: \"abc\"" },
		{ "HTTP/1.1 200 OK\r\n: v\r\n", "malformed MIME header line: : v" },
		{ "HTTP/1.1 200 OK\r\nA(b: v\r\n", "malformed MIME header line: A(b: v" },
		{ "HTTP/1.1 200 OK\r\nA: \x01\r\n", "malformed MIME header line: A: \x01" },
		{ "HTTP/1.1 200 OK\r\nContent-Length:\r\n", "invalid empty Content-Length" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", "bad Content-Length \"-1\"" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n",
		  "bad Content-Length \"99999999999999999999\"" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
		  "http: message cannot contain multiple Content-Length headers" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
		  "unsupported transfer encoding: \"gzip\"" },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		  "too many transfer encodings" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct mp_http_answer *a =
			answer_of(rows[i].text, strlen(rows[i].text), true);

		assert_int_equal(a->state, MP_HTTP_BROKEN);
		assert_false(a->has_head);
		assert_string_equal(a->broken, rows[i].broken);
	}
}

static void a_body_may_break_after_its_head(void **unused)
{
	static const struct {
		const char *text, *broken;
	} rows[] = {
		{ "Content-Length: 5\r\n\r\nabcd", "unexpected EOF" },
		{ "Transfer-Encoding: chunked\r\n\r\n", "unexpected EOF" },
		{ "Transfer-Encoding: chunked\r\n\r\n3\r\nab", "unexpected EOF" },
		{ "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX", "unexpected EOF" },
		{ "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXY\r\n",
		  "malformed chunked encoding" },
		{ "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n", "malformed chunked encoding" },
		{ "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "invalid byte in chunk length" },
		{ "Transfer-Encoding: chunked\r\n\r\n\r\n", "empty hex number for chunk length" },
		{ "Transfer-Encoding: chunked\r\n\r\n;\r\n", "empty hex number for chunk length" },
		{ "Transfer-Encoding: chunked\r\n\r\n-1\r\n", "invalid byte in chunk length" },
		{ "Transfer-Encoding: chunked\r\n\r\n3\nabc", "chunked line ends with bare LF" },
		{ "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		  "http chunk length too large" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char text[256] = "";
		struct mp_buf out = MP_BUF(text);
		const struct mp_http_answer *a;

		mp_buf_addf(&out, "HTTP/1.1 200 OK\r\n%s", rows[i].text);
		a = answer_of(text, out.len, true);
		assert_int_equal(a->state, MP_HTTP_BROKEN);
		assert_true(a->has_head);
		assert_int_equal(a->status, 200);
		assert_string_equal(a->broken, rows[i].broken);
	}
}

/* Put @text over what is there, without its end. */
static void overlay(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
}

static void long_answers_are_bounded(void **unused)
{
	static char text[MP_HTTP_HEADER_MAX + 100];
	static const char head[] = "HTTP/1.1 200 OK\r\nX: ";
	struct mp_http_answer *a;

	(void)unused;
	/* The body: enough is enough. */
	memset(text, 'b', sizeof(text));
	overlay(text, "HTTP/1.1 200 OK\r\n\r\n");
	a = answer_of(text, 19 + MP_HTTP_BODY_MAX - 1, false);
	assert_int_equal(a->state, MP_HTTP_BODY_CLOSE);
	a = answer_of(text, 19 + MP_HTTP_BODY_MAX, false);
	assert_int_equal(a->state, MP_HTTP_DONE);
	assert_int_equal(a->body_len, MP_HTTP_BODY_MAX);
	/* A header longer than we keep is let pass. */
	memset(text, 'v', sizeof(text));
	overlay(text, head);
	overlay(text + 20000, "\r\nContent-Length: 1\r\n\r\nc");
	assert_body(answer_of(text, 20024, false), 200, "c");
	/* Headers without end are not. */
	memset(text, 'v', sizeof(text));
	overlay(text, head);
	a = answer_of(text, sizeof(text), false);
	assert_int_equal(a->state, MP_HTTP_BROKEN);
	assert_string_equal(a->broken,
			    "net/http: server response headers exceeded 1048576 bytes; aborted");
}

static void redirects_are_five_statuses_with_a_location(void **unused)
{
	static const int yes[] = { 301, 302, 303, 307, 308 };
	static const int no[] = { 200, 201, 300, 304, 305, 306, 400 };
	char text[5000];

	(void)unused;
	for (size_t i = 0; i < 5; i++) {
		struct mp_buf out = MP_BUF(text);
		const struct mp_http_answer *a;

		mp_buf_addf(&out, "HTTP/1.1 %d X\r\nlocation:  /a\t\r\nLocation: /b\r\n\r\n",
			    yes[i]);
		a = answer_of(text, out.len, false);
		assert_true(mp_http_is_redirect(a));
		assert_string_equal(a->location, "/a");
	}
	for (size_t i = 0; i < 7; i++) {
		struct mp_buf out = MP_BUF(text);

		mp_buf_addf(&out, "HTTP/1.1 %d X\r\nLocation: /a\r\n\r\n", no[i]);
		assert_false(mp_http_is_redirect(answer_of(text, out.len, false)));
	}
	assert_false(mp_http_is_redirect(ANSWER("HTTP/1.1 302 X\r\nLocation: \r\n\r\n")));
	assert_false(mp_http_is_redirect(ANSWER("HTTP/1.1 302 X\r\n\r\n")));
	memset(text, 'a', sizeof(text));
	overlay(text, "HTTP/1.1 302 X\r\nLocation: /");
	overlay(text + 4990, "\r\n\r\n");
	assert_true(answer_of(text, 4994, false)->is_location_cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_request_has_four_headers),
		cmocka_unit_test(headers_are_canonical_trimmed_and_repeated),
		cmocka_unit_test(agent_and_accept_may_be_replaced_or_emptied),
		cmocka_unit_test(a_host_header_is_the_host_of_the_request),
		cmocka_unit_test(framing_headers_are_not_for_the_manifest_to_set),
		cmocka_unit_test(an_upgrade_keeps_its_connection_header),
		cmocka_unit_test(secrets_stay_at_home),
		cmocka_unit_test(a_value_cannot_start_a_header_of_its_own),
		cmocka_unit_test(bodies_end_by_length_chunk_or_close),
		cmocka_unit_test(provisional_answers_are_passed_over),
		cmocka_unit_test(what_is_no_answer_is_told_in_go_s_words),
		cmocka_unit_test(a_body_may_break_after_its_head),
		cmocka_unit_test(long_answers_are_bounded),
		cmocka_unit_test(redirects_are_five_statuses_with_a_location),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
