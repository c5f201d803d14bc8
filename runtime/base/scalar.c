/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones are no numbers any more: a double has no more than 309 digits before its point. */
#define PLAIN_MAX 400

static const struct {
	const char *text;
	enum mp_scalar_kind kind;
	bool boolean;
} words[] = {
	{ "", MP_SCALAR_NULL, false },
	{ "~", MP_SCALAR_NULL, false },
	{ "null", MP_SCALAR_NULL, false },
	{ "Null", MP_SCALAR_NULL, false },
	{ "NULL", MP_SCALAR_NULL, false },
	{ "true", MP_SCALAR_BOOL, true },
	{ "True", MP_SCALAR_BOOL, true },
	{ "TRUE", MP_SCALAR_BOOL, true },
	{ "false", MP_SCALAR_BOOL, false },
	{ "False", MP_SCALAR_BOOL, false },
	{ "FALSE", MP_SCALAR_BOOL, false },
	{ "yes", MP_SCALAR_BOOL, true },
	{ "Yes", MP_SCALAR_BOOL, true },
	{ "YES", MP_SCALAR_BOOL, true },
	{ "no", MP_SCALAR_BOOL, false },
	{ "No", MP_SCALAR_BOOL, false },
	{ "NO", MP_SCALAR_BOOL, false },
	{ "on", MP_SCALAR_BOOL, true },
	{ "On", MP_SCALAR_BOOL, true },
	{ "ON", MP_SCALAR_BOOL, true },
	{ "off", MP_SCALAR_BOOL, false },
	{ "Off", MP_SCALAR_BOOL, false },
	{ "OFF", MP_SCALAR_BOOL, false },
	{ "y", MP_SCALAR_BOOL, true },
	{ "Y", MP_SCALAR_BOOL, true },
	{ "n", MP_SCALAR_BOOL, false },
	{ "N", MP_SCALAR_BOOL, false },
	{ ".nan", MP_SCALAR_NOT_FINITE, false },
	{ ".NaN", MP_SCALAR_NOT_FINITE, false },
	{ ".NAN", MP_SCALAR_NOT_FINITE, false },
	{ ".inf", MP_SCALAR_NOT_FINITE, false },
	{ ".Inf", MP_SCALAR_NOT_FINITE, false },
	{ ".INF", MP_SCALAR_NOT_FINITE, false },
	{ "+.inf", MP_SCALAR_NOT_FINITE, false },
	{ "+.Inf", MP_SCALAR_NOT_FINITE, false },
	{ "+.INF", MP_SCALAR_NOT_FINITE, false },
	{ "-.inf", MP_SCALAR_NOT_FINITE, false },
	{ "-.Inf", MP_SCALAR_NOT_FINITE, false },
	{ "-.INF", MP_SCALAR_NOT_FINITE, false },
};

static bool find_word(const char *text, size_t len, struct mp_scalar *ret)
{
	if (len > 5)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].text) != len || memcmp(words[i].text, text, len) != 0)
			continue;
		ret->kind = words[i].kind;
		ret->boolean = words[i].boolean;
		(void)snprintf(ret->text, sizeof(ret->text), "%s",
			       ret->kind == MP_SCALAR_NULL ? "null" :
			       ret->boolean                ? "true" :
							     "false");
		return true;
	}
	return false;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(const char *s)
{
	size_t before = 0, after = 0;

	if (*s == '+' || *s == '-')
		s++;
	for (; is_digit(*s); s++)
		before++;
	if (*s == '.') {
		for (s++; is_digit(*s); s++)
			after++;
	}
	if (before == 0 && after == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s++;
		if (*s == '+' || *s == '-')
			s++;
		if (!is_digit(*s))
			return false;
		while (is_digit(*s))
			s++;
	}
	return *s == '\0';
}

enum int_result { INT_NONE, INT_FITS, INT_TOO_LARGE };

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Go's ParseInt and then ParseUint with base 0: 0x, 0b, 0o, and a leading 0 for octal. */
static enum int_result parse_int(const char *s, bool *ret_negative, uint64_t *ret)
{
	const bool has_sign = *s == '-' || *s == '+';
	const bool negative = *s == '-';
	int base = 10;
	uint64_t value = 0;
	bool too_large = false;

	if (has_sign)
		s++;
	if (s[0] == '0' && s[1] != '\0') {
		const char kind = (char)(s[1] | 0x20);

		base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
		s += kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1;
	}
	if (*s == '\0')
		return INT_NONE;
	for (; *s != '\0'; s++) {
		const int d = digit_value(*s);

		if (d >= base)
			return INT_NONE;
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)d, &value))
			too_large = true;
	}
	/* ParseUint takes no sign, so a signed number must fit an int64. */
	if (has_sign && value > (uint64_t)INT64_MAX + (negative ? 1U : 0U))
		too_large = true;
	*ret_negative = negative && value != 0;
	*ret = value;
	return too_large ? INT_TOO_LARGE : INT_FITS;
}

/* The shortest digits that read back as @value, and the power of ten of the first. */
static void shortest_digits(double value, bool is_single, char digits[24], int *ret_exponent)
{
	char text[40];

	for (int precision = 0; precision < 17; precision++) {
		(void)snprintf(text, sizeof(text), "%.*e", precision, fabs(value));

		const double back = strtod(text, NULL);

		if (is_single ? (float)back == (float)fabs(value) :
				back >= fabs(value) && back <= fabs(value))
			break;
	}

	const char *e = strchr(text, 'e');
	size_t n = 0;

	for (const char *p = text; p < e; p++) {
		if (is_digit(*p))
			digits[n++] = *p;
	}
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	*ret_exponent = (int)strtol(e + 1, NULL, 10);
}

/* d.ddde-07, the exponent with at least @width digits. */
static void write_exponent(bool negative, const char *digits, int exponent, int width, char *ret)
{
	(void)snprintf(ret, MP_SCALAR_TEXT_MAX, "%s%c%s%se%c%0*d", negative ? "-" : "", digits[0],
		       digits[1] ? "." : "", digits + 1, exponent < 0 ? '-' : '+', width,
		       abs(exponent));
}

static void write_plain(bool negative, const char *digits, int exponent, char *ret)
{
	const int n = (int)strlen(digits);

	if (exponent < 0)
		(void)snprintf(ret, MP_SCALAR_TEXT_MAX, "%s0.%.*s%s", negative ? "-" : "",
			       -exponent - 1, "00000000000000000000", digits);
	else if (exponent >= n - 1)
		(void)snprintf(ret, MP_SCALAR_TEXT_MAX, "%s%s%.*s", negative ? "-" : "", digits,
			       exponent - n + 1, "0000000000000000000000");
	else
		(void)snprintf(ret, MP_SCALAR_TEXT_MAX, "%s%.*s.%s", negative ? "-" : "",
			       exponent + 1, digits, digits + exponent + 1);
}

void mp_double_text(double value, char ret[MP_SCALAR_TEXT_MAX])
{
	const bool negative = signbit(value) != 0;
	char digits[24];
	int exponent;

	shortest_digits(value, false, digits, &exponent);
	if (digits[0] != '0' && (exponent < -6 || exponent >= 21))
		write_exponent(negative, digits, exponent, 1, ret);
	else
		write_plain(negative, digits, exponent, ret);
}

const char *mp_scalar_key_text(struct mp_scalar *scalar)
{
	if (scalar->kind != MP_SCALAR_NUMBER || !scalar->is_float)
		return scalar->text;

	const double value = strtod(scalar->text, NULL);
	char digits[24];
	int exponent;

	/* Beyond a 32-bit float it would be "+Inf", which names nothing: keep the digits. */
	if (fabs(value) > 3.4028234663852886e38)
		return scalar->text;
	shortest_digits(value, true, digits, &exponent);
	if (digits[0] != '0' && (exponent < -4 || exponent >= 6))
		write_exponent(signbit(value) != 0, digits, exponent, 2, scalar->text);
	else
		write_plain(signbit(value) != 0, digits, exponent, scalar->text);
	return scalar->text;
}

static bool resolve_number(const char *text, size_t len, struct mp_scalar *ret)
{
	const bool is_point = text[0] == '.';
	char plain[PLAIN_MAX + 1];
	size_t n = 0;
	bool negative = false;
	uint64_t integer = 0;

	if (len > PLAIN_MAX || !(is_digit(text[0]) || is_point || strchr("+-", text[0])))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\0')
			return false;
		if (text[i] != '_' || is_point)
			plain[n++] = text[i];
	}
	plain[n] = '\0';

	const enum int_result r = is_point ? INT_NONE : parse_int(plain, &negative, &integer);

	if (r == INT_FITS) {
		ret->kind = MP_SCALAR_NUMBER;
		ret->is_integer = true;
		(void)snprintf(ret->text, sizeof(ret->text), "%s%" PRIu64, negative ? "-" : "",
			       integer);
		return true;
	}
	if (looks_like_float(plain)) {
		const double value = strtod(plain, NULL);

		if (!isfinite(value))
			return false; /* as the original: a string */
		ret->kind = MP_SCALAR_NUMBER;
		ret->is_float = true;
		mp_double_text(value, ret->text);
		ret->is_integer = strpbrk(ret->text, ".e") == NULL;
		return true;
	}
	if (r == INT_TOO_LARGE) {
		ret->kind = MP_SCALAR_TOO_LARGE;
		return true;
	}
	return false;
}

void mp_scalar_resolve(const char *text, size_t len, struct mp_scalar *ret)
{
	*ret = (struct mp_scalar){ .kind = MP_SCALAR_STRING };
	if (find_word(text, len, ret) || len == 0)
		return;
	(void)resolve_number(text, len, ret);
}
