/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts of simulated pods: what is read, and what is refused with which sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/sim_script.h"
#include "tests/support/pod_spec.h"

static struct test_pod pod;
static struct mp_arena arena;
static struct mp_sim_script script;
static struct mp_error err;

static int parse(const char *text)
{
	err = MP_ERROR_NONE;
	(void)test_pod_init(&pod, MP_RESTART_ALWAYS);
	(void)test_pod_add(&pod, MP_KIND_SIDECAR, "side");
	(void)test_pod_add(&pod, MP_KIND_MAIN, "web");
	return mp_sim_script_parse(&arena, "s", text, strlen(text), &pod.spec, &script, &err);
}

static int done(void **unused)
{
	(void)unused;
	mp_arena_done(&arena);
	return 0;
}

static void every_field_of_a_container_is_read(void **unused)
{
	static const char text[] =
		"seed: '7'\nshuffle: true\nwarm: true\nplanSize: 20\n"
		"sandbox: {takes: 200ms, failures: 2}\n"
		"containers:\n"
		"  web:\n"
		"    imageAbsent: true\n"
		"    imageError: broken\n"
		"    imageReason: InvalidImageName\n"
		"    pulls: [{takes: 2s, error: gone}, {}]\n"
		"    instancesCycle: true\n"
		"    instances: [{lasts: 3s, exitCode: 1, oom: true, message: m, createTakes: 1s,"
		" startTakes: 2s}, {ignoresTerm: true, termTakes: 4s, termCode: 143, killTakes: 5s},"
		" {createError: bad, createReason: CreateContainerConfigError}, {startError: bad}]\n"
		"    postStart: [{takes: never}]\n"
		"    preStop: [{error: bad}, {fallback: 'h:1'}]\n"
		"    liveness: [{outcome: failure, output: o, times: 3, takes: 1m}]\n"
		"    livenessCycle: true\n";
	const struct mp_sim_container *c;

	(void)unused;
	assert_int_equal(parse(text), 0);
	assert_int_equal(script.seed, 7);
	assert_true(script.is_shuffled && script.is_warm);
	assert_int_equal(script.plan_size, 20);
	assert_int_equal(script.sandbox.takes, mp_seconds(1) / 5);
	assert_int_equal(script.sandbox.failures, 2);
	assert_int_equal(script.containers[0].n_runs, 0);
	c = &script.containers[1];
	assert_true(c->is_image_absent && c->is_run_cycle);
	assert_string_equal(c->image_error, "broken");
	assert_string_equal(c->image_reason, "InvalidImageName");
	assert_int_equal(c->n_pulls, 2);
	assert_string_equal(c->pulls[0].reason, "ErrImagePull");
	assert_null(c->pulls[1].error);
	assert_int_equal(c->n_runs, 4);
	assert_int_equal(c->runs[0].lasts, mp_seconds(3));
	assert_int_equal(c->runs[0].code, 1);
	assert_true(c->runs[0].is_oom);
	assert_string_equal(c->runs[0].message, "m");
	assert_int_equal(c->runs[0].create_takes, mp_seconds(1));
	assert_int_equal(c->runs[0].start_takes, mp_seconds(2));
	assert_true(c->runs[1].ignores_term);
	assert_int_equal(c->runs[1].lasts, MP_NSEC_NEVER);
	assert_int_equal(c->runs[1].term_takes, mp_seconds(4));
	assert_int_equal(c->runs[1].term_code, 143);
	assert_int_equal(c->runs[1].kill_takes, mp_seconds(5));
	assert_string_equal(c->runs[2].create_reason, "CreateContainerConfigError");
	assert_string_equal(c->runs[3].start_error, "bad");
	assert_int_equal(c->hooks[MP_HOOK_POST_START][0].takes, MP_NSEC_NEVER);
	assert_string_equal(c->hooks[MP_HOOK_PRE_STOP][0].error, "bad");
	assert_string_equal(c->hooks[MP_HOOK_PRE_STOP][1].fallback, "h:1");
	assert_int_equal(c->probes[MP_PROBE_LIVENESS][0].outcome, MP_PROBE_FAILURE);
	assert_int_equal(c->probes[MP_PROBE_LIVENESS][0].times, 3);
	assert_int_equal(c->probes[MP_PROBE_LIVENESS][0].takes, mp_seconds(60));
	assert_true(c->is_probe_cycle[MP_PROBE_LIVENESS]);
}

static void every_step_is_read(void **unused)
{
	static const char text[] = "do:\n"
				   "- {at: 1s, delete: {graceSeconds: 5, force: true}}\n"
				   "- {at: 2s, condition: {type: a/b, status: 'True'}}\n"
				   "- {at: 3s, evict: {message: m}}\n"
				   "- {at: 4s, reject: {reason: r, message: m}}\n"
				   "- {at: 5s, killPause: {}}\n"
				   "- {at: 6s, recover: {after: 3s, known: true, survives: true}}\n"
				   "- {at: 7s, clock: {by: '-1h'}}\n"
				   "- {at: 8s, exit: {container: web, code: 3, oom: true}}\n"
				   "- {at: 9s, definitionChanged: {container: side}}\n";
	const struct mp_sim_do *d;

	(void)unused;
	assert_int_equal(parse(text), 0);
	assert_int_equal(script.n_dos, 9);
	d = script.dos;
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(d[i].at, mp_seconds((int64_t)i + 1));
	assert_int_equal(d[0].type, MP_SIM_DO_DELETE);
	assert_true(d[0].grace_s.is_set && d[0].grace_s.v == 5 && d[0].is_forced);
	assert_int_equal(d[1].type, MP_SIM_DO_CONDITION);
	assert_string_equal(d[1].text[1], "True");
	assert_int_equal(d[2].type, MP_SIM_DO_EVICT);
	assert_int_equal(d[3].type, MP_SIM_DO_REJECT);
	assert_int_equal(d[4].type, MP_SIM_DO_KILL_PAUSE);
	assert_int_equal(d[5].type, MP_SIM_DO_RECOVER);
	assert_true(d[5].is_known && d[5].is_surviving && d[5].span == mp_seconds(3));
	assert_int_equal(d[6].span, -mp_seconds(3600));
	assert_int_equal(d[7].container, 1);
	assert_true(d[7].code == 3 && d[7].is_oom);
	assert_int_equal(d[8].type, MP_SIM_DO_DEFINITION);
	assert_int_equal(d[8].container, 0);
}

static void what_is_wrong_is_named_with_its_place(void **unused)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "- 1\n", "s:1:1: expected an object, found array" },
		{ "sed: 1\n", "s:1:6: unknown field \"sed\", did you mean \"seed\"?" },
		{ "seed: x\n", "s:1:7: seed: expected a number" },
		{ "shuffle: 1\n", "s:1:10: shuffle: expected true or false" },
		{ "planSize: 65\n", "s:1:11: planSize: expected a whole number from 0 to 64" },
		{ "containers: []\n", "s:1:13: containers: expected an object, by container name" },
		{ "containers: {wb: {}}\n", "s:1:18: the pod has no container \"wb\"" },
		{ "containers: {web: {instances: {}}}\n",
		  "s:1:31: instances: expected a list of at most 8" },
		{ "containers: {web: {instances: [{lasts: soon}]}}\n",
		  "s:1:40: lasts: 'soon' is not a duration such as 30s or 1m30s" },
		{ "containers: {web: {instances: [{lasts: []}]}}\n",
		  "s:1:40: lasts: expected a duration, like \"1m30s\"" },
		{ "containers: {web: {instances: [{exitCode: 256}]}}\n",
		  "s:1:43: exitCode: expected a whole number from 0 to 255" },
		{ "containers: {web: {liveness: [{outcome: bad}]}}\n",
		  "s:1:31: outcome: expected success, warning, failure, error or unreadable" },
		{ "containers: {web: {pulls: [{error: 1}]}}\n",
		  "s:1:36: error: expected a string" },
		{ "do: [{at: 1s}]\n",
		  "s:1:6: what is to be done? One of delete, condition, evict, reject, killPause, "
		  "recover, clock, exit, definitionChanged" },
		{ "do: [{at: 1s, killPause: {}, delete: {}}]\n",
		  "s:1:6: one thing at a time; another step may have the same \"at\"" },
		{ "do: [{at: 1s, exit: {container: x}}]\n",
		  "s:1:21: container: the pod has no \"x\"" },
		{ "do: [{at: 1s, condition: {type: a}}]\n",
		  "s:1:26: a condition has a type and a status" },
		{ "do: [{at: 1s, evict: {}}]\n", "s:1:22: an eviction has a message" },
		{ "do: [{at: 1s, reject: {}}]\n",
		  "s:1:23: a rejection has a reason and a message" },
		{ "do: [{at: 1s, delete: {graceSeconds: -1}}]\n",
		  "s:1:38: graceSeconds: expected a whole number from 0 to 2147483647" },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(parse(cases[i].text) < 0);
		assert_string_equal(err.msg, cases[i].sentence);
	}
}

static void without_a_script_everything_works(void **unused)
{
	(void)unused;
	(void)parse("{}");
	assert_int_equal(mp_sim_script_none(&arena, &pod.spec, &script, &err), 0);
	assert_int_equal(script.n_dos, 0);
	assert_int_equal(script.containers[1].n_runs, 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_a_container_is_read),
		TEST(every_step_is_read),
		TEST(what_is_wrong_is_named_with_its_place),
		TEST(without_a_script_everything_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
