/* SPDX-License-Identifier: Apache-2.0 */
/* Images made here, good and hostile, loaded into a store of the test's own. */
#include "tests/effects/rootfs/image_maker.h"

#include <sys/sysmacros.h>
#include <sys/xattr.h>

/* Bottom: a, gone, dir/{x,y}, swapped. Top: hides gone, replaces dir, makes swapped a directory. */
static void make_two_layers(void)
{
	start_tar(&layer_tar);
	add_dir(&layer_tar, "./");
	add_file(&layer_tar, "a", "bottom");
	add_file(&layer_tar, "gone", "x");
	add_dir(&layer_tar, "dir/");
	add_file(&layer_tar, "dir/x", "x");
	add_file(&layer_tar, "dir/y", "y");
	add_entry(&layer_tar, "suid", '0', 04755, NULL, "s", 1);
	add_entry(&layer_tar, "hard", '1', 0644, "a", NULL, 0);
	add_entry(&layer_tar, "absolute", '2', 0777, "/etc/passwd", NULL, 0);
	end_tar(&layer_tar);

	start_tar(&other_tar);
	add_file(&other_tar, ".wh.gone", "");
	add_dir(&other_tar, "dir");
	add_file(&other_tar, "dir/.wh..wh..opq", "");
	add_file(&other_tar, "dir/z", "z");
	add_file(&other_tar, "/slashed", "root");
	add_file(&other_tar, "deep/er/file", "made");
	end_tar(&other_tar);
}

static void layers_are_unpacked_and_stacked_as_the_image_says(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;
	mp_auto_fd root = -EBADF;
	struct mp_image image;
	struct stat st, st2;
	char *text = NULL;

	(void)unused;
	start_layout();
	make_two_layers();

	const char *const blobs[] = { gzip_blob(&layer_tar),
				      put_blob(other_tar.bytes, other_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar), diff_of(&other_tar) };

	make_layout(blobs, diffs, 2, "amd64", "v1");
	MUST_OK(load(at("oci"), "example.org/app", &arena, &list, &err), err);
	assert_non_null(list);
	assert_string_equal(list->name, "example.org/app:v1");
	look_up("example.org/app:v1", &arena, &image);
	assert_string_equal(image.id, list->id);
	assert_int_equal(image.n_layer_dirs, 2);
	assert_true(mp_ends_with(image.layer_dirs[0], diffs[1]));
	assert_string_equal(image.entrypoint[0], "/entry");
	assert_string_equal(image.cmd[1], "y");
	assert_string_equal(image.env[0], "A=1");
	assert_string_equal(image.user, "web");
	assert_string_equal(image.workdir, "/srv");
	assert_string_equal(image.stop_signal, "SIGQUIT");
	assert_string_equal(image.volumes[0], "/data");
	look_up(image.ref, &arena, &image);

	MUST(mkdir(at("c"), 0755));

	mp_auto_fd dir = open_dir(at("c"));
	const struct mp_overlay_config cfg = { .layer_dirs = image.layer_dirs,
					       .n_layer_dirs = 2,
					       .dir_fd = dir,
					       .upper = MP_OVERLAY_TMPFS,
					       .userns_fd = -EBADF };

	MUST_OK(mp_overlay_mount(&cfg, &root, &err), err);
	assert_int_equal(faccessat(root, "gone", F_OK, 0), -1);
	assert_int_equal(faccessat(root, "dir/x", F_OK, 0), -1);
	assert_int_equal(faccessat(root, "dir/z", F_OK, 0), 0);
	MUST(mp_file_read(root, "slashed", 100, NULL, &text, NULL, NULL));
	assert_string_equal(text, "root");
	free(text);
	MUST(fstatat(root, "suid", &st, 0));
	assert_int_equal(st.st_mode & 07777, 04755);
	MUST(fstatat(root, "a", &st, 0));
	MUST(fstatat(root, "hard", &st2, 0));
	assert_int_equal(st.st_ino, st2.st_ino);
	assert_int_equal(st.st_mtime, 1000000000);
	MUST(fstatat(root, "absolute", &st, AT_SYMLINK_NOFOLLOW));
	assert_true(S_ISLNK(st.st_mode));
	mp_closep(&root);
	mp_arena_done(&arena);
}

static void an_archive_of_a_layout_and_docker_save_load_too(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;
	char config[512], manifest[1024];
	struct mp_image image;

	(void)unused;
	start_layout();
	make_two_layers();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "amd64", "example.org/tarred:2");

	const char *const tar[] = { "tar", "-C", at("oci"), "-cf", at("oci.tar"), ".", NULL };

	run_tool(tar, NULL);
	MUST_OK(load(at("oci.tar"), NULL, &arena, &list, &err), err);
	look_up("example.org/tarred:2", &arena, &image);

	start_tar(&outer_tar);
	(void)snprintf(config, sizeof(config),
		       "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":"
		       "[\"sha256:%s\"]}}",
		       diffs[0]);
	(void)snprintf(manifest, sizeof(manifest),
		       "[{\"Config\":\"c.json\",\"RepoTags\":[\"saved:1\",\"saved:2\"],"
		       "\"Layers\":[\"id/layer.tar\"]}]");
	add_file(&outer_tar, "c.json", config);
	add_file(&outer_tar, "manifest.json", manifest);
	add_entry(&outer_tar, "real/layer.tar", '0', 0644, NULL, layer_tar.bytes, layer_tar.len);
	add_entry(&outer_tar, "id/layer.tar", '2', 0777, "../real/layer.tar", NULL, 0);
	end_tar(&outer_tar);
	write_bytes(at("docker.tar"), outer_tar.bytes, outer_tar.len);
	MUST_OK(load(at("docker.tar"), NULL, &arena, &list, &err), err);
	look_up("saved:1", &arena, &image);
	look_up("docker.io/library/saved:2", &arena, &image);
	assert_true(mp_ends_with(image.layer_dirs[0], diffs[0]));
	mp_arena_done(&arena);
}

static void hostile_layers_are_refused_and_leave_nothing(void **unused)
{
	char victim[600];

	(void)unused;
	put(at("victim"), "safe");
	(void)snprintf(victim, sizeof(victim), "%s", at("victim"));
	start_tar(&layer_tar);
	add_file(&layer_tar, "../../../../../../tmp/evil", "x");
	refuse_layer("../../../../../../tmp/evil: leads out of the layer", EINVAL);
	add_file(&layer_tar, "a/../../b", "x");
	refuse_layer("leads out of the layer", EINVAL);
	add_entry(&layer_tar, "link", '2', 0777, "/tmp", NULL, 0);
	add_file(&layer_tar, "link/evil", "x");
	refuse_layer("link/evil", EINVAL);
	add_entry(&layer_tar, "hard", '1', 0644, "../../../etc/passwd", NULL, 0);
	refuse_layer("hard: is a link to a place out of the layer", EINVAL);
	add_entry(&layer_tar, "hard", '1', 0644, victim, NULL, 0);
	refuse_layer("hard", EINVAL);
	add_entry(&layer_tar, "disk", '4', 0666, NULL, NULL, 0);
	refuse_layer("disk: is a device node", EINVAL);
	add_entry(&layer_tar, "kmem", '3', 0666, NULL, NULL, 0);
	refuse_layer("kmem: is a device node", EINVAL);
	add_file(&layer_tar, "a/.wh...", "");
	refuse_layer("hides nothing that can be named", EINVAL);
	add_file(&layer_tar, "/.", "");
	refuse_layer("is no directory", EINVAL);
	add_entry(&layer_tar, "l", '2', 0777, "/", NULL, 0);
	add_file(&layer_tar, "l/.wh.etc", "");
	refuse_layer("its directory is none", EINVAL);
	memset(layer_tar.bytes, 'x', 4096);
	layer_tar.len = 4096;
	refuse_layer("layer blobs/sha256/", EINVAL);
	expect_file(at("victim"), "safe");
	assert_int_equal(access("/tmp/evil", F_OK), -1);
}

static void overlay_attributes_of_a_layer_are_not_believed(void **unused)
{
	static const char pax[] = "53 SCHILY.xattr.trusted.overlay.redirect=/etc/shadow\n"
				  "38 SCHILY.xattr.user.overlay.opaque=y\n"
				  "34 SCHILY.xattr.user.mine=a value\n";
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;
	struct mp_image image;
	char path[600], value[64];

	(void)unused;
	start_tar(&layer_tar);
	add_entry(&layer_tar, "pax", 'x', 0644, NULL, pax, strlen(pax));
	add_dir(&layer_tar, "d");
	end_tar(&layer_tar);
	start_layout();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "amd64", "a.org/x:1");
	MUST_OK(load(at("oci"), NULL, &arena, &list, &err), err);
	look_up("a.org/x:1", &arena, &image);
	(void)snprintf(path, sizeof(path), "%s/d", image.layer_dirs[0]);
	assert_int_equal(getxattr(path, "trusted.overlay.redirect", value, sizeof(value)), -1);
	assert_int_equal(getxattr(path, "user.overlay.opaque", value, sizeof(value)), -1);
	/* A tmpfs has attributes of users since Linux 6.6. */
	if (setxattr(at("oci"), "user.any", "x", 1, 0) == 0)
		assert_int_equal(getxattr(path, "user.mine", value, sizeof(value)), 7);
	mp_arena_done(&arena);
}

static void digests_are_verified(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;

	(void)unused;
	start_layout();
	make_two_layers();

	const char *blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *diffs[] = { diff_of(&layer_tar) };

	/* Another content under the digest of the first. */
	write_bytes(at("oci/blobs/sha256/%s", blobs[0]), other_tar.bytes, other_tar.len);
	make_layout(blobs, diffs, 1, "amd64", "a.org/x:1");
	assert_int_equal(load(at("oci"), NULL, &arena, &list, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "does not match its digest"));
	expect_no_trace();
	blobs[0] = put_blob(other_tar.bytes, other_tar.len);
	make_layout(blobs, diffs, 1, "amd64", "a.org/x:1");
	assert_int_equal(load(at("oci"), NULL, &arena, &list, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "does not match its diff id"));
	expect_no_trace();
	mp_arena_done(&arena);
}

static void what_is_no_image_for_us_is_said(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;

	(void)unused;
	start_layout();
	make_two_layers();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "s390x", "a.org/x:1");
	assert_int_equal(load(at("oci"), NULL, &arena, &list, &err), -ENOEXEC);
	assert_non_null(strstr(err.msg, "the image is for linux/s390x, this machine is linux/"));
	expect_no_trace();
	MUST(mkdir(at("empty"), 0755));
	assert_int_equal(load(at("empty"), NULL, &arena, &list, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "neither an OCI layout nor what docker save writes"));
	put(at("text"), "this is no archive at all, just some text\n");
	assert_int_equal(load(at("text"), NULL, &arena, &list, &err), -EINVAL);
	assert_int_equal(load(at("nothing"), NULL, &arena, &list, &err), -ENOENT);
	make_layout(blobs, diffs, 1, "amd64", "Bad Name/x:1");
	assert_int_equal(load(at("oci"), NULL, &arena, &list, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "couldn't parse image name"));
	expect_no_trace();
	mp_arena_done(&arena);
}

/* What the disk made of it when the machine stopped, nobody knows. */
static void a_layer_that_was_not_synced_before_the_machine_stopped_is_unpacked_again(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_loaded *list = NULL;
	struct mp_image image;
	char path[700];

	(void)unused;
	start_layout();
	make_two_layers();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "amd64", "a.org/x:1");
	MUST_OK(load(at("oci"), NULL, &arena, &list, &err), err);
	assert_int_equal(faccessat(AT_FDCWD, at("s/layers/.new-%s", diffs[0]), F_OK,
				   AT_SYMLINK_NOFOLLOW),
			 -1);
	look_up("a.org/x:1", &arena, &image);
	(void)snprintf(path, sizeof(path), "%s/a", image.layer_dirs[0]);
	put(path, "");
	MUST(symlink("another-boot", at("s/layers/.new-%s", diffs[0])));
	MUST_OK(load(at("oci"), NULL, &arena, &list, &err), err);
	expect_file(path, "bottom");
	assert_int_equal(faccessat(AT_FDCWD, at("s/layers/.new-%s", diffs[0]), F_OK,
				   AT_SYMLINK_NOFOLLOW),
			 -1);
	mp_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(layers_are_unpacked_and_stacked_as_the_image_says),
		env_test(an_archive_of_a_layout_and_docker_save_load_too),
		env_test(hostile_layers_are_refused_and_leave_nothing),
		env_test(overlay_attributes_of_a_layer_are_not_believed),
		env_test(digests_are_verified),
		env_test(a_layer_that_was_not_synced_before_the_machine_stopped_is_unpacked_again),
		env_test(what_is_no_image_for_us_is_said),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
