/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile container would run. Each command tries one way out and says on standard output
 * "escaped: ..." when it worked, and "held: ..." when it did not. Built static by the test that uses
 * it, so that it runs in any image.
 */
#define _GNU_SOURCE
/* NOLINTBEGIN(cert-err34-c): numbers come from the kernel and from the test that runs this. */
#ifdef ESCAPE_LOADER

/*
 * In place of the dynamic loader: whoever executes the host's program in the container starts with
 * this, and /proc/self/exe is then the host's file. x86_64 only; no C library.
 */
static long call(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return r;
}

__attribute__((used, noreturn)) void _start(void)
{
	static char *argv[] = { "/t/escape", "hold", "0", "3", 0 };
	static char *envp[] = { 0 };
	static char number[2] = "0";
	const long fd = call(2, (long)"/proc/self/exe", 010000000 /* O_PATH */, 0);
	const long out =
		call(2, (long)"/t/result", 02101 /* O_WRONLY | O_CREAT | O_APPEND */, 0644);

	number[0] = (char)('0' + fd);
	argv[2] = number;
	call(33, out, 1, 0); /* dup2 */
	call(59, (long)argv[0], (long)argv, (long)envp);
	call(231, 1, 0, 0);
	__builtin_unreachable();
}

#else
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

static int held(const char *what)
{
	printf("held: %s: %s\n", what, strerror(errno));
	return 0;
}

static int escaped(const char *what)
{
	printf("escaped: %s\n", what);
	fflush(stdout);
	return 1;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- the process that joins ------------------------------------------------------------------- */

/* Is what the link @path leads to the file with this number? Returns an O_PATH descriptor, or -1. */
static int open_if(const char *path, unsigned long inode)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == inode)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static unsigned long long caps_of(int pid)
{
	char path[64], line[256];
	unsigned long long caps = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "CapPrm:", 7) == 0)
			caps = strtoull(line + 7, NULL, 16);
	if (f)
		fclose(f);
	return caps;
}

/* A file that only the host has. Given, what is watched are other containers, with their own roots. */
static const char *marker;

/* Capabilities, namespaces or open files that this process has not. */
static int has_more(int pid)
{
	static const char *const kinds[] = { "net", "ipc", "uts", "user", "mnt", "cgroup" };
	const size_t n_kinds = marker ? 4 : 6;
	char path[512], theirs[64], ours[64];
	int n = 0;
	DIR *dir;

	if (caps_of(pid) & ~caps_of(getpid()))
		n += escaped("traced a process with more capabilities");
	snprintf(path, sizeof(path), "/proc/%d/root%s", pid, marker ? marker : "");
	if (marker && access(path, F_OK) == 0)
		n += escaped("traced a process that sees the host's files");
	for (size_t i = 0; i < n_kinds; i++) {
		ssize_t a, b;

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i]);
		a = readlink(path, theirs, sizeof(theirs));
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		b = readlink(path, ours, sizeof(ours));
		if (a > 0 && (a != b || memcmp(theirs, ours, (size_t)a) != 0))
			n += escaped("traced a process in another namespace");
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/fd/%.16s", pid, e->d_name);
		if (e->d_name[0] != '.' && stat(path, &st) == 0 && !S_ISFIFO(st.st_mode) &&
		    !S_ISCHR(st.st_mode))
			n += escaped("found an open file in a process that joins");
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Everything that could be got hold of in a process that is not yet one of ours. */
static int look_at(int pid, unsigned long inode, int *exe, int *traced)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (*exe < 0) {
		*exe = open_if(path, inode);
		if (*exe >= 0)
			printf("grabbed: the host's program through %s\n", path), fflush(stdout);
	}
	if (open_if(path, inode) < 0)
		return 0; /* it has executed the container's program, or cannot be looked at */
	/* May it be traced, then it is ours: so it must have nothing that we have not. */
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
		(*traced)++;
		n += has_more(pid);
	}
	return n;
}

/*
 * watch INODE SECONDS [MARKER]: look at every process that appears. What of the host's program was got hold of
 * is tried to be opened for writing until the time is over.
 */
static int watch(unsigned long inode, double seconds)
{
	const double end = now() + seconds;
	int exe = -1, traced = 0, n = 0;

	printf("watching\n");
	fflush(stdout);
	for (int next = 2; now() < end;) {
		char path[64];
		int found = 0;

		/* Numbers are given out in order: the next few are the ones to come. */
		for (int pid = next; pid < next + 12; pid++) {
			snprintf(path, sizeof(path), "/proc/%d/stat", pid);
			if (access(path, F_OK) < 0)
				continue;
			found = pid;
			for (int i = 0; i < 200; i++)
				n += look_at(pid, inode, &exe, &traced);
		}
		if (found)
			next = found + 1;
		if (exe >= 0) {
			int fd;

			snprintf(path, sizeof(path), "/proc/self/fd/%d", exe);
			fd = open(path, O_WRONLY | O_CLOEXEC);
			if (fd >= 0) {
				n += escaped("opened the host's program for writing");
				return n;
			}
		}
	}
	printf("traced: %d\n", traced);
	return n > 0 ? n : held("nothing of a process that joins");
}

/* hold FD SECONDS: the host's program came along as an open file; can it be written to? */
static int hold(int exe, double seconds)
{
	const double end = now() + seconds;
	char path[64];

	printf("holding\n");
	fflush(stdout);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", exe);
	while (now() < end) {
		if (open(path, O_WRONLY | O_CLOEXEC) >= 0)
			return escaped("opened the host's program for writing");
		usleep(10000);
	}
	return held("write the host's program");
}

/* ---- system calls that only the host's root may make --------------------------------------- */

static int try_handle(void)
{
	struct {
		struct file_handle h;
		unsigned char room[64];
	} h = { .h = { .handle_bytes = 64 } };
	int mount_id, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* The "shocker" of 2014: a file handle names an inode, wherever it is mounted. */
	if (name_to_handle_at(AT_FDCWD, "/etc/hosts", &h.h, &mount_id, 0) < 0)
		h.h.handle_bytes = 8;
	return open_by_handle_at(root, &h.h, O_RDONLY);
}

static long attempt(int which)
{
	static const unsigned char attr[128] = { 1, 0, 0, 0, 112 };
	struct timeval tv = { .tv_sec = 1 };

	switch (which) {
	case 0:
		return try_handle();
	case 1:
		return mount("none", "/mnt", "tmpfs", 0, NULL);
	case 2:
		return umount2("/proc", MNT_DETACH);
	case 3:
		return syscall(SYS_pivot_root, "/", "/mnt");
	case 4:
		return unshare(CLONE_NEWNS);
	case 5:
		return unshare(CLONE_NEWCGROUP);
	case 6:
		return setns(open("/proc/1/ns/mnt", O_RDONLY), CLONE_NEWNS);
	case 7:
		return setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS | CLONE_NEWNET);
	case 8:
		return syscall(SYS_init_module, "", 0, "");
	case 9:
		return syscall(SYS_kexec_load, 0, 0, NULL, 0);
	case 10:
		return syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL); /* CAD off */
	case 11:
		return settimeofday(&tv, NULL);
	case 12:
		return syscall(SYS_swapon, "/etc/hosts", 0);
	case 13:
		return syscall(SYS_acct, "/etc/hosts");
	case 14:
		return syscall(SYS_syslog, 5 /* read and clear */, NULL, 0);
	case 15:
		return syscall(SYS_perf_event_open, attr, -1, 0, -1, 0);
	case 16:
		return sethostname("x", 1);
	case 17:
		return (long)syscall(SYS_fsopen, "tmpfs", 0);
	case 18:
		return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */);
#ifdef SYS_iopl
	case 19:
		return syscall(SYS_iopl, 3);
#endif
	default:
		errno = EPERM;
		return -1;
	}
}

static int privileged_calls(void)
{
	static const char *const names[] = {
		"open a file of the host by its handle",
		"mount",
		"umount",
		"pivot_root",
		"new mount namespace",
		"new cgroup namespace",
		"setns by /proc",
		"setns by pidfd",
		"load a module",
		"load a kernel",
		"reboot",
		"set the time",
		"swap on",
		"accounting",
		"clear the kernel's log",
		"watch every process",
		"set the host name",
		"fsopen",
		"copy a mount",
		"iopl",
	};
	int n = 0;

	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
		/* Each in a process of its own: what works must not help the next. */
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(attempt(i) >= 0 ? 99 : errno);
		waitpid(pid, &status, 0);
		errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
		if (errno == 99)
			n += escaped(names[i]);
		else
			held(names[i]);
	}
	return n;
}

/* ---- devices ---------------------------------------------------------------------------------- */

static int try_device(mode_t type, unsigned int major, unsigned int minor, const char *what)
{
	const dev_t dev = (dev_t)(major << 8 | (minor & 0xff));
	char buf[16];
	int fd, n = 0;

	unlink("/node");
	if (mknod("/node", type | 0600, dev) < 0)
		return held(what);
	fd = open("/node", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && read(fd, buf, sizeof(buf)) > 0)
		n = escaped(what);
	else
		held(what);
	unlink("/node");
	return n;
}

/* "   8        0  488386584 sda"; other lines are none. */
static int try_partition(const char *line)
{
	char *end, *rest;
	const unsigned long major = strtoul(line, &end, 10);
	const unsigned long minor = strtoul(end, &rest, 10);

	if (end == line || rest == end)
		return 0;
	return try_device(S_IFBLK, (unsigned int)major, (unsigned int)minor, "read a disk");
}

static int devices(void)
{
	char line[256];
	FILE *f = fopen("/proc/partitions", "re");
	int n = try_device(S_IFCHR, 1, 1, "read /dev/mem") +
		try_device(S_IFCHR, 1, 2, "read /dev/kmem") +
		try_device(S_IFCHR, 1, 4, "read /dev/port") +
		try_device(S_IFCHR, 1, 11, "read /dev/kmsg") +
		try_device(S_IFCHR, 10, 183, "read /dev/hwrng") +
		try_device(S_IFCHR, 4, 1, "read /dev/tty1");

	while (f && fgets(line, sizeof(line), f))
		n += try_partition(line);
	if (f)
		fclose(f);
	return n;
}

/* ---- keys, sockets, files ------------------------------------------------------------------- */

static int with_key(char **argv)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "minipod-test") < 0 ||
	    syscall(SYS_add_key, "user", "minipod-secret", "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
		perror("no key");
	execvp(argv[0], argv);
	return 127;
}

static int keys(void)
{
	if (syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "minipod-secret",
		    0) >= 0 ||
	    syscall(SYS_request_key, "user", "minipod-secret", NULL, 0) >= 0)
		return escaped("found a key of the host's session");
	return held("find a key of the host's session");
}

/* What minipod itself has in the host's network namespace must have no ear. */
static int sockets(void)
{
	char line[512];
	FILE *f = fopen("/proc/net/unix", "re");
	int n = 0, seen = 0;

	while (f && fgets(line, sizeof(line), f)) {
		struct sockaddr_un name = { .sun_family = AF_UNIX };
		const char *at = strstr(line, "@minipod");
		const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		size_t len;

		if (!at)
			continue;
		seen++;
		len = strcspn(at + 1, "\n");
		memcpy(name.sun_path + 1, at + 1, len);
		if (connect(fd, (const struct sockaddr *)&name,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)) == 0)
			n += escaped("connected to a socket of minipod");
		close(fd);
	}
	printf("sockets of minipod: %d\n", seen);
	return n > 0 ? n : held("talk to minipod's sockets");
}

static int open_files(void)
{
	int n = 0;

	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	printf("opened %s files: %s\n", n > 500 ? "many" : "few", strerror(errno));
	return 0;
}

/* swap DIR SECONDS: DIR/x is a directory and a link to the host's root in turn. */
static int swap(const char *dir, const char *target, double seconds)
{
	const double end = now() + seconds;

	if (chdir(dir) < 0)
		return held("swap");
	mkdir("x", 0777);
	unlink("y");
	if (symlink(target, "y") < 0)
		return held("swap");
	printf("swapping\n");
	fflush(stdout);
	while (now() < end)
		syscall(SYS_renameat2, AT_FDCWD, "x", AT_FDCWD, "y", 2 /* RENAME_EXCHANGE */);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "watch") == 0 && argc == 5)
		marker = argv[4];
	if (strcmp(what, "watch") == 0 && argc >= 4)
		return watch(strtoul(argv[2], NULL, 10), strtod(argv[3], NULL)) > 0;
	if (strcmp(what, "hold") == 0 && argc == 4)
		return hold((int)strtol(argv[2], NULL, 10), strtod(argv[3], NULL));
	if (strcmp(what, "euid") == 0)
		return printf("Effective uid: %d\n", (int)geteuid()) < 0;
	if (strcmp(what, "calls") == 0)
		return privileged_calls() > 0;
	if (strcmp(what, "devices") == 0)
		return devices() > 0;
	if (strcmp(what, "with-key") == 0 && argc > 2)
		return with_key(argv + 2);
	if (strcmp(what, "keys") == 0)
		return keys();
	if (strcmp(what, "sockets") == 0)
		return sockets() > 0;
	if (strcmp(what, "files") == 0)
		return open_files();
	if (strcmp(what, "swap") == 0 && argc == 5)
		return swap(argv[2], argv[3], strtod(argv[4], NULL));
	fprintf(stderr, "escape: what?\n");
	return 2;
}
#endif
/* NOLINTEND(cert-err34-c) */
