/* SPDX-License-Identifier: Apache-2.0 */
/* minipod cp: files into a running container and out of it; nothing is run in it. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_cp_options[];

int mp_cmd_cp(const struct mp_args *args);
