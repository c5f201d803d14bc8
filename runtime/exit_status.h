/* SPDX-License-Identifier: Apache-2.0 */
/* How a process ended that is not our child: its parent, the supervisor before us, died. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * mp_exit_status() - the wait status of a process that has ended.
 * @pidfd: of it, opened while it lived (by whomever).
 * @pid:   its number, for kernels that have no better way.
 * @ret:   as waitpid(2) has it.
 *
 * PIDFD_GET_INFO knows since Linux 6.15, once somebody has reaped it; /proc/<pid>/stat tells as
 * long as nobody has.
 *
 * Return: false when nobody knows any more.
 */
bool mp_exit_status(int pidfd, pid_t pid, int *ret);

/** mp_pidfd_pid() - the number of its process in our pid namespace; -1 when it has none. */
pid_t mp_pidfd_pid(int pidfd);

/** mp_pidfd_has_ended() - it is a zombie, or gone. */
bool mp_pidfd_has_ended(int pidfd);
