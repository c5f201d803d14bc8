/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: epoll over sources embedded in their owners, and one timer. A turn collects
 * everything that is ready, tells each owner, and returns, so that the caller plans once.
 * Nothing wakes it but a ready source or the armed deadline.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"

struct mp_loop;

/**
 * struct mp_source - something to watch. Embed it, fill @fd, @events and @ready, and find the
 * owner with mp_container_of(). Zero-initialise the rest; do not move it while it is added.
 */
struct mp_source {
	int fd;          /* borrowed; remove the source before closing it */
	uint32_t events; /* EPOLLIN, EPOLLOUT…; level-triggered. EPOLLERR and EPOLLHUP always come */
	void (*ready)(struct mp_source *source, uint32_t events);
	struct mp_loop *loop; /* private: set while added */
};

/**
 * mp_loop_new() - a loop with its timer, disarmed.
 * @ret_loop: on success, owned by the caller: mp_loop_free().
 *
 * Return: 0 or -errno. Source: epoll(7), timerfd_create(2).
 */
int mp_loop_new(struct mp_loop **ret_loop, struct mp_error *err);

/** mp_loop_free() - close it. Sources must have been removed (asserted). NULL is fine. */
void mp_loop_free(struct mp_loop *loop);

/**
 * mp_loop_add() - watch @source, which must not be added already. Allocates nothing.
 *
 * Return: 0, or -errno (-EPERM: the kernel cannot watch this kind of file, such as a regular one).
 */
int mp_loop_add(struct mp_loop *loop, struct mp_source *source, struct mp_error *err);

/** mp_loop_change() - replace the events of an added source; no system call when unchanged. */
int mp_loop_change(struct mp_source *source, uint32_t events, struct mp_error *err);

/**
 * mp_loop_remove() - stop watching. Its callback is not called any more, even if it was ready
 * in the batch being dispatched; the owner may be freed at once, also from its own callback.
 * A source that was not added is left alone.
 */
void mp_loop_remove(struct mp_source *source);

/**
 * mp_loop_arm() - the latest moment to end a turn at.
 * @deadline: CLOCK_MONOTONIC; MP_NSEC_NEVER disarms; a moment in the past ends the next turn at
 *            once. Forgotten when it has passed. No system call when unchanged.
 */
void mp_loop_arm(struct mp_loop *loop, mp_nsec deadline);

/**
 * mp_loop_turn() - wait until something is ready or the deadline has passed, then call the
 * sources of the whole batch, each at most once.
 *
 * Return: the number of sources called, 0 when only time passed or a stop/continue woke us;
 * -errno when the kernel refuses to wait. Not to be called from a callback (asserted).
 */
int mp_loop_turn(struct mp_loop *loop, struct mp_error *err);

/** mp_loop_poll() - a turn that does not wait. */
int mp_loop_poll(struct mp_loop *loop, struct mp_error *err);

/**
 * mp_signals_open() - receive signals through a descriptor instead of handlers.
 * @signals:  blocked from now on and readable; SIGCHLD among them is put back to SIG_DFL, since
 *            an inherited SIG_IGN makes waiting fail. SIGPIPE is always blocked too, so that
 *            writing to a closed pipe says EPIPE.
 * @ret_mask: may be NULL; the mask to restore in children before exec.
 * @ret_fd:   on success, owned by the caller; CLOEXEC and non-blocking.
 *
 * Return: 0 or -errno; on failure nothing has changed. Source: signalfd(2), wait(2).
 */
int mp_signals_open(const int *signals, size_t n_signals, sigset_t *ret_mask, int *ret_fd,
		    struct mp_error *err);

/** mp_signals_read() - the next pending signal; false when there is none. */
bool mp_signals_read(int fd, struct signalfd_siginfo *ret);
