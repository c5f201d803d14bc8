/* SPDX-License-Identifier: Apache-2.0 */
/* Lifecycle hooks: exec, sleep and httpGet; their failure messages. Section 6.3. */
#include <errno.h>
#include <stdio.h>

#include "runtime/assemble.h"
#include "runtime/exec_command.h"
#include "runtime/net_check.h"

#define MESSAGE_BYTES 8192

static const struct mp_handler *handler_of(const struct mp_container_spec *c,
					   enum mp_hook_kind kind)
{
	return kind == MP_HOOK_POST_START ? &c->lifecycle.post_start : &c->lifecycle.pre_stop;
}

static void post_done(struct mp_record *record, enum mp_hook_kind kind, bool is_ok,
		      const char *message)
{
	mp_supervisor_post(
		record->sv,
		&(struct mp_event){ .type = MP_EV_HOOK_DONE,
				    .container = (int)record->index,
				    .hook = { .kind = kind, .is_ok = is_ok, .message = message } });
}

/* "<what> (<handler>) for Container "c" in Pod "p" failed - error: <err>" */
static void begin_message(const struct mp_record *record, struct mp_buf *out, const char *what,
			  const char *handler)
{
	char desc_text[1024];
	struct mp_buf desc = MP_BUF(desc_text);
	const struct mp_pod_spec *spec = record->sv->spec;

	desc_text[0] = '\0';
	mp_pod_desc(spec, &desc);
	mp_buf_addf(out,
		    "%s lifecycle hook (%s) for Container \"%s\" in Pod \"%s\" failed - error: ",
		    what, handler, spec->containers[record->index].name, desc_text);
}

static void exec_message(const struct mp_record *record, const struct mp_handler *h,
			 const struct mp_attempt_result *result, struct mp_buf *out)
{
	char words_text[1024], list_text[1030];
	struct mp_buf words = MP_BUF(words_text);

	words_text[0] = '\0';
	mp_argv_text(&h->exec.command, &words);
	(void)snprintf(list_text, sizeof(list_text), "[%s]", words_text);
	begin_message(record, out, "Exec", list_text);
	if (result->end == MP_ATTEMPT_EXITED)
		mp_buf_addf(out, "command '%s' exited with %d: %.*s", words_text, result->code,
			    (int)(result->err_len < 1024 ? result->err_len : 1024), result->err);
	else
		mp_buf_addf(out, "%s", result->error);
	mp_buf_adds(out, ", message: ");
	mp_buf_addq(out, result->out, result->out_len < 2048 ? result->out_len : 2048);
}

static void hook_done(struct mp_record *record, enum mp_hook_kind kind,
		      const struct mp_attempt_result *result)
{
	const struct mp_handler *h = handler_of(&record->sv->spec->containers[record->index], kind);
	static char text[MESSAGE_BYTES];
	struct mp_buf message = MP_BUF(text);
	const bool is_ok = result->end == MP_ATTEMPT_SLEPT ||
			   (result->end == MP_ATTEMPT_EXITED && result->code == 0);

	record->hooks[kind] = NULL;
	text[0] = '\0';
	if (!is_ok)
		exec_message(record, h, result, &message);
	post_done(record, kind, is_ok, text);
}

static void post_start_done(const struct mp_attempt_result *result, void *ctx)
{
	hook_done(ctx, MP_HOOK_POST_START, result);
}

static void pre_stop_done(const struct mp_attempt_result *result, void *ctx)
{
	hook_done(ctx, MP_HOOK_PRE_STOP, result);
}

static void http_done(struct mp_record *record, enum mp_hook_kind kind,
		      const struct mp_net_result *result)
{
	static char text[MESSAGE_BYTES];
	struct mp_buf message = MP_BUF(text);
	const struct mp_handler *h = handler_of(&record->sv->spec->containers[record->index], kind);

	record->net_hooks[kind] = NULL;
	text[0] = '\0';
	if (!result->is_answered) {
		begin_message(record, &message, "HTTP", h->http_get.path);
		mp_buf_adds(&message, result->output);
	}
	mp_supervisor_post(record->sv,
			   &(struct mp_event){ .type = MP_EV_HOOK_DONE,
					       .container = (int)record->index,
					       .hook = { .kind = kind,
							 .is_ok = result->is_answered,
							 .message = text,
							 .did_http_fallback = result->did_fallback,
							 .fallback_target = result->target } });
}

static void post_start_http(const struct mp_net_result *result, void *ctx)
{
	http_done(ctx, MP_HOOK_POST_START, result);
}

static void pre_stop_http(const struct mp_net_result *result, void *ctx)
{
	http_done(ctx, MP_HOOK_PRE_STOP, result);
}

static int begin_exec(struct mp_record *record, const struct mp_handler *h, enum mp_hook_kind kind,
		      struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	char **argv = mp_strings_argv(&h->exec.command, &arena);
	int r = argv ? 0 : mp_fail(err, ENOMEM, "hook");

	if (r == 0)
		r = mp_exec_command(record, argv, MP_NSEC_NEVER,
				    kind == MP_HOOK_POST_START ? post_start_done : pre_stop_done,
				    record, &record->hooks[kind], err);
	mp_arena_done(&arena);
	return r;
}

void mp_exec_run_hook(struct mp_supervisor *sv, size_t index, enum mp_hook_kind kind)
{
	struct mp_record *record = sv->records[index];
	const struct mp_handler *h = handler_of(&sv->spec->containers[index], kind);
	struct mp_error err = MP_ERROR_NONE;
	static char text[MESSAGE_BYTES];
	struct mp_buf message = MP_BUF(text);
	int r = 0;

	if (!record)
		return;
	text[0] = '\0';
	if (h->has_exec) {
		r = begin_exec(record, h, kind, &err);
		if (r < 0)
			exec_message(record, h,
				     &(struct mp_attempt_result){ .end = MP_ATTEMPT_NOT_RUN,
								  .error = err.msg,
								  .out = "",
								  .err = "" },
				     &message);
	} else if (h->has_sleep) {
		r = mp_attempt_sleep(mp_nsec_add(sv->now.mono, mp_seconds(h->sleep.seconds)),
				     kind == MP_HOOK_POST_START ? post_start_done : pre_stop_done,
				     record, &record->hooks[kind], &err);
		if (r < 0)
			mp_buf_adds(&message, err.msg);
	} else if (h->has_http_get) {
		r = mp_net_check_begin(record, h, MP_NET_HOOK, MP_NSEC_NEVER,
				       kind == MP_HOOK_POST_START ? post_start_http : pre_stop_http,
				       &record->net_hooks[kind], &err);
		if (r < 0) {
			begin_message(record, &message, "HTTP", h->http_get.path);
			mp_buf_adds(&message, err.msg);
		}
	} else {
		/* tcpSocket passes validation for old manifests' sake and never works (6.3). */
		r = -EINVAL;
		mp_buf_adds(&message, "Cannot run handler: invalid handler: tcpSocket");
	}
	if (r < 0)
		post_done(record, kind, false, text);
}

void mp_exec_abandon_hook(struct mp_supervisor *sv, size_t index, enum mp_hook_kind kind)
{
	struct mp_record *record = sv->records[index];

	if (!record)
		return;
	if (record->hooks[kind])
		mp_attempt_abandon(record->hooks[kind]);
	record->hooks[kind] = NULL;
	mp_net_check_cancel(record->net_hooks[kind]);
	record->net_hooks[kind] = NULL;
}
