/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by infra.c (the process) and infra_keep.c (the fds it keeps). */
#pragma once

#include "namespaces/child.h"
#include "namespaces/infra.h"

struct infra_prepare;

struct mp_infra {
	pid_t pid;
	int pidfd;    /* owned */
	int socket;   /* owned: the supervisor's end */
	uint32_t seq; /* of the last LIST */
	bool is_ready;
	bool is_oom_refused;
	bool has_oom_score_adj;
	int oom_score_adj;
	struct mp_child child;         /* while it is being prepared */
	struct infra_prepare *prepare; /* owned, until ready: what the child reads */
};
