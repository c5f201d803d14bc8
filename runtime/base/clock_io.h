/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that reads a clock. */
#pragma once

#include "runtime/base/clock.h"

/** mp_clock_read() - both clocks, for one turn. Cannot fail. Source: clock_gettime(2). */
struct mp_now mp_clock_read(void);
