/* SPDX-License-Identifier: Apache-2.0 */
/* One test per line of the table of defaults in section 11.3. */
#include "tests/unit/lifecycle/spec_fixture.h"

/* DEFAULTS(a_sentence, ({ edit }), ({ assertions })) */
#define DEFAULTS(sentence, edit, check)                         \
	TEST(sentence)                                          \
	{                                                       \
		struct fixture f;                               \
		struct mp_pod_spec *spec = &f.spec;             \
		struct mp_container_spec *c = &f.c[0];          \
                                                                \
		(void)state;                                    \
		fixture_init(&f);                               \
		edit;                                           \
		(void)spec;                                     \
		(void)c;                                        \
		fixture_default(&f);                            \
		check;                                          \
		fixture_default(&f); /* idempotent: the same */ \
		check;                                          \
		fixture_done(&f);                               \
	}

/* ---- metadata --------------------------------------------------------------------------- */

DEFAULTS(the_namespace_is_default_11_3, ({}),
	 ({ assert_string_equal(spec->meta.namespace_, "default"); }))
DEFAULTS(a_given_namespace_stays_11_3, ({ spec->meta.namespace_ = "prod"; }),
	 ({ assert_string_equal(spec->meta.namespace_, "prod"); }))
DEFAULTS(uid_time_and_generation_are_made_11_3, ({}), ({
		 assert_string_equal(spec->meta.uid, fixture_seed.uid);
		 assert_true(spec->meta.creation_wall == fixture_seed.wall);
		 assert_true(spec->meta.generation == 1);
	 }))
DEFAULTS(a_given_uid_stays_11_3, ({
		 spec->meta.uid = "mine";
		 spec->meta.creation_wall = 5;
		 spec->meta.generation = 7;
	 }),
	 ({
		 assert_string_equal(spec->meta.uid, "mine");
		 assert_true(spec->meta.creation_wall == 5);
		 assert_true(spec->meta.generation == 7);
	 }))
DEFAULTS(generate_name_gets_five_characters_11_3, ({
		 spec->meta.name = NULL;
		 spec->meta.generate_name = "web-";
	 }),
	 ({ assert_string_equal(spec->meta.name, "web-b2c4d"); }))
DEFAULTS(generate_name_is_cut_to_58_11_3, ({
		 spec->meta.name = "";
		 spec->meta.generate_name =
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaBBB";
	 }),
	 ({
		 assert_int_equal(strlen(spec->meta.name), 63);
		 assert_true(mp_ends_with(spec->meta.name, "aab2c4d"));
	 }))
DEFAULTS(a_name_wins_over_generate_name_11_3, ({ spec->meta.generate_name = "x-"; }),
	 ({ assert_string_equal(spec->meta.name, "web"); }))
DEFAULTS(an_empty_generate_name_makes_no_name_11_3, ({
		 spec->meta.name = NULL;
		 spec->meta.generate_name = "";
	 }),
	 ({ assert_null(spec->meta.name); }))

/* ---- pod -------------------------------------------------------------------------------- */

DEFAULTS(pod_fields_have_defaults_11_3, ({}), ({
		 assert_int_equal(spec->restart, MP_RESTART_ALWAYS);
		 assert_string_equal(spec->dns_policy, "ClusterFirst");
		 assert_true(spec->grace_s.is_set && spec->grace_s.v == 30);
		 assert_true(spec->security.is_set);
		 assert_int_equal(spec->enable_service_links, MP_TRUE);
		 assert_string_equal(spec->scheduler_name, "default-scheduler");
		 assert_int_equal(spec->qos, MP_QOS_BEST_EFFORT);
		 assert_false(spec->had_negative_grace);
	 }))
DEFAULTS(given_pod_fields_stay_11_3, ({
		 spec->restart = MP_RESTART_NEVER;
		 spec->dns_policy = "None";
		 spec->grace_s = (struct mp_opt_int){ 0, true };
		 spec->enable_service_links = MP_FALSE;
		 spec->scheduler_name = "mine";
	 }),
	 ({
		 assert_int_equal(spec->restart, MP_RESTART_NEVER);
		 assert_string_equal(spec->dns_policy, "None");
		 assert_true(spec->grace_s.v == 0);
		 assert_int_equal(spec->enable_service_links, MP_FALSE);
		 assert_string_equal(spec->scheduler_name, "mine");
	 }))
DEFAULTS(a_negative_grace_period_becomes_one_second_11_3, ({
		 spec->grace_s = (struct mp_opt_int){ -5, true };
	 }),
	 ({
		 assert_true(spec->grace_s.v == 1);
		 assert_true(spec->had_negative_grace);
	 }))

/* ---- container -------------------------------------------------------------------------- */

DEFAULTS(container_fields_have_defaults_11_3, ({}), ({
		 assert_string_equal(c->termination_path, "/dev/termination-log");
		 assert_string_equal(c->termination_policy, "File");
		 assert_int_equal(c->restart, MP_RESTART_UNSET);
	 }))

struct image_row {
	const char *sentence, *image, *policy;
};

static struct image_row images[] = {
	{ "no tag means latest, which is always pulled (9.9)", "busybox", "Always" },
	{ "the tag latest is always pulled (9.9)", "docker.io/library/busybox:latest", "Always" },
	{ "another tag is pulled if not present (9.9)", "busybox:1.36", "IfNotPresent" },
	{ "a tag that begins with latest is another tag (9.9)", "busybox:latest2", "IfNotPresent" },
	{ "the port of a registry is no tag (9.9)", "host:5000/busybox", "Always" },
	{ "a tag after a registry with a port counts (9.9)", "host:5000/busybox:1",
	  "IfNotPresent" },
	{ "a digest without a tag is pulled if not present (9.9)", "busybox@sha256:00",
	  "IfNotPresent" },
	{ "latest with a digest is latest (9.9)", "busybox:latest@sha256:00", "Always" },
	{ "a tag with a digest is a tag (9.9)", "busybox:1@sha256:00", "IfNotPresent" },
	{ "a missing image has a policy all the same (9.9)", NULL, "Always" },
};

static void image_has_policy(void **state)
{
	const struct image_row *row = *state;
	struct fixture f;

	fixture_init(&f);
	f.c[0].image = row->image;
	fixture_add_volume(&f, "v", MP_VOLUME_IMAGE)->image.reference = row->image;
	fixture_default(&f);
	assert_string_equal(f.c[0].pull_policy, row->policy);
	assert_string_equal(f.v[0].image.pull_policy, row->policy);
	fixture_done(&f);
}

__attribute__((constructor)) static void register_images(void)
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		registry_add(images[i].sentence, image_has_policy, &images[i]);
}

DEFAULTS(a_given_pull_policy_stays_9_9, ({ c->pull_policy = "Never"; }),
	 ({ assert_string_equal(c->pull_policy, "Never"); }))
DEFAULTS(a_port_is_tcp_11_3, ({
		 LIST(c, ports, struct mp_port, { .container_port = 80 },
		      { .container_port = 53, .protocol = "UDP" });
	 }),
	 ({
		 assert_string_equal(c->ports[0].protocol, "TCP");
		 assert_string_equal(c->ports[1].protocol, "UDP");
		 assert_true(c->ports[0].host_port == 0);
	 }))
DEFAULTS(on_the_host_network_a_port_is_the_hosts_11_3, ({
		 spec->host_network = true;
		 LIST(c, ports, struct mp_port, { .container_port = 80 },
		      { .container_port = 81, .host_port = 82 });
		 LIST(fixture_add_init(&f, "setup", MP_KIND_INIT), ports, struct mp_port,
		      { .container_port = 90 });
	 }),
	 ({
		 assert_true(f.c[0].ports[0].host_port == 90);
		 assert_true(f.c[1].ports[0].host_port == 80);
		 assert_true(f.c[1].ports[1].host_port == 82);
	 }))

/* ---- resources -------------------------------------------------------------------------- */

static void assert_resource(const struct mp_resource_list *list, const char *name,
			    const char *expected)
{
	const struct mp_resource *r = mp_resource_find(list, name);
	char text[MP_QUANTITY_TEXT_MAX];

	if (!expected) {
		assert_null(r);
		return;
	}
	assert_non_null(r);
	assert_string_equal(mp_quantity_text(&r->quantity, text), expected);
}

DEFAULTS(a_limit_without_a_request_is_one_10_2, ({
		 fixture_add_resource(&f, &c->resources.limits, "cpu", "2");
		 fixture_add_resource(&f, &c->resources.limits, "memory", "1Gi");
		 fixture_add_resource(&f, &c->resources.requests, "cpu", "1");
		 fixture_add_resource(&f, &c->resources.requests, "ephemeral-storage", "1Gi");
	 }),
	 ({
		 assert_resource(&c->resources.requests, "cpu", "1");
		 assert_resource(&c->resources.requests, "memory", "1Gi");
		 assert_resource(&c->resources.requests, "ephemeral-storage", "1Gi");
		 assert_resource(&c->resources.limits, "ephemeral-storage", NULL);
		 assert_int_equal(c->resources.requests.n, 3);
		 assert_int_equal(c->resources.limits.n, 2);
	 }))
DEFAULTS(quantities_are_rounded_up_to_milli_10_1, ({
		 fixture_add_resource(&f, &c->resources.limits, "cpu", "1500u");
		 fixture_add_resource(&f, &c->resources.requests, "memory", "0.1n");
		 fixture_add_resource(&f, &spec->overhead, "cpu", "1.0001");
	 }),
	 ({
		 assert_resource(&c->resources.limits, "cpu", "2m");
		 assert_resource(&c->resources.requests, "cpu", "2m");
		 assert_resource(&c->resources.requests, "memory", "1m");
		 assert_resource(&spec->overhead, "cpu", "1001m");
	 }))
DEFAULTS(a_pod_level_request_is_the_sum_of_the_containers_10_6, ({
		 spec->resources.is_set = true;
		 fixture_add_resource(&f, &spec->resources.limits, "memory", "4Gi");
		 fixture_add_resource(&f, &c->resources.requests, "cpu", "1");
		 fixture_add_resource(&f, &fixture_add_main(&f, "b")->resources.requests, "cpu",
				      "500m");
	 }),
	 ({
		 assert_resource(&spec->resources.requests, "cpu", "1500m");
		 assert_resource(&spec->resources.requests, "memory", "4Gi");
		 assert_int_equal(spec->resources.requests.n, 2);
	 }))
DEFAULTS(a_given_pod_level_request_stays_10_6, ({
		 spec->resources.is_set = true;
		 fixture_add_resource(&f, &spec->resources.limits, "cpu", "4");
		 fixture_add_resource(&f, &spec->resources.requests, "cpu", "3");
		 fixture_add_resource(&f, &c->resources.requests, "cpu", "1");
	 }),
	 ({
		 assert_resource(&spec->resources.requests, "cpu", "3");
		 assert_int_equal(spec->resources.requests.n, 1);
	 }))
DEFAULTS(without_pod_level_limits_nothing_is_made_10_6, ({
		 spec->resources.is_set = true;
		 fixture_add_resource(&f, &spec->resources.requests, "memory", "1Gi");
		 fixture_add_resource(&f, &c->resources.requests, "cpu", "1");
	 }),
	 ({
		 assert_resource(&spec->resources.requests, "cpu", NULL);
		 assert_int_equal(spec->resources.limits.n, 0);
	 }))
DEFAULTS(without_a_pod_level_object_nothing_is_made_10_6,
	 ({ fixture_add_resource(&f, &c->resources.limits, "cpu", "1"); }), ({
		 assert_int_equal(spec->resources.requests.n, 0);
		 assert_int_equal(spec->resources.limits.n, 0);
	 }))
DEFAULTS(pod_level_hugepages_are_the_containers_sum_10_6, ({
		 spec->resources.is_set = true;
		 fixture_add_resource(&f, &spec->resources.limits, "cpu", "4");
		 fixture_add_resource(&f, &c->resources.limits, "hugepages-2Mi", "2Mi");
		 fixture_add_resource(&f, &c->resources.limits, "cpu", "1");
		 fixture_add_resource(&f, &fixture_add_main(&f, "b")->resources.limits,
				      "hugepages-2Mi", "4Mi");
	 }),
	 ({
		 assert_resource(&spec->resources.limits, "hugepages-2Mi", "6Mi");
		 assert_resource(&spec->resources.requests, "hugepages-2Mi", "6Mi");
		 assert_resource(&spec->resources.requests, "cpu", "1");
	 }))
DEFAULTS(an_unsupported_pod_level_limit_makes_no_request_10_6, ({
		 spec->resources.is_set = true;
		 fixture_add_resource(&f, &spec->resources.limits, "ephemeral-storage", "4Gi");
	 }),
	 ({ assert_resource(&spec->resources.requests, "ephemeral-storage", NULL); }))

/* ---- probes and hooks ------------------------------------------------------------------- */

DEFAULTS(probe_numbers_have_defaults_7_1, ({ c->probes[MP_PROBE_READINESS] = tcp_probe(); }), ({
		 const struct mp_probe_spec *p = &c->probes[MP_PROBE_READINESS];

		 assert_true(p->initial_delay_s == 0);
		 assert_true(p->timeout_s == 1);
		 assert_true(p->period_s == 10);
		 assert_true(p->success_threshold == 1);
		 assert_true(p->failure_threshold == 3);
		 assert_false(p->grace_s.is_set);
		 assert_true(c->probes[MP_PROBE_LIVENESS].period_s == 0); /* no such probe */
	 }))
DEFAULTS(given_probe_numbers_stay_7_1, ({
		 c->probes[MP_PROBE_STARTUP] = tcp_probe();
		 c->probes[MP_PROBE_STARTUP].initial_delay_s = 2;
		 c->probes[MP_PROBE_STARTUP].timeout_s = 3;
		 c->probes[MP_PROBE_STARTUP].period_s = 4;
		 c->probes[MP_PROBE_STARTUP].success_threshold = 5;
		 c->probes[MP_PROBE_STARTUP].failure_threshold = -6;
	 }),
	 ({
		 const struct mp_probe_spec *p = &c->probes[MP_PROBE_STARTUP];

		 assert_true(p->initial_delay_s == 2 && p->timeout_s == 3 && p->period_s == 4);
		 assert_true(p->success_threshold == 5 && p->failure_threshold == -6);
	 }))
DEFAULTS(http_handlers_have_path_and_scheme_11_3, ({
		 c->probes[MP_PROBE_LIVENESS].is_set = true;
		 c->probes[MP_PROBE_LIVENESS].handler.has_http_get = true;
		 c->lifecycle.is_set = c->lifecycle.has_post_start = c->lifecycle.has_pre_stop =
			 true;
		 c->lifecycle.post_start.has_http_get = true;
		 c->lifecycle.pre_stop.has_http_get = true;
		 c->lifecycle.pre_stop.http_get.path = "/bye";
		 c->lifecycle.pre_stop.http_get.scheme = MP_SCHEME_HTTPS;
		 c->lifecycle.pre_stop.http_get.scheme_text = "HTTPS";
	 }),
	 ({
		 const struct mp_handler *h = &c->probes[MP_PROBE_LIVENESS].handler;

		 assert_string_equal(h->http_get.path, "/");
		 assert_string_equal(h->http_get.scheme_text, "HTTP");
		 assert_int_equal(h->http_get.scheme, MP_SCHEME_HTTP);
		 assert_string_equal(c->lifecycle.post_start.http_get.path, "/");
		 assert_string_equal(c->lifecycle.pre_stop.http_get.path, "/bye");
		 assert_int_equal(c->lifecycle.pre_stop.http_get.scheme, MP_SCHEME_HTTPS);
	 }))
DEFAULTS(an_empty_scheme_is_http_11_3, ({
		 c->probes[MP_PROBE_LIVENESS].is_set = true;
		 c->probes[MP_PROBE_LIVENESS].handler.has_http_get = true;
		 c->probes[MP_PROBE_LIVENESS].handler.http_get.scheme_text = "";
	 }),
	 ({
		 assert_string_equal(c->probes[MP_PROBE_LIVENESS].handler.http_get.scheme_text,
				     "HTTP");
	 }))
DEFAULTS(a_grpc_service_is_empty_11_3, ({
		 c->probes[MP_PROBE_LIVENESS].is_set = true;
		 c->probes[MP_PROBE_LIVENESS].handler.has_grpc = true;
		 c->probes[MP_PROBE_READINESS].is_set = true;
		 c->probes[MP_PROBE_READINESS].handler.has_grpc = true;
		 c->probes[MP_PROBE_READINESS].handler.grpc.service = "db";
	 }),
	 ({
		 assert_string_equal(c->probes[MP_PROBE_LIVENESS].handler.grpc.service, "");
		 assert_string_equal(c->probes[MP_PROBE_READINESS].handler.grpc.service, "db");
	 }))

/* ---- references ------------------------------------------------------------------------- */

DEFAULTS(a_field_ref_is_v1_11_3, ({
		 LIST(c, env, struct mp_env_var,
		      { .name = "A", .field = { true, NULL, "metadata.name" } },
		      { .name = "B", .field = { true, "v2", "metadata.name" } },
		      { .name = "C", .value = "x" });
	 }),
	 ({
		 assert_string_equal(c->env[0].field.api_version, "v1");
		 assert_string_equal(c->env[1].field.api_version, "v2");
		 assert_null(c->env[2].field.api_version);
	 }))
DEFAULTS(a_divisor_is_rounded_up_to_milli_10_1, ({
		 static struct mp_env_var env;

		 env = (struct mp_env_var){ .name = "A", .resource = { .is_set = true } };
		 env.resource.divisor = quantity("1500u");
		 c->env = &env;
		 c->n_env = 1;
	 }),
	 ({ assert_true(mp_quantity_milli(&c->env[0].resource.divisor) == 2); }))

/* ---- volumes ---------------------------------------------------------------------------- */

DEFAULTS(a_volume_without_a_source_is_an_empty_dir_11_3,
	 ({ fixture_add_volume(&f, "v", MP_VOLUME_NONE); }), ({
		 assert_int_equal(f.v[0].kind, MP_VOLUME_EMPTY_DIR);
		 assert_string_equal(f.v[0].empty_dir.medium, "");
	 }))
DEFAULTS(a_medium_stays_11_3,
	 ({ fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR)->empty_dir.medium = "Memory"; }),
	 ({ assert_string_equal(f.v[0].empty_dir.medium, "Memory"); }))
DEFAULTS(a_host_path_has_no_type_11_3, ({ fixture_add_volume(&f, "v", MP_VOLUME_HOST_PATH); }),
	 ({ assert_string_equal(f.v[0].host_path.type, ""); }))
DEFAULTS(files_have_mode_0644_11_3, ({
		 fixture_add_volume(&f, "a", MP_VOLUME_CONFIG_MAP);
		 fixture_add_volume(&f, "b", MP_VOLUME_SECRET);
		 fixture_add_volume(&f, "c", MP_VOLUME_DOWNWARD);
		 fixture_add_volume(&f, "d", MP_VOLUME_PROJECTED);
	 }),
	 ({
		 assert_true(f.v[0].config_map.default_mode.v == 0644);
		 assert_true(f.v[1].secret.default_mode.v == 0644);
		 assert_true(f.v[2].downward.default_mode.v == 0644);
		 assert_true(f.v[3].projected.default_mode.v == 0644);
	 }))
DEFAULTS(a_given_mode_stays_even_zero_11_3, ({
		 fixture_add_volume(&f, "a", MP_VOLUME_SECRET)->secret.default_mode =
			 (struct mp_opt_int){ 0, true };
	 }),
	 ({ assert_true(f.v[0].secret.default_mode.v == 0); }))
DEFAULTS(references_of_volumes_are_v1_11_3, ({
		 static const struct mp_downward_item items[] = {
			 { .path = "p", .field = { true, NULL, "metadata.name" } },
			 { .path = "q", .resource = { .is_set = true } },
		 };
		 struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_DOWNWARD);

		 v->downward.items = items;
		 v->downward.n_items = 2;
		 v = fixture_add_volume(&f, "b", MP_VOLUME_PROJECTED);
		 LIST(&v->projected, sources, struct mp_projected_source,
		      { .has_downward = true, .downward = { .items = items, .n_items = 2 } });
	 }),
	 ({
		 assert_string_equal(f.v[0].downward.items[0].field.api_version, "v1");
		 assert_string_equal(
			 f.v[1].projected.sources[0].downward.items[0].field.api_version, "v1");
		 assert_false(f.v[1].projected.sources[0].downward.default_mode.is_set);
	 }))
DEFAULTS(a_token_lives_an_hour_11_3, ({
		 struct mp_volume *v = fixture_add_volume(&f, "a", MP_VOLUME_PROJECTED);

		 LIST(&v->projected, sources, struct mp_projected_source, { .has_token = true },
		      { .has_token = true, .token = { NULL, NULL, { 700, true } } },
		      { .has_secret = true });
	 }),
	 ({
		 assert_true(f.v[0].projected.sources[0].token.expiration_s.v == 3600);
		 assert_true(f.v[0].projected.sources[1].token.expiration_s.v == 700);
		 assert_false(f.v[0].projected.sources[2].token.expiration_s.is_set);
	 }))
DEFAULTS(a_claim_needs_no_default_11_3, ({ fixture_add_volume(&f, "a", MP_VOLUME_PVC); }),
	 ({ assert_int_equal(f.v[0].kind, MP_VOLUME_PVC); }))

int main(void)
{
	return registry_run("spec_default");
}
