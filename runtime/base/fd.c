/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/sys.h"

#define READ_FIRST ((size_t)4096)

/* Most to read at first: what the file says it has, and one byte more to see its end. */
static size_t first_size(int fd, size_t max)
{
	struct stat st;
	size_t size = READ_FIRST;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		size = (uint64_t)st.st_size < max ? (size_t)st.st_size : max;
	return (size < max ? size : max) + 1;
}

int mp_fd_read_all(int fd, size_t max, struct mp_arena *arena, char **ret_text, size_t *ret_len,
		   struct mp_error *err)
{
	assert(max < SIZE_MAX / 4);

	size_t size = first_size(fd, max), len = 0;
	mp_auto_free char *text = malloc(size + 1);

	while (text) {
		const ssize_t n = read(fd, text + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mp_fail(err, errno, "read");
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > max)
			return mp_fail_text(err, EFBIG, "more than %zu bytes", max);
		if (len < size)
			continue;

		size = size < max / 2 ? size * 2 : max + 1;

		char *bigger = realloc(text, size + 1);

		if (!bigger)
			return mp_fail(err, ENOMEM, "read");
		text = bigger;
	}
	if (!text)
		return mp_fail(err, ENOMEM, "read");
	text[len] = '\0';
	if (arena) {
		char *copy = mp_arena_dup(arena, text, len);

		if (!copy)
			return mp_fail(err, ENOMEM, "read");
		*ret_text = copy;
	} else {
		*ret_text = mp_steal_ptr(&text);
	}
	if (ret_len)
		*ret_len = len;
	return 0;
}

int mp_file_read(int dirfd, const char *path, size_t max, struct mp_arena *arena, char **ret_text,
		 size_t *ret_len, struct mp_error *err)
{
	mp_auto_fd fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return mp_fail(err, errno, "open %s", path);

	const int r = mp_fd_read_all(fd, max, arena, ret_text, ret_len, err);

	return r < 0 ? mp_wrap(err, r, "%s", path) : 0;
}

int mp_fd_write_all(int fd, const void *bytes, size_t len, struct mp_error *err)
{
	const char *at = bytes;

	while (len > 0) {
		const ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mp_fail(err, errno, "write");
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int mp_file_write(int dirfd, const char *path, const void *bytes, size_t len, struct mp_error *err)
{
	mp_auto_fd fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return mp_fail(err, errno, "open %s", path);
	do {
		n = write(fd, bytes, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mp_fail(err, errno, "write %s", path);
	if ((size_t)n != len)
		return mp_fail_text(err, EIO, "write %s: only %zd of %zu bytes were taken", path, n,
				    len);
	return 0;
}

/* Writes the whole new file at @temp, which must not exist. */
static int write_new(int dirfd, const char *temp, const void *bytes, size_t len, mode_t mode,
		     struct mp_error *err)
{
	mp_auto_fd fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			       mode & 0600);

	if (fd < 0)
		return mp_fail(err, errno, "create");
	/* Its final mode only now: the umask has no say, and nobody reads half a file. */
	if (fchmod(fd, mode) < 0)
		return mp_fail(err, errno, "set mode");
	return mp_fd_write_all(fd, bytes, len, err);
}

int mp_file_replace(int dirfd, const char *name, const void *bytes, size_t len, mode_t mode,
		    struct mp_error *err)
{
	/* One writer per process, so the pid makes it unique; a dead namesake's may be in the way. */
	char temp[40];

	assert(!strchr(name, '/'));
	(void)snprintf(temp, sizeof(temp), ".replace-%ld.tmp", (long)getpid());

	int r = write_new(dirfd, temp, bytes, len, mode, err);

	if (r == -EEXIST && unlinkat(dirfd, temp, 0) == 0)
		r = write_new(dirfd, temp, bytes, len, mode, err);
	if (r >= 0 && renameat(dirfd, temp, dirfd, name) < 0)
		r = mp_fail(err, errno, "rename");
	if (r < 0) {
		(void)unlinkat(dirfd, temp, 0);
		return mp_wrap(err, r, "replace %s", name);
	}
	return 0;
}

/* Makes one directory; one that is there already is as good. */
static int make_one(int dirfd, const char *path, mode_t mode)
{
	struct stat st;

	if (mkdirat(dirfd, path, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (fstatat(dirfd, path, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int mp_dir_make(int dirfd, const char *path, mode_t mode, struct mp_error *err)
{
	char part[PATH_MAX];
	const size_t len = strlen(path);
	int r = make_one(dirfd, path, mode);

	if (r != -ENOENT || len == 0)
		return r < 0 ? mp_fail(err, -r, "make directory %s", path) : 0;
	if (len >= sizeof(part))
		return mp_fail(err, ENAMETOOLONG, "make directory %s", path);
	memcpy(part, path, len + 1);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = make_one(dirfd, part, mode);
		if (r < 0)
			return mp_fail(err, -r, "make directory %s", part);
		*slash = '/';
	}
	r = make_one(dirfd, path, mode);
	return r < 0 ? mp_fail(err, -r, "make directory %s", path) : 0;
}

int mp_memfd_new(const char *name, const void *bytes, size_t len, bool is_executable, int *ret_fd,
		 struct mp_error *err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	mp_auto_fd fd = mp_sys_memfd_create(name, is_executable);

	if (fd < 0)
		return mp_fail(err, -fd, "create memory file %s", name);

	const int r = mp_fd_write_all(fd, bytes, len, err);

	if (r < 0)
		return mp_wrap(err, r, "fill memory file %s", name);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return mp_fail(err, errno, "rewind memory file %s", name);
	/* Before 6.3 there is no seal for the execute bits. */
	if (fcntl(fd, F_ADD_SEALS, seals | F_SEAL_EXEC) < 0 &&
	    (errno != EINVAL || fcntl(fd, F_ADD_SEALS, seals) < 0))
		return mp_fail(err, errno, "seal memory file %s", name);
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

/* Room for the descriptors of one message, aligned as cmsg(3) wants it. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(MP_FDS_MAX * sizeof(int))];
};

int mp_fds_send(int sock, const void *bytes, size_t len, const int *fds, size_t n_fds,
		struct mp_error *err)
{
	union control control = { 0 };
	/* sendmsg(2) does not write to it; the type has no const. */
	struct iovec iov = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	assert(len > 0 && n_fds <= MP_FDS_MAX);
	if (n_fds > 0) {
		struct cmsghdr *cmsg = &control.header;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mp_fail(err, errno, "send");
	if ((size_t)n != len)
		return mp_fail(err, EMSGSIZE, "send");
	return 0;
}

/* Collects the descriptors of @msg into @fds; those beyond @max are closed. Returns how many came. */
static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
	size_t came = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;

		const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (came < max)
				fds[came] = fd;
			else
				(void)close(fd);
			came++;
		}
	}
	return came;
}

int mp_fds_recv(int sock, void *bytes, size_t len, int *fds, size_t max_fds, size_t *ret_len,
		size_t *ret_n_fds, struct mp_error *err)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = bytes, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	for (size_t i = 0; i < max_fds; i++)
		fds[i] = -EBADF;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return mp_fail(err, errno, "receive");

	const size_t came = take_fds(&msg, fds, max_fds);

	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || came > max_fds) {
		for (size_t i = 0; i < max_fds; i++)
			mp_closep(&fds[i]);
		return mp_fail(err, EMSGSIZE, "receive");
	}
	*ret_len = (size_t)n;
	*ret_n_fds = came;
	return 0;
}
