/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, one character at a time. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/**
 * mp_utf8_length() - bytes of the character at @s, of which @left are there, at least 1.
 *
 * Return: 1 to 4, or 0 when it is not valid: overlong, a surrogate, beyond U+10FFFF, cut off.
 * Source: RFC 3629.
 */
static inline size_t mp_utf8_length(const unsigned char *s, size_t left)
{
	const unsigned char c = s[0];
	size_t n;

	if (c < 0x80U)
		return 1;
	if (c >= 0xc2U && c <= 0xdfU)
		n = 2;
	else if (c >= 0xe0U && c <= 0xefU)
		n = 3;
	else if (c >= 0xf0U && c <= 0xf4U)
		n = 4;
	else
		return 0;
	if (n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0U) != 0x80U)
			return 0;
	}
	if ((c == 0xe0U && s[1] < 0xa0U) || (c == 0xedU && s[1] > 0x9fU) ||
	    (c == 0xf0U && s[1] < 0x90U) || (c == 0xf4U && s[1] > 0x8fU))
		return 0;
	return n;
}

/** mp_utf8_is_line_separator() - U+2028 or U+2029, a character of @n bytes at @s. */
static inline bool mp_utf8_is_line_separator(const unsigned char *s, size_t n)
{
	return n == 3 && s[0] == 0xe2U && s[1] == 0x80U && (s[2] == 0xa8U || s[2] == 0xa9U);
}

/**
 * mp_utf8_is_shown() - a valid character of @n bytes that YAML may hold as it is: no control
 * character, line separator, byte order mark or non-character. The tab is not shown.
 */
static inline bool mp_utf8_is_shown(const unsigned char *s, size_t n)
{
	if (n == 1)
		return s[0] >= 0x20U && s[0] != 0x7fU;
	if (n == 2)
		return s[0] != 0xc2U || s[1] >= 0xa0U;
	if (n == 3 && s[0] == 0xefU) {
		if (s[1] == 0xbbU)
			return s[2] != 0xbfU;
		return s[1] != 0xbfU || s[2] < 0xbeU;
	}
	return n != 0 && !mp_utf8_is_line_separator(s, n);
}
