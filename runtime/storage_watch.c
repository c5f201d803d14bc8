/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/storage_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lifecycle/evict.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"
#include "runtime/disk_use.h"
#include "runtime/supervisor.h"

struct mp_storage_watch {
	struct mp_supervisor *sv;
	mp_nsec at;              /* of the next measurement */
	int pidfd;               /* owned: the child that measures */
	int answer_fd;           /* owned: where it says why the pod has to go, or nothing */
	struct mp_source exited; /* on @pidfd */
};

/* ---- in the child --------------------------------------------------------------------------- */

static int64_t volume_use(const struct mp_volume *v, const struct mp_volume_rt *rt)
{
	const bool is_mounted = v->empty_dir.medium && v->empty_dir.medium[0];
	struct statvfs fs;

	if (v->kind != MP_VOLUME_EMPTY_DIR || !rt->is_ready || rt->fd < 0)
		return 0;
	if (!is_mounted)
		return mp_disk_use(rt->fd);
	if (fstatvfs(rt->fd, &fs) < 0)
		return 0;
	return (int64_t)(fs.f_blocks - fs.f_bfree) * (int64_t)fs.f_frsize;
}

static int64_t use_below(int dir_fd, const char *name)
{
	/* Not O_PATH: it is entered. A container cannot put anything in the way of these names. */
	mp_auto_fd fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? 0 : mp_disk_use(fd);
}

static int64_t container_use(const struct mp_supervisor *sv, size_t i)
{
	int64_t sum = use_below(sv->dir.log_fd, sv->spec->containers[i].name);

	if (sv->records[i] && sv->records[i]->dir_fd >= 0)
		sum += use_below(sv->records[i]->dir_fd, "upper");
	return sum;
}

static void measure(const struct mp_supervisor *sv, char *message)
{
	const size_t n = mp_spec_n_containers(sv->spec);
	int64_t *all = calloc(n + sv->spec->n_volumes + 1, sizeof(*all));

	message[0] = '\0';
	if (!all)
		return;
	for (size_t i = 0; i < n; i++)
		all[i] = container_use(sv, i);
	for (size_t i = 0; i < sv->spec->n_volumes; i++)
		all[n + i] = volume_use(&sv->spec->volumes[i], &sv->volumes[i]);

	const struct mp_storage_use use = { .containers = all,
					    .volumes = all + n,
					    .other = use_below(sv->private_fd, "etc-hosts") };

	(void)mp_evict_decide(sv->spec, &use, message);
	free(all);
}

_Noreturn static void child_main(const struct mp_supervisor *sv, int answer_fd, pid_t parent)
{
	char message[MP_MESSAGE_MAX];

	/* It holds copies of our locks, so it must not outlive us. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	(void)prctl(PR_SET_NAME, "minipod-du");
	measure(sv, message);
	_exit(mp_fd_write_all(answer_fd, message, strlen(message), NULL) < 0 ? 1 : 0);
}

/* ---- in the supervisor ------------------------------------------------------------------------ */

static void end(struct mp_storage_watch *w)
{
	siginfo_t info;

	if (w->pidfd < 0)
		return;
	mp_loop_remove(&w->exited);
	(void)mp_sys_pidfd_send_signal(w->pidfd, SIGKILL);
	(void)waitid(P_PIDFD, (id_t)w->pidfd, &info, WEXITED);
	mp_closep(&w->pidfd);
	mp_closep(&w->answer_fd);
}

static void has_answered(struct mp_source *source, uint32_t events)
{
	struct mp_storage_watch *w = mp_container_of(source, struct mp_storage_watch, exited);
	char message[MP_MESSAGE_MAX];
	const ssize_t n = read(w->answer_fd, message, sizeof(message) - 1);

	(void)events;
	end(w);
	if (n <= 0)
		return; /* all is well, or it could not be measured: there is a next time */
	message[n] = '\0';
	w->at = MP_NSEC_NEVER;
	mp_supervisor_post(w->sv, &(struct mp_event){ .type = MP_EV_EVICT,
						      .container = -1,
						      .text = { "Evicted", message } });
}

static int begin(struct mp_storage_watch *w)
{
	struct clone_args args = { .flags = CLONE_PIDFD, .exit_signal = SIGCHLD };
	const pid_t parent = getpid();
	mp_auto_fd answer = -EBADF;
	int ends[2], pidfd = -EBADF;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	w->answer_fd = ends[0];
	answer = ends[1];
	args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	pid = mp_sys_clone3(&args);
	if (pid == 0)
		child_main(w->sv, answer, parent);
	if (pid < 0) {
		mp_closep(&w->answer_fd);
		return pid;
	}
	w->pidfd = pidfd;
	w->exited = (struct mp_source){ .fd = pidfd, .events = EPOLLIN, .ready = has_answered };

	const int r = mp_loop_add(w->sv->loop, &w->exited, NULL);

	if (r < 0)
		end(w);
	return r;
}

struct mp_storage_watch *mp_storage_watch_new(struct mp_supervisor *sv)
{
	struct mp_storage_watch *w;

	if (!mp_evict_has_limits(sv->spec))
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w)
		*w = (struct mp_storage_watch){ .sv = sv,
						.at = mp_nsec_add(sv->now.mono,
								  mp_seconds(MP_EVICT_PERIOD_S)),
						.pidfd = -EBADF,
						.answer_fd = -EBADF };
	return w;
}

void mp_storage_watch_free(struct mp_storage_watch *w)
{
	if (!w)
		return;
	end(w);
	free(w);
}

mp_nsec mp_storage_watch_deadline(const struct mp_storage_watch *w)
{
	return w ? w->at : MP_NSEC_NEVER;
}

void mp_storage_watch_expire(struct mp_storage_watch *w, mp_nsec now)
{
	if (!w || w->at > now)
		return;
	w->at = mp_nsec_add(now, mp_seconds(MP_EVICT_PERIOD_S));
	/* Nothing is there to be measured yet, or the last one still walks: it is not overtaken. */
	if (w->sv->pod_cgroup && w->pidfd < 0)
		(void)begin(w);
}
