/* SPDX-License-Identifier: Apache-2.0 */
/* The verb recover: new supervisors for pods whose supervisor died. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_recover_options[];

int mp_cmd_recover(const struct mp_args *args);
