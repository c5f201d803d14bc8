/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/log_rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

#define NAMES_MAX ((size_t)512)

/* ---- deciding --------------------------------------------------------------------------------- */

static bool ends_in(const char *text, const char *end)
{
	const size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* "0.log.20240102-030405", and what it is with ".gz". */
static bool is_rotated(const char *name, const char *base)
{
	const size_t n = strlen(base);

	if (strncmp(name, base, n) != 0 || name[n] != '.')
		return false;
	name += n + 1;
	return strspn(name, "0123456789") == 8 && name[8] == '-' &&
	       strspn(name + 9, "0123456789") == 6 &&
	       (name[15] == '\0' || strcmp(name + 15, ".gz") == 0);
}

void mp_log_fates(const char *const *names, size_t n, const char *base, size_t keep,
		  bool is_zipping, enum mp_log_fate *ret)
{
	const size_t len = strlen(base);
	size_t n_left = 0;
	bool is_newest = true;

	for (size_t i = 0; i < n; i++) {
		const bool is_ours = strncmp(names[i], base, len) == 0 && names[i][len] == '.';

		ret[i] = MP_LOG_STAYS;
		if (is_ours && ends_in(names[i], ".gz.tmp") && !is_zipping)
			ret[i] = MP_LOG_REMOVE;
		/* Compressed, but its supervisor died before the original was removed. */
		if (i + 1 < n && is_rotated(names[i], base) && !ends_in(names[i], ".gz") &&
		    strncmp(names[i], names[i + 1], strlen(names[i])) == 0 &&
		    strcmp(names[i + 1] + strlen(names[i]), ".gz") == 0)
			ret[i] = MP_LOG_REMOVE;
	}
	for (size_t i = n; i > 0; i--) {
		if (ret[i - 1] != MP_LOG_STAYS || !is_rotated(names[i - 1], base))
			continue;
		if (n_left == keep)
			ret[i - 1] = MP_LOG_REMOVE;
		else if (!is_newest && !ends_in(names[i - 1], ".gz"))
			ret[i - 1] = MP_LOG_COMPRESS;
		n_left += n_left < keep ? 1 : 0;
		is_newest = false;
	}
}

/* ---- the directory ---------------------------------------------------------------------------- */

struct listing {
	int dir_fd; /* owned: the container's directory */
	const char *base;
	char *names[NAMES_MAX]; /* owned, sorted */
	size_t n;
};

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void listing_done(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	mp_closep(&l->dir_fd);
}

static int list(int dir_fd, const char *path, struct listing *l)
{
	const char *slash = strrchr(path, '/');
	char dir[MP_LOG_NAME_MAX];
	DIR *d;
	int fd;

	*l = (struct listing){ .dir_fd = -EBADF, .base = slash + 1 };
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	l->dir_fd = openat(dir_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	fd = l->dir_fd < 0 ? -1 : openat(l->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		const int code = errno;

		if (fd >= 0)
			(void)close(fd);
		mp_closep(&l->dir_fd);
		return -code;
	}
	for (struct dirent *e = readdir(d); e && l->n < NAMES_MAX; e = readdir(d)) {
		if (!mp_starts_with(e->d_name, l->base))
			continue;
		l->names[l->n] = strdup(e->d_name);
		if (l->names[l->n])
			l->n++;
	}
	(void)closedir(d);
	if (l->n > 1)
		qsort(l->names, l->n, sizeof(l->names[0]), by_bytes);
	return 0;
}

static void decide(const struct listing *l, int keep, bool is_zipping, enum mp_log_fate *fates)
{
	mp_log_fates((const char *const *)l->names, l->n, l->base, keep > 0 ? (size_t)keep : 0,
		     is_zipping, fates);
}

/* "20240102-030405", UTC. */
static void stamp(int64_t wall, char buf[MP_TIME_TEXT_MAX])
{
	char text[MP_TIME_TEXT_MAX];

	mp_time_rfc3339(wall, text);
	(void)snprintf(buf, MP_TIME_TEXT_MAX, "%.4s%.2s%.2s-%.2s%.2s%.2s", text, text + 5, text + 8,
		       text + 11, text + 14, text + 17);
}

int mp_log_rotate(int dir_fd, const char *path, const struct mp_log_limits *limits, int64_t wall,
		  bool is_zipping, char ret_old[MP_LOG_NAME_MAX], struct mp_error *err)
{
	static enum mp_log_fate fates[NAMES_MAX];
	static struct listing l; /* one thread; large */
	char when[MP_TIME_TEXT_MAX];
	int r;

	stamp(wall, when);
	(void)snprintf(ret_old, MP_LOG_NAME_MAX, "%s.%s", path, when);
	if (faccessat(dir_fd, ret_old, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return mp_fail(err, EEXIST, "rotate %s", path);
	r = list(dir_fd, path, &l);
	if (r < 0)
		return mp_fail(err, -r, "rotate %s", path);
	decide(&l, limits->max_files - 2, is_zipping, fates);
	for (size_t i = 0; i < l.n; i++)
		if (fates[i] == MP_LOG_REMOVE)
			(void)unlinkat(l.dir_fd, l.names[i], 0);
	listing_done(&l);
	return renameat(dir_fd, path, dir_fd, ret_old) < 0 ?
		       mp_fail(err, errno, "rotate %s", path) :
		       0;
}

void mp_log_remove(int dir_fd, const char *path)
{
	static struct listing l;

	if (list(dir_fd, path, &l) < 0)
		return;
	for (size_t i = 0; i < l.n; i++)
		if (strcmp(l.names[i], l.base) == 0 || l.names[i][strlen(l.base)] == '.')
			(void)unlinkat(l.dir_fd, l.names[i], 0);
	listing_done(&l);
}

/* ---- compressing ------------------------------------------------------------------------------ */

static void exec_gzip(int in, int out)
{
	static char name[] = "gzip", to_stdout[] = "-c";
	char *const argv[] = { name, to_stdout, NULL };
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, 0) == 0 && dup2(out, 1) == 1)
		(void)execvp(name, argv);
	_exit(127);
}

static bool compress(int dir_fd, const char *name)
{
	char tmp[MP_LOG_NAME_MAX + 8], done[MP_LOG_NAME_MAX];
	mp_auto_fd in = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	mp_auto_fd out = -EBADF;
	int ws = 0;
	pid_t pid;

	(void)snprintf(done, sizeof(done), "%s.gz", name);
	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", done);
	out = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	pid = in >= 0 && out >= 0 ? fork() : -1;
	if (pid == 0)
		exec_gzip(in, out);
	if (pid < 0 || waitpid(pid, &ws, 0) != pid || ws != 0 ||
	    renameat(dir_fd, tmp, dir_fd, done) < 0) {
		(void)unlinkat(dir_fd, tmp, 0);
		return false;
	}
	return unlinkat(dir_fd, name, 0) == 0;
}

/* In the child: nothing of the supervisor's may be held open by it, its lock above all. */
static _Noreturn void zip_main(const struct listing *l, const enum mp_log_fate *fates)
{
	mp_auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int dir_fd = 3;

	for (int i = 0; i <= 2; i++)
		(void)dup2(null, i);
	if (dup2(l->dir_fd, dir_fd) != dir_fd)
		_exit(1);
	(void)mp_sys_close_range((unsigned int)dir_fd + 1, ~0U, 0);
	(void)fcntl(dir_fd, F_SETFD, FD_CLOEXEC);
	(void)setpriority(PRIO_PROCESS, 0, 19);
	for (size_t i = 0; i < l->n; i++)
		if (fates[i] == MP_LOG_COMPRESS && !compress(dir_fd, l->names[i]))
			_exit(1);
	_exit(0);
}

static void zip_over(struct mp_source *source, uint32_t events)
{
	struct mp_log_zip *zip = mp_container_of(source, struct mp_log_zip, source);
	siginfo_t info;

	(void)events;
	mp_loop_remove(&zip->source);
	(void)waitid(P_PIDFD, (id_t)zip->pidfd, &info, WEXITED);
	mp_closep(&zip->pidfd);
}

void mp_log_zip_init(struct mp_log_zip *zip, struct mp_loop *loop)
{
	*zip = (struct mp_log_zip){ .loop = loop, .pidfd = -EBADF };
}

void mp_log_zip_begin(struct mp_log_zip *zip, int dir_fd, const char *path, int max_files)
{
	static enum mp_log_fate fates[NAMES_MAX];
	static struct listing l;
	bool is_wanted = false;

	if (!zip || zip->pidfd >= 0 || list(dir_fd, path, &l) < 0)
		return;
	decide(&l, max_files - 1, false, fates);
	for (size_t i = 0; i < l.n; i++)
		is_wanted = is_wanted || fates[i] == MP_LOG_COMPRESS;
	if (is_wanted) {
		int pidfd = -EBADF;
		const struct clone_args args = {
			.flags = CLONE_PIDFD,
			.pidfd = (uint64_t)(uintptr_t)&pidfd,
			.exit_signal = SIGCHLD,
		};
		const pid_t pid = mp_sys_clone3(&args);

		if (pid == 0)
			zip_main(&l, fates);
		if (pid > 0) {
			zip->pidfd = pidfd;
			zip->source = (struct mp_source){ .fd = pidfd,
							  .events = EPOLLIN,
							  .ready = zip_over };
			if (mp_loop_add(zip->loop, &zip->source, NULL) < 0)
				mp_log_zip_end(zip);
		}
	}
	listing_done(&l);
}

void mp_log_zip_end(struct mp_log_zip *zip)
{
	siginfo_t info;

	if (zip->pidfd < 0)
		return;
	(void)mp_sys_pidfd_send_signal(zip->pidfd, SIGKILL);
	mp_loop_remove(&zip->source);
	(void)waitid(P_PIDFD, (id_t)zip->pidfd, &info, WEXITED);
	mp_closep(&zip->pidfd);
}
