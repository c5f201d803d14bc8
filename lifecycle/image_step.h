/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kubelet's image manager decides for one container, and says about it.
 * Source: pkg/kubelet/images/image_manager.go; pod-semantics reference section 9.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/clock.h"
#include "runtime/base/str.h"

enum mp_image_step {
	MP_IMAGE_USE,    /* it is there and will do: Pulled */
	MP_IMAGE_PULL,   /* Pulling */
	MP_IMAGE_REFUSE, /* it is not there and must not be pulled: ErrImageNeverPull */
};

/** mp_image_step() - by the imagePullPolicy and whether the local store has the image. */
enum mp_image_step mp_image_step(const char *policy, bool is_present);

/** mp_image_say_present() - the message of Pulled for MP_IMAGE_USE. */
void mp_image_say_present(struct mp_buf *out, const char *image);

/** mp_image_say_pulled() - the message of Pulled after a pull. @bytes: the image's size. */
void mp_image_say_pulled(struct mp_buf *out, const char *image, mp_nsec took, mp_nsec waiting,
			 int64_t bytes);

/** mp_image_say_never() - the message of ErrImageNeverPull. */
void mp_image_say_never(struct mp_buf *out, const char *image);
