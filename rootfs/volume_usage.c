/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rootfs/volumes.h"
#include "rootfs/walk.h"

/* Files with several names that were counted: open addressing, inode 0 is free. */
struct seen {
	ino_t *inodes; /* owned */
	size_t n, size;
};

struct count {
	uint64_t bytes;
	struct seen seen;
};

static ino_t *slot(ino_t *inodes, size_t size, ino_t ino)
{
	size_t i = (size_t)(ino * 0x9e3779b97f4a7c15ULL) & (size - 1);

	while (inodes[i] != 0 && inodes[i] != ino)
		i = (i + 1) & (size - 1);
	return &inodes[i];
}

static int grow(struct seen *seen)
{
	const size_t size = seen->size > 0 ? seen->size * 2 : 256;
	ino_t *inodes = calloc(size, sizeof(*inodes));

	if (!inodes)
		return -ENOMEM;
	for (size_t i = 0; i < seen->size; i++)
		if (seen->inodes[i] != 0)
			*slot(inodes, size, seen->inodes[i]) = seen->inodes[i];
	free(seen->inodes);
	seen->inodes = inodes;
	seen->size = size;
	return 0;
}

/* 1 = seen for the first time, 0 = counted already. */
static int note(struct seen *seen, ino_t ino)
{
	if (seen->n * 4 >= seen->size * 3) {
		const int r = grow(seen);

		if (r < 0)
			return r;
	}

	ino_t *at = slot(seen->inodes, seen->size, ino);

	if (*at == ino)
		return 0;
	*at = ino;
	seen->n++;
	return 1;
}

static int add(void *ctx, int dir_fd, const char *name, const struct stat *st)
{
	struct count *count = ctx;
	int r = 1;

	(void)dir_fd;
	(void)name;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1 && st->st_ino != 0)
		r = note(&count->seen, st->st_ino);
	if (r > 0)
		count->bytes += (uint64_t)st->st_blocks * 512U;
	return r < 0 ? r : 0;
}

int mp_volume_usage(int dir_fd, uint64_t *ret_bytes, struct mp_error *err)
{
	struct count count = { .bytes = 0 };
	const int r = mp_walk(dir_fd, add, &count);

	free(count.seen.inodes);
	if (r < 0)
		return mp_fail(err, -r, "measure the volume");
	*ret_bytes = count.bytes;
	return 0;
}
