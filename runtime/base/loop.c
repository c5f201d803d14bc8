/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll hands out a batch of pointers to sources. Until the batch is done, removing a source must
 * also take it out of the batch: its owner may be freed by then, and its descriptor number may
 * already belong to somebody else.
 */
#include "runtime/base/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 128 /* more than a pod has sources; the rest waits one turn */

struct mp_loop {
	int epoll_fd;     /* owned */
	int timer_fd;     /* owned */
	mp_nsec deadline; /* what the timer is set to */
	size_t n_sources;
	struct epoll_event batch[BATCH_MAX];
	int n_batch; /* being dispatched; 0 outside of a turn */
	bool is_turning;
};

int mp_loop_new(struct mp_loop **ret_loop, struct mp_error *err)
{
	mp_auto_fd epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_fd < 0)
		return mp_fail(err, errno, "create the event loop: epoll");

	mp_auto_fd timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (timer_fd < 0)
		return mp_fail(err, errno, "create the event loop: timer");

	/* The timer is the one entry without a source. */
	struct epoll_event event = { .events = EPOLLIN, .data = { .ptr = NULL } };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, timer_fd, &event) < 0)
		return mp_fail(err, errno, "create the event loop: watch the timer");

	struct mp_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return mp_fail(err, ENOMEM, "create the event loop");
	loop->epoll_fd = mp_steal_fd(&epoll_fd);
	loop->timer_fd = mp_steal_fd(&timer_fd);
	loop->deadline = MP_NSEC_NEVER;
	*ret_loop = loop;
	return 0;
}

void mp_loop_free(struct mp_loop *loop)
{
	if (!loop)
		return;
	assert(loop->n_sources == 0 && !loop->is_turning);
	mp_closep(&loop->timer_fd);
	mp_closep(&loop->epoll_fd);
	free(loop);
}

int mp_loop_add(struct mp_loop *loop, struct mp_source *source, struct mp_error *err)
{
	struct epoll_event event = { .events = source->events, .data = { .ptr = source } };

	assert(!source->loop && source->ready);
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return mp_fail(err, errno, "watch descriptor %d", source->fd);
	source->loop = loop;
	loop->n_sources++;
	return 0;
}

int mp_loop_change(struct mp_source *source, uint32_t events, struct mp_error *err)
{
	struct epoll_event event = { .events = events, .data = { .ptr = source } };

	assert(source->loop);
	if (events == source->events)
		return 0;
	if (epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0)
		return mp_fail(err, errno, "watch descriptor %d", source->fd);
	source->events = events;
	return 0;
}

void mp_loop_remove(struct mp_source *source)
{
	struct mp_loop *loop = source->loop;

	if (!loop)
		return;

	const int r = epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);

	/* EBADF or ENOENT: it was closed first, and may be reported for ever. */
	assert(r == 0);
	(void)r;
	for (int i = 0; i < loop->n_batch; i++) {
		if (loop->batch[i].data.ptr == source)
			loop->batch[i].data.ptr = loop; /* nobody */
	}
	source->loop = NULL;
	loop->n_sources--;
}

void mp_loop_arm(struct mp_loop *loop, mp_nsec deadline)
{
	struct itimerspec when = { 0 };

	if (deadline == loop->deadline)
		return;
	if (deadline != MP_NSEC_NEVER) {
		/* Zero would disarm it; any moment in the past does. */
		const mp_nsec at = deadline > 0 ? deadline : 1;

		when.it_value.tv_sec = (time_t)(at / MP_NSEC_PER_S);
		when.it_value.tv_nsec = (long)(at % MP_NSEC_PER_S);
	}

	const int r = timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);

	assert(r == 0); /* only wrong arguments make it fail */
	(void)r;
	loop->deadline = deadline;
}

static void take_timer(struct mp_loop *loop)
{
	uint64_t expirations;

	/* EAGAIN: armed anew since it fired; then the new deadline stands. */
	if (read(loop->timer_fd, &expirations, sizeof(expirations)) == sizeof(expirations))
		loop->deadline = MP_NSEC_NEVER;
}

static int turn(struct mp_loop *loop, int timeout_ms, struct mp_error *err)
{
	int called = 0;

	assert(!loop->is_turning);

	const int n = epoll_wait(loop->epoll_fd, loop->batch, BATCH_MAX, timeout_ms);

	/* Stopping and continuing a process ends the wait even without handlers: signal(7). */
	if (n < 0)
		return errno == EINTR ? 0 : mp_fail(err, errno, "wait for events");
	loop->is_turning = true;
	loop->n_batch = n;
	for (int i = 0; i < n; i++) {
		void *ptr = loop->batch[i].data.ptr;

		loop->batch[i].data.ptr = loop; /* called at most once */
		if (!ptr) {
			take_timer(loop);
		} else if (ptr != loop) {
			struct mp_source *source = ptr;
			const uint32_t wanted = source->events | EPOLLERR | EPOLLHUP;
			const uint32_t events = loop->batch[i].events & wanted;

			/* Another callback may have changed what is wanted. */
			if (events == 0)
				continue;
			called++;
			source->ready(source, events);
		}
	}
	loop->n_batch = 0;
	loop->is_turning = false;
	return called;
}

int mp_loop_turn(struct mp_loop *loop, struct mp_error *err)
{
	return turn(loop, -1, err);
}

int mp_loop_poll(struct mp_loop *loop, struct mp_error *err)
{
	return turn(loop, 0, err);
}

int mp_signals_open(const int *signals, size_t n_signals, sigset_t *ret_mask, int *ret_fd,
		    struct mp_error *err)
{
	sigset_t read_set, block_set, old;

	(void)sigemptyset(&read_set);
	for (size_t i = 0; i < n_signals; i++) {
		if (sigaddset(&read_set, signals[i]) < 0)
			return mp_fail(err, EINVAL, "receive signal %d", signals[i]);
	}
	block_set = read_set;
	(void)sigaddset(&block_set, SIGPIPE);

	mp_auto_fd fd = signalfd(-1, &read_set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return mp_fail(err, errno, "receive signals by descriptor");
	if (sigprocmask(SIG_BLOCK, &block_set, &old) < 0)
		return mp_fail(err, errno, "block signals");
	/* A parent may have left it ignored; then children would vanish without a status. */
	if (sigismember(&read_set, SIGCHLD) == 1) {
		const struct sigaction by_default = { .sa_handler = SIG_DFL };

		if (sigaction(SIGCHLD, &by_default, NULL) < 0) {
			const int code = errno;

			(void)sigprocmask(SIG_SETMASK, &old, NULL);
			return mp_fail(err, code, "reset SIGCHLD");
		}
	}
	if (ret_mask)
		*ret_mask = old;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

bool mp_signals_read(int fd, struct signalfd_siginfo *ret)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	*ret = info;
	return true;
}
