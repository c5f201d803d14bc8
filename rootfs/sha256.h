/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, with the processor's own instructions where it has them. Source: FIPS 180-4. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MP_SHA256_HEX_MAX 65 /* 64 digits and the NUL */

struct mp_sha256 {
	uint32_t state[8];
	uint64_t total; /* bytes seen */
	unsigned char block[64];
};

void mp_sha256_init(struct mp_sha256 *h);
void mp_sha256_add(struct mp_sha256 *h, const void *bytes, size_t len);

/** mp_sha256_hex() - finish; 64 lower-case digits and a NUL. Return: @hex. */
char *mp_sha256_hex(struct mp_sha256 *h, char hex[MP_SHA256_HEX_MAX]);

/** mp_sha256_text() - digest of @len bytes in one go. Return: @hex. */
char *mp_sha256_text(const void *bytes, size_t len, char hex[MP_SHA256_HEX_MAX]);
