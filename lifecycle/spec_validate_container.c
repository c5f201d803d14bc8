/* SPDX-License-Identifier: Apache-2.0 */
/* The two container lists: section 11.6. */
#include <string.h>

#include "lifecycle/spec_check.h"

#define RULES_MAX       20
#define RULE_VALUES_MAX 255

static void check_ports(const struct mp_container_spec *c, const struct mp_at *list_at,
			struct mp_problems *out)
{
	struct mp_string_set names = { .n = 0 };

	for (size_t i = 0; i < c->n_ports; i++) {
		const struct mp_port *p = &c->ports[i];
		const struct mp_at *at = MP_AT_INDEX(list_at, i);
		const struct mp_at *name_at = MP_AT(at, "name");

		if (!mp_is_empty(p->name)) {
			const struct mp_name_faults faults = mp_name_port(p->name);

			mp_check_faults(out, name_at, p->name, faults);
			if (faults.n == 0)
				(void)mp_check_unique(out, name_at, &names, p->name);
		}
		if (p->container_port == 0)
			mp_check_required(out, MP_AT(at, "containerPort"), "");
		else
			mp_check_int_faults(out, MP_AT(at, "containerPort"), p->container_port,
					    mp_name_port_number(p->container_port));
		if (p->host_port != 0)
			mp_check_int_faults(out, MP_AT(at, "hostPort"), p->host_port,
					    mp_name_port_number(p->host_port));
		mp_check_one_of(out, MP_AT(at, "protocol"), p->protocol,
				MP_ONE_OF("SCTP", "TCP", "UDP"));
	}
}

static void check_propagation(const struct mp_container_spec *c, const struct mp_volume_mount *m,
			      const struct mp_at *at, struct mp_problems *out)
{
	if (!m->propagation)
		return;
	mp_check_one_of(out, at, m->propagation,
			MP_ONE_OF("Bidirectional", "HostToContainer", "None"));
	if (mp_streq(m->propagation, "Bidirectional") && c->security.privileged != MP_TRUE)
		mp_check_forbidden(out, at,
				   "Bidirectional mount propagation is available only to "
				   "privileged containers");
}

static void check_recursive_read_only(const struct mp_volume_mount *m, const struct mp_at *at,
				      struct mp_problems *out)
{
	if (!m->recursive_read_only || mp_streq(m->recursive_read_only, "Disabled"))
		return;
	if (!mp_streq(m->recursive_read_only, "Enabled") &&
	    !mp_streq(m->recursive_read_only, "IfPossible")) {
		mp_check_unsupported(out, at, m->recursive_read_only,
				     MP_ONE_OF("Disabled", "Enabled", "IfPossible"));
		return;
	}
	if (!m->read_only)
		mp_check_forbidden(out, at, "may only be specified when readOnly is true");
	if (m->propagation && !mp_streq(m->propagation, "None"))
		mp_check_forbidden(out, at,
				   "may only be specified when mountPropagation is None or not "
				   "specified");
}

/* Some of these are reported without the index: @list_at. So does the API server. */
static void check_mount(const struct mp_container_spec *c, const struct mp_volume_mount *m,
			const struct mp_at *list_at, size_t i, struct mp_problems *out)
{
	const struct mp_at *at = MP_AT_INDEX(list_at, i);

	if (!mp_is_empty(m->sub_path))
		mp_check_relative(out, MP_AT(list_at, "subPath"), m->sub_path);
	if (!mp_is_empty(m->sub_path_expr)) {
		if (!mp_is_empty(m->sub_path))
			mp_check_invalid(out, MP_AT(at, "subPathExpr"), m->sub_path_expr,
					 "subPathExpr and subPath are mutually exclusive");
		mp_check_relative(out, MP_AT(list_at, "subPathExpr"), m->sub_path_expr);
	}
	check_propagation(c, m, MP_AT(list_at, "mountPropagation"), out);
	check_recursive_read_only(m, MP_AT(list_at, "recursiveReadOnly"), out);
}

static void check_mounts(const struct mp_container_spec *c, const struct mp_string_set *volumes,
			 const struct mp_at *list_at, struct mp_problems *out)
{
	struct mp_string_set paths = { .n = 0 };

	for (size_t i = 0; i < c->n_mounts; i++) {
		const struct mp_volume_mount *m = &c->mounts[i];
		const struct mp_at *at = MP_AT_INDEX(list_at, i);
		const char *path = mp_or_empty(m->mount_path);
		bool is_new = true;

		if (mp_is_empty(m->name))
			mp_check_required(out, MP_AT(at, "name"), "");
		if (!mp_string_set_has(volumes, mp_or_empty(m->name)))
			mp_check_not_found(out, MP_AT(at, "name"), m->name);
		if (*path == '\0')
			mp_check_required(out, MP_AT(at, "mountPath"), "");
		if (mp_string_set_add(&paths, out->arena, path, &is_new) < 0)
			out->is_out_of_memory = true;
		if (!is_new)
			mp_check_invalid(out, MP_AT(at, "mountPath"), path, "must be unique");
		check_mount(c, m, list_at, i, out);
	}
}

/* What main and init containers have in common, in the API server's order. */
static void check_common(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
			 const struct mp_at *at, const struct mp_string_set *volumes,
			 struct mp_problems *out)
{
	if (mp_is_empty(c->name))
		mp_check_required(out, MP_AT(at, "name"), "");
	else
		mp_check_faults(out, MP_AT(at, "name"), c->name, mp_name_dns_label(c->name));
	if (mp_is_empty(c->image))
		mp_check_required(out, MP_AT(at, "image"), "");
	mp_check_one_of(out, MP_AT(at, "terminationMessagePolicy"), c->termination_policy,
			MP_ONE_OF("File", "FallbackToLogsOnError"));
	check_ports(c, MP_AT(at, "ports"), out);
	mp_check_env(spec, c, at, out);
	check_mounts(c, volumes, MP_AT(at, "volumeMounts"), out);
	mp_check_one_of(out, MP_AT(at, "imagePullPolicy"), c->pull_policy,
			MP_ONE_OF("Always", "IfNotPresent", "Never"));
	mp_check_resources(&c->resources, MP_AT(at, "resources"), out);
	mp_check_security(spec, &c->security, MP_AT(at, "securityContext"), out);
}

static void check_rule(const struct mp_restart_rule *rule, const struct mp_at *at,
		       struct mp_problems *out)
{
	const struct mp_at *codes_at = MP_AT(at, "exitCodes");

	if (rule->action == MP_RULE_INVALID)
		mp_check_unsupported(out, MP_AT(at, "action"), rule->action_text,
				     MP_ONE_OF("Restart", "RestartAllContainers"));
	if (!rule->has_exit_codes) {
		mp_check_required(out, codes_at, "must be specified");
		return;
	}
	if (rule->operator_ == MP_OPERATOR_INVALID)
		mp_check_unsupported(out, MP_AT(codes_at, "operator"), rule->operator_text,
				     MP_ONE_OF("In", "NotIn"));
	if (rule->n_values > RULE_VALUES_MAX)
		mp_check_too_many(out, MP_AT(codes_at, "values"), rule->n_values, RULE_VALUES_MAX);
}

static void check_restart(const struct mp_container_spec *c, const struct mp_at *at,
			  struct mp_problems *out)
{
	const struct mp_at *policy_at = MP_AT(at, "restartPolicy");
	const struct mp_at *rules_at = MP_AT(at, "restartPolicyRules");

	if (c->restart == MP_RESTART_INVALID)
		mp_check_unsupported(out, policy_at, c->restart_text,
				     MP_ONE_OF("Always", "Never", "OnFailure"));
	if (c->restart == MP_RESTART_UNSET && c->n_rules > 0)
		mp_check_required(out, policy_at,
				  "must specify restartPolicy when restart rules are used");
	if (c->n_rules > RULES_MAX)
		mp_check_too_many(out, rules_at, c->n_rules, RULES_MAX);
	for (size_t i = 0; i < c->n_rules; i++)
		check_rule(&c->rules[i], MP_AT_INDEX(rules_at, i), out);
}

/* Two containers that run together cannot have one port of the host. */
static void check_host_ports(const struct mp_container_spec *c, const struct mp_at *at,
			     struct mp_string_set *seen, struct mp_problems *out)
{
	for (size_t i = 0; i < c->n_ports; i++) {
		const struct mp_port *p = &c->ports[i];
		const struct mp_at *port_at = MP_AT_INDEX(MP_AT(at, "ports"), i);

		if (p->host_port != 0)
			(void)mp_check_unique(
				out, MP_AT(port_at, "hostPort"), seen,
				mp_check_text(out, "%s/%s/%lld", mp_or_empty(p->protocol),
					      mp_or_empty(p->host_ip), (long long)p->host_port));
	}
}

static void check_main(const struct mp_pod_spec *spec, const struct mp_at *list_at,
		       const struct mp_string_set *volumes, struct mp_string_set *names,
		       struct mp_problems *out)
{
	const struct mp_container_spec *mains = spec->containers + spec->n_init;
	struct mp_string_set host_ports = { .n = 0 };

	if (spec->n_main == 0)
		mp_check_required(out, list_at, "");
	for (size_t i = 0; i < spec->n_main; i++) {
		const struct mp_at *at = MP_AT_INDEX(list_at, i);

		check_common(spec, &mains[i], at, volumes, out);
		(void)mp_check_unique(out, MP_AT(at, "name"), names, mp_or_empty(mains[i].name));
		mp_check_handlers(spec, &mains[i], at, out);
		check_restart(&mains[i], at, out);
	}
	for (size_t i = 0; i < spec->n_main; i++)
		check_host_ports(&mains[i], MP_AT_INDEX(list_at, i), &host_ports, out);
}

static void forbid_handlers(const struct mp_container_spec *c, const struct mp_at *at,
			    struct mp_problems *out)
{
	const struct {
		bool is_set;
		const char *field;
	} handlers[] = {
		{ c->lifecycle.is_set, "lifecycle" },
		{ c->probes[MP_PROBE_LIVENESS].is_set, "livenessProbe" },
		{ c->probes[MP_PROBE_READINESS].is_set, "readinessProbe" },
		{ c->probes[MP_PROBE_STARTUP].is_set, "startupProbe" },
	};

	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (handlers[i].is_set)
			mp_check_forbidden(out, MP_AT(at, handlers[i].field),
					   "may not be set for init containers without "
					   "restartPolicy=Always");
	}
}

static void check_init(const struct mp_pod_spec *spec, const struct mp_at *list_at,
		       const struct mp_string_set *volumes, struct mp_string_set *names,
		       struct mp_problems *out)
{
	for (size_t i = 0; i < spec->n_init; i++) {
		const struct mp_container_spec *c = &spec->containers[i];
		const struct mp_at *at = MP_AT_INDEX(list_at, i);
		struct mp_string_set host_ports = { .n = 0 };

		check_common(spec, c, at, volumes, out);
		check_restart(c, at, out);
		(void)mp_check_unique(out, MP_AT(at, "name"), names, mp_or_empty(c->name));
		check_host_ports(c, at, &host_ports, out);
		if (c->kind == MP_KIND_SIDECAR)
			mp_check_handlers(spec, c, at, out);
		else
			forbid_handlers(c, at, out);
	}
}

void mp_check_containers(const struct mp_pod_spec *spec, const struct mp_at *at,
			 const struct mp_string_set *volumes, struct mp_problems *out)
{
	struct mp_string_set names = { .n = 0 };

	check_main(spec, MP_AT(at, "containers"), volumes, &names, out);
	check_init(spec, MP_AT(at, "initContainers"), volumes, &names, out);
}
