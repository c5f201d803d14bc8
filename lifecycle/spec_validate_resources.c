/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and limits: of a container, of the pod, and its overhead. Where the API server walks a
 * Go map, in random order, this walks the manifest's. Source: sections 10.6 and 11.6.
 */
#include <string.h>

#include "lifecycle/spec_check.h"

/* Names without a domain that mean something somewhere in the API, if not for a container. */
static const char *const standard_names[] = {
	"cpu",
	"memory",
	"ephemeral-storage",
	"requests.cpu",
	"requests.memory",
	"requests.ephemeral-storage",
	"limits.cpu",
	"limits.memory",
	"limits.ephemeral-storage",
	"pods",
	"resourcequotas",
	"services",
	"replicationcontrollers",
	"secrets",
	"configmaps",
	"persistentvolumeclaims",
	"storage",
	"requests.storage",
	"services.nodeports",
	"services.loadbalancers",
};

#define COUNT(list)     (sizeof(list) / sizeof((list)[0]))
#define N_FOR_CONTAINER 3 /* the first of the list */

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (mp_streq(name, list[i]))
			return true;
	}
	return false;
}

static bool is_hugepages(const char *name)
{
	return mp_starts_with(name, "hugepages-");
}

/* Without a domain, or with one of the project's own. */
static bool is_native(const char *name)
{
	return !strchr(name, '/') || strstr(name, "kubernetes.io/");
}

static bool is_extended(const char *name, struct mp_problems *out)
{
	if (is_native(name) || mp_starts_with(name, "requests."))
		return false;
	return mp_name_qualified(mp_check_text(out, "requests.%s", name)).n == 0;
}

/* May a request be smaller than the limit? */
static bool is_overcommittable(const char *name)
{
	return is_native(name) && !is_hugepages(name);
}

/* The rules that hold for any resource name; true when nothing was wrong. */
static bool check_any_name(const char *name, const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_name_faults faults = mp_name_qualified(name);

	mp_check_faults(out, at, name, faults);
	if (faults.n > 0)
		return false;
	if (strchr(name, '/') || is_hugepages(name) ||
	    is_one_of(name, standard_names, COUNT(standard_names)))
		return true;
	mp_check_invalid(out, at, name, "must be a standard resource type or fully qualified");
	return false;
}

static void check_container_name(const char *name, const struct mp_at *at, struct mp_problems *out)
{
	(void)check_any_name(name, at, out);
	if (!strchr(name, '/')) {
		if (!is_hugepages(name) && !is_one_of(name, standard_names, N_FOR_CONTAINER))
			mp_check_invalid(out, at, name,
					 "must be a standard resource for containers");
	} else if (!is_native(name) && !is_extended(name, out)) {
		mp_check_invalid(out, at, name, "doesn't follow extended resource name standard");
	}
}

static void check_pod_name(const char *name, const struct mp_at *at, struct mp_problems *out)
{
	if (check_any_name(name, at, out) && !mp_spec_is_pod_level(name))
		mp_check_unsupported(out, at, name, MP_ONE_OF("cpu", "hugepages-", "memory"));
}

static bool is_multiple_of_page(const struct mp_resource *r)
{
	struct mp_quantity size;

	if (mp_quantity_parse(r->name + strlen("hugepages-"), &size, NULL) < 0)
		return false;
	if (size.nano <= 0 || mp_quantity_milli(&size) % 1000 != 0)
		return false;
	return mp_quantity_value(&r->quantity) % mp_quantity_value(&size) == 0;
}

static void check_quantity(const struct mp_resource *r, const struct mp_at *at,
			   struct mp_problems *out)
{
	char text[MP_QUANTITY_TEXT_MAX];

	(void)mp_quantity_text(&r->quantity, text);
	if (r->quantity.nano < 0)
		mp_check_invalid(out, at, text, "must be greater than or equal to 0");
	if (is_extended(r->name, out) && mp_quantity_milli(&r->quantity) % 1000 != 0)
		mp_check_invalid(out, at, text, "must be an integer");
	if (is_hugepages(r->name) && !is_multiple_of_page(r))
		mp_check_invalid(out, at, text,
				 mp_check_text(out, "%s is not positive integer multiple of %s",
					       text, r->name));
}

static void check_against_limit(const struct mp_resources *all, const struct mp_resource *request,
				const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_resource *limit = mp_resource_find(&all->limits, request->name);
	char text[MP_QUANTITY_TEXT_MAX], limit_text[MP_QUANTITY_TEXT_MAX];
	int order;

	if (!limit) {
		if (!is_overcommittable(request->name))
			mp_check_required(out, MP_AT(at, "limits"),
					  "Limit must be set for non overcommitable resources");
		return;
	}
	order = mp_quantity_cmp(&request->quantity, &limit->quantity);
	(void)mp_quantity_text(&request->quantity, text);
	(void)mp_quantity_text(&limit->quantity, limit_text);
	if (order != 0 && !is_overcommittable(request->name))
		mp_check_invalid(out, MP_AT(at, "requests"), text,
				 mp_check_text(out, "must be equal to %s limit of %s",
					       request->name, limit_text));
	else if (order > 0)
		mp_check_invalid(out, MP_AT(at, "requests"), text,
				 mp_check_text(out, "must be less than or equal to %s limit of %s",
					       request->name, limit_text));
}

/* Whether a list names huge pages, and what they cannot be without. */
struct list_facts {
	bool has_hugepages, has_cpu_or_memory;
};

static void note(struct list_facts *facts, const char *name)
{
	facts->has_hugepages |= is_hugepages(name);
	facts->has_cpu_or_memory |= mp_streq(name, "cpu") || mp_streq(name, "memory");
}

typedef void check_name(const char *name, const struct mp_at *at, struct mp_problems *out);

static void check_lists(const struct mp_resources *r, check_name *name_rule, const struct mp_at *at,
			struct mp_problems *out)
{
	struct list_facts facts = { .has_hugepages = false };

	for (size_t i = 0; i < r->limits.n; i++) {
		const struct mp_resource *item = &r->limits.items[i];
		const struct mp_at *item_at = MP_AT_KEY(MP_AT(at, "limits"), item->name);

		name_rule(item->name, item_at, out);
		check_quantity(item, item_at, out);
		note(&facts, item->name);
	}
	for (size_t i = 0; i < r->requests.n; i++) {
		const struct mp_resource *item = &r->requests.items[i];
		const struct mp_at *item_at = MP_AT_KEY(MP_AT(at, "requests"), item->name);

		name_rule(item->name, item_at, out);
		check_quantity(item, item_at, out);
		check_against_limit(r, item, at, out);
		note(&facts, item->name);
	}
	if (facts.has_hugepages && !facts.has_cpu_or_memory)
		mp_check_forbidden(out, at, "HugePages require cpu or memory");
}

void mp_check_resources(const struct mp_resources *r, const struct mp_at *at,
			struct mp_problems *out)
{
	check_lists(r, check_container_name, at, out);
}

void mp_check_overhead(const struct mp_resource_list *overhead, const struct mp_at *at,
		       struct mp_problems *out)
{
	const struct mp_resources as_limits = { .limits = *overhead };

	check_lists(&as_limits, check_container_name, at, out);
}

/* Pod-level requests cover what the containers ask for together. */
static void check_sum(const struct mp_pod_spec *spec, const char *name, const struct mp_at *at,
		      struct mp_problems *out)
{
	const struct mp_resource *found = mp_resource_find(&spec->resources.requests, name);
	const struct mp_quantity own = found ? found->quantity : (struct mp_quantity){ .nano = 0 };
	const struct mp_quantity sum = mp_spec_aggregate(spec, name, MP_REQUESTS);
	char text[MP_QUANTITY_TEXT_MAX], sum_text[MP_QUANTITY_TEXT_MAX];

	if (mp_quantity_cmp(&sum, &own) <= 0)
		return;
	mp_check_invalid(out, MP_AT_KEY(MP_AT(at, "requests"), name), mp_quantity_text(&own, text),
			 mp_check_text(out,
				       "must be greater than or equal to aggregate container "
				       "requests of %s",
				       mp_quantity_text(&sum, sum_text)));
}

static void check_sums(const struct mp_pod_spec *spec, const struct mp_at *at,
		       struct mp_problems *out)
{
	const size_t n = mp_spec_n_containers(spec);

	for (size_t c = 0; c < n; c++) {
		const struct mp_resource_list *list = &spec->containers[c].resources.requests;

		/* A name that several containers use is reported once: duplicates vanish. */
		for (size_t i = 0; i < list->n; i++) {
			if (mp_spec_is_pod_level(list->items[i].name))
				check_sum(spec, list->items[i].name, at, out);
		}
	}
}

static void check_container_limits(const struct mp_pod_spec *spec, const struct mp_at *at,
				   struct mp_problems *out)
{
	char text[MP_QUANTITY_TEXT_MAX], pod_text[MP_QUANTITY_TEXT_MAX];

	for (size_t c = 0; c < spec->n_main; c++) {
		const struct mp_resource_list *list =
			&spec->containers[spec->n_init + c].resources.limits;

		for (size_t i = 0; i < list->n; i++) {
			const struct mp_resource *own = &list->items[i];
			const struct mp_resource *pod =
				mp_resource_find(&spec->resources.limits, own->name);

			if (!pod || mp_quantity_cmp(&own->quantity, &pod->quantity) <= 0)
				continue;
			mp_check_invalid(
				out,
				MP_AT(MP_AT_KEY(MP_AT_INDEX(MP_AT(at, "containers"), c), own->name),
				      "limits"),
				mp_quantity_text(&own->quantity, text),
				mp_check_text(out, "must be less than or equal to pod limits of %s",
					      mp_quantity_text(&pod->quantity, pod_text)));
		}
	}
}

void mp_check_pod_resources(const struct mp_pod_spec *spec, const struct mp_at *at,
			    struct mp_problems *out)
{
	if (!spec->resources.is_set)
		return;
	check_lists(&spec->resources, check_pod_name, at, out);
	check_sums(spec, at, out);
	check_container_limits(spec, at, out);
}
