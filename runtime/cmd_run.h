/* SPDX-License-Identifier: Apache-2.0 */
/* `minipod run`: one pod in the foreground, from its manifest to its exit code. */
#pragma once

#include "runtime/options.h"

/** mp_run_options - the options of `run`, ended by name NULL. */
extern const struct mp_option mp_run_options[];

/** mp_cmd_run() - the verb. Return: the exit code, see README "Exit codes". */
int mp_cmd_run(const struct mp_args *args);
