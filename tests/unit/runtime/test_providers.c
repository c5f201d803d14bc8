/* SPDX-License-Identifier: Apache-2.0 */
/* Claims and the volumes they are bound to, tokens, and what the command line maps. */
#include "runtime/providers.h"

#include <stdlib.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "tests/unit/runtime/manifest_tests.h"

#define CLAIM(name, spec)                                                          \
	"---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: " name \
	"}\nspec: " spec "\n"
#define VOLUME(name, spec) \
	"---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: " name "}\nspec: " spec "\n"
#define ASKS(modes, size) "accessModes: " modes ", resources: {requests: {storage: " size "}}"
#define HAS(modes, size) \
	"accessModes: " modes ", capacity: {storage: " size "}, hostPath: {path: /x}"

/* The volume of claim @claim among @objects, or the sentence. */
static void expect_volume(const char *objects, const char *claim, const char *expected)
{
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_object *volume = NULL;

	if (load_as(&m, "o.yaml", objects, strlen(objects)) != 0)
		fail_msg("%s", joined(&m.errors));
	if (mp_claim_find(&m.objects, "default", claim, &volume, &err) == 0)
		assert_string_equal(volume->name, expected);
	else
		assert_string_equal(err.msg, expected);
	mp_manifest_done(&m);
}

static void a_claim_gets_the_volume_that_names_it(void **unused)
{
	(void)unused;
	static const char objects[] = CLAIM("data", "{volumeName: a}")
		VOLUME("a", "{" HAS("[ReadWriteOnce]", "1Gi") "}") VOLUME(
			"b", "{claimRef: {name: data, namespace: default}, local: {path: /y}}")
			VOLUME("c", "{claimRef: {name: data, namespace: ns}, local: {path: /y}}");

	expect_volume(objects, "data", "b");
}

static void a_claim_gets_the_volume_that_it_names(void **unused)
{
	(void)unused;
	expect_volume(CLAIM("data", "{volumeName: b}")
			      VOLUME("a", "{" HAS("[ReadWriteOnce]", "1Gi") "}")
				      VOLUME("b", "{" HAS("[ReadWriteOnce]", "1Gi") "}"),
		      "data", "b");
	expect_volume(CLAIM("data", "{volumeName: z}")
			      VOLUME("a", "{" HAS("[ReadWriteOnce]", "1Gi") "}"),
		      "data", "persistentvolumeclaim \"data\" is bound to no PersistentVolume");
}

static void else_the_smallest_that_fits_and_is_free(void **unused)
{
	(void)unused;
	static const char objects[] = CLAIM("one", "{" ASKS("[ReadWriteOnce]", "2Gi") "}") CLAIM(
		"two", "{" ASKS("[ReadWriteOnce]",
				"1Gi") "}") CLAIM("three", "{" ASKS("[ReadWriteMany]", "1Gi") "}")
		CLAIM("four", "{storageClassName: fast, " ASKS("[ReadWriteOnce]", "1Gi") "}")
			CLAIM("five", "{" ASKS("[ReadWriteOnce]", "1Gi") "}") VOLUME(
				"big", "{" HAS("[ReadWriteOnce, ReadWriteMany]", "9Gi") "}")
				VOLUME("small", "{" HAS("[ReadWriteOnce]", "1Gi") "}")
					VOLUME("middle", "{" HAS("[ReadWriteOnce]", "3Gi") "}")
						VOLUME("fast",
						       "{storageClassName: fast, " HAS(
							       "[ReadWriteOnce]", "1Gi") "}");

	expect_volume(objects, "one", "middle");
	expect_volume(objects, "two", "small");
	expect_volume(objects, "three", "big");
	expect_volume(objects, "four", "fast");
	expect_volume(objects, "five",
		      "persistentvolumeclaim \"five\" is bound to no PersistentVolume");
}

static void what_cannot_be_a_directory_is_said(void **unused)
{
	(void)unused;
	expect_volume(CLAIM("other", "{}"), "data", "persistentvolumeclaim \"data\" not found");
	expect_volume(CLAIM("data", "{volumeMode: Block}"), "data",
		      "persistentvolumeclaim \"data\" asks for a raw block device; use a hostPath "
		      "volume of type BlockDevice");
	expect_volume(CLAIM("data", "{volumeName: a}") VOLUME("a", "{capacity: {storage: 1Gi}}"),
		      "data", "PersistentVolume \"a\" has neither hostPath.path nor local.path");
}

#define CLAIMING                               \
	POD_SPEC "  volumes:\n  - {name: a}\n" \
		 "  - {name: b, persistentVolumeClaim: {claimName: data}}\n"
#define WANTING                                                               \
	POD_SPEC "  serviceAccountName: robot\n  volumes:\n"                  \
		 "  - name: t\n    projected: {sources: [{downwardAPI: {}}, " \
		 "{serviceAccountToken: {path: token}}]}\n"

static void expect_found(const struct mp_manifest *m, const char *expected)
{
	struct mp_error err = MP_ERROR_NONE;
	const int r = mp_providers_check(&m->pods->spec, &m->objects, &err);

	assert_int_equal(r < 0, expected != NULL);
	if (expected)
		assert_string_equal(err.msg, expected);
}

static void a_missing_claim_is_refused_with_the_way_out(void **unused)
{
	(void)unused;
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "p.yaml", CLAIMING, strlen(CLAIMING)), 0);
	expect_found(&m,
		     "spec.volumes[1].persistentVolumeClaim.claimName: persistentvolumeclaim "
		     "\"data\" not found: map it to a directory with --pvc data=DIRECTORY, or add "
		     "the claim and a PersistentVolume with a hostPath to the input");
	mp_manifest_done(&m);
}

static void the_command_line_binds_a_claim_to_a_directory(void **unused)
{
	(void)unused;
	char dir[] = "/tmp/minipod-providers-XXXXXX", mapping[64];
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_object *volume = NULL;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(mapping, sizeof(mapping), "data=%s/../%s", dir, dir + 5);
	assert_int_equal(load_as(&m, "p.yaml", CLAIMING, strlen(CLAIMING)), 0);
	assert_int_equal(mp_providers_map_claim(&m, &m.pods->spec, mapping, &err), 0);
	expect_found(&m, NULL);
	assert_int_equal(mp_claim_find(&m.objects, "default", "data", &volume, &err), 0);
	assert_string_equal(volume->pv.path, dir);
	assert_true(volume->pv.has_local);

	assert_int_equal(mp_providers_map_claim(&m, &m.pods->spec, mapping, &err), -EINVAL);
	assert_string_equal(err.msg, "--pvc: claim data is mapped twice");
	(void)rmdir(dir);
	mp_manifest_done(&m);
}

static void a_mapping_wins_over_the_volume_of_the_input(void **unused)
{
	(void)unused;
	static const char text[] = CLAIMING CLAIM("data", "{volumeName: a}")
		VOLUME("a", "{" HAS("[ReadWriteOnce]", "1Gi") "}");
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_object *volume = NULL;

	assert_int_equal(load_as(&m, "p.yaml", text, strlen(text)), 0);
	assert_int_equal(mp_providers_map_claim(&m, &m.pods->spec, "data=/tmp", &err), 0);
	assert_int_equal(mp_claim_find(&m.objects, "default", "data", &volume, &err), 0);
	assert_string_equal(volume->pv.path, "/tmp");
	mp_manifest_done(&m);
}

static void bad_mappings_are_refused(void **unused)
{
	(void)unused;
	static const struct {
		const char *mapping, *message;
	} bad[] = {
		{ "data", "--pvc data: must be NAME=DIRECTORY, where NAME is the claim's" },
		{ "data=", "--pvc data=: must be NAME=DIRECTORY, where NAME is the claim's" },
		{ "=/tmp", "--pvc =/tmp: must be NAME=DIRECTORY, where NAME is the claim's" },
		{ "A=/tmp", "--pvc A=/tmp: must be NAME=DIRECTORY, where NAME is the claim's" },
		{ "date=/tmp", "--pvc date: no volume of the pod has that claim" },
		{ "data=/nowhere/at/all", "--pvc: /nowhere/at/all: No such file or directory" },
		{ "data=/dev/null", "--pvc: /dev/null: Not a directory" },
	};
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "p.yaml", CLAIMING, strlen(CLAIMING)), 0);
	for (size_t i = 0; i < MP_ARRAY_SIZE(bad); i++) {
		struct mp_error err = MP_ERROR_NONE;

		assert_true(mp_providers_map_claim(&m, &m.pods->spec, bad[i].mapping, &err) < 0);
		assert_string_equal(err.msg, bad[i].message);
	}
	assert_int_equal(m.objects.n, 0);
	mp_manifest_done(&m);
}

static void a_token_comes_from_a_file(void **unused)
{
	(void)unused;
	char file[] = "/tmp/minipod-token-XXXXXX";
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const int fd = mkstemp(file);

	assert_true(fd >= 0);
	assert_int_equal(load_as(&m, "p.yaml", WANTING, strlen(WANTING)), 0);
	expect_found(
		&m,
		"spec.volumes[0].projected.sources[1].serviceAccountToken: there is no token for "
		"service account \"robot\": give one with --service-account-token FILE, or add a "
		"Secret of type kubernetes.io/service-account-token for it");
	assert_int_equal(mp_providers_add_token(&m, "default", "robot", file, &err), -EINVAL);
	assert_int_equal(write(fd, "a.b.c\n", 6), 6);
	assert_int_equal(mp_providers_add_token(&m, "default", "robot", file, &err), 0);
	expect_found(&m, NULL);
	assert_string_equal(mp_objects_token(&m.objects, "default", "robot")->bytes, "a.b.c");
	(void)close(fd);
	(void)unlink(file);
	mp_manifest_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_claim_gets_the_volume_that_names_it),
		cmocka_unit_test(a_claim_gets_the_volume_that_it_names),
		cmocka_unit_test(else_the_smallest_that_fits_and_is_free),
		cmocka_unit_test(what_cannot_be_a_directory_is_said),
		cmocka_unit_test(a_missing_claim_is_refused_with_the_way_out),
		cmocka_unit_test(the_command_line_binds_a_claim_to_a_directory),
		cmocka_unit_test(a_mapping_wins_over_the_volume_of_the_input),
		cmocka_unit_test(bad_mappings_are_refused),
		cmocka_unit_test(a_token_comes_from_a_file),
	};

	return cmocka_run_group_tests_name("providers", tests, NULL, NULL);
}
