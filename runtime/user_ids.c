/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two things keep blocks apart. Between supervisors that live, whatever their root, the name of an
 * abstract unix socket, as for addresses. Between a live one and a pod whose supervisor died, the
 * note in that pod's directory: the pod may go on without a supervisor. The socket is taken
 * before the notes are read and the note written before the socket could go, so no two pods of
 * one root ever find the same block free.
 */
#include "runtime/user_ids.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define NOTE "user-ids"
/* Up to INT32_MAX: programs and file systems that take ids for signed numbers are still about. */
#define BLOCKS     32766U
#define TRIES_MAX  4096U
#define TEXT_BYTES ((size_t)65536)

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261U;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619U;
	return h;
}

/* 0 when the note is no block of ours. */
static uint32_t parse_note(const char *text)
{
	char *end;
	const unsigned long first = strtoul(text, &end, 10);

	if (end == text || *end != ' ' || strcmp(end, " 65536\n") != 0 || first == 0 ||
	    first % MP_USER_IDS_COUNT != 0 || first / MP_USER_IDS_COUNT > BLOCKS)
		return 0;
	return (uint32_t)first;
}

/* The block a pod's directory notes; *@ret is 0 when there is no note. */
static int read_note(int run_fd, uint32_t *ret, struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	char *text = NULL;
	int r = 0;

	*ret = 0;
	if (mp_file_read(run_fd, NOTE, 64, &arena, &text, NULL, NULL) == 0) {
		*ret = parse_note(text);
		if (*ret == 0)
			r = mp_fail_text(err, EINVAL,
					 "the pod's " NOTE " does not hold a block of ids like "
					 "\"131072 65536\"");
	}
	mp_arena_done(&arena);
	return r;
}

static bool is_noted_elsewhere(const struct mp_roots *roots, uint32_t first)
{
	char path[PATH_MAX + 8];
	struct mp_error ignored = MP_ERROR_NONE;
	DIR *dir;
	bool is_taken = false;

	(void)snprintf(path, sizeof(path), "%s/pods", roots->run);
	dir = opendir(path);
	if (!dir)
		return false;
	for (const struct dirent *e; !is_taken && (e = readdir(dir));) {
		mp_auto_fd fd = -EBADF;
		uint32_t other = 0;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		/* A damaged note is its own pod's trouble. */
		if (fd >= 0 && read_note(fd, &other, &ignored) == 0)
			is_taken = other == first;
	}
	(void)closedir(dir);
	return is_taken;
}

bool mp_user_ids_overlap(const char *subids, uint32_t first)
{
	const uint64_t begin = first, end = begin + MP_USER_IDS_COUNT;

	while (*subids) {
		const char *line_end = strchrnul(subids, '\n');
		const char *colon = memchr(subids, ':', (size_t)(line_end - subids));
		char *at;

		if (colon) {
			const uint64_t start = strtoull(colon + 1, &at, 10);
			const uint64_t count = *at == ':' ? strtoull(at + 1, &at, 10) : 0;

			if (count > 0 && start < end && start + count > begin)
				return true;
		}
		subids = *line_end ? line_end + 1 : line_end;
	}
	return false;
}

static const char *read_subids(const char *path, struct mp_arena *arena)
{
	char *text = NULL;

	return mp_file_read(AT_FDCWD, path, TEXT_BYTES, arena, &text, NULL, NULL) == 0 ? text : "";
}

static int take(uint32_t first, int *ret_fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "minipod-user-ids-%u",
			       first);
	mp_auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&name,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
		return -errno;
	*ret_fd = mp_steal_fd(&fd);
	return 0;
}

static int choose(const struct mp_roots *roots, const char *owner, struct mp_arena *arena,
		  uint32_t *ret_first, int *ret_fd, struct mp_error *err)
{
	const char *subuids = read_subids("/etc/subuid", arena);
	const char *subgids = read_subids("/etc/subgid", arena);
	const uint32_t begin = hash(owner) % BLOCKS;

	for (uint32_t i = 0; i < TRIES_MAX; i++) {
		const uint32_t first = (1 + (begin + i) % BLOCKS) * MP_USER_IDS_COUNT;
		mp_auto_fd fd = -EBADF;
		int r;

		if (mp_user_ids_overlap(subuids, first) || mp_user_ids_overlap(subgids, first))
			continue;
		r = take(first, &fd);
		if (r == -EADDRINUSE || (r == 0 && is_noted_elsewhere(roots, first)))
			continue;
		if (r < 0)
			return mp_fail(err, -r, "reserve ids from %u on", first);
		*ret_first = first;
		*ret_fd = mp_steal_fd(&fd);
		return 0;
	}
	return mp_fail_text(err, EADDRNOTAVAIL,
			    "no free block of %u user ids is left on this machine",
			    MP_USER_IDS_COUNT);
}

int mp_user_ids_reserve(const struct mp_roots *roots, int run_fd, const char *owner,
			uint32_t *ret_first, int *ret_fd, struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	char note[32];
	uint32_t first = 0;
	int r = read_note(run_fd, &first, err);

	if (r < 0)
		return r;
	if (first > 0) {
		/* The supervisor before us may still be going; the block is this pod's either way. */
		(void)take(first, ret_fd);
		*ret_first = first;
		return 0;
	}
	r = choose(roots, owner, &arena, &first, ret_fd, err);
	mp_arena_done(&arena);
	if (r < 0)
		return r;
	(void)snprintf(note, sizeof(note), "%u %u\n", first, MP_USER_IDS_COUNT);
	r = mp_file_replace(run_fd, NOTE, note, strlen(note), 0600, err);
	if (r < 0) {
		mp_closep(ret_fd);
		return r;
	}
	*ret_first = first;
	return 0;
}

void mp_user_ids_release(int run_fd)
{
	if (run_fd >= 0)
		(void)unlinkat(run_fd, NOTE, 0);
}
