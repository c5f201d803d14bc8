/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may change of a pod while it lives: labels and annotations, images, the active deadline,
 * and the ConfigMaps and Secrets it was given. The supervisor's own copy of the spec, on which
 * the pure machine looks, is changed in place; files of volumes follow at once.
 */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/debug.h"
#include "runtime/manifest.h"
#include "runtime/meta_patch.h"

struct mp_supervisor;

/** struct mp_live - a member of the supervisor. */
struct mp_live {
	struct mp_pod_spec spec;              /* what sv->spec points to */
	struct mp_container_spec *containers; /* owned once it was copied */
	struct mp_arena meta;                 /* labels and annotations, once changed */
	struct mp_arena images;               /* their names: status refers to old ones, too */
	struct mp_arena raw;                  /* tolerations, once changed */
	struct mp_debug debug[MP_DEBUG_MAX];  /* ephemeral containers */
	size_t n_debug;
	struct mp_manifest *objects; /* owned: what sv->config.objects points to */
};

/** mp_live_init() - take over sv->config.spec. */
void mp_live_init(struct mp_supervisor *sv);

/** mp_live_own_containers() - make the list of containers ours, with room for ephemeral ones. */
int mp_live_own_containers(struct mp_supervisor *sv, struct mp_error *err);

/** mp_live_done() - release it. */
void mp_live_done(struct mp_supervisor *sv);

/** mp_live_publish() - pod.json, volumes and watchers follow the spec that was changed. */
void mp_live_publish(struct mp_supervisor *sv);

/** mp_live_patch() - labels and annotations. As mp_meta_patch(); pod.json and volumes follow. */
int mp_live_patch(struct mp_supervisor *sv, const struct mp_meta_patch *patch, bool *ret_changed,
		  struct mp_error *err);

/** enum mp_change - what applying an object came to. */
enum mp_change { MP_CHANGE_UNUSED, MP_CHANGE_NONE, MP_CHANGE_CREATED, MP_CHANGE_CONFIGURED };

const char *mp_change_text(enum mp_change change);

/**
 * mp_live_apply_objects() - ConfigMaps and Secrets of a new manifest.
 * @given:   of the pod's namespace or not; those it does not use are left alone.
 * @changes: one for each of @given, in order.
 *
 * Return: 0; -EPERM when one is immutable; -errno. All or nothing.
 */
int mp_live_apply_objects(struct mp_supervisor *sv, const struct mp_objects *given,
			  enum mp_change *changes, struct mp_error *err);

/**
 * mp_live_remove_object() - the pod is without an object of its namespace from now on: volumes for
 * which it is optional lose its files, others keep them, with a FailedMount event.
 * @ret_removed: false: the pod had none of this name.
 *
 * Return: 0 or -errno.
 */
int mp_live_remove_object(struct mp_supervisor *sv, enum mp_object_kind kind, const char *name,
			  bool *ret_removed, struct mp_error *err);

/**
 * mp_live_apply_spec() - the mutable parts of a new manifest of the pod; labels and annotations
 * that it does not name stay.
 *
 * Return: 0; -EPERM with the API server's sentence when anything else differs; -errno. All or
 * nothing.
 */
int mp_live_apply_spec(struct mp_supervisor *sv, const struct mp_pod_spec *given,
		       enum mp_change *ret_change, struct mp_error *err);
