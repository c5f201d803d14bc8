/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded image becomes an ordinary one in the store: a layer, a configuration and a
 * manifest with digests of their own, and the names it answers to. Mount points are in the layer
 * already, so that a container's start creates nothing in its upper directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rootfs/image_store.h"
#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define LAYER_FORMAT "minipod embedded layer " MP_IMAGE_EMBEDDED_LAYOUT

#if defined(__x86_64__)
#define ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define ARCHITECTURE "arm64"
#endif

#define EXE_PATH "bin/busybox"
#define PATH_ENV "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char passwd_text[] = "root:x:0:0:root:/root:/bin/sh\n"
				  "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
				  "bin:x:2:2:bin:/bin:/bin/false\n"
				  "sys:x:3:3:sys:/dev:/bin/false\n"
				  "sync:x:4:100:sync:/bin:/bin/sync\n"
				  "mail:x:8:8:mail:/var/spool/mail:/bin/false\n"
				  "www-data:x:33:33:www-data:/var/www:/bin/false\n"
				  "operator:x:37:37:Operator:/var:/bin/false\n"
				  "nobody:x:65534:65534:nobody:/home:/bin/false\n";

static const char group_text[] = "root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\n"
				 "tty:x:5:\ndisk:x:6:\nlp:x:7:\nmail:x:8:\nkmem:x:9:\n"
				 "wheel:x:10:root\ncdrom:x:11:\ndialout:x:18:\nfloppy:x:19:\n"
				 "video:x:28:\naudio:x:29:\ntape:x:32:\nwww-data:x:33:\n"
				 "operator:x:37:\nutmp:x:43:\nplugdev:x:46:\nstaff:x:50:\n"
				 "lock:x:54:\nnetdev:x:82:\nusers:x:100:\nnobody:x:65534:\n";

static int make_file(int root, const char *path, const void *bytes, size_t len, mode_t mode,
		     bool is_synced, struct mp_error *err)
{
	mp_auto_fd fd =
		openat(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return mp_fail(err, errno, "make /%s", path);
	r = mp_fd_write_all(fd, bytes, len, err);
	if (r < 0)
		return mp_wrap(err, r, "make /%s", path);
	if (fchmod(fd, mode) < 0 || (is_synced && fsync(fd) < 0))
		return mp_fail(err, errno, "make /%s", path);
	return 0;
}

static int make_dirs(int root, struct mp_error *err)
{
	static const struct {
		const char *path;
		mode_t mode;
	} dirs[] = {
		{ "bin", 0755 },       { "usr", 0755 },
		{ "usr/local", 0755 }, { "etc", 0755 },
		{ "dev", 0755 },       { "proc", 0555 },
		{ "sys", 0555 },       { "root", 0700 },
		{ "home", 0755 },      { "tmp", 01777 },
		{ "run", 0755 },       { "var", 0755 },
		{ "var/spool", 0755 }, { "var/spool/mail", 0755 },
		{ "var/www", 0755 },   { "var/tmp", 01777 },
		{ "mnt", 0755 },       { "opt", 0755 },
	};
	/* The well-known image has every applet in /bin, and pods name them so. */
	static const struct {
		const char *path, *target;
	} links[] = {
		{ "sbin", "bin" },
		{ "usr/bin", "../bin" },
		{ "usr/sbin", "../bin" },
	};

	for (size_t i = 0; i < MP_ARRAY_SIZE(dirs); i++) {
		if (mkdirat(root, dirs[i].path, 0700) < 0 ||
		    fchmodat(root, dirs[i].path, dirs[i].mode, 0) < 0)
			return mp_fail(err, errno, "make /%s", dirs[i].path);
	}
	for (size_t i = 0; i < MP_ARRAY_SIZE(links); i++)
		if (symlinkat(links[i].target, root, links[i].path) < 0)
			return mp_fail(err, errno, "make /%s", links[i].path);
	return fchmod(root, 0755) < 0 ? mp_fail(err, errno, "set mode of the root") : 0;
}

static bool is_plain_path(const char *path)
{
	for (const char *at = path; *at;) {
		const char *end = strchrnul(at, '/');
		const size_t n = (size_t)(end - at);

		if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at = *end ? end + 1 : end;
	}
	return path[0] != '\0';
}

static int link_applet(int root, const char *path, struct mp_error *err)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');

	if (linkat(root, EXE_PATH, root, path, 0) == 0 || errno == EEXIST)
		return 0;
	if (errno == ENOENT && slash) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);

		int r = mp_dir_make(root, dir, 0755, err);

		if (r < 0)
			return r;
		if (linkat(root, EXE_PATH, root, path, 0) == 0)
			return 0;
	}
	return mp_fail(err, errno, "make /%s", path);
}

static int link_applets(int root, const struct mp_image_embedded *embedded, struct mp_error *err)
{
	const char *at = embedded->applets;
	const char *end = at + embedded->applets_size;
	char path[PATH_MAX];

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		const size_t n = (size_t)((eol ? eol : end) - at);

		if (n > 0 && n < sizeof(path)) {
			memcpy(path, at, n);
			path[n] = '\0';
			if (!is_plain_path(path))
				return mp_fail_text(err, EINVAL, "applet %s: not a plain path",
						    path);

			/* "linuxrc" is for the root of an initial RAM disk. */
			int r = strcmp(path, "linuxrc") == 0 ? 0 : link_applet(root, path, err);

			if (r < 0)
				return r;
		}
		at += n + (eol ? 1 : 0);
	}
	return 0;
}

static int fill(int root, const struct mp_image_embedded *embedded, struct mp_error *err)
{
	static const char *const mount_points[] = { "etc/hosts", "etc/hostname",
						    "etc/resolv.conf" };
	int r = make_dirs(root, err);

	if (r == 0)
		r = make_file(root, EXE_PATH, embedded->exe, embedded->exe_size, 0755, false, err);
	if (r == 0)
		r = link_applets(root, embedded, err);
	for (size_t i = 0; i < MP_ARRAY_SIZE(mount_points) && r == 0; i++)
		r = make_file(root, mount_points[i], "", 0, 0644, false, err);
	if (r == 0)
		r = make_file(root, "etc/group", group_text, strlen(group_text), 0644, false, err);
	/* Last, and synced: that commits everything before it, should the machine stop now. */
	if (r == 0)
		r = make_file(root, "etc/passwd", passwd_text, strlen(passwd_text), 0644, true,
			      err);
	return r;
}

static int make_layer(struct mp_image_lock *lock, const struct mp_image_embedded *embedded,
		      const char *hex, struct mp_error *err)
{
	char temporary[64];
	mp_auto_fd root = -EBADF;
	int r;

	if (faccessat(lock->layers_fd, hex, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	(void)snprintf(temporary, sizeof(temporary), ".tmp-%ld", (long)getpid());
	if (mkdirat(lock->layers_fd, temporary, 0700) < 0)
		return mp_fail(err, errno, "make layer");
	root = openat(lock->layers_fd, temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = root < 0 ? mp_fail(err, errno, "open layer") : fill(root, embedded, err);
	if (r == 0 && renameat(lock->layers_fd, temporary, lock->layers_fd, hex) < 0)
		r = mp_fail(err, errno, "name layer");
	if (r < 0)
		(void)mp_tree_force_remove(lock->layers_fd, temporary, NULL);
	return r;
}

static void layer_digest(const struct mp_image_embedded *embedded, char hex[MP_SHA256_HEX_MAX])
{
	struct mp_sha256 h;

	mp_sha256_init(&h);
	mp_sha256_add(&h, LAYER_FORMAT, sizeof(LAYER_FORMAT));
	mp_sha256_add(&h, embedded->digest, strlen(embedded->digest));
	mp_sha256_add(&h, embedded->applets, embedded->applets_size);
	mp_sha256_add(&h, passwd_text, sizeof(passwd_text));
	mp_sha256_add(&h, group_text, sizeof(group_text));
	(void)mp_sha256_hex(&h, hex);
}

static int name_image(struct mp_image_store *store, struct mp_image_lock *lock,
		      const struct mp_image_embedded *embedded, const char *id,
		      const char *manifest_digest, struct mp_error *err)
{
	int r = 0;

	for (const char *const *name = embedded->names; *name && r == 0; name++) {
		struct mp_arena arena = { .head = NULL };
		struct mp_image_record old;
		struct mp_image_ref ref;
		enum mp_image_found found;

		r = mp_image_ref_parse(*name, &ref, err);
		if (r == 0)
			r = mp_image_find(store, &ref, &arena, &found, &old, err);
		/* Not over an image that the user loaded under this name. */
		if (r == 0 && (found == MP_IMAGE_ABSENT || old.embedded[0]))
			r = mp_image_refer(lock, &ref, id, false, err);
		if (r == 0 && name == embedded->names) {
			ref.tag[0] = '\0';
			(void)snprintf(ref.digest, sizeof(ref.digest), "%s", manifest_digest);
			r = mp_image_refer(lock, &ref, id, false, err);
		}
		mp_arena_done(&arena);
	}
	return r;
}

static int describe(struct mp_image_store *store, struct mp_image_lock *lock,
		    const struct mp_image_embedded *embedded, const char *layer,
		    struct mp_error *err)
{
	static const char *const cmd[] = { "sh", NULL };
	static const char *const env[] = { PATH_ENV, NULL };
	const char *layers[] = { layer, NULL };
	char config[1024], manifest[1024], hex[MP_SHA256_HEX_MAX];
	char id[MP_IMAGE_ID_MAX], digest[MP_IMAGE_ID_MAX], ref_text[MP_IMAGE_REF_MAX];
	struct mp_image_ref ref;
	const int config_len = snprintf(
		config, sizeof(config),
		"{\"architecture\":\"" ARCHITECTURE
		"\",\"os\":\"linux\",\"config\":{\"Env\":[\"%s\"],"
		"\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]},"
		"\"history\":[{\"created_by\":\"minipod: embedded busybox\"}]}",
		PATH_ENV, layer);

	(void)snprintf(id, sizeof(id), "sha256:%s",
		       mp_sha256_text(config, (size_t)config_len, hex));

	const int manifest_len = snprintf(
		manifest, sizeof(manifest),
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"%s\",\"size\":%d},\"layers\":[{\"mediaType\":"
		"\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:%s\","
		"\"size\":%zu}]}",
		id, config_len, layer, embedded->exe_size);

	(void)snprintf(digest, sizeof(digest), "sha256:%s",
		       mp_sha256_text(manifest, (size_t)manifest_len, hex));

	int r = mp_image_ref_parse(embedded->names[0], &ref, err);

	if (r < 0)
		return r;
	(void)snprintf(ref_text, sizeof(ref_text), "%s@%s", ref.name, digest);

	const struct mp_image_record record = {
		.image = { .id = id,
			   .ref = ref_text,
			   .size_bytes = embedded->exe_size,
			   .layer_dirs = layers,
			   .n_layer_dirs = 1,
			   .cmd = cmd,
			   .env = env },
		.embedded = embedded->digest,
		.architecture = ARCHITECTURE,
	};

	r = mp_image_publish(lock, &record, config, (size_t)config_len, manifest,
			     (size_t)manifest_len, err);
	if (r == 0)
		r = name_image(store, lock, embedded, id, digest, err);
	return r;
}

int mp_image_unpack_embedded(struct mp_image_store *store, struct mp_error *err)
{
	char hex[MP_SHA256_HEX_MAX];
	struct mp_image_lock lock;
	int r = mp_image_lock_take(store, &lock, err);

	if (r < 0)
		return r;
	layer_digest(store->embedded, hex);
	r = make_layer(&lock, store->embedded, hex, err);
	if (r == 0)
		r = describe(store, &lock, store->embedded, hex, err);
	mp_image_lock_drop(&lock);
	return r;
}
