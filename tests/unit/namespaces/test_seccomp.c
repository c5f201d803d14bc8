/* SPDX-License-Identifier: Apache-2.0 */
/* Programs are judged by running them: a few lines are enough for what seccomp filters use. */
#include "namespaces/seccomp.h"

#include <asm/unistd.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "namespaces/creds.h"
#include "runtime/base/auto.h"

#define BIT(c) (UINT64_C(1) << (c))

#define ALLOW  SECCOMP_RET_ALLOW
#define DENY   (SECCOMP_RET_ERRNO | EPERM)
#define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static uint32_t run(const struct mp_seccomp_program *program, uint32_t arch, uint32_t nr,
		    uint64_t arg0)
{
	const struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { arg0 } };
	uint32_t a = 0;

	for (uint32_t pc = 0;;) {
		const struct sock_filter *i;
		uint32_t k;

		assert_true(pc < program->n_insns);
		i = &program->insns[pc++];
		k = i->k;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(k % 4 == 0 && k < sizeof(data));
			memcpy(&a, (const char *)&data + k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= k;
			break;
		case BPF_JMP | BPF_JA:
			pc += k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += (a & k) ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return k;
		default:
			fail_msg("instruction 0x%x", i->code);
		}
	}
}

static struct mp_seccomp_program *program_for(uint64_t caps)
{
	struct mp_seccomp_program *program = NULL;

	assert_int_equal(mp_seccomp_default(caps, &program, NULL), 0);
	return program;
}

static uint32_t ask(uint64_t caps, uint32_t nr, uint64_t arg0)
{
	struct mp_seccomp_program *program = program_for(caps);
	uint32_t answer = run(program, NATIVE, nr, arg0);

	mp_seccomp_program_free(program);
	return answer;
}

static void ordinary_calls_are_allowed(void **unused)
{
	static const uint32_t calls[] = {
		__NR_read,       __NR_openat,         __NR_execve,    __NR_mmap,
		__NR_exit_group, __NR_futex,          __NR_capset,    __NR_setresuid,
		__NR_prctl,      __NR_close_range,    __NR_faccessat, __NR_statx,
		__NR_ptrace,     __NR_rt_sigreturn,   __NR_getrandom, __NR_chroot,
		__NR_seccomp,    452 /* fchmodat2 */,
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(calls); i++)
		assert_int_equal(ask(mp_caps_default(), calls[i], 0), ALLOW);
}

static void dangerous_calls_are_denied(void **unused)
{
	static const uint32_t calls[] = {
		__NR_mount,
		__NR_umount2,
		__NR_pivot_root,
		__NR_setns,
		__NR_unshare,
		__NR_keyctl,
		__NR_add_key,
		__NR_request_key,
		__NR_bpf,
		__NR_kexec_load,
		__NR_init_module,
		__NR_reboot,
		__NR_swapon,
		__NR_io_uring_setup,
		__NR_userfaultfd,
		__NR_open_by_handle_at,
		__NR_syslog,
		__NR_perf_event_open,
		__NR_process_vm_readv,
		__NR_pidfd_getfd,
		__NR_mbind,
		__NR_clock_settime,
		__NR_acct,
		__NR_move_mount,
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(calls); i++)
		assert_int_equal(ask(mp_caps_default(), calls[i], 0), DENY);
}

static void capabilities_open_what_they_are_for(void **unused)
{
	static const struct {
		int cap;
		uint32_t nr;
	} opens[] = {
		{ CAP_SYS_ADMIN, __NR_mount },
		{ CAP_SYS_ADMIN, __NR_bpf },
		{ CAP_BPF, __NR_bpf },
		{ CAP_PERFMON, __NR_perf_event_open },
		{ CAP_SYSLOG, __NR_syslog },
		{ CAP_SYS_BOOT, __NR_reboot },
		{ CAP_SYS_MODULE, __NR_init_module },
		{ CAP_SYS_NICE, __NR_mbind },
		{ CAP_SYS_PACCT, __NR_acct },
		{ CAP_SYS_PTRACE, __NR_process_vm_writev },
		{ CAP_SYS_TIME, __NR_clock_settime },
		{ CAP_SYS_TTY_CONFIG, __NR_vhangup },
		{ CAP_DAC_READ_SEARCH, __NR_open_by_handle_at },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(opens); i++) {
		assert_int_equal(ask(mp_caps_default(), opens[i].nr, 0), DENY);
		assert_int_equal(ask(mp_caps_default() | BIT(opens[i].cap), opens[i].nr, 0), ALLOW);
	}
	assert_int_equal(ask(0, __NR_chroot, 0), DENY);
}

static void clone_may_make_threads_but_no_namespaces(void **unused)
{
	static const uint64_t flags[] = { CLONE_NEWNS,  CLONE_NEWUSER, CLONE_NEWPID,   CLONE_NEWNET,
					  CLONE_NEWIPC, CLONE_NEWUTS,  CLONE_NEWCGROUP };

	(void)unused;
	assert_int_equal(ask(mp_caps_default(), __NR_clone, CLONE_VM | CLONE_THREAD), ALLOW);
	for (size_t i = 0; i < MP_ARRAY_SIZE(flags); i++) {
		assert_int_equal(ask(mp_caps_default(), __NR_clone, flags[i] | CLONE_VM), DENY);
		assert_int_equal(ask(BIT(CAP_SYS_ADMIN), __NR_clone, flags[i]), ALLOW);
	}
}

static void clone3_is_absent_so_that_libc_falls_back(void **unused)
{
	(void)unused;
	assert_int_equal(ask(mp_caps_default(), __NR_clone3, 0), ABSENT);
	assert_int_equal(ask(BIT(CAP_SYS_ADMIN), __NR_clone3, 0), ALLOW);
}

static void calls_newer_than_the_list_are_absent(void **unused)
{
	(void)unused;
	assert_int_equal(ask(mp_caps_default(), 480, 0), ABSENT);
	assert_int_equal(ask(mp_caps_default(), 100000, 0), ABSENT);
	assert_int_equal(ask(mp_caps_default(), 0x3fffffff, 0), ABSENT);
}

static void personality_and_sockets_are_judged_by_argument(void **unused)
{
	const uint64_t caps = mp_caps_default();

	(void)unused;
	assert_int_equal(ask(caps, __NR_personality, 0), ALLOW);
	assert_int_equal(ask(caps, __NR_personality, 0xffffffff), ALLOW);
	assert_int_equal(ask(caps, __NR_personality, 0x0400000), DENY); /* READ_IMPLIES_EXEC */
	assert_int_equal(ask(caps, __NR_socket, 2), ALLOW);
	assert_int_equal(ask(caps, __NR_socket, 40), DENY); /* AF_VSOCK */
}

static void another_architecture_is_killed(void **unused)
{
	struct mp_seccomp_program *program = program_for(mp_caps_default());

	(void)unused;
	assert_int_equal(run(program, AUDIT_ARCH_S390X, 3, 0), SECCOMP_RET_KILL_PROCESS);
	mp_seccomp_program_free(program);
}

#if defined(__x86_64__)
static void both_other_abis_of_the_machine_are_judged_alike(void **unused)
{
	struct mp_seccomp_program *program = program_for(mp_caps_default());

	(void)unused;
	assert_int_equal(run(program, AUDIT_ARCH_I386, 11, 0), ALLOW); /* execve */
	assert_int_equal(run(program, AUDIT_ARCH_I386, 21, 0), DENY);  /* mount */
	assert_int_equal(run(program, AUDIT_ARCH_I386, 120, CLONE_NEWUSER), DENY);
	assert_int_equal(run(program, AUDIT_ARCH_I386, 435, 0), ABSENT);    /* clone3 */
	assert_int_equal(run(program, NATIVE, 0x40000000, 0), ALLOW);       /* x32 read */
	assert_int_equal(run(program, NATIVE, 0x40000000 + 520, 0), ALLOW); /* x32 execve */
	assert_int_equal(run(program, NATIVE, 0x40000000 + __NR_mount, 0), DENY);
	assert_int_equal(run(program, NATIVE, 0x40000000 + 528, 0), DENY); /* x32 kexec_load */
	assert_true(run(program, NATIVE, 520, 0) != ALLOW); /* x32's number without its mark */
	mp_seccomp_program_free(program);
}
#endif

static void precompiled_program_is_what_the_emitter_makes(void **unused)
{
	/* A capability that opens nothing in the profile: same answers, other code path or not. */
	struct mp_seccomp_program *usual = program_for(mp_caps_default());
	struct mp_seccomp_program *other = program_for(mp_caps_default() | BIT(CAP_SYS_BOOT));

	(void)unused;
	assert_true(usual->n_insns < 300);
	for (uint32_t nr = 0; nr < 600; nr++)
		if (nr != __NR_reboot)
			assert_int_equal(run(usual, NATIVE, nr, 0), run(other, NATIVE, nr, 0));
	mp_seccomp_program_free(usual);
	mp_seccomp_program_free(other);
}

static void profile_rules_become_answers(void **unused)
{
	static const char *const denied[] = { "mkdirat", "no_such_call_at_all" };
	static const char *const fussy[] = { "personality" };
	static const char *const arches[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64" };
	static const char *const flags[] = { "SECCOMP_FILTER_FLAG_LOG" };
	static const struct mp_seccomp_arg any_of[] = { { 0, MP_SECCOMP_EQ, 8, 0 },
							{ 0, MP_SECCOMP_EQ, 9, 0 } };
	const struct mp_seccomp_rule rules[] = {
		{ .names = denied,
		  .n_names = 2,
		  .action = MP_SECCOMP_ERRNO,
		  .has_errno = true,
		  .errno_ret = EROFS },
		{ .names = fussy,
		  .n_names = 1,
		  .action = MP_SECCOMP_KILL_PROCESS,
		  .args = any_of,
		  .n_args = 2 },
	};
	const struct mp_seccomp_profile profile = {
		.default_action = MP_SECCOMP_ALLOW,
		.architectures = arches,
		.n_architectures = 2,
		.flags = flags,
		.n_flags = 1,
		.rules = rules,
		.n_rules = 2,
	};
	struct mp_seccomp_program *program = NULL;
	size_t n_skipped = 0;

	(void)unused;
	assert_int_equal(mp_seccomp_compile(&profile, &program, &n_skipped, NULL), 0);
	assert_int_equal(n_skipped, 1);
	assert_int_equal(program->flags, SECCOMP_FILTER_FLAG_LOG);
	assert_int_equal(run(program, NATIVE, __NR_mkdirat, 0), SECCOMP_RET_ERRNO | EROFS);
	assert_int_equal(run(program, NATIVE, __NR_read, 0), ALLOW);
	assert_int_equal(run(program, NATIVE, __NR_personality, 8), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(program, NATIVE, __NR_personality, 9), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(run(program, NATIVE, __NR_personality, 10), ALLOW);
	mp_seccomp_program_free(program);
}

static void impossible_profiles_are_refused_by_name(void **unused)
{
	static const char *const bad_arch[] = { "SCMP_ARCH_X86_65" };
	static const char *const bad_flag[] = { "SECCOMP_FILTER_FLAG_NEW_LISTENER" };
	static const char *const names[] = { "read" };
	static const struct mp_seccomp_arg bad_arg[] = { { 6, MP_SECCOMP_EQ, 0, 0 } };
	const struct mp_seccomp_rule rule = { .names = names,
					      .n_names = 1,
					      .action = MP_SECCOMP_ERRNO,
					      .args = bad_arg,
					      .n_args = 1 };
	struct mp_seccomp_profile profile = { .default_action = MP_SECCOMP_ALLOW,
					      .architectures = bad_arch,
					      .n_architectures = 1 };
	struct mp_seccomp_program *program = NULL;
	enum mp_seccomp_action action;
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	assert_int_equal(mp_seccomp_compile(&profile, &program, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "did you mean \"SCMP_ARCH_X86_64\"?"));
	profile = (struct mp_seccomp_profile){ .default_action = MP_SECCOMP_ALLOW,
					       .flags = bad_flag,
					       .n_flags = 1 };
	assert_int_equal(mp_seccomp_compile(&profile, &program, NULL, &err), -EINVAL);
	profile = (struct mp_seccomp_profile){ .default_action = MP_SECCOMP_ALLOW,
					       .rules = &rule,
					       .n_rules = 1 };
	assert_int_equal(mp_seccomp_compile(&profile, &program, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "argument index 6"));
	assert_null(program);
	assert_int_equal(mp_seccomp_action_parse("SCMP_ACT_ALOW", &action, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "did you mean \"SCMP_ACT_ALLOW\"?"));
	assert_int_equal(mp_seccomp_action_parse("SCMP_ACT_NOTIFY", &action, &err), -ENOTSUP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_calls_are_allowed),
		cmocka_unit_test(dangerous_calls_are_denied),
		cmocka_unit_test(capabilities_open_what_they_are_for),
		cmocka_unit_test(clone_may_make_threads_but_no_namespaces),
		cmocka_unit_test(clone3_is_absent_so_that_libc_falls_back),
		cmocka_unit_test(calls_newer_than_the_list_are_absent),
		cmocka_unit_test(personality_and_sockets_are_judged_by_argument),
		cmocka_unit_test(another_architecture_is_killed),
#if defined(__x86_64__)
		cmocka_unit_test(both_other_abis_of_the_machine_are_judged_alike),
#endif
		cmocka_unit_test(precompiled_program_is_what_the_emitter_makes),
		cmocka_unit_test(profile_rules_become_answers),
		cmocka_unit_test(impossible_profiles_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
