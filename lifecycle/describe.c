/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the pod's worker is waiting for, in one sentence: for people who ask why.
 */
#include <string.h>

#include "lifecycle/machine.h"
#include "runtime/base/str.h"

static void add_deadline(struct mp_buf *buf, mp_nsec at, struct mp_now now)
{
	char text[MP_TIME_TEXT_MAX];
	mp_nsec left;

	if (at == MP_NSEC_NEVER)
		return;
	left = at > now.mono ? at - now.mono : 0;
	left -= left % MP_NSEC_PER_MS;
	mp_buf_addf(buf, " (at most %s more)", mp_duration_text(left, text));
}

static bool describe_kill(const struct mp_pod *pod, struct mp_now now, struct mp_buf *buf)
{
	bool is_any = false;

	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		const struct mp_kill *kill = &pod->containers[i].kill;
		const char *name = pod->spec->containers[i].name;

		if (!kill->is_active)
			continue;
		mp_buf_adds(buf, is_any ? "; " : "");
		is_any = true;
		switch (kill->state.phase) {
		case MP_STOP_IDLE:
		case MP_STOP_DONE:
			mp_buf_addf(buf, "container %s is about to be stopped", name);
			break;
		case MP_STOP_HOOK:
			mp_buf_addf(buf, "the preStop hook of container %s runs", name);
			add_deadline(buf, kill->state.deadline, now);
			break;
		case MP_STOP_TURN:
			mp_buf_addf(buf, "sidecar %s waits for its turn to stop", name);
			add_deadline(buf, kill->state.deadline, now);
			break;
		case MP_STOP_TERM:
			mp_buf_addf(buf, "container %s was sent its stop signal", name);
			add_deadline(buf, kill->state.deadline, now);
			break;
		case MP_STOP_KILL:
			mp_buf_addf(buf, "container %s was sent SIGKILL and is not gone yet", name);
			break;
		}
	}
	return is_any;
}

static void describe_start(const struct mp_pod *pod, struct mp_buf *buf)
{
	const char *name = pod->spec->containers[pod->start.container].name;

	switch (pod->start.stage) {
	case MP_START_IDLE:
	case MP_START_HOOK_KILL:
		mp_buf_addf(buf, "container %s is about to be started", name);
		break;
	case MP_START_CHECK:
		mp_buf_addf(buf, "the image of container %s is looked up", name);
		break;
	case MP_START_PULL:
		mp_buf_addf(buf, "the image of container %s is pulled", name);
		break;
	case MP_START_CREATE:
		mp_buf_addf(buf, "container %s is created", name);
		break;
	case MP_START_RUN:
		mp_buf_addf(buf, "the process of container %s is started", name);
		break;
	case MP_START_SETTLE:
		mp_buf_addf(buf, "container %s has just started; its postStart hook follows", name);
		break;
	case MP_START_HOOK:
		mp_buf_addf(buf,
			    "the postStart hook of container %s runs; nothing else is started "
			    "until it returns",
			    name);
		break;
	}
}

static void describe_sync(const struct mp_pod *pod, struct mp_now now, struct mp_buf *buf)
{
	switch (pod->sync.step) {
	case MP_SYNC_PREPARE:
		mp_buf_adds(buf, "the pod's cgroup and directories are made");
		break;
	case MP_SYNC_VOLUMES:
		mp_buf_adds(buf, pod->volumes.is_asked ?
					 "the pod's volumes are set up" :
					 "a volume could not be set up and is tried again");
		if (!pod->volumes.is_asked)
			add_deadline(buf, pod->volumes_retry_at, now);
		break;
	case MP_SYNC_STOP_SANDBOX:
		mp_buf_adds(buf, "the sandbox is stopped");
		break;
	case MP_SYNC_CREATE_SANDBOX:
		mp_buf_adds(buf, "the sandbox is created");
		break;
	case MP_SYNC_START:
		describe_start(pod, buf);
		break;
	case MP_SYNC_DECIDE:
	case MP_SYNC_KILL_POD:
	case MP_SYNC_KILL_EACH:
	case MP_SYNC_RESTART_ALL:
	case MP_SYNC_END:
		mp_buf_adds(buf, "the pod is looked at");
		break;
	}
}

static void describe_idle(const struct mp_pod *pod, struct mp_now now, struct mp_buf *buf)
{
	bool is_any = false;

	if (pod->retry_at == MP_NSEC_NEVER) {
		mp_buf_adds(buf, "nothing is to be done until something happens");
		return;
	}
	for (size_t i = 0; i < mp_machine_n(pod); i++) {
		const struct mp_start_failure *failure = &pod->containers[i].failure;

		if (!failure->is_set)
			continue;
		mp_buf_addf(buf, "%scontainer %s: %s: %s", is_any ? "; " : "",
			    pod->spec->containers[i].name, failure->reason, failure->message);
		is_any = true;
	}
	if (is_any)
		mp_buf_adds(buf, "; tried again");
	else if (pod->retry_at == pod->sync.look_again_at)
		mp_buf_adds(buf, "what follows a sidecar gives it a head start");
	else
		mp_buf_adds(buf, "the last attempt failed and is tried again");
	add_deadline(buf, pod->retry_at, now);
}

static void describe_end(const struct mp_pod *pod, struct mp_now now, struct mp_buf *buf)
{
	switch (pod->end_step) {
	case MP_END_KILL:
		mp_buf_adds(buf, "the sandbox could not be stopped and is tried again");
		add_deadline(buf, pod->end_retry_at, now);
		break;
	case MP_END_STOP_SANDBOX:
		mp_buf_adds(buf, "the sandbox is stopped");
		break;
	case MP_END_LAST_STATUS:
	case MP_END_TEAR_DOWN:
		mp_buf_adds(buf, "volumes, cgroups and directories are removed");
		break;
	}
}

char *mp_pod_describe_wait(const struct mp_pod *pod, struct mp_now now, char *text, size_t size)
{
	struct mp_buf buf = { .text = text, .size = size };

	text[0] = '\0';
	if (describe_kill(pod, now, &buf))
		return text;
	if (pod->is_unscheduled && pod->worker == MP_WORKER_IDLE) {
		mp_buf_addf(&buf, "the pod waits for room: %s", pod->unscheduled_message);
		return text;
	}
	switch (pod->worker) {
	case MP_WORKER_IDLE:
		describe_idle(pod, now, &buf);
		break;
	case MP_WORKER_SYNCING:
		describe_sync(pod, now, &buf);
		break;
	case MP_WORKER_TERMINATING:
	case MP_WORKER_TERMINATED:
		describe_end(pod, now, &buf);
		break;
	case MP_WORKER_FINISHED:
		mp_buf_adds(&buf, "the pod is over");
		break;
	}
	return text;
}
