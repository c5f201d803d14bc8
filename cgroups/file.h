/* SPDX-License-Identifier: Apache-2.0 */
/* Small control files, relative to a directory descriptor (O_PATH is enough). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** mp_cgfile_write() - write @text in one go, as control files want it. Return: 0 or -errno. */
int mp_cgfile_write(int dir_fd, const char *file, const char *text);

/**
 * mp_cgfile_read() - the first @size - 1 bytes of @file, NUL-terminated.
 *
 * Return: the length, or -errno.
 */
int mp_cgfile_read(int dir_fd, const char *file, char *buf, size_t size);

/**
 * mp_cgfile_read_all() - a whole file of unknown size.
 * @ret_text: on success NUL-terminated, to be freed.
 * @limit:    -EFBIG above this many bytes.
 *
 * Return: 0 or -errno.
 */
int mp_cgfile_read_all(int dir_fd, const char *file, size_t limit, char **ret_text);

/** mp_dir_visit_fn - @dir_fd is the directory that holds @name; non-zero ends the walk. */
typedef int (*mp_dir_visit_fn)(int dir_fd, const char *name, void *arg);

/**
 * mp_dir_each() - call @visit for each directory in the directory @name of @dir_fd.
 *
 * Return: 0, the visitor's non-zero answer, or -errno. -ENOENT and -ENODEV: it is gone.
 */
int mp_dir_each(int dir_fd, const char *name, mp_dir_visit_fn visit, void *arg);
