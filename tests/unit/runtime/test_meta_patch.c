/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/meta_patch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static const struct mp_key_value old_labels[] = { { "app", "web" }, { "tier", "front" } };

static const struct mp_node *parse(struct mp_arena *arena, const char *text)
{
	struct mp_document doc;

	assert_int_equal(mp_document_parse(arena, "test", text, strlen(text), MP_DOCUMENT_JSON,
					   &doc, NULL),
			 0);
	return doc.roots[0];
}

static int patch(struct mp_arena *arena, const char *labels, bool may_overwrite,
		 struct mp_object_meta *meta, bool *changed, struct mp_error *err)
{
	const struct mp_meta_patch p = { .labels = parse(arena, labels),
					 .may_overwrite = may_overwrite };

	*meta = (struct mp_object_meta){ .labels = old_labels, .n_labels = 2 };
	return mp_meta_patch(arena, &p, meta, changed, err);
}

static void keys_are_set_replaced_and_taken_away(void **unused)
{
	struct mp_arena arena = { 0 };
	struct mp_object_meta meta;
	bool changed = false;

	(void)unused;
	assert_int_equal(patch(&arena, "{\"tier\":\"back\",\"app\":null,\"new\":\"x\"}", true,
			       &meta, &changed, NULL),
			 0);
	assert_true(changed);
	assert_int_equal(meta.n_labels, 2);
	assert_string_equal(meta.labels[0].key, "tier");
	assert_string_equal(meta.labels[0].value, "back");
	assert_string_equal(meta.labels[1].key, "new");
	mp_arena_done(&arena);
}

static void nothing_changes_when_the_values_are_there_already(void **unused)
{
	struct mp_arena arena = { 0 };
	struct mp_object_meta meta;
	bool changed = true;

	(void)unused;
	assert_int_equal(patch(&arena, "{\"tier\":\"front\",\"gone\":null}", false, &meta, &changed,
			       NULL),
			 0);
	assert_false(changed);
	assert_int_equal(meta.n_labels, 2);
	mp_arena_done(&arena);
}

static void other_value_is_only_replaced_when_allowed(void **unused)
{
	struct mp_arena arena = { 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_object_meta meta;
	bool changed = false;

	(void)unused;
	assert_int_equal(patch(&arena, "{\"app\":\"db\"}", false, &meta, &changed, &err), -EEXIST);
	assert_string_equal(err.msg, "'app' already has a value (web), and --overwrite is false");
	assert_ptr_equal(meta.labels, old_labels);
	mp_arena_done(&arena);
}

static void impossible_keys_and_values_are_refused(void **unused)
{
	static const char *const rows[] = { "{\"a b\":\"x\"}", "{\"a\":\"x y\"}", "{\"a\":3}" };

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_arena arena = { 0 };
		struct mp_object_meta meta;
		bool changed = false;

		if (patch(&arena, rows[i], true, &meta, &changed, NULL) != -EINVAL)
			fail_msg("%s was accepted", rows[i]);
		mp_arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_set_replaced_and_taken_away),
		cmocka_unit_test(nothing_changes_when_the_values_are_there_already),
		cmocka_unit_test(other_value_is_only_replaced_when_allowed),
		cmocka_unit_test(impossible_keys_and_values_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
