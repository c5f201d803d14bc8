/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that sees libseccomp while minipod runs: OCI profiles to programs. */
#include "namespaces/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

#define INSNS_MAX 65535 /* BPF_MAXINSNS is 4096; the kernel says so itself */

struct name_value {
	const char *name;
	unsigned int value;
};

static const struct name_value actions[] = {
	{ "SCMP_ACT_KILL", MP_SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_KILL_THREAD", MP_SECCOMP_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", MP_SECCOMP_KILL_PROCESS },
	{ "SCMP_ACT_TRAP", MP_SECCOMP_TRAP },
	{ "SCMP_ACT_ERRNO", MP_SECCOMP_ERRNO },
	{ "SCMP_ACT_TRACE", MP_SECCOMP_TRACE },
	{ "SCMP_ACT_LOG", MP_SECCOMP_LOG },
	{ "SCMP_ACT_ALLOW", MP_SECCOMP_ALLOW },
};

static const struct name_value ops[] = {
	{ "SCMP_CMP_NE", MP_SECCOMP_NE },
	{ "SCMP_CMP_LT", MP_SECCOMP_LT },
	{ "SCMP_CMP_LE", MP_SECCOMP_LE },
	{ "SCMP_CMP_EQ", MP_SECCOMP_EQ },
	{ "SCMP_CMP_GE", MP_SECCOMP_GE },
	{ "SCMP_CMP_GT", MP_SECCOMP_GT },
	{ "SCMP_CMP_MASKED_EQ", MP_SECCOMP_MASKED_EQ },
};

static const struct name_value arches[] = {
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
};

/* What needs a listener or a second thread has no use here and is refused by not being listed. */
static const struct name_value flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* one thread: nothing to synchronise */
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
};

static int look_up(const struct name_value *table, size_t n, const char *what, const char *name,
		   unsigned int *ret, struct mp_error *err)
{
	const char *names[32];
	const char *near;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(table[i].name, name) == 0) {
			*ret = table[i].value;
			return 0;
		}
		names[i] = table[i].name;
	}
	near = mp_closest(name, names, n);
	if (near)
		return mp_fail_text(err, EINVAL, "unknown seccomp %s \"%s\", did you mean \"%s\"?",
				    what, name, near);
	return mp_fail_text(err, EINVAL, "unknown seccomp %s \"%s\"", what, name);
}

int mp_seccomp_action_parse(const char *name, enum mp_seccomp_action *ret, struct mp_error *err)
{
	unsigned int value;
	int r;

	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0)
		return mp_fail_text(err, ENOTSUP,
				    "seccomp action \"SCMP_ACT_NOTIFY\" needs a listener, which "
				    "minipod does not offer");
	r = look_up(actions, MP_ARRAY_SIZE(actions), "action", name, &value, err);
	if (r == 0)
		*ret = (enum mp_seccomp_action)value;
	return r;
}

int mp_seccomp_op_parse(const char *name, enum mp_seccomp_op *ret, struct mp_error *err)
{
	unsigned int value;
	int r = look_up(ops, MP_ARRAY_SIZE(ops), "comparison", name, &value, err);

	if (r == 0)
		*ret = (enum mp_seccomp_op)value;
	return r;
}

static uint32_t action_value(enum mp_seccomp_action action, bool has_errno, uint32_t errno_ret)
{
	switch (action) {
	case MP_SECCOMP_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case MP_SECCOMP_KILL_PROCESS:
		return SCMP_ACT_KILL_PROCESS;
	case MP_SECCOMP_TRAP:
		return SCMP_ACT_TRAP;
	case MP_SECCOMP_ERRNO:
		return SCMP_ACT_ERRNO(has_errno ? errno_ret : EPERM);
	case MP_SECCOMP_TRACE:
		return SCMP_ACT_TRACE(has_errno ? errno_ret : 0);
	case MP_SECCOMP_LOG:
		return SCMP_ACT_LOG;
	case MP_SECCOMP_ALLOW:
		return SCMP_ACT_ALLOW;
	}
	return SCMP_ACT_KILL_PROCESS;
}

static struct scmp_arg_cmp make_cmp(const struct mp_seccomp_arg *arg)
{
	struct scmp_arg_cmp cmp = { .arg = arg->index,
				    .datum_a = arg->value,
				    .datum_b = arg->value_two };

	switch (arg->op) {
	case MP_SECCOMP_NE:
		cmp.op = SCMP_CMP_NE;
		break;
	case MP_SECCOMP_LT:
		cmp.op = SCMP_CMP_LT;
		break;
	case MP_SECCOMP_LE:
		cmp.op = SCMP_CMP_LE;
		break;
	case MP_SECCOMP_EQ:
		cmp.op = SCMP_CMP_EQ;
		break;
	case MP_SECCOMP_GE:
		cmp.op = SCMP_CMP_GE;
		break;
	case MP_SECCOMP_GT:
		cmp.op = SCMP_CMP_GT;
		break;
	case MP_SECCOMP_MASKED_EQ:
		cmp.op = SCMP_CMP_MASKED_EQ;
		break;
	}
	return cmp;
}

/*
 * libseccomp takes one comparison per argument and rule. Several on one argument mean "any of
 * them" in OCI profiles, as runc and crun read them: one rule each.
 */
static bool has_repeated_arg(const struct mp_seccomp_rule *rule)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < rule->n_args; i++) {
		if (seen & (1U << rule->args[i].index))
			return true;
		seen |= 1U << rule->args[i].index;
	}
	return false;
}

static int add_name(scmp_filter_ctx ctx, const struct mp_seccomp_rule *rule, uint32_t action,
		    int nr, const char *name, struct mp_error *err)
{
	struct scmp_arg_cmp cmps[6];
	int r = 0;

	if (has_repeated_arg(rule)) {
		for (size_t i = 0; i < rule->n_args && r == 0; i++) {
			cmps[0] = make_cmp(&rule->args[i]);
			r = seccomp_rule_add_array(ctx, action, nr, 1, cmps);
		}
	} else {
		for (size_t i = 0; i < rule->n_args; i++)
			cmps[i] = make_cmp(&rule->args[i]);
		r = seccomp_rule_add_array(ctx, action, nr, (unsigned int)rule->n_args, cmps);
	}
	if (r < 0 && r != -EEXIST)
		return mp_fail(err, -r, "seccomp rule for \"%s\"", name);
	return 0;
}

bool mp_seccomp_is_known(const char *name)
{
	return seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
}

uint32_t mp_seccomp_library_version(void)
{
	const struct scmp_version *v = seccomp_version();

	return v ? v->major << 16 | v->minor << 8 | v->micro : 0;
}

static int add_rule(scmp_filter_ctx ctx, const struct mp_seccomp_profile *profile,
		    const struct mp_seccomp_rule *rule, size_t *n_skipped, struct mp_error *err)
{
	const uint32_t action = action_value(rule->action, rule->has_errno, rule->errno_ret);
	const uint32_t otherwise = action_value(profile->default_action, profile->has_default_errno,
						profile->default_errno_ret);

	for (size_t i = 0; i < rule->n_args; i++)
		if (rule->args[i].index > 5)
			return mp_fail_text(err, EINVAL,
					    "seccomp rule for \"%s\": argument index %u, but there "
					    "are 6 arguments",
					    rule->n_names ? rule->names[0] : "",
					    rule->args[i].index);
	if (action == otherwise)
		return 0; /* says nothing; libseccomp refuses such a rule */
	for (size_t i = 0; i < rule->n_names; i++) {
		int nr = seccomp_syscall_resolve_name(rule->names[i]);
		int r;

		if (nr == __NR_SCMP_ERROR) {
			(*n_skipped)++;
			continue;
		}
		r = add_name(ctx, rule, action, nr, rule->names[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_arches(scmp_filter_ctx ctx, const struct mp_seccomp_profile *profile,
		      struct mp_error *err)
{
	for (size_t i = 0; i < profile->n_architectures; i++) {
		unsigned int arch;
		int r = look_up(arches, MP_ARRAY_SIZE(arches), "architecture",
				profile->architectures[i], &arch, err);

		if (r < 0)
			return r;
		r = seccomp_arch_add(ctx, arch);
		if (r == -EINVAL || r == -EDOM)
			continue; /* of another byte order than this machine: it can never run */
		if (r < 0 && r != -EEXIST)
			return mp_fail(err, -r, "seccomp architecture \"%s\"",
				       profile->architectures[i]);
	}
	return 0;
}

/* libseccomp writes programs to files only. */
static int export_program(scmp_filter_ctx ctx, uint32_t filter_flags,
			  struct mp_seccomp_program **ret, struct mp_error *err)
{
	struct mp_seccomp_program *program;
	mp_auto_fd fd = mp_sys_memfd_create("seccomp", false);
	off_t size;
	int r;

	if (fd < 0)
		return mp_fail(err, -fd, "create a memory file for a seccomp filter");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return mp_fail(err, -r, "compile the seccomp profile");
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || (size_t)size / sizeof(struct sock_filter) > INSNS_MAX)
		return mp_fail_text(err, E2BIG, "the seccomp profile is too long for the kernel");
	program = calloc(1, sizeof(*program) + (size_t)size);
	if (!program)
		return mp_fail(err, ENOMEM, "compile the seccomp profile");
	if (pread(fd, program + 1, (size_t)size, 0) != size) {
		free(program);
		return mp_fail(err, EIO, "read the compiled seccomp profile");
	}
	program->insns = (const struct sock_filter *)(const void *)(program + 1);
	program->n_insns = (unsigned short)((size_t)size / sizeof(struct sock_filter));
	program->flags = filter_flags;
	*ret = program;
	return 0;
}

static int compile(scmp_filter_ctx ctx, const struct mp_seccomp_profile *profile,
		   struct mp_seccomp_program **ret, size_t *n_skipped, struct mp_error *err)
{
	uint32_t filter_flags = 0;
	int r = add_arches(ctx, profile, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < profile->n_flags; i++) {
		unsigned int flag = 0;

		r = look_up(flags, MP_ARRAY_SIZE(flags), "flag", profile->flags[i], &flag, err);
		if (r < 0)
			return r;
		filter_flags |= flag;
	}
	/* A binary tree loads and decides faster; libseccomp before 2.5 has none, and goes on. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < profile->n_rules; i++) {
		r = add_rule(ctx, profile, &profile->rules[i], n_skipped, err);
		if (r < 0)
			return r;
	}
	return export_program(ctx, filter_flags, ret, err);
}

int mp_seccomp_compile(const struct mp_seccomp_profile *profile, struct mp_seccomp_program **ret,
		       size_t *ret_n_skipped, struct mp_error *err)
{
	scmp_filter_ctx ctx = seccomp_init(action_value(
		profile->default_action, profile->has_default_errno, profile->default_errno_ret));
	size_t n_skipped = 0;
	int r;

	if (!ctx)
		return mp_fail(err, ENOMEM, "compile the seccomp profile");
	r = compile(ctx, profile, ret, &n_skipped, err);
	seccomp_release(ctx);
	if (r == 0 && ret_n_skipped)
		*ret_n_skipped = n_skipped;
	return r;
}
