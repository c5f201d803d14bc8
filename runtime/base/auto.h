/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound ownership: a variable declared mp_auto_fd or mp_auto_free releases what it
 * holds when its scope ends. An unset fd is -EBADF, so one that escapes is an honest error.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define mp_auto_fd   __attribute__((cleanup(mp_closep))) int
#define mp_auto_free __attribute__((cleanup(mp_freep)))

/** mp_closep() - close *@fd if it is open; errno is preserved. Source: close(2). */
static inline void mp_closep(int *fd)
{
	if (*fd < 0)
		return;
	int saved = errno; /* a cleanup must not rewrite the error being returned */
	(void)close(*fd);  /* never retried, not even on EINTR: close(2) */
	errno = saved;
	*fd = -EBADF;
}

/** mp_freep() - free the pointer stored at @p (a pointer to a pointer). */
static inline void mp_freep(void *p)
{
	void **slot = p;

	free(*slot);
	*slot = NULL;
}

/** mp_steal_fd() - give ownership away: returns *@fd and leaves -EBADF behind. */
static inline int mp_steal_fd(int *fd)
{
	int r = *fd;

	*fd = -EBADF;
	return r;
}

/** mp_steal_ptr() - give ownership away: yields *(pp) and leaves NULL behind. */
#define mp_steal_ptr(pp)                        \
	({                                      \
		__typeof__(*(pp)) mp_p = *(pp); \
		*(pp) = NULL;                   \
		mp_p;                           \
	})

#define mp_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define MP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
