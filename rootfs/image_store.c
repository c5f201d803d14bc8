/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs/image_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "rootfs/tree.h"
#include "runtime/base/auto.h"
#include "runtime/base/fd.h"

#define PULLED "pulled"

int mp_image_store_open(const char *state_dir, const struct mp_image_embedded *embedded,
			struct mp_image_store **ret, struct mp_error *err)
{
	struct mp_image_store *store = calloc(1, sizeof(*store));

	if (state_dir[0] != '/') {
		free(store);
		return mp_fail_text(err, EINVAL, "image store %s: not an absolute path", state_dir);
	}
	if (store)
		store->dir = strdup(state_dir);
	if (!store || !store->dir) {
		free(store);
		return mp_fail(err, ENOMEM, "open image store");
	}
	store->embedded = embedded;
	*ret = store;
	return 0;
}

void mp_image_store_close(struct mp_image_store *store)
{
	if (!store)
		return;
	free(store->dir);
	free(store);
}

/* "refs/docker.io/library/busybox/:latest"; a digest decides over a tag. */
static char *ref_path(struct mp_arena *arena, const struct mp_image_ref *ref)
{
	if (ref->digest[0])
		return mp_arena_printf(arena, "refs/%s/@%s", ref->name, ref->digest);
	return mp_arena_printf(arena, "refs/%s/:%s", ref->name, ref->tag[0] ? ref->tag : "latest");
}

/* One read into the arena: records are small, and what does not fit is no record. */
static int read_record(int fd, struct mp_arena *arena, char **ret, size_t *ret_len)
{
	const size_t first = 8192;
	char *text = mp_arena_alloc(arena, first, 1);
	ssize_t n = text ? read(fd, text, first) : -1;

	if (!text)
		return -ENOMEM;
	if (n < 0)
		return -errno;
	if ((size_t)n == first) {
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -errno;
		return mp_fd_read_all(fd, MP_IMAGE_RECORD_MAX, arena, ret, ret_len, NULL);
	}
	*ret = text;
	*ret_len = (size_t)n;
	return 0;
}

int mp_image_find(struct mp_image_store *store, const struct mp_image_ref *ref,
		  struct mp_arena *arena, enum mp_image_found *ret_found,
		  struct mp_image_record *ret, struct mp_error *err)
{
	const char *link = ref_path(arena, ref);
	const char *path = link ? mp_arena_printf(arena, "%s/images/%s", store->dir, link) : NULL;
	char *text = NULL;
	size_t len = 0;

	if (!path)
		return mp_fail(err, ENOMEM, "look up image");

	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	*ret_found = MP_IMAGE_ABSENT;
	if (fd < 0) {
		/* Names too long for a file cannot have been stored. */
		if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
			return 0;
		return mp_fail(err, errno, "open %s", path);
	}

	int r = read_record(fd, arena, &text, &len);

	if (r < 0)
		return mp_fail(err, -r, "read %s", path);
	if (!mp_image_record_parse(arena, text, len, ret))
		return 0; /* cut short by a crash: as if it had not been written */
	*ret_found = MP_IMAGE_PRESENT;
	return 0;
}

int mp_image_is_pulled(struct mp_image_store *store, const char *name, bool *ret,
		       struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	char target[PATH_MAX];
	struct mp_image_ref ref;
	int r = mp_image_ref_parse(name, &ref, err);
	const char *link = r == 0 ? ref_path(&arena, &ref) : NULL;
	const char *path = link ? mp_arena_printf(&arena, "%s/images/%s", store->dir, link) : NULL;

	if (r == 0 && !path)
		r = mp_fail(err, ENOMEM, "look up image");
	if (r == 0) {
		const ssize_t n = readlink(path, target, sizeof(target) - 1);

		target[n > 0 ? n : 0] = '\0';
		*ret = mp_ends_with(target, "/" PULLED);
	}
	mp_arena_done(&arena);
	return r;
}

static bool answers_to(const struct mp_image_embedded *embedded, const char *name)
{
	for (const char *const *n = embedded->names; *n; n++)
		if (strcmp(*n, name) == 0)
			return true;
	return false;
}

static int finish(struct mp_image_store *store, struct mp_arena *arena, const char *name,
		  const struct mp_image_record *record, struct mp_image *ret, struct mp_error *err)
{
	const size_t n = record->image.n_layer_dirs;
	const char **dirs = mp_arena_alloc(arena, n + 1, sizeof(*dirs));
	bool is_short = !dirs;

	*ret = record->image;
	ret->name = mp_arena_strdup(arena, name);
	is_short |= !ret->name;
	for (size_t i = 0; i < n && !is_short; i++) {
		dirs[i] = mp_arena_printf(arena, "%s/layers/%s", store->dir,
					  record->image.layer_dirs[i]);
		is_short |= !dirs[i];
	}
	ret->layer_dirs = dirs;
	return is_short ? mp_fail(err, ENOMEM, "look up image") : 0;
}

int mp_image_lookup(struct mp_image_store *store, const char *name, struct mp_arena *arena,
		    enum mp_image_found *ret_found, struct mp_image *ret_image,
		    struct mp_error *err)
{
	const struct mp_image_embedded *embedded = store->embedded;
	enum mp_image_found found = MP_IMAGE_ABSENT;
	struct mp_image_record record;
	struct mp_image_ref ref;
	char full[MP_IMAGE_REF_MAX];
	int r = mp_image_ref_parse(name, &ref, err);

	if (r < 0)
		return r;
	(void)mp_image_ref_text(&ref, full);
	r = mp_image_find(store, &ref, arena, &found, &record, err);
	if (r < 0)
		return r;

	/* An image that the user loaded under the embedded one's name is the user's choice. */
	const bool is_stale = found == MP_IMAGE_PRESENT && record.embedded[0] &&
			      (!embedded || strcmp(record.embedded, embedded->digest) != 0);

	if (embedded && (found == MP_IMAGE_ABSENT || is_stale) && answers_to(embedded, full)) {
		r = mp_image_unpack_embedded(store, err);
		if (r < 0)
			return mp_wrap(err, r, "unpack the embedded image %s", full);
		r = mp_image_find(store, &ref, arena, &found, &record, err);
		if (r < 0)
			return r;
	}
	if (found == MP_IMAGE_PRESENT) {
		struct mp_image image;

		r = finish(store, arena, full, &record, &image, err);
		if (r < 0)
			return r;
		*ret_image = image;
	}
	*ret_found = found;
	return 0;
}

static int open_dir(int parent, const char *path, int *ret_fd, struct mp_error *err)
{
	const int fd = openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return mp_fail(err, errno, "open %s", path);
	*ret_fd = fd;
	return 0;
}

static int remove_unfinished(int layers_fd, struct mp_error *err)
{
	const int fd = openat(layers_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return mp_fail(err, errno, "read layers");
	}
	for (const struct dirent *e; r == 0 && (e = readdir(dir));) {
		if (!mp_starts_with(e->d_name, ".tmp-"))
			continue;

		mp_auto_fd left = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (left >= 0 && flock(left, LOCK_EX | LOCK_NB) < 0)
			continue; /* somebody works on it */
		r = mp_tree_force_remove(layers_fd, e->d_name, err);
	}
	(void)closedir(dir);
	return r;
}

int mp_image_lock_take(struct mp_image_store *store, struct mp_image_lock *ret,
		       struct mp_error *err)
{
	struct mp_image_lock lock = { -EBADF, -EBADF, -EBADF };
	mp_auto_fd root = -EBADF;
	int r = mp_dir_make(AT_FDCWD, store->dir, 0755, err);

	if (r == 0)
		r = open_dir(AT_FDCWD, store->dir, &root, err);
	if (r == 0)
		r = mp_dir_make(root, "images", 0700, err);
	if (r == 0)
		r = mp_dir_make(root, "layers", 0700, err);
	if (r == 0)
		r = open_dir(root, "images", &lock.images_fd, err);
	if (r == 0)
		r = open_dir(root, "layers", &lock.layers_fd, err);
	if (r == 0) {
		lock.lock_fd = openat(lock.images_fd, ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (lock.lock_fd < 0)
			r = mp_fail(err, errno, "lock image store %s", store->dir);
	}
	if (r == 0)
		r = mp_image_lock_acquire(&lock, err);
	if (r == 0)
		r = remove_unfinished(lock.layers_fd, err);
	if (r < 0) {
		mp_image_lock_drop(&lock);
		return r;
	}
	*ret = lock;
	return 0;
}

int mp_image_lock_acquire(struct mp_image_lock *lock, struct mp_error *err)
{
	while (flock(lock->lock_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return mp_fail(err, errno, "lock image store");
	return 0;
}

void mp_image_lock_release(struct mp_image_lock *lock)
{
	(void)flock(lock->lock_fd, LOCK_UN);
}

void mp_image_lock_drop(struct mp_image_lock *lock)
{
	mp_closep(&lock->images_fd);
	mp_closep(&lock->layers_fd);
	mp_closep(&lock->lock_fd);
}

/* The directory of an image is named by the hexadecimal part of its id. */
static const char *hex_of(const char *id)
{
	const char *colon = strchr(id, ':');

	return colon ? colon + 1 : id;
}

int mp_image_publish(struct mp_image_lock *lock, const struct mp_image_record *record,
		     const char *config, size_t config_len, const char *manifest,
		     size_t manifest_len, struct mp_error *err)
{
	const char *hex = hex_of(record->image.id);
	mp_auto_free char *text = malloc(MP_IMAGE_RECORD_MAX);
	mp_auto_fd dir = -EBADF;

	if (!text)
		return mp_fail(err, ENOMEM, "write record of image");

	struct mp_buf buf = { .text = text, .size = MP_IMAGE_RECORD_MAX };

	text[0] = '\0';
	mp_image_record_write(record, &buf);
	if (buf.is_cut)
		return mp_fail_text(err, E2BIG, "the configuration of the image is too long");

	int r = mp_dir_make(lock->images_fd, hex, 0700, err);

	if (r == 0)
		r = open_dir(lock->images_fd, hex, &dir, err);
	if (r == 0)
		r = mp_file_replace(dir, "config.json", config, config_len, 0600, err);
	if (r == 0)
		r = mp_file_replace(dir, "manifest.json", manifest, manifest_len, 0600, err);
	if (r == 0)
		r = mp_file_replace(dir, "record", buf.text, buf.len, 0600, err);
	if (r == 0 && symlinkat("record", dir, PULLED) < 0 && errno != EEXIST)
		r = mp_fail(err, errno, "write record of image");
	return r;
}

int mp_image_refer(struct mp_image_lock *lock, const struct mp_image_ref *ref, const char *id,
		   bool is_pulled, struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	char target[PATH_MAX];
	char temporary[64];
	struct mp_buf buf = MP_BUF(target);
	char *path = ref_path(&arena, ref);
	char *slash = path ? strrchr(path, '/') : NULL;
	mp_auto_fd dir = -EBADF;
	int r = 0;

	if (!slash)
		return mp_fail(err, ENOMEM, "name image");
	*slash = '\0';
	target[0] = '\0';
	mp_buf_adds(&buf, "../");
	for (const char *p = path; *p; p++)
		if (*p == '/')
			mp_buf_adds(&buf, "../");
	mp_buf_addf(&buf, "%s/%s", hex_of(id), is_pulled ? PULLED : "record");
	(void)snprintf(temporary, sizeof(temporary), ".tmp-%ld", (long)getpid());

	r = mp_dir_make(lock->images_fd, path, 0700, err);
	if (r == 0)
		r = open_dir(lock->images_fd, path, &dir, err);
	if (r == 0) {
		(void)unlinkat(dir, temporary, 0);
		if (symlinkat(target, dir, temporary) < 0 ||
		    renameat(dir, temporary, dir, slash + 1) < 0)
			r = mp_fail(err, errno, "name image %s", ref->name);
	}
	mp_arena_done(&arena);
	return r;
}

int mp_image_unrefer(struct mp_image_lock *lock, const char *name, struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	struct mp_image_ref ref;
	char *path = NULL;
	int r = mp_image_ref_parse(name, &ref, err);

	if (r < 0)
		return r;
	path = ref_path(&arena, &ref);
	if (!path)
		return mp_fail(err, ENOMEM, "remove name of image");
	if (unlinkat(lock->images_fd, path, 0) < 0 && errno != ENOENT)
		r = mp_fail(err, errno, "remove name %s", name);
	/* Directories that are empty now, up to refs/ itself. */
	for (char *slash; r == 0 && (slash = strrchr(path, '/'));) {
		*slash = '\0';
		if (!strchr(path, '/') || unlinkat(lock->images_fd, path, AT_REMOVEDIR) < 0)
			break;
	}
	mp_arena_done(&arena);
	return r;
}

bool mp_image_has(const struct mp_image_lock *lock, const char *id)
{
	char path[MP_IMAGE_ID_MAX + sizeof("/record")];

	(void)snprintf(path, sizeof(path), "%s/record", hex_of(id));
	return faccessat(lock->images_fd, path, F_OK, 0) == 0;
}
