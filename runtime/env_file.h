/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that env[].valueFrom.fileKeyRef reads: lines NAME='value'. Pure but for memory from the
 * caller's arena. A container wrote the text: nothing about it is trusted.
 * Source: pod-semantics reference section 9.2; KEP-3721.
 */
#pragma once

#include <stddef.h>

#include "runtime/base/str.h"

/** MP_ENV_FILE_MAX - a file longer than this is not read. */
#define MP_ENV_FILE_MAX ((size_t)1024 * 1024)

/**
 * mp_env_file_get() - the first value of @key in a file.
 * @text:      @len bytes.
 * @arena:     owns the value.
 * @ret_value: on success; NULL when the file up to its end has no such key.
 *
 * Blanks before a name, blank lines and lines that begin with # do not count. A value stands in
 * single quotes, which may span lines; after the closing one only a # comment may follow. Nothing
 * at all or a blank after the = is an empty value. What stands behind the first match is not
 * looked at.
 *
 * Return: 0; -EINVAL when a line is none of that; -ENOMEM.
 */
int mp_env_file_get(const char *text, size_t len, const char *key, struct mp_arena *arena,
		    const char **ret_value);
