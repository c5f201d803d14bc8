/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/schedule.h"

#include <stdio.h>
#include <string.h>

#include "lifecycle/status.h"
#include "runtime/base/str.h"

static size_t index_of(const struct mp_amounts *list, const char *name)
{
	size_t i = 0;

	while (i < list->n && strcmp(list->at[i].name, name) != 0)
		i++;
	return i;
}

int64_t mp_amounts_get(const struct mp_amounts *list, const char *name)
{
	const size_t i = index_of(list, name);

	return i < list->n ? list->at[i].value : 0;
}

void mp_amounts_add(struct mp_amounts *list, const char *name, int64_t value)
{
	const size_t i = index_of(list, name);

	if (i == list->n) {
		if (list->n == MP_AMOUNTS_MAX || strlen(name) >= MP_AMOUNT_NAME_MAX)
			return;
		list->at[list->n++] = (struct mp_amount){ .value = 0 };
		memcpy(list->at[i].name, name, strlen(name));
	}
	if (__builtin_add_overflow(list->at[i].value, value, &list->at[i].value))
		list->at[i].value = INT64_MAX;
}

static void want(const struct mp_pod_spec *spec, const char *name, struct mp_amounts *ret)
{
	const struct mp_quantity q = mp_spec_effective(spec, name, MP_REQUESTS);
	const int64_t v = mp_streq(name, "cpu") ? mp_quantity_milli(&q) : mp_quantity_value(&q);

	if (v > 0 && index_of(ret, name) == ret->n)
		mp_amounts_add(ret, name, v);
}

static void want_hugepages(const struct mp_pod_spec *spec, const struct mp_resource_list *list,
			   struct mp_amounts *ret)
{
	for (size_t i = 0; i < list->n; i++) {
		if (mp_starts_with(list->items[i].name, "hugepages-"))
			want(spec, list->items[i].name, ret);
	}
}

void mp_schedule_wants(const struct mp_pod_spec *spec, struct mp_amounts *ret)
{
	ret->n = 0;
	want(spec, "cpu", ret);
	want(spec, "memory", ret);
	want(spec, "ephemeral-storage", ret);
	want_hugepages(spec, &spec->resources.requests, ret);
	for (size_t i = 0; i < mp_spec_n_containers(spec); i++)
		want_hugepages(spec, &spec->containers[i].resources.requests, ret);
}

static bool lacks(const struct mp_amounts *capacity, const struct mp_amounts *used,
		  const struct mp_amount *want)
{
	return want->value >
	       mp_amounts_get(capacity, want->name) - mp_amounts_get(used, want->name);
}

/* 1500 thousandths of a cpu as "1500m", 2000 as "2"; bytes in the largest unit that is exact. */
static void add_value(struct mp_buf *buf, const char *name, int64_t v)
{
	static const char *const units[] = { "", "Ki", "Mi", "Gi", "Ti", "Pi" };
	size_t unit = 0;

	if (mp_streq(name, "cpu")) {
		if (v % 1000 == 0)
			mp_buf_addf(buf, "%lld", (long long)(v / 1000));
		else
			mp_buf_addf(buf, "%lldm", (long long)v);
		return;
	}
	while (v != 0 && v % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		unit++;
	}
	mp_buf_addf(buf, "%lld%s", (long long)v, units[unit]);
}

/* The scheduler sorts its reasons as text: cpu, ephemeral-storage, hugepages-*, memory. */
static size_t sort_missing(const struct mp_amounts *wants, const struct mp_amounts *capacity,
			   const struct mp_amounts *used,
			   const struct mp_amount *ret[MP_AMOUNTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < wants->n; i++) {
		size_t at = n;

		if (!lacks(capacity, used, &wants->at[i]))
			continue;
		for (; at > 0 && strcmp(ret[at - 1]->name, wants->at[i].name) > 0; at--)
			ret[at] = ret[at - 1];
		ret[at] = &wants->at[i];
		n++;
	}
	return n;
}

static void say_no_room(const struct mp_amount *const *missing, size_t n,
			const struct mp_amounts *capacity, const struct mp_amounts *used,
			struct mp_buf *buf)
{
	mp_buf_adds(buf, "0/1 nodes are available: ");
	for (size_t i = 0; i < n; i++)
		mp_buf_addf(buf, "%s1 Insufficient %s", i > 0 ? ", " : "", missing[i]->name);
	mp_buf_adds(buf, ".");
	for (size_t i = 0; i < n; i++) {
		const char *name = missing[i]->name;

		mp_buf_addf(buf, "%s%s: requested ", i > 0 ? "; " : " ", name);
		add_value(buf, name, missing[i]->value);
		mp_buf_adds(buf, ", used ");
		add_value(buf, name, mp_amounts_get(used, name));
		mp_buf_adds(buf, " of ");
		add_value(buf, name, mp_amounts_get(capacity, name));
	}
}

enum mp_fit mp_schedule_decide(const struct mp_amounts *wants, const struct mp_amounts *capacity,
			       const struct mp_amounts *used, bool names_node, char *reason,
			       char *message)
{
	const struct mp_amount *missing[MP_AMOUNTS_MAX];
	const size_t n = sort_missing(wants, capacity, used, missing);
	struct mp_buf buf = { .text = message, .size = MP_MESSAGE_MAX };

	reason[0] = '\0';
	message[0] = '\0';
	if (n == 0)
		return MP_FIT_YES;
	if (!names_node) {
		(void)snprintf(reason, MP_REASON_MAX, "Unschedulable");
		say_no_room(missing, n, capacity, used, &buf);
		return MP_FIT_NO_ROOM;
	}
	/* The kubelet names the first one in the order in which it looks: that of @wants. */
	for (size_t i = 0; i < wants->n; i++) {
		const char *name = wants->at[i].name;

		if (!lacks(capacity, used, &wants->at[i]))
			continue;
		(void)snprintf(reason, MP_REASON_MAX, "OutOf%s", name);
		mp_buf_addf(&buf,
			    "Node didn't have enough resource: %s, requested: %lld, used: %lld, "
			    "capacity: %lld",
			    name, (long long)wants->at[i].value,
			    (long long)mp_amounts_get(used, name),
			    (long long)mp_amounts_get(capacity, name));
		break;
	}
	return MP_FIT_REJECTED;
}
