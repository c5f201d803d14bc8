/* SPDX-License-Identifier: Apache-2.0 */
/* `minipod top`: what pods use of cpu, memory and processes, and what they had to wait for. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_top_options[];
int mp_cmd_top(const struct mp_args *args);
