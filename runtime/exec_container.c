/* SPDX-License-Identifier: Apache-2.0 */
/* A container record's life as a process: start, signal, kill, exit, removal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups/events.h"
#include "rootfs/enter.h"
#include "rootfs/volumes.h"
#include "runtime/assemble.h"
#include "runtime/attempt.h"
#include "runtime/base/sys.h"
#include "runtime/container_io.h"
#include "runtime/control.h"
#include "runtime/echo.h"
#include "runtime/exit_status.h"
#include "runtime/net_check.h"
#include "runtime/record_note.h"
#include "runtime/supervisor.h"

#define FILE_MESSAGE_BYTES ((size_t)4096)
#define LOG_MESSAGE_BYTES  ((size_t)2048)
#define LOG_MESSAGE_LINES  ((size_t)80)

void mp_exec_create_container(struct mp_supervisor *sv, size_t index, int64_t restart_count)
{
	struct mp_error err = MP_ERROR_NONE;
	struct mp_record *record = NULL;
	const char *reason = "CreateContainerError";
	int64_t groups[32];
	size_t n = 0;

	record = mp_record_take_ahead(sv, index, restart_count);
	if (!record && mp_record_build(sv, index, restart_count, &record, &reason, &err) < 0) {
		mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_CREATE_FAILED,
							   .container = (int)index,
							   .text = { reason, err.msg } });
		return;
	}
	record->next = sv->records[index];
	sv->records[index] = record;
	for (; n < record->process.n_groups && n < MP_ARRAY_SIZE(groups); n++)
		groups[n] = record->process.groups[n];
	mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_CREATED,
						   .container = (int)index,
						   .created = { .id = record->id,
								.uid = record->uid,
								.gid = record->gid,
								.groups = groups,
								.n_groups = n } });
}

/* ---- start ----------------------------------------------------------------------------------- */

static void log_wrote(void *ctx)
{
	struct mp_record *record = ctx;

	if (record->sv->echo && record->index < mp_spec_n_containers(record->sv->spec))
		mp_echo_more(record->sv->echo, record->index);
}

static void log_read(void *ctx, enum mp_cri_stream stream, const char *bytes, size_t n)
{
	const struct mp_record *record = ctx;

	mp_control_output(record->sv->control, record, stream, bytes, n);
}

/* Not of a recovery: those have no echo, and no pump in their record yet. */
static void log_opened(void *ctx)
{
	struct mp_record *record = ctx;

	if (record->sv->echo && record->index < mp_spec_n_containers(record->sv->spec))
		mp_echo_open(record->sv->echo, record->index, mp_log_pump_fd(record->log));
}

static void log_failed(void *ctx, const struct mp_error *err)
{
	const struct mp_record *record = ctx;

	mp_report_note(&record->sv->report, "output of container %s is lost: %s",
		       record->sv->spec->containers[record->index].name, err->msg);
}

static int log_dir(void *ctx, struct mp_error *err)
{
	struct mp_record *record = ctx;
	const int r = mp_state_dir_logs(&record->sv->dir, err);

	return r < 0 ? r : record->sv->dir.log_fd;
}

struct mp_log_pump_config mp_record_log_config(struct mp_record *record)
{
	struct mp_supervisor *sv = record->sv;

	(void)mp_record_dir_name(record->id, record->log_tag);
	return (struct mp_log_pump_config){ .loop = sv->loop,
					    .area = sv->log_area,
					    .tag = record->log_tag,
					    .dir = log_dir,
					    .container = sv->spec->containers[record->index].name,
					    .restart_count = record->restart_count,
					    .limits = sv->config.log_limits,
					    .zip = &sv->log_zip,
					    .opened = log_opened,
					    .wrote = log_wrote,
					    .failed = log_failed,
					    .tap = log_read,
					    .ctx = record };
}

/* ---- what pause keeps of it -------------------------------------------------------------------- */

char *mp_record_tag(const struct mp_record *record, const char *what, char buf[32])
{
	(void)snprintf(buf, 32, "%.12s.%s", record->id, what);
	return buf;
}

static const char *const stream_tags[MP_STREAM_N] = {
	[MP_STREAM_OUT] = "out",      [MP_STREAM_ERR] = "err", [MP_STREAM_INPUT] = "in",
	[MP_STREAM_TERMINAL] = "tty", [MP_STREAM_LOG] = "log",
};

const char *mp_record_stream_tag(enum mp_record_stream stream)
{
	return stream_tags[stream];
}

/*
 * Before there is a process: whoever reads its output next needs the pipes. A pause that takes
 * nothing, being frozen, is no reason not to start.
 */
static void keep_streams(const struct mp_record *record)
{
	int fds[MP_STREAM_N];
	char tag[32];

	mp_log_pump_pipes(record->log, fds + MP_STREAM_OUT);
	mp_container_io_fds(record->io, fds + MP_STREAM_INPUT);
	for (size_t i = 0; i < MP_STREAM_N; i++)
		if (fds[i] >= 0)
			(void)mp_infra_keep(record->sv->infra,
					    mp_record_tag(record, stream_tags[i], tag), fds[i],
					    NULL);
}

/* Nobody will write into them or read from them any more. */
static void drop_streams(const struct mp_record *record)
{
	const struct mp_container_spec *c = &record->sv->spec->containers[record->index];
	const size_t n = c->stdin_ || c->tty ? MP_STREAM_N : MP_STREAM_INPUT;
	char tag[32];

	for (size_t i = 0; record->sv->infra && i < n; i++)
		(void)mp_infra_drop(record->sv->infra, mp_record_tag(record, stream_tags[i], tag),
				    NULL);
}

void mp_record_detached(const struct mp_record *record)
{
	char tag[32];

	mp_container_io_detached(record->io);
	/* Where pause still held it the container would wait for more. */
	if (mp_container_io_input(record->io) < 0 && record->sv->infra)
		(void)mp_infra_drop(record->sv->infra,
				    mp_record_tag(record, stream_tags[MP_STREAM_INPUT], tag), NULL);
}

static void drop_pidfd(const struct mp_record *record)
{
	char tag[32];

	if (record->sv->infra)
		(void)mp_infra_drop(record->sv->infra, mp_record_tag(record, "pid", tag), NULL);
}

static void finish_log(const struct mp_record *record)
{
	if (!record->log)
		return;
	mp_log_pump_finish(record->log);
	drop_streams(record);
}

static struct mp_container_io_config io_config(struct mp_record *record, uid_t owner)
{
	const struct mp_container_spec *c = &record->sv->spec->containers[record->index];

	return (struct mp_container_io_config){ .loop = record->sv->loop,
						.rootfs = record->rootfs,
						.log = record->log,
						.owner = owner,
						.has_stdin = c->stdin_,
						.is_stdin_once = c->stdin_once,
						.is_tty = c->tty };
}

static int open_io(struct mp_record *record, int out[2], struct mp_process_config *process,
		   struct mp_error *err)
{
	const struct mp_container_io_config config = io_config(record, process->stdio_owner);

	process->stdio[1] = out[0];
	process->stdio[2] = out[1];
	return mp_container_io_open(&config, out, process, &record->io, err);
}

static size_t collect_ops(const struct mp_record *record, struct mp_child_op *ops)
{
	size_t n;
	const struct mp_rootfs_op *steps = mp_rootfs_ops(record->rootfs, &n);

	for (size_t i = 0; i < n; i++)
		ops[i] = (struct mp_child_op){ steps[i].what, steps[i].run, steps[i].arg };
	return n;
}

static void release_start(struct mp_record *record)
{
	mp_rootfs_free(record->rootfs);
	record->rootfs = NULL;
	mp_closep(&record->overlay_fd);
	for (size_t i = 0; i < record->n_fds; i++)
		mp_closep(&record->fds[i]);
	record->n_fds = 0;
}

/*
 * May a container's process enter the pid namespace of others last? Its /proc must then be made from
 * here, which needs Linux 6.17; before, it is in their sight while it still has our privileges.
 */
static int prepare_pid_ns(struct mp_record *record, struct mp_container_config *config,
			  struct mp_error *err)
{
	mp_auto_fd ns = -EBADF;

	if (config->pid_ns == MP_PID_NS_POD)
		ns = mp_sys_pidfd_pid_ns(config->pause_pidfd);
	else if (config->pid_ns == MP_PID_NS_TARGET)
		ns = mp_sys_pidfd_pid_ns(config->target_pidfd);
	if (ns >= 0)
		return mp_rootfs_make_proc(record->rootfs, ns, &config->enters_pid_ns_last, err);
	return 0;
}

static void has_exited(struct mp_source *source, uint32_t events);

static int start(struct mp_supervisor *sv, struct mp_record *record, struct mp_error *err)
{
	const struct mp_pod_spec *spec = sv->spec;
	const struct mp_log_pump_config log = mp_record_log_config(record);
	const bool is_privileged = spec->containers[record->index].security.privileged == MP_TRUE;
	size_t n_ops;
	struct mp_child_op *ops;
	struct mp_container_result result = { .pidfd = -EBADF };
	struct mp_process_config process = record->process;
	char keeper_tag[32];
	int out[2] = { -EBADF, -EBADF };
	int r = 0;

	if (!sv->infra)
		r = mp_fail_text(err, ESRCH, "the pod's sandbox is gone");
	if (r == 0)
		r = mp_log_pump_new(&log, &record->log, out, err);
	if (r < 0)
		return r;

	r = open_io(record, out, &process, err);
	if (r == 0)
		keep_streams(record);
	(void)mp_rootfs_ops(record->rootfs, &n_ops);
	ops = mp_arena_alloc(&record->arena, n_ops, sizeof(*ops));
	if (r == 0 && !ops)
		r = mp_fail(err, ENOMEM, "steps into the root");
	if (r < 0) {
		mp_closep(&out[0]);
		mp_closep(&out[1]);
		return r;
	}

	struct mp_container_config config = {
		.process = process,
		.pause_pidfd = mp_infra_pidfd(sv->infra),
		.join = (spec->host_network ? 0 : CLONE_NEWNET | CLONE_NEWUTS) |
			(spec->host_ipc ? 0 : CLONE_NEWIPC) |
			(mp_has_user_ns(spec) ? CLONE_NEWUSER : 0),
		.pid_ns = spec->host_pid                           ? MP_PID_NS_HOST :
			  spec->share_process_namespace == MP_TRUE ? MP_PID_NS_POD :
			  mp_debug_target(record) >= 0             ? MP_PID_NS_TARGET :
								     MP_PID_NS_OWN,
		.target_pidfd = mp_debug_target(record),
		.keeper_tag = mp_record_tag(record, "pid", keeper_tag),
		.keeper_fd = mp_infra_socket(sv->infra),
		.has_cgroup_ns = !is_privileged,
		.enter_root = ops,
		.n_enter_root = collect_ops(record, ops),
	};

	r = prepare_pid_ns(record, &config, err);
	if (r == 0)
		r = mp_container_start(&config, &result, err);
	mp_closep(&out[0]);
	mp_closep(&out[1]);
	mp_container_io_started(record->io);
	if (r < 0)
		return r;
	record->pidfd = result.pidfd;
	record->pid = result.pid;
	record->is_running = true;
	if (result.is_oom_score_adj_refused && !sv->has_noted_oom) {
		sv->has_noted_oom = true;
		mp_report_note(&sv->report,
			       "this host does not let us lower oom_score_adj (CAP_SYS_RESOURCE): "
			       "containers keep the value of minipod itself");
	}
	record->exited =
		(struct mp_source){ .fd = record->pidfd, .events = EPOLLIN, .ready = has_exited };
	return mp_loop_add(sv->loop, &record->exited, err);
}

int mp_record_launch(struct mp_record *record, struct mp_error *err)
{
	struct mp_supervisor *sv = record->sv;
	int r = start(sv, record, err);

	release_start(record);
	sv->start_errno[record->index] = r < 0 ? -r : 0;
	if (r == 0)
		return 0;
	if (record->is_running)
		mp_record_end(record);
	mp_container_io_finish(record->io);
	finish_log(record);
	sv->has_spent_cgroups = record->is_cgroup_spent = true;
	return r;
}

void mp_exec_start_container(struct mp_supervisor *sv, size_t index)
{
	struct mp_record *record = sv->records[index];
	struct mp_error err = MP_ERROR_NONE;

	if (!record || record->is_running) {
		mp_supervisor_post(
			sv, &(struct mp_event){ .type = MP_EV_START_FAILED,
						.container = (int)index,
						.text = { "", "no container was created" } });
		return;
	}
	if (mp_record_launch(record, &err) < 0)
		mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_START_FAILED,
							   .container = (int)index,
							   .text = { "", err.msg } });
	else
		mp_supervisor_post(sv, &(struct mp_event){ .type = MP_EV_STARTED,
							   .container = (int)index });
}

/* ---- exit ------------------------------------------------------------------------------------ */

/* The last bytes of the termination file, else (on errors, if asked for) of the log (3.5). */
static void read_message(struct mp_record *record, int code, char *buf)
{
	const struct mp_container_spec *c = &record->sv->spec->containers[record->index];
	mp_auto_fd fd = openat(record->sv->private_fd, record->termination_file,
			       O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	const off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
	const off_t from = end > (off_t)FILE_MESSAGE_BYTES ? end - (off_t)FILE_MESSAGE_BYTES : 0;
	ssize_t n = fd >= 0 ? pread(fd, buf, FILE_MESSAGE_BYTES, from) : 0;

	if (n < 0 || (fd < 0 && errno != ENOENT)) {
		(void)snprintf(buf, FILE_MESSAGE_BYTES, "Error on reading termination log %s: %s",
			       record->termination_file, strerror(errno));
		return;
	}
	buf[n] = '\0';
	if (n == 0 && code != 0 && mp_streq(c->termination_policy, "FallbackToLogsOnError") &&
	    record->log)
		(void)mp_log_tail(mp_log_pump_fd(record->log), LOG_MESSAGE_LINES, LOG_MESSAGE_BYTES,
				  buf);
}

/* @info: what waiting gave; nothing for a child of the supervisor before us. */
static void learn_exit(const struct mp_record *record, const siginfo_t *info, struct mp_event *ev)
{
	int status = 0;

	if (info->si_pid != 0) {
		ev->exited.signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
		ev->exited.code = ev->exited.signal ? 128 + ev->exited.signal : info->si_status;
	} else if (mp_exit_status(record->pidfd, record->pid, &status)) {
		ev->exited.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
		ev->exited.code = ev->exited.signal ? 128 + ev->exited.signal : WEXITSTATUS(status);
	} else {
		ev->exited.is_unknown = true;
		ev->exited.code = 137;
	}
}

void mp_exec_spent_cgroups_told(struct mp_supervisor *sv)
{
	for (size_t i = 0; sv->has_spent_cgroups && i < mp_n_records(sv); i++)
		for (struct mp_record *r = sv->records[i]; r; r = r->next)
			r->is_cgroup_told = r->is_cgroup_spent;
}

/* Whoever is still dying in one is waited for when its record or the pod is removed. */
void mp_exec_remove_spent_cgroups(struct mp_supervisor *sv)
{
	enum mp_cgroup_state state;
	bool is_any_left = false;

	for (size_t i = 0; sv->has_spent_cgroups && i < mp_n_records(sv); i++) {
		for (struct mp_record *r = sv->records[i]; r; r = r->next) {
			if (r->is_cgroup_told && r->cgroup)
				(void)mp_cgroup_remove(r->cgroup, &state, NULL);
			r->is_cgroup_spent = r->is_cgroup_spent && !r->is_cgroup_told;
			r->is_cgroup_told = false;
			is_any_left = is_any_left || r->is_cgroup_spent;
		}
	}
	sv->has_spent_cgroups = is_any_left;
}

bool mp_record_collect_exit(struct mp_record *record, struct mp_event *ev)
{
	static char message[FILE_MESSAGE_BYTES + 1];
	siginfo_t info = { .si_pid = 0 };
	uint64_t oom_kills = 0;

	if ((waitid(P_PIDFD, (id_t)record->pidfd, &info, WEXITED | WNOHANG) == 0 &&
	     info.si_pid == 0) ||
	    !mp_pidfd_has_ended(record->pidfd))
		return false;
	mp_loop_remove(&record->exited);
	record->is_running = false;
	learn_exit(record, &info, ev);
	/* In a shared pid namespace its children outlive it: they are its own, so they go too. */
	(void)mp_cgroup_kill(record->cgroup, NULL);
	(void)mp_cgroup_oom_kills(record->cgroup, &oom_kills, NULL);
	ev->exited.is_oom = oom_kills > 0;
	mp_container_io_finish(record->io);
	finish_log(record);
	mp_control_record_ended(record->sv->control, record, ev->exited.code);
	message[0] = '\0';
	read_message(record, ev->exited.code, message);
	ev->exited.message = message;
	record->sv->has_spent_cgroups = record->is_cgroup_spent = true;
	return true;
}

static void has_exited(struct mp_source *source, uint32_t events)
{
	struct mp_record *record = mp_container_of(source, struct mp_record, exited);
	struct mp_event ev = { .type = MP_EV_EXITED, .container = (int)record->index };

	(void)events;
	if (!mp_record_collect_exit(record, &ev))
		return;
	if (record->index < mp_spec_n_containers(record->sv->spec))
		mp_supervisor_post(record->sv, &ev);
	else
		mp_debug_exited(record, &ev);
}

int mp_record_adopt(struct mp_record *record, int pidfd, const int fds[MP_STREAM_N],
		    struct mp_error *err)
{
	struct mp_supervisor *sv = record->sv;
	const struct mp_log_pump_config log = mp_record_log_config(record);
	int r;

	record->pidfd = pidfd;
	record->pid = mp_pidfd_pid(pidfd);
	record->is_running = true;
	record->exited =
		(struct mp_source){ .fd = record->pidfd, .events = EPOLLIN, .ready = has_exited };
	r = mp_log_pump_adopt(&log, fds + MP_STREAM_OUT, &record->log, err);

	const struct mp_container_io_config io = io_config(record, record->process.stdio_owner);
	const int r2 =
		mp_container_io_adopt(&io, fds + MP_STREAM_INPUT, &record->io, r == 0 ? err : NULL);

	r = r < 0 ? r : r2;
	return r < 0 ? r : mp_loop_add(sv->loop, &record->exited, err);
}

void mp_exec_signal(struct mp_supervisor *sv, size_t index, const char *signal_name)
{
	struct mp_record *record = sv->records[index];
	const int number = mp_signal_number(signal_name);

	if (record && record->is_running)
		(void)mp_sys_pidfd_send_signal(record->pidfd, number > 0 ? number : SIGTERM);
}

void mp_exec_kill(struct mp_supervisor *sv, size_t index)
{
	struct mp_record *record = sv->records[index];

	if (!record || !record->is_running)
		return;
	(void)mp_sys_pidfd_send_signal(record->pidfd, SIGKILL);
	(void)mp_cgroup_kill(record->cgroup, NULL);
}

void mp_record_end(struct mp_record *record)
{
	struct pollfd p = { .fd = record->pidfd, .events = POLLIN };
	siginfo_t info;

	if (!record->is_running)
		return;
	mp_loop_remove(&record->exited);
	(void)mp_sys_pidfd_send_signal(record->pidfd, SIGKILL);
	(void)mp_cgroup_kill(record->cgroup, NULL);
	(void)poll(&p, 1, -1); /* it may be no child of ours */
	(void)waitid(P_PIDFD, (id_t)record->pidfd, &info, WEXITED | WNOHANG);
	record->is_running = false;
}

/* ---- removal ----------------------------------------------------------------------------------- */

void mp_record_free(struct mp_record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < MP_ARRAY_SIZE(record->hooks); i++) {
		if (record->hooks[i])
			mp_attempt_abandon(record->hooks[i]);
		mp_net_check_cancel(record->net_hooks[i]);
	}
	for (size_t i = 0; i < MP_N_PROBES; i++) {
		if (record->probes[i])
			mp_attempt_abandon(record->probes[i]);
		mp_net_check_cancel(record->net_probes[i]);
	}
	release_start(record);
	mp_container_io_free(record->io);
	mp_log_pump_free(record->log);
	mp_seccomp_program_free(record->seccomp);
	mp_cgroup_close(record->cgroup);
	mp_closep(&record->dir_fd);
	mp_closep(&record->pidfd);
	mp_arena_done(&record->arena);
	free(record);
}

void mp_exec_remove_record(struct mp_supervisor *sv, size_t index, const char *id, bool with_logs)
{
	const char *name = sv->spec->containers[index].name;
	struct mp_record **at = &sv->records[index];
	struct mp_record *record;
	enum mp_cgroup_state state;
	char path[512];

	if (mp_starts_with(id, "minipod://"))
		id += strlen("minipod://");
	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	record = *at;
	if (!record || record->is_running)
		return;
	*at = record->next;
	if (record->cgroup)
		(void)mp_cgroup_remove(record->cgroup, &state, NULL);
	if (with_logs) {
		(void)snprintf(path, sizeof(path), "%s/%lld.log", name,
			       (long long)record->restart_count);
		mp_log_remove(sv->dir.log_fd, path);
	}
	if (record->termination_file[0])
		(void)unlinkat(sv->private_fd, record->termination_file, 0);
	mp_record_note_remove(sv->private_fd, record->id);
	mp_record_drop_layer(record);
	drop_streams(record);
	drop_pidfd(record);
	mp_record_free(record);
}
