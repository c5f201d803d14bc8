/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network checks of probes and hooks: httpGet, tcpSocket and grpc, non-blocking, as loop sources.
 * Sockets are made in the pod's network namespace. Every byte from a container is hostile.
 * Source: pod-semantics reference sections 6.3 and 7.4.
 */
#pragma once

#include <stdbool.h>

#include "lifecycle/event.h"
#include "runtime/base/clock.h"
#include "runtime/base/error.h"

struct mp_record;
struct mp_net_check;

enum mp_net_purpose {
	MP_NET_PROBE, /* kube-probe: the status code counts */
	MP_NET_HOOK,  /* kube-lifecycle: any HTTP answer is success */
};

/** struct mp_net_result - valid during the callback. */
struct mp_net_result {
	enum mp_probe_outcome outcome; /* probes */
	const char *output;            /* probes: section 7.4's texts; hooks: the transport error */
	bool is_answered;              /* hooks: an HTTP response came */
	bool did_fallback;             /* hooks: HTTPS was answered in plain HTTP, retried so */
	const char *target;            /* "host:port" */
};

/** mp_net_done - the one end of a check, which releases itself: forget it in here. */
typedef void (*mp_net_done)(const struct mp_net_result *result, void *ctx);

/**
 * mp_net_check_begin() - start a check. @ctx of the callback is @record.
 * @record:   the running container it belongs to: port names, pod IP, network namespace.
 * @handler:  has_http_get, has_tcp_socket or has_grpc.
 * @deadline: monotonic; MP_NSEC_NEVER = none.
 *
 * The callback never runs before this returns.
 *
 * Return: 0; -EINVAL when a port name does not resolve (a probe error, no callback); -errno.
 */
int mp_net_check_begin(struct mp_record *record, const struct mp_handler *handler,
		       enum mp_net_purpose purpose, mp_nsec deadline, mp_net_done done,
		       struct mp_net_check **ret, struct mp_error *err);

/** mp_net_check_deadline() - when mp_net_check_expire() is due. */
mp_nsec mp_net_check_deadline(const struct mp_net_check *check);

/** mp_net_check_expire() - the deadline has passed: end it now, with its callback. */
void mp_net_check_expire(struct mp_net_check *check);

/** mp_net_check_cancel() - drop it without a callback; NULL allowed. */
void mp_net_check_cancel(struct mp_net_check *check);
