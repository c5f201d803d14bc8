/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a health check: our request, and any answer at all. */
#include "runtime/grpc_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_request_names_the_service(void **unused)
{
	static const unsigned char all[] = { 0, 0, 0, 0, 0 };
	static const unsigned char one[] = { 0, 0, 0, 0, 5, 0x0a, 3, 'a', '.', 'B' };
	char name[301];
	unsigned char buf[512];

	(void)unused;
	assert_int_equal(mp_grpc_request("", buf, sizeof(buf)), sizeof(all));
	assert_memory_equal(buf, all, sizeof(all));
	assert_int_equal(mp_grpc_request("a.B", buf, sizeof(buf)), sizeof(one));
	assert_memory_equal(buf, one, sizeof(one));
	memset(name, 's', sizeof(name) - 1);
	name[300] = '\0';
	assert_int_equal(mp_grpc_request(name, buf, sizeof(buf)), 5 + 3 + 300);
	assert_int_equal(buf[3], 303 / 256);
	assert_int_equal(buf[4], 303 % 256);
	assert_int_equal(buf[6], 0xac); /* 300 as a varint */
	assert_int_equal(buf[7], 0x02);
	assert_int_equal(mp_grpc_request(name, buf, 307), 0);
	assert_int_equal(mp_grpc_request(name, buf, 308), 308);
	assert_int_equal(mp_grpc_request("", buf, 4), 0);
}

static void answers_come_in_any_pieces(void **unused)
{
	static const unsigned char bytes[] = { 0, 0, 0, 0, 2, 8, 1, 0 };
	static struct mp_grpc_reader r;

	(void)unused;
	for (size_t first = 0; first <= 7; first++) {
		memset(&r, 0, sizeof(r));
		mp_grpc_reader_feed(&r, bytes, first);
		assert_int_equal(r.has_message, first == 7);
		mp_grpc_reader_feed(&r, bytes + first, 7 - first);
		assert_true(r.has_message);
		assert_false(r.has_more);
		assert_int_equal(r.len, 2);
		assert_memory_equal(r.body, bytes + 5, 2);
	}
	mp_grpc_reader_feed(&r, bytes + 7, 1);
	assert_true(r.has_more);
	/* No bytes are a message too. */
	memset(&r, 0, sizeof(r));
	mp_grpc_reader_feed(&r, (const unsigned char[]){ 0, 0, 0, 0, 0 }, 5);
	assert_true(r.has_message);
}

static void answers_too_large_or_packed_are_not_kept(void **unused)
{
	static struct mp_grpc_reader r;

	(void)unused;
	memset(&r, 0, sizeof(r));
	mp_grpc_reader_feed(&r, (const unsigned char[]){ 0, 0xff, 0xff, 0xff, 0xff, 1 }, 6);
	assert_true(r.is_too_large);
	assert_false(r.has_message);
	assert_int_equal(r.have, 0);
	memset(&r, 0, sizeof(r));
	mp_grpc_reader_feed(&r, (const unsigned char[]){ 0, 0, 0, 0x40, 0 }, 5);
	assert_false(r.is_too_large);
	memset(&r, 0, sizeof(r));
	mp_grpc_reader_feed(&r, (const unsigned char[]){ 0, 0, 0, 0x40, 1 }, 5);
	assert_true(r.is_too_large);
	memset(&r, 0, sizeof(r));
	mp_grpc_reader_feed(&r, (const unsigned char[]){ 1, 0, 0, 0, 0 }, 5);
	assert_true(r.is_compressed);
	assert_false(r.has_message);
}

#define BYTES(...) \
	(const unsigned char[]){ __VA_ARGS__ }, sizeof((const unsigned char[]){ __VA_ARGS__ })

static void any_valid_protobuf_has_a_status(void **unused)
{
	const struct {
		const unsigned char *bytes;
		size_t len;
		int32_t status;
	} rows[] = {
		{ BYTES(8, 1), 1 },
		{ BYTES(8, 2, 8, 1), 1 },                         /* the last one counts */
		{ BYTES(8, 0x83, 0x80, 0), 3 },                   /* longer than need be */
		{ BYTES(16, 5, 8, 1), 1 },                        /* an unknown varint */
		{ BYTES(0x1a, 2, 8, 2, 8, 1), 1 },                /* unknown bytes */
		{ BYTES(0x21, 1, 2, 3, 4, 5, 6, 7, 8, 8, 1), 1 }, /* 64 bits */
		{ BYTES(0x25, 1, 2, 3, 4, 8, 1), 1 },             /* 32 bits */
		{ BYTES(0x23, 0x2b, 8, 7, 0x2c, 0x24, 8, 1), 1 }, /* groups */
		{ BYTES(0x0a, 1, 2), 0 },                         /* the field, but not a number */
		{ BYTES(8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), -1 },
	};
	int32_t status = 7;

	(void)unused;
	assert_true(mp_grpc_decode((const unsigned char *)"", 0, &status));
	assert_int_equal(status, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_true(mp_grpc_decode(rows[i].bytes, rows[i].len, &status));
		assert_int_equal(status, rows[i].status);
	}
}

static void anything_else_is_refused(void **unused)
{
	const struct {
		const unsigned char *bytes;
		size_t len;
	} rows[] = {
		{ BYTES(8) },          /* no value */
		{ BYTES(8, 0x80) },    /* no end of it */
		{ BYTES(0, 1) },       /* field 0 */
		{ BYTES(0x0e, 1) },    /* wire type 6 */
		{ BYTES(0x0c) },       /* an end without a beginning */
		{ BYTES(0x23, 0x2c) }, /* another one's end */
		{ BYTES(0x23, 8, 1) }, /* no end */
		{ BYTES(0x0a, 5, 1) }, /* fewer bytes than said */
		{ BYTES(0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1) },
		{ BYTES(0x21, 1, 2) },
		{ BYTES(0x25, 1, 2) },
		{ BYTES(8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2) }, /* 65 bits */
	};
	unsigned char deep[200];
	int32_t status;

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_false(mp_grpc_decode(rows[i].bytes, rows[i].len, &status));
	memset(deep, 0x23, 100);
	memset(deep + 100, 0x24, 100);
	assert_false(mp_grpc_decode(deep, 200, &status));
	assert_true(mp_grpc_decode(deep + 40, 120, &status));
}

static void words_are_those_of_grpc_go(void **unused)
{
	char buf[24], text[64] = "";
	struct mp_buf out = MP_BUF(text);

	(void)unused;
	assert_string_equal(mp_grpc_serving_text(0, buf), "UNKNOWN");
	assert_string_equal(mp_grpc_serving_text(1, buf), "SERVING");
	assert_string_equal(mp_grpc_serving_text(2, buf), "NOT_SERVING");
	assert_string_equal(mp_grpc_serving_text(3, buf), "SERVICE_UNKNOWN");
	assert_string_equal(mp_grpc_serving_text(4, buf), "4");
	assert_string_equal(mp_grpc_serving_text(-1, buf), "-1");
	assert_string_equal(mp_grpc_code_text(0, buf), "OK");
	assert_string_equal(mp_grpc_code_text(4, buf), "DeadlineExceeded");
	assert_string_equal(mp_grpc_code_text(5, buf), "NotFound");
	assert_string_equal(mp_grpc_code_text(12, buf), "Unimplemented");
	assert_string_equal(mp_grpc_code_text(14, buf), "Unavailable");
	assert_string_equal(mp_grpc_code_text(16, buf), "Unauthenticated");
	assert_string_equal(mp_grpc_code_text(17, buf), "Code(17)");
	mp_grpc_message_text("a%20b%C3%A9%zz%4%00%", 20, &out);
	assert_string_equal(text, "a b\xc3\xa9%zz%4%");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_names_the_service),
		cmocka_unit_test(answers_come_in_any_pieces),
		cmocka_unit_test(answers_too_large_or_packed_are_not_kept),
		cmocka_unit_test(any_valid_protobuf_has_a_status),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(words_are_those_of_grpc_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
