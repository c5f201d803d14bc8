/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How `get` prints: kubectl's tables, objects, templates and custom columns.
 * Source: k8s.io/kubernetes/pkg/printers/internalversion, k8s.io/cli-runtime/pkg/printers.
 */
#pragma once

#include "runtime/api_kind.h"
#include "runtime/columns.h"
#include "runtime/events.h"
#include "runtime/object_store.h"
#include "runtime/pod_view.h"

/** struct mp_get_item - one object that is printed. Borrowed from the arena it was loaded into. */
struct mp_get_item {
	enum mp_api_kind kind;
	const struct mp_node *object;
	const char *name, *namespace_;
	const struct mp_pod_view *pod;      /* MP_API_POD */
	const struct mp_event_row *event;   /* MP_API_EVENT */
	const struct mp_object_view *other; /* the others */
	const char *change;                 /* "ADDED", "MODIFIED", "DELETED"; NULL: not watching */
};

struct mp_get_items {
	struct mp_get_item *items; /* arena */
	size_t n;
};

enum mp_get_format {
	MP_GET_TABLE,
	MP_GET_WIDE,
	MP_GET_NAME,
	MP_GET_JSON,
	MP_GET_YAML,
	MP_GET_JSONPATH,
	MP_GET_COLUMNS,
};

#define MP_GET_COLUMNS_MAX 64

/** struct mp_get_output - the choices of one command line; and what was printed so far. */
struct mp_get_output {
	enum mp_get_format format;
	const char *template;
	struct mp_columns columns;
	const char *sort_by; /* path, or NULL */
	const char *labels[16];
	size_t n_labels;
	bool has_all_labels, has_namespace, has_change;
	bool has_kind; /* names as "pod/web": there are several kinds */
	bool no_headers;
	bool has_header;       /* the lines before were of @kind, with its header */
	enum mp_api_kind kind; /* of those lines */
	size_t widths[MP_GET_COLUMNS_MAX];
};

/** mp_get_output_parse() - from -o, --sort-by, -L, --show-labels, --no-headers. */
int mp_get_output_parse(const struct mp_args *args, bool has_namespace, struct mp_arena *arena,
			struct mp_get_output *ret, struct mp_error *err);

/** mp_get_output_is_table() - lines, of which none means "No resources found". */
bool mp_get_output_is_table(const struct mp_get_output *out);

/**
 * mp_get_output_print() - to standard output. In tables each run of one kind has its own, an empty
 * line between them.
 * @is_list: objects stand in a List, also when there is just one.
 */
int mp_get_output_print(struct mp_get_output *out, struct mp_get_items *items, bool is_list,
			struct mp_arena *arena, struct mp_error *err);
