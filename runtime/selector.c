/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/names.h"

#define PARTS_MAX  64
#define VALUES_MAX 64

struct parser {
	struct mp_arena *arena;
	const char *text, *at;
	struct mp_error *err;
};

static void skip_blanks(struct parser *p)
{
	p->at += strspn(p->at, " \t");
}

static int fail(const struct parser *p, const char *what)
{
	return mp_fail_text(p->err, EINVAL,
			    "unable to parse the selector \"%s\": %s at \"%s\" (write app=web, "
			    "app!=web, app in (a,b), app notin (a), app or !app)",
			    p->text, what, p->at);
}

static const char *take_word(struct parser *p)
{
	const size_t n = strcspn(p->at, " \t,()=!<>");
	const char *word = mp_arena_dup(p->arena, p->at, n);

	p->at += n;
	return word;
}

static bool take(struct parser *p, const char *token)
{
	const size_t n = strlen(token);

	if (strncmp(p->at, token, n) != 0)
		return false;
	/* "in" is a word: not the head of "inner". */
	if (token[0] >= 'a' && p->at[n] != ' ' && p->at[n] != '\t' && p->at[n] != '(')
		return false;
	p->at += n;
	return true;
}

static int check_value(const struct parser *p, const char *value)
{
	const struct mp_name_faults faults = mp_name_label_value(value);

	if (faults.n > 0)
		return mp_fail_text(p->err, EINVAL, "the selector \"%s\" has the value \"%s\": %s",
				    p->text, value, faults.text[0]);
	return 0;
}

static int take_list(struct parser *p, struct mp_requirement *r)
{
	const char **values = mp_arena_alloc(p->arena, VALUES_MAX, sizeof(*values));

	if (!values)
		return mp_fail(p->err, ENOMEM, "selector");
	r->values = values;
	skip_blanks(p);
	if (!take(p, "("))
		return fail(p, "a list in parentheses is missing");
	for (;;) {
		if (r->n_values == VALUES_MAX)
			return fail(p, "too many values");
		skip_blanks(p);
		values[r->n_values] = take_word(p);
		if (!values[r->n_values])
			return mp_fail(p->err, ENOMEM, "selector");
		if (check_value(p, values[r->n_values++]) < 0)
			return -EINVAL;
		skip_blanks(p);
		if (take(p, ")"))
			return 0;
		if (!take(p, ","))
			return fail(p, "the list has no end");
	}
}

static int take_one(struct parser *p, struct mp_requirement *r)
{
	const char **value = mp_arena_alloc(p->arena, 1, sizeof(*value));
	char *end;

	if (!value)
		return mp_fail(p->err, ENOMEM, "selector");
	skip_blanks(p);
	*value = take_word(p);
	if (!*value)
		return mp_fail(p->err, ENOMEM, "selector");
	r->values = value;
	r->n_values = 1;
	if (r->op == MP_SELECT_ABOVE || r->op == MP_SELECT_BELOW) {
		errno = 0;
		(void)strtoll(*value, &end, 10);
		if (errno != 0 || end == *value || *end != '\0')
			return fail(p, "a whole number is missing");
	}
	return check_value(p, *value);
}

static int take_requirement(struct parser *p, struct mp_requirement *r)
{
	const bool is_negated = take(p, "!");
	struct mp_name_faults faults;
	bool is_list = false;

	skip_blanks(p);
	r->key = take_word(p);
	if (!r->key)
		return mp_fail(p->err, ENOMEM, "selector");
	if (!r->key[0])
		return fail(p, "a key is missing");
	faults = mp_name_qualified(r->key);
	if (faults.n > 0)
		return mp_fail_text(p->err, EINVAL, "the selector \"%s\" has the key \"%s\": %s",
				    p->text, r->key, faults.text[0]);
	skip_blanks(p);
	r->op = is_negated ? MP_SELECT_ABSENT : MP_SELECT_EXISTS;
	if (*p->at == '\0' || *p->at == ',')
		return 0;
	if (is_negated)
		return fail(p, "nothing may follow !key");
	if (take(p, "==") || take(p, "="))
		r->op = MP_SELECT_IN;
	else if (take(p, "!="))
		r->op = MP_SELECT_NOT_IN;
	else if (take(p, ">"))
		r->op = MP_SELECT_ABOVE;
	else if (take(p, "<"))
		r->op = MP_SELECT_BELOW;
	else if (take(p, "notin"))
		r->op = MP_SELECT_NOT_IN, is_list = true;
	else if (take(p, "in"))
		r->op = MP_SELECT_IN, is_list = true;
	else
		return fail(p, "an operator is missing");
	return is_list ? take_list(p, r) : take_one(p, r);
}

int mp_selector_parse(struct mp_arena *arena, const char *text, struct mp_selector *ret,
		      struct mp_error *err)
{
	struct parser p = { .arena = arena, .text = text, .at = text, .err = err };
	struct mp_requirement *items = mp_arena_alloc(arena, PARTS_MAX, sizeof(*items));
	size_t n = 0;

	if (!items)
		return mp_fail(err, ENOMEM, "selector");
	for (skip_blanks(&p); *p.at; skip_blanks(&p)) {
		if (n == PARTS_MAX)
			return fail(&p, "too many parts");

		const int r = take_requirement(&p, &items[n]);

		if (r < 0)
			return r;
		n++;
		skip_blanks(&p);
		if (*p.at == '\0')
			break;
		if (!take(&p, ","))
			return fail(&p, "a comma is missing");
	}
	*ret = (struct mp_selector){ items, n };
	return 0;
}

static bool is_among(const struct mp_requirement *r, const char *value)
{
	for (size_t i = 0; i < r->n_values; i++)
		if (strcmp(r->values[i], value) == 0)
			return true;
	return false;
}

/* @value: NULL where the key is missing. */
static bool holds(const struct mp_requirement *r, const char *value)
{
	char *end;

	switch (r->op) {
	case MP_SELECT_IN:
		return value && is_among(r, value);
	case MP_SELECT_NOT_IN:
		return !value || !is_among(r, value);
	case MP_SELECT_EXISTS:
		return value != NULL;
	case MP_SELECT_ABSENT:
		return value == NULL;
	case MP_SELECT_ABOVE:
	case MP_SELECT_BELOW:
		if (!value || !value[0])
			return false;

		const long long have = strtoll(value, &end, 10);
		const long long bound = strtoll(r->values[0], NULL, 10);

		return *end == '\0' && (r->op == MP_SELECT_ABOVE ? have > bound : have < bound);
	}
	return false;
}

bool mp_selector_matches(const struct mp_selector *s, const struct mp_node *labels)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct mp_node *value = mp_node_get(labels, s->items[i].key);

		if (!holds(&s->items[i], value ? value->text : NULL))
			return false;
	}
	return true;
}

/* ---- fields ------------------------------------------------------------------------------------ */

static int take_field(struct parser *p, const char *part, const char *const *known, size_t n_known,
		      struct mp_requirement *r)
{
	const char *equals = strchr(part, '=');
	const char **value = mp_arena_alloc(p->arena, 1, sizeof(*value));
	const bool is_negated = equals && equals > part && equals[-1] == '!';
	size_t i = 0;

	if (!value)
		return mp_fail(p->err, ENOMEM, "selector");
	if (!equals)
		return mp_fail_text(p->err, EINVAL,
				    "invalid field selector \"%s\": \"%s\" is not FIELD=VALUE",
				    p->text, part);
	r->key = mp_arena_dup(p->arena, part, (size_t)(equals - part) - (is_negated ? 1 : 0));
	r->op = is_negated ? MP_SELECT_NOT_IN : MP_SELECT_IN;
	*value = equals + (equals[1] == '=' ? 2 : 1);
	r->values = value;
	r->n_values = 1;
	while (i < n_known && !mp_streq(known[i], r->key))
		i++;
	if (i == n_known && r->key) {
		const char *near = mp_closest(r->key, known, n_known);

		return mp_fail_text(p->err, EINVAL, "field label not supported: %s%s%s%s", r->key,
				    near ? ": did you mean " : "", near ? near : "",
				    near ? "?" : "");
	}
	return r->key ? 0 : mp_fail(p->err, ENOMEM, "selector");
}

int mp_field_selector_parse(struct mp_arena *arena, const char *text, const char *const *known,
			    size_t n_known, struct mp_selector *ret, struct mp_error *err)
{
	struct parser p = { .arena = arena, .text = text, .at = text, .err = err };
	struct mp_requirement *items = mp_arena_alloc(arena, PARTS_MAX, sizeof(*items));
	size_t n = 0;

	if (!items)
		return mp_fail(err, ENOMEM, "selector");
	while (*p.at) {
		const size_t len = strcspn(p.at, ",");
		const char *part = mp_arena_dup(arena, p.at, len);
		int r = !part          ? mp_fail(err, ENOMEM, "selector") :
			n == PARTS_MAX ? fail(&p, "too many parts") :
					 take_field(&p, part, known, n_known, &items[n]);

		if (r < 0)
			return r;
		n++;
		p.at += len + (p.at[len] == ',' ? 1 : 0);
	}
	*ret = (struct mp_selector){ items, n };
	return 0;
}

static const char *field_of(const struct mp_node *object, const char *path)
{
	char key[128];

	while (*path) {
		const size_t n = strcspn(path, ".");

		if (n >= sizeof(key))
			return "";
		memcpy(key, path, n);
		key[n] = '\0';
		object = mp_node_get(object, key);
		path += n + (path[n] == '.' ? 1 : 0);
	}
	return object && object->text ? object->text : "";
}

bool mp_field_selector_matches(const struct mp_selector *s, const struct mp_node *object)
{
	for (size_t i = 0; i < s->n; i++)
		if (!holds(&s->items[i], field_of(object, s->items[i].key)))
			return false;
	return true;
}
