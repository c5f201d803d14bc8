/* SPDX-License-Identifier: Apache-2.0 */
/* Images as tables and as the objects that podman and Docker print. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/json.h"
#include "runtime/cmd_image.h"
#include "runtime/image_progress.h"
#include "runtime/pod_view.h"

#define N_COLUMNS 6

enum format { TABLE, WIDE, NAME, JSON, YAML };

static int parse_format(const struct mp_args *args, enum format fallback, enum format *ret,
			struct mp_error *err)
{
	static const struct {
		const char *name;
		enum format format;
	} formats[] = { { "wide", WIDE }, { "name", NAME }, { "json", JSON }, { "yaml", YAML } };
	const char *text = mp_args_get(args, "output");

	*ret = fallback;
	if (!text || !text[0])
		return 0;
	for (size_t i = 0; i < MP_ARRAY_SIZE(formats); i++) {
		if (strcmp(text, formats[i].name) == 0) {
			*ret = formats[i].format;
			return 0;
		}
	}
	return mp_fail_text(err, EINVAL,
			    "unable to match a printer suitable for the output format \"%s\", "
			    "allowed formats are: json,name,wide,yaml",
			    text);
}

/* ---- one image ---------------------------------------------------------------------------------- */

struct texts {
	const struct mp_node *config; /* the image's configuration document */
	const char *config_text;      /* "" = none */
};

static int read_texts(const struct mp_image_cmd *cmd, const struct mp_image_entry *e,
		      struct texts *ret, struct mp_error *err)
{
	const char *config = NULL, *manifest = NULL;
	struct mp_document doc;
	int r = mp_image_texts(cmd->store, e, cmd->arena, &config, &manifest, err);

	if (r == 0)
		r = mp_document_parse(cmd->arena, "image configuration", config, strlen(config),
				      MP_DOCUMENT_JSON, &doc, err);
	if (r == 0)
		*ret = (struct texts){ .config = doc.roots[0], .config_text = config };
	return r;
}

static void put_list(struct mp_json *w, const char *key, const char *const *list)
{
	mp_json_put_list(w, key);
	for (; list && *list; list++)
		mp_json_string(w, *list);
	mp_json_list_end(w);
}

/* What ls and inspect have in common; inside an object. */
static void put_identity(struct mp_json *w, const struct mp_image_entry *e, const struct texts *t)
{
	const char *created = mp_node_text(t->config, "created", NULL);

	mp_json_put_string(w, "Id", e->image.id);
	put_list(w, "RepoTags", e->tags);
	put_list(w, "RepoDigests", e->digests);
	if (created[0])
		mp_json_put_string(w, "Created", created);
	mp_json_put_string(w, "Architecture", e->architecture);
	mp_json_put_string(w, "Os", "linux");
	mp_json_key(w, "Size");
	mp_json_uint(w, e->image.size_bytes);
}

static void put_member(struct mp_json *w, const char *key, const struct mp_node *node)
{
	if (!node)
		return;
	mp_json_key(w, key);
	mp_json_node(w, node);
}

static void put_inspected(struct mp_json *w, const struct mp_image_entry *e, const struct texts *t)
{
	const struct mp_node *ids = mp_node_in(t->config, "rootfs", "diff_ids", NULL);

	mp_json_object_begin(w);
	put_identity(w, e, t);
	put_member(w, "Author", mp_node_get(t->config, "author"));
	put_member(w, "Config", mp_node_get(t->config, "config"));
	mp_json_put_object(w, "RootFS");
	mp_json_put_string(w, "Type", "layers");
	put_member(w, "Layers", ids);
	mp_json_object_end(w);
	put_list(w, "LayerDirs", e->image.layer_dirs);
	put_member(w, "History", mp_node_get(t->config, "history"));
	mp_json_put_bool(w, "Embedded", e->is_embedded);
	mp_json_object_end(w);
}

static int print_json(struct mp_json *w, struct mp_error *err)
{
	int r = 0;
	const char *text = mp_json_finish(w, NULL, &r);

	if (text)
		(void)fputs(text, stdout);
	return text ? 0 : mp_fail(err, -r, "print images");
}

/* ---- inspect ------------------------------------------------------------------------------------ */

int mp_cmd_image_inspect(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	struct mp_image_entries list = { .n = 0 };
	enum format format;
	struct mp_json w;
	int r = parse_format(cmd->args, JSON, &format, err);

	if (r == 0 && format != JSON && format != YAML)
		return mp_fail_text(err, EINVAL, "inspect prints json or yaml");
	if (r == 0)
		r = mp_image_list(cmd->store, cmd->arena, &list, err);
	if (r < 0)
		return r;
	mp_json_init(&w, format == YAML ? MP_JSON_YAML : MP_JSON_INDENTED);
	mp_json_list_begin(&w);
	for (size_t i = 0; i < cmd->n_words && r == 0; i++) {
		const struct mp_image_entry *e = NULL;
		struct texts texts = { .config = NULL };

		r = mp_image_entry_find(&list, cmd->words[i], &e, NULL, err);
		if (r == 0)
			r = read_texts(cmd, e, &texts, err);
		if (r == 0)
			put_inspected(&w, e, &texts);
	}
	mp_json_list_end(&w);
	if (r == 0)
		r = print_json(&w, err);
	mp_json_done(&w);
	return r;
}

/* ---- ls ----------------------------------------------------------------------------------------- */

/* The images to show: all, or those that were named. */
static int select_entries(const struct mp_image_cmd *cmd, struct mp_image_entries *ret,
			  struct mp_error *err)
{
	struct mp_image_entries all = { .n = 0 };
	int r = mp_image_list(cmd->store, cmd->arena, &all, err);

	if (r < 0 || cmd->n_words == 0) {
		*ret = all;
		return r;
	}
	ret->n = 0;
	ret->items = mp_arena_alloc(cmd->arena, cmd->n_words, sizeof(*ret->items));
	if (!ret->items)
		return mp_fail(err, ENOMEM, "list images");
	for (size_t i = 0; i < cmd->n_words && r == 0; i++) {
		const struct mp_image_entry *e = NULL;

		r = mp_image_entry_find(&all, cmd->words[i], &e, NULL, err);
		if (r == 0)
			ret->items[ret->n++] = *e;
	}
	return r;
}

static const char *short_id(const char *id, char buf[16])
{
	const char *colon = strchr(id, ':');

	(void)snprintf(buf, 16, "%.12s", colon ? colon + 1 : id);
	return buf;
}

static void add_row(const struct mp_image_cmd *cmd, const struct mp_image_entry *e,
		    const char *name, struct mp_table *table)
{
	char id[16], size[32], age[MP_TIME_TEXT_MAX], repository[1024];
	const char *slash = strrchr(name, '/');
	const char *colon = strchr(slash ? slash : name, ':');
	const char *digest = e->digests[0] ? strchr(e->digests[0], '@') + 1 : "<none>";
	struct mp_error ignored = MP_ERROR_NONE;
	struct texts texts = { .config = NULL };
	const char *cells[N_COLUMNS];
	int64_t created = -1;
	size_t n = 0;

	if (read_texts(cmd, e, &texts, &ignored) == 0) {
		const char *text = mp_node_text(texts.config, "created", NULL);

		created = mp_time_parse(text, strlen(text));
	}
	(void)snprintf(repository, sizeof(repository), "%.*s",
		       colon ? (int)(colon - name) : (int)strlen(name), name);
	cells[n++] = repository[0] ? repository : "<none>";
	cells[n++] = colon ? colon + 1 : "<none>";
	if (table->n_columns == N_COLUMNS)
		cells[n++] = digest;
	cells[n++] = short_id(e->image.id, id);
	cells[n++] =
		mp_human_age(created < 0 ? -MP_NSEC_PER_S : mp_clock_read().wall - created, age);
	cells[n++] = mp_image_size_text(e->image.size_bytes, size);
	mp_table_row(table, cells);
}

static void print_table(const struct mp_image_cmd *cmd, const struct mp_image_entries *list,
			bool is_wide)
{
	static const char *const wide[] = {
		"REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "AGE", "SIZE"
	};
	static const char *const narrow[] = { "REPOSITORY", "TAG", "IMAGE ID", "AGE", "SIZE" };
	struct mp_table table = { .arena = cmd->arena,
				  .n_columns = is_wide ? N_COLUMNS : N_COLUMNS - 1 };

	if (!mp_args_has(cmd->args, "no-headers"))
		mp_table_row(&table, is_wide ? wide : narrow);
	for (size_t i = 0; i < list->n; i++) {
		const struct mp_image_entry *e = &list->items[i];

		if (!e->tags[0])
			add_row(cmd, e, "", &table);
		for (const char *const *tag = e->tags; *tag; tag++)
			add_row(cmd, e, *tag, &table);
	}
	mp_table_print(&table, stdout);
}

static void print_words(const struct mp_image_entries *list, bool are_names)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mp_image_entry *e = &list->items[i];

		if (!are_names || !e->tags[0])
			(void)printf("%s\n", e->image.id);
		for (const char *const *tag = e->tags; are_names && *tag; tag++)
			(void)printf("%s\n", *tag);
	}
}

int mp_cmd_image_ls(const struct mp_image_cmd *cmd, struct mp_error *err)
{
	struct mp_image_entries list = { .n = 0 };
	enum format format;
	struct mp_json w;
	int r = parse_format(cmd->args, TABLE, &format, err);

	if (r == 0)
		r = select_entries(cmd, &list, err);
	if (r < 0)
		return r;
	if (mp_args_has(cmd->args, "quiet") || format == NAME) {
		print_words(&list, format == NAME);
		return 0;
	}
	if (format == TABLE || format == WIDE) {
		print_table(cmd, &list, format == WIDE);
		return 0;
	}
	mp_json_init(&w, format == YAML ? MP_JSON_YAML : MP_JSON_INDENTED);
	mp_json_list_begin(&w);
	for (size_t i = 0; i < list.n && r == 0; i++) {
		struct texts texts = { .config = NULL };

		r = read_texts(cmd, &list.items[i], &texts, err);
		if (r < 0)
			break;
		mp_json_object_begin(&w);
		put_identity(&w, &list.items[i], &texts);
		mp_json_object_end(&w);
	}
	mp_json_list_end(&w);
	if (r == 0)
		r = print_json(&w, err);
	mp_json_done(&w);
	return r;
}
