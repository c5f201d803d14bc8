/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables: the security contexts of a pod and of a container. Rows sorted by name. */
#include "runtime/manifest_fields.h"

#define WINDOWS "has no effect on Linux"

/* Lifecycle refuses the pod on a machine that has it: mp_admit(). */
#define NO_SELINUX "has no effect: there is no SELinux here (with it, the pod would be refused)"

#define T struct mp_profile
static const struct mp_field profile_fields[] = {
	MP_F("localhostProfile", string, localhost),
	MP_F("type", string, type),
};
static const struct mp_type seccomp_type = MP_TYPE("SeccompProfile", profile_fields, T);
static const struct mp_type apparmor_type = MP_TYPE("AppArmorProfile", profile_fields, T);
#undef T

#define T struct mp_selinux
static const struct mp_field selinux_fields[] = {
	MP_F("level", string, level),
	MP_F("role", string, role),
	MP_F("type", string, type),
	MP_F("user", string, user),
};
static const struct mp_type selinux_type = MP_TYPE("SELinuxOptions", selinux_fields, T);
#undef T

#define T struct mp_security
static const struct mp_field capabilities_fields[] = {
	MP_F("add", strings, cap_add),
	MP_F("drop", strings, cap_drop),
};
static const struct mp_type capabilities_type = MP_TYPE("Capabilities", capabilities_fields, T);

static const struct mp_field security_fields[] = {
	MP_F("allowPrivilegeEscalation", opt_bool, allow_privilege_escalation),
	MP_F("appArmorProfile", object, apparmor, .flag = MP_FLAG(T, apparmor.is_set),
	     .type = &apparmor_type),
	MP_INLINE("capabilities", object, .flag = MP_FLAG(T, has_capabilities),
		  .type = &capabilities_type),
	MP_F("privileged", opt_bool, privileged),
	MP_F("procMount", string, proc_mount),
	MP_F("readOnlyRootFilesystem", opt_bool, read_only_root_filesystem),
	MP_F("runAsGroup", opt_int64, run_as_group),
	MP_F("runAsNonRoot", opt_bool, run_as_non_root),
	MP_F("runAsUser", opt_int64, run_as_user),
	MP_F("seLinuxOptions", object, selinux, .flag = MP_FLAG(T, selinux.is_set),
	     .type = &selinux_type, .support = MP_SUPPORT_HARMLESS, .note = NO_SELINUX),
	MP_F("seccompProfile", object, seccomp, .flag = MP_FLAG(T, seccomp.is_set),
	     .type = &seccomp_type),
	MP_F("windowsOptions", raw_map, raw, .support = MP_SUPPORT_HARMLESS, .note = WINDOWS),
};
const struct mp_type mp_type_security = MP_TYPE("SecurityContext", security_fields, T);
#undef T

#define T struct mp_key_value
static const struct mp_field sysctl_fields[] = {
	MP_F("name", string, key),
	MP_F("value", string, value),
};
static const struct mp_type sysctl_type = MP_TYPE("Sysctl", sysctl_fields, T);
#undef T

#define T struct mp_pod_security
static const struct mp_field pod_security_fields[] = {
	MP_F("appArmorProfile", object, apparmor, .flag = MP_FLAG(T, apparmor.is_set),
	     .type = &apparmor_type),
	MP_F("fsGroup", opt_int64, fs_group),
	MP_F("fsGroupChangePolicy", string, fs_group_change_policy),
	MP_F("runAsGroup", opt_int64, run_as_group),
	MP_F("runAsNonRoot", opt_bool, run_as_non_root),
	MP_F("runAsUser", opt_int64, run_as_user),
	MP_F("seLinuxChangePolicy", raw_string, raw, .support = MP_SUPPORT_HARMLESS,
	     .note = "has no effect: no volume is relabelled"),
	MP_F("seLinuxOptions", object, selinux, .flag = MP_FLAG(T, selinux.is_set),
	     .type = &selinux_type, .support = MP_SUPPORT_HARMLESS, .note = NO_SELINUX),
	MP_F("seccompProfile", object, seccomp, .flag = MP_FLAG(T, seccomp.is_set),
	     .type = &seccomp_type),
	MP_F("supplementalGroups", int64s, supplemental_groups),
	MP_F("supplementalGroupsPolicy", string, supplemental_groups_policy),
	MP_F("sysctls", list, sysctls, .type = &sysctl_type),
	MP_F("windowsOptions", raw_map, raw, .support = MP_SUPPORT_HARMLESS, .note = WINDOWS),
};
const struct mp_type mp_type_pod_security = MP_TYPE("PodSecurityContext", pod_security_fields, T);
#undef T
