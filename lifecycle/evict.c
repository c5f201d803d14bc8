/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/evict.h"

#include <string.h>

#include "lifecycle/status.h"
#include "runtime/base/str.h"

#define EPHEMERAL "ephemeral-storage"

/* Only main containers have a check of their own; the others count in the pod's. */
static const struct mp_quantity *limit_of(const struct mp_pod_spec *spec, size_t i)
{
	const struct mp_resource *limit =
		mp_resource_find(&spec->containers[i].resources.limits, EPHEMERAL);

	if (limit == NULL || spec->containers[i].kind != MP_KIND_MAIN || limit->quantity.nano <= 0)
		return NULL;
	return &limit->quantity;
}

static bool has_size_limit(const struct mp_volume *v)
{
	return v->kind == MP_VOLUME_EMPTY_DIR && v->empty_dir.size_limit.nano > 0;
}

bool mp_evict_has_limits(const struct mp_pod_spec *spec)
{
	const struct mp_quantity pod = mp_spec_effective(spec, EPHEMERAL, MP_LIMITS);
	bool is_any = pod.nano > 0;

	for (size_t i = 0; i < spec->n_volumes && !is_any; i++)
		is_any = has_size_limit(&spec->volumes[i]);
	return is_any;
}

static bool is_over(int64_t bytes, const struct mp_quantity *limit)
{
	return bytes > mp_quantity_value(limit);
}

static bool is_memory(const struct mp_volume *v)
{
	return v->kind == MP_VOLUME_EMPTY_DIR && v->empty_dir.medium != NULL &&
	       v->empty_dir.medium[0] != '\0';
}

static int64_t pod_use(const struct mp_pod_spec *spec, const struct mp_storage_use *use)
{
	int64_t sum = use->other;

	for (size_t i = 0; i < mp_spec_n_containers(spec); i++)
		sum += use->containers[i];
	for (size_t i = 0; i < spec->n_volumes; i++) {
		if (!is_memory(&spec->volumes[i]))
			sum += use->volumes[i];
	}
	return sum;
}

bool mp_evict_decide(const struct mp_pod_spec *spec, const struct mp_storage_use *use,
		     char *message)
{
	const struct mp_quantity pod = mp_spec_effective(spec, EPHEMERAL, MP_LIMITS);
	struct mp_buf buf = { .text = message, .size = MP_MESSAGE_MAX };
	char text[MP_QUANTITY_TEXT_MAX];

	message[0] = '\0';
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct mp_volume *v = &spec->volumes[i];

		if (!has_size_limit(v) || !is_over(use->volumes[i], &v->empty_dir.size_limit))
			continue;
		mp_buf_addf(&buf, "Usage of EmptyDir volume \"%s\" exceeds the limit \"%s\". ",
			    v->name, mp_quantity_text(&v->empty_dir.size_limit, text));
		return true;
	}
	if (pod.nano > 0 && is_over(pod_use(spec, use), &pod)) {
		mp_buf_addf(&buf,
			    "Pod ephemeral local storage usage exceeds the total limit of "
			    "containers %s. ",
			    mp_quantity_text(&pod, text));
		return true;
	}
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++) {
		const struct mp_quantity *limit = limit_of(spec, i);

		if (limit == NULL || !is_over(use->containers[i], limit))
			continue;
		mp_buf_addf(&buf,
			    "Container %s exceeded its local ephemeral storage limit \"%s\". ",
			    spec->containers[i].name, mp_quantity_text(limit, text));
		return true;
	}
	return false;
}
