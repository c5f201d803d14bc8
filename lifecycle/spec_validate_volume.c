/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: section 11.7. A volume with any error does not exist for volumeMounts, so that the
 * same mistake shows there again as "Not found", as it does in the API server.
 */
#include <string.h>

#include "lifecycle/spec_check.h"

/* ValidateLocalNonReservedPath of the reference: relative, and not a name of ours ("..data"). */
static void check_payload_path(const char *path, const struct mp_at *at, struct mp_problems *out)
{
	mp_check_relative(out, at, path);
	if (mp_starts_with(path, "..") && !mp_streq(path, "..") && path[2] != '/')
		mp_check_invalid(out, at, path, "must not start with '..'");
}

static void check_required_path(const char *path, const struct mp_at *at, struct mp_problems *out)
{
	if (mp_is_empty(path))
		mp_check_required(out, at, "");
	else
		check_payload_path(path, at, out);
}

static void check_mode(struct mp_opt_int mode, const struct mp_at *at, const char *field,
		       struct mp_problems *out)
{
	mp_check_opt_int(out, MP_AT(at, field), mode, mp_name_file_mode);
}

static void check_key_item(const struct mp_key_item *item, const struct mp_at *at,
			   struct mp_problems *out)
{
	if (mp_is_empty(item->key))
		mp_check_required(out, MP_AT(at, "key"), "");
	check_required_path(item->path, MP_AT(at, "path"), out);
	check_mode(item->mode, at, "mode", out);
}

/* @name_field: what the object's name is called in this kind of source. */
static void check_object(const struct mp_object_volume *v, const char *name_field,
			 const struct mp_at *at, struct mp_problems *out)
{
	if (mp_is_empty(v->name))
		mp_check_required(out, MP_AT(at, name_field), "");
	check_mode(v->default_mode, at, "defaultMode", out);
	for (size_t i = 0; i < v->n_items; i++)
		check_key_item(&v->items[i], MP_AT_INDEX(MP_AT(at, "items"), i), out);
}

/* The API server reports these at the list's owner, without the index. */
static void check_downward_item(const struct mp_downward_item *item, const struct mp_at *at,
				struct mp_problems *out)
{
	check_required_path(item->path, MP_AT(at, "path"), out);
	if (item->field.is_set) {
		mp_check_field_ref(&item->field, MP_AT(at, "fieldRef"), true, out);
		if (item->resource.is_set)
			mp_check_invalid(out, at, "resource",
					 "fieldRef and resourceFieldRef can not be specified "
					 "simultaneously");
	} else if (item->resource.is_set) {
		mp_check_resource_ref(&item->resource, MP_AT(at, "resourceFieldRef"), true, out);
	} else {
		mp_check_required(out, at, "one of fieldRef and resourceFieldRef is required");
	}
	check_mode(item->mode, at, "mode", out);
}

static void check_downward(const struct mp_downward_volume *v, const struct mp_at *at,
			   struct mp_problems *out)
{
	check_mode(v->default_mode, at, "defaultMode", out);
	for (size_t i = 0; i < v->n_items; i++)
		check_downward_item(&v->items[i], at, out);
}

/* Explicit paths must be unique over all sources; @shown is what the error displays. */
static void check_path_once(const char *path, const char *shown, struct mp_string_set *seen,
			    const struct mp_at *at, struct mp_problems *out)
{
	bool is_new = true;

	if (mp_is_empty(path))
		return;
	if (mp_string_set_add(seen, out->arena, path, &is_new) < 0)
		out->is_out_of_memory = true;
	if (!is_new)
		mp_check_invalid(out, at, shown, "conflicting duplicate paths");
}

static void check_projected_object(const struct mp_object_volume *v, const struct mp_at *at,
				   const struct mp_at *volume_at, struct mp_string_set *seen,
				   struct mp_problems *out)
{
	if (mp_is_empty(v->name))
		mp_check_required(out, MP_AT(at, "name"), "");
	for (size_t i = 0; i < v->n_items; i++) {
		check_key_item(&v->items[i], MP_AT_INDEX(MP_AT(at, "items"), i), out);
		check_path_once(v->items[i].path, v->name, seen, volume_at, out);
	}
}

static void check_token(const struct mp_projected_source *s, const struct mp_at *at,
			const struct mp_at *volume_at, struct mp_problems *out)
{
	const struct mp_at *expiry = MP_AT(at, "expirationSeconds");

	if (s->token.expiration_s.v < 600)
		mp_check_invalid_int(out, expiry, s->token.expiration_s.v,
				     "may not specify a duration less than 10 minutes");
	if (s->token.expiration_s.v > INT64_C(1) << 32)
		mp_check_invalid_int(out, expiry, s->token.expiration_s.v,
				     "may not specify a duration larger than 2^32 seconds");
	/* The path is reported at the volume's "projected", as the API server does. */
	check_required_path(s->token.path, MP_AT(volume_at, "path"), out);
}

static void check_projected_source(const struct mp_projected_source *s, const struct mp_at *at,
				   const struct mp_at *volume_at, struct mp_string_set *seen,
				   struct mp_problems *out)
{
	const int n = s->has_secret + s->has_config_map + s->has_downward + s->has_token;

	if (s->has_secret)
		check_projected_object(&s->secret, MP_AT(at, "secret"), volume_at, seen, out);
	if (s->has_config_map)
		check_projected_object(&s->config_map, MP_AT(at, "configMap"), volume_at, seen,
				       out);
	for (size_t i = 0; s->has_downward && i < s->downward.n_items; i++) {
		const struct mp_downward_item *item = &s->downward.items[i];

		check_downward_item(item, MP_AT(at, "downwardAPI"), out);
		check_path_once(item->path, item->path, seen, volume_at, out);
	}
	if (s->has_token)
		check_token(s, MP_AT(at, "serviceAccountToken"), volume_at, out);
	if (n > 1)
		mp_check_forbidden(out, at, "may not specify more than 1 volume type per source");
}

static void check_projected(const struct mp_volume *v, const struct mp_at *at,
			    struct mp_problems *out)
{
	struct mp_string_set seen = { .n = 0 };

	check_mode(v->projected.default_mode, at, "defaultMode", out);
	for (size_t i = 0; i < v->projected.n_sources; i++)
		check_projected_source(&v->projected.sources[i],
				       MP_AT_INDEX(MP_AT(at, "sources"), i), at, &seen, out);
}

static void check_host_path(const struct mp_volume *v, const struct mp_at *at,
			    struct mp_problems *out)
{
	if (mp_is_empty(v->host_path.path)) {
		mp_check_required(out, MP_AT(at, "path"), "");
		return;
	}
	mp_check_no_backsteps(out, MP_AT(at, "path"), v->host_path.path);
	mp_check_one_of(out, MP_AT(at, "type"), v->host_path.type,
			MP_ONE_OF("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate",
				  "File", "FileOrCreate", "Socket"));
}

static const char *kind_field(enum mp_volume_kind kind)
{
	switch (kind) {
	case MP_VOLUME_EMPTY_DIR:
		return "emptyDir";
	case MP_VOLUME_HOST_PATH:
		return "hostPath";
	case MP_VOLUME_SECRET:
		return "secret";
	case MP_VOLUME_PVC:
		return "persistentVolumeClaim";
	case MP_VOLUME_DOWNWARD:
		return "downwardAPI";
	case MP_VOLUME_CONFIG_MAP:
		return "configMap";
	case MP_VOLUME_PROJECTED:
		return "projected";
	case MP_VOLUME_IMAGE:
		return "image";
	case MP_VOLUME_NONE:
		break;
	}
	return "";
}

static void check_source(const struct mp_volume *v, const struct mp_at *volume_at,
			 struct mp_problems *out)
{
	const struct mp_at *at = MP_AT(volume_at, kind_field(v->kind));

	switch (v->kind) {
	case MP_VOLUME_NONE:
		mp_check_required(out, volume_at, "must specify a volume type");
		break;
	case MP_VOLUME_EMPTY_DIR:
		if (v->empty_dir.size_limit.is_set && v->empty_dir.size_limit.nano < 0)
			mp_check_forbidden(out, MP_AT(at, "sizeLimit"),
					   "SizeLimit field must be a valid resource quantity");
		break;
	case MP_VOLUME_HOST_PATH:
		check_host_path(v, at, out);
		break;
	case MP_VOLUME_SECRET:
		check_object(&v->secret, "secretName", at, out);
		break;
	case MP_VOLUME_PVC:
		if (mp_is_empty(v->pvc.claim_name))
			mp_check_required(out, MP_AT(at, "claimName"), "");
		break;
	case MP_VOLUME_DOWNWARD:
		check_downward(&v->downward, at, out);
		break;
	case MP_VOLUME_CONFIG_MAP:
		check_object(&v->config_map, "name", at, out);
		break;
	case MP_VOLUME_PROJECTED:
		check_projected(v, at, out);
		break;
	case MP_VOLUME_IMAGE:
		if (mp_is_empty(v->image.reference))
			mp_check_required(out, MP_AT(at, "reference"), "");
		mp_check_one_of(out, MP_AT(at, "pullPolicy"), v->image.pull_policy,
				MP_ONE_OF("Always", "IfNotPresent", "Never"));
		break;
	}
	if (v->second != MP_VOLUME_NONE)
		mp_check_forbidden(out, MP_AT(volume_at, kind_field(v->second)),
				   "may not specify more than 1 volume type");
}

void mp_check_volumes(const struct mp_pod_spec *spec, const struct mp_at *at,
		      struct mp_string_set *valid, struct mp_problems *out)
{
	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct mp_volume *v = &spec->volumes[i];
		const struct mp_at *volume_at = MP_AT_INDEX(at, i);
		const struct mp_at *name_at = MP_AT(volume_at, "name");
		const size_t before = out->n_reported;
		bool is_new;

		check_source(v, volume_at, out);
		if (mp_is_empty(v->name))
			mp_check_required(out, name_at, "");
		else
			mp_check_faults(out, name_at, v->name, mp_name_dns_label(v->name));
		if (mp_string_set_has(valid, mp_or_empty(v->name)))
			mp_check_duplicate(out, name_at, v->name);
		if (out->n_reported == before &&
		    mp_string_set_add(valid, out->arena, v->name, &is_new) < 0)
			out->is_out_of_memory = true;
	}
}
