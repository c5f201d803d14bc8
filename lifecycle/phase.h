/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod phase from the container statuses.
 * Source: pkg/kubelet/kubelet_pods.go (getPhase); pod-semantics reference section 1.2.
 */
#pragma once

#include "lifecycle/status.h"

struct mp_phase_seen {
	const struct mp_pod_spec *spec;
	const struct mp_container_status *statuses; /* as spec->containers */
	bool is_terminal;                           /* all containers were stopped for good (8.1) */
	bool is_initialized; /* a main container's record belongs to the current, ready sandbox */
};

/** mp_phase_of() - the table of section 1.2, before the adjustments of 1.3. */
enum mp_phase mp_phase_of(const struct mp_phase_seen *seen);

/** mp_phase_is_final() - Succeeded or Failed. */
bool mp_phase_is_final(enum mp_phase phase);
