/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/sys.h"

#include <poll.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/base/auto.h"

static void errors_come_back_and_errno_stays(void **unused)
{
	(void)unused;
	errno = 4711;
	assert_int_equal(mp_sys_pidfd_open(-1, 0), -EINVAL);
	assert_int_equal(mp_sys_openat2(AT_FDCWD, "/no/such", O_RDONLY, 0, 0), -ENOENT);
	assert_int_equal(mp_sys_close_range(2, 1, 0), -EINVAL);
	assert_int_equal(mp_sys_pidfd_send_signal(-1, 0), -EBADF);
	assert_int_equal(mp_sys_pidfd_getfd(-1, 0), -EBADF);
	assert_int_equal(mp_sys_fsmount(-1, 0), -EBADF);
	assert_int_equal(mp_sys_fsconfig(-1, FSCONFIG_CMD_CREATE, NULL, NULL, 0), -EINVAL);
	assert_int_equal(mp_sys_execveat(-1, "x", NULL, NULL, 0), -EBADF);
	assert_int_equal(errno, 4711);
}

static int shared_value;

static int set_shared_value(void *arg)
{
	alignas(16) char aligned[16];

	shared_value = *(int *)arg;
	/* A misaligned stack would crash the vector instructions of whatever runs here. */
	return ((uintptr_t)aligned & 15U) == 0 ? 42 : 1;
}

static int wait_for(int pidfd)
{
	siginfo_t info = { 0 };

	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	assert_int_equal(info.si_code, CLD_EXITED);
	return info.si_status;
}

static void a_child_can_run_in_our_memory_on_its_own_stack(void **unused)
{
	(void)unused;
	enum { STACK = 65536 };
	mp_auto_free char *stack = aligned_alloc(16, STACK);
	mp_auto_fd pidfd = -EBADF;
	int value = 4711;
	const struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.stack = (uintptr_t)stack,
		.stack_size = STACK,
		.exit_signal = SIGCHLD,
	};

	assert_non_null(stack);
	shared_value = 0;
	assert_true(mp_raw_clone3(&args, sizeof(args), set_shared_value, &value) > 0);
	assert_int_equal(shared_value, 4711); /* seen at once: CLONE_VFORK waited */
	assert_int_equal(wait_for(pidfd), 42);
}

static void a_child_can_run_on_a_copy_of_our_memory(void **unused)
{
	(void)unused;
	mp_auto_fd pidfd = -EBADF;
	int value = 4711;
	const struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	shared_value = 0;
	assert_true(mp_raw_clone3(&args, sizeof(args), set_shared_value, &value) > 0);
	assert_int_equal(wait_for(pidfd), 42);
	assert_int_equal(shared_value, 0);
	assert_int_equal(mp_raw_clone3(&args, 1, set_shared_value, &value), -EINVAL);

	const pid_t pid = mp_sys_clone3(&(const struct clone_args){ .exit_signal = SIGCHLD });

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(7);

	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
}

static int wait_for_signal(void *unused)
{
	(void)unused;
	return pause();
}

static void a_process_is_named_signalled_and_asked_by_descriptor(void **unused)
{
	(void)unused;
	mp_auto_fd pidfd = -EBADF;
	const struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	const pid_t pid = (pid_t)mp_raw_clone3(&args, sizeof(args), wait_for_signal, NULL);
	struct mp_pidfd_info info;
	siginfo_t died = { 0 };

	assert_true(pid > 0);

	mp_auto_fd second = mp_sys_pidfd_open(pid, 0);
	mp_auto_fd copy = mp_sys_pidfd_getfd(pidfd, second);

	assert_true(second >= 0);
	assert_true((fcntl(second, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true(copy >= 0 || copy == -EPERM || copy == -EBADF);
	assert_int_equal(mp_sys_pidfd_send_signal(second, 0), 0);

	const int r = mp_sys_pidfd_info(second, MP_PIDFD_INFO_EXIT, &info);

	assert_int_equal(mp_sys_pidfd_send_signal(second, SIGKILL), 0);
	assert_int_equal(waitid(P_PIDFD, (id_t)second, &died, WEXITED), 0);
	assert_int_equal(died.si_status, SIGKILL);
	if (r < 0) {
		assert_true(r == -ENOTTY || r == -EINVAL); /* before Linux 6.13 */
		return;
	}
	assert_int_equal(info.pid, pid);
	assert_int_equal(info.ppid, getpid());
	assert_int_equal(info.euid, geteuid());
	assert_true((info.mask & MP_PIDFD_INFO_EXIT) == 0); /* it was alive */
	if (mp_sys_pidfd_info(second, MP_PIDFD_INFO_EXIT, &info) < 0)
		return; /* before Linux 6.15 */
	assert_true((info.mask & MP_PIDFD_INFO_EXIT) != 0);
	assert_true(WIFSIGNALED(info.exit_code));
	assert_int_equal(WTERMSIG(info.exit_code), SIGKILL);
}

static void look_ups_stay_inside_their_root(void **unused)
{
	(void)unused;
	mp_auto_fd proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	mp_auto_fd inside =
		mp_sys_openat2(proc, "../../../version", O_RDONLY | O_CLOEXEC, 0, RESOLVE_IN_ROOT);

	assert_true(inside >= 0); /* ".." ends at the root we gave */
	assert_int_equal(mp_sys_openat2(proc, "../etc", O_PATH | O_CLOEXEC, 0, RESOLVE_BENEATH),
			 -EXDEV);
	assert_int_equal(mp_sys_openat2(proc, "self/exe", O_PATH | O_CLOEXEC, 0,
					RESOLVE_NO_MAGICLINKS),
			 -ELOOP);
}

static void ranges_of_descriptors_are_closed_or_marked(void **unused)
{
	(void)unused;
	const int base = 200;

	for (int i = 0; i < 5; i++)
		assert_int_equal(dup2(2, base + i), base + i);
	assert_int_equal(mp_sys_close_range(201, 202, CLOSE_RANGE_CLOEXEC), 0);
	assert_int_equal(fcntl(base, F_GETFD), 0);
	assert_int_equal(fcntl(base + 1, F_GETFD), FD_CLOEXEC);
	assert_int_equal(mp_sys_close_range(200, 204, 0), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(fcntl(base + i, F_GETFD), -1);
}

static void memory_files_are_executable_or_not(void **unused)
{
	(void)unused;
	mp_auto_fd program = mp_sys_memfd_create("program", true);
	mp_auto_fd data = mp_sys_memfd_create("data", false);
	struct stat st;

	assert_true(program >= 0 && data >= 0);
	assert_int_equal(fstat(program, &st), 0);
	assert_true((st.st_mode & 0100) != 0);
	if ((fcntl(data, F_GET_SEALS) & F_SEAL_EXEC) == 0)
		return; /* before Linux 6.3 */
	assert_int_equal(fstat(data, &st), 0);
	assert_true((st.st_mode & 0111) == 0);
	assert_int_equal(fchmod(data, 0700), -1);
}

static void mounts_are_told_apart(void **unused)
{
	(void)unused;
	uint64_t root = 0, proc = 0, self = 0;
	bool is_unique = false;

	assert_int_equal(mp_sys_mount_id(AT_FDCWD, "/", 0, &root, &is_unique), 0);
	assert_int_equal(mp_sys_mount_id(AT_FDCWD, "/proc", 0, &proc, NULL), 0);
	assert_int_equal(mp_sys_mount_id(AT_FDCWD, "/proc/self", 0, &self, NULL), 0);
	assert_true(root != proc);
	assert_true(self == proc);
	assert_int_equal(mp_sys_mount_id(AT_FDCWD, "/no/such", 0, &root, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_come_back_and_errno_stays),
		cmocka_unit_test(a_child_can_run_in_our_memory_on_its_own_stack),
		cmocka_unit_test(a_child_can_run_on_a_copy_of_our_memory),
		cmocka_unit_test(a_process_is_named_signalled_and_asked_by_descriptor),
		cmocka_unit_test(look_ups_stay_inside_their_root),
		cmocka_unit_test(ranges_of_descriptors_are_closed_or_marked),
		cmocka_unit_test(memory_files_are_executable_or_not),
		cmocka_unit_test(mounts_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
