/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/parse.h"

static void a_mountinfo_line_is_taken_apart(void **unused)
{
	(void)unused;
	static struct mp_mount_line line;
	const char *text =
		"23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
		"32 31 0:29 /docker/abc /sys/fs/cgroup/cpu rw shared:9 master:3 - cgroup cg "
		"rw,cpu,cpuacct\n";

	assert_true(mp_parse_mountinfo(&text, &line));
	assert_string_equal(line.root, "/");
	assert_string_equal(line.point, "/sys");
	assert_string_equal(line.type, "sysfs");
	assert_string_equal(line.options, "rw");
	assert_true(mp_parse_mountinfo(&text, &line));
	assert_string_equal(line.root, "/docker/abc");
	assert_string_equal(line.point, "/sys/fs/cgroup/cpu");
	assert_string_equal(line.type, "cgroup");
	assert_string_equal(line.options, "rw,cpu,cpuacct");
	assert_false(mp_parse_mountinfo(&text, &line));
}

static void escaped_blanks_in_mount_points_come_back(void **unused)
{
	(void)unused;
	static struct mp_mount_line line;
	const char *text = "1 2 0:3 /a\\040b /c\\011d\\134e\\012 rw - cgroup2 none rw";

	assert_true(mp_parse_mountinfo(&text, &line));
	assert_string_equal(line.root, "/a b");
	assert_string_equal(line.point, "/c\td\\e\n");
}

static void malformed_mountinfo_lines_are_skipped(void **unused)
{
	(void)unused;
	static struct mp_mount_line line;
	static char too_long[20000];
	const char *text = "\n"
			   "garbage\n"
			   "1 2 0:3 / /x rw cgroup2 none rw\n"         /* no separator */
			   "1 2 0:3 / /x rw -\n"                       /* nothing behind it */
			   "1 2 0:3 / /x rw - cgroup2 none\n"          /* no options */
			   "1 2 0:3 / /x\\000y rw - cgroup2 none rw\n" /* NUL */
			   "1 2 0:3 / /good rw - cgroup2 none rw\n";

	assert_true(mp_parse_mountinfo(&text, &line));
	assert_string_equal(line.point, "/good");
	assert_false(mp_parse_mountinfo(&text, &line));

	(void)snprintf(too_long, sizeof(too_long), "1 2 0:3 / /%015000d rw - cgroup2 none rw\n", 0);
	text = too_long;
	assert_false(mp_parse_mountinfo(&text, &line));
}

static void our_own_place_is_found_by_controller(void **unused)
{
	(void)unused;
	static const char text[] = "12:cpu,cpuacct:/user.slice\n"
				   "9:name=systemd:/init.scope\n"
				   "4:memory:/with:colon\n"
				   "0::/system.slice/minipod@web.service\n";
	char buf[64];

	assert_int_equal(mp_parse_own_cgroup(text, "cpuacct", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/user.slice");
	assert_int_equal(mp_parse_own_cgroup(text, "cpu", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/user.slice");
	assert_int_equal(mp_parse_own_cgroup(text, "memory", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/with:colon");
	assert_int_equal(mp_parse_own_cgroup(text, "", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/system.slice/minipod@web.service");
	assert_int_equal(mp_parse_own_cgroup(text, "pids", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(mp_parse_own_cgroup(text, "cpua", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(mp_parse_own_cgroup("0::", "", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(mp_parse_own_cgroup("nonsense\n1\n::\n", "cpu", buf, sizeof(buf)),
			 -ENOENT);
	assert_int_equal(mp_parse_own_cgroup(text, "", buf, 10), -ENAMETOOLONG);
}

static void a_path_is_seen_from_the_root_of_its_mount(void **unused)
{
	(void)unused;
	assert_string_equal(mp_parse_below("/a/b", "/"), "/a/b");
	assert_string_equal(mp_parse_below("/", "/"), "");
	assert_string_equal(mp_parse_below("/a/b", "/a"), "/b");
	assert_string_equal(mp_parse_below("/a", "/a"), "");
	assert_null(mp_parse_below("/ab", "/a"));
	assert_null(mp_parse_below("/b", "/a"));
}

static void numbers_are_strict(void **unused)
{
	(void)unused;
	uint64_t v = 77;
	static const char *const bad[] = { "",
					   "\n",
					   " 1",
					   "-1",
					   "+1",
					   "1a",
					   "0x1",
					   "maximum",
					   "ma",
					   "18446744073709551616",
					   "99999999999999999999" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(mp_parse_number(bad[i], &v));
		assert_int_equal(v, 77);
	}
	assert_true(mp_parse_number("0", &v));
	assert_int_equal(v, 0);
	assert_true(mp_parse_number("18446744073709551615\n", &v));
	assert_true(v == UINT64_MAX);
	assert_true(mp_parse_number("12 34", &v));
	assert_int_equal(v, 12);
	assert_true(mp_parse_number("max\n", &v));
	assert_true(v == UINT64_MAX);
}

static void a_key_is_not_found_inside_another(void **unused)
{
	(void)unused;
	static const char events[] = "low 0\nhigh 4\nmax 9\noom 3\noom_kill 2\noom_group_kill 1\n";
	uint64_t v = 77;

	assert_true(mp_parse_keyed(events, "oom_kill", &v));
	assert_int_equal(v, 2);
	assert_true(mp_parse_keyed(events, "oom", &v));
	assert_int_equal(v, 3);
	assert_true(
		mp_parse_keyed("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n", "oom_kill", &v));
	assert_int_equal(v, 5);
	v = 77;
	assert_false(mp_parse_keyed(events, "kill", &v));
	assert_false(mp_parse_keyed(events, "oom_kill_disable", &v));
	assert_false(mp_parse_keyed("oom_kill\n", "oom_kill", &v));
	assert_false(mp_parse_keyed("oom_kill x\n", "oom_kill", &v));
	assert_false(mp_parse_keyed("", "oom_kill", &v));
	assert_int_equal(v, 77);
}

static void words_are_whole_words(void **unused)
{
	(void)unused;
	assert_true(mp_parse_has_word("cpuset cpu io\n", "cpu"));
	assert_true(mp_parse_has_word("io", "io"));
	assert_false(mp_parse_has_word("cpuset io\n", "cpu"));
	assert_false(mp_parse_has_word("", "cpu"));
	assert_false(mp_parse_has_word("  \n", ""));
}

static void pids_are_listed_without_what_is_no_pid(void **unused)
{
	(void)unused;
	const char *text = "12\n0\n34\n\nx\n99999999999\n56";
	int pid = 0;
	int sum = 0;

	while (mp_parse_pid(&text, &pid))
		sum += pid;
	assert_int_equal(sum, 12 + 34 + 56);
	assert_int_equal(*text, '\0');
}

static void pressure_is_read_in_hundredths(void **unused)
{
	(void)unused;
	static const char text[] = "some avg10=1.25 avg60=0.00 avg300=100.00 total=123456\n"
				   "full avg10=0.09 avg60=10.50 avg300=0.01 total=7\n";
	struct mp_parsed_stall s;

	assert_true(mp_parse_pressure(text, "some", &s));
	assert_int_equal(s.avg10, 125);
	assert_int_equal(s.avg60, 0);
	assert_int_equal(s.avg300, 10000);
	assert_int_equal(s.total_us, 123456);
	assert_true(mp_parse_pressure(text, "full", &s));
	assert_int_equal(s.avg10, 9);
	assert_int_equal(s.avg60, 1050);
	assert_int_equal(s.total_us, 7);
}

static void malformed_pressure_is_refused(void **unused)
{
	(void)unused;
	static const char *const bad[] = {
		"",
		"some\n",
		"some avg10=1.2 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=1,25 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=.25 avg60=0.00 avg300=0.00 total=1\n",
		"some avg10=123456789.00 avg60=0.00 avg300=0.00 total=1\n",
		"some avg60=1.25 avg10=0.00 avg300=0.00 total=1\n",
		"some avg10=1.25 avg60=0.00 avg300=0.00 total=\n",
		"some avg10=1.25 avg60=0.00 avg300=0.00\n",
		"full avg10=1.25 avg60=0.00 avg300=0.00 total=1\n",
	};
	struct mp_parsed_stall s = { .total_us = 77 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(mp_parse_pressure(bad[i], "some", &s));
	assert_int_equal(s.total_us, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mountinfo_line_is_taken_apart),
		cmocka_unit_test(escaped_blanks_in_mount_points_come_back),
		cmocka_unit_test(malformed_mountinfo_lines_are_skipped),
		cmocka_unit_test(our_own_place_is_found_by_controller),
		cmocka_unit_test(a_path_is_seen_from_the_root_of_its_mount),
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(a_key_is_not_found_inside_another),
		cmocka_unit_test(words_are_whole_words),
		cmocka_unit_test(pids_are_listed_without_what_is_no_pid),
		cmocka_unit_test(pressure_is_read_in_hundredths),
		cmocka_unit_test(malformed_pressure_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
