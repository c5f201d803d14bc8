/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that clients run in containers, with descriptors that the client has sent. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "runtime/base/auto.h"
#include "runtime/container_io.h"
#include "runtime/control_client.h"
#include "runtime/supervisor.h"

/* The exit code; -1 while it lives. */
static int reap(struct mp_client_exec *x, bool waits)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PIDFD, (id_t)x->exec.child.pidfd, &info, WEXITED | (waits ? 0 : WNOHANG)) < 0)
		return 255;
	if (info.si_pid == 0)
		return -1;
	if (mp_child_follow(&x->exec.child)) /* that was a go-between */
		return waits ? reap(x, true) : -1;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void release(struct mp_client_exec *x)
{
	for (struct mp_client_exec **at = &x->control->execs; *at; at = &(*at)->next) {
		if (*at == x) {
			*at = x->next;
			break;
		}
	}
	if (x->client)
		x->client->exec = NULL;
	mp_loop_remove(&x->exited);
	mp_loop_remove(&x->report);
	mp_exec_done(&x->exec);
	free(x);
}

static void answer(struct mp_client_exec *x, int code)
{
	struct mp_client *c = x->client;

	x->client = NULL;
	if (!c)
		return;
	c->exec = NULL;
	if (x->has_failed)
		mp_client_refuse(c, x->error.code ? x->error.code : ECHILD,
				 x->error.msg[0] ? x->error.msg : "killed before it could start");
	else
		mp_client_exit_code(c, code);
}

static void has_exited(struct mp_source *source, uint32_t events)
{
	struct mp_client_exec *x = mp_container_of(source, struct mp_client_exec, exited);
	enum mp_child_state state = MP_CHILD_EXECED;
	int code;

	(void)events;
	mp_loop_remove(&x->exited);
	code = reap(x, false);
	if (code < 0) {
		x->exited.fd = x->exec.child.pidfd;
		if (mp_loop_add(x->control->sv->loop, &x->exited, &x->error) == 0)
			return;
		x->has_failed = true;
		(void)mp_child_kill(&x->exec.child, SIGKILL);
		code = reap(x, true);
	}
	/* The last words of the set-up, if they have not been read yet. */
	if (!x->has_failed && x->report.loop) {
		mp_loop_remove(&x->report);
		if (mp_exec_report_read(&x->exec, &state, &x->error) < 0 ||
		    state != MP_CHILD_EXECED)
			x->has_failed = true;
	}
	answer(x, code);
	release(x);
}

static void has_report(struct mp_source *source, uint32_t events)
{
	struct mp_client_exec *x = mp_container_of(source, struct mp_client_exec, report);
	enum mp_child_state state = MP_CHILD_STARTING;

	(void)events;
	mp_loop_remove(&x->report); /* its descriptor is closed once the answer is final */
	if (mp_exec_report_read(&x->exec, &state, &x->error) < 0 || state == MP_CHILD_FAILED ||
	    (state == MP_CHILD_STARTING &&
	     mp_loop_add(x->control->sv->loop, &x->report, &x->error) < 0))
		x->has_failed = true;
}

struct mp_record *mp_client_record(struct mp_client *c, const struct mp_node *request)
{
	const struct mp_supervisor *sv = c->control->sv;
	const char *name = mp_client_text(request, "container");
	char text[512];

	for (size_t i = 0; i < mp_n_records(sv); i++) {
		if (!mp_streq(sv->spec->containers[i].name, name))
			continue;
		if (sv->records[i] && sv->records[i]->is_running)
			return sv->records[i];
		(void)snprintf(text, sizeof(text), "container %.256s does not run", name);
		mp_client_refuse(c, ESRCH, text);
		return NULL;
	}
	(void)snprintf(text, sizeof(text), "container %.256s is not valid for pod %.200s", name,
		       sv->spec->meta.name);
	mp_client_refuse(c, ESRCH, text);
	return NULL;
}

/* A terminal says what it is, unless the container does. */
static const char *const *with_term(const char *const *envp, struct mp_arena *arena)
{
	const char **more;
	size_t n = 0;

	for (; envp[n]; n++)
		if (mp_starts_with(envp[n], "TERM="))
			return envp;
	more = mp_arena_alloc(arena, n + 2, sizeof(char *));
	if (!more)
		return envp;
	memcpy(more, envp, n * sizeof(char *));
	more[n] = "TERM=xterm";
	return more;
}

static unsigned short side_of(const struct mp_node *request, const char *key)
{
	int64_t v = 0;

	return mp_node_int64(mp_node_get(request, key), &v) && v > 0 && v < 65536 ?
		       (unsigned short)v :
		       0;
}

/* The process gets one of its container's own terminals, the client the other side of it. */
static int give_terminal(struct mp_client *c, const struct mp_record *record,
			 const struct mp_node *request, struct mp_error *err)
{
	mp_auto_fd master = -EBADF, slave = -EBADF;
	struct mp_json w;
	int r = mp_container_pty(record->pid, side_of(request, "rows"), side_of(request, "columns"),
				 &master, &slave, err);

	for (size_t i = 0; i < MP_ARRAY_SIZE(c->fds) && r == 0; i++) {
		c->fds[i] = fcntl(slave, F_DUPFD_CLOEXEC, 3);
		if (c->fds[i] < 0)
			return mp_fail(err, errno, "terminal");
		c->n_fds++;
	}
	if (r < 0)
		return r;
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_int(&w, "version", MP_CONTROL_VERSION);
	mp_json_put_bool(&w, "terminal", true);
	mp_json_object_end(&w);
	mp_client_send_fd(c, &w, master);
	mp_json_done(&w);
	return 0;
}

static int start(struct mp_client *c, struct mp_record *record, const char *const *argv,
		 bool is_tty, struct mp_arena *arena, struct mp_error *err)
{
	struct mp_exec_config config = {
		.process = record->process,
		.container_pidfd = record->pidfd,
		.has_pid_ns = !record->sv->spec->host_pid,
		.has_user_ns = mp_has_user_ns(record->sv->spec),
	};
	struct mp_client_exec *x = calloc(1, sizeof(*x));
	int r;

	if (!x)
		return mp_fail(err, ENOMEM, "exec");
	x->control = c->control;
	x->is_tty = is_tty;
	x->exec = MP_EXEC_NONE;
	config.process.argv = argv;
	if (is_tty)
		config.process.envp = with_term(config.process.envp, arena);
	config.process.is_tty = is_tty;
	for (size_t i = 0; i < MP_ARRAY_SIZE(c->fds); i++)
		config.process.stdio[i] = c->fds[i];
	r = mp_exec_spawn(&config, &x->exec, err);
	if (r < 0) {
		free(x);
		return r;
	}
	x->next = c->control->execs;
	c->control->execs = x;
	x->exited = (struct mp_source){ .fd = x->exec.child.pidfd,
					.events = EPOLLIN,
					.ready = has_exited };
	x->report = (struct mp_source){ .fd = x->exec.child.report_fd,
					.events = EPOLLIN,
					.ready = has_report };
	r = mp_loop_add(record->sv->loop, &x->exited, err);
	if (r == 0)
		r = mp_loop_add(record->sv->loop, &x->report, err);
	if (r < 0) {
		(void)mp_child_kill(&x->exec.child, SIGKILL);
		(void)reap(x, true);
		release(x);
		return r;
	}
	x->client = c;
	c->exec = x;
	return 0;
}

void mp_client_exec_start(struct mp_client *c, const struct mp_node *request,
			  struct mp_arena *arena)
{
	const struct mp_node *tty = mp_node_get(request, "tty");
	const char *const *argv = mp_client_words(request, "argv", arena);
	const bool is_tty = tty && tty->kind == MP_NODE_BOOL && tty->boolean;
	struct mp_error err = MP_ERROR_NONE;
	struct mp_record *record;

	if (!argv) {
		mp_client_refuse(c, EINVAL, "argv: must be a list of strings, at least one");
		return;
	}
	if (c->n_fds != MP_ARRAY_SIZE(c->fds) && !(is_tty && c->n_fds == 0)) {
		mp_client_refuse(c, EINVAL, "exec needs three descriptors: stdin, stdout, stderr");
		return;
	}
	record = mp_client_record(c, request);
	if (!record)
		return;
	if ((c->n_fds == 0 && give_terminal(c, record, request, &err) < 0) ||
	    start(c, record, argv, is_tty, arena, &err) < 0)
		mp_client_refuse(c, err.code, err.msg);
}

void mp_client_root(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	const struct mp_record *record = mp_client_record(c, request);
	mp_auto_fd root = -EBADF;
	struct mp_json w;
	char path[64];

	(void)arena;
	if (!record)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%d/root", record->pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		mp_client_refuse(c, errno, "the container's root cannot be opened");
		return;
	}
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_int(&w, "version", MP_CONTROL_VERSION);
	mp_json_put_bool(&w, "ok", true);
	mp_json_put_int(&w, "rootId", c->control->sv->user_ids);
	mp_json_object_end(&w);
	mp_client_send_fd(c, &w, root);
	mp_json_done(&w);
}

void mp_client_exec_hang_up(struct mp_client_exec *x)
{
	x->client = NULL;
	/* As a terminal that is closed; without one its pipes end, and it may go on. */
	if (x->is_tty)
		(void)mp_child_kill(&x->exec.child, SIGHUP);
}

void mp_control_end_execs(struct mp_control *control)
{
	for (struct mp_client_exec *x = control ? control->execs : NULL, *next; x; x = next) {
		next = x->next;
		if (reap(x, false) < 0) {
			(void)mp_child_kill(&x->exec.child, SIGKILL);
			(void)reap(x, true);
		}
		release(x);
	}
}
