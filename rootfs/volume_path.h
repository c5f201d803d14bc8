/* SPDX-License-Identifier: Apache-2.0 */
/* Names of generated files inside a volume. Pure. Source: pod-semantics 9.8. */
#pragma once

#include <limits.h>

#include "runtime/base/error.h"

/**
 * mp_volume_path_check() - may a generated file have this path?
 *
 * Return: 0, or -EINVAL with Kubernetes' sentence: relative, no ".." element, not beginning with
 * "..", elements up to 255 bytes, 4096 in all.
 */
int mp_volume_path_check(const char *path, struct mp_error *err);

/** mp_volume_path_top() - first element of a path that passed the check. Return: @top. */
char *mp_volume_path_top(const char *path, char top[NAME_MAX + 1]);
