/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container output on the terminal of a foreground `run`: the log files are followed and written
 * to stdout, each line behind its container's name, as fast as stdout takes it. A slow or stopped
 * reader costs nothing but its own delay, since the log file is the buffer.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/loop.h"

struct mp_echo;

/**
 * mp_echo_new() - follow nothing yet.
 * @fd:         where to write; borrowed.
 * @has_prefix: put "name | " before each line.
 * @has_color:  colour the prefix.
 */
int mp_echo_new(struct mp_loop *loop, const struct mp_pod_spec *spec, int fd, bool has_prefix,
		bool has_color, struct mp_echo **ret, struct mp_error *err);

/**
 * mp_echo_open() - follow the log file @file of container @index, after what is left of the one before
 * it: a new instance, or the log was rotated. @file may be closed at once.
 */
void mp_echo_open(struct mp_echo *echo, size_t index, int file);

/** mp_echo_more() - there is more in the log of container @index. */
void mp_echo_more(struct mp_echo *echo, size_t index);

/** mp_echo_flush() - write everything that is left, waiting for stdout. */
void mp_echo_flush(struct mp_echo *echo);

/** mp_echo_free() - stop; NULL allowed. */
void mp_echo_free(struct mp_echo *echo);
