/* SPDX-License-Identifier: Apache-2.0 */
/* minipod label and annotate: change the metadata of pods, also of those that have ended. */
#pragma once

#include "runtime/options.h"

extern const struct mp_option mp_label_options[];
extern const struct mp_option mp_annotate_options[];

int mp_cmd_label(const struct mp_args *args);
int mp_cmd_annotate(const struct mp_args *args);
