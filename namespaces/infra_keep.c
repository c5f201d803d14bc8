/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's half of infra_proto.h, and taking over a pause that another one started. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "namespaces/infra_internal.h"
#include "namespaces/infra_proto.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

#define ANSWER_LIMIT_MS 2000
#define EXE_TEXT        "/memfd:pause (deleted)"

_Static_assert(sizeof(((struct mp_infra_kept *)0)->tag) == MP_INFRA_TAG_MAX, "tags fit");

static int set_tag(struct mp_infra_msg *msg, const char *tag, struct mp_error *err)
{
	size_t len = strlen(tag);

	if (len == 0 || len >= sizeof(msg->tag))
		return mp_fail_text(err, EINVAL, "keep a file in pause: impossible tag \"%.60s\"",
				    tag);
	memcpy(msg->tag, tag, len + 1);
	return 0;
}

/* Never waits: a pause that does not read (frozen, say) must not stop its supervisor. */
static int send_msg(struct mp_infra *infra, const struct mp_infra_msg *msg, int fd,
		    struct mp_error *err)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct mp_infra_msg copy = *msg;
	struct iovec iov = { .iov_base = &copy, .iov_len = sizeof(copy) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *cmsg;

		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	}
	if (sendmsg(infra->socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)sizeof(copy))
		return mp_fail(err, errno, "tell pause");
	return 0;
}

int mp_infra_keep(struct mp_infra *infra, const char *tag, int fd, struct mp_error *err)
{
	struct mp_infra_msg msg = { .command = MP_INFRA_PUT };
	int r = set_tag(&msg, tag, err);

	if (r < 0)
		return r;
	return send_msg(infra, &msg, fd, err);
}

int mp_infra_drop(struct mp_infra *infra, const char *tag, struct mp_error *err)
{
	struct mp_infra_msg msg = { .command = MP_INFRA_DROP };
	int r = set_tag(&msg, tag, err);

	if (r < 0)
		return r;
	return send_msg(infra, &msg, -1, err);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The next message with our sequence number. */
static int receive(struct mp_infra *infra, struct mp_infra_msg *msg, int64_t deadline,
		   struct mp_error *err)
{
	for (;;) {
		struct pollfd fds[2] = {
			{ .fd = infra->socket, .events = POLLIN },
			{ .fd = mp_infra_pidfd(infra), .events = POLLIN },
		};
		int64_t left = deadline - now_ms();
		ssize_t n = recv(infra->socket, msg, sizeof(*msg), MSG_DONTWAIT);

		if (n == (ssize_t)sizeof(*msg) && msg->seq == infra->seq) {
			msg->tag[sizeof(msg->tag) - 1] = '\0';
			return 0;
		}
		if (n > 0)
			continue; /* an answer to a question of the supervisor before us */
		if (n == 0)       /* nobody holds the other end any more */
			return mp_fail(err, ESRCH, "listen to pause");
		if (errno != EAGAIN && errno != EINTR)
			return mp_fail(err, errno, "listen to pause");
		if (left <= 0)
			return mp_fail(err, ETIMEDOUT, "listen to pause");
		(void)poll(fds, 2, (int)left);
		if (fds[1].revents && !fds[0].revents)
			return mp_fail(err, ESRCH, "listen to pause");
	}
}

/* Ask, and copy each answer's fd. @kept may be NULL: only count. */
static int list(struct mp_infra *infra, struct mp_infra_kept *kept, size_t max, size_t *ret_n,
		struct mp_error *err)
{
	const struct mp_infra_msg ask = { .command = MP_INFRA_LIST, .seq = ++infra->seq };
	const int64_t deadline = now_ms() + ANSWER_LIMIT_MS;
	struct mp_infra_msg msg;
	size_t n = 0;
	int r = send_msg(infra, &ask, -1, err);

	while (r == 0) {
		r = receive(infra, &msg, deadline, err);
		if (r < 0 || msg.command == MP_INFRA_END)
			break;
		if (msg.command != MP_INFRA_ENTRY || n >= max)
			continue;
		kept[n].fd = mp_sys_pidfd_getfd(mp_infra_pidfd(infra), msg.fd);
		if (kept[n].fd < 0) {
			r = mp_fail(err, -kept[n].fd, "take \"%s\" back from pause", msg.tag);
			break;
		}
		memcpy(kept[n].tag, msg.tag, sizeof(kept[n].tag));
		n++;
	}
	if (r < 0) {
		while (n > 0)
			(void)close(kept[--n].fd);
		return r;
	}
	*ret_n = n;
	return 0;
}

int mp_infra_take_all(struct mp_infra *infra, struct mp_infra_kept **ret, size_t *ret_n,
		      struct mp_error *err)
{
	struct mp_infra_kept *kept = calloc(MP_INFRA_KEPT_MAX, sizeof(*kept));
	int r;

	if (!kept)
		return mp_fail(err, ENOMEM, "take files back from pause");
	r = list(infra, kept, MP_INFRA_KEPT_MAX, ret_n, err);
	if (r < 0) {
		free(kept);
		return r;
	}
	*ret = kept;
	return 0;
}

/* Whatever has this number now: is it a pause? Its program has no path, only a memory file. */
static int check_is_pause(pid_t pid, struct mp_error *err)
{
	char path[48];
	char exe[64];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return mp_fail(err, errno == ENOENT ? ESRCH : errno, "look at process %d",
			       (int)pid);
	exe[n] = '\0';
	if (strcmp(exe, EXE_TEXT) != 0)
		return mp_fail_text(err, ESRCH, "process %d is not pause but %s", (int)pid, exe);
	return 0;
}

static int take_socket(int pidfd, int *ret_fd, struct mp_error *err)
{
	mp_auto_fd fd = mp_sys_pidfd_getfd(pidfd, MP_INFRA_FD_PEER);
	int type = 0;
	socklen_t len = sizeof(type);

	if (fd < 0)
		return mp_fail(err, -fd, "take the control socket of pause");
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0 || type != SOCK_SEQPACKET)
		return mp_fail_text(err, ESRCH, "what pause holds is no control socket");
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

int mp_infra_adopt(pid_t pid, struct mp_infra **ret, struct mp_error *err)
{
	struct mp_infra *infra;
	struct timespec ts;
	size_t n;
	int r;

	infra = calloc(1, sizeof(*infra));
	if (!infra)
		return mp_fail(err, ENOMEM, "adopt pause");
	infra->pid = pid;
	infra->socket = -EBADF;
	infra->child = MP_CHILD_NONE;
	infra->is_ready = true;
	/* Not what the supervisor before us began with: answers to it may still be under way. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	infra->seq = (uint32_t)ts.tv_nsec ^ (uint32_t)ts.tv_sec << 20;
	infra->pidfd = mp_sys_pidfd_open(pid, 0);
	r = infra->pidfd < 0 ? mp_fail(err, -infra->pidfd, "open process %d", (int)pid) : 0;
	if (r == 0)
		r = check_is_pause(pid, err);
	if (r == 0)
		r = take_socket(infra->pidfd, &infra->socket, err);
	if (r == 0)
		r = list(infra, NULL, 0, &n, err); /* does it answer? */
	if (r < 0) {
		mp_infra_free(infra);
		return mp_wrap(err, r, "adopt pause");
	}
	*ret = infra;
	return 0;
}
