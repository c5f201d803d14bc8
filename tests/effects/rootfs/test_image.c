/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/effects/rootfs/env.h"

#include <sys/syscall.h>

#include "rootfs/image_store.h"
#include "rootfs/passwd.h"

static const char *const tool_names[] = { "docker.io/library/tool:latest",
					  "docker.io/library/tool:1", NULL };

static const struct mp_image_embedded tool = {
	.names = tool_names,
	.digest = "1111111111111111111111111111111111111111111111111111111111111111",
	.exe = (const unsigned char *)"#!exe",
	.exe_size = 5,
	.applets = "bin/sh\nusr/local/bin/deep/tool\nbin/busybox\n\nlinuxrc\n",
	.applets_size = sizeof("bin/sh\nusr/local/bin/deep/tool\nbin/busybox\n\nlinuxrc\n") - 1,
};

static struct mp_image_store *open_store(const struct mp_image_embedded *embedded)
{
	struct mp_image_store *store = NULL;
	struct mp_error err = MP_ERROR_NONE;

	MUST_OK(mp_image_store_open(at("s"), embedded, &store, &err), err);
	return store;
}

static enum mp_image_found look_up(struct mp_image_store *store, const char *name,
				   struct mp_arena *arena, struct mp_image *ret)
{
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_error err = MP_ERROR_NONE;

	MUST_OK(mp_image_lookup(store, name, arena, &found, ret, &err), err);
	return found;
}

static void first_lookup_unpacks_the_embedded_image(void **unused)
{
	static const char *const bins[] = { "bin", "sbin", "usr/bin", "usr/sbin" };
	struct mp_image_store *store = open_store(&tool);
	struct mp_arena arena = { .head = NULL };
	struct mp_image image;
	struct stat st, sh;
	char path[512];

	(void)unused;
	assert_int_equal(look_up(store, "tool", &arena, &image), MP_IMAGE_PRESENT);
	assert_string_equal(image.name, "docker.io/library/tool:latest");
	assert_int_equal(image.n_layer_dirs, 1);
	assert_string_equal(image.cmd[0], "sh");
	assert_null(image.cmd[1]);
	assert_null(image.entrypoint[0]);
	assert_memory_equal(image.env[0], "PATH=", 5);
	assert_memory_equal(image.ref, "docker.io/library/tool@sha256:", 30);
	assert_int_equal(strlen(image.id), strlen("sha256:") + 64);
	(void)snprintf(path, sizeof(path), "%s/bin/busybox", image.layer_dirs[0]);
	expect_file(path, "#!exe");
	MUST(stat(path, &st));
	assert_int_equal(st.st_mode & 07777, 0755);
	(void)snprintf(path, sizeof(path), "%s/usr/local/bin/deep/tool", image.layer_dirs[0]);
	MUST(stat(path, &sh));
	assert_int_equal(sh.st_ino, st.st_ino);
	/* One directory of programs, by four names. */
	for (size_t i = 0; i < MP_ARRAY_SIZE(bins); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s/sh", image.layer_dirs[0], bins[i]);
		MUST(stat(path, &sh));
		assert_int_equal(sh.st_ino, st.st_ino);
	}
	(void)snprintf(path, sizeof(path), "%s/linuxrc", image.layer_dirs[0]);
	assert_int_equal(access(path, F_OK), -1);
	(void)snprintf(path, sizeof(path), "%s/tmp", image.layer_dirs[0]);
	MUST(stat(path, &st));
	assert_int_equal(st.st_mode & 07777, 01777);
	mp_arena_done(&arena);
	mp_image_store_close(store);
}

static void every_name_of_it_resolves_and_others_do_not(void **unused)
{
	static const char *const names[] = { "tool",
					     "tool:latest",
					     "tool:1",
					     "library/tool",
					     "docker.io/library/tool:1",
					     "index.docker.io/tool" };
	static const char *const others[] = { "tool:2", "other/tool", "quay.io/tool", "toolbox",
					      "a-very/long/path/that/nobody/has:ever" };
	struct mp_image_store *store = open_store(&tool);
	struct mp_arena arena = { .head = NULL };
	struct mp_image image, by_digest;
	struct mp_error err = MP_ERROR_NONE;
	enum mp_image_found found;

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(others); i++)
		assert_int_equal(look_up(store, others[i], &arena, &image), MP_IMAGE_ABSENT);
	assert_int_equal(access(at("s"), F_OK), -1); /* asking for others makes nothing */
	for (size_t i = 0; i < MP_ARRAY_SIZE(names); i++)
		assert_int_equal(look_up(store, names[i], &arena, &image), MP_IMAGE_PRESENT);
	assert_int_equal(look_up(store, image.ref, &arena, &by_digest), MP_IMAGE_PRESENT);
	assert_string_equal(by_digest.id, image.id);
	assert_int_equal(mp_image_lookup(store, "Tool!", &arena, &found, &image, &err), -EINVAL);
	mp_arena_done(&arena);
	mp_image_store_close(store);
}

static void another_binary_is_another_layer(void **unused)
{
	struct mp_image_embedded newer = tool;
	struct mp_arena arena = { .head = NULL };
	struct mp_image before, after;
	struct mp_image_store *store = open_store(&tool);

	(void)unused;
	assert_int_equal(look_up(store, "tool", &arena, &before), MP_IMAGE_PRESENT);
	mp_image_store_close(store);
	newer.digest = "2222222222222222222222222222222222222222222222222222222222222222";
	newer.exe = (const unsigned char *)"#!new";
	store = open_store(&newer);
	assert_int_equal(look_up(store, "tool:1", &arena, &after), MP_IMAGE_PRESENT);
	assert_string_not_equal(before.id, after.id);
	assert_string_not_equal(before.layer_dirs[0], after.layer_dirs[0]);
	assert_int_equal(access(before.layer_dirs[0], F_OK), 0); /* a container may still use it */
	mp_image_store_close(store);
	mp_arena_done(&arena);
}

static void a_record_that_a_crash_cut_short_is_made_again(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_image image;
	struct mp_image_store *store = open_store(&tool);
	char record[512];

	(void)unused;
	assert_int_equal(look_up(store, "tool", &arena, &image), MP_IMAGE_PRESENT);
	(void)snprintf(record, sizeof(record), "%s",
		       at("s/images/refs/docker.io/library/tool/:latest"));
	MUST(truncate(record, 40));
	MUST(mkdir(at("s/layers/.tmp-123"), 0700));
	MUST(mkdir(at("s/layers/.tmp-123/half"), 0700));
	assert_int_equal(look_up(store, "tool", &arena, &image), MP_IMAGE_PRESENT);
	assert_string_equal(image.cmd[0], "sh");
	assert_int_equal(access(at("s/layers/.tmp-123"), F_OK), -1);
	mp_image_store_close(store);
	mp_arena_done(&arena);
}

static void processes_may_ask_for_it_first_at_the_same_time(void **unused)
{
	pid_t pids[6];

	(void)unused;
	(void)fflush(NULL);
	for (size_t i = 0; i < MP_ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct mp_arena arena = { .head = NULL };
			struct mp_image_store *store = NULL;
			struct mp_image image;
			enum mp_image_found found = MP_IMAGE_ABSENT;
			const bool is_fine = mp_image_store_open(at("s"), mp_image_busybox(),
								 &store, NULL) == 0 &&
					     mp_image_lookup(store, "busybox:1.35", &arena, &found,
							     &image, NULL) == 0 &&
					     found == MP_IMAGE_PRESENT &&
					     access(image.layer_dirs[0], F_OK) == 0;

			_exit(is_fine ? 0 : 1);
		}
		assert_true(pids[i] > 0);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(pids); i++) {
		int ws;

		assert_int_equal(waitpid(pids[i], &ws, 0), pids[i]);
		assert_int_equal(ws, 0);
	}

	size_t n = 0;
	DIR *dir = opendir(at("s/layers"));

	assert_non_null(dir);
	for (const struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] == '.' ? 0 : 1;
	(void)closedir(dir);
	assert_int_equal(n, 1);
}

static void an_image_the_user_named_so_is_not_replaced(void **unused)
{
	static const char *const mine[] = { "mine", NULL };
	struct mp_image_store *store = open_store(&tool);
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_lock lock;
	struct mp_image_ref ref;
	struct mp_image image;
	const struct mp_image_record record = {
		.image = { .id = "sha256:3333", .ref = "x", .layer_dirs = mine, .n_layer_dirs = 1 },
		.embedded = "",
	};

	(void)unused;
	MUST_OK(mp_image_lock_take(store, &lock, &err), err);
	MUST_OK(mp_image_publish(&lock, &record, "{}", 2, "{}", 2, &err), err);
	MUST_OK(mp_image_ref_parse("tool", &ref, &err), err);
	MUST_OK(mp_image_refer(&lock, &ref, "sha256:3333", false, &err), err);
	mp_image_lock_drop(&lock);
	assert_int_equal(look_up(store, "tool", &arena, &image), MP_IMAGE_PRESENT);
	assert_string_equal(image.id, "sha256:3333");
	assert_int_equal(look_up(store, "tool:1", &arena, &image),
			 MP_IMAGE_PRESENT); /* the embedded */
	assert_string_not_equal(image.id, "sha256:3333");
	assert_int_equal(look_up(store, "tool:latest", &arena, &image), MP_IMAGE_PRESENT);
	assert_string_equal(image.id, "sha256:3333");
	mp_arena_done(&arena);
	mp_image_store_close(store);
}

static void a_full_or_read_only_disk_is_said(void **unused)
{
	struct mp_image_store *store = open_store(mp_image_busybox());
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image image;

	(void)unused;
	MUST(mkdir(at("s"), 0755));
	MUST(mount("tmpfs", at("s"), "tmpfs", 0, "size=1m"));
	assert_int_equal(mp_image_lookup(store, "busybox", &arena, &found, &image, &err), -ENOSPC);
	assert_non_null(
		strstr(err.msg, "unpack the embedded image docker.io/library/busybox:latest"));
	assert_non_null(strstr(err.msg, "No space left on device"));
	MUST(mount(NULL, at("s"), NULL, MS_REMOUNT | MS_RDONLY, NULL));
	assert_int_equal(mp_image_lookup(store, "busybox", &arena, &found, &image, &err), -EROFS);
	MUST(umount2(at("s"), 0));
	mp_arena_done(&arena);
	mp_image_store_close(store);
}

static void users_come_from_the_image(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_passwd_user user;
	struct box b;

	(void)unused;
	box_open(&b, MP_OVERLAY_TMPFS);
	MUST_OK(mp_passwd_lookup(b.root_fd, "", &user, &err), err);
	assert_int_equal(user.uid, 0);
	assert_string_equal(user.home, "/root");
	assert_int_equal(user.n_groups, 1);
	assert_int_equal(user.groups[0], 10);
	MUST_OK(mp_passwd_lookup(b.root_fd, "www-data", &user, &err), err);
	assert_int_equal(user.uid, 33);
	assert_int_equal(user.gid, 33);
	MUST_OK(mp_passwd_lookup(b.root_fd, "33:users", &user, &err), err);
	assert_int_equal(user.gid, 100);
	assert_string_equal(user.name, "www-data");
	MUST_OK(mp_passwd_lookup(b.root_fd, "12345", &user, &err), err);
	assert_false(user.is_known);
	assert_int_equal(user.gid, 0);
	assert_string_equal(user.home, "/");
	assert_int_equal(mp_passwd_lookup(b.root_fd, "nosuch", &user, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "unable to find user nosuch: no matching entries in passwd file");
	assert_int_equal(mp_passwd_lookup(b.root_fd, "0:nosuch", &user, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "unable to find group nosuch: no matching entries in group file");
	assert_int_equal(mp_passwd_lookup(b.root_fd, "99999999999", &user, &err), -EINVAL);
	assert_int_equal(mp_passwd_lookup(b.root_fd, "0:4294967295", &user, &err), -EINVAL);

	/* Absent, hostile: no host file is read, nothing blocks. */
	MUST(unlinkat(b.root_fd, "etc/passwd", 0));
	MUST_OK(mp_passwd_lookup(b.root_fd, "7", &user, &err), err);
	MUST(symlinkat("/../../../../../etc/passwd.host", b.root_fd, "etc/passwd"));
	MUST_OK(mp_passwd_lookup(b.root_fd, "7", &user, &err), err);
	assert_int_equal(mp_passwd_lookup(b.root_fd, "root", &user, &err), -ENOENT);
	MUST(unlinkat(b.root_fd, "etc/passwd", 0));
	MUST(mkfifoat(b.root_fd, "etc/passwd", 0644));
	assert_int_equal(mp_passwd_lookup(b.root_fd, "root", &user, &err), -EINVAL);
	MUST(unlinkat(b.root_fd, "etc/passwd", 0));
	MUST(symlinkat("/proc/self/environ", b.root_fd, "etc/passwd"));
	MUST_OK(mp_passwd_lookup(b.root_fd, "7", &user, &err), err);
	box_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(first_lookup_unpacks_the_embedded_image),
		env_test(every_name_of_it_resolves_and_others_do_not),
		env_test(another_binary_is_another_layer),
		env_test(a_record_that_a_crash_cut_short_is_made_again),
		env_test(processes_may_ask_for_it_first_at_the_same_time),
		env_test(an_image_the_user_named_so_is_not_replaced),
		env_test(a_full_or_read_only_disk_is_said),
		env_test(users_come_from_the_image),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
