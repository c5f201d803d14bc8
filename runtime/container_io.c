/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container_io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "rootfs/resolve.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define CHUNK     4096 /* PIPE_BUF: fits into an empty pipe, however small */
#define TURNS_MAX 16

struct mp_container_io {
	struct mp_container_io_config config;
	int input;  /* owned: the pipe's write end; -EBADF with a terminal */
	int master; /* owned: the terminal */
	int slave;  /* owned: while it is open, the terminal is never hung up */
	int theirs; /* owned until the start: the pipe's read end */
	int log;    /* owned: what is read from @master is written here */
	bool is_stdin_closed;
	struct mp_source source; /* on @master */
};

static int set_nonblocking(int fd, struct mp_error *err)
{
	const int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ?
		       mp_fail(err, errno, "standard input") :
		       0;
}

/*
 * One piece of output from the terminal into the log; false: there is none now. By splice, so that
 * it is in the one or in the other whenever this process is killed; a kernel whose terminals cannot
 * do that says EINVAL.
 */
static bool relay(struct mp_container_io *io)
{
	char bytes[CHUNK];
	ssize_t n;

	/* The log's pipe is emptied first, so that what is read always has room in it. */
	mp_log_pump_drain(io->config.log);
	n = splice(io->master, NULL, io->log, NULL, CHUNK, SPLICE_F_NONBLOCK);
	if (n >= 0 || errno != EINVAL)
		return n > 0;
	do
		n = read(io->master, bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	(void)mp_fd_write_all(io->log, bytes, (size_t)n, NULL);
	return true;
}

static void ready(struct mp_source *source, uint32_t events)
{
	struct mp_container_io *io = mp_container_of(source, struct mp_container_io, source);

	(void)events;
	for (int i = 0; i < TURNS_MAX && relay(io); i++)
		;
	mp_log_pump_drain(io->config.log);
}

static int watch_terminal(struct mp_container_io *io, struct mp_error *err)
{
	io->source = (struct mp_source){ .fd = io->master, .events = EPOLLIN, .ready = ready };
	return mp_loop_add(io->config.loop, &io->source, err);
}

static int open_terminal(struct mp_container_io *io, int out[2], struct mp_process_config *process,
			 struct mp_error *err)
{
	int r = mp_rootfs_terminal(io->config.rootfs, io->config.owner, &io->master, &io->slave,
				   err);

	if (r == 0)
		r = set_nonblocking(io->master, err);
	if (r == 0)
		r = set_nonblocking(out[0], err);
	if (r < 0)
		return r;
	r = watch_terminal(io, err);
	if (r < 0)
		return r;
	io->log = mp_steal_fd(&out[0]);
	mp_closep(&out[1]);
	for (int i = 0; i < 3; i++)
		process->stdio[i] = io->slave;
	process->is_tty = true;
	return 0;
}

static int open_pipe(struct mp_container_io *io, struct mp_process_config *process,
		     struct mp_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "pipe for standard input");
	io->theirs = ends[0];
	io->input = ends[1];
	process->stdio[0] = io->theirs;
	return set_nonblocking(io->input, err);
}

static struct mp_container_io *io_alloc(const struct mp_container_io_config *config)
{
	struct mp_container_io *io = calloc(1, sizeof(*io));

	if (!io)
		return NULL;
	io->config = *config;
	io->input = io->master = io->slave = io->theirs = io->log = -EBADF;
	return io;
}

int mp_container_io_open(const struct mp_container_io_config *config, int out[2],
			 struct mp_process_config *process, struct mp_container_io **ret,
			 struct mp_error *err)
{
	struct mp_container_io *io;
	int r;

	*ret = NULL;
	if (!config->has_stdin && !config->is_tty)
		return 0;
	io = io_alloc(config);
	if (!io)
		return mp_fail(err, ENOMEM, "standard input");
	r = config->is_tty ? open_terminal(io, out, process, err) : open_pipe(io, process, err);
	if (r < 0) {
		mp_container_io_free(io);
		return r;
	}
	*ret = io;
	return 0;
}

void mp_container_io_fds(const struct mp_container_io *io, int ret[3])
{
	ret[0] = io ? io->input : -EBADF;
	ret[1] = io ? io->master : -EBADF;
	ret[2] = io ? io->log : -EBADF;
}

int mp_container_io_adopt(const struct mp_container_io_config *config, const int fds[3],
			  struct mp_container_io **ret, struct mp_error *err)
{
	struct mp_container_io *io = config->has_stdin || config->is_tty ? io_alloc(config) : NULL;
	int r = 0;

	*ret = NULL;
	if (!io) {
		for (int i = 0; i < 3; i++)
			if (fds[i] >= 0)
				(void)close(fds[i]);
		return config->has_stdin || config->is_tty ?
			       mp_fail(err, ENOMEM, "standard input") :
			       0;
	}
	io->input = fds[0];
	io->master = fds[1];
	io->log = fds[2];
	io->config.rootfs = NULL;
	/* A client with the input has gone with the supervisor; under stdinOnce it was the last. */
	io->is_stdin_closed = config->has_stdin && io->input < 0 && io->master < 0;
	if (io->master >= 0) {
		io->slave = ioctl(io->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
		r = watch_terminal(io, err);
	}
	if (r < 0) {
		mp_container_io_free(io);
		return r;
	}
	*ret = io;
	return 0;
}

void mp_container_io_started(struct mp_container_io *io)
{
	if (!io)
		return;
	mp_closep(&io->theirs);
	io->config.rootfs = NULL;
}

int mp_container_io_input(const struct mp_container_io *io)
{
	if (!io || !io->config.has_stdin || io->is_stdin_closed)
		return -EBADF;
	return io->config.is_tty ? io->master : io->input;
}

int mp_container_io_terminal(const struct mp_container_io *io)
{
	return io ? io->master : -EBADF;
}

void mp_container_io_detached(struct mp_container_io *io)
{
	if (!io || !io->config.is_stdin_once)
		return;
	io->is_stdin_closed = true;
	mp_closep(&io->input);
}

void mp_container_io_finish(struct mp_container_io *io)
{
	if (!io)
		return;
	/* A terminal holds a few KiB; whoever may still write to it was killed. */
	for (int i = 0; io->master >= 0 && i < TURNS_MAX && relay(io); i++)
		;
	mp_loop_remove(&io->source);
	mp_closep(&io->log);
	mp_closep(&io->input);
	mp_closep(&io->slave);
	mp_closep(&io->master);
}

void mp_container_io_free(struct mp_container_io *io)
{
	if (!io)
		return;
	mp_loop_remove(&io->source);
	mp_closep(&io->log);
	mp_closep(&io->input);
	mp_closep(&io->theirs);
	mp_closep(&io->slave);
	mp_closep(&io->master);
	free(io);
}

int mp_container_pty(pid_t pid, unsigned short rows, unsigned short columns, int *ret_master,
		     int *ret_slave, struct mp_error *err)
{
	const struct winsize size = { .ws_row = rows, .ws_col = columns };
	const int unlocked = 0;
	struct statfs fs;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/root", pid);

	mp_auto_fd root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return mp_fail(err, errno, "open the container's root");

	/* The container may have put anything there: only a devpts has a ptmx that is one. */
	mp_auto_fd pts = mp_resolve_open(root, "/dev/pts", O_PATH | O_DIRECTORY,
					 RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (pts < 0)
		return mp_fail(err, -pts, "open the container's /dev/pts");
	if (fstatfs(pts, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return mp_fail_text(err, ENOENT, "the container has no devpts on /dev/pts");

	mp_auto_fd master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return mp_fail(err, errno, "make a terminal in the container");

	mp_auto_fd slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return mp_fail(err, errno, "open the terminal's other side");
	if (rows > 0 && columns > 0)
		(void)ioctl(master, TIOCSWINSZ, &size);
	*ret_master = mp_steal_fd(&master);
	*ret_slave = mp_steal_fd(&slave);
	return 0;
}
