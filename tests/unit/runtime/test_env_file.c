/* SPDX-License-Identifier: Apache-2.0 */
/* The file of fileKeyRef: what is a value, and what is refused. */
#include "runtime/env_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

#define BAD ((const char *)1)

static const struct {
	const char *text, *key, *value; /* NULL: not there; BAD: refused */
} files[] = {
	{ "", "A", NULL },
	{ "A='1'\n", "A", "1" },
	{ "A='1'", "A", "1" },
	{ "A='1'\r\nB='2'\r\n", "B", "2" },
	{ "  A='1'\n\t\tB='2'\nC='3'\n", "B", "2" },
	{ "# note\n\n   \n  # another\nA='1'\n", "A", "1" },
	{ "A='1'\nA='2'\n", "A", "1" },
	{ "A='1'\n", "B", NULL },
	{ "A='a#b'\n", "A", "a#b" },
	{ "A='  a b  '\n", "A", "  a b  " },
	{ "A='a=b=c'\n", "A", "a=b=c" },
	{ "A='1' # note\nB='2'\n", "B", "2" },
	{ "A='1'# note\n", "A", "1" },
	{ "A='1'   \n", "A", "1" },
	{ "A='$B ${C} $(D)'\n", "A", "$B ${C} $(D)" },
	{ "A='\"x\"'\n", "A", "\"x\"" },
	{ "A='a\\nb'\n", "A", "a\\nb" },
	{ "A='a\n\n  b \nc'\nB='2'\n", "A", "a\n\n  b \nc" },
	{ "A='a\nb'\nB='2'\n", "B", "2" },
	{ "A='\xe4\xb8\xad'\n", "A", "\xe4\xb8\xad" },
	{ "A=''\n", "A", "" },
	{ "A=\n", "A", "" },
	{ "A=   'x'\n", "A", "" },
	{ "A.b-c='1'\n", "A.b-c", "1" },
	/* What stands behind the match is not looked at; what stands before it is. */
	{ "A='1'\nB=2\n", "A", "1" },
	{ "B=2\nA='1'\n", "A", BAD },
	{ "A ='1'\n", "A", BAD },
	{ "='1'\nA='1'\n", "A", BAD },
	{ "A='1'\nnothing\nB='2'\n", "B", BAD },
	{ "A=1\n", "A", BAD },
	{ "A=\"1\"\n", "A", BAD },
	{ "A='1''2'\n", "A", BAD },
	{ "A='1'2\n", "A", BAD },
	{ "A='it\\'s'\n", "A", BAD },
	{ "A='1\nB='2'\n", "A", BAD },
	{ "A='1\n", "A", BAD },
	{ "A='", "A", BAD },
};

static void each_file_has_the_value_that_a_shell_would_see(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(files); i++) {
		struct mp_arena arena = { .head = NULL };
		const char *value = BAD;
		const int r = mp_env_file_get(files[i].text, strlen(files[i].text), files[i].key,
					      &arena, &value);

		if (r != (files[i].value == BAD ? -EINVAL : 0))
			fail_msg("%s: %d", files[i].text, r);
		if (files[i].value == NULL)
			assert_null(value);
		else if (files[i].value != BAD)
			assert_string_equal(value, files[i].value);
		mp_arena_done(&arena);
	}
}

static void a_nul_byte_is_refused(void **unused)
{
	(void)unused;
	static const char text[] = "A='1\0002'\n";
	struct mp_arena arena = { .head = NULL };
	const char *value;

	assert_int_equal(mp_env_file_get(text, sizeof(text) - 1, "A", &arena, &value), -EINVAL);
	mp_arena_done(&arena);
}

static void a_line_without_end_is_refused(void **unused)
{
	(void)unused;
	const size_t size = 70000;
	char *text = malloc(size);
	struct mp_arena arena = { .head = NULL };
	const char *value;

	assert_non_null(text);
	memset(text, 'x', size);
	assert_int_equal(mp_env_file_get(text, size, "A", &arena, &value), -EINVAL);
	mp_arena_done(&arena);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_file_has_the_value_that_a_shell_would_see),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(a_line_without_end_is_refused),
	};

	return cmocka_run_group_tests_name("env_file", tests, NULL, NULL);
}
