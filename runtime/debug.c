/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/debug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lifecycle/names.h"
#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
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
	if (sv->live.n_debug == MP_DEBUG_MAX)
		return mp_fail_text(err, E2BIG, "a pod may have %d ephemeral containers",
				    MP_DEBUG_MAX);
	if (!ask->image[0])
		return mp_fail_text(err, EINVAL,
				    "spec.ephemeralContainers[].image: Required value");
	if (!sv->infra || mp_pod_is_deleting(sv->pod))
		return mp_fail_text(err, ESRCH, "the pod is ending: nothing can be added to it");
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

static int make_spec(struct mp_supervisor *sv, const struct mp_debug_ask *ask,
		     struct mp_container_spec *ret, struct mp_error *err)
{
	struct mp_arena *arena = &sv->live.images;
	size_t n = 0;
	const char **words;

	while (ask->command && ask->command[n])
		n++;
	words = mp_arena_alloc(arena, n + 1, sizeof(char *));
	*ret = (struct mp_container_spec){ .kind = MP_KIND_MAIN,
					   .name = mp_arena_strdup(arena, ask->name),
					   .image = mp_arena_strdup(arena, ask->image),
					   .pull_policy = "IfNotPresent",
					   .termination_path = "/dev/termination-log",
					   .termination_policy = "File",
					   .stdin_ = ask->has_stdin,
					   .stdin_once = ask->has_stdin,
					   .tty = ask->is_tty };
	if (!words || !ret->name || !ret->image)
		return mp_fail(err, ENOMEM, "ephemeral container");
	for (size_t i = 0; i < n; i++) {
		words[i] = mp_arena_strdup(arena, ask->command[i]);
		if (!words[i])
			return mp_fail(err, ENOMEM, "ephemeral container");
	}
	ret->command = (struct mp_strings){ .items = words, .n = n, .is_set = n > 0 };
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

/* What clients put into the pod object: [{"name":...}]. */
static void write_file(struct mp_supervisor *sv)
{
	const size_t n = mp_spec_n_containers(sv->spec);
	struct mp_json w;
	const char *text;
	size_t len;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_list_begin(&w);
	for (size_t i = 0; i < sv->live.n_debug; i++) {
		const struct mp_container_spec *c = &sv->spec->containers[n + i];

		mp_json_object_begin(&w);
		put_words(&w, "command", &c->command);
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

int mp_debug_create(struct mp_supervisor *sv, const struct mp_debug_ask *ask,
		    struct mp_record **ret, struct mp_error *err)
{
	const size_t index = mp_n_records(sv);
	struct mp_container_spec spec;
	struct mp_record *record = NULL;
	const char *reason;
	int r = check(sv, ask, err);

	if (r == 0)
		r = make_spec(sv, ask, &spec, err);
	if (r == 0)
		r = mp_live_own_containers(sv, err);
	if (r < 0)
		return r;
	sv->live.containers[index] = spec;
	sv->live.debug[sv->live.n_debug] = (struct mp_debug){ .code = 0 };
	(void)snprintf(sv->live.debug[sv->live.n_debug].target, sizeof(sv->live.debug[0].target),
		       "%s", ask->target);
	sv->live.n_debug++;
	r = mp_record_build(sv, index, 0, &record, &reason, err);
	if (r < 0) {
		sv->live.n_debug--;
		return r;
	}
	record->next = NULL;
	sv->records[index] = record;
	write_file(sv);
	*ret = record;
	return 0;
}

static const char **words_of(const struct mp_node *list, struct mp_arena *arena)
{
	const size_t n = list && list->kind == MP_NODE_LIST ? list->count : 0;
	const char **words = n > 0 ? mp_arena_alloc(arena, n + 1, sizeof(char *)) : NULL;

	for (size_t i = 0; words && i < n; i++)
		words[i] = list->items[i]->text;
	return words;
}

static void recover_one(struct mp_supervisor *sv, const struct mp_node *item,
			struct mp_arena *arena,
			int (*adopt)(struct mp_supervisor *sv, size_t index, const char *id))
{
	const struct mp_node *tty = mp_node_get(item, "tty"), *in = mp_node_get(item, "stdin");
	const struct mp_debug_ask ask = { .name = mp_node_text(item, "name", NULL),
					  .image = mp_node_text(item, "image", NULL),
					  .target = mp_node_text(item, "targetContainerName", NULL),
					  .command = words_of(mp_node_get(item, "command"), arena),
					  .has_stdin = in && in->boolean,
					  .is_tty = tty && tty->boolean };
	const size_t index = mp_n_records(sv);
	struct mp_container_spec spec;
	struct mp_record_note note;
	struct mp_debug *d;
	int64_t wall = 0;
	int r;

	if (sv->live.n_debug == MP_DEBUG_MAX || make_spec(sv, &ask, &spec, NULL) < 0 ||
	    mp_live_own_containers(sv, NULL) < 0)
		return;
	sv->live.containers[index] = spec;
	d = &sv->live.debug[sv->live.n_debug++];
	*d = (struct mp_debug){ .code = 137 };
	(void)snprintf(d->target, sizeof(d->target), "%s", ask.target);
	r = mp_record_note_find(sv->private_fd, ask.name, arena, &note, &wall, NULL);
	d->started_wall = wall;
	if (r == 0)
		r = adopt(sv, index, note.id);
	if (r < 0)
		d->finished_wall = mp_clock_read().wall;
}

void mp_debug_recover(struct mp_supervisor *sv,
		      int (*adopt)(struct mp_supervisor *sv, size_t index, const char *id))
{
	struct mp_arena arena = { .head = NULL };
	struct mp_document doc;
	char *text = NULL;
	size_t len = 0;

	if (mp_file_read(sv->dir.run_fd, MP_DEBUG_NAME, (size_t)1 << 20, &arena, &text, &len,
			 NULL) == 0 &&
	    mp_document_parse(&arena, MP_DEBUG_NAME, text, len, MP_DOCUMENT_JSON, &doc, NULL) == 0)
		for (size_t i = 0; i < doc.roots[0]->count && doc.roots[0]->kind == MP_NODE_LIST;
		     i++)
			recover_one(sv, doc.roots[0]->items[i], &arena, adopt);
	mp_arena_done(&arena);
}

static struct mp_debug *debug_of(const struct mp_record *record)
{
	return &record->sv->live.debug[record->index - mp_spec_n_containers(record->sv->spec)];
}

int mp_debug_start(struct mp_record *record, struct mp_error *err)
{
	struct mp_debug *d = debug_of(record);
	const int r = mp_record_launch(record, err);

	d->started_wall = mp_clock_read().wall;
	if (r < 0) {
		d->has_failed = true;
		d->finished_wall = d->started_wall;
		d->code = 128;
	}
	record->sv->has_new_status = true;
	return r;
}

int mp_debug_target(const struct mp_record *record)
{
	const struct mp_supervisor *sv = record->sv;
	size_t index;

	if (record->index < mp_spec_n_containers(sv->spec) || !debug_of(record)->target[0])
		return -EBADF;
	index = find(sv, debug_of(record)->target);
	return runs(sv, index) ? sv->records[index]->pidfd : -EBADF;
}

void mp_debug_exited(struct mp_record *record, int code, int signal)
{
	struct mp_debug *d = debug_of(record);

	d->finished_wall = mp_clock_read().wall;
	d->code = code;
	d->signal = signal;
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
		mp_json_put_string(w, "reason",
				   d->has_failed ? "StartError" :
				   d->code == 0  ? "Completed" :
						   "Error");
		if (d->signal != 0)
			mp_json_put_int(w, "signal", d->signal);
		put_time(w, "startedAt", d->started_wall);
		mp_json_object_end(w);
	} else if (d->started_wall != 0) {
		mp_json_put_object(w, "running");
		put_time(w, "startedAt", d->started_wall);
		mp_json_object_end(w);
	}
	mp_json_object_end(w);
}

void mp_debug_statuses(struct mp_json *w, const void *arg)
{
	const struct mp_supervisor *sv = arg;
	const size_t n = mp_spec_n_containers(sv->spec);

	if (sv->live.n_debug == 0)
		return;
	mp_json_put_list(w, "ephemeralContainerStatuses");
	for (size_t i = 0; i < sv->live.n_debug; i++) {
		const struct mp_container_spec *c = &sv->spec->containers[n + i];
		const struct mp_record *record = sv->records[n + i];

		mp_json_object_begin(w);
		if (record)
			put_id(w, record);
		mp_json_put_string(w, "image", c->image);
		mp_json_put_string(w, "imageID", "");
		mp_json_put_object(w, "lastState");
		mp_json_object_end(w);
		mp_json_put_string(w, "name", c->name);
		mp_json_put_bool(w, "ready", false);
		mp_json_put_int(w, "restartCount", 0);
		put_state(w, &sv->live.debug[i], record);
		mp_json_object_end(w);
	}
	mp_json_list_end(w);
}
