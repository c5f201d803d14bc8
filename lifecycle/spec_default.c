/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API server fills in before it validates: section 11.3. Lists in the spec are const,
 * because only the decoder and this file ever change them; where an entry needs a default the
 * list is copied into the arena first, unless nothing in it changes.
 */
#include <errno.h>
#include <string.h>

#include "lifecycle/spec.h"

#define GENERATED_PREFIX_MAX 58 /* 63 less the five random characters: section 11.3 */
#define DEFAULT_FILE_MODE    0644
#define DEFAULT_TOKEN_S      3600

static void default_text(const char **field, const char *value)
{
	if (!*field)
		*field = value;
}

/* As the API server: an empty enumeration or name counts as absent. */
static void default_if_empty(const char **field, const char *value)
{
	if (!*field || **field == '\0')
		*field = value;
}

static void default_int(int64_t *field, int64_t value)
{
	if (*field == 0)
		*field = value;
}

static void default_opt_int(struct mp_opt_int *field, int64_t value)
{
	if (!field->is_set)
		*field = (struct mp_opt_int){ value, true };
}

/* A private copy of a const list of the spec; NULL when out of memory. */
static void *copy_list(struct mp_arena *arena, const void *items, size_t n, size_t size)
{
	void *copy = mp_arena_alloc(arena, n, size);

	if (copy && n > 0)
		memcpy(copy, items, n * size);
	return copy;
}

/* ---- metadata ------------------------------------------------------------------------- */

static int default_meta(struct mp_object_meta *meta, const struct mp_seed *seed,
			struct mp_arena *arena)
{
	const bool has_name = meta->name && *meta->name;

	if (!has_name && meta->generate_name && *meta->generate_name) {
		size_t len = strlen(meta->generate_name);

		if (len > GENERATED_PREFIX_MAX)
			len = GENERATED_PREFIX_MAX;
		meta->name = mp_arena_printf(arena, "%.*s%s", (int)len, meta->generate_name,
					     seed->suffix5);
		if (!meta->name)
			return -ENOMEM;
	}
	default_if_empty(&meta->namespace_, "default");
	if (!meta->uid || *meta->uid == '\0') {
		meta->uid = mp_arena_strdup(arena, seed->uid);
		if (!meta->uid)
			return -ENOMEM;
	}
	default_int(&meta->creation_wall, seed->wall);
	default_int(&meta->generation, 1);
	return 0;
}

/* ---- images --------------------------------------------------------------------------- */

/* The tag is "latest", or there is neither tag nor digest: section 9.9. */
static bool is_latest(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *last = slash ? slash + 1 : image;
	const char *digest = strchr(last, '@');
	const char *colon = strchr(last, ':');

	if (colon && (!digest || colon < digest)) {
		const size_t len = digest ? (size_t)(digest - colon) - 1 : strlen(colon + 1);

		return len == 6 && memcmp(colon + 1, "latest", 6) == 0;
	}
	return !digest;
}

const char *mp_spec_default_pull_policy(const char *image)
{
	return is_latest(image ? image : "") ? "Always" : "IfNotPresent";
}

/* ---- resources ------------------------------------------------------------------------ */

static void round_list(struct mp_resource_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		list->items[i].quantity = mp_quantity_round_milli(list->items[i].quantity);
}

/* Appends to a list that was allocated with room for it. */
static void append(struct mp_resource_list *list, const char *name, struct mp_quantity q)
{
	list->items[list->n++] = (struct mp_resource){ .name = name, .quantity = q };
}

static int make_room(struct mp_resource_list *list, size_t more, struct mp_arena *arena)
{
	struct mp_resource *items = mp_arena_alloc(arena, list->n + more, sizeof(*items));

	if (!items)
		return -ENOMEM;
	if (list->n > 0)
		memcpy(items, list->items, list->n * sizeof(*items));
	list->items = items;
	return 0;
}

/* Each limit without a request becomes one: section 10.2. */
static int default_requests(struct mp_resources *r, struct mp_arena *arena)
{
	round_list(&r->limits);
	round_list(&r->requests);
	if (r->limits.n == 0)
		return 0;

	const int rc = make_room(&r->requests, r->limits.n, arena);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < r->limits.n; i++) {
		const struct mp_resource *limit = &r->limits.items[i];

		if (!mp_resource_find(&r->requests, limit->name))
			append(&r->requests, limit->name, limit->quantity);
	}
	return 0;
}

/* Pod level: a missing request is the containers' sum if there is one, else the limit. */
static void default_pod_requests(struct mp_pod_spec *spec)
{
	static const char *const summed[] = { "cpu", "memory" };
	struct mp_resources *r = &spec->resources;

	for (size_t i = 0; i < 2; i++) {
		const struct mp_quantity sum = mp_spec_aggregate(spec, summed[i], MP_REQUESTS);

		if (sum.is_set && !mp_resource_find(&r->requests, summed[i]))
			append(&r->requests, summed[i], sum);
	}
	for (size_t i = 0; i < r->limits.n; i++) {
		const struct mp_resource *limit = &r->limits.items[i];

		if (mp_spec_is_pod_level(limit->name) &&
		    !mp_resource_find(&r->requests, limit->name))
			append(&r->requests, limit->name, limit->quantity);
	}
}

/* Huge pages are limited at pod level to what the containers have together. */
static int default_pod_hugepages(struct mp_pod_spec *spec, struct mp_arena *arena)
{
	const size_t n = mp_spec_n_containers(spec);
	struct mp_resource_list *limits = &spec->resources.limits;

	for (size_t c = 0; c < n; c++) {
		const struct mp_resource_list *own = &spec->containers[c].resources.limits;

		for (size_t i = 0; i < own->n; i++) {
			const char *name = own->items[i].name;

			if (!mp_starts_with(name, "hugepages-") || mp_resource_find(limits, name))
				continue;

			const int rc = make_room(limits, 1, arena);

			if (rc < 0)
				return rc;
			append(limits, name, mp_spec_aggregate(spec, name, MP_LIMITS));
		}
	}
	return 0;
}

static int default_pod_resources(struct mp_pod_spec *spec, struct mp_arena *arena)
{
	struct mp_resources *r = &spec->resources;
	int rc;

	round_list(&r->limits);
	round_list(&r->requests);
	round_list(&spec->overhead);
	if (!r->is_set || r->limits.n == 0)
		return 0;
	rc = default_pod_hugepages(spec, arena);
	if (rc == 0)
		rc = make_room(&r->requests, r->limits.n + 2, arena); /* cpu, memory */
	if (rc == 0)
		default_pod_requests(spec);
	return rc;
}

/* ---- handlers and probes -------------------------------------------------------------- */

static void default_handler(struct mp_handler *h)
{
	if (h->has_http_get) {
		default_if_empty(&h->http_get.path, "/");
		if (!h->http_get.scheme_text || *h->http_get.scheme_text == '\0') {
			h->http_get.scheme_text = "HTTP";
			h->http_get.scheme = MP_SCHEME_HTTP;
		}
	}
	if (h->has_grpc)
		default_text(&h->grpc.service, "");
}

static void default_probe(struct mp_probe_spec *p)
{
	if (!p->is_set)
		return;
	default_int(&p->timeout_s, 1);
	default_int(&p->period_s, 10);
	default_int(&p->success_threshold, 1);
	default_int(&p->failure_threshold, 3);
	default_handler(&p->handler);
}

/* ---- containers ----------------------------------------------------------------------- */

static int default_ports(struct mp_container_spec *c, bool host_network, struct mp_arena *arena)
{
	struct mp_port *ports = copy_list(arena, c->ports, c->n_ports, sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_ports; i++) {
		default_if_empty(&ports[i].protocol, "TCP");
		if (host_network)
			default_int(&ports[i].host_port, ports[i].container_port);
	}
	c->ports = ports;
	return 0;
}

static void default_resource_ref(struct mp_resource_ref *ref)
{
	if (ref->is_set)
		ref->divisor = mp_quantity_round_milli(ref->divisor);
}

static int default_env(struct mp_container_spec *c, struct mp_arena *arena)
{
	struct mp_env_var *env = copy_list(arena, c->env, c->n_env, sizeof(*env));

	if (!env)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_env; i++) {
		if (env[i].field.is_set)
			default_if_empty(&env[i].field.api_version, "v1");
		default_resource_ref(&env[i].resource);
	}
	c->env = env;
	return 0;
}

static int default_container(struct mp_container_spec *c, bool host_network, struct mp_arena *arena)
{
	int rc = 0;

	default_if_empty(&c->pull_policy, mp_spec_default_pull_policy(c->image));
	default_if_empty(&c->termination_path, "/dev/termination-log");
	default_if_empty(&c->termination_policy, "File");
	for (size_t i = 0; i < MP_N_PROBES; i++)
		default_probe(&c->probes[i]);
	if (c->lifecycle.has_post_start)
		default_handler(&c->lifecycle.post_start);
	if (c->lifecycle.has_pre_stop)
		default_handler(&c->lifecycle.pre_stop);
	if (c->n_ports > 0)
		rc = default_ports(c, host_network, arena);
	if (rc == 0 && c->n_env > 0)
		rc = default_env(c, arena);
	if (rc == 0)
		rc = default_requests(&c->resources, arena);
	return rc;
}

/* ---- volumes -------------------------------------------------------------------------- */

static int default_downward(struct mp_downward_volume *d, struct mp_arena *arena)
{
	struct mp_downward_item *items = copy_list(arena, d->items, d->n_items, sizeof(*items));

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_items; i++) {
		if (items[i].field.is_set)
			default_if_empty(&items[i].field.api_version, "v1");
		default_resource_ref(&items[i].resource);
	}
	d->items = items;
	return 0;
}

static int default_projected(struct mp_volume *v, struct mp_arena *arena)
{
	struct mp_projected_source *sources =
		copy_list(arena, v->projected.sources, v->projected.n_sources, sizeof(*sources));

	if (!sources)
		return -ENOMEM;
	for (size_t i = 0; i < v->projected.n_sources; i++) {
		if (sources[i].has_token)
			default_opt_int(&sources[i].token.expiration_s, DEFAULT_TOKEN_S);
		if (sources[i].has_downward) {
			const int rc = default_downward(&sources[i].downward, arena);

			if (rc < 0)
				return rc;
		}
	}
	v->projected.sources = sources;
	default_opt_int(&v->projected.default_mode, DEFAULT_FILE_MODE);
	return 0;
}

static int default_volume(struct mp_volume *v, struct mp_arena *arena)
{
	int rc = 0;

	switch (v->kind) {
	case MP_VOLUME_NONE:
		v->kind = MP_VOLUME_EMPTY_DIR;
		break;
	case MP_VOLUME_EMPTY_DIR:
	case MP_VOLUME_PVC:
		break;
	case MP_VOLUME_HOST_PATH:
		default_text(&v->host_path.type, "");
		break;
	case MP_VOLUME_SECRET:
		default_opt_int(&v->secret.default_mode, DEFAULT_FILE_MODE);
		break;
	case MP_VOLUME_CONFIG_MAP:
		default_opt_int(&v->config_map.default_mode, DEFAULT_FILE_MODE);
		break;
	case MP_VOLUME_DOWNWARD:
		default_opt_int(&v->downward.default_mode, DEFAULT_FILE_MODE);
		rc = default_downward(&v->downward, arena);
		break;
	case MP_VOLUME_PROJECTED:
		rc = default_projected(v, arena);
		break;
	case MP_VOLUME_IMAGE:
		default_if_empty(&v->image.pull_policy,
				 mp_spec_default_pull_policy(v->image.reference));
		break;
	}
	if (v->kind == MP_VOLUME_EMPTY_DIR)
		default_text(&v->empty_dir.medium, "");
	return rc;
}

/* ---- pod ------------------------------------------------------------------------------ */

static void default_pod(struct mp_pod_spec *spec)
{
	if (spec->restart == MP_RESTART_UNSET)
		spec->restart = MP_RESTART_ALWAYS;
	/* Defaulting a second time finds the default, which nobody stated. */
	if (spec->dns_policy && spec->dns_policy[0] && spec->meta.generation == 0)
		spec->is_dns_policy_explicit = true;
	default_if_empty(&spec->dns_policy, "ClusterFirst");
	default_opt_int(&spec->grace_s, 30);
	if (spec->grace_s.v < 0) {
		spec->grace_s.v = 1;
		spec->had_negative_grace = true;
	}
	spec->security.is_set = true;
	if (spec->enable_service_links == MP_UNSET)
		spec->enable_service_links = MP_TRUE;
	default_if_empty(&spec->scheduler_name, "default-scheduler");
}

int mp_spec_default(struct mp_pod_spec *spec, const struct mp_seed *seed, struct mp_arena *arena)
{
	const size_t n = mp_spec_n_containers(spec);
	int rc;

	default_pod(
		spec); /* before the metadata, whose generation tells a first time from a second */
	rc = default_meta(&spec->meta, seed, arena);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = default_container(&spec->containers[i], spec->host_network, arena);
	for (size_t i = 0; rc == 0 && i < spec->n_volumes; i++)
		rc = default_volume(&spec->volumes[i], arena);
	if (rc == 0)
		rc = default_pod_resources(spec, arena);
	if (rc == 0)
		spec->qos = mp_spec_qos(spec);
	return rc;
}
