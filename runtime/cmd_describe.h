/* SPDX-License-Identifier: Apache-2.0 */
/* minipod describe: all about a pod, for a person. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_describe_options[];

int mp_cmd_describe(const struct mp_args *args);
