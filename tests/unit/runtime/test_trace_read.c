/* SPDX-License-Identifier: Apache-2.0 */
/* A journal that was written can be read, and living it again asks for the same actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "runtime/base/fd.h"
#include "runtime/sim_node.h"
#include "runtime/trace.h"
#include "runtime/trace_read.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct mp_sim sim;
static struct mp_sim_container behave[2];
static struct mp_error err;

static const struct mp_sim_do dos[] = {
	{ .at = 30 * MP_NSEC_PER_S, .type = MP_SIM_DO_KILL_PAUSE },
	{ .at = 50 * MP_NSEC_PER_S, .type = MP_SIM_DO_RECOVER, .is_known = true },
	{ .at = 60 * MP_NSEC_PER_S,
	  .type = MP_SIM_DO_CONDITION,
	  .text = { "example.com/gate", "True" } },
	{ .at = 70 * MP_NSEC_PER_S, .type = MP_SIM_DO_EXIT, .container = 1, .code = 139 },
	{ .at = 90 * MP_NSEC_PER_S, .type = MP_SIM_DO_DELETE, .grace_s = { 3, true } },
};

static void on_event(struct mp_sim *s, const struct mp_event *ev, void *arg)
{
	mp_trace_event(arg, ev, s->now);
}

static void on_turn(struct mp_sim *s, const struct mp_plan *plan, void *arg)
{
	mp_trace_turn(arg, s->now);
	for (size_t i = 0; i < plan->n; i++)
		mp_trace_action(arg, &plan->actions[i], s->now);
}

/* A life with everything in it, as a journal. */
static char *make_journal(size_t *len)
{
	static struct mp_sim_script script;
	struct mp_sim_watch watch = { .on_event = on_event, .on_turn = on_turn };
	char dir[] = "/tmp/minipod-test-XXXXXX", path[64];
	struct mp_pod_config config = { .seed = 7, .is_cold_start = true };
	struct mp_trace *trace;
	char *text;
	int fd;

	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_SIDECAR, "side");
	(void)test_pod_probe(test_pod_add(&pod, MP_KIND_MAIN, "main"), MP_PROBE_LIVENESS);
	pod.containers[1].lifecycle.has_pre_stop = true;
	pod.containers[1].lifecycle.has_post_start = true;
	memset(behave, 0, sizeof(behave));
	behave[1].n_runs = 2;
	behave[1].runs[0] = (struct mp_sim_run){ .lasts = mp_seconds(4), .code = 1 };
	behave[1].runs[1] = (struct mp_sim_run){ .lasts = MP_NSEC_NEVER, .ignores_term = true };
	behave[1].is_image_absent = true;
	behave[1].n_pulls = 2;
	behave[1].pulls[0] = (struct mp_sim_pull){ 10, "no \"such\" image\n", "ErrImagePull" };
	behave[1].n_hooks[0] = 1;
	behave[1].hooks[0][0].error = "hook";
	behave[1].n_probes[MP_PROBE_LIVENESS] = 1;
	behave[1].probes[MP_PROBE_LIVENESS][0] =
		(struct mp_sim_probe){ MP_PROBE_ERROR, 0, 1, "\x01 odd" };
	script = (struct mp_sim_script){ .seed = 7,
					 .plan_size = MP_PLAN_MIN + 32,
					 .volumes.failures = 1,
					 .containers = behave,
					 .dos = dos,
					 .n_dos = sizeof(dos) / sizeof(dos[0]) };
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mp_trace_open(fd, &pod.spec, &config, NULL,
				       (struct mp_now){ .wall = MP_SIM_EPOCH }, &trace, &err),
			 0);
	watch.arg = trace;
	assert_int_equal(mp_sim_init(&sim, &pod.spec, &script, &watch), 0);
	mp_sim_run(&sim, mp_seconds(3600));
	assert_true(sim.is_finished);
	mp_sim_done(&sim);
	assert_int_equal(mp_trace_flush(trace), 0);
	mp_trace_close(trace);
	(void)snprintf(path, sizeof(path), "%s/trace.jsonl", dir);
	assert_int_equal(mp_file_read(AT_FDCWD, path, 1U << 24, NULL, &text, len, &err), 0);
	(void)unlink(path);
	(void)rmdir(dir);
	(void)close(fd);
	return text;
}

static void a_life_lived_again_asks_for_the_same(void **unused)
{
	struct mp_replay replay;
	size_t len;
	char *text = make_journal(&len);

	(void)unused;
	assert_int_equal(mp_trace_replay(&pod.spec, text, len, &replay, &err), 0);
	if (replay.is_different)
		print_error("line %zu\n%s\n%s\n", replay.line, replay.wanted, replay.got);
	assert_false(replay.is_different);
	assert_true(replay.n_actions > 50);
	free(text);
}

/* @text is a whole journal: without the lines that version 1 did not have. */
static void make_version_1(char *text)
{
	char *out = text, *version = strstr(text, "\"version\":2");

	assert_non_null(version);
	version[strlen("\"version\":")] = '1';
	for (char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (memmem(line, (size_t)(end - line), "\"spec\":", strlen("\"spec\":")))
			continue;
		memmove(out, line, (size_t)(end + 1 - line));
		out += end + 1 - line;
	}
	*out = '\0';
}

static void a_journal_of_version_1_is_read(void **unused)
{
	struct mp_replay replay;
	size_t len;
	char *text = make_journal(&len);

	(void)unused;
	make_version_1(text);
	assert_int_equal(mp_trace_replay(&pod.spec, text, strlen(text), &replay, &err), 0);
	assert_false(replay.is_different);
	assert_true(replay.n_actions > 50);
	strstr(text, "\"version\":1")[strlen("\"version\":")] = '3';
	assert_int_equal(mp_trace_replay(&pod.spec, text, strlen(text), &replay, &err), -EPROTO);
	assert_string_equal(err.msg, "line 1: version 3 of the format, not 1 to 2");
	free(text);
}

static void the_first_difference_is_told(void **unused)
{
	struct mp_replay replay;
	size_t len, line = 1;
	char *text = make_journal(&len);
	char *at = strstr(text, "\"type\":\"startContainer\"");

	(void)unused;
	assert_non_null(at);
	at[strlen("\"type\":\"s")] = 'c';
	for (const char *c = text; c < at; c++)
		line += *c == '\n';
	assert_int_equal(mp_trace_replay(&pod.spec, text, len, &replay, &err), 0);
	assert_true(replay.is_different);
	assert_int_equal(replay.line, line);
	assert_non_null(strstr(replay.got, "startContainer"));
	free(text);
}

static void an_action_that_is_missing_is_a_difference(void **unused)
{
	struct mp_replay replay;
	size_t len;
	char *text = make_journal(&len);
	char *at = strstr(text, "\"type\":\"startContainer\"");
	char *start, *end;

	(void)unused;
	assert_non_null(at);
	for (start = at; start > text && start[-1] != '\n'; start--)
		;
	end = strchr(at, '\n') + 1;
	memmove(start, end, len - (size_t)(end - text) + 1);
	len -= (size_t)(end - start);
	assert_int_equal(mp_trace_replay(&pod.spec, text, len, &replay, &err), 0);
	assert_true(replay.is_different);
	assert_non_null(strstr(replay.got, "startContainer"));
	free(text);
}

static void a_cut_last_line_is_no_error(void **unused)
{
	struct mp_replay replay;
	size_t len;
	char *text = make_journal(&len);

	(void)unused;
	assert_int_equal(mp_trace_replay(&pod.spec, text, len - 5, &replay, &err), 0);
	free(text);
}

static void expect_broken(const char *line)
{
	struct mp_replay replay;

	assert_int_equal(mp_trace_replay(&pod.spec, line, strlen(line), &replay, &err) == 0, 0);
	assert_non_null(strstr(err.msg, "line 1"));
}

static void a_broken_journal_is_refused_with_its_line(void **unused)
{
	(void)unused;
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_MAIN, "main");
	expect_broken("{\"t\":0\n");
	expect_broken("{\"t\":0}\n");
	expect_broken("{\"t\":0,\"version\":99}\n");
	expect_broken("{\"t\":0,\"plan\":true}\n");
	expect_broken("{\"t\":0,\"event\":{\"type\":\"nonsense\"}}\n");
	expect_broken("{\"t\":0,\"event\":{\"type\":\"exited\",\"container\":\"other\"}}\n");
	expect_broken("{\"t\":0,\"event\":{\"type\":\"exited\"}}\n");
	expect_broken("{\"t\":0,\"event\":{\"type\":\"probeDone\",\"container\":\"main\"}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life_lived_again_asks_for_the_same),
		cmocka_unit_test(a_journal_of_version_1_is_read),
		cmocka_unit_test(the_first_difference_is_told),
		cmocka_unit_test(an_action_that_is_missing_is_a_difference),
		cmocka_unit_test(a_cut_last_line_is_no_error),
		cmocka_unit_test(a_broken_journal_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
