/* SPDX-License-Identifier: Apache-2.0 */
/* The pod's environment: its cgroup, its sandbox, and taking everything down again. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "rootfs/volumes.h"
#include "runtime/assemble.h"
#include "runtime/attempt.h"
#include "runtime/base/fd.h"
#include "runtime/ip_pool.h"
#include "runtime/room.h"
#include "runtime/storage_watch.h"
#include "runtime/supervisor.h"
#include "runtime/user_ids.h"

#define SHM_BYTES ((uint64_t)64 * 1024 * 1024)

static void post_text(struct mp_supervisor *sv, enum mp_event_type type, const char *reason,
		      const char *message)
{
	mp_supervisor_post(sv, &(struct mp_event){ .type = type,
						   .container = -1,
						   .text = { reason, message } });
}

static void post(struct mp_supervisor *sv, enum mp_event_type type)
{
	mp_supervisor_post(sv, &(struct mp_event){ .type = type, .container = -1 });
}

/* ---- cgroup and directories ------------------------------------------------------------------ */

/*
 * Which page sizes to limit: all of them as soon as there is one page that somebody could take or
 * the pod asks for some. Otherwise the controller, which costs at every start, has nothing to do.
 */
void mp_exec_find_huge_pages(struct mp_supervisor *sv)
{
	const size_t n = mp_cgroup_host_hugepages(sv->huge_pages);
	bool is_needed = mp_assemble_wants_hugepages(sv->spec);

	for (size_t i = 0; i < n && !is_needed; i++)
		is_needed = mp_cgroup_host_has(sv->cgroup_host, MP_CGROUP_HUGETLB) &&
			    mp_cgroup_host_reserved(sv->huge_pages[i]) > 0;
	sv->n_huge_pages = is_needed ? n : 0;
}

int mp_exec_open_cgroup_host(struct mp_supervisor *sv, struct mp_error *err)
{
	const struct mp_cgroup_host_config config = { .root = sv->config.cgroup_root };

	return sv->cgroup_host ? 0 : mp_cgroup_host_open(&config, &sv->cgroup_host, err);
}

static struct mp_cgroup_limits pod_limits(struct mp_supervisor *sv,
					  struct mp_cgroup_hugetlb hugetlb[MP_CGROUP_HUGE_MAX])
{
	struct mp_cgroup_limits limits = mp_assemble_pod_limits(sv->spec);

	mp_assemble_hugetlb(sv->spec, -1, sv->huge_pages, sv->n_huge_pages, hugetlb);
	limits.hugetlb = hugetlb;
	limits.n_hugetlb = sv->n_huge_pages;
	return limits;
}

static int open_cgroups(struct mp_supervisor *sv, struct mp_error *err)
{
	const struct mp_cgroup_limits pause = { .level = MP_CGROUP_LEVEL_CONTAINER,
						.is_idle = true };
	struct mp_cgroup_hugetlb hugetlb[MP_CGROUP_HUGE_MAX];
	char text[512];
	struct mp_buf path = MP_BUF(text);
	int r = mp_exec_open_cgroup_host(sv, err);

	if (r == 0)
		mp_exec_find_huge_pages(sv);

	const struct mp_cgroup_limits limits = pod_limits(sv, hugetlb);

	text[0] = '\0';
	mp_assemble_pod_cgroup(sv->spec, &path);
	if (r == 0 && !sv->pod_cgroup)
		r = mp_cgroup_begin_pod(sv->cgroup_host, text, &limits, &sv->pod_cgroup, err);
	if (r == 0 && !sv->pause_cgroup)
		r = mp_cgroup_open_container(sv->pod_cgroup, "pause", &pause, &sv->pause_cgroup,
					     err);
	sv->has_stale_shares = r == 0 && sv->spec->qos != MP_QOS_GUARANTEED;
	return r;
}

static int complete_cgroups(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_cgroup_hugetlb hugetlb[MP_CGROUP_HUGE_MAX];
	const struct mp_cgroup_limits limits = pod_limits(sv, hugetlb);

	return mp_cgroup_complete_pod(sv->pod_cgroup, &limits, err);
}

static void refresh_shares(struct mp_supervisor *sv)
{
	/* A parent that cannot be written keeps the shares it has: nothing else depends on them. */
	if (sv->cgroup_host && sv->spec->qos != MP_QOS_GUARANTEED)
		(void)mp_cgroup_refresh_shared(
			sv->cgroup_host,
			sv->spec->qos == MP_QOS_BURSTABLE ? "burstable" : "besteffort", NULL);
	sv->has_stale_shares = false;
}

void mp_exec_when_idle(struct mp_supervisor *sv)
{
	bool is_running = false;

	for (size_t i = 0; i < mp_spec_n_containers(sv->spec) && sv->has_stale_shares; i++)
		is_running = is_running || (sv->records[i] && sv->records[i]->is_running);
	if (is_running)
		refresh_shares(sv);
}

void mp_exec_prepare_pod(struct mp_supervisor *sv)
{
	struct mp_error err = MP_ERROR_NONE;
	char text[MP_ERROR_MSG_MAX + 64];

	if (open_cgroups(sv, &err) < 0) {
		(void)snprintf(text, sizeof(text), "unable to ensure pod container exists: %s",
			       err.msg);
		post_text(sv, MP_EV_POD_PREPARE_FAILED, "FailedCreatePodContainer", text);
		return;
	}
	post(sv, MP_EV_POD_PREPARED);
}

/* ---- sandbox --------------------------------------------------------------------------------- */

static void reap_infra(struct mp_supervisor *sv)
{
	siginfo_t info;

	mp_loop_remove(&sv->infra_died);
	/* Readable already; and one that we adopted is reaped by somebody else. */
	(void)waitid(P_PIDFD, (id_t)mp_infra_pidfd(sv->infra), &info, WEXITED);
	mp_infra_free(sv->infra);
	sv->infra = NULL;
}

static void infra_died(struct mp_source *source, uint32_t events)
{
	struct mp_supervisor *sv = mp_container_of(source, struct mp_supervisor, infra_died);

	(void)events;
	reap_infra(sv);
	post(sv, sv->is_stopping_sandbox ? MP_EV_SANDBOX_STOPPED : MP_EV_SANDBOX_DIED);
	sv->is_stopping_sandbox = false;
}

static uint64_t sandbox_namespaces(const struct mp_pod_spec *spec)
{
	uint64_t flags = 0;

	if (!spec->host_network)
		flags |= CLONE_NEWNET | CLONE_NEWUTS;
	if (!spec->host_ipc)
		flags |= CLONE_NEWIPC;
	if (spec->share_process_namespace == MP_TRUE)
		flags |= CLONE_NEWPID;
	if (mp_has_user_ns(spec))
		flags |= CLONE_NEWUSER;
	return flags;
}

#define SYSCTLS_MAX 64

static bool has_sysctl(const struct mp_pod_security *security, const char *name)
{
	for (size_t i = 0; i < security->n_sysctls; i++)
		if (mp_streq(security->sysctls[i].key, name))
			return true;
	return false;
}

/*
 * The runtime's own defaults of pods with a network of their own (9.5), then the pod's. A range of
 * groups that a user namespace does not map is not a valid one there.
 */
static size_t collect_sysctls(const struct mp_pod_spec *spec, struct mp_infra_sysctl *ret)
{
	static const struct mp_infra_sysctl defaults[] = {
		{ "net.ipv4.ip_unprivileged_port_start", "0" },
		{ "net.ipv4.ping_group_range", "0 2147483647" },
	};
	size_t n = 0;

	const size_t n_defaults = spec->host_network ? 0 : mp_has_user_ns(spec) ? 1 : 2;

	for (size_t i = 0; i < n_defaults; i++)
		if (!has_sysctl(&spec->security, defaults[i].name))
			ret[n++] = defaults[i];
	for (size_t i = 0; i < spec->security.n_sysctls && n < SYSCTLS_MAX; i++)
		ret[n++] = (struct mp_infra_sysctl){ spec->security.sysctls[i].key,
						     spec->security.sysctls[i].value };
	return n;
}

int mp_exec_make_shm(struct mp_supervisor *sv, struct mp_error *err)
{
	if (sv->shm_fd >= 0)
		return 0;
	if (sv->spec->host_ipc) {
		sv->shm_fd = open("/dev/shm", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return sv->shm_fd < 0 ? mp_fail(err, errno, "open /dev/shm") : 0;
	}
	return mp_volume_tmpfs(sv->private_fd, "shm", SHM_BYTES, 01777, &sv->shm_fd, err);
}

#define MP_SPARES_MAX (MP_LOG_AREA_FDS + 3)

/*
 * What a successor of this supervisor needs beside the containers' own: the mount namespace with
 * the pod's volumes, the address, and the logs' memory. recover.c takes them back.
 */
static size_t collect_spares(const struct mp_supervisor *sv, struct mp_infra_spare *ret)
{
	static const char *const logs[MP_LOG_AREA_FDS] = { MP_KEPT_LOG_MEMORY, MP_KEPT_LOG_STAGE,
							   MP_KEPT_LOG_STAGE_IN };
	size_t n = 0;

	ret[n++] = (struct mp_infra_spare){ MP_KEPT_MOUNTS, sv->mnt_ns_fd };
	if (sv->ip_fd >= 0)
		ret[n++] = (struct mp_infra_spare){ MP_KEPT_ADDRESS, sv->ip_fd };
	if (sv->user_ids_fd >= 0)
		ret[n++] = (struct mp_infra_spare){ MP_KEPT_USER_IDS, sv->user_ids_fd };
	for (size_t i = 0; i < MP_LOG_AREA_FDS; i++)
		ret[n++] = (struct mp_infra_spare){ logs[i], mp_log_area_fds(sv->log_area)[i] };
	return n;
}

int mp_exec_name_pod(struct mp_supervisor *sv, struct mp_error *err)
{
	const int r = mp_pod_hostname(sv->spec, sv->node_name, sv->hostname, err);

	return r == 0 ? mp_pod_node_name(sv->spec, sv->node_name, sv->uts_name, err) : r;
}

int mp_exec_watch_sandbox(struct mp_supervisor *sv, struct mp_error *err)
{
	sv->infra_died = (struct mp_source){ .fd = mp_infra_pidfd(sv->infra),
					     .events = EPOLLIN,
					     .ready = infra_died };
	return mp_loop_add(sv->loop, &sv->infra_died, err);
}

int mp_exec_user_ids(struct mp_supervisor *sv, struct mp_error *err)
{
	if (!mp_has_user_ns(sv->spec) || sv->user_ids > 0)
		return 0;
	return mp_user_ids_reserve(sv->config.roots, sv->dir.run_fd, sv->spec->meta.uid,
				   &sv->user_ids, &sv->user_ids_fd, err);
}

static int create_sandbox(struct mp_supervisor *sv, int attempt, struct mp_error *err)
{
	const struct mp_pod_spec *spec = sv->spec;
	struct mp_infra_sysctl sysctls[SYSCTLS_MAX];
	struct mp_infra_config config = {
		.unshare = sandbox_namespaces(spec),
		.sysctls = sysctls,
		.n_sysctls = collect_sysctls(spec, sysctls),
		.has_oom_score_adj = true,
		.oom_score_adj = -998,
	};
	struct mp_infra_spare spares[MP_SPARES_MAX];
	struct mp_cgroup_join join;
	int tasks[MP_CGROUP_JOIN_MAX + 1];
	int r;

	r = mp_exec_name_pod(sv, err);
	if (r == 0)
		r = mp_exec_user_ids(sv, err);
	if (r == 0 && !spec->host_network && !sv->ip[0])
		r = mp_ip_reserve(sv->config.pod_cidr, spec->meta.uid, sv->ip, &sv->ip_fd, err);
	if (r < 0)
		return r;
	if (spec->host_network)
		(void)snprintf(sv->ip, sizeof(sv->ip), "%s", sv->host_ip);
	else {
		config.hostname = sv->uts_name;
		config.ips[config.n_ips++] = sv->ip;
	}
	config.ids = (struct mp_idmap_range){ 0, sv->user_ids, MP_USER_IDS_COUNT };
	mp_cgroup_get_join(sv->pause_cgroup, &join);
	memcpy(tasks, join.tasks, sizeof(join.tasks));
	if (join.cpu_tasks >= 0)
		tasks[join.n_tasks++] = join.cpu_tasks;
	config.cgroup_tasks_fds = tasks;
	config.n_cgroup_tasks_fds = join.n_tasks;
	config.cgroup_fd = join.dir_fd;
	config.spares = spares;
	config.n_spares = collect_spares(sv, spares);
	r = mp_infra_create(&config, &sv->infra, err);
	if (r < 0)
		return r;
	/* The network namespace is made beside us; meanwhile there is something to do here. */
	r = complete_cgroups(sv, err);
	if (r == 0)
		r = mp_exec_make_shm(sv, err);
	if (r == 0 && attempt == 0)
		mp_record_build_ahead(sv);
	if (r == 0)
		r = mp_infra_wait_ready(sv->infra, err);
	if (r == 0) {
		r = mp_exec_watch_sandbox(sv, err);
		if (r < 0) {
			siginfo_t info;

			(void)mp_infra_kill(sv->infra, NULL);
			(void)waitid(P_PIDFD, (id_t)mp_infra_pidfd(sv->infra), &info, WEXITED);
		}
	}
	if (r < 0) {
		mp_record_drop_ahead(sv);
		mp_infra_free(sv->infra);
		sv->infra = NULL;
	}
	return r;
}

void mp_exec_create_sandbox(struct mp_supervisor *sv, int attempt)
{
	struct mp_error err = MP_ERROR_NONE;

	if (create_sandbox(sv, attempt, &err) < 0) {
		post_text(sv, MP_EV_SANDBOX_FAILED, "FailedCreatePodSandBox", err.msg);
		return;
	}
	mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_SANDBOX_READY,
						   .container = -1,
						   .sandbox = { .ip = sv->ip } });
}

void mp_exec_stop_sandbox(struct mp_supervisor *sv)
{
	struct mp_error err = MP_ERROR_NONE;

	for (size_t i = 0; i < mp_n_records(sv); i++)
		if (sv->records[i] && sv->records[i]->is_running)
			mp_exec_kill(sv, i);
	if (!sv->infra) {
		post(sv, MP_EV_SANDBOX_STOPPED);
		return;
	}
	sv->is_stopping_sandbox = true;
	if (mp_infra_kill(sv->infra, &err) < 0)
		post_text(sv, MP_EV_SANDBOX_STOP_FAILED, "FailedKillPod", err.msg);
	/* Its namespaces take their time to end; what ended containers wrote can go meanwhile. */
	for (size_t i = 0; i < mp_n_records(sv); i++)
		for (struct mp_record *record = sv->records[i]; record; record = record->next)
			if (!record->is_running && record->overlay_fd < 0)
				mp_record_drop_layer(record);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void free_records(struct mp_supervisor *sv)
{
	mp_record_drop_ahead(sv);
	for (size_t i = 0; i < mp_n_records(sv); i++) {
		while (sv->records[i]) {
			struct mp_record *next = sv->records[i]->next;

			mp_record_drop_layer(sv->records[i]);
			mp_record_free(sv->records[i]);
			sv->records[i] = next;
		}
	}
}

static void remove_volumes(struct mp_supervisor *sv)
{
	for (size_t i = 0; i < sv->spec->n_volumes; i++) {
		mp_closep(&sv->volumes[i].fd);
		sv->volumes[i].is_ready = false;
	}
	mp_exec_remove_volumes(sv);
	mp_closep(&sv->shm_fd); /* the mount goes with our namespace */
}

/* True when nothing of @cg is left. */
static bool remove_cgroup(struct mp_cgroup **cg, struct mp_error *err)
{
	enum mp_cgroup_state state = MP_CGROUP_GONE;

	if (!*cg)
		return true;
	if (mp_cgroup_remove(*cg, &state, err) < 0)
		return false;
	if (state == MP_CGROUP_BUSY) {
		/* Nothing starts in it any more. Whoever is left may be nobody's: an ephemeral
		 * container of a supervisor that died. */
		(void)mp_cgroup_kill(*cg, NULL);
		return false;
	}
	mp_cgroup_close(*cg);
	*cg = NULL;
	return true;
}

bool mp_exec_try_tear_down(struct mp_supervisor *sv, struct mp_error *err)
{
	mp_exec_stop_pulls(sv);
	mp_storage_watch_free(sv->storage);
	sv->storage = NULL;
	free_records(sv);
	remove_volumes(sv);
	if (!remove_cgroup(&sv->pause_cgroup, err) || !remove_cgroup(&sv->pod_cgroup, err))
		return false;
	refresh_shares(sv);
	mp_room_release(sv->room);
	mp_cgroup_host_close(sv->cgroup_host);
	sv->cgroup_host = NULL;
	mp_closep(&sv->ip_fd);
	mp_user_ids_release(sv->dir.run_fd);
	mp_closep(&sv->user_ids_fd);
	sv->user_ids = 0;
	return mp_state_dir_remove_data(&sv->dir, err) == 0;
}

void mp_exec_tear_down(struct mp_supervisor *sv)
{
	struct mp_error err = MP_ERROR_NONE;

	sv->tear_down_at = MP_NSEC_NEVER;
	if (mp_exec_try_tear_down(sv, &err)) {
		post(sv, MP_EV_TORN_DOWN);
		return;
	}
	if (sv->n_tear_downs == 0 && err.code != 0)
		mp_report_note(&sv->report, "cleaning up: %s (trying again)", err.msg);
	/* The last processes are still dying: 1, 2, 4 ... 1024 ms. */
	sv->tear_down_at = mp_nsec_add(
		sv->now.mono, MP_NSEC_PER_MS << (sv->n_tear_downs < 10 ? sv->n_tear_downs : 10));
	sv->n_tear_downs++;
}

void mp_exec_release_all(struct mp_supervisor *sv)
{
	for (size_t i = 0; sv->records && i < mp_n_records(sv); i++)
		for (struct mp_record *record = sv->records[i]; record; record = record->next)
			mp_record_end(record);
	if (sv->infra) {
		(void)mp_infra_kill(sv->infra, NULL);
		reap_infra(sv);
	}
	if (sv->loop)
		mp_attempts_end(sv->loop);
	for (int tries = 0; sv->records && tries < 200 && !mp_exec_try_tear_down(sv, NULL);
	     tries++) {
		const struct timespec ten_ms = { .tv_nsec = 10 * MP_NSEC_PER_MS };

		/* Supervision is over: nothing else is waiting for this thread. */
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ten_ms, NULL);
	}
}
