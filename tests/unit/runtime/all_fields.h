/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest that has every field, decoded: for the tests of the tables and of the codecs. */
#pragma once

#include <fcntl.h>

#include "runtime/base/fd.h"
#include "runtime/manifest_fields.h"
#include "tests/unit/runtime/manifest_tests.h"

#define ALL_FIELDS MINIPOD_TEST_DATA "/manifests/all-fields.json"

struct all {
	struct mp_manifest m;
	const struct mp_node *root;
	struct mp_pod_spec spec;
};

/* Decoded, and nothing more: the manifest is far from valid. */
static inline void decode_all(struct all *a)
{
	struct mp_document document;
	struct mp_decoder d = { .m = &a->m, .file = "all", .is_restoring = true };
	struct mp_error err = MP_ERROR_NONE;
	char *text;
	size_t len;

	*a = (struct all){ .root = NULL };
	assert_int_equal(
		mp_file_read(AT_FDCWD, ALL_FIELDS, 1 << 20, &a->m.arena, &text, &len, &err), 0);
	assert_int_equal(mp_document_parse(&a->m.arena, "all", text, len, MP_DOCUMENT_JSON,
					   &document, &err),
			 0);
	a->root = document.roots[0];
	mp_decode_object(&d, &mp_type_pod, a->root, &a->spec);
	assert_string_equal(joined(&a->m.errors), "");
	assert_false(d.is_out_of_memory);
}

static inline void done_all(struct all *a)
{
	mp_manifest_done(&a->m);
}
