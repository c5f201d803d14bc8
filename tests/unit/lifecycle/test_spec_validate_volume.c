/* SPDX-License-Identifier: Apache-2.0 */
/* Volume rules of section 11.7, one test per rule. */
#include "tests/unit/lifecycle/spec_fixture.h"

#define V        "spec.volumes[0]"
#define TWO      "Forbidden: may not specify more than 1 volume type"
#define MODE     "must be a number between 0 and 0777 (octal), both inclusive"
#define RELATIVE "must be a relative path"
#define DOTS     "must not contain '..'"
#define RESERVED "must not start with '..'"

RULE(a_volume_has_a_name_11_7, ({ fixture_add_volume(&f, NULL, MP_VOLUME_EMPTY_DIR); }),
     V ".name: Required value")
RULE(a_volume_name_is_a_label_11_7, ({ fixture_add_volume(&f, "a.b", MP_VOLUME_EMPTY_DIR); }),
     V ".name: Invalid value: \"a.b\": must not contain dots")
RULE(volume_names_are_unique_11_7, ({
	     fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR);
	     fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR);
     }),
     "spec.volumes[1].name: Duplicate value: \"a\"")
FINE(a_volume_without_a_source_is_an_empty_dir_11_3,
     ({ fixture_add_volume(&f, "a", MP_VOLUME_NONE); }))
RULE(a_volume_that_fails_does_not_exist_for_mounts_11_7, ({
	     fixture_add_volume(&f, "a", MP_VOLUME_HOST_PATH);
	     LIST(c, mounts, struct mp_volume_mount, { .name = "a", .mount_path = "/a" });
     }),
     V ".hostPath.path: Required value",
     "spec.containers[0].volumeMounts[0].name: Not found: \"a\"")
RULE(a_volume_that_fails_leaves_its_name_free_11_7, ({
	     fixture_add_volume(&f, "a", MP_VOLUME_HOST_PATH);
	     fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR);
	     LIST(c, mounts, struct mp_volume_mount, { .name = "a", .mount_path = "/a" });
     }),
     V ".hostPath.path: Required value")

TEST(a_volume_without_a_source_after_defaulting_is_refused_11_7)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_default(&f);
	fixture_add_volume(&f, "a", MP_VOLUME_NONE);
	mp_spec_validate(&f.spec, &f.out);
	expect_problems(&f.out, (const char *const[]){
					V ": Required value: must specify a volume type", NULL });
	fixture_done(&f);
}

struct second_row {
	const char *sentence;
	enum mp_volume_kind kind;
	const char *field;
};

static struct second_row seconds[] = {
	{ "hostPath as a second source is refused (11.7)", MP_VOLUME_HOST_PATH, "hostPath" },
	{ "secret as a second source is refused (11.7)", MP_VOLUME_SECRET, "secret" },
	{ "a claim as a second source is refused (11.7)", MP_VOLUME_PVC, "persistentVolumeClaim" },
	{ "downwardAPI as a second source is refused (11.7)", MP_VOLUME_DOWNWARD, "downwardAPI" },
	{ "configMap as a second source is refused (11.7)", MP_VOLUME_CONFIG_MAP, "configMap" },
	{ "projected as a second source is refused (11.7)", MP_VOLUME_PROJECTED, "projected" },
	{ "image as a second source is refused (11.7)", MP_VOLUME_IMAGE, "image" },
	{ "emptyDir as a second source is refused (11.7)", MP_VOLUME_EMPTY_DIR, "emptyDir" },
};

static void second_source_is_refused(void **state)
{
	const struct second_row *row = *state;
	struct fixture f;
	char line[128];

	fixture_init(&f);
	fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR)->second = row->kind;
	fixture_default(&f);
	mp_spec_validate(&f.spec, &f.out);
	(void)snprintf(line, sizeof(line), V ".%s: " TWO, row->field);
	expect_problems(&f.out, (const char *const[]){ line, NULL });
	fixture_done(&f);
}

__attribute__((constructor)) static void register_seconds(void)
{
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
		registry_add(seconds[i].sentence, second_source_is_refused, &seconds[i]);
}

/* ---- emptyDir, hostPath, claims, images -------------------------------------------------- */

RULE(a_size_limit_is_not_negative_11_7,
     ({ fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR)->empty_dir.size_limit = quantity("-1"); }),
     V ".emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity")
FINE(a_size_limit_may_be_zero_11_7,
     ({ fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR)->empty_dir.size_limit = quantity("0"); }))
RULE(a_host_path_has_a_path_11_7,
     ({ fixture_add_volume(&f, "a", MP_VOLUME_HOST_PATH)->host_path.type = "ignored then"; }),
     V ".hostPath.path: Required value")
RULE(a_host_path_has_no_backsteps_11_7,
     ({ fixture_add_volume(&f, "a", MP_VOLUME_HOST_PATH)->host_path.path = "/a/.."; }),
     V ".hostPath.path: Invalid value: \"/a/..\": " DOTS)
RULE(a_host_path_type_is_one_of_eight_11_7, ({
	     fixture_add_volume(&f, "a", MP_VOLUME_HOST_PATH)->host_path.path = "/a";
	     f.v[0].host_path.type = "Pipe";
     }),
     V
     ".hostPath.type: Unsupported value: \"Pipe\": supported values: \"\", \"BlockDevice\", "
     "\"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"")
FINE(a_host_path_may_have_dots_in_names_11_7, ({
	     fixture_add_volume(&f, "a", MP_VOLUME_HOST_PATH)->host_path.path = "/a/..b/c..";
	     f.v[0].host_path.type = "Socket";
     }))
RULE(a_claim_has_a_name_11_7, ({ fixture_add_volume(&f, "a", MP_VOLUME_PVC); }),
     V ".persistentVolumeClaim.claimName: Required value")
RULE(an_image_volume_has_a_reference_and_a_policy_11_7,
     ({ fixture_add_volume(&f, "a", MP_VOLUME_IMAGE)->image.pull_policy = "x"; }),
     V ".image.reference: Required value",
     V ".image.pullPolicy: Unsupported value: \"x\": supported values: \"Always\", "
       "\"IfNotPresent\", \"Never\"")
FINE(a_claim_and_an_image_may_be_complete_11_7, ({
	     fixture_add_volume(&f, "a", MP_VOLUME_PVC)->pvc.claim_name = "c";
	     fixture_add_volume(&f, "b", MP_VOLUME_IMAGE)->image.reference = "img:1";
     }))

/* ---- configMap and secret ---------------------------------------------------------------- */

RULE(a_config_map_volume_has_a_name_11_7, ({ fixture_add_volume(&f, "a", MP_VOLUME_CONFIG_MAP); }),
     V ".configMap.name: Required value")
RULE(a_secret_volume_has_a_secret_name_11_7, ({ fixture_add_volume(&f, "a", MP_VOLUME_SECRET); }),
     V ".secret.secretName: Required value")
RULE(items_are_checked_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_CONFIG_MAP);

	     v->config_map.name = "cm";
	     v->config_map.default_mode = (struct mp_opt_int){ 01000, true };
	     LIST(&v->config_map, items, struct mp_key_item, { NULL, NULL, { 0, false } },
		  { "k", "/abs", { -1, true } }, { "k", "a/../b", { 0777, true } },
		  { "k", "..", { 0, false } }, { "k", "../x", { 0, false } },
		  { "k", "..data", { 0, false } }, { "k", "a/b..", { 0, true } });
     }),
     V ".configMap.defaultMode: Invalid value: 512: " MODE,
     V ".configMap.items[0].key: Required value", V ".configMap.items[0].path: Required value",
     V ".configMap.items[1].path: Invalid value: \"/abs\": " RELATIVE,
     V ".configMap.items[1].mode: Invalid value: -1: " MODE,
     V ".configMap.items[2].path: Invalid value: \"a/../b\": " DOTS,
     V ".configMap.items[3].path: Invalid value: \"..\": " DOTS,
     V ".configMap.items[4].path: Invalid value: \"../x\": " DOTS,
     V ".configMap.items[5].path: Invalid value: \"..data\": " RESERVED)
RULE(items_of_a_secret_are_checked_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_SECRET);

	     v->secret.name = "s";
	     LIST(&v->secret, items, struct mp_key_item, { "", "p", { 0, false } });
     }),
     V ".secret.items[0].key: Required value")

/* ---- downwardAPI ------------------------------------------------------------------------- */

RULE(a_downward_item_is_checked_without_its_index_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD);

	     v->downward.default_mode = (struct mp_opt_int){ -1, true };
	     LIST(&v->downward, items, struct mp_downward_item,
		  { .path = NULL, .mode = { 01000, true } });
     }),
     V ".downwardAPI.defaultMode: Invalid value: -1: " MODE, V ".downwardAPI.path: Required value",
     V ".downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
     V ".downwardAPI.mode: Invalid value: 512: " MODE)
RULE(a_downward_item_has_one_source_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD);

	     LIST(&v->downward, items, struct mp_downward_item,
		  { .path = "p",
		    .field = { true, NULL, "metadata.name" },
		    .resource = { .is_set = true } });
     }),
     V ".downwardAPI: Invalid value: \"resource\": fieldRef and resourceFieldRef can not be "
       "specified simultaneously")
RULE(a_field_path_for_env_is_not_for_volumes_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD);

	     LIST(&v->downward, items, struct mp_downward_item,
		  { .path = "p", .field = { true, NULL, "status.podIP" } });
     }),
     V ".downwardAPI.fieldRef.fieldPath: Unsupported value: \"status.podIP\": supported values: "
       "\"metadata.annotations\", \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", "
       "\"metadata.uid\"")
RULE(a_resource_ref_of_a_volume_names_the_container_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD);

	     LIST(&v->downward, items, struct mp_downward_item,
		  { .path = "p", .resource = { .is_set = true, .resource = "limits.cpu" } },
		  { .path = "q",
		    .resource = {
			    .is_set = true, .container = "main", .resource = "limits.memory" } });
     }),
     V ".downwardAPI.resourceFieldRef.containerName: Required value")
FINE(every_field_path_of_volumes_is_accepted_9_2, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD);

	     LIST(&v->downward, items, struct mp_downward_item,
		  { .path = "a", .field = { true, NULL, "metadata.labels" } },
		  { .path = "b", .field = { true, NULL, "metadata.annotations" } },
		  { .path = "c", .field = { true, NULL, "metadata.name" } },
		  { .path = "d", .field = { true, NULL, "metadata.namespace" } },
		  { .path = "e", .field = { true, NULL, "metadata.uid" } },
		  { .path = "f", .field = { true, NULL, "metadata.labels['a']" } });
     }))

TEST(a_field_ref_has_an_api_version_11_6)
{
	static const struct mp_downward_item items[] = { { .path = "p",
							   .field = { true, NULL, "x" } } };
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_default(&f); /* only a caller that skips defaulting gets here */
	fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD)->downward =
		(struct mp_downward_volume){ .items = items, .n_items = 1 };
	mp_spec_validate(&f.spec, &f.out);
	expect_problems(&f.out,
			(const char *const[]){ V ".downwardAPI.fieldRef.apiVersion: Required value",
					       NULL });
	fixture_done(&f);
}

/* ---- projected --------------------------------------------------------------------------- */

RULE(a_projected_source_has_one_kind_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_PROJECTED);

	     v->projected.default_mode = (struct mp_opt_int){ 01000, true };
	     LIST(&v->projected, sources, struct mp_projected_source,
		  { .has_secret = true, .has_config_map = true, .secret = { .name = "s" } });
     }),
     V ".projected.defaultMode: Invalid value: 512: " MODE,
     V ".projected.sources[0].configMap.name: Required value",
     V ".projected.sources[0]: Forbidden: may not specify more than 1 volume type per source")
RULE(projected_paths_are_unique_11_7, ({
	     static const struct mp_key_item one[] = { { "k", "p", { 0, false } } };
	     static const struct mp_downward_item down[] = {
		     { .path = "p", .field = { true, "v1", "metadata.name" } },
		     { .path = NULL, .field = { true, "v1", "metadata.name" } },
	     };
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_PROJECTED);

	     LIST(&v->projected, sources, struct mp_projected_source,
		  { .has_secret = true, .secret = { .name = "s", .items = one, .n_items = 1 } },
		  { .has_config_map = true,
		    .config_map = { .name = "cm", .items = one, .n_items = 1 } },
		  { .has_downward = true, .downward = { .items = down, .n_items = 2 } });
     }),
     V ".projected: Invalid value: \"cm\": conflicting duplicate paths",
     V ".projected: Invalid value: \"p\": conflicting duplicate paths",
     V ".projected.sources[2].downwardAPI.path: Required value")
RULE(a_token_lives_ten_minutes_to_2_32_seconds_11_7, ({
	     struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_PROJECTED);

	     LIST(&v->projected, sources, struct mp_projected_source,
		  { .has_token = true, .token = { NULL, NULL, { 599, true } } },
		  { .has_token = true, .token = { NULL, "../t", { INT64_C(4294967297), true } } },
		  { .has_token = true, .token = { NULL, "t", { 600, true } } },
		  { .has_token = true, .token = { NULL, "t2", { 0, false } } });
     }),
     V ".projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not "
       "specify a duration less than 10 minutes",
     V ".projected.path: Required value",
     V
     ".projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may "
     "not specify a duration larger than 2^32 seconds",
     V ".projected.path: Invalid value: \"../t\": " DOTS)

int main(void)
{
	return registry_run("spec_validate_volume");
}
