/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Talk on stderr, one write(2) per line, for runtime/ only: the folders below return errors
 * instead. Control characters in the text are shown as \xNN, so that nothing a manifest or a
 * container says can drive a terminal.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum mp_log_level {
	MP_LOG_ERROR,   /* "minipod: error: …" */
	MP_LOG_WARNING, /* "minipod: warning: …" */
	MP_LOG_NOTE,    /* "minipod: …"; shown unless -q */
	MP_LOG_INFO,    /* -v */
	MP_LOG_DEBUG,   /* -vv */
};

/** mp_log_set_level() - show messages up to @level; MP_LOG_NOTE at the start. */
void mp_log_set_level(enum mp_log_level level);

/** mp_log_shows() - whether a message of @level would be written; to spare costly arguments. */
bool mp_log_shows(enum mp_log_level level);

/** mp_log() - one line; a text over 4000 bytes is cut. errno is preserved. Never fails. */
void mp_log(enum mp_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
