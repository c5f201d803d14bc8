/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side of TLS without verification, bytes in and bytes out: no socket, no blocking.
 * OpenSSL is opened when the first check says HTTPS, and never otherwise.
 * Source: ssl(7ssl), BIO_s_mem(3ssl), dlopen(3); pod-semantics reference section 7.4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "runtime/base/error.h"

struct mp_tls;

enum mp_tls_state {
	MP_TLS_HANDSHAKE = 0,
	MP_TLS_OPEN,
	MP_TLS_CLOSED, /* the peer said that it is done */
	MP_TLS_BROKEN, /* mp_tls_broken() says why */
};

/**
 * mp_tls_new() - begin a handshake; its first bytes are there for mp_tls_pull().
 * @server_name: sent as SNI; NULL for an address.
 * @ret:         on success, owned by the caller: mp_tls_free().
 *
 * Return: 0, -ENOENT when the machine has no OpenSSL 3, -ENOMEM.
 */
int mp_tls_new(const char *server_name, struct mp_tls **ret, struct mp_error *err);

/** mp_tls_free() - release it without a word to the peer. NULL is fine. */
void mp_tls_free(struct mp_tls *tls);

/** mp_tls_state() - how far it is. */
enum mp_tls_state mp_tls_state(const struct mp_tls *tls);

/** mp_tls_broken() - why, as Go words it: "remote error: tls: handshake failure". */
const char *mp_tls_broken(const struct mp_tls *tls);

/** mp_tls_feed() - bytes from the peer, which are then read until nothing is left of them. */
void mp_tls_feed(struct mp_tls *tls, const char *bytes, size_t len);

/** mp_tls_read() - what the peer said. Return: bytes put into @buf; 0: nothing for now. */
size_t mp_tls_read(struct mp_tls *tls, char *buf, size_t size);

/** mp_tls_write() - say something; only while open. */
void mp_tls_write(struct mp_tls *tls, const char *bytes, size_t len);

/** mp_tls_pull() - bytes for the peer. Return: bytes put into @buf; 0: nothing for now. */
size_t mp_tls_pull(struct mp_tls *tls, char *buf, size_t size);
