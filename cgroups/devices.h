/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which device nodes a container may open or make. On v2 and hybrid a BPF program on the
 * container's v2 cgroup decides; on pure v1 the devices controller does.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgroups/tree.h"
#include "runtime/base/error.h"

#define MP_DEVICE_READ   1U
#define MP_DEVICE_WRITE  2U
#define MP_DEVICE_MKNOD  4U
#define MP_DEVICE_ALL    7U
#define MP_DEVICE_ANY_NR (-1) /* every major or minor number */

/** struct mp_device_rule - the last rule that matches decides. */
struct mp_device_rule {
	char type;       /* 'c', 'b', or 'a' for both */
	int64_t major;   /* or MP_DEVICE_ANY_NR */
	int64_t minor;   /* or MP_DEVICE_ANY_NR */
	unsigned access; /* MP_DEVICE_* bits: an allow covers these, a deny hits any of these */
	bool is_allowed;
};

/** struct mp_device_policy - rules over "deny everything", or no policy at all. */
struct mp_device_policy {
	bool allows_all; /* privileged: rules are ignored */
	const struct mp_device_rule *rules;
	size_t n_rules;
};

/**
 * mp_device_policy_default - what every container may use: null, zero, full, random, urandom, tty,
 * ptmx, pts and mknod of anything, as the OCI runtimes do.
 */
extern const struct mp_device_policy mp_device_policy_default;

/** struct mp_device_program - a policy loaded once and attached to many containers. */
struct mp_device_program;

/**
 * mp_device_program_load() - prepare @policy for this host: verified by the kernel on v2 and hybrid,
 * kept as text on pure v1.
 *
 * Return: 0; -EINVAL for a rule that means nothing; -EOPNOTSUPP when this kernel or our privileges
 * do not allow device control (err says which); or -errno.
 */
int mp_device_program_load(struct mp_cgroup_host *host, const struct mp_device_policy *policy,
			   struct mp_device_program **ret, struct mp_error *err);

/** mp_device_program_free() - containers that have it keep it. NULL is fine. */
void mp_device_program_free(struct mp_device_program *program);

/**
 * mp_cgroup_set_devices() - put @cg under @program. Before mp_cgroup_get_join(): on v1 this adds a
 * hierarchy. It ends with the cgroup.
 */
int mp_cgroup_set_devices(struct mp_cgroup *cg, const struct mp_device_program *program,
			  struct mp_error *err);

#define MP_DEVICE_INSNS_MAX 512

/**
 * mp_device_compile() - the policy as a BPF_PROG_TYPE_CGROUP_DEVICE program. Pure.
 * @ret: room for MP_DEVICE_INSNS_MAX instructions.
 *
 * Return: number of instructions; -EINVAL for a bad rule; -E2BIG for too many.
 * Source: bpf(2), struct bpf_cgroup_dev_ctx in linux/bpf.h.
 */
int mp_device_compile(const struct mp_device_policy *policy,
		      struct bpf_insn ret[MP_DEVICE_INSNS_MAX]);

#define MP_DEVICE_LINE_MAX 48

/** mp_device_line() - "c 1:3 rwm" as devices.allow and devices.deny take it. Returns @buf. Pure. */
const char *mp_device_line(const struct mp_device_rule *rule, char buf[MP_DEVICE_LINE_MAX]);
