/* SPDX-License-Identifier: Apache-2.0 */
/* What volumes of the manifest mean to the file system's side. */
#include "runtime/assemble.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static void propagation_words_have_their_kinds(void **unused)
{
	(void)unused;
	static const struct {
		const char *word;
		enum mp_propagation kind;
	} words[] = {
		{ NULL, MP_PROPAGATION_PRIVATE },
		{ "None", MP_PROPAGATION_PRIVATE },
		{ "HostToContainer", MP_PROPAGATION_SLAVE },
		{ "Bidirectional", MP_PROPAGATION_SHARED },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(words); i++) {
		const struct mp_volume_mount mount = { .propagation = words[i].word };

		assert_int_equal(mp_assemble_propagation(&mount), words[i].kind);
	}
}

static void host_path_types_have_their_kinds(void **unused)
{
	(void)unused;
	assert_int_equal(mp_assemble_host_path_type(NULL), MP_HOST_PATH_ANY);
	assert_int_equal(mp_assemble_host_path_type(""), MP_HOST_PATH_ANY);
	assert_int_equal(mp_assemble_host_path_type("DirectoryOrCreate"),
			 MP_HOST_PATH_DIRECTORY_OR_CREATE);
	assert_int_equal(mp_assemble_host_path_type("Directory"), MP_HOST_PATH_DIRECTORY);
	assert_int_equal(mp_assemble_host_path_type("FileOrCreate"), MP_HOST_PATH_FILE_OR_CREATE);
	assert_int_equal(mp_assemble_host_path_type("File"), MP_HOST_PATH_FILE);
	assert_int_equal(mp_assemble_host_path_type("Socket"), MP_HOST_PATH_SOCKET);
	assert_int_equal(mp_assemble_host_path_type("CharDevice"), MP_HOST_PATH_CHAR_DEVICE);
	assert_int_equal(mp_assemble_host_path_type("BlockDevice"), MP_HOST_PATH_BLOCK_DEVICE);
}

/* The page size of @medium when two containers ask for @first and @second. */
static void expect_size(const char *medium, const char *first, const char *second,
			const char *expected)
{
	struct mp_resource asked[2][2] = { { { .name = "memory" }, { .name = first } },
					   { { .name = second } } };
	struct mp_container_spec c[2] = {
		{ .resources = { .requests = { .items = asked[0], .n = first ? 2 : 1 } } },
		{ .resources = { .requests = { .items = asked[1], .n = second ? 1 : 0 } } },
	};
	const struct mp_pod_spec spec = { .containers = c, .n_init = 1, .n_main = 1 };
	struct mp_error err = MP_ERROR_NONE;
	const char *size = NULL;

	if (mp_assemble_page_size(&spec, medium, &size, &err) < 0)
		assert_string_equal(err.msg, expected);
	else
		assert_string_equal(size, expected);
}

static void huge_pages_have_the_size_of_the_medium_or_of_the_containers(void **unused)
{
	(void)unused;
	expect_size("HugePages-2Mi", NULL, NULL, "2Mi");
	expect_size("HugePages-1Gi", "hugepages-2Mi", NULL, "1Gi");
	expect_size("HugePages", "hugepages-2Mi", NULL, "2Mi");
	expect_size("HugePages", "hugepages-2Mi", "hugepages-2Mi", "2Mi");
	expect_size(
		"HugePages", "hugepages-2Mi", "hugepages-1Gi",
		"medium: HugePages can't be used if container requests multiple huge page sizes");
	expect_size(
		"HugePages", NULL, NULL,
		"medium: HugePages needs a container that requests huge pages of one size; or name "
		"it, as in HugePages-2Mi");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(propagation_words_have_their_kinds),
		cmocka_unit_test(host_path_types_have_their_kinds),
		cmocka_unit_test(huge_pages_have_the_size_of_the_medium_or_of_the_containers),
	};

	return cmocka_run_group_tests_name("assemble", tests, NULL, NULL);
}
