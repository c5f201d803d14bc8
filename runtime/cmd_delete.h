/* SPDX-License-Identifier: Apache-2.0 */
/* minipod delete: end pods with their grace period and take them away. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_delete_options_table[];

int mp_cmd_delete(const struct mp_args *args);
