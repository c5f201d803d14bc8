/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a service manager about the pod: sd_notify(3), done by hand, since it is one datagram.
 * READY=1 once the pod is Ready (or has succeeded), STATUS= with one line about it, STOPPING=1 with
 * EXTEND_TIMEOUT_USEC= for the grace period when it is being deleted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lifecycle/spec.h"
#include "lifecycle/status.h"

/** struct mp_notify - what was told. Zero-initialise but for @fd. */
struct mp_notify {
	int fd; /* owned; -EBADF: nobody wants to know */
	bool is_ready, is_stopping;
	long long stop_usec; /* the last EXTEND_TIMEOUT_USEC */
	char status[256];
};

/**
 * mp_notify_open() - connect to $NOTIFY_SOCKET, and forget the variable. Without it, or with one that
 * cannot be reached, nothing is ever told.
 */
void mp_notify_open(struct mp_notify *notify);

/**
 * mp_notify_text() - what is new in @status, as sd_notify lines; remembered as told. Pure.
 *
 * Return: bytes in @buf, 0 when there is nothing new.
 */
size_t mp_notify_text(struct mp_notify *notify, const struct mp_pod_spec *spec,
		      const struct mp_pod_status *status, char *buf, size_t size);

/** mp_notify_status() - tell what is new. Never waits. */
void mp_notify_status(struct mp_notify *notify, const struct mp_pod_spec *spec,
		      const struct mp_pod_status *status);

/** mp_notify_close() - may be called again. */
void mp_notify_close(struct mp_notify *notify);
