/* SPDX-License-Identifier: Apache-2.0 */
/* minipod exec: a command in a running container; minipod attach: what runs there already. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_exec_options[];
extern const struct mp_option mp_attach_options[];
extern const struct mp_option mp_debug_options[];

int mp_cmd_exec(const struct mp_args *args);
int mp_cmd_attach(const struct mp_args *args);

/** mp_cmd_debug() - an ephemeral container in a running pod. */
int mp_cmd_debug(const struct mp_args *args);
