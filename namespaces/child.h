/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process from clone to exec: an array of prepared steps run by a child that makes nothing
 * but raw system calls. Which step failed, and why, comes back to the parent.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/base/error.h"

#define MP_CHILD_WHAT_MAX 120

/**
 * struct mp_child_op - one step of a child.
 *
 * @run is called in the child, where memory may be shared with the parent (see enum
 * mp_child_mode): raw system calls only, no errno, no malloc, no stdio, no lock. A step may
 * write what a later step reads, behind a pointer that @arg holds.
 */
struct mp_child_op {
	const char *what;            /* "enter rootfs": names the step in the parent's error */
	int (*run)(const void *arg); /* 0 or -errno; only the last one execs */
	const void *arg;             /* borrowed; fully prepared by the parent */
};

/** enum mp_child_mode - how the child and its parent share memory and time. */
enum mp_child_mode {
	/*
	 * CLONE_VM | CLONE_VFORK: the parent sleeps until the child execs or exits; the result is
	 * known when mp_child_spawn() returns. Cheapest. For containers.
	 */
	MP_CHILD_WAIT,
	/*
	 * CLONE_VM: parent and child run side by side. Ops, their args and the struct mp_child must
	 * stay as they are until mp_child_report_read() no longer says MP_CHILD_STARTING. The child
	 * must not write its own oom_score_adj: without vfork the kernel applies that to every
	 * process that shares the memory, the parent too. For pause.
	 */
	MP_CHILD_ASYNC,
	/*
	 * A copy, as fork(2) makes it: everything may be released when mp_child_spawn() returns and
	 * a child that hangs holds nobody up. For what joins a running container.
	 */
	MP_CHILD_FORK,
};

/** enum mp_child_state - what is known of a child's way to exec. */
enum mp_child_state {
	MP_CHILD_STARTING, /* nothing yet; wait for report_fd to become readable */
	MP_CHILD_EXECED,   /* the new program runs (or has run: the pidfd tells) */
	MP_CHILD_FAILED,   /* a step failed; the child has exited or is about to, with 127 */
};

/** struct mp_child_config - what to spawn. Everything is borrowed. */
struct mp_child_config {
	enum mp_child_mode mode;
	uint64_t flags;                /* CLONE_NEW*; VM, VFORK, PIDFD, INTO_CGROUP are implied */
	int cgroup_fd;                 /* v2 cgroup to be born in, or -1; borrowed */
	const struct mp_child_op *ops; /* run in order */
	size_t n_ops;                  /* at least 1 */
	/*
	 * Steps that a go-between runs before it clones the child as its own sibling. In MP_CHILD_WAIT:
	 * the way into a user namespace that must own the child's other namespaces. In MP_CHILD_FORK:
	 * what must be over before the child can be seen in the pid namespace that the go-between has
	 * joined for it. struct mp_child is then the go-between's until mp_child_follow(). Not for
	 * MP_CHILD_ASYNC.
	 */
	const struct mp_child_op *outer_ops;
	size_t n_outer_ops; /* 0: no go-between */
	/*
	 * Where to store, before the child starts, the fd that a step closing everything must spare
	 * (-1: none). NULL when no step does that.
	 */
	int *report_fd_slot;
};

/** struct mp_child - a spawned child, until its owner has reaped it and closed the fds. */
struct mp_child {
	pid_t pid; /* in the caller's pid namespace: for printing, and for process groups */
	int pidfd; /* owned by the holder of this struct; CLOEXEC */
	int report_fd; /* owned; readable when mp_child_report_read() has news; -EBADF in MP_CHILD_WAIT */
	/* How far it got, when a step failed: */
	size_t failed_step;                  /* index into ops; SIZE_MAX = a step of outer_ops */
	int failed_code;                     /* positive errno */
	char failed_what[MP_CHILD_WHAT_MAX]; /* the step's name */
	enum mp_child_state state;           /* what mp_child_report_read() last found */
	struct mp_child_shared *shared;      /* MP_CHILD_ASYNC: stack and report; owned */
	struct mp_child_link *link; /* MP_CHILD_FORK with a go-between, until followed; owned */
};

#define MP_CHILD_NONE ((struct mp_child){ .pid = -1, .pidfd = -EBADF, .report_fd = -EBADF })

/**
 * mp_child_spawn() - clone a child that runs @config->ops in order.
 * @config: borrowed until return; longer for MP_CHILD_ASYNC, see there.
 * @ret:    written on success, and on failure of a step its failed_* fields (fds closed, child
 *          reaped). mp_child_done() releases what a success put there.
 * @err:    may be NULL; names the failed step.
 *
 * The child starts with every signal blocked and every disposition SIG_DFL; a step before exec
 * unblocks them (mp_op_unblock_signals()). It has its own copy of the fd table. One thread only: nothing else of this
 * process may run in between.
 *
 * Return: 0, or -errno; the child's own errno when a step failed there. -ECHILD: the child was
 * killed on its way to exec. Needs Linux 5.5 (clone3, CLONE_CLEAR_SIGHAND); CLONE_INTO_CGROUP 5.7.
 * Source: clone(2), vfork(2), signal-safety(7).
 */
int mp_child_spawn(const struct mp_child_config *config, struct mp_child *ret,
		   struct mp_error *err);

/**
 * mp_child_report_read() - has the child reached exec? Does not block.
 * @child:     from mp_child_spawn(). Its report_fd is closed once the answer is final.
 * @ret_state: the answer; final ones may be asked for again.
 * @err:       names the failed step when the state is MP_CHILD_FAILED.
 *
 * Return: 0 (also when *@ret_state is MP_CHILD_FAILED), or -errno when reading failed.
 */
int mp_child_report_read(struct mp_child *child, enum mp_child_state *ret_state,
			 struct mp_error *err);

/**
 * mp_child_done() - close fds and release memory; not the process. Harmless when repeated. A
 * child in MP_CHILD_ASYNC that is still STARTING is killed and reaped first: it uses that memory.
 */
void mp_child_done(struct mp_child *child);

/**
 * mp_child_follow() - the child's pidfd said that it has exited: was that only the go-between?
 *
 * If so, it is reaped (unless the caller has done that), and @child's pid and pidfd are those of the
 * child proper from now on. No other pidfd is open then: whoever watched the old one watches anew.
 *
 * Return: whether it was.
 */
bool mp_child_follow(struct mp_child *child);

/** mp_child_kill() - mp_child_kill_group() for the go-between and the child, whichever there is. */
int mp_child_kill(const struct mp_child *child, int signal);

/**
 * mp_child_kill_group() - signal the child's whole process group, whose leader it is.
 * @pidfd: the leader, not yet reaped by the caller (which keeps the group's number taken).
 * @pid:   its pid, for kernels without PIDFD_SIGNAL_PROCESS_GROUP (before 6.9).
 *
 * Return: 0, or -errno; -ESRCH when nobody is left. Source: pidfd_send_signal(2), kill(2).
 */
int mp_child_kill_group(int pidfd, pid_t pid, int signal);
