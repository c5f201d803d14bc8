/* SPDX-License-Identifier: Apache-2.0 */
/* Each name format of section 11.4 with its exact messages. */
#include "lifecycle/names.h"

#include <stdint.h>
#include <stdio.h>

#include "tests/unit/lifecycle/registry.h"

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
#define QUALIFIED                                                                                   \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " \
	"alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "      \
	"validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define LABEL_VALUE                                                                                 \
	"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or " \
	"'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "          \
	"'my_value',  or '12345', regex used for validation is "                                    \
	"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define CONFIG_KEY                                                                           \
	"a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. " \
	"'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "          \
	"'[-._a-zA-Z0-9]+')"
#define HEADER                                                                      \
	"a valid HTTP header must consist of alphanumeric characters or '-' (e.g. " \
	"'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
#define ENV                                                                                        \
	"a valid environment variable name must consist only of printable ASCII characters other " \
	"than '='"
#define SYSCTL                                              \
	"must have at most 253 characters and match regex " \
	"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
#define IP "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"

#define C10  "aaaaaaaaaa"
#define C50  C10 C10 C10 C10 C10
#define C63  C50 C10 "aaa"
#define C250 C50 C50 C50 C50 C50
#define C253 C250 "aaa"

struct row {
	const char *sentence;
	struct mp_name_faults (*check)(const char *);
	const char *name;
	const char *faults[4];
};

static struct row rows[] = {
	{ "a label is lower case letters, digits and dashes", mp_name_dns_label, "a-1", { NULL } },
	{ "a label may be one digit", mp_name_dns_label, "7", { NULL } },
	{ "a label has at most 63 characters", mp_name_dns_label, C63, { NULL } },
	{ "a label of 64 is too long",
	  mp_name_dns_label,
	  C63 "a",
	  { "must be no more than 63 characters" } },
	{ "a label is not empty", mp_name_dns_label, "", { LABEL } },
	{ "a label has no upper case", mp_name_dns_label, "Web", { LABEL } },
	{ "a label has no underscore", mp_name_dns_label, "a_b", { LABEL } },
	{ "a label does not start with a dash", mp_name_dns_label, "-a", { LABEL } },
	{ "a label does not end with a dash", mp_name_dns_label, "a-", { LABEL } },
	{ "a subdomain where a label belongs is told about its dots",
	  mp_name_dns_label,
	  "a.b",
	  { "must not contain dots" } },
	{ "a bad subdomain is no label for other reasons", mp_name_dns_label, "a..b", { LABEL } },
	{ "a label can be too long and badly shaped at once",
	  mp_name_dns_label,
	  C63 "_a",
	  { "must be no more than 63 characters", LABEL } },

	{ "a subdomain is labels joined by dots", mp_name_dns_subdomain, "a.b-c.9", { NULL } },
	{ "a label of a subdomain may be long", mp_name_dns_subdomain, C253, { NULL } },
	{ "a subdomain of 254 is too long",
	  mp_name_dns_subdomain,
	  C253 "a",
	  { "must be no more than 253 characters" } },
	{ "a subdomain is not empty", mp_name_dns_subdomain, "", { SUBDOMAIN } },
	{ "a subdomain has no empty label", mp_name_dns_subdomain, "a..b", { SUBDOMAIN } },
	{ "a subdomain does not end with a dot", mp_name_dns_subdomain, "a.", { SUBDOMAIN } },
	{ "a subdomain does not start with a dot", mp_name_dns_subdomain, ".a", { SUBDOMAIN } },
	{ "a label of a subdomain does not end with a dash",
	  mp_name_dns_subdomain,
	  "a-.b",
	  { SUBDOMAIN } },
	{ "a subdomain has no blank", mp_name_dns_subdomain, "a b", { SUBDOMAIN } },

	{ "a search domain may start labels with an underscore",
	  mp_name_dns_search,
	  "_tcp.a_b.c",
	  { NULL } },
	{ "a search domain has one leading underscore", mp_name_dns_search, "__a", { SEARCH } },
	{ "a search domain is not an underscore alone", mp_name_dns_search, "_", { SEARCH } },
	{ "a search domain of 254 is too long",
	  mp_name_dns_search,
	  C253 "a",
	  { "must be no more than 253 characters" } },

	{ "a port name is letters, digits and dashes", mp_name_port, "http-2", { NULL } },
	{ "a port name of 15 is fine", mp_name_port, "abcdefghijklmno", { NULL } },
	{ "a port name of 16 is too long",
	  mp_name_port,
	  "abcdefghijklmnop",
	  { "must be no more than 15 characters" } },
	{ "a port name has a letter",
	  mp_name_port,
	  "8080",
	  { "must contain at least one letter (a-z)" } },
	{ "a port name has no upper case",
	  mp_name_port,
	  "HTTP",
	  { "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
	    "must contain at least one letter (a-z)" } },
	{ "a port name has no two dashes together",
	  mp_name_port,
	  "a--b",
	  { "must not contain consecutive hyphens" } },
	{ "a port name does not begin with a dash",
	  mp_name_port,
	  "-a",
	  { "must not begin or end with a hyphen" } },
	{ "a port name does not end with a dash",
	  mp_name_port,
	  "a-",
	  { "must not begin or end with a hyphen" } },
	{ "a port name is not empty",
	  mp_name_port,
	  "",
	  { "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
	    "must contain at least one letter (a-z)" } },

	{ "an env name is printable ASCII", mp_name_env, " a.b-c~/$", { NULL } },
	{ "an env name has no equals sign", mp_name_env, "A=B", { ENV } },
	{ "an env name has no control character", mp_name_env, "A\tB", { ENV } },
	{ "an env name has no delete character", mp_name_env, "A\x7f", { ENV } },
	{ "an env name has no other script", mp_name_env, "\xc3\xa4", { ENV } },
	{ "an env name is not empty",
	  mp_name_env,
	  "",
	  { "environment variable name must be non-empty" } },

	{ "a config key is letters, digits, dash, underscore and dot",
	  mp_name_config_key,
	  ".a_B-9.txt",
	  { NULL } },
	{ "a config key has no slash", mp_name_config_key, "a/b", { CONFIG_KEY } },
	{ "a config key is not empty", mp_name_config_key, "", { CONFIG_KEY } },
	{ "a config key is not one dot", mp_name_config_key, ".", { "must not be '.'" } },
	{ "a config key is not two dots", mp_name_config_key, "..", { "must not be '..'" } },
	{ "a config key does not start with two dots",
	  mp_name_config_key,
	  "..data",
	  { "must not start with '..'" } },
	{ "a config key of 254 is too long",
	  mp_name_config_key,
	  C253 "a",
	  { "must be no more than 253 characters" } },

	{ "a qualified name may be plain", mp_name_qualified, "App_1.x-Y", { NULL } },
	{ "a qualified name may have a prefix", mp_name_qualified, "example.com/App", { NULL } },
	{ "a qualified name has one slash",
	  mp_name_qualified,
	  "a/b/c",
	  { "a qualified name " QUALIFIED
	    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')" } },
	{ "a prefix is not empty", mp_name_qualified, "/a", { "prefix part must be non-empty" } },
	{ "a prefix is a subdomain",
	  mp_name_qualified,
	  "Example.com/a",
	  { "prefix part " SUBDOMAIN } },
	{ "a prefix has no empty label", mp_name_qualified, "a..b/c", { "prefix part " SUBDOMAIN } },
	{ "a prefix does not start with a dash",
	  mp_name_qualified,
	  "-a.b/c",
	  { "prefix part " SUBDOMAIN } },
	{ "a label of a prefix does not end with a dash",
	  mp_name_qualified,
	  "a-.b/c",
	  { "prefix part " SUBDOMAIN } },
	{ "a prefix of 254 is too long",
	  mp_name_qualified,
	  C253 "a/b",
	  { "prefix part must be no more than 253 characters" } },
	{ "a name part is not empty",
	  mp_name_qualified,
	  "example.com/",
	  { "name part must be non-empty", "name part " QUALIFIED } },
	{ "a name part of 63 is fine", mp_name_qualified, C63, { NULL } },
	{ "a name part of 64 is too long",
	  mp_name_qualified,
	  C63 "a",
	  { "name part must be no more than 63 characters" } },
	{ "a name part does not start with a dash",
	  mp_name_qualified,
	  "-a",
	  { "name part " QUALIFIED } },
	{ "a name part has no blank", mp_name_qualified, "a b", { "name part " QUALIFIED } },

	{ "an annotation's prefix may be upper case",
	  mp_name_annotation_key,
	  "Example.COM/App",
	  { NULL } },
	{ "an annotation's prefix has no underscore",
	  mp_name_annotation_key,
	  "a_b/c",
	  { "prefix part " SUBDOMAIN } },

	{ "a label value may be empty", mp_name_label_value, "", { NULL } },
	{ "a label value may be mixed", mp_name_label_value, "A.b_c-9", { NULL } },
	{ "a label value has no blank", mp_name_label_value, "a b", { LABEL_VALUE } },
	{ "a label value does not end with a dot", mp_name_label_value, "a.", { LABEL_VALUE } },
	{ "a label value of 64 is too long",
	  mp_name_label_value,
	  C63 "a",
	  { "must be no more than 63 characters" } },

	{ "a header is letters, digits and dashes", mp_name_http_header, "X-Header-1", { NULL } },
	{ "a header has no underscore", mp_name_http_header, "X_Header", { HEADER } },
	{ "a header is not empty", mp_name_http_header, "", { HEADER } },

	{ "a sysctl is joined by dots", mp_name_sysctl, "net.ipv4.tcp_syncookies", { NULL } },
	{ "a sysctl may be joined by slashes", mp_name_sysctl, "net/ipv4/ip-x", { NULL } },
	{ "a sysctl has no empty segment", mp_name_sysctl, "net..ipv4", { SYSCTL } },
	{ "a sysctl segment does not end with an underscore", mp_name_sysctl, "a_.b", { SYSCTL } },
	{ "a sysctl of 254 is too long", mp_name_sysctl, C253 "a", { SYSCTL } },

	{ "an IPv4 address is an address", mp_name_ip, "10.9.8.7", { NULL } },
	{ "zero is an address", mp_name_ip, "0.0.0.0", { NULL } },
	{ "an IPv6 address is an address", mp_name_ip, "2001:db8::ffff", { NULL } },
	{ "a full IPv6 address is an address", mp_name_ip, "1:2:3:4:5:6:7:8", { NULL } },
	{ "an IPv6 address may be upper case", mp_name_ip, "FE80::ABCD", { NULL } },
	{ "two colons alone are an address", mp_name_ip, "::", { NULL } },
	{ "loopback is an address", mp_name_ip, "::1", { NULL } },
	{ "an IPv6 address may end in two colons", mp_name_ip, "1::", { NULL } },
	{ "an IPv6 address may end in an IPv4 one", mp_name_ip, "64:ff9b::10.0.0.1", { NULL } },
	{ "an IPv6 address may be full with an IPv4 tail",
	  mp_name_ip,
	  "1:2:3:4:5:6:10.0.0.1",
	  { NULL } },
	{ "an address is not empty", mp_name_ip, "", { IP } },
	{ "an IPv4 address has four parts", mp_name_ip, "10.9.8", { IP } },
	{ "an IPv4 address has no fifth part", mp_name_ip, "10.9.8.7.6", { IP } },
	{ "an IPv4 part is at most 255", mp_name_ip, "10.9.8.256", { IP } },
	{ "an IPv4 part is not empty", mp_name_ip, "10..8.7", { IP } },
	{ "an IPv4 part is a number", mp_name_ip, "10.9.8.x", { IP } },
	{ "an IPv4 part has no leading zero",
	  mp_name_ip,
	  "10.09.8.7",
	  { "must not have leading 0s" } },
	{ "an IPv4 tail has no leading zero",
	  mp_name_ip,
	  "64::10.0.0.01",
	  { "must not have leading 0s" } },
	{ "an address has no host name", mp_name_ip, "example.com", { IP } },
	{ "an IPv6 group has at most four digits", mp_name_ip, "12345::", { IP } },
	{ "an IPv6 group is hexadecimal", mp_name_ip, "g::", { IP } },
	{ "an IPv6 address has eight groups", mp_name_ip, "1:2:3:4:5:6:7", { IP } },
	{ "an IPv6 address has no ninth group", mp_name_ip, "1:2:3:4:5:6:7:8:9", { IP } },
	{ "two colons stand for at least one group", mp_name_ip, "1:2:3:4:5:6:7::8", { IP } },
	{ "two colons stand once", mp_name_ip, "1::2::3", { IP } },
	{ "three colons are none", mp_name_ip, "1:::2", { IP } },
	{ "an IPv6 address does not end in one colon", mp_name_ip, "1:2:", { IP } },
	{ "an IPv6 address does not start with one colon", mp_name_ip, ":1::2", { IP } },
	{ "an IPv6 address has no zone", mp_name_ip, "fe80::1%eth0", { IP } },
	{ "an IPv4 tail is an address", mp_name_ip, "::10.0.0", { IP } },
	{ "an IPv4 tail comes last", mp_name_ip, "::10.0.0.1:2", { IP } },
	{ "an IPv4 tail needs room", mp_name_ip, "1:2:3:4:5:6:7:10.0.0.1", { IP } },
	{ "an IPv4-mapped address is refused",
	  mp_name_ip,
	  "::ffff:10.0.0.1",
	  { "must not be an IPv4-mapped IPv6 address" } },
	{ "an IPv4-mapped address is refused in any spelling",
	  mp_name_ip,
	  "0:0::0:ffff:a00:1",
	  { "must not be an IPv4-mapped IPv6 address" } },
	{ "an IPv4-mapped address without a gap is refused",
	  mp_name_ip,
	  "0:0:0:0:0:ffff:1:2",
	  { "must not be an IPv4-mapped IPv6 address" } },
};

static void assert_faults(struct mp_name_faults f, const char *const *expected)
{
	size_t n = 0;

	for (; n < 4 && expected[n]; n++) {
		assert_true(n < f.n);
		assert_string_equal(f.text[n], expected[n]);
	}
	assert_int_equal(f.n, n);
}

static void has_these_faults(void **state)
{
	const struct row *row = *state;

	assert_faults(row->check(row->name), row->faults);
}

__attribute__((constructor)) static void register_rows(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		registry_add(rows[i].sentence, has_these_faults, &rows[i]);
}

TEST(a_port_number_is_1_to_65535)
{
	(void)state;
	static const char *const fault[] = { "must be between 1 and 65535, inclusive", NULL };

	assert_int_equal(mp_name_port_number(1).n, 0);
	assert_int_equal(mp_name_port_number(65535).n, 0);
	assert_faults(mp_name_port_number(0), fault);
	assert_faults(mp_name_port_number(65536), fault);
	assert_faults(mp_name_port_number(-1), fault);
}

TEST(an_id_is_0_to_2147483647)
{
	(void)state;
	static const char *const fault[] = { "must be between 0 and 2147483647, inclusive", NULL };

	assert_int_equal(mp_name_id(0).n, 0);
	assert_int_equal(mp_name_id(2147483647).n, 0);
	assert_faults(mp_name_id(-1), fault);
	assert_faults(mp_name_id(2147483648), fault);
}

TEST(a_file_mode_is_0_to_0777)
{
	(void)state;
	static const char *const fault[] = {
		"must be a number between 0 and 0777 (octal), both inclusive", NULL
	};

	assert_int_equal(mp_name_file_mode(0).n, 0);
	assert_int_equal(mp_name_file_mode(0777).n, 0);
	assert_faults(mp_name_file_mode(01000), fault);
	assert_faults(mp_name_file_mode(-1), fault);
}

TEST(an_address_without_faults_is_one)
{
	(void)state;
	assert_true(mp_name_is_ip("10.0.0.1"));
	assert_false(mp_name_is_ip("10.0.0"));
}

int main(void)
{
	return registry_run("names");
}
