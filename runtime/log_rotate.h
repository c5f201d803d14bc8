/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotation of a log file: <N>.log becomes <N>.log.<YYYYMMDD-hhmmss>, all but the newest of those are
 * compressed to <N>.log.<...>.gz, and the oldest are removed.
 * Source: pod-semantics reference section 13.3.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"
#include "runtime/base/loop.h"

#define MP_LOG_NAME_MAX 600

/** struct mp_log_limits - when to rotate and how much to keep. */
struct mp_log_limits {
	int64_t max_bytes; /* of the live file; 0 or less: never rotated */
	int max_files;     /* with the live one; at least 2 */
};

#define MP_LOG_LIMITS_DEFAULT \
	((struct mp_log_limits){ .max_bytes = (int64_t)10 * 1024 * 1024, .max_files = 5 })

/** enum mp_log_fate - what becomes of a rotated file. */
enum mp_log_fate { MP_LOG_STAYS = 0, MP_LOG_REMOVE, MP_LOG_COMPRESS };

/**
 * mp_log_fates() - decide about what lies beside a log file. Pure.
 * @names:    @n names of the directory, sorted by bytes.
 * @base:     "0.log": others' files stay.
 * @keep:     so many rotated files may stay, the newest.
 * @is_zipping: a compression is under way: its temporary file stays.
 * @ret:      @n answers.
 */
void mp_log_fates(const char *const *names, size_t n, const char *base, size_t keep,
		  bool is_zipping, enum mp_log_fate *ret);

/** struct mp_log_zip - compresses in a child process, one call at a time. */
struct mp_log_zip {
	struct mp_loop *loop;
	struct mp_source source;
	int pidfd; /* owned; -EBADF: none */
};

/** mp_log_zip_init() - nothing under way. */
void mp_log_zip_init(struct mp_log_zip *zip, struct mp_loop *loop);

/**
 * mp_log_zip_begin() - compress what was rotated of @path, but the newest; returns at once. When
 * one is under way already nothing happens: the next rotation finds the rest.
 */
void mp_log_zip_begin(struct mp_log_zip *zip, int dir_fd, const char *path, int max_files);

/** mp_log_zip_end() - stop it and wait for it; what it has not finished stays uncompressed. */
void mp_log_zip_end(struct mp_log_zip *zip);

/**
 * mp_log_rotate() - remove what is too much, and move the live file out of the way.
 * @path:    "<container>/<N>.log" below @dir_fd.
 * @wall:    the time that the file gets its name from.
 * @ret_old: MP_LOG_NAME_MAX bytes: its path now.
 *
 * Return: 0; -EEXIST when one of that second is there; -errno.
 */
int mp_log_rotate(int dir_fd, const char *path, const struct mp_log_limits *limits, int64_t wall,
		  bool is_zipping, char ret_old[MP_LOG_NAME_MAX], struct mp_error *err);

/** mp_log_remove() - a log file with all that was rotated of it. */
void mp_log_remove(int dir_fd, const char *path);
