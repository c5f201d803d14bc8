/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/machine.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/str.h"

void mp_machine_add(struct mp_pod *pod, const struct mp_action *action)
{
	mp_outbox_add(pod->outbox, action);
}

void mp_machine_do(struct mp_pod *pod, enum mp_action_type type, int index)
{
	const struct mp_action action = { .type = type, .container = index };

	mp_machine_add(pod, &action);
}

/* Messages of the runtime name containers by ID; people know them by name (12.1). */
static void add_with_names(struct mp_buf *out, const char *text, const char *id, const char *name)
{
	const char *hit;

	while (id[0] != '\0' && (hit = strstr(text, id)) != NULL) {
		mp_buf_add(out, text, (size_t)(hit - text));
		mp_buf_adds(out, name);
		text = hit + strlen(id);
	}
	mp_buf_adds(out, text);
}

/* Ephemeral containers have no index: series of theirs are told apart by their names. */
static int subject_of(int index, const char *ephemeral)
{
	unsigned hash = 0;

	if (!ephemeral)
		return index;
	for (; *ephemeral != '\0'; ephemeral++)
		hash = (hash * 31 + (unsigned char)*ephemeral) & 0xffffffU;
	return -2 - (int)hash;
}

static void record_event(struct mp_pod *pod, struct mp_now now, int index, const char *ephemeral,
			 bool is_warning, const char *reason, const char *raw)
{
	char text[2 * MP_MESSAGE_MAX], combined[2 * MP_MESSAGE_MAX];
	struct mp_buf message = MP_BUF(text);
	struct mp_event_counted counted;

	text[0] = '\0';
	if (index >= 0)
		add_with_names(&message, raw, pod->containers[index].rec[0].id,
			       pod->spec->containers[index].name);
	else
		mp_buf_adds(&message, raw);

	counted = mp_eventlog_count(&pod->log, is_warning, reason, text,
				    subject_of(index, ephemeral), now);
	if (counted.is_dropped)
		return;
	if (counted.is_combined)
		(void)snprintf(combined, sizeof(combined), MP_EVENT_COMBINED_PREFIX "%.2000s",
			       text);
	mp_outbox_add_event(pod->outbox, &(const struct mp_k8s_event){
						 .is_warning = is_warning,
						 .reason = reason,
						 .message = counted.is_combined ? combined : text,
						 .container = index,
						 .ephemeral = ephemeral,
						 .count = counted.count,
						 .first_wall = counted.first_wall,
						 .last_wall = now.wall,
						 .slot = counted.slot,
					 });
}

void mp_machine_event(struct mp_pod *pod, struct mp_now now, int index, bool is_warning,
		      const char *reason, const char *fmt, ...)
{
	char raw[2 * MP_MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	record_event(pod, now, index, NULL, is_warning, reason, raw);
}

void mp_machine_note(struct mp_pod *pod, struct mp_now now, int index, const struct mp_event *note)
{
	record_event(pod, now, index, note->note.ephemeral, note->note.is_warning,
		     note->note.reason, mp_or_empty(note->note.message));
}

const char *mp_machine_pod_desc(const struct mp_pod *pod, char *buf, size_t size)
{
	const struct mp_object_meta *meta = &pod->spec->meta;

	(void)snprintf(buf, size, "%s_%s(%s)", meta->name, meta->namespace_, meta->uid);
	return buf;
}

bool mp_machine_is_ending(const struct mp_pod *pod)
{
	return pod->is_deleting || pod->is_evicted || pod->is_rejected;
}

void mp_machine_remove_record(struct mp_pod *pod, size_t index, const struct mp_record *rec,
			      bool remove_logs)
{
	const struct mp_action action = {
		.type = MP_DO_REMOVE_RECORD,
		.container = (int)index,
		.record_id = rec->id,
		.remove_logs = remove_logs,
	};

	mp_machine_add(pod, &action);
}

bool mp_machine_is_sandbox_ready(const struct mp_pod *pod)
{
	return pod->sandbox.is_alive && (pod->spec->host_network || pod->sandbox.ip[0] != '\0');
}

void mp_request_ask(struct mp_request *req)
{
	memset(req, 0, sizeof(*req));
	req->is_asked = true;
}

void mp_request_answer(struct mp_request *req, bool is_ok, const char *reason, const char *message)
{
	if (!req->is_asked || req->has_answer)
		return;
	req->has_answer = true;
	req->is_ok = is_ok;
	MP_COPY(req->reason, reason);
	MP_COPY(req->message, message);
}
