/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a quantity: what parses prints canonically, its canonical form is a fixed point
 * with the same value, and rounding never goes down or away by a whole step.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/quantity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int sign(const struct mp_quantity *q)
{
	return (q->nano > 0) - (q->nano < 0);
}

static void check(struct mp_quantity q)
{
	char text[MP_QUANTITY_TEXT_MAX], again[MP_QUANTITY_TEXT_MAX];
	struct mp_quantity back = { 0 };

	assert(strlen(mp_quantity_text(&q, text)) < MP_QUANTITY_TEXT_MAX);
	assert(mp_quantity_parse(text, &back, NULL) == 0);
	assert(mp_quantity_cmp(&q, &back) == 0);
	assert(strcmp(mp_quantity_text(&back, again), text) == 0);

	const struct mp_quantity rounded = mp_quantity_round_milli(q);

	assert(rounded.nano % 1000000 == 0);
	assert(sign(&rounded) == sign(&q));
	assert(rounded.nano - q.nano < 1000000 && q.nano - rounded.nano < 1000000);
	assert(mp_quantity_milli(&q) >= mp_quantity_value(&q) || q.nano < 0);

	const struct mp_quantity twice = mp_quantity_add(q, q);

	assert(sign(&twice) == sign(&q));
	assert(mp_quantity_cmp(&twice, &q) == sign(&q) || twice.nano == q.nano);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct mp_error err = MP_ERROR_NONE;
	struct mp_quantity q = { 0 };

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (mp_quantity_parse(text, &q, &err) == 0)
		check(q);
	else
		assert(!q.is_set && err.msg[0] != '\0');
	free(text);
	return 0;
}
