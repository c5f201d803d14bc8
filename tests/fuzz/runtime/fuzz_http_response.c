/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Input: a byte that says how the answer comes in pieces, and the answer. In pieces it must mean
 * what it means whole. Its Location is followed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void follow(const struct mp_http_answer *a)
{
	static const struct mp_http_url base = { .host = "10.0.0.5", .port = 80, .path = "/a/b?c" };
	static const struct mp_http_header header = { "Host", "h" };
	static struct mp_http_location to;
	static char text[32768];
	struct mp_buf out = MP_BUF(text);
	struct mp_http_url again = base;

	text[0] = '\0';
	if (!mp_http_url_resolve(&base, a->location, &to, &out)) {
		if (out.len == 0)
			abort();
		return;
	}
	if (strcmp(to.scheme, "http") != 0 && strcmp(to.scheme, "https") != 0)
		return;
	if (to.url.path[0] != '/' && to.url.host[0])
		abort();
	if (to.url.port < 1 || to.url.port > 65535 || strpbrk(to.url.path, " \r\n"))
		abort();
	mp_http_request_write(
		&(struct mp_http_request){
			.url = &to.url, .headers = &header, .n_headers = 1, .agent = "a" },
		&out);
	if (!strstr(text, "\r\n\r\n"))
		abort();
	(void)mp_http_url_set_path(&again, a->location);
	if (again.path[0] != '/' || strpbrk(again.path, " \r\n"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mp_http_answer whole, parts;
	const size_t step = size > 0 ? (size_t)data[0] + 1 : 1;
	const char *text = (const char *)data + (size > 0);
	const size_t len = size > 0 ? size - 1 : 0;

	memset(&whole, 0, sizeof(whole));
	memset(&parts, 0, sizeof(parts));
	mp_http_feed(&whole, text, len);
	for (size_t at = 0; at < len; at += step)
		mp_http_feed(&parts, text + at, len - at < step ? len - at : step);
	mp_http_eof(&whole);
	mp_http_eof(&parts);
	if (whole.state != parts.state || whole.status != parts.status ||
	    whole.body_len != parts.body_len || strcmp(whole.broken, parts.broken) != 0 ||
	    memcmp(whole.body, parts.body, whole.body_len) != 0)
		abort();
	if (whole.state != MP_HTTP_DONE && whole.state != MP_HTTP_BROKEN)
		abort();
	if ((whole.state == MP_HTTP_BROKEN) != (whole.broken[0] != '\0'))
		abort();
	if (mp_http_is_redirect(&whole))
		follow(&whole);
	return 0;
}
