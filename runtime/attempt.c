/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/auto.h"

struct pipe_end {
	struct mp_attempt *attempt;
	struct mp_source source;
	int fd; /* owned */
	size_t len;
	char bytes[MP_ATTEMPT_OUTPUT_MAX];
};

struct mp_attempt {
	struct mp_loop *loop;
	bool is_command;
	bool is_abandoned;
	bool has_failed; /* a step before exec failed: wait for the exit only to reap */
	struct mp_exec exec;
	struct mp_source exited;
	struct mp_source report;
	struct pipe_end out, err;
	mp_nsec deadline;
	mp_attempt_done done;
	void *ctx;
	struct mp_error error;
	struct mp_attempt *next; /* in the list of orphans */
};

/* Commands whose answer nobody waits for, until they have been reaped. */
static struct mp_attempt *orphans;

static void close_pipe(struct pipe_end *p)
{
	mp_loop_remove(&p->source);
	mp_closep(&p->fd);
}

/* Reads all that is there now; beyond the limit it is read and dropped. */
static void drain(struct pipe_end *p)
{
	static char dropped[4096];

	/* Bounded: somebody in the background may write for ever. */
	for (int turns = 0; p->fd >= 0 && turns < 64; turns++) {
		const size_t room = sizeof(p->bytes) - p->len;
		const ssize_t n = read(p->fd, room > 0 ? p->bytes + p->len : dropped,
				       room > 0 ? room : sizeof(dropped));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			close_pipe(p);
			return;
		}
		p->len += room > 0 ? (size_t)n : 0;
	}
}

static void pipe_ready(struct mp_source *source, uint32_t events)
{
	(void)events;
	drain(mp_container_of(source, struct pipe_end, source));
}

static void stop_watching(struct mp_attempt *a)
{
	if (!a->is_command)
		return;
	mp_loop_remove(&a->exited);
	mp_loop_remove(&a->report);
	close_pipe(&a->out);
	close_pipe(&a->err);
}

static void release(struct mp_attempt *a)
{
	for (struct mp_attempt **at = &orphans; *at; at = &(*at)->next) {
		if (*at == a) {
			*at = a->next;
			break;
		}
	}
	stop_watching(a);
	if (a->is_command)
		mp_exec_done(&a->exec);
	free(a);
}

static void become_orphan(struct mp_attempt *a)
{
	a->is_abandoned = true;
	a->deadline = MP_NSEC_NEVER;
	/* Nobody reads its output any more; a full pipe must not hold it up. */
	close_pipe(&a->out);
	close_pipe(&a->err);
	a->next = orphans;
	orphans = a;
}

static void finish(struct mp_attempt *a, struct mp_attempt_result *result)
{
	if (a->is_abandoned) {
		release(a);
		return;
	}

	/* stdout followed by stderr, cut to the limit together. */
	static char both[MP_ATTEMPT_OUTPUT_MAX];
	const size_t more =
		sizeof(both) - a->out.len < a->err.len ? sizeof(both) - a->out.len : a->err.len;

	memcpy(both, a->out.bytes, a->out.len);
	memcpy(both + a->out.len, a->err.bytes, more);
	result->out = both;
	result->out_len = a->out.len + more;
	result->err = a->err.bytes;
	result->err_len = a->err.len;
	a->done(result, a->ctx);
	if (result->end == MP_ATTEMPT_TIMED_OUT)
		become_orphan(a);
	else
		release(a);
}

static int reap(struct mp_attempt *a, bool waits)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PIDFD, (id_t)a->exec.child.pidfd, &info, WEXITED | (waits ? 0 : WNOHANG)) < 0)
		return 255;
	if (info.si_pid == 0)
		return -1;
	if (mp_child_follow(&a->exec.child)) /* that was a go-between */
		return waits ? reap(a, true) : -1;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void kill_group(struct mp_attempt *a)
{
	/* Its own group is not everything it may have started, but all that it answers for. */
	if (mp_child_kill(&a->exec.child, SIGKILL) < 0)
		(void)kill(a->exec.child.pid, SIGKILL);
}

static void has_exited(struct mp_source *source, uint32_t events)
{
	struct mp_attempt *a = mp_container_of(source, struct mp_attempt, exited);
	struct mp_attempt_result result = { .end = MP_ATTEMPT_EXITED };
	enum mp_child_state state = MP_CHILD_EXECED;

	(void)events;
	mp_loop_remove(&a->exited);
	result.code = reap(a, false);
	if (result.code < 0) {
		a->exited.fd = a->exec.child.pidfd;
		if (mp_loop_add(a->loop, &a->exited, &a->error) == 0)
			return;
		a->has_failed = true;
		kill_group(a);
		(void)reap(a, true);
	}
	/* The last words of the set-up, if they have not been read yet. */
	if (!a->has_failed && a->report.loop) {
		if (mp_exec_report_read(&a->exec, &state, &a->error) < 0 ||
		    state != MP_CHILD_EXECED)
			a->has_failed = true;
	}
	drain(&a->out);
	drain(&a->err);
	if (a->has_failed) {
		result.end = MP_ATTEMPT_NOT_RUN;
		result.error = a->error.msg[0] ? a->error.msg : "killed before it could start";
	}
	finish(a, &result);
}

static void has_report(struct mp_source *source, uint32_t events)
{
	struct mp_attempt *a = mp_container_of(source, struct mp_attempt, report);
	enum mp_child_state state = MP_CHILD_STARTING;

	(void)events;
	mp_loop_remove(&a->report); /* its descriptor is closed once the answer is final */
	if (mp_exec_report_read(&a->exec, &state, &a->error) < 0 || state == MP_CHILD_FAILED) {
		a->has_failed = true;
		return;
	}
	if (state == MP_CHILD_STARTING && mp_loop_add(a->loop, &a->report, &a->error) < 0)
		a->has_failed = true;
}

static int make_pipe(struct mp_attempt *a, struct pipe_end *p, int *ret_write, struct mp_error *err)
{
	int ends[2];

	p->attempt = a;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "pipe for output");
	p->fd = ends[0];
	*ret_write = ends[1];
	if (fcntl(p->fd, F_SETFL, O_NONBLOCK) < 0)
		return mp_fail(err, errno, "pipe for output");
	p->source = (struct mp_source){ .fd = p->fd, .events = EPOLLIN, .ready = pipe_ready };
	return mp_loop_add(a->loop, &p->source, err);
}

int mp_attempt_exec(struct mp_loop *loop, struct mp_exec_config *config, mp_nsec deadline,
		    mp_attempt_done done, void *ctx, struct mp_attempt **ret, struct mp_error *err)
{
	struct mp_attempt *a = calloc(1, sizeof(*a));
	mp_auto_fd out = -EBADF, errout = -EBADF;
	int r;

	if (!a)
		return mp_fail(err, ENOMEM, "start command");
	a->loop = loop;
	a->is_command = true;
	a->exec = MP_EXEC_NONE;
	a->out.fd = a->err.fd = -EBADF;
	a->deadline = deadline;
	a->done = done;
	a->ctx = ctx;
	r = make_pipe(a, &a->out, &out, err);
	if (r == 0)
		r = make_pipe(a, &a->err, &errout, err);
	if (r == 0) {
		config->process.stdio[0] = -1;
		config->process.stdio[1] = out;
		config->process.stdio[2] = errout;
		r = mp_exec_spawn(config, &a->exec, err);
	}
	if (r < 0) {
		release(a);
		return r;
	}
	a->exited = (struct mp_source){ .fd = a->exec.child.pidfd,
					.events = EPOLLIN,
					.ready = has_exited };
	a->report = (struct mp_source){ .fd = a->exec.child.report_fd,
					.events = EPOLLIN,
					.ready = has_report };
	r = mp_loop_add(loop, &a->exited, err);
	if (r == 0)
		r = mp_loop_add(loop, &a->report, err);
	if (r < 0) {
		kill_group(a);
		(void)reap(a, true);
		release(a);
		return r;
	}
	*ret = a;
	return 0;
}

int mp_attempt_sleep(mp_nsec deadline, mp_attempt_done done, void *ctx, struct mp_attempt **ret,
		     struct mp_error *err)
{
	struct mp_attempt *a = calloc(1, sizeof(*a));

	if (!a)
		return mp_fail(err, ENOMEM, "sleep");
	a->deadline = deadline;
	a->done = done;
	a->ctx = ctx;
	*ret = a;
	return 0;
}

mp_nsec mp_attempt_deadline(const struct mp_attempt *attempt)
{
	return attempt->deadline;
}

void mp_attempt_expire(struct mp_attempt *a)
{
	struct mp_attempt_result result = { .end = a->is_command ? MP_ATTEMPT_TIMED_OUT :
								   MP_ATTEMPT_SLEPT };

	if (a->is_command) {
		kill_group(a);
		drain(&a->out);
		drain(&a->err);
	}
	finish(a, &result);
}

void mp_attempt_abandon(struct mp_attempt *a)
{
	if (a->is_command)
		become_orphan(a);
	else
		release(a);
}

void mp_attempts_end(const struct mp_loop *loop)
{
	for (struct mp_attempt *a = orphans, *next; a; a = next) {
		next = a->next;
		if (a->loop != loop)
			continue;
		if (reap(a, false) < 0) {
			kill_group(a);
			(void)reap(a, true);
		}
		release(a);
	}
}
