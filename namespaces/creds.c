/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that sees libcap. It knows names; numbers it does not know print as cap_<n>. */
#include "namespaces/creds.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define BIT(c) (UINT64_C(1) << (c))

/* Long enough for "checkpoint_restore" and what capabilities may still be called. */
#define NAME_MAX_BYTES 64

uint64_t mp_caps_default(void)
{
	return BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) | BIT(CAP_FOWNER) |
	       BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) | BIT(CAP_SETGID) | BIT(CAP_SETUID) |
	       BIT(CAP_SETFCAP) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) |
	       BIT(CAP_SYS_CHROOT) | BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);
}

/* libcap has asked the kernel for the last one already. */
uint64_t mp_caps_known(void)
{
	const cap_value_t n = cap_max_bits();

	return n < 64 ? BIT(n) - 1 : ~UINT64_C(0);
}

uint64_t mp_caps_available(void)
{
	const uint64_t known = mp_caps_known();
	uint64_t available = 0;

	for (unsigned long cap = 0; cap < 64 && (known & BIT(cap)); cap++)
		if (prctl(PR_CAPBSET_READ, cap) == 1)
			available |= BIT(cap);
	return available;
}

char *mp_cap_name(unsigned int cap, char buf[32])
{
	char *name = cap_to_name((cap_value_t)cap);
	const char *text = name && strncasecmp(name, "cap_", 4) == 0 ? name + 4 : name;
	size_t i = 0;

	if (text)
		for (; text[i] != '\0' && i < 31; i++)
			buf[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' :
									   text[i]);
	buf[i] = '\0';
	if (i == 0 || (buf[0] >= '0' && buf[0] <= '9'))
		(void)snprintf(buf, 32, "CAP_%u", cap);
	if (name)
		(void)cap_free(name);
	return buf;
}

static int unknown_cap(const char *name, struct mp_error *err)
{
	const bool has_prefix = strncasecmp(name, "CAP_", 4) == 0;
	char texts[64][32];
	const char *names[64 + 1];
	char upper[NAME_MAX_BYTES];
	unsigned int max = (unsigned int)cap_max_bits();
	const char *near;
	size_t n = 0;

	(void)snprintf(upper, sizeof(upper), "%s", has_prefix ? name + 4 : name);
	for (size_t i = 0; upper[i] != '\0'; i++)
		if (upper[i] >= 'a' && upper[i] <= 'z')
			upper[i] = (char)(upper[i] - 'a' + 'A');
	for (unsigned int cap = 0; cap < max && cap < 64; cap++)
		names[n++] = mp_cap_name(cap, texts[cap]);
	names[n++] = "ALL";
	near = mp_closest(upper, names, n);
	if (near)
		return mp_fail_text(err, EINVAL, "unknown capability \"%s\", did you mean \"%s\"?",
				    name, near);
	return mp_fail_text(err, EINVAL, "unknown capability \"%s\"", name);
}

int mp_cap_parse(const char *name, unsigned int *ret_cap, struct mp_error *err)
{
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;
	char full[NAME_MAX_BYTES];
	cap_value_t cap;
	int n;

	/* libcap also takes numbers and longer words that begin with a name: neither is a name. */
	if (bare[0] == '\0' ||
	    strspn(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") != strlen(bare))
		return unknown_cap(name, err);
	n = snprintf(full, sizeof(full), "cap_%s", bare);
	if (n < 0 || (size_t)n >= sizeof(full) || cap_from_name(full, &cap) < 0 || cap < 0 ||
	    cap >= 64)
		return unknown_cap(name, err);
	*ret_cap = (unsigned int)cap;
	return 0;
}

static bool is_all(const char *name)
{
	return strcasecmp(name, "ALL") == 0 || strcasecmp(name, "CAP_ALL") == 0;
}

/* The named bits but for ALL, which is only noted. */
static int parse_list(const char *const *names, size_t n, bool *ret_all, uint64_t *ret,
		      struct mp_error *err)
{
	uint64_t caps = 0;
	bool all = false;

	for (size_t i = 0; i < n; i++) {
		unsigned int cap = 0;
		int r;

		if (is_all(names[i])) {
			all = true;
			continue;
		}
		r = mp_cap_parse(names[i], &cap, err);
		if (r < 0)
			return r;
		caps |= BIT(cap);
	}
	*ret_all = all;
	*ret = caps;
	return 0;
}

int mp_caps_merge(uint64_t base, const char *const *add, size_t n_add, const char *const *drop,
		  size_t n_drop, uint64_t known, uint64_t *ret, struct mp_error *err)
{
	uint64_t added;
	uint64_t dropped;
	uint64_t caps = base;
	bool is_add_all;
	bool is_drop_all;
	int r;

	r = parse_list(add, n_add, &is_add_all, &added, err);
	if (r < 0)
		return r;
	r = parse_list(drop, n_drop, &is_drop_all, &dropped, err);
	if (r < 0)
		return r;
	if (is_add_all)
		caps = known;
	if (is_drop_all)
		caps = 0;
	*ret = (caps | added) & ~dropped & known;
	return 0;
}

struct mp_cap_sets mp_caps_sets(uint64_t caps, uint64_t available)
{
	const uint64_t have = caps & available;

	return (struct mp_cap_sets){ .bounding = have, .permitted = have, .effective = have };
}

int mp_creds_act_as(uid_t id, struct mp_error *err)
{
	cap_flag_value_t has;
	cap_t caps;
	int r = 0;

	(void)setfsgid(id);
	(void)setfsuid(id);
	/* The capabilities on files went with our id: take them back. */
	caps = cap_get_proc();
	if (!caps)
		return mp_fail(err, errno, "read our capabilities");
	for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
		if (cap_get_flag(caps, c, CAP_PERMITTED, &has) == 0 && has == CAP_SET)
			(void)cap_set_flag(caps, CAP_EFFECTIVE, 1, &c, CAP_SET);
	if (cap_set_proc(caps) < 0)
		r = mp_fail(err, errno, "set our capabilities");
	(void)cap_free(caps);
	return r;
}
