/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigMaps and Secrets have no place of their own here: they live with the pods that were given
 * them. So each goes to every running pod of its namespace that has it or refers to it.
 */
#include "runtime/cmd_apply.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/manifest.h"
#include "runtime/object_store.h"
#include "runtime/pod_json.h"
#include "runtime/pod_view.h"

const struct mp_option mp_apply_options[] = {
	{ "filename", 'f', "FILE", "a manifest; may be given again; - is standard input", false },
	{ NULL, 0, NULL, NULL, false },
};

struct run {
	struct mp_roots roots;
	struct mp_manifest m;
	struct mp_arena arena;
	struct mp_pod_views pods;
	const char **changes; /* arena: of each object, NULL: no pod has taken it */
	int code;
};

static void print_lines(enum mp_log_level level, const struct mp_lines *lines)
{
	for (const struct mp_line *l = lines->first; l; l = l->next)
		mp_log(level, "%s", l->text);
}

static int load(const struct mp_args *args, struct run *x, struct mp_error *err)
{
	const struct mp_manifest_options options = { .wall = mp_clock_read().wall };
	const char *files[MP_OPTION_VALUES_MAX];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < args->n_positional && n < MP_ARRAY_SIZE(files); i++)
		files[n++] = args->positional[i];
	for (size_t i = 0; i < args->n_values && n < MP_ARRAY_SIZE(files); i++)
		if (args->values[i].option == &mp_apply_options[0])
			files[n++] = args->values[i].value;
	if (n == 0)
		return mp_fail_text(err, EINVAL, "must specify -f FILE");
	r = mp_manifest_load(&x->m, files, n, &options, err);
	print_lines(MP_LOG_NOTE, &x->m.notes);
	print_lines(MP_LOG_WARNING, &x->m.warnings);
	print_lines(MP_LOG_ERROR, &x->m.errors);
	if (r == 0 && x->m.n_pods == 0 && x->m.objects.n == 0)
		return mp_fail_text(err, EINVAL, "no objects passed to apply");
	return r;
}

/* The pod's new manifest, if there is one, and every object, as one List. */
static int make_list(const struct run *x, const struct mp_pod_spec *spec, int *ret_fd,
		     struct mp_error *err)
{
	struct mp_json w;
	const char *text;
	size_t len;
	int r = 0;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "apiVersion", "v1");
	mp_json_put_string(&w, "kind", "List");
	mp_json_put_list(&w, "items");
	if (spec)
		mp_pod_json_write(&w, spec, NULL);
	for (const struct mp_object *o = x->m.objects.first; o; o = o->next)
		if (o->kind == MP_OBJECT_CONFIG_MAP || o->kind == MP_OBJECT_SECRET)
			mp_json_raw(&w, o->raw, strlen(o->raw));
	mp_json_list_end(&w);
	mp_json_object_end(&w);
	text = mp_json_finish(&w, &len, &r);
	r = text ? mp_memfd_new("manifest", text, len, false, ret_fd, err) :
		   mp_fail(err, -r, "manifest");
	mp_json_done(&w);
	return r;
}

/* "configured" of one pod outweighs "unchanged" of another. */
static void note_changes(struct run *x, const struct mp_node *reply)
{
	const struct mp_node *list = mp_node_get(reply, "objects");
	size_t k = 0;

	for (const struct mp_object *o = x->m.objects.first; o; o = o->next, k++) {
		for (size_t i = 0; list && i < list->count; i++) {
			const char *change = mp_node_text(list->items[i], "change", NULL);

			if (!mp_streq(mp_node_text(list->items[i], "kind", NULL),
				      mp_object_kind_text(o->kind)) ||
			    !mp_streq(mp_node_text(list->items[i], "namespace", NULL),
				      o->namespace_) ||
			    !mp_streq(mp_node_text(list->items[i], "name", NULL), o->name) ||
			    mp_streq(change, "unused"))
				continue;
			if (!x->changes[k] || mp_streq(x->changes[k], "unchanged"))
				x->changes[k] = change;
		}
	}
}

static const struct mp_pod_spec *spec_of(const struct run *x, const struct mp_pod_view *pod)
{
	for (const struct mp_manifest_pod *p = x->m.pods; p; p = p->next)
		if (mp_streq(p->spec.meta.name, pod->name) &&
		    mp_streq(p->spec.meta.namespace_, pod->namespace_))
			return &p->spec;
	return NULL;
}

static bool has_objects_for(const struct run *x, const struct mp_pod_view *pod)
{
	for (const struct mp_object *o = x->m.objects.first; o; o = o->next)
		if (mp_streq(o->namespace_, pod->namespace_))
			return true;
	return false;
}

static void apply_one(struct run *x, const struct mp_pod_view *pod)
{
	const struct mp_pod_spec *spec = spec_of(x, pod);
	const struct mp_node *reply = NULL;
	struct mp_error err = MP_ERROR_NONE;
	mp_auto_fd fd = -EBADF;
	struct mp_json w;
	int r;

	/* Others are only asked about objects; what has ended takes nothing any more. */
	if (!spec && (!has_objects_for(x, pod) || !pod->is_supervised))
		return;
	r = make_list(x, spec, &fd, &err);
	if (r == 0) {
		mp_client_begin(&w, "apply");
		r = mp_client_call(&x->roots, pod->namespace_, pod->name, &w, &fd, 1, &x->arena,
				   &reply, &err);
	}
	if (r == -ECONNREFUSED && spec)
		(void)mp_fail_text(
			&err, EINVAL,
			"pod \"%s\" does not run any more: nothing can be applied to it; "
			"run it again with 'minipod run --replace'",
			pod->name);
	else if (mp_client_has_gone(r) && !spec)
		return;
	if (r < 0) {
		x->code = mp_cli_fail(r, &err);
		return;
	}
	note_changes(x, reply);
	if (spec)
		(void)printf("pod/%s %s\n", pod->name, mp_node_text(reply, "pod", NULL));
}

static bool is_there(const struct run *x, const struct mp_pod_spec *spec)
{
	for (size_t i = 0; i < x->pods.n; i++)
		if (mp_streq(x->pods.items[i].name, spec->meta.name) &&
		    mp_streq(x->pods.items[i].namespace_, spec->meta.namespace_))
			return true;
	return false;
}

static void say_missing(struct run *x)
{
	for (const struct mp_manifest_pod *p = x->m.pods; p; p = p->next) {
		struct mp_error err = MP_ERROR_NONE;

		if (is_there(x, &p->spec))
			continue;
		(void)mp_fail_text(&err, ENOENT,
				   "pods \"%s\" not found: start it with 'minipod run -d %s'",
				   p->spec.meta.name, p->file);
		x->code = mp_cli_fail(-ENOENT, &err);
	}
}

static void say_objects(struct run *x)
{
	size_t k = 0;

	for (const struct mp_object *o = x->m.objects.first; o; o = o->next, k++) {
		struct mp_error err = MP_ERROR_NONE;
		char kind[32];
		size_t i = 0;

		for (const char *p = mp_object_kind_text(o->kind); *p && i < sizeof(kind) - 1; p++)
			kind[i++] = (char)tolower((unsigned char)*p);
		kind[i] = '\0';
		if (x->changes[k]) {
			(void)printf("%s/%s %s\n", kind, o->name, x->changes[k]);
			continue;
		}
		if (o->kind != MP_OBJECT_CONFIG_MAP && o->kind != MP_OBJECT_SECRET)
			continue; /* a note has said that it has no effect */
		(void)mp_fail_text(&err, EINVAL,
				   "%s/%s: no running pod of namespace %s uses it; give it to "
				   "'minipod run' together with its pod",
				   kind, o->name, o->namespace_);
		x->code = mp_cli_fail(-EINVAL, &err);
	}
}

int mp_cmd_apply(const struct mp_args *args)
{
	struct run x = { .code = 0 };
	struct mp_error err = MP_ERROR_NONE;
	int r = mp_cli_roots(args, &x.roots, &err);

	if (r == 0)
		r = load(args, &x, &err);
	if (r == 0)
		r = mp_pod_views_load(&x.arena, &x.roots, NULL, &x.pods, &err);
	if (r == 0) {
		x.changes = mp_arena_alloc(&x.arena, x.m.objects.n, sizeof(char *));
		r = x.changes ? 0 : mp_fail(&err, ENOMEM, "apply");
	}
	if (r == 0) {
		for (size_t i = 0; i < x.pods.n; i++)
			apply_one(&x, &x.pods.items[i]);
		say_missing(&x);
		/* After a refusal nobody knows who would have taken them. */
		if (x.code == 0)
			say_objects(&x);
	}
	mp_manifest_done(&x.m);
	mp_arena_done(&x.arena);
	if (r < 0 && err.code == 0)
		return MP_EXIT_ERROR; /* the manifest's own errors were printed */
	return r < 0 ? mp_cli_fail(r, &err) : x.code;
}
