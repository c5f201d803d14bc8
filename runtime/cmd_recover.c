/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/background.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/base/log.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/prune.h"
#include "runtime/recover.h"

#define WITHIN_MS    60000
#define LOCK_STEP_MS 20
#define LOCK_STEPS   250 /* 5 s */

const struct mp_option mp_recover_options[] = {
	{ "all", 0, NULL, "every pod of every namespace whose supervisor died", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

struct recover {
	const struct mp_args *args;
	struct mp_roots roots;
	bool is_all;
};

/* "default_web" -> "pod/web", with its namespace when it is another one. */
static const char *pod_text(const struct recover *rc, const char *dir_name, char *buf, size_t size)
{
	const char *name = strchr(dir_name, '_');

	name = name ? name + 1 : dir_name;
	(void)snprintf(buf, size, "pod/%s%s%.*s%s", name, rc->is_all ? " (" : "",
		       rc->is_all ? (int)(name - dir_name - 1) : 0, dir_name,
		       rc->is_all ? ")" : "");
	return buf;
}

/*
 * A process that was forked by a supervisor, for a probe say, has a copy of its lock until it
 * executes its program. So a lock that is held by nobody's supervisor is waited for. Who listens on the
 * socket was noted by listen(2), and may be dead.
 */
static bool is_supervised(const struct recover *rc, const char *dir_name)
{
	const char *name = strchr(dir_name, '_');
	char namespace_[300], path[64];
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	mp_auto_fd fd = -EBADF;
	char *text = NULL;
	struct mp_arena arena = { .head = NULL };
	bool is_alive = false;

	(void)snprintf(namespace_, sizeof(namespace_), "%.*s", (int)(name - dir_name), dir_name);
	if (mp_client_connect(&rc->roots, namespace_, name + 1, &fd, NULL) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)peer.pid);
	if (mp_file_read(AT_FDCWD, path, 4096, &arena, &text, NULL, NULL) == 0) {
		const char *state = strrchr(text, ')');

		is_alive = state && state[1] == ' ' && state[2] != 'Z' && state[2] != 'X';
	}
	mp_arena_done(&arena);
	return is_alive;
}

static int open_recovery(const struct recover *rc, const char *dir_name,
			 struct mp_recovery *recovery, struct mp_error *err)
{
	int r = mp_recovery_open(&rc->roots, dir_name, recovery, err);

	for (int i = 0; r == -EAGAIN && !is_supervised(rc, dir_name); i++) {
		if (i == LOCK_STEPS)
			return mp_fail_text(err, EBUSY,
					    "a process that its dead supervisor began still holds "
					    "it: try again");
		(void)poll(NULL, 0, LOCK_STEP_MS);
		memset(recovery, 0, sizeof(*recovery));
		r = mp_recovery_open(&rc->roots, dir_name, recovery, err);
	}
	return r;
}

static int begin(const struct recover *rc, const char *dir_name, struct mp_background *ret,
		 struct mp_error *err)
{
	struct mp_recovery *recovery = calloc(1, sizeof(*recovery));
	struct mp_supervisor_config config = {
		.roots = &rc->roots,
		.pod_cidr = mp_cli_option(rc->args, "pod-cidr", "MINIPOD_POD_CIDR", "10.88.0.0/16"),
		.cgroup_root = mp_cli_option(rc->args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL),
		.seccomp_root = getenv("MINIPOD_SECCOMP_ROOT"),
		.start_wall = mp_clock_read().wall,
		.log_limits = MP_LOG_LIMITS_DEFAULT,
		.journal_max_bytes = MP_JOURNAL_BYTES_DEFAULT,
	};
	int r = recovery ? mp_supervisor_config_check(&config, err) :
			   mp_fail(err, ENOMEM, "recover");

	if (r == 0)
		r = open_recovery(rc, dir_name, recovery, err);
	if (r == 0) {
		mp_recovery_config(recovery, &config);
		r = mp_background_begin(&config, MP_START_NONE, ret, err);
		mp_recovery_done(recovery);
	}
	free(recovery);
	return r;
}

static int recover_one(const struct recover *rc, const char *dir_name)
{
	struct mp_background background = { .fd = -EBADF };
	struct mp_error err = MP_ERROR_NONE;
	char text[2048] = "", pod[600];
	int code = 0;
	int r = begin(rc, dir_name, &background, &err);

	(void)pod_text(rc, dir_name, pod, sizeof(pod));
	/* With --all, what needs nothing is passed over without a word. */
	if (rc->is_all && (r == -EAGAIN || r == -ENODATA || r == -ENOENT))
		return 0;
	if (r == 0)
		r = mp_background_wait(&background, WITHIN_MS, &code, text, sizeof(text));
	if (r == -ENOENT) {
		(void)fprintf(stderr, "Error from server (NotFound): pods \"%s\" not found\n",
			      strchr(dir_name, '_') + 1);
		return MP_EXIT_ERROR;
	}
	if (r == -EAGAIN)
		(void)mp_fail_text(&err, EAGAIN, "its supervisor lives: there is nothing to do");
	else if (r == -ETIMEDOUT)
		(void)mp_fail_text(&err, ETIMEDOUT, "no answer of the new supervisor yet");
	else if (r == -EPIPE)
		(void)mp_fail_text(&err, EPIPE, "the new supervisor ended without a word");
	else if (r == 0 && code == MP_EXIT_OURS)
		r = mp_fail_text(&err, EIO, "%s", text);
	if (r < 0) {
		mp_log(MP_LOG_ERROR, "%s: %s", pod, err.msg);
		return MP_EXIT_ERROR;
	}
	(void)printf("%s recovered\n", pod);
	(void)fflush(stdout);
	return 0;
}

static void tell_finished(bool is_kept, const char *text, void *ctx)
{
	(void)ctx;
	if (!is_kept)
		(void)printf("finished %s\n", text);
}

/* Nobody is to be found under their names any more: what is left to do is to take them away. */
static int finish_forced(const struct recover *rc)
{
	const struct mp_prune prune = {
		.roots = &rc->roots,
		.cgroup_root = mp_cli_option(rc->args, "cgroup-root", "MINIPOD_CGROUP_ROOT", NULL),
		.tell = tell_finished,
	};
	struct mp_error err = MP_ERROR_NONE;

	if (mp_prune_forced(&prune, &err) == 0)
		return 0;
	mp_log(MP_LOG_ERROR, "%s", err.msg);
	return MP_EXIT_ERROR;
}

static int recover_all(const struct recover *rc)
{
	char path[PATH_MAX + 8];
	struct dirent **entries = NULL;
	int code = finish_forced(rc), n;

	(void)snprintf(path, sizeof(path), "%s/pods", rc->roots.run);
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.' && strchr(entries[i]->d_name, '_') &&
		    recover_one(rc, entries[i]->d_name) != 0)
			code = MP_EXIT_ERROR;
		free(entries[i]);
	}
	free(entries);
	return code;
}

int mp_cmd_recover(const struct mp_args *args)
{
	struct recover rc = { .args = args, .is_all = mp_args_has(args, "all") };
	struct mp_error err = MP_ERROR_NONE;
	int code = 0;
	int r = mp_cli_roots(args, &rc.roots, &err);

	if (r == 0 && rc.is_all == (args->n_positional > 0))
		r = mp_fail_text(&err, EINVAL,
				 "name the pods to recover, or say --all: minipod recover NAME...");
	if (r == 0 && geteuid() != 0)
		r = mp_fail_text(&err, EPERM,
				 "recovering a pod needs root: try 'sudo minipod "
				 "recover ...'");
	if (r < 0)
		return mp_cli_fail(r, &err);
	if (rc.is_all)
		return recover_all(&rc);
	for (size_t i = 0; i < args->n_positional; i++) {
		char dir_name[600];

		(void)snprintf(dir_name, sizeof(dir_name), "%s_%s", mp_cli_namespace(args),
			       mp_cli_pod_name(args->positional[i]));
		if (strchr(dir_name, '/') || recover_one(&rc, dir_name) != 0)
			code = MP_EXIT_ERROR;
	}
	return code;
}
