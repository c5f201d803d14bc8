/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor PAUSE LAYER DISK RUN: what a pod with one container `true` costs the kernel. The system
 * calls that make it and take it away again, one step after the other, and nothing else: no
 * manifest, no journal, no supervision, no log. Every step is one that `minipod run` makes for the
 * same pod, in the same cgroup hierarchies and on the same file systems:
 *
 *   PAUSE  the program of the infra process
 *   LAYER  the image: a directory with busybox and the mount points
 *   DISK   where the writable layer goes; has an empty directory "work" (which minipod keeps, too)
 *   RUN    a tmpfs for the files that are bound into the container
 *
 * What minipod does and this does not: it keeps the pod's mounts in a namespace of its own, executes
 * itself from a sealed mount, and on pure v2 loads a device filter. Neither sets a seccomp filter:
 * a pod that asks for none is Unconfined. A failure ends it and leaves what is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/rawsys.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n)       (UINT64_C(1) << (n))
#define CGROUPS      "/sys/fs/cgroup"
#define SAFE         (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define PATH_BYTES   128

/* One v1 hierarchy. pause is limited in nothing, but counted. */
struct hierarchy {
	const char *name;
	bool is_for_pause;
	int mount; /* -1: the host has none */
	int pause_tasks, container_tasks;
};

/* cpu is last: it is joined last, when the mounts are made. */
static struct hierarchy v1[] = {
	{ "memory", true, -1, -1, -1 },   { "pids", true, -1, -1, -1 },
	{ "devices", false, -1, -1, -1 }, { "cpuacct", false, -1, -1, -1 },
	{ "cpu", false, -1, -1, -1 },
};
static struct hierarchy *const cpu = &v1[COUNT(v1) - 1];

static int v2 = -1; /* the v2 hierarchy, whether it is all there is or beside v1 */
static int pause_v2 = -1, container_v2 = -1;
static bool has_v1;
static char top[32], qos[48], pod[64];

static const char *const bound_files[][2] = {
	{ "hosts", "etc/hosts" },
	{ "hostname", "etc/hostname" },
	{ "resolv.conf", "etc/resolv.conf" },
	{ "termination-log", "dev/termination-log" },
};

static const char *pause_program, *layer, *disk, *run;
static int pause_pidfd = -1, pause_ends[2], program_fd, upper_fd, overlay_fd;
static int out[2], err[2];

/* Also for children, which share our memory and so may not exit(3). Returns @r. */
static int must(const char *what, long r)
{
	if (r >= 0)
		return (int)r;
	(void)dprintf(STDERR_FILENO, "floor: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static void put(int dir, const char *name, const char *text)
{
	const int fd = must(name, openat(dir, name, O_WRONLY | O_CLOEXEC));

	(void)must(name, write(fd, text, strlen(text)));
	(void)close(fd);
}

/* ---- cgroups ---- */

static int open_hierarchy(const char *path, long magic)
{
	struct statfs fs;
	const int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && (long)fs.f_type == magic)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void find_hierarchies(void)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < COUNT(v1); i++) {
		(void)snprintf(path, sizeof(path), CGROUPS "/%s", v1[i].name);
		v1[i].mount = open_hierarchy(path, CGROUP_SUPER_MAGIC);
		has_v1 |= v1[i].mount >= 0;
	}
	v2 = open_hierarchy(has_v1 ? CGROUPS "/unified" : CGROUPS, CGROUP2_SUPER_MAGIC);
	if (!has_v1 && v2 < 0)
		must("find cgroup hierarchies", -1);
	(void)snprintf(top, sizeof(top), "minipod-floor-%d", (int)getpid());
	(void)snprintf(qos, sizeof(qos), "%s/besteffort", top);
	(void)snprintf(pod, sizeof(pod), "%s/pod", qos);
}

/* Two names may be one hierarchy: "cpu,cpuacct". */
static void make_dir(int dir, const char *path)
{
	if (mkdirat(dir, path, 0755) < 0 && errno != EEXIST)
		must(path, -1);
}

static void remove_dir(int dir, const char *path)
{
	if (unlinkat(dir, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		must(path, -1);
}

/* A group of the pod: its directory, and on v1 the file by which a thread joins it. */
static int make_group(int mount, const char *name)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", pod, name);
	make_dir(mount, path);
	return must(path, openat(mount, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static int make_v1_group(int mount, const char *name)
{
	const int dir = make_group(mount, name);
	const int tasks = must("tasks", openat(dir, "tasks", O_WRONLY | O_CLOEXEC));

	(void)close(dir);
	return tasks;
}

static void remove_group(int mount, const char *name)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s", pod, name);
	remove_dir(mount, path);
}

/* The controllers go down with the groups. What the root has not enabled stays off. */
static void make_v2_pod(void)
{
	const char *const parents[] = { top, qos, pod };
	char path[PATH_BYTES];

	for (size_t i = 0; i < COUNT(parents); i++) {
		make_dir(v2, parents[i]);
		if (has_v1)
			continue;
		(void)snprintf(path, sizeof(path), "%s/cgroup.subtree_control", parents[i]);
		put(v2, path, "+cpu +memory +pids");
	}
	if (has_v1)
		return;
	(void)snprintf(path, sizeof(path), "%s/cpu.weight", pod);
	put(v2, path, "1");
}

static void make_pod_groups(void)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < COUNT(v1); i++) {
		if (v1[i].mount < 0)
			continue;
		make_dir(v1[i].mount, top);
		make_dir(v1[i].mount, qos);
		make_dir(v1[i].mount, pod);
		if (v1[i].is_for_pause)
			v1[i].pause_tasks = make_v1_group(v1[i].mount, "pause");
	}
	if (cpu->mount >= 0) {
		(void)snprintf(path, sizeof(path), "%s/cpu.shares", pod);
		put(cpu->mount, path, "2");
	}
	if (v2 >= 0) {
		make_v2_pod();
		pause_v2 = make_group(v2, "pause");
	}
}

static void limit_devices(int mount)
{
	static const char *const allowed[] = {
		"b *:* m",   "c *:* m",   "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",
		"c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm", "c 136:* rwm",
	};
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "%s/main/devices.deny", pod);
	put(mount, path, "a");
	(void)snprintf(path, sizeof(path), "%s/main/devices.allow", pod);

	const int fd = must(path, openat(mount, path, O_WRONLY | O_CLOEXEC));

	for (size_t i = 0; i < COUNT(allowed); i++)
		(void)must("devices.allow", write(fd, allowed[i], strlen(allowed[i])));
	(void)close(fd);
}

static void make_container_groups(void)
{
	char path[PATH_BYTES];

	for (size_t i = 0; i < COUNT(v1); i++) {
		if (v1[i].mount < 0)
			continue;
		v1[i].container_tasks = make_v1_group(v1[i].mount, "main");
		if (strcmp(v1[i].name, "devices") == 0)
			limit_devices(v1[i].mount);
	}
	if (cpu->mount >= 0) {
		(void)snprintf(path, sizeof(path), "%s/main/cpu.shares", pod);
		put(cpu->mount, path, "2");
	}
	if (v2 >= 0)
		container_v2 = make_group(v2, "main");
	if (v2 >= 0 && !has_v1)
		put(container_v2, "cpu.weight", "1");
}

static void remove_pod_groups(void)
{
	const char *const parents[] = { pod, qos, top };

	for (size_t i = 0; i < COUNT(parents); i++) {
		for (size_t k = 0; k < COUNT(v1); k++)
			if (v1[k].mount >= 0)
				remove_dir(v1[k].mount, parents[i]);
		if (v2 >= 0)
			remove_dir(v2, parents[i]);
	}
}

static void join(int tasks_fd)
{
	if (tasks_fd >= 0)
		(void)must("join a cgroup", write(tasks_fd, "0", 1));
}

/* ---- children ---- */

/* As vfork(2): the child has our memory and a stack, and we wait until it execs. */
static pid_t spawn(uint64_t flags, int cgroup, int (*child)(void *), int *ret_pidfd)
{
	static char stack[64 * 1024] __attribute__((aligned(16)));
	struct clone_args args = {
		.flags = flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
		.pidfd = (uint64_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)stack,
		.stack_size = sizeof(stack),
	};

	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)cgroup;
	}

	const long pid = mp_raw_clone3(&args, sizeof(args), child, NULL);

	if (pid < 0)
		errno = (int)-pid;
	return must("clone3", pid);
}

static void set_caps(uint64_t caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned int i = 0; i < 2; i++) {
		const uint32_t half = (uint32_t)(caps >> (32 * i));

		data[i] = (struct __user_cap_data_struct){ half, half, 0 };
	}
	(void)must("capset", syscall(SYS_capset, &header, data));
	(void)must("ambient capabilities",
		   prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
}

static void keep_caps(uint64_t caps)
{
	for (unsigned int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(caps & BIT(cap)))
			(void)prctl(PR_CAPBSET_DROP, cap);
}

static void begin_child(void)
{
	(void)must("setsid", setsid());
	(void)must("prctl", prctl(PR_SET_DUMPABLE, 0));
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
}

static void set_up_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct ifreq address = { .ifr_name = "lo:pod" };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a58e76e) };
	const int fd = must("socket", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	memcpy(&address.ifr_addr, &in, sizeof(in));
	(void)must("lo up", ioctl(fd, SIOCSIFFLAGS, &lo));
	(void)must("address", ioctl(fd, SIOCSIFADDR, &address));
	(void)close(fd);
	put(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	put(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
}

/* The root that is "." becomes "/". */
static void change_root(void)
{
	(void)must("pivot_root", syscall(SYS_pivot_root, ".", "."));
	(void)must("drop the old root", umount2(".", MNT_DETACH));
	(void)must("chdir", chdir("/"));
}

static int new_mount(const char *type, const char *key, const char *value, unsigned int attrs)
{
	const int fs = must(type, fsopen(type, FSOPEN_CLOEXEC));

	if (key)
		(void)must(key, fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0));
	(void)must(type, fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));

	const int fd = must(type, fsmount(fs, FSMOUNT_CLOEXEC, attrs));

	(void)close(fs);
	return fd;
}

static int pause_main(void *unused)
{
	char *const argv[] = { (char[]){ "pause" }, NULL };
	char *const envp[] = { NULL };

	(void)unused;
	begin_child();
	for (size_t i = 0; i < COUNT(v1); i++)
		join(v1[i].pause_tasks);
	(void)must("unshare", unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
	(void)must("sethostname", sethostname("floor", 5));
	set_up_network();
	(void)must("private", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));

	const int root = new_mount("tmpfs", "size", "4096",
				   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					   MOUNT_ATTR_NOEXEC);

	(void)must("attach root", move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
	(void)must("fchdir", fchdir(root));
	change_root();
	(void)must("dup2", dup2(pause_ends[1], 0));
	(void)must("dup2", dup2(pause_ends[0], 1));
	(void)must("dup3", dup3(program_fd, 2, O_CLOEXEC));
	(void)must("close_range", close_range(3, ~0U, 0));
	keep_caps(0);
	set_caps(0);
	return must("execute pause", execveat(2, "", argv, envp, AT_EMPTY_PATH));
}

static void start_pause(void)
{
	(void)must("socketpair", socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pause_ends));
	program_fd = must(pause_program, open(pause_program, O_RDONLY | O_CLOEXEC));
	(void)spawn(0, pause_v2, pause_main, &pause_pidfd);
	(void)close(program_fd);
}

/* ---- the container's root ---- */

/* In the initial mount namespace, so that the container's end leaves it to be removed. */
static void make_overlay(void)
{
	const int dir = must(disk, open(disk, O_PATH | O_DIRECTORY | O_CLOEXEC));

	(void)must("upper", mkdirat(dir, "upper", 0755));
	upper_fd = must("upper", openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	const int work = must("work", openat(dir, "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const int lower = must(layer, open(layer, O_PATH | O_DIRECTORY | O_CLOEXEC));
	const int fs = must("overlay", fsopen("overlay", FSOPEN_CLOEXEC));
	char path[PATH_BYTES];

	/* By paths of descriptors: kernels before 6.13 take no descriptors. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", lower);
	(void)must("lowerdir", fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", path, 0));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", upper_fd);
	(void)must("upperdir", fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", path, 0));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", work);
	(void)must("workdir", fsconfig(fs, FSCONFIG_SET_STRING, "workdir", path, 0));
	(void)must("volatile", fsconfig(fs, FSCONFIG_SET_FLAG, "volatile", NULL, 0));
	(void)must("overlay", fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	overlay_fd = must("overlay", fsmount(fs, FSMOUNT_CLOEXEC, 0));
	(void)close(fs);
	(void)close(lower);
	(void)close(work);
	(void)close(upper_fd);
	(void)close(dir);
}

static void remove_overlay(void)
{
	const int dir = must(disk, open(disk, O_PATH | O_DIRECTORY | O_CLOEXEC));

	remove_dir(dir, "upper");
	(void)unlinkat(dir, "work/work/incompat/volatile/dirty", 0);
	remove_dir(dir, "work/work/incompat/volatile");
	remove_dir(dir, "work/work/incompat");
	remove_dir(dir, "work/work");
	(void)close(dir);
}

static void make_files(void)
{
	const int dir = must(run, open(run, O_PATH | O_DIRECTORY | O_CLOEXEC));

	for (size_t i = 0; i < COUNT(bound_files); i++) {
		const int fd =
			must(bound_files[i][0],
			     openat(dir, bound_files[i][0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));

		(void)must("write", write(fd, "floor\n", 6));
		(void)close(fd);
	}
	(void)close(dir);
}

static void remove_files(void)
{
	const int dir = must(run, open(run, O_PATH | O_DIRECTORY | O_CLOEXEC));

	for (size_t i = 0; i < COUNT(bound_files); i++)
		(void)must(bound_files[i][0], unlinkat(dir, bound_files[i][0], 0));
	(void)close(dir);
}

static void mount_at(const char *type, const char *target, unsigned long flags, const char *data)
{
	(void)must(target, mount(type, target, type, flags, data));
}

static void bind_at(const char *source, const char *target, unsigned long flags)
{
	(void)must(target, mount(source, target, NULL, MS_BIND, NULL));
	if (flags != 0)
		(void)must(target, mount(NULL, target, NULL, MS_BIND | MS_REMOUNT | flags, NULL));
}

static void make_devices(void)
{
	static const struct {
		const char *path;
		unsigned int major, minor;
	} nodes[] = {
		{ "dev/null", 1, 3 },   { "dev/zero", 1, 5 },    { "dev/full", 1, 7 },
		{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
	};
	static const char *const links[][2] = {
		{ "pts/ptmx", "dev/ptmx" },          { "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },  { "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" }, { "/proc/kcore", "dev/core" },
	};
	const mode_t mask = umask(0);

	mount_at("tmpfs", "dev", MS_NOSUID | MS_STRICTATIME, "mode=0755,size=64m");
	for (size_t i = 0; i < COUNT(nodes); i++)
		(void)must(nodes[i].path, mknod(nodes[i].path, S_IFCHR | 0666,
						makedev(nodes[i].major, nodes[i].minor)));
	for (size_t i = 0; i < COUNT(links); i++)
		(void)must(links[i][1], symlink(links[i][0], links[i][1]));
	(void)must("dev/termination-log", mknod("dev/termination-log", S_IFREG | 0644, 0));
	make_dir(AT_FDCWD, "dev/pts");
	make_dir(AT_FDCWD, "dev/shm");
	make_dir(AT_FDCWD, "dev/mqueue");
	(void)umask(mask);
	mount_at("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
		 "newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_at("tmpfs", "dev/shm", SAFE, "mode=1777,size=64m");
	mount_at("mqueue", "dev/mqueue", SAFE, NULL);
}

static void mount_cgroups(void)
{
	char from[PATH_BYTES], to[PATH_BYTES];

	if (!has_v1) {
		(void)snprintf(from, sizeof(from), CGROUPS "/%s/main", pod);
		bind_at(from, "sys/fs/cgroup", MS_RDONLY | SAFE);
		return;
	}
	mount_at("tmpfs", "sys/fs/cgroup", SAFE, "mode=0755,size=1m");
	for (size_t i = 0; i < COUNT(v1); i++) {
		if (v1[i].mount < 0)
			continue;
		(void)snprintf(from, sizeof(from), CGROUPS "/%s/%s/main", v1[i].name, pod);
		(void)snprintf(to, sizeof(to), "sys/fs/cgroup/%s", v1[i].name);
		make_dir(AT_FDCWD, to);
		bind_at(from, to, MS_RDONLY | SAFE);
	}
	(void)must("sys/fs/cgroup", mount(NULL, "sys/fs/cgroup", NULL,
					  MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL));
}

static void mask_paths(void)
{
	static const char *const masked[] = {
		"proc/asound",     "proc/acpi",        "proc/interrupts",
		"proc/kcore",      "proc/keys",        "proc/latency_stats",
		"proc/timer_list", "proc/timer_stats", "proc/sched_debug",
		"proc/scsi",       "sys/firmware",     "sys/devices/virtual/powercap",
	};
	static const char *const readonly[] = {
		"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger",
	};
	struct stat st;

	for (size_t i = 0; i < COUNT(masked); i++) {
		if (lstat(masked[i], &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			mount_at("tmpfs", masked[i], SAFE | MS_RDONLY, "mode=0755,size=4k");
		else
			bind_at("dev/null", masked[i], MS_RDONLY | MS_NOSUID | MS_NOEXEC);
	}
	for (size_t i = 0; i < COUNT(readonly); i++) {
		if (lstat(readonly[i], &st) < 0)
			continue;
		bind_at(readonly[i], readonly[i], MS_RDONLY | SAFE);
	}
}

static void build_root(void)
{
	char path[4096];

	(void)must("private", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	(void)must("attach root",
		   move_mount(overlay_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
	(void)must("fchdir", fchdir(overlay_fd));
	mount_at("proc", "proc", SAFE, NULL);
	make_devices();
	mount_at("sysfs", "sys", SAFE | MS_RDONLY, NULL);
	for (size_t i = 0; i < COUNT(bound_files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", run, bound_files[i][0]);
		bind_at(path, bound_files[i][1], 0);
	}
	mount_cgroups();
	mask_paths();
	change_root();
}

/* ---- the container ---- */

static int container_main(void *unused)
{
	const uint64_t caps = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FSETID) |
			      BIT(CAP_FOWNER) | BIT(CAP_MKNOD) | BIT(CAP_NET_RAW) |
			      BIT(CAP_SETGID) | BIT(CAP_SETUID) | BIT(CAP_SETFCAP) |
			      BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT) |
			      BIT(CAP_KILL) | BIT(CAP_AUDIT_WRITE);
	const gid_t groups[] = { 0, 10 };
	char *const argv[] = { (char[]){ "true" }, NULL };
	char *const envp[] = { (char[]){ "PATH=/bin" }, NULL };

	(void)unused;
	begin_child();
	for (size_t i = 0; i < COUNT(v1); i++)
		if (&v1[i] != cpu)
			join(v1[i].container_tasks);
	put(AT_FDCWD, "/proc/self/oom_score_adj", "1000");
	(void)must("join pause", setns(pause_pidfd, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
	build_root();
	join(cpu->container_tasks);
	(void)must("cgroup namespace", unshare(CLONE_NEWCGROUP));
	(void)must("dup2", dup2(must("null", open("/dev/null", O_RDWR | O_CLOEXEC)), 0));
	(void)must("dup2", dup2(out[1], 1));
	(void)must("dup2", dup2(err[1], 2));
	(void)must("close_range", close_range(3, ~0U, 0));
	(void)umask(022);
	keep_caps(caps);
	(void)must("setgroups", setgroups(COUNT(groups), groups));
	(void)must("setresgid", syscall(SYS_setresgid, 0, 0, 0));
	(void)must("setresuid", syscall(SYS_setresuid, 0, 0, 0));
	set_caps(caps);
	return must("execute true", execve("/bin/true", argv, envp));
}

static void run_container(void)
{
	siginfo_t info;
	char byte;
	int pidfd = -1;

	(void)must("pipe2", pipe2(out, O_CLOEXEC));
	(void)must("pipe2", pipe2(err, O_CLOEXEC));
	(void)spawn(CLONE_NEWNS | CLONE_NEWPID, container_v2, container_main, &pidfd);
	(void)close(overlay_fd);
	(void)close(out[1]);
	(void)close(err[1]);
	if (read(out[0], &byte, 1) != 0 || read(err[0], &byte, 1) != 0)
		(void)must("the container's output", -1);
	(void)must("wait", waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED));
	if (info.si_code != CLD_EXITED || info.si_status != 0)
		_exit(1);
}

static void end_pause(void)
{
	siginfo_t info;

	(void)must("kill pause", pidfd_send_signal(pause_pidfd, SIGKILL, NULL, 0));
	(void)must("wait", waitid(P_PIDFD, (id_t)pause_pidfd, &info, WEXITED));
	if (info.si_code != CLD_KILLED)
		_exit(1);
}

static void remove_groups_named(const char *name, bool is_pause)
{
	for (size_t i = 0; i < COUNT(v1); i++)
		if (v1[i].mount >= 0 && (v1[i].is_for_pause || !is_pause))
			remove_group(v1[i].mount, name);
	if (v2 >= 0)
		remove_group(v2, name);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		(void)fprintf(stderr, "usage: floor PAUSE LAYER DISK RUN\n");
		return 2;
	}
	pause_program = argv[1];
	layer = argv[2];
	disk = argv[3];
	run = argv[4];
	find_hierarchies();
	make_pod_groups();
	start_pause();
	make_files();
	make_overlay();
	make_container_groups();
	run_container();
	remove_groups_named("main", false);
	remove_overlay();
	end_pause();
	remove_groups_named("pause", true);
	remove_pod_groups();
	remove_files();
	return 0;
}
