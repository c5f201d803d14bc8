/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: any bytes are refused with sentences or become valid pods, and a valid pod written
 * as JSON is read back as the same pod.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/manifest.h"
#include "runtime/pod_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml forgets a buffer when a long scalar of a refused text ends early. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\nleak:fy_";
}

static const struct mp_seed seed = {
	.uid = "11111111-2222-4333-8444-555555555555",
	.suffix5 = "bcdfg",
};

/* @text is @pod written down. */
static void read_back(const struct mp_manifest_pod *pod, const char *text, size_t len)
{
	const struct mp_manifest_options options = { .seed = &seed, .is_restoring = true };
	struct mp_manifest m = { .pods = NULL };
	struct mp_json again;
	const char *text_again;

	if (mp_manifest_load_text(&m, "pod.json", text, len, &options, NULL) < 0)
		abort();
	assert(m.n_pods == 1);
	mp_json_init(&again, MP_JSON_COMPACT);
	mp_pod_json_write(&again, &m.pods->spec, NULL);
	text_again = mp_json_finish(&again, NULL, NULL);
	if (!text_again || strcmp(text, text_again) != 0 || m.pods->spec.qos != pod->spec.qos)
		abort();
	mp_json_done(&again);
	mp_manifest_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct mp_manifest_options options = { .wall = 1704164645000000000, .seed = &seed };
	const char *text = (const char *)data;
	struct mp_manifest m = { .pods = NULL };
	int r = mp_manifest_load_text(&m, "f", size > 0 ? text : "", size, &options, NULL);

	assert((r == 0) == (m.errors.n == 0));
	for (const struct mp_manifest_pod *pod = m.pods; pod; pod = pod->next) {
		struct mp_json w;
		const char *json;
		size_t len;

		if (!pod->is_valid)
			continue;
		mp_json_init(&w, MP_JSON_COMPACT);
		mp_pod_json_write(&w, &pod->spec, NULL);
		json = mp_json_finish(&w, &len, NULL);
		assert(json);
		read_back(pod, json, len);
		mp_json_done(&w);
	}
	mp_manifest_done(&m);
	return 0;
}
