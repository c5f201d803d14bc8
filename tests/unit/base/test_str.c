/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/str.h"

#include "runtime/base/auto.h"

#include <setjmp.h>
#include <stdalign.h>
#include <string.h>

#include <cmocka.h>

static void arena_memory_is_zeroed_and_aligned(void **unused)
{
	(void)unused;
	struct mp_arena arena = { 0 };

	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = mp_arena_alloc(&arena, n, 1);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, n);
	}
	mp_arena_done(&arena);
}

static void arena_serves_more_than_one_block(void **unused)
{
	(void)unused;
	struct mp_arena arena = { 0 };
	unsigned char *big = mp_arena_alloc(&arena, 1000000, 1);
	unsigned char *small = mp_arena_alloc(&arena, 10, 1);

	assert_non_null(big);
	assert_non_null(small);
	memset(big, 1, 1000000);
	memset(small, 2, 10);
	assert_int_equal(big[999999], 1);
	assert_true(arena.used_total >= 1000010);
	mp_arena_done(&arena);
	assert_null(arena.head);
	assert_int_equal(arena.used_total, 0);
}

static void arena_refuses_sizes_that_overflow(void **unused)
{
	(void)unused;
	struct mp_arena arena = { 0 };

	assert_null(mp_arena_alloc(&arena, SIZE_MAX, 2));
	assert_null(mp_arena_alloc(&arena, SIZE_MAX, 1));
	assert_null(mp_arena_alloc(&arena, SIZE_MAX / 2 + 1, 1));
	assert_null(mp_arena_dup(&arena, "", SIZE_MAX));
	mp_arena_done(&arena);
}

static void arena_can_be_released_twice_and_as_null(void **unused)
{
	(void)unused;
	struct mp_arena arena = { 0 };

	assert_non_null(mp_arena_strdup(&arena, "x"));
	mp_arena_done(&arena);
	mp_arena_done(&arena);
	mp_arena_done(NULL);
}

static void arena_copies_end_in_nul(void **unused)
{
	(void)unused;
	struct mp_arena arena = { 0 };

	assert_string_equal(mp_arena_dup(&arena, "abcdef", 3), "abc");
	assert_string_equal(mp_arena_dup(&arena, NULL, 0), "");
	assert_string_equal(mp_arena_strdup(&arena, "pod"), "pod");
	assert_null(mp_arena_strdup(&arena, NULL));
	assert_string_equal(mp_arena_printf(&arena, "%s-%d", "web", 7), "web-7");
	mp_arena_done(&arena);
}

static void buffer_collects_text(void **unused)
{
	(void)unused;
	char text[32] = "";
	struct mp_buf buf = MP_BUF(text);

	mp_buf_adds(&buf, "a");
	mp_buf_add(&buf, "bcd", 2);
	mp_buf_addf(&buf, "-%d", 42);
	assert_string_equal(text, "abc-42");
	assert_int_equal(buf.len, 6);
	assert_false(buf.is_cut);
}

static void buffer_drops_what_does_not_fit_and_remembers(void **unused)
{
	(void)unused;
	char text[6] = "";
	struct mp_buf buf = MP_BUF(text);

	mp_buf_adds(&buf, "12345");
	assert_false(buf.is_cut);
	mp_buf_adds(&buf, "6");
	assert_true(buf.is_cut);
	assert_string_equal(text, "12345");

	struct mp_buf formatted = MP_BUF(text);

	mp_buf_addf(&formatted, "%d", 1234567);
	assert_true(formatted.is_cut);
	assert_string_equal(text, "12345");
	assert_int_equal(formatted.len, 5);
	mp_buf_addf(&formatted, "%d", 8);
	mp_buf_add(&formatted, "", 0);
	assert_string_equal(text, "12345");
}

static void buffer_of_one_byte_holds_nothing_safely(void **unused)
{
	(void)unused;
	char text[1] = "";
	struct mp_buf buf = MP_BUF(text);

	mp_buf_adds(&buf, "x");
	mp_buf_addf(&buf, "%s", "y");
	assert_string_equal(text, "");
	assert_true(buf.is_cut);
}

struct quote_case {
	const char *in;
	size_t len;
	const char *out;
};

#define QUOTE(in, out)                  \
	{                               \
		in, sizeof(in) - 1, out \
	}

static void quoting_is_that_of_go(void **unused)
{
	(void)unused;
	static const struct quote_case cases[] = {
		QUOTE("", "\"\""),
		QUOTE("web", "\"web\""),
		QUOTE("a \"b\" \\", "\"a \\\"b\\\" \\\\\""),
		QUOTE("\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\""),
		QUOTE("\0", "\"\\x00\""),
		QUOTE("\x1b\x7f", "\"\\x1b\\x7f\""),
		QUOTE("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""),
		QUOTE("\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xe2\x82\xac\xf0\x9f\x98\x80\""),
		QUOTE("\xff", "\"\\xff\""),
		QUOTE("\xc3", "\"\\xc3\""),
		QUOTE("\xe2\x82", "\"\\xe2\\x82\""),
		QUOTE("\xc0\x80", "\"\\xc0\\x80\""),
		QUOTE("\xe0\x80\x80", "\"\\xe0\\x80\\x80\""),
		QUOTE("\xed\xa0\x80", "\"\\xed\\xa0\\x80\""),
		QUOTE("\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\""),
		QUOTE("\xc2\x85", "\"\\u0085\""),
		QUOTE("\xc2\xa0", "\"\\u00a0\""),
		QUOTE("\xc2\xad", "\"\\u00ad\""),
		QUOTE("\xe2\x80\x8b", "\"\\u200b\""),
		QUOTE("\xe2\x80\xa8", "\"\\u2028\""),
		QUOTE("\xef\xbb\xbf", "\"\\ufeff\""),
		QUOTE("\xef\xbf\xbd", "\"\xef\xbf\xbd\""),
		QUOTE("\xf4\x8f\xbf\xbf", "\"\\U0010ffff\""),
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		char text[64] = "";
		struct mp_buf buf = MP_BUF(text);

		mp_buf_addq(&buf, cases[i].in, cases[i].len);
		assert_string_equal(text, cases[i].out);
	}
}

static void comparisons_accept_null_where_they_say_so(void **unused)
{
	(void)unused;
	assert_true(mp_streq(NULL, NULL));
	assert_false(mp_streq("", NULL));
	assert_false(mp_streq(NULL, ""));
	assert_true(mp_streq("a", "a"));
	assert_false(mp_streq("a", "b"));
}

static void prefixes_and_suffixes_match_whole_words_only(void **unused)
{
	(void)unused;
	assert_true(mp_starts_with("kubernetes.io/x", "kubernetes.io/"));
	assert_false(mp_starts_with("kube", "kubernetes"));
	assert_true(mp_starts_with("x", ""));
	assert_true(mp_ends_with("pod.yaml", ".yaml"));
	assert_false(mp_ends_with("yaml", ".yaml"));
	assert_true(mp_ends_with("x", ""));
}

static void misspelt_word_finds_its_neighbour(void **unused)
{
	(void)unused;
	static const char *const words[] = { "livenessProbe", NULL, "readinessProbe", "image",
					     "startupProbe" };
	const size_t n = MP_ARRAY_SIZE(words);

	assert_ptr_equal(mp_closest("livenesProbe", words, n), words[0]);
	assert_ptr_equal(mp_closest("LIVENESSPROBE", words, n), words[0]);
	assert_ptr_equal(mp_closest("readynessProbe", words, n), words[2]);
	assert_ptr_equal(mp_closest("imgae", words, n), words[3]);
	assert_ptr_equal(mp_closest("imag", words, n), words[3]);
	assert_null(mp_closest("volumes", words, n));
	assert_null(mp_closest("", words, n));
	assert_null(mp_closest("x", words, 0));
}

static void swapped_neighbours_count_as_near(void **unused)
{
	(void)unused;
	static const char *const words[] = { "command", "args" };

	assert_ptr_equal(mp_closest("comamnd", words, 2), words[0]);
}

static void endless_words_match_nothing(void **unused)
{
	(void)unused;
	static const char *const words[] = { "image" };
	char word[200];

	memset(word, 'i', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_null(mp_closest(word, words, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_memory_is_zeroed_and_aligned),
		cmocka_unit_test(arena_serves_more_than_one_block),
		cmocka_unit_test(arena_refuses_sizes_that_overflow),
		cmocka_unit_test(arena_can_be_released_twice_and_as_null),
		cmocka_unit_test(arena_copies_end_in_nul),
		cmocka_unit_test(buffer_collects_text),
		cmocka_unit_test(buffer_drops_what_does_not_fit_and_remembers),
		cmocka_unit_test(buffer_of_one_byte_holds_nothing_safely),
		cmocka_unit_test(quoting_is_that_of_go),
		cmocka_unit_test(comparisons_accept_null_where_they_say_so),
		cmocka_unit_test(prefixes_and_suffixes_match_whole_words_only),
		cmocka_unit_test(misspelt_word_finds_its_neighbour),
		cmocka_unit_test(swapped_neighbours_count_as_near),
		cmocka_unit_test(endless_words_match_nothing),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
