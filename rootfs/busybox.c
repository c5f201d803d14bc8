/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes between these symbols, and MP_BUSYBOX_SHA256, come from the build. */
#include "rootfs/image_store.h"

extern const unsigned char mp_busybox_image[], mp_busybox_image_end[];
extern const char mp_busybox_applets[], mp_busybox_applets_end[];

const struct mp_image_embedded *mp_image_busybox(void)
{
	static const char *const names[] = {
		"docker.io/library/busybox:latest", "docker.io/library/busybox:stable",
		"docker.io/library/busybox:1",      "docker.io/library/busybox:1.35",
		"docker.io/library/busybox:1.35.0", NULL,
	};
	static struct mp_image_embedded image;

	image = (struct mp_image_embedded){
		.names = names,
		.digest = MP_BUSYBOX_SHA256 "." MP_IMAGE_EMBEDDED_LAYOUT,
		.exe = mp_busybox_image,
		.exe_size = (size_t)(mp_busybox_image_end - mp_busybox_image),
		.applets = mp_busybox_applets,
		.applets_size = (size_t)(mp_busybox_applets_end - mp_busybox_applets),
	};
	return &image;
}
