/* SPDX-License-Identifier: Apache-2.0 */
/* Section 13: from a container's pipes to its log, whatever happens to who does it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/log_pump.h"

static char dir[64];
static int dir_fd;
static struct mp_loop *loop;
static struct mp_log_area *area;

static int set_up(void **unused)
{
	(void)unused;
	(void)snprintf(dir, sizeof(dir), "/tmp/minipod-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	assert_int_equal(mp_loop_new(&loop, NULL), 0);
	assert_int_equal(mp_log_area_new(&area, NULL), 0);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	mp_log_area_free(area);
	mp_loop_free(loop);
	assert_int_equal(mp_tree_remove(AT_FDCWD, dir, NULL), 0);
	(void)close(dir_fd);
	return 0;
}

static int log_dir(void *ctx, struct mp_error *err)
{
	(void)ctx;
	(void)err;
	return dir_fd;
}

static struct mp_log_pump_config config(void)
{
	return (struct mp_log_pump_config){
		.loop = loop, .area = area, .tag = "0123456789ab", .dir = log_dir, .container = "c"
	};
}

/* Contents only, P entries without a newline, as `minipod logs` shows them. */
static char *contents(const char *name, size_t *ret_len)
{
	char *text = NULL;
	size_t len = 0, n = 0;

	assert_int_equal(mp_file_read(dir_fd, name, 1U << 28, NULL, &text, &len, NULL), 0);
	for (char *at = text, *end; (end = memchr(at, '\n', len - (size_t)(at - text)));
	     at = end + 1) {
		struct mp_cri_entry e;

		assert_true(mp_cri_parse(at, (size_t)(end - at), &e));
		memmove(text + n, e.text, e.len);
		n += e.len;
		if (!e.is_partial)
			text[n++] = '\n';
	}
	assert_true(len == 0 || text[len - 1] != '\0');
	*ret_len = n;
	return text;
}

static void expect_contents(const char *wanted)
{
	size_t len;
	char *text = contents("c/0.log", &len);

	if (len != strlen(wanted) || memcmp(text, wanted, len) != 0)
		fail_msg("the log has \"%.*s\"", (int)len, text);
	free(text);
}

static void both_streams_and_an_unfinished_line_get_into_the_log(void **unused)
{
	const struct mp_log_pump_config c = config();
	struct mp_log_pump *pump = NULL;
	int ends[2];

	(void)unused;
	assert_int_equal(mp_log_pump_new(&c, &pump, ends, NULL), 0);
	assert_int_equal(write(ends[0], "one\ntw", 6), 6);
	mp_log_pump_drain(pump);
	assert_int_equal(write(ends[0], "o\nend", 5), 5);
	(void)close(ends[0]);
	(void)close(ends[1]);
	mp_log_pump_finish(pump);
	expect_contents("one\ntwo\nend");
	assert_int_equal(mp_log_pump_lost(pump), 0);
	mp_log_pump_free(pump);
}

static void take_over(const int pipes[2], struct mp_log_pump **ret)
{
	const struct mp_log_pump_config c = config();
	const int copies[2] = { fcntl(pipes[0], F_DUPFD_CLOEXEC, 3),
				fcntl(pipes[1], F_DUPFD_CLOEXEC, 3) };

	assert_int_equal(mp_log_pump_adopt(&c, copies, ret, NULL), 0);
}

static void unfinished_line_of_the_supervisor_before_is_finished(void **unused)
{
	const struct mp_log_pump_config c = config();
	struct mp_log_pump *pump = NULL, *next = NULL;
	int ends[2], pipes[2], kept[2], status;
	pid_t pid;

	(void)unused;
	assert_int_equal(mp_log_pump_new(&c, &pump, ends, NULL), 0);
	mp_log_pump_pipes(pump, pipes);
	for (int i = 0; i < 2; i++)
		kept[i] = fcntl(pipes[i], F_DUPFD_CLOEXEC, 3);
	assert_int_equal(write(ends[0], "half a ", 7), 7);
	assert_int_equal(write(ends[1], "error ", 6), 6);
	pid = fork();
	if (pid == 0) {
		mp_log_pump_drain(pump);
		_exit(0); /* and with it goes all that it had in memory of its own */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	take_over(kept, &next);
	assert_int_equal(write(ends[0], "line\n", 5), 5);
	mp_log_pump_drain(next);
	(void)close(ends[0]);
	(void)close(ends[1]);
	mp_log_pump_finish(next);
	expect_contents("half a line\nerror ");
	mp_log_pump_free(next);
	mp_log_pump_free(pump);
	(void)close(kept[0]);
	(void)close(kept[1]);
}

#define LINES 30000

/* Numbered lines of growing length, on both streams. */
static _Noreturn void write_lines(const int ends[2])
{
	FILE *out[2] = { fdopen(ends[0], "w"), fdopen(ends[1], "w") };

	for (int i = 0; i < LINES; i++) {
		FILE *f = out[i % 2];

		(void)fprintf(f, "%d %*s\n", i, i % 331, "x");
		if (i % 7 == 0)
			(void)fflush(f);
	}
	(void)fclose(out[0]);
	(void)fclose(out[1]);
	_exit(0);
}

static _Noreturn void pump_for_ever(const int kept[2])
{
	struct mp_log_pump *pump = NULL;
	struct mp_log_pump_config c;
	int fds[MP_LOG_AREA_FDS];

	for (int i = 0; i < MP_LOG_AREA_FDS; i++)
		fds[i] = mp_log_area_fds(area)[i];
	if (mp_log_area_adopt(fds, &area, NULL) < 0 || mp_loop_new(&loop, NULL) < 0)
		_exit(1);
	c = config();
	if (mp_log_pump_adopt(&c, kept, &pump, NULL) < 0)
		_exit(1);
	for (;;) {
		int pipes[2];

		mp_log_pump_pipes(pump, pipes);
		if (pipes[0] < 0 && pipes[1] < 0)
			_exit(0);
		if (mp_loop_turn(loop, NULL) < 0)
			_exit(1);
	}
}

static void check_numbers(const char *name)
{
	size_t len;
	char *text = contents(name, &len);
	int next[2] = { 0, 1 }; /* each stream's lines are in order */
	size_t n = 0;

	for (char *at = text, *end; at < text + len; at = end + 1) {
		char *after;
		const long i = strtol(at, &after, 10);

		end = memchr(at, '\n', len - (size_t)(at - text));
		assert_non_null(end);
		if (i != next[i % 2])
			fail_msg("line %ld where %d was due", i, next[i % 2]);
		next[i % 2] += 2;
		assert_int_equal(end - after, 1 + (i % 331 > 1 ? i % 331 : 1));
		n++;
	}
	assert_int_equal(n, LINES);
	free(text);
}

static void killed_at_any_moment_no_line_is_lost_or_doubled(void **unused)
{
	const struct mp_log_pump_config c = config();
	struct mp_log_pump *pump = NULL;
	int ends[2], pipes[2], kept[2], status = 1, n_kills = 0;
	unsigned int seed = 1;
	pid_t writer;

	(void)unused;
	assert_int_equal(mp_log_pump_new(&c, &pump, ends, NULL), 0);
	mp_log_pump_pipes(pump, pipes);
	for (int i = 0; i < 2; i++)
		kept[i] = fcntl(pipes[i], F_DUPFD_CLOEXEC, 3);
	writer = fork();
	if (writer == 0)
		write_lines(ends);
	(void)close(ends[0]);
	(void)close(ends[1]);
	while (status != 0) {
		const pid_t pid = fork();
		const mp_nsec moment =
			mp_nsec_add(mp_clock_read().mono, (mp_nsec)(rand_r(&seed) % 1000) * 1000);

		if (pid == 0)
			pump_for_ever(kept);
		while (mp_clock_read().mono < moment) /* any moment will do */
			(void)sched_yield();
		if (n_kills < 400)
			(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		/* It ends by itself once both pipes are closed, or something is wrong with it. */
		assert_true(WIFSIGNALED(status) ? n_kills < 400 && WTERMSIG(status) == SIGKILL :
						  status == 0);
		n_kills++;
	}
	assert_int_equal(waitpid(writer, &status, 0), writer);
	check_numbers("c/0.log");
	mp_log_pump_free(pump);
	(void)close(kept[0]);
	(void)close(kept[1]);
}

/* The rotated file with the smallest name. */
static const char *oldest(char buf[MP_LOG_NAME_MAX])
{
	char path[80];
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/c", dir);
	d = opendir(path);
	assert_non_null(d);
	(void)snprintf(buf, MP_LOG_NAME_MAX, "c/~");
	for (struct dirent *e = readdir(d); e; e = readdir(d))
		if (strncmp(e->d_name, "0.log.", 6) == 0 && strcmp(e->d_name, buf + 2) < 0)
			(void)snprintf(buf, MP_LOG_NAME_MAX, "c/%s", e->d_name);
	(void)closedir(d);
	return buf;
}

static void rotated_files_together_have_every_line(void **unused)
{
	struct mp_log_pump_config c = config();
	struct mp_log_pump *pump = NULL;
	char old[MP_LOG_NAME_MAX] = "", name[MP_LOG_NAME_MAX];
	char *first, *second;
	size_t n_first, n_second;
	int ends[2];
	struct stat st;

	(void)unused;
	c.limits = (struct mp_log_limits){ .max_bytes = 2000, .max_files = 3 };
	assert_int_equal(mp_log_pump_new(&c, &pump, ends, NULL), 0);
	for (int i = 0; i < 60; i++) {
		assert_true(dprintf(ends[0], "line %d\n", i) > 0);
		mp_log_pump_drain(pump);
	}
	(void)close(ends[0]);
	(void)close(ends[1]);
	mp_log_pump_finish(pump);
	/* One rotation: the next may not come within the same second, or it did. */
	assert_int_equal(fstat(mp_log_pump_fd(pump), &st), 0);
	assert_int_equal(mp_log_rotate(dir_fd, "c/0.log", &c.limits,
				       INT64_C(4000000000) * 1000000000, false, old, NULL),
			 0);
	assert_string_equal(old, "c/0.log.20961002-070640");
	(void)snprintf(old, sizeof(old), "c/0.log.20961002-070640");
	second = contents(old, &n_second);
	assert_true(n_second > 0);
	assert_memory_equal(second + n_second - 8, "line 59\n", 8);
	/* The file before begins with line 0 and ends where this one begins. */
	first = contents(oldest(name), &n_first);
	assert_memory_equal(first, "line 0\n", 7);
	assert_int_equal(strtol(second + 5, NULL, 10), strtol(first + n_first - 3, NULL, 10) + 1);
	free(first);
	free(second);
	mp_log_pump_free(pump);
}

static void container_without_output_has_no_log_file(void **unused)
{
	const struct mp_log_pump_config c = config();
	struct mp_log_pump *pump = NULL;
	char tail[16] = "x";
	int ends[2];

	(void)unused;
	assert_int_equal(mp_log_pump_new(&c, &pump, ends, NULL), 0);
	mp_log_pump_drain(pump);
	(void)close(ends[0]);
	(void)close(ends[1]);
	mp_log_pump_finish(pump);
	assert_true(mp_log_pump_fd(pump) < 0);
	assert_int_equal(mp_log_tail(mp_log_pump_fd(pump), 1, 8, tail), 0);
	assert_string_equal(tail, "");
	assert_int_equal(faccessat(dir_fd, "c", F_OK, 0), -1);
	mp_log_pump_free(pump);
}

static int is_disk_broken, n_failures;

static int broken_log_dir(void *ctx, struct mp_error *err)
{
	(void)ctx;
	return is_disk_broken ? mp_fail(err, EROFS, "create it") : dir_fd;
}

static void count_failure(void *ctx, const struct mp_error *err)
{
	(void)ctx;
	assert_int_equal(err->code, EROFS);
	n_failures++;
}

static void output_without_room_for_a_file_is_lost_and_that_is_told_once(void **unused)
{
	struct mp_log_pump_config c = config();
	struct mp_log_pump *pump = NULL;
	int ends[2];

	(void)unused;
	c.dir = broken_log_dir;
	c.failed = count_failure;
	is_disk_broken = 1;
	assert_int_equal(mp_log_pump_new(&c, &pump, ends, NULL), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(write(ends[0], "lost\n", 5), 5);
		mp_log_pump_drain(pump);
	}
	assert_int_equal(n_failures, 1);
	assert_true(mp_log_pump_lost(pump) > 10);
	is_disk_broken = 0;
	assert_int_equal(write(ends[0], "kept\n", 5), 5);
	(void)close(ends[0]);
	(void)close(ends[1]);
	mp_log_pump_finish(pump);
	expect_contents("kept\n");
	mp_log_pump_free(pump);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			both_streams_and_an_unfinished_line_get_into_the_log, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			unfinished_line_of_the_supervisor_before_is_finished, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_at_any_moment_no_line_is_lost_or_doubled,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(rotated_files_together_have_every_line, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(container_without_output_has_no_log_file, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			output_without_room_for_a_file_is_lost_and_that_is_told_once, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
