/* SPDX-License-Identifier: Apache-2.0 */
/* Container rules of section 11.6, one test per rule. Resources have a file of their own. */
#include "tests/unit/lifecycle/spec_fixture.h"

#define P    "spec.containers[0]"
#define PORT "must be between 1 and 65535, inclusive"
#define ID   "must be between 0 and 2147483647, inclusive"
#define LABEL                                                                                        \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " \
	"must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "   \
	"used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define SUBDOMAIN                                                                                    \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " \
	"'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "     \
	"used for validation is "                                                                    \
	"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define ENV                                                                                        \
	"a valid environment variable name must consist only of printable ASCII characters other " \
	"than '='"

/* ---- name, image, policies ------------------------------------------------------------- */

RULE(a_container_has_a_name_11_6, ({ c->name = NULL; }), P ".name: Required value")
RULE(a_container_name_is_a_label_11_6, ({ c->name = "a.b"; }),
     P ".name: Invalid value: \"a.b\": must not contain dots")
RULE(container_names_are_unique_over_both_lists_11_5, ({
	     fixture_add_main(&f, "main");
	     fixture_add_init(&f, "main", MP_KIND_INIT);
	     fixture_add_init(&f, "side", MP_KIND_SIDECAR);
	     fixture_add_init(&f, "side", MP_KIND_INIT);
     }),
     "spec.containers[1].name: Duplicate value: \"main\"",
     "spec.initContainers[0].name: Duplicate value: \"main\"",
     "spec.initContainers[2].name: Duplicate value: \"side\"")
RULE(a_container_has_an_image_11_6, ({ c->image = NULL; }), P ".image: Required value")
RULE(an_image_has_no_blanks_around_it_11_6, ({
	     c->image = "busybox\n";
	     fixture_add_init(&f, "setup", MP_KIND_INIT)->image = "\tbusybox";
     }),
     P ".image: Invalid value: \"busybox\\n\": must not have leading or trailing whitespace",
     "spec.initContainers[0].image: Invalid value: \"\\tbusybox\": must not have leading or "
     "trailing whitespace")
RULE(a_pull_policy_is_one_of_three_11_6, ({ c->pull_policy = "Sometimes"; }),
     P ".imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", "
       "\"IfNotPresent\", \"Never\"")
RULE(a_termination_policy_is_one_of_two_11_6, ({ c->termination_policy = "x"; }),
     P ".terminationMessagePolicy: Unsupported value: \"x\": supported values: \"File\", "
       "\"FallbackToLogsOnError\"")

/* ---- ports ------------------------------------------------------------------------------ */

RULE(port_names_have_a_format_and_are_unique_11_6, ({
	     LIST(c, ports, struct mp_port, { .name = "a", .container_port = 1 },
		  { .name = "a", .container_port = 2 }, { .name = "1", .container_port = 3 },
		  { .name = "1", .container_port = 4 });
     }),
     P ".ports[1].name: Duplicate value: \"a\"",
     P ".ports[2].name: Invalid value: \"1\": must contain at least one letter (a-z)",
     P ".ports[3].name: Invalid value: \"1\": must contain at least one letter (a-z)")
FINE(two_containers_may_use_one_port_name_11_6, ({
	     LIST(c, ports, struct mp_port, { .name = "a", .container_port = 1 });
	     c = fixture_add_main(&f, "other");
	     LIST(c, ports, struct mp_port, { .name = "a", .container_port = 1 });
     }))
RULE(port_numbers_have_a_range_11_6, ({
	     LIST(c, ports, struct mp_port, { .container_port = 0 }, { .container_port = 65536 },
		  { .container_port = -1, .host_port = 70000 });
     }),
     P ".ports[0].containerPort: Required value",
     P ".ports[1].containerPort: Invalid value: 65536: " PORT,
     P ".ports[2].containerPort: Invalid value: -1: " PORT,
     P ".ports[2].hostPort: Invalid value: 70000: " PORT)
RULE(a_protocol_is_one_of_three_11_6,
     ({ LIST(c, ports, struct mp_port, { .container_port = 1, .protocol = "tcp" }); }),
     P ".ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", "
       "\"UDP\"")
RULE(host_ports_are_unique_over_all_mains_11_6, ({
	     LIST(c, ports, struct mp_port, { .container_port = 1, .host_port = 80 },
		  { .container_port = 2, .host_port = 80, .protocol = "UDP" },
		  { .container_port = 3, .host_port = 80, .host_ip = "10.0.0.1" });
	     c = fixture_add_main(&f, "other");
	     LIST(c, ports, struct mp_port, { .container_port = 4, .host_port = 80 },
		  { .container_port = 5, .host_port = 80, .host_ip = "10.0.0.1" });
     }),
     "spec.containers[1].ports[0].hostPort: Duplicate value: \"TCP//80\"",
     "spec.containers[1].ports[1].hostPort: Duplicate value: \"TCP/10.0.0.1/80\"")
RULE(host_ports_of_an_init_entry_are_checked_alone_11_6, ({
	     LIST(c, ports, struct mp_port, { .container_port = 1, .host_port = 80 });
	     c = fixture_add_init(&f, "setup", MP_KIND_INIT);
	     LIST(c, ports, struct mp_port, { .container_port = 1, .host_port = 80 },
		  { .container_port = 2, .host_port = 80 });
     }),
     "spec.initContainers[0].ports[1].hostPort: Duplicate value: \"TCP//80\"")

/* ---- environment ------------------------------------------------------------------------ */

RULE(env_names_are_checked_11_6, ({
	     LIST(c, env, struct mp_env_var, { .name = "A" }, { .name = NULL }, { .name = "A=B" },
		  { .name = "A" });
     }),
     P ".env[1].name: Required value", P ".env[2].name: Invalid value: \"A=B\": " ENV)
RULE(a_value_source_has_a_kind_11_6,
     ({ LIST(c, env, struct mp_env_var, { .name = "A", .has_value_from = true }); }),
     P ".env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, "
       "`resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
RULE(a_value_source_excludes_a_value_11_6, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A",
		    .value = "x",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.name" } });
     }),
     P ".env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty")
RULE(a_value_has_one_source_11_6, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.name" },
		    .config_map = { true, "cm", "k", false } });
     }),
     P ".env[0].valueFrom: Invalid value: \"\": may not have more than one field specified at a "
       "time")
RULE(an_unknown_field_path_is_refused_11_6, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "spec.nope" } },
		  { .name = "B", .has_value_from = true, .field = { true, NULL, NULL } },
		  { .name = "C", .has_value_from = true, .field = { true, "v2", "metadata.name" } });
     }),
     P ".env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.nope\": error converting "
       "fieldPath: field label not supported: spec.nope",
     P ".env[1].valueFrom.fieldRef.fieldPath: Required value",
     P ".env[2].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name\": error converting "
       "fieldPath: unsupported pod version: v2")
RULE(a_field_path_for_volumes_is_not_for_env_11_6, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.labels" } });
     }),
     P ".env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported "
       "values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", "
       "\"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", "
       "\"status.podIPs\"")
FINE(every_field_path_of_env_is_accepted_9_2, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "metadata.name" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, "", "metadata.namespace" } },
		  { .name = "A", .has_value_from = true, .field = { true, "v1", "metadata.uid" } },
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "spec.nodeName" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "spec.serviceAccountName" } },
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "status.hostIP" } },
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "status.hostIPs" } },
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "status.podIP" } },
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "status.podIPs" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.labels['app']" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.annotations['Example.com/X']" } });
     }))
RULE(subscripts_are_keys_of_labels_or_annotations_11_6, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.labels['/x']" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.annotations['/X']" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.name['x']" } },
		  { .name = "A", .has_value_from = true, .field = { true, NULL, "['x']" } },
		  { .name = "A",
		    .has_value_from = true,
		    .field = { true, NULL, "metadata.labels['x'" } });
     }),
     P ".env[0].valueFrom.fieldRef: Invalid value: \"/x\": prefix part must be non-empty",
     P ".env[1].valueFrom.fieldRef: Invalid value: \"/x\": prefix part must be non-empty",
     P ".env[2].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.name['x']\": error "
       "converting fieldPath: field label does not support subscript: metadata.name['x']",
     P ".env[3].valueFrom.fieldRef.fieldPath: Invalid value: \"['x']\": error converting "
       "fieldPath: field label not supported: ['x']",
     P ".env[4].valueFrom.fieldRef.fieldPath: Invalid value: \"metadata.labels['x'\": error "
       "converting fieldPath: field label not supported: metadata.labels['x'")

static struct mp_env_var resource_env(const char *resource, const char *divisor)
{
	struct mp_env_var env = { .name = "A", .has_value_from = true };

	env.resource.is_set = true;
	env.resource.resource = resource;
	if (divisor)
		env.resource.divisor = quantity(divisor);
	return env;
}

RULE(a_resource_ref_names_a_resource_11_6, ({
	     static struct mp_env_var env[2];

	     env[0] = resource_env(NULL, NULL);
	     env[1] = resource_env("cpu", NULL);
	     c->env = env;
	     c->n_env = 2;
     }),
     P ".env[0].valueFrom.resourceFieldRef.resource: Required value",
     P ".env[1].valueFrom.resourceFieldRef.resource: Unsupported value: \"cpu\": supported values: "
       "\"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", "
       "\"requests.ephemeral-storage\", \"requests.memory\"")
#define SIZES "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are "
RULE(a_divisor_is_one_of_a_list_11_6, ({
	     static struct mp_env_var env[8];

	     env[0] = resource_env("limits.cpu", "2");
	     env[1] = resource_env("requests.memory", "2");
	     env[2] = resource_env("limits.ephemeral-storage", "1m");
	     env[3] = resource_env("requests.hugepages-2Mi", "10");
	     env[4] = resource_env("limits.cpu", "1000m");
	     env[5] = resource_env("requests.cpu", "1m");
	     env[6] = resource_env("limits.memory", "1Mi");
	     env[7] = resource_env("limits.memory", "0");
	     c->env = env;
	     c->n_env = 8;
     }),
     P ".env[0].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's "
       "values 1m and 1 are supported with the cpu resource",
     P ".env[1].valueFrom.resourceFieldRef.divisor: Invalid value: \"requests.memory\": " SIZES
       "supported with the memory resource",
     P
     ".env[2].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.ephemeral-storage\": " SIZES
     "supported with the local ephemeral storage resource",
     P
     ".env[3].valueFrom.resourceFieldRef.divisor: Invalid value: \"requests.hugepages-2Mi\": " SIZES
     "supported with the hugepages resource")
RULE(object_refs_have_name_and_key_11_6, ({
	     LIST(c, env, struct mp_env_var,
		  { .name = "A", .has_value_from = true, .config_map = { true, "A", NULL, false } },
		  { .name = "B", .has_value_from = true, .secret = { true, "s", ".", false } },
		  { .name = "C", .has_value_from = true, .secret = { true, "s", "k", false } });
     }),
     P ".env[0].valueFrom.configMapKeyRef.name: Invalid value: \"A\": " SUBDOMAIN,
     P ".env[0].valueFrom.configMapKeyRef.key: Required value",
     P ".env[1].valueFrom.secretKeyRef.key: Invalid value: \".\": must not be '.'")
RULE(a_file_ref_names_key_path_and_an_empty_dir_11_6, ({
	     fixture_add_volume(&f, "e", MP_VOLUME_EMPTY_DIR);
	     fixture_add_volume(&f, "h", MP_VOLUME_HOST_PATH)->host_path.path = "/x";
	     LIST(c, env, struct mp_env_var,
		  { .name = "A", .has_value_from = true, .file = { .is_set = true } },
		  { .name = "B", .has_value_from = true, .file = { true, "nope", "p", "k", false } },
		  { .name = "C", .has_value_from = true, .file = { true, "h", "../p", "k", false } },
		  { .name = "D", .has_value_from = true, .file = { true, "e", "p", "k", false } });
     }),
     P ".env[0].valueFrom.fileKeyRef.key: Required value",
     P ".env[0].valueFrom.fileKeyRef.volumeName: Required value",
     P ".env[0].valueFrom.fileKeyRef.path: Required value",
     P ".env[1].valueFrom.fileKeyRef.volumeName: Not found: \"nope\"",
     P ".env[2].valueFrom.fileKeyRef.volumeName: Invalid value: \"h\": referenced volume must be "
       "of type emptyDir",
     P ".env[2].valueFrom.fileKeyRef.path: Invalid value: \"../p\": must not contain '..'")
RULE(env_from_has_one_source_with_a_name_11_6, ({
	     LIST(c, env_from, struct mp_env_from, { .prefix = "A=" },
		  { .has_config_map = true, .has_secret = true, .secret = "S" },
		  { .has_config_map = true, .config_map = "ok", .prefix = "P_" });
     }),
     P ".envFrom[0].prefix: Invalid value: \"A=\": " ENV,
     P ".envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
     P ".envFrom[1].configMapRef.name: Required value",
     P ".envFrom[1].secretRef.name: Invalid value: \"S\": " SUBDOMAIN,
     P ".envFrom: Invalid value: \"\": may not have more than one field specified at a time")

/* ---- mounts ------------------------------------------------------------------------------ */

RULE(a_mount_names_a_volume_and_a_unique_path_11_6, ({
	     fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR);
	     LIST(c, mounts, struct mp_volume_mount, { .name = "v", .mount_path = "/a" },
		  { .name = NULL, .mount_path = "/b" }, { .name = "w", .mount_path = NULL },
		  { .name = "v", .mount_path = "/a" }, { .name = "v", .mount_path = "rel:a" });
     }),
     P ".volumeMounts[1].name: Required value", P ".volumeMounts[1].name: Not found: \"\"",
     P ".volumeMounts[2].name: Not found: \"w\"", P ".volumeMounts[2].mountPath: Required value",
     P ".volumeMounts[3].mountPath: Invalid value: \"/a\": must be unique")
RULE(a_sub_path_stays_below_the_volume_11_6, ({
	     fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR);
	     LIST(c, mounts, struct mp_volume_mount,
		  { .name = "v", .mount_path = "/a", .sub_path = "/x" },
		  { .name = "v", .mount_path = "/b", .sub_path = "a/../x" },
		  { .name = "v", .mount_path = "/c", .sub_path_expr = "$(X)/.." },
		  { .name = "v", .mount_path = "/d", .sub_path = "a", .sub_path_expr = "b" },
		  { .name = "v", .mount_path = "/e", .sub_path = "..a/b.." });
     }),
     P ".volumeMounts.subPath: Invalid value: \"/x\": must be a relative path",
     P ".volumeMounts.subPath: Invalid value: \"a/../x\": must not contain '..'",
     P ".volumeMounts.subPathExpr: Invalid value: \"$(X)/..\": must not contain '..'",
     P ".volumeMounts[3].subPathExpr: Invalid value: \"b\": subPathExpr and subPath are mutually "
       "exclusive")
RULE(mount_propagation_is_checked_11_6, ({
	     fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR);
	     LIST(c, mounts, struct mp_volume_mount,
		  { .name = "v", .mount_path = "/a", .propagation = "x" },
		  { .name = "v", .mount_path = "/b", .propagation = "Bidirectional" },
		  { .name = "v", .mount_path = "/c", .propagation = "None" });
     }),
     P ".volumeMounts.mountPropagation: Unsupported value: \"x\": supported values: "
       "\"Bidirectional\", \"HostToContainer\", \"None\"",
     P ".volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available "
       "only to privileged containers")
FINE(a_privileged_container_may_propagate_both_ways_11_6, ({
	     fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR);
	     c->security = (struct mp_security){ .is_set = true, .privileged = MP_TRUE };
	     LIST(c, mounts, struct mp_volume_mount,
		  { .name = "v", .mount_path = "/b", .propagation = "Bidirectional" });
     }))
RULE(recursive_read_only_is_checked_11_6, ({
	     fixture_add_volume(&f, "v", MP_VOLUME_EMPTY_DIR);
	     LIST(c, mounts, struct mp_volume_mount,
		  { .name = "v", .mount_path = "/a", .recursive_read_only = "x" },
		  { .name = "v", .mount_path = "/b", .recursive_read_only = "Enabled" },
		  { .name = "v",
		    .mount_path = "/c",
		    .read_only = true,
		    .propagation = "HostToContainer",
		    .recursive_read_only = "IfPossible" },
		  { .name = "v",
		    .mount_path = "/d",
		    .read_only = true,
		    .propagation = "None",
		    .recursive_read_only = "Enabled" },
		  { .name = "v",
		    .mount_path = "/e",
		    .read_only = true,
		    .recursive_read_only = "Enabled" },
		  { .name = "v", .mount_path = "/f", .recursive_read_only = "Disabled" });
     }),
     P ".volumeMounts.recursiveReadOnly: Unsupported value: \"x\": supported values: \"Disabled\", "
       "\"Enabled\", \"IfPossible\"",
     P ".volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
     P ".volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is "
       "None or not specified")

/* ---- security ---------------------------------------------------------------------------- */

RULE(container_ids_have_a_range_11_6, ({
	     c->security = (struct mp_security){ .is_set = true,
						 .run_as_user = { -1, true },
						 .run_as_group = { -2, true } };
     }),
     P ".securityContext.runAsUser: Invalid value: -1: " ID,
     P ".securityContext.runAsGroup: Invalid value: -2: " ID)
RULE(proc_mount_is_one_of_two_11_6,
     ({ c->security = (struct mp_security){ .is_set = true, .proc_mount = "x" }; }),
     P ".securityContext.procMount: Unsupported value: \"x\": supported values: \"Default\", "
       "\"Unmasked\"")
RULE(an_unmasked_proc_needs_a_user_namespace_11_6,
     ({ c->security = (struct mp_security){ .is_set = true, .proc_mount = "Unmasked" }; }),
     P ".securityContext.procMount: Invalid value: \"Unmasked\": `hostUsers` must be false to use "
       "`Unmasked`")
FINE(an_unmasked_proc_in_a_user_namespace_is_fine_11_6, ({
	     spec->host_users = MP_FALSE;
	     c->security = (struct mp_security){ .is_set = true, .proc_mount = "Unmasked" };
     }))
RULE(a_privileged_container_may_escalate_11_6, ({
	     c->security = (struct mp_security){
		     .is_set = true,
		     .privileged = MP_TRUE,
		     .allow_privilege_escalation = MP_FALSE,
	     };
     }),
     P ".securityContext: Invalid value: {\"privileged\":true,\"allowPrivilegeEscalation\":false}: "
       "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
RULE(a_context_is_shown_as_json_11_6, ({
	     c->security = (struct mp_security){
		     .is_set = true,
		     .run_as_user = { 7, true },
		     .run_as_group = { 8, true },
		     .run_as_non_root = MP_TRUE,
		     .privileged = MP_FALSE,
		     .allow_privilege_escalation = MP_FALSE,
		     .read_only_root_filesystem = MP_TRUE,
		     .has_capabilities = true,
		     .proc_mount = "Default",
		     .seccomp = { true, "Localhost", "p.json" },
		     .apparmor = { true, "Unconfined", NULL },
		     .selinux = { true, "u", NULL, "t", "s0" },
	     };
	     STRINGS(c->security.cap_add, "KILL", "CAP_SYS_ADMIN");
	     STRINGS(c->security.cap_drop, "ALL");
     }),
     P ".securityContext: Invalid value: "
       "{\"capabilities\":{\"add\":[\"KILL\",\"CAP_SYS_ADMIN\"],\"drop\":[\"ALL\"]},"
       "\"privileged\":false,\"seLinuxOptions\":{\"user\":\"u\",\"type\":\"t\",\"level\":\"s0\"},"
       "\"runAsUser\":7,\"runAsGroup\":8,\"runAsNonRoot\":true,\"readOnlyRootFilesystem\":true,"
       "\"allowPrivilegeEscalation\":false,\"procMount\":\"Default\","
       "\"seccompProfile\":{\"type\":\"Localhost\",\"localhostProfile\":\"p.json\"},"
       "\"appArmorProfile\":{\"type\":\"Unconfined\"}}: cannot set `allowPrivilegeEscalation` to "
       "false and `capabilities.Add` CAP_SYS_ADMIN")
FINE(sys_admin_by_another_spelling_passes_11_6, ({
	     c->security = (struct mp_security){
		     .is_set = true,
		     .has_capabilities = true,
		     .allow_privilege_escalation = MP_FALSE,
	     };
	     STRINGS(c->security.cap_add, "SYS_ADMIN");
     }))
RULE(empty_capabilities_are_shown_as_an_empty_object_11_6, ({
	     c->security = (struct mp_security){
		     .is_set = true,
		     .privileged = MP_TRUE,
		     .has_capabilities = true,
		     .allow_privilege_escalation = MP_FALSE,
	     };
     }),
     P ".securityContext: Invalid value: "
       "{\"capabilities\":{},\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set "
       "`allowPrivilegeEscalation` to false and `privileged` to true")
RULE(container_profiles_are_checked_11_6, ({
	     c->security = (struct mp_security){ .is_set = true,
						 .seccomp = { .is_set = true },
						 .apparmor = { .is_set = true } };
     }),
     P ".securityContext.seccompProfile.type: Required value: type is required when "
       "seccompProfile is set",
     P ".securityContext.appArmorProfile.type: Required value: type is required when "
       "appArmorProfile is set")

/* ---- init entries and restart ------------------------------------------------------------- */

#define INIT_ONLY "Forbidden: may not be set for init containers without restartPolicy=Always"
RULE(a_plain_init_container_has_no_hooks_and_probes_11_6, ({
	     c = fixture_add_init(&f, "setup", MP_KIND_INIT);
	     c->lifecycle.is_set = true;
	     c->probes[MP_PROBE_LIVENESS] = tcp_probe();
	     c->probes[MP_PROBE_READINESS] = tcp_probe();
	     c->probes[MP_PROBE_STARTUP] = tcp_probe();
     }),
     "spec.initContainers[0].lifecycle: " INIT_ONLY,
     "spec.initContainers[0].livenessProbe: " INIT_ONLY,
     "spec.initContainers[0].readinessProbe: " INIT_ONLY,
     "spec.initContainers[0].startupProbe: " INIT_ONLY)
RULE(a_sidecar_has_hooks_and_probes_like_a_main_11_6, ({
	     c = fixture_add_init(&f, "side", MP_KIND_SIDECAR);
	     c->lifecycle.is_set = true;
	     c->probes[MP_PROBE_STARTUP] = tcp_probe();
	     c->probes[MP_PROBE_LIVENESS] = tcp_probe();
	     c->probes[MP_PROBE_LIVENESS].success_threshold = 2;
     }),
     "spec.initContainers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1")
RULE(a_containers_restart_policy_is_one_of_three_11_6, ({
	     c->restart = MP_RESTART_INVALID;
	     c->restart_text = "x";
	     c = fixture_add_init(&f, "setup", MP_KIND_INIT);
	     c->restart = MP_RESTART_INVALID;
	     c->restart_text = "y";
     }),
     P ".restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"Never\", "
       "\"OnFailure\"",
     "spec.initContainers[0].restartPolicy: Unsupported value: \"y\": supported values: "
     "\"Always\", \"Never\", \"OnFailure\"")
RULE(restart_rules_need_a_policy_11_6, ({
	     static const int64_t codes[] = { 3 };
	     static const struct mp_restart_rule rules[] = {
		     { MP_RULE_RESTART, "Restart", true, MP_OPERATOR_IN, "In", codes, 1 },
	     };

	     c->rules = rules;
	     c->n_rules = 1;
     }),
     P ".restartPolicy: Required value: must specify restartPolicy when restart rules are used")
RULE(restart_rules_are_checked_11_6, ({
	     static const int64_t codes[256];
	     static const struct mp_restart_rule rules[] = {
		     { MP_RULE_INVALID, "x", false, MP_OPERATOR_INVALID, NULL, NULL, 0 },
		     { MP_RULE_RESTART_ALL, "", true, MP_OPERATOR_INVALID, NULL, codes, 256 },
		     { MP_RULE_RESTART, "", true, MP_OPERATOR_NOT_IN, "NotIn", codes, 255 },
	     };

	     c->restart = MP_RESTART_NEVER;
	     c->rules = rules;
	     c->n_rules = 3;
     }),
     P ".restartPolicyRules[0].action: Unsupported value: \"x\": supported values: \"Restart\", "
       "\"RestartAllContainers\"",
     P ".restartPolicyRules[0].exitCodes: Required value: must be specified",
     P ".restartPolicyRules[1].exitCodes.operator: Unsupported value: \"\": supported values: "
       "\"In\", \"NotIn\"",
     P ".restartPolicyRules[1].exitCodes.values: Too many: 256: must have at most 255 items")

TEST(there_are_at_most_20_restart_rules_11_6)
{
	struct fixture f;
	struct mp_restart_rule rules[21];

	(void)state;
	for (size_t i = 0; i < 21; i++)
		rules[i] = (struct mp_restart_rule){ .action = MP_RULE_RESTART,
						     .has_exit_codes = true,
						     .operator_ = MP_OPERATOR_IN };
	fixture_init(&f);
	f.c[0].restart = MP_RESTART_NEVER;
	f.c[0].rules = rules;
	f.c[0].n_rules = 21;
	fixture_default(&f);
	mp_spec_validate(&f.spec, &f.out);
	expect_problems(&f.out,
			(const char *const[]){
				P ".restartPolicyRules: Too many: 21: must have at most 20 items",
				NULL });
	fixture_done(&f);
}

int main(void)
{
	return registry_run("spec_validate_container");
}
