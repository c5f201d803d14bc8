/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand next on a command line, read from the one option table: the shells' completion
 * functions ask the hidden verb __complete, which asks this. Names of pods come from the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "runtime/options.h"

enum mp_complete_kind { MP_COMPLETE_POD, MP_COMPLETE_CONTAINER, MP_COMPLETE_NAMESPACE };

/** struct mp_complete_ask - one question to the caller. */
struct mp_complete_ask {
	enum mp_complete_kind kind;
	const char *namespace_; /* of -n; NULL: not given */
	const char *pod;        /* whose containers; NULL: no pod was named */
};

/** struct mp_complete_out - where the candidates go: one a line, "<word>\t<what it is>". */
struct mp_complete_out {
	FILE *out;          /* borrowed */
	const char *prefix; /* what is typed already; only what begins with it is printed */
};

/** mp_complete_say() - offer @word; @what is one line or "". For mp_complete_names. */
void mp_complete_say(struct mp_complete_out *out, const char *word, const char *what);

/** mp_complete_names - answers @ask by mp_complete_say(); NULL: no names are known. */
typedef void (*mp_complete_names)(void *ctx, const struct mp_complete_ask *ask,
				  struct mp_complete_out *out);

/**
 * mp_complete() - print what the last of @words may become.
 * @words: what follows "minipod" on the line; the last one is being typed and may be "".
 * @n:     at least 1.
 *
 * Besides candidates a line ":file" or ":dir" may be printed: names of files fit, too.
 * Everything after "--" is the business of whoever runs it: ":file".
 */
void mp_complete(const char *const *words, size_t n, mp_complete_names names, void *ctx, FILE *out);

/** mp_complete_script() - the completion script of "bash", "zsh" or "fish"; NULL for others. */
const char *mp_complete_script(const char *shell);
