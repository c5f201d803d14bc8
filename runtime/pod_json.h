/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod as a core/v1 Pod object: what `get -o json` shows and what pod.json holds. The inverse of
 * the manifest decoder, driven by the same tables; members in the order in which kubectl prints
 * them.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/json.h"

/**
 * struct mp_pod_json_status - who writes the status.
 * @write: writes one value, the PodStatus object; NULL: there is no status member.
 * @arg:   handed to @write; borrowed.
 */
struct mp_pod_json_status {
	void (*write)(struct mp_json *w, const void *arg);
	const void *arg;
};

/**
 * mp_pod_json_write() - write @spec, defaulted and valid, as one JSON value where @w stands.
 * @status: may be NULL.
 *
 * Fields without an effect here are written as the manifest had them. Errors stay in @w. Decoding
 * the text again, with is_restoring set, gives an equal spec.
 */
void mp_pod_json_write(struct mp_json *w, const struct mp_pod_spec *spec,
		       const struct mp_pod_json_status *status);

/** mp_pod_json_meta() - only the metadata object, for the rows of lists and for events. */
void mp_pod_json_meta(struct mp_json *w, const struct mp_object_meta *meta);

/**
 * mp_pod_json_generation() - metadata.generation as it is shown: asking for a pod's end, at
 * @deletion_wall unless that is 0, makes another generation of it. Source: registry/rest, BeforeDelete.
 */
int64_t mp_pod_json_generation(const struct mp_object_meta *meta, int64_t deletion_wall);
