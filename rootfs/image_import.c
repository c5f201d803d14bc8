/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_import.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rootfs/image_config.h"
#include "rootfs/image_helper.h"
#include "rootfs/image_layer.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/json.h"
#include "runtime/base/sys.h"

struct import {
	struct mp_image_store *store;
	const struct mp_image_import_options *options;
	struct mp_arena *arena;
	struct mp_image_lock lock;
	struct mp_image_ref ref;
	struct mp_image_unpacked unpacked;
	uint64_t total;
};

_Noreturn static void run_tar(int dir_fd, int out_fd)
{
	static char tar[] = "tar", c[] = "-c", one[] = "--one-file-system",
		    numeric[] = "--numeric-owner", xattrs[] = "--xattrs",
		    all[] = "--xattrs-include=*", sort[] = "--sort=name", file[] = "-f", to[] = "-",
		    dot[] = ".";
	char *const argv[] = { tar, c, one, numeric, xattrs, all, sort, file, to, dot, NULL };
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (fchdir(dir_fd) < 0 || dup2(out_fd, 1) < 0 || mp_sys_close_range(3, ~0U, 0) < 0)
		_exit(126);
	(void)execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static int start_tar(int dir_fd, pid_t *ret_pid, int *ret_fd, struct mp_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return mp_fail(err, errno, "run tar: pipe");

	mp_auto_fd out = fds[0];
	mp_auto_fd in = fds[1];
	const pid_t pid = fork();

	if (pid == 0)
		run_tar(dir_fd, in);
	if (pid < 0)
		return mp_fail(err, errno, "run tar");
	*ret_pid = pid;
	*ret_fd = mp_steal_fd(&out);
	return 0;
}

/* What tar says on stderr is the user's to read. */
static int end_tar(pid_t pid, int r, struct mp_error *err)
{
	int ws = 0;

	while (waitpid(pid, &ws, 0) < 0 && errno == EINTR)
		;
	if (r < 0 && !(WIFEXITED(ws) && WEXITSTATUS(ws) == 127))
		return r;
	if (WIFEXITED(ws) && WEXITSTATUS(ws) == 127)
		return mp_fail_text(err, ENOPKG,
				    "tar is not installed, which importing a directory "
				    "needs (Debian: apt-get install tar)");
	/* 1: a file changed while it was read. */
	if (WIFEXITED(ws) && WEXITSTATUS(ws) <= 1)
		return 0;
	return mp_fail_text(err, EIO, "tar could not read all of it");
}

static void tell_bytes(void *ctx, uint64_t bytes)
{
	const struct import *im = ctx;
	const struct mp_image_progress *p = im->options->progress;

	p->layer(p->ctx, 0, 1, "", MP_IMAGE_LAYER_UNPACKING, bytes, im->total);
}

/* @path's content into @dir_fd. */
static int unpack(struct import *im, const char *path, int dir_fd, struct mp_error *err)
{
	const struct mp_image_helper_job job = { .task = MP_IMAGE_HELPER_LAYER,
						 .keeps_devices = im->options->keeps_devices,
						 .progress =
							 im->options->progress ? tell_bytes : NULL,
						 .ctx = im };
	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	pid_t tar = 0;
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return mp_fail(err, errno, "open it");
	if (S_ISDIR(st.st_mode)) {
		mp_auto_fd dir = mp_steal_fd(&fd);

		r = start_tar(dir, &tar, &fd, err);
	} else {
		im->total = (uint64_t)st.st_size;
	}
	if (r == 0)
		r = mp_image_helper_run(&job, fd, dir_fd, &im->unpacked, err);
	mp_closep(&fd);
	if (tar > 0)
		r = end_tar(tar, r, err);
	if (r == 0)
		r = mp_image_mark_opaque(dir_fd, &im->unpacked, err);
	return r;
}

static const char *write_config(struct import *im, size_t *ret_len, struct mp_error *err)
{
	const struct mp_node *config = NULL, *inner;
	char now[32] = "";
	struct mp_document doc;
	struct mp_json w;
	struct tm tm;
	const time_t t = time(NULL);
	const char *text;
	char *copy = NULL;

	if (im->options->config) {
		if (mp_document_parse(im->arena, "image configuration", im->options->config,
				      im->options->config_len, MP_DOCUMENT_AUTO, &doc, err) < 0)
			return NULL;
		config = doc.roots[0];
	}
	inner = mp_node_get(config, "config");
	if (!inner)
		inner = config;
	if (inner && inner->kind != MP_NODE_MAP) {
		(void)mp_fail_text(err, EINVAL, "image configuration: expected an object");
		return NULL;
	}
	if (gmtime_r(&t, &tm))
		(void)strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", &tm);
	mp_json_init(&w, MP_JSON_COMPACT);
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "created", now);
	text = mp_image_text_at(config, "architecture");
	mp_json_put_string(&w, "architecture", text ? text : MP_IMAGE_ARCHITECTURE);
	text = mp_image_text_at(config, "os");
	mp_json_put_string(&w, "os", text ? text : "linux");
	mp_json_key(&w, "config");
	if (inner) {
		mp_json_node(&w, inner);
	} else {
		mp_json_object_begin(&w);
		mp_json_object_end(&w);
	}
	mp_json_put_object(&w, "rootfs");
	mp_json_put_string(&w, "type", "layers");
	mp_json_put_list(&w, "diff_ids");
	mp_json_stringf(&w, "sha256:%s", im->unpacked.diff_hex);
	mp_json_list_end(&w);
	mp_json_object_end(&w);
	mp_json_put_list(&w, "history");
	mp_json_object_begin(&w);
	mp_json_put_string(&w, "created", now);
	mp_json_put_string(&w, "created_by", "minipod image import");
	mp_json_object_end(&w);
	mp_json_list_end(&w);
	mp_json_object_end(&w);
	text = mp_json_finish(&w, ret_len, NULL);
	if (text)
		copy = mp_arena_dup(im->arena, text, *ret_len);
	mp_json_done(&w);
	if (!copy)
		(void)mp_fail(err, ENOMEM, "import image");
	return copy;
}

static int publish(struct import *im, struct mp_image_record *record, const char *config,
		   size_t config_len, struct mp_error *err)
{
	char hex[MP_SHA256_HEX_MAX];
	const char *id =
		mp_arena_printf(im->arena, "sha256:%s", mp_sha256_text(config, config_len, hex));
	const char *manifest = mp_arena_printf(
		im->arena,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		"\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\"}]}",
		id, config_len, im->unpacked.diff_hex);
	struct mp_image_ref ref = im->ref;
	int r;

	if (!id || !manifest)
		return mp_fail(err, ENOMEM, "import image");
	(void)snprintf(ref.digest, sizeof(ref.digest), "sha256:%s",
		       mp_sha256_text(manifest, strlen(manifest), hex));
	record->image.id = id;
	record->image.size_bytes = im->unpacked.blob_bytes;
	record->image.ref = mp_arena_printf(im->arena, "%s@%s", ref.name, ref.digest);
	if (!record->image.ref)
		return mp_fail(err, ENOMEM, "import image");
	r = mp_image_publish(&im->lock, record, config, config_len, manifest, strlen(manifest),
			     err);
	if (r == 0)
		r = mp_image_refer(&im->lock, &ref, id, false, err);
	if (r == 0)
		r = mp_image_refer(&im->lock, &im->ref, id, false, err);
	return r;
}

/* The store is locked: the scratch directory becomes the layer, unless there is one like it. */
static int keep(struct import *im, const char *scratch, int dir_fd, struct mp_error *err)
{
	const char *hex = im->unpacked.diff_hex;

	if (faccessat(im->lock.layers_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return mp_tree_force_remove(im->lock.layers_fd, scratch, err);
	if (syncfs(dir_fd) < 0)
		return mp_fail(err, errno, "sync layer");
	if (renameat(im->lock.layers_fd, scratch, im->lock.layers_fd, hex) < 0)
		return mp_fail(err, errno, "name layer");
	return 0;
}

static int import(struct import *im, const char *path, const char *scratch, int dir_fd,
		  struct mp_image_loaded *ret, struct mp_error *err)
{
	struct mp_image_record record = { .embedded = "" };
	char full[MP_IMAGE_REF_MAX];
	const char *config;
	size_t len = 0;
	int r = unpack(im, path, dir_fd, err);

	if (r < 0)
		return r;
	config = write_config(im, &len, err);
	if (!config)
		return err ? -err->code : -EINVAL;
	r = mp_image_config_parse(im->arena, config, len, &record, err);
	if (r == 0)
		r = mp_image_lock_acquire(&im->lock, err);
	if (r < 0)
		return r;
	r = keep(im, scratch, dir_fd, err);
	if (r == 0)
		r = publish(im, &record, config, len, err);
	mp_image_lock_release(&im->lock);
	ret->id = record.image.id;
	ret->name = mp_arena_strdup(im->arena, mp_image_ref_text(&im->ref, full));
	return r == 0 && !ret->name ? mp_fail(err, ENOMEM, "import image") : r;
}

int mp_image_import(struct mp_image_store *store, const char *path,
		    const struct mp_image_import_options *options, struct mp_arena *arena,
		    struct mp_image_loaded **ret, struct mp_error *err)
{
	struct import im = { .store = store, .options = options, .arena = arena };
	struct mp_image_loaded *loaded = mp_arena_alloc(arena, 1, sizeof(*loaded));
	struct mp_error why = MP_ERROR_NONE;
	mp_auto_fd dir = -EBADF;
	char scratch[64];
	int r;

	if (!loaded)
		return mp_fail(err, ENOMEM, "import image");
	r = mp_image_ref_parse(options->name, &im.ref, err);
	if (r == 0 && im.ref.digest[0])
		return mp_fail_text(err, EINVAL, "%s: a digest cannot be given to an image",
				    options->name);
	if (r == 0)
		r = mp_image_lock_take(store, &im.lock, err);
	if (r < 0)
		return r;
	mp_image_lock_release(&im.lock);
	(void)snprintf(scratch, sizeof(scratch), ".tmp-import-%ld", (long)getpid());
	r = mp_image_scratch_make(&im.lock, scratch, &dir, &why);
	if (r == 0) {
		r = import(&im, path, scratch, dir, loaded, &why);
		(void)mp_tree_force_remove(im.lock.layers_fd, scratch, NULL);
	}
	free(im.unpacked.opaque);
	mp_image_lock_drop(&im.lock);
	if (r < 0) {
		if (err)
			*err = why;
		return mp_wrap(err, r, "import %s", path);
	}
	*ret = loaded;
	return 0;
}
