/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field is decoded into its own member, and written back as it was. One manifest holds all
 * fields, with values that differ from one another.
 */
#include "runtime/pod_json.h"
#include "tests/unit/runtime/all_fields.h"

#define TEXT(actual, expected)                        \
	do {                                          \
		const char *text_ = (actual);         \
		assert_non_null(text_);               \
		assert_string_equal(text_, expected); \
	} while (0)
#define OPT(actual, expected)                            \
	do {                                             \
		const struct mp_opt_int opt_ = (actual); \
		assert_true(opt_.is_set);                \
		assert_int_equal(opt_.v, expected);      \
	} while (0)
#define QUANTITY(actual, expected)                                          \
	do {                                                                \
		char buf_[MP_QUANTITY_TEXT_MAX];                            \
		const struct mp_quantity q_ = (actual);                     \
		assert_true(q_.is_set);                                     \
		assert_string_equal(mp_quantity_text(&q_, buf_), expected); \
	} while (0)

static void assert_raw(const struct mp_raw_list *raw, const char *name, const char *json)
{
	for (size_t i = 0; i < raw->n; i++)
		if (mp_streq(raw->fields[i].name, name)) {
			assert_string_equal(raw->fields[i].json, json);
			return;
		}
	fail_msg("%s was not kept", name);
}

static void metadata_is_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_object_meta *meta = &a.spec.meta;

	TEXT(meta->name, "all");
	TEXT(meta->generate_name, "gen-");
	TEXT(meta->namespace_, "ns");
	TEXT(meta->uid, "11111111-2222-4333-8444-555555555555");
	assert_true(meta->creation_wall == TEST_WALL);
	assert_int_equal(meta->generation, 3);
	assert_int_equal(meta->n_labels, 2);
	TEXT(meta->labels[0].key, "app");
	TEXT(meta->labels[0].value, "web");
	TEXT(meta->labels[1].key, "tier");
	assert_int_equal(meta->n_annotations, 1);
	TEXT(meta->annotations[0].key, "note/a");
	TEXT(meta->annotations[0].value, "b");
	assert_int_equal(meta->raw.n, 7);
	assert_raw(&meta->raw, "deletionGracePeriodSeconds", "7");
	assert_raw(&meta->raw, "deletionTimestamp", "\"2024-01-02T03:04:06Z\"");
	assert_raw(&meta->raw, "finalizers", "[\"f\"]");
	assert_raw(&meta->raw, "managedFields", "[{\"manager\":\"m\"}]");
	assert_raw(&meta->raw, "resourceVersion", "\"12\"");
	assert_raw(&meta->raw, "selfLink", "\"/x\"");
	assert_raw(&meta->raw, "ownerReferences",
		   "[{\"apiVersion\":\"v1\",\"kind\":\"X\",\"name\":\"o\",\"uid\":\"u\"}]");
	done_all(&a);
}

static void the_pod_spec_is_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_pod_spec *s = &a.spec;

	OPT(s->active_deadline_s, 600);
	OPT(s->grace_s, 25);
	assert_int_equal(s->restart, MP_RESTART_NEVER);
	TEXT(s->restart_text, "Never");
	TEXT(s->dns_policy, "None");
	assert_true(s->dns.is_set);
	assert_int_equal(s->dns.nameservers.n, 1);
	TEXT(s->dns.nameservers.items[0], "192.0.2.1");
	TEXT(s->dns.searches.items[0], "a.example");
	assert_int_equal(s->dns.n_options, 2);
	TEXT(s->dns.options[0].name, "ndots");
	TEXT(s->dns.options[0].value, "2");
	assert_null(s->dns.options[1].value);
	TEXT(s->hostname, "hn");
	TEXT(s->subdomain, "sub");
	TEXT(s->hostname_override, "ho");
	assert_true(s->set_hostname_as_fqdn);
	assert_int_equal(s->n_host_aliases, 1);
	TEXT(s->host_aliases[0].ip, "192.0.2.9");
	assert_int_equal(s->host_aliases[0].hostnames.n, 2);
	TEXT(s->host_aliases[0].hostnames.items[1], "h2");
	assert_true(s->host_network && s->host_pid && s->host_ipc);
	assert_int_equal(s->host_users, MP_FALSE);
	assert_int_equal(s->share_process_namespace, MP_TRUE);
	assert_int_equal(s->enable_service_links, MP_FALSE);
	assert_int_equal(s->n_readiness_gates, 2);
	TEXT(s->readiness_gates[0], "example.com/a");
	TEXT(s->readiness_gates[1], "example.com/b");
	assert_true(s->resources.is_set);
	assert_int_equal(s->resources.limits.n, 1);
	QUANTITY(s->resources.limits.items[0].quantity, "1Gi");
	QUANTITY(s->resources.requests.items[0].quantity, "512Mi");
	TEXT(s->overhead.items[0].name, "cpu");
	QUANTITY(s->overhead.items[0].quantity, "10m");
	assert_true(s->has_os);
	TEXT(s->os_name, "linux");
	TEXT(s->node_name, "node");
	TEXT(s->service_account, "sa");
	TEXT(s->scheduler_name, "sched");
	TEXT(s->priority_class, "pc");
	TEXT(s->runtime_class, "rc");
	OPT(s->priority, 5);
	assert_false(s->has_ephemeral);
	assert_raw(&s->raw, "affinity", "{\"podAffinity\":{}}");
	assert_raw(&s->raw, "automountServiceAccountToken", "false");
	assert_raw(&s->raw, "imagePullSecrets", "[{\"name\":\"ips\"}]");
	assert_raw(&s->raw, "nodeSelector", "{\"disk\":\"ssd\"}");
	assert_raw(&s->raw, "preemptionPolicy", "\"Never\"");
	assert_raw(&s->raw, "schedulingGroup", "{\"podGroupName\":\"g\"}");
	assert_raw(&s->raw, "tolerations", "[{\"operator\":\"Exists\"}]");
	assert_raw(&s->raw, "topologySpreadConstraints", "[{\"maxSkew\":1}]");
	done_all(&a);
}

static void the_pod_security_context_is_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_pod_security *s = &a.spec.security;

	assert_true(s->is_set);
	OPT(s->run_as_user, 2001);
	OPT(s->run_as_group, 2002);
	OPT(s->fs_group, 2003);
	assert_int_equal(s->run_as_non_root, MP_FALSE);
	TEXT(s->fs_group_change_policy, "OnRootMismatch");
	TEXT(s->supplemental_groups_policy, "Strict");
	assert_int_equal(s->n_supplemental_groups, 2);
	assert_int_equal(s->supplemental_groups[0], 2004);
	assert_int_equal(s->supplemental_groups[1], 2005);
	assert_int_equal(s->n_sysctls, 1);
	TEXT(s->sysctls[0].key, "net.a");
	TEXT(s->sysctls[0].value, "1");
	assert_true(s->seccomp.is_set && s->apparmor.is_set && s->selinux.is_set);
	TEXT(s->seccomp.type, "Localhost");
	TEXT(s->seccomp.localhost, "psc");
	TEXT(s->apparmor.type, "Localhost");
	TEXT(s->apparmor.localhost, "paa");
	TEXT(s->selinux.user, "u9");
	TEXT(s->selinux.role, "r9");
	TEXT(s->selinux.type, "t9");
	TEXT(s->selinux.level, "s9");
	assert_raw(&s->raw, "seLinuxChangePolicy", "\"Recursive\"");
	assert_raw(&s->raw, "windowsOptions", "{\"runAsUserName\":\"w\"}");
	done_all(&a);
}

static void a_container_is_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	assert_int_equal(a.spec.n_init, 2);
	assert_int_equal(a.spec.n_main, 2);
	TEXT(a.spec.containers[0].name, "setup");
	assert_int_equal(a.spec.containers[1].kind, MP_KIND_SIDECAR);
	TEXT(a.spec.containers[3].name, "second");
	const struct mp_container_spec *c = &a.spec.containers[2];

	TEXT(c->name, "web");
	TEXT(c->image, "registry.example/web:1");
	TEXT(c->pull_policy, "Never");
	assert_int_equal(c->command.n, 1);
	TEXT(c->command.items[0], "cmd0");
	assert_int_equal(c->args.n, 2);
	TEXT(c->args.items[1], "arg1");
	TEXT(c->working_dir, "/work");
	assert_int_equal(c->n_ports, 1);
	TEXT(c->ports[0].name, "http");
	assert_int_equal(c->ports[0].container_port, 8080);
	assert_int_equal(c->ports[0].host_port, 18080);
	TEXT(c->ports[0].protocol, "UDP");
	TEXT(c->ports[0].host_ip, "127.0.0.2");
	assert_true(c->resources.is_set);
	assert_int_equal(c->resources.limits.n, 2);
	TEXT(c->resources.limits.items[1].name, "memory");
	QUANTITY(c->resources.limits.items[1].quantity, "64Mi");
	assert_int_equal(c->resources.requests.n, 1);
	QUANTITY(c->resources.requests.items[0].quantity, "250m");
	assert_int_equal(c->n_mounts, 1);
	TEXT(c->mounts[0].name, "v-empty");
	TEXT(c->mounts[0].mount_path, "/m1");
	TEXT(c->mounts[0].sub_path, "s1");
	TEXT(c->mounts[0].sub_path_expr, "$(S)");
	assert_true(c->mounts[0].read_only);
	TEXT(c->mounts[0].recursive_read_only, "Enabled");
	TEXT(c->mounts[0].propagation, "HostToContainer");
	TEXT(c->termination_path, "/tmp/msg");
	TEXT(c->termination_policy, "FallbackToLogsOnError");
	assert_int_equal(c->restart, MP_RESTART_ON_FAILURE);
	TEXT(c->restart_text, "OnFailure");
	assert_int_equal(c->n_rules, 2);
	assert_int_equal(c->rules[0].action, MP_RULE_RESTART);
	assert_true(c->rules[0].has_exit_codes);
	assert_int_equal(c->rules[0].operator_, MP_OPERATOR_IN);
	assert_int_equal(c->rules[0].n_values, 2);
	assert_int_equal(c->rules[0].values[1], 43);
	assert_int_equal(c->rules[1].action, MP_RULE_RESTART_ALL);
	TEXT(c->rules[1].action_text, "RestartAllContainers");
	assert_int_equal(c->rules[1].operator_, MP_OPERATOR_NOT_IN);
	TEXT(c->rules[1].operator_text, "NotIn");
	assert_true(c->stdin_ && c->stdin_once && c->tty);
	assert_raw(&c->raw, "resizePolicy",
		   "[{\"resourceName\":\"cpu\",\"restartPolicy\":\"NotRequired\"}]");
	done_all(&a);
}

static void the_environment_is_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_container_spec *c = &a.spec.containers[2];
	const struct mp_env_var *from = &c->env[2];

	assert_int_equal(c->n_env, 3);
	TEXT(c->env[0].name, "PLAIN");
	TEXT(c->env[0].value, "x");
	assert_false(c->env[0].has_value_from);
	TEXT(c->env[1].value, "");
	assert_null(from->value);
	assert_true(from->has_value_from);
	assert_true(from->field.is_set && from->resource.is_set && from->config_map.is_set &&
		    from->secret.is_set && from->file.is_set);
	TEXT(from->field.api_version, "v1");
	TEXT(from->field.path, "metadata.name");
	TEXT(from->resource.container, "rc");
	TEXT(from->resource.resource, "limits.memory");
	QUANTITY(from->resource.divisor, "1Mi");
	TEXT(from->config_map.name, "cmn");
	TEXT(from->config_map.key, "cmk");
	assert_true(from->config_map.is_optional);
	TEXT(from->secret.name, "sn");
	TEXT(from->secret.key, "sk");
	assert_true(from->secret.is_optional);
	TEXT(from->file.volume, "fv");
	TEXT(from->file.path, "fp");
	TEXT(from->file.key, "fk");
	assert_true(from->file.is_optional);
	assert_int_equal(c->n_env_from, 2);
	TEXT(c->env_from[0].prefix, "P_");
	TEXT(c->env_from[0].config_map, "efc");
	assert_true(c->env_from[0].has_config_map && c->env_from[0].is_optional);
	assert_false(c->env_from[0].has_secret);
	TEXT(c->env_from[1].secret, "efs");
	assert_true(c->env_from[1].has_secret && c->env_from[1].is_optional);
	assert_null(c->env_from[1].prefix);
	done_all(&a);
}

static void assert_probe(const struct mp_probe_spec *p, int n, const char *kind)
{
	char text[64];

	assert_true(p->is_set);
	assert_int_equal(p->initial_delay_s, n + 1);
	assert_int_equal(p->timeout_s, n + 2);
	assert_int_equal(p->period_s, n + 3);
	assert_int_equal(p->success_threshold, n + 4);
	assert_int_equal(p->failure_threshold, n + 5);
	OPT(p->grace_s, n + 8);
	assert_true(p->handler.has_exec && p->handler.has_http_get && p->handler.has_tcp_socket &&
		    p->handler.has_grpc);
	assert_false(p->handler.has_sleep);
	OPT(p->handler.grpc.port, n + 6);
	(void)snprintf(text, sizeof(text), "%s-svc", kind);
	TEXT(p->handler.grpc.service, text);
	assert_int_equal(p->handler.exec.command.n, 2);
	(void)snprintf(text, sizeof(text), "%s-cmd", kind);
	TEXT(p->handler.exec.command.items[0], text);
	(void)snprintf(text, sizeof(text), "/%s", kind);
	TEXT(p->handler.http_get.path, text);
	(void)snprintf(text, sizeof(text), "%s-host", kind);
	TEXT(p->handler.http_get.host, text);
	(void)snprintf(text, sizeof(text), "%s-port", kind);
	TEXT(p->handler.http_get.port.name, text);
	assert_true(p->handler.http_get.port.is_set);
	assert_int_equal(p->handler.http_get.scheme, MP_SCHEME_HTTPS);
	TEXT(p->handler.http_get.scheme_text, "HTTPS");
	assert_int_equal(p->handler.http_get.n_headers, 1);
	TEXT(p->handler.http_get.headers[0].name, "H");
	(void)snprintf(text, sizeof(text), "%s-hv", kind);
	TEXT(p->handler.http_get.headers[0].value, text);
	(void)snprintf(text, sizeof(text), "%s-tcp", kind);
	TEXT(p->handler.tcp_socket.host, text);
	assert_null(p->handler.tcp_socket.port.name);
	assert_int_equal(p->handler.tcp_socket.port.number, n + 7);
}

static void assert_hook(const struct mp_handler *h, int n, const char *kind)
{
	char text[64];

	assert_true(h->has_exec && h->has_http_get && h->has_tcp_socket && h->has_sleep);
	assert_false(h->has_grpc);
	(void)snprintf(text, sizeof(text), "%s-cmd", kind);
	TEXT(h->exec.command.items[0], text);
	assert_int_equal(h->http_get.port.number, n);
	assert_int_equal(h->http_get.scheme, MP_SCHEME_HTTP);
	assert_int_equal(h->sleep.seconds, n + 1);
	(void)snprintf(text, sizeof(text), "%s-port", kind);
	TEXT(h->tcp_socket.port.name, text);
}

static void probes_and_hooks_are_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_container_spec *c = &a.spec.containers[2];

	assert_probe(&c->probes[MP_PROBE_LIVENESS], 20, "live");
	assert_probe(&c->probes[MP_PROBE_READINESS], 40, "ready");
	assert_probe(&c->probes[MP_PROBE_STARTUP], 60, "start");
	assert_true(c->lifecycle.is_set && c->lifecycle.has_post_start &&
		    c->lifecycle.has_pre_stop);
	assert_hook(&c->lifecycle.post_start, 41, "post");
	assert_hook(&c->lifecycle.pre_stop, 51, "pre");
	TEXT(c->lifecycle.stop_signal, "SIGUSR1");
	done_all(&a);
}

static void a_container_security_context_is_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_security *s = &a.spec.containers[2].security;

	assert_true(s->is_set);
	OPT(s->run_as_user, 1001);
	OPT(s->run_as_group, 1002);
	assert_int_equal(s->run_as_non_root, MP_TRUE);
	assert_int_equal(s->privileged, MP_TRUE);
	assert_int_equal(s->allow_privilege_escalation, MP_FALSE);
	assert_int_equal(s->read_only_root_filesystem, MP_TRUE);
	assert_true(s->has_capabilities);
	assert_int_equal(s->cap_add.n, 1);
	TEXT(s->cap_add.items[0], "NET_ADMIN");
	assert_int_equal(s->cap_drop.n, 2);
	TEXT(s->cap_drop.items[1], "KILL");
	TEXT(s->proc_mount, "Unmasked");
	assert_true(s->seccomp.is_set && s->apparmor.is_set && s->selinux.is_set);
	TEXT(s->seccomp.localhost, "sc");
	TEXT(s->apparmor.localhost, "aa");
	TEXT(s->selinux.user, "u1");
	TEXT(s->selinux.role, "r1");
	TEXT(s->selinux.type, "t1");
	TEXT(s->selinux.level, "s0");
	assert_raw(&s->raw, "windowsOptions", "{\"hostProcess\":false}");
	done_all(&a);
}

static void assert_items(const struct mp_object_volume *v)
{
	assert_true(v->has_items && v->is_optional);
	assert_int_equal(v->n_items, 2);
	TEXT(v->items[0].key, "k1");
	TEXT(v->items[0].path, "p1");
	OPT(v->items[0].mode, 256);
	assert_false(v->items[1].mode.is_set);
}

static void assert_downward(const struct mp_downward_volume *v)
{
	assert_int_equal(v->n_items, 2);
	TEXT(v->items[0].path, "labels");
	OPT(v->items[0].mode, 292);
	TEXT(v->items[0].field.path, "metadata.labels");
	assert_false(v->items[0].resource.is_set);
	assert_true(v->items[1].resource.is_set);
	TEXT(v->items[1].resource.container, "web");
	QUANTITY(v->items[1].resource.divisor, "1m");
}

static void volumes_are_decoded(void **unused)
{
	(void)unused;
	struct all a;

	decode_all(&a);
	const struct mp_volume *v = a.spec.volumes;
	const struct mp_projected_source *source = v[6].projected.sources;

	assert_int_equal(a.spec.n_volumes, 9);
	TEXT(v[0].name, "v-cm");
	assert_int_equal(v[0].kind, MP_VOLUME_CONFIG_MAP);
	TEXT(v[0].config_map.name, "cm");
	OPT(v[0].config_map.default_mode, 288);
	assert_items(&v[0].config_map);
	assert_int_equal(v[1].kind, MP_VOLUME_DOWNWARD);
	OPT(v[1].downward.default_mode, 416);
	assert_downward(&v[1].downward);
	assert_int_equal(v[2].kind, MP_VOLUME_EMPTY_DIR);
	TEXT(v[2].empty_dir.medium, "Memory");
	QUANTITY(v[2].empty_dir.size_limit, "1Mi");
	assert_int_equal(v[3].kind, MP_VOLUME_HOST_PATH);
	TEXT(v[3].host_path.path, "/srv");
	TEXT(v[3].host_path.type, "Directory");
	assert_int_equal(v[4].kind, MP_VOLUME_IMAGE);
	TEXT(v[4].image.reference, "img:2");
	TEXT(v[4].image.pull_policy, "Always");
	assert_int_equal(v[5].kind, MP_VOLUME_PVC);
	TEXT(v[5].pvc.claim_name, "claim");
	assert_true(v[5].pvc.read_only);
	assert_int_equal(v[6].kind, MP_VOLUME_PROJECTED);
	OPT(v[6].projected.default_mode, 384);
	assert_int_equal(v[6].projected.n_sources, 4);
	assert_true(source[0].has_config_map);
	TEXT(source[0].config_map.name, "pcm");
	assert_items(&source[0].config_map);
	assert_true(source[1].has_downward);
	assert_downward(&source[1].downward);
	assert_true(source[2].has_secret);
	TEXT(source[2].secret.name, "psec");
	assert_items(&source[2].secret);
	assert_true(source[3].has_token);
	TEXT(source[3].token.audience, "aud");
	TEXT(source[3].token.path, "tok");
	OPT(source[3].token.expiration_s, 900);
	assert_int_equal(v[7].kind, MP_VOLUME_SECRET);
	TEXT(v[7].secret.name, "sec");
	OPT(v[7].secret.default_mode, 292);
	assert_items(&v[7].secret);
	TEXT(v[8].name, "v-none");
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(v[i].second, MP_VOLUME_NONE);
	assert_int_equal(v[8].kind, MP_VOLUME_NONE);
	done_all(&a);
}

/* The manifest's keys are in kubectl's order, so the pod written back is the same text. */
static void a_pod_with_every_field_is_written_back_as_it_was(void **unused)
{
	(void)unused;
	struct all a;
	struct mp_json in, out;

	decode_all(&a);
	mp_json_init(&in, MP_JSON_INDENTED);
	mp_json_init(&out, MP_JSON_INDENTED);
	mp_json_node(&in, a.root);
	mp_pod_json_write(&out, &a.spec, NULL);
	assert_string_equal(mp_json_finish(&out, NULL, NULL), mp_json_finish(&in, NULL, NULL));
	mp_json_done(&in);
	mp_json_done(&out);
	done_all(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_is_decoded),
		cmocka_unit_test(the_pod_spec_is_decoded),
		cmocka_unit_test(the_pod_security_context_is_decoded),
		cmocka_unit_test(a_container_is_decoded),
		cmocka_unit_test(the_environment_is_decoded),
		cmocka_unit_test(probes_and_hooks_are_decoded),
		cmocka_unit_test(a_container_security_context_is_decoded),
		cmocka_unit_test(volumes_are_decoded),
		cmocka_unit_test(a_pod_with_every_field_is_written_back_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
