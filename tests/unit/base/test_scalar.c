/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/scalar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static struct mp_scalar resolve(const char *text)
{
	struct mp_scalar scalar;

	mp_scalar_resolve(text, strlen(text), &scalar);
	return scalar;
}

static void integers_are_read_in_every_base_go_knows(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "0", "0" },
		{ "-0", "0" },
		{ "+12", "12" },
		{ "0644", "420" },
		{ "00", "0" },
		{ "0o17", "15" },
		{ "0x_1F", "31" },
		{ "-0xa", "-10" },
		{ "0b101", "5" },
		{ "-0b1", "-1" },
		{ "1__0", "10" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "18446744073709551615", "18446744073709551615" },
		{ "0xffffffffffffffff", "18446744073709551615" },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		const struct mp_scalar scalar = resolve(cases[i].text);

		assert_int_equal(scalar.kind, MP_SCALAR_NUMBER);
		assert_true(scalar.is_integer);
		assert_false(scalar.is_float);
		assert_string_equal(scalar.text, cases[i].expected);
	}
}

static void floats_are_written_as_json_has_them(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "08", "8" },
		{ "1.", "1" },
		{ ".5", "0.5" },
		{ "-.5e1", "-5" },
		{ "1_0.5", "10.5" },
		{ "0.1", "0.1" },
		{ "1e-6", "0.000001" },
		{ "1e-7", "1e-7" },
		{ "1.5E+30", "1.5e+30" },
		{ "18446744073709551616", "18446744073709552000" },
		{ "-9223372036854775809", "-9223372036854776000" },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		const struct mp_scalar scalar = resolve(cases[i].text);

		assert_int_equal(scalar.kind, MP_SCALAR_NUMBER);
		assert_true(scalar.is_float);
		assert_string_equal(scalar.text, cases[i].expected);
	}
}

static void near_misses_are_strings(void **unused)
{
	(void)unused;
	static const char *const texts[] = { "-",   "+",          ".",    "..",    "1e",    "e1",
					     "0x",  "0xg",        "0b2",  "1.2.3", "1-2",   "--1",
					     "yEs", "nulL",       "tRUE", "._5",   "1e999", "5m",
					     "1Ki", "2024-01-02", "1:30", "0 1",   "inf",   "nan" };

	for (size_t i = 0; i < MP_ARRAY_SIZE(texts); i++)
		assert_int_equal(resolve(texts[i]).kind, MP_SCALAR_STRING);
}

static void numbers_of_hundreds_of_digits_do_not_overflow_anything(void **unused)
{
	(void)unused;
	char text[1000];
	struct mp_scalar scalar;

	memset(text, '9', sizeof(text));
	for (size_t len = 300; len < sizeof(text); len++)
		mp_scalar_resolve(text, len, &scalar);
	assert_int_equal(scalar.kind, MP_SCALAR_STRING);
	memset(text, '0', sizeof(text));
	mp_scalar_resolve(text, 400, &scalar);
	assert_int_equal(scalar.kind, MP_SCALAR_NUMBER);
	assert_string_equal(scalar.text, "0");
	text[1] = 'x';
	memset(text + 2, 'f', 300);
	mp_scalar_resolve(text, 302, &scalar);
	assert_int_equal(scalar.kind, MP_SCALAR_TOO_LARGE);
}

static void float_keys_are_spelled_as_go_spells_them(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "1.50", "1.5" }, { "1e3", "1000" },      { "1e6", "1e+06" },
		{ "0.1", "0.1" },  { "0.00001", "1e-05" }, { "123456.75", "123456.75" },
		{ "420", "420" },  { "true", "true" },     { "off", "false" },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		struct mp_scalar scalar = resolve(cases[i].text);

		assert_string_equal(mp_scalar_key_text(&scalar), cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_read_in_every_base_go_knows),
		cmocka_unit_test(floats_are_written_as_json_has_them),
		cmocka_unit_test(near_misses_are_strings),
		cmocka_unit_test(numbers_of_hundreds_of_digits_do_not_overflow_anything),
		cmocka_unit_test(float_keys_are_spelled_as_go_spells_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
