/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/mounts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>

#include "runtime/base/auto.h"

#define SAFE (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static const char *const masked[] = {
	"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
	"/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap",
};

static const char *const readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

struct plan {
	struct mp_arena *arena;
	struct mp_mount_step *steps;
	size_t n, max;
	bool is_failed;
};

static struct mp_mount_step *add(struct plan *p, enum mp_mount_kind kind, const char *target,
				 uint64_t attrs, const char *what)
{
	static struct mp_mount_step nowhere;

	if (!what || !target || p->n == p->max) {
		p->is_failed = true;
		return &nowhere;
	}

	struct mp_mount_step *step = &p->steps[p->n++];

	*step = (struct mp_mount_step){
		.kind = kind, .what = what, .target = target, .attrs = attrs, .is_nofollow = true
	};
	return step;
}

/* Lexically, as the path means it before any link: "//a/../b/" is "/b". */
static char *clean(struct mp_arena *arena, const char *path)
{
	const size_t len = strlen(path);
	char *out = mp_arena_alloc(arena, len + 2, 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (const char *at = path; *at;) {
		const char *end = strchrnul(at, '/');
		const size_t part = (size_t)(end - at);

		if (part == 2 && at[0] == '.' && at[1] == '.') {
			while (n > 0 && out[--n] != '/')
				;
		} else if (part > 0 && !(part == 1 && at[0] == '.')) {
			out[n++] = '/';
			memcpy(out + n, at, part);
			n += part;
		}
		at = *end ? end + 1 : end;
	}
	out[n] = '\0';
	return out;
}

static size_t components(const char *target)
{
	size_t n = 0;

	for (; *target; target++)
		n += *target == '/' ? 1 : 0;
	return n;
}

static bool is_below(const char *path, const char *dir)
{
	const size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

static bool has_target(const char *const *targets, size_t n, const char *target)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(targets[i], target) == 0)
			return true;
	return false;
}

static void add_standard(struct plan *p, const struct mp_mounts_config *cfg,
			 const char *const *targets)
{
	const uint64_t sys_ro = cfg->is_privileged ? 0 : MOUNT_ATTR_RDONLY;
	const uint64_t dev = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
	const struct {
		const char *target, *what;
		uint64_t attrs;
		enum mp_mount_kind kind;
		bool is_wanted;
	} list[] = {
		{ "/proc", "mount /proc", SAFE, MP_MOUNT_PROC, true },
		{ "/dev", "mount /dev", MOUNT_ATTR_NOSUID, MP_MOUNT_DEV, true },
		{ "/sys", "mount /sys", SAFE | sys_ro, MP_MOUNT_SYSFS, true },
		{ "/dev/pts", "mount /dev/pts", dev, MP_MOUNT_DEVPTS, true },
		{ "/dev/shm", "mount /dev/shm", SAFE, MP_MOUNT_SHM, true },
		{ "/dev/mqueue", "mount /dev/mqueue", SAFE, MP_MOUNT_MQUEUE, true },
		{ "/dev/console", "mount /dev/console", dev, MP_MOUNT_CONSOLE, cfg->has_tty },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(list); i++) {
		if (!list[i].is_wanted || has_target(targets, cfg->n_binds, list[i].target))
			continue;
		if (is_below(list[i].target, "/dev") && has_target(targets, cfg->n_binds, "/dev"))
			continue;
		add(p, list[i].kind, list[i].target, list[i].attrs, list[i].what);
	}
}

static void add_cgroups(struct plan *p, const struct mp_mounts_config *cfg,
			const char *const *targets)
{
	static const char base[] = "/sys/fs/cgroup";
	const uint64_t attrs = SAFE | (cfg->is_privileged ? 0 : MOUNT_ATTR_RDONLY);

	if (has_target(targets, cfg->n_binds, base))
		return;
	switch (cfg->cgroup_view) {
	case MP_CGROUP_VIEW_NONE:
		return;
	case MP_CGROUP_VIEW_UNIFIED:
		add(p, MP_MOUNT_CGROUP, base, attrs, "mount /sys/fs/cgroup")->index = 0;
		return;
	case MP_CGROUP_VIEW_SPLIT:
		break;
	}
	add(p, MP_MOUNT_CGROUP_ROOT, base, SAFE | MOUNT_ATTR_RDONLY, "mount /sys/fs/cgroup");
	for (size_t i = 0; i < cfg->n_cgroups; i++) {
		const char *target = mp_arena_printf(p->arena, "%s/%s", base, cfg->cgroups[i].name);

		add(p, MP_MOUNT_CGROUP, target, attrs,
		    mp_arena_printf(p->arena, "mount %s", target))
			->index = i;
	}
}

static void add_binds(struct plan *p, const struct mp_mounts_config *cfg,
		      const char *const *targets)
{
	for (size_t i = 0; i < cfg->n_binds; i++) {
		const struct mp_bind *bind = &cfg->binds[i];
		const bool is_replaced =
			has_target(targets + i + 1, cfg->n_binds - i - 1, targets[i]);
		struct mp_mount_step *step;

		if (is_replaced)
			continue;
		step = add(p, MP_MOUNT_BIND, targets[i],
			   (bind->is_readonly ? MOUNT_ATTR_RDONLY : 0U) |
				   (bind->is_nosuid ? MOUNT_ATTR_NOSUID : 0U) |
				   (bind->is_nodev ? MOUNT_ATTR_NODEV : 0U) |
				   (bind->is_noexec ? MOUNT_ATTR_NOEXEC : 0U),
			   mp_arena_printf(p->arena, "mount %s at %s", bind->name, targets[i]));
		step->index = i;
		step->is_nofollow = false;
	}
}

static int add_kept(struct plan *p, const struct mp_mounts_config *cfg, const char *const *targets,
		    struct mp_error *err)
{
	for (size_t i = 0; cfg->is_root_readonly && i < cfg->n_kept; i++) {
		const char *target = clean(p->arena, cfg->kept[i]);

		if (!target)
			return mp_fail(err, ENOMEM, "plan mounts");
		/* The root itself is as the pod wants it, and so is what a volume is mounted on. */
		if (!target[0] || has_target(targets, cfg->n_binds, target))
			continue;
		add(p, MP_MOUNT_KEPT, target, 0,
		    mp_arena_printf(p->arena, "mount the image's volume %s", target))
			->is_nofollow = false;
	}
	return 0;
}

static void add_masks(struct plan *p, const struct mp_mounts_config *cfg)
{
	if (cfg->is_privileged || cfg->is_unmasked)
		return;
	for (size_t i = 0; i < MP_ARRAY_SIZE(masked); i++)
		add(p, MP_MOUNT_MASK, masked[i], MOUNT_ATTR_RDONLY,
		    mp_arena_printf(p->arena, "hide %s", masked[i]));
	for (size_t i = 0; i < cfg->n_more_masks; i++)
		add(p, MP_MOUNT_MASK, cfg->more_masks[i], MOUNT_ATTR_RDONLY,
		    mp_arena_printf(p->arena, "hide %s", cfg->more_masks[i]));
	for (size_t i = 0; i < MP_ARRAY_SIZE(readonly); i++)
		add(p, MP_MOUNT_READONLY, readonly[i], MOUNT_ATTR_RDONLY,
		    mp_arena_printf(p->arena, "make %s read-only", readonly[i]));
}

/* Insertion sort: stable, and the list is short. */
static void sort_by_components(struct mp_mount_step *steps, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		const struct mp_mount_step step = steps[i];
		const size_t depth = components(step.target);
		size_t j = i;

		for (; j > 0 && components(steps[j - 1].target) > depth; j--)
			steps[j] = steps[j - 1];
		steps[j] = step;
	}
}

int mp_mounts_plan(const struct mp_mounts_config *cfg, struct mp_arena *arena,
		   const struct mp_mount_step **ret_steps, size_t *ret_n, struct mp_error *err)
{
	struct plan p = {
		.arena = arena,
		.max = 8 + cfg->n_cgroups + cfg->n_binds + cfg->n_kept + MP_ARRAY_SIZE(masked) +
		       cfg->n_more_masks + MP_ARRAY_SIZE(readonly),
	};
	const char **targets = mp_arena_alloc(arena, cfg->n_binds + 1, sizeof(*targets));

	p.steps = mp_arena_alloc(arena, p.max, sizeof(*p.steps));
	if (!p.steps || !targets)
		return mp_fail(err, ENOMEM, "plan mounts");
	for (size_t i = 0; i < cfg->n_binds; i++) {
		targets[i] = clean(arena, cfg->binds[i].target);
		if (!targets[i])
			return mp_fail(err, ENOMEM, "plan mounts");
		if (!targets[i][0])
			return mp_fail_text(err, EINVAL,
					    "mount %s at %s: the root itself is no mount point",
					    cfg->binds[i].name, cfg->binds[i].target);
		if (strlen(targets[i]) >= PATH_MAX)
			return mp_fail(err, ENAMETOOLONG, "mount %s", cfg->binds[i].name);
	}
	add_standard(&p, cfg, targets);
	add_cgroups(&p, cfg, targets);
	if (add_kept(&p, cfg, targets, err) < 0)
		return -ENOMEM;
	add_binds(&p, cfg, targets);
	sort_by_components(p.steps, p.n);
	add_masks(&p, cfg);
	if (p.is_failed)
		return mp_fail(err, ENOMEM, "plan mounts");
	*ret_steps = p.steps;
	*ret_n = p.n;
	return 0;
}
