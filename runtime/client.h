/* SPDX-License-Identifier: Apache-2.0 */
/* The clients' side of the control socket, and deleting a pod whatever state it is in. */
#pragma once

#include "lifecycle/spec.h"
#include "runtime/base/clock.h"
#include "runtime/base/document.h"
#include "runtime/base/json.h"
#include "runtime/state_dir.h"

/**
 * mp_client_connect() - connect to the supervisor of a pod.
 * @ret_fd: owned by the caller; blocking.
 *
 * Return: 0; -ENOENT when there is no such pod; -ECONNREFUSED when nobody supervises it; -errno.
 */
int mp_client_connect(const struct mp_roots *roots, const char *namespace_, const char *name,
		      int *ret_fd, struct mp_error *err);

/** struct mp_message_reader - messages of a connection. Zero-initialise, set @fd. */
struct mp_message_reader {
	int fd;      /* borrowed */
	char *bytes; /* owned: mp_message_reader_done() */
	size_t n, size, used;
};

/**
 * mp_message_read() - the next message, waiting for it until @deadline (monotonic).
 * @ret: lives in @arena.
 *
 * Return: 0; -EPIPE at the end of the stream; -ETIMEDOUT; -errno.
 */
int mp_message_read(struct mp_message_reader *reader, struct mp_arena *arena, mp_nsec deadline,
		    const struct mp_node **ret, struct mp_error *err);

void mp_message_reader_done(struct mp_message_reader *reader);

/** mp_client_begin() - {"version":1,"request":@request, left open for more members. */
void mp_client_begin(struct mp_json *w, const char *request);

/** mp_client_post() - close the object and send it with @fds; releases @w. */
int mp_client_post(int fd, struct mp_json *w, const int *fds, size_t n_fds, struct mp_error *err);

/** mp_client_check() - a refusal becomes the error it carries: -errno and its sentence. */
int mp_client_check(const struct mp_node *reply, struct mp_error *err);

/**
 * mp_client_call() - connect, send one request, check its answer.
 * @w:         what mp_client_begin() began, with its members; released.
 * @fds:       @n_fds borrowed descriptors that go with it.
 * @ret_reply: may be NULL; lives in @arena.
 *
 * Return: 0; -ENOENT when there is no such pod; -ECONNREFUSED when nobody supervises it; the
 * refusal's errno.
 */
int mp_client_call(const struct mp_roots *roots, const char *namespace_, const char *name,
		   struct mp_json *w, const int *fds, size_t n_fds, struct mp_arena *arena,
		   const struct mp_node **ret_reply, struct mp_error *err);

/** mp_client_has_gone() - such an error of a call: the pod, or who supervised it, is gone. */
bool mp_client_has_gone(int r);

/**
 * mp_client_answer() - the one answer that may bring a descriptor along.
 * @fd:     the connection; nothing was read from it yet.
 * @ret_fd: -EBADF when none came; owned by the caller.
 */
int mp_client_answer(int fd, struct mp_arena *arena, const struct mp_node **ret, int *ret_fd,
		     struct mp_error *err);

/** mp_client_call_fd() - as mp_client_call(), for an answer that brings a descriptor. */
int mp_client_call_fd(const struct mp_roots *roots, const char *namespace_, const char *name,
		      struct mp_json *w, struct mp_arena *arena, const struct mp_node **ret_reply,
		      int *ret_fd, struct mp_error *err);

/** struct mp_delete_options - as kubectl delete takes them. */
struct mp_delete_options {
	struct mp_opt_int grace_s; /* absent: the pod's own */
	bool is_forced;            /* its name is free at once */
	bool wants_object;         /* the pod as it ended is asked for */
	const char *cgroup_root;   /* for a pod whose supervisor is dead; NULL: "minipod" */
};

/** struct mp_deletion - a pod that is being deleted. mp_deletion_done(). */
struct mp_deletion {
	const struct mp_roots *roots; /* borrowed, as the names and options */
	const char *namespace_, *name;
	struct mp_delete_options options;
	struct mp_message_reader reader; /* its fd is owned; -EBADF: the pod is gone already */
	struct mp_arena arena;
	char uid[64];
	const struct mp_node *object; /* as it ended, once it is gone; NULL: not known */
};

/**
 * mp_deletion_begin() - ask for a pod to be deleted: its supervisor while there is one; else what
 * is left of it is taken away here.
 *
 * Return: 0; -ENOENT; -errno. mp_deletion_done() in any case.
 */
int mp_deletion_begin(const struct mp_roots *roots, const char *namespace_, const char *name,
		      const struct mp_delete_options *options, struct mp_deletion *ret,
		      struct mp_error *err);

/** mp_deletion_wait() - until the pod is gone. 0; -ETIMEDOUT at @deadline (monotonic); -errno. */
int mp_deletion_wait(struct mp_deletion *deletion, mp_nsec deadline, struct mp_error *err);

void mp_deletion_done(struct mp_deletion *deletion);
