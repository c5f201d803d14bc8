/* SPDX-License-Identifier: Apache-2.0 */
/* The RuntimeDefault profile: precompiled for the usual capabilities, emitted for any others. */
#include <stdlib.h>

#include "namespaces/creds.h"
#include "namespaces/seccomp.h"

#include "namespaces/seccomp_emit.h"
#include "runtime/base/auto.h"

#include "namespaces/seccomp_default_table.h" /* made while we build */

int mp_seccomp_default(uint64_t caps, struct mp_seccomp_program **ret, struct mp_error *err)
{
	const uint64_t mask = mp_sc_caps_mask();
	struct mp_seccomp_program *program;
	struct sock_filter *insns;
	size_t n;

	program = calloc(1, sizeof(*program) + MP_SC_PROGRAM_MAX * sizeof(*insns));
	if (!program)
		return mp_fail(err, ENOMEM, "prepare the default seccomp filter");
	if ((caps & mask) == (mp_caps_default() & mask)) {
		program->insns = default_program;
		program->n_insns = MP_ARRAY_SIZE(default_program);
	} else {
		insns = (struct sock_filter *)(void *)(program + 1);
		n = mp_sc_emit(&sc_tables, caps, insns);
		if (n == 0) {
			free(program);
			return mp_fail(err, E2BIG, "prepare the default seccomp filter");
		}
		program->insns = insns;
		program->n_insns = (unsigned short)n;
	}
	*ret = program;
	return 0;
}

void mp_seccomp_program_free(struct mp_seccomp_program *program)
{
	free(program);
}
