/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a finished tree; document.c builds it. */
#include "runtime/base/document.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct mp_entry *mp_node_get_entry(const struct mp_node *map, const char *key)
{
	if (!map || map->kind != MP_NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->entries[i].key, key) == 0)
			return &map->entries[i];
	}
	return NULL;
}

const struct mp_node *mp_node_get(const struct mp_node *map, const char *key)
{
	const struct mp_entry *entry = mp_node_get_entry(map, key);

	return entry ? entry->value : NULL;
}

static const struct mp_node *get_bytes(const struct mp_node *map, const char *key, size_t len)
{
	if (map->kind != MP_NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++) {
		if (strlen(map->entries[i].key) == len &&
		    memcmp(map->entries[i].key, key, len) == 0)
			return map->entries[i].value;
	}
	return NULL;
}

static const struct mp_node *get_index(const struct mp_node *list, const char *digits, size_t len)
{
	size_t index = 0;

	if (len == 0)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9' || index > list->count)
			return NULL;
		index = index * 10 + (size_t)(digits[i] - '0');
	}
	return index < list->count ? list->items[index] : NULL;
}

const struct mp_node *mp_node_at_path(const struct mp_node *root, const char *path)
{
	const struct mp_node *node = root;

	while (node && *path != '\0') {
		const struct mp_node *next;

		if (*path == '[') {
			const char *end = path;

			/* A key may hold brackets of its own: try each one that could close it. */
			next = NULL;
			while (!next && (end = strchr(end + 1, ']')) != NULL) {
				const size_t len = (size_t)(end - path) - 1;

				next = node->kind == MP_NODE_LIST ? get_index(node, path + 1, len) :
								    get_bytes(node, path + 1, len);
			}
			if (!next)
				return node;
			path = end + 1;
		} else {
			const size_t len = strcspn(path, ".[");

			next = get_bytes(node, path, len);
			if (!next)
				return node;
			path += len;
		}
		node = next;
		if (*path == '.')
			path++;
	}
	return node;
}

bool mp_node_int64(const struct mp_node *node, int64_t *ret)
{
	if (!node || node->kind != MP_NODE_NUMBER || !node->is_integer)
		return false;

	char *end;
	const int saved = errno;

	errno = 0;
	const long long value = strtoll(node->text, &end, 10);
	const bool fits = errno == 0 && *end == '\0';

	errno = saved;
	if (fits)
		*ret = value;
	return fits;
}

bool mp_node_double(const struct mp_node *node, double *ret)
{
	if (!node || node->kind != MP_NODE_NUMBER)
		return false;

	const int saved = errno;
	const double value = strtod(node->text, NULL);

	errno = saved;
	if (!isfinite(value))
		return false;
	*ret = value;
	return true;
}

const char *mp_node_kind_text(enum mp_node_kind kind)
{
	switch (kind) {
	case MP_NODE_NULL:
		return "null";
	case MP_NODE_BOOL:
		return "bool";
	case MP_NODE_NUMBER:
		return "number";
	case MP_NODE_STRING:
		return "string";
	case MP_NODE_MAP:
		return "object";
	case MP_NODE_LIST:
		return "array";
	}
	return "?";
}
