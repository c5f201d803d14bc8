/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect(const char *text, const char *name, const char *tag, const char *digest)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_ref ref;

	if (mp_image_ref_parse(text, &ref, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
	assert_string_equal(ref.name, name);
	assert_string_equal(ref.tag, tag);
	assert_string_equal(ref.digest, digest);
}

static void refuse(const char *text, const char *why)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_image_ref ref;
	char want[MP_ERROR_MSG_MAX];

	(void)snprintf(want, sizeof(want), "couldn't parse image name \"%s\": %s", text, why);
	assert_int_equal(mp_image_ref_parse(text, &ref, &err), -22);
	assert_string_equal(err.msg, want);
}

static void short_names_belong_to_docker_hub(void **unused)
{
	(void)unused;
	expect("busybox", "docker.io/library/busybox", "", "");
	expect("busybox:1.35", "docker.io/library/busybox", "1.35", "");
	expect("user/app", "docker.io/user/app", "", "");
	expect("a/b/c:t", "docker.io/a/b/c", "t", "");
	expect("docker.io/busybox", "docker.io/library/busybox", "", "");
	expect("docker.io/library/busybox:latest", "docker.io/library/busybox", "latest", "");
	expect("index.docker.io/busybox", "docker.io/library/busybox", "", "");
	expect("index.docker.io/user/app", "docker.io/user/app", "", "");
}

static void first_part_with_dot_colon_or_capital_is_a_registry(void **unused)
{
	(void)unused;
	expect("localhost/x", "localhost/x", "", "");
	expect("localhost:5000/x", "localhost:5000/x", "", "");
	expect("localhost:5000/x:v1", "localhost:5000/x", "v1", "");
	expect("registry.k8s.io/pause:3.9", "registry.k8s.io/pause", "3.9", "");
	expect("127.0.0.1:80/a/b", "127.0.0.1:80/a/b", "", "");
	expect("[::1]:5000/x", "[::1]:5000/x", "", "");
	expect("Registry/x", "Registry/x", "", "");
	expect("foo_bar.com/x", "foo_bar.com/x", "", "");
}

static void digests_and_tags_may_stand_together(void **unused)
{
	(void)unused;
	expect("busybox@sha256:" HEX64, "docker.io/library/busybox", "", "sha256:" HEX64);
	expect("busybox:1@sha256:" HEX64, "docker.io/library/busybox", "1", "sha256:" HEX64);
	expect("q.io:1/a@sha512:" HEX64 HEX64, "q.io:1/a", "", "sha512:" HEX64 HEX64);
}

static void separators_inside_names_follow_the_grammar(void **unused)
{
	(void)unused;
	expect("a.b_c__d-e---f", "docker.io/library/a.b_c__d-e---f", "", "");
	refuse("a..b", "invalid reference format");
	refuse("a___b", "invalid reference format");
	refuse("a._b", "invalid reference format");
	refuse("-a", "invalid reference format");
	refuse("a-", "invalid reference format");
	refuse(".a", "invalid reference format");
	refuse("a/", "invalid reference format");
	refuse("/a", "invalid reference format");
	refuse("a//b", "invalid reference format");
	refuse("a b", "invalid reference format");
	refuse("a\nb", "invalid reference format");
	refuse("", "invalid reference format");
	refuse("../x", "invalid reference format");
	refuse("a/../b", "invalid reference format");
	refuse("h_st:1/x", "invalid reference format");
	refuse("-host.com/x", "invalid reference format");
	refuse("host.com:80x/y", "invalid reference format");
	refuse("host.com:/y", "invalid reference format");
	refuse("[::1/x", "invalid reference format");
}

static void tags_have_a_first_letter_and_a_longest_length(void **unused)
{
	char text[200] = "a:";

	(void)unused;
	expect("a:_x.Y-9", "docker.io/library/a", "_x.Y-9", "");
	refuse("a:", "invalid reference format");
	refuse("a:.x", "invalid reference format");
	refuse("a:-x", "invalid reference format");
	refuse("a:x y", "invalid reference format");
	refuse("a:b:c", "invalid reference format");
	memset(text + 2, 'x', 128);
	expect(text, "docker.io/library/a", text + 2, "");
	text[130] = 'x';
	refuse(text, "invalid reference format");
}

static void capitals_are_told_apart(void **unused)
{
	(void)unused;
	refuse("Busybox",
	       "invalid reference format: repository name (library/Busybox) must be lowercase");
	refuse("user/App:V1",
	       "invalid reference format: repository name (user/App) must be lowercase");
	refuse("host.io/App", "invalid reference format: repository name (App) must be lowercase");
}

static void bad_digests_say_what_is_wrong(void **unused)
{
	(void)unused;
	refuse("a@", "invalid reference format");
	refuse("a@sha256", "invalid reference format");
	refuse("a@sha256:abc", "invalid reference format");
	refuse("a@sha256:" HEX64 "0", "invalid checksum digest length");
	refuse("a@sha512:" HEX64, "invalid checksum digest length");
	refuse("a@md5:" HEX64, "unsupported digest algorithm");
	refuse("a@sha256:ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789",
	       "invalid checksum digest format");
}

static void a_bare_identifier_is_no_name(void **unused)
{
	(void)unused;
	refuse(HEX64,
	       "invalid repository name (" HEX64 "), cannot specify 64-byte hexadecimal strings");
}

static void names_have_a_longest_length(void **unused)
{
	char text[600];
	struct mp_image_ref ref;

	(void)unused;
	memset(text, 'a', sizeof(text));
	text[247] = '\0'; /* library/ makes it 255 */
	assert_int_equal(mp_image_ref_parse(text, &ref, NULL), 0);
	text[247] = 'a';
	text[248] = '\0';
	refuse(text, "repository name must not be more than 255 characters");
	text[248] = 'a';
	text[590] = '\0';
	refuse(text, "repository name must not be more than 255 characters");
	memcpy(text + 300, ".io/x", 6);
	refuse(text, "repository name must not be more than 255 characters");
}

static void text_has_latest_only_without_tag_and_digest(void **unused)
{
	struct mp_image_ref ref;
	char buf[MP_IMAGE_REF_MAX];

	(void)unused;
	assert_int_equal(mp_image_ref_parse("x", &ref, NULL), 0);
	assert_string_equal(mp_image_ref_text(&ref, buf), "docker.io/library/x:latest");
	assert_int_equal(mp_image_ref_parse("x:1", &ref, NULL), 0);
	assert_string_equal(mp_image_ref_text(&ref, buf), "docker.io/library/x:1");
	assert_int_equal(mp_image_ref_parse("x@sha256:" HEX64, &ref, NULL), 0);
	assert_string_equal(mp_image_ref_text(&ref, buf), "docker.io/library/x@sha256:" HEX64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_names_belong_to_docker_hub),
		cmocka_unit_test(first_part_with_dot_colon_or_capital_is_a_registry),
		cmocka_unit_test(digests_and_tags_may_stand_together),
		cmocka_unit_test(separators_inside_names_follow_the_grammar),
		cmocka_unit_test(tags_have_a_first_letter_and_a_longest_length),
		cmocka_unit_test(capitals_are_told_apart),
		cmocka_unit_test(bad_digests_say_what_is_wrong),
		cmocka_unit_test(a_bare_identifier_is_no_name),
		cmocka_unit_test(names_have_a_longest_length),
		cmocka_unit_test(text_has_latest_only_without_tag_and_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
