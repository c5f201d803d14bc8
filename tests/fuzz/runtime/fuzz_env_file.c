/* SPDX-License-Identifier: Apache-2.0 */
/* The file of fileKeyRef, which a container wrote: any bytes. */
#include "runtime/env_file.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = { "A", "LONG_NAME", "" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct mp_arena arena = { .head = NULL };
		const char *value = "untouched";
		const int r = mp_env_file_get((const char *)data, size, keys[i], &arena, &value);

		assert(r == 0 || r == -EINVAL);
		assert(r < 0 || !value || strlen(value) <= size);
		mp_arena_done(&arena);
	}
	return 0;
}
