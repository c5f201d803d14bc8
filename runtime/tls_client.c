/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few functions of OpenSSL 3 that are needed are declared here by hand and looked up by name,
 * so that building needs no header and a pod without HTTPS no library. The numbers behind the
 * macros are part of the ABI of libssl.so.3.
 *
 * Both directions are memory buffers. What comes in is read to its end after each feed, so the
 * inner buffer never holds more than one feed and one unfinished record; nothing is taken in
 * while the peer leaves our own bytes lying (see net_conn.c).
 */
#include "runtime/tls_client.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INIT_NO_LOAD_CONFIG 0x80UL     /* OPENSSL_INIT_NO_LOAD_CONFIG */
#define INIT_NO_ATEXIT      0x80000UL  /* OPENSSL_INIT_NO_ATEXIT */
#define CTRL_SET_SNI        55         /* SSL_CTRL_SET_TLSEXT_HOSTNAME */
#define CTRL_MIN_PROTO      123        /* SSL_CTRL_SET_MIN_PROTO_VERSION */
#define TLS_1_2             0x0303     /* TLS1_2_VERSION */
#define VERIFY_NONE         0          /* SSL_VERIFY_NONE */
#define ERROR_WANT_READ     2          /* SSL_ERROR_WANT_READ */
#define ERROR_WANT_WRITE    3          /* SSL_ERROR_WANT_WRITE */
#define ERROR_ZERO_RETURN   6          /* SSL_ERROR_ZERO_RETURN */
#define BIO_SET_EOF_RETURN  130        /* BIO_C_SET_BUF_MEM_EOF_RETURN */
#define REASON_MASK         0x7fffffUL /* ERR_REASON_MASK */
#define ALERT_OFFSET        1000       /* SSL_AD_REASON_OFFSET */
#define WRONG_VERSION       267        /* SSL_R_WRONG_VERSION_NUMBER */

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_method_st SSL_METHOD;
typedef struct bio_st BIO;
typedef struct bio_method_st BIO_METHOD;

static struct {
	void *library;
	SSL_CTX *ctx;
	int (*init)(uint64_t flags, const void *settings);
	const SSL_METHOD *(*client_method)(void);
	SSL_CTX *(*ctx_new)(const SSL_METHOD *method);
	void (*ctx_free)(SSL_CTX *ctx);
	long (*ctx_ctrl)(SSL_CTX *ctx, int cmd, long number, void *pointer);
	void (*ctx_set_verify)(SSL_CTX *ctx, int mode, void *callback);
	void (*ctx_set_security_level)(SSL_CTX *ctx, int level);
	int (*ctx_set_alpn_protos)(SSL_CTX *ctx, const unsigned char *list, unsigned int len);
	SSL *(*ssl_new)(SSL_CTX *ctx);
	void (*ssl_free)(SSL *ssl);
	long (*ssl_ctrl)(SSL *ssl, int cmd, long number, void *pointer);
	void (*set_bio)(SSL *ssl, BIO *in, BIO *out);
	void (*set_connect_state)(SSL *ssl);
	int (*do_handshake)(SSL *ssl);
	int (*ssl_read)(SSL *ssl, void *buf, int size);
	int (*ssl_write)(SSL *ssl, const void *buf, int size);
	int (*get_error)(const SSL *ssl, int r);
	BIO *(*bio_new)(const BIO_METHOD *method);
	const BIO_METHOD *(*bio_mem)(void);
	void (*bio_free_all)(BIO *bio);
	int (*bio_read)(BIO *bio, void *buf, int size);
	int (*bio_write)(BIO *bio, const void *buf, int size);
	long (*bio_ctrl)(BIO *bio, int cmd, long number, void *pointer);
	unsigned long (*err_get)(void);
	void (*err_clear)(void);
	const char *(*err_reason)(unsigned long code);
} lib;

struct mp_tls {
	SSL *ssl; /* owned; it owns both buffers */
	BIO *in, *out;
	enum mp_tls_state state;
	char broken[256];
};

static const struct {
	const char *name;
	void *slot; /* of a function pointer in lib */
} symbols[] = {
	{ "OPENSSL_init_ssl", &lib.init },
	{ "TLS_client_method", &lib.client_method },
	{ "SSL_CTX_new", &lib.ctx_new },
	{ "SSL_CTX_free", &lib.ctx_free },
	{ "SSL_CTX_ctrl", &lib.ctx_ctrl },
	{ "SSL_CTX_set_verify", &lib.ctx_set_verify },
	{ "SSL_CTX_set_security_level", &lib.ctx_set_security_level },
	{ "SSL_CTX_set_alpn_protos", &lib.ctx_set_alpn_protos },
	{ "SSL_new", &lib.ssl_new },
	{ "SSL_free", &lib.ssl_free },
	{ "SSL_ctrl", &lib.ssl_ctrl },
	{ "SSL_set_bio", &lib.set_bio },
	{ "SSL_set_connect_state", &lib.set_connect_state },
	{ "SSL_do_handshake", &lib.do_handshake },
	{ "SSL_read", &lib.ssl_read },
	{ "SSL_write", &lib.ssl_write },
	{ "SSL_get_error", &lib.get_error },
	{ "BIO_new", &lib.bio_new },
	{ "BIO_s_mem", &lib.bio_mem },
	{ "BIO_free_all", &lib.bio_free_all },
	{ "BIO_read", &lib.bio_read },
	{ "BIO_write", &lib.bio_write },
	{ "BIO_ctrl", &lib.bio_ctrl },
	{ "ERR_get_error", &lib.err_get },
	{ "ERR_clear_error", &lib.err_clear },
	{ "ERR_reason_error_string", &lib.err_reason },
};

/*
 * The machine's openssl.cnf is left out: what a container may offer must not depend on it. Level
 * 0 lets short keys pass, since nothing is verified anyway.
 */
static int make_context(struct mp_error *err)
{
	static const unsigned char alpn[] = "\x08http/1.1";
	SSL_CTX *ctx;

	if (lib.init(INIT_NO_LOAD_CONFIG | INIT_NO_ATEXIT, NULL) != 1)
		return mp_fail_text(err, ENOMEM, "OpenSSL does not start");
	ctx = lib.ctx_new(lib.client_method());
	if (!ctx)
		return mp_fail_text(err, ENOMEM, "OpenSSL makes no context");
	lib.ctx_set_verify(ctx, VERIFY_NONE, NULL);
	lib.ctx_set_security_level(ctx, 0);
	if (lib.ctx_ctrl(ctx, CTRL_MIN_PROTO, TLS_1_2, NULL) != 1 ||
	    lib.ctx_set_alpn_protos(ctx, alpn, sizeof(alpn) - 1) != 0) {
		lib.ctx_free(ctx);
		return mp_fail_text(err, ENOMEM, "OpenSSL takes no settings");
	}
	lib.ctx = ctx;
	return 0;
}

static int open_library(struct mp_error *err)
{
	if (lib.ctx)
		return 0;
	if (!lib.library) {
		void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);

		if (!library)
			return mp_fail_text(err, ENOENT,
					    "HTTPS needs OpenSSL 3 on this machine (libssl.so.3)");
		for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
			void *function = dlsym(library, symbols[i].name);

			if (!function) {
				(void)dlclose(library);
				return mp_fail_text(err, ENOENT, "libssl.so.3 has no %s",
						    symbols[i].name);
			}
			/* POSIX lets a function's address be carried in a data pointer. */
			memcpy(symbols[i].slot, &function, sizeof(function));
		}
		lib.library = library;
	}
	return make_context(err);
}

/* Go's words for the alerts of RFC 8446, section 6. */
static const char *alert_text(unsigned long alert)
{
	static const struct {
		unsigned int alert;
		const char *text;
	} alerts[] = {
		{ 0, "close notify" },
		{ 10, "unexpected message" },
		{ 20, "bad record MAC" },
		{ 21, "decryption failed" },
		{ 22, "record overflow" },
		{ 30, "decompression failure" },
		{ 40, "handshake failure" },
		{ 42, "bad certificate" },
		{ 43, "unsupported certificate" },
		{ 44, "revoked certificate" },
		{ 45, "expired certificate" },
		{ 46, "unknown certificate" },
		{ 47, "illegal parameter" },
		{ 48, "unknown certificate authority" },
		{ 49, "access denied" },
		{ 50, "error decoding message" },
		{ 51, "error decrypting message" },
		{ 60, "export restriction" },
		{ 70, "protocol version not supported" },
		{ 71, "insufficient security level" },
		{ 80, "internal error" },
		{ 86, "inappropriate fallback" },
		{ 90, "user canceled" },
		{ 100, "no renegotiation" },
		{ 109, "missing extension" },
		{ 110, "unsupported extension" },
		{ 111, "certificate unobtainable" },
		{ 112, "unrecognized name" },
		{ 113, "bad certificate status response" },
		{ 114, "bad certificate hash value" },
		{ 115, "unknown PSK identity" },
		{ 116, "certificate required" },
		{ 120, "no application protocol" },
	};

	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].alert == alert)
			return alerts[i].text;
	return NULL;
}

static void set_broken(struct mp_tls *tls)
{
	const unsigned long code = lib.err_get();
	const unsigned long reason = code & REASON_MASK;
	const char *text = code ? lib.err_reason(code) : NULL;
	const char *alert = reason >= ALERT_OFFSET ? alert_text(reason - ALERT_OFFSET) : NULL;

	tls->state = MP_TLS_BROKEN;
	if (alert)
		(void)snprintf(tls->broken, sizeof(tls->broken), "remote error: tls: %s", alert);
	else if (reason == WRONG_VERSION)
		(void)snprintf(tls->broken, sizeof(tls->broken),
			       "tls: first record does not look like a TLS handshake");
	else
		(void)snprintf(tls->broken, sizeof(tls->broken), "tls: %s",
			       text ? text : "unknown error");
	lib.err_clear();
}

/* What a call that did not succeed means for the whole. */
static void take_error(struct mp_tls *tls, int r)
{
	switch (lib.get_error(tls->ssl, r)) {
	case ERROR_WANT_READ:
	case ERROR_WANT_WRITE:
		break;
	case ERROR_ZERO_RETURN:
		tls->state = MP_TLS_CLOSED;
		break;
	default:
		set_broken(tls);
		break;
	}
}

static void shake(struct mp_tls *tls)
{
	int r;

	lib.err_clear();
	r = lib.do_handshake(tls->ssl);
	if (r == 1)
		tls->state = MP_TLS_OPEN;
	else
		take_error(tls, r);
}

int mp_tls_new(const char *server_name, struct mp_tls **ret, struct mp_error *err)
{
	struct mp_tls *tls;
	int r = open_library(err);

	if (r < 0)
		return r;
	tls = calloc(1, sizeof(*tls));
	if (!tls)
		return mp_fail(err, ENOMEM, "TLS");
	tls->ssl = lib.ssl_new(lib.ctx);
	tls->in = lib.bio_new(lib.bio_mem());
	tls->out = lib.bio_new(lib.bio_mem());
	if (!tls->ssl || !tls->in || !tls->out) {
		lib.bio_free_all(tls->in);
		lib.bio_free_all(tls->out);
		lib.ssl_free(tls->ssl);
		free(tls);
		return mp_fail(err, ENOMEM, "TLS");
	}
	/* An empty buffer means "later", not the end. */
	(void)lib.bio_ctrl(tls->in, BIO_SET_EOF_RETURN, -1, NULL);
	(void)lib.bio_ctrl(tls->out, BIO_SET_EOF_RETURN, -1, NULL);
	lib.set_bio(tls->ssl, tls->in, tls->out);
	lib.set_connect_state(tls->ssl);
	if (server_name) {
		char name[256];

		(void)snprintf(name, sizeof(name), "%s", server_name);
		(void)lib.ssl_ctrl(tls->ssl, CTRL_SET_SNI, 0, name);
	}
	shake(tls);
	*ret = tls;
	return 0;
}

void mp_tls_free(struct mp_tls *tls)
{
	if (!tls)
		return;
	lib.ssl_free(tls->ssl);
	free(tls);
}

enum mp_tls_state mp_tls_state(const struct mp_tls *tls)
{
	return tls->state;
}

const char *mp_tls_broken(const struct mp_tls *tls)
{
	return tls->broken;
}

void mp_tls_feed(struct mp_tls *tls, const char *bytes, size_t len)
{
	if (tls->state == MP_TLS_BROKEN || tls->state == MP_TLS_CLOSED || len == 0)
		return;
	if (lib.bio_write(tls->in, bytes, (int)len) != (int)len)
		set_broken(tls);
	else if (tls->state == MP_TLS_HANDSHAKE)
		shake(tls);
}

size_t mp_tls_read(struct mp_tls *tls, char *buf, size_t size)
{
	int r;

	if (tls->state != MP_TLS_OPEN)
		return 0;
	lib.err_clear();
	r = lib.ssl_read(tls->ssl, buf, (int)size);
	if (r > 0)
		return (size_t)r;
	take_error(tls, r);
	return 0;
}

void mp_tls_write(struct mp_tls *tls, const char *bytes, size_t len)
{
	int r;

	if (tls->state != MP_TLS_OPEN || len == 0)
		return;
	lib.err_clear();
	r = lib.ssl_write(tls->ssl, bytes, (int)len);
	if (r != (int)len)
		set_broken(tls);
}

size_t mp_tls_pull(struct mp_tls *tls, char *buf, size_t size)
{
	const int r = lib.bio_read(tls->out, buf, (int)size);

	return r > 0 ? (size_t)r : 0;
}
