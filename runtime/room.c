/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "runtime/assemble.h"
#include "runtime/base/fd.h"
#include "runtime/supervisor.h"

#define TEXT_MAX ((size_t)4096)
/* Room that no pod gave back: the administrator's huge pages, a file nobody removed. */
#define LOOK_AGAIN (60 * MP_NSEC_PER_S)

struct mp_room {
	struct mp_supervisor *sv;
	struct mp_amounts wants;
	int dir_fd;               /* owned: <run>/reserved */
	int file_fd;              /* owned: our own file, locked; -EBADF while there is no room */
	int watch_fd;             /* owned: inotify on the directory while there is no room */
	struct mp_source changed; /* on @watch_fd */
	mp_nsec look_again_at;
	char name[128]; /* of our file */
};

/* ---- the files ---------------------------------------------------------------------------------- */

/* "memory 67108864"; what is no amount is no reason to stop a pod. */
static void parse_amount(char *line, struct mp_amounts *sum)
{
	char *blank = strchr(line, ' ');
	char *end;

	if (!blank)
		return;
	*blank = '\0';

	const long long value = strtoll(blank + 1, &end, 10);

	if (end != blank + 1 && *end == '\0' && value > 0)
		mp_amounts_add(sum, line, value);
}

void mp_room_parse(const char *text, struct mp_amounts *sum, char *cgroup, size_t size)
{
	char line[512];

	cgroup[0] = '\0';
	while (*text) {
		const size_t len = strcspn(text, "\n");

		(void)snprintf(line, sizeof(line), "%.*s", (int)(len < 500 ? len : 500), text);
		text += len + (text[len] == '\n');
		if (mp_starts_with(line, "cgroup "))
			(void)snprintf(cgroup, size, "%s", line + strlen("cgroup "));
		else
			parse_amount(line, sum);
	}
}

/* With its supervisor dead a pod may still run: only without any process its room is free. */
static bool has_processes(struct mp_supervisor *sv, const char *cgroup)
{
	const struct mp_cgroup_host_config config = { .root = sv->config.cgroup_root };
	struct mp_cgroup *pod = NULL;
	bool is_empty;

	if (!sv->cgroup_host && mp_cgroup_host_open(&config, &sv->cgroup_host, NULL) < 0)
		return true;
	if (mp_cgroup_adopt_pod(sv->cgroup_host, cgroup, &pod, NULL) < 0)
		return false;
	is_empty = mp_cgroup_is_empty(pod);
	mp_cgroup_close(pod);
	return !is_empty;
}

static void add_one(struct mp_room *a, const char *name, struct mp_amounts *used)
{
	mp_auto_fd fd = openat(a->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	mp_auto_free char *text = NULL;
	struct mp_amounts own = { .n = 0 };
	char cgroup[400];

	if (fd < 0 || mp_fd_read_all(fd, TEXT_MAX, NULL, &text, NULL, NULL) < 0)
		return;
	mp_room_parse(text, &own, cgroup, sizeof(cgroup));
	if (flock(fd, LOCK_SH | LOCK_NB) == 0 && !has_processes(a->sv, cgroup)) {
		(void)unlinkat(a->dir_fd, name, 0);
		return;
	}
	for (size_t i = 0; i < own.n; i++)
		mp_amounts_add(used, own.at[i].name, own.at[i].value);
}

void mp_room_forget(const char *run_root, const char *uid)
{
	char path[PATH_MAX + 64];

	if ((size_t)snprintf(path, sizeof(path), "%s/reserved/%s", run_root, uid) < sizeof(path))
		(void)unlink(path);
}

static int add_up(struct mp_room *a, struct mp_amounts *used, struct mp_error *err)
{
	mp_auto_fd fd = openat(a->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!dir)
		return mp_fail(err, errno, "read the reservations");
	(void)mp_steal_fd(&fd);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !mp_streq(entry->d_name, a->name))
			add_one(a, entry->d_name, used);
	(void)closedir(dir);
	return 0;
}

static int lock_own(struct mp_room *a, int flags, struct mp_error *err)
{
	mp_auto_fd fd = openat(a->dir_fd, a->name, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return mp_fail(err, errno, "reserve room for the pod");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return mp_fail(err, errno, "lock the pod's reservation");
	a->file_fd = mp_steal_fd(&fd);
	return 0;
}

static int write_own(struct mp_room *a, struct mp_error *err)
{
	char text[TEXT_MAX];
	struct mp_buf buf = MP_BUF(text);
	int r = lock_own(a, O_CREAT | O_EXCL, err);

	if (r < 0)
		return r;
	text[0] = '\0';
	mp_buf_adds(&buf, "cgroup ");
	mp_assemble_pod_cgroup(a->sv->spec, &buf);
	for (size_t i = 0; i < a->wants.n; i++)
		mp_buf_addf(&buf, "\n%s %lld", a->wants.at[i].name,
			    (long long)a->wants.at[i].value);
	mp_buf_adds(&buf, "\n");
	r = mp_fd_write_all(a->file_fd, text, buf.len, err);
	if (r < 0)
		mp_room_release(a);
	return r;
}

/* ---- what the machine has ------------------------------------------------------------------------- */

/* Memory that was set aside for huge pages is theirs, as the kubelet counts it. */
static void add_hugepages(struct mp_amounts *capacity, int64_t *memory)
{
	static const struct {
		int64_t bytes;
		const char *suffix;
	} units[] = { { 1LL << 30, "Gi" }, { 1LL << 20, "Mi" }, { 1LL << 10, "Ki" } };
	uint64_t sizes[MP_CGROUP_HUGE_MAX];
	const size_t n = mp_cgroup_host_hugepages(sizes);

	for (size_t i = 0; i < n; i++) {
		const int64_t page = (int64_t)sizes[i];
		char name[MP_AMOUNT_NAME_MAX];
		size_t u = 0;

		while (u < MP_ARRAY_SIZE(units) - 1 && page % units[u].bytes != 0)
			u++;
		(void)snprintf(name, sizeof(name), "hugepages-%lld%s",
			       (long long)(page / units[u].bytes), units[u].suffix);

		const int64_t bytes = (int64_t)mp_cgroup_host_reserved(sizes[i]) * page;

		mp_amounts_add(capacity, name, bytes);
		*memory -= bytes;
	}
}

static void read_capacity(const struct mp_supervisor *sv, struct mp_amounts *capacity)
{
	int64_t memory = sv->node.memory_bytes;

	capacity->n = 0;
	mp_amounts_add(capacity, "cpu", sv->node.cpu_milli);
	mp_amounts_add(capacity, "ephemeral-storage", sv->node.ephemeral_bytes);
	add_hugepages(capacity, &memory);
	mp_amounts_add(capacity, "memory", memory);
}

/* ---- trying ----------------------------------------------------------------------------------------- */

static int decide(struct mp_room *a, enum mp_fit *ret, struct mp_error *err)
{
	struct mp_amounts capacity, used = { .n = 0 };
	struct mp_event ev = { .container = -1 };
	const bool names_node =
		a->sv->spec->node_name && *a->sv->spec->node_name && !a->sv->spec->was_scheduled;
	char reason[MP_REASON_MAX], message[MP_MESSAGE_MAX];
	int r = add_up(a, &used, err);

	if (r < 0)
		return r;
	read_capacity(a->sv, &capacity);
	*ret = mp_schedule_decide(&a->wants, &capacity, &used, names_node, reason, message);
	ev.text.reason = reason;
	ev.text.message = message;
	switch (*ret) {
	case MP_FIT_YES:
		return write_own(a, err);
	case MP_FIT_NO_ROOM:
		ev.type = MP_EV_UNSCHEDULABLE;
		break;
	case MP_FIT_REJECTED:
		ev.type = MP_EV_REJECT;
		break;
	}
	mp_supervisor_post(a->sv, &ev);
	return 0;
}

/* The lock of the directory is short: nobody keeps it while it waits for anything. */
static int try(struct mp_room *a, enum mp_fit *ret, struct mp_error *err)
{
	mp_auto_fd lock = openat(a->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return mp_fail(err, errno, "lock the reservations");
	return decide(a, ret, err);
}

static void stop_watching(struct mp_room *a)
{
	mp_loop_remove(&a->changed);
	mp_closep(&a->watch_fd);
	a->look_again_at = MP_NSEC_NEVER;
}

static void look_again(struct mp_room *a)
{
	struct mp_error err = MP_ERROR_NONE;
	enum mp_fit fit = MP_FIT_NO_ROOM;

	a->look_again_at = mp_nsec_add(a->sv->now.mono, LOOK_AGAIN);
	if (try(a, &fit, &err) < 0) {
		mp_supervisor_post(a->sv, &(struct mp_event){ .type = MP_EV_UNSCHEDULABLE,
							      .container = -1,
							      .text = { "", err.msg } });
		return;
	}
	if (fit != MP_FIT_YES)
		return;
	stop_watching(a);
	mp_supervisor_post(a->sv, &(struct mp_event){ .type = MP_EV_SCHEDULED, .container = -1 });
}

static void has_changed(struct mp_source *source, uint32_t events)
{
	struct mp_room *a = mp_container_of(source, struct mp_room, changed);
	char text[TEXT_MAX];

	(void)events;
	while (read(a->watch_fd, text, sizeof(text)) > 0)
		;
	look_again(a);
}

/* Before the first try, so that room which appears after it is not missed. */
static int start_watching(struct mp_room *a, struct mp_error *err)
{
	char path[64];

	a->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (a->watch_fd < 0)
		return mp_fail(err, errno, "watch the reservations");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", a->dir_fd);
	if (inotify_add_watch(a->watch_fd, path, IN_DELETE | IN_MOVED_FROM) < 0)
		return mp_fail(err, errno, "watch the reservations");
	a->changed =
		(struct mp_source){ .fd = a->watch_fd, .events = EPOLLIN, .ready = has_changed };
	return mp_loop_add(a->sv->loop, &a->changed, err);
}

/* ---- life --------------------------------------------------------------------------------------------- */

static int open_dir(struct mp_room *a, struct mp_error *err)
{
	char path[PATH_MAX + 16];
	int r;

	(void)snprintf(path, sizeof(path), "%s/reserved", a->sv->config.roots->run);
	r = mp_dir_make(AT_FDCWD, path, 0700, err);
	if (r < 0)
		return r;
	a->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return a->dir_fd < 0 ? mp_fail(err, errno, "open %s", path) : 0;
}

static int begin(struct mp_room *a, struct mp_error *err)
{
	enum mp_fit fit = MP_FIT_YES;
	int r = open_dir(a, err);

	if (r < 0 || faccessat(a->dir_fd, a->name, F_OK, 0) == 0)
		return r < 0 ? r : lock_own(a, 0, err);
	r = try(a, &fit, err);
	if (r < 0 || fit != MP_FIT_NO_ROOM)
		return r;
	r = start_watching(a, err);
	if (r < 0)
		return r;
	/* Room may have appeared before the watch did: its second answer is the first one's again. */
	look_again(a);
	return 0;
}

int mp_room_new(struct mp_supervisor *sv, struct mp_room **ret, struct mp_error *err)
{
	struct mp_amounts wants;
	struct mp_room *a;
	int r;

	mp_schedule_wants(sv->spec, &wants);
	if (wants.n == 0)
		return 0;
	a = calloc(1, sizeof(*a));
	if (!a)
		return mp_fail(err, ENOMEM, "reserve room for the pod");
	*a = (struct mp_room){ .sv = sv,
			       .wants = wants,
			       .dir_fd = -EBADF,
			       .file_fd = -EBADF,
			       .watch_fd = -EBADF,
			       .look_again_at = MP_NSEC_NEVER };
	(void)snprintf(a->name, sizeof(a->name), "%s", sv->spec->meta.uid);
	r = begin(a, err);
	if (r < 0) {
		mp_room_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void mp_room_release(struct mp_room *a)
{
	if (!a || a->file_fd < 0)
		return;
	(void)unlinkat(a->dir_fd, a->name, 0);
	mp_closep(&a->file_fd);
}

void mp_room_free(struct mp_room *a)
{
	if (!a)
		return;
	mp_room_release(a);
	stop_watching(a);
	mp_closep(&a->dir_fd);
	free(a);
}

mp_nsec mp_room_deadline(const struct mp_room *a)
{
	return a ? a->look_again_at : MP_NSEC_NEVER;
}

void mp_room_expire(struct mp_room *a, mp_nsec now)
{
	if (a && a->look_again_at <= now)
		look_again(a);
}
