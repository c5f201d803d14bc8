/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that need no new process and no privilege to be tried. */
#include "namespaces/child_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "namespaces/idmap.h"
#include "namespaces/infra_ops.h"

struct dirs {
	char top[64];
};

static void touch(const char *top, const char *name, mode_t mode)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static int set_up(void **state)
{
	struct dirs *d = calloc(1, sizeof(*d));
	char path[128];

	(void)snprintf(d->top, sizeof(d->top), "/tmp/minipod-test-XXXXXX");
	assert_non_null(mkdtemp(d->top));
	for (const char *const *name = (const char *const[]){ "a", "b", "a/dir", NULL }; *name;
	     name++) {
		(void)snprintf(path, sizeof(path), "%s/%s", d->top, *name);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	touch(d->top, "a/plain", 0644);
	touch(d->top, "b/plain", 0755);
	touch(d->top, "b/dir", 0755);
	touch(d->top, "b/tool", 0755);
	touch(d->top, "a/onlyplain", 0644);
	*state = d;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "a/plain", "b/plain", "b/dir", "b/tool",
					     "a/onlyplain" };
	struct dirs *d = *state;
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", d->top, names[i]);
		(void)unlink(path);
	}
	for (const char *const *name = (const char *const[]){ "/a/dir", "/a", "/b", "", NULL };
	     *name; name++) {
		(void)snprintf(path, sizeof(path), "%s%s", d->top, *name);
		assert_int_equal(rmdir(path), 0);
	}
	free(d);
	return 0;
}

static int find(const char *name, const char *path, char *found)
{
	const struct mp_op_find op = { name, path, found };

	found[0] = '\0';
	return mp_op_find_program(&op);
}

static void search_passes_over_directories_and_files_that_cannot_be_executed(void **state)
{
	const struct dirs *d = *state;
	char found[MP_OP_PATH_MAX];
	char path[256];
	char want[128];

	(void)snprintf(path, sizeof(path), "/nowhere:%s/a:%s/b", d->top, d->top);
	for (const char *const *name = (const char *const[]){ "plain", "dir", "tool", NULL }; *name;
	     name++) {
		(void)snprintf(want, sizeof(want), "%s/b/%s", d->top, *name);
		assert_int_equal(find(*name, path, found), 0);
		assert_string_equal(found, want);
	}
	assert_int_equal(find("onlyplain", path, found), -ENOENT);
	assert_int_equal(find("none", path, found), -ENOENT);
	assert_int_equal(find("", path, found), -ENOENT);
}

static void name_with_a_slash_is_taken_as_it_is(void **state)
{
	const struct dirs *d = *state;
	char found[MP_OP_PATH_MAX];
	char name[128];

	(void)snprintf(name, sizeof(name), "%s/b/tool", d->top);
	assert_int_equal(find(name, "/nowhere", found), 0);
	assert_string_equal(found, name);
	(void)snprintf(name, sizeof(name), "%s/a/plain", d->top);
	assert_int_equal(find(name, "/nowhere", found), -EACCES);
	(void)snprintf(name, sizeof(name), "%s/a/dir", d->top);
	assert_int_equal(find(name, "/nowhere", found), -EISDIR);
	(void)snprintf(name, sizeof(name), "%s/a/none", d->top);
	assert_int_equal(find(name, "/nowhere", found), -ENOENT);
	(void)snprintf(name, sizeof(name), "%s/a/plain/x", d->top);
	assert_int_equal(find(name, "/nowhere", found), -ENOTDIR);
}

static void empty_path_element_is_the_working_directory(void **state)
{
	const struct dirs *d = *state;
	char found[MP_OP_PATH_MAX];
	char old[256];
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/b", d->top);
	assert_non_null(getcwd(old, sizeof(old)));
	assert_int_equal(chdir(path), 0);
	assert_int_equal(find("tool", "/nowhere:", found), 0);
	assert_string_equal(found, "./tool");
	assert_int_equal(find("tool", "", found), 0);
	assert_int_equal(chdir(old), 0);
}

static void endless_names_do_not_overflow(void **state)
{
	char found[MP_OP_PATH_MAX];
	char *name = malloc((size_t)MP_OP_PATH_MAX * 2);

	(void)state;
	assert_non_null(name);
	memset(name, 'x', MP_OP_PATH_MAX * 2 - 1);
	name[MP_OP_PATH_MAX * 2 - 1] = '\0';
	assert_int_equal(find(name, "/usr/bin", found), -ENOENT);
	assert_int_equal(find("true", name, found), -ENOENT);
	name[0] = '/';
	assert_int_equal(find(name, "/usr/bin", found), -ENAMETOOLONG);
	for (size_t len = MP_OP_PATH_MAX - 8; len < MP_OP_PATH_MAX + 8; len++) {
		name[len] = '\0';
		assert_true(find("true", name, found) < 0);
		name[len] = 'x';
	}
	free(name);
}

static void address_requests_carry_the_address_and_its_full_prefix(void **state)
{
	struct mp_op_netlink op;
	struct ifaddrmsg msg;
	int socket = -1;
	static const unsigned char four[] = { 8, 0, IFA_LOCAL, 0, 10, 88, 0, 7 };

	(void)state;
	assert_int_equal(mp_netlink_lo_address(&op, &socket, "10.88.0.7", NULL), 0);
	memcpy(&msg, op.request.payload, sizeof(msg));
	assert_int_equal(msg.ifa_prefixlen, 32);
	assert_int_equal(msg.ifa_index, 1);
	assert_memory_equal(op.request.payload + sizeof(msg), four, sizeof(four));
	assert_int_equal(op.request.len, NLMSG_LENGTH(sizeof(msg) + 16));
	assert_int_equal(mp_netlink_lo_address(&op, &socket, "fd00::7", NULL), 0);
	memcpy(&msg, op.request.payload, sizeof(msg));
	assert_int_equal(msg.ifa_prefixlen, 128);
	assert_true(op.request.len <= sizeof(op.request));
	assert_int_equal(mp_netlink_lo_address(&op, &socket, "10.88.0", NULL), -EINVAL);
	assert_int_equal(mp_netlink_lo_address(&op, &socket, "10.88.0.7/16", NULL), -EINVAL);
}

static void ids_outside_the_block_are_not_mapped(void **state)
{
	const struct mp_idmap_range map = { 0, 131072, 65536 };
	uint32_t host = 7;

	(void)state;
	assert_true(mp_idmap_to_host(map, 65535, &host));
	assert_int_equal(host, 131072 + 65535);
	assert_false(mp_idmap_to_host(map, 65536, &host));
	assert_false(mp_idmap_to_host((struct mp_idmap_range){ 10, 20, 5 }, 9, &host));
	assert_false(mp_idmap_to_host((struct mp_idmap_range){ 0, 0, 0 }, 0, &host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(search_passes_over_directories_and_files_that_cannot_be_executed),
		cmocka_unit_test(name_with_a_slash_is_taken_as_it_is),
		cmocka_unit_test(empty_path_element_is_the_working_directory),
		cmocka_unit_test(endless_names_do_not_overflow),
		cmocka_unit_test(address_requests_carry_the_address_and_its_full_prefix),
		cmocka_unit_test(ids_outside_the_block_are_not_mapped),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
