/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: sim [--seed N] [--cases N] [--steps N] [--seconds N] [--fixed] [--quiet]
 * Lives random pods from seed N on until cases, steps (turns) or seconds are spent. --fixed: the
 * seeds every run of the tests lives through, then one random seed, which it prints. A seed that
 * breaks an invariant is made small and written as a manifest and a script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

static struct mp_sim sim;

void sim_case_run(const struct sim_case *c, bool has_checkpoints, struct sim_result *ret)
{
	static struct sim_check check;
	struct mp_sim_watch watch;

	memset(ret, 0, sizeof(*ret));
	sim_check_init(&check, c, &watch);
	if (mp_sim_init(&sim, &c->spec, &c->script, &watch) < 0) {
		(void)fputs("sim: out of memory\n", stderr);
		exit(2);
	}
	while (!check.is_failed && mp_sim_turn(&sim))
		if (has_checkpoints)
			sim_go_on_from_checkpoint(&sim);
	if (!check.is_failed && !sim.is_finished)
		sim_fail(&check, &sim, "the pod was deleted and does not end");
	if (!check.is_failed && !mp_pod_is_finished(sim.pod))
		sim_fail(&check, &sim, "finished, and the machine does not know");
	ret->is_failed = check.is_failed;
	(void)snprintf(ret->why, sizeof(ret->why), "%s", check.why);
	ret->n_turns = sim.n_turns;
	ret->hash = check.hash;
	ret->span = sim.now.mono;
}

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Where only the output is kept, as in CI, the case must be in it. */
static void copy_out(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[1024];

	(void)printf("--- %s\n", path);
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)fputs(line, stdout);
	if (f != NULL)
		(void)fclose(f);
}

static void report(uint64_t seed, struct sim_result *result)
{
	static struct sim_case c;
	const char *dir = getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR");
	char manifest[256], script[256];

	(void)snprintf(manifest, sizeof(manifest), "%s/sim-%d-pod.json", dir, (int)getpid());
	(void)snprintf(script, sizeof(script), "%s/sim-%d-script.json", dir, (int)getpid());
	(void)printf("seed %llu: %s\n", (unsigned long long)seed, result->why);
	sim_case_make(&c, seed);
	sim_case_shrink(&c, result);
	(void)printf("made small: %s\n", result->why);
	sim_case_print(&c, manifest, script);
	copy_out(manifest);
	copy_out(script);
	(void)printf("again: sim --seed %llu --cases 1; or minipod simulate %s --script %s\n",
		     (unsigned long long)seed, manifest, script);
}

struct spent {
	uint64_t n_cases, n_turns;
	double hours;
};

/* Lives one seed, every 16th one twice, then as a new machine after each turn; false when an invariant broke. */
static bool live(uint64_t seed, struct spent *spent)
{
	static struct sim_case c;
	struct sim_result result, again;

	sim_case_make(&c, seed);
	sim_case_run(&c, false, &result);
	spent->n_cases++;
	spent->n_turns += result.n_turns;
	spent->hours += (double)result.span / 3600e9;
	if (!result.is_failed && seed % 16 == 0) {
		sim_case_run(&c, true, &again);
		if (again.hash != result.hash) {
			(void)printf("seed %llu: two lives of one pod differ\n",
				     (unsigned long long)seed);
			return false;
		}
	}
	if (result.is_failed)
		report(seed, &result);
	return !result.is_failed;
}

static int run(uint64_t seed, uint64_t cases, uint64_t steps, double seconds, const char *name)
{
	const double start = seconds_now();
	struct spent spent = { 0 };
	bool is_good = true;
	double took;

	while (is_good && spent.n_cases < cases && spent.n_turns < steps &&
	       (spent.n_cases % 16 != 0 || seconds_now() - start < seconds))
		is_good = live(seed + spent.n_cases, &spent);
	took = seconds_now() - start;
	(void)printf("# %llu pods, %llu steps in %.1f s (%.0f steps/s), %.1f virtual hours\n",
		     (unsigned long long)spent.n_cases, (unsigned long long)spent.n_turns, took,
		     (double)spent.n_turns / (took > 0 ? took : 1), spent.hours);
	(void)printf("%s %s, seeds %llu to %llu\n", is_good ? "ok" : "not ok", name,
		     (unsigned long long)seed, (unsigned long long)(seed + spent.n_cases - 1));
	(void)fflush(stdout);
	return is_good ? 0 : 1;
}

static uint64_t random_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		seed = (uint64_t)time(NULL);
	return seed >> 24;
}

int main(int argc, char **argv)
{
	uint64_t seed = random_seed(), cases = UINT64_MAX, steps = UINT64_MAX;
	double seconds = 10;
	bool is_fixed = false;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--fixed") == 0) {
			is_fixed = true;
			continue;
		}
		if (value[0] < '0' || value[0] > '9') {
			(void)fprintf(stderr, "usage: sim [--seed N] [--cases N] [--steps N] "
					      "[--seconds N] [--fixed]\n");
			return 2;
		}
		if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--cases") == 0)
			cases = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--steps") == 0)
			steps = strtoull(value, NULL, 0);
		else if (strcmp(argv[i], "--seconds") == 0)
			seconds = strtod(value, NULL);
		i++;
	}
	if (is_fixed) {
		int r = run(1, 400, UINT64_MAX, 600, "fixed seeds");

		r |= run(seed, UINT64_MAX, steps, seconds, "random seeds");
		mp_sim_done(&sim);
		return r;
	}
	if (cases != UINT64_MAX || steps != UINT64_MAX)
		seconds = 1e9;
	seed = seed == 0 ? 1 : seed;
	{
		const int r = run(seed, cases, steps, seconds, "simulation");

		mp_sim_done(&sim);
		return r;
	}
}
