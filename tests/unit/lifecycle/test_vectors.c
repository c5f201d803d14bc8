/* SPDX-License-Identifier: Apache-2.0 */
/* The end-to-end vectors of the pod-semantics reference, appendix B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_node.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct fake_node node;
static char text[4096];

static void b1_one_shot_success(void **unused)
{
	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_NEVER);
	(void)test_pod_add(&pod, MP_KIND_MAIN, "c");
	fake_init(&node, &pod.spec);
	node.c[0] = (struct fake_container){ .n_runs = 1, .runs = { { .lasts = AT(1) } } };
	fake_run(&node, 0);
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_RUNNING);
	fake_run_to_end(&node, AT(10));
	assert_int_equal(mp_pod_status(node.pod)->phase, MP_PHASE_SUCCEEDED);
	assert_string_equal(fake_event_order(&node, text, sizeof(text)), "Pulled Created Started");
	fake_done(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(b1_one_shot_success),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
