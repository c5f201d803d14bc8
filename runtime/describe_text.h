/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of `describe`, in the shape of kubectl's; control characters are made visible.
 * Source: k8s.io/kubectl/pkg/describe.
 */
#pragma once

#include "runtime/pod_view.h"

/** mp_describe_put() - "Name:    value" at an indent of @indent blanks. */
void mp_describe_put(int indent, const char *name, const char *value);

/** mp_describe_put_if() - the same unless @value is "". */
void mp_describe_put_if(int indent, const char *name, const char *value);

/** mp_describe_map() - labels or annotations, one on each line; "<none>". */
void mp_describe_map(const char *name, const struct mp_node *map, const char *sep);

/** mp_describe_ports() - "Port:" and "Host Port:" of a container. */
void mp_describe_ports(const struct mp_node *ports, struct mp_arena *arena);

/** mp_describe_probe() - "exec [true] delay=0s timeout=1s period=10s #success=1 #failure=3"; arena. */
const char *mp_describe_probe(const struct mp_node *probe, struct mp_arena *arena);

/** mp_describe_object() - a ConfigMap with its data, or a Secret with the lengths of its values. */
void mp_describe_object(const struct mp_node *object);
