/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF programs are run by an interpreter of the dozen instructions they consist of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "cgroups/devices.h"

static bool test(uint8_t op, uint32_t a, uint32_t b)
{
	if (op == BPF_JEQ)
		return a == b;
	if (op == BPF_JNE)
		return a != b;
	fail_msg("jump %#x is not known here", op);
	return false;
}

static uint64_t alu(uint8_t op, uint64_t a, uint64_t b)
{
	if (op == BPF_MOV)
		return b;
	if (op == BPF_AND)
		return a & b;
	if (op == BPF_RSH)
		return a >> b;
	fail_msg("operation %#x is not known here", op);
	return 0;
}

/* What the program answers. */
static bool run(const struct bpf_insn *insns, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint64_t reg[11] = { 0 };

	for (size_t at = 0; at < n; at++) {
		const struct bpf_insn *in = &insns[at];
		uint64_t operand =
			BPF_SRC(in->code) == BPF_X ? reg[in->src_reg] : (uint64_t)(uint32_t)in->imm;

		switch (BPF_CLASS(in->code)) {
		case BPF_LDX: {
			uint32_t word;

			assert_in_range(in->off, 0, sizeof(*ctx) - sizeof(word));
			memcpy(&word, (const char *)ctx + in->off, sizeof(word));
			reg[in->dst_reg] = word;
			break;
		}
		case BPF_ALU:
		case BPF_ALU64:
			reg[in->dst_reg] =
				(uint32_t)alu(BPF_OP(in->code), reg[in->dst_reg], operand);
			break;
		case BPF_JMP:
			if (BPF_OP(in->code) == BPF_EXIT)
				return reg[0] == 1;
			assert_int_equal(BPF_OP(in->code), BPF_JA);
			assert_true(in->off >= 0);
			at += (size_t)in->off;
			break;
		case BPF_JMP32:
			assert_true(in->off >= 0); /* forward only: it always ends */
			if (test(BPF_OP(in->code), (uint32_t)reg[in->dst_reg], (uint32_t)operand))
				at += (size_t)in->off;
			break;
		default:
			fail_msg("instruction %#x is not known here", in->code);
		}
	}
	fail_msg("the program runs over its end");
	return false;
}

/* The policy in plain words. */
static bool expected(const struct mp_device_policy *policy, char type, unsigned access,
		     int64_t major, int64_t minor)
{
	bool is_allowed = policy->allows_all;

	for (size_t i = 0; !policy->allows_all && i < policy->n_rules; i++) {
		const struct mp_device_rule *r = &policy->rules[i];

		if ((r->type != 'a' && r->type != type) ||
		    (r->major != MP_DEVICE_ANY_NR && r->major != major) ||
		    (r->minor != MP_DEVICE_ANY_NR && r->minor != minor))
			continue;
		/* Nothing can be asked for too: access(2) with X_OK on a device node. */
		if (r->access == MP_DEVICE_ALL ||
		    (r->is_allowed ? (access & ~r->access) == 0 : (access & r->access) != 0))
			is_allowed = r->is_allowed;
	}
	return is_allowed;
}

/* The verifier refuses an instruction that nothing leads to. Jumps go forward: one pass finds all. */
static void check_reach(const struct bpf_insn *insns, size_t n)
{
	bool reached[MP_DEVICE_INSNS_MAX + 1] = { true };

	for (size_t i = 0; i < n; i++) {
		uint8_t class = BPF_CLASS(insns[i].code);
		size_t target = i + 1 + (size_t)insns[i].off;
		bool is_exit = class == BPF_JMP && BPF_OP(insns[i].code) == BPF_EXIT;
		bool is_ja = class == BPF_JMP && !is_exit;

		if (!reached[i])
			fail_msg("nothing leads to instruction %zu of %zu", i, n);
		if (is_ja || class == BPF_JMP32) {
			assert_in_range(target, i + 1, n - 1);
			reached[target] = true;
		}
		if (!is_exit && !is_ja)
			reached[i + 1] = true;
	}
	assert_false(reached[n]);
}

/* Ask for everything near the rules. */
static void check_policy(const struct mp_device_policy *policy)
{
	static const unsigned kernel_bits[] = { 0, BPF_DEVCG_ACC_READ, BPF_DEVCG_ACC_WRITE, 0,
						BPF_DEVCG_ACC_MKNOD };
	static const int64_t numbers[] = { 0, 1, 2, 3, 5, 7, 8, 9, 136, UINT32_MAX };
	struct bpf_insn insns[MP_DEVICE_INSNS_MAX];
	int n = mp_device_compile(policy, insns);

	assert_true(n > 0);
	for (size_t a = 0; a < 10; a++) {
		for (size_t i = 0; i < 10; i++) {
			for (unsigned access = 0; access < 8; access++) {
				unsigned bits = kernel_bits[access & 1] | kernel_bits[access & 2] |
						kernel_bits[access & 4];

				for (int block = 0; block < 2; block++) {
					const struct bpf_cgroup_dev_ctx ctx = {
						.access_type = (bits << 16) |
							       (block ? BPF_DEVCG_DEV_BLOCK :
									BPF_DEVCG_DEV_CHAR),
						.major = (uint32_t)numbers[a],
						.minor = (uint32_t)numbers[i],
					};

					assert_int_equal(run(insns, (size_t)n, &ctx),
							 expected(policy, block ? 'b' : 'c', access,
								  numbers[a], numbers[i]));
				}
			}
		}
	}
	check_reach(insns, (size_t)n);
}

static void the_default_policy_means_what_it_says(void **unused)
{
	(void)unused;
	check_policy(&mp_device_policy_default);
}

static void no_policy_and_an_empty_one_are_opposites(void **unused)
{
	(void)unused;
	const struct mp_device_policy nothing = { .n_rules = 0 };
	const struct mp_device_policy everything = { .allows_all = true };

	check_policy(&nothing);
	check_policy(&everything);
}

static uint32_t seed = 12345;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % below;
}

static void random_policies_mean_what_they_say(void **unused)
{
	(void)unused;
	static const int64_t numbers[] = { MP_DEVICE_ANY_NR, 1, 2, 3, 5, 136, UINT32_MAX };

	for (int round = 0; round < 300; round++) {
		struct mp_device_rule rules[12];
		const struct mp_device_policy policy = { .rules = rules, .n_rules = draw(13) };

		for (size_t i = 0; i < policy.n_rules; i++)
			rules[i] = (struct mp_device_rule){ .type = "abc"[draw(3)],
							    .major = numbers[draw(7)],
							    .minor = numbers[draw(7)],
							    .access = 1 + draw(7),
							    .is_allowed = draw(2) };
		check_policy(&policy);
	}
}

static void too_many_rules_are_refused_without_overflow(void **unused)
{
	(void)unused;
	static struct mp_device_rule rules[600];
	struct bpf_insn insns[MP_DEVICE_INSNS_MAX];
	struct mp_device_policy policy = { .rules = rules, .n_rules = 600 };
	int n;

	for (size_t i = 0; i < 600; i++)
		rules[i] =
			(struct mp_device_rule){ 'c', (int64_t)i, 1, 1 + (unsigned)i % 7, i % 2 };
	assert_int_equal(mp_device_compile(&policy, insns), -E2BIG);
	for (policy.n_rules = 1; (n = mp_device_compile(&policy, insns)) > 0; policy.n_rules++)
		assert_true(n <= MP_DEVICE_INSNS_MAX);
	assert_int_equal(n, -E2BIG);
	assert_in_range(policy.n_rules, 60, 200);
}

static void bad_rules_are_refused(void **unused)
{
	(void)unused;
	const struct mp_device_rule bad[] = {
		{ 'x', 1, 3, 7, true },  { 0, 1, 3, 7, true },
		{ 'c', -2, 3, 7, true }, { 'c', 1, INT64_C(1) << 32, 7, true },
		{ 'c', 1, 3, 0, true },  { 'c', 1, 3, 8, true }
	};
	struct bpf_insn insns[MP_DEVICE_INSNS_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct mp_device_policy policy = { .rules = &bad[i], .n_rules = 1 };

		assert_int_equal(mp_device_compile(&policy, insns), -EINVAL);
	}
}

static void v1_lines_are_what_the_kernel_reads(void **unused)
{
	(void)unused;
	char buf[MP_DEVICE_LINE_MAX];
	const struct mp_device_rule null = { 'c', 1, 3, MP_DEVICE_ALL, true };
	const struct mp_device_rule pts = { 'c', 136, MP_DEVICE_ANY_NR, MP_DEVICE_READ, true };
	const struct mp_device_rule any = { 'b', MP_DEVICE_ANY_NR, MP_DEVICE_ANY_NR,
					    MP_DEVICE_WRITE | MP_DEVICE_MKNOD, false };
	const struct mp_device_rule big = { 'b', UINT32_MAX, UINT32_MAX, MP_DEVICE_ALL, false };

	assert_string_equal(mp_device_line(&null, buf), "c 1:3 rwm");
	assert_string_equal(mp_device_line(&pts, buf), "c 136:* r");
	assert_string_equal(mp_device_line(&any, buf), "b *:* wm");
	assert_string_equal(mp_device_line(&big, buf), "b 4294967295:4294967295 rwm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_policy_means_what_it_says),
		cmocka_unit_test(no_policy_and_an_empty_one_are_opposites),
		cmocka_unit_test(random_policies_mean_what_they_say),
		cmocka_unit_test(too_many_rules_are_refused_without_overflow),
		cmocka_unit_test(bad_rules_are_refused),
		cmocka_unit_test(v1_lines_are_what_the_kernel_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
