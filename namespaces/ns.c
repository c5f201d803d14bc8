/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/ns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "runtime/base/auto.h"

const struct mp_ns_kind mp_ns_kinds[MP_NS_KINDS] = {
	{ "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "mnt", CLONE_NEWNS },
	{ "net", CLONE_NEWNET },       { "pid", CLONE_NEWPID }, { "time", CLONE_NEWTIME },
	{ "user", CLONE_NEWUSER },     { "uts", CLONE_NEWUTS },
};

static void ns_path(char *buf, size_t size, pid_t pid, const char *name)
{
	if (pid == 0)
		(void)snprintf(buf, size, "/proc/self/ns/%s", name);
	else
		(void)snprintf(buf, size, "/proc/%d/ns/%s", (int)pid, name);
}

int mp_ns_ids_read(pid_t pid, struct mp_ns_ids *ret, struct mp_error *err)
{
	struct mp_ns_ids ids = { { 0 } };

	for (size_t i = 0; i < MP_NS_KINDS; i++) {
		char path[64];
		struct stat st;

		ns_path(path, sizeof(path), pid, mp_ns_kinds[i].name);
		if (stat(path, &st) == 0) {
			ids.ids[i] = st.st_ino;
			continue;
		}
		if (errno == ENOENT) {
			(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
			if (pid == 0 || access(path, F_OK) == 0)
				continue; /* the process is there, the kind is not */
			errno = ESRCH;
		}
		return mp_fail(err, errno, "read the %s namespace of process %d",
			       mp_ns_kinds[i].name, (int)pid);
	}
	*ret = ids;
	return 0;
}

int mp_ns_open(pid_t pid, uint64_t flag, int *ret_fd, struct mp_error *err)
{
	for (size_t i = 0; i < MP_NS_KINDS; i++) {
		char path[64];
		int fd;

		if (mp_ns_kinds[i].flag != flag)
			continue;
		ns_path(path, sizeof(path), pid, mp_ns_kinds[i].name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return mp_fail(err, errno, "open the %s namespace of process %d",
				       mp_ns_kinds[i].name, (int)pid);
		*ret_fd = fd;
		return 0;
	}
	return mp_fail_text(err, EINVAL, "no such kind of namespace: 0x%llx",
			    (unsigned long long)flag);
}
