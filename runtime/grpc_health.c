/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/grpc_health.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/str.h"
#include "runtime/grpc_message.h"

#define HEADER_BYTES_MAX ((size_t)65536)
#define SERVICE_MAX      ((size_t)65536)
#define OUTBOUND_ACK_MAX ((size_t)64) /* answers to pings that the server does not take */

#define CODE_CANCELED          1
#define CODE_UNKNOWN           2
#define CODE_PERMISSION_DENIED 7
#define CODE_EXHAUSTED         8
#define CODE_INTERNAL          13
#define CODE_UNAVAILABLE       14
#define CODE_UNAUTHENTICATED   16

struct mp_grpc_call {
	nghttp2_session *session; /* owned */
	enum mp_grpc_state state;
	struct mp_grpc_result result;
	int32_t stream;
	char authority[300];
	char agent[64];
	char timeout[24];
	unsigned char *request; /* owned */
	size_t request_len, request_sent;
	const uint8_t *out; /* borrowed from the session until its next mem_send */
	size_t out_len;
	size_t header_bytes;
	int http_status;
	bool has_head, has_type, is_grpc, has_status;
	char type_text[128];
	char encoding_text[64];
	int status;
	char status_text[24];
	char message[sizeof(((struct mp_grpc_result *)0)->message)];
	struct mp_grpc_reader answer;
};

static void finish(struct mp_grpc_call *call, int code, const char *message)
{
	if (call->state == MP_GRPC_DONE)
		return;
	call->state = MP_GRPC_DONE;
	call->result.code = code;
	(void)snprintf(call->result.message, sizeof(call->result.message), "%s", message);
}

/* ---- what an answer means ----------------------------------------------------------------- */

static const char *http_status_text(int status)
{
	static const struct {
		int status;
		const char *text;
	} texts[] = {
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].status == status)
			return texts[i].text;
	return "";
}

static int code_of_http_status(int status)
{
	switch (status) {
	case 400:
		return CODE_INTERNAL;
	case 401:
		return CODE_UNAUTHENTICATED;
	case 403:
		return CODE_PERMISSION_DENIED;
	case 404:
		return MP_GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return CODE_UNAVAILABLE;
	default:
		return CODE_UNKNOWN;
	}
}

static int code_of_reset(uint32_t error_code)
{
	switch (error_code) {
	case NGHTTP2_FLOW_CONTROL_ERROR:
	case NGHTTP2_ENHANCE_YOUR_CALM:
		return CODE_EXHAUSTED;
	case NGHTTP2_REFUSED_STREAM:
		return CODE_UNAVAILABLE;
	case NGHTTP2_CANCEL:
		return CODE_CANCELED;
	case NGHTTP2_INADEQUATE_SECURITY:
		return CODE_PERMISSION_DENIED;
	default:
		return error_code <= NGHTTP2_HTTP_1_1_REQUIRED ? CODE_INTERNAL : CODE_UNKNOWN;
	}
}

/* The first headers: they must be those of a gRPC answer. */
static void judge_head(struct mp_grpc_call *call)
{
	char text[512] = "";
	struct mp_buf out = MP_BUF(text);

	call->has_head = true;
	if (call->http_status == 200 && call->is_grpc)
		return;
	if (call->http_status != 200)
		mp_buf_addf(&out, "unexpected HTTP status code received from server: %d (%s)",
			    call->http_status, http_status_text(call->http_status));
	if (!call->is_grpc && out.len > 0)
		mp_buf_adds(&out, "; ");
	if (!call->is_grpc && call->has_type) {
		mp_buf_adds(&out, "transport: received unexpected content-type ");
		mp_buf_addq(&out, call->type_text, strlen(call->type_text));
	} else if (!call->is_grpc) {
		mp_buf_adds(&out, "malformed header: missing HTTP content-type");
	}
	finish(call, code_of_http_status(call->http_status), text);
}

static void judge_message(struct mp_grpc_call *call)
{
	char text[256] = "";
	struct mp_buf out = MP_BUF(text);
	const struct mp_grpc_reader *a = &call->answer;

	if (a->is_compressed) {
		const char *encoding = call->encoding_text;

		if (!encoding[0] || strcmp(encoding, "identity") == 0) {
			finish(call, CODE_INTERNAL,
			       "grpc: compressed flag set with identity or empty encoding");
			return;
		}
		mp_buf_adds(&out, "grpc: Decompressor is not installed for grpc-encoding ");
		mp_buf_addq(&out, encoding, strlen(encoding));
		finish(call, MP_GRPC_UNIMPLEMENTED, text);
	} else if (a->is_too_large) {
		mp_buf_addf(&out, "grpc: received message larger than max (%u vs. %d)", a->len,
			    MP_GRPC_MESSAGE_MAX);
		finish(call, CODE_EXHAUSTED, text);
	} else if (!a->has_message) {
		finish(call, CODE_INTERNAL,
		       a->n_head > 0 ? "unexpected EOF" :
				       "cardinality violation: received no response message from "
				       "non-server-streaming RPC");
	} else if (a->has_more) {
		finish(call, CODE_INTERNAL,
		       "cardinality violation: expected <EOF> for non server-streaming RPCs, but "
		       "received another message");
	} else if (!mp_grpc_decode(a->body, a->len, &call->result.serving)) {
		finish(call, CODE_INTERNAL,
		       "grpc: failed to unmarshal the received message: proto: cannot parse "
		       "invalid wire-format data");
	} else {
		finish(call, MP_GRPC_OK, "");
	}
}

static void judge_end(struct mp_grpc_call *call, uint32_t error_code)
{
	char text[256];

	if (call->has_status && call->status != MP_GRPC_OK) {
		finish(call, call->status, call->message);
	} else if (call->has_status && call->status_text[0]) {
		struct mp_buf out = MP_BUF(text);

		text[0] = '\0';
		mp_buf_adds(&out, "transport: malformed grpc-status: strconv.ParseInt: parsing ");
		mp_buf_addq(&out, call->status_text, strlen(call->status_text));
		mp_buf_adds(&out, ": invalid syntax");
		finish(call, CODE_UNKNOWN, text);
	} else if (error_code != NGHTTP2_NO_ERROR) {
		(void)snprintf(text, sizeof(text),
			       "stream terminated by RST_STREAM with error code: %s",
			       nghttp2_http2_strerror(error_code));
		finish(call, code_of_reset(error_code), text);
	} else if (call->has_status || call->answer.is_compressed || call->answer.is_too_large) {
		judge_message(call);
	} else {
		finish(call, CODE_INTERNAL, "server closed the stream without sending trailers");
	}
}

/* ---- nghttp2's callbacks ------------------------------------------------------------------ */

static bool is_name(const uint8_t *name, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(name, wanted, len) == 0;
}

static void keep(char *buf, size_t size, const uint8_t *value, size_t len)
{
	struct mp_buf out = { .text = buf, .size = size };

	buf[0] = '\0';
	mp_buf_add(&out, (const char *)value, len);
}

/* -1: no number. */
static int take_number(const uint8_t *value, size_t len)
{
	int n = 0;

	if (len == 0 || len > 9)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9')
			return -1;
		n = n * 10 + (value[i] - '0');
	}
	return n;
}

static void take_status(struct mp_grpc_call *call, const uint8_t *value, size_t len)
{
	const int code = take_number(value, len);

	call->has_status = true;
	call->status = code < 0 ? MP_GRPC_OK : code;
	call->status_text[0] = '\0';
	if (code < 0)
		keep(call->status_text, sizeof(call->status_text), value, len);
	if (code < 0 && !call->status_text[0])
		(void)snprintf(call->status_text, sizeof(call->status_text), " ");
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t len, uint8_t flags, void *ctx)
{
	static const char grpc_type[] = "application/grpc";
	struct mp_grpc_call *call = ctx;

	(void)session;
	(void)flags;
	if (frame->hd.stream_id != call->stream)
		return 0;
	call->header_bytes += name_len + len;
	if (call->header_bytes > HEADER_BYTES_MAX)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (is_name(name, name_len, ":status")) {
		call->http_status = take_number(value, len);
	} else if (is_name(name, name_len, "content-type") && !call->has_head) {
		const size_t n = sizeof(grpc_type) - 1;

		call->has_type = true;
		keep(call->type_text, sizeof(call->type_text), value, len);
		call->is_grpc = len >= n && memcmp(value, grpc_type, n) == 0 &&
				(len == n || value[n] == '+' || value[n] == ';');
	} else if (is_name(name, name_len, "grpc-encoding")) {
		keep(call->encoding_text, sizeof(call->encoding_text), value, len);
	} else if (is_name(name, name_len, "grpc-status")) {
		take_status(call, value, len);
	} else if (is_name(name, name_len, "grpc-message")) {
		struct mp_buf out = MP_BUF(call->message);

		call->message[0] = '\0';
		mp_grpc_message_text((const char *)value, len, &out);
	}
	return 0;
}

static nghttp2_nv header(const char *name, const char *value)
{
	union {
		const char *text;
		uint8_t *bytes; /* nghttp2 copies it and does not write to it */
	} n = { name }, v = { value };

	return (nghttp2_nv){ .name = n.bytes,
			     .value = v.bytes,
			     .namelen = strlen(name),
			     .valuelen = strlen(value) };
}

static ssize_t read_request(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t size,
			    uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct mp_grpc_call *call = ctx;
	const size_t left = call->request_len - call->request_sent;
	const size_t n = left < size ? left : size;

	(void)session;
	(void)stream;
	(void)source;
	memcpy(buf, call->request + call->request_sent, n);
	call->request_sent += n;
	if (call->request_sent == call->request_len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static void submit(struct mp_grpc_call *call)
{
	const nghttp2_nv headers[] = {
		header(":method", "POST"),
		header(":scheme", "http"),
		header(":path", "/grpc.health.v1.Health/Check"),
		header(":authority", call->authority),
		header("content-type", "application/grpc"),
		header("user-agent", call->agent),
		header("te", "trailers"),
		header("grpc-timeout", call->timeout),
	};
	const size_t n = sizeof(headers) / sizeof(headers[0]) - (call->timeout[0] ? 0 : 1);
	const nghttp2_data_provider body = { .read_callback = read_request };

	call->stream = nghttp2_submit_request(call->session, NULL, headers, n, &body, NULL);
	if (call->stream < 0)
		finish(call, CODE_INTERNAL, nghttp2_strerror(call->stream));
	else
		call->state = MP_GRPC_CALLING;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct mp_grpc_call *call = ctx;

	(void)session;
	if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK) &&
	    call->state == MP_GRPC_WAITING)
		submit(call);
	if (frame->hd.type == NGHTTP2_HEADERS && call->stream > 0 &&
	    frame->hd.stream_id == call->stream) {
		const bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

		if (!call->has_head && (call->http_status < 100 || call->http_status >= 200))
			judge_head(call);
		/* Headers may end an answer without a status: Unknown, and nothing to say. */
		if (is_last && !call->has_status)
			finish(call, CODE_UNKNOWN, "");
	}
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
		   size_t len, void *ctx)
{
	struct mp_grpc_call *call = ctx;

	(void)session;
	(void)flags;
	if (stream != call->stream)
		return 0;
	mp_grpc_reader_feed(&call->answer, bytes, len);
	/* The trailers would come after data that is of no use. */
	if (call->answer.is_too_large || call->answer.is_compressed)
		judge_message(call);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error_code, void *ctx)
{
	struct mp_grpc_call *call = ctx;

	(void)session;
	if (stream == call->stream && call->state == MP_GRPC_CALLING)
		judge_end(call, error_code);
	return 0;
}

/* ---- the call ----------------------------------------------------------------------------- */

static int make_session(struct mp_grpc_call *call)
{
	const nghttp2_settings_entry settings[] = { { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 } };
	nghttp2_session_callbacks *callbacks;
	nghttp2_option *option;
	int r = nghttp2_session_callbacks_new(&callbacks);

	if (r != 0)
		return r;
	r = nghttp2_option_new(&option);
	if (r != 0) {
		nghttp2_session_callbacks_del(callbacks);
		return r;
	}
	nghttp2_option_set_max_outbound_ack(option, OUTBOUND_ACK_MAX);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	r = nghttp2_session_client_new2(&call->session, callbacks, call, option);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	if (r != 0)
		return r;
	return nghttp2_submit_settings(call->session, NGHTTP2_FLAG_NONE, settings, 1);
}

int mp_grpc_call_new(const char *authority, const char *agent, const char *service,
		     struct mp_grpc_call **ret, struct mp_error *err)
{
	const size_t size = strlen(service) + 16;
	struct mp_grpc_call *call;

	if (strlen(service) > SERVICE_MAX)
		return mp_fail_text(err, EMSGSIZE, "service name is longer than %zu bytes",
				    SERVICE_MAX);
	call = calloc(1, sizeof(*call));
	if (!call)
		return mp_fail(err, ENOMEM, "gRPC call");
	(void)snprintf(call->authority, sizeof(call->authority), "%s", authority);
	(void)snprintf(call->agent, sizeof(call->agent), "%s", agent);
	call->request = malloc(size);
	if (call->request)
		call->request_len = mp_grpc_request(service, call->request, size);
	if (call->request_len == 0 || make_session(call) != 0) {
		mp_grpc_call_free(call);
		return mp_fail(err, ENOMEM, "gRPC call");
	}
	*ret = call;
	return 0;
}

void mp_grpc_call_free(struct mp_grpc_call *call)
{
	if (!call)
		return;
	nghttp2_session_del(call->session);
	free(call->request);
	free(call);
}

/* Nothing can come of a session that wants neither to hear nor to speak. */
static void check_alive(struct mp_grpc_call *call)
{
	if (nghttp2_session_want_read(call->session) || nghttp2_session_want_write(call->session))
		return;
	if (call->state == MP_GRPC_WAITING)
		call->state = MP_GRPC_NOT_HTTP2;
	else
		finish(call, CODE_UNAVAILABLE, "the connection is draining");
}

void mp_grpc_call_feed(struct mp_grpc_call *call, const char *bytes, size_t len, mp_nsec timeout)
{
	ssize_t n;

	if (call->state == MP_GRPC_WAITING && timeout != MP_NSEC_NEVER)
		(void)snprintf(call->timeout, sizeof(call->timeout), "%lldu",
			       (long long)(timeout > 1000 ? timeout / 1000 % 100000000 : 1));
	n = nghttp2_session_mem_recv(call->session, (const uint8_t *)bytes, len);
	if (n < 0 && call->state == MP_GRPC_WAITING) {
		call->state = MP_GRPC_NOT_HTTP2;
	} else if (n < 0) {
		char text[256];

		(void)snprintf(text, sizeof(text), "connection error: desc = \"%s\"",
			       nghttp2_strerror((int)n));
		finish(call, CODE_UNAVAILABLE, text);
	} else {
		check_alive(call);
	}
}

size_t mp_grpc_call_pull(struct mp_grpc_call *call, char *buf, size_t size)
{
	size_t n;

	if (call->out_len == 0) {
		const ssize_t r = nghttp2_session_mem_send(call->session, &call->out);

		call->out_len = r > 0 ? (size_t)r : 0;
		if (r <= 0)
			check_alive(call);
	}
	n = call->out_len < size ? call->out_len : size;
	if (n == 0)
		return 0;
	memcpy(buf, call->out, n);
	call->out += n;
	call->out_len -= n;
	return n;
}

void mp_grpc_call_end(struct mp_grpc_call *call, const char *text)
{
	char message[512];

	if (call->state == MP_GRPC_WAITING) {
		call->state = MP_GRPC_NOT_HTTP2;
		return;
	}
	(void)snprintf(message, sizeof(message), "error reading from server: %s", text);
	finish(call, CODE_UNAVAILABLE, message);
}

enum mp_grpc_state mp_grpc_call_state(const struct mp_grpc_call *call)
{
	return call->state;
}

const struct mp_grpc_result *mp_grpc_call_result(const struct mp_grpc_call *call)
{
	return &call->result;
}
