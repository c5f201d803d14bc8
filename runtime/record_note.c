/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/record_note.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"

#define NOTE_BYTES ((size_t)16 * 1024 * 1024)

static const char *file_name(const char *id, char buf[40])
{
	(void)snprintf(buf, 40, "record-%.12s.json", id);
	return buf;
}

int mp_record_note_write(int dir_fd, const struct mp_record_note *note, struct mp_error *err)
{
	char name[40];
	struct mp_json w;
	size_t len;
	int r;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "id", note->id);
	mp_json_put_string(&w, "container", note->container);
	mp_json_put_string(&w, "terminationFile", note->termination_file);
	mp_json_put_string(&w, "cwd", note->cwd ? note->cwd : "/");
	mp_json_put_int(&w, "uid", note->uid);
	mp_json_put_int(&w, "gid", note->gid);
	mp_json_key(&w, "groups");
	mp_json_list_begin(&w);
	for (size_t i = 0; i < note->n_groups; i++)
		mp_json_int(&w, note->groups[i]);
	mp_json_list_end(&w);
	mp_json_key(&w, "env");
	mp_json_list_begin(&w);
	for (size_t i = 0; note->env && note->env[i]; i++)
		mp_json_string(&w, note->env[i]);
	mp_json_list_end(&w);
	mp_json_object_end(&w);

	const char *text = mp_json_finish(&w, &len, &r);

	if (!text) {
		mp_json_done(&w);
		return mp_fail(err, -r, "note about a container");
	}

	/* Nobody looks for it before the journal names the record: it need not be replaced whole. */
	mp_auto_fd fd = openat(dir_fd, file_name(note->id, name),
			       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	r = fd < 0 ? mp_fail(err, errno, "write %s", name) : mp_fd_write_all(fd, text, len, err);
	mp_json_done(&w);
	return r;
}

static const char *text_of(const struct mp_node *map, const char *key)
{
	const struct mp_node *n = mp_node_get(map, key);

	return n && n->kind == MP_NODE_STRING ? n->text : NULL;
}

static int take_env(const struct mp_node *root, struct mp_arena *arena, struct mp_record_note *ret)
{
	const struct mp_node *list = mp_node_get(root, "env");
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	const char **env = mp_arena_alloc(arena, n + 1, sizeof(*env));

	if (!env)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (list->items[i]->kind != MP_NODE_STRING)
			return -EINVAL;
		env[i] = list->items[i]->text;
	}
	env[n] = NULL;
	ret->env = env;
	return 0;
}

static int take_groups(const struct mp_node *root, struct mp_arena *arena,
		       struct mp_record_note *ret)
{
	const struct mp_node *list = mp_node_get(root, "groups");
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	gid_t *groups = mp_arena_alloc(arena, n + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int64_t v = 0;

		if (!mp_node_int64(list->items[i], &v))
			return -EINVAL;
		groups[i] = (gid_t)v;
	}
	ret->groups = groups;
	ret->n_groups = n;
	return 0;
}

static int read_file(int dir_fd, const char *name, struct mp_arena *arena,
		     struct mp_record_note *ret, struct mp_error *err)
{
	struct mp_document doc = { .count = 0 };
	char *text = NULL;
	size_t len = 0;
	int r = mp_file_read(dir_fd, name, NOTE_BYTES, arena, &text, &len, err);

	if (r == 0)
		r = mp_document_parse(arena, name, text, len, MP_DOCUMENT_JSON, &doc, err);
	if (r < 0 || doc.count == 0)
		return r;
	*ret = (struct mp_record_note){ .id = text_of(doc.roots[0], "id"),
					.container = text_of(doc.roots[0], "container"),
					.termination_file =
						text_of(doc.roots[0], "terminationFile"),
					.cwd = text_of(doc.roots[0], "cwd") };
	if (!ret->id || !ret->container || !ret->termination_file || !ret->cwd ||
	    !mp_node_int64(mp_node_get(doc.roots[0], "uid"), &ret->uid) ||
	    !mp_node_int64(mp_node_get(doc.roots[0], "gid"), &ret->gid))
		r = -EINVAL;
	if (r == 0)
		r = take_env(doc.roots[0], arena, ret);
	if (r == 0)
		r = take_groups(doc.roots[0], arena, ret);
	return r < 0 ? mp_fail(err, -r, "%s", name) : 0;
}

int mp_record_note_read(int dir_fd, const char *id, struct mp_arena *arena,
			struct mp_record_note *ret, struct mp_error *err)
{
	char name[40];
	const int r = read_file(dir_fd, file_name(id, name), arena, ret, err);

	return r == 0 && !mp_streq(ret->id, id) ? mp_fail(err, EINVAL, "%s", name) : r;
}

int mp_record_note_find(int dir_fd, const char *container, struct mp_arena *arena,
			struct mp_record_note *ret, int64_t *ret_wall, struct mp_error *err)
{
	const int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	int r = -ENOENT;

	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		return mp_fail(err, errno, "look for the note about %s", container);
	}
	for (struct dirent *e = readdir(d); e && r == -ENOENT; e = readdir(d)) {
		struct stat st;

		if (!mp_starts_with(e->d_name, "record-") ||
		    read_file(dir_fd, e->d_name, arena, ret, NULL) < 0 ||
		    !mp_streq(ret->container, container) ||
		    fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*ret_wall = st.st_mtim.tv_sec * MP_NSEC_PER_S + st.st_mtim.tv_nsec;
		r = 0;
	}
	(void)closedir(d);
	return r < 0 ? mp_fail(err, -r, "note about container %s", container) : 0;
}

void mp_record_note_remove(int dir_fd, const char *id)
{
	char name[40];

	(void)unlinkat(dir_fd, file_name(id, name), 0);
}
