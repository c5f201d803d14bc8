/* SPDX-License-Identifier: Apache-2.0 */
/* minipod get: pods and events, in kubectl's shapes. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_get_options[];

int mp_cmd_get(const struct mp_args *args);
