/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name formats of the Kubernetes API: each check returns the API server's messages, in its
 * order. Source: pod-semantics reference section 11.4; apimachinery util/validation.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MP_NAME_FAULTS_MAX 5

/** struct mp_name_faults - what is wrong with a name: static texts, none when it is fine. */
struct mp_name_faults {
	const char *text[MP_NAME_FAULTS_MAX];
	size_t n;
};

/** mp_name_dns_label() - RFC 1123 label: at most 63 of [-a-z0-9]. */
struct mp_name_faults mp_name_dns_label(const char *name);

/** mp_name_dns_subdomain() - RFC 1123 subdomain: at most 253, labels joined by dots. */
struct mp_name_faults mp_name_dns_subdomain(const char *name);

/** mp_name_dns_search() - a subdomain whose labels may start with, and contain, underscores. */
struct mp_name_faults mp_name_dns_search(const char *name);

/** mp_name_port() - the name of a container port (IANA service name). */
struct mp_name_faults mp_name_port(const char *name);

/** mp_name_port_number() - 1 to 65535. */
struct mp_name_faults mp_name_port_number(int64_t port);

/** mp_name_env() - environment variable name: printable ASCII without '='. */
struct mp_name_faults mp_name_env(const char *name);

/** mp_name_config_key() - key in a ConfigMap or Secret. */
struct mp_name_faults mp_name_config_key(const char *key);

/** mp_name_qualified() - [prefix/]name: label keys, condition types, resource names. */
struct mp_name_faults mp_name_qualified(const char *name);

/** mp_name_label_value() - value of a label. */
struct mp_name_faults mp_name_label_value(const char *value);

/** mp_name_annotation_key() - like mp_name_qualified(), upper case allowed in the prefix too. */
struct mp_name_faults mp_name_annotation_key(const char *key);

/** mp_name_http_header() - name of an HTTP header. */
struct mp_name_faults mp_name_http_header(const char *name);

/** mp_name_sysctl() - name of a sysctl, separated by '.' or '/'. */
struct mp_name_faults mp_name_sysctl(const char *name);

/** mp_name_id() - a uid or gid: 0 to 2147483647. */
struct mp_name_faults mp_name_id(int64_t id);

/** mp_name_file_mode() - 0 to 0777. */
struct mp_name_faults mp_name_file_mode(int64_t mode);

/** mp_name_ip() - IPv4 or IPv6 address; leading zeros and IPv4-mapped addresses are refused. */
struct mp_name_faults mp_name_ip(const char *text);

/** mp_name_is_ip() - mp_name_ip() finds nothing wrong. */
bool mp_name_is_ip(const char *text);
