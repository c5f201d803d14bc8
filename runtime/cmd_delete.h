/* SPDX-License-Identifier: Apache-2.0 */
/* minipod delete, and set-condition. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_delete_options_table[];
extern const struct mp_option mp_condition_options[];

int mp_cmd_delete(const struct mp_args *args);

/** mp_cmd_condition() - set-condition POD TYPE=STATUS: readiness gates. */
int mp_cmd_condition(const struct mp_args *args);
