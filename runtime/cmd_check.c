/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/clock_io.h"
#include "runtime/manifest.h"

#define EXIT_VALID   0
#define EXIT_REFUSED 125 /* minipod's own failure or a refused manifest: architecture section 8 */

static const char usage[] =
	"usage: minipod check FILE...\n"
	"       minipod check -f FILE [-f FILE]...\n"
	"\n"
	"Read manifests (JSON or YAML; \"-\" is standard input) and report every\n"
	"problem in them. Nothing is started.\n"
	"\n"
	"  -f, --filename FILE   a manifest; may be repeated\n"
	"      --fields          print which fields of the Pod API are supported\n"
	"  -h, --help            this text\n";

static void print_lines(const struct mp_lines *lines)
{
	for (const struct mp_line *line = lines->first; line; line = line->next)
		(void)fprintf(stderr, "%s\n", line->text);
}

static void print_valid(const struct mp_manifest *m)
{
	for (const struct mp_object *o = m->objects.first; o; o = o->next)
		(void)printf("%s: %s \"%s\" is valid\n", o->file, mp_object_kind_text(o->kind),
			     o->name);
	for (const struct mp_manifest_pod *pod = m->pods; pod; pod = pod->next)
		if (pod->is_valid)
			(void)printf("%s: pod \"%s\" is valid\n", pod->file, pod->spec.meta.name);
}

static int print_fields(void)
{
	char *text = mp_manifest_fields_text();
	int r = text && fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? EXIT_VALID : EXIT_REFUSED;

	if (r != EXIT_VALID)
		(void)fprintf(stderr, "minipod check: print the fields: %s\n", strerror(errno));
	free(text);
	return r;
}

static int check_files(const char *const *files, size_t n)
{
	const struct mp_manifest_options options = { .wall = mp_clock_read().wall };
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	int r = mp_manifest_load(&m, files, n, &options, &err);

	print_lines(&m.notes);
	print_lines(&m.warnings);
	print_lines(&m.errors);
	if (r < 0 && err.code)
		(void)fprintf(stderr, "minipod check: %s\n", err.msg);
	print_valid(&m);
	if (fflush(stdout) != 0 && r == 0)
		r = -errno;
	mp_manifest_done(&m);
	return r < 0 ? EXIT_REFUSED : EXIT_VALID;
}

/* "-fFILE", "-f FILE", "--filename FILE" or "--filename=FILE"; moves *@i; NULL: it is not one. */
static const char *file_option(int argc, char **argv, int *i, bool *ret_is_missing)
{
	const char *arg = argv[*i];

	if (mp_starts_with(arg, "--filename="))
		return arg + strlen("--filename=");
	if (mp_starts_with(arg, "-f") && arg[2])
		return arg + 2;
	if (strcmp(arg, "-f") != 0 && strcmp(arg, "--filename") != 0)
		return NULL;
	*ret_is_missing = *i + 1 >= argc;
	return *ret_is_missing ? NULL : argv[++*i];
}

int mp_cmd_check(int argc, char **argv)
{
	const char **files = calloc((size_t)argc + 1, sizeof(*files));
	bool is_missing = false, is_options = true;
	size_t n = 0;
	int r = -1;

	if (!files) {
		(void)fprintf(stderr, "minipod check: %s\n", strerror(ENOMEM));
		return EXIT_REFUSED;
	}
	for (int i = 1; i < argc && argv[i] && r < 0; i++) {
		const char *arg = argv[i];
		const char *file = is_options ? file_option(argc, argv, &i, &is_missing) : NULL;

		if (file || !is_options || arg[0] != '-' || !arg[1]) {
			files[n++] = file ? file : arg;
		} else if (strcmp(arg, "--") == 0) {
			is_options = false;
		} else if (strcmp(arg, "--fields") == 0) {
			r = print_fields();
		} else if (strcmp(arg, "-h") == 0 || strcmp(arg, "--help") == 0) {
			(void)fputs(usage, stdout);
			r = EXIT_VALID;
		} else {
			(void)fprintf(stderr, "minipod check: %s: %s\n%s", arg,
				      is_missing ? "needs a file" : "unknown option", usage);
			r = EXIT_REFUSED;
		}
	}
	if (r < 0 && n == 0) {
		(void)fprintf(stderr, "minipod check: name a manifest\n%s", usage);
		r = EXIT_REFUSED;
	}
	if (r < 0)
		r = check_files(files, n);
	free(files);
	return r;
}
