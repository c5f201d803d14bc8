/* SPDX-License-Identifier: Apache-2.0 */
/* ConfigMaps and Secrets: what is decoded, found again, and refused. */
#include "runtime/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "tests/unit/runtime/manifest_tests.h"

#define CM     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
#define SECRET "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"

static void assert_entry(const struct mp_object *o, const char *key, const void *bytes, size_t len)
{
	const struct mp_object_entry *e = mp_object_key(o, key);

	assert_non_null(e);
	assert_int_equal(e->len, len);
	assert_memory_equal(e->bytes, bytes, len);
	assert_int_equal(e->bytes[len], 0);
}

static void keys_are_found_by_kind_namespace_and_name(void **unused)
{
	(void)unused;
	static const char *const files[] = { MINIPOD_TEST_DATA "/manifests/config.yaml" };
	const struct mp_manifest_options options = { .wall = TEST_WALL };
	struct mp_manifest m = { .pods = NULL };
	const struct mp_object *o;

	assert_int_equal(mp_manifest_load(&m, files, 1, &options, NULL), 0);
	o = mp_objects_find(&m.objects, MP_OBJECT_CONFIG_MAP, "default", "settings");
	assert_non_null(o);
	assert_int_equal(o->n_entries, 3);
	assert_string_equal(o->entries[0].key, "blob"); /* sorted */
	assert_entry(o, "mode", "fast", 4);
	assert_entry(o, "poem", "two\nlines\n", 10);
	assert_entry(o, "blob", "\0\1\2\xff", 4);
	assert_null(o->type);
	assert_null(mp_object_key(o, "none"));
	assert_string_equal(o->file, files[0]);
	assert_int_equal(o->line, 1);

	o = mp_objects_find(&m.objects, MP_OBJECT_SECRET, "default", "keys");
	assert_non_null(o);
	assert_string_equal(o->type, "Opaque");
	assert_entry(o, "token", "hello", 5);
	assert_entry(o, "plain", "text", 4);
	assert_null(mp_objects_find(&m.objects, MP_OBJECT_SECRET, "other", "keys"));
	assert_null(mp_objects_find(&m.objects, MP_OBJECT_SECRET, "default", "settings"));
	assert_null(mp_objects_find(&m.objects, MP_OBJECT_CONFIG_MAP, "default", "keys"));
	mp_manifest_done(&m);
}

static void string_data_wins_over_data(void **unused)
{
	(void)unused;
	static const char text[] = SECRET "stringData: {a: new}\ndata: {a: b2xk, b: ''}\n"
					  "immutable: true\ntype: example.com/t\n";
	struct mp_manifest m = { .pods = NULL };
	const struct mp_object *o;

	assert_int_equal(load_as(&m, "s.yaml", text, sizeof(text) - 1), 0);
	o = m.objects.first;
	assert_entry(o, "a", "new", 3);
	assert_entry(o, "b", "", 0);
	assert_int_equal(o->n_entries, 2);
	assert_true(o->is_immutable);
	assert_string_equal(o->type, "example.com/t");
	assert_non_null(strstr(o->raw, "\"stringData\":{\"a\":\"new\"}"));
	mp_manifest_done(&m);
}

/* RFC 4648 section 10, and line breaks as `base64` writes them. */
static void base64_is_decoded(void **unused)
{
	(void)unused;
	static const char text[] = SECRET "data: {a: Zg==, b: Zm8=, c: Zm9v, d: Zm9vYg==, "
					  "e: \"Zm9v\\nYmFy\\n\", f: ''}\n";
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "s.yaml", text, sizeof(text) - 1), 0);
	assert_entry(m.objects.first, "a", "f", 1);
	assert_entry(m.objects.first, "b", "fo", 2);
	assert_entry(m.objects.first, "c", "foo", 3);
	assert_entry(m.objects.first, "d", "foob", 4);
	assert_entry(m.objects.first, "e", "foobar", 6);
	assert_entry(m.objects.first, "f", "", 0);
	mp_manifest_done(&m);
}

static void what_is_not_base64_is_refused_without_showing_it(void **unused)
{
	(void)unused;
	static const char *const bad[] = { "hunter2!", "Zg=", "Zg", "Z===", "Zg==Zg==", "====" };

	for (size_t i = 0; i < MP_ARRAY_SIZE(bad); i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), SECRET "data: {k: \"%s\"}\n", bad[i]);
		assert_errors("s.yaml", text,
			      "s.yaml:4:11: data[k]: Invalid value: must be base64 with padding; "
			      "plain text goes into stringData\n");
	}
	assert_errors("s.yaml", CM "binaryData: {k: \"-\"}\n",
		      "s.yaml:4:17: binaryData[k]: Invalid value: must be base64 with padding; "
		      "plain text goes into data\n");
}

static void objects_with_errors_are_refused(void **unused)
{
	(void)unused;
	assert_errors("c.yaml", CM "data: {k: 5}\nspec: 1\n",
		      "c.yaml:4:11: data[k]: Invalid value: 5: must be a string, not a number: put "
		      "it in quotes: \"5\"\n"
		      "c.yaml:5:1: spec: unknown field \"spec\" in ConfigMap\n");
	assert_errors("c.yaml", CM "data: {a/b: x}\n",
		      "c.yaml:4:8: data[a/b]: Invalid value: \"a/b\": a valid config key must "
		      "consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
		      "'KEY_NAME',  or 'key-name', regex used for validation is "
		      "'[-._a-zA-Z0-9]+')\n");
	assert_errors("c.yaml", CM "data: {a: x}\nbinaryData: {a: eA==}\n",
		      "c.yaml:4:11: data[a]: Invalid value: duplicate of key present in "
		      "binaryData\n");
	assert_errors(
		"c.yaml", "apiVersion: v1\nkind: ConfigMap\n",
		"c.yaml:1:1: metadata.name: Required value: an object is found by its name\n");
	assert_errors("c.yaml", CM "---\n" CM,
		      "c.yaml:5:1: ConfigMap \"cm\" is already defined at c.yaml:1\n");
}

static void more_than_a_mebibyte_of_data_is_refused(void **unused)
{
	(void)unused;
	size_t size = 1024 * 1024 + 1024;
	char *text = malloc(size);
	int head;

	assert_non_null(text);
	head = snprintf(text, size, CM "data:\n  k: ");
	memset(text + head, 'x', size - (size_t)head - 1);
	text[size - 1] = '\0';
	assert_errors("c.yaml", text,
		      "c.yaml:5:3: data: Too long: may not be more than 1048576 bytes\n");
	free(text);
}

static void services_claims_and_volumes_are_decoded(void **unused)
{
	(void)unused;
	static const char text[] =
		"apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
		"spec: {clusterIP: 10.0.0.9, ports: [{name: http, port: 80, targetPort: http}]}\n"
		"---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: p, namespace: ns}\n"
		"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
		"---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\n"
		"spec: {capacity: {storage: 2Gi}, hostPath: {path: /srv}}\n";
	struct mp_manifest m = { .pods = NULL };
	const struct mp_object *o;

	assert_int_equal(load_as(&m, "s.yaml", text, sizeof(text) - 1), 0);
	assert_string_equal(
		joined(&m.notes),
		"s.yaml:1:1: note: Service \"web\" only gives containers its environment "
		"variables\n");
	o = mp_objects_find(&m.objects, MP_OBJECT_SERVICE, "default", "web");
	assert_non_null(o);
	assert_string_equal(o->service.cluster_ip, "10.0.0.9");
	assert_int_equal(o->service.n_ports, 1);
	assert_int_equal(o->service.ports[0].port, 80);
	assert_null(mp_object_key(o, "x"));
	o = mp_objects_find(&m.objects, MP_OBJECT_PVC, "ns", "p");
	assert_non_null(o);
	assert_string_equal(o->claim.access_modes.items[0], "ReadWriteOnce");
	o = mp_objects_find(&m.objects, MP_OBJECT_PV, "", "v");
	assert_non_null(o);
	assert_true(o->pv.has_host_path);
	assert_string_equal(o->pv.path, "/srv");
	assert_non_null(strstr(o->raw, "\"hostPath\":{\"path\":\"/srv\"}"));
	mp_manifest_done(&m);
}

static void volumes_on_a_network_are_refused(void **unused)
{
	(void)unused;
	assert_errors(
		"v.yaml",
		"apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\n"
		"spec:\n  nfs: {server: x}\n",
		"v.yaml:5:3: spec.nfs: Forbidden: minipod mounts no network storage; mount it "
		"on this machine and use hostPath or local\n");
}

static void a_token_is_found_by_its_account(void **unused)
{
	(void)unused;
	static const char text[] =
		"apiVersion: v1\nkind: Secret\ntype: kubernetes.io/service-account-token\n"
		"metadata:\n  name: t\n  annotations: {kubernetes.io/service-account.name: robot}\n"
		"stringData: {token: abc}\n"
		"---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: plain\n"
		"  annotations: {kubernetes.io/service-account.name: other}\n"
		"stringData: {token: xyz}\n";
	struct mp_manifest m = { .pods = NULL };
	const struct mp_object_entry *token;

	assert_int_equal(load_as(&m, "s.yaml", text, sizeof(text) - 1), 0);
	token = mp_objects_token(&m.objects, "default", "robot");
	assert_non_null(token);
	assert_string_equal(token->bytes, "abc");
	assert_null(mp_objects_token(&m.objects, "ns", "robot"));
	assert_null(mp_objects_token(&m.objects, "default", "other")); /* of no such type */
	mp_manifest_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_kind_namespace_and_name),
		cmocka_unit_test(string_data_wins_over_data),
		cmocka_unit_test(base64_is_decoded),
		cmocka_unit_test(what_is_not_base64_is_refused_without_showing_it),
		cmocka_unit_test(objects_with_errors_are_refused),
		cmocka_unit_test(more_than_a_mebibyte_of_data_is_refused),
		cmocka_unit_test(services_claims_and_volumes_are_decoded),
		cmocka_unit_test(volumes_on_a_network_are_refused),
		cmocka_unit_test(a_token_is_found_by_its_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
