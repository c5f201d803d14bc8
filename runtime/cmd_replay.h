/* SPDX-License-Identifier: Apache-2.0 */
/* minipod replay: a recorded journal through the pod machine of this build. No root. */
#pragma once

#include "runtime/options.h"

int mp_cmd_replay(const struct mp_args *args);
