/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces of a process: their kinds, names and inode numbers. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

#define MP_NS_KINDS 8

/** struct mp_ns_kind - one kind of namespace. */
struct mp_ns_kind {
	const char *name; /* as in /proc/<pid>/ns: "net" */
	uint64_t flag;    /* CLONE_NEWNET */
};

/** mp_ns_kinds - all of them: cgroup ipc mnt net pid time user uts. */
extern const struct mp_ns_kind mp_ns_kinds[MP_NS_KINDS];

/** struct mp_ns_ids - inode numbers in the order of mp_ns_kinds; 0: the kernel lacks the kind. */
struct mp_ns_ids {
	uint64_t ids[MP_NS_KINDS];
};

/** mp_ns_ids_read() - the namespaces of @pid (0: own); check the pidfd afterwards if it may end. */
int mp_ns_ids_read(pid_t pid, struct mp_ns_ids *ret, struct mp_error *err);

/** mp_ns_open() - one namespace of @pid (0: own) as an fd; owned by the caller, CLOEXEC. */
int mp_ns_open(pid_t pid, uint64_t flag, int *ret_fd, struct mp_error *err);
