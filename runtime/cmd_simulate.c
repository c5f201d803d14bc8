/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_simulate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/base/log.h"
#include "runtime/cli.h"
#include "runtime/manifest.h"
#include "runtime/report.h"
#include "runtime/sim_node.h"
#include "runtime/sim_trace.h"
#include "runtime/status_json.h"

const struct mp_option mp_simulate_options[] = {
	{ "script", 0, "FILE", "how containers, probes and hooks behave, and what is done when",
	  false },
	{ "seed", 0, "N", "of jitters and of the order of what happens at once", false },
	{ "trace", 0, "DIR", "write pod.json and the journal there, for replay", false },
	{ "until", 0, "DURATION", "stop then, in virtual time (1h)", false },
	{ "output", 'o', "FORMAT", "the final status as json or yaml (yaml)", false },
	{ NULL, 0, NULL, NULL, false },
};

/** struct viewer - who looks on: the terminal, and the journal with --trace. */
struct viewer {
	struct mp_report report;
	struct mp_sim_trace trace;
};

static void on_event(struct mp_sim *sim, const struct mp_event *ev, void *arg)
{
	struct viewer *viewer = arg;

	mp_sim_trace_event(&viewer->trace, sim, ev);
}

static void on_action(struct mp_sim *sim, const struct mp_action *action, void *arg)
{
	struct viewer *viewer = arg;

	mp_sim_trace_action(&viewer->trace, sim, action);
	if (action->type == MP_DO_RECORD_EVENT)
		mp_report_event(&viewer->report, sim->spec, &action->event);
}

static void on_turn(struct mp_sim *sim, const struct mp_plan *plan, void *arg)
{
	struct viewer *viewer = arg;

	(void)plan;
	mp_sim_trace_turn(&viewer->trace, sim);
}

static int print_status(const struct mp_sim *sim, enum mp_json_style style, struct mp_error *err)
{
	const struct mp_status_json status = { .spec = sim->spec,
					       .status = mp_pod_status(sim->pod),
					       .host_ip = "" };
	struct mp_json w;
	const char *text;
	int r = 0;

	mp_json_init(&w, style);
	mp_status_json_write(&w, &status);
	text = mp_json_finish(&w, NULL, &r);
	if (text)
		(void)fputs(text, stdout);
	else
		r = mp_fail(err, -r, "status");
	mp_json_done(&w);
	return r;
}

/* All 64 bits: a journal's seed may be given again. */
static int parse_seed(const char *text, uint64_t *ret, struct mp_error *err)
{
	char *end = NULL;
	unsigned long long seed;

	errno = 0;
	seed = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno != 0)
		return mp_fail_text(err, EINVAL,
				    "--seed: '%s' is not a whole number from 0 to 2^64 - 1", text);
	*ret = seed;
	return 0;
}

static int load_script(const struct mp_args *args, struct mp_arena *arena,
		       const struct mp_pod_spec *spec, struct mp_sim_script *script,
		       struct mp_error *err)
{
	const char *path = mp_args_get(args, "script");
	char *text;
	size_t len;
	int r;

	if (!path) {
		r = mp_sim_script_none(arena, spec, script, err);
	} else {
		r = mp_file_read(AT_FDCWD, path, MP_DOCUMENT_BYTES_MAX, arena, &text, &len, err);
		if (r == 0)
			r = mp_sim_script_parse(arena, path, text, len, spec, script, err);
	}
	if (r == 0 && mp_args_has(args, "seed"))
		r = parse_seed(mp_args_get(args, "seed"), &script->seed, err);
	return r;
}

static int open_trace(const struct mp_args *args, const struct mp_pod_spec *spec,
		      const struct mp_sim_script *script, struct mp_sim_trace *trace,
		      struct mp_error *err)
{
	const char *path = mp_args_get(args, "trace");

	if (!path)
		return 0;
	if (script->plan_size != 0)
		return mp_fail_text(err, EINVAL,
				    "--trace: a journal cannot tell of the script's planSize; "
				    "leave one of them out");
	return mp_sim_trace_open(trace, path, spec, script, err);
}

static int live(struct mp_sim *sim, struct viewer *viewer, mp_nsec until, enum mp_json_style style,
		struct mp_error *err)
{
	char text[MP_TIME_TEXT_MAX];

	mp_sim_run(sim, until);
	(void)putchar('\n');
	mp_report_table(&viewer->report, sim->spec, mp_pod_status(sim->pod));
	(void)printf("\nafter %s%s\n", mp_duration_text(mp_nsec_min(sim->now.mono, until), text),
		     sim->is_finished ? ", when the pod had ended" : "");
	return print_status(sim, style, err);
}

static int simulate(const struct mp_args *args, const struct mp_pod_spec *spec, mp_nsec until,
		    enum mp_json_style style, struct mp_arena *arena, struct mp_error *err)
{
	struct viewer viewer = { .report = { .out = stdout,
					     .has_color = mp_cli_wants_color(1),
					     .start_wall = MP_SIM_EPOCH } };
	const struct mp_sim_watch watch = {
		.arg = &viewer,
		.on_event = on_event,
		.on_action = on_action,
		.on_turn = on_turn,
	};
	struct mp_sim *sim = calloc(1, sizeof(*sim));
	struct mp_sim_script script;
	int r, closed;

	if (!sim)
		return mp_fail(err, ENOMEM, "simulation");
	r = load_script(args, arena, spec, &script, err);
	if (r == 0)
		r = open_trace(args, spec, &script, &viewer.trace, err);
	if (r == 0 && mp_sim_init(sim, spec, &script, &watch) < 0)
		r = mp_fail(err, ENOMEM, "simulation");
	if (r == 0)
		r = live(sim, &viewer, until, style, err);
	closed = mp_sim_trace_close(&viewer.trace, r == 0 ? err : NULL);
	mp_sim_done(sim);
	free(sim);
	return r < 0 ? r : closed;
}

int mp_cmd_simulate(const struct mp_args *args)
{
	static const struct mp_seed identity = { .uid = "00000000-0000-4000-8000-000000000001",
						 .suffix5 = "bcdfg" };
	const struct mp_manifest_options options = { .wall = MP_SIM_EPOCH, .seed = &identity };
	const char *until = mp_args_get(args, "until");
	const char *format = mp_args_get(args, "output");
	struct mp_manifest m = { .n_pods = 0 };
	struct mp_error err = MP_ERROR_NONE;
	const struct mp_pod_spec *spec = NULL;
	struct mp_arena arena = { 0 };
	mp_nsec limit = 0;
	int r = mp_duration_parse("--until", until ? until : "1h", &limit, &err);

	if (r == 0 && format && !mp_streq(format, "json") && !mp_streq(format, "yaml"))
		r = mp_fail_text(&err, EINVAL, "simulate: -o takes json or yaml");
	if (r == 0) {
		r = mp_manifest_load(&m, args->positional, args->n_positional, &options, &err);
		for (const struct mp_line *l = m.errors.first; l; l = l->next)
			mp_log(MP_LOG_ERROR, "%s", l->text);
	}
	if (r == 0)
		r = mp_manifest_only_pod(&m, &spec, &err);
	if (r == 0)
		r = simulate(args, spec, limit,
			     mp_streq(format, "json") ? MP_JSON_INDENTED : MP_JSON_YAML, &arena,
			     &err);
	if (r < 0 && err.code != 0)
		mp_log(MP_LOG_ERROR, "%s", err.msg);
	mp_arena_done(&arena);
	mp_manifest_done(&m);
	return r < 0 ? MP_EXIT_ERROR : 0;
}
