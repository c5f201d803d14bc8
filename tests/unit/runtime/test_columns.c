/* SPDX-License-Identifier: Apache-2.0 */
/* custom-columns: kubectl's own examples, and mistakes. */
#include "runtime/columns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static const char text[] = "{\"metadata\":{\"name\":\"web\",\"labels\":{\"a\":\"1\",\"b\":\"2\"}},"
			   "\"spec\":{\"containers\":[{\"name\":\"x\",\"image\":\"busybox\"},"
			   "{\"name\":\"y\",\"args\":[\"p\",\"q\"]}],\"hostNetwork\":true},"
			   "\"status\":{\"count\":3,\"nothing\":null}}";

/* The cells of the one row, joined by "|". */
static void row(const char *spec, char *out, size_t size)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_document doc;
	struct mp_columns columns;
	struct mp_table table = { .arena = &arena };

	assert_int_equal(mp_document_parse(&arena, "test", text, strlen(text), MP_DOCUMENT_JSON,
					   &doc, NULL),
			 0);
	if (mp_columns_parse(&arena, spec, &columns, &err) < 0)
		fail_msg("%s: %s", spec, err.msg);
	table.n_columns = columns.n;
	if (mp_columns_row(&columns, doc.roots[0], &table, &err) < 0)
		fail_msg("%s: %s", spec, err.msg);
	out[0] = '\0';
	for (size_t i = 0; i < columns.n; i++)
		(void)snprintf(out + strlen(out), size - strlen(out), "%s%s", i > 0 ? "|" : "",
			       table.rows[0][i]);
	mp_arena_done(&arena);
}

static void paths_may_be_written_in_four_ways(void **unused)
{
	char out[1024];

	(void)unused;
	row("A:.metadata.name,B:metadata.name,C:{.metadata.name},D:{metadata.name}", out,
	    sizeof(out));
	assert_string_equal(out, "web|web|web|web");
}

static void values_are_printed_as_go_prints_them(void **unused)
{
	char out[1024];

	(void)unused;
	row("L:.metadata.labels,I:.spec.containers[*].name,H:.spec.hostNetwork,C:.status.count,"
	    "M:.missing.field,N:.status.nothing,A:.spec.containers[1].args",
	    out, sizeof(out));
	assert_string_equal(out, "map[a:1 b:2]|x,y|true|3|<none>|<none>|[p q]");
}

static void commas_in_brackets_belong_to_the_path(void **unused)
{
	char out[1024];

	(void)unused;
	row("N:.spec.containers[0,1].name,F:.spec.containers[?(@.name==\"y\")].name", out,
	    sizeof(out));
	assert_string_equal(out, "x,y|y");
}

static void mistakes_are_told(void **unused)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_columns c;

	(void)unused;
	assert_int_equal(mp_columns_parse(&arena, "", &c, &err), -EINVAL);
	assert_int_equal(mp_columns_parse(&arena, "NAME", &c, &err), -EINVAL);
	assert_string_equal(err.msg, "unexpected custom-columns spec: NAME, expected "
				     "<header>:<json-path-expr>");
	mp_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_may_be_written_in_four_ways),
		cmocka_unit_test(values_are_printed_as_go_prints_them),
		cmocka_unit_test(commas_in_brackets_belong_to_the_path),
		cmocka_unit_test(mistakes_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
