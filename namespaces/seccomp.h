/* SPDX-License-Identifier: Apache-2.0 */
/* System call filters: the built-in default, and OCI profiles compiled with libseccomp. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"

/** struct mp_seccomp_program - a finished program, as seccomp(2) takes it. */
struct mp_seccomp_program {
	const struct sock_filter *insns; /* of whoever made the program */
	unsigned short n_insns;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
};

/** enum mp_seccomp_action - the OCI profile's SCMP_ACT_*. */
enum mp_seccomp_action {
	MP_SECCOMP_KILL_THREAD,  /* SCMP_ACT_KILL, SCMP_ACT_KILL_THREAD */
	MP_SECCOMP_KILL_PROCESS, /* SCMP_ACT_KILL_PROCESS */
	MP_SECCOMP_TRAP,         /* SCMP_ACT_TRAP */
	MP_SECCOMP_ERRNO,        /* SCMP_ACT_ERRNO */
	MP_SECCOMP_TRACE,        /* SCMP_ACT_TRACE */
	MP_SECCOMP_LOG,          /* SCMP_ACT_LOG */
	MP_SECCOMP_ALLOW,        /* SCMP_ACT_ALLOW */
};

/** enum mp_seccomp_op - the OCI profile's SCMP_CMP_*. */
enum mp_seccomp_op {
	MP_SECCOMP_NE,
	MP_SECCOMP_LT,
	MP_SECCOMP_LE,
	MP_SECCOMP_EQ,
	MP_SECCOMP_GE,
	MP_SECCOMP_GT,
	MP_SECCOMP_MASKED_EQ, /* (arg & value) == value_two */
};

/** struct mp_seccomp_arg - one condition on one argument. */
struct mp_seccomp_arg {
	unsigned int index; /* 0..5 */
	enum mp_seccomp_op op;
	uint64_t value;
	uint64_t value_two;
};

/** struct mp_seccomp_rule - an entry of "syscalls": every name gets @action if all args match. */
struct mp_seccomp_rule {
	const char *const *names; /* unknown ones are skipped, as runc and crun do */
	size_t n_names;
	enum mp_seccomp_action action;
	bool has_errno;
	uint32_t errno_ret; /* for ERRNO (default EPERM) and TRACE (default 0) */
	const struct mp_seccomp_arg *args;
	size_t n_args;
};

/** struct mp_seccomp_profile - an OCI "linux.seccomp" object. Everything is borrowed. */
struct mp_seccomp_profile {
	enum mp_seccomp_action default_action;
	bool has_default_errno;
	uint32_t default_errno_ret;
	const char *const *architectures; /* "SCMP_ARCH_X86_64"; none: the native one */
	size_t n_architectures;
	const char *const *flags; /* "SECCOMP_FILTER_FLAG_LOG" and so on */
	size_t n_flags;
	const struct mp_seccomp_rule *rules;
	size_t n_rules;
};

/** mp_seccomp_action_parse() - "SCMP_ACT_ERRNO" to its value; -EINVAL with "did you mean". */
int mp_seccomp_action_parse(const char *name, enum mp_seccomp_action *ret, struct mp_error *err);

/** mp_seccomp_op_parse() - "SCMP_CMP_MASKED_EQ" to its value; -EINVAL with "did you mean". */
int mp_seccomp_op_parse(const char *name, enum mp_seccomp_op *ret, struct mp_error *err);

/**
 * mp_seccomp_compile() - an OCI profile to a program.
 * @ret:        heap, released with mp_seccomp_program_free().
 * @ret_n_skipped: number of names this libseccomp does not know on any architecture; may be NULL.
 *
 * Parent side, milliseconds: compile once per pod, not once per container start.
 *
 * Return: 0; -EINVAL for an impossible profile (unknown architecture or flag, argument index),
 * -ENOMEM; -ENOTSUP when the profile asks for SCMP_ACT_NOTIFY's listener.
 */
int mp_seccomp_compile(const struct mp_seccomp_profile *profile, struct mp_seccomp_program **ret,
		       size_t *ret_n_skipped, struct mp_error *err);

/** mp_seccomp_is_known() - this libseccomp knows a system call of that name, on some architecture. */
bool mp_seccomp_is_known(const char *name);

/** mp_seccomp_library_version() - of libseccomp: programs it made before may differ. */
uint32_t mp_seccomp_library_version(void);

/**
 * mp_seccomp_default() - the RuntimeDefault profile for a process with capabilities @caps.
 * @ret: heap (the program for mp_caps_default() is precompiled and only referenced), released with
 *       mp_seccomp_program_free().
 *
 * Deny by default with EPERM; system calls newer than the list, and clone3, say ENOSYS, so that
 * libraries fall back. Microseconds, no libseccomp.
 *
 * Return: 0 or -ENOMEM.
 */
int mp_seccomp_default(uint64_t caps, struct mp_seccomp_program **ret, struct mp_error *err);

/** mp_seccomp_program_free() - NULL allowed. */
void mp_seccomp_program_free(struct mp_seccomp_program *program);
