/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"

int mp_cgfile_write(int dir_fd, const char *file, const char *text)
{
	mp_auto_fd fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		if (write(fd, text, strlen(text)) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* Reads until @size - 1 bytes or the end. Control files answer a read only at offset 0 in full. */
static int read_some(int fd, char *buf, size_t size)
{
	size_t len = 0;

	while (len < size - 1) {
		ssize_t n = read(fd, buf + len, size - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	return (int)len;
}

int mp_cgfile_read(int dir_fd, const char *file, char *buf, size_t size)
{
	mp_auto_fd fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return read_some(fd, buf, size);
}

int mp_cgfile_read_all(int dir_fd, const char *file, size_t limit, char **ret_text)
{
	mp_auto_fd fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	char *text = NULL;
	size_t len = 0;
	int r = 0;

	for (size_t room = 4096;; room *= 2) {
		char *bigger = realloc(text, room);

		if (!bigger) {
			r = -ENOMEM;
			break;
		}
		text = bigger;
		r = read_some(fd, text + len, room - len);
		if (r < 0)
			break;
		len += (size_t)r;
		if (len > limit) {
			r = -EFBIG;
			break;
		}
		if (len < room - 1)
			break;
	}
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	return 0;
}

int mp_dir_each(int dir_fd, const char *name, mp_dir_visit_fn visit, void *arg)
{
	mp_auto_fd fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;

	DIR *dir = fdopendir(fd);
	int r = 0;

	if (!dir)
		return -errno;
	(void)mp_steal_fd(&fd); /* closedir() closes it */
	while (r == 0) {
		errno = 0; /* readdir(3): the only way to tell the end from an error */
		const struct dirent *entry = readdir(dir);

		if (!entry) {
			r = -errno;
			break;
		}
		if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		r = visit(dirfd(dir), entry->d_name, arg);
	}
	(void)closedir(dir);
	return r;
}
