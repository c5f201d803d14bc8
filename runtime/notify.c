/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define USEC_PER_S 1000000LL
#define EXTRA_USEC (5 * USEC_PER_S) /* SIGKILL, and taking everything down */

void mp_notify_open(struct mp_notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const size_t len = path ? strlen(path) : 0;

	*notify = (struct mp_notify){ .fd = -EBADF };
	/* A path, or "@" and the name of an abstract socket: sd_notify(3). */
	if (len < 2 || len >= sizeof(addr.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0';
	(void)unsetenv("NOTIFY_SOCKET");

	mp_auto_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&addr,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == 0)
		notify->fd = mp_steal_fd(&fd);
}

static bool is_ready(const struct mp_pod_status *status)
{
	for (size_t i = 0; i < status->n_conditions; i++)
		if (mp_streq(status->conditions[i].type, "Ready"))
			return status->conditions[i].status == MP_COND_TRUE;
	return false;
}

static const char *phase_text(const struct mp_pod_status *status)
{
	if (status->deletion_wall != 0)
		return "Terminating";
	switch (status->phase) {
	case MP_PHASE_PENDING:
		return "Pending";
	case MP_PHASE_RUNNING:
		return "Running";
	case MP_PHASE_SUCCEEDED:
		return "Succeeded";
	case MP_PHASE_FAILED:
		return "Failed";
	}
	return "Pending";
}

/* "Running, 1 of 2 containers ready, 3 restarts: container web: CrashLoopBackOff" */
static void status_line(const struct mp_pod_spec *spec, const struct mp_pod_status *status,
			char *text, size_t size)
{
	struct mp_buf buf = { .text = text, .size = size };
	long long restarts = 0;
	size_t n_ready = 0;

	text[0] = '\0';
	for (size_t i = 0; i < status->n_containers; i++) {
		restarts += status->containers[i].restart_count;
		n_ready += i >= spec->n_init && status->containers[i].is_ready ? 1 : 0;
	}
	mp_buf_addf(&buf, "%s, %zu of %zu containers ready", phase_text(status), n_ready,
		    spec->n_main);
	if (restarts > 0)
		mp_buf_addf(&buf, ", %lld restart%s", restarts, restarts == 1 ? "" : "s");
	for (size_t i = 0; i < status->n_containers; i++) {
		const struct mp_container_state *s = &status->containers[i].state;

		if (s->kind != MP_STATE_WAITING || mp_streq(s->reason, "PodInitializing") ||
		    mp_streq(s->reason, "ContainerCreating"))
			continue;
		mp_buf_addf(&buf, ": container %s: %s", spec->containers[i].name, s->reason);
		break;
	}
}

size_t mp_notify_text(struct mp_notify *notify, const struct mp_pod_spec *spec,
		      const struct mp_pod_status *status, char *buf, size_t size)
{
	struct mp_buf out = { .text = buf, .size = size };
	char line[sizeof(notify->status)];

	buf[0] = '\0';
	status_line(spec, status, line, sizeof(line));
	if (strcmp(line, notify->status) != 0) {
		memcpy(notify->status, line, sizeof(line));
		mp_buf_addf(&out, "STATUS=%s\n", line);
	}
	if (!notify->is_ready && (is_ready(status) || status->phase == MP_PHASE_SUCCEEDED)) {
		notify->is_ready = true;
		mp_buf_adds(&out, "READY=1\n");
	}
	if (status->deletion_wall != 0) {
		const long long usec = status->deletion_grace_s.v * USEC_PER_S + EXTRA_USEC;

		if (!notify->is_stopping)
			mp_buf_adds(&out, "STOPPING=1\n");
		/* A later request can only shorten it, which needs no telling. */
		if (!notify->is_stopping || usec > notify->stop_usec)
			mp_buf_addf(&out, "EXTEND_TIMEOUT_USEC=%lld\n", usec);
		notify->is_stopping = true;
		notify->stop_usec = usec;
	}
	return out.len;
}

void mp_notify_status(struct mp_notify *notify, const struct mp_pod_spec *spec,
		      const struct mp_pod_status *status)
{
	char text[1024];
	size_t n;

	if (notify->fd < 0)
		return;
	n = mp_notify_text(notify, spec, status, text, sizeof(text));
	if (n > 0)
		(void)send(notify->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void mp_notify_close(struct mp_notify *notify)
{
	mp_closep(&notify->fd);
}
