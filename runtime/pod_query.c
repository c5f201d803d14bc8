/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pod_query.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/cli.h"

static const char *const pod_fields[] = {
	"metadata.name",
	"metadata.namespace",
	"spec.hostNetwork",
	"spec.nodeName",
	"spec.restartPolicy",
	"spec.schedulerName",
	"spec.serviceAccountName",
	"status.phase",
	"status.podIP",
	"status.nominatedNodeName",
};
static const char *const event_fields[] = {
	"involvedObject.fieldPath",
	"involvedObject.kind",
	"involvedObject.name",
	"involvedObject.namespace",
	"involvedObject.uid",
	"metadata.name",
	"metadata.namespace",
	"reason",
	"reportingComponent",
	"source",
	"type",
};
static const char *const object_fields[] = { "metadata.name", "metadata.namespace", "type" };

static int parse_fields(const char *text, enum mp_api_kind kind, struct mp_arena *arena,
			struct mp_selector *ret, struct mp_error *err)
{
	switch (kind) {
	case MP_API_POD:
		return mp_field_selector_parse(arena, text, pod_fields, MP_ARRAY_SIZE(pod_fields),
					       ret, err);
	case MP_API_EVENT:
		return mp_field_selector_parse(arena, text, event_fields,
					       MP_ARRAY_SIZE(event_fields), ret, err);
	case MP_API_CONFIG_MAP:
		return mp_field_selector_parse(arena, text, object_fields,
					       MP_ARRAY_SIZE(object_fields) - 1, ret, err);
	case MP_API_SECRET:
		return mp_field_selector_parse(arena, text, object_fields,
					       MP_ARRAY_SIZE(object_fields), ret, err);
	}
	return 0;
}

int mp_pod_query_parse(const struct mp_args *args, const struct mp_api_args *names,
		       struct mp_arena *arena, struct mp_pod_query *ret, struct mp_error *err)
{
	const char *labels = mp_args_get(args, "selector");
	const char *fields = mp_args_get(args, "field-selector");
	int r = 0;

	*ret = (struct mp_pod_query){
		.namespace_ = mp_args_has(args, "all-namespaces") ? NULL : mp_cli_namespace(args),
		.names = names->names,
		.n_names = names->n_names,
		.has_selector = labels || fields,
		.ignores_missing = mp_args_has(args, "ignore-not-found"),
	};
	if (names->n_names > 0 && !ret->namespace_)
		return mp_fail_text(err, EINVAL,
				    "a resource cannot be retrieved by name across all "
				    "namespaces");
	if (names->n_names > 0 && ret->has_selector)
		return mp_fail_text(err, EINVAL,
				    "name cannot be provided when a selector is "
				    "specified");
	if (labels)
		r = mp_selector_parse(arena, labels, &ret->labels, err);
	if (r == 0 && fields)
		r = parse_fields(fields, names->kind, arena, &ret->fields, err);
	return r;
}

static int load_named(const struct mp_pod_query *q, const struct mp_roots *roots,
		      struct mp_arena *arena, struct mp_pod_views *ret, struct mp_error *err)
{
	int missing = 0;

	ret->items = mp_arena_alloc(arena, q->n_names, sizeof(*ret->items));
	if (!ret->items)
		return mp_fail(err, ENOMEM, "pods");
	for (size_t i = 0; i < q->n_names; i++) {
		struct mp_error why = MP_ERROR_NONE;
		const int r = mp_pod_view_load(arena, roots, q->namespace_, q->names[i],
					       &ret->items[ret->n], &why);

		if (r == 0)
			ret->n++;
		else if (r == -ENOENT && q->ignores_missing)
			continue;
		else if (missing == 0) {
			missing = r;
			if (err)
				*err = why;
		}
	}
	return missing;
}

int mp_pod_query_load(const struct mp_pod_query *q, const struct mp_roots *roots,
		      struct mp_arena *arena, struct mp_pod_views *ret, struct mp_error *err)
{
	struct mp_pod_views all;
	size_t n = 0;
	int r;

	*ret = (struct mp_pod_views){ .n = 0 };
	if (q->n_names > 0)
		return load_named(q, roots, arena, ret, err);
	r = mp_pod_views_load(arena, roots, q->namespace_, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		const struct mp_node *labels =
			mp_node_in(all.items[i].object, "metadata", "labels", NULL);

		if (mp_selector_matches(&q->labels, labels) &&
		    mp_field_selector_matches(&q->fields, all.items[i].object))
			all.items[n++] = all.items[i];
	}
	*ret = (struct mp_pod_views){ all.items, n };
	return 0;
}
