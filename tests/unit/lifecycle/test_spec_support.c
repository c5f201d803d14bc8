/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings of the API server, and one test per feature that this build refuses. */
#include "tests/unit/lifecycle/spec_fixture.h"

#define AFTER(sentence, edit, call, ...)                                             \
	TEST(sentence)                                                               \
	{                                                                            \
		struct fixture f;                                                    \
		struct mp_pod_spec *spec = &f.spec;                                  \
		struct mp_container_spec *c = &f.c[0];                               \
                                                                                     \
		(void)state;                                                         \
		fixture_init(&f);                                                    \
		edit;                                                                \
		(void)spec;                                                          \
		(void)c;                                                             \
		fixture_default(&f);                                                 \
		call(&f.spec, &f.out);                                               \
		expect_problems(&f.out, (const char *const[]){ __VA_ARGS__, NULL }); \
		fixture_done(&f);                                                    \
	}
#define WARNS(sentence, edit, ...)   AFTER(sentence, edit, mp_spec_warnings, __VA_ARGS__)
#define REFUSES(sentence, edit, ...) AFTER(sentence, edit, mp_spec_refuse_later, __VA_ARGS__)

/* ---- warnings ---------------------------------------------------------------------------- */

WARNS(a_plain_pod_warns_of_nothing, ({}), NULL)
WARNS(a_name_with_dots_is_a_warning_11_5, ({ spec->meta.name = "a.b"; }),
      "metadata.name: this is used in the Pod's hostname, which can result in surprising "
      "behavior; a DNS label is recommended: [must not contain dots]")
WARNS(two_faults_of_a_name_are_one_warning_11_5,
      ({ spec->meta.name = "a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; }),
      "metadata.name: this is used in the Pod's hostname, which can result in surprising "
      "behavior; a DNS label is recommended: [must be no more than 63 characters must not "
      "contain dots]")
WARNS(a_missing_name_is_an_error_not_a_warning_11_5, ({ spec->meta.name = NULL; }), NULL)
WARNS(a_negative_grace_period_is_a_warning_11_3, ({
	      spec->grace_s = (struct mp_opt_int){ -1, true };
      }),
      "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be "
      "treated as 1")
WARNS(half_a_byte_is_a_warning, ({
	      fixture_add_resource(&f, &c->resources.limits, "memory", "1500m");
	      fixture_add_resource(&f, &c->resources.limits, "cpu", "1500m");
	      c = fixture_add_init(&f, "setup", MP_KIND_INIT);
	      fixture_add_resource(&f, &c->resources.requests, "ephemeral-storage", "100m");
	      fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR)->empty_dir.size_limit =
		      quantity("1.5");
	      fixture_add_volume(&f, "w", MP_VOLUME_CONFIG_MAP);
	      fixture_add_volume(&f, "x", MP_VOLUME_EMPTY_DIR)->empty_dir.size_limit =
		      quantity("1Gi");
      }),
      "spec.volumes[0].emptyDir.sizeLimit: fractional byte value \"1500m\" is invalid, must be an "
      "integer",
      "spec.initContainers[0].resources.requests[ephemeral-storage]: fractional byte value "
      "\"100m\" is invalid, must be an integer",
      "spec.containers[0].resources.limits[memory]: fractional byte value \"1500m\" is invalid, "
      "must be an integer",
      "spec.containers[0].resources.requests[memory]: fractional byte value \"1500m\" is invalid, "
      "must be an integer")
WARNS(a_hidden_variable_is_a_warning, ({
	      LIST(c, env, struct mp_env_var, { .name = "A", .value = "1" },
		   { .name = "A", .value = "$(A) more" }, { .name = "A", .value = "2" },
		   { .name = "B", .value = "1" }, { .name = "B", .has_value_from = true },
		   { .name = "B" }, { .name = NULL });
      }),
      "spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when "
      "using apply",
      "spec.containers[0].env[4]: hides previous definition of \"B\", which may be dropped when "
      "using apply",
      "spec.containers[0].env[5]: hides previous definition of \"B\", which may be dropped when "
      "using apply")

/* ---- refused features --------------------------------------------------------------------- */

REFUSES(a_pod_of_supported_features_is_accepted, ({
		spec->has_os = true;
		spec->os_name = "linux";
		spec->host_users = MP_TRUE;
		spec->security.seccomp = (struct mp_profile){ true, "RuntimeDefault", NULL };
		spec->security.apparmor = (struct mp_profile){ true, "Unconfined", NULL };
		spec->readiness_gates = NULL;
		c->stdin_ = c->tty = true;
		c->security = (struct mp_security){ .is_set = true, .privileged = MP_TRUE };
		c->lifecycle =
			(struct mp_lifecycle_spec){ .is_set = true, .stop_signal = "SIGHUP" };
		c->probes[MP_PROBE_STARTUP] = tcp_probe();
		fixture_add_resource(&f, &c->resources.limits, "cpu", "1");
		LIST(c, ports, struct mp_port, { .container_port = 80 });
		fixture_add_init(&f, "side", MP_KIND_SIDECAR);
		fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR)->empty_dir.medium = "Memory";
		fixture_add_volume(&f, "b", MP_VOLUME_HOST_PATH);
		fixture_add_volume(&f, "c", MP_VOLUME_EMPTY_DIR);
		LIST(&fixture_add_volume(&f, "d", MP_VOLUME_PROJECTED)->projected, sources,
		     struct mp_projected_source, { .has_secret = true }, { .has_token = true });
		fixture_add_volume(&f, "e", MP_VOLUME_PVC);
		LIST(c, env, struct mp_env_var, { .name = "B", .file = { .is_set = true } });
	}),
	NULL)
REFUSES(scheduling_gates_are_refused, ({ spec->n_scheduling_gates = 1; }),
	"spec.schedulingGates: Forbidden: the pod is held back by scheduling gates; remove them to "
	"run it")
REFUSES(extended_resources_are_refused,
	({ fixture_add_resource(&f, &c->resources.limits, "example.com/gpu", "1"); }),
	"spec.containers[0].resources.limits: Forbidden: minipod has no extended resources: nothing "
	"here provides such a device; ask for cpu, memory, ephemeral-storage or hugepages only")
REFUSES(host_ports_are_refused, ({
		LIST(c, ports, struct mp_port, { .container_port = 1 },
		     { .container_port = 2, .host_port = 80 });
	}),
	"spec.containers[0].ports[1].hostPort: Forbidden: minipod forwards no host ports; set "
	"hostNetwork: true or connect to the pod's address")
REFUSES(host_ports_on_the_host_network_are_accepted, ({
		spec->host_network = true;
		LIST(c, ports, struct mp_port, { .container_port = 80 });
	}),
	NULL)
REFUSES(an_unknown_medium_is_refused, ({
		fixture_add_volume(&f, "a", MP_VOLUME_EMPTY_DIR)->empty_dir.medium = "HugePages";
		fixture_add_volume(&f, "b", MP_VOLUME_EMPTY_DIR)->empty_dir.medium =
			"HugePages-2Mi";
		fixture_add_volume(&f, "c", MP_VOLUME_EMPTY_DIR)->empty_dir.medium = "Disk";
		fixture_add_volume(&f, "d", MP_VOLUME_EMPTY_DIR)->empty_dir.medium = "HugePagesX";
	}),
	"spec.volumes[2].emptyDir.medium: Forbidden: unknown storage medium; use Memory, HugePages or "
	"leave it out",
	"spec.volumes[3].emptyDir.medium: Forbidden: unknown storage medium; use Memory, HugePages or "
	"leave it out")

int main(void)
{
	return registry_run("spec_support");
}
