/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a byte that chooses, and what a server says. 0: the body of a message. 1: the data of a
 * stream. Else: everything that comes over the connection, settings first if it is even.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/grpc_health.h"
#include "runtime/grpc_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *data, size_t size)
{
	char buf[16];
	int32_t status;

	if (mp_grpc_decode(data, size, &status) && !mp_grpc_serving_text(status, buf)[0])
		abort();
}

static void read_stream(const uint8_t *data, size_t size)
{
	static struct mp_grpc_reader r;

	memset(&r, 0, sizeof(r));
	for (size_t i = 0; i < size; i += 3)
		mp_grpc_reader_feed(&r, data + i, size - i < 3 ? size - i : 3);
	if (r.has_message)
		decode(r.body, r.len);
}

static void drain(struct mp_grpc_call *call)
{
	char buf[1000];
	size_t total = 0, n;

	while ((n = mp_grpc_call_pull(call, buf, sizeof(buf))) > 0) {
		total += n;
		if (total > 1U << 20)
			abort();
	}
}

static void talk(const uint8_t *data, size_t size, bool has_settings)
{
	static const char settings[9] = { 0, 0, 0, 4, 0, 0, 0, 0, 0 };
	struct mp_grpc_call *call;

	if (mp_grpc_call_new("10.0.0.5:1", "kube-probe/1.36", "svc", &call, NULL) < 0)
		abort();
	drain(call);
	if (has_settings) {
		mp_grpc_call_feed(call, settings, sizeof(settings), MP_NSEC_PER_S);
		drain(call);
	}
	for (size_t at = 0; at < size && mp_grpc_call_state(call) < MP_GRPC_DONE; at += 97) {
		mp_grpc_call_feed(call, (const char *)data + at, size - at < 97 ? size - at : 97,
				  MP_NSEC_NEVER);
		drain(call);
	}
	if (mp_grpc_call_state(call) < MP_GRPC_DONE)
		mp_grpc_call_end(call, "EOF");
	if (mp_grpc_call_state(call) < MP_GRPC_DONE)
		abort();
	mp_grpc_call_free(call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		decode(data + 1, size - 1);
	else if (data[0] == 1)
		read_stream(data + 1, size - 1);
	else
		talk(data + 1, size - 1, data[0] % 2 == 0);
	return 0;
}
