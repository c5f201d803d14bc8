/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `logs` reads and shows: which instance of a container, where to begin, and how an entry is
 * printed. Pure. Source: pod-semantics reference section 13.4.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "runtime/base/document.h"
#include "runtime/cri_log.h"

/**
 * mp_log_choose() - the instance whose log is meant.
 * @pod:         a Pod object with its status.
 * @previous:    the one before, as logs -p asks.
 * @ret_count:   its restart count, which names its file.
 * @ret_running: it may still write.
 *
 * Return: 0, or -ENOENT or -EAGAIN (waiting) with the API server's sentence.
 */
int mp_log_choose(const struct mp_node *pod, const char *container, bool previous,
		  int64_t *ret_count, bool *ret_running, struct mp_error *err);

/** struct mp_log_view - how entries are shown. */
struct mp_log_view {
	int64_t since_wall; /* entries before this are left out; 0 = none */
	long long limit;    /* bytes still to be written; -1 = no limit */
	const char *prefix; /* before each line; "" = none */
	bool has_times;
	bool is_inside[2]; /* by stream: the last entry was partial */
	FILE *out, *err;
};

/** mp_log_show() - one line of a log file, without its newline. False: the limit is reached. */
bool mp_log_show(struct mp_log_view *view, const char *line, size_t len);

/**
 * mp_log_default_container() - the annotation's, else the first of spec.containers.
 * @note: @size bytes for the "Defaulted container ..." sentence; "" when there is nothing to say.
 */
const char *mp_log_default_container(const struct mp_node *pod, char *note, size_t size);
