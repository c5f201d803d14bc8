/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pod_json.h"

#include "runtime/manifest_fields.h"

void mp_pod_json_meta(struct mp_json *w, const struct mp_object_meta *meta)
{
	mp_encode_object(w, &mp_type_meta, meta);
}

void mp_pod_json_write(struct mp_json *w, const struct mp_pod_spec *spec,
		       const struct mp_pod_json_status *status)
{
	mp_json_object_begin(w);
	mp_json_put_string(w, "apiVersion", "v1");
	mp_json_put_string(w, "kind", "Pod");
	/* The table's own rows for the two above and for the status write nothing. */
	for (size_t i = 0; i < mp_type_pod.n_fields; i++)
		mp_type_pod.fields[i].codec->encode(w, &mp_type_pod.fields[i], spec);
	if (status && status->write) {
		mp_json_key(w, "status");
		status->write(w, status->arg);
	}
	mp_json_object_end(w);
}

int64_t mp_pod_json_generation(const struct mp_object_meta *meta, int64_t deletion_wall)
{
	return deletion_wall == 0 ? meta->generation : meta->generation + 1;
}
