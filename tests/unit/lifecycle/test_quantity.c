/* SPDX-License-Identifier: Apache-2.0 */
/* One row per line of the table in section 10.1, and every way to be refused. */
#include "lifecycle/quantity.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/unit/lifecycle/registry.h"

#define SHAPE                                           \
	"quantities must match the regular expression " \
	"'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
#define SUFFIX "unable to parse quantity's suffix"
#define NUMBER "unable to parse numeric part of quantity"

struct good_row {
	const char *input, *canonical;
	int64_t value, milli;
	const char *rounded; /* NULL: rounding to milli changes nothing */
};

static struct good_row good[] = {
	/* the table */
	{ "0.5", "500m", 1, 500, NULL },
	{ "1000m", "1", 1, 1000, NULL },
	{ "1.0", "1", 1, 1000, NULL },
	{ "1000", "1k", 1000, 1000000, NULL },
	{ "1500", "1500", 1500, 1500000, NULL },
	{ "1024", "1024", 1024, 1024000, NULL },
	{ "1e3", "1e3", 1000, 1000000, NULL },
	{ "1.5e3", "1500", 1500, 1500000, NULL },
	{ "0.1n", "1n", 1, 1, "1m" },
	{ "1.5Gi", "1536Mi", 1610612736, 1610612736000, NULL },
	{ "1024Mi", "1Gi", 1073741824, 1073741824000, NULL },
	{ "1000Mi", "1000Mi", 1048576000, 1048576000000, NULL },
	{ "0.5Ki", "512", 512, 512000, NULL },
	{ "1.1Ki", "1126400m", 1127, 1126400, NULL },
	{ "2048Ki", "2Mi", 2097152, 2097152000, NULL },
	{ "10Ei", "9223372036854775807", INT64_MAX, INT64_MAX, NULL },
	{ "1000000000", "1G", 1000000000, INT64_C(1000000000000), NULL },
	{ "1.0001", "1000100u", 2, 1001, "1001m" },
	/* the rules around it */
	{ "1500u", "1500u", 1, 2, "2m" },
	{ "0", "0", 0, 0, NULL },
	{ "-0", "0", 0, 0, NULL },
	{ "0Ki", "0", 0, 0, NULL },
	{ "0e30", "0", 0, 0, NULL },
	{ "000012", "12", 12, 12000, NULL },
	{ "+5", "5", 5, 5000, NULL },
	{ ".5", "500m", 1, 500, NULL },
	{ "5.", "5", 5, 5000, NULL },
	{ "5.k", "5k", 5000, 5000000, NULL },
	{ "-1.5", "-1500m", -1, -1500, NULL },
	{ "-0.1n", "-1n", 0, 0, "-1m" },
	{ "-1500u", "-1500u", 0, -1, "-2m" },
	{ " \t1Gi  ", "1Gi", 1073741824, 1073741824000, NULL },
	{ "1n", "1n", 1, 1, "1m" },
	{ "1u", "1u", 1, 1, "1m" },
	{ "1m", "1m", 1, 1, NULL },
	{ "1k", "1k", 1000, 1000000, NULL },
	{ "1M", "1M", 1000000, 1000000000, NULL },
	{ "1G", "1G", 1000000000, INT64_C(1000000000000), NULL },
	{ "1T", "1T", INT64_C(1000000000000), INT64_C(1000000000000000), NULL },
	{ "1P", "1P", INT64_C(1000000000000000), INT64_C(1000000000000000000), NULL },
	{ "1E", "1E", INT64_C(1000000000000000000), INT64_MAX, NULL },
	{ "1000E", "1000E", INT64_MAX, INT64_MAX, NULL },
	{ "1Ki", "1Ki", 1024, 1024000, NULL },
	{ "1Mi", "1Mi", 1048576, 1048576000, NULL },
	{ "1Gi", "1Gi", 1073741824, 1073741824000, NULL },
	{ "1Ti", "1Ti", INT64_C(1099511627776), INT64_C(1099511627776000), NULL },
	{ "1Pi", "1Pi", INT64_C(1125899906842624), INT64_C(1125899906842624000), NULL },
	{ "1Ei", "1Ei", INT64_C(1152921504606846976), INT64_MAX, NULL },
	{ "1023Ki", "1023Ki", 1047552, 1047552000, NULL },
	{ "1E3", "1e3", 1000, 1000000, NULL },
	{ "1e+3", "1e3", 1000, 1000000, NULL },
	{ "1e-3", "1e-3", 1, 1, NULL },
	{ "15e-1", "1500e-3", 2, 1500, NULL },
	{ "12e1", "120", 120, 120000, NULL },
	{ "1e21", "1e21", INT64_MAX, INT64_MAX, NULL },
	{ "1e-30", "1e-9", 1, 1, "1e-3" },
	{ "1e2147483647", "100e27", INT64_MAX, INT64_MAX, NULL },
	{ "0.123456789123Gi", "132560717938113381n", 132560718, 132560717939, "132560717939m" },
	{ "0.0000000000000000000000000000000000000001Ki", "1n", 1, 1, "1m" },
	{ "0.0009765625Ki", "1", 1, 1000, NULL },
	{ "9223372036854775807Ki", "9223372036854775807", INT64_MAX, INT64_MAX, NULL },
	{ "99999999999999999999999999999999999999999999Ki", "9223372036854775807", INT64_MAX,
	  INT64_MAX, NULL },
	{ "-10Ei", "-9223372036854775807", -INT64_MAX, INT64_MIN, NULL },
	{ "-1000E", "-1000E", INT64_MIN, INT64_MIN, NULL },
};

static void parses_prints_and_rounds(void **state)
{
	const struct good_row *row = *state;
	char text[MP_QUANTITY_TEXT_MAX];
	struct mp_quantity q = { 0 };
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_quantity_parse(row->input, &q, &err), 0);
	assert_true(q.is_set);
	assert_string_equal(mp_quantity_text(&q, text), row->canonical);
	assert_true(mp_quantity_value(&q) == row->value);
	assert_true(mp_quantity_milli(&q) == row->milli);

	const struct mp_quantity rounded = mp_quantity_round_milli(q);

	assert_string_equal(mp_quantity_text(&rounded, text),
			    row->rounded ? row->rounded : row->canonical);
}

struct bad_row {
	const char *input, *sentence;
};

static struct bad_row bad[] = {
	{ "", SHAPE },
	{ "   ", SHAPE },
	{ ".", SHAPE },
	{ "m", SHAPE },
	{ "+", SHAPE },
	{ "-", SHAPE },
	{ "-.", SHAPE },
	{ "Gi", SHAPE },
	{ "1.2.3", SHAPE },
	{ "1 Gi", SHAPE },
	{ "1x", SHAPE },
	{ "x", SHAPE },
	{ "1e3k", SHAPE },
	{ "--1", SHAPE },
	{ "1,5", SHAPE },
	{ "1-+1", SHAPE },
	{ "1K", SUFFIX },
	{ "1ki", SUFFIX },
	{ "1mi", SUFFIX },
	{ "1g", SHAPE },
	{ "1e", SUFFIX },
	{ "1e+", SUFFIX },
	{ "1E-", SUFFIX },
	{ "1GiB", SHAPE },
	{ "1ni", SUFFIX },
	{ "1Kii", SUFFIX },
	{ "1ee3", SUFFIX },
	{ "1k3", SUFFIX },
	{ "1-3", SUFFIX },
	{ "1eE", SUFFIX },
	{ "1e99999999999", NUMBER },
	{ "1e2147483650", NUMBER },
	{ "1n+", SUFFIX },
};

static void is_refused(void **state)
{
	const struct bad_row *row = *state;
	struct mp_quantity q = { .nano = 7, .is_set = false };
	struct mp_error err = MP_ERROR_NONE;

	assert_int_equal(mp_quantity_parse(row->input, &q, &err), -EINVAL);
	assert_string_equal(err.msg, row->sentence);
	assert_true(q.nano == 7 && !q.is_set);
	assert_int_equal(mp_quantity_parse(row->input, &q, NULL), -EINVAL);
}

__attribute__((constructor)) static void register_rows(void)
{
	static char names[256][112];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++, n++) {
		(void)snprintf(names[n], sizeof(names[n]), "quantity %.40s is %.40s (10.1)",
			       good[i].input, good[i].canonical);
		registry_add(names[n], parses_prints_and_rounds, &good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++, n++) {
		(void)snprintf(names[n], sizeof(names[n]), "quantity '%s' is refused (10.1)",
			       bad[i].input);
		registry_add(names[n], is_refused, &bad[i]);
	}
}

static struct mp_quantity parse(const char *text)
{
	struct mp_quantity q = { 0 };

	assert_int_equal(mp_quantity_parse(text, &q, NULL), 0);
	return q;
}

static int compare(const char *a, const char *b)
{
	const struct mp_quantity x = parse(a), y = parse(b);

	return mp_quantity_cmp(&x, &y);
}

TEST(comparison_is_numeric_whatever_the_suffix)
{
	(void)state;
	assert_int_equal(compare("1Gi", "1024Mi"), 0);
	assert_int_equal(compare("0.1", "100m"), 0);
	assert_int_equal(compare("1", "1001m"), -1);
	assert_int_equal(compare("1k", "999"), 1);
	assert_int_equal(compare("-1", "1"), -1);
}

TEST(an_unset_quantity_counts_as_zero)
{
	(void)state;
	const struct mp_quantity unset = { .nano = 99 }, zero = parse("0"), one = parse("1");
	char text[MP_QUANTITY_TEXT_MAX];

	assert_int_equal(mp_quantity_cmp(&unset, &zero), 0);
	assert_int_equal(mp_quantity_cmp(&unset, &one), -1);
	assert_int_equal(mp_quantity_cmp(&one, &unset), 1);
	assert_true(mp_quantity_value(&unset) == 0);
	assert_true(mp_quantity_milli(&unset) == 0);
	assert_string_equal(mp_quantity_text(&unset, text), "0");
}

static void assert_sum(struct mp_quantity a, struct mp_quantity b, const char *expected)
{
	const struct mp_quantity sum = mp_quantity_add(a, b);
	char text[MP_QUANTITY_TEXT_MAX];

	assert_string_equal(mp_quantity_text(&sum, text), expected);
}

TEST(a_sum_keeps_the_first_format_unless_it_is_zero)
{
	(void)state;
	const struct mp_quantity unset = { 0 };

	assert_sum(parse("1Gi"), parse("1G"), "2073741824");
	assert_sum(parse("1Gi"), parse("1024Mi"), "2Gi");
	assert_sum(parse("500m"), parse("500m"), "1");
	assert_sum(parse("0"), parse("2Gi"), "2Gi");
	assert_sum(unset, parse("2Gi"), "2Gi");
	assert_sum(parse("2Gi"), unset, "2Gi");
	assert_false(mp_quantity_add(unset, unset).is_set);
}

TEST(a_sum_saturates)
{
	(void)state;
	const struct mp_quantity most = parse("1e2147483647");
	const struct mp_quantity least = parse("-1e2147483647");
	struct mp_quantity sum = mp_quantity_add(most, most);

	assert_int_equal(mp_quantity_cmp(&sum, &most), 0);
	sum = mp_quantity_add(least, least);
	assert_int_equal(mp_quantity_cmp(&sum, &least), 0);
}

TEST(the_longest_texts_fit_their_buffer)
{
	(void)state;
	char text[MP_QUANTITY_TEXT_MAX];
	const struct mp_quantity q = parse("-99999999999999999999999999999.999999999e0");

	assert_string_equal(mp_quantity_text(&q, text),
			    "-99999999999999999999999999999999999999e-9");
}

TEST(a_binary_sum_beyond_exa_is_printed_in_exa)
{
	(void)state;
	struct mp_quantity q = parse("4Ei");

	for (int i = 0; i < 9; i++)
		q = mp_quantity_add(q, q);
	assert_sum(q, (struct mp_quantity){ 0 }, "2048Ei");
}

int main(void)
{
	return registry_run("quantity");
}
