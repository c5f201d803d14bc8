/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interleave ROUNDS [-- COMMAND ARGUMENT...]...: runs the commands in turn, ROUNDS times each, and
 * prints for each the median, least and most milliseconds from its start to its end. Taking turns
 * spreads whatever else the machine does evenly over them. The processor time of a command and
 * everything it waited for is told as well: unlike the wall's, it hardly depends on other load.
 *
 * Output: a line a command, "<median> <min> <max> <median processor time> <command>". A command that
 * fails ends it all.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX   10000

static double now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double tv_ms(struct timeval tv)
{
	return (double)tv.tv_sec * 1e3 + (double)tv.tv_usec / 1e3;
}

/*
 * Milliseconds, or negative after saying why, and those of processor time in @ret_cpu. Output goes
 * nowhere unless @is_loud.
 */
static double run_once(char *const *argv, bool is_loud, double *ret_cpu)
{
	struct rusage usage;
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;

	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	if (!is_loud) {
		(void)posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
		(void)posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	} else {
		(void)posix_spawn_file_actions_adddup2(&files, 2, 1);
	}

	const double began = now_ms();
	int r = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);

	(void)posix_spawn_file_actions_destroy(&files);
	if (r != 0) {
		(void)fprintf(stderr, "interleave: %s: %s\n", argv[0], strerror(r));
		return -1;
	}
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR) {
			perror("interleave: wait4");
			return -1;
		}
	}

	const double took = now_ms() - began;

	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		(void)fprintf(stderr, "interleave: %s failed: wait status 0x%x\n", argv[0],
			      (unsigned int)status);
		return -1;
	}
	*ret_cpu = tv_ms(usage.ru_utime) + tv_ms(usage.ru_stime);
	return took;
}

/* Sorts @values and returns their median. */
static double median_of(double *values, size_t n)
{
	qsort(values, n, sizeof(double), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

int main(int argc, char **argv)
{
	char **commands[COMMANDS_MAX];
	static double times[COMMANDS_MAX][ROUNDS_MAX], cpus[COMMANDS_MAX][ROUNDS_MAX];
	size_t n = 0;
	char *end = NULL;
	const long rounds = argc > 2 ? strtol(argv[1], &end, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || !end || *end) {
		(void)fprintf(stderr, "usage: interleave ROUNDS -- COMMAND... [-- COMMAND...]\n");
		return 2;
	}
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		argv[i] = NULL;
		if (n == COMMANDS_MAX || !argv[i + 1]) {
			(void)fprintf(stderr, "interleave: too many commands or an empty one\n");
			return 2;
		}
		commands[n] = &argv[i + 1];
		n++;
	}

	/* Caches fill, images unpack: nobody's first run counts. Its complaints are worth reading. */
	for (size_t c = 0; c < n; c++) {
		if (run_once(commands[c], true, &cpus[c][0]) < 0)
			return 1;
	}
	for (long round = 0; round < rounds; round++) {
		for (size_t c = 0; c < n; c++) {
			times[c][round] = run_once(commands[c], false, &cpus[c][round]);
			if (times[c][round] < 0)
				return 1;
		}
	}
	for (size_t c = 0; c < n; c++) {
		const double median = median_of(times[c], (size_t)rounds);

		printf("%.3f %.3f %.3f %.3f %s\n", median, times[c][0], times[c][rounds - 1],
		       median_of(cpus[c], (size_t)rounds), commands[c][0]);
	}
	return 0;
}
