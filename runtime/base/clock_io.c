/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/clock_io.h"

#include <assert.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0 };
	const int r = clock_gettime(id, &ts);

	assert(r == 0); /* both clocks exist on every Linux */
	(void)r;
	return (int64_t)ts.tv_sec * MP_NSEC_PER_S + ts.tv_nsec;
}

struct mp_now mp_clock_read(void)
{
	return (struct mp_now){
		.mono = read_clock(CLOCK_MONOTONIC),
		.wall = read_clock(CLOCK_REALTIME),
	};
}
