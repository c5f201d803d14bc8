/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables: containers, their probes, hooks, environment and mounts. Rows sorted by name. */
#include "runtime/manifest_fields.h"

const struct mp_name mp_restart_names[MP_N_RESTART_NAMES] = {
	{ "Always", MP_RESTART_ALWAYS },
	{ "OnFailure", MP_RESTART_ON_FAILURE },
	{ "Never", MP_RESTART_NEVER },
};

/* ---- handlers ----------------------------------------------------------------------------- */

#define T struct mp_http_header
static const struct mp_field header_fields[] = {
	MP_F("name", string, name),
	MP_F("value", string, value),
};
static const struct mp_type header_type = MP_TYPE("HTTPHeader", header_fields, T);
#undef T

#define T struct mp_handler
static const struct mp_field exec_fields[] = {
	MP_F("command", strings, exec.command),
};
static const struct mp_type exec_type = MP_TYPE("ExecAction", exec_fields, T);

static const struct mp_name schemes[] = {
	{ "HTTP", MP_SCHEME_HTTP },
	{ "HTTPS", MP_SCHEME_HTTPS },
};
static const struct mp_field http_get_fields[] = {
	MP_F("host", string, http_get.host),
	MP_F("httpHeaders", list, http_get.headers, .type = &header_type),
	MP_F("path", string, http_get.path),
	MP_F("port", port, http_get.port),
	MP_F("scheme", enum, http_get.scheme, .names = schemes, .n_names = MP_ARRAY_SIZE(schemes),
	     .text = offsetof(T, http_get.scheme_text)),
};
static const struct mp_type http_get_type = MP_TYPE("HTTPGetAction", http_get_fields, T);

static const struct mp_field tcp_socket_fields[] = {
	MP_F("host", string, tcp_socket.host),
	MP_F("port", port, tcp_socket.port),
};
static const struct mp_type tcp_socket_type = MP_TYPE("TCPSocketAction", tcp_socket_fields, T);

static const struct mp_field grpc_fields[] = {
	MP_F("port", opt_int32, grpc.port),
	MP_F("service", string, grpc.service),
};
static const struct mp_type grpc_type = MP_TYPE("GRPCAction", grpc_fields, T);

static const struct mp_field sleep_fields[] = {
	MP_F("seconds", int64, sleep.seconds, .is_always = true),
};
static const struct mp_type sleep_type = MP_TYPE("SleepAction", sleep_fields, T);

static const struct mp_field hook_fields[] = {
	MP_INLINE("exec", object, .flag = MP_FLAG(T, has_exec), .type = &exec_type),
	MP_INLINE("httpGet", object, .flag = MP_FLAG(T, has_http_get), .type = &http_get_type),
	MP_INLINE("sleep", object, .flag = MP_FLAG(T, has_sleep), .type = &sleep_type),
	MP_INLINE("tcpSocket", object, .flag = MP_FLAG(T, has_tcp_socket),
		  .type = &tcp_socket_type),
};
static const struct mp_type hook_type = MP_TYPE("LifecycleHandler", hook_fields, T);
#undef T

#define T struct mp_probe_spec
static const struct mp_field probe_fields[] = {
	MP_F("exec", object, handler, .flag = MP_FLAG(T, handler.has_exec), .type = &exec_type),
	MP_F("failureThreshold", int32, failure_threshold),
	MP_F("grpc", object, handler, .flag = MP_FLAG(T, handler.has_grpc), .type = &grpc_type),
	MP_F("httpGet", object, handler, .flag = MP_FLAG(T, handler.has_http_get),
	     .type = &http_get_type),
	MP_F("initialDelaySeconds", int32, initial_delay_s),
	MP_F("periodSeconds", int32, period_s),
	MP_F("successThreshold", int32, success_threshold),
	MP_F("tcpSocket", object, handler, .flag = MP_FLAG(T, handler.has_tcp_socket),
	     .type = &tcp_socket_type),
	MP_F("terminationGracePeriodSeconds", opt_int64, grace_s),
	MP_F("timeoutSeconds", int32, timeout_s),
};
static const struct mp_type probe_type = MP_TYPE("Probe", probe_fields, T);
#undef T

#define T struct mp_lifecycle_spec
static const struct mp_field lifecycle_fields[] = {
	MP_F("postStart", object, post_start, .flag = MP_FLAG(T, has_post_start),
	     .type = &hook_type),
	MP_F("preStop", object, pre_stop, .flag = MP_FLAG(T, has_pre_stop), .type = &hook_type),
	MP_F("stopSignal", string, stop_signal),
};
static const struct mp_type lifecycle_type = MP_TYPE("Lifecycle", lifecycle_fields, T);
#undef T

/* ---- environment ------------------------------------------------------------------------------ */

#define T struct mp_key_ref
static const struct mp_field key_ref_fields[] = {
	MP_F("key", string, key),
	MP_F("name", string, name),
	MP_F("optional", bool, is_optional),
};
static const struct mp_type config_map_ref_type =
	MP_TYPE("ConfigMapKeySelector", key_ref_fields, T);
static const struct mp_type secret_ref_type = MP_TYPE("SecretKeySelector", key_ref_fields, T);
#undef T

#define T struct mp_file_key_ref
static const struct mp_field file_ref_fields[] = {
	MP_F("key", string, key),
	MP_F("optional", bool, is_optional),
	MP_F("path", string, path),
	MP_F("volumeName", string, volume),
};
static const struct mp_type file_ref_type = MP_TYPE("FileKeySelector", file_ref_fields, T);
#undef T

#define T struct mp_env_var
static const struct mp_field value_from_fields[] = {
	MP_F("configMapKeyRef", object, config_map, .flag = MP_FLAG(T, config_map.is_set),
	     .type = &config_map_ref_type),
	MP_F("fieldRef", object, field, .flag = MP_FLAG(T, field.is_set),
	     .type = &mp_type_field_ref),
	MP_F("fileKeyRef", object, file, .flag = MP_FLAG(T, file.is_set), .type = &file_ref_type),
	MP_F("resourceFieldRef", object, resource, .flag = MP_FLAG(T, resource.is_set),
	     .type = &mp_type_resource_ref),
	MP_F("secretKeyRef", object, secret, .flag = MP_FLAG(T, secret.is_set),
	     .type = &secret_ref_type),
};
static const struct mp_type value_from_type = MP_TYPE("EnvVarSource", value_from_fields, T);

static const struct mp_field env_fields[] = {
	MP_F("name", string, name),
	MP_F("value", string, value),
	MP_INLINE("valueFrom", object, .flag = MP_FLAG(T, has_value_from),
		  .type = &value_from_type),
};
static const struct mp_type env_type = MP_TYPE("EnvVar", env_fields, T);
#undef T

#define T struct mp_env_from
static const struct mp_field env_config_map_fields[] = {
	MP_F("name", string, config_map),
	MP_F("optional", bool, is_optional),
};
static const struct mp_type env_config_map_type =
	MP_TYPE("ConfigMapEnvSource", env_config_map_fields, T);

static const struct mp_field env_secret_fields[] = {
	MP_F("name", string, secret),
	MP_F("optional", bool, is_optional),
};
static const struct mp_type env_secret_type = MP_TYPE("SecretEnvSource", env_secret_fields, T);

static const struct mp_field env_from_fields[] = {
	MP_INLINE("configMapRef", object, .flag = MP_FLAG(T, has_config_map),
		  .type = &env_config_map_type),
	MP_F("prefix", string, prefix),
	MP_INLINE("secretRef", object, .flag = MP_FLAG(T, has_secret), .type = &env_secret_type),
};
static const struct mp_type env_from_type = MP_TYPE("EnvFromSource", env_from_fields, T);
#undef T

/* ---- ports, mounts, resources, restart rules ---------------------------------------------------- */

#define T struct mp_port
static const struct mp_field port_fields[] = {
	MP_F("containerPort", int32, container_port, .is_always = true),
	MP_F("hostIP", string, host_ip),
	MP_F("hostPort", int32, host_port, .support = MP_SUPPORT_PARTLY,
	     .note = "minipod forwards no host ports; set hostNetwork: true or connect to the pod's "
		     "address"),
	MP_F("name", string, name),
	MP_F("protocol", string, protocol),
};
static const struct mp_type port_type = MP_TYPE("ContainerPort", port_fields, T);
#undef T

#define T struct mp_volume_mount
static const struct mp_field mount_fields[] = {
	MP_F("mountPath", string, mount_path),
	MP_F("mountPropagation", string, propagation),
	MP_F("name", string, name),
	MP_F("readOnly", bool, read_only),
	MP_F("recursiveReadOnly", string, recursive_read_only),
	MP_F("subPath", string, sub_path),
	MP_F("subPathExpr", string, sub_path_expr),
};
static const struct mp_type mount_type = MP_TYPE("VolumeMount", mount_fields, T);
#undef T

#define T struct mp_resources
static const struct mp_field resources_fields[] = {
	MP_REFUSE("claims", "there is no resource driver to claim devices from; use hostPath or a "
			    "privileged container"),
	MP_F("limits", quantities, limits, .support = MP_SUPPORT_PARTLY,
	     .note = "minipod has no extended resources: nothing here provides such a device; ask for "
		     "cpu, memory, ephemeral-storage or hugepages only"),
	MP_F("requests", quantities, requests),
};
const struct mp_type mp_type_resources = MP_TYPE("ResourceRequirements", resources_fields, T);
#undef T

#define T struct mp_restart_rule
static const struct mp_name operators[] = {
	{ "In", MP_OPERATOR_IN },
	{ "NotIn", MP_OPERATOR_NOT_IN },
};
static const struct mp_field exit_codes_fields[] = {
	MP_F("operator", enum, operator_, .names = operators, .n_names = MP_ARRAY_SIZE(operators),
	     .text = offsetof(T, operator_text), .value = MP_OPERATOR_INVALID),
	MP_F("values", int32s, values),
};
static const struct mp_type exit_codes_type =
	MP_TYPE("ContainerRestartRuleOnExitCodes", exit_codes_fields, T);

static const struct mp_name actions[] = {
	{ "Restart", MP_RULE_RESTART },
	{ "RestartAllContainers", MP_RULE_RESTART_ALL },
};
static const struct mp_field rule_fields[] = {
	MP_F("action", enum, action, .names = actions, .n_names = MP_ARRAY_SIZE(actions),
	     .text = offsetof(T, action_text), .value = MP_RULE_INVALID),
	MP_INLINE("exitCodes", object, .flag = MP_FLAG(T, has_exit_codes),
		  .type = &exit_codes_type),
};
static const struct mp_type rule_type = MP_TYPE("ContainerRestartRule", rule_fields, T);
#undef T

/* ---- the container ------------------------------------------------------------------------------ */

#define T struct mp_container_spec
#define PROBE(name_, which)                                                          \
	MP_F(name_, object, probes[which], .flag = MP_FLAG(T, probes[which].is_set), \
	     .type = &probe_type)

static const struct mp_field container_fields[] = {
	MP_F("args", strings, args),
	MP_F("command", strings, command),
	MP_F("env", list, env, .type = &env_type),
	MP_F("envFrom", list, env_from, .type = &env_from_type),
	MP_F("image", string, image),
	MP_F("imagePullPolicy", string, pull_policy),
	MP_F("lifecycle", object, lifecycle, .flag = MP_FLAG(T, lifecycle.is_set),
	     .type = &lifecycle_type),
	PROBE("livenessProbe", MP_PROBE_LIVENESS),
	MP_F("name", string, name),
	MP_F("ports", list, ports, .type = &port_type),
	PROBE("readinessProbe", MP_PROBE_READINESS),
	MP_F("resizePolicy", raw_list, raw, .support = MP_SUPPORT_HARMLESS,
	     .note = "has no effect: resources of a running pod are not changed"),
	MP_F("resources", object, resources, .flag = MP_FLAG(T, resources.is_set),
	     .type = &mp_type_resources, .is_always = true),
	MP_F("restartPolicy", enum, restart, .names = mp_restart_names,
	     .n_names = MP_N_RESTART_NAMES, .text = offsetof(T, restart_text),
	     .value = MP_RESTART_INVALID),
	MP_F("restartPolicyRules", list, rules, .type = &rule_type),
	MP_F("securityContext", object, security, .flag = MP_FLAG(T, security.is_set),
	     .type = &mp_type_security),
	PROBE("startupProbe", MP_PROBE_STARTUP),
	MP_F("stdin", bool, stdin_),
	MP_F("stdinOnce", bool, stdin_once),
	MP_F("terminationMessagePath", string, termination_path),
	MP_F("terminationMessagePolicy", string, termination_policy),
	MP_F("tty", bool, tty),
	MP_REFUSE("volumeDevices",
		  "there are no block-mode claims without a cluster; use a hostPath "
		  "volume of type BlockDevice"),
	MP_F("volumeMounts", list, mounts, .type = &mount_type),
	MP_F("workingDir", string, working_dir),
};
const struct mp_type mp_type_container = MP_TYPE("Container", container_fields, T);
#undef PROBE
#undef T
