/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: names to 64-bit words in the parent, words to the kernel in the child. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

/** struct mp_cap_sets - the five sets; bit n is capability n of capabilities(7). */
struct mp_cap_sets {
	uint64_t bounding;
	uint64_t permitted;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t ambient;
};

/**
 * mp_caps_default() - what a container has when nothing is said: CHOWN DAC_OVERRIDE FSETID FOWNER
 * MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE.
 */
uint64_t mp_caps_default(void);

/** mp_caps_known() - every capability of the running kernel. */
uint64_t mp_caps_known(void);

/** mp_caps_available() - those of them that this process may pass on: its own bounding set. */
uint64_t mp_caps_available(void);

/**
 * mp_cap_parse() - "NET_ADMIN", "CAP_NET_ADMIN", "net_admin" to its number.
 *
 * Return: 0; -EINVAL with "unknown capability "X", did you mean "Y"?".
 */
int mp_cap_parse(const char *name, unsigned int *ret_cap, struct mp_error *err);

/** mp_cap_name() - "NET_ADMIN", without the prefix. @buf: 32 bytes. Return: @buf. */
char *mp_cap_name(unsigned int cap, char buf[32]);

/**
 * mp_caps_merge() - apply a container's add and drop lists to @base.
 * @add, @drop: borrowed names; "ALL" (any case) is allowed in both.
 * @known:      what "ALL" stands for: mp_caps_known(), or a fixed set in tests.
 *
 * Order: add ALL, then drop ALL, then the other adds, then the other drops.
 *
 * Return: 0, or -EINVAL for an unknown name. Source: pod-semantics reference 9.6.
 */
int mp_caps_merge(uint64_t base, const char *const *add, size_t n_add, const char *const *drop,
		  size_t n_drop, uint64_t known, uint64_t *ret, struct mp_error *err);

/**
 * mp_caps_sets() - the five sets of a container with @caps: bounding, permitted and effective hold
 * them, inheritable and ambient are empty. Bits that this process lacks (@available) are left out.
 */
struct mp_cap_sets mp_caps_sets(uint64_t caps, uint64_t available);

/**
 * mp_creds_act_as() - on files, be user and group @id of the host, with every capability we may have.
 *
 * For files in a user namespace whose root is @id: its mounts cannot even express our own id.
 * Return: 0 or -errno. Source: setfsuid(2), capabilities(7).
 */
int mp_creds_act_as(uid_t id, struct mp_error *err);
