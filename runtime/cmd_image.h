/* SPDX-License-Identifier: Apache-2.0 */
/* minipod image: what is in the image store, and how it gets there. */
#pragma once

#include "rootfs/image_list.h"
#include "runtime/cli.h"

extern const struct mp_option mp_image_options[];

int mp_cmd_image(const struct mp_args *args);

/** struct mp_image_cmd - what each of the verb's commands is given. */
struct mp_image_cmd {
	const struct mp_args *args;
	const char *const *words; /* behind the command's own name */
	size_t n_words;
	struct mp_roots roots;
	struct mp_image_store *store;
	struct mp_arena *arena;
};

/* Each returns 0 or -errno with a sentence. */
int mp_cmd_image_load(const struct mp_image_cmd *cmd, struct mp_error *err);
int mp_cmd_image_import(const struct mp_image_cmd *cmd, struct mp_error *err);
int mp_cmd_image_pull(const struct mp_image_cmd *cmd, struct mp_error *err);
int mp_cmd_image_ls(const struct mp_image_cmd *cmd, struct mp_error *err);
int mp_cmd_image_inspect(const struct mp_image_cmd *cmd, struct mp_error *err);
