/* SPDX-License-Identifier: Apache-2.0 */
/* A journal, as a dying machine, a full disk or another build left it: any bytes. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/trace_past.h"
#include "runtime/trace_read.h"
#include "tests/support/pod_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct test_pod pod;

/* A sidecar, then a container with every handler. */
static const struct mp_pod_spec *spec(void)
{
	if (pod.spec.n_main > 0)
		return &pod.spec;
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_SIDECAR, "side");
	(void)test_pod_probe(test_pod_add(&pod, MP_KIND_MAIN, "main"), MP_PROBE_LIVENESS);
	pod.containers[1].lifecycle.has_pre_stop = true;
	pod.containers[1].lifecycle.has_post_start = true;
	return &pod.spec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_replay replay = { .n_lines = 0 };
	struct mp_revival revival = { .pod = NULL };
	struct mp_trace_lines lines = { .n = 0 };
	struct mp_arena arena = { .head = NULL };
	void *mem = malloc(mp_pod_size(spec()));
	int r;

	assert(mem);
	r = mp_trace_replay(spec(), text, size, &replay, &err);
	assert(r == 0 || (r < 0 && err.msg[0] != '\0'));
	assert(replay.wanted[sizeof(replay.wanted) - 1] == '\0');
	err = MP_ERROR_NONE;
	r = mp_trace_revive(spec(), text, size, mem, &arena, &revival, &err);
	assert(r == 0 || (r < 0 && err.msg[0] != '\0'));
	assert(r < 0 || revival.whole <= size);
	if (r == 0)
		free(revival.missing);
	r = mp_trace_keep_events(text, size, 0, &lines);
	assert(r == 0);
	free(lines.text);
	mp_arena_done(&arena);
	free(mem);
	return 0;
}
