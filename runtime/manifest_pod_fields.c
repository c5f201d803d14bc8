/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables: the Pod, its metadata and its spec. Rows sorted by name. */
#include "runtime/manifest_fields.h"

#define ALONE "has no effect on a single machine"
#define OURS  "is set by minipod; the manifest's value is not used"

/* ---- metadata ----------------------------------------------------------------------------- */

#define T struct mp_object_meta
static const struct mp_field meta_fields[] = {
	MP_F("annotations", map, annotations),
	MP_F("creationTimestamp", time, creation_wall, .support = MP_SUPPORT_OURS, .note = OURS),
	MP_F("deletionGracePeriodSeconds", raw_number, raw, .support = MP_SUPPORT_OURS,
	     .note = "has no effect: deleting is a command, not a field"),
	MP_F("deletionTimestamp", raw_string, raw, .support = MP_SUPPORT_OURS,
	     .note = "has no effect: deleting is a command, not a field"),
	MP_F("finalizers", raw_list, raw, .support = MP_SUPPORT_HARMLESS, .note = ALONE),
	MP_F("generateName", string, generate_name),
	MP_F("generation", int64, generation, .support = MP_SUPPORT_OURS, .note = OURS),
	MP_F("labels", map, labels),
	MP_F("managedFields", raw_list, raw, .support = MP_SUPPORT_HARMLESS, .note = ALONE),
	MP_F("name", string, name),
	MP_F("namespace", string, namespace_),
	MP_F("ownerReferences", raw_list, raw, .support = MP_SUPPORT_HARMLESS, .note = ALONE),
	MP_F("resourceVersion", raw_string, raw, .support = MP_SUPPORT_HARMLESS, .note = ALONE),
	MP_F("selfLink", raw_string, raw, .support = MP_SUPPORT_HARMLESS, .note = ALONE),
	MP_F("uid", string, uid, .support = MP_SUPPORT_OURS, .note = OURS),
};
const struct mp_type mp_type_meta = MP_TYPE("ObjectMeta", meta_fields, T);
#undef T

/* ---- small objects of the spec ------------------------------------------------------------- */

#define T struct mp_dns_option
static const struct mp_field dns_option_fields[] = {
	MP_F("name", string, name),
	MP_F("value", string, value),
};
static const struct mp_type dns_option_type = MP_TYPE("PodDNSConfigOption", dns_option_fields, T);
#undef T

#define T struct mp_dns_config
static const struct mp_field dns_config_fields[] = {
	MP_F("nameservers", strings, nameservers),
	MP_F("options", list, options, .type = &dns_option_type),
	MP_F("searches", strings, searches),
};
static const struct mp_type dns_config_type = MP_TYPE("PodDNSConfig", dns_config_fields, T);
#undef T

#define T struct mp_host_alias
static const struct mp_field host_alias_fields[] = {
	MP_F("hostnames", strings, hostnames),
	MP_F("ip", string, ip),
};
static const struct mp_type host_alias_type = MP_TYPE("HostAlias", host_alias_fields, T);
#undef T

/* The one field of each item is the item: a list of strings in memory. */
struct one_string {
	const char *text;
};

#define T struct one_string
static const struct mp_field readiness_gate_fields[] = {
	MP_F("conditionType", string, text),
};
static const struct mp_type readiness_gate_type =
	MP_TYPE("PodReadinessGate", readiness_gate_fields, T);

static const struct mp_field scheduling_gate_fields[] = {
	MP_F("name", string, text),
};
static const struct mp_type scheduling_gate_type =
	MP_TYPE("PodSchedulingGate", scheduling_gate_fields, T);
#undef T

/* ---- the spec --------------------------------------------------------------------------------- */

#define T struct mp_pod_spec
static const struct mp_field os_fields[] = {
	MP_F("name", string, os_name),
};
static const struct mp_type os_type = MP_TYPE("PodOS", os_fields, T);

/* A field that only a scheduler looks at, and whether minipod has a member of its own for it. */
#define ALONE_RAW(name_, codec_) \
	MP_F(name_, codec_, raw, .support = MP_SUPPORT_HARMLESS, .note = ALONE)
#define ALONE_F(name_, codec_, member) \
	MP_F(name_, codec_, member, .support = MP_SUPPORT_HARMLESS, .note = ALONE)

static const struct mp_field spec_fields[] = {
	MP_F("activeDeadlineSeconds", opt_int64, active_deadline_s),
	ALONE_RAW("affinity", raw_map),
	MP_F("automountServiceAccountToken", raw_bool, raw, .support = MP_SUPPORT_HARMLESS,
	     .note = "has no effect: there is no API server to hold a token for"),
	MP_F("containers", main, containers, .type = &mp_type_container),
	MP_F("dnsConfig", object, dns, .flag = MP_FLAG(T, dns.is_set), .type = &dns_config_type),
	MP_F("dnsPolicy", string, dns_policy),
	MP_F("enableServiceLinks", opt_bool, enable_service_links),
	MP_F("ephemeralContainers", ephemeral, has_ephemeral, .support = MP_SUPPORT_LATER,
	     .note = "cannot be set on create"),
	MP_F("hostAliases", list, host_aliases, .type = &host_alias_type),
	MP_F("hostIPC", bool, host_ipc),
	MP_F("hostNetwork", bool, host_network),
	MP_F("hostPID", bool, host_pid),
	MP_F("hostUsers", opt_bool, host_users),
	MP_F("hostname", string, hostname),
	MP_F("hostnameOverride", string, hostname_override),
	MP_F("imagePullSecrets", raw_list, raw, .support = MP_SUPPORT_HARMLESS,
	     .note = "has no effect: minipod logs in to no registry"),
	MP_F("initContainers", init, containers, .type = &mp_type_container),
	MP_F("nodeName", string, node_name),
	ALONE_RAW("nodeSelector", raw_map),
	MP_INLINE("os", object, .flag = MP_FLAG(T, has_os), .type = &os_type),
	MP_F("overhead", quantities, overhead),
	ALONE_RAW("preemptionPolicy", raw_string),
	ALONE_F("priority", opt_int32, priority),
	ALONE_F("priorityClassName", string, priority_class),
	MP_F("readinessGates", list, readiness_gates, .type = &readiness_gate_type),
	MP_REFUSE("resourceClaims",
		  "there is no resource driver to claim devices from; use hostPath "
		  "or a privileged container"),
	MP_F("resources", object, resources, .flag = MP_FLAG(T, resources.is_set),
	     .type = &mp_type_resources),
	MP_F("restartPolicy", enum, restart, .names = mp_restart_names,
	     .n_names = MP_N_RESTART_NAMES, .text = offsetof(T, restart_text),
	     .value = MP_RESTART_INVALID),
	MP_F("runtimeClassName", string, runtime_class, .support = MP_SUPPORT_HARMLESS,
	     .note = "has no effect: minipod is the only runtime here"),
	ALONE_F("schedulerName", string, scheduler_name),
	MP_F("schedulingGates", count, n_scheduling_gates, .type = &scheduling_gate_type,
	     .support = MP_SUPPORT_LATER,
	     .note = "the pod is held back by scheduling gates; remove them to run it"),
	ALONE_RAW("schedulingGroup", raw_map),
	MP_F("securityContext", object, security, .flag = MP_FLAG(T, security.is_set),
	     .type = &mp_type_pod_security),
	MP_F("serviceAccount", alias, service_account),
	MP_F("serviceAccountName", string, service_account),
	MP_F("setHostnameAsFQDN", bool, set_hostname_as_fqdn),
	MP_F("shareProcessNamespace", opt_bool, share_process_namespace),
	MP_F("subdomain", string, subdomain),
	MP_F("terminationGracePeriodSeconds", opt_int64, grace_s),
	ALONE_RAW("tolerations", raw_list),
	ALONE_RAW("topologySpreadConstraints", raw_list),
	MP_F("volumes", list, volumes, .type = &mp_type_volume),
};
static const struct mp_type spec_type = MP_TYPE("PodSpec", spec_fields, T);

/* ---- the pod ---------------------------------------------------------------------------------- */

static const struct mp_field pod_fields[] = {
	MP_INLINE("apiVersion", skip),
	MP_INLINE("kind", skip),
	MP_F("metadata", object, meta, .type = &mp_type_meta),
	MP_INLINE("spec", object, .type = &spec_type),
	MP_INLINE("status", skip, .support = MP_SUPPORT_HARMLESS,
		  .note = "is not used: minipod writes the status itself"),
};
const struct mp_type mp_type_pod = MP_TYPE("Pod", pod_fields, T);
#undef T
