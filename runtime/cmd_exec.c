/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process in the container never gets our own terminal: with a descriptor of it, it could type
 * for us (TIOCSTI). It gets pipes or a new pseudo terminal, and we carry the bytes.
 */
#include "runtime/cmd_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/fd.h"
#include "runtime/base/loop.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/log_select.h"
#include "runtime/pod_view.h"

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND  127

const struct mp_option mp_exec_options[] = {
	{ "container", 'c', "NAME", "in this container", false },
	{ "stdin", 'i', NULL, "pass standard input on", false },
	{ "tty", 't', NULL, "on a terminal of its own", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* One way of the bytes: what was read waits in @bytes until it can be written. */
struct way {
	int from, to; /* borrowed; from is -EBADF when the stream has ended */
	size_t n;
	char bytes[16384];
};

struct session {
	int control;       /* owned: connection to the supervisor */
	int theirs[3];     /* owned: what the process gets */
	int in, out, errs; /* owned: our ends; with a terminal all but @in are unused */
	int signal_fd;     /* owned */
	bool is_tty, has_stdin;
	bool is_raw;
	struct termios cooked;
	struct way ways[3];
};

static void leave_raw(struct session *s)
{
	if (s->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &s->cooked);
	s->is_raw = false;
}

static void copy_size(const struct session *s)
{
	struct winsize size;

	if (s->is_tty && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(s->in, TIOCSWINSZ, &size);
}

static int open_terminal(struct session *s, struct mp_error *err)
{
	struct termios raw;

	s->in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->in < 0 || grantpt(s->in) < 0 || unlockpt(s->in) < 0)
		return mp_fail(err, errno, "make a terminal");
	for (size_t i = 0; i < MP_ARRAY_SIZE(s->theirs); i++) {
		s->theirs[i] = ioctl(s->in, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
		if (s->theirs[i] < 0)
			return mp_fail(err, errno, "open the terminal's other side");
	}
	copy_size(s);
	if (tcgetattr(STDIN_FILENO, &s->cooked) < 0)
		return mp_fail(err, errno, "read the terminal's settings");
	raw = s->cooked;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) < 0)
		return mp_fail(err, errno, "put the terminal into raw mode");
	s->is_raw = true;
	return 0;
}

static int open_pipe(int *ret_read, int *ret_write, struct mp_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "make a pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

static int open_pipes(struct session *s, struct mp_error *err)
{
	int r = 0;

	if (s->has_stdin) {
		r = open_pipe(&s->theirs[0], &s->in, err);
	} else {
		s->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (s->theirs[0] < 0)
			r = mp_fail(err, errno, "open /dev/null");
	}
	if (r == 0)
		r = open_pipe(&s->out, &s->theirs[1], err);
	if (r == 0)
		r = open_pipe(&s->errs, &s->theirs[2], err);
	return r;
}

static int set_nonblocking(int fd, struct mp_error *err)
{
	const int flags = fd >= 0 ? fcntl(fd, F_GETFL) : 0;

	if (fd >= 0 && (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
		return mp_fail(err, errno, "exec");
	return 0;
}

static int open_session(struct session *s, struct mp_error *err)
{
	static const int signals[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int r = mp_signals_open(signals, MP_ARRAY_SIZE(signals), NULL, &s->signal_fd, err);

	if (r == 0)
		r = s->is_tty ? open_terminal(s, err) : open_pipes(s, err);
	if (r == 0)
		r = set_nonblocking(s->in, err);
	if (r == 0)
		r = set_nonblocking(s->out, err);
	if (r == 0)
		r = set_nonblocking(s->errs, err);
	s->ways[0] = (struct way){ .from = s->has_stdin ? STDIN_FILENO : -EBADF, .to = s->in };
	s->ways[1] = (struct way){ .from = s->is_tty ? s->in : s->out, .to = STDOUT_FILENO };
	s->ways[2] = (struct way){ .from = s->is_tty ? -EBADF : s->errs, .to = STDERR_FILENO };
	return r;
}

static void close_session(struct session *s)
{
	leave_raw(s);
	mp_closep(&s->control);
	for (size_t i = 0; i < MP_ARRAY_SIZE(s->theirs); i++)
		mp_closep(&s->theirs[i]);
	mp_closep(&s->in);
	mp_closep(&s->out);
	mp_closep(&s->errs);
	mp_closep(&s->signal_fd);
}

static int ask(struct session *s, const char *container, const struct mp_args *args,
	       struct mp_error *err)
{
	struct mp_json w;
	int r;

	mp_client_begin(&w, "exec");
	mp_json_put_string(&w, "container", container);
	mp_json_put_bool(&w, "tty", s->is_tty);
	mp_json_put_list(&w, "argv");
	for (size_t i = 0; i < args->n_command; i++)
		mp_json_string(&w, args->command[i]);
	mp_json_list_end(&w);
	r = mp_client_post(s->control, &w, s->theirs, MP_ARRAY_SIZE(s->theirs), err);
	for (size_t i = 0; i < MP_ARRAY_SIZE(s->theirs); i++)
		mp_closep(&s->theirs[i]);
	return r;
}

/* Input: neither side blocks. False when the process does not read any more. */
static bool push_input(struct session *s, struct way *w)
{
	const ssize_t n = write(w->to, w->bytes, w->n);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	w->n -= (size_t)n;
	memmove(w->bytes, w->bytes + n, w->n);
	if (w->n == 0 && w->from < 0 && !s->is_tty)
		mp_closep(&s->in);
	return true;
}

static void take_input(struct session *s, struct way *w)
{
	const ssize_t n = read(w->from, w->bytes, sizeof(w->bytes));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		w->n = (size_t)n;
	else
		w->from = -EBADF;
	if (n > 0 && !push_input(s, w))
		w->from = -EBADF;
	/* The end of our input is the end of theirs; a terminal's stays open. */
	if (w->from < 0 && w->n == 0 && !s->is_tty)
		mp_closep(&s->in);
}

/* Output: what there is now; our own stdout may make us wait. */
static void carry_output(struct way *w)
{
	while (w->from >= 0) {
		const ssize_t n = read(w->from, w->bytes, sizeof(w->bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		/* EIO: the terminal's last user has closed it. */
		if (n <= 0 || mp_fd_write_all(w->to, w->bytes, (size_t)n, NULL) < 0)
			w->from = -EBADF;
	}
}

/* Returns the signal that shall end us, or 0. */
static int take_signals(const struct session *s)
{
	struct signalfd_siginfo info;

	while (mp_signals_read(s->signal_fd, &info)) {
		if (info.ssi_signo != SIGWINCH)
			return (int)info.ssi_signo;
		copy_size(s);
	}
	return 0;
}

/* Carries bytes until the supervisor answers or a signal ends us (*@ret_signal). */
static int carry(struct session *s, int *ret_signal, struct mp_error *err)
{
	struct way *in = &s->ways[0];

	for (*ret_signal = 0;;) {
		struct pollfd p[] = {
			{ .fd = s->control, .events = POLLIN },
			{ .fd = s->signal_fd, .events = POLLIN },
			{ .fd = in->n == 0 ? in->from : -1, .events = POLLIN },
			{ .fd = in->n > 0 ? s->in : -1, .events = POLLOUT },
			{ .fd = s->ways[1].from, .events = POLLIN },
			{ .fd = s->ways[2].from, .events = POLLIN },
		};

		if (poll(p, MP_ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			return mp_fail(err, errno, "exec");
		if (p[1].revents)
			*ret_signal = take_signals(s);
		if (*ret_signal)
			return 0;
		if (p[2].revents)
			take_input(s, in);
		if (p[3].revents && in->n > 0 && !push_input(s, in)) {
			in->n = 0;
			in->from = -EBADF;
		}
		if (p[4].revents)
			carry_output(&s->ways[1]);
		if (p[5].revents)
			carry_output(&s->ways[2]);
		if (p[0].revents) {
			/* It has ended: all it wrote is here already. */
			carry_output(&s->ways[1]);
			carry_output(&s->ways[2]);
			return 0;
		}
	}
}

static int code_of_refusal(int code)
{
	if (code == ENOENT)
		return EXIT_NOT_FOUND;
	return code == EACCES || code == ENOEXEC || code == EISDIR || code == ENOTDIR ?
		       EXIT_CANNOT_RUN :
		       MP_EXIT_ERROR;
}

static int read_code(struct session *s, int *ret_code, struct mp_error *err)
{
	struct mp_message_reader reader = { .fd = s->control };
	struct mp_arena arena = { 0 };
	const struct mp_node *reply;
	int64_t code = 0;
	int r = mp_message_read(&reader, &arena, MP_NSEC_NEVER, &reply, err);

	if (r == 0) {
		r = mp_client_check(reply, err);
		*ret_code = r < 0 ? code_of_refusal(-r) : 0;
		if (r == 0 && mp_node_int64(mp_node_get(reply, "exitCode"), &code))
			*ret_code = (int)code;
	}
	mp_message_reader_done(&reader);
	mp_arena_done(&arena);
	return r;
}

static int find_container(const struct mp_args *args, const struct mp_pod_view *pod,
			  const char **ret, struct mp_error *err)
{
	const char *name = mp_args_get(args, "container");
	char note[4096];

	if (pod->has_ended)
		return mp_fail_text(err, EINVAL,
				    "cannot exec into a container in a completed pod; current "
				    "phase is %s",
				    mp_node_text(pod->status, "phase", NULL));
	if (!name) {
		name = mp_log_default_container(pod->object, note, sizeof(note));
		if (note[0])
			(void)fprintf(stderr, "%s\n", note);
	}
	*ret = name;
	return 0;
}

static int run(const struct mp_args *args, struct session *s, int *ret_code, struct mp_error *err)
{
	const char *name = mp_cli_pod_name(args->positional[0]), *container = NULL;
	struct mp_arena arena = { 0 };
	struct mp_pod_view pod;
	struct mp_roots roots;
	int signal = 0;
	int r = mp_cli_roots(args, &roots, err);

	if (r == 0)
		r = mp_pod_view_load(&arena, &roots, mp_cli_namespace(args), name, &pod, err);
	if (r == 0)
		r = find_container(args, &pod, &container, err);
	if (r == 0)
		r = mp_client_connect(&roots, mp_cli_namespace(args), name, &s->control, err);
	if (r == 0)
		r = open_session(s, err);
	if (r == 0)
		r = ask(s, container, args, err);
	if (r == 0)
		r = carry(s, &signal, err);
	if (r == 0 && signal)
		*ret_code = 128 + signal;
	else if (r == 0)
		r = read_code(s, ret_code, err);
	mp_arena_done(&arena);
	return r;
}

int mp_cmd_exec(const struct mp_args *args)
{
	struct session s = { .control = -EBADF,
			     .theirs = { -EBADF, -EBADF, -EBADF },
			     .in = -EBADF,
			     .out = -EBADF,
			     .errs = -EBADF,
			     .signal_fd = -EBADF,
			     .has_stdin = mp_args_has(args, "stdin"),
			     .is_tty = mp_args_has(args, "tty") };
	struct mp_error err = MP_ERROR_NONE;
	int code = MP_EXIT_ERROR;
	int r = 0;

	if (args->n_command == 0)
		r = mp_fail_text(&err, EINVAL,
				 "you must specify at least one command for the container: minipod "
				 "exec POD -- COMMAND");
	if (s.is_tty && !(s.has_stdin && isatty(STDIN_FILENO))) {
		(void)fputs("Unable to use a TTY - input is not a terminal or the right kind of "
			    "file\n",
			    stderr);
		s.is_tty = false;
	}
	if (r == 0)
		r = run(args, &s, &code, &err);
	close_session(&s);
	if (r < 0) {
		(void)mp_cli_fail(r == -ENOENT && code != MP_EXIT_ERROR ? -EIO : r, &err);
		return code;
	}
	if (code != 0)
		(void)fprintf(stderr, "command terminated with exit code %d\n", code);
	return code;
}
