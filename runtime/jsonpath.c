/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The template is interpreted where it stands: a path is a chain of steps, each of which turns a
 * set of nodes into another; the body of a range is interpreted once for each node of its set.
 */
#include "runtime/jsonpath.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/json.h"

#define DEPTH_MAX 16
#define NODES_MAX ((size_t)100000)
#define KEY_MAX   256

/* A set of nodes, in order. */
struct set {
	const struct mp_node **items; /* owned */
	size_t n, size;
};

struct run {
	const struct mp_node *root;
	FILE *out;
	struct mp_error *err;
	unsigned int depth;
};

static void set_done(struct set *s)
{
	free(s->items);
	*s = (struct set){ .n = 0 };
}

static int set_add(struct run *run, struct set *s, const struct mp_node *node)
{
	if (!node)
		return 0;
	if (s->n == s->size) {
		const size_t size = s->size > 0 ? s->size * 2 : 16;
		const struct mp_node **bigger =
			size <= NODES_MAX ? reallocarray(s->items, size, sizeof(struct mp_node *)) :
					    NULL;

		if (!bigger)
			return mp_fail(run->err, ENOMEM, "jsonpath: too many results");
		s->items = bigger;
		s->size = size;
	}
	s->items[s->n++] = node;
	return 0;
}

static int bad(struct run *run, const char *what, const char *at)
{
	return mp_fail_text(run->err, EINVAL, "error parsing jsonpath: %s at \"%.40s\"", what, at);
}

static void skip_blanks(const char **p, const char *end)
{
	while (*p < end && (**p == ' ' || **p == '\t' || **p == '\n'))
		(*p)++;
}

/* A quoted string at *@p, its value into @buf. */
static int take_quoted(struct run *run, const char **p, const char *end, char *buf, size_t size)
{
	const char quote = *(*p)++;
	size_t n = 0;

	for (; *p < end && **p != quote; (*p)++) {
		char c = **p;

		if (c == '\\' && *p + 1 < end) {
			(*p)++;
			c = **p == 'n' ? '\n' : **p == 't' ? '\t' : **p == 'r' ? '\r' : **p;
		}
		if (n + 1 < size)
			buf[n++] = c;
	}
	if (*p >= end)
		return bad(run, "unterminated quoted string", "");
	(*p)++;
	buf[n] = '\0';
	return 0;
}

static bool ends_name(char c)
{
	return strchr(".[]{}()=!<>,: \t\n\"'", c) != NULL;
}

/* A name after a dot; \. is a dot in it. */
static void take_name(const char **p, const char *end, char buf[KEY_MAX])
{
	size_t n = 0;

	for (; *p < end && (**p == '\\' || !ends_name(**p)); (*p)++) {
		if (**p == '\\' && *p + 1 < end)
			(*p)++;
		if (n + 1 < KEY_MAX)
			buf[n++] = **p;
	}
	buf[n] = '\0';
}

static int add_children(struct run *run, const struct mp_node *node, struct set *out)
{
	int r = 0;

	for (size_t i = 0; i < node->count && r == 0; i++) {
		if (node->kind == MP_NODE_MAP)
			r = set_add(run, out, node->entries[i].value);
		else if (node->kind == MP_NODE_LIST)
			r = set_add(run, out, node->items[i]);
	}
	return r;
}

/* The node itself and everything below it; documents have a bounded depth. */
static int add_all(struct run *run, const struct mp_node *node, struct set *out)
{
	int r = set_add(run, out, node);

	for (size_t i = 0; i < node->count && r == 0; i++) {
		if (node->kind == MP_NODE_MAP)
			r = add_all(run, node->entries[i].value, out);
		else if (node->kind == MP_NODE_LIST)
			r = add_all(run, node->items[i], out);
	}
	return r;
}

static int step_name(struct run *run, const struct set *in, const char *name, struct set *out)
{
	int r = 0;

	for (size_t i = 0; i < in->n && r == 0; i++)
		r = strcmp(name, "*") == 0 ? add_children(run, in->items[i], out) :
					     set_add(run, out, mp_node_get(in->items[i], name));
	return r;
}

static int eval_path(struct run *run, const char **p, const char *end,
		     const struct mp_node *current, struct set *out);

/* ---- filters ------------------------------------------------------------------------------------ */

/* One side of a comparison: a path or a literal. */
struct operand {
	struct set set;
	char text[KEY_MAX];
	bool is_text; /* a literal in quotes, or a bare word such as true or 3 */
};

static int take_operand(struct run *run, const char **p, const char *end,
			const struct mp_node *current, struct operand *o)
{
	skip_blanks(p, end);
	if (*p >= end)
		return bad(run, "unterminated filter", "");
	if (**p == '@' || **p == '$')
		return eval_path(run, p, end, current, &o->set);
	o->is_text = true;
	if (**p == '"' || **p == '\'')
		return take_quoted(run, p, end, o->text, sizeof(o->text));

	size_t n = 0;

	while (*p < end && !strchr(" )=!<>", **p) && n + 1 < sizeof(o->text))
		o->text[n++] = *(*p)++;
	o->text[n] = '\0';
	return n > 0 ? 0 : bad(run, "empty operand", *p);
}

static const char *operand_text(const struct operand *o)
{
	if (o->is_text)
		return o->text;
	return o->set.n > 0 && o->set.items[0]->text ? o->set.items[0]->text : NULL;
}

static bool compare(const char *op, const char *a, const char *b)
{
	char *end_a, *end_b;

	if (!a || !b)
		return strcmp(op, "!=") == 0 && a != b;

	const double x = strtod(a, &end_a), y = strtod(b, &end_b);
	const bool are_numbers = *a && *b && !*end_a && !*end_b;
	const int order = are_numbers ? (x > y) - (x < y) : strcmp(a, b);

	if (strcmp(op, "==") == 0)
		return order == 0;
	if (strcmp(op, "!=") == 0)
		return order != 0;
	if (strcmp(op, "<=") == 0)
		return order <= 0;
	if (strcmp(op, ">=") == 0)
		return order >= 0;
	return op[0] == '<' ? order < 0 : order > 0;
}

/* The condition between "?(" and ")" for one node; *@p ends behind it. */
static int matches(struct run *run, const char **p, const char *end, const struct mp_node *node,
		   bool *ret)
{
	struct operand left = { .is_text = false }, right = { .is_text = false };
	char op[3] = "";
	int r = take_operand(run, p, end, node, &left);

	skip_blanks(p, end);
	if (r == 0 && *p < end && strchr("=!<>", **p)) {
		op[0] = *(*p)++;
		if (*p < end && **p == '=')
			op[1] = *(*p)++;
		if ((op[0] == '=' || op[0] == '!') && !op[1])
			r = bad(run, "unrecognised operator", op);
		if (r == 0)
			r = take_operand(run, p, end, node, &right);
	}
	if (r == 0)
		*ret = op[0] ? compare(op, operand_text(&left), operand_text(&right)) :
			       left.set.n > 0 || left.is_text;
	set_done(&left.set);
	set_done(&right.set);
	skip_blanks(p, end);
	return r;
}

static int step_filter(struct run *run, const char **p, const char *end, const struct set *in,
		       struct set *out)
{
	const char *begin = *p, *behind = NULL;
	const struct mp_node nothing = { .kind = MP_NODE_NULL };
	bool is_match = false;
	/* Once on nothing, which finds the end and the mistakes also when no node is there. */
	int r = matches(run, p, end, &nothing, &is_match);

	behind = *p;
	if (r == 0 && (behind + 1 >= end || behind[0] != ')' || behind[1] != ']'))
		r = bad(run, "unterminated filter", begin);
	for (size_t i = 0; i < in->n && r == 0; i++) {
		const struct mp_node *list = in->items[i];

		for (size_t k = 0; k < list->count && r == 0; k++) {
			const struct mp_node *item =
				list->kind == MP_NODE_LIST ? list->items[k] :
				list->kind == MP_NODE_MAP  ? list->entries[k].value :
							     NULL;
			const char *at = begin;

			if (!item)
				continue;
			r = matches(run, &at, end, item, &is_match);
			if (r == 0 && is_match)
				r = set_add(run, out, item);
		}
	}
	*p = behind + 2;
	return r;
}

/* ---- brackets ----------------------------------------------------------------------------------- */

static bool take_int(const char **p, long *ret)
{
	char *behind;

	*ret = strtol(*p, &behind, 10);
	if (behind == *p)
		return false;
	*p = behind;
	return true;
}

static int add_slice(struct run *run, const struct mp_node *list, const long part[3],
		     const bool has[3], bool is_slice, struct set *out)
{
	const long n = list->kind == MP_NODE_LIST ? (long)list->count : 0;
	long from = has[0] ? part[0] : 0, to = has[1] ? part[1] : n;
	const long step = has[2] && part[2] > 0 ? part[2] : 1;
	int r = 0;

	from += from < 0 ? n : 0;
	to += to < 0 ? n : 0;
	if (!is_slice)
		to = from + 1;
	if (from < 0)
		from = is_slice ? 0 : n;
	for (long i = from; i < to && i < n && r == 0; i += step)
		r = set_add(run, out, list->items[i]);
	return r;
}

/* One of the things between commas in brackets. */
static int step_choice(struct run *run, const char **p, const char *end, const struct set *in,
		       struct set *out)
{
	long part[3] = { 0 };
	bool has[3] = { false }, is_slice = false;
	char key[KEY_MAX];
	int r = 0;

	skip_blanks(p, end);
	if (*p < end && (**p == '\'' || **p == '"')) {
		r = take_quoted(run, p, end, key, sizeof(key));
		return r < 0 ? r : step_name(run, in, key, out);
	}
	if (*p < end && **p == '*') {
		(*p)++;
		return step_name(run, in, "*", out);
	}
	has[0] = take_int(p, &part[0]);
	for (int i = 1; i < 3 && *p < end && **p == ':'; i++) {
		(*p)++;
		is_slice = true;
		has[i] = take_int(p, &part[i]);
	}
	if (!has[0] && !is_slice)
		return bad(run, "invalid array index", *p);
	for (size_t i = 0; i < in->n && r == 0; i++)
		r = add_slice(run, in->items[i], part, has, is_slice, out);
	return r;
}

static int step_bracket(struct run *run, const char **p, const char *end, const struct set *in,
			struct set *out)
{
	int r;

	(*p)++;
	if (end - *p >= 2 && (*p)[0] == '?' && (*p)[1] == '(') {
		*p += 2;
		return step_filter(run, p, end, in, out);
	}
	for (;;) {
		r = step_choice(run, p, end, in, out);
		skip_blanks(p, end);
		if (r < 0)
			return r;
		if (*p < end && **p == ',') {
			(*p)++;
			continue;
		}
		if (*p >= end || **p != ']')
			return bad(run, "unterminated array", *p);
		(*p)++;
		return 0;
	}
}

static int step_recursive(struct run *run, const struct set *in, struct set *out)
{
	int r = 0;

	for (size_t i = 0; i < in->n && r == 0; i++)
		r = add_all(run, in->items[i], out);
	return r;
}

/* One step; *@ret_did is false at the end of the path. */
static int step(struct run *run, const char **p, const char *end, struct set *nodes, bool *ret_did)
{
	struct set next = { .n = 0 }, deep = { .n = 0 };
	char key[KEY_MAX];
	int r = 0;

	*ret_did = *p < end && (**p == '.' || **p == '[');
	if (!*ret_did)
		return 0;
	if (**p == '[') {
		r = step_bracket(run, p, end, nodes, &next);
	} else if (end - *p >= 2 && (*p)[1] == '.') {
		*p += 2;
		r = step_recursive(run, nodes, &deep);
		take_name(p, end, key);
		if (r == 0 && key[0])
			r = step_name(run, &deep, key, &next);
		else if (r == 0)
			r = step_bracket(run, p, end, &deep, &next);
	} else {
		(*p)++;
		take_name(p, end, key);
		if (key[0])
			r = step_name(run, nodes, key, &next);
		else if (*p < end && **p == '[')
			r = step_bracket(run, p, end, nodes, &next);
		else
			for (size_t i = 0; i < nodes->n && r == 0; i++)
				r = set_add(run, &next, nodes->items[i]); /* "." alone */
	}
	set_done(&deep);
	set_done(nodes);
	*nodes = next;
	return r;
}

static int eval_path(struct run *run, const char **p, const char *end,
		     const struct mp_node *current, struct set *out)
{
	const struct mp_node *begin = current;
	struct set nodes = { .n = 0 };
	bool did = true;
	int r;

	if (++run->depth > DEPTH_MAX)
		return bad(run, "nested too deeply", *p);
	if (*p < end && (**p == '$' || **p == '@')) {
		begin = **p == '$' ? run->root : current;
		(*p)++;
	}
	r = set_add(run, &nodes, begin);
	while (r == 0 && did)
		r = step(run, p, end, &nodes, &did);
	for (size_t i = 0; i < nodes.n && r == 0; i++)
		r = set_add(run, out, nodes.items[i]);
	set_done(&nodes);
	run->depth--;
	return r;
}

/* ---- the template ------------------------------------------------------------------------------- */

static void print_node(FILE *out, const struct mp_node *node)
{
	struct mp_json w;

	if (node->kind != MP_NODE_MAP && node->kind != MP_NODE_LIST) {
		(void)fputs(node->text ? node->text : "", out);
		return;
	}
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_node(&w, node);

	const char *text = mp_json_finish(&w, NULL, NULL);

	(void)fputs(text ? text : "", out);
	mp_json_done(&w);
}

/* The '}' that ends the block whose inside begins at @p; quotes hide braces. */
static const char *find_close(const char *p, const char *end)
{
	char quote = '\0';

	for (; p < end; p++) {
		if (quote && *p == '\\' && p + 1 < end)
			p++;
		else if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '}')
			return p;
	}
	return NULL;
}

static bool is_word(const char *p, const char *close, const char *word)
{
	const size_t len = strlen(word);

	skip_blanks(&p, close);
	return (size_t)(close - p) >= len && strncmp(p, word, len) == 0 &&
	       (p + len == close || strchr(" \t.$@", p[len]));
}

/* The "{end}" that belongs to a range whose body begins at @p. */
static const char *find_end(const char *p, const char *end, const char **ret_behind)
{
	int open = 1;

	while (p < end) {
		const char *brace = memchr(p, '{', (size_t)(end - p));
		const char *close = brace ? find_close(brace + 1, end) : NULL;

		if (!close)
			return NULL;
		if (is_word(brace + 1, close, "range"))
			open++;
		else if (is_word(brace + 1, close, "end") && --open == 0) {
			*ret_behind = close + 1;
			return brace;
		}
		p = close + 1;
	}
	return NULL;
}

static int eval_template(struct run *run, const char *p, const char *end,
			 const struct mp_node *current);

static int eval_range(struct run *run, const char *p, const char *close, const char *end,
		      const struct mp_node *current, const char **ret_behind)
{
	struct set set = { .n = 0 };
	const char *body_end = find_end(close + 1, end, ret_behind);
	int r;

	if (!body_end)
		return bad(run, "range without end", p);
	skip_blanks(&p, close);
	p += strlen("range");
	skip_blanks(&p, close);
	r = eval_path(run, &p, close, current, &set);
	if (r == 0 && ++run->depth > DEPTH_MAX)
		r = bad(run, "nested too deeply", p);
	for (size_t i = 0; i < set.n && r == 0; i++)
		r = eval_template(run, close + 1, body_end, set.items[i]);
	run->depth--;
	set_done(&set);
	return r;
}

/* The inside of one pair of braces: paths and quoted texts. */
static int eval_block(struct run *run, const char *p, const char *close,
		      const struct mp_node *current)
{
	int r = 0;

	for (skip_blanks(&p, close); p < close && r == 0; skip_blanks(&p, close)) {
		struct set set = { .n = 0 };
		char text[1024];

		if (*p == '"' || *p == '\'') {
			r = take_quoted(run, &p, close, text, sizeof(text));
			if (r == 0)
				(void)fputs(text, run->out);
			continue;
		}
		if (!strchr(".[$@", *p))
			return bad(run, "unrecognised identifier", p);
		r = eval_path(run, &p, close, current, &set);
		for (size_t i = 0; i < set.n && r == 0; i++) {
			if (i > 0)
				(void)fputc(' ', run->out);
			print_node(run->out, set.items[i]);
		}
		set_done(&set);
		if (r == 0 && p < close && !strchr(" \t\n\"'.[$@", *p))
			r = bad(run, "unexpected character", p);
	}
	return r;
}

static int eval_template(struct run *run, const char *p, const char *end,
			 const struct mp_node *current)
{
	int r = 0;

	while (p < end && r == 0) {
		if (*p != '{') {
			(void)fputc(*p++, run->out);
			continue;
		}

		const char *close = find_close(p + 1, end);

		if (!close)
			return bad(run, "unclosed action", p);
		if (is_word(p + 1, close, "range")) {
			r = eval_range(run, p + 1, close, end, current, &p);
			continue;
		}
		if (is_word(p + 1, close, "end"))
			return bad(run, "not in range, nothing to end", p);
		r = eval_block(run, p + 1, close, current);
		p = close + 1;
	}
	return r;
}

int mp_jsonpath_print(const char *template, const struct mp_node *root, FILE *out,
		      struct mp_error *err)
{
	struct run run = { .root = root, .out = out, .err = err };
	const char *end = template + strlen(template);

	if (!strchr(template, '{') && (template[0] == '.' || template[0] == '$'))
		return eval_block(&run, template, end, root);
	return eval_template(&run, template, end, root);
}

int mp_jsonpath_text(const char *template, const struct mp_node *root, char *buf, size_t size,
		     struct mp_error *err)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int r;

	if (!out)
		return mp_fail(err, ENOMEM, "jsonpath");
	r = mp_jsonpath_print(template, root, out, err);
	if (fclose(out) != 0 && r == 0)
		r = mp_fail(err, ENOMEM, "jsonpath");
	if (r == 0)
		(void)snprintf(buf, size, "%s", text);
	free(text);
	return r;
}

int mp_jsonpath_find(const char *path, const struct mp_node *root, const struct mp_node ***ret,
		     size_t *ret_n, struct mp_error *err)
{
	struct run run = { .root = root, .err = err };
	struct set set = { .n = 0 };
	const char *at = path, *end = path + strlen(path);
	char dotted[1024];
	int r;

	if (*at == '{' && end[-1] == '}') {
		at++;
		end--;
	}
	if (!strchr(".[$@", *at)) {
		if ((size_t)(end - at) + 2 > sizeof(dotted))
			return bad(&run, "path too long", path);
		(void)snprintf(dotted, sizeof(dotted), ".%.*s", (int)(end - at), at);
		at = dotted;
		end = dotted + strlen(dotted);
	}
	r = eval_path(&run, &at, end, root, &set);
	if (r == 0 && at != end)
		r = bad(&run, "unexpected character", at);
	if (r < 0) {
		set_done(&set);
		return r;
	}
	*ret = set.items;
	*ret_n = set.n;
	return 0;
}
