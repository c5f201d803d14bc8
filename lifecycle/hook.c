/* SPDX-License-Identifier: Apache-2.0 */
#include "lifecycle/hook.h"

#include <string.h>

void mp_hook_run(struct mp_pod *pod, size_t index, enum mp_hook_kind kind)
{
	struct mp_hook *hook = &pod->containers[index].hook;
	const struct mp_action action = {
		.type = MP_DO_RUN_HOOK,
		.container = (int)index,
		.hook = kind,
	};

	memset(hook, 0, sizeof(*hook));
	hook->is_running = true;
	hook->kind = kind;
	mp_machine_add(pod, &action);
}

void mp_hook_abandon(struct mp_pod *pod, size_t index)
{
	struct mp_hook *hook = &pod->containers[index].hook;
	const struct mp_action action = {
		.type = MP_DO_ABANDON_HOOK,
		.container = (int)index,
		.hook = hook->kind,
	};

	hook->is_running = false;
	mp_machine_add(pod, &action);
}

void mp_hook_answer(struct mp_pod *pod, const struct mp_event *ev)
{
	struct mp_hook *hook = &pod->containers[ev->container].hook;

	if (!hook->is_running || hook->has_answer || hook->kind != ev->hook.kind)
		return;
	hook->has_answer = true;
	hook->is_ok = ev->hook.is_ok;
	hook->did_fallback = ev->hook.is_ok && ev->hook.did_http_fallback;
	MP_COPY(hook->message, hook->did_fallback ? ev->hook.fallback_target : ev->hook.message);
}

bool mp_hook_settle(struct mp_pod *pod, struct mp_now now, size_t index, enum mp_hook_kind kind)
{
	struct mp_hook *hook = &pod->containers[index].hook;

	if (!hook->is_running || !hook->has_answer || hook->kind != kind)
		return false;
	hook->is_running = false;
	hook->has_answer = false;
	if (hook->did_fallback)
		mp_machine_event(pod, now, -1, true, "LifecycleHTTPFallback",
				 "request to HTTPS lifecycle hook %s got HTTP response, retry with "
				 "HTTP succeeded",
				 hook->message);
	if (!hook->is_ok && kind == MP_HOOK_POST_START)
		mp_machine_event(pod, now, (int)index, true, "FailedPostStartHook",
				 "PostStartHook failed");
	if (!hook->is_ok && kind == MP_HOOK_PRE_STOP)
		mp_machine_event(pod, now, (int)index, true, "FailedPreStopHook",
				 "PreStopHook failed");
	return true;
}
