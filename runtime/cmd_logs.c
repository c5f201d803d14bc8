/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cmd_logs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/auto.h"
#include "runtime/base/clock_io.h"
#include "runtime/cli.h"
#include "runtime/log_follow.h"
#include "runtime/log_select.h"
#include "runtime/pod_view.h"
#include "runtime/pod_watch.h"

#define CONTAINERS_MAX 128
#define CHUNK          ((size_t)65536)

const struct mp_option mp_logs_options[] = {
	{ "container", 'c', "NAME", "of this container", false },
	{ "follow", 'f', NULL, "go on until the container has ended", false },
	{ "previous", 'p', NULL, "of the instance before the present one", false },
	{ "tail", 0, "N", "only the last N entries (-1: all)", false },
	{ "since", 0, "DURATION", "only what is newer than that", false },
	{ "since-time", 0, "TIME", "only what is newer than this moment (RFC 3339)", false },
	{ "timestamps", 0, NULL, "with the time of each line", false },
	{ "prefix", 0, NULL, "with pod and container before each line", false },
	{ "all-containers", 0, NULL, "of every container of the pod", false },
	{ "limit-bytes", 0, "N", "no more than N bytes", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* One log that is being read. */
struct stream {
	const char *container;
	char prefix[600];
	struct mp_log_view view;
	int64_t count; /* the instance's restart count */
	bool is_running;
	bool is_done;
	bool is_absent; /* nothing has been written yet, so there is no file */
	char path[PATH_MAX + 600];
	int fd;                       /* owned */
	struct mp_log_follow *follow; /* owned; NULL: the log is not followed */
	char last_time[MP_TIME_TEXT_MAX];
	char *pending; /* owned: an entry that is not complete yet */
	size_t n, size;
};

struct logs {
	const struct mp_args *args;
	struct mp_roots roots;
	const char *namespace_, *pod;
	bool follows;
	long long tail, limit;
	int64_t since_wall;
	struct stream streams[CONTAINERS_MAX];
	size_t n_streams;
};

static int parse(struct logs *l, struct mp_error *err)
{
	const struct mp_args *a = l->args;
	const char *since = mp_args_get(a, "since"), *time = mp_args_get(a, "since-time");
	mp_nsec span = 0;
	int r = mp_cli_roots(a, &l->roots, err);

	l->tail = l->limit = -1;
	l->follows = mp_args_has(a, "follow");
	l->namespace_ = mp_cli_namespace(a);
	l->pod = mp_cli_pod_name(a->positional[0]);
	if (r == 0)
		r = mp_args_int(a, "tail", -1, INT64_MAX, &l->tail, err);
	if (r == 0)
		r = mp_args_int(a, "limit-bytes", 1, INT64_MAX, &l->limit, err);
	if (r == 0 && since && time)
		r = mp_fail_text(err, EINVAL,
				 "at most one of --since or --since-time may be specified");
	if (r == 0 && since)
		r = mp_duration_parse("--since", since, &span, err);
	if (r == 0 && since && span <= 0)
		r = mp_fail_text(err, EINVAL, "--since: must be greater than 0");
	if (r == 0 && since)
		l->since_wall = mp_clock_read().wall - span;
	if (r == 0 && time) {
		l->since_wall = mp_time_parse(time, strlen(time));
		if (l->since_wall < 0)
			r = mp_fail_text(err, EINVAL,
					 "--since-time: '%s' is not a time such as "
					 "2024-01-02T03:04:05Z",
					 time);
	}
	if (r == 0 && mp_args_has(a, "previous") && l->follows)
		r = mp_fail_text(err, EINVAL,
				 "only one of follow (-f) or previous (-p) is allowed");
	return r;
}

static void add_stream(struct logs *l, const char *container)
{
	struct stream *s = &l->streams[l->n_streams];

	if (l->n_streams == CONTAINERS_MAX)
		return;
	l->n_streams++;
	*s = (struct stream){ .container = container, .fd = -EBADF };
	if (mp_args_has(l->args, "prefix"))
		(void)snprintf(s->prefix, sizeof(s->prefix), "[pod/%s/%s] ", l->pod, container);
	s->view = (struct mp_log_view){ .since_wall = l->since_wall,
					.limit = l->limit,
					.prefix = s->prefix,
					.has_times = mp_args_has(l->args, "timestamps"),
					.out = stdout,
					.err = stderr };
}

static bool has_container(const struct mp_node *pod, const char *name)
{
	static const char *const lists[] = { "initContainers", "containers",
					     "ephemeralContainers" };

	for (size_t k = 0; k < MP_ARRAY_SIZE(lists); k++) {
		const struct mp_node *list = mp_node_in(pod, "spec", lists[k], NULL);

		for (size_t i = 0; list && i < list->count; i++)
			if (mp_streq(mp_node_text(list->items[i], "name", NULL), name))
				return true;
	}
	return false;
}

static int choose_containers(struct logs *l, const struct mp_node *pod, struct mp_error *err)
{
	static const char *const lists[] = { "initContainers", "containers" };
	const char *name = mp_args_get(l->args, "container");
	char note[4096];

	if (!name && l->args->n_positional > 1)
		name = l->args->positional[1];
	if (mp_args_has(l->args, "all-containers")) {
		for (size_t k = 0; k < MP_ARRAY_SIZE(lists); k++) {
			const struct mp_node *list = mp_node_in(pod, "spec", lists[k], NULL);

			for (size_t i = 0; list && i < list->count; i++)
				add_stream(l, mp_node_text(list->items[i], "name", NULL));
		}
		return 0;
	}
	if (!name) {
		name = mp_log_default_container(pod, note, sizeof(note));
		if (note[0])
			(void)fprintf(stderr, "%s\n", note);
	}
	if (!has_container(pod, name))
		return mp_fail_text(err, EINVAL, "container %s is not valid for pod %s", name,
				    l->pod);
	add_stream(l, name);
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* A container without output has no file: that is an empty log. */
static int open_file(struct stream *s, struct mp_error *err)
{
	s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	s->is_absent = s->fd < 0 && errno == ENOENT;
	return s->fd < 0 && !s->is_absent ? mp_fail(err, errno, "open %s", s->path) : 0;
}

static int open_stream(struct logs *l, struct stream *s, const struct mp_pod_view *pod,
		       struct mp_pod_watch *watch, struct mp_error *err)
{
	int r = mp_log_choose(pod->object, s->container, mp_args_has(l->args, "previous"),
			      &s->count, &s->is_running, err);

	if (r < 0)
		return r;
	(void)snprintf(s->path, sizeof(s->path), "%s/pods/%s_%s/%s/%lld.log", l->roots.log,
		       pod->dir_name, pod->uid, s->container, (long long)s->count);
	r = open_file(s, err);
	if (r < 0 || !l->follows)
		return r;
	s->follow = calloc(1, sizeof(*s->follow));
	if (!s->follow)
		return mp_fail(err, ENOMEM, "read the log");
	(void)snprintf(s->follow->path, sizeof(s->follow->path), "%s", s->path);
	/* The directory: a rotated log is followed into its next file. */
	return s->is_absent ? 0 : mp_pod_watch_file(watch, s->path, err);
}

/* Is there a file by now? */
static int open_later(struct stream *s, struct mp_pod_watch *watch, struct mp_error *err)
{
	int r = mp_pod_watch_file(watch, s->path, err);

	if (r == 0)
		r = open_file(s, err);
	/* The directory may have come only after it was looked for. */
	return r < 0 || s->is_absent ? r : mp_pod_watch_file(watch, s->path, err);
}

/* Goes to where reading begins, by looking at the file from its end. */
static int seek_tail(const struct logs *l, struct stream *s, struct mp_error *err)
{
	const off_t size = lseek(s->fd, 0, SEEK_END);
	long long left = l->tail;
	off_t at = size;
	char *chunk;

	if (size < 0)
		return mp_fail(err, errno, "read the log");
	if (left < 0)
		return lseek(s->fd, 0, SEEK_SET) < 0 ? mp_fail(err, errno, "read the log") : 0;
	chunk = malloc(CHUNK);
	if (!chunk)
		return mp_fail(err, ENOMEM, "read the log");
	/* Whole entries only: a chunk is read again from the newline found in it. */
	left++; /* the newline before the first wanted entry */
	while (at > 0 && left > 0) {
		const size_t want = at > (off_t)CHUNK ? CHUNK : (size_t)at;
		const ssize_t n = pread(s->fd, chunk, want, at - (off_t)want);

		if (n != (ssize_t)want)
			break;
		for (size_t i = want; i > 0 && left > 0; i--) {
			if (chunk[i - 1] == '\n')
				left--;
			if (left > 0)
				at--;
		}
	}
	free(chunk);
	return lseek(s->fd, at, SEEK_SET) < 0 ? mp_fail(err, errno, "read the log") : 0;
}

static void remember_time(struct stream *s, const char *line, size_t len)
{
	const char *space =
		memchr(line, ' ', len < sizeof(s->last_time) ? len : sizeof(s->last_time));

	if (space)
		(void)snprintf(s->last_time, sizeof(s->last_time), "%.*s", (int)(space - line),
			       line);
}

/* Shows every complete entry that is there. */
static int read_on(struct stream *s, struct mp_error *err)
{
	while (!s->is_done) {
		if (s->size - s->n < CHUNK / 2) {
			char *bigger = realloc(s->pending, s->size + CHUNK);

			if (!bigger)
				return mp_fail(err, ENOMEM, "read the log");
			s->pending = bigger;
			s->size += CHUNK;
		}

		const ssize_t n = read(s->fd, s->pending + s->n, s->size - s->n);

		if (n < 0)
			return mp_fail(err, errno, "read the log");
		if (n == 0)
			return 0;
		s->n += (size_t)n;

		char *line = s->pending, *newline;

		while (!s->is_done &&
		       (newline = memchr(line, '\n', s->n - (size_t)(line - s->pending)))) {
			remember_time(s, line, (size_t)(newline - line));
			if (!mp_log_show(&s->view, line, (size_t)(newline - line)) ||
			    ferror(s->view.out))
				s->is_done = true;
			line = newline + 1;
		}
		s->n -= (size_t)(line - s->pending);
		memmove(s->pending, line, s->n);
	}
	return 0;
}

/* The same, through all files that the log was rotated into. */
static int read_through(struct stream *s, struct mp_error *err)
{
	int r;

	do {
		r = read_on(s, err);
		if (r == 0 && !s->is_done)
			r = mp_log_follow_next(s->follow, &s->fd,
					       mp_time_parse(s->last_time, strlen(s->last_time)),
					       err);
	} while (r > 0);
	return r;
}

/* After the pod has changed: does the instance being read still run? */
static void look_again(struct logs *l)
{
	struct mp_arena arena = { 0 };
	struct mp_pod_view pod;
	const bool is_there =
		mp_pod_view_load(&arena, &l->roots, l->namespace_, l->pod, &pod, NULL) == 0;

	for (size_t i = 0; i < l->n_streams; i++) {
		struct stream *s = &l->streams[i];
		int64_t count = -1;
		bool runs = false;

		/* One without supervisor goes on, and may get another one. */
		if (is_there &&
		    mp_log_choose(pod.object, s->container, false, &count, &runs, NULL) == 0)
			runs = runs && count == s->count;
		if (!runs)
			s->is_running = false;
	}
	mp_arena_done(&arena);
}

static int follow(struct logs *l, struct mp_pod_watch *watch, struct mp_error *err)
{
	int r = 0;

	for (;;) {
		bool is_any_running = false;

		r = mp_pod_watch_arm(watch, err);
		/* First the state, then the rest of the log: nothing is written after the end. */
		if (r == 0)
			look_again(l);
		for (size_t i = 0; i < l->n_streams && r == 0; i++) {
			struct stream *s = &l->streams[i];

			if (s->is_absent)
				r = open_later(s, watch, err);
			if (r == 0 && s->fd >= 0)
				r = read_through(s, err);
			if (s->fd >= 0 || s->is_absent)
				is_any_running |= s->is_running && !s->is_done;
		}
		(void)fflush(stdout);
		if (r < 0 || !is_any_running)
			return r;
		r = mp_pod_watch_wait(watch, MP_NSEC_NEVER, err);
		if (r < 0)
			return r;
	}
}

static int show(struct logs *l, struct mp_arena *arena, struct mp_error *err)
{
	struct mp_pod_watch watch = { .fd = -EBADF };
	struct mp_pod_view pod;
	size_t n_open = 0;
	int r = mp_pod_view_load(arena, &l->roots, l->namespace_, l->pod, &pod, err);

	if (r == 0)
		r = choose_containers(l, pod.object, err);
	if (r == 0)
		r = mp_pod_watch_open(&watch, &l->roots, false, err);
	for (size_t i = 0; i < l->n_streams && r == 0; i++) {
		struct stream *s = &l->streams[i];

		r = open_stream(l, s, &pod, &watch, err);
		if (r == 0 && !s->is_absent)
			r = seek_tail(l, s, err);
		if (r == 0 && !s->is_absent)
			r = read_on(s, err);
		n_open += r == 0 ? 1 : 0;
		/* One container that has nothing to show does not hide the others. */
		if (r < 0 && l->n_streams > 1 && s->fd < 0) {
			(void)fprintf(stderr, "error: %s\n", err->msg);
			r = 0;
		}
	}
	if (r == 0 && l->follows && n_open > 0)
		r = follow(l, &watch, err);
	mp_pod_watch_close(&watch);
	return r;
}

int mp_cmd_logs(const struct mp_args *args)
{
	struct logs *l = calloc(1, sizeof(*l));
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	int r;

	if (!l)
		return MP_EXIT_ERROR;
	l->args = args;
	r = parse(l, &err);
	if (r == 0)
		r = show(l, &arena, &err);
	(void)fflush(stdout);
	for (size_t i = 0; i < l->n_streams; i++) {
		mp_closep(&l->streams[i].fd);
		free(l->streams[i].pending);
		if (l->streams[i].follow)
			mp_log_follow_done(l->streams[i].follow);
		free(l->streams[i].follow);
	}
	free(l);
	mp_arena_done(&arena);
	if (r == -EAGAIN || (r == -ENOENT && mp_starts_with(err.msg, "prev"))) {
		(void)fprintf(stderr, "Error from server (BadRequest): %s\n", err.msg);
		return MP_EXIT_ERROR;
	}
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
