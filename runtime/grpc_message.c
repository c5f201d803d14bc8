/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/grpc_message.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64 /* of groups, which only an unknown field can be */

enum wire {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_BYTES = 2,
	WIRE_BEGIN = 3,
	WIRE_END = 4,
	WIRE_32 = 5
};

size_t mp_grpc_request(const char *service, unsigned char *buf, size_t size)
{
	const size_t n = strlen(service);
	unsigned char field[8];
	size_t head = 0, len;

	if (n > 0) {
		field[head++] = 1U << 3 | WIRE_BYTES;
		for (size_t left = n;; left >>= 7) {
			if (head == sizeof(field))
				return 0;
			field[head++] =
				(unsigned char)((left & 0x7fU) | (left > 0x7fU ? 0x80U : 0U));
			if (left <= 0x7fU)
				break;
		}
	}
	len = head + n;
	if (len > UINT32_MAX || size < 5 || size - 5 < len)
		return 0;
	buf[0] = 0;
	for (size_t i = 0; i < 4; i++)
		buf[1 + i] = (unsigned char)(len >> (24 - 8 * i) & 0xffU);
	memcpy(buf + 5, field, head);
	memcpy(buf + 5 + head, service, n);
	return 5 + len;
}

void mp_grpc_reader_feed(struct mp_grpc_reader *r, const unsigned char *bytes, size_t len)
{
	while (len > 0 && !r->is_too_large && !r->is_compressed) {
		if (r->has_message) {
			r->has_more = true;
			return;
		}
		if (r->n_head < sizeof(r->head)) {
			r->head[r->n_head++] = *bytes++;
			len--;
			if (r->n_head < sizeof(r->head))
				continue;
			r->len = (uint32_t)r->head[1] << 24 | (uint32_t)r->head[2] << 16 |
				 (uint32_t)r->head[3] << 8 | r->head[4];
			r->is_compressed = r->head[0] != 0;
			r->is_too_large = r->len > sizeof(r->body);
		} else {
			const size_t left = r->len - r->have;
			const size_t n = len < left ? len : left;

			memcpy(r->body + r->have, bytes, n);
			r->have += n;
			bytes += n;
			len -= n;
		}
		r->has_message = !r->is_too_large && !r->is_compressed && r->have == r->len;
	}
}

/* ---- protobuf ----------------------------------------------------------------------------- */

struct cursor {
	const unsigned char *at, *end;
};

static bool take_varint(struct cursor *c, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 70; shift += 7) {
		if (c->at == c->end)
			return false;

		const unsigned char byte = *c->at++;

		/* The tenth byte holds the one bit that is left. */
		if (shift == 63 && byte > 1)
			return false;
		v |= (uint64_t)(byte & 0x7fU) << shift;
		if (!(byte & 0x80U)) {
			*ret = v;
			return true;
		}
	}
	return false;
}

static bool skip_bytes(struct cursor *c, uint64_t n)
{
	if (n > (uint64_t)(c->end - c->at))
		return false;
	c->at += n;
	return true;
}

static bool take_tag(struct cursor *c, uint64_t *ret_field, unsigned int *ret_wire)
{
	uint64_t tag;

	if (!take_varint(c, &tag))
		return false;
	*ret_field = tag >> 3;
	*ret_wire = (unsigned int)(tag & 7U);
	return *ret_field >= 1 && *ret_field <= 0x1fffffff;
}

static bool skip_scalar(struct cursor *c, unsigned int wire)
{
	uint64_t v;

	switch (wire) {
	case WIRE_VARINT:
		return take_varint(c, &v);
	case WIRE_64:
		return skip_bytes(c, 8);
	case WIRE_BYTES:
		return take_varint(c, &v) && skip_bytes(c, v);
	case WIRE_32:
		return skip_bytes(c, 4);
	default:
		return false;
	}
}

/* A group ends with the tag of its own number, groups within it before. */
static bool skip_group(struct cursor *c, uint64_t field)
{
	uint64_t open[DEPTH_MAX];
	size_t depth = 0;

	open[depth++] = field;
	while (depth > 0) {
		unsigned int wire;

		if (!take_tag(c, &field, &wire))
			return false;
		if (wire == WIRE_BEGIN) {
			if (depth == DEPTH_MAX)
				return false;
			open[depth++] = field;
		} else if (wire == WIRE_END) {
			if (open[--depth] != field)
				return false;
		} else if (!skip_scalar(c, wire)) {
			return false;
		}
	}
	return true;
}

bool mp_grpc_decode(const unsigned char *bytes, size_t len, int32_t *ret_status)
{
	struct cursor c = { bytes, bytes + len };
	int32_t status = 0;

	while (c.at < c.end) {
		uint64_t field, v;
		unsigned int wire;

		if (!take_tag(&c, &field, &wire))
			return false;
		if (field == 1 && wire == WIRE_VARINT) {
			if (!take_varint(&c, &v))
				return false;
			status = (int32_t)(uint32_t)v;
		} else if (wire == WIRE_BEGIN ? !skip_group(&c, field) : !skip_scalar(&c, wire)) {
			return false;
		}
	}
	*ret_status = status;
	return true;
}

/* ---- words -------------------------------------------------------------------------------- */

const char *mp_grpc_serving_text(int32_t status, char buf[16])
{
	static const char *const names[] = { "UNKNOWN", "SERVING", "NOT_SERVING",
					     "SERVICE_UNKNOWN" };

	if (status >= 0 && status < (int32_t)(sizeof(names) / sizeof(names[0])))
		return names[status];
	(void)snprintf(buf, 16, "%d", status);
	return buf;
}

const char *mp_grpc_code_text(int code, char buf[24])
{
	static const char *const names[] = {
		"OK",
		"Canceled",
		"Unknown",
		"InvalidArgument",
		"DeadlineExceeded",
		"NotFound",
		"AlreadyExists",
		"PermissionDenied",
		"ResourceExhausted",
		"FailedPrecondition",
		"Aborted",
		"OutOfRange",
		"Unimplemented",
		"Internal",
		"Unavailable",
		"DataLoss",
		"Unauthenticated",
	};

	if (code >= 0 && code < (int)(sizeof(names) / sizeof(names[0])))
		return names[code];
	(void)snprintf(buf, 24, "Code(%d)", code);
	return buf;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void mp_grpc_message_text(const char *text, size_t len, struct mp_buf *out)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%' && i + 2 < len && hex_value(text[i + 1]) >= 0 &&
		    hex_value(text[i + 2]) >= 0) {
			c = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
			i += 2;
		}
		if (c != '\0')
			mp_buf_add(out, &c, 1);
	}
}
