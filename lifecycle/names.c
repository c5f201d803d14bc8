/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API server checks names with regular expressions; these are the same languages as small
 * loops. "Label-like" is its recurring shape: [alnum]([alnum or inner]*[alnum])?.
 */
#include "lifecycle/names.h"

#include <string.h>

#define LABEL_FMT        "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SEARCH_LABEL_FMT "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
#define QUALIFIED_FMT    "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

#define LABEL_SHAPE                                                                              \
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " \
	"and must start and end with an alphanumeric character (e.g. 'my-name',  or "            \
	"'123-abc', regex used for validation is '" LABEL_FMT "')"
#define SUBDOMAIN_SHAPE                                                                       \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, " \
	"'-' or '.', and must start and end with an alphanumeric character (e.g. "            \
	"'example.com', regex used for validation is '" LABEL_FMT "(\\." LABEL_FMT ")*')"
#define SEARCH_SHAPE                                                                             \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "    \
	"'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "          \
	"'example.com', regex used for validation is '" SEARCH_LABEL_FMT "(\\." SEARCH_LABEL_FMT \
	")*')"
#define QUALIFIED_SHAPE                                                                 \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and " \
	"end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "        \
	"'123-abc', regex used for validation is '" QUALIFIED_FMT "')"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_lower_alnum(char c)
{
	return is_lower(c) || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static void add(struct mp_name_faults *f, const char *text)
{
	f->text[f->n++] = text;
}

/* [end]([end or one of @inner]*[end])? over @len bytes. */
static bool is_label_like(const char *s, size_t len, bool (*is_end)(char), const char *inner)
{
	if (len == 0 || !is_end(s[0]) || !is_end(s[len - 1]))
		return false;
	for (size_t i = 1; i + 1 < len; i++) {
		if (!is_end(s[i]) && !strchr(inner, s[i]))
			return false;
	}
	return true;
}

/* Labels of lower case, digits and @inner, joined by the characters of @joints. */
static bool is_label_list(const char *s, const char *inner, const char *joints,
			  bool may_start_with_underscore)
{
	for (;;) {
		const size_t len = strcspn(s, joints);
		const size_t skip = may_start_with_underscore && s[0] == '_' ? 1 : 0;

		if (!is_label_like(s + skip, len - skip, is_lower_alnum, inner))
			return false;
		if (s[len] == '\0')
			return true;
		s += len + 1;
	}
}

static bool is_subdomain(const char *s)
{
	return is_label_list(s, "-", ".", false);
}

struct mp_name_faults mp_name_dns_label(const char *name)
{
	struct mp_name_faults f = { .n = 0 };
	const size_t len = strlen(name);

	if (len > 63)
		add(&f, "must be no more than 63 characters");
	if (!is_label_like(name, len, is_lower_alnum, "-"))
		add(&f, is_subdomain(name) ? "must not contain dots" : LABEL_SHAPE);
	return f;
}

struct mp_name_faults mp_name_dns_subdomain(const char *name)
{
	struct mp_name_faults f = { .n = 0 };

	if (strlen(name) > 253)
		add(&f, "must be no more than 253 characters");
	if (!is_subdomain(name))
		add(&f, SUBDOMAIN_SHAPE);
	return f;
}

struct mp_name_faults mp_name_dns_search(const char *name)
{
	struct mp_name_faults f = { .n = 0 };

	if (strlen(name) > 253)
		add(&f, "must be no more than 253 characters");
	if (!is_label_list(name, "-_", ".", true))
		add(&f, SEARCH_SHAPE);
	return f;
}

struct mp_name_faults mp_name_port(const char *name)
{
	struct mp_name_faults f = { .n = 0 };
	const size_t len = strlen(name);
	bool is_clean = len > 0, has_letter = false;

	for (size_t i = 0; i < len; i++) {
		is_clean &= is_lower_alnum(name[i]) || name[i] == '-';
		has_letter |= is_lower(name[i]);
	}
	if (len > 15)
		add(&f, "must be no more than 15 characters");
	if (!is_clean)
		add(&f, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
	if (!has_letter)
		add(&f, "must contain at least one letter (a-z)");
	if (strstr(name, "--"))
		add(&f, "must not contain consecutive hyphens");
	if (len > 0 && (name[0] == '-' || name[len - 1] == '-'))
		add(&f, "must not begin or end with a hyphen");
	return f;
}

struct mp_name_faults mp_name_port_number(int64_t port)
{
	struct mp_name_faults f = { .n = 0 };

	if (port < 1 || port > 65535)
		add(&f, "must be between 1 and 65535, inclusive");
	return f;
}

struct mp_name_faults mp_name_env(const char *name)
{
	struct mp_name_faults f = { .n = 0 };
	bool is_clean = true;

	for (const char *c = name; *c; c++)
		is_clean &= *c >= ' ' && *c <= '~' && *c != '=';
	if (*name == '\0')
		add(&f, "environment variable name must be non-empty");
	if (!is_clean)
		add(&f, "a valid environment variable name must consist only of printable ASCII "
			"characters other than '='");
	return f;
}

struct mp_name_faults mp_name_config_key(const char *key)
{
	struct mp_name_faults f = { .n = 0 };
	bool is_clean = *key != '\0';

	for (const char *c = key; *c; c++)
		is_clean &= is_alnum(*c) || strchr("-._", *c);
	if (strlen(key) > 253)
		add(&f, "must be no more than 253 characters");
	if (!is_clean)
		add(&f, "a valid config key must consist of alphanumeric characters, '-', '_' or "
			"'.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
			"validation is '[-._a-zA-Z0-9]+')");
	if (strcmp(key, ".") == 0)
		add(&f, "must not be '.'");
	else if (strcmp(key, "..") == 0)
		add(&f, "must not be '..'");
	else if (strncmp(key, "..", 2) == 0)
		add(&f, "must not start with '..'");
	return f;
}

/* @prefix is text[0 .. len), compared without copying: it may be long. */
static bool is_prefix_shape(const char *s, size_t len, bool fold)
{
	size_t start = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != '.') {
			if (is_lower_alnum(s[i]) || s[i] == '-' || (fold && is_alnum(s[i])))
				continue;
			return false;
		}
		if (i == start || s[start] == '-' || s[i - 1] == '-')
			return false;
		start = i + 1;
	}
	return true;
}

/* @fold: upper case counts as lower case, which only the prefix can tell. */
static struct mp_name_faults check_qualified(const char *name, bool fold)
{
	struct mp_name_faults f = { .n = 0 };
	const char *slash = strchr(name, '/');

	if (slash && strchr(slash + 1, '/')) {
		add(&f,
		    "a qualified name " QUALIFIED_SHAPE
		    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
		return f;
	}
	if (slash) {
		const size_t len = (size_t)(slash - name);

		if (len == 0)
			add(&f, "prefix part must be non-empty");
		if (len > 253)
			add(&f, "prefix part must be no more than 253 characters");
		if (len > 0 && !is_prefix_shape(name, len, fold))
			add(&f, "prefix part " SUBDOMAIN_SHAPE);
		name = slash + 1;
	}

	const size_t len = strlen(name);

	if (len == 0)
		add(&f, "name part must be non-empty");
	else if (len > 63)
		add(&f, "name part must be no more than 63 characters");
	if (!is_label_like(name, len, is_alnum, "-_."))
		add(&f, "name part " QUALIFIED_SHAPE);
	return f;
}

struct mp_name_faults mp_name_qualified(const char *name)
{
	return check_qualified(name, false);
}

struct mp_name_faults mp_name_annotation_key(const char *key)
{
	return check_qualified(key, true);
}

struct mp_name_faults mp_name_label_value(const char *value)
{
	struct mp_name_faults f = { .n = 0 };
	const size_t len = strlen(value);

	if (len > 63)
		add(&f, "must be no more than 63 characters");
	if (len > 0 && !is_label_like(value, len, is_alnum, "-_."))
		add(&f, "a valid label must be an empty string or consist of alphanumeric "
			"characters, '-', '_' or '.', and must start and end with an alphanumeric "
			"character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
			"validation is '(" QUALIFIED_FMT ")?')");
	return f;
}

struct mp_name_faults mp_name_http_header(const char *name)
{
	struct mp_name_faults f = { .n = 0 };
	bool is_clean = *name != '\0';

	for (const char *c = name; *c; c++)
		is_clean &= is_alnum(*c) || *c == '-';
	if (!is_clean)
		add(&f, "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. "
			"'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')");
	return f;
}

struct mp_name_faults mp_name_sysctl(const char *name)
{
	struct mp_name_faults f = { .n = 0 };

	if (strlen(name) > 253 || !is_label_list(name, "-_", "./", false))
		add(&f, "must have at most 253 characters and match regex "
			"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
	return f;
}

struct mp_name_faults mp_name_id(int64_t id)
{
	struct mp_name_faults f = { .n = 0 };

	if (id < 0 || id > INT32_MAX)
		add(&f, "must be between 0 and 2147483647, inclusive");
	return f;
}

struct mp_name_faults mp_name_file_mode(int64_t mode)
{
	struct mp_name_faults f = { .n = 0 };

	if (mode < 0 || mode > 0777)
		add(&f, "must be a number between 0 and 0777 (octal), both inclusive");
	return f;
}

/* Four decimal bytes; *@ret_padded when one was written with a leading zero. */
static bool is_ipv4(const char *s, bool *ret_padded)
{
	for (int i = 0; i < 4; i++) {
		size_t n = 0;
		int value = 0;

		for (; s[n] >= '0' && s[n] <= '9'; n++) {
			value = value * 10 + (s[n] - '0');
			if (value > 255)
				return false;
		}
		if (n == 0)
			return false;
		*ret_padded |= n > 1 && s[0] == '0';
		if (s[n] != (i < 3 ? '.' : '\0'))
			return false;
		s += n + 1;
	}
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What parsing an IPv6 address has found so far: groups of 16 bits, and where "::" was. */
struct ipv6 {
	unsigned int group[8];
	int n;
	int gap; /* groups before "::"; -1 = none */
	bool is_padded, has_ipv4;
};

/* One group, or the IPv4 tail; returns what follows it, or NULL. */
static const char *ipv6_group(struct ipv6 *ip, const char *s)
{
	unsigned int value = 0;
	int digits = 0;

	if (ip->n <= 6 && strchr(s, '.') && !strchr(s, ':')) {
		if (!is_ipv4(s, &ip->is_padded))
			return NULL;
		ip->has_ipv4 = true;
		ip->group[ip->n++] = 0;
		ip->group[ip->n++] = 0;
		return s + strlen(s);
	}
	if (ip->n == 8)
		return NULL;
	for (; hex_value(*s) >= 0; s++, digits++)
		value = value << 4 | (unsigned int)hex_value(*s);
	if (digits < 1 || digits > 4)
		return NULL;
	ip->group[ip->n++] = value;
	return s;
}

static bool parse_ipv6(const char *s, struct ipv6 *ip)
{
	*ip = (struct ipv6){ .gap = -1 };
	if (strncmp(s, "::", 2) == 0) {
		ip->gap = 0;
		s += 2;
	}
	while (*s) {
		s = ipv6_group(ip, s);
		if (!s)
			return false;
		if (*s == '\0')
			break;
		if (*s++ != ':')
			return false;
		if (*s == ':') {
			if (ip->gap >= 0)
				return false;
			ip->gap = ip->n;
			s++;
		} else if (*s == '\0') {
			return false;
		}
	}
	return ip->gap >= 0 ? ip->n < 8 : ip->n == 8;
}

/* ::ffff:0:0/96, however the zeros were written. */
static bool is_ipv4_mapped(const struct ipv6 *ip)
{
	const int tail = ip->gap >= 0 ? ip->n - ip->gap : 0;
	unsigned int full[8] = { 0 };

	for (int i = 0; i < ip->n; i++)
		full[i < ip->n - tail ? i : 8 - ip->n + i] = ip->group[i];
	for (int i = 0; i < 5; i++) {
		if (full[i] != 0)
			return false;
	}
	return full[5] == 0xffffU;
}

struct mp_name_faults mp_name_ip(const char *text)
{
	struct mp_name_faults f = { .n = 0 };
	struct ipv6 ip = { .gap = -1 };
	bool is_padded = false;

	if (strchr(text, ':') ? !parse_ipv6(text, &ip) : !is_ipv4(text, &is_padded))
		add(&f, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
	else if (is_padded || ip.is_padded)
		add(&f, "must not have leading 0s");
	else if (strchr(text, ':') && is_ipv4_mapped(&ip))
		add(&f, "must not be an IPv4-mapped IPv6 address");
	return f;
}

bool mp_name_is_ip(const char *text)
{
	return mp_name_ip(text).n == 0;
}
