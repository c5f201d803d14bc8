/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec_security.h"

#include <errno.h>
#include <stdio.h>

#include "runtime/apparmor.h"
#include "runtime/seccomp_profile.h"
#include "runtime/user_ids.h"

/* The kernel would only say EINVAL to setuid. */
int mp_exec_check_ids(const struct mp_record *record, struct mp_error *err)
{
	const struct mp_process_config *p = &record->process;

	if (!mp_has_user_ns(record->sv->spec))
		return 0;
	if (record->uid >= MP_USER_IDS_COUNT)
		return mp_fail_text(
			err, EINVAL,
			"user id %lld does not exist in the pod's user namespace, which "
			"has 0 to 65535: choose another runAsUser or set hostUsers: true",
			(long long)record->uid);
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i] >= MP_USER_IDS_COUNT)
			return mp_fail_text(err, EINVAL,
					    "group id %u does not exist in the pod's user "
					    "namespace, which has 0 to 65535: choose another group "
					    "or set hostUsers: true",
					    p->groups[i]);
	return 0;
}

static int load_localhost(struct mp_record *record, const struct mp_identity *identity,
			  struct mp_error *err)
{
	struct mp_supervisor *sv = record->sv;
	char root[PATH_MAX];
	struct mp_seccomp_source source = { .caps = identity->caps };
	char unknown[256];
	int r;

	if (sv->config.seccomp_root)
		(void)snprintf(root, sizeof(root), "%s", sv->config.seccomp_root);
	else
		(void)snprintf(root, sizeof(root), "%.*s/seccomp", PATH_MAX - 16,
			       sv->config.roots->lib);
	source.root = root;
	source.name = identity->seccomp_profile;
	source.cache_dir = sv->config.roots->lib;
	unknown[0] = '\0';
	r = mp_seccomp_profile_load(&source, &record->seccomp, unknown, sizeof(unknown), err);
	if (r == 0 && unknown[0] && !sv->has_noted_seccomp) {
		sv->has_noted_seccomp = true;
		mp_report_note(&sv->report,
			       "seccomp profile \"%s\": no rule for system calls that this "
			       "machine's libseccomp does not know: %s",
			       identity->seccomp_profile, unknown);
	}
	return r;
}

int mp_exec_set_seccomp(struct mp_record *record, const struct mp_identity *identity,
			struct mp_error *err)
{
	int r = 0;

	enum mp_seccomp_choice choice = identity->seccomp;

	if (identity->is_seccomp_unset &&
	    mp_streq(record->sv->config.seccomp_default, "RuntimeDefault"))
		choice = MP_SECCOMP_DEFAULT;
	switch (choice) {
	case MP_SECCOMP_NONE:
		break;
	case MP_SECCOMP_DEFAULT:
		r = mp_seccomp_default(identity->caps, &record->seccomp, err);
		record->process.seccomp_lets_fork = true;
		break;
	case MP_SECCOMP_LOCALHOST:
		r = load_localhost(record, identity, err);
		break;
	}
	record->process.seccomp = record->seccomp;
	return r;
}

int mp_exec_set_apparmor(struct mp_record *record, const struct mp_identity *identity,
			 struct mp_error *err)
{
	const struct mp_profile *p = identity->apparmor;
	const char *name;

	const bool is_own = p && mp_streq(p->type, "Localhost");

	/* A profile that was named holds for privileged containers, too. */
	if ((identity->is_privileged && !is_own) || (p && mp_streq(p->type, "Unconfined")) ||
	    !mp_apparmor_is_enabled())
		return 0;
	name = is_own ? p->localhost : MP_APPARMOR_DEFAULT;
	if (!mp_apparmor_has_profile(name)) {
		if (!p) /* nothing was asked for: what this machine has decides */
			return 0;
		return mp_fail_text(err, ENOENT,
				    "apparmor profile not found %s: load it with apparmor_parser",
				    name);
	}
	record->process.apparmor = name;
	return 0;
}
