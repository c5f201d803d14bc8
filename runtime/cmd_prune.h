/* SPDX-License-Identifier: Apache-2.0 */
/* The verb prune: what belongs to no pod any more. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_prune_options[];

int mp_cmd_prune(const struct mp_args *args);
