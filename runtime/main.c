/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/options.h"
#include "runtime/seal.h"

#define EXIT_OURS 125

/* A closed 0, 1 or 2 would be given to the next file we open: open(2). */
static void fill_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) /* NOLINT */
			_exit(EXIT_OURS);
}

static void set_level(const struct mp_args *args)
{
	int level = MP_LOG_NOTE;

	for (size_t i = 0; i < args->n_values; i++)
		if (args->values[i].option->letter == 'v' && level < MP_LOG_DEBUG)
			level++;
	if (mp_args_has(args, "quiet"))
		level = MP_LOG_ERROR;
	mp_log_set_level((enum mp_log_level)level);
}

/* Processes of these verbs go into containers. */
static bool lets_out(const struct mp_verb *verb)
{
	return strcmp(verb->name, "run") == 0 || strcmp(verb->name, "recover") == 0;
}

/* What did not get out was not done: a full disk behind stdout is a failure. A pipe's reader may go. */
static int flush(int code)
{
	const bool is_lost = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !is_lost)
		return code;
	if (errno != EPIPE)
		mp_log(MP_LOG_ERROR, "standard output: %s",
		       is_lost ? "not everything could be written" : strerror(errno));
	return code == 0 ? 1 : code;
}

int main(int argc, char **argv)
{
	static struct mp_args args;
	struct mp_error err = MP_ERROR_NONE;

	fill_stdio();
	if (argc < 2) {
		mp_help_print(stderr, NULL);
		return EXIT_OURS;
	}
	if (mp_args_parse(argv + 1, (size_t)argc - 1, &args, &err) < 0) {
		mp_log(MP_LOG_ERROR, "%s", err.msg);
		return EXIT_OURS;
	}
	if (args.wants_help || !args.verb) {
		mp_help_print(args.wants_help ? stdout : stderr, args.verb);
		return args.wants_help ? flush(0) : EXIT_OURS;
	}
	set_level(&args);
	if (lets_out(args.verb) && geteuid() == 0 && mp_seal_self(argv, &err) < 0) {
		mp_log(MP_LOG_ERROR, "%s", err.msg);
		return EXIT_OURS;
	}
	return flush(args.verb->run(&args));
}
