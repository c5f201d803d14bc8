/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of the control socket. Nothing here waits: sockets do not block, a request is read
 * into a buffer of bounded size, an answer that a client does not fetch is kept up to a limit and
 * then the client is dropped. A status is not queued but marked as news, so that a slow watcher
 * skips statuses instead of collecting them.
 */
#include "runtime/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/control_client.h"
#include "runtime/status_json.h"
#include "runtime/supervisor.h"

#define BACKLOG    MP_CONTROL_CLIENTS_MAX
#define ACCEPTS    64 /* in one turn of the loop */
#define IN_FIRST   ((size_t)4096)
#define GOODBYE    mp_seconds(2)
#define QUEUE_ROOM 32 /* events that clients may have queued before they have to wait */

/* ---- sending ---------------------------------------------------------------------------------- */

static void put_status(struct mp_client *client);

/* It is freed in its own turn of the loop: its source may be in the batch being dispatched. */
static void doom(struct mp_client *c)
{
	c->is_doomed = true;
	(void)shutdown(c->fd, SHUT_RDWR); /* comes back as EPOLLHUP */
}

static void watch_for(struct mp_client *c)
{
	const uint32_t events = EPOLLIN | (c->n_out > 0 ? EPOLLOUT : 0);

	if (mp_loop_change(&c->source, events, NULL) < 0)
		doom(c);
}

static void flush(struct mp_client *c)
{
	if (c->is_held)
		return;
	while (c->n_out > 0 && !c->is_doomed) {
		const ssize_t n = send(c->fd, c->out, c->n_out, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			doom(c);
			return;
		}
		c->n_out -= (size_t)n;
		memmove(c->out, c->out + n, c->n_out);
	}
	if (c->n_out == 0 && c->has_news && !c->is_doomed) {
		c->has_news = false;
		put_status(c);
		return;
	}
	watch_for(c);
}

static bool make_room(struct mp_client *c, size_t len)
{
	size_t size = c->out_size > 0 ? c->out_size : 4096;

	/* One message is always taken: how long it may be, we decide. */
	if (c->n_out > 0 && c->n_out + len > MP_CONTROL_OUT_MAX)
		return false;
	while (size < c->n_out + len)
		size *= 2;
	if (size == c->out_size)
		return true;

	char *bigger = realloc(c->out, size);

	if (!bigger)
		return false;
	c->out = bigger;
	c->out_size = size;
	return true;
}

void mp_client_send(struct mp_client *c, struct mp_json *w)
{
	size_t len;
	const char *text = mp_json_finish(w, &len, NULL);

	if (c->is_doomed)
		return;
	if (!text || !make_room(c, len + 1)) {
		doom(c); /* it does not read: it has to come back and look again */
		return;
	}
	memcpy(c->out + c->n_out, text, len);
	c->out[c->n_out + len] = '\n';
	c->n_out += len + 1;
	flush(c);
}

void mp_client_send_fd(struct mp_client *c, struct mp_json *w, int fd)
{
	size_t len;
	const char *text = mp_json_finish(w, &len, NULL);
	char line[4096];

	if (c->is_doomed)
		return;
	/* Both or nothing: a client that has not read its last answer does not get this one. */
	if (!text || len + 1 > sizeof(line) || c->n_out > 0) {
		doom(c);
		return;
	}
	memcpy(line, text, len);
	line[len] = '\n';
	if (mp_fds_send(c->fd, line, len + 1, &fd, fd >= 0 ? 1 : 0, NULL) < 0)
		doom(c);
}

static void begin(struct mp_json *w)
{
	mp_json_init(w, MP_JSON_COMPACT);
	mp_json_object_begin(w);
	mp_json_put_int(w, "version", MP_CONTROL_VERSION);
}

static void end(struct mp_client *c, struct mp_json *w)
{
	mp_json_object_end(w);
	mp_client_send(c, w);
	mp_json_done(w);
}

void mp_client_ok(struct mp_client *c)
{
	struct mp_json w;

	begin(&w);
	mp_json_put_bool(&w, "ok", true);
	end(c, &w);
}

void mp_client_exit_code(struct mp_client *c, int code)
{
	struct mp_json w;

	begin(&w);
	mp_json_put_bool(&w, "ok", true);
	mp_json_put_int(&w, "exitCode", code);
	end(c, &w);
}

void mp_client_refuse(struct mp_client *c, int code, const char *text)
{
	struct mp_json w;

	begin(&w);
	mp_json_put_bool(&w, "ok", false);
	mp_json_put_string(&w, "error", text);
	mp_json_put_int(&w, "errno", code);
	end(c, &w);
}

static void put_status(struct mp_client *c)
{
	const struct mp_supervisor *sv = c->control->sv;
	const struct mp_pod_status *st = mp_pod_status(sv->pod);
	const struct mp_status_json status = { .spec = sv->spec,
					       .status = st,
					       .host_ip = sv->node.host_ip,
					       .more = mp_debug_statuses,
					       .more_arg = sv };
	char time[MP_TIME_TEXT_MAX];
	struct mp_json w;

	begin(&w);
	if (st->deletion_wall != 0)
		mp_json_put_string(&w, "deletionTimestamp",
				   mp_time_rfc3339(st->deletion_wall, time));
	mp_json_key(&w, "status");
	mp_status_json_write(&w, &status);
	end(c, &w);
}

/* ---- clients ---------------------------------------------------------------------------------- */

static void drop_fds(struct mp_client *c)
{
	for (size_t i = 0; i < MP_ARRAY_SIZE(c->fds); i++)
		mp_closep(&c->fds[i]);
	c->n_fds = 0;
}

static void client_free(struct mp_client *c)
{
	struct mp_control *control = c->control;

	for (struct mp_client **at = &control->clients; *at; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			break;
		}
	}
	control->n_clients--;
	if (c->exec)
		mp_client_exec_hang_up(c->exec);
	if (c->attach)
		mp_client_attach_hang_up(c->attach);
	mp_loop_remove(&c->source);
	mp_closep(&c->fd);
	drop_fds(c);
	free(c->in);
	free(c->out);
	free(c);
}

static bool take_bytes(struct mp_client *c)
{
	int fds[MP_ARRAY_SIZE(c->fds)];
	size_t n = 0, n_fds = 0;

	if (c->in_size - c->n_in < 1) {
		const size_t size = c->in_size > 0 ? c->in_size * 4 : IN_FIRST;
		char *bigger = size <= MP_CONTROL_MESSAGE_MAX ? realloc(c->in, size) : NULL;

		if (!bigger) {
			mp_client_refuse(c, EMSGSIZE, "a request may have 65536 bytes");
			return false;
		}
		c->in = bigger;
		c->in_size = size;
	}

	const int r = mp_fds_recv(c->fd, c->in + c->n_in, c->in_size - c->n_in, fds,
				  MP_ARRAY_SIZE(fds), &n, &n_fds, NULL);

	if (r == -EAGAIN || r == -EINTR)
		return true;
	if (r < 0 || (n == 0 && n_fds == 0))
		return false;
	for (size_t i = 0; i < n_fds; i++) {
		if (c->n_fds == MP_ARRAY_SIZE(c->fds))
			(void)close(fds[i]);
		else
			c->fds[c->n_fds++] = fds[i];
	}
	c->n_in += n;
	return n > 0;
}

static void let_go(struct mp_client *c)
{
	c->is_held = false;
	flush(c);
}

static bool take_request(struct mp_client *c)
{
	const char *newline = c->n_in > 0 ? memchr(c->in, '\n', c->n_in) : NULL;

	if (!newline)
		return true;
	if (newline + 1 != c->in + c->n_in) {
		mp_client_refuse(c, EINVAL, "one request at a time: wait for the answer");
		return false;
	}
	if (c->exec || (c->attach && !c->attach->is_input)) {
		mp_client_refuse(c, EBUSY, "this connection waits for its process");
		return false;
	}

	const size_t len = c->n_in - 1;

	c->n_in = 0;
	c->is_held = true;
	mp_client_request(c, c->in, len);
	if (c->control->sv->n_queued == 0 && !c->control->sv->has_new_status)
		let_go(c);
	drop_fds(c);
	return !c->is_doomed;
}

static void client_ready(struct mp_source *source, uint32_t events)
{
	struct mp_client *c = mp_container_of(source, struct mp_client, source);

	if (events & EPOLLOUT)
		flush(c);
	/* Level-triggered: what is not read now is announced again in the next turn. */
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && c->control->sv->n_queued < QUEUE_ROOM &&
	    !c->is_doomed && (!take_bytes(c) || !take_request(c)))
		c->is_doomed = true;
	if (c->is_doomed)
		client_free(c);
}

static bool is_root(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

/* The one that has asked for nothing for the longest time gives way to a new one. */
static void shed(struct mp_control *control)
{
	struct mp_client *idle = NULL;

	for (struct mp_client *c = control->clients; c; c = c->next)
		if (!c->is_watching && !c->exec && !c->attach && !c->wants_object)
			idle = c; /* the list has the oldest last */
	if (idle)
		client_free(idle);
}

/* False when nobody else is waiting. */
static bool accept_one(struct mp_control *control)
{
	mp_auto_fd fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	if (control->n_clients == MP_CONTROL_CLIENTS_MAX)
		shed(control);
	/* Beyond the limit, or not for us: the connection is closed again. */
	if (control->n_clients == MP_CONTROL_CLIENTS_MAX || !is_root(fd))
		return true;

	struct mp_client *c = calloc(1, sizeof(*c));

	if (!c)
		return false;
	c->control = control;
	c->fd = mp_steal_fd(&fd);
	for (size_t i = 0; i < MP_ARRAY_SIZE(c->fds); i++)
		c->fds[i] = -EBADF;
	c->source = (struct mp_source){ .fd = c->fd, .events = EPOLLIN, .ready = client_ready };
	c->next = control->clients;
	control->clients = c;
	control->n_clients++;
	if (mp_loop_add(control->sv->loop, &c->source, NULL) < 0)
		client_free(c);
	return true;
}

static void accept_ready(struct mp_source *source, uint32_t events)
{
	struct mp_control *control = mp_container_of(source, struct mp_control, source);

	(void)events;
	for (int i = 0; i < ACCEPTS && accept_one(control); i++)
		;
}

/* ---- news -------------------------------------------------------------------------------------- */

bool mp_control_is_watched(const struct mp_control *control)
{
	for (const struct mp_client *c = control ? control->clients : NULL; c; c = c->next)
		if (c->is_watching || c->is_held)
			return true;
	return false;
}

void mp_control_settle(struct mp_control *control)
{
	for (struct mp_client *c = control ? control->clients : NULL; c; c = c->next)
		if (c->is_held)
			let_go(c);
}

void mp_control_status(struct mp_control *control)
{
	for (struct mp_client *c = control ? control->clients : NULL; c; c = c->next) {
		if (!c->is_watching || c->is_doomed)
			continue;
		c->has_news = true;
		if (c->n_out == 0)
			flush(c);
	}
}

void mp_control_event(struct mp_control *control, const struct mp_k8s_event *ev)
{
	char path[256], time[MP_TIME_TEXT_MAX];

	for (struct mp_client *c = control ? control->clients : NULL; c; c = c->next) {
		struct mp_json w;

		if (!c->is_watching || c->is_doomed)
			continue;
		begin(&w);
		mp_json_put_object(&w, "event");
		mp_json_put_string(&w, "type", ev->is_warning ? "Warning" : "Normal");
		mp_json_put_string(&w, "reason", ev->reason);
		mp_json_put_string(&w, "message", ev->message);
		mp_json_put_string(&w, "fieldPath", mp_field_path(control->sv->spec, ev, path));
		mp_json_put_int(&w, "count", ev->count);
		mp_json_put_string(&w, "firstTimestamp", mp_time_rfc3339(ev->first_wall, time));
		mp_json_put_string(&w, "lastTimestamp", mp_time_rfc3339(ev->last_wall, time));
		mp_json_object_end(&w);
		end(c, &w);
	}
}

bool mp_control_wants_object(const struct mp_control *control)
{
	for (const struct mp_client *c = control ? control->clients : NULL; c; c = c->next)
		if (c->wants_object)
			return true;
	return false;
}

void mp_control_object(struct mp_control *control, const char *text)
{
	for (struct mp_client *c = control ? control->clients : NULL; c; c = c->next) {
		struct mp_json w;

		if (!c->wants_object || c->is_doomed)
			continue;
		begin(&w);
		mp_json_key(&w, "object");
		mp_json_raw(&w, text, strlen(text));
		end(c, &w);
	}
}

/*
 * The pod is gone, and so is its name: nothing waits for us any more but those who have not read
 * their last message. They get a moment.
 */
static void say_goodbye(struct mp_control *control)
{
	const mp_nsec deadline = mp_nsec_add(mp_clock_read().mono, GOODBYE);

	for (struct mp_client *c = control->clients; c; c = c->next) {
		while (c->n_out > 0 && !c->is_doomed) {
			struct pollfd p = { .fd = c->fd, .events = POLLOUT };
			const mp_nsec left = deadline - mp_clock_read().mono;

			if (left <= 0 || poll(&p, 1, (int)(left / MP_NSEC_PER_MS) + 1) <= 0)
				break;
			flush(c);
		}
	}
}

/* ---- the socket -------------------------------------------------------------------------------- */

int mp_control_open(struct mp_supervisor *sv, struct mp_control **ret, struct mp_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct mp_control *control = calloc(1, sizeof(*control));
	int r = 0;

	if (!control)
		return mp_fail(err, ENOMEM, "control socket");
	control->sv = sv;
	/* A socket's path is short; the directory's may not be: go by its descriptor. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" MP_CONTROL_NAME,
		       sv->dir.run_fd);
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		r = mp_fail(err, errno, "control socket");
	if (r == 0 && unlinkat(sv->dir.run_fd, MP_CONTROL_NAME, 0) < 0 && errno != ENOENT)
		r = mp_fail(err, errno, "remove an old control socket");
	if (r == 0 && (bind(control->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		       listen(control->fd, BACKLOG) < 0))
		r = mp_fail(err, errno, "control socket in %s", sv->dir.run_path);
	control->source =
		(struct mp_source){ .fd = control->fd, .events = EPOLLIN, .ready = accept_ready };
	if (r == 0)
		r = mp_loop_add(sv->loop, &control->source, err);
	if (r < 0) {
		mp_closep(&control->fd);
		free(control);
		return r;
	}
	*ret = control;
	return 0;
}

void mp_control_free(struct mp_control *control)
{
	if (!control)
		return;
	say_goodbye(control);
	for (struct mp_client *c = control->clients, *next; c; c = next) {
		next = c->next;
		client_free(c);
	}
	mp_control_end_execs(control);
	mp_loop_remove(&control->source);
	mp_closep(&control->fd);
	(void)unlinkat(control->sv->dir.run_fd, MP_CONTROL_NAME, 0);
	free(control);
}
