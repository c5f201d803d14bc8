/* SPDX-License-Identifier: Apache-2.0 */
/* A pod written as a core/v1 object reads back as the same pod. */
#include "runtime/pod_json.h"
#include "tests/unit/runtime/manifest_tests.h"

/* Every kind of value a running pod has; valid, so that it goes through the whole of loading. */
static const char pod[] =
	"apiVersion: v1\nkind: Pod\n"
	"metadata:\n  generateName: web-\n  labels: {app: web, tier: front}\n"
	"  annotations: {note: 'a \"quoted\" \xe2\x82\xac'}\n"
	"spec:\n  activeDeadlineSeconds: 100\n  tolerations: [{operator: Exists}]\n"
	"  affinity: {podAffinity: {x: [1, 2.5, null]}}\n"
	"  initContainers:\n  - {name: setup, image: 'busybox:1'}\n"
	"  - {name: side, image: 'busybox:1', restartPolicy: Always}\n"
	"  containers:\n  - name: c\n    image: busybox\n    command: [sh, -c, 'echo $(A)']\n"
	"    args: []\n    env: [{name: A, value: ''}, {name: B, valueFrom: {fieldRef: {fieldPath: "
	"metadata.name}}}]\n"
	"    ports: [{containerPort: 80, name: http}]\n"
	"    resources: {limits: {cpu: 1500u, memory: 1.5Gi}}\n"
	"    readinessProbe: {httpGet: {port: http}}\n"
	"    livenessProbe: {tcpSocket: {port: 80}, terminationGracePeriodSeconds: 3}\n"
	"    startupProbe: {grpc: {port: 80}}\n"
	"    lifecycle: {preStop: {sleep: {seconds: 0}}, postStart: {exec: {command: [a]}}}\n"
	"    securityContext: {runAsUser: 0, privileged: false, capabilities: {drop: [ALL]}}\n"
	"    volumeMounts: [{name: e, mountPath: /e}, {name: none, mountPath: /n, readOnly: true}]\n"
	"  volumes: [{name: e, emptyDir: {sizeLimit: 1e6}}, {name: none},\n"
	"    {name: cm, configMap: {name: x, items: [{key: k, path: p, mode: 0644}]}},\n"
	"    {name: p, projected: {sources: [{downwardAPI: {items: [{path: l, fieldRef: "
	"{fieldPath: metadata.labels}}]}}]}}]\n";

static void load(struct mp_manifest *m, const char *name, const char *text, bool is_restoring)
{
	const struct mp_manifest_options options = {
		.wall = is_restoring ? 1 : TEST_WALL,
		.seed = &test_seed,
		.is_restoring = is_restoring,
	};
	struct mp_error err = MP_ERROR_NONE;

	(void)mp_manifest_load_text(m, name, text, strlen(text), &options, &err);
	assert_string_equal(joined(&m->errors), "");
	assert_int_equal(m->n_pods, 1);
}

static void write_status(struct mp_json *w, const void *arg)
{
	mp_json_object_begin(w);
	mp_json_put_string(w, "phase", arg);
	mp_json_object_end(w);
}

static void assert_round_trip(enum mp_json_style style)
{
	static const struct mp_pod_json_status status = { write_status, "Running" };
	struct mp_manifest first = { .pods = NULL }, second = { .pods = NULL };
	struct mp_json one, two;

	mp_json_init(&one, style);
	mp_json_init(&two, style);
	load(&first, "a.yaml", pod, false);
	mp_pod_json_write(&one, &first.pods->spec, &status);
	load(&second, "b", mp_json_finish(&one, NULL, NULL), true);
	assert_string_equal(joined(&second.notes), "");
	assert_string_equal(second.pods->spec.meta.uid, test_seed.uid);
	assert_true(second.pods->spec.meta.creation_wall == TEST_WALL);
	assert_int_equal(second.pods->spec.qos, first.pods->spec.qos);
	mp_pod_json_write(&two, &second.pods->spec, &status);
	assert_string_equal(mp_json_finish(&two, NULL, NULL), mp_json_finish(&one, NULL, NULL));
	mp_json_done(&one);
	mp_json_done(&two);
	mp_manifest_done(&first);
	mp_manifest_done(&second);
}

static void a_defaulted_pod_survives_writing_and_reading(void **unused)
{
	(void)unused;
	assert_round_trip(MP_JSON_COMPACT);
	assert_round_trip(MP_JSON_INDENTED);
	assert_round_trip(MP_JSON_YAML);
}

static void a_pod_is_written_in_the_order_of_kubectl(void **unused)
{
	(void)unused;
	static const struct mp_pod_json_status status = { write_status, "Pending" };
	static const char text[] = POD_SPEC "    resources: {limits: {cpu: 0.5}}\n";
	struct mp_manifest m = { .pods = NULL };
	struct mp_json w;

	load(&m, "a.yaml", text, false);
	mp_json_init(&w, MP_JSON_YAML);
	mp_pod_json_write(&w, &m.pods->spec, &status);
	assert_string_equal(mp_json_finish(&w, NULL, NULL),
			    "apiVersion: v1\n"
			    "kind: Pod\n"
			    "metadata:\n"
			    "  creationTimestamp: \"2024-01-02T03:04:05Z\"\n"
			    "  generation: 1\n"
			    "  name: a\n"
			    "  namespace: default\n"
			    "  uid: 11111111-2222-4333-8444-555555555555\n"
			    "spec:\n"
			    "  containers:\n"
			    "  - image: busybox:1\n"
			    "    imagePullPolicy: IfNotPresent\n"
			    "    name: c\n"
			    "    resources:\n"
			    "      limits:\n"
			    "        cpu: 500m\n"
			    "      requests:\n"
			    "        cpu: 500m\n"
			    "    terminationMessagePath: /dev/termination-log\n"
			    "    terminationMessagePolicy: File\n"
			    "  dnsPolicy: ClusterFirst\n"
			    "  enableServiceLinks: true\n"
			    "  restartPolicy: Always\n"
			    "  schedulerName: default-scheduler\n"
			    "  securityContext: {}\n"
			    "  terminationGracePeriodSeconds: 30\n"
			    "status:\n"
			    "  phase: Pending\n");
	mp_json_done(&w);
	mp_manifest_done(&m);
}

static void what_a_restored_pod_could_not_use_is_not_refused_again(void **unused)
{
	(void)unused;
	const struct mp_manifest_options options = { .wall = 1, .is_restoring = true };
	static const char text[] = POD_SPEC "  hostUsers: false\n";
	struct mp_manifest m = { .pods = NULL };

	assert_int_equal(
		mp_manifest_load_text(&m, "pod.json.yaml", text, strlen(text), &options, NULL), 0);
	mp_manifest_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_defaulted_pod_survives_writing_and_reading),
		cmocka_unit_test(a_pod_is_written_in_the_order_of_kubectl),
		cmocka_unit_test(what_a_restored_pod_could_not_use_is_not_refused_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
