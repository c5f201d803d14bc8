/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Source: pkg/kubelet/sysctl, pkg/kubelet/lifecycle/predicate.go, pkg/security/apparmor: the first
 * rule that a pod breaks is the one it hears of, in the kubelet's order.
 */
#include "lifecycle/admit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lifecycle/names.h"

#define SYSCTL_NAME_MAX 254

enum space { SPACE_NONE = 0, SPACE_IPC, SPACE_NET };

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Which namespace keeps a sysctl, written with dots, apart from the host's. */
static enum space space_of(const char *name)
{
	if (has_prefix(name, "net."))
		return SPACE_NET;
	if (strcmp(name, "kernel.sem") == 0 || has_prefix(name, "kernel.shm") ||
	    has_prefix(name, "kernel.msg") || has_prefix(name, "fs.mqueue."))
		return SPACE_IPC;
	return SPACE_NONE;
}

/* With dots: "net/ipv4/conf/eth0.1/x" is "net.ipv4.conf.eth0/1.x". The first separator tells. */
static void normalize(const char *name, char *to, size_t size)
{
	const char *first = strpbrk(name, "./");
	const bool is_path = first && *first == '/';
	size_t n = 0;

	for (; name[n] != '\0' && n + 1 < size; n++) {
		to[n] = name[n];
		if (is_path && name[n] == '/')
			to[n] = '.';
		else if (is_path && name[n] == '.')
			to[n] = '/';
	}
	to[n] = '\0';
}

static bool is_safe(const char *name, uint32_t kernel)
{
	static const struct {
		const char *name;
		uint32_t since;
	} safe[] = {
		{ "kernel.shm_rmid_forced", 0 },
		{ "net.ipv4.ip_local_port_range", 0 },
		{ "net.ipv4.tcp_syncookies", 0 },
		{ "net.ipv4.ping_group_range", 0 },
		{ "net.ipv4.ip_unprivileged_port_start", 0 },
		{ "net.ipv4.ip_local_reserved_ports", MP_KERNEL(3, 16) },
		{ "net.ipv4.tcp_keepalive_time", MP_KERNEL(4, 5) },
		{ "net.ipv4.tcp_fin_timeout", MP_KERNEL(4, 6) },
		{ "net.ipv4.tcp_keepalive_intvl", MP_KERNEL(4, 5) },
		{ "net.ipv4.tcp_keepalive_probes", MP_KERNEL(4, 5) },
		{ "net.ipv4.tcp_rmem", MP_KERNEL(4, 15) },
		{ "net.ipv4.tcp_wmem", MP_KERNEL(4, 15) },
	};

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (strcmp(name, safe[i].name) == 0)
			return kernel >= safe[i].since;
	return false;
}

static bool is_match(const char *pattern, const char *name)
{
	char dotted[SYSCTL_NAME_MAX];
	const size_t len = strlen(pattern);

	normalize(pattern, dotted, sizeof(dotted));
	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(name, dotted, len - 1) == 0;
	return strcmp(name, dotted) == 0;
}

static bool is_allowed(const char *name, const struct mp_admit_node *node)
{
	if (is_safe(name, node->kernel))
		return true;
	for (size_t i = 0; i < node->n_unsafe_sysctls; i++)
		if (is_match(node->unsafe_sysctls[i], name))
			return true;
	return false;
}

static void refuse(struct mp_admission *ret, const char *reason)
{
	ret->is_refused = true;
	ret->reason = reason;
}

static void judge_sysctls(const struct mp_pod_spec *spec, const struct mp_admit_node *node,
			  struct mp_admission *ret)
{
	for (size_t i = 0; i < spec->security.n_sysctls && !ret->is_refused; i++) {
		char name[SYSCTL_NAME_MAX];
		const char *space = NULL;

		normalize(spec->security.sysctls[i].key, name, sizeof(name));
		if (!is_allowed(name, node)) {
			refuse(ret, "SysctlForbidden");
			(void)snprintf(ret->message, sizeof(ret->message),
				       "forbidden sysctl: \"%s\" not allowlisted", name);
			return;
		}
		if (space_of(name) == SPACE_NET && spec->host_network)
			space = "Net";
		else if (space_of(name) == SPACE_IPC && spec->host_ipc)
			space = "IPC";
		if (!space)
			continue;
		refuse(ret, "SysctlForbidden");
		(void)snprintf(ret->message, sizeof(ret->message),
			       "forbidden sysctl: \"%s\" not allowed with host %s enabled", name,
			       space);
	}
}

static void judge_os(const struct mp_pod_spec *spec, struct mp_admission *ret)
{
	if (!spec->os_name || mp_streq(spec->os_name, "linux"))
		return;
	refuse(ret, "PodOSNotSupported");
	(void)snprintf(ret->message, sizeof(ret->message),
		       "Failed to admit pod as the OS field doesn't match node OS");
}

/* RuntimeDefault asks for it as much as a profile's name does; nothing said asks for nothing. */
static bool wants_apparmor(const struct mp_pod_spec *spec)
{
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_profile *own = &spec->containers[i].security.apparmor;
		const struct mp_profile *p = own->is_set ? own : &spec->security.apparmor;

		if (p->is_set && !mp_streq(p->type, "Unconfined"))
			return true;
	}
	return false;
}

static void judge_apparmor(const struct mp_pod_spec *spec, const struct mp_admit_node *node,
			   struct mp_admission *ret)
{
	if (node->has_apparmor || !wants_apparmor(spec))
		return;
	refuse(ret, "AppArmor");
	(void)snprintf(ret->message, sizeof(ret->message),
		       "Cannot enforce AppArmor: AppArmor is not enabled on the host");
}

/*
 * On a machine without SELinux a runtime passes over labels, and so do pods that carry them
 * everywhere. With it, a label is a fence that would be missing. Not a kubelet's reason.
 */
static void judge_selinux(const struct mp_pod_spec *spec, const struct mp_admit_node *node,
			  struct mp_admission *ret)
{
	bool wants = spec->security.selinux.is_set;

	for (size_t i = 0; i < mp_spec_n_containers(spec); i++)
		wants = wants || spec->containers[i].security.selinux.is_set;
	if (!wants || !node->has_selinux)
		return;
	refuse(ret, "SELinux");
	(void)snprintf(ret->message, sizeof(ret->message),
		       "Cannot enforce SELinux: minipod sets no labels; remove seLinuxOptions to "
		       "run without them");
}

void mp_admit(const struct mp_pod_spec *spec, const struct mp_admit_node *node,
	      struct mp_admission *ret)
{
	memset(ret, 0, sizeof(*ret));
	judge_sysctls(spec, node, ret);
	if (!ret->is_refused)
		judge_os(spec, ret);
	if (!ret->is_refused)
		judge_apparmor(spec, node, ret);
	if (!ret->is_refused)
		judge_selinux(spec, node, ret);
}

int mp_sysctl_pattern_check(const char *pattern, struct mp_error *err)
{
	const size_t len = strlen(pattern);
	char name[SYSCTL_NAME_MAX + 8];
	char dotted[SYSCTL_NAME_MAX + 8];
	const bool is_prefix = len > 0 && pattern[len - 1] == '*';

	/* "net.*" is a name with anything in place of the star. */
	(void)snprintf(name, sizeof(name), "%.*s%s", (int)(is_prefix ? len - 1 : len), pattern,
		       is_prefix ? "x" : "");
	if (len >= SYSCTL_NAME_MAX || mp_name_sysctl(name).n > 0)
		return mp_fail_text(err, EINVAL,
				    "\"%.80s\" is not the name of a sysctl, nor a prefix of names "
				    "like \"net.core.*\"",
				    pattern);
	normalize(pattern, dotted, sizeof(dotted));
	if (is_prefix)
		dotted[len - 1] = '\0';
	if (space_of(dotted) == SPACE_NONE)
		return mp_fail_text(
			err, EINVAL,
			"the sysctls \"%.80s\" are not known to be namespaced: a pod "
			"that sets them would set the host's (kernel.shm*, kernel.msg*, "
			"kernel.sem, fs.mqueue.* and net.* are)",
			pattern);
	return 0;
}
