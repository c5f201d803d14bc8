/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about this machine: its name, its address, its size. */
#pragma once

#include "runtime/env.h"

/** struct mp_node_buf - storage for the texts of struct mp_node_facts. */
struct mp_node_buf {
	char name[256];
	char ip[64];
};

/**
 * mp_node_read() - ask the kernel once. Nothing fails: what cannot be learnt is "" or 0.
 *
 * The address is that of the interface the default route uses; no packet is sent.
 */
struct mp_node_facts mp_node_read(struct mp_node_buf *buf);
