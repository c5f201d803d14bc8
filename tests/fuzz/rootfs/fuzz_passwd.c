/* SPDX-License-Identifier: Apache-2.0 */
/* Input: a name, a newline, and the text of a passwd or group file. */
#include <stdlib.h>
#include <string.h>

#include "rootfs/passwd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *eol = memchr(data, '\n', size);
	const size_t name_len = eol ? (size_t)(eol - data) : 0;
	const char *text = (const char *)data + name_len;
	const size_t len = size - name_len;
	char *name = calloc(1, name_len + 1);
	struct mp_passwd_entry entry;
	gid_t gids[4], gid;

	if (!name)
		return 0;
	memcpy(name, data, name_len);
	if (mp_passwd_find_name(text, len, name, &entry) && strcmp(entry.name, name) != 0)
		abort();
	if (mp_passwd_find_uid(text, len, 0, &entry) && (entry.uid != 0 || entry.home[0] != '/'))
		abort();
	(void)mp_group_find_name(text, len, name, &gid);
	if (mp_group_list(text, len, name, gids, 4) > 4)
		abort();
	free(name);
	return 0;
}
