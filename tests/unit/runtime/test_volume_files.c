/* SPDX-License-Identifier: Apache-2.0 */
/* The files of generated volumes: which, with what contents and modes; and subPathExpr. */
#include "runtime/volume_files.h"

#include "runtime/base/auto.h"
#include "runtime/volume_binds.h"
#include "tests/unit/runtime/manifest_tests.h"

#define CONFIG                                                                              \
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"                      \
	"data: {a: A, b: B}\nbinaryData: {bin: AAEC}\n"                                     \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: secret}\n" \
	"---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: t\n"                         \
	"  annotations: {kubernetes.io/service-account.name: default}\n"                    \
	"type: kubernetes.io/service-account-token\nstringData: {token: T}\n"

static const struct mp_node_facts node = { .node_name = "n", .host_ip = "", .cpu_milli = 4000 };

static const char *volume_name = "v";

/* The files of the volume @source as "path=contents:mode[:uid] ...", or the sentence. */
static void expect_files(const char *head, const char *source, const char *expected)
{
	static char text[4096], got[4096];
	struct mp_buf list = MP_BUF(got);
	struct mp_manifest m = { .pods = NULL };
	struct mp_volume_files files = { .n = 0 };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_env_facts facts = { .node = &node, .objects = &m.objects };
	const bool is_meta = mp_starts_with(head, "  annotations");

	(void)snprintf(text, sizeof(text),
		       POD_HEAD
		       "  labels: {z: last, a: first}\n%sspec:\n%s"
		       "  containers: [{name: c, image: i, resources: {limits: {cpu: 500m}}}]\n"
		       "  volumes: [{name: %s, %s}]\n" CONFIG,
		       is_meta ? head : "", is_meta ? "" : head, volume_name, source);
	if (load_as(&m, "p.yaml", text, strlen(text)) != 0)
		fail_msg("%s%s", joined(&m.errors), text);
	got[0] = '\0';
	if (mp_volume_files_collect(&m.pods->spec, &m.pods->spec.volumes[0], &facts, &files, &err) <
	    0)
		mp_buf_adds(&list, err.msg);
	for (size_t i = 0; i < files.n && err.code == 0; i++) {
		const struct mp_volume_file *f = &files.list[i];

		mp_buf_addf(&list, "%s%s=%.*s:%o", i > 0 ? " " : "", f->path, (int)f->size,
			    (const char *)f->data, (unsigned int)f->mode);
		if (f->uid != 0)
			mp_buf_addf(&list, ":%u", f->uid);
	}
	assert_string_equal(got, expected);
	mp_arena_done(&files.arena);
	mp_manifest_done(&m);
}

static void every_key_is_a_file_or_only_the_items(void **unused)
{
	(void)unused;
	expect_files("", "secret: {secretName: s}", "a=secret:644");
	expect_files("", "secret: {secretName: s, defaultMode: 256}", "a=secret:400");
	expect_files(
		"",
		"configMap: {name: cm, items: [{key: b, path: x/y}, {key: a, path: z, mode: 511}]}",
		"x/y=B:644 z=A:777");
	expect_files("", "configMap: {name: cm, items: []}", "a=A:644 b=B:644 bin=:644");
}

static void what_is_missing_is_said_unless_it_is_optional(void **unused)
{
	(void)unused;
	expect_files("", "configMap: {name: none}", "configmap \"none\" not found");
	expect_files("", "secret: {secretName: none}", "secret \"none\" not found");
	expect_files("", "configMap: {name: none, optional: true}", "");
	expect_files("", "configMap: {name: cm, items: [{key: k, path: p}]}",
		     "configmap references non-existent config key: k");
	expect_files("", "secret: {secretName: s, items: [{key: k, path: p}]}",
		     "references non-existent secret key: k");
	expect_files(
		"",
		"configMap: {name: cm, optional: true, items: [{key: k, path: p}, {key: a, path: q}]}",
		"q=A:644");
}

static void downward_files_show_the_pod(void **unused)
{
	(void)unused;
	expect_files("",
		     "downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}]}",
		     "l=a=\"first\"\nz=\"last\":644");
	expect_files(
		"  annotations: {note: \"say \\\"hi\\\"\\n\"}\n",
		"downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.annotations}}]}",
		"l=note=\"say \\\"hi\\\"\\n\":644");
	expect_files(
		"",
		"downwardAPI: {defaultMode: 256, items: [{path: d/n, fieldRef: {fieldPath: metadata.name}}, "
		"{path: cpu, mode: 292, resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 1m}}]}",
		"d/n=a:400 cpu=500:444");
	expect_files(
		"",
		"downwardAPI: {items: [{path: m, resourceFieldRef: {containerName: c, resource: requests.memory}}]}",
		"m=0:644");
}

static void projected_sources_follow_each_other(void **unused)
{
	(void)unused;
	expect_files(
		"",
		"projected: {defaultMode: 288, sources: [{secret: {name: s, items: [{key: a, path: p}]}}, "
		"{configMap: {name: cm, items: [{key: a, path: q, mode: 256}]}}, "
		"{downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}]}",
		"p=secret:440 q=A:400 name=a:440");
	expect_files("", "projected: {sources: [{secret: {name: none, optional: true}}]}", "");
	expect_files("", "projected: {sources: [{configMap: {name: none}}]}",
		     "configmap \"none\" not found");
}

/* A pod read from a cluster brings this volume along; the cluster's part is not here. */
static void api_access_shows_what_there_is(void **unused)
{
	(void)unused;
	static const char sources[] =
		"projected: {defaultMode: 420, sources: ["
		"{serviceAccountToken: {expirationSeconds: 3607, path: token}}, "
		"{configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}}, "
		"{downwardAPI: {items: [{path: namespace, fieldRef: {apiVersion: v1, fieldPath: "
		"metadata.namespace}}]}}]}";

	volume_name = "kube-api-access-x7k2p";
	expect_files("  serviceAccountName: nobody\n", sources, "namespace=default:644");
	expect_files("", sources, "token=T:644 namespace=default:644");
	volume_name = "v";
	expect_files("  serviceAccountName: nobody\n", sources,
		     "failed to fetch token: serviceaccounts \"nobody\" not found");
	expect_files("", sources, "configmap \"kube-root-ca.crt\" not found");
}

/* TestProjectedServiceAccountToken of the node tests: whose the file is decides its mode. */
static void a_token_belongs_to_the_only_user(void **unused)
{
	(void)unused;
	static const char source[] = "projected: {sources: [{serviceAccountToken: {path: t}}]}";

	expect_files("", source, "t=T:644");
	expect_files("  securityContext: {runAsUser: 1000}\n", source, "t=T:600:1000");
	expect_files("  securityContext: {fsGroup: 2000}\n", source, "t=T:600");
	expect_files("  securityContext: {runAsUser: 1000, fsGroup: 2000}\n", source,
		     "t=T:600:1000");
	expect_files("  securityContext: {runAsUser: 1000}\n"
		     "  initContainers: [{name: i, image: i, securityContext: {runAsUser: 5}}]\n",
		     source, "t=T:644");
	expect_files("  serviceAccountName: nobody\n", source,
		     "failed to fetch token: serviceaccounts \"nobody\" not found");
}

static void sub_paths_are_expanded_and_checked(void **unused)
{
	(void)unused;
	static const struct {
		const char *expr, *expected;
	} paths[] = {
		{ "$(A)/b", "one/b" },
		{ "$$(A)/$(A)", "$(A)/one" },
		{ "$$$(A)", "$one" },
		{ "x$(", "x$(" },
		{ "$(Z)/$(E)/$(B)/$(Z)", "missing value for B, E, Z" },
		{ "$()", "missing value for " },
		{ "/$(A)", "error SubPath `/one` must not be an absolute path" },
		{ "$(UP)/x", "unable to provision SubPath `../x`: must not contain '..'" },
		{ "..$(A)", "..one" },
	};
	struct mp_key_value vars[] = { { "A", "one" }, { "E", "" }, { "UP", ".." } };
	const struct mp_env env = { vars, MP_ARRAY_SIZE(vars) };

	for (size_t i = 0; i < MP_ARRAY_SIZE(paths); i++) {
		const struct mp_volume_mount mount = { .name = "v",
						       .sub_path_expr = paths[i].expr };
		struct mp_arena arena = { .head = NULL };
		struct mp_error err = MP_ERROR_NONE;
		const char *path = NULL;

		if (mp_sub_path(&mount, &env, &arena, &path, &err) < 0)
			assert_string_equal(err.msg, paths[i].expected);
		else
			assert_string_equal(path, paths[i].expected);
		mp_arena_done(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_a_file_or_only_the_items),
		cmocka_unit_test(what_is_missing_is_said_unless_it_is_optional),
		cmocka_unit_test(downward_files_show_the_pod),
		cmocka_unit_test(projected_sources_follow_each_other),
		cmocka_unit_test(api_access_shows_what_there_is),
		cmocka_unit_test(a_token_belongs_to_the_only_user),
		cmocka_unit_test(sub_paths_are_expanded_and_checked),
	};

	return cmocka_run_group_tests_name("volume_files", tests, NULL, NULL);
}
