/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container record from the manifest's words to descriptors and strings: what the start then
 * only spends. An environment that cannot be resolved is a config error, all else a create error.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroups/devices.h"
#include "rootfs/overlay.h"
#include "rootfs/passwd.h"
#include "rootfs/volumes.h"
#include "runtime/assemble.h"
#include "runtime/base/fd.h"
#include "runtime/etc_files.h"
#include "runtime/exec_security.h"
#include "runtime/record_note.h"
#include "runtime/supervisor.h"
#include "runtime/volume_binds.h"

#define CONFIG_ERROR "CreateContainerConfigError"
#define CREATE_ERROR "CreateContainerError"

#define FIXED_BINDS       6 /* hosts, hostname, resolv.conf, termination log, shm, one spare */
#define IMAGE_VOLUMES_MAX 128
#define CGROUPS_MAX       MP_CGROUP_N_CONTROLLERS
#define TEXT_BYTES        65536
#define HOST_BYTES        ((size_t)65536)

/** struct build - what is open only while a record is built. */
struct build {
	struct mp_supervisor *sv;
	struct mp_record *record;
	const struct mp_container_spec *c;
	struct mp_identity identity;
	struct mp_env spec_env; /* what "$(VAR)" may use */
	struct mp_bind *binds;
	size_t n_binds;
	struct mp_cgroup_mount *cgroups; /* in the record's arena: the child reads them */
	size_t n_cgroups;
	int userns_fd; /* owned: pause's user namespace, by which ids are mapped; -EBADF: none */
	const char *reason;
};

char *mp_record_name(const struct mp_record *record, char buf[128])
{
	(void)snprintf(buf, 128, "%s.%lld", record->sv->spec->containers[record->index].name,
		       (long long)record->restart_count);
	return buf;
}

char *mp_record_dir_name(const char *id, char buf[16])
{
	(void)snprintf(buf, 16, "%.12s", id);
	return buf;
}

static int random_hex(char *buf, size_t digits, struct mp_error *err)
{
	unsigned char bytes[32];

	if (getrandom(bytes, digits / 2, 0) != (ssize_t)(digits / 2))
		return mp_fail(err, errno, "random bytes");
	for (size_t i = 0; i < digits / 2; i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* ---- directories and files ------------------------------------------------------------------ */

static int make_record_dir(struct build *b, struct mp_error *err)
{
	struct mp_record *record = b->record;
	char name[16];
	int r = mp_state_dir_layer(&b->sv->dir, mp_record_dir_name(record->id, name),
				   &record->dir_fd, err);

	return r < 0 ? mp_wrap(err, r, "directory for container %s", b->c->name) : 0;
}

void mp_record_drop_layer(struct mp_record *record)
{
	char name[16];

	if (record->has_dropped_layer || !record->id[0] || record->sv->dir.lib_fd < 0)
		return;
	record->has_dropped_layer = true;
	mp_closep(&record->overlay_fd);
	mp_closep(&record->dir_fd);
	(void)mp_state_dir_drop_layer(&record->sv->dir, mp_record_dir_name(record->id, name), NULL);
}

/* In place: running containers have the same file mounted. */
static int write_file(int dir_fd, const char *name, mode_t mode, const char *text, size_t len,
		      struct mp_error *err)
{
	mp_auto_fd fd =
		openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0 || fchmod(fd, mode) < 0)
		return mp_fail(err, errno, "write %s", name);
	return mp_fd_write_all(fd, text, len, err);
}

static int write_etc_files(struct build *b, struct mp_error *err)
{
	static char text[TEXT_BYTES];
	struct mp_supervisor *sv = b->sv;
	struct mp_buf hosts = MP_BUF(text);
	char *host_file = NULL;
	char name[MP_HOSTNAME_MAX + 1];
	int r;

	if (sv->spec->host_network)
		(void)mp_file_read(AT_FDCWD, "/etc/hosts", HOST_BYTES, &b->record->arena,
				   &host_file, NULL, NULL);
	mp_hosts_text(sv->spec, sv->hostname, sv->ip, NULL, host_file, &hosts);
	r = write_file(sv->private_fd, "etc-hosts", 0644, text, hosts.len, err);
	if (r < 0 || faccessat(sv->private_fd, "resolv.conf", F_OK, 0) == 0)
		return r;

	struct mp_buf resolv = MP_BUF(text);
	static struct mp_dns_notes notes;

	host_file = NULL;
	(void)mp_file_read(AT_FDCWD, "/etc/resolv.conf", HOST_BYTES, &b->record->arena, &host_file,
			   NULL, NULL);
	text[0] = '\0';
	mp_resolv_text(sv->spec, host_file, sv->spec->is_dns_policy_explicit, &resolv, &notes);
	r = write_file(sv->private_fd, "resolv.conf", 0644, text, resolv.len, err);
	if (r == 0) {
		(void)snprintf(name, sizeof(name), "%s\n", sv->uts_name);
		r = write_file(sv->private_fd, "hostname", 0644, name, strlen(name), err);
	}
	if (r == 0)
		mp_exec_note_dns(sv, &notes);
	return r;
}

static int make_termination_file(struct build *b, struct mp_error *err)
{
	char *name = b->record->termination_file;
	int r = random_hex(name, 8, err);

	return r < 0 ? r : write_file(b->sv->private_fd, name, 0666, "", 0, err);
}

/* ---- mounts ---------------------------------------------------------------------------------- */

/* Mounted by the child, so open until it has run. */
static void keep_fd(struct mp_record *record, int fd)
{
	record->fds[record->n_fds++] = fd;
}

static void add_bind(struct build *b, const struct mp_bind *bind)
{
	b->binds[b->n_binds++] = *bind;
}

static bool is_mount_target(const struct mp_container_spec *c, const char *path)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (mp_streq(c->mounts[i].mount_path, path))
			return true;
	return false;
}

static int add_file_bind(struct build *b, int dir_fd, const char *file, const char *target,
			 bool is_readonly, struct mp_error *err)
{
	const int fd = openat(dir_fd, file, O_PATH | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return mp_fail(err, errno, "open %s", file);
	keep_fd(b->record, fd);
	add_bind(b, &(struct mp_bind){ .name = file,
				       .target = target,
				       .source_fd = fd,
				       .is_readonly = is_readonly,
				       .is_idmapped = true });
	return 0;
}

/* A volume at that very path is there instead. */
static int add_etc_bind(struct build *b, const char *file, const char *target, bool is_readonly,
			struct mp_error *err)
{
	if (is_mount_target(b->c, target))
		return 0;
	return add_file_bind(b, b->sv->private_fd, file, target, is_readonly, err);
}

static int add_volume_bind(struct build *b, const struct mp_volume_mount *m, struct mp_error *err)
{
	struct mp_bind bind;
	int fd = -EBADF;
	const int r =
		mp_volume_bind(b->sv, b->c, m, &b->spec_env, &b->record->arena, &bind, &fd, err);

	if (r < 0)
		return r;
	if (fd >= 0)
		keep_fd(b->record, fd);
	add_bind(b, &bind);
	return 0;
}

static int collect_binds(struct build *b, struct mp_error *err)
{
	const size_t most = FIXED_BINDS + b->c->n_mounts;
	const bool ro = b->identity.is_root_read_only;
	const int dir = b->sv->private_fd;
	int r;

	b->binds = mp_arena_alloc(&b->record->arena, most, sizeof(*b->binds));
	b->record->fds =
		mp_arena_alloc(&b->record->arena, most + CGROUPS_MAX, sizeof(*b->record->fds));
	if (!b->binds || !b->record->fds)
		return mp_fail(err, ENOMEM, "mounts");
	b->reason = CONFIG_ERROR;
	for (size_t i = 0; i < b->c->n_mounts; i++) {
		r = add_volume_bind(b, &b->c->mounts[i], err);
		if (r < 0)
			return r;
	}
	b->reason = CREATE_ERROR;
	r = add_etc_bind(b, "etc-hosts", "/etc/hosts", false, err);
	if (r == 0)
		r = add_etc_bind(b, "hostname", "/etc/hostname", ro, err);
	if (r == 0)
		r = add_etc_bind(b, "resolv.conf", "/etc/resolv.conf", ro, err);
	/* Also where a volume is mounted: what is written there is the message. */
	if (r == 0)
		r = add_file_bind(b, dir, b->record->termination_file, b->c->termination_path,
				  false, err);
	if (r == 0 && !is_mount_target(b->c, "/dev/shm"))
		add_bind(b, &(struct mp_bind){ .name = "shm",
					       .target = "/dev/shm",
					       .source_fd = b->sv->shm_fd,
					       .is_nosuid = true,
					       .is_nodev = true,
					       .is_noexec = true,
					       .is_idmapped = true });
	return r;
}

/* What /sys/fs/cgroup shows: the container's own directory of each hierarchy it is in. */
static int collect_cgroups(struct build *b, struct mp_error *err)
{
	b->cgroups = mp_arena_alloc(&b->record->arena, CGROUPS_MAX, sizeof(*b->cgroups));
	if (!b->cgroups)
		return mp_fail(err, ENOMEM, "cgroup mounts");

	const char *unified = mp_cgroup_host_path(b->sv->cgroup_host, MP_CGROUP_UNIFIED);

	for (int i = 0; i < MP_CGROUP_N_CONTROLLERS && b->n_cgroups < CGROUPS_MAX; i++) {
		const enum mp_cgroup_controller controller = (enum mp_cgroup_controller)i;
		const char *root = mp_cgroup_host_path(b->sv->cgroup_host, controller);
		const char *name = mp_cgroup_controller_name(controller);
		char path[1024];
		int fd;

		/* On a hybrid host the v2 hierarchy may have controllers, too: it is shown once. */
		if (!root || (controller != MP_CGROUP_UNIFIED && mp_streq(root, unified)) ||
		    mp_cgroup_dir(b->record->cgroup, controller) < 0)
			continue;
		/* By its path: only what is in our present mount namespace can be copied. */
		(void)snprintf(path, sizeof(path), "%s/%s", root,
			       mp_cgroup_path(b->record->cgroup));
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			b->cgroups[b->n_cgroups++] =
				(struct mp_cgroup_mount){ name[0] ? name : "unified", fd };
			keep_fd(b->record, fd);
		}
		if (mp_cgroup_host_mode(b->sv->cgroup_host) == MP_CGROUP_V2)
			break; /* every controller is in this one directory */
	}
	return 0;
}

static int prepare_rootfs(struct build *b, struct mp_error *err)
{
	const struct mp_container_spec *c = b->c;
	const bool is_v2 = mp_cgroup_host_mode(b->sv->cgroup_host) == MP_CGROUP_V2;
	const char *cwd = c->working_dir && c->working_dir[0] ? c->working_dir :
			  b->record->image.workdir[0]         ? b->record->image.workdir :
								"/";
	size_t n_volumes = 0;

	while (b->record->image.volumes[n_volumes])
		n_volumes++;
	if (n_volumes > IMAGE_VOLUMES_MAX)
		return mp_fail_text(err, E2BIG, "the image declares %zu volumes, more than %d",
				    n_volumes, IMAGE_VOLUMES_MAX);

	const struct mp_rootfs_config config = {
		.root_fd = b->record->overlay_fd,
		.mounts = { .is_privileged = b->identity.is_privileged,
			    .is_unmasked = b->identity.is_unmasked,
			    .is_root_readonly = b->identity.is_root_read_only,
			    .has_tty = c->tty,
			    .cgroup_view = is_v2 ? MP_CGROUP_VIEW_UNIFIED : MP_CGROUP_VIEW_SPLIT,
			    .cgroups = b->cgroups,
			    .n_cgroups = b->n_cgroups,
			    .binds = b->binds,
			    .n_binds = b->n_binds,
			    .kept = b->record->image.volumes,
			    .n_kept = n_volumes },
		.cwd = cwd,
		.userns_fd = b->userns_fd,
		.host_mnt_ns_fd = b->sv->host_mnt_ns_fd,
		.root_uid = b->sv->user_ids,
		.root_gid = b->sv->user_ids,
	};

	b->record->process.cwd = cwd;
	return mp_rootfs_prepare(&config, &b->record->rootfs, err);
}

/* ---- who and what --------------------------------------------------------------------------- */

static int collect_groups(struct build *b, const struct mp_passwd_user *user, struct mp_error *err)
{
	const struct mp_pod_security *pod = &b->sv->spec->security;
	const size_t most = 2 + pod->n_supplemental_groups + user->n_groups;
	gid_t *groups = mp_arena_alloc(&b->record->arena, most, sizeof(*groups));
	size_t n = 0;

	if (!groups)
		return mp_fail(err, ENOMEM, "groups");
	groups[n++] = (gid_t)b->record->gid;
	/* In the order in which they are shown in status.user. */
	for (size_t i = 0; b->identity.merges_image_groups && i < user->n_groups; i++)
		groups[n++] = user->groups[i];
	if (pod->fs_group.is_set)
		groups[n++] = (gid_t)pod->fs_group.v;
	for (size_t i = 0; i < pod->n_supplemental_groups; i++)
		groups[n++] = (gid_t)pod->supplemental_groups[i];

	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t j = 0;

		while (j < kept && groups[j] != groups[i])
			j++;
		if (j == kept)
			groups[kept++] = groups[i];
	}
	b->record->process.groups = groups;
	b->record->process.n_groups = kept;
	return 0;
}

static int find_user(struct build *b, struct mp_env *env, struct mp_error *err)
{
	static struct mp_passwd_user user; /* large; one thread */
	struct mp_record *record = b->record;
	char text[24];
	const char *wanted = record->image.user;
	int r;

	if (b->identity.has_user) {
		(void)snprintf(text, sizeof(text), "%lld", (long long)b->identity.user);
		wanted = text;
	}
	r = mp_passwd_lookup(record->overlay_fd, wanted, &user, err);
	if (r < 0)
		return r;
	record->uid = user.uid;
	record->gid = b->identity.has_group ? b->identity.group : user.gid;
	b->reason = CONFIG_ERROR;
	r = mp_assemble_check_non_root(b->sv->spec, record->index, &b->identity, record->image.user,
				       record->uid, err);
	if (r < 0)
		return r;
	b->reason = CREATE_ERROR;
	if (!mp_env_get(env, "HOME")) {
		const char *home = mp_arena_strdup(&record->arena, user.home);

		if (!home || mp_env_set(env, &record->arena, "HOME", home) < 0)
			return mp_fail(err, ENOMEM, "environment");
	}
	return collect_groups(b, &user, err);
}

static struct mp_strings as_strings(const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return (struct mp_strings){ .items = list, .n = n, .is_set = true };
}

static int build_words(struct build *b, struct mp_env *env, struct mp_error *err)
{
	struct mp_record *record = b->record;
	const struct mp_env_facts facts = mp_env_facts_now(b->sv, &record->image);
	const struct mp_strings entrypoint = as_strings(record->image.entrypoint);
	const struct mp_strings cmd = as_strings(record->image.cmd);
	int r;

	b->reason = CONFIG_ERROR;
	r = mp_env_spec_only(b->sv->spec, record->index, &facts, &record->arena, &b->spec_env, err);
	if (r == 0)
		r = mp_env_build(b->sv->spec, record->index, &facts, &record->arena, env, err);
	if (r < 0)
		return r;
	b->reason = CREATE_ERROR;
	return mp_argv_build(b->c, &entrypoint, &cmd, &b->spec_env, &record->arena, &record->argv,
			     err);
}

static int find_image(struct build *b, struct mp_error *err)
{
	enum mp_image_found found = MP_IMAGE_ABSENT;
	const int r = mp_image_lookup(b->sv->images, b->c->image, &b->record->arena, &found,
				      &b->record->image, err);

	if (r < 0)
		return r;
	if (found == MP_IMAGE_ABSENT)
		return mp_fail_text(err, ENOENT, "image \"%s\" is not in the store any more",
				    b->c->image);
	return 0;
}

static int open_cgroup(struct build *b, struct mp_error *err)
{
	struct mp_supervisor *sv = b->sv;
	struct mp_cgroup_limits limits = mp_assemble_container_limits(sv->spec, b->record->index);
	struct mp_cgroup_hugetlb hugetlb[MP_CGROUP_HUGE_MAX];
	char name[128];
	int r;

	mp_assemble_hugetlb(sv->spec, (int)b->record->index, sv->huge_pages, sv->n_huge_pages,
			    hugetlb);
	limits.hugetlb = hugetlb;
	limits.n_hugetlb = sv->n_huge_pages;
	r = mp_cgroup_open_container(b->sv->pod_cgroup, mp_record_name(b->record, name), &limits,
				     &b->record->cgroup, err);

	if (r < 0 || b->identity.is_privileged)
		return r;
	if (!b->sv->devices)
		r = mp_device_program_load(b->sv->cgroup_host, &mp_device_policy_default,
					   &b->sv->devices, err);
	return r < 0 ? r : mp_cgroup_set_devices(b->record->cgroup, b->sv->devices, err);
}

static int fill_process(struct build *b, struct mp_env *env, struct mp_error *err)
{
	struct mp_record *record = b->record;
	struct mp_process_config *p = &record->process;
	struct mp_cgroup_join join;
	int *tasks;

	record->envp = mp_env_vector(env, &record->arena);
	tasks = mp_arena_alloc(&record->arena, MP_CGROUP_JOIN_MAX + 1, sizeof(*tasks));
	if (!record->envp || !tasks)
		return mp_fail(err, ENOMEM, "process");
	p->argv = (const char *const *)record->argv;
	p->envp = (const char *const *)record->envp;
	p->uid = (uid_t)record->uid;
	p->gid = (gid_t)record->gid;
	p->stdio_owner = b->sv->user_ids + p->uid;
	/* In a user namespace of its own a process has them all, whatever we lack outside. */
	p->caps = mp_caps_sets(b->identity.caps,
			       mp_has_user_ns(b->sv->spec) ? mp_caps_known() : mp_caps_available());
	p->has_no_new_privs = b->identity.has_no_new_privs;
	p->has_oom_score_adj = true;
	p->oom_score_adj =
		mp_assemble_oom_score_adj(b->sv->spec, record->index, b->sv->node.memory_bytes);
	mp_cgroup_get_join(record->cgroup, &join);
	memcpy(tasks, join.tasks, sizeof(join.tasks));
	p->cgroup_fd = join.dir_fd;
	p->cgroup_tasks_fds = tasks;
	p->cpu_tasks_fd = join.cpu_tasks;
	p->n_cgroup_tasks_fds = join.n_tasks;
	p->rlimits = &b->sv->files_before;
	p->n_rlimits = 1;
	return 0;
}

static int open_userns(struct build *b, struct mp_error *err)
{
	if (!mp_has_user_ns(b->sv->spec))
		return 0;
	if (!b->sv->infra)
		return mp_fail_text(err, ESRCH, "the pod's sandbox is gone");

	/* A supervisor that took the pod over has not made its sandbox, and not asked yet. */
	const int r = mp_exec_user_ids(b->sv, err);

	return r < 0 ? r : mp_infra_ns_fd(b->sv->infra, CLONE_NEWUSER, &b->userns_fd, err);
}

static int build(struct build *b, struct mp_error *err)
{
	struct mp_record *record = b->record;
	struct mp_env env = { .n = 0 };
	int r = random_hex(record->id, 64, err);

	b->reason = CREATE_ERROR;
	if (r == 0)
		r = find_image(b, err);
	if (r == 0)
		r = build_words(b, &env, err);
	if (r == 0)
		r = mp_assemble_identity(b->sv->spec, record->index, mp_caps_known(), &b->identity,
					 err);
	if (r == 0)
		r = open_userns(b, err);
	if (r == 0)
		r = make_record_dir(b, err);
	if (r == 0)
		r = write_etc_files(b, err);
	if (r == 0)
		r = make_termination_file(b, err);
	if (r == 0)
		r = mp_overlay_mount(
			&(struct mp_overlay_config){ .layer_dirs = record->image.layer_dirs,
						     .n_layer_dirs = record->image.n_layer_dirs,
						     .dir_fd = record->dir_fd,
						     .upper = MP_OVERLAY_DISK,
						     .userns_fd = b->userns_fd },
			&record->overlay_fd, err);
	if (r == 0)
		r = find_user(b, &env, err);
	if (r == 0)
		r = mp_exec_check_ids(record, err);
	if (r == 0)
		r = mp_exec_mount_images(b->sv, b->c, b->userns_fd, err);
	if (r == 0)
		r = collect_binds(b, err);
	if (r == 0)
		r = open_cgroup(b, err);
	if (r == 0)
		r = collect_cgroups(b, err);
	if (r == 0)
		r = prepare_rootfs(b, err);
	if (r == 0)
		r = fill_process(b, &env, err);
	if (r == 0)
		r = mp_exec_set_apparmor(record, &b->identity, err);
	return r == 0 ? mp_exec_set_seccomp(record, &b->identity, err) : r;
}

static void undo(struct mp_record *record)
{
	enum mp_cgroup_state state;

	if (record->cgroup)
		(void)mp_cgroup_remove(record->cgroup, &state, NULL);
	mp_closep(&record->overlay_fd);
	if (record->termination_file[0])
		(void)unlinkat(record->sv->private_fd, record->termination_file, 0);
	mp_record_drop_layer(record);
	mp_record_free(record);
}

struct mp_record *mp_record_alloc(struct mp_supervisor *sv, size_t index, int64_t restart_count)
{
	struct mp_record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->sv = sv;
	record->index = index;
	record->restart_count = restart_count;
	record->dir_fd = record->overlay_fd = record->pidfd = -EBADF;
	record->process = MP_PROCESS_NONE;
	return record;
}

static int note(const struct mp_record *record, struct mp_error *err)
{
	const struct mp_record_note n = { .id = record->id,
					  .container =
						  record->sv->spec->containers[record->index].name,
					  .termination_file = record->termination_file,
					  .cwd = record->process.cwd,
					  .uid = record->uid,
					  .gid = record->gid,
					  .groups = record->process.groups,
					  .n_groups = record->process.n_groups,
					  .env = (const char *const *)record->envp };

	return mp_record_note_write(record->sv->private_fd, &n, err);
}

int mp_record_build(struct mp_supervisor *sv, size_t index, int64_t restart_count,
		    struct mp_record **ret, const char **ret_reason, struct mp_error *err)
{
	struct mp_record *record = mp_record_alloc(sv, index, restart_count);
	struct build b = {
		.sv = sv, .record = record, .c = &sv->spec->containers[index], .userns_fd = -EBADF
	};
	int r;

	*ret_reason = CREATE_ERROR;
	if (!record)
		return mp_fail(err, ENOMEM, "container record");
	r = build(&b, err);
	if (r == 0)
		r = note(record, err);
	mp_closep(&b.userns_fd);
	if (r < 0) {
		*ret_reason = b.reason;
		undo(record);
		return r;
	}
	*ret = record;
	return 0;
}

int mp_record_refill(struct mp_record *record, struct mp_env *env, struct mp_error *err)
{
	struct build b = { .sv = record->sv,
			   .record = record,
			   .c = &record->sv->spec->containers[record->index] };
	int r = mp_assemble_identity(b.sv->spec, record->index, mp_caps_known(), &b.identity, err);

	if (r == 0)
		r = fill_process(&b, env, err);
	if (r == 0)
		r = mp_exec_set_apparmor(record, &b.identity, err);
	return r == 0 ? mp_exec_set_seccomp(record, &b.identity, err) : r;
}

/* ---- ahead of need -------------------------------------------------------------------------- */

/*
 * Most of a pod's start is the network namespace, which pause makes on another core. Meanwhile we
 * build what will be asked for next, unless something has to be read from pause for it. An error
 * is not told: it comes again, and at the right time, when the container is asked for.
 */
void mp_record_build_ahead(struct mp_supervisor *sv)
{
	const char *reason;

	if (sv->ahead || sv->records[0] || mp_has_user_ns(sv->spec))
		return;
	(void)mp_record_build(sv, 0, 0, &sv->ahead, &reason, NULL);
}

struct mp_record *mp_record_take_ahead(struct mp_supervisor *sv, size_t index,
				       int64_t restart_count)
{
	struct mp_record *record = sv->ahead;

	if (!record || record->index != index)
		return NULL;
	if (record->restart_count != restart_count) {
		mp_record_drop_ahead(sv);
		return NULL;
	}
	sv->ahead = NULL;
	return record;
}

void mp_record_drop_ahead(struct mp_supervisor *sv)
{
	if (sv->ahead)
		undo(sv->ahead);
	sv->ahead = NULL;
}
