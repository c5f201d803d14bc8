/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed pod: what a core/v1 Pod manifest says, after decoding. Plain values; every pointer
 * is borrowed from the arena that the manifest was loaded into and lives as long as it does.
 * Strings that were absent are NULL. Numbers that distinguish "absent" are struct mp_opt_int.
 * Source: Kubernetes 1.36 core/v1; pod-semantics reference sections 9-11.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lifecycle/quantity.h"
#include "lifecycle/string_set.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

struct mp_opt_int {
	int64_t v;
	bool is_set;
};

/** enum mp_opt_bool - an optional boolean. */
enum mp_opt_bool { MP_UNSET = 0, MP_FALSE, MP_TRUE };

/** struct mp_key_value - one entry of a string map (labels, annotations, ...), manifest order. */
struct mp_key_value {
	const char *key;
	const char *value;
};

/** struct mp_raw_field - a field that is harmless here: kept so that it can be shown again. */
struct mp_raw_field {
	const char *name; /* field name inside its object */
	const char *json; /* its value as compact JSON */
};

struct mp_raw_list {
	const struct mp_raw_field *fields;
	size_t n;
};

/** struct mp_strings - a list of strings; is_set tells [] from absent. */
struct mp_strings {
	const char *const *items;
	size_t n;
	bool is_set;
};

/* ---- metadata ------------------------------------------------------------------------- */

struct mp_object_meta {
	const char *name;
	const char *generate_name;
	const char *namespace_; /* "default" after defaulting */
	const char *uid;
	int64_t creation_wall; /* ns since the epoch; 0 until defaulted */
	int64_t generation;    /* 1 for a never-edited pod */
	const struct mp_key_value *labels;
	size_t n_labels;
	const struct mp_key_value *annotations;
	size_t n_annotations;
	struct mp_raw_list raw;
};

/* ---- resources ------------------------------------------------------------------------- */

struct mp_resource {
	const char *name; /* "cpu", "memory", "ephemeral-storage", "hugepages-2Mi", ... */
	struct mp_quantity quantity;
};

struct mp_resource_list {
	struct mp_resource *items;
	size_t n;
};

struct mp_resources {
	struct mp_resource_list limits;
	struct mp_resource_list requests;
	bool is_set; /* the resources object was present */
};

/* ---- handlers, probes, lifecycle -------------------------------------------------------- */

/** struct mp_int_or_string - a port: a number, or the name of one of the container's ports. */
struct mp_int_or_string {
	const char *name; /* NULL: it is a number */
	int64_t number;
	bool is_set;
};

struct mp_http_header {
	const char *name;
	const char *value;
};

enum mp_http_scheme { MP_SCHEME_HTTP = 0, MP_SCHEME_HTTPS };

/** struct mp_handler - exactly one kind after validation; the flags say which were written. */
struct mp_handler {
	bool has_exec, has_http_get, has_tcp_socket, has_grpc, has_sleep;
	struct {
		struct mp_strings command;
	} exec;
	struct {
		const char *path; /* "/" after defaulting */
		struct mp_int_or_string port;
		const char *host;
		enum mp_http_scheme scheme;
		const char *scheme_text; /* as written, for validation; NULL = default */
		const struct mp_http_header *headers;
		size_t n_headers;
	} http_get;
	struct {
		struct mp_int_or_string port;
		const char *host;
	} tcp_socket;
	struct {
		struct mp_opt_int port;
		const char *service; /* "" after defaulting */
	} grpc;
	struct {
		int64_t seconds;
	} sleep;
};

enum mp_probe_kind { MP_PROBE_STARTUP = 0, MP_PROBE_READINESS, MP_PROBE_LIVENESS };
#define MP_N_PROBES 3 /* iterated by the probe workers */

/** struct mp_probe_spec - numbers are as written until defaulting turned 0 into the default. */
struct mp_probe_spec {
	bool is_set;
	struct mp_handler handler;
	int64_t initial_delay_s;   /* default 0 */
	int64_t timeout_s;         /* default 1 */
	int64_t period_s;          /* default 10 */
	int64_t success_threshold; /* default 1 */
	int64_t failure_threshold; /* default 3 */
	struct mp_opt_int grace_s; /* terminationGracePeriodSeconds of the probe */
};

struct mp_lifecycle_spec {
	bool is_set;
	bool has_post_start, has_pre_stop;
	struct mp_handler post_start;
	struct mp_handler pre_stop;
	const char *stop_signal; /* "SIGUSR1"; NULL: the image's, else SIGTERM */
};

/* ---- security ----------------------------------------------------------------------------- */

/** struct mp_profile - seccompProfile or appArmorProfile. */
struct mp_profile {
	bool is_set;
	const char *type;      /* "RuntimeDefault", "Unconfined", "Localhost" */
	const char *localhost; /* localhostProfile */
};

struct mp_selinux {
	bool is_set;
	const char *user, *role, *type, *level;
};

/** struct mp_security - container securityContext. */
struct mp_security {
	bool is_set;
	struct mp_opt_int run_as_user, run_as_group;
	enum mp_opt_bool run_as_non_root;
	enum mp_opt_bool privileged;
	enum mp_opt_bool allow_privilege_escalation;
	enum mp_opt_bool read_only_root_filesystem;
	bool has_capabilities;
	struct mp_strings cap_add, cap_drop;
	const char *proc_mount; /* "Default", "Unmasked"; NULL = Default */
	struct mp_profile seccomp, apparmor;
	struct mp_selinux selinux;
	struct mp_raw_list raw;
};

/** struct mp_pod_security - pod securityContext. */
struct mp_pod_security {
	bool is_set;
	struct mp_opt_int run_as_user, run_as_group;
	enum mp_opt_bool run_as_non_root;
	struct mp_opt_int fs_group;
	const char *fs_group_change_policy;     /* "Always", "OnRootMismatch" */
	const char *supplemental_groups_policy; /* "Merge", "Strict" */
	const int64_t *supplemental_groups;
	size_t n_supplemental_groups;
	const struct mp_key_value *sysctls;
	size_t n_sysctls;
	struct mp_profile seccomp, apparmor;
	struct mp_selinux selinux;
	struct mp_raw_list raw;
};

/* ---- environment ------------------------------------------------------------------------- */

struct mp_key_ref {
	bool is_set;
	const char *name; /* of the ConfigMap or Secret */
	const char *key;
	bool is_optional;
};

struct mp_field_ref {
	bool is_set;
	const char *api_version; /* "v1" after defaulting */
	const char *path;
};

struct mp_resource_ref {
	bool is_set;
	const char *container;
	const char *resource; /* "limits.cpu" */
	struct mp_quantity divisor;
};

struct mp_file_key_ref {
	bool is_set;
	const char *volume, *path, *key;
	bool is_optional;
};

struct mp_env_var {
	const char *name;
	const char *value; /* NULL = absent */
	bool has_value_from;
	struct mp_field_ref field;
	struct mp_resource_ref resource;
	struct mp_key_ref config_map;
	struct mp_key_ref secret;
	struct mp_file_key_ref file;
};

struct mp_env_from {
	const char *prefix; /* NULL = "" */
	bool has_config_map, has_secret;
	const char *config_map, *secret; /* object names */
	bool is_optional;
};

/* ---- container ------------------------------------------------------------------------------ */

struct mp_port {
	const char *name;
	int64_t container_port;
	int64_t host_port;
	const char *protocol; /* "TCP" after defaulting */
	const char *host_ip;
};

struct mp_volume_mount {
	const char *name;
	const char *mount_path;
	const char *sub_path, *sub_path_expr;
	bool read_only;
	const char *recursive_read_only; /* "Disabled", "IfPossible", "Enabled"; NULL */
	const char *propagation;         /* "None", "HostToContainer", "Bidirectional"; NULL */
};

enum mp_restart_policy {
	MP_RESTART_UNSET = 0, /* containers only: the pod's policy applies */
	MP_RESTART_ALWAYS,
	MP_RESTART_ON_FAILURE,
	MP_RESTART_NEVER,
	MP_RESTART_INVALID, /* anything else was written: see the text */
};

enum mp_rule_action { MP_RULE_INVALID = 0, MP_RULE_RESTART, MP_RULE_RESTART_ALL };
enum mp_rule_operator { MP_OPERATOR_INVALID = 0, MP_OPERATOR_IN, MP_OPERATOR_NOT_IN };

struct mp_restart_rule {
	enum mp_rule_action action;
	const char *action_text;
	bool has_exit_codes;
	enum mp_rule_operator operator_;
	const char *operator_text;
	const int64_t *values;
	size_t n_values;
};

enum mp_container_kind {
	MP_KIND_INIT = 0, /* runs to completion */
	MP_KIND_SIDECAR,  /* initContainers[] with restartPolicy Always */
	MP_KIND_MAIN,
};

struct mp_container_spec {
	enum mp_container_kind kind; /* decided by the list and restart policy */
	const char *name;
	const char *image;
	const char *pull_policy; /* "Always", "IfNotPresent", "Never"; defaulted */
	struct mp_strings command, args;
	const char *working_dir;
	const struct mp_port *ports;
	size_t n_ports;
	const struct mp_env_from *env_from;
	size_t n_env_from;
	const struct mp_env_var *env;
	size_t n_env;
	struct mp_resources resources;
	const struct mp_volume_mount *mounts;
	size_t n_mounts;
	struct mp_probe_spec probes[MP_N_PROBES];
	struct mp_lifecycle_spec lifecycle;
	struct mp_security security;
	const char *termination_path;   /* "/dev/termination-log" after defaulting */
	const char *termination_policy; /* "File", "FallbackToLogsOnError" */
	enum mp_restart_policy restart; /* MP_RESTART_UNSET when not given */
	const char *restart_text;
	const struct mp_restart_rule *rules;
	size_t n_rules;
	bool stdin_, stdin_once, tty;
	struct mp_raw_list raw;
};

/* ---- volumes ---------------------------------------------------------------------------------- */

enum mp_volume_kind {
	MP_VOLUME_NONE = 0, /* becomes emptyDir by defaulting */
	MP_VOLUME_EMPTY_DIR,
	MP_VOLUME_HOST_PATH,
	MP_VOLUME_SECRET,
	MP_VOLUME_PVC,
	MP_VOLUME_DOWNWARD,
	MP_VOLUME_CONFIG_MAP,
	MP_VOLUME_PROJECTED,
	MP_VOLUME_IMAGE,
};

struct mp_key_item {
	const char *key, *path;
	struct mp_opt_int mode;
};

/** struct mp_object_volume - configMap or secret source (volume or projected). */
struct mp_object_volume {
	const char *name; /* configMap.name, secret.secretName or projected .name */
	const struct mp_key_item *items;
	size_t n_items;
	bool has_items;
	struct mp_opt_int default_mode; /* volumes only */
	bool is_optional;
};

struct mp_downward_item {
	const char *path;
	struct mp_field_ref field;
	struct mp_resource_ref resource;
	struct mp_opt_int mode;
};

struct mp_downward_volume {
	const struct mp_downward_item *items;
	size_t n_items;
	struct mp_opt_int default_mode;
};

struct mp_projected_source {
	bool has_secret, has_config_map, has_downward, has_token;
	struct mp_object_volume secret, config_map;
	struct mp_downward_volume downward;
	struct {
		const char *audience, *path;
		struct mp_opt_int expiration_s;
	} token;
};

struct mp_volume {
	const char *name;
	enum mp_volume_kind kind;   /* the first source that was written, in API order */
	enum mp_volume_kind second; /* MP_VOLUME_NONE unless two sources were written */
	struct {
		const char *medium; /* "", "Memory", "HugePages", "HugePages-2Mi" */
		struct mp_quantity size_limit;
	} empty_dir;
	struct {
		const char *path, *type;
	} host_path;
	struct mp_object_volume config_map, secret;
	struct mp_downward_volume downward;
	struct {
		const struct mp_projected_source *sources;
		size_t n_sources;
		struct mp_opt_int default_mode;
	} projected;
	struct {
		const char *reference, *pull_policy;
	} image;
	struct {
		const char *claim_name;
		bool read_only;
	} pvc;
	struct mp_raw_list raw;
};

/* ---- pod ---------------------------------------------------------------------------------------- */

struct mp_dns_option {
	const char *name, *value;
};

struct mp_dns_config {
	bool is_set;
	struct mp_strings nameservers, searches;
	const struct mp_dns_option *options;
	size_t n_options;
};

struct mp_host_alias {
	const char *ip;
	struct mp_strings hostnames;
};

enum mp_qos { MP_QOS_BEST_EFFORT = 0, MP_QOS_BURSTABLE, MP_QOS_GUARANTEED };

/**
 * struct mp_pod_spec - one Pod. The containers are ordered: all initContainers entries in
 * manifest order (init containers and sidecars), then all main containers in manifest order. An
 * index into @containers names a container everywhere in lifecycle/.
 */
struct mp_pod_spec {
	struct mp_object_meta meta;
	struct mp_container_spec *containers;
	size_t n_init;      /* entries of initContainers: containers[0 .. n_init) */
	size_t n_main;      /* entries of containers: containers[n_init .. n_init + n_main) */
	bool has_ephemeral; /* ephemeralContainers was non-empty: refused at creation */
	struct mp_volume *volumes;
	size_t n_volumes;
	enum mp_restart_policy restart; /* MP_RESTART_ALWAYS after defaulting */
	const char *restart_text;
	struct mp_opt_int grace_s; /* terminationGracePeriodSeconds; 30 after defaulting */
	bool had_negative_grace;   /* set by defaulting, which made it 1: a warning */
	struct mp_opt_int active_deadline_s;
	const char *dns_policy;
	bool is_dns_policy_explicit; /* the manifest stated it: a missing cluster DNS is told */
	struct mp_dns_config dns;
	const char *hostname, *subdomain, *hostname_override;
	bool set_hostname_as_fqdn;
	const struct mp_host_alias *host_aliases;
	size_t n_host_aliases;
	bool host_network, host_pid, host_ipc;
	enum mp_opt_bool host_users;
	enum mp_opt_bool share_process_namespace;
	struct mp_pod_security security;
	const char *const *readiness_gates; /* condition types */
	size_t n_readiness_gates;
	struct mp_resources resources; /* pod level */
	struct mp_resource_list overhead;
	enum mp_opt_bool enable_service_links;
	const char *os_name;
	bool has_os;
	const char *node_name, *service_account, *scheduler_name;
	bool was_scheduled; /* @node_name is from us: the manifest names none */
	const char *priority_class, *runtime_class;
	struct mp_opt_int priority;
	size_t n_scheduling_gates;
	struct mp_raw_list raw; /* harmless spec fields (affinity, tolerations, ...) */
	enum mp_qos qos;        /* computed by mp_spec_default() */
};

/** mp_spec_n_containers() - entries of @containers. */
static inline size_t mp_spec_n_containers(const struct mp_pod_spec *spec)
{
	return spec->n_init + spec->n_main;
}

/** mp_handler_is_set() - any handler was written. */
static inline bool mp_handler_is_set(const struct mp_handler *h)
{
	return h->has_exec || h->has_http_get || h->has_tcp_socket || h->has_grpc || h->has_sleep;
}

/** mp_resource_find() - the entry called @name, or NULL. */
const struct mp_resource *mp_resource_find(const struct mp_resource_list *list, const char *name);

/** mp_spec_container() - index of the container called @name, or -ENOENT. */
int mp_spec_container(const struct mp_pod_spec *spec, const char *name);

/** mp_spec_volume() - index of the volume called @name, or -ENOENT. */
int mp_spec_volume(const struct mp_pod_spec *spec, const char *name);

/** mp_container_restart() - the policy in force: the container's own, else the pod's. */
static inline enum mp_restart_policy mp_container_restart(const struct mp_pod_spec *spec,
							  const struct mp_container_spec *c)
{
	return c->restart != MP_RESTART_UNSET ? c->restart : spec->restart;
}

/** enum mp_resource_side - which half of a resources object. */
enum mp_resource_side { MP_REQUESTS = 0, MP_LIMITS };

/**
 * mp_spec_aggregate() - the containers' sum of @resource as the scheduler sees it: the larger of
 * all mains with all sidecars, and of each step of initialization. Without pod-level values and
 * overhead. is_set is false when no container names the resource. Source: section 10.3.
 */
struct mp_quantity mp_spec_aggregate(const struct mp_pod_spec *spec, const char *resource,
				     enum mp_resource_side side);

/**
 * mp_spec_effective() - what the whole pod asks for, or may use: the aggregate, replaced by the
 * pod-level value (cpu, memory, hugepages-*), plus overhead. Source: section 10.3.
 */
struct mp_quantity mp_spec_effective(const struct mp_pod_spec *spec, const char *resource,
				     enum mp_resource_side side);

/**
 * mp_spec_container_limit() - limit for the container's own cgroup: its own, else for cpu and
 * memory the pod-level one; is_set is false when it is unlimited. Source: section 10.6.
 */
struct mp_quantity mp_spec_container_limit(const struct mp_pod_spec *spec,
					   const struct mp_container_spec *c, const char *resource);

/**
 * mp_spec_pod_is_limited() - the pod's cgroup gets a limit for @resource: every container, init
 * entries included, has a non-zero one, or there is a pod-level one. Source: section 10.5.
 */
bool mp_spec_pod_is_limited(const struct mp_pod_spec *spec, const char *resource);

/** mp_spec_is_pod_level() - spec.resources may name it: cpu, memory, hugepages-*. Section 10.6. */
bool mp_spec_is_pod_level(const char *resource);

/** mp_spec_qos() - the class by section 10.2; mp_spec_default() stores it in @spec->qos. */
enum mp_qos mp_spec_qos(const struct mp_pod_spec *spec);

/** mp_restart_policy_text() - "Always", "OnFailure", "Never". */
const char *mp_restart_policy_text(enum mp_restart_policy policy);

/** mp_qos_text() - "BestEffort", "Burstable", "Guaranteed". */
const char *mp_qos_text(enum mp_qos qos);

/**
 * mp_spec_signal() - number of a lifecycle.stopSignal name ("SIGUSR1", "SIGRTMIN+3").
 *
 * Return: the number, or -EINVAL. Source: section 6.4.
 */
int mp_spec_signal(const char *name);

/** struct mp_seed - what defaulting needs from outside, so that it stays pure. */
struct mp_seed {
	const char *uid;     /* a fresh v4 UUID for a pod without one */
	const char *suffix5; /* five characters of bcdfghjklmnpqrstvwxz2456789 for generateName */
	int64_t wall;        /* now, ns since the epoch */
};

/** mp_spec_default_pull_policy() - "Always" or "IfNotPresent", by @image's tag (9.9). */
const char *mp_spec_default_pull_policy(const char *image);

/**
 * mp_spec_default() - fill in what the API server would, in place (section 11.3, 10.2, 9.9).
 * @arena: owns new strings and lists.
 *
 * Return: 0 or -ENOMEM. Idempotent.
 */
int mp_spec_default(struct mp_pod_spec *spec, const struct mp_seed *seed, struct mp_arena *arena);

/** struct mp_problem - one validation error. */
struct mp_problem {
	const char *path; /* "spec.containers[0].ports[1].name" */
	const char *text; /* "Invalid value: ...": everything after "<path>: " */
	struct mp_problem *next;
};

struct mp_problems {
	struct mp_problem *first, **last; /* in order of discovery, duplicates removed */
	size_t n;
	size_t n_reported;         /* calls of mp_problems_add(), duplicates included */
	struct mp_string_set seen; /* "path: text" of each entry */
	struct mp_arena *arena;    /* borrowed; owns the entries */
	bool is_out_of_memory;     /* an entry could not be kept */
};

/** mp_problems_init() - an empty list whose entries live in @arena. */
void mp_problems_init(struct mp_problems *list, struct mp_arena *arena);

/**
 * mp_problems_add() - append unless the same path and text is there already.
 * @path: copied; "" for a problem of the whole object.
 */
void mp_problems_add(struct mp_problems *list, const char *path, const char *text_fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * mp_spec_validate() - all errors of section 11.4-11.7 for a defaulted spec.
 *
 * Appends to @problems; never stops at the first.
 */
void mp_spec_validate(const struct mp_pod_spec *spec, struct mp_problems *problems);

/**
 * mp_spec_warnings() - what the API server accepts with a warning (name is not a label, negative
 * grace period, ...): appended to @warnings in the same shape.
 */
void mp_spec_warnings(const struct mp_pod_spec *spec, struct mp_problems *warnings);

/**
 * mp_spec_refuse_later() - fields that decode and validate but whose feature this build does not
 * have: one problem each, with the way out in the sentence.
 */
void mp_spec_refuse_later(const struct mp_pod_spec *spec, struct mp_problems *problems);

/**
 * mp_spec_format_rejection() - the API server's sentence of section 11.1:
 * `Pod "<name>" is invalid: <e>` or `Pod "<name>" is invalid: [<e1>, <e2>]`.
 *
 * Return: text in @arena, or NULL when out of memory. @problems must not be empty.
 */
char *mp_spec_format_rejection(const struct mp_pod_spec *spec, const struct mp_problems *problems,
			       struct mp_arena *arena);
