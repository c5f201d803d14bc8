/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a successor needs of a container record and cannot work out again: the image, the manifest's
 * references or the container's /etc/passwd may have changed since. A file in the pod's private
 * directory, which lives as long as its processes.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"
#include "runtime/base/str.h"

/** struct mp_record_note - as a record is started. Read: strings are in the arena. */
struct mp_record_note {
	const char *id;               /* 64 digits */
	const char *container;        /* its name */
	const char *termination_file; /* name in the private directory */
	const char *cwd;
	int64_t uid, gid;
	const gid_t *groups;
	size_t n_groups;
	const char *const *env; /* "NAME=value", NULL-terminated */
};

/** mp_record_note_write() - in @dir_fd, under the record's name. */
int mp_record_note_write(int dir_fd, const struct mp_record_note *note, struct mp_error *err);

/**
 * mp_record_note_read() - of the record @id.
 *
 * Return: 0; -ENOENT; -EINVAL for a damaged one; -errno.
 */
int mp_record_note_read(int dir_fd, const char *id, struct mp_arena *arena,
			struct mp_record_note *ret, struct mp_error *err);

/**
 * mp_record_note_find() - the note of the record of @container, of which there is but one.
 * @ret_wall: when it was written.
 *
 * Return: as mp_record_note_read().
 */
int mp_record_note_find(int dir_fd, const char *container, struct mp_arena *arena,
			struct mp_record_note *ret, int64_t *ret_wall, struct mp_error *err);

/** mp_record_note_remove() - nothing there is fine. */
void mp_record_note_remove(int dir_fd, const char *id);
