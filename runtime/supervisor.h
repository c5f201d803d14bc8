/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor of one pod: it owns the pure machine and everything the kernel gave us for the
 * pod, and turns the one into the other. One thread, one loop. A turn collects what happened,
 * applies it, plans once, carries out the actions and arms one deadline.
 *
 * Files: supervisor.c (the turn), executor.c (action to effect), exec_pod.c, exec_volumes.c,
 * exec_image.c, exec_container.c, exec_hook.c, exec_probe.c (the effects).
 */
#pragma once

#include <signal.h>

#include "cgroups/tree.h"
#include "lifecycle/pod.h"
#include "namespaces/container.h"
#include "namespaces/infra.h"
#include "namespaces/process.h"
#include "rootfs/image.h"
#include "rootfs/prepare.h"
#include "runtime/base/json.h"
#include "runtime/base/loop.h"
#include "runtime/env.h"
#include "runtime/etc_files.h"
#include "runtime/live.h"
#include "runtime/log_pump.h"
#include "runtime/notify.h"
#include "runtime/report.h"
#include "runtime/state_dir.h"

struct mp_trace;
struct mp_attempt;
struct mp_net_check;
struct mp_device_program;
struct mp_control;
struct mp_room;
struct mp_storage_watch;
struct mp_startup;
struct mp_image_job;
struct mp_recovery;
struct mp_supervisor;
struct mp_container_io;

/** struct mp_record - one instance of a container: from CREATE to its removal. */
struct mp_record {
	struct mp_supervisor *sv; /* borrowed */
	size_t index;             /* into spec->containers */
	char id[65];              /* 64 hex digits */
	int64_t restart_count;
	struct mp_arena arena; /* argv, environment, image: lives as long as the record */
	struct mp_image image;
	char **argv;
	char **envp;
	struct mp_process_config process;   /* borrowed parts point into @arena */
	struct mp_seccomp_program *seccomp; /* owned */
	int dir_fd;             /* owned: <lib>/pods/<uid>/<id, 12 digits>: the writable layer */
	bool has_dropped_layer; /* that directory is gone again */
	int64_t uid, gid;
	int overlay_fd;           /* owned until the start; detached root mount */
	struct mp_rootfs *rootfs; /* owned until the start */
	int *fds;                 /* owned until the start: what the child mounts */
	size_t n_fds;
	struct mp_cgroup *cgroup; /* owned while the container may run */
	int pidfd;                /* owned while running */
	pid_t pid;                /* for printing */
	struct mp_source exited;  /* on @pidfd */
	bool is_running;
	bool is_cgroup_spent; /* nobody is in it any more, and the journal is about to know */
	bool is_cgroup_told;  /* and does */
	struct mp_log_pump *log;
	struct mp_container_io *io; /* owned; NULL: neither stdin nor tty */
	char log_tag[MP_LOG_TAG_MAX];
	char termination_file[32];              /* name in the pod's private directory */
	struct mp_attempt *hooks[2];            /* by enum mp_hook_kind */
	struct mp_attempt *probes[MP_N_PROBES]; /* by enum mp_probe_kind */
	struct mp_net_check *net_hooks[2];
	struct mp_net_check *net_probes[MP_N_PROBES];
	struct mp_record *next; /* older record of the same container */
};

#define MP_IMAGE_VOLUME_DIR "kubernetes.io~image"

/** struct mp_volume_rt - one volume of the pod, once set up. */
struct mp_volume_rt {
	bool is_ready;
	int fd;                      /* owned: its root directory or file */
	char image[MP_IMAGE_ID_MAX]; /* of an image volume: the id of what is mounted */
};

/** struct mp_supervisor_config - how to run a pod. */
struct mp_supervisor_config {
	const struct mp_pod_spec *spec; /* borrowed, as everything here */
	const struct mp_objects *objects;
	const struct mp_roots *roots;
	const char *pod_cidr;              /* "10.88.0.0/16" */
	const char *cgroup_root;           /* "minipod" */
	const char *seccomp_root;          /* where Localhost profiles are; NULL: <lib>/seccomp */
	const char *seccomp_default;       /* "RuntimeDefault" where a pod says nothing; or NULL */
	const char *const *unsafe_sysctls; /* allowed beyond the safe ones, checked */
	size_t n_unsafe_sysctls;
	bool is_foreground; /* echo output, delete the pod when it has ended */
	bool has_prefix;
	bool has_out_color, has_err_color;
	bool is_quiet;
	int64_t start_wall;
	struct mp_startup *startup; /* who waits for the start of a background pod; NULL: nobody */
	struct mp_log_limits log_limits;
	int64_t journal_max_bytes;    /* a longer journal is shortened; 0: never */
	int result_dir_fd;            /* the final object goes to this directory ... */
	const char *result_name;      /* ... under this name; NULL: is not wanted */
	struct mp_recovery *recovery; /* of a dead supervisor's pod, see recover.h; NULL: a new pod */
};

#define MP_TEXT_MAX 16384

/** struct mp_queued - one event with its own copy of every string. */
struct mp_queued {
	struct mp_event ev;
	int64_t groups[32];
	char text[MP_TEXT_MAX];
};

#define MP_QUEUE_MAX 128

/* What pause keeps for the pod, beside three descriptors for each container: see mp_record_tag(). */
#define MP_KEPT_MOUNTS       "mounts"
#define MP_KEPT_ADDRESS      "address"
#define MP_KEPT_USER_IDS     "user.ids"
#define MP_KEPT_LOG_MEMORY   "log.memory"
#define MP_KEPT_LOG_STAGE    "log.stage"
#define MP_KEPT_LOG_STAGE_IN "log.stage.in"

struct mp_supervisor {
	struct mp_supervisor_config config;
	const struct mp_pod_spec *spec; /* @live's */
	struct mp_live live;
	struct mp_node_facts node;
	char node_name[256];
	char host_ip[64];
	struct mp_rlimit files_before; /* the limit of open files that containers get */
	struct mp_loop *loop;
	int signal_fd;
	struct mp_source signals;
	sigset_t old_mask;
	int host_mnt_ns_fd; /* owned */
	int mnt_ns_fd;      /* owned: our own, with the pod's volumes */
	int host_root_fd; /* owned: "/" there, which a chroot makes something else than its root */
	int host_cwd_fd;  /* owned */
	struct mp_state_dir dir;
	struct mp_report report;
	struct mp_trace *trace;
	struct mp_control *control;
	struct mp_echo *echo;
	struct mp_log_area *log_area; /* owned; pause keeps its descriptors */
	struct mp_log_zip log_zip;
	struct mp_notify notify; /* the service manager, if there is one */

	void *pod_mem;
	struct mp_pod *pod;
	struct mp_plan plan;
	struct mp_queued *queue; /* MP_QUEUE_MAX entries */
	size_t n_queued;
	bool has_new_status;
	mp_nsec status_due;         /* when a status that may wait is written at the latest */
	struct mp_json status_json; /* its buffer is used again and again */
	int n_interrupts;
	struct mp_error failure; /* our own, told by an effect: the pod is taken down */

	struct mp_image_store *images;
	struct mp_image_job *pulls;        /* owned: pulls at work, see exec_image.c */
	struct mp_device_program *devices; /* the default policy, loaded when first needed */
	struct mp_cgroup_host *cgroup_host;
	uint64_t huge_pages[MP_CGROUP_HUGE_MAX]; /* sizes that are limited */
	size_t n_huge_pages;
	bool has_stale_shares; /* the pod's class does not know of its request yet */
	struct mp_cgroup *pod_cgroup;
	struct mp_cgroup *pause_cgroup;
	bool has_spent_cgroups;
	struct mp_room *room;             /* the room it takes; NULL: it requests nothing */
	struct mp_storage_watch *storage; /* NULL: the pod has no limit of that kind */
	struct mp_infra *infra;
	struct mp_source infra_died;
	bool is_stopping_sandbox;
	bool has_stale_status;  /* the last one could not be written */
	bool has_noted_disk;    /* the note about a full or read-only disk was given */
	bool has_noted_seccomp; /* the note about unknown system calls was given */
	bool has_noted_oom;     /* the note about oom_score_adj was given */
	char ip[64];
	int ip_fd;         /* owned: the reservation */
	uint32_t user_ids; /* hostUsers false: the host's id of the pod's root; 0: not reserved */
	int user_ids_fd;   /* owned: the reservation */
	int private_fd; /* owned: the pod's small files and tmpfs volumes, see enter_private_dir() */
	char hostname[MP_HOSTNAME_MAX];
	char uts_name[MP_HOSTNAME_MAX];
	int shm_fd;
	struct mp_volume_rt *volumes;
	struct mp_record **records; /* newest of each container */
	struct mp_record *ahead;    /* owned: one that nobody has asked for yet; NULL */
	int *start_errno;           /* per container, for the exit code */
	int64_t noted_deletion;     /* what deletion.json says; 0: there is none */
	mp_nsec tear_down_at;       /* when cleaning up is tried again; MP_NSEC_NEVER */
	unsigned int n_tear_downs;
	struct mp_now now; /* of this turn */
};

/** mp_supervisor_post() - queue @ev, copying its strings, for the next planning. */
void mp_supervisor_post(struct mp_supervisor *sv, const struct mp_event *ev);

/**
 * mp_supervisor_config_check() - whether the address range and the cgroup root can work at all. Found
 * while the pod starts, a mistake there would be tried again for ever.
 *
 * Return: 0 or -EINVAL; the sentence names the option.
 */
int mp_supervisor_config_check(const struct mp_supervisor_config *config, struct mp_error *err);

/**
 * mp_supervisor_run() - supervise one pod from its first event to its last.
 * @ret_code: the exit code of `run`.
 *
 * Return: 0 or -errno when the pod could not even be set up; nothing is left behind then.
 */
int mp_supervisor_run(const struct mp_supervisor_config *config, int *ret_code,
		      struct mp_error *err);

/** mp_supervisor_write_pod() - pod.json as the spec is now. */
int mp_supervisor_write_pod(struct mp_supervisor *sv, struct mp_error *err);

/* Parts of setting up, for a new pod and for one that is recovered. */

/** mp_supervisor_note_host() - remember the mount namespace we are in, to come back in the end. */
int mp_supervisor_note_host(struct mp_supervisor *sv, struct mp_error *err);

/** mp_supervisor_own_mounts() - a mount namespace of our own. */
int mp_supervisor_own_mounts(struct mp_supervisor *sv, struct mp_error *err);

/** mp_supervisor_private_dir() - the pod's tmpfs, over its run directory. */
int mp_supervisor_private_dir(struct mp_supervisor *sv, struct mp_error *err);

/** mp_supervisor_alloc() - all memory that the pod will need; sv->pod_mem if there is none yet. */
int mp_supervisor_alloc(struct mp_supervisor *sv, struct mp_error *err);

/** mp_supervisor_open_trace() - the journal, and how we are run into it. */
int mp_supervisor_open_trace(struct mp_supervisor *sv, const struct mp_pod_config *config,
			     struct mp_error *err);

/** mp_executor_do() - carry out one action; answers are posted, now or later. */
void mp_executor_do(struct mp_supervisor *sv, const struct mp_action *action);

/** mp_executor_deadline() - the earliest timeout of a running hook or probe attempt. */
mp_nsec mp_executor_deadline(const struct mp_supervisor *sv);

/** mp_executor_expire() - end the attempts whose time is over at @now. */
void mp_executor_expire(struct mp_supervisor *sv, mp_nsec now);

/* Effects; each belongs to the action of the same name in lifecycle/action.h. */
void mp_exec_prepare_pod(struct mp_supervisor *sv);
void mp_exec_setup_volumes(struct mp_supervisor *sv);
void mp_exec_create_sandbox(struct mp_supervisor *sv, int attempt);
void mp_exec_stop_sandbox(struct mp_supervisor *sv);
void mp_exec_tear_down(struct mp_supervisor *sv);
void mp_exec_check_image(struct mp_supervisor *sv, size_t index, const char *volume);
void mp_exec_pull_image(struct mp_supervisor *sv, size_t index, const char *volume);

/** mp_exec_stop_pulls() - kill and reap the pulls at work; nobody waits for their answers. */
void mp_exec_stop_pulls(struct mp_supervisor *sv);
void mp_exec_create_container(struct mp_supervisor *sv, size_t index, int64_t restart_count);
void mp_exec_start_container(struct mp_supervisor *sv, size_t index);
void mp_exec_signal(struct mp_supervisor *sv, size_t index, const char *signal_name);
void mp_exec_kill(struct mp_supervisor *sv, size_t index);
void mp_exec_remove_record(struct mp_supervisor *sv, size_t index, const char *id, bool with_logs);
void mp_exec_run_hook(struct mp_supervisor *sv, size_t index, enum mp_hook_kind kind);
void mp_exec_abandon_hook(struct mp_supervisor *sv, size_t index, enum mp_hook_kind kind);
void mp_exec_run_probe(struct mp_supervisor *sv, size_t index, enum mp_probe_kind kind);
void mp_exec_abandon_probe(struct mp_supervisor *sv, size_t index, enum mp_probe_kind kind);

/** mp_exec_when_idle() - what can wait until the pod has started; called before each sleep. */
void mp_exec_when_idle(struct mp_supervisor *sv);

/** mp_exec_open_cgroup_host() - find the hierarchies, once. */
int mp_exec_open_cgroup_host(struct mp_supervisor *sv, struct mp_error *err);

/** mp_exec_find_huge_pages() - which page sizes the pod's cgroups limit. */
void mp_exec_find_huge_pages(struct mp_supervisor *sv);

/**
 * mp_exec_spent_cgroups_told() - the journal has the end of those who were in them: until then a
 * successor would ask them about OOM kills.
 */
void mp_exec_spent_cgroups_told(struct mp_supervisor *sv);

/** mp_exec_remove_spent_cgroups() - those whose end was told of. */
void mp_exec_remove_spent_cgroups(struct mp_supervisor *sv);

/** mp_exec_watch_sandbox() - notice the end of sv->infra. */
int mp_exec_watch_sandbox(struct mp_supervisor *sv, struct mp_error *err);

/** mp_exec_name_pod() - its host names, from the spec. */
int mp_exec_name_pod(struct mp_supervisor *sv, struct mp_error *err);

/** mp_exec_make_shm() - the pod's /dev/shm; an existing one is opened. */
int mp_exec_make_shm(struct mp_supervisor *sv, struct mp_error *err);

/** mp_exec_reopen_volumes() - set up again what the supervisor before us had, quietly. */
void mp_exec_reopen_volumes(struct mp_supervisor *sv);

/** mp_exec_try_tear_down() - one round of removing everything; false: something still lives. */
bool mp_exec_try_tear_down(struct mp_supervisor *sv, struct mp_error *err);

/**
 * mp_exec_refresh_volumes() - bring the files of the running pod's configMap, secret, downwardAPI and
 * projected volumes up to the objects (config.objects) and labels as they are now. Each volume is
 * switched in one visible step; mounts with a subPath keep what they have. A volume whose new
 * contents cannot be had stays as it is, with a FailedMount event.
 *
 * Return: the number of volumes that changed.
 */
unsigned int mp_exec_refresh_volumes(struct mp_supervisor *sv);

/** mp_exec_remove_volumes() - unmount and remove every volume the pod brought along. */
void mp_exec_remove_volumes(struct mp_supervisor *sv);

/**
 * mp_exec_mount_images() - mount the image volumes that the container mounts, as the store has
 * their images now; what is mounted already and still current stays.
 * @userns_fd: map the layers' ids by it; -EBADF: none.
 */
int mp_exec_mount_images(struct mp_supervisor *sv, const struct mp_container_spec *c, int userns_fd,
			 struct mp_error *err);

/** mp_record_launch() - start what was built; on failure nothing of it runs. 0 or -errno. */
int mp_record_launch(struct mp_record *record, struct mp_error *err);

/** mp_record_end() - kill and reap what runs of a record, waiting for it: the last resort. */
void mp_record_end(struct mp_record *record);

/** mp_exec_note_dns() - events about a shortened or missing DNS configuration. */
void mp_exec_note_dns(struct mp_supervisor *sv, const struct mp_dns_notes *notes);

/** mp_exec_release_all() - last resort on our own failure: kill and remove whatever is left. */
void mp_exec_release_all(struct mp_supervisor *sv);

/**
 * mp_record_build() - everything a start needs: directories, environment, command line, user,
 * root file system, cgroup.
 * @ret_reason: on failure, the waiting reason: CreateContainerConfigError or CreateContainerError.
 *
 * Return: 0 with *@ret owned by the caller, or -errno; nothing is left behind then.
 */
int mp_record_build(struct mp_supervisor *sv, size_t index, int64_t restart_count,
		    struct mp_record **ret, const char **ret_reason, struct mp_error *err);

/** mp_record_alloc() - an empty one; NULL when out of memory. */
struct mp_record *mp_record_alloc(struct mp_supervisor *sv, size_t index, int64_t restart_count);

/** mp_record_refill() - what a process of the container is, given its record's ids and @env. */
int mp_record_refill(struct mp_record *record, struct mp_env *env, struct mp_error *err);

/**
 * mp_record_recover() - the record that the supervisor before us made.
 * @has_process: it may be running, or has ended without that supervisor's knowledge: what exec and
 *               the like need is put together again. Otherwise only what its removal needs.
 *
 * Its process and its log are the caller's to take over.
 */
int mp_record_recover(struct mp_supervisor *sv, size_t index, const struct mp_pod_record *kept,
		      bool has_process, struct mp_record **ret, struct mp_error *err);

/** enum mp_record_stream - what of a container's standard files its supervisor holds. */
enum mp_record_stream {
	MP_STREAM_OUT = 0, /* read end of stdout */
	MP_STREAM_ERR,     /* read end of stderr */
	MP_STREAM_INPUT,   /* from here as mp_container_io_fds() has them */
	MP_STREAM_TERMINAL,
	MP_STREAM_LOG,
	MP_STREAM_N,
};

/** mp_record_stream_tag() - for mp_record_tag(). */
const char *mp_record_stream_tag(enum mp_record_stream stream);

/**
 * mp_record_adopt() - take over a recovered record's process and standard files.
 * @pidfd, @fds: taken over, also on failure; -EBADF for what there is not.
 */
int mp_record_adopt(struct mp_record *record, int pidfd, const int fds[MP_STREAM_N],
		    struct mp_error *err);

/**
 * mp_record_collect_exit() - its process has ended: how, with its message; its log is finished.
 * @ev: .exited is filled in; its message is valid until the next call.
 *
 * Return: false when it has not ended.
 */
bool mp_record_collect_exit(struct mp_record *record, struct mp_event *ev);

/** mp_record_detached() - a client with input has left. */
void mp_record_detached(const struct mp_record *record);

/**
 * mp_record_build_ahead() - build the record of the container that a pod starts with, before it is
 * asked for. Failures are silent. mp_record_take_ahead() hands it over, if it is the wanted one;
 * mp_record_drop_ahead() takes back what was built.
 */
void mp_record_build_ahead(struct mp_supervisor *sv);
struct mp_record *mp_record_take_ahead(struct mp_supervisor *sv, size_t index,
				       int64_t restart_count);
void mp_record_drop_ahead(struct mp_supervisor *sv);

/** mp_record_name() - "<name>.<restart count>": its cgroup, and in messages. */
char *mp_record_name(const struct mp_record *record, char buf[128]);

/** mp_record_tag() - "<12 digits>.<what>": what pause keeps of it. */
char *mp_record_tag(const struct mp_record *record, const char *what, char buf[32]);

/** mp_record_log_config() - how its log is pumped. */
struct mp_log_pump_config mp_record_log_config(struct mp_record *record);

/** mp_record_drop_layer() - remove its writable layer; its process must be gone. May be repeated. */
void mp_record_drop_layer(struct mp_record *record);

/** mp_record_dir_name() - the first 12 digits of its id. */
char *mp_record_dir_name(const char *id, char buf[16]);

/** mp_record_free() - release a record's memory and descriptors; its process must be gone. */
void mp_record_free(struct mp_record *record);

/** mp_has_user_ns() - the pod has a user namespace of its own (hostUsers false). */
static inline bool mp_has_user_ns(const struct mp_pod_spec *spec)
{
	return spec->host_users == MP_FALSE;
}

/** mp_exec_user_ids() - know the pod's block of ids, reserving one if it has none yet. */
int mp_exec_user_ids(struct mp_supervisor *sv, struct mp_error *err);

/** mp_volume_fd() - the set-up volume called @name, or -EBADF. */
int mp_volume_fd(const struct mp_supervisor *sv, const char *name);

/**
 * mp_volume_read_file() - struct mp_env_facts.read_file over the supervisor @ctx: a regular file
 * inside a volume, symbolic links resolved as if the volume were the root.
 */
int mp_volume_read_file(const void *ctx, const char *volume, const char *path,
			struct mp_arena *arena, char **ret_text, size_t *ret_len);

/** mp_env_facts_now() - facts for environment and references at this moment. */
struct mp_env_facts mp_env_facts_now(const struct mp_supervisor *sv, const struct mp_image *image);
