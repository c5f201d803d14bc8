/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a pod is on disk: the three roots, the pod's own directories, the lock of its live
 * supervisor, and the files that are replaced whole. Crash-only: opening what a dead supervisor
 * left behind is the normal path.
 *
 *   <run>/pods/<namespace>_<name>/   pod.json status.json trace.jsonl control.sock; the directory
 *                                    itself is what the live supervisor locks
 *   <lib>/pods/<uid>/                volumes and writable layers: what containers see
 *   <lib>/spare/<number>/            the same of pods that ended, emptied, for the next ones
 *   <log>/pods/<namespace>_<name>_<uid>/<container>/<restart count>.log
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "lifecycle/spec.h"
#include "runtime/base/str.h"

/** struct mp_roots - absolute directories; with --root DIR they are DIR/run, DIR/lib, DIR/log. */
struct mp_roots {
	char run[PATH_MAX]; /* /run/minipod */
	char lib[PATH_MAX]; /* /var/lib/minipod */
	char log[PATH_MAX]; /* /var/log/minipod */
};

/**
 * mp_roots_init() - from --root or MINIPOD_ROOT, else the system's directories.
 * @root: NULL = not given.
 */
int mp_roots_init(const char *root, struct mp_roots *ret, struct mp_error *err);

/** struct mp_state_dir - an opened pod directory. Zero-initialise with MP_STATE_DIR_NONE. */
struct mp_state_dir {
	int run_fd;  /* owned: <run>/pods/<namespace>_<name> */
	int lib_fd;  /* owned: <lib>/pods/<uid>; made by mp_state_dir_data() */
	int log_fd;  /* owned: <log>/pods/<namespace>_<name>_<uid>; made by mp_state_dir_logs() */
	int lock_fd; /* owned: a second description of the run directory that holds its lock */
	char run_path[PATH_MAX];
	char lib_path[PATH_MAX];
	char log_path[PATH_MAX];
	char name[520]; /* "<namespace>_<name>" */
};

#define MP_STATE_DIR_NONE       \
	((struct mp_state_dir){ \
		.run_fd = -EBADF, .lib_fd = -EBADF, .log_fd = -EBADF, .lock_fd = -EBADF })

/**
 * mp_state_dir_create() - make and lock the directories of a new pod.
 *
 * Return: 0; -EEXIST when a pod of that name is there (the sentence says the way out); -errno.
 * Nothing is left behind on failure. Only the run directory is made: each file or directory on a
 * disk costs as much as a namespace, so the others wait until somebody needs them.
 * Source: flock(2).
 */
int mp_state_dir_create(const struct mp_roots *roots, const struct mp_pod_spec *spec,
			struct mp_state_dir *ret, struct mp_error *err);

/**
 * mp_state_dir_open() - open an existing pod's directories without locking.
 * @uid: of the pod; NULL: only the run directory is opened.
 *
 * Return: 0; -ENOENT when there is no such pod; -errno.
 */
int mp_state_dir_open(const struct mp_roots *roots, const char *name, const char *uid,
		      struct mp_state_dir *ret, struct mp_error *err);

/** mp_state_dir_lock() - become the pod's supervisor. -EAGAIN when another one lives. */
int mp_state_dir_lock(struct mp_state_dir *dir, struct mp_error *err);

/**
 * mp_state_dir_is_unfinished() - somebody was killed while making or removing the pod: it has no
 * pod.json, nobody holds it, and it was not touched for two seconds. It is locked by us then.
 */
bool mp_state_dir_is_unfinished(struct mp_state_dir *dir);

/**
 * mp_state_dir_is_named() - does its name still lead to this directory? It loses its name before it
 * loses its files: what was read from it before that is whole.
 */
bool mp_state_dir_is_named(const struct mp_state_dir *dir);

/**
 * mp_state_dir_hold() - ask that the run directory of the pod @name, when it is removed, be still
 * there under mp_state_dir_hidden_name() until it is let go, or for 500 ms.
 *
 * Return: a descriptor for mp_state_dir_let_go(), or -1: nothing is held.
 */
int mp_state_dir_hold(const struct mp_roots *roots, const char *name);

/** mp_state_dir_let_go() - end a hold; *@fd becomes -1, and may be it before. */
void mp_state_dir_let_go(int *fd);

/** mp_state_dir_hidden_name() - what the directory @name of the pod @uid is called meanwhile. */
char *mp_state_dir_hidden_name(struct mp_arena *arena, const char *name, const char *uid);

/** mp_state_dir_is_locked() - a live supervisor holds the pod. */
bool mp_state_dir_is_locked(const struct mp_state_dir *dir);

/**
 * mp_state_dir_reopen() - open data and logs again in the mount namespace that we are in now, so that
 * what is opened below them can be mounted. What is not there yet is made when it is needed.
 */
void mp_state_dir_reopen(struct mp_state_dir *dir);

/** mp_state_dir_data() - open @lib_fd, making the directory if need be. */
int mp_state_dir_data(struct mp_state_dir *dir, struct mp_error *err);

/** mp_state_dir_logs() - open @log_fd, making the directory if need be. */
int mp_state_dir_logs(struct mp_state_dir *dir, struct mp_error *err);

/**
 * mp_state_dir_layer() - make and open the directory @name for a container's writable layer.
 * @ret_fd: owned by the caller.
 *
 * It is empty but for, maybe, an empty "work" (see mp_overlay_reset()).
 */
int mp_state_dir_layer(struct mp_state_dir *dir, const char *name, int *ret_fd,
		       struct mp_error *err);

/** mp_state_dir_drop_layer() - remove it with what it holds, whose mount is gone. */
int mp_state_dir_drop_layer(struct mp_state_dir *dir, const char *name, struct mp_error *err);

/**
 * mp_state_dir_remove_data() - what containers saw: <lib>/pods/<uid> and all below it. Directories
 * that are empty then may be kept as a spare for another pod.
 */
int mp_state_dir_remove_data(struct mp_state_dir *dir, struct mp_error *err);

/** mp_state_dir_remove() - logs and the run directory: the pod object is gone. */
int mp_state_dir_remove(struct mp_state_dir *dir, struct mp_error *err);

/** mp_state_dir_close() - release descriptors (and so the lock). May be called again. */
void mp_state_dir_close(struct mp_state_dir *dir);
