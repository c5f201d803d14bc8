/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/apparmor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/fd.h"

#define ENABLED    "/sys/module/apparmor/parameters/enabled"
#define PROFILES   "/sys/kernel/security/apparmor/profiles"
#define LIST_BYTES ((size_t)4 << 20)

bool mp_apparmor_is_enabled(void)
{
	char c = 'N';
	mp_auto_fd fd = open(ENABLED, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &c, 1) == 1 && c == 'Y';
}

bool mp_apparmor_list_has(const char *list, const char *name)
{
	const size_t len = strlen(name);

	while (*list) {
		const char *end = strchrnul(list, '\n');

		/* Names may have blanks and brackets of their own: the mode is the last word. */
		if ((size_t)(end - list) > len && strncmp(list, name, len) == 0 &&
		    list[len] == ' ' && list[len + 1] == '(' &&
		    !memchr(list + len + 1, ' ', (size_t)(end - list) - len - 1))
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

bool mp_apparmor_has_profile(const char *name)
{
	char *text = NULL;
	bool has = false;

	if (mp_file_read(AT_FDCWD, PROFILES, LIST_BYTES, NULL, &text, NULL, NULL) < 0)
		return false;
	has = mp_apparmor_list_has(text, name);
	free(text);
	return has;
}
