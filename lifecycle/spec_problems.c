/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lifecycle/spec.h"

void mp_problems_init(struct mp_problems *list, struct mp_arena *arena)
{
	*list = (struct mp_problems){ .arena = arena };
	list->last = &list->first;
}

__attribute__((format(printf, 2, 0))) static char *format(struct mp_arena *arena, const char *fmt,
							  va_list ap)
{
	va_list again;

	va_copy(again, ap);
	const int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return NULL;

	char *text = mp_arena_alloc(arena, (size_t)n + 1, 1);

	if (text)
		(void)vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

/* "path: text" is kept once: the set compares it whole, the entry points into it. */
static bool append(struct mp_problems *list, const char *path, const char *text)
{
	const size_t n_path = strlen(path), n_text = strlen(text);
	char *whole = mp_arena_alloc(list->arena, n_path + n_text + 2, 1);
	struct mp_problem *p = mp_arena_alloc(list->arena, 1, sizeof(*p));
	bool is_new;

	if (!whole || !p)
		return false;
	memcpy(whole, path, n_path);
	whole[n_path] = '\n'; /* in no path: keeps ("a", "b: c") apart from ("a: b", "c") */
	memcpy(whole + n_path + 1, text, n_text);
	if (mp_string_set_add(&list->seen, list->arena, whole, &is_new) < 0)
		return false;
	if (!is_new)
		return true;
	p->path = mp_arena_dup(list->arena, path, n_path);
	p->text = whole + n_path + 1;
	if (!p->path)
		return false;
	*list->last = p;
	list->last = &p->next;
	list->n++;
	return true;
}

void mp_problems_add(struct mp_problems *list, const char *path, const char *text_fmt, ...)
{
	va_list ap;

	list->n_reported++;
	va_start(ap, text_fmt);
	const char *text = format(list->arena, text_fmt, ap);
	va_end(ap);
	if (!text || !append(list, path, text))
		list->is_out_of_memory = true;
}

static const char *separator(const struct mp_problem *p)
{
	return *p->path ? ": " : "";
}

char *mp_spec_format_rejection(const struct mp_pod_spec *spec, const struct mp_problems *problems,
			       struct mp_arena *arena)
{
	const char *name = spec->meta.name ? spec->meta.name : "";
	size_t size = 4 * strlen(name) + sizeof("Pod \"\" is invalid: []");

	for (const struct mp_problem *p = problems->first; p; p = p->next)
		size += strlen(p->path) + strlen(p->text) + strlen(": , ");

	struct mp_buf out = { .text = mp_arena_alloc(arena, size, 1), .size = size };

	if (!out.text)
		return NULL;
	mp_buf_adds(&out, "Pod ");
	mp_buf_addq(&out, name, strlen(name));
	mp_buf_adds(&out, problems->n > 1 ? " is invalid: [" : " is invalid: ");
	for (const struct mp_problem *p = problems->first; p; p = p->next) {
		mp_buf_adds(&out, p->path);
		mp_buf_adds(&out, separator(p));
		mp_buf_adds(&out, p->text);
		if (p->next)
			mp_buf_adds(&out, ", ");
	}
	if (problems->n > 1)
		mp_buf_adds(&out, "]");
	return out.text;
}
