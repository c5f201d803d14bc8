/* SPDX-License-Identifier: Apache-2.0 */
/* Pod addresses: one IPv4 address per pod out of a range, reserved by a file of that name. */
#pragma once

#include "runtime/base/error.h"

/**
 * mp_ip_reserve() - take a free address of @cidr ("10.88.0.0/16").
 * @run:   the run root; the reservation is <run>/ips/<address>.
 * @owner: written into it; also where the search starts, so that a pod tends to keep its address.
 * @ret:   at least 16 bytes.
 *
 * Network and broadcast address and the first host (a gateway's) are never given out.
 *
 * Return: 0; -EINVAL for a range that is not one; -EADDRNOTAVAIL when all are taken; -errno.
 */
int mp_ip_reserve(const char *run, const char *cidr, const char *owner, char ret[16],
		  struct mp_error *err);

/** mp_ip_release() - give it back; "" and unknown addresses are fine. */
void mp_ip_release(const char *run, const char *ip);
