/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image_progress.h"

#include <unistd.h>

#include "runtime/base/auto.h"

#define ERASE "\r\033[K"

const char *mp_image_size_text(uint64_t bytes, char buf[32])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes;
	size_t unit = 0;

	/* Whatever would be printed as 1000 is one of the next unit. */
	while (value >= 999.5 && unit + 1 < MP_ARRAY_SIZE(units)) {
		value /= 1000;
		unit++;
	}
	(void)snprintf(buf, 32, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.3g %s", value,
		       units[unit]);
	return buf;
}

void mp_image_progress_end(struct mp_image_progress_view *view)
{
	if (!view->has_line)
		return;
	(void)fputs(ERASE, view->out);
	(void)fflush(view->out);
	view->has_line = false;
}

static void print_of(FILE *out, uint64_t bytes, uint64_t total)
{
	char done[32], all[32];

	if (total > 0)
		(void)fprintf(out, "%s of %s", mp_image_size_text(bytes, done),
			      mp_image_size_text(total, all));
	else
		(void)fprintf(out, "%s", mp_image_size_text(bytes, done));
}

static void show_layer(void *ctx, size_t index, size_t n, const char *diff_hex,
		       enum mp_image_layer_state state, uint64_t bytes, uint64_t total)
{
	struct mp_image_progress_view *view = ctx;
	char size[32];

	if (state == MP_IMAGE_LAYER_UNPACKING && !view->is_terminal)
		return;
	mp_image_progress_end(view);
	(void)fprintf(view->out, "layer %zu of %zu %.12s: ", index + 1, n, diff_hex);
	switch (state) {
	case MP_IMAGE_LAYER_PRESENT:
		(void)fprintf(view->out, "already there\n");
		break;
	case MP_IMAGE_LAYER_UNPACKING:
		(void)fputs("unpacking ", view->out);
		print_of(view->out, bytes, total);
		view->has_line = true;
		break;
	case MP_IMAGE_LAYER_DONE:
		(void)fprintf(view->out, "unpacked, %s\n", mp_image_size_text(total, size));
		break;
	}
	(void)fflush(view->out);
}

void mp_image_progress_download(void *ctx, uint64_t bytes, uint64_t total)
{
	struct mp_image_progress_view *view = ctx;

	if (!view->is_terminal)
		return;
	mp_image_progress_end(view);
	(void)fputs("downloading ", view->out);
	print_of(view->out, bytes, total);
	(void)fflush(view->out);
	view->has_line = true;
}

void mp_image_progress_init(struct mp_image_progress_view *view, FILE *out)
{
	*view = (struct mp_image_progress_view){ .out = out, .is_terminal = isatty(fileno(out)) };
	view->progress = (struct mp_image_progress){ .layer = show_layer, .ctx = view };
}
