/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that bring images into the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "rootfs/image_import.h"
#include "rootfs/image_pull.h"
#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/cmd_image.h"
#include "runtime/image_progress.h"

static bool is_quiet(const struct mp_image_cmd *cmd)
{
	return mp_args_has(cmd->args, "quiet");
}

static void print_image(const struct mp_image_cmd *cmd, const char *what, const char *name,
			const char *id)
{
	if (is_quiet(cmd))
		(void)printf("%s\n", id);
	else
		(void)printf("%s: %s\n", what, name[0] ? name : id);
}

static const char *source_path(const char *word)
{
	return strcmp(word, "-") == 0 ? "/dev/stdin" : word;
}

int mp_cmd_image_load(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	const char *tag = mp_args_get(cmd->args, "tag");
	struct mp_image_loaded *list = NULL;
	struct mp_image_progress_view view;
	int r;

	mp_image_progress_init(&view, stderr);

	const struct mp_image_load_options options = {
		.name = tag,
		.keeps_devices = mp_args_has(cmd->args, "devices"),
		.progress = is_quiet(cmd) ? NULL : &view.progress,
	};

	r = mp_image_load(cmd->store, source_path(cmd->words[0]), &options, cmd->arena, &list, err);
	mp_image_progress_end(&view);
	if (r == 0 && tag && list && list->next)
		r = mp_fail_text(err, EINVAL,
				 "--tag %s: %s has several images; they are loaded under their own "
				 "names",
				 tag, cmd->words[0]);
	else if (r == 0 && tag && list)
		r = mp_image_tag(cmd->store, list->id, tag, err);
	for (; list; list = list->next)
		print_image(cmd, "Loaded image", list->name, list->id);
	return r;
}

int mp_cmd_image_import(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	const char *config = mp_args_get(cmd->args, "config");
	struct mp_image_loaded *loaded = NULL;
	struct mp_image_progress_view view;
	char *text = NULL;
	size_t len = 0;
	int r = 0;

	mp_image_progress_init(&view, stderr);
	if (config)
		r = mp_file_read(AT_FDCWD, config, MP_DOCUMENT_BYTES_MAX, cmd->arena, &text, &len,
				 err);

	const struct mp_image_import_options options = {
		.name = cmd->words[1],
		.config = text,
		.config_len = len,
		.keeps_devices = mp_args_has(cmd->args, "devices"),
		.progress = is_quiet(cmd) || !view.is_terminal ? NULL : &view.progress,
	};

	if (r == 0)
		r = mp_image_import(cmd->store, source_path(cmd->words[0]), &options, cmd->arena,
				    &loaded, err);
	mp_image_progress_end(&view);
	if (r == 0 && loaded)
		print_image(cmd, "Imported image", loaded->name, loaded->id);
	return r;
}

int mp_cmd_image_pull(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	struct mp_image_progress_view view;
	int first = 0;

	mp_image_progress_init(&view, stderr);
	for (size_t i = 0; i < cmd->n_words; i++) {
		const struct mp_image_pull_options options = {
			.download = is_quiet(cmd) ? NULL : mp_image_progress_download,
			.progress = is_quiet(cmd) ? NULL : &view.progress,
			.skips_tls_verify = mp_args_has(cmd->args, "insecure"),
		};
		struct mp_error why = MP_ERROR_NONE;
		struct mp_image_pulled pulled;
		const int r = mp_image_pull(cmd->store, cmd->words[i], &options, cmd->arena,
					    &pulled, &why);

		mp_image_progress_end(&view);
		if (r == 0) {
			print_image(cmd,
				    pulled.was_up_to_date ? "Image is up to date" : "Pulled image",
				    pulled.name, pulled.id);
		} else if (first == 0) {
			first = r;
			*err = why;
		} else {
			(void)mp_cli_fail(-EINVAL, &why);
		}
	}
	return first;
}
