/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process in the container never gets our own terminal: with a descriptor of it, it could type
 * for us (TIOCSTI). It gets pipes, or a terminal of its container's own, and we carry the bytes.
 */
#include "runtime/cmd_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/log_select.h"
#include "runtime/pod_view.h"
#include "runtime/session.h"

#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND  127

const struct mp_option mp_exec_options[] = {
	{ "container", 'c', "NAME", "in this container", false },
	{ "stdin", 'i', NULL, "pass standard input on", false },
	{ "tty", 't', NULL, "on a terminal of its own", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

const struct mp_option mp_attach_options[] = {
	{ "container", 'c', "NAME", "to this container", false },
	{ "stdin", 'i', NULL, "pass standard input on", false },
	{ "tty", 't', NULL, "as a terminal: raw, with its size", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

const struct mp_option mp_debug_options[] = {
	{ "image", 0, "IMAGE", "the image of the ephemeral container (needed)", false },
	{ "container", 'c', "NAME", "call it so (debugger-xxxxx)", false },
	{ "image-pull-policy", 0, "POLICY", "Always, IfNotPresent or Never (by the image's tag)",
	  false },
	{ "target", 0, "NAME", "see the processes of this container", false },
	{ "env", 0, "NAME=VALUE", "set a variable; may be given again", false },
	{ "arguments-only", 0, NULL, "what follows -- is for the image's own command", false },
	{ "stdin", 'i', NULL, "pass standard input on", false },
	{ "tty", 't', NULL, "on a terminal of its own", false },
	{ "attach", 0, "BOOL", "wait and see what it prints (with -i; else false)", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

struct run {
	const struct mp_args *args;
	const char *pod, *container;
	char name[32]; /* of a debugger without one */
	struct mp_roots roots;
	struct mp_session session;
	int theirs[3]; /* owned: what goes to the supervisor */
	bool has_stdin, is_tty, is_attach;
	bool is_debug; /* an attach to a container that is made for it */
};

static void close_theirs(struct run *x)
{
	for (size_t i = 0; i < MP_ARRAY_SIZE(x->theirs); i++)
		mp_closep(&x->theirs[i]);
}

static int open_pipe(int *ret_read, int *ret_write, struct mp_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "make a pipe");
	*ret_read = ends[0];
	*ret_write = ends[1];
	return 0;
}

static int open_pipes(struct run *x, struct mp_error *err)
{
	struct mp_session *s = &x->session;
	int r = 0;

	if (x->has_stdin) {
		r = open_pipe(&x->theirs[0], &s->in, err);
	} else {
		x->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (x->theirs[0] < 0)
			r = mp_fail(err, errno, "open /dev/null");
	}
	if (r == 0)
		r = open_pipe(&s->out[0], &x->theirs[1], err);
	if (r == 0)
		r = open_pipe(&s->out[1], &x->theirs[2], err);
	return r;
}

/* As much as the kernel lets it hold: what does not fit when we are slow ends the session. */
static int open_sockets(struct run *x, struct mp_error *err)
{
	const int room = 4 * 1024 * 1024;

	for (int i = 0; i < 2; i++) {
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
			return mp_fail(err, errno, "make a socket");
		x->session.out[i] = ends[0];
		x->theirs[i] = ends[1];
		(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
		(void)shutdown(ends[1], SHUT_RD);
	}
	return 0;
}

static int begin_exec(struct run *x, struct mp_arena *arena, struct mp_error *err)
{
	struct mp_session *s = &x->session;
	const struct mp_node *answer = NULL;
	unsigned short rows, columns;
	struct mp_json w;
	int r = x->is_tty ? 0 : open_pipes(x, err);

	if (r < 0)
		return r;
	mp_client_begin(&w, "exec");
	mp_json_put_string(&w, "container", x->container);
	mp_json_put_bool(&w, "tty", x->is_tty);
	if (x->is_tty && mp_session_size(&rows, &columns)) {
		mp_json_put_int(&w, "rows", rows);
		mp_json_put_int(&w, "columns", columns);
	}
	mp_json_put_list(&w, "argv");
	for (size_t i = 0; i < x->args->n_command; i++)
		mp_json_string(&w, x->args->command[i]);
	mp_json_list_end(&w);
	r = mp_client_post(s->control, &w, x->theirs, x->is_tty ? 0 : MP_ARRAY_SIZE(x->theirs),
			   err);
	close_theirs(x);
	if (r < 0 || !x->is_tty)
		return r;
	r = mp_client_answer(s->control, arena, &answer, &s->in, err);
	if (r == 0 && s->in < 0)
		r = mp_client_check(answer, err);
	if (r == 0 && s->in < 0)
		r = mp_fail_text(err, EPROTO, "the supervisor sent no terminal");
	s->out[0] = s->terminal = s->in;
	return r;
}

/* Under stdinOnce that is the end of the container's input, too. */
static void tell_end_of_input(void *ctx)
{
	const struct run *x = ctx;
	struct mp_json w;

	mp_client_begin(&w, "endInput");
	(void)mp_client_post(x->session.control, &w, NULL, 0, NULL);
}

static void put_debug(const struct run *x, struct mp_json *w)
{
	mp_json_put_string(w, "image", mp_cli_option(x->args, "image", NULL, ""));
	mp_json_put_string(w, "target", mp_cli_option(x->args, "target", NULL, ""));
	mp_json_put_string(w, "imagePullPolicy",
			   mp_cli_option(x->args, "image-pull-policy", NULL, ""));
	mp_json_put_bool(w, "tty", mp_args_has(x->args, "tty"));
	mp_json_put_list(w, "env");
	for (size_t i = 0; i < x->args->n_values; i++)
		if (mp_streq(x->args->values[i].option->name, "env"))
			mp_json_string(w, x->args->values[i].value);
	mp_json_list_end(w);
	if (x->args->n_command == 0)
		return;
	mp_json_put_list(w, mp_args_has(x->args, "arguments-only") ? "args" : "command");
	for (size_t i = 0; i < x->args->n_command; i++)
		mp_json_string(w, x->args->command[i]);
	mp_json_list_end(w);
}

static int begin_attach(struct run *x, struct mp_arena *arena, struct mp_error *err)
{
	struct mp_session *s = &x->session;
	const struct mp_node *answer = NULL;
	struct mp_json w;
	int fd = -EBADF;
	int r = open_sockets(x, err);

	if (r < 0)
		return r;
	mp_client_begin(&w, x->is_debug ? "debug" : "attach");
	mp_json_put_string(&w, x->is_debug ? "name" : "container", x->container);
	mp_json_put_bool(&w, "stdin", x->has_stdin);
	if (x->is_debug)
		put_debug(x, &w);
	r = mp_client_post(s->control, &w, x->theirs, 2, err);
	close_theirs(x);
	if (r == 0)
		r = mp_client_answer(s->control, arena, &answer, &fd, err);
	if (r == 0)
		r = mp_client_check(answer, err);
	if (r < 0) {
		mp_closep(&fd);
		return r;
	}
	if (mp_streq(mp_node_text(answer, "tty", NULL), "true"))
		s->terminal = fd;
	else if (x->is_tty)
		(void)fprintf(stderr,
			      "error: Unable to use a TTY - container %s did not allocate one\n",
			      x->container);
	x->is_tty = x->is_tty && s->terminal >= 0;
	if (x->has_stdin && !mp_streq(mp_node_text(answer, "stdin", NULL), "true"))
		(void)fprintf(stderr,
			      "Warning: container %s takes no input: its stdin is not set, or was "
			      "closed (stdinOnce)\n",
			      x->container);
	if (mp_streq(mp_node_text(answer, "stdin", NULL), "true")) {
		s->input_ended = tell_end_of_input;
		s->ctx = x;
	}
	/* Without input the terminal is only there for its size. */
	s->in = fd;
	return 0;
}

static int code_of_refusal(int code)
{
	if (code == ENOENT)
		return EXIT_NOT_FOUND;
	return code == EACCES || code == ENOEXEC || code == EISDIR || code == ENOTDIR ?
		       EXIT_CANNOT_RUN :
		       MP_EXIT_ERROR;
}

static int read_code(const struct run *x, int *ret_code, struct mp_error *err)
{
	struct mp_message_reader reader = { .fd = x->session.control };
	struct mp_arena arena = { 0 };
	const struct mp_node *reply = NULL;
	int64_t code = 0;
	int r = mp_message_read(&reader, &arena, MP_NSEC_NEVER, &reply, err);

	if (r == 0) {
		r = mp_client_check(reply, err);
		*ret_code = r == 0 ? 0 : x->is_attach ? MP_EXIT_ERROR : code_of_refusal(-r);
		if (r == 0 && mp_node_int64(mp_node_get(reply, "exitCode"), &code))
			*ret_code = (int)code;
	}
	mp_message_reader_done(&reader);
	mp_arena_done(&arena);
	return r;
}

/* Source: k8s.io/kubectl/pkg/cmd/debug: "debugger-" and five letters or digits. */
static int name_debugger(struct run *x, struct mp_error *err)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char random[5];
	size_t n = 0;

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return mp_fail(err, errno, "random name");
	n = (size_t)snprintf(x->name, sizeof(x->name), "debugger-");
	for (size_t i = 0; i < sizeof(random); i++)
		x->name[n++] = letters[random[i] % (sizeof(letters) - 1)];
	x->name[n] = '\0';
	x->container = x->name;
	if (!mp_args_has(x->args, "quiet"))
		(void)fprintf(stderr, "Defaulting debug container name to %s.\n", x->name);
	return 0;
}

static int find_container(struct run *x, const struct mp_pod_view *pod, struct mp_error *err)
{
	char note[4096];

	x->container = mp_args_get(x->args, "container");
	if (pod->has_ended)
		return mp_fail_text(err, EINVAL,
				    "cannot %s a container in a completed pod; current phase is %s",
				    x->is_attach ? "attach" : "exec into",
				    mp_node_text(pod->status, "phase", NULL));
	if (x->is_debug && !x->container)
		return name_debugger(x, err);
	if (!x->container) {
		x->container = mp_log_default_container(pod->object, note, sizeof(note));
		if (note[0] && !mp_args_has(x->args, "quiet"))
			(void)fprintf(stderr, "%s\n", note);
	}
	return 0;
}

static int run(struct run *x, int *ret_code, struct mp_error *err)
{
	const char *namespace_ = mp_cli_namespace(x->args);
	struct mp_session *s = &x->session;
	struct mp_arena arena = { 0 };
	struct mp_pod_view pod;
	int signal = 0;
	int r = mp_cli_roots(x->args, &x->roots, err);

	if (r == 0)
		r = mp_pod_view_load(&arena, &x->roots, namespace_, x->pod, &pod, err);
	if (r == 0)
		r = find_container(x, &pod, err);
	if (r == 0)
		r = mp_client_connect(&x->roots, namespace_, x->pod, &s->control, err);
	if (r == 0)
		r = x->is_attach ? begin_attach(x, &arena, err) : begin_exec(x, &arena, err);
	s->has_raw = x->is_tty;
	s->has_detach_keys = x->is_attach && x->is_tty;
	if (r == 0)
		r = mp_session_begin(s, err);
	/* A terminal that is only watched gets no input from us. */
	if (r == 0 && !x->has_stdin)
		s->ways[0].from = -EBADF;
	if (r == 0 && x->is_attach && x->is_tty && !mp_args_has(x->args, "quiet"))
		(void)fputs("If you don't see a command prompt, try pressing enter. Ctrl-P Ctrl-Q "
			    "leaves.\r\n",
			    stderr);
	if (r == 0)
		r = mp_session_carry(s, &signal, err);
	if (r == 0 && s->is_detached) {
		(void)fputs("\r\n", stderr);
		*ret_code = 0;
	}
	if (r == 0 && signal)
		*ret_code = 128 + signal;
	else if (r == 0 && !s->is_detached)
		r = read_code(x, ret_code, err);
	mp_arena_done(&arena);
	return r;
}

/* Not found are pods; a program or an image that is not there is another failure. */
static int fail(int r, const struct mp_error *err)
{
	return mp_cli_fail(r == -ENOENT && !mp_starts_with(err->msg, "pods ") ? -EIO : r, err);
}

static int session(const struct mp_args *args, bool is_attach, bool is_debug)
{
	struct run x = { .args = args,
			 .pod = mp_cli_pod_name(args->positional[0]),
			 .session = MP_SESSION_NONE,
			 .theirs = { -EBADF, -EBADF, -EBADF },
			 .has_stdin = mp_args_has(args, "stdin"),
			 .is_tty = mp_args_has(args, "tty"),
			 .is_attach = is_attach,
			 .is_debug = is_debug };
	struct mp_error err = MP_ERROR_NONE;
	int code = MP_EXIT_ERROR;
	int r = 0;

	if (is_debug && !mp_args_has(args, "image"))
		r = mp_fail_text(&err, EINVAL,
				 "you must specify --image: minipod debug -it POD "
				 "--image=busybox --target=CONTAINER");
	else if (!is_attach && args->n_positional > 1)
		r = mp_fail_text(&err, EINVAL,
				 "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- "
				 "[COMMAND] instead");
	else if (!is_attach && args->n_command == 0)
		r = mp_fail_text(&err, EINVAL,
				 "you must specify at least one command for the container: minipod "
				 "exec POD -- COMMAND");
	if (x.is_tty && !(x.has_stdin && isatty(STDIN_FILENO))) {
		(void)fputs("Unable to use a TTY - input is not a terminal or the right kind of "
			    "file\n",
			    stderr);
		x.is_tty = false;
	}
	if (r == 0)
		r = run(&x, &code, &err);
	mp_session_end(&x.session);
	close_theirs(&x);
	if (r < 0) {
		(void)fail(r, &err);
		return code;
	}
	if (code != 0 && !is_attach && !mp_args_has(args, "quiet"))
		(void)fprintf(stderr, "command terminated with exit code %d\n", code);
	return code;
}

int mp_cmd_exec(const struct mp_args *args)
{
	return session(args, false, false);
}

int mp_cmd_attach(const struct mp_args *args)
{
	return session(args, true, false);
}

/* Made and left alone: whoever wants to see it attaches, or reads its log. */
static int debug_detached(const struct mp_args *args)
{
	struct run x = { .args = args,
			 .pod = mp_cli_pod_name(args->positional[0]),
			 .container = mp_args_get(args, "container"),
			 .is_debug = true };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	struct mp_json w;
	int r = mp_cli_roots(args, &x.roots, &err);

	if (r == 0 && !mp_args_has(args, "image"))
		r = mp_fail_text(&err, EINVAL, "you must specify --image");
	if (r == 0 && !x.container)
		r = name_debugger(&x, &err);
	if (r == 0) {
		mp_client_begin(&w, "debug");
		mp_json_put_string(&w, "name", x.container);
		mp_json_put_bool(&w, "stdin", mp_args_has(args, "stdin"));
		put_debug(&x, &w);
		r = mp_client_call(&x.roots, mp_cli_namespace(args), x.pod, &w, NULL, 0, &arena,
				   NULL, &err);
	}
	mp_arena_done(&arena);
	return r < 0 ? fail(r, &err) : 0;
}

int mp_cmd_debug(const struct mp_args *args)
{
	const char *attach = mp_args_get(args, "attach");
	const bool is_attached = attach ? mp_streq(attach, "true") : mp_args_has(args, "stdin");

	return is_attached ? session(args, true, true) : debug_detached(args);
}
