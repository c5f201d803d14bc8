/* SPDX-License-Identifier: Apache-2.0 */
/* minipod simulate: the real pod machine on a simulated node, in virtual time. No root. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_simulate_options[];

int mp_cmd_simulate(const struct mp_args *args);
