/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of /etc/hosts, /etc/hostname and /etc/resolv.conf of a pod. Pure.
 * Source: pod-semantics reference sections 9.3 and 9.4.
 */
#pragma once

#include "lifecycle/spec.h"

#define MP_HOSTNAME_MAX 65 /* 64 bytes, as the kernel's node name */

/**
 * mp_pod_hostname() - the pod's short host name (section 9.3).
 * @host: the machine's name, used by pods on the host network.
 *
 * Return: 0 or -EINVAL with a sentence.
 */
int mp_pod_hostname(const struct mp_pod_spec *spec, const char *host, char ret[MP_HOSTNAME_MAX],
		    struct mp_error *err);

/** mp_pod_domain() - "<subdomain>.<namespace>.svc.<cluster domain>", or "". */
void mp_pod_domain(const struct mp_pod_spec *spec, struct mp_buf *out);

/** mp_pod_node_name() - what uname shows inside: host name or FQDN (setHostnameAsFQDN). */
int mp_pod_node_name(const struct mp_pod_spec *spec, const char *host, char ret[MP_HOSTNAME_MAX],
		     struct mp_error *err);

/**
 * mp_hosts_text() - the pod's /etc/hosts.
 * @host_file: the machine's own /etc/hosts, for pods on the host network; else unused.
 */
void mp_hosts_text(const struct mp_pod_spec *spec, const char *hostname, const char *ip,
		   const char *ip6, const char *host_file, struct mp_buf *out);

/** struct mp_dns_notes - warnings that the text gave rise to: DNSConfigForming messages. */
struct mp_dns_notes {
	char nameservers[MP_ERROR_MSG_MAX]; /* "" = none */
	char searches[MP_ERROR_MSG_MAX];
	bool is_missing_cluster_dns; /* an explicit ClusterFirst policy fell back to Default */
};

/**
 * mp_resolv_text() - the pod's /etc/resolv.conf.
 * @host_file: the machine's own resolv.conf.
 * @is_policy_explicit: the manifest stated dnsPolicy itself.
 */
void mp_resolv_text(const struct mp_pod_spec *spec, const char *host_file, bool is_policy_explicit,
		    struct mp_buf *out, struct mp_dns_notes *notes);
