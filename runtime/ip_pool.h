/* SPDX-License-Identifier: Apache-2.0 */
/* Pod addresses: one IPv4 address per pod out of a range, reserved for as long as its holder lives. */
#pragma once

#include "runtime/base/error.h"

/**
 * mp_ip_reserve() - take a free address of @cidr ("10.88.0.0/16").
 * @owner:  decides where the search starts, so that a pod tends to keep its address.
 * @ret:    at least 16 bytes.
 * @ret_fd: owned by the caller; CLOEXEC. The address is taken while it, or a copy, is open.
 *
 * The reservation is the name of an abstract unix socket: it needs no file, ends with its holder,
 * and holds for every root in this network namespace. Network and broadcast address and the first
 * host (a gateway's) are never given out.
 *
 * Return: 0; -EINVAL for a range that is not one; -EADDRNOTAVAIL when all are taken; -errno.
 * Source: unix(7).
 */
int mp_ip_reserve(const char *cidr, const char *owner, char ret[16], int *ret_fd,
		  struct mp_error *err);

/**
 * mp_ip_range_check() - whether @cidr is a range that mp_ip_reserve() takes.
 *
 * Return: 0 or -EINVAL.
 */
int mp_ip_range_check(const char *cidr, struct mp_error *err);

/**
 * mp_ip_of() - the address that @fd, a copy of a reservation, stands for.
 *
 * Return: 0 or -EINVAL.
 */
int mp_ip_of(int fd, char ret[16]);
