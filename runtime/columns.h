/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl's -o custom-columns=NAME:.metadata.name,IP:.status.podIP and -o custom-columns-file.
 * Source: k8s.io/kubectl/pkg/cmd/get/customcolumn.go.
 */
#pragma once

#include "runtime/base/document.h"
#include "runtime/cli.h"

#define MP_COLUMNS_MAX 32

/** struct mp_columns - headings and paths; arena memory. */
struct mp_columns {
	const char *headers[MP_COLUMNS_MAX];
	const char *paths[MP_COLUMNS_MAX];
	size_t n;
};

/** mp_columns_parse() - "HEADER:PATH,...". 0 or -EINVAL with a sentence. */
int mp_columns_parse(struct mp_arena *arena, const char *text, struct mp_columns *ret,
		     struct mp_error *err);

/** mp_columns_parse_file() - a line of headings and a line of paths. */
int mp_columns_parse_file(struct mp_arena *arena, const char *path, struct mp_columns *ret,
			  struct mp_error *err);

/** mp_columns_row() - what @object has at the paths, "<none>" for nothing. */
int mp_columns_row(const struct mp_columns *columns, const struct mp_node *object,
		   struct mp_table *table, struct mp_error *err);

/** mp_value_text() - a value as Go prints it: scalars plain, map[a:b], [a b]. */
char *mp_value_text(struct mp_arena *arena, const struct mp_node *node);
