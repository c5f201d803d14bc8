/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without libc: no errno, no thread-local storage, no cancellation points. They may
 * run in a child that shares our memory (CLONE_VM) and in programs without a libc.
 * x86_64: syscall(2); aarch64: the same calls, number in x8, arguments in x0 to x5.
 */
#pragma once

#include <asm/unistd.h>

/* Errors come back as -4095 … -1 on both machines, which is the convention we use anyway. */
static inline long mp_raw_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
#else
#error "minipod knows the system calls of x86_64 and aarch64 only"
#endif
}

/**
 * mp_raw_clone3() - clone3(2), the child running @fn on its own stack.
 * @args: struct clone_args; with CLONE_VM it must name a stack. An exit_signal other than SIGCHLD
 *        hides the child from wait calls without __WALL.
 * @size: sizeof(struct clone_args) or an earlier version's.
 * @fn:   called in the child; its value is the child's exit status.
 *
 * Without CLONE_VM and without a stack this is fork(2), the child calling @fn on its copy.
 *
 * Return: in the parent, the child's pid or -errno. The child does not return.
 */
static inline long mp_raw_clone3(const void *args, unsigned long size, int (*fn)(void *arg),
				 void *arg)
{
	/*
	 * The child wakes up with the parent's registers but another stack: nothing between the
	 * system call and the call of fn may touch memory, so it is one block.
	 */
#if defined(__x86_64__)
	long ret;
	register int (*r8)(void *) __asm__("r8") = fn;
	register void *r9 __asm__("r9") = arg;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "and $-16, %%rsp\n\t"
			 "mov %%r9, %%rdi\n\t"
			 "call *%%r8\n\t"
			 "mov %%eax, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "a"((long)__NR_clone3), "D"(args), "S"(size), "r"(r8),
			   "r"(r9), [exit] "i"(__NR_exit_group)
			 : "rcx", "r11", "memory", "cc");
	return ret;
#else
	register long x8 __asm__("x8") = __NR_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = (long)size;
	register int (*x2)(void *) __asm__("x2") = fn;
	register void *x3 __asm__("x3") = arg;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x30, xzr\n\t"
			 "mov x0, x3\n\t"
			 "blr x2\n\t"
			 "mov x8, %[exit]\n\t"
			 "svc 0\n\t"
			 "brk 1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), [exit] "i"(__NR_exit_group)
			 : "memory", "cc");
	return x0;
#endif
}
