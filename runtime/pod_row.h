/* SPDX-License-Identifier: Apache-2.0 */
/* One pod as a row of `get`. Source: kubernetes pkg/printers/internalversion, printPod. */
#pragma once

#include "runtime/pod_view.h"

/** struct mp_pod_row - the columns' texts. */
struct mp_pod_row {
	char ready[32];    /* "1/2" */
	char status[160];  /* "Running", "CrashLoopBackOff", "Init:0/2", "Terminating" ... */
	char restarts[64]; /* "3 (12s ago)" */
	char age[40];
	char ip[64];
	char gates[32]; /* "1/2" or "<none>" */
};

/** mp_pod_row() - @wall: now, ns since the epoch, for ages. */
void mp_pod_row(const struct mp_pod_view *view, int64_t wall, struct mp_pod_row *ret);
