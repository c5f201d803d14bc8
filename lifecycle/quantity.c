/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are kept as whole nano-units, because 1n is the finest step the API knows. Decimal input
 * is exact; a number beyond +-1e29 saturates, which is ten orders above any real resource.
 */
#include "lifecycle/quantity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/str.h"

#define NANO  ((__int128)1000000000)
#define MILLI ((__int128)1000000)
/* 1e38: whole in every unit, so that rounding up never leaves the range. */
#define NANO_MAX ((__int128)10000000000000000000U * 10000000000000000000U)

/* BinarySI values are capped here, as the reference parser does: section 10.1. */
#define BINARY_MAX ((__int128)INT64_MAX * NANO)

/* The fraction of a binary value is held in this many decimal digits while it is doubled. */
#define FRACTION_DIGITS 37

static const char bad_shape[] =
	"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
static const char bad_suffix[] = "unable to parse quantity's suffix";
static const char bad_number[] = "unable to parse numeric part of quantity";

struct suffix {
	const char *text;
	enum mp_quantity_format format;
	int exponent; /* of 10, or of 2 for BinarySI */
};

static const struct suffix suffixes[] = {
	{ "", MP_QUANTITY_DECIMAL_SI, 0 },   { "n", MP_QUANTITY_DECIMAL_SI, -9 },
	{ "u", MP_QUANTITY_DECIMAL_SI, -6 }, { "m", MP_QUANTITY_DECIMAL_SI, -3 },
	{ "k", MP_QUANTITY_DECIMAL_SI, 3 },  { "M", MP_QUANTITY_DECIMAL_SI, 6 },
	{ "G", MP_QUANTITY_DECIMAL_SI, 9 },  { "T", MP_QUANTITY_DECIMAL_SI, 12 },
	{ "P", MP_QUANTITY_DECIMAL_SI, 15 }, { "E", MP_QUANTITY_DECIMAL_SI, 18 },
	{ "Ki", MP_QUANTITY_BINARY_SI, 10 }, { "Mi", MP_QUANTITY_BINARY_SI, 20 },
	{ "Gi", MP_QUANTITY_BINARY_SI, 30 }, { "Ti", MP_QUANTITY_BINARY_SI, 40 },
	{ "Pi", MP_QUANTITY_BINARY_SI, 50 }, { "Ei", MP_QUANTITY_BINARY_SI, 60 },
};

#define N_SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* The pieces of a quantity's text: [sign] digits [. digits] suffix. */
struct pieces {
	bool is_negative;
	const char *whole, *fraction, *suffix;
	size_t n_whole, n_fraction, n_suffix;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* @text is not empty and not blank at either end; returns false when the shape is wrong. */
static bool split(const char *text, size_t len, struct pieces *ret)
{
	const char *at = text, *end = text + len;
	struct pieces p = { 0 };

	if (at < end && (*at == '+' || *at == '-'))
		p.is_negative = *at++ == '-';
	for (p.whole = at; at < end && is_digit(*at); at++)
		p.n_whole++;
	if (at < end && *at == '.')
		at++;
	for (p.fraction = at; at < end && is_digit(*at); at++)
		p.n_fraction++;
	if (p.n_whole + p.n_fraction == 0)
		return false;
	p.suffix = at;
	p.n_suffix = (size_t)(end - at);
	while (at < end && strchr("eEinumkKMGTP", *at))
		at++;
	if (at < end && (*at == '+' || *at == '-'))
		at++;
	while (at < end && is_digit(*at))
		at++;
	*ret = p;
	return at == end;
}

/* "e3", "E-2": returns 0, or -EINVAL when it is no exponent, -ERANGE when it has no int. */
static int parse_exponent(const char *text, size_t len, int *ret)
{
	bool is_negative = false;
	int value = 0;

	if (len < 2 || (text[0] != 'e' && text[0] != 'E'))
		return -EINVAL;
	text++;
	len--;
	if (*text == '+' || *text == '-') {
		is_negative = *text == '-';
		text++;
		len--;
	}
	if (len == 0)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (!is_digit(text[i]))
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text[i] - '0', &value))
			return -ERANGE;
	}
	*ret = is_negative ? -value : value;
	return 0;
}

static int find_suffix(const struct pieces *p, struct suffix *ret)
{
	for (size_t i = 0; i < N_SUFFIXES; i++) {
		if (strlen(suffixes[i].text) == p->n_suffix &&
		    memcmp(suffixes[i].text, p->suffix, p->n_suffix) == 0) {
			*ret = suffixes[i];
			return 0;
		}
	}
	*ret = (struct suffix){ "", MP_QUANTITY_DECIMAL_EXPONENT, 0 };
	return parse_exponent(p->suffix, p->n_suffix, &ret->exponent);
}

static __int128 times_ten_plus(__int128 value, int digit)
{
	if (value > (NANO_MAX - digit) / 10)
		return NANO_MAX;
	return value * 10 + digit;
}

static int digit_at(const struct pieces *p, size_t i)
{
	return (i < p->n_whole ? p->whole[i] : p->fraction[i - p->n_whole]) - '0';
}

/* digits * 10^exponent in nano-units, rounded up. */
static __int128 decimal_nano(const struct pieces *p, int exponent)
{
	const size_t n = p->n_whole + p->n_fraction;
	/* The power of ten, counted in nano-units, of the digit at index 0. */
	int64_t weight = (int64_t)p->n_whole - 1 + exponent + 9;
	bool is_inexact = false;
	__int128 nano = 0;

	for (size_t i = 0; i < n; i++, weight--) {
		if (weight >= 0)
			nano = times_ten_plus(nano, digit_at(p, i));
		else if (digit_at(p, i) != 0)
			is_inexact = true;
	}
	/* What follows the last digit is zeros down to the weight of 1n. */
	for (; weight >= 0 && nano != 0 && nano != NANO_MAX; weight--)
		nano = times_ten_plus(nano, 0);
	return is_inexact && nano != NANO_MAX ? nano + 1 : nano;
}

/* digits * 2^shift in nano-units, rounded up and capped. */
static __int128 binary_nano(const struct pieces *p, int shift)
{
	__int128 whole = 0, fraction = 0, one = 1;
	bool is_inexact = false;

	for (size_t i = 0; i < p->n_whole; i++)
		whole = times_ten_plus(whole, p->whole[i] - '0');
	for (size_t i = 0; i < FRACTION_DIGITS; i++) {
		fraction = fraction * 10 + (i < p->n_fraction ? p->fraction[i] - '0' : 0);
		one *= 10;
	}
	for (size_t i = FRACTION_DIGITS; i < p->n_fraction; i++)
		is_inexact |= p->fraction[i] != '0';
	for (int i = 0; i < shift; i++) {
		const int carry = fraction * 2 >= one;

		if (whole > INT64_MAX)
			return BINARY_MAX;
		whole = whole * 2 + carry;
		fraction = fraction * 2 - (carry ? one : 0);
	}
	if (whole > INT64_MAX)
		return BINARY_MAX;

	const __int128 step = one / NANO;
	__int128 nano = whole * NANO + fraction / step;

	if (fraction % step != 0 || is_inexact)
		nano++;
	return nano < BINARY_MAX ? nano : BINARY_MAX;
}

int mp_quantity_parse(const char *text, struct mp_quantity *ret, struct mp_error *err)
{
	size_t len = strlen(text);
	struct suffix suffix;
	struct pieces p;

	while (len > 0 && is_blank(text[len - 1]))
		len--;
	while (len > 0 && is_blank(*text)) {
		text++;
		len--;
	}
	if (!split(text, len, &p))
		return mp_fail_text(err, EINVAL, "%s", bad_shape);

	int r = find_suffix(&p, &suffix);

	if (r == -ERANGE)
		return mp_fail_text(err, EINVAL, "%s", bad_number);
	if (r < 0)
		return mp_fail_text(err, EINVAL, "%s", bad_suffix);

	struct mp_quantity q = { .format = suffix.format, .is_set = true };

	if (suffix.format == MP_QUANTITY_BINARY_SI)
		q.nano = binary_nano(&p, suffix.exponent);
	else
		q.nano = decimal_nano(&p, suffix.exponent);
	if (suffix.format == MP_QUANTITY_BINARY_SI && !p.is_negative && q.nano > 0 && q.nano < NANO)
		q.format = MP_QUANTITY_DECIMAL_SI; /* below one, as the reference parser does */
	if (p.is_negative)
		q.nano = -q.nano;
	*ret = q;
	return 0;
}

/* Decimal digits of @value into @buf, which has room for 40. */
static size_t put_digits(unsigned __int128 value, char *buf)
{
	char reversed[40];
	size_t n = 0;

	do {
		reversed[n++] = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value != 0);
	for (size_t i = 0; i < n; i++)
		buf[i] = reversed[n - 1 - i];
	return n;
}

static const char *suffix_text(enum mp_quantity_format format, int exponent)
{
	size_t i = 0;

	if (exponent == 0)
		return "";
	while (suffixes[i].format != format || suffixes[i].exponent != exponent)
		i++;
	return suffixes[i].text;
}

char *mp_quantity_text(const struct mp_quantity *q, char buf[MP_QUANTITY_TEXT_MAX])
{
	struct mp_buf out = { .text = buf, .size = MP_QUANTITY_TEXT_MAX };
	enum mp_quantity_format format = q->format;
	unsigned __int128 value =
		q->nano < 0 ? -(unsigned __int128)q->nano : (unsigned __int128)q->nano;
	char digits[40];
	int exponent = -9;

	buf[0] = '\0';
	if (value == 0 || !q->is_set) {
		mp_buf_adds(&out, "0");
		return buf;
	}
	if (q->nano < 0)
		mp_buf_adds(&out, "-");
	/* A binary suffix is shown only where it loses nothing and says something. */
	if (format == MP_QUANTITY_BINARY_SI &&
	    (value < 1024 * (unsigned __int128)NANO || value % (unsigned __int128)NANO != 0))
		format = MP_QUANTITY_DECIMAL_SI;
	if (format == MP_QUANTITY_BINARY_SI) {
		value /= (unsigned __int128)NANO;
		for (exponent = 0; exponent < 60 && value % 1024 == 0; exponent += 10)
			value /= 1024;
	} else {
		while (value % 1000 == 0 &&
		       (format == MP_QUANTITY_DECIMAL_EXPONENT || exponent < 18)) {
			value /= 1000;
			exponent += 3;
		}
	}
	mp_buf_add(&out, digits, put_digits(value, digits));
	if (format == MP_QUANTITY_DECIMAL_EXPONENT) {
		if (exponent != 0)
			mp_buf_addf(&out, "e%d", exponent);
	} else {
		mp_buf_adds(&out, suffix_text(format, exponent));
	}
	return buf;
}

struct mp_quantity mp_quantity_round_milli(struct mp_quantity q)
{
	const __int128 rest = q.nano % MILLI;

	if (rest != 0)
		q.nano += rest > 0 ? MILLI - rest : -MILLI - rest;
	return q;
}

/* ceil(nano / unit), saturating. */
static int64_t ceil_div(__int128 nano, __int128 unit)
{
	__int128 value = nano / unit;

	if (nano % unit > 0)
		value++;
	if (value > INT64_MAX)
		return INT64_MAX;
	return value < INT64_MIN ? INT64_MIN : (int64_t)value;
}

int64_t mp_quantity_value(const struct mp_quantity *q)
{
	return q->is_set ? ceil_div(q->nano, NANO) : 0;
}

int64_t mp_quantity_milli(const struct mp_quantity *q)
{
	return q->is_set ? ceil_div(q->nano, MILLI) : 0;
}

int mp_quantity_cmp(const struct mp_quantity *a, const struct mp_quantity *b)
{
	const __int128 x = a->is_set ? a->nano : 0, y = b->is_set ? b->nano : 0;

	return (x > y) - (x < y);
}

struct mp_quantity mp_quantity_add(struct mp_quantity a, struct mp_quantity b)
{
	if (!b.is_set)
		return a;
	if (!a.is_set)
		return b;
	if (a.nano == 0)
		a.format = b.format;
	if (__builtin_add_overflow(a.nano, b.nano, &a.nano) || a.nano > NANO_MAX ||
	    a.nano < -NANO_MAX)
		a.nano = b.nano > 0 ? NANO_MAX : -NANO_MAX;
	return a;
}
