/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/disk_use.h"

#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512 /* st_blocks: stat(2) */

/* Inodes of files with several links that were counted: open addressing, a power of two. */
struct seen {
	uint64_t *at; /* inode + 1; 0 is free */
	size_t size, n;
};

static bool put(uint64_t *at, size_t size, uint64_t inode)
{
	size_t i = (inode * UINT64_C(0x9E3779B97F4A7C15)) & (size - 1);

	while (at[i] != 0 && at[i] != inode + 1)
		i = (i + 1) & (size - 1);
	if (at[i] != 0)
		return false;
	at[i] = inode + 1;
	return true;
}

/* True when @inode is new. Out of memory: counted once more rather than not at all. */
static bool is_new(struct seen *seen, uint64_t inode)
{
	if (seen->n * 2 >= seen->size) {
		const size_t size = seen->size > 0 ? seen->size * 2 : 1024;
		uint64_t *bigger = calloc(size, sizeof(*bigger));

		if (!bigger)
			return true;
		for (size_t i = 0; i < seen->size; i++)
			if (seen->at[i] != 0)
				(void)put(bigger, size, seen->at[i] - 1);
		free(seen->at);
		seen->at = bigger;
		seen->size = size;
	}
	if (!put(seen->at, seen->size, inode))
		return false;
	seen->n++;
	return true;
}

static int64_t walk(FTS *tree)
{
	struct seen seen = { .n = 0 };
	int64_t sum = 0;
	const FTSENT *entry;

	while ((entry = fts_read(tree))) {
		switch (entry->fts_info) {
		case FTS_D: /* counted when it is left, too: once is enough */
		case FTS_F:
		case FTS_SL:
		case FTS_SLNONE:
		case FTS_DEFAULT:
			break;
		default:
			continue;
		}
		if (entry->fts_info == FTS_D || entry->fts_statp->st_nlink < 2 ||
		    is_new(&seen, entry->fts_statp->st_ino))
			sum += (int64_t)entry->fts_statp->st_blocks * BLOCK;
	}
	free(seen.at);
	return sum;
}

int64_t mp_disk_use(int fd)
{
	char here[] = ".";
	char *const paths[] = { here, NULL };
	struct stat st;
	FTS *tree;
	int64_t sum;

	if (fstat(fd, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return (int64_t)st.st_blocks * BLOCK;
	if (fchdir(fd) < 0)
		return 0;
	tree = fts_open(paths, FTS_PHYSICAL | FTS_XDEV, NULL);
	if (!tree)
		return 0;
	sum = walk(tree);
	(void)fts_close(tree);
	return sum;
}
