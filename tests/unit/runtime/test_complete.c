/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand next on a command line, and the manual page: both read from the option table. */
#include "runtime/complete.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/man_page.h"

static char asked[128];

static void names(void *ctx, const struct mp_complete_ask *ask, struct mp_complete_out *out)
{
	(void)ctx;
	(void)snprintf(asked, sizeof(asked), "%d %s %s", (int)ask->kind,
		       ask->namespace_ ? ask->namespace_ : "-", ask->pod ? ask->pod : "-");
	switch (ask->kind) {
	case MP_COMPLETE_POD:
		mp_complete_say(out, "web", "Running");
		mp_complete_say(out, "worker", "Pending");
		mp_complete_say(out, "db", "");
		break;
	case MP_COMPLETE_CONTAINER:
		mp_complete_say(out, "app", "container");
		break;
	case MP_COMPLETE_NAMESPACE:
		mp_complete_say(out, "default", "");
		break;
	}
}

#define ASK(...)                                      \
	ask_for((const char *const[]){ __VA_ARGS__ }, \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* The answer to words, owned by the caller. */
static char *ask_for(const char *const *words, size_t n)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	asked[0] = '\0';
	mp_complete(words, n, names, NULL, out);
	(void)fclose(out);
	return text;
}

static void expect_has(const char *text, const char *line)
{
	char all[65536], wanted[256];

	(void)snprintf(all, sizeof(all), "\n%s", text);
	(void)snprintf(wanted, sizeof(wanted), "\n%s", line);
	if (!strstr(all, wanted))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void verbs_are_offered_and_hidden_ones_are_not(void **unused)
{
	mp_auto_free char *text = ASK("");
	mp_auto_free char *some = ASK("de");

	(void)unused;
	expect_has(text, "run\t");
	expect_has(text, "completion\t");
	assert_null(strstr(text, "__"));
	expect_has(some, "describe\t");
	expect_has(some, "delete\t");
	assert_null(strstr(some, "run\t"));
}

static void pods_are_offered_with_what_they_are(void **unused)
{
	mp_auto_free char *text = ASK("logs", "w");
	mp_auto_free char *more = ASK("delete", "web", "");

	(void)unused;
	assert_string_equal(text, "web\tRunning\nworker\tPending\n");
	assert_string_equal(more, "web\tRunning\nworker\tPending\ndb\n");
}

static void containers_are_those_of_the_pod_on_the_line(void **unused)
{
	mp_auto_free char *by_option = ASK("logs", "-n", "lab", "web", "-c", "");

	(void)unused;
	assert_string_equal(by_option, "app\tcontainer\n");
	assert_string_equal(asked, "1 lab web");

	mp_auto_free char *by_place = ASK("logs", "--namespace=lab", "web", "a");

	assert_string_equal(by_place, "app\tcontainer\n");
	assert_string_equal(asked, "1 lab web");

	mp_auto_free char *run_together = ASK("exec", "-itc", "");

	assert_string_equal(asked, "1 - -");
}

static void a_value_that_is_due_is_no_argument(void **unused)
{
	mp_auto_free char *first = ASK("logs", "--tail", "3", "");

	(void)unused;
	expect_has(first, "web\tRunning");

	mp_auto_free char *namespaces = ASK("get", "pods", "-n", "");

	assert_string_equal(namespaces, "default\n");
}

static void choices_of_a_usage_line_and_of_options(void **unused)
{
	mp_auto_free char *shells = ASK("completion", "");
	mp_auto_free char *none = ASK("completion", "bash", "");
	mp_auto_free char *formats = ASK("get", "pods", "-o", "j");
	mp_auto_free char *inside = ASK("run", "--wait-for=r");
	mp_auto_free char *topics = ASK("help", "rep");
	mp_auto_free char *kinds = ASK("get", "s");

	(void)unused;
	expect_has(topics, "replay\t");
	assert_string_equal(kinds, "secrets\n");
	assert_string_equal(shells, "bash\nzsh\nfish\n");
	assert_string_equal(none, "");
	assert_string_equal(formats, "json\njsonpath=\n");
	assert_string_equal(inside, "ready\n");
}

static void options_say_whether_a_value_follows(void **unused)
{
	mp_auto_free char *text = ASK("delete", "--");

	(void)unused;
	expect_has(text, "--grace-period=\t");
	expect_has(text, "--now\t");
	expect_has(text, "--root=\t");
}

static void files_are_the_shells_business(void **unused)
{
	mp_auto_free char *file = ASK("run", "");
	mp_auto_free char *another = ASK("run", "a.yaml", "b.yaml", "");
	mp_auto_free char *option = ASK("run", "-f", "");
	mp_auto_free char *dir = ASK("--root", "");
	mp_auto_free char *command = ASK("exec", "web", "--", "l");

	(void)unused;
	assert_string_equal(file, ":file\n");
	assert_string_equal(another, ":file\n");
	assert_string_equal(option, ":file\n");
	assert_string_equal(dir, ":dir\n");
	assert_string_equal(command, ":file\n");
}

static void names_with_control_characters_are_left_out(void **unused)
{
	mp_auto_free char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct mp_complete_out to = { out, "" };

	(void)unused;
	mp_complete_say(&to, "a\nb", "");
	mp_complete_say(&to, "a\tb", "");
	(void)fclose(out);
	assert_string_equal(text, "");
}

static void unknown_words_are_survived(void **unused)
{
	mp_auto_free char *verb = ASK("nonsense", "x", "");
	mp_auto_free char *option = ASK("run", "--nonsense", "--=", "-", "");
	mp_auto_free char *value = ASK("run", "--nonsense=");

	(void)unused;
	expect_has(verb, "run\t");
	assert_string_equal(option, ":file\n");
	assert_string_equal(value, "");
}

static void every_shell_has_a_script(void **unused)
{
	(void)unused;
	assert_non_null(strstr(mp_complete_script("bash"), "__complete"));
	assert_non_null(strstr(mp_complete_script("zsh"), "__complete"));
	assert_non_null(strstr(mp_complete_script("fish"), "__complete"));
	assert_null(mp_complete_script("csh"));
}

static void the_manual_page_has_every_verb_and_option(void **unused)
{
	mp_auto_free char *text = NULL;
	size_t len = 0, n;
	FILE *out = open_memstream(&text, &len);
	const struct mp_verb *verbs = mp_verbs(&n);

	(void)unused;
	mp_man_page(out, "1.2.3");
	(void)fclose(out);
	assert_non_null(strstr(text, "minipod 1.2.3"));
	for (size_t i = 0; i < n; i++) {
		char heading[128];

		/* Hyphens are escaped, so the name is looked for up to its first one. */
		(void)snprintf(heading, sizeof(heading), ".SS \"minipod %.*s",
			       (int)strcspn(verbs[i].name, "-"), verbs[i].name);
		assert_int_equal(strstr(text, heading) != NULL, !verbs[i].is_hidden);
	}
	assert_non_null(strstr(text, "\\fB\\-\\-grace\\-period\\fR=\\fISECONDS\\fR"));
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		/* A line of ours that begins with a dot by accident would be a request. */
		if (*line == '.')
			assert_non_null(strchr("TSBPE", line[1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verbs_are_offered_and_hidden_ones_are_not),
		cmocka_unit_test(pods_are_offered_with_what_they_are),
		cmocka_unit_test(containers_are_those_of_the_pod_on_the_line),
		cmocka_unit_test(a_value_that_is_due_is_no_argument),
		cmocka_unit_test(choices_of_a_usage_line_and_of_options),
		cmocka_unit_test(options_say_whether_a_value_follows),
		cmocka_unit_test(files_are_the_shells_business),
		cmocka_unit_test(names_with_control_characters_are_left_out),
		cmocka_unit_test(unknown_words_are_survived),
		cmocka_unit_test(every_shell_has_a_script),
		cmocka_unit_test(the_manual_page_has_every_verb_and_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
