/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/sha256.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t k[64] = {
	0x428a2f98U, 0x71374491U, 0xb5c0fbcfU, 0xe9b5dba5U, 0x3956c25bU, 0x59f111f1U, 0x923f82a4U,
	0xab1c5ed5U, 0xd807aa98U, 0x12835b01U, 0x243185beU, 0x550c7dc3U, 0x72be5d74U, 0x80deb1feU,
	0x9bdc06a7U, 0xc19bf174U, 0xe49b69c1U, 0xefbe4786U, 0x0fc19dc6U, 0x240ca1ccU, 0x2de92c6fU,
	0x4a7484aaU, 0x5cb0a9dcU, 0x76f988daU, 0x983e5152U, 0xa831c66dU, 0xb00327c8U, 0xbf597fc7U,
	0xc6e00bf3U, 0xd5a79147U, 0x06ca6351U, 0x14292967U, 0x27b70a85U, 0x2e1b2138U, 0x4d2c6dfcU,
	0x53380d13U, 0x650a7354U, 0x766a0abbU, 0x81c2c92eU, 0x92722c85U, 0xa2bfe8a1U, 0xa81a664bU,
	0xc24b8b70U, 0xc76c51a3U, 0xd192e819U, 0xd6990624U, 0xf40e3585U, 0x106aa070U, 0x19a4c116U,
	0x1e376c08U, 0x2748774cU, 0x34b0bcb5U, 0x391c0cb3U, 0x4ed8aa4aU, 0x5b9cca4fU, 0x682e6ff3U,
	0x748f82eeU, 0x78a5636fU, 0x84c87814U, 0x8cc70208U, 0x90befffaU, 0xa4506cebU, 0xbef9a3f7U,
	0xc67178f2U,
};

static uint32_t rotate(uint32_t v, unsigned int n)
{
	return v >> n | v << (32U - n);
}

static uint32_t load_be(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void blocks_plain(uint32_t state[8], const unsigned char *at, size_t n)
{
	for (; n > 0; n--, at += 64) {
		uint32_t w[64];
		uint32_t s[8];

		memcpy(s, state, sizeof(s));
		for (size_t i = 0; i < 16; i++)
			w[i] = load_be(at + 4 * i);
		for (size_t i = 16; i < 64; i++) {
			const uint32_t a = w[i - 15], b = w[i - 2];

			w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] +
			       (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
		}
		for (size_t i = 0; i < 64; i++) {
			const uint32_t e = s[4], a = s[0];
			const uint32_t t1 = s[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
					    ((e & s[5]) ^ (~e & s[6])) + k[i] + w[i];
			const uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
					    ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

			memmove(s + 1, s, 7 * sizeof(s[0]));
			s[4] += t1;
			s[0] = t1 + t2;
		}
		for (size_t i = 0; i < 8; i++)
			state[i] += s[i];
	}
}

#if defined(__x86_64__)
/* Two rounds of four with the schedule of FIPS 180-4 in vector registers: Intel SHA extensions. */
__attribute__((target("sha,sse4.1"))) static void blocks_sha_ni(uint32_t state[8],
								const unsigned char *at, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)&state[0]);
	__m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)&state[4]);

	dcba = _mm_shuffle_epi32(dcba, 0xb1);
	hgfe = _mm_shuffle_epi32(hgfe, 0x1b);

	__m128i abef = _mm_alignr_epi8(dcba, hgfe, 8);
	__m128i cdgh = _mm_blend_epi16(hgfe, dcba, 0xf0);

	for (; n > 0; n--, at += 64) {
		const __m128i abef0 = abef, cdgh0 = cdgh;
		__m128i w[4];

		for (size_t i = 0; i < 4; i++) {
			const unsigned char *p = at + 16 * i;

			w[i] = _mm_loadu_si128((const __m128i *)(const void *)p);
			w[i] = _mm_shuffle_epi8(w[i], swap);
		}
		for (size_t i = 0; i < 16; i++) {
			__m128i next = w[0];

			if (i >= 4) {
				next = _mm_sha256msg1_epu32(w[0], w[1]);
				next = _mm_add_epi32(next, _mm_alignr_epi8(w[3], w[2], 4));
				next = _mm_sha256msg2_epu32(next, w[3]);
			}

			const uint32_t *ki = &k[4 * i];
			__m128i kw = _mm_loadu_si128((const __m128i *)(const void *)ki);

			kw = _mm_add_epi32(next, kw);
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, kw);
			kw = _mm_shuffle_epi32(kw, 0x0e);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, kw);
			w[0] = w[1];
			w[1] = w[2];
			w[2] = w[3];
			w[3] = next;
		}
		abef = _mm_add_epi32(abef, abef0);
		cdgh = _mm_add_epi32(cdgh, cdgh0);
	}
	dcba = _mm_shuffle_epi32(abef, 0x1b);
	hgfe = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)(void *)&state[0], _mm_blend_epi16(dcba, hgfe, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)&state[4], _mm_alignr_epi8(hgfe, dcba, 8));
}

/* Asked here: __builtin_cpu_supports() asks at every start, and in a VM each question is an exit. */
static bool has_sha_ni(void)
{
	static int known = -1;
	unsigned int a, b, c, d;

	if (known < 0)
		known = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1U << 29) != 0 &&
			__get_cpuid(1, &a, &b, &c, &d) && (c & 1U << 19) != 0; /* SSE 4.1 */
	return known == 1;
}
#endif

static void blocks(uint32_t state[8], const unsigned char *at, size_t n)
{
#if defined(__x86_64__)
	if (has_sha_ni()) {
		blocks_sha_ni(state, at, n);
		return;
	}
#endif
	blocks_plain(state, at, n);
}

void mp_sha256_init(struct mp_sha256 *h)
{
	*h = (struct mp_sha256){ .state = { 0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
					    0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U } };
}

void mp_sha256_add(struct mp_sha256 *h, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	const size_t held = h->total % 64;

	h->total += len;
	if (held > 0) {
		const size_t n = len < 64 - held ? len : 64 - held;

		memcpy(h->block + held, at, n);
		at += n;
		len -= n;
		if (held + n < 64)
			return;
		blocks(h->state, h->block, 1);
	}
	blocks(h->state, at, len / 64);
	if (len % 64 > 0)
		memcpy(h->block, at + len / 64 * 64, len % 64);
}

char *mp_sha256_hex(struct mp_sha256 *h, char hex[MP_SHA256_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	const uint64_t bits = h->total * 8;
	unsigned char end[72] = { 0x80 };
	const size_t held = h->total % 64;
	const size_t pad = (held < 56 ? 56 : 120) - held;

	for (size_t i = 0; i < 8; i++)
		end[pad + i] = (unsigned char)(bits >> (56 - 8 * i));
	mp_sha256_add(h, end, pad + 8);
	for (size_t i = 0; i < 64; i++)
		hex[i] = digits[h->state[i / 8] >> (28 - 4 * (i % 8)) & 0xfU];
	hex[64] = '\0';
	return hex;
}

char *mp_sha256_text(const void *bytes, size_t len, char hex[MP_SHA256_HEX_MAX])
{
	struct mp_sha256 h;

	mp_sha256_init(&h);
	mp_sha256_add(&h, bytes, len);
	return mp_sha256_hex(&h, hex);
}
