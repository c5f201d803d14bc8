/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/resolve.h"

#include "tests/effects/rootfs/env.h"

#include "rootfs/subpath.h"

static void expect_path(int fd, const char *want)
{
	char link[64], path[512];

	if (fd < 0)
		fail_msg("%s: %s", want, strerror(-fd));
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);

	const ssize_t n = readlink(link, path, sizeof(path) - 1);

	MUST(n);
	path[n] = '\0';
	assert_string_equal(path, want);
	(void)close(fd);
}

static int make_dir(int root, const char *path)
{
	return mp_resolve_make(root, path, MP_RESOLVE_MAKE_DIR, 0755, false);
}

static void missing_directories_are_made_inside(void **unused)
{
	struct stat st;

	(void)unused;
	MUST(mkdir(at("r"), 0755));

	mp_auto_fd root = open_dir(at("r"));

	expect_path(make_dir(root, "/a/b/c"), at("r/a/b/c"));
	expect_path(make_dir(root, "a//b/./c/"), at("r/a/b/c"));
	expect_path(make_dir(root, "/a/x/../y"), at("r/a/y"));
	expect_path(make_dir(root, "/../../../z"), at("r/z"));
	expect_path(make_dir(root, "/"), at("r"));
	expect_path(mp_resolve_make(root, "/f/g/file", MP_RESOLVE_MAKE_FILE, 0755, false),
		    at("r/f/g/file"));
	MUST(stat(at("r/f/g/file"), &st));
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0644);
	expect_path(mp_resolve_make(root, "/m/n", MP_RESOLVE_MAKE_DIR, 01777, false), at("r/m/n"));
	MUST(stat(at("r/m"), &st));
	assert_int_equal(st.st_mode & 07777, 01777);
	assert_int_equal(make_dir(root, "/f/g/file/below"), -ENOTDIR);
}

static void links_lead_only_to_places_inside(void **unused)
{
	(void)unused;
	MUST(mkdir(at("r"), 0755));
	MUST(mkdir(at("outside"), 0755));

	mp_auto_fd root = open_dir(at("r"));

	MUST(symlinkat("/deep/inside", root, "absolute"));
	MUST(symlinkat("../../../../../../../up", root, "relative"));
	MUST(symlinkat(at("outside"), root, "host"));
	MUST(symlinkat("absolute", root, "chain"));
	MUST(symlinkat("loop", root, "loop"));
	MUST(symlinkat("/proc/self/root", root, "magic"));
	expect_path(make_dir(root, "/absolute/x"), at("r/deep/inside/x"));
	expect_path(make_dir(root, "/relative/x"), at("r/up/x"));
	expect_path(make_dir(root, "/chain/y"), at("r/deep/inside/y"));
	expect_path(make_dir(root, "/host/x"), at("r%s/x", at("outside")));
	assert_int_equal(access(at("outside/x"), F_OK), -1);
	assert_int_equal(make_dir(root, "/loop/x"), -ELOOP);
	expect_path(make_dir(root, "/magic/x"), at("r/proc/self/root/x"));
	assert_int_equal(mp_resolve_make(root, "/absolute/z", MP_RESOLVE_MAKE_DIR, 0755, true),
			 -ELOOP);
	assert_int_equal(access(at("r/deep/inside/z"), F_OK), -1);
}

static void dangling_link_to_a_file_makes_its_target(void **unused)
{
	(void)unused;
	MUST(mkdir(at("r"), 0755));
	MUST(mkdir(at("r/etc"), 0755));

	mp_auto_fd root = open_dir(at("r"));

	MUST(symlinkat("../run/systemd/resolv.conf", root, "etc/resolv.conf"));
	expect_path(mp_resolve_make(root, "/etc/resolv.conf", MP_RESOLVE_MAKE_FILE, 0755, false),
		    at("r/run/systemd/resolv.conf"));
}

static void paths_too_long_are_refused(void **unused)
{
	static char path[2 * PATH_MAX];

	(void)unused;
	MUST(mkdir(at("r"), 0755));

	mp_auto_fd root = open_dir(at("r"));

	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(make_dir(root, path), -ENAMETOOLONG);
	for (size_t i = 0; i < sizeof(path) - 1; i += 2)
		path[i] = '/';
	assert_int_equal(make_dir(root, path), -ENAMETOOLONG);
	/* A link that grows on each expansion. */
	memset(path, 'y', 200);
	path[200] = '\0';
	MUST(symlinkat("g/g", root, "g"));
	assert_int_equal(make_dir(root, "/g/q"), -ELOOP);
}

static int sub(int volume, const char *path, struct mp_error *err)
{
	int fd = -EBADF;
	const int r = mp_subpath_open(volume, path, "v", "c", &fd, err);

	return r < 0 ? r : fd;
}

static void sub_paths_are_made_with_the_mode_of_the_volume(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	struct stat st;

	(void)unused;
	MUST(mkdir(at("v"), 0755));
	MUST(chmod(at("v"), 02770));

	mp_auto_fd volume = open_dir(at("v"));

	expect_path(sub(volume, "a/b", &err), at("v/a/b"));
	MUST(stat(at("v/a"), &st));
	assert_int_equal(st.st_mode & 07777, 02770);
	put(at("v/a/file"), "x");
	expect_path(sub(volume, "a/file", &err), at("v/a/file"));
	expect_path(sub(volume, "a//b/", &err), at("v/a/b"));
	expect_path(sub(volume, "", &err), at("v"));
	MUST(symlinkat("a", volume, "inner"));
	expect_path(sub(volume, "inner/b", &err), at("v/a/b"));
	expect_path(sub(volume, "inner/new", &err), at("v/a/new"));
}

static void sub_paths_do_not_leave_the_volume(void **unused)
{
	static const char *const prepared[] = { "/etc",       "../x", "a/../b",     "..",
						"absolute",   "up",   "absolute/x", "up/x",
						"inner/up/x", "magic" };
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	MUST(mkdir(at("v"), 0755));
	MUST(mkdir(at("v/inner"), 0755));
	MUST(mkdir(at("secret"), 0755));

	mp_auto_fd volume = open_dir(at("v"));

	MUST(symlinkat("/", volume, "absolute"));
	MUST(symlinkat("../secret", volume, "up"));
	MUST(symlinkat("../../secret", volume, "inner/up"));
	MUST(symlinkat("/proc/self/cwd", volume, "magic"));
	MUST(symlinkat("nowhere", volume, "dangling"));
	for (size_t i = 0; i < MP_ARRAY_SIZE(prepared); i++) {
		assert_true(sub(volume, prepared[i], &err) < 0);
		assert_string_equal(
			err.msg,
			"failed to prepare subPath for volumeMount \"v\" of container \"c\"");
	}
	assert_true(sub(volume, "dangling/x", &err) < 0);
	assert_string_equal(
		err.msg,
		"failed to create subPath directory for volumeMount \"v\" of container \"c\"");
	put(at("v/file"), "x");
	assert_true(sub(volume, "file/x", &err) < 0);
	assert_int_equal(access(at("secret/x"), F_OK), -1);
	assert_int_equal(access(at("v/nowhere"), F_OK), -1);
}

static void an_absolute_link_may_lead_back_into_the_volume(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	MUST(mkdir(at("v"), 0755));
	MUST(mkdir(at("v/real"), 0755));
	MUST(mkdir(at("v-secret"), 0755));

	mp_auto_fd volume = open_dir(at("v"));

	MUST(symlinkat(at("v/real"), volume, "back"));
	MUST(symlinkat(at("v-secret"), volume, "near"));
	expect_path(sub(volume, "back", &err), at("v/real"));
	assert_true(sub(volume, "near", &err) < 0);
	assert_true(sub(volume, "near/new", &err) < 0);
	assert_int_equal(access(at("v-secret/new"), F_OK), -1);
}

/* A container that swaps a directory and a link to the outside as fast as it can. */
static pid_t swap_forever(const char *a, const char *b)
{
	(void)fflush(NULL);

	const pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 20000000; i++)
			(void)renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
		_exit(0);
	}
	return pid;
}

static void races_never_lead_outside(void **unused)
{
	struct mp_error err = MP_ERROR_NONE;
	int inside = 0, refused = 0;

	(void)unused;
	MUST(mkdir(at("v"), 0755));
	MUST(mkdir(at("v/d"), 0755));
	MUST(mkdir(at("out"), 0755));
	MUST(symlink("../out", at("v/l")));

	mp_auto_fd volume = open_dir(at("v"));
	const pid_t pid = swap_forever(at("v/d"), at("v/l"));

	assert_true(pid > 0);
	/* At least so often, and until both outcomes were seen: the other process needs its turn. */
	for (int i = 0; i < 3000 || ((inside == 0 || refused == 0) && i < 100000); i++) {
		char name[32];
		int fd;

		(void)snprintf(name, sizeof(name), "d/made%d/below", i);
		fd = sub(volume, name, &err);
		inside += fd >= 0 ? 1 : 0;
		refused += fd < 0 ? 1 : 0;
		mp_closep(&fd);
		fd = make_dir(volume, name);
		mp_closep(&fd);
	}
	MUST(kill(pid, SIGKILL));
	MUST(waitpid(pid, NULL, 0));
	assert_true(inside > 0);
	assert_true(refused > 0);
	/* rmdir succeeds on an empty directory only. */
	MUST(rmdir(at("out")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(missing_directories_are_made_inside),
		env_test(links_lead_only_to_places_inside),
		env_test(dangling_link_to_a_file_makes_its_target),
		env_test(paths_too_long_are_refused),
		env_test(sub_paths_are_made_with_the_mode_of_the_volume),
		env_test(sub_paths_do_not_leave_the_volume),
		env_test(an_absolute_link_may_lead_back_into_the_volume),
		env_test(races_never_lead_outside),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
