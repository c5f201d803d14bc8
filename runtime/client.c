/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/client.h"

#include <errno.h>
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
#include "runtime/control.h"
#include "runtime/orphan.h"
#include "runtime/pod_view.h"
#include "runtime/room.h"

#define REPLY_MAX    ((size_t)4 * 1024 * 1024)
#define REPLY_WITHIN mp_seconds(30)

static int open_pod(const struct mp_roots *roots, const char *namespace_, const char *name,
		    struct mp_state_dir *ret, struct mp_error *err)
{
	char dir_name[520];

	(void)snprintf(dir_name, sizeof(dir_name), "%s_%s", namespace_, name);

	int r = strchr(dir_name, '/') ? -ENOENT :
					mp_state_dir_open(roots, dir_name, NULL, ret, err);

	return r == -ENOENT ? mp_pod_not_found(name, err) : r;
}

static int connect_in(const struct mp_state_dir *dir, int *ret_fd, struct mp_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mp_auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return mp_fail(err, errno, "control socket");
	/* A socket's path is short; the directory's may not be: go by its descriptor. */
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/" MP_CONTROL_NAME,
		       dir->run_fd);
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return mp_fail_text(
				err, ECONNREFUSED,
				"nobody supervises %s: 'minipod recover' takes it up again "
				"if it has not ended",
				dir->name);
		return mp_fail(err, errno, "reach the supervisor of %s", dir->name);
	}
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

int mp_client_connect(const struct mp_roots *roots, const char *namespace_, const char *name,
		      int *ret_fd, struct mp_error *err)
{
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r = open_pod(roots, namespace_, name, &dir, err);

	if (r == 0)
		r = connect_in(&dir, ret_fd, err);
	mp_state_dir_close(&dir);
	return r;
}

static int wait_readable(int fd, mp_nsec deadline)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		const mp_nsec left = deadline == MP_NSEC_NEVER ?
					     MP_NSEC_PER_MS :
					     deadline - mp_clock_read().mono + MP_NSEC_PER_MS - 1;
		const mp_nsec ms = left / MP_NSEC_PER_MS;
		const int r = poll(&p, 1,
				   deadline == MP_NSEC_NEVER ? -1 :
				   ms < 0                    ? 0 :
				   ms > 86400000             ? 86400000 :
							       (int)ms);

		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0 && deadline != MP_NSEC_NEVER && mp_clock_read().mono >= deadline)
			return -ETIMEDOUT;
	}
}

int mp_message_read(struct mp_message_reader *m, struct mp_arena *arena, mp_nsec deadline,
		    const struct mp_node **ret, struct mp_error *err)
{
	for (;;) {
		const char *at = m->bytes ? m->bytes + m->used : NULL;
		const char *newline = at ? memchr(at, '\n', m->n - m->used) : NULL;
		struct mp_document doc;
		int r;

		if (newline) {
			r = mp_document_parse(arena, "answer", at, (size_t)(newline - at),
					      MP_DOCUMENT_JSON, &doc, err);
			m->used += (size_t)(newline - at) + 1;
			if (r == 0)
				*ret = doc.roots[0];
			return r;
		}
		if (m->bytes && m->used > 0) {
			memmove(m->bytes, m->bytes + m->used, m->n - m->used);
			m->n -= m->used;
			m->used = 0;
		}
		if (m->n == m->size) {
			const size_t size = m->size > 0 ? m->size * 2 : 8192;
			char *bigger = size <= REPLY_MAX ? realloc(m->bytes, size) : NULL;

			if (!bigger)
				return mp_fail(err, EMSGSIZE, "answer of the supervisor");
			m->bytes = bigger;
			m->size = size;
		}
		r = wait_readable(m->fd, deadline);
		if (r < 0)
			return mp_fail(err, -r, "wait for the supervisor");

		const ssize_t n = read(m->fd, m->bytes + m->n, m->size - m->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ECONNRESET)
			return mp_fail(err, errno, "read the supervisor's answer");
		if (n <= 0)
			return mp_fail_text(err, EPIPE, "the supervisor has hung up");
		m->n += (size_t)n;
	}
}

void mp_message_reader_done(struct mp_message_reader *m)
{
	free(m->bytes);
	m->bytes = NULL;
	m->n = m->size = m->used = 0;
}

void mp_client_begin(struct mp_json *w, const char *request)
{
	mp_json_init(w, MP_JSON_COMPACT);
	mp_json_object_begin(w);
	mp_json_put_int(w, "version", MP_CONTROL_VERSION);
	mp_json_put_string(w, "request", request);
}

int mp_client_post(int fd, struct mp_json *w, const int *fds, size_t n_fds, struct mp_error *err)
{
	size_t len;
	int r;

	mp_json_object_end(w);

	const char *text = mp_json_finish(w, &len, &r);

	if (!text)
		r = mp_fail(err, -r, "request");
	else if (len + 1 > MP_CONTROL_MESSAGE_MAX)
		r = mp_fail(err, E2BIG, "request");
	else
		r = mp_fds_send(fd, text, len, fds, n_fds, err);
	if (r == 0)
		r = mp_fds_send(fd, "\n", 1, NULL, 0, err);
	mp_json_done(w);
	return r;
}

int mp_client_check(const struct mp_node *reply, struct mp_error *err)
{
	const struct mp_node *ok = mp_node_get(reply, "ok");
	int64_t code = EPROTO;

	if (ok && ok->kind == MP_NODE_BOOL && ok->boolean)
		return 0;
	(void)mp_node_int64(mp_node_get(reply, "errno"), &code);
	return mp_fail_text(err, code > 0 && code < 4096 ? (int)code : EPROTO, "%s",
			    mp_node_text(reply, "error", NULL));
}

int mp_client_call(const struct mp_roots *roots, const char *namespace_, const char *name,
		   struct mp_json *w, const int *fds, size_t n_fds, struct mp_arena *arena,
		   const struct mp_node **ret_reply, struct mp_error *err)
{
	struct mp_message_reader reader = { .fd = -EBADF };
	const struct mp_node *reply = NULL;
	mp_auto_fd fd = -EBADF;
	int r = mp_client_connect(roots, namespace_, name, &fd, err);

	if (r < 0) {
		mp_json_done(w);
		return r;
	}
	reader.fd = fd;
	r = mp_client_post(fd, w, fds, n_fds, err);
	if (r == 0)
		r = mp_message_read(&reader, arena, mp_nsec_add(mp_clock_read().mono, REPLY_WITHIN),
				    &reply, err);
	if (r == 0)
		r = mp_client_check(reply, err);
	if (r == 0 && ret_reply)
		*ret_reply = reply;
	mp_message_reader_done(&reader);
	return r;
}

bool mp_client_has_gone(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED || r == -ECONNRESET || r == -EPIPE;
}

int mp_client_answer(int control, struct mp_arena *arena, const struct mp_node **ret, int *ret_fd,
		     struct mp_error *err)
{
	char line[8192];
	size_t n = 0, n_fds = 0;
	struct mp_document doc;
	int r = wait_readable(control, mp_nsec_add(mp_clock_read().mono, REPLY_WITHIN));

	if (r < 0)
		return mp_fail(err, -r, "wait for the supervisor");
	r = mp_fds_recv(control, line, sizeof(line), ret_fd, 1, &n, &n_fds, err);
	if (r < 0)
		return r;
	if (n == 0 || line[n - 1] != '\n')
		return mp_fail_text(err, EPIPE, "the supervisor has hung up");
	r = mp_document_parse(arena, "answer", line, n - 1, MP_DOCUMENT_JSON, &doc, err);
	if (r == 0)
		*ret = doc.roots[0];
	return r;
}

int mp_client_call_fd(const struct mp_roots *roots, const char *namespace_, const char *name,
		      struct mp_json *w, struct mp_arena *arena, const struct mp_node **ret_reply,
		      int *ret_fd, struct mp_error *err)
{
	const struct mp_node *reply = NULL;
	mp_auto_fd control = -EBADF, fd = -EBADF;
	int r = mp_client_connect(roots, namespace_, name, &control, err);

	if (r < 0) {
		mp_json_done(w);
		return r;
	}
	r = mp_client_post(control, w, NULL, 0, err);
	if (r == 0)
		r = mp_client_answer(control, arena, &reply, &fd, err);
	if (r == 0)
		r = mp_client_check(reply, err);
	if (r == 0 && fd < 0)
		r = mp_fail_text(err, EPROTO, "the supervisor sent no descriptor");
	if (r < 0)
		return r;
	*ret_reply = reply;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

/* ---- delete ----------------------------------------------------------------------------------- */

/* -EPIPE: it has gone between our connecting and asking. */
static int ask(struct mp_deletion *d, struct mp_error *err)
{
	const mp_nsec answer_by = mp_nsec_add(mp_clock_read().mono, REPLY_WITHIN);
	const struct mp_node *reply = NULL;
	struct mp_json w;
	int r;

	mp_client_begin(&w, "delete");
	if (d->options.grace_s.is_set)
		mp_json_put_int(&w, "graceSeconds", d->options.grace_s.v);
	mp_json_put_bool(&w, "force", d->options.is_forced);
	mp_json_put_bool(&w, "wantsObject", d->options.wants_object);
	r = mp_client_post(d->reader.fd, &w, NULL, 0, err);
	if (r == 0)
		r = mp_message_read(&d->reader, &d->arena, answer_by, &reply, err);
	return r == 0 ? mp_client_check(reply, err) : r;
}

/*
 * The name is free at once, while the pod goes on ending under one that nobody sees. Its supervisor
 * cannot do this: the directory is a mount point in the supervisor's own mount namespace.
 */
static void hide(const struct mp_deletion *d)
{
	char from[PATH_MAX + 600], to[PATH_MAX + 700];

	(void)snprintf(from, sizeof(from), "%s/pods/%s_%s", d->roots->run, d->namespace_, d->name);
	(void)snprintf(to, sizeof(to), "%s/pods/.%s_%s_%s", d->roots->run, d->namespace_, d->name,
		       d->uid);
	(void)rename(from, to); /* gone already: just as well */
}

/* Nobody supervises it and the lock is ours: take away what is left of the pod. */
static int remove_ended(struct mp_deletion *d, struct mp_error *err)
{
	struct mp_pod_view view;
	struct mp_state_dir dir = MP_STATE_DIR_NONE;
	int r = mp_pod_view_load(&d->arena, d->roots, d->namespace_, d->name, &view, err);

	if (r == 0)
		r = mp_state_dir_open(d->roots, view.dir_name, view.uid, &dir, err);
	if (r == 0)
		r = mp_state_dir_lock(&dir, err);
	/* Its supervisor died before the pod had ended: the pod ends now, without its hooks. */
	if (r == 0 && !view.has_ended)
		r = mp_orphan_end(view.uid,
				  mp_orphan_root(dir.run_fd, d->options.cgroup_root, &d->arena),
				  err);
	if (r == 0)
		mp_room_forget(d->roots->run, view.uid);
	if (r == 0)
		r = mp_state_dir_remove_data(&dir, err);
	if (r == 0)
		r = mp_state_dir_remove(&dir, err);
	if (r == 0)
		d->object = view.object;
	mp_state_dir_close(&dir);
	return r;
}

static void nap(void)
{
	(void)poll(NULL, 0, 10);
}

static void hang_up(struct mp_deletion *d)
{
	mp_message_reader_done(&d->reader);
	mp_closep(&d->reader.fd);
}

/* The pod's uid, if it is there and (when we know it already) still the same pod. */
static bool is_same_pod(struct mp_deletion *d)
{
	struct mp_pod_view view;

	if (mp_pod_view_load(&d->arena, d->roots, d->namespace_, d->name, &view, NULL) < 0)
		return false;
	if (!d->uid[0])
		(void)snprintf(d->uid, sizeof(d->uid), "%s", view.uid);
	return strcmp(d->uid, view.uid) == 0;
}

static int begin(struct mp_deletion *d, struct mp_error *err)
{
	bool was_there = d->uid[0] != '\0';

	for (int tries = 0;; tries++) {
		int r = mp_client_connect(d->roots, d->namespace_, d->name, &d->reader.fd, err);

		if (r == 0) {
			/* Connected first, then looked: it is this pod's supervisor we speak to. */
			if (!is_same_pod(d) && was_there)
				r = -ENOENT;
			else
				r = ask(d, err);
			if (r == 0)
				return 0;
			hang_up(d);
			if (r == -EPIPE)
				was_there = true;
		} else if (r == -ECONNREFUSED) {
			r = was_there && !is_same_pod(d) ? -ENOENT : remove_ended(d, err);
		}
		/* Its supervisor is only just beginning, or about to leave. */
		if ((r == -EAGAIN || r == -EPIPE) && tries < 1000) {
			nap();
			continue;
		}
		return r == -ENOENT && was_there ? 0 : r;
	}
}

int mp_deletion_begin(const struct mp_roots *roots, const char *namespace_, const char *name,
		      const struct mp_delete_options *options, struct mp_deletion *ret,
		      struct mp_error *err)
{
	int r;

	*ret = (struct mp_deletion){ .roots = roots,
				     .namespace_ = namespace_,
				     .name = name,
				     .options = *options,
				     .reader = { .fd = -EBADF } };
	r = begin(ret, err);
	if (r == 0 && options->is_forced && ret->reader.fd >= 0)
		hide(ret);
	return r;
}

int mp_deletion_wait(struct mp_deletion *d, mp_nsec deadline, struct mp_error *err)
{
	while (d->reader.fd >= 0) {
		const struct mp_node *message = NULL;
		int r = mp_message_read(&d->reader, &d->arena, deadline, &message, err);

		if (r == 0) {
			if (mp_node_get(message, "object"))
				d->object = mp_node_get(message, "object");
			continue;
		}
		if (r != -EPIPE)
			return r;
		hang_up(d);
		/* A supervisor that was killed leaves the pod to us. */
		if (!d->options.is_forced && is_same_pod(d)) {
			r = begin(d, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

void mp_deletion_done(struct mp_deletion *d)
{
	hang_up(d);
	mp_arena_done(&d->arena);
}
