/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"

#include <stdio.h>
#include <string.h>

#undef mp_fail
#undef mp_fail_text

/* Marks a text that was cut at the end of the record, without leaving half a UTF-8 sequence. */
static void mark_cut(char *msg)
{
	size_t at = MP_ERROR_MSG_MAX - 4;

	while (at > 0 && ((unsigned char)msg[at] & 0xc0U) == 0x80U)
		at--;
	memcpy(msg + at, "...", 4);
}

static int set_text(struct mp_error *err, int code, bool with_errno, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));

static int set_text(struct mp_error *err, int code, bool with_errno, const char *fmt, va_list ap)
{
	if (!err)
		return -code;

	char text[MP_ERROR_MSG_MAX];
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	int total;

	err->code = code;
	if (with_errno) {
		const char *why = strerrordesc_np(code);

		total = snprintf(err->msg, sizeof(err->msg), "%s: %s", text,
				 why ? why : "Unknown error");
	} else {
		total = snprintf(err->msg, sizeof(err->msg), "%s", text);
	}
	if (n >= (int)sizeof(text) || total >= (int)sizeof(err->msg))
		mark_cut(err->msg);
	return -code;
}

int mp_fail(struct mp_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = set_text(err, code, true, fmt, ap);
	va_end(ap);
	return r;
}

int mp_fail_text(struct mp_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int r = set_text(err, code, false, fmt, ap);
	va_end(ap);
	return r;
}

int mp_wrap(struct mp_error *err, int r, const char *fmt, ...)
{
	if (!err)
		return r;

	char inner[MP_ERROR_MSG_MAX];
	char prefix[MP_ERROR_MSG_MAX];
	va_list ap;

	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	if (err->code == 0)
		err->code = -r;
	if (snprintf(err->msg, sizeof(err->msg), "%s: %s", prefix, inner) >= (int)sizeof(err->msg))
		mark_cut(err->msg);
	return r;
}
