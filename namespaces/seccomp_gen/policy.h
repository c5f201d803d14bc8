/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The default profile: what an ordinary program may ask of the kernel, by subject. Everything that
 * is not here is refused: kernel modules' and boot's business, keyrings and io_uring (not confined
 * by namespaces or too large a surface), NUMA and clocks of the whole machine, obsolete calls.
 * Names that an architecture does not have are passed over.
 */
#pragma once

#include "namespaces/seccomp_emit.h"

/* Newer than the libseccomp we build with may know: one number on every architecture. */
struct late_name {
	const char *name;
	uint32_t nr;
};

static const struct late_name late_names[] = {
	{ "process_mrelease", 448 },
	{ "futex_waitv", 449 },
	{ "set_mempolicy_home_node", 450 },
	{ "cachestat", 451 },
	{ "fchmodat2", 452 },
	{ "map_shadow_stack", 453 },
	{ "futex_wake", 454 },
	{ "futex_wait", 455 },
	{ "futex_requeue", 456 },
	{ "statmount", 457 },
	{ "listmount", 458 },
	{ "lsm_get_self_attr", 459 },
	{ "lsm_set_self_attr", 460 },
	{ "lsm_list_modules", 461 },
	{ "mseal", 462 },
	{ "setxattrat", 463 },
	{ "getxattrat", 464 },
	{ "listxattrat", 465 },
	{ "removexattrat", 466 },
	{ "open_tree_attr", 467 },
	{ "file_getattr", 468 },
	{ "file_setattr", 469 },
};

/* Words apart by spaces. */
static const char always[] =
	/* files */
	"access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 "
	"faccessat faccessat2 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat "
	"fcntl fcntl64 fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate "
	"ftruncate64 futimesat getcwd getdents getdents64 ioctl lchown lchown32 link linkat _llseek "
	"lseek lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat _newselect open "
	"openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink "
	"readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice stat stat64 "
	"statfs statfs64 statx symlink symlinkat sync sync_file_range sync_file_range2 "
	"arm_sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat "
	"utimensat_time64 utimes vmsplice write writev fadvise64 fadvise64_64 arm_fadvise64_64 "
	"cachestat listmount statmount file_getattr file_setattr "
	/* extended attributes */
	"fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr "
	"listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat "
	/* waiting for files */
	"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
	"epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 "
	"inotify_rm_watch poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 "
	"timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 "
	"io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit "
	"pipe pipe2 "
	/* memory */
	"brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore "
	"mlock mlock2 mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap "
	"pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages rseq "
	/* processes and threads */
	"execve execveat exit exit_group fork vfork get_robust_list get_thread_area getpgid getpgrp "
	"getpid getppid getpriority getrlimit getrusage getsid gettid ioprio_get ioprio_set "
	"landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open "
	"pidfd_send_signal prctl prlimit64 ptrace sched_get_priority_max sched_get_priority_min "
	"sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam "
	"sched_setscheduler sched_yield seccomp set_robust_list set_thread_area set_tid_address "
	"setpgid setpriority setrlimit setsid ugetrlimit wait4 waitid waitpid nice times "
	"lsm_get_self_attr lsm_list_modules lsm_set_self_attr "
	/* identity */
	"capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 "
	"getresgid getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid "
	"setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 "
	"setresuid setresuid32 setreuid setreuid32 setuid setuid32 "
	/* signals */
	"kill pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
	"rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
	"sigaction sigaltstack signal sigpending sigprocmask sigreturn sigsuspend sgetmask ssetmask "
	"tgkill tkill "
	/* time */
	"alarm adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
	"clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep "
	"setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
	"timer_settime timer_settime64 "
	/* locks and messages between processes */
	"futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake ipc mq_getsetattr "
	"mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 "
	"mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat "
	"shmctl shmdt shmget "
	/* sockets */
	"accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
	"recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall "
	"socketpair "
	/* the machine */
	"getcpu getrandom sysinfo uname oldolduname olduname "
	/* one architecture's own */
	"arch_prctl modify_ldt uretprobe breakpoint cacheflush set_tls get_tls ";

static const struct policy {
	enum mp_sc_class sc_class;
	const char *names;
} policies[] = {
	{ MP_SC_ALWAYS, always },
	{ MP_SC_CLONE, "clone " },
	{ MP_SC_CLONE3, "clone3 " },
	{ MP_SC_PERSONALITY, "personality " },
	{ MP_SC_SOCKET, "socket " },
	{ MP_SC_SYS_ADMIN,
	  "fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount "
	  "open_tree open_tree_attr quotactl quotactl_fd setdomainname sethostname setns umount "
	  "umount2 unshare " },
	{ MP_SC_BPF, "bpf " },
	{ MP_SC_PERFMON, "perf_event_open " },
	{ MP_SC_SYSLOG, "syslog " },
	{ MP_SC_DAC_READ_SEARCH, "open_by_handle_at " },
	{ MP_SC_SYS_BOOT, "reboot " },
	{ MP_SC_SYS_CHROOT, "chroot " },
	{ MP_SC_SYS_MODULE, "delete_module finit_module init_module query_module " },
	{ MP_SC_SYS_NICE, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node " },
	{ MP_SC_SYS_PACCT, "acct " },
	{ MP_SC_SYS_PTRACE,
	  "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev " },
	{ MP_SC_SYS_RAWIO, "ioperm iopl " },
	{ MP_SC_SYS_TIME, "clock_settime clock_settime64 settimeofday stime " },
	{ MP_SC_SYS_TTY_CONFIG, "vhangup " },
};
