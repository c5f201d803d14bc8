/* SPDX-License-Identifier: Apache-2.0 */
/* Images: what the local store says, and what a pull comes to when nothing else can be asked. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "rootfs/image.h"
#include "runtime/supervisor.h"

static void post_failed(struct mp_supervisor *sv, size_t index, const char *reason,
			const char *message)
{
	mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_IMAGE_FAILED,
						   .container = (int)index,
						   .text = { reason, message } });
}

/* 0: present or absent is known; negative: posted as a failure. */
static int look_up(struct mp_supervisor *sv, size_t index, struct mp_arena *arena,
		   enum mp_image_found *found, struct mp_image *image)
{
	const char *name = sv->spec->containers[index].image;
	struct mp_error err = MP_ERROR_NONE;
	char text[MP_ERROR_MSG_MAX + 256];
	const int r = mp_image_lookup(sv->images, name, arena, found, image, &err);

	if (r == 0)
		return 0;
	if (r == -EINVAL)
		(void)snprintf(text, sizeof(text), "Failed to apply default image tag \"%s\": %s",
			       name, err.msg);
	else
		(void)snprintf(text, sizeof(text), "Failed to inspect image \"%s\": %s", name,
			       err.msg);
	post_failed(sv, index, r == -EINVAL ? "InvalidImageName" : "ImageInspectError", text);
	return r;
}

static void post_image(struct mp_supervisor *sv, size_t index, enum mp_event_type type,
		       const struct mp_image *image)
{
	mp_supervisor_post(
		sv,
		&(struct mp_event){
			.type = type,
			.container = (int)index,
			.image = { .resolved = image->name,
				   .id = image->ref,
				   .stop_signal = image->stop_signal[0] ? image->stop_signal : NULL,
				   .bytes = (int64_t)image->size_bytes } });
}

void mp_exec_check_image(struct mp_supervisor *sv, size_t index)
{
	struct mp_arena arena = { .head = NULL };
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image image;

	if (look_up(sv, index, &arena, &found, &image) == 0) {
		if (found == MP_IMAGE_PRESENT)
			post_image(sv, index, MP_EV_IMAGE_PRESENT, &image);
		else
			mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_IMAGE_ABSENT,
								   .container = (int)index });
	}
	mp_arena_done(&arena);
}

void mp_exec_pull_image(struct mp_supervisor *sv, size_t index)
{
	const char *name = sv->spec->containers[index].image;
	struct mp_arena arena = { .head = NULL };
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image image;

	/* The local store is the only registry there is: a pull asks it once more. */
	if (look_up(sv, index, &arena, &found, &image) == 0) {
		if (found == MP_IMAGE_PRESENT) {
			post_image(sv, index, MP_EV_IMAGE_PULLED, &image);
		} else {
			char text[1024];

			(void)snprintf(text, sizeof(text),
				       "failed to pull and unpack image \"%s\": not in the local "
				       "image store, and no registry is configured",
				       name);
			post_failed(sv, index, "ErrImagePull", text);
		}
	}
	mp_arena_done(&arena);
}
