/* SPDX-License-Identifier: Apache-2.0 */
/* A container's environment, from manifests: layers, references, expansion, Services. */
#include "runtime/env.h"

#include "runtime/base/auto.h"
#include "tests/unit/runtime/manifest_tests.h"

#define CONFIG                                                                                        \
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"                                \
	"data: {one: '1', two: $(one)}\nbinaryData: {bin: AAEC}\n"                                    \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"                                    \
	"stringData: {word: open}\ndata: {bytes: YQBi}\n"                                             \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: foo-bar}\n"                             \
	"spec: {clusterIP: 10.0.0.9, ports: [{name: web-ui, port: 80}, {port: 53, protocol: UDP}]}\n" \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: headless}\n"                            \
	"spec: {clusterIP: None, ports: [{port: 80}]}\n"                                              \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: kubernetes}\n"                          \
	"spec: {clusterIP: 10.0.0.1, ports: [{port: 443}]}\n"                                         \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: fooservice}\n"                          \
	"spec: {ports: [{port: 8765, targetPort: 8080}], selector: {name: x}}\n"                      \
	"---\napiVersion: v1\nkind: Service\nmetadata: {name: elsewhere}\n"                           \
	"spec: {type: ExternalName, externalName: example.org, ports: [{port: 80}]}\n"

static const struct mp_node_facts node = { .node_name = "n1",
					   .host_ip = "192.0.2.1",
					   .host_ip6 = "2001:db8::1",
					   .cpu_milli = 2500,
					   .memory_bytes = 1000,
					   .ephemeral_bytes = 77 };

static int read_file(const void *ctx, const char *volume, const char *path, struct mp_arena *arena,
		     char **ret_text, size_t *ret_len)
{
	(void)ctx;
	if (strcmp(volume, "v") != 0)
		return -ENOENT;
	if (strcmp(path, "f.env") != 0)
		return -EINVAL;
	*ret_text = mp_arena_strdup(arena, "A='from file'\nE=''\n");
	*ret_len = strlen(*ret_text);
	return 0;
}

struct env_test {
	struct mp_manifest m;
	struct mp_arena arena;
	struct mp_env env;
	struct mp_error err;
	int r;
};

/* The environment of the pod whose container goes on with @lines, beside CONFIG. */
static void build(struct env_test *t, const char *head, const char *lines)
{
	static const char *const image_env[] = { "PATH=/image", "IMG=i", "one=image", NULL };
	static char text[8192];
	const struct mp_env_facts facts = { .node = &node,
					    .objects = &t->m.objects,
					    .pod_ip = "10.88.0.5",
					    .pod_ip6 = "",
					    .hostname = "a",
					    .image_env = image_env,
					    .read_file = read_file };

	(void)snprintf(text, sizeof(text),
		       POD_HEAD "%sspec:\n  volumes: [{name: v}]\n  containers:\n  - name: c\n"
				"    image: busybox:1\n%s" CONFIG,
		       head, lines);
	*t = (struct env_test){ .r = 0 };
	if (load_as(&t->m, "p.yaml", text, strlen(text)) != 0)
		fail_msg("%s%s", joined(&t->m.errors), text);
	t->r = mp_env_build(&t->m.pods->spec, 0, &facts, &t->arena, &t->env, &t->err);
}

static void done(struct env_test *t)
{
	mp_arena_done(&t->arena);
	mp_manifest_done(&t->m);
}

static void expect(const struct env_test *t, const char *name, const char *value)
{
	const char *got = mp_env_get(&t->env, name);

	if (t->r < 0)
		fail_msg("%s", t->err.msg);
	if (!value && got)
		fail_msg("%s is set: %s", name, got);
	if (value && (!got || strcmp(got, value) != 0))
		fail_msg("%s is %s, not %s", name, got ? got : "unset", value);
}

static void later_layers_win(void **unused)
{
	(void)unused;
	struct env_test t;

	build(&t, "",
	      "    envFrom: [{configMapRef: {name: cm}}, {prefix: p., secretRef: {name: s}}]\n"
	      "    env: [{name: two, value: own}]\n");
	/* The Secret has bytes that no variable can hold. */
	assert_int_equal(t.r, -EINVAL);
	assert_string_equal(t.err.msg, "environment variable p.bytes: the value has a NUL byte; "
				       "mount it as a file instead");
	done(&t);

	build(&t, "",
	      "    envFrom: [{configMapRef: {name: cm}}, {prefix: p., configMapRef: {name: cm}}]\n"
	      "    env: [{name: two, value: own}]\n");
	expect(&t, "PATH", "/image");
	expect(&t, "HOSTNAME", "a");
	expect(&t, "IMG", "i");
	expect(&t, "one", "1");
	expect(&t, "two", "own");
	expect(&t, "p.two", "$(one)"); /* no expansion */
	expect(&t, "bin", NULL);       /* binaryData is for volumes */
	done(&t);
}

static void only_what_is_defined_before_is_expanded(void **unused)
{
	(void)unused;
	struct env_test t;

	build(&t, "",
	      "    envFrom: [{configMapRef: {name: cm}}]\n"
	      "    env:\n"
	      "    - {name: A, value: '$(one) $(B) $$(one) $(FOO_BAR_SERVICE_HOST) $(PATH)'}\n"
	      "    - {name: B, value: '2'}\n"
	      "    - {name: A, value: '<$(A)$(B)>'}\n"
	      "    - {name: C}\n"
	      "    - {name: D, valueFrom: {configMapKeyRef: {name: cm, key: two}}}\n");
	expect(&t, "A", "<1 $(B) $(one) 10.0.0.9 $(PATH)2>");
	expect(&t, "C", "");
	expect(&t, "D", "$(one)");
	done(&t);
}

static void references_say_what_is_missing(void **unused)
{
	(void)unused;
	static const struct {
		const char *ref, *message;
	} refs[] = {
		{ "configMapKeyRef: {name: cm, key: k}",
		  "couldn't find key k in ConfigMap default/cm" },
		{ "configMapKeyRef: {name: cm, key: bin}",
		  "couldn't find key bin in ConfigMap default/cm" },
		{ "configMapKeyRef: {name: none, key: k}", "configmap \"none\" not found" },
		{ "secretKeyRef: {name: s, key: k}", "couldn't find key k in Secret default/s" },
		{ "secretKeyRef: {name: none, key: k}", "secret \"none\" not found" },
		{ "fileKeyRef: {volumeName: v, path: f.env, key: B}",
		  "environment variable key \"B\" not found in file \"f.env\"" },
		{ "fileKeyRef: {volumeName: v, path: f.env, key: E}",
		  "environment variable key \"E\" not found in file \"f.env\"" },
		{ "fileKeyRef: {volumeName: v, path: no.env, key: A}", "couldn't parse env file" },
	};
	struct env_test t;
	char lines[256];

	for (size_t i = 0; i < MP_ARRAY_SIZE(refs); i++) {
		(void)snprintf(lines, sizeof(lines), "    env: [{name: A, valueFrom: {%s}}]\n",
			       refs[i].ref);
		build(&t, "", lines);
		assert_int_equal(t.r, -EINVAL);
		assert_string_equal(t.err.msg, refs[i].message);
		done(&t);
		if (strstr(refs[i].ref, "no.env"))
			continue; /* a bad file is an error for an optional key, too */
		(void)snprintf(lines, sizeof(lines),
			       "    env: [{name: A, valueFrom: {%.*s, optional: true}}}]\n",
			       (int)strlen(refs[i].ref) - 1, refs[i].ref);
		build(&t, "", lines);
		expect(&t, "A", NULL);
		done(&t);
	}
	build(&t, "",
	      "    env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: f.env, "
	      "key: A}}}]\n");
	expect(&t, "A", "from file");
	done(&t);
	build(&t, "", "    envFrom: [{configMapRef: {name: none}}]\n");
	assert_string_equal(t.err.msg, "configmap \"none\" not found");
	done(&t);
	build(&t, "", "    envFrom: [{secretRef: {name: none, optional: true}}]\n");
	assert_int_equal(t.r, 0);
	done(&t);
}

static void fields_and_resources_have_their_values(void **unused)
{
	(void)unused;
	static const struct {
		const char *ref, *value;
	} refs[] = {
		{ "fieldRef: {fieldPath: metadata.name}", "a" },
		{ "fieldRef: {fieldPath: metadata.namespace}", "default" },
		{ "fieldRef: {fieldPath: metadata.uid}", "11111111-2222-4333-8444-555555555555" },
		{ "fieldRef: {fieldPath: 'metadata.labels[''x/y'']'}", "L" },
		{ "fieldRef: {fieldPath: 'metadata.labels[''no'']'}", "" },
		{ "fieldRef: {fieldPath: 'metadata.annotations[''note'']'}", "two\nlines" },
		{ "fieldRef: {fieldPath: spec.nodeName}", "n1" },
		{ "fieldRef: {fieldPath: spec.serviceAccountName}", "default" },
		{ "fieldRef: {fieldPath: status.hostIP}", "192.0.2.1" },
		{ "fieldRef: {fieldPath: status.hostIPs}", "192.0.2.1,2001:db8::1" },
		{ "fieldRef: {fieldPath: status.podIP}", "10.88.0.5" },
		{ "fieldRef: {fieldPath: status.podIPs}", "10.88.0.5" },
		{ "resourceFieldRef: {resource: limits.cpu}", "2" },
		{ "resourceFieldRef: {resource: limits.cpu, divisor: 1m}", "1250" },
		{ "resourceFieldRef: {resource: requests.cpu, divisor: 0}", "2" },
		{ "resourceFieldRef: {resource: requests.memory}", "67108864" },
		{ "resourceFieldRef: {resource: requests.memory, divisor: 1Mi}", "64" },
		{ "resourceFieldRef: {resource: requests.memory, divisor: 1M}", "68" },
		{ "resourceFieldRef: {resource: limits.memory}", "1000" },
		{ "resourceFieldRef: {resource: limits.ephemeral-storage}", "77" },
		{ "resourceFieldRef: {resource: requests.ephemeral-storage}", "0" },
		{ "resourceFieldRef: {resource: limits.memory, containerName: c}", "1000" },
	};
	struct env_test t;
	char lines[512];

	for (size_t i = 0; i < MP_ARRAY_SIZE(refs); i++) {
		(void)snprintf(lines, sizeof(lines),
			       "    resources: {limits: {cpu: 1250m}, requests: {memory: 64Mi}}\n"
			       "    env: [{name: A, valueFrom: {%s}}]\n",
			       refs[i].ref);
		build(&t, "  labels: {x/y: L}\n  annotations: {note: \"two\\nlines\"}\n", lines);
		expect(&t, "A", refs[i].value);
		done(&t);
	}
}

static void services_have_their_variables(void **unused)
{
	(void)unused;
	struct env_test t;

	build(&t, "", "    env: [{name: FOO_BAR_PORT, value: mine}]\n");
	expect(&t, "FOO_BAR_SERVICE_HOST", "10.0.0.9");
	expect(&t, "FOO_BAR_SERVICE_PORT", "80");
	expect(&t, "FOO_BAR_SERVICE_PORT_WEB_UI", "80");
	expect(&t, "FOO_BAR_PORT", "mine");
	expect(&t, "FOO_BAR_PORT_80_TCP", "tcp://10.0.0.9:80");
	expect(&t, "FOO_BAR_PORT_80_TCP_PROTO", "tcp");
	expect(&t, "FOO_BAR_PORT_80_TCP_PORT", "80");
	expect(&t, "FOO_BAR_PORT_80_TCP_ADDR", "10.0.0.9");
	expect(&t, "FOO_BAR_PORT_53_UDP", "udp://10.0.0.9:53");
	expect(&t, "KUBERNETES_SERVICE_HOST", "10.0.0.1");
	expect(&t, "HEADLESS_SERVICE_HOST", NULL);
	done(&t);

	build(&t, "", "  enableServiceLinks: false\n");
	expect(&t, "FOO_BAR_SERVICE_HOST", NULL);
	expect(&t, "KUBERNETES_PORT", "tcp://10.0.0.1:443");
	done(&t);

	build(&t, "  namespace: other\n", "");
	expect(&t, "FOO_BAR_SERVICE_HOST", NULL);
	expect(&t, "KUBERNETES_SERVICE_PORT", "443");
	done(&t);
}

/* "should contain environment variables for services" of the node tests names no address. */
static void a_service_without_an_address_is_given_one_of_its_own(void **unused)
{
	(void)unused;
	struct env_test t;
	const char *host;

	build(&t, "", "");
	host = mp_env_get(&t.env, "FOOSERVICE_SERVICE_HOST");
	assert_non_null(host);
	assert_true(mp_starts_with(host, "10."));
	expect(&t, "FOOSERVICE_SERVICE_PORT", "8765");
	expect(&t, "FOOSERVICE_PORT_8765_TCP_PROTO", "tcp");
	expect(&t, "FOOSERVICE_PORT_8765_TCP_ADDR", host);
	expect(&t, "ELSEWHERE_SERVICE_HOST", NULL);
	done(&t);
}

static void a_terminal_sets_term(void **unused)
{
	(void)unused;
	struct env_test t;

	build(&t, "", "    tty: true\n");
	expect(&t, "TERM", "xterm");
	done(&t);
	build(&t, "", "");
	expect(&t, "TERM", NULL);
	done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_layers_win),
		cmocka_unit_test(only_what_is_defined_before_is_expanded),
		cmocka_unit_test(references_say_what_is_missing),
		cmocka_unit_test(fields_and_resources_have_their_values),
		cmocka_unit_test(services_have_their_variables),
		cmocka_unit_test(a_service_without_an_address_is_given_one_of_its_own),
		cmocka_unit_test(a_terminal_sets_term),
	};

	return cmocka_run_group_tests_name("env", tests, NULL, NULL);
}
