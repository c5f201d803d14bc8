/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The turn: collect what happened, apply it, plan once, carry out, arm one deadline. Nothing here
 * knows a rule of pod life.
 */
#include "runtime/supervisor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "cgroups/devices.h"
#include "cgroups/host.h"
#include "runtime/admission.h"
#include "runtime/attempt.h"
#include "runtime/base/clock_io.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/control.h"
#include "runtime/echo.h"
#include "runtime/ip_pool.h"
#include "runtime/mount_root.h"
#include "runtime/node.h"
#include "runtime/object_store.h"
#include "runtime/open_files.h"
#include "runtime/pod_json.h"
#include "runtime/recover.h"
#include "runtime/result.h"
#include "runtime/room.h"
#include "runtime/startup.h"
#include "runtime/status_json.h"
#include "runtime/storage_watch.h"
#include "runtime/trace.h"

/* Clients of the control socket, and the ephemeral containers they may make. */
#define FILES_OF_CLIENTS 512
#define STATUS_DELAY     (20 * MP_NSEC_PER_MS)

/* ---- the queue ------------------------------------------------------------------------------ */

/* Copies a borrowed string into the entry; what does not fit any more is cut. */
static const char *keep(struct mp_queued *q, size_t *used, const char *text)
{
	if (!text)
		return NULL;

	const size_t room = sizeof(q->text) - *used - 1;
	const size_t len = strnlen(text, room);
	char *copy = q->text + *used;

	memcpy(copy, text, len);
	copy[len] = '\0';
	*used += len + (len < room ? 1 : 0);
	return copy;
}

void mp_supervisor_post(struct mp_supervisor *sv, const struct mp_event *ev)
{
	assert(sv->n_queued < MP_QUEUE_MAX);

	struct mp_queued *q = &sv->queue[sv->n_queued++];
	struct mp_event *e = &q->ev;
	size_t used = 0;

	*e = *ev;
	e->text.reason = keep(q, &used, ev->text.reason);
	e->condition.type = keep(q, &used, ev->condition.type);
	e->condition.status = keep(q, &used, ev->condition.status);
	e->condition.reason = keep(q, &used, ev->condition.reason);
	e->condition.message = keep(q, &used, ev->condition.message);
	e->note.reason = keep(q, &used, ev->note.reason);
	e->note.message = keep(q, &used, ev->note.message);
	e->note.ephemeral = keep(q, &used, ev->note.ephemeral);
	e->sandbox.ip = keep(q, &used, ev->sandbox.ip);
	e->sandbox.ip6 = keep(q, &used, ev->sandbox.ip6);
	e->image.resolved = keep(q, &used, ev->image.resolved);
	e->image.id = keep(q, &used, ev->image.id);
	e->image.stop_signal = keep(q, &used, ev->image.stop_signal);
	e->created.id = keep(q, &used, ev->created.id);
	e->hook.fallback_target = keep(q, &used, ev->hook.fallback_target);
	if (ev->created.n_groups > 0) {
		if (e->created.n_groups > MP_ARRAY_SIZE(q->groups))
			e->created.n_groups = MP_ARRAY_SIZE(q->groups);
		memcpy(q->groups, ev->created.groups, e->created.n_groups * sizeof(q->groups[0]));
		e->created.groups = q->groups;
	}
	/* The long ones last, so that a cut cannot cost a short one. */
	e->volume.message = keep(q, &used, ev->volume.message);
	e->exited.message = keep(q, &used, ev->exited.message);
	e->hook.message = keep(q, &used, ev->hook.message);
	e->probe.output = keep(q, &used, ev->probe.output);
	e->text.message = keep(q, &used, ev->text.message);
}

/* ---- files ------------------------------------------------------------------------------------ */

int mp_supervisor_write_pod(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_json w;
	size_t len;
	int r;

	mp_json_init(&w, MP_JSON_COMPACT);
	mp_pod_json_write(&w, sv->spec, NULL);

	const char *text = mp_json_finish(&w, &len, &r);

	if (text)
		r = mp_file_replace(sv->dir.run_fd, "pod.json", text, len, 0600, err);
	else
		r = mp_fail(err, -r, "write pod.json");
	mp_json_done(&w);
	return r;
}

static int write_status(struct mp_supervisor *sv)
{
	const struct mp_status_json status = { .spec = sv->spec,
					       .status = mp_pod_status(sv->pod),
					       .host_ip = sv->node.host_ip,
					       .more = mp_debug_statuses,
					       .more_arg = sv };
	struct mp_error err = MP_ERROR_NONE;
	size_t len;

	mp_json_reset(&sv->status_json);
	mp_status_json_write(&sv->status_json, &status);

	const char *text = mp_json_finish(&sv->status_json, &len, NULL);
	int r = mp_result_note_deletion(sv, &err);

	sv->status_due = MP_NSEC_NEVER;
	if (r == 0 && text)
		r = mp_file_replace(sv->dir.run_fd, "status.json", text, len, 0600, &err);
	if (r < 0 && !sv->has_noted_disk) {
		sv->has_noted_disk = true;
		mp_report_note(&sv->report, "the pod goes on, but its status cannot be written: %s",
			       err.msg);
	}
	mp_control_status(sv->control);
	return r;
}

/* ---- signals ---------------------------------------------------------------------------------- */

static void ask_to_delete(struct mp_supervisor *sv, int signal)
{
	struct mp_event ev = { .type = MP_EV_DELETE, .container = -1 };
	const char *name = signal == SIGINT  ? "Ctrl-C" :
			   signal == SIGHUP  ? "hang-up" :
			   signal == SIGQUIT ? "SIGQUIT" :
					       "SIGTERM";

	sv->n_interrupts++;
	if (sv->n_interrupts == 1) {
		mp_report_note(&sv->report,
			       "%s: deleting the pod with its grace period of %lld s (once more to "
			       "shorten it)",
			       name, (long long)sv->spec->grace_s.v);
	} else {
		ev.remove.grace_s = (struct mp_opt_int){ .v = 0, .is_set = true };
		if (sv->n_interrupts == 2)
			mp_report_note(&sv->report, "%s again: 2 s are left", name);
	}
	mp_supervisor_post(sv, &ev);
}

static void signals_ready(struct mp_source *source, uint32_t events)
{
	struct mp_supervisor *sv = mp_container_of(source, struct mp_supervisor, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (mp_signals_read(sv->signal_fd, &info))
		ask_to_delete(sv, (int)info.ssi_signo);
}

/* ---- facts ---------------------------------------------------------------------------------------- */

struct mp_env_facts mp_env_facts_now(const struct mp_supervisor *sv, const struct mp_image *image)
{
	return (struct mp_env_facts){
		.node = &sv->node,
		.objects = sv->config.objects,
		.pod_ip = sv->ip,
		.pod_ip6 = "",
		.hostname = sv->uts_name,
		.image_env = image ? image->env : NULL,
		.read_file = mp_volume_read_file,
		.read_ctx = sv,
	};
}

static void post_note(struct mp_supervisor *sv, const char *reason, const char *message)
{
	mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_NOTE,
						   .container = -1,
						   .note = { true, reason, message, NULL } });
}

void mp_exec_note_dns(struct mp_supervisor *sv, const struct mp_dns_notes *notes)
{
	if (notes->is_missing_cluster_dns) {
		char text[1536];

		(void)snprintf(text, sizeof(text),
			       "pod: \"%s_%s(%s)\". kubelet does not have ClusterDNS IP configured "
			       "and cannot create Pod using \"%s\" policy. Falling back to "
			       "\"Default\" policy.",
			       sv->spec->meta.name, sv->spec->meta.namespace_, sv->spec->meta.uid,
			       sv->spec->dns_policy);
		post_note(sv, "MissingClusterDNS", text);
	}
	if (notes->nameservers[0])
		post_note(sv, "DNSConfigForming", notes->nameservers);
	if (notes->searches[0])
		post_note(sv, "DNSConfigForming", notes->searches);
}

/* ---- life ------------------------------------------------------------------------------------------ */

int mp_supervisor_note_host(struct mp_supervisor *sv, struct mp_error *err)
{
	sv->host_mnt_ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (sv->host_mnt_ns_fd < 0)
		return mp_fail(err, errno, "open /proc/self/ns/mnt (is /proc mounted?)");
	sv->host_root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	sv->host_cwd_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sv->host_root_fd < 0 || sv->host_cwd_fd < 0)
		return mp_fail(err, errno, "open the working directory");
	return 0;
}

/*
 * Mounts of ours are nobody else's business: volumes live in a namespace that ends with the pod,
 * and containers are cloned from it. What the host mounts later still arrives (slave).
 */
int mp_supervisor_own_mounts(struct mp_supervisor *sv, struct mp_error *err)
{
	const int r = mp_supervisor_note_host(sv, err);

	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0)
		return mp_fail(err, errno, "make a mount namespace");
	sv->mnt_ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (sv->mnt_ns_fd < 0)
		return mp_fail(err, errno, "open our mount namespace");
	return mp_mount_root_enter(sv->mnt_ns_fd, err);
}

/*
 * A tmpfs over the run directory, in our own mount namespace only: /etc/hosts and the like, mount
 * points, tmpfs volumes. Files there cost a twentieth of what they cost on a disk, and end with
 * the namespace. sv->dir.run_fd still names the directory below it, which everybody sees.
 */
int mp_supervisor_private_dir(struct mp_supervisor *sv, struct mp_error *err)
{
	if (mount("minipod", sv->dir.run_path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "mode=0700,size=64m") < 0)
		return mp_fail(err, errno, "mount a tmpfs on %s", sv->dir.run_path);
	sv->private_fd = open(sv->dir.run_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return sv->private_fd < 0 ? mp_fail(err, errno, "open %s", sv->dir.run_path) : 0;
}

/*
 * Our mount namespace ends here, with everything in it: one wait for an RCU grace period instead of
 * one for each mount. It must be over before the run directory, which is covered in it, can go.
 */
static void leave_own_mounts(struct mp_supervisor *sv)
{
	mp_closep(&sv->shm_fd);
	mp_closep(&sv->mnt_ns_fd);
	if (sv->host_root_fd >= 0 && sv->host_cwd_fd >= 0 &&
	    setns(sv->host_mnt_ns_fd, CLONE_NEWNS) == 0 &&
	    (fchdir(sv->host_root_fd) < 0 || chroot(".") < 0 || fchdir(sv->host_cwd_fd) < 0))
		abort(); /* else paths would be looked up where they were not meant to be */
	mp_closep(&sv->private_fd);
}

int mp_supervisor_alloc(struct mp_supervisor *sv, struct mp_error *err)
{
	const size_t n = mp_spec_n_containers(sv->spec);

	if (!sv->pod_mem)
		sv->pod_mem = calloc(1, mp_pod_size(sv->spec));
	sv->queue = calloc(MP_QUEUE_MAX, sizeof(*sv->queue));
	sv->plan.size = MP_PLAN_MIN + 16 * n;
	sv->plan.actions = calloc(sv->plan.size, sizeof(*sv->plan.actions));
	sv->records = calloc(n + MP_DEBUG_MAX, sizeof(struct mp_record *));
	sv->start_errno = calloc(n + MP_DEBUG_MAX, sizeof(*sv->start_errno));
	sv->volumes = calloc(sv->spec->n_volumes + 1, sizeof(*sv->volumes));
	if (!sv->pod_mem || !sv->queue || !sv->plan.actions || !sv->records || !sv->start_errno ||
	    !sv->volumes)
		return mp_fail(err, ENOMEM, "pod state");
	for (size_t i = 0; i < sv->spec->n_volumes; i++)
		sv->volumes[i].fd = -EBADF;
	return 0;
}

int mp_supervisor_open_trace(struct mp_supervisor *sv, const struct mp_pod_config *config,
			     struct mp_error *err)
{
	const struct mp_supervisor_config *c = &sv->config;
	char boot_id[40], link[48], dir[PATH_MAX], result[PATH_MAX + 256];
	struct mp_trace_origin origin = { .boot_id = mp_recovery_boot_id(boot_id),
					  .pod_cidr = c->pod_cidr,
					  .cgroup_root = c->cgroup_root,
					  .seccomp_root = c->seccomp_root,
					  .seccomp_default = c->seccomp_default,
					  .log_max_bytes = c->log_limits.max_bytes,
					  .log_max_files = c->log_limits.max_files,
					  .journal_max_bytes = c->journal_max_bytes };
	ssize_t n = -1;

	if (c->result_name) {
		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", c->result_dir_fd);
		n = readlink(link, dir, sizeof(dir) - 1);
	}
	if (n > 0) {
		dir[n] = '\0';
		(void)snprintf(result, sizeof(result), "%s/%.255s", dir, c->result_name);
		origin.result = result;
	}
	return mp_trace_open(sv->dir.run_fd, sv->spec, config, &origin, sv->now, &sv->trace, err);
}

static void note_full_disk(struct mp_supervisor *sv, int r)
{
	if (r == 0 || sv->has_noted_disk)
		return;
	sv->has_noted_disk = true;
	mp_report_note(&sv->report, "the pod goes on, but its journal cannot be written: %s",
		       strerror(-r));
}

static int make_machine(struct mp_supervisor *sv, struct mp_error *err)
{
	struct mp_pod_config config = { .started_at = sv->now.mono, .is_cold_start = true };
	int r = mp_supervisor_alloc(sv, err);

	if (r < 0)
		return r;
	if (getrandom(&config.seed, sizeof(config.seed), 0) != (ssize_t)sizeof(config.seed))
		return mp_fail(err, errno, "random seed");
	sv->pod = mp_pod_init_zeroed(sv->pod_mem, sv->spec, &config);
	r = mp_supervisor_open_trace(sv, &config, err);
	if (r == 0)
		note_full_disk(sv, mp_trace_flush(sv->trace));
	return r;
}

/* A pod that was not there before. With its pod.json it is there, so that comes last: whoever takes
 * it over finds its objects, and how it is to be run. */
static int begin_new(struct mp_supervisor *sv, struct mp_error *err)
{
	int r = mp_supervisor_own_mounts(sv, err);

	if (r == 0)
		r = mp_log_area_new(&sv->log_area, err);
	if (r == 0)
		r = mp_state_dir_create(sv->config.roots, sv->spec, &sv->dir, err);
	if (r == 0)
		r = mp_supervisor_private_dir(sv, err);
	if (r == 0)
		r = mp_objects_write(sv->dir.run_fd, sv->config.objects, err);
	if (r == 0)
		r = make_machine(sv, err);
	return r == 0 ? mp_supervisor_write_pod(sv, err) : r;
}

static int set_up(struct mp_supervisor *sv, struct mp_error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD };
	static struct mp_node_buf node;
	const struct mp_supervisor_config *c = &sv->config;
	const uint64_t files = mp_open_files_needed(sv->spec);
	int r = mp_open_files_allow(files, files + FILES_OF_CLIENTS, &sv->files_before, err);

	if (r == 0)
		r = mp_signals_open(signals, MP_ARRAY_SIZE(signals) - 1, &sv->old_mask,
				    &sv->signal_fd, err);

	/* An inherited SIG_IGN would make waiting for containers fail: wait(2). */
	(void)signal(SIGCHLD, SIG_DFL);
	/* Nobody who got into the pod may look into us: prctl(2). */
	(void)prctl(PR_SET_DUMPABLE, 0);
	sv->node = mp_node_read(&node);
	(void)snprintf(sv->node_name, sizeof(sv->node_name), "%s", sv->node.node_name);
	(void)snprintf(sv->host_ip, sizeof(sv->host_ip), "%s", sv->node.host_ip);
	if (r == 0)
		r = mp_loop_new(&sv->loop, err);
	if (r == 0) {
		sv->signals = (struct mp_source){ .fd = sv->signal_fd,
						  .events = EPOLLIN,
						  .ready = signals_ready };
		r = mp_loop_add(sv->loop, &sv->signals, err);
	}
	mp_log_zip_init(&sv->log_zip, sv->loop);
	if (r == 0)
		r = c->recovery ? mp_recover_begin(sv, err) : begin_new(sv, err);
	/* In the mount namespace that containers are cloned from: open_tree(2) insists on it. */
	if (r == 0)
		r = mp_image_store_open(c->roots->lib, mp_image_busybox(), &sv->images, err);
	if (r == 0)
		r = mp_control_open(sv, &sv->control, err);
	if (r == 0)
		r = mp_room_new(sv, &sv->room, err);
	sv->storage = r == 0 ? mp_storage_watch_new(sv) : NULL;
	if (r == 0 && c->is_foreground && !c->is_quiet)
		r = mp_echo_new(sv->loop, sv->spec, STDOUT_FILENO, c->has_prefix, c->has_out_color,
				&sv->echo, err);
	if (r == 0)
		mp_admission_check(sv);
	return r;
}

/* One turn without waiting; returns the moment the next one is due. */
static mp_nsec turn(struct mp_supervisor *sv)
{
	sv->now = mp_clock_read();
	for (size_t i = 0; i < sv->n_queued; i++) {
		mp_trace_event(sv->trace, &sv->queue[i].ev, sv->now);
		mp_pod_apply(sv->pod, &sv->queue[i].ev, sv->now);
	}
	sv->n_queued = 0;
	sv->plan.n = 0;
	mp_pod_plan(sv->pod, sv->now, &sv->plan);
	mp_trace_turn(sv->trace, sv->now);
	for (size_t i = 0; i < sv->plan.n; i++)
		mp_trace_action(sv->trace, &sv->plan.actions[i], sv->now);
	/* The journal first: what a dead supervisor had begun must be readable in it. Its end comes last:
	 * where that is read, nothing is left to be done. */
	if (!mp_pod_is_finished(sv->pod))
		note_full_disk(sv, mp_trace_flush(sv->trace));
	mp_exec_spent_cgroups_told(sv);
	for (size_t i = 0; i < sv->plan.n; i++)
		mp_executor_do(sv, &sv->plan.actions[i]);
	/* After what the end of a container leads to: pause ends meanwhile, or the next one starts. */
	mp_exec_remove_spent_cgroups(sv);
	return sv->plan.wake_at;
}

/*
 * Changes come in bursts, and replacing a file on a disk makes the kernel write it out at once.
 * Nobody is told that a foreground pod got somewhere, so what a reader finds may be a little old;
 * the client of a background pod may look as soon as it is told.
 */
static bool may_status_wait(const struct mp_supervisor *sv)
{
	return sv->config.is_foreground && !mp_control_is_watched(sv->control) && sv->notify.fd < 0;
}

static void note_status(struct mp_supervisor *sv)
{
	if (!sv->has_new_status)
		return;
	sv->has_new_status = false;
	mp_notify_status(&sv->notify, sv->spec, mp_pod_status(sv->pod));
	if (sv->status_due == MP_NSEC_NEVER)
		sv->status_due = mp_nsec_add(sv->now.mono, STATUS_DELAY);
}

static void write_due_status(struct mp_supervisor *sv)
{
	const bool may_wait = may_status_wait(sv);

	if (sv->status_due == MP_NSEC_NEVER || (may_wait && sv->status_due > sv->now.mono))
		return;
	/* The last status of a foreground pod would be removed in the same breath. */
	if (!may_wait || !mp_pod_is_finished(sv->pod))
		sv->has_stale_status = write_status(sv) < 0;
}

/* Between turns: everything is told, in the journal as in the machine. */
static void shorten_journal(struct mp_supervisor *sv)
{
	if (mp_trace_wants_checkpoint(sv->trace, sv->config.journal_max_bytes))
		(void)mp_trace_checkpoint(sv->trace, sv->pod, sv->now, NULL);
}

static int supervise(struct mp_supervisor *sv, struct mp_error *err)
{
	for (;;) {
		const mp_nsec wake_at = turn(sv);

		if (sv->failure.code != 0)
			return mp_fail_text(err, sv->failure.code, "%s", sv->failure.msg);
		if (sv->n_queued > 0 || wake_at <= sv->now.mono)
			continue;
		note_status(sv);
		write_due_status(sv);
		mp_control_settle(sv->control);
		mp_startup_check(sv->config.startup, sv->spec, mp_pod_status(sv->pod));
		if (mp_pod_is_finished(sv->pod))
			return 0;
		shorten_journal(sv);
		mp_exec_when_idle(sv);
		/* Output of containers and the like is nothing that a plan depends on; a spec that was
		 * changed from outside is (apply). */
		while (sv->n_queued == 0 && !sv->has_new_status && sv->now.mono < wake_at) {
			mp_loop_arm(sv->loop, mp_nsec_min(mp_nsec_min(wake_at, sv->status_due),
							  mp_executor_deadline(sv)));

			const int r = mp_loop_turn(sv->loop, err);

			if (r < 0)
				return r;
			sv->now = mp_clock_read();
			mp_executor_expire(sv, sv->now.mono);
			write_due_status(sv);
		}
	}
}

static void send_object(struct mp_supervisor *sv)
{
	struct mp_arena arena = { 0 };
	const char *text;

	if (mp_result_text(sv, MP_JSON_COMPACT, &arena, &text, NULL) == 0)
		mp_control_object(sv->control, text);
	mp_arena_done(&arena);
}

static void free_memory(struct mp_supervisor *sv)
{
	mp_json_done(&sv->status_json);
	free(sv->pod_mem);
	free(sv->queue);
	free(sv->plan.actions);
	free(sv->records);
	free(sv->start_errno);
	free(sv->volumes);
}

static void release(struct mp_supervisor *sv)
{
	if (sv->echo)
		mp_echo_flush(sv->echo);
	mp_storage_watch_free(sv->storage);
	mp_room_free(sv->room);
	if (sv->loop) {
		mp_attempts_end(sv->loop);
		mp_log_zip_end(&sv->log_zip);
	}
	mp_exec_stop_pulls(sv);
	mp_echo_free(sv->echo);
	mp_trace_close(sv->trace);
	mp_image_store_close(sv->images);
	mp_device_program_free(sv->devices);
	if (sv->loop)
		mp_loop_remove(&sv->signals);
	mp_loop_free(sv->loop);
	mp_closep(&sv->signal_fd);
	mp_closep(&sv->host_mnt_ns_fd);
	mp_closep(&sv->mnt_ns_fd);
	mp_log_area_free(sv->log_area);
	mp_notify_close(&sv->notify);
	mp_closep(&sv->host_root_fd);
	mp_closep(&sv->host_cwd_fd);
	mp_closep(&sv->shm_fd);
	mp_closep(&sv->ip_fd);
	mp_closep(&sv->user_ids_fd);
	mp_live_done(sv);
	free_memory(sv);
}

int mp_supervisor_config_check(const struct mp_supervisor_config *config, struct mp_error *err)
{
	int r = mp_ip_range_check(config->pod_cidr, err);

	if (r < 0)
		return mp_wrap(err, r, "--pod-cidr");
	r = config->cgroup_root ? mp_cgroup_root_check(config->cgroup_root, err) : 0;
	return r < 0 ? mp_wrap(err, r, "--cgroup-root") : 0;
}

/* A background pod that ended by itself is readable until somebody deletes it. */
static bool stays(const struct mp_supervisor *sv)
{
	return !sv->config.is_foreground && !mp_pod_is_deleting(sv->pod);
}

int mp_supervisor_run(const struct mp_supervisor_config *config, int *ret_code,
		      struct mp_error *err)
{
	struct mp_supervisor sv = {
		.config = *config,
		.spec = config->spec,
		.signal_fd = -EBADF,
		.host_mnt_ns_fd = -EBADF,
		.mnt_ns_fd = -EBADF,
		.host_root_fd = -EBADF,
		.host_cwd_fd = -EBADF,
		.shm_fd = -EBADF,
		.ip_fd = -EBADF,
		.user_ids_fd = -EBADF,
		.private_fd = -EBADF,
		.dir = MP_STATE_DIR_NONE,
		.tear_down_at = MP_NSEC_NEVER,
		.status_due = MP_NSEC_NEVER,
		.now = mp_clock_read(),
		.report = { .out = config->is_quiet || !config->is_foreground ? NULL : stderr,
			    .has_color = config->has_err_color,
			    .start_wall = config->start_wall },
	};
	bool is_gone = false;
	int r;

	mp_live_init(&sv);
	mp_notify_open(&sv.notify);
	mp_json_init(&sv.status_json, MP_JSON_COMPACT);
	r = set_up(&sv, err);
	/* A pod that could not be taken over is left as it is, to be tried again: we only leave. */
	if (r < 0 && config->recovery) {
		free_memory(&sv);
		return r;
	}
	if (r == 0)
		r = supervise(&sv, err);
	if (r < 0) {
		/* Our own failure: nothing of the pod may stay behind. */
		mp_exec_release_all(&sv);
	} else {
		if (sv.echo)
			mp_echo_flush(sv.echo);
		mp_report_table(&sv.report, sv.spec, mp_pod_status(sv.pod));
		*ret_code = mp_report_exit_code(sv.spec, mp_pod_status(sv.pod), sv.start_errno);
		if (config->result_name)
			r = mp_result_write(&sv, err);
		if (r == 0 && stays(&sv) && !sv.has_stale_status)
			note_full_disk(&sv, mp_trace_flush(sv.trace));
		if (mp_control_wants_object(sv.control))
			send_object(&sv);
	}
	leave_own_mounts(&sv);
	if (r < 0 || !stays(&sv)) {
		struct mp_error second = MP_ERROR_NONE;

		if (sv.dir.run_fd >= 0 && (mp_state_dir_remove_data(&sv.dir, &second) < 0 ||
					   mp_state_dir_remove(&sv.dir, &second) < 0))
			mp_report_note(&sv.report, "left behind: %s", second.msg);
		is_gone = second.code == 0;
	}
	mp_control_free(sv.control); /* not before the directory is gone: clients wait for that */
	sv.control = NULL;
	/* For who kept the journal open, or linked it. */
	if (r == 0 && is_gone)
		(void)mp_trace_flush(sv.trace);
	mp_state_dir_close(&sv.dir);
	release(&sv);
	(void)sigprocmask(SIG_SETMASK, &sv.old_mask, NULL);
	return r;
}
