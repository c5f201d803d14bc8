/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images as volumes (9.8): the layers, stacked without anything to write to, mounted in the pod's private
 * directory. A container is given a copy of that mount, so what is mounted anew later leaves it alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/overlay.h"
#include "rootfs/volumes.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/supervisor.h"

static int open_dir(int parent, const char *path, int *ret_fd, struct mp_error *err)
{
	int r = mp_dir_make(parent, path, 0750, err);

	if (r < 0)
		return r;
	*ret_fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? mp_fail(err, errno, "open %s", path) : 0;
}

/* Mounted on the directory @name of @parent; @dir is for what overlay needs beside. */
static int mount_layers(int parent, const char *name, int dir, const struct mp_image *image,
			int userns_fd, int *ret_fd, struct mp_error *err)
{
	const struct mp_overlay_config cfg = { .layer_dirs = image->layer_dirs,
					       .n_layer_dirs = image->n_layer_dirs,
					       .dir_fd = dir,
					       .upper = MP_OVERLAY_NONE,
					       .userns_fd = userns_fd };
	mp_auto_fd mount = -EBADF;
	int r = mp_overlay_mount(&cfg, &mount, err);

	if (r < 0)
		return r;
	if (mkdirat(parent, name, 0700) < 0)
		return mp_fail(err, errno, "make mount point");
	r = mp_sys_move_mount(mount, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return mp_fail(err, -r, "mount image");
	*ret_fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *ret_fd < 0 ? mp_fail(err, errno, "open mounted image") : 0;
}

static int mount_image(struct mp_supervisor *sv, const struct mp_volume *v, struct mp_volume_rt *rt,
		       const struct mp_image *image, int userns_fd, struct mp_error *err)
{
	mp_auto_fd parent = -EBADF;
	mp_auto_fd dir = -EBADF;
	char beside[80]; /* no volume has a dot in its name */
	int fd = -EBADF;
	int r = open_dir(sv->private_fd, "volumes/" MP_IMAGE_VOLUME_DIR, &parent, err);

	if (r == 0)
		r = mp_volume_remove(parent, v->name, err);
	(void)snprintf(beside, sizeof(beside), "%s.d", v->name);
	if (r == 0)
		r = open_dir(parent, beside, &dir, err);
	if (r == 0)
		r = mount_layers(parent, v->name, dir, image, userns_fd, &fd, err);
	if (r < 0)
		return r;
	if (rt->is_ready)
		mp_closep(&rt->fd);
	rt->fd = fd;
	rt->is_ready = true;
	(void)snprintf(rt->image, sizeof(rt->image), "%s", image->id);
	return 0;
}

static int mount_volume(struct mp_supervisor *sv, size_t i, int userns_fd, struct mp_error *err)
{
	const struct mp_volume *v = &sv->spec->volumes[i];
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_volume_rt *rt = &sv->volumes[i];
	struct mp_arena arena = { .head = NULL };
	struct mp_image image;
	int r = mp_image_lookup(sv->images, v->image.reference, &arena, &found, &image, err);

	if (r == 0 && found == MP_IMAGE_ABSENT)
		r = mp_fail_text(err, ENOENT, "image \"%s\" is not in the store any more",
				 v->image.reference);
	if (r == 0 && (!rt->is_ready || strcmp(rt->image, image.id) != 0))
		r = mount_image(sv, v, rt, &image, userns_fd, err);
	mp_arena_done(&arena);
	return r < 0 ? mp_wrap(err, r, "volume \"%s\"", v->name) : 0;
}

int mp_exec_mount_images(struct mp_supervisor *sv, const struct mp_container_spec *c, int userns_fd,
			 struct mp_error *err)
{
	int r = 0;

	for (size_t i = 0; i < c->n_mounts && r == 0; i++) {
		const int volume = mp_spec_volume(sv->spec, c->mounts[i].name);

		if (volume >= 0 && sv->spec->volumes[volume].kind == MP_VOLUME_IMAGE)
			r = mount_volume(sv, (size_t)volume, userns_fd, err);
	}
	return r;
}
