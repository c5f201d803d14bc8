/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/events.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/file.h"
#include "cgroups/node.h"
#include "cgroups/parse.h"
#include "runtime/base/auto.h"

static int read_count(int dir_fd, const char *file, uint64_t *ret)
{
	char text[512];
	int r = mp_cgfile_read(dir_fd, file, text, sizeof(text));

	if (r < 0)
		return r;
	return mp_parse_keyed(text, "oom_kill", ret) ? 0 : -ENODATA;
}

/* v1 counts in the victim's own cgroup only, so what a container nested below itself is added. */
static int add_count(int dir_fd, const char *name, void *arg)
{
	uint64_t *sum = arg;
	uint64_t kills;
	mp_auto_fd fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;

	int r = read_count(fd, "memory.oom_control", &kills);

	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	*sum += kills;

	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_nlink <= 2)
		return 0; /* kernfs counts subdirectories in the link count */
	r = mp_dir_each(fd, ".", add_count, sum);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

int mp_cgroup_oom_kills(const struct mp_cgroup *cg, uint64_t *ret_kills, struct mp_error *err)
{
	int fd = mp_node_dir(cg, MP_CGROUP_MEMORY);
	uint64_t kills = 0;
	int r = 0;

	if (fd >= 0) {
		switch (mp_node_version(cg->host, MP_CGROUP_MEMORY)) {
		case MP_CGROUP_FILES_V2:
			r = read_count(fd, "memory.events", &kills); /* with what is below */
			break;
		case MP_CGROUP_FILES_V1:
			r = add_count(fd, ".", &kills);
			break;
		}
	}
	if (r < 0)
		return mp_fail(err, -r, "count the OOM kills of cgroup %s", cg->path);
	*ret_kills = kills;
	return 0;
}

/* memory.events and cgroup.events: a poll for EPOLLPRI ends when the content has changed. */
static int watch_file(int dir_fd, const char *file, struct mp_cgroup_watch *ret)
{
	int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret = (struct mp_cgroup_watch){ .fd = fd, .events = EPOLLPRI };
	/* Only a descriptor that has been read once knows what "changed" means (kernfs). */
	mp_cgroup_watch_drain(ret);
	return 0;
}

static int watch_v1(int dir_fd, struct mp_cgroup_watch *ret)
{
	mp_auto_fd event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mp_auto_fd control = openat(dir_fd, "memory.oom_control", O_RDONLY | O_CLOEXEC);
	char text[32];

	if (event < 0 || control < 0)
		return -errno;
	(void)snprintf(text, sizeof(text), "%d %d", event, control);

	int r = mp_cgfile_write(dir_fd, "cgroup.event_control", text);

	if (r < 0)
		return r;
	*ret = (struct mp_cgroup_watch){ .fd = mp_steal_fd(&event),
					 .events = EPOLLIN,
					 .is_eventfd = true };
	return 0;
}

int mp_cgroup_watch_oom(const struct mp_cgroup *cg, struct mp_cgroup_watch *ret,
			struct mp_error *err)
{
	int fd = mp_node_dir(cg, MP_CGROUP_MEMORY);
	int r = -EOPNOTSUPP;

	if (fd >= 0) {
		switch (mp_node_version(cg->host, MP_CGROUP_MEMORY)) {
		case MP_CGROUP_FILES_V2:
			r = watch_file(fd, "memory.events", ret);
			break;
		case MP_CGROUP_FILES_V1:
			r = watch_v1(fd, ret);
			break;
		}
	}
	return r < 0 ? mp_fail(err, -r, "watch cgroup %s for OOM kills", cg->path) : 0;
}

int mp_cgroup_watch_empty(const struct mp_cgroup *cg, struct mp_cgroup_watch *ret,
			  struct mp_error *err)
{
	int fd = mp_node_dir(cg, MP_CGROUP_UNIFIED);
	int r = fd < 0 ? -EOPNOTSUPP : watch_file(fd, "cgroup.events", ret);

	return r < 0 ? mp_fail(err, -r, "watch cgroup %s for emptiness", cg->path) : 0;
}

void mp_cgroup_watch_drain(const struct mp_cgroup_watch *watch)
{
	char text[512];

	if (watch->is_eventfd)
		(void)!read(watch->fd, text, sizeof(uint64_t));
	else
		(void)!pread(watch->fd, text, sizeof(text), 0);
}

void mp_cgroup_watch_done(struct mp_cgroup_watch *watch)
{
	mp_closep(&watch->fd);
}
