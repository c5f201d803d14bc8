/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files by descriptor: whole reads and writes, replacement by rename, directory trees, memfds
 * and descriptors sent over sockets. Every new descriptor is CLOEXEC.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/auto.h"
#include "runtime/base/error.h"
#include "runtime/base/str.h"

/**
 * mp_fd_read_all() - read from @fd to its end.
 * @max:      most bytes to accept.
 * @arena:    takes the text; NULL: it is malloc'd and the caller frees it.
 * @ret_text: on success @*ret_len bytes (@ret_len may be NULL) and a NUL after them.
 *
 * Return: 0; -EFBIG when there is more than @max; or -errno. Works for files whose size is not
 * known in advance, such as those of procfs and pipes.
 */
int mp_fd_read_all(int fd, size_t max, struct mp_arena *arena, char **ret_text, size_t *ret_len,
		   struct mp_error *err);

/** mp_file_read() - open @path below @dirfd (AT_FDCWD: here) and mp_fd_read_all() it. */
int mp_file_read(int dirfd, const char *path, size_t max, struct mp_arena *arena, char **ret_text,
		 size_t *ret_len, struct mp_error *err);

/** mp_fd_write_all() - write all of it; EINTR is retried, EAGAIN is an error. 0 or -errno. */
int mp_fd_write_all(int fd, const void *bytes, size_t len, struct mp_error *err);

/**
 * mp_file_write() - one write into an existing file, as control files want it.
 *
 * Return: 0; -EIO when the kernel took less than @len; or -errno.
 */
int mp_file_write(int dirfd, const char *path, const void *bytes, size_t len, struct mp_error *err);

/**
 * mp_file_replace() - make @name have this content, or leave it as it was.
 * @name: a plain file name in @dirfd.
 * @mode: exactly, whatever the umask.
 *
 * Written beside and renamed over, so that a reader sees the old or the new content, whole. Not
 * synced: it survives our crash, not the machine's. The temporary file is removed on failure.
 *
 * Return: 0 or -errno. Source: rename(2).
 */
int mp_file_replace(int dirfd, const char *name, const void *bytes, size_t len, mode_t mode,
		    struct mp_error *err);

/**
 * mp_dir_make() - make @path and its missing parents below @dirfd ("mkdir -p").
 * @mode: of each directory it makes, less the umask; existing ones are not changed.
 *
 * Symbolic links on the way are followed: for our own directories, not for a container's.
 *
 * Return: 0; -ENOTDIR when something on the way is no directory; or -errno.
 */
int mp_dir_make(int dirfd, const char *path, mode_t mode, struct mp_error *err);

/**
 * mp_tree_remove() - remove @path below @dirfd, file or directory with all it contains.
 * @path: only what it ends in is removed; how it gets there is looked up as usual.
 *
 * Symbolic links are removed, never followed. It does not cross into another mounted file system:
 * that part stays, with -EXDEV or -EBUSY. Trees of any depth are removed with a bounded number of
 * descriptors (deep directories are moved up before they are emptied). What cannot be removed is
 * skipped, the rest goes, and the first error is reported. A missing @path is success.
 *
 * Return: 0 or -errno. Source: openat2(2) RESOLVE_NO_XDEV, unlinkat(2).
 */
int mp_tree_remove(int dirfd, const char *path, struct mp_error *err);

/**
 * mp_memfd_new() - an anonymous file with this content that nobody can change any more.
 * @name:          shown in /proc/<pid>/fd, for people.
 * @is_executable: allow fexecve; otherwise execution is sealed off where the kernel can.
 * @ret_fd:        on success, owned by the caller, read offset at the start.
 *
 * Return: 0 or -errno. Source: memfd_create(2), F_ADD_SEALS in fcntl(2).
 */
int mp_memfd_new(const char *name, const void *bytes, size_t len, bool is_executable, int *ret_fd,
		 struct mp_error *err);

#define MP_FDS_MAX 64 /* descriptors in one message */

/**
 * mp_fds_send() - one message with descriptors over a unix socket.
 * @bytes: at least 1 byte; @fds: @n_fds borrowed descriptors, 0 to MP_FDS_MAX.
 *
 * Return: 0; -EMSGSIZE when a stream socket took only part; or -errno (-EPIPE, -EAGAIN…; no
 * signal). Source: unix(7) SCM_RIGHTS.
 */
int mp_fds_send(int sock, const void *bytes, size_t len, const int *fds, size_t n_fds,
		struct mp_error *err);

/**
 * mp_fds_recv() - one message with its descriptors.
 * @bytes:     @len bytes of storage.
 * @fds:       @max_fds slots; unused ones become -EBADF.
 * @ret_len:   bytes received; 0 is the end of the stream.
 * @ret_n_fds: descriptors received, now owned by the caller; CLOEXEC.
 *
 * Return: 0; -EMSGSIZE when message or descriptors did not fit (those that came are closed); or
 * -errno.
 */
int mp_fds_recv(int sock, void *bytes, size_t len, int *fds, size_t max_fds, size_t *ret_len,
		size_t *ret_n_fds, struct mp_error *err);
