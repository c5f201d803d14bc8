/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the checks is the API server's, because the order of the errors is what a user
 * sees: metadata, volumes, containers, then the pod's fields. Source: section 11.5.
 */
#include <string.h>

#include "lifecycle/spec_check.h"

#define ANNOTATIONS_BYTES_MAX 262144
#define NAMESERVERS_MAX       3
#define SEARCHES_MAX          32
#define SEARCH_CHARS_MAX      2048

/* ---- metadata ------------------------------------------------------------------------- */

/* A generateName may end in a dash, because characters follow. */
static void check_generate_name(const char *name, const struct mp_at *at, struct mp_problems *out)
{
	const size_t len = strlen(name);
	const char *masked = name;

	if (len > 1 && name[len - 1] == '-')
		masked = mp_check_text(out, "%.*sa", (int)len - 2, name);
	mp_check_faults(out, at, name, mp_name_dns_subdomain(masked));
}

void mp_check_meta(const struct mp_object_meta *meta, struct mp_problems *out)
{
	const struct mp_at *at = MP_AT(NULL, "metadata");
	size_t size = 0;

	if (!mp_is_empty(meta->generate_name))
		check_generate_name(meta->generate_name, MP_AT(at, "generateName"), out);
	if (mp_is_empty(meta->name))
		mp_check_required(out, MP_AT(at, "name"), "name or generateName is required");
	else
		mp_check_faults(out, MP_AT(at, "name"), meta->name,
				mp_name_dns_subdomain(meta->name));
	if (mp_is_empty(meta->namespace_))
		mp_check_required(out, MP_AT(at, "namespace"), "");
	else
		mp_check_faults(out, MP_AT(at, "namespace"), meta->namespace_,
				mp_name_dns_label(meta->namespace_));
	for (size_t i = 0; i < meta->n_labels; i++) {
		const char *key = meta->labels[i].key, *value = mp_or_empty(meta->labels[i].value);

		mp_check_faults(out, MP_AT(at, "labels"), key, mp_name_qualified(key));
		mp_check_faults(out, MP_AT(at, "labels"), value, mp_name_label_value(value));
	}
	for (size_t i = 0; i < meta->n_annotations; i++) {
		const char *key = meta->annotations[i].key;

		mp_check_faults(out, MP_AT(at, "annotations"), key, mp_name_annotation_key(key));
		size += strlen(key) + strlen(mp_or_empty(meta->annotations[i].value));
	}
	if (size > ANNOTATIONS_BYTES_MAX)
		mp_check_too_long(out, MP_AT(at, "annotations"), ANNOTATIONS_BYTES_MAX);
}

/* ---- network -------------------------------------------------------------------------- */

static void check_host_network_ports(const struct mp_pod_spec *spec, const struct mp_at *at,
				     struct mp_problems *out)
{
	const struct mp_container_spec *mains = spec->containers + spec->n_init;

	if (!spec->host_network)
		return;
	for (size_t c = 0; c < spec->n_main; c++) {
		const struct mp_at *ports = MP_AT(MP_AT_INDEX(MP_AT(at, "containers"), c), "ports");

		for (size_t i = 0; i < mains[c].n_ports; i++) {
			const struct mp_port *p = &mains[c].ports[i];

			if (p->host_port != p->container_port)
				mp_check_invalid_int(
					out, MP_AT(MP_AT_INDEX(ports, i), "hostPort"), p->host_port,
					"must match `containerPort` when `hostNetwork` is true");
		}
	}
}

static void check_searches(const struct mp_strings *searches, const struct mp_at *at,
			   struct mp_problems *out)
{
	size_t chars = 0;

	for (size_t i = 0; i < searches->n; i++)
		chars += strlen(searches->items[i]) + (i > 0 ? 1 : 0);
	if (searches->n > SEARCHES_MAX)
		mp_check_invalid_json(out, at, mp_check_json_list(out, searches),
				      "must not have more than 32 search paths");
	if (chars > SEARCH_CHARS_MAX)
		mp_check_invalid_json(out, at, mp_check_json_list(out, searches),
				      "must not have more than 2048 characters (including spaces) "
				      "in the search list");
	for (size_t i = 0; i < searches->n; i++) {
		const char *search = searches->items[i];

		if (mp_streq(search, "."))
			continue;
		if (mp_ends_with(search, "."))
			search = mp_check_text(out, "%.*s", (int)strlen(search) - 1, search);
		mp_check_faults(out, MP_AT_INDEX(at, i), search, mp_name_dns_search(search));
	}
}

static void check_dns(const struct mp_pod_spec *spec, const struct mp_at *at,
		      struct mp_problems *out)
{
	const struct mp_dns_config *dns = &spec->dns;
	const struct mp_at *servers = MP_AT(at, "nameservers");

	if (mp_streq(spec->dns_policy, "None")) {
		if (!dns->is_set) {
			mp_check_required(out, at,
					  "must provide `dnsConfig` when `dnsPolicy` is None");
			return;
		}
		if (dns->nameservers.n == 0) {
			mp_check_required(out, servers,
					  "must provide at least one DNS nameserver when "
					  "`dnsPolicy` is None");
			return;
		}
	}
	if (dns->nameservers.n > NAMESERVERS_MAX)
		mp_check_invalid_json(out, servers, mp_check_json_list(out, &dns->nameservers),
				      "must not have more than 3 nameservers");
	for (size_t i = 0; i < dns->nameservers.n; i++)
		mp_check_faults(out, MP_AT_INDEX(servers, i), dns->nameservers.items[i],
				mp_name_ip(dns->nameservers.items[i]));
	check_searches(&dns->searches, MP_AT(at, "searches"), out);
	for (size_t i = 0; i < dns->n_options; i++) {
		if (mp_is_empty(dns->options[i].name))
			mp_check_required(out, MP_AT_INDEX(MP_AT(at, "options"), i),
					  "must not be empty");
	}
}

static void check_host_aliases(const struct mp_pod_spec *spec, const struct mp_at *list_at,
			       struct mp_problems *out)
{
	for (size_t i = 0; i < spec->n_host_aliases; i++) {
		const struct mp_host_alias *alias = &spec->host_aliases[i];
		const struct mp_at *at = MP_AT_INDEX(list_at, i);
		const char *ip = mp_or_empty(alias->ip);

		mp_check_faults(out, MP_AT(at, "ip"), ip, mp_name_ip(ip));
		for (size_t k = 0; k < alias->hostnames.n; k++)
			mp_check_faults(out, MP_AT_INDEX(MP_AT(at, "hostnames"), k),
					alias->hostnames.items[k],
					mp_name_dns_subdomain(alias->hostnames.items[k]));
	}
}

/* ---- names ---------------------------------------------------------------------------- */

static void check_hostname(const struct mp_pod_spec *spec, const struct mp_at *at,
			   struct mp_problems *out)
{
	const struct mp_at *override_at = MP_AT(at, "hostnameOverride");
	const char *name = spec->hostname_override;

	if (!mp_is_empty(spec->hostname))
		mp_check_faults(out, MP_AT(at, "hostname"), spec->hostname,
				mp_name_dns_label(spec->hostname));
	if (!mp_is_empty(spec->subdomain))
		mp_check_faults(out, MP_AT(at, "subdomain"), spec->subdomain,
				mp_name_dns_label(spec->subdomain));
	if (!name)
		return;
	if (strlen(name) > 64)
		mp_check_invalid(out, override_at, name, "must be no more than 64 characters");
	mp_check_faults(out, override_at, name, mp_name_dns_subdomain(name));
	if (spec->set_hostname_as_fqdn)
		mp_check_forbidden(out, override_at,
				   "may not be specified when setHostnameAsFQDN is true");
	if (spec->host_network)
		mp_check_forbidden(out, override_at,
				   "may not be specified when hostNetwork is true");
}

static void check_subdomain(const char *name, const struct mp_at *at, struct mp_problems *out)
{
	if (!mp_is_empty(name))
		mp_check_faults(out, at, name, mp_name_dns_subdomain(name));
}

/* ---- the rest of the pod -------------------------------------------------------------- */

static void check_policies(const struct mp_pod_spec *spec, const struct mp_at *at,
			   struct mp_problems *out)
{
	if (spec->restart == MP_RESTART_INVALID)
		mp_check_unsupported(out, MP_AT(at, "restartPolicy"), spec->restart_text,
				     MP_ONE_OF("Always", "OnFailure", "Never"));
	mp_check_one_of(out, MP_AT(at, "dnsPolicy"), spec->dns_policy,
			MP_ONE_OF("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"));
}

static void check_user_namespace(const struct mp_pod_spec *spec, const struct mp_at *at,
				 struct mp_problems *out)
{
	static const char detail[] = "when `hostUsers` is false";

	if (spec->host_users != MP_FALSE)
		return;
	if (spec->host_network)
		mp_check_forbidden(out, MP_AT(at, "hostNetwork"), detail);
	if (spec->host_pid)
		mp_check_forbidden(out, MP_AT(at, "HostPID"), detail);
	if (spec->host_ipc)
		mp_check_forbidden(out, MP_AT(at, "HostIPC"), detail);
}

static void check_os(const struct mp_pod_spec *spec, const struct mp_at *at,
		     struct mp_problems *out)
{
	if (!spec->has_os)
		return;
	if (mp_is_empty(spec->os_name))
		mp_check_required(out, MP_AT(at, "name"), "cannot be empty");
	else
		mp_check_one_of(out, at, spec->os_name, MP_ONE_OF("linux", "windows"));
}

static void check_image_blanks(const struct mp_pod_spec *spec, const struct mp_at *at, size_t first,
			       size_t n, struct mp_problems *out)
{
	for (size_t i = 0; i < n; i++) {
		const char *image = mp_or_empty(spec->containers[first + i].image);
		const size_t len = strlen(image);

		if (len > 0 &&
		    (strchr(" \t\n\v\f\r", image[0]) || strchr(" \t\n\v\f\r", image[len - 1])))
			mp_check_invalid(out, MP_AT(MP_AT_INDEX(at, i), "image"), image,
					 "must not have leading or trailing whitespace");
	}
}

static void check_fields(const struct mp_pod_spec *spec, const struct mp_at *at,
			 struct mp_problems *out)
{
	const struct mp_opt_int deadline = spec->active_deadline_s;

	check_dns(spec, MP_AT(at, "dnsConfig"), out);
	for (size_t i = 0; i < spec->n_readiness_gates; i++)
		mp_check_faults(out,
				MP_AT(MP_AT_INDEX(MP_AT(at, "readinessGates"), i), "conditionType"),
				spec->readiness_gates[i],
				mp_name_qualified(spec->readiness_gates[i]));
	check_user_namespace(spec, at, out);
	check_subdomain(spec->service_account, MP_AT(at, "serviceAccountName"), out);
	check_subdomain(spec->node_name, MP_AT(at, "nodeName"), out);
	if (deadline.is_set && (deadline.v < 1 || deadline.v > INT32_MAX))
		mp_check_invalid_int(out, MP_AT(at, "activeDeadlineSeconds"), deadline.v,
				     "must be between 1 and 2147483647, inclusive");
	check_hostname(spec, at, out);
	check_host_aliases(spec, MP_AT(at, "hostAliases"), out);
	check_subdomain(spec->priority_class, MP_AT(at, "priorityClassName"), out);
	check_subdomain(spec->runtime_class, MP_AT(at, "runtimeClassName"), out);
	mp_check_overhead(&spec->overhead, MP_AT(at, "overhead"), out);
	check_os(spec, MP_AT(at, "os"), out);
}

void mp_spec_validate(const struct mp_pod_spec *spec, struct mp_problems *problems)
{
	const struct mp_at *at = MP_AT(NULL, "spec");
	struct mp_string_set volumes = { .n = 0 };

	mp_check_meta(&spec->meta, problems);
	mp_check_volumes(spec, MP_AT(at, "volumes"), &volumes, problems);
	mp_check_containers(spec, at, &volumes, problems);
	mp_check_pod_resources(spec, MP_AT(at, "resources"), problems);
	check_host_network_ports(spec, at, problems);
	check_policies(spec, at, problems);
	mp_check_pod_security(spec, MP_AT(at, "securityContext"), problems);
	check_fields(spec, at, problems);
	check_image_blanks(spec, MP_AT(at, "containers"), spec->n_init, spec->n_main, problems);
	check_image_blanks(spec, MP_AT(at, "initContainers"), 0, spec->n_init, problems);
	if (spec->has_ephemeral)
		mp_check_forbidden(problems, MP_AT(at, "ephemeralContainers"),
				   "cannot be set on create");
	if (!mp_is_empty(spec->node_name) && spec->n_scheduling_gates > 0)
		mp_check_forbidden(problems, MP_AT(at, "nodeName"),
				   "cannot be set until all schedulingGates have been cleared");
}
