/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of manifests and Locations of answers, read as Go's net/url reads them. */
#include "runtime/http_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *text_of(const struct mp_http_url *url)
{
	static char text[8192];
	struct mp_buf out = MP_BUF(text);

	text[0] = '\0';
	mp_http_url_text(url, &out);
	return text;
}

static void the_path_of_a_manifest_becomes_a_request_line(void **unused)
{
	static const struct {
		const char *path, *escaped;
	} rows[] = {
		{ "/", "/" },
		{ "", "/" },
		{ "healthz", "/healthz" },
		{ "/healthz?full=1&x=%zz", "/healthz?full=1&x=%zz" },
		{ "/a b", "/a%20b" },
		{ "/a?b c", "/a?b%20c" },
		{ "/a?", "/a?" },
		{ "?q", "/?q" },
		{ "/a#frag?x", "/a" },
		{ "/a/../b", "/a/../b" }, /* sent as written */
		{ "/%2F%41", "/%2F%41" },
		{ "/!'()*[]", "/!'()*[]" },
		{ "/a%2Fb c!", "/a/b%20c%21" },
		{ "/\"<>\\^`{|}", "/%22%3C%3E%5C%5E%60%7B%7C%7D" },
		{ "/caf\xc3\xa9", "/caf%C3%A9" },
		/* No URL reference: a path, byte by byte. */
		{ "/50%", "/50%25" },
		{ "/a%zz?b#c", "/a%25zz%3Fb%23c" },
		{ "/a\tb", "/a%09b" },
		{ "a:b", "/a:b" },
		{ ":a", "/:a" },
		{ "1a:b/c", "/1a:b/c" },
		/* A whole URL: its path counts. */
		{ "http://elsewhere/x?y", "/x?y" },
		{ "//elsewhere/x", "/x" },
		{ "///x", "///x" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct mp_http_url url = { .port = 1 };

		assert_true(mp_http_url_set_path(&url, rows[i].path));
		assert_string_equal(url.path, rows[i].escaped);
	}
}

static void a_path_too_long_is_refused_and_not_cut(void **unused)
{
	static char path[MP_HTTP_PATH_MAX + 8];
	struct mp_http_url url = { .port = 1 };

	(void)unused;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	assert_false(mp_http_url_set_path(&url, path));
	path[MP_HTTP_PATH_MAX - 1] = '\0';
	assert_true(mp_http_url_set_path(&url, path));
	path[1] = ' ';
	assert_false(mp_http_url_set_path(&url, path));
}

static void addresses_of_version_six_stand_in_brackets(void **unused)
{
	const struct mp_http_url url = {
		.is_https = true, .host = "fd00::5", .port = 443, .has_port = true, .path = "/"
	};
	const struct mp_http_url bare = { .host = "fd00::5", .port = 80, .path = "/" };
	char text[64] = "";
	struct mp_buf out = MP_BUF(text);

	(void)unused;
	assert_string_equal(text_of(&url), "https://[fd00::5]:443/");
	assert_string_equal(text_of(&bare), "http://[fd00::5]/");
	mp_http_target_text(&bare, &out);
	assert_string_equal(text, "[fd00::5]:80");
}

static void locations_are_followed_as_rfc_3986_says(void **unused)
{
	static const struct {
		const char *location, *url;
	} rows[] = {
		{ "/x", "http://10.0.0.5:8080/x" },
		{ "x", "http://10.0.0.5:8080/a/b/x" },
		{ "./x/", "http://10.0.0.5:8080/a/b/x/" },
		{ "../x", "http://10.0.0.5:8080/a/x" },
		{ "../../../x", "http://10.0.0.5:8080/x" },
		{ "/a/./b/../c", "http://10.0.0.5:8080/a/c" },
		{ "/a/b/..", "http://10.0.0.5:8080/a/" },
		{ "/..", "http://10.0.0.5:8080/" },
		{ ".", "http://10.0.0.5:8080/a/b/" },
		{ "?r", "http://10.0.0.5:8080/a/b/c?r" },
		{ "?", "http://10.0.0.5:8080/a/b/c?" },
		{ "#f", "http://10.0.0.5:8080/a/b/c?q" },
		{ "/x?y=/../z", "http://10.0.0.5:8080/x?y=/../z" },
		{ "/x y", "http://10.0.0.5:8080/x%20y" },
		{ "//h", "http://h/" },
		{ "//h:81/p", "http://h:81/p" },
		{ "http://10.0.0.5", "http://10.0.0.5/" },
		{ "HTTPS://10.0.0.5/s", "https://10.0.0.5/s" },
		{ "http://10.0.0.5:9?q", "http://10.0.0.5:9/?q" },
		{ "http://10.0.0.5:/p", "http://10.0.0.5/p" },
		{ "http://user:word@h/p", "http://h/p" },
		{ "http://[fd00::1]:7/p", "http://[fd00::1]:7/p" },
		{ "http://[fd00::1]/p", "http://[fd00::1]/p" },
	};
	struct mp_http_url base = {
		.host = "10.0.0.5", .port = 8080, .has_port = true, .path = "/a/b/c?q"
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char why_text[512] = "";
		struct mp_buf why = MP_BUF(why_text);
		struct mp_http_location to;

		assert_true(mp_http_url_resolve(&base, rows[i].location, &to, &why));
		assert_string_equal(text_of(&to.url), rows[i].url);
	}
}

static void locations_say_where_and_how(void **unused)
{
	const struct mp_http_url base = {
		.is_https = true, .host = "h", .port = 8443, .has_port = true, .path = "/"
	};
	char why_text[512] = "";
	struct mp_buf why = MP_BUF(why_text);
	struct mp_http_location to;

	(void)unused;
	assert_true(mp_http_url_resolve(&base, "http://h/", &to, &why));
	assert_true(to.is_absolute);
	assert_int_equal(to.url.port, 80);
	assert_true(mp_http_url_resolve(&base, "//h/", &to, &why));
	assert_false(to.is_absolute);
	assert_true(to.url.is_https);
	assert_int_equal(to.url.port, 443);
	assert_true(mp_http_url_resolve(&base, "/p", &to, &why));
	assert_int_equal(to.url.port, 8443);
	assert_string_equal(to.scheme, "https");
	assert_true(mp_http_url_resolve(&base, "FTP://h/", &to, &why));
	assert_string_equal(to.scheme, "ftp");
	assert_true(mp_http_url_resolve(&base, "mailto:somebody", &to, &why));
	assert_string_equal(to.scheme, "mailto");
	assert_string_equal(to.url.host, "");
}

static void locations_that_cannot_be_are_told_in_go_s_words(void **unused)
{
	static const struct {
		const char *location, *why;
	} rows[] = {
		{ "http://a:b/", "parse \"http://a:b/\": invalid port \":b\" after host" },
		{ "http://a:1:2/", NULL }, /* Go splits at the last colon and is content */
		{ "http://[::1/", "parse \"http://[::1/\": missing ']' in host" },
		{ "http://[::1]x/", "parse \"http://[::1]x/\": invalid port \"x\" after host" },
		{ "http://a b/", "parse \"http://a b/\": invalid character \" \" in host name" },
		{ "http://a:99999/", "parse \"http://a:99999/\": invalid port \"99999\"" },
		{ "http://a:0/", "parse \"http://a:0/\": invalid port \"0\"" },
		{ "/%zz", "parse \"/%zz\": invalid URL escape \"%zz\"" },
		{ "/a%4", "parse \"/a%4\": invalid URL escape \"%4\"" },
		{ ":x", "parse \":x\": missing protocol scheme" },
		{ "1:x", "parse \"1:x\": first path segment in URL cannot contain colon" },
		{ "/a\x7f", "parse \"/a\\x7f\": net/url: invalid control character in URL" },
		{ "/a\x01", "parse \"/a\\x01\": net/url: invalid control character in URL" },
	};
	const struct mp_http_url base = { .host = "h", .port = 80, .path = "/" };

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char why_text[512] = "";
		struct mp_buf why = MP_BUF(why_text);
		struct mp_http_location to;
		const bool is_ok = mp_http_url_resolve(&base, rows[i].location, &to, &why);

		assert_int_equal(is_ok, rows[i].why == NULL);
		assert_string_equal(why_text, rows[i].why ? rows[i].why : "");
	}
}

/* Put @text over what is there, without its end. */
static void overlay(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
}

static void long_locations_are_refused(void **unused)
{
	static char location[MP_HTTP_PATH_MAX];
	struct mp_http_url base = { .host = "h", .port = 80, .path = "/dir/dir/dir/x" };
	char why_text[8192] = "";
	struct mp_buf why = MP_BUF(why_text);
	struct mp_http_location to;

	(void)unused;
	memset(location, 'a', sizeof(location) - 1);
	assert_false(mp_http_url_resolve(&base, location, &to, &why));
	assert_non_null(strstr(why_text, "URL is too long"));
	overlay(location, "http://");
	why.len = 0;
	assert_false(mp_http_url_resolve(&base, location, &to, &why));
	assert_non_null(strstr(why_text, "host name is too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_of_a_manifest_becomes_a_request_line),
		cmocka_unit_test(a_path_too_long_is_refused_and_not_cut),
		cmocka_unit_test(addresses_of_version_six_stand_in_brackets),
		cmocka_unit_test(locations_are_followed_as_rfc_3986_says),
		cmocka_unit_test(locations_say_where_and_how),
		cmocka_unit_test(locations_that_cannot_be_are_told_in_go_s_words),
		cmocka_unit_test(long_locations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
