/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person's terminal, or pipes, joined to what runs in a container: bytes both ways, raw mode,
 * the terminal's size, signals. Whatever ends the session, the terminal is as it was before: on
 * return, on a signal that can be caught, and while we are stopped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "runtime/base/error.h"

/** struct mp_way - one way of the bytes: what was read waits until it can be written. */
struct mp_way {
	int from, to; /* borrowed; -EBADF: the stream has ended, or there is none */
	size_t n;
	char bytes[16384];
};

/** struct mp_session - initialise with MP_SESSION_NONE, then set the descriptors. */
struct mp_session {
	int control; /* owned: the supervisor's connection; something to read there is the end */
	int in;      /* owned: their input; -EBADF: it takes none */
	int out[2]; /* owned: their stdout and stderr; -EBADF: there is none. May be @in's number */
	int terminal;                   /* borrowed: whose size follows ours; -EBADF */
	bool has_raw;                   /* our own terminal goes raw */
	bool has_detach_keys;           /* Ctrl-P Ctrl-Q leaves it alone */
	void (*input_ended)(void *ctx); /* our input is at its end; may be NULL */
	void *ctx;
	int signal_fd; /* owned */
	bool is_raw, is_detached, has_ctrl_p;
	struct termios cooked;
	struct mp_way ways[3];
};

#define MP_SESSION_NONE                                  \
	((struct mp_session){ .control = -EBADF,         \
			      .in = -EBADF,              \
			      .out = { -EBADF, -EBADF }, \
			      .terminal = -EBADF,        \
			      .signal_fd = -EBADF })

/** mp_session_size() - rows and columns of our own terminal; false: it is none. */
bool mp_session_size(unsigned short *ret_rows, unsigned short *ret_columns);

/** mp_session_begin() - catch signals, go raw if asked to, pass the size on. 0 or -errno. */
int mp_session_begin(struct mp_session *s, struct mp_error *err);

/**
 * mp_session_carry() - carry bytes until the supervisor answers.
 * @ret_signal: the signal that ends us instead, or 0.
 *
 * What had been written by then is through when it returns. Return: 0 or -errno.
 */
int mp_session_carry(struct mp_session *s, int *ret_signal, struct mp_error *err);

/** mp_session_end() - our terminal as it was; close everything. May be called again. */
void mp_session_end(struct mp_session *s);
