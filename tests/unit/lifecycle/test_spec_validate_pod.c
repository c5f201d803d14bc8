/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata and pod-level rules: sections 11.1, 11.2, 11.4 and 11.5, one test per rule. */
#include "tests/unit/lifecycle/spec_fixture.h"

#define LABEL                                                                                        \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and " \
	"must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "   \
	"used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
#define SUBDOMAIN                                                                                    \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or " \
	"'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "     \
	"used for validation is "                                                                    \
	"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define SEARCH                                                                                     \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', " \
	"'_' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "  \
	"regex used for validation is "                                                            \
	"'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"
#define QUALIFIED                                                                                 \
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and " \
	"end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex " \
	"used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define LABEL_VALUE                                                                                 \
	"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " \
	"'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "          \
	"'my_value',  or '12345', regex used for validation is "                                    \
	"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define IP_TEXT "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
#define ID_TEXT "must be between 0 and 2147483647, inclusive"
#define SYSCTL                                              \
	"must have at most 253 characters and match regex " \
	"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"

#define C10 "aaaaaaaaaa"
#define C60 C10 C10 C10 C10 C10 C10

FINE(a_minimal_pod_is_valid, ({}))

/* ---- metadata: 11.5 ------------------------------------------------------------------- */

RULE(a_pod_without_a_name_is_refused_11_5, ({ spec->meta.name = NULL; }),
     "metadata.name: Required value: name or generateName is required")
RULE(an_empty_name_is_refused_11_5, ({ spec->meta.name = ""; }),
     "metadata.name: Required value: name or generateName is required")
RULE(a_pod_name_is_a_subdomain_11_5, ({ spec->meta.name = "Web"; }),
     "metadata.name: Invalid value: \"Web\": " SUBDOMAIN)
FINE(a_pod_name_may_have_dots_11_5, ({ spec->meta.name = "web.v2"; }))
RULE(a_namespace_is_a_label_11_5, ({ spec->meta.namespace_ = "a.b"; }),
     "metadata.namespace: Invalid value: \"a.b\": must not contain dots")
RULE(a_bad_generate_name_is_reported_there_and_at_the_name_11_5, ({
	     spec->meta.name = NULL;
	     spec->meta.generate_name = "Web-";
     }),
     "metadata.generateName: Invalid value: \"Web-\": " SUBDOMAIN,
     "metadata.name: Invalid value: \"Web-b2c4d\": " SUBDOMAIN)
FINE(a_generate_name_may_end_in_a_dash_11_5, ({
	     spec->meta.name = NULL;
	     spec->meta.generate_name = "web-";
     }))
RULE(a_generate_name_is_not_a_dash_11_5, ({ spec->meta.generate_name = "-"; }),
     "metadata.generateName: Invalid value: \"-\": " SUBDOMAIN)
RULE(label_keys_and_values_have_formats_11_4, ({
	     LIST(&spec->meta, labels, struct mp_key_value, { "a b", "x y" }, { "ok", NULL });
     }),
     "metadata.labels: Invalid value: \"a b\": " QUALIFIED,
     "metadata.labels: Invalid value: \"x y\": " LABEL_VALUE)
RULE(annotation_keys_have_a_format_11_4, ({
	     LIST(&spec->meta, annotations, struct mp_key_value, { "Example.com/A", "any text" },
		  { "a b", NULL });
     }),
     "metadata.annotations: Invalid value: \"a b\": " QUALIFIED)
RULE(annotations_have_a_total_size_11_4, ({
	     static char big[262145];
	     static struct mp_key_value kv[] = { { "k", big } };

	     memset(big, 'x', sizeof(big) - 1);
	     spec->meta.annotations = kv;
	     spec->meta.n_annotations = 1;
     }),
     "metadata.annotations: Too long: may not be more than 262144 bytes")
FINE(annotations_may_have_just_the_total_size_11_4, ({
	     static char big[262144];
	     static struct mp_key_value kv[] = { { "k", big } };

	     memset(big, 'x', sizeof(big) - 1);
	     spec->meta.annotations = kv;
	     spec->meta.n_annotations = 1;
     }))

TEST(a_namespace_is_required_11_5)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_default(&f);
	f.spec.meta.namespace_ = NULL; /* only a caller that skips defaulting gets here */
	mp_spec_validate(&f.spec, &f.out);
	expect_problems(&f.out,
			(const char *const[]){ "metadata.namespace: Required value", NULL });
	fixture_done(&f);
}

/* ---- pod: 11.5 ------------------------------------------------------------------------ */

RULE(a_pod_without_containers_is_refused_11_5, ({ spec->n_main = 0; }),
     "spec.containers: Required value")
RULE(ephemeral_containers_cannot_be_created_11_5, ({ spec->has_ephemeral = true; }),
     "spec.ephemeralContainers: Forbidden: cannot be set on create")
RULE(a_restart_policy_is_one_of_three_11_5, ({
	     spec->restart = MP_RESTART_INVALID;
	     spec->restart_text = "Sometimes";
     }),
     "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", "
     "\"OnFailure\", \"Never\"")
RULE(a_dns_policy_is_one_of_four_11_5, ({ spec->dns_policy = "Host"; }),
     "spec.dnsPolicy: Unsupported value: \"Host\": supported values: "
     "\"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\"")
RULE(dns_policy_none_needs_a_config_11_5, ({ spec->dns_policy = "None"; }),
     "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None")
RULE(dns_policy_none_needs_a_nameserver_11_5, ({
	     spec->dns_policy = "None";
	     spec->dns.is_set = true;
	     STRINGS(spec->dns.searches, "not checked any more!");
     }),
     "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when "
     "`dnsPolicy` is None")
FINE(dns_policy_none_with_a_nameserver_is_fine_11_5, ({
	     spec->dns_policy = "None";
	     spec->dns.is_set = true;
	     STRINGS(spec->dns.nameservers, "10.0.0.1");
     }))
RULE(there_are_at_most_three_nameservers_11_5, ({
	     spec->dns.is_set = true;
	     STRINGS(spec->dns.nameservers, "10.0.0.1", "10.0.0.2", "10.0.0.3", "x");
     }),
     "spec.dnsConfig.nameservers: Invalid value: "
     "[\"10.0.0.1\",\"10.0.0.2\",\"10.0.0.3\",\"x\"]: must not have more than 3 nameservers",
     "spec.dnsConfig.nameservers[3]: Invalid value: \"x\": " IP_TEXT)
RULE(there_are_at_most_32_search_paths_11_5, ({
	     spec->dns.is_set = true;
	     STRINGS(spec->dns.searches, "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
		     "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a", "a",
		     "a", "a", "a", "a", "a");
     }),
     "spec.dnsConfig.searches: Invalid value: "
     "[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
     "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
     "\"a\",\"a\",\"a\",\"a\",\"a\"]: must not have more than 32 search paths")
RULE(search_domains_have_a_format_11_5, ({
	     spec->dns.is_set = true;
	     STRINGS(spec->dns.searches, ".", "a.b.", "_tcp.x", "A.");
     }),
     "spec.dnsConfig.searches[3]: Invalid value: \"A\": " SEARCH)
RULE(dns_options_have_names_11_5, ({
	     spec->dns.is_set = true;
	     LIST(&spec->dns, options, struct mp_dns_option, { "ndots", "2" }, { NULL, "x" });
     }),
     "spec.dnsConfig.options[1]: Required value: must not be empty")

TEST(the_search_list_has_at_most_2048_characters_11_5)
{
	struct fixture f;
	static char long_one[2050];
	static const char *const one[] = { long_one };

	(void)state;
	memset(long_one, 'a', sizeof(long_one) - 1);
	fixture_init(&f);
	f.spec.dns = (struct mp_dns_config){ .is_set = true, .searches = { one, 1, true } };
	fixture_default(&f);
	mp_spec_validate(&f.spec, &f.out);
	assert_int_equal(f.out.n, 2); /* too long together, too long for a domain */
	assert_non_null(strstr(f.out.first->text, "]: must not have more than 2048 characters "
						  "(including spaces) in the search list"));
	assert_string_equal(f.out.first->path, "spec.dnsConfig.searches");
	fixture_done(&f);
}

RULE(an_active_deadline_is_at_least_one_second_11_5, ({
	     spec->active_deadline_s = (struct mp_opt_int){ 0, true };
     }),
     "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive")
RULE(an_active_deadline_is_a_32_bit_number_11_5, ({
	     spec->active_deadline_s = (struct mp_opt_int){ INT64_C(2147483648), true };
     }),
     "spec.activeDeadlineSeconds: Invalid value: 2147483648: must be between 1 and 2147483647, "
     "inclusive")
FINE(an_active_deadline_of_one_second_is_fine_11_5, ({
	     spec->active_deadline_s = (struct mp_opt_int){ 1, true };
     }))
RULE(host_name_and_subdomain_are_labels_11_5, ({
	     spec->hostname = "a.b";
	     spec->subdomain = "A";
     }),
     "spec.hostname: Invalid value: \"a.b\": must not contain dots",
     "spec.subdomain: Invalid value: \"A\": " LABEL)
RULE(a_host_name_override_is_a_subdomain_of_64_11_5, ({ spec->hostname_override = C60 "_bcdef"; }),
     "spec.hostnameOverride: Invalid value: \"" C60 "_bcdef\": must be no more than 64 characters",
     "spec.hostnameOverride: Invalid value: \"" C60 "_bcdef\": " SUBDOMAIN)
RULE(a_host_name_override_excludes_fqdn_and_host_network_11_5, ({
	     spec->hostname_override = "a.b";
	     spec->set_hostname_as_fqdn = true;
	     spec->host_network = true;
     }),
     "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
     "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true")
RULE(host_aliases_are_checked_11_5, ({
	     static const char *const names[] = { "ok.example", "Bad" };

	     LIST(spec, host_aliases, struct mp_host_alias, { "10.0.0.1", { names, 2, true } },
		  { "10.0.0", { NULL, 0, false } }, { NULL, { NULL, 0, false } });
     }),
     "spec.hostAliases[0].hostnames[1]: Invalid value: \"Bad\": " SUBDOMAIN,
     "spec.hostAliases[1].ip: Invalid value: \"10.0.0\": " IP_TEXT,
     "spec.hostAliases[2].ip: Invalid value: \"\": " IP_TEXT)
RULE(readiness_gates_are_qualified_names_11_5,
     ({ LIST(spec, readiness_gates, char *const, "example.com/ok", "a b"); }),
     "spec.readinessGates[1].conditionType: Invalid value: \"a b\": " QUALIFIED)
RULE(names_of_other_objects_are_subdomains_11_5, ({
	     spec->service_account = "A";
	     spec->node_name = "B";
	     spec->priority_class = "C";
	     spec->runtime_class = "D";
     }),
     "spec.serviceAccountName: Invalid value: \"A\": " SUBDOMAIN,
     "spec.nodeName: Invalid value: \"B\": " SUBDOMAIN,
     "spec.priorityClassName: Invalid value: \"C\": " SUBDOMAIN,
     "spec.runtimeClassName: Invalid value: \"D\": " SUBDOMAIN)
RULE(a_gated_pod_has_no_node_11_5, ({
	     spec->node_name = "node";
	     spec->n_scheduling_gates = 1;
     }),
     "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared")
RULE(an_os_has_a_name_11_5, ({ spec->has_os = true; }),
     "spec.os.name: Required value: cannot be empty")
RULE(an_os_is_linux_or_windows_11_5, ({
	     spec->has_os = true;
	     spec->os_name = "plan9";
     }),
     "spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\"")
FINE(an_os_may_be_linux_11_5, ({
	     spec->has_os = true;
	     spec->os_name = "linux";
     }))

/* ---- pod security: 11.5 --------------------------------------------------------------- */

RULE(pod_ids_have_a_range_11_5, ({
	     spec->security.fs_group = (struct mp_opt_int){ -1, true };
	     spec->security.run_as_user = (struct mp_opt_int){ -2, true };
	     spec->security.run_as_group = (struct mp_opt_int){ INT64_C(2147483648), true };
	     LIST(&spec->security, supplemental_groups, int64_t, 5, -3);
     }),
     "spec.securityContext.fsGroup: Invalid value: -1: " ID_TEXT,
     "spec.securityContext.runAsUser: Invalid value: -2: " ID_TEXT,
     "spec.securityContext.runAsGroup: Invalid value: 2147483648: " ID_TEXT,
     "spec.securityContext.supplementalGroups[1]: Invalid value: -3: " ID_TEXT)
RULE(group_policies_are_checked_11_5, ({
	     spec->security.fs_group_change_policy = "Never";
	     spec->security.supplemental_groups_policy = "None";
     }),
     "spec.securityContext.fsGroupChangePolicy: Unsupported value: \"Never\": supported values: "
     "\"Always\", \"OnRootMismatch\"",
     "spec.securityContext.supplementalGroupsPolicy: Unsupported value: \"None\": supported "
     "values: \"Merge\", \"Strict\"")
RULE(a_shared_pid_namespace_is_not_the_hosts_11_5, ({
	     spec->share_process_namespace = MP_TRUE;
	     spec->host_pid = true;
     }),
     "spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and "
     "HostPID cannot both be enabled")
RULE(sysctls_have_unique_names_of_a_format_11_5, ({
	     LIST(&spec->security, sysctls, struct mp_key_value, { NULL, "1" }, { "net..x", "1" },
		  { "net.core.somaxconn", "1" }, { "net.core.somaxconn", "2" });
     }),
     "spec.securityContext.sysctls[0].name: Required value",
     "spec.securityContext.sysctls[1].name: Invalid value: \"net..x\": " SYSCTL,
     "spec.securityContext.sysctls[3].name: Duplicate value: \"net.core.somaxconn\"")
RULE(network_sysctls_exclude_the_host_network_11_5, ({
	     spec->host_network = true;
	     LIST(&spec->security, sysctls, struct mp_key_value, { "net.ipv4.x", "1" },
		  { "net/ipv4/y", "1" }, { "kernel.shmmax", "1" });
     }),
     "spec.securityContext.sysctls[0].name: Invalid value: \"net.ipv4.x\": may not be specified "
     "when 'hostNetwork' is true",
     "spec.securityContext.sysctls[1].name: Invalid value: \"net/ipv4/y\": may not be specified "
     "when 'hostNetwork' is true")
RULE(ipc_sysctls_exclude_the_hosts_ipc_11_5, ({
	     spec->host_ipc = true;
	     LIST(&spec->security, sysctls, struct mp_key_value, { "kernel.shmmax", "1" },
		  { "kernel/msgmax", "1" }, { "kernel.sem", "1" }, { "fs.mqueue.x", "1" },
		  { "kernel.semx", "1" }, { "net.ipv4.x", "1" });
     }),
     "spec.securityContext.sysctls[0].name: Invalid value: \"kernel.shmmax\": may not be "
     "specified when 'hostIPC' is true",
     "spec.securityContext.sysctls[1].name: Invalid value: \"kernel/msgmax\": may not be "
     "specified when 'hostIPC' is true",
     "spec.securityContext.sysctls[2].name: Invalid value: \"kernel.sem\": may not be specified "
     "when 'hostIPC' is true",
     "spec.securityContext.sysctls[3].name: Invalid value: \"fs.mqueue.x\": may not be specified "
     "when 'hostIPC' is true")
RULE(a_seccomp_profile_has_a_type_11_5, ({ spec->security.seccomp.is_set = true; }),
     "spec.securityContext.seccompProfile.type: Required value: type is required when "
     "seccompProfile is set")
RULE(a_seccomp_type_is_one_of_three_11_5, ({
	     spec->security.seccomp = (struct mp_profile){ true, "Strict", NULL };
     }),
     "spec.securityContext.seccompProfile.type: Unsupported value: \"Strict\": supported values: "
     "\"Localhost\", \"RuntimeDefault\", \"Unconfined\"")
RULE(a_localhost_seccomp_profile_names_a_file_11_5, ({
	     spec->security.seccomp = (struct mp_profile){ true, "Localhost", NULL };
     }),
     "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when "
     "seccomp type is Localhost")
RULE(a_localhost_seccomp_profile_stays_below_its_root_11_5, ({
	     spec->security.seccomp = (struct mp_profile){ true, "Localhost", "/a/../b" };
     }),
     "spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"/a/../b\": must be "
     "a relative path",
     "spec.securityContext.seccompProfile.localhostProfile: Invalid value: \"/a/../b\": must not "
     "contain '..'")
RULE(only_localhost_seccomp_profiles_name_a_file_11_5, ({
	     spec->security.seccomp = (struct mp_profile){ true, "Unconfined", "x" };
     }),
     "spec.securityContext.seccompProfile.localhostProfile: Invalid value: "
     "{\"Type\":\"Unconfined\",\"LocalhostProfile\":\"x\"}: can only be set when seccomp type is "
     "Localhost")
RULE(an_apparmor_profile_has_a_type_11_5, ({ spec->security.apparmor.is_set = true; }),
     "spec.securityContext.appArmorProfile.type: Required value: type is required when "
     "appArmorProfile is set")
RULE(an_apparmor_type_is_one_of_three_11_5, ({
	     spec->security.apparmor = (struct mp_profile){ true, "X", "y" };
     }),
     "spec.securityContext.appArmorProfile.type: Unsupported value: \"X\": supported values: "
     "\"Localhost\", \"RuntimeDefault\", \"Unconfined\"")
RULE(a_localhost_apparmor_profile_has_a_name_11_5, ({
	     spec->security.apparmor = (struct mp_profile){ true, "Localhost", NULL };
     }),
     "spec.securityContext.appArmorProfile.localhostProfile: Required value: must be set when "
     "AppArmor type is Localhost")
RULE(an_empty_apparmor_profile_counts_as_none_11_5, ({
	     spec->security.apparmor = (struct mp_profile){ true, "Localhost", "" };
     }),
     "spec.securityContext.appArmorProfile.localhostProfile: Required value: must be set when "
     "AppArmor type is Localhost")
RULE(an_apparmor_profile_is_not_padded_11_5, ({
	     spec->security.apparmor = (struct mp_profile){ true, "Localhost", "x\t" };
     }),
     "spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \"x\\t\": must not be "
     "padded with whitespace")
RULE(an_apparmor_profile_is_not_padded_in_front_11_5, ({
	     spec->security.apparmor = (struct mp_profile){ true, "Localhost", " x" };
     }),
     "spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \" x\": must not be "
     "padded with whitespace")
RULE(an_apparmor_profile_fits_a_path_11_5, ({
	     static char name[4097];

	     memset(name, 'a', sizeof(name) - 1);
	     spec->security.apparmor = (struct mp_profile){ true, "Localhost", name };
     }),
     "spec.securityContext.appArmorProfile.localhostProfile: Too long: may not be more than 4095 "
     "bytes")
RULE(only_localhost_apparmor_profiles_have_a_name_11_5, ({
	     spec->security.apparmor = (struct mp_profile){ true, "RuntimeDefault", "x" };
     }),
     "spec.securityContext.appArmorProfile.localhostProfile: Invalid value: \"x\": can only be "
     "set when AppArmor type is Localhost")
FINE(profiles_may_be_unconfined_or_the_runtimes_11_5, ({
	     spec->security.seccomp = (struct mp_profile){ true, "RuntimeDefault", NULL };
	     spec->security.apparmor = (struct mp_profile){ true, "Unconfined", NULL };
     }))

/* ---- host namespaces: 11.5 ------------------------------------------------------------ */

RULE(a_user_namespace_excludes_host_namespaces_11_5, ({
	     spec->host_users = MP_FALSE;
	     spec->host_network = true;
	     spec->host_pid = true;
	     spec->host_ipc = true;
     }),
     "spec.hostNetwork: Forbidden: when `hostUsers` is false",
     "spec.HostPID: Forbidden: when `hostUsers` is false",
     "spec.HostIPC: Forbidden: when `hostUsers` is false")
RULE(on_the_host_network_a_host_port_is_the_container_port_11_5, ({
	     spec->host_network = true;
	     LIST(c, ports, struct mp_port, { .container_port = 80 },
		  { .container_port = 81, .host_port = 82 });
     }),
     "spec.containers[0].ports[1].hostPort: Invalid value: 82: must match `containerPort` when "
     "`hostNetwork` is true")

/* ---- the list as a whole: 11.1, 11.2 -------------------------------------------------- */

RULE(errors_come_in_the_api_servers_order_11_1, ({
	     spec->meta.name = NULL;
	     spec->restart = MP_RESTART_INVALID;
	     spec->restart_text = "x";
	     spec->security.fs_group = (struct mp_opt_int){ -1, true };
	     spec->hostname = "A";
	     spec->has_ephemeral = true;
	     fixture_add_init(&f, "setup", MP_KIND_INIT)->image = "";
	     f.c[1].image = " busybox";
	     fixture_add_volume(&f, "", MP_VOLUME_EMPTY_DIR);
     }),
     "metadata.name: Required value: name or generateName is required",
     "spec.volumes[0].name: Required value", "spec.initContainers[0].image: Required value",
     "spec.restartPolicy: Unsupported value: \"x\": supported values: \"Always\", \"OnFailure\", "
     "\"Never\"",
     "spec.securityContext.fsGroup: Invalid value: -1: " ID_TEXT,
     "spec.hostname: Invalid value: \"A\": " LABEL,
     "spec.containers[0].image: Invalid value: \" busybox\": must not have leading or trailing "
     "whitespace",
     "spec.ephemeralContainers: Forbidden: cannot be set on create")

int main(void)
{
	return registry_run("spec_validate_pod");
}
