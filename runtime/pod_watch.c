/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pod_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"

#define LIST_MASK \
	(IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF | IN_ONLYDIR)
#define FILE_MASK (IN_MODIFY | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define POD_MASK  (IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_ATTRIB | IN_ONLYDIR)

int mp_pod_watch_open(struct mp_pod_watch *w, const struct mp_roots *roots, bool minds_writes,
		      struct mp_error *err)
{
	*w = (struct mp_pod_watch){ .roots = roots, .minds_writes = minds_writes };
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return w->fd < 0 ? mp_fail(err, errno, "watch for changes") : 0;
}

int mp_pod_watch_file(struct mp_pod_watch *w, const char *path, struct mp_error *err)
{
	uint32_t mask = FILE_MASK;
	char dir[PATH_MAX + 600];

	(void)snprintf(dir, sizeof(dir), "%s", path);
	for (char *slash = strrchr(dir, '/'); slash; slash = strrchr(dir, '/')) {
		*slash = '\0';
		if (inotify_add_watch(w->fd, slash == dir ? "/" : dir, mask) >= 0)
			return 0;
		if (errno != ENOENT)
			break;
		mask = LIST_MASK;
	}
	return mp_fail(err, errno, "watch %s", dir);
}

int mp_pod_watch_arm(struct mp_pod_watch *w, struct mp_error *err)
{
	const uint32_t more = w->minds_writes ? IN_MODIFY : 0;
	char path[PATH_MAX + 300];
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/pods", w->roots->run);
	/* The directory goes with its last pod: make it, to see the next one come. */
	if (inotify_add_watch(w->fd, path, LIST_MASK) < 0 &&
	    (mp_dir_make(AT_FDCWD, path, 0755, err) < 0 ||
	     inotify_add_watch(w->fd, path, LIST_MASK) < 0))
		return mp_fail(err, errno, "watch %s", path);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : mp_fail(err, errno, "open %s", path);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/pods/%s", w->roots->run, e->d_name);
		/* One that has just gone is told by the list's own watch. */
		if (inotify_add_watch(w->fd, path, POD_MASK | more) < 0 && errno != ENOENT) {
			const int code = errno;

			(void)closedir(d);
			return mp_fail(err, code, "watch %s", path);
		}
	}
	(void)closedir(d);
	return 0;
}

int mp_pod_watch_wait(struct mp_pod_watch *w, mp_nsec deadline, struct mp_error *err)
{
	char events[8192] __attribute__((aligned(__alignof__(struct inotify_event))));

	for (;;) {
		struct pollfd p = { .fd = w->fd, .events = POLLIN };
		const mp_nsec left = deadline == MP_NSEC_NEVER ?
					     -1 :
					     (deadline - mp_clock_read().mono + MP_NSEC_PER_MS -
					      1) / MP_NSEC_PER_MS;
		int ms = -1;

		if (deadline != MP_NSEC_NEVER)
			ms = left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;

		const int r = poll(&p, 1, ms);

		if (r < 0 && errno != EINTR)
			return mp_fail(err, errno, "wait for changes");
		if (r > 0) {
			/* What it was does not matter: the caller looks at everything. */
			while (read(w->fd, events, sizeof(events)) > 0)
				;
			return 0;
		}
		if (r == 0 && deadline != MP_NSEC_NEVER && mp_clock_read().mono >= deadline)
			return mp_fail_text(err, ETIMEDOUT, "timed out");
	}
}

void mp_pod_watch_close(struct mp_pod_watch *w)
{
	mp_closep(&w->fd);
}
