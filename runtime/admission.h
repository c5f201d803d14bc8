/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the node's facts, and letting lifecycle/admit.h judge the pod by them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mp_supervisor;

/** mp_admission_check() - refuse the pod, by an event, when this node may not run it. */
void mp_admission_check(struct mp_supervisor *sv);

/** mp_kernel_version() - "6.18.1-x" to MP_KERNEL(6, 18); 0 for what is no version. */
uint32_t mp_kernel_version(const char *release);
