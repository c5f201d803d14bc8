/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/json.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static void write_sample(struct mp_json *w)
{
	mp_json_object_begin(w);
	mp_json_put_string(w, "kind", "Pod");
	mp_json_put_object(w, "metadata");
	mp_json_put_string(w, "name", "a");
	mp_json_put_object(w, "labels");
	mp_json_object_end(w);
	mp_json_object_end(w);
	mp_json_put_list(w, "items");
	mp_json_int(w, -1);
	mp_json_object_begin(w);
	mp_json_put_bool(w, "ready", true);
	mp_json_put_list(w, "none");
	mp_json_list_end(w);
	mp_json_object_end(w);
	mp_json_list_begin(w);
	mp_json_string(w, "x");
	mp_json_list_begin(w);
	mp_json_list_end(w);
	mp_json_list_end(w);
	mp_json_list_end(w);
	mp_json_key(w, "end");
	mp_json_null(w);
	mp_json_object_end(w);
}

static void assert_sample(enum mp_json_style style, const char *expected)
{
	struct mp_json w;
	size_t len = 0;

	mp_json_init(&w, style);
	write_sample(&w);

	const char *text = mp_json_finish(&w, &len, NULL);

	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
	assert_ptr_equal(mp_json_finish(&w, &len, NULL), text); /* once more changes nothing */
	assert_int_equal(len, strlen(expected));
	mp_json_done(&w);
	mp_json_done(&w);
}

static void compact_json_has_no_blanks(void **unused)
{
	(void)unused;
	assert_sample(MP_JSON_COMPACT,
		      "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"labels\":{}},"
		      "\"items\":[-1,{\"ready\":true,\"none\":[]},[\"x\",[]]],\"end\":null}");
}

static void indented_json_looks_like_kubectls(void **unused)
{
	(void)unused;
	assert_sample(MP_JSON_INDENTED, "{\n"
					"    \"kind\": \"Pod\",\n"
					"    \"metadata\": {\n"
					"        \"name\": \"a\",\n"
					"        \"labels\": {}\n"
					"    },\n"
					"    \"items\": [\n"
					"        -1,\n"
					"        {\n"
					"            \"ready\": true,\n"
					"            \"none\": []\n"
					"        },\n"
					"        [\n"
					"            \"x\",\n"
					"            []\n"
					"        ]\n"
					"    ],\n"
					"    \"end\": null\n"
					"}\n");
}

static void yaml_looks_like_kubectls(void **unused)
{
	(void)unused;
	assert_sample(MP_JSON_YAML, "kind: Pod\n"
				    "metadata:\n"
				    "  name: a\n"
				    "  labels: {}\n"
				    "items:\n"
				    "- -1\n"
				    "- ready: true\n"
				    "  none: []\n"
				    "- - x\n"
				    "  - []\n"
				    "end: null\n");
}

/* @text alone in a document of @style. */
static void assert_string(enum mp_json_style style, const char *text, size_t len,
			  const char *expected)
{
	struct mp_json w;

	mp_json_init(&w, style);
	mp_json_list_begin(&w);
	mp_json_string_len(&w, text, len);
	mp_json_list_end(&w);
	assert_string_equal(mp_json_finish(&w, NULL, NULL), expected);
	mp_json_done(&w);
}

static void json_strings_are_escaped(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		size_t len;
		const char *expected;
	} cases[] = {
		{ "", 0, "[\"\"]" },
		{ "a\"b\\c/d", 7, "[\"a\\\"b\\\\c/d\"]" },
		{ "\n\r\t\b\f\x1b\x7f", 7, "[\"\\n\\r\\t\\u0008\\u000c\\u001b\\u007f\"]" },
		{ "a\0b", 3, "[\"a\\u0000b\"]" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9,
		  "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]" },
		{ "\xe2\x80\xa8\xe2\x80\xa9", 6, "[\"\\u2028\\u2029\"]" },
		{ "a\xff\xc3", 3, "[\"a\xef\xbf\xbd\xef\xbf\xbd\"]" },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++)
		assert_string(MP_JSON_COMPACT, cases[i].text, cases[i].len, cases[i].expected);
}

static void yaml_strings_are_quoted_only_where_they_must(void **unused)
{
	(void)unused;
	static const char *const plain[] = {
		"a",        "a b", "-c",    "a:b", "x#y",  "1.2.3",          "64Mi",
		"500m",     "v1",  "a-b_c", "/x",  "$(A)", "echo 'x'; true", "\xc3\xa9",
		"10.0.0.1", "a, b"
	};
	static const char *const quoted[] = {
		"",
		"yes",
		"n",
		"true",
		"null",
		"~",
		"1",
		"0644",
		"1e3",
		".5",
		"0x1f",
		"- a",
		"-",
		"a: b",
		"a #b",
		"#a",
		"a:",
		" a",
		"a ",
		"*a",
		"&a",
		"!a",
		"%a",
		"@a",
		"`a",
		"{a",
		"[a",
		"1:30",
		"=",
		"<<",
		"---",
		"? a",
		": a",
		"2024-01-02",
		"|",
		">",
		"2024-1-2T03:04:05Z",
	};
	char expected[64];

	for (size_t i = 0; i < MP_ARRAY_SIZE(plain); i++) {
		(void)snprintf(expected, sizeof(expected), "- %s\n", plain[i]);
		assert_string(MP_JSON_YAML, plain[i], strlen(plain[i]), expected);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(quoted); i++) {
		(void)snprintf(expected, sizeof(expected), "- \"%s\"\n", quoted[i]);
		assert_string(MP_JSON_YAML, quoted[i], strlen(quoted[i]), expected);
	}
	assert_string(MP_JSON_YAML, "a\tb\x01\xef\xbb\xbf", 7, "- \"a\\tb\\u0001\\ufeff\"\n");
	assert_string(MP_JSON_YAML, "\xc2\x85\xef\xbf\xbe", 5, "- \"\\u0085\\ufffe\"\n");
}

static void yaml_texts_of_several_lines_are_blocks(void **unused)
{
	(void)unused;
	assert_string(MP_JSON_YAML, "a\n  b\n\nc", 8, "- |-\n  a\n    b\n\n  c\n");
	assert_string(MP_JSON_YAML, "a\nb\n", 4, "- |\n  a\n  b\n");
	assert_string(MP_JSON_YAML, "a\n\n", 3, "- |+\n  a\n\n");
	assert_string(MP_JSON_YAML, " a\nb", 4, "- \" a\\nb\"\n");
	assert_string(MP_JSON_YAML, "\na", 2, "- \"\\na\"\n");
	assert_string(MP_JSON_YAML, "a \nb", 4, "- \"a \\nb\"\n");
	assert_string(MP_JSON_YAML, "a\r\nb", 4, "- \"a\\r\\nb\"\n");
}

static void numbers_are_written_shortest(void **unused)
{
	(void)unused;
	struct mp_json w;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_list_begin(&w);
	mp_json_int(&w, INT64_MIN);
	mp_json_uint(&w, UINT64_MAX);
	mp_json_double(&w, 0.1);
	mp_json_double(&w, 1.0);
	mp_json_double(&w, -2.5e-7);
	mp_json_double(&w, 1e20);
	mp_json_double(&w, 1e21);
	mp_json_double(&w, 0.000001);
	mp_json_double(&w, 5e-324);
	mp_json_double(&w, 1.7976931348623157e308);
	mp_json_double(&w, -0.0);
	mp_json_double(&w, (double)NAN);
	mp_json_double(&w, (double)INFINITY);
	mp_json_list_end(&w);
	assert_string_equal(mp_json_finish(&w, NULL, NULL),
			    "[-9223372036854775808,18446744073709551615,0.1,1,-2.5e-7,"
			    "100000000000000000000,1e+21,0.000001,5e-324,1.7976931348623157e+308,"
			    "-0,null,null]");
	mp_json_done(&w);
}

static void a_fixed_buffer_never_overflows(void **unused)
{
	(void)unused;
	const char *expected = "{\"key\":\"value\"}";
	const size_t len = strlen(expected);

	for (size_t size = 1; size <= len + 2; size++) {
		char *storage =
			malloc(size); /* exactly, so that the sanitizer sees one byte more */
		struct mp_json w;
		int error = 0;

		assert_non_null(storage);
		mp_json_init_fixed(&w, MP_JSON_COMPACT, storage, size);
		mp_json_object_begin(&w);
		mp_json_put_string(&w, "key", "value");
		mp_json_object_end(&w);

		const char *text = mp_json_finish(&w, NULL, &error);

		if (size > len) {
			assert_string_equal(text, expected);
			assert_int_equal(error, 0);
		} else {
			assert_null(text);
			assert_int_equal(error, -ENOBUFS);
		}
		mp_json_done(&w);
		free(storage);
	}
}

static void a_writer_can_be_used_again(void **unused)
{
	(void)unused;
	struct mp_json w;

	mp_json_init(&w, MP_JSON_INDENTED);
	for (int i = 0; i < 3; i++) {
		char expected[16];

		mp_json_reset(&w);
		mp_json_int(&w, i);
		(void)snprintf(expected, sizeof(expected), "%d\n", i);
		assert_string_equal(mp_json_finish(&w, NULL, NULL), expected);
	}
	mp_json_done(&w);
}

static void long_output_grows_the_buffer(void **unused)
{
	(void)unused;
	struct mp_json w;
	size_t len = 0;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_list_begin(&w);
	for (int i = 0; i < 10000; i++)
		mp_json_stringf(&w, "entry %05d", i);
	mp_json_list_end(&w);
	assert_non_null(mp_json_finish(&w, &len, NULL));
	assert_int_equal(len, 10000 * 14 + 1);
	mp_json_done(&w);
}

/* What is written in any style reads back as the same document. */
static void written_documents_read_back(void **unused)
{
	(void)unused;
	static const char source[] =
		"{\"a\":[{\"b\":[[1,[]],{}]},\"x: y\",\"l1\\nl2\\n\\n\",\"\\u0001\"],\"no\":\"yes\","
		"\"k:\":{\"deep\":{\"er\":[null,true,-0.5,\"# no comment\"]}},\"\":\"\"}";
	struct mp_arena arena = { 0 };
	struct mp_document document, again;

	assert_int_equal(mp_document_parse(&arena, "s", source, strlen(source), MP_DOCUMENT_JSON,
					   &document, NULL),
			 0);
	for (enum mp_json_style style = MP_JSON_COMPACT; style <= MP_JSON_YAML; style++) {
		struct mp_json w, back;
		size_t len = 0;

		mp_json_init(&w, style);
		mp_json_node(&w, document.roots[0]);

		const char *text = mp_json_finish(&w, &len, NULL);

		assert_int_equal(mp_document_parse(&arena, "s", text, len, MP_DOCUMENT_AUTO, &again,
						   NULL),
				 0);
		mp_json_init(&back, MP_JSON_COMPACT);
		mp_json_node(&back, again.roots[0]);
		assert_string_equal(mp_json_finish(&back, NULL, NULL), source);
		mp_json_done(&back);
		mp_json_done(&w);
	}
	mp_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_json_has_no_blanks),
		cmocka_unit_test(indented_json_looks_like_kubectls),
		cmocka_unit_test(yaml_looks_like_kubectls),
		cmocka_unit_test(json_strings_are_escaped),
		cmocka_unit_test(yaml_strings_are_quoted_only_where_they_must),
		cmocka_unit_test(yaml_texts_of_several_lines_are_blocks),
		cmocka_unit_test(numbers_are_written_shortest),
		cmocka_unit_test(a_fixed_buffer_never_overflows),
		cmocka_unit_test(a_writer_can_be_used_again),
		cmocka_unit_test(long_output_grows_the_buffer),
		cmocka_unit_test(written_documents_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
