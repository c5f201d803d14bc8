/* SPDX-License-Identifier: Apache-2.0 */
/* What skopeo complained of, out of what it wrote. */
#include "rootfs/image_skopeo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static void the_last_message_is_the_complaint(void **unused)
{
	char buf[256];

	(void)unused;
	assert_string_equal(
		mp_image_skopeo_complaint(
			"time=\"2024-01-01T00:00:00Z\" level=warning msg=\"slow\"\n"
			"time=\"2024-01-01T00:00:01Z\" level=fatal msg=\"Error parsing image name "
			"\\\"docker://x/y:1\\\": reading manifest: manifest unknown\"\n",
			buf, sizeof(buf)),
		"Error parsing image name \"docker://x/y:1\": reading manifest: manifest unknown");
	assert_string_equal(mp_image_skopeo_complaint("one\nFATA[0000] two \n\n", buf, sizeof(buf)),
			    "FATA[0000] two");
	assert_string_equal(mp_image_skopeo_complaint("", buf, sizeof(buf)), "");
	assert_string_equal(mp_image_skopeo_complaint(" msg=\"cut\\", buf, sizeof(buf)), "cut\\");
}

static void what_is_too_long_is_cut(void **unused)
{
	char buf[8];

	(void)unused;
	assert_string_equal(mp_image_skopeo_complaint(" msg=\"0123456789\"", buf, sizeof(buf)),
			    "0123456");
	assert_string_equal(mp_image_skopeo_complaint("0123456789\n", buf, sizeof(buf)), "0123456");
}

static void complaints_have_classes(void **unused)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
		{ "dial tcp 127.0.0.1:5000: connect: connection refused", EHOSTUNREACH },
		{ "dial tcp: lookup r.example: no such host", EHOSTUNREACH },
		{ "reading manifest 2 in localhost:5000/app: manifest unknown", ENOENT },
		{ "requested access to the resource is denied", EACCES },
		{ "Source image rejected: Running image docker://x is rejected by policy.",
		  EKEYREJECTED },
		{ "write /x: no space left on device", ENOSPC },
		{ "something new", EIO },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++)
		assert_int_equal(mp_image_skopeo_errno(rows[i].text), rows[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_message_is_the_complaint),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(complaints_have_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
