/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that change a live pod: labels and annotations, a new manifest, an object taken away. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/control_client.h"
#include "runtime/live.h"
#include "runtime/spec_diff.h"
#include "runtime/supervisor.h"

static void begin_answer(struct mp_json *w)
{
	mp_json_init(w, MP_JSON_COMPACT);
	mp_json_object_begin(w);
	mp_json_put_int(w, "version", MP_CONTROL_VERSION);
	mp_json_put_bool(w, "ok", true);
}

static void end_answer(struct mp_client *c, struct mp_json *w)
{
	mp_json_object_end(w);
	mp_client_send(c, w);
	mp_json_done(w);
}

static const struct mp_node *map_of(const struct mp_node *request, const char *key)
{
	const struct mp_node *node = mp_node_get(request, key);

	return node && node->kind == MP_NODE_MAP ? node : NULL;
}

void mp_client_patch(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	const struct mp_node *overwrite = mp_node_get(request, "overwrite");
	const struct mp_meta_patch patch = {
		.labels = map_of(request, "labels"),
		.annotations = map_of(request, "annotations"),
		.may_overwrite = overwrite && overwrite->kind == MP_NODE_BOOL && overwrite->boolean,
	};
	struct mp_error err = MP_ERROR_NONE;
	bool has_changed = false;
	struct mp_json w;

	(void)arena;
	if (mp_live_patch(c->control->sv, &patch, &has_changed, &err) < 0) {
		mp_client_refuse(c, err.code, err.msg);
		return;
	}
	begin_answer(&w);
	mp_json_put_bool(&w, "changed", has_changed);
	end_answer(c, &w);
}

/* ---- apply -------------------------------------------------------------------------------------- */

/* Nobody can change it, or make reading it wait: a sealed memfd. */
static bool is_sealed(int fd)
{
	const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	const int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & wanted) == wanted;
}

static int load(int fd, struct mp_manifest *m, struct mp_error *err)
{
	const struct mp_manifest_options options = { .is_restoring = true };
	struct mp_arena arena = { 0 };
	char *text;
	size_t len;
	int r = lseek(fd, 0, SEEK_SET) < 0 ?
			mp_fail(err, errno, "manifest") :
			mp_fd_read_all(fd, MP_DOCUMENT_BYTES_MAX, &arena, &text, &len, err);

	if (r == 0)
		r = mp_manifest_load_text(m, "manifest", text, len, &options, err);
	if (r == -EINVAL && m->errors.first)
		(void)mp_fail_text(err, EINVAL, "%s", m->errors.first->text);
	mp_arena_done(&arena);
	return r;
}

static void put_changes(struct mp_json *w, const struct mp_objects *given,
			const enum mp_change *changes)
{
	size_t i = 0;

	mp_json_put_list(w, "objects");
	for (const struct mp_object *o = given->first; o; o = o->next, i++) {
		mp_json_object_begin(w);
		mp_json_put_string(w, "kind", mp_object_kind_text(o->kind));
		mp_json_put_string(w, "namespace", o->namespace_);
		mp_json_put_string(w, "name", o->name);
		mp_json_put_string(w, "change", mp_change_text(changes[i]));
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}

/* Objects first: a container that starts with a new image is to see them. */
static int apply(struct mp_supervisor *sv, const struct mp_manifest *m, enum mp_change *changes,
		 enum mp_change *ret_pod, struct mp_error *err)
{
	const struct mp_pod_spec *given = m->pods ? &m->pods->spec : NULL;
	int r;

	if (m->n_pods > 1 || (given && !mp_streq(given->meta.name, sv->spec->meta.name)) ||
	    (given && !mp_streq(given->meta.namespace_, sv->spec->meta.namespace_)))
		return mp_fail_text(err, EINVAL, "the manifest is of another pod");
	r = given ? mp_spec_check_update(sv->spec, given, err) : 0;
	if (r == 0)
		r = mp_live_apply_objects(sv, &m->objects, changes, err);
	if (r == 0 && given)
		r = mp_live_apply_spec(sv, given, ret_pod, err);
	return r;
}

void mp_client_apply(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	enum mp_change *changes, pod = MP_CHANGE_UNUSED;
	struct mp_manifest m = { .n_pods = 0 };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_json w;
	int r;

	(void)request;
	if (c->n_fds != 1 || !is_sealed(c->fds[0])) {
		mp_client_refuse(c, EINVAL, "apply needs one descriptor: a sealed memfd");
		return;
	}
	r = load(c->fds[0], &m, &err);
	changes = mp_arena_alloc(arena, m.objects.n, sizeof(*changes));
	if (r == 0 && !changes)
		r = mp_fail(&err, ENOMEM, "apply");
	if (r == 0)
		r = apply(c->control->sv, &m, changes, &pod, &err);
	if (r < 0) {
		mp_client_refuse(c, err.code, err.msg);
	} else {
		begin_answer(&w);
		if (m.pods)
			mp_json_put_string(&w, "pod", mp_change_text(pod));
		put_changes(&w, &m.objects, changes);
		end_answer(c, &w);
	}
	mp_manifest_done(&m);
}

/* ---- forget ------------------------------------------------------------------------------------- */

void mp_client_forget(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	const char *kind = mp_client_text(request, "kind");
	const char *name = mp_client_text(request, "name");
	struct mp_error err = MP_ERROR_NONE;
	bool has_removed = false;
	struct mp_json w;

	(void)arena;
	if (strcmp(kind, "configmap") != 0 && strcmp(kind, "secret") != 0) {
		mp_client_refuse(c, EINVAL, "kind: must be configmap or secret");
		return;
	}
	if (mp_live_remove_object(c->control->sv,
				  strcmp(kind, "secret") == 0 ? MP_OBJECT_SECRET :
								MP_OBJECT_CONFIG_MAP,
				  name, &has_removed, &err) < 0) {
		mp_client_refuse(c, err.code, err.msg);
		return;
	}
	begin_answer(&w);
	mp_json_put_bool(&w, "removed", has_removed);
	end_answer(c, &w);
}
