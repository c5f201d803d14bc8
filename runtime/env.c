/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/env.h"

#include <errno.h>
#include <string.h>

#include "lifecycle/env_expand.h"
#include "runtime/env_file.h"
#include "runtime/providers.h"
#include "runtime/service_env.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *mp_env_get(const struct mp_env *env, const char *name)
{
	for (size_t i = 0; i < env->n; i++)
		if (strcmp(env->vars[i].key, name) == 0)
			return env->vars[i].value;
	return NULL;
}

int mp_env_set(struct mp_env *env, struct mp_arena *arena, const char *name, const char *value)
{
	for (size_t i = 0; i < env->n; i++) {
		if (strcmp(env->vars[i].key, name) == 0) {
			env->vars[i].value = value;
			return 0;
		}
	}
	if (env->n % 16 == 0) {
		struct mp_key_value *more = mp_arena_alloc(arena, env->n + 16, sizeof(*env->vars));

		if (!more)
			return -ENOMEM;
		if (env->n > 0)
			memcpy(more, env->vars, env->n * sizeof(*more));
		env->vars = more;
	}
	env->vars[env->n++] = (struct mp_key_value){ .key = name, .value = value };
	return 0;
}

char **mp_env_vector(const struct mp_env *env, struct mp_arena *arena)
{
	char **list = mp_arena_alloc(arena, env->n + 1, sizeof(*list));

	for (size_t i = 0; list && i < env->n; i++) {
		list[i] = mp_arena_printf(arena, "%s=%s", env->vars[i].key, env->vars[i].value);
		if (!list[i])
			return NULL;
	}
	return list;
}

/* What "$(VAR)" may name: the second counts where the first has nothing. */
struct scope {
	const struct mp_env *env, *more;
};

static const char *lookup(void *ctx, const char *name, size_t len)
{
	const struct scope *scope = ctx;

	for (int k = 0; k < 2; k++) {
		const struct mp_env *env = k == 0 ? scope->env : scope->more;

		for (size_t i = 0; env && i < env->n; i++)
			if (strlen(env->vars[i].key) == len &&
			    memcmp(env->vars[i].key, name, len) == 0)
				return env->vars[i].value;
	}
	return NULL;
}

static char *expand(struct mp_arena *arena, const char *text, const struct mp_env *env,
		    const struct mp_env *more)
{
	struct scope scope = { env, more };

	return mp_expand_dup(text, lookup, &scope, arena);
}

/* ---- references ----------------------------------------------------------------------------- */

static const char *pair_value(const struct mp_key_value *pairs, size_t n, const char *path,
			      struct mp_arena *arena)
{
	const char *open = strchr(path, '\'');
	const char *close = open ? strrchr(path, '\'') : NULL;
	char *key = close && close > open ?
			    mp_arena_dup(arena, open + 1, (size_t)(close - open - 1)) :
			    NULL;

	for (size_t i = 0; key && i < n; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	return "";
}

static const struct mp_key_value *next_pair(const struct mp_key_value *pairs, size_t n,
					    const struct mp_key_value *after)
{
	const struct mp_key_value *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (after && strcmp(pairs[i].key, after->key) <= 0)
			continue;
		if (!best || strcmp(pairs[i].key, best->key) < 0)
			best = &pairs[i];
	}
	return best;
}

/* key="<Go-quoted value>" lines, sorted by key, without a newline at the end. */
static const char *pairs_text(const struct mp_key_value *pairs, size_t n, struct mp_arena *arena)
{
	size_t bytes = 1;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(pairs[i].key) + 10 * strlen(pairs[i].value) + 4;

	char *text = mp_arena_alloc(arena, bytes, 1);
	struct mp_buf out = { .text = text, .size = bytes };

	if (!text)
		return NULL;
	for (const struct mp_key_value *p = next_pair(pairs, n, NULL); p;
	     p = next_pair(pairs, n, p)) {
		if (out.len > 0)
			mp_buf_adds(&out, "\n");
		mp_buf_addf(&out, "%s=", p->key);
		mp_buf_addq(&out, p->value, strlen(p->value));
	}
	return text;
}

static const char *both_ips(const char *ip, const char *ip6, struct mp_arena *arena)
{
	if (ip && ip[0] && ip6 && ip6[0])
		return mp_arena_printf(arena, "%s,%s", ip, ip6);
	return ip && ip[0] ? ip : ip6 ? ip6 : "";
}

const char *mp_field_value(const struct mp_pod_spec *spec, const char *path, bool is_volume,
			   const struct mp_env_facts *facts, struct mp_arena *arena)
{
	const struct mp_object_meta *meta = &spec->meta;

	if (strcmp(path, "metadata.name") == 0)
		return meta->name;
	if (strcmp(path, "metadata.namespace") == 0)
		return meta->namespace_;
	if (strcmp(path, "metadata.uid") == 0)
		return meta->uid;
	if (mp_starts_with(path, "metadata.labels["))
		return pair_value(meta->labels, meta->n_labels, path, arena);
	if (mp_starts_with(path, "metadata.annotations["))
		return pair_value(meta->annotations, meta->n_annotations, path, arena);
	if (is_volume && strcmp(path, "metadata.labels") == 0)
		return pairs_text(meta->labels, meta->n_labels, arena);
	if (is_volume && strcmp(path, "metadata.annotations") == 0)
		return pairs_text(meta->annotations, meta->n_annotations, arena);
	if (strcmp(path, "spec.nodeName") == 0)
		return spec->node_name && spec->node_name[0] ? spec->node_name :
							       facts->node->node_name;
	if (strcmp(path, "spec.serviceAccountName") == 0)
		return mp_service_account(spec); /* admission gives every pod an account */
	if (strcmp(path, "status.hostIP") == 0)
		return facts->node->host_ip;
	if (strcmp(path, "status.hostIPs") == 0)
		return both_ips(facts->node->host_ip, facts->node->host_ip6, arena);
	if (strcmp(path, "status.podIP") == 0)
		return facts->pod_ip ? facts->pod_ip : "";
	if (strcmp(path, "status.podIPs") == 0)
		return both_ips(facts->pod_ip, facts->pod_ip6, arena);
	return NULL;
}

static int64_t capacity(const struct mp_node_facts *node, const char *resource)
{
	if (strcmp(resource, "cpu") == 0)
		return node->cpu_milli;
	if (strcmp(resource, "memory") == 0)
		return node->memory_bytes;
	if (strcmp(resource, "ephemeral-storage") == 0)
		return node->ephemeral_bytes;
	return 0;
}

const char *mp_resource_value(const struct mp_pod_spec *spec, size_t container,
			      const struct mp_resource_ref *ref, bool is_volume,
			      const struct mp_env_facts *facts, struct mp_arena *arena)
{
	const bool is_limit = mp_starts_with(ref->resource, "limits.");
	const char *name = strchr(ref->resource, '.');
	size_t index = container;

	name = name ? name + 1 : ref->resource;
	if (ref->container && ref->container[0]) {
		const int found = mp_spec_container(spec, ref->container);

		if (found < 0)
			return NULL;
		index = (size_t)found;
	}

	const struct mp_resources *own = &spec->containers[index].resources;
	const struct mp_resource *r =
		mp_resource_find(is_limit ? &own->limits : &own->requests, name);
	const bool is_cpu = strcmp(name, "cpu") == 0;

	if (is_limit && !is_volume && (!r || r->quantity.nano == 0))
		r = mp_resource_find(&spec->resources.limits, name);

	int64_t value = 0, divisor = is_cpu ? 1000 : 1;

	if (r && r->quantity.nano != 0)
		value = is_cpu ? mp_quantity_milli(&r->quantity) : mp_quantity_value(&r->quantity);
	else if (is_limit)
		value = capacity(facts->node, name);
	if (ref->divisor.is_set && ref->divisor.nano > 0)
		divisor = is_cpu ? mp_quantity_milli(&ref->divisor) :
				   mp_quantity_value(&ref->divisor);
	value = value / divisor + (value % divisor > 0 ? 1 : 0);
	return mp_arena_printf(arena, "%lld", (long long)value);
}

/* ---- environment ------------------------------------------------------------------------------- */

struct builder {
	const struct mp_pod_spec *spec;
	size_t container;
	const struct mp_env_facts *facts;
	struct mp_arena *arena;
	struct mp_env *env;
	struct mp_env services;
};

/* A Secret's bytes as a variable; a NUL would silently end it. */
static int add_bytes(struct builder *b, const char *name, const struct mp_object_entry *entry,
		     struct mp_error *err)
{
	if (memchr(entry->bytes, '\0', entry->len))
		return mp_fail_text(err, EINVAL,
				    "environment variable %s: the value has a NUL byte; mount it "
				    "as a file instead",
				    name);
	return mp_env_set(b->env, b->arena, name, entry->bytes);
}

static int add_env_from(struct builder *b, const struct mp_env_from *from, struct mp_error *err)
{
	const enum mp_object_kind kind =
		from->has_config_map ? MP_OBJECT_CONFIG_MAP : MP_OBJECT_SECRET;
	const char *name = from->has_config_map ? from->config_map : from->secret;
	const struct mp_object *object =
		mp_objects_find(b->facts->objects, kind, b->spec->meta.namespace_, name);

	if (!object) {
		if (from->is_optional)
			return 0;
		return mp_fail_text(err, EINVAL, "%s \"%s\" not found",
				    from->has_config_map ? "configmap" : "secret", name);
	}
	for (size_t i = 0; i < object->n_entries; i++) {
		const struct mp_object_entry *e = &object->entries[i];
		const char *key = from->prefix && from->prefix[0] ?
					  mp_arena_printf(b->arena, "%s%s", from->prefix, e->key) :
					  e->key;
		int r = 0;

		if (!key)
			return -ENOMEM;
		if (!e->is_binary)
			r = add_bytes(b, key, e, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_key_ref(struct builder *b, const char *name, const struct mp_key_ref *ref,
		       enum mp_object_kind kind, struct mp_error *err)
{
	const bool is_map = kind == MP_OBJECT_CONFIG_MAP;
	const struct mp_object *object =
		mp_objects_find(b->facts->objects, kind, b->spec->meta.namespace_, ref->name);
	const struct mp_object_entry *entry = object ? mp_object_key(object, ref->key) : NULL;

	if (entry && !entry->is_binary)
		return add_bytes(b, name, entry, err);
	if (ref->is_optional)
		return 0;
	if (!object)
		return mp_fail_text(err, EINVAL, "%s \"%s\" not found",
				    is_map ? "configmap" : "secret", ref->name);
	return mp_fail_text(err, EINVAL, "couldn't find key %s in %s %s/%s", ref->key,
			    is_map ? "ConfigMap" : "Secret", b->spec->meta.namespace_, ref->name);
}

static int add_file_ref(struct builder *b, const char *name, const struct mp_file_key_ref *ref,
			struct mp_error *err)
{
	const char *value = NULL;
	char *text = NULL;
	size_t len = 0;
	int r = b->facts->read_file ? b->facts->read_file(b->facts->read_ctx, ref->volume,
							  ref->path, b->arena, &text, &len) :
				      -ENOENT;

	if (r == -ENOENT)
		return mp_fail_text(err, EINVAL,
				    "cannot find the volume \"%s\" referenced by FileKeyRef",
				    ref->volume);
	if (r == 0)
		r = mp_env_file_get(text, len, ref->key, b->arena, &value);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return mp_fail_text(err, EINVAL, "couldn't parse env file");
	if (value && value[0])
		return mp_env_set(b->env, b->arena, name, value);
	if (ref->is_optional)
		return 0;
	return mp_fail_text(err, EINVAL, "environment variable key \"%s\" not found in file \"%s\"",
			    ref->key, ref->path);
}

static int add_var(struct builder *b, const struct mp_env_var *var, struct mp_error *err)
{
	const char *value = "";

	if (var->value && var->value[0]) {
		value = expand(b->arena, var->value, b->env, &b->services);
	} else if (var->config_map.is_set) {
		return add_key_ref(b, var->name, &var->config_map, MP_OBJECT_CONFIG_MAP, err);
	} else if (var->secret.is_set) {
		return add_key_ref(b, var->name, &var->secret, MP_OBJECT_SECRET, err);
	} else if (var->file.is_set) {
		return add_file_ref(b, var->name, &var->file, err);
	} else if (var->field.is_set) {
		value = mp_field_value(b->spec, var->field.path, false, b->facts, b->arena);
	} else if (var->resource.is_set) {
		value = mp_resource_value(b->spec, b->container, &var->resource, false, b->facts,
					  b->arena);
		if (!value)
			return mp_fail_text(err, EINVAL, "container %s not found",
					    var->resource.container);
	}
	return value ? mp_env_set(b->env, b->arena, var->name, value) : -ENOMEM;
}

int mp_env_spec_only(const struct mp_pod_spec *spec, size_t container,
		     const struct mp_env_facts *facts, struct mp_arena *arena, struct mp_env *ret,
		     struct mp_error *err)
{
	const struct mp_container_spec *c = &spec->containers[container];
	struct builder b = { spec, container, facts, arena, ret, { .n = 0 } };
	int r = mp_service_env(spec, facts->objects, arena, &b.services);

	*ret = (struct mp_env){ .n = 0 };
	for (size_t i = 0; i < c->n_env_from && r == 0; i++)
		r = add_env_from(&b, &c->env_from[i], err);
	for (size_t i = 0; i < c->n_env && r == 0; i++)
		r = add_var(&b, &c->env[i], err);
	for (size_t i = 0; i < b.services.n && r == 0; i++)
		if (!mp_env_get(ret, b.services.vars[i].key))
			r = mp_env_set(ret, arena, b.services.vars[i].key,
				       b.services.vars[i].value);
	return r;
}

static int add_image_env(const char *const *list, struct mp_arena *arena, struct mp_env *env)
{
	for (; list && *list; list++) {
		const char *eq = strchr(*list, '=');
		char *name = eq ? mp_arena_dup(arena, *list, (size_t)(eq - *list)) : NULL;

		if (eq && (!name || mp_env_set(env, arena, name, eq + 1) < 0))
			return -ENOMEM;
	}
	return 0;
}

int mp_env_build(const struct mp_pod_spec *spec, size_t container, const struct mp_env_facts *facts,
		 struct mp_arena *arena, struct mp_env *ret, struct mp_error *err)
{
	struct mp_env own, all = { .n = 0 };
	int r = mp_env_spec_only(spec, container, facts, arena, &own, err);

	if (r < 0)
		return r;
	if (mp_env_set(&all, arena, "PATH", DEFAULT_PATH) < 0 ||
	    mp_env_set(&all, arena, "HOSTNAME", facts->hostname) < 0 ||
	    (spec->containers[container].tty && mp_env_set(&all, arena, "TERM", "xterm") < 0) ||
	    add_image_env(facts->image_env, arena, &all) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < own.n; i++)
		if (mp_env_set(&all, arena, own.vars[i].key, own.vars[i].value) < 0)
			return -ENOMEM;
	*ret = all;
	return 0;
}

/* ---- command lines -------------------------------------------------------------------------------- */

static int append(char **argv, size_t *n, const struct mp_strings *list, const struct mp_env *env,
		  struct mp_arena *arena)
{
	for (size_t i = 0; i < list->n; i++) {
		argv[*n] = env ? expand(arena, list->items[i], env, NULL) :
				 mp_arena_strdup(arena, list->items[i]);
		if (!argv[*n])
			return -ENOMEM;
		++*n;
	}
	return 0;
}

int mp_argv_build(const struct mp_container_spec *c, const struct mp_strings *image_entrypoint,
		  const struct mp_strings *image_cmd, const struct mp_env *env,
		  struct mp_arena *arena, char ***ret_argv, struct mp_error *err)
{
	const bool has_command = c->command.n > 0;
	const bool has_args = c->args.n > 0;
	const struct mp_strings *first = has_command ? &c->command : image_entrypoint;
	const struct mp_strings none = { .n = 0 };
	const struct mp_strings *rest = has_args ? &c->args : has_command ? &none : image_cmd;
	char **argv = mp_arena_alloc(arena, first->n + rest->n + 1, sizeof(*argv));
	size_t n = 0;

	if (first->n + rest->n == 0)
		return mp_fail_text(err, EINVAL, "no command specified");
	/* Only what the manifest says is expanded; the image's own words are not. */
	if (!argv || append(argv, &n, first, has_command ? env : NULL, arena) < 0 ||
	    append(argv, &n, rest, has_args ? env : NULL, arena) < 0)
		return -ENOMEM;
	*ret_argv = argv;
	return 0;
}

char **mp_probe_argv(const struct mp_container_spec *c, const struct mp_strings *command,
		     struct mp_arena *arena)
{
	struct mp_env env = { .n = 0 };
	char **argv = mp_arena_alloc(arena, command->n + 1, sizeof(*argv));
	size_t n = 0;

	for (size_t i = 0; i < c->n_env; i++)
		if (!c->env[i].has_value_from &&
		    mp_env_set(&env, arena, c->env[i].name,
			       c->env[i].value ? c->env[i].value : "") < 0)
			return NULL;
	if (!argv || append(argv, &n, command, &env, arena) < 0)
		return NULL;
	return argv;
}

char **mp_strings_argv(const struct mp_strings *list, struct mp_arena *arena)
{
	char **argv = mp_arena_alloc(arena, list->n + 1, sizeof(*argv));
	size_t n = 0;

	return argv && append(argv, &n, list, NULL, arena) == 0 ? argv : NULL;
}
