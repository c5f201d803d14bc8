/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a seccomp profile. What is accepted is compiled, too. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "runtime/seccomp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mp_seccomp_context context = { UINT64_C(0xa80425fb), 6U << 16 };
	struct mp_arena arena = { .head = NULL };
	struct mp_seccomp_profile profile;
	struct mp_seccomp_program *program = NULL;

	if (mp_seccomp_parse("fuzz", (const char *)data, size, &context, &arena, &profile, NULL) ==
		    0 &&
	    mp_seccomp_compile(&profile, &program, NULL, NULL) == 0 && program->n_insns == 0)
		abort();
	mp_seccomp_program_free(program);
	mp_arena_done(&arena);
	return 0;
}
