/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "rootfs/volumes.h"
#include "rootfs/walk.h"
#include "runtime/base/auto.h"

#define FILE_BITS_RW 0660U
#define FILE_BITS_RO 0440U
#define DIR_BITS     (0110U | S_ISGID)

struct group {
	gid_t gid;
	mode_t bits;
};

static mode_t wanted_mode(const struct group *g, mode_t mode)
{
	return (mode & 07777U) | g->bits | (S_ISDIR(mode) ? DIR_BITS : 0U);
}

static int give(void *ctx, int dir_fd, const char *name, const struct stat *st)
{
	const struct group *g = ctx;
	char path[32];
	struct stat now;

	if (S_ISLNK(st->st_mode)) {
		if (st->st_gid != g->gid &&
		    fchownat(dir_fd, name, (uid_t)-1, g->gid, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : -errno;
		return 0;
	}
	if (st->st_gid == g->gid && wanted_mode(g, st->st_mode) == (st->st_mode & 07777U))
		return 0;

	/* One descriptor for both: there is no chmod that does not follow links before 6.6. */
	mp_auto_fd fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &now) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(now.st_mode))
		return 0;
	if (now.st_gid != g->gid && fchownat(fd, "", (uid_t)-1, g->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, wanted_mode(g, now.st_mode)) < 0 ? -errno : 0;
}

int mp_volume_set_group(int dir_fd, gid_t gid, bool is_readonly, enum mp_group_policy policy,
			struct mp_error *err)
{
	struct group g = { gid, is_readonly ? FILE_BITS_RO : FILE_BITS_RW };
	struct stat st;
	int r;

	switch (policy) {
	case MP_GROUP_ON_ROOT_MISMATCH:
		if (fstat(dir_fd, &st) < 0)
			return mp_fail(err, errno, "look at the volume");
		if (st.st_gid == gid && wanted_mode(&g, st.st_mode) == (st.st_mode & 07777U))
			return 0;
		break;
	case MP_GROUP_ALWAYS:
		break;
	}
	r = mp_walk(dir_fd, give, &g);
	return r < 0 ? mp_fail(err, -r, "give the volume to group %u", gid) : 0;
}
