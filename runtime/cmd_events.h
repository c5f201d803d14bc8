/* SPDX-License-Identifier: Apache-2.0 */
/* minipod events, and get events. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_events_options[];

int mp_cmd_events(const struct mp_args *args);
