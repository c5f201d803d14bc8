/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/str.h"

#define TEXT_MAX 4000

static enum mp_log_level shown = MP_LOG_NOTE;

void mp_log_set_level(enum mp_log_level level)
{
	shown = level;
}

bool mp_log_shows(enum mp_log_level level)
{
	return level <= shown;
}

static const char *prefix(enum mp_log_level level)
{
	switch (level) {
	case MP_LOG_ERROR:
		return "minipod: error: ";
	case MP_LOG_WARNING:
		return "minipod: warning: ";
	case MP_LOG_NOTE:
	case MP_LOG_INFO:
		return "minipod: ";
	case MP_LOG_DEBUG:
		return "minipod: debug: ";
	}
	return "minipod: ";
}

void mp_log(enum mp_log_level level, const char *fmt, ...)
{
	if (!mp_log_shows(level))
		return;

	const int saved = errno;
	char text[TEXT_MAX];
	char line[TEXT_MAX * 4 + 64]; /* every byte may become four */
	struct mp_buf out = MP_BUF(line);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mp_buf_adds(&out, prefix(level));
	for (const char *p = text; *p; p++) {
		const unsigned char c = (unsigned char)*p;

		/* The C1 controls, UTF-8 c2 80 to c2 9f, drive terminals too. */
		if (c == 0xc2U && (unsigned char)p[1] >= 0x80U && (unsigned char)p[1] < 0xa0U)
			mp_buf_addf(&out, "\\x%02x", (unsigned char)*++p);
		else if (c < 0x20U || c == 0x7fU)
			mp_buf_addf(&out, "\\x%02x", c);
		else
			mp_buf_add(&out, p, 1);
	}
	mp_buf_add(&out, "\n", 1);
	/* One write, so that lines of several processes do not mix. A closed stderr is no error. */
	(void)!write(STDERR_FILENO, out.text, out.len);
	errno = saved;
}
