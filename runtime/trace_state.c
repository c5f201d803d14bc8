/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/trace_state.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "lifecycle/record.h"
#include "lifecycle/snapshot.h"
#include "runtime/base/auto.h"

#define DEPTH_MAX 16
#define LAYOUT    "layout"

/* ---- writing -------------------------------------------------------------------------------------- */

/* What is begun is written when there is something in it. */
struct writer {
	struct mp_json *json;
	char names[DEPTH_MAX][256];
	size_t depth, n_written; /* those below n_written are objects of @json */
};

static void write_begun(struct writer *w)
{
	for (; w->n_written < w->depth; w->n_written++)
		mp_json_put_object(w->json, w->names[w->n_written]);
}

static void save_begin(void *ctx, const char *name)
{
	struct writer *w = ctx;

	assert(w->depth < DEPTH_MAX);
	mp_copy(w->names[w->depth], sizeof(w->names[0]), name);
	w->depth++;
}

static void save_end(void *ctx)
{
	struct writer *w = ctx;

	assert(w->depth > 0);
	w->depth--;
	if (w->n_written > w->depth) {
		mp_json_object_end(w->json);
		w->n_written = w->depth;
	}
}

static void save_number(void *ctx, const char *name, int64_t *value)
{
	struct writer *w = ctx;

	if (*value == 0)
		return;
	write_begun(w);
	mp_json_put_int(w->json, name, *value);
}

static void save_text(void *ctx, const char *name, char *text, size_t size)
{
	struct writer *w = ctx;

	(void)size;
	if (text[0] == '\0')
		return;
	write_begun(w);
	mp_json_put_string(w->json, name, text);
}

void mp_trace_state_write(struct mp_json *json, struct mp_pod *pod)
{
	struct writer w = { .json = json };
	const struct mp_snapshot_io io = { .begin = save_begin,
					   .end = save_end,
					   .number = save_number,
					   .text = save_text,
					   .ctx = &w };

	mp_json_object_begin(json);
	mp_json_put_int(json, LAYOUT, MP_SNAPSHOT_LAYOUT);
	mp_pod_save(pod, &io);
	mp_json_object_end(json);
}

/* ---- reading -------------------------------------------------------------------------------------- */

struct reader {
	const struct mp_node *at[DEPTH_MAX]; /* NULL: nothing was told of it */
	size_t depth;
};

static const struct mp_node *member(const struct reader *r, const char *name)
{
	const struct mp_node *at = r->at[r->depth];

	return at && at->kind == MP_NODE_MAP ? mp_node_get(at, name) : NULL;
}

static void load_begin(void *ctx, const char *name)
{
	struct reader *r = ctx;
	const struct mp_node *next = member(r, name);

	assert(r->depth + 1 < DEPTH_MAX);
	r->at[++r->depth] = next;
}

static void load_end(void *ctx)
{
	struct reader *r = ctx;

	assert(r->depth > 0);
	r->depth--;
}

static void load_number(void *ctx, const char *name, int64_t *value)
{
	(void)mp_node_int64(member(ctx, name), value);
}

static void load_text(void *ctx, const char *name, char *text, size_t size)
{
	const struct mp_node *n = member(ctx, name);

	if (n && n->kind == MP_NODE_STRING)
		mp_copy(text, size, n->text);
}

int mp_trace_state_read(const struct mp_node *state, const struct mp_pod_spec *spec, void *mem,
			struct mp_pod **ret, struct mp_error *err)
{
	struct reader r = { .at = { state } };
	const struct mp_snapshot_io io = { .begin = load_begin,
					   .end = load_end,
					   .number = load_number,
					   .text = load_text,
					   .ctx = &r };
	const char *bad = NULL;
	int64_t layout = 0;

	load_number(&r, LAYOUT, &layout);
	if (layout != MP_SNAPSHOT_LAYOUT)
		return mp_fail_text(err, EPROTO, "a state of layout %lld, not %d",
				    (long long)layout, MP_SNAPSHOT_LAYOUT);
	*ret = mp_pod_load(mem, spec, &io, &bad);
	return *ret ? 0 : mp_fail_text(err, EINVAL, "a state with an impossible \"%s\"", bad);
}
