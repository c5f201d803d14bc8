/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is left of a pod to a supervisor that goes on. pause is found by its cgroup, which it
 * was born in; everything else comes from pause and the journal. Without pause (it was killed, or
 * the machine started anew) what still runs is ended, and the machine makes a new sandbox.
 */
#include "runtime/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rootfs/volumes.h"
#include "runtime/assemble.h"
#include "runtime/base/fd.h"
#include "runtime/debug.h"
#include "runtime/exit_status.h"
#include "runtime/ip_pool.h"
#include "runtime/orphan.h"
#include "runtime/record_note.h"
#include "runtime/user_ids.h"

#define STEP_MS      10
#define SILENCES_MAX 2 /* of pause, each of two seconds: it is stopped or frozen */
#define STEPS_MAX \
	200 /* 2 s: whatever a child of the dead supervisor still has to do, it has done */

/* ---- what pause keeps ------------------------------------------------------------------------- */

/* Ours from now on, or -EBADF. */
static int claim(struct mp_recovery *recovery, const char *tag)
{
	for (size_t i = 0; i < recovery->n_kept; i++)
		if (strcmp(recovery->kept[i].tag, tag) == 0)
			return mp_steal_fd(&recovery->kept[i].fd);
	return -EBADF;
}

static void forget_kept(struct mp_recovery *recovery)
{
	for (size_t i = 0; i < recovery->n_kept; i++)
		mp_closep(&recovery->kept[i].fd);
	free(recovery->kept);
	recovery->kept = NULL;
	recovery->n_kept = 0;
}

static int take_kept(struct mp_supervisor *sv, struct mp_error *err)
{
	forget_kept(sv->config.recovery);
	return mp_infra_take_all(sv->infra, &sv->config.recovery->kept,
				 &sv->config.recovery->n_kept, err);
}

/* ---- finding pause ------------------------------------------------------------------------------ */

static int adopt_cgroups(struct mp_supervisor *sv, struct mp_error *err)
{
	char text[512];
	struct mp_buf path = MP_BUF(text);
	int r = mp_exec_open_cgroup_host(sv, err);

	mp_assemble_pod_cgroup(sv->spec, &path);
	if (r == 0)
		r = mp_cgroup_adopt_pod(sv->cgroup_host, text, &sv->pod_cgroup, err);
	if (r == 0)
		r = mp_cgroup_adopt_container(sv->pod_cgroup, "pause", &sv->pause_cgroup, err);
	return r;
}

static void let_cgroups_go(struct mp_supervisor *sv)
{
	mp_cgroup_close(sv->pause_cgroup);
	mp_cgroup_close(sv->pod_cgroup);
	sv->pause_cgroup = sv->pod_cgroup = NULL;
}

/* Who is in its cgroup; it may still be on its way from clone to exec. */
static bool find_pause(struct mp_supervisor *sv)
{
	int n_silent = 0;
	pid_t pids[8];
	size_t n = 0;

	for (int i = 0; i < STEPS_MAX && n_silent < SILENCES_MAX; i++) {
		if (mp_cgroup_pids(sv->pause_cgroup, pids, MP_ARRAY_SIZE(pids), &n, NULL) < 0 ||
		    n == 0)
			return false;
		for (size_t k = 0; k < n && k < MP_ARRAY_SIZE(pids); k++) {
			const int r = mp_infra_adopt(pids[k], &sv->infra, NULL);

			if (r == 0)
				return true;
			n_silent += r == -ETIMEDOUT ? 1 : 0;
		}
		(void)poll(NULL, 0, STEP_MS);
	}
	return false;
}

static bool has_all(const struct mp_recovery *recovery)
{
	static const char *const wanted[] = { MP_KEPT_MOUNTS, MP_KEPT_LOG_MEMORY, MP_KEPT_LOG_STAGE,
					      MP_KEPT_LOG_STAGE_IN };
	size_t n = 0;

	for (size_t i = 0; i < recovery->n_kept; i++)
		for (size_t k = 0; k < MP_ARRAY_SIZE(wanted); k++)
			n += strcmp(recovery->kept[i].tag, wanted[k]) == 0 ? 1 : 0;
	return n == MP_ARRAY_SIZE(wanted);
}

/* Leaves sv->infra NULL, and then nothing of the pod running. */
static int adopt_sandbox(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_recovery *recovery = sv->config.recovery;
	struct mp_error ignored = MP_ERROR_NONE;

	if (recovery->is_same_boot && recovery->revival.pod && adopt_cgroups(sv, &ignored) == 0 &&
	    find_pause(sv) && take_kept(sv, &ignored) == 0 && has_all(recovery))
		return 0;
	forget_kept(recovery);
	mp_infra_free(sv->infra);
	sv->infra = NULL;
	let_cgroups_go(sv);
	return mp_orphan_end(sv->spec->meta.uid, sv->config.cgroup_root, err);
}

/* ---- mounts, logs, names -------------------------------------------------------------------------- */

static int enter_mounts(struct mp_supervisor *sv, struct mp_error *err)
{
	struct stat below, above;
	int r;

	if (!sv->infra) {
		r = mp_supervisor_own_mounts(sv, err);
		return r == 0 ? mp_supervisor_private_dir(sv, err) : r;
	}
	sv->mnt_ns_fd = claim(sv->config.recovery, MP_KEPT_MOUNTS);
	r = mp_supervisor_note_host(sv, err);
	if (r < 0)
		return r;
	if (setns(sv->mnt_ns_fd, CLONE_NEWNS) < 0)
		return mp_fail(err, errno, "enter the pod's mount namespace");
	sv->private_fd = open(sv->dir.run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sv->private_fd < 0 || fstat(sv->private_fd, &above) < 0 ||
	    fstat(sv->dir.run_fd, &below) < 0)
		return mp_fail(err, errno, "open %s", sv->dir.run_path);
	if (above.st_dev == below.st_dev)
		return mp_fail_text(err, ENOENT, "the pod's files are not mounted on %s",
				    sv->dir.run_path);
	return 0;
}

static int take_logs(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_recovery *recovery = sv->config.recovery;

	if (!sv->infra)
		return mp_log_area_new(&sv->log_area, err);

	const int fds[MP_LOG_AREA_FDS] = { claim(recovery, MP_KEPT_LOG_MEMORY),
					   claim(recovery, MP_KEPT_LOG_STAGE),
					   claim(recovery, MP_KEPT_LOG_STAGE_IN) };

	return mp_log_area_adopt(fds, &sv->log_area, err);
}

static int take_names(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_recovery *recovery = sv->config.recovery;
	int r = mp_exec_name_pod(sv, err);

	if (!sv->infra || r < 0)
		return r;
	sv->ip_fd = claim(recovery, MP_KEPT_ADDRESS);
	sv->user_ids_fd = claim(recovery, MP_KEPT_USER_IDS);
	if (sv->spec->host_network)
		(void)snprintf(sv->ip, sizeof(sv->ip), "%s", sv->host_ip);
	else if (sv->ip_fd < 0 || mp_ip_of(sv->ip_fd, sv->ip) < 0)
		return mp_fail_text(err, EINVAL, "pause does not hold the pod's address");
	if (mp_has_user_ns(sv->spec)) {
		mp_auto_fd again = -EBADF;

		r = mp_user_ids_reserve(sv->config.roots, sv->dir.run_fd, sv->spec->meta.uid,
					&sv->user_ids, &again, err);
	}
	return r;
}

/* ---- the machine ---------------------------------------------------------------------------------- */

/* Half a line is cut off, and what was decided and not written down is written down. */
static int mend_journal(const struct mp_supervisor *sv, struct mp_error *err)
{
	const struct mp_revival *revival = &sv->config.recovery->revival;
	mp_auto_fd fd = openat(sv->dir.run_fd, "trace.jsonl",
			       O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)revival->whole) < 0 || lseek(fd, 0, SEEK_END) < 0)
		return mp_fail(err, errno, "mend trace.jsonl");
	return revival->missing_len > 0 ?
		       mp_fd_write_all(fd, revival->missing, revival->missing_len, err) :
		       0;
}

static int revive(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_recovery *recovery = sv->config.recovery;
	struct mp_pod_config config = { .seed = recovery->revival.seed,
					.started_at = sv->now.mono,
					.is_cold_start = !recovery->revival.pod };
	int r;

	sv->pod_mem = recovery->pod_mem;
	recovery->pod_mem = NULL;
	r = mp_supervisor_alloc(sv, err);
	if (r == 0)
		r = mend_journal(sv, err);
	if (r < 0)
		return r;
	/* One that died before its first turn has decided nothing. */
	sv->pod = recovery->revival.pod ? mp_pod_relocate(sv->pod_mem, sv->spec) :
					  mp_pod_init(sv->pod_mem, sv->spec, &config);
	return mp_supervisor_open_trace(sv, &config, err);
}

/* ---- containers ----------------------------------------------------------------------------------- */

static void post_container(struct mp_supervisor *sv, size_t index, struct mp_event *ev)
{
	ev->type = MP_EV_RECOVERED_CONTAINER;
	ev->container = (int)index;
	mp_supervisor_post(sv, ev);
}

static bool runs_in_cgroup(struct mp_supervisor *sv, const struct mp_record *record)
{
	struct mp_cgroup *cg = NULL;
	char name[128];
	bool is_empty;

	if (mp_cgroup_adopt_container(sv->pod_cgroup, mp_record_name(record, name), &cg, NULL) < 0)
		return false;
	is_empty = mp_cgroup_is_empty(cg);
	mp_cgroup_close(cg);
	return !is_empty;
}

/*
 * The pidfd that its process left with pause. A process that was cloned just before its parent died
 * may not have got there yet; where nobody is in the cgroup, there never was one.
 */
static int claim_process(struct mp_supervisor *sv, const struct mp_record *record)
{
	char tag[32];

	(void)mp_record_tag(record, "pid", tag);
	for (int i = 0;; i++) {
		const int fd = claim(sv->config.recovery, tag);

		if (fd >= 0 || i == STEPS_MAX || !runs_in_cgroup(sv, record))
			return fd;
		(void)poll(NULL, 0, STEP_MS);
		/* Those that were claimed before are given again: nobody asks for them twice. */
		if (take_kept(sv, NULL) < 0)
			return -EBADF;
	}
}

static void end_cgroup(struct mp_supervisor *sv, const struct mp_record *record)
{
	struct mp_cgroup *cg = NULL;
	char name[128];

	if (!sv->pod_cgroup ||
	    mp_cgroup_adopt_container(sv->pod_cgroup, mp_record_name(record, name), &cg, NULL) < 0)
		return;
	(void)mp_cgroup_kill(cg, NULL);
	mp_cgroup_close(cg);
}

/* A live record: with its process, or with the news of what became of it. */
static int recover_live(struct mp_supervisor *sv, size_t index, const struct mp_pod_record *kept,
			struct mp_error *err)
{
	struct mp_record *record = NULL;
	struct mp_event news = { .recovered.is_running = false };
	char tag[32];
	int r = mp_record_recover(sv, index, kept, false, &record, err);

	if (r < 0)
		return r;

	const int pidfd = sv->infra ? claim_process(sv, record) : -EBADF;

	if (pidfd >= 0) {
		struct mp_record *whole = NULL;
		int fds[MP_STREAM_N];

		for (int i = 0; i < MP_STREAM_N; i++) {
			const char *what = mp_record_stream_tag((enum mp_record_stream)i);

			fds[i] = claim(sv->config.recovery, mp_record_tag(record, what, tag));
		}
		r = mp_record_recover(sv, index, kept, true, &whole, err);
		if (r == 0) {
			mp_record_free(record);
			record = whole;
			r = mp_record_adopt(record, pidfd, fds, err);
		} else {
			(void)close(pidfd);
			for (int i = 0; i < MP_STREAM_N; i++)
				mp_closep(&fds[i]);
		}
		record->next = sv->records[index];
		sv->records[index] = record;
		return r;
	}
	record->next = sv->records[index];
	sv->records[index] = record;
	news.recovered.has_not_begun = sv->infra && !runs_in_cgroup(sv, record);
	end_cgroup(sv, record);
	post_container(sv, index, &news);
	return 0;
}

/* An ephemeral container: the machine knows nothing of it. */
static int recover_ephemeral(struct mp_supervisor *sv, size_t index, const char *id)
{
	struct mp_pod_record kept = { .is_live = true };
	struct mp_record *record = NULL;
	char tag[64];
	int fds[MP_STREAM_N], pidfd, r;

	(void)snprintf(kept.id, sizeof(kept.id), "%.64s", id);
	(void)snprintf(tag, sizeof(tag), "%.12s.pid", id);
	pidfd = claim(sv->config.recovery, tag);
	if (pidfd < 0)
		return -ESRCH;
	for (int i = 0; i < MP_STREAM_N; i++) {
		(void)snprintf(tag, sizeof(tag), "%.12s.%s", id,
			       mp_record_stream_tag((enum mp_record_stream)i));
		fds[i] = claim(sv->config.recovery, tag);
	}
	r = mp_record_recover(sv, index, &kept, true, &record, NULL);
	if (r < 0) {
		(void)close(pidfd);
		for (int i = 0; i < MP_STREAM_N; i++)
			mp_closep(&fds[i]);
		return r;
	}
	sv->records[index] = record;
	return mp_record_adopt(record, pidfd, fds, NULL);
}

static int recover_dead(struct mp_supervisor *sv, size_t index, const struct mp_pod_record *kept,
			struct mp_error *err)
{
	struct mp_record *record = NULL;
	const int r = mp_record_recover(sv, index, kept, false, &record, err);

	if (r < 0)
		return r;
	record->next = sv->records[index];
	sv->records[index] = record;
	return 0;
}

static int recover_records(struct mp_supervisor *sv, struct mp_error *err)
{
	const size_t n = mp_spec_n_containers(sv->spec);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		struct mp_pod_record kept[MP_POD_RECORDS_MAX];

		for (size_t k = mp_pod_records(sv->pod, i, kept); k > 0 && r == 0; k--)
			r = kept[k - 1].is_live ? recover_live(sv, i, &kept[k - 1], err) :
						  recover_dead(sv, i, &kept[k - 1], err);
	}
	if (r < 0)
		return r;
	if (sv->infra)
		mp_debug_recover(sv, recover_ephemeral);
	/* All logs are adopted: what was on its way to one of them has arrived. */
	mp_log_area_settle(sv->log_area);
	for (size_t i = 0; i < n; i++) {
		struct mp_event news = { .recovered.is_running = true };

		if (!sv->records[i] || !sv->records[i]->is_running)
			continue;
		if (mp_record_collect_exit(sv->records[i], &news)) {
			news.recovered.is_running = false;
			news.recovered.is_known = !news.exited.is_unknown;
		}
		post_container(sv, i, &news);
	}
	return 0;
}

/* An image that was applied, and its supervisor died before it told the machine. */
static void post_other_images(struct mp_supervisor *sv)
{
	const struct mp_revival *revival = &sv->config.recovery->revival;

	for (size_t i = 0; i < mp_spec_n_containers(sv->spec); i++)
		if (revival->is_other_image[i])
			mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_DEFINITION_CHANGED,
								   .container = (int)i });
}

/* ---- what nobody knows any more ------------------------------------------------------------------- */

static bool is_known_record(const struct mp_supervisor *sv, const char *digits)
{
	for (size_t i = 0; i < mp_n_records(sv); i++)
		for (const struct mp_record *r = sv->records[i]; r; r = r->next)
			if (strncmp(r->id, digits, 12) == 0)
				return true;
	return false;
}

static bool is_known_termination_file(const struct mp_supervisor *sv, const char *name)
{
	for (size_t i = 0; i < mp_n_records(sv); i++)
		for (const struct mp_record *r = sv->records[i]; r; r = r->next)
			if (strcmp(r->termination_file, name) == 0)
				return true;
	return false;
}

static bool is_hex(const char *text, size_t digits)
{
	return strspn(text, "0123456789abcdef") == digits && text[digits] == '\0';
}

static void sweep(struct mp_supervisor *sv, int dir_fd)
{
	const int fd = dir_fd >= 0 ? openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		(void)close(fd);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		const char *name = e->d_name;

		if (is_hex(name, 12) && !is_known_record(sv, name))
			(void)mp_volume_remove(dir_fd, name, NULL);
		else if ((is_hex(name, 8) && !is_known_termination_file(sv, name)) ||
			 (mp_starts_with(name, "record-") &&
			  !is_known_record(sv, name + strlen("record-"))))
			(void)unlinkat(dir_fd, name, 0);
	}
	if (d)
		(void)closedir(d);
}

/* Records whose removal, or whose making, was cut short. */
static void sweep_records(struct mp_supervisor *sv)
{
	struct mp_recovery *recovery = sv->config.recovery;

	sweep(sv, sv->dir.lib_fd);
	sweep(sv, sv->private_fd);
	for (size_t i = 0; sv->infra && i < recovery->n_kept; i++) {
		const char *tag = recovery->kept[i].tag;

		if (strspn(tag, "0123456789abcdef") == 12 && tag[12] == '.' &&
		    !is_known_record(sv, tag))
			(void)mp_infra_drop(sv->infra, tag, NULL);
	}
}

/* ---- all of it ------------------------------------------------------------------------------------ */

int mp_recover_begin(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_recovery *recovery = sv->config.recovery;
	struct mp_error ignored = MP_ERROR_NONE;
	int r;

	sv->dir = recovery->dir;
	recovery->dir = MP_STATE_DIR_NONE;
	r = adopt_sandbox(sv, err);
	if (r == 0)
		r = enter_mounts(sv, err);
	mp_state_dir_reopen(&sv->dir);
	if (r == 0)
		r = take_logs(sv, err);
	if (r == 0)
		r = take_names(sv, err);
	if (r == 0)
		r = revive(sv, err);
	if (r < 0 || !recovery->revival.pod)
		return r;
	if (sv->infra) {
		/* One that cannot be had again is missed when a container is next made. */
		mp_exec_find_huge_pages(sv);
		mp_exec_reopen_volumes(sv);
		(void)mp_exec_make_shm(sv, &ignored);
		r = mp_exec_watch_sandbox(sv, err);
	}
	if (r == 0)
		r = recover_records(sv, err);
	if (r < 0)
		return r;
	post_other_images(sv);
	sweep_records(sv);
	forget_kept(recovery);
	mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_RECOVERED,
						   .container = -1,
						   .sandbox = { .ip = sv->infra ? sv->ip : "",
								.is_alive = sv->infra != NULL } });
	return 0;
}
