/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the supervisor and the pod's infra process (pause) say to each other.
 *
 * One SOCK_SEQPACKET pair. pause holds BOTH ends: MP_INFRA_FD_PAUSE, which it reads, and a copy of
 * the supervisor's end, MP_INFRA_FD_PEER, which it never uses. So the socket never hangs up, and the
 * successor of a dead supervisor takes the peer end with pidfd_getfd(2) and goes on.
 *
 * Each message is one struct mp_infra_msg.
 *
 *   PUT  tag + one fd (SCM_RIGHTS)   keep the fd. A tag that is already there is replaced.
 *   DROP tag                         close that fd. An unknown tag is ignored.
 *   LIST seq                         answered by ENTRY messages with that seq, one per kept fd, and END.
 *
 * PUT and DROP have no answer; messages are handled in order, so a LIST after them confirms them. A
 * PUT beyond MP_INFRA_KEPT_MAX is closed and counted in END. Messages of another size or command are
 * ignored. The kept fds themselves come back by pidfd_getfd(pause, ENTRY.fd), not by a message.
 *
 * This header is also read by pause, which has no libc: <stdint.h> only.
 */
#pragma once

#include <stdint.h>

#define MP_INFRA_FD_PAUSE 0 /* in pause: its own end */
#define MP_INFRA_FD_PEER  1 /* in pause: spare copy of the supervisor's end */
#define MP_INFRA_KEPT_MAX 400
#define MP_INFRA_TAG_MAX  48 /* bytes, with the NUL */

enum mp_infra_command {
	MP_INFRA_PUT = 1,
	MP_INFRA_DROP = 2,
	MP_INFRA_LIST = 3,
	MP_INFRA_ENTRY = 4,
	MP_INFRA_END = 5,
};

struct mp_infra_msg {
	uint32_t command; /* enum mp_infra_command */
	uint32_t seq;     /* LIST: chosen by the asker; ENTRY, END: the same */
	int32_t fd;       /* ENTRY: number in pause's table; END: number of refused PUTs */
	uint32_t count;   /* END: number of kept fds */
	char tag[MP_INFRA_TAG_MAX]; /* NUL-terminated */
};
