/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Features that decode and validate but that this build does not have. One row is one feature:
 * who uses it, where, and what to do instead. Giving minipod the feature deletes the row.
 */
#include <string.h>

#include "lifecycle/spec_check.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- pod ------------------------------------------------------------------------------ */

struct pod_row {
	bool (*uses)(const struct mp_pod_spec *spec);
	const char *parent, *field; /* below spec; parent may be NULL */
	const char *sentence;
};

static bool uses_gates(const struct mp_pod_spec *spec)
{
	return spec->n_scheduling_gates > 0;
}

static const struct pod_row pod_rows[] = {
	{ uses_gates, NULL, "schedulingGates",
	  "the pod is held back by scheduling gates; remove them to run it" },
};

static void refuse_pod(const struct mp_pod_spec *spec, const struct mp_at *at,
		       struct mp_problems *out)
{
	for (size_t i = 0; i < COUNT(pod_rows); i++) {
		const struct pod_row *row = &pod_rows[i];
		const struct mp_at *parent = row->parent ? MP_AT(at, row->parent) : at;

		if (row->uses(spec))
			mp_check_forbidden(out, MP_AT(parent, row->field), row->sentence);
	}
}

/* ---- containers ----------------------------------------------------------------------- */

struct container_row {
	bool (*uses)(const struct mp_container_spec *c);
	const char *parent, *field; /* below the container */
	const char *sentence;
};

static bool uses_extended_resource(const struct mp_container_spec *c)
{
	for (size_t i = 0; i < c->resources.limits.n; i++) {
		if (strchr(c->resources.limits.items[i].name, '/'))
			return true;
	}
	return false;
}

static const struct container_row container_rows[] = {
	{ uses_extended_resource, "resources", "limits",
	  "minipod has no extended resources: nothing here provides such a device; ask for cpu, "
	  "memory, ephemeral-storage or hugepages only" },
};

static void refuse_ports(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
			 const struct mp_at *at, struct mp_problems *out)
{
	for (size_t i = 0; i < c->n_ports && !spec->host_network; i++) {
		if (c->ports[i].host_port != 0)
			mp_check_forbidden(
				out, MP_AT(MP_AT_INDEX(MP_AT(at, "ports"), i), "hostPort"),
				"minipod forwards no host ports; set hostNetwork: true or connect "
				"to the pod's address");
	}
}

static void refuse_container(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
			     const struct mp_at *at, struct mp_problems *out)
{
	for (size_t i = 0; i < COUNT(container_rows); i++) {
		const struct container_row *row = &container_rows[i];

		if (row->uses(c))
			mp_check_forbidden(out, MP_AT(MP_AT(at, row->parent), row->field),
					   row->sentence);
	}
	refuse_ports(spec, c, at, out);
}

/* ---- volumes -------------------------------------------------------------------------- */

struct volume_row {
	bool (*uses)(const struct mp_volume *v);
	const char *field, *child; /* below the volume; child may be NULL */
	const char *sentence;
};

/* Which page sizes there are is the machine's: mounting the volume finds out. */
static bool uses_unknown_medium(const struct mp_volume *v)
{
	const char *medium = mp_or_empty(v->empty_dir.medium);

	return v->kind == MP_VOLUME_EMPTY_DIR && medium[0] && !mp_streq(medium, "Memory") &&
	       !mp_streq(medium, "HugePages") && !mp_starts_with(medium, "HugePages-");
}

static const struct volume_row volume_rows[] = {
	{ uses_unknown_medium, "emptyDir", "medium",
	  "unknown storage medium; use Memory, HugePages or leave it out" },
};

static void refuse_volume(const struct mp_volume *v, const struct mp_at *at,
			  struct mp_problems *out)
{
	for (size_t i = 0; i < COUNT(volume_rows); i++) {
		const struct volume_row *row = &volume_rows[i];
		const struct mp_at *field = MP_AT(at, row->field);

		if (row->uses(v))
			mp_check_forbidden(out, row->child ? MP_AT(field, row->child) : field,
					   row->sentence);
	}
}

void mp_spec_refuse_later(const struct mp_pod_spec *spec, struct mp_problems *problems)
{
	const struct mp_at *at = MP_AT(NULL, "spec");

	refuse_pod(spec, at, problems);
	for (size_t i = 0; i < spec->n_init; i++)
		refuse_container(spec, &spec->containers[i],
				 MP_AT_INDEX(MP_AT(at, "initContainers"), i), problems);
	for (size_t i = 0; i < spec->n_main; i++)
		refuse_container(spec, &spec->containers[spec->n_init + i],
				 MP_AT_INDEX(MP_AT(at, "containers"), i), problems);
	for (size_t i = 0; i < spec->n_volumes; i++)
		refuse_volume(&spec->volumes[i], MP_AT_INDEX(MP_AT(at, "volumes"), i), problems);
}
