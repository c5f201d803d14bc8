/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the control socket share: its clients and what they run. */
#pragma once

#include "namespaces/exec.h"
#include "runtime/base/document.h"
#include "runtime/base/json.h"
#include "runtime/base/loop.h"
#include "runtime/control.h"

#define MP_CONTROL_CLIENTS_MAX 256
#define MP_CONTROL_OUT_MAX     ((size_t)262144) /* bytes waiting for one client */

/** struct mp_client - one connection. */
struct mp_client {
	struct mp_control *control; /* borrowed */
	int fd;                     /* owned */
	struct mp_source source;
	char *in; /* owned: a request that is not complete yet */
	size_t n_in, in_size;
	char *out; /* owned: what the socket did not take yet */
	size_t n_out, out_size;
	int fds[3]; /* owned: descriptors that came with the request */
	size_t n_fds;
	bool is_watching;
	bool is_held;                    /* its answer waits until the status shows it */
	bool wants_object;               /* it waits for the pod as it ended */
	bool has_news;                   /* a status that was not sent yet */
	bool is_doomed;                  /* to be closed when the loop's batch is over */
	struct mp_client_exec *exec;     /* it waits for this */
	struct mp_client_attach *attach; /* or for the container that this is attached to */
	struct mp_client *next;
};

/** struct mp_client_exec - a process that a client runs in a container. */
struct mp_client_exec {
	struct mp_control *control;
	struct mp_client *client; /* NULL: it has hung up */
	struct mp_exec exec;
	struct mp_source exited, report;
	bool has_failed; /* a step before exec failed */
	bool is_tty;
	struct mp_error error;
	struct mp_client_exec *next;
};

/** struct mp_client_attach - a client that sees what a container writes. */
struct mp_client_attach {
	struct mp_control *control;
	struct mp_client *client;
	char id[65]; /* the record's; "" while there is none */
	int out[2]; /* owned: sockets for stdout and stderr; -EBADF: only its start is waited for */
	bool is_input;    /* it has the container's standard input */
	bool is_starting; /* the ephemeral container @index is being started */
	bool wants_input;
	size_t index;
	struct mp_client_attach *next;
};

struct mp_control {
	struct mp_supervisor *sv; /* borrowed */
	int fd;                   /* owned: listening */
	struct mp_source source;
	struct mp_client *clients;
	size_t n_clients;
	struct mp_client_exec *execs;
	struct mp_client_attach *attached;
};

/** mp_client_send() - queue one message (a finished writer) and send what the socket takes. */
void mp_client_send(struct mp_client *client, struct mp_json *w);

/** mp_client_ok() - {"version":1,"ok":true}. */
void mp_client_ok(struct mp_client *client);

/** mp_client_refuse() - {"version":1,"ok":false,"error":...,"errno":...}. */
void mp_client_refuse(struct mp_client *client, int code, const char *text);

/** mp_client_exit_code() - {"version":1,"ok":true,"exitCode":...}: what was waited for has ended. */
void mp_client_exit_code(struct mp_client *client, int code);

/** mp_client_text() - a member of a request that is a string, or "". */
const char *mp_client_text(const struct mp_node *request, const char *key);

/** mp_client_words() - a member that is a list of strings, ended by NULL; NULL: none, or empty. */
const char *const *mp_client_words(const struct mp_node *request, const char *key,
				   struct mp_arena *arena);

/** mp_client_request() - carry out one request; answers now or later. */
void mp_client_request(struct mp_client *client, const char *text, size_t len);

/** mp_client_exec_start() - the request "exec". */
void mp_client_exec_start(struct mp_client *client, const struct mp_node *request,
			  struct mp_arena *arena);

/** mp_client_exec_hang_up() - nobody waits for it any more. */
void mp_client_exec_hang_up(struct mp_client_exec *exec);

/** mp_client_send_fd() - one message with a descriptor; only while nothing waits to be sent. */
void mp_client_send_fd(struct mp_client *client, struct mp_json *w, int fd);

/** mp_client_record() - the running record of the container that a request names; NULL: refused. */
struct mp_record *mp_client_record(struct mp_client *client, const struct mp_node *request);

/** mp_client_attach_start() - the request "attach". */
void mp_client_attach_start(struct mp_client *client, const struct mp_node *request,
			    struct mp_arena *arena);

/** mp_client_attach_end_input() - the request "endInput" of an attached client; no answer. */
void mp_client_attach_end_input(struct mp_client *client, const struct mp_node *request,
				struct mp_arena *arena);

/** mp_client_attach_hang_up() - its client has left. */
void mp_client_attach_hang_up(struct mp_client_attach *attach);

/** mp_client_patch() - the request "patch": labels and annotations. */
void mp_client_patch(struct mp_client *client, const struct mp_node *request,
		     struct mp_arena *arena);

/** mp_client_apply() - the request "apply": a new manifest. */
void mp_client_apply(struct mp_client *client, const struct mp_node *request,
		     struct mp_arena *arena);

/** mp_client_forget() - the request "forget": a ConfigMap or Secret that is there no more. */
void mp_client_forget(struct mp_client *client, const struct mp_node *request,
		      struct mp_arena *arena);

/** mp_client_root() - the request "root": a container's root directory, for cp. */
void mp_client_root(struct mp_client *client, const struct mp_node *request,
		    struct mp_arena *arena);

/** mp_client_debug() - the request "debug": an ephemeral container, attached to or not. */
void mp_client_debug(struct mp_client *client, const struct mp_node *request,
		     struct mp_arena *arena);
