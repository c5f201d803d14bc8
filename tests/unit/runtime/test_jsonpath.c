/* SPDX-License-Identifier: Apache-2.0 */
/* kubectl's JSONPath templates: the examples of its documentation and their edges. */
#include "runtime/jsonpath.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static const char text[] =
	"{\"kind\":\"List\",\"items\":["
	"{\"kind\":\"None\",\"metadata\":{\"name\":\"127.0.0.1\",\"labels\":{"
	"\"kubernetes.io/hostname\":\"127.0.0.1\"}},\"status\":{\"capacity\":{\"cpu\":\"4\"},"
	"\"addresses\":[{\"type\":\"LegacyHostIP\",\"address\":\"127.0.0.1\"}]}},"
	"{\"kind\":\"None\",\"metadata\":{\"name\":\"127.0.0.2\"},\"status\":{\"capacity\":{"
	"\"cpu\":\"8\"},\"addresses\":[{\"type\":\"LegacyHostIP\",\"address\":\"127.0.0.2\"},"
	"{\"type\":\"another\",\"address\":\"127.0.0.3\"}]}}],"
	"\"users\":[{\"name\":\"myself\",\"age\":3,\"user\":{}},{\"name\":\"e2e\",\"age\":41,"
	"\"user\":{\"username\":\"admin\",\"password\":\"secret\"}},{\"name\":\"c\",\"on\":true}]}";

static int eval(const char *template, char *out, size_t size, struct mp_error *err)
{
	struct mp_arena arena = { 0 };
	struct mp_document doc;
	int r = mp_document_parse(&arena, "test", text, strlen(text), MP_DOCUMENT_JSON, &doc, err);

	assert_int_equal(r, 0);
	r = mp_jsonpath_text(template, doc.roots[0], out, size, err);
	mp_arena_done(&arena);
	return r;
}

static void templates_give_what_kubectl_gives(void **unused)
{
	static const struct {
		const char *template, *wanted;
	} rows[] = {
		{ "kind is {.kind}", "kind is List" },
		{ "{.kind}", "List" },
		{ "{$.kind}", "List" },
		{ "{@.kind}", "List" },
		{ "{['kind']}", "List" },
		{ ".kind", "List" },
		{ "{.items[*].metadata.name}", "127.0.0.1 127.0.0.2" },
		{ "{.items[0].metadata.name}", "127.0.0.1" },
		{ "{.items[-1].metadata.name}", "127.0.0.2" },
		{ "{.items[5].metadata.name}", "" },
		{ "{.items[-5].metadata.name}", "" },
		{ "{.users[0:2].name}", "myself e2e" },
		{ "{.users[1:].name}", "e2e c" },
		{ "{.users[:-1].name}", "myself e2e" },
		{ "{.users[::2].name}", "myself c" },
		{ "{.users[0,2].name}", "myself c" },
		{ "{..name}", "127.0.0.1 127.0.0.2 myself e2e c" },
		{ "{.users.*.name}", "myself e2e c" },
		{ "{.items[*]['metadata.name', 'status.capacity']}", "" },
		{ "{.items[0].metadata['name','labels']}",
		  "127.0.0.1 {\"kubernetes.io/hostname\":\"127.0.0.1\"}" },
		{ "{.items[0].metadata.labels.kubernetes\\.io/hostname}", "127.0.0.1" },
		{ "{.items[*].metadata.labels['kubernetes\\.io/hostname']}", "127.0.0.1" },
		{ "{.users[?(@.name==\"e2e\")].user.password}", "secret" },
		{ "{.users[?(@.name=='e2e')].user.password}", "secret" },
		{ "{.users[?(@.age>3)].name}", "e2e" },
		{ "{.users[?(@.age>=3)].name}", "myself e2e" },
		{ "{.users[?(@.age<10)].name}", "myself" },
		{ "{.users[?(@.name!=\"e2e\")].name}", "myself c" },
		{ "{.users[?(@.on)].name}", "c" },
		{ "{.users[?(@.on==true)].name}", "c" },
		{ "{range .items[*]}[{.metadata.name}, {.status.capacity.cpu}] {end}",
		  "[127.0.0.1, 4] [127.0.0.2, 8] " },
		{ "{range .items[*]}{.metadata.name}{\"\\t\"}{.status.capacity.cpu}{\"\\n\"}{end}",
		  "127.0.0.1\t4\n127.0.0.2\t8\n" },
		{ "{range .items[*]}{range .status.addresses[*]}{.address},{end};{end}",
		  "127.0.0.1,;127.0.0.2,127.0.0.3,;" },
		{ "{.items[0].status.addresses}",
		  "[{\"type\":\"LegacyHostIP\",\"address\":\"127.0.0.1\"}]" },
		{ "{.users[0].age} {.users[2].on}", "3 true" },
		{ "{\"a}b\"}{.missing.too}", "a}b" },
		{ "", "" },
		{ "plain", "plain" },
	};
	char out[1024];

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_error err = MP_ERROR_NONE;

		if (eval(rows[i].template, out, sizeof(out), &err) != 0)
			fail_msg("%s: %s", rows[i].template, err.msg);
		assert_string_equal(out, rows[i].wanted);
	}
}

static void mistakes_are_told(void **unused)
{
	static const char *const rows[] = {
		"{.kind",
		"{range .items[*]}x",
		"{end}",
		"{.items[}",
		"{.items[0}",
		"{.users[?(@.name=\"x\")]}",
		"{.users[?(@.name==]}",
		"{\"unterminated}",
		"{kind}",
		"{.items[a]}",
		"{.users[?(@.a]}",
	};
	char out[256];

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_error err = MP_ERROR_NONE;

		if (eval(rows[i], out, sizeof(out), &err) != -EINVAL)
			fail_msg("%s was accepted", rows[i]);
		assert_non_null(strstr(err.msg, "error parsing jsonpath"));
	}
}

static void deep_nesting_is_refused(void **unused)
{
	char template[2048] = "", out[64];
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	for (int i = 0; i < 40; i++)
		(void)strcat(template, "{range .users[0]}"); /* NOLINT: 40 x 17 < 2048 */
	for (int i = 0; i < 40; i++)
		(void)strcat(template, "{end}"); /* NOLINT */
	/* Each body looks for .users in the user: an empty set ends the nesting. */
	assert_int_equal(eval(template, out, sizeof(out), &err), 0);
	assert_string_equal(out, "");
	template[0] = '\0';
	for (int i = 0; i < 40; i++)
		(void)strcat(template, "{range $.users[0]}"); /* NOLINT */
	for (int i = 0; i < 40; i++)
		(void)strcat(template, "{end}"); /* NOLINT */
	assert_int_equal(eval(template, out, sizeof(out), &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_give_what_kubectl_gives),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
