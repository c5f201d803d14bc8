/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the helper says is as untrusted as what it reads: reports are bounded, paths in them are
 * resolved beneath the layer without links, and digests are compared by the caller.
 *
 * Reports are texts ended by a NUL: "O<path>" an opaque directory, "E<errno> <sentence>" the end,
 * "D<diff id> <digest> <bytes>" the end when all went well.
 */
#include "rootfs/image_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/str.h"
#include "runtime/base/sys.h"

#define REPORT_MAX  ((size_t)8 << 20)
#define PROGRESS_MS 100

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#endif

static int keep_few_capabilities(const struct mp_image_helper_job *job)
{
	const uint32_t keep = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER |
			      1U << CAP_FSETID | 1U << CAP_SETFCAP |
			      (job->keeps_devices ? 1U << CAP_MKNOD : 0U);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct data[2] = { { .effective = keep, .permitted = keep } };

	return (int)mp_raw_syscall(__NR_capset, (long)&header, (long)data, 0, 0, 0, 0);
}

/*
 * What unpacking never needs and an attacker would: other programs, sockets, namespaces, mounts, other
 * processes, and the parts of the kernel with the most bugs. A list of what is allowed would depend on
 * the C library and the compressors of the day.
 */
static int forbid_calls(void)
{
#define DENY(name)                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
	static const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* x32 */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		DENY(fork),
		DENY(vfork),
#endif
		DENY(execve),
		DENY(execveat),
		DENY(clone),
		DENY(clone3),
		DENY(socket),
		DENY(socketpair),
		DENY(ptrace),
		DENY(process_vm_readv),
		DENY(process_vm_writev),
		DENY(pidfd_getfd),
		DENY(unshare),
		DENY(setns),
		DENY(chroot),
		DENY(pivot_root),
		DENY(mount),
		DENY(umount2),
		DENY(move_mount),
		DENY(open_tree),
		DENY(fsopen),
		DENY(fsmount),
		DENY(mount_setattr),
		DENY(open_by_handle_at),
		DENY(bpf),
		DENY(perf_event_open),
		DENY(io_uring_setup),
		DENY(userfaultfd),
		DENY(keyctl),
		DENY(add_key),
		DENY(request_key),
		DENY(init_module),
		DENY(finit_module),
		DENY(kexec_load),
		DENY(personality),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
#undef DENY
	union {
		const struct sock_filter *in;
		struct sock_filter *out;
	} program = { .in = filter };
	const struct sock_fprog fprog = { .len = MP_ARRAY_SIZE(filter), .filter = program.out };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog);
}

_Noreturn static void helper_main(const struct mp_image_helper_job *job, int in_fd, int dir_fd,
				  int out_fd)
{
	static const char missing[] = "Ei libarchive is not installed (Debian: libarchive13)";
	const struct rlimit none = { 0, 0 };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)umask(022);
	/* Names in archives are UTF-8; the plain C locale would refuse them. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (!mp_image_untar_load()) {
		(void)!write(out_fd, missing, sizeof(missing));
		_exit(1);
	}
	if (fchdir(dir_fd) < 0 || chroot(".") < 0 || dup2(in_fd, 0) < 0 || dup2(out_fd, 1) < 0 ||
	    mp_sys_close_range(2, ~0U, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || keep_few_capabilities(job) < 0)
		_exit(2);
	_exit(mp_image_untar(job, forbid_calls));
}

/* The descriptor's place in the input is ours and the helper's alike. */
static void tell_while_it_works(const struct mp_image_helper_job *job, int in_fd, int out_fd)
{
	struct pollfd p = { .fd = out_fd, .events = POLLIN };

	while (job->progress && poll(&p, 1, PROGRESS_MS) <= 0) {
		const off_t at = lseek(in_fd, 0, SEEK_CUR);

		if (at > 0)
			job->progress(job->ctx, (uint64_t)at);
	}
}

static bool is_hex(const char *text, size_t n)
{
	return strspn(text, "0123456789abcdef") >= n;
}

/* "D<64 hex> <64 hex> <bytes>" */
static bool parse_done(const char *text, struct mp_image_unpacked *ret)
{
	if (strlen(text) < 1 + 64 + 1 + 64 + 1 + 1 || !is_hex(text + 1, 64) || text[65] != ' ' ||
	    !is_hex(text + 66, 64) || text[130] != ' ')
		return false;
	memcpy(ret->diff_hex, text + 1, 64);
	memcpy(ret->blob_hex, text + 66, 64);
	ret->diff_hex[64] = ret->blob_hex[64] = '\0';
	ret->blob_bytes = strtoull(text + 131, NULL, 10);
	return true;
}

static int parse_failure(const char *text, struct mp_error *err)
{
	switch (text[1]) {
	case 'n':
		return mp_fail_text(err, ENOSPC, "%s", text + 3);
	case 'i':
		return mp_fail_text(err, strstr(text, "not installed") ? ENOPKG : EINVAL, "%s",
				    text + 3);
	default:
		return mp_fail_text(err, EIO, "%s", text + 3);
	}
}

static int parse_report(const char *text, size_t len, struct mp_image_unpacked *ret,
			struct mp_error *err)
{
	struct mp_image_unpacked found = { .opaque = NULL };
	bool is_done = false;

	if (len > 0 && text[len - 1] != '\0')
		len = 0; /* cut short: the helper died while writing */
	found.opaque = calloc(1, len + 1);
	if (!found.opaque)
		return mp_fail(err, ENOMEM, "unpack");
	for (const char *at = text; at < text + len; at += strlen(at) + 1) {
		if (at[0] == 'E' && at[1] && at[2] == ' ') {
			free(found.opaque);
			return parse_failure(at, err);
		}
		if (at[0] == 'O') {
			memcpy(found.opaque + found.opaque_len, at + 1, strlen(at));
			found.opaque_len += strlen(at);
		}
		is_done = at[0] == 'D' && parse_done(at, &found);
	}
	if (!is_done) {
		free(found.opaque);
		return mp_fail_text(err, EIO, "the unpacking process ended early");
	}
	*ret = found;
	return 0;
}

int mp_image_helper_run(const struct mp_image_helper_job *job, int in_fd, int dir_fd,
			struct mp_image_unpacked *ret, struct mp_error *err)
{
	const struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS,
		.exit_signal = SIGCHLD,
	};
	mp_auto_free char *text = NULL;
	size_t len = 0;
	int pipe_fds[2], ws = 0, r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "unpack: pipe");

	mp_auto_fd out = pipe_fds[0];
	mp_auto_fd in = pipe_fds[1];

	(void)fflush(NULL);

	const pid_t pid = mp_sys_clone3(&args);

	if (pid == 0)
		helper_main(job, in_fd, dir_fd, in);
	if (pid < 0)
		return mp_fail(err, -pid, "unpack: start the unpacking process");
	mp_closep(&in);
	tell_while_it_works(job, in_fd, out);
	r = mp_fd_read_all(out, REPORT_MAX, NULL, &text, &len, err);
	mp_closep(&out); /* a helper that says too much gets SIGPIPE */
	while (waitpid(pid, &ws, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : parse_report(text, len, ret, err);
}
