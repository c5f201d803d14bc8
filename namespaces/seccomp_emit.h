/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a table of system call numbers to a filter program. Used while we build, for the usual
 * capabilities, and at run time for any others; no libseccomp either way.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/** enum mp_sc_class - on what it depends whether a system call is allowed. */
enum mp_sc_class {
	MP_SC_ALWAYS,
	MP_SC_CLONE,       /* new namespaces only with CAP_SYS_ADMIN */
	MP_SC_CLONE3,      /* "not there" without CAP_SYS_ADMIN: its flags are behind a pointer */
	MP_SC_PERSONALITY, /* only what a program may want: no READ_IMPLIES_EXEC, no wider layout */
	MP_SC_SOCKET,      /* not AF_VSOCK: that reaches the host of a virtual machine */
	MP_SC_SYS_ADMIN,
	MP_SC_BPF,
	MP_SC_PERFMON,
	MP_SC_SYSLOG,
	MP_SC_DAC_READ_SEARCH,
	MP_SC_SYS_BOOT,
	MP_SC_SYS_CHROOT,
	MP_SC_SYS_MODULE,
	MP_SC_SYS_NICE,
	MP_SC_SYS_PACCT,
	MP_SC_SYS_PTRACE,
	MP_SC_SYS_RAWIO,
	MP_SC_SYS_TIME,
	MP_SC_SYS_TTY_CONFIG,
};

/** struct mp_sc_entry - one system call of one architecture. */
struct mp_sc_entry {
	uint32_t nr;
	uint32_t sc_class; /* enum mp_sc_class */
};

/** struct mp_sc_table - the system calls of one architecture, sorted by number. */
struct mp_sc_table {
	uint32_t audit_arch; /* AUDIT_ARCH_* */
	const struct mp_sc_entry *entries;
	size_t n_entries;
};

/** struct mp_sc_tables - all that one machine runs. */
struct mp_sc_tables {
	struct mp_sc_table native;
	struct mp_sc_table compat;
	/* x32's own numbers (512 and above) without its marker bit; the others are the native ones. */
	struct mp_sc_table x32; /* no entries: the machine has no such thing */
};

#define MP_SC_PROGRAM_MAX 1024 /* instructions; the whole default profile needs about 200 */

/**
 * mp_sc_caps_mask() - the capabilities that make any difference to the default profile.
 */
uint64_t mp_sc_caps_mask(void);

/**
 * mp_sc_emit() - a program that allows what @caps allow.
 * @program: MP_SC_PROGRAM_MAX instructions of room.
 *
 * Numbers are tested by ranges in a binary tree. What is not in the table is EPERM; what is newer
 * than everything in it ENOSYS; another architecture kills.
 *
 * Return: the number of instructions; 0 when they do not fit.
 */
size_t mp_sc_emit(const struct mp_sc_tables *tables, uint64_t caps, struct sock_filter *program);
