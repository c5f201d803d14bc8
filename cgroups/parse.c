/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/parse.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* A piece of text that is not NUL-terminated. */
struct span {
	const char *at;
	size_t len;
};

static struct span next_line(const char **text)
{
	size_t len = strcspn(*text, "\n");
	struct span line = { *text, len };

	*text += len + ((*text)[len] == '\n');
	return line;
}

/* The next word of @rest, which may be empty only at the end of the line. */
static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len > 0 && *rest->at == ' ') {
		rest->at++;
		rest->len--;
	}
	word = (struct span){ rest->at, 0 };
	while (word.len < rest->len && word.at[word.len] != ' ')
		word.len++;
	rest->at += word.len;
	rest->len -= word.len;
	return word;
}

static bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Undo seq_path()'s escapes: \040 for a blank, \011, \012, \134. */
static bool copy_unescaped(struct span from, char *to, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < from.len; i++) {
		char c = from.at[i];

		if (c == '\\' && from.len - i > 3 && is_octal(from.at[i + 1]) &&
		    is_octal(from.at[i + 2]) && is_octal(from.at[i + 3])) {
			unsigned v = (unsigned)(from.at[i + 1] - '0') * 64 +
				     (unsigned)(from.at[i + 2] - '0') * 8 +
				     (unsigned)(from.at[i + 3] - '0');

			if (v == 0 || v > 255)
				return false;
			c = (char)v;
			i += 3;
		}
		if (n + 1 >= size)
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	return n > 0;
}

/* 36 35 98:0 /root /point rw,noatime master:1 - type source options */
static bool parse_mount_line(struct span line, struct mp_mount_line *ret)
{
	struct span rest = line;
	struct span word;

	for (int i = 0; i < 3; i++) {
		if (next_word(&rest).len == 0)
			return false;
	}
	if (!copy_unescaped(next_word(&rest), ret->root, sizeof(ret->root)) ||
	    !copy_unescaped(next_word(&rest), ret->point, sizeof(ret->point)))
		return false;
	do {
		word = next_word(&rest);
		if (word.len == 0)
			return false;
	} while (!span_is(word, "-"));
	if (!copy_unescaped(next_word(&rest), ret->type, sizeof(ret->type)))
		return false;
	if (next_word(&rest).len == 0) /* source */
		return false;
	return copy_unescaped(next_word(&rest), ret->options, sizeof(ret->options));
}

bool mp_parse_mountinfo(const char **text, struct mp_mount_line *ret)
{
	struct mp_mount_line line;

	while (**text) {
		if (parse_mount_line(next_line(text), &line)) {
			*ret = line;
			return true;
		}
	}
	return false;
}

/* Whether @name is one of the comma-separated items of @list. */
static bool list_has(struct span list, const char *name)
{
	while (list.len > 0) {
		size_t len = 0;

		while (len < list.len && list.at[len] != ',')
			len++;
		if (span_is((struct span){ list.at, len }, name))
			return true;
		list.at += len;
		list.len -= len;
		if (list.len > 0) {
			list.at++;
			list.len--;
		}
	}
	return false;
}

int mp_parse_own_cgroup(const char *text, const char *controller, char *buf, size_t size)
{
	while (*text) {
		struct span line = next_line(&text);
		const char *list = memchr(line.at, ':', line.len);

		if (!list)
			continue;
		list++;

		const char *path = memchr(list, ':', line.len - (size_t)(list - line.at));

		if (!path)
			continue;

		struct span names = { list, (size_t)(path - list) };
		size_t len = line.len - (size_t)(path + 1 - line.at);

		if (*controller ? !list_has(names, controller) : names.len != 0)
			continue;
		if (len >= size)
			return -ENAMETOOLONG;
		memcpy(buf, path + 1, len);
		buf[len] = '\0';
		return 0;
	}
	return -ENOENT;
}

const char *mp_parse_below(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (strcmp(root, "/") == 0)
		return strcmp(path, "/") == 0 ? path + 1 : path;
	if (strncmp(path, root, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return NULL;
	return path + len;
}

static bool is_end(char c)
{
	return c == '\0' || c == '\n' || c == ' ' || c == '\t';
}

bool mp_parse_number(const char *text, uint64_t *ret)
{
	uint64_t v = 0;

	if (strncmp(text, "max", 3) == 0 && is_end(text[3])) {
		*ret = UINT64_MAX;
		return true;
	}
	if (is_end(*text))
		return false;
	for (; !is_end(*text); text++) {
		if (*text < '0' || *text > '9')
			return false;
		if (__builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

bool mp_parse_keyed(const char *text, const char *key, uint64_t *ret)
{
	size_t len = strlen(key);

	while (*text) {
		const char *line = next_line(&text).at;

		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return mp_parse_number(line + len + 1, ret);
	}
	return false;
}

bool mp_parse_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	while (*text) {
		size_t n = strcspn(text, " \t\n");

		if (n == len && n > 0 && memcmp(text, word, n) == 0)
			return true;
		text += n;
		text += strspn(text, " \t\n");
	}
	return false;
}

bool mp_parse_pid(const char **text, int *ret_pid)
{
	while (**text) {
		struct span line = next_line(text);
		uint64_t v;

		if (line.len > 0 && mp_parse_number(line.at, &v) && v > 0 && v <= INT_MAX) {
			*ret_pid = (int)v;
			return true;
		}
	}
	return false;
}

/* "avg10=1.25" as 125. The kernel prints two digits: LOAD_INT and LOAD_FRAC. */
static bool parse_percent(struct span word, const char *name, uint32_t *ret)
{
	size_t at = strlen(name);
	uint32_t v = 0;
	size_t n_int = 0;

	if (word.len <= at || memcmp(word.at, name, at) != 0)
		return false;
	for (; at < word.len && word.at[at] >= '0' && word.at[at] <= '9'; at++) {
		if (++n_int > 7)
			return false;
		v = v * 10 + (uint32_t)(word.at[at] - '0');
	}
	if (n_int == 0 || word.len - at != 3 || word.at[at] != '.')
		return false;
	for (at++; at < word.len; at++) {
		if (word.at[at] < '0' || word.at[at] > '9')
			return false;
		v = v * 10 + (uint32_t)(word.at[at] - '0');
	}
	*ret = v;
	return true;
}

bool mp_parse_pressure(const char *text, const char *kind, struct mp_parsed_stall *ret)
{
	while (*text) {
		struct span line = next_line(&text);
		struct mp_parsed_stall s;

		if (!span_is(next_word(&line), kind))
			continue;
		if (!parse_percent(next_word(&line), "avg10=", &s.avg10) ||
		    !parse_percent(next_word(&line), "avg60=", &s.avg60) ||
		    !parse_percent(next_word(&line), "avg300=", &s.avg300))
			return false;

		struct span total = next_word(&line);

		if (total.len < 7 || memcmp(total.at, "total=", 6) != 0 ||
		    !mp_parse_number(total.at + 6, &s.total_us))
			return false;
		*ret = s;
		return true;
	}
	return false;
}
