/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a pod over from a supervisor that died: from what it left in the pod's directory, what
 * pause kept for it, and what runs. Source: pod-semantics reference section 14.
 */
#pragma once

#include "runtime/manifest.h"
#include "runtime/state_dir.h"
#include "runtime/supervisor.h"
#include "runtime/trace_read.h"

/** struct mp_recovery - a pod that nobody supervises, locked by us. Zero-initialise. */
struct mp_recovery {
	struct mp_manifest manifest; /* pod.json */
	struct mp_manifest objects;  /* the ConfigMaps and Secrets beside it */
	const struct mp_pod_spec *spec;
	struct mp_state_dir dir;
	struct mp_arena arena; /* the journal and its strings */
	struct mp_revival revival;
	void *pod_mem;     /* owned until mp_recover_begin() */
	bool is_same_boot; /* of the machine: its processes may live */
	struct mp_infra_kept *kept;
	size_t n_kept;
	int result_dir_fd; /* owned; -EBADF: none */
	const char *result_name;
};

/**
 * mp_recovery_open() - read what is left of a pod, and become its supervisor.
 * @dir_name: "<namespace>_<name>".
 *
 * Return: 0; -ENOENT when there is no such pod; -EAGAIN when its supervisor lives; -ENODATA when
 * it has ended, or its start had not begun: there is nothing to go on with; -errno.
 */
int mp_recovery_open(const struct mp_roots *roots, const char *dir_name, struct mp_recovery *ret,
		     struct mp_error *err);

/** mp_recovery_config() - how the dead supervisor was run, over the defaults in @config. */
void mp_recovery_config(struct mp_recovery *recovery, struct mp_supervisor_config *config);

/** mp_recovery_done() - release; may be called again. */
void mp_recovery_done(struct mp_recovery *recovery);

/**
 * mp_recovery_boot_id() - of the machine's present life.
 *
 * Return: @buf, "" when it cannot be read.
 */
const char *mp_recovery_boot_id(char buf[40]);

/**
 * mp_recover_begin() - make a supervisor of @sv that stands where the dead one stood. What it
 * found out is posted as events: the machine goes on from there.
 */
int mp_recover_begin(struct mp_supervisor *sv, struct mp_error *err);
