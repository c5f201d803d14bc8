/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables themselves: sorted, all of them tested, and saying of each field what the decoder
 * and lifecycle do with it; the support page is made from them.
 */
#include "runtime/base/auto.h"
#include "tests/unit/runtime/all_fields.h"

#define PAGE MINIPOD_TEST_DATA "/../../docs/fields.md"

#define TYPES_MAX 96

struct walk {
	const struct mp_type *types[TYPES_MAX];
	size_t n;
};

static void collect(struct walk *w, const struct mp_type *type)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->types[i] == type)
			return;
	assert_true(w->n < TYPES_MAX);
	w->types[w->n++] = type;
	for (size_t i = 0; i < type->n_fields; i++)
		if (type->fields[i].type)
			collect(w, type->fields[i].type);
}

static void rows_are_sorted_and_complete(void **unused)
{
	(void)unused;
	struct walk w = { .n = 0 };

	collect(&w, &mp_type_pod);
	collect(&w, &mp_type_config_map);
	collect(&w, &mp_type_secret);
	for (size_t i = 0; i < w.n; i++)
		for (size_t j = 0; j < w.types[i]->n_fields; j++) {
			const struct mp_field *f = &w.types[i]->fields[j];

			assert_non_null(f->codec);
			assert_ptr_equal(mp_field_find(w.types[i], f->name), f);
			assert_int_equal(f->note != NULL, f->support != MP_SUPPORT_DONE);
			if (j > 0 && strcmp(f[-1].name, f->name) >= 0)
				fail_msg("%s: %s is not after %s", w.types[i]->name, f->name,
					 f[-1].name);
		}
}

/* Walks the manifest along the tables and marks the rows that it meets. */
static void mark(const struct mp_type *type, const struct mp_node *node,
		 const struct mp_field **seen, size_t *n_seen)
{
	if (node->kind == MP_NODE_LIST) {
		for (size_t i = 0; i < node->count; i++)
			mark(type, node->items[i], seen, n_seen);
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct mp_field *f = mp_field_find(type, node->entries[i].key);

		assert_non_null(f);
		seen[(*n_seen)++] = f;
		if (f->type)
			mark(f->type, node->entries[i].value, seen, n_seen);
	}
}

static void the_manifest_with_all_fields_has_them_all(void **unused)
{
	(void)unused;
	static const char *const elsewhere[] = { "ephemeralContainers", "schedulingGates",
						 "status" };
	static const struct mp_field *seen[4096];
	struct walk w = { .n = 0 };
	size_t n_seen = 0;
	struct all a;

	decode_all(&a);
	mark(&mp_type_pod, a.root, seen, &n_seen);
	collect(&w, &mp_type_pod);
	for (size_t i = 0; i < w.n; i++)
		for (size_t j = 0; j < w.types[i]->n_fields; j++) {
			const struct mp_field *f = &w.types[i]->fields[j];
			bool is_met = f->support == MP_SUPPORT_REFUSED ||
				      mp_streq(w.types[i]->name, "PodSchedulingGate");

			for (size_t k = 0; k < MP_ARRAY_SIZE(elsewhere); k++)
				is_met = is_met || mp_streq(f->name, elsewhere[k]);
			for (size_t k = 0; k < n_seen && !is_met; k++)
				is_met = seen[k] == f;
			if (!is_met)
				fail_msg("%s.%s is in no test", w.types[i]->name, f->name);
		}
	done_all(&a);
}

/* ---- what is refused, and what the page says about it ------------------------------------------ */

/* The row that a field path ends in: indices and keys are skipped. */
static const struct mp_field *row_at(const char *path)
{
	const struct mp_type *type = &mp_type_pod;
	const struct mp_field *f = NULL;

	while (*path && type) {
		size_t len = strcspn(path, ".[");
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
		f = mp_field_find(type, name);
		if (!f)
			return NULL;
		type = f->type;
		path += len;
		while (*path == '[')
			path += strcspn(path, "]") + 1;
		if (*path == '.')
			path++;
	}
	return f;
}

static void the_page_gives_lifecycles_reason_for_what_it_refuses(void **unused)
{
	(void)unused;
	static const char unusual[] = POD_SPEC "    ports: [{containerPort: 1, hostPort: 2}]\n"
					       "    resources: {limits: {example.com/gpu: 1}}\n"
					       "  schedulingGates: [{name: a.b/c}]\n"
					       "  ephemeralContainers: [{name: x}]\n"
					       "  volumes: [{name: v, emptyDir: {medium: Disk}}]\n";
	struct mp_manifest m = { .pods = NULL };
	struct mp_problems problems;
	const struct mp_field *refused[256];
	size_t n_refused = 0;
	struct walk w = { .n = 0 };
	struct all a;

	decode_all(&a);
	(void)load_as(&m, "u.yaml", unusual, strlen(unusual));
	assert_int_equal(m.n_pods, 1);
	mp_problems_init(&problems, &a.m.arena);
	mp_spec_refuse_later(&a.spec, &problems);
	mp_spec_refuse_later(&m.pods->spec, &problems);
	mp_problems_add(&problems, "spec.ephemeralContainers",
			"Forbidden: cannot be set on create");
	assert_non_null(strstr(joined(&m.errors),
			       "spec.ephemeralContainers: Forbidden: cannot be set on create\n"));

	/* What lifecycle refuses is a row that says so, in the same words. */
	for (const struct mp_problem *p = problems.first; p; p = p->next) {
		const struct mp_field *f = row_at(p->path);
		const char *sentence = p->text + strlen("Forbidden: ");

		assert_non_null(f);
		if (f->support != MP_SUPPORT_LATER && f->support != MP_SUPPORT_PARTLY)
			fail_msg("%s is refused, and the page does not say so", p->path);
		if (!mp_streq(f->note, sentence))
			fail_msg("%s: the page says '%s', not '%s'", p->path, f->note, sentence);
		assert_true(n_refused < MP_ARRAY_SIZE(refused));
		refused[n_refused++] = f;
	}
	/* And a row that says so is refused. */
	collect(&w, &mp_type_pod);
	for (size_t i = 0; i < w.n; i++)
		for (size_t j = 0; j < w.types[i]->n_fields; j++) {
			const struct mp_field *f = &w.types[i]->fields[j];
			bool is_met =
				f->support != MP_SUPPORT_LATER && f->support != MP_SUPPORT_PARTLY;

			for (size_t k = 0; k < n_refused && !is_met; k++)
				is_met = refused[k] == f;
			if (!is_met)
				fail_msg("%s.%s is not refused any more", w.types[i]->name,
					 f->name);
		}
	mp_manifest_done(&m);
	done_all(&a);
}

static void the_support_page_is_up_to_date(void **unused)
{
	(void)unused;
	mp_auto_free char *page = NULL;
	mp_auto_free char *text = mp_manifest_fields_text();

	assert_non_null(text);
	assert_int_equal(mp_file_read(AT_FDCWD, PAGE, 1 << 20, NULL, &page, NULL, NULL), 0);
	if (strcmp(page, text) != 0)
		fail_msg("docs/fields.md is old: minipod check --fields > docs/fields.md");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_complete),
		cmocka_unit_test(the_manifest_with_all_fields_has_them_all),
		cmocka_unit_test(the_page_gives_lifecycles_reason_for_what_it_refuses),
		cmocka_unit_test(the_support_page_is_up_to_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
