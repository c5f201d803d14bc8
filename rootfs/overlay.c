/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways lead to the mount. The new one names every layer by descriptor: no length limit, no
 * quoting, and the layers may themselves be detached (id-mapped, or a tmpfs nobody else sees);
 * it needs 6.15. The old one is mount(2) with one page of options; there the layers are reached
 * through short names in the container's directory, which is made the working directory for a
 * moment, and layers that are mounts of their own are attached below it for that time.
 *
 * "volatile" because the upper directory does not outlive its container: without it the unmount
 * syncs the whole file system that upper is on.
 */
#include "rootfs/overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "rootfs/fsctx.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define LAYERS_MAX 500 /* fs/overlayfs/params.h */
#define SHORT_DIR  "l"
#define TMPFS_DIR  "tmp"
#define MERGED_DIR "merged"
#define EMPTY_DIR  "empty"

#define VOLUME_ATTRS (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

/* Upper and work, made and opened; without them, an empty bottom layer: one alone is refused. */
struct top {
	int base_fd;  /* owned: the tmpfs, if there is one */
	int upper_fd; /* owned */
	int work_fd;  /* owned */
	int empty_fd; /* owned */
};

static void top_done(struct top *top)
{
	mp_closep(&top->upper_fd);
	mp_closep(&top->work_fd);
	mp_closep(&top->empty_fd);
	mp_closep(&top->base_fd);
}

#define mp_auto_top __attribute__((cleanup(top_done))) struct top

/* Is there nothing in the directory @fd but, maybe, a directory @name? */
static bool holds_only(int fd, const char *name)
{
	char buf[512] __attribute__((aligned(8)));
	const ssize_t n = getdents64(fd, buf, sizeof(buf));

	for (ssize_t at = 0; at < n;) {
		const struct dirent64 *e = (const void *)(buf + at);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		    (e->d_type != DT_DIR || strcmp(e->d_name, name) != 0))
			return false;
		at += e->d_reclen;
	}
	return n > 0;
}

/* Nothing but what the kernel makes in the work directory of a volatile mount. */
static bool is_kernels_own(int fd)
{
	static const char *const names[] = { "work", "incompat", "volatile" };
	mp_auto_fd dir = -EBADF;

	for (size_t i = 0; i < MP_ARRAY_SIZE(names); i++) {
		if (!holds_only(i == 0 ? fd : dir, names[i]))
			return false;

		const int next = openat(i == 0 ? fd : dir, names[i],
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0)
			return errno == ENOENT;
		mp_closep(&dir);
		dir = next;
	}
	return true;
}

/* Takes that away, since the kernel refuses the mark of a volatile mount. True: it is empty now. */
static bool clean(int fd)
{
	static const char *const made[] = { "work/incompat/volatile", "work/incompat", "work" };

	(void)unlinkat(fd, "work/incompat/volatile/dirty", 0);
	for (size_t i = 0; i < MP_ARRAY_SIZE(made); i++)
		if (unlinkat(fd, made[i], AT_REMOVEDIR) < 0 && errno != ENOENT)
			return false;
	return holds_only(fd, "");
}

static int make_dir(int base_fd, const char *name, const struct stat *like, int *ret_fd,
		    struct mp_error *err)
{
	mp_auto_fd fd = -EBADF;

	/*
	 * One without owner and mode of its own is as good as new when nothing is in it. It is cleaned
	 * now and not when its pod ended: that was waited for, and this goes on beside pause.
	 */
	if (!like)
		fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && clean(fd)) {
		*ret_fd = mp_steal_fd(&fd);
		return 0;
	}
	mp_closep(&fd);
	if (mkdirat(base_fd, name, 0700) < 0) {
		if (errno != EEXIST)
			return mp_fail(err, errno, "make %s directory", name);
		/* An earlier life's; its volatile mark would make the kernel refuse it. */
		int r = mp_tree_force_remove(base_fd, name, err);

		if (r < 0)
			return mp_wrap(err, r, "remove old %s directory", name);
		if (mkdirat(base_fd, name, 0700) < 0)
			return mp_fail(err, errno, "make %s directory", name);
	}
	fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return mp_fail(err, errno, "open %s directory", name);
	/* The root a container sees has the owner and mode of the upper directory. */
	if (like && ((like->st_uid != 0 || like->st_gid != 0) &&
		     fchown(fd, like->st_uid, like->st_gid) < 0))
		return mp_fail(err, errno, "set owner of %s directory", name);
	if (like && fchmod(fd, like->st_mode & 07777U) < 0)
		return mp_fail(err, errno, "set mode of %s directory", name);
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static int idmap(int mount_fd, int userns_fd, const char *what, struct mp_error *err)
{
	const int r = mp_mount_idmap(mount_fd, userns_fd);

	if (r == -EINVAL)
		return mp_fail_text(err, EINVAL, "map the ids of %s: " MP_NO_IDMAP, what);
	return r < 0 ? mp_fail(err, -r, "map the ids of %s", what) : 0;
}

static int new_tmpfs(const struct mp_overlay_config *cfg, int *ret_fd, struct mp_error *err)
{
	char size[32];
	const struct mp_fs_option options[] = { { "mode", "0755" }, { "size", size } };

	(void)snprintf(size, sizeof(size), "%llu", (unsigned long long)cfg->tmpfs_bytes);

	const int fd = mp_fs_new("tmpfs", options, cfg->tmpfs_bytes > 0 ? 2 : 1, 0);

	if (fd < 0)
		return mp_fail(err, -fd, "mount tmpfs for upper directory");
	*ret_fd = fd;
	return 0;
}

/* A layer as a descriptor: the directory, or a detached id-mapped copy of it. */
static int open_layer(const struct mp_overlay_config *cfg, size_t i, int *ret_fd,
		      struct mp_error *err)
{
	const char *path = cfg->layer_dirs[i];
	mp_auto_fd fd = -EBADF;
	int r = 0;

	if (cfg->userns_fd < 0) {
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return mp_fail(err, errno, "layer %s", path);
	} else {
		fd = mp_sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (fd < 0)
			return mp_fail(err, -fd, "layer %s", path);
		r = idmap(fd, cfg->userns_fd, path, err);
	}
	if (r == 0)
		*ret_fd = mp_steal_fd(&fd);
	return r;
}

static int open_top(const struct mp_overlay_config *cfg, struct top *top, struct mp_error *err)
{
	mp_auto_fd layer = -EBADF;
	struct stat like;
	int base = cfg->dir_fd;
	int r;

	if (cfg->upper == MP_OVERLAY_NONE)
		return make_dir(base, EMPTY_DIR, NULL, &top->empty_fd, err);
	r = open_layer(cfg, 0, &layer, err);

	if (r < 0)
		return r;
	/* Through the map, if there is one: upper holds the ids as the container has them outside. */
	if (fstat(layer, &like) < 0)
		return mp_fail(err, errno, "layer %s", cfg->layer_dirs[0]);
	if (cfg->upper == MP_OVERLAY_TMPFS) {
		r = new_tmpfs(cfg, &top->base_fd, err);
		base = top->base_fd;
	}
	if (r == 0)
		r = make_dir(base, "upper", &like, &top->upper_fd, err);
	if (r == 0)
		r = make_dir(base, "work", NULL, &top->work_fd, err);
	return r;
}

/*
 * Says -EINVAL without a sentence when the kernel does not know this way. Before 6.5 overlay takes
 * no descriptor at all, for which the kernel has another word.
 */
static int set_fd(int fs, const char *key, int fd, struct mp_error *err)
{
	const int r = mp_sys_fsconfig(fs, FSCONFIG_SET_FD, key, NULL, fd);
	char buf[256];

	if (r == -EOPNOTSUPP)
		return -EINVAL;
	if (r >= 0 || r == -EINVAL)
		return r;
	return mp_fail(err, -r, "overlay: set %s: %s", key, mp_fs_reason(fs, buf, sizeof(buf)));
}

/* A detached copy ends with its descriptor: @fds keeps them until the overlay has its own. */
static int set_layers(const struct mp_overlay_config *cfg, int fs, int *fds, struct mp_error *err)
{
	for (size_t i = 0; i < cfg->n_layer_dirs; i++) {
		mp_auto_fd layer = -EBADF;
		int r = open_layer(cfg, i, &layer, err);

		if (r == 0)
			r = set_fd(fs, "lowerdir+", layer, err);
		if (r < 0)
			return r;
		if (cfg->userns_fd >= 0)
			fds[i] = mp_steal_fd(&layer);
	}
	return 0;
}

static int create_by_fd(const struct mp_overlay_config *cfg, const struct top *top, int *fds,
			int *ret_fd, struct mp_error *err)
{
	mp_auto_fd fs = mp_sys_fsopen("overlay");
	char buf[256];
	int r;

	if (fs < 0)
		return mp_fail(err, -fs, "overlay: open");
	r = mp_sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0);
	if (r < 0)
		return mp_fail(err, -r, "overlay: set source");
	r = set_layers(cfg, fs, fds, err);
	if (r == 0 && top->empty_fd >= 0)
		r = set_fd(fs, "lowerdir+", top->empty_fd, err);
	else if (r == 0)
		r = set_fd(fs, "upperdir", top->upper_fd, err);
	if (r == 0 && top->work_fd >= 0)
		r = set_fd(fs, "workdir", top->work_fd, err);
	if (r < 0)
		return r;
	if (cfg->upper == MP_OVERLAY_DISK) {
		r = mp_sys_fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
		if (r < 0 && r != -EINVAL) /* 5.10 */
			return mp_fail(err, -r, "overlay: set volatile");
	}
	/*
	 * Else the kernel (6.6) stores a new UUID in an attribute of the upper directory: as long as
	 * all the rest on ext4, for a file system that is gone before anybody could ask for it.
	 */
	(void)mp_sys_fsconfig(fs, FSCONFIG_SET_STRING, "uuid", "null", 0);
	r = mp_sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == -EINVAL)
		return r;
	if (r < 0)
		return mp_fail(err, -r, "overlay: %s", mp_fs_reason(fs, buf, sizeof(buf)));
	r = mp_sys_fsmount(fs, cfg->upper == MP_OVERLAY_NONE ? VOLUME_ATTRS : 0);
	if (r < 0)
		return mp_fail(err, -r, "overlay: mount");
	*ret_fd = r;
	return 0;
}

static int mount_by_fd(const struct mp_overlay_config *cfg, const struct top *top, int *ret_fd,
		       struct mp_error *err)
{
	int fds[LAYERS_MAX];
	int r;

	for (size_t i = 0; i < cfg->n_layer_dirs; i++)
		fds[i] = -EBADF;
	r = create_by_fd(cfg, top, fds, ret_fd, err);
	for (size_t i = 0; i < cfg->n_layer_dirs; i++)
		mp_closep(&fds[i]);
	return r;
}

/* What mount_by_path() made in the container's directory, to be taken away again. */
static void clear_names(int dir_fd, size_t n)
{
	char name[32];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), SHORT_DIR "/%zu", i);
		(void)umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW);
		if (unlinkat(dir_fd, name, 0) < 0)
			(void)unlinkat(dir_fd, name, AT_REMOVEDIR);
	}
	(void)unlinkat(dir_fd, SHORT_DIR, AT_REMOVEDIR);
	(void)umount2(TMPFS_DIR, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlinkat(dir_fd, TMPFS_DIR, AT_REMOVEDIR);
	(void)umount2(MERGED_DIR, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlinkat(dir_fd, MERGED_DIR, AT_REMOVEDIR);
}

static int attach_at(int dir_fd, const char *name, int mount_fd, struct mp_error *err)
{
	if (mkdirat(dir_fd, name, 0700) < 0)
		return mp_fail(err, errno, "make %s", name);

	const int r = mp_sys_move_mount(mount_fd, "", dir_fd, name, MOVE_MOUNT_F_EMPTY_PATH);

	return r < 0 ? mp_fail(err, -r, "attach %s", name) : 0;
}

static int make_names(const struct mp_overlay_config *cfg, const struct top *top,
		      struct mp_buf *options, struct mp_error *err)
{
	char name[32];
	int r = 0;

	if (mkdirat(cfg->dir_fd, SHORT_DIR, 0700) < 0 || mkdirat(cfg->dir_fd, MERGED_DIR, 0700) < 0)
		return mp_fail(err, errno, "make names for layers");
	mp_buf_adds(options, "lowerdir=");
	for (size_t i = 0; i < cfg->n_layer_dirs && r == 0; i++) {
		mp_auto_fd layer = -EBADF;

		(void)snprintf(name, sizeof(name), SHORT_DIR "/%zu", i);
		mp_buf_addf(options, "%s%s", i > 0 ? ":" : "", name);
		/* Also where only its name is used: the kernel would not say which one is missing. */
		r = open_layer(cfg, i, &layer, err);
		if (r < 0)
			break;
		if (cfg->userns_fd >= 0) {
			r = attach_at(cfg->dir_fd, name, layer, err);
		} else if (symlinkat(cfg->layer_dirs[i], cfg->dir_fd, name) < 0) {
			r = mp_fail(err, errno, "make names for layers");
		}
	}
	if (r == 0 && top->base_fd >= 0) {
		r = attach_at(cfg->dir_fd, TMPFS_DIR, top->base_fd, err);
		mp_buf_adds(options, ",upperdir=" TMPFS_DIR "/upper,workdir=" TMPFS_DIR "/work");
	} else if (r == 0 && top->empty_fd >= 0) {
		mp_buf_adds(options, ":" EMPTY_DIR);
	} else if (r == 0) {
		mp_buf_adds(options, ",upperdir=upper,workdir=work");
	}
	return r;
}

static int mount_here(const struct mp_overlay_config *cfg, const struct top *top, int *ret_fd,
		      struct mp_error *err)
{
	char text[4096]; /* mount(2) takes one page */
	struct mp_buf options = MP_BUF(text);
	int r = make_names(cfg, top, &options, err);

	if (r < 0)
		return r;

	const size_t plain = options.len;

	if (cfg->upper == MP_OVERLAY_DISK)
		mp_buf_adds(&options, ",volatile");
	if (options.is_cut)
		return mp_fail_text(err, E2BIG, "overlay: %zu layers are too many for this kernel",
				    cfg->n_layer_dirs);
	r = mount("overlay", MERGED_DIR, "overlay", 0, text);
	if (r < 0 && errno == EINVAL && options.len > plain) {
		text[plain] = '\0'; /* before 5.10 */
		r = mount("overlay", MERGED_DIR, "overlay", 0, text);
	}
	if (r < 0)
		return mp_fail(err, errno, "overlay: mount");
	r = mp_sys_open_tree(cfg->dir_fd, MERGED_DIR, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (r < 0)
		return mp_fail(err, -r, "overlay: copy mount");
	*ret_fd = r;
	if (cfg->upper != MP_OVERLAY_NONE)
		return 0;
	r = mp_mount_set(*ret_fd, 0, &(struct mount_attr){ .attr_set = VOLUME_ATTRS });
	if (r == 0)
		return 0;
	mp_closep(ret_fd);
	return mp_fail(err, -r, "overlay: make it read-only");
}

static int mount_by_path(const struct mp_overlay_config *cfg, const struct top *top, int *ret_fd,
			 struct mp_error *err)
{
	mp_auto_fd here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here < 0)
		return mp_fail(err, errno, "open working directory");
	if (fchdir(cfg->dir_fd) < 0)
		return mp_fail(err, errno, "enter the container's directory");
	clear_names(cfg->dir_fd, cfg->n_layer_dirs);

	int r = mount_here(cfg, top, ret_fd, err);

	clear_names(cfg->dir_fd, cfg->n_layer_dirs);
	if (fchdir(here) < 0 && r == 0) {
		r = mp_fail(err, errno, "return to working directory");
		mp_closep(ret_fd);
	}
	return r;
}

int mp_overlay_mount(const struct mp_overlay_config *cfg, int *ret_fd, struct mp_error *err)
{
	mp_auto_top top = { -EBADF, -EBADF, -EBADF, -EBADF };
	mp_auto_fd fd = -EBADF;

	if (cfg->n_layer_dirs == 0)
		return mp_fail_text(err, EINVAL, "overlay: an image without layers");
	if (cfg->n_layer_dirs > LAYERS_MAX)
		return mp_fail_text(err, E2BIG, "overlay: %zu layers are more than the kernel's %d",
				    cfg->n_layer_dirs, LAYERS_MAX);

	int r = open_top(cfg, &top, err);

	if (r == 0)
		r = mount_by_fd(cfg, &top, &fd, err);
	if (r == -EBUSY) {
		/* Somebody still holds the mount that "work" was part of before. */
		top_done(&top);
		(void)mp_overlay_remove(cfg->dir_fd, NULL);
		r = open_top(cfg, &top, err);
		if (r == 0)
			r = mount_by_fd(cfg, &top, &fd, err);
	}
	if (r == -EINVAL) {
		/* Anew: the attempt may have marked the work directory "volatile". */
		top_done(&top);
		r = open_top(cfg, &top, err);
		if (r == 0)
			r = mount_by_path(cfg, &top, &fd, err);
	}
	if (r < 0) {
		top_done(&top);
		if (cfg->upper == MP_OVERLAY_DISK)
			(void)mp_overlay_remove(cfg->dir_fd, NULL);
		return r;
	}
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

bool mp_overlay_reset(int dir_fd)
{
	if (unlinkat(dir_fd, "upper", AT_REMOVEDIR) < 0 && errno != ENOENT &&
	    mp_tree_force_remove(dir_fd, "upper", NULL) < 0)
		return false;

	mp_auto_fd work = openat(dir_fd, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return work >= 0 ? is_kernels_own(work) : errno == ENOENT;
}

int mp_overlay_remove(int dir_fd, struct mp_error *err)
{
	int r = mp_tree_force_remove(dir_fd, "upper", err);
	const int r2 = mp_tree_force_remove(dir_fd, "work", r < 0 ? NULL : err);

	return r < 0 ? r : r2;
}
