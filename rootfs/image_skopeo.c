/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_skopeo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/document.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define ARGS_MAX   24
#define TICK_MS    100
#define STDERR_MAX ((size_t)1 << 20)

char *mp_image_skopeo_complaint(const char *text, char *buf, size_t size)
{
	/* time="..." level=fatal msg="Error \"x\": ..." */
	const char *at = NULL;
	size_t n = 0;

	for (const char *next = text; (next = strstr(next, " msg=\"")); next++)
		at = next + strlen(" msg=\"");
	if (at) {
		for (; *at && *at != '"' && *at != '\n' && n + 1 < size; at++) {
			if (*at == '\\' && at[1])
				at++;
			buf[n++] = *at;
		}
	} else {
		/* Another version, or not skopeo at all: the last line that is not empty. */
		const char *end = text + strlen(text), *start;

		while (end > text && (end[-1] == '\n' || end[-1] == ' '))
			end--;
		for (start = end; start > text && start[-1] != '\n';)
			start--;
		for (; start < end && n + 1 < size; start++)
			buf[n++] = *start;
	}
	buf[n] = '\0';
	return buf;
}

int mp_image_skopeo_errno(const char *complaint)
{
	static const struct {
		const char *text;
		int code;
	} known[] = {
		{ "Source image rejected", EKEYREJECTED },
		{ "signature", EKEYREJECTED },
		{ "connection refused", EHOSTUNREACH },
		{ "no such host", EHOSTUNREACH },
		{ "i/o timeout", EHOSTUNREACH },
		{ "no route to host", EHOSTUNREACH },
		{ "network is unreachable", EHOSTUNREACH },
		{ "Temporary failure in name resolution", EHOSTUNREACH },
		{ "server misbehaving", EHOSTUNREACH },
		{ "no space left on device", ENOSPC },
		{ "unauthorized", EACCES },
		{ "denied", EACCES },
		{ "manifest unknown", ENOENT },
		{ "name unknown", ENOENT },
		{ "not found", ENOENT },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(known); i++)
		if (strcasestr(complaint, known[i].text))
			return known[i].code;
	return EIO;
}

_Noreturn static void child_main(char *const *argv, int out_fd, int err_fd)
{
	const int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(err_fd, 2) < 0 ||
	    mp_sys_close_range(3, ~0U, 0) < 0)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Both pipes to their ends; what is too much is dropped. */
struct gathered {
	char *text; /* owned */
	size_t len, size, max;
};

static void gather(struct gathered *g, int *fd)
{
	char buf[65536];
	const ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		mp_closep(fd);
		return;
	}

	const size_t room = g->max - g->len;
	const size_t take = (size_t)n < room ? (size_t)n : room;

	if (g->len + take + 1 > g->size) {
		const size_t size = 2 * (g->len + take + 1);
		char *bigger = realloc(g->text, size);

		if (!bigger)
			return;
		g->text = bigger;
		g->size = size;
	}
	memcpy(g->text + g->len, buf, take);
	g->len += take;
	g->text[g->len] = '\0';
}

static void gather_both(const struct mp_image_skopeo *call, int *out_fd, int *err_fd,
			struct gathered *out, struct gathered *errors)
{
	while (*out_fd >= 0 || *err_fd >= 0) {
		struct pollfd fds[] = { { .fd = *out_fd, .events = POLLIN },
					{ .fd = *err_fd, .events = POLLIN } };
		const int r = poll(fds, 2, call->tick ? TICK_MS : -1);

		if (r > 0 && fds[0].revents)
			gather(out, out_fd);
		if (r > 0 && fds[1].revents)
			gather(errors, err_fd);
		if (call->tick)
			call->tick(call->ctx);
	}
}

static int judge(int ws, const struct gathered *errors, struct mp_error *err)
{
	char complaint[MP_ERROR_MSG_MAX];

	if (WIFEXITED(ws) && WEXITSTATUS(ws) == 0)
		return 0;
	if (WIFEXITED(ws) && WEXITSTATUS(ws) == 127 && errors->len == 0)
		return mp_fail_text(
			err, ENOPKG,
			"skopeo is not installed, which pulling needs (Debian: apt-get "
			"install skopeo); 'minipod image load' takes images from files");
	if (errors->len == 0)
		return mp_fail_text(err, EIO, "skopeo ended without a word");
	(void)mp_image_skopeo_complaint(errors->text, complaint, sizeof(complaint));
	return mp_fail_text(err, mp_image_skopeo_errno(complaint), "%s", complaint);
}

int mp_image_skopeo_run(const struct mp_image_skopeo *call, struct mp_arena *arena, char **ret_out,
			size_t *ret_len, struct mp_error *err)
{
	struct gathered out = { .max = MP_DOCUMENT_BYTES_MAX }, errors = { .max = STDERR_MAX };
	static char program[] = "skopeo";
	char *argv[ARGS_MAX] = { program };
	int out_pipe[2], err_pipe[2], ws = 0, r;
	size_t n = 1;

	for (const char *const *a = call->argv; *a && n + 1 < ARGS_MAX; a++) {
		argv[n] = mp_arena_strdup(arena, *a);
		if (!argv[n++])
			return mp_fail(err, ENOMEM, "run skopeo");
	}
	if (pipe2(out_pipe, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "run skopeo: pipe");

	mp_auto_fd out_read = out_pipe[0];
	mp_auto_fd out_write = out_pipe[1];

	if (pipe2(err_pipe, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "run skopeo: pipe");

	mp_auto_fd err_read = err_pipe[0];
	mp_auto_fd err_write = err_pipe[1];
	const pid_t pid = fork();

	if (pid == 0)
		child_main(argv, out_write, err_write);
	if (pid < 0)
		return mp_fail(err, errno, "run skopeo");
	mp_closep(&out_write);
	mp_closep(&err_write);
	gather_both(call, &out_read, &err_read, &out, &errors);
	while (waitpid(pid, &ws, 0) < 0 && errno == EINTR)
		;
	r = judge(ws, &errors, err);
	if (r == 0) {
		*ret_out = mp_arena_dup(arena, out.text ? out.text : "", out.len);
		*ret_len = out.len;
		r = *ret_out ? 0 : mp_fail(err, ENOMEM, "run skopeo");
	}
	free(out.text);
	free(errors.text);
	return r;
}
