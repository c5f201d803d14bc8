/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/debug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lifecycle/image_step.h"
#include "lifecycle/names.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/container_io.h"
#include "runtime/control.h"
#include "runtime/pod_view.h"
#include "runtime/record_note.h"
#include "runtime/supervisor.h"

size_t mp_n_records(const struct mp_supervisor *sv)
{
	return mp_spec_n_containers(sv->spec) + sv->live.n_debug;
}

static size_t find(const struct mp_supervisor *sv, const char *name)
{
	size_t i = 0;

	while (i < mp_n_records(sv) && !mp_streq(sv->spec->containers[i].name, name))
		i++;
	return i;
}

static bool runs(const struct mp_supervisor *sv, size_t index)
{
	return index < mp_n_records(sv) && sv->records[index] && sv->records[index]->is_running;
}

/* One that could not be made has left its place to another. */
static size_t place_for(const struct mp_supervisor *sv)
{
	size_t i = 0;

	while (i < sv->live.n_debug && !sv->live.debug[i].is_void)
		i++;
	return i;
}

static struct mp_debug *debug_at(struct mp_supervisor *sv, size_t index)
{
	return &sv->live.debug[index - mp_spec_n_containers(sv->spec)];
}

static const struct mp_debug *debug_of(const struct mp_record *record)
{
	return debug_at(record->sv, record->index);
}

static int check(const struct mp_supervisor *sv, const struct mp_debug_ask *ask,
		 struct mp_error *err)
{
	const struct mp_name_faults faults = mp_name_dns_label(ask->name);

	if (faults.n > 0)
		return mp_fail_text(err, EINVAL,
				    "spec.ephemeralContainers[].name: Invalid value: \"%s\": %s",
				    ask->name, faults.text[0]);
	if (find(sv, ask->name) < mp_n_records(sv))
		return mp_fail_text(err, EEXIST,
				    "spec.ephemeralContainers[].name: Duplicate value: \"%s\"",
				    ask->name);
	if (place_for(sv) == MP_DEBUG_MAX)
		return mp_fail_text(err, E2BIG, "a pod may have %d ephemeral containers",
				    MP_DEBUG_MAX);
	if (!ask->image[0])
		return mp_fail_text(err, EINVAL,
				    "spec.ephemeralContainers[].image: Required value");
	if (!sv->infra || mp_pod_is_deleting(sv->pod))
		return mp_fail_text(err, ESRCH, "the pod is ending: nothing can be added to it");
	if (ask->pull_policy[0] && !mp_streq(ask->pull_policy, "Always") &&
	    !mp_streq(ask->pull_policy, "IfNotPresent") && !mp_streq(ask->pull_policy, "Never"))
		return mp_fail_text(
			err, EINVAL,
			"spec.ephemeralContainers[].imagePullPolicy: Unsupported value: "
			"\"%s\": supported values: \"Always\", \"IfNotPresent\", "
			"\"Never\"",
			ask->pull_policy);
	if (ask->target[0] && find(sv, ask->target) == mp_n_records(sv))
		return mp_fail_text(err, ESRCH,
				    "spec.ephemeralContainers[].targetContainerName: Not found: "
				    "\"%s\"",
				    ask->target);
	if (ask->target[0] && !runs(sv, find(sv, ask->target)))
		return mp_fail_text(err, ESRCH, "the target container \"%s\" does not run",
				    ask->target);
	return 0;
}

static int copy_words(struct mp_arena *arena, const char *const *from, struct mp_strings *ret)
{
	size_t n = 0;
	const char **words;

	while (from && from[n])
		n++;
	words = mp_arena_alloc(arena, n + 1, sizeof(char *));
	for (size_t i = 0; words && i < n; i++) {
		words[i] = mp_arena_strdup(arena, from[i]);
		if (!words[i])
			return -ENOMEM;
	}
	*ret = (struct mp_strings){ .items = words, .n = n, .is_set = n > 0 };
	return words ? 0 : -ENOMEM;
}

static int copy_env(struct mp_arena *arena, const char *const *from, struct mp_container_spec *ret)
{
	struct mp_env_var *vars;
	size_t n = 0;

	while (from && from[n])
		n++;
	vars = mp_arena_alloc(arena, n, sizeof(*vars));
	for (size_t i = 0; vars && i < n; i++) {
		const char *equals = strchr(from[i], '=');

		if (!equals)
			return -EINVAL;
		vars[i].name = mp_arena_dup(arena, from[i], (size_t)(equals - from[i]));
		vars[i].value = mp_arena_strdup(arena, equals + 1);
		if (!vars[i].name || !vars[i].value)
			return -ENOMEM;
	}
	ret->env = vars;
	ret->n_env = n;
	return vars ? 0 : -ENOMEM;
}

static int make_spec(struct mp_supervisor *sv, const struct mp_debug_ask *ask,
		     struct mp_container_spec *ret, struct mp_error *err)
{
	struct mp_arena *arena = &sv->live.images;
	int r;

	*ret = (struct mp_container_spec){
		.kind = MP_KIND_MAIN,
		.name = mp_arena_strdup(arena, ask->name),
		.image = mp_arena_strdup(arena, ask->image),
		.pull_policy = mp_arena_strdup(
			arena, ask->pull_policy[0] ? ask->pull_policy :
						     mp_spec_default_pull_policy(ask->image)),
		.termination_path = "/dev/termination-log",
		.termination_policy = "File",
		.stdin_ = ask->has_stdin,
		.stdin_once = ask->has_stdin && ask->is_stdin_once,
		.tty = ask->is_tty,
	};
	r = copy_words(arena, ask->command, &ret->command);
	if (r == 0)
		r = copy_words(arena, ask->args, &ret->args);
	if (r == 0)
		r = copy_env(arena, ask->env, ret);
	if (r == -EINVAL)
		return mp_fail_text(err, EINVAL,
				    "spec.ephemeralContainers[].env: must be NAME=VALUE");
	if (r < 0 || !ret->name || !ret->image || !ret->pull_policy)
		return mp_fail(err, ENOMEM, "ephemeral container");
	return 0;
}

static void put_words(struct mp_json *w, const char *key, const struct mp_strings *words)
{
	if (words->n == 0)
		return;
	mp_json_put_list(w, key);
	for (size_t i = 0; i < words->n; i++)
		mp_json_string(w, words->items[i]);
	mp_json_list_end(w);
}

static void put_env(struct mp_json *w, const struct mp_container_spec *c)
{
	if (c->n_env == 0)
		return;
	mp_json_put_list(w, "env");
	for (size_t i = 0; i < c->n_env; i++) {
		mp_json_object_begin(w);
		mp_json_put_string(w, "name", c->env[i].name);
		mp_json_put_string(w, "value", c->env[i].value);
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}

static bool has_any(const struct mp_supervisor *sv)
{
	bool is_any = false;

	for (size_t i = 0; i < sv->live.n_debug; i++)
		is_any |= !sv->live.debug[i].is_void;
	return is_any;
}

/* What clients put into the pod object: [{"name":...}]. */
static void write_file(struct mp_supervisor *sv)
{
	const size_t n = mp_spec_n_containers(sv->spec);
	struct mp_json w;
	const char *text;
	size_t len;

	if (!has_any(sv)) {
		(void)unlinkat(sv->dir.run_fd, MP_DEBUG_NAME, 0);
		return;
	}
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_list_begin(&w);
	for (size_t i = 0; i < sv->live.n_debug; i++) {
		const struct mp_container_spec *c = &sv->spec->containers[n + i];

		if (sv->live.debug[i].is_void)
			continue;
		mp_json_object_begin(&w);
		put_words(&w, "args", &c->args);
		put_words(&w, "command", &c->command);
		put_env(&w, c);
		mp_json_put_string(&w, "image", c->image);
		mp_json_put_string(&w, "imagePullPolicy", c->pull_policy);
		mp_json_put_string(&w, "name", c->name);
		if (c->stdin_)
			mp_json_put_bool(&w, "stdin", true);
		if (c->stdin_once)
			mp_json_put_bool(&w, "stdinOnce", true);
		if (sv->live.debug[i].target[0])
			mp_json_put_string(&w, "targetContainerName", sv->live.debug[i].target);
		mp_json_put_string(&w, "terminationMessagePath", c->termination_path);
		mp_json_put_string(&w, "terminationMessagePolicy", c->termination_policy);
		if (c->tty)
			mp_json_put_bool(&w, "tty", true);
		mp_json_object_end(&w);
	}
	mp_json_list_end(&w);
	text = mp_json_finish(&w, &len, NULL);
	if (text)
		(void)mp_file_replace(sv->dir.run_fd, MP_DEBUG_NAME, text, len, 0600, NULL);
	mp_json_done(&w);
}

int mp_debug_create(struct mp_supervisor *sv, const struct mp_debug_ask *ask, size_t *ret_index,
		    struct mp_error *err)
{
	const size_t place = place_for(sv), index = mp_spec_n_containers(sv->spec) + place;
	struct mp_container_spec spec;
	int r = check(sv, ask, err);

	if (r == 0)
		r = make_spec(sv, ask, &spec, err);
	if (r == 0)
		r = mp_live_own_containers(sv, err);
	if (r < 0)
		return r;
	sv->live.containers[index] = spec;
	sv->live.debug[place] = (struct mp_debug){ .image = "", .image_id = "", .message = "" };
	(void)snprintf(sv->live.debug[place].target, sizeof(sv->live.debug[0].target), "%s",
		       ask->target);
	if (place == sv->live.n_debug)
		sv->live.n_debug++;
	write_file(sv);
	/* An update of the spec like any other: KEP-5067. */
	sv->live.spec.meta.generation++;
	mp_live_publish(sv);
	*ret_index = index;
	return 0;
}

/* ---- start --------------------------------------------------------------------------------------- */

static void tell(struct mp_supervisor *sv, size_t index, bool is_warning, const char *reason,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* An event of the container. */
static void tell(struct mp_supervisor *sv, size_t index, bool is_warning, const char *reason,
		 const char *fmt, ...)
{
	char text[MP_ERROR_MSG_MAX + 512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_NOTE,
						   .container = -1,
						   .note = { is_warning, reason, text,
							     sv->spec->containers[index].name } });
}

/* There is no process: whoever asked for it is told, and the pod is as before. */
static void give_up(struct mp_supervisor *sv, size_t index, int code, const char *error,
		    const char *why)
{
	struct mp_error err = { .code = code };

	(void)snprintf(err.msg, sizeof(err.msg), "%s", why);
	tell(sv, index, true, "Failed", "Error: %s", error);
	debug_at(sv, index)->is_void = true;
	sv->live.containers[index] = (struct mp_container_spec){ .name = "", .image = "" };
	sv->has_new_status = true;
	write_file(sv);
	mp_control_debug_done(sv->control, index, NULL, &err);
}

static void launch(struct mp_record *record)
{
	struct mp_supervisor *sv = record->sv;
	struct mp_debug *d = debug_at(sv, record->index);
	struct mp_error err = MP_ERROR_NONE;
	const int r = mp_record_launch(record, &err);

	d->started_wall = mp_clock_read().wall;
	if (r < 0) {
		d->finished_wall = d->started_wall;
		d->code = 128;
		d->reason = "StartError";
		d->message = mp_arena_strdup(&sv->live.images, err.msg);
		tell(sv, record->index, true, "Failed", "Error: %s", err.msg);
		mp_control_debug_done(sv->control, record->index, NULL, &err);
	} else {
		tell(sv, record->index, false, "Started", "Container started");
		/* Its client may have left meanwhile. */
		if (!mp_control_debug_done(sv->control, record->index, record, NULL) &&
		    sv->spec->containers[record->index].stdin_)
			mp_record_detached(record);
	}
	sv->has_new_status = true;
}

static void create(struct mp_supervisor *sv, size_t index)
{
	struct mp_debug *d = debug_at(sv, index);
	struct mp_error err = MP_ERROR_NONE;
	struct mp_record *record = NULL;
	const char *reason;

	if (!sv->infra || mp_pod_is_deleting(sv->pod)) {
		give_up(sv, index, ESRCH, "the pod is ending", "the pod is ending");
		return;
	}
	if (d->target[0] && !runs(sv, find(sv, d->target))) {
		(void)mp_fail_text(&err, ESRCH, "the target container \"%s\" does not run",
				   d->target);
		give_up(sv, index, err.code, err.msg, err.msg);
		return;
	}
	if (mp_record_build(sv, index, 0, &record, &reason, &err) < 0) {
		give_up(sv, index, err.code, err.msg, err.msg);
		return;
	}
	record->next = NULL;
	sv->records[index] = record;
	tell(sv, index, false, "Created", "Container created");
	mp_control_debug_made(sv->control, index, record);
	launch(record);
}

static void take_image(struct mp_supervisor *sv, size_t index, const struct mp_event *ev)
{
	struct mp_debug *d = debug_at(sv, index);

	d->image = mp_arena_strdup(&sv->live.images, ev->image.resolved);
	d->image_id = mp_arena_strdup(&sv->live.images, ev->image.id);
	create(sv, index);
}

/* What the local store says. */
static void looked(struct mp_supervisor *sv, size_t index, const struct mp_event *ev)
{
	const struct mp_container_spec *c = &sv->spec->containers[index];
	char text[MP_ERROR_MSG_MAX];
	struct mp_buf buf = MP_BUF(text);

	text[0] = '\0';
	switch (mp_image_step(c->pull_policy, ev->type == MP_EV_IMAGE_PRESENT)) {
	case MP_IMAGE_USE:
		mp_image_say_present(&buf, c->image);
		tell(sv, index, false, "Pulled", "%s", text);
		take_image(sv, index, ev);
		return;
	case MP_IMAGE_PULL:
		tell(sv, index, false, "Pulling", "Pulling image \"%s\"", c->image);
		debug_at(sv, index)->is_pulling = true;
		mp_exec_pull_image(sv, index, NULL);
		return;
	case MP_IMAGE_REFUSE:
		break;
	}
	mp_image_say_never(&buf, c->image);
	tell(sv, index, true, "ErrImageNeverPull", "%s", text);
	give_up(sv, index, ENOENT, "ErrImageNeverPull", text);
}

void mp_debug_image(struct mp_supervisor *sv, const struct mp_event *ev)
{
	const size_t index = (size_t)ev->container;
	const char *image = sv->spec->containers[index].image;
	char text[MP_ERROR_MSG_MAX];
	struct mp_buf buf = MP_BUF(text);

	text[0] = '\0';
	if (ev->type == MP_EV_IMAGE_PULLED) {
		mp_image_say_pulled(&buf, image, ev->image.took, ev->image.took_waiting,
				    ev->image.bytes);
		tell(sv, index, false, "Pulled", "%s", text);
		take_image(sv, index, ev);
	} else if (ev->type != MP_EV_IMAGE_FAILED) {
		looked(sv, index, ev);
	} else if (debug_at(sv, index)->is_pulling) {
		mp_buf_addf(&buf, "Failed to pull image \"%s\": %s", image, ev->text.message);
		tell(sv, index, true, "Failed", "%s", text);
		give_up(sv, index, ENXIO, ev->text.reason, text);
	} else {
		tell(sv, index, true, "InspectFailed", "%s", ev->text.message);
		give_up(sv, index, EINVAL, ev->text.reason, ev->text.message);
	}
}

void mp_debug_start(struct mp_supervisor *sv, size_t index)
{
	mp_exec_check_image(sv, index, NULL);
}

/* ---- recovery ------------------------------------------------------------------------------------- */

static const char **words_of(const struct mp_node *list, struct mp_arena *arena)
{
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	const char **words = n > 0 ? mp_arena_alloc(arena, n + 1, sizeof(char *)) : NULL;

	for (size_t i = 0; words && i < n; i++)
		words[i] = list->items[i]->text;
	return words;
}

/* [{"name":"A","value":"b"}] as "A=b". */
static const char **env_of(const struct mp_node *list, struct mp_arena *arena)
{
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	const char **words = n > 0 ? mp_arena_alloc(arena, n + 1, sizeof(char *)) : NULL;

	for (size_t i = 0; words && i < n; i++)
		words[i] =
			mp_arena_printf(arena, "%s=%s", mp_node_text(list->items[i], "name", NULL),
					mp_node_text(list->items[i], "value", NULL));
	return words;
}

static bool is_true(const struct mp_node *item, const char *key)
{
	const struct mp_node *node = mp_node_get(item, key);

	return node && node->kind == MP_NODE_BOOL && node->boolean;
}

static int64_t wall_of(const struct mp_node *state, const char *key)
{
	const char *text = mp_node_text(state, key, NULL);
	const int64_t wall = mp_time_parse(text, strlen(text));

	return wall < 0 ? 0 : wall;
}

/* As the supervisor before us published it; the rest is what we find. */
static void recall(struct mp_supervisor *sv, const struct mp_node *status, struct mp_debug *d)
{
	struct mp_arena *arena = &sv->live.images;
	const struct mp_node *ended = mp_node_in(status, "state", "terminated", NULL);
	int64_t v = 0;

	d->image = mp_arena_strdup(arena, mp_node_text(status, "image", NULL));
	d->image_id = mp_arena_strdup(arena, mp_node_text(status, "imageID", NULL));
	d->started_wall = wall_of(mp_node_in(status, "state", "running", NULL), "startedAt");
	if (!ended)
		return;
	d->started_wall = wall_of(ended, "startedAt");
	d->finished_wall = wall_of(ended, "finishedAt");
	if (mp_node_int64(mp_node_get(ended, "exitCode"), &v))
		d->code = (int)v;
	if (mp_node_int64(mp_node_get(ended, "signal"), &v))
		d->signal = (int)v;
	d->reason = mp_arena_strdup(arena, mp_node_text(ended, "reason", NULL));
	d->message = mp_arena_strdup(arena, mp_node_text(ended, "message", NULL));
}

static void recover_one(struct mp_supervisor *sv, const struct mp_node *item,
			const struct mp_node *status, struct mp_arena *arena,
			int (*adopt)(struct mp_supervisor *sv, size_t index, const char *id))
{
	const struct mp_debug_ask ask = { .name = mp_node_text(item, "name", NULL),
					  .image = mp_node_text(item, "image", NULL),
					  .target = mp_node_text(item, "targetContainerName", NULL),
					  .pull_policy =
						  mp_node_text(item, "imagePullPolicy", NULL),
					  .command = words_of(mp_node_get(item, "command"), arena),
					  .args = words_of(mp_node_get(item, "args"), arena),
					  .env = env_of(mp_node_get(item, "env"), arena),
					  .has_stdin = is_true(item, "stdin"),
					  .is_stdin_once = is_true(item, "stdinOnce"),
					  .is_tty = is_true(item, "tty") };
	const size_t index = mp_n_records(sv);
	struct mp_container_spec spec;
	struct mp_record_note note;
	struct mp_debug *d;
	int64_t wall = 0;
	int r;

	if (sv->live.n_debug == MP_DEBUG_MAX || make_spec(sv, &ask, &spec, NULL) < 0 ||
	    mp_live_own_containers(sv, NULL) < 0)
		return;
	r = mp_record_note_find(sv->private_fd, ask.name, arena, &note, &wall, NULL);
	/* Its image was still on the way: there is nothing of it, and nobody waits for it. */
	if (r < 0 && !mp_node_in(status, "state", "terminated", NULL) &&
	    !mp_node_in(status, "state", "running", NULL))
		return;
	sv->live.containers[index] = spec;
	d = &sv->live.debug[sv->live.n_debug++];
	*d = (struct mp_debug){ .code = 137, .message = "" };
	(void)snprintf(d->target, sizeof(d->target), "%s", ask.target);
	recall(sv, status, d);
	if (d->started_wall == 0)
		d->started_wall = wall;
	if (r == 0)
		r = adopt(sv, index, note.id);
	if (r < 0 && d->finished_wall == 0) {
		d->reason = "Error";
		d->finished_wall = mp_clock_read().wall;
	}
}

static const struct mp_node *parse_file(const struct mp_supervisor *sv, const char *name,
					struct mp_arena *arena)
{
	struct mp_document doc;
	char *text = NULL;
	size_t len = 0;

	if (mp_file_read(sv->dir.run_fd, name, (size_t)1 << 20, arena, &text, &len, NULL) < 0 ||
	    mp_document_parse(arena, name, text, len, MP_DOCUMENT_JSON, &doc, NULL) < 0)
		return NULL;
	return doc.roots[0];
}

static const struct mp_node *status_of(const struct mp_node *status, const char *name)
{
	const struct mp_node *list = mp_node_get(status, "ephemeralContainerStatuses");

	for (size_t i = 0; list && list->kind == MP_NODE_LIST && i < list->count; i++)
		if (mp_streq(mp_node_text(list->items[i], "name", NULL), name))
			return list->items[i];
	return NULL;
}

void mp_debug_recover(struct mp_supervisor *sv,
		      int (*adopt)(struct mp_supervisor *sv, size_t index, const char *id))
{
	struct mp_arena arena = { .head = NULL };
	const struct mp_node *list = parse_file(sv, MP_DEBUG_NAME, &arena);
	const struct mp_node *status = list ? parse_file(sv, "status.json", &arena) : NULL;

	for (size_t i = 0; list && list->kind == MP_NODE_LIST && i < list->count; i++) {
		const struct mp_node *item = list->items[i];

		recover_one(sv, item, status_of(status, mp_node_text(item, "name", NULL)), &arena,
			    adopt);
	}
	if (list)
		write_file(sv);
	mp_arena_done(&arena);
}

/* ---- its life ------------------------------------------------------------------------------------- */

int mp_debug_target(const struct mp_record *record)
{
	const struct mp_supervisor *sv = record->sv;
	size_t index;

	if (record->index < mp_spec_n_containers(sv->spec) || !debug_of(record)->target[0])
		return -EBADF;
	index = find(sv, debug_of(record)->target);
	return runs(sv, index) ? sv->records[index]->pidfd : -EBADF;
}

void mp_debug_exited(struct mp_record *record, const struct mp_event *ev)
{
	struct mp_debug *d = debug_at(record->sv, record->index);

	/* A supervisor before us has seen the end and said how it was. What we find may be less: before
	 * Linux 6.15 nobody tells us the exit code of what was not our child. */
	if (d->finished_wall != 0)
		return;
	d->finished_wall = mp_clock_read().wall;
	d->code = ev->exited.code;
	d->signal = ev->exited.signal;
	d->reason = ev->exited.is_oom ? "OOMKilled" : ev->exited.code == 0 ? "Completed" : "Error";
	d->message = mp_arena_strdup(&record->sv->live.images, mp_or_empty(ev->exited.message));
	record->sv->has_new_status = true;
}

static void put_time(struct mp_json *w, const char *key, int64_t wall)
{
	char time[MP_TIME_TEXT_MAX];

	mp_json_put_string(w, key, mp_time_rfc3339(wall, time));
}

static void put_id(struct mp_json *w, const struct mp_record *record)
{
	mp_json_key(w, "containerID");
	mp_json_stringf(w, "minipod://%s", record->id);
}

static void put_state(struct mp_json *w, const struct mp_debug *d, const struct mp_record *record)
{
	mp_json_put_object(w, "state");
	if (d->finished_wall != 0) {
		mp_json_put_object(w, "terminated");
		if (record)
			put_id(w, record);
		mp_json_put_int(w, "exitCode", d->code);
		put_time(w, "finishedAt", d->finished_wall);
		if (!mp_is_empty(d->message))
			mp_json_put_string(w, "message", d->message);
		mp_json_put_string(w, "reason", mp_or_empty(d->reason));
		if (d->signal != 0)
			mp_json_put_int(w, "signal", d->signal);
		put_time(w, "startedAt", d->started_wall);
		mp_json_object_end(w);
	} else if (d->started_wall != 0) {
		mp_json_put_object(w, "running");
		put_time(w, "startedAt", d->started_wall);
		mp_json_object_end(w);
	} else {
		mp_json_put_object(w, "waiting");
		mp_json_put_string(w, "reason", "ContainerCreating");
		mp_json_object_end(w);
	}
	mp_json_object_end(w);
}

void mp_debug_statuses(struct mp_json *w, const void *arg)
{
	const struct mp_supervisor *sv = arg;
	const size_t n = mp_spec_n_containers(sv->spec);

	if (!has_any(sv))
		return;
	mp_json_put_list(w, "ephemeralContainerStatuses");
	for (size_t i = 0; i < sv->live.n_debug; i++) {
		const struct mp_container_spec *c = &sv->spec->containers[n + i];
		const struct mp_record *record = sv->records[n + i];
		const struct mp_debug *d = &sv->live.debug[i];

		if (d->is_void)
			continue;
		mp_json_object_begin(w);
		if (record)
			put_id(w, record);
		mp_json_put_string(w, "image", mp_is_empty(d->image) ? c->image : d->image);
		mp_json_put_string(w, "imageID", mp_or_empty(d->image_id));
		mp_json_put_object(w, "lastState");
		mp_json_object_end(w);
		mp_json_put_string(w, "name", c->name);
		mp_json_put_bool(w, "ready", false);
		mp_json_put_int(w, "restartCount", 0);
		put_state(w, d, record);
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}
