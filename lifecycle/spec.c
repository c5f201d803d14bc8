/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/spec.h"

#include <errno.h>
#include <string.h>

int mp_spec_container(const struct mp_pod_spec *spec, const char *name)
{
	const size_t n = mp_spec_n_containers(spec);

	for (size_t i = 0; i < n; i++) {
		if (mp_streq(spec->containers[i].name, name))
			return (int)i;
	}
	return -ENOENT;
}

int mp_spec_volume(const struct mp_pod_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_volumes; i++) {
		if (mp_streq(spec->volumes[i].name, name))
			return (int)i;
	}
	return -ENOENT;
}

const char *mp_restart_policy_text(enum mp_restart_policy policy)
{
	switch (policy) {
	case MP_RESTART_ALWAYS:
		return "Always";
	case MP_RESTART_ON_FAILURE:
		return "OnFailure";
	case MP_RESTART_NEVER:
		return "Never";
	case MP_RESTART_UNSET:
	case MP_RESTART_INVALID:
		break;
	}
	return "";
}

const char *mp_qos_text(enum mp_qos qos)
{
	switch (qos) {
	case MP_QOS_BEST_EFFORT:
		return "BestEffort";
	case MP_QOS_BURSTABLE:
		return "Burstable";
	case MP_QOS_GUARANTEED:
		return "Guaranteed";
	}
	return "";
}
