/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pod's containers ask for together, and the class that follows from it. Each sum is
 * computed when asked: a spec has few containers and few resources. Source: sections 10.2-10.6.
 */
#include <string.h>

#include "lifecycle/spec.h"

const struct mp_resource *mp_resource_find(const struct mp_resource_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		if (mp_streq(list->items[i].name, name))
			return &list->items[i];
	}
	return NULL;
}

static const struct mp_resource_list *side_of(const struct mp_resources *r,
					      enum mp_resource_side side)
{
	return side == MP_REQUESTS ? &r->requests : &r->limits;
}

static struct mp_quantity quantity_of(const struct mp_resources *r, const char *resource,
				      enum mp_resource_side side)
{
	const struct mp_resource *found = mp_resource_find(side_of(r, side), resource);

	return found ? found->quantity : (struct mp_quantity){ .nano = 0 };
}

static struct mp_quantity larger(struct mp_quantity a, struct mp_quantity b)
{
	if (!a.is_set)
		return b;
	return mp_quantity_cmp(&b, &a) > 0 ? b : a;
}

struct mp_quantity mp_spec_aggregate(const struct mp_pod_spec *spec, const char *resource,
				     enum mp_resource_side side)
{
	struct mp_quantity sidecars = { .nano = 0 }, peak = { .nano = 0 }, sum;

	for (size_t i = 0; i < spec->n_init; i++) {
		const struct mp_container_spec *c = &spec->containers[i];
		const struct mp_quantity own = quantity_of(&c->resources, resource, side);
		const struct mp_quantity step = mp_quantity_add(sidecars, own);

		/* A plain init container runs beside the sidecars before it, then is gone. */
		if (c->kind == MP_KIND_SIDECAR)
			sidecars = step;
		peak = larger(peak, step);
	}
	sum = sidecars;
	for (size_t i = 0; i < spec->n_main; i++) {
		const struct mp_container_spec *c = &spec->containers[spec->n_init + i];

		sum = mp_quantity_add(sum, quantity_of(&c->resources, resource, side));
	}
	return larger(sum, peak);
}

bool mp_spec_is_pod_level(const char *resource)
{
	return mp_streq(resource, "cpu") || mp_streq(resource, "memory") ||
	       mp_starts_with(resource, "hugepages-");
}

struct mp_quantity mp_spec_effective(const struct mp_pod_spec *spec, const char *resource,
				     enum mp_resource_side side)
{
	const struct mp_resource *overhead = mp_resource_find(&spec->overhead, resource);
	struct mp_quantity sum = mp_spec_aggregate(spec, resource, side);

	if (mp_spec_is_pod_level(resource)) {
		const struct mp_quantity own = quantity_of(&spec->resources, resource, side);

		if (own.is_set)
			sum = own;
	}
	/* An unlimited pod stays unlimited. */
	if (overhead && (side == MP_REQUESTS || sum.nano != 0))
		sum = mp_quantity_add(sum, overhead->quantity);
	return sum;
}

struct mp_quantity mp_spec_container_limit(const struct mp_pod_spec *spec,
					   const struct mp_container_spec *c, const char *resource)
{
	struct mp_quantity q = quantity_of(&c->resources, resource, MP_LIMITS);

	if (q.nano == 0 && (mp_streq(resource, "cpu") || mp_streq(resource, "memory")))
		q = quantity_of(&spec->resources, resource, MP_LIMITS);
	return q.nano == 0 ? (struct mp_quantity){ .nano = 0 } : q;
}

bool mp_spec_pod_is_limited(const struct mp_pod_spec *spec, const char *resource)
{
	const size_t n = mp_spec_n_containers(spec);

	if (mp_spec_is_pod_level(resource) &&
	    quantity_of(&spec->resources, resource, MP_LIMITS).nano != 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (quantity_of(&spec->containers[i].resources, resource, MP_LIMITS).nano == 0)
			return false;
	}
	return n > 0;
}

/* What the class rule looks at, added up over resources objects. */
struct qos_sums {
	struct mp_quantity requests[2], limits[2]; /* cpu, memory */
	bool all_limited;                          /* every object limits both */
};

static void add_to_sums(struct qos_sums *s, const struct mp_resources *r)
{
	static const char *const names[] = { "cpu", "memory" };

	for (size_t i = 0; i < 2; i++) {
		const struct mp_quantity request = quantity_of(r, names[i], MP_REQUESTS);
		const struct mp_quantity limit = quantity_of(r, names[i], MP_LIMITS);

		if (request.nano > 0)
			s->requests[i] = mp_quantity_add(s->requests[i], request);
		if (limit.nano > 0)
			s->limits[i] = mp_quantity_add(s->limits[i], limit);
		else
			s->all_limited = false;
	}
}

enum mp_qos mp_spec_qos(const struct mp_pod_spec *spec)
{
	struct qos_sums s = { .all_limited = true };
	const size_t n = mp_spec_n_containers(spec);
	bool has_any = false, is_equal = true;

	if (spec->resources.is_set) {
		add_to_sums(&s, &spec->resources);
	} else {
		for (size_t i = 0; i < n; i++)
			add_to_sums(&s, &spec->containers[i].resources);
	}
	for (size_t i = 0; i < 2; i++) {
		has_any |= s.requests[i].is_set || s.limits[i].is_set;
		is_equal &= mp_quantity_cmp(&s.requests[i], &s.limits[i]) == 0;
	}
	if (!has_any)
		return MP_QOS_BEST_EFFORT;
	return s.all_limited && is_equal ? MP_QOS_GUARANTEED : MP_QOS_BURSTABLE;
}
