/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients attached to a container. Output goes to sockets of theirs, as far as these have room: a
 * client that does not read is hung up on, the container never waits for it. Input does not pass
 * through here at all: the client gets the descriptor.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/auto.h"
#include "runtime/container_io.h"
#include "runtime/control_client.h"
#include "runtime/supervisor.h"

static void release(struct mp_client_attach *a)
{
	for (struct mp_client_attach **at = &a->control->attached; *at; at = &(*at)->next) {
		if (*at == a) {
			*at = a->next;
			break;
		}
	}
	if (a->client)
		a->client->attach = NULL;
	mp_closep(&a->out[0]);
	mp_closep(&a->out[1]);
	free(a);
}

static struct mp_record *record_of(const struct mp_client_attach *a)
{
	const struct mp_supervisor *sv = a->control->sv;

	for (size_t i = 0; i < mp_n_records(sv); i++)
		for (struct mp_record *r = sv->records[i]; r; r = r->next)
			if (strcmp(r->id, a->id) == 0)
				return r;
	return NULL;
}

void mp_client_attach_hang_up(struct mp_client_attach *a)
{
	const struct mp_record *record = a->is_input ? record_of(a) : NULL;

	if (record)
		mp_record_detached(record);
	release(a);
}

static bool wants(const struct mp_node *request, const char *key)
{
	const struct mp_node *node = mp_node_get(request, key);

	return node && node->kind == MP_NODE_BOOL && node->boolean;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

static void answer(struct mp_client *c, const struct mp_record *record, bool is_input)
{
	const int terminal = mp_container_io_terminal(record->io);
	struct mp_json w;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_int(&w, "version", MP_CONTROL_VERSION);
	mp_json_put_bool(&w, "ok", true);
	mp_json_put_bool(&w, "stdin", is_input);
	mp_json_put_bool(&w, "tty", terminal >= 0);
	mp_json_object_end(&w);
	mp_client_send_fd(c, &w,
			  terminal >= 0 ? terminal :
			  is_input      ? mp_container_io_input(record->io) :
					  -EBADF);
	mp_json_done(&w);
}

/* False: the request was refused. */
static bool has_sockets(struct mp_client *c, const char *refusal)
{
	if (c->attach) {
		mp_client_refuse(c, EBUSY, "this connection is attached already");
		return false;
	}
	if (c->n_fds != 2 || !is_socket(c->fds[0]) || !is_socket(c->fds[1])) {
		mp_client_refuse(c, EINVAL, refusal);
		return false;
	}
	return true;
}

/* Takes the sockets that came with the request, if any did. */
static struct mp_client_attach *attach(struct mp_client *c)
{
	struct mp_client_attach *a = calloc(1, sizeof(*a));

	if (!a) {
		mp_client_refuse(c, ENOMEM, "out of memory");
		return NULL;
	}
	a->control = c->control;
	a->client = c;
	for (int i = 0; i < 2; i++)
		a->out[i] = mp_steal_fd(&c->fds[i]);
	c->n_fds = 0;
	a->next = c->control->attached;
	c->control->attached = a;
	c->attach = a;
	return a;
}

void mp_client_attach_start(struct mp_client *c, const struct mp_node *request,
			    struct mp_arena *arena)
{
	struct mp_client_attach *a;
	struct mp_record *record;

	(void)arena;
	if (!has_sockets(c, "attach needs two stream sockets: stdout, stderr"))
		return;
	record = mp_client_record(c, request);
	if (!record)
		return;
	a = attach(c);
	if (!a)
		return;
	memcpy(a->id, record->id, sizeof(a->id));
	a->is_input = wants(request, "stdin") && mp_container_io_input(record->io) >= 0;
	answer(c, record, a->is_input);
}

/* ---- an ephemeral container --------------------------------------------------------------------- */

/* The client waits until the container runs, which may take a pull; then it is attached, or gets its answer. */
void mp_client_debug(struct mp_client *c, const struct mp_node *request, struct mp_arena *arena)
{
	const struct mp_debug_ask ask = {
		.name = mp_client_text(request, "name"),
		.image = mp_client_text(request, "image"),
		.target = mp_client_text(request, "target"),
		.pull_policy = mp_client_text(request, "imagePullPolicy"),
		.command = mp_client_words(request, "command", arena),
		.args = mp_client_words(request, "args", arena),
		.env = mp_client_words(request, "env", arena),
		.has_stdin = wants(request, "stdin"),
		.is_stdin_once = c->n_fds > 0,
		.is_tty = wants(request, "tty"),
	};
	struct mp_error err = MP_ERROR_NONE;
	struct mp_client_attach *a;

	if (c->n_fds > 0 && !has_sockets(c, "debug needs two stream sockets, or none"))
		return;
	a = attach(c);
	if (!a)
		return;
	a->is_starting = true;
	a->wants_input = ask.has_stdin;
	if (mp_debug_create(c->control->sv, &ask, &a->index, &err) < 0) {
		release(a);
		mp_client_refuse(c, err.code, err.msg);
		return;
	}
	mp_debug_start(c->control->sv, a->index);
}

void mp_control_debug_made(struct mp_control *control, size_t index, const struct mp_record *record)
{
	for (struct mp_client_attach *a = control ? control->attached : NULL; a; a = a->next)
		if (a->is_starting && a->index == index && a->out[0] >= 0)
			memcpy(a->id, record->id, sizeof(a->id));
}

bool mp_control_debug_done(struct mp_control *control, size_t index, const struct mp_record *record,
			   const struct mp_error *err)
{
	bool is_attached = false;

	for (struct mp_client_attach *a = control ? control->attached : NULL, *next; a; a = next) {
		struct mp_client *c = a->client;

		next = a->next;
		if (!a->is_starting || a->index != index)
			continue;
		a->is_starting = false;
		if (record && a->out[0] >= 0) {
			a->is_input = a->wants_input && mp_container_io_input(record->io) >= 0;
			is_attached = true;
			answer(c, record, a->is_input);
			continue;
		}
		release(a);
		if (record)
			mp_client_ok(c);
		else
			mp_client_refuse(c, err->code, err->msg);
	}
	return is_attached;
}

void mp_client_attach_end_input(struct mp_client *c, const struct mp_node *request,
				struct mp_arena *arena)
{
	const struct mp_record *record = c->attach ? record_of(c->attach) : NULL;

	(void)request;
	(void)arena;
	if (!c->attach || !c->attach->is_input) {
		mp_client_refuse(c, EINVAL, "endInput: no input of a container is held here");
		return;
	}
	c->attach->is_input = false;
	if (record)
		mp_record_detached(record);
}

void mp_control_output(struct mp_control *control, const struct mp_record *record,
		       enum mp_cri_stream stream, const char *bytes, size_t n)
{
	for (struct mp_client_attach *a = control ? control->attached : NULL, *next; a; a = next) {
		const int fd = a->out[stream == MP_CRI_STDERR ? 1 : 0];
		size_t sent = 0;

		next = a->next;
		if (strcmp(a->id, record->id) != 0 || fd < 0)
			continue;
		while (sent < n) {
			const ssize_t k =
				send(fd, bytes + sent, n - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

			if (k < 0 && errno == EINTR)
				continue;
			if (k < 0)
				break;
			sent += (size_t)k;
		}
		if (sent < n) {
			struct mp_client *c = a->client;
			const bool is_slow = errno == EAGAIN;

			mp_client_attach_hang_up(a);
			if (is_slow)
				mp_client_refuse(c, ENOBUFS,
						 "the container writes faster than is read here: "
						 "see its log");
		}
	}
}

void mp_control_record_ended(struct mp_control *control, const struct mp_record *record, int code)
{
	for (struct mp_client_attach *a = control ? control->attached : NULL, *next; a; a = next) {
		struct mp_client *c = a->client;

		next = a->next;
		if (strcmp(a->id, record->id) != 0)
			continue;
		release(a);
		mp_client_exit_code(c, code);
	}
}
