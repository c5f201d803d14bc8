/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void sizes_have_three_digits_and_decimal_units(void **unused)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },           { 999, "999 B" },           { 1000, "1 kB" },
		{ 1234, "1.23 kB" },    { 99949, "99.9 kB" },       { 99960, "100 kB" },
		{ 999499, "999 kB" },   { 999500, "1 MB" },         { 12345678, "12.3 MB" },
		{ 5000000000, "5 GB" }, { UINT64_MAX, "18447 PB" },
	};
	char buf[32];

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++)
		assert_string_equal(mp_image_size_text(rows[i].bytes, buf), rows[i].text);
}

static void show(const struct mp_image_progress *p)
{
	p->layer(p->ctx, 0, 2, HEX, MP_IMAGE_LAYER_PRESENT, 5, 5);
	p->layer(p->ctx, 1, 2, HEX, MP_IMAGE_LAYER_UNPACKING, 500, 2000);
	p->layer(p->ctx, 1, 2, HEX, MP_IMAGE_LAYER_DONE, 2000, 2000);
}

static void elsewhere_than_on_a_terminal_there_is_a_line_a_layer(void **unused)
{
	struct mp_image_progress_view view;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)unused;
	assert_non_null(out);
	mp_image_progress_init(&view, out);
	assert_false(view.is_terminal);
	mp_image_progress_download(&view, 1, 2);
	show(&view.progress);
	mp_image_progress_end(&view);
	(void)fclose(out);
	assert_string_equal(text, "layer 1 of 2 0123456789ab: already there\n"
				  "layer 2 of 2 0123456789ab: unpacked, 2 kB\n");
	free(text);
}

static void on_a_terminal_one_line_changes(void **unused)
{
	struct mp_image_progress_view view;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	(void)unused;
	assert_non_null(out);
	mp_image_progress_init(&view, out);
	view.is_terminal = true;
	mp_image_progress_download(&view, 1000, 0);
	show(&view.progress);
	mp_image_progress_end(&view);
	(void)fclose(out);
	assert_string_equal(text, "downloading 1 kB\r\033[K"
				  "layer 1 of 2 0123456789ab: already there\n"
				  "layer 2 of 2 0123456789ab: unpacking 500 B of 2 kB\r\033[K"
				  "layer 2 of 2 0123456789ab: unpacked, 2 kB\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_three_digits_and_decimal_units),
		cmocka_unit_test(elsewhere_than_on_a_terminal_there_is_a_line_a_layer),
		cmocka_unit_test(on_a_terminal_one_line_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
