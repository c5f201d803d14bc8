/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define NAMES_MAX 64

static const struct mp_option *find(const struct mp_option *table, const char *name, size_t len,
				    char letter)
{
	for (; table && table->name; table++) {
		if (letter ? table->letter == letter :
			     strlen(table->name) == len && memcmp(table->name, name, len) == 0)
			return table;
	}
	return NULL;
}

static const struct mp_option *find_option(const struct mp_verb *verb, const char *name, size_t len,
					   char letter)
{
	const struct mp_option *o = verb ? find(verb->options, name, len, letter) : NULL;

	return o ? o : find(mp_common_options(), name, len, letter);
}

static int unknown_option(const struct mp_verb *verb, const char *name, size_t len,
			  struct mp_error *err)
{
	const char *names[NAMES_MAX];
	char word[NAMES_MAX];
	size_t n = 0;

	for (const struct mp_option *o = verb ? verb->options : NULL; o && o->name; o++)
		if (n < NAMES_MAX)
			names[n++] = o->name;
	for (const struct mp_option *o = mp_common_options(); o->name; o++)
		if (n < NAMES_MAX)
			names[n++] = o->name;
	(void)snprintf(word, sizeof(word), "%.*s", (int)len, name);

	const char *near = mp_closest(word, names, n);
	const char *of = verb ? verb->name : "";

	if (near)
		return mp_fail_text(err, EINVAL, "unknown option --%s: did you mean --%s?", word,
				    near);
	return mp_fail_text(err, EINVAL, "unknown option --%s: see 'minipod %s%s--help'", word, of,
			    *of ? " " : "");
}

/* What other tools call it. */
static const char *foreign_verb(const char *word)
{
	static const char *const words[][2] = {
		{ "create", "run -d" }, { "images", "image ls" }, { "inspect", "get pod -o yaml" },
		{ "kill", "delete" },   { "list", "get pods" },   { "ls", "get pods" },
		{ "ps", "get pods" },   { "pull", "image pull" }, { "remove", "delete" },
		{ "rm", "delete" },     { "start", "run -d" },    { "stats", "top" },
		{ "stop", "delete" },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(words); i++)
		if (strcmp(words[i][0], word) == 0)
			return words[i][1];
	return NULL;
}

static int unknown_verb(const char *word, struct mp_error *err)
{
	const char *names[NAMES_MAX];
	size_t n_verbs, n = 0;
	const struct mp_verb *verbs = mp_verbs(&n_verbs);

	for (size_t i = 0; i < n_verbs && n < NAMES_MAX; i++)
		if (!verbs[i].is_hidden)
			names[n++] = verbs[i].name;

	const char *near = foreign_verb(word);

	if (!near)
		near = mp_closest(word, names, n);
	if (near)
		return mp_fail_text(err, EINVAL, "unknown verb '%s': did you mean '%s'?", word,
				    near);
	return mp_fail_text(err, EINVAL, "unknown verb '%s': 'minipod --help' lists them", word);
}

static int keep_value(struct mp_args *ret, const struct mp_option *o, const char *value,
		      struct mp_error *err)
{
	if (ret->n_values == MP_OPTION_VALUES_MAX)
		return mp_fail_text(err, EINVAL, "too many options");
	ret->values[ret->n_values].option = o;
	ret->values[ret->n_values++].value = value;
	return 0;
}

/* --name, --name=value, --name value. Advances *@i over a value that is a word of its own. */
static int parse_long(char **argv, size_t n, size_t *i, struct mp_args *ret, struct mp_error *err)
{
	const char *name = argv[*i] + 2;
	const char *eq = strchr(name, '=');
	const size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct mp_option *o = find_option(ret->verb, name, len, '\0');

	if (!o)
		return unknown_option(ret->verb, name, len, err);
	if (!o->arg) {
		if (eq && strcmp(eq + 1, "true") != 0 && strcmp(eq + 1, "false") != 0)
			return mp_fail_text(err, EINVAL, "--%s takes no value", o->name);
		return eq && strcmp(eq + 1, "false") == 0 ? 0 : keep_value(ret, o, "", err);
	}
	if (eq)
		return keep_value(ret, o, eq + 1, err);
	if (o->is_optional_arg)
		return keep_value(ret, o, "", err);
	if (*i + 1 >= n)
		return mp_fail_text(err, EINVAL, "--%s needs a value: --%s %s", o->name, o->name,
				    o->arg);
	return keep_value(ret, o, argv[++*i], err);
}

/* -x, -xVALUE, -x VALUE, and switches run together as in -it. */
static int parse_short(char **argv, size_t n, size_t *i, struct mp_args *ret, struct mp_error *err)
{
	for (const char *at = argv[*i] + 1; *at; at++) {
		const struct mp_option *o = find_option(ret->verb, NULL, 0, *at);
		int r;

		if (!o)
			return mp_fail_text(err, EINVAL,
					    "unknown option -%c: see 'minipod %s%s--help'", *at,
					    ret->verb ? ret->verb->name : "", ret->verb ? " " : "");
		if (!o->arg && at[1] == '=') {
			if (strcmp(at + 2, "true") != 0 && strcmp(at + 2, "false") != 0)
				return mp_fail_text(err, EINVAL, "-%c takes no value", *at);
			return strcmp(at + 2, "false") == 0 ? 0 : keep_value(ret, o, "", err);
		}
		if (!o->arg || o->is_optional_arg) {
			r = keep_value(ret, o, "", err);
			if (r < 0)
				return r;
			continue;
		}
		if (at[1] != '\0')
			return keep_value(ret, o, at[1] == '=' ? at + 2 : at + 1, err);
		if (*i + 1 >= n)
			return mp_fail_text(err, EINVAL, "-%c needs a value: -%c %s", *at, *at,
					    o->arg);
		return keep_value(ret, o, argv[++*i], err);
	}
	return 0;
}

int mp_verb_find(const char *word, const struct mp_verb **ret, struct mp_error *err)
{
	size_t n;
	const struct mp_verb *verbs = mp_verbs(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(verbs[i].name, word) == 0) {
			*ret = &verbs[i];
			return 0;
		}
	}
	return unknown_verb(word, err);
}

/* Does any verb's option of that name take a value? */
static bool awaits_value(const char *name, size_t len, char letter)
{
	size_t n;
	const struct mp_verb *verbs = mp_verbs(&n);

	for (size_t i = 0; i <= n; i++) {
		const struct mp_option *o =
			find(i < n ? verbs[i].options : mp_common_options(), name, len, letter);

		if (o && o->arg && !o->is_optional_arg)
			return true;
	}
	return false;
}

/* Where the verb stands: options may come before it, also its own ("-n lab get pods"). */
static size_t find_verb_word(char **argv, size_t n)
{
	size_t i = 0;

	while (i < n && argv[i][0] == '-' && argv[i][1] != '\0' && strcmp(argv[i], "--") != 0) {
		const char *word = argv[i++];

		if (word[1] == '-') {
			if (!strchr(word, '=') && awaits_value(word + 2, strlen(word + 2), '\0'))
				i++;
			continue;
		}
		for (const char *at = word + 1; *at; at++) {
			if (!awaits_value(NULL, 0, *at))
				continue;
			i += at[1] == '\0' ? 1 : 0;
			break;
		}
	}
	return i < n && argv[i][0] != '-' ? i : n;
}

int mp_args_parse(char **argv, size_t n, struct mp_args *ret, struct mp_error *err)
{
	const size_t verb = find_verb_word(argv, n);
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	if (verb < n)
		r = mp_verb_find(argv[verb], &ret->verb, err);
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *word = argv[i];

		if (i == verb)
			continue;
		if (strcmp(word, "--") == 0) {
			ret->command = &argv[i + 1];
			ret->n_command = n - i - 1;
			break;
		}
		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
			ret->wants_help = true;
		else if (word[0] == '-' && word[1] == '-')
			r = parse_long(argv, n, &i, ret, err);
		else if (word[0] == '-' && word[1] != '\0')
			r = parse_short(argv, n, &i, ret, err);
		else if (ret->n_positional == MP_ARRAY_SIZE(ret->positional))
			r = mp_fail_text(err, EINVAL, "too many arguments");
		else
			ret->positional[ret->n_positional++] = word;
	}
	if (r < 0 || ret->wants_help || !ret->verb)
		return r;
	if (ret->command && !ret->verb->takes_command) {
		for (size_t i = 0; i < ret->n_command; i++) {
			if (ret->n_positional == MP_ARRAY_SIZE(ret->positional))
				return mp_fail_text(err, EINVAL, "too many arguments");
			ret->positional[ret->n_positional++] = ret->command[i];
		}
		ret->command = NULL;
		ret->n_command = 0;
	}
	if (ret->n_positional < ret->verb->min_args)
		return mp_fail_text(err, EINVAL, "minipod %s needs %s: see 'minipod %s --help'",
				    ret->verb->name, ret->verb->args, ret->verb->name);
	if (ret->n_positional > ret->verb->max_args)
		return mp_fail_text(err, EINVAL,
				    "unexpected argument '%s': see 'minipod %s --help'",
				    ret->positional[ret->verb->max_args], ret->verb->name);
	return 0;
}

const char *mp_args_get(const struct mp_args *args, const char *name)
{
	for (size_t i = args->n_values; i > 0; i--)
		if (strcmp(args->values[i - 1].option->name, name) == 0)
			return args->values[i - 1].value;
	return NULL;
}

bool mp_args_has(const struct mp_args *args, const char *name)
{
	return mp_args_get(args, name) != NULL;
}

int mp_args_int(const struct mp_args *args, const char *name, long long min, long long max,
		long long *ret, struct mp_error *err)
{
	const char *text = mp_args_get(args, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;

	const long long v = strtoll(text, &end, 10);

	if (errno != 0 || end == text || *end != '\0' || v < min || v > max)
		return mp_fail_text(err, EINVAL,
				    "--%s: '%s' is not a whole number from %lld to %lld", name,
				    text, min, max);
	*ret = v;
	return 0;
}

/* Columns of the terminal that @out is; far more than any line has when it is none. */
static size_t columns_of(FILE *out)
{
	struct winsize size;

	return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 1000;
}

/* @text from column @at on, broken between words so that it stays below @columns. */
static void print_wrapped(FILE *out, const char *text, size_t at, size_t columns)
{
	size_t x = at;

	while (*text) {
		const size_t n = strcspn(text, " ");

		if (x > at && x + 1 + n > columns) {
			(void)fprintf(out, "\n%*s", (int)at, "");
			x = at;
		}
		(void)fprintf(out, "%s%.*s", x > at ? " " : "", (int)n, text);
		x += n + (x > at ? 1 : 0);
		text += n + strspn(text + n, " ");
	}
	(void)fputc('\n', out);
}

static void print_options(FILE *out, const struct mp_option *table)
{
	const size_t columns = columns_of(out);

	for (; table && table->name; table++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s%s", table->letter ? '-' : ' ',
			       table->letter ? table->letter : ' ', table->letter ? "," : " ",
			       table->name, table->arg ? (table->is_optional_arg ? "[=" : " ") : "",
			       table->arg ? table->arg : "",
			       table->arg && table->is_optional_arg ? "]" : "");
		/* On a narrow terminal the explanation has lines of its own. */
		if (columns < 72)
			(void)fprintf(out, "  %s\n%10s", left, "");
		else
			(void)fprintf(out, "  %-32s ", left);
		print_wrapped(out, table->help, columns < 72 ? 10 : 35, columns);
	}
}

void mp_help_print(FILE *out, const struct mp_verb *verb)
{
	if (verb) {
		(void)fprintf(out, "%s\n\nUsage:\n  minipod [OPTIONS] %s%s%s%s\n", verb->summary,
			      verb->name, verb->options ? " [OPTIONS]" : "", *verb->args ? " " : "",
			      verb->args);
		if (verb->options) {
			(void)fprintf(out, "\nOptions:\n");
			print_options(out, verb->options);
		}
		(void)fprintf(out, "\nCommon options:\n");
		print_options(out, mp_common_options());
		if (verb->example)
			(void)fprintf(out, "\nExample:\n%s\n", verb->example);
		return;
	}

	size_t n;
	const struct mp_verb *verbs = mp_verbs(&n);

	(void)fprintf(out, "minipod runs Kubernetes pods on one Linux machine: no daemon, no "
			   "cluster.\n\nUsage:\n  minipod [OPTIONS] VERB ...\n\nVerbs:\n");
	for (size_t i = 0; i < n; i++)
		if (!verbs[i].is_hidden) {
			(void)fprintf(out, "  %-14s ", verbs[i].name);
			print_wrapped(out, verbs[i].summary, 17, columns_of(out));
		}
	(void)fprintf(out, "\nCommon options:\n");
	print_options(out, mp_common_options());
	(void)fprintf(out, "\n'minipod help VERB' tells more about a verb.\n");
}
