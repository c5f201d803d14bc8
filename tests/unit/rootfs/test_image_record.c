/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rootfs/sha256.h"

static size_t write_example(char *text, size_t size)
{
	static const char *const layers[] = { "top", "bottom", NULL };
	static const char *const env[] = { "PATH=/bin", "TWO=lines\nhere", "EMPTY=", NULL };
	static const char *const cmd[] = { "sh", "-c", "", NULL };
	const struct mp_image_record record = {
		.image = { .id = "sha256:1",
			   .ref = "x@sha256:2",
			   .size_bytes = 12345678901ULL,
			   .layer_dirs = layers,
			   .n_layer_dirs = 2,
			   .env = env,
			   .cmd = cmd,
			   .user = "web:web",
			   .workdir = "/srv",
			   .stop_signal = "SIGQUIT" },
		.embedded = "",
		.architecture = "amd64",
	};
	struct mp_buf buf = { .text = text, .size = size };

	mp_image_record_write(&record, &buf);
	assert_false(buf.is_cut);
	return buf.len;
}

static void what_is_written_is_read_back(void **unused)
{
	char text[1024];
	const size_t len = write_example(text, sizeof(text));
	struct mp_arena arena = { .head = NULL };
	struct mp_image_record r;

	(void)unused;
	assert_true(mp_image_record_parse(&arena, text, len, &r));
	assert_string_equal(r.image.id, "sha256:1");
	assert_string_equal(r.image.ref, "x@sha256:2");
	assert_true(r.image.size_bytes == 12345678901ULL);
	assert_int_equal(r.image.n_layer_dirs, 2);
	assert_string_equal(r.image.layer_dirs[0], "top");
	assert_string_equal(r.image.env[1], "TWO=lines\nhere");
	assert_string_equal(r.image.env[2], "EMPTY=");
	assert_null(r.image.env[3]);
	assert_string_equal(r.image.cmd[2], "");
	assert_null(r.image.cmd[3]);
	assert_null(r.image.entrypoint[0]);
	assert_null(r.image.volumes[0]);
	assert_string_equal(r.image.user, "web:web");
	assert_string_equal(r.image.workdir, "/srv");
	assert_string_equal(r.image.stop_signal, "SIGQUIT");
	assert_string_equal(r.embedded, "");
	mp_arena_done(&arena);
}

static void a_record_cut_short_anywhere_is_none(void **unused)
{
	char text[1024];
	const size_t len = write_example(text, sizeof(text));
	struct mp_image_record r;

	(void)unused;
	for (size_t i = 0; i < len; i++) {
		struct mp_arena arena = { .head = NULL };
		char *copy = malloc(i > 0 ? i : 1); /* so that a sanitizer sees a read beyond */

		assert_non_null(copy);
		memcpy(copy, text, i);
		assert_false(mp_image_record_parse(&arena, copy, i, &r));
		free(copy);
		mp_arena_done(&arena);
	}
}

static void digests_are_those_of_the_standard(void **unused)
{
	char hex[MP_SHA256_HEX_MAX];
	struct mp_sha256 h;

	(void)unused;
	assert_string_equal(mp_sha256_text("", 0, hex),
			    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(mp_sha256_text("abc", 3, hex),
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(
		mp_sha256_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	mp_sha256_init(&h);
	for (int i = 0; i < 1000; i++)
		mp_sha256_add(
			&h,
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			i % 2 ? 37 : 63);
	assert_string_equal(mp_sha256_hex(&h, hex),
			    "77a0f923b96d18567b52376c56638acc5f030009735888bc47f2da5b4b65e3af");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_record_cut_short_anywhere_is_none),
		cmocka_unit_test(digests_are_those_of_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
