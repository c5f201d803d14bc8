/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes a pod brings along: directories, tmpfs, host paths, and directories of generated
 * files. All below a directory that the caller provides. Parent side.
 * Source: pod-semantics 9.7, 9.8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

/**
 * mp_volume_dir() - make or reopen the directory of a volume, mode 0777 whatever the umask.
 * @parent_fd: borrowed: where volumes of this kind live.
 * @name:      one path component, the volume's name.
 * @ret_fd:    on success, the directory; owned, CLOEXEC.
 *
 * Idempotent: contents of an existing directory stay.
 * Return: 0 or -errno.
 */
int mp_volume_dir(int parent_fd, const char *name, int *ret_fd, struct mp_error *err);

/**
 * mp_volume_tmpfs() - as mp_volume_dir(), but a tmpfs mounted on that directory in the calling
 * process's mount namespace, which must be its own (made MS_SLAVE). noswap where the kernel has it.
 * @size_bytes: limit; 0 = the kernel's default, half of memory.
 * @mode:       of its root, as 01777 or 0777.
 *
 * Idempotent: a tmpfs already mounted there is reopened as it is.
 * Return: 0 or -errno.
 */
int mp_volume_tmpfs(int parent_fd, const char *name, uint64_t size_bytes, mode_t mode, int *ret_fd,
		    struct mp_error *err);

/**
 * mp_volume_hugetlbfs() - as mp_volume_tmpfs(), but of huge pages.
 * @page_size: "2Mi", as in the resource hugepages-2Mi.
 *
 * Return: 0; -EINVAL when the machine has no such pages; -errno.
 */
int mp_volume_hugetlbfs(int parent_fd, const char *name, const char *page_size, int *ret_fd,
			struct mp_error *err);

/**
 * mp_volume_share() - let what is mounted inside the volume propagate among the mounts that are
 * made of it, and nowhere else: its directory becomes a mount of its own, if it is none, and the
 * first of a peer group.
 * @fd: in: its root directory; out: the root of that mount. Owned by the caller as before.
 *
 * Idempotent. Return: 0 or -errno.
 */
int mp_volume_share(int parent_fd, const char *name, int *fd, struct mp_error *err);

/** enum mp_host_path_type - hostPath.type of the manifest. */
enum mp_host_path_type {
	MP_HOST_PATH_ANY, /* "": no check; a missing path becomes a directory 0755 */
	MP_HOST_PATH_DIRECTORY_OR_CREATE,
	MP_HOST_PATH_DIRECTORY,
	MP_HOST_PATH_FILE_OR_CREATE,
	MP_HOST_PATH_FILE,
	MP_HOST_PATH_SOCKET,
	MP_HOST_PATH_CHAR_DEVICE,
	MP_HOST_PATH_BLOCK_DEVICE,
};

/**
 * mp_volume_host_path() - check a path of the host against its type and open it.
 * @path:   absolute, no "..".
 * @ret_fd: on success, an O_PATH descriptor for struct mp_bind.source_fd; owned, CLOEXEC.
 *
 * Return: 0 or -errno; "hostPath type check failed: <path> is not a directory" and the like.
 */
int mp_volume_host_path(const char *path, enum mp_host_path_type type, int *ret_fd,
			struct mp_error *err);

/** struct mp_volume_file - one generated file. All borrowed. */
struct mp_volume_file {
	const char *path; /* relative: "key", "dir/key" */
	const void *data;
	size_t size;
	mode_t mode; /* exact permission bits */
	uid_t uid;   /* owner */
};

/**
 * mp_volume_write() - make a volume's contents exactly these files, in one visible step.
 * @dir_fd:      borrowed: the volume's root (mp_volume_dir() or mp_volume_tmpfs()).
 * @files:       @n of them; a path given twice: the later wins.
 * @gid:         fsGroup: group of every file, with the permissions of mp_volume_set_group() for
 *               read-only kinds; (gid_t)-1 = none.
 * @wall:        wall-clock nanoseconds, for the name of the directory of this version.
 * @ret_changed: may be NULL; whether anything had to be written.
 *
 * Layout: "..<time>.<random>/" holds the files, "..data" points to it, every top-level name
 * points to "..data/<name>". A reader sees the old files or the new ones, never a mixture.
 * Leftovers of an interrupted write are removed.
 *
 * Return: 0; -EINVAL for a path that is absolute, has "..", begins with "..", or is too long;
 * another -errno.
 */
int mp_volume_write(int dir_fd, const struct mp_volume_file *files, size_t n, gid_t gid,
		    int64_t wall, bool *ret_changed, struct mp_error *err);

/** mp_volume_subdir() - make directory @path (relative, 0755) for a nested mount point. */
int mp_volume_subdir(int dir_fd, const char *path, struct mp_error *err);

enum mp_group_policy {
	MP_GROUP_ALWAYS,
	MP_GROUP_ON_ROOT_MISMATCH,
};

/**
 * mp_volume_set_group() - fsGroup: give the whole tree to a group.
 * @dir_fd:      borrowed: the volume's root.
 * @is_readonly: configMap-like kinds: mode |= 0440 instead of 0660.
 * @policy:      ON_ROOT_MISMATCH skips a volume whose root is as it should be.
 *
 * Directories also get 0110 and setgid; symbolic links are chowned, never followed; mounts below
 * the volume are not entered.
 * Return: 0 or -errno.
 */
int mp_volume_set_group(int dir_fd, gid_t gid, bool is_readonly, enum mp_group_policy policy,
			struct mp_error *err);

/**
 * mp_volume_usage() - disk space of a tree as du counts it, hard links once, mounts not entered.
 * @ret_bytes: on success.
 *
 * Return: 0 or -errno. Files that vanish meanwhile are fine.
 */
int mp_volume_usage(int dir_fd, uint64_t *ret_bytes, struct mp_error *err);

/**
 * mp_volume_remove() - remove @name below @parent_fd and everything in it: unmounts what the
 * calling process's mount namespace has mounted on it, then deletes the tree. Symbolic links
 * are removed, never followed; immutable and append-only marks are taken off; depth and width
 * do not matter. Nothing there is fine.
 *
 * Return: 0 or -errno of the first thing that stayed (the rest is still removed).
 */
int mp_volume_remove(int parent_fd, const char *name, struct mp_error *err);
