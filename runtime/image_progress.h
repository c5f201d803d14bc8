/* SPDX-License-Identifier: Apache-2.0 */
/* How far an image is: one line that changes on a terminal, one line a layer elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "rootfs/image_load.h"

struct mp_image_progress_view {
	FILE *out; /* borrowed */
	bool is_terminal;
	bool has_line; /* one that changes is being shown */
	struct mp_image_progress progress;
};

/** mp_image_progress_init() - for @out; @view must stay where it is. */
void mp_image_progress_init(struct mp_image_progress_view *view, FILE *out);

/** mp_image_progress_download() - as mp_image_pull_options.download; @ctx is the view. */
void mp_image_progress_download(void *ctx, uint64_t bytes, uint64_t total);

/** mp_image_progress_end() - take the line that changes away. */
void mp_image_progress_end(struct mp_image_progress_view *view);

/** mp_image_size_text() - "12.3 MB": decimal units, as podman's. In @buf. */
const char *mp_image_size_text(uint64_t bytes, char buf[32]);
