/* SPDX-License-Identifier: Apache-2.0 */
/* How a string may be spelled in block-style YAML. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** mp_yaml_is_plain() - @text, without quotes, reads back as this very string. */
bool mp_yaml_is_plain(const char *text, size_t len);

/** mp_yaml_is_block() - @text has several lines, and a literal block ("|") keeps each as it is. */
bool mp_yaml_is_block(const char *text, size_t len);
