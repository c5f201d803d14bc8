/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores are made in the order in which a successor needs to find them; the kernel lets it see all
 * of them once this process is dead, so only the compiler must be kept from changing their order.
 */
#include "runtime/log_area.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/sys.h"

#define MAGIC UINT64_C(0x31676f6c646f706d) /* changes with the layout */

/* Two copies of each part; a bit of @current says which one holds. */
struct slot {
	char tag[MP_LOG_TAG_MAX]; /* "" = free */
	uint32_t current;         /* bit 0, 1: the streams' copy; bit 2: the file's */
	uint32_t n_pending[2][2]; /* [stream][copy]: bytes of the unfinished line */
	struct mp_log_file_state file[2];
};

#define FILE_BIT 2

struct flight {
	uint32_t slot_plus_1; /* 0: none */
	uint32_t stream;
	uint32_t is_end;
	uint32_t base; /* the slot's @current when it began: another one means that it ended */
	int64_t wall;
	uint32_t n; /* to be read from the staging pipe, or read */
};

struct shared {
	uint64_t magic;
	struct flight flight;
	struct slot slots[MP_LOG_SLOTS];
	char bytes[MP_LOG_AREA_BYTES] __attribute__((aligned(4096)));
	/* Only as much as unfinished lines need is ever touched. */
	char lines[MP_LOG_SLOTS][2][2][MP_CRI_LINE_MAX];
};

struct mp_log_area {
	int fds[MP_LOG_AREA_FDS]; /* owned */
	struct shared *shared;
	int n_used;      /* slots beyond were never used: looking at them would make their pages */
	bool is_touched; /* @bytes is in memory: reading into it cannot fail half way */
};

static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static int map(struct mp_log_area *area, struct mp_error *err)
{
	area->shared = mmap(NULL, sizeof(*area->shared), PROT_READ | PROT_WRITE, MAP_SHARED,
			    area->fds[0], 0);
	if (area->shared == MAP_FAILED) {
		area->shared = NULL;
		return mp_fail(err, errno, "map the memory for logs");
	}
	return 0;
}

static struct mp_log_area *alloc(struct mp_error *err)
{
	struct mp_log_area *area = calloc(1, sizeof(*area));

	if (!area)
		(void)mp_fail(err, ENOMEM, "memory for logs");
	for (int i = 0; area && i < MP_LOG_AREA_FDS; i++)
		area->fds[i] = -EBADF;
	return area;
}

int mp_log_area_new(struct mp_log_area **ret, struct mp_error *err)
{
	struct mp_log_area *area = alloc(err);
	int r = 0;

	if (!area)
		return -ENOMEM;
	area->fds[0] = mp_sys_memfd_create("minipod-logs", false);
	if (area->fds[0] < 0)
		r = mp_fail(err, -area->fds[0], "memory for logs");
	if (r == 0 && ftruncate(area->fds[0], sizeof(*area->shared)) < 0)
		r = mp_fail(err, errno, "memory for logs");
	if (r == 0 && pipe2(area->fds + 1, O_CLOEXEC | O_NONBLOCK) < 0)
		r = mp_fail(err, errno, "pipe for logs");
	if (r == 0)
		r = map(area, err);
	if (r < 0 || !area->shared) {
		mp_log_area_free(area);
		return r;
	}
	area->shared->magic = MAGIC;
	*ret = area;
	return 0;
}

int mp_log_area_adopt(const int fds[MP_LOG_AREA_FDS], struct mp_log_area **ret,
		      struct mp_error *err)
{
	struct mp_log_area *area = alloc(err);
	struct stat st;
	int r = 0;

	for (int i = 0; i < MP_LOG_AREA_FDS; i++) {
		if (area)
			area->fds[i] = fds[i];
		else if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	if (!area)
		return -ENOMEM;
	if (fstat(area->fds[0], &st) < 0)
		r = mp_fail(err, errno, "memory for logs");
	else if (st.st_size != (off_t)sizeof(*area->shared))
		r = mp_fail_text(err, EPROTO, "memory for logs: written by another minipod");
	if (r == 0)
		r = map(area, err);
	if (r == 0 && area->shared && area->shared->magic != MAGIC)
		r = mp_fail_text(err, EPROTO, "memory for logs: written by another minipod");
	if (r < 0) {
		mp_log_area_free(area);
		return r;
	}
	area->n_used = MP_LOG_SLOTS;
	*ret = area;
	return 0;
}

const int *mp_log_area_fds(const struct mp_log_area *area)
{
	return area->fds;
}

void mp_log_area_free(struct mp_log_area *area)
{
	if (!area)
		return;
	if (area->shared)
		(void)munmap(area->shared, sizeof(*area->shared));
	for (int i = 0; i < MP_LOG_AREA_FDS; i++)
		mp_closep(&area->fds[i]);
	free(area);
}

/* ---- slots ------------------------------------------------------------------------------------ */

int mp_log_area_slot(struct mp_log_area *area, const char *tag, struct mp_error *err)
{
	int empty = -1;

	for (int i = 0; i < area->n_used; i++) {
		struct slot *s = &area->shared->slots[i];

		if (strncmp(s->tag, tag, sizeof(s->tag)) == 0)
			return i;
		if (!s->tag[0] && empty < 0)
			empty = i;
	}
	if (empty < 0 && area->n_used == MP_LOG_SLOTS)
		return mp_fail_text(err, ENOSPC, "too many containers with a log");
	if (empty < 0)
		empty = area->n_used++;

	struct slot *s = &area->shared->slots[empty];

	memset(s, 0, sizeof(*s));
	in_order();
	(void)snprintf(s->tag, sizeof(s->tag), "%s", tag);
	return empty;
}

void mp_log_area_release(struct mp_log_area *area, int slot)
{
	area->shared->slots[slot].tag[0] = '\0';
}

static unsigned int copy_of(const struct slot *s, unsigned int bit)
{
	return (s->current >> bit) & 1U;
}

void mp_log_area_load(const struct mp_log_area *area, int slot, enum mp_cri_stream stream,
		      struct mp_cri_splitter *splitter)
{
	const struct slot *s = &area->shared->slots[slot];
	const unsigned int copy = copy_of(s, stream);
	const uint32_t n = s->n_pending[stream][copy];

	splitter->len = n <= MP_CRI_LINE_MAX ? n : 0;
	if (splitter->len > 0)
		memcpy(splitter->line, area->shared->lines[slot][stream][copy], splitter->len);
}

struct mp_log_file_state mp_log_area_file(const struct mp_log_area *area, int slot)
{
	const struct slot *s = &area->shared->slots[slot];

	return s->file[copy_of(s, FILE_BIT)];
}

/* ---- flights ---------------------------------------------------------------------------------- */

static struct flight *begin(struct mp_log_area *area, int slot, enum mp_cri_stream stream,
			    bool is_end, int64_t wall)
{
	struct flight *f = &area->shared->flight;

	f->stream = stream;
	f->is_end = is_end ? 1 : 0;
	f->base = area->shared->slots[slot].current;
	f->wall = wall;
	f->n = 0;
	in_order();
	f->slot_plus_1 = (uint32_t)slot + 1;
	in_order();
	return f;
}

static void over(struct mp_log_area *area)
{
	in_order();
	area->shared->flight.slot_plus_1 = 0;
}

/*
 * A pipe is read to its last byte without a look at signals, so SIGKILL comes before or after
 * (pipe_read() in fs/pipe.c); only a page that is missing could end it early.
 */
static int read_staged(struct mp_log_area *area, size_t n)
{
	if (!area->is_touched) {
		for (size_t i = 0; i < MP_LOG_AREA_BYTES; i += 4096)
			area->shared->bytes[i] = 0;
		area->is_touched = true;
	}

	const ssize_t got = read(area->fds[1], area->shared->bytes, n);

	return got == (ssize_t)n ? 0 : -EIO;
}

static void drop_staged(struct mp_log_area *area)
{
	while (read(area->fds[1], area->shared->bytes, MP_LOG_AREA_BYTES) > 0)
		;
	over(area);
}

int mp_log_area_take(struct mp_log_area *area, int slot, enum mp_cri_stream stream, int pipe_fd,
		     int64_t wall, struct mp_log_flight *ret)
{
	struct flight *f = begin(area, slot, stream, false, wall);
	ssize_t n = splice(pipe_fd, NULL, area->fds[2], NULL, MP_LOG_AREA_BYTES,
			   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	int r = 0;

	*ret = (struct mp_log_flight){ .slot = slot, .stream = stream, .wall = wall };
	if (n < 0)
		r = errno == EAGAIN || errno == EINTR ? 0 : -errno;
	else if (n == 0)
		r = -EPIPE;
	if (n <= 0) {
		over(area);
		return r;
	}
	f->n = (uint32_t)n;
	in_order();
	r = read_staged(area, (size_t)n);
	if (r < 0) {
		drop_staged(area);
		return r;
	}
	ret->bytes = area->shared->bytes;
	ret->n = (size_t)n;
	return 0;
}

void mp_log_area_begin_end(struct mp_log_area *area, int slot, enum mp_cri_stream stream,
			   int64_t wall)
{
	(void)begin(area, slot, stream, true, wall);
}

void mp_log_area_commit(struct mp_log_area *area, int slot, enum mp_cri_stream stream,
			const struct mp_cri_splitter *splitter, struct mp_log_file_state file)
{
	struct slot *s = &area->shared->slots[slot];
	const unsigned int line = copy_of(s, stream) ^ 1U;
	const unsigned int size = copy_of(s, FILE_BIT) ^ 1U;

	if (splitter->len > 0)
		memcpy(area->shared->lines[slot][stream][line], splitter->line, splitter->len);
	s->n_pending[stream][line] = (uint32_t)splitter->len;
	s->file[size] = file;
	in_order();
	s->current ^= 1U << stream | 1U << FILE_BIT;
	over(area);
}

bool mp_log_area_interrupted(struct mp_log_area *area, struct mp_log_flight *ret)
{
	const struct flight *f = &area->shared->flight;
	int staged = 0;

	if (f->slot_plus_1 == 0 || f->slot_plus_1 > MP_LOG_SLOTS || f->stream > 1 ||
	    f->base != area->shared->slots[f->slot_plus_1 - 1].current) {
		over(area);
		return false;
	}
	*ret = (struct mp_log_flight){ .slot = (int)f->slot_plus_1 - 1,
				       .stream = (enum mp_cri_stream)f->stream,
				       .is_end = f->is_end != 0,
				       .wall = f->wall,
				       .bytes = area->shared->bytes,
				       .n = f->n };
	if (ioctl(area->fds[1], FIONREAD, &staged) == 0 && staged > 0) {
		ret->n = (size_t)staged;
		area->shared->flight.n = (uint32_t)staged;
		in_order();
		if (ret->n > MP_LOG_AREA_BYTES || read_staged(area, ret->n) < 0) {
			drop_staged(area);
			return false;
		}
	}
	if (ret->n > 0 || ret->is_end)
		return ret->n <= MP_LOG_AREA_BYTES;
	over(area);
	return false;
}

void mp_log_area_settle(struct mp_log_area *area)
{
	drop_staged(area);
}
