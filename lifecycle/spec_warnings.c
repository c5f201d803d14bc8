/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API server accepts and warns about, with its texts. Source: section 11.5 and
 * pkg/api/pod/warnings.go of the reference.
 */
#include <string.h>

#include "lifecycle/spec_check.h"

static void warn(struct mp_problems *out, const struct mp_at *at, const char *text)
{
	const char *path = mp_at_text(at, out->arena);

	if (!path)
		out->is_out_of_memory = true;
	mp_problems_add(out, mp_or_empty(path), "%s", text);
}

/* The pod's name becomes its host name, which is one label. */
static void warn_name(const struct mp_object_meta *meta, struct mp_problems *out)
{
	const struct mp_name_faults faults = mp_name_dns_label(mp_or_empty(meta->name));
	const char *list = "";

	if (faults.n == 0 || mp_is_empty(meta->name))
		return;
	for (size_t i = 0; i < faults.n; i++)
		list = mp_check_text(out, "%s%s%s", list, i > 0 ? " " : "", faults.text[i]);
	warn(out, MP_AT(MP_AT(NULL, "metadata"), "name"),
	     mp_check_text(out,
			   "this is used in the Pod's hostname, which can result in surprising "
			   "behavior; a DNS label is recommended: [%s]",
			   list));
}

static void warn_fraction(const struct mp_quantity *q, const struct mp_at *at,
			  struct mp_problems *out)
{
	char text[MP_QUANTITY_TEXT_MAX];

	if (!q->is_set || q->nano % 1000000000 == 0)
		return;
	warn(out, at,
	     mp_check_text(out, "fractional byte value %s is invalid, must be an integer",
			   mp_check_quote(out, mp_quantity_text(q, text))));
}

static void warn_resources(const struct mp_resource_list *list, const struct mp_at *at,
			   struct mp_problems *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct mp_resource *r = &list->items[i];

		if (mp_streq(r->name, "memory") || mp_streq(r->name, "ephemeral-storage"))
			warn_fraction(&r->quantity, MP_AT_KEY(at, r->name), out);
	}
}

/* X="$(X) more" builds on the former value and is fine. */
static bool hides_former(const struct mp_env_var *env, struct mp_problems *out)
{
	const char *reference = mp_check_text(out, "$(%s)", env->name);

	return env->has_value_from || !strstr(mp_or_empty(env->value), reference);
}

static void warn_env(const struct mp_container_spec *c, const struct mp_at *at,
		     struct mp_problems *out)
{
	struct mp_string_set seen = { .n = 0 };

	for (size_t i = 0; i < c->n_env; i++) {
		const struct mp_env_var *env = &c->env[i];
		bool is_new = true;

		if (mp_is_empty(env->name))
			continue;
		if (mp_string_set_add(&seen, out->arena, env->name, &is_new) < 0)
			out->is_out_of_memory = true;
		if (!is_new && hides_former(env, out))
			warn(out, MP_AT_INDEX(at, i),
			     mp_check_text(out,
					   "hides previous definition of %s, which may be dropped "
					   "when using apply",
					   mp_check_quote(out, env->name)));
	}
}

void mp_spec_warnings(const struct mp_pod_spec *spec, struct mp_problems *warnings)
{
	const struct mp_at *at = MP_AT(NULL, "spec");
	const size_t n = mp_spec_n_containers(spec);

	warn_name(&spec->meta, warnings);
	if (spec->had_negative_grace)
		warn(warnings, MP_AT(at, "terminationGracePeriodSeconds"),
		     "must be >= 0; negative values are invalid and will be treated as 1");
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct mp_at *volume = MP_AT_INDEX(MP_AT(at, "volumes"), i);

		if (spec->volumes[i].kind == MP_VOLUME_EMPTY_DIR)
			warn_fraction(&spec->volumes[i].empty_dir.size_limit,
				      MP_AT(MP_AT(volume, "emptyDir"), "sizeLimit"), warnings);
	}
	for (size_t i = 0; i < n; i++) {
		const struct mp_container_spec *c = &spec->containers[i];
		const struct mp_at *c_at =
			i < spec->n_init ? MP_AT_INDEX(MP_AT(at, "initContainers"), i) :
					   MP_AT_INDEX(MP_AT(at, "containers"), i - spec->n_init);

		warn_env(c, MP_AT(c_at, "env"), warnings);
		warn_resources(&c->resources.limits, MP_AT(MP_AT(c_at, "resources"), "limits"),
			       warnings);
		warn_resources(&c->resources.requests, MP_AT(MP_AT(c_at, "resources"), "requests"),
			       warnings);
	}
}
