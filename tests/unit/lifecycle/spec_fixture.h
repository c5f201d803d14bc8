/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small valid pod that a test spoils in one place, is defaulted, validated, and compared with
 * the errors the API server would give.
 */
#pragma once

#include <stdio.h>

#include "lifecycle/spec.h"
#include "tests/unit/lifecycle/registry.h"

struct fixture {
	struct mp_arena arena;
	struct mp_container_spec c[6]; /* init entries first; one main container at first */
	struct mp_volume v[4];
	struct mp_pod_spec spec;
	struct mp_problems out;
};

static const struct mp_seed fixture_seed = {
	.uid = "00000000-0000-4000-8000-000000000001",
	.suffix5 = "b2c4d",
	.wall = INT64_C(1700000000000000000),
};

static inline void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->c[0] = (struct mp_container_spec){ .kind = MP_KIND_MAIN,
					      .name = "main",
					      .image = "busybox" };
	f->spec = (struct mp_pod_spec){
		.meta = { .name = "web" },
		.containers = f->c,
		.n_main = 1,
		.volumes = f->v,
	};
	mp_problems_init(&f->out, &f->arena);
}

/* Puts an init entry before the others and returns it. */
static inline struct mp_container_spec *fixture_add_init(struct fixture *f, const char *name,
							 enum mp_container_kind kind)
{
	const size_t at = f->spec.n_init++;

	assert(mp_spec_n_containers(&f->spec) <= sizeof(f->c) / sizeof(f->c[0]));
	memmove(&f->c[at + 1], &f->c[at],
		(sizeof(f->c) / sizeof(f->c[0]) - at - 1) * sizeof(f->c[0]));
	f->c[at] = (struct mp_container_spec){ .kind = kind, .name = name, .image = "busybox" };
	if (kind == MP_KIND_SIDECAR)
		f->c[at].restart = MP_RESTART_ALWAYS;
	return &f->c[at];
}

static inline struct mp_container_spec *fixture_add_main(struct fixture *f, const char *name)
{
	const size_t at = f->spec.n_init + f->spec.n_main++;

	assert(at < sizeof(f->c) / sizeof(f->c[0]));
	f->c[at] = (struct mp_container_spec){ .kind = MP_KIND_MAIN,
					       .name = name,
					       .image = "busybox" };
	return &f->c[at];
}

static inline struct mp_volume *fixture_add_volume(struct fixture *f, const char *name,
						   enum mp_volume_kind kind)
{
	struct mp_volume *v = &f->v[f->spec.n_volumes++];

	*v = (struct mp_volume){ .name = name, .kind = kind };
	return v;
}

static inline struct mp_quantity quantity(const char *text)
{
	struct mp_quantity q = { 0 };

	assert_int_equal(mp_quantity_parse(text, &q, NULL), 0);
	return q;
}

static inline void fixture_add_resource(struct fixture *f, struct mp_resource_list *list,
					const char *name, const char *text)
{
	struct mp_resource *items = mp_arena_alloc(&f->arena, list->n + 1, sizeof(*items));

	assert_non_null(items);
	if (list->n > 0)
		memcpy(items, list->items, list->n * sizeof(*items));
	items[list->n++] = (struct mp_resource){ .name = name, .quantity = quantity(text) };
	list->items = items;
}

static inline struct mp_probe_spec tcp_probe(void)
{
	return (struct mp_probe_spec){
		.is_set = true,
		.handler = { .has_tcp_socket = true, .tcp_socket = { .port = { NULL, 80, true } } },
	};
}

static inline void fixture_default(struct fixture *f)
{
	assert_int_equal(mp_spec_default(&f->spec, &fixture_seed, &f->arena), 0);
}

static inline void fixture_done(struct fixture *f)
{
	mp_arena_done(&f->arena);
}

/* All of @list, in order: "path: text". */
static inline void expect_problems(const struct mp_problems *list, const char *const *expected)
{
	char line[4096];
	size_t i = 0;

	assert_false(list->is_out_of_memory);
	for (const struct mp_problem *p = list->first; p; p = p->next, i++) {
		(void)snprintf(line, sizeof(line), "%s: %s", p->path, p->text);
		assert_string_equal(line, expected[i] ? expected[i] : "(no further problem)");
		if (!expected[i]) /* not reached: for readers that do not know the line above */
			return;
	}
	assert_string_equal("(no further problem)",
			    expected[i] ? expected[i] : "(no further problem)");
}

/* LIST(c, ports, struct mp_port, {...}, {...}): a list field and its count. */
#define LIST(owner, field, type, ...)                                        \
	do {                                                                 \
		static const type list_items[] = { __VA_ARGS__ };            \
		__typeof__(owner) list_owner = (owner); /* asked for once */ \
                                                                             \
		list_owner->field = list_items;                              \
		list_owner->n_##field = sizeof(list_items) / sizeof(type);   \
	} while (0)

/* STRINGS(c->command, "a", "b") */
#define STRINGS(list, ...)                                                                         \
	do {                                                                                       \
		static const char *const string_items[] = { __VA_ARGS__ };                         \
		(list) = (struct mp_strings){ string_items, sizeof(string_items) / sizeof(char *), \
					      true };                                              \
	} while (0)

/* RULE(a_sentence, ({ edit }), "path: text", ...): editing the valid pod gives these errors. */
#define RULE(sentence, edit, ...)                                                    \
	TEST(sentence)                                                               \
	{                                                                            \
		struct fixture f;                                                    \
		struct mp_pod_spec *spec = &f.spec;                                  \
		struct mp_container_spec *c = &f.c[0];                               \
                                                                                     \
		(void)state;                                                         \
		fixture_init(&f);                                                    \
		edit;                                                                \
		(void)spec;                                                          \
		(void)c;                                                             \
		fixture_default(&f);                                                 \
		mp_spec_validate(&f.spec, &f.out);                                   \
		expect_problems(&f.out, (const char *const[]){ __VA_ARGS__, NULL }); \
		fixture_done(&f);                                                    \
	}

/* FINE(a_sentence, ({ edit })): editing the valid pod gives no error. */
#define FINE(sentence, edit) RULE(sentence, edit, NULL)
