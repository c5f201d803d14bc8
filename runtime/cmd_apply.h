/* SPDX-License-Identifier: Apache-2.0 */
/* minipod apply: a changed manifest for pods that run. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_apply_options[];

int mp_cmd_apply(const struct mp_args *args);
