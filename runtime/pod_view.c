/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pod_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/debug.h"

/* ---- nodes ------------------------------------------------------------------------------------ */

struct mp_node *mp_node_of_map(struct mp_arena *arena, const struct mp_entry *entries, size_t n)
{
	struct mp_node *node = mp_arena_alloc(arena, 1, sizeof(*node));

	if (node)
		*node = (struct mp_node){ .kind = MP_NODE_MAP, .count = n, .entries = entries };
	return node;
}

struct mp_node *mp_node_of_text(struct mp_arena *arena, const char *text)
{
	struct mp_node *node = mp_arena_alloc(arena, 1, sizeof(*node));

	if (node)
		*node = (struct mp_node){ .kind = MP_NODE_STRING,
					  .text = text,
					  .text_len = strlen(text),
					  .source = text };
	return node;
}

struct mp_node *mp_node_of_int(struct mp_arena *arena, int64_t value)
{
	struct mp_node *node = mp_node_of_text(arena, "");
	char *text = mp_arena_printf(arena, "%lld", (long long)value);

	if (!node || !text)
		return NULL;
	node->kind = MP_NODE_NUMBER;
	node->is_integer = true;
	node->text = node->source = text;
	node->text_len = strlen(text);
	return node;
}

struct mp_node *mp_node_of_list(struct mp_arena *arena, const struct mp_node *const *items,
				size_t n)
{
	struct mp_entry *e = mp_arena_alloc(arena, 4, sizeof(*e));
	struct mp_entry *meta = mp_arena_alloc(arena, 1, sizeof(*meta));
	struct mp_node *list = mp_arena_alloc(arena, 1, sizeof(*list));

	if (!e || !meta || !list)
		return NULL;
	*list = (struct mp_node){ .kind = MP_NODE_LIST, .count = n, .items = items };
	*meta = (struct mp_entry){ .key = "resourceVersion", .value = mp_node_of_text(arena, "") };
	e[0] = (struct mp_entry){ .key = "apiVersion", .value = mp_node_of_text(arena, "v1") };
	e[1] = (struct mp_entry){ .key = "items", .value = list };
	e[2] = (struct mp_entry){ .key = "kind", .value = mp_node_of_text(arena, "List") };
	e[3] = (struct mp_entry){ .key = "metadata", .value = mp_node_of_map(arena, meta, 1) };
	if (!meta->value || !e[0].value || !e[2].value || !e[3].value)
		return NULL;
	return mp_node_of_map(arena, e, 4);
}

static const struct mp_node *follow(const struct mp_node *node, va_list ap)
{
	for (const char *key = va_arg(ap, const char *); key; key = va_arg(ap, const char *))
		node = mp_node_get(node, key);
	return node;
}

const struct mp_node *mp_node_in(const struct mp_node *node, ...)
{
	va_list ap;

	va_start(ap, node);
	node = follow(node, ap);
	va_end(ap);
	return node;
}

const char *mp_node_text(const struct mp_node *node, ...)
{
	va_list ap;

	va_start(ap, node);
	node = follow(node, ap);
	va_end(ap);
	return node && node->text ? node->text : "";
}

/* ---- times -------------------------------------------------------------------------------------- */

static bool digits(const char *p, size_t n, int64_t *ret)
{
	int64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (p[i] - '0');
	}
	*ret = v;
	return true;
}

/* Days since 1970-01-01 of a day in the Gregorian calendar, by counting leap years. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	const int64_t y = year - 1;

	return 365 * (year - 1970) + (y / 4 - 492) - (y / 100 - 19) + (y / 400 - 4) +
	       before[month - 1] + (is_leap && month > 2 ? 1 : 0) + day - 1;
}

int64_t mp_time_parse(const char *text, size_t len)
{
	int64_t year, month, day, h, m, s, ns = 0, unit = 100000000;

	if (len < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') ||
	    text[13] != ':' || text[16] != ':' || !digits(text, 4, &year) ||
	    !digits(text + 5, 2, &month) || !digits(text + 8, 2, &day) ||
	    !digits(text + 11, 2, &h) || !digits(text + 14, 2, &m) || !digits(text + 17, 2, &s))
		return -1;
	if (year < 1970 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 31 ||
	    h > 23 || m > 59 || s > 60)
		return -1;

	size_t at = 19;

	if (text[at] == '.')
		for (at++; at < len && text[at] >= '0' && text[at] <= '9'; at++, unit /= 10)
			ns += (text[at] - '0') * unit;
	if (at + 1 != len || (text[at] != 'Z' && text[at] != 'z'))
		return -1;
	return (((days_of(year, month, day) * 24 + h) * 60 + m) * 60 + s) * MP_NSEC_PER_S + ns;
}

/* ---- one pod -------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct mp_entry *ea = a, *eb = b;

	return strcmp(ea->key, eb->key);
}

/* @map with the members of @more put in place of its own of that name, sorted. */
static const struct mp_node *with_members(struct mp_arena *arena, const struct mp_node *map,
					  const struct mp_entry *more, size_t n_more)
{
	struct mp_entry *e = mp_arena_alloc(arena, (map ? map->count : 0) + n_more, sizeof(*e));
	size_t n = 0;

	if (!e)
		return NULL;
	for (size_t i = 0; map && map->kind == MP_NODE_MAP && i < map->count; i++) {
		bool is_replaced = false;

		for (size_t k = 0; k < n_more; k++)
			is_replaced = is_replaced || strcmp(more[k].key, map->entries[i].key) == 0;
		if (!is_replaced)
			e[n++] = map->entries[i];
	}
	for (size_t k = 0; k < n_more; k++)
		e[n++] = more[k];
	qsort(e, n, sizeof(*e), by_key);
	return mp_node_of_map(arena, e, n);
}

/* As mp_pod_json_generation(). */
static bool bump_generation(struct mp_arena *arena, const struct mp_node **meta)
{
	struct mp_node *next = mp_arena_alloc(arena, 1, sizeof(*next));
	const struct mp_entry e = { .key = "generation", .value = next };
	const struct mp_node *now = mp_node_get(*meta, e.key);

	if (!next || !now || now->kind != MP_NODE_NUMBER)
		return next;
	*next = *now;
	next->text = mp_arena_printf(arena, "%lld", strtoll(now->text, NULL, 10) + 1);
	if (!next->text)
		return false;
	next->text_len = strlen(next->text);
	next->source = next->text;
	*meta = with_members(arena, *meta, &e, 1);
	return *meta;
}

const struct mp_node *mp_pod_object(struct mp_arena *arena, const struct mp_node *pod,
				    const struct mp_node *status, const struct mp_node *deletion)
{
	struct mp_entry parts[2];
	size_t n = 0;

	if (deletion && deletion->kind == MP_NODE_MAP) {
		const struct mp_node *meta = with_members(arena, mp_node_get(pod, "metadata"),
							  deletion->entries, deletion->count);

		if (!meta || !bump_generation(arena, &meta))
			return NULL;
		parts[n++] = (struct mp_entry){ .key = "metadata", .value = meta };
	}
	if (status)
		parts[n++] = (struct mp_entry){ .key = "status", .value = status };
	return with_members(arena, pod, parts, n);
}

static int parse(struct mp_arena *arena, const char *name, const char *text,
		 const struct mp_node **ret, struct mp_error *err)
{
	struct mp_document doc;
	int r;

	*ret = NULL;
	if (!text)
		return 0;
	r = mp_document_parse(arena, name, text, strlen(text), MP_DOCUMENT_JSON, &doc, err);
	if (r == 0)
		*ret = doc.roots[0];
	return r;
}

int mp_pod_object_parse(struct mp_arena *arena, const char *pod, const char *status,
			const char *deletion, const struct mp_node **ret, struct mp_error *err)
{
	const struct mp_node *p = NULL, *s = NULL, *d = NULL;
	int r = parse(arena, "pod.json", pod, &p, err);

	if (r == 0)
		r = parse(arena, "status.json", status, &s, err);
	if (r == 0)
		r = parse(arena, "deletion.json", deletion, &d, err);
	if (r < 0)
		return r;
	*ret = mp_pod_object(arena, p, s, d);
	return *ret ? 0 : mp_fail(err, ENOMEM, "pod object");
}

/* A part of a pod that may not be there (yet): *@ret is NULL then. */
static int read_part(struct mp_arena *arena, int dir_fd, const char *name, char **ret,
		     struct mp_error *err)
{
	int r = mp_file_read(dir_fd, name, MP_DOCUMENT_BYTES_MAX, arena, ret, NULL, err);

	if (r == -ENOENT) {
		*ret = NULL;
		return 0;
	}
	return r;
}

/* Ephemeral containers stand in the spec, as the API server would have it. */
static int add_ephemeral(struct mp_arena *arena, const char *text, const struct mp_node **object,
			 struct mp_error *err)
{
	struct mp_entry list = { .key = "ephemeralContainers" }, spec = { .key = "spec" };
	int r = parse(arena, MP_DEBUG_NAME, text, &list.value, err);

	if (r < 0)
		return r;
	spec.value = with_members(arena, mp_node_get(*object, "spec"), &list, 1);
	*object = spec.value ? with_members(arena, *object, &spec, 1) : NULL;
	return *object ? 0 : mp_fail(err, ENOMEM, "pod object");
}

static int load(struct mp_arena *arena, const struct mp_roots *roots, const char *dir_name,
		struct mp_pod_view *ret, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	char *pod = NULL, *status = NULL, *deletion = NULL, *ephemeral = NULL;
	struct mp_pod_view v = { .dir_name = dir_name };
	int r = mp_state_dir_open(roots, dir_name, NULL, &dir, err);

	if (r == 0)
		r = mp_file_read(dir.run_fd, "pod.json", MP_DOCUMENT_BYTES_MAX, arena, &pod, NULL,
				 err);
	/* The lock is asked for first: a pod that ends meanwhile must not look abandoned. */
	if (r == 0) {
		v.is_supervised = mp_state_dir_is_locked(&dir);
		r = read_part(arena, dir.run_fd, "status.json", &status, err);
	}
	if (r == 0)
		r = read_part(arena, dir.run_fd, "deletion.json", &deletion, err);
	if (r == 0)
		r = read_part(arena, dir.run_fd, MP_DEBUG_NAME, &ephemeral, err);
	/* What is missing may have been removed already: then the pod is gone, not without it. */
	if (r == 0 && !mp_state_dir_is_named(&dir))
		r = -ENOENT;
	if (r == 0)
		r = mp_pod_object_parse(arena, pod, status, deletion, &v.object, err);
	mp_state_dir_close(&dir);
	if (r < 0)
		return r;
	if (ephemeral)
		r = add_ephemeral(arena, ephemeral, &v.object, err);
	if (r < 0)
		return r;
	v.status = mp_node_get(v.object, "status");
	v.name = mp_node_text(v.object, "metadata", "name", NULL);
	v.namespace_ = mp_node_text(v.object, "metadata", "namespace", NULL);
	v.uid = mp_node_text(v.object, "metadata", "uid", NULL);
	v.is_deleting = mp_node_in(v.object, "metadata", "deletionTimestamp", NULL) != NULL;

	const char *phase = mp_node_text(v.status, "phase", NULL);

	v.has_ended = mp_streq(phase, "Succeeded") || mp_streq(phase, "Failed");
	if (v.status && !v.is_supervised && !v.has_ended) {
		/* What its containers do now, nobody can tell. */
		const struct mp_entry unknown = { .key = "phase",
						  .value = mp_node_of_text(arena, "Unknown") };
		const struct mp_node *st =
			unknown.value ? with_members(arena, v.status, &unknown, 1) : NULL;

		v.object = st ? mp_pod_object(arena, v.object, st, NULL) : NULL;
		v.status = st;
		if (!v.object)
			return mp_fail(err, ENOMEM, "pod %s", v.name);
	}
	*ret = v;
	return 0;
}

int mp_pod_not_found(const char *name, struct mp_error *err)
{
	const char *slash = strchr(name, '/');

	if (slash)
		return mp_fail_text(err, EINVAL,
				    "the server doesn't have a resource type \"%.*s\" (it is pods "
				    "that are meant here)",
				    (int)(slash - name), name);
	return mp_fail_text(err, ENOENT, "pods \"%s\" not found", name);
}

int mp_pod_view_load(struct mp_arena *arena, const struct mp_roots *roots, const char *namespace_,
		     const char *name, struct mp_pod_view *ret, struct mp_error *err)
{
	char *dir_name = mp_arena_printf(arena, "%s_%s", namespace_, name);
	int r;

	if (!dir_name)
		return mp_fail(err, ENOMEM, "pod %s", name);
	r = strchr(dir_name, '/') ? -ENOENT : load(arena, roots, dir_name, ret, err);
	if (r == -ENOENT)
		return mp_pod_not_found(name, err);
	return r;
}

int mp_pod_view_load_gone(struct mp_arena *arena, const struct mp_roots *roots,
			  const char *namespace_, const char *name, const char *uid,
			  struct mp_pod_view *ret, struct mp_error *err)
{
	char *dir_name = mp_arena_printf(arena, "%s_%s", namespace_, name);
	char *hidden = dir_name ? mp_state_dir_hidden_name(arena, dir_name, uid) : NULL;

	return hidden ? load(arena, roots, hidden, ret, err) : mp_fail(err, ENOMEM, "pod %s", name);
}

static int by_name(const void *a, const void *b)
{
	const struct mp_pod_view *va = a, *vb = b;
	const int r = strcmp(va->namespace_, vb->namespace_);

	return r != 0 ? r : strcmp(va->name, vb->name);
}

int mp_pod_views_load(struct mp_arena *arena, const struct mp_roots *roots, const char *namespace_,
		      struct mp_pod_views *ret, struct mp_error *err)
{
	char path[PATH_MAX + 8];
	size_t size = 16, n = 0;
	int r = 0;

	(void)snprintf(path, sizeof(path), "%s/pods", roots->run);

	DIR *d = opendir(path);

	*ret = (struct mp_pod_views){ .n = 0 };
	if (!d)
		return errno == ENOENT ? 0 : mp_fail(err, errno, "open %s", path);

	struct mp_pod_view *items = mp_arena_alloc(arena, size, sizeof(*items));

	for (struct dirent *e = readdir(d); e && items; e = readdir(d)) {
		struct mp_error why = MP_ERROR_NONE;
		const char *sep = strchr(e->d_name, '_');

		if (e->d_name[0] == '.' || !sep)
			continue;
		if (namespace_ && (strlen(namespace_) != (size_t)(sep - e->d_name) ||
				   strncmp(namespace_, e->d_name, strlen(namespace_)) != 0))
			continue;
		if (n == size) {
			struct mp_pod_view *more = mp_arena_alloc(arena, size * 2, sizeof(*more));

			if (more)
				memcpy(more, items, n * sizeof(*items));
			items = more;
			size *= 2;
			if (!items)
				break;
		}

		char *dir_name = mp_arena_strdup(arena, e->d_name);

		r = dir_name ? load(arena, roots, dir_name, &items[n], &why) : -ENOMEM;
		if (r == 0)
			n++;
		else if (r != -ENOENT && why.code != 0 && err && err->code == 0)
			*err = why;
	}
	(void)closedir(d);
	if (!items)
		return mp_fail(err, ENOMEM, "list of pods");
	qsort(items, n, sizeof(*items), by_name);
	*ret = (struct mp_pod_views){ items, n };
	return n == 0 && err && err->code != 0 ? -err->code : 0;
}
