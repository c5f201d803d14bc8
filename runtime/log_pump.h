/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of one container record: its stdout and stderr pipes are read by the loop and written
 * to <restart count>.log in CRI format, which is rotated. A full disk costs lines, never
 * supervision; the supervisor's death costs none. The file is made when there is something to put
 * in: on a disk it costs a tenth of a pod's start and end, and many a container says nothing.
 * Source: pod-semantics reference section 13.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"
#include "runtime/base/loop.h"
#include "runtime/log_area.h"
#include "runtime/log_rotate.h"

struct mp_log_pump;

/** struct mp_log_pump_config - borrowed until the pump is freed. */
struct mp_log_pump_config {
	struct mp_loop *loop;
	struct mp_log_area *area;
	const char *tag; /* of the record, for its slot in @area */
	/* the pod's log directory, made if need be: a borrowed descriptor or -errno */
	int (*dir)(void *ctx, struct mp_error *err);
	const char *container; /* directory below it */
	int64_t restart_count; /* names the file */
	struct mp_log_limits limits;
	struct mp_log_zip *zip;    /* compresses what was rotated; NULL: nobody does */
	void (*opened)(void *ctx); /* mp_log_pump_fd() is another file now; may be NULL */
	void (*wrote)(void *ctx);  /* new entries are in the file; may be NULL */
	/* there is no file, and output is lost; told once; may be NULL */
	void (*failed)(void *ctx, const struct mp_error *err);
	/* what was read, before it is made entries of; may be NULL */
	void (*tap)(void *ctx, enum mp_cri_stream stream, const char *bytes, size_t n);
	void *ctx;
};

/**
 * mp_log_pump_new() - make the two pipes. The log file comes with the first entry.
 * @ret_child_fds: write ends for the container's stdout and stderr; owned by the caller, who
 *                 closes them once the container has its copies.
 *
 * Return: 0 or -errno; nothing stays open on failure.
 */
int mp_log_pump_new(const struct mp_log_pump_config *config, struct mp_log_pump **ret,
		    int ret_child_fds[2], struct mp_error *err);

/**
 * mp_log_pump_adopt() - go on with the log of a record whose supervisor died.
 * @fds: the read ends of its pipes, -EBADF for one that is closed; taken over, also on failure.
 *
 * What that supervisor was about to write is written.
 */
int mp_log_pump_adopt(const struct mp_log_pump_config *config, const int fds[2],
		      struct mp_log_pump **ret, struct mp_error *err);

/** mp_log_pump_pipes() - the read ends, -EBADF when closed; borrowed. */
void mp_log_pump_pipes(const struct mp_log_pump *pump, int ret_fds[2]);

/** mp_log_pump_fd() - the log file, for readers of our own; borrowed; -EBADF: nothing was written. */
int mp_log_pump_fd(const struct mp_log_pump *pump);

/** mp_log_pump_drain() - read what the pipes hold right now, without waiting. */
void mp_log_pump_drain(struct mp_log_pump *pump);

/** mp_log_pump_lost() - bytes of entries that could not be written. */
uint64_t mp_log_pump_lost(const struct mp_log_pump *pump);

/**
 * mp_log_pump_finish() - the container has ended: drain, write unfinished lines as partial
 * entries, stop watching. The file stays open.
 */
void mp_log_pump_finish(struct mp_log_pump *pump);

/** mp_log_pump_free() - close everything, give back the slot; NULL allowed. */
void mp_log_pump_free(struct mp_log_pump *pump);

/**
 * mp_log_tail() - the last @max_lines entries of a log file, contents only, each followed by a
 * newline, of which the last @max_bytes bytes (section 3.5: 80 lines, 2048 bytes).
 * @buf: max_bytes + 1 bytes; NUL-terminated on return.
 *
 * Return: bytes stored.
 */
size_t mp_log_tail(int fd, size_t max_lines, size_t max_bytes, char *buf);
