/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's cost of a filter follows its length (it is translated) and its depth (every system
 * call number is tried out once to find those that are always allowed): so ranges instead of
 * numbers, a balanced tree instead of a list, and one `ret` for all leaves with the same answer.
 *
 * Jumps only go forward, so the program is built from its end: the distance to a target that
 * exists already is known when the jump is made.
 */
#include "namespaces/seccomp_emit.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#define BIT(c)        (UINT64_C(1) << (c))
#define X32_BIT       0x40000000U
#define X32_FIRST     512U
#define MAIN_NR_LIMIT 4096U /* 32-bit ARM has a few private calls far above its list */
#define JUMP_MAX      255U
#define VSOCK_FAMILY  40U

#define NEW_NAMESPACES                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)

enum answer {
	ANSWER_ALLOW,
	ANSWER_EPERM,
	ANSWER_ENOSYS,
	ANSWER_CLONE,
	ANSWER_PERSONALITY,
	ANSWER_SOCKET,
	N_ANSWERS
};

#define RANGES_MAX 512
#define NO_LABEL   UINT32_MAX

struct range {
	uint32_t start; /* up to the next one's */
	enum answer answer;
};

/* The program backwards: insns[0] is the last. A label is an index into it. */
struct builder {
	struct sock_filter *insns;
	uint32_t n;
	bool is_full;
	uint32_t labels[N_ANSWERS];
	struct range ranges[RANGES_MAX];
	size_t n_ranges;
};

struct class_caps {
	enum mp_sc_class sc_class;
	uint64_t any_of;
};

static const struct class_caps class_caps[] = {
	{ MP_SC_SYS_ADMIN, BIT(CAP_SYS_ADMIN) },
	{ MP_SC_BPF, BIT(CAP_SYS_ADMIN) | BIT(CAP_BPF) },
	{ MP_SC_PERFMON, BIT(CAP_SYS_ADMIN) | BIT(CAP_PERFMON) },
	{ MP_SC_SYSLOG, BIT(CAP_SYS_ADMIN) | BIT(CAP_SYSLOG) },
	{ MP_SC_DAC_READ_SEARCH, BIT(CAP_DAC_READ_SEARCH) },
	{ MP_SC_SYS_BOOT, BIT(CAP_SYS_BOOT) },
	{ MP_SC_SYS_CHROOT, BIT(CAP_SYS_CHROOT) },
	{ MP_SC_SYS_MODULE, BIT(CAP_SYS_MODULE) },
	{ MP_SC_SYS_NICE, BIT(CAP_SYS_NICE) },
	{ MP_SC_SYS_PACCT, BIT(CAP_SYS_PACCT) },
	{ MP_SC_SYS_PTRACE, BIT(CAP_SYS_PTRACE) },
	{ MP_SC_SYS_RAWIO, BIT(CAP_SYS_RAWIO) },
	{ MP_SC_SYS_TIME, BIT(CAP_SYS_TIME) },
	{ MP_SC_SYS_TTY_CONFIG, BIT(CAP_SYS_TTY_CONFIG) },
};

uint64_t mp_sc_caps_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(class_caps) / sizeof(class_caps[0]); i++)
		mask |= class_caps[i].any_of;
	return mask;
}

static enum answer answer_of(uint32_t sc_class, uint64_t caps)
{
	const bool is_admin = (caps & BIT(CAP_SYS_ADMIN)) != 0;

	switch (sc_class) {
	case MP_SC_ALWAYS:
		return ANSWER_ALLOW;
	case MP_SC_CLONE:
		return is_admin ? ANSWER_ALLOW : ANSWER_CLONE;
	case MP_SC_CLONE3:
		return is_admin ? ANSWER_ALLOW : ANSWER_ENOSYS;
	case MP_SC_PERSONALITY:
		return ANSWER_PERSONALITY;
	case MP_SC_SOCKET:
		return ANSWER_SOCKET;
	}
	for (size_t i = 0; i < sizeof(class_caps) / sizeof(class_caps[0]); i++)
		if (class_caps[i].sc_class == sc_class && (class_caps[i].any_of & caps))
			return ANSWER_ALLOW;
	return ANSWER_EPERM;
}

static void add_range(struct builder *b, uint32_t start, enum answer answer)
{
	if (b->n_ranges > 0 && b->ranges[b->n_ranges - 1].start == start)
		b->n_ranges--; /* a gap of no length */
	if (b->n_ranges > 0 && b->ranges[b->n_ranges - 1].answer == answer)
		return;
	if (b->n_ranges == RANGES_MAX) {
		b->is_full = true;
		return;
	}
	b->ranges[b->n_ranges++] = (struct range){ start, answer };
}

/* @table as ranges that cover every number from 0 on. */
static void make_ranges(struct builder *b, const struct mp_sc_table *table, uint64_t caps)
{
	uint32_t newest = 0;

	b->n_ranges = 0;
	for (size_t i = 0; i < table->n_entries; i++)
		if (table->entries[i].nr < MAIN_NR_LIMIT)
			newest = table->entries[i].nr;
	add_range(b, 0, ANSWER_EPERM);
	for (size_t i = 0; i < table->n_entries; i++) {
		const uint32_t nr = table->entries[i].nr;

		add_range(b, nr, answer_of(table->entries[i].sc_class, caps));
		add_range(b, nr + 1, nr >= newest ? ANSWER_ENOSYS : ANSWER_EPERM);
	}
}

static uint32_t put(struct builder *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (b->n >= MP_SC_PROGRAM_MAX) {
		b->is_full = true;
		return 0;
	}
	b->insns[b->n] = (struct sock_filter){ code, jt, jf, k };
	return b->n++;
}

static uint32_t put_ret(struct builder *b, uint32_t value)
{
	return put(b, BPF_RET | BPF_K, 0, 0, value);
}

/* How far the next instruction put has to jump to get to @label. */
static uint32_t distance(const struct builder *b, uint32_t label)
{
	return b->n - label - 1;
}

/* A label within reach of a conditional jump put after @more further instructions. */
static uint32_t near_label(struct builder *b, uint32_t label, uint32_t more)
{
	if (distance(b, label) + more <= JUMP_MAX)
		return label;
	return put(b, BPF_JMP | BPF_JA, 0, 0, distance(b, label));
}

static uint32_t put_test(struct builder *b, uint16_t test, uint32_t k, uint32_t yes, uint32_t no)
{
	uint32_t near_yes = near_label(b, yes, 1);
	uint32_t near_no = near_label(b, no, 0);

	return put(b, BPF_JMP | BPF_K | test, (uint8_t)distance(b, near_yes),
		   (uint8_t)distance(b, near_no), k);
}

static uint32_t put_load(struct builder *b, uint32_t offset)
{
	return put(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

/* The low half of the first argument; both machines are little endian. */
static uint32_t put_load_arg(struct builder *b)
{
	return put_load(b, (uint32_t)offsetof(struct seccomp_data, args));
}

static uint32_t put_personality(struct builder *b, uint32_t allow, uint32_t deny)
{
	/* PER_LINUX, PER_LINUX32, each also with UNAME26, and the question which it is. */
	static const uint32_t values[] = { 0x0, 0x8, 0x20000, 0x20008, 0xffffffff };
	uint32_t next = deny;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		next = put_test(b, BPF_JEQ, values[i], allow, next);
	return put_load_arg(b);
}

/* Where to go for @answer; made on first use in this section of the program. */
static uint32_t label_of(struct builder *b, enum answer answer)
{
	uint32_t allow;
	uint32_t deny;

	if (b->labels[answer] != NO_LABEL)
		return b->labels[answer];
	switch (answer) {
	case ANSWER_ALLOW:
		b->labels[answer] = put_ret(b, SECCOMP_RET_ALLOW);
		break;
	case ANSWER_EPERM:
		b->labels[answer] = put_ret(b, SECCOMP_RET_ERRNO | EPERM);
		break;
	case ANSWER_ENOSYS:
		b->labels[answer] = put_ret(b, SECCOMP_RET_ERRNO | ENOSYS);
		break;
	case ANSWER_CLONE:
	case ANSWER_PERSONALITY:
	case ANSWER_SOCKET:
		allow = label_of(b, ANSWER_ALLOW);
		deny = label_of(b, ANSWER_EPERM);
		if (answer == ANSWER_PERSONALITY) {
			b->labels[answer] = put_personality(b, allow, deny);
			break;
		}
		if (answer == ANSWER_CLONE)
			(void)put_test(b, BPF_JSET, NEW_NAMESPACES, deny, allow);
		else
			(void)put_test(b, BPF_JEQ, VSOCK_FAMILY, deny, allow);
		b->labels[answer] = put_load_arg(b);
		break;
	case N_ANSWERS:
		break;
	}
	return b->labels[answer];
}

/* The tree over ranges[first..last]; the number is in the accumulator. */
static uint32_t put_tree(struct builder *b, size_t first, size_t last)
{
	size_t middle = first + (last - first + 1) / 2;
	uint32_t above;
	uint32_t below;

	if (first == last)
		return label_of(b, b->ranges[first].answer);
	above = put_tree(b, middle, last);
	below = put_tree(b, first, middle - 1);
	return put_test(b, BPF_JGE, b->ranges[middle].start, above, below);
}

static void forget_labels(struct builder *b)
{
	for (size_t i = 0; i < N_ANSWERS; i++)
		b->labels[i] = NO_LABEL;
}

/* The tree of one table, behind fresh labels, so that they are near. Return: its first label. */
static uint32_t put_table(struct builder *b, const struct mp_sc_table *table, uint64_t caps)
{
	make_ranges(b, table, caps);
	forget_labels(b);
	/* The leaves before the tree, or the first to ask would put them into its middle. */
	for (size_t i = 0; i < b->n_ranges; i++)
		(void)label_of(b, b->ranges[i].answer);
	return put_tree(b, 0, b->n_ranges - 1);
}

size_t mp_sc_emit(const struct mp_sc_tables *tables, uint64_t caps, struct sock_filter *program)
{
	struct builder b = { .insns = program };
	uint32_t native;
	uint32_t compat;
	uint32_t kill;

	(void)put_table(&b, &tables->compat, caps);
	compat = put_load(&b, (uint32_t)offsetof(struct seccomp_data, nr));
	native = put_table(&b, &tables->native, caps);
	if (tables->x32.n_entries > 0) {
		uint32_t x32 = put_table(&b, &tables->x32, caps);

		(void)put_test(&b, BPF_JGE, X32_FIRST, x32, native);
		x32 = put(&b, BPF_ALU | BPF_AND | BPF_K, 0, 0, ~X32_BIT);
		(void)put_test(&b, BPF_JGE, X32_BIT, x32, native);
	}
	native = put_load(&b, (uint32_t)offsetof(struct seccomp_data, nr));
	kill = put_ret(&b, SECCOMP_RET_KILL_PROCESS);
	compat = put_test(&b, BPF_JEQ, tables->compat.audit_arch, compat, kill);
	(void)put_test(&b, BPF_JEQ, tables->native.audit_arch, native, compat);
	(void)put_load(&b, (uint32_t)offsetof(struct seccomp_data, arch));
	if (b.is_full)
		return 0;
	for (uint32_t i = 0; i < b.n / 2; i++) {
		struct sock_filter swap = program[i];

		program[i] = program[b.n - 1 - i];
		program[b.n - 1 - i] = swap;
	}
	return b.n;
}
