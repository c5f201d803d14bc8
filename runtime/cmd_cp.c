/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths in the container are resolved inside its root, as the container sees it, mounts and all;
 * where a link there leads out of it, it leads to the root. The image needs no tar.
 */
#include "runtime/cmd_cp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "namespaces/creds.h"
#include "rootfs/resolve.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"
#include "runtime/base/json.h"
#include "runtime/cli.h"
#include "runtime/client.h"
#include "runtime/copy_tree.h"
#include "runtime/log_select.h"
#include "runtime/pod_view.h"

const struct mp_option mp_cp_options[] = {
	{ "container", 'c', "NAME", "in this container", false },
	{ "namespace", 'n', "NAME", "of this namespace (default)", false },
	{ "no-preserve", 0, NULL, "copies have the permissions of new files", false },
	{ NULL, 0, NULL, NULL, false },
};

/* One side: a path here, or in a container. */
struct place {
	char pod[300], namespace_[300]; /* "": here */
	const char *path;               /* borrowed */
	const char *shown;
};

static int parse_place(const struct mp_args *args, const char *word, struct place *ret,
		       struct mp_error *err)
{
	const char *colon = strchr(word, ':'), *slash = strchr(word, '/');
	const char *name = word;

	*ret = (struct place){ .path = word, .shown = word };
	/* "web:/x" and "ns/web:/x" are remote; "./a:b" and "/a:b" are not. */
	if (!colon || word[0] == '/' || word[0] == '.')
		return word[0] ? 0 : mp_fail_text(err, EINVAL, "filepath can not be empty");
	if (slash && slash < colon) {
		if (memchr(slash + 1, '/', (size_t)(colon - slash - 1)))
			return 0;
		(void)snprintf(ret->namespace_, sizeof(ret->namespace_), "%.*s",
			       (int)(slash - word), word);
		name = slash + 1;
	} else {
		(void)snprintf(ret->namespace_, sizeof(ret->namespace_), "%s",
			       mp_cli_namespace(args));
	}
	(void)snprintf(ret->pod, sizeof(ret->pod), "%.*s", (int)(colon - name), name);
	ret->path = colon + 1;
	if (!ret->pod[0] || !ret->path[0])
		return mp_fail_text(err, EINVAL, "'%s': filepath can not be empty: write POD:PATH",
				    word);
	return 0;
}

/* An O_PATH descriptor of a place, following links on the way, never out of a container. */
static int open_place(int root, const char *path, int flags)
{
	if (root >= 0)
		return mp_resolve_open(root, path, (uint64_t)(flags | O_PATH | O_CLOEXEC), 0);

	const int fd = open(path, flags | O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* "a/b/" to "a" and "b"; "b" to "." and "b"; "/" to "/" and ".". */
static void split(const char *path, char dir[PATH_MAX], char name[NAME_MAX + 1])
{
	char copy[PATH_MAX];
	char *slash;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	slash = strrchr(copy, '/');
	(void)snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, slash ? slash + 1 : copy);
	if (slash == copy)
		slash++;
	(void)snprintf(dir, PATH_MAX, "%.*s", slash ? (int)(slash - copy) : 1, slash ? copy : ".");
	if (!name[0] || strcmp(name, "..") == 0) {
		(void)snprintf(dir, PATH_MAX, "%s", copy);
		(void)snprintf(name, NAME_MAX + 1, ".");
	}
}

/* Where the copy goes: into a directory that exists, else under the last name of the path. */
static int open_target(int root, const struct place *to, const char *src_name, int *ret_dir,
		       char name[NAME_MAX + 1], struct mp_error *err)
{
	char dir[PATH_MAX];
	int fd = open_place(root, to->path, O_DIRECTORY);

	if (fd >= 0) {
		(void)snprintf(name, NAME_MAX + 1, "%s", src_name);
	} else {
		if (mp_ends_with(to->path, "/"))
			return mp_fail(err, -fd, "%s", to->shown);
		split(to->path, dir, name);
		fd = open_place(root, dir, O_DIRECTORY);
		if (fd < 0)
			return mp_fail(err, -fd, "%s", to->shown);
	}
	*ret_dir = fd;
	return 0;
}

static int open_root(const struct mp_args *args, const struct place *place, int *ret_root,
		     int64_t *ret_id, struct mp_error *err)
{
	const char *container = mp_args_get(args, "container");
	const struct mp_node *reply = NULL;
	struct mp_arena arena = { 0 };
	struct mp_roots roots;
	struct mp_pod_view pod;
	struct mp_json w;
	char note[4096];
	int r = mp_cli_roots(args, &roots, err);

	if (r == 0)
		r = mp_pod_view_load(&arena, &roots, place->namespace_, place->pod, &pod, err);
	if (r == 0 && pod.has_ended)
		r = mp_fail_text(err, EINVAL,
				 "cannot copy files of a completed pod; current phase is %s",
				 mp_node_text(pod.status, "phase", NULL));
	if (r == 0 && !container) {
		container = mp_log_default_container(pod.object, note, sizeof(note));
		if (note[0])
			(void)fprintf(stderr, "%s\n", note);
	}
	if (r == 0) {
		mp_client_begin(&w, "root");
		mp_json_put_string(&w, "container", container);
		r = mp_client_call_fd(&roots, place->namespace_, place->pod, &w, &arena, &reply,
				      ret_root, err);
	}
	*ret_id = 0;
	if (r == 0)
		(void)mp_node_int64(mp_node_get(reply, "rootId"), ret_id);
	mp_arena_done(&arena);
	return r;
}

static int copy(const struct mp_args *args, const struct place *from, const struct place *to,
		struct mp_error *err)
{
	const bool is_out = from->pod[0] != '\0';
	struct mp_copy how = { .keeps_modes = !mp_args_has(args, "no-preserve"),
			       .keeps_links = !is_out,
			       .warnings = stderr };
	char dir[PATH_MAX], name[NAME_MAX + 1], target[NAME_MAX + 1];
	mp_auto_fd root = -EBADF, src = -EBADF, dst = -EBADF;
	int64_t id;
	int r = open_root(args, is_out ? from : to, &root, &id, err);

	if (r == 0) {
		/* The last link of what the command line names is followed, as cp does. */
		src = open_place(is_out ? root : -EBADF, from->path, 0);
		if (src < 0)
			r = mp_fail(err, -src, "%s", from->shown);
	}
	split(from->path, dir, name);
	if (r == 0)
		r = open_target(is_out ? -EBADF : root, to, name, &dst, target, err);
	/* What is made in a user namespace belongs to its root, not to ours. */
	if (r == 0 && !is_out && id != 0)
		r = mp_creds_act_as((uid_t)id, err);
	if (r == 0)
		r = mp_copy_tree(&how, src, dst, target, from->shown, err);
	return r;
}

int mp_cmd_cp(const struct mp_args *args)
{
	struct mp_error err = MP_ERROR_NONE;
	struct place from, to;
	int r = parse_place(args, args->positional[0], &from, &err);

	if (r == 0)
		r = parse_place(args, args->positional[1], &to, &err);
	if (r == 0 && from.pod[0] && to.pod[0])
		r = mp_fail_text(&err, EINVAL,
				 "one of src or dest must be a local file specification");
	if (r == 0 && !from.pod[0] && !to.pod[0])
		r = mp_fail_text(
			&err, EINVAL,
			"one of src or dest must be a remote file specification: POD:PATH");
	if (r == 0)
		r = copy(args, &from, &to, &err);
	/* A missing file is no missing pod. */
	if (r == -ENOENT && !mp_starts_with(err.msg, "pods \""))
		r = -EIO;
	return r < 0 ? mp_cli_fail(r, &err) : 0;
}
