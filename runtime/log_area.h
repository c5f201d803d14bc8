/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for the logs of a pod that outlives its supervisor: what was read from a container's pipe
 * and is not yet in its log file, and how far each file is. pause keeps its three descriptors, so
 * that after a SIGKILL at any instant the next supervisor neither loses a byte nor writes one
 * twice.
 *
 * Bytes move from a container's pipe by splice(2) into the staging pipe, which is nobody else's,
 * and from there by one read(2) into the area. Both are all or nothing to a killed process, and
 * what the staging pipe holds tells afterwards which of them happened. The file's size and the
 * unfinished line before the bytes are kept until the entries are in the file; the switch to those
 * after them is the one store that ends the flight. A flight that did not end is repeated, with
 * the time it was begun at: the file is cut to its size before, and gets the same bytes again, so
 * that a follower of the file notices nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/error.h"
#include "runtime/cri_log.h"

struct mp_log_area;

#define MP_LOG_AREA_FDS   3     /* memory, staging pipe's read and write end */
#define MP_LOG_AREA_BYTES 65536 /* most that is in flight */
#define MP_LOG_SLOTS      384   /* records that may be alive at a time */
#define MP_LOG_TAG_MAX    32

/** mp_log_area_new() - an empty area; *@ret is the caller's, mp_log_area_free(). */
int mp_log_area_new(struct mp_log_area **ret, struct mp_error *err);

/**
 * mp_log_area_adopt() - the area of a supervisor that died.
 * @fds: as mp_log_area_fds() gave them; taken over, also on failure.
 *
 * Return: 0; -EPROTO when it is none of this version's; -errno.
 */
int mp_log_area_adopt(const int fds[MP_LOG_AREA_FDS], struct mp_log_area **ret,
		      struct mp_error *err);

/** mp_log_area_fds() - what to keep; borrowed. */
const int *mp_log_area_fds(const struct mp_log_area *area);

/** mp_log_area_free() - unmap and close; NULL is fine. */
void mp_log_area_free(struct mp_log_area *area);

/**
 * mp_log_area_slot() - the slot of the record called @tag, an empty one if it has none.
 *
 * Return: its number, or -ENOSPC.
 */
int mp_log_area_slot(struct mp_log_area *area, const char *tag, struct mp_error *err);

/** mp_log_area_release() - the slot is free for another record. */
void mp_log_area_release(struct mp_log_area *area, int slot);

/** struct mp_log_file_state - how far the file is. */
struct mp_log_file_state {
	uint64_t inode; /* 0: nothing was written by this slot yet */
	uint64_t size;
};

/** mp_log_area_load() - the last state that was committed. @splitter: of @stream. */
void mp_log_area_load(const struct mp_log_area *area, int slot, enum mp_cri_stream stream,
		      struct mp_cri_splitter *splitter);
struct mp_log_file_state mp_log_area_file(const struct mp_log_area *area, int slot);

/** struct mp_log_flight - bytes on their way from a pipe to a file. */
struct mp_log_flight {
	int slot;
	enum mp_cri_stream stream;
	bool is_end;  /* no bytes: the unfinished line is written out */
	int64_t wall; /* the time of the entries */
	const char *bytes;
	size_t n;
};

/**
 * mp_log_area_take() - move what @pipe_fd has now into the area.
 *
 * Return: 0 with @ret->n bytes, 0 of them when there is nothing now; -EPIPE at the end of the
 * stream; -errno. A flight with bytes has to be committed.
 */
int mp_log_area_take(struct mp_log_area *area, int slot, enum mp_cri_stream stream, int pipe_fd,
		     int64_t wall, struct mp_log_flight *ret);

/** mp_log_area_begin_end() - a flight that only writes out the unfinished line. */
void mp_log_area_begin_end(struct mp_log_area *area, int slot, enum mp_cri_stream stream,
			   int64_t wall);

/**
 * mp_log_area_commit() - the flight's entries are in the file.
 * @splitter: the stream's, after them.
 */
void mp_log_area_commit(struct mp_log_area *area, int slot, enum mp_cri_stream stream,
			const struct mp_cri_splitter *splitter, struct mp_log_file_state file);

/**
 * mp_log_area_interrupted() - the flight that a dead supervisor did not end.
 *
 * Return: false when there is none.
 */
bool mp_log_area_interrupted(struct mp_log_area *area, struct mp_log_flight *ret);

/** mp_log_area_settle() - drop a flight that is still interrupted: its record is gone. */
void mp_log_area_settle(struct mp_log_area *area);
