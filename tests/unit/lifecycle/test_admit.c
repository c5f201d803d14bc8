/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/admit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct mp_admit_node modern = { .kernel = MP_KERNEL(6, 18), .has_apparmor = true };

static void expect(const struct mp_pod_spec *spec, const struct mp_admit_node *node,
		   const char *reason, const char *message)
{
	struct mp_admission answer;

	mp_admit(spec, node, &answer);
	assert_int_equal(answer.is_refused, reason != NULL);
	if (!reason)
		return;
	assert_string_equal(answer.reason, reason);
	assert_string_equal(answer.message, message);
}

static void with_sysctl(const char *name, const struct mp_admit_node *node, const char *message)
{
	const struct mp_key_value sysctl = { .key = name, .value = "1" };
	const struct mp_pod_spec spec = { .security = { .sysctls = &sysctl, .n_sysctls = 1 } };

	expect(&spec, node, message ? "SysctlForbidden" : NULL, message);
}

static void a_plain_pod_is_admitted(void **unused)
{
	(void)unused;
	expect(&(struct mp_pod_spec){ .n_main = 0 }, &(struct mp_admit_node){ 0 }, NULL, NULL);
}

static void safe_sysctls_need_nothing_others_the_list_9_6(void **unused)
{
	(void)unused;
	with_sysctl("kernel.shm_rmid_forced", &modern, NULL);
	with_sysctl("kernel/shm_rmid_forced", &modern, NULL);
	with_sysctl("net.ipv4.tcp_rmem", &modern, NULL);
	with_sysctl("kernel.msgmax", &modern,
		    "forbidden sysctl: \"kernel.msgmax\" not allowlisted");
	with_sysctl("net/ipv4/conf/eth0.1/forwarding", &modern,
		    "forbidden sysctl: \"net.ipv4.conf.eth0/1.forwarding\" not allowlisted");
	with_sysctl("vm.overcommit_memory", &modern,
		    "forbidden sysctl: \"vm.overcommit_memory\" not allowlisted");
}

static void what_became_safe_with_a_kernel_is_not_before_it(void **unused)
{
	const struct mp_admit_node old = { .kernel = MP_KERNEL(4, 14) };

	(void)unused;
	with_sysctl("net.ipv4.tcp_keepalive_time", &old, NULL);
	with_sysctl("net.ipv4.tcp_wmem", &old,
		    "forbidden sysctl: \"net.ipv4.tcp_wmem\" not allowlisted");
}

static void the_list_has_names_and_prefixes_with_either_separator(void **unused)
{
	static const char *const list[] = { "kernel.msg*", "net/core/somaxconn" };
	const struct mp_admit_node node = { .unsafe_sysctls = list,
					    .n_unsafe_sysctls = COUNT(list) };

	(void)unused;
	with_sysctl("kernel.msgmax", &node, NULL);
	with_sysctl("kernel.msg", &node, NULL);
	with_sysctl("net.core.somaxconn", &node, NULL);
	with_sysctl("net.core.somaxconn2", &node,
		    "forbidden sysctl: \"net.core.somaxconn2\" not allowlisted");
	with_sysctl("kernel.ms", &node, "forbidden sysctl: \"kernel.ms\" not allowlisted");
}

static void a_namespace_of_the_hosts_is_not_the_pods_to_set(void **unused)
{
	static const struct mp_key_value net = { "net.ipv4.tcp_syncookies", "1" };
	static const struct mp_key_value ipc = { "kernel.shm_rmid_forced", "1" };
	struct mp_pod_spec spec = { .host_network = true,
				    .security = { .sysctls = &net, .n_sysctls = 1 } };

	(void)unused;
	expect(&spec, &modern, "SysctlForbidden",
	       "forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host Net enabled");
	spec = (struct mp_pod_spec){ .host_ipc = true,
				     .security = { .sysctls = &ipc, .n_sysctls = 1 } };
	expect(&spec, &modern, "SysctlForbidden",
	       "forbidden sysctl: \"kernel.shm_rmid_forced\" not allowed with host IPC enabled");
}

static void only_namespaced_sysctls_can_be_allowed(void **unused)
{
	static const char *const good[] = { "kernel.sem",    "kernel.shm*", "kernel.msgmax",
					    "net.*",         "fs.mqueue.*", "net/core/x",
					    "kernel.shmall", "net.ipv4.*" };
	static const char *const bad[] = {
		"",         "*",   "kernel.*",     "vm.swappiness", "net",   "kernel.sem*x",
		"fs.file*", "a b", "kernel.sem.x", "net.*.x",       "net.**"
	};
	struct mp_error err = MP_ERROR_NONE;

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++)
		if (mp_sysctl_pattern_check(good[i], &err) != 0)
			fail_msg("%s: %s", good[i], err.msg);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (mp_sysctl_pattern_check(bad[i], &err) != -EINVAL)
			fail_msg("\"%s\" is accepted", bad[i]);
	(void)mp_sysctl_pattern_check("vm.swappiness", &err);
	assert_non_null(
		strstr(err.msg, "the sysctls \"vm.swappiness\" are not known to be namespaced"));
}

static void windows_pods_are_not_for_this_node(void **unused)
{
	(void)unused;
	expect(&(struct mp_pod_spec){ .os_name = "linux" }, &modern, NULL, NULL);
	expect(&(struct mp_pod_spec){ .os_name = "windows" }, &modern, "PodOSNotSupported",
	       "Failed to admit pod as the OS field doesn't match node OS");
}

static void apparmor_that_is_asked_for_must_be_there(void **unused)
{
	static const char message[] =
		"Cannot enforce AppArmor: AppArmor is not enabled on the host";
	const struct mp_admit_node without = { .kernel = MP_KERNEL(6, 18) };
	struct mp_container_spec c[2] = { { .name = "a" }, { .name = "b" } };
	struct mp_pod_spec spec = { .containers = c, .n_main = 2 };

	(void)unused;
	expect(&spec, &without, NULL, NULL);
	c[1].security.apparmor = (struct mp_profile){ true, "RuntimeDefault", NULL };
	expect(&spec, &without, "AppArmor", message);
	expect(&spec, &modern, NULL, NULL);
	c[1].security.apparmor = (struct mp_profile){ true, "Localhost", "x" };
	expect(&spec, &without, "AppArmor", message);
	/* A container's own word counts before the pod's. */
	spec.security.apparmor = (struct mp_profile){ true, "RuntimeDefault", NULL };
	c[0].security.apparmor = c[1].security.apparmor =
		(struct mp_profile){ true, "Unconfined", NULL };
	expect(&spec, &without, NULL, NULL);
	c[0].security.apparmor.is_set = false;
	expect(&spec, &without, "AppArmor", message);
}

static void selinux_labels_mean_nothing_where_there_is_no_selinux(void **unused)
{
	static const char message[] = "Cannot enforce SELinux: minipod sets no labels; remove "
				      "seLinuxOptions to run without them";
	const struct mp_admit_node with = { .kernel = MP_KERNEL(6, 18), .has_selinux = true };
	struct mp_container_spec c[2] = { { .name = "a" }, { .name = "b" } };
	struct mp_pod_spec spec = { .containers = c, .n_main = 2 };

	(void)unused;
	expect(&spec, &with, NULL, NULL);
	c[1].security.selinux.is_set = true;
	expect(&spec, &modern, NULL, NULL);
	expect(&spec, &with, "SELinux", message);
	c[1].security.selinux.is_set = false;
	spec.security.selinux.is_set = true;
	expect(&spec, &modern, NULL, NULL);
	expect(&spec, &with, "SELinux", message);
}

static void the_first_rule_that_is_broken_is_told(void **unused)
{
	static const struct mp_key_value sysctl = { "vm.swappiness", "1" };
	const struct mp_pod_spec spec = { .os_name = "windows",
					  .security = { .sysctls = &sysctl, .n_sysctls = 1 } };

	(void)unused;
	expect(&spec, &modern, "SysctlForbidden",
	       "forbidden sysctl: \"vm.swappiness\" not allowlisted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_pod_is_admitted),
		cmocka_unit_test(safe_sysctls_need_nothing_others_the_list_9_6),
		cmocka_unit_test(what_became_safe_with_a_kernel_is_not_before_it),
		cmocka_unit_test(the_list_has_names_and_prefixes_with_either_separator),
		cmocka_unit_test(a_namespace_of_the_hosts_is_not_the_pods_to_set),
		cmocka_unit_test(only_namespaced_sysctls_can_be_allowed),
		cmocka_unit_test(windows_pods_are_not_for_this_node),
		cmocka_unit_test(apparmor_that_is_asked_for_must_be_there),
		cmocka_unit_test(selinux_labels_mean_nothing_where_there_is_no_selinux),
		cmocka_unit_test(the_first_rule_that_is_broken_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
