/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an unquoted YAML scalar means to kubectl: YAML 1.1 booleans and octals, numbers with
 * underscores, and everything else a string. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum mp_scalar_kind {
	MP_SCALAR_NULL,
	MP_SCALAR_BOOL,
	MP_SCALAR_NUMBER,
	MP_SCALAR_STRING,
	MP_SCALAR_NOT_FINITE, /* .inf and .nan: no JSON value */
	MP_SCALAR_TOO_LARGE,  /* hexadecimal, octal or binary, beyond 64 bits */
};

#define MP_SCALAR_TEXT_MAX 40

/** struct mp_scalar - the meaning of a scalar. */
struct mp_scalar {
	enum mp_scalar_kind kind;
	bool boolean;
	bool is_integer;               /* number: @text has no fraction and no exponent */
	bool is_float;                 /* number: read as a float, also when @text is whole */
	char text[MP_SCALAR_TEXT_MAX]; /* number, bool, null: as JSON writes it */
};

/**
 * mp_scalar_resolve() - read an unquoted scalar.
 * @text: @len bytes.
 *
 * Source: goyaml.v2 resolve.go as vendored by sigs.k8s.io/yaml; encoding/json for the text of
 * floats. There "y" and "n" are booleans too, and timestamps stay strings.
 */
void mp_scalar_resolve(const char *text, size_t len, struct mp_scalar *ret);

/**
 * mp_scalar_key_text() - a scalar as a map key: sigs.k8s.io/yaml writes float keys in another
 * form than float values (%g of a 32-bit float).
 *
 * Return: @ret->text of a resolved number or bool, rewritten where needed.
 */
const char *mp_scalar_key_text(struct mp_scalar *scalar);

/** mp_double_text() - @value as Go's encoding/json writes it; @value must be finite. */
void mp_double_text(double value, char ret[MP_SCALAR_TEXT_MAX]);
