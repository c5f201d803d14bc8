/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/object_delete.h"

#include <errno.h>

#include "runtime/base/auto.h"
#include "runtime/client.h"
#include "runtime/pod_view.h"

static int ask(const struct mp_roots *roots, const struct mp_pod_view *pod, enum mp_api_kind kind,
	       const char *name, struct mp_arena *arena, bool *has_found, struct mp_error *err)
{
	const struct mp_node *reply = NULL, *removed;
	struct mp_json w;
	int r;

	mp_client_begin(&w, "forget");
	mp_json_put_string(&w, "kind", mp_api_word(kind));
	mp_json_put_string(&w, "name", name);
	r = mp_client_call(roots, pod->namespace_, pod->name, &w, NULL, 0, arena, &reply, err);
	if (mp_client_has_gone(r)) /* it has ended since we looked */
		return 0;
	removed = mp_node_get(reply, "removed");
	*has_found |= r == 0 && removed && removed->kind == MP_NODE_BOOL && removed->boolean;
	return r;
}

int mp_object_delete(const struct mp_roots *roots, enum mp_api_kind kind, const char *namespace_,
		     const char *name, struct mp_error *err)
{
	struct mp_pod_views pods = { .n = 0 };
	struct mp_arena arena = { 0 };
	bool has_found = false;
	int r = mp_pod_views_load(&arena, roots, namespace_, &pods, err);

	for (size_t i = 0; r == 0 && i < pods.n; i++)
		if (pods.items[i].is_supervised)
			r = ask(roots, &pods.items[i], kind, name, &arena, &has_found, err);
	if (r == 0 && !has_found)
		r = mp_fail_text(err, ENOENT,
				 "%ss \"%s\" not found: no running pod of namespace %s has it",
				 mp_api_word(kind), name, namespace_);
	mp_arena_done(&arena);
	return r;
}
