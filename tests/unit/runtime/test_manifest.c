/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: what is accepted, what is refused, with which sentence and at which position. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/document.h"
#include "tests/unit/runtime/manifest_tests.h"

static void a_minimal_pod_is_valid_and_defaulted(void **unused)
{
	(void)unused;
	struct mp_manifest m = { .pods = NULL };
	const struct mp_pod_spec *spec = NULL;

	assert_int_equal(load_as(&m, "pod.yaml", POD_SPEC, strlen(POD_SPEC)), 0);
	assert_string_equal(joined(&m.errors), "");
	assert_string_equal(joined(&m.notes), "");
	assert_string_equal(joined(&m.warnings), "");
	assert_int_equal(mp_manifest_only_pod(&m, &spec, NULL), 0);
	assert_true(m.pods->is_valid);
	assert_string_equal(m.pods->file, "pod.yaml");
	assert_int_equal(m.pods->line, 1);
	assert_string_equal(spec->meta.name, "a");
	assert_string_equal(spec->meta.namespace_, "default");
	assert_string_equal(spec->meta.uid, test_seed.uid);
	assert_true(spec->meta.creation_wall == TEST_WALL);
	assert_int_equal(spec->restart, MP_RESTART_ALWAYS);
	assert_true(spec->grace_s.is_set);
	assert_int_equal(spec->grace_s.v, 30);
	assert_int_equal(spec->n_main, 1);
	mp_manifest_done(&m);
	mp_manifest_done(&m);
	mp_manifest_done(NULL);
}

static void uids_are_drawn_when_none_is_given(void **unused)
{
	(void)unused;
	const struct mp_manifest_options options = { .wall = TEST_WALL };
	const char *text = POD_SPEC "---\n" POD_SPEC;
	struct mp_manifest m = { .pods = NULL };
	const char *a, *b;

	assert_int_equal(mp_manifest_load_text(&m, "p.yaml", text, strlen(text), &options, NULL),
			 0);
	a = m.pods->spec.meta.uid;
	b = m.pods->next->spec.meta.uid;
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '4'); /* version 4, RFC 9562 */
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
	mp_manifest_done(&m);
}

/* As the API server drops both when an object is created. */
static void a_pod_recorded_while_it_was_deleted_is_not_being_deleted(void **unused)
{
	(void)unused;
	const char *text = "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": "
			   "{\"name\": \"a\", \"deletionGracePeriodSeconds\": 30,\n"
			   "\"deletionTimestamp\": \"2024-01-02T03:04:06Z\"},\n"
			   "\"spec\": {\"containers\": [{\"name\": \"c\", \"image\": \"i\"}]}}";
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "p.json", text, strlen(text)), 0);
	assert_string_equal(joined(&m.errors), "");
	assert_string_equal(joined(&m.notes),
			    "p.json:1:63: note: metadata.deletionGracePeriodSeconds: has no "
			    "effect: deleting is a command, not a field\n"
			    "p.json:2:1: note: metadata.deletionTimestamp: has no effect: "
			    "deleting is a command, not a field\n");
	assert_int_equal(m.pods->spec.meta.raw.n, 0);
	mp_manifest_done(&m);
}

static void an_unknown_field_is_refused_with_its_position_and_a_suggestion(void **unused)
{
	(void)unused;
	assert_errors("pod.json",
		      "{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n"
		      " \"metadata\": {\"name\": \"a\"},\n"
		      " \"spec\": {\"containers\": [\n"
		      "  {\"name\": \"b\", \"image\": \"i\"},\n"
		      "  {\"name\": \"c\", \"image\": \"i\",\n"
		      "   \"livenesProbe\": {}}]}}\n",
		      "pod.json:6:4: spec.containers[1].livenesProbe: unknown field "
		      "\"livenesProbe\", did you mean \"livenessProbe\"?\n");
	/* Field names are case sensitive. */
	assert_errors("p.yaml", POD_SPEC "    workingdir: /\n",
		      "p.yaml:9:5: spec.containers[0].workingdir: unknown field \"workingdir\", "
		      "did you mean \"workingDir\"?\n");
	assert_errors("p.yaml", POD_SPEC "    zzzzzzzzzzzz: 1\n",
		      "p.yaml:9:5: spec.containers[0].zzzzzzzzzzzz: unknown field "
		      "\"zzzzzzzzzzzz\" in Container\n");
	/* A sleep is a hook and a gRPC call is a probe, and not the other way round. */
	assert_errors("p.yaml",
		      POD_SPEC "    livenessProbe: {sleep: {seconds: 1}}\n"
			       "    lifecycle: {preStop: {grpc: {port: 1}}}\n",
		      "p.yaml:9:21: spec.containers[0].livenessProbe.sleep: unknown field "
		      "\"sleep\" in Probe\n"
		      "p.yaml:10:27: spec.containers[0].lifecycle.preStop.grpc: unknown field "
		      "\"grpc\" in LifecycleHandler\n");
}

static void a_wrong_type_is_named_with_the_right_one(void **unused)
{
	(void)unused;
	assert_errors("p.yaml", POD_HEAD "spec: {containers: {}}\n",
		      "p.yaml:5:20: spec.containers: Invalid value: {}: must be a list of objects, "
		      "not an object\n");
	assert_errors("p.yaml", POD_HEAD "spec: []\n",
		      "p.yaml:5:7: spec: Invalid value: []: must be an object, not a list\n");
	assert_errors("p.yaml", POD_HEAD "spec: {containers: [5]}\n",
		      "p.yaml:5:21: spec.containers[0]: Invalid value: 5: must be an object, not a "
		      "number\n");
	assert_errors("p.yaml", POD_SPEC "    tty: \"true\"\n",
		      "p.yaml:9:10: spec.containers[0].tty: Invalid value: \"true\": must be a "
		      "boolean, not a string: remove the quotes\n");
	assert_errors("p.yaml", POD_SPEC "    command: sh -c true\n",
		      "p.yaml:9:14: spec.containers[0].command: Invalid value: \"sh -c true\": "
		      "must be a list of strings, not a string\n");
	assert_errors(
		"p.yaml", POD_SPEC "    args: [a, 3]\n",
		"p.yaml:9:15: spec.containers[0].args[1]: Invalid value: 3: must be a string, "
		"not a number: put it in quotes: \"3\"\n");
	assert_errors("p.yaml", POD_HEAD "  labels: {app: true}\n",
		      "p.yaml:5:17: metadata.labels[app]: Invalid value: true: must be a string, "
		      "not a boolean: put it in quotes: \"true\"\n");
	assert_errors("p.yaml", POD_HEAD "spec: {tolerations: {}, affinity: []}\n",
		      "p.yaml:5:21: spec.tolerations: Invalid value: {}: must be a list, not an "
		      "object\n"
		      "p.yaml:5:35: spec.affinity: Invalid value: []: must be an object, not a "
		      "list\n");
}

static void an_env_value_that_is_no_string_gets_the_hint_to_quote_it(void **unused)
{
	(void)unused;
	assert_errors("p.yaml",
		      POD_SPEC "    env:\n    - {name: PORT, value: 8080}\n"
			       "    - {name: DEBUG, value: yes}\n    - {name: F, value: 1.50}\n",
		      "p.yaml:10:27: spec.containers[0].env[0].value: Invalid value: 8080: must be "
		      "a string, not a number: put it in quotes: \"8080\"\n"
		      "p.yaml:11:28: spec.containers[0].env[1].value: Invalid value: yes: must be "
		      "a string, not a boolean: put it in quotes: \"yes\"\n"
		      "p.yaml:12:24: spec.containers[0].env[2].value: Invalid value: 1.50: must be "
		      "a string, not a number: put it in quotes: \"1.50\"\n");
}

static void numbers_keep_the_range_of_their_field(void **unused)
{
	(void)unused;
	assert_errors("p.yaml", POD_SPEC "    livenessProbe: {periodSeconds: 2147483648}\n",
		      "p.yaml:9:36: spec.containers[0].livenessProbe.periodSeconds: Invalid value: "
		      "2147483648: must be between -2147483648 and 2147483647\n");
	assert_errors("p.yaml", POD_SPEC "    livenessProbe: {periodSeconds: 1.5}\n",
		      "p.yaml:9:36: spec.containers[0].livenessProbe.periodSeconds: Invalid value: "
		      "1.5: must be a whole number\n");
	assert_errors("p.yaml", POD_SPEC "    livenessProbe: {periodSeconds: \"10\"}\n",
		      "p.yaml:9:36: spec.containers[0].livenessProbe.periodSeconds: Invalid value: "
		      "\"10\": must be a whole number, not a string: remove the quotes\n");
	assert_errors("p.yaml", POD_SPEC "    livenessProbe: {periodSeconds: 10s}\n",
		      "p.yaml:9:36: spec.containers[0].livenessProbe.periodSeconds: Invalid value: "
		      "\"10s\": must be a whole number, not a string\n");
	assert_errors("p.yaml", POD_SPEC "  terminationGracePeriodSeconds: 9223372036854775808\n",
		      "p.yaml:9:34: spec.terminationGracePeriodSeconds: Invalid value: "
		      "9223372036854775808: must be between -9223372036854775808 and "
		      "9223372036854775807\n");
	assert_errors("p.yaml", POD_SPEC "  securityContext: {supplementalGroups: [1, x]}\n",
		      "p.yaml:9:45: spec.securityContext.supplementalGroups[1]: Invalid value: "
		      "\"x\": must be a whole number, not a string\n");
}

static void quantities_are_strings_or_numbers(void **unused)
{
	(void)unused;
	const char *text = POD_SPEC
		"    resources: {limits: {cpu: 0.5, memory: \" 64Mi \", ephemeral-storage: null}}\n";
	struct mp_manifest m = { .pods = NULL };
	const struct mp_resource_list *limits;
	char buf[MP_QUANTITY_TEXT_MAX];

	assert_int_equal(load_as(&m, "p.yaml", text, strlen(text)), 0);
	limits = &m.pods->spec.containers[0].resources.limits;
	assert_int_equal(limits->n, 3);
	assert_string_equal(mp_quantity_text(&limits->items[0].quantity, buf), "500m");
	assert_string_equal(mp_quantity_text(&limits->items[1].quantity, buf), "64Mi");
	assert_string_equal(mp_quantity_text(&limits->items[2].quantity, buf), "0");
	mp_manifest_done(&m);

	assert_errors("p.yaml", POD_SPEC "    resources: {limits: {cpu: 1x, memory: true}}\n",
		      "p.yaml:9:31: spec.containers[0].resources.limits[cpu]: Invalid value: "
		      "\"1x\": quantities must match the regular expression "
		      "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'\n"
		      "p.yaml:9:43: spec.containers[0].resources.limits[memory]: Invalid value: "
		      "true: must be a quantity, as a string or a number, not a boolean\n");
}

static void null_means_absent_everywhere(void **unused)
{
	(void)unused;
	const char *text = "apiVersion: v1\nkind: Pod\nstatus: null\n"
			   "metadata: {name: a, creationTimestamp: null, labels: {x: null}}\n"
			   "spec:\n  affinity: null\n  initContainers: null\n  containers:\n"
			   "  - {name: c, image: i:1, livenessProbe: null, args: [null]}\n"
			   "  volumes:\n  - {name: v, hostPath: null, nfs: null}\n";
	struct mp_manifest m = { .pods = NULL };
	const struct mp_pod_spec *spec;

	assert_int_equal(load_as(&m, "p.yaml", text, strlen(text)), 0);
	assert_string_equal(joined(&m.notes), "");
	spec = &m.pods->spec;
	assert_string_equal(spec->meta.labels[0].value, "");
	assert_int_equal(spec->n_init, 0);
	assert_false(spec->containers[0].probes[MP_PROBE_LIVENESS].is_set);
	assert_string_equal(spec->containers[0].args.items[0], "");
	assert_int_equal(spec->volumes[0].kind, MP_VOLUME_EMPTY_DIR); /* by defaulting */
	mp_manifest_done(&m);
}

static void validation_errors_stand_where_their_field_is(void **unused)
{
	(void)unused;
	assert_errors(
		"pod.json",
		"{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n"
		" \"metadata\": {\"name\": \"a\"},\n"
		" \"spec\": {\"containers\": [\n"
		"  {\"name\": \"b\", \"image\": \"i\"},\n"
		"  {\"name\": \"c\", \"image\": \"i\",\n"
		"   \"livenessProbe\": {\"exec\": {\"command\": [\"x\"]},\n"
		"                     \"periodSeconds\": -1}}]}}\n",
		"pod.json:7:39: spec.containers[1].livenessProbe.periodSeconds: Invalid value: "
		"-1: must be greater than or equal to 0\n");
	/* A missing field is reported where its nearest ancestor stands. */
	assert_errors("p.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n",
		      "p.yaml:1:1: metadata.name: Required value: name or generateName is "
		      "required\n"
		      "p.yaml:5:5: spec.containers[0].image: Required value\n");
}

static void all_errors_come_at_once_in_the_order_of_the_text(void **unused)
{
	(void)unused;
	assert_errors(
		"p.yaml",
		POD_SPEC "    tty: 1\n    nope: 1\n---\nkind: Node\napiVersion: v1\n---\n"
			 "apiVersion: v1\nkind: Pod\nmetadata: {name: B}\n"
			 "spec: {containers: []}\n",
		"p.yaml:9:10: spec.containers[0].tty: Invalid value: 1: must be a boolean, "
		"not a number\n"
		"p.yaml:10:5: spec.containers[0].nope: unknown field \"nope\" in "
		"Container\n"
		"p.yaml:12:7: kind: Unsupported value: \"Node\": supported values: "
		"\"ConfigMap\", \"List\", \"PersistentVolume\", \"PersistentVolumeClaim\", "
		"\"Pod\", \"Secret\", \"Service\"\n"
		"p.yaml:17:18: metadata.name: Invalid value: \"B\": a lowercase RFC 1123 "
		"subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
		"must start and end with an alphanumeric character (e.g. 'example.com', regex "
		"used for validation is "
		"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')\n"
		"p.yaml:18:20: spec.containers: Required value\n");
}

static void a_volume_source_minipod_lacks_is_refused_with_the_way_out(void **unused)
{
	(void)unused;
	assert_errors("p.yaml",
		      POD_SPEC "  volumes:\n  - {name: v, nfs: {server: s, path: /}}\n"
			       "  - {name: w, csi: {driver: d}}\n",
		      "p.yaml:10:15: spec.volumes[0].nfs: Forbidden: minipod mounts no network "
		      "storage; mount it on this machine and use hostPath\n"
		      "p.yaml:11:15: spec.volumes[1].csi: Forbidden: there are no CSI drivers on a "
		      "machine without a cluster; mount the storage on this machine and use "
		      "hostPath\n");
}

static void an_empty_list_of_what_minipod_lacks_asks_for_nothing(void **unused)
{
	(void)unused;
	static const char text[] = POD_SPEC "    resources: {claims: []}\n    volumeDevices: []\n"
					    "  resourceClaims: []\n  ephemeralContainers: []\n";
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "p.yaml", text, strlen(text)), 0);
	mp_manifest_done(&m);
	assert_errors("p.yaml", POD_SPEC "    resources: {claims: [{name: gpu}]}\n",
		      "p.yaml:9:17: spec.containers[0].resources.claims: Forbidden: there is no "
		      "resource driver to claim devices from; use hostPath or a privileged "
		      "container\n");
}

static void two_sources_of_a_volume_are_found_in_either_order(void **unused)
{
	(void)unused;
	const char *expected = "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 "
			       "volume type\n";
	char text[512];

	(void)snprintf(text, sizeof(text), "p.yaml:10:39: %s", expected);
	assert_errors("p.yaml",
		      POD_SPEC "  volumes:\n  - {name: v, emptyDir: {}, hostPath: {path: /x}}\n",
		      text);
	(void)snprintf(text, sizeof(text), "p.yaml:10:25: %s", expected);
	assert_errors("p.yaml",
		      POD_SPEC "  volumes:\n  - {name: v, hostPath: {path: /x}, emptyDir: {}}\n",
		      text);
}

static void ephemeral_containers_cannot_be_created(void **unused)
{
	(void)unused;
	assert_errors(
		"p.yaml", POD_SPEC "  ephemeralContainers: [{name: x}]\n",
		"p.yaml:9:24: spec.ephemeralContainers: Forbidden: cannot be set on create\n");
}

static void a_harmless_field_gets_one_note(void **unused)
{
	(void)unused;
	const char *text = POD_SPEC "  tolerations: [{operator: Exists}]\n  affinity: {}\n"
				    "  nodeSelector: {a: b}\nstatus: {phase: Running}\n";
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "p.yaml", text, strlen(text)), 0);
	assert_string_equal(
		joined(&m.notes),
		"p.yaml:9:3: note: spec.tolerations: has no effect on a single machine\n"
		"p.yaml:11:3: note: spec.nodeSelector: has no effect on a single "
		"machine\n"
		"p.yaml:12:1: note: status: is not used: minipod writes the status "
		"itself\n");
	assert_int_equal(m.pods->spec.raw.n, 3);
	assert_string_equal(m.pods->spec.raw.fields[0].json, "[{\"operator\":\"Exists\"}]");
	mp_manifest_done(&m);
}

static void a_warning_of_the_api_server_is_kept_apart(void **unused)
{
	(void)unused;
	const char *text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a.b}\n"
			   "spec: {containers: [{name: c, image: i:1}]}\n";
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, "p.yaml", text, strlen(text)), 0);
	assert_string_equal(joined(&m.warnings),
			    "p.yaml:3:18: warning: metadata.name: this is used in the Pod's "
			    "hostname, which can result in surprising behavior; a DNS label is "
			    "recommended: [must not contain dots]\n");
	mp_manifest_done(&m);
}

static void init_containers_come_first_whatever_the_order_of_the_text(void **unused)
{
	(void)unused;
	const char *text = POD_SPEC "  - {name: d, image: i:1}\n  initContainers:\n"
				    "  - {name: setup, image: i:1}\n"
				    "  - {name: side, image: i:1, restartPolicy: Always}\n";
	const char *turned =
		POD_HEAD "spec:\n  initContainers:\n  - {name: setup, image: i:1}\n"
			 "  - {name: side, image: i:1, restartPolicy: Always}\n"
			 "  containers:\n  - {name: c, image: i:1}\n  - {name: d, image: i:1}\n";
	const char *const texts[] = { text, turned };

	for (size_t i = 0; i < MP_ARRAY_SIZE(texts); i++) {
		struct mp_manifest m = { .pods = NULL };
		const struct mp_container_spec *c;

		assert_int_equal(load_as(&m, "p.yaml", texts[i], strlen(texts[i])), 0);
		assert_int_equal(m.pods->spec.n_init, 2);
		assert_int_equal(m.pods->spec.n_main, 2);
		c = m.pods->spec.containers;
		assert_string_equal(c[0].name, "setup");
		assert_int_equal(c[0].kind, MP_KIND_INIT);
		assert_string_equal(c[1].name, "side");
		assert_int_equal(c[1].kind, MP_KIND_SIDECAR);
		assert_string_equal(c[2].name, "c");
		assert_int_equal(c[2].kind, MP_KIND_MAIN);
		assert_string_equal(c[3].name, "d");
		mp_manifest_done(&m);
	}
}

/* ---- kinds and lists --------------------------------------------------------------------- */

static void kinds_are_checked_before_anything_in_them(void **unused)
{
	(void)unused;
	assert_errors("p.yaml", "a: 1\n",
		      "p.yaml:1:1: kind: Required value: must be one of \"ConfigMap\", \"List\", "
		      "\"PersistentVolume\", \"PersistentVolumeClaim\", \"Pod\", \"Secret\", "
		      "\"Service\"\n"
		      "p.yaml:1:1: apiVersion: Required value: must be \"v1\"\n");
	assert_errors("p.yaml", "apiVersion: v1\nkind: pod\n",
		      "p.yaml:2:7: kind: Unsupported value: \"pod\", did you mean \"Pod\"?\n");
	assert_errors(
		"p.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {}}\n",
		"p.yaml:2:7: kind: Unsupported value: \"Deployment\": minipod runs Pods: make "
		"spec.template the metadata and spec of a Pod\n");
	assert_errors("p.yaml",
		      "apiVersion: v2\n"
		      "kind: Service\nmetadata: {name: s}\n",
		      "p.yaml:1:13: apiVersion: Unsupported value: \"v2\": supported values: "
		      "\"v1\"\n");
	assert_errors("p.yaml", "apiVersion: v1\nkind: 7\n",
		      "p.yaml:2:7: kind: Invalid value: 7: must be a string, not a number: put it "
		      "in quotes: \"7\"\n");
	assert_errors("p.yaml", "- a\n",
		      "p.yaml:1:1: Invalid value: [...]: must be an object such as a Pod, not a "
		      "list\n");
}

static void lists_are_taken_apart(void **unused)
{
	(void)unused;
	const char *text =
		"apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\nitems:\n"
		"- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: cm}\n  data: {k: v}\n"
		"- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n"
		"  spec: {containers: [{name: c, image: i:1}]}\n"
		"---\napiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: b}\n"
		"  spec: {containers: [{name: c, image: i:1}]}\n";
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_pod_spec *spec = NULL;

	assert_int_equal(load_as(&m, "l.yaml", text, strlen(text)), 0);
	assert_string_equal(joined(&m.errors), "");
	assert_int_equal(m.n_pods, 2);
	assert_int_equal(m.objects.n, 1);
	assert_string_equal(m.pods->next->spec.meta.name, "b");
	assert_int_equal(mp_manifest_only_pod(&m, &spec, &err), -EINVAL);
	assert_string_equal(err.msg, "there are 2 Pods in the manifest (the second at l.yaml:17); "
				     "run one at a time");
	mp_manifest_done(&m);
}

static void a_bad_list_is_refused(void **unused)
{
	(void)unused;
	assert_errors(
		"l.yaml", "apiVersion: v1\nkind: List\nitem: []\nitems: [1, {kind: Pod, a: 1}]\n",
		"l.yaml:3:1: item: unknown field \"item\" in List\n"
		"l.yaml:4:9: Invalid value: 1: must be an object such as a Pod, not a number\n"
		"l.yaml:4:12: apiVersion: Required value: must be \"v1\"\n"
		"l.yaml:4:24: a: unknown field \"a\" in Pod\n");
	assert_errors("l.yaml", "apiVersion: v1\nkind: List\nitems: 4\n",
		      "l.yaml:3:8: items: Invalid value: 4: must be a list of objects, not a "
		      "number\n");
}

static void a_manifest_without_a_pod_is_said_so(void **unused)
{
	(void)unused;
	const char *text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n";
	struct mp_manifest m = { .pods = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_pod_spec *spec = NULL;

	assert_int_equal(load_as(&m, "l.yaml", text, strlen(text)), 0);
	assert_int_equal(mp_manifest_only_pod(&m, &spec, &err), -EINVAL);
	assert_string_equal(err.msg, "there is no Pod in the manifest");
	mp_manifest_done(&m);
}

/* ---- input that is no manifest ---------------------------------------------------------------- */

/* One sentence that begins with @begin and contains @part. */
static void assert_one_error(const char *name, const char *text, size_t len, const char *begin,
			     const char *part)
{
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(load_as(&m, name, text, len), -EINVAL);
	assert_int_equal(m.errors.n, 1);
	if (strncmp(m.errors.first->text, begin, strlen(begin)) != 0 ||
	    !strstr(m.errors.first->text, part))
		fail_msg("unexpected sentence: %s", m.errors.first->text);
	mp_manifest_done(&m);
}

static void text_that_is_no_document_is_one_sentence(void **unused)
{
	(void)unused;
	static const char nul[] = "{\"a\": \"b\0c\"}";

	assert_one_error("a.json", "", 0, "a.json: ", "empty");
	assert_one_error("a.yaml", "---\n---\n", 8, "a.yaml: ", "no document");
	assert_one_error("a.json", "hello", 5, "a.json:1:1: ", "");
	assert_one_error("a.json", "{\"a\": }", 7, "a.json:1:", "");
	assert_one_error("a.json", "{\"a\": 1, \"b\": 2,\n \"a\": 3}", 25, "a.json:2:2: ", "\"a\"");
	assert_one_error("a.yaml", "a: 1\nb: 2\na: 3\n", 15, "a.yaml:3:1: ", "\"a\"");
	assert_one_error("a.json", nul, sizeof(nul) - 1, "a.json:1:", "NUL");
	assert_one_error("a.json", "{\"a\": \"\\u0000\"}", 15, "a.json:1:", "NUL");
	assert_one_error("a.json", "{\"a\": \"\xff\"}", 10, "a.json:1:", "UTF-8");
}

static void nesting_that_is_too_deep_is_one_sentence(void **unused)
{
	(void)unused;
	char text[2 * 64 + 1];

	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	assert_one_error("deep.json", text, 128, "deep.json:1:", "deep");
}

static void ten_megabytes_are_one_sentence(void **unused)
{
	(void)unused;
	size_t len = (size_t)10 * 1024 * 1024;
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, ' ', len);
	assert_one_error("big.json", text, len, "big.json: ", "MiB");
	free(text);
}

/* ---- files --------------------------------------------------------------------------------------- */

static void assert_file_error(const char *const *files, size_t n, const char *expected)
{
	const struct mp_manifest_options options = { .wall = TEST_WALL };
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(mp_manifest_load(&m, files, n, &options, NULL), -EINVAL);
	assert_string_equal(joined(&m.errors), expected);
	mp_manifest_done(&m);
}

static void files_that_cannot_be_read_are_named(void **unused)
{
	(void)unused;
	char dir[] = "/tmp/minipod-test-XXXXXX";
	char path[64], expected[256];
	const char *files[2] = { path, "/nonexistent/pod.json" };
	FILE *f;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s", dir);
	(void)snprintf(expected, sizeof(expected),
		       "%s: is a directory, not a manifest\n"
		       "/nonexistent/pod.json: No such file or directory\n",
		       dir);
	assert_file_error(files, 2, expected);

	(void)snprintf(path, sizeof(path), "%s/big.yaml", dir);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(ftruncate(fileno(f), (off_t)10 * 1024 * 1024), 0);
	assert_int_equal(fclose(f), 0);
	(void)snprintf(expected, sizeof(expected),
		       "%s: larger than 4 MiB, the most that minipod reads\n", path);
	assert_file_error(files, 1, expected);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void several_files_make_one_manifest(void **unused)
{
	(void)unused;
	const struct mp_manifest_options options = { .wall = TEST_WALL, .seed = &test_seed };
	static const char *const files[] = { MINIPOD_TEST_DATA "/manifests/config.yaml",
					     MINIPOD_TEST_DATA "/manifests/simple.json" };
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(mp_manifest_load(&m, files, 2, &options, NULL), 0);
	assert_int_equal(m.n_pods, 1);
	assert_int_equal(m.objects.n, 2);
	assert_string_equal(m.pods->file, files[1]);
	mp_manifest_done(&m);
}

static void standard_input_is_read_once(void **unused)
{
	(void)unused;
	const struct mp_manifest_options options = { .wall = TEST_WALL, .seed = &test_seed };
	static const char *const files[] = { "-", "-" };
	struct mp_manifest m = { .pods = NULL };
	int saved = dup(STDIN_FILENO);
	int ends[2];

	assert_true(saved >= 0);
	assert_int_equal(pipe(ends), 0);
	assert_true(write(ends[1], POD_SPEC, strlen(POD_SPEC)) == (ssize_t)strlen(POD_SPEC));
	(void)close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	assert_int_equal(mp_manifest_load(&m, files, 2, &options, NULL), -EINVAL);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);
	assert_int_equal(m.n_pods, 1);
	assert_string_equal(m.pods->file, "<stdin>");
	assert_string_equal(joined(&m.errors), "<stdin>: can be read only once; name \"-\" once\n");
	mp_manifest_done(&m);
}

static void control_characters_of_the_manifest_do_not_reach_a_terminal(void **unused)
{
	(void)unused;
	assert_errors("p.json",
		      "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"\\u001b[31m\":1,"
		      "\"metadata\":{\"name\":\"a\"}}",
		      "p.json:1:33: ?[31m: unknown field \"\\x1b[31m\" in Pod\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minimal_pod_is_valid_and_defaulted),
		cmocka_unit_test(uids_are_drawn_when_none_is_given),
		cmocka_unit_test(a_pod_recorded_while_it_was_deleted_is_not_being_deleted),
		cmocka_unit_test(an_unknown_field_is_refused_with_its_position_and_a_suggestion),
		cmocka_unit_test(a_wrong_type_is_named_with_the_right_one),
		cmocka_unit_test(an_env_value_that_is_no_string_gets_the_hint_to_quote_it),
		cmocka_unit_test(numbers_keep_the_range_of_their_field),
		cmocka_unit_test(quantities_are_strings_or_numbers),
		cmocka_unit_test(null_means_absent_everywhere),
		cmocka_unit_test(validation_errors_stand_where_their_field_is),
		cmocka_unit_test(all_errors_come_at_once_in_the_order_of_the_text),
		cmocka_unit_test(a_volume_source_minipod_lacks_is_refused_with_the_way_out),
		cmocka_unit_test(an_empty_list_of_what_minipod_lacks_asks_for_nothing),
		cmocka_unit_test(two_sources_of_a_volume_are_found_in_either_order),
		cmocka_unit_test(ephemeral_containers_cannot_be_created),
		cmocka_unit_test(a_harmless_field_gets_one_note),
		cmocka_unit_test(a_warning_of_the_api_server_is_kept_apart),
		cmocka_unit_test(init_containers_come_first_whatever_the_order_of_the_text),
		cmocka_unit_test(kinds_are_checked_before_anything_in_them),
		cmocka_unit_test(lists_are_taken_apart),
		cmocka_unit_test(a_bad_list_is_refused),
		cmocka_unit_test(a_manifest_without_a_pod_is_said_so),
		cmocka_unit_test(text_that_is_no_document_is_one_sentence),
		cmocka_unit_test(nesting_that_is_too_deep_is_one_sentence),
		cmocka_unit_test(ten_megabytes_are_one_sentence),
		cmocka_unit_test(files_that_cannot_be_read_are_named),
		cmocka_unit_test(several_files_make_one_manifest),
		cmocka_unit_test(standard_input_is_read_once),
		cmocka_unit_test(control_characters_of_the_manifest_do_not_reach_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
