/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/env_file.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A line longer than this is refused, as the kubelet's scanner does it. */
#define LINE_MAX_BYTES ((size_t)64 * 1024)

struct reader {
	const char *at, *end;
};

struct line {
	const char *text;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 1 = a line without its end, 0 = there are no more. */
static int next_line(struct reader *r, struct line *ret)
{
	const char *newline;

	if (r->at == r->end)
		return 0;
	newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
	*ret = (struct line){ r->at, (size_t)((newline ? newline : r->end) - r->at) };
	r->at = newline ? newline + 1 : r->end;
	if (ret->len > 0 && ret->text[ret->len - 1] == '\r')
		ret->len--;
	return ret->len >= LINE_MAX_BYTES || memchr(ret->text, '\0', ret->len) ? -EINVAL : 1;
}

static struct line skip_blanks(struct line line)
{
	while (line.len > 0 && is_blank(line.text[0])) {
		line.text++;
		line.len--;
	}
	return line;
}

static struct line from(struct line line, size_t n)
{
	return (struct line){ line.text + n, line.len - n };
}

/* @rest begins behind the opening quote; @out has room for all that is left of the file. */
static int read_quoted(struct reader *r, struct line rest, char *out)
{
	size_t n = 0;

	for (;;) {
		const char *quote = memchr(rest.text, '\'', rest.len);
		const size_t part = quote ? (size_t)(quote - rest.text) : rest.len;

		memcpy(out + n, rest.text, part);
		n += part;
		if (quote) {
			out[n] = '\0';
			rest = skip_blanks(from(rest, part + 1));
			return rest.len == 0 || rest.text[0] == '#' ? 0 : -EINVAL;
		}
		out[n++] = '\n';

		const int more = next_line(r, &rest);

		if (more <= 0)
			return -EINVAL; /* 0: the closing quote is missing */
	}
}

/* The value behind the "=" of a line, which may go on in the next lines. */
static int read_value(struct reader *r, struct line rest, char *out)
{
	out[0] = '\0';
	if (rest.len == 0 || is_blank(rest.text[0]))
		return 0;
	return rest.text[0] == '\'' ? read_quoted(r, from(rest, 1), out) : -EINVAL;
}

int mp_env_file_get(const char *text, size_t len, const char *key, struct mp_arena *arena,
		    const char **ret_value)
{
	struct reader r = { text, text + len };
	char *value = mp_arena_alloc(arena, len + 2, 1);
	struct line line = { NULL, 0 };
	int more;

	if (!value)
		return -ENOMEM;
	while ((more = next_line(&r, &line)) > 0) {
		line = skip_blanks(line);
		if (line.len == 0 || line.text[0] == '#')
			continue;

		const char *equals = memchr(line.text, '=', line.len);
		const size_t name = equals ? (size_t)(equals - line.text) : 0;

		if (name == 0 || is_blank(line.text[name - 1]) ||
		    read_value(&r, from(line, name + 1), value) < 0)
			return -EINVAL;
		if (strlen(key) == name && memcmp(key, line.text, name) == 0) {
			*ret_value = value;
			return 0;
		}
	}
	if (more == 0)
		*ret_value = NULL;
	return more;
}
