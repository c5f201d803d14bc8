/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Environment, and the references to fields and resources that downwardAPI volumes share with
 * it. Source: sections 9.2 and 11.6.
 */
#include <string.h>

#include "lifecycle/spec_check.h"

static const char *const known_paths[] = {
	"metadata.annotations", "metadata.labels",    "metadata.name",
	"metadata.namespace",   "metadata.uid",       "spec.nodeName",
	"spec.restartPolicy",   "spec.schedulerName", "spec.serviceAccountName",
	"status.hostIP",        "status.hostIPs",     "status.phase",
	"status.podIP",         "status.podIPs",
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* "metadata.labels['app']": returns the text in brackets, or NULL when there are none. */
static const char *subscript_of(const char *path, const char **ret_field, struct mp_problems *out)
{
	const char *open = strstr(path, "['");

	if (!open || open == path || !mp_ends_with(open + 2, "']"))
		return NULL;
	*ret_field = mp_check_text(out, "%.*s", (int)(open - path), path);
	return mp_check_text(out, "%.*s", (int)(strlen(open) - 4), open + 2);
}

static const char *lower(struct mp_problems *out, const char *text)
{
	char *copy = mp_arena_strdup(out->arena, text);

	if (!copy) {
		out->is_out_of_memory = true;
		return "";
	}
	for (char *c = copy; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	return copy;
}

static void check_subscript(const struct mp_at *at, const struct mp_at *path_at, const char *path,
			    const char *field, const char *subscript, struct mp_problems *out)
{
	if (mp_streq(field, "metadata.annotations"))
		mp_check_faults(out, at, lower(out, subscript),
				mp_name_qualified(lower(out, subscript)));
	else if (mp_streq(field, "metadata.labels"))
		mp_check_faults(out, at, subscript, mp_name_qualified(subscript));
	else
		mp_check_invalid(out, path_at, path,
				 mp_check_text(out,
					       "error converting fieldPath: field label does not "
					       "support subscript: %s",
					       path));
}

void mp_check_field_ref(const struct mp_field_ref *ref, const struct mp_at *at, bool for_volume,
			struct mp_problems *out)
{
	const struct mp_at *path_at = MP_AT(at, "fieldPath");
	const char *subscript, *field = NULL;
	bool is_known = false;

	if (mp_is_empty(ref->api_version)) {
		mp_check_required(out, MP_AT(at, "apiVersion"), "");
		return;
	}
	if (mp_is_empty(ref->path)) {
		mp_check_required(out, path_at, "");
		return;
	}
	if (!mp_streq(ref->api_version, "v1")) {
		mp_check_invalid(out, path_at, ref->path,
				 mp_check_text(out,
					       "error converting fieldPath: unsupported pod "
					       "version: %s",
					       ref->api_version));
		return;
	}
	subscript = subscript_of(ref->path, &field, out);
	if (subscript) {
		check_subscript(at, path_at, ref->path, field, subscript, out);
		return;
	}
	for (size_t i = 0; i < COUNT(known_paths); i++)
		is_known |= mp_streq(known_paths[i], ref->path);
	if (!is_known)
		mp_check_invalid(out, path_at, ref->path,
				 mp_check_text(out,
					       "error converting fieldPath: field label not "
					       "supported: %s",
					       ref->path));
	else if (for_volume)
		mp_check_one_of(out, path_at, ref->path,
				MP_ONE_OF("metadata.annotations", "metadata.labels",
					  "metadata.name", "metadata.namespace", "metadata.uid"));
	else
		mp_check_one_of(out, path_at, ref->path,
				MP_ONE_OF("metadata.name", "metadata.namespace", "metadata.uid",
					  "spec.nodeName", "spec.serviceAccountName",
					  "status.hostIP", "status.hostIPs", "status.podIP",
					  "status.podIPs"));
}

/* "cpu" of "limits.cpu" or "requests.cpu"; "" for anything else. */
static const char *resource_part(const char *resource)
{
	if (mp_starts_with(resource, "limits."))
		return resource + strlen("limits.");
	return mp_starts_with(resource, "requests.") ? resource + strlen("requests.") : "";
}

static bool is_hugepages(const char *resource)
{
	return mp_starts_with(resource_part(resource), "hugepages-");
}

/* What a divisor's error calls the resource; NULL for one that has no rule of sizes. */
static const char *divisor_noun(const char *resource)
{
	const char *part = resource_part(resource);

	if (is_hugepages(resource))
		return "hugepages";
	if (mp_streq(part, "memory"))
		return "memory";
	return mp_streq(part, "ephemeral-storage") ? "local ephemeral storage" : NULL;
}

static void check_divisor(const struct mp_resource_ref *ref, const struct mp_at *at,
			  struct mp_problems *out)
{
	static const char *const sizes[] = { "1",   "1k",  "1M",  "1G",  "1T",  "1P", "1E",
					     "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei" };
	const char *resource = mp_or_empty(ref->resource);
	const char *noun = divisor_noun(resource);
	char text[MP_QUANTITY_TEXT_MAX];
	bool is_size = false;

	if (!ref->divisor.is_set || ref->divisor.nano == 0)
		return;
	(void)mp_quantity_text(&ref->divisor, text);
	for (size_t i = 0; i < COUNT(sizes); i++)
		is_size |= mp_streq(sizes[i], text);
	if (mp_streq(resource_part(resource), "cpu") && !mp_streq(text, "1") &&
	    !mp_streq(text, "1m"))
		mp_check_invalid(out, at, resource,
				 "only divisor's values 1m and 1 are supported with the cpu "
				 "resource");
	if (noun && !is_size)
		mp_check_invalid(out, at, resource,
				 mp_check_text(out,
					       "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, "
					       "1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with "
					       "the %s resource",
					       noun));
}

void mp_check_resource_ref(const struct mp_resource_ref *ref, const struct mp_at *at,
			   bool for_volume, struct mp_problems *out)
{
	if (for_volume && mp_is_empty(ref->container))
		mp_check_required(out, MP_AT(at, "containerName"), "");
	else if (mp_is_empty(ref->resource))
		mp_check_required(out, MP_AT(at, "resource"), "");
	else if (!is_hugepages(ref->resource))
		mp_check_one_of(out, MP_AT(at, "resource"), ref->resource,
				MP_ONE_OF("limits.cpu", "limits.ephemeral-storage", "limits.memory",
					  "requests.cpu", "requests.ephemeral-storage",
					  "requests.memory"));
	check_divisor(ref, MP_AT(at, "divisor"), out);
}

static void check_key_ref(const struct mp_key_ref *ref, const struct mp_at *at,
			  struct mp_problems *out)
{
	const char *name = mp_or_empty(ref->name);

	mp_check_faults(out, MP_AT(at, "name"), name, mp_name_dns_subdomain(name));
	if (mp_is_empty(ref->key))
		mp_check_required(out, MP_AT(at, "key"), "");
	else
		mp_check_faults(out, MP_AT(at, "key"), ref->key, mp_name_config_key(ref->key));
}

static void check_file_ref(const struct mp_pod_spec *spec, const struct mp_file_key_ref *ref,
			   const struct mp_at *at, struct mp_problems *out)
{
	const struct mp_at *volume_at = MP_AT(at, "volumeName");

	if (mp_is_empty(ref->key))
		mp_check_required(out, MP_AT(at, "key"), "");
	if (mp_is_empty(ref->volume)) {
		mp_check_required(out, volume_at, "");
	} else {
		const int v = mp_spec_volume(spec, ref->volume);

		if (v < 0)
			mp_check_not_found(out, volume_at, ref->volume);
		else if (spec->volumes[v].kind != MP_VOLUME_EMPTY_DIR)
			mp_check_invalid(out, volume_at, ref->volume,
					 "referenced volume must be of type emptyDir");
	}
	if (mp_is_empty(ref->path))
		mp_check_required(out, MP_AT(at, "path"), "");
	else
		mp_check_relative(out, MP_AT(at, "path"), ref->path);
}

static void check_value_from(const struct mp_pod_spec *spec, const struct mp_env_var *env,
			     const struct mp_at *at, struct mp_problems *out)
{
	const int n = env->field.is_set + env->resource.is_set + env->config_map.is_set +
		      env->secret.is_set + env->file.is_set;

	if (env->field.is_set)
		mp_check_field_ref(&env->field, MP_AT(at, "fieldRef"), false, out);
	if (env->resource.is_set)
		mp_check_resource_ref(&env->resource, MP_AT(at, "resourceFieldRef"), false, out);
	if (env->config_map.is_set)
		check_key_ref(&env->config_map, MP_AT(at, "configMapKeyRef"), out);
	if (env->secret.is_set)
		check_key_ref(&env->secret, MP_AT(at, "secretKeyRef"), out);
	if (env->file.is_set)
		check_file_ref(spec, &env->file, MP_AT(at, "fileKeyRef"), out);
	if (n == 0)
		mp_check_invalid(out, at, "",
				 "must specify one of: `fieldRef`, `resourceFieldRef`, "
				 "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
	else if (!mp_is_empty(env->value))
		mp_check_invalid(out, at, "", "may not be specified when `value` is not empty");
	else if (n > 1)
		mp_check_invalid(out, at, "",
				 "may not have more than one field specified at a time");
}

static void check_env_from(const struct mp_env_from *from, const struct mp_at *list_at, size_t i,
			   struct mp_problems *out)
{
	const struct mp_at *at = MP_AT_INDEX(list_at, i);
	const struct {
		bool is_set;
		const char *field, *name;
	} refs[] = {
		{ from->has_config_map, "configMapRef", from->config_map },
		{ from->has_secret, "secretRef", from->secret },
	};

	if (!mp_is_empty(from->prefix))
		mp_check_faults(out, MP_AT(at, "prefix"), from->prefix, mp_name_env(from->prefix));
	for (size_t k = 0; k < COUNT(refs); k++) {
		const struct mp_at *name_at = MP_AT(MP_AT(at, refs[k].field), "name");

		if (refs[k].is_set && mp_is_empty(refs[k].name))
			mp_check_required(out, name_at, "");
		else if (refs[k].is_set)
			mp_check_faults(out, name_at, refs[k].name,
					mp_name_dns_subdomain(refs[k].name));
	}
	/* The API server reports these two without the index. */
	if (!from->has_config_map && !from->has_secret)
		mp_check_invalid(out, list_at, "",
				 "must specify one of: `configMapRef` or `secretRef`");
	else if (from->has_config_map && from->has_secret)
		mp_check_invalid(out, list_at, "",
				 "may not have more than one field specified at a time");
}

void mp_check_env(const struct mp_pod_spec *spec, const struct mp_container_spec *c,
		  const struct mp_at *at, struct mp_problems *out)
{
	for (size_t i = 0; i < c->n_env; i++) {
		const struct mp_env_var *env = &c->env[i];
		const struct mp_at *env_at = MP_AT_INDEX(MP_AT(at, "env"), i);

		if (mp_is_empty(env->name))
			mp_check_required(out, MP_AT(env_at, "name"), "");
		else
			mp_check_faults(out, MP_AT(env_at, "name"), env->name,
					mp_name_env(env->name));
		if (env->has_value_from)
			check_value_from(spec, env, MP_AT(env_at, "valueFrom"), out);
	}
	for (size_t i = 0; i < c->n_env_from; i++)
		check_env_from(&c->env_from[i], MP_AT(at, "envFrom"), i, out);
}
