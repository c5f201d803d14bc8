/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/yaml_text.h"

#include <string.h>

#include "runtime/base/scalar.h"
#include "runtime/base/utf8.h"

/* YAML 1.1 reads "1:30" in base 60, and some readers still do: quoted, as kubectl does. */
static bool is_base60(const char *text, size_t len)
{
	size_t i = text[0] == '-' || text[0] == '+' ? 1 : 0;
	bool has_colon = false;

	if (i == len || text[i] < '0' || text[i] > '9')
		return false;
	for (; i < len; i++) {
		if (text[i] == ':')
			has_colon = true;
		else if ((text[i] < '0' || text[i] > '9') && text[i] != '_' && text[i] != '.')
			return false;
	}
	return has_colon;
}

static size_t count_digits(const char *text, size_t len, size_t at)
{
	size_t n = 0;

	while (at + n < len && text[at + n] >= '0' && text[at + n] <= '9')
		n++;
	return n;
}

/* "2024-01-02", alone or with a time after it: YAML 1.1 has a type for it, so kubectl quotes. */
static bool is_timestamp(const char *text, size_t len)
{
	const size_t month = count_digits(text, len, 0) == 4 ? 5 : len;

	if (month >= len || text[4] != '-')
		return false;

	const size_t dash = month + count_digits(text, len, month);

	if (dash == month || dash > month + 2 || dash >= len || text[dash] != '-')
		return false;

	const size_t days = count_digits(text, len, dash + 1);
	const size_t end = dash + 1 + days;

	return days >= 1 && days <= 2 &&
	       (end == len || text[end] == 'T' || text[end] == 't' || text[end] == ' ');
}

static bool starts_plain(const char *text, size_t len)
{
	static const char indicators[] = ",[]{}#&*!|>'\"%@` ";

	/* These three may begin a word, but not be one. */
	if (text[0] == '-' || text[0] == '?' || text[0] == ':')
		return len > 1 && text[1] != ' ';
	return !memchr(indicators, text[0], sizeof(indicators));
}

bool mp_yaml_is_plain(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	struct mp_scalar scalar;

	if (len == 0 || !starts_plain(text, len) || text[len - 1] == ' ' || text[len - 1] == ':')
		return false;
	if (len >= 3 && (memcmp(text, "---", 3) == 0 || memcmp(text, "...", 3) == 0))
		return false;
	for (size_t i = 0; i < len;) {
		const size_t n = mp_utf8_length(s + i, len - i);

		if (!mp_utf8_is_shown(s + i, n))
			return false;
		if (i + 1 < len &&
		    ((s[i] == ':' && s[i + 1] == ' ') || (s[i] == ' ' && s[i + 1] == '#')))
			return false;
		i += n;
	}
	if ((len == 1 && text[0] == '=') || is_base60(text, len) || is_timestamp(text, len) ||
	    (len == 2 && memcmp(text, "<<", 2) == 0))
		return false;
	mp_scalar_resolve(text, len, &scalar);
	return scalar.kind == MP_SCALAR_STRING;
}

bool mp_yaml_is_block(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	bool has_break = false, was_blank = true; /* a first blank would pass for indentation */

	for (size_t i = 0; i < len;) {
		const size_t n = mp_utf8_length(s + i, len - i);
		const bool is_blank = s[i] == ' ' || s[i] == '\t';

		if (i == 0 && (is_blank || s[i] == '\n'))
			return false;
		if (s[i] == '\n') {
			if (was_blank)
				return false; /* invisible at the end of a line */
			has_break = true;
		} else if (s[i] != '\t' && !mp_utf8_is_shown(s + i, n)) {
			return false;
		}
		was_blank = is_blank;
		i += n;
	}
	return has_break && !was_blank;
}
