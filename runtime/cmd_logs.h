/* SPDX-License-Identifier: Apache-2.0 */
/* minipod logs. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_logs_options[];

int mp_cmd_logs(const struct mp_args *args);
