/* SPDX-License-Identifier: Apache-2.0 */
/* minipod set-condition: the conditions of a pod's readiness gates. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_condition_options[];

/** mp_cmd_condition() - set-condition POD TYPE=STATUS. */
int mp_cmd_condition(const struct mp_args *args);
