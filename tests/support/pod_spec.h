/* SPDX-License-Identifier: Apache-2.0 */
/* Pods for tests, as they are after defaulting: fixed names, 30 s of grace. */
#pragma once

#include <string.h>

#include "lifecycle/spec.h"

#define POD_DESC "p_ns(uid)"

/** struct test_pod - a spec with its containers. */
struct test_pod {
	struct mp_pod_spec spec;
	struct mp_container_spec containers[8];
	struct mp_volume volumes[2];
};

static inline struct mp_pod_spec *test_pod_init(struct test_pod *pod,
						enum mp_restart_policy restart)
{
	memset(pod, 0, sizeof(*pod));
	pod->spec.meta.name = "p";
	pod->spec.meta.namespace_ = "ns";
	pod->spec.meta.uid = "uid";
	pod->spec.containers = pod->containers;
	pod->spec.volumes = pod->volumes;
	pod->volumes[0].name = "data";
	pod->spec.n_volumes = 1;
	pod->spec.restart = restart;
	pod->spec.grace_s = (struct mp_opt_int){ 30, true };
	return &pod->spec;
}

/** test_pod_add() - entries in the order init containers and sidecars, then mains. */
static inline struct mp_container_spec *test_pod_add(struct test_pod *pod,
						     enum mp_container_kind kind, const char *name)
{
	struct mp_container_spec *c = &pod->containers[pod->spec.n_init + pod->spec.n_main];

	c->kind = kind;
	c->name = name;
	c->image = "i:1";
	c->pull_policy = "IfNotPresent";
	if (kind == MP_KIND_MAIN)
		pod->spec.n_main++;
	else
		pod->spec.n_init++;
	if (kind == MP_KIND_SIDECAR)
		c->restart = MP_RESTART_ALWAYS;
	return c;
}

static inline struct mp_probe_spec *test_pod_probe(struct mp_container_spec *c,
						   enum mp_probe_kind kind)
{
	struct mp_probe_spec *p = &c->probes[kind];

	p->is_set = true;
	p->handler.has_exec = true;
	p->timeout_s = 1;
	p->period_s = 10;
	p->success_threshold = 1;
	p->failure_threshold = 3;
	return p;
}
