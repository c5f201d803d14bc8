/* SPDX-License-Identifier: Apache-2.0 */
/* Any table and any capabilities: the program that comes out answers as the table says. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/seccomp_emit.h"

#define ENTRIES_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t run(const struct sock_filter *insns, size_t n, uint32_t arch, uint32_t nr)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n;) {
		const struct sock_filter *i = &insns[pc++];

		if (i->code == (BPF_LD | BPF_W | BPF_ABS))
			a = i->k == offsetof(struct seccomp_data, arch) ? arch :
			    i->k == offsetof(struct seccomp_data, nr)   ? nr :
									  0;
		else if (i->code == (BPF_JMP | BPF_JA))
			pc += i->k;
		else if (i->code == (BPF_JMP | BPF_JEQ | BPF_K))
			pc += a == i->k ? i->jt : i->jf;
		else if (i->code == (BPF_JMP | BPF_JGE | BPF_K))
			pc += a >= i->k ? i->jt : i->jf;
		else if (i->code == (BPF_JMP | BPF_JSET | BPF_K))
			pc += (a & i->k) ? i->jt : i->jf;
		else if (i->code == (BPF_RET | BPF_K))
			return i->k;
		else
			abort();
	}
	abort();
}

static uint32_t expected(const struct mp_sc_table *table, uint32_t nr)
{
	for (size_t i = 0; i < table->n_entries; i++)
		if (table->entries[i].nr == nr)
			return table->entries[i].sc_class == MP_SC_ALWAYS ?
				       SECCOMP_RET_ALLOW :
				       SECCOMP_RET_ERRNO | EPERM;
	return nr > table->entries[table->n_entries - 1].nr ? SECCOMP_RET_ERRNO | ENOSYS :
							      SECCOMP_RET_ERRNO | EPERM;
}

/* Two bytes an entry: the step from the number before, and whether it is allowed. */
static size_t read_table(const uint8_t *data, size_t size, struct mp_sc_entry *entries)
{
	size_t n = 0;
	uint32_t nr = 0;

	for (; n < ENTRIES_MAX && n < size / 2; n++) {
		nr += (n == 0 ? 0 : 1) + data[2 * n] % 16;
		entries[n] = (struct mp_sc_entry){ nr, data[2 * n + 1] & 1 ? MP_SC_ALWAYS :
									     MP_SC_SYS_BOOT };
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mp_sc_entry entries[2][ENTRIES_MAX];
	static struct sock_filter program[MP_SC_PROGRAM_MAX];
	struct mp_sc_tables tables = {
		.native = { AUDIT_ARCH_X86_64, entries[0], 0 },
		.compat = { AUDIT_ARCH_I386, entries[1], 0 },
	};
	size_t n;

	tables.native.n_entries = read_table(data, size / 2, entries[0]);
	tables.compat.n_entries = read_table(data + size / 2, size - size / 2, entries[1]);
	if (tables.native.n_entries == 0 || tables.compat.n_entries == 0)
		return 0;
	n = mp_sc_emit(&tables, 0, program);
	if (n == 0)
		return 0; /* too long: said, not written */
	for (uint32_t nr = 0; nr < ENTRIES_MAX * 16 + 2; nr++) {
		if (run(program, n, AUDIT_ARCH_X86_64, nr) != expected(&tables.native, nr))
			abort();
		if (run(program, n, AUDIT_ARCH_I386, nr) != expected(&tables.compat, nr))
			abort();
	}
	if (run(program, n, AUDIT_ARCH_ARM, 0) != SECCOMP_RET_KILL_PROCESS)
		abort();
	return 0;
}
