/* SPDX-License-Identifier: Apache-2.0 */
/* Host names, /etc/hosts and resolv.conf: sections 9.3 and 9.4 of the reference. */
#include "runtime/etc_files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

#define S10 "aaaaaaaaaa"
#define S60 S10 S10 S10 S10 S10 S10

static struct mp_pod_spec pod(void)
{
	return (struct mp_pod_spec){ .meta = { .name = "web", .namespace_ = "ns" },
				     .dns_policy = "ClusterFirst" };
}

static void names_follow_the_table_of_9_3(void **unused)
{
	(void)unused;
	static const struct {
		const char *hostname, *override, *subdomain;
		bool is_fqdn, is_host;
		const char *name, *kernel; /* the hostname, the node name */
	} rows[] = {
		{ NULL, NULL, NULL, false, false, "web", "web" },
		{ "h", NULL, NULL, false, false, "h", "h" },
		{ "h", NULL, "sub", false, false, "h", "h" },
		{ "h", NULL, "sub", true, false, "h", "h.sub.ns.svc.cluster.local" },
		{ "h", NULL, NULL, true, false, "h", "h" },
		{ NULL, NULL, "sub", true, true, "node", "node" },
		{ "h", "o.example", "sub", false, false, "o.example", "o.example" },
		{ S60 "bcd", NULL, NULL, false, false, S60 "bcd", S60 "bcd" },
		{ S60 "bcde", NULL, NULL, false, false, S60 "bcd", S60 "bcd" },
		{ S60 "b..c", NULL, NULL, false, false, S60 "b", S60 "b" },
		{ NULL, S60 "b.cd", NULL, false, false, S60 "b.c", S60 "b.c" },
	};
	char got[MP_HOSTNAME_MAX];

	for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
		struct mp_pod_spec spec = pod();

		spec.hostname = rows[i].hostname;
		spec.hostname_override = rows[i].override;
		spec.subdomain = rows[i].subdomain;
		spec.set_hostname_as_fqdn = rows[i].is_fqdn;
		spec.host_network = rows[i].is_host;
		assert_int_equal(mp_pod_hostname(&spec, "node", got, NULL), 0);
		assert_string_equal(got, rows[i].name);
		assert_int_equal(mp_pod_node_name(&spec, "node", got, NULL), 0);
		assert_string_equal(got, rows[i].kernel);
	}
}

static void a_name_of_65_characters_is_too_long_for_the_kernel(void **unused)
{
	(void)unused;
	struct mp_pod_spec spec = pod();
	struct mp_error err = MP_ERROR_NONE;
	char got[MP_HOSTNAME_MAX];

	spec.set_hostname_as_fqdn = true;
	spec.hostname = S10 S10 S10 "aaaaaaa"; /* 37, and 27 behind it */
	spec.subdomain = "s2345";
	assert_int_equal(mp_pod_node_name(&spec, "node", got, &err), 0);
	assert_int_equal(strlen(got), 64);
	spec.subdomain = "s23456";
	assert_true(mp_pod_node_name(&spec, "node", got, &err) < 0);
	assert_string_equal(
		err.msg,
		"failed to construct FQDN from pod hostname and cluster domain, FQDN " S10 S10 S10
		"aaaaaaa.s23456.ns.svc.cluster.local is too long (64 characters "
		"is the max, 65 characters requested)");
}

#define HOSTS                                                                \
	"# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"           \
	"::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n" \
	"fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"

static void expect_hosts(const struct mp_pod_spec *spec, const char *ip6, const char *expected)
{
	char text[2048] = "";
	struct mp_buf out = MP_BUF(text);

	mp_hosts_text(spec, "web", "10.0.0.2", ip6, "10.1.1.1 host # as it is\n", &out);
	assert_string_equal(text, expected);
}

static void the_hosts_file_is_the_kubelets(void **unused)
{
	(void)unused;
	const char *const names[] = { "foo", "bar" };
	const struct mp_host_alias aliases[] = {
		{ .ip = "1.2.3.4", .hostnames = { .items = names, .n = 2 } },
		{ .ip = "5.6.7.8", .hostnames = { .items = names, .n = 1 } },
	};
	struct mp_pod_spec spec = pod();

	expect_hosts(&spec, NULL, HOSTS "10.0.0.2\tweb\n");
	expect_hosts(&spec, "fd00::2", HOSTS "10.0.0.2\tweb\nfd00::2\tweb\n");
	spec.subdomain = "sub";
	spec.host_aliases = aliases;
	spec.n_host_aliases = 2;
	expect_hosts(&spec, NULL,
		     HOSTS "10.0.0.2\tweb.sub.ns.svc.cluster.local\tweb\n\n"
			   "# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n5.6.7.8\tfoo\n");
	spec.hostname_override = "web";
	spec.n_host_aliases = 0;
	expect_hosts(&spec, NULL, HOSTS "10.0.0.2\tweb\n");
	spec.host_network = true;
	spec.n_host_aliases = 1;
	expect_hosts(&spec, NULL,
		     "# Kubernetes-managed hosts file (host network).\n10.1.1.1 host # as it is\n\n"
		     "# Entries added by HostAliases.\n1.2.3.4\tfoo\tbar\n");
}

static void expect_resolv(const struct mp_pod_spec *spec, const char *host, const char *expected,
			  struct mp_dns_notes *notes)
{
	static char text[16384];
	struct mp_buf out = MP_BUF(text);

	text[0] = '\0';
	mp_resolv_text(spec, host, true, &out, notes);
	assert_string_equal(text, expected);
}

static void resolv_conf_is_merged_by_the_rules_of_9_4(void **unused)
{
	(void)unused;
	static const char host[] = "# comment\nnameserver 1.1.1.1\nsearch gone.example\n"
				   "search a.example. . b.example\noptions ndots:3 rotate\n"
				   "options ndots:4\nnameserver 1.1.1.1\n";
	const char *const servers[] = { "1.1.1.1", "8.8.8.8" };
	const char *const searches[] = { "b.example", "c.example" };
	const struct mp_dns_option options[] = { { "ndots", "7" }, { "edns0", "" } };
	static struct mp_dns_notes notes;
	struct mp_pod_spec spec = pod();

	spec.dns_policy = "Default";
	expect_resolv(&spec, host,
		      "search a.example b.example\nnameserver 1.1.1.1\nnameserver 1.1.1.1\n"
		      "options ndots:4 rotate\n",
		      &notes);
	assert_false(notes.is_missing_cluster_dns);
	spec.dns = (struct mp_dns_config){ .is_set = true,
					   .nameservers = { .items = servers, .n = 2 },
					   .searches = { .items = searches, .n = 2 },
					   .options = options,
					   .n_options = 2 };
	expect_resolv(&spec, host,
		      "search a.example b.example c.example\nnameserver 1.1.1.1\n"
		      "nameserver 8.8.8.8\noptions ndots:7 rotate edns0\n",
		      &notes);
	spec.dns_policy = "None";
	expect_resolv(&spec, host,
		      "search b.example c.example\nnameserver 1.1.1.1\nnameserver 8.8.8.8\n"
		      "options ndots:7 edns0\n",
		      &notes);
	spec.dns_policy = "ClusterFirst";
	spec.dns.is_set = false;
	expect_resolv(&spec, "nameserver 9.9.9.9\n", "nameserver 9.9.9.9\n", &notes);
	assert_true(notes.is_missing_cluster_dns);
	spec.host_network = true;
	expect_resolv(&spec, NULL, "", &notes);
	assert_false(notes.is_missing_cluster_dns);
}

static void what_exceeds_the_limits_is_left_out_with_a_note(void **unused)
{
	(void)unused;
	static char host[8192], longest[300], expected[4096];
	static struct mp_dns_notes notes;
	struct mp_pod_spec spec = pod();
	struct mp_buf in = MP_BUF(host), out = MP_BUF(expected);

	spec.dns_policy = "Default";
	memset(longest, 'l', 254);
	/* 33 of them: the last is cut first, then the one that is too long goes. */
	mp_buf_addf(&in, "nameserver 1\nnameserver 2\nnameserver 3\nnameserver 4\nsearch %s",
		    longest);
	mp_buf_adds(&out, "search");
	for (int i = 1; i <= 32; i++) {
		mp_buf_addf(&in, " s%d", i);
		if (i < 32)
			mp_buf_addf(&out, " s%d", i);
	}
	mp_buf_adds(&out, "\nnameserver 1\nnameserver 2\nnameserver 3\n");
	expect_resolv(&spec, host, expected, &notes);
	assert_string_equal(notes.nameservers,
			    "Nameserver limits were exceeded, some nameservers have been omitted, "
			    "the applied nameserver line is: 1 2 3");
	assert_non_null(
		strstr(notes.searches,
		       "Search Line limits were exceeded, some search paths have been omitted, "
		       "the applied search line is: s1 s2 "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_follow_the_table_of_9_3),
		cmocka_unit_test(a_name_of_65_characters_is_too_long_for_the_kernel),
		cmocka_unit_test(the_hosts_file_is_the_kubelets),
		cmocka_unit_test(resolv_conf_is_merged_by_the_rules_of_9_4),
		cmocka_unit_test(what_exceeds_the_limits_is_left_out_with_a_note),
	};

	return cmocka_run_group_tests_name("etc_files", tests, NULL, NULL);
}
