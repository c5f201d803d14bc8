/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/spec_diff.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/manifest.h"

static const char pod[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"web\"},"
			  "\"spec\":{%s\"containers\":[{\"name\":\"c\",\"image\":\"%s\"%s}]}}";

static int check(const char *const old[3], const char *const given[3], struct mp_error *err)
{
	const struct mp_manifest_options options = { .wall = 1 };
	struct mp_manifest a = { .n_pods = 0 }, b = { .n_pods = 0 };
	char text[1024];
	int r;

	(void)snprintf(text, sizeof(text), pod, old[0], old[1], old[2]); /* NOLINT */
	assert_int_equal(mp_manifest_load_text(&a, "a.json", text, strlen(text), &options, NULL),
			 0);
	(void)snprintf(text, sizeof(text), pod, given[0], given[1], given[2]); /* NOLINT */
	assert_int_equal(mp_manifest_load_text(&b, "b.json", text, strlen(text), &options, NULL),
			 0);
	r = mp_spec_check_update(&a.pods->spec, &b.pods->spec, err);
	mp_manifest_done(&a);
	mp_manifest_done(&b);
	return r;
}

#define TOLERATES(...) "\"tolerations\":[" __VA_ARGS__ "],"
#define TAINT_A        "{\"key\":\"a\",\"operator\":\"Exists\"}"
#define TAINT_A_5S     "{\"key\":\"a\",\"operator\":\"Exists\",\"tolerationSeconds\":5}"
#define TAINT_B        "{\"key\":\"b\",\"operator\":\"Exists\"}"

static void images_tolerations_and_a_shorter_deadline_may_change(void **unused)
{
	static const struct {
		const char *old[3], *given[3];
	} rows[] = {
		{ { "", "busybox", "" }, { "", "busybox", "" } },
		{ { "", "busybox", "" }, { "", "busybox:1.36", "" } },
		/* What an earlier update left: the policy is that of the first image's tag. */
		{ { "", "busybox:1.36", ",\"imagePullPolicy\":\"Always\"" },
		  { "", "busybox:1.36", "" } },
		{ { "", "x", "" }, { "\"activeDeadlineSeconds\":5,", "x", "" } },
		{ { "\"activeDeadlineSeconds\":5,", "x", "" },
		  { "\"activeDeadlineSeconds\":4,", "x", "" } },
		{ { "", "x", "" }, { TOLERATES(TAINT_A), "x", "" } },
		{ { TOLERATES(TAINT_A), "x", "" }, { TOLERATES(TAINT_B "," TAINT_A_5S), "x", "" } },
		/* The running pod knows its node; the manifest need not. */
		{ { "\"nodeName\":\"here\",", "x", "" }, { "", "x", "" } },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_error err = MP_ERROR_NONE;

		if (check(rows[i].old, rows[i].given, &err) < 0)
			fail_msg("row %zu: %s", i, err.msg);
	}
}

static void anything_else_is_named_and_refused(void **unused)
{
	static const struct {
		const char *old[3], *given[3], *where;
	} rows[] = {
		{ { "", "x", "" },
		  { "\"hostNetwork\":true,", "x", "" },
		  "spec.hostNetwork differs" },
		{ { "", "x", "" },
		  { "", "x", ",\"args\":[\"a\"]" },
		  "spec.containers[0].args differs" },
		{ { "", "x", ",\"args\":[\"a\"]" },
		  { "", "x", ",\"args\":[\"b\"]" },
		  "spec.containers[0].args[0] differs" },
		{ { "", "x", "" },
		  { "", "x", "},{\"name\":\"d\",\"image\":\"x\"" },
		  "spec.containers differs" },
		{ { "\"activeDeadlineSeconds\":5,", "x", "" },
		  { "\"activeDeadlineSeconds\":6,", "x", "" },
		  "must be less than or equal to previous value" },
		{ { "\"activeDeadlineSeconds\":5,", "x", "" },
		  { "", "x", "" },
		  "must not update from a positive integer to nil value" },
		{ { TOLERATES(TAINT_A), "x", "" },
		  { TOLERATES(TAINT_B), "x", "" },
		  "spec.tolerations: Forbidden: existing toleration can not be modified" },
		{ { TOLERATES(TAINT_A), "x", "" },
		  { "", "x", "" },
		  "spec.tolerations: Forbidden: existing toleration can not be modified" },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_error err = MP_ERROR_NONE;

		if (check(rows[i].old, rows[i].given, &err) != -EPERM)
			fail_msg("row %zu was accepted", i);
		if (!strstr(err.msg, rows[i].where))
			fail_msg("row %zu: %s", i, err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(images_tolerations_and_a_shorter_deadline_may_change),
		cmocka_unit_test(anything_else_is_named_and_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
