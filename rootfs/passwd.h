/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users and groups of an image, from its own /etc/passwd and /etc/group: no NSS, no libc
 * databases, bounded input. The parsers are pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

#define MP_PASSWD_FILE_MAX   ((size_t)1 << 20) /* longer files are read up to here */
#define MP_PASSWD_HOME_MAX   1024
#define MP_PASSWD_NAME_MAX   256
#define MP_PASSWD_GROUPS_MAX 1024

/** struct mp_passwd_entry - one line of passwd. */
struct mp_passwd_entry {
	uid_t uid;
	gid_t gid;
	char name[MP_PASSWD_NAME_MAX];
	char home[MP_PASSWD_HOME_MAX];
};

/** mp_passwd_find_name() - the first entry called @name; false when there is none. */
bool mp_passwd_find_name(const char *text, size_t len, const char *name,
			 struct mp_passwd_entry *ret);

/** mp_passwd_find_uid() - the first entry with @uid. */
bool mp_passwd_find_uid(const char *text, size_t len, uid_t uid, struct mp_passwd_entry *ret);

/** mp_group_find_name() - the id of the first group called @name. */
bool mp_group_find_name(const char *text, size_t len, const char *name, gid_t *ret_gid);

/**
 * mp_group_list() - ids of the groups that list @user as a member, in file order, each once.
 * @ret_gids: room for @max.
 *
 * Return: how many were stored.
 */
size_t mp_group_list(const char *text, size_t len, const char *user, gid_t *ret_gids, size_t max);

/** struct mp_passwd_user - who a container's process is. */
struct mp_passwd_user {
	uid_t uid;
	gid_t gid;                     /* primary group */
	bool is_known;                 /* passwd has an entry */
	char name[MP_PASSWD_NAME_MAX]; /* "" when unknown */
	char home[MP_PASSWD_HOME_MAX]; /* "/" when unknown */
	size_t n_groups;               /* supplementary groups of /etc/group */
	gid_t groups[MP_PASSWD_GROUPS_MAX];
};

/**
 * mp_passwd_lookup() - resolve a USER of an image configuration or a number of the manifest.
 * @root_fd: borrowed: the container's root (the detached overlay mount will do).
 * @user:    "", "name", "uid", "name:group", "uid:gid"; "" is uid 0.
 * @ret:     on success.
 *
 * A number need not be in passwd: its primary group is then 0, its home "/".
 * Return: 0; -ENOENT when a name is not known (unable to find user x: no matching entries in
 * passwd file); -EINVAL when a number is out of range; another -errno.
 */
int mp_passwd_lookup(int root_fd, const char *user, struct mp_passwd_user *ret,
		     struct mp_error *err);
