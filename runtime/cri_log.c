/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cri_log.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/clock.h"

/* A finished line: a carriage return before the newline belongs to the line end. */
static void emit_full(struct mp_cri_splitter *s, mp_cri_sink sink, void *ctx)
{
	if (s->len > 0 && s->line[s->len - 1] == '\r')
		s->len--;
	sink(ctx, false, s->line, s->len);
	s->len = 0;
}

void mp_cri_feed(struct mp_cri_splitter *s, const char *bytes, size_t len, mp_cri_sink sink,
		 void *ctx)
{
	while (len > 0) {
		/* A full buffer is only a partial line once another byte of it is there. */
		if (s->len == MP_CRI_LINE_MAX && *bytes != '\n') {
			sink(ctx, true, s->line, s->len);
			s->len = 0;
		}

		size_t room = MP_CRI_LINE_MAX - s->len;
		const char *end = memchr(bytes, '\n', len < room + 1 ? len : room + 1);
		size_t n = end ? (size_t)(end - bytes) : len < room ? len : room;

		memcpy(s->line + s->len, bytes, n);
		s->len += n;
		bytes += n;
		len -= n;
		if (end) {
			emit_full(s, sink, ctx);
			bytes++;
			len--;
		}
	}
}

void mp_cri_finish(struct mp_cri_splitter *s, mp_cri_sink sink, void *ctx)
{
	if (s->len == 0)
		return;
	sink(ctx, true, s->line, s->len);
	s->len = 0;
}

size_t mp_cri_header(char buf[MP_CRI_HEADER_MAX], int64_t wall, enum mp_cri_stream stream,
		     bool is_partial)
{
	char when[MP_TIME_TEXT_MAX];
	int n = snprintf(buf, MP_CRI_HEADER_MAX, "%s %s %c ", mp_time_rfc3339_nano(wall, when),
			 stream == MP_CRI_STDOUT ? "stdout" : "stderr", is_partial ? 'P' : 'F');

	return n > 0 ? (size_t)n : 0;
}

bool mp_cri_parse(const char *line, size_t len, struct mp_cri_entry *ret)
{
	const char *end = line + len;
	const char *a = memchr(line, ' ', len);
	const char *b = a ? memchr(a + 1, ' ', (size_t)(end - a - 1)) : NULL;
	const char *c = b ? memchr(b + 1, ' ', (size_t)(end - b - 1)) : NULL;

	if (!c || a == line || b - a != 7 || c == b + 1)
		return false;
	if (memcmp(a + 1, "stdout", 6) == 0)
		ret->stream = MP_CRI_STDOUT;
	else if (memcmp(a + 1, "stderr", 6) == 0)
		ret->stream = MP_CRI_STDERR;
	else
		return false;
	/* Further tags may follow the first, separated by colons; only the first counts. */
	if ((b[1] != 'P' && b[1] != 'F') || (c != b + 2 && b[2] != ':'))
		return false;
	ret->is_partial = b[1] == 'P';
	ret->time = line;
	ret->time_len = (size_t)(a - line);
	ret->text = c + 1;
	ret->len = (size_t)(end - c - 1);
	return true;
}
