/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"
#include "runtime/describe_text.h"

static void probes_read_as_kubectl_writes_them(void **unused)
{
	static const char *const cases[][2] = {
		{ "{\"exec\":{\"command\":[\"test\",\"-e\",\"/x\"]},\"initialDelaySeconds\":5}",
		  "exec [test -e /x] delay=5s timeout=1s period=10s #success=1 #failure=3" },
		{ "{\"httpGet\":{\"path\":\"/h\",\"port\":8080,\"scheme\":\"HTTPS\"},"
		  "\"periodSeconds\":2}",
		  "http-get https://:8080/h delay=0s timeout=1s period=2s #success=1 #failure=3" },
		{ "{\"tcpSocket\":{\"port\":\"db\"},\"failureThreshold\":9}",
		  "tcp-socket :db delay=0s timeout=1s period=10s #success=1 #failure=9" },
		{ "{\"grpc\":{\"port\":5,\"service\":\"s\"},\"timeoutSeconds\":4}",
		  "grpc <pod>:5 s delay=0s timeout=4s period=10s #success=1 #failure=3" },
	};

	(void)unused;
	for (size_t i = 0; i < MP_ARRAY_SIZE(cases); i++) {
		struct mp_arena arena = { 0 };
		struct mp_document doc;

		assert_int_equal(mp_document_parse(&arena, "probe", cases[i][0],
						   strlen(cases[i][0]), MP_DOCUMENT_JSON, &doc,
						   NULL),
				 0);
		assert_string_equal(mp_describe_probe(doc.roots[0], &arena), cases[i][1]);
		mp_arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes_read_as_kubectl_writes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
