/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes resource quantities ("500m", "1.5Gi", "1e3"), exact to 1n.
 * Source: pod-semantics reference section 10.1; apimachinery quantity grammar.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/error.h"

/** How a quantity is printed: the suffix it was written with decides. */
enum mp_quantity_format {
	MP_QUANTITY_DECIMAL_SI,
	MP_QUANTITY_BINARY_SI,
	MP_QUANTITY_DECIMAL_EXPONENT,
};

/** struct mp_quantity - a number in units of 10^-9, and the family of its suffix. */
struct mp_quantity {
	__int128 nano;
	enum mp_quantity_format format;
	bool is_set; /* false: the field was absent or null */
};

#define MP_QUANTITY_TEXT_MAX 48

/**
 * mp_quantity_parse() - text to value.
 * @ret: written on success only; @is_set becomes true.
 *
 * Return: 0, or -EINVAL with the API server's exact sentence (section 10.1). Finer than 1n rounds
 * away from zero; BinarySI values above 2^63-1 are capped.
 */
int mp_quantity_parse(const char *text, struct mp_quantity *ret, struct mp_error *err);

/** mp_quantity_text() - canonical form, e.g. "1536Mi", "500m". Returns @buf. */
char *mp_quantity_text(const struct mp_quantity *q, char buf[MP_QUANTITY_TEXT_MAX]);

/** mp_quantity_round_milli() - the API server's defaulting: up to whole milli-units. */
struct mp_quantity mp_quantity_round_milli(struct mp_quantity q);

/** mp_quantity_value() - ceil(q) as an integer, saturating. An unset quantity is 0. */
int64_t mp_quantity_value(const struct mp_quantity *q);

/** mp_quantity_milli() - ceil(1000 * q), saturating. An unset quantity is 0. */
int64_t mp_quantity_milli(const struct mp_quantity *q);

/** mp_quantity_cmp() - numeric: negative, 0 or positive as a <, ==, > b. Unset counts as 0. */
int mp_quantity_cmp(const struct mp_quantity *a, const struct mp_quantity *b);

/** mp_quantity_add() - a + b, keeping a's format unless a is zero or unset. */
struct mp_quantity mp_quantity_add(struct mp_quantity a, struct mp_quantity b);
