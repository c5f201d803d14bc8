/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/volume_binds.h"

#include <errno.h>
#include <string.h>

#include "lifecycle/env_expand.h"
#include "rootfs/subpath.h"
#include "runtime/assemble.h"
#include "runtime/volume_files.h"

/* struct expr - a subPathExpr while it is expanded. */
struct expr {
	const struct mp_env *env;
	struct mp_arena *arena;
	const char **missing; /* sorted, each once */
	size_t n_missing, max;
};

static void note_missing(struct expr *x, const char *name, size_t len)
{
	const char *text = mp_arena_dup(x->arena, name, len);
	size_t at = 0;

	while (text && at < x->n_missing && strcmp(x->missing[at], text) < 0)
		at++;
	if (!text || x->n_missing == x->max ||
	    (at < x->n_missing && strcmp(x->missing[at], text) == 0))
		return;
	memmove(&x->missing[at + 1], &x->missing[at], (x->n_missing - at) * sizeof(*x->missing));
	x->missing[at] = text;
	x->n_missing++;
}

/* An unset or empty variable is an error, unlike anywhere else. */
static const char *lookup(void *ctx, const char *name, size_t len)
{
	struct expr *x = ctx;

	for (size_t i = 0; i < x->env->n; i++)
		if (strlen(x->env->vars[i].key) == len &&
		    memcmp(x->env->vars[i].key, name, len) == 0 && x->env->vars[i].value[0])
			return x->env->vars[i].value;
	note_missing(x, name, len);
	return "";
}

static int expand(const char *text, const struct mp_env *env, struct mp_arena *arena,
		  const char **ret, struct mp_error *err)
{
	char names[512] = "";
	struct mp_buf list = MP_BUF(names);
	struct expr x = { .env = env, .arena = arena, .max = strlen(text) / 3 + 1 };

	x.missing = mp_arena_alloc(arena, x.max, sizeof(*x.missing));
	*ret = x.missing ? mp_expand_dup(text, lookup, &x, arena) : NULL;
	if (!*ret) {
		(void)mp_fail(err, ENOMEM, "subPathExpr");
		return -ENOMEM;
	}
	for (size_t i = 0; i < x.n_missing; i++)
		mp_buf_addf(&list, "%s%s", i > 0 ? ", " : "", x.missing[i]);
	if (x.n_missing == 0)
		return 0;
	(void)mp_fail_text(err, EINVAL, "missing value for %s", names);
	return -EINVAL;
}

static bool has_backstep(const char *path)
{
	for (const char *at = path; *at;) {
		const char *end = strchrnul(at, '/');

		if (end - at == 2 && at[0] == '.' && at[1] == '.')
			return true;
		at = *end ? end + 1 : end;
	}
	return false;
}

int mp_sub_path(const struct mp_volume_mount *mount, const struct mp_env *env,
		struct mp_arena *arena, const char **ret, struct mp_error *err)
{
	int r = 0;

	*ret = mp_or_empty(mount->sub_path);
	if (!mp_is_empty(mount->sub_path_expr))
		r = expand(mount->sub_path_expr, env, arena, ret, err);
	if (r < 0)
		return r;
	if ((*ret)[0] == '/')
		return mp_fail_text(err, EINVAL, "error SubPath `%s` must not be an absolute path",
				    *ret);
	if (has_backstep(*ret))
		return mp_fail_text(err, EINVAL,
				    "unable to provision SubPath `%s`: must not contain '..'",
				    *ret);
	return 0;
}

/* A claim may be mounted read-only as a whole; generated files are never a container's to change. */
static bool is_readonly_volume(const struct mp_volume *v)
{
	return mp_volume_is_generated(v->kind) || v->kind == MP_VOLUME_IMAGE ||
	       (v->kind == MP_VOLUME_PVC && v->pvc.read_only);
}

int mp_volume_bind(const struct mp_supervisor *sv, const struct mp_container_spec *c,
		   const struct mp_volume_mount *mount, const struct mp_env *env,
		   struct mp_arena *arena, struct mp_bind *ret, int *ret_fd, struct mp_error *err)
{
	const struct mp_volume *v = &sv->spec->volumes[mp_spec_volume(sv->spec, mount->name)];
	const char *sub_path;
	const char *target = mount->mount_path;
	int fd = mp_volume_fd(sv, mount->name);
	int r = mp_sub_path(mount, env, arena, &sub_path, err);

	*ret_fd = -EBADF;
	if (r == 0 && sub_path[0]) {
		r = mp_subpath_open(fd, sub_path, mount->name, c->name, &fd, err);
		if (r == 0)
			*ret_fd = fd;
	}
	if (r < 0)
		return r;
	if (target[0] != '/')
		target = mp_arena_printf(arena, "/%s", target);
	if (!target)
		return mp_fail(err, ENOMEM, "mount path");
	*ret = (struct mp_bind){
		.name = mount->name,
		.target = target,
		.source_fd = fd,
		.is_readonly = mount->read_only || is_readonly_volume(v),
		.is_recursive_readonly = mp_streq(mount->recursive_read_only, "Enabled") ||
					 mp_streq(mount->recursive_read_only, "IfPossible"),
		.is_idmapped = v->kind != MP_VOLUME_IMAGE, /* its layers are */
		.is_pod_local = v->kind != MP_VOLUME_HOST_PATH && v->kind != MP_VOLUME_PVC,
		.propagation = mp_assemble_propagation(mount),
	};
	return 0;
}
