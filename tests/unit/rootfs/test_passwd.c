/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/passwd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char passwd[] = "# comment:x:7:7::/:/\n"
			     "root:x:0:0:root:/root:/bin/sh\n"
			     "\n"
			     "broken:x:abc:1::/h:\n"
			     "short:x:5\n"
			     "web:x:1000:1001:Web, Server:/srv/web:/bin/sh\n"
			     "web:x:2000:2001::/other:\n"
			     "twin:x:1000:3000::/twin:\n"
			     "nohome:x:1002:1002\n"
			     "relative:x:1003:1003::home:\n"
			     "big:x:4294967295:0::/:\n"
			     "last:x:1004:1004::/last:/bin/sh";

static const char group[] = "root:x:0:\n"
			    "wheel:x:10:root,web\n"
			    "staff:x:50:web\n"
			    "again:x:50:web\n"
			    "none:x:60:website,we\n"
			    "bad:x:abc:web\n"
			    "#hidden:x:70:web\n"
			    "tail:x:80:a,b,web";

static void entries_are_found_by_name_and_by_number(void **unused)
{
	struct mp_passwd_entry e;

	(void)unused;
	assert_true(mp_passwd_find_name(passwd, strlen(passwd), "web", &e));
	assert_int_equal(e.uid, 1000);
	assert_int_equal(e.gid, 1001);
	assert_string_equal(e.home, "/srv/web");
	assert_true(mp_passwd_find_uid(passwd, strlen(passwd), 1000, &e));
	assert_string_equal(e.name, "web");
	assert_true(mp_passwd_find_uid(passwd, strlen(passwd), 1004, &e));
	assert_string_equal(e.name, "last");
	assert_true(mp_passwd_find_uid(passwd, strlen(passwd), 0, &e));
	assert_string_equal(e.home, "/root");
}

static void lines_that_are_no_entries_are_passed_over(void **unused)
{
	struct mp_passwd_entry e;

	(void)unused;
	assert_false(mp_passwd_find_name(passwd, strlen(passwd), "broken", &e));
	assert_false(mp_passwd_find_name(passwd, strlen(passwd), "short", &e));
	assert_false(mp_passwd_find_name(passwd, strlen(passwd), "# comment", &e));
	assert_false(mp_passwd_find_name(passwd, strlen(passwd), "big", &e));
	assert_false(mp_passwd_find_name(passwd, strlen(passwd), "", &e));
	assert_false(mp_passwd_find_uid(passwd, strlen(passwd), 7, &e));
	assert_false(mp_passwd_find_name("", 0, "root", &e));
}

static void a_home_that_is_no_absolute_path_is_the_root(void **unused)
{
	struct mp_passwd_entry e;

	(void)unused;
	assert_true(mp_passwd_find_name(passwd, strlen(passwd), "nohome", &e));
	assert_string_equal(e.home, "/");
	assert_true(mp_passwd_find_name(passwd, strlen(passwd), "relative", &e));
	assert_string_equal(e.home, "/");
}

static void text_beyond_the_given_length_is_not_read(void **unused)
{
	struct mp_passwd_entry e;

	(void)unused;
	assert_false(mp_passwd_find_name(passwd, 20, "root", &e));
}

static void names_too_long_for_the_record_are_not_cut(void **unused)
{
	char line[MP_PASSWD_NAME_MAX + 64];
	struct mp_passwd_entry e;

	(void)unused;
	memset(line, 'n', MP_PASSWD_NAME_MAX);
	memcpy(line + MP_PASSWD_NAME_MAX, ":x:9:9::/:", 11);
	assert_false(mp_passwd_find_uid(line, strlen(line), 9, &e));
}

static void groups_list_each_id_once_and_whole_names_only(void **unused)
{
	gid_t gids[8];
	gid_t gid;

	(void)unused;
	assert_int_equal(mp_group_list(group, strlen(group), "web", gids, 8), 3);
	assert_int_equal(gids[0], 10);
	assert_int_equal(gids[1], 50);
	assert_int_equal(gids[2], 80);
	assert_int_equal(mp_group_list(group, strlen(group), "web", gids, 1), 1);
	assert_int_equal(mp_group_list(group, strlen(group), "nobody", gids, 8), 0);
	assert_true(mp_group_find_name(group, strlen(group), "staff", &gid));
	assert_int_equal(gid, 50);
	assert_false(mp_group_find_name(group, strlen(group), "bad", &gid));
	assert_false(mp_group_find_name(group, strlen(group), "", &gid));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_found_by_name_and_by_number),
		cmocka_unit_test(lines_that_are_no_entries_are_passed_over),
		cmocka_unit_test(a_home_that_is_no_absolute_path_is_the_root),
		cmocka_unit_test(text_beyond_the_given_length_is_not_read),
		cmocka_unit_test(names_too_long_for_the_record_are_not_cut),
		cmocka_unit_test(groups_list_each_id_once_and_whole_names_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
