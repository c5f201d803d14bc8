/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/outbox.h"

#include <assert.h>
#include <string.h>

/* What events may use of the pool; the rest is for texts that may not be dropped. */
#define EVENT_TEXT ((size_t)MP_OUTBOX_TEXT / 4 * 3)

/*
 * What one turn can decide besides events is bounded: per container a kill (hook, its end, signal,
 * SIGKILL), a start, two records to remove and three probes (twice), and a handful for the pod.
 */
static size_t reserve_for(size_t n_containers)
{
	return 16 + 24 * n_containers;
}

static size_t capacity_for(size_t n_containers)
{
	return reserve_for(n_containers) + 64;
}

size_t mp_outbox_size(size_t n_containers)
{
	return sizeof(struct mp_outbox) +
	       capacity_for(n_containers) * sizeof(struct mp_outbox_entry);
}

void mp_outbox_init(struct mp_outbox *box, size_t n_containers)
{
	box->capacity = capacity_for(n_containers);
	box->reserve = reserve_for(n_containers);
	box->first = 0;
	box->n = 0;
	box->text_used = 0;
}

void mp_outbox_begin(struct mp_outbox *box)
{
	if (box->n == 0)
		box->text_used = 0;
}

static bool fits(const struct mp_outbox *box, size_t len)
{
	return len + 1 <= MP_OUTBOX_TEXT - box->text_used;
}

static uint32_t keep_text(struct mp_outbox *box, const char *text)
{
	const size_t len = text == NULL ? 0 : strlen(text);
	const uint32_t at = (uint32_t)box->text_used;

	assert(fits(box, len));
	if (len > 0)
		memcpy(box->text + at, text, len);
	box->text[at + len] = '\0';
	box->text_used += len + 1;
	return at;
}

static struct mp_outbox_entry *next_entry(struct mp_outbox *box)
{
	assert(box->n < box->capacity);
	return &box->entries[(box->first + box->n++) % box->capacity];
}

void mp_outbox_add(struct mp_outbox *box, const struct mp_action *action)
{
	struct mp_outbox_entry *entry = next_entry(box);

	entry->action = *action;
	entry->action.signal_name = NULL;
	entry->action.record_id = NULL;
	if (action->type == MP_DO_SIGNAL)
		entry->text[0] = keep_text(box, action->signal_name);
	if (action->type == MP_DO_REMOVE_RECORD)
		entry->text[0] = keep_text(box, action->record_id);
}

void mp_outbox_add_event(struct mp_outbox *box, const struct mp_k8s_event *event)
{
	const size_t len = strlen(event->reason) + strlen(event->message) +
			   (event->ephemeral ? strlen(event->ephemeral) + 1 : 0) + 2;
	struct mp_outbox_entry *entry;

	if (box->n + box->reserve >= box->capacity || len > EVENT_TEXT ||
	    box->text_used > EVENT_TEXT - len)
		return;
	entry = next_entry(box);
	entry->action = (struct mp_action){
		.type = MP_DO_RECORD_EVENT,
		.container = event->container,
		.event = *event,
	};
	if (event->ephemeral)
		entry->text[2] = keep_text(box, event->ephemeral);
	entry->action.event.reason = NULL;
	entry->action.event.message = NULL;
	entry->text[0] = keep_text(box, event->reason);
	entry->text[1] = keep_text(box, event->message);
}

void mp_outbox_drop_requests(struct mp_outbox *box)
{
	size_t kept = 0;

	for (size_t i = 0; i < box->n; i++) {
		const struct mp_outbox_entry *entry =
			&box->entries[(box->first + i) % box->capacity];

		if (entry->action.type == MP_DO_RECORD_EVENT)
			box->entries[(box->first + kept++) % box->capacity] = *entry;
	}
	box->n = kept;
}

bool mp_outbox_has(const struct mp_outbox *box, enum mp_action_type type)
{
	for (size_t i = 0; i < box->n; i++) {
		if (box->entries[(box->first + i) % box->capacity].action.type == type)
			return true;
	}
	return false;
}

bool mp_outbox_take(struct mp_outbox *box, struct mp_plan *plan)
{
	while (box->n > 0 && plan->n < plan->size) {
		const struct mp_outbox_entry *entry = &box->entries[box->first];
		struct mp_action *action = &plan->actions[plan->n++];

		*action = entry->action;
		if (action->type == MP_DO_SIGNAL)
			action->signal_name = box->text + entry->text[0];
		if (action->type == MP_DO_REMOVE_RECORD)
			action->record_id = box->text + entry->text[0];
		if (action->type == MP_DO_RECORD_EVENT) {
			action->event.reason = box->text + entry->text[0];
			action->event.message = box->text + entry->text[1];
			if (action->event.ephemeral)
				action->event.ephemeral = box->text + entry->text[2];
		}
		box->first = (box->first + 1) % box->capacity;
		box->n--;
	}
	return box->n == 0;
}
