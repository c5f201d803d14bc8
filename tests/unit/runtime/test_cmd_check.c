/* SPDX-License-Identifier: Apache-2.0 */
/* The command: what goes to which stream, and the exit code. */
#include "runtime/cmd_check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "tests/unit/runtime/manifest_tests.h"

#define SIMPLE MINIPOD_TEST_DATA "/manifests/simple.json"
#define CONFIG MINIPOD_TEST_DATA "/manifests/config.yaml"

struct said {
	int code;
	char *out, *err; /* heap */
};

static int begin(FILE *stream, FILE **ret_file)
{
	int saved;

	*ret_file = tmpfile();
	assert_non_null(*ret_file);
	assert_int_equal(fflush(stream), 0);
	saved = dup(fileno(stream));
	assert_true(saved >= 0);
	assert_true(dup2(fileno(*ret_file), fileno(stream)) >= 0);
	return saved;
}

static char *end(FILE *stream, FILE *file, int saved)
{
	char *text;

	assert_int_equal(fflush(stream), 0);
	assert_true(dup2(saved, fileno(stream)) >= 0);
	(void)close(saved);
	assert_true(lseek(fileno(file), 0, SEEK_SET) == 0);
	assert_int_equal(mp_fd_read_all(fileno(file), 1 << 20, NULL, &text, NULL, NULL), 0);
	(void)fclose(file);
	return text;
}

static struct said check(int argc, const char *const *args)
{
	char *argv[8] = { NULL };
	struct said said;
	FILE *out, *err;
	int saved_out, saved_err;

	assert_true(argc < 8);
	for (int i = 0; i < argc; i++)
		argv[i] = strdup(args[i]);
	saved_out = begin(stdout, &out);
	saved_err = begin(stderr, &err);
	said.code = mp_cmd_check(argc, argv);
	said.err = end(stderr, err, saved_err);
	said.out = end(stdout, out, saved_out);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return said;
}

#define CHECK(...)                                                                 \
	check((int)MP_ARRAY_SIZE(((const char *const[]){ "check", __VA_ARGS__ })), \
	      (const char *const[]){ "check", __VA_ARGS__ })

static void assert_said(struct said said, int code, const char *out, const char *err)
{
	assert_int_equal(said.code, code);
	assert_string_equal(said.out, out);
	assert_string_equal(said.err, err);
	free(said.out);
	free(said.err);
}

static void valid_manifests_are_named_on_stdout(void **unused)
{
	(void)unused;
	assert_said(CHECK(SIMPLE), 0, SIMPLE ": pod \"simple\" is valid\n", "");
	assert_said(CHECK("-f", SIMPLE, "--filename=" CONFIG), 0,
		    CONFIG ": ConfigMap \"settings\" is valid\n" CONFIG
			   ": Secret \"keys\" is valid\n" SIMPLE ": pod \"simple\" is valid\n",
		    "");
}

static void problems_go_to_stderr_and_the_exit_code_is_125(void **unused)
{
	(void)unused;
	assert_said(CHECK("-f/nonexistent"), 125, "", "/nonexistent: No such file or directory\n");
	assert_said(CHECK("--", "-f"), 125, "", "-f: No such file or directory\n");
	assert_said(CHECK(SIMPLE, "/nonexistent"), 125, SIMPLE ": pod \"simple\" is valid\n",
		    "/nonexistent: No such file or directory\n");
}

static void a_wrong_command_line_is_explained(void **unused)
{
	(void)unused;
	static const char *const alone[] = { "check" };
	struct said said = check(1, alone);

	assert_int_equal(said.code, 125);
	assert_true(mp_starts_with(said.err, "minipod check: name a manifest\nusage: "));
	free(said.out);
	free(said.err);
	said = CHECK("-f");
	assert_int_equal(said.code, 125);
	assert_true(mp_starts_with(said.err, "minipod check: -f: needs a file\nusage: "));
	free(said.out);
	free(said.err);
	said = CHECK("--nope");
	assert_int_equal(said.code, 125);
	assert_true(mp_starts_with(said.err, "minipod check: --nope: unknown option\nusage: "));
	free(said.out);
	free(said.err);
	said = CHECK("--help");
	assert_int_equal(said.code, 0);
	assert_true(mp_starts_with(said.out, "usage: minipod check FILE"));
	assert_string_equal(said.err, "");
	free(said.out);
	free(said.err);
}

static void the_support_page_is_printed(void **unused)
{
	(void)unused;
	mp_auto_free char *page = mp_manifest_fields_text();

	assert_non_null(page);
	assert_said(CHECK("--fields"), 0, page, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_manifests_are_named_on_stdout),
		cmocka_unit_test(problems_go_to_stderr_and_the_exit_code_is_125),
		cmocka_unit_test(a_wrong_command_line_is_explained),
		cmocka_unit_test(the_support_page_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
