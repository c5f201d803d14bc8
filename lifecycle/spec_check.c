/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/spec_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Enough for any index in brackets. */
#define INDEX_MAX 24

static size_t at_size(const struct mp_at *at)
{
	size_t size = 1;

	for (; at; at = at->up)
		size += at->field ? strlen(at->field) + 1 :
			at->key   ? strlen(at->key) + 2 :
				    INDEX_MAX;
	return size;
}

static void put_at(struct mp_buf *out, const struct mp_at *at)
{
	if (!at)
		return;
	put_at(out, at->up);
	if (at->field) {
		if (out->len > 0)
			mp_buf_adds(out, ".");
		mp_buf_adds(out, at->field);
	} else if (at->key) {
		mp_buf_adds(out, "[");
		mp_buf_adds(out, at->key);
		mp_buf_adds(out, "]");
	} else {
		mp_buf_addf(out, "[%zu]", at->index);
	}
}

char *mp_at_text(const struct mp_at *at, struct mp_arena *arena)
{
	const size_t size = at_size(at);
	struct mp_buf out = { .text = mp_arena_alloc(arena, size, 1), .size = size };

	if (out.text)
		put_at(&out, at);
	return out.text;
}

const char *mp_check_quote(struct mp_problems *out, const char *text)
{
	const size_t len = text ? strlen(text) : 0;
	/* An escape is at most four bytes for one, "\xff". */
	const size_t size = 4 * len + 3;
	struct mp_buf buf = { .text = mp_arena_alloc(out->arena, size, 1), .size = size };

	if (!buf.text) {
		out->is_out_of_memory = true;
		return "";
	}
	mp_buf_addq(&buf, mp_or_empty(text), len);
	return buf.text;
}

const char *mp_check_text(struct mp_problems *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);

	char *text = n < 0 ? NULL : mp_arena_alloc(out->arena, (size_t)n + 1, 1);

	if (!text) {
		out->is_out_of_memory = true;
		return "";
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

const char *mp_check_json_list(struct mp_problems *out, const struct mp_strings *list)
{
	size_t size = 3;

	for (size_t i = 0; i < list->n; i++)
		size += 4 * strlen(list->items[i]) + 3;

	struct mp_buf buf = { .text = mp_arena_alloc(out->arena, size, 1), .size = size };

	if (!buf.text) {
		out->is_out_of_memory = true;
		return "";
	}
	mp_buf_adds(&buf, "[");
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			mp_buf_adds(&buf, ",");
		mp_buf_addq(&buf, list->items[i], strlen(list->items[i]));
	}
	mp_buf_adds(&buf, "]");
	return buf.text;
}

static void report(struct mp_problems *out, const struct mp_at *at, const char *text)
{
	const char *path = mp_at_text(at, out->arena);

	if (!path)
		out->is_out_of_memory = true;
	mp_problems_add(out, mp_or_empty(path), "%s", text);
}

void mp_check_required(struct mp_problems *out, const struct mp_at *at, const char *detail)
{
	report(out, at, mp_check_text(out, "Required value%s%s", *detail ? ": " : "", detail));
}

void mp_check_forbidden(struct mp_problems *out, const struct mp_at *at, const char *detail)
{
	report(out, at, mp_check_text(out, "Forbidden: %s", detail));
}

void mp_check_invalid_json(struct mp_problems *out, const struct mp_at *at, const char *json,
			   const char *detail)
{
	report(out, at, mp_check_text(out, "Invalid value: %s: %s", json, detail));
}

void mp_check_invalid(struct mp_problems *out, const struct mp_at *at, const char *value,
		      const char *detail)
{
	mp_check_invalid_json(out, at, mp_check_quote(out, value), detail);
}

void mp_check_invalid_int(struct mp_problems *out, const struct mp_at *at, int64_t value,
			  const char *detail)
{
	mp_check_invalid_json(out, at, mp_check_text(out, "%lld", (long long)value), detail);
}

void mp_check_duplicate(struct mp_problems *out, const struct mp_at *at, const char *value)
{
	report(out, at, mp_check_text(out, "Duplicate value: %s", mp_check_quote(out, value)));
}

void mp_check_not_found(struct mp_problems *out, const struct mp_at *at, const char *value)
{
	report(out, at, mp_check_text(out, "Not found: %s", mp_check_quote(out, value)));
}

void mp_check_too_many(struct mp_problems *out, const struct mp_at *at, size_t n, size_t max)
{
	report(out, at, mp_check_text(out, "Too many: %zu: must have at most %zu items", n, max));
}

void mp_check_too_long(struct mp_problems *out, const struct mp_at *at, size_t max)
{
	report(out, at, mp_check_text(out, "Too long: may not be more than %zu bytes", max));
}

void mp_check_unsupported(struct mp_problems *out, const struct mp_at *at, const char *value,
			  const char *const *supported, size_t n)
{
	size_t size = 1;

	for (size_t i = 0; i < n; i++)
		size += 4 * strlen(supported[i]) + strlen("\"\", ");

	struct mp_buf buf = { .text = mp_arena_alloc(out->arena, size, 1), .size = size };

	if (!buf.text) {
		out->is_out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			mp_buf_adds(&buf, ", ");
		mp_buf_addq(&buf, supported[i], strlen(supported[i]));
	}
	report(out, at,
	       mp_check_text(out, "Unsupported value: %s: supported values: %s",
			     mp_check_quote(out, value), buf.text));
}

void mp_check_one_of(struct mp_problems *out, const struct mp_at *at, const char *value,
		     const char *const *supported, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(mp_or_empty(value), supported[i]) == 0)
			return;
	}
	mp_check_unsupported(out, at, value, supported, n);
}

void mp_check_faults(struct mp_problems *out, const struct mp_at *at, const char *value,
		     struct mp_name_faults faults)
{
	for (size_t i = 0; i < faults.n; i++)
		mp_check_invalid(out, at, value, faults.text[i]);
}

void mp_check_int_faults(struct mp_problems *out, const struct mp_at *at, int64_t value,
			 struct mp_name_faults faults)
{
	for (size_t i = 0; i < faults.n; i++)
		mp_check_invalid_int(out, at, value, faults.text[i]);
}

void mp_check_opt_int(struct mp_problems *out, const struct mp_at *at, struct mp_opt_int value,
		      struct mp_name_faults (*rule)(int64_t))
{
	if (value.is_set)
		mp_check_int_faults(out, at, value.v, rule(value.v));
}

bool mp_check_unique(struct mp_problems *out, const struct mp_at *at, struct mp_string_set *seen,
		     const char *value)
{
	bool is_new = true;

	if (mp_string_set_add(seen, out->arena, value, &is_new) < 0)
		out->is_out_of_memory = true;
	if (!is_new)
		mp_check_duplicate(out, at, value);
	return is_new;
}

void mp_check_no_backsteps(struct mp_problems *out, const struct mp_at *at, const char *path)
{
	for (const char *s = path;; s++) {
		const size_t len = strcspn(s, "/");

		if (len == 2 && memcmp(s, "..", 2) == 0) {
			mp_check_invalid(out, at, path, "must not contain '..'");
			return;
		}
		s += len;
		if (*s == '\0')
			return;
	}
}

void mp_check_relative(struct mp_problems *out, const struct mp_at *at, const char *path)
{
	if (*path == '/')
		mp_check_invalid(out, at, path, "must be a relative path");
	mp_check_no_backsteps(out, at, path);
}
