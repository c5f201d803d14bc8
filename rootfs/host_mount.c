/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/host_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/sys.h"

#define MOUNTINFO_BYTES ((size_t)16 << 20)

static int path_of(int fd, char path[PATH_MAX], struct mp_error *err)
{
	char link[32];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);

	const ssize_t n = readlink(link, path, PATH_MAX - 1);

	if (n < 0)
		return mp_fail(err, errno, "find the path of the source");
	path[n] = '\0';
	return 0;
}

/* The id that mountinfo knows the mount of @fd by. */
static int mount_id(int fd, long *ret, struct mp_error *err)
{
	char name[48];
	mp_auto_free char *text = NULL;
	const char *at;

	(void)snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);

	const int r = mp_file_read(AT_FDCWD, name, 4096, NULL, &text, NULL, err);

	if (r < 0)
		return r;
	at = strstr(text, "mnt_id:");
	if (!at)
		return mp_fail_text(err, ENOTSUP, "%s does not tell the mount", name);
	*ret = strtol(at + strlen("mnt_id:"), NULL, 10);
	return 0;
}

/*
 * "36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw": optional fields stand before
 * the lone dash.
 */
static int judge(char *line, const char *path, bool must_share, struct mp_error *err)
{
	char *save = NULL;
	const char *point = "";
	int field = 0;

	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (field == 4)
			point = word;
		if (field > 5 && strcmp(word, "-") == 0)
			break;
		if (field > 5 && (strncmp(word, "shared:", 7) == 0 ||
				  (!must_share && strncmp(word, "master:", 7) == 0)))
			return 0;
		field++;
	}
	return mp_fail_text(err, EINVAL,
			    "path \"%s\" is mounted on \"%s\" but it is not a %s mount", path,
			    point, must_share ? "shared" : "shared or slave");
}

int mp_host_mount_check(int fd, bool must_share, struct mp_error *err)
{
	mp_auto_free char *text = NULL;
	char path[PATH_MAX];
	char *save = NULL;
	long id = 0;
	int r = mount_id(fd, &id, err);

	if (r == 0)
		r = path_of(fd, path, err);
	if (r == 0)
		r = mp_file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_BYTES, NULL, &text,
				 NULL, err);
	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strtol(line, NULL, 10) == id)
			return judge(line, path, must_share, err);
	return mp_fail_text(err, ENOENT, "the mount of %s is not in /proc/self/mountinfo", path);
}

static bool is_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* In the host's namespace. */
static int clone_there(const char *path, int source_fd, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd there = open(path, O_PATH | O_CLOEXEC);
	int r;

	if (there < 0)
		return mp_fail(err, errno, "open %s", path);
	if (!is_same_file(there, source_fd))
		return mp_fail_text(err, ESTALE, "%s is something else on the host", path);
	r = mp_host_mount_check(there, true, err);
	if (r < 0)
		return r;
	r = mp_sys_open_tree(there, "",
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	if (r < 0)
		return mp_fail(err, -r, "copy the mount of %s", path);
	*ret_fd = r;
	return 0;
}

int mp_host_mount_clone(int host_ns_fd, int source_fd, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd own_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	mp_auto_fd here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	mp_auto_fd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];
	int r;

	if (host_ns_fd < 0)
		return mp_fail_text(
			err, EINVAL,
			"mount propagation Bidirectional needs the host's mount namespace");
	if (own_ns < 0 || here < 0 || root < 0)
		return mp_fail(err, errno, "open own mount namespace");
	r = path_of(source_fd, path, err);
	if (r < 0)
		return r;
	if (setns(host_ns_fd, CLONE_NEWNS) < 0)
		return mp_fail(err, errno, "enter the host's mount namespace");
	r = clone_there(path, source_fd, ret_fd, err);
	/* A process that cannot come back must not go on as if it had. */
	if (setns(own_ns, CLONE_NEWNS) < 0 || fchdir(root) < 0 || chroot(".") < 0 ||
	    fchdir(here) < 0)
		abort();
	return r;
}
