/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of checks: made in the pod's network namespace, never blocking, soon gone. */
#pragma once

#include <stddef.h>

#include "runtime/base/error.h"

struct mp_supervisor;

#define MP_NET_ERROR_TEXT_MAX 64

/**
 * mp_net_connect() - begin a TCP connection from inside the pod's network namespace.
 * @host: an address, "localhost", or a name of the machine's /etc/hosts.
 * @ret_fd: on success, owned by the caller: mp_net_close(). Non-blocking, CLOEXEC; writable when
 *        connected.
 *
 * This process is back in its own network namespace on return, whatever happened. A name server
 * is never asked: waiting for it would hold up the pod.
 *
 * Return: 0 (also while it is still connecting); -ENOENT when the name is not known, with Go's
 * words in @err; -errno of the attempt, e.g. -ECONNREFUSED.
 * Source: setns(2), connect(2), hosts(5).
 */
int mp_net_connect(struct mp_supervisor *sv, const char *host, int port, int *ret_fd,
		   struct mp_error *err);

/**
 * mp_net_close() - close a connection without waiting for the peer; *@fd becomes -EBADF.
 *
 * A kubelet's sockets have SO_LINGER of one second. Its close() then waits, also on a non-blocking
 * socket, for a peer that acknowledges nothing: it would hold up the pod here. Instead the kernel
 * is told to give up after that second on its own, and at once on bytes nobody takes.
 * Source: socket(7) SO_LINGER, tcp(7) TCP_LINGER2 and TCP_USER_TIMEOUT.
 */
void mp_net_close(int *fd);

/** mp_net_source_text() - "10.88.0.1:40312", where a connection comes from; "" when unknown. */
char *mp_net_source_text(int fd, char buf[MP_NET_ERROR_TEXT_MAX]);

/** mp_net_error_text() - an errno as Go words it: "connection refused". */
char *mp_net_error_text(int code, char buf[MP_NET_ERROR_TEXT_MAX]);

/**
 * mp_net_hosts_find() - the first address of @name in the text of a hosts file.
 *
 * Return: @buf, or NULL when it is not there. Pure. Source: hosts(5).
 */
char *mp_net_hosts_find(const char *text, size_t len, const char *name,
			char buf[MP_NET_ERROR_TEXT_MAX]);
