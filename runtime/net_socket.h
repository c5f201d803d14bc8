/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of checks: made in the pod's network namespace, non-blocking, lingering one second. */
#pragma once

#include "runtime/base/error.h"

struct mp_supervisor;

/**
 * mp_net_connect() - begin a TCP connection from inside the pod's network namespace.
 * @host: an address, or a name that the machine's hosts file and resolver know ("localhost").
 * @ret_fd: on success, owned by the caller; non-blocking, CLOEXEC; writable when connected.
 *
 * This process is back in its own network namespace on return, whatever happened.
 *
 * Return: 0 (also while it is still connecting); -errno of the attempt, e.g. -ECONNREFUSED.
 * Source: setns(2), connect(2), SO_LINGER in socket(7).
 */
int mp_net_connect(struct mp_supervisor *sv, const char *host, int port, int *ret_fd,
		   struct mp_error *err);

/** mp_net_error_text() - an errno as Go words it: "connection refused". @buf: 64 bytes. */
char *mp_net_error_text(int code, char buf[64]);
