/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define NAME_MAX_OURS (sizeof(".tmp-") + MP_SHA256_HEX_MAX)
#define BOOT_ID_MAX   64

static void temporary_name(const char *hex, char name[NAME_MAX_OURS])
{
	(void)snprintf(name, NAME_MAX_OURS, ".tmp-%s", hex);
}

static int lock_dir(int fd, int how, struct mp_error *err)
{
	while (flock(fd, how) < 0)
		if (errno != EINTR)
			return mp_fail(err, errno, "lock layer");
	return 0;
}

/* The directory called @name is still the one that was opened. */
static bool is_still(int parent, const char *name, int fd)
{
	struct stat there, opened;

	return fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &opened) == 0 &&
	       there.st_dev == opened.st_dev && there.st_ino == opened.st_ino;
}

int mp_image_scratch_make(struct mp_image_lock *lock, const char *name, int *ret_fd,
			  struct mp_error *err)
{
	mp_auto_fd fd = -EBADF;
	int r = mp_image_lock_acquire(lock, err);

	if (r < 0)
		return r;
	/* Made and locked in one go: whoever sweeps holds the store's lock, too. */
	if (mkdirat(lock->layers_fd, name, 0755) < 0)
		r = errno == EEXIST ? -EEXIST : mp_fail(err, errno, "make layers/%s", name);
	if (r == 0) {
		fd = openat(lock->layers_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? mp_fail(err, errno, "open layers/%s", name) :
			     lock_dir(fd, LOCK_EX | LOCK_NB, err);
	}
	mp_image_lock_release(lock);
	if (r == 0)
		*ret_fd = mp_steal_fd(&fd);
	return r;
}

static const char *new_name(const char *hex, char name[NAME_MAX_OURS])
{
	(void)snprintf(name, NAME_MAX_OURS, ".new-%s", hex);
	return name;
}

static int read_boot_id(char id[BOOT_ID_MAX], struct mp_error *err)
{
	mp_auto_fd fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	const ssize_t n = fd < 0 ? -1 : read(fd, id, BOOT_ID_MAX - 1);

	if (n < 0)
		return mp_fail(err, errno, "read boot_id");
	id[n] = '\0';
	id[strcspn(id, "\n")] = '\0';
	return 0;
}

/* Before the layer has its name, and so on the disk before it. */
static int mark_new(struct mp_image_lock *lock, const char *hex, struct mp_error *err)
{
	char name[NAME_MAX_OURS], id[BOOT_ID_MAX];
	int r = read_boot_id(id, err);

	if (r < 0)
		return r;
	(void)unlinkat(lock->layers_fd, new_name(hex, name), 0);
	return symlinkat(id, lock->layers_fd, name) < 0 ? mp_fail(err, errno, "mark new layer") : 0;
}

/* The machine stopped before the layer was safe: it may be anything. */
static bool is_doubtful(struct mp_image_lock *lock, const char *hex)
{
	char name[NAME_MAX_OURS], id[BOOT_ID_MAX], made_in[BOOT_ID_MAX];
	const ssize_t n =
		readlinkat(lock->layers_fd, new_name(hex, name), made_in, sizeof(made_in) - 1);

	if (n < 0)
		return false;
	made_in[n] = '\0';
	return read_boot_id(id, NULL) < 0 || strcmp(id, made_in) != 0;
}

/* Unless another has it in use already, which then had no doubts. */
static int discard(struct mp_image_lock *lock, const char *hex, struct mp_error *err)
{
	char doomed[NAME_MAX_OURS + 4], name[NAME_MAX_OURS];
	int r = mp_image_lock_acquire(lock, err);

	if (r < 0)
		return r;
	(void)snprintf(doomed, sizeof(doomed), ".tmp-rm-%s", hex);
	if (is_doubtful(lock, hex)) {
		if (renameat(lock->layers_fd, hex, lock->layers_fd, doomed) < 0 && errno != ENOENT)
			r = mp_fail(err, errno, "remove layer %s", hex);
		if (r == 0)
			r = mp_tree_force_remove(lock->layers_fd, doomed, err);
		if (r == 0)
			(void)unlinkat(lock->layers_fd, new_name(hex, name), 0);
	}
	mp_image_lock_release(lock);
	return r;
}

int mp_image_claims_sync(struct mp_image_lock *lock, const struct mp_image_claim *claims, size_t n,
			 struct mp_error *err)
{
	char name[NAME_MAX_OURS];
	bool is_new = false;

	for (size_t i = 0; i < n; i++)
		is_new |= faccessat(lock->layers_fd, new_name(claims[i].hex, name), F_OK,
				    AT_SYMLINK_NOFOLLOW) == 0;
	if (!is_new)
		return 0;
	if (syncfs(lock->layers_fd) < 0)
		return mp_fail(err, errno, "sync layers");
	for (size_t i = 0; i < n; i++)
		(void)unlinkat(lock->layers_fd, new_name(claims[i].hex, name), 0);
	return 0;
}

/* 1 = it is there and locked, 0 = it is not, or -errno. */
static int share(struct mp_image_lock *lock, const char *hex, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd fd = openat(lock->layers_fd, hex, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : mp_fail(err, errno, "open layer %s", hex);
	r = lock_dir(fd, LOCK_SH, err);
	if (r < 0)
		return r;
	if (!is_still(lock->layers_fd, hex, fd))
		return 0; /* removed while we waited */
	*ret_fd = mp_steal_fd(&fd);
	return 1;
}

/*
 * Waits for whoever unpacks @name; removes what is left when that one died. Shared, since that is
 * what a finished layer is held by until its image is there.
 */
static int wait_for(struct mp_image_lock *lock, const char *name, struct mp_error *err)
{
	mp_auto_fd fd = openat(lock->layers_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : mp_fail(err, errno, "open layers/%s", name);
	r = lock_dir(fd, LOCK_SH, err);
	if (r == 0)
		r = mp_image_lock_acquire(lock, err);
	if (r < 0)
		return r;
	if (is_still(lock->layers_fd, name, fd))
		r = mp_tree_force_remove(lock->layers_fd, name, err);
	mp_image_lock_release(lock);
	return r;
}

int mp_image_claim_take(struct mp_image_lock *lock, const char *hex, struct mp_image_claim *ret,
			struct mp_error *err)
{
	char name[NAME_MAX_OURS];
	int fd = -EBADF;

	temporary_name(hex, name);
	for (;;) {
		int r = is_doubtful(lock, hex) ? discard(lock, hex, err) : 0;

		if (r == 0)
			r = share(lock, hex, &fd, err);
		if (r < 0)
			return r;
		ret->is_mine = r == 0;
		if (r == 0)
			r = mp_image_scratch_make(lock, name, &fd, err);
		if (r == -EEXIST) {
			r = wait_for(lock, name, err);
			if (r < 0)
				return r;
			continue;
		}
		if (r < 0)
			return r;
		ret->dir_fd = fd;
		(void)snprintf(ret->hex, sizeof(ret->hex), "%s", hex);
		/* Finished by another between our two looks? Then ours is not needed. */
		if (ret->is_mine &&
		    faccessat(lock->layers_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
			mp_image_claim_drop(lock, ret);
			continue;
		}
		return 0;
	}
}

int mp_image_claim_finish(struct mp_image_lock *lock, struct mp_image_claim *claim,
			  struct mp_error *err)
{
	char name[NAME_MAX_OURS];
	int r = 0;

	temporary_name(claim->hex, name);
	r = mp_image_lock_acquire(lock, err);
	if (r < 0)
		return r;
	r = mark_new(lock, claim->hex, err);
	if (r == 0 && renameat(lock->layers_fd, name, lock->layers_fd, claim->hex) < 0)
		r = mp_fail(err, errno, "name layer");
	/* Others may count on it now. Not in one step, but only who has the store's lock removes. */
	if (r == 0) {
		claim->is_mine = false;
		r = lock_dir(claim->dir_fd, LOCK_SH, err);
	}
	mp_image_lock_release(lock);
	return r;
}

void mp_image_claim_drop(struct mp_image_lock *lock, struct mp_image_claim *claim)
{
	char name[NAME_MAX_OURS];

	if (claim->dir_fd >= 0 && claim->is_mine) {
		temporary_name(claim->hex, name);
		(void)mp_tree_force_remove(lock->layers_fd, name, NULL);
	}
	mp_closep(&claim->dir_fd);
	claim->is_mine = false;
}

/* Opaque marks need a capability the helper has not; what it names is looked for beneath. */
int mp_image_mark_opaque(int layer_fd, const struct mp_image_unpacked *u, struct mp_error *err)
{
	for (const char *at = u->opaque; at < u->opaque + u->opaque_len; at += strlen(at) + 1) {
		mp_auto_fd fd = mp_sys_openat2(layer_fd, at, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
					       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

		if (fd < 0)
			return mp_fail(err, -fd, "opaque directory %s", at);
		if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
			return mp_fail(err, errno, "opaque directory %s", at);
	}
	return 0;
}
