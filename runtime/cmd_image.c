/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/image_use.h"

const struct mp_option mp_image_options[] = {
	{ "output", 'o', "FORMAT", "of ls: wide, name, json or yaml; of inspect: json or yaml",
	  false },
	{ "tag", 't', "NAME", "load: name the image NAME as well", false },
	{ "config", 0, "FILE", "import: the image's configuration, JSON or YAML", false },
	{ "devices", 0, NULL, "load, import: make device nodes instead of refusing them", false },
	{ "insecure", 0, NULL, "pull: do without TLS, or with certificates that are not valid",
	  false },
	{ "force", 'f', NULL, "rm: an image by its id, though it has several names", false },
	{ "all", 'a', NULL, "prune: every image that no pod uses, not only those without a name",
	  false },
	{ "no-headers", 0, NULL, "ls: without the line of column names", false },
	{ NULL, 0, NULL, NULL, false },
};

static bool is_quiet(const struct mp_image_cmd *cmd)
{
	return mp_args_has(cmd->args, "quiet");
}

/* ---- rm, prune, tag ----------------------------------------------------------------------------- */

static struct mp_image_users users(const struct mp_image_cmd *cmd, struct mp_roots *roots)
{
	*roots = cmd->roots;
	return (struct mp_image_users){ .is_used = mp_image_used, .ctx = roots };
}

static int rm(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	const bool force = mp_args_has(cmd->args, "force");
	struct mp_roots roots;
	const struct mp_image_users pods = users(cmd, &roots);
	int first = 0;

	for (size_t i = 0; i < cmd->n_words; i++) {
		struct mp_image_removed removed = { .id = "" };
		struct mp_error why = MP_ERROR_NONE;
		const int r = mp_image_remove(cmd->store, cmd->words[i], force, &pods, cmd->arena,
					      &removed, &why);

		if (r < 0 && first == 0) {
			first = r;
			*err = why;
		} else if (r < 0) {
			(void)mp_cli_fail(r, &why);
		}
		for (const char *const *n = removed.untagged; n && *n; n++)
			(void)printf("Untagged: %s\n", *n);
		if (removed.id[0])
			(void)printf("Deleted: %s\n", removed.id);
	}
	return first;
}

static int prune(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	struct mp_image_pruned pruned = { .n_layers = 0 };
	struct mp_roots roots;
	const struct mp_image_users pods = users(cmd, &roots);
	const int r = mp_image_prune(cmd->store, mp_args_has(cmd->args, "all"), &pods, cmd->arena,
				     &pruned, err);

	for (const char *const *id = pruned.ids; id && *id; id++)
		(void)printf("Deleted: %s\n", *id);
	if (r == 0 && !is_quiet(cmd))
		(void)fprintf(stderr, "%zu layers removed\n", pruned.n_layers);
	return r;
}

static int tag(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	const struct mp_image_entry *entry = NULL;
	struct mp_image_entries list = { .n = 0 };
	int r = mp_image_list(cmd->store, cmd->arena, &list, err);

	if (r == 0)
		r = mp_image_entry_find(&list, cmd->words[0], &entry, NULL, err);
	return r < 0 || !entry ? r : mp_image_tag(cmd->store, entry->image.id, cmd->words[1], err);
}

/* ---- the verb ----------------------------------------------------------------------------------- */

static const struct command {
	const char *name, *usage;
	size_t min_words, max_words;
	int (*run)(const struct mp_image_cmd *cmd, struct mp_error *err);
} commands[] = {
	{ "pull", "pull NAME... [--insecure]", 1, 60, mp_cmd_image_pull },
	{ "load", "load FILE|DIR|- [--tag NAME] [--devices]", 1, 1, mp_cmd_image_load },
	{ "import", "import FILE|DIR|- NAME [--config FILE] [--devices]", 2, 2,
	  mp_cmd_image_import },
	{ "ls", "ls [NAME...] [-q] [-o FORMAT]", 0, 60, mp_cmd_image_ls },
	{ "inspect", "inspect NAME...", 1, 60, mp_cmd_image_inspect },
	{ "tag", "tag NAME NEW-NAME", 2, 2, tag },
	{ "rm", "rm NAME... [--force]", 1, 60, rm },
	{ "prune", "prune [--all]", 0, 0, prune },
};

static const struct command *find(const char *word, struct mp_error *err)
{
	const char *names[MP_ARRAY_SIZE(commands)];
	const char *near;

	if (strcmp(word, "list") == 0)
		word = "ls";
	for (size_t i = 0; i < MP_ARRAY_SIZE(commands); i++) {
		names[i] = commands[i].name;
		if (strcmp(word, names[i]) == 0)
			return &commands[i];
	}
	near = mp_closest(word, names, MP_ARRAY_SIZE(commands));
	if (near)
		(void)mp_fail_text(err, EINVAL, "unknown command 'image %s': did you mean '%s'?",
				   word, near);
	else
		(void)mp_fail_text(err, EINVAL,
				   "unknown command 'image %s': see 'minipod image --help'", word);
	return NULL;
}

static int run(const struct mp_args *args, struct mp_arena *arena, struct mp_error *err)
{
	const struct command *command = find(args->positional[0], err);
	struct mp_image_cmd cmd = { .args = args,
				    .words = args->positional + 1,
				    .n_words = args->n_positional - 1,
				    .arena = arena };
	int r;

	if (!command)
		return -EINVAL;
	if (cmd.n_words < command->min_words || cmd.n_words > command->max_words)
		return mp_fail_text(err, EINVAL, "usage: minipod image %s", command->usage);
	r = mp_cli_roots(args, &cmd.roots, err);
	if (r == 0)
		r = mp_image_store_open(cmd.roots.lib, mp_image_busybox(), &cmd.store, err);
	if (r == 0)
		r = command->run(&cmd, err);
	mp_image_store_close(cmd.store);
	return r;
}

int mp_cmd_image(const struct mp_args *args)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_error err = MP_ERROR_NONE;
	const int r = run(args, &arena, &err);
	int code = 0;

	if (r < 0) {
		(void)fflush(stdout);
		/* No server has been asked: kubectl's word for it would mislead. */
		code = mp_cli_fail(r == -ENOENT ? -EINVAL : r, &err);
	}
	mp_arena_done(&arena);
	return code;
}
