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
#include "runtime/pod_query.h"
#include "runtime/pod_watch.h"

#define CHUNK         ((size_t)65536)
#define FOLLOWED_MAX  5  /* streams that a selector may follow, unless told otherwise */
#define SELECTED_TAIL 10 /* entries of each stream that a selector shows */

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
	{ "selector", 'l', "SELECTOR", "of the pods with these labels; 10 entries of each", false },
	{ "max-log-requests", 0, "N", "with -l and -f, follow no more than N logs (5)", false },
	{ "ignore-errors", 0, NULL, "a log that cannot be read is told and passed over", false },
	{ "limit-bytes", 0, "N", "no more than N bytes", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ NULL, 0, NULL, NULL, false },
};

/* One log that is being read. */
struct stream {
	const struct mp_pod_view *pod; /* borrowed: as it was in the beginning */
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
	const char *namespace_;
	const char *selector;  /* NULL: one pod was named */
	const char *container; /* NULL: the pod's default one */
	bool follows;
	long long tail, limit, followed_max;
	int64_t since_wall;
	struct stream *streams; /* arena */
	size_t n_streams;
};

static int parse_since(struct logs *l, struct mp_error *err)
{
	const char *since = mp_args_get(l->args, "since");
	const char *time = mp_args_get(l->args, "since-time");
	mp_nsec span = 0;
	int r = 0;

	if (since && time)
		return mp_fail_text(err, EINVAL,
				    "at most one of --since or --since-time may be specified");
	if (since)
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
	return r;
}

/* Whose logs: one pod's by name, or those of pods by label. */
static int parse_target(struct logs *l, struct mp_error *err)
{
	const struct mp_args *a = l->args;

	l->selector = mp_args_get(a, "selector");
	l->container = mp_args_get(a, "container");
	if (l->selector && a->n_positional > 0)
		return mp_fail_text(err, EINVAL, "only a selector (-l) or a POD name is allowed");
	if (!l->selector && a->n_positional == 0)
		return mp_fail_text(err, EINVAL,
				    "POD or TYPE/NAME is a required argument for the logs command: "
				    "minipod logs POD, or -l SELECTOR");
	if (l->container && a->n_positional > 1)
		return mp_fail_text(err, EINVAL,
				    "only one of -c or an inline [CONTAINER] arg is allowed");
	if (a->n_positional > 1)
		l->container = a->positional[1];
	if (l->container && mp_args_has(a, "all-containers"))
		return mp_fail_text(err, EINVAL,
				    "--all-containers=true should not be specified with container "
				    "name %s",
				    l->container);
	return 0;
}

static int parse(struct logs *l, struct mp_error *err)
{
	const struct mp_args *a = l->args;
	int r = mp_cli_roots(a, &l->roots, err);

	l->limit = -1;
	l->follows = mp_args_has(a, "follow");
	l->followed_max = FOLLOWED_MAX;
	l->namespace_ = mp_cli_namespace(a);
	if (r == 0)
		r = parse_target(l, err);
	l->tail = l->selector ? SELECTED_TAIL : -1;
	if (r == 0)
		r = mp_args_int(a, "tail", -1, INT64_MAX, &l->tail, err);
	if (r == 0)
		r = mp_args_int(a, "limit-bytes", 1, INT64_MAX, &l->limit, err);
	if (r == 0)
		r = mp_args_int(a, "max-log-requests", 1, INT32_MAX, &l->followed_max, err);
	if (r == 0)
		r = parse_since(l, err);
	if (r == 0 && mp_args_has(a, "previous") && l->follows)
		r = mp_fail_text(err, EINVAL,
				 "only one of follow (-f) or previous (-p) is allowed");
	return r;
}

static void add_stream(struct logs *l, const struct mp_pod_view *pod, const char *container)
{
	struct stream *s = &l->streams[l->n_streams++];

	*s = (struct stream){ .pod = pod, .container = container, .fd = -EBADF };
	if (mp_args_has(l->args, "prefix"))
		(void)snprintf(s->prefix, sizeof(s->prefix), "[pod/%s/%s] ", pod->name, container);
	s->view = (struct mp_log_view){ .since_wall = l->since_wall,
					.limit = l->limit,
					.prefix = s->prefix,
					.has_times = mp_args_has(l->args, "timestamps"),
					.out = stdout,
					.err = stderr };
}

static const struct mp_node *containers_of(const struct mp_pod_view *pod, size_t list)
{
	static const char *const lists[] = { "initContainers", "containers",
					     "ephemeralContainers" };

	return list < MP_ARRAY_SIZE(lists) ? mp_node_in(pod->object, "spec", lists[list], NULL) :
					     NULL;
}

#define LISTS 3

static size_t count_containers(const struct mp_pod_view *pod)
{
	size_t n = 0;

	for (size_t k = 0; k < LISTS; k++)
		n += containers_of(pod, k) ? containers_of(pod, k)->count : 0;
	return n;
}

static bool has_container(const struct mp_pod_view *pod, const char *name)
{
	for (size_t k = 0; k < LISTS; k++) {
		const struct mp_node *list = containers_of(pod, k);

		for (size_t i = 0; list && i < list->count; i++)
			if (mp_streq(mp_node_text(list->items[i], "name", NULL), name))
				return true;
	}
	return false;
}

static int choose_containers(struct logs *l, const struct mp_pod_view *pod, struct mp_error *err)
{
	const char *name = l->container;
	char note[4096];

	if (mp_args_has(l->args, "all-containers")) {
		for (size_t k = 0; k < LISTS; k++) {
			const struct mp_node *list = containers_of(pod, k);

			for (size_t i = 0; list && i < list->count; i++)
				add_stream(l, pod, mp_node_text(list->items[i], "name", NULL));
		}
		return 0;
	}
	if (!name) {
		name = mp_log_default_container(pod->object, note, sizeof(note));
		if (note[0])
			(void)fprintf(stderr, "%s\n", note);
	}
	if (!has_container(pod, name))
		return mp_fail_text(err, EINVAL, "container %s is not valid for pod %s", name,
				    pod->name);
	add_stream(l, pod, name);
	return 0;
}

static int load_pods(const struct logs *l, struct mp_arena *arena, struct mp_pod_views *ret,
		     struct mp_error *err)
{
	struct mp_pod_query query = { .namespace_ = l->namespace_ };
	const char *name = l->selector ? NULL : mp_cli_pod_name(l->args->positional[0]);
	int r = 0;

	if (l->selector)
		r = mp_selector_parse(arena, l->selector, &query.labels, err);
	else
		query = (struct mp_pod_query){ .namespace_ = l->namespace_,
					       .names = &name,
					       .n_names = 1 };
	return r < 0 ? r : mp_pod_query_load(&query, &l->roots, arena, ret, err);
}

/* Finds whose logs are meant; none is fine for a selector. */
static int choose(struct logs *l, struct mp_arena *arena, struct mp_error *err)
{
	struct mp_pod_views *pods = mp_arena_alloc(arena, 1, sizeof(*pods));
	size_t n = 0;
	int r;

	if (!pods)
		return mp_fail(err, ENOMEM, "logs");
	r = load_pods(l, arena, pods, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < pods->n; i++)
		n += count_containers(&pods->items[i]);
	l->streams = mp_arena_alloc(arena, n + 1, sizeof(*l->streams));
	if (!l->streams)
		return mp_fail(err, ENOMEM, "logs");
	for (size_t i = 0; i < pods->n && r == 0; i++)
		r = choose_containers(l, &pods->items[i], err);
	if (r == 0 && pods->n == 0)
		(void)fprintf(stderr, "No resources found in %s namespace.\n", l->namespace_);
	if (r == 0 && l->follows && l->selector && (long long)l->n_streams > l->followed_max)
		r = mp_fail_text(
			err, EINVAL,
			"you are attempting to follow %zu log streams, but maximum allowed "
			"concurrency is %lld, use --max-log-requests to increase the "
			"limit",
			l->n_streams, l->followed_max);
	return r;
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* A container without output has no file: that is an empty log. */
static int open_file(struct stream *s, struct mp_error *err)
{
	s->fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	s->is_absent = s->fd < 0 && errno == ENOENT;
	return s->fd < 0 && !s->is_absent ? mp_fail(err, errno, "open %s", s->path) : 0;
}

static int open_stream(struct logs *l, struct stream *s, struct mp_pod_watch *watch,
		       struct mp_error *err)
{
	int r = mp_log_choose(s->pod->object, s->container, mp_args_has(l->args, "previous"),
			      &s->count, &s->is_running, err);

	if (r < 0)
		return r;
	(void)snprintf(s->path, sizeof(s->path), "%s/pods/%s_%s/%s/%lld.log", l->roots.log,
		       s->pod->dir_name, s->pod->uid, s->container, (long long)s->count);
	if (!l->follows)
		return open_file(s, err);
	s->follow = calloc(1, sizeof(*s->follow));
	if (!s->follow)
		return mp_fail(err, ENOMEM, "read the log");
	(void)snprintf(s->follow->path, sizeof(s->follow->path), "%s", s->path);
	/* Before the file is looked for: it may be rotated as soon as it is there. */
	mp_log_follow_begin(s->follow);
	r = open_file(s, err);
	if (r < 0 || s->is_absent)
		return r;
	s->follow->rotated[0] = '\0';
	/* The directory: a rotated log is followed into its next file. */
	return mp_pod_watch_file(watch, s->path, err);
}

/* Is there a file by now? */
static int open_later(struct stream *s, struct mp_pod_watch *watch, struct mp_error *err)
{
	int r = mp_pod_watch_file(watch, s->path, err);

	if (r == 0)
		r = mp_log_follow_next(s->follow, &s->fd, 0, err);
	s->is_absent = s->fd < 0;
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

/* After a pod has changed: does the instance being read still run? */
static void look_again(struct logs *l, struct stream *s)
{
	struct mp_arena arena = { 0 };
	struct mp_pod_view pod;
	int64_t count = -1;
	bool runs = false;

	/* One without supervisor goes on, and may get another one. */
	if (mp_pod_view_load(&arena, &l->roots, s->pod->namespace_, s->pod->name, &pod, NULL) ==
		    0 &&
	    mp_log_choose(pod.object, s->container, false, &count, &runs, NULL) == 0)
		runs = runs && count == s->count;
	if (!runs)
		s->is_running = false;
	mp_arena_done(&arena);
}

static int follow(struct logs *l, struct mp_pod_watch *watch, struct mp_error *err)
{
	int r = 0;

	for (;;) {
		bool is_any_running = false;

		r = mp_pod_watch_arm(watch, err);
		for (size_t i = 0; i < l->n_streams && r == 0; i++) {
			struct stream *s = &l->streams[i];

			/* First the state, then the rest: nothing is written after the end. */
			if (s->is_running)
				look_again(l, s);
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

static int begin(struct logs *l, struct stream *s, struct mp_pod_watch *watch, struct mp_error *err)
{
	int r = open_stream(l, s, watch, err);

	if (r < 0 || s->is_absent)
		return r;
	r = seek_tail(l, s, err);
	return r == 0 ? read_on(s, err) : r;
}

static int show(struct logs *l, struct mp_arena *arena, struct mp_error *err)
{
	struct mp_pod_watch watch = { .fd = -EBADF };
	size_t n_open = 0;
	int r = choose(l, arena, err);

	if (r == 0)
		r = mp_pod_watch_open(&watch, &l->roots, false, err);
	for (size_t i = 0; i < l->n_streams && r == 0; i++) {
		struct stream *s = &l->streams[i];

		r = begin(l, s, &watch, err);
		n_open += r == 0 ? 1 : 0;
		/* One container that has nothing to show does not hide the others. */
		if (r < 0 && s->fd < 0 &&
		    (l->n_streams > 1 || mp_args_has(l->args, "ignore-errors"))) {
			(void)fflush(stdout);
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
	struct logs l = { .args = args };
	struct mp_error err = MP_ERROR_NONE;
	struct mp_arena arena = { 0 };
	int r = parse(&l, &err);

	if (r == 0)
		r = show(&l, &arena, &err);
	(void)fflush(stdout);
	for (size_t i = 0; i < l.n_streams; i++) {
		mp_closep(&l.streams[i].fd);
		free(l.streams[i].pending);
		if (l.streams[i].follow)
			mp_log_follow_done(l.streams[i].follow);
		free(l.streams[i].follow);
	}
	mp_arena_done(&arena);
	if (r == -EAGAIN || (r == -ENOENT && mp_starts_with(err.msg, "prev"))) {
		(void)fprintf(stderr, "Error from server (BadRequest): %s\n", err.msg);
		return MP_EXIT_ERROR;
	}
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
