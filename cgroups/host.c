/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the hierarchies. The usual places under /sys/fs/cgroup are looked at directly, a dozen
 * cheap calls; a host that has none there is left to libcgroup (backend.c), which reads
 * /proc/mounts.
 */
#include "cgroups/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cgroups/backend.h"
#include "cgroups/file.h"
#include "cgroups/node.h"
#include "cgroups/parse.h"
#include "runtime/base/auto.h"

#define USUAL_PLACE      "/sys/fs/cgroup"
#define ROOT_DEFAULT     "minipod"
#define MOUNTINFO_MAX    (16UL << 20)
#define HUGEPAGES_PATH   "/sys/kernel/mm/hugepages"
#define N_V2_CONTROLLERS 4

static const enum mp_cgroup_controller v2_controllers[N_V2_CONTROLLERS] = {
	MP_CGROUP_MEMORY,
	MP_CGROUP_PIDS,
	MP_CGROUP_HUGETLB,
	MP_CGROUP_CPU,
};

const char *mp_cgroup_mode_name(enum mp_cgroup_mode mode)
{
	switch (mode) {
	case MP_CGROUP_V2:
		return "v2";
	case MP_CGROUP_V1:
		return "v1";
	case MP_CGROUP_HYBRID:
		return "hybrid";
	}
	return "";
}

/* Relative, and made of plain names only: it is appended to the mount point. */
static bool is_plain_path(const char *path)
{
	if (!*path || strlen(path) >= PATH_MAX / 4)
		return false;
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 0 || len > NAME_MAX || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += len;
		if (*path == '/' && !*++path)
			return false;
	}
	return true;
}

/*
 * Note a hierarchy at @path that serves @controller ("" for v2). Controllers mounted together
 * share one entry: they are one tree, which must not be built twice.
 */
static int note_hierarchy(struct mp_cgroup_host *host, const char *path,
			  enum mp_cgroup_controller controller, struct mp_error *err)
{
	mp_auto_fd fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : mp_fail(err, errno, "open %s", path);
	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return mp_fail(err, errno, "look at %s", path);

	bool is_v2 = fs.f_type == CGROUP2_SUPER_MAGIC;

	if ((!is_v2 && fs.f_type != CGROUP_SUPER_MAGIC) ||
	    is_v2 != (controller == MP_CGROUP_UNIFIED))
		return 0;
	for (size_t i = 0; i < host->n; i++) {
		if (host->h[i].dev == st.st_dev) {
			host->h[i].controllers |= MP_BIT(controller);
			host->where[controller] = (int)i;
			return 0;
		}
	}
	if (host->n == MP_HIERARCHY_MAX)
		return mp_fail_text(err, E2BIG, "too many cgroup hierarchies at %s", path);

	struct mp_hierarchy *h = &host->h[host->n];

	h->top = strdup(path);
	if (!h->top)
		return mp_fail(err, ENOMEM, "remember %s", path);
	h->version = is_v2 ? MP_CGROUP_FILES_V2 : MP_CGROUP_FILES_V1;
	h->controllers = MP_BIT(controller);
	h->dev = st.st_dev;
	h->top_fd = mp_steal_fd(&fd);
	host->where[controller] = (int)host->n++;
	return 0;
}

/* Controllers of the v2 hierarchy that no v1 hierarchy has claimed. */
static int note_v2_controllers(struct mp_cgroup_host *host, struct mp_error *err)
{
	int at = host->where[MP_CGROUP_UNIFIED];
	char words[512];

	if (at < 0)
		return 0;

	struct mp_hierarchy *h = &host->h[at];
	int r = mp_cgfile_read(h->top_fd, "cgroup.controllers", words, sizeof(words));

	if (r < 0)
		return mp_fail(err, -r, "read %s/cgroup.controllers", h->top);
	for (size_t i = 0; i < N_V2_CONTROLLERS; i++) {
		enum mp_cgroup_controller c = v2_controllers[i];

		if (host->where[c] < 0 && mp_parse_has_word(words, mp_cgroup_controller_name(c))) {
			h->controllers |= MP_BIT(c);
			host->where[c] = at;
		}
	}
	return 0;
}

/*
 * A v2 hierarchy beside v1 kills with one write and counts cpu time as well. What is not needed is
 * not used: each hierarchy costs some 130 us per container.
 */
static bool is_done_by_v2(enum mp_cgroup_controller controller)
{
	return controller == MP_CGROUP_FREEZER || controller == MP_CGROUP_CPUACCT;
}

static int look_at_usual_place(struct mp_cgroup_host *host, bool ignore_v2, struct mp_error *err)
{
	struct statfs fs;

	if (statfs(USUAL_PLACE, &fs) < 0)
		return errno == ENOENT ? 0 : mp_fail(err, errno, "look at " USUAL_PLACE);
	if (fs.f_type == CGROUP2_SUPER_MAGIC)
		return ignore_v2 ? 0 : note_hierarchy(host, USUAL_PLACE, MP_CGROUP_UNIFIED, err);
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		enum mp_cgroup_controller controller = (enum mp_cgroup_controller)c;
		char path[64];

		if (controller == MP_CGROUP_UNIFIED && ignore_v2)
			continue;
		if (is_done_by_v2(controller) && host->where[MP_CGROUP_UNIFIED] >= 0)
			continue;
		(void)snprintf(path, sizeof(path), USUAL_PLACE "/%s",
			       controller == MP_CGROUP_UNIFIED ?
				       "unified" :
				       mp_cgroup_controller_name(controller));

		int r = note_hierarchy(host, path, controller, err);

		if (r < 0)
			return r;
	}
	return 0;
}

struct search {
	struct mp_cgroup_host *host;
	struct mp_error *err;
	bool ignore_v2;
	int result;
};

static void found_mount(const char *controller, const char *mount_point, void *arg)
{
	struct search *search = arg;
	struct statfs fs;

	if (search->result < 0 || statfs(mount_point, &fs) < 0)
		return;
	if (fs.f_type == CGROUP2_SUPER_MAGIC) {
		if (!search->ignore_v2)
			search->result = note_hierarchy(search->host, mount_point,
							MP_CGROUP_UNIFIED, search->err);
		return;
	}
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS; c++) {
		enum mp_cgroup_controller known = (enum mp_cgroup_controller)c;

		if (known != MP_CGROUP_UNIFIED &&
		    strcmp(controller, mp_cgroup_controller_name(known)) == 0)
			search->result =
				note_hierarchy(search->host, mount_point, known, search->err);
	}
}

/* Our own directory below the mount @top, or "" when we are at its root or it is not visible. */
static int own_position(const char *top, char *buf, size_t size)
{
	mp_auto_free char *text = NULL;
	char path[PATH_MAX];
	int r = mp_cgfile_read_all(AT_FDCWD, "/proc/self/cgroup", MOUNTINFO_MAX, &text);

	buf[0] = '\0';
	if (r < 0 || mp_parse_own_cgroup(text, "", path, sizeof(path)) < 0)
		return r;
	if (strcmp(path, "/") == 0)
		return 0;
	mp_freep(&text);
	r = mp_cgfile_read_all(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text);
	if (r < 0)
		return r;

	mp_auto_free struct mp_mount_line *line = malloc(sizeof(*line));
	const char *at = text;

	if (!line)
		return -ENOMEM;
	while (mp_parse_mountinfo(&at, line)) {
		if (strcmp(line->type, "cgroup2") != 0 || strcmp(line->point, top) != 0)
			continue;

		const char *below = mp_parse_below(path, line->root);

		(void)snprintf(buf, size, "%s", below ? below : "");
	}
	return 0;
}

/*
 * A supervisor in a delegated unit has to stay below it: the rest belongs to systemd, which says
 * so with an xattr (user.delegate since 251, trusted.delegate before).
 */
static int move_to_delegated(struct mp_hierarchy *h, struct mp_error *err)
{
	char own[PATH_MAX];
	char value[8];
	mp_auto_free char *path = NULL;
	int r = own_position(h->top, own, sizeof(own));

	if (r < 0)
		return mp_fail(err, -r, "find our own cgroup");
	if (!*own)
		return 0;
	if (asprintf(&path, "%s%s", h->top, own) < 0)
		return mp_fail(err, ENOMEM, "find our own cgroup");

	ssize_t n = getxattr(path, "user.delegate", value, sizeof(value));

	if (n < 0)
		n = getxattr(path, "trusted.delegate", value, sizeof(value));
	if (n != 1 || value[0] != '1')
		return 0;

	mp_auto_fd fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open our delegated cgroup %s", path);
	mp_closep(&h->top_fd);
	h->top_fd = mp_steal_fd(&fd);
	free(h->top);
	h->top = mp_steal_ptr(&path);
	return 0;
}

static int decide_mode(struct mp_cgroup_host *host, struct mp_error *err)
{
	int unified = host->where[MP_CGROUP_UNIFIED];

	if (host->n == 0)
		return mp_fail_text(err, ENODEV,
				    "no cgroup hierarchy is mounted under " USUAL_PLACE
				    " or elsewhere; mount cgroup2 there");
	host->mode = MP_CGROUP_V1;
	if (unified >= 0)
		host->mode = host->n == 1 ? MP_CGROUP_V2 : MP_CGROUP_HYBRID;
	return 0;
}

static void drop_unneeded(struct mp_cgroup_host *host)
{
	for (int c = 0; c < MP_CGROUP_N_CONTROLLERS && host->mode != MP_CGROUP_V1; c++) {
		if (is_done_by_v2((enum mp_cgroup_controller)c))
			host->where[c] = -1;
	}
}

static int name_roots(struct mp_cgroup_host *host, struct mp_error *err)
{
	for (size_t i = 0; i < host->n; i++) {
		if (asprintf(&host->h[i].root, "%s/%s", host->h[i].top, host->root) < 0) {
			host->h[i].root = NULL;
			return mp_fail(err, ENOMEM, "name the root of all pods");
		}
	}
	return 0;
}

static int discover(struct mp_cgroup_host *host, const struct mp_cgroup_host_config *config,
		    struct mp_error *err)
{
	int r;

	if (config->v2_at) {
		r = note_hierarchy(host, config->v2_at, MP_CGROUP_UNIFIED, err);
	} else {
		r = look_at_usual_place(host, config->ignore_v2, err);
		if (r == 0 && host->n == 0) {
			struct search search = { .host = host,
						 .err = err,
						 .ignore_v2 = config->ignore_v2 };

			r = mp_backend_find(found_mount, &search, err);
			if (r == 0)
				r = search.result;
		}
	}
	if (r < 0)
		return r;
	r = decide_mode(host, err);
	if (r < 0)
		return r;
	if (host->mode == MP_CGROUP_V2 && !config->root) {
		r = move_to_delegated(&host->h[0], err);
		if (r < 0)
			return r;
	}
	r = note_v2_controllers(host, err);
	if (r < 0)
		return r;
	drop_unneeded(host);
	return name_roots(host, err);
}

int mp_cgroup_root_check(const char *root, struct mp_error *err)
{
	if (is_plain_path(root))
		return 0;
	return mp_fail_text(err, EINVAL,
			    "cgroup root '%s': must be a relative path without '.' and '..', each "
			    "name at most %d characters",
			    root, NAME_MAX);
}

int mp_cgroup_host_open(const struct mp_cgroup_host_config *config,
			struct mp_cgroup_host **ret_host, struct mp_error *err)
{
	static const struct mp_cgroup_host_config defaults = { .root = NULL };

	if (!config)
		config = &defaults;
	int r = config->root ? mp_cgroup_root_check(config->root, err) : 0;

	if (r < 0)
		return r;

	struct mp_cgroup_host *host = calloc(1, sizeof(*host));

	if (!host)
		return mp_fail(err, ENOMEM, "find the cgroup hierarchies");
	for (size_t i = 0; i < MP_HIERARCHY_MAX; i++)
		host->h[i].top_fd = -EBADF;
	for (size_t i = 0; i < MP_CGROUP_N_CONTROLLERS; i++)
		host->where[i] = -1;
	host->root = strdup(config->root ? config->root : ROOT_DEFAULT);

	r = host->root ? discover(host, config, err) :
			 mp_fail(err, ENOMEM, "find the cgroup hierarchies");

	if (r < 0) {
		mp_cgroup_host_close(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

void mp_cgroup_host_close(struct mp_cgroup_host *host)
{
	if (!host)
		return;
	for (size_t i = 0; i < MP_HIERARCHY_MAX; i++) {
		mp_closep(&host->h[i].top_fd);
		free(host->h[i].top);
		free(host->h[i].root);
	}
	free(host->root);
	free(host);
}

enum mp_cgroup_mode mp_cgroup_host_mode(const struct mp_cgroup_host *host)
{
	return host->mode;
}

bool mp_cgroup_host_has(const struct mp_cgroup_host *host, enum mp_cgroup_controller controller)
{
	return host->where[controller] >= 0;
}

const char *mp_cgroup_host_path(const struct mp_cgroup_host *host,
				enum mp_cgroup_controller controller)
{
	int at = host->where[controller];

	return at < 0 ? NULL : host->h[at].root;
}

static int note_huge_size(int dir_fd, const char *name, void *arg)
{
	uint64_t *sizes = arg; /* [0] counts */
	char digits[24];
	size_t len;
	uint64_t kib;

	(void)dir_fd;
	if (strncmp(name, "hugepages-", 10) != 0)
		return 0;
	len = strspn(name + 10, "0123456789");
	if (len == 0 || len >= sizeof(digits) || strcmp(name + 10 + len, "kB") != 0)
		return 0;
	memcpy(digits, name + 10, len);
	digits[len] = '\0';
	if (sizes[0] < MP_CGROUP_HUGE_MAX && mp_parse_number(digits, &kib))
		sizes[++sizes[0]] = kib << 10;
	return 0;
}

static int compare_sizes(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

size_t mp_cgroup_host_hugepages(uint64_t sizes[MP_CGROUP_HUGE_MAX])
{
	uint64_t found[MP_CGROUP_HUGE_MAX + 1] = { 0 };

	if (mp_dir_each(AT_FDCWD, HUGEPAGES_PATH, note_huge_size, found) < 0)
		found[0] = 0;
	qsort(found + 1, found[0], sizeof(found[0]), compare_sizes);
	memcpy(sizes, found + 1, found[0] * sizeof(found[0]));
	return found[0];
}

uint64_t mp_cgroup_host_reserved(uint64_t page_bytes)
{
	char path[128], text[32];
	uint64_t n;

	(void)snprintf(path, sizeof(path), HUGEPAGES_PATH "/hugepages-%llukB/nr_hugepages",
		       (unsigned long long)page_bytes >> 10);
	return mp_cgfile_read(AT_FDCWD, path, text, sizeof(text)) > 0 && mp_parse_number(text, &n) ?
		       n :
		       0;
}
