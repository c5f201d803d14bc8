/* SPDX-License-Identifier: Apache-2.0 */
/* Is a test program that cannot run a failure? As scripts/test and scripts/vm-test say. */
#pragma once

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool tests_are_strict(void)
{
	const char *const text = getenv("MINIPOD_TESTS_STRICT");

	return text && strcmp(text, "1") == 0;
}
