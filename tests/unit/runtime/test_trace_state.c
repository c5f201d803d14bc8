/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: a machine that is saved and loaded is the same machine, and journals can begin with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifecycle/machine.h"
#include "lifecycle/snapshot.h"
#include "runtime/base/fd.h"
#include "runtime/sim_node.h"
#include "runtime/trace.h"
#include "runtime/trace_past.h"
#include "runtime/trace_read.h"
#include "runtime/trace_state.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct mp_sim sim;
static struct mp_sim_container behave[2];
static struct mp_sim_script script;
static struct mp_error err;
static char dir[32];
static int dir_fd;
static struct mp_trace *trace;

/* ---- a life with everything in it ----------------------------------------------------------------- */

static const struct mp_sim_do dos[] = {
	{ .at = 30 * MP_NSEC_PER_S, .type = MP_SIM_DO_KILL_PAUSE },
	{ .at = 50 * MP_NSEC_PER_S, .type = MP_SIM_DO_RECOVER, .is_known = true },
	{ .at = 60 * MP_NSEC_PER_S,
	  .type = MP_SIM_DO_CONDITION,
	  .text = { "example.com/gate", "True" } },
	{ .at = 70 * MP_NSEC_PER_S, .type = MP_SIM_DO_EXIT, .container = 1, .code = 139 },
	{ .at = 9000 * MP_NSEC_PER_S, .type = MP_SIM_DO_DELETE, .grace_s = { 3, true } },
};

static void begin_life(const struct mp_sim_watch *watch)
{
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_probe(test_pod_add(&pod, MP_KIND_SIDECAR, "side"), MP_PROBE_STARTUP);
	(void)test_pod_probe(test_pod_add(&pod, MP_KIND_MAIN, "main"), MP_PROBE_LIVENESS);
	pod.containers[1].lifecycle.has_pre_stop = true;
	pod.containers[1].lifecycle.has_post_start = true;
	pod.spec.active_deadline_s = (struct mp_opt_int){ 8000, true };
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
	assert_int_equal(mp_sim_init(&sim, &pod.spec, &script, watch), 0);
}

static void begin_journal(void)
{
	const struct mp_pod_config config = { .seed = 7, .is_cold_start = true };

	(void)strcpy(dir, "/tmp/minipod-test-XXXXXX");
	assert_non_null(mkdtemp(dir));
	dir_fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	assert_true(dir_fd >= 0);
	assert_int_equal(mp_trace_open(dir_fd, &pod.spec, &config, NULL,
				       (struct mp_now){ .wall = MP_SIM_EPOCH }, &trace, &err),
			 0);
}

static char *end_journal(size_t *len)
{
	char *text;

	mp_trace_close(trace);
	assert_int_equal(mp_file_read(dir_fd, MP_TRACE_NAME, 1U << 24, NULL, &text, len, &err), 0);
	assert_int_equal(unlinkat(dir_fd, MP_TRACE_NAME, 0), 0);
	(void)close(dir_fd);
	assert_int_equal(rmdir(dir), 0); /* nothing else was left in it */
	return text;
}

static void on_event(struct mp_sim *s, const struct mp_event *ev, void *arg)
{
	(void)arg;
	mp_trace_event(trace, ev, s->now);
}

static void on_turn(struct mp_sim *s, const struct mp_plan *plan, void *arg)
{
	(void)arg;
	mp_trace_turn(trace, s->now);
	for (size_t i = 0; i < plan->n; i++)
		mp_trace_action(trace, &plan->actions[i], s->now);
	assert_int_equal(mp_trace_flush(trace), 0);
}

static const struct mp_sim_watch watch = { .on_event = on_event, .on_turn = on_turn };

/* ---- the walk ------------------------------------------------------------------------------------- */

static bool is_visited[1 << 20];

static void visit_begin(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
}

static void visit_end(void *ctx)
{
	(void)ctx;
}

static void visit_number(void *ctx, const char *name, int64_t *value)
{
	(void)name;
	*value = *(int64_t *)ctx;
}

static void visit_text(void *ctx, const char *name, char *text, size_t size)
{
	(void)ctx;
	(void)name;
	memset(text, 'x', size);
}

/* Which bytes of a machine are loaded, told by loading what leaves none of them zero. */
static void find_visited(size_t size)
{
	/* Some members take only the first, and are never larger. */
	static int64_t values[] = { 1, -1, 0x01010101, 0x0101010101010101 };
	char *mem = malloc(size);

	assert_non_null(mem);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct mp_snapshot_io io = { visit_begin, visit_end, visit_number, visit_text,
						   &values[i] };
		const char *bad;
		const struct mp_pod *machine = mp_pod_load(mem, &pod.spec, &io, &bad);

		assert_int_equal(machine != NULL, i == 0);
		for (size_t k = 0; k < size; k++)
			is_visited[k] = is_visited[k] || mem[k] != 0;
	}
	free(mem);
}

static void pass_over(const void *at, size_t size)
{
	memset(is_visited + ((const char *)at - (const char *)sim.mem), true, size);
}

static void every_member_that_a_life_uses_is_saved(void **unused)
{
	const char *bytes;
	size_t n = 0;

	(void)unused;
	begin_life(&(struct mp_sim_watch){ .on_turn = NULL });
	assert_true(sim.mem_size <= sizeof(is_visited));
	find_visited(sim.mem_size);
	/* Scratch memory means nothing between turns, and the outbox is empty. */
	bytes = sim.mem;
	pass_over(sim.pod->scratch.containers,
		  sim.mem_size - (size_t)((const char *)sim.pod->scratch.containers - bytes));
	pass_over(&sim.pod->scratch, sizeof(sim.pod->scratch));
	/* Pointers, and what follows from the spec. */
	pass_over(&sim.pod->spec,
		  (size_t)((const char *)(sim.pod + 1) - (const char *)&sim.pod->spec));
	pass_over(&sim.pod->published.containers, sizeof(void *));
	pass_over(&sim.pod->published.n_containers, sizeof(sim.pod->published.n_containers));
	for (size_t i = 0; i < mp_machine_n(sim.pod); i++) {
		struct mp_cstate *c = &sim.pod->containers[i];

		/* Padding of what is returned by value. */
		pass_over(&c->backoff.is_set, offsetof(struct mp_backoff, delay));
		pass_over(&c->pull.backoff.is_set, offsetof(struct mp_backoff, delay));
		pass_over(&c->volume_pull.backoff.is_set, offsetof(struct mp_backoff, delay));
		pass_over(&c->kill.state.phase, offsetof(struct mp_stop_state, grace_s));
	}
	do {
		for (size_t i = 0; i < sim.mem_size; i++) {
			if (bytes[i] != 0 && !is_visited[i])
				fail_msg("byte %zu of %zu is used and not saved", i, sim.mem_size);
			n += bytes[i] != 0 ? 1 : 0;
		}
	} while (mp_sim_turn(&sim));
	assert_true(n > 10000);
	mp_sim_done(&sim);
}

static char *saved(struct mp_pod *machine)
{
	struct mp_json w;
	size_t len;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_trace_state_write(&w, machine);

	const char *text = mp_json_finish(&w, &len, NULL);

	assert_non_null(text);

	char *copy = strdup(text);

	assert_non_null(copy);
	mp_json_done(&w);
	return copy;
}

static int load(const char *text, void *mem, struct mp_pod **ret)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_document doc;
	int r;

	assert_int_equal(mp_document_parse(&arena, "state", text, strlen(text), MP_DOCUMENT_JSON,
					   &doc, &err),
			 0);
	r = mp_trace_state_read(doc.roots[0], &pod.spec, mem, ret, &err);
	mp_arena_done(&arena);
	return r;
}

static void what_was_loaded_is_saved_alike(void **unused)
{
	struct mp_pod *again;
	void *mem;

	(void)unused;
	begin_life(&(struct mp_sim_watch){ .on_turn = NULL });
	mem = malloc(sim.mem_size);
	assert_non_null(mem);
	while (mp_sim_turn(&sim)) {
		if (!mp_pod_may_save(sim.pod))
			continue;

		char *one = saved(sim.pod), *two;

		assert_int_equal(load(one, mem, &again), 0);
		two = saved(again);
		assert_string_equal(one, two);
		free(one);
		free(two);
	}
	mp_sim_done(&sim);
	free(mem);
}

static void state_that_cannot_be_is_refused(void **unused)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "{}", "a state of layout 0, not 1" },
		{ "{\"layout\":2}", "a state of layout 2, not 1" },
		{ "{\"layout\":1,\"worker\":5}", "a state with an impossible \"worker\"" },
		{ "{\"layout\":1,\"is_dirty\":2}", "a state with an impossible \"is_dirty\"" },
		{ "{\"layout\":1,\"start\":{\"container\":2}}",
		  "a state with an impossible \"container\"" },
		{ "{\"layout\":1,\"start\":{\"volume\":-2}}",
		  "a state with an impossible \"volume\"" },
		{ "{\"layout\":1,\"containers\":{\"main\":{\"rec[0]\":{\"n_groups\":33}}}}",
		  "a state with an impossible \"n_groups\"" },
		{ "{\"layout\":1,\"sandbox\":{\"attempt\":4294967296}}",
		  "a state with an impossible \"attempt\"" },
	};
	struct mp_pod *machine;
	void *mem;

	(void)unused;
	begin_life(&(struct mp_sim_watch){ .on_turn = NULL });
	mem = malloc(sim.mem_size);
	assert_non_null(mem);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(load(cases[i].text, mem, &machine) < 0);
		assert_string_equal(err.msg, cases[i].message);
		err = (struct mp_error)MP_ERROR_NONE;
	}
	/* Members of the wrong kind and unknown ones count for nothing. */
	assert_int_equal(
		load("{\"layout\":1,\"sync\":7,\"phase\":\"x\",\"more\":{}}", mem, &machine), 0);
	mp_sim_done(&sim);
	free(mem);
}

/* ---- journals ------------------------------------------------------------------------------------- */

static void journal_that_begins_with_a_checkpoint_is_lived_alike(void **unused)
{
	struct mp_replay replay;
	size_t len, n = 0;
	char *text;

	(void)unused;
	begin_life(&watch);
	begin_journal();
	for (size_t turn = 0; mp_sim_turn(&sim); turn++) {
		if (turn % 7 != 6 || !mp_pod_may_save(sim.pod))
			continue;
		assert_int_equal(mp_trace_checkpoint(trace, sim.pod, sim.now, &err), 0);
		n++;
	}
	assert_true(n > 20);
	text = end_journal(&len);
	assert_int_equal(mp_trace_replay(&pod.spec, text, len, &replay, &err), 0);
	if (replay.is_different)
		print_error("line %zu\n%s\n%s\n", replay.line, replay.wanted, replay.got);
	assert_false(replay.is_different);
	assert_true(replay.n_turns < 8);
	assert_non_null(strstr(text, "\"type\":\"finish\""));
	mp_sim_done(&sim);
	free(text);
}

static void journal_is_shortened_when_it_is_long_and_mostly_old(void **unused)
{
	int64_t last = 0;
	size_t n = 0, len;

	(void)unused;
	begin_life(&watch);
	begin_journal();
	assert_false(mp_trace_wants_checkpoint(trace, 0));
	while (sim.now.mono < mp_seconds(7000) && mp_sim_turn(&sim)) {
		struct stat st;

		assert_int_equal(fstatat(dir_fd, MP_TRACE_NAME, &st, 0), 0);
		assert_int_equal(mp_trace_wants_checkpoint(trace, 20000),
				 st.st_size >= 20000 && st.st_size >= last);
		if (!mp_trace_wants_checkpoint(trace, 20000) || !mp_pod_may_save(sim.pod))
			continue;
		assert_int_equal(mp_trace_checkpoint(trace, sim.pod, sim.now, &err), 0);
		assert_int_equal(fstatat(dir_fd, MP_TRACE_NAME, &st, 0), 0);
		last = 2 * st.st_size; /* at least as much is to be gained */
		n++;
	}
	assert_true(n > 1);
	free(end_journal(&len));
	mp_sim_done(&sim);
}

static void checkpoint_that_cannot_be_written_changes_nothing(void **unused)
{
	struct mp_replay replay;
	size_t len;
	char *text;

	(void)unused;
	begin_life(&watch);
	begin_journal();
	for (int i = 0; i < 40; i++)
		assert_true(mp_sim_turn(&sim));
	assert_true(mp_pod_may_save(sim.pod));
	assert_int_equal(mkdirat(dir_fd, ".trace.tmp", 0700), 0); /* in the way */
	assert_true(mp_trace_checkpoint(trace, sim.pod, sim.now, &err) < 0);
	assert_false(mp_trace_wants_checkpoint(trace, 1)); /* not at once again */
	assert_int_equal(unlinkat(dir_fd, ".trace.tmp", AT_REMOVEDIR), 0);
	while (mp_sim_turn(&sim))
		;
	text = end_journal(&len);
	assert_int_equal(mp_trace_replay(&pod.spec, text, len, &replay, &err), 0);
	assert_false(replay.is_different);
	assert_null(strstr(text, "\"state\""));
	mp_sim_done(&sim);
	free(text);
}

static void what_was_applied_is_lived_again_when_it_was(void **unused)
{
	const char *const old = "busybox", *const new = "other";
	struct mp_replay replay;
	size_t len;
	char *text;

	(void)unused;
	begin_life(&watch);
	pod.containers[1].image = old;
	begin_journal();
	while (sim.now.mono < mp_seconds(100))
		assert_true(mp_sim_turn(&sim));
	pod.containers[1].image = new;
	pod.spec.active_deadline_s.v = 500;
	mp_trace_spec(trace, &pod.spec, sim.now);
	while (mp_sim_turn(&sim))
		;
	text = end_journal(&len);
	assert_non_null(strstr(text, "\"spec\":{\"activeDeadlineSeconds\":8000"));
	assert_non_null(strstr(text, "\"DeadlineExceeded\""));
	assert_int_equal(mp_trace_replay(&pod.spec, text, len, &replay, &err), 0);
	if (replay.is_different)
		print_error("line %zu\n%s\n%s\n", replay.line, replay.wanted, replay.got);
	assert_false(replay.is_different);
	mp_sim_done(&sim);
	free(text);
}

static void image_that_the_machine_was_not_told_of_is_found(void **unused)
{
	static struct mp_revival revival;
	struct mp_arena arena = { .head = NULL };
	size_t len;
	void *mem;
	char *text;

	(void)unused;
	begin_life(&watch);
	begin_journal();
	for (int i = 0; i < 40; i++)
		assert_true(mp_sim_turn(&sim));
	text = end_journal(&len);
	pod.containers[1].image = "other"; /* in pod.json alone */
	mem = malloc(sim.mem_size);
	assert_non_null(mem);
	assert_int_equal(mp_trace_revive(&pod.spec, text, len, mem, &arena, &revival, &err), 0);
	assert_non_null(revival.pod);
	assert_false(revival.is_different);
	assert_false(revival.is_other_image[0]);
	assert_true(revival.is_other_image[1]);
	mp_sim_done(&sim);
	mp_arena_done(&arena);
	free(mem);
	free(text);
}

/* ---- events --------------------------------------------------------------------------------------- */

static void last_state_of_each_event_of_the_last_hour_is_kept(void **unused)
{
#define EVENT(wall, kind, message, count, slot, first)                                                  \
	"{\"t\":1,\"wall\":" wall ",\"turn\":1,\"" kind                                                 \
	"\":{\"type\":\"recordEvent\",\"eventType\":\"Normal\",\"reason\":\"R\",\"message\":\"" message \
	"\",\"count\":" count ",\"slot\":" slot ",\"first\":" first "}}\n"
	static const char text[] = EVENT("99", "action", "too old", "1", "0",
					 "99") EVENT("100", "past", "kept", "1", "1", "50")
		EVENT("110", "action", "again", "1", "2",
		      "110") "{\"t\":1,\"wall\":111,\"turn\":1,\"event\":{\"type\":\"note\",\"reason\":\"x\","
			     "\"message\":\"\\\"action\\\":{\\\"type\\\":\\\"recordEvent\\\",\"}}\n" EVENT(
				     "112", "action", "another 2", "1", "2", "111")
				     EVENT("120", "action", "again \\\"slot\\\":7", "2", "2",
					   "110") "{\"t\":1,\"wall\":121,\"turn\":1,\"action\":{\"type\":\"publishStatus\"}}\n"
						  "{\"t\":1,\"wall\":130,\"turn\":1,\"action\":{\"type\":\"recordEvent\",\"cut";
	static const char wanted[] = EVENT("100", "past", "kept", "1", "1", "50")
		EVENT("112", "past", "another 2", "1", "2", "111")
			EVENT("120", "past", "again \\\"slot\\\":7", "2", "2", "110");
	struct mp_trace_lines out = { .n = 0 };

	(void)unused;
	assert_int_equal(mp_trace_keep_events(text, sizeof(text) - 1, 100, &out), 0);
	assert_int_equal(out.n, sizeof(wanted) - 1);
	assert_memory_equal(out.text, wanted, out.n);
	free(out.text);

	out = (struct mp_trace_lines){ .n = 0 };
	assert_int_equal(mp_trace_keep_events("", 0, 0, &out), 0);
	assert_int_equal(out.n, 0);
	free(out.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_that_a_life_uses_is_saved),
		cmocka_unit_test(what_was_loaded_is_saved_alike),
		cmocka_unit_test(state_that_cannot_be_is_refused),
		cmocka_unit_test(journal_that_begins_with_a_checkpoint_is_lived_alike),
		cmocka_unit_test(journal_is_shortened_when_it_is_long_and_mostly_old),
		cmocka_unit_test(checkpoint_that_cannot_be_written_changes_nothing),
		cmocka_unit_test(what_was_applied_is_lived_again_when_it_was),
		cmocka_unit_test(image_that_the_machine_was_not_told_of_is_found),
		cmocka_unit_test(last_state_of_each_event_of_the_last_hour_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
