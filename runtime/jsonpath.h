/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl's JSONPath templates over a document tree: {.a.b}, {range .items[*]}...{end}, ['key'],
 * [0], [-1], [0:2], [0,2], ['a','b'], [*], ..name, filters [?(@.type=="Ready")], quoted texts, and
 * plain text around the braces. Source: k8s.io/client-go/util/jsonpath.
 */
#pragma once

#include <stdio.h>

#include "runtime/base/document.h"

/**
 * mp_jsonpath_print() - evaluate @template on @root.
 *
 * A key that is missing yields nothing, as with kubectl get. A template without braces that begins
 * with a dot or $ is taken as if it stood in braces.
 *
 * Return: 0 or -EINVAL with a sentence about the template; some output may have been written.
 */
int mp_jsonpath_print(const char *template, const struct mp_node *root, FILE *out,
		      struct mp_error *err);

/** mp_jsonpath_text() - the same into @buf of @size bytes (cut when it does not fit). */
int mp_jsonpath_text(const char *template, const struct mp_node *root, char *buf, size_t size,
		     struct mp_error *err);

/**
 * mp_jsonpath_find() - the nodes that one path yields, as custom columns and sorting want them.
 * @path:  ".metadata.name", "metadata.name" or the same in braces.
 * @ret:   @ret_n nodes, heap memory for the caller to free; borrowed nodes of @root.
 *
 * Return: 0 or -EINVAL.
 */
int mp_jsonpath_find(const char *path, const struct mp_node *root, const struct mp_node ***ret,
		     size_t *ret_n, struct mp_error *err);
