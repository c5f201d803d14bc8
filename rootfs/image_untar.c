/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one file that sees libarchive, which is opened at run time: nothing else of minipod should
 * pay for its many libraries. Two readers in a row, each a process: the first takes compression
 * off and hashes what came, the second hashes what is left and reads it as a tar.
 *
 * Layers: only numbers as owners; of extended attributes only user.* and capabilities (overlay's
 * own ones would let a layer redirect look-ups); no device nodes; nothing through a symbolic
 * link of the same layer. Source: OCI image-spec layer.md; libarchive(3).
 */
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "rootfs/image_helper.h"
#include "runtime/base/auto.h"
#include "runtime/base/str.h"

#define CHUNK      ((size_t)256 * 1024)
#define PIPE_BYTES (1 << 20)

/* Every function that is used, under its own name. */
#define LIB(X)                               \
	X(archive_read_new)                  \
	X(archive_read_support_filter_gzip)  \
	X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_xz)    \
	X(archive_read_support_filter_zstd)  \
	X(archive_read_support_format_raw)   \
	X(archive_read_support_format_empty) \
	X(archive_read_support_format_tar)   \
	X(archive_read_open)                 \
	X(archive_read_next_header)          \
	X(archive_read_data)                 \
	X(archive_read_data_block)           \
	X(archive_error_string)              \
	X(archive_errno)                     \
	X(archive_write_disk_new)            \
	X(archive_write_disk_set_options)    \
	X(archive_write_header)              \
	X(archive_write_data_block)          \
	X(archive_write_finish_entry)        \
	X(archive_write_free)                \
	X(archive_entry_pathname)            \
	X(archive_entry_set_pathname)        \
	X(archive_entry_hardlink)            \
	X(archive_entry_set_hardlink)        \
	X(archive_entry_filetype)            \
	X(archive_entry_size)                \
	X(archive_entry_perm)                \
	X(archive_entry_uid)                 \
	X(archive_entry_gid)                 \
	X(archive_entry_set_uname)           \
	X(archive_entry_set_gname)           \
	X(archive_entry_xattr_reset)         \
	X(archive_entry_xattr_next)          \
	X(archive_entry_xattr_clear)         \
	X(archive_entry_xattr_add_entry)

#define DECLARE(f) __typeof__(&(f)) f##_p;

static struct {
	LIB(DECLARE)
} lib;

bool mp_image_untar_load(void)
{
	void *handle = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
	bool is_whole = handle != NULL;

#define FIND(f)                                              \
	if (is_whole) {                                      \
		void *symbol = dlsym(handle, #f);            \
		memcpy(&lib.f##_p, &symbol, sizeof(symbol)); \
		is_whole = symbol != NULL;                   \
	}
	LIB(FIND)
	return is_whole;
}

/* What comes in: the first process reads it, takes compression off, and passes it on. */
struct packed {
	struct mp_sha256 blob;
	uint64_t blob_bytes;
	unsigned char blob_buf[CHUNK];
	struct archive *plain;
	unsigned char out_buf[CHUNK];
};

/* What the first process says at its end. */
struct packed_result {
	char blob_hex[MP_SHA256_HEX_MAX];
	uint64_t blob_bytes;
};

/* What the second process reads. */
struct source {
	int plain_fd, result_fd;
	struct mp_sha256 diff;
	unsigned char diff_buf[CHUNK];
};

__attribute__((format(printf, 2, 3))) static void say(char kind, const char *fmt, ...)
{
	char text[PATH_MAX + 256];
	va_list ap;

	text[0] = kind;
	va_start(ap, fmt);

	int n = vsnprintf(text + 1, sizeof(text) - 1, fmt, ap);

	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n > sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	(void)!write(1, text, (size_t)n + 2);
}

/* There is no room, or the disk is at fault. */
static bool is_disk_error(int code)
{
	return code == ENOSPC || code == EDQUOT || code == EIO || code == ENOMEM;
}

/* Says why and returns the exit status. */
static int give_up(struct archive *a, const char *what, const char *path)
{
	const char *why = lib.archive_error_string_p(a);
	const int code = lib.archive_errno_p(a);
	const char *more = is_disk_error(code) ? strerror(code) : "";

	if (why && strstr(why, more))
		more = "";
	say('E', "%c %s%s%s: %s%s%s", code == ENOSPC ? 'n' : 'i', what, path ? " " : "",
	    path ? path : "", why ? why : "unknown error", more[0] ? ": " : "", more);
	return 1;
}

/*
 * What could not be put on disk. With such an error a warning is that as well: owners and attributes are
 * then missing that the layer has. Other warnings are what the file system does not know.
 */
static bool is_lost(struct archive *disk, int r)
{
	return r < ARCHIVE_WARN || (r < ARCHIVE_OK && is_disk_error(lib.archive_errno_p(disk)));
}

static int refuse(const char *path, const char *why)
{
	say('E', "i %s: %s", path, why);
	return 1;
}

static ssize_t read_some(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	return n;
}

static ssize_t read_blob(struct archive *a, void *ctx, const void **ret)
{
	struct packed *p = ctx;
	const ssize_t n = read_some(0, p->blob_buf, sizeof(p->blob_buf));

	(void)a;
	if (n > 0) {
		mp_sha256_add(&p->blob, p->blob_buf, (size_t)n);
		p->blob_bytes += (uint64_t)n;
	}
	*ret = p->blob_buf;
	return n;
}

static ssize_t read_plain(struct archive *a, void *ctx, const void **ret)
{
	struct source *s = ctx;
	const ssize_t n = read_some(s->plain_fd, s->diff_buf, sizeof(s->diff_buf));

	(void)a;
	if (n > 0)
		mp_sha256_add(&s->diff, s->diff_buf, (size_t)n);
	*ret = s->diff_buf;
	return n;
}

/* "./a/b", "/a/b" and "a/b/" are "a/b"; NULL when it goes up. */
static const char *clean(const char *path, char out[PATH_MAX])
{
	size_t n = 0;

	for (const char *at = path; *at;) {
		const char *end = strchrnul(at, '/');
		const size_t part = (size_t)(end - at);

		if (part == 2 && at[0] == '.' && at[1] == '.')
			return NULL;
		if (part > 0 && !(part == 1 && at[0] == '.')) {
			if (n + part + 2 > PATH_MAX)
				return NULL;
			if (n > 0)
				out[n++] = '/';
			memcpy(out + n, at, part);
			n += part;
		}
		at = *end ? end + 1 : end;
	}
	out[n] = '\0';
	return out;
}

static bool is_kept(const char *name)
{
	return strcmp(name, "security.capability") == 0 ||
	       (mp_starts_with(name, "user.") && !mp_starts_with(name, "user.overlay."));
}

static bool filter_xattrs(struct archive_entry *e)
{
	struct {
		char *name;
		void *value;
		size_t size;
	} kept[64];
	const int count = lib.archive_entry_xattr_reset_p(e);
	const char *name;
	const void *value;
	size_t size, n = 0;
	bool is_fine = true;

	if (count == 0)
		return true;
	while (lib.archive_entry_xattr_next_p(e, &name, &value, &size) == ARCHIVE_OK) {
		if (!name || !is_kept(name))
			continue;
		if (n == MP_ARRAY_SIZE(kept)) {
			is_fine = false;
			break;
		}
		kept[n].name = strdup(name);
		kept[n].value = malloc(size > 0 ? size : 1);
		kept[n].size = size;
		is_fine &= kept[n].name && kept[n].value;
		if (kept[n].value && size > 0)
			memcpy(kept[n].value, value, size);
		n++;
	}
	lib.archive_entry_xattr_clear_p(e);
	for (size_t i = 0; i < n; i++) {
		if (is_fine)
			lib.archive_entry_xattr_add_entry_p(e, kept[i].name, kept[i].value,
							    kept[i].size);
		free(kept[i].name);
		free(kept[i].value);
	}
	return is_fine;
}

/* Makes the directory @path and what is above it; never through a link. */
static bool make_dirs(char *path)
{
	struct stat st;

	for (char *at = path; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';

		const bool is_fine = (mkdir(path, 0755) == 0 || errno == EEXIST) &&
				     lstat(path, &st) == 0 && S_ISDIR(st.st_mode);

		*at = '/';
		if (!is_fine)
			return false;
	}
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return false;
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_whiteout(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
}

/* 1 = it was one and is dealt with, 0 = it is none, negative = refused. */
static int whiteout(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char dir[PATH_MAX], hidden[2 * PATH_MAX];
	struct stat st;

	if (!mp_starts_with(name, ".wh."))
		return 0;
	(void)snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (dir[0] && !make_dirs(dir)) {
		(void)refuse(path, "its directory is none");
		return -1;
	}
	if (strcmp(name, ".wh..wh..opq") == 0) {
		say('O', "%s", dir[0] ? dir : ".");
		return 1;
	}
	if (mp_starts_with(name, ".wh..wh."))
		return 1; /* bookkeeping of another storage driver */
	name += strlen(".wh.");
	if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		(void)refuse(path, "hides nothing that can be named");
		return -1;
	}
	if (snprintf(hidden, sizeof(hidden), "%s%s%s", dir, dir[0] ? "/" : "", name) >=
	    (int)sizeof(hidden)) {
		(void)refuse(path, "its path is too long");
		return -1;
	}
	/* What the layer itself has there is not hidden by it. */
	if (lstat(hidden, &st) == 0)
		return 1;
	/* Needs no capability since 5.8. */
	if (mknod(hidden, S_IFCHR, makedev(0, 0)) < 0) {
		say('E', "%c make whiteout %s: %s", errno == ENOSPC ? 'n' : 'o', path,
		    strerror(errno));
		return -1;
	}
	return 1;
}

static int copy_data(struct archive *from, struct archive *to, const char *path)
{
	const void *block;
	size_t size;
	la_int64_t offset;

	for (;;) {
		const int r = lib.archive_read_data_block_p(from, &block, &size, &offset);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return give_up(from, "read", path);
		/* A write that failed, for want of room say, is a mere warning to libarchive. */
		if (lib.archive_write_data_block_p(to, block, size, offset) < ARCHIVE_OK)
			return give_up(to, "write", path);
	}
}

static int set_root(struct archive_entry *e)
{
	if (lib.archive_entry_filetype_p(e) != AE_IFDIR)
		return refuse("/", "is no directory in the archive");
	if (chown(".", (uid_t)lib.archive_entry_uid_p(e), (gid_t)lib.archive_entry_gid_p(e)) < 0 ||
	    chmod(".", lib.archive_entry_perm_p(e)) < 0)
		return refuse("/", strerror(errno));
	return 0;
}

static int unpack_entry(const struct mp_image_helper_job *job, struct archive *tar,
			struct archive *disk, struct archive_entry *e)
{
	const char *given = lib.archive_entry_pathname_p(e);
	const char *link = lib.archive_entry_hardlink_p(e);
	const enum mp_image_helper_task task = job->task;
	char path[PATH_MAX], target[PATH_MAX];
	bool was_whiteout = false;
	int r;

	if (!given)
		return refuse("an entry", "its name is not valid UTF-8");
	if (!clean(given, path))
		return refuse(given, "leads out of the layer");
	if (link && (!clean(link, target) || !target[0]))
		return refuse(given, "is a link to a place out of the layer");
	switch (link ? AE_IFREG : lib.archive_entry_filetype_p(e)) {
	case AE_IFREG:
	case AE_IFDIR:
	case AE_IFLNK:
		break;
	case AE_IFIFO:
		if (task == MP_IMAGE_HELPER_LAYER)
			break;
		return refuse(given, "is no file");
	case AE_IFSOCK:
		return 0; /* nothing listens on it */
	case AE_IFCHR:
	case AE_IFBLK:
		if (job->keeps_devices && task == MP_IMAGE_HELPER_LAYER)
			break;
		return refuse(given,
			      "is a device node, which are not made unless --devices asks for it");
	default:
		return refuse(given, "is a device node");
	}
	if (!path[0])
		return task == MP_IMAGE_HELPER_LAYER ? set_root(e) : 0;
	if (task == MP_IMAGE_HELPER_LAYER) {
		r = whiteout(path);
		if (r != 0)
			return r < 0 ? 1 : 0;
		was_whiteout = is_whiteout(path);
		if (was_whiteout && unlink(path) < 0)
			return refuse(given, strerror(errno));
		if (was_whiteout && lib.archive_entry_filetype_p(e) == AE_IFDIR)
			say('O', "%s", path);
	}
	if (!filter_xattrs(e))
		return refuse(given, "has too many extended attributes");
	lib.archive_entry_set_pathname_p(e, path);
	if (link)
		lib.archive_entry_set_hardlink_p(e, target);
	/* Owners are numbers: names would be looked up where we are. */
	lib.archive_entry_set_uname_p(e, NULL);
	lib.archive_entry_set_gname_p(e, NULL);
	if (is_lost(disk, lib.archive_write_header_p(disk, e)))
		return give_up(disk, "make", given);
	r = lib.archive_entry_size_p(e) > 0 ? copy_data(tar, disk, given) : 0;
	if (r == 0 && is_lost(disk, lib.archive_write_finish_entry_p(disk)))
		return give_up(disk, "finish", given);
	return r;
}

static int unpack_all(const struct mp_image_helper_job *job, struct archive *tar,
		      struct archive *disk)
{
	struct archive_entry *e;

	for (;;) {
		int r = lib.archive_read_next_header_p(tar, &e);

		if (r == ARCHIVE_EOF)
			return 0;
		if (r < ARCHIVE_WARN)
			return give_up(tar, "read the archive", NULL);
		r = unpack_entry(job, tar, disk, e);
		if (r != 0)
			return r;
	}
}

/* The digests cover what comes after the last entry, too. */
static int finish(struct source *s)
{
	struct packed_result result;
	char diff[MP_SHA256_HEX_MAX];
	const void *unused;
	ssize_t n;

	while ((n = read_plain(NULL, s, &unused)) > 0)
		;
	if (n < 0)
		return refuse("the archive", strerror(errno));
	/* Small enough to come in one piece; the other process has said why if it does not. */
	if (read_some(s->result_fd, &result, sizeof(result)) != (ssize_t)sizeof(result))
		return refuse("the archive", "it could not be read to its end");
	result.blob_hex[sizeof(result.blob_hex) - 1] = '\0';
	say('D', "%s %s %llu", mp_sha256_hex(&s->diff, diff), result.blob_hex,
	    (unsigned long long)result.blob_bytes);
	return 0;
}

/* ---- the first process ------------------------------------------------------------------------- */

static int open_packed(struct packed *p)
{
	struct archive *a = p->plain;
	struct archive_entry *e;

	(void)lib.archive_read_support_filter_gzip_p(a);
	(void)lib.archive_read_support_filter_bzip2_p(a);
	(void)lib.archive_read_support_filter_xz_p(a);
	(void)lib.archive_read_support_filter_zstd_p(a);
	(void)lib.archive_read_support_format_raw_p(a);
	(void)lib.archive_read_support_format_empty_p(a);
	if (lib.archive_read_open_p(a, p, NULL, read_blob, NULL) < ARCHIVE_WARN)
		return give_up(a, "open the archive", NULL);

	const int r = lib.archive_read_next_header_p(a, &e);

	if (r == ARCHIVE_EOF)
		return refuse("the archive", "it is empty");
	return r < ARCHIVE_WARN ? give_up(a, "read the archive", NULL) : 0;
}

/* Not when the second process does not want any more: it has said why. */
static bool pass_on(int fd, const unsigned char *at, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		at += done;
		n -= (size_t)done;
	}
	return true;
}

static int unpack_packed(struct packed *p, int plain_fd, int result_fd)
{
	struct packed_result result = { .blob_bytes = 0 };
	const void *unused;
	ssize_t n;
	int r;

	mp_sha256_init(&p->blob);
	p->plain = lib.archive_read_new_p();
	if (!p->plain)
		return refuse("unpack", "out of memory");
	r = open_packed(p);
	if (r != 0)
		return r;
	while ((n = lib.archive_read_data_p(p->plain, p->out_buf, sizeof(p->out_buf))) > 0)
		if (!pass_on(plain_fd, p->out_buf, (size_t)n))
			return 1;
	if (n < 0)
		return give_up(p->plain, "read the archive", NULL);
	while ((n = read_blob(NULL, p, &unused)) > 0)
		;
	if (n < 0)
		return refuse("the archive", strerror(errno));
	(void)mp_sha256_hex(&p->blob, result.blob_hex);
	result.blob_bytes = p->blob_bytes;
	(void)close(plain_fd);
	return write(result_fd, &result, sizeof(result)) == (ssize_t)sizeof(result) ? 0 : 1;
}

/* Decompressing and writing files take about as long as each other: two processes share the work. */
static int start_packed(struct source *s, int (*lock_down)(void))
{
	int plain[2], result[2];
	pid_t pid;

	if (pipe(plain) < 0 || pipe(result) < 0)
		return refuse("unpack", strerror(errno));
	(void)fcntl(plain[1], F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches; not needed */
	pid = fork();
	if (pid < 0)
		return refuse("unpack", strerror(errno));
	if (pid == 0) {
		struct packed *p = calloc(1, sizeof(*p));

		(void)close(plain[0]);
		(void)close(result[0]);
		_exit(!p || lock_down() < 0 ? 2 : unpack_packed(p, plain[1], result[1]));
	}
	(void)close(plain[1]);
	(void)close(result[1]);
	s->plain_fd = plain[0];
	s->result_fd = result[0];
	return lock_down() < 0 ? refuse("unpack", "system calls cannot be limited") : 0;
}

/* ---- the second process ------------------------------------------------------------------------ */

static int unpack(const struct mp_image_helper_job *job, struct source *s)
{
	const int flags = ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
			  ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_SECURE_SYMLINKS |
			  ARCHIVE_EXTRACT_SECURE_NODOTDOT | ARCHIVE_EXTRACT_SECURE_NOABSOLUTEPATHS;
	struct archive *tar = lib.archive_read_new_p();
	struct archive *disk = lib.archive_write_disk_new_p();
	int r;

	if (!tar || !disk)
		return refuse("unpack", "out of memory");
	mp_sha256_init(&s->diff);
	(void)lib.archive_write_disk_set_options_p(disk, flags);
	(void)lib.archive_read_support_format_tar_p(tar);
	r = lib.archive_read_open_p(tar, s, NULL, read_plain, NULL) < ARCHIVE_WARN ?
		    give_up(tar, "open the archive", NULL) :
		    0;
	if (r == 0)
		r = unpack_all(job, tar, disk);
	if (r == 0 && lib.archive_write_free_p(disk) < ARCHIVE_WARN)
		r = refuse("unpack", "directories could not be finished");
	return r == 0 ? finish(s) : r;
}

int mp_image_untar(const struct mp_image_helper_job *job, int (*lock_down)(void))
{
	struct source *s = calloc(1, sizeof(*s));
	int r = s ? start_packed(s, lock_down) : refuse("unpack", "out of memory");

	if (r == 0)
		r = unpack(job, s);

	free(s); /* the archives go with the process */
	return r;
}
