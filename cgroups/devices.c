/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On hybrid hosts the BPF program is preferred to the v1 controller too: it needs no hierarchy of
 * its own, and one loaded program serves all containers of a supervisor.
 */
#include "cgroups/devices.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/node.h"
#include "runtime/base/auto.h"

static const struct mp_device_rule default_rules[] = {
	{ 'a', MP_DEVICE_ANY_NR, MP_DEVICE_ANY_NR, MP_DEVICE_MKNOD, true },
	{ 'c', 1, 3, MP_DEVICE_ALL, true },                  /* null */
	{ 'c', 1, 5, MP_DEVICE_ALL, true },                  /* zero */
	{ 'c', 1, 7, MP_DEVICE_ALL, true },                  /* full */
	{ 'c', 1, 8, MP_DEVICE_ALL, true },                  /* random */
	{ 'c', 1, 9, MP_DEVICE_ALL, true },                  /* urandom */
	{ 'c', 5, 0, MP_DEVICE_ALL, true },                  /* tty */
	{ 'c', 5, 2, MP_DEVICE_ALL, true },                  /* ptmx */
	{ 'c', 136, MP_DEVICE_ANY_NR, MP_DEVICE_ALL, true }, /* pts */
};

const struct mp_device_policy mp_device_policy_default = {
	.rules = default_rules,
	.n_rules = MP_ARRAY_SIZE(default_rules),
};

struct mp_device_program {
	int fd;                       /* owned; -EBADF: use the v1 controller */
	bool allows_all;              /* nothing is attached */
	struct mp_device_rule *rules; /* owned */
	size_t n_rules;
};

static bool is_nr(int64_t nr)
{
	return nr == MP_DEVICE_ANY_NR || (nr >= 0 && nr <= UINT32_MAX);
}

static bool is_rule(const struct mp_device_rule *rule)
{
	return (rule->type == 'a' || rule->type == 'b' || rule->type == 'c') &&
	       is_nr(rule->major) && is_nr(rule->minor) && rule->access &&
	       !(rule->access & ~MP_DEVICE_ALL);
}

const char *mp_device_line(const struct mp_device_rule *rule, char buf[MP_DEVICE_LINE_MAX])
{
	char major[24] = "*";
	char minor[24] = "*";

	if (rule->major != MP_DEVICE_ANY_NR)
		(void)snprintf(major, sizeof(major), "%" PRIu32, (uint32_t)rule->major);
	if (rule->minor != MP_DEVICE_ANY_NR)
		(void)snprintf(minor, sizeof(minor), "%" PRIu32, (uint32_t)rule->minor);
	(void)snprintf(buf, MP_DEVICE_LINE_MAX, "%c %.10s:%.10s %s%s%s", rule->type, major, minor,
		       rule->access & MP_DEVICE_READ ? "r" : "",
		       rule->access & MP_DEVICE_WRITE ? "w" : "",
		       rule->access & MP_DEVICE_MKNOD ? "m" : "");
	return buf;
}

/* ---- the BPF program ------------------------------------------------------------------------ */

enum {
	REG_RESULT = 0,
	REG_CTX = 1,
	REG_TYPE = 2,
	REG_ACCESS = 3,
	REG_MAJOR = 4,
	REG_MINOR = 5,
	REG_SCRATCH = 6
};

struct program {
	struct bpf_insn *at;
	size_t n; /* also counts what did not fit */
};

static void put(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (p->n < MP_DEVICE_INSNS_MAX)
		p->at[p->n] = (struct bpf_insn){ .code = code,
						 .dst_reg = (unsigned)dst & 15U,
						 .src_reg = (unsigned)src & 15U,
						 .off = off,
						 .imm = imm };
	p->n++;
}

static void put_load(struct program *p, uint8_t dst, size_t offset)
{
	put(p, BPF_LDX | BPF_MEM | BPF_W, dst, REG_CTX, (int16_t)offset, 0);
}

/* Where a jump leads that is not known yet: kept in its offset until finish() knows. */
enum { TO_DENY = -2, TO_ALLOW = -1 };

static void put_verdict(struct program *p, bool is_allowed)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, is_allowed);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* A test that leaves the group when the rule does not match; to be patched to its end. */
static void put_miss(struct program *p, size_t misses[3], size_t *n, uint8_t test, uint8_t reg,
		     uint32_t imm)
{
	misses[(*n)++] = p->n;
	put(p, (uint8_t)(BPF_JMP32 | test | BPF_K), reg, 0, 0, (int32_t)imm);
}

static bool is_same_group(const struct mp_device_rule *a, const struct mp_device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->access == b->access &&
	       a->is_allowed == b->is_allowed;
}

/*
 * Rules that differ in nothing but the minor number: one header, then one comparison each. The
 * kernel takes some 5 us for each instruction it loads, so this halves the price of the default
 * policy. Goes from @last backwards; returns how many rules it took.
 */
static size_t put_group(struct program *p, const struct mp_device_rule *last, size_t n_rules)
{
	int16_t verdict = last->is_allowed ? TO_ALLOW : TO_DENY;
	size_t misses[3];
	size_t n_misses = 0;
	size_t n = 0;

	if (last->type != 'a')
		put_miss(p, misses, &n_misses, BPF_JNE, REG_TYPE,
			 last->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (last->access != MP_DEVICE_ALL) {
		/* Allowed only if all that is asked for is in the rule; denied if any of it is. */
		unsigned mask = last->is_allowed ? ~last->access & MP_DEVICE_ALL : last->access;
		unsigned bits = (mask & MP_DEVICE_READ ? BPF_DEVCG_ACC_READ : 0U) |
				(mask & MP_DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0U) |
				(mask & MP_DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0U);

		put(p, BPF_ALU | BPF_MOV | BPF_X, REG_SCRATCH, REG_ACCESS, 0, 0);
		put(p, BPF_ALU | BPF_AND | BPF_K, REG_SCRATCH, 0, 0, (int32_t)bits);
		put_miss(p, misses, &n_misses, last->is_allowed ? BPF_JNE : BPF_JEQ, REG_SCRATCH,
			 0);
	}
	if (last->major != MP_DEVICE_ANY_NR)
		put_miss(p, misses, &n_misses, BPF_JNE, REG_MAJOR, (uint32_t)last->major);
	for (; n < n_rules && is_same_group(last, last - n); n++) {
		int64_t minor = (last - n)->minor;

		if (minor == MP_DEVICE_ANY_NR) {
			put(p, BPF_JMP | BPF_JA, 0, 0, verdict, 0);
			n++;
			break; /* the verifier refuses what nothing leads to */
		}
		put(p, BPF_JMP32 | BPF_JEQ | BPF_K, REG_MINOR, 0, verdict,
		    (int32_t)(uint32_t)minor);
	}
	for (size_t i = 0; i < n_misses && p->n <= MP_DEVICE_INSNS_MAX; i++)
		p->at[misses[i]].off = (int16_t)(p->n - misses[i] - 1);
	return n;
}

/* The end that is fallen into, the other one if anything jumps there, and all jumps resolved. */
static void finish(struct program *p, bool falls_into_allow)
{
	int16_t other = falls_into_allow ? TO_DENY : TO_ALLOW;
	size_t n = p->n;
	bool is_needed = false;

	put_verdict(p, falls_into_allow);
	for (size_t i = 0; i < n && p->n <= MP_DEVICE_INSNS_MAX; i++) {
		if (p->at[i].off >= 0)
			continue;
		is_needed = is_needed || p->at[i].off == other;
		p->at[i].off = (int16_t)((p->at[i].off == other ? n + 2 : n) - i - 1);
	}
	if (is_needed)
		put_verdict(p, !falls_into_allow);
}

static bool is_catch_all(const struct mp_device_rule *rule)
{
	return rule->type == 'a' && rule->major == MP_DEVICE_ANY_NR &&
	       rule->minor == MP_DEVICE_ANY_NR && rule->access == MP_DEVICE_ALL;
}

int mp_device_compile(const struct mp_device_policy *policy,
		      struct bpf_insn ret[MP_DEVICE_INSNS_MAX])
{
	struct program p = { .at = ret };
	size_t n_rules = policy->allows_all ? 0 : policy->n_rules;
	bool falls_into_allow = policy->allows_all;

	for (size_t i = 0; i < n_rules; i++) {
		if (!is_rule(&policy->rules[i]))
			return -EINVAL;
	}
	/* access_type is (access << 16) | type: linux/bpf.h. */
	put_load(&p, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	put(&p, BPF_ALU | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0, 0);
	put(&p, BPF_ALU | BPF_AND | BPF_K, REG_TYPE, 0, 0, 0xffff);
	put(&p, BPF_ALU | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, 16);
	put_load(&p, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	put_load(&p, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	for (size_t left = n_rules; left > 0;) {
		const struct mp_device_rule *last = &policy->rules[left - 1];

		if (is_catch_all(last)) {
			falls_into_allow = last->is_allowed;
			break;
		}
		left -= put_group(&p, last, left);
	}
	finish(&p, falls_into_allow);
	return p.n > MP_DEVICE_INSNS_MAX ? -E2BIG : (int)p.n;
}

static int bpf(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static int load_program(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr)); /* bpf(2): unused bytes must be zero */
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, "minipod_devices", sizeof("minipod_devices"));
	for (int i = 0;; i++) {
		int r = bpf(BPF_PROG_LOAD, &attr);

		if (r != -EAGAIN || i == 5) /* the verifier saw a signal: kernel 5.x */
			return r;
	}
}

static int attach_program(int prog_fd, int dir_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)dir_fd;
	attr.attach_bpf_fd = (uint32_t)prog_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI; /* with those of our parents: all have to agree */
	return bpf(BPF_PROG_ATTACH, &attr);
}

/* ---- the v1 controller ---------------------------------------------------------------------- */

static bool nr_overlaps(int64_t a, int64_t b)
{
	return a == MP_DEVICE_ANY_NR || b == MP_DEVICE_ANY_NR || a == b;
}

/*
 * v1 keeps a list of what is allowed; devices.deny takes an entry off it again but cannot carve a
 * hole into one. So each deny must name exactly what an earlier rule allowed, or nothing of it.
 */
static bool fits_v1(const struct mp_device_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; !rules[i].is_allowed && k < i; k++) {
			const struct mp_device_rule *a = &rules[k];
			const struct mp_device_rule *d = &rules[i];
			bool is_same =
				a->type == d->type && a->major == d->major && a->minor == d->minor;
			bool meets = (a->type == 'a' || d->type == 'a' || a->type == d->type) &&
				     nr_overlaps(a->major, d->major) &&
				     nr_overlaps(a->minor, d->minor) && (a->access & d->access);

			if (a->is_allowed && meets && !is_same)
				return false;
		}
	}
	return true;
}

static int write_v1_rule(int allow_fd, int deny_fd, const struct mp_device_rule *rule)
{
	static const char types[] = { 'b', 'c' };

	for (size_t i = 0; i < 2; i++) {
		struct mp_device_rule one = *rule;
		char line[MP_DEVICE_LINE_MAX];

		if (rule->type != 'a' && rule->type != types[i])
			continue;
		one.type =
			types[i]; /* a line that begins with 'a' means everything, whatever follows */

		const char *text = mp_device_line(&one, line);
		const ssize_t len = (ssize_t)strlen(text);

		if (write(rule->is_allowed ? allow_fd : deny_fd, text, (size_t)len) != len)
			return errno ? -errno : -EIO;
	}
	return 0;
}

static int set_v1(struct mp_cgroup *cg, const struct mp_device_program *program,
		  struct mp_error *err)
{
	int r = mp_node_add(cg, MP_BIT(MP_CGROUP_DEVICES), err);

	if (r < 0)
		return r;

	int fd = mp_node_dir(cg, MP_CGROUP_DEVICES);

	mp_auto_fd allow_fd = openat(fd, "devices.allow", O_WRONLY | O_CLOEXEC);
	mp_auto_fd deny_fd = openat(fd, "devices.deny", O_WRONLY | O_CLOEXEC);

	if (allow_fd < 0 || deny_fd < 0 || write(deny_fd, "a", 1) != 1)
		return mp_fail(err, errno, "deny all devices in cgroup %s", cg->path);
	for (size_t i = 0; i < program->n_rules; i++) {
		char line[MP_DEVICE_LINE_MAX];

		r = write_v1_rule(allow_fd, deny_fd, &program->rules[i]);
		if (r < 0)
			return mp_fail(err, -r, "%s device '%s' in cgroup %s",
				       program->rules[i].is_allowed ? "allow" : "deny",
				       mp_device_line(&program->rules[i], line), cg->path);
	}
	return 0;
}

/* ---- both ------------------------------------------------------------------------------------ */

/* Decide between BPF and the v1 controller, and prepare what the choice needs. */
static int prepare(struct mp_cgroup_host *host, const struct mp_device_policy *policy,
		   struct mp_device_program *program, struct mp_error *err)
{
	struct bpf_insn insns[MP_DEVICE_INSNS_MAX];
	int n = mp_device_compile(policy, insns);
	int r = -EOPNOTSUPP;

	if (n < 0)
		return mp_fail_text(err, -n,
				    n == -E2BIG ? "device policy: too many rules" :
						  "device policy: a rule without meaning");
	if (mp_cgroup_host_has(host, MP_CGROUP_UNIFIED)) {
		r = load_program(insns, (size_t)n);
		if (r >= 0) {
			program->fd = r;
			return 0;
		}
	}
	if (!mp_cgroup_host_has(host, MP_CGROUP_DEVICES)) {
		(void)mp_fail(err, -r, "load the device program into the kernel");
		return mp_wrap(err, -EOPNOTSUPP,
			       "device access cannot be limited here (it needs CAP_SYS_ADMIN or "
			       "CAP_BPF with CAP_NET_ADMIN, and CONFIG_CGROUP_BPF)");
	}
	if (!fits_v1(policy->rules, policy->n_rules))
		return mp_fail_text(err, EOPNOTSUPP,
				    "device policy: the v1 controller cannot deny a part of what "
				    "another rule allows");
	program->rules = calloc(policy->n_rules ? policy->n_rules : 1, sizeof(*program->rules));
	if (!program->rules)
		return mp_fail(err, ENOMEM, "device policy");
	if (policy->n_rules)
		memcpy(program->rules, policy->rules, policy->n_rules * sizeof(*program->rules));
	program->n_rules = policy->n_rules;
	return 0;
}

int mp_device_program_load(struct mp_cgroup_host *host, const struct mp_device_policy *policy,
			   struct mp_device_program **ret, struct mp_error *err)
{
	struct mp_device_program *program = calloc(1, sizeof(*program));
	int r = 0;

	if (!program)
		return mp_fail(err, ENOMEM, "device policy");
	program->fd = -EBADF;
	program->allows_all = policy->allows_all;
	if (!policy->allows_all)
		r = prepare(host, policy, program, err);
	if (r < 0) {
		mp_device_program_free(program);
		return r;
	}
	*ret = program;
	return 0;
}

void mp_device_program_free(struct mp_device_program *program)
{
	if (!program)
		return;
	mp_closep(&program->fd);
	free(program->rules);
	free(program);
}

int mp_cgroup_set_devices(struct mp_cgroup *cg, const struct mp_device_program *program,
			  struct mp_error *err)
{
	if (program->allows_all)
		return 0;
	if (program->fd < 0)
		return set_v1(cg, program, err);

	int r = attach_program(program->fd, mp_node_dir(cg, MP_CGROUP_UNIFIED));

	return r < 0 ? mp_fail(err, -r, "attach the device program to cgroup %s", cg->path) : 0;
}
