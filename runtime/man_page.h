/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page minipod(8), generated from the one option table. */
#pragma once

#include <stdio.h>

/**
 * mp_man_page() - write minipod(8) to @out as man(7) text.
 * @version: "0.1.0".
 */
void mp_man_page(FILE *out, const char *version);
