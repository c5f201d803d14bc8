/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is regular and needs no backtracking once it is cut at the right places: a digest
 * starts at the first '@', a tag at the last ':' behind the last '/', the domain ends at the
 * first '/'. Messages are those of the library that Kubernetes uses, in the same order.
 */
#include "rootfs/image_ref.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"

#define INVALID "invalid reference format"

struct span {
	const char *at;
	size_t len;
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_upper(c) || is_digit(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool has_upper(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_upper(s.at[i]))
			return true;
	return false;
}

static bool equals(struct span s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.at, text, s.len) == 0;
}

/* [a-z0-9]+ joined by one '.', one or two '_', or any number of '-'. */
static bool is_path_component(struct span s)
{
	size_t i = 0;

	for (;;) {
		const size_t start = i;

		while (i < s.len && (is_lower(s.at[i]) || is_digit(s.at[i])))
			i++;
		if (i == start)
			return false;
		if (i == s.len)
			return true;

		const char sep = s.at[i];
		const size_t sep_at = i;

		while (i < s.len && s.at[i] == sep)
			i++;

		const size_t n = i - sep_at;

		if (!((sep == '.' && n == 1) || (sep == '_' && n <= 2) || sep == '-'))
			return false;
	}
}

static bool is_path(struct span s)
{
	for (;;) {
		const char *slash = s.len > 0 ? memchr(s.at, '/', s.len) : NULL;
		const struct span part = { s.at, slash ? (size_t)(slash - s.at) : s.len };

		if (!is_path_component(part))
			return false;
		if (!slash)
			return true;
		s.at += part.len + 1;
		s.len -= part.len + 1;
	}
}

static bool is_host(struct span s)
{
	if (s.len > 2 && s.at[0] == '[' && s.at[s.len - 1] == ']') {
		for (size_t i = 1; i < s.len - 1; i++) {
			const char c = s.at[i];

			if (!is_hex(c) && !(c >= 'A' && c <= 'F') && c != ':')
				return false;
		}
		return true;
	}
	for (size_t i = 0, start = 0; i <= s.len; i++) {
		if (i < s.len && s.at[i] != '.') {
			if (!is_alnum(s.at[i]) && s.at[i] != '-')
				return false;
			continue;
		}
		if (i == start || s.at[start] == '-' || s.at[i - 1] == '-')
			return false;
		start = i + 1;
	}
	return true;
}

static bool is_domain(struct span s)
{
	size_t i = s.len;

	while (i > 0 && is_digit(s.at[i - 1]))
		i--;
	if (i < s.len && i > 0 && s.at[i - 1] == ':')
		s.len = i - 1;
	return s.len > 0 && is_host(s);
}

static bool is_tag(struct span s)
{
	if (s.len == 0 || s.len > MP_IMAGE_TAG_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		const char c = s.at[i];

		if (!is_alnum(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return true;
}

/* The reference grammar's looser idea of a digest; check_digest() has the exact one. */
static bool looks_like_digest(struct span s)
{
	const char *colon = s.len > 0 ? memchr(s.at, ':', s.len) : NULL;
	bool at_start = true;

	if (!colon)
		return false;
	for (const char *c = s.at; c < colon; c++) {
		if (at_start ? !(is_lower(*c) || is_upper(*c)) : false)
			return false;
		if (!is_alnum(*c) && !strchr("-_+.", *c))
			return false;
		at_start = !is_alnum(*c);
	}
	if (at_start || (size_t)(s.at + s.len - colon - 1) < 32)
		return false;
	for (const char *c = colon + 1; c < s.at + s.len; c++)
		if (!is_hex(*c) && !(*c >= 'A' && *c <= 'F'))
			return false;
	return true;
}

static const char *check_digest(struct span s)
{
	static const struct {
		const char *name;
		size_t hex;
	} algorithms[] = { { "sha256", 64 }, { "sha384", 96 }, { "sha512", 128 } };
	const char *colon = memchr(s.at, ':', s.len);

	if (!colon)
		return "invalid checksum digest format";

	const struct span algorithm = { s.at, (size_t)(colon - s.at) };
	const struct span hex = { colon + 1, s.len - algorithm.len - 1 };

	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!equals(algorithm, algorithms[i].name))
			continue;
		if (hex.len != algorithms[i].hex)
			return "invalid checksum digest length";
		for (size_t j = 0; j < hex.len; j++)
			if (!is_hex(hex.at[j]))
				return "invalid checksum digest format";
		return NULL;
	}
	return "unsupported digest algorithm";
}

static bool is_identifier(struct span s)
{
	if (s.len != 64)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_hex(s.at[i]))
			return false;
	return true;
}

/* A first component is a domain when it looks like no Docker Hub user. */
static bool names_domain(struct span first)
{
	return equals(first, "localhost") || memchr(first.at, '.', first.len) ||
	       memchr(first.at, ':', first.len) || has_upper(first);
}

static int bad(struct mp_error *err, const char *text, const char *why)
{
	return mp_fail_text(err, EINVAL, "couldn't parse image name \"%s\": %s", text, why);
}

int mp_image_ref_parse(const char *text, struct mp_image_ref *ret, struct mp_error *err)
{
	const struct span all = { text, strlen(text) };
	const char *first_slash = strchr(text, '/');
	struct span domain = { DEFAULT_DOMAIN, strlen(DEFAULT_DOMAIN) };
	struct span rest = all, tag = { "", 0 }, digest = { "", 0 };
	bool has_tag = false, has_digest = false;

	if (is_identifier(all))
		return mp_fail_text(
			err, EINVAL,
			"couldn't parse image name \"%s\": invalid repository name (%s), "
			"cannot specify 64-byte hexadecimal strings",
			text, text);
	if (first_slash) {
		const struct span first = { text, (size_t)(first_slash - text) };

		if (names_domain(first)) {
			if (!equals(first, LEGACY_DOMAIN))
				domain = first;
			rest = (struct span){ first_slash + 1, all.len - first.len - 1 };
		}
	}

	/* Upper case is told apart first, up to the first colon, as the library does. */
	const char *colon = rest.len > 0 ? memchr(rest.at, ':', rest.len) : NULL;
	const struct span remote = { rest.at, colon ? (size_t)(colon - rest.at) : rest.len };
	const bool is_official =
		equals(domain, DEFAULT_DOMAIN) && !(rest.len > 0 && memchr(rest.at, '/', rest.len));
	const char *prefix = is_official ? OFFICIAL : "";

	if (has_upper(remote))
		return mp_fail_text(err, EINVAL,
				    "couldn't parse image name \"%s\": invalid reference format: "
				    "repository name (%s%.*s) must be lowercase",
				    text, prefix, (int)remote.len, remote.at);

	const char *at = rest.len > 0 ? memchr(rest.at, '@', rest.len) : NULL;

	if (at) {
		has_digest = true;
		digest = (struct span){ at + 1, (size_t)(rest.at + rest.len - at - 1) };
		rest.len = (size_t)(at - rest.at);
	}

	const char *slash = rest.len > 0 ? memrchr(rest.at, '/', rest.len) : NULL;
	const struct span last = { slash ? slash + 1 : rest.at,
				   slash ? (size_t)(rest.at + rest.len - slash - 1) : rest.len };

	colon = last.len > 0 ? memchr(last.at, ':', last.len) : NULL;
	if (colon) {
		has_tag = true;
		tag = (struct span){ colon + 1, (size_t)(rest.at + rest.len - colon - 1) };
		rest.len = (size_t)(colon - rest.at);
	}

	/* A "domain" such as foo_bar.com is none, but is a path component all the same. */
	if (!is_path(rest) || !(is_domain(domain) || is_path_component(domain)) ||
	    (has_tag && !is_tag(tag)) || (has_digest && !looks_like_digest(digest)))
		return bad(err, text, INVALID);
	if (strlen(prefix) + rest.len + (is_domain(domain) ? 0 : domain.len + 1) >
		    MP_IMAGE_NAME_MAX ||
	    domain.len > MP_IMAGE_NAME_MAX)
		return bad(err, text, "repository name must not be more than 255 characters");
	if (has_digest) {
		const char *why = check_digest(digest);

		if (why)
			return bad(err, text, why);
	}

	(void)snprintf(ret->name, sizeof(ret->name), "%.*s/%s%.*s", (int)domain.len, domain.at,
		       prefix, (int)rest.len, rest.at);
	(void)snprintf(ret->tag, sizeof(ret->tag), "%.*s", (int)tag.len, tag.at);
	(void)snprintf(ret->digest, sizeof(ret->digest), "%.*s", (int)digest.len, digest.at);
	return 0;
}

char *mp_image_ref_text(const struct mp_image_ref *ref, char *buf)
{
	const bool is_bare = !ref->tag[0] && !ref->digest[0];

	(void)snprintf(buf, MP_IMAGE_REF_MAX, "%s%s%s%s%s", ref->name,
		       ref->tag[0] || is_bare ? ":" : "", is_bare ? "latest" : ref->tag,
		       ref->digest[0] ? "@" : "", ref->digest);
	return buf;
}
