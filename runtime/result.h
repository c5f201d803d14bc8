/* SPDX-License-Identifier: Apache-2.0 */
/* What of a pod outlives a status: its deletion mark, and the final object of --result-file. */
#pragma once

#include "runtime/base/error.h"
#include "runtime/base/json.h"
#include "runtime/base/str.h"

struct mp_supervisor;

/**
 * mp_result_note_deletion() - write deletion.json once a deletion was asked for, and again when
 * its grace period was shortened. Otherwise does nothing.
 */
int mp_result_note_deletion(struct mp_supervisor *sv, struct mp_error *err);

/** mp_result_write() - the pod as it ended, a core/v1 Pod, to where the configuration says. */
int mp_result_write(struct mp_supervisor *sv, struct mp_error *err);

/** mp_result_text() - the Pod object as it is now, as text in @arena. 0 or -errno. */
int mp_result_text(struct mp_supervisor *sv, enum mp_json_style style, struct mp_arena *arena,
		   const char **ret, struct mp_error *err);
