/* SPDX-License-Identifier: Apache-2.0 */
/* Label and field selectors: what kubectl's documentation shows, and mistakes. */
#include "runtime/selector.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static const struct mp_node *parse(struct mp_arena *arena, const char *text)
{
	struct mp_document doc;

	assert_int_equal(mp_document_parse(arena, "test", text, strlen(text), MP_DOCUMENT_JSON,
					   &doc, NULL),
			 0);
	return doc.roots[0];
}

static void label_selectors_match_as_kubectls_do(void **unused)
{
	static const struct {
		const char *selector;
		bool is_match;
	} rows[] = {
		{ "", true },
		{ "app=web", true },
		{ "app==web", true },
		{ "app = web , tier=front", true },
		{ "app=web,tier=back", false },
		{ "app!=web", false },
		{ "missing!=web", true },
		{ "app in (db, web)", true },
		{ "app in (db)", false },
		{ "app notin (db,web)", false },
		{ "missing notin (db)", true },
		{ "missing in (db)", false },
		{ "app", true },
		{ "missing", false },
		{ "!missing", true },
		{ "! missing", true },
		{ "!app", false },
		{ "weight>3", true },
		{ "weight<3", false },
		{ "app>3", false },
		{ "empty=", true },
		{ "app=", false },
		{ "example.com/owner=me", true },
		{ "inner=yes", true },
		{ "notin", false },
	};
	struct mp_arena arena = { 0 };
	const struct mp_node *labels =
		parse(&arena, "{\"app\":\"web\",\"tier\":\"front\",\"weight\":\"4\",\"empty\":\"\","
			      "\"example.com/owner\":\"me\",\"inner\":\"yes\"}");

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_error err = MP_ERROR_NONE;
		struct mp_selector s;

		if (mp_selector_parse(&arena, rows[i].selector, &s, &err) < 0)
			fail_msg("%s: %s", rows[i].selector, err.msg);
		if (mp_selector_matches(&s, labels) != rows[i].is_match)
			fail_msg("%s should be %d", rows[i].selector, rows[i].is_match);
	}
	mp_arena_done(&arena);
}

static void mistakes_in_label_selectors_are_told(void **unused)
{
	static const char *const rows[] = { "=web",     "app in web", "app in (a", "app web",
					    "!app=web", "a b=c",      "app=a b",   "app=-x",
					    "-app=x",   "weight>x",   "app in ()x" };

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_arena arena = { 0 };
		struct mp_error err = MP_ERROR_NONE;
		struct mp_selector s;

		if (mp_selector_parse(&arena, rows[i], &s, &err) != -EINVAL)
			fail_msg("%s was accepted", rows[i]);
		assert_non_null(strstr(err.msg, rows[i]));
		mp_arena_done(&arena);
	}
}

static const char *const known[] = { "metadata.name", "status.phase" };

static void field_selectors_look_at_paths(void **unused)
{
	static const struct {
		const char *selector;
		bool is_match;
	} rows[] = {
		{ "", true },
		{ "metadata.name=web", true },
		{ "metadata.name==web", true },
		{ "metadata.name!=web", false },
		{ "metadata.name=web,status.phase=Running", true },
		{ "metadata.name=web,status.phase!=Running", false },
		{ "status.phase=", false },
	};
	struct mp_arena arena = { 0 };
	const struct mp_node *pod = parse(
		&arena, "{\"metadata\":{\"name\":\"web\"},\"status\":{\"phase\":\"Running\"}}");

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_error err = MP_ERROR_NONE;
		struct mp_selector s;

		if (mp_field_selector_parse(&arena, rows[i].selector, known, MP_ARRAY_SIZE(known),
					    &s, &err) < 0)
			fail_msg("%s: %s", rows[i].selector, err.msg);
		if (mp_field_selector_matches(&s, pod) != rows[i].is_match)
			fail_msg("%s should be %d", rows[i].selector, rows[i].is_match);
	}
	mp_arena_done(&arena);
}

static void fields_that_cannot_be_selected_are_refused(void **unused)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_selector s;

	(void)unused;
	assert_int_equal(mp_field_selector_parse(&arena, "status.phas=x", known,
						 MP_ARRAY_SIZE(known), &s, &err),
			 -EINVAL);
	assert_string_equal(err.msg, "field label not supported: status.phas: did you mean "
				     "status.phase?");
	assert_int_equal(mp_field_selector_parse(&arena, "status.phase", known,
						 MP_ARRAY_SIZE(known), &s, &err),
			 -EINVAL);
	assert_non_null(strstr(err.msg, "\"status.phase\" is not FIELD=VALUE"));
	mp_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_selectors_match_as_kubectls_do),
		cmocka_unit_test(mistakes_in_label_selectors_are_told),
		cmocka_unit_test(field_selectors_look_at_paths),
		cmocka_unit_test(fields_that_cannot_be_selected_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
