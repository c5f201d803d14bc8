/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sim_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "runtime/base/fd.h"
#include "runtime/pod_json.h"

static int write_pod(int dir_fd, const struct mp_pod_spec *spec, struct mp_error *err)
{
	struct mp_json w;
	const char *text;
	size_t len;
	int r = 0;
	mp_auto_fd fd = openat(dir_fd, "pod.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return mp_fail(err, errno, "make pod.json");
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_pod_json_write(&w, spec, NULL);
	text = mp_json_finish(&w, &len, &r);
	r = text ? mp_fd_write_all(fd, text, len, err) : mp_fail(err, -r, "pod.json");
	mp_json_done(&w);
	return r;
}

int mp_sim_trace_open(struct mp_sim_trace *t, const char *path, const struct mp_pod_spec *spec,
		      const struct mp_sim_script *script, struct mp_error *err)
{
	const struct mp_pod_config config = mp_sim_config(script);
	int r;

	*t = (struct mp_sim_trace){ .trace = NULL };
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return mp_fail(err, errno, "--trace %s", path);

	mp_auto_fd dir_fd = open(path, O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return mp_fail(err, errno, "--trace %s", path);
	r = write_pod(dir_fd, spec, err);
	if (r == -EEXIST)
		return mp_fail_text(err, EEXIST,
				    "--trace %s: it holds a pod.json already; name a new directory",
				    path);
	if (r == 0)
		r = mp_trace_open(dir_fd, spec, &config, NULL,
				  (struct mp_now){ .wall = MP_SIM_EPOCH }, &t->trace, err);
	return mp_wrap(err, r, "--trace %s", path);
}

void mp_sim_trace_event(struct mp_sim_trace *t, const struct mp_sim *sim, const struct mp_event *ev)
{
	if (t->trace)
		mp_trace_event(t->trace, ev, sim->now);
}

static void tell_turn(struct mp_sim_trace *t, const struct mp_sim *sim)
{
	if (!t->is_turn_told)
		mp_trace_turn(t->trace, sim->now);
	t->is_turn_told = true;
}

void mp_sim_trace_action(struct mp_sim_trace *t, const struct mp_sim *sim,
			 const struct mp_action *action)
{
	if (!t->trace)
		return;
	tell_turn(t, sim);
	mp_trace_action(t->trace, action, sim->now);
}

void mp_sim_trace_turn(struct mp_sim_trace *t, const struct mp_sim *sim)
{
	int r;

	if (!t->trace)
		return;
	tell_turn(t, sim);
	t->is_turn_told = false;
	r = mp_trace_flush(t->trace);
	if (t->r == 0)
		t->r = r;
}

int mp_sim_trace_close(struct mp_sim_trace *t, struct mp_error *err)
{
	mp_trace_close(t->trace);
	t->trace = NULL;
	return t->r < 0 ? mp_fail(err, -t->r, "write trace.jsonl") : 0;
}
