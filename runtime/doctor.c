/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/doctor.h"

#include <dirent.h>
#include <dlfcn.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroups/host.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

/* PIDFD_GET_INFO, Linux 6.13; the exit status in it since 6.15. Not in linux-libc-dev 6.1. */
struct pidfd_exit_info {
	uint64_t mask, cgroupid;
	uint32_t ids[12];
	int32_t exit_code;
	uint32_t coredump_mask, spare;
};
#define GET_PIDFD_INFO _IOWR(0xFF, 11, struct pidfd_exit_info)

struct report {
	struct mp_symptom *symptoms;
	size_t n;
};

__attribute__((format(printf, 6, 7))) static void tell(struct report *r, const char *area,
						       const char *what, enum mp_finding finding,
						       const char *consequence, const char *fmt,
						       ...)
{
	struct mp_symptom *s = &r->symptoms[r->n];
	va_list ap;

	if (r->n == MP_SYMPTOMS_MAX)
		return;
	s->area = area;
	s->what = what;
	s->finding = finding;
	s->consequence = finding == MP_FINDING_GOOD ? "" : consequence;
	va_start(ap, fmt);
	(void)vsnprintf(s->seen, sizeof(s->seen), fmt, ap);
	va_end(ap);
	r->n++;
}

/* The answer of a system call that was tried: a descriptor (closed), 0 or -errno. */
static void tell_call(struct report *r, const char *what, int answer, enum mp_finding lack,
		      const char *consequence)
{
	if (answer >= 0)
		tell(r, "kernel", what, MP_FINDING_GOOD, "", "yes");
	else
		tell(r, "kernel", what, lack, consequence, "%s", strerror(-answer));
	if (answer > 2)
		(void)close(answer);
}

/* The first line of a file, or "". */
static const char *line_of(const char *path, char *buf, size_t size)
{
	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n < 0 ? 0 : n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static void examine_user(struct report *r)
{
	tell(r, "kernel", "root", geteuid() == 0 ? MP_FINDING_GOOD : MP_FINDING_MISSING,
	     "run minipod as root; only check, simulate and replay work without", "uid %d",
	     (int)geteuid());
}

static int tried_pidfd_info(int pidfd)
{
	struct pidfd_exit_info info = { .mask = 1 };

	return ioctl(pidfd, GET_PIDFD_INFO, &info) < 0 ? -errno : 0;
}

/* A mount that is never attached anywhere. */
static int tried_mount(const char *fs)
{
	mp_auto_fd ctx = mp_sys_fsopen(fs);
	int r = ctx < 0 ? ctx : mp_sys_fsconfig(ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0);

	return r < 0 ? r : mp_sys_fsmount(ctx, 0);
}

static int tried_setattr(void)
{
	const struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	mp_auto_fd mnt = tried_mount("tmpfs");

	return mnt < 0 ? mnt : mp_sys_mount_setattr(mnt, "", AT_EMPTY_PATH, &attr);
}

static bool has_filesystem(const char *name)
{
	char line[128];
	bool is_found = false;
	FILE *file = fopen("/proc/filesystems", "re");

	while (file && !is_found && fgets(line, sizeof(line), file)) {
		const char *word = strrchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		is_found = word && strcmp(word + 1, name) == 0;
	}
	if (file)
		(void)fclose(file);
	return is_found;
}

static bool is_release_at_least(const char *release, unsigned long major, unsigned long minor)
{
	char *end;
	const unsigned long has_major = strtoul(release, &end, 10);
	const unsigned long has_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;

	return has_major > major || (has_major == major && has_minor >= minor);
}

static void examine_kernel(struct report *r)
{
	struct utsname uts;
	mp_auto_fd self = mp_sys_pidfd_open(getpid(), 0);

	if (uname(&uts) == 0)
		tell(r, "kernel", "release",
		     is_release_at_least(uts.release, 5, 11) ? MP_FINDING_GOOD : MP_FINDING_MISSING,
		     "minipod needs Linux 5.11", "%s", uts.release);
	tell_call(r, "process descriptors (pidfd_open)", self < 0 ? self : 0, MP_FINDING_MISSING,
		  "no process can be waited for; Linux 5.3 has it");
	tell_call(r, "taking descriptors over (pidfd_getfd)",
		  self < 0 ? self : mp_sys_pidfd_getfd(self, self), MP_FINDING_LESS,
		  "a pod whose supervisor died cannot be taken up again");
	tell_call(r, "exit codes after a recovery (PIDFD_GET_INFO)",
		  self < 0 ? self : tried_pidfd_info(self), MP_FINDING_LESS,
		  "a container that ends while its supervisor is dead reads "
		  "ContainerStatusUnknown, 137");
	tell_call(r, "path look-ups that stay inside (openat2)",
		  mp_sys_openat2(AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0, RESOLVE_IN_ROOT),
		  MP_FINDING_MISSING, "no path of a container can be trusted; Linux 5.6 has it");
	tell_call(r, "mounts by descriptor (fsopen, fsmount)", tried_mount("tmpfs"),
		  MP_FINDING_MISSING, "no root file system can be built");
	tell_call(r, "recursive read-only mounts (mount_setattr)", tried_setattr(), MP_FINDING_LESS,
		  "recursiveReadOnly and id-mapped mounts are refused");
	tell(r, "kernel", "overlay file system",
	     has_filesystem("overlay") ? MP_FINDING_GOOD : MP_FINDING_MISSING,
	     "no container has a root file system: load the module overlay", "%s",
	     has_filesystem("overlay") ? "yes" : "not in /proc/filesystems");
	tell(r, "kernel", "message queues file system",
	     has_filesystem("mqueue") ? MP_FINDING_GOOD : MP_FINDING_LESS,
	     "containers have no /dev/mqueue", "%s", has_filesystem("mqueue") ? "yes" : "no");
}

static void examine_cgroups(struct report *r)
{
	static const struct {
		enum mp_cgroup_controller controller;
		const char *what, *consequence;
	} wanted[] = {
		{ MP_CGROUP_CPU, "cpu", "cpu requests and limits have no effect" },
		{ MP_CGROUP_MEMORY, "memory",
		  "memory limits have no effect and OOM kills are not told apart" },
		{ MP_CGROUP_PIDS, "pids", "the number of processes is not limited" },
		{ MP_CGROUP_HUGETLB, "hugetlb", "huge pages are not limited" },
	};
	struct mp_cgroup_host *host;
	struct mp_error err = { 0 };
	char line[64];

	if (mp_cgroup_host_open(NULL, &host, &err) < 0) {
		tell(r, "cgroups", "hierarchy", MP_FINDING_MISSING,
		     "no pod can be started: mount a cgroup2 file system on /sys/fs/cgroup", "%s",
		     err.msg);
		return;
	}
	tell(r, "cgroups", "hierarchy", MP_FINDING_GOOD, "", "%s",
	     mp_cgroup_mode_name(mp_cgroup_host_mode(host)));
	for (size_t i = 0; i < MP_ARRAY_SIZE(wanted); i++) {
		const bool has = mp_cgroup_host_has(host, wanted[i].controller);

		tell(r, "cgroups", wanted[i].what, has ? MP_FINDING_GOOD : MP_FINDING_LESS,
		     wanted[i].consequence, "%s", has ? "yes" : "not available");
	}
	mp_cgroup_host_close(host);
	tell(r, "cgroups", "pressure (PSI)",
	     line_of("/proc/pressure/cpu", line, sizeof(line))[0] ? MP_FINDING_GOOD :
								    MP_FINDING_LESS,
	     "'top' shows no pressure: boot with psi=1", "%s", line[0] ? "yes" : "no");
}

static void examine_capabilities(struct report *r)
{
	static const struct {
		unsigned int cap;
		const char *name, *consequence;
		enum mp_finding lack;
	} wanted[] = {
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "no namespace and no mount can be made",
		  MP_FINDING_MISSING },
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "pods have no network of their own",
		  MP_FINDING_MISSING },
		{ CAP_MKNOD, "CAP_MKNOD", "/dev of containers has no device nodes",
		  MP_FINDING_MISSING },
		{ CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE",
		  "oom_score_adj is not lowered: Guaranteed pods are no safer than others",
		  MP_FINDING_LESS },
		{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
		  "a pod whose supervisor died cannot be taken up again", MP_FINDING_LESS },
	};
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	for (size_t i = 0; i < MP_ARRAY_SIZE(wanted); i++) {
		const bool has =
			data[CAP_TO_INDEX(wanted[i].cap)].effective & CAP_TO_MASK(wanted[i].cap);

		tell(r, "security", wanted[i].name, has ? MP_FINDING_GOOD : wanted[i].lack,
		     wanted[i].consequence, "%s", has ? "yes" : "not held");
	}
}

static void examine_security(struct report *r)
{
	const uint32_t action = SECCOMP_RET_ERRNO;
	char line[200];
	const bool has_seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;

	examine_capabilities(r);
	tell(r, "security", "seccomp filters", has_seccomp ? MP_FINDING_GOOD : MP_FINDING_LESS,
	     "pods with a seccompProfile other than Unconfined cannot start", "%s",
	     has_seccomp ? "yes" : strerror(errno));
	(void)line_of("/sys/module/apparmor/parameters/enabled", line, sizeof(line));
	tell(r, "security", "AppArmor", line[0] == 'Y' ? MP_FINDING_GOOD : MP_FINDING_LESS,
	     "pods with an appArmorProfile are rejected", "%s", line[0] == 'Y' ? "yes" : "no");
	(void)line_of("/proc/sys/user/max_user_namespaces", line, sizeof(line));
	tell(r, "security", "user namespaces",
	     line[0] && strcmp(line, "0") != 0 ? MP_FINDING_GOOD : MP_FINDING_LESS,
	     "pods with hostUsers: false cannot start", "%s", line[0] ? line : "no");
}

static void examine_limits(struct report *r)
{
	struct rlimit files;
	char line[64];

	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		tell(r, "limits", "open files",
		     files.rlim_max >= 1024 ? MP_FINDING_GOOD : MP_FINDING_LESS,
		     "a supervisor with many clients runs out of descriptors", "%llu",
		     (unsigned long long)files.rlim_max);
	(void)line_of("/proc/sys/kernel/pid_max", line, sizeof(line));
	tell(r, "limits", "process ids", MP_FINDING_GOOD, "", "%s", line);
}

static bool has_program(const char *name)
{
	const char *path = getenv("PATH");
	char file[512];

	while (path && *path) {
		const size_t len = strcspn(path, ":");

		(void)snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, name);
		if (len > 0 && access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static void examine_programs(struct report *r)
{
	const bool has_skopeo = has_program("skopeo");
	void *ssl = dlopen("libssl.so.3", RTLD_LAZY | RTLD_LOCAL);

	tell(r, "programs", "skopeo", has_skopeo ? MP_FINDING_GOOD : MP_FINDING_LESS,
	     "images cannot be pulled from a registry: apt-get install skopeo", "%s",
	     has_skopeo ? "yes" : "not in PATH");
	tell(r, "programs", "libssl.so.3", ssl ? MP_FINDING_GOOD : MP_FINDING_LESS,
	     "probes and hooks with scheme HTTPS fail: apt-get install libssl3", "%s",
	     ssl ? "yes" : "not found");
	if (ssl)
		(void)dlclose(ssl);
}

const char *mp_finding_text(enum mp_finding finding)
{
	static const char *const texts[] = { "ok", "less", "missing" };

	return texts[finding];
}

size_t mp_doctor_examine(struct mp_symptom symptoms[MP_SYMPTOMS_MAX])
{
	struct report report = { symptoms, 0 };

	examine_user(&report);
	examine_kernel(&report);
	examine_cgroups(&report);
	examine_security(&report);
	examine_limits(&report);
	examine_programs(&report);
	return report.n;
}
