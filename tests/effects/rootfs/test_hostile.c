/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers and archives that want to get out. Whatever they try, the only thing that may change is
 * the inside of their own layer.
 */
#include "tests/effects/rootfs/image_maker.h"

#include <sys/sysmacros.h>

/* A place outside, and the same path inside the layer, which is where chroot would lead. */
static void make_victim(void)
{
	MUST(mkdir(at("victim"), 0755));
	put(at("victim/file"), "safe");
}

static void expect_victim(void)
{
	struct stat st;
	DIR *dir = opendir(at("victim"));
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	assert_int_equal(n, 3);
	expect_file(at("victim/file"), "safe");
	MUST(stat(at("victim/file"), &st));
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_mode & 07777, 0644);
	MUST(stat(at("victim"), &st));
	assert_int_equal(st.st_mode & 07777, 0755);
}

/* Loads the layer, whether or not that works; the victim must be as it was. 0 or -errno. */
static int try_layer(struct mp_arena *arena, struct mp_error *err)
{
	struct mp_image_loaded *list = NULL;
	int r;

	*err = MP_ERROR_NONE;
	end_tar(&layer_tar);
	start_layout();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "amd64", "evil.org/x:1");
	r = load(at("oci"), NULL, arena, &list, err);
	expect_victim();
	MUST(mp_tree_remove(AT_FDCWD, at("oci"), NULL));
	start_tar(&layer_tar);
	return r;
}

static void expect_refused(const char *want)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err;
	const int r = try_layer(&arena, &err);

	if (r >= 0 || !strstr(err.msg, want))
		fail_msg("wanted '%s', got %d '%s'", want, r, err.msg);
	expect_no_trace();
	mp_arena_done(&arena);
}

/* It loads; the image's only layer. */
static const char *expect_loaded(struct mp_arena *arena)
{
	struct mp_image_store *store = NULL;
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_error err;
	struct mp_image image;

	MUST_OK(try_layer(arena, &err), err);
	MUST_OK(mp_image_store_open(at("s"), NULL, &store, &err), err);
	MUST_OK(mp_image_lookup(store, "evil.org/x:1", arena, &found, &image, &err), err);
	assert_int_equal(found, MP_IMAGE_PRESENT);
	mp_image_store_close(store);
	return image.layer_dirs[0];
}

static const char *victim(void)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s", at("victim"));
	return path;
}

static const char *victim_file(void)
{
	static char path[600];

	(void)snprintf(path, sizeof(path), "%s", at("victim/file"));
	return path;
}

static void links_lead_nowhere(void **unused)
{
	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	/* Straight, in two steps, and through a directory that becomes a link. */
	add_entry(&layer_tar, "out", '2', 0777, victim(), NULL, 0);
	add_file(&layer_tar, "out/new", "x");
	expect_refused("out/new");
	add_entry(&layer_tar, "a", '2', 0777, "b", NULL, 0);
	add_entry(&layer_tar, "b", '2', 0777, victim(), NULL, 0);
	add_file(&layer_tar, "a/new", "x");
	expect_refused("a/new");
	add_dir(&layer_tar, "d");
	add_file(&layer_tar, "d/one", "x");
	add_entry(&layer_tar, "d", '2', 0777, victim(), NULL, 0);
	add_file(&layer_tar, "d/file", "x");
	expect_refused("d");
	/* Up by a link's text. */
	add_dir(&layer_tar, "d");
	add_entry(&layer_tar, "d/up", '2', 0777, "../../../../../../../../tmp", NULL, 0);
	add_file(&layer_tar, "d/up/new", "x");
	expect_refused("d/up/new");
	/* Hard links: to what is outside, and to a link that leads there. */
	add_entry(&layer_tar, "hard", '1', 0644, victim_file(), NULL, 0);
	expect_refused("hard");
	add_entry(&layer_tar, "soft", '2', 0777, victim(), NULL, 0);
	add_entry(&layer_tar, "hard", '1', 0644, "soft/file", NULL, 0);
	expect_refused("hard");
}

static void a_link_is_replaced_and_never_written_through(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	const char *layer;
	char path[700];
	struct stat st;

	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	add_entry(&layer_tar, "soft", '2', 0777, victim_file(), NULL, 0);
	add_entry(&layer_tar, "hard", '1', 0644, "soft", NULL, 0);
	add_file(&layer_tar, "soft", "mine");
	add_file(&layer_tar, "hard", "mine too");
	add_entry(&layer_tar, "dir", '2', 0777, victim(), NULL, 0);
	add_entry(&layer_tar, "dir", '5', 0777, NULL, NULL, 0);
	layer = expect_loaded(&arena);
	(void)snprintf(path, sizeof(path), "%s/soft", layer);
	MUST(lstat(path, &st));
	assert_true(S_ISREG(st.st_mode));
	expect_file(path, "mine");
	(void)snprintf(path, sizeof(path), "%s/dir", layer);
	MUST(lstat(path, &st));
	assert_true(S_ISDIR(st.st_mode));
	mp_arena_done(&arena);
}

static void whiteouts_stay_inside(void **unused)
{
	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	add_entry(&layer_tar, "out", '2', 0777, victim(), NULL, 0);
	add_file(&layer_tar, "out/.wh.file", "");
	expect_refused("out/.wh.file");
	add_entry(&layer_tar, "out", '2', 0777, victim(), NULL, 0);
	add_file(&layer_tar, "out/.wh..wh..opq", "");
	expect_refused("out/.wh..wh..opq");
	add_file(&layer_tar, ".wh..", "");
	expect_refused("hides nothing that can be named");
	add_file(&layer_tar, ".wh.", "");
	expect_refused("hides nothing that can be named");
	add_file(&layer_tar, "d/.wh.../x", "");
	add_file(&layer_tar, "d/../.wh.x", "");
	expect_refused("leads out of the layer");
	/* The mark itself, made by hand. */
	add_entry(&layer_tar, "hidden", '3', 0, NULL, NULL, 0);
	expect_refused("is a device node");
}

/* Extended headers may say another name, and another size, than the header they belong to. */
static void add_pax(const char *record)
{
	add_entry(&layer_tar, "pax", 'x', 0644, NULL, record, strlen(record));
}

static void extended_headers_are_no_way_out(void **unused)
{
	char record[700], numbered[720];
	int len;

	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	add_pax("25 path=../../../tmp/new\n");
	add_file(&layer_tar, "harmless", "x");
	expect_refused("leads out of the layer");
	len = snprintf(record, sizeof(record), " linkpath=%s\n", victim());
	len += len + 2 > 99 ? 3 : 2;
	(void)snprintf(numbered, sizeof(numbered), "%d%s", len, record);
	add_pax(numbered);
	add_entry(&layer_tar, "out", '2', 0777, "inside", NULL, 0);
	add_file(&layer_tar, "out/new", "x");
	expect_refused("out/new");
	add_entry(&layer_tar, "././@LongLink", 'L', 0644, NULL, "../../up", 9);
	add_file(&layer_tar, "harmless", "x");
	expect_refused("leads out of the layer");
}

static void sizes_that_lie_end_it(void **unused)
{
	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	add_pax("28 size=9223372036854775807\n");
	add_file(&layer_tar, "big", "x");
	expect_refused("layer blobs/sha256/");
	add_pax("20 size=99999999999\n");
	add_file(&layer_tar, "big", "x");
	expect_refused("layer blobs/sha256/");
	/* Base 256, below nothing. */
	add_file(&layer_tar, "big", "x");
	memset(layer_tar.bytes + 124, 0xff, 12);
	expect_refused("layer blobs/sha256/");
	/* A sparse file of an exabyte takes no room; the kernel may refuse it. */
	add_pax("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
		"40 GNU.sparse.realsize=1152921504606846976\n");
	add_entry(&layer_tar, "sparse", '0', 0644, NULL, "1\n0\n1\n", 6);
	{
		struct mp_arena arena = { .head = NULL };
		struct mp_error err;

		(void)try_layer(&arena, &err);
		mp_arena_done(&arena);
	}
}

static void what_is_cut_or_damaged_is_refused(void **unused)
{
	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	add_file(&layer_tar, "a", "x");
	layer_tar.bytes[0] = 'b'; /* the checksum is wrong now */
	expect_refused("layer blobs/sha256/");
	add_entry(&layer_tar, "long", '0', 0644, NULL, other_tar.bytes, 100000);
	layer_tar.len = 2048;
	expect_refused("layer blobs/sha256/");
	/* gzip's first bytes, and then nothing of it. */
	memcpy(layer_tar.bytes, "\x1f\x8b\x08\0\0\0\0\0\0\x03garbage", 17);
	layer_tar.len = 600;
	expect_refused("layer blobs/sha256/");
	memcpy(layer_tar.bytes, "\x28\xb5\x2f\xfdgarbage", 11);
	layer_tar.len = 600;
	expect_refused("layer blobs/sha256/");
}

static void strange_names_are_kept_as_they_are(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	const char *layer;
	char path[700];

	(void)unused;
	make_victim();
	start_tar(&layer_tar);
	add_file(&layer_tar, "caf\xe9", "latin 1");
	add_file(&layer_tar, "new\nline", "two lines");
	add_file(&layer_tar, "-rf *", "blanks");
	add_file(&layer_tar, "twice", "first");
	add_file(&layer_tar, "twice", "last");
	layer = expect_loaded(&arena);
	(void)snprintf(path, sizeof(path), "%s/caf\xe9", layer);
	expect_file(path, "latin 1");
	(void)snprintf(path, sizeof(path), "%s/new\nline", layer);
	expect_file(path, "two lines");
	(void)snprintf(path, sizeof(path), "%s/twice", layer);
	expect_file(path, "last");
	mp_arena_done(&arena);
}

static void paths_in_indexes_stay_in_the_archive(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_image_loaded *list = NULL;
	struct mp_error err = MP_ERROR_NONE;
	char config[700], manifest[900];

	(void)unused;
	make_victim();
	start_layout();
	put(at("oci/index.json"),
	    "{\"manifests\":[{\"digest\":\"sha256:../../../../../etc/passwd\",\"size\":1}]}");
	assert_int_equal(load(at("oci"), NULL, &arena, &list, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "without sha256 digest"));

	/* docker save's paths are free: up, absolute, and a link that leads out. */
	(void)snprintf(config, sizeof(config), "%s/../../../../../../../..%s", at("oci"),
		       victim_file());

	const char *const paths[] = { config, victim_file(), "link" };

	for (size_t i = 0; i < 3; i++) {
		start_tar(&outer_tar);
		(void)snprintf(manifest, sizeof(manifest),
			       "[{\"Config\":\"%s\",\"RepoTags\":[\"x:1\"],\"Layers\":[]}]",
			       paths[i]);
		add_file(&outer_tar, "manifest.json", manifest);
		add_entry(&outer_tar, "link", '2', 0777, victim_file(), NULL, 0);
		end_tar(&outer_tar);
		write_bytes(at("docker.tar"), outer_tar.bytes, outer_tar.len);
		assert_int_equal(load(at("docker.tar"), NULL, &arena, &list, &err), -ENOENT);
	}
	expect_victim();
	mp_arena_done(&arena);
}

static void devices_are_made_when_they_are_asked_for(void **unused)
{
	const struct mp_image_load_options options = { .keeps_devices = true };
	struct mp_arena arena = { .head = NULL };
	struct mp_image_loaded *list = NULL;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_store *store = NULL;
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image image;
	char path[700];
	struct stat st;

	(void)unused;
	start_tar(&layer_tar);
	add_entry(&layer_tar, "null", '3', 0666, NULL, NULL, 0);
	end_tar(&layer_tar);
	start_layout();

	const char *const blobs[] = { put_blob(layer_tar.bytes, layer_tar.len) };
	const char *const diffs[] = { diff_of(&layer_tar) };

	make_layout(blobs, diffs, 1, "amd64", "a.org/x:1");
	MUST_OK(mp_image_store_open(at("s"), NULL, &store, &err), err);
	MUST_OK(mp_image_load(store, at("oci"), &options, &arena, &list, &err), err);
	MUST_OK(mp_image_lookup(store, "a.org/x:1", &arena, &found, &image, &err), err);
	mp_image_store_close(store);
	(void)snprintf(path, sizeof(path), "%s/null", image.layer_dirs[0]);
	MUST(stat(path, &st));
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(1, 3));
	mp_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		env_test(links_lead_nowhere),
		env_test(a_link_is_replaced_and_never_written_through),
		env_test(whiteouts_stay_inside),
		env_test(extended_headers_are_no_way_out),
		env_test(sizes_that_lie_end_it),
		env_test(what_is_cut_or_damaged_is_refused),
		env_test(strange_names_are_kept_as_they_are),
		env_test(paths_in_indexes_stay_in_the_archive),
		env_test(devices_are_made_when_they_are_asked_for),
	};

	return cmocka_run_group_tests(tests, env_open, env_close);
}
