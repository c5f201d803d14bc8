/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/seccomp_profile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "rootfs/sha256.h"
#include "runtime/admission.h"
#include "runtime/base/fd.h"
#include "runtime/seccomp_parse.h"

#define PROFILE_BYTES ((size_t)1 << 20)
#define INSNS_MAX     ((size_t)4096) /* BPF_MAXINSNS */
#define UNKNOWN_BYTES 256
#define CACHE         "seccomp-cache"
#define FORMAT        1U

/** struct kept - a program in the cache; its instructions follow. */
struct kept {
	uint32_t format;
	uint32_t flags;
	uint32_t n_insns;
	char unknown[UNKNOWN_BYTES];
};

static int read_profile(const char *path, struct mp_arena *arena, char **ret, size_t *ret_len,
			struct mp_error *err)
{
	/* Not blocking, should somebody have put a pipe there. */
	mp_auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0)
		return mp_fail(err, errno, "cannot load seccomp profile \"%s\"", path);
	if (fstat(fd, &st) < 0)
		return mp_fail(err, errno, "cannot load seccomp profile \"%s\"", path);
	if (!S_ISREG(st.st_mode))
		return mp_fail_text(err, EINVAL,
				    "cannot load seccomp profile \"%s\": it is not a file", path);
	r = mp_fd_read_all(fd, PROFILE_BYTES, arena, ret, ret_len, err);
	return r < 0 ? mp_wrap(err, r, "cannot load seccomp profile \"%s\"", path) : 0;
}

/* Everything that the program follows from. */
static void make_key(const char *bytes, size_t len, const struct mp_seccomp_context *context,
		     char hex[MP_SHA256_HEX_MAX])
{
	const struct {
		uint64_t caps;
		uint32_t format, library, kernel, word_bytes;
	} rest = { context->caps, FORMAT, mp_seccomp_library_version(), context->kernel,
		   (uint32_t)sizeof(void *) };
	struct mp_sha256 h;

	mp_sha256_init(&h);
	mp_sha256_add(&h, &rest, sizeof(rest));
	mp_sha256_add(&h, bytes, len);
	(void)mp_sha256_hex(&h, hex);
}

static int open_cache(const char *dir, bool is_to_be_made)
{
	char path[PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/" CACHE, dir);
	if (is_to_be_made && mp_dir_make(AT_FDCWD, path, 0700, NULL) < 0)
		return -EBADF;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static struct mp_seccomp_program *take(const char *dir, const char *key, char *unknown, size_t size)
{
	mp_auto_fd cache = open_cache(dir, false);
	struct mp_arena arena = { .head = NULL };
	struct mp_seccomp_program *program = NULL;
	struct kept kept;
	char *bytes = NULL;
	size_t len = 0;

	if (cache >= 0 &&
	    mp_file_read(cache, key, sizeof(kept) + INSNS_MAX * sizeof(struct sock_filter), &arena,
			 &bytes, &len, NULL) == 0 &&
	    len >= sizeof(kept)) {
		memcpy(&kept, bytes, sizeof(kept));
		if (kept.format == FORMAT && kept.n_insns > 0 &&
		    len - sizeof(kept) == kept.n_insns * sizeof(struct sock_filter) &&
		    memchr(kept.unknown, '\0', sizeof(kept.unknown)))
			program = calloc(1, sizeof(*program) + len - sizeof(kept));
	}
	if (program) {
		memcpy(program + 1, bytes + sizeof(kept), len - sizeof(kept));
		program->insns = (const struct sock_filter *)(const void *)(program + 1);
		program->n_insns = (unsigned short)kept.n_insns;
		program->flags = kept.flags;
		(void)snprintf(unknown, size, "%s", kept.unknown);
	}
	mp_arena_done(&arena);
	return program;
}

static void keep(const char *dir, const char *key, const struct mp_seccomp_program *program,
		 const char *unknown)
{
	assert(program);

	const size_t insns = (size_t)program->n_insns * sizeof(struct sock_filter);
	mp_auto_fd cache = open_cache(dir, true);
	struct kept *kept;

	if (cache < 0)
		return;
	kept = calloc(1, sizeof(*kept) + insns);
	if (!kept)
		return;
	*kept = (struct kept){ .format = FORMAT,
			       .flags = program->flags,
			       .n_insns = program->n_insns };
	(void)snprintf(kept->unknown, sizeof(kept->unknown), "%s", unknown);
	memcpy(kept + 1, program->insns, insns);
	(void)mp_file_replace(cache, key, kept, sizeof(*kept) + insns, 0600, NULL);
	free(kept);
}

static void list_unknown(const struct mp_seccomp_profile *profile, char *text, size_t size)
{
	struct mp_buf out = { .text = text, .size = size };

	text[0] = '\0';
	for (size_t i = 0; i < profile->n_rules; i++)
		for (size_t j = 0; j < profile->rules[i].n_names; j++)
			if (!mp_seccomp_is_known(profile->rules[i].names[j]))
				mp_buf_addf(&out, "%s%s", out.len > 0 ? ", " : "",
					    profile->rules[i].names[j]);
}

static int compile(const char *path, const char *bytes, size_t len,
		   const struct mp_seccomp_context *context, struct mp_arena *arena,
		   struct mp_seccomp_program **ret, char *unknown, struct mp_error *err)
{
	struct mp_seccomp_program *program = NULL;
	struct mp_seccomp_profile profile = { .n_rules = 0 };
	int r = mp_seccomp_parse(path, bytes, len, context, arena, &profile, err);
	size_t n;

	if (r < 0)
		return mp_wrap(err, r, "cannot load seccomp profile");
	r = mp_seccomp_compile(&profile, &program, NULL, err);
	if (r < 0)
		return mp_wrap(err, r, "cannot load seccomp profile \"%s\"", path);
	assert(program);
	n = program->n_insns;
	if (n > INSNS_MAX) {
		mp_seccomp_program_free(program);
		return mp_fail_text(err, E2BIG,
				    "cannot load seccomp profile \"%s\": it has %zu instructions, "
				    "and the kernel takes %zu: write fewer rules",
				    path, n, INSNS_MAX);
	}
	list_unknown(&profile, unknown, UNKNOWN_BYTES);
	*ret = program;
	return 0;
}

static int load(const struct mp_seccomp_source *source, struct mp_arena *arena,
		struct mp_seccomp_program **ret, char *ret_unknown, size_t size,
		struct mp_error *err)
{
	struct mp_seccomp_context context = { .caps = source->caps };
	char path[PATH_MAX + 256];
	char key[MP_SHA256_HEX_MAX];
	char unknown[UNKNOWN_BYTES];
	struct utsname uts;
	char *bytes = NULL;
	size_t len = 0;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", source->root, source->name);
	if (uname(&uts) == 0)
		context.kernel = mp_kernel_version(uts.release);
	r = read_profile(path, arena, &bytes, &len, err);
	if (r < 0)
		return r;
	make_key(bytes, len, &context, key);
	*ret = take(source->cache_dir, key, ret_unknown, size);
	if (*ret)
		return 0;
	r = compile(path, bytes, len, &context, arena, ret, unknown, err);
	if (r < 0)
		return r;
	keep(source->cache_dir, key, *ret, unknown);
	(void)snprintf(ret_unknown, size, "%s", unknown);
	return 0;
}

int mp_seccomp_profile_load(const struct mp_seccomp_source *source, struct mp_seccomp_program **ret,
			    char *ret_unknown, size_t size, struct mp_error *err)
{
	struct mp_arena arena = { .head = NULL };
	const int r = load(source, &arena, ret, ret_unknown, size, err);

	mp_arena_done(&arena);
	return r;
}
