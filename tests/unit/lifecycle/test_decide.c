/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of sections 4.1, 4.3 and 4.4 that need records as an earlier life may have left them: the
 * machine's memory is set by hand and the decision is looked at.
 */
#include "lifecycle/decide.h"
#include "tests/unit/lifecycle/machine_fixture.h"

static char text[600];

static void fresh(enum mp_restart_policy restart, const char *kinds)
{
	make(restart, kinds);
	node.pod->sandbox.attempt = 0;
	node.pod->sandbox.is_alive = true;
	node.pod->sandbox.is_gone = false;
	MP_COPY(node.pod->sandbox.ip, "10.0.0.1");
}

static void record(int c, enum mp_record_state state, int code)
{
	struct mp_record *rec = &node.pod->containers[c].rec[0];

	rec->state = state;
	rec->exit_code = code;
	(void)snprintf(rec->id, sizeof(rec->id), "id%d", c);
}

/* What is decided: "P" kill the pod, "C" create a sandbox, then per container k(ill), s(tart). */
static void expect(const char *what)
{
	char got[64] = "";
	size_t n = 0;

	mp_decide(node.pod, AT(100));
	if (node.pod->sync.kill_pod)
		got[n++] = 'P';
	if (node.pod->sync.create_sandbox)
		got[n++] = 'C';
	for (size_t i = 0; i < mp_spec_n_containers(&pod.spec); i++) {
		const struct mp_wanted *w = &node.pod->containers[i].wanted;

		n += (size_t)snprintf(got + n, sizeof(got) - n, " %s%s%s", w->kill ? "k" : "",
				      w->start ? "s" : "", !w->kill && !w->start ? "-" : "");
	}
	assert_string_equal(got, what);
}

static void main_rows(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_NEVER, "mm");
	record(1, MP_RECORD_RUNNING, 0);
	expect(" s -"); /* none */
	record(0, MP_RECORD_CREATED, 0);
	expect(" s -");
	record(0, MP_RECORD_EXITED, 1);
	expect(" - -");
	record(0, MP_RECORD_UNKNOWN, 0);
	expect(" ks -"); /* always counts as restart */
	assert_string_equal(node.pod->containers[0].wanted.message,
			    "Container is in \"unknown\" state, try killing it before restart");
	pod.spec.restart = MP_RESTART_ALWAYS;
	record(0, MP_RECORD_EXITED, 0);
	expect(" s -");
	record(1, MP_RECORD_EXITED, 0);
	pod.spec.restart = MP_RESTART_ON_FAILURE;
	expect("P - -"); /* nothing kept, nothing to start */
}

static void init_rows(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_ON_FAILURE, "iim");
	expect(" s - -"); /* no record at all */
	record(0, MP_RECORD_CREATED, 0);
	expect(" s - -");
	record(0, MP_RECORD_RUNNING, 0);
	expect(" - - -");
	record(0, MP_RECORD_EXITED, 0);
	expect(" - s -");
	record(0, MP_RECORD_EXITED, 1);
	expect(" s - -");
	record(0, MP_RECORD_UNKNOWN, 0);
	expect(" ks - -");
	assert_string_equal(node.pod->containers[0].wanted.message,
			    "Init container is in \"unknown\" state, try killing it before "
			    "restart");
	record(1, MP_RECORD_RUNNING, 0); /* the later entry tells how far it is */
	expect(" - - -");
	record(1, MP_RECORD_EXITED, 0);
	expect(" - - s");
	pod.spec.restart = MP_RESTART_NEVER;
	record(1, MP_RECORD_UNKNOWN, 0);
	expect("P - - -");
	record(1, MP_RECORD_EXITED, 1);
	expect("P - - -");
	record(1, MP_RECORD_NONE, 0);
	record(0, MP_RECORD_NONE, 0);
	record(2, MP_RECORD_RUNNING, 0); /* initialized: never run again */
	expect(" - - -");
	record(2, MP_RECORD_EXITED, 0); /* which an exited main does not prove */
	expect(" s - -");
}

static void sidecar_rows(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_NEVER, "ssm");
	expect(" s - -");
	record(0, MP_RECORD_CREATED, 0);
	expect(" s - -");
	record(0, MP_RECORD_RUNNING, 0);
	expect(" - s -");
	record(0, MP_RECORD_EXITED, 0);
	expect(" s - -");
	record(0, MP_RECORD_UNKNOWN, 0);
	expect(" ks - -");
	record(0, MP_RECORD_RUNNING, 0);
	record(1, MP_RECORD_RUNNING, 0);
	expect(" - - s");
	record(2, MP_RECORD_RUNNING, 0);
	record(0, MP_RECORD_NONE, 0); /* lost after initialization */
	expect(" s - -");
	record(0, MP_RECORD_EXITED, 0);
	record(1, MP_RECORD_EXITED, 9);
	expect(" s s -");
	record(2, MP_RECORD_EXITED, 0); /* the last one down: initialization is looked at again */
	expect(" s s -");
}

static void sidecar_startup_gates_by_its_result(void **unused)
{
	struct mp_probe_worker *w;

	(void)unused;
	fresh(MP_RESTART_NEVER, "sm");
	(void)test_pod_probe(&pod.containers[0], MP_PROBE_STARTUP);
	record(0, MP_RECORD_RUNNING, 0);
	expect(" - -");
	w = &node.pod->containers[0].probes[MP_PROBE_STARTUP].worker;
	*w = mp_probe_new(0);
	MP_COPY(w->id, "id0");
	w->has_result = true;
	w->result = MP_KNOWN_FAILURE;
	expect(" ks -");
	w->result = MP_KNOWN_SUCCESS;
	expect(" - s");
	MP_COPY(w->id, "other");
	expect(" - -");
}

static void sandbox_rows(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_ALWAYS, "imm");
	node.pod->sandbox.is_alive = false;
	expect("PC s - -");
	fresh(MP_RESTART_NEVER, "mm");
	node.pod->sandbox.is_alive = false;
	expect("PC s s"); /* Never, but there is no record */
	record(1, MP_RECORD_CREATED, 0);
	expect("P - -");
	node.pod->sandbox.attempt = -1;
	expect("C s s");
	fresh(MP_RESTART_ON_FAILURE, "imm");
	node.pod->sandbox.is_alive = false;
	record(1, MP_RECORD_EXITED, 0);
	record(2, MP_RECORD_EXITED, 0);
	expect("P - - -"); /* nothing left to start */
	record(2, MP_RECORD_EXITED, 1);
	expect("PC s - -");
	pod.containers[2].restart = MP_RESTART_ALWAYS;
	record(2, MP_RECORD_EXITED, 0);
	expect("PC s - -");
	fresh(MP_RESTART_ON_FAILURE, "mm");
	node.pod->sandbox.ip[0] = '\0';
	record(0, MP_RECORD_EXITED, 0);
	expect("PC - s");
}

static void oom_counts_as_failure(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_ON_FAILURE, "im");
	record(0, MP_RECORD_EXITED, 0);
	node.pod->containers[0].rec[0].is_oom = true;
	expect(" s -");
	pod.spec.restart = MP_RESTART_NEVER;
	expect("P - -");
}

static void back_off_looks_at_the_newest_kept_exit(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_ALWAYS, "m");
	record(0, MP_RECORD_RUNNING, 0);
	mp_decide(node.pod, AT(100));
	assert_false(node.pod->containers[0].wanted.has_finished);
	node.pod->containers[0].rec[1] =
		(struct mp_record){ .state = MP_RECORD_EXITED, .finished = AT(5) };
	mp_decide(node.pod, AT(100));
	assert_true(node.pod->containers[0].wanted.finished == AT(5));
	node.pod->containers[0].rec[1].is_pruned = true;
	mp_decide(node.pod, AT(100));
	assert_false(node.pod->containers[0].wanted.has_finished);
}

static const char *say(void)
{
	return mp_pod_describe_wait(node.pod, (struct mp_now){ 0, 1 }, text, sizeof(text));
}

static void waits_between_two_steps_have_a_sentence_too(void **unused)
{
	(void)unused;
	fresh(MP_RESTART_ALWAYS, "m");
	node.pod->worker = MP_WORKER_SYNCING;
	node.pod->sync.step = MP_SYNC_DECIDE;
	assert_string_equal(say(), "the pod is looked at");
	node.pod->sync.step = MP_SYNC_START;
	assert_string_equal(say(), "container m0 is about to be started");
	node.pod->containers[0].kill.is_active = true;
	assert_string_equal(say(), "container m0 is about to be stopped");
	node.pod->containers[0].kill.is_active = false;
	node.pod->worker = MP_WORKER_TERMINATING;
	node.pod->end_step = MP_END_KILL;
	assert_string_equal(say(), "the sandbox could not be stopped and is tried again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(main_rows),
		TEST(init_rows),
		TEST(sidecar_rows),
		TEST(sidecar_startup_gates_by_its_result),
		TEST(sandbox_rows),
		TEST(oom_counts_as_failure),
		TEST(back_off_looks_at_the_newest_kept_exit),
		TEST(waits_between_two_steps_have_a_sentence_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
