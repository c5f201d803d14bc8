/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/options.h"

static struct mp_args args;
static struct mp_error err;

static int parse(const char *const *words, size_t n)
{
	union {
		const char *const *in;
		char **out;
	} argv = { .in = words };

	err = MP_ERROR_NONE;
	return mp_args_parse(argv.out, n, &args, &err);
}

#define PARSE(...)                                  \
	parse((const char *const[]){ __VA_ARGS__ }, \
	      sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void options_of_a_verb_may_come_before_it(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE("-n", "lab", "get", "pods"), 0);
	assert_string_equal(args.verb->name, "get");
	assert_string_equal(mp_args_get(&args, "namespace"), "lab");
	assert_int_equal(args.n_positional, 1);
	assert_int_equal(PARSE("--namespace=lab", "-v", "--root", "/x", "logs", "web"), 0);
	assert_string_equal(args.verb->name, "logs");
	assert_string_equal(mp_args_get(&args, "root"), "/x");
	assert_int_equal(PARSE("-vn", "lab", "get", "pods"), 0);
	assert_string_equal(mp_args_get(&args, "namespace"), "lab");
	assert_int_equal(PARSE("-nlab", "get", "get"), 0);
	assert_string_equal(args.positional[0], "get");
}

static void what_the_verb_does_not_take_is_refused_wherever_it_stands(void **unused)
{
	(void)unused;
	assert_true(PARSE("-n", "lab", "doctor") < 0);
	assert_string_equal(err.msg, "unknown option -n: see 'minipod doctor --help'");
	assert_true(PARSE("--watc", "get", "pods") < 0);
	assert_string_equal(err.msg, "unknown option --watc: did you mean --watch?");
	assert_true(PARSE("-n", "lab", "gte") < 0);
	assert_string_equal(err.msg, "unknown verb 'gte': did you mean 'get'?");
}

static void verbs_of_other_tools_are_translated(void **unused)
{
	(void)unused;
	assert_true(PARSE("ps") < 0);
	assert_string_equal(err.msg, "unknown verb 'ps': did you mean 'get pods'?");
	assert_true(PARSE("stop", "web") < 0);
	assert_string_equal(err.msg, "unknown verb 'stop': did you mean 'delete'?");
}

static void switches_may_be_told_true_or_false(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE("get", "pods", "-A=true", "--watch=false"), 0);
	assert_true(mp_args_has(&args, "all-namespaces"));
	assert_false(mp_args_has(&args, "watch"));
	assert_int_equal(PARSE("get", "pods", "-A=false"), 0);
	assert_false(mp_args_has(&args, "all-namespaces"));
	assert_true(PARSE("get", "pods", "-A=no") < 0);
	assert_string_equal(err.msg, "-A takes no value");
}

static void what_follows_two_dashes_is_a_command_or_arguments(void **unused)
{
	(void)unused;
	assert_int_equal(PARSE("exec", "web", "--", "ls", "-l"), 0);
	assert_int_equal(args.n_command, 2);
	assert_int_equal(PARSE("get", "pods", "--", "-x"), 0);
	assert_string_equal(args.positional[1], "-x");
	assert_int_equal(PARSE("--", "get"), 0);
	assert_null(args.verb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_a_verb_may_come_before_it),
		cmocka_unit_test(what_the_verb_does_not_take_is_refused_wherever_it_stands),
		cmocka_unit_test(verbs_of_other_tools_are_translated),
		cmocka_unit_test(switches_may_be_told_true_or_false),
		cmocka_unit_test(what_follows_two_dashes_is_a_command_or_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
