/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of a probe: exec, or a network check. Section 7.3, 7.4. */
#include <errno.h>
#include <stdio.h>

#include "runtime/exec_command.h"
#include "runtime/net_check.h"

static void post_done(struct mp_record *record, enum mp_probe_kind kind,
		      enum mp_probe_outcome outcome, const char *output)
{
	mp_supervisor_post(record->sv, &(struct mp_event){ .type = MP_EV_PROBE_DONE,
							   .container = (int)record->index,
							   .probe = { kind, outcome, output } });
}

static void exec_done(struct mp_record *record, enum mp_probe_kind kind,
		      const struct mp_attempt_result *result)
{
	const struct mp_probe_spec *p = &record->sv->spec->containers[record->index].probes[kind];
	static char text[MP_ATTEMPT_OUTPUT_MAX + 1024];
	struct mp_buf out = MP_BUF(text);
	char span[MP_TIME_TEXT_MAX];
	enum mp_probe_outcome outcome = MP_PROBE_FAILURE;

	record->probes[kind] = NULL;
	text[0] = '\0';
	switch (result->end) {
	case MP_ATTEMPT_EXITED:
		outcome = result->code == 0 ? MP_PROBE_SUCCESS : MP_PROBE_FAILURE;
		mp_buf_add(&out, result->out, result->out_len);
		break;
	case MP_ATTEMPT_TIMED_OUT:
		mp_buf_adds(&out, "command timed out: \"");
		mp_argv_text(&p->handler.exec.command, &out);
		mp_buf_addf(&out, "\" timed out after %s",
			    mp_duration_text(mp_seconds(p->timeout_s), span));
		break;
	case MP_ATTEMPT_NOT_RUN:
	case MP_ATTEMPT_SLEPT:
		outcome = MP_PROBE_ERROR;
		mp_buf_adds(&out, result->error ? result->error : "");
		break;
	}
	post_done(record, kind, outcome, text);
}

static void startup_exec(const struct mp_attempt_result *result, void *ctx)
{
	exec_done(ctx, MP_PROBE_STARTUP, result);
}

static void readiness_exec(const struct mp_attempt_result *result, void *ctx)
{
	exec_done(ctx, MP_PROBE_READINESS, result);
}

static void liveness_exec(const struct mp_attempt_result *result, void *ctx)
{
	exec_done(ctx, MP_PROBE_LIVENESS, result);
}

static void net_done(struct mp_record *record, enum mp_probe_kind kind,
		     const struct mp_net_result *result)
{
	record->net_probes[kind] = NULL;
	post_done(record, kind, result->outcome, result->output);
}

static void startup_net(const struct mp_net_result *result, void *ctx)
{
	net_done(ctx, MP_PROBE_STARTUP, result);
}

static void readiness_net(const struct mp_net_result *result, void *ctx)
{
	net_done(ctx, MP_PROBE_READINESS, result);
}

static void liveness_net(const struct mp_net_result *result, void *ctx)
{
	net_done(ctx, MP_PROBE_LIVENESS, result);
}

static const struct {
	mp_attempt_done exec;
	mp_net_done net;
} callbacks[MP_N_PROBES] = {
	[MP_PROBE_STARTUP] = { startup_exec, startup_net },
	[MP_PROBE_READINESS] = { readiness_exec, readiness_net },
	[MP_PROBE_LIVENESS] = { liveness_exec, liveness_net },
};

void mp_exec_run_probe(struct mp_supervisor *sv, size_t index, enum mp_probe_kind kind)
{
	struct mp_record *record = sv->records[index];
	const struct mp_container_spec *c = &sv->spec->containers[index];
	const struct mp_probe_spec *p = &c->probes[kind];
	const mp_nsec deadline = mp_nsec_add(sv->now.mono, mp_seconds(p->timeout_s));
	struct mp_error err = MP_ERROR_NONE;
	int r;

	if (!record)
		return;
	if (p->handler.has_exec) {
		struct mp_arena arena = { .head = NULL };
		char **argv = mp_probe_argv(c, &p->handler.exec.command, &arena);

		r = argv ? mp_exec_command(record, argv, deadline, callbacks[kind].exec, record,
					   &record->probes[kind], &err) :
			   mp_fail(&err, ENOMEM, "probe");
		mp_arena_done(&arena);
	} else {
		r = mp_net_check_begin(record, &p->handler, MP_NET_PROBE, deadline,
				       callbacks[kind].net, &record->net_probes[kind], &err);
	}
	if (r < 0)
		post_done(record, kind, MP_PROBE_ERROR, err.msg);
}

void mp_exec_abandon_probe(struct mp_supervisor *sv, size_t index, enum mp_probe_kind kind)
{
	struct mp_record *record = sv->records[index];

	if (!record)
		return;
	if (record->probes[kind])
		mp_attempt_abandon(record->probes[kind]);
	record->probes[kind] = NULL;
	mp_net_check_cancel(record->net_probes[kind]);
	record->net_probes[kind] = NULL;
}
