/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/providers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lifecycle/names.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"

#define CLAIMS_MAX  64
#define TOKEN_BYTES ((size_t)65536)

/* ---- claims ---------------------------------------------------------------------------------- */

static bool has_all(const struct mp_strings *have, const struct mp_strings *want)
{
	for (size_t i = 0; i < want->n; i++) {
		size_t j = 0;

		while (j < have->n && !mp_streq(have->items[j], want->items[i]))
			j++;
		if (j == have->n)
			return false;
	}
	return true;
}

static const char *mode_of(const char *volume_mode)
{
	return mp_is_empty(volume_mode) ? "Filesystem" : volume_mode;
}

static int64_t storage(const struct mp_resource_list *list)
{
	const struct mp_resource *r = mp_resource_find(list, "storage");

	return r ? mp_quantity_value(&r->quantity) : 0;
}

static bool fits(const struct mp_object *volume, const struct mp_object *claim)
{
	const struct mp_pv *pv = &volume->pv;
	const struct mp_claim *c = &claim->claim;

	return !pv->has_claim_ref &&
	       strcmp(mp_or_empty(pv->storage_class), mp_or_empty(c->storage_class)) == 0 &&
	       strcmp(mode_of(pv->volume_mode), mode_of(c->volume_mode)) == 0 &&
	       has_all(&pv->access_modes, &c->access_modes) &&
	       storage(&pv->capacity) >= storage(&c->resources.requests);
}

static bool is_claimed_by(const struct mp_object *volume, const struct mp_object *claim)
{
	const struct mp_pv *pv = &volume->pv;
	const char *ns = mp_is_empty(pv->claim_namespace) ? "default" : pv->claim_namespace;

	return pv->has_claim_ref && mp_streq(pv->claim_name, claim->name) &&
	       strcmp(ns, claim->namespace_) == 0;
}

static bool has_volume(const struct mp_object *const *taken, size_t n,
		       const struct mp_object *volume)
{
	for (size_t i = 0; i < n; i++)
		if (taken[i] == volume)
			return true;
	return false;
}

/* The volume of one claim when the claims before it have @taken theirs. */
static const struct mp_object *choose(const struct mp_objects *objects,
				      const struct mp_object *claim,
				      const struct mp_object *const *taken, size_t n)
{
	const struct mp_object *named = NULL, *best = NULL;

	for (const struct mp_object *v = objects->first; v; v = v->next) {
		if (v->kind != MP_OBJECT_PV)
			continue;
		if (is_claimed_by(v, claim))
			named = v;
		if (fits(v, claim) && !has_volume(taken, n, v) &&
		    (!best || storage(&v->pv.capacity) < storage(&best->pv.capacity)))
			best = v;
	}
	if (named)
		return named;
	if (!mp_is_empty(claim->claim.volume_name))
		return mp_objects_find(objects, MP_OBJECT_PV, "", claim->claim.volume_name);
	return best;
}

int mp_claim_find(const struct mp_objects *objects, const char *namespace_, const char *claim,
		  const struct mp_object **ret_volume, struct mp_error *err)
{
	const struct mp_object *wanted = mp_objects_find(objects, MP_OBJECT_PVC, namespace_, claim);
	const struct mp_object *taken[CLAIMS_MAX] = { NULL };
	const struct mp_object *volume = NULL;
	size_t n = 0;

	if (!wanted)
		return mp_fail_text(err, ENOENT, "persistentvolumeclaim \"%s\" not found", claim);
	if (strcmp(mode_of(wanted->claim.volume_mode), "Filesystem") != 0)
		return mp_fail_text(err, EOPNOTSUPP,
				    "persistentvolumeclaim \"%s\" asks for a raw block device; use "
				    "a hostPath volume of type BlockDevice",
				    claim);
	for (const struct mp_object *c = objects->first; c && n < CLAIMS_MAX; c = c->next) {
		if (c->kind != MP_OBJECT_PVC)
			continue;
		volume = choose(objects, c, taken, n);
		if (c == wanted)
			break;
		taken[n++] = volume;
	}
	if (!volume || n == CLAIMS_MAX)
		return mp_fail_text(err, ENOENT,
				    "persistentvolumeclaim \"%s\" is bound to no PersistentVolume",
				    claim);
	if (mp_is_empty(volume->pv.path))
		return mp_fail_text(err, ENOENT,
				    "PersistentVolume \"%s\" has neither hostPath.path nor "
				    "local.path",
				    volume->name);
	*ret_volume = volume;
	return 0;
}

/* ---- tokens ------------------------------------------------------------------------------------ */

const char *mp_service_account(const struct mp_pod_spec *spec)
{
	return mp_is_empty(spec->service_account) ? "default" : spec->service_account;
}

static bool wants_token(const struct mp_volume *v, size_t *ret_source)
{
	for (size_t i = 0; v->kind == MP_VOLUME_PROJECTED && i < v->projected.n_sources; i++) {
		if (v->projected.sources[i].has_token) {
			*ret_source = i;
			return true;
		}
	}
	return false;
}

bool mp_volume_is_api_access(const struct mp_volume *v)
{
	return v->kind == MP_VOLUME_PROJECTED && mp_starts_with(v->name, "kube-api-access-");
}

const struct mp_volume *mp_providers_lack_token(const struct mp_pod_spec *spec,
						const struct mp_objects *objects)
{
	size_t source = 0;

	if (mp_objects_token(objects, spec->meta.namespace_, mp_service_account(spec)))
		return NULL;
	for (size_t i = 0; i < spec->n_volumes; i++)
		if (mp_volume_is_api_access(&spec->volumes[i]) &&
		    wants_token(&spec->volumes[i], &source))
			return &spec->volumes[i];
	return NULL;
}

int mp_providers_check(const struct mp_pod_spec *spec, const struct mp_objects *objects,
		       struct mp_error *err)
{
	const char *account = mp_service_account(spec);

	for (size_t i = 0; i < spec->n_volumes; i++) {
		const struct mp_volume *v = &spec->volumes[i];
		const struct mp_object *volume;
		struct mp_error why = MP_ERROR_NONE;
		size_t source = 0;
		int r;

		if (wants_token(v, &source) && !mp_volume_is_api_access(v) &&
		    !mp_objects_token(objects, spec->meta.namespace_, account))
			return mp_fail_text(
				err, ENOENT,
				"spec.volumes[%zu].projected.sources[%zu].serviceAccountToken: there "
				"is no token for service account \"%s\": give one with "
				"--service-account-token FILE, or add a Secret of type "
				"kubernetes.io/service-account-token for it",
				i, source, account);
		if (v->kind != MP_VOLUME_PVC)
			continue;
		r = mp_claim_find(objects, spec->meta.namespace_, v->pvc.claim_name, &volume, &why);
		if (r < 0)
			return mp_fail_text(
				err, -r,
				"spec.volumes[%zu].persistentVolumeClaim.claimName: %s%s%s%s", i,
				why.msg, r == -ENOENT ? ": map it to a directory with --pvc " : "",
				r == -ENOENT ? v->pvc.claim_name : "",
				r == -ENOENT ? "=DIRECTORY, or add the claim and a "
					       "PersistentVolume with a hostPath to the input" :
					       "");
	}
	return 0;
}

/* ---- from the command line ----------------------------------------------------------------------- */

static void begin(struct mp_json *w, const char *kind, const char *namespace_, const char *name)
{
	mp_json_init(w, MP_JSON_COMPACT);
	mp_json_object_begin(w);
	mp_json_put_string(w, "apiVersion", "v1");
	mp_json_put_string(w, "kind", kind);
	mp_json_put_object(w, "metadata");
	mp_json_put_string(w, "name", name);
	if (namespace_)
		mp_json_put_string(w, "namespace", namespace_);
}

/* What was written is read back as if it had been in a file: one decoder for both. */
static int end(struct mp_json *w, struct mp_manifest *m, const char *option, struct mp_error *err)
{
	const struct mp_manifest_options options = { .wall = 0 };
	char name[64];
	size_t len = 0;
	int r = -ENOMEM;

	mp_json_object_end(w);
	(void)snprintf(name, sizeof(name), "%s.json", option);

	const char *text = mp_json_finish(w, &len, &r);

	if (!text)
		r = mp_fail(err, -r, "%s", option);
	else
		r = mp_manifest_load_text(m, name, text, len, &options, err);
	mp_json_done(w);
	return r;
}

static int find_directory(const char *dir, char path[PATH_MAX], struct mp_error *err)
{
	struct stat st;

	if (!realpath(dir, path) || stat(path, &st) < 0)
		return mp_fail(err, errno, "--pvc: %s", dir);
	if (!S_ISDIR(st.st_mode))
		return mp_fail(err, ENOTDIR, "--pvc: %s", dir);
	return 0;
}

static int add_claim(struct mp_manifest *m, const char *namespace_, const char *claim,
		     struct mp_error *err)
{
	struct mp_json w;

	if (mp_objects_find(&m->objects, MP_OBJECT_PVC, namespace_, claim))
		return 0;
	begin(&w, "PersistentVolumeClaim", namespace_, claim);
	mp_json_object_end(&w);
	return end(&w, m, "--pvc", err);
}

/* "local" and not "hostPath": the directory is the claim's alone, so fsGroup may change it. */
static int add_volume(struct mp_manifest *m, const char *namespace_, const char *claim,
		      const char *path, struct mp_error *err)
{
	char name[512];
	struct mp_json w;

	(void)snprintf(name, sizeof(name), "pvc.%s.%s", namespace_, claim);
	if (mp_objects_find(&m->objects, MP_OBJECT_PV, "", name))
		return mp_fail_text(err, EINVAL, "--pvc: claim %s is mapped twice", claim);
	begin(&w, "PersistentVolume", NULL, name);
	mp_json_object_end(&w);
	mp_json_put_object(&w, "spec");
	mp_json_put_object(&w, "claimRef");
	mp_json_put_string(&w, "name", claim);
	mp_json_put_string(&w, "namespace", namespace_);
	mp_json_object_end(&w);
	mp_json_put_object(&w, "local");
	mp_json_put_string(&w, "path", path);
	mp_json_object_end(&w);
	mp_json_object_end(&w);
	return end(&w, m, "--pvc", err);
}

static bool has_claim(const struct mp_pod_spec *spec, const char *claim)
{
	for (size_t i = 0; i < spec->n_volumes; i++)
		if (spec->volumes[i].kind == MP_VOLUME_PVC &&
		    mp_streq(spec->volumes[i].pvc.claim_name, claim))
			return true;
	return false;
}

int mp_providers_map_claim(struct mp_manifest *m, const struct mp_pod_spec *spec,
			   const char *mapping, struct mp_error *err)
{
	const char *namespace_ = spec->meta.namespace_;
	const char *equals = strchr(mapping, '=');
	char name[256] = "", path[PATH_MAX];
	int r;

	if (equals)
		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - mapping), mapping);
	if (!equals || !equals[1] || mp_name_dns_subdomain(name).n > 0)
		return mp_fail_text(err, EINVAL,
				    "--pvc %s: must be NAME=DIRECTORY, where NAME is the claim's",
				    mapping);
	if (!has_claim(spec, name))
		return mp_fail_text(err, EINVAL, "--pvc %s: no volume of the pod has that claim",
				    name);
	r = find_directory(equals + 1, path, err);
	if (r == 0)
		r = add_claim(m, namespace_, name, err);
	return r == 0 ? add_volume(m, namespace_, name, path, err) : r;
}

int mp_providers_add_token(struct mp_manifest *m, const char *namespace_,
			   const char *service_account, const char *file, struct mp_error *err)
{
	char name[300];
	char *text = NULL;
	size_t len = 0;
	struct mp_json w;
	int r = mp_file_read(AT_FDCWD, file, TOKEN_BYTES, &m->arena, &text, &len, err);

	if (r < 0)
		return mp_wrap(err, r, "--service-account-token");
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len == 0)
		return mp_fail_text(err, EINVAL, "--service-account-token: %s is empty", file);
	(void)snprintf(name, sizeof(name), "%s-token", service_account);
	begin(&w, "Secret", namespace_, name);
	mp_json_put_object(&w, "annotations");
	mp_json_put_string(&w, "kubernetes.io/service-account.name", service_account);
	mp_json_object_end(&w);
	mp_json_object_end(&w);
	mp_json_put_string(&w, "type", "kubernetes.io/service-account-token");
	mp_json_put_object(&w, "stringData");
	mp_json_key(&w, "token");
	mp_json_string_len(&w, text, len);
	mp_json_object_end(&w);
	return end(&w, m, "--service-account-token", err);
}
