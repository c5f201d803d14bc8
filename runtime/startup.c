/* SPDX-License-Identifier: Apache-2.0 */
/* The answer on the pipe is one byte, the exit code, and a sentence up to the end of the stream. */
#include "runtime/startup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"

int mp_start_goal_parse(const char *text, enum mp_start_goal *ret, struct mp_error *err)
{
	if (mp_streq(text, "none"))
		*ret = MP_START_NONE;
	else if (mp_streq(text, "started"))
		*ret = MP_START_STARTED;
	else if (mp_streq(text, "ready"))
		*ret = MP_START_READY;
	else
		return mp_fail_text(err, EINVAL, "--wait-for: '%s' is none of started, ready, none",
				    text);
	return 0;
}

/* It ran, and did not only fail to start. */
static bool has_run(const struct mp_terminated *t)
{
	return !mp_streq(t->reason, "StartError") && !mp_streq(t->reason, "ContainerStatusUnknown");
}

static bool was_started(const struct mp_container_status *st)
{
	return st->state.kind == MP_STATE_RUNNING ||
	       (st->state.kind == MP_STATE_TERMINATED && has_run(&st->state.terminated)) ||
	       (st->has_last && has_run(&st->last));
}

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

static bool is_stuck(const struct mp_container_status *st, bool minds_crashes)
{
	static const char *const reasons[] = {
		"ErrImagePull",         "ImagePullBackOff",  "ErrImageNeverPull",
		"InvalidImageName",     "ImageInspectError", "CreateContainerConfigError",
		"CreateContainerError", "RunContainerError", "PostStartHookError",
		"StartError",
	};
	const struct mp_container_state *s = &st->state;

	/* Backing off from a start that failed is no crash: it has never run. */
	if (s->kind == MP_STATE_WAITING)
		return is_one_of(s->reason, reasons, MP_ARRAY_SIZE(reasons)) ||
		       (mp_streq(s->reason, "CrashLoopBackOff") &&
			(minds_crashes || (st->has_last && !has_run(&st->last))));
	return s->kind == MP_STATE_TERMINATED && mp_streq(s->terminated.reason, "StartError");
}

static void say_stuck(const struct mp_container_spec *c, const struct mp_container_status *st,
		      char *text, size_t size)
{
	const struct mp_container_state *s = &st->state;
	const bool backs_off = mp_streq(s->reason, "CrashLoopBackOff") && st->has_last;
	const bool waits = s->kind == MP_STATE_WAITING && !backs_off;
	const struct mp_terminated *t = backs_off ? &st->last : &s->terminated;
	const char *reason = waits ? s->reason : t->reason;
	const char *message = waits ? s->message : t->message;

	(void)snprintf(text, size, "container \"%s\": %s%s%s", c->name, reason,
		       message[0] ? ": " : "", message);
}

static bool is_ready(const struct mp_pod_status *status)
{
	for (size_t i = 0; i < status->n_conditions; i++)
		if (mp_streq(status->conditions[i].type, "Ready"))
			return status->conditions[i].status == MP_COND_TRUE;
	return false;
}

static bool is_unschedulable(const struct mp_pod_status *status, char *text, size_t size)
{
	for (size_t i = 0; i < status->n_conditions; i++) {
		const struct mp_condition *c = &status->conditions[i];

		if (!mp_streq(c->type, "PodScheduled") || c->status != MP_COND_FALSE)
			continue;
		(void)snprintf(text, size, "the pod waits for room: %s", c->message);
		return true;
	}
	return false;
}

static void say_failed(const struct mp_pod_spec *spec, const struct mp_pod_status *status,
		       char *text, size_t size)
{
	if (status->reason[0] || status->message[0]) {
		(void)snprintf(text, size, "the pod has failed: %s%s%s", status->reason,
			       status->reason[0] && status->message[0] ? ": " : "",
			       status->message);
		return;
	}
	for (size_t i = 0; i < status->n_containers; i++) {
		const struct mp_container_state *s = &status->containers[i].state;

		if (s->kind == MP_STATE_TERMINATED && s->terminated.exit_code != 0) {
			(void)snprintf(text, size,
				       "the pod has failed: container \"%s\" ended with %d (%s)",
				       spec->containers[i].name, s->terminated.exit_code,
				       s->terminated.reason);
			return;
		}
	}
	(void)snprintf(text, size, "the pod has failed");
}

enum mp_start_state mp_startup_decide(const struct mp_pod_spec *spec,
				      const struct mp_pod_status *status, enum mp_start_goal goal,
				      char *text, size_t size)
{
	size_t n_started = 0;

	text[0] = '\0';
	if (goal == MP_START_NONE || status->phase == MP_PHASE_SUCCEEDED)
		return MP_STARTUP_REACHED;
	for (size_t i = spec->n_init; i < status->n_containers; i++)
		n_started += was_started(&status->containers[i]) ? 1 : 0;
	if (goal == MP_START_STARTED && n_started == spec->n_main)
		return MP_STARTUP_REACHED;
	if (goal == MP_START_READY && is_ready(status))
		return MP_STARTUP_REACHED;
	for (size_t i = 0; i < status->n_containers; i++) {
		/* A crashing init container holds everything up; a main one has been started. */
		const bool minds_crashes = goal == MP_START_READY || i < spec->n_init;

		if (is_stuck(&status->containers[i], minds_crashes)) {
			say_stuck(&spec->containers[i], &status->containers[i], text, size);
			return MP_STARTUP_FAILED;
		}
	}
	if (status->phase == MP_PHASE_FAILED) {
		say_failed(spec, status, text, size);
		return MP_STARTUP_FAILED;
	}
	if (is_unschedulable(status, text, size))
		return MP_STARTUP_FAILED;
	if (status->deletion_wall != 0) {
		(void)snprintf(text, size, "the pod is being deleted");
		return MP_STARTUP_FAILED;
	}
	return MP_STARTUP_UNDECIDED;
}

void mp_startup_tell(struct mp_startup *startup, int code, const char *text)
{
	char bytes[2048];
	const int n = snprintf(bytes + 1, sizeof(bytes) - 1, "%s", text);
	const size_t len = n < 0 ? 0 : (size_t)n;

	if (!startup || startup->fd < 0)
		return;
	bytes[0] = (char)code;
	/* The caller may be gone, by its own time-out or a Ctrl-C: that is no error of the pod. */
	(void)mp_fd_write_all(startup->fd, bytes,
			      1 + (len < sizeof(bytes) - 2 ? len : sizeof(bytes) - 2), NULL);
	mp_closep(&startup->fd);
}

void mp_startup_check(struct mp_startup *startup, const struct mp_pod_spec *spec,
		      const struct mp_pod_status *status)
{
	char text[MP_MESSAGE_MAX + 512];

	if (!startup || startup->fd < 0)
		return;
	switch (mp_startup_decide(spec, status, startup->goal, text, sizeof(text))) {
	case MP_STARTUP_UNDECIDED:
		return;
	case MP_STARTUP_REACHED:
		mp_startup_tell(startup, 0, "");
		return;
	case MP_STARTUP_FAILED:
		mp_startup_tell(startup, 1, text);
		return;
	}
}

int mp_startup_wait(int fd, int timeout_ms, int *ret_code, char *text, size_t size)
{
	const mp_nsec deadline = mp_nsec_add(mp_clock_read().mono, timeout_ms * MP_NSEC_PER_MS);
	char bytes[2048];
	size_t n = 0;

	while (n < sizeof(bytes) - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		mp_nsec left = timeout_ms < 0 ? -MP_NSEC_PER_MS : deadline - mp_clock_read().mono;

		if (timeout_ms >= 0 && left < 0)
			left = 0;

		const int ready = poll(&p, 1, (int)(left / MP_NSEC_PER_MS));

		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}

		const ssize_t got = read(fd, bytes + n, sizeof(bytes) - 1 - n);

		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (n == 0)
		return -EPIPE;
	bytes[n] = '\0';
	*ret_code = (unsigned char)bytes[0];
	(void)snprintf(text, size, "%s", bytes + 1);
	return 0;
}
