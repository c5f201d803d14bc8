/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a root that somebody hostile may have filled: resolved by the kernel with the
 * root as limit, absolute symbolic links and ".." included, magic links refused.
 * Every function here Runs in the child as well: raw system calls, no errno, no memory.
 * Source: openat2(2) (5.6).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * mp_resolve_open() - openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), CLOEXEC.
 * @root_fd: the root.
 * @path:    absolute or relative; both start at the root.
 * @flags:   O_* flags.
 * @resolve: further RESOLVE_* flags: RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV.
 *
 * Return: a descriptor, or -errno.
 */
int mp_resolve_open(int root_fd, const char *path, uint64_t flags, uint64_t resolve);

/** enum mp_resolve_make - what to create when a path is not there. */
enum mp_resolve_make {
	MP_RESOLVE_MAKE_DIR,
	MP_RESOLVE_MAKE_FILE, /* an empty file; its directories too */
};

/**
 * mp_resolve_make() - open @path inside the root, creating what is missing; also behind
 * symbolic links whose target is missing (/etc/resolv.conf -> ../run/x, no /run).
 * @mode:        of directories it makes, whatever the umask; files get it without x bits.
 * @is_nofollow: refuse any symbolic link on the way (-ELOOP).
 *
 * Return: an O_PATH descriptor, or -errno. An existing object is returned whatever its type.
 */
int mp_resolve_make(int root_fd, const char *path, enum mp_resolve_make make, mode_t mode,
		    bool is_nofollow);
