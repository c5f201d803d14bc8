/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for changes of pods, live or not, without asking again and again: the kernel tells when a
 * file in a pod's directory is replaced or written, or a directory comes or goes.
 *
 *     mp_pod_watch_open(&w, ...); do { mp_pod_watch_arm(&w); look; } while (mp_pod_watch_wait(...))
 */
#pragma once

#include "runtime/base/clock.h"
#include "runtime/state_dir.h"

/** struct mp_pod_watch - initialise with mp_pod_watch_open(). */
struct mp_pod_watch {
	int fd;                       /* owned: inotify */
	const struct mp_roots *roots; /* borrowed */
	bool minds_writes;            /* also wake when the journal or a log grows */
};

int mp_pod_watch_open(struct mp_pod_watch *w, const struct mp_roots *roots, bool minds_writes,
		      struct mp_error *err);

/** mp_pod_watch_arm() - watch what is there now; before looking at it. */
int mp_pod_watch_arm(struct mp_pod_watch *w, struct mp_error *err);

/**
 * mp_pod_watch_file() - watch the directory of @path, absolute, for writing; or, as long as there is
 * none, the nearest one above it, for what is made in it: then call again after each wait.
 */
int mp_pod_watch_file(struct mp_pod_watch *w, const char *path, struct mp_error *err);

/** mp_pod_watch_wait() - until something changed. 0; -ETIMEDOUT at @deadline (monotonic). */
int mp_pod_watch_wait(struct mp_pod_watch *w, mp_nsec deadline, struct mp_error *err);

void mp_pod_watch_close(struct mp_pod_watch *w);
