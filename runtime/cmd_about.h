/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about minipod itself and the machine it is on. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_about_options[];

/** mp_cmd_version() - `minipod version [-o json|yaml]`. */
int mp_cmd_version(const struct mp_args *args);

/** mp_cmd_doctor() - `minipod doctor [-o json|yaml]`; 1 when no pod can run here. */
int mp_cmd_doctor(const struct mp_args *args);

/** mp_cmd_help() - `minipod help [VERB]`: as --help. */
int mp_cmd_help(const struct mp_args *args);

/** mp_cmd_man() - `minipod __man`: minipod(8) on standard output. */
int mp_cmd_man(const struct mp_args *args);
