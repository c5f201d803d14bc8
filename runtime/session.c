/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/loop.h"

#define CTRL_P '\x10'
#define CTRL_Q '\x11'

static void leave_raw(struct mp_session *s)
{
	if (s->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &s->cooked);
	s->is_raw = false;
}

static int enter_raw(struct mp_session *s, struct mp_error *err)
{
	struct termios raw;

	if (!s->has_raw || s->is_raw)
		return 0;
	if (tcgetattr(STDIN_FILENO, &s->cooked) < 0)
		return mp_fail(err, errno, "read the terminal's settings");
	raw = s->cooked;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
		return mp_fail(err, errno, "put the terminal into raw mode");
	s->is_raw = true;
	return 0;
}

bool mp_session_size(unsigned short *ret_rows, unsigned short *ret_columns)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return false;
	*ret_rows = size.ws_row;
	*ret_columns = size.ws_col;
	return true;
}

static void copy_size(const struct mp_session *s)
{
	struct winsize size;

	if (s->terminal >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		(void)ioctl(s->terminal, TIOCSWINSZ, &size);
}

static int set_nonblocking(int fd, struct mp_error *err)
{
	const int flags = fd >= 0 ? fcntl(fd, F_GETFL) : 0;

	if (fd >= 0 && (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0))
		return mp_fail(err, errno, "streams");
	return 0;
}

int mp_session_begin(struct mp_session *s, struct mp_error *err)
{
	static const int signals[] = { SIGWINCH, SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,   SIGTSTP,
				       SIGCONT,  SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF };
	int r = mp_signals_open(signals, MP_ARRAY_SIZE(signals), NULL, &s->signal_fd, err);

	if (r == 0)
		r = set_nonblocking(s->in, err);
	for (size_t i = 0; i < MP_ARRAY_SIZE(s->out) && r == 0; i++)
		r = set_nonblocking(s->out[i], err);
	if (r == 0)
		r = enter_raw(s, err);
	copy_size(s);
	s->ways[0] = (struct mp_way){ .from = s->in >= 0 ? STDIN_FILENO : -EBADF, .to = s->in };
	s->ways[1] = (struct mp_way){ .from = s->out[0], .to = STDOUT_FILENO };
	s->ways[2] = (struct mp_way){ .from = s->out[1], .to = STDERR_FILENO };
	return r;
}

void mp_session_end(struct mp_session *s)
{
	leave_raw(s);
	mp_closep(&s->control);
	if (s->out[0] == s->in)
		s->out[0] = -EBADF;
	mp_closep(&s->in);
	mp_closep(&s->out[0]);
	mp_closep(&s->out[1]);
	mp_closep(&s->signal_fd);
}

/* ---- input -------------------------------------------------------------------------------------- */

/* The end of our input is the end of theirs; a terminal's stays open. */
static void end_input(struct mp_session *s)
{
	s->ways[0].from = -EBADF;
	s->ways[0].n = 0;
	if (s->in != s->terminal)
		mp_closep(&s->in);
	if (s->input_ended)
		s->input_ended(s->ctx);
	s->input_ended = NULL;
}

/* Neither side blocks. */
static void push_input(struct mp_session *s)
{
	struct mp_way *w = &s->ways[0];
	const ssize_t n = w->n > 0 ? write(w->to, w->bytes, w->n) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		end_input(s); /* it does not read any more */
		return;
	}
	w->n -= (size_t)n;
	memmove(w->bytes, w->bytes + n, w->n);
	if (w->n == 0 && w->from < 0)
		end_input(s);
}

/* Takes the keys that detach out of what is passed on; a Ctrl-P waits for the key after it. */
static void find_keys(struct mp_session *s)
{
	struct mp_way *w = &s->ways[0];

	for (size_t i = 0; i + 1 < w->n && !s->is_detached; i++) {
		if (w->bytes[i] == CTRL_P && w->bytes[i + 1] == CTRL_Q) {
			s->is_detached = true;
			w->n = i;
		}
	}
	s->has_ctrl_p = w->n > 0 && w->bytes[w->n - 1] == CTRL_P;
	w->n -= s->has_ctrl_p ? 1 : 0;
}

static void take_input(struct mp_session *s)
{
	struct mp_way *w = &s->ways[0];
	const size_t held = s->has_ctrl_p ? 1 : 0;
	const ssize_t n = read(w->from, w->bytes + held, sizeof(w->bytes) - held);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	w->bytes[0] = held > 0 ? CTRL_P : w->bytes[0];
	w->n = held + (n > 0 ? (size_t)n : 0);
	if (n <= 0)
		w->from = -EBADF;
	else if (s->has_detach_keys)
		find_keys(s);
	push_input(s);
}

/* ---- output ------------------------------------------------------------------------------------- */

/* One piece of what is there now; our own stdout may make us wait. False: no more for now. */
static bool carry_output(struct mp_way *w)
{
	ssize_t n;

	if (w->from < 0)
		return false;
	do
		n = read(w->from, w->bytes, sizeof(w->bytes));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	/* EIO: the terminal's last user has closed it. */
	if (n <= 0 || mp_fd_write_all(w->to, w->bytes, (size_t)n, NULL) < 0)
		w->from = -EBADF;
	return w->from >= 0;
}

/* Nobody reads what we print: it is over, as for any program in a pipe. */
static bool is_unread(const struct mp_session *s)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = 0 };

	return s->out[0] >= 0 && s->ways[1].from < 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

/* ---- signals ------------------------------------------------------------------------------------ */

/* Stopped with the terminal as it was; raw again when we go on. */
static void stop(struct mp_session *s)
{
	const bool was_raw = s->is_raw;

	leave_raw(s);
	(void)raise(SIGSTOP);
	if (was_raw)
		(void)enter_raw(s, NULL);
	copy_size(s);
}

/* Returns the signal that shall end us, or 0. */
static int take_signals(struct mp_session *s)
{
	struct signalfd_siginfo info;

	while (mp_signals_read(s->signal_fd, &info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			stop(s);
			break;
		case SIGWINCH:
		case SIGCONT:
			copy_size(s);
			break;
		default:
			return (int)info.ssi_signo;
		}
	}
	return 0;
}

int mp_session_carry(struct mp_session *s, int *ret_signal, struct mp_error *err)
{
	struct mp_way *in = &s->ways[0];

	for (*ret_signal = 0;;) {
		struct pollfd p[] = {
			{ .fd = s->control, .events = POLLIN },
			{ .fd = s->signal_fd, .events = POLLIN },
			{ .fd = in->n == 0 ? in->from : -1, .events = POLLIN },
			{ .fd = in->n > 0 ? s->in : -1, .events = POLLOUT },
			{ .fd = s->ways[1].from, .events = POLLIN },
			{ .fd = s->ways[2].from, .events = POLLIN },
		};

		if (poll(p, MP_ARRAY_SIZE(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return mp_fail(err, errno, "wait for the container");
		}
		if (p[1].revents)
			*ret_signal = take_signals(s);
		if (*ret_signal)
			return 0;
		if (p[2].revents)
			take_input(s);
		if (p[3].revents && in->n > 0)
			push_input(s);
		if (p[4].revents)
			(void)carry_output(&s->ways[1]);
		if (p[5].revents)
			(void)carry_output(&s->ways[2]);
		if (s->is_detached)
			return 0;
		if (is_unread(s)) {
			*ret_signal = SIGPIPE;
			return 0;
		}
		if (p[0].revents) {
			/* It has ended: all it wrote is here already. */
			while (carry_output(&s->ways[1]))
				;
			while (carry_output(&s->ways[2]))
				;
			return 0;
		}
	}
}
