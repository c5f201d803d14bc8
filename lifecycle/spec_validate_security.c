/* SPDX-License-Identifier: Apache-2.0 */
/* Security contexts of containers and of the pod: sections 11.5 and 11.6. */
#include <string.h>

#include "lifecycle/spec_check.h"

#define LOCALHOST_PROFILE_MAX 4095 /* PATH_MAX - 1 */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void check_seccomp(const struct mp_profile *p, const struct mp_at *at,
			  struct mp_problems *out)
{
	const struct mp_at *type_at = MP_AT(at, "type"), *file_at = MP_AT(at, "localhostProfile");

	if (!p->is_set)
		return;
	if (mp_is_empty(p->type))
		mp_check_required(out, type_at, "type is required when seccompProfile is set");
	else
		mp_check_one_of(out, type_at, p->type,
				MP_ONE_OF("Localhost", "RuntimeDefault", "Unconfined"));
	if (!mp_streq(p->type, "Localhost")) {
		/* The API server shows the whole profile here, by its Go field names. */
		if (p->localhost)
			mp_check_invalid_json(out, file_at,
					      mp_check_text(out,
							    "{\"Type\":%s,\"LocalhostProfile\":%s}",
							    mp_check_quote(out, p->type),
							    mp_check_quote(out, p->localhost)),
					      "can only be set when seccomp type is Localhost");
	} else if (!p->localhost) {
		mp_check_required(out, file_at, "must be set when seccomp type is Localhost");
	} else {
		mp_check_relative(out, file_at, p->localhost);
	}
}

static void check_localhost_apparmor(const char *name, const struct mp_at *at,
				     struct mp_problems *out)
{
	const size_t len = name ? strlen(name) : 0;

	if (len > 0 && (is_blank(name[0]) || is_blank(name[len - 1])))
		mp_check_invalid(out, at, name, "must not be padded with whitespace");
	else if (len == 0)
		mp_check_required(out, at, "must be set when AppArmor type is Localhost");
	if (len > LOCALHOST_PROFILE_MAX)
		mp_check_too_long(out, at, LOCALHOST_PROFILE_MAX);
}

static void check_apparmor(const struct mp_profile *p, const struct mp_at *at,
			   struct mp_problems *out)
{
	const struct mp_at *type_at = MP_AT(at, "type"), *file_at = MP_AT(at, "localhostProfile");

	if (!p->is_set)
		return;
	if (mp_is_empty(p->type))
		mp_check_required(out, type_at, "type is required when appArmorProfile is set");
	else if (mp_streq(p->type, "Localhost"))
		check_localhost_apparmor(p->localhost, file_at, out);
	else if (!mp_streq(p->type, "RuntimeDefault") && !mp_streq(p->type, "Unconfined"))
		mp_check_unsupported(out, type_at, p->type,
				     MP_ONE_OF("Localhost", "RuntimeDefault", "Unconfined"));
	else if (p->localhost)
		mp_check_invalid(out, file_at, p->localhost,
				 "can only be set when AppArmor type is Localhost");
}

/* ---- container ------------------------------------------------------------------------ */

/* Grows a JSON object in the problems' arena, one field after the other. */
struct json {
	struct mp_problems *out;
	const char *text; /* without the braces */
};

static void put(struct json *j, const char *name, const char *value)
{
	if (value)
		j->text = mp_check_text(j->out, "%s%s\"%s\":%s", j->text, *j->text ? "," : "", name,
					value);
}

static const char *bool_json(enum mp_opt_bool b)
{
	switch (b) {
	case MP_TRUE:
		return "true";
	case MP_FALSE:
		return "false";
	case MP_UNSET:
		break;
	}
	return NULL;
}

static const char *int_json(struct mp_problems *out, struct mp_opt_int v)
{
	return v.is_set ? mp_check_text(out, "%lld", (long long)v.v) : NULL;
}

static const char *string_json(struct mp_problems *out, const char *text)
{
	return text ? mp_check_quote(out, text) : NULL;
}

static const char *object_json(const struct json *j)
{
	return mp_check_text(j->out, "{%s}", j->text);
}

static const char *capabilities_json(struct mp_problems *out, const struct mp_security *s)
{
	struct json j = { out, "" };

	if (!s->has_capabilities)
		return NULL;
	put(&j, "add", s->cap_add.n > 0 ? mp_check_json_list(out, &s->cap_add) : NULL);
	put(&j, "drop", s->cap_drop.n > 0 ? mp_check_json_list(out, &s->cap_drop) : NULL);
	return object_json(&j);
}

static const char *selinux_json(struct mp_problems *out, const struct mp_selinux *s)
{
	struct json j = { out, "" };

	if (!s->is_set)
		return NULL;
	put(&j, "user", string_json(out, s->user));
	put(&j, "role", string_json(out, s->role));
	put(&j, "type", string_json(out, s->type));
	put(&j, "level", string_json(out, s->level));
	return object_json(&j);
}

static const char *profile_json(struct mp_problems *out, const struct mp_profile *p)
{
	struct json j = { out, "" };

	if (!p->is_set)
		return NULL;
	put(&j, "type", mp_check_quote(out, p->type));
	put(&j, "localhostProfile", string_json(out, p->localhost));
	return object_json(&j);
}

/* The context as it would be written in a manifest, in the API's order of fields. */
static const char *security_json(struct mp_problems *out, const struct mp_security *s)
{
	struct json j = { out, "" };

	put(&j, "capabilities", capabilities_json(out, s));
	put(&j, "privileged", bool_json(s->privileged));
	put(&j, "seLinuxOptions", selinux_json(out, &s->selinux));
	put(&j, "runAsUser", int_json(out, s->run_as_user));
	put(&j, "runAsGroup", int_json(out, s->run_as_group));
	put(&j, "runAsNonRoot", bool_json(s->run_as_non_root));
	put(&j, "readOnlyRootFilesystem", bool_json(s->read_only_root_filesystem));
	put(&j, "allowPrivilegeEscalation", bool_json(s->allow_privilege_escalation));
	put(&j, "procMount", string_json(out, s->proc_mount));
	put(&j, "seccompProfile", profile_json(out, &s->seccomp));
	put(&j, "appArmorProfile", profile_json(out, &s->apparmor));
	return object_json(&j);
}

static void check_escalation(const struct mp_security *s, const struct mp_at *at,
			     struct mp_problems *out)
{
	if (s->allow_privilege_escalation != MP_FALSE)
		return;
	if (s->privileged == MP_TRUE)
		mp_check_invalid_json(out, at, security_json(out, s),
				      "cannot set `allowPrivilegeEscalation` to false and "
				      "`privileged` to true");
	for (size_t i = 0; i < s->cap_add.n; i++) {
		if (mp_streq(s->cap_add.items[i], "CAP_SYS_ADMIN"))
			mp_check_invalid_json(out, at, security_json(out, s),
					      "cannot set `allowPrivilegeEscalation` to false and "
					      "`capabilities.Add` CAP_SYS_ADMIN");
	}
}

void mp_check_security(const struct mp_pod_spec *spec, const struct mp_security *s,
		       const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_at *proc_at = MP_AT(at, "procMount");

	if (!s->is_set)
		return;
	mp_check_opt_int(out, MP_AT(at, "runAsUser"), s->run_as_user, mp_name_id);
	mp_check_opt_int(out, MP_AT(at, "runAsGroup"), s->run_as_group, mp_name_id);
	if (s->proc_mount) {
		if (mp_streq(s->proc_mount, "Unmasked") && spec->host_users != MP_FALSE)
			mp_check_invalid(out, proc_at, s->proc_mount,
					 "`hostUsers` must be false to use `Unmasked`");
		mp_check_one_of(out, proc_at, s->proc_mount, MP_ONE_OF("Default", "Unmasked"));
	}
	check_seccomp(&s->seccomp, MP_AT(at, "seccompProfile"), out);
	check_escalation(s, at, out);
	check_apparmor(&s->apparmor, MP_AT(at, "appArmorProfile"), out);
}

/* ---- pod ------------------------------------------------------------------------------ */

/* Both separators are the same to sysctl(8). */
static bool sysctl_starts_with(const char *name, const char *prefix)
{
	for (; *prefix; name++, prefix++) {
		if (*name != *prefix && !(*prefix == '.' && *name == '/'))
			return false;
	}
	return true;
}

static bool is_ipc_sysctl(const char *name)
{
	return sysctl_starts_with(name, "kernel.shm") || sysctl_starts_with(name, "kernel.msg") ||
	       sysctl_starts_with(name, "fs.mqueue.") ||
	       (sysctl_starts_with(name, "kernel.sem") && name[strlen("kernel.sem")] == '\0');
}

static void check_sysctls(const struct mp_pod_spec *spec, const struct mp_at *list_at,
			  struct mp_problems *out)
{
	const struct mp_pod_security *s = &spec->security;
	struct mp_string_set seen = { .n = 0 };

	for (size_t i = 0; i < s->n_sysctls; i++) {
		const struct mp_at *at = MP_AT(MP_AT_INDEX(list_at, i), "name");
		const char *name = mp_or_empty(s->sysctls[i].key);
		const struct mp_name_faults faults = mp_name_sysctl(name);

		if (*name == '\0')
			mp_check_required(out, at, "");
		else if (faults.n > 0)
			mp_check_faults(out, at, name, faults);
		else
			(void)mp_check_unique(out, at, &seen, name);
		if (spec->host_network && sysctl_starts_with(name, "net."))
			mp_check_invalid(out, at, name,
					 "may not be specified when 'hostNetwork' is true");
		else if (spec->host_ipc && is_ipc_sysctl(name))
			mp_check_invalid(out, at, name,
					 "may not be specified when 'hostIPC' is true");
	}
}

void mp_check_pod_security(const struct mp_pod_spec *spec, const struct mp_at *at,
			   struct mp_problems *out)
{
	const struct mp_pod_security *s = &spec->security;

	mp_check_opt_int(out, MP_AT(at, "fsGroup"), s->fs_group, mp_name_id);
	mp_check_opt_int(out, MP_AT(at, "runAsUser"), s->run_as_user, mp_name_id);
	mp_check_opt_int(out, MP_AT(at, "runAsGroup"), s->run_as_group, mp_name_id);
	for (size_t i = 0; i < s->n_supplemental_groups; i++)
		mp_check_int_faults(out, MP_AT_INDEX(MP_AT(at, "supplementalGroups"), i),
				    s->supplemental_groups[i],
				    mp_name_id(s->supplemental_groups[i]));
	if (spec->share_process_namespace == MP_TRUE && spec->host_pid)
		mp_check_invalid_json(out, MP_AT(at, "shareProcessNamespace"), "true",
				      "ShareProcessNamespace and HostPID cannot both be enabled");
	check_sysctls(spec, MP_AT(at, "sysctls"), out);
	if (s->fs_group_change_policy)
		mp_check_one_of(out, MP_AT(at, "fsGroupChangePolicy"), s->fs_group_change_policy,
				MP_ONE_OF("Always", "OnRootMismatch"));
	check_seccomp(&s->seccomp, MP_AT(at, "seccompProfile"), out);
	check_apparmor(&s->apparmor, MP_AT(at, "appArmorProfile"), out);
	if (s->supplemental_groups_policy)
		mp_check_one_of(out, MP_AT(at, "supplementalGroupsPolicy"),
				s->supplemental_groups_policy, MP_ONE_OF("Merge", "Strict"));
}
