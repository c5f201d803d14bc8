/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one option table: every verb, its options, its help and its example. Parsing, --help, shell
 * completion and the man page are all read from it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/base/error.h"

/** struct mp_option - one option of a verb. A table of them ends with name NULL. */
struct mp_option {
	const char *name;     /* "grace-period": written --grace-period */
	char letter;          /* 'f' for -f; 0 = none */
	const char *arg;      /* "SECONDS"; NULL: a switch */
	const char *help;     /* one line */
	bool is_optional_arg; /* the value may be left out: --option or --option=VALUE */
};

struct mp_args;

/** struct mp_verb - one verb. */
struct mp_verb {
	const char *name;
	const char *args; /* "FILE": shown in the usage line */
	size_t min_args, max_args;
	const char *summary;
	const char *example;
	const struct mp_option *options;        /* beside the common ones */
	int (*run)(const struct mp_args *args); /* the exit code */
	bool takes_command;                     /* what follows "--" is kept apart in @command */
	bool is_hidden;
};

#define MP_OPTION_VALUES_MAX 256

/** struct mp_args - a parsed command line. Strings are borrowed from argv. */
struct mp_args {
	const struct mp_verb *verb;
	struct {
		const struct mp_option *option;
		const char *value; /* "" for a switch */
	} values[MP_OPTION_VALUES_MAX];
	size_t n_values;
	const char *positional[64];
	size_t n_positional;
	char **command; /* after "--"; NULL when there was none */
	size_t n_command;
	bool wants_help;
};

/** mp_verbs() - all verbs; *@ret_n of them. */
const struct mp_verb *mp_verbs(size_t *ret_n);

/** mp_verb_find() - the verb called @word. -EINVAL with a sentence that says what may be meant. */
int mp_verb_find(const char *word, const struct mp_verb **ret, struct mp_error *err);

/** mp_common_options() - options every verb takes, ended by name NULL. */
const struct mp_option *mp_common_options(void);

/**
 * mp_args_parse() - argv (without the program's name) to values.
 *
 * Return: 0 or -EINVAL with a sentence that says what is wrong and, if near, what was meant.
 */
int mp_args_parse(char **argv, size_t n, struct mp_args *ret, struct mp_error *err);

/** mp_args_get() - the last value of --@name, or NULL. */
const char *mp_args_get(const struct mp_args *args, const char *name);

/** mp_args_has() - --@name was given. */
bool mp_args_has(const struct mp_args *args, const char *name);

/** mp_args_int() - a whole number within bounds. *@ret is untouched when the option is absent. */
int mp_args_int(const struct mp_args *args, const char *name, long long min, long long max,
		long long *ret, struct mp_error *err);

/** mp_help_print() - usage of @verb, or of the program when NULL. */
void mp_help_print(FILE *out, const struct mp_verb *verb);
