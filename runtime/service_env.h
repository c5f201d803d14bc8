/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The variables that tell a container where the Services of its namespace are.
 * Source: pod-semantics reference section 9.2; pkg/kubelet/envvars of Kubernetes.
 */
#pragma once

#include "runtime/env.h"

/**
 * mp_service_env() - add the variables of the Services of @spec's namespace to @env.
 * @arena: owns what is added.
 *
 * Without enableServiceLinks only the Service "kubernetes" of the namespace "default" counts, in
 * every namespace. Services without an address (None, ExternalName) have no variables; one that names
 * no address is given one of 10.96.0.0/12, always the same, as an API server would allocate it.
 * Return: 0 or -ENOMEM.
 */
int mp_service_env(const struct mp_pod_spec *spec, const struct mp_objects *objects,
		   struct mp_arena *arena, struct mp_env *env);
