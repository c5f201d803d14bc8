/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/objects.h"

#include <stdlib.h>
#include <string.h>

const char *mp_object_kind_text(enum mp_object_kind kind)
{
	switch (kind) {
	case MP_OBJECT_CONFIG_MAP:
		return "ConfigMap";
	case MP_OBJECT_SECRET:
		return "Secret";
	case MP_OBJECT_PVC:
		return "PersistentVolumeClaim";
	case MP_OBJECT_SERVICE:
		return "Service";
	case MP_OBJECT_PV:
		return "PersistentVolume";
	}
	return "object";
}

static int by_key(const void *a, const void *b)
{
	const struct mp_object_entry *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void mp_objects_add(struct mp_objects *set, struct mp_object *object)
{
	if (object->n_entries > 1)
		qsort(object->entries, object->n_entries, sizeof(*object->entries), by_key);
	object->next = NULL;
	if (set->last)
		set->last->next = object;
	else
		set->first = object;
	set->last = object;
	set->n++;
}

const struct mp_object *mp_objects_find(const struct mp_objects *set, enum mp_object_kind kind,
					const char *namespace_, const char *name)
{
	for (const struct mp_object *o = set->first; o; o = o->next)
		if (o->kind == kind && mp_streq(o->namespace_, namespace_) &&
		    mp_streq(o->name, name))
			return o;
	return NULL;
}

const struct mp_object_entry *mp_object_key(const struct mp_object *object, const char *key)
{
	const struct mp_object_entry wanted = { .key = key };

	if (object->n_entries == 0)
		return NULL;
	return bsearch(&wanted, object->entries, object->n_entries, sizeof(wanted), by_key);
}

const struct mp_object_entry *mp_objects_token(const struct mp_objects *set, const char *namespace_,
					       const char *service_account)
{
	for (const struct mp_object *o = set ? set->first : NULL; o; o = o->next)
		if (o->kind == MP_OBJECT_SECRET && mp_streq(o->namespace_, namespace_) &&
		    o->service_account && mp_streq(o->service_account, service_account))
			return mp_object_key(o, "token");
	return NULL;
}
