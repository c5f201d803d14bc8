/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/columns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/jsonpath.h"

#define FILE_MAX ((size_t)65536)

static int add(struct mp_columns *c, const char *header, const char *path, struct mp_error *err)
{
	if (c->n == MP_COLUMNS_MAX)
		return mp_fail_text(err, EINVAL, "custom-columns: more than %d columns",
				    MP_COLUMNS_MAX);
	if (!header || !path)
		return mp_fail(err, ENOMEM, "custom-columns");
	c->headers[c->n] = header;
	c->paths[c->n++] = path;
	return 0;
}

/* The comma that ends a column: not one in brackets or quotes. */
static const char *end_of_column(const char *p)
{
	char quote = '\0';
	int depth = 0;

	for (; *p; p++) {
		if (quote)
			quote = *p == quote ? '\0' : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (*p == '[' || *p == '(')
			depth++;
		else if (*p == ']' || *p == ')')
			depth--;
		else if (*p == ',' && depth <= 0)
			break;
	}
	return p;
}

int mp_columns_parse(struct mp_arena *arena, const char *text, struct mp_columns *ret,
		     struct mp_error *err)
{
	*ret = (struct mp_columns){ .n = 0 };
	if (!*text)
		return mp_fail_text(err, EINVAL,
				    "custom-columns format specified but no custom columns given: "
				    "write -o custom-columns=NAME:.metadata.name");
	while (*text) {
		const char *end = end_of_column(text);
		const char *colon = memchr(text, ':', (size_t)(end - text));
		int r;

		if (!colon)
			return mp_fail_text(err, EINVAL,
					    "unexpected custom-columns spec: %.*s, expected "
					    "<header>:<json-path-expr>",
					    (int)(end - text), text);
		r = add(ret, mp_arena_dup(arena, text, (size_t)(colon - text)),
			mp_arena_dup(arena, colon + 1, (size_t)(end - colon - 1)), err);
		if (r < 0)
			return r;
		text = *end ? end + 1 : end;
	}
	return 0;
}

static const char *take_word(struct mp_arena *arena, const char **p)
{
	size_t n;

	*p += strspn(*p, " \t");
	n = strcspn(*p, " \t\r\n");
	if (n == 0)
		return NULL;
	*p += n;
	return mp_arena_dup(arena, *p - n, n);
}

int mp_columns_parse_file(struct mp_arena *arena, const char *path, struct mp_columns *ret,
			  struct mp_error *err)
{
	char *text;
	const char *headers, *paths;
	int r = mp_file_read(AT_FDCWD, path, FILE_MAX, arena, &text, NULL, err);

	*ret = (struct mp_columns){ .n = 0 };
	if (r < 0)
		return mp_wrap(err, r, "custom-columns-file");
	headers = text;
	paths = strchr(text, '\n');
	paths = paths ? paths + 1 : NULL;
	while (r == 0 && paths) {
		const char *header = take_word(arena, &headers);
		const char *at = take_word(arena, &paths);

		if (!header && !at)
			break;
		if (!header || !at)
			return mp_fail_text(err, EINVAL,
					    "custom-columns-file: %s needs as many paths in its "
					    "second line as headings in its first",
					    path);
		r = add(ret, header, at, err);
	}
	if (r == 0 && ret->n == 0)
		return mp_fail_text(err, EINVAL,
				    "custom-columns-file: %s needs a line of headings and a line "
				    "of paths",
				    path);
	return r;
}

static void put_value(FILE *out, const struct mp_node *node)
{
	if (node->kind == MP_NODE_NULL) {
		(void)fputs("<none>", out);
	} else if (node->kind == MP_NODE_MAP) {
		(void)fputs("map[", out);
		for (size_t i = 0; i < node->count; i++) {
			(void)fprintf(out, "%s%s:", i > 0 ? " " : "", node->entries[i].key);
			put_value(out, node->entries[i].value);
		}
		(void)fputc(']', out);
	} else if (node->kind == MP_NODE_LIST) {
		(void)fputc('[', out);
		for (size_t i = 0; i < node->count; i++) {
			(void)fputs(i > 0 ? " " : "", out);
			put_value(out, node->items[i]);
		}
		(void)fputc(']', out);
	} else {
		(void)fputs(node->text ? node->text : "", out);
	}
}

char *mp_value_text(struct mp_arena *arena, const struct mp_node *node)
{
	char *text = NULL, *kept;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	put_value(out, node);
	kept = fclose(out) == 0 ? mp_arena_dup(arena, text, len) : NULL;
	free(text);
	return kept;
}

int mp_columns_row(const struct mp_columns *c, const struct mp_node *object, struct mp_table *table,
		   struct mp_error *err)
{
	const char *cells[MP_COLUMNS_MAX];

	for (size_t i = 0; i < c->n; i++) {
		const struct mp_node **nodes = NULL;
		const char *cell = "";
		size_t n = 0;
		int r = mp_jsonpath_find(c->paths[i], object, &nodes, &n, err);

		if (r < 0)
			return mp_wrap(err, r, "custom-columns: %s", c->headers[i]);
		for (size_t k = 0; k < n && cell; k++) {
			const char *value = mp_value_text(table->arena, nodes[k]);

			cell = value ? mp_arena_printf(table->arena, "%s%s%s", cell,
						       k > 0 ? "," : "", value) :
				       NULL;
		}
		free(nodes);
		if (!cell)
			return mp_fail(err, ENOMEM, "custom-columns");
		cells[i] = n > 0 ? cell : "<none>";
	}
	mp_table_row(table, cells);
	return 0;
}
