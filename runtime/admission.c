/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/admission.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include "lifecycle/admit.h"
#include "runtime/apparmor.h"
#include "runtime/supervisor.h"

uint32_t mp_kernel_version(const char *release)
{
	char *end;
	const unsigned long major = strtoul(release, &end, 10);

	if (end == release || *end != '.' || major > UINT16_MAX)
		return 0;

	const unsigned long minor = strtoul(end + 1, &end, 10);

	return minor > UINT16_MAX ? 0 : MP_KERNEL(major, minor);
}

/* As libselinux asks. Source: selinux(8), "selinuxfs". */
static bool has_selinux(void)
{
	struct statfs fs;

	return statfs("/sys/fs/selinux", &fs) == 0 && fs.f_type == SELINUX_MAGIC;
}

void mp_admission_check(struct mp_supervisor *sv)
{
	struct utsname uts;
	struct mp_admission answer;
	const struct mp_admit_node node = {
		.unsafe_sysctls = sv->config.unsafe_sysctls,
		.n_unsafe_sysctls = sv->config.n_unsafe_sysctls,
		.kernel = uname(&uts) == 0 ? mp_kernel_version(uts.release) : 0,
		.has_apparmor = mp_apparmor_is_enabled(),
		.has_selinux = has_selinux(),
	};

	mp_admit(sv->spec, &node, &answer);
	if (answer.is_refused)
		mp_supervisor_post(sv,
				   &(struct mp_event){ .type = MP_EV_REJECT,
						       .container = -1,
						       .text = { answer.reason, answer.message } });
}
