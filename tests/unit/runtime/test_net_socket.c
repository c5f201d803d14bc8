/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of sockets that need no socket. */
#include "runtime/net_socket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_are_found_in_a_hosts_file(void **unused)
{
	static const char text[] =
		"# comment one\n"
		"127.0.0.1\tlocalhost\n"
		"10.0.0.7   web.example.com web # db\n"
		"\n"
		"  10.0.0.8 padded\r\n"
		"10.0.0.9 web\n"
		"11111111112222222222333333333344444444445555555555666666666677 long\n"
		"alone\n"
		"10.0.0.10 last";
	static const struct {
		const char *name, *address;
	} rows[] = {
		{ "localhost", "127.0.0.1" },
		{ "web", "10.0.0.7" },
		{ "WEB.example.com", "10.0.0.7" },
		{ "padded", "10.0.0.8" },
		{ "last", "10.0.0.10" },
		{ "db", NULL },
		{ "one", NULL },
		{ "we", NULL },
		{ "alone", NULL },
		{ "10.0.0.7", NULL },
		{ "", NULL },
	};
	char buf[MP_NET_ERROR_TEXT_MAX];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *found = mp_net_hosts_find(text, sizeof(text) - 1, rows[i].name, buf);

		assert_int_equal(found == NULL, rows[i].address == NULL);
		if (found)
			assert_string_equal(found, rows[i].address);
	}
	assert_null(mp_net_hosts_find("", 0, "x", buf));
}

static void errors_are_worded_as_go_words_them(void **unused)
{
	char buf[MP_NET_ERROR_TEXT_MAX];

	(void)unused;
	assert_string_equal(mp_net_error_text(ECONNREFUSED, buf), "connection refused");
	assert_string_equal(mp_net_error_text(ECONNRESET, buf), "connection reset by peer");
	assert_string_equal(mp_net_error_text(EHOSTUNREACH, buf), "no route to host");
	assert_string_equal(mp_net_error_text(ENETUNREACH, buf), "network is unreachable");
	assert_string_equal(mp_net_error_text(ETIMEDOUT, buf), "connection timed out");
	assert_string_equal(mp_net_error_text(99999, buf), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_found_in_a_hosts_file),
		cmocka_unit_test(errors_are_worded_as_go_words_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
