/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/volume_path.h"

#include <errno.h>
#include <string.h>

int mp_volume_path_check(const char *path, struct mp_error *err)
{
	const char *first = path + strspn(path, "/");

	if (!path[0])
		return mp_fail_text(err, EINVAL, "invalid path: must not be empty");
	if (path[0] == '/')
		return mp_fail_text(err, EINVAL, "invalid path: must be relative path: %s", path);
	if (strlen(path) > PATH_MAX)
		return mp_fail_text(err, EINVAL,
				    "invalid path: must be less than or equal to %d characters",
				    PATH_MAX);
	for (const char *at = path; *at;) {
		const char *end = strchrnul(at, '/');

		if (end - at == 2 && at[0] == '.' && at[1] == '.')
			return mp_fail_text(err, EINVAL, "invalid path: must not contain '..': %s",
					    path);
		if (end - at > NAME_MAX)
			return mp_fail_text(err, EINVAL,
					    "invalid path: filenames must be less than or equal to "
					    "%d characters",
					    NAME_MAX);
		if (end == at || (end - at == 1 && at[0] == '.'))
			return mp_fail_text(err, EINVAL, "invalid path: not a plain path: %s",
					    path);
		at = *end ? end + 1 : end;
	}
	if (path[strlen(path) - 1] == '/')
		return mp_fail_text(err, EINVAL, "invalid path: not a plain path: %s", path);
	if (strncmp(first, "..", 2) == 0)
		return mp_fail_text(err, EINVAL, "invalid path: must not start with '..': %s",
				    path);
	return 0;
}

char *mp_volume_path_top(const char *path, char top[NAME_MAX + 1])
{
	const size_t n = strcspn(path, "/");

	memcpy(top, path, n);
	top[n] = '\0';
	return top;
}
