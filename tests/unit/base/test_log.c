/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static int saved_stderr = -EBADF;
static int packets = -EBADF; /* O_DIRECT pipe: one read gives exactly one write */

static int capture(void **unused)
{
	int ends[2];

	(void)unused;
	saved_stderr = dup(STDERR_FILENO);
	if (pipe2(ends, O_CLOEXEC | O_DIRECT | O_NONBLOCK) < 0)
		return -1;
	packets = ends[0];
	(void)dup2(ends[1], STDERR_FILENO);
	(void)close(ends[1]);
	mp_log_set_level(MP_LOG_NOTE);
	return 0;
}

static int restore(void **unused)
{
	(void)unused;
	(void)dup2(saved_stderr, STDERR_FILENO);
	mp_closep(&saved_stderr);
	mp_closep(&packets);
	return 0;
}

static void assert_written(const char *expected)
{
	char line[8192] = "";
	const ssize_t n = read(packets, line, sizeof(line) - 1);

	assert_string_equal(n < 0 ? "" : line, expected);
}

static void a_line_is_one_write_with_its_prefix(void **unused)
{
	(void)unused;
	mp_log(MP_LOG_ERROR, "open %s: %d", "x", 7);
	assert_written("minipod: error: open x: 7\n");
	mp_log(MP_LOG_WARNING, "w");
	assert_written("minipod: warning: w\n");
	mp_log(MP_LOG_NOTE, "n");
	assert_written("minipod: n\n");
}

static void the_level_decides_what_is_shown(void **unused)
{
	(void)unused;
	mp_log(MP_LOG_INFO, "hidden");
	assert_false(mp_log_shows(MP_LOG_INFO));
	assert_written("");
	mp_log_set_level(MP_LOG_DEBUG);
	mp_log(MP_LOG_DEBUG, "shown");
	assert_written("minipod: debug: shown\n");
	mp_log_set_level(MP_LOG_ERROR);
	mp_log(MP_LOG_NOTE, "hidden");
	assert_written("");
}

static void control_characters_cannot_reach_the_terminal(void **unused)
{
	(void)unused;
	mp_log(MP_LOG_NOTE, "a\x1b[31mb\nc\r\x7f\xc2\x9b\xc3\xa9");
	assert_written("minipod: a\\x1b[31mb\\x0ac\\x0d\\x7f\\x9b\xc3\xa9\n");
}

static void long_texts_are_cut_and_errno_is_kept(void **unused)
{
	(void)unused;
	char text[6000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	errno = 4711;
	mp_log(MP_LOG_NOTE, "%s", text);
	assert_int_equal(errno, 4711);
	memcpy(text + 3999, "\n", 2);
	memmove(text + 9, text, 4001);
	memcpy(text, "minipod: ", 9);
	assert_written(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, capture, restore)
	const struct CMUnitTest tests[] = {
		TEST(a_line_is_one_write_with_its_prefix),
		TEST(the_level_decides_what_is_shown),
		TEST(control_characters_cannot_reach_the_terminal),
		TEST(long_texts_are_cut_and_errno_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
