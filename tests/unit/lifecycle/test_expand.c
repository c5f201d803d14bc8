/* SPDX-License-Identifier: Apache-2.0 */
/* One row per line of the expansion grammar in section 9.1. */
#include "lifecycle/env_expand.h"

#include <stdint.h>
#include <stdio.h>

#include "tests/unit/lifecycle/failing_calloc.h"
#include "tests/unit/lifecycle/registry.h"

struct row {
	const char *sentence, *input, *output;
};

/* Variables: A=1, LONG=..., REF=$(A), EMPTY=, "a b"=blank. */
static struct row rows[] = {
	{ "a defined name becomes its value (9.1)", "x$(A)y", "x1y" },
	{ "an undefined name stays as it was written (9.1)", "$(NOPE)", "$(NOPE)" },
	{ "two dollars are one (9.1)", "a$$b", "a$b" },
	{ "an escaped reference stays a literal (9.1)", "$$(A)", "$(A)" },
	{ "three dollars are a dollar and a reference (9.1)", "$$$(A)", "$1" },
	{ "four dollars escape twice (9.1)", "$$$$(A)", "$$(A)" },
	{ "an opening without a close is literal (9.1)", "$(A", "$(A" },
	{ "scanning goes on after an opening without a close (9.1)", "$($$x", "$($x" },
	{ "a dollar before any other character is literal (9.1)", "$A $x", "$A $x" },
	{ "the character after a lone dollar is not scanned again (9.1)", "$x$(A)", "$x1" },
	{ "a dollar at the end is literal (9.1)", "cost $", "cost $" },
	{ "the empty name is looked up and stays (9.1)", "$()", "$()" },
	{ "a name goes to the first closing parenthesis (9.1)", "$(A))", "1)" },
	{ "a name may hold any characters (9.1)", "$(a b)", "blank" },
	{ "a name may hold an opening (9.1)", "$($(A)", "$($(A)" },
	{ "a value is not scanned again (9.1)", "$(REF)$(A)", "$(A)1" },
	{ "an empty value leaves nothing (9.1)", "<$(EMPTY)>", "<>" },
	{ "text without dollars is copied (9.1)", "plain ) ( text", "plain ) ( text" },
	{ "an empty text stays empty (9.1)", "", "" },
	{ "a dollar as the last escaped character (9.1)", "a$$", "a$" },
	{ "neighbours are expanded one by one (9.1)", "$(A)$(A)$(EMPTY)$(A)", "111" },
};

static const char *lookup(void *ctx, const char *name, size_t len)
{
	static const struct {
		const char *name, *value;
	} vars[] = {
		{ "A", "1" },
		{ "REF", "$(A)" },
		{ "EMPTY", "" },
		{ "a b", "blank" },
	};

	if (ctx)
		++*(int *)ctx;
	for (size_t i = 0; i < sizeof(vars) / sizeof(vars[0]); i++) {
		if (strlen(vars[i].name) == len && memcmp(vars[i].name, name, len) == 0)
			return vars[i].value;
	}
	return NULL;
}

static void expands(void **state)
{
	const struct row *row = *state;
	char text[128];
	struct mp_buf buf = MP_BUF(text);
	struct mp_arena arena = { 0 };

	text[0] = '\0';
	mp_expand(row->input, lookup, NULL, &buf);
	assert_string_equal(text, row->output);
	assert_string_equal(mp_expand_dup(row->input, lookup, NULL, &arena), row->output);
	mp_arena_done(&arena);
}

__attribute__((constructor)) static void register_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		registry_add(rows[i].sentence, expands, &rows[i]);
}

TEST(a_reference_is_looked_up_once_in_order)
{
	(void)state;
	char text[64];
	struct mp_buf buf = MP_BUF(text);
	int asked = 0;

	mp_expand("$(A) $(NOPE) $$(A) $()", lookup, &asked, &buf);
	assert_int_equal(asked, 3);
}

TEST(a_text_that_does_not_fit_is_cut_and_says_so)
{
	(void)state;
	char text[4];
	struct mp_buf buf = MP_BUF(text);

	mp_expand("$(A)$(A)$(A)$(A)", lookup, NULL, &buf);
	assert_string_equal(text, "111");
	assert_true(buf.is_cut);
}

TEST(out_of_memory_is_null)
{
	(void)state;
	struct mp_arena arena = { 0 };

	calloc_fails = true;
	assert_null(mp_expand_dup("$(A)", lookup, NULL, &arena));
	calloc_fails = false;
	mp_arena_done(&arena);
}

int main(void)
{
	return registry_run("env_expand");
}
