/* SPDX-License-Identifier: Apache-2.0 */
/* Words out of a manifest or a profile: taken or refused, never worse. */
#include <stdlib.h>
#include <string.h>

#include "namespaces/creds.h"
#include "namespaces/infra_ops.h"
#include "namespaces/seccomp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_error err = MP_ERROR_NONE;
	enum mp_seccomp_action action;
	struct mp_op_netlink netlink;
	enum mp_seccomp_op op;
	unsigned int cap = 64;
	int socket = -1;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (mp_cap_parse(text, &cap, &err) == 0 && cap >= 64)
		abort();
	(void)mp_seccomp_action_parse(text, &action, &err);
	(void)mp_seccomp_op_parse(text, &op, &err);
	if (mp_netlink_lo_address(&netlink, &socket, text, &err) == 0 &&
	    netlink.request.len > sizeof(netlink.request))
		abort();
	free(text);
	return 0;
}
