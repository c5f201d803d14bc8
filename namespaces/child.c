/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clone, run the steps, report.
 *
 * A child that shares our memory (CLONE_VM) costs no copy of page tables, which is most of what a
 * fork costs; it pays with rules: a stack of its own, raw system calls only (errno and every other
 * thread-local variable are the parent's), nothing that takes a lock. The kernel copies the fd
 * table, the signal dispositions and the file system context (no CLONE_FILES, _SIGHAND, _FS), so
 * those may be changed freely.
 *
 * Commits of new credentials make shared memory non-dumpable, the parent's with it. That is what
 * a supervisor wants anyway: nobody in a pod may look into it.
 */
#include "namespaces/child.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define STACK_SIZE  ((size_t)128 * 1024)
#define STACK_GUARD ((size_t)4096)
#define STEP_OUTER  UINT32_C(0x80000000) /* in a step number: one of outer_ops */
#define EXIT_FAILED 127

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2) /* Linux 6.9 */
#endif

/* What a failed child writes to its report fd; the name too, since its parent may have let go. */
struct child_record {
	uint32_t step;
	int32_t code;
	char what[MP_CHILD_WHAT_MAX];
};

/* A page that a go-between shares with us although it is a copy: whom it has cloned. */
struct mp_child_link {
	volatile int32_t inner_pid; /* 0: nobody yet */
};

/* Everything a child needs, and what it says. In memory both can see, but for MP_CHILD_FORK. */
struct child_run {
	const struct mp_child_op *ops;
	size_t n_ops;
	const struct mp_child_op *outer_ops;
	size_t n_outer_ops;
	struct clone_args inner_args; /* go-between only */
	int report_fd;                /* -1: none */
	struct mp_child_link *link;   /* go-between of MP_CHILD_FORK only */
	/* Written by the child: */
	volatile uint32_t step;
	volatile int32_t code;      /* positive errno */
	volatile int32_t inner_pid; /* go-between only: the child proper */
};

/* One mapping: guard, stack, and at its end the struct child_run. */
struct mp_child_shared {
	struct child_run run;
	size_t size; /* of the whole mapping, which ends with this page */
};

static void sig_set_all(int how, const uint64_t *set, uint64_t *old)
{
	(void)mp_raw_syscall(__NR_rt_sigprocmask, how, (long)set, (long)old, sizeof(*set), 0, 0);
}

/* Runs in the child. An ignored signal would stay ignored across exec: signal(7). */
static void default_dispositions(void)
{
	const uint64_t dfl[4] = {
		0
	}; /* the kernel's struct sigaction: SIG_DFL, no flags, no mask */

	for (int sig = 1; sig <= 64; sig++)
		(void)mp_raw_syscall(__NR_rt_sigaction, sig, (long)dfl, 0, sizeof(uint64_t), 0, 0);
}

/* Runs in the child. */
static void say_failed(struct child_run *run, const char *what)
{
	struct child_record record = { .step = run->step, .code = run->code };
	size_t i = 0;

	if (run->report_fd < 0)
		return;
	for (; what[i] != '\0' && i < sizeof(record.what) - 1; i++)
		record.what[i] = what[i];
	record.what[i] = '\0';
	(void)mp_raw_syscall(__NR_write, run->report_fd, (long)&record, sizeof(record), 0, 0, 0);
}

/* Runs in the child, maybe on borrowed memory: no sanitizer may keep books about this stack. */
__attribute__((no_sanitize("address"))) static int child_main(void *arg)
{
	struct child_run *run = arg;

	default_dispositions();
	for (size_t i = 0; i < run->n_ops; i++) {
		int r;

		run->step = (uint32_t)i;
		r = run->ops[i].run(run->ops[i].arg);
		if (r >= 0 && i + 1 == run->n_ops)
			r = -EPROTO; /* the last step does not come back */
		if (r < 0) {
			run->code = -r;
			say_failed(run, run->ops[i].what);
			break;
		}
	}
	return EXIT_FAILED;
}

/*
 * Runs in the go-between. A namespace belongs to the user namespace of the process that makes it,
 * and a process cannot come back from a user namespace: so this one goes there and clones the
 * child, with CLONE_PARENT, as a child of our parent.
 */
__attribute__((no_sanitize("address"))) static int go_between_main(void *arg)
{
	struct child_run *run = arg;
	long r;

	for (size_t i = 0; i < run->n_outer_ops; i++) {
		run->step = (uint32_t)i | STEP_OUTER;
		r = run->outer_ops[i].run(run->outer_ops[i].arg);
		if (r < 0) {
			run->code = (int32_t)-r;
			return EXIT_FAILED;
		}
	}
	run->step = (uint32_t)run->n_outer_ops | STEP_OUTER;
	r = mp_raw_clone3(&run->inner_args, sizeof(run->inner_args), child_main, run);
	if (r < 0) {
		run->code = (int32_t)-r;
		return EXIT_FAILED;
	}
	run->inner_pid = (int32_t)r;
	return 0;
}

/*
 * Runs in the go-between of MP_CHILD_FORK, a copy of ours, as the child will be: what is born into a
 * container's pid namespace must not share memory with us, should it be traced.
 */
static int go_between_copy_main(void *arg)
{
	struct child_run *run = arg;
	long r;

	default_dispositions();
	for (size_t i = 0; i < run->n_outer_ops; i++) {
		run->step = (uint32_t)i | STEP_OUTER;
		r = run->outer_ops[i].run(run->outer_ops[i].arg);
		if (r < 0) {
			run->code = (int32_t)-r;
			say_failed(run, run->outer_ops[i].what);
			return EXIT_FAILED;
		}
	}
	r = mp_raw_clone3(&run->inner_args, sizeof(run->inner_args), child_main, run);
	if (r == -ENOSYS && run->inner_args.flags == CLONE_PARENT) {
		/* A filter that is loaded already may know the old call only. */
		r = mp_raw_syscall(__NR_clone, CLONE_PARENT, 0, 0, 0, 0, 0);
		if (r == 0)
			return child_main(run);
	}
	if (r < 0) {
		run->step = (uint32_t)run->n_outer_ops | STEP_OUTER;
		run->code = (int32_t)-r;
		say_failed(run, "clone into the pid namespace");
		return EXIT_FAILED;
	}
	run->link->inner_pid = (int32_t)r;
	return 0;
}

/* A mapping with a guard page below each of @n_stacks stacks and a struct mp_child_shared on top. */
static struct mp_child_shared *shared_new(size_t n_stacks)
{
	const size_t top = (sizeof(struct mp_child_shared) + STACK_GUARD - 1) & ~(STACK_GUARD - 1);
	const size_t size = n_stacks * (STACK_GUARD + STACK_SIZE) + top;
	struct mp_child_shared *shared;
	char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return NULL;
#ifdef __SANITIZE_ADDRESS__
	/* A child that was killed at work on an earlier mapping here has left its marks. */
	ASAN_UNPOISON_MEMORY_REGION(base, size);
#endif
	for (size_t i = 0; i < n_stacks; i++)
		(void)mprotect(base + i * (STACK_GUARD + STACK_SIZE), STACK_GUARD, PROT_NONE);
	shared = (struct mp_child_shared *)(void *)(base + size - top);
	shared->size = size;
	return shared;
}

static char *shared_base(struct mp_child_shared *shared)
{
	const size_t top = (sizeof(struct mp_child_shared) + STACK_GUARD - 1) & ~(STACK_GUARD - 1);

	return (char *)shared + top - shared->size;
}

static void shared_free(struct mp_child_shared *shared)
{
	if (shared)
		(void)munmap(shared_base(shared), shared->size);
}

static void use_stack(struct clone_args *args, struct mp_child_shared *shared, size_t index)
{
	char *guard = shared_base(shared) + index * (STACK_GUARD + STACK_SIZE);

	args->stack = (uint64_t)(uintptr_t)(guard + STACK_GUARD);
	args->stack_size = STACK_SIZE;
}

/* A step failed or the child died on its way: collect it, and say so. */
static int failed(struct mp_child *child, const struct child_run *run, int pidfd,
		  struct mp_error *err)
{
	const struct mp_child_op *op = NULL;
	siginfo_t info = { .si_code = 0 };
	size_t step = run->step & ~STEP_OUTER;
	bool is_outer = (run->step & STEP_OUTER) != 0;

	(void)waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
	if (is_outer && step < run->n_outer_ops)
		op = &run->outer_ops[step];
	else if (!is_outer && step < run->n_ops)
		op = &run->ops[step];
	*child = MP_CHILD_NONE;
	child->state = MP_CHILD_FAILED;
	child->failed_step = is_outer ? SIZE_MAX : step;
	child->failed_code = run->code ? run->code : ECHILD;
	(void)snprintf(child->failed_what, sizeof(child->failed_what), "%s",
		       op ? op->what : "clone into the user namespace");
	if (run->code)
		return mp_fail(err, run->code, "%s", child->failed_what);
	if (info.si_code == CLD_EXITED)
		return mp_fail_text(err, ECHILD, "%s: exited with %d instead", child->failed_what,
				    info.si_status);
	return mp_fail_text(err, ECHILD, "%s: killed by signal %d", child->failed_what,
			    info.si_status);
}

/* The parent slept until here: the child has executed its program, or is over. */
static int after_vfork(struct child_run *run, pid_t pid, int pidfd, struct mp_child *ret,
		       struct mp_error *err)
{
	mp_auto_fd owned = pidfd;

	if (run->n_outer_ops > 0) {
		if (run->inner_pid <= 0)
			return failed(ret, run, owned, err);
		(void)waitid(P_PIDFD, (id_t)owned, NULL, WEXITED); /* the go-between has exited */
		(void)close(owned);
		pid = run->inner_pid;
		owned = mp_sys_pidfd_open(pid,
					  0); /* our child, not yet reaped: cannot be another */
		if (owned < 0)
			return mp_fail(err, -owned, "open the pidfd of a new child");
	}
	if (run->code || run->step + 1 != run->n_ops)
		return failed(ret, run, owned, err);
	*ret = MP_CHILD_NONE;
	ret->pid = pid;
	ret->pidfd = mp_steal_fd(&owned);
	ret->state = MP_CHILD_EXECED;
	return 0;
}

/* The stack of MP_CHILD_WAIT: one child at a time, so one mapping for the life of the process. */
static struct mp_child_shared *wait_shared(void)
{
	static struct mp_child_shared *kept;

	if (!kept)
		kept = shared_new(2);
	return kept;
}

static void fill_run(struct child_run *run, const struct mp_child_config *config, int report_fd)
{
	*run = (struct child_run){
		.ops = config->ops,
		.n_ops = config->n_ops,
		.outer_ops = config->outer_ops,
		.n_outer_ops = config->n_outer_ops,
		.report_fd = report_fd,
	};
	if (config->report_fd_slot)
		*config->report_fd_slot = report_fd;
}

static pid_t clone_blocked(struct clone_args *args, int (*fn)(void *), struct child_run *run)
{
	const uint64_t all = ~UINT64_C(0);
	uint64_t old = 0;
	long pid;

	/* A handler must not run in a child that shares our memory; and none should see us twice. */
	sig_set_all(SIG_BLOCK, &all, &old);
	pid = mp_raw_clone3(args, sizeof(*args), fn, run);
	sig_set_all(SIG_SETMASK, &old, NULL);
	return (pid_t)pid;
}

static int spawn_wait(const struct mp_child_config *config, struct clone_args *args,
		      const int *pidfd, struct mp_child *ret, struct mp_error *err)
{
	struct mp_child_shared *shared = wait_shared();
	bool has_go_between = config->n_outer_ops > 0;
	pid_t pid;

	if (!shared)
		return mp_fail(err, ENOMEM, "map a stack for a new process");
	fill_run(&shared->run, config, -1);
	args->flags |= CLONE_VM | CLONE_VFORK;
	use_stack(args, shared, 0);
	if (has_go_between) {
		shared->run.inner_args = (struct clone_args){
			.flags = config->flags | CLONE_VM | CLONE_VFORK | CLONE_PARENT,
		};
		use_stack(&shared->run.inner_args, shared, 1);
		args->flags &= ~config->flags;
	}
	pid = clone_blocked(args, has_go_between ? go_between_main : child_main, &shared->run);
	if (pid < 0)
		return mp_fail(err, -pid, "clone a process");
	return after_vfork(&shared->run, pid, *pidfd, ret, err);
}

static void link_free(struct mp_child_link **link)
{
	if (*link)
		(void)munmap(*link, sizeof(**link));
	*link = NULL;
}

static int spawn_reported(const struct mp_child_config *config, struct clone_args *args,
			  const int *pidfd, struct mp_child *ret, struct mp_error *err)
{
	struct child_run copied; /* MP_CHILD_FORK: the child has its own copy of this frame */
	struct child_run *run = &copied;
	struct mp_child_shared *shared = NULL;
	struct mp_child_link *link = NULL;
	mp_auto_fd report_in = -EBADF;
	mp_auto_fd report_out = -EBADF;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "create a report pipe");
	report_in = fds[0];
	report_out = fds[1];
	if (report_out < 3) { /* our own standard files are closed: theirs would overwrite it */
		int above = fcntl(report_out, F_DUPFD_CLOEXEC, 3);

		if (above < 0)
			return mp_fail(err, errno, "create a report pipe");
		(void)close(report_out);
		report_out = above;
	}
	(void)fcntl(report_in, F_SETFL, O_NONBLOCK); /* only our end; the child's write may wait */
	if (config->mode == MP_CHILD_ASYNC) {
		shared = shared_new(1);
		if (!shared)
			return mp_fail(err, ENOMEM, "map a stack for a new process");
		run = &shared->run;
		args->flags |= CLONE_VM;
		use_stack(args, shared, 0);
	}
	fill_run(run, config, report_out);
	if (config->n_outer_ops > 0) {
		link = mmap(NULL, sizeof(*link), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			    -1, 0);
		if (link == MAP_FAILED)
			return mp_fail(err, ENOMEM, "map a page for a new process");
		run->link = link;
		run->inner_args = (struct clone_args){ .flags = config->flags | CLONE_PARENT };
		args->flags &= ~config->flags;
	}
	pid = clone_blocked(args, link ? go_between_copy_main : child_main, run);
	if (pid < 0) {
		shared_free(shared);
		link_free(&link);
		return mp_fail(err, -pid, "clone a process");
	}
	*ret = (struct mp_child){
		.pid = pid,
		.pidfd = *pidfd,
		.report_fd = mp_steal_fd(&report_in),
		.state = MP_CHILD_STARTING,
		.shared = shared,
		.link = link,
	};
	return 0;
}

int mp_child_spawn(const struct mp_child_config *config, struct mp_child *ret, struct mp_error *err)
{
	int pidfd = -EBADF;
	struct clone_args args = {
		.flags = config->flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	assert(config->n_ops > 0);
	assert(config->n_outer_ops == 0 || config->mode != MP_CHILD_ASYNC);
	if (config->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned int)config->cgroup_fd;
	}
	switch (config->mode) {
	case MP_CHILD_WAIT:
		return spawn_wait(config, &args, &pidfd, ret, err);
	case MP_CHILD_ASYNC:
	case MP_CHILD_FORK:
		return spawn_reported(config, &args, &pidfd, ret, err);
	}
	return mp_fail(err, EINVAL, "clone a process");
}

static void finish_report(struct mp_child *child, enum mp_child_state state)
{
	child->state = state;
	mp_closep(&child->report_fd);
}

/* In MP_CHILD_ASYNC we can see how far the child came: a hang-up before exec was its death. */
static bool died_early(const struct mp_child *child)
{
	return child->shared && child->shared->run.step + 1 != child->shared->run.n_ops;
}

static int set_failed(struct mp_child *child, uint32_t step, int code, const char *what)
{
	child->failed_step = step & STEP_OUTER ? SIZE_MAX : step;
	child->failed_code = code;
	(void)snprintf(child->failed_what, sizeof(child->failed_what), "%s", what);
	finish_report(child, MP_CHILD_FAILED);
	return 0;
}

int mp_child_report_read(struct mp_child *child, enum mp_child_state *ret_state,
			 struct mp_error *err)
{
	struct child_record record;
	ssize_t n;

	if (child->state == MP_CHILD_STARTING) {
		n = read(child->report_fd, &record, sizeof(record));
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			*ret_state = MP_CHILD_STARTING;
			return 0;
		}
		if (n < 0)
			return mp_fail(err, errno, "read a new process's report");
		if (n == (ssize_t)sizeof(record)) {
			record.what[sizeof(record.what) - 1] = '\0';
			(void)set_failed(child, record.step, record.code, record.what);
		} else if (n > 0) {
			return mp_fail(err, EPROTO, "read a new process's report");
		} else if (died_early(child)) {
			const struct child_run *run = &child->shared->run;

			(void)set_failed(child, run->step, ECHILD, run->ops[run->step].what);
		} else {
			finish_report(child, MP_CHILD_EXECED);
		}
	}
	if (child->state == MP_CHILD_FAILED)
		(void)mp_fail(err, child->failed_code, "%s", child->failed_what);
	*ret_state = child->state;
	return 0;
}

void mp_child_done(struct mp_child *child)
{
	if (child->shared) {
		if (child->state != MP_CHILD_EXECED) {
			/* It stands on memory that is about to go. */
			(void)mp_sys_pidfd_send_signal(child->pidfd, SIGKILL);
			(void)waitid(P_PIDFD, (id_t)child->pidfd, NULL, WEXITED);
		}
		shared_free(child->shared);
		child->shared = NULL;
	}
	link_free(&child->link);
	mp_closep(&child->report_fd);
	mp_closep(&child->pidfd);
}

/*
 * Whom the go-between has cloned, as a pidfd, or -1. The page could be written by whoever traces the
 * child: only a child of ours is believed.
 */
static int open_inner(const struct mp_child *child, pid_t *ret_pid)
{
	const pid_t pid = child->link ? child->link->inner_pid : 0;
	siginfo_t info;
	int fd;

	if (pid <= 0)
		return -EBADF;
	fd = mp_sys_pidfd_open(pid, 0);
	if (fd >= 0 && waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		mp_closep(&fd);
	*ret_pid = pid;
	return fd;
}

bool mp_child_follow(struct mp_child *child)
{
	pid_t pid = -1;
	int fd = open_inner(child, &pid);

	if (fd < 0)
		return false;
	(void)waitid(P_PIDFD, (id_t)child->pidfd, NULL, WEXITED);
	(void)close(child->pidfd);
	child->pidfd = fd;
	child->pid = pid;
	link_free(&child->link);
	return true;
}

int mp_child_kill(const struct mp_child *child, int signal)
{
	pid_t pid = -1;
	mp_auto_fd fd = open_inner(child, &pid);
	const int r = mp_child_kill_group(child->pidfd, child->pid, signal);

	return fd >= 0 ? mp_child_kill_group(fd, pid, signal) : r;
}

int mp_child_kill_group(int pidfd, pid_t pid, int signal)
{
	long r = mp_raw_syscall(__NR_pidfd_send_signal, pidfd, signal, 0,
				PIDFD_SIGNAL_PROCESS_GROUP, 0, 0);

	if (r == -EINVAL)
		r = mp_raw_syscall(__NR_kill, -pid, signal, 0, 0, 0, 0);
	return (int)r;
}
