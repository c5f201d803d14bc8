/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sim_script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/auto.h"
#include "runtime/base/document.h"
#include "runtime/cli.h"

/** struct reader - where errors go; the first one stays. */
struct reader {
	const char *name;
	const struct mp_pod_spec *spec;
	struct mp_error *err;
	int r;
};

__attribute__((format(printf, 3, 4))) static void refuse(struct reader *rd,
							 const struct mp_node *node,
							 const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (rd->r < 0)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rd->r = mp_fail_text(rd->err, EINVAL, "%s:%u:%u: %s", rd->name, node->line, node->column,
			     text);
}

/* Every member of @map must be one of @keys, which ends with NULL. */
static void expect_keys(struct reader *rd, const struct mp_node *map, const char *const *keys)
{
	if (map->kind != MP_NODE_MAP) {
		refuse(rd, map, "expected an object, found %s", mp_node_kind_text(map->kind));
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		size_t n = 0;
		bool is_known = false;

		for (; keys[n]; n++)
			is_known = is_known || strcmp(keys[n], map->entries[i].key) == 0;
		if (!is_known) {
			const char *near = mp_closest(map->entries[i].key, keys, n);

			refuse(rd, map->entries[i].value, "unknown field \"%s\"%s%s%s",
			       map->entries[i].key, near ? ", did you mean \"" : "",
			       near ? near : "", near ? "\"?" : "");
		}
	}
}

static const char *text_of(struct reader *rd, const struct mp_node *map, const char *key)
{
	const struct mp_node *v = mp_node_get(map, key);

	if (!v)
		return NULL;
	if (v->kind != MP_NODE_STRING)
		refuse(rd, v, "%s: expected a string", key);
	return v->text;
}

static bool bool_of(struct reader *rd, const struct mp_node *map, const char *key)
{
	const struct mp_node *v = mp_node_get(map, key);

	if (!v)
		return false;
	if (v->kind != MP_NODE_BOOL)
		refuse(rd, v, "%s: expected true or false", key);
	return v->boolean;
}

static int64_t int_of(struct reader *rd, const struct mp_node *map, const char *key, int64_t min,
		      int64_t max)
{
	const struct mp_node *v = mp_node_get(map, key);
	int64_t n = 0;

	if (!v)
		return 0;
	if (!mp_node_int64(v, &n) || n < min || n > max)
		refuse(rd, v, "%s: expected a whole number from %lld to %lld", key, (long long)min,
		       (long long)max);
	return n;
}

/* "never" is for ever; a leading minus only where @is_signed. */
static mp_nsec time_of(struct reader *rd, const struct mp_node *map, const char *key,
		       mp_nsec fallback, bool is_signed)
{
	const struct mp_node *v = mp_node_get(map, key);
	struct mp_error err = MP_ERROR_NONE;
	mp_nsec span = fallback;
	bool is_negative;

	if (!v)
		return fallback;
	if (v->kind != MP_NODE_STRING && v->kind != MP_NODE_NUMBER) {
		refuse(rd, v, "%s: expected a duration, like \"1m30s\"", key);
		return fallback;
	}
	if (strcmp(v->text, "never") == 0)
		return MP_NSEC_NEVER;
	is_negative = is_signed && v->text[0] == '-';
	if (mp_duration_parse(key, v->text + is_negative, &span, &err) < 0)
		refuse(rd, v, "%s", err.msg);
	return is_negative ? -span : span;
}

/* The list at @key; NULL when there is none. */
static const struct mp_node *list_of(struct reader *rd, const struct mp_node *map, const char *key,
				     size_t max)
{
	const struct mp_node *v = mp_node_get(map, key);

	if (!v)
		return NULL;
	if (v->kind != MP_NODE_LIST || v->count > max) {
		refuse(rd, v, "%s: expected a list of at most %zu", key, max);
		return NULL;
	}
	return v;
}

/* ---- containers ------------------------------------------------------------------------------- */

static void read_run(struct reader *rd, const struct mp_node *n, struct mp_sim_run *run)
{
	static const char *const keys[] = {
		"createError", "createReason", "startError", "createTakes", "startTakes",
		"lasts",       "exitCode",     "oom",        "ignoresTerm", "termTakes",
		"termCode",    "killTakes",    "message",    NULL
	};

	expect_keys(rd, n, keys);
	run->create_error = text_of(rd, n, "createError");
	run->create_reason = text_of(rd, n, "createReason");
	if (!run->create_reason)
		run->create_reason = "CreateContainerError";
	run->start_error = text_of(rd, n, "startError");
	run->create_takes = time_of(rd, n, "createTakes", 0, false);
	run->start_takes = time_of(rd, n, "startTakes", 0, false);
	run->lasts = time_of(rd, n, "lasts", MP_NSEC_NEVER, false);
	run->code = (int)int_of(rd, n, "exitCode", 0, 255);
	run->is_oom = bool_of(rd, n, "oom");
	run->ignores_term = bool_of(rd, n, "ignoresTerm");
	run->term_takes = time_of(rd, n, "termTakes", 0, false);
	run->term_code = (int)int_of(rd, n, "termCode", 0, 255);
	run->kill_takes = time_of(rd, n, "killTakes", 0, false);
	run->message = text_of(rd, n, "message");
}

static void read_pull(struct reader *rd, const struct mp_node *n, struct mp_sim_pull *pull)
{
	static const char *const keys[] = { "takes", "error", "reason", NULL };

	expect_keys(rd, n, keys);
	pull->takes = time_of(rd, n, "takes", 0, false);
	pull->error = text_of(rd, n, "error");
	pull->reason = text_of(rd, n, "reason");
	if (!pull->reason)
		pull->reason = "ErrImagePull";
}

static void read_hook(struct reader *rd, const struct mp_node *n, struct mp_sim_hook *hook)
{
	static const char *const keys[] = { "takes", "error", "fallback", NULL };

	expect_keys(rd, n, keys);
	hook->takes = time_of(rd, n, "takes", 0, false);
	hook->error = text_of(rd, n, "error");
	hook->fallback = text_of(rd, n, "fallback");
}

static enum mp_probe_outcome outcome_of(struct reader *rd, const struct mp_node *n)
{
	static const char *const texts[] = { "success", "warning", "failure", "error",
					     "unreadable" };
	const char *text = text_of(rd, n, "outcome");

	for (size_t i = 0; text && i < MP_ARRAY_SIZE(texts); i++) {
		if (strcmp(text, texts[i]) == 0)
			return (enum mp_probe_outcome)i;
	}
	if (text)
		refuse(rd, n, "outcome: expected success, warning, failure, error or unreadable");
	return MP_PROBE_SUCCESS;
}

static void read_probe(struct reader *rd, const struct mp_node *n, struct mp_sim_probe *probe)
{
	static const char *const keys[] = { "outcome", "takes", "times", "output", NULL };

	expect_keys(rd, n, keys);
	probe->outcome = outcome_of(rd, n);
	probe->takes = time_of(rd, n, "takes", 0, false);
	probe->times = int_of(rd, n, "times", 1, INT32_MAX);
	probe->output = text_of(rd, n, "output");
}

static void read_container(struct reader *rd, const struct mp_node *n, struct mp_sim_container *c)
{
	static const char *const keys[] = { "instances",      "instancesCycle", "imageAbsent",
					    "imageError",     "imageReason",    "pulls",
					    "postStart",      "preStop",        "startup",
					    "readiness",      "liveness",       "startupCycle",
					    "readinessCycle", "livenessCycle",  NULL };
	static const char *const hooks[] = { "postStart", "preStop" };
	static const char *const probes[] = { "startup", "readiness", "liveness" };
	static const char *const cycles[] = { "startupCycle", "readinessCycle", "livenessCycle" };
	const struct mp_node *list;

	expect_keys(rd, n, keys);
	c->is_run_cycle = bool_of(rd, n, "instancesCycle");
	c->is_image_absent = bool_of(rd, n, "imageAbsent");
	c->image_error = text_of(rd, n, "imageError");
	c->image_reason = text_of(rd, n, "imageReason");
	if (!c->image_reason)
		c->image_reason = "ImageInspectError";
	list = list_of(rd, n, "instances", MP_SIM_LIST_MAX);
	for (size_t i = 0; list && i < list->count; i++)
		read_run(rd, list->items[i], &c->runs[c->n_runs++]);
	list = list_of(rd, n, "pulls", MP_SIM_LIST_MAX);
	for (size_t i = 0; list && i < list->count; i++)
		read_pull(rd, list->items[i], &c->pulls[c->n_pulls++]);
	for (size_t k = 0; k < MP_ARRAY_SIZE(hooks); k++) {
		list = list_of(rd, n, hooks[k], MP_SIM_LIST_MAX);
		for (size_t i = 0; list && i < list->count; i++)
			read_hook(rd, list->items[i], &c->hooks[k][c->n_hooks[k]++]);
	}
	for (size_t k = 0; k < MP_N_PROBES; k++) {
		c->is_probe_cycle[k] = bool_of(rd, n, cycles[k]);
		list = list_of(rd, n, probes[k], MP_SIM_LIST_MAX);
		for (size_t i = 0; list && i < list->count; i++)
			read_probe(rd, list->items[i], &c->probes[k][c->n_probes[k]++]);
	}
}

/* ---- what happens when -------------------------------------------------------------------------- */

static int container_of(struct reader *rd, const struct mp_node *n)
{
	const char *name = text_of(rd, n, "container");
	const int index = name ? mp_spec_container(rd->spec, name) : -ENOENT;

	if (index < 0)
		refuse(rd, n, "container: the pod has no \"%s\"", name ? name : "");
	return index < 0 ? 0 : index;
}

static void read_do(struct reader *rd, const struct mp_node *n, struct mp_sim_do *d)
{
	static const char *const keys[] = {
		"at",    "delete", "condition",         "evict", "reject", "killPause", "recover",
		"clock", "exit",   "definitionChanged", NULL
	};
	static const char *const members[] = { "graceSeconds", "force",  "type",      "status",
					       "message",      "reason", "after",     "known",
					       "survives",     "by",     "container", "code",
					       "oom",          NULL };
	static const enum mp_sim_do_type types[] = {
		MP_SIM_DO_DELETE, MP_SIM_DO_CONDITION,  MP_SIM_DO_EVICT,
		MP_SIM_DO_REJECT, MP_SIM_DO_KILL_PAUSE, MP_SIM_DO_RECOVER,
		MP_SIM_DO_CLOCK,  MP_SIM_DO_EXIT,       MP_SIM_DO_DEFINITION,
	};
	const struct mp_node *v = NULL;

	expect_keys(rd, n, keys);
	d->at = time_of(rd, n, "at", 0, false);
	for (size_t i = 0; i < MP_ARRAY_SIZE(types); i++) {
		const struct mp_node *found = mp_node_get(n, keys[i + 1]);

		if (found && v)
			refuse(rd, n, "one thing at a time; another step may have the same \"at\"");
		if (found) {
			v = found;
			d->type = types[i];
		}
	}
	if (!v) {
		refuse(rd, n,
		       "what is to be done? One of delete, condition, evict, reject, killPause, "
		       "recover, clock, exit, definitionChanged");
		return;
	}
	expect_keys(rd, v, members);
	d->grace_s.is_set = mp_node_get(v, "graceSeconds") != NULL;
	d->grace_s.v = int_of(rd, v, "graceSeconds", 0, INT32_MAX);
	d->is_forced = bool_of(rd, v, "force");
	d->is_known = bool_of(rd, v, "known");
	d->is_surviving = bool_of(rd, v, "survives");
	d->is_oom = bool_of(rd, v, "oom");
	d->code = (int)int_of(rd, v, "code", 0, 255);
	d->span = d->type == MP_SIM_DO_CLOCK ? time_of(rd, v, "by", 0, true) :
					       time_of(rd, v, "after", 0, false);
	if (d->type == MP_SIM_DO_EXIT || d->type == MP_SIM_DO_DEFINITION)
		d->container = container_of(rd, v);
	if (d->type == MP_SIM_DO_CONDITION) {
		d->text[0] = text_of(rd, v, "type");
		d->text[1] = text_of(rd, v, "status");
		if (!d->text[0] || !d->text[1])
			refuse(rd, v, "a condition has a type and a status");
	} else if (d->type == MP_SIM_DO_REJECT) {
		d->text[0] = text_of(rd, v, "reason");
		d->text[1] = text_of(rd, v, "message");
		if (!d->text[0] || !d->text[1])
			refuse(rd, v, "a rejection has a reason and a message");
	} else if (d->type == MP_SIM_DO_EVICT) {
		d->text[0] = text_of(rd, v, "message");
		if (!d->text[0])
			refuse(rd, v, "an eviction has a message");
	}
}

static void read_step(struct reader *rd, const struct mp_node *root, const char *key,
		      struct mp_sim_step *step)
{
	static const char *const keys[] = { "takes", "failures", NULL };
	const struct mp_node *n = mp_node_get(root, key);

	if (!n)
		return;
	expect_keys(rd, n, keys);
	step->takes = time_of(rd, n, "takes", 0, false);
	step->failures = int_of(rd, n, "failures", 0, INT32_MAX);
}

static void read_seed(struct reader *rd, const struct mp_node *root, struct mp_sim_script *ret)
{
	const struct mp_node *seed = mp_node_get(root, "seed");
	char *end = NULL;

	if (!seed)
		return;
	if (seed->text)
		ret->seed = strtoull(seed->text, &end, 10);
	if (!seed->text || !seed->text[0] || *end)
		refuse(rd, seed, "seed: expected a number");
}

/* ---- the whole ------------------------------------------------------------------------------------ */

int mp_sim_script_none(struct mp_arena *arena, const struct mp_pod_spec *spec,
		       struct mp_sim_script *ret, struct mp_error *err)
{
	*ret = (struct mp_sim_script){ .seed = 1 };
	ret->containers =
		mp_arena_alloc(arena, mp_spec_n_containers(spec), sizeof(*ret->containers));
	return ret->containers ? 0 : mp_fail(err, ENOMEM, "script");
}

static void read_root(struct reader *rd, const struct mp_node *root, struct mp_sim_script *ret,
		      struct mp_sim_container *containers)
{
	static const char *const keys[] = { "seed",     "shuffle",    "warm",    "planSize",
					    "prepare",  "volumes",    "sandbox", "stop",
					    "tearDown", "containers", "do",      NULL };
	const struct mp_node *map = mp_node_get(root, "containers");

	expect_keys(rd, root, keys);
	read_seed(rd, root, ret);
	ret->is_shuffled = bool_of(rd, root, "shuffle");
	ret->is_warm = bool_of(rd, root, "warm");
	ret->plan_size = (size_t)int_of(rd, root, "planSize", 0, 64);
	read_step(rd, root, "prepare", &ret->prepare);
	read_step(rd, root, "volumes", &ret->volumes);
	read_step(rd, root, "sandbox", &ret->sandbox);
	read_step(rd, root, "stop", &ret->stop);
	read_step(rd, root, "tearDown", &ret->tear_down);
	if (map && map->kind != MP_NODE_MAP)
		refuse(rd, map, "containers: expected an object, by container name");
	for (size_t i = 0; rd->r == 0 && map && i < map->count; i++) {
		const int index = mp_spec_container(rd->spec, map->entries[i].key);

		if (index < 0)
			refuse(rd, map->entries[i].value, "the pod has no container \"%s\"",
			       map->entries[i].key);
		else
			read_container(rd, map->entries[i].value, &containers[index]);
	}
}

int mp_sim_script_parse(struct mp_arena *arena, const char *name, const char *bytes, size_t len,
			const struct mp_pod_spec *spec, struct mp_sim_script *ret,
			struct mp_error *err)
{
	struct reader rd = { .name = name, .spec = spec, .err = err };
	struct mp_sim_container *containers;
	struct mp_document doc;
	const struct mp_node *list;
	struct mp_sim_do *dos;
	int r = mp_document_parse(arena, name, bytes, len, MP_DOCUMENT_AUTO, &doc, err);

	if (r < 0)
		return r;
	*ret = (struct mp_sim_script){ .seed = 1 };
	containers = mp_arena_alloc(arena, mp_spec_n_containers(spec), sizeof(*containers));
	if (!containers)
		return mp_fail(err, ENOMEM, "script");
	ret->containers = containers;
	read_root(&rd, doc.roots[0], ret, containers);
	list = list_of(&rd, doc.roots[0], "do", 64);
	dos = mp_arena_alloc(arena, list ? list->count : 0, sizeof(*dos));
	if (!dos)
		return mp_fail(err, ENOMEM, "script");
	for (size_t i = 0; list && i < list->count; i++)
		read_do(&rd, list->items[i], &dos[ret->n_dos++]);
	ret->dos = dos;
	return rd.r;
}
