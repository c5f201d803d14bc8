/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share: where pods are, which namespace, durations, tables, colours. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "runtime/base/clock.h"
#include "runtime/options.h"
#include "runtime/state_dir.h"

#define MP_EXIT_OURS    125 /* our own failure, or a refused request of `run` */
#define MP_EXIT_TIMEOUT 124
#define MP_EXIT_ERROR   1 /* what kubectl's verbs end with */

/** mp_cli_option() - --@name, else the environment's @variable (may be NULL), else @fallback. */
const char *mp_cli_option(const struct mp_args *args, const char *name, const char *variable,
			  const char *fallback);

/** mp_cli_roots() - from --root and MINIPOD_ROOT. */
int mp_cli_roots(const struct mp_args *args, struct mp_roots *ret, struct mp_error *err);

/** mp_cli_namespace() - -n, else "default". */
const char *mp_cli_namespace(const struct mp_args *args);

/**
 * mp_cli_fail() - print "error: ..." as kubectl does, or "Error from server (NotFound): ..." for
 * -ENOENT. Returns the exit code 1.
 */
int mp_cli_fail(int r, const struct mp_error *err);

/** mp_cli_wants_color() - @fd is a terminal and NO_COLOR is not set. */
bool mp_cli_wants_color(int fd);

/**
 * mp_duration_parse() - Go's durations ("1m30s", "500ms", "1.5h", "0"), and whole seconds without
 * a unit. 0 or -EINVAL with a sentence that names @what.
 */
int mp_duration_parse(const char *what, const char *text, mp_nsec *ret, struct mp_error *err);

/** mp_human_age() - kubectl's ages: "45s", "3m12s", "5h3m", "2d4h", "30d", "<unknown>" below 0. */
char *mp_human_age(mp_nsec age, char buf[MP_TIME_TEXT_MAX]);

/** mp_cli_pod_name() - "web", "pod/web" or "pods/web" to "web". */
const char *mp_cli_pod_name(const char *word);

/** struct mp_table - rows of text that are printed in columns, three blanks apart. */
struct mp_table {
	struct mp_arena *arena; /* borrowed: owns the cells */
	const char ***rows;     /* arena */
	size_t n_rows, size, n_columns;
	size_t *widths; /* borrowed, n_columns; kept from one table to the next; NULL: not wanted */
};

/** mp_table_row() - add a row of @table->n_columns cells; they are copied. */
void mp_table_row(struct mp_table *table, const char *const *cells);

/** mp_table_print() - control characters in cells are made visible. */
void mp_table_print(const struct mp_table *table, FILE *out);

/** mp_print_clean() - @text with control characters made visible ("\n" as \n). */
void mp_print_clean(FILE *out, const char *text);
