/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "runtime/options.h"

/** mp_cmd_completion() - `minipod completion SHELL`: print that shell's completion script. */
int mp_cmd_completion(const struct mp_args *args);

/** mp_cmd_complete() - `minipod __complete -- WORD...`: what the last word may become. */
int mp_cmd_complete(const struct mp_args *args);
