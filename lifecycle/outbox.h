/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions that were decided and not handed out yet, in order. Texts live in one pool that is
 * emptied when everything was handed out; positions are offsets, so that the block can be copied.
 */
#pragma once

#include "lifecycle/action.h"

#define MP_OUTBOX_TEXT 32768

struct mp_outbox_entry {
	struct mp_action action; /* its strings are unset: see the offsets */
	uint32_t text[3]; /* event: reason, message, ephemeral; signal name or record id: [0] */
};

struct mp_outbox {
	size_t capacity, first, n;
	size_t reserve; /* places that events may not take */
	size_t text_used;
	char text[MP_OUTBOX_TEXT];
	struct mp_outbox_entry entries[]; /* ring of @capacity */
};

/** mp_outbox_size() - bytes for a pod of @n_containers. */
size_t mp_outbox_size(size_t n_containers);

/** mp_outbox_init() - empty. */
void mp_outbox_init(struct mp_outbox *box, size_t n_containers);

/** mp_outbox_begin() - a new turn: texts handed out earlier are no longer borrowed. */
void mp_outbox_begin(struct mp_outbox *box);

/** mp_outbox_add() - append @action; its strings are copied. There is always room. */
void mp_outbox_add(struct mp_outbox *box, const struct mp_action *action);

/** mp_outbox_add_event() - append; dropped when too many wait to be handed out. */
void mp_outbox_add_event(struct mp_outbox *box, const struct mp_k8s_event *event);

/** mp_outbox_drop_requests() - only events stay: whoever was to carry out the rest is dead. */
void mp_outbox_drop_requests(struct mp_outbox *box);

/** mp_outbox_has() - an action of @type waits. */
bool mp_outbox_has(const struct mp_outbox *box, enum mp_action_type type);

/** mp_outbox_take() - hand out as many as fit into @plan. Returns whether none are left. */
bool mp_outbox_take(struct mp_outbox *box, struct mp_plan *plan);
