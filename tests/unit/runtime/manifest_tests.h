/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the manifest tests: loading text and comparing the sentences that come out. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/manifest.h"

#define TEST_WALL (INT64_C(1704164645) * 1000000000) /* 2024-01-02T03:04:05Z */

static const struct mp_seed test_seed = {
	.uid = "11111111-2222-4333-8444-555555555555",
	.suffix5 = "bcdfg",
	.wall = TEST_WALL,
};

static inline int load_as(struct mp_manifest *m, const char *name, const char *text, size_t len)
{
	const struct mp_manifest_options options = { .wall = TEST_WALL, .seed = &test_seed };
	struct mp_error err = MP_ERROR_NONE;

	return mp_manifest_load_text(m, name, text, len, &options, &err);
}

/* Every line of @lines, each followed by a newline, in storage of the next call. */
static inline const char *joined(const struct mp_lines *lines)
{
	static char text[32768];
	struct mp_buf buf = MP_BUF(text);

	text[0] = '\0';
	for (const struct mp_line *line = lines->first; line; line = line->next)
		mp_buf_addf(&buf, "%s\n", line->text);
	return text;
}

/* The errors of @text, which must be refused. */
static inline void assert_errors(const char *name, const char *text, const char *expected)
{
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, name, text, strlen(text)), -EINVAL);
	assert_string_equal(joined(&m.errors), expected);
	mp_manifest_done(&m);
}

#define POD_HEAD "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n"
#define POD_SPEC POD_HEAD "spec:\n  containers:\n  - name: c\n    image: busybox:1\n"
