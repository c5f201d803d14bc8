/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/etc_files.h"

#include <errno.h>
#include <string.h>

#define CLUSTER_DOMAIN   "cluster.local"
#define HOST_LABEL_MAX   ((size_t)63)
#define NODE_NAME_MAX    ((size_t)64)
#define SERVERS_MAX      3
#define SEARCHES_MAX     32
#define SEARCH_BYTES_MAX ((size_t)253)
#define SEARCH_LINE_MAX  ((size_t)2048)

int mp_pod_hostname(const struct mp_pod_spec *spec, const char *host, char ret[MP_HOSTNAME_MAX],
		    struct mp_error *err)
{
	const char *name = spec->meta.name;

	if (spec->host_network)
		name = host;
	else if (spec->hostname_override)
		name = spec->hostname_override;
	else if (spec->hostname && spec->hostname[0])
		name = spec->hostname;

	const size_t most = spec->host_network ? NODE_NAME_MAX : HOST_LABEL_MAX;
	size_t len = strnlen(name, most);

	while (len > 0 && (name[len - 1] == '-' || name[len - 1] == '.'))
		len--;
	if (len == 0)
		return mp_fail_text(err, EINVAL, "hostname for pod \"%s\" was invalid: \"%s\"",
				    spec->meta.name, name);
	memcpy(ret, name, len);
	ret[len] = '\0';
	return 0;
}

void mp_pod_domain(const struct mp_pod_spec *spec, struct mp_buf *out)
{
	if (spec->subdomain && spec->subdomain[0] && !spec->hostname_override)
		mp_buf_addf(out, "%s.%s.svc." CLUSTER_DOMAIN, spec->subdomain,
			    spec->meta.namespace_);
}

int mp_pod_node_name(const struct mp_pod_spec *spec, const char *host, char ret[MP_HOSTNAME_MAX],
		     struct mp_error *err)
{
	char text[512];
	struct mp_buf fqdn = MP_BUF(text);
	char name[MP_HOSTNAME_MAX];
	int r = mp_pod_hostname(spec, host, name, err);

	if (r < 0)
		return r;
	mp_buf_addf(&fqdn, "%s", name);
	if (spec->set_hostname_as_fqdn && !spec->host_network) {
		char domain_text[400];
		struct mp_buf domain = MP_BUF(domain_text);

		domain_text[0] = '\0';
		mp_pod_domain(spec, &domain);
		if (domain.len > 0)
			mp_buf_addf(&fqdn, ".%s", domain_text);
	}
	if (fqdn.len > NODE_NAME_MAX)
		return mp_fail_text(err, EINVAL,
				    "failed to construct FQDN from pod hostname and cluster "
				    "domain, FQDN %s is too long (64 characters is the max, %zu "
				    "characters requested)",
				    text, fqdn.len);
	memcpy(ret, text, fqdn.len + 1);
	return 0;
}

static void add_host_line(const struct mp_pod_spec *spec, const char *hostname, const char *ip,
			  struct mp_buf *out)
{
	char domain_text[400];
	struct mp_buf domain = MP_BUF(domain_text);

	domain_text[0] = '\0';
	mp_pod_domain(spec, &domain);
	if (domain.len > 0)
		mp_buf_addf(out, "%s\t%s.%s\t%s\n", ip, hostname, domain_text, hostname);
	else
		mp_buf_addf(out, "%s\t%s\n", ip, hostname);
}

void mp_hosts_text(const struct mp_pod_spec *spec, const char *hostname, const char *ip,
		   const char *ip6, const char *host_file, struct mp_buf *out)
{
	if (spec->host_network) {
		mp_buf_adds(out, "# Kubernetes-managed hosts file (host network).\n");
		if (host_file)
			mp_buf_adds(out, host_file);
	} else {
		mp_buf_adds(out, "# Kubernetes-managed hosts file.\n"
				 "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost ip6-loopback\n"
				 "fe00::0\tip6-localnet\n"
				 "fe00::0\tip6-mcastprefix\n"
				 "fe00::1\tip6-allnodes\n"
				 "fe00::2\tip6-allrouters\n");
		if (ip && ip[0])
			add_host_line(spec, hostname, ip, out);
		if (ip6 && ip6[0])
			add_host_line(spec, hostname, ip6, out);
	}
	if (spec->n_host_aliases == 0)
		return;
	mp_buf_adds(out, "\n# Entries added by HostAliases.\n");
	for (size_t i = 0; i < spec->n_host_aliases; i++) {
		const struct mp_host_alias *alias = &spec->host_aliases[i];

		mp_buf_adds(out, alias->ip);
		for (size_t j = 0; j < alias->hostnames.n; j++)
			mp_buf_addf(out, "\t%s", alias->hostnames.items[j]);
		mp_buf_adds(out, "\n");
	}
}

/* ---- resolv.conf ------------------------------------------------------------------------- */

struct word {
	const char *text;
	size_t len;
};

#define WORDS_MAX 128

struct words {
	struct word items[WORDS_MAX];
	size_t n;
};

struct option {
	struct word name, value; /* value.text NULL: printed without a colon */
};

struct resolv {
	struct words servers, searches;
	struct option options[WORDS_MAX];
	size_t n_options;
};

static bool same(struct word a, struct word b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static void add_word(struct words *list, struct word w)
{
	if (list->n < WORDS_MAX)
		list->items[list->n++] = w;
}

static void add_new_word(struct words *list, struct word w)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(list->items[i], w))
			return;
	add_word(list, w);
}

/* The first of equal ones stays. */
static void drop_duplicates(struct words *list)
{
	const struct words all = *list;

	list->n = 0;
	for (size_t i = 0; i < all.n; i++)
		add_new_word(list, all.items[i]);
}

static void add_option(struct resolv *r, struct word name, struct word value)
{
	for (size_t i = 0; i < r->n_options; i++) {
		if (same(r->options[i].name, name)) {
			r->options[i].value = value;
			return;
		}
	}
	if (r->n_options < WORDS_MAX)
		r->options[r->n_options++] = (struct option){ name, value };
}

/* The next blank-separated word of a line; len 0 at its end. */
static struct word next_word(const char **at)
{
	const char *start = *at + strspn(*at, " \t\r");
	const size_t len = strcspn(start, " \t\r\n");

	*at = start + len;
	return (struct word){ start, len };
}

static void parse_search(const char *at, struct words *ret)
{
	ret->n = 0; /* the last search line wins */
	for (struct word w = next_word(&at); w.len > 0; w = next_word(&at)) {
		if (w.len > 1 && w.text[w.len - 1] == '.')
			w.len--;
		if (w.len != 1 || w.text[0] != '.')
			add_word(ret, w);
	}
}

static void parse_options(const char *at, struct resolv *r)
{
	for (struct word w = next_word(&at); w.len > 0; w = next_word(&at)) {
		const char *colon = memchr(w.text, ':', w.len);
		struct word value = { NULL, 0 };

		if (colon) {
			value = (struct word){ colon + 1, w.len - (size_t)(colon + 1 - w.text) };
			w.len = (size_t)(colon - w.text);
		}
		add_option(r, w, value);
	}
}

static void parse_host(const char *file, struct resolv *r)
{
	for (const char *line = file; line && *line;) {
		const char *at = line;
		const struct word key = next_word(&at);

		if (key.len == 10 && memcmp(key.text, "nameserver", 10) == 0) {
			const struct word server = next_word(&at);

			if (server.len > 0)
				add_word(&r->servers, server);
		} else if (key.len == 6 && memcmp(key.text, "search", 6) == 0) {
			parse_search(at, &r->searches);
		} else if (key.len == 7 && memcmp(key.text, "options", 7) == 0) {
			parse_options(at, r);
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
}

static void merge_config(const struct mp_dns_config *dns, struct resolv *r)
{
	drop_duplicates(&r->servers);
	drop_duplicates(&r->searches);
	for (size_t i = 0; i < dns->nameservers.n; i++)
		add_new_word(&r->servers, (struct word){ dns->nameservers.items[i],
							 strlen(dns->nameservers.items[i]) });
	for (size_t i = 0; i < dns->searches.n; i++)
		add_new_word(&r->searches, (struct word){ dns->searches.items[i],
							  strlen(dns->searches.items[i]) });
	for (size_t i = 0; i < dns->n_options; i++) {
		const struct mp_dns_option *o = &dns->options[i];
		const bool has_value = o->value && o->value[0];

		add_option(r, (struct word){ o->name, strlen(o->name) },
			   (struct word){ has_value ? o->value : NULL,
					  has_value ? strlen(o->value) : 0 });
	}
}

static void add_line(struct mp_buf *out, const struct words *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			mp_buf_adds(out, " ");
		mp_buf_add(out, list->items[i].text, list->items[i].len);
	}
}

static void apply_limits(struct resolv *r, struct mp_dns_notes *notes)
{
	bool is_cut = false;
	size_t kept = 0, bytes = 0;

	if (r->servers.n > SERVERS_MAX) {
		struct mp_buf note = MP_BUF(notes->nameservers);

		r->servers.n = SERVERS_MAX;
		mp_buf_adds(&note, "Nameserver limits were exceeded, some nameservers have been "
				   "omitted, the applied nameserver line is: ");
		add_line(&note, &r->servers);
	}
	if (r->searches.n > SEARCHES_MAX) {
		r->searches.n = SEARCHES_MAX;
		is_cut = true;
	}
	for (size_t i = 0; i < r->searches.n; i++) {
		const struct word w = r->searches.items[i];

		if (w.len > SEARCH_BYTES_MAX) {
			is_cut = true;
			continue;
		}
		if (bytes + (kept > 0 ? 1 : 0) + w.len > SEARCH_LINE_MAX) {
			is_cut = true;
			break;
		}
		bytes += (kept > 0 ? 1 : 0) + w.len;
		r->searches.items[kept++] = w;
	}
	r->searches.n = kept;
	if (is_cut) {
		struct mp_buf note = MP_BUF(notes->searches);

		mp_buf_adds(&note, "Search Line limits were exceeded, some search paths have been "
				   "omitted, the applied search line is: ");
		add_line(&note, &r->searches);
	}
}

void mp_resolv_text(const struct mp_pod_spec *spec, const char *host_file, bool is_policy_explicit,
		    struct mp_buf *out, struct mp_dns_notes *notes)
{
	struct resolv r = { .n_options = 0 };
	const bool wants_cluster =
		mp_streq(spec->dns_policy, "ClusterFirstWithHostNet") ||
		(mp_streq(spec->dns_policy, "ClusterFirst") && !spec->host_network);

	notes->nameservers[0] = '\0';
	notes->searches[0] = '\0';
	notes->is_missing_cluster_dns = wants_cluster && is_policy_explicit;
	/* No cluster DNS here: the cluster policies fall back to the host's file. */
	if (!mp_streq(spec->dns_policy, "None"))
		parse_host(host_file, &r);
	if (spec->dns.is_set)
		merge_config(&spec->dns, &r);
	apply_limits(&r, notes);
	if (r.searches.n > 0) {
		mp_buf_adds(out, "search ");
		add_line(out, &r.searches);
		mp_buf_adds(out, "\n");
	}
	for (size_t i = 0; i < r.servers.n; i++)
		mp_buf_addf(out, "nameserver %.*s\n", (int)r.servers.items[i].len,
			    r.servers.items[i].text);
	for (size_t i = 0; i < r.n_options; i++) {
		const struct option *o = &r.options[i];

		mp_buf_addf(out, "%s%.*s", i == 0 ? "options " : " ", (int)o->name.len,
			    o->name.text);
		if (o->value.text)
			mp_buf_addf(out, ":%.*s", (int)o->value.len, o->value.text);
	}
	if (r.n_options > 0)
		mp_buf_adds(out, "\n");
}
