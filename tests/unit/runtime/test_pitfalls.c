/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where implementations usually go wrong: points of appendix C of the pod-semantics reference that
 * concern what becomes of a manifest. docs/vectors.md lists where the others are.
 */
#include "lifecycle/statuses.h"
#include "runtime/assemble.h"
#include "runtime/base/auto.h"
#include "runtime/env.h"
#include "runtime/status_json.h"
#include "tests/unit/runtime/manifest_tests.h"

static struct mp_manifest m;
static struct mp_arena arena;

static const struct mp_pod_spec *load_pod(const char *spec)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text), POD_HEAD "spec:\n%s", spec);
	if (load_as(&m, "p.yaml", text, strlen(text)) != 0)
		fail_msg("%s%s", joined(&m.errors), text);
	return &m.pods->spec;
}

static int done(void **unused)
{
	(void)unused;
	mp_arena_done(&arena);
	mp_manifest_done(&m);
	m = (struct mp_manifest){ .n_pods = 0 };
	return 0;
}

/* The words of container @index with entrypoint "entry" and cmd "cmd" in its image. */
static const char *words(const struct mp_pod_spec *spec, size_t index)
{
	static const char *const entry[] = { "entry" }, *const cmd[] = { "cmd" };
	const struct mp_strings entrypoint = { entry, 1, true }, arguments = { cmd, 1, true };
	static const struct mp_env none;
	static char text[256];
	struct mp_buf buf = MP_BUF(text);
	struct mp_error err = MP_ERROR_NONE;
	char **argv = NULL;

	text[0] = '\0';
	assert_int_equal(mp_argv_build(&spec->containers[index], &entrypoint, &arguments, &none,
				       &arena, &argv, &err),
			 0);
	for (size_t i = 0; argv[i]; i++)
		mp_buf_addf(&buf, i > 0 ? " %s" : "%s", argv[i]);
	return text;
}

static void c14_command_without_args_drops_the_images_cmd(void **unused)
{
	const struct mp_pod_spec *spec =
		load_pod("  containers:\n"
			 "  - {name: a, image: b:1}\n"
			 "  - {name: b, image: b:1, command: [run]}\n"
			 "  - {name: c, image: b:1, args: [x]}\n"
			 "  - {name: d, image: b:1, command: [run], args: [x]}\n");

	(void)unused;
	assert_string_equal(words(spec, 0), "entry cmd");
	assert_string_equal(words(spec, 1), "run");
	assert_string_equal(words(spec, 2), "entry x");
	assert_string_equal(words(spec, 3), "run x");
}

static void c14_statuses_are_sorted_by_name_and_those_of_init_containers_are_not(void **unused)
{
	const struct mp_pod_spec *spec = load_pod("  initContainers:\n"
						  "  - {name: i2, image: b:1}\n"
						  "  - {name: i1, image: b:1}\n"
						  "  containers:\n"
						  "  - {name: c2, image: b:1}\n"
						  "  - {name: c1, image: b:1}\n");
	static struct mp_container_status statuses[4];
	static struct mp_pod_status status;
	const struct mp_status_json json = { .spec = spec, .status = &status, .host_ip = "" };
	const char *text, *at[4];
	struct mp_json w;

	(void)unused;
	for (size_t i = 0; i < 4; i++)
		statuses[i].is_present = true;
	status.containers = statuses;
	status.n_containers = 4;
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_status_json_write(&w, &json);
	text = mp_json_finish(&w, NULL, NULL);
	assert_non_null(text);
	at[0] = strstr(text, "\"name\":\"i2\"");
	at[1] = strstr(text, "\"name\":\"i1\"");
	at[2] = strstr(text, "\"name\":\"c2\"");
	at[3] = strstr(text, "\"name\":\"c1\"");
	for (size_t i = 0; i < 4; i++)
		assert_non_null(at[i]);
	assert_true(at[0] < at[1]);
	assert_true(at[3] < at[2]);
	mp_json_done(&w);
}

static void c15_an_init_container_without_limits_makes_a_pod_burstable(void **unused)
{
	static const char limited[] = "resources: {limits: {cpu: 1, memory: 1Gi}}";
	static char text[512];

	(void)unused;
	(void)snprintf(text, sizeof(text), "  containers:\n  - {name: c, image: b:1, %s}\n",
		       limited);
	assert_int_equal(load_pod(text)->qos, MP_QOS_GUARANTEED); /* requests come from limits */
	(void)done(NULL);
	(void)snprintf(text, sizeof(text),
		       "  initContainers:\n  - {name: i, image: b:1}\n"
		       "  containers:\n  - {name: c, image: b:1, %s}\n",
		       limited);
	assert_int_equal(load_pod(text)->qos, MP_QOS_BURSTABLE);
}

static void c15_a_pod_limit_needs_that_limit_in_every_container(void **unused)
{
	struct mp_cgroup_limits limits;

	(void)unused;
	limits = mp_assemble_pod_limits(load_pod(
		"  containers:\n"
		"  - {name: a, image: b:1, resources: {limits: {cpu: 500m, memory: 1Gi}}}\n"
		"  - {name: b, image: b:1, resources: {limits: {memory: 1Gi}}}\n"));
	assert_int_equal(limits.memory_max_bytes, UINT64_C(2) << 30);
	assert_int_equal(limits.cpu_limit_milli, 0);
	(void)done(NULL);
	limits = mp_assemble_pod_limits(
		load_pod("  containers:\n"
			 "  - {name: a, image: b:1, resources: {limits: {cpu: 500m}}}\n"
			 "  - {name: b, image: b:1, resources: {limits: {cpu: 1.5001}}}\n"));
	assert_int_equal(limits.memory_max_bytes, 0);
	assert_int_equal(limits.cpu_limit_milli, 2001); /* quantities round up */
}

static void c18_validation_collects_all_errors(void **unused)
{
	(void)unused;
	assert_errors(
		"p",
		POD_HEAD "spec:\n"
			 "  activeDeadlineSeconds: 0\n"
			 "  containers:\n"
			 "  - name: a\n"
			 "    image: b:1\n"
			 "    livenessProbe: {exec: {command: [x]}, successThreshold: 2}\n"
			 "    volumeMounts: [{name: v, mountPath: /x, subPath: ../up}]\n"
			 "    envFrom: [{}]\n"
			 "  - {name: a, image: b:1}\n"
			 "  volumes: [{name: v, emptyDir: {}}]\n",
		"p:12:14: spec.containers[0].envFrom: Invalid value: \"\": must specify one of: "
		"`configMapRef` or `secretRef`\n"
		"p:11:19: spec.containers[0].volumeMounts.subPath: Invalid value: \"../up\": must "
		"not contain '..'\n"
		"p:10:61: spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: "
		"must be 1\n"
		"p:13:12: spec.containers[1].name: Duplicate value: \"a\"\n"
		"p:6:26: spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and "
		"2147483647, inclusive\n");
}

#define TEST(name) cmocka_unit_test_teardown(name, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(c14_command_without_args_drops_the_images_cmd),
		TEST(c14_statuses_are_sorted_by_name_and_those_of_init_containers_are_not),
		TEST(c15_an_init_container_without_limits_makes_a_pod_burstable),
		TEST(c15_a_pod_limit_needs_that_limit_in_every_container),
		TEST(c18_validation_collects_all_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
