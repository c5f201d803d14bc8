/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod with storage limits uses, every ten seconds (10.8). Measuring means walking through
 * directories that containers fill as they like, so a child does it: supervision never waits.
 */
#pragma once

#include "runtime/base/clock.h"

struct mp_supervisor;
struct mp_storage_watch;

/** mp_storage_watch_new() - NULL for a pod without such limits, which is never woken for them. */
struct mp_storage_watch *mp_storage_watch_new(struct mp_supervisor *sv);

/** mp_storage_watch_free() - end a measurement in progress; NULL is fine. */
void mp_storage_watch_free(struct mp_storage_watch *watch);

/** mp_storage_watch_deadline() - of the next measurement; MP_NSEC_NEVER without @watch. */
mp_nsec mp_storage_watch_deadline(const struct mp_storage_watch *watch);

/** mp_storage_watch_expire() - begin the measurement that is due; it posts MP_EV_EVICT. */
void mp_storage_watch_expire(struct mp_storage_watch *watch, mp_nsec now);
