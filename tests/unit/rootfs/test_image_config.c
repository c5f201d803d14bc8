/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define A     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD  "{\"architecture\":\"" MP_IMAGE_ARCHITECTURE "\",\"os\":\"linux\","
#define LAYER "\"rootfs\":{\"diff_ids\":[\"sha256:" A "\"]}}"

static int parse(struct mp_arena *arena, const char *text, struct mp_image_record *ret,
		 struct mp_error *err)
{
	return mp_image_config_parse(arena, text, strlen(text), ret, err);
}

static void absent_and_null_parts_are_empty(void **unused)
{
	static const char *const texts[] = {
		HEAD LAYER,
		HEAD "\"config\":{}," LAYER,
		HEAD "\"config\":null," LAYER,
		HEAD
		"\"config\":{\"Env\":null,\"Cmd\":null,\"Entrypoint\":null,\"Volumes\":null}," LAYER,
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct mp_arena arena = { .head = NULL };
		struct mp_error err = MP_ERROR_NONE;
		struct mp_image_record r = { .embedded = NULL };

		if (parse(&arena, texts[i], &r, &err) != 0)
			fail_msg("%s", err.msg);
		assert_null(r.image.entrypoint[0]);
		assert_null(r.image.cmd[0]);
		assert_null(r.image.env[0]);
		assert_null(r.image.volumes[0]);
		assert_string_equal(r.image.user, "");
		assert_int_equal(r.image.n_layer_dirs, 1);
		mp_arena_done(&arena);
	}
}

static void layers_come_topmost_first_and_once(void **unused)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_record r;

	(void)unused;
	assert_int_equal(parse(&arena,
			       HEAD "\"rootfs\":{\"diff_ids\":[\"sha256:" A "\",\"sha256:" B
				    "\",\"sha256:" A "\"]}}",
			       &r, &err),
			 0);
	assert_int_equal(r.image.n_layer_dirs, 2);
	assert_string_equal(r.image.layer_dirs[0], A);
	assert_string_equal(r.image.layer_dirs[1], B);
	mp_arena_done(&arena);
}

static void what_is_no_configuration_is_refused(void **unused)
{
	static const struct {
		const char *text;
		int code;
	} bad[] = {
		{ "", 22 },
		{ "[]", 8 },
		{ "{}", 8 },
		{ "{\"architecture\":\"amiga\",\"os\":\"linux\"," LAYER, 8 },
		{ "{\"architecture\":\"" MP_IMAGE_ARCHITECTURE "\",\"os\":\"windows\"," LAYER, 8 },
		{ HEAD "\"rootfs\":{\"diff_ids\":[]}}", 22 },
		{ HEAD "\"rootfs\":{\"diff_ids\":[\"sha256:../../etc\"]}}", 22 },
		{ HEAD "\"rootfs\":{\"diff_ids\":[\"sha512:" A "\"]}}", 22 },
		{ HEAD "\"rootfs\":{\"diff_ids\":[7]}}", 22 },
		{ HEAD "\"config\":{\"Cmd\":\"sh\"}," LAYER, 22 },
		{ HEAD "\"config\":{\"Env\":[1]}," LAYER, 22 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mp_arena arena = { .head = NULL };
		struct mp_error err = MP_ERROR_NONE;
		struct mp_image_record r;

		assert_int_equal(parse(&arena, bad[i].text, &r, &err), -bad[i].code);
		assert_true(err.msg[0] != '\0');
		mp_arena_done(&arena);
	}
}

static void digests_are_whole_and_lower_case(void **unused)
{
	(void)unused;
	assert_string_equal(mp_image_digest_hex("sha256:" A), A);
	assert_null(mp_image_digest_hex(NULL));
	assert_null(mp_image_digest_hex(A));
	assert_null(mp_image_digest_hex("sha256:" A "0"));
	assert_null(mp_image_digest_hex("sha256:abc"));
	assert_null(mp_image_digest_hex(
		"sha256:AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void index_is_searched_for_this_machine(void **unused)
{
	static const char text[] =
		"{\"manifests\":[{\"digest\":\"other\",\"platform\":{\"architecture\":\"s390x\","
		"\"os\":\"linux\"}},{\"digest\":\"bare\"},{\"digest\":\"mine\",\"platform\":{"
		"\"architecture\":\"" MP_IMAGE_ARCHITECTURE "\",\"os\":\"linux\"}}]}";
	struct mp_arena arena = { .head = NULL };
	struct mp_document doc;

	(void)unused;
	assert_int_equal(mp_document_parse(&arena, "index", text, strlen(text), MP_DOCUMENT_JSON,
					   &doc, NULL),
			 0);
	assert_string_equal(mp_image_text_at(mp_image_pick(doc.roots[0]), "digest"), "mine");
	assert_null(mp_image_pick(NULL));
	mp_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absent_and_null_parts_are_empty),
		cmocka_unit_test(layers_come_topmost_first_and_once),
		cmocka_unit_test(what_is_no_configuration_is_refused),
		cmocka_unit_test(digests_are_whole_and_lower_case),
		cmocka_unit_test(index_is_searched_for_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
