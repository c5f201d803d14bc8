/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a failing case smaller, one piece at a time, as long as the same invariant breaks. */
#include <string.h>

#include "tests/sim/sim.h"

/* What was broken, without the moment and the numbers. */
static bool is_same(const char *a, const char *b)
{
	const char *x = strstr(a, " s: "), *y = strstr(b, " s: ");

	if (x == NULL || y == NULL)
		return false;
	while (*x != '\0' && *y != '\0') {
		if ((*x >= '0' && *x <= '9') || *x == '-') {
			x++;
			continue;
		}
		if ((*y >= '0' && *y <= '9') || *y == '-') {
			y++;
			continue;
		}
		if (*x++ != *y++)
			return false;
	}
	return true;
}

static bool remove_do(struct sim_case *c, size_t i)
{
	if (i == 0 || i >= c->script.n_dos) /* the last deletion stays */
		return false;
	for (; i + 1 < c->script.n_dos; i++)
		c->dos[i] = c->dos[i + 1];
	c->script.n_dos--;
	return true;
}

static bool clear(void *bytes, size_t n)
{
	static const char zeros[1024];
	const bool is_set = n <= sizeof(zeros) && memcmp(bytes, zeros, n) != 0;

	memset(bytes, 0, n);
	return is_set;
}

#define CLEAR(x) clear(&(x), sizeof(x))

static bool simplify_container(struct sim_case *c, size_t i, size_t way)
{
	struct mp_container_spec *s = &c->containers[i];
	struct mp_sim_container *b = &c->behave[i];

	switch (way) {
	case 0:
	case 1:
	case 2:
		if (!s->probes[way].is_set)
			return false;
		memset(&s->probes[way], 0, sizeof(s->probes[way]));
		b->n_probes[way] = 0;
		return true;
	case 3:
		b->n_hooks[MP_HOOK_PRE_STOP] = 0;
		return CLEAR(s->lifecycle.has_pre_stop);
	case 4:
		b->n_hooks[MP_HOOK_POST_START] = 0;
		return CLEAR(s->lifecycle.has_post_start);
	case 5:
		return CLEAR(s->lifecycle.stop_signal);
	case 6:
		return CLEAR(s->n_rules);
	case 7:
		b->image_error = NULL;
		return CLEAR(b->n_pulls);
	case 8:
		return CLEAR(b->is_image_absent);
	case 9:
		if (b->n_runs < 2)
			return false;
		b->n_runs--;
		return true;
	case 10:
		return b->n_runs == 1 && CLEAR(b->n_runs);
	case 11:
		return CLEAR(b->is_run_cycle);
	case 12:
		return s->kind != MP_KIND_SIDECAR && CLEAR(s->restart);
	default:
		break;
	}
	way -= 13;
	if (way < (size_t)8 * MP_SIM_LIST_MAX) {
		struct mp_sim_run *run = &b->runs[way / 8];

		switch (way % 8) {
		case 0:
			return CLEAR(run->create_takes);
		case 1:
			return CLEAR(run->start_takes);
		case 2:
			return CLEAR(run->is_oom);
		case 3:
			return CLEAR(run->ignores_term);
		case 4:
			return CLEAR(run->term_takes);
		case 5:
			return CLEAR(run->kill_takes);
		case 6:
			return CLEAR(run->create_error);
		default:
			return CLEAR(run->start_error);
		}
	}
	way -= (size_t)8 * MP_SIM_LIST_MAX;
	if (way < 3) {
		if (b->n_probes[way] == 0)
			return false;
		b->n_probes[way]--;
		return true;
	}
	way -= 3;
	if (b->n_hooks[way] == 0)
		return false;
	b->n_hooks[way]--;
	return true;
}

#define CONTAINER_WAYS (13 + 8 * MP_SIM_LIST_MAX + 5)

static bool simplify_pod(struct sim_case *c, size_t way)
{
	switch (way) {
	case 0:
		return CLEAR(c->script.is_warm);
	case 1:
		return CLEAR(c->script.plan_size);
	case 2:
		return CLEAR(c->spec.active_deadline_s);
	case 3:
		return CLEAR(c->spec.n_readiness_gates);
	case 4:
		return CLEAR(c->spec.share_process_namespace);
	case 5:
		return CLEAR(c->script.prepare);
	case 6:
		return CLEAR(c->script.volumes);
	case 7:
		return CLEAR(c->script.sandbox);
	case 8:
		return CLEAR(c->script.stop);
	case 9:
		return CLEAR(c->script.tear_down);
	default:
		return CLEAR(c->script.is_shuffled);
	}
}

#define POD_WAYS 11

static bool change(struct sim_case *c, size_t step)
{
	if (step < SIM_CONTAINERS)
		return sim_case_remove(c, SIM_CONTAINERS - 1 - step);
	step -= SIM_CONTAINERS;
	if (step < SIM_DOS)
		return remove_do(c, SIM_DOS - 1 - step);
	step -= SIM_DOS;
	if (step < POD_WAYS)
		return simplify_pod(c, step);
	step -= POD_WAYS;
	return step / CONTAINER_WAYS < mp_spec_n_containers(&c->spec) &&
	       simplify_container(c, step / CONTAINER_WAYS, step % CONTAINER_WAYS);
}

#define STEPS (SIM_CONTAINERS + SIM_DOS + POD_WAYS + SIM_CONTAINERS * CONTAINER_WAYS)

void sim_case_shrink(struct sim_case *c, struct sim_result *result)
{
	static struct sim_case smaller;
	bool is_better = true;

	while (is_better) {
		is_better = false;
		for (size_t step = 0; step < STEPS; step++) {
			struct sim_result r;

			smaller = *c;
			sim_case_link(&smaller);
			if (!change(&smaller, step))
				continue;
			sim_case_link(&smaller);
			sim_case_run(&smaller, false, &r);
			if (!r.is_failed || !is_same(r.why, result->why))
				continue;
			*c = smaller;
			sim_case_link(c);
			*result = r;
			is_better = true;
		}
	}
}
