/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's side of a container's standard input and terminal, where the manifest asks for
 * them (stdin, stdinOnce, tty). What is written on the terminal goes through a pipe into the log,
 * as the output of every container; input comes from attached clients, who get the descriptor
 * itself, so that a slow container holds up its client and nobody else.
 * Source: core/v1 Container.stdin, .stdinOnce, .tty.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "namespaces/process.h"
#include "rootfs/prepare.h"
#include "runtime/base/error.h"
#include "runtime/base/loop.h"
#include "runtime/log_pump.h"

struct mp_container_io;

/** struct mp_container_io_config - borrowed until the io is freed. */
struct mp_container_io_config {
	struct mp_loop *loop;
	struct mp_rootfs *rootfs; /* prepared with has_tty when @is_tty; only used while opening */
	struct mp_log_pump *log;
	uid_t owner; /* the host's id of the container's user */
	bool has_stdin, is_stdin_once, is_tty;
};

/**
 * mp_container_io_open() - before the start: make what is asked for.
 * @out:     the log's write ends for stdout and stderr. With a terminal the io takes them over and
 *           leaves -EBADF behind.
 * @process: gets the descriptors of the child and is_tty.
 * @ret:     NULL when neither stdin nor tty is asked for.
 *
 * Return: 0 or -errno; nothing is left open then.
 */
int mp_container_io_open(const struct mp_container_io_config *config, int out[2],
			 struct mp_process_config *process, struct mp_container_io **ret,
			 struct mp_error *err);

/**
 * mp_container_io_fds() - what a successor of this supervisor needs: where input is written, the
 * terminal, and where its output goes; -EBADF for what there is not. Borrowed. @io may be NULL.
 */
void mp_container_io_fds(const struct mp_container_io *io, int ret[3]);

/**
 * mp_container_io_adopt() - go on with those of a supervisor that died.
 * @fds: taken over, also on failure.
 */
int mp_container_io_adopt(const struct mp_container_io_config *config, const int fds[3],
			  struct mp_container_io **ret, struct mp_error *err);

/** mp_container_io_started() - the child has its copies, or will never be. NULL is fine. */
void mp_container_io_started(struct mp_container_io *io);

/** mp_container_io_input() - where to write input, -EBADF when it takes none; borrowed. */
int mp_container_io_input(const struct mp_container_io *io);

/** mp_container_io_terminal() - the terminal's master, or -EBADF; borrowed. */
int mp_container_io_terminal(const struct mp_container_io *io);

/** mp_container_io_detached() - a client with input has left: the end of it under stdinOnce. */
void mp_container_io_detached(struct mp_container_io *io);

/** mp_container_io_finish() - the container has ended: its last words go into the log's pipe. */
void mp_container_io_finish(struct mp_container_io *io);

/** mp_container_io_free() - NULL is fine. */
void mp_container_io_free(struct mp_container_io *io);

/**
 * mp_container_pty() - a new terminal in the devpts of a running container.
 * @pid:   of the container's first process, not reaped yet.
 * @rows, @columns: its size; 0: not known.
 * @ret_master, @ret_slave: owned by the caller.
 *
 * Return: 0 or -errno. A container that hid its devpts has none: -ENOENT.
 */
int mp_container_pty(pid_t pid, unsigned short rows, unsigned short columns, int *ret_master,
		     int *ret_slave, struct mp_error *err);
