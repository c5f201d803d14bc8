/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_gen MACHINE: prints a C header with the default profile's system call numbers for MACHINE
 * (x86_64 or aarch64) and the finished program for the usual capabilities. Runs while we build.
 */
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "namespaces/creds.h"
#include "namespaces/seccomp_gen/policy.h"

#define ENTRIES_MAX 1024
#define X32_BIT     0x40000000U
#define X32_FIRST   512U

static struct mp_sc_entry entries[3][ENTRIES_MAX];
static struct sock_filter program[MP_SC_PROGRAM_MAX];

static int compare(const void *a, const void *b)
{
	const struct mp_sc_entry *x = a;
	const struct mp_sc_entry *y = b;

	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

/* -1: this architecture has no such call. libseccomp's own pseudo numbers are negative, too. */
static int64_t resolve(uint32_t arch, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(arch, name);

	if (arch == SCMP_ARCH_X32 && nr >= 0)
		return (int64_t)((uint32_t)nr & ~X32_BIT);
	if (nr >= 0)
		return nr;
	for (size_t i = 0; nr == __NR_SCMP_ERROR && i < sizeof(late_names) / sizeof(*late_names);
	     i++)
		if (strcmp(late_names[i].name, name) == 0)
			return late_names[i].nr;
	return -1;
}

static size_t fill(uint32_t arch, struct mp_sc_entry *to)
{
	size_t n = 0;
	size_t kept = 0;

	for (size_t p = 0; p < sizeof(policies) / sizeof(*policies); p++) {
		const char *at = policies[p].names;

		while (*at != '\0') {
			char name[64];
			size_t len = strcspn(at, " ");
			int64_t nr;

			if (len >= sizeof(name) || n >= ENTRIES_MAX)
				exit(1);
			memcpy(name, at, len);
			name[len] = '\0';
			at += len + strspn(at + len, " ");
			nr = resolve(arch, name);
			if (nr < 0 || (arch == SCMP_ARCH_X32 && nr < X32_FIRST))
				continue;
			to[n++] = (struct mp_sc_entry){ (uint32_t)nr, policies[p].sc_class };
		}
	}
	qsort(to, n, sizeof(*to), compare);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || to[kept - 1].nr != to[i].nr)
			to[kept++] = to[i];
	return kept;
}

static void print_table(const char *name, const struct mp_sc_table *table)
{
	printf("static const struct mp_sc_entry %s_entries[] = {\n", name);
	for (size_t i = 0; i < table->n_entries; i++)
		printf("\t{ %u, %u },\n", table->entries[i].nr, table->entries[i].sc_class);
	printf("\t{ 0, 0 },\n};\n\n");
}

static void print_use(const char *name, const struct mp_sc_table *table)
{
	printf("\t.%s = { 0x%xU, %s_entries, %zu },\n", name, table->audit_arch, name,
	       table->n_entries);
}

int main(int argc, char **argv)
{
	const bool is_arm = argc > 1 && strcmp(argv[1], "aarch64") == 0;
	const uint32_t arches[3] = { is_arm ? SCMP_ARCH_AARCH64 : SCMP_ARCH_X86_64,
				     is_arm ? SCMP_ARCH_ARM : SCMP_ARCH_X86, SCMP_ARCH_X32 };
	struct mp_sc_tables tables = {
		.native = { is_arm ? AUDIT_ARCH_AARCH64 : AUDIT_ARCH_X86_64, entries[0],
			    fill(arches[0], entries[0]) },
		.compat = { is_arm ? AUDIT_ARCH_ARM : AUDIT_ARCH_I386, entries[1],
			    fill(arches[1], entries[1]) },
		.x32 = { 0, entries[2], is_arm ? 0 : fill(arches[2], entries[2]) },
	};
	size_t n;

	if (!is_arm && (argc < 2 || strcmp(argv[1], "x86_64") != 0)) {
		fprintf(stderr, "seccomp_gen: unknown machine\n");
		return 1;
	}
	n = mp_sc_emit(&tables, mp_caps_default(), program);
	if (n == 0) {
		fprintf(stderr, "seccomp_gen: the program is too long\n");
		return 1;
	}
	printf("/* SPDX-License-Identifier: Apache-2.0 */\n"
	       "/* Made by namespaces/seccomp_gen for %s. */\n"
	       "#include \"namespaces/seccomp_emit.h\"\n\n",
	       argv[1]);
	print_table("native", &tables.native);
	print_table("compat", &tables.compat);
	print_table("x32", &tables.x32);
	printf("static const struct mp_sc_tables sc_tables = {\n");
	print_use("native", &tables.native);
	print_use("compat", &tables.compat);
	print_use("x32", &tables.x32);
	printf("};\n\nstatic const struct sock_filter default_program[] = {\n");
	for (size_t i = 0; i < n; i++)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", program[i].code, program[i].jt, program[i].jf,
		       program[i].k);
	printf("};\n");
	return 0;
}
