/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lifecycle/image_step.h"

static void a_present_image_is_used_unless_it_is_always_pulled(void **unused)
{
	(void)unused;
	assert_int_equal(mp_image_step("IfNotPresent", true), MP_IMAGE_USE);
	assert_int_equal(mp_image_step("Never", true), MP_IMAGE_USE);
	assert_int_equal(mp_image_step("Always", true), MP_IMAGE_PULL);
}

static void an_absent_image_is_pulled_unless_it_never_is(void **unused)
{
	(void)unused;
	assert_int_equal(mp_image_step("IfNotPresent", false), MP_IMAGE_PULL);
	assert_int_equal(mp_image_step("Always", false), MP_IMAGE_PULL);
	assert_int_equal(mp_image_step("Never", false), MP_IMAGE_REFUSE);
}

static void messages_are_the_kubelets(void **unused)
{
	char text[256] = "";
	struct mp_buf buf = MP_BUF(text);

	(void)unused;
	mp_image_say_pulled(&buf, "a:1", 1500 * MP_NSEC_PER_MS, mp_seconds(2), 7);
	assert_string_equal(text,
			    "Successfully pulled image \"a:1\" in 1.5s (2s including waiting). "
			    "Image size: 7 bytes.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_present_image_is_used_unless_it_is_always_pulled),
		cmocka_unit_test(an_absent_image_is_pulled_unless_it_never_is),
		cmocka_unit_test(messages_are_the_kubelets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
