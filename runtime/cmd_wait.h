/* SPDX-License-Identifier: Apache-2.0 */
/* minipod wait. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_wait_options[];

int mp_cmd_wait(const struct mp_args *args);
