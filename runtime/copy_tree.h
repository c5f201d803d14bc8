/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying files and directories between two places, of which one may belong to a hostile
 * container: below the two directories given, no symbolic link is ever followed and nothing but
 * regular files and directories is opened.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "runtime/base/error.h"

/** struct mp_copy - how to copy, and what came of it. */
struct mp_copy {
	bool keeps_modes; /* permission bits; else those of new files */
	/* Symbolic links are made again; else one to a file below its own directory is copied as
	 * that file, and others are skipped with a warning. */
	bool keeps_links;
	FILE *warnings;
	size_t n_skipped;
};

/**
 * mp_copy_tree() - copy a file or directory to @dst_name in @dst_dir.
 * @src_fd:   borrowed: an O_PATH descriptor of it.
 * @dst_dir:  borrowed.
 * @dst_name: a single component, or "." to join a directory's contents with @dst_dir's.
 * @shown:    what to call the source in messages.
 *
 * Existing files are written over, existing links replaced, directories joined.
 * Return: 0 or -errno.
 */
int mp_copy_tree(struct mp_copy *copy, int src_fd, int dst_dir, const char *dst_name,
		 const char *shown, struct mp_error *err);
