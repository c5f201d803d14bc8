/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp_parse.h"

#include <errno.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static struct mp_seccomp_profile profile;
static struct mp_error err;

static int parse_as(const char *text, uint64_t caps, uint32_t kernel, struct mp_arena *arena)
{
	const struct mp_seccomp_context context = { caps, kernel };

	profile = (struct mp_seccomp_profile){ .n_rules = 0 };
	err = MP_ERROR_NONE;
	return mp_seccomp_parse("p.json", text, strlen(text), &context, arena, &profile, &err);
}

static void the_whole_oci_format_is_read(void **unused)
{
	static const char text[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38,\n"
		" \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\"],\n"
		" \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],\n"
		" \"syscalls\": [{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_ALLOW\"},\n"
		"  {\"name\": \"mkdir\", \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 13, \"args\":\n"
		"   [{\"index\": 1, \"value\": 18446744073709551615, \"valueTwo\": 7,\n"
		"     \"op\": \"SCMP_CMP_MASKED_EQ\"}]}]}";
	struct mp_arena arena = { .head = NULL };

	(void)unused;
	assert_int_equal(parse_as(text, 0, 0, &arena), 0);
	assert_int_equal(profile.default_action, MP_SECCOMP_ERRNO);
	assert_true(profile.has_default_errno);
	assert_int_equal(profile.default_errno_ret, 38);
	assert_int_equal(profile.n_architectures, 2);
	assert_string_equal(profile.architectures[1], "SCMP_ARCH_X86");
	assert_int_equal(profile.n_flags, 1);
	assert_int_equal(profile.n_rules, 2);
	assert_int_equal(profile.rules[0].n_names, 2);
	assert_string_equal(profile.rules[0].names[1], "write");
	assert_int_equal(profile.rules[0].action, MP_SECCOMP_ALLOW);
	assert_string_equal(profile.rules[1].names[0], "mkdir");
	assert_true(profile.rules[1].has_errno);
	assert_int_equal(profile.rules[1].errno_ret, 13);
	assert_int_equal(profile.rules[1].n_args, 1);
	assert_int_equal(profile.rules[1].args[0].index, 1);
	assert_true(profile.rules[1].args[0].value == UINT64_MAX);
	assert_true(profile.rules[1].args[0].value_two == 7);
	assert_int_equal(profile.rules[1].args[0].op, MP_SECCOMP_MASKED_EQ);
	mp_arena_done(&arena);
}

static size_t rules_of(const char *filters, uint64_t caps, uint32_t kernel)
{
	char text[512];
	struct mp_arena arena = { .head = NULL };
	size_t n;

	(void)snprintf(text, sizeof(text),
		       "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"bpf\"],"
		       "\"action\":\"SCMP_ACT_ALLOW\",%s}]}",
		       filters);
	if (parse_as(text, caps, kernel, &arena) != 0)
		fail_msg("%s: %s", filters, err.msg);
	n = profile.n_rules;
	mp_arena_done(&arena);
	return n;
}

static void dockers_conditions_are_asked_of_the_container(void **unused)
{
	const uint64_t admin = UINT64_C(1) << CAP_SYS_ADMIN;
	const uint64_t both = admin | UINT64_C(1) << CAP_BPF;
	const uint32_t k48 = 4U << 16 | 8, k418 = 4U << 16 | 18;

	(void)unused;
	assert_int_equal(rules_of("\"includes\":{},\"excludes\":{}", 0, 0), 1);
	assert_int_equal(rules_of("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", 0, 0), 0);
	assert_int_equal(rules_of("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", admin, 0), 1);
	assert_int_equal(
		rules_of("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]}", admin, 0), 0);
	assert_int_equal(
		rules_of("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_BPF\"]}", both, 0), 1);
	assert_int_equal(rules_of("\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", admin, 0), 0);
	assert_int_equal(rules_of("\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", 0, 0), 1);
	assert_int_equal(rules_of("\"includes\":{\"minKernel\":\"4.8\"}", 0, k48), 1);
	assert_int_equal(rules_of("\"includes\":{\"minKernel\":\"4.18\"}", 0, k48), 0);
	assert_int_equal(rules_of("\"includes\":{\"minKernel\":\"4.8\"}", 0, k418), 1);
	assert_int_equal(rules_of("\"includes\":{\"arches\":[\"amd64\",\"arm64\"]}", 0, 0), 1);
	assert_int_equal(rules_of("\"includes\":{\"arches\":[\"s390x\"]}", 0, 0), 0);
	assert_int_equal(rules_of("\"excludes\":{\"arches\":[\"s390x\"]}", 0, 0), 1);
}

static void dockers_arch_map_gives_this_machines_architectures(void **unused)
{
	static const char text[] =
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":["
		"{\"architecture\":\"SCMP_ARCH_S390X\",\"subArchitectures\":[\"SCMP_ARCH_S390\"]},"
		"{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]},"
		"{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_ARCH_ARM\"]}]}";
	struct mp_arena arena = { .head = NULL };

	(void)unused;
	assert_int_equal(parse_as(text, 0, 0, &arena), 0);
	assert_int_equal(profile.n_architectures, 2);
	assert_string_not_equal(profile.architectures[0], "SCMP_ARCH_S390X");
	mp_arena_done(&arena);
}

static void what_is_wrong_is_named_with_its_place(void **unused)
{
	static const struct {
		const char *text, *message;
		int code;
	} cases[] = {
		{ "", "p.json", -EINVAL },
		{ "[]", "p.json:1:1: the profile must be an object, not array", -EINVAL },
		{ "{} {}", "p.json:1:4: more than one value", -EINVAL },
		{ "{}", "p.json:1:1: the profile has no \"defaultAction\"", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALOW\"}",
		  "p.json:1:18: unknown seccomp action \"SCMP_ACT_ALOW\", did you mean \"SCMP_ACT_ALLOW\"?",
		  -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "needs a listener", -ENOTSUP },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\n\"syscals\":[]}",
		  "p.json:2:1: unknown field \"syscals\" of the profile, did you mean \"syscalls\"?",
		  -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":4096}",
		  "defaultErrnoRet must be a whole number from 0 to 4095", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":-1}",
		  "defaultErrnoRet must be a whole number", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrno\":\"EPERM\"}",
		  "defaultErrno needs the number beside it, as defaultErrnoRet", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"SCMP_ACT_ERRNO\"}]}",
		  "syscalls has no \"names\"", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"]}]}",
		  "syscalls has no \"action\"", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[1]}]}",
		  "names must be a string, not number", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "index must be a whole number from 0 to 5", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EG\"}]}]}",
		  "unknown seccomp comparison \"SCMP_CMP_EG\"", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":18446744073709551616,"
		  "\"op\":\"SCMP_CMP_EQ\"}]}]}",
		  "value must be a whole number from 0 to 18446744073709551615", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"includes\":{\"caps\":[\"CAP_SYS_ADMN\"]}}]}",
		  "unknown capability \"CAP_SYS_ADMN\"", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],\"action\":"
		  "\"SCMP_ACT_ERRNO\",\"includes\":{\"minKernel\":\"new\"}}]}",
		  "minKernel must be like \"4.8\", not \"new\"", -EINVAL },
		{ "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		  "\"archMap\":[]}",
		  "both \"architectures\" and \"archMap\"", -EINVAL },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		struct mp_arena arena = { .head = NULL };
		const int r = parse_as(cases[i].text, 0, 0, &arena);

		if (r != cases[i].code || !strstr(err.msg, cases[i].message))
			fail_msg("%s: %d, %s", cases[i].text, r, err.msg);
		mp_arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_oci_format_is_read),
		cmocka_unit_test(dockers_conditions_are_asked_of_the_container),
		cmocka_unit_test(dockers_arch_map_gives_this_machines_architectures),
		cmocka_unit_test(what_is_wrong_is_named_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
