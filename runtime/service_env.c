/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/service_env.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* The name of a Service or a port as a part of a variable's name. */
static const char *upper(struct mp_arena *arena, const char *name)
{
	char *text = mp_arena_strdup(arena, name);

	for (char *c = text; c && *c; c++)
		*c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	return text;
}

static int set(struct mp_env *env, struct mp_arena *arena, const char *name, const char *value)
{
	return name && value ? mp_env_set(env, arena, name, value) : -ENOMEM;
}

static const char *lower(struct mp_arena *arena, const char *text)
{
	char *copy = mp_arena_strdup(arena, text);

	for (char *c = copy; c && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	return copy;
}

/* FOO_PORT_80_TCP and what hangs on it; the first port also as FOO_PORT. */
static int add_port_links(struct mp_env *env, struct mp_arena *arena, const char *name,
			  const struct mp_object *service, const char *ip, size_t i)
{
	const struct mp_service_port *port = &service->service.ports[i];
	const bool is_v6 = strchr(ip, ':') != NULL;
	const char *protocol = port->protocol && port->protocol[0] ? port->protocol : "TCP";
	const char *word = lower(arena, protocol);
	const char *base =
		mp_arena_printf(arena, "%s_PORT_%lld_%s", name, (long long)port->port, protocol);
	const char *number = mp_arena_printf(arena, "%lld", (long long)port->port);
	const char *url =
		mp_arena_printf(arena, "%s://%s%s%s:%lld", word ? word : "", is_v6 ? "[" : "", ip,
				is_v6 ? "]" : "", (long long)port->port);

	if (!base || !word)
		return -ENOMEM;
	if (i == 0 && set(env, arena, mp_arena_printf(arena, "%s_PORT", name), url) < 0)
		return -ENOMEM;
	if (set(env, arena, base, url) < 0 ||
	    set(env, arena, mp_arena_printf(arena, "%s_PROTO", base), word) < 0 ||
	    set(env, arena, mp_arena_printf(arena, "%s_PORT", base), number) < 0 ||
	    set(env, arena, mp_arena_printf(arena, "%s_ADDR", base), ip) < 0)
		return -ENOMEM;
	return 0;
}

/*
 * The API server allocates an address where none is given. Nobody answers at it here, as at any
 * other: it has to be the same for all pods of a namespace, so it follows from the name.
 */
static const char *address_of(struct mp_arena *arena, const struct mp_object *o)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	if (!mp_is_empty(o->service.cluster_ip))
		return o->service.cluster_ip;
	for (const char *c = o->namespace_; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	hash = (hash ^ '/') * 16777619U;
	for (const char *c = o->name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619U;
	return mp_arena_printf(arena, "10.%u.%u.%u", 96 + (hash >> 24) % 16, (hash >> 16) % 256,
			       1 + (hash >> 8) % 254);
}

static int add_service(struct mp_env *env, struct mp_arena *arena, const struct mp_object *service)
{
	const struct mp_service *s = &service->service;
	const char *name = upper(arena, service->name);
	const char *ip = address_of(arena, service);
	int r = name && ip ? set(env, arena, mp_arena_printf(arena, "%s_SERVICE_HOST", name), ip) :
			     -ENOMEM;

	for (size_t i = 0; i < s->n_ports && r == 0; i++) {
		const struct mp_service_port *port = &s->ports[i];
		const char *number = mp_arena_printf(arena, "%lld", (long long)port->port);

		if (i == 0)
			r = set(env, arena, mp_arena_printf(arena, "%s_SERVICE_PORT", name),
				number);
		if (r == 0 && port->name && port->name[0]) {
			const char *word = upper(arena, port->name);

			r = word ? set(env, arena,
				       mp_arena_printf(arena, "%s_SERVICE_PORT_%s", name, word),
				       number) :
				   -ENOMEM;
		}
	}
	for (size_t i = 0; i < s->n_ports && r == 0; i++)
		r = add_port_links(env, arena, name, service, ip, i);
	return r;
}

static bool has_address(const struct mp_object *o)
{
	return o->kind == MP_OBJECT_SERVICE && !mp_streq(o->service.cluster_ip, "None") &&
	       !mp_streq(o->service.type, "ExternalName");
}

static bool is_master(const struct mp_object *o)
{
	return mp_streq(o->namespace_, "default") && mp_streq(o->name, "kubernetes");
}

int mp_service_env(const struct mp_pod_spec *spec, const struct mp_objects *objects,
		   struct mp_arena *arena, struct mp_env *env)
{
	const bool has_links = spec->enable_service_links != MP_FALSE;
	bool has_own = false; /* a "kubernetes" of the pod's own namespace wins */
	int r = 0;

	for (const struct mp_object *o = objects ? objects->first : NULL; o && r == 0;
	     o = o->next) {
		if (!has_address(o) || !has_links ||
		    !mp_streq(o->namespace_, spec->meta.namespace_))
			continue;
		has_own = has_own || mp_streq(o->name, "kubernetes");
		r = add_service(env, arena, o);
	}
	for (const struct mp_object *o = objects && !has_own ? objects->first : NULL; o && r == 0;
	     o = o->next)
		if (has_address(o) && is_master(o))
			r = add_service(env, arena, o);
	return r;
}
